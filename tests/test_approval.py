"""What somebody has to approve of goes live only then, with both names in the journal."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from publisher.approval import Approvals
from publisher.approving import approve
from publisher.designers.ownership import areas
from publisher.errors import LostRace, NotNow, PublisherError
from publisher.intake.policy import Policy
from publisher.publish import Actor, Outcome, Publisher
from publisher.records import Records
from publisher.release import Change, Release
from publisher.store.directory import DirectoryStore
from publisher.store.memory import MemoryStore
from publisher.store.port import Store
from redirects.patterns import Pattern
from redirects.rules import Rule, RuleSet
from tests.faults import FAULTS, Fault, Script, ScriptedStore
from tests.uploads import CMS_FILES, WHO, Site, html

TANAKA = Actor("tanaka", "checked with sales")


@pytest.fixture
def site() -> Site:
    return held_site(MemoryStore())


def held_site(store: Store) -> Site:
    """hanako's uploads have to be approved of, by tanaka or suzuki."""
    made = Site(store)
    made.set("hanako", needs_approval=True)
    made.approved_by("tanaka", "suzuki", "hanako", "editor")
    made.publish()
    return made


def upload(site: Site, text: str = "夏") -> Release:
    site.upload("hanako", {"campaign/index.html": html(text)})
    answer = site.one("hanako")
    assert answer.standing == "held"
    return site.records.release(answer.release)


def let_through(site: Site, release: Release, who: Actor = TANAKA) -> Outcome:
    return approve(site.records, site.publisher(), release, who, site.terms.approvals,
                   site.terms.owns)  # fmt: skip


def held_export(site: Site, files: dict[str, str]) -> Release:
    """An export that changes what gates.approval names."""
    time.sleep(0.002)  # ids sort by time, to the millisecond
    made = site.export({**CMS_FILES, **files})
    held = msgspec.structs.replace(made, held=("/prices/",))
    site.store.delete(f"releases/{made.id}")
    site.records.put_release(held)
    return held


def approved(site: Site) -> Change:
    """The one record of what was approved of: several may be of one millisecond."""
    (change,) = (one for one in site.records.journal() if one.approved_by)
    return change


def test_it_is_held_until_somebody_approves(site: Site) -> None:
    release = upload(site)
    assert release.held == ("designers.hanako.approval",)
    assert "/campaign/" not in site.shown()
    assert "/campaign/" in site.shown("preview-hanako")
    assert "承認を待っています" in site.status("hanako", "html")
    with pytest.raises(NotNow, match="has to be approved of"):
        site.publisher().publish(release, WHO)
    with pytest.raises(NotNow, match="has to be approved of"):
        site.publisher().rollback(release, WHO)
    site.publish({**CMS_FILES, "/about/": html("anew")})
    assert "/campaign/" not in site.shown()
    let_through(site, release)
    assert site.shown()["/campaign/"] == html("夏").encode()
    assert site.shown()["/about/"] == html("anew").encode()
    assert site.one("hanako").standing == "live"


def test_the_page_for_what_is_not_there_waits_for_approval_like_any_other(site: Site) -> None:
    """It lies outside of the slots: the preview of a held upload must not change it for all."""
    site.set("hanako", policy=Policy(areas(["/404.html"])))
    site.publish({**CMS_FILES, "/404.html": html("of the CMS")})
    before = site.store.get("site/_errors/404.html").data
    assert before == html("of the CMS").encode()
    site.upload("hanako", {"404.html": html("nobody saw this")})
    answer = site.one("hanako")
    assert answer.standing == "held"
    assert site.shown("preview-hanako")["/404.html"] == html("nobody saw this").encode()
    assert site.store.get("site/_errors/404.html").data == before
    let_through(site, site.records.release(answer.release))
    assert site.store.get("site/_errors/404.html").data == html("nobody saw this").encode()


