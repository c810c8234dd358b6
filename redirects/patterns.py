"""Redirects of many paths at once: all below a folder, or all of one form."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import msgspec

from redirects.query import decode
from redirects.targets import (
    GONE,
    condition_problem,
    encode_path,
    is_site_path,
    target_problem,
    without_query,
)

PATTERN_CHARACTERS_MAX = 300
"""Longer ones are a mistake, and would not fit beside others at the edge."""

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]{0,30})(:int)?\}")
"""One placeholder of a source, or without `:int` of a target: its name, and its kind."""

# With more of them between two slashes, a path of 200 characters takes an engine of regular
# expressions seconds: it tries all ways to part it.
_WORDS_MAX = 2
_AT_END = re.compile(r"/\*\Z")
_ORIGIN = re.compile(r"https?://[^/?#]+")
# What an expression would read as something else. All of it is also escaped by JavaScript, PCRE
# and `re` in the same way.
_SPECIAL = re.compile(r"[.*+?^${}()|\[\]\\/]")
_GROUPS = {"": "([^/]+)", "int": "([0-9]{1,15})", "rest": r"([\s\S]*)"}


class Pattern(msgspec.Struct, frozen=True, omit_defaults=True, dict=True):
    """One form of old paths and what they answer.

    `source`: a decoded path with `{name}` for what has no slash in it, `{name:int}` for up to 15
    digits, and `/*` at the end for whatever follows, also nothing.
    `target`: as a `Rule`'s, with `{name}` behind the host, and `*` at the end, for what was found.
    The others: as a `Rule`'s.

    Raises ValueError for anything else.
    """

    source: str
    status: int
    target: str = ""
    origin: str = ""
    language: str = ""
    host: str = ""

    def __post_init__(self) -> None:
        problem = (
            _source_problem(self.source)
            or _target_problem(self)
            or condition_problem(self.language, self.host)
        )
        if problem:
            raise ValueError(f"redirect from {self.source!r} ({self.origin}): {problem}")

    @property
    def decision(self) -> tuple[int, str]:
        """What the pattern does, without where it comes from."""
        return self.status, self.target

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of its groups, in order; `*` for the rest of the path."""
        rest = ("*",) if _AT_END.search(self.source) else ()
        return (*(found[1] for found in PLACEHOLDER.finditer(self.source)), *rest)

    @cached_property
    def expression(self) -> str:
        """A regular expression for a whole decoded path, the same for JavaScript, PCRE and `re`."""
        return expression(self, _escaped, lambda group: _GROUPS[group.kind])

    @cached_property
    def replacement(self) -> str:
        """The target with `{1}`, `{2}` for what the groups found."""
        target = self.target
        for number, name in enumerate(self.names, 1):
            if name == "*":
                target = re.sub(r"\*\Z", f"{{{number}}}", target)
            else:
                target = target.replace(f"{{{name}}}", f"{{{number}}}")
        return target

    def find(self, path: str) -> str | None:
        """The target for a decoded path ('' for a 410), None if the path is of another form."""
        found = self._compiled.fullmatch(path)
        return None if found is None else self.filled(found.groups())

    def filled(self, texts: tuple[str, ...]) -> str:
        """The target with these decoded texts for the groups."""
        return filled(self.replacement, texts)

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.expression)


class Group(NamedTuple):
    """What a pattern's source has in place of a text. `kind`: '' for what has no slash, 'int' for
    digits, 'rest' for `*`. `is_in_query`: it stands behind the target's `?`."""

    kind: str
    is_in_query: bool


def expression(
    pattern: Pattern, literal: Callable[[str], str], group: Callable[[Group], str]
) -> str:
    """A pattern's source as an expression for a whole path: `literal` writes what is as it is,
    `group` what stands in place of a text, as one group."""
    query = pattern.target.removeprefix(without_query(pattern.target))
    source = _AT_END.sub("/", pattern.source)
    parts, end = list[str](), 0
    for found in PLACEHOLDER.finditer(source):
        parts.append(literal(source[end : found.start()]))
        parts.append(group(Group("int" if found[2] else "", f"{{{found[1]}}}" in query)))
        end = found.end()
    parts.append(literal(source[end:]))
    if source != pattern.source:
        parts.append(group(Group("rest", "*" in query)))
    return f"^{''.join(parts)}$"


def filled(replacement: str, texts: tuple[str, ...]) -> str:
    """A `Pattern.replacement` with these decoded texts, percent-encoded, for its groups."""
    return re.sub(r"\{([0-9]+)\}", lambda found: encode_path(texts[int(found[1]) - 1]), replacement)


def _escaped(text: str) -> str:
    # A space would end the expression where it is stored among other words.
    return _SPECIAL.sub(r"\\\g<0>", text).replace(" ", r"\x20")


def _source_problem(source: str) -> str:
    if len(source) > PATTERN_CHARACTERS_MAX:
        return f"a pattern has at most {PATTERN_CHARACTERS_MAX} characters"
    plain = PLACEHOLDER.sub("x", _AT_END.sub("/", source))
    if "{" in plain or "}" in plain:
        return "a placeholder is {name} or {name:int}, in lower-case letters"
    if "*" in plain:
        return "a `*` stands at the end, behind a slash"
    if plain == source:
        return "a pattern has a placeholder, or `/*` at the end"
    if not is_site_path(plain):
        return "a source is a clean decoded path that begins with '/'"
    if re.search(r"\}\{", source):
        return "two placeholders need something between them"
    words = (len(re.findall(r"\{[a-z][a-z0-9_]*\}", folder)) for folder in source.split("/"))
    if max(words) > _WORDS_MAX:
        return f"one folder has at most {_WORDS_MAX} placeholders that are no {{name:int}}"
    names = [found[1] for found in PLACEHOLDER.finditer(source)]
    if len(set(names)) < len(names):
        return "a placeholder stands there twice"
    return ""


def _target_problem(pattern: Pattern) -> str:
    target = pattern.target
    if pattern.status == GONE:
        return "410 has no target" if target else ""
    origin = _ORIGIN.match(target)
    if "{" in (origin[0] if origin else ""):
        return "no placeholder can stand in a host: visitors could choose it"
    used = {found[1] for found in PLACEHOLDER.finditer(target)}
    names = {found[1] for found in PLACEHOLDER.finditer(pattern.source)}
    if used - names:
        return f"the target's {{{min(used - names)}}} is not in the source"
    has_rest = _AT_END.search(pattern.source)
    plain = PLACEHOLDER.sub("x", target)
    if has_rest:
        plain = re.sub(r"\*\Z", "", plain)
    if "{" in plain or "}" in plain:
        return "a placeholder of a target is {name}"
    if "*" in plain:
        return "a `*` stands at the end of both, behind a slash in the source"
    if decode(plain) is None:
        return f"target {target!r} is not percent-encoded UTF-8"
    return target_problem(pattern.status, plain)
