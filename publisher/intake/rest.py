"""The rest of a site, beside what one designer uploads: whether it answers at a path."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from publisher.manifest import Manifest, entries_of, find
from publisher.own import Coverage, is_conditional
from publisher.paths import SitePath, file_path
from publisher.records import Records
from publisher.release import Contribution, Release
from redirects.kana import composed
from redirects.rules import RuleSet


class Rest:
    """The CMS's layer in a release, and what other designers contribute."""

    def __init__(
        self, records: Records, release: Release, others: tuple[Contribution, ...]
    ) -> None:
        self._records = records
        self._release = release
        self._others = others

    @property
    def digest(self) -> str:
        """What tells it from any other."""
        return "/".join((self._release.cms_layer, *(one.layer for one in self._others)))

    @cached_property
    def rules(self) -> RuleSet:
        """The redirects that the CMS gives, and the site's own."""
        return RuleSet.from_json(self._records.blob(self._release.cms_rules))

    def has(self, path: SitePath) -> bool:
        """Whether a visitor gets anything at this path: a file, a folder without its slash, or a
        redirect."""
        forms = [path] if path.endswith("/") else [path, SitePath(f"{path}/")]
        load = self._records.load_part
        if any(find(one, form, load) for one in self._manifests for form in forms):
            return True
        if composed(path) in self._sources:
            return True
        coverage = Coverage(self.rules.patterns)
        coverage.note(path)
        return any(coverage.hiding())

    def alike(self, wanted: set[str]) -> dict[str, str]:
        """Of paths of files in lower case, those that are there in another case."""
        return {
            path.file.lower(): str(path)
            for manifest in self._manifests
            for path, _ in entries_of(manifest, self._records.load_part)
            if path.file.lower() in wanted
        }

    @cached_property
    def _manifests(self) -> list[Manifest]:
        return [self._records.manifest(digest) for digest in self._digests()]

    def _digests(self) -> Iterator[str]:
        yield self._release.cms_layer
        yield from (one.layer for one in self._others)

    @cached_property
    def _sources(self) -> frozenset[str]:
        return frozenset(
            file_path(rule.source) for rule in self.rules.rules if not is_conditional(rule)
        )
