"""The contract of the `Edge` port, held against the edge whose data lies in the store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from publisher.edge.store import StoreEdge
from publisher.store.directory import DirectoryStore
from publisher.store.memory import MemoryStore
from redirects.compile import LIVE_KEY, live_entry, parse_live_entry

SET = "0123456789ab"
OTHER = "ba9876543210"
ENTRIES = {f"{SET}/?p=1": "301 /blog/1.html", f"{SET}/古い": "410"}


@pytest.fixture(params=["memory", "directory"])
def edge(request: pytest.FixtureRequest, tmp_path: Path) -> StoreEdge:
    return StoreEdge(MemoryStore() if request.param == "memory" else DirectoryStore(tmp_path))


def test_an_edge_that_shows_nothing_yet_says_so(edge: StoreEdge) -> None:
    assert edge.entry(LIVE_KEY) == ""
    assert edge.entries() == {}


def test_what_was_flipped_to_is_read_back(edge: StoreEdge) -> None:
    edge.load(SET, ENTRIES)
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET))
    assert edge.entry(LIVE_KEY) == live_entry(1, "s1", SET)
    assert edge.entries() == {**ENTRIES, LIVE_KEY: live_entry(1, "s1", SET)}


def test_loading_again_changes_nothing(edge: StoreEdge) -> None:
    edge.load(SET, ENTRIES)
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET))
    before = edge.entries()
    edge.load(SET, ENTRIES)
    assert edge.entries() == before


def test_a_set_that_is_loaded_has_no_effect_before_the_flip(edge: StoreEdge) -> None:
    edge.load(SET, ENTRIES)
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET))
    edge.load(OTHER, {f"{OTHER}/x": "410"})
    assert edge.entries() == {**ENTRIES, LIVE_KEY: live_entry(1, "s1", SET)}
    edge.flip(LIVE_KEY, live_entry(2, "s2", OTHER))
    assert edge.entries() == {f"{OTHER}/x": "410", LIVE_KEY: live_entry(2, "s2", OTHER)}


@pytest.mark.parametrize("generation", [1, 4, 5])
def test_the_generation_only_grows(edge: StoreEdge, generation: int) -> None:
    edge.load(SET, ENTRIES)
    edge.flip(LIVE_KEY, live_entry(5, "s5", SET))
    edge.flip(LIVE_KEY, live_entry(generation, "s1", SET))
    assert edge.entry(LIVE_KEY) == live_entry(5, "s5", SET)
    edge.flip(LIVE_KEY, live_entry(10, "s1", SET))  # a number, not a text: 10 is more than 5
    assert edge.entry(LIVE_KEY) == live_entry(10, "s1", SET)


def test_of_many_that_flip_at_once_the_highest_generation_stays(edge: StoreEdge) -> None:
    edge.load(SET, ENTRIES)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: edge.flip(LIVE_KEY, live_entry(n, f"s{n}", SET)), range(1, 33)))
    assert parse_live_entry(edge.entry(LIVE_KEY)).generation == 32


def test_an_entry_that_can_not_be_read_is_refused(edge: StoreEdge) -> None:
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET))
    with pytest.raises(ValueError, match="not '<generation>"):
        edge.flip(LIVE_KEY, "live now")
    assert edge.entry(LIVE_KEY) == live_entry(1, "s1", SET)


def test_what_nobody_names_any_more_is_removed(edge: StoreEdge) -> None:
    edge.load(SET, ENTRIES)
    edge.load(OTHER, {f"{OTHER}/x": "410"})
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET))
    edge.flip("preview-old", live_entry(1, "p1", OTHER))
    before = edge.entries()
    assert edge.tidy({LIVE_KEY, "preview-old"}, {SET, OTHER}, "") == 0
    assert edge.entries() == before
    assert edge.tidy({LIVE_KEY}, {SET}, "") == 2
    assert edge.entry("preview-old") == ""
    assert edge.entries() == {**ENTRIES, LIVE_KEY: live_entry(1, "s1", SET)}
    edge.load(OTHER, {f"{OTHER}/x": "410"})  # it is loaded again, and not taken to be there
    edge.flip(LIVE_KEY, live_entry(2, "s2", OTHER))
    assert edge.entries() == {f"{OTHER}/x": "410", LIVE_KEY: live_entry(2, "s2", OTHER)}
