"""An export's outcomes: all of them, in path order, and again after it was cut."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher import spool as spools
from publisher.errors import NotNow, StoreError
from publisher.outcome import Outcome
from publisher.spool import Spool
from publisher.store.memory import MemoryStore


def outcome(path: str) -> Outcome:
    return Outcome(path=path, url=f"http://cms{path}", kind="gone", status=404)


def filled(store: MemoryStore, *paths: str, key: str = "same") -> Spool:
    """One that was cut: its program died after a flush."""
    spool = Spool(store, key)
    for path in paths:
        spool.add(outcome(path))
    spool.flush()
    return spool


@given(st.lists(st.sampled_from("abcdefgh日本").map(lambda name: f"/{name}"), unique=True),
       st.integers(1, 4))  # fmt: skip
def test_outcomes_come_in_path_order_however_they_were_written(paths: list[str], each: int) -> None:
    spool = Spool(MemoryStore(), "key")
    for number, path in enumerate(paths, start=1):
        spool.add(outcome(path))
        if number % each == 0:
            spool.flush()
    for _ in range(2):
        assert [one.path for one in spool] == sorted(paths)


def test_many_outcomes_are_not_held_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "_OUTCOMES_MAX", 10)
    store = MemoryStore()
    spool = Spool(store, "key")
    for number in range(95):
        spool.add(outcome(f"/{number:03d}"))
    assert len(list(store.list("exports/"))) == 10  # nine segments, and how far it is


def test_an_export_that_was_cut_is_gone_on_with() -> None:
    store = MemoryStore()
    filled(store, "/b", "/a")
    again = Spool(store, "same")
    assert again.is_resumed
    again.add(outcome("/0"))
    assert [one.path for one in again] == ["/0", "/a", "/b"]


@pytest.mark.parametrize(
    ("key", "quiet"), [("other", timedelta()), ("same", None), ("same", timedelta(minutes=2))]
)
def test_another_site_a_fresh_start_or_a_run_that_may_live_is_not(
    key: str, quiet: timedelta | None
) -> None:
    store = MemoryStore()
    filled(store, "/a")
    again = Spool(store, key, quiet)
    assert (again.is_resumed, list(again)) == (False, [])


def test_what_is_too_old_is_not_gone_on_with_and_at_last_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryStore()
    filled(store, "/a")
    monkeypatch.setattr(spools, "_RESUME_MAX", timedelta())
    assert not Spool(store, "same").is_resumed
    assert list(store.list("exports/"))
    monkeypatch.setattr(spools, "_KEPT_MAX", timedelta(seconds=-1))
    assert not Spool(store, "same").is_resumed
    assert not list(store.list("exports/"))


def test_who_was_thought_dead_and_wakes_up_writes_nothing_more() -> None:
    store = MemoryStore()
    frozen = filled(store, "/a")
    successor = Spool(store, "same")
    successor.add(outcome("/b"))
    successor.flush()
    frozen.add(outcome("/c"))
    with pytest.raises(NotNow):
        frozen.flush()
    assert [one.path for one in successor] == ["/a", "/b"]


def test_a_damaged_segment_says_what_to_do() -> None:
    store = MemoryStore()
    spool = filled(store, "/a")
    (segment,) = (key for key in store.list("exports/") if not key.endswith("/run"))
    store.put(segment, b"\x1f\x8bnot what was written")
    with pytest.raises(StoreError, match="damaged") as raised:
        list(spool)
    assert "--full" in raised.value.hint


def test_an_export_that_has_ended_leaves_nothing() -> None:
    store = MemoryStore()
    filled(store, "/a").discard()
    assert list(store.list("exports/")) == []
