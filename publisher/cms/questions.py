"""Single questions to the CMS, and what a bad answer to them means."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from publisher.cms.http import ANSWER_TIMEOUT_S, CONNECT_TIMEOUT_S, reason, session
from publisher.errors import CmsError

if TYPE_CHECKING:  # imported where something is asked
    import requests

# The largest answer that is read: a hundred images with all their sizes are below 1 MiB.
_BYTES_MAX = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What one URL gave. The names of the headers are in lower case; `location` is the whole
    address of a redirect, or ''."""

    url: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def content_type(self) -> str:
        """As the server wrote it."""
        return self.headers.get("content-type", "")

    @property
    def location(self) -> str:
        """Where a redirect leads to."""
        location = self.headers.get("location", "") if 300 <= self.status < 400 else ""
        try:
            return urljoin(self.url, location) if location else ""
        except ValueError:
            return ""


class Questions:
    """Asks one CMS, which is reached at `url`, from any thread. Redirects are not followed.

    `headers` go with every request from now on: they may be changed.
    """

    def __init__(self, url: str, credentials: str = "") -> None:
        self.url = url
        self.headers: dict[str, str] = {}
        self._credentials = credentials
        # A session of requests is not made for several threads: each has its own.
        self._of_thread = threading.local()

    def ask(
        self, url: str, parameters: Mapping[str, str] | None = None, bytes_max: int = _BYTES_MAX
    ) -> Answer:
        """One answer, read up to `bytes_max`. Raises CmsError if there is none."""
        from urllib3.exceptions import HTTPError

        try:
            with self._session().get(
                url,
                params=parameters,
                headers=self.headers,
                timeout=(CONNECT_TIMEOUT_S, ANSWER_TIMEOUT_S),
                allow_redirects=False,
                stream=True,
            ) as got:
                body = got.raw.read(bytes_max, decode_content=True)
                headers = {name.lower(): value for name, value in got.headers.items()}
                return Answer(url, got.status_code, headers, body)
        except (HTTPError, OSError, ValueError) as error:
            # What requests raises is an OSError; a ValueError is a Location that it can't read.
            raise CmsError(
                f"the CMS can't be reached at {self.url}: {reason(error)}",
                "Check cms.url, and that this machine may reach the staging network.",
            ) from error

    def _session(self) -> requests.Session:
        if not hasattr(self._of_thread, "session"):
            self._of_thread.session = session(self._credentials)
        made: requests.Session = self._of_thread.session
        return made


def refusal(url: str, answer: Answer) -> CmsError | None:
    """Why a home page is not to be had, in words; None if it is. `url`: where the CMS is."""
    status, target = answer.status, answer.location
    if status == 401:
        return CmsError(
            f"{url} refuses the user name or password (status 401)",
            "Set cms.basic_auth to env:NAME, and that variable to user:password.",
        )
    if status == 403:
        return CmsError(
            f"{url} refuses this machine (status 403)",
            "Does a firewall or a plugin let only some addresses in? Let this machine's in, too.",
        )
    if status == 503:
        return CmsError(
            f"{url} is in maintenance or overloaded (status 503)",
            "Nothing was changed. Try again when the CMS is back.",
        )
    if target and not is_same_host(url, target):
        return CmsError(
            f"{url} redirects to another host: {target}",
            "Is that the CMS's own address? Then use it as cms.url, if this machine reaches it.",
        )
    if status == 429 or status >= 400:
        return CmsError(
            f"{url} answers its home page with status {status}",
            "Is cms.url the address of the CMS's home page? Does the CMS work in a browser?",
        )
    return None


def is_same_host(one: str, other: str) -> bool:
    """Whether two addresses are of one host; http and https of one name may differ in port."""
    try:
        first, second = urlsplit(one), urlsplit(other)
        if first.scheme == second.scheme:
            return first.netloc.lower() == second.netloc.lower()
        return second.scheme in ("http", "https") and first.hostname == second.hostname
    except ValueError:
        return False
