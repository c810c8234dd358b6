"""Collecting: what is needed stays, whoever else is at work, wherever it stops; the rest goes."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from publisher import collect, publish, release, slots, spool
from publisher.collect import Collected, Collector
from publisher.compose import ASSET_RELEASES
from publisher.edge.port import Edge
from publisher.edge.store import StoreEdge
from publisher.errors import PublisherError
from publisher.manifest import Entry, Manifest, entries_of
from publisher.outcome import Captured, Outcome
from publisher.paths import SitePath
from publisher.publish import Audience, Publisher
from publisher.records import Records, blob_key, entry_key, slot_key
from publisher.release import (
    CLAIM_MAX,
    RING_SIZE,
    Intent,
    Release,
    Slot,
    Withdrawal,
    choose_slot,
)
from publisher.retention import FALLBACK_MAX, GRACE, LATE, Keep
from publisher.spool import Spool
from publisher.store.directory import DirectoryStore
from publisher.store.dryrun import DryRun
from publisher.store.memory import MemoryStore
from publisher.store.port import PLAIN, Headers, Store
from publisher.store.s3 import S3Store
from redirects.compile import parse_live_entry
from tests import sites
from tests.faults import Script, ScriptedEdge, ScriptedStore
from tests.seaweedfs import SeaweedFS
from tests.sites import ACTOR, World

FEW = Keep(releases=1, days=0)
PREVIEW = "preview-spring"


class Clock:
    """The time of all of them, store included; it moves when somebody sleeps or a test says so."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 3, 15, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)  # ids sort by time
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @contextlib.contextmanager
    def everywhere(self) -> Iterator[Clock]:
        with pytest.MonkeyPatch.context() as patch:
            for module in (collect, publish, release, slots, spool, sites):
                patch.setattr(module, "utc_now", self)
            patch.setattr(time, "sleep", self.sleep)
            yield self


class ClockedStore(MemoryStore):
    """A store whose objects are as old as a clock says."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def put(
        self, key: str, data: bytes, headers: Headers = PLAIN, expect: str | None = None
    ) -> str:
        etag = super().put(key, data, headers, expect)
        self._modified[key] = self.clock.now
        return etag


class FallbackEdge(StoreEdge):
    """An edge that shows a slot while it can't read its data."""

    has_fallback = True
    fallback = ""

    def tidy(self, names: object, set_ids: object, fallback: str) -> int:
        self.fallback = fallback
        return super().tidy(names, set_ids, fallback)  # type: ignore[arg-type]


@pytest.fixture
def clock() -> Iterator[Clock]:
    with Clock().everywhere() as clock:
        yield clock


@pytest.fixture
def world(clock: Clock) -> World:
    return World(ClockedStore(clock))


def gc(
    world: World,
    keep: Keep = FEW,
    store: Store | None = None,
    edge: Edge | None = None,
    is_alone: bool = True,
) -> Collected:
    records = Records(store or world.store)
    edge = edge or world.edge
    return Collector(records, edge, lambda *_: None, keep, is_alone=is_alone).collect()


def collecting(world: World) -> None:
    """In the midst of something else."""
    gc(world)


def keys(store: Store, prefix: str = "") -> set[str]:
    return {one.key for one in store.list(prefix)}


def pass_days(clock: Clock, days: float) -> None:
    clock.now += timedelta(days=days)


def check_readable(records: Records) -> None:
    """Every release in the list is there, whole."""
    for name in records.release_ids():
        made = records.release(name)
        records.rules(made)
        for path, entry in entries_of(records.manifest(made.manifest), records.load_part):
            assert records.content(entry) is not None, f"{path} of {name}"
        assert list(records.captured(made.captured)) is not None


def check_slots(records: Records) -> None:
    """Every slot that may be shown has what its intent says, and nothing else."""
    for target in ("live", *records.previews()):
        intent = records.intent(target)[0]
        if intent.release:
            records.release(intent.release)
        for name, slot in intent.slots.items():
            if slot.state not in ("live", "cooling", "fallback"):
                continue
            records.release(slot.release)
            held = dict(entries_of(records.manifest(slot.manifest), records.load_part))
            held |= dict(entries_of(records.manifest(slot.older), records.load_part))
            wanted = {
                slot_key(name, path): e for path, e in held.items() if path not in slot.without
            }
            assert keys(records.store, f"site/{name}/") == wanted.keys(), name
            for key, entry in wanted.items():
                assert records.store.get(key).data == records.content(entry)


