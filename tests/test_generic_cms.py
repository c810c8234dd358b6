"""A site that is no WordPress, from its home page to visitors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest

from publisher import cli
from publisher.cms import http
from publisher.cms.generic import GenericCms
from publisher.config import load
from publisher.edge.server import EdgeServer, live_site
from publisher.errors import CmsError
from publisher.notfound import not_found_page
from publisher.site import Site
from publisher.store.directory import DirectoryStore
from tests.cms_servers import Answer, Reply, serving
from tests.visitor import Browser

PUBLIC = "https://www.example.co.jp"
TYPES = {"html": "text/html; charset=utf-8", "css": "text/css", "txt": "text/plain",
         "xml": "application/xml", "png": "image/png", "pdf": "application/pdf",
         "ico": "image/x-icon"}  # fmt: skip
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))


def page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="ja"><head><title>{title}</title>'
        f'<link rel="stylesheet" href="/資産/様式.css"></head><body>{body}</body></html>'
    )


def files(home: str) -> dict[str, bytes]:
    """A small site. Only the sitemap names `/孤立/`; nothing names the well-known files."""
    made = {
        "/": page("会社", '<a href="会社概要/">会社概要</a> <a href="news/first.html">n</a> '
                         '<a href="/画像/写真 1.png">p</a> <a href="/gone.html">gone</a>'),
        "/会社概要/": page("会社概要", '<a href="../">home</a> <a href="アクセス.html">access</a> '
                                   f'<a href="{home}/news/first.html?page=1">n</a>'),
        "/会社概要/アクセス.html": page("アクセス", '<a href="../資料/パンフレット.pdf">pdf</a>'),
        "/news/first.html": page("初", '<img src="../画像/写真%201.png">'),
        "/孤立/": page("孤立", "only the sitemap names it"),
        "/資産/様式.css": "body { background: url(../画像/背景.png) }",
        "/sitemap.xml": '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/'
                        f'sitemap/0.9"><url><loc>{home}/</loc></url><url><loc>{home}/孤立/</loc>'
                        "</url></urlset>",
        "/robots.txt": f"User-agent: *\nDisallow: /cgi/\nSitemap: {home}/sitemap.xml\n",
        "/llms.txt": "# 会社\n",
        "/.well-known/security.txt": "Contact: mailto:security@www.example.co.jp\n",
        "/資料/パンフレット.pdf": "%PDF-1.4",
    }  # fmt: skip
    pictures = dict.fromkeys(("/画像/写真 1.png", "/画像/背景.png", "/favicon.ico"), PNG)
    return {path: text.encode() for path, text in made.items()} | pictures


def answering(site: dict[str, bytes], asked: list[str] | None = None) -> Answer:
    """A plain web server on these files."""

    def answer(target: str) -> Reply:
        if asked is not None:
            asked.append(target)
        path = unquote(urlsplit(target).path)
        if path not in site:
            if f"{path}/" in site:
                return Reply(301, b"", {"Location": f"{urlsplit(target).path}/"})
            return Reply(404, b"<h1>not found</h1>", {"Content-Type": "text/html"})
        extension = path.rpartition(".")[2] if "." in path else "html"
        return Reply(200, site[path], {"Content-Type": TYPES[extension]})

    return answer


@pytest.fixture
def cms() -> Iterator[str]:
    site: dict[str, bytes] = {}
    with serving(answering(site)) as url:
        site.update(files(url))
        yield url


@pytest.fixture(autouse=True)
def _at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(http, "BACKOFF_S", 0.0)


def run(*arguments: str) -> int:
    try:
        cli.app(list(arguments), standalone_mode=False)
    except CmsError:
        return 1
    return 0


def test_a_site_is_looked_at_exported_and_visited(cms: str) -> None:
    assert run("init", cms, "--site-url", PUBLIC) == 0
    config = load(Path("site-config.yaml"))
    assert (config.cms.kind, config.cms.url) == ("generic", cms)
    assert run("export", "--publish") == 0
    with EdgeServer(*live_site(DirectoryStore(Path(".publisher"))), 0) as edge, Browser(
        edge.url, PUBLIC
    ) as browser:  # fmt: skip
        for path, data in files(cms).items():
            got = browser.get(PUBLIC + path)
            assert got.status == 200, path
            if path.endswith((".png", ".pdf", ".ico", "llms.txt", "security.txt")):
                assert got.body == data, path
        gone = browser.get(f"{PUBLIC}/gone.html")
        assert (gone.status, gone.body) == (404, not_found_page())
        visit = browser.visit()
        assert visit.naming(urlsplit(cms).netloc) == []
        assert {urlsplit(url).path for url in visit.broken} == {"/gone.html"}
        sitemap = browser.get(f"{PUBLIC}/sitemap.xml").body.decode()
        locations = [unquote(url) for url in re.findall("<loc>([^<]+)", sitemap)]
        assert locations == [f"{PUBLIC}/", f"{PUBLIC}/孤立/"]


def test_the_inventory_is_one_request(cms: str) -> None:
    asked: list[str] = []
    with serving(answering(files(cms), asked)) as url:
        inventory = GenericCms(url + "/").inventory()
    assert asked == ["/"]
    assert (inventory.kind, inventory.home) == ("generic", url)
    assert inventory.pretty
    assert inventory.items == inventory.terms == inventory.authors == ()


HTML = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("reply", "says", "hint"),
    [
        (Reply(401, b"", HTML), "refuses the user name or password", "cms.basic_auth"),
        (Reply(403, b"", HTML), "refuses this machine", "firewall"),
        (Reply(404, b"", HTML), "status 404", "home page"),
        (Reply(500, b"", HTML), "status 500", "browser"),
        (Reply(503, b"", HTML), "in maintenance", "Try again"),
        (Reply(302, b"", {"Location": f"{PUBLIC}/"}), "redirects to another host", "cms.url"),
        (Reply(200, b"{}", {"Content-Type": "application/json"}), "application/json", "cms.url"),
        (Reply(0), "can't be reached", "cms.url"),
    ],
)
def test_a_home_page_that_is_none_says_why(reply: Reply, says: str, hint: str) -> None:
    with serving(lambda _: reply) as url, pytest.raises(CmsError) as raised:
        GenericCms(url).inventory()
    assert says in str(raised.value)
    assert hint in raised.value.hint


def test_a_home_page_elsewhere_on_the_host_is_the_crawl_s_affair() -> None:
    with serving(lambda _: Reply(302, b"", {"Location": "/ja/"})) as url:
        assert GenericCms(url).inventory().home == url


def test_the_configuration_chooses_the_kind(cms: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMS_BASIC_AUTH", "staging:himitsu")
    cms_section = f"cms:\n  url: {cms}\n  kind: generic\n  basic_auth: env:CMS_BASIC_AUTH\n"
    Path("c.yaml").write_text(f"site:\n  url: {PUBLIC}\n{cms_section}")
    assert isinstance(Site(Path("c.yaml")).cms(), GenericCms)


def test_what_wants_the_place_of_another_is_reported_with_both_urls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A query whose folder is there already, and names that differ in case only."""
    links = ("/news/?page=2", "/news/page-2/", "/Q.html", "/q.html", "/A.html", "/a.html")
    site = {
        "/": page("会社", " ".join(f'<a href="{link}">x</a>' for link in links)).encode(),
        **{path: page("頁", path).encode()
           for path in ("/news/", "/news/page-2/", "/Q.html", "/q.html", "/A.html")},
        "/資産/様式.css": b"",
    }  # fmt: skip
    with serving(answering(site)) as url:
        config = f"site:\n  url: {PUBLIC}\ncms:\n  url: {url}\n  kind: generic\n"
        (tmp_path / "site-config.yaml").write_text(config)
        for _ in range(2):
            assert run("export") == 0
            told = capsys.readouterr().out.replace(url, "")
            assert "/news/?page=2 and /news/page-2/ both belong at /news/page-2/" in told
            assert "/Q.html and /q.html differ only in upper and lower case" in told
            assert "/A.html and /a.html" not in told  # one of them is not there


