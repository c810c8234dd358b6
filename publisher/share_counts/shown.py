"""A run's report, in words and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from publisher.documents import NAMED_MAX
from publisher.share_counts.book import Row, totals
from publisher.share_counts.taking import Report

# How many of a long list are shown before "and N more".
_SHOWN = 20


def lines(report: Report) -> Iterator[str]:
    """What a run found, to be read."""
    for name, why in report.skipped.items():
        yield f"{name} is left out: {why}"
    asked = ", ".join(f"{count:,} at {name}" for name, count in report.asked.items())
    fresh = f"; {report.fresh:,} were asked for within a day" if report.fresh else ""
    yield f"Counted: {asked or 'nothing'}{fresh}"
    yield ""
    yield f"{'posts':>10} {'before':>10} {'after':>10} {'difference':>10} {'dropped':>8}"
    for network, total in totals(report.rows).items():
        day = f"{total.oldest:%Y-%m-%d}"
        if total.compared:
            days = f"({day}, {total.newest:%Y-%m-%d})"
            yield (
                f"{total.compared:>10,} {total.before:>10,} {total.after:>10,} "
                f"{total.after - total.before:>+10,} {total.dropped:>8,}  {network}  {days}"
            )
        else:
            nothing = f"{'-':>10} {'-':>10} {'-':>8}"
            yield f"{total.counted:>10,} {total.before:>10,} {nothing}  {network}  ({day})"
    yield from _table("Dropped", _dropped(report.rows))
    yield from _table("Most shared", _most(report.rows))
    if report.unknown:
        yield ""
        yield f"No count: {len(report.unknown):,}"
        yield from (f"  {line}" for line in report.unknown[:_SHOWN])
        yield from _more(len(report.unknown))
    if report.rows and not any(row.is_compared for row in report.rows):
        yield ""
        yield _uncompared(report)


def _uncompared(report: Report) -> str:
    if not report.compare:
        return "This is the baseline. Run it again after the cut-over, and it compares."
    if report.fresh:
        return (
            "Nothing is compared yet: the baseline is not a day old. Run it again after 24 hours."
        )
    return "Nothing is compared yet."


def _table(title: str, found: Sequence[Row]) -> Iterator[str]:
    if not found:
        return
    yield ""
    yield title
    for row in found[:_SHOWN]:
        after = f"{row.after:>10,} {row.difference:>+10,}" if row.is_compared else f"{'-':>10}" * 2
        new = f"  now {row.target.new}" if row.target.new else ""
        yield f"  {row.before:>10,} {after}  {row.network:8}  {row.target.old}{new}"
    yield from _more(len(found))


def _more(count: int) -> Iterator[str]:
    if count > _SHOWN:
        yield f"  and {count - _SHOWN:,} more (--output has all)"


def _dropped(found: Sequence[Row]) -> list[Row]:
    """Those that lost something, the largest loss first."""
    lost = [row for row in found if row.is_compared and row.difference < 0]
    return sorted(lost, key=lambda row: row.difference)


def _most(found: Sequence[Row]) -> list[Row]:
    """Those that were shared at all, the most shared first: few posts have nearly all shares."""
    shared = [row for row in found if row.before or row.after]
    return sorted(shared, key=lambda row: -max(row.before, row.after))


def document(report: Report) -> dict[str, Any]:
    """What `--json` prints."""
    dropped = _dropped(report.rows)
    return {
        "asked": report.asked,
        "fresh": report.fresh,
        "skipped": report.skipped,
        "refused": {
            name: {"error": refusal.message, "hint": refusal.hint}
            for name, refusal in report.refusals.items()
        },
        "totals": {name: total._asdict() for name, total in totals(report.rows).items()},
        "counts": {"unknown": len(report.unknown), "dropped": len(dropped)},
        "dropped": [_named(row) for row in dropped[:NAMED_MAX]],
        "posts": [_named(row) for row in _most(report.rows)[:NAMED_MAX]],
        "unknown": report.unknown[:NAMED_MAX],
    }


def _named(row: Row) -> dict[str, Any]:
    return {
        "network": row.network,
        "post": row.target.post or None,
        "old": row.target.old,
        "new": row.target.new or None,
        "before": row.before,
        "after": row.after if row.is_compared else None,
        "difference": row.difference if row.is_compared else None,
    }
