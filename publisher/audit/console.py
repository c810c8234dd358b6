"""What people see of an audit in a terminal: whether it passed, what is lost, what to do."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from publisher.audit import figures
from publisher.audit.fixes import INSTEAD
from publisher.audit.report import BAD, Checked, Report, Row
from publisher.console import escape, printer

# So many losses are shown; the report has all.
_SHOWN = 10
_CHARACTERS_MAX = 80
# Of one, and of more.
_MEASURES = {
    "hits": ("request in logs", "requests in logs"),
    "clicks": ("click from search", "clicks from search"),
    "domains": ("linking domain", "linking domains"),
    "shares": ("share", "shares"),
    "urls": ("address", "addresses"),
}
# If it is one of one; of the others, one and more are alike.
_ONE_CHECKED = {
    "cms": "form of what the CMS holds",
    "ids": "id that the CMS does not list, asked for",
    "pages": "page read",
    "social": "old post, asked for as Meta's crawler does",
    "counts": "old post with share counts",
    "logs": "request in logs counted",
    "lists": "line of lists read",
    "past": "looked at as the last audit left it",
    "sitemaps": "address in old sitemaps",
}
_CHECKED = {
    "edge": "replayed in the edge function",
    "python": "decided a second time, in Python",
    "nginx": "asked of nginx",
    "haproxy": "asked of HAProxy",
    "visitors": "replayed for every kind of visitor",
    "live": "asked of the live site",
    "live-visitors": "asked of the live site for other visitors",
    "cms": "forms of what the CMS holds",
    "ids": "ids that the CMS does not list, asked for",
    "pages": "pages read",
    "social": "old posts, asked for as Meta's crawler does",
    "counts": "old posts with share counts",
    "logs": "requests in logs counted",
    "lists": "lines of lists read",
    "past": "looked at as the last audit left them",
    "sitemaps": "addresses in old sitemaps",
}


def show(report: Report, written: Sequence[Path], fixes: Path | None) -> None:
    """An audit in a screenful."""
    out = printer()
    verdict = "[bold green]passed[/]" if report.is_passed else "[bold red]not passed[/]"
    out.print(
        f"[bold]Redirect audit[/] of {escape(report.site)} with release {escape(report.release)}"
    )
    score = percent(report.score.value)
    out.print(f"  Score [bold]{score}[/] of 100, {report.threshold:g} needed: {verdict}")
    for part in report.score.parts:
        kept = percent(100 * part.kept / part.total)
        name = _MEASURES[part.measure][part.total != 1]
        out.print(f"  {kept:>8} % of {part.total:,.0f} {name} (weight {part.weight:.0%})")
    counts = Counter(row.outcome for row in report.rows)
    told = ", ".join(f"{count:,} {name}" for name, count in counts.most_common())
    addresses = "address" if len(report.rows) == 1 else "addresses"
    out.print(f"  {len(report.rows):,} old {addresses}: {told}")
    if unproven := counts["unproven"]:
        _say_unproven(unproven, figures.visits(report.rows, "unproven"))
    _show_change(report)
    _show_losses(report)
    for one in report.checked:
        out.print(f"  {_checked(one)}")
    for path in written:
        out.print(f"Written: {escape(str(path))}")
    mending = len({row.fix.source for row in report.rows if row.fix})
    them = "it" if mending == 1 else "them"
    if mending and fixes:
        out.print(
            f"{_rules(mending)} that would mend it: {escape(str(fixes))}. "
            f"Read {them}, then list the file under redirects.files."
        )
        if any(row.fix and row.fix.reason.startswith(INSTEAD) for row in report.rows):
            out.print(
                f"Where one says '{INSTEAD}...', take that rule of yours out: it comes first."
            )
    elif mending:
        out.print(f"{_rules(mending)} would mend it: --fix FILE writes {them}.")
    elif fixes:
        out.print(
            f"No rule is known that would mend anything: {escape(str(fixes))} was not written."
        )


def _say_unproven(count: int, visits: int) -> None:
    """What the score says nothing of: it may be noise, or what the switch has lost."""
    what, them = ("1 address is", "it") if count == 1 else (f"{count:,} addresses are", "them")
    printer().print(
        f"  {what} not in the score: logs, which alone know {them}, have nothing but errors "
        f"({visits:,} {'request' if visits == 1 else 'requests'}). If a log is from after the "
        "switch, there may be losses among them."
    )


def _rules(number: int) -> str:
    return "1 rule" if number == 1 else f"{number:,} rules"


def refusal(report: Report) -> str:
    """Why an audit did not pass, and what to do."""
    return (
        f"the score is {percent(report.score.value)}, and gates.preservation wants "
        f"{report.threshold:g}\nThe report has the worst losses first; --fix FILE writes rules."
    )


def percent(value: float) -> str:
    """Two digits, rounded down: 100.00 is all of it."""
    return f"{math.floor(value * 100) / 100:.2f}"


def _show_change(report: Report) -> None:
    if not report.past:
        return
    before = report.past[-1]
    counts = Counter(row.change for row in report.rows)
    change = figures.change(report)
    points = "its score measured other things" if change is None else f"{change:+.2f}"
    printer().print(
        f"  Since {before.made:%Y-%m-%d %H:%M} UTC: {points}, "
        f"{counts['better']:,} better, {counts['worse']:,} worse, {counts['new']:,} new"
    )


def _show_losses(report: Report) -> None:
    out = printer()
    bad = [row for row in report.rows if row.outcome in BAD]
    if not bad:
        return
    out.print("  Worst losses: points, address, why, and what would mend it")
    for row in bad[:_SHOWN]:
        out.print(f"  {row.lost_points:>7.2f}  {_loss(row)}")
    if len(bad) > _SHOWN:
        out.print(f"           and {len(bad) - _SHOWN:,} more")


def _loss(row: Row) -> str:
    kinds = ", ".join(one.kind for one in row.findings if one.severity == "critical")
    mending = ""
    if row.fix:
        guess = " [yellow](a guess)[/]" if row.fix.guess else ""
        mending = f"  -> {_short(row.fix.target)}{guess}"
    return f"{_short(row.url)}  {row.status} {kinds}{mending}"


def _short(text: str) -> str:
    return escape(text if len(text) <= _CHARACTERS_MAX else f"{text[:_CHARACTERS_MAX]}...")


def _checked(one: Checked) -> str:
    share = f"{one.done:,}" if one.done == one.total else f"{one.done:,} of {one.total:,}"
    sample = " (a sample)" if 0 < one.done < one.total and not one.problem else ""
    problem = f": {escape(one.problem)}" if one.problem else ""
    is_one = one.done == one.total == 1
    what = _ONE_CHECKED.get(one.what, _CHECKED[one.what]) if is_one else _CHECKED[one.what]
    return f"{share} {what}{sample}{problem}"
