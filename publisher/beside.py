"""Redirect rules beside files that the CMS knows nothing of. Pure.

A page answers for itself: as with the CMS's own pages, no rule is at its path, and no pattern
hides it.
"""

from __future__ import annotations

from collections.abc import Collection

from publisher.own import Coverage, is_conditional
from publisher.paths import SitePath
from redirects.kana import composed
from redirects.rules import RuleSet
from redirects.wordpress import slash_rules


def beside(rules: RuleSet, paths: Collection[SitePath]) -> RuleSet:
    """The rules of a site that has files at these paths, too. Rules that hold for some visitors
    only stay; a folder without its slash leads to the folder."""
    if not paths:
        return rules
    there = {composed(path) for path in paths}
    coverage = Coverage(rules.patterns)
    for path in paths:
        coverage.note(path)
    hiding = {id(one.pattern) for one in coverage.hiding() if not is_conditional(one.pattern)}
    known = {rule.source for rule in rules.rules if not is_conditional(rule)}
    slashes = (rule for rule in slash_rules(path for path in paths if path.endswith("/")))
    return RuleSet.of(
        (
            *(r for r in rules.rules if is_conditional(r) or composed(r.source) not in there),
            *(r for r in slashes if r.source not in known and composed(r.source) not in there),
        ),
        [pattern for pattern in rules.patterns if id(pattern) not in hiding],
    )
