"""Gates: checks that can refuse a release before anything is published. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from publisher.crawl import Layer
from publisher.errors import Finding
from publisher.manifest import Difference

# The names by which a gate is let through once.
NAMES = ("empty", "errors", "lost-pages", "staging-host")
# A loss of pages counts only above both its limit and this share of what was live.
LOST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Limits:
    """What is let through: this many failed URLs, this many lost pages."""

    errors: int = 0
    lost_pages: int = 20


def check(
    layer: Layer, changes: Collection[Difference], live_pages: int, limits: Limits
) -> list[Finding]:
    """All that speaks against a release. `changes` leads from what is live to it."""
    return [
        *_empty(layer),
        *_errors(layer, limits),
        *layer.findings,
        *_lost(changes, live_pages, limits),
    ]


def refused(findings: Iterable[Finding], overrides: Mapping[str, str]) -> list[Finding]:
    """The findings that no override lets through."""
    return [finding for finding in findings if finding.gate not in overrides]


def _empty(layer: Layer) -> list[Finding]:
    if "/" not in layer.entries:
        return [Finding("empty", "/", "the CMS gave no home page")]
    if not any(entry.is_page and path != "/" for path, entry in layer.entries.items()):
        return [Finding("empty", "/", "the CMS has no page besides its home page")]
    return []


def _errors(layer: Layer, limits: Limits) -> list[Finding]:
    if len(layer.failed) <= limits.errors:
        return []
    return [
        Finding("errors", path, f"{capture.error} ({capture.url})")
        for path, capture in layer.failed.items()
    ]


def _lost(changes: Collection[Difference], live_pages: int, limits: Limits) -> list[Finding]:
    lost = [change.path for change in changes if change.old and change.old.is_page
            and change.new is None]  # fmt: skip
    if len(lost) <= max(limits.lost_pages, live_pages * LOST_SHARE):
        return []
    return [
        Finding("lost-pages", path, f"is live and not in this export ({len(lost)} such pages)")
        for path in lost
    ]
