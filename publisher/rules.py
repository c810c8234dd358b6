"""The redirect rules of an export: from what the CMS had to where it is now. Pure."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from publisher.addresses import Address, Addresses
from publisher.errors import PublisherError
from publisher.identities import Identity, rules_of
from publisher.inventory import Term
from publisher.own import NOTHING, Coverage, Hidden, Own, is_conditional
from publisher.paths import SitePath, decoded, file_path
from publisher.rewrite.linker import Linker, Style
from publisher.rewrite.text import Hosts
from publisher.views import View
from redirects.compile import KeyValueData, StoreTooLargeError, compile_rules, set_id
from redirects.kana import composed
from redirects.patterns import Pattern
from redirects.query import INTEGERS, canonical_query
from redirects.rules import Rule, RuleSet
from redirects.targets import GONE, encode_path, unglued_path, without_query
from redirects.wordpress import Kind, Thing, rules_for, slash_rules

# So many paths of one problem are named.
_NAMED_MAX = 10
# A hierarchy deeper than this is a loop in the CMS's data.
_DEPTH_MAX = 20
# `WP_Rewrite::rewrite_rules`, and the files of WordPress 1.5 and before (`redirect_canonical`).
_FEED_FORMATS = ("feed", "rdf", "rss", "rss2", "atom")
_FEED_PATHS = (
    *(f"{base}/{name}{slash}" for base in ("", "/feed") for name in _FEED_FORMATS
      for slash in ("", "/")),
    *(f"/wp-{name}.php" for name in _FEED_FORMATS),
)  # fmt: skip
OF_THE_CMS = "redirect of the CMS"
"""The origin of rules for what the CMS itself redirects."""


class Redirects:
    """Collects the redirects of a site: old forms of every page, the CMS's own, missing slashes."""

    def __init__(self, addresses: Addresses, own: Own = NOTHING) -> None:
        self._addresses = addresses
        self._own = own
        self._coverage = Coverage(own.patterns)
        self._elsewhere = dict(_elsewhere(addresses))
        self._rules: list[Rule] = []
        self._at_files: list[Rule] = []
        self._slashes: list[Rule] = []
        self._asides: list[Rule] = []
        self.identities: list[Identity] = []
        self.unreachable: list[str] = []
        # By hash: a site has more files than rules.
        self._there: set[int] = set()

    def add(self, path: SitePath, url: str) -> Address | None:
        """Take what is on the site: its path, and the URL of the CMS that it was made from (''
        if unknown). Gives that URL's address."""
        address = self._addresses.locate(url) if url else None
        self._there.add(hash(path))
        if unglued_path(path) != path and len(self.unreachable) < _NAMED_MAX:
            self.unreachable.append(path.url)
        self._coverage.note(path)
        view = address.view if address else None
        if address and view and view.is_first and self._addresses.is_old(view):
            known_by = self._addresses.known_by(address)
            self.identities.append(Identity(view.id, known_by, path.url))
        self._rules += _rules_of(path, url, address, self._addresses)
        if path in self._elsewhere:
            self._at_files += rules_for(self._elsewhere[path])
        if path.endswith("/"):
            self._slashes += slash_rules((path,))
        self._asides += _asides(path, url, address, self._addresses)
        return address

    def rules(self, moved: Iterable[Moved], known: Iterable[Rule] = ()) -> RuleSet:
        """All of them, once everything was given: the site's own before those that its CMS gives.
        `known`: the CMS's own redirects, as an earlier set has them.

        No rule is at the path of a page, which answers for itself. What of the site's own would
        hide one is left out: `hiding` tells.
        """
        rules = [*self._rules, *self._at_files]
        rules += rules_of(self.identities, self._addresses.urls.public)
        urls = self._addresses.urls
        hosts = Hosts(urls.hosts, urls.public)
        theirs = (rule for one in moved for rule in _moved(one, self._addresses, hosts))
        rules += (rule for rule in theirs if not self._is_lost(rule))
        rules += known
        rules += self._slashes
        sources = {rule.source for rule in rules}
        rules += (rule for rule in self._asides if rule.source not in sources)
        hiding = {id(one.pattern) for one in self._always_hiding()}
        return RuleSet.of(
            chain(
                (rule for rule in self._own.rules if not self._is_at_page(rule)),
                (rule for rule in rules if hash(composed(rule.source)) not in self._there),
            ),
            [pattern for pattern in self._own.patterns if id(pattern) not in hiding],
        )

    def hiding(self) -> Iterator[Hiding]:
        """What of the site's own hides pages, once everything was given, and so is in no set; and
        patterns that hide them from some visitors, which are."""
        for rule in self._own.rules:
            if self._is_at_page(rule):
                yield Hiding(rule, 1, (rule.source,))
        for one in self._coverage.hiding():
            yield Hiding(one.pattern, one.count, tuple(one.paths))

    def nowhere(self, rules: RuleSet, others: Container[str] = ()) -> Iterator[Rule]:
        """Those of the site's own in the finished set that lead to a path where nothing is.
        `others`: paths of the site that the CMS knows nothing of."""
        files = self._own.files
        for rule in rules.rules:
            if rule.target.startswith("/") and rule.origin.rpartition(":")[0] in files:
                path = decoded(without_query(rule.target))
                is_there = hash(composed(file_path(path))) in self._there
                if not is_there and file_path(path) not in others:
                    yield rule

    def _always_hiding(self) -> Iterator[Hidden]:
        return (one for one in self._coverage.hiding() if not is_conditional(one.pattern))

    def _is_at_page(self, rule: Rule) -> bool:
        return not is_conditional(rule) and hash(composed(rule.source)) in self._there

    def _is_lost(self, rule: Rule) -> bool:
        """A CMS without pretty links adds a slash to any name (`/sitemap.xml/`): no page is there
        by that alone."""
        slashed = f"{rule.source}/"
        return decoded(rule.target) == slashed and hash(composed(slashed)) not in self._there


