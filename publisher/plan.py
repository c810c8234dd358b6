"""From what a slot holds to what it should hold: ordered actions, each with a reason. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from publisher.manifest import Difference, Entry
from publisher.paths import SitePath

Reason = Literal["new", "changed", "headers changed", "gone"]


@dataclass(frozen=True, slots=True)
class Action:
    """Write (`entry` given) or remove (None) one file of a slot."""

    path: SitePath
    entry: Entry | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class Plan:
    """Carried out in this order: assets before the pages that use them, removals last."""

    assets: tuple[Action, ...]
    pages: tuple[Action, ...]
    removals: tuple[Action, ...]

    def __len__(self) -> int:
        return len(self.assets) + len(self.pages) + len(self.removals)

    def __iter__(self) -> Iterator[Action]:
        return iter((*self.assets, *self.pages, *self.removals))


def plan(differences: Iterable[Difference]) -> Plan:
    """The plan that removes these differences between a slot and a manifest."""
    actions = [_action(difference) for difference in differences]
    return Plan(
        assets=tuple(a for a in actions if a.entry and not a.entry.is_page),
        pages=tuple(a for a in actions if a.entry and a.entry.is_page),
        removals=tuple(a for a in actions if a.entry is None),
    )


def _action(difference: Difference) -> Action:
    old, new = difference.old, difference.new
    if new is None:
        return Action(difference.path, None, "gone")
    if old is None:
        return Action(difference.path, new, "new")
    same_bytes = old.blob == new.blob
    return Action(difference.path, new, "headers changed" if same_bytes else "changed")
