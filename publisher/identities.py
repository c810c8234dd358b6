"""The addresses by which social networks know old posts: what the edge answers there, and which
of them it can't answer. Pure.

A network that is told such an address in `og:url` asks for it, and must get the page itself. If it
got a redirect to a page that names the first address again, it would go in a circle.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from publisher.hosts import idna
from publisher.paths import decoded
from redirects.kana import composed
from redirects.query import ROOT_PATHS, canonical_query
from redirects.rules import Rule, RuleSet

# So many examples of one problem are named.
_EXAMPLES_MAX = 3
_DEFAULT_PORTS = (None, 80, 443)


class Identity(NamedTuple):
    """An old post, the address by which it is known, and the percent-encoded path of its page."""

    post: str
    url: str
    page: str


def is_here(url: str, public: str) -> bool:
    """Whether an address is one of the public site: its host, with or without `www.`, over http or
    https."""
    return _site(url) == _site(public) != ("", None)


def _site(url: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(url)
        port = None if parts.port in _DEFAULT_PORTS else parts.port
        return idna(parts.hostname or "").removeprefix("www."), port
    except ValueError:  # not a URL at all
        return "", None


def sources(url: str) -> tuple[str, ...]:
    """What redirect rules call an address of the site: the one that is asked for, then the same
    with or without a slash at its end. None for one that no rule can be for: a query that does not
    name a thing of WordPress is not looked at."""
    parts = urlsplit(url)
    path = decoded(parts.path) or "/"
    if path in ROOT_PATHS:
        key = canonical_query(parts.query).key
        return (f"?{key}",) if key else ()
    is_file = "." in path.rpartition("/")[2]
    twin = path.removesuffix("/") if path.endswith("/") else f"{path}/"
    return (path,) if is_file else (path, twin)


def rules_of(identities: Iterable[Identity], public: str) -> Iterator[Rule]:
    """For each address: the page itself for preview crawlers, a redirect for others. One at
    another host than the public one and its twin holds there alone."""
    for one in identities:
        host = "" if is_here(one.url, public) else idna(urlsplit(one.url).hostname or "")
        has_port = _site(one.url)[1] is not None
        for source in () if has_port else sources(one.url):
            # What can be no rule is found missing by `problems`.
            with contextlib.suppress(ValueError):
                origin = f"social identity of post {one.post}"
                yield Rule(source, 301, one.page, one.page, origin, host=host)


def problems(identities: Iterable[Identity], public: str, rules: RuleSet) -> Iterator[str]:
    """What stands in the way of counting, in words: an address at which a crawler does not get the
    post's page."""
    in_place = {rule.source: rule.in_place for rule in rules.rules if not rule.host}
    elsewhere: list[str] = []
    unanswered: list[str] = []
    for one in identities:
        shown = f"{one.url} (post {one.post})"
        if not is_here(one.url, public):
            elsewhere.append(shown)
        elif not _is_answered(one, in_place):
            unanswered.append(shown)
    if elsewhere:
        yield (
            "shares are counted at addresses of another host, which must lead to this edge: "
            + _examples(elsewhere)
        )
    if unanswered:
        yield (
            "shares are counted at addresses where preview crawlers get another page or none: "
            + _examples(unanswered)
        )


def _is_answered(one: Identity, in_place: dict[str, str]) -> bool:
    found = sources(one.url)
    if not found:
        return False
    if found[0] == decoded(one.page):
        return True  # the page was there before, and still is
    source = found[0] if found[0].startswith("?") else composed(found[0])
    return in_place.get(source) == one.page


def _examples(found: list[str]) -> str:
    more = len(found) - _EXAMPLES_MAX
    return ", ".join(found[:_EXAMPLES_MAX]) + (f" and {more:,} more" if more > 0 else "")
