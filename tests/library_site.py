"""A WordPress with types, taxonomies, old slugs and old dates, which says what it shows.

The oracle for old URLs: a plugin has WordPress say in a header which object, or which part of
it, an answer is. What we make of the same URL is compared by the site path of that object, so
nothing of ours that reads URLs has a say in what is right.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote, urljoin, urlsplit

import requests

from publisher.addresses import Addresses, SiteUrls
from publisher.cms.wordpress import WordPress as Cms
from publisher.manifest import entries_of
from publisher.records import Records
from publisher.routes import Routes
from publisher.store.directory import DirectoryStore
from publisher.views import View
from redirects.match import Redirect, Request, Serve, decide
from redirects.rules import RuleSet
from tests.odd_site import PUBLIC, run_export
from tests.sites import edge_data
from tests.wordpress import WordPress

PLUGIN = Path(__file__).parent / "wordpress/odd/library-site.php"
HOPS_MAX = 5
WORKERS = 4
TIMEOUT_S = 60

POST, PAGES_POST, COMMENTED = 1632, 21103, 10003
RENAMED, REDATED, REUSING, NUMERIC = 21101, 21102, 21104, 21105
COMPANY, ACCESS = 9001, 9002
BOOK, RED_BOOK, DRAFT_BOOK, MOVIE, MEMO = 21001, 21002, 21003, 21011, 21021
UNPUBLISHED = (9101, 9102, 9103, 9104, 9105, 9107, 9108, DRAFT_BOOK)
PROTECTED = 9106
OLD_SLUG = "古い-名前"
"""The first one of a post: its feed still names it."""
INCLUDED_SLUG = "途中の-名前"
"""A later one, named nowhere but in the configuration."""
TAG = "日本語タグ"
KANA = "が行の本"
"""With a character that a Mac writes as two."""


@dataclass(frozen=True)
class Library:
    """Such a WordPress, exported: what it holds, and what visitors of the export get."""

    wordpress: WordPress
    addresses: Addresses
    rules: RuleSet
    paths: frozenset[str]
    revision: int
    pictures: tuple[int, int]
    """Images: one of a public post, one of a private one."""

    def term(self, taxonomy: str, slug: str) -> int:
        """The number of a term."""
        terms = self.addresses.views.inventory.terms
        return next(one.id for one in terms if (one.taxonomy, one.slug) == (taxonomy, slug))

    @property
    def is_plain(self) -> bool:
        """Whether queries name its pages."""
        return not self.addresses.views.inventory.pretty


class End(NamedTuple):
    """Where a URL leads: a site path, or why there is none ('nothing', 'several', 'search'...);
    the query that is left there, and the hops it took."""

    place: str
    query: str = ""
    hops: int = 0


def seed(wordpress: WordPress) -> tuple[int, tuple[int, int]]:
    """Put the content in; the number of a revision, and those of two pictures."""
    shutil.copy(PLUGIN, wordpress.docroot / "wp-content/mu-plugins")
    pages = "<!--nextpage-->".join(f"<p>{number}ページ目</p>" for number in (1, 2, 3))
    created = [
        {"id": BOOK, "type": "book", "title": "赤い本", "slug": KANA, "content": "本",
         "meta": {"_genre": "crime", "_mood": "dark"}},
        {"id": RED_BOOK, "type": "book", "title": "Red", "slug": "red", "content": "red",
         "meta": {"_genre": "crime,推理"}},
        {"id": DRAFT_BOOK, "type": "book", "title": "Draft", "slug": "unwritten",
         "status": "draft", "content": "LEAK-CANARY"},
        {"id": MOVIE, "type": "movie", "title": "海", "slug": "sea", "content": "海"},
        {"id": MEMO, "type": "memo", "title": "Memo", "slug": "memo", "content": "memo"},
        {"id": RENAMED, "title": "名前が変わった", "slug": OLD_SLUG, "content": "first",
         "date": "2011-03-03 10:00:00"},
        {"id": REDATED, "title": "Redated", "slug": "moved-date", "content": "x",
         "date": "2010-05-05 10:00:00"},
        {"id": PAGES_POST, "title": "Three pages", "slug": "three-pages", "content": pages,
         "date": "2012-01-01 10:00:00"},
        {"id": NUMERIC, "title": "Numeric", "slug": "2015", "content": "numeric",
         "date": "2012-02-02 10:00:00"},
    ]  # fmt: skip
    wordpress.wp("post", "create", stdin=created)
    wordpress.wp("post", "update", stdin={"id": RENAMED, "slug": "reused"})
    wordpress.wp("post", "update", stdin={"id": RENAMED, "slug": INCLUDED_SLUG})
    wordpress.wp("post", "update", stdin={"id": RENAMED, "slug": "new-name", "content": "second"})
    wordpress.wp("post", "update", stdin={"id": REDATED, "date": "2011-06-06 10:00:00"})
    reusing = {"id": REUSING, "title": "Reused", "slug": "reused", "content": "reused",
               "date": "2013-01-01 10:00:00"}  # fmt: skip
    wordpress.wp("post", "create", stdin=reusing)
    pictures = [
        wordpress.wp("media", "add", stdin={"file": f"2024/06/{name}.jpg", "width": 300,
                                            "height": 200, "parent": parent})["id"]
        for name, parent in (("open", POST), ("hidden", 9103))
    ]  # fmt: skip
    revisions = wordpress.wp("post", "list", "revision", "inherit")
    # The plugin's types have paths of their own from the next request on.
    structure = wordpress.wp("option", "get", "permalink_structure")
    wordpress.wp("option", "set", "permalink_structure", structure)
    return revisions[-1]["id"], (pictures[0], pictures[1])


def library(wordpress: WordPress, folder: Path) -> Library:
    """Seed and export a WordPress, which is this test's own: it is not put back."""
    revision, pictures = seed(wordpress)
    is_pretty = wordpress.wp("option", "get", "permalink_structure") != ""
    include = f"  include: [/2011/03/{INCLUDED_SLUG}/]\n" if is_pretty else ""
    (folder / "site-config.yaml").write_text(
        f"site:\n  url: {PUBLIC}\ncms:\n  url: {wordpress.url}\n{include}"
    )
    run_export(folder, "")
    return exported(wordpress, folder, revision, pictures)


