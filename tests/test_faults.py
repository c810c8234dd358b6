"""Whatever call to the store or the edge fails, and however: what visitors get is one whole
release, the old or the new one, and running it again finishes the job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from publisher.errors import NotNow, PublisherError
from publisher.paths import SitePath
from publisher.publish import Audience, Publisher
from publisher.release import Release, utc_now
from redirects.compile import parse_live_entry
from tests.faults import FAULTS, Fault, Script, ScriptedEdge, ScriptedStore
from tests.sites import ACTOR, World

OLD = {"/a.html": "a", "/b.html": "b", "/style.css": "old", "/only-old.css": "x", "/日本/": "日"}
NEW = {"/a.html": "a2", "/c.html": "c", "/style.css": "new", "/new.css": "y", "/日本/": "日"}
BAD = SitePath("/日本/")
SPRING = "preview-spring"


@dataclass(frozen=True)
class Act:
    """Something that changes what can be seen: what must be there before, how it is done, how many
    calls it makes at least, and what is withdrawn before and after it."""

    prepare: Callable[[World], object]
    do: Callable[[World, Publisher], object]
    calls_min: int
    target: str = "live"
    gone_before: tuple[str, ...] = ()
    gone_after: tuple[str, ...] = ()


def newest(world: World) -> Release:
    return list(world.releases.values())[-1][0]


def oldest(world: World) -> Release:
    return next(iter(world.releases.values()))[0]


def preview(world: World, publisher: Publisher) -> object:
    return publisher.publish(newest(world), ACTOR, audience=Audience(utc_now() + timedelta(days=7)))


ACTS = {
    "publish": Act(
        lambda world: world.release(NEW, ("/?p=3",)),
        lambda world, publisher: publisher.publish(newest(world), ACTOR),
        calls_min=35,
    ),
    "rollback": Act(
        lambda _: None,
        lambda world, publisher: publisher.rollback(oldest(world), ACTOR),
        calls_min=25,
    ),
    "resume": Act(
        lambda world: world.publisher().rollback(oldest(world), ACTOR),
        lambda _, publisher: publisher.resume(ACTOR),
        calls_min=8,
    ),
    "withdraw": Act(
        lambda _: None,
        lambda _, publisher: publisher.withdraw(BAD, ACTOR),
        calls_min=18,
        gone_after=(BAD,),
    ),
    "restore": Act(
        lambda world: world.publisher().withdraw(BAD, ACTOR),
        lambda _, publisher: publisher.restore(BAD, ACTOR),
        calls_min=30,
        gone_before=(BAD,),
    ),
    "preview": Act(
        lambda world: preview(world, on(world, Script(), SPRING)), preview, 30, target=SPRING
    ),
}


def on(world: World, script: Script, target: str = "live") -> Publisher:
    """A publisher whose calls go by a script."""
    return world.publisher(
        ScriptedStore(world.store, script), ScriptedEdge(world.edge, script), target
    )


def prepared(act: Act) -> World:
    """Two releases are live or were, in two slots; a third would go to the older one's."""
    world = World()
    world.edge.cooling_s = 0.0
    world.publish(OLD, ("/?p=1",))
    world.publish(OLD | {"/d.html": "d"}, ("/?p=1", "/?p=2"))
    act.prepare(world)
    if act.target != "live":
        world.release(NEW, ("/?p=3",))
    return world


def seen(world: World, act: Act) -> Release:
    """What can be seen, checked as a whole, in the state before the act or after it."""
    try:
        shown = world.shown(act.target, act.gone_after)
    except AssertionError:
        shown = world.shown(act.target, act.gone_before)
    assert shown
    return shown


def has_assets_of(world: World, act: Act, release: Release) -> None:
    """Who has a page of this release open finds its assets."""
    slot = parse_live_entry(world.edge.entry(act.target)).slot
    for path in world.releases[release.id][1]:
        if path.endswith(".css"):
            assert world.slot_file(slot, path) is not None, f"{path} of {release.id} in {slot}"


def guarded(world: World, act: Act, script: Script) -> None:
    """No file of a slot that can be seen is ever written; only what is withdrawn goes."""

    def watch(method: str, key: str) -> None:
        if method in ("put", "copy", "delete") and key.startswith(("site/s", "site/p")):
            slot = key.split("/")[1]
            shown = {parse_live_entry(world.edge.entry(act.target)).slot}
            shown |= {world.records.intent(act.target)[0].slot}
            assert slot not in shown or (method == "delete" and key.endswith(BAD.key))

    script.watch = watch


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("dead", [False, True], ids=["goes-on", "dies"])
@pytest.mark.parametrize("name", ACTS)
def test_no_failure_shows_a_part_or_loses_the_change(name: str, dead: bool, fault: Fault) -> None:
    act = ACTS[name]
    clean = Script()
    world = prepared(act)
    before = len(list(world.records.journal()))
    act.do(world, on(world, clean, act.target))
    made = world.shown(act.target, act.gone_after)
    assert made
    counted = Counter(one.action for one in world.records.journal())
    assert len(clean.calls) >= act.calls_min
    for fail_at in range(1, len(clean.calls) + 1):
        world = prepared(act)
        old = seen(world, act)
        script = Script(fail_at, fault, dead)
        guarded(world, act, script)
        try:
            act.do(world, on(world, script, act.target))
        except PublisherError as error:
            assert str(error)  # noqa: PT017 - not every fault is an error: a journal's
        now = seen(world, act)
        assert name_of(world, now) in (name_of(world, old), target_of(world, act, name))
        if act.target == "live":
            has_assets_of(world, act, old)
        script.watch = lambda *_: None
        _runs_again(world, act, name)
        script.land()
        _runs_again(world, act, name)
        assert len(list(world.records.journal())) - before <= counted.total() + 2
    print(f"{name}, {fault}{', dies' if dead else ''}: {len(clean.calls)} fault points")


def name_of(world: World, release: Release) -> str:
    """Releases of different worlds are told apart by when they were made."""
    return str(list(world.releases).index(release.id))


def target_of(world: World, act: Act, name: str) -> str:
    match name:
        case "publish" | "preview":
            return name_of(world, newest(world))
        case "rollback":
            return name_of(world, oldest(world))
        case _:
            return name_of(world, seen(world, act))


def _runs_again(world: World, act: Act, name: str) -> None:
    try:
        act.do(world, world.publisher(target=act.target))
    except NotNow:
        assert name in ("resume", "restore")  # it was done before
    shown = world.shown(act.target, act.gone_after)
    assert shown
    assert name_of(world, shown) == target_of(world, act, name)
    intent, _ = world.records.intent(act.target)
    assert intent.release == shown.id
    assert intent.change in list(world.records.journal())
    assert (intent.hold is not None) == (name == "rollback")
    if name == "withdraw":
        assert not [one for one in world.store.list("site/") if one.key.endswith(BAD.key)]
