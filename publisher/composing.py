"""One site from the CMS's layer and those of designers, written as manifests and rules.

The same for an export, which has a new layer of the CMS, and for an upload, which has a new one of
a designer: what each contributes is kept apart, so either can change without the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from publisher.beside import beside
from publisher.compose import Both, compose
from publisher.manifest import Entry, Manifest, Row, entries_of, find, joined
from publisher.paths import SitePath, recorded
from publisher.records import Records
from publisher.release import Contribution, Release
from redirects.rules import RuleSet

# So many paths that two sources have are named.
_NAMED_MAX = 50

# Whether a path of a designer is (still) theirs.
Owns = Callable[[str, SitePath], bool]


@dataclass(slots=True)
class Composed:
    """A site as it was written. `cms`, `cms_redirects`: the CMS's own part, '' if that is all."""

    manifest: Manifest
    redirects: str
    rules: RuleSet
    pages: int
    has_home: bool
    layers: tuple[Contribution, ...] = ()
    cms: str = ""
    cms_redirects: str = ""
    both: list[Both] = field(default_factory=list)
    paths: frozenset[SitePath] = frozenset()

    def differs_from(self, release: Release | None) -> bool:
        """Whether it is not what this release has."""
        return (
            release is None
            or release.manifest != self.manifest.digest
            or release.redirects != self.redirects
        )

    def into(self, release: Release) -> Release:
        """The release with this as its content."""
        return msgspec.structs.replace(
            release,
            manifest=self.manifest.digest,
            redirects=self.redirects,
            pages=self.pages,
            files=self.manifest.rows,
            rules=len(self.rules.rules) + len(self.rules.patterns),
            layers=self.layers,
            cms=self.cms,
            cms_redirects=self.cms_redirects,
        )


def composed(
    records: Records,
    cms: Manifest,
    rules: RuleSet,
    layers: tuple[Contribution, ...],
    owns: Owns,
    known: Manifest,
) -> Composed:
    """Write the site that a layer of the CMS, its rules, and designers' layers make. `known`: a
    manifest that is in the store, and much like it."""
    over = _layer(records, [one for one in layers if one.over_cms], owns)
    under = _layer(records, [one for one in layers if not one.over_cms], owns)
    both: list[Both] = []
    paths: set[SitePath] = set()
    pages, has_home = 0, False
    parts = records.parts(known)
    rest = joined(entries_of(cms, records.load_part), under)
    for path, first, pair in joined(over, ((at, (one, two)) for at, one, two in rest)):
        of_cms, last = pair or (None, None)
        entry = first or of_cms or last
        assert entry  # noqa: S101 - `joined` gives a path that at least one of the three has
        site_path = recorded(path)
        if of_cms and (first or last) and len(both) < _NAMED_MAX:
            both.append(Both(site_path, is_designers=first is not None))
        if first or (last and not of_cms):
            paths.add(site_path)
        pages += entry.is_page
        has_home = has_home or path == "/"
        parts.add(path, Row(str(path), entry))
    manifest = records.put_index(parts, known)
    own = records.put_blob(rules.to_json())
    shown = beside(rules, sorted(paths))
    made = Composed(
        manifest, own, shown, pages, has_home, layers, both=both, paths=frozenset(paths)
    )
    if layers:
        made.redirects = records.put_blob(shown.to_json())
        made.cms, made.cms_redirects = cms.digest, own
    return made


def _layer(
    records: Records, layers: list[Contribution], owns: Owns
) -> Iterator[tuple[SitePath, Entry]]:
    return compose(_entries(records, one, owns) for one in layers)


def _entries(records: Records, one: Contribution, owns: Owns) -> Iterator[tuple[SitePath, Entry]]:
    for path, entry in entries_of(records.manifest(one.layer), records.load_part):
        if owns(one.designer, path):
            yield path, entry


def of_cms(release: Release) -> tuple[str, str]:
    """What the CMS contributes to a release."""
    return release.cms_layer, release.cms_rules


class Sources(NamedTuple):
    """Who contributes a path to a release: whether the CMS does, and which designers."""

    cms: bool
    designers: tuple[str, ...]


def sources(records: Records, release: Release, path: SitePath) -> Sources:
    """Where a release has a path from."""

    def has(layer: str) -> bool:
        return find(records.manifest(layer), path, records.load_part) is not None

    return Sources(
        has(release.cms_layer), tuple(one.designer for one in release.layers if has(one.layer))
    )
