"""A site's own redirects: whether they fit together, and what they do beside its pages. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from publisher.errors import Problem
from redirects.chains import HOPS_MAX, Loop, leads_to_itself
from redirects.patterns import Pattern
from redirects.rules import Rule, RuleConflict, RuleSet
from redirects.targets import GONE

# So many pages that one rule would hide are named, and so many rules of a chain.
_NAMED_MAX = 3


@dataclass(frozen=True, slots=True)
class Own:
    """The site's own redirects, in the order in which they were read. The origin of each is its
    file and line: `redirects.csv:12`."""

    rules: tuple[Rule, ...] = ()
    patterns: tuple[Pattern, ...] = ()

    @staticmethod
    def of(found: Iterable[Rule | Pattern]) -> Own:
        """These, told apart."""
        rules: list[Rule] = []
        patterns: list[Pattern] = []
        for one in found:
            if isinstance(one, Rule):
                rules.append(one)
            else:
                patterns.append(one)
        return Own(tuple(rules), tuple(patterns))

    @property
    def hosts(self) -> tuple[str, ...]:
        """The other hosts at which some of them hold."""
        named = {rule.host for rule in self.rules} | {pattern.host for pattern in self.patterns}
        return tuple(sorted(named - {""}))

    @property
    def files(self) -> frozenset[str]:
        """The files that they come from."""
        of_rules = frozenset(map(_file, self.rules))
        return of_rules | frozenset(map(_file, self.patterns))


NOTHING = Own()
"""Of a site that has none."""


def problems(own: Own) -> Iterator[Problem]:
    """Why they can't be used together: two for one request, circles, and patterns that never
    decide. Each names both places."""
    for rule in own.rules:
        if leads_to_itself(rule):
            yield _problem(rule.origin, f"{shown(rule)} leads to itself")
    found = RuleSet.of(own.rules, own.patterns)
    for conflict in found.conflicts:
        yield _problem(conflict.dropped.origin, _clash(conflict))
    for loop in found.loops:
        yield _problem(loop.origins[0], endless(loop))


def _clash(conflict: RuleConflict) -> str:
    kept, dropped = conflict
    if isinstance(dropped, Pattern):
        return (
            f"{shown(dropped)} never decides: {shown(kept)} ({kept.origin}) comes first and has "
            "all that it would match"
        )
    return (
        f"{shown(dropped)} {does(dropped)} here, and {does(kept)} in {kept.origin}: one of the two "
        "is too many"
    )


def shown(rule: Rule | Pattern) -> str:
    """The requests that a rule answers, for people."""
    host = f"https://{rule.host}" if rule.host else ""
    query = f"?{rule.query}" if isinstance(rule, Rule) and rule.query else ""
    slash = "/" if rule.source.startswith("?") else ""
    language = f" ({rule.language})" if rule.language else ""
    return f"{host}{slash}{rule.source}{query}{language}"


def does(rule: Rule | Pattern) -> str:
    """What a rule does, for people."""
    return "is 410" if rule.status == GONE else f"leads to {rule.target} ({rule.status})"


def endless(loop: Loop, then: str = "") -> str:
    """A circle with the place of each rule in it, or the beginning of a chain that is too long;
    `then`: what becomes of it."""
    steps = [
        f"{source} ({origin})" if origin else source
        for source, origin in zip(loop.sources, loop.origins, strict=True)
    ]
    if loop.is_circle:
        return f"redirects in a circle{then}: {' -> '.join((*steps, loop.sources[0]))}"
    way = " -> ".join((*steps[:_NAMED_MAX], "..."))
    return f"a chain of more than {HOPS_MAX} redirects{then}: {way}"


def _problem(origin: str, message: str) -> Problem:
    file, _, line = origin.rpartition(":")
    return Problem(int(line) if line.isdecimal() else 0, "", message, file)


def _file(rule: Rule | Pattern) -> str:
    return rule.origin.rpartition(":")[0]


def is_conditional(rule: Rule | Pattern) -> bool:
    """Whether it leaves the page at its path to other visitors or requests."""
    return bool(rule.language or rule.host or (isinstance(rule, Rule) and rule.query))


@dataclass(slots=True)
class Hidden:
    """How many files of the site a pattern would hide, and the first ones."""

    pattern: Pattern
    count: int = 0
    paths: list[str] = field(default_factory=list)

    def add(self, path: str) -> None:
        """Take one into account."""
        self.count += 1
        if len(self.paths) < _NAMED_MAX:
            self.paths.append(path)


class Coverage:
    """Notes which files of the site patterns would hide: at the edge a redirect comes before the
    file. Those for another host hide none."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._of = [Hidden(pattern) for pattern in patterns if not pattern.host]
        any_of_them = "|".join(f"(?:{one.pattern.expression})" for one in self._of)
        self._any = re.compile(any_of_them) if any_of_them else None

    def note(self, path: str) -> None:
        """Take a file of the site, by its path."""
        if self._any is None or not self._any.match(path):
            return
        for one in self._of:
            if one.pattern.find(path) is not None:
                one.add(path)

    def hiding(self) -> Iterator[Hidden]:
        """The patterns that would hide something."""
        return (one for one in self._of if one.count)
