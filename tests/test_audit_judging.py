"""What an audit makes of a visitor's way, and what that is worth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.audit.forms import Form
from publisher.audit.judging import Evidence, Way, judged, value
from publisher.audit.report import BAD, GOOD, Finding, Measures, Outcome
from publisher.audit.score import Weighed, lost_points, score
from publisher.paths import SitePath

PAGE = SitePath("/blog/12.html")
POST = Form("/?p=12", PAGE, "post 12", 12)
LOCKED = Form("/?p=1700", None, "post 1700")
MOVED = Way((301, 200), PAGE)


@pytest.mark.parametrize(
    ("url", "way", "evidence", "outcome", "kinds"),
    [
        ("/about/", Way((200,), "/about/"), Evidence(), "kept", []),
        ("/?p=12", MOVED, Evidence(POST, shown=12), "moved", []),
        ("/?p=12", MOVED, Evidence(POST), "moved", []),  # the page does not tell its number
        ("/?p=12", MOVED, Evidence(POST, shown=99), "broken", ["wrong-page"]),
        ("/?p=12", Way((301, 200), "/blog/9.html"), Evidence(POST), "broken", ["wrong-page"]),
        ("/?p=12", Way((301, 200), "/"), Evidence(POST), "broken", ["soft-404"]),
        ("/?p=12", Way((404,)), Evidence(POST), "lost", ["unexplained-id"]),
        ("/?p=12", Way((410,)), Evidence(POST), "broken", ["gone-but-public"]),
        ("/?p=12", Way((410,)), Evidence(POST, origin="withdrawn"), "gone", []),
        ("/?p=1700", Way((404,)), Evidence(LOCKED), "closed", ["protected"]),
        ("/old", Way((404,)), Evidence(), "lost", ["not-found"]),
        ("/wp-login.php", Way((404,)), Evidence(closed="not-for-visitors"), "closed",
         ["not-for-visitors"]),
        ("/old", Way((410,)), Evidence(), "gone", []),
        ("/old", Way((301, 404)), Evidence(), "broken", ["leads-to-nothing"]),
        ("/old.", Way((301, 404)), Evidence(has_rule=False), "lost", ["not-found"]),
        ("/x).", Way((301, 404)), Evidence(closed="dead-before", has_rule=False), "closed",
         ["dead-before"]),
        ("/old", Way((301, 410)), Evidence(), "broken", ["leads-to-nothing"]),
        ("/old", Way((301, 302, 301), is_circle=True), Evidence(), "broken", ["circle"]),
        ("/old", Way((301,), elsewhere="https://a.example/"), Evidence(), "elsewhere",
         ["elsewhere"]),
        ("/old", Way((301, 301, 200), PAGE), Evidence(), "moved", ["chain"]),
        ("/old", Way((302, 200), PAGE), Evidence(), "moved", ["temporary"]),
        ("/old", Way((302, 200), PAGE), Evidence(is_own=True), "moved", []),
        ("/old", Way((301, 200), "/"), Evidence(), "broken", ["soft-404"]),
        ("/old", Way((301, 200), "/"), Evidence(is_own=True), "moved", ["soft-404"]),
        ("/old", Way((302, 200), "/"), Evidence(origin="redirect of the CMS"), "moved",
         ["soft-404"]),
        ("/?utm_source=x", Way((301, 200), "/"), Evidence(), "moved", []),
        ("/index.php", Way((301, 200), "/"), Evidence(), "moved", []),
        ("/old", Way((503,)), Evidence(), "broken", ["leads-to-nothing"]),
    ],
)  # fmt: skip
def test_what_a_way_means(
    url: str, way: Way, evidence: Evidence, outcome: Outcome, kinds: list[str]
) -> None:
    found = judged(url, way, evidence)
    assert found.outcome == outcome
    assert [one.kind for one in found.findings] == kinds
    is_grave = any(one.severity == "critical" for one in found.findings)
    assert is_grave == (outcome in BAD)


outcomes = st.sampled_from(["kept", "moved", "elsewhere", "gone", "closed", "lost", "broken"])
findings = st.sampled_from([(), (Finding("chain", "warning"),), (Finding("noindex", "critical"),)])
measures = st.builds(Measures, *[st.integers(0, 10**9)] * 4)
weighed = st.builds(Weighed, outcomes, findings, measures)


@given(st.lists(weighed, max_size=30))
def test_a_score_is_100_if_and_only_if_nothing_is_lost(rows: list[Weighed]) -> None:
    made = score(rows)
    assert 0 <= made.value <= 100
    counted = [row for row in rows if row.outcome in (*GOOD, *BAD)]
    is_whole = all(value(row.outcome, row.findings) == 1 for row in counted)
    assert (made.value == 100) == is_whole
    assert abs(sum(part.weight for part in made.parts) - (1 if counted else 0)) < 1e-9


@given(st.lists(weighed, min_size=1, max_size=30))
def test_lost_points_are_what_mending_all_would_bring(rows: list[Weighed]) -> None:
    made = score(rows)
    lost = sum(lost_points(row, made.parts) for row in rows)
    assert made.value + lost == pytest.approx(100, abs=1e-6)


def test_what_visitors_ask_for_outweighs_what_nobody_does() -> None:
    asked = Weighed("moved", (), Measures(hits=1000))
    nobody = [Weighed("lost", (), Measures())] * 9
    assert score([asked, *nobody]).value == pytest.approx(100 * (0.8 + 0.2 * 0.1))
