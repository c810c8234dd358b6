"""HTTP to the CMS: libcurl for the many, requests for the few.

Redirects are never followed here, so nothing is ever asked of another host.
"""

from __future__ import annotations

import io
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pycurl

from publisher.cms.answers import BODY_BYTES_MAX, capture_of, headers_of, is_empty_page
from publisher.cms.interrupt import noticed
from publisher.cms.pace import Pace
from publisher.cms.port import Capture
from publisher.errors import CmsError

if TYPE_CHECKING:  # where nothing fails it is never needed, and takes 50 ms to import
    import requests
    import urllib3

USER_AGENT = "publisher/0.1 (static export)"
CONNECTIONS = 8
CONNECT_TIMEOUT_S = 10
ANSWER_TIMEOUT_S = 120
RETRIES = 3
BACKOFF_S = 0.5
RETRY_AFTER_S_MAX = 5  # a CMS that asks for more is asked again all the same
# After so many URLs in a row without an answer, each retried, the CMS counts as down: fewer
# when it does not answer or says that it is in maintenance (503), than when it fails (500).
SILENT_IN_A_ROW_MAX = 3
FAILURES_IN_A_ROW_MAX = 12
_TRANSIENT = (429, 500, 502, 503, 504)
_OVERLOADED = (429, 503)
# The caller has work of its own, and is never kept waiting for longer: soon it may have more to
# ask for; while there is enough, it is only woken to see that nothing has come.
_TICK_S = 0.02
_LONG_TICK_S = 0.2
# libcurl hands a page over in one piece if it fits.
_BUFFER_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What is borne from a CMS. `slow_bytes_s`: a body that comes more slowly than this for
    `silence_s` is given up. `held_bytes`: all bodies under way together. `backoff_s`: the pause
    before something is asked for the third time, doubled each time."""

    silence_s: float = ANSWER_TIMEOUT_S
    total_s: float = 600
    slow_bytes_s: int = 100
    body_bytes: int = BODY_BYTES_MAX
    held_bytes: int = 256 * 1024 * 1024
    backoff_s: float = BACKOFF_S


class CmsHttp:
    """Asks one CMS. `connect` is the address to connect to, `home` the one the CMS believes it
    has: requests name the latter's host. `credentials` is `user:password` or ''. `connections`
    is the most requests at once.

    Connections, and what was learnt about the CMS's pace, last from call to call.
    """

    def __init__(
        self,
        connect: str,
        home: str,
        credentials: str = "",
        connections: int = CONNECTIONS,
        limits: Limits | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._connect = urlsplit(connect)
        self._connect_origin = f"{self._connect.scheme}://{self._connect.netloc}"
        believed = urlsplit(home)
        self._home_origin = f"{believed.scheme}://{believed.netloc}"
        self._credentials = credentials
        self._headers = host_headers(connect, home)
        self._pace = Pace(connections)
        self._resume_at = 0.0  # the CMS has asked for a pause until then
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, connections)
        held = _Held()
        self._idle = [_Transfer(self._handle(), held, self._limits) for _ in range(connections)]

    def close(self) -> None:
        """Ends the connections. What is dropped without it ends them, too, if later."""
        for transfer in self._idle:
            transfer.handle.close()
        self._idle.clear()
        self._multi.close()
        if "_session" in self.__dict__:
            self._session.close()

    def captures(self, wanted: deque[str]) -> Iterator[Capture | None]:
        """Implements `Cms.captures`."""
        while wanted:
            failed: list[str] = []
            answered = ""
            with noticed() as check:
                for capture in self._bulk(wanted, check):
                    if capture and (capture.is_failure or is_empty_page(capture)):
                        failed.append(capture.url)
                    else:
                        answered = capture.url if capture else answered
                        yield capture
            yield from self._once_more(failed, answered)

    def _once_more(self, failed: list[str], answered: str) -> Iterator[Capture]:
        """What failed, asked with patience, one by one. Raises CmsError if it is not these URLs
        that are broken but the CMS: then what it just `answered` does not come any more."""
        failures_in_a_row = silent_in_a_row = 0
        for url in failed:
            capture, status = self._patiently(url)
            is_silent = status in (0, 503)
            silent_in_a_row = silent_in_a_row + 1 if is_silent else 0
            is_failure = is_silent or status in _TRANSIENT
            failures_in_a_row = failures_in_a_row + 1 if is_failure else 0
            is_gone = silent_in_a_row >= SILENT_IN_A_ROW_MAX
            if is_gone and answered and not self._patiently(answered)[0].is_failure:
                is_gone, silent_in_a_row = False, 0
            if is_gone or failures_in_a_row >= FAILURES_IN_A_ROW_MAX:
                raise CmsError(
                    f"the CMS has stopped answering: {capture.error} ({url})",
                    "Nothing was published. Export again when the CMS is back.",
                )
            yield capture

    # -------------------------------------------------------------- libcurl

    def _bulk(self, wanted: deque[str], check: Callable[[], None]) -> Iterator[Capture | None]:
        """Each URL once. Ends early, with URLs left, when too many fail in a row: one of them
        asked again with patience tells more than all the others in haste."""
        multi, idle, pace = self._multi, self._idle, self._pace
        busy: dict[pycurl.Curl, _Transfer] = {}
        failures_in_a_row = 0
        try:
            while busy or (wanted and failures_in_a_row < FAILURES_IN_A_ROW_MAX):
                check()
                now = time.monotonic()
                begun = []
                if failures_in_a_row < FAILURES_IN_A_ROW_MAX and now >= self._resume_at:
                    while wanted and idle and len(busy) < pace.limit:
                        transfer = idle.pop()
                        url = wanted.popleft()
                        transfer.begin(url, self._reached(url), now)
                        busy[transfer.handle] = transfer
                        multi.add_handle(transfer.handle)
                        begun.append(transfer)
                    for transfer in begun:
                        transfer.under_way = len(busy)
                wait_s = _LONG_TICK_S if wanted else _TICK_S
                done = self._step(wait_s if busy else 0, has_begun=bool(begun))
                now = time.monotonic()
                for handle, code, message in done:
                    transfer = busy.pop(handle)
                    multi.remove_handle(handle)
                    capture = transfer.capture(code, message)
                    idle.append(transfer)
                    failures_in_a_row = failures_in_a_row + 1 if capture.is_failure else 0
                    self._learn(transfer, code, now)
                    yield capture
                if not done and not busy:
                    time.sleep(_TICK_S)  # in a pause that the CMS has asked for
                if not done or (busy and not wanted):
                    yield None
        finally:
            for transfer in busy.values():
                multi.remove_handle(transfer.handle)
                transfer.drop()
                idle.append(transfer)

    def _step(self, wait_s: float, *, has_begun: bool) -> list[tuple[pycurl.Curl, int, str]]:
        """Lets libcurl work; gives what is finished: the handle, libcurl's error code and text.
        Waits if nothing is. libcurl asks each connection whether it has sent something: nothing
        can have come since the last time but to one that has begun."""
        multi = self._multi
        if has_begun:
            multi.perform()
        done = _finished(multi)
        if not done and wait_s:
            multi.select(wait_s)
            multi.perform()
            done = _finished(multi)
        return done

    def _learn(self, transfer: _Transfer, code: int, now: float) -> None:
        overloaded = transfer.status in _OVERLOADED or code == pycurl.E_OPERATION_TIMEDOUT
        self._pace.observe(now - transfer.began, transfer.under_way, overloaded=overloaded)
        if transfer.retry_after and overloaded:
            self._resume_at = now + min(_seconds(transfer.retry_after), RETRY_AFTER_S_MAX)

    def _handle(self) -> pycurl.Curl:
        handle = pycurl.Curl()
        handle.setopt(pycurl.FOLLOWLOCATION, 0)
        handle.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        # A connection carries one request at a time: there are as many as may be under way.
        handle.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        handle.setopt(pycurl.CONNECTTIMEOUT, CONNECT_TIMEOUT_S)
        handle.setopt(pycurl.TIMEOUT_MS, int(self._limits.total_s * 1000))
        handle.setopt(pycurl.LOW_SPEED_LIMIT, self._limits.slow_bytes_s)
        handle.setopt(pycurl.LOW_SPEED_TIME, max(1, int(self._limits.silence_s)))
        handle.setopt(pycurl.BUFFERSIZE, _BUFFER_BYTES)
        handle.setopt(pycurl.USERAGENT, USER_AGENT)
        handle.setopt(pycurl.NOSIGNAL, 1)
        handle.setopt(pycurl.PROXY, "")
        # The URL is sent as the CMS wrote it: `/a/../b` is its affair.
        handle.setopt(pycurl.PATH_AS_IS, 1)
        if self._credentials:
            handle.setopt(pycurl.HTTPAUTH, pycurl.HTTPAUTH_BASIC)
            handle.setopt(pycurl.USERPWD, self._credentials.encode())
        # Not by libcurl, which takes a compressed body that breaks off for a whole one.
        headers = {"Accept-Encoding": "gzip", **self._headers}
        handle.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in headers.items()])
        return handle

    def _reached(self, url: str) -> str:
        """The URL to connect to for one that carries the CMS's own idea of its address."""
        if url.startswith(self._home_origin + "/"):
            return self._connect_origin + url[len(self._home_origin) :]
        parts = urlsplit(url)
        return parts._replace(scheme=self._connect.scheme, netloc=self._connect.netloc).geturl()

    # ------------------------------------------------------------- requests

    @cached_property
    def _session(self) -> requests.Session:
        made = session(self._credentials, self._limits.backoff_s)
        made.headers.update(self._headers)
        return made

    def _patiently(self, url: str) -> tuple[Capture, int]:
        """The answer after retries, and its status even if it can't be relied on; 0 is none."""
        from urllib3.exceptions import HTTPError

        try:
            with self._session.get(
                self._reached(url),
                timeout=(CONNECT_TIMEOUT_S, self._limits.silence_s),
                # What was compressed wrongly may come right without.
                headers={"Accept-Encoding": "identity"},
                allow_redirects=False,
                stream=True,
            ) as answer:
                body = self._body(answer.raw)
                if isinstance(body, str):
                    return Capture(url, 0, error=body), answer.status_code
                lines = (
                    f"{name}:{value}".encode("latin-1")
                    for name, value in answer.raw.headers.iteritems()
                )
                status, headers = answer.status_code, headers_of(lines)
                return capture_of(url, status, headers, body, self._limits.body_bytes), status
        except (HTTPError, OSError, ValueError) as error:
            # What requests raises is an OSError; a ValueError is a Location that it can't read.
            return Capture(url, 0, error=reason(error)), 0

    def _body(self, raw: urllib3.HTTPResponse) -> bytes | str:
        """The body, or why it is given up."""
        limits = self._limits
        body = io.BytesIO()
        began = time.monotonic()
        while piece := raw.read1(_BUFFER_BYTES, decode_content=False):
            body.write(piece)
            if body.tell() > limits.body_bytes:
                return _too_large(limits)
            took = time.monotonic() - began
            is_slow = took > limits.silence_s and body.tell() < limits.slow_bytes_s * took
            if is_slow or took > limits.total_s:
                return "no end in time"
        return body.getvalue()


