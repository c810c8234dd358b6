"""One redirect: an old URL and what it answers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

import msgspec

from redirects.query import ROOT_PATHS, VARIABLES, canonical_query, chosen_query
from redirects.targets import condition_problem, in_place_problem, is_site_path, target_problem

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


def names_of(query: str) -> list[str]:
    """The names of a rule's parameters."""
    return [part.partition("=")[0] for part in query.split("&")]


def sets_of_names(rules: Iterable[Rule]) -> dict[str, list[tuple[str, ...]]]:
    """For each path that has rules with parameters: the sets of names that these ask for, in the
    order in which they are looked up, those of most names first."""
    by_path: dict[str, set[tuple[str, ...]]] = {}
    for rule in rules:
        if rule.query:
            by_path.setdefault(rule.source, set()).add(tuple(names_of(rule.query)))
    return {path: sorted(found, key=by_size) for path, found in by_path.items()}


def by_size(names: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """Where a set of names stands in the order of `sets_of_names`."""
    return -len(names), names


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
    if source in ROOT_PATHS and (known := set(names) & set(VARIABLES)):
        return f"WordPress reads {min(known)!r} itself: write it as the source ?{query}"
    key, rest = chosen_query(_as_sent(query), sorted(set(names)))
    return "" if key == query and not rest else f"never matches: its canonical form is {key!r}"


def _as_sent(query: str) -> str:
    """A key as a browser would send it: the key escapes `%` and `&` alone."""
    return "&".join(
        f"{name}={quote(value.replace('%26', '&').replace('%25', '%'), safe='')}"
        for name, _, value in (part.partition("=") for part in query.split("&"))
    )
