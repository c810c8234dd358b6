"""Rule sets as key-value entries, at the limits of the store."""

import pytest

from redirects import compile as compiled
from redirects.compile import (
    KEY_BYTES_MAX,
    VALUE_BYTES_MAX,
    LiveEntry,
    StoreTooLargeError,
    compile_rules,
    live_entry,
    parse_live_entry,
    set_id,
)
from redirects.rules import Rule, RuleSet

SET_ID = "4f1e2a9b0c3d"


def test_entries() -> None:
    rules = RuleSet.of(
        [
            Rule("?p=1632", 301, "/blog/1632.html", "/blog/1632.html"),
            Rule("/about", 308, "/about/"),
            Rule("/gone", 410),
        ]
    )
    assert set_id(rules) == rules.digest[:12]
    assert compile_rules(rules, SET_ID) == (
        {
            "4f1e2a9b0c3d?p=1632": "301 /blog/1632.html /blog/1632.html",
            "4f1e2a9b0c3d/about": "308 /about/",
            "4f1e2a9b0c3d/gone": "410",
        },
        [],
    )


@pytest.mark.parametrize("beyond", [-1, 0, 1])
def test_the_longest_key(beyond: int) -> None:
    """Bytes are counted, not characters."""
    fill = KEY_BYTES_MAX - len(SET_ID) - len("/会") + beyond
    rule = Rule("/会" + "a" * (fill - 2), 301, "/b")
    data = compile_rules(RuleSet((rule,)), SET_ID)
    assert len(data.entries) == (beyond <= 0)
    assert [(one.rule, f"{KEY_BYTES_MAX + 1} bytes" in one.reason) for one in data.left_out] == (
        [(rule, True)] if beyond > 0 else []
    )


@pytest.mark.parametrize("beyond", [-1, 0, 1])
def test_the_longest_value(beyond: int) -> None:
    rule = Rule("/a", 301, "/" + "b" * (VALUE_BYTES_MAX - len("301 /") + beyond))
    data = compile_rules(RuleSet((rule,)), SET_ID)
    assert len(data.entries) == (beyond <= 0)
    assert [one.rule for one in data.left_out] == ([rule] if beyond > 0 else [])


@pytest.mark.parametrize("beyond", [-1, 0, 1])
def test_the_fullest_store(beyond: int) -> None:
    assert compiled.STORE_BYTES_MAX == 5_242_880
    whole = KEY_BYTES_MAX + VALUE_BYTES_MAX
    value = "/" + "v" * (VALUE_BYTES_MAX - len("301 /"))

    def rule(number: int, key_bytes: int) -> Rule:
        return Rule(f"/{number:0{key_bytes - len(SET_ID) - 1}}", 301, value)

    count, left = divmod(compiled.STORE_BYTES_MAX, whole)
    rules = [rule(number, KEY_BYTES_MAX) for number in range(count)]
    last_target = "/" + "v" * (left + beyond - len(SET_ID) - len("/last") - len("301 /"))
    rules.append(Rule("/last", 301, last_target))
    if beyond <= 0:
        assert len(compile_rules(RuleSet.of(rules), SET_ID).entries) == count + 1
        return
    with pytest.raises(StoreTooLargeError, match=r"5,242,881 bytes.*5,242,880.*remove") as caught:
        compile_rules(RuleSet.of(rules), SET_ID)
    assert caught.value.size_bytes == caught.value.limit_bytes + 1


def test_live_entry_round_trip() -> None:
    value = live_entry(12, "preview-spring", SET_ID)
    assert value == "12 preview-spring 4f1e2a9b0c3d"
    assert parse_live_entry(value) == LiveEntry(12, "preview-spring", SET_ID)


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