def test_files_of_any_name_and_old_pages_keep_their_paths(tmp_path: Path) -> None:
    names = ("/図面/平面.jww", "/model.glb", "/top.shtml")
    site = {
        "/": page("会社", " ".join(f'<a href="{name}">x</a>' for name in names)).encode(),
        "/top.shtml": page("頁", "旧い頁").encode(), "/図面/平面.jww": PNG, "/model.glb": PNG,
        "/資産/様式.css": b"",
    }  # fmt: skip
    types = {**TYPES, "shtml": "text/html", "jww": "application/octet-stream", "glb": ""}

    def answer(target: str) -> Reply:
        path = unquote(urlsplit(target).path)
        if path not in site:
            return Reply(404)
        extension = path.rpartition(".")[2] if "." in path else "html"
        return Reply(200, site[path], {"Content-Type": types[extension]})

    with serving(answer) as url:
        config = f"site:\n  url: {PUBLIC}\ncms:\n  url: {url}\n  kind: generic\n"
        (tmp_path / "site-config.yaml").write_text(config)
        assert run("export", "--publish") == 0
    store = DirectoryStore(Path(".publisher"))
    keys = {one.key.partition("/")[2].partition("/")[2] for one in store.list("site/s1/")}
    assert {name[1:] for name in names} <= keys
    with EdgeServer(*live_site(store), 0) as edge, Browser(edge.url, PUBLIC) as browser:
        for name in names:
            got = browser.get(PUBLIC + name)
            assert (got.status, urlsplit(got.url).path) == (200, quote(name))


def test_an_article_on_a_script_is_no_script(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says which address is its own; the error page that comes for a lost script does not."""
    home = page(
        "会社", '<a href="/記事/vue.js">x</a><script src="/lost.js"></script><a href="/c++">+</a>'
    )
    article = page("記事", "本文です").replace(
        "<head>", '<head><link rel="canonical" href="/記事/vue.js">'
    )
    made = {"/": home, "/記事/vue.js": article, "/c++": page("C++", "本文です"),
            "/lost.js": page("会社", "見つかりません"), "/資産/様式.css": ""}  # fmt: skip
    site = {path: text.encode() for path, text in made.items()}

    def answer(target: str) -> Reply:
        path = unquote(urlsplit(target).path)
        kind = "text/css" if path.endswith(".css") else "text/html; charset=utf-8"
        return Reply(200, site[path], {"Content-Type": kind}) if path in site else Reply(404)

    with serving(answer) as url:
        config = f"site:\n  url: {PUBLIC}\ncms:\n  url: {url}\n  kind: generic\n"
        (tmp_path / "site-config.yaml").write_text(config)
        assert run("export", "--publish") == 0
    told = capsys.readouterr().out
    assert "/lost.js" in told
    assert "leads to" not in told  # one encoding, so no two rules for `/c++`
    with EdgeServer(*live_site(DirectoryStore(Path(".publisher"))), 0) as edge, Browser(
        edge.url, PUBLIC
    ) as browser:  # fmt: skip
        got = browser.get(f"{PUBLIC}/記事/vue.js")
        assert (got.status, got.content_type) == (200, "text/html; charset=utf-8")
        assert browser.get(f"{PUBLIC}/c++").status == 200
        assert browser.get(f"{PUBLIC}/lost.js").status == 404
