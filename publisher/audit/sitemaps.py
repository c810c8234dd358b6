"""Reads the sitemap of an old site, from a file or from where it is, with those that it names.

It is somebody's live site: one request at a time, each with an end in time and size, none to
another host than the one that was named.
"""

from __future__ import annotations

import io
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from publisher.audit.sitemap_xml import SITEMAP_BYTES_MAX, Sitemap, parse_sitemap
from publisher.cms.http import USER_AGENT, reason
from publisher.errors import PublisherError
from publisher.log_files import opened

SITEMAPS_MAX = 1_000
URLS_MAX = 1_000_000
PROBLEMS_MAX = 100
DEPTH_MAX = 3
"""How deep indexes may name indexes; the protocol has one level."""
CONNECT_TIMEOUT_S = 10
SILENCE_S = 30
TOTAL_S = 120
_HOPS_MAX = 5
_PIECE_BYTES = 65_536
_GZIP = b"\x1f\x8b"
_REDIRECTS = (301, 302, 303, 307, 308)

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Listed:
    """What sitemaps list. `problems`: what could not be read of those that an index names, each
    with its address."""

    urls: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_sitemap(place: str, progress: Progress) -> Listed:
    """The addresses in a sitemap: XML or a text, also packed, at an http(s) address or in a file.
    Those that an index names are read, too: from the same host, or from beside the file.

    Raises PublisherError if the sitemap itself can't be read.
    """
    if is_at_a_site(place):
        with _session() as session:
            child = _at_the_same_host(place)
            return _Reading(lambda url: _fetched(url, session), child, progress).all_of(place)
    path = Path(place)
    return _Reading(lambda name: _from_file(Path(name)), _beside(path), progress).all_of(str(path))


def is_at_a_site(place: str) -> bool:
    """Whether a sitemap's place is an http(s) address, and no file."""
    try:
        return urlsplit(place).scheme.lower() in ("http", "https")
    except ValueError:
        return False


class _Reading:
    """Follows indexes. `read` gives what is at a place; `child` the place of a sitemap that an
    index names, or raises ValueError with what is wrong with it."""

    def __init__(
        self, read: Callable[[str], bytes], child: Callable[[str], str], progress: Progress
    ) -> None:
        self._read = read
        self._child = child
        self._progress = progress
        self._found = Listed()
        self._waiting: deque[tuple[str, int]] = deque()
        self._seen: set[str] = set()

    def all_of(self, place: str) -> Listed:
        """What is listed there, and in all that is named there. Raises PublisherError."""
        self._seen.add(place)
        self._take(_parsed(place, self._read(place)), 0)
        while self._waiting:
            self._progress(
                "reading sitemaps", len(self._seen) - len(self._waiting), len(self._seen)
            )
            here, depth = self._waiting.popleft()
            try:
                sitemap = _parsed(here, self._read(here))
            except PublisherError as error:
                self._problem(str(error))
                continue
            self._take(sitemap, depth)
        return self._found

    def _take(self, sitemap: Sitemap, depth: int) -> None:
        urls = self._found.urls
        if not sitemap.is_index:
            left = URLS_MAX - len(urls)
            urls += sitemap.urls[:left]
            if len(sitemap.urls) > left:
                self._problem(f"{URLS_MAX:,} addresses are read; further ones are left")
            return
        for named in sitemap.urls:
            if len(self._seen) == SITEMAPS_MAX:
                self._problem(f"{SITEMAPS_MAX:,} sitemaps are read; further ones are left")
                return
            try:
                self._wait_for(self._child(named), depth + 1)
            except ValueError as error:
                self._problem(f"{named}: {error}")

    def _problem(self, text: str) -> None:
        if len(self._found.problems) < PROBLEMS_MAX:
            self._found.problems.append(text)

    def _wait_for(self, place: str, depth: int) -> None:
        if place in self._seen:
            return
        if depth > DEPTH_MAX:
            raise ValueError(f"is more than {DEPTH_MAX} indexes deep")
        self._seen.add(place)
        self._waiting.append((place, depth))


