"""Asks a live site for old addresses: slowly, within bounds, and nobody else.

It may be a stranger's by now, or be broken: whatever it answers is data. Only its own host is
asked, and that with or without `www.`; no password and no cookie goes along.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from heapq import nsmallest
from queue import SimpleQueue
from typing import NamedTuple, Self
from urllib.parse import urlsplit

import pycurl

from publisher.audit.compare import Answer, read
from publisher.audit.visitors import BROWSER, as_sent, twin
from publisher.cms.answers import headers_of
from publisher.content_types import bare
from publisher.errors import PublisherError
from publisher.front import front
from publisher.hosts import idna
from publisher.manifest import Entry
from publisher.paths import SitePath
from redirects.edge import Site
from redirects.match import Request

CONNECTIONS = 4
USER_AGENT = "publisher/0.1 (redirect audit)"
"""For requests that are no visitor's."""

_ACCEPT = "text/html,application/xhtml+xml,*/*;q=0.8"
_HTML = ("text/html", "application/xhtml+xml")
_ASKED_AGAIN = (429, 502, 503, 504)
_TOO_MUCH = (429, 503)
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_PORTS = {"https": 443, "http": 80}
_REDIRECTS = (301, 302, 303, 307, 308)
# So many pages tell whether a release is live; each is read whole.
_TELLING = 5
_TELLING_BYTES_MAX = 2 * 1024 * 1024
# libcurl's codes, in words.
_WORDS = {
    pycurl.E_COULDNT_RESOLVE_HOST: "its host name is not known",
    pycurl.E_COULDNT_CONNECT: "nothing listens there",
    pycurl.E_OPERATION_TIMEDOUT: "no answer in time",
    pycurl.E_PEER_FAILED_VERIFICATION: "its certificate can't be verified",
    pycurl.E_SSL_CONNECT_ERROR: "it does not speak https",
    pycurl.E_GOT_NOTHING: "it closed the connection without an answer",
}
# These don't pass.
_LASTING = (pycurl.E_PEER_FAILED_VERIFICATION, pycurl.E_URL_MALFORMAT)

Progress = Callable[[int, int], None]
"""Told how many requests are done, of how many that are known of by then."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is borne from a live site, in seconds and bytes. `answer_s`: for one answer, from its
    beginning to its end. `total_s`: for all of them. `body_bytes`: read of a page. `retries`: of a
    request that fails, each after a pause that doubles, or that the site asks for, up to
    `wait_s_max`. `failures`: so many in a row, and the site counts as down."""

    answer_s: float = 20
    total_s: float = 3600
    body_bytes: int = 256 * 1024
    retries: int = 2
    pause_s: float = 0.5
    wait_s_max: float = 10
    failures: int = 8


class _Got(NamedTuple):
    """An answer as it came. `error`: why there is none."""

    status: int = 0
    headers: Mapping[str, str] = {}
    body: bytes = b""
    is_cut: bool = False
    error: str = ""
    is_lasting: bool = False


