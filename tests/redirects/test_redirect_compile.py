"""Rule sets as data of the edge's key-value store, at its limits."""

import pytest

from redirects import compile as compiled
from redirects.compile import (
    HEAD_BYTES_MAX,
    VALUE_BYTES_MAX,
    LiveEntry,
    StoreTooLargeError,
    compile_rules,
    live_entry,
    nodes_of,
    parse_live_entry,
    set_id,
)
from redirects.patterns import Pattern
from redirects.rules import Rule, RuleSet

SET_ID = "4f1e2a9b0c3d"


def test_a_small_set() -> None:
    rules = RuleSet.of(
        [
            Rule("?p=1632", 301, "/blog/1632.html", "/blog/1632.html"),
            Rule("?p=1633", 301, "/blog/1633.html", "/blog/1633.html"),
            Rule("/about", 308, "/about/"),
            Rule("/gone", 410),
            Rule("/item.php", 301, "/shop/"),
            Rule("/item.php", 301, "/shop/3/", query="id=3&kind=本"),
        ],
        [Pattern("/old/*", 302, "/new/*", language="en")],
    )
    assert set_id(rules) == rules.digest[:12]
    data = compile_rules(rules)
    [name] = data.nodes
    assert data.head == (
        f"R1 {name}  Q/item.php id&kind  q- 301 - /shop/"
        r"  P^\/old\/([\s\S]*)$ 302;en - /new/{1}"
    )
    assert data.nodes[name].count("  ") == 6
    assert " 301 19c.D /blog/\\.html /blog/\\.html  " in data.nodes[name]
    assert not data.left_out
    assert list(nodes_of(data.head, data.entries.get)) == list(data.entries) == [f"n/{name}"]


def test_sets_of_parameters_at_one_path_those_of_most_names_first() -> None:
    queries = ("c=1", "a=1", "b=1&c=2", "b=2&c=2", "a=1&b=1&c=1")
    rules = RuleSet.of(
        [
            *(Rule("/x", 301, "/y", query=query) for query in queries),
            Rule("/x", 301, "/z"),
        ]
    )
    data = compile_rules(rules)
    assert data.head.partition("  ")[2] == "Q/x a&b&c  Q/x b&c  Q/x a  q- 301 - /z"
    assert [(one.rule.query, one.reason) for one in data.left_out] == [
        ("c=1", "3 sets of parameters are looked up for a path")
    ]


@pytest.mark.parametrize("beyond", [-1, 0, 1])
def test_the_longest_value(beyond: int) -> None:
    around = len("  ") + 10 + len(" 301 - ") + len("  ")
    rule = Rule("/会", 301, "/" + "b" * (VALUE_BYTES_MAX - around - 1 + beyond))
    data = compile_rules(RuleSet((rule,)))
    assert [len(node) for node in data.nodes.values()] == (
        [VALUE_BYTES_MAX + beyond] if beyond <= 0 else []
    )
    assert [one.rule for one in data.left_out] == ([rule] if beyond > 0 else [])


def test_the_fullest_store(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compiled.STORE_BYTES_MAX == 5_242_880
    rules = RuleSet.of(Rule(f"/a{n}", 301, f"/{n * 7}{'v' * 800}") for n in range(300))
    size = compile_rules(rules).size_bytes
    assert size > 300 * 800
    monkeypatch.setattr(compiled, "STORE_BYTES_MAX", size)
    compile_rules(rules)
    monkeypatch.setattr(compiled, "STORE_BYTES_MAX", size - 1)
    with pytest.raises(StoreTooLargeError, match=f"{size:,} bytes.*{size - 1:,}.*remove"):
        compile_rules(rules)


def test_a_store_of_many_rules_that_are_all_different() -> None:
    """About as many as two levels of nodes hold."""
    rules = RuleSet.of(
        Rule(f"/{n * 7919 % 999_983}x/", 301, f"/blog/{n * 104_729 % 999_983}.html")
        for n in range(50_000)
    )
    data = compile_rules(rules)
    assert data.size_bytes < 50_000 * 60
    assert len(data.head) < HEAD_BYTES_MAX * 0.7


def test_patterns_that_do_not_fit() -> None:
    patterns = [Pattern(f"/{'p' * 50}{n}/*", 301, f"/{n}/*") for n in range(20)]
    with pytest.raises(StoreTooLargeError, match="patterns and parameters take"):
        compile_rules(RuleSet.of([], patterns))


def test_patterns_and_redirects_that_do_not_fit_together() -> None:
    numbers = ((n * 7919 % 999_983, n * 104_729 % 999_983) for n in range(9000))
    rules = [Rule(f"/{old}x/", 301, f"/b/{new}") for old, new in numbers]
    patterns = [Pattern(f"/section-{n}-of-the-site/*", 301, f"/section-{n}/*") for n in range(14)]
    alone = compile_rules(RuleSet.of([], patterns)).head_bytes
    assert alone > HEAD_BYTES_MAX * 0.9
    assert compile_rules(RuleSet.of(rules)).head_bytes < 100
    with pytest.raises(StoreTooLargeError, match=f"take {alone + 2} bytes.*root.*fewer or shorter"):
        compile_rules(RuleSet.of(rules, patterns))
    fewer = compile_rules(RuleSet.of(rules, patterns[:12]))
    assert alone * 0.7 < fewer.head_bytes <= HEAD_BYTES_MAX


def test_live_entry_round_trip() -> None:
    value = live_entry(12, "preview-spring", SET_ID)
    assert value == "12 preview-spring 4f1e2a9b0c3d"
    assert parse_live_entry(value) == LiveEntry(12, "preview-spring", SET_ID)
    head = "R1N7VrIBSqv  Q/a b"
    value = live_entry(12, "s1", SET_ID, head, 99, "0" * 64)
    assert value == f"12 s1 4f1e2a9b0c3d 99 {'0' * 64}  {head}"
    assert parse_live_entry(value) == LiveEntry(12, "s1", SET_ID, head, 99, "0" * 64)


def test_the_longest_entry_fits() -> None:
    value = live_entry(10**15 - 1, "s" * 64, SET_ID, "x" * HEAD_BYTES_MAX, 10**12 - 1, "0" * 64)
    assert len(value) <= VALUE_BYTES_MAX + 20, "a slot of ours has 45 characters at most"


@pytest.mark.parametrize(
    ("generation", "slot", "set_id"),
    [
        (-1, "b3", SET_ID),
        (1, "", SET_ID),
        (1, "a/b", SET_ID),
        (1, "..", SET_ID),
        (1, "_errors", SET_ID),
        (1, "b 3", SET_ID),
        (1, "b3", "4F1E2A9B0C3D"),
        (1, "b3", SET_ID + "\n"),
        (10**15, "b3", SET_ID),
    ],
)
def test_a_live_entry_the_edge_could_not_read_is_refused(
    generation: int, slot: str, set_id: str
) -> None:
    with pytest.raises(ValueError, match="not '<generation>"):
        live_entry(generation, slot, set_id)
