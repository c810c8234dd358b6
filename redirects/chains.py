"""Where chains of redirects end: a visitor is sent once, and a loop is found before anybody is."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import takewhile
from typing import NamedTuple

import msgspec

from redirects.kana import composed
from redirects.patterns import Pattern
from redirects.query import (
    ROOT_PATHS,
    canonical_query,
    chosen_queries,
    chosen_query,
    decode,
    own_variables,
)
from redirects.rule import Rule, names_of, sets_of_names
from redirects.targets import GONE, encode_path, with_query, without_index

HOPS_MAX = 100
"""A longer chain of redirects is a mistake in its source, and is not followed to its end."""

EXPANDED_MAX = 1_000
"""So many rules for single paths a `/*` is given, at most, for those that it leads to."""

# Stand for what a visitor would have in a pattern's places; nobody's path has them.
_WORD, _NUMBER, _REST = "qzwv{}", "98765432100{}", "qzrs{0}/qzrt{0}"


class Loop(NamedTuple):
    """Redirects that lead to each other without an end, or, if it is no circle, a chain of more
    than `HOPS_MAX`. In a circle, none of these sources is in the set; of a chain, the first is not.
    `origins`: where the rules for them come from."""

    sources: tuple[str, ...]
    origins: tuple[str, ...] = ()
    is_circle: bool = True


class SentTwice(NamedTuple):
    """A pattern that leads some visitors to another rule or pattern, which sends them on."""

    pattern: Pattern
    then: Rule | Pattern


class _Hop(NamedTuple):
    """What a visitor meets on the way, and where it leads them. `is_for_all`: no parameter of the
    visitor's own could choose another rule there."""

    by: Rule | Pattern
    target: str
    is_for_all: bool = True


class Rules:
    """The rules of a set, to be followed. `rules` are sorted, one for each request."""

    def __init__(self, rules: Sequence[Rule], patterns: Sequence[Pattern]) -> None:
        self._patterns = patterns
        self._by_source: dict[tuple[str, str], Rule | list[Rule]] = {}
        for rule in rules:
            where = rule.source, rule.query
            held = self._by_source.setdefault(where, rule)
            if held is not rule:  # a list for each of a million would be half of the memory
                known = held if isinstance(held, list) else [held]
                self._by_source[where] = [*known, rule]
        self._sets = sets_of_names(rules)
        self._own = own_variables(source for source, _ in self._by_source)

    def end(self, rule: Rule) -> Rule | Loop:
        """The rule with the last target of its chain, or the loop (or endless chain) that it is
        part of."""
        met = self._way(rule, rule.target)
        if isinstance(met, Loop) or len(met) == 1:
            return met if isinstance(met, Loop) else rule
        if met[-1].by.status == GONE:
            return msgspec.structs.replace(rule, status=GONE, target="", in_place="")
        in_place = next(filter(None, (getattr(hop.by, "in_place", "") for hop in met)), "")
        return msgspec.structs.replace(rule, target=met[-1].target, in_place=in_place)

    def end_of_pattern(self, pattern: Pattern) -> Pattern | Loop:
        """The same for a pattern: what it matches is followed by an example."""
        texts = examples(pattern)
        met = self._way(pattern, pattern.filled(texts))
        if isinstance(met, Loop) or len(met) == 1:
            return met if isinstance(met, Loop) else pattern
        if met[-1].by.status == GONE:
            return msgspec.structs.replace(pattern, status=GONE, target="")
        target = met[-1].target
        for name, text in zip(pattern.names, texts, strict=True):
            target = target.replace(encode_path(text), "*" if name == "*" else f"{{{name}}}")
        return msgspec.structs.replace(pattern, target=target)

    def targets_of(self, pattern: Pattern) -> list[str]:
        """Where an example of a pattern comes by, its own target first; nothing for a loop."""
        met = self._way(pattern, pattern.filled(examples(pattern)))
        return [] if isinstance(met, Loop) else [hop.target for hop in met if hop.target]

    def _way(self, by: Rule | Pattern, target: str) -> list[_Hop] | Loop:
        """What all visitors meet, beginning with `by`: up to where a circle begins of which it is
        no part, or where their own parameters decide."""
        met, seen = [_Hop(by, target)], {id(by)}
        while hop := self._next(met[-1].target, by.language):
            if hop.by is by or len(met) == HOPS_MAX:
                sources, origins = zip(
                    *((one.by.source, one.by.origin) for one in met), strict=True
                )
                return Loop(sources, origins, hop.by is by)
            if id(hop.by) in seen:
                break  # leads into a loop that it is no part of: stops before it
            seen.add(id(hop.by))
            met.append(hop)
            if hop.by.status == GONE:
                break
        return list(takewhile(lambda hop: hop.is_for_all, met))

    def _next(self, target: str, language: str) -> _Hop | None:
        """The rule that a visitor meets who follows this target, and where that rule leads them.

        It is found, and the target's own query carried over, as for any request (`match.decide`).
        """
        if not target.startswith("/"):
            return None
        page, hash_mark, fragment = target.partition("#")
        raw_path, _, rest = page.partition("?")
        decoded = decode(raw_path)
        if decoded is None:
            return None
        path = without_index(composed(decoded))
        # On the way a visitor's own parameters join those of the target.
        is_for_all = path not in self._sets
        for source, query, left in self._asked(path, rest):
            rules = self._by_source.get((source, query))
            if rules is not None:
                rule = _for(rules if isinstance(rules, list) else [rules], language)
                if rule is None:
                    return None
                onward = _onward(rule.target, left, hash_mark + fragment)
                return _Hop(rule, onward, is_for_all or bool(query) or source.startswith("?"))
            if source.startswith("?"):
                continue
            for pattern in self._patterns:
                found = None if pattern.host else pattern.find(path)
                if found is not None:
                    if pattern.language not in ("", language):
                        return None  # where it leads depends on who comes
                    return _Hop(pattern, _onward(found, rest, hash_mark + fragment), is_for_all)
        return None

    def _asked(self, path: str, raw: str) -> Iterator[tuple[str, str, str]]:
        """What is looked up for a request: source, query, and what is left of the query."""
        if path in ROOT_PATHS:
            query = canonical_query(raw, self._own)
            if query.key is not None:
                yield f"?{query.key}", "", query.rest
                if query.base_key is not None:
                    yield f"?{query.base_key}", "", query.rest
                return
        for key, rest in chosen_queries(raw, self._sets.get(path, ())):
            if (path, key) in self._by_source:
                yield path, key, rest
                return
        yield path, "", raw


