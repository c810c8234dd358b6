"""All redirects of a site (`RuleSet`): without chains, in one order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple, Self

import msgspec

from redirects.chains import (
    Loop,
    Rules,
    SentTwice,
    example,
    expanded,
    leads_to_itself,
    partly_led_to,
)
from redirects.kana import composed
from redirects.patterns import Pattern
from redirects.query import own_variables
from redirects.rule import Rule
from redirects.targets import without_index

__all__ = ["Rule", "RuleConflict", "RuleSet"]


class RuleConflict(NamedTuple):
    """Two rules that want different things for one request: the earlier was kept. Of a pattern,
    all that it matches is another's."""

    kept: Rule | Pattern
    dropped: Rule | Pattern


class RuleSet(msgspec.Struct, frozen=True, dict=True):
    """All redirects of a site: `rules`, sorted, one for each request, and `patterns`, in the order
    in which they are tried. No target of a rule redirects again, nor of a pattern but where `twice`
    says so, and where it depends on a visitor's language or parameters.

    A request is answered by the rule for its path and query, or else by the first pattern that
    matches its path.

    `conflicts` and `loops` report what `of` had to leave out, `twice` what it could not join; they
    are no part of the set, so neither JSON nor digest has them.
    """

    rules: tuple[Rule, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    conflicts: tuple[RuleConflict, ...] = ()
    loops: tuple[Loop, ...] = ()
    twice: tuple[SentTwice, ...] = ()

    @classmethod
    def of(cls, rules: Iterable[Rule], patterns: Iterable[Pattern] = ()) -> Self:
        """The set of these rules, where the first for a request wins.

        A rule that points at its own source is dropped. A chain is shortened to its last target;
        the status stays that of the first hop, unless it ends in a 410, then it all is gone.
        Where a pattern leads to other rules, it has rules of its own for them.
        Paths are in the form in which the edge looks for them (`kana.composed`).
        """
        held: dict[tuple[str, str, str, str], Rule] = {}
        conflicts: list[RuleConflict] = []
        for rule in map(_looked_for, rules):
            if leads_to_itself(rule):
                continue
            kept = held.setdefault(rule.requests, rule)
            if kept.decision != rule.decision:
                conflicts.append(RuleConflict(kept, rule))
        tried = _told_apart(patterns, conflicts)
        led_to = expanded(tried, held.values())
        for rule in map(_looked_for, led_to.rules):
            held.setdefault(rule.requests, rule)
        ordered = [held[requests] for requests in sorted(held)]
        del held
        found = Rules(ordered, tried)
        flat, loops = list[Rule](), dict[str, Loop]()
        for rule in ordered:
            end = found.end(rule)
            if isinstance(end, Loop):
                # Of a chain without end each rule is the first of one.
                loops.setdefault(min(end.sources) if end.is_circle else "", end)
            else:
                flat.append(end)
        flat_patterns: list[Pattern] = []
        for pattern in tried:
            end_of_it = found.end_of_pattern(pattern)
            if isinstance(end_of_it, Loop):
                loops.setdefault(min(end_of_it.sources) if end_of_it.is_circle else "", end_of_it)
            else:
                flat_patterns.append(end_of_it)
        twice = (*led_to.twice, *partly_led_to(flat_patterns))
        return cls(
            tuple(flat), tuple(flat_patterns), tuple(conflicts), tuple(loops.values()), twice
        )

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """The set that `to_json` wrote. Raises ValueError if it is no such set."""
        if data.startswith((b"[{", b"[]")):  # as it was before there were patterns
            data = b"[%s,[]]" % data
        rules, patterns = msgspec.json.decode(
            data, type=tuple[tuple[Rule, ...], tuple[Pattern, ...]]
        )
        if not all(one.requests < other.requests for one, other in pairwise(rules)):
            raise ValueError("a rule set is sorted and has one rule for each request")
        return cls(rules, patterns)

    def to_json(self) -> bytes:
        """The rules and the patterns, as two JSON arrays in one; equal sets give equal bytes."""
        return msgspec.json.encode((self.rules, self.patterns))

    @cached_property
    def own_variables(self) -> str:
        """The query variables of the site's own types (`query.own_variables`)."""
        return own_variables(rule.source for rule in self.rules)

    @property
    def digest(self) -> str:
        """SHA-256 of `to_json`, in hex: the name of this set."""
        return hashlib.sha256(self.to_json()).hexdigest()


def _looked_for(rule: Rule) -> Rule:
    is_query = rule.source.startswith("?")
    source = rule.source if is_query else without_index(composed(rule.source))
    return rule if source == rule.source else msgspec.structs.replace(rule, source=source)


def _told_apart(patterns: Iterable[Pattern], conflicts: list[RuleConflict]) -> list[Pattern]:
    """The patterns without those that never are the first to match."""
    kept: list[Pattern] = []
    for given in patterns:
        pattern = msgspec.structs.replace(given, source=composed(given.source))
        paths = {example(pattern), example(pattern, is_empty=True)}
        for earlier in kept:
            holds_too = earlier.language in ("", pattern.language) and (
                earlier.host in ("", pattern.host)
            )
            if holds_too and all(earlier.find(path) is not None for path in paths):
                conflicts.append(RuleConflict(earlier, pattern))
                break
        else:
            kept.append(pattern)
    return kept
