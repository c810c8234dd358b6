"""A rule set in figures. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import get_args

from redirects.compile import HEAD_BYTES_MAX, STORE_BYTES_MAX, StoreTooLargeError, compile_rules
from redirects.patterns import Pattern
from redirects.rule import Rule
from redirects.rules import RuleSet
from redirects.wordpress import Kind

_KINDS = frozenset(get_args(Kind))


@dataclass(frozen=True, slots=True)
class Fullness:
    """How much of the edge's store a rule set takes, in bytes, and of how much, and how much of its
    entry, in which patterns and parameters are; `left_out`: which rules can't be stored, and why,
    or why all of them can't."""

    size_bytes: int
    limit_bytes: int
    entry_bytes: int = 0
    entry_limit_bytes: int = HEAD_BYTES_MAX
    left_out: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """1 is full."""
        return self.size_bytes / self.limit_bytes


@dataclass(slots=True)
class Summary:
    """What is in a rule set: how many, by where they come from, by status, with which
    conditions."""

    rules: int = 0
    patterns: int = 0
    origins: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    conditions: Counter[str] = field(default_factory=Counter)


def summary(rules: RuleSet, own_files: Container[str] = ()) -> Summary:
    """The figures. `own_files`: the files of the site's own rules; each counts by itself."""
    found = Summary(len(rules.rules), len(rules.patterns))
    both: Iterable[Rule | Pattern] = chain(rules.rules, rules.patterns)
    for one in both:
        found.origins[_origin(one.origin, own_files)] += 1
        found.statuses[str(one.status)] += 1
        if one.language:
            found.conditions["language"] += 1
        if one.host:
            found.conditions["host"] += 1
        if isinstance(one, Rule) and one.query:
            found.conditions["parameters"] += 1
        if isinstance(one, Rule) and one.in_place:
            found.conditions["agents that show shared links get the page"] += 1
    return found


def fullness(rules: RuleSet) -> Fullness:
    """How full the edge's store is with these."""
    try:
        data = compile_rules(rules)
    except StoreTooLargeError as error:
        return Fullness(error.size_bytes, error.limit_bytes, left_out=(str(error),))
    left_out = tuple(f"{one.rule.source}: {one.reason}" for one in data.left_out)
    return Fullness(data.size_bytes, STORE_BYTES_MAX, data.head_bytes, left_out=left_out)


def _origin(origin: str, own_files: Container[str]) -> str:
    file = origin.rpartition(":")[0]
    if file and file in own_files:
        return file
    kind = origin.partition(" ")[0]
    return kind if kind in _KINDS else origin or "unknown"
