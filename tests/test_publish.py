"""Publishing: what visitors get is one whole release, whatever fails and whoever else acts."""

from __future__ import annotations

import gc
import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import groupby

import msgspec
import pytest

from publisher import publish, release, slots
from publisher.compose import ASSET_RELEASES
from publisher.errors import Conflict, LostRace, NotNow, PublisherError
from publisher.paths import SitePath
from publisher.plan import Action
from publisher.records import Records
from publisher.release import LIVE, RING_SIZE, claim, utc_now
from publisher.store.port import PLAIN, Headers
from redirects.compile import live_entry, parse_live_entry
from tests.faults import Script, ScriptedEdge, ScriptedStore
from tests.sites import ACTOR, World

OLD = {"/a.html": "a", "/b.html": "b", "/style.css": "old", "/only-old.css": "x", "/日本/": "日"}
NEW = {"/a.html": "a2", "/c.html": "c", "/style.css": "new", "/new.css": "y", "/日本/": "日"}


@pytest.fixture
def world() -> World:
    """Nothing cools, so slots are used again as soon as they are out of service."""
    world = World()
    world.edge.cooling_s = 0.0
    return world


class Clock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(utc_now())
    monkeypatch.setattr(publish, "utc_now", clock)
    monkeypatch.setattr(slots, "utc_now", clock)
    monkeypatch.setattr(release, "utc_now", clock)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    return clock


def changes(world: World) -> Counter[tuple[str, str]]:
    return Counter((change.action, change.to_release) for change in world.records.journal())


# ------------------------------------------------------------------------ the usual way


def test_the_first_release_goes_live_whole(world: World) -> None:
    outcome = world.publish(OLD, ("/?p=1",))
    assert world.shown() == outcome.release
    assert (outcome.previous, outcome.slot, len(outcome.plan)) == ("", "s1", len(OLD) + 1)


def test_publishing_what_is_live_does_nothing_and_says_so(world: World) -> None:
    made = world.publish(OLD).release
    script = Script()
    again = world.publisher(ScriptedStore(world.store, script)).publish(made, ACTOR)
    assert (again.slot, len(again.plan)) == ("", 0)
    assert {method for method, _ in script.calls} == {"get"}
    assert changes(world) == {("publish", made.id): 1}


def test_reasons_of_a_plan(world: World) -> None:
    world.publish(OLD)
    plan = world.publisher().plan(world.release(NEW))
    assert {action.path: action.reason for action in plan} == {
        "/": "changed",
        "/a.html": "changed",
        "/b.html": "gone",
        "/c.html": "new",
        "/new.css": "new",
        "/style.css": "changed",
    }


def test_writes_come_in_the_promised_order(world: World) -> None:
    world.publish(OLD, ("/?p=1",))
    world.publish({}, ("/?p=1",))
    made = world.release(NEW, ("/?p=2",))
    script = Script()
    world.publisher(ScriptedStore(world.store, script), ScriptedEdge(world.edge, script)).publish(
        made, ACTOR
    )
    order = [stage for call in script.calls if (stage := _stage(*call))]
    assert [stage for stage, _ in groupby(order)] == [
        "intent",  # the claim
        "assets",
        "pages",
        "removals",
        "redirects",
        "intent",
        "journal",
        "redirects",
        "edge",
        "intent",  # from when the old slot cools
    ]


def _stage(method: str, key: str) -> str:
    """Which part of a publish a call belongs to; '' for one that changes nothing."""
    if method == "copy":
        return "assets" if key.endswith(".css") else "pages"
    if method == "put":
        return {"refs": "intent", "journal": "journal"}.get(key.split("/")[0], "")
    return {"delete": "removals", "load": "redirects", "flip": "edge"}.get(method, "")


def test_headers_of_a_slot_are_those_of_the_manifest(world: World) -> None:
    slot = world.publish(OLD).slot
    headers = world.store.get(f"site/{slot}/style.css").headers
    assert headers.content_type == "text/css"
    assert headers.cache_control


