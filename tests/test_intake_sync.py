"""What designers upload becomes part of the site: whole, once, and by the rules."""

from __future__ import annotations

import contextlib
import json
import os
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import boto3
import pytest

from publisher import ahead
from publisher.collect import Collector
from publisher.designers.names import folder
from publisher.errors import BadKey, EdgeError, LostRace, PublisherError, StoreError, Unreadable
from publisher.intake.notice import text_of
from publisher.intake.policy import Policy
from publisher.paths import SitePath
from publisher.publish import Actor, Audience
from publisher.release import utc_now
from publisher.retention import Keep
from publisher.store.directory import DirectoryStore
from publisher.store.memory import MemoryStore
from publisher.store.port import Listed, Object
from redirects.compile import password_digest
from redirects.rules import Rule
from tests.faults import FAULTS, Fault, Script, ScriptedEdge, ScriptedStore
from tests.machines import Place
from tests.uploads import CMS_FILES, WHO, Site, html

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes((0, 0, 0, 9, 0, 0, 0, 7)) + b"\x08\x06\0\0\0"
CAMPAIGN: dict[str, str | bytes] = {
    "campaign/index.html": html("夏", '<img src="夏.png"><a href="/about/">x</a>'),
    "campaign/夏.png": PNG,
    "campaign/a/b.html": html("b"),
}


@pytest.fixture
def site() -> Site:
    """A site with a CMS's release live."""
    made = Site()
    made.publish()
    return made


def test_an_upload_goes_live_whole_and_byte_for_byte(site: Site) -> None:
    site.upload("hanako", {**CAMPAIGN, "campaign/.DS_Store": "x"})
    answer = site.one("hanako")
    assert answer.standing == "live"
    shown = site.shown()
    for name, body in CAMPAIGN.items():
        path = f"/{name}".removesuffix("index.html")
        assert shown[path] == (body.encode() if isinstance(body, str) else body)
    assert shown["/about/"] == CMS_FILES["/about/"].encode()
    assert "/campaign/.DS_Store" not in shown
    assert site.live().pages == 4
    said = json.loads(site.status("hanako"))
    assert (said["status"], said["release"]) == ("live", site.live().id)
    assert said["live_since"]


def test_what_has_not_changed_makes_no_release_and_writes_nothing(site: Site) -> None:
    site.upload("hanako", CAMPAIGN)
    site.sync()
    script = Script()
    slept: list[float] = []
    before = site.records.release_ids()
    done = site.sync(store=ScriptedStore(site.store, script), sleep=slept.append)
    assert [(one.standing, one.is_new) for one in done.answers] == [("live", False),
                                                                   ("empty", False)]  # fmt: skip
    assert site.records.release_ids() == before
    assert [call for call in script.calls if call[0] in ("put", "copy", "delete")] == []
    assert [key for method, key in script.calls if method == "get" and "/campaign/" in key] == []
    # Only taro's folder, in which nothing ever was, is waited for.
    assert len(slept) <= 1


def test_two_designers_who_wait_for_a_publish_make_no_release_at_each_look(site: Site) -> None:
    site.upload("hanako", CAMPAIGN)
    site.upload("taro", {"lp/index.html": html("lp")})
    site.sync(publish=False)
    site.sync(publish=False)  # hanako's preview gets what taro has
    made = site.records.release_ids()
    script = Script()
    done = site.sync(publish=False, store=ScriptedStore(site.store, script))
    assert not [call for call in script.calls if call[0] in ("put", "copy", "delete")]
    assert [one.standing for one in done.answers] == ["waiting", "waiting"]
    assert site.records.release_ids() == made


def test_an_export_keeps_what_designers_uploaded(site: Site) -> None:
    site.upload("hanako", CAMPAIGN)
    site.sync()
    site.publish({**CMS_FILES, "/about/": html("about us, anew")})
    shown = site.shown()
    assert shown["/about/"] == html("about us, anew").encode()
    assert shown["/campaign/夏.png"] == PNG
    assert site.one("hanako").standing == "live"


def test_an_export_that_an_upload_overtook_goes_live_with_it(site: Site) -> None:
    export = site.export({**CMS_FILES, "/about/": html("anew")})
    site.upload("hanako", CAMPAIGN)
    site.sync("hanako")
    ahead.publish(site.records, site.publisher(), export, WHO, site.terms.owns)
    assert site.shown()["/about/"] == html("anew").encode()
    assert site.shown()["/campaign/夏.png"] == PNG