def check(world: World) -> None:
    records = Records(world.store)
    check_readable(records)
    check_slots(records)
    world.shown(gone=records.intent()[0].withdrawn)


def preview(world: World, clock: Clock, days: float = 1, edge: Edge | None = None) -> Publisher:
    publisher = Publisher(world.records, edge or world.edge, lambda *_: None, PREVIEW)
    expires = clock.now + timedelta(days=days)
    publisher.publish(world.release({"/春/": "春"}), ACTOR, audience=Audience(expires))
    return publisher


# ---------------------------------------------------------------------------- releases


def test_the_newest_and_the_young_releases_stay_whole(world: World, clock: Clock) -> None:
    old = [world.release({"/old.html": str(n)}) for n in range(5)]
    pass_days(clock, 40)
    middle = [world.release({"/m.html": str(n)}) for n in range(2)]
    pass_days(clock, 20)
    new = world.publish({"/日本/": "日"}).release
    done = gc(world, Keep(releases=1, days=30))
    assert world.records.release_ids() == [r.id for r in (new, *reversed(middle))]
    assert done.removed["releases"] == len(old)
    assert gc(world, Keep(releases=2, days=0)).removed["releases"] == 1
    check(world)


def test_what_a_removed_release_alone_needed_goes(world: World, clock: Clock) -> None:
    only_old, shared = "古い", "共通"
    world.release({"/a.html": only_old, "/b.html": shared})
    world.publish({"/b.html": shared})
    pass_days(clock, 3)
    done = gc(world)
    assert entry_key(sites.entry_of("/a.html", only_old)) not in keys(world.store)
    assert entry_key(sites.entry_of("/a.html", shared)) in keys(world.store)
    assert done.removed["blobs"] == 2  # and its home page
    assert done.kept["releases"] == 1
    check(world)
    assert not +gc(world).removed


def test_where_files_came_from_stays_with_its_release(world: World, clock: Clock) -> None:
    parts = world.records.parts(Manifest())
    for n in range(600):
        parts.add(f"/{n:03}", Captured(f"/{n:03}", f"http://cms/?p={n}"))
    captured = world.records.put_index(parts, Manifest()).digest
    made = world.release({})
    world.store.delete(f"releases/{made.id}")
    world.records.put_release(msgspec.structs.replace(made, captured=captured))
    pass_days(clock, 3)
    gc(world)
    assert len(list(world.records.captured(captured))) == 600


def test_what_slots_and_previews_name_stays(world: World, clock: Clock) -> None:
    made = [world.publish({f"/{n}.css": str(n)}).release for n in range(3)]
    shown = preview(world, clock, days=100)
    for _ in range(3):
        world.release({})
    pass_days(clock, 50)
    gc(world)
    assert {r.id for r in made} <= set(world.records.release_ids())
    check(world)
    assert shown.repair().release in world.records.release_ids()
    assert world.publisher().rollback(made[0], ACTOR).release == made[0]


def test_a_release_whose_parents_are_gone_is_published_all_the_same(
    world: World, clock: Clock
) -> None:
    for number in range(10):
        world.publish({f"/{number}.css": ""})
        pass_days(clock, 3)
    kept = [world.records.release(name) for name in world.records.release_ids()]
    gc(world, Keep(releases=2, days=0))
    left = world.records.release_ids()
    assert ASSET_RELEASES < len(left) < len(kept)
    assert world.records.stored_release(world.records.release(left[-1]).parent) is None
    world.publisher().rollback(world.records.release(left[-1]), ACTOR)
    world.publisher().resume(ACTOR)
    world.publish({"/new.html": ""})
    check(world)