def test_both_names_are_in_the_journal(site: Site) -> None:
    let_through(site, upload(site))
    change = approved(site)
    assert (change.actor, change.made_by, change.approved_by) == ("tanaka", "hanako", "tanaka")
    assert change.reason == "checked with sales"


def test_nobody_else_may(site: Site) -> None:
    release = upload(site)
    with pytest.raises(PublisherError, match=r"sato may not approve; gates\.approvers has: tanaka"):
        let_through(site, release, Actor("sato", ""))
    with pytest.raises(PublisherError, match="somebody else has to approve"):
        let_through(site, release, Actor("hanako", ""))
    assert site.records.approval(release.id) is None
    assert "/campaign/" not in site.shown()


@pytest.mark.parametrize("name", ["Tanaka", "tanaka ", "ｔａｎａｋａ", "ta\u200bnaka"])
def test_nobody_approves_of_their_own_under_another_spelling(site: Site, name: str) -> None:
    held = msgspec.structs.replace(held_export(site, {"/prices/": html("x")}), actor=name)
    with pytest.raises(PublisherError, match="somebody else has to approve"):
        let_through(site, held)


@pytest.mark.parametrize(
    "name", ["t\N{CYRILLIC SMALL LETTER A}naka", "tanak\N{GREEK SMALL LETTER ALPHA}"]
)
def test_a_name_that_only_looks_like_another_approves_of_nothing(site: Site, name: str) -> None:
    held = held_export(site, {"/prices/": html("x")})
    with pytest.raises(PublisherError, match=r"mixes two alphabets: it has .*SMALL LETTER A"):
        let_through(site, held, Actor(name, ""))
    with pytest.raises(PublisherError, match=r"the name of who made it, .* mixes two alphabets"):
        let_through(site, msgspec.structs.replace(held, actor=name))
    assert site.records.approval(held.id) is None


def test_somebody_with_a_japanese_name_approves(site: Site) -> None:
    site.approved_by("田中 Tanaka")
    let_through(site, held_export(site, {"/prices/": html("x")}), Actor("田中 Tanaka", "確認済み"))
    assert approved(site).approved_by == "田中 Tanaka"


def test_an_approval_is_of_one_upload_and_not_of_the_next(site: Site) -> None:
    """What comes after it, and needs none, is told as approved by nobody."""
    site.set("hanako", needs_approval=False)
    site.approved_by("tanaka", patterns=("/campaign/legal.html",))
    legal = {"campaign/legal.html": html("規約")}
    site.upload("hanako", {**legal, "campaign/index.html": html("夏")})
    let_through(site, site.records.release(site.one("hanako").release))
    site.upload("hanako", {**legal, "campaign/index.html": html("秋")})
    answer = site.one("hanako")
    assert answer.standing == "live"
    assert site.records.approval(answer.release) is None
    assert site.records.release(answer.release).held == ()
    assert len([one for one in site.records.journal() if one.approved_by]) == 1


def test_a_newer_upload_takes_the_place_of_an_older_one(site: Site) -> None:
    first, second = upload(site, "1"), upload(site, "2")
    with pytest.raises(NotNow, match="was replaced"):
        let_through(site, first)
    let_through(site, second)
    assert site.shown()["/campaign/"] == html("2").encode()
    with pytest.raises(NotNow, match="was replaced"):
        let_through(site, first)


