"""What a sitemap says (sitemaps.org). Pure, and of hostile input."""

from __future__ import annotations

import io
from typing import NamedTuple

from lxml import etree

SITEMAP_BYTES_MAX = 50 * 1024 * 1024
"""The protocol's own limit, of what is unpacked."""

_LISTS = {"urlset": "url", "sitemapindex": "sitemap"}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_ADDRESS = ("http://", "https://")


class Sitemap(NamedTuple):
    """The addresses in a sitemap; those of other sitemaps if it is an index of them."""

    urls: list[str]
    is_index: bool = False


def parse_sitemap(content: bytes) -> Sitemap:
    """Read a sitemap: XML, or a text with an address on each line. Raises ValueError, with a
    sentence that goes behind the name of the sitemap, for what is none."""
    if len(content) > SITEMAP_BYTES_MAX:
        raise ValueError(f"is larger than {SITEMAP_BYTES_MAX // 1024**2} MB")
    content = content.lstrip(b"\xef\xbb\xbf \t\r\n")  # some plugins write a line before the XML
    if content.startswith((b"<", *_UTF_16)):
        return _in_xml(content)
    try:
        lines = content.decode().split("\n")
    except UnicodeDecodeError:
        raise ValueError("is neither XML nor a text in UTF-8") from None
    urls = [line.strip() for line in lines if line.strip()]
    if not urls:
        raise ValueError("is empty")
    if not all(url.lower().startswith(_ADDRESS) for url in urls):
        raise ValueError("is neither XML nor a list of addresses")
    return Sitemap(urls)


def _in_xml(content: bytes) -> Sitemap:
    found: list[str] = []
    # No entities, nothing from elsewhere, libxml2's own limits for depth and size.
    events = etree.iterparse(
        io.BytesIO(content),
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    root, entry, address = "", "", ""
    path: list[str] = []
    try:
        for event, element in events:
            if event == "start":
                if not path:
                    root = element.tag
                    entry, address = _entry(root)
                path.append(element.tag)
                continue
            path.pop()
            # `image:loc` and the like have another namespace, and stand deeper.
            if element.tag == address and path == [root, entry]:
                found.append((element.text or "").strip())
            if len(path) == 1:  # an entry: what is before it was read
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise ValueError(f"is no XML: {_shown(str(error.msg))}") from None
    return Sitemap(list(filter(None, found)), _local(root) == "sitemapindex")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _entry(root: str) -> tuple[str, str]:
    """The names of the entries and of the addresses in them, in the namespace of the root. Raises
    ValueError for the root of something else."""
    space, brace, name = root.rpartition("}")
    if name not in _LISTS:
        raise ValueError(f"is no sitemap: its root is <{_shown(name)}>")
    return f"{space}{brace}{_LISTS[name]}", f"{space}{brace}loc"


def _shown(text: str) -> str:
    return "".join(one for one in text[:200] if one.isprintable())