def test_an_export_that_began_while_a_release_was_live_finds_its_files(
    world: World, clock: Clock
) -> None:
    """Blobs that the live release has are not written again: the new one names them as well."""
    world.publish({"/a.html": "昔から"})
    pass_days(clock, 100)
    world.edge.cooling_s = 0.0
    began_on = world.records.intent()[0].release
    for number in range(RING_SIZE + 1):
        world.publish({"/b.html": str(number)})
    pass_days(clock, 1)
    assert began_on not in {slot.release for slot in world.records.intent()[0].slots.values()}
    gc(world)
    assert entry_key(sites.entry_of("/a.html", "昔から")) in keys(world.store)
    pass_days(clock, 2)
    gc(world)
    assert entry_key(sites.entry_of("/a.html", "昔から")) not in keys(world.store)


# ------------------------------------------------------- what exports write meanwhile


def test_what_is_younger_than_any_run_stays(world: World, clock: Clock) -> None:
    world.publish({})
    world.records.put_blob(b"of an export under way")
    world.store.put(f"manifests/{'ab' * 32}", b"")
    pass_days(clock, GRACE.days - 0.1)
    assert gc(world).removed["blobs"] == 0
    pass_days(clock, 0.2)
    done = gc(world)
    assert (done.removed["blobs"], done.removed["manifests and parts"]) == (1, 1)


def test_a_blob_that_is_written_again_between_listing_and_removal_stays(
    world: World, clock: Clock
) -> None:
    digest = world.records.put_blob(b"again")
    other = world.records.put_blob(b"never again")
    pass_days(clock, 3)
    lists = count()

    def watch(method: str, key: str) -> None:
        if method == "list" and digest.startswith(key[6:8]) and next(lists) == 1:
            world.records.put_blob(b"again")

    gc(world, store=ScriptedStore(world.store, Script(watch=watch)))
    assert next(lists) > 1
    assert blob_key(digest) in keys(world.store)
    assert blob_key(other) not in keys(world.store)


def test_blobs_of_an_export_that_was_cut_stay_until_nobody_goes_on_with_it(
    world: World, clock: Clock
) -> None:
    digest = world.records.put_blob("途中".encode())
    pass_days(clock, 3)  # it takes very long
    run = Spool(world.store, "key")
    entry = Entry(digest, 6, "text/html", "")
    run.add(Outcome(url="u", path="/a/", kind="content", entry=entry))
    run.flush()
    gc(world)
    assert blob_key(digest) in keys(world.store)
    assert keys(world.store, "exports/")
    pass_days(clock, 1.1)
    assert gc(world).removed["cut exports"] == 1
    assert not keys(world.store, "exports/") | keys(world.store, "blobs/")


def test_beside_an_export_in_a_bucket_no_blob_goes(world: World, clock: Clock) -> None:
    world.records.put_blob(b"x")
    pass_days(clock, 3)
    Spool(world.store, "key")
    done = gc(world, is_alone=False)
    assert (done.removed["blobs"], len(done.notes)) == (0, 1)
    assert "export" in done.notes[0]
    pass_days(clock, 0.1)
    assert gc(world, is_alone=False).removed["blobs"] == 1


# ------------------------------------------------------------------------------- slots


def die(world: World, edge: Edge | None = None) -> str:
    """A publisher that dies while it fills a slot. Returns the slot's name."""
    made = world.release({"/dead.html": "d"})
    script = Script(watch=lambda method, key: _die() if key.endswith("dead.html") else None)
    with pytest.raises(InterruptedError):
        world.publisher(ScriptedStore(world.store, script), edge).publish(made, ACTOR)
    held = world.records.intent()[0].slots
    return next(name for name, slot in held.items() if slot.state == "filling")


def _die() -> None:
    raise InterruptedError


def test_the_slot_of_a_dead_publisher_goes_and_its_name_never_comes_back(
    world: World, clock: Clock
) -> None:
    world.publish({})
    slot = die(world)
    assert gc(world).removed["slots"] == 0
    clock.now += CLAIM_MAX + timedelta(seconds=1)
    assert gc(world).removed["slots"] == 1
    assert not keys(world.store, f"site/{slot}/")
    assert slot not in world.records.intent()[0].slots
    assert world.publish({}).slot != slot
    check(world)


def test_what_a_frozen_publisher_writes_late_goes(world: World) -> None:
    world.publish({})
    world.store.put("site/s77/late.html", b"")
    world.store.put("site/preview-x-s3/late.html", b"")
    gc(world)
    assert {key.split("/")[1] for key in keys(world.store, "site/")} == {"s1", "_errors"}


