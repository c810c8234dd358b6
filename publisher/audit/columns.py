"""A report's rows as columns, small enough to be inside a page. Pure.

What many rows have in common (targets, rules, findings) is there once, and a column has its place
in the list of it. A column in which every value is the same is that value alone.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TypeVar, get_args

from publisher.audit.report import Finding, Kind, Outcome, Row, Severity, Source
from publisher.audit.shown import encodable

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
SOURCES: tuple[Source, ...] = get_args(Source)
KINDS: tuple[Kind, ...] = get_args(Kind)
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
CHANGES = ("", "new", "better", "worse")

_POINTS_DIGITS = 6

# What could end the script element, begin a comment in it, or a line in JavaScript.
_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}

_Listed = TypeVar("_Listed", bound=Hashable)


class _Once:
    """Values, each once, by their place."""

    def __init__(self) -> None:
        self.places: dict[Hashable, int] = {}

    def place(self, value: Hashable) -> int:
        return self.places.setdefault(value, len(self.places))

    @property
    def listed(self) -> list[Hashable]:
        return list(self.places)


def columns(rows: Sequence[Row]) -> dict[str, object]:
    """The rows by column, for `page.js`. `texts`, `findings`, `fixes` and `lives` are what the
    columns have places in; place 0 of `texts` is ''. A row's sources are a bit each."""
    texts, findings, fixes, lives = _Once(), _Once(), _Once(), _Once()
    texts.place("")
    fixes.place(None)
    lives.place(None)
    found: dict[str, Iterable[object]] = {
        "url": [row.url for row in rows],
        "outcome": [OUTCOMES.index(row.outcome) for row in rows],
        "status": [row.status for row in rows],
        "hops": [row.hops for row in rows],
        "target": [texts.place(row.target) for row in rows],
        "title": [texts.place(row.title) for row in rows],
        "rule": [texts.place(row.rule) for row in rows],
        "origin": [texts.place(row.origin) for row in rows],
        "hits": [row.measures.hits for row in rows],
        "clicks": [row.measures.clicks for row in rows],
        "domains": [row.measures.domains for row in rows],
        "shares": [row.measures.shares for row in rows],
        "sources": [sum(1 << SOURCES.index(s) for s in set(row.sources)) for row in rows],
        "findings": [findings.place(tuple(map(_finding, row.findings))) for row in rows],
        "fix": [fixes.place(_fix(row)) for row in rows],
        "live": [lives.place(_live(row)) for row in rows],
        "lost": [round(row.lost_points, _POINTS_DIGITS) for row in rows],
        "change": [CHANGES.index(row.change) for row in rows],
    }
    return {
        "rows": len(rows),
        "columns": {name: _short(list(values)) for name, values in found.items()},
        "texts": texts.listed,
        "findings": findings.listed,
        "fixes": fixes.listed,
        "lives": lives.listed,
    }


def script_pieces(value: object) -> Iterator[str]:
    """JSON that can stand in a script element, whatever texts are in it; each value of an object
    is a piece, so that nobody holds several copies of all of them."""
    if not isinstance(value, dict):
        yield script_json(value)
        return
    yield "{"
    for number, (name, part) in enumerate(value.items()):
        yield f"{',' if number else ''}{script_json(name)}:"
        yield from script_pieces(part)
    yield "}"


def script_json(value: object) -> str:
    """The same in one piece."""
    return compact_json(value).translate(_ESCAPES)


def compact_json(value: object) -> str:
    """JSON of plain data. Unlike `msgspec`, it takes halves of characters, which a title may
    have; they become the sign for what can't be read."""
    return encodable(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _finding(finding: Finding) -> tuple[object, ...]:
    values = tuple(finding.values.items())
    return KINDS.index(finding.kind), SEVERITIES.index(finding.severity), values


def _fix(row: Row) -> tuple[object, ...] | None:
    fix = row.fix
    return (fix.source, fix.target, fix.status, fix.guess, fix.reason) if fix else None


def _live(row: Row) -> tuple[object, ...] | None:
    live = row.live
    if live is None:
        return None
    return live.status, live.hops, live.last_status, live.target, live.problem


def _short(values: list[_Listed]) -> list[_Listed] | _Listed:
    """The column, or its only value. One row is a column, too, since a text is no list."""
    return values[0] if len(values) > 1 and len(set(values)) == 1 else values
