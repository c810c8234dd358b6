"""What people see of releases: their history, and how two differ. On standard output."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from publisher.console import escape, printer, show_list
from publisher.documents import NAMED_MAX

if TYPE_CHECKING:  # `publisher.difference` reads pages: a list needs none of that
    from rich.console import Console

    from publisher.difference import Compared, PageDifference
    from publisher.noticing import Change as Noticed
    from publisher.noticing import PageChange
    from publisher.release import Change, Intent, Release

# How many of a long list are shown before "and N more".
_SHOWN = 30


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
                for one in found.files[:_SHOWN]
            ],
        )
        _more(out, len(found.files) - _SHOWN)
    if found.redirects:
        out.print("\n[bold]Old addresses[/]")
        rows = [(one.source, one.old or "-", one.new or "-") for one in found.redirects]
        _grid(out, rows[:_SHOWN])
        _more(out, len(rows) - _SHOWN)
    show_list(out, "Withdrawn: nobody can reach it in either", found.withdrawn)


def _pages(out: Console, title: str, found: Sequence[PageDifference]) -> None:
    pages = [page for page in found if not (page.change and _is_alike(page.change))]
    if found:
        out.print(f"\n[bold]{title}[/]")
    for page in pages[:_SHOWN]:
        source = f"  [dim]({escape(page.source)})[/]" if page.source else ""
        out.print(f"  {escape(page.path)}  {escape(page.title)}{source}")
        if page.reason == "headers":
            _grid(out, [("", *page.headers)])
        elif page.change:
            _grid(out, [("", *_told(change)) for change in page.change.changes])
            _more(out, page.change.more)
            if page.change.rest:
                out.print(f"      {_RESTS[page.change.rest]}")
    _more(out, len(pages) - _SHOWN)
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
