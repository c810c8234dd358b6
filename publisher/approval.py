"""Which releases somebody has to approve of before they go live, and who may. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from publisher.release import Release
from publisher.scope import Scope

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
        return Watch(Scope(exclude=self.patterns))

    def refusal(self, release: Release, actor: str) -> str:
        """Why this person can't approve of a release, '' if they can."""
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

    _scope: Scope
    reasons: list[str] = field(default_factory=list)

    def note(self, path: str) -> None:
        """Take a path that is new, changed or gone."""
        if len(self.reasons) < _REASONS_MAX and self._scope.excludes(path, ""):
            self.reasons.append(str(path))