def test_an_export_that_another_overtook_says_so(site: Site) -> None:
    export = site.export({**CMS_FILES, "/about/": html("slower")})
    site.publish({**CMS_FILES, "/about/": html("faster")})
    site.upload("hanako", CAMPAIGN)
    site.sync("hanako")
    with pytest.raises(LostRace, match="another export went live"):
        ahead.publish(site.records, site.publisher(), export, WHO, site.terms.owns)
    assert site.shown()["/about/"] == html("faster").encode()


def test_a_file_that_is_taken_away_goes(site: Site) -> None:
    site.upload("hanako", CAMPAIGN)
    site.sync()
    site.upload("hanako", {name: CAMPAIGN[name] for name in list(CAMPAIGN)[:2]})
    assert site.one("hanako").standing == "live"
    assert "/campaign/a/b.html" not in site.shown()
    assert "/campaign/" in site.shown()


def test_without_a_release_there_is_nothing_to_add_to() -> None:
    with pytest.raises(PublisherError, match="no release yet"):
        Site().sync()


def test_two_designers_and_the_cms_beside_each_other(site: Site) -> None:
    site.upload("hanako", CAMPAIGN)
    site.upload("taro", {"lp/index.html": html("lp", '<img src="/campaign/夏.png">')})
    done = site.sync()
    assert [one.standing for one in done.answers] == ["live", "live"]
    assert {"/campaign/", "/lp/", "/about/"} <= site.shown().keys()
    assert {one.designer for one in site.live().layers} == {"hanako", "taro"}


# --------------------------------------------------------------------------- ownership


def test_who_has_a_path_is_configured_and_told(site: Site) -> None:
    site.upload("hanako", {"index.html": html("mine")})
    answer = site.one("hanako")
    assert site.shown()["/"] == html("mine").encode()
    assert [one.code for one in answer.remarks] == ["over-cms"]
    site.set("hanako", over_cms=False)
    answer = site.one("hanako")
    assert site.shown()["/"] == CMS_FILES["/"].encode()
    assert [one.code for one in answer.remarks] == ["under-cms"]


def test_the_cms_page_comes_back_when_a_designers_goes(site: Site) -> None:
    site.upload("hanako", {"index.html": html("mine"), "campaign/a.css": "a{}"})
    site.sync("hanako")
    site.upload("hanako", {"campaign/a.css": "a{}"})
    assert site.one("hanako", overrides={"lost-pages": "over"}).standing == "live"
    assert site.shown()["/"] == CMS_FILES["/"].encode()


def test_a_path_that_is_not_theirs_any_more_goes_with_the_next_release(site: Site) -> None:
    site.upload("hanako", {**CAMPAIGN, "index.html": html("mine")})
    site.sync("hanako")
    own = site.terms.designers["hanako"].policy.areas
    site.set("hanako", policy=Policy(own[:1]))
    site.publish()
    assert site.shown()["/"] == CMS_FILES["/"].encode()
    assert "/campaign/" in site.shown()
    assert site.one("hanako").standing == "refused"


def test_what_somebody_uploaded_who_is_gone_stays(site: Site) -> None:
    site.upload("hanako", CAMPAIGN)
    site.sync("hanako")
    del site.terms.designers["hanako"]  # type: ignore[attr-defined]
    site.publish()
    assert "/campaign/" in site.shown()


def test_a_page_wins_over_a_redirect_and_a_folder_gets_its_slash() -> None:
    site = Site()
    site.publish(rules=[Rule("/campaign/", 301, "/about/"), Rule("?p=1", 301, "/about/"),
                        Rule("/lp", 301, "/about/")])  # fmt: skip
    site.upload("hanako", CAMPAIGN)
    site.upload("taro", {"lp/index.html": html("lp")})
    site.sync()
    found = {rule.source: rule.target for rule in site.records.rules(site.live()).rules}
    assert found == {"/campaign": "/campaign/", "/lp": "/about/", "?p=1": "/about/"}
    site.upload("hanako", {"campaign/a.css": "a{}"})
    site.sync("hanako", overrides={"lost-pages": "over"})
    found = {rule.source: rule.target for rule in site.records.rules(site.live()).rules}
    assert found == {"/campaign/": "/about/", "/lp": "/about/", "?p=1": "/about/"}


