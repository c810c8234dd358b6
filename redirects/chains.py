"""Where chains of redirects end: a visitor is sent once, and a loop is found before anybody is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from redirects.kana import composed
from redirects.patterns import Pattern
from redirects.query import canonical_query, chosen_query, decode, own_variables
from redirects.rule import Rule, names_of
from redirects.targets import GONE, encode_path, with_query, without_index

HOPS_MAX = 16
"""A longer chain of redirects is a mistake in its source, and is reported like a loop."""

# Stand for what a visitor would have in a pattern's places; nobody's path has them.
_WORD, _NUMBER, _REST = "qzwv{}", "98765432100{}", "qzrs{0}/qzrt{0}"
_ROOT = ("/", "/index.php")


class Loop(NamedTuple):
    """Redirects that lead to each other without an end. None of these sources is in the set.
    `origins`: where the rules for them come from."""

    sources: tuple[str, ...]
    origins: tuple[str, ...] = ()


class _Hop(NamedTuple):
    """What a visitor meets on the way, and where it leads them."""

    by: Rule | Pattern
    target: str


class Rules:
    """The rules of a set, to be followed. `rules` are sorted, one for each request."""

    def __init__(self, rules: Iterable[Rule], patterns: Sequence[Pattern]) -> None:
        self._patterns = patterns
        self._by_source: dict[tuple[str, str], Rule | list[Rule]] = {}
        names: dict[str, set[str]] = {}
        for rule in rules:
            where = rule.source, rule.query
            held = self._by_source.setdefault(where, rule)
            if held is not rule:  # a list for each of a million would be half of the memory
                known = held if isinstance(held, list) else [held]
                self._by_source[where] = [*known, rule]
            if rule.query:
                names.setdefault(rule.source, set()).update(names_of(rule.query))
        self._names = {source: sorted(found) for source, found in names.items()}
        self._own = own_variables(source for source, _ in self._by_source)

    def end(self, rule: Rule) -> Rule | Loop:
        """The rule with the last target of its chain, or the loop (or endless chain) that it is
        part of."""
        target, in_place, met = rule.target, rule.in_place, [_Hop(rule, rule.target)]
        while hop := self._next(target, rule.language):
            if hop.by is rule or len(met) == HOPS_MAX:
                return _loop(met)
            if any(hop.by is other.by for other in met):
                break  # leads into a loop that it is no part of: stops before it
            if hop.by.status == GONE:
                return msgspec.structs.replace(rule, status=GONE, target="", in_place="")
            met.append(hop)
            target = hop.target
            in_place = in_place or getattr(hop.by, "in_place", "")
        if target == rule.target and in_place == rule.in_place:
            return rule
        return msgspec.structs.replace(rule, target=target, in_place=in_place)

    def end_of_pattern(self, pattern: Pattern) -> Pattern | Loop:
        """The same for a pattern: what it matches is followed by an example."""
        texts = examples(pattern)
        target, met = pattern.filled(texts), [_Hop(pattern, pattern.target)]
        while hop := self._next(target, pattern.language):
            if hop.by is pattern or len(met) == HOPS_MAX:
                return _loop(met)
            if any(hop.by is other.by for other in met):
                break
            if hop.by.status == GONE:
                return msgspec.structs.replace(pattern, status=GONE, target="")
            met.append(hop)
            target = hop.target
        if len(met) == 1:
            return pattern
        for name, text in zip(pattern.names, texts, strict=True):
            target = target.replace(encode_path(text), "*" if name == "*" else f"{{{name}}}")
        return msgspec.structs.replace(pattern, target=target)

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
        for source, query, left in self._asked(path, rest):
            rules = self._by_source.get((source, query))
            if rules is not None:
                rule = _for(rules if isinstance(rules, list) else [rules], language)
                if rule is None:
                    return None
                return _Hop(rule, _onward(rule.target, left, hash_mark + fragment))
            if source.startswith("?"):
                continue
            for pattern in self._patterns:
                onward = None if pattern.host else pattern.find(path)
                if onward is not None:
                    if pattern.language not in ("", language):
                        return None  # where it leads depends on who comes
                    return _Hop(pattern, _onward(onward, rest, hash_mark + fragment))
        return None

    def _asked(self, path: str, raw: str) -> Iterator[tuple[str, str, str]]:
        """What is looked up for a request: source, query, and what is left of the query."""
        if path in _ROOT:
            query = canonical_query(raw, self._own)
            if query.key is not None:
                yield f"?{query.key}", "", query.rest
                if query.base_key is not None:
                    yield f"?{query.base_key}", "", query.rest
                return
        if path in self._names:
            key, rest = chosen_query(raw, self._names[path])
            if key and (path, key) in self._by_source:
                yield path, key, rest
                return
        yield path, "", raw


def leads_to_itself(rule: Rule) -> bool:
    """Whether a visitor who follows a rule meets it again at once: a page that was moved back."""
    if rule.host or not rule.target.startswith("/"):
        return False  # a target's path is one of the public host
    raw_path, _, raw = rule.target.partition("#")[0].partition("?")
    path = composed(decode(raw_path) or "")
    query = canonical_query(raw) if path in _ROOT else None
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


def expanded(pattern: Pattern, rules: Iterable[Rule]) -> Iterator[tuple[str, Rule]]:
    """What a pattern leads to other rules, as a path and the rule that follows: of
    `/archives/{id:int}` -> `/?p={id}` one for each post, so that visitors are sent once."""
    texts = examples(pattern)
    if "*" in pattern.names or not pattern.target.startswith("/"):
        return
    path, _, query = pattern.filled(texts).partition("#")[0].partition("?")
    key = canonical_query(query).key if path in _ROOT else None
    shape = f"?{key}" if key else decode(path) or path
    if (query and not key) or not all(shape.count(text) == 1 for text in texts):
        return
    beginning = min((shape.partition(text)[0] for text in texts), key=len)
    wanted = re.escape(shape)
    for number, text in enumerate(texts):
        group = "[1-9][0-9]{0,14}" if text == _NUMBER.format(number) else "[^/&=]+"
        wanted = wanted.replace(re.escape(text), f"(?P<g{number}>{group})")
    compiled = re.compile(wanted)
    for rule in rules:
        if not rule.source.startswith(beginning) or rule.query or rule.host or rule.language:
            continue
        found = compiled.fullmatch(rule.source)
        if found:
            source = example(pattern)
            for number, text in enumerate(texts):
                source = source.replace(text, found[f"g{number}"])
            if pattern.find(source) is not None:
                yield source, rule


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


def _loop(met: Sequence[_Hop]) -> Loop:
    return Loop(tuple(hop.by.source for hop in met), tuple(hop.by.origin for hop in met))
