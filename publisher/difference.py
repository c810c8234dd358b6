"""Two releases compared: what a visitor would notice, path by path, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from publisher.filling import Progress
from publisher.manifest import Difference, Entry, decode_part, differences
from publisher.noticing import Change, PageChange, common, compare, own, read
from publisher.outcome import Captured
from publisher.records import Records
from publisher.release import Release
from redirects.own import written
from redirects.patterns import Pattern
from redirects.rules import Rule, RuleSet

# So many pages are read of each kind; the others are counted. Larger ones are not looked at.
PAGES_MAX = 200
# So many of a kind are named, as in all documents (`publisher.documents`).
NAMED_MAX = 1000
_PAGE_BYTES_MAX = 2 * 1024 * 1024

Reason = Literal["new", "gone", "content", "headers"]


@dataclass(frozen=True, slots=True)
class PageDifference:
    """A page that is not the same. `source`: the address at the CMS that it was made from ('' if
    unknown); `change`: what is different in it (None: it was not looked at)."""

    path: str
    reason: Reason
    title: str = ""
    source: str = ""
    change: PageChange | None = None
    headers: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class FileDifference:
    """Another file that is not the same, with its sizes in bytes (None: there was or is none)."""

    path: str
    reason: Reason
    old_size: int | None
    new_size: int | None


@dataclass(frozen=True, slots=True)
class RedirectDifference:
    """An old address that leads elsewhere now; '' where it led or leads nowhere."""

    source: str
    old: str
    new: str


@dataclass(slots=True)
class Compared:
    """What is different between two releases. `counts` has all; of each kind up to NAMED_MAX are
    named. `common`: changes that many pages share, with their number among `looked_at`. Paths
    that are withdrawn are in `withdrawn` alone: nobody can reach them in either."""

    old: Release
    new: Release
    counts: Counter[str] = field(default_factory=Counter)
    pages: list[PageDifference] = field(default_factory=list)
    files: list[FileDifference] = field(default_factory=list)
    redirects: list[RedirectDifference] = field(default_factory=list)
    common: list[tuple[Change, int]] = field(default_factory=list)
    looked_at: int = 0
    withdrawn: list[str] = field(default_factory=list)


def difference(
    records: Records, old: Release, new: Release, withdrawn: Collection[str], progress: Progress
) -> Compared:
    """Compare two releases. Reads what they do not share, and of pages PAGES_MAX of a kind.
    Raises StoreError."""
    found = Compared(old, new)
    origins = {"old": _Origins(records, old.captured), "new": _Origins(records, new.captured)}
    before, after = records.manifest(old.manifest), records.manifest(new.manifest)
    looked_at = Counter[Reason]()
    for one in differences(before, after, records.load_part):
        if one.path in withdrawn:
            found.withdrawn.append(str(one.path))
            continue
        entry = one.new or one.old
        assert entry  # noqa: S101 - one of the two is there
        reason = _reason(one)
        if not entry.is_page:
            found.counts[f"files {reason}"] += 1
            if len(found.files) < NAMED_MAX:
                sizes = (side.size if side else None for side in (one.old, one.new))
                found.files.append(FileDifference(str(one.path), reason, *sizes))
            continue
        found.counts[f"pages {reason}"] += 1
        if len(found.pages) < NAMED_MAX:
            is_read = looked_at[reason] < PAGES_MAX and entry.size <= _PAGE_BYTES_MAX
            looked_at[reason] += is_read
            origin = origins["new" if one.new else "old"]
            found.pages.append(_page(records, one, reason, origin, is_read=is_read))
            progress("comparing pages", len(found.pages), NAMED_MAX)
    found.looked_at = sum(page.change is not None for page in found.pages)
    _tell_once(found)
    _redirects(records, found)
    return found


def _reason(one: Difference) -> Reason:
    if one.old is None:
        return "new"
    if one.new is None:
        return "gone"
    return "headers" if one.old.blob == one.new.blob else "content"


def _page(
    records: Records, one: Difference, reason: Reason, origins: _Origins, *, is_read: bool
) -> PageDifference:
    path, source = str(one.path), origins.of(one.path)
    if reason == "headers" and one.old and one.new:
        headers = (_headers(one.old), _headers(one.new))
        return PageDifference(path, reason, source=source, headers=headers)
    if not is_read:
        return PageDifference(path, reason, source=source)
    if one.old and one.new:
        if one.old.size > _PAGE_BYTES_MAX:
            return PageDifference(path, reason, source=source)
        change = compare(records.content(one.old), records.content(one.new))
        return PageDifference(path, reason, change.title, source, change)
    entry = one.new or one.old
    assert entry  # noqa: S101 - one of the two is there
    return PageDifference(path, reason, read(records.content(entry)).title, source)


def _headers(entry: Entry) -> str:
    return f"{entry.content_type}; cache {entry.cache_control or '-'}"


def _tell_once(found: Compared) -> None:
    shared = common(page.change for page in found.pages if page.change)
    found.common = list(shared.items())
    found.pages = [
        PageDifference(
            page.path, page.reason, page.title, page.source, own(page.change, shared), page.headers
        )
        if page.change
        else page
        for page in found.pages
    ]


def _redirects(records: Records, found: Compared) -> None:
    if found.old.redirects == found.new.redirects:
        return
    before, after = (_leads(records.rules(release)) for release in (found.old, found.new))
    for source in sorted(before.keys() | after.keys()):
        old, new = before.get(source, ""), after.get(source, "")
        if old == new:
            continue
        kind = "gone" if not new else "changed" if old else "new"
        found.counts[f"redirects {kind}"] += 1
        if len(found.redirects) < NAMED_MAX:
            found.redirects.append(RedirectDifference(source, old, new))


def _leads(rules: RuleSet) -> dict[str, str]:
    """Where each old address leads, for whom it does."""
    found = {}
    every: tuple[Rule | Pattern, ...] = (*rules.rules, *rules.patterns)
    for rule in every:
        source, target, status, language = written(rule)
        found[f"{source} ({language})" if language else source] = f"{status} {target}".strip()
    return found


class _Origins:
    """Where the files of a release came from, read part by part: paths are asked for in order."""

    def __init__(self, records: Records, digest: str) -> None:
        self._records = records
        self._parts = list(records.manifest(digest).parts)
        self._next = 0
        self._rows: dict[str, Captured] = {}

    def of(self, path: str) -> str:
        """The address at the CMS, without its host."""
        is_behind = False
        while self._next < len(self._parts) and path > self._last():
            self._next += 1
            is_behind = True
        if self._next == len(self._parts):
            return ""
        if is_behind or not self._rows:
            rows = decode_part(self._records.part(self._parts[self._next].digest), Captured)
            self._rows = {row.path: row for row in rows}
        found = self._rows.get(path)
        if not found or not found.url:
            return ""
        url = urlsplit(found.url)
        return url.path + (f"?{url.query}" if url.query else "")

    def _last(self) -> str:
        return self._parts[self._next].last
