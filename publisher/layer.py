"""What the CMS contributes to a site, in path order: outcomes, with what stays from before.

What the CMS gave no answer about stays as it is on the live site; and so do its parts and all
assets, which only it may have led to. What it says to be gone goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from publisher.errors import Finding
from publisher.judge import Doubts
from publisher.manifest import Entry, joined
from publisher.outcome import Captured, Outcome
from publisher.paths import SitePath, recorded


class Row(msgspec.Struct, frozen=True):
    """What belongs at a path, and the URL of the CMS that it was made from ('' if unknown).
    `is_kept`: it stays as it is on the live site."""

    path: SitePath
    entry: Entry
    url: str
    depends: tuple[str, ...]
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """A URL that the CMS itself does not have, and the page on which it was first seen."""

    path: str
    url: str
    status: int
    seen_on: str


@dataclass(slots=True)
class Answers:
    """What the CMS said that is no content: what failed, paths that it refused to give out or
    said to be gone, what it does not have, its redirects; and what was found in its pages."""

    failed: dict[SitePath, Outcome] = field(default_factory=dict)
    refused: set[SitePath] = field(default_factory=set)
    gone: set[SitePath] = field(default_factory=set)
    missing: list[Missing] = field(default_factory=list)
    moved: list[Outcome] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def answers(outcomes: Iterable[Outcome], doubts: Doubts) -> Answers:
    """All that is no content."""
    found = Answers()
    for one in outcomes:
        outcome = settled(one, doubts)
        found.findings += outcome.findings
        if outcome.kind == "content":
            continue
        match outcome.kind:
            case "failed":
                found.failed[SitePath(outcome.path)] = outcome
            case "moved":
                found.moved.append(outcome)
            case "refused":
                found.refused.add(SitePath(outcome.path))
            case "gone":
                found.gone.add(SitePath(outcome.path))
        if outcome.kind in ("gone", "refused") and outcome.seen_on:
            found.missing.append(
                Missing(outcome.path, outcome.url, outcome.status, outcome.seen_on)
            )
    return found


@dataclass(frozen=True, slots=True)
class Layer:
    """The entries of the CMS. Can be read again and again.

    `live`, `captured`: what the live release has, and where it came from. `pages`: the live
    pages about which the CMS gave no answer.
    """

    outcomes: Iterable[Outcome]
    doubts: Doubts
    live: Callable[[], Iterable[tuple[str, Entry]]]
    captured: Callable[[], Iterable[tuple[str, Captured]]]
    pages: Collection[str]

    def __iter__(self) -> Iterator[Row]:
        outcomes = (settled(one, self.doubts) for one in self.outcomes)
        # Nothing can stay where nothing is unanswered.
        return self._with_kept(outcomes) if self.pages else filter(None, map(_row, outcomes))

    def _with_kept(self, outcomes: Iterable[Outcome]) -> Iterator[Row]:
        live = joined(self.live(), self.captured())
        before = ((path, (entry, captured)) for path, entry, captured in live)
        for path, outcome, held in joined(((one.path, one) for one in outcomes), before):
            entry, captured = held or (None, None)
            if outcome and (row := _row(outcome)):
                yield row
            elif entry and self._stays(path, entry, outcome):
                url = captured.url if captured else outcome.url if outcome else ""
                depends = captured.depends if captured else ()
                yield Row(recorded(path), entry, url, depends, is_kept=True)

    def _stays(self, path: str, entry: Entry, outcome: Outcome | None) -> bool:
        if path in self.pages:
            return True
        return outcome is None and belongs(path, entry, self.pages)


def _row(outcome: Outcome) -> Row | None:
    if outcome.kind != "content" or not outcome.entry:
        return None
    return Row(recorded(outcome.path), outcome.entry, outcome.url, outcome.depends)


def settled(outcome: Outcome, doubts: Doubts) -> Outcome:
    """An outcome, compared with all the others."""
    error = doubts.of(outcome)
    if not error:
        return outcome
    return Outcome(path=outcome.path, url=outcome.url, kind="failed", status=outcome.status,
                   error=error, seen_on=outcome.seen_on, found=outcome.found)  # fmt: skip


# Parts of a page: nothing that could be an object of its own, and so have been withdrawn.
_PART = re.compile(
    r"(?:page/\d+|comment-page-\d+|embed)(?:/|\.html)|(?:comments/)?[\w-]+\.(?:xml|rss|rdf|atom)"
)


def belongs(path: str, entry: Entry, pages: Collection[str]) -> bool:
    """Whether a path is an asset, or a further page or feed of one of these pages."""
    if not entry.is_page and not path.endswith(".xml"):
        return True
    return any(_PART.fullmatch(path.removeprefix(_stem(page))) for page in pages)


def _stem(page: str) -> str:
    return page if page.endswith("/") else page.rpartition(".")[0] + "/"