# ------------------------------------------------------------------------- consistency


def test_nothing_is_taken_while_files_still_come(site: Site) -> None:
    site.upload("hanako", {"campaign/a.css": "a{}"})
    coming = [f"campaign/{number}.css" for number in range(5)]

    def sleep(_: float) -> None:
        if coming:
            site.store.put(folder("hanako") + coming.pop(), b"b{}")

    answer = site.one("hanako", sleep=sleep)
    assert answer.standing == "live"
    assert answer.files == 6


def test_an_upload_that_never_ends_is_left_for_another_time(site: Site) -> None:
    site.upload("hanako", {"campaign/a.css": "a{}"})
    numbers = iter(range(10_000))

    def sleep(_: float) -> None:
        site.store.put(folder("hanako") + "campaign/a.css", str(next(numbers)).encode())

    assert site.one("hanako", sleep=sleep).standing == "uploading"
    assert "/campaign/a.css" not in site.shown()
    assert json.loads(site.status("hanako"))["status"] == "uploading"


class _Changing(MemoryStore):
    """Something is written at each read of an upload."""

    def __init__(self, method: str) -> None:
        super().__init__()
        self.method, self.count = method, 0

    def get(self, key: str) -> Object:
        found = super().get(key)
        if self.method and key.startswith("uploads/") and "_status" not in key:
            self.count += 1
            match self.method:
                case "add":
                    self.put(folder("hanako") + f"campaign/{self.count}.css", b"new{}")
                case "replace":
                    self.put(key, b"b{}")
                case "delete":
                    self.delete(folder("hanako") + "campaign/z.css")
        return found


@pytest.mark.parametrize("method", ["add", "replace", "delete"])
def test_half_of_a_change_is_never_taken(method: str) -> None:
    store = _Changing("")
    site = Site(store)
    site.publish()
    site.upload("hanako", {"campaign/a.css": "a{}", "campaign/z.css": "z{}"})
    store.method = method
    assert site.one("hanako").standing == "uploading"
    assert not [path for path in site.shown() if path.startswith("/campaign")]
    store.method = ""
    assert site.one("hanako").standing == "live"


def test_a_marker_says_that_an_upload_is_whole(site: Site) -> None:
    site.set("hanako", marker="done.txt")
    site.upload("hanako", CAMPAIGN)
    assert site.one("hanako").standing == "uploading"
    site.store.put(folder("hanako") + "done.txt", b"")
    answer = site.one("hanako", sleep=lambda _: pytest.fail("there is nothing to wait for"))
    assert answer.standing == "live"
    assert "/done.txt" not in site.shown()
    site.store.put(folder("hanako") + "campaign/new.css", b"a{}")
    assert site.one("hanako").standing == "uploading"


def test_two_runs_at_once_end_with_the_upload_live(site: Site) -> None:
    site.upload("hanako", CAMPAIGN)
    meet = threading.Barrier(2)
    ends: list[str] = []

    def run() -> None:
        intake = site.intake()
        meet.wait(30)
        ends.append(intake.run(("hanako",)).answers[0].standing)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert ends == ["live", "live"]
    assert site.shown()["/campaign/夏.png"] == PNG
    accepted = site.state("hanako").accepted
    assert accepted
    assert [one.layer for one in site.live().layers] == [accepted.layer]


@pytest.mark.parametrize("fault", FAULTS)
def test_killed_anywhere_the_next_run_finishes(fault: Fault) -> None:
    for number in range(1, 400):
        site = Site()
        site.publish()
        site.upload("hanako", CAMPAIGN)
        script = Script(fail_at=number, fault=fault, dead=True)
        with contextlib.suppress(StoreError, EdgeError):
            site.sync("hanako", store=ScriptedStore(site.store, script),
                      edge=ScriptedEdge(site.edge, script))  # fmt: skip
        shown = {path for path in site.shown() if path.startswith("/campaign")}
        whole = {f"/{name}".removesuffix("index.html") for name in CAMPAIGN}
        assert shown in (set(), whole), number
        script.land()
        assert site.one("hanako").standing == "live", number
        assert site.shown()["/campaign/夏.png"] == PNG
        if len(script.calls) < number:
            assert number > 30
            return
    pytest.fail("it never ended")


