"""What all formats read from a rule set: the parts of patterns, and the parameters of paths."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from redirects.patterns import Pattern
from redirects.query import own_variables
from redirects.rule import Rule
from redirects.rules import RuleSet
from redirects.targets import without_query

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]{0,30})(:int)?\}")

GROUPS_MAX = 9
"""`$1` to `$9`: no server reads `$10`."""


class Group(NamedTuple):
    """A place of a pattern. `kind`: '' for what has no slash, 'int' for digits, 'rest' for `*`.
    `is_in_query`: it stands behind the target's `?`."""

    kind: str
    is_in_query: bool


def expression(
    pattern: Pattern, literal: Callable[[str], str], group: Callable[[Group], str]
) -> str:
    """A pattern's source as an expression for a whole path: `literal` writes what is as it is,
    `group` a place, as one group."""
    path = without_query(pattern.target)
    source = pattern.source.removesuffix("*")
    has_rest = source != pattern.source
    parts, end = list[str](), 0
    for found in _PLACEHOLDER.finditer(source):
        is_in_query = f"{{{found[1]}}}" in pattern.target.removeprefix(path)
        parts.append(literal(source[end : found.start()]))
        parts.append(group(Group("int" if found[2] else "", is_in_query)))
        end = found.end()
    parts.append(literal(source[end:]))
    if has_rest:
        parts.append(group(Group("rest", "*" in pattern.target.removeprefix(path))))
    return f"^{''.join(parts)}$"


class Own(NamedTuple):
    """The query variables of a site's own types and taxonomies (`query.own_variables`)."""

    types: tuple[str, ...] = ()
    taxonomies: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.types, *self.taxonomies)


def own_of(rules: RuleSet) -> Own:
    """Those that stand in rules. A name of both kinds is a type's."""
    types, _, taxonomies = own_variables(rule.source for rule in rules.rules).partition("|")
    return Own(
        tuple(types.split()),
        tuple(name for name in taxonomies.split() if name not in types.split()),
    )


def own_names(rule: Rule, own: Own) -> list[str]:
    """The site's own variables by which a rule can be asked for."""
    if "post_type=" not in rule.source and "taxonomy=" not in rule.source:
        return []
    values = dict(part.split("=", 1) for part in rule.source[1:].split("&") if "=" in part)
    return [
        values[kind]
        for kind, named in (("post_type", "name"), ("taxonomy", "term"))
        if named in values and values.get(kind) in own.names
    ]


def cut(target: str) -> tuple[str, str, str]:
    """A target for a query to be carried over: what comes before it, `?` or `&`, the fragment."""
    page, hash_mark, fragment = target.partition("#")
    return page, "&" if "?" in page else "?", hash_mark + fragment