def _parsed(place: str, content: bytes) -> Sitemap:
    try:
        return parse_sitemap(_unpacked(content))
    except ValueError as error:
        raise PublisherError(f"{place}: {error}") from None


def _unpacked(content: bytes) -> bytes:
    """Without its packing, if it has one. Raises ValueError."""
    if not content.startswith(_GZIP):
        return content
    inflating = zlib.decompressobj(wbits=31)
    try:
        unpacked = inflating.decompress(content, SITEMAP_BYTES_MAX + 1)
    except zlib.error as error:
        raise ValueError(f"is damaged: {error}") from None
    if not inflating.eof and len(unpacked) <= SITEMAP_BYTES_MAX:
        raise ValueError("is packed, and its end is missing")
    return unpacked


# ------------------------------------------------------------------------------------ files


def _from_file(path: Path) -> bytes:
    with opened(path) as file:
        return file.file.read(SITEMAP_BYTES_MAX + 1)


def _beside(index: Path) -> Callable[[str], str]:
    """Where a sitemap lies that one in a file names: beside it, under its last name. No request is
    made on behalf of a file."""

    def child(url: str) -> str:
        name = urlsplit(url).path.rpartition("/")[2]
        path = index.with_name(name) if name not in ("", ".", "..") and "\0" not in name else index
        if path == index or not path.is_file():
            raise ValueError(f"is not there: save it beside {index.name}, under the same name")
        return str(path)

    return child


# --------------------------------------------------------------------------------- requests


def _at_the_same_host(index: str) -> Callable[[str], str]:
    host = _host(index)

    def child(url: str) -> str:
        there = urljoin(index, url)
        if _host(there) != host:
            raise ValueError(f"is at another host than {host}, and was not asked for")
        return there

    return child


def _host(url: str) -> str:
    """The host of a web address. Raises ValueError for another one."""
    parts = urlsplit(url)
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise ValueError("is no address of the web")
    return parts.hostname


def _session() -> requests.Session:
    made = requests.Session()
    made.headers["User-Agent"] = USER_AGENT
    # A proxy of the environment may be the only way out; a password of .netrc is not for them.
    made.auth = _no_password
    return made


def _no_password(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _fetched(url: str, session: requests.Session) -> bytes:
    """What is at an address, or where it redirects to at the same host. Raises PublisherError."""
    host, here = _host(url), url
    try:
        for _ in range(_HOPS_MAX):
            with session.get(
                here,
                timeout=(CONNECT_TIMEOUT_S, SILENCE_S),
                allow_redirects=False,
                stream=True,
            ) as answer:
                if answer.status_code == 200:
                    return _body(answer.raw)
                if answer.status_code not in _REDIRECTS:
                    raise PublisherError(f"{here}: status {answer.status_code}")
                here = urljoin(here, answer.headers.get("Location", ""))
            if _host(here) != host:
                raise PublisherError(
                    f"{url}: redirects to another host, which was not asked: {_host(here)}",
                    "Name the address that it redirects to, if that is the site's.",
                )
    except (HTTPError, OSError, ValueError) as error:
        # What requests raises is an OSError; a ValueError is an address that it can't read.
        raise PublisherError(f"{url}: {reason(error)}") from None
    raise PublisherError(f"{url}: redirects more than {_HOPS_MAX} times")


def _body(raw: Any) -> bytes:
    """The body, without the packing of the transfer. Raises ValueError if it has no end."""
    body = io.BytesIO()
    until = time.monotonic() + TOTAL_S
    for piece in raw.stream(_PIECE_BYTES, decode_content=True):
        body.write(piece)
        if body.tell() > SITEMAP_BYTES_MAX:
            raise ValueError(f"is larger than {SITEMAP_BYTES_MAX // 1024**2} MB")
        if time.monotonic() > until:
            raise ValueError(f"has not ended within {TOTAL_S} seconds")
    return body.getvalue()