def test_a_page_for_what_is_not_there_lies_outside_the_slots(world: World) -> None:
    world.publish(OLD)
    assert world.store.get("site/_errors/404.html").headers.content_type.startswith("text/html")


def test_missing_bytes_stop_a_publish_and_say_what_to_do(world: World) -> None:
    first = world.publish(OLD).release
    made = world.release(NEW)
    for key in [one.key for one in world.store.list("blobs/")]:
        if world.store.get(key).data == b"c":
            world.store.delete(key)
    with pytest.raises(PublisherError, match=r"/c\.html are not in the store"):
        world.publisher().publish(made, ACTOR)
    assert world.shown() == first


def site_of(pages: int) -> dict[str, str]:
    return {f"/記事/{number}.html": f"page {number}" for number in range(pages)} | OLD


def asked(world: World, made: release.Release) -> list[tuple[str, str]]:
    """What publishing asks of the store."""
    script = Script()
    world.publisher(ScriptedStore(world.store, script)).publish(made, ACTOR)
    return script.calls


@pytest.mark.parametrize("pages", [500, 5000])
def test_publishing_costs_what_has_changed_whatever_the_size(world: World, pages: int) -> None:
    files = site_of(pages)
    world.publish(files)
    live = world.publish(files).release  # both slots that take turns are full now
    made = world.release(files | {"/記事/7.html": "edited"})

    assert {method for method, _ in asked(world, live)} <= {"get", "put"}
    assert len(asked(world, live)) <= 3
    calls = asked(world, made)
    assert world.shown() == made
    written = [key for method, key in calls if method == "copy"]
    assert [key.split("/", 2)[2] for key in written] == ["index.html", "記事/7.html"]
    # The indexes of the new release, of the slot and of those that assets are kept of; and of
    # these the parts with a page that changed. A site of 5,000 pages has 20 parts.
    assert len([key for _, key in calls if key.startswith("manifests/")]) <= 20
    assert len(calls) <= 50


def test_of_a_large_site_few_actions_are_in_memory(world: World) -> None:
    most = 0

    def watch(method: str, key: str) -> None:
        nonlocal most
        if method == "copy" and key.endswith("00.html"):
            most = max(most, sum(isinstance(held, Action) for held in gc.get_objects()))

    made = world.release(site_of(3000))
    world.publisher(ScriptedStore(world.store, Script(watch=watch))).publish(made, ACTOR)
    assert world.shown() == made
    assert 0 < most < 300


def test_after_a_write_that_fails_few_more_are_begun(world: World) -> None:
    made = world.release(site_of(3000))
    copies: list[str] = []

    def watch(method: str, key: str) -> None:
        if method == "copy":
            copies.append(key)
            if len(copies) == 100:
                _die()

    with pytest.raises(InterruptedError):
        world.publisher(ScriptedStore(world.store, Script(watch=watch))).publish(made, ACTOR)
    assert len(copies) < 500


# --------------------------------------------------------------------- the ring of slots


def test_slots_are_used_again_and_hold_nothing_of_what_they_held(world: World) -> None:
    slots = [world.publish({f"/{n}.html": str(n), f"/{n}.css": ""}).slot for n in range(12)]
    assert set(slots) <= {f"s{n}" for n in range(1, RING_SIZE + 1)}
    world.shown()
    held = {one.key.split("/", 2)[2] for one in world.store.list(f"site/{slots[-1]}/")}
    own_and_older = {f"{n}.css" for n in range(11 - ASSET_RELEASES, 12)}
    assert held == {"index.html", "11.html"} | own_and_older


def test_assets_of_earlier_releases_stay_for_three_releases_then_go(world: World) -> None:
    assert ASSET_RELEASES == 3  # a promise (docs/design.md)
    world.publish({"/gone.css": "g"})
    for number in range(1, ASSET_RELEASES + 2):
        slot = world.publish({"/n.css": str(number)}).slot
        expected = "g" if number <= ASSET_RELEASES else None
        assert world.slot_file(slot, "/gone.css") == expected, number