def test_a_publisher_that_wakes_after_its_slot_was_removed_is_told(
    world: World, clock: Clock
) -> None:
    world.publish({})
    made = world.release({"/x.html": ""})
    done: list[object] = []

    def watch(method: str, key: str) -> None:
        if method == "copy" and not done:
            clock.now += CLAIM_MAX + LATE
            done.append(gc(world))

    with pytest.raises(PublisherError):
        world.publisher(ScriptedStore(world.store, Script(watch=watch))).publish(made, ACTOR)
    check(world)
    gc(world)
    assert {key.split("/")[1] for key in keys(world.store, "site/")} == {"s1", "_errors"}


def test_withdrawn_files_go_from_slots_that_must_not_have_them(world: World) -> None:
    slot = world.publish({"/秘密/": "s", "/b.html": "b"}).slot
    intent, etag = world.records.intent()
    gone = Withdrawal(actor="", reason="", since=intent.slots[slot].since)
    slots = {slot: msgspec.structs.replace(intent.slots[slot], without=("/秘密/",))}
    world.records.move_intent(
        msgspec.structs.replace(intent, withdrawn={"/秘密/": gone}, slots=slots), etag
    )
    assert gc(world).removed["withdrawn files"] == 1
    assert world.slot_file(slot, "/秘密/") is None
    check_slots(world.records)
    assert gc(world).removed["withdrawn files"] == 0


# ---------------------------------------------------------------------------- previews


def test_an_expired_preview_goes_and_its_slots_names_never_come_back(
    world: World, clock: Clock
) -> None:
    world.publish({})
    preview(world, clock)
    assert gc(world).removed["expired previews"] == 0
    assert world.edge.entry(PREVIEW)
    pass_days(clock, 1)
    clock.now += timedelta(seconds=world.edge.cooling_s)
    assert gc(world).removed["expired previews"] == 1
    assert world.edge.entry(PREVIEW) == ""
    clock.now += LATE
    gc(world)
    assert not keys(world.store, "site/preview-")
    intent, _ = world.records.intent(PREVIEW)
    assert (intent.slot, intent.slots, intent.slots_made) == ("", {}, 1)
    preview(world, clock)
    assert world.records.intent(PREVIEW)[0].slot == "preview-spring-s2"
    assert world.edge.entry(PREVIEW)
    check(world)


def test_a_preview_that_is_given_more_time_meanwhile_stays(world: World, clock: Clock) -> None:
    world.publish({})
    preview(world, clock)
    pass_days(clock, 2)
    made = world.release({})
    script = Script(watch=lambda method, _: collecting(world) if method == "copy" else None)
    records = Records(ScriptedStore(world.store, script))
    publisher = Publisher(records, world.edge, lambda *_: None, PREVIEW)
    publisher.publish(made, ACTOR, audience=Audience(clock.now + timedelta(days=1)))
    assert world.records.intent(PREVIEW)[0].release == made.id
    check(world)


# -------------------------------------------------------------------------------- edge


def test_the_edge_keeps_what_is_named_and_what_still_cools(world: World, clock: Clock) -> None:
    world.edge.cooling_s = 600.0
    for number in range(3):
        world.publish({}, (f"/?p={number}",))
    assert gc(world).removed["entries at the edge"] == 0
    clock.now += timedelta(seconds=601)
    assert gc(world).removed["entries at the edge"] == 4, "a head and a leaf of each"
    world.shown()


@pytest.mark.parametrize("also", ["publish", "rollback", "preview"])
def test_redirect_data_that_is_loaded_meanwhile_is_not_lost(
    world: World, clock: Clock, also: str
) -> None:
    """Whatever comes between whichever two calls: what goes live has its redirects."""
    first = world.publish({}, ("/?p=1",)).release
    world.publish({}, ("/?p=2",))
    made = world.release({}, ("/?p=3",))
    actions: dict[str, Callable[[Publisher], object]] = {
        "publish": lambda one: one.publish(made, ACTOR),
        "rollback": lambda one: one.rollback(first, ACTOR),
        "preview": lambda one: one.publish(
            made, ACTOR, audience=Audience(clock.now + timedelta(days=1))
        ),
    }
    target = PREVIEW if also == "preview" else "live"
    held = _copied(world)
    clock.now += timedelta(seconds=10)
    for at in range(1, 80):
        _restore(world, held)
        script = Script()
        done: list[bool] = []

        def watch(
            _m: str, _k: str, script: Script = script, done: list[bool] = done, at: int = at
        ) -> None:
            if len(script.calls) == at and not done:
                done.append(True)
                gc(world)

        script.watch = watch
        store, edge = ScriptedStore(world.store, script), ScriptedEdge(world.edge, script)
        actions[also](Publisher(Records(store), edge, lambda *_: None, target))
        named = parse_live_entry(world.edge.entry(target))
        assert world.edge._store.get(f"edge/sets/{named.set_id}").data == named.head.encode(), at
        check(world)
        if not done:
            return
    raise AssertionError("a publish has fewer calls")


