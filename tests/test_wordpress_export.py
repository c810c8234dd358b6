"""A real WordPress, exported by the real command and looked at through the local edge.

Two oracles: WordPress itself (what is public, what it answers) and a crawl of the result
that shares no code with the product.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from publisher.edge.server import EdgeServer, live_site
from publisher.store.directory import DirectoryStore
from tests.conftest import BASIC_AUTH
from tests.odd_site import ExportedSite, exported_site
from tests.visitor import Browser
from tests.wordpress import Options, Unavailable, WordPress

pytestmark = pytest.mark.real

PUBLIC = "https://www.example.co.jp"
CANARY = "LEAK-CANARY"


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "publisher", *words],
        cwd=folder,
        env={**os.environ, "CMS_BASIC_AUTH": BASIC_AUTH},
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.fixture(scope="module")
def blog(
    wordpress_blog: WordPress, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ExportedSite]:
    """Permalinks of the form /blog/N.html, behind basic authentication."""
    with exported_site(wordpress_blog, tmp_path_factory.mktemp("blog")) as site:
        yield site


@pytest.fixture(scope="module", params=["odd_plain", "blog"])
def site(request: pytest.FixtureRequest) -> ExportedSite:
    """Both, one after the other."""
    found: ExportedSite = request.getfixturevalue(request.param)
    return found


def public_urls(site: ExportedSite) -> list[dict[str, Any]]:
    return list(site.wordpress.wp("list-public-urls"))


def test_every_public_url_answers_in_its_old_form(site: ExportedSite) -> None:
    """WordPress lists what is public; each URL, as WordPress writes it, leads to a page."""
    lost = []
    for row in public_urls(site):
        url = row["url"].replace("&amp;", "&")
        answer = site.browser.get(url.replace(site.wordpress.url, site.browser.server))
        wanted = 404 if row.get("protected") else 200
        # WordPress redirects `/tag/rss/feed/` to a page that it does not have.
        if answer.status != wanted and site.staging(url).status_code == 200:
            lost.append((row["type"], url, answer.status))
    assert lost == []


def test_uploads_are_the_same_bytes(site: ExportedSite) -> None:
    images = [row["url"] for row in public_urls(site) if row["type"] == "upload"]
    pictures = [url for url in images if re.search(r"\.(jpg|png|gif|webp|zip|pdf)$", url)]
    assert len(pictures) > 40
    for url in pictures:
        ours = site.browser.get(url.replace(site.wordpress.url, site.browser.server))
        assert ours.body == site.staging(url).content, url


def test_a_link_is_broken_only_where_staging_has_it_broken(site: ExportedSite) -> None:
    missing = {row["path"]: row for row in site.report["missing"]}
    unexplained = []
    for url, page in site.visit.broken.items():
        reached = site.visit.answers[url].url  # after redirects
        row = missing.get(unquote(urlsplit(reached).path))
        if row is None or site.staging(row["url"]).status_code == 200:
            unexplained.append((url, page))
    assert unexplained == []
    assert len(site.visit.answers) > 300


def test_the_staging_host_is_nowhere(site: ExportedSite) -> None:
    for form in (site.host, site.host.replace(":", "%3A"), site.host.replace(":", "%253A")):
        assert site.visit.naming(form) == []
    # WordPress leaves the port out of the address that a feed gives itself.
    assert site.visit.naming(f"//{site.host.partition(':')[0]}/") == []


def test_nothing_unpublished_is_anywhere(site: ExportedSite) -> None:
    assert site.visit.naming(CANARY) == []
    files = (site.folder / ".publisher" / "site").rglob("*")
    assert [file for file in files if file.is_file() and CANARY.encode() in file.read_bytes()] == []


def test_a_protected_post_is_neither_there_nor_linked(site: ExportedSite) -> None:
    assert site.browser.get(f"{PUBLIC}/blog/9106.html").status == 404
    assert site.browser.get(f"{PUBLIC}/?p=9106").status == 404
    assert site.visit.naming("/blog/9106") == []


def test_an_unknown_path_answers_with_the_page_of_the_theme(site: ExportedSite) -> None:
    answer = site.browser.get(f"{PUBLIC}/never/was/here/")
    assert answer.status == 404
    # With plain permalinks WordPress itself has a 404 page only for an address with a query.
    assert b"/wp-content/themes/" in answer.body or b"wp-block-library" in answer.body
    assert site.host.encode() not in answer.body


def test_log_in_names_of_authors_are_not_shown(site: ExportedSite) -> None:
    pages = [page for page in site.visit.answers.values() if "/author/" in page.url]
    assert pages
    for login in ("hanako", "jsmith", "webmaster"):
        assert [page.url for page in pages if f"author-{login}".encode() in page.body] == []


def test_sitemaps_and_feeds_name_public_pages_that_exist(site: ExportedSite) -> None:
    index = site.browser.get(f"{PUBLIC}/wp-sitemap.xml").body.decode()
    sitemaps = re.findall(r"<loc>([^<]+)", index)
    assert len(sitemaps) >= 4
    urls = []
    for sitemap in sitemaps:
        urls += re.findall(r"<loc>([^<]+)", site.browser.get(sitemap).body.decode())
    feed = site.browser.get(f"{PUBLIC}/feed.xml")
    assert feed.content_type.startswith("application/rss+xml")
    urls += re.findall(r"<link>([^<]+)", feed.body.decode())
    assert len(urls) > 60
    for url in urls:
        assert url.startswith(PUBLIC), url
        assert site.browser.get(url).status == 200, url


def test_an_old_post_keeps_its_old_url_as_social_identity(site: ExportedSite) -> None:
    old = site.browser.get(f"{PUBLIC}/?p=1632")
    crawler = site.browser.session.get(
        f"{site.browser.server}/?p=1632",
        headers={"User-Agent": "facebookexternalhit/1.1"},
        allow_redirects=False,
        timeout=30,
    )
    assert urlsplit(old.url).path == "/blog/1632.html"
    assert crawler.status_code == 200
    assert crawler.content == old.body
    page = old.body.decode()
    assert f'<link rel="canonical" href="{PUBLIC}/blog/1632.html"' in page
    identity = re.search(r'property="og:url" content="([^"]+)"', page)
    assert identity
    # What the page said of itself at the CMS, on the public host.
    link = site.wordpress.wp("post", "get", "1632")["url"]
    assert identity[1] == link.replace(site.wordpress.url, PUBLIC)


def test_a_dry_run_writes_nothing(blog: ExportedSite) -> None:
    def tree() -> dict[str, int]:
        files = (blog.folder / ".publisher").rglob("*")
        return {str(file): file.stat().st_mtime_ns for file in files if file.is_file()}

    before = tree()
    done = run(blog.folder, "export", "--publish", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["changes"] == {"new": [], "changed": [], "gone": []}
    assert tree() == before


@pytest.mark.parametrize("url", [PUBLIC, "https://staging.example.co.jp/news"])
def test_a_wordpress_that_believes_to_be_elsewhere(url: str, tmp_path: Path) -> None:
    """On the public host, as after a move; and in a folder of a host that is reached by number."""
    try:
        with WordPress() as wordpress:
            wordpress.start(Options(permalinks="/%postname%/", site_url=url, posts=5))
            listening = wordpress.address
            reached = f"http://{listening}{urlsplit(url).path}"
            assert run(tmp_path, "init", reached, "--site-url", PUBLIC).returncode == 0
            done = run(tmp_path, "export", "--publish", "--json")
    except Unavailable as reason:
        pytest.skip(f"no staging WordPress: {reason}")
    assert done.returncode == 0, done.stderr
    store = DirectoryStore(tmp_path / ".publisher")
    with EdgeServer(*live_site(store), 0) as edge, Browser(edge.url, PUBLIC) as browser:
        visit = browser.visit()
        home = browser.get(f"{PUBLIC}/")
        feed = browser.get(f"{PUBLIC}/feed.xml").body.decode()
        post = browser.get(f"{PUBLIC}/?p=1632")
    assert home.status == 200
    assert urlsplit(post.url).path == "/blog/1632.html"
    assert f'<link rel="canonical" href="{PUBLIC}/blog/1632.html"'.encode() in post.body
    links = re.findall(r"<link>([^<]+)", feed)
    assert f"{PUBLIC}/blog/1632.html" in links
    assert all(re.fullmatch(rf"{PUBLIC}(?:/?|/blog/\d+\.html)", link) for link in links)
    assert visit.naming(listening) == visit.naming(CANARY) == []
    assert visit.naming("staging.example.co.jp") == visit.naming("/wp-login.php") == []
