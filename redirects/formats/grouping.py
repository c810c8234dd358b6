"""What all formats read from a rule set: the site's own variables, and the parts of targets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from redirects.formats.written import Unsupported
from redirects.query import own_variables
from redirects.rule import Rule
from redirects.rules import RuleSet

GROUPS_MAX = 9
"""`$1` to `$9`: no server reads `$10`."""


class OwnVariables(NamedTuple):
    """The query variables of a site's own types and taxonomies (`query.own_variables`)."""

    types: tuple[str, ...] = ()
    taxonomies: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.types, *self.taxonomies)


def own_of(rules: RuleSet) -> OwnVariables:
    """Those that stand in rules. A name of both kinds is a type's."""
    types, _, taxonomies = own_variables(rule.source for rule in rules.rules).partition("|")
    return OwnVariables(
        tuple(types.split()),
        tuple(name for name in taxonomies.split() if name not in types.split()),
    )


def unread(rule: Rule, server: str, own: OwnVariables, read: OwnVariables) -> Iterator[Unsupported]:
    """The site's own variables by which a rule can be asked for, and which a server, that can
    `read` some of them, does not know."""
    for name in _own_names(rule, own):
        if name not in read.names:
            reason = f"{server} can't read so many own variables: `?{name}=` is unknown to it"
            yield Unsupported(rule, reason)


def _own_names(rule: Rule, own: OwnVariables) -> list[str]:
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
