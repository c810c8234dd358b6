"""One page is taken out of everything that can be seen, at once, and nothing brings it back."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from publisher.errors import LostRace, NotNow, PublisherError
from publisher.paths import SitePath
from publisher.publish import Audience
from publisher.release import utc_now
from redirects.match import Decision, Gone, Request, Serve, decide
from tests.faults import Script, ScriptedEdge, ScriptedStore
from tests.sites import ACTOR, World

BAD = SitePath("/blog/社外秘.html")
FIRST = {BAD: "secret", "/a.html": "a", "/style.css": "css"}
SECOND = FIRST | {"/a.html": "edited"}
SPRING = "preview-spring"


@pytest.fixture
def world() -> World:
    """Two releases in two slots, the second one live. Nothing cools."""
    return prepared()


def prepared() -> World:
    world = World()
    world.edge.cooling_s = 0.0
    world.publish(FIRST, ("/?p=1",))
    world.publish(SECOND, ("/?p=1",))
    return world


def held(world: World) -> list[str]:
    """Every key that still has the page."""
    return [one.key for one in world.store.list("site/") if one.key.endswith(BAD.key)]


def decision(world: World) -> Decision:
    """What visitors of the path get."""
    return decide(world.edge.entries().get, Request("GET", BAD.url))


def test_a_page_goes_from_every_slot_and_the_edge_says_gone(world: World) -> None:
    slots = world.publisher().withdraw(BAD, ACTOR)
    assert sorted(slots) == ["s1", "s2"]
    assert held(world) == []
    assert decision(world) == Gone()
    assert world.shown(gone=[BAD])


def test_the_edge_is_told_before_files_go_and_forgets_what_it_cached(world: World) -> None:
    script = Script()
    world.publisher(ScriptedStore(world.store, script), ScriptedEdge(world.edge, script)).withdraw(
        BAD, ACTOR
    )
    order = [method for method, _ in script.calls if method in ("flip", "delete", "invalidate")]
    assert order == ["flip", "delete", "delete", "invalidate"]
    encoded = "/blog/%E7%A4%BE%E5%A4%96%E7%A7%98.html"
    assert script.calls[-1] == ("invalidate", f"/s1{encoded} /s2{encoded}")


def test_no_rollback_and_no_release_brings_it_back(world: World) -> None:
    first = next(iter(world.releases.values()))[0]
    world.publisher().withdraw(BAD, ACTOR)
    world.publisher().rollback(first, ACTOR)
    assert world.shown(gone=[BAD]) == first
    world.publisher().resume(ACTOR)
    third = world.publish(FIRST | {"/b.html": "b"}).release
    assert world.shown(gone=[BAD]) == third
    assert (held(world), decision(world)) == ([], Gone())


def test_an_old_release_that_has_to_be_filled_again_lacks_it(world: World) -> None:
    first = next(iter(world.releases.values()))[0]
    for number in range(4):
        world.publish({"/n.html": str(number)})
    assert first.id not in {slot.release for slot in world.records.intent()[0].slots.values()}
    world.publisher().withdraw(BAD, ACTOR)
    world.publisher().rollback(first, ACTOR)
    assert world.shown(gone=[BAD]) == first
    assert held(world) == []


def test_an_asset_can_be_withdrawn_and_does_not_stay_as_an_older_one(world: World) -> None:
    css = SitePath("/style.css")
    world.publisher().withdraw(css, ACTOR)
    world.publish({"/a.html": "no style any more"})  # open pages would keep it for three releases
    assert not [one for one in world.store.list("site/") if one.key.endswith("style.css")]


def test_restored_it_is_there_again_at_once(world: World) -> None:
    live = world.shown()
    world.publisher().withdraw(BAD, ACTOR)
    world.publisher().restore(BAD, ACTOR)
    assert world.shown() == live
    assert isinstance(decision(world), Serve)
    first = next(iter(world.releases.values()))[0]
    world.publisher().rollback(first, ACTOR)
    assert world.shown() == first


def test_what_is_not_withdrawn_can_not_be_restored(world: World) -> None:
    with pytest.raises(NotNow, match="not withdrawn"):
        world.publisher().restore(BAD, ACTOR)


def test_before_anything_is_live_there_is_nothing_to_withdraw() -> None:
    with pytest.raises(PublisherError, match="nothing is live"):
        World().publisher().withdraw(BAD, ACTOR)


def test_it_is_in_the_journal_once_with_the_path_and_the_reason(world: World) -> None:
    for _ in range(2):
        world.publisher().withdraw(BAD, ACTOR)
    world.publisher().restore(BAD, ACTOR)
    noted = Counter((one.action, one.path) for one in world.records.journal())
    assert (noted["withdraw", BAD], noted["restore", BAD]) == (1, 1)


def test_who_was_about_to_publish_it_loses(world: World) -> None:
    made = world.release(FIRST)

    def watch(method: str, key: str) -> None:
        if method == "load":
            script.watch = lambda *_: None
            world.publisher().withdraw(BAD, ACTOR)

    script = Script(watch=watch)
    with pytest.raises(LostRace):
        world.publisher(edge=ScriptedEdge(world.edge, script)).publish(made, ACTOR)
    assert world.shown(gone=[BAD]) != made
    world.publisher().publish(made, ACTOR)
    assert world.shown(gone=[BAD]) == made


def audience() -> Audience:
    return Audience(utc_now() + timedelta(days=7))


def test_previews_lose_it_and_new_ones_never_have_it(world: World) -> None:
    live = world.releases[world.records.intent()[0].release][0]
    world.publisher(target=SPRING).publish(live, ACTOR, audience=audience())
    assert world.shown(SPRING) == live
    for target in ("live", SPRING):
        world.publisher(target=target).withdraw(BAD, ACTOR)
    assert world.shown(SPRING, gone=[BAD]) == live
    assert held(world) == []
    world.publisher(target="preview-summer").publish(live, ACTOR, audience=audience())
    assert world.shown("preview-summer", gone=[BAD]) == live


def test_a_preview_that_is_published_meanwhile_has_not_got_it(world: World) -> None:
    live = world.releases[world.records.intent()[0].release][0]

    def watch(method: str, key: str) -> None:
        if method == "flip" and key == SPRING:
            script.watch = lambda *_: None
            world.publisher().withdraw(BAD, ACTOR)

    script = Script(watch=watch)
    world.publisher(edge=ScriptedEdge(world.edge, script), target=SPRING).publish(
        live, ACTOR, audience=audience()
    )
    assert world.shown(SPRING, gone=[BAD]) == live


def test_the_page_for_what_is_not_there_can_be_withdrawn_and_comes_back() -> None:
    page = SitePath("/404.html")
    world = World()
    world.publish({page: "社外秘"})

    def answered() -> str:
        return world.store.get("site/_errors/404.html").data.decode()

    assert answered() == "社外秘"
    told: list[str] = []
    script = Script(watch=lambda method, key: told.append(key) if method == "invalidate" else None)
    world.publisher(edge=ScriptedEdge(world.edge, script)).withdraw(page, ACTOR)
    assert "ページが見つかりません" in answered()
    assert "/_errors/404.html" in told[-1]
    world.publish({page: "社外秘", "/b.html": "b"})
    assert "社外秘" not in answered()
    world.publisher().restore(page, ACTOR)
    assert answered() == "社外秘"
