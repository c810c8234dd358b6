"""What a report's page says in figures. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from publisher.audit.report import (
    BAD,
    GOOD,
    Day,
    Finding,
    Kind,
    Outcome,
    Page,
    Past,
    Post,
    Report,
    Row,
    Score,
    Severity,
    Source,
)

_DAYS_MAX = 100


class Points(NamedTuple):
    """A measure's part of the score: `share` and `weight` of 100, `points` what it adds."""

    measure: str
    kept: float
    total: float
    share: float
    weight: float
    points: float


class Found(NamedTuple):
    """A kind of finding: how many rows, pages and posts have it, and the rows' visits."""

    kind: Kind
    severity: Severity
    rows: int
    others: int
    hits: int


class Cell(NamedTuple):
    """What one kind of visitor got at one host: `good` of `total` have a page."""

    good: int
    total: int
    differing: int


def points(score: Score) -> list[Points]:
    """The parts of a score, in figures that add up to it."""
    weights = sum(part.weight for part in score.parts) or 1.0
    return [
        Points(
            part.measure,
            part.kept,
            part.total,
            share := 100 * part.kept / part.total if part.total else 100.0,
            weight := 100 * part.weight / weights,
            share * weight / 100,
        )
        for part in score.parts
    ]


def outcomes(rows: Iterable[Row]) -> Counter[Outcome]:
    """How many rows have which outcome."""
    return Counter(row.outcome for row in rows)


def visits(rows: Iterable[Row], *ends: Outcome) -> int:
    """The requests in logs for what ends like this."""
    return sum(row.measures.hits for row in rows if row.outcome in ends)


def losses(rows: Iterable[Row]) -> list[Row]:
    """The rows that are lost or broken, the worst first."""
    bad = [row for row in rows if row.outcome in BAD]
    return sorted(bad, key=lambda row: (-row.lost_points, -row.measures.hits))


def found(report: Report) -> list[Found]:
    """The kinds of findings, the gravest first. A kind counts once for a row; its severity is the
    gravest that it has anywhere."""
    rows: Counter[Kind] = Counter()
    others: Counter[Kind] = Counter()
    hits: Counter[Kind] = Counter()
    severities: dict[Kind, Severity] = {}
    order: tuple[Severity, ...] = ("critical", "warning", "note")

    def count(findings: Iterable[Finding], counter: Counter[Kind], visits: int = 0) -> None:
        for kind in {finding.kind for finding in findings}:
            counter[kind] += 1
            hits[kind] += visits
        for finding in findings:
            known = severities.get(finding.kind, "note")
            severities[finding.kind] = min(known, finding.severity, key=order.index)

    for row in report.rows:
        if row.findings:
            count(row.findings, rows, row.measures.hits)
    for page in report.pages:
        count(page.findings, others)
    for post in report.social:
        count(post.findings, others)
    kinds = [Found(kind, severities[kind], rows[kind], others[kind], hits[kind])
             for kind in severities]  # fmt: skip
    return sorted(kinds, key=lambda one: (order.index(one.severity), -one.hits, -one.rows))


def flows(
    rows: Iterable[Row],
) -> tuple[Counter[tuple[Source, Outcome]], dict[tuple[str, str], float]]:
    """How many rows that a source knows have which outcome. In the counts a row is there for each
    of its sources; in the second, it is divided between them, so that they add up to all rows."""
    counts: Counter[tuple[Source, Outcome]] = Counter()
    parts: dict[tuple[str, str], float] = {}
    groups = Counter((tuple(dict.fromkeys(row.sources)), row.outcome) for row in rows)
    for (sources, outcome), count in groups.items():
        for source in sources:
            counts[source, outcome] += count
            parts[source, outcome] = parts.get((source, outcome), 0.0) + count / len(sources)
    return counts, parts


Asked = tuple[str, str]
"""Scheme and method."""

Matrix = dict[tuple[str, str, Asked], Cell]
"""A cell for each agent, host, and scheme and method."""


def matrix(report: Report) -> tuple[list[str], dict[str, list[Asked]], Matrix]:
    """The agents; what was asked at which host; and the cells."""
    agents = list(dict.fromkeys(seen.agent for seen in report.visitors))
    asked: dict[str, list[Asked]] = {}
    cells: Matrix = {}
    for seen in report.visitors:
        good = sum(count for outcome, count in seen.outcomes.items() if outcome in GOOD)
        one = (seen.scheme, seen.method)
        if one not in asked.setdefault(seen.host, []):
            asked[seen.host].append(one)
        cells[seen.agent, seen.host, one] = Cell(good, sum(seen.outcomes.values()), seen.differing)
    return agents, asked, cells


def engine_differences(rows: Iterable[Row]) -> Counter[str]:
    """How many rows each server decides otherwise."""
    return Counter(
        finding.values.get("engine", "")
        for row in rows
        for finding in row.findings
        if finding.kind == "engines-differ"
    )


def periods(days: Sequence[Day]) -> tuple[list[Day], bool]:
    """The days, in order; or weeks, if they are too many to be drawn: then True."""
    ordered = sorted(days, key=lambda day: day.day)
    if len(ordered) <= _DAYS_MAX:
        return ordered, False
    weeks: dict[str, tuple[int, int]] = {}
    for day in ordered:
        first = _monday(day.day)
        requests, not_found = weeks.get(first, (0, 0))
        weeks[first] = requests + day.requests, not_found + day.not_found
    return [Day(first, *counts) for first, counts in weeks.items()], True


def _monday(day: str) -> str:
    try:
        then = date.fromisoformat(day)
    except ValueError:
        return day
    return (then - timedelta(days=then.weekday())).isoformat()


def in_short(report: Report) -> Past:
    """This audit, as one of the past will be."""
    counts = outcomes(report.rows)
    return Past(
        made=report.made,
        release=report.release,
        score=report.score.value,
        urls=len(report.rows),
        lost=counts["lost"],
        broken=counts["broken"],
        measures=tuple(part.measure for part in report.score.parts),
    )


def change(report: Report) -> float | None:
    """By how much the score has changed since the last audit. None if there was none, or if that
    measured other things: without logs, a score says something else."""
    last = max(report.past, key=lambda past: past.made, default=None)
    if last is None or (last.measures and last.measures != in_short(report).measures):
        return None
    return report.score.value - last.score


def posts_to_show(posts: Sequence[Post]) -> list[Post]:
    """Those with findings first, then those with the most shares."""
    return sorted(posts, key=lambda post: (-_gravity(post.findings), -(post.before or 0)))


def pages_to_show(pages: Sequence[Page]) -> list[Page]:
    """Those with findings, the gravest and most visited first."""
    bad = [page for page in pages if page.findings]
    return sorted(bad, key=lambda page: (-_gravity(page.findings), -page.measures.hits))


def _gravity(findings: Sequence[Finding]) -> int:
    weights: dict[Severity, int] = {"critical": 3, "warning": 2, "note": 1}
    return max((weights[finding.severity] for finding in findings), default=0)
