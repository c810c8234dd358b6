"""What can go wrong for reasons a user can do something about.

Errors carry data and a hint; `cli.py` alone turns them into text and exit codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class PublisherError(Exception):
    """Base of all errors that are shown without a traceback.

    `hint` says what to do next; it may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the configuration: where (1-based line, 0 if unknown) and what.
    `file`: another one than the error's own, ''."""

    line: int
    key: str
    message: str
    file: str = ""


class ConfigError(PublisherError):
    """The configuration can't be used. Holds every problem found, not just the first."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        lines = [
            f"{problem.file or source}{f':{problem.line}' if problem.line else ''}: "
            f"{problem.key + ': ' if problem.key else ''}{problem.message}"
            for problem in problems
        ]
        super().__init__("\n".join(lines))
        self.problems = tuple(problems)


class CmsError(PublisherError):
    """The CMS can't be used: not reachable, refuses us, or answers nonsense."""


class StoreError(PublisherError):
    """The store can't be read or written."""


class NotFound(StoreError):
    """The store holds nothing under this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the store has no {key!r}")
        self.key = key


class BadKey(StoreError):
    """A listing found a key that can't be read, or a folder that can't be listed: somebody else
    made it."""

    def __init__(self, store: str, key: str) -> None:
        super().__init__(
            f"{store} holds a name that can't be read: {key!r}",
            "It has an empty part, '..' or a control character, or is a folder that can't be read. "
            "Delete it where it was made.",
        )
        self.key = key


class Unreadable(StoreError):
    """One object can't be read, by anybody and for good: it is in an archive's storage class, or
    encrypted with a key that only its writer has; or it is no file."""


class Damaged(StoreError):
    """What is in the store can't be what was written there."""


class Linked(Unreadable):
    """A link in a folder that somebody else writes: what it leads to is not theirs to show."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key!r} is a link, or lies behind one", "Put the file itself there.")


class Unwritable(StoreError):
    """One object can't be written in a folder that somebody else made: they let nobody write there,
    or something else is in its place."""


class Conflict(StoreError):
    """A conditional write lost: somebody else wrote this key first."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key!r} was changed by somebody else")
        self.key = key


class EdgeError(PublisherError):
    """The edge can't be read or written."""


class AccessError(PublisherError):
    """Designers' access can't be read or changed."""


class LostRace(PublisherError):
    """Another publisher made its release live while this one was at work."""


class NotNow(PublisherError):
    """Nothing is wrong, but it can't be done now: a hold, another run, all slots cooling."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason for which a gate refuses: which gate, the page, what is wrong and where.

    `line` and `column` count from 1; 0 if it is about no place. `excerpt` is safe to print.
    Findings of one gate with the same `subject` (an e-mail address, a log-in name) on several
    pages become one, of the first of them; `pages` is their number, `also` some of the others.
    """

    gate: str
    page: str
    detail: str
    line: int = 0
    column: int = 0
    excerpt: str = ""
    subject: str = ""
    pages: int = 1
    also: tuple[str, ...] = ()


class GateRefused(PublisherError):
    """Checks before publishing found something that must not go live."""

    def __init__(self, findings: Sequence[Finding], advice: str = "") -> None:
        gates = sorted({finding.gate for finding in findings})
        super().__init__(
            f"refused by {', '.join(gates)}: {len(findings)} finding"
            f"{'s' if len(findings) != 1 else ''}",
            "Mend it in the CMS and export again, or let it through once with "
            + " ".join(f"--override {gate}" for gate in gates)
            + f' --reason "..."{advice}',
        )
        self.findings = tuple(findings)