def _copied(world: World) -> tuple[dict[str, object], ...]:
    return tuple(
        dict(held)
        for store in (world.store, world.edge._store)
        for held in (store._objects, store._modified)  # type: ignore[attr-defined]
    )


def _restore(world: World, held: tuple[dict[str, object], ...]) -> None:
    stores = (world.store, world.edge._store)
    for store, (objects, modified) in zip(stores, (held[:2], held[2:]), strict=True):
        store._objects = dict(objects)  # type: ignore[attr-defined]
        store._modified = dict(modified)  # type: ignore[attr-defined]


# ---------------------------------------------------------------------------- fallback


@pytest.fixture
def fallback_edge(world: World) -> FallbackEdge:
    world.edge = FallbackEdge(MemoryStore())
    return world.edge


def test_the_fallback_is_a_slot_of_its_own_and_is_renewed(
    world: World, clock: Clock, fallback_edge: FallbackEdge
) -> None:
    world.publish({"/a.html": "a", "/日本/": "日"})
    first = gc(world).fallback
    assert (first, fallback_edge.fallback) == ("s2", "s2")
    assert world.slot_file(first, "/日本/") == "日"
    assert gc(world).fallback == first
    assert {world.publish({}).slot for _ in range(RING_SIZE + 2)}.isdisjoint({first})
    check(world)
    clock.now += FALLBACK_MAX
    second = gc(world).fallback
    assert (second != first, fallback_edge.fallback) == (True, second)
    assert keys(world.store, f"site/{first}/")  # shown by the edge until it has heard of it
    clock.now += LATE + timedelta(minutes=1)
    gc(world)
    assert not keys(world.store, f"site/{first}/")
    check(world)


def test_the_fallback_has_nothing_that_is_withdrawn(
    world: World, fallback_edge: FallbackEdge
) -> None:
    world.publish({"/秘密/": "s"})
    gc(world)
    intent, etag = world.records.intent()
    gone = Withdrawal(actor="", reason="", since=intent.slots["s1"].since)
    world.records.move_intent(msgspec.structs.replace(intent, withdrawn={"/秘密/": gone}), etag)
    slot = gc(world).fallback
    assert slot == fallback_edge.fallback == "s3"
    assert world.slot_file(slot, "/秘密/") is None


def test_a_path_that_is_withdrawn_while_the_fallback_is_filled_is_not_in_it(
    world: World, fallback_edge: FallbackEdge
) -> None:
    world.publish({"/秘密/": "s"})

    def watch(method: str, key: str) -> None:
        intent, etag = world.records.intent()
        if method == "copy" and not intent.withdrawn:
            gone = Withdrawal(actor="", reason="", since=intent.slots["s1"].since)
            world.records.move_intent(
                msgspec.structs.replace(intent, withdrawn={"/秘密/": gone}), etag
            )

    gc(world, store=ScriptedStore(world.store, Script(watch=watch)))
    assert fallback_edge.fallback == ""
    assert world.records.intent()[0].slots["s2"].state == "abandoned"
    assert world.slot_file(gc(world).fallback, "/秘密/") is None


def test_a_fallback_is_never_chosen_for_a_release() -> None:
    now = Clock().now
    held = {"s1": Slot(state="fallback", since=now, until=now)}
    assert choose_slot(Intent(slots=held, slots_made=1), now) == "s2"
    ring = {
        f"s{n}": Slot(state="cooling", since=now, until=now + timedelta(1)) for n in range(2, 6)
    }
    assert choose_slot(Intent(slots=held | ring, slots_made=5), now) == "s6"


