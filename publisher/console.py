"""What people see: progress while it lasts, and the outcome in words. All on given streams."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
    from publisher.difference import Compared, PageDifference
    from publisher.init import Row
    from publisher.noticing import Change as Noticed
    from publisher.noticing import PageChange
    from publisher.old_site import Report
    from publisher.paths import SitePath
    from publisher.pipeline import Changes, Exported
    from publisher.plan import Plan
    from publisher.publish import Audience, Outcome
    from publisher.release import Change, Intent, Release, Withdrawal

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


def clean(text: str) -> str:
    """Without control characters: what the CMS sent must not steer the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


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


def show_outcome(outcome: Outcome, url: str, *, is_live: bool = True) -> None:
    """What publishing did, to the public site or to a preview."""
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
        out.print(f"  Before it: {outcome.previous}. To go back: publisher rollback")


def show_audience(audience: Audience) -> None:
    """Until when a preview can be seen, and by whom."""
    out = printer()
    out.print(f"  It can be seen until {audience.expires:%Y-%m-%d %H:%M} UTC.")
    if audience.password:
        out.print("  It asks for a name and a password: preview, and the one you gave.")


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


def show_releases(
    releases: Sequence[Release],
    intent: Intent,
    changes: Sequence[Change],
    held: Collection[str] = (),
) -> None:
    """History, newest first: what was made, and what visitors got. `held`: the releases that
    somebody still has to approve of."""
    out = printer()
    if not releases:
        out.print("No release yet. Make one: publisher export --publish")
        return
    if intent.hold:
        out.print(
            f"[yellow]On hold[/] since {intent.hold.since:%Y-%m-%d %H:%M} UTC by "
            f"{escape(intent.hold.actor)}. Release it: publisher resume"
        )
    for release in releases:
        mark = "[yellow]held[/]" if release.id in held else "    "
        mark = "[green]live[/]" if release.id == intent.release else mark
        out.print(
            f"{mark} {release.id}  {release.pages:>6,} pages  {escape(release.actor):12} "
            f"{escape(release.reason)}"
        )
    seen = [change for change in changes if not change.designer]
    if seen:
        out.print("\nWhat visitors got:")
    for change in seen:
        gates = "".join(
            f"  [yellow]{o.gate} overridden: {escape(o.reason)}[/]" for o in change.overrides
        )
        what = "hold released" if change.action == "resume" else change.path or change.to_release
        where = "" if change.target == "live" else f" to {change.target}"
        out.print(
            f"  {change.time:%Y-%m-%d %H:%M:%S}  {change.action:8} {escape(what)}{where}  "
            f"{escape(change.actor)}  {escape(change.reason)}{gates}{_approved(change)}"
        )


def _approved(change: Change) -> str:
    if not change.approved_by:
        return ""
    made, by = escape(change.made_by), escape(change.approved_by)
    return f"  [green]made by {made}, approved by {by}[/]"


def show_release(release: Release, is_live: bool) -> None:
    """One release in full."""
    out = printer()
    out.print(f"[bold]Release {release.id}[/]{' (live)' if is_live else ''}")
    rows = (
        ("made", f"{release.created:%Y-%m-%d %H:%M:%S} UTC by {release.actor}"),
        ("reason", release.reason or "-"),
        ("parent", release.parent or "-"),
        ("holds", f"{release.pages:,} pages, {release.files - release.pages:,} other files"),
        ("redirects", f"{release.rules:,}"),
        ("manifest", release.manifest),
    )
    for name, value in rows:
        out.print(f"  {name:10} {escape(value)}")
    for override in release.overrides:
        out.print(f"  let through {override.gate}: {escape(override.reason)}")


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


def show_difference(found: Compared) -> None:
    """What a visitor would notice between two releases."""
    out = printer()
    out.print(f"From [bold]{found.old.id}[/] to [bold]{found.new.id}[/]:")
    if not found.counts and not found.withdrawn:
        out.print("  nothing is different.")
    for kind, count in sorted(found.counts.items()):
        out.print(f"  {count:>7,}  {_KINDS[kind]}")
    if found.common:
        out.print(f"\n[bold]On many pages[/] (of {found.looked_at:,} looked at)")
        rows = [(f"{pages:,} pages", *_told(change)) for change, pages in found.common]
        _grid(out, rows)
    for reason, title in _REASONS.items():
        _pages(out, title, [page for page in found.pages if page.reason == reason])
    if found.files:
        out.print("\n[bold]Other files[/]")
        _grid(
            out,
            [
                (_FILES[one.reason], _size(one.old_size), _size(one.new_size), one.path)
                for one in found.files[: _SHOWN * 3]
            ],
        )
        _more(out, len(found.files) - _SHOWN * 3)
    if found.redirects:
        out.print("\n[bold]Old addresses[/]")
        rows = [(one.source, one.old or "-", one.new or "-") for one in found.redirects]
        _grid(out, rows[: _SHOWN * 3])
        _more(out, len(rows) - _SHOWN * 3)
    show_list(out, "Withdrawn: nobody can reach it in either", found.withdrawn)


def _pages(out: Console, title: str, found: Sequence[PageDifference]) -> None:
    pages = [page for page in found if not (page.change and _is_alike(page.change))]
    if found:
        out.print(f"\n[bold]{title}[/]")
    for page in pages[: _SHOWN * 3]:
        source = f"  [dim]({escape(page.source)})[/]" if page.source else ""
        out.print(f"  {escape(page.path)}  {escape(page.title)}{source}")
        if page.reason == "headers":
            _grid(out, [("", *page.headers)])
        elif page.change:
            _grid(out, [("", *_told(change)) for change in page.change.changes])
            _more(out, page.change.more)
            if page.change.rest:
                out.print(f"      {_RESTS[page.change.rest]}")
    _more(out, len(pages) - _SHOWN * 3)
    if len(pages) < len(found):
        out.print(f"  and {len(found) - len(pages):,} pages with nothing but what many share")


_REASONS = {
    "new": "New pages",
    "content": "Changed pages",
    "gone": "Pages that are gone",
    "headers": "Pages that are sent with other headers",
}
_FILES = {"new": "new", "gone": "gone", "content": "changed", "headers": "other headers"}
_RESTS = {
    "head": "nothing that is read: what search engines and programs are told",
    "markup": "nothing that is read: the markup alone",
}
_KINDS = {
    **{f"pages {reason}": title.lower() for reason, title in _REASONS.items()},
    **{f"files {reason}": f"other files, {word}" for reason, word in _FILES.items()},
    "redirects new": "old addresses that lead somewhere now",
    "redirects gone": "old addresses that lead nowhere any more",
    "redirects changed": "old addresses that lead elsewhere",
}


def _is_alike(change: PageChange) -> bool:
    return change.shares_common and not change.changes and not change.more


def _told(change: Noticed) -> tuple[str, str]:
    if change.old and change.new:
        return change.kind, f"{change.old} → {change.new}"
    return f"{change.kind} {'added' if change.new else 'removed'}", change.old or change.new


def _grid(out: Console, rows: Sequence[tuple[str, ...]]) -> None:
    """Columns as wide as their texts are shown: a Japanese character takes two places."""
    if not rows:
        return
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    for _ in ("", *rows[0]):
        table.add_column(overflow="fold")
    for row in rows:
        table.add_row("  ", *map(escape, row))
    out.print(table, soft_wrap=False)


def _more(out: Console, count: int) -> None:
    if count > 0:
        out.print(f"      and {count:,} more (--json names up to {NAMED_MAX:,})")


def _size(size: int | None) -> str:
    return "-" if size is None else f"{size:,} bytes"


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