class Hiding(NamedTuple):
    """A redirect of the site's own, and the pages that it would hide: how many, the first ones."""

    rule: Rule | Pattern
    pages: int
    paths: tuple[str, ...]


def _rules_of(
    path: SitePath, url: str, address: Address | None, addresses: Addresses
) -> Iterator[Rule]:
    if address and address.view:
        thing = _thing_of(path, address.url, address.view, addresses)
        if thing:
            yield from rules_for((thing,))
            yield from _first_pages(address.url, address.view, addresses)
        elif _named(address.view, addresses)[0] is None:
            # What is no object of WordPress can only have had another path.
            for old in _old_paths(path, url, addresses):
                yield Rule(old, 301, encode_path(path), origin="path at the CMS")


def _asides(
    path: SitePath, url: str, address: Address | None, addresses: Addresses
) -> Iterator[Rule]:
    """What gives way to any other rule."""
    key = canonical_query(urlsplit(url).query).key if "?" in url else None
    is_secret = key is not None and "author_name=" in key  # it would be a log-in name
    if key and not is_secret and address and address.view and _is_exact(address.view):
        # Whatever query the CMS itself used: sitemaps, robots.txt, unusual forms.
        yield Rule(f"?{key}", 301, path.url, origin="query at the CMS")
    # What WordPress answers though nothing links to it: other feed formats, files of feeds as
    # they were once called, and `/sitemap.xml` (`redirect_sitemapxml`).
    is_wordpress = addresses.views.inventory.kind == "wordpress"
    if is_wordpress and path == f"/{addresses.router.feed_name}":
        for kind in ("atom", "rdf"):
            yield Rule(f"?feed={kind}", 301, path.url, origin=f"{kind} feed")
        for source in _FEED_PATHS:
            yield Rule(source, 301, path.url, origin="usual place of a feed")
    if path == "/wp-sitemap.xml":
        yield Rule("/sitemap.xml", 301, path.url, origin="usual place of a sitemap")