@pytest.mark.parametrize("path", ["/tag/news/feed.xml", "/sitemap.xml", "/a/price.pdf", "/a.zip"])
def test_what_no_page_loads_goes_with_its_release(world: World, path: str) -> None:
    """The feed of a tag has the whole text of the post that was made private."""
    world.publish({path: "非公開", "/a.css": "a"})
    slot = world.publish({"/n.css": "1"}).slot
    assert world.slot_file(slot, path) is None
    assert world.slot_file(slot, "/a.css") == "a"


def test_an_asset_that_comes_back_is_the_new_one(world: World) -> None:
    world.publish({"/style.css": "1"})
    world.publish({})
    assert world.slot_file(world.publish({"/style.css": "2"}).slot, "/style.css") == "2"


# -------------------------------------------------------------------- rollback and hold


def test_a_rollback_shows_the_previous_release_and_holds(world: World) -> None:
    first = world.publish(OLD).release
    second = world.publish(NEW).release
    outcome = world.publisher().rollback(None, ACTOR)
    assert (outcome.release, outcome.previous) == (first, second.id)
    assert world.shown() == first
    with pytest.raises(NotNow, match="on hold"):
        world.publish(NEW)
    assert world.shown() == first


def test_a_second_rollback_goes_further_back(world: World) -> None:
    first, second, third = (world.publish({"/n.html": n}).release for n in "123")
    assert world.publisher().rollback(None, ACTOR).release == second
    assert world.publisher().rollback(None, ACTOR).release == first
    with pytest.raises(PublisherError, match="no earlier release"):
        world.publisher().rollback(None, ACTOR)
    assert third.id != first.id


def test_what_was_live_before_stays_so_after_a_withdrawal(world: World) -> None:
    first = world.publish(OLD).release
    world.publish(NEW)
    third = world.release({"/n.html": "n"})  # made from the second one
    world.publisher().rollback(first, ACTOR)
    world.publisher().resume(ACTOR)
    assert world.publisher().publish(third, ACTOR).previous == first.id
    world.publisher().withdraw(SitePath("/n.html"), ACTOR)
    assert world.publisher().rollback(None, ACTOR).release == first


def test_a_rollback_to_a_release_whose_slot_was_used_again_fills_it_anew(world: World) -> None:
    first = world.publish(OLD, ("/?p=1",)).release
    for number in range(RING_SIZE + 3):
        world.publish({"/n.html": str(number)})
    outcome = world.publisher().rollback(first, ACTOR)
    assert len(outcome.plan) > 0
    assert world.shown() == first


def test_a_rollback_within_the_ring_writes_what_open_pages_need_and_nothing_else(
    world: World,
) -> None:
    first = world.publish(OLD)
    world.publish(NEW)
    plan = world.publisher().rollback(None, ACTOR).plan
    assert [(action.path, action.reason) for action in plan] == [("/new.css", "new")]
    assert world.shown() == first.release
    assert world.slot_file(first.slot, "/new.css") == "y"
    # It is known to lie there: the slot's next release but three has it no more.
    world.publisher().resume(ACTOR)
    for number in range(2 * RING_SIZE):
        world.publish({"/n.html": str(number)})
    assert world.slot_file(first.slot, "/new.css") is None


def test_a_rollback_within_the_ring_writes_no_files_if_assets_are_the_same(world: World) -> None:
    world.publish(OLD)
    world.publish(OLD | {"/a.html": "edited"})
    script = Script()
    publisher = world.publisher(ScriptedStore(world.store, script))
    assert len(publisher.rollback(None, ACTOR).plan) == 0
    assert not [key for method, key in script.calls if method == "copy"]
    # One entry is what counts; the other one says from when the old slot cools.
    assert len([key for method, key in script.calls if (method, key) == ("put", "refs/live")]) == 2


