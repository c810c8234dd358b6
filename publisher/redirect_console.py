"""What people see of redirects: a set in figures, what logs show, the way to a decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from publisher.console import escape
from publisher.console import printer as _out
from publisher.console import show_list as _list

if TYPE_CHECKING:
    from publisher.log_search import Searched
    from publisher.log_tally import Tally
    from publisher.redirect_summary import Fullness, Summary
    from redirects.explain import Explained

# How many of a long list are shown before "and N more".
_SHOWN = 10


def show_summary(release: str, made: Summary, full: Fullness, remarks: Sequence[str]) -> None:
    """A rule set in figures, and what is worth a look."""
    out = _out()
    patterns = f", {made.patterns:,} patterns" if made.patterns else ""
    out.print(f"[bold]{made.rules:,} redirects[/]{patterns}, for release {escape(release)}")
    for title, counts in (
        ("from", made.origins),
        ("status", made.statuses),
        ("with conditions", made.conditions),
    ):
        _table(out, title, counts)
    if full.share > 1:
        out.print(f"  [bold red]Does not fit the edge[/]: {escape('; '.join(full.left_out))}")
    else:
        share = f"{full.size_bytes:,} of {full.limit_bytes:,} bytes"
        out.print(f"  {share} of the edge's store ({full.share:.0%})")
        entry = f"{full.entry_bytes:,} of {full.entry_limit_bytes:,} bytes"
        out.print(f"  {entry} of its entry, in which patterns and parameters are")
        _list(out, "Too long for the edge", full.left_out)
    _list(out, "Worth a look", remarks)


def show_searched(tally: Tally, done: Searched, path: Path) -> None:
    """What came of the addresses in logs."""
    out = _out()
    hits = sum(one.hits for one in done.found)
    guesses = sum("CHECK" in one.origin for one in done.found)
    out.print(f"[bold]Access logs[/]: {tally.requests:,} requests, {len(tally.counts):,} addresses")
    if tally.dropped:
        was = "request was" if tally.dropped == 1 else "requests were"
        out.print(f"  {tally.dropped:,} {was} for addresses too rare to be counted")
    if tally.elsewhere:
        was = "request was" if tally.elsewhere == 1 else "requests were"
        out.print(f"  {tally.elsewhere:,} {was} for other hosts, which no rule of yours names")
    if tally.unread:
        say = "line says" if tally.unread == 1 else "lines say"
        out.print(f"  {tally.unread:,} {say} nothing of a request")
    out.print(
        f"  answered by a page or a rule: {done.explained:,} ({done.explained_hits:,} requests)"
    )
    out.print(f"  not for visitors: {done.not_for_visitors:,}")
    out.print(f"  found at the CMS: {len(done.found):,} ({hits:,} requests), {guesses:,} guesses")
    for one in done.found[:_SHOWN]:
        mark = "  [yellow]guess[/]" if "CHECK" in one.origin else ""
        out.print(f"    {one.hits:>8,}  {escape(one.source)} -> {escape(one.target)}{mark}")
    _list(
        out,
        "Unexplained",
        [f"{one.hits:>8,}  {one.source}  ({one.reason})" for one in done.unexplained],
    )
    if done.found:
        out.print(f"Written: {escape(str(path))}. Read it, then list it under redirects.files.")


def show_explained(url: str, found: Explained) -> None:
    """The way to a decision, numbered."""
    out = _out()
    out.print(f"[bold]{escape(url)}[/]")
    width = max(len(step.what) for step in found.steps)
    for number, step in enumerate(found.steps, 1):
        out.print(f"{number:>3}. {escape(step.what):{width}}  {escape(step.result)}")


def _table(out: Console, title: str, counts: Mapping[str, int]) -> None:
    if not counts:
        return
    ordered = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 2))
    table.add_column(style="dim")
    table.add_column(justify="right")
    table.add_column()
    for number, (name, count) in enumerate(islice(ordered, 2 * _SHOWN)):
        table.add_row("" if number else title, f"{count:,}", escape(name))
    out.print(table)
