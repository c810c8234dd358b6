"""`publisher designers sync` and `approve` beside a real export, and what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from bs4 import BeautifulSoup

from publisher import cli
from publisher.demo.cms import SampleCms
from publisher.intake import notice
from publisher.intake.pictures import size_of
from publisher.intake.remark import Remark
from publisher.intake.status import document, page
from publisher.intake.sync import Answer
from publisher.store.directory import DirectoryStore
from tests.uploads import CMS_FILES, Site, html

DESIGNERS = """\
designers:
  hanako:
    paths: [/campaign/, /category/news/]
    quiet_seconds: 1
  taro:
    paths: [/lp/]
    quiet_seconds: 1
    approval: required
gates:
  approvers: [tanaka]
"""
HOSTILE = "\"><script>alert('名前')</script><img src=x onerror=alert(1)>.html"


@dataclass
class Run:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="module")
def cms() -> Iterator[str]:
    with SampleCms() as server:
        yield server.url.rstrip("/")


@pytest.fixture
def publisher(
    cms: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Run]:
    """Runs the program in this process, for a site with two designers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PUBLISHER_ACTOR", "service")
    (tmp_path / "site-config.yaml").write_text(
        f"site:\n  url: https://www.example.co.jp\ncms:\n  url: {cms}\n{DESIGNERS}"
    )

    def run(*arguments: str) -> Run:
        monkeypatch.setattr(sys, "argv", ["publisher", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Run(int(ended.value.code or 0), out, err)

    return run


def upload(folder: Path, name: str, files: dict[str, str]) -> None:
    store = DirectoryStore(folder / ".publisher")
    for key, text in files.items():
        store.put(f"uploads/{name}/{key}", text.encode())


def shown(folder: Path, path: str) -> bytes:
    """What visitors get."""
    store = DirectoryStore(folder / ".publisher")
    slot = json.loads(store.get("refs/live").data)["slot"]
    return store.get(f"site/{slot}/{path}").data


def test_a_site_of_a_cms_and_two_designers(publisher: Callable[..., Run], tmp_path: Path) -> None:
    assert publisher("designers", "sync").code == 1
    assert publisher("export", "--publish").code == 0
    before = shown(tmp_path, "category/news/index.html")
    pages = {"campaign/index.html": html("夏"), "category/news/index.html": html("news of mine")}
    upload(tmp_path, "hanako", pages)
    upload(tmp_path, "taro", {"lp/index.html": html("lp")})

    dry = publisher("designers", "sync", "--dry-run", "--json")
    assert dry.code == 0
    assert [one["status"] for one in dry.document["designers"]] == ["waiting", "held"]
    assert not (tmp_path / ".publisher/layers").exists()

    done = publisher("designers", "sync", "--publish", "--json")
    assert done.code == 0
    hanako, taro = done.document["designers"]
    assert (hanako["status"], taro["status"]) == ("live", "held")
    assert [one["code"] for one in hanako["notes"]] == ["over-cms"]
    assert done.document["published"][0]["release"] == hanako["release"]
    for name, text in pages.items():
        assert shown(tmp_path, name) == text.encode()

    # The CMS's next export keeps them, byte for byte, and says what is in both.
    exported = publisher("export", "--publish", "--full")
    assert exported.code == 0
    assert "nothing changed" in exported.out
    assert "/category/news/ is in the CMS and in a designer's upload" in exported.out
    for name, text in pages.items():
        assert shown(tmp_path, name) == text.encode()

    refused = publisher("approve", taro["release"])
    assert refused.code == 1
    assert "service may not approve; gates.approvers has: tanaka" in refused.err
    assert publisher("publish", taro["release"]).code == 5
    approved = publisher("approve", taro["release"][-6:], "--actor", "tanaka", "--json")
    assert approved.code == 0
    assert approved.document["approved"] == taro["release"]
    assert shown(tmp_path, "lp/index.html") == html("lp").encode()
    said = json.loads((tmp_path / ".publisher/uploads/taro/_status.json").read_text())
    assert (said["status"], said["release"]) == ("live", taro["release"])
    assert "made by taro, approved by tanaka" in publisher("releases", "list").out

    (tmp_path / ".publisher/uploads/hanako/category/news/index.html").unlink()
    assert publisher("designers", "sync", "hanako", "--publish").code == 0
    assert shown(tmp_path, "category/news/index.html") == before


def test_what_is_still_held_is_told_in_the_history(
    publisher: Callable[..., Run], tmp_path: Path
) -> None:
    assert publisher("export", "--publish").code == 0
    upload(tmp_path, "taro", {"lp/index.html": html("lp")})
    done = publisher("designers", "sync", "taro", "--publish", "--json")
    (answer,) = done.document["designers"]
    assert f"held {answer['release']}" in publisher("releases", "list").out
    assert publisher("approve", answer["release"], "--actor", "tanaka").code == 0
    assert "held" not in publisher("releases", "list").out


def test_a_refusal_is_told_on_the_terminal_and_in_the_folder(
    publisher: Callable[..., Run], tmp_path: Path
) -> None:
    publisher("export", "--publish")
    upload(tmp_path, "hanako", {"campaign/index.html": html("x"), "campaign/a.php": "<?php"})
    run = publisher("designers", "sync", "hanako", "--publish")
    assert run.code == 3
    assert "campaign/a.php: This is a file for servers (.php)." in run.out
    said = (tmp_path / ".publisher/uploads/hanako/_status.html").read_text()
    assert "サーバー用のファイルです（.php）" in said


def test_who_is_no_designer_is_named(publisher: Callable[..., Run]) -> None:
    run = publisher("designers", "sync", "jiro")
    assert run.code == 2
    assert "there is no designer 'jiro'; there are: hanako, taro" in run.err


def test_a_gate_is_let_through_for_who_is_named(
    publisher: Callable[..., Run], tmp_path: Path
) -> None:
    """It would be meant for one, and open for all."""
    publisher("export", "--publish")
    let = ("--override", "lost-pages", "--reason", "終わったキャンペーン")
    run = publisher("designers", "sync", "--publish", *let)
    assert run.code == 2
    assert "--override needs NAME, whose upload is let through: hanako, taro" in run.err
    upload(tmp_path, "hanako", {"campaign/index.html": html("夏")})
    assert publisher("designers", "sync", "hanako", "--publish").code == 0
    (tmp_path / ".publisher/uploads/hanako/campaign/index.html").unlink()
    assert publisher("designers", "sync", "hanako", "--publish").code == 3
    assert publisher("designers", "sync", "hanako", "--publish", *let).code == 0


def test_a_page_that_is_withdrawn_is_taken_away_where_it_comes_from(
    publisher: Callable[..., Run], tmp_path: Path
) -> None:
    publisher("export", "--publish")
    pages = {"campaign/夏.html": html("夏"), "category/news/index.html": html("news of mine")}
    upload(tmp_path, "hanako", pages)
    assert publisher("designers", "sync", "hanako", "--publish").code == 0
    why = ("--reason", "誤植")
    theirs = publisher("withdraw", "/campaign/夏.html", *why)
    assert "Have hanako take uploads/hanako/campaign/夏.html out of their folder" in theirs.out
    assert "CMS" not in theirs.out
    both = publisher("withdraw", "/category/news/", *why)
    assert "uploads/hanako/category/news/index.html" in both.out
    assert "Unpublish it in the CMS" in both.out
    of_cms = publisher("withdraw", "/blog/1632.html", *why)
    assert "hanako" not in of_cms.out
    assert "Unpublish it in the CMS" in of_cms.out
    document = publisher("withdraw", "/campaign/夏.html", *why, "--json").document
    assert document["designers"] == ["hanako"]


def test_an_approver_whose_name_only_looks_right_is_refused(
    publisher: Callable[..., Run],
) -> None:
    config = Path("site-config.yaml")
    text = config.read_text()
    for name, why in (
        ("t\N{CYRILLIC SMALL LETTER A}naka", "it has 'а' (CYRILLIC SMALL LETTER A)"),
        ("tanaka\N{ZERO WIDTH SPACE}", "without characters that nobody sees"),
    ):
        config.write_text(text.replace("[tanaka]", f"[田中, {name}]"))
        run = publisher("designers", "sync")
        assert run.code == 2
        assert why in " ".join(run.err.split())


def test_an_approval_needs_somebody_to_give_it(publisher: Callable[..., Run]) -> None:
    config = Path("site-config.yaml")
    config.write_text(config.read_text().replace("  approvers: [tanaka]\n", "  lost_pages: 20\n"))
    run = publisher("designers", "sync")
    assert run.code == 2
    assert "designers.taro.approval: needs gates.approvers" in run.err


def test_what_the_gates_ask_for_holds_an_export(publisher: Callable[..., Run]) -> None:
    assert publisher("export", "--publish").code == 0
    config = Path("site-config.yaml")
    text = config.read_text().replace("gates:\n", "gates:\n  approval: required\n")
    config.write_text(text.replace("routes:", "") + "routes:\n  post: /entry/{id}.html\n")
    run = publisher("export", "--publish", "--override", "lost-pages", "--reason", "moved")
    assert run.code == 5
    assert "has to be approved of" in run.err
    held = publisher("releases", "list", "--json").document["releases"][0]
    assert held["held"]
    assert publisher("approve", held["id"], "--actor", "tanaka").code == 0
    assert publisher("releases", "list", "--json").document["live"] == held["id"]


def test_a_redirect_alone_can_hold_an_export(publisher: Callable[..., Run]) -> None:
    assert publisher("export", "--publish").code == 0
    config = Path("site-config.yaml")
    text = config.read_text().replace("gates:\n", "gates:\n  approval: [/価格/*]\n")
    config.write_text(text + "redirects:\n  rules:\n    - {from: /old/, to: /}\n")
    assert publisher("export", "--publish").code == 0
    config.write_text(config.read_text() + "    - {from: /価格/2025.html, to: /}\n")
    run = publisher("export", "--publish")
    assert run.code == 5
    assert "has to be approved of: /価格/2025.html" in run.err
    held = publisher("releases", "list", "--json").document["releases"][0]
    assert publisher("approve", held["id"], "--actor", "tanaka").code == 0


def test_what_is_published_without_a_name_is_the_newest_export(
    publisher: Callable[..., Run], tmp_path: Path
) -> None:
    """An upload that went live, or is held, since that export does not stand in its way."""
    assert publisher("export", "--publish").code == 0
    config = Path("site-config.yaml")
    text = config.read_text()
    config.write_text(text + "routes:\n  post: /entry/{id}.html\n")
    lost = ("--override", "lost-pages", "--reason", "moved")
    assert publisher("export", *lost).code == 0
    upload(tmp_path, "hanako", {"campaign/index.html": html("夏")})
    assert publisher("designers", "sync", "hanako", "--publish").code == 0
    upload(tmp_path, "taro", {"lp/index.html": html("held")})
    publisher("designers", "sync", "taro", "--publish")
    done = publisher("publish", "--json")
    assert done.code == 0, done.err
    assert b"1632" in shown(tmp_path, "entry/1632.html")
    assert "夏".encode() in shown(tmp_path, "campaign/index.html")
    again = publisher("publish")
    assert again.code == 0
    assert "is live already" in again.out


# ------------------------------------------------------------------------ the status page


def answer(standing: str = "refused") -> Answer:
    remarks = (
        Remark("server-file", f"campaign/{HOSTILE}", what=".php"),
        Remark("missing-case", "campaign/夏.html", 12, "img/Logo.PNG", "img/logo.png"),
        Remark("missing", "campaign/夏.html", 14, HOSTILE),
        Remark("gate:lost-pages", "/campaign/1.html", 0, HOSTILE),
        Remark("converted", "campaign/夏.html", what="Shift_JIS"),
    )
    return Answer("hanako", standing, remarks, "20261122T024159000Z-d8051c", files=12, pages=3,
                  bytes=1_234_567, since=datetime(2026, 11, 22, 2, 41, tzinfo=UTC),
                  preview="https://hanako.preview.example.co.jp")  # type: ignore[arg-type]  # fmt: skip


def test_the_status_page_holds_nothing_of_what_files_are_called() -> None:
    text = page(answer(), "https://www.example.co.jp", ("/campaign/", f"/{HOSTILE}")).decode()
    soup = BeautifulSoup(text, "lxml")
    assert not soup.find_all(["script", "img", "link", "iframe", "form"])
    assert not [
        tag for tag in soup.find_all(True) if any(key.startswith("on") for key in tag.attrs)
    ]
    assert HOSTILE in soup.get_text()
    assert "default-src 'none'" in text
    assert [a["href"] for a in soup.find_all("a")] == ["https://hanako.preview.example.co.jp"]


def test_an_address_that_is_none_is_no_link() -> None:
    odd = answer()
    odd.preview = "javascript:alert(1)"
    assert b"javascript:" not in page(odd, "https://www.example.co.jp", ())


def test_the_document_says_the_same() -> None:
    said = document(answer(), "https://www.example.co.jp", ("/campaign/",))
    assert [one["code"] for one in said["notes"]] == ["converted"]
    assert len(said["refusals"]) == 4
    assert "img/logo.png" in said["refusals"][1]["en"]
    assert said["live_since"].isoformat() == "2026-11-22T02:41:00+00:00"


@pytest.mark.real
def test_the_status_page_looks_as_it_should_in_a_browser(chromium: str, tmp_path: Path) -> None:
    file, picture = tmp_path / "_status.html", tmp_path / "status.png"
    file.write_bytes(page(answer(), "https://www.example.co.jp", ("/campaign/",)))
    browser = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
               f"--user-data-dir={tmp_path}/profile"]  # fmt: skip
    shot = [f"--screenshot={picture}", "--window-size=900,1400", file.as_uri()]
    subprocess.run([*browser, *shot], check=True, capture_output=True, timeout=120)
    data = picture.read_bytes()
    assert size_of(data) == (900, 1400)
    assert len(data) > 50_000  # an empty page has some 5,000
    dom = subprocess.run(
        [*browser, "--dump-dom", file.as_uri()], check=True, capture_output=True, timeout=120
    ).stdout.decode()
    assert "公開できません" in dom
    # The style is applied: its digest in the policy is right.
    assert "<style>:root" in dom
    assert "alert" not in [tag.name for tag in BeautifulSoup(dom, "lxml").find_all(True)]


# ------------------------------------------------------------------------------ messages


def test_a_message_names_what_is_wrong_and_calls_nobody() -> None:
    odd = answer()
    odd.remarks = (Remark("server-file", "<!channel>.php", what=".php"),)
    text = notice.text_of(odd, "https://www.example.co.jp")
    assert "<!channel>" not in text
    assert "公開できません / It can't go live like this" in text
    assert text.endswith("https://hanako.preview.example.co.jp")


def test_a_designer_is_told_once_and_again_what_did_not_arrive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = Site()
    site.publish()
    said: list[str] = []
    refusing = [True]

    def send(address: str, text: str) -> str:
        said.append(text)
        return "status 500" if refusing[0] else ""

    monkeypatch.setattr("publisher.intaking.send", send)
    site.upload("hanako", {"campaign/index.html": html("x")})
    run = lambda: replace(site.intake(), notify=lambda _: "https://x").run(("hanako",))  # noqa: E731
    assert "the message did not arrive (status 500)" in run().notes[0]
    refusing[0] = False
    run()
    site.publish({**CMS_FILES, "/about/": html("anew")})  # of an export nobody is told
    run()
    assert len(said) == 2
    assert all("公開中です" in text for text in said)
    site.upload("hanako", {"campaign/index.html": html("x"), "campaign/a.php": "x"})
    run()
    run()
    assert len(said) == 3
    assert "campaign/a.php" in said[2]


def test_a_message_that_does_not_arrive_is_told_without_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> requests.Response:
        raise requests.ConnectionError("https://hooks.example.co.jp/secret")

    assert notice.send("http://hooks.example.co.jp/secret", "x") == (
        "its address does not begin with https://"
    )
    monkeypatch.setattr(requests, "post", refuse)
    assert notice.send("https://hooks.example.co.jp/secret", "x") == "ConnectionError"