# ----------------------------------------------------------------------- refusals, gates


def test_a_refused_upload_changes_nothing_and_says_why(site: Site) -> None:
    site.upload("hanako", CAMPAIGN)
    site.sync("hanako")
    before = site.live()
    site.upload("hanako", {**CAMPAIGN, "campaign/x.php": "x", "campaign/a/b.html": html("new")})
    done = site.sync("hanako")
    assert [one.standing for one in done.answers] == ["refused"]
    assert site.live() == before
    said = json.loads(site.status("hanako"))
    assert [(one["code"], one["file"]) for one in said["refusals"]] == [
        ("server-file", "campaign/x.php")
    ]
    assert said["live_since"]
    assert "サーバー用のファイルです" in site.status("hanako", "html")
    script = Script()
    assert site.one("hanako", store=ScriptedStore(site.store, script)).standing == "refused"
    assert [key for method, key in script.calls if method == "get" and "/campaign/" in key] == []
    site.upload("hanako", {**CAMPAIGN, "campaign/a/b.html": html("new")})
    assert site.one("hanako").standing == "live"
    assert site.shown()["/campaign/a/b.html"] == html("new").encode()


def test_what_was_missing_is_looked_for_again_when_the_site_has_changed(site: Site) -> None:
    site.upload("hanako", {"campaign/index.html": html("x", '<img src="/later.png">')})
    assert site.one("hanako").standing == "refused"
    site.publish({**CMS_FILES, "/later.png": "png"})
    assert site.one("hanako").standing == "live"


def _pages(count: int) -> dict[str, str | bytes]:
    return {f"campaign/{number}.html": html(str(number)) for number in range(count)}


def test_a_folder_that_is_gone_by_accident_is_caught(site: Site) -> None:
    site.upload("hanako", _pages(10))
    site.sync("hanako")
    site.upload("hanako", {name.replace("campaign/", "campaign/moved/"): body
                           for name, body in _pages(10).items()})  # fmt: skip
    answer = site.one("hanako")
    assert {one.code for one in answer.remarks} == {"gate:lost-pages"}
    assert "/campaign/1.html" in site.shown()
    answer = site.one("hanako", overrides={"lost-pages": "moved on purpose"})
    assert answer.standing == "live"
    assert [one.gate for one in site.live().overrides] == ["lost-pages"]


def test_an_emptied_folder_is_caught_whatever_was_in_it(site: Site) -> None:
    for files in ({"campaign/index.html": html("x")}, {"campaign/a.css": "a{}"}):
        site.upload("hanako", files)
        site.sync("hanako", overrides={"lost-pages": "for the test"})
        site.upload("hanako", {})
        assert site.one("hanako").standing == "refused"
        assert [path for path in site.shown() if path.startswith("/campaign")]
        done = site.one("hanako", overrides={"lost-pages": "the campaign is over"})
        assert done.standing == "live"
        assert not [path for path in site.shown() if path.endswith("/campaign/")]


def test_a_designer_is_told_of_lost_pages_in_their_own_words(site: Site) -> None:
    """The gate speaks of exports, of the CMS and of its own setting: none of it is theirs."""
    site.upload("hanako", CAMPAIGN)
    site.one("hanako")
    site.upload("hanako", {})
    assert site.one("hanako").standing == "refused"
    for ending in ("html", "json"):
        text = site.status("hanako", ending)
        assert "not in your folder any more" in text
        assert "元に戻してください" in text
        for foreign in ("export", "CMS lists", "gates."):
            assert foreign not in text


def test_a_designer_is_told_of_what_was_withdrawn(site: Site) -> None:
    site.upload("hanako", CAMPAIGN)
    site.one("hanako")
    site.publisher().withdraw(SitePath("/campaign/"), Actor("tanaka", "a complaint"))
    site.sync("hanako")
    notes = json.loads(site.status("hanako"))["notes"]
    assert [(one["code"], "/campaign/" in one["en"]) for one in notes] == [("withdrawn", True)]
    site.publisher().restore(SitePath("/campaign/"), WHO)
    site.sync("hanako")
    assert json.loads(site.status("hanako"))["notes"] == []


