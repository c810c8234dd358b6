"""Which releases somebody has to approve of before they go live, and who may. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from publisher.designers.names import look_alike
from publisher.release import Release
from publisher.scope import Scope
from redirects.patterns import PLACEHOLDER, Pattern
from redirects.rules import RuleSet

# So many reasons of a release are told.
_REASONS_MAX = 20


@dataclass(frozen=True, slots=True)
class Approvals:
    """`patterns`: globs over site paths of which a change has to be approved, ('*',) for any;
    `approvers`: who may."""

    patterns: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()

    def watch(self) -> Watch:
        """Looks at the changes of one release."""
        return Watch(self.patterns, Scope(exclude=self.patterns))

    def refusal(self, release: Release, actor: str) -> str:
        """Why this person can't approve of a release, '' if they can."""
        for name, who in ((actor, "who approves"), (release.actor, "who made it")):
            if foreign := look_alike(name):
                return f"the name of {who}, {name}, mixes two alphabets: it has {foreign}"
        if actor not in self.approvers:
            known = ", ".join(self.approvers) or "nobody"
            return f"{actor} may not approve; gates.approvers has: {known}"
        if _same_person(actor, release.actor):
            return f"{actor} made this release: somebody else has to approve of it"
        return ""


def _same_person(one: str, other: str) -> bool:
    """Whether two names are one to a reader: `Tanaka` made what `tanaka` would approve of."""
    return _read(one) == _read(other)


def _read(name: str) -> str:
    """A name as a reader takes it: without case, width, white space and what nobody sees."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c) != "Cf")


@dataclass(slots=True)
class Watch:
    """Notes the paths that a release changes, and which of them are to be approved."""

    _globs: tuple[str, ...]
    _scope: Scope
    reasons: list[str] = field(default_factory=list)

    def note(self, path: str) -> None:
        """Take a path that is new, changed or gone."""
        if len(self.reasons) < _REASONS_MAX and self._scope.excludes(path, ""):
            self._add(path)

    def note_redirects(self, before: RuleSet, after: RuleSet) -> None:
        """Take the paths from which redirects are new, changed or gone. An old address that is a
        query (`?p=12`) has no path: `*` alone is about it. A pattern counts where it may match a
        path that is watched."""
        if not self._globs:
            return
        for source in sorted({one[0] for one in _asked(before) ^ _asked(after)}):
            self.note(source)
        for pattern in _moved(before.patterns, after.patterns):
            form = PLACEHOLDER.sub("*", pattern.source)
            if any(_meet(form, glob) for glob in self._globs):
                self._add(pattern.source)

    def _add(self, path: str) -> None:
        if len(self.reasons) < _REASONS_MAX and path not in self.reasons:
            self.reasons.append(str(path))


def _asked(rules: RuleSet) -> set[tuple[str, tuple[str, ...], tuple[int, str, str]]]:
    """What the rules answer, each with its source; where a rule comes from is no change."""
    return {(rule.source, rule.requests, rule.decision) for rule in rules.rules}


def _moved(before: tuple[Pattern, ...], after: tuple[Pattern, ...]) -> list[Pattern]:
    """The patterns that are new, changed or gone; all, if only their order is another: the first
    that matches decides."""
    held, now = map(_told, (before, after))
    if held == now:
        return []
    both = set(held) & set(now)
    changed = [
        pattern
        for patterns, told in ((before, held), (after, now))
        for pattern, what in zip(patterns, told, strict=True)
        if what not in both
    ]
    return changed or list(after)


def _told(patterns: tuple[Pattern, ...]) -> list[tuple[str, str, str, tuple[int, str]]]:
    return [(one.source, one.host, one.language, one.decision) for one in patterns]


def _meet(one: str, other: str) -> bool:
    """Whether some text is of both forms, in which `*` is any text."""
    reached = {0}  # how much of `other` what was read of `one` can be
    for char in one:
        reached = _behind_stars(reached, other)
        if char == "*":
            reached = set(range(min(reached), len(other) + 1)) if reached else reached
        else:
            stars = {at for at in reached if other[at : at + 1] == "*"}
            reached = stars | {at + 1 for at in reached if other[at : at + 1] == char}
    return len(other) in _behind_stars(reached, other)


def _behind_stars(places: set[int], text: str) -> set[int]:
    found = set(places)
    for at in places:
        while text[at : at + 1] == "*":
            at += 1
            found.add(at)
    return found
