"""The contract of the `Edge` port, held against the edge whose data lies in the store and
against CloudFront."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from publisher.edge.cloudfront import CloudFrontEdge
from publisher.edge.port import Edge
from publisher.edge.store import StoreEdge
from publisher.store.directory import DirectoryStore
from publisher.store.memory import MemoryStore
from redirects.compile import LIVE_KEY, compile_rules, live_entry, nodes_of, parse_live_entry
from redirects.rules import Rule, RuleSet
from tests import cloudfront

SET = "0123456789ab"
OTHER = "ba9876543210"
SOME = compile_rules(RuleSet.of([Rule("?p=1", 301, "/blog/1.html"), Rule("/古い", 410)]))
MORE = compile_rules(RuleSet.of([Rule("/x", 410)]))
NONE = compile_rules(RuleSet())
ONLY_OLD = compile_rules(RuleSet.of([Rule("/old", 410)]))
FIRST = live_entry(1, "s1", SET, SOME.head)
SECOND = live_entry(2, "s2", OTHER, MORE.head)


SPRING = "preview-spring"


class OnFake(CloudFrontEdge):
    """Knows the small CloudFront that it works on."""

    fake: cloudfront.CloudFront


@pytest.fixture(params=["memory", "directory", "cloudfront"])
def edge(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Edge]:
    if request.param != "cloudfront":
        yield StoreEdge(MemoryStore() if request.param == "memory" else DirectoryStore(tmp_path))
        return
    fake = cloudfront.CloudFront()
    with cloudfront.served(fake, monkeypatch):
        made = OnFake(
            cloudfront.DISTRIBUTION, cloudfront.FUNCTION, cloudfront.ARN,
            "// falls back to {}".format, lambda *_: None,
        )  # fmt: skip
        made.install()
        made.fake = fake
        yield made


def data_of(edge: Edge) -> dict[str, str]:
    """What the edge function reads: the live entry and the data of its set."""
    if isinstance(edge, StoreEdge):
        data = edge.entries()
    else:
        assert isinstance(edge, OnFake)
        data = edge.fake.data
    if LIVE_KEY not in data:
        return {}
    head = parse_live_entry(data[LIVE_KEY]).head
    return {key: data[key] for key in (LIVE_KEY, *nodes_of(head, data.get))}


def test_an_edge_that_shows_nothing_yet_says_so(edge: Edge) -> None:
    assert edge.entry(LIVE_KEY) == ""
    assert data_of(edge) == {}


def test_what_was_flipped_to_is_read_back(edge: Edge) -> None:
    edge.load(SET, SOME)
    edge.flip(LIVE_KEY, FIRST)
    assert edge.entry(LIVE_KEY) == FIRST
    assert data_of(edge) == {**SOME.entries, LIVE_KEY: FIRST}


def test_loading_again_changes_nothing(edge: Edge) -> None:
    edge.load(SET, SOME)
    edge.flip(LIVE_KEY, FIRST)
    before = data_of(edge)
    edge.load(SET, SOME)
    assert data_of(edge) == before


def test_a_set_that_is_loaded_has_no_effect_before_the_flip(edge: Edge) -> None:
    edge.load(SET, SOME)
    edge.flip(LIVE_KEY, FIRST)
    edge.load(OTHER, MORE)
    assert data_of(edge) == {**SOME.entries, LIVE_KEY: FIRST}
    edge.flip(LIVE_KEY, SECOND)
    assert data_of(edge) == {**MORE.entries, LIVE_KEY: SECOND}


@pytest.mark.parametrize("generation", [1, 4, 5])
def test_the_generation_only_grows(edge: Edge, generation: int) -> None:
    edge.load(SET, SOME)
    edge.flip(LIVE_KEY, live_entry(5, "s5", SET))
    edge.flip(LIVE_KEY, live_entry(generation, "s1", SET))
    assert edge.entry(LIVE_KEY) == live_entry(5, "s5", SET)
    edge.flip(LIVE_KEY, live_entry(10, "s1", SET))  # a number, not a text: 10 is more than 5
    assert edge.entry(LIVE_KEY) == live_entry(10, "s1", SET)


def test_of_many_that_flip_at_once_the_highest_generation_stays(edge: Edge) -> None:
    edge.load(SET, SOME)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: edge.flip(LIVE_KEY, live_entry(n, f"s{n}", SET)), range(1, 33)))
    assert parse_live_entry(edge.entry(LIVE_KEY)).generation == 32


def test_an_entry_that_can_not_be_read_is_refused(edge: Edge) -> None:
    edge.load(SET, SOME)
    edge.flip(LIVE_KEY, FIRST)
    with pytest.raises(ValueError, match="not '<generation>"):
        edge.flip(LIVE_KEY, "live now")
    assert edge.entry(LIVE_KEY) == FIRST


def test_entries_of_previews_are_apart_from_the_live_one(edge: Edge) -> None:
    edge.load(SET, SOME)
    edge.load(OTHER, NONE)
    edge.flip(LIVE_KEY, live_entry(7, "s1", SET))
    spring = live_entry(1, "preview-spring-s1", OTHER, "", 1_800_000_000, "a" * 64)
    edge.flip(SPRING, spring)
    assert edge.entry(SPRING) == spring
    assert edge.entry(LIVE_KEY) == live_entry(7, "s1", SET)
    assert edge.entry("preview-autumn") == ""


@pytest.mark.parametrize("uris", [[], ["/s1/blog/1.html", "/s1/%E6%97%A5%E6%9C%AC/*"]])
def test_invalidating_returns(edge: Edge, uris: list[str]) -> None:
    edge.invalidate(uris)


def test_tidying_keeps_what_is_named_and_removes_the_rest(edge: Edge) -> None:
    gone = "0" * 12
    for one, data in ((SET, SOME), (OTHER, MORE), (gone, ONLY_OLD)):
        edge.load(one, data)
    edge.flip(LIVE_KEY, FIRST)
    spring = live_entry(1, "preview-spring-s1", OTHER, MORE.head)
    edge.flip(SPRING, spring)
    edge.flip("preview-old", live_entry(1, "preview-old-s1", gone, ONLY_OLD.head))
    before = data_of(edge)
    assert edge.tidy([LIVE_KEY, SPRING], [SET, OTHER], "s1") > 0
    assert data_of(edge) == before
    assert edge.entry(SPRING) == spring
    assert edge.entry("preview-old") == ""
    assert edge.tidy([LIVE_KEY, SPRING], [SET, OTHER], "s1") == 0


def test_a_set_that_was_removed_can_be_loaded_again(edge: Edge) -> None:
    edge.load(SET, SOME)
    edge.load(OTHER, MORE)
    edge.flip(LIVE_KEY, FIRST)
    edge.tidy([LIVE_KEY], [SET], "")
    edge.load(OTHER, MORE)
    edge.flip(LIVE_KEY, SECOND)
    assert data_of(edge) == {**MORE.entries, LIVE_KEY: SECOND}
