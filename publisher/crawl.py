"""From the CMS's inventory to a layer: every public URL asked for, rewritten, kept as a blob.

Decides what an answer means; asking is the `Cms`'s affair, keeping the `Sink`'s.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from publisher.addresses import Address, Addresses
from publisher.cms.port import Capture, Cms
from publisher.content_types import bare, by_name, cache_control
from publisher.discovery import listed, usual
from publisher.errors import Finding
from publisher.inspection import Inspector, leaked
from publisher.inventory import Inventory
from publisher.manifest import Entry
from publisher.paths import SitePath
from publisher.rewrite.document import rewrite
from publisher.rewrite.text import Hosts
from publisher.views import View

# Keeps bytes and returns the SHA-256 that names them.
Sink = Callable[[bytes], str]
# Told how many URLs are done and how many are known.
Progress = Callable[[int, int], None]

# Where a URL of the inventory was "seen"; '' is for what need not be there.
_LISTS = "the CMS's own lists"
# The end of a page is looked for in so many of its last bytes.
_END_BYTES = 1024
# More objects than this, and than this share of all, that redirect to one place are no word on
# any of them.
_COMMON_MAX = 3
_COMMON_SHARE = 0.05
# WordPress needs two redirects at most (old slug, then slash); a browser gives up after 20.
_HOPS_MAX = 5


@dataclass(frozen=True, slots=True)
class Moved:
    """A redirect of the CMS: from an address of its own to another place."""

    source: Address
    status: int
    target: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A URL that the CMS itself does not have, and the page on which it was first seen."""

    path: SitePath
    url: str
    status: int
    seen_on: str


