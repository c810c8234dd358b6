"""What the CMS sent for one URL, made fit for the public. Pure: bytes in, bytes out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from publisher.addresses import Address, Addresses
from publisher.content_types import bare, is_text, served_as
from publisher.rewrite.charset import decode
from publisher.rewrite.css import rewrite_css
from publisher.rewrite.html import Removals, declare_utf8, rewrite_html
from publisher.rewrite.linker import Linker, Style
from publisher.rewrite.text import Hosts
from publisher.rewrite.tokens import Shape, settle
from publisher.rewrite.xml import rewrite_xml

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
    body: bytes,
    content_type: str,
    address: Address,
    addresses: Addresses,
    hosts: Hosts,
    shapes: tuple[Shape, ...] = (),
) -> Document:
    """The public form of a body that the CMS sent with this Content-Type for this address.
    `shapes`: the declared ones of what is random in pages."""
    by_extension = address.view is not None and address.view.kind == "file"
    path = address.path or ""
    served = served_as(path, content_type, by_extension=by_extension)
    if not is_text(served):
        return Document(body, served)
    decoded = decode(body, content_type)
    text = decoded.text
    linker = Linker(addresses, address.url)
    removals = Removals()
    noindex = False
    match bare(served):
        case "text/html" | "application/xhtml+xml":
            noindex = bool(_NOINDEX.search(text))
            text, removals = rewrite_html(
                text if decoded.was_utf8 else declare_utf8(text), linker, hosts
            )
            text, settled = settle(text, shapes)
            removals.update({"random tokens": settled} if settled else {})
        case "text/css":
            text = hosts.rewrite(rewrite_css(text, linker, moves=False), linker, Style.ROOT)
        case "text/javascript" | "application/javascript" | "application/x-javascript":
            text = hosts.rewrite(text, linker, Style.ROOT)
        case kind if kind.endswith("xml") or kind == "text/xsl":
            text = settle(rewrite_xml(text, linker, hosts), shapes)[0]
        case _:
            text = hosts.rewrite(text, linker, Style.PUBLIC)
    return Document(
        _encode(text), served, tuple(linker.found.values()), removals, hosts.leak(text), noindex
    )


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
