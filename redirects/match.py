"""What a request gets, decided in Python exactly as `edge.js` decides it at the CDN's edge."""

import re
from collections.abc import Callable
from typing import NamedTuple

from redirects.compile import LIVE_KEY, LiveEntry, parse_live_entry, token_digest
from redirects.crawlers import is_preview_crawler
from redirects.edge import ANYWHERE, Site
from redirects.kana import composed
from redirects.query import canonical_query, decode
from redirects.targets import GONE, encode_path, is_site_path, with_query

ERRORS_PATH = "/_errors/"
"""Error pages belong to no release: they lie beside the slots."""

ROBOTS_PATH = "/robots.txt"
"""A preview's own keeps every crawler away."""

_PORT = re.compile(":[0-9]*$")
_BASIC = re.compile("basic +([a-z0-9+/=]+)", re.IGNORECASE | re.ASCII)


class Request(NamedTuple):
    """A request as it was sent: path and query still percent-encoded, '' for no header.

    The host chooses a preview or the public site; it is the visitor's claim, and never ends up in
    a Location.
    """

    method: str
    path: str
    query: str = ""
    host: str = ""
    user_agent: str = ""
    authorization: str = ""


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


class Ended(NamedTuple):
    """410: a preview whose time is over."""


class Unauthorized(NamedTuple):
    """401: a preview that asks for a password, and did not get the right one."""


class KeepOut(NamedTuple):
    """A preview's robots.txt: 200, and nothing may be crawled."""


class NotAllowed(NamedTuple):
    """405: a static site is only read."""


class Unavailable(NamedTuple):
    """503: nobody knows what is live, or where this leads."""


Decision = (
    Redirect | Serve | Missing | Gone | Ended | Unauthorized | KeepOut | NotAllowed | Unavailable
)

Get = Callable[[str], str | None]


def decide(get: Get, request: Request, site: Site = ANYWHERE, now: float = 0.0) -> Decision:
    """What this request gets, at `now` in seconds since 1970. `get` returns a key's value, or None
    if there is none or it can't be read; it is asked thrice at most.

    A `Serve` says where the file would be, not that there is one.
    """
    if request.method not in ("GET", "HEAD"):
        return NotAllowed()
    decoded = decode(request.path)
    path = composed(decoded) if decoded is not None and is_site_path(decoded) else ""
    host = _PORT.sub("", request.host.lower())
    preview = _preview_of(host, site)
    if preview is None and site.host and host != site.host:
        if not path:
            return Missing("")
        return Redirect(301, with_query(f"https://{site.host}{encode_path(path)}", request.query))
    if preview is not None and path == ROBOTS_PATH:
        return KeepOut()
    live = _entry(get, LIVE_KEY if preview is None else f"preview-{preview}")
    if preview is not None:
        if live is None:
            return Missing("")
        if 0 < live.expires <= now:
            return Ended()
        if live.password and not _is_password(request, preview, live.password):
            return Unauthorized()
    if live is None:
        return _without_data(path, request.query, site.fallback)
    return _found(get, live, path, request)


def _preview_of(host: str, site: Site) -> str | None:
    """The name of the preview that a host stands for, None if it is none."""
    parent = f".{site.previews}"
    return host.removesuffix(parent) if site.previews and host.endswith(parent) else None


def _entry(get: Get, name: str) -> LiveEntry | None:
    try:
        return parse_live_entry(get(name) or "")
    except ValueError:
        return None


def _is_password(request: Request, preview: str, digest: str) -> bool:
    sent = _BASIC.fullmatch(request.authorization)
    return token_digest(preview, sent[1] if sent else "") == digest


def _without_data(path: str, query: str, fallback: str) -> Decision:
    """What a visitor gets while the data can't be read: the fallback's files, no redirects."""
    if not fallback:
        return Unavailable()
    if not path:
        return Missing(fallback)
    if path in ("/", "/index.php") and canonical_query(query).key is not None:
        # Where this leads is not known just now, and a 404 would be believed.
        return Unavailable()
    return Serve("", path) if path.startswith(ERRORS_PATH) else _serve(fallback, path)


def _found(get: Get, live: LiveEntry, path: str, request: Request) -> Decision:
    """What a release has at a path ('' for one that no file can have)."""
    if not path:
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
