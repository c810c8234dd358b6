"""Medians, spread, ratios, and the table that is printed. Pure."""

from __future__ import annotations

import bisect
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

TENTHS = 10


@dataclass(frozen=True, slots=True)
class Sample:
    """A look at a process and its descendants, `after_s` seconds after the start: the CPU time
    that they have used by then, and their memory (PSS)."""

    after_s: float
    cpu_s: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Run:
    """One whole process with all that it started.

    `wall_s` and `cpu_s` (user and system, children included) in seconds; `peak_bytes` is the
    largest sum of the processes' memory, shared pages counted once (PSS); `begun` is the time of
    the start (seconds since 1970) for `samples`; `requests` and `sent_bytes` are what the server
    counted; `facts` are what the check of its result found.
    """

    name: str
    wall_s: float
    cpu_s: float
    peak_bytes: int
    begun: float = 0.0
    samples: tuple[Sample, ...] = ()
    requests: int = 0
    sent_bytes: int = 0
    facts: dict[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table. `against` is the name whose wall time is 1; '' leaves the ratio out.

    `note` says what this tool does not do, or what the figure means.
    """

    row: str
    name: str
    runs: Sequence[Run]
    pages: int
    ratio: float | None
    note: str = ""


def median(values: Iterable[float]) -> float:
    """The middle value; of two middle ones their mean."""
    return statistics.median(values)


def spread(values: Sequence[float]) -> float:
    """How far the values lie apart: largest minus smallest, as a share of the median."""
    return (max(values) - min(values)) / median(values)


def ratio(ours: Sequence[Run], theirs: Sequence[Run]) -> float:
    """Our wall time in units of theirs: below 1, we are faster. The median over the rounds: runs
    of one round are compared, since what slows the machine for a while slows both."""
    return median(our.wall_s / their.wall_s for our, their in zip(ours, theirs, strict=True))


def first_and_last_tenth(times: Sequence[float]) -> tuple[float, float]:
    """Events a second in the first and in the last tenth of the events. `times` in seconds,
    in any order. Raises ValueError for fewer than a hundred: they say nothing."""
    if len(times) < TENTHS * TENTHS:
        raise ValueError(f"{len(times)} events are too few")
    ordered = sorted(times)
    count = len(ordered) // TENTHS
    first = ordered[count] - ordered[0]
    last = ordered[-1] - ordered[-1 - count]
    return count / first, count / last


def in_cpu_seconds(times: Iterable[float], run: Run) -> list[float]:
    """How much CPU time the run had used at each of these times (seconds since 1970), read off
    between its samples: what shows a program's speed where others use the processors, too."""
    known = [Sample(0.0, 0.0, 0), *run.samples, Sample(run.wall_s, run.cpu_s, 0)]
    afters = [sample.after_s for sample in known]
    used = []
    for time in times:
        after = min(max(time - run.begun, 0.0), run.wall_s)
        right = min(max(bisect.bisect_left(afters, after), 1), len(known) - 1)
        one, other = known[right - 1], known[right]
        share = (after - one.after_s) / ((other.after_s - one.after_s) or 1.0)
        used.append(one.cpu_s + share * (other.cpu_s - one.cpu_s))
    return used


_HEAD = (
    "| row | tool | wall s (spread) | pages/s | CPU s | peak MiB | requests | MB | ratio | |",
    "|---|---|---|---|---|---|---|---|---|---|",
)


def table(lines: Iterable[Line]) -> str:
    """The lines as a Markdown table."""
    return "\n".join((*_HEAD, *map(_line, lines)))


def _line(line: Line) -> str:
    walls = [run.wall_s for run in line.runs]
    wall = median(walls)
    cells = (
        line.row,
        line.name,
        f"{wall:.2f} ({spread(walls):.0%})",
        f"{line.pages / wall:,.0f}",
        f"{median(run.cpu_s for run in line.runs):.2f}",
        f"{median(run.peak_bytes for run in line.runs) / 1024**2:.0f}",
        f"{median(run.requests for run in line.runs):,.0f}",
        f"{median(run.sent_bytes for run in line.runs) / 1e6:,.0f}",
        "" if line.ratio is None else f"{line.ratio:.2f}",
        line.note,
    )
    return f"| {' | '.join(cells)} |"
