"""One redirect (`Rule`) and all of a site's (`RuleSet`): checked, without chains, in one order."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple, Self
from urllib.parse import quote

import msgspec

from redirects.chains import (
    Loop,
    Rules,
    example,
    expanded,
    leads_to_itself,
    names_of,
)
from redirects.kana import composed
from redirects.patterns import Pattern
from redirects.query import VARIABLES, canonical_query, chosen_query
from redirects.targets import (
    GONE,
    condition_problem,
    in_place_problem,
    is_site_path,
    target_problem,
)

_PARAMETER = re.compile(r"[A-Za-z0-9_.-]{1,40}")
# Behind every host name and language.
_LAST = "~"


class Rule(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One old URL and what it answers.

    `source`: `?` and a canonical query key of WordPress, or a decoded path that begins with `/`.
    `status`: 301, 302, 307, 308, or 410.
    `target`: a percent-encoded path from the site's root, or an absolute http(s) URL; '' for 410.
    `in_place`: the percent-encoded path of the page that preview crawlers get at the old URL
    instead of the redirect, or ''.
    `origin`: where the rule comes from, for people.
    `query`: beside a path, the parameters that a request must have, in the form of
    `query.chosen_query`; '' for any.
    `language`: the visitor's first language ('en'), '' for any. `host`: another host than the
    public one, at which alone the rule holds; '' for all.

    Raises ValueError for anything else: a rule that can't match, or can't be a header.
    """

    source: str
    status: int
    target: str = ""
    in_place: str = ""
    origin: str = ""
    query: str = ""
    language: str = ""
    host: str = ""

    def __post_init__(self) -> None:
        problem = (
            _source_problem(self.source)
            or _query_problem(self.source, self.query)
            or condition_problem(self.language, self.host)
            or target_problem(self.status, self.target)
            or in_place_problem(self.status, self.in_place)
        )
        if problem:
            raise ValueError(f"redirect from {self.source!r} ({self.origin}): {problem}")

    @property
    def decision(self) -> tuple[int, str, str]:
        """What the rule does, without where it comes from."""
        return self.status, self.target, self.in_place

    @property
    def requests(self) -> tuple[str, str, str, str]:
        """What tells it apart: the requests that it answers. Of the rules for one source, those
        with conditions come first, since the first that holds decides."""
        return self.source, self.query, self.host or _LAST, self.language or _LAST


class Conflict(NamedTuple):
    """Two rules that want different things for one request: the earlier was kept. Of a pattern,
    all that it matches is another's."""

    kept: Rule | Pattern
    dropped: Rule | Pattern


class RuleSet(msgspec.Struct, frozen=True):
    """All redirects of a site: `rules`, sorted, one for each request, and `patterns`, in the order
    in which they are tried. No target redirects again.

    A request is answered by the rule for its path and query, or else by the first pattern that
    matches its path.

    `conflicts` and `loops` report what `of` had to leave out; they are no part of the set, so
    neither JSON nor digest has them.
    """

    rules: tuple[Rule, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    loops: tuple[Loop, ...] = ()

    @classmethod
    def of(cls, rules: Iterable[Rule], patterns: Iterable[Pattern] = ()) -> Self:
        """The set of these rules, where the first for a request wins.

        A rule that points at its own source is dropped. A chain is shortened to its last target;
        the status stays that of the first hop, unless it ends in a 410, then it all is gone.
        Where a pattern leads to other rules, it has rules of its own for them.
        Paths are in the form in which the edge looks for them (`kana.composed`).
        """
        held: dict[tuple[str, str, str, str], Rule] = {}
        conflicts: list[Conflict] = []
        for rule in map(_looked_for, rules):
            if leads_to_itself(rule):
                continue
            kept = held.setdefault(rule.requests, rule)
            if kept.decision != rule.decision:
                conflicts.append(Conflict(kept, rule))
        tried = _told_apart(patterns, conflicts)
        for pattern in tried:
            for source, next_rule in list(expanded(pattern, held.values())):
                rule = _joined(pattern, source, next_rule)
                held.setdefault(rule.requests, rule)
        ordered = [held[requests] for requests in sorted(held)]
        del held
        found = Rules(ordered, tried)
        flat, loops = list[Rule](), dict[str, Loop]()
        for rule in ordered:
            end = found.end(rule)
            if isinstance(end, Loop):
                loops.setdefault(min(end.sources), end)
            else:
                flat.append(end)
        flat_patterns: list[Pattern] = []
        for pattern in tried:
            end_of_it = found.end_of_pattern(pattern)
            if isinstance(end_of_it, Loop):
                loops.setdefault(min(end_of_it.sources), end_of_it)
            else:
                flat_patterns.append(end_of_it)
        return cls(tuple(flat), tuple(flat_patterns), tuple(conflicts), tuple(loops.values()))

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """The set that `to_json` wrote. Raises ValueError if it is no such set."""
        rules, patterns = msgspec.json.decode(
            data, type=tuple[tuple[Rule, ...], tuple[Pattern, ...]]
        )
        if not all(one.requests < other.requests for one, other in pairwise(rules)):
            raise ValueError("a rule set is sorted and has one rule for each request")
        return cls(rules, patterns)

    def to_json(self) -> bytes:
        """The rules and the patterns, as two JSON arrays in one; equal sets give equal bytes."""
        return msgspec.json.encode((self.rules, self.patterns))

    @property
    def digest(self) -> str:
        """SHA-256 of `to_json`, in hex: the name of this set."""
        return hashlib.sha256(self.to_json()).hexdigest()


def _looked_for(rule: Rule) -> Rule:
    source = rule.source if rule.source.startswith("?") else composed(rule.source)
    return rule if source == rule.source else msgspec.structs.replace(rule, source=source)


def _told_apart(patterns: Iterable[Pattern], conflicts: list[Conflict]) -> list[Pattern]:
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
                conflicts.append(Conflict(earlier, pattern))
                break
        else:
            kept.append(pattern)
    return kept


def _joined(pattern: Pattern, source: str, following: Rule) -> Rule:
    """What a pattern does with a path that it leads to another rule."""
    is_gone = following.status == GONE
    return Rule(
        source,
        GONE if is_gone else pattern.status,
        following.target,
        following.in_place,
        pattern.origin,
        language=pattern.language,
        host=pattern.host,
    )


def _source_problem(source: str) -> str:
    if source.startswith("?"):
        # A key holds decoded values, in which a plus is a plus.
        key = canonical_query(source[1:].replace("+", "%2B")).key
        return "" if key == source[1:] else f"never matches: its canonical form is {key!r}"
    if not is_site_path(source):
        return "a source is '?' and a query, or a clean decoded path that begins with '/'"
    return ""


def _query_problem(source: str, query: str) -> str:
    if not query:
        return ""
    if source.startswith("?"):
        return "a query of WordPress has no parameters beside"
    names = names_of(query)
    if not all(map(_PARAMETER.fullmatch, names)):
        return "a parameter's name has letters, digits, and `_.-`"
    if source in ("/", "/index.php") and (known := set(names) & set(VARIABLES)):
        return f"WordPress reads {min(known)!r} itself: write it as the source ?{query}"
    key, rest = chosen_query(_as_sent(query), sorted(set(names)))
    return "" if key == query and not rest else f"never matches: its canonical form is {key!r}"


def _as_sent(query: str) -> str:
    """A key as a browser would send it: the key escapes `%` and `&` alone."""
    return "&".join(
        f"{name}={quote(value.replace('%26', '&').replace('%25', '%'), safe='')}"
        for name, _, value in (part.partition("=") for part in query.split("&"))
    )
