"""What to ask a CMS for before any page has been read: its own lists, and usual places. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urljoin, urlsplit

from publisher.inventory import Inventory

# What browsers, search engines, app stores and other programs ask a host for without a link.
_WELL_KNOWN = (
    "favicon.ico",
    "apple-touch-icon.png",
    "apple-touch-icon-precomposed.png",
    "llms.txt",
    "llms-full.txt",
    "ads.txt",
    "app-ads.txt",
    "security.txt",
    ".well-known/security.txt",
    ".well-known/assetlinks.json",
    ".well-known/apple-app-site-association",
    "BingSiteAuth.xml",
)
# Where sitemaps begin: an index if there is one, and what no index names. The plugins' own
# documentation says so; whichever is there names the rest.
SITEMAPS = {
    "sitemap.xml": "AIOSEO, The SEO Framework, Google XML Sitemaps, Jetpack, most other CMSs",
    "sitemap_index.xml": "Yoast, Rank Math",
    "sitemaps.xml": "SEOPress",
    "sitemap-index.xml": "Google XML Sitemaps, static site generators",
    "news-sitemap.xml": "Yoast News, Rank Math, Jetpack",
    "sitemap-news.xml": "XML Sitemap & Google News",
    "video-sitemap.xml": "Yoast Video, Rank Math",
}
# Feeds of other CMSs: WordPress has its own, and redirects guesses to what is similar.
_FEEDS = ("feed.xml", "rss.xml", "atom.xml", "index.xml")

# No robots.txt has more: search engines read 500 KiB of one.
_ROBOTS_CHARACTERS_MAX = 500 * 1024
_SITEMAPS_MAX = 100
_URL_CHARACTERS_MAX = 2048


def listed(inventory: Inventory) -> Iterator[str]:
    """The URLs of everything that the inventory names, files first: their names are as the
    file system has them, while links may be in another Unicode form."""
    for item in inventory.items:
        yield from filter(None, (item.file, *item.files))
    yield f"{inventory.home}/"
    for item in inventory.items:
        if item.kind != "attachment":
            yield item.link
    for term in inventory.terms:
        yield term.link
    for author in inventory.authors:
        yield author.link
    yield from _archives(inventory)


def usual(inventory: Inventory) -> Iterator[str]:
    """What a site usually has, whether or not anything links to it. What of it is not there is
    nobody's mistake."""
    home = inventory.home
    if inventory.kind == "generic":
        yield f"{home}/robots.txt"
        yield from (f"{home}/{name}" for name in _FEEDS)
    elif inventory.pretty:
        yield from (f"{home}/feed/", f"{home}/wp-sitemap.xml", f"{home}/robots.txt")
    else:
        yield from (f"{home}/?feed=rss2", f"{home}/?sitemap=index", f"{home}/?robots=1")
    yield from (f"{home}/{name}" for name in (*SITEMAPS, *_WELL_KNOWN))


def not_found_url(inventory: Inventory) -> str:
    """A URL that surely names nothing: the CMS answers it with its page for what is not there."""
    if inventory.kind == "wordpress":
        # The largest id that 32 bits hold. With plain permalinks every unknown path is answered
        # by the home page, and with pretty ones by a guess; an unknown id is a 404 in both.
        return f"{inventory.home}/?p=2147483647"
    return f"{inventory.home}/not-found-2147483647"


# ------------------------------------------------------------------------- robots.txt


ROBOTS_PATH = "/robots.txt"


def sitemaps_of(robots: str, home: str) -> list[str]:
    """The sitemaps that a robots.txt names, in its order, as whole URLs (RFC 9309, section
    2.2.4, leaves them to sitemaps.org: they belong to no group). `home` completes those that
    are none. They may be on any host."""
    found: dict[str, None] = {}
    for name, value in _records(robots):
        if name == "sitemap" and 0 < len(value) <= _URL_CHARACTERS_MAX:
            try:
                url = urljoin(f"{home}/", value)
                is_web = urlsplit(url).scheme in ("http", "https")
            except ValueError:
                continue
            if is_web and url.isprintable():
                found[url] = None
        if len(found) == _SITEMAPS_MAX:
            break
    return list(found)


def disallows_all(robots: str) -> bool:
    """Whether a robots.txt asks all robots to stay away from the home page, and so from the
    site: the way of a staging server, and a catastrophe on a public one.

    RFC 9309, section 2.2: groups for `*` count together; the longest rule that fits decides,
    and of equally long ones the one that allows.
    """
    longest = {"allow": 0, "disallow": 0}
    concerned = in_agents = False
    for name, value in _records(robots):
        if name == "user-agent":
            concerned = (concerned and in_agents) or value == "*"
            in_agents = True
        elif name in longest:
            in_agents = False
            if concerned and re.fullmatch(r"/?\*{0,9}\$?", value):  # what fits the path "/"
                longest[name] = max(longest[name], len(value))
    return longest["disallow"] > longest["allow"]


def _records(robots: str) -> Iterator[tuple[str, str]]:
    for line in robots[:_ROBOTS_CHARACTERS_MAX].removeprefix("\ufeff").splitlines():
        name, colon, value = line.partition("#")[0].partition(":")
        if colon:
            yield name.strip().lower(), value.strip()


def included(inventory: Inventory, paths: Iterable[str]) -> Iterator[str]:
    """The URLs that the configuration adds: paths below the CMS's base."""
    for path in paths:
        yield inventory.home + path


def _archives(inventory: Inventory) -> Iterator[str]:
    posts = [item for item in inventory.items if item.kind == "post"]
    for name in sorted({item.format for item in posts} - {"", "standard"}):
        yield f"{inventory.home}/?post_format={name}"
    days = {item.date[:10] for item in posts if item.date}
    dates = sorted({day[:length] for day in days for length in (4, 7, 10)})
    for date in dates:
        if inventory.date_base:
            # The link of a year tells where archives are and whether they end in a slash.
            base = inventory.date_base.rstrip("/")[:-4]
            slash = "/" if inventory.date_base.endswith("/") else ""
            yield f"{base}{date.replace('-', '/')}{slash}"
        else:
            yield f"{inventory.home}/?m={date.replace('-', '')}"