def with_withdrawn(rules: RuleSet, paths: Iterable[str]) -> RuleSet:
    """The rules, and 410 at the paths of pages that were withdrawn, and for what leads there."""
    gone = tuple(Rule(str(path), GONE, origin="withdrawn") for path in sorted(paths))
    return RuleSet.of((*gone, *rules.rules), rules.patterns) if gone else rules


def compiled(rules: RuleSet) -> tuple[str, KeyValueData]:
    """The rule set's id and its data for the edge. Raises PublisherError if it won't fit."""
    identity = set_id(rules)
    try:
        return identity, compile_rules(rules)
    except StoreTooLargeError as error:
        raise PublisherError(str(error)) from None


def _is_exact(view: View) -> bool:
    """Whether the canonical form of a query, by which the edge looks rules up, is this view and
    no other: it drops what WordPress does not know, and reads `year=2009,10` as `year=2009`."""
    if view.variant:
        return False
    pairs = [part.partition("=") for part in view.id.split("&")] if view.kind == "query" else []
    return all(value.isdecimal() for name, _, value in pairs if name in INTEGERS)


def _thing_of(path: SitePath, url: str, view: View, addresses: Addresses) -> Thing | None:
    """The object of WordPress, or part of one, that is at a path; None if there is none."""
    if view.variant:
        return None
    kind, identity, taxonomy, slug = _named(view, addresses)
    if kind is None:
        return None
    return Thing(
        kind,
        identity,
        path.url,
        taxonomy=taxonomy,
        types=_types(view, addresses),
        feed=view.feed,
        paged=view.paged,
        page=view.page,
        cpage=view.cpage,
        embed=view.embed,
        social=addresses.is_old(view),
        slug=slug,
        old_paths=_old_paths(path, url, addresses),
    )


def _elsewhere(addresses: Addresses) -> Iterator[tuple[SitePath, list[Thing]]]:
    """What lies at the path of another thing: attachments at their file's, the page that is the
    front page at the root."""
    found: dict[SitePath, list[Thing]] = defaultdict(list)
    for item in addresses.views.inventory.items:
        home = addresses.locate(item.link) if item.kind == "page" else None
        if home and home.path == "/":
            old_paths = (f"/{item.slug}", f"/{item.slug}/") if item.slug else ()
            thing = Thing("page", str(item.id), "/", slug=item.slug, old_paths=old_paths)
            found[home.path].append(thing)
        is_file = item.kind == "attachment" and not addresses.router.has_attachment_pages
        file = addresses.locate(item.file) if is_file else None
        if file and file.path is not None:
            old_links = _old_paths(file.path, item.link, addresses)
            found[file.path].append(
                Thing("attachment", str(item.id), file.path.url, slug=item.slug,
                       old_paths=old_links)
            )  # fmt: skip
    yield from found.items()


def _old_paths(path: SitePath, url: str, addresses: Addresses) -> tuple[str, ...]:
    """The decoded paths, other than its own, at which the CMS had something: with and without
    a trailing slash, since links exist in both forms. None if a query named it."""
    old = _path_at_cms(url, addresses)
    if not old or old == "/":
        return ()
    is_file = path == old and not path.endswith("/")
    if is_file:  # a page with an extension has been linked with a slash, too
        return (f"{path}/",) if path.endswith((".html", ".htm")) else ()
    forms = (old.rstrip("/"), old.rstrip("/") + "/")
    return tuple(form for form in forms if form != path)


def _named(view: View, addresses: Addresses) -> tuple[Kind | None, str, str, str]:
    """Kind, id, taxonomy and slug as the redirect rules name them."""
    match view.kind:
        case "home":
            return "home", "", "", ""
        case "post" | "page":
            return view.kind, view.id, "", _slugs(int(view.id), addresses)
        case "item":
            number = view.id.rpartition(":")[2]
            return "post", number, "", _slugs(int(number), addresses)
        case "attachment" | "author":
            return view.kind, view.id, "", ""
        case "date":
            return "date", view.id, "", ""
        case "archive":
            return "post_type", view.id, "", ""
        case "term":
            return _named_term(view.id, addresses)
        case _:
            return None, "", "", ""


