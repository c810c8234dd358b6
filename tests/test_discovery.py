"""What a CMS is asked for first, and what its robots.txt says."""

from __future__ import annotations

import pytest

from publisher.discovery import disallows_all, listed, not_found_url, sitemaps_of, usual
from publisher.inventory import Inventory, Item
from tests.samples import HOME, addresses, inventory

BLOG = "/%year%/%monthnum%/%postname%/"
GENERIC = Inventory(home=HOME, kind="generic", pretty=True)


@pytest.mark.parametrize("of", [inventory(), inventory(BLOG), GENERIC], ids=["?p", "blog", "other"])
def test_usual_places_are_the_cms_s_own_and_have_a_path(of: Inventory) -> None:
    urls = list(usual(of))
    assert len(urls) == len(set(urls))
    for name in ("sitemap.xml", "sitemap_index.xml", "favicon.ico", "llms.txt"):
        assert f"{HOME}/{name}" in urls
    assert f"{HOME}/.well-known/security.txt" in urls
    for url in urls:
        address = addresses(BLOG if of.pretty else "").locate(url)
        assert address is not None
        assert address.path is not None, url


def test_a_wordpress_is_asked_in_the_form_that_its_permalinks_have() -> None:
    assert {f"{HOME}/?robots=1", f"{HOME}/?sitemap=index", f"{HOME}/?feed=rss2"} <= {
        *usual(inventory())
    }
    assert {f"{HOME}/robots.txt", f"{HOME}/wp-sitemap.xml"} <= {*usual(inventory(BLOG))}
    assert f"{HOME}/wp-sitemap.xml" not in usual(GENERIC)
    assert f"{HOME}/robots.txt" in usual(GENERIC)


def test_a_site_of_which_nothing_is_listed_has_its_home_page() -> None:
    assert list(listed(GENERIC)) == [f"{HOME}/"]


def test_the_url_of_nothing_is_nothing() -> None:
    """32 bits end there: MySQL's ids of posts may go on, but none has come so far."""
    for permalinks in ("", BLOG):
        url = not_found_url(inventory(permalinks))
        address = addresses(permalinks).locate(url)
        assert url == f"{HOME}/?p=2147483647"
        assert address is not None
        assert address.path == "/blog/2147483647.html"
    assert not_found_url(GENERIC).startswith(f"{HOME}/not-found")


def test_sitemaps_of_a_robots_txt() -> None:
    robots = (
        "\ufeffSitemap: https://www.example.co.jp/a.xml\r\nUser-agent: *\nDisallow: /x\n"
        "SITEMAP:  /地図.xml # the other one\nsitemap: https://www.example.co.jp/a.xml\n"
        "Sitemap: javascript:alert(1)\nSitemap: http://[broken\nSitemap:\nSitemap: /a\x9bb\n"
    )
    assert sitemaps_of(robots, HOME) == ["https://www.example.co.jp/a.xml", f"{HOME}/地図.xml"]
    assert len(sitemaps_of("\n".join(f"Sitemap: /{n}" for n in range(9999)), HOME)) == 100
    assert sitemaps_of("Sitemap: /" + "x" * 9999, HOME) == []
    assert sitemaps_of("", HOME) == []


@pytest.mark.parametrize(
    ("robots", "all_of_it"),
    [
        ("User-agent: *\nDisallow: /", True),
        ("user-agent : *\r\ndisallow:/ # staging", True),
        ("User-agent: *\nDisallow: /*", True),
        ("User-agent: Googlebot\nUser-agent: *\nDisallow: /", True),
        ("User-agent: *\nUser-agent: Googlebot\nDisallow: /", True),
        ("User-agent: *\nCrawl-delay: 5\n\nUser-agent: *\nDisallow: /", True),
        ("User-agent: *\nDisallow: /\nAllow: /wp-content/", True),
        ("User-agent: *\nDisallow: /\nAllow: /", False),
        ("User-agent: *\nDisallow:", False),
        ("User-agent: *\nDisallow: /wp-admin/", False),
        ("User-agent: BadBot\nDisallow: /\n\nUser-agent: *\nDisallow: /a", False),
        ("User-agent: *\nAllow: /\nUser-agent: BadBot\nDisallow: /", False),
        ("Disallow: /", False),
        ("<html>Disallow: /", False),
        ("", False),
    ],
)
def test_a_robots_txt_that_turns_everybody_away(robots: str, all_of_it: bool) -> None:
    assert disallows_all(robots) is all_of_it


def test_hostile_robots_take_no_time() -> None:
    for evil in ("User-agent: *\n" * 10**6, "Disallow: /" + "*" * 10**6, ":" * 10**6):
        assert not disallows_all(evil)
        assert sitemaps_of(evil, HOME) == []


def test_equal_inventories_have_equal_digests() -> None:
    assert inventory(BLOG).digest == inventory(BLOG).digest
    digests = {inventory().digest, inventory(BLOG).digest, GENERIC.digest}
    one = Item(kind="post", id=1, link=f"{HOME}/?p=1", slug="a", modified="2026-01-01T00:00:00")
    later = Item(kind="post", id=1, link=f"{HOME}/?p=1", slug="a", modified="2026-01-02T00:00:00")
    digests |= {Inventory(home=HOME, items=(item,)).digest for item in (one, later)}
    assert len(digests) == 5
    assert all(len(digest) == 64 for digest in digests)