# ------------------------------------------------------- publishers beside a collection


def test_a_release_that_is_being_published_stays(world: World, clock: Clock) -> None:
    old = world.release({"/old.html": ""})
    pass_days(clock, 40)
    world.publish({})
    store = ScriptedStore(
        world.store, Script(watch=lambda method, _: collecting(world) if method == "copy" else None)
    )
    assert world.publisher(store).publish(old, ACTOR).release == old
    assert world.shown() == old
    check(world)


@pytest.mark.parametrize("killed", [False, True], ids=["whole", "killed"])
def test_a_release_is_published_or_removed_never_both(
    world: World, clock: Clock, killed: bool
) -> None:
    """A collection between any two calls of a publish, also one that dies at any call."""
    old = world.release({"/old.html": "古"}, ("/?p=1",))
    pass_days(clock, 40)
    world.publish({"/new.html": ""})
    held = _copied(world)
    outcomes = set()
    for at in range(1, 60):
        _restore(world, held)
        script = Script()
        done: list[bool] = []

        def watch(
            _m: str, _k: str, script: Script = script, done: list[bool] = done, at: int = at
        ) -> None:
            if len(script.calls) == at and not done:
                done.append(True)
                fails = Script(fail_at=at % 17 + 30 if killed else 0, dead=True)
                with contextlib.suppress(PublisherError):
                    gc(world, store=ScriptedStore(world.store, fails))

        script.watch = watch
        try:
            world.publisher(ScriptedStore(world.store, script)).publish(old, ACTOR)
        except PublisherError:
            outcomes.add("refused")
        else:
            outcomes.add("published")
            assert world.shown() == old
        check(world)
        gc(world)
        check(world)
        if not done:
            break
    assert outcomes == {"refused", "published"}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_step_and_run_again_it_has_done_its_work(
    world: World, clock: Clock, fallback_edge: FallbackEdge, after: bool
) -> None:
    for number in range(3):
        world.publish({f"/{number}.html": "頁", f"/{number}.css": str(number)}, (f"/?p={number}",))
    preview(world, clock)
    for number in range(3):
        world.release({"/never.html": str(number)})
    die(world)
    pass_days(clock, 40)
    held, now = _copied(world), clock.now

    def collect_later() -> set[str]:
        """After a day nobody waits any more for a claim of the dead."""
        gc(world)
        check(world)
        pass_days(clock, 1.1)
        gc(world)
        check(world)
        known = world.records.intent()[0].slots
        found = keys(world.store)
        assert {key.split("/")[1] for key in found if key.startswith("site/")} == {
            *known,
            "_errors",
        }
        assert fallback_edge.fallback == world.records.intent()[0].fallback
        return {key for key in found if not key.startswith("site/")}

    clean = collect_later()
    for at in count(1):
        _restore(world, held)
        clock.now, fallback_edge.fallback = now, ""
        script = Script(fail_at=at, fault="after" if after else "before", dead=True)
        store, edge = ScriptedStore(world.store, script), ScriptedEdge(world.edge, script)
        try:
            gc(world, store=store, edge=edge)
        except PublisherError:
            check(world)
            assert collect_later() == clean, at
        else:
            break
    assert at > 100


OTHERS: dict[str, Callable[[World], object]] = {
    "collects": gc,
    "publishes": lambda world: world.publisher().publish(newest(world), ACTOR),
    "publishes what goes": lambda world: publish_what_goes(world),
    "rolls back": lambda world: world.publisher().rollback(oldest(world), ACTOR),
    "withdraws": lambda world: world.publisher().withdraw(SitePath("/日本/"), ACTOR),
    "restores": lambda world: world.publisher().restore(SitePath("/秘密/"), ACTOR),
    "previews": lambda world: world.publisher(target=PREVIEW).publish(
        newest(world), ACTOR, audience=Audience(release.utc_now() + timedelta(days=1))
    ),
}


def publish_what_goes(world: World) -> None:
    made = next(iter(world.releases.values()))[0]
    with contextlib.suppress(PublisherError):
        world.publisher().publish(made, ACTOR)


def newest(world: World) -> Release:
    return list(world.releases.values())[-1][0]