def leads_to_itself(rule: Rule) -> bool:
    """Whether a visitor who follows a rule meets it again at once: a page that was moved back."""
    if rule.host or not rule.target.startswith("/"):
        return False  # a target's path is one of the public host
    raw_path, _, raw = rule.target.partition("#")[0].partition("?")
    path = composed(decode(raw_path) or "")
    query = canonical_query(raw) if path in ROOT_PATHS else None
    if query and query.key is not None:
        return rule.source in (f"?{query.key}", f"?{query.base_key}")
    if rule.query:
        return path == rule.source and chosen_query(raw, names_of(rule.query))[0] == rule.query
    return path == rule.source


def examples(pattern: Pattern) -> tuple[str, ...]:
    """Texts that a pattern's groups would find, and no other pattern's words."""
    found = []
    for number, name in enumerate(pattern.names):
        is_number = f"{{{name}:int}}" in pattern.source
        found.append((_REST if name == "*" else _NUMBER if is_number else _WORD).format(number))
    return tuple(found)


def example(pattern: Pattern, *, is_empty: bool = False) -> str:
    """A path that it matches, with something or nothing for the rest."""
    path = re.sub(r"/\*\Z", "/" if is_empty else "/{*}", pattern.source)
    for name, text in zip(pattern.names, examples(pattern), strict=True):
        path = path.replace(f"{{{name}}}", text).replace(f"{{{name}:int}}", text)
    return path


class Expanded(NamedTuple):
    """What patterns lead to. `rules`: rules for single paths that a pattern needs, with its own
    target, so that they are followed like all rules: of `/archives/{id:int}` -> `/?p={id}` one for
    each post. `twice`: where there can't be such rules."""

    rules: list[Rule]
    twice: list[SentTwice]


def expanded(patterns: Sequence[Pattern], rules: Collection[Rule]) -> Expanded:
    """Where patterns lead to paths and queries that have rules, so that visitors are sent once."""
    ways, found = Rules((), patterns), Expanded([], [])
    for number, pattern in enumerate(patterns):
        of_it, then, room = list[Rule](), None, EXPANDED_MAX if "*" in pattern.names else len(rules)
        for rule, source in _led_to(pattern, ways.targets_of(pattern), rules):
            if source is not None and _is_first(number, patterns, source):
                of_it += _at(source, pattern)
            if source is None or len(of_it) > room:
                of_it, then = [], rule
                break
        found.rules.extend(of_it)
        if then:
            found.twice.append(SentTwice(pattern, then))
    return found


