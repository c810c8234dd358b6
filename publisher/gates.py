"""Gates: checks that can refuse a release before anything is published. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from publisher.errors import Finding, GateRefused
from publisher.manifest import Difference, Entry
from publisher.paths import SitePath

# The name by which a gate is let through once, and what to do about its findings.
RULES: Mapping[str, str] = {
    "broken-links": "export again; staging has these pages and this export lost them",
    "cms-links": "take the link, or the plugin that prints it, out of the page: visitors "
    "can't reach the CMS",
    "emails": "take the address off the page, or list it below gates.emails",
    "empty": "see what the CMS answers: a site needs a home page and another",
    "errors": "export again when the CMS answers, or raise gates.errors",
    "lost-pages": "see whether the CMS still has these pages, and answers at their addresses; "
    "raise gates.lost_pages for more take-downs at once",
    "nonces": "switch off the plugin's form or script on public pages: a token is worthless "
    "without the CMS",
    "staging-host": "write a public address in its place in the CMS",
    "tiny-pages": "look at the page in the CMS: a theme or plugin may have failed",
    "unpublished": "export again; a page that stays is in a list that shows unpublished objects",
    "user-names": "switch off what prints the log-in name (a theme or plugin)",
}
NAMES = tuple(RULES)
# They look at single pages, so asking those again may be all that it takes.
OF_SINGLE_PAGES = frozenset(
    ("broken-links", "cms-links", "emails", "errors", "nonces", "staging-host", "user-names")
)

# A loss of pages counts only above both its limit and this share of what was live.
LOST_SHARE = 0.05
# A page that had more than so many bytes and has less than this share of them is tiny.
_SMALL_BYTES = 2048
_SMALL_SHARE = 0.2
# So many other pages with the same matter are named.
_ALSO_MAX = 20
# How much of each gate a refusal shows.
_EXAMPLES = 5
_LINES_MAX = 50


@dataclass(frozen=True, slots=True)
class Limit:
    """So many are let through: a number, or a share of all if that is more."""

    count: int = 0
    share: float = 0.0

    @staticmethod
    def parse(written: int | str) -> Limit:
        """From a number, or a percentage such as '0.5%'. Raises ValueError."""
        if isinstance(written, int):
            return Limit(count=written)
        return Limit(share=float(written.removesuffix("%")) / 100)

    def of(self, total: int) -> float:
        """How many of so many."""
        return max(self.count, self.share * total)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is let through: failed URLs, lost pages."""

    errors: Limit = Limit()
    lost_pages: int = 20


class Failed(NamedTuple):
    """A path about which the CMS gave no answer, and why."""

    path: str
    why: str


class BrokenLink(NamedTuple):
    """A path that is linked to and not there, the first page that links to it, and why."""

    path: str
    page: str
    why: str


class ObjectPage(NamedTuple):
    """A page of the release and the id of the CMS's object that it shows."""

    path: str
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFacts:
    """What the gates look at. Each iterable is read once, in order, and not kept.

    `lists_objects`: the CMS lists a post or page, or can't tell; `pages`, `live_pages`: pages of
    the release and of what is live; `asked`: URLs asked of the
    CMS; `found`: findings of the inspection, page after page; `objects`: which page shows which
    object; `public_ids`: ids that the CMS lists as public (None: not known); `withdrawn`: those
    that stopped being public while the export ran; `broken`: internal links to what staging
    has and the release has not; `changes` lead from what is live to the release; `taken_down`:
    paths that the CMS itself reports as gone; `edited`: paths of pages that were worked on.
    """

    has_home: bool
    pages: int
    lists_objects: bool = True
    live_pages: int = 0
    asked: int = 0
    failed: Iterable[Failed] = ()
    found: Iterable[Finding] = ()
    objects: Iterable[ObjectPage] = ()
    public_ids: Container[int] | None = None
    withdrawn: Container[int] = frozenset()
    broken: Iterable[BrokenLink] = ()
    changes: Iterable[Difference] = ()
    taken_down: Container[str] = frozenset()
    edited: Container[str] = frozenset()
    limits: Limits = field(default_factory=Limits)


def check(facts: ReleaseFacts) -> list[Finding]:
    """All that speaks against a release."""
    return [
        *_empty(facts),
        *_errors(facts),
        *_together(facts.found),
        *_unpublished(facts),
        *_broken(facts.broken),
        *_changed(facts),
    ]


def refused(findings: Iterable[Finding], overrides: Mapping[str, str]) -> list[Finding]:
    """The findings that no override lets through."""
    return [finding for finding in findings if finding.gate not in overrides]


def refusal(findings: Sequence[Finding]) -> GateRefused:
    """The error for findings that stand; its hint has the lines to allow e-mail addresses."""
    return GateRefused(findings, _allowing(findings))


