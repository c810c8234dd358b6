"""Rules are checked when they are made; a set has no chains, loops or double sources."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redirects.chains import HOPS_MAX
from redirects.rules import Rule, RuleConflict, RuleSet


@pytest.mark.parametrize(
    ("source", "status", "target", "in_place"),
    [
        ("/a", 301, "/b\r\nSet-Cookie: x", ""),
        ("/a", 301, "/b c", ""),
        ("/a", 301, "/b\\c", ""),
        ("/a", 301, "/b\x7f", ""),
        ("/a", 301, "/会社", ""),
        ("/a", 301, "//evil.example/", ""),
        ("/a", 301, "/%2Fevil.example/", ""),
        ("/a", 301, "/%5Cevil", ""),
        ("/a", 301, "/b/../c", ""),
        ("/a", 301, "/%zz", ""),
        ("/a", 301, "javascript:alert(1)", ""),
        ("/a", 301, "ftp://example.jp/", ""),
        ("/a", 301, "https:///b", ""),
        ("/a", 301, "b", ""),
        ("/a", 301, "", ""),
        ("/a", 303, "/b", ""),
        ("/a", 410, "/b", ""),
        ("/a", 410, "", "/b"),
        ("/a", 301, "/b", "b"),
        ("/a", 301, "/b", "/c?d"),
        ("/a", 301, "/b", "https://example.jp/"),
        ("/a", 301, "/b", "/c d"),
        ("a", 301, "/b", ""),
        ("", 301, "/b", ""),
        ("?", 301, "/b", ""),
        ("//a", 301, "/b", ""),
        ("/a\n", 301, "/b", ""),
        ("/a/../b", 301, "/b", ""),
        ("?page_id=5", 301, "/b", ""),
        ("?p=05", 301, "/b", ""),
        ("?p=5&utm_source=x", 301, "/b", ""),
        ("?utm_source=x", 301, "/b", ""),
    ],
)
def test_refused(source: str, status: int, target: str, in_place: str) -> None:
    with pytest.raises(ValueError, match="redirect from"):
        Rule(source, status, target, in_place)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("/a b", "/c%20d?x=%E9#top"),
        ("?tag=a+b", "/"),
        ("?category_name=ニュース", "https://example.jp/%83j"),
        ("/ニュース/", "/a/.../b"),
    ],
)
def test_accepted(source: str, target: str) -> None:
    assert Rule(source, 301, target).target == target


def sources(rules: RuleSet) -> dict[str, tuple[int, str]]:
    return {rule.source: (rule.status, rule.target) for rule in rules.rules}


def test_the_first_of_a_source_wins_and_a_different_one_is_a_conflict() -> None:
    first, same = Rule("/a", 301, "/b", origin="one"), Rule("/a", 301, "/b", origin="two")
    other, crawler = Rule("/a", 302, "/b"), Rule("/a", 301, "/b", "/b")
    rules = RuleSet.of([first, same, other, crawler])
    assert rules.rules == (first,)
    assert rules.conflicts == (RuleConflict(first, other), RuleConflict(first, crawler))


def test_sorted_whatever_the_order() -> None:
    rules = [Rule("/b", 301, "/x"), Rule("?p=1", 301, "/x"), Rule("/a", 301, "/x")]
    assert RuleSet.of(rules) == RuleSet.of(reversed(rules))
    assert list(sources(RuleSet.of(rules))) == ["/a", "/b", "?p=1"]


@pytest.mark.parametrize("target", ["/a", "/a?x=1", "/a#top", "/%61"])
def test_a_rule_to_its_own_source_is_dropped(target: str) -> None:
    rules = RuleSet.of([Rule("/a", 301, target), Rule("/a", 302, "/b")])
    assert sources(rules) == {"/a": (302, "/b")}
    assert rules.conflicts == ()


def test_another_hosts_path_leads_to_the_same_path_here() -> None:
    rule = Rule("/a", 301, "/a", host="old.example.co.jp")
    assert RuleSet.of([rule]).rules == (rule,)


def test_chains_are_one_hop_with_the_first_status() -> None:
    rules = RuleSet.of(
        [
            Rule("/a", 302, "/%E3%81%82", origin="first"),
            Rule("/あ", 301, "/?p=5"),
            Rule("?p=5", 301, "/blog/5.html#top", "/blog/5.html"),
            Rule("/query", 301, "/a?x=1"),
            Rule("/fragment", 301, "/b#part"),
            Rule("/b", 301, "/c"),
            Rule("/no-such-page", 301, "/?p=5&page=9&x"),
        ]
    )
    assert sources(rules) == {
        "/a": (302, "/blog/5.html#top"),
        "/あ": (301, "/blog/5.html#top"),
        "?p=5": (301, "/blog/5.html#top"),
        "/query": (301, "/blog/5.html?x=1#top"),
        "/fragment": (301, "/c#part"),
        "/b": (301, "/c"),
        "/no-such-page": (301, "/blog/5.html?x#top"),
    }
    assert rules.rules[0].in_place == "/blog/5.html"
    assert rules.rules[0].origin == "first"


def test_a_chain_to_what_is_gone_is_gone() -> None:
    rules = RuleSet.of([Rule("/a", 301, "/b"), Rule("/b", 410)])
    assert sources(rules) == {"/a": (410, ""), "/b": (410, "")}


def test_loops_are_reported_and_left_out() -> None:
    rules = RuleSet.of(
        [
            Rule("/in", 301, "/a"),
            Rule("/a", 301, "/b"),
            Rule("/b", 301, "/c"),
            Rule("/c", 301, "/a"),
            Rule("/x", 301, "/?p=1"),
            Rule("?p=1", 301, "/x"),
            Rule("/growing", 301, "/more?x=1"),
            Rule("/more", 301, "/growing?y=1"),
        ]
    )
    assert sources(rules) == {"/in": (301, "/a")}
    assert [loop.sources for loop in rules.loops] == [
        ("/a", "/b", "/c"),
        ("/growing", "/more"),
        ("/x", "?p=1"),
    ]


@pytest.mark.parametrize(("hops", "is_left_out"), [(HOPS_MAX, False), (HOPS_MAX + 1, True)])
def test_a_chain_that_is_too_long_is_no_circle(hops: int, is_left_out: bool) -> None:
    rules = RuleSet.of(Rule(f"/{n}", 301, f"/{n + 1}") for n in range(hops))
    assert ("/0" not in sources(rules)) == is_left_out
    assert [loop.is_circle for loop in rules.loops] == [False] * is_left_out
    assert sources(rules)[f"/{hops - 1}"] == (301, f"/{hops}")


def test_a_long_circle_is_one() -> None:
    rules = RuleSet.of(Rule(f"/{n}", 301, f"/{(n + 1) % 20}") for n in range(20))
    assert not rules.rules
    assert [(len(loop.sources), loop.is_circle) for loop in rules.loops] == [(20, True)]


def test_json_is_deterministic_and_names_the_set() -> None:
    rules = RuleSet.of([Rule("/会社", 301, "/about/", "", "post 1"), Rule("?p=1", 410)])
    assert RuleSet.from_json(rules.to_json()) == rules
    assert rules.digest == RuleSet.of(reversed(rules.rules)).digest
    assert rules.digest != RuleSet.of(rules.rules[:1]).digest


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b"not json",
        b'[{"source":"/b","status":410},{"source":"/a","status":410}]',
        b'[{"source":"/a","status":410},{"source":"/a","status":410}]',
        b'[{"source":"/a","status":301,"target":"//evil"}]',
    ],
)
def test_what_is_no_rule_set_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"sorted|Expected|malformed|redirect from"):
        RuleSet.from_json(data)


NAMES = st.sampled_from(["/a", "/b", "/c", "/d", "/e"])
RULES = st.builds(
    lambda source, target, status: Rule(source, status, target if status != 410 else ""),
    NAMES,
    st.one_of(NAMES, st.sampled_from(["/end", "/a?x=1", "/b#top", "https://example.jp/"])),
    st.sampled_from([301, 302, 410]),
)


@given(st.lists(RULES, max_size=8))
def test_one_hop_is_enough(given: list[Rule]) -> None:
    rules = RuleSet.of(given)
    assert RuleSet.of(rules.rules) == RuleSet(rules.rules)
    decided = sources(rules)
    pages = {rule.target.partition("#")[0].partition("?")[0] for rule in rules.rules}
    assert not pages & set(decided)
    looping = {source for loop in rules.loops for source in loop.sources}
    selfish = {rule.source for rule in given if rule.target.startswith(rule.source)}
    assert set(decided) | looping | selfish == {rule.source for rule in given}
    assert not set(decided) & looping