def test_a_page_without_anything_is_caught(site: Site) -> None:
    site.upload("hanako", {"campaign/index.html": "<!doctype html><title>x</title>"})
    assert {one.code for one in site.one("hanako").remarks} == {"gate:tiny-pages"}


# --------------------------------------------------------------------- previews, status


def test_what_is_not_live_yet_is_shown_on_a_preview(site: Site) -> None:
    site.upload("hanako", CAMPAIGN)
    answer = site.one("hanako", publish=False)
    assert answer.standing == "waiting"
    assert answer.preview == "https://hanako.preview.example.co.jp"
    shown = site.shown("preview-hanako")
    assert shown["/campaign/夏.png"] == PNG
    assert "/about/" in shown
    assert "/campaign/" not in site.shown()
    assert answer.preview in site.status("hanako", "html")
    again = site.one("hanako", publish=False)
    assert (again.standing, again.is_new, again.preview) == ("waiting", False, answer.preview)
    site.publish()
    assert site.one("hanako").standing == "live"


def test_a_hold_keeps_an_upload_from_going_live(site: Site) -> None:
    site.publish({**CMS_FILES, "/new/": html("new")})
    site.publisher().rollback(None, WHO)
    site.upload("hanako", CAMPAIGN)
    done = site.sync("hanako")
    assert done.answers[0].standing == "waiting"
    assert "publishing is on hold" in done.notes[0]
    site.publisher().resume(WHO)
    assert site.one("hanako").standing == "live"


# ---------------------------------------------------------------------------------- gc


