"""Plans: carrying one out leaves exactly the new release and its older assets."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.compose import compose, older_assets, slot_differences
from publisher.documents import NAMED_MAX, of_plan
from publisher.manifest import Difference, Entry
from publisher.paths import SitePath
from publisher.plan import GROUPS, Action, Plan

Site = dict[SitePath, Entry]

PAGE, STYLE = "text/html; charset=utf-8", "text/css; charset=utf-8"


def entry(blob: str, content_type: str = PAGE, cache: str = "") -> Entry:
    return Entry(blob, len(blob), content_type, cache)


PATHS = st.sampled_from([SitePath(f"/{name}") for name in "abcde"])
ENTRIES = st.builds(entry, st.sampled_from("xyz"), st.sampled_from([PAGE, STYLE]))
SITES = st.dictionaries(PATHS, ENTRIES)


def changes(old: Site, new: Site) -> list[Difference]:
    return [
        Difference(path, old.get(path), new.get(path))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    ]


def assets_beside(new: Site, earlier: list[Site]) -> Site:
    return dict(older_assets(changes(release, new) for release in earlier))


def carried_out(held: Site, actions: list[Action]) -> Site:
    files = dict(held)
    for action in actions:
        if action.entry is None:
            del files[action.path]
        else:
            files[action.path] = action.entry
    return files


@given(SITES, SITES)
def test_a_plan_leads_from_one_site_to_the_other(old: Site, new: Site) -> None:
    steps = Plan(lambda: changes(old, new))
    assert carried_out(old, list(steps)) == new
    assert len(steps) == len(changes(old, new))


@given(SITES, SITES)
def test_assets_come_before_pages_and_removals_last(old: Site, new: Site) -> None:
    steps = Plan(lambda: changes(old, new))
    order = [2 if a.entry is None else int(a.entry.is_page) for a in steps]
    assert order == sorted(order)
    for name in GROUPS:
        group = list(steps.group(name))
        assert all(one.path < other.path for one, other in pairwise(group))


def test_differences_are_read_once_for_each_group_that_has_any_and_held_nowhere() -> None:
    read: list[int] = []

    def found() -> list[Difference]:
        read.append(1)
        return changes({}, {SitePath(f"/{number}"): entry("x") for number in range(5)})

    steps = Plan(found)
    assert (len(steps), steps.reasons, len(read)) == (5, {"new": 5}, 1)
    assert (len(list(steps)), len(read)) == (5, 2)
    assert (list(steps.group("removals")), len(read)) == ([], 2)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (None, entry("x"), "new"),
        (entry("x"), entry("y"), "changed"),
        (entry("x"), entry("x", cache="no-store"), "headers changed"),
        (entry("x"), entry("x", STYLE), "headers changed"),
        (entry("x"), None, "gone"),
    ],
)
def test_every_action_has_a_reason(old: Entry | None, new: Entry | None, reason: str) -> None:
    (action,) = Plan(lambda: [Difference(SitePath("/a"), old, new)])
    assert (action.entry, action.reason) == (new, reason)


def test_of_a_large_plan_some_files_are_named_and_all_counted() -> None:
    site = {SitePath(f"/記事/{number:04}.html"): entry("x") for number in range(NAMED_MAX + 500)}
    said = of_plan(Plan(lambda: changes({SitePath("/old.html"): entry("x")}, site)))
    assert (said["files"], said["counts"]) == (NAMED_MAX + 501, {"new": NAMED_MAX + 500, "gone": 1})
    assert len(said["dry_run"]) == NAMED_MAX
    assert said["dry_run"][0] == {"path": "/記事/0000.html", "reason": "new"}


@given(st.lists(SITES, min_size=1, max_size=4), st.lists(SITES, min_size=1, max_size=4))
def test_a_slot_goes_from_any_release_with_older_assets_to_any_other(
    before: list[Site], after: list[Site]
) -> None:
    older_before = assets_beside(before[0], before[1:])
    older_after = assets_beside(after[0], after[1:])
    held, wanted = before[0] | older_before, after[0] | older_after
    found = list(
        slot_differences(
            changes(before[0], after[0]),
            sorted(older_before.items()),
            sorted(older_after.items()),
        )
    )
    assert found == changes(held, wanted)
    assert carried_out(held, list(Plan(lambda: found))) == wanted


@given(SITES, st.lists(SITES, max_size=3))
def test_older_assets_are_those_the_new_release_lacks(new: Site, earlier: list[Site]) -> None:
    older = assets_beside(new, earlier)
    assert not older.keys() & new.keys()
    assert not any(kept.is_page for kept in older.values())
    for path in {path for site in earlier for path in site} - new.keys():
        had = [site[path] for site in earlier if path in site and not site[path].is_page]
        assert older.get(path) == (had[0] if had else None)


def test_the_first_layer_that_has_a_path_wins() -> None:
    cms, designer = {SitePath("/a"): entry("cms")}, {SitePath("/a"): entry("designer")}
    designer[SitePath("/b")] = entry("designer")
    assert list(compose([cms.items(), designer.items()])) == [
        (SitePath("/a"), entry("cms")),
        (SitePath("/b"), entry("designer")),
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (entry("x"), entry("x", STYLE), True),
        (entry("x"), entry("y", cache="max-age=1"), True),
        (entry("x"), entry("y"), False),
        (None, entry("x"), False),
        (entry("x"), None, False),
    ],
)
def test_an_action_says_whether_headers_change(
    old: Entry | None, new: Entry | None, expected: bool
) -> None:
    """Whatever becomes of the bytes: an edge may have kept the new ones, with other headers."""
    (action,) = Plan(lambda: [Difference(SitePath("/日本.html"), old, new)])
    assert action.new_headers is expected
