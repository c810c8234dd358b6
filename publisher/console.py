"""What people see: progress while it lasts, and the outcome in words. All on given streams."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.documents import NAMED_MAX

if TYPE_CHECKING:  # `publisher.init` reads pages: an export needs none of that
    from rich.console import Console
    from rich.progress import Progress

    from publisher.collect import Collected
    from publisher.composing import Sources
    from publisher.init import Row
    from publisher.old_site import Report
    from publisher.paths import SitePath
    from publisher.pipeline import Changes, Exported
    from publisher.plan import Plan
    from publisher.publish import Audience, Outcome
    from publisher.release import Withdrawal

# How many of a long list are shown before "and N more".
_SHOWN = 10


class Bar:
    """A progress bar, or nothing."""

    def __init__(self, shown: Progress | None = None) -> None:
        self._shown = shown
        self._task = shown.add_task("", total=None) if shown else None

    def update(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` are done; `total` may grow."""
        if self._shown and self._task is not None:
            self._shown.update(self._task, description=what, completed=done, total=total)


@contextmanager
def progress() -> Iterator[Bar]:
    """A bar on standard error for the length of a block; none if that is no terminal."""
    if not sys.stderr.isatty():  # nobody waits for `rich`, which takes 30 ms to import
        yield Bar()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as shown:
        yield Bar(shown)


# Spaces of Japanese and French texts, which Python does not call printable.
_SAFE = "\n\N{IDEOGRAPHIC SPACE}\N{NO-BREAK SPACE}"