def oldest(world: World) -> Release:
    """Of those that a slot has."""
    held = {slot.release for slot in world.records.intent()[0].slots.values()}
    return next(made for name, (made, _) in world.releases.items() if name in held)


@pytest.mark.parametrize("what", OTHERS)
def test_who_acts_amid_a_collection_loses_nothing(world: World, clock: Clock, what: str) -> None:
    """Between whichever two calls: slots, releases and redirect data are whole."""
    for _ in range(3):
        world.release({"/never.html": ""})
    files = {"/日本/": "日", "/秘密/": "秘"}
    world.publish(files, ("/?p=1",))
    world.publisher().withdraw(SitePath("/秘密/"), ACTOR)
    world.publish(files, ("/?p=2",))
    world.release(files, ("/?p=3",))
    pass_days(clock, 40)
    held, now = _copied(world), clock.now
    at, is_done = 1, False
    while not is_done:
        _restore(world, held)
        clock.now, script = now, Script()

        def watch(_m: str, _k: str, script: Script = script, at: int = at) -> None:
            if len(script.calls) == at:
                OTHERS[what](world)

        script.watch = watch
        gc(world, store=ScriptedStore(world.store, script), edge=ScriptedEdge(world.edge, script))
        check(world)
        for target in ("live", PREVIEW):
            if entry := world.edge.entry(target):
                named = parse_live_entry(entry).set_id
                assert keys(world.edge._store, f"edge/sets/{named}"), (target, at)
                wanted = publish.entry_of(world.records.intent(target)[0])
                assert parse_live_entry(entry)[1:] == parse_live_entry(wanted)[1:]
        is_done = len(script.calls) < at
        at += 1 if at < 100 else 7
    assert at > 250


def test_a_dry_run_says_what_would_go_and_writes_nothing(world: World, clock: Clock) -> None:
    for number in range(3):
        world.release({"/a.html": str(number)})
    world.publish({})
    pass_days(clock, 40)
    before = _copied(world)
    records = Records(DryRun(world.store))
    planned = Collector(records, None, lambda *_: None, FEW, is_alone=True).collect()
    assert _copied(world) == before
    done = gc(world)
    assert planned.removed == done.removed
    assert planned.kept == done.kept


@pytest.mark.real
def test_in_a_bucket(seaweedfs: SeaweedFS, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", seaweedfs.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", seaweedfs.secret_key)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    bucket = f"site-{secrets.token_hex(4)}"
    seaweedfs.create_bucket(bucket)
    clock.now = datetime.now(UTC)  # the server has its own
    world = World(S3Store(bucket, "production", seaweedfs.endpoint_url))
    for number in range(3):
        world.release({"/頁/": str(number)})
    world.publish({"/日本/": "日"})
    world.store.put("site/s77/late.html", b"")
    done = gc(world, is_alone=False)
    assert (done.removed["releases"], done.removed["slots"], done.removed["blobs"]) == (3, 1, 0)
    pass_days(clock, 3)
    assert gc(world, is_alone=False).removed["blobs"] == 6  # the home page of each, too
    check(world)


