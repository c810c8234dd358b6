"""Sitemaps that are compressed files, `sitemap.xml.gz`: they name pages as others do. Pure."""

from __future__ import annotations

import zlib

_NAME_ENDS = ".xml.gz"
# No sitemap has more (sitemaps.org, "Sitemaps XML format"); what unpacks to more is none.
_BYTES_MAX = 50 * 1024 * 1024
# zlib: a gzip header, and the largest window.
_GZIP = 31


def unpacked(path: str, body: bytes) -> bytes | None:
    """The XML in a file of such a name; None if it is another, or nothing that can be read. A
    server that calls the compression an encoding has unpacked it already."""
    if not path.lower().endswith(_NAME_ENDS):
        return None
    if body.lstrip().startswith(b"<"):
        return body
    unpacking = zlib.decompressobj(_GZIP)
    try:
        xml = unpacking.decompress(body, _BYTES_MAX)
    except zlib.error:
        return None
    return xml if unpacking.eof else None


def packed(xml: bytes) -> bytes:
    """The XML as such a file: the same bytes at each look."""
    packing = zlib.compressobj(wbits=_GZIP)  # its header has no time
    return packing.compress(xml) + packing.flush()