def _at(source: str, pattern: Pattern) -> Iterator[Rule]:
    """The rule for one path that a pattern matches; none where it is no clean path."""
    target = pattern.find(source)
    if target is not None:
        with suppress(ValueError):
            yield Rule(
                source,
                pattern.status,
                target,
                origin=pattern.origin,
                language=pattern.language,
                host=pattern.host,
            )


def _is_first(number: int, patterns: Sequence[Pattern], path: str) -> bool:
    """Whether no pattern before this one answers its visitors at this path."""
    return all(
        one.find(path) is None
        for one in patterns[:number]
        if _may_have_one_visitor(one, patterns[number])
    )


def _may_have_one_visitor(one: Pattern, other: Pattern) -> bool:
    conditions = ((one.host, other.host), (one.language, other.language))
    return all("" in both or both[0] == both[1] for both in conditions)


def _led_to(
    pattern: Pattern, targets: Iterable[str], rules: Iterable[Rule]
) -> Iterator[tuple[Rule, str | None]]:
    """The rules at what an example's targets stand for, each with the path from which a visitor
    comes to it: None if it may be more than one, since the target lacks a part of it."""
    texts = examples(pattern)
    for beginning, expression in filter(None, (_wanted(texts, target) for target in targets)):
        is_whole = len(expression.groupindex) == len(texts)
        for rule in rules:
            if not rule.source.startswith(beginning) or rule.query or rule.host or rule.language:
                continue
            found = expression.fullmatch(rule.source)
            if found:
                source = example(pattern)
                for number, text in enumerate(texts if is_whole else ()):
                    source = source.replace(text, found[f"g{number}"])
                yield rule, source if is_whole else None


def _wanted(texts: tuple[str, ...], target: str) -> tuple[str, re.Pattern[str]] | None:
    """What the sources of rules begin with to which such a target leads, and an expression for
    them, with groups `g0`, `g1` for the texts; None if no text makes a difference."""
    if not target.startswith("/"):
        return None
    path, _, query = target.partition("#")[0].partition("?")
    key = canonical_query(query).key if path in ROOT_PATHS else None
    shape = f"?{key}" if key else decode(path) or path
    inside = [text for text in texts if text in shape]
    if not inside or not all(shape.count(text) == 1 for text in inside):
        return None
    expression = re.escape(shape)
    for number, text in enumerate(texts):
        expression = expression.replace(re.escape(text), f"(?P<g{number}>{_group(text, key)})")
    return min((shape.partition(text)[0] for text in inside), key=len), re.compile(expression)


def _group(text: str, key: str | None) -> str:
    if text.startswith(_NUMBER.format("")):
        return "[1-9][0-9]{0,14}" if key else "[0-9]{1,15}"
    if "/" in text:
        return r"[\s\S]*"
    return "[^/&=]+" if key else "[^/]+"


def partly_led_to(patterns: Sequence[Pattern]) -> Iterator[SentTwice]:
    """Patterns of which some visitors, not all, come to another one: it is tried with examples."""
    for number, pattern in enumerate(patterns):
        target = pattern.filled(examples(pattern))
        for other in patterns:
            if other is pattern or other.host or not _may_have_one_visitor(pattern, other):
                continue
            asked = (Rule(example(other, is_empty=is_empty), GONE) for is_empty in (False, True))
            sources = [source for _, source in _led_to(pattern, [target], asked)]
            if any(source is None or _is_first(number, patterns, source) for source in sources):
                yield SentTwice(pattern, other)
                break


def _for(rules: Sequence[Rule], language: str) -> Rule | None:
    """The rule for a visitor of whom this is known; None if it depends on what is not."""
    for rule in rules:
        if rule.host:
            continue  # a path is followed at the public host
        if rule.language in ("", language):
            return rule
        if not language:
            return None
    return None


def _onward(target: str, rest: str, fragment: str) -> str:
    onward = with_query(target, rest)
    # A browser keeps the fragment where the next Location has none.
    return onward if "#" in onward else onward + fragment
