"""Answers to requests for old addresses, where redirects lead, and whether two answers are the
same to a visitor. Pure.

Locations of a live site are hostile input: they are read as a browser reads them, and name only
hosts of the site as a place to go on.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple
from urllib.parse import urljoin, urlsplit

from publisher.audit.report import Live
from publisher.audit.visitors import as_sent, twin
from publisher.hosts import idna
from redirects.match import Request

PERMANENT = (301, 308)
TEMPORARY = (302, 303, 307)

_ORIGINS = {"https": 443, "http": 80}
_WHOLE = ("https://", "http://")
# WHATWG URL, "basic URL parser": what a browser takes off a Location, and takes out of it.
_AROUND = "".join(map(chr, range(0x21)))
_WITHIN = re.compile("[\t\n\r]")
_ESCAPE = re.compile("%([0-9A-Fa-f]{2})")
# An escape of one of these is not the same as the character itself.
_MEANING_SOMETHING = "/?#%&=+"


class Answer(NamedTuple):
    """What one request got. `location`: of a redirect, as it was sent. `path`: the decoded path of
    the page that was served, '' if there is none or the engine does not tell. `problem`: why there
    is no answer; the status is 0 then, or that of an engine that failed. `title`: of the page, if
    it was read."""

    status: int
    location: str = ""
    path: str = ""
    problem: str = ""
    title: str = ""


class Journey(NamedTuple):
    """A request and what followed: the requests in their order, with the answer to each.

    `is_circle`: it comes back to where it was, or does not end. `elsewhere`: the address at another
    site to which the last answer leads, which was not asked; '' for none.
    """

    requests: tuple[Request, ...]
    answers: tuple[Answer, ...]
    is_circle: bool = False
    elsewhere: str = ""

    @property
    def first(self) -> Answer:
        """The answer to the request itself."""
        return self.answers[0]

    @property
    def end(self) -> Answer:
        """The last answer: a redirect only if that was not followed."""
        return self.answers[-1]

    @property
    def hops(self) -> int:
        """How many redirects a visitor takes; one that leads elsewhere counts."""
        return sum(1 for answer in self.answers if answer.location)

    @property
    def statuses(self) -> tuple[int, ...]:
        """Of all answers, in their order."""
        return tuple(answer.status for answer in self.answers)

    @property
    def locations(self) -> tuple[str, ...]:
        """Of all redirects, in their order, as they were sent."""
        return tuple(answer.location for answer in self.answers if answer.location)

    def target(self, origin: str) -> str:
        """Where it ends, as the report has it: a percent-encoded path with its query, or an
        address elsewhere. `origin`: see `address_of`."""
        return self.elsewhere or address_of(self.requests[-1], origin)

    def live(self, origin: str) -> Live:
        """The same as the report keeps it of a live site."""
        problem = self.end.problem or ("leads in a circle" if self.is_circle else "")
        return Live(self.first.status, self.hops, self.end.status, self.target(origin), problem)


class Difference(NamedTuple):
    """`end`: visitors end elsewhere. `way`: they end at the same place by another way. `mine` and
    `theirs` say what is there, for people."""

    what: Literal["end", "way"]
    mine: str
    theirs: str


def address_of(request: Request, origin: str) -> str:
    """The address that a request asks for: path and query, with scheme and host in front if that is
    not the origin of the site (`https://www.example.co.jp`)."""
    address = f"{request.path}?{request.query}" if request.query else request.path
    there = f"{request.scheme}://{request.host}" if request.host else origin
    return address if there == origin else there + address


def onward(request: Request, location: str, public_host: str) -> Request | str:
    """The request that a browser makes when it is sent to this Location; or the address, if that
    is at another host than the public one, its twin, and the one that was asked, or is none."""
    there = read(location)
    host = request.host or public_host
    # From the root, or whole: then it does not matter what was asked for.
    asked = "/" if there.startswith(("/", *_WHOLE)) else f"{request.path}?{request.query}"
    base = f"{request.scheme}://{host}{asked}"
    place = _resolved(base, there)
    if isinstance(place, str):
        return place
    if place.host not in (public_host, twin(public_host), host):
        return place.address
    return request._replace(
        path=place.path,
        query=place.query,
        host=place.host,
        scheme=place.scheme,
        authorization=request.authorization if place.host == host else "",
    )


class _Place(NamedTuple):
    """Where a Location leads, in parts; `address`: all of it."""

    address: str
    scheme: str
    host: str
    path: str
    query: str


@lru_cache(maxsize=65_536)
def _resolved(base: str, location: str) -> _Place | str:
    """The place that a Location names on the page at `base`; the address as it is, if that is none
    of the web. Many visitors are sent to the same places."""
    there = location
    try:
        there = urljoin(base, location)
        parts = urlsplit(there)
        port = parts.port
        name = idna(parts.hostname or "")
    except ValueError:  # no address
        return there
    if parts.scheme not in _ORIGINS or not name or "@" in parts.netloc:
        return there
    if port not in (None, _ORIGINS[parts.scheme]):
        name = f"{name}:{port}"
    return _Place(there, parts.scheme, name, as_sent(parts.path or "/"), as_sent(parts.query))


def forget() -> None:
    """Let go of what is kept of places: whoever has followed all redirects needs the memory."""
    _resolved.cache_clear()


def read(location: str) -> str:
    """A Location as a browser takes it: without spaces around it, tabs and line breaks, and with
    backslashes for slashes. https://url.spec.whatwg.org/#concept-basic-url-parser"""
    text = _WITHIN.sub("", location.strip(_AROUND))
    mark = re.search("[?#]", text)
    at = mark.start() if mark else len(text)
    return text[:at].replace("\\", "/") + text[at:]


