"""What an export found worth a look, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from publisher.addresses import EXAMPLE, Address
from publisher.collisions import Collision, collisions
from publisher.compose import Both
from publisher.crawl import Crawled
from publisher.errors import PublisherError
from publisher.own import NOTHING, Own, does, endless, is_conditional, shown
from publisher.rewrite.tokens import Shape
from publisher.rewrite.varying import Spot
from publisher.rules import Hiding, compiled
from publisher.traps import TrapReport
from redirects.chains import SentTwice
from redirects.compile import LeftOut
from redirects.rules import Rule, RuleConflict, RuleSet

# So many places of a page that differ at each look are shown.
_SPOTS_MAX = 3
# So many redirects that lead to nothing are named.
_DEAD_MAX = 20


def remarks(
    public: str,
    crawled: Crawled,
    listed: Iterable[Address],
    shortened: Iterable[str],
    rules: RuleSet,
    own: Own = NOTHING,
    hiding: Iterable[Hiding] = (),
    nowhere: Iterable[Rule] = (),
    unreachable: Iterable[str] = (),
    met: Iterable[Collision] = (),
) -> Iterator[str]:
    """All of it, the gravest first. `public` is the address that visitors see; `hiding`: what of
    the site's own redirects would hide pages; `nowhere`: those that lead to nothing;
    `unreachable`: paths that end in what the edge takes off; `met`: collisions of what is not
    listed."""
    if public == EXAMPLE:
        yield f"site.url is {public}, an example: canonical links and shares lead there"
    if crawled.noindex:
        yield "the CMS asks search engines to stay away (Settings > Reading): so will the site"
    of_lists = collisions(listed)
    yield from map(_collision, of_lists)
    known = {one.path for one in of_lists}
    yield from (_collision(one) for one in met if one.path not in known)
    yield from map(_trap, crawled.traps.report())
    for cut in shortened:
        yield f"{cut} is the shortened form of a path that is too long for a file"
    for lost in unreachable:
        yield f"nobody can reach {lost}: punctuation at the end of a path is taken off"
    yield from of_redirects(rules, own, hiding, nowhere)
    try:
        yield from map(_left_out, compiled(rules)[1].left_out)
    except PublisherError as error:  # other servers hold more
        yield f"this release can't go live on our edges: {error}"


def of_redirects(
    rules: RuleSet, own: Own, hiding: Iterable[Hiding], nowhere: Iterable[Rule]
) -> Iterator[str]:
    """What had to be left out of a rule set, and what of the site's own is not as it seems."""
    yield from map(_hiding, hiding)
    dead = list(nowhere)
    for rule in dead[:_DEAD_MAX]:
        yield f"{shown(rule)} ({rule.origin}) {does(rule)}, where nothing is"
    if len(dead) > _DEAD_MAX:
        yield f"{len(dead) - _DEAD_MAX:,} more redirects of your own lead where nothing is"
    yield from _conflicts(rules.conflicts, own)
    yield from (endless(loop, ", left out") for loop in rules.loops)
    yield from map(_twice, rules.twice)


def at_both(both: Iterable[Both]) -> Iterator[str]:
    """Paths that the CMS and a designer have."""
    for one in both:
        whose = "the designer's is" if one.is_designers else "the CMS's is"
        yield f"{one.path} is in the CMS and in a designer's upload: {whose} shown"


def varies(path: str, spots: tuple[Spot, ...]) -> str:
    """A page that is not the same when it is asked for twice."""
    shown = "; ".join(
        f"after {spot.before[-40:]!r}: {spot.first[:40]!r}, then {spot.second[:40]!r}"
        for spot in spots[:_SPOTS_MAX]
    )
    shapes = [spot.shape for spot in spots if spot.shape]
    hint = f"; to settle it, add to cms.tokens: {_line(shapes[0])}" if shapes else ""
    return f"{path} is another page at each look, so each export makes a release: {shown}{hint}"


def _line(shape: Shape) -> str:
    """A shape as the configuration has it."""
    if shape.attribute:
        return f"- attribute: {shape.attribute}"
    pattern = shape.pattern.replace("'", "''")
    return f"- pattern: '{pattern}'"


_PROBLEMS = {
    "same path": "both belong at {path}: only the first is there",
    "unicode": "both belong at {path}, written in two forms of Unicode: only the first is there",
    "file and folder": "have paths that visitors and web servers take for one another: {path}",
    "case": "differ only in upper and lower case: {path}",
}


def _collision(found: Collision) -> str:
    problem = _PROBLEMS[found.problem].format(path=found.path)
    return f"{found.first} and {found.second} {problem}"


def _trap(trap: TrapReport) -> str:
    return (
        f"endless addresses {trap.pattern}: {trap.admitted:,} were asked for, {trap.refused:,} "
        f"were not, such as {trap.example} (on {trap.seen_on})"
    )


def _hiding(one: Hiding) -> str:
    rule, paths = one.rule, ", ".join(one.paths)
    if isinstance(rule, Rule):
        return f"{shown(rule)} ({rule.origin}) is left out: a page is there, and answers for itself"
    files = f"{one.pages:,} file{'s' if one.pages > 1 else ''} of the site, such as {paths}"
    if is_conditional(rule):
        return f"{shown(rule)} ({rule.origin}) hides {files}, from these visitors"
    return f"{shown(rule)} ({rule.origin}) is left out: it would hide {files}"


def _conflicts(conflicts: Iterable[RuleConflict], own: Own) -> Iterator[str]:
    """Each that is in doubt; those that the site's own redirects decide, as one."""
    files = own.files
    wanted: dict[int, RuleConflict] = {}
    for conflict in conflicts:
        if conflict.kept.origin.rpartition(":")[0] in files:
            wanted.setdefault(id(conflict.kept), conflict)  # one may replace several
        else:
            yield _conflict(conflict)
    if wanted:
        yield (
            f"redirects of your own replace {len(wanted):,} that the CMS gives; the first: "
            f"{_conflict(next(iter(wanted.values())))}"
        )


def _conflict(conflict: RuleConflict) -> str:
    kept, dropped = conflict
    return f"{shown(kept)} {does(kept)}, by {kept.origin}; by {dropped.origin} it {does(dropped)}"


def _twice(sent: SentTwice) -> str:
    first, then = (f"{shown(one)} ({one.origin})" for one in sent)
    return f"{first} takes two steps for some: it leads them to {then}, which sends them on"


def _left_out(left: LeftOut) -> str:
    return f"redirect left out: {left.rule.source}: {left.reason}"
