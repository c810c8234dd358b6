"""What the last audit found, so that the next one can say what has changed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from publisher.audit.figures import in_short
from publisher.audit.report import (
    BAD,
    GOOD,
    Measures,
    Outcome,
    Past,
    Report,
    Row,
    Source,
    Vanished,
)

_PAST_MAX = 200
# Addresses from logs come and go with the logs.
_LASTING: frozenset[Source] = frozenset({"cms", "search", "backlinks", "sitemap", "list", "rule"})
_VANISHED_MAX = 1_000


class Seen(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An address as an audit saw it, and with what it was weighed."""

    outcome: Outcome
    sources: tuple[Source, ...]
    measures: Measures = Measures()


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The last audit's addresses, and all audits in figures, the oldest first."""

    rows: dict[str, Seen] = {}
    past: tuple[Past, ...] = ()

    def bad(self) -> Iterator[str]:
        """What was lost or broken."""
        return (url for url, seen in self.rows.items() if seen.outcome in BAD)

    def good(self) -> Iterator[str]:
        """What led to a page."""
        return (url for url, seen in self.rows.items() if seen.outcome in GOOD)

    def change(self, url: str, outcome: Outcome) -> Literal["", "new", "better", "worse"]:
        """What has become of an address since. What is lost is no better for being closed."""
        if not self.past:
            return ""
        seen = self.rows.get(url)
        if seen is None:
            return "new"
        was_bad, is_bad = seen.outcome in BAD, outcome in BAD
        if is_bad:
            return "" if was_bad else "worse"
        return "better" if was_bad and outcome not in ("closed", "unproven") else ""

    def vanished(self, urls: Iterable[str]) -> Iterator[Vanished]:
        """What this audit did not look at, of what does not come and go with logs."""
        known = set(urls)
        count = 0
        for url, seen in self.rows.items():
            if url not in known and not _LASTING.isdisjoint(seen.sources):
                yield Vanished(url, seen.outcome)
                count += 1
                if count == _VANISHED_MAX:
                    return


def remembered(report: Report, memory: Memory) -> Memory:
    """What to keep of an audit for the next one: also what the CMS alone knows, if this audit left
    the CMS alone."""
    has_cms = any(one.what == "cms" and not one.problem for one in report.checked)
    kept = {} if has_cms else {url: one for url, one in memory.rows.items() if "cms" in one.sources}
    return Memory(
        rows=kept | {row.url: _seen(row) for row in report.rows},
        past=(*memory.past, in_short(report))[-_PAST_MAX:],
    )


def _seen(row: Row) -> Seen:
    """What to keep of a row. That a memory knew it is nothing to remember."""
    sources = row.sources
    if "past" in sources:
        sources = tuple(one for one in sources if one != "past")
    return Seen(row.outcome, sources, row.measures)
