"""Old URLs, asked of a real WordPress and of our rules: both lead to the same page, or it is said
why not."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote

import pytest

from tests.conftest import started
from tests.library_site import (
    ACCESS,
    INCLUDED_SLUG,
    OLD_SLUG,
    PROTECTED,
    TAG,
    End,
    Library,
    ask,
    library,
    visitor,
)
from tests.old_urls import old_urls
from tests.wordpress import Options, theme_test_data

pytestmark = pytest.mark.real

DOCS = Path(__file__).parents[1] / "docs" / "redirects.md"
ROWS = Path(__file__).parent / "data" / "canonical.json"
NOTHING = "nothing"
URLS_MIN = 500


@pytest.fixture(scope="module", params=["plain", "pretty"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Library]:
    """Both structures, one after the other, each exported once."""
    options = Options(permalinks=request.param, posts=12)
    for wordpress in started(options, request.config):
        yield library(wordpress, tmp_path_factory.mktemp("library"))


Holds = Callable[[str, End, End, Library], bool]


def at(pattern: str, ours: str = NOTHING, theirs: str = ".*") -> Holds:
    """Such URLs, which end at such a place at ours and at theirs."""

    def holds(url: str, wp: End, us: End, _: Library) -> bool:
        return all(
            re.fullmatch(expected, given)
            for expected, given in ((pattern, url), (ours, us.place), (theirs, wp.place))
        )

    return holds


def any_of(*holds: Holds) -> Holds:
    return lambda url, wp, us, site: any(one(url, wp, us, site) for one in holds)


def _not_in_the_export(url: str, wp: End, us: End, site: Library) -> bool:
    return wp.place.startswith("/") and wp.place not in site.paths and us.place == NOTHING


def _the_whole(url: str, wp: End, us: End, site: Library) -> bool:
    """A part that WordPress shows nothing new for: what it is a part of."""
    whole = us.place.removesuffix(".html")
    is_part = wp.place.startswith(f"{whole}/" if us.place.endswith(".html") else whole)
    return us.place != "/" and is_part and wp.place not in site.paths


def _plain_path(url: str, wp: End, us: End, site: Library) -> bool:
    is_path = re.fullmatch(r"/(?:index\.php/)?[^?]+(?:\?.*)?", url) is not None
    return site.is_plain and is_path and wp.place not in (NOTHING, us.place)


PAGE = r"/.+"
# The heading in docs/redirects.md, and the differences that it is about.
REASONS: dict[str, Holds] = {
    "Paths of a WordPress with plain permalinks": _plain_path,
    "Lists of several things at once": at(".*", theirs="several"),
    "What is not in the export": any_of(
        _not_in_the_export, at(rf"/\?(?:p|page_id)={PROTECTED}"), at(".*", theirs="endless")
    ),
    "Parts that do not exist": any_of(
        _the_whole,
        at(r"/\?(?:cat|author)=\d+&paged=\d+", PAGE, NOTHING),
        at(r"/\d+/\d+/[^/]+/\d+/"),
    ),
    "Guesses by the beginning of a slug": any_of(
        at(r"/\?(?:page)?name=(?:new-nam|%E5[^&]*|%E3[^&]*)"),
        at(r"/(?:\d+/\d+/)?(?:\d+/)?(?:new-name?|three-pages/2|film/sea)/?"),
        at(r"/\d+/(?:3/)?new-name/"),
    ),
    "Old slugs and dates that nothing names": at(r"/2011/03/reused/"),
    "Capital letters in slugs": at(r".*(?:RED|NEW-NAME|Company)/?"),
    "Two ids in one query": at(r"/\?(?:p=\d+&page_id|page_id=\d+&p)=\d+", PAGE),
    "An id beside conditions": any_of(
        at(r"/\?p=\d+&author=1", PAGE, NOTHING),
        at(r"/\?(?:post_type=any&|book=red&)p=\d+", PAGE, NOTHING),
        at(r"/\?post_type=any&p=\d+|/\?book=red&p=\d+", PAGE),
    ),
    "Names and terms beside conditions": any_of(
        at(r"/\?name=[a-z-]+&(?:year|post_type)=.*"),
        at(r"/\?taxonomy=(?:category|post_tag)&term=.*"),
        at(r"/\?cat=\d+&category_name=.*"),
    ),
    "Half a choice, or an exclusion": at(
        r"/\?(?:taxonomy=genre|post_type=(?:nobody|post|page|movie)|cat=-1)", theirs="/"
    ),
    "Authors by log-in name": at(r"/\?author(?:_name=.*|=1,2)"),
    "Searches and hours": at(r"/\?(?:s|hour)=.*", "/"),
    "Dates in other writings": at(
        r"/\?(?:m=20090|m=2009&monthnum=4|year=2009&monthnum=13)|/2009/(?:4/1|04/31/|13/)|/2011/3/new-name/"
    ),
    "More feeds than one": any_of(
        at(r".*(?:atom|rdf)/?", r"/feed\.xml"),
        at(r"/\?feed=rss2(?:/|&withcomments=1|&paged=2)", r"/feed\.xml"),
        at(r"/\?(?:p=\d+&)?feed=comments-\w+(?:&p=\d+)?"),
        at(r"/\?attachment_id=\d+&feed=rss2"),
    ),
    "What we understand beyond WordPress": any_of(
        at(r"/\?utm_source=x&amp;p=\d+", PAGE, "/"),
        at(r"/\?tag_id=\d+", PAGE, "/"),
        at(r"/wp-\w+\.php", r"/feed\.xml", NOTHING),
        at(r"/\?(?:p|page_id|attachment_id)=21001", PAGE, NOTHING),
        at(r"/(?:tag|book|category)/.*%E3%82%9[9A].*", PAGE, NOTHING),
        at(r"/\?(?:post_type=book&name|book)=.*%[eE]3%82%99.*", PAGE, NOTHING),
        at(r"/blog/1632\.html", PAGE, NOTHING),
    ),
    "Types that have no pages": at(r"/memo/memo/", NOTHING),
    "A query beside a path": at(r"/(?:company|20\d\d/.*)/\?(?:p|page|page_id)=\d+", PAGE),
    "Paths that are mistyped": any_of(
        at(r"/2011//03/new-name/|//\?p=1632"),
        at(r"/(?:robots\.txt|wp-sitemap\.xml)/"),
        at(r"/(?:genre|book)/.*page/1/"),
    ),
    "Punctuation behind an old path": at(r"/2011/03/new-name(?:[.,]|%20|/%C2%A0|%E3%80%82)", PAGE),
    "Variables of another name than their type": any_of(
        at(r"/\?(?:movie|mood)=[a-z]+", PAGE, "/"), at(r"/\?(?:film|feeling)=[a-z]+", "/", PAGE)
    ),
    "What only the CMS has": at(r".*/trackback/|/login|/admin|/wp-login\.php|/wp-admin/"),
}


def test_old_urls_end_where_wordpress_ends(
    site: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    urls = old_urls(site)
    ours = visitor(site.rules, site.paths)
    explained: Counter[str] = Counter()
    unexplained = []
    for url, wp in zip(urls, ask(site, urls), strict=True):
        us = ours(url)
        if us.place == wp.place and us.hops < 2:
            continue
        reason = next((name for name, holds in REASONS.items() if holds(url, wp, us, site)), "")
        explained[reason] += bool(reason)
        if not reason:
            unexplained.append((url, wp, us))
    form = "plain" if site.is_plain else "pretty"
    with capsys.disabled():
        print(f"\n{form}: {len(urls)} URLs compared, {explained.total()} differ for a known reason")
    assert unexplained == []
    assert len(urls) > URLS_MIN
    unused = REASONS.keys() - {name for name, count in explained.items() if count}
    only_elsewhere = {
        "Paths of a WordPress with plain permalinks",
        "Old slugs and dates that nothing names",
        "Types that have no pages",
        "Punctuation behind an old path",
        "A query beside a path",
        "Paths that are mistyped",
        "What only the CMS has",
    }
    assert unused <= only_elsewhere


@pytest.mark.parametrize("reason", REASONS)
def test_every_difference_is_in_the_documentation(reason: str) -> None:
    assert f"**{reason}.**" in DOCS.read_text(encoding="utf-8")


def test_rows_of_our_own_for_wordpress_canonical_redirects(site: Library) -> None:
    """Each row holds for WordPress and for us."""
    table = json.loads(ROWS.read_text(encoding="utf-8"))
    kinds = ["everywhere"] if site.is_plain else ["everywhere", "pretty"]
    rows = [row for kind in kinds for row in table[kind]]
    if theme_test_data():
        rows += [row for kind in kinds for row in table[f"theme test data, {kind}"]]
    names = {
        "picture": str(site.pictures[0]),
        "hidden": str(site.pictures[1]),
        "revision": str(site.revision),
        "child": quote(site.addresses.views.items[ACCESS].slug),
        "TAG": quote(TAG),
        "tag": quote(TAG).lower(),
        "OLD": quote(OLD_SLUG),
        "INCLUDED": quote(INCLUDED_SLUG),
        "old": quote(OLD_SLUG).lower(),
    }
    urls = [url.format_map(names) for url, _, _ in rows]
    ours = visitor(site.rules, site.paths)
    wrong = []
    for (_, expected, rule), url, wp in zip(rows, urls, ask(site, urls), strict=True):
        place, _, kept = expected.partition("?")
        us = ours(url)
        wanted = (NOTHING if place == "404" else place, kept if us.hops else "")
        got = (us.place, us.query if us.hops else "")
        is_kept = site.is_plain or not kept or parse(wp.query) == parse(kept)
        if got != wanted or us.hops > 1 or wp.place != wanted[0] or not is_kept:
            wrong.append((rule, url, expected, wp, us))
    assert wrong == []
    assert len(rows) >= 100


def parse(query: str) -> list[tuple[str, str]]:
    return parse_qsl(unquote(query), keep_blank_values=True)
