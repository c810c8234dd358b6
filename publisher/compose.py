"""Layers and older assets into what a slot holds. Pure."""

from __future__ import annotations

import heapq
import operator
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from publisher.content_types import is_loaded_by_pages
from publisher.manifest import Difference, Entry, joined
from publisher.paths import SitePath

# A page view may straddle a change of release: a slot keeps the assets of this many
# earlier releases beside its own.
ASSET_RELEASES = 3


@dataclass(frozen=True, slots=True)
class Both:
    """A path that the CMS and a designer have. `is_designers`: whose is shown."""

    path: SitePath
    is_designers: bool


def compose(
    layers: Iterable[Iterable[tuple[SitePath, Entry]]],
) -> Iterator[tuple[SitePath, Entry]]:
    """One site from the layers of all sources, each in path order; for a path in several, the
    first has it."""
    last = None
    for path, entry in heapq.merge(*layers, key=operator.itemgetter(0)):
        if path != last:
            yield path, entry
        last = path


def older_assets(earlier: Iterable[Iterable[Difference]]) -> Iterator[tuple[SitePath, Entry]]:
    """The assets that earlier releases had and the new one has not, at the paths they had, in
    path order. A feed, a sitemap or a document is none: no open page loads it, and it may be the
    post that somebody has just taken off the site.

    `earlier`: for each release, newest first, its differences to the new one, in path order.
    """
    return compose(
        (
            (difference.path, difference.old)
            for difference in release
            if difference.new is None
            and difference.old
            and is_loaded_by_pages(difference.old.content_type)
        )
        for release in earlier
    )


def slot_differences(
    releases: Iterable[Difference],
    older_before: Iterable[tuple[SitePath, Entry]],
    older_after: Iterable[tuple[SitePath, Entry]],
) -> Iterator[Difference]:
    """What changes in a slot that goes from one release and its older assets to another. All
    come and go in path order. No path is both in a release and among its older assets."""
    older = joined(older_before, older_after)
    beside = ((path, (before, after)) for path, before, after in older)
    for path, difference, kept in joined(((d.path, d) for d in releases), beside):
        before, after = kept or (None, None)
        if difference:
            before, after = difference.old or before, difference.new or after
        if before != after:
            yield Difference(SitePath(path), before, after)


def without(
    changes: Iterable[Difference], missing: Collection[str], withdrawn: Iterable[Difference]
) -> Iterator[Difference]:
    """The differences of a slot in which some paths are not what its manifests say: those of
    `missing`, for which `withdrawn` has what is there and what is to be there. All come and go
    in path order."""
    others = ((change.path, change) for change in changes if change.path not in missing)
    known = ((change.path, change) for change in withdrawn if change.old != change.new)
    for _, change, own in joined(others, known):
        found = own or change
        if found:
            yield found
