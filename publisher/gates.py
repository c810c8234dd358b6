"""Gates: checks that can refuse a release before anything is published. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from publisher.errors import Finding
from publisher.manifest import Difference
from publisher.paths import SitePath

# The names by which a gate is let through once.
NAMES = ("empty", "errors", "lost-pages", "staging-host")
# A loss of pages counts only above both its limit and this share of what was live.
LOST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Limits:
    """What is let through: this many failed URLs, this many lost pages."""

    errors: int = 0
    lost_pages: int = 20


@dataclass(frozen=True, slots=True)
class Facts:
    """What gates look at. `changes` leads from what is live to the release."""

    pages: int
    has_home: bool
    failed: Mapping[SitePath, str]
    findings: Collection[Finding]
    changes: Iterable[Difference]
    live_pages: int


def check(facts: Facts, limits: Limits) -> list[Finding]:
    """All that speaks against a release."""
    return [
        *_empty(facts),
        *_errors(facts, limits),
        *facts.findings,
        *_lost(facts, limits),
    ]


def refused(findings: Iterable[Finding], overrides: Mapping[str, str]) -> list[Finding]:
    """The findings that no override lets through."""
    return [finding for finding in findings if finding.gate not in overrides]


def _empty(facts: Facts) -> list[Finding]:
    if not facts.has_home:
        return [Finding("empty", "/", "the CMS gave no home page")]
    if facts.pages < 2:
        return [Finding("empty", "/", "the CMS has no page besides its home page")]
    return []


def _errors(facts: Facts, limits: Limits) -> list[Finding]:
    if len(facts.failed) <= limits.errors:
        return []
    return [Finding("errors", path, error) for path, error in facts.failed.items()]


def _lost(facts: Facts, limits: Limits) -> list[Finding]:
    lost = [change.path for change in facts.changes if change.old and change.old.is_page
            and change.new is None]  # fmt: skip
    if len(lost) <= max(limits.lost_pages, facts.live_pages * LOST_SHARE):
        return []
    return [
        Finding("lost-pages", path, f"is live and not in this export ({len(lost)} such pages)")
        for path in lost
    ]