def test_temporary_files_of_the_dead_go_after_a_day(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.put("blobs/ab/x", b"")
    left = tmp_path / ".tmp" / "left"
    left.write_bytes(b"half")
    now = datetime.now(UTC)
    assert store.remove_temporary(now - timedelta(days=1)) == 0
    assert store.remove_temporary(now + timedelta(minutes=1)) == 1
    assert not left.exists()


# ---------------------------------------------------------------- all of it, in any order


class Everybody(RuleBasedStateMachine):
    """Exports, publishes, rollbacks, previews, collections; whole, dying, or amid each other."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = contextlib.ExitStack()
        self.clock = self.stack.enter_context(Clock().everywhere())
        self.world = World(ClockedStore(self.clock))
        self.unfinished: list[tuple[dict[str, str], datetime]] = []
        self.numbers = count()

    def teardown(self) -> None:
        self.stack.close()

    def files(self, number: int) -> dict[str, str]:
        return {"/頁/": f"頁 {number}", f"/{number % 3}.css": str(number % 3), "/same.html": "同じ"}

    @rule(number=st.integers(0, 5))
    def exports(self, number: int) -> None:
        self.world.release(self.files(number))

    @rule(number=st.integers(0, 5))
    def begins_an_export(self, number: int) -> None:
        """Its blobs are written; its release comes later."""
        files = self.files(number)
        for path, text in files.items():
            self.world.keep(path, text)
        self.unfinished.append((files, self.clock.now))

    @rule()
    def ends_an_export(self) -> None:
        for files, began in self.unfinished:
            if self.clock.now - began < GRACE - timedelta(hours=1):
                keep = self.world.keep
                self.world.keep = self.named  # type: ignore[method-assign]
                try:
                    self.world.release(files)
                finally:
                    self.world.keep = keep  # type: ignore[method-assign]
        self.unfinished.clear()

    def named(self, path: str, text: str) -> Entry:
        """An entry whose blob was written before, but for the home page, which tells its name."""
        if path == "/":
            return World.keep(self.world, path, text)
        return sites.entry_of(path, text)

    @rule(which=st.integers(0, 9), rolls_back=st.booleans(), fails_at=st.integers(0, 60))
    def publishes(self, which: int, rolls_back: bool, fails_at: int) -> None:
        self.publish(which, rolls_back, Script(fail_at=fails_at, dead=True))

    def publish(self, which: int, rolls_back: bool, script: Script) -> None:
        made = self.world.records.release_ids()
        if not made:
            return
        store = ScriptedStore(self.world.store, script)
        publisher = self.world.publisher(store, ScriptedEdge(self.world.edge, script))
        with contextlib.suppress(PublisherError):
            chosen = self.world.records.release(made[which % len(made)])
            if rolls_back:
                publisher.rollback(chosen, ACTOR)
                publisher.resume(ACTOR)
            else:
                publisher.publish(chosen, ACTOR)

    @rule(at=st.integers(0, 40), restores=st.booleans())
    def withdraws_or_restores(self, at: int, restores: bool) -> None:
        """By itself, or with a collection in its midst."""
        script = Script()
        script.watch = lambda *_: self.collect(1, Script()) if len(script.calls) == at else None
        store = ScriptedStore(self.world.store, script)
        publisher = self.world.publisher(store, ScriptedEdge(self.world.edge, script))
        with contextlib.suppress(PublisherError):
            if restores:
                publisher.restore(SitePath("/頁/"), ACTOR)
            else:
                publisher.withdraw(SitePath("/頁/"), ACTOR)

    @rule(days=st.integers(1, 5))
    def shows_a_preview(self, days: int) -> None:
        with contextlib.suppress(PublisherError):
            preview(self.world, self.clock, days)

    @rule(hours=st.sampled_from([0.1, 2, 25, 49, 200]))
    def time_passes(self, hours: float) -> None:
        self.clock.now += timedelta(hours=hours)

    @rule(keep=st.integers(1, 3), fails_at=st.one_of(st.just(0), st.integers(1, 900)))
    def collects(self, keep: int, fails_at: int) -> None:
        script = Script(fail_at=fails_at, dead=True)
        with contextlib.suppress(PublisherError):
            self.collect(keep, script)

    def collect(self, keep: int, script: Script) -> None:
        store = ScriptedStore(self.world.store, script)
        gc(self.world, Keep(keep, 0), store, ScriptedEdge(self.world.edge, script))

    @rule(which=st.integers(0, 9), rolls_back=st.booleans(), at=st.integers(1, 60))
    def collects_amid_a_publish(self, which: int, rolls_back: bool, at: int) -> None:
        script = Script()
        script.watch = lambda *_: self.collect(1, Script()) if len(script.calls) == at else None
        self.publish(which, rolls_back, script)

    @rule(which=st.integers(0, 9), rolls_back=st.booleans(), at=st.integers(1, 800))
    def publishes_amid_a_collection(self, which: int, rolls_back: bool, at: int) -> None:
        script = Script()
        script.watch = lambda *_: (
            self.publish(which, rolls_back, Script()) if len(script.calls) == at else None
        )
        with contextlib.suppress(PublisherError):
            self.collect(1, script)

    @invariant()
    def nothing_that_is_needed_is_lost(self) -> None:
        check(self.world)


TestEverybody = Everybody.TestCase
TestEverybody.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
