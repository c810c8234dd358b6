"""One redirect (`Rule`) and all of a site's (`RuleSet`): checked, without chains, in one order."""

import hashlib
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple, Self
from urllib.parse import quote

import msgspec

from redirects.kana import composed
from redirects.query import canonical_query, decode

REDIRECTS = frozenset({301, 302, 307, 308})
"""The statuses that send a visitor to a target."""

GONE = 410
"""The status of what is known to have been deleted."""

HOPS_MAX = 16
"""A longer chain of redirects is a mistake in its source, and is reported like a loop."""

REST_CHARACTERS_MAX = 1_500
"""A longer leftover query is not carried over to the target: some clients cut URLs at 2,000."""

_NOT_IN_A_SITE_PATH = re.compile(r"[\x00-\x1f\x7f\\]|//|/\.\.?(?:/|\Z)")
_NOT_IN_A_HEADER = re.compile(r"[^!-~]|\\")
_NOT_PRINTABLE_ASCII = re.compile("[^!-~]")
_ABSOLUTE = re.compile(r"https?://[^/?#]+")


def is_site_path(path: str) -> bool:
    """Whether a decoded path can be that of a file of the site.

    It can't with control characters, a backslash, `//`, or a `.` or `..` segment: those are
    tricks for the store behind the site.
    """
    return path.startswith("/") and _NOT_IN_A_SITE_PATH.search(path) is None


def encode_path(path: str) -> str:
    """A decoded path, percent-encoded; the same characters stay as in `encodeURIComponent`."""
    return quote(path, safe="/!~*'()")


def with_query(target: str, rest: str) -> str:
    """A target with the rest of the request's query, or without if that is long or no clean ASCII.

    Nothing else of a request gets into a Location.
    """
    if not rest or len(rest) > REST_CHARACTERS_MAX or _NOT_PRINTABLE_ASCII.search(rest):
        return target
    page, hash_mark, fragment = target.partition("#")
    return f"{page}{'&' if '?' in page else '?'}{rest}{hash_mark}{fragment}"


class Rule(msgspec.Struct, frozen=True):
    """One old URL and what it answers.

    `source`: `?` and a canonical query key, or a decoded path that begins with `/`.
    `status`: 301, 302, 307, 308, or 410.
    `target`: a percent-encoded path from the site's root, or an absolute http(s) URL; '' for 410.
    `in_place`: the percent-encoded path of the page that preview crawlers get at the old URL
    instead of the redirect, or ''.
    `origin`: where the rule comes from, for people.

    Raises ValueError for anything else: a rule that can't match, or can't be a header.
    """

    source: str
    status: int
    target: str = ""
    in_place: str = ""
    origin: str = ""

    def __post_init__(self) -> None:
        problem = (
            _source_problem(self.source)
            or _target_problem(self.status, self.target)
            or _in_place_problem(self.status, self.in_place)
        )
        if problem:
            raise ValueError(f"redirect from {self.source!r} ({self.origin}): {problem}")

    @property
    def decision(self) -> tuple[int, str, str]:
        """What the rule does, without where it comes from."""
        return self.status, self.target, self.in_place


class Conflict(NamedTuple):
    """Two rules that want different things for one source: the earlier was kept."""

    kept: Rule
    dropped: Rule


class Loop(NamedTuple):
    """Redirects that lead to each other without an end. None of these sources is in the set."""

    sources: tuple[str, ...]