@dataclass(slots=True)
class _Held:
    """The bytes of all bodies under way."""

    count: int = 0


class _Transfer:
    """One libcurl handle, and what it is receiving."""

    def __init__(self, handle: pycurl.Curl, held: _Held, limits: Limits) -> None:
        self.handle = handle
        self.began = 0.0
        self.under_way = 0
        self.status = 0
        self.retry_after = ""
        self._url = ""
        self._held = held
        self._limits = limits
        self._body = io.BytesIO()
        self._lines: list[bytes] = []
        self._given_up = ""
        handle.setopt(pycurl.WRITEFUNCTION, self._write)
        # Only kept: most are of no interest, and there are many.
        handle.setopt(pycurl.HEADERFUNCTION, self._lines.append)

    def begin(self, url: str, reached: str, now: float) -> None:
        self.began = now
        self._url = url
        self.handle.setopt(pycurl.URL, reached.encode())

    def _write(self, data: bytes) -> int:
        size = len(data)
        self._held.count += size
        if self._body.tell() + size > self._limits.body_bytes:
            self._given_up = _too_large(self._limits)
        elif self._held.count > self._limits.held_bytes:
            self._given_up = "too many large files at once"  # asked again, alone
        else:
            return self._body.write(data)
        self._held.count -= size
        return 0  # libcurl then breaks off

    def capture(self, code: int, message: str) -> Capture:
        """What came; the handle can then begin anew."""
        url, given_up = self._url, self._given_up
        headers, body = headers_of(self._lines), self._body.getvalue()
        self.drop()
        self.status = 0 if code else self.handle.getinfo(pycurl.RESPONSE_CODE)
        self.retry_after = headers.get("retry-after", "")
        if code:
            return Capture(url, 0, error=given_up or message or f"error {code}")
        return capture_of(url, self.status, headers, body, self._limits.body_bytes)

    def drop(self) -> None:
        """Forgets what was received."""
        self._held.count -= self._body.tell()
        self._body = io.BytesIO()
        self._lines.clear()
        self._given_up = ""


