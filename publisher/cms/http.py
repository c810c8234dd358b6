"""HTTP to the CMS: libcurl for the many, requests for the few.

Redirects are never followed here, so nothing is ever asked of another host.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urljoin, urlsplit

import pycurl
import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from urllib3.util import Retry

from publisher.cms.interrupt import noticed
from publisher.cms.port import Capture
from publisher.errors import CmsError

USER_AGENT = "publisher/0.1 (static export)"
CONNECTIONS = 6  # measured: a WordPress of four workers is at its limit with four to eight
CONNECT_TIMEOUT_S = 10
ANSWER_TIMEOUT_S = 120
# The largest file of an upload directory that is taken: it is held in memory once.
BODY_BYTES_MAX = 512 * 1024 * 1024
RETRIES = 3
BACKOFF_S = 0.5
RETRY_AFTER_S_MAX = 5  # a CMS that asks for more is asked again all the same
# After so many URLs in a row without an answer, each retried, the CMS counts as down: fewer
# when it does not answer or says that it is in maintenance (503), than when it fails (500).
SILENT_IN_A_ROW_MAX = 3
FAILURES_IN_A_ROW_MAX = 12
_TRANSIENT = (429, 500, 502, 503, 504)


class CmsHttp:
    """Asks one CMS. `connect` is the address to connect to, `home` the one the CMS believes it
    has: requests name the latter's host. `credentials` is `user:password` or ''."""

    def __init__(self, connect: str, home: str, credentials: str = "") -> None:
        self._connect = urlsplit(connect)
        self._credentials = credentials
        self._session = session(credentials)
        self._headers = host_headers(connect, home)
        self._session.headers.update(self._headers)

    def captures(self, wanted: deque[str]) -> Iterator[Capture]:
        """Implements `Cms.captures`."""
        failures_in_a_row = silent_in_a_row = 0
        while wanted:
            failed: list[str] = []
            with noticed() as check:
                for capture in self._bulk(wanted, check):
                    if capture.is_failure:
                        failed.append(capture.url)
                    else:
                        yield capture
            for url in failed:
                capture = self._patiently(url)
                is_silent = capture.status in (0, 503)
                silent_in_a_row = silent_in_a_row + 1 if is_silent else 0
                failures_in_a_row = failures_in_a_row + 1 if capture.is_failure else 0
                if (
                    silent_in_a_row >= SILENT_IN_A_ROW_MAX
                    or failures_in_a_row >= FAILURES_IN_A_ROW_MAX
                ):
                    raise CmsError(
                        f"the CMS has stopped answering: {capture.error} ({url})",
                        "Nothing was published. Export again when the CMS is back.",
                    )
                yield capture

    # -------------------------------------------------------------- libcurl

    def _bulk(self, wanted: deque[str], check: Callable[[], None]) -> Iterator[Capture]:
        multi = pycurl.CurlMulti()
        idle = [self._handle() for _ in range(CONNECTIONS)]
        busy: dict[pycurl.Curl, _Transfer] = {}
        try:
            while wanted or busy:
                check()
                while wanted and idle:
                    handle = idle.pop()
                    url = wanted.popleft()
                    handle.setopt(pycurl.URL, self._reached(url).encode())
                    busy[handle] = _Transfer(handle, url)
                    multi.add_handle(handle)
                while multi.perform()[0] == pycurl.E_CALL_MULTI_PERFORM:
                    pass
                done = _finished(multi)
                if not done:
                    multi.select(1.0)
                for handle, error in done:
                    transfer = busy.pop(handle)
                    multi.remove_handle(handle)
                    idle.append(handle)
                    yield transfer.capture(handle, error)
        finally:
            for handle in busy:
                multi.remove_handle(handle)
            for handle in (*idle, *busy):
                handle.close()
            multi.close()

    def _handle(self) -> pycurl.Curl:
        handle = pycurl.Curl()
        handle.setopt(pycurl.FOLLOWLOCATION, 0)
        handle.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        handle.setopt(pycurl.ACCEPT_ENCODING, "")
        handle.setopt(pycurl.CONNECTTIMEOUT, CONNECT_TIMEOUT_S)
        handle.setopt(pycurl.TIMEOUT, ANSWER_TIMEOUT_S)
        handle.setopt(pycurl.USERAGENT, USER_AGENT)
        handle.setopt(pycurl.NOSIGNAL, 1)
        handle.setopt(pycurl.PROXY, "")
        # The URL is sent as the CMS wrote it: `/a/../b` is its affair.
        handle.setopt(pycurl.PATH_AS_IS, 1)
        if self._credentials:
            handle.setopt(pycurl.HTTPAUTH, pycurl.HTTPAUTH_BASIC)
            handle.setopt(pycurl.USERPWD, self._credentials.encode())
        handle.setopt(
            pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in self._headers.items()]
        )
        return handle

    def _reached(self, url: str) -> str:
        """The URL to connect to for one that carries the CMS's own idea of its address."""
        parts = urlsplit(url)
        return parts._replace(scheme=self._connect.scheme, netloc=self._connect.netloc).geturl()

    # ------------------------------------------------------------- requests

    def _patiently(self, url: str) -> Capture:
        try:
            with self._session.get(
                self._reached(url),
                timeout=(CONNECT_TIMEOUT_S, ANSWER_TIMEOUT_S),
                allow_redirects=False,
                stream=True,
            ) as answer:
                body = answer.raw.read(BODY_BYTES_MAX + 1, decode_content=True)
                if len(body) > BODY_BYTES_MAX:
                    return Capture(url, 0, error=_too_large())
                return _capture(
                    url,
                    answer.status_code,
                    answer.headers.get("Content-Type", ""),
                    {name.lower(): value for name, value in answer.headers.items()},
                    body,
                )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            return Capture(url, 0, error=reason(error))


