"""What the CMS sent for one URL, made fit for the public. Pure: bytes in, bytes out."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

from publisher.addresses import Address, Addresses
from publisher.content_types import bare, is_text, served_as
from publisher.rewrite.css import rewrite_css
from publisher.rewrite.html import Removals, declare_utf8, rewrite_html
from publisher.rewrite.linker import Linker, Style
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
_NOINDEX = re.compile(
    r"<meta[^>]+name=[\"']robots[\"'][^>]+content=[\"'][^\"']*\bnoindex\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Document:
    """What is served: bytes and type; the addresses it names; what was taken out of it; a
    place where the CMS's host is still named ('' if none); whether it asks search engines
    to stay away."""

    body: bytes
    content_type: str
    found: tuple[Address, ...] = ()
    removals: Removals = field(default_factory=Removals)
    leak: str = ""
    noindex: bool = False


def rewrite(
    body: bytes, content_type: str, address: Address, addresses: Addresses, hosts: Hosts
) -> Document:
    """The public form of a body that the CMS sent with this Content-Type for this address."""
    by_extension = address.view is not None and address.view.kind == "file"
    path = address.path or ""
    served = served_as(path, content_type, by_extension=by_extension)
    if not is_text(served):
        return Document(body, served)
    text, is_utf8 = _decode(body, content_type)
    linker = Linker(addresses, address.url)
    removals = Removals()
    noindex = False
    match bare(served):
        case "text/html" | "application/xhtml+xml":
            noindex = bool(_NOINDEX.search(text))
            text, removals = rewrite_html(text if is_utf8 else declare_utf8(text), linker, hosts)
            text, settled = settle(text)
            removals.update({"random tokens": settled} if settled else {})
        case "text/css":
            text = hosts.rewrite(rewrite_css(text, linker, moves=False), linker, Style.ROOT)
        case "text/javascript" | "application/javascript" | "application/x-javascript":
            text = hosts.rewrite(text, linker, Style.ROOT)
        case kind if kind.endswith("xml") or kind == "text/xsl":
            text = settle(rewrite_xml(text, linker, hosts))[0]
        case _:
            text = hosts.rewrite(text, linker, Style.PUBLIC)
    return Document(
        _encode(text), served, tuple(linker.found.values()), removals, hosts.leak(text), noindex
    )


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
    return body.decode("utf-8", "surrogateescape"), True


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
