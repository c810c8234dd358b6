"""What refuses a release, exactly at its limits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from publisher.errors import Finding
from publisher.gates import (
    NAMES,
    RULES,
    BrokenLink,
    Failed,
    Limit,
    Limits,
    ObjectPage,
    ReleaseFacts,
    check,
    described,
    refusal,
    refused,
    summary,
)
from publisher.manifest import Difference, Entry
from publisher.paths import SitePath

PAGE = Entry("x", 1, "text/html; charset=utf-8", "")
STYLE = Entry("x", 1, "text/css; charset=utf-8", "")


def facts(**given: object) -> ReleaseFacts:
    return ReleaseFacts(**{"has_home": True, "pages": 2, **given})  # type: ignore[arg-type]


def failures(number: int) -> Iterator[Failed]:
    return (Failed(f"/failed/{n}/", "no answer") for n in range(number))


def lost(number: int, entry: Entry = PAGE) -> list[Difference]:
    return [Difference(SitePath(f"/{n}/"), entry, None) for n in range(number)]


def shrinks(path: str, before: int, after: int) -> Difference:
    old, new = (Entry("x", size, "text/html; charset=utf-8", "") for size in (before, after))
    return Difference(SitePath(path), old, new)


def gates(**given: object) -> list[str]:
    return [finding.gate for finding in check(facts(**given))]


def test_a_good_export_passes() -> None:
    assert check(facts()) == []


@pytest.mark.parametrize(
    ("has_home", "pages", "found"),
    [(False, 1, ["empty"]), (True, 1, ["empty"]), (True, 2, []), (False, 0, ["empty"])],
)
def test_a_site_needs_a_home_page_and_another(has_home: bool, pages: int, found: list[str]) -> None:
    assert gates(has_home=has_home, pages=pages) == found


@pytest.mark.parametrize(
    ("limit", "asked", "failed", "count"),
    [(0, 9, 0, 0), (0, 9, 1, 1), (2, 9, 2, 0), (2, 9, 3, 3),
     ("0.5%", 1000, 5, 0), ("0.5%", 1000, 6, 6), ("0.5%", 100, 1, 1), ("0%", 100, 1, 1),
     ("100%", 10, 10, 0)],
)  # fmt: skip
def test_failures_above_the_limit_are_all_named(
    limit: int | str, asked: int, failed: int, count: int
) -> None:
    limits = Limits(errors=Limit.parse(limit))
    found = gates(failed=failures(failed), asked=asked, limits=limits)
    assert found == ["errors"] * count


@pytest.mark.parametrize(
    ("limit", "live", "pages", "refuses"),
    [(20, 100, 20, False), (20, 100, 21, True), (20, 1000, 50, False), (20, 1000, 51, True),
     (0, 10, 1, True), (0, 20, 1, False), (0, 0, 0, False)],
)  # fmt: skip
def test_lost_pages_count_above_both_limit_and_share(
    limit: int, live: int, pages: int, refuses: bool
) -> None:
    found = gates(changes=iter(lost(pages)), live_pages=live, limits=Limits(lost_pages=limit))
    assert found == ["lost-pages"] * pages * refuses


def test_what_is_new_changed_or_no_page_is_not_lost() -> None:
    new = [Difference(SitePath(f"/{n}/"), None, PAGE) for n in range(9)]
    changed = [Difference(SitePath(f"/{n}/"), PAGE, STYLE) for n in range(9)]
    changes = [*new, *changed, *lost(9, STYLE)]
    assert gates(changes=changes, live_pages=9, limits=Limits(lost_pages=0)) == []


def test_what_the_cms_itself_took_down_is_not_lost() -> None:
    down = {f"/{n}/" for n in range(5)}
    limits = Limits(lost_pages=1)
    assert gates(changes=lost(6), live_pages=6, taken_down=down, limits=limits) == []
    assert len(gates(changes=lost(7), live_pages=7, taken_down=down, limits=limits)) == 2


@pytest.mark.parametrize(
    ("before", "after", "refuses"),
    [(2049, 409, True), (2049, 410, False), (2048, 0, False), (100_000, 19_999, True)],
)
def test_a_page_that_became_tiny(before: int, after: int, refuses: bool) -> None:
    assert gates(changes=iter([shrinks("/a/", before, after)])) == ["tiny-pages"] * refuses
    assert gates(changes=[shrinks("/a/", before, after)], edited={"/a/"}) == []


def test_objects_that_are_not_public() -> None:
    pages = [ObjectPage("/blog/1.html", 1), ObjectPage("/blog/2.html", 2), ObjectPage("/c/", 3)]
    found = check(facts(objects=iter(pages), public_ids={1, 2}, withdrawn={2}))
    assert [(f.gate, f.page) for f in found] == [
        ("unpublished", "/blog/2.html"), ("unpublished", "/c/"),
    ]  # fmt: skip
    assert "during the export" in found[0].detail
    assert gates(objects=pages) == []


def test_links_that_only_the_release_has_broken() -> None:
    (found,) = check(facts(broken=iter([BrokenLink("/b/", "/a/", "status 200 at the CMS")])))
    assert (found.gate, found.page) == ("broken-links", "/a/")
    assert "/b/" in found.detail
    assert "status 200" in found.detail


def test_an_override_lets_its_own_gate_through_and_no_other() -> None:
    found = [Finding(name, "/", "") for name in NAMES]
    assert {finding.gate for finding in refused(found, {"errors": "known"})} == set(NAMES) - {
        "errors"
    }


def mail(page: str, address: str = "mika@yamada.example") -> Finding:
    return Finding("emails", page, f"shows {address}", 3, 7, f"<p>{address}", address)


def test_one_matter_on_many_pages_is_one_finding() -> None:
    found = check(facts(found=(mail(f"/{n // 2}/") for n in range(100))))
    assert [(f.page, f.pages, len(f.also)) for f in found] == [("/0/", 50, 20)]
    assert found[0].also[:2] == ("/1/", "/2/")


def test_findings_without_a_subject_stay_apart() -> None:
    two = [Finding("tiny-pages", page, "shows no text and no picture") for page in ("/a/", "/b/")]
    assert check(facts(found=iter(two))) == two


def test_a_refusal_has_the_lines_that_allow_addresses() -> None:
    error = refusal([mail("/a/", "b@yamada.jp"), mail("/a/", "a@yamada.jp")])
    assert "--override emails" in error.hint
    lines = 'gates:\n  emails:\n    - "a@yamada.jp"\n    - "b@yamada.jp"'
    assert error.hint.endswith(lines)


def test_thousands_of_findings_stay_readable() -> None:
    many = [Finding("lost-pages", f"/{n}/", "is live and not in this export") for n in range(5000)]
    lines = list(summary([*many, mail("/a/")]))
    assert len(lines) < 15
    assert lines[0].startswith("emails: 1 finding; ")
    assert lines[1] == "  /a/:3:7: shows mika@yamada.example: <p>mika@yamada.example"
    assert lines[2] == f"lost-pages: 5,000 findings; {RULES['lost-pages']}"
    assert lines[-1] == "  and 4,995 more (--json has them all)"


def test_a_description_names_the_number_of_pages() -> None:
    (found,) = check(facts(found=iter([mail("/a/"), mail("/b/")])))
    assert "(on 2 pages)" in described(found)
