"""`publisher redirects capture` asks an old site what its posts say; an export keeps it."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from publisher import old_site
from publisher.identity_file import Row, read
from publisher.manifest import find
from publisher.old_page import OldPage, old_page
from publisher.old_site import OldSite, Wanted
from publisher.paths import SitePath
from publisher.records import Records
from publisher.store.directory import DirectoryStore
from redirects.match import Decision, Redirect, Request, Serve, decide
from redirects.rules import RuleSet
from tests.cms_servers import Reply, passing_on, serving
from tests.program import Cli, configure
from tests.sites import edge_data

OLD = "http://www.example.co.jp/archives/1632"
HTML = {"Content-Type": "text/html; charset=UTF-8"}
IMPATIENT = replace(old_site.LIMITS, backoff_s=0.0)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(old_site, "LIMITS", IMPATIENT)


def page(og_url: str, post: int = 0) -> Reply:
    shortlink = f'<link rel="shortlink" href="https://www.example.co.jp/?p={post}">' if post else ""
    head = f'<meta property="og:url" content="{og_url}">{shortlink}'
    return Reply(200, f"<html><head>{head}</head><body>お知らせ</body></html>".encode(), HTML)


# ------------------------------------------------------------------ one page


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<meta property="og:url" content=" https://x.jp/?a=1&amp;b=2 ">', "https://x.jp/?a=1&b=2"),
        ("<META CONTENT=https://x.jp/お知らせ/ PROPERTY=og:url>", "https://x.jp/お知らせ/"),
        ('<meta name="og:url" content="http://x.jp/">', "http://x.jp/"),
        ('<meta property="og:url"><meta property="og:url" content="http://x.jp/">', "http://x.jp/"),
        ('<meta property="og:url" content="/relative">', ""),
        ('<meta property="og:url" content="javascript:alert(1)">', ""),
        ('<meta property="og:url" content="https://x.jp/&quot;><script>">', ""),
        (f'<meta property="og:url" content="https://x.jp/{"a" * 5000}">', ""),
        ("<div>" * 20_000 + '<meta property="og:url" content="http://x.jp/">', None),
        ("<" * 200_000, ""),
        ("x" * 2_000_000 + '<meta property="og:url" content="http://x.jp/">', ""),
        ("\0\ufffe<!DOCTYPE", ""),
        ("", ""),
    ],
)
def test_what_a_page_says_of_itself(markup: str, expected: str | None) -> None:
    found = old_page(markup.encode("utf-8", "surrogatepass"), "text/html; charset=UTF-8").og_url
    assert found in (("", "http://x.jp/") if expected is None else (expected,))


def test_a_page_in_another_charset() -> None:
    body = '<meta property="og:url" content="https://x.jp/お知らせ/">'.encode("shift_jis")
    assert old_page(body, "text/html; charset=Shift_JIS").og_url == "https://x.jp/お知らせ/"


@pytest.mark.parametrize(
    "markup",
    [
        "<link rel='shortlink' href='https://x.jp/?p=1632' />",
        '<body class="post-template-default single postid-1632 single-format-standard">',
    ],
)
def test_a_page_tells_which_post_it_is(markup: str) -> None:
    assert old_page(markup.encode(), "text/html") == OldPage("", 1632)


# ------------------------------------------------------------------ a whole site


def asked(site: str, wanted: list[Wanted], rows: dict[int, Row], posts: dict[int, str]) -> str:
    """What became of each, as JSON; rows are saved into `rows`."""
    saved: list[dict[int, Row]] = []
    report = OldSite(site, posts).capture(wanted, rows, lambda r: saved.append(dict(r)), _quiet)
    assert saved[-1] == rows
    names = ("differ", "silent", "redirected", "missing", "other", "failed")
    told = {name: getattr(report, name) for name in names if getattr(report, name)}
    return json.dumps(told).replace(site, "SITE")


def _quiet(*_: int) -> None:
    pass


def test_each_kind_of_answer_is_told_and_only_what_is_true_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(old_site, "LIMITS", IMPATIENT)
    count: Counter[str] = Counter()

    answers = {
        "/?p=1": page("https://www.example.co.jp/?p=1", 1),
        "/?p=2": page("http://www.example.co.jp/old/2/", 2),
        "/?p=3": Reply(200, b"<html><body>x</body></html>", HTML),
        "/?p=4": Reply(301, b"", {"Location": "/permalink/4/"}),
        "/permalink/4/": page("https://www.example.co.jp/permalink/4/", 4),
        "/?p=5": Reply(302, b"", {"Location": "https://elsewhere.example/"}),
        "/?p=6": Reply(404, b"", HTML),
        "/?p=7": page("https://www.example.co.jp/?p=99", 99),
        "/?p=11": Reply(500, b"", HTML),
        "/?p=12": Reply(200, b"{}", {"Content-Type": "application/json"}),
        "/?p=13": Reply(301, b"", {"Location": "/?p=13"}),
        "/?p=14": Reply(200, b"x" * 9_000_000, HTML),
    }

    def answer(path: str) -> Reply:
        count[path] += 1
        return answers.get(path, page("https://www.example.co.jp/"))

    posts = {number: f"https://www.example.co.jp/?p={number}" for number in range(1, 16)}
    with serving(answer) as site:
        wanted = [Wanted(f"{site}/?p={number}", number) for number in posts]
        rows = {15: Row("", "https://www.example.co.jp/known/")}
        told = json.loads(asked(site, wanted, rows, posts))
    assert {number: row.og_url for number, row in rows.items()} == {
        1: "https://www.example.co.jp/?p=1",
        2: "http://www.example.co.jp/old/2/",
        4: "https://www.example.co.jp/permalink/4/",
        15: "https://www.example.co.jp/known/",
    }
    assert sorted(told["differ"]) == [
        "SITE/?p=2 says http://www.example.co.jp/old/2/",
        "SITE/?p=4 says https://www.example.co.jp/permalink/4/",
    ]
    assert told["silent"] == ["SITE/?p=3 has no og:url"]
    assert told["missing"] == ["SITE/?p=6 answers 404"]
    assert set(told["redirected"]) == {
        "SITE/?p=4 leads to SITE/permalink/4/",
        "SITE/?p=5 leads to https://elsewhere.example/",
        "SITE/?p=13 leads to SITE/?p=13",
    }
    other = "".join(told["other"])
    assert "SITE/?p=7 shows post 99" in other
    assert other.count("says the same as post") == 2
    assert "SITE/?p=12 is no page" in other
    assert sorted(told["failed"]) == ["SITE/?p=11: status 500", "SITE/?p=14: larger than 8 MiB"]
    assert count["/?p=15"] == 0
    assert count["/?p=13"] <= 6


def test_www_and_the_bare_name_are_one_site_and_no_other_host_is_asked() -> None:
    """127.0.0.1 has no twin, so another port stands for another host."""
    strange: list[str] = []

    def elsewhere(path: str) -> Reply:
        strange.append(path)
        return page("https://www.example.co.jp/?p=1")

    with serving(elsewhere) as other:
        target = {"Location": f"{other}/x"}
        with serving(lambda _: Reply(301, b"", target)) as site:
            rows: dict[int, Row] = {}
            asked(site, [Wanted(f"{site}/?p=1", 1)], rows, {1: ""})
    assert (rows, strange) == ({}, [])


def test_the_command_resumes_and_tells_what_it_found(publisher: Cli, cms: str) -> None:
    is_ill = True
    count: Counter[str] = Counter()

    def answer(path: str) -> Reply:
        count[path] += 1
        number = int(path.rpartition("=")[2])
        if is_ill and number > 1600:
            return Reply(404)
        return page(f"https://www.example.co.jp/archives/{number}", number)

    configure(cms, "social:\n  cutover: 2026-12-01\n")
    with serving(answer) as site:
        code, out, err = publisher("redirects", "capture", site)
        assert (code, "No page at the old address" in out) == (0, True), err
        assert "social.identities" in err
        first = read(Path("social-identities.csv"))
        is_ill = False
        code, out, _ = publisher("redirects", "capture", site, "--json")
    found = json.loads(out)
    assert (code, found["known"]) == (0, len(first))
    rows = read(Path("social-identities.csv"))
    assert rows[1632].og_url == "https://www.example.co.jp/archives/1632"
    assert len(rows) == found["known"] + found["found"] > len(first) > 0
    assert all(count[f"/?p={number}"] == 1 for number in first)
    # A post with a password is not for the public; nor is a draft.
    assert all(path.startswith("/?p=") for path in count)


def test_listed_addresses_are_asked_for_and_their_pages_tell_the_post(
    publisher: Cli, cms: str, tmp_path: Path
) -> None:
    configure(cms, "social:\n  identities: 控え/known.csv\n")
    (tmp_path / "控え").mkdir()

    def answer(path: str) -> Reply:
        return page(OLD, 1632) if path == quote("/2020/お知らせ/") else Reply(404)

    with serving(answer) as site:
        (tmp_path / "urls.txt").write_text(f"{site}/2020/お知らせ/\n{site}/gone\n", "utf-8")
        code, _, err = publisher("redirects", "capture", site, "--urls", "urls.txt")
        assert code == 0, err
        assert read(tmp_path / "控え/known.csv") == {1632: Row(f"{site}/2020/お知らせ/", OLD)}
        (tmp_path / "urls.txt").write_text("https://other.example/\nx\n")
        code, _, err = publisher("redirects", "capture", site, "--urls", "urls.txt")
    assert code == 2
    assert f"urls.txt:1: must be an address of {site}" in err
    assert "urls.txt:2: must be an address" in err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("ftp://x",), 2, "OLD_SITE_URL: must be an address that begins with http"),
        (("http://127.0.0.1:9",), 1, "http://127.0.0.1:9 has stopped answering: "),
        (("http://127.0.0.1:9", "--urls", "nope.txt"), 2, "nope.txt: can't be read"),
        (("http://127.0.0.1:9", "--output", "no/x.csv"), 1, "no/x.csv can't be written"),
    ],
)
def test_what_can_go_wrong_is_said(
    publisher: Cli, cms: str, arguments: tuple[str, ...], code: int, message: str
) -> None:
    configure(cms)
    found, out, err = publisher("redirects", "capture", *arguments)
    assert (found, out) == (code, "")
    assert message in err
    assert "Traceback" not in err


def test_an_export_needs_the_file_that_is_named_and_all_of_it(publisher: Cli, cms: str) -> None:
    configure(cms, "social:\n  identities: known.csv\n")
    code, _, err = publisher("export")
    assert (code, "known.csv: no such file" in err) == (2, True)
    Path("known.csv").write_text("id,og_url\nx,https://x.jp/\n3,y\n")
    code, _, err = publisher("export")
    assert code == 2
    assert "known.csv:2: id: must be the number of a post" in err
    assert "known.csv:3: og_url: must be an address" in err


# ------------------------------------------------------------------ an export


def answered(rules: RuleSet, path: str, query: str, agent: str) -> Decision:
    return decide(edge_data(rules).get, Request("GET", path, query, user_agent=agent))


@pytest.mark.parametrize("buttons", ["old", "new"])
def test_an_export_keeps_what_was_captured(
    publisher: Cli, cms: str, tmp_path: Path, buttons: str
) -> None:
    whole = passing_on(cms)

    def with_buttons(path: str) -> Reply:
        reply = whole(path)
        if path != "/?p=1632":
            return reply
        share = (
            f'<link rel="canonical" href="{cms}/?p=1632"><a href="https://www.facebook.com/sharer/'
            f'sharer.php?u={quote(cms + "/?p=1632", safe="")}"></a></body>'
        ).encode()
        return Reply(200, reply.body.replace(b"</body>", share), reply.headers)

    with serving(with_buttons) as url:
        configure(url, f"social:\n  identities: known.csv\n  share_buttons: {buttons}\n")
        Path("known.csv").write_bytes(f"\ufeffid,og_url\r\n1632,{OLD}\r\n".encode())
        code, out, err = publisher("export", "--publish", "--json")
    assert code == 0, err
    records = Records(DirectoryStore(tmp_path / ".publisher"))
    release = records.release(records.intent()[0].release)
    entry = find(records.manifest(release.manifest), SitePath("/blog/1632.html"), records.load_part)
    assert entry
    text = records.content(entry).decode()
    new = "https://www.example.co.jp/blog/1632.html"
    assert re.findall(r'og:url" content="([^"]+)', text) == [OLD]
    assert set(re.findall(r'rel="canonical" href="([^"]+)', text)) == {new}
    shared = {"old": OLD, "new": new}[buttons]
    assert f'sharer.php?u={quote(shared, safe="")}"' in text
    rules = records.rules(release)
    for path, query in (("/archives/1632", ""), ("/", "p=1632")):
        crawler = answered(rules, path, query, "facebookexternalhit/1.1")
        assert crawler == Serve("s1", "/blog/1632.html")
        assert answered(rules, path, query, "Mozilla/5.0") == Redirect(301, "/blog/1632.html")
    assert not [line for line in json.loads(out)["warnings"] if "shares are counted" in line]