def clean(text: str) -> str:
    """Without control characters: what the CMS sent must not steer the terminal."""
    return "".join(
        c if c.isprintable() or c in _SAFE else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def escape(text: str) -> str:
    """A text from outside, to be shown as it is."""
    from rich.markup import escape as escape_markup

    return escape_markup(clean(text))


def printer() -> Console:
    """What writes on standard output, in colours where it is a terminal."""
    from rich.console import Console

    # Lines are not cut at the terminal's width: they are searched and copied.
    return Console(highlight=False, emoji=False, soft_wrap=True)


def show_list(out: Console, title: str, rows: Sequence[str]) -> None:
    """How many there are, and the first; nothing if there are none."""
    if not rows:
        return
    out.print(f"  {title}: {len(rows):,}")
    for row in rows[:_SHOWN]:
        out.print(f"    {escape(row)}")
    if len(rows) > _SHOWN:
        out.print(f"    and {len(rows) - _SHOWN:,} more (--json names up to {NAMED_MAX:,})")


def say(text: str) -> None:
    """A line on standard error: what is going on."""
    print(text, file=sys.stderr, flush=True)


def show_lines(lines: Iterable[str]) -> None:
    """Lines that are ready to be read, and may hold what others wrote."""
    out = printer()
    for line in lines:
        out.print(escape(line))


def show_look(rows: Sequence[Row], path: Path) -> None:
    """What a look at a CMS found: what, value, where it was seen."""
    out = printer()
    width = max(len(row.what) for row in rows)
    for row in rows:
        out.print(f"{escape(row.what):{width}}  {escape(row.value)}  [dim]({escape(row.where)})[/]")
    out.print(f"\nWritten: {escape(str(path))}. Read it, then: publisher export --publish")


def show_export(exported: Exported, seconds: float) -> None:
    """What an export made."""
    out = printer()
    release = exported.release
    state = "new" if exported.is_new else "nothing changed since"
    if exported.resumed:
        out.print("Went on with the export that was cut (--full starts from the beginning).")
    out.print(f"[bold]Release {release.id}[/] ({state})")
    out.print(
        f"  {release.pages:,} pages, {release.files - release.pages:,} other files, "
        f"{release.rules:,} redirects, in {seconds:.1f} s"
    )
    if exported.is_new:
        out.print(f"  {_changes(exported.changes)}")
    if exported.removals:
        out.print(f"  Taken out of pages: {_counts(exported.removals)}")
    missing = [f"{m.path}  (status {m.status}, linked from {m.seen_on})" for m in exported.missing]
    show_list(out, "Broken links that the CMS itself has", missing)
    show_list(out, "Kept as it was, because the CMS gave no answer", exported.kept)
    show_list(out, "Worth a look", exported.warnings)


def show_captured(report: Report, output: Path) -> None:
    """What the old site said of its posts."""
    out = printer()
    known = f", {report.known:,} known before" if report.known else ""
    out.print(f"Captured: {report.found:,} posts{known}. Written: {escape(str(output))}")
    show_list(out, "og:url is not what the rule says", report.differ)
    show_list(out, "The old address leads on", report.redirected)
    show_list(out, "No og:url", report.silent)
    show_list(out, "No page at the old address", report.missing)
    show_list(out, "Not the post's page", report.other)
    show_list(out, "No answer: run this again", report.failed)


def show_plan(plan: Plan) -> None:
    """What a dry run would do."""
    out = printer()
    told = f": {_counts(plan.reasons)}" if plan.reasons else ""
    out.print(f"Would write or remove {len(plan):,} files{told}")
    for action in islice(plan, _SHOWN * 2):
        out.print(f"  {action.reason:16} {escape(action.path)}")
    if len(plan) > _SHOWN * 2:
        out.print(f"  and {len(plan) - _SHOWN * 2:,} more")


def show_outcome(
    outcome: Outcome, url: str, *, is_live: bool = True, undo: str = "publisher rollback"
) -> None:
    """What publishing did, to the public site or to a preview. `undo`: the command that makes
    live again what was."""
    out = printer()
    if not outcome.slot:
        out.print(f"Release {outcome.release.id} is live already; nothing to do.")
        return
    word = "Live" if is_live else "Shown"
    out.print(f"[bold green]{word}:[/] release {outcome.release.id} on {escape(url)}")
    out.print(
        f"  {len(outcome.plan):,} files written or removed in slot {outcome.slot}, "
        f"in {outcome.seconds:.1f} s"
    )
    if outcome.previous and is_live:
        out.print(f"  Before it: {outcome.previous}. To go back: {undo}")


def show_audience(audience: Audience) -> None:
    """Until when a preview can be seen, and by whom."""
    out = printer()
    out.print(f"  It can be seen until {audience.expires:%Y-%m-%d %H:%M} UTC.")
    if audience.password:
        out.print("  It asks for a name and a password: preview, and the one it was given.")


def show_withdrawn(withdrawn: Mapping[str, Withdrawal]) -> None:
    """Every path that nobody can reach."""
    out = printer()
    if not withdrawn:
        out.print("Nothing is withdrawn.")
    for path, why in sorted(withdrawn.items()):
        out.print(
            f"{escape(path)}  {why.since:%Y-%m-%d %H:%M}  {escape(why.actor)}  {escape(why.reason)}"
        )


def show_restored(path: str) -> None:
    """That a path is shown again."""
    printer().print(f"[bold green]Restored:[/] {escape(path)}")


def show_taken_out(path: SitePath, below: Sequence[str], sources: Sources) -> None:
    """That a path is withdrawn, what else is to be done where it comes from, and what is not
    covered."""
    out = printer()
    out.print(f"[bold green]Withdrawn:[/] {escape(path)} answers 410 Gone.")
    out.print(f"  To undo it: publisher withdraw {escape(path)} --restore --reason ...")
    for name in sources.designers:
        file = escape(f"uploads/{name}/{path.key}")
        out.print(f"  Have {name} take {file} out of their folder, too: it is theirs.")
    if sources.cms:
        out.print("  Unpublish it in the CMS, too: lists, feeds and sitemaps name it until then.")
    show_list(out, "Still there, below it", below)


def show_collected(done: Collected, seconds: float, *, dry_run: bool) -> None:
    """What a collection removed, or would remove, and what is kept."""
    out = printer()
    removed, kept = +done.removed, +done.kept
    out.print(f"{'would remove' if dry_run else 'removed':>12} {'kept':>10}")
    for kind in sorted(removed.keys() | kept.keys()):
        size = f"  ({done.kept_bytes / 1e6:,.1f} MB)" if kind == "blobs" else ""
        out.print(f"{_number(removed[kind]):>12} {_number(kept[kind]):>10}  {kind}{size}")
    for note in done.notes:
        out.print(f"[yellow]Left for the next time:[/] {escape(note)}")
    if done.fallback:
        out.print(f"While the edge can't read its data, it shows slot {escape(done.fallback)}.")
    out.print(f"In {seconds:.1f} s.{' Nothing was written.' if dry_run else ''}")


class Clock:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Elapsed so far."""
        return time.monotonic() - self._started


def _number(count: int) -> str:
    return f"{count:,}" if count else "-"


def _changes(changes: Changes) -> str:
    return (
        f"Compared with what is live: {changes.new:,} new, {changes.changed:,} changed, "
        f"{changes.gone:,} gone"
    )


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in Counter(counts).most_common())