def _finished(multi: pycurl.CurlMulti) -> list[tuple[pycurl.Curl, int, str]]:
    finished: list[tuple[pycurl.Curl, int, str]] = []
    while True:
        waiting, succeeded, failed = multi.info_read()
        finished += [(handle, 0, "") for handle in succeeded]
        finished += failed
        if not waiting:
            return finished


def _seconds(retry_after: str) -> float:
    from urllib3.exceptions import InvalidHeader
    from urllib3.util import Retry

    try:
        return Retry().parse_retry_after(retry_after)
    except (InvalidHeader, OverflowError, ValueError):
        return 0


def host_headers(connect: str, home: str) -> dict[str, str]:
    """What a request to `connect` must say for a CMS that believes to be at `home`: a staging
    CMS is often reached by another name than its own."""
    reached, believed = urlsplit(connect), urlsplit(home)
    if (reached.scheme, reached.netloc) == (believed.scheme, believed.netloc):
        return {}
    return {"Host": believed.netloc, "X-Forwarded-Proto": believed.scheme}


def session(credentials: str = "", backoff_s: float = BACKOFF_S) -> requests.Session:
    """A session that retries what is transient, with pauses, as the server asks."""
    import requests
    from requests.adapters import HTTPAdapter
    from requests.auth import HTTPBasicAuth
    from urllib3.util import Retry

    retry = Retry(
        total=RETRIES,
        backoff_factor=backoff_s,
        status_forcelist=_TRANSIENT,
        allowed_methods=("GET", "HEAD"),
        raise_on_status=False,
        retry_after_max=RETRY_AFTER_S_MAX,
    )
    made = requests.Session()
    # No proxy and no .netrc: the CMS is on a private network and its password is ours.
    made.trust_env = False
    made.headers["User-Agent"] = USER_AGENT
    for scheme in ("http://", "https://"):
        made.mount(scheme, HTTPAdapter(max_retries=retry))
    if credentials:
        user, _, password = credentials.partition(":")
        made.auth = HTTPBasicAuth(user.encode(), password.encode())
    return made


def reason(error: Exception) -> str:
    """Why a request failed, in a few words."""
    text = str(error)
    for sign, words in (
        ("CERTIFICATE_VERIFY_FAILED", "its certificate can't be verified"),
        ("Name or service not known", "its host name is not known"),
        ("nodename nor servname", "its host name is not known"),
        ("NameResolutionError", "its host name is not known"),
        ("Connection refused", "nothing listens there (connection refused)"),
        ("timed out", "no answer in time"),
        ("No route to host", "no route to the host"),
        ("WRONG_VERSION_NUMBER", "it does not speak https"),
    ):
        if sign in text:
            return words
    return text.splitlines()[0][:200] if text else type(error).__name__


def _too_large(limits: Limits) -> str:
    return f"larger than {limits.body_bytes // 1024**2} MiB"
