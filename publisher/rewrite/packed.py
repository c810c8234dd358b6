"""Sitemaps that are compressed files, `sitemap.xml.gz`: they name pages as others do. Pure."""

from __future__ import annotations

import gzip
import io
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
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as parts:  # several in a row: RFC 1952, 2.2
            xml = parts.read(_BYTES_MAX + 1)
    except (zlib.error, OSError, EOFError):
        return None
    return xml if len(xml) <= _BYTES_MAX else None


def packed(xml: bytes) -> bytes:
    """The XML as such a file: the same bytes at each look."""
    packing = zlib.compressobj(wbits=_GZIP)  # its header has no time
    return packing.compress(xml) + packing.flush()
