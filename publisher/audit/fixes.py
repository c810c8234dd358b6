"""The rule that would mend an old address. Pure.

What the CMS says comes first. A likeness is a guess, and called one: somebody has to look.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import quote

from rapidfuzz import fuzz, process

from publisher.audit.forms import Form
from publisher.audit.judging import Judgement, Way
from publisher.audit.report import BAD, Fix
from publisher.log_search import GUESS, Found, essence
from publisher.paths import SitePath, decoded
from redirects.own import parse_rule, written
from redirects.targets import SENT_AS_IT_IS

# Percent of likeness of two names (`fuzz.ratio`) from which one is worth proposing, and by how
# much it has to be more like than the next.
_LIKE = 82.0
_AHEAD = 4.0
_CHARACTERS_MIN = 4
_BY_BEGINNING = "WordPress guesses by the beginning of the name"

INSTEAD = "instead of "
"""Begins the reason of a rule that one of the site's own is in the way of; its place follows."""

ALIKE_MAX = 2_000
"""For so many addresses a likeness is looked for, those first that are worth most: with 100,000
pages each takes 7 ms."""


class Pages:
    """The pages of a release, to be found by their names. `alike_max`: for how many addresses,
    those that are asked for first, a page is looked for that is named otherwise."""

    def __init__(self, paths: Iterable[SitePath], alike_max: int = ALIKE_MAX) -> None:
        self._alike_left = alike_max
        self._by_name: dict[str, list[SitePath]] = {}
        for path in paths:
            if name := _name(path):
                self._by_name.setdefault(name, []).append(path)
        self._names = tuple(self._by_name)

    def named_alike(self, url: str) -> tuple[SitePath, str] | None:
        """The one page whose last name is that of an old address, or most like it, and how it was
        found; None if there is no such page, or several."""
        name = _name(decoded(url.partition("?")[0]))
        if len(name) < _CHARACTERS_MIN:
            return None
        if same := self._by_name.get(name):
            return (same[0], "the same name") if len(same) == 1 else None
        if not self._alike_left:
            return None
        self._alike_left -= 1
        nearest = process.extract(name, self._names, scorer=fuzz.ratio, score_cutoff=_LIKE, limit=2)
        if not nearest or (len(nearest) > 1 and nearest[0][1] - nearest[1][1] < _AHEAD):
            return None
        found, likeness, _ = nearest[0]
        paths = self._by_name[found]
        return (paths[0], f"a name that is {likeness:.0f} % alike") if len(paths) == 1 else None


class Told(NamedTuple):
    """What is known that could mend an address: what it names (`form`, whose page is there), what
    the CMS redirects it to (`found`), and the site's own rule that is in the way ('' for none)."""

    form: Form | None = None
    found: Found | None = None
    own: str = ""


def fix(url: str, way: Way, judgement: Judgement, told: Told, pages: Pages) -> Fix | None:
    """The rule for an address (path and query); None if it needs none, or nothing shows one."""
    source = essence(url)
    reason = f"{INSTEAD}{told.own}" if told.own else ""
    if judgement.outcome not in BAD:
        is_dear = any(one.kind in ("chain", "temporary") for one in judgement.findings)
        end = way.elsewhere or (SitePath(way.path).url if way.path else "")
        return _made(source, end, False, reason) if is_dear and end else None
    if told.form and told.form.expected:
        return _made(source, told.form.expected.url, False, reason or told.form.object)
    if told.found:
        is_guess = told.found.origin == GUESS
        why = _BY_BEGINNING if is_guess else "the CMS leads there"
        return _made(told.found.source, told.found.target, is_guess, reason or why)
    alike = pages.named_alike(url)
    if alike and (name := _name(decoded(url.partition("?")[0]))).isdecimal():
        # `/blog/16322.html` is another post than `/blog/1632.html`, however alike they look.
        alike = alike if name == _name(alike[0]) else None
    return _made(source, alike[0].url, True, reason or alike[1]) if alike else None


def _made(source: str, target: str, guess: bool, reason: str) -> Fix | None:
    """A rule as people write it; None if it can be none."""
    try:
        rule = parse_rule(source, target)
        source, target, status, _ = written(rule)
    except ValueError:
        return None
    if quote(source, safe=SENT_AS_IT_IS) == target:
        return None
    return Fix(source, target, int(status or 301), guess, reason)


def _name(path: str) -> str:
    """The last name of a decoded path, without its extension."""
    return path.rstrip("/").rpartition("/")[2].partition(".")[0].casefold()


def rows(found: Iterable[tuple[int, Fix]]) -> Iterable[tuple[str, ...]]:
    """The CSV of rules, each once, with the requests that it mends: a header first, then from, to,
    status, hits, origin."""
    hits: dict[Fix, int] = {}
    for count, one in found:
        hits[one] = hits.get(one, 0) + count
    yield "from", "to", "status", "hits", "origin"
    seen: set[str] = set()
    for one, count in sorted(hits.items(), key=lambda pair: -pair[1]):
        if one.source not in seen:
            seen.add(one.source)
            check = "CHECK: " if one.guess else ""
            yield one.source, one.target, str(one.status), str(count), f"audit; {check}{one.reason}"
