"""What people see of designers' access."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from publisher.console import escape

if TYPE_CHECKING:
    from publisher.designers.check import Row
    from publisher.designing import Listed
    from publisher.release import Change

_LATELY = 10
_WIDTH = 200
_AGE_DAYS = 90


def _out() -> Console:
    return Console(highlight=False, emoji=False, soft_wrap=True)


def show_designers(listed: Sequence[Listed], journal: Iterable[Change], now: datetime) -> None:
    """Who may upload, what, since when, and what changed lately."""
    out = _out()
    if not listed:
        out.print("No designer yet. Add one: publisher designers add NAME --paths /campaign/")
    for one in listed:
        out.print(f"[bold]{one.name}[/]  {escape(_owned(one))}")
        for line in _access(one, now):
            out.print(f"  {escape(line)}")
    changes = list(islice(journal, _LATELY))
    if changes:
        out.print("\nLately:")
    for change in changes:
        out.print(
            f"  {change.time:%Y-%m-%d %H:%M:%S}  {change.action:11} {escape(change.designer)}  "
            f"{escape(change.actor)}  {escape(change.reason)}  {escape(change.detail)}"
        )


def _owned(one: Listed) -> str:
    if one.section is None:
        return "is not in the configuration: publisher designers remove takes the access away"
    return "  ".join(one.section.paths)


def _access(one: Listed, now: datetime) -> Iterable[str]:
    account = one.account
    if account is None:
        yield f"no access yet: publisher designers add {one.name}"
        return
    yield f"{account.kind}  {account.arn}  last used {_day(account.used)}"
    for key in account.keys:
        age = f"{(now - key.created).days} days old" if key.created else "of unknown age"
        state = "" if key.active else ", inactive"
        old = key.created is not None and (now - key.created).days > _AGE_DAYS
        advice = f"; renew it: publisher designers add {one.name} --new-key" if old else ""
        yield f"key {key.id}, {age}, last used {_day(key.used)}{state}{advice}"


def _day(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d %H:%M}" if when else "unknown or never"


def show_check(rows: Sequence[Row]) -> None:
    """Each thing that was tried; surprises stand out."""
    # Rows are not folded at the terminal's width: they are searched and copied.
    out = Console(highlight=False, emoji=False, width=_WIDTH)
    table = Table(box=None, padding=(0, 2), pad_edge=False)
    for heading in ("designer", "request", "target", "right", "attempt", "simulator", "said"):
        table.add_column(heading, no_wrap=True)
    for row in rows:
        style = "bold red" if row.is_surprise else ""
        cells = (
            row.designer, row.request, row.target, row.expected, row.attempt or "-",
            row.simulator or "-", row.note,
        )  # fmt: skip
        table.add_row(*map(escape, cells), style=style)
    out.print(table)
    surprises = sum(row.is_surprise for row in rows)
    if surprises:
        out.print(f"[bold red]{surprises} of {len(rows)} are not as they should be.[/]")
    else:
        out.print(f"All {len(rows)} are as they should be.")
