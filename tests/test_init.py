"""A first look at a CMS: what is seen, what is written, and what never happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from publisher.addresses import EXAMPLE
from publisher.cms import http
from publisher.cms.wordpress import WordPress
from publisher.config import load, parse
from publisher.errors import CmsError
from publisher.front import Front, front
from publisher.init import Guess, Look, configuration, guess_site_url, permalinks, rows
from publisher.inventory import Item
from tests.cms_servers import Answer, Reply, passing_on, rest, serving
from tests.program import Cli

PUBLIC = "https://www.example.co.jp"
CONFIG = Path("site-config.yaml")
HTML = {"Content-Type": "text/html; charset=utf-8"}
NO_REST = Reply(401, b'{"code":"rest_disabled"}', {"Content-Type": "application/json"})


def seen(out: str) -> dict[str, str]:
    return {row["what"]: row["value"] for row in json.loads(out)["seen"]}


def look(url: str = "http://127.0.0.1:8081", **more: Any) -> Look:
    return Look(url=url, front=more.pop("front", Front()), **more)


# ------------------------------------------------------------------ the whole command


def test_an_export_works_with_what_is_written(publisher: Cli, cms: str) -> None:
    code, out, _ = publisher("init", cms)
    assert code == 0
    assert "CHECK THIS" in out
    config = load(CONFIG)
    assert (config.cms.kind, config.cms.url, config.site.url) == ("wordpress", cms, EXAMPLE)
    code, out, _ = publisher("export", "--publish")
    assert (code, "Live: release" in out) == (0, True)
    assert f"site.url is {EXAMPLE}, an example" in out


def test_what_was_seen_of_a_wordpress(publisher: Cli, cms: str) -> None:
    code, out, _ = publisher("init", cms, "--site-url", PUBLIC, "--json", "--output", "a.yaml")
    found = seen(out)
    assert (code, json.loads(out)["config"]) == (0, "a.yaml")
    assert found["CMS"].startswith("WordPress ")
    assert found["REST API"] == "answers"
    assert found["Permalinks"] == "/?p=%post_id% (plain)"
    assert " posts, " in found["Holds"]
    assert found["Language"] == "ja"
    assert found["Encoding"] == "utf-8"
    assert found["Sitemaps"] == f"{cms}/?sitemap=index"
    assert found["site.url"] == PUBLIC
    assert load(Path("a.yaml")).site.url == PUBLIC
    assert not CONFIG.exists()


def test_a_file_is_never_written_over_without_a_word(publisher: Cli, cms: str) -> None:
    CONFIG.write_text("mine")
    code, _, err = publisher("init", cms)
    assert (code, "--force" in err, CONFIG.read_text()) == (2, True, "mine")
    assert publisher("init", cms, "--force")[0] == 0
    assert load(CONFIG).cms.url == cms
    code, _, err = publisher("init", cms, "--output", "no/such/folder.yaml")
    assert (code, "can't be written" in err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ftp://cms",), "cms.url: must be an address"),
        (("http://a:b@cms",), "cms.url: must not hold a password"),
        (("http://cms", "--site-url", f"{PUBLIC}/path"), "site.url: must be a host without"),
        (("http://cms", "--basic-auth", "user:himitsu"), "cms.basic_auth: must be env:NAME"),
        (("http://cms", "--basic-auth", "env:NOT_SET_AT_ALL"), "NOT_SET_AT_ALL: is not set"),
        ((PUBLIC, "--site-url", PUBLIC), "is the host of cms.url"),
    ],
)
def test_a_wrong_option_is_named_before_anything_is_asked(
    publisher: Cli, arguments: tuple[str, ...], says: str
) -> None:
    code, _, err = publisher("init", *arguments)
    assert (code, says in err) == (2, True), err
    assert "himitsu" not in err
    assert not CONFIG.exists()


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(401, b"", HTML), "--basic-auth env:CMS_BASIC_AUTH"),
        (Reply(401, b"", {**HTML, "WWW-Authenticate": "Negotiate"}), "Negotiate"),
        (Reply(403, b"", HTML), "refuses this machine"),
        (Reply(500, b"", HTML), "status 500"),
        (Reply(503, b"", HTML), "in maintenance"),
        (Reply(200, b"\0", {"Content-Type": "image/\x1bpng"}), "where its home page should be"),
        (Reply(302, b"", {"Location": f"{PUBLIC}/"}), f"redirects to another host: {PUBLIC}"),
        (Reply(302, b"", {"Location": "/"}), "redirects in a circle"),
        (Reply(302, b"", {"Location": "http://[x"}), "can't be reached"),
        (Reply(0), "can't be reached"),
        (Reply(200, b"", HTML), "the page there is empty"),
        (Reply(200, b'<body id="error-page">x', HTML), "is WordPress's page for errors"),
        (
            Reply(200, b'<form name="loginform" id="loginform" action="wp-login.php">', HTML),
            "the page there is the log-in page",
        ),
    ],
)
def test_a_cms_that_can_not_be_looked_at(publisher: Cli, reply: Reply, says: str) -> None:
    with serving(lambda _: reply) as url:
        code, out, err = publisher("init", url)
    assert (code, out) == (1, "")
    assert says in err
    assert not CONFIG.exists()


def test_no_other_host_is_asked(publisher: Cli) -> None:
    asked: list[str] = []

    def other(path: str) -> Reply:
        asked.append(path)
        return Reply(200, b"<urlset/>", {"Content-Type": "text/xml"})

    with serving(other) as elsewhere:
        page = (f'<link rel="alternate" type="application/rss+xml" href="{elsewhere}/feed">'
                f'<img src="{elsewhere}/a.png">').encode()  # fmt: skip

        def answer(path: str) -> Reply:
            if path == "/robots.txt":
                return Reply(
                    200, f"Sitemap: {elsewhere}/s.xml".encode(), {"Content-Type": "text/plain"}
                )
            if path == "/sitemap.xml":
                return Reply(302, b"", {"Location": f"{elsewhere}/sitemap.xml"})
            return Reply(200, page, HTML)

        with serving(answer) as url:
            code, out, _ = publisher("init", url, "--json")
    assert (code, asked) == (0, [])
    assert elsewhere.removeprefix("http://") in seen(out)["Files elsewhere"]


@pytest.mark.parametrize("at", ["/index.php", "/company/", "/%E4%BC%9A%E7%A4%BE/"])
def test_a_wordpress_is_where_it_says_if_that_is_above(publisher: Cli, cms: str, at: str) -> None:
    """WordPress answers REST at the address of each of its pages."""
    whole = passing_on(cms)
    home: list[str] = []

    def answer(path: str) -> Reply:
        if "rest_route=%2F&" in path:
            root = json.dumps({"home": home[0], "name": "会社"}).encode()
            return Reply(200, root, {"Content-Type": "application/json"})
        return whole(path.replace(at, "/", 1))

    with serving(answer) as url:
        home.append(url)
        assert publisher("init", url + at)[0] == 0
    assert load(CONFIG).cms.url == url


def test_a_site_that_believes_to_be_elsewhere_is_told_so(publisher: Cli) -> None:
    sitemap = f"<urlset><url><loc>\n {PUBLIC}/会社/</loc></url></urlset>".encode()

    def answer(path: str) -> Reply:
        return Reply(200, sitemap if path == "/sitemap.xml" else b"<title>x</title>", HTML)

    with serving(answer) as url:
        code, out, _ = publisher("init", url, "--json")
    assert (code, seen(out)["Its own address"].startswith(f"{PUBLIC}: ")) == (0, True)


def test_rest_switched_off_means_generic_and_says_so(publisher: Cli, cms: str) -> None:
    whole = passing_on(cms)
    with serving(lambda path: NO_REST if "rest_route" in path else whole(path)) as url:
        code, out, _ = publisher("init", url, "--json")
        assert code == 0
        found = seen(out)
        assert found["CMS"].startswith("WordPress")
        assert found["REST API"].startswith("switched off (status 401)")
        assert found["cms.kind"] == "generic"
        assert load(CONFIG).cms.kind == "generic"
        with pytest.raises(CmsError, match="REST API is switched off for visitors") as raised:
            WordPress(url).inventory()
    assert "set cms.kind to generic" in raised.value.hint


def test_a_hostile_page_gets_neither_into_the_terminal_nor_the_file(publisher: Cli) -> None:
    evil = "x\n\x1b[31m\u2028site:\r  url: http://evil.test\x85\"'#{}"
    page = (
        f'<html lang="{evil}"><title>{evil}</title><meta name="generator" content="{evil}">'
        f'<meta name="generator" content="WordPress {evil}"><link rel="canonical" '
        f'href="https://evil.test\n/x"><img src="//{evil}/a.png">' + "<b>" * 5_000
    ).encode()
    home = json.dumps({"home": f"http://{evil}", "name": evil * 1000}).encode()

    def answer(path: str) -> Reply:
        if "rest_route=%2F&" in path:
            return Reply(200, home, {"Content-Type": "application/json"})
        return Reply(200, page, HTML)

    with serving(answer) as url:
        code, out, _ = publisher("init", url, "--json")
        assert code == 0
        text = CONFIG.read_text(encoding="utf-8")
        config = load(CONFIG)
    assert config.cms.url == url
    assert "evil.test" not in config.site.url or config.site.url == "https://evil.test"
    assert all(line.isprintable() and len(line) < 500 for line in text.split("\n"))
    assert all(len(value) < 2000 for value in seen(out).values())


# --------------------------------------------------------------------- what follows


@pytest.mark.parametrize(
    ("url", "home", "canonical", "guess"),
    [
        ("http://127.0.0.1:8081", "http://127.0.0.1:8081", "", EXAMPLE),
        ("http://wordpress:80", "", "", EXAMPLE),
        ("https://staging.example.co.jp", "https://staging.example.co.jp", "", PUBLIC),
        ("https://stg2.example.co.jp:8443/news", "", "", PUBLIC),
        ("https://dev-www.example.co.jp", "", "", PUBLIC),
        ("http://127.0.0.1:8081", "https://staging.example.co.jp", "", PUBLIC),
        ("http://127.0.0.1:8081", "https://www.example.co.jp/news", "", PUBLIC),
        ("http://cms.internal", "", "https://www.example.co.jp/", PUBLIC),
        ("http://127.0.0.1", "", "https://staging.example.co.jp/", EXAMPLE),
        ("https://www.example.co.jp", "https://www.example.co.jp", "", EXAMPLE),
        ("http://127.0.0.1", "", "https://evil\x00/", EXAMPLE),
    ],
)
def test_where_the_public_site_might_be(url: str, home: str, canonical: str, guess: str) -> None:
    found = guess_site_url(look(url, home=home, front=Front(canonical=canonical)))
    assert found.url == guess
    assert found.source


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/?p=1632", "/?p=%post_id%"),
        ("/blog/1632.html", "/blog/%post_id%.html"),
        (f"/2020/10/11/{quote('お知らせ')}/", "/%year%/%monthnum%/%day%/%postname%/"),
        (f"/news/{quote('お知らせ')}/", "/news/%postname%/"),
    ],
)  # fmt: skip
def test_the_form_of_permalinks(path: str, form: str) -> None:
    post = Item(kind="post", id=1632, link=f"http://cms{path}", slug="お知らせ", date="2020-10-11")
    assert permalinks(look("http://cms", home="http://cms", sample=post)) == form


def test_a_site_below_a_path_and_a_day_that_is_its_month() -> None:
    link = "http://cms/ja/2020/10/10/a/"
    post = Item(kind="post", id=5, link=link, slug="a", date="2020-10-10T00:00:00")
    below = look("http://cms/ja", home="http://cms/ja", sample=post)
    assert permalinks(below) == "/%year%/%monthnum%/%day%/%postname%/"
    assert "/{yyyy}/{mm}/{dd}/{slug}/" in configuration(
        replace(below, rest="answers"), Guess(PUBLIC), None
    )
    assert permalinks(replace(below, sample=None)) == ""


@pytest.mark.parametrize("url", ["http://cms/ja", "http://[::1]:8081", "http://会社.example/a'b#"])
@pytest.mark.parametrize("auth", [None, "env:CMS_BASIC_AUTH"])
def test_every_address_is_yaml(url: str, auth: str | None) -> None:
    text = configuration(look(url.rstrip("#")), Guess(PUBLIC, "x"), auth)
    config = parse(text, "test", Path())
    assert (config.cms.url, config.cms.basic_auth) == (url.rstrip("#"), auth)


def test_search_engines_that_are_asked_to_stay_away_are_noticed() -> None:
    told = {row.what for row in rows(look(robots="User-agent: *\nDisallow: /"), Guess(PUBLIC))}
    assert "Search engines" in told
    told = {row.what for row in rows(look(front=Front(noindex=True)), Guess(PUBLIC))}
    assert "Search engines" in told
    assert "Search engines" not in {row.what for row in rows(look(), Guess(PUBLIC))}


def test_a_home_page_in_an_old_encoding_is_read() -> None:
    text = (
        "<html lang=ja><head><title>会社\n 概要</title>"
        '<link rel="https://api.w.org/" href="/wp-json/">'
        '<link rel=alternate type="application/atom+xml" href="atom.xml"><meta name=robots '
        'content="NOINDEX"><script src="//cdn.example.co.jp/a.js"></script>'
    )
    page = front(text.encode("shift_jis"), "text/html; charset=Shift_JIS", "http://cms/")
    assert (page.title, page.language, page.charset) == ("会社 概要", "ja", "shift_jis")
    assert (page.api, page.feeds) == ("http://cms/wp-json/", ("http://cms/atom.xml",))
    assert (page.noindex, page.hosts) == (True, {"cdn.example.co.jp": 1})


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"<?xml version='1.0'?><a/>", b"a.html"])
def test_what_is_no_page_says_nothing(body: bytes) -> None:
    assert front(body, "text/html; charset=no-such", "http://cms/").title == ""


# ------------------------------------------------------------------ WordPress's lists


ROOT = b'{"home": "http://cms.test", "name": "x"}'


def listing(posts: Callable[[int], Reply], types: bytes = b'{"post": {}}') -> Answer:
    """A WordPress whose posts come page by page; `rest_base` is missing."""
    fixed = rest(root=ROOT, types=types, taxonomies=b"{}", users=b"[]")

    def answer(path: str) -> Reply:
        if "wp%2Fv2%2Fpost&" in path:
            return posts(int(path.rpartition("&page=")[2].partition("&")[0]))
        if path == "/":
            return Reply(200, b"<html></html>", HTML)
        return fixed(path)

    return answer


def post_rows(*numbers: int, pages: int = 1, total: int = 0) -> Reply:
    made = [
        {"id": n, "type": "post", "link": f"http://cms.test/?p={n}", "slug": f"p{n}",
         "modified_gmt": "2026-01-02T03:04:05", "content": {"protected": n % 100 == 13}}
        for n in numbers
    ]  # fmt: skip
    headers = {"X-WP-TotalPages": str(pages), "X-WP-Total": str(total or len(made))}
    return Reply(200, json.dumps(made).encode(), {"Content-Type": "application/json", **headers})


def test_a_list_of_many_pages_is_whole_and_in_order() -> None:
    answer = listing(lambda n: post_rows(*range(n * 100, n * 100 + 100), pages=7, total=700))
    with serving(answer) as url:
        inventory = WordPress(url).inventory()
        ids = WordPress(url).public_ids()
    assert [item.id for item in inventory.items] == list(range(100, 800))
    assert inventory.items[0].modified == "2026-01-02T03:04:05"
    assert ids == {n for n in range(100, 800) if n % 100 != 13}


def test_a_list_that_says_it_has_no_end_is_an_error() -> None:
    with (
        serving(listing(lambda n: post_rows(n, pages=10**9))) as url,
        pytest.raises(CmsError, match="can't be"),
    ):
        WordPress(url).inventory()


def test_a_list_that_changes_while_it_is_read_is_read_again() -> None:
    """Somebody deletes the first post after the first page: 101 moves to the first page."""
    asked: list[int] = []

    def posts(page: int) -> Reply:
        asked.append(page)
        deleted = len(asked) > 1
        alive = list(range(2 if deleted else 1, 151))
        return post_rows(*alive[page * 100 - 100 : page * 100], pages=2, total=len(alive))

    with serving(listing(posts)) as url:
        found = {item.id for item in WordPress(url).inventory().items}
    assert found == set(range(2, 151))


def test_a_page_of_a_list_that_fails_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BACKOFF_S", 0.0)
    answer = listing(lambda n: post_rows(n, pages=3) if n < 3 else Reply(500))
    with serving(answer) as url, pytest.raises(CmsError, match="does not list all"):
        WordPress(url).inventory()


def test_a_plugin_s_type_that_refuses_is_left_to_links() -> None:
    types = b'{"post": {}, "secret": {"rest_base": "secrets"}}'
    with serving(listing(lambda n: post_rows(n), types)) as url:
        assert [item.id for item in WordPress(url).inventory().items] == [1]


@pytest.mark.parametrize("body", [b'[{"id": []}]', b'[{"id": "a"}, {"id": 1}]', b"[[]]"])
def test_ids_that_are_none(body: bytes) -> None:
    with serving(listing(lambda _: Reply(200, body))) as url, pytest.raises(CmsError):
        WordPress(url).public_ids()