def _named_term(identity: str, addresses: Addresses) -> tuple[Kind | None, str, str, str]:
    taxonomy, _, key = identity.partition(":")
    term = addresses.views.terms.get((taxonomy, int(key))) if key.isdecimal() else None
    slug = term.slug if term else key
    match taxonomy:
        case "category":
            return "category", key if term else "", "", _term_slugs(term, addresses) or slug
        case "post_tag":
            return "post_tag", key if term else "", "", slug
        case "post_format":
            return "post_format", slug.removeprefix("post-format-"), "", ""
        case _:
            return "taxonomy", key, taxonomy, slug


def _types(view: View, addresses: Addresses) -> tuple[str, ...]:
    if view.kind != "item":
        return ()
    return addresses.views.variables_of(view.id.partition(":")[0])


def _slugs(number: int, addresses: Addresses) -> str:
    """The slugs of all parents of an object and its own: WordPress looks for pages by them
    (`get_page_by_path`). Its own alone if a parent is not listed."""
    item = addresses.views.items.get(number)
    slugs: list[str] = []
    while item is not None and len(slugs) < _DEPTH_MAX:
        slugs.append(item.slug)
        item = addresses.views.items.get(item.parent)
    return "/".join(reversed(slugs))


def _term_slugs(term: Term | None, addresses: Addresses) -> str:
    slugs: list[str] = []
    while term is not None and len(slugs) < _DEPTH_MAX:
        slugs.append(term.slug)
        term = addresses.views.terms.get((term.taxonomy, term.parent))
    return "/".join(reversed(slugs))


def _first_pages(url: str, view: View, addresses: Addresses) -> Iterator[Rule]:
    """WordPress redirects the number 1 of a list or post to that itself. What has a number 2 has
    a number 1."""
    first = msgspec.structs.replace(view, paged=0, page=0)
    if max(view.paged, view.page) != 2 or not first.is_first:
        return
    old = _path_at_cms(url, addresses).rstrip("/")
    if old.endswith("/page/2" if view.paged else "/2"):
        for source in (f"{old[:-1]}1", f"{old[:-1]}1/"):
            yield Rule(source, 301, addresses.router.path(first).url, origin="page 1")


@dataclass(frozen=True, slots=True)
class Moved:
    """A redirect of the CMS: from an address of its own to another place."""

    source: Address
    status: int
    target: str


def _moved(moved: Moved, addresses: Addresses, hosts: Hosts) -> Iterator[Rule]:
    """The CMS's own redirect, at the site path that links were rewritten to and at the path or
    query that the CMS itself used. What it hands to another site (`?share=twitter` of Jetpack
    leads to X with the page's address) is the public address."""
    parts = urlsplit(moved.source.url)
    path = moved.source.path
    sources = (
        {path, path.rstrip("/") or "/", *_old_paths(path, moved.source.url, addresses)}
        if path
        else set()
    )
    if parts.query and _path_at_cms(parts._replace(query="").geturl(), addresses) == "/":
        sources.add(f"?{canonical_query(parts.query).key}")
    status = moved.status if moved.status in (301, 302, 307, 308) else 302
    target = hosts.rewrite(moved.target, Linker(addresses, moved.source.url), Style.SHARED)
    for source in sorted(sources - {"/", "?None"}):
        # What can be no rule (a target with spaces, a source that never matches) helps nobody.
        with contextlib.suppress(ValueError):
            yield Rule(str(source), status, _target(target), origin=OF_THE_CMS)


def _target(target: str) -> str:
    """A target percent-encoded as a rule wants it."""
    return target if target.isascii() else encode_path(target)


def _path_at_cms(url: str, addresses: Addresses) -> str:
    """The decoded path below the CMS's base, '' if a query names the page."""
    home = addresses.views.inventory.home
    if url.startswith(f"{home}/") and "#" not in url:  # as the CMS writes it: nearly always
        path, _, query = url[len(home) :].partition("?")
        return "" if query else decoded(path)
    parts = urlsplit(url)
    base = urlsplit(home).path.rstrip("/")
    return "" if parts.query else decoded(parts.path)[len(base) :] or "/"
