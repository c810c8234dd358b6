"""Layers and older assets into what a slot holds. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from publisher.manifest import Difference, Entry
from publisher.paths import SitePath

# A page view may straddle a change of release: a slot keeps the assets of this many
# earlier releases beside its own.
ASSET_RELEASES = 3


def compose(layers: Iterable[Mapping[SitePath, Entry]]) -> dict[SitePath, Entry]:
    """One site from the layers of all sources; for a path in several, the first has it."""
    site: dict[SitePath, Entry] = {}
    for layer in layers:
        for path, entry in layer.items():
            site.setdefault(path, entry)
    return site


def older_assets(earlier: Iterable[Iterable[Difference]]) -> dict[SitePath, Entry]:
    """The assets that earlier releases had and the new one has not, at the paths they had.

    `earlier`: for each release, newest first, its differences to the new one.
    """
    return compose(
        {
            difference.path: difference.old
            for difference in release
            if difference.new is None and difference.old and not difference.old.is_page
        }
        for release in earlier
    )


def slot_differences(
    releases: Iterable[Difference],
    older_before: Mapping[SitePath, Entry],
    older_after: Mapping[SitePath, Entry],
) -> Iterator[Difference]:
    """What changes in a slot that goes from one release and its older assets to another, in
    path order. No path is both in a release and among its older assets."""
    before, after = dict(older_before), dict(older_after)
    for difference in releases:
        if difference.old:
            before[difference.path] = difference.old
        if difference.new:
            after[difference.path] = difference.new
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            yield Difference(path, before.get(path), after.get(path))