class RuleSet(msgspec.Struct, frozen=True):
    """All redirects of a site, one per source, sorted by source; no target redirects again.

    `conflicts` and `loops` report what `of` had to leave out; they are no part of the set, so
    neither JSON nor digest has them.
    """

    rules: tuple[Rule, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    loops: tuple[Loop, ...] = ()

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> Self:
        """The set of these rules, where the first of a source wins.

        A rule that points at its own source is dropped. A chain is shortened to its last target;
        the status stays that of the first hop, unless it ends in a 410, then it all is gone.
        Paths are in the form in which the edge looks for them (`kana.composed`).
        """
        by_source: dict[str, Rule] = {}
        conflicts: list[Conflict] = []
        for rule in map(_looked_for, rules):
            if _follow(rule.target, {rule.source: rule}):
                continue
            kept = by_source.setdefault(rule.source, rule)
            if kept.decision != rule.decision:
                conflicts.append(Conflict(kept, rule))
        flat: list[Rule] = []
        loops: dict[str, Loop] = {}
        for source in sorted(by_source):
            end = _flattened(by_source[source], by_source)
            if isinstance(end, Rule):
                flat.append(end)
            else:
                loops.setdefault(min(end.sources), end)
        return cls(tuple(flat), tuple(conflicts), tuple(loops.values()))

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """The set that `to_json` wrote. Raises ValueError if it is no such set."""
        rules = msgspec.json.decode(data, type=tuple[Rule, ...])
        if not all(one.source < other.source for one, other in pairwise(rules)):
            raise ValueError("a rule set is sorted by source and has each source once")
        return cls(rules)

    def to_json(self) -> bytes:
        """The rules as a JSON array; equal sets give equal bytes."""
        return msgspec.json.encode(self.rules)

    @property
    def digest(self) -> str:
        """SHA-256 of `to_json`, in hex: the name of this set."""
        return hashlib.sha256(self.to_json()).hexdigest()


def _looked_for(rule: Rule) -> Rule:
    source = rule.source if rule.source.startswith("?") else composed(rule.source)
    return rule if source == rule.source else msgspec.structs.replace(rule, source=source)


def _source_problem(source: str) -> str:
    if source.startswith("?"):
        # A key holds decoded values, in which a plus is a plus.
        key = canonical_query(source[1:].replace("+", "%2B")).key
        return "" if key == source[1:] else f"never matches: its canonical form is {key!r}"
    if not is_site_path(source):
        return "a source is '?' and a query, or a clean decoded path that begins with '/'"
    return ""


def _target_problem(status: int, target: str) -> str:
    if status == GONE:
        return "410 has no target" if target else ""
    if status not in REDIRECTS:
        return f"status {status} is none of 301, 302, 307, 308, 410"
    if _NOT_IN_A_HEADER.search(target):
        return f"target {target!r} has a space, control character, backslash or is not encoded"
    if _ABSOLUTE.match(target):
        return ""
    return _path_problem("target", target)


def _in_place_problem(status: int, in_place: str) -> str:
    if not in_place:
        return ""
    if status == GONE:
        return "410 has no page in place"
    if "?" in in_place or "#" in in_place or _NOT_IN_A_HEADER.search(in_place):
        return f"page in place {in_place!r} is not a percent-encoded path"
    return _path_problem("page in place", in_place)


def _path_problem(what: str, target: str) -> str:
    """Browsers read `//host` and what decodes to it as another host's URL."""
    path = decode(_without_query(target))
    if path is None:
        return f"{what} {target!r} is not percent-encoded UTF-8"
    if not is_site_path(path):
        return f"{what} {target!r} is neither a clean path from '/' nor an http(s) URL"
    return ""


def _without_query(target: str) -> str:
    return target.partition("#")[0].partition("?")[0]


def _follow(target: str, by_source: dict[str, Rule]) -> tuple[Rule, str] | None:
    """The rule that a visitor meets who follows this target, and where that rule leads them.

    It is found, and the target's own query carried over, as for any request (`match.decide`).
    """
    page, hash_mark, fragment = target.partition("#")
    raw_path, _, rest = page.partition("?")
    decoded = decode(raw_path) if target.startswith("/") else None
    if decoded is None:
        return None
    path = composed(decoded)
    sources: list[str | None] = [path]
    if path in ("/", "/index.php"):
        query = canonical_query(rest)
        if query.key is not None:
            sources = [f"?{query.key}", query.base_key and f"?{query.base_key}"]
            rest = query.rest
    for source in sources:
        if source in by_source:
            rule = by_source[source]
            onward = with_query(rule.target, rest)
            # A browser keeps the fragment where the next Location has none.
            return rule, onward if "#" in onward else onward + hash_mark + fragment
    return None


def _flattened(first: Rule, by_source: dict[str, Rule]) -> Rule | Loop:
    """The rule with the last target of its chain, or the loop (or endless chain) it is part of."""
    target, in_place, hops = first.target, first.in_place, [first.source]
    while (hop := _follow(target, by_source)) is not None:
        following, onward = hop
        if following.source == first.source or len(hops) == HOPS_MAX:
            return Loop(tuple(hops))
        if following.source in hops:
            break  # leads into a loop that it is no part of: stops before it
        if following.status == GONE:
            return Rule(first.source, GONE, origin=first.origin)
        hops.append(following.source)
        target, in_place = onward, in_place or following.in_place
    return Rule(first.source, first.status, target, in_place, first.origin)