def test_resume_lets_the_next_release_through(world: World) -> None:
    for files in (OLD, NEW):
        world.publish(files)
    world.publisher().rollback(None, ACTOR)
    assert world.publisher().resume(ACTOR).hold is None
    made = world.publish(NEW).release
    assert world.shown() == made
    assert [change.action for change in world.records.journal()].count("resume") == 1
    with pytest.raises(NotNow, match="no hold"):
        world.publisher().resume(ACTOR)


def test_a_rollback_with_nothing_before_it_says_so(world: World) -> None:
    for _ in range(2):
        with pytest.raises(PublisherError, match="no earlier release"):
            world.publisher().rollback(None, ACTOR)
        if not world.shown():
            world.publish(OLD)


def test_every_change_is_in_the_journal_once(world: World) -> None:
    first = world.publish(OLD).release
    second = world.publish(NEW).release
    world.publisher().rollback(None, ACTOR)
    world.publisher().resume(ACTOR)
    for _ in range(3):
        world.publisher().repair()
    assert changes(world) == {
        ("publish", first.id): 1,
        ("publish", second.id): 1,
        ("rollback", first.id): 1,
        ("resume", first.id): 1,
    }
    assert {change.actor for change in world.records.journal()} == {ACTOR.name}


# ----------------------------------------------------------------------- two publishers


def meanwhile(world: World, wanted: str, act: Callable[[], object]) -> ScriptedStore:
    """A store in which somebody else acts just before the first call of a kind."""
    done: list[bool] = []

    def watch(method: str, key: str) -> None:
        if not done and f"{method} {key}".startswith(wanted):
            done.append(True)
            act()

    return ScriptedStore(world.store, Script(watch=watch))


def test_the_loser_of_a_race_is_told(world: World) -> None:
    world.publish(OLD)
    mine, theirs = world.release(NEW), world.release({"/theirs.html": ""})
    store = meanwhile(world, "copy site/", lambda: world.publisher().publish(theirs, ACTOR))
    with pytest.raises(LostRace, match=theirs.id):
        world.publisher(store).publish(mine, ACTOR)
    assert world.shown() == theirs
    assert changes(world)["publish", mine.id] == 0


def test_publishers_at_work_at_once_fill_different_slots(world: World) -> None:
    world.publish(OLD)
    mine, theirs = world.release(NEW), world.release({"/theirs.html": ""})
    theirs_in: list[str] = []
    store = meanwhile(
        world, "copy site/",
        lambda: theirs_in.append(world.publisher().publish(theirs, ACTOR).slot),
    )  # fmt: skip
    with pytest.raises(LostRace):
        world.publisher(store).publish(mine, ACTOR)
    filling = [n for n, slot in world.records.intent()[0].slots.items() if slot.state == "filling"]
    assert len(filling) == 1
    assert theirs_in != filling


def test_a_release_made_from_an_older_state_does_not_replace_a_newer_one(world: World) -> None:
    """Both export, then both publish: the second to publish never saw the first one's save."""
    world.publish(OLD)
    mine, theirs = world.release(NEW), world.release({"/theirs.html": ""})
    world.publisher().publish(theirs, ACTOR, onto=theirs.parent)
    with pytest.raises(LostRace):
        world.publisher().publish(mine, ACTOR, onto=mine.parent)
    assert world.shown() == theirs


def test_a_rollback_to_what_is_live_wins_over_a_publish_under_way(world: World) -> None:
    live = world.publish(OLD).release
    mine = world.release(NEW)
    store = meanwhile(world, "copy site/", lambda: world.publisher().rollback(live, ACTOR))
    with pytest.raises(LostRace):
        world.publisher(store).publish(mine, ACTOR)
    assert world.shown() == live
    assert world.records.intent()[0].hold


