"""A rule set in figures."""

from __future__ import annotations

import pytest

from publisher.redirect_console import show_summary
from publisher.redirect_summary import fullness, summary
from redirects.patterns import Pattern
from redirects.rule import Rule
from redirects.rules import RuleSet

RULES = RuleSet.of(
    [
        Rule("?p=12", 301, "/blog/12.html", "/blog/12.html", "post 12"),
        Rule("?p=13", 301, "/blog/13.html", "/blog/13.html", "post 13"),
        Rule("/a", 302, "/b", origin="redirects.csv:2"),
        Rule("/a", 302, "/en/b", origin="redirects.csv:3", language="en"),
        Rule("/x", 410, origin="withdrawn"),
        Rule("/y", 301, "/z", origin="old: thing"),
    ],
    [Pattern("/old/*", 301, "/new/*", "site-config.yaml:9", host="old.example.co.jp")],
)


def test_rules_are_counted_by_where_they_come_from() -> None:
    made = summary(RULES, {"redirects.csv", "site-config.yaml"})
    assert (made.rules, made.patterns) == (6, 1)
    assert made.origins == {
        "post": 2,
        "redirects.csv": 2,
        "withdrawn": 1,
        "old: thing": 1,
        "site-config.yaml": 1,
    }
    assert made.statuses == {"301": 4, "302": 2, "410": 1}
    assert made.conditions == {
        "language": 1,
        "host": 1,
        "agents that show shared links get the page": 2,
    }


def test_how_full_the_edge_is(capsys: pytest.CaptureFixture[str]) -> None:
    full = fullness(RULES)
    assert 0 < full.share < 0.01
    show_summary("r1", summary(RULES), full, ())
    assert "6 redirects, 1 patterns, for release r1" in capsys.readouterr().out
    large = RuleSet.of([], [Pattern(f"/{n}/{'x' * 200}/*", 301, "/") for n in range(9)])
    full = fullness(large)
    assert full.share > 1
    show_summary("r1", summary(large), full, ())
    assert "Does not fit the edge: the patterns" in capsys.readouterr().out