def summary(findings: Collection[Finding]) -> Iterator[str]:
    """The findings in lines to read: for each gate how many, what to do and the first ones."""
    counts = Counter(finding.gate for finding in findings)
    shown: Counter[str] = Counter()
    examples: dict[str, list[Finding]] = {gate: [] for gate in counts}
    for finding in findings:
        if len(examples[finding.gate]) < _EXAMPLES:
            examples[finding.gate].append(finding)
            shown[finding.gate] += 1
    for gate, count in sorted(counts.items()):
        yield f"{gate}: {count:,} finding{'s' if count != 1 else ''}; {RULES[gate]}"
        yield from (f"  {described(finding)}" for finding in examples[gate])
        if count > shown[gate]:
            yield f"  and {count - shown[gate]:,} more (--json has them all)"


def described(finding: Finding) -> str:
    """A finding in one line: the page, the place in it, what is wrong, what stands there."""
    place = f":{finding.line}:{finding.column}" if finding.line else ""
    pages = f" (on {finding.pages:,} pages)" if finding.pages > 1 else ""
    excerpt = f": {finding.excerpt}" if finding.excerpt else ""
    return f"{finding.page}{place}: {finding.detail}{pages}{excerpt}"


def _allowing(findings: Sequence[Finding]) -> str:
    addresses = sorted({finding.subject for finding in findings if finding.gate == "emails"})
    if not addresses:
        return ""
    lines = [f'      - "{address}"' for address in addresses[:_LINES_MAX]]
    if len(addresses) > _LINES_MAX:
        lines.append(f"      # and {len(addresses) - _LINES_MAX:,} more (--json has them all)")
    heading = "\nAre these addresses meant to be public? Then add to site-config.yaml:\n"
    return "\n".join((f"{heading}  gates:", "    emails:", *lines)).replace("\n  ", "\n")


# ------------------------------------------------------------------- one gate each


def _empty(facts: ReleaseFacts) -> list[Finding]:
    if not facts.has_home:
        return [Finding("empty", "/", "the CMS gave no home page")]
    if facts.pages < 2:
        return [Finding("empty", "/", "the CMS has no page besides its home page")]
    if not facts.lists_objects:  # a table of its database that can't be read looks like that
        return [Finding("empty", "/", "the CMS lists no post and no page")]
    return []


def _errors(facts: ReleaseFacts) -> list[Finding]:
    failed = [Finding("errors", path, why) for path, why in facts.failed]
    return failed if len(failed) > facts.limits.errors.of(facts.asked) else []


def _together(found: Iterable[Finding]) -> list[Finding]:
    """Each matter once, however many pages it is on: a plugin prints its own on all."""
    matters: dict[tuple[str, str, str], Finding] = {}
    last: dict[tuple[str, str, str], str] = {}
    for finding in found:
        key = (finding.gate, finding.subject, finding.detail if finding.subject else finding.page)
        first = matters.setdefault(key, finding)
        if last.setdefault(key, finding.page) != finding.page:
            last[key] = finding.page
            also = first.also if len(first.also) == _ALSO_MAX else (*first.also, finding.page)
            matters[key] = replace(first, pages=first.pages + 1, also=also)
    return list(matters.values())


def _unpublished(facts: ReleaseFacts) -> Iterator[Finding]:
    for path, number in facts.objects:
        if number in facts.withdrawn:
            why = f"shows object {number}, which stopped being public during the export"
        elif facts.public_ids is not None and number not in facts.public_ids:
            why = f"shows object {number}, which the CMS does not list as public"
        else:
            continue
        yield Finding("unpublished", path, why, subject=str(number))


def _broken(broken: Iterable[BrokenLink]) -> Iterator[Finding]:
    for path, page, why in broken:
        yield Finding("broken-links", page, f"links to {path}, not in this release: {why}")


def _changed(facts: ReleaseFacts) -> list[Finding]:
    """Pages that are live and lost or much smaller, in one reading."""
    lost: list[str] = []
    tiny: list[Finding] = []
    for path, old, new in ((change.path, change.old, change.new) for change in facts.changes):
        if old is None or not old.is_page:
            continue
        if new is None:
            if path not in facts.taken_down:
                lost.append(path)
        elif path not in facts.edited and _is_tiny(old, new):
            tiny.append(_shrunk(path, old, new))
    if len(lost) <= max(facts.limits.lost_pages, facts.live_pages * LOST_SHARE):
        return tiny
    why = f"is live and not in this export ({len(lost):,} such pages)"
    return [*tiny, *(Finding("lost-pages", path, why) for path in lost)]


def _is_tiny(old: Entry, new: Entry) -> bool:
    return new.is_page and old.size > _SMALL_BYTES and new.size < old.size * _SMALL_SHARE


def _shrunk(path: SitePath, old: Entry, new: Entry) -> Finding:
    return Finding("tiny-pages", path, f"has {new.size:,} bytes, and {old.size:,} on the live site")
