"""Manifests: the same entries give the same bytes, and little is read to find or compare."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher import manifest as manifests
from publisher.manifest import (
    ENTRIES_PER_PART,
    Difference,
    Entry,
    Manifest,
    Row,
    decode_part,
    differences,
    entries_of,
    find,
)
from publisher.paths import SitePath

Site = dict[SitePath, Entry]


def entry(content: str, content_type: str = "text/html; charset=utf-8") -> Entry:
    digest = hashlib.sha256(content.encode()).hexdigest()
    return Entry(digest, len(content), content_type, "public, max-age=0")


# \u2028, \x85 and others end a line for `str.splitlines`, but not for a line of JSON.
NAMES = st.text(st.sampled_from("ab./\u2028\x85\xa0é日\U0001f600"), min_size=1, max_size=5)
PATHS = NAMES.map(lambda text: SitePath("/p" + text.replace("/", "-").replace("\x85", "\u2029")))
SITES = st.dictionaries(PATHS, st.sampled_from("xyz").map(entry), max_size=30)


class Parts:
    """Parts by digest, which notes what is read."""

    def __init__(self, *parts: dict[str, bytes]) -> None:
        self.parts = {digest: data for some in parts for digest, data in some.items()}
        self.read: list[str] = []

    def load(self, digest: str) -> list[Row]:
        self.read.append(digest)
        return decode_part(self.parts[digest], Row)


def build(site: Site) -> tuple[Manifest, dict[str, bytes]]:
    """A manifest and its parts."""
    written: dict[str, bytes] = {}
    parts = manifests.Parts(written.__setitem__)
    for path in sorted(site):
        parts.add(path, Row(str(path), site[path]))
    return parts.manifest(), written


def large_site(number: int) -> Site:
    return {SitePath(f"/blog/{n}.html"): entry(str(n)) for n in range(number)}


@given(SITES)
def test_what_is_built_is_read_back_in_path_order(site: Site) -> None:
    manifest, parts = build(site)
    assert list(entries_of(manifest, Parts(parts).load)) == sorted(site.items())
    assert manifest.rows == len(site)
    assert Manifest.decode(manifest.encode()) == manifest


@given(SITES)
def test_the_order_of_entries_does_not_matter(site: Site) -> None:
    assert build(site) == build(dict(reversed(site.items())))


@given(SITES, SITES)
def test_equal_digests_are_equal_sites(one: Site, other: Site) -> None:
    assert (build(one)[0].digest == build(other)[0].digest) == (one == other)


@given(SITES, SITES)
def test_differences_are_all_paths_at_which_sites_differ(one: Site, other: Site) -> None:
    (old, old_parts), (new, new_parts) = build(one), build(other)
    assert list(differences(old, new, Parts(old_parts, new_parts).load)) == [
        Difference(path, one.get(path), other.get(path))
        for path in sorted(one.keys() | other.keys())
        if one.get(path) != other.get(path)
    ]


@given(SITES, PATHS)
def test_one_path_is_found_or_not(site: Site, path: SitePath) -> None:
    manifest, parts = build(site)
    assert find(manifest, path, Parts(parts).load) == site.get(path)


def test_finding_reads_one_part_and_comparing_reads_what_is_not_shared() -> None:
    site = large_site(20 * ENTRIES_PER_PART)
    path = SitePath("/blog/1632.html")
    old, old_parts = build(site)
    new, new_parts = build(site | {path: entry("changed")})
    parts = Parts(old_parts, new_parts)
    assert find(new, path, parts.load) == entry("changed")
    assert len(parts.read) == 1
    parts.read.clear()
    assert [change.path for change in differences(old, new, parts.load)] == [path]
    assert len(parts.read) == 2


@pytest.mark.parametrize("change", [dict.pop, lambda site, path: site.update({path: entry("new")})])
def test_one_page_more_or_less_changes_few_parts(
    change: Callable[[Site, SitePath], object],
) -> None:
    site = large_site(20 * ENTRIES_PER_PART)
    _, before = build(site)
    change(site, SitePath("/blog/1632.html"))
    manifest, after = build(site)
    assert len(after.keys() - before.keys()) <= 1
    assert len(manifest.parts) > 10


def test_the_empty_site_has_a_manifest() -> None:
    manifest, parts = build({})
    assert (manifest, parts) == (Manifest(), {})
    assert list(entries_of(manifest, Parts().load)) == []


def test_a_damaged_part_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_part(msgspec.json.encode(Row("/", entry("x")))[:-5], Row)


@pytest.mark.parametrize(
    ("content_type", "is_page"),
    [("text/html; charset=utf-8", True), ("text/html", True), ("text/css", False)],
)
def test_pages_are_html(content_type: str, is_page: bool) -> None:
    assert entry("x", content_type).is_page is is_page
