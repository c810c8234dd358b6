"""An export's outcomes: all of them, in path order, and again after it was cut."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher import spool as spools
from publisher.errors import NotNow, StoreError
from publisher.outcome import Outcome
from publisher.release import utc_now
from publisher.spool import Spool
from publisher.store.dryrun import DryRun
from publisher.store.memory import MemoryStore
from tests.faults import Script, ScriptedStore


@dataclass
class Clock:
    """What the time is for the spool."""

    now: datetime

    def forward(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(utc_now())
    monkeypatch.setattr(spools, "utc_now", lambda: clock.now)
    return clock


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


def test_nobody_at_work_for_too_long_is_not_gone_on_with_and_at_last_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryStore()
    filled(store, "/a")
    monkeypatch.setattr(spools, "_PAUSES_MAX", timedelta())
    assert not Spool(store, "same").is_resumed
    assert len(list(store.list("exports/"))) == 3
    monkeypatch.setattr(spools, "_KEPT_MAX", timedelta(seconds=-1))
    assert not Spool(store, "same").is_resumed
    assert len(list(store.list("exports/"))) == 1  # the last one's own record


def test_pauses_are_counted_together_and_work_is_not(clock: Clock) -> None:
    store = MemoryStore()
    spool = filled(store, "/a")
    clock.forward(timedelta(hours=3))  # a large site
    spool.add(outcome("/b"))
    spool.flush()
    for _ in range(2):
        clock.forward(timedelta(minutes=25))
        assert Spool(store, "same").is_resumed
    clock.forward(timedelta(minutes=25))
    assert not Spool(store, "same").is_resumed


def test_a_clock_that_was_put_back_starts_anew_and_saves_all_the_same(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spools, "_SECONDS_MAX", 0.0)
    store = MemoryStore()
    spool = filled(store, "/a")
    clock.forward(timedelta(hours=-2))
    spool.add(outcome("/b"))
    assert [one.path for one in Spool(store, "same")] == ["/a", "/b"]
    clock.forward(timedelta(hours=-2))
    assert not Spool(store, "same").is_resumed


def test_what_a_fresh_start_left_alone_stays_so(clock: Clock) -> None:
    store = MemoryStore()
    filled(store, "/a")
    clock.forward(timedelta(seconds=1))
    Spool(store, "same", None)  # killed before it wrote anything
    assert not Spool(store, "same").is_resumed


def test_an_outcome_that_was_asked_for_again_replaces_the_first() -> None:
    store = MemoryStore()
    filled(store, "/a", "/b", "/c")
    again = Spool(store, "same")
    again.add(Outcome(path="/b", url="http://cms/b", kind="moved", status=301, target="/c"))
    assert [(one.path, one.kind) for one in again] == [
        ("/a", "gone"), ("/b", "moved"), ("/c", "gone")
    ]  # fmt: skip


def test_a_refusal_of_the_whole_site_is_judged_again_only_by_who_lets_it_through() -> None:
    store = MemoryStore()
    filled(store, "/a").refuse({"lost-pages", "empty"})
    override = Spool(store, "same", overrides=("empty", "lost-pages", "emails"))
    assert override.is_resumed
    override.refuse({"empty"})
    assert not Spool(store, "same", overrides=("emails",)).is_resumed


def test_a_write_whose_answer_was_lost_has_taken_effect() -> None:
    store = MemoryStore()
    script = Script()
    spool = Spool(ScriptedStore(store, script), "same")
    spool.add(outcome("/a"))
    script.fail_at, script.after = len(script.calls) + 2, True  # the segment, then the record
    with pytest.raises(StoreError):
        spool.flush()
    spool.add(outcome("/b"))
    assert [one.path for one in spool] == ["/a", "/b"]


def test_who_was_thought_dead_and_wakes_up_writes_and_removes_nothing_more() -> None:
    store = MemoryStore()
    frozen = filled(store, "/a")
    successor = Spool(store, "same")  # has written nothing so far
    frozen.add(outcome("/c"))
    with pytest.raises(NotNow):
        frozen.flush()
    frozen.discard()
    successor.add(outcome("/b"))
    assert [one.path for one in successor] == ["/a", "/b"]


def test_who_reads_what_another_has_ended_says_so() -> None:
    store = MemoryStore()
    filled(store, "/a")
    reader = Spool(DryRun(store), "same")  # has no lock
    Spool(store, "same").discard()
    with pytest.raises(NotNow):
        list(reader)


@pytest.mark.parametrize("data", [b"\x1f\x8bnot what was written", b"", "cut", "flipped"])
def test_a_damaged_segment_says_what_to_do(data: bytes | str) -> None:
    store = MemoryStore()
    spool = filled(store, *(f"/{number}" for number in range(50)))
    (segment,) = (one.key for one in store.list("exports/") if not one.key.endswith("/run"))
    whole = store.get(segment).data
    if data == "cut":
        data = whole[: len(whole) // 2]
    if data == "flipped":
        half = len(whole) // 2
        data = whole[:half] + bytes(255 - byte for byte in whole[half : half + 20]) + whole[half:]
    assert isinstance(data, bytes)
    store.put(segment, data)
    with pytest.raises(StoreError, match="damaged") as raised:
        list(spool)
    assert "--full" in raised.value.hint


def test_a_damaged_record_is_no_run() -> None:
    store = MemoryStore()
    filled(store, "/a")
    (record,) = (one.key for one in store.list("exports/") if one.key.endswith("/run"))
    store.put(record, b"{")
    assert not Spool(store, "same").is_resumed


def test_ctrl_c_twice_does_not_keep_from_saving() -> None:
    """The second one comes while what the first one had saved is being written."""
    store = MemoryStore()
    script = Script()
    spool = Spool(ScriptedStore(store, script), "same")
    spool.add(outcome("/a"))

    def interrupt(method: str, key: str) -> None:
        if method == "put" and not key.endswith("/run"):
            signal.raise_signal(signal.SIGINT)

    script.watch = interrupt
    with pytest.raises(KeyboardInterrupt):
        spool.flush()
    assert [one.path for one in Spool(store, "same")] == ["/a"]


def test_an_export_that_has_ended_leaves_nothing() -> None:
    store = MemoryStore()
    filled(store, "/a").discard()
    assert list(store.list("exports/")) == []