@pytest.mark.parametrize("is_held", [True, False])
@pytest.mark.parametrize("kind", ["memory", "directory"])
def test_an_upload_that_comes_while_another_is_approved_loses_neither(
    kind: str, is_held: bool, tmp_path: Path
) -> None:
    """Before each single call of `approve`: it says that a newer one came, and nothing changes; or
    what it made live stays, through the next export."""
    said = set()
    before, more = 0, True
    while more:
        before += 1
        folder = tmp_path / str(before)
        site = held_site(DirectoryStore(folder) if kind == "directory" else MemoryStore())
        first = upload(site, "1")

        def newer(site: Site = site) -> None:
            site.set("hanako", needs_approval=is_held)
            site.upload("hanako", {"campaign/index.html": html("2")})
            site.one("hanako", publish=False)

        script = Script(watch=_at_call(before, newer))
        records = Records(ScriptedStore(site.store, script))
        publisher = Publisher(records, site.edge, lambda *_: None)
        try:
            approve(records, publisher, first, TANAKA, site.terms.approvals, site.terms.owns)
            replaced = ""
        except NotNow as error:
            replaced = str(error)
        if replaced:
            assert "was replaced" in replaced
            assert "/campaign/" not in site.shown()
            assert site.records.approval(first.id) is None
            with pytest.raises(NotNow, match="has to be approved of"):
                site.publisher().publish(first, WHO)
            said.add("replaced")
        else:
            assert site.shown()["/campaign/"] in (html("1").encode(), html("2").encode())
            said.add("live")
        more = len(script.calls) >= before
        if more and is_held:
            now = site.shown().get("/campaign/")
            site.publish({**CMS_FILES, "/about/": html("next")})
            assert site.shown().get("/campaign/") == now
            assert site.state("hanako").held not in ("", first.id)
            let_through(site, site.records.release(site.state("hanako").held))
        elif more:
            site.publish({**CMS_FILES, "/about/": html("next")})
        if more:
            assert site.shown()["/campaign/"] == html("2").encode()
    assert said == {"replaced", "live"}


def approve_by(script: Script, site: Site, release: Release) -> None:
    """An approval beside a store in which something goes wrong."""
    records = Records(ScriptedStore(site.store, script))
    publisher = Publisher(records, site.edge, lambda *_: None)
    with suppress(PublisherError):
        approve(records, publisher, release, TANAKA, site.terms.approvals, site.terms.owns)


@pytest.mark.parametrize("is_held", [True, False])
@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_killed_approval_left_behind_lets_nothing_through_that_was_replaced(
    fault: Fault, is_held: bool
) -> None:
    """At each single call of `approve`. Either it was not approved of, or it was accepted, too:
    then it stays through the next export."""
    passed = set()
    number, more = 0, True
    while more:
        number += 1
        site = held_site(MemoryStore())
        first = upload(site, "1")
        script = Script(fail_at=number, fault=fault, dead=True)
        approve_by(script, site, first)
        more = len(script.calls) >= number
        was_accepted = site.state("hanako").approved == first.id
        site.set("hanako", needs_approval=is_held)
        site.upload("hanako", {"campaign/index.html": html("2")})
        newer = site.one("hanako", publish=False)
        assert newer.standing == ("held" if is_held else "waiting")
        script.land()
        if was_accepted:
            site.publisher().publish(first, WHO)
            assert site.shown()["/campaign/"] == html("1").encode()
        else:
            with pytest.raises(NotNow, match="has to be approved of"):
                site.publisher().publish(first, WHO)
            assert "/campaign/" not in site.shown()
        passed.add(was_accepted)
        site.publish({**CMS_FILES, "/about/": html("next")})
        text = "2" if not is_held else "1" if was_accepted else ""
        assert site.shown().get("/campaign/") == (html(text).encode() if text else None)
    assert passed == {True, False}


def test_an_approval_that_was_killed_after_the_upload_was_accepted_keeps_its_name() -> None:
    """At each single call: where the upload is accepted, the next run makes it live by the release
    that was approved of, and the journal has both names."""
    finished = set()
    number, more = 0, True
    while more:
        number += 1
        site = held_site(MemoryStore())
        first = upload(site, "1")
        script = Script(fail_at=number, dead=True)
        approve_by(script, site, first)
        more = len(script.calls) >= number
        was_accepted = bool(site.state("hanako").approved)
        if was_accepted:
            assert site.one("hanako").standing == "live"
            assert (approved(site).made_by, approved(site).approved_by) == ("hanako", "tanaka")
            assert site.records.approval(first.id) is not None
        else:
            assert site.one("hanako").standing == "held"
        finished.add(was_accepted)
        let_through(site, first, Actor("suzuki", "again"))
        assert site.shown()["/campaign/"] == html("1").encode()
        assert approved(site).approved_by == ("tanaka" if was_accepted else "suzuki")
    assert finished == {True, False}