@dataclass(slots=True)
class Layer:
    """What the CMS contributes, and what was learnt on the way.

    `origins` tells for each path which address it was made from. `failed` are paths about
    which the CMS gave no answer to rely on, `refused` those it would not give out (401, 403, an
    error page instead of an image), which is no word that they are gone. `collisions` are
    paths that two objects of the CMS want: the first has it.
    """

    entries: dict[SitePath, Entry] = field(default_factory=dict)
    origins: dict[SitePath, Address] = field(default_factory=dict)
    moved: list[Moved] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    failed: dict[SitePath, Capture] = field(default_factory=dict)
    refused: dict[SitePath, Capture] = field(default_factory=dict)
    collisions: dict[SitePath, tuple[str, str]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    removals: Counter[str] = field(default_factory=Counter)
    noindex: bool = False


def crawl(
    cms: Cms,
    addresses: Addresses,
    inventory: Inventory,
    sink: Sink,
    progress: Progress,
    *,
    pages_end: bool | None = None,
    inspector: Inspector | None = None,
) -> Layer:
    """Everything that the inventory lists or a page links to. Raises CmsError.

    `pages_end`: whether this site's pages end with `</html>`; None asks the home page.
    `inspector` looks at each text, once it is rewritten.
    """
    return _Crawl(cms, addresses, inventory, sink, progress, pages_end, inspector).run()


@dataclass(slots=True)
class _Asked:
    address: Address
    seen_on: str
    hops: int = 0


class _Crawl:
    def __init__(
        self,
        cms: Cms,
        addresses: Addresses,
        inventory: Inventory,
        sink: Sink,
        progress: Progress,
        pages_end: bool | None,
        inspector: Inspector | None,
    ) -> None:
        self._inspector = inspector
        self._pages_end = pages_end
        self._cms = cms
        self._addresses = addresses
        self._inventory = inventory
        self._sink = sink
        self._progress = progress
        self._hosts = Hosts(addresses.urls.hosts, addresses.urls.public)
        self._wanted: deque[str] = deque()
        self._asked: dict[str, _Asked] = {}
        self._seen: dict[SitePath, Address] = {}
        self._layer = Layer()

    def run(self) -> Layer:
        for urls, seen_on in ((listed(self._inventory), _LISTS), (usual(self._inventory), "")):
            for url in urls:
                address = self._addresses.locate(url)
                if address:
                    self._want(address, seen_on)
        for done, capture in enumerate(self._cms.captures(self._wanted), start=1):
            self._take(self._asked.pop(capture.url), capture)
            self._progress(done, done + len(self._asked))
        self._doubt_common_redirects()
        return self._layer

    def _want(self, address: Address, seen_on: str, hops: int = 0) -> None:
        if address.path is None or address.url in self._asked:
            return
        first = self._seen.get(address.path)
        if first and not hops:
            if _are_two_objects(first.view, address.view):
                self._layer.collisions[address.path] = (first.url, address.url)
            return
        self._seen.setdefault(address.path, address)
        self._asked[address.url] = _Asked(address, seen_on, hops)
        self._wanted.append(address.url)

    def _take(self, asked: _Asked, capture: Capture) -> None:
        address = asked.address
        assert address.path is not None  # noqa: S101 - only such addresses are asked for
        if capture.is_failure:
            self._layer.failed[address.path] = capture
        elif capture.location and 300 <= capture.status < 400:
            self._follow(asked, capture)
        elif capture.status != 200 or not self._is_content(address, capture):
            if capture.status in (404, 410):
                self._miss(asked, capture)
            else:
                self._refuse(asked, capture)
        elif self._is_cut(address, capture):
            error = "the page breaks off before its end (status 200)"
            self._layer.failed[address.path] = replace(capture, error=error)
        elif self._is_stand_in(address, capture):
            self._layer.moved.append(Moved(address, 302, "/"))
        else:
            self._keep(address.path, address, capture)

    def _follow(self, asked: _Asked, capture: Capture) -> None:
        address = asked.address
        target_url, hash_, fragment = capture.location.partition("#")
        target = self._addresses.locate(target_url)
        if target is None:  # to another host: for the visitor, never for us
            if urlsplit(target_url).scheme in ("http", "https"):
                self._layer.moved.append(Moved(address, capture.status, capture.location))
        elif target.path is None:
            # To the log-in page, or to what is not public: no word that this is gone.
            self._refuse(asked, capture)
        elif target.path == address.path:
            # Another form of the same address (a slash, an encoding): ask for that form.
            if asked.hops < _HOPS_MAX and target_url != capture.url:
                same = Address(target_url, address.href, address.path, address.view)
                self._want(same, asked.seen_on, asked.hops + 1)
            else:
                self._layer.failed[target.path] = Capture(
                    capture.url, 0, error="redirects to itself"
                )
        else:
            self._layer.moved.append(Moved(address, capture.status, target.href + hash_ + fragment))
            self._want(target, asked.seen_on)

    def _miss(self, asked: _Asked, capture: Capture) -> None:
        address = asked.address
        if asked.seen_on and address.path is not None:
            self._layer.missing.append(
                Missing(address.path, address.url, capture.status, asked.seen_on)
            )

    def _refuse(self, asked: _Asked, capture: Capture) -> None:
        if asked.address.path is not None:
            self._layer.refused[asked.address.path] = capture
        self._miss(asked, capture)

    def _is_cut(self, address: Address, capture: Capture) -> bool:
        """An empty page, or one without the end that this site's pages have: a PHP error, or a
        body that broke off without anybody noticing."""
        if bare(capture.content_type) != "text/html" or not address.view:
            return False
        ends = b"</html" in capture.body[-_END_BYTES:].lower()
        if address.path == "/" and self._pages_end is None:
            self._pages_end = ends
        if address.view.kind not in (*_OBJECTS, "home"):
            return False  # a plugin's fragment may have no end
        return not capture.body.strip() or (bool(self._pages_end) and not ends)

    def _doubt_common_redirects(self) -> None:
        """Many objects that lead to one place all at once: maintenance or a log-in page
        elsewhere, and not a word on any of them."""
        targets = Counter(moved.target for moved in self._layer.moved if _is_object(moved.source))
        limit = max(_COMMON_MAX, len(self._inventory.items) * _COMMON_SHARE)
        common = {target for target, count in targets.items() if count > limit}
        for moved in [m for m in self._layer.moved if m.target in common and _is_object(m.source)]:
            self._layer.moved.remove(moved)
            if moved.source.path is not None:
                error = f"redirects to {moved.target}, as {targets[moved.target]} others do"
                self._layer.failed[moved.source.path] = Capture(moved.source.url, 0, error=error)

    def _is_content(self, address: Address, capture: Capture) -> bool:
        """A style sheet or image that comes as HTML is an error page with status 200."""
        by_extension = by_name(address.path or "")
        is_page = bare(capture.content_type) == "text/html"
        return not (
            is_page
            and address.view is not None
            and address.view.kind == "file"
            and by_extension not in ("", "text/html")
        )

    def _is_stand_in(self, address: Address, capture: Capture) -> bool:
        """With plain permalinks WordPress answers every unknown path with its home page."""
        return (
            not self._inventory.pretty
            and capture.generated
            and address.view is not None
            and address.view.kind in ("path", "file")
        )

    def _keep(self, path: SitePath, address: Address, capture: Capture) -> None:
        document = rewrite(
            capture.body, capture.content_type, address, self._addresses, self._hosts
        )
        layer = self._layer
        layer.entries[path] = Entry(
            self._sink(document.body),
            len(document.body),
            document.content_type,
            cache_control(document.content_type),
        )
        layer.origins[path] = address
        layer.removals.update(document.removals)
        layer.noindex = layer.noindex or (path == "/" and document.noindex)
        if document.leak:
            layer.findings.append(leaked(path, document.leak, document.body))
        if self._inspector:
            layer.findings += self._inspector.findings(document.body, document.content_type, path)
        for found in document.found:
            self._want(found, path)


# Views of things that are there in their own right, unlike a file or a mere path.
_OBJECTS = frozenset(("post", "page", "item", "term", "author", "date", "archive"))


def _is_object(address: Address) -> bool:
    return address.view is not None and address.view.is_first and address.view.kind in _OBJECTS


def _are_two_objects(one: View | None, other: View | None) -> bool:
    return bool(one and other and one != other and one.kind in _OBJECTS and other.kind in _OBJECTS)
