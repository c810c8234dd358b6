"""What the CMS sent for one URL, made fit for the public. Pure: bytes in, bytes out."""

from __future__ import annotations

import codecs
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from publisher.addresses import Address, Addresses
from publisher.content_types import bare, is_text, served_as
from publisher.rewrite.charset import as_utf8, declare_utf8, decode, has_mark
from publisher.rewrite.css import rewrite_css
from publisher.rewrite.depends import of_address as depends_on
from publisher.rewrite.html import HtmlRewriter, Page
from publisher.rewrite.linker import Linker, Style
from publisher.rewrite.packed import packed, unpacked
from publisher.rewrite.removals import Removals
from publisher.rewrite.scripts import is_manifest, rewrite_imports, rewrite_manifest
from publisher.rewrite.sieve import Sieve
from publisher.rewrite.text import Hosts
from publisher.rewrite.tokens import Shape, settle
from publisher.rewrite.xml import rewrite_xml

_XML = "application/xml"
_MANIFEST = "application/manifest+json"
# Spreadsheets know UTF-8 by its mark alone, and take what has none for Shift_JIS. So these keep it,
# and their bytes if nobody says what they are.
# For each, its cells: what stands between quotes, or between separators, which are part of no
# address (RFC 4180; in Europe a semicolon).
_TABLES = {
    kind: re.compile(rf"\"(?:[^\"]|\"\")*+\"?|[^\"{separators}\r\n]+")
    for kind, separators in (("text/csv", r",;\t"), ("text/tab-separated-values", r"\t"))
}
_SCRIPTS = ("text/javascript", "application/javascript", "application/x-javascript")
_HREF: Callable[[Address], str] = operator.attrgetter("href")
# So many addresses are remembered with their token.
_TOKENS_MAX = 50_000
_NOINDEX = re.compile(
    rb"<meta[^>]+name=[\"']robots[\"'][^>]+content=[\"'][^\"']*\bnoindex\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Document:
    """What is served: bytes and type; the addresses it names; what was taken out of it; a
    place where the CMS's host is still named ('' if none); whether it asks search engines
    to stay away; what it can be seen to be made from (`rewrite/depends.py`)."""

    body: bytes
    content_type: str
    found: tuple[Address, ...] = ()
    removals: Removals = field(default_factory=Removals)
    leak: str = ""
    noindex: bool = False
    depends: frozenset[str] = frozenset()


class Rewriter:
    """Makes what one CMS sends fit for the public. It remembers, within bounds, what recurs
    from page to page, so one serves a whole export. `keep`: removals that are not made, by the
    names of `removals.ALL`; `shapes`: the declared ones of what is random in pages."""

    def __init__(
        self,
        addresses: Addresses,
        keep: frozenset[str] = frozenset(),
        shapes: tuple[Shape, ...] = (),
    ) -> None:
        self.addresses = addresses
        self._keep = keep
        self._hosts = Hosts(addresses.urls.hosts, addresses.urls.public)
        self._shapes = shapes
        self._sieve = Sieve(addresses.urls.hosts)
        self._html = HtmlRewriter(addresses, self._hosts, self._sieve, keep, shapes)
        self._tokens: dict[str, str] = {}

    def rewrite(self, body: bytes, content_type: str, address: Address) -> Document:
        """The public form of a body that the CMS sent with this Content-Type for this address."""
        is_file = address.view is not None and address.view.kind == "file"
        by_extension = is_file and bare(content_type) != "text/html"  # `/vue.js`, an article
        served = served_as(address.path or "", content_type, by_extension=by_extension)
        if is_text(served):
            return self._text(body, content_type, served, address)
        xml = unpacked(address.path or "", body)
        if xml is None:
            return Document(body, served)
        of_xml = self._text(xml, _XML, _XML, address)
        new = body if of_xml.body == xml and xml is not body else packed(of_xml.body)
        return replace(of_xml, body=new, content_type=served)

    def _text(self, body: bytes, content_type: str, served: str, address: Address) -> Document:
        """The public form of a text that is to be served as this type."""
        page = Page(Linker(self.addresses, address.url))
        kind = bare(served)
        is_table = kind in _TABLES
        source = as_utf8(body, content_type, guess=not is_table)
        marked = is_table and (source is None or has_mark(body))
        if source is None:
            decoded = decode(body, content_type, guess=not is_table)
            source = _encode(decoded.text if decoded.was_utf8 else declare_utf8(decoded.text))
        noindex = False
        if kind in ("text/html", "application/xhtml+xml"):
            shown = self._html.rewrite(source, page)
            noindex = page.may_hide and bool(_NOINDEX.search(shown))
        else:
            text = _text(source)
            if kind == "application/json" and is_manifest(address.path or "", text):
                kind = _MANIFEST
            shown = _encode(self._other(kind, text, page.linker))
            page.may_leak = self._sieve.may_name(shown)
        leak = self._hosts.leak(_text(shown)) if page.may_leak else ""
        found = tuple(page.linker.found.values())
        depends = page.depends | self._tokens_of(found)
        removals = Removals(page.removals)
        if marked:
            shown = codecs.BOM_UTF8 + shown
        return Document(shown, served, found, removals, leak, noindex, frozenset(depends))

    def _other(self, kind: str, text: str, linker: Linker) -> str:
        if kind == "text/css":
            return self._without_host(rewrite_css(text, linker, moves=False), linker, Style.ROOT)
        if kind in _SCRIPTS:
            return self._without_host(
                rewrite_imports(text, linker, moves=False), linker, Style.ROOT
            )
        if kind.endswith("xml") or kind == "text/xsl":
            text = rewrite_xml(text, linker, self._hosts, is_image=kind == "image/svg+xml")
            return text if "random-tokens" in self._keep else settle(text, self._shapes)[0]
        if kind == _MANIFEST:
            text = rewrite_manifest(text, linker)
        if kind in _TABLES and self._sieve.may_name(_encode(text)):
            cells = _TABLES[kind]
            return cells.sub(lambda cell: self._hosts.rewrite(cell[0], linker, Style.PUBLIC), text)
        return self._without_host(text, linker, Style.PUBLIC)

    def _without_host(self, text: str, linker: Linker, style: Style) -> str:
        if not self._sieve.may_name(_encode(text)):
            return text
        return self._hosts.rewrite(text, linker, style)

    def _tokens_of(self, found: tuple[Address, ...]) -> set[str]:
        known = self._tokens
        if len(known) >= _TOKENS_MAX:
            known.clear()
        # Nearly all are known: what each page costs is this look.
        tokens = set(map(known.get, map(_HREF, found)))
        if None in tokens:
            known |= {one.href: depends_on(one) for one in found if one.href not in known}
            tokens = set(map(known.get, map(_HREF, found)))
        return {one for one in tokens if one}


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(body: bytes) -> str:
    return body.decode("utf-8", "surrogateescape")