def test_a_rollback_never_shows_a_slot_that_another_is_filling(world: World) -> None:
    """The slot that the rollback wants to show has cooled, so a publisher may take it."""
    was = world.publish(OLD)
    first, slot = was.release, was.slot
    world.publish(NEW)

    def take() -> None:
        intent, etag = world.records.intent()
        # Not in the millisecond of the rollback's own claim: by that it would be taken for it.
        later = utc_now() + timedelta(milliseconds=1)
        world.records.move_intent(claim(intent, slot, later), etag)
        world.store.delete(f"site/{slot}/a.html")

    store = meanwhile(world, "get site/_errors", take)
    with pytest.raises(LostRace):
        world.publisher(store).rollback(first, ACTOR)
    assert world.shown() != first


def test_a_filler_that_died_blocks_nobody_and_its_slot_is_not_used_again(world: World) -> None:
    world.publish(OLD)
    dead = []
    for _ in range(RING_SIZE + 1):
        script = Script(watch=lambda method, _: _die() if method == "copy" else None)
        with pytest.raises(InterruptedError):
            world.publisher(ScriptedStore(world.store, script)).publish(world.release(NEW), ACTOR)
        slots = world.records.intent()[0].slots
        dead = [name for name, slot in slots.items() if slot.state == "filling"]
        assert world.publish(NEW).slot not in dead
        world.shown()
    assert len(dead) == RING_SIZE + 1


def test_an_old_claim_counts_as_abandoned_after_a_day(world: World, clock: Clock) -> None:
    world.publish(OLD)
    intent, etag = world.records.intent()
    world.records.move_intent(claim(intent, "s2", clock.now), etag)
    clock.now += timedelta(hours=25)
    assert world.publish(NEW).slot == "s3"
    assert world.records.intent()[0].slots["s2"].state == "abandoned"


# ------------------------------------------------------------------------------ cooling


@pytest.fixture
def slow(clock: Clock) -> World:
    """An edge whose caches may show a slot for a minute after it went out of service."""
    world = World()
    world.edge.cooling_s = 60.0
    return world


def test_a_cooling_slot_is_not_written_to(slow: World) -> None:
    slots = [slow.publish({"/n.html": str(n)}).slot for n in range(RING_SIZE)]
    assert slots == [f"s{n}" for n in range(1, RING_SIZE + 1)]


def test_while_all_slots_cool_a_publish_is_not_now(slow: World, clock: Clock) -> None:
    for number in range(RING_SIZE):
        slow.publish({"/n.html": str(number)})
    live = slow.shown()
    made = slow.release(NEW)
    with pytest.raises(NotNow, match="cooling, the next one for 60 s"):
        slow.publisher().publish(made, ACTOR, wait=False)
    assert slow.shown() == live
    clock.now += timedelta(seconds=60)
    assert slow.publisher().publish(made, ACTOR, wait=False).slot
    assert slow.shown() == made


def test_a_publish_waits_for_a_slot_to_cool(slow: World, clock: Clock) -> None:
    for number in range(RING_SIZE):
        slow.publish({"/n.html": str(number)})
        clock.now += timedelta(seconds=1)
    slow.publish(NEW)
    assert sum(clock.slept) == 56  # the first one went out of service a second after it went in
    slow.shown()


def test_a_slot_cools_from_when_the_edge_let_go_of_it(slow: World, clock: Clock) -> None:
    """Killed between intent and edge, and run again an hour later."""
    first = slow.publish(OLD)
    second = slow.release(NEW)
    script = Script(watch=lambda method, _: _die() if method == "flip" else None)
    with pytest.raises(InterruptedError):
        slow.publisher(edge=ScriptedEdge(slow.edge, script)).publish(second, ACTOR)
    assert parse_live_entry(slow.edge.entry("live")).slot == first.slot
    clock.now += timedelta(hours=1)
    third = slow.publish({"/n.html": "3"})
    assert third.slot not in (first.slot, "s2")
    assert slow.publish({"/n.html": "4"}).slot != first.slot