class LiveSite:
    """A live site as an `Engine`. `url`: its address (`https://www.example.co.jp`), `public_host`:
    the host of the site that is audited, whose addresses are asked there. Use it as a context
    manager.

    Raises PublisherError for an address that is none, has a path, or holds a password.
    """

    name = "live"

    def __init__(
        self,
        url: str,
        public_host: str,
        progress: Progress = lambda _done, _known: None,
        limits: Limits = Limits(),
    ) -> None:
        self._scheme, self._host = place_of(url)
        self._public_host = public_host
        self._progress = progress
        self._limits = limits
        self._is_over = threading.Event()
        self._lock = threading.Lock()
        self._failures_in_a_row = 0
        self._resume_at = 0.0
        self._ends_at = 0.0
        self._done = 0
        self._handles: SimpleQueue[_Handle] = SimpleQueue()
        for _ in range(CONNECTIONS):
            self._handles.put(_Handle(self._is_over.is_set, limits))

    @property
    def origin(self) -> str:
        """Scheme and host, to compare addresses by."""
        return f"{self._scheme}://{self._host}"

    @property
    def site(self) -> Site:
        """The site that `follow` stays on."""
        return Site(self._host)

    def at(self, request: Request) -> Request | None:
        """A request for the public site, as it is made here; None for one that can't be: another
        host than the public one and its twin, or http where the site has a port of its own."""
        is_public = self._host in (self._public_host, twin(self._public_host))
        hosts = {"": self._host, self._public_host: self._host}
        if is_public:
            hosts[twin(self._public_host)] = twin(self._host)
        host = hosts.get(request.host, "")
        is_plain = request.scheme == "http"
        if not host or (is_plain and (":" in host or self._scheme == "http")):
            return None
        return request._replace(host=host, scheme="http" if is_plain else self._scheme)

    def answers(self, requests: Sequence[Request]) -> list[Answer]:
        """See `Engine`. What was not asked, or gave no answer, has a `problem`."""
        self._begin()
        known = self._done + len(requests)
        answers = []
        threads = ThreadPoolExecutor(CONNECTIONS)
        try:
            for future in [threads.submit(self._answer, request) for request in requests]:
                answers.append(future.result())
                self._done += 1
                self._progress(self._done, known)
        except BaseException:
            self._is_over.set()
            raise
        finally:
            threads.shutdown(cancel_futures=True)
        return answers

    def serves(self, digests: Mapping[str, str]) -> bool:
        """Whether the site serves a release, of which these pages are (`telling_pages`): more than
        half of them, byte for byte."""
        self._begin()
        whole = max(self._limits.body_bytes, _TELLING_BYTES_MAX)
        alike = 0
        for path, digest in digests.items():
            request = BROWSER.request(path, self._public_host)
            got = self._patiently(request._replace(host=self._host, scheme=self._scheme), whole)
            alike += got.status == 200 and not got.is_cut and sha256(got.body).hexdigest() == digest
        return alike * 2 > len(digests)

    def close(self) -> None:
        """Ends the connections."""
        while not self._handles.empty():
            self._handles.get().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ----------------------------------------------------------------- asking

    def _begin(self) -> None:
        self._ends_at = self._ends_at or time.monotonic() + self._limits.total_s

    def _answer(self, request: Request) -> Answer:
        if problem := self._refusal(request):
            return Answer(0, problem=f"not asked: {problem}")
        got = self._patiently(request, self._limits.body_bytes)
        if got.error:
            return Answer(0, problem=got.error)
        if got.status in _REDIRECTS:
            return Answer(got.status, as_sent(read(got.headers.get("location", ""))))
        content_type = got.headers.get("content-type", "")
        is_page = 200 <= got.status < 300 and bare(content_type) in _HTML
        title = front(got.body, content_type, self.origin).title if is_page and got.body else ""
        return Answer(got.status, title=title)

    def _refusal(self, request: Request) -> str:
        """Why this request is not made, '' if it may be."""
        if request.method not in ("GET", "HEAD"):
            return "a method that may change something"
        # libcurl would send a line break in a header as it is.
        if any(map(_CONTROL.search, request)):
            return "no client can send this"
        if request.host != self._host:
            if request.host != twin(self._host) or not request.host:
                return "another host"
            if self._is_twin_private:
                return "a host of a private network"
        if time.monotonic() > self._ends_at:
            return "the time for the live site is over"
        if self._failures_in_a_row >= self._limits.failures:
            return "the site has stopped answering"
        return ""

    @cached_property
    def _is_twin_private(self) -> bool:
        """Whether the host's twin leads into a private network and the host itself does not: who
        gives the public address asks for nothing in there."""
        return _is_private(twin(self._host)) and not _is_private(self._host)

    def _patiently(self, request: Request, body_bytes: int) -> _Got:
        limits = self._limits
        handle = self._handles.get()
        try:
            for attempt in range(limits.retries + 1):
                self._is_over.wait(max(0.0, self._resume_at - time.monotonic()))
                got = handle.get(request, body_bytes)
                self._learn(got, limits.pause_s * 2**attempt)
                if not self._is_worth_another_try(got):
                    break
        finally:
            self._handles.put(handle)
        return got

    def _is_worth_another_try(self, got: _Got) -> bool:
        is_failure = bool(got.error) and not got.is_lasting
        return (
            (is_failure or got.status in _ASKED_AGAIN)
            and self._failures_in_a_row < self._limits.failures
            and time.monotonic() < self._ends_at
            and not self._is_over.is_set()
        )

    def _learn(self, got: _Got, pause_s: float) -> None:
        """All connections wait while the site asks for it, or can't answer."""
        is_failure = bool(got.error) or got.status in _TOO_MUCH
        asked_s = _seconds(got.headers.get("retry-after", ""))
        with self._lock:
            self._failures_in_a_row = self._failures_in_a_row + 1 if is_failure else 0
            if is_failure or got.status in _ASKED_AGAIN:
                wait_s = min(asked_s or pause_s, self._limits.wait_s_max)
                self._resume_at = max(self._resume_at, time.monotonic() + wait_s)


