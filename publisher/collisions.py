"""Paths that can't all be published, found before anything is. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from publisher.addresses import Address
from publisher.outcome import Outcome
from publisher.paths import SitePath
from publisher.views import View

Problem = Literal["same path", "file and folder", "case", "unicode"]


@dataclass(frozen=True, slots=True)
class Collision:
    """Two URLs of the CMS whose paths get into each other's way; `path` is the second one's.

    `same path`: only one of them can be there. `unicode`: the same, and only the form of their
    characters (NFC, NFD) told them apart. `file and folder`: `/a` and `/a/`, which visitors and
    web servers take for one another. `case`: they differ in case only, which file systems that
    ignore it can't keep apart.
    """

    first: str
    second: str
    path: SitePath
    problem: Problem


def collisions(addresses: Iterable[Address]) -> list[Collision]:
    """All collisions among addresses, each with the first that had the path. Takes time in
    proportion to their number. Several URLs of one view are no collision."""
    by_path: dict[str, Address] = {}
    by_slash: dict[str, Address] = {}
    by_case: dict[str, Address] = {}
    found = []
    for address in addresses:
        path = address.path
        if path is None or address.view is None:
            continue
        first = by_path.setdefault(path, address)
        if first is not address:
            if _are_two(first, address):
                found.append(Collision(first.url, address.url, path, _same(first, address)))
            continue
        other = by_slash.setdefault(path.rstrip("/"), address)
        if other is not address:
            found.append(Collision(other.url, address.url, path, "file and folder"))
            continue
        folded = unicodedata.normalize("NFC", path.casefold()).rstrip("/")
        other = by_case.setdefault(folded, address)
        if other is not address:
            found.append(Collision(other.url, address.url, path, "case"))
    return found


def found_on_the_way(
    outcomes: Iterable[Outcome], same: Mapping[SitePath, str], cased: Collection[SitePath]
) -> list[Collision]:
    """The collisions of what a crawl came upon. `outcomes`: what became of each path; `same`: paths
    that another URL has already, and the URL that can't have them; `cased`: paths that differ from
    another in case only."""
    if not (same or cased):
        return []
    by_case: dict[str, list[Outcome]] = {path.casefold(): [] for path in cased}
    found: list[Collision] = []
    for outcome in outcomes:
        if outcome.kind != "content":
            continue
        path = SitePath(outcome.path)
        if path in same:
            found.append(Collision(outcome.url, same[path], path, "same path"))
        if (folded := path.casefold()) in by_case:
            by_case[folded].append(outcome)
    found += (
        Collision(alike[0].url, other.url, SitePath(other.path), "case")
        for alike in by_case.values()
        for other in alike[1:]
    )
    return found


def _are_two(one: Address, other: Address) -> bool:
    """Whether these are two things: the front page is a page and the home page at once, and an
    attachment is its file."""
    if one.view == other.view or one.url == other.url:
        return False
    kinds = {view.kind for view in (one.view, other.view) if view}
    return kinds not in ({"home", "page"}, {"attachment", "file"})


def _same(one: Address, other: Address) -> Problem:
    ids = [unicodedata.normalize("NFC", _id(address.view)) for address in (one, other)]
    is_form = one.view is not None and other.view is not None and one.view.kind == other.view.kind
    return "unicode" if is_form and ids[0] == ids[1] else "same path"


def _id(view: View | None) -> str:
    return view.id if view else ""