def _at_call(number: int, act: Callable[[], None]) -> Callable[[str, str], None]:
    left = [number]

    def watch(_method: str, _key: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            act()

    return watch


def test_the_same_upload_is_held_once(site: Site) -> None:
    release = upload(site)
    again = site.one("hanako")
    assert (again.release, again.is_new) == (release.id, False)


def test_approving_twice_is_approving(site: Site) -> None:
    release = upload(site)
    assert let_through(site, release).slot
    assert not let_through(site, release).slot
    assert site.one("hanako").is_new is False


def test_an_upload_that_is_taken_back_is_held_no_more(site: Site) -> None:
    site.upload("hanako", {"campaign/index.html": html("1")})
    let_through(site, site.records.release(site.one("hanako").release))
    first = upload(site, "2")
    site.upload("hanako", {"campaign/index.html": html("1")})
    assert site.one("hanako").standing == "live"
    with pytest.raises(NotNow, match="was replaced"):
        let_through(site, first)


def test_approved_under_a_hold_it_goes_live_after_it(site: Site) -> None:
    site.publish({**CMS_FILES, "/about/": html("2")})
    site.publisher().rollback(None, WHO)
    release = upload(site)
    with pytest.raises(NotNow, match="on hold"):
        let_through(site, release)
    site.publisher().resume(WHO)
    assert site.one("hanako").standing == "live"
    change = approved(site)
    assert change.approved_by == "tanaka"


def test_paths_may_have_to_be_approved_of_whoever_changes_them(site: Site) -> None:
    site.approved_by("tanaka", patterns=("/lp/prices*",))
    site.upload("taro", {"lp/index.html": html("lp")})
    assert site.one("taro").standing == "live"
    site.upload("taro", {"lp/index.html": html("lp"), "lp/prices.html": html("1200 円")})
    answer = site.one("taro")
    assert answer.standing == "held"
    release = site.records.release(answer.release)
    assert release.held == ("/lp/prices.html",)
    let_through(site, release)
    assert "/lp/prices.html" in site.shown()


def test_an_export_that_was_held_goes_onto_what_designers_did_since(site: Site) -> None:
    release = held_export(site, {"/prices/": html("1200 円")})
    site.upload("taro", {"lp/index.html": html("lp")})
    assert site.one("taro").standing == "live"
    assert "/prices/" not in site.shown()
    let_through(site, release)
    assert {"/prices/", "/lp/"} <= site.shown().keys()
    change = approved(site)
    assert (change.made_by, change.approved_by) == ("editor", "tanaka")


def test_an_older_export_is_not_let_through(site: Site) -> None:
    first = held_export(site, {"/prices/": html("1")})
    second = held_export(site, {"/prices/": html("2")})
    with pytest.raises(NotNow, match=second.id):
        let_through(site, first)
    with pytest.raises(PublisherError, match="somebody else"):
        let_through(site, second, Actor("editor", ""))
    let_through(site, second)
    assert site.shown()["/prices/"] == html("2").encode()


def test_an_export_that_others_overtook_has_to_be_made_anew(site: Site) -> None:
    site.publish({**CMS_FILES, "/about/": html("0")})
    parent = site.live()
    release = held_export(site, {"/prices/": html("1")})
    site.publish({**CMS_FILES, "/about/": html("2")})
    site.store.delete(*[f"releases/{name}" for name in site.records.release_ids()
                        if name > release.id and name != site.live().id])  # fmt: skip
    assert parent.id != site.live().id
    with pytest.raises((LostRace, NotNow)):
        let_through(site, release)
    assert "/prices/" not in site.shown()


def test_what_needs_no_approval_can_not_be_approved(site: Site) -> None:
    with pytest.raises(NotNow, match="needs no approval"):
        let_through(site, site.live())


def test_paths_are_watched_by_pattern() -> None:
    watch = Approvals(("/prices/*", "/legal.html")).watch()
    for path in ("/", "/prices/", "/prices/2026/", "/legal.html", "/legal.html5"):
        watch.note(path)
    assert watch.reasons == ["/prices/", "/prices/2026/", "/legal.html"]
    every = Approvals(("*",)).watch()
    every.note("/")
    assert every.reasons == ["/"]
    none = Approvals().watch()
    none.note("/")
    assert none.reasons == []


def test_what_only_changes_redirects_is_watched_too(site: Site) -> None:
    """The folder's slash is a redirect that an upload brings along."""
    site.approved_by("tanaka", patterns=("/lp",))
    site.upload("taro", {"lp/index.html": html("lp")})
    answer = site.one("taro")
    assert answer.standing == "held"
    assert site.records.release(answer.release).held == ("/lp",)


PRICES = ("/prices/*", "/legal.html", "/会社/*")


@pytest.mark.parametrize(
    ("before", "after", "reasons"),
    [
        ([], [Rule("/prices/2025.html", 301, "/prices/")], ["/prices/2025.html"]),
        ([Rule("/legal.html", 302, "/a/")], [], ["/legal.html"]),
        ([Rule("/legal.html", 302, "/a/")], [Rule("/legal.html", 301, "/a/")], ["/legal.html"]),
        (
            [],
            [Rule("/legal.html", 301, "/a/", language="en"), Rule("/legal.html", 301, "/b/")],
            ["/legal.html"],
        ),
        ([Rule("/legal.html", 302, "/a/", origin="1")], [Rule("/legal.html", 302, "/a/")], []),
        ([], [Rule("/old.html", 301, "/prices/")], []),
        ([], [Rule("?p=12", 301, "/prices/")], []),
        ([], [Pattern("/prices/{id:int}", 301, "/a/{id}")], ["/prices/{id:int}"]),
        ([], [Pattern("/会社/*", 301, "/about/*")], ["/会社/*"]),
        ([Pattern("/{any}.html", 301, "/a/")], [], ["/{any}.html"]),
        ([], [Pattern("/price/*", 301, "/a/*"), Pattern("/archives/{id:int}", 301, "/a/")], []),
        (
            [Pattern("/prices/*", 301, "/a/*"), Pattern("/{any}/x", 301, "/b/")],
            [Pattern("/{any}/x", 301, "/b/"), Pattern("/prices/*", 301, "/a/*")],
            ["/{any}/x", "/prices/*"],
        ),
    ],
)
def test_redirects_are_watched_by_the_path_they_start_from(
    before: list[Rule | Pattern], after: list[Rule | Pattern], reasons: list[str]
) -> None:
    def of(given: list[Rule | Pattern]) -> RuleSet:
        return RuleSet(
            tuple(one for one in given if isinstance(one, Rule)),
            tuple(one for one in given if isinstance(one, Pattern)),
        )

    watch = Approvals(PRICES).watch()
    watch.note_redirects(of(before), of(after))
    assert watch.reasons == reasons
    none = Approvals().watch()
    none.note_redirects(of(before), of(after))
    assert none.reasons == []


def test_where_all_is_watched_each_redirect_counts_but_not_where_it_is_written_down() -> None:
    plain = RuleSet((Rule("/a", 301, "/"), Rule("?p=12", 301, "/")))
    noted = RuleSet((Rule("/a", 301, "/", origin="1"), Rule("?p=12", 301, "/", origin="2")))
    watch = Approvals(("*",)).watch()
    watch.note_redirects(plain, noted)
    assert watch.reasons == []
    watch.note_redirects(RuleSet(), plain)
    assert watch.reasons == ["/a", "?p=12"]
