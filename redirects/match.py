"""What a request gets, decided in Python exactly as `edge.js` decides it at the CDN's edge."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from redirects.compile import LIVE_KEY, LiveEntry, parse_live_entry, root_of, token_digest
from redirects.crawlers import is_preview_crawler
from redirects.edge import ANYWHERE, Site
from redirects.kana import composed
from redirects.leaf import Found, Visitor, decided, find
from redirects.patterns import filled
from redirects.places import place
from redirects.query import ROOT_PATHS, canonical_query, chosen_queries, decode
from redirects.targets import (
    GONE,
    encode_path,
    is_site_path,
    unglued_path,
    with_query,
    without_index,
)
from redirects.tree import NODE_PREFIX, child

ERRORS_PATH = "/_errors/"
"""Error pages belong to no release: they lie beside the slots."""

ROBOTS_PATH = "/robots.txt"
"""A preview's own keeps every crawler away."""

_PORT = re.compile(":[0-9]*$")
_BASIC = re.compile("basic +([a-z0-9+/=]+)", re.IGNORECASE | re.ASCII)
_LANGUAGE = re.compile("([a-z]{2,3})(?:[-;, ]|$)", re.IGNORECASE | re.ASCII)
_BORDER = "  "


class Request(NamedTuple):
    """A request as it was sent: path and query still percent-encoded, '' for no header.

    The host chooses a preview or the public site; it is the visitor's claim, and never ends up in
    a Location. `scheme`: 'http' for a visitor who came without TLS.
    """

    method: str
    path: str
    query: str = ""
    host: str = ""
    user_agent: str = ""
    authorization: str = ""
    accept_language: str = ""
    scheme: str = "https"


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
    if there is none or it can't be read; it is asked thrice at most, and twice more for each
    further set of parameters that rules for this path ask for, up to `compile.NAME_SETS_MAX`.

    A `Serve` says where the file would be, not that there is one.
    """
    if request.method not in ("GET", "HEAD"):
        return NotAllowed()
    decoded = decode(request.path)
    sent = composed(decoded) if decoded is not None and is_site_path(decoded) else ""
    path = without_index(sent)
    host = without_port(request.host)
    preview = _preview_of(host, site)
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
    is_home = preview is not None or (host == site.host and request.scheme == "https")
    home = "" if is_home or not site.host else f"https://{site.host}"
    visitor = Visitor(first_language(request.accept_language), host)
    asked = _Asked(path, request, visitor, home, path != sent)
    if live is None:
        return _without_data(asked, site.fallback)
    return _found(get, live, asked)


class _Asked(NamedTuple):
    """A request with its path ('' for one that no file can have), and the origin of the public
    site if it came to another one. `is_long`: what WordPress writes where the server can't rewrite
    (`/index.php/about/`)."""

    path: str
    request: Request
    visitor: Visitor
    home: str
    is_long: bool


class _Head(NamedTuple):
    """A head, taken apart. `own`: the site's own query variables. `parameters`: for a path, the
    sets of names, and the records of the path itself. `patterns`: expressions and records."""

    depth: int
    root: str
    own: str
    parameters: dict[str, tuple[list[list[str]], list[str]]]
    patterns: list[tuple[re.Pattern[str], str]]


@lru_cache(maxsize=16)
def _head(text: str) -> _Head:
    parameters: dict[str, tuple[list[list[str]], list[str]]] = {}
    patterns: list[tuple[re.Pattern[str], str]] = []
    records: list[str] = []
    own = ""
    for section in text.split(_BORDER):
        first, _, rest = section.partition(" ")
        if section.startswith("V"):
            own = f" {section[1:]} "
        elif section.startswith("Q"):
            sets, records = parameters.setdefault(decode(first[1:]) or "", ([], []))
            sets.append(rest.split("&"))
        elif section.startswith("q"):
            records.append(section)
        elif section.startswith("P"):
            patterns.append((re.compile(first[1:]), section))
    return _Head(*root_of(text), own, parameters, patterns)


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


def without_port(host: str) -> str:
    """A Host header's name, in lower case."""
    return _PORT.sub("", host.lower())


def first_language(accepted: str) -> str:
    """The language that an Accept-Language header names first ('en'), '' without one."""
    match = _LANGUAGE.match(accepted.lstrip(" "))
    return match[1].lower() if match else ""


def _without_data(asked: _Asked, fallback: str) -> Decision:
    """What a visitor gets while the data can't be read: the fallback's files, no redirects."""
    if not fallback:
        return Unavailable()
    if not asked.path:
        return Missing(fallback)
    if asked.path in ROOT_PATHS and canonical_query(asked.request.query).key is not None:
        # Where this leads is not known just now, and a 404 would be believed.
        return Unavailable()
    return _file(fallback, asked)


def _found(get: Get, live: LiveEntry, asked: _Asked) -> Decision:
    """What a release has for a request."""
    path, raw = asked.path, asked.request.query
    if not path:
        return Missing(live.slot)
    if path.startswith(ERRORS_PATH):
        return _file(live.slot, asked)
    head = _head(live.head)
    if path in ROOT_PATHS:
        query = canonical_query(raw, head.own)
        if query.key is not None:
            base = f"/\n{query.base_key or query.key}"
            rule = _looked_up(get, head, base, f"/\n{query.key}", asked.visitor)
            # The home page must not answer for a post that it does not know.
            return _applied(rule, live.slot, query.rest, asked) if rule else Missing(live.slot)
    sets, records = head.parameters.get(path, ([], []))
    chosen = [(f"{path}\n{key}", rest) for key, rest in chosen_queries(raw, sets)]
    for text, rest in chosen or [(path, raw)]:
        if rule := _looked_up(get, head, text, text, asked.visitor):
            return _applied(rule, live.slot, rest, asked)
    rule = _by_head(head, records, path, asked.visitor)
    return _applied(rule, live.slot, raw, asked) if rule else _file(live.slot, asked)


def _looked_up(get: Get, head: _Head, base: str, text: str, visitor: Visitor) -> Found | None:
    """The rule for what is asked for, or that for its base."""
    node, sought = head.root, place(base, text)
    for _ in range(head.depth):
        node = get(NODE_PREFIX + child(node, sought)) or ""
    return find(node, text, visitor) or (find(node, base, visitor) if base != text else None)


def _by_head(head: _Head, records: list[str], path: str, visitor: Visitor) -> Found | None:
    """The rule of a path whose parameters are none of the known ones, or a pattern."""
    for record in records:
        if found := decided(record, visitor):
            return found
    for expression, record in head.patterns:
        if (match := expression.fullmatch(path)) and (found := decided(record, visitor)):
            return found._replace(target=filled(found.target, match.groups()))
    return None


def _applied(rule: Found, slot: str, rest: str, asked: _Asked) -> Decision:
    if rule.status == GONE:
        return Gone()
    if rule.in_place and is_preview_crawler(asked.request.user_agent):
        return _serve(slot, decode(rule.in_place) or "")
    home = asked.home if rule.target.startswith("/") else ""
    return Redirect(rule.status, home + with_query(rule.target, rest))


def _file(slot: str, asked: _Asked) -> Decision:
    """A file of the site; who came to another host, by a longer path, with something glued to it
    or without TLS is sent to it."""
    path = unglued_path(asked.path)
    if asked.home or asked.is_long or path != asked.path:
        return Redirect(301, with_query(asked.home + encode_path(path), asked.request.query))
    return Serve("", path) if path.startswith(ERRORS_PATH) else _serve(slot, path)


def _serve(slot: str, path: str) -> Serve:
    return Serve(slot, path + "index.html" if path.endswith("/") else path)