def test_a_slot_cools_from_when_the_edge_let_go_of_it_however_long_that_took(
    slow: World, clock: Clock
) -> None:
    """The publisher's machine stood still just before the edge was told."""
    first = slow.publish(OLD)

    def stand_still(method: str, _: str) -> None:
        if method == "flip":
            clock.now += timedelta(seconds=50)

    made = slow.release(NEW)
    edge = ScriptedEdge(slow.edge, Script(watch=stand_still))
    slow.publisher(edge=edge).publish(made, ACTOR)
    clock.now += timedelta(seconds=55)
    assert slow.publish({"/n.html": "3"}).slot != first.slot


def _die() -> None:
    raise InterruptedError


# ------------------------------------------------------------------ lost answers, crashes


def test_a_win_whose_answer_was_lost_is_not_taken_for_a_defeat(world: World) -> None:
    """The client of the store sent the write twice: the second finds the first one's etag."""
    world.publish(OLD)
    made = world.release(NEW)

    class Twice(ScriptedStore):
        def put(
            self, key: str, data: bytes, headers: Headers = PLAIN, expect: str | None = None
        ) -> str:
            super().put(key, data, headers, expect)
            if key == "refs/live" and f'"release": "{made.id}"' in data.decode().split("slots")[0]:
                raise Conflict(key)
            return ""

    outcome = world.publisher(Twice(world.store, Script())).publish(made, ACTOR)
    assert world.shown() == outcome.release == made
    assert changes(world)["publish", made.id] == 1


def test_a_crash_between_intent_and_edge_is_repaired_by_any_run(world: World) -> None:
    world.publish(OLD)
    made = world.release(NEW, ("/?p=9",))
    script = Script(watch=lambda method, _: _die() if method == "flip" else None)
    with pytest.raises(InterruptedError):
        world.publisher(edge=ScriptedEdge(world.edge, script)).publish(made, ACTOR)
    assert world.shown() != made
    world.publisher().repair()
    assert world.shown() == made


def test_a_crash_between_intent_and_journal_loses_no_record(world: World) -> None:
    world.publish(OLD)
    made = world.release(NEW)
    seen = Counter[str]()

    def watch(method: str, key: str) -> None:
        seen[f"{method} {key[:8]}"] += 1
        if seen["put journal/"]:
            _die()

    with pytest.raises(InterruptedError):
        world.publisher(ScriptedStore(world.store, Script(watch=watch))).publish(made, ACTOR)
    assert changes(world)["publish", made.id] == 0
    world.publish({"/n.html": "next"})
    assert changes(world)["publish", made.id] == 1


def test_a_store_whose_intent_is_damaged_is_not_taken_for_an_empty_one(world: World) -> None:
    world.publish(OLD)
    world.store.put("refs/live", b"{broken")
    with pytest.raises(PublisherError, match="damaged"):
        world.publisher().publish(world_release(world), ACTOR)


def test_a_store_from_before_redirects_were_a_tree_is_published_to_again(world: World) -> None:
    made = world.publish(OLD, ("?p=9",)).release
    # As it was then: a set without patterns, no head in the intent and none at the edge.
    rules = world.records.rules(made)
    blob = world.records.put_blob(msgspec.json.encode(rules.rules))
    before = msgspec.structs.replace(made, redirects=blob)
    world.store.put(f"releases/{made.id}", msgspec.json.encode(before))
    world.releases[made.id] = (before, world.releases[made.id][1])
    old = json.loads(world.store.get("refs/live").data)
    del old["redirect_head"]
    old["generation"] += 1
    world.store.put("refs/live", json.dumps(old).encode())
    world.edge.flip(LIVE, live_entry(old["generation"], old["slot"], old["redirect_set"]))
    assert world.records.rules(before) == rules
    world.publisher().publish(before, ACTOR)
    assert world.shown() == before


def world_release(world: World) -> release.Release:
    return Records(world.store).release(next(iter(world.releases)))


def test_the_plan_of_what_is_live_is_empty(world: World) -> None:
    made = world.publish(OLD).release
    assert list(world.publisher().plan(made)) == []
