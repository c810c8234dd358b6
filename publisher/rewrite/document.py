"""What the CMS sent for one URL, made fit for the public. Pure: bytes in, bytes out."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

from publisher.addresses import Address, Addresses
from publisher.content_types import bare, is_text, served_as
from publisher.rewrite.css import rewrite_css
from publisher.rewrite.depends import of_address as depends_on
from publisher.rewrite.html import HtmlRewriter, Page, declare_utf8
from publisher.rewrite.linker import Linker, Style
from publisher.rewrite.removals import Removals
from publisher.rewrite.scripts import rewrite_imports, rewrite_manifest
from publisher.rewrite.sieve import Sieve
from publisher.rewrite.text import Hosts
from publisher.rewrite.tokens import settle
from publisher.rewrite.xml import rewrite_xml

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
# In the document itself: HTML, CSS, XML.
_CHARSET_INSIDE = re.compile(
    rb"(?:<meta[^>]+charset\s*=\s*[\"']?|^@charset\s+[\"']|<\?xml[^>]+encoding\s*=\s*[\"'])([\w-]+)",
    re.IGNORECASE,
)
# Browsers read these names as their supersets (WHATWG Encoding Standard, "Names and labels").
_AS_BROWSERS_DO = {
    "shift_jis": "cp932", "iso8859-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030",
    "euc_kr": "cp949", "euc_jp": "euc_jis_2004",
}  # fmt: skip
# Names that browsers know and Python does not.
_LABELS = {"x-sjis": "cp932", "windows-31j": "cp932", "x-euc-jp": "euc_jp", "x-gbk": "gbk"}
_SCRIPTS = ("text/javascript", "application/javascript", "application/x-javascript")
# So many addresses are remembered with their token.
_TOKENS_MAX = 50_000
_NOINDEX = re.compile(
    r"<meta[^>]+name=[\"']robots[\"'][^>]+content=[\"'][^\"']*\bnoindex\b", re.IGNORECASE
)


# Bytes that are not UTF-8 are read as surrogates (`surrogateescape`), which the parser would
# replace: it gets characters of a private area instead, of which the page has none itself.
_BYTES = range(0xDC80, 0xDD00)
_AREAS = (0x10FC80, 0x10F080, 0xFFC80, 0xF0C80, 0xE080)


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
    names of `removals.ALL`."""

    def __init__(self, addresses: Addresses, keep: frozenset[str] = frozenset()) -> None:
        self.addresses = addresses
        self._keep = keep
        self._hosts = Hosts(addresses.urls.hosts, addresses.urls.public)
        self._sieve = Sieve(addresses.urls.hosts)
        self._html = HtmlRewriter(addresses, self._hosts, self._sieve, keep)
        self._tokens: dict[str, str] = {}

    def rewrite(self, body: bytes, content_type: str, address: Address) -> Document:
        """The public form of a body that the CMS sent with this Content-Type for this address."""
        by_extension = address.view is not None and address.view.kind == "file"
        served = served_as(address.path or "", content_type, by_extension=by_extension)
        if not is_text(served):
            return Document(body, served)
        page = Page(Linker(self.addresses, address.url))
        text, is_utf8 = _decode(body, content_type)
        kind = bare(served)
        noindex = False
        if kind in ("text/html", "application/xhtml+xml"):
            noindex = b"noindex" in body.lower() and bool(_NOINDEX.search(text))
            shown = self._page(text if is_utf8 else declare_utf8(text), page)
        else:
            shown = _encode(self._other(kind, text, page.linker))
            page.may_leak = self._sieve.may_name(shown)
        leak = self._hosts.leak(_text(shown)) if page.may_leak else ""
        found = tuple(page.linker.found.values())
        depends = page.depends.union(map(self._token, found))
        depends.discard("")
        return Document(shown, served, found, page.removals, leak, noindex, frozenset(depends))

    def _page(self, text: str, page: Page) -> bytes:
        try:
            return self._html.rewrite(text.encode(), page)
        except UnicodeEncodeError:
            pass
        start = next((area for area in _AREAS if not _has_area(text, area)), None)
        if start is None:  # nobody writes like this: only links suffer
            return _encode(self._hosts.rewrite(text, page.linker, markup=True))
        hidden = {byte: start + number for number, byte in enumerate(_BYTES)}
        shown = self._html.rewrite(text.translate(hidden).encode(), page).decode()
        return _encode(shown.translate({there: byte for byte, there in hidden.items()}))

    def _other(self, kind: str, text: str, linker: Linker) -> str:
        if kind == "text/css":
            return self._without_host(rewrite_css(text, linker, moves=False), linker, Style.ROOT)
        if kind in _SCRIPTS:
            return self._without_host(
                rewrite_imports(text, linker, moves=False), linker, Style.ROOT
            )
        if kind.endswith("xml") or kind == "text/xsl":
            text = rewrite_xml(text, linker, self._hosts, is_image=kind == "image/svg+xml")
            return text if "random-tokens" in self._keep else settle(text)[0]
        if kind == "application/manifest+json":
            text = rewrite_manifest(text, linker)
        return self._without_host(text, linker, Style.PUBLIC)

    def _without_host(self, text: str, linker: Linker, style: Style) -> str:
        if not self._sieve.may_name(_encode(text)):
            return text
        return self._hosts.rewrite(text, linker, style)

    def _token(self, address: Address) -> str:
        token = self._tokens.get(address.href)
        if token is None:
            if len(self._tokens) >= _TOKENS_MAX:
                self._tokens.clear()
            token = self._tokens[address.href] = depends_on(address)
        return token


def _has_area(text: str, start: int) -> bool:
    return bool(re.search(f"[{chr(start)}-{chr(start + len(_BYTES) - 1)}]", text))


def _decode(body: bytes, content_type: str) -> tuple[str, bool]:
    """The text, and whether it was UTF-8. Bytes of a UTF-8 text that are not UTF-8 pass
    through unchanged; in another charset they become what a browser makes of them."""
    declared = _CHARSET.search(content_type)
    inside = None if declared else _CHARSET_INSIDE.search(body[:1024])
    name = declared[1] if declared else inside[1].decode() if inside else "utf-8"
    try:
        codec = codecs.lookup(_LABELS.get(name.lower(), name)).name
        if codec not in ("utf-8", "ascii"):
            return _decode_as(_AS_BROWSERS_DO.get(codec, codec), body)
    except (LookupError, UnicodeError):  # no charset, or none of text
        pass
    return _text(body), True


def _decode_as(codec: str, body: bytes) -> tuple[str, bool]:
    try:
        return body.decode(codec), False
    except UnicodeDecodeError:
        pass
    try:
        return body.decode(), True
    except UnicodeDecodeError:
        return body.decode(codec, "replace"), False


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(body: bytes) -> str:
    return body.decode("utf-8", "surrogateescape")