def exported(
    wordpress: WordPress, folder: Path, revision: int, pictures: tuple[int, int]
) -> Library:
    records = Records(DirectoryStore(folder / ".publisher"))
    release = records.release(records.intent()[0].release)
    entries = entries_of(records.manifest(release.manifest), records.load_part)
    inventory = Cms(wordpress.url).inventory()
    urls = SiteUrls(PUBLIC, (inventory.home, wordpress.url))
    addresses = Addresses(inventory, Routes(), urls)
    paths = frozenset(str(path) for path, _ in entries)
    return Library(wordpress, addresses, records.rules(release), paths, revision, pictures)


# ----------------------------------------------------------------- what WordPress does


def ask(site: Library, urls: Iterable[str]) -> list[End]:
    """Where each URL (from the site's root, percent-encoded or not) ends at the WordPress. It is
    asked for headers only: WordPress then makes no page."""
    with requests.Session() as session:
        session.trust_env = False
        adapter = requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=WORKERS)
        session.mount("http://", adapter)
        with ThreadPoolExecutor(WORKERS) as pool:
            return list(pool.map(lambda url: _asked(site, session, url), urls))


def _asked(site: Library, session: requests.Session, url: str) -> End:
    at = site.wordpress.url + quote(url, safe="/?&=%+;:,!'()*~@$#[]\"{}<>.-_|^`\\")
    for hops in range(HOPS_MAX):
        answer = session.head(at, allow_redirects=False, timeout=TIMEOUT_S)
        if answer.status_code not in (301, 302):
            return _shown(site, answer, hops)
        # PHP sends UTF-8, which `requests` takes for Latin-1.
        location = answer.headers["Location"].encode("latin-1").decode()
        at = urljoin(at, location)
        if not at.startswith(f"{site.wordpress.url}/"):
            return End(at)
    return End("endless")


def _shown(site: Library, answer: requests.Response, hops: int) -> End:
    parts = urlsplit(answer.url)
    if answer.status_code in (404, 401, 403):
        return End("nothing", hops=hops)
    if answer.status_code != 200:
        return End(f"status {answer.status_code}", hops=hops)
    said = answer.headers.get("X-Shows")
    if said is None:
        address = site.addresses.locate(answer.url)
        return End(str(address and address.path), parts.query, hops)
    fields = ["" if field == "-" else unquote(field) for field in said.split(" ")]
    return End(_place(site.addresses, fields), parts.query, hops)


def _place(addresses: Addresses, fields: list[str]) -> str:
    """The site path of what `library_shows` names."""
    kind, identity, feed, paged, page, cpage, embed = fields
    if kind in ("nothing", "several", "search"):
        return kind
    is_single = kind in ("post", "page", "item", "attachment")
    feed = feed.replace("comments-", "") if is_single else feed
    name = feed.removeprefix("comments-")
    feed = feed.removesuffix(name) + {"feed": "rss2", "rss": "rss2"}.get(name, name)
    number = int(paged or 0)
    view = View(
        kind,  # type: ignore[arg-type]
        identity,
        feed=feed,
        paged=number if number > 1 else 0,
        page=int(page or 0) if page != "1" else 0,
        cpage=int(cpage or 0),
        embed=bool(embed),
    )
    if is_single and int(identity.rpartition(":")[2]) not in addresses.views.items:
        return "unlisted"
    return str(addresses.router.path(view))


# ------------------------------------------------------------------------ what we do


def visitor(rules: RuleSet, paths: frozenset[str]) -> Callable[[str], End]:
    """What a visitor of the export finds at a URL from the site's root, redirects followed."""
    data = edge_data(rules)

    def end(url: str) -> End:
        at = url
        for hops in range(HOPS_MAX):
            path, _, query = at.partition("?")
            decision = decide(data.get, Request("GET", path, query))
            if isinstance(decision, Redirect):
                at = decision.location
                if not at.startswith("/"):
                    return End(at, hops=hops + 1)
                continue
            if not isinstance(decision, Serve):
                return End("nothing", hops=hops)
            found = decision.path.removesuffix("index.html")
            place = decision.path if decision.path in paths else found
            return End(place, query, hops) if place in paths else End("nothing", hops=hops)
        raise AssertionError(f"we redirect {url} without an end")

    return end