class _Handle:
    """One connection of libcurl. It follows no redirects, keeps no cookies, knows no password."""

    def __init__(self, is_over: Callable[[], bool], limits: Limits) -> None:
        self._lines: list[bytes] = []
        self._body = bytearray()
        self._bytes_max = 0
        self._is_cut = False
        self._curl = curl = pycurl.Curl()
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.TIMEOUT_MS, int(limits.answer_s * 1000))
        curl.setopt(pycurl.NOSIGNAL, 1)
        # What was asked for is what is sent: `/a/../b` is the site's affair.
        curl.setopt(pycurl.PATH_AS_IS, 1)
        curl.setopt(pycurl.HEADERFUNCTION, self._lines.append)
        curl.setopt(pycurl.WRITEFUNCTION, self._write)
        curl.setopt(pycurl.NOPROGRESS, 0)
        curl.setopt(pycurl.XFERINFOFUNCTION, lambda *_: int(is_over()))

    def get(self, request: Request, bytes_max: int) -> _Got:
        """The answer to a request, with so many bytes of its body."""
        self._lines.clear()
        self._body.clear()
        self._bytes_max, self._is_cut = bytes_max, False
        query = f"?{request.query}" if request.query else ""
        headers = [f"Accept: {_ACCEPT}", "Accept-Encoding: identity"]
        if request.accept_language:
            headers.append(f"Accept-Language: {request.accept_language}")
        curl = self._curl
        try:
            curl.setopt(pycurl.NOBODY if request.method == "HEAD" else pycurl.HTTPGET, 1)
            url = f"{request.scheme}://{request.host}{request.path}{query}"
            curl.setopt(pycurl.URL, url.encode())
            curl.setopt(pycurl.USERAGENT, (request.user_agent or USER_AGENT).encode())
            curl.setopt(pycurl.HTTPHEADER, headers)
            curl.perform()
        except pycurl.error as error:
            code, message = error.args
            if not self._is_cut:
                lasting = code in _LASTING
                return _Got(error=_WORDS.get(code) or str(message)[:200], is_lasting=lasting)
        except ValueError:  # half a surrogate pair
            return _Got(error="no client can send this", is_lasting=True)
        status = curl.getinfo(pycurl.RESPONSE_CODE)
        return _Got(status, headers_of(self._lines), bytes(self._body), self._is_cut)

    def close(self) -> None:
        self._curl.close()

    def _write(self, data: bytes) -> int:
        room = self._bytes_max - len(self._body)
        self._body += data[:room]
        self._is_cut = len(data) > room
        return 0 if self._is_cut else len(data)  # libcurl then breaks off


def telling_pages(entries: Iterable[tuple[SitePath, Entry]]) -> dict[str, str]:
    """The pages by which a release is known, for `LiveSite.serves`: percent-encoded path to the
    SHA-256 of its bytes. The home page, and some that chance has chosen, of all entries."""
    pages = [
        (path != "/", entry.blob, path)
        for path, entry in entries
        if entry.is_page and entry.size <= _TELLING_BYTES_MAX
    ]
    return {path.url: blob for _, blob, path in nsmallest(_TELLING, pages)}


def place_of(url: str) -> tuple[str, str]:
    """Scheme and host of a live site's address, the host with its port if it is no usual one.
    Raises PublisherError for an address that is none, has a path, or holds a password."""
    hint = "Give scheme and host alone: https://www.example.co.jp"
    try:
        parts = urlsplit(url)
        port, name = parts.port, idna(parts.hostname or "")
    except ValueError:
        raise PublisherError("the address of the live site is none", hint) from None
    if "@" in parts.netloc:
        raise PublisherError(
            "the address of the live site may hold no name and password",
            "They would be in reports. Audit at an address that asks for none.",
        )
    if parts.scheme not in _PORTS or not name or not name.isascii():
        raise PublisherError(f"{url!r} is no address of a site", hint)
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise PublisherError(f"{url!r} has more than scheme and host", hint)
    shown = f"[{name}]" if ":" in name else name
    return parts.scheme, shown if port in (None, _PORTS[parts.scheme]) else f"{shown}:{port}"


def _is_private(host: str) -> bool:
    """Whether a host name leads to an address that is not one of the public internet. One that
    leads nowhere does not; who can't look names up asks through a proxy, which knows no private
    ones."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return any(not ipaddress.ip_address(str(to[0]).partition("%")[0]).is_global for *_, to in found)


def _seconds(retry_after: str) -> float:
    """What a Retry-After header asks for in seconds; 0 for a date, or for what is no number."""
    digits = retry_after.strip()
    return float(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 9 else 0.0
