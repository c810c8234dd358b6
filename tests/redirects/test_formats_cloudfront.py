"""CloudFront's files decide as the publisher's own entries do."""

from __future__ import annotations

import json

import pytest

from redirects.compile import (
    HEAD_BYTES_MAX,
    KEY_BYTES_MAX,
    LIVE_KEY,
    VALUE_BYTES_MAX,
    StoreTooLargeError,
    set_id,
)
from redirects.edge import Site, source
from redirects.formats import cloudfront as module
from redirects.formats.cloudfront import cloudfront
from redirects.formats.written import Settings
from redirects.match import decide
from redirects.patterns import Pattern
from redirects.rules import Rule, RuleSet
from tests.redirects.edge_runners import on_the_wire, run_njs
from tests.redirects.engine_requests import requests
from tests.redirects.engines import PUBLIC, Decided, a_rule_set

SETTINGS = Settings(PUBLIC, 600)


def imported(rules: RuleSet) -> dict[str, str]:
    """What a store has when redirects.json is imported."""
    document = json.loads(cloudfront(rules, SETTINGS).files["redirects.json"])
    assert list(document) == ["data"]
    keys = [item["key"] for item in document["data"]]
    assert len(set(keys)) == len(keys), "an import refuses a key that is there twice"
    assert all(list(item) == ["key", "value"] for item in document["data"])
    return {item["key"]: item["value"] for item in document["data"]}


def test_the_import_and_one_more_entry_are_the_redirects(njs: str) -> None:
    rules = a_rule_set()
    store = imported(rules)
    assert all(len(key.encode()) <= KEY_BYTES_MAX for key in store)
    assert all(0 < len(value.encode()) <= VALUE_BYTES_MAX for value in store.values())
    identity = set_id(rules)
    # As the last step of the installation says.
    store[LIVE_KEY] = f"1 SLOT {identity}  {store[identity]}"
    assert f"1 SLOT {identity}, two spaces" in cloudfront(rules, SETTINGS).install[-1]
    site, decided = Site(PUBLIC, max_age=600), Decided(rules)
    asked = list(requests(9, 300))
    found = run_njs(njs, [store], [(0, one.request) for one in asked], site=site)
    for one, (wire, _) in zip(asked, found, strict=True):
        decision = decide(store.get, one.request, site)
        assert wire == on_the_wire(decision), one
        if one.host == PUBLIC:
            assert on_the_wire(decision)[1:] == on_the_wire(decided.decision(one))[1:], one


def test_the_function_is_that_of_the_site() -> None:
    assert cloudfront(RuleSet(), SETTINGS).files["edge.js"] == source(PUBLIC, max_age=600)


def test_a_set_without_rules_has_a_key_too() -> None:
    assert imported(RuleSet()) == {set_id(RuleSet()): "-"}
    assert "two spaces" not in cloudfront(RuleSet(), SETTINGS).install[-1]


def test_how_full_the_store_is_and_what_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = RuleSet.of(
        [Rule("/long", 301, "/" + "x" * 1100), *(Rule(f"?p={n * n}", 410) for n in range(1, 900))]
    )
    made = cloudfront(rules, SETTINGS)
    assert [one.rule.source for one in made.unsupported] == ["/long"]
    assert "% full" in made.notes[0]
    assert "of 5,242,880 bytes" in made.notes[0]
    assert f"of {HEAD_BYTES_MAX} bytes" in made.notes[0]
    assert len(made.notes) == 1
    monkeypatch.setattr(module, "FILE_BYTES_MAX", 1_000)
    assert "update-keys" in cloudfront(rules, SETTINGS).notes[1]
    many = RuleSet.of([], [Pattern(f"/old{n}/{{a}}", 301, f"/new{n}/{{a}}") for n in range(40)])
    with pytest.raises(StoreTooLargeError, match="patterns"):
        cloudfront(many, SETTINGS)
