"""What a request gets, decided in Python exactly as `edge.js` decides it at the CDN's edge."""

from collections.abc import Callable
from typing import NamedTuple

from redirects.compile import LIVE_KEY, parse_live_entry
from redirects.crawlers import is_preview_crawler
from redirects.query import canonical_query, decode
from redirects.rules import GONE, is_site_path, with_query

ERRORS_PATH = "/_errors/"
"""Error pages belong to no release: they lie beside the slots."""


class Request(NamedTuple):
    """A request as it was sent: path and query still percent-encoded, '' for no header.

    The host decides nothing: it is the visitor's claim, and would end up in a Location.
    """

    method: str
    path: str
    query: str = ""
    host: str = ""
    user_agent: str = ""


class Redirect(NamedTuple):
    """Sends the visitor to `location`."""

    status: int
    location: str


class Serve(NamedTuple):
    """The file at the decoded `path` of a slot; slot '' means the root beside the slots."""

    slot: str
    path: str


class Missing(NamedTuple):
    """404: no such page can be in this slot."""

    slot: str


class Gone(NamedTuple):
    """410: it was here, and was removed."""


class NotAllowed(NamedTuple):
    """405: a static site is only read."""


class Unavailable(NamedTuple):
    """503: nobody knows what is live."""


Decision = Redirect | Serve | Missing | Gone | NotAllowed | Unavailable

Get = Callable[[str], str | None]


def decide(get: Get, request: Request) -> Decision:
    """What this request gets. `get` returns a key's value or None; it is asked thrice at most.

    A `Serve` says where the file would be, not that there is one.
    """
    if request.method not in ("GET", "HEAD"):
        return NotAllowed()
    try:
        live = parse_live_entry(get(LIVE_KEY) or "")
    except ValueError:
        return Unavailable()
    path = decode(request.path)
    if path is None or not is_site_path(path):
        return Missing(live.slot)
    if path.startswith(ERRORS_PATH):
        return Serve("", path)
    if path in ("/", "/index.php"):
        query = canonical_query(request.query)
        if query.key is not None:
            value = get(f"{live.set_id}?{query.key}")
            if value is None and query.base_key is not None:
                value = get(f"{live.set_id}?{query.base_key}")
            if value is None:
                # The home page must not answer for a post that it does not know.
                return Missing(live.slot)
            return _applied(value, live.slot, request.user_agent, query.rest)
    value = get(f"{live.set_id}{path}")
    if value is None:
        return _serve(live.slot, path)
    return _applied(value, live.slot, request.user_agent, request.query)


def _applied(value: str, slot: str, user_agent: str, rest: str) -> Decision:
    """What a stored value says: `<status> [<target> [<page in place>]]`."""
    status, _, targets = value.partition(" ")
    target, _, in_place = targets.partition(" ")
    if int(status) == GONE:
        return Gone()
    if in_place and is_preview_crawler(user_agent):
        return _serve(slot, decode(in_place) or "")
    return Redirect(int(status), with_query(target, rest))


def _serve(slot: str, path: str) -> Serve:
    return Serve(slot, path + "index.html" if path.endswith("/") else path)
