"""Access logs: who asked for what. Pure; a log is written by visitors, so nothing in it is trusted.

Understood, also mixed:

- CloudFront's standard logs: lines of JSON, and columns (the format of 2012, `w3c` and `plain` of
  version 2), in the order that a line with their names tells, between tabs, spaces or commas.
- A load balancer's of AWS: Application Load Balancer, and the classic one.
- nginx and Apache: "common" and "combined", also with the host before the client (`vhost_combined`
  of Apache, `$host` of nginx), and with more behind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from publisher.audit.locating import URL_CHARACTERS_MAX, host_name, same_octets
from publisher.content_types import by_name

LINE_BYTES_MAX = 65_536
"""Longer lines are not read."""

# Without a line that names them, the order that CloudFront has had since 2012 (Developer Guide,
# "Standard log file fields"). The names are those of real-time logs, too.
_CLOUDFRONT = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) "
    "cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header"
).split()
_NEEDED = frozenset(("cs-method", "cs-uri-stem"))
_TIMES = (("timestamp(ms)", 1000), ("timestamp", 1))
_READ = _NEEDED.union(dict(_TIMES), "cs-uri-query x-host-header sc-status date".split())
_JSON = msgspec.json.Decoder(dict[str, str | int | float | bool | None])

# Elastic Load Balancing user guide, "Access log entries": type (not at a classic one), time, name,
# client, target, three times, status, target's status, bytes received and sent, request, agent.
# Nothing is given back once it is matched (`++`): no line takes longer than its length.
_BALANCER = re.compile(
    r"(?:(?:https?|h2|grpcs|wss?) )?(\d{4}-\d\d-\d\d)T\S++ (?:\S++ ){6}(\d{3}|-) \S++ \S++ \S++ "
    r'"(\S{1,40}) (\S++)[^"]*+"'
)
# Between a host and a client's address that follows it, there is only a space; behind a client
# comes `-`, or a name, which has no dot and no colon.
_COMBINED = re.compile(
    r'(?:([^ ,\["]++) (?=[\w-]*+[.:]))?+[^\["]*+\[([^\]:]*+)[^\]]*+\] '
    r'"([A-Z]{1,20}) ([^"\\ ]*+(?:\\.[^"\\ ]*+)*+)[^"\\]*+(?:\\.[^"\\]*+)*+" (\d{3})(?!\d)'
)
# What stands where a host could and is none: another client's address (`X-Forwarded-For`).
_CLIENT = re.compile(r"[\d.]++|[\da-fA-F]*+:[\da-fA-F]*+:[\da-fA-F:.]*+")
_ESCAPED = re.compile(r"\\x([0-9A-Fa-f]{2})|\\(.)")
# CloudFront encodes what it logs, percent signs of the request's own encoding, too.
_TWICE = re.compile(r"%25(?=[0-9A-Fa-f]{2})")
_NOT_IN_A_URL = re.compile(r"[^!-~]")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_WEB_SERVER_DAY = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4})")
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_PAGES = frozenset(("", "text/html", "application/xhtml+xml"))

# Logs name the same addresses again and again. What is longer than most of them is not kept, so
# that visitors can't fill the memory.
_KEPT = 65_536
_KEPT_CHARACTERS_MAX = 300


class Hit(NamedTuple):
    """One request. `url`: path and query, percent-encoded as the client sent it (octets with
    capital letters); `host` in lower case, '' where the log does not say; `status` 0 for none;
    `day` as the log has it (`2026-11-22`: UTC in logs of AWS, else the server's), '' for none.
    `is_page`: it is no image, style sheet, or other file, by its extension."""

    method: str
    url: str
    status: int
    host: str = ""
    day: str = ""
    is_page: bool = True


def lines(readline: Callable[[int], bytes]) -> Iterator[bytes]:
    """The lines of a file; an empty one for each that is longer than LINE_BYTES_MAX."""
    is_cut = False
    while piece := readline(LINE_BYTES_MAX):
        is_whole = piece.endswith(b"\n") or len(piece) < LINE_BYTES_MAX
        if is_whole:
            yield b"" if is_cut else piece
        is_cut = not is_whole
    if is_cut:
        yield b""


def hits(given: Iterable[bytes]) -> Iterator[Hit | None]:
    """What each line of one file says, None for one that says nothing of a request. Lines that name
    columns are about those that follow."""
    columns = _Columns.of(_CLOUDFRONT, "\t")
    for line in given:
        text = line.decode("latin-1")  # as bytes: which text it is is told later
        if text[:1] == "#":
            name, _, named = text.partition(":")
            columns = _Columns.of(named.split(), None) if name == "#Fields" else columns
        elif text[:1] == "{":
            yield _in_json(line)
        elif hit := _in_text(text, columns):
            yield hit
        elif new_columns := _named(text):
            columns = new_columns
        else:
            yield None
    _known_place.cache_clear()  # 20 MB, and an audit has more to do


def _in_text(text: str, columns: _Columns) -> Hit | None:
    if "\t" in text:  # web servers escape it
        return _in_columns(text, columns)
    return _from_web_server(text) or _from_balancer(text) or _in_columns(text, columns)


def _from_web_server(text: str) -> Hit | None:
    if not (found := _COMBINED.match(text)):
        return None
    host, day, method, target, status = found.groups()
    if host and _CLIENT.fullmatch(host):
        host = ""
    return _hit(method, target, status, host or "", _web_server_day(day))


def _from_balancer(text: str) -> Hit | None:
    if not (found := _BALANCER.match(text)):
        return None
    day, status, method, target = found.groups()
    return _hit(method, target, status, "", day)


class _Columns(NamedTuple):
    """Where the columns are that matter, and what stands between columns; None is any white space.
    Tabs are always understood."""

    places: tuple[tuple[str, int], ...]
    separator: str | None

    @staticmethod
    def of(names: Sequence[str], separator: str | None) -> _Columns:
        """The columns with these names."""
        places = ((name, place) for place, name in enumerate(names) if name in _READ)
        return _Columns(tuple(places), separator)


def _named(text: str) -> _Columns | None:
    """The columns that a line names, if it does."""
    if "cs-uri-stem" in text:
        for separator in ("\t", ",", None):
            names = text.strip().split(separator)
            if _NEEDED.issubset(names):
                return _Columns.of(names, separator)
    return None


def _in_columns(text: str, columns: _Columns) -> Hit | None:
    separator = "\t" if "\t" in text else columns.separator
    cells = text.rstrip("\r\n").split(separator)
    count = len(cells)
    return _from_cloudfront({name: cells[place] for name, place in columns.places if place < count})


def _in_json(line: bytes) -> Hit | None:
    try:
        row = _JSON.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    # As the other formats are read: one character for each byte.
    texts = {name: str(value).encode(errors="replace").decode("latin-1")
             for name, value in row.items() if value is not None}  # fmt: skip
    return _from_cloudfront(texts)


def _from_cloudfront(row: Mapping[str, str]) -> Hit | None:
    path, query = row.get("cs-uri-stem", ""), _said(row.get("cs-uri-query", ""))
    target = _TWICE.sub("%", f"{path}?{query}" if query else path)
    host = _said(row.get("x-host-header", ""))  # `cs(Host)` is the distribution's own, always
    return _hit(row.get("cs-method", ""), target, row.get("sc-status", ""), host, _row_day(row))


def _said(text: str) -> str:
    return "" if text == "-" else text


def _row_day(row: Mapping[str, str]) -> str:
    """The day of a row that has it, or seconds or milliseconds since 1970 (version 2 lets its
    users choose)."""
    if _DAY.fullmatch(day := row.get("date", "")):
        return day
    for name, in_a_second in _TIMES:
        try:
            return datetime.fromtimestamp(float(row[name]) / in_a_second, UTC).date().isoformat()
        except (KeyError, ValueError, OverflowError, OSError):
            continue
    return ""


@lru_cache(1024)
def _web_server_day(text: str) -> str:
    """`22/Nov/2026`, or a day in the form of ISO 8601 with its hour, as `2026-11-22`."""
    if (found := _WEB_SERVER_DAY.fullmatch(text)) and found[2] in _MONTHS:
        return f"{found[3]}-{_MONTHS.index(found[2]) + 1:02}-{found[1]}"
    return text[:10] if _DAY.match(text) else ""


def _hit(method: str, target: str, status: str, host: str, day: str) -> Hit | None:
    is_short = len(target) + len(host) <= _KEPT_CHARACTERS_MAX
    place = _known_place(target, host) if is_short else _place(target, host)
    if place is None or not method.isalpha() or len(method) > 20:
        return None
    url, name, is_page = place
    number = int(status) if len(status) == 3 and status.isdecimal() else 0
    return Hit(method, url, number, name, day, is_page)


def _place(target: str, host: str) -> tuple[str, str, bool] | None:
    """What a request's target and its host mean: path and query, the host, and whether it is a
    page. None for what is no address."""
    if "\\" in target:
        target = _ESCAPED.sub(_encoded, target)
    if not target.startswith("/"):
        try:
            parts = urlsplit(target)
        except ValueError:
            return None
        if parts.scheme.lower() not in ("http", "https"):
            return None
        host = parts.netloc
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = target.partition("#")[0]
    url = same_octets(_NOT_IN_A_URL.sub(lambda one: f"%{ord(one[0]) & 0xFF:02X}", target))
    if len(url) > URL_CHARACTERS_MAX:
        return None
    name = host_name(host) if host.isascii() and host.isprintable() else ""
    return url, name, by_name(url.partition("?")[0]) in _PAGES


_known_place = lru_cache(_KEPT)(_place)


def _encoded(found: re.Match[str]) -> str:
    """What a web server escaped, as a URL has it."""
    return f"%{found[1]}" if found[1] else f"%{ord(found[2]) & 0xFF:02X}"
