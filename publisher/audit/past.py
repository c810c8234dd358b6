"""What the last audit found, so that the next one can say what has changed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

import msgspec

from publisher.audit.figures import in_short
from publisher.audit.report import (
    BAD,
    GOOD,
    Checked,
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
# What an audit was told nothing of is remembered up to so many addresses, and so many characters in
# them: visitors write logs, and can ask for another address each time.
_UNSEEN_MAX = 50_000
_UNSEEN_CHARACTERS_MAX = 10_000_000


class Seen(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An address as an audit saw it, and with what it was weighed. `missed`: so many audits since
    were told nothing of it."""

    outcome: Outcome
    sources: tuple[Source, ...]
    measures: Measures = Measures()
    missed: int = 0


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The last audit's addresses, those from before it that led to a page, and all audits in
    figures, the oldest first."""

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
        """What this audit did not look at, and the last one did, of what does not come and go with
        logs."""
        known = set(urls)
        count = 0
        for url, seen in self.rows.items():
            if url not in known and not seen.missed and not _LASTING.isdisjoint(seen.sources):
                yield Vanished(url, seen.outcome)
                count += 1
                if count == _VANISHED_MAX:
                    return


class Kept(NamedTuple):
    """What to keep of an audit for the next one, and how many addresses there was no room for."""

    memory: Memory
    forgotten: int = 0


def remembered(report: Report, memory: Memory) -> Kept:
    """What to keep of an audit for the next one: what it found; what the CMS knows, if it left the
    CMS alone; and what led to a page at an earlier one, with what it was worth then."""
    has_cms = any(one.what == "cms" and not one.problem for one in report.checked)
    looked_at = {row.url for row in report.rows}
    of_cms: dict[str, Seen] = {}
    others: dict[str, Seen] = {}
    for url, seen in memory.rows.items():
        if url in looked_at:
            continue
        missed = msgspec.structs.replace(seen, missed=seen.missed + 1)
        if "cms" in seen.sources and not has_cms:
            of_cms[url] = missed
        elif _lasts(seen):
            others[url] = missed
    count = len(others)
    if not _is_little(others):
        others = dict(_weightiest(others))
    return Kept(
        Memory(
            rows=of_cms | others | {row.url: _seen(row) for row in report.rows},
            past=(*memory.past, in_short(report))[-_PAST_MAX:],
        ),
        count - len(others),
    )


def with_forgotten(report: Report, count: int) -> Report:
    """The report, which says how many addresses the next audit does not know any more."""
    if not count:
        return report
    what = "1 address, which is" if count == 1 else f"{count:,} addresses, those"
    told = f"no room to go on remembering {what} worth least"
    checked = [
        msgspec.structs.replace(one, problem=told) if one.what == "past" else one
        for one in report.checked
    ]
    if all(one.what != "past" for one in checked):
        checked.append(Checked("past", 0, 0, told))
    return msgspec.structs.replace(report, checked=tuple(checked))


def _lasts(seen: Seen) -> bool:
    """Whether to remember an address that an audit was told nothing of. What only logs know may be
    worth nothing: it is a file of pages. What only the CMS knew it may have no more."""
    is_named = any(one in _LASTING and one != "cms" for one in seen.sources)
    return seen.outcome in GOOD and (is_named or seen.measures != Measures())


def _is_little(rows: dict[str, Seen]) -> bool:
    return len(rows) <= _UNSEEN_MAX and sum(map(len, rows)) <= _UNSEEN_CHARACTERS_MAX


def _weightiest(rows: dict[str, Seen]) -> Iterator[tuple[str, Seen]]:
    """Those that are worth most, and were seen last, as many as there is room for."""
    room = _UNSEEN_CHARACTERS_MAX
    for url, seen in sorted(rows.items(), key=_weight)[:_UNSEEN_MAX]:
        room -= len(url)
        if room < 0:
            return
        yield url, seen


def _weight(item: tuple[str, Seen]) -> tuple[int, int, int, int, str]:
    worth = item[1].measures
    visits = worth.hits + worth.clicks
    return -visits, -worth.domains, -worth.shares, item[1].missed, item[0]


def _seen(row: Row) -> Seen:
    """What to keep of a row. That a memory knew it is nothing to remember."""
    sources = row.sources
    if "past" in sources:
        sources = tuple(one for one in sources if one != "past")
    return Seen(row.outcome, sources, row.measures)
