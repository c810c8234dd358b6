"""Feeds and sitemaps: absolute public addresses, and no entry that is not on the site."""

from __future__ import annotations

import re

from lxml import etree

from publisher.rewrite.linker import Linker, Style, Withheld
from publisher.rewrite.text import Hosts

_STYLESHEET = re.compile(r"<\?xml-stylesheet.*?\?>", re.DOTALL)
# Entries of RSS, Atom and sitemaps, and where in each the address stands.
_ENTRIES = ("item", "entry", "url")
_ADDRESSES = ("link", "loc")


def rewrite_xml(text: str, linker: Linker, hosts: Hosts) -> str:
    """The document with public addresses.

    Its style sheet is named from the root: browsers take none from another origin. Entries
    that lead to what the public may not have are left out (core's sitemaps and feeds list
    posts that ask for a password).
    """
    if _names_withheld(text, linker):
        text = _without_withheld(text, linker)
    position = 0
    pieces: list[str] = []
    for instruction in _STYLESHEET.finditer(text):
        pieces.append(_absolute(text[position : instruction.start()], linker, hosts))
        pieces.append(hosts.rewrite(instruction[0], linker, Style.ROOT, markup=True))
        position = instruction.end()
    pieces.append(_absolute(text[position:], linker, hosts))
    return "".join(pieces)


def _absolute(text: str, linker: Linker, hosts: Hosts) -> str:
    return hosts.rewrite(text, linker, Style.PUBLIC, markup=True)


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
