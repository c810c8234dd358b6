"""Questions to a network's API: bounded in time and size, to no other host, asked again as the
server wants it."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, MaxRetryError
from urllib3.util import Retry

from publisher.cms.http import reason
from publisher.share_counts.port import Refusal
from redirects.targets import SENT_AS_IT_IS

CONNECT_TIMEOUT_S = 10
SILENCE_S = 30
TOTAL_S = 60
# Fifty answers of either network are below 50 KB.
BODY_BYTES_MAX = 1024 * 1024
RETRIES = 3
BACKOFF_S = 1.0
# Who asks for a longer pause is not asked again in this run.
RETRY_AFTER_S_MAX = 60
_TRANSIENT = (429, 500, 502, 503, 504)
_PIECE_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Reply:
    """What came: the status, the headers by lower-case names, the body. `error`: why there is no
    answer; status and body are empty then."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: str = ""


class Asking:
    """The API at one address. `site` is named to it, so that it can tell who asks."""

    def __init__(self, url: str, site: str) -> None:
        self._url = url
        self._site = site

    def get(self, query: Sequence[tuple[str, str]]) -> Reply:
        """Ask by the query."""
        return self._ask("GET", params=query)

    def post(self, form: Mapping[str, str]) -> Reply:
        """Ask by a form: what it holds stands in no URL, and so in no log and no error."""
        return self._ask("POST", data=form)

    def close(self) -> None:
        """Ends the connections."""
        if "_session" in self.__dict__:
            self._session.close()

    @cached_property
    def _session(self) -> requests.Session:
        retry = _Patience(
            total=RETRIES,
            backoff_factor=BACKOFF_S,
            status_forcelist=_TRANSIENT,
            allowed_methods=("GET", "POST"),  # both only read
            raise_on_status=False,
        )
        made = requests.Session()
        # A proxy of the environment may be the only way out; a password of .netrc is not theirs.
        made.auth = _no_password
        made.headers["User-Agent"] = f"publisher/0.1 (share counts of {self._site})"
        made.headers["Accept-Encoding"] = "identity"
        for scheme in ("http://", "https://"):
            made.mount(scheme, HTTPAdapter(max_retries=retry))
        return made

    def _ask(self, method: str, **what: Any) -> Reply:
        try:
            with self._session.request(
                method,
                self._url,
                timeout=(CONNECT_TIMEOUT_S, SILENCE_S),
                allow_redirects=False,
                stream=True,
                **what,
            ) as answer:
                headers = {name.lower(): value for name, value in answer.headers.items()}
                body = _body(answer.raw)
                if isinstance(body, str):
                    return Reply(error=body)
                return Reply(answer.status_code, headers, body)
        except (HTTPError, OSError, ValueError) as error:
            # What requests raises is an OSError; a ValueError is a Location that it can't read.
            return Reply(error=reason(error))


class _Patience(Retry):
    """Waits as long as the server asks; gives up at once when that is too long."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Self:
        """Raises MaxRetryError, upon which urllib3 hands out the last response."""
        if response is not None and _wait_s(response.headers.get("Retry-After", "")) > (
            RETRY_AFTER_S_MAX
        ):
            raise MaxRetryError(_pool, url or "")
        return super().increment(method, url, response, error, _pool, _stacktrace)


def _wait_s(retry_after: str) -> float:
    try:
        return Retry().parse_retry_after(retry_after) if retry_after else 0.0
    except (HTTPError, OverflowError, ValueError):  # none that can be read
        return 0.0


def _no_password(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _body(raw: Any) -> bytes | str:
    """The body, or why it is given up."""
    body = io.BytesIO()
    began = time.monotonic()
    while piece := raw.read1(_PIECE_BYTES, decode_content=True):
        body.write(piece)
        if body.tell() > BODY_BYTES_MAX:
            return f"an answer larger than {BODY_BYTES_MAX // 1024**2} MiB"
        if time.monotonic() - began > TOTAL_S:
            return "an answer without end"
    return body.getvalue()


def spelt(url: str) -> str:
    """An address as it stands in requests: Japanese encoded, what is encoded left alone."""
    return quote(url.partition("#")[0], safe=SENT_AS_IT_IS)


def limited(network: str, reply: Reply) -> Refusal | None:
    """The refusal that a status means whatever the body says; None if the body has to be read."""
    if reply.error:
        return Refusal(f"{network} can't be asked: {reply.error}", LATER)
    if reply.status == 429:
        wait = _wait_s(reply.headers.get("retry-after", ""))
        asked = f", and wants a pause of {wait:,.0f} seconds" if wait else ""
        return Refusal(f"{network} says that it was asked too often (429){asked}", LATER)
    if reply.status >= 500 or 300 <= reply.status < 400:
        return Refusal(f"{network} answers with status {reply.status}", LATER)
    return None


def nonsense(network: str, reply: Reply) -> Refusal:
    """The refusal for an answer that is not what its documentation says."""
    kind = reply.headers.get("content-type", "").partition(";")[0][:60] or "nothing that has a name"
    return Refusal(
        f"{network} answers with {kind}, status {reply.status}, where counts should be", LATER
    )


LATER = "Run it again later: what was counted is kept, and only the rest is asked for."