class _Transfer:
    """What one libcurl handle is receiving."""

    def __init__(self, handle: pycurl.Curl, url: str) -> None:
        self.url = url
        self._body = io.BytesIO()
        self._headers: dict[str, str] = {}
        self._too_large = False
        handle.setopt(pycurl.WRITEFUNCTION, self._write)
        handle.setopt(pycurl.HEADERFUNCTION, self._header)

    def _write(self, data: bytes) -> int:
        if self._body.tell() + len(data) > BODY_BYTES_MAX:
            self._too_large = True
            return 0  # libcurl then breaks off
        return self._body.write(data)

    def _header(self, line: bytes) -> None:
        name, _, value = line.decode("utf-8", "replace").partition(":")
        if name.lower() in ("location", "link"):
            self._headers[name.lower()] = value.strip()

    def capture(self, handle: pycurl.Curl, error: str) -> Capture:
        if error:
            return Capture(self.url, 0, error=_too_large() if self._too_large else error)
        return _capture(
            self.url,
            handle.getinfo(pycurl.RESPONSE_CODE),
            handle.getinfo(pycurl.CONTENT_TYPE) or "",
            self._headers,
            self._body.getvalue(),
        )


def _capture(
    url: str, status: int, content_type: str, headers: Mapping[str, str], body: bytes
) -> Capture:
    location = headers.get("location", "")
    return Capture(
        url,
        status,
        content_type,
        urljoin(url, location) if location else "",
        body,
        "" if status < 400 else f"status {status}",
        "rest_route=" in headers.get("link", "") or "wp-json" in headers.get("link", ""),
    )


def host_headers(connect: str, home: str) -> dict[str, str]:
    """What a request to `connect` must say for a CMS that believes to be at `home`: a staging
    CMS is often reached by another name than its own."""
    reached, believed = urlsplit(connect), urlsplit(home)
    if (reached.scheme, reached.netloc) == (believed.scheme, believed.netloc):
        return {}
    return {"Host": believed.netloc, "X-Forwarded-Proto": believed.scheme}


def _finished(multi: pycurl.CurlMulti) -> list[tuple[pycurl.Curl, str]]:
    finished: list[tuple[pycurl.Curl, str]] = []
    while True:
        waiting, succeeded, failed = multi.info_read()
        finished += [(handle, "") for handle in succeeded]
        finished += [(handle, message or f"error {code}") for handle, code, message in failed]
        if not waiting:
            return finished


def session(credentials: str = "") -> requests.Session:
    """A session that retries what is transient, with pauses, as the server asks."""
    retry = Retry(
        total=RETRIES,
        backoff_factor=BACKOFF_S,
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


def _too_large() -> str:
    return f"larger than {BODY_BYTES_MAX // 1024**2} MiB"
