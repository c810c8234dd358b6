"""What an audit stands on: a release, its rules as visitors get them, its files and pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec

from publisher.audit.pages import Contents, PageFacts, facts, locations
from publisher.audit.past import Memory
from publisher.audit.shown import visible
from publisher.errors import NotFound, StoreError
from publisher.manifest import Entry, entries_of
from publisher.paths import SitePath, decoded, file_path, recorded
from publisher.records import Records
from publisher.release import Release
from publisher.rules import OF_THE_CMS, with_withdrawn
from publisher.store.port import Store
from redirects.explain import outcome
from redirects.kana import composed
from redirects.match import Request
from redirects.rules import RuleSet

FETCHED_BYTES_MAX = 64 * 1024 * 1024
"""A larger file is left out, and `Checked` counts it as not read: a store hands a file out whole,
also for its beginning."""

_SITEMAPS_MAX = 5_000
_KNOWN_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Ground:
    """A release as visitors get it: `rules` with what was withdrawn, `entries` without. `public`:
    the site's address, without a slash at its end."""

    records: Records
    release: Release
    public: str
    rules: RuleSet
    entries: dict[str, Entry]
    withdrawn: frozenset[str] = frozenset()

    @classmethod
    def of(cls, records: Records, release: Release, public: str) -> Ground:
        """Read it from the store. Raises StoreError."""
        withdrawn = frozenset(records.intent()[0].withdrawn)
        manifest = records.manifest(release.manifest)
        found = entries_of(manifest, records.load_part)
        return cls(
            records,
            release,
            public,
            with_withdrawn(records.rules(release), withdrawn),
            {str(path): entry for path, entry in found if path not in withdrawn},
            withdrawn,
        )

    def has_file(self, path: str) -> bool:
        """Whether something is at a decoded path."""
        return file_path(path) in self.entries or path in self.entries

    @property
    def host(self) -> str:
        """The public host, without a port."""
        return urlsplit(self.public).hostname or ""

    def pages(self) -> Iterator[SitePath]:
        """The paths of what visitors open as a page."""
        return (recorded(path) for path, entry in self.entries.items() if entry.is_page)


def read(ground: Ground, progress: Callable[[int, int], None]) -> Contents:
    """Read every page and sitemap of a release. Raises StoreError."""
    reader = _Reader(ground)
    wanted = [
        (path, entry)
        for path, entry in ground.entries.items()
        if entry.is_page or _is_sitemap(path)
    ]
    for number, (path, entry) in enumerate(wanted):
        reader.take(path, entry)
        if number % 50 == 0:
            progress(number, len(wanted))
    return reader.contents()


def _is_sitemap(path: str) -> bool:
    return path.endswith(".xml") and "sitemap" in path


@dataclass(slots=True)
class _Reader:
    ground: Ground
    pages: dict[str, PageFacts] = field(default_factory=dict)
    in_sitemap: set[str] = field(default_factory=set)
    old_in_sitemap: dict[str, str] = field(default_factory=dict)
    sitemaps: int = 0
    known: dict[str, bool] = field(default_factory=dict)

    def take(self, path: str, entry: Entry) -> None:
        if entry.size > FETCHED_BYTES_MAX:
            return
        if entry.is_page:
            url = self.ground.public + recorded(path).url
            self.pages[path] = facts(self.ground.records.content(entry), url, self._is_old)
        elif self.sitemaps < _SITEMAPS_MAX:
            self.sitemaps += 1
            self._take_sitemap(path, self.ground.records.content(entry))

    def contents(self) -> Contents:
        named = frozenset(self.in_sitemap) if self.sitemaps else None
        return Contents(self.pages, named, self.old_in_sitemap)

    def _take_sitemap(self, path: str, body: bytes) -> None:
        for url in locations(body):
            own = url.removeprefix(self.ground.public)
            if own == url:
                continue  # another site's
            if self._is_old(own or "/"):
                self.old_in_sitemap.setdefault(url, path)
            else:
                self.in_sitemap.add(file_path(composed(decoded(own.partition("?")[0])) or "/"))

    def _is_old(self, url: str) -> bool:
        """Whether a redirect answers a path and query. Most links stand on all pages."""
        if url not in self.known:
            if len(self.known) == _KNOWN_MAX:
                self.known.clear()
            self.known[url] = self._is_redirected(url)
        return self.known[url]

    def _is_redirected(self, url: str) -> bool:
        path, _, query = url.partition("?")
        if not query and self.ground.has_file(composed(decoded(path))):
            return False
        request = Request("GET", path or "/", query)
        found = outcome(self.ground.rules, request, self.ground.has_file)
        # A link that the CMS itself redirects is the CMS's own, and no address of before.
        return bool(found.location and found.rule and found.rule.origin != OF_THE_CMS)


_SHOWN = 80

MEMORY = "audits/last"
"""Where the store has what the last audit found."""


def last(store: Store) -> Memory:
    """What the last audit found; nothing before the first. Raises StoreError."""
    try:
        data = store.get(MEMORY).data
    except NotFound:
        return Memory()
    try:
        memory = msgspec.json.decode(data, type=Memory)
        for url in memory.rows:
            _check_address(url)
        return memory
    except (msgspec.MsgspecError, ValueError) as error:
        hint = "Remove it: the next audit writes a new one."
        raise StoreError(f"{MEMORY} is damaged: {error}", hint) from None


def _check_address(url: str) -> None:
    """Whether this is of the form of `OldUrl.url`. Raises ValueError."""
    if not url.startswith("/") and not urlsplit(url).netloc:
        raise ValueError(f"{visible(url[:_SHOWN])!r} is no address")


def keep(store: Store, memory: Memory) -> None:
    """Keep what this audit found for the next one. Raises StoreError."""
    store.put(MEMORY, msgspec.json.encode(memory) + b"\n")