def differ(mine: Answer, theirs: Answer, here: str = "", there: str = "") -> bool:
    """Whether two answers to one request differ for a visitor: in the kind of their status, in
    where they lead, or in the page, if both tell. `here` and `there` are the origins of the two
    (`https://www.example.co.jp`): an own address is the same with and without."""
    if kind_of(mine.status) != kind_of(theirs.status):
        return True
    if normal(mine.location, here) != normal(theirs.location, there):
        return True
    return bool(mine.path and theirs.path and mine.path != theirs.path)


def difference(
    mine: Journey, theirs: Journey, here: str = "", there: str = ""
) -> Difference | None:
    """How two journeys for one old address differ; None if they don't, or if one of them has
    met a problem: then nothing is known. `here`, `there`: see `differ`."""
    if mine.end.problem or theirs.end.problem:
        return None
    if _end(mine, here) != _end(theirs, there):
        return Difference("end", _shown(mine), _shown(theirs))
    if _way(mine, here) != _way(theirs, there):
        return Difference("way", _shown(mine), _shown(theirs))
    return None


def _end(journey: Journey, origin: str) -> tuple[str, str]:
    if journey.is_circle:
        return "circle", ""
    if journey.elsewhere:
        return "elsewhere", normal(journey.elsewhere, origin)
    kind = kind_of(journey.end.status)
    return kind, _place(journey.requests[-1], origin) if kind == "found" else ""


def _way(journey: Journey, origin: str) -> list[tuple[str, str]]:
    """The kind of each redirect, and where it leads, however its Location writes that."""
    places = [_place(request, origin) for request in journey.requests[1:]]
    if len(places) < journey.hops:
        places.append(normal(journey.elsewhere, origin))
    kinds = [kind_of(answer.status) for answer in journey.answers if answer.location]
    return list(zip(kinds, places, strict=True))


def _place(request: Request, origin: str) -> str:
    return normal(address_of(request, origin), origin)


def _shown(journey: Journey) -> str:
    steps = (
        f"{answer.status} {answer.location}" if answer.location else str(answer.status)
        for answer in journey.answers
    )
    return ", ".join(steps)


def kind_of(status: int) -> str:
    """Statuses that are the same to visitors and search engines: all permanent redirects, all
    temporary ones, all successes, all failures of a server. The others are themselves."""
    if status in PERMANENT:
        return "permanent"
    if status in TEMPORARY:
        return "temporary"
    if 200 <= status < 300:
        return "found"
    return "failed" if status >= 500 else str(status)


def normal(location: str, origin: str = "") -> str:
    """A Location in one spelling: without the own origin, with escapes for what needs them, in
    upper case. RFC 3986, section 6.2.2; in a query a plus is a space. It is for comparing."""
    text = as_sent(read(location))
    if origin and text.startswith(origin) and text[len(origin) : len(origin) + 1] in "/?#":
        text = text[len(origin) :]
        text = text if text.startswith("/") else f"/{text}"
    text = _ESCAPE.sub(_escape, text)
    page, mark, rest = text.partition("?")
    query, hash_mark, fragment = rest.partition("#")
    return page + mark + query.replace("+", "%20") + hash_mark + fragment


def _escape(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    needless = "!" <= character <= "~" and character not in _MEANING_SOMETHING
    return character if needless else found[0].upper()
