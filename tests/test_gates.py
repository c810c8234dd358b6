"""What refuses a release, exactly at its limits."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from publisher.errors import Finding
from publisher.gates import NAMES, Facts, Limits, check, refused
from publisher.manifest import Difference, Entry
from publisher.paths import SitePath

PAGE = Entry("x", 1, "text/html; charset=utf-8", "")
STYLE = Entry("x", 1, "text/css; charset=utf-8", "")


def facts(
    pages: int = 2,
    *,
    home: bool = True,
    failed: int = 0,
    changes: Sequence[Difference] = (),
    live: int = 0,
    findings: Sequence[Finding] = (),
) -> Facts:
    failures = {SitePath(f"/failed/{n}/"): "no answer" for n in range(failed)}
    return Facts(pages, home, failed=failures, findings=findings, changes=changes, live_pages=live)


def lost(number: int, entry: Entry = PAGE) -> list[Difference]:
    return [Difference(SitePath(f"/{n}/"), entry, None) for n in range(number)]


def gates(of: Facts) -> set[str]:
    return {finding.gate for finding in check(of, Limits())}


def test_a_good_export_passes() -> None:
    assert check(facts(), Limits()) == []


@pytest.mark.parametrize(
    ("pages", "home", "found"), [(1, False, {"empty"}), (1, True, {"empty"}), (2, True, set())]
)
def test_a_site_needs_a_home_page_and_another(pages: int, home: bool, found: set[str]) -> None:
    assert gates(facts(pages, home=home)) == found


@pytest.mark.parametrize(("limit", "failed", "count"), [(0, 0, 0), (0, 1, 1), (2, 2, 0), (2, 3, 3)])
def test_failures_above_the_limit_are_all_named(limit: int, failed: int, count: int) -> None:
    found = check(facts(failed=failed), Limits(errors=limit))
    assert [finding.gate for finding in found] == ["errors"] * count


@pytest.mark.parametrize(
    ("limit", "live", "pages", "refuses"),
    [(20, 100, 20, False), (20, 100, 21, True), (20, 1000, 50, False), (20, 1000, 51, True),
     (0, 10, 1, True), (0, 20, 1, False), (0, 0, 0, False)],
)  # fmt: skip
def test_lost_pages_count_above_both_limit_and_share(
    limit: int, live: int, pages: int, refuses: bool
) -> None:
    found = check(facts(changes=lost(pages), live=live), Limits(lost_pages=limit))
    assert [finding.gate for finding in found] == ["lost-pages"] * pages * refuses


def test_what_is_new_changed_or_no_page_is_not_lost() -> None:
    new = [Difference(SitePath(f"/{n}/"), None, PAGE) for n in range(9)]
    changed = [Difference(SitePath(f"/{n}/"), PAGE, STYLE) for n in range(9)]
    assert check(facts(changes=new + changed + lost(9, STYLE), live=9), Limits(lost_pages=0)) == []


def test_an_override_lets_its_own_gate_through_and_no_other() -> None:
    found = [Finding(name, "/", "") for name in NAMES]
    assert {finding.gate for finding in refused(found, {"errors": "known"})} == set(NAMES) - {
        "errors"
    }


def test_findings_of_the_crawl_refuse_as_well() -> None:
    leak = Finding("staging-host", "/", "http://127.0.0.1:8181")
    assert gates(facts(findings=[leak])) == {"staging-host"}
