"""How much of what old addresses are worth is preserved. Pure.

    score = sum over the measures of  weight * 100 * kept / total

A measure that nothing was counted for has no part; the weights of the others are scaled to make 1.
An address keeps all of its worth, nine tenths or nothing (`judging.value`). Those that are gone or
closed on purpose are in neither sum.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from publisher.audit.judging import value
from publisher.audit.report import BAD, GOOD, Finding, Measure, Measures, Outcome, Part, Score

WEIGHTS: dict[Measure, float] = {
    "hits": 4.0,
    "clicks": 2.0,
    "domains": 2.0,
    "shares": 2.0,
    "urls": 1.0,
}
"""What visitors ask for today counts most; the mere number of addresses least."""


class Weighed(NamedTuple):
    """What the score asks of an old address."""

    outcome: Outcome
    findings: tuple[Finding, ...]
    measures: Measures


def score(rows: Iterable[Weighed]) -> Score:
    """The score of an audit's rows. 100 with no part if there is nothing to lose."""
    kept, total = dict.fromkeys(WEIGHTS, 0.0), dict.fromkeys(WEIGHTS, 0.0)
    for row in rows:
        if row.outcome not in (*GOOD, *BAD):
            continue
        share = value(row.outcome, row.findings)
        for measure, amount in _amounts(row.measures):
            total[measure] += amount
            kept[measure] += amount * share
    weights = {one: WEIGHTS[one] for one in WEIGHTS if total[one]}
    all_weights = sum(weights.values())
    parts = tuple(
        Part(one, kept[one], total[one], weight / all_weights) for one, weight in weights.items()
    )
    if all(part.kept == part.total for part in parts):
        return Score(100.0, parts)
    found = sum(100 * part.weight * part.kept / part.total for part in parts)
    return Score(min(found, math.nextafter(100, 0)), parts)


def lost_points(row: Weighed, parts: Sequence[Part]) -> float:
    """By how much the score would rise if this row kept all of its worth."""
    if row.outcome not in (*GOOD, *BAD):
        return 0.0
    missing = 1 - value(row.outcome, row.findings)
    if not missing:
        return 0.0
    amounts = dict(_amounts(row.measures))
    return sum(100 * one.weight * amounts[one.measure] * missing / one.total for one in parts)


def _amounts(measures: Measures) -> Iterator[tuple[Measure, int]]:
    yield "hits", measures.hits
    yield "clicks", measures.clicks
    yield "domains", measures.domains
    yield "shares", measures.shares
    yield "urls", 1
