"""Feeds and sitemaps: absolute public addresses, and no entry that is not on the site."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from lxml import etree

from publisher.rewrite.css import rewrite_css
from publisher.rewrite.linker import NOWHERE, Linker, Style, Withheld, is_relative
from publisher.rewrite.text import Hosts

_STYLESHEET = re.compile(r"<\?xml-stylesheet.*?\?>", re.DOTALL)
# Attributes that hold an address, as they stand in XML, and in HTML that is escaped in XML. With
# braces in it, it is an expression of XSLT ("Attribute Value Templates").
_ATTRIBUTE = re.compile(
    r"(?<=[\s:])(?:href|src|url|poster|data)\s{0,9}=\s{0,9}"
    r"(?P<quote>[\"']|&quot;|&#0?3[49];)(?P<url>[^\"'<>{}\s]{1,2000}?)(?P=quote)"
)
# An end that never comes must not be looked for again at each beginning.
_CDATA = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)
_ABSOLUTE = re.compile(r"(?:[a-zA-Z][\w+.-]*:|//)")
# Entries of RSS, Atom and sitemaps, and where in each the address stands.
_ENTRIES = ("item", "entry", "url")
_ADDRESSES = ("link", "loc")


def rewrite_xml(text: str, linker: Linker, hosts: Hosts, *, is_image: bool = False) -> str:
    """The document with public addresses.

    Its style sheet is named from the root: browsers take none from another origin. Entries
    that lead to what the public may not have are left out (core's sitemaps and feeds list
    posts that ask for a password). `is_image`: an SVG, whose links are for browsers and
    relative to it; others are read elsewhere, and what they give from the root is made whole.
    """
    if not is_image and _names_withheld(text, linker):
        text = _without_withheld(text, linker)
    style = Style.ROOT if is_image else Style.PUBLIC
    if is_image:
        text = rewrite_css(text, linker, moves=False)
    position = 0
    pieces: list[str] = []
    for instruction in _STYLESHEET.finditer(text):
        pieces.append(_absolute(text[position : instruction.start()], linker, hosts, style))
        pieces.append(_stylesheet(instruction[0], linker, hosts))
        position = instruction.end()
    pieces.append(_absolute(text[position:], linker, hosts, style))
    return "".join(pieces)


def _stylesheet(instruction: str, linker: Linker, hosts: Hosts) -> str:
    for match in _ATTRIBUTE.finditer(instruction):
        linker.see(html.unescape(match["url"]))
    return hosts.rewrite(instruction, linker, Style.ROOT, markup=True)


def _with_links(text: str, linker: Linker, style: Style) -> str:
    """Links from the root, and in place the relative ones, which are only noted. They stand in
    attributes, those of HTML in a feed included, be it in CDATA or with its quotes escaped.
    Those to what the public may not have lead nowhere: the words of a link stay."""
    pieces = [(text, False)] if "<![CDATA[" not in text else _pieces(text)
    return "".join(_linked(piece, linker, style, is_cdata) for piece, is_cdata in pieces)


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, and whether each is a CDATA section."""
    position = 0
    for section in _CDATA.finditer(text):
        yield text[position : section.start()], False
        yield section[0], True
        position = section.end()
    yield text[position:], False


def _linked(text: str, linker: Linker, style: Style, is_cdata: bool) -> str:
    def linked(match: re.Match[str]) -> str:
        written = match["url"]
        url = html.unescape(written)
        if url[:1] == "#" or _ABSOLUTE.match(url):
            return match[0]
        if is_relative(url) and (is_cdata or "&" in match["quote"]):
            return match[0]  # relative to the page that the HTML is from, which a feed is not
        try:
            public = linker.link_in_place(url, style)
        except Withheld:
            public = NOWHERE
        if public == url:
            return match[0]
        head, tail = match[0].split(written, 1)
        return head + public.replace("&", "&amp;") + tail

    return _ATTRIBUTE.sub(linked, text)


def _absolute(text: str, linker: Linker, hosts: Hosts, style: Style) -> str:
    text = _ATTRIBUTE.sub(lambda match: _nowhere_if_withheld(match, linker), text)
    # Whole addresses first: what becomes one of a link from the root is public already.
    return _with_links(hosts.rewrite(text, linker, Style.PUBLIC, markup=True), linker, style)


def _nowhere_if_withheld(match: re.Match[str], linker: Linker) -> str:
    """The same for a whole address, in which a text alone would only change its host."""
    written = match["url"]
    url = html.unescape(written)
    if not _ABSOLUTE.match(url) or not _is_withheld(url, linker):
        return match[0]
    head, tail = match[0].split(written, 1)
    return head + NOWHERE + tail


def _names_withheld(text: str, linker: Linker) -> bool:
    """Whether it is worth parsing: any entry's address is withheld."""
    addresses = re.findall(r"<(?:link|loc)>\s*([^<\s]+)\s*</", text)
    addresses += re.findall(r"<link\s[^>]*href=[\"']([^\"']+)", text)
    return any(_is_withheld(address.replace("&amp;", "&").replace("&#038;", "&"), linker)
               for address in addresses)  # fmt: skip


def _is_withheld(url: str, linker: Linker) -> bool:
    try:
        linker.link(url)
    except Withheld:
        return True
    return False


def _without_withheld(text: str, linker: Linker) -> str:
    # No entities, no network: the document is the CMS's output and not trusted.
    parser = etree.XMLParser(
        strip_cdata=False,
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        encoding="utf-8",
    )
    try:
        root = etree.fromstring(text.encode(errors="replace"), parser)
    except etree.XMLSyntaxError:
        return text  # not well-formed at the CMS either: left as it is
    for element in list(root.iter()):
        if not isinstance(element.tag, str) or etree.QName(element).localname not in _ENTRIES:
            continue
        if any(_is_withheld(address, linker) for address in _addresses_of(element)):
            parent = element.getparent()
            if parent is not None:
                parent.remove(element)
    document: bytes = etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")
    return document.decode()


def _addresses_of(entry: etree._Element) -> list[str]:
    found = [
        (child.text or "").strip() or child.get("href", "")
        for child in entry
        if isinstance(child.tag, str) and etree.QName(child).localname in _ADDRESSES
    ]
    return [address for address in found if address]