def collect(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove all that nobody needs, however young."""
    monkeypatch.setattr("publisher.collect.GRACE", timedelta(0))
    Collector(site.records, None, lambda *_: None, Keep(1, 0), is_alone=True).collect()


def test_gc_keeps_what_releases_will_be_made_of(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.upload("hanako", CAMPAIGN)
    answer = site.one("hanako", publish=False)
    site.store.delete(f"releases/{answer.release}")  # what was accepted is named by no release
    collect(site, monkeypatch)
    site.publish()
    assert site.shown()["/campaign/夏.png"] == PNG


def test_gc_keeps_what_awaits_approval(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.set("taro", needs_approval=True)
    site.approved_by("tanaka")
    site.upload("taro", {"lp/index.html": html("lp")})
    held = site.one("taro").release
    # Its preview has ended, long ago.
    site.store.delete("refs/preview-taro", *(one.key for one in site.store.list("journal/")))
    site.publish({**CMS_FILES, "/about/": html("newer")})
    collect(site, monkeypatch)
    assert held in site.records.release_ids()
    site.set("taro", needs_approval=False)
    assert site.one("taro").standing == "live"
    assert site.shown()["/lp/"] == html("lp").encode()


# ------------------------------------------------------------------------- real servers


@pytest.mark.real
def test_in_a_directory_and_in_a_bucket(place: Place) -> None:
    site = Site(place.store)
    site.publish()
    site.upload("hanako", CAMPAIGN)
    assert site.one("hanako").standing == "live"
    assert site.shown()["/campaign/夏.png"] == PNG
    assert site.one("hanako").is_new is False
    site.upload("hanako", {**CAMPAIGN, "campaign/a.css": "a{}"})
    assert site.one("hanako").files == 4


@pytest.mark.real
@pytest.mark.parametrize("place", ["bucket"], indirect=True)
def test_what_the_s3_console_makes_for_a_folder_is_no_file(place: Place) -> None:
    site = Site(place.store)
    site.publish()
    bucket, _, url = place.configured.partition("/p, endpoint_url: ")
    client = boto3.client("s3", endpoint_url=url.strip("'}"))
    client.put_object(Bucket=bucket.rpartition("/")[2], Key="p/uploads/hanako/empty/", Body=b"")
    site.upload("hanako", CAMPAIGN)
    assert site.one("hanako").files == 3


class _Odd(MemoryStore):
    """A bucket in which one folder has a key that no client of ours can read."""

    def list(self, prefix: str) -> list[Listed]:  # type: ignore[override]
        if prefix == folder("hanako"):
            raise BadKey("s3://example-site", "uploads/hanako/a//\u202eb.html")
        return list(super().list(prefix))


class _Named(MemoryStore):
    """A bucket in which one folder has such a key, with the name of another folder in it."""

    def list(self, prefix: str) -> list[Listed]:  # type: ignore[override]
        if prefix == folder("taro"):
            raise BadKey("s3://example-site", "production/uploads/taro/uploads/hanako/../x.html")
        return list(super().list(prefix))


def test_such_a_name_is_told_to_whose_folder_it_is_in() -> None:
    site = Site(_Named())
    site.publish()
    site.upload("hanako", {"campaign/index.html": html("夏")})
    done = site.sync()
    assert [(one.designer, one.standing) for one in done.answers] == [
        ("hanako", "live"), ("taro", "refused"),
    ]  # fmt: skip
    assert site.sync().answers[0].standing == "live"


class _Archived(MemoryStore):
    """A bucket with an object that lies in an archive, or has a key of its writer's own."""

    def get(self, key: str) -> Object:
        if key.endswith("cold.png"):
            raise Unreadable(f"{key!r} can't be read")
        return super().get(key)


@pytest.mark.parametrize("data", [b"x", b""])
def test_an_object_that_can_not_be_read_keeps_nobody_else_out(data: bytes) -> None:
    site = Site(_Archived())
    site.publish()
    site.store.put(folder("hanako") + "campaign/cold.png", data)
    site.upload("taro", {"lp/index.html": html("lp")})
    done = site.sync()
    assert [one.standing for one in done.answers] == ["refused", "live"]
    (remark,) = done.answers[0].remarks
    assert (remark.code, remark.file) == ("unreadable", "campaign/cold.png")


def test_a_preview_asks_for_a_password_that_its_designer_alone_is_told(site: Site) -> None:
    """It shows what is not live, at a host name that can be guessed."""
    site.upload("hanako", CAMPAIGN)
    site.upload("taro", {"lp/index.html": html("lp")})
    hanako, taro = site.sync(publish=False).answers
    intent, _ = site.records.intent("preview-hanako")
    password = json.loads(site.status("hanako"))["preview_password"]
    assert re.fullmatch(r"[a-z2-9]{4}(-[a-z2-9]{4}){3}", password)
    assert intent.password == password_digest("hanako", password)
    assert password in site.status("hanako", "html")
    assert password != json.loads(site.status("taro"))["preview_password"] != ""
    assert taro.preview_password not in site.status("hanako", "html")
    text = text_of(hanako, "https://www.example.co.jp")
    assert hanako.preview in text
    assert "_status.html" in text
    assert password not in text
    # It stays the same, and an unchanged upload writes nothing for it.
    site.sync(publish=False)  # with what taro has uploaded
    before = site.records.intent("preview-hanako")
    assert before[0].password == intent.password
    site.sync(publish=False)
    assert site.records.intent("preview-hanako") == before
    site.upload("hanako", {"campaign/index.html": html("秋")})
    site.one("hanako", publish=False)
    assert json.loads(site.status("hanako"))["preview_password"] == password


def test_a_preview_that_was_opened_is_closed_again(site: Site) -> None:
    site.upload("hanako", CAMPAIGN)
    answer = site.one("hanako", publish=False)
    release = site.records.release(answer.release)
    opened = Audience(utc_now() + timedelta(days=30))
    site.publisher("preview-hanako").publish(release, WHO, audience=opened)
    assert site.records.intent("preview-hanako")[0].password == ""
    site.one("hanako", publish=False)
    assert site.records.intent("preview-hanako")[0].password != ""


def test_a_preview_on_this_machine_asks_for_nothing(site: Site) -> None:
    site.upload("hanako", CAMPAIGN)
    intake = replace(site.intake(publish=False), preview=lambda name: f"http://{name}.localhost")
    (answer,) = intake.run(["hanako"]).answers
    assert answer.preview == "http://hanako.localhost"
    assert answer.preview_password == ""
    assert site.records.intent("preview-hanako")[0].password == ""


def test_a_preview_keeps_the_password_that_it_was_given(site: Site) -> None:
    site.upload("hanako", {"campaign/index.html": html("夏")})
    answer = site.one("hanako", publish=False)
    digest = password_digest("hanako", "ひみつ")
    audience = Audience(utc_now() + timedelta(days=30), digest)
    release = site.records.release(answer.release)
    site.publisher("preview-hanako").publish(release, WHO, audience=audience)
    site.upload("hanako", {"campaign/index.html": html("秋")})
    site.one("hanako", publish=False)
    intent, _ = site.records.intent("preview-hanako")
    assert intent.release != release.id
    assert intent.password == digest
    assert json.loads(site.status("hanako"))["preview_password"] == ""
    assert "設定した担当者に聞いてください" in site.status("hanako", "html")


def test_a_name_that_can_not_be_listed_keeps_nobody_else_out() -> None:
    site = Site(_Odd())
    site.publish()
    site.upload("taro", {"lp/index.html": html("lp")})
    done = site.sync()
    assert [one.standing for one in done.answers] == ["refused", "live"]
    assert [one.code for one in done.answers[0].remarks] == ["unreadable"]


def _link_out(own: Path, secret: Path) -> None:
    (own / "campaign/秘密.txt").symlink_to(secret)


def _link_within(own: Path, secret: Path) -> None:
    (own / "campaign/秘密.txt").symlink_to(own / "campaign/index.html")


def _link_nowhere(own: Path, secret: Path) -> None:
    (own / "campaign/秘密.txt").symlink_to(secret.with_name("none"))


def _folder_link(own: Path, secret: Path) -> None:
    (own / "campaign/秘密").symlink_to(secret.parent)


def _pipe(own: Path, secret: Path) -> None:
    os.mkfifo(own / "campaign/秘密.txt")


@pytest.mark.parametrize("put", [_link_out, _link_within, _link_nowhere, _folder_link, _pipe])
def test_nothing_but_files_is_taken_from_a_folder_on_this_machine(
    put: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    """Who may write there may have no right to read what a link leads to."""
    site = Site(DirectoryStore(tmp_path / "store"))
    site.publish()
    site.upload("hanako", {"campaign/index.html": html("夏")})
    site.upload("taro", {"lp/index.html": html("lp")})
    secret = tmp_path / "elsewhere/秘密.txt"
    secret.parent.mkdir()
    secret.write_text("人に見せないもの")
    put(tmp_path / "store/uploads/hanako", secret)
    hanako, taro = site.sync().answers
    assert (hanako.standing, taro.standing) == ("refused", "live")
    (remark,) = hanako.remarks
    assert remark.file in ("campaign/秘密", "campaign/秘密.txt")
    told = {_pipe: "unreadable", _folder_link: "no-ending"}
    assert remark.code == told.get(put, "link")
    assert "人に見せないもの" not in str(site.shown())
    assert not [key for key in site.shown() if "秘密" in key]


def test_a_folder_that_becomes_a_link_while_it_is_read_is_not_gone_into(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    key = folder("hanako") + "campaign/写真/秘密.txt"
    store.put(key, b"x")
    assert store.get(key).data == b"x"
    inner = next((tmp_path / "store/uploads/hanako").rglob("秘密.txt")).parent
    secret = tmp_path / "elsewhere"
    inner.rename(secret)
    inner.symlink_to(secret)
    with pytest.raises(Unreadable, match="is a link"):
        store.get(key)


def test_the_folder_itself_may_lie_elsewhere(tmp_path: Path) -> None:
    """Who runs the site decides that: the home of an SFTP user, say."""
    site = Site(DirectoryStore(tmp_path / "store"))
    site.publish()
    home = tmp_path / "home"
    (home / "campaign").mkdir(parents=True)
    (home / "campaign/index.html").write_text(html("夏"))
    (tmp_path / "store/uploads").mkdir()
    (tmp_path / "store/uploads/hanako").symlink_to(home)
    assert site.one("hanako").standing == "live"
    assert "公開中です" in (home / "_status.html").read_text()


def test_a_link_with_the_name_of_the_answer_makes_way_for_it(tmp_path: Path) -> None:
    site = Site(DirectoryStore(tmp_path / "store"))
    site.publish()
    site.upload("hanako", {"campaign/index.html": html("夏")})
    precious = tmp_path / "precious"
    precious.write_text("x")
    (tmp_path / "store/uploads/hanako/_status.html").symlink_to(precious)
    assert site.one("hanako").standing == "live"
    assert precious.read_text() == "x"
    assert "公開中です" in site.status("hanako", "html")
