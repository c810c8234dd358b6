"""From what a slot holds to what it should hold: ordered actions, each with a reason. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from publisher.manifest import Difference, Entry
from publisher.paths import SitePath

Reason = Literal["new", "changed", "headers changed", "gone"]
Group = Literal["assets", "pages", "removals"]
# Carried out in this order: assets before the pages that use them, removals last.
GROUPS: tuple[Group, ...] = ("assets", "pages", "removals")


@dataclass(frozen=True, slots=True)
class Action:
    """Write (`entry` given) or remove (None) one file of a slot. `new_headers`: what is there
    has others."""

    path: SitePath
    entry: Entry | None
    reason: Reason
    new_headers: bool = False

    @property
    def group(self) -> Group:
        """When it is carried out."""
        if self.entry is None:
            return "removals"
        return "pages" if self.entry.is_page else "assets"


class Plan:
    """What removes the differences between a slot and a manifest: group after group, in path
    order within each.

    A first release writes as many files as the site has, so actions are counted and never held:
    `differences` gives the differences anew, in path order, each time it is called. `reasons`
    counts the actions by their reason.
    """

    def __init__(self, differences: Callable[[], Iterable[Difference]] = tuple) -> None:
        self._differences = differences
        self._sizes = Counter[Group]()
        self.reasons = Counter[str]()
        for action in map(_action, differences()):
            self._sizes[action.group] += 1
            self.reasons[action.reason] += 1

    def group(self, name: Group) -> Iterator[Action]:
        """The actions of one group. Nothing is read for a group that has none."""
        if self._sizes[name]:
            for action in map(_action, self._differences()):
                if action.group == name:
                    yield action

    def __len__(self) -> int:
        return self._sizes.total()

    def __iter__(self) -> Iterator[Action]:
        for name in GROUPS:
            yield from self.group(name)


def _action(difference: Difference) -> Action:
    old, new = difference.old, difference.new
    if new is None:
        return Action(difference.path, None, "gone")
    if old is None:
        return Action(difference.path, new, "new")
    same_bytes = old.blob == new.blob
    same_headers = (old.content_type, old.cache_control) == (new.content_type, new.cache_control)
    reason: Reason = "headers changed" if same_bytes else "changed"
    return Action(difference.path, new, reason, not same_headers)
