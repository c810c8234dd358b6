"""What an HTTP answer of the CMS says: headers and bytes become a `Capture`."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit

from publisher.cms.port import Capture
from publisher.content_types import bare

# The largest file of an upload directory that is taken: it is held in memory once.
BODY_BYTES_MAX = 512 * 1024 * 1024

# Those that are read, by lower-case name. Lines of these two add up; else the last one counts.
_KEPT = frozenset(b"location link content-type content-encoding retry-after x-robots-tag".split())
_BEGINNINGS = frozenset(
    letter for name in (b"H", *_KEPT) for letter in (name[:1], name[:1].upper())
)
_SEVERAL = frozenset(("link", "x-robots-tag"))
# What is text for certain; `text/plain` is also what a server calls a file that it doesn't know.
_TEXT = re.compile(
    r"text/(?:html|css|javascript|xml)|application/(?:[\w.-]+\+)?(?:xml|json)|.*/javascript"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")
_GZIP = b"\x1f\x8b\x08"
_GZIP_WINDOW = 31  # zlib: 15, and 16 for gzip's frame
# WordPress: wp_shortlink_header for what has a page of its own, rest_output_link_header for the
# rest. The routes of terms and authors have numbers, too, but other ones.
_SHORT_LINK = re.compile(r"[?&](?:p|page_id)=([0-9]{1,18})>;\s*rel=\"?shortlink")
_ROUTE = re.compile(r"/wp/v2/(?:posts|pages|media)/([0-9]{1,18})>")
# Directives that have a colon of their own; any other name before one is a crawler's.
_ROBOTS_WITH_VALUE = ("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview")


def headers_of(lines: Iterable[bytes]) -> dict[str, str]:
    """The headers that matter, by lower-case name, from the lines of one or more answers: those
    of an interim answer (1xx) are dropped. Lines that add up are joined by a line feed."""
    headers: dict[str, str] = {}
    for line in lines:
        if line[:1] not in _BEGINNINGS:
            continue
        if line.startswith(b"HTTP/"):
            headers = {}
            continue
        name, _, value = line.partition(b":")
        name = name.lower()
        if name in _KEPT:
            key, text = name.decode(), value.strip().decode("utf-8", "replace")
            several = key in _SEVERAL and key in headers
            headers[key] = f"{headers[key]}\n{text}" if several else text
    return headers


def capture_of(
    url: str,
    status: int,
    headers: dict[str, str],
    body: bytes,
    body_bytes_max: int = BODY_BYTES_MAX,
) -> Capture:
    """The answer to `url`, or why it can't be relied on. `body` is as it came over the wire;
    unpacked it may have `body_bytes_max` bytes."""
    if status < 200 or status in (206, 304):
        return Capture(url, 0, error=f"status {status}, which was not asked for")
    if any(map(_CONTROL.search, headers.values())):
        return Capture(url, 0, error="a header holds control characters")
    content_type = headers.get("content-type", "")
    if _is_packed(url, headers.get("content-encoding", ""), content_type, body):
        unpacked = _unpacked(body, body_bytes_max)
        if unpacked is None:
            return Capture(url, 0, error="the body is compressed and can't be decompressed")
        body = unpacked
    location = headers.get("location", "")
    if location:
        try:
            location = urljoin(url, location)
        except ValueError:
            return Capture(url, 0, error="redirects to what is no address")
    link = headers.get("link", "")
    robots = headers.get("x-robots-tag", "")
    return Capture(
        url,
        status,
        content_type,
        location,
        body,
        "" if status < 400 else f"status {status}",
        generated="rest_route=" in link or "wp-json" in link,
        noindex=bool(robots) and _is_noindex(robots),
        object=_object(link) if link else "",
    )


def is_empty_page(capture: Capture) -> bool:
    """A page without a byte: what PHP sends that broke down before it had written anything."""
    return (
        capture.status == 200
        and not capture.body.strip()
        and bare(capture.content_type) == "text/html"
    )


def _is_packed(url: str, encoding: str, content_type: str, body: bytes) -> bool:
    """Whether to unpack a body: also when no header tells of it, for text that is none."""
    if encoding.lower() not in ("", "identity"):
        return bool(body)  # the answer to a HEAD, a 204
    return (
        body.startswith(_GZIP)
        and _TEXT.fullmatch(bare(content_type)) is not None
        and not urlsplit(url).path.endswith(".gz")  # a sitemap that is offered so
    )


def _unpacked(body: bytes, bytes_max: int) -> bytes | None:
    """The bytes in a gzip file, which may have several members (RFC 1952, 2.2); None if it is
    none, breaks off or holds too much. Only this form is ever asked for."""
    pieces: list[bytes] = []
    while not pieces or body.startswith(_GZIP):  # else zeros or junk at the end
        unpacking = zlib.decompressobj(_GZIP_WINDOW)
        try:
            pieces.append(unpacking.decompress(body, bytes_max))
        except zlib.error:
            return None
        bytes_max -= len(pieces[-1])
        if not unpacking.eof or bytes_max <= 0:
            return None
        body = unpacking.unused_data
    return b"".join(pieces)


def _is_noindex(robots: str) -> bool:
    """Whether X-Robots-Tag keeps all crawlers away, and not only one that it names."""
    for line in robots.lower().split("\n"):
        for directive in line.split(","):
            name, colon, _ = directive.partition(":")
            if colon and name.strip() not in _ROBOTS_WITH_VALUE:
                break  # the rest of the line is for that crawler
            if directive.strip() in ("noindex", "none"):
                return True
    return False


def _object(link: str) -> str:
    link = link.replace("%2F", "/").replace("%2f", "/")
    found = _SHORT_LINK.search(link) or _ROUTE.search(link)
    return found[1] if found else ""
