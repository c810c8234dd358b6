"""Addresses without end: calendars, filters, paths that grow by themselves. Pure.

What the CMS lists, and the further pages of it, is never a trap. All else is counted by its
pattern, and beyond a bound no more of it is asked for.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from publisher.addresses import Address
from publisher.content_types import by_name
from publisher.inventory import Inventory
from publisher.paths import is_page_file
from publisher.queries import variant_names
from publisher.views import View

# Pages of one path that only parameters tell apart.
VARIANTS_MAX = 200
# Pages in one folder that the CMS does not list. A CMS of a kind that is not known lists little.
FOLDER_MAX = {"wordpress": 50_000, "generic": 500_000}
# Ten years of months.
CALENDAR_MAX = 120
# Pages of one list; WordPress has as many as posts at most.
PAGES_MAX = 5_000
# People file things less deep.
DEPTH_MAX = 16
REPEATED_MAX = 2
# So many patterns are counted one by one, and all others together.
PATTERNS_MAX = 20_000

# What a pattern shows of each name in a path.
_NAME_MAX = 80
_DIGITS = re.compile(r"\d+")
_CALENDAR_PATH = re.compile(
    r"/(?:calendar|kalender|events?|schedule|reservations?|booking|カレンダー|予約)(?:/.*)?"
    r"/\d{4}[-/]?\d{0,2}(?:[-/]\d{1,2})?$"
    r"|/\d{4}-\d{2}(?:-\d{2})?$"
)
# How what it matches ends: few paths do.
_CALENDAR_END = frozenset("0123456789-")
_CALENDAR_NAMES = re.compile(
    r"^(?:month|year|date|day|ym|yyyymm|cal\w*|tribe-bar-date|event-?date\w*|ical|outlook-ical|"
    r"start_?date|end_?date|week)$",
    re.IGNORECASE,
)
# One number in a parameter of such a name is the next page of a list.
_PAGER = re.compile(r"(?:page|paged|pg|offset|start)=(\d{1,9})", re.IGNORECASE)
_PAGER_PREFIX = re.compile(r"[\w-]*[-_]", re.IGNORECASE)
_FEEDS = frozenset(("", "rss2", "atom", "rdf", "comments-rss2", "comments-atom", "comments-rdf"))
_LISTED = frozenset(("post", "page", "attachment", "item", "term", "author", "date", "archive"))


@dataclass(frozen=True, slots=True)
class TrapReport:
    """One pattern of which not everything was asked for. `pattern` has `#` for digits and `*`
    for what varied; `example` is the first URL that was left out, `seen_on` where it stood."""

    pattern: str
    admitted: int
    refused: int
    example: str
    seen_on: str


class Traps:
    """Says which addresses are worth asking for. Remembers counts, and no addresses."""

    def __init__(self, inventory: Inventory) -> None:
        self._items = {(item.kind, item.id) for item in inventory.items}
        self._terms = {(term.taxonomy, str(term.id)) for term in inventory.terms}
        self._authors = {str(author.id) for author in inventory.authors}
        self._types = {item.kind for item in inventory.items}
        digits = {item.date[:10].replace("-", "") for item in inventory.items}
        self._dates = {day[:length] for day in digits for length in (4, 6, 8)}
        self._pages_max = max(PAGES_MAX, len(inventory.items))
        self._folder_max = FOLDER_MAX[inventory.kind]
        self._admitted: Counter[str] = Counter()
        self._refused: dict[str, TrapReport] = {}

    def admits(self, address: Address, seen_on: str = "") -> bool:
        """Whether to ask for this address. Ask once for each: every call counts. `seen_on`: the
        page that leads there, for the report."""
        view, path = address.view, address.path
        if view is None or path is None:
            return False
        counted = [self._kept(*bound) for bound in self._bounds(view, path)]
        full = [pattern for pattern, limit in counted if self._admitted[pattern] >= limit]
        if full:
            self._refuse(full[0], address.url, seen_on)
        else:
            for pattern, _ in counted:
                self._admitted[pattern] += 1
        return not full

    def report(self) -> list[TrapReport]:
        """The patterns of which something was left out, the largest first."""
        return sorted(self._refused.values(), key=lambda trap: (-trap.refused, trap.pattern))

    def _kept(self, pattern: str, limit: int) -> tuple[str, int]:
        """Where a pattern is counted: memory has an end, too."""
        if pattern in self._admitted or len(self._admitted) < PATTERNS_MAX:
            return pattern, limit
        return "*", min(limit, self._folder_max)

    def _refuse(self, pattern: str, url: str, seen_on: str) -> None:
        if pattern not in self._refused and len(self._refused) >= PATTERNS_MAX:
            pattern = "*"
        known = self._refused.get(pattern)
        refused = known.refused + 1 if known else 1
        example, seen = (known.example, known.seen_on) if known else (url, seen_on)
        admitted = self._admitted.get(pattern, 0)
        self._refused[pattern] = TrapReport(pattern, admitted, refused, example, seen)

    def _bounds(self, view: View, path: str) -> list[tuple[str, int]]:
        """The patterns under which an address counts, each with its bound."""
        if not view.variant and view.kind != "query":
            bound = self._bound(view, path)
            return [bound] if bound else []
        bounds = [self._of_variants(view)]
        if view.kind in ("path", "file"):
            pattern, limit = self._by_path(view.id)
            bounds.append((f"{pattern}?*", limit))
        return bounds

    def _of_variants(self, view: View) -> tuple[str, int]:
        names = variant_names(view.variant or view.id)
        pager = _pager(view.variant)
        if pager:
            return f"{_base(view)}?{pager}=#", self._pages_max
        if any(_CALENDAR_NAMES.match(name) for name in names):
            return f"{_base(view)}?{'&'.join(sorted(names))}=*", CALENDAR_MAX
        return f"{_base(view)}?*", VARIANTS_MAX

    def _bound(self, view: View, path: str) -> tuple[str, int] | None:
        if self._is_listed(view):
            numbers = [number for number in (view.paged, view.page, view.cpage) if number]
            if view.feed not in _FEEDS or len(numbers) > 1:
                return f"{_base(view)}: feeds, pages of pages", VARIANTS_MAX
            if not numbers or numbers[0] <= self._pages_max:
                return None
            return f"{_base(view)}: pages", 0
        if view.kind == "date":
            return f"/{'#/' * (len(view.id) // 2 - 1)}", CALENDAR_MAX
        if view.kind in ("sitemap", "robots") or (view.kind == "file" and _is_asset(path)):
            return None
        return self._by_path(path)

    def _by_path(self, path: str) -> tuple[str, int]:
        trimmed = path.strip("/")
        names = trimmed.split("/", DEPTH_MAX + 1)
        collapsed = _DIGITS.sub("#", "/".join(names))
        if len(collapsed) > _NAME_MAX:
            collapsed = "/".join(name[:_NAME_MAX] for name in collapsed.split("/"))
        if len(names) > DEPTH_MAX:
            return f"/{collapsed.partition('/')[0]}/*: deeper than {DEPTH_MAX} folders", 0
        if _repeats(names):
            return f"/{collapsed.partition('/')[0]}/*: a path that repeats itself", 0
        if trimmed[-1:] in _CALENDAR_END and _CALENDAR_PATH.search(f"/{trimmed}"):
            return f"/{collapsed}", CALENDAR_MAX
        folder, slash, _ = collapsed.rpartition("/")
        return f"/{folder}{slash}*", self._folder_max

    def _is_listed(self, view: View) -> bool:
        if view.kind == "home":
            return True
        if view.kind not in _LISTED:
            return False
        if view.kind in ("term", "item"):
            name, _, key = view.id.partition(":")
            known_item = key.isdecimal() and (name, int(key)) in self._items
            return (name, key) in self._terms or known_item
        if view.kind == "author":
            return view.id in self._authors
        if view.kind == "date":
            return view.id in self._dates
        if view.kind == "archive":
            return view.id in self._types
        return (view.kind, int(view.id)) in self._items


def _base(view: View) -> str:
    """What the variants are variants of, with digits collapsed: the posts of a site are one."""
    return "/" if view.kind == "query" else f"{view.kind} {view.id}".rstrip()


def _pager(variant: str) -> str:
    """The name of the one parameter of a variant if it counts pages: `query-1-page`."""
    prefix = _PAGER_PREFIX.match(variant)
    start = prefix.end() if prefix else 0
    match = _PAGER.fullmatch(variant, start) or _PAGER.fullmatch(variant)
    return variant.partition("=")[0] if match else ""


def _repeats(names: list[str]) -> bool:
    """Whether one name stands too often in a path; numbers are no sign of anything."""
    if len(names) - len(set(names)) < REPEATED_MAX:  # nearly always
        return False
    counts = Counter(name for name in names if not name.isdecimal())
    return any(count > REPEATED_MAX for count in counts.values())


def _is_asset(path: str) -> bool:
    return bool(by_name(path)) and not is_page_file(path)
