"""Every public URL of the CMS asked for: from its own lists, and from link to link.

Decides what is asked and what an answer means; asking is the `Cms`'s affair, preparing pages
that of `Preparing`, and what is learnt goes into a `Ledger`, so that memory stays flat.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from publisher.addresses import Address, Addresses
from publisher.cms.port import Capture, Cms
from publisher.discovery import ROBOTS_PATH, included, listed, not_found_url, usual
from publisher.errors import CmsError
from publisher.judge import (
    NOT_FOUND,
    NOT_FOUND_PATH,
    Again,
    Doubts,
    Failed,
    Gone,
    Keep,
    Move,
    Refused,
    asked_at,
    is_object,
    judge,
)
from publisher.outcome import Kind, Outcome
from publisher.paths import SitePath
from publisher.prepare import Prepared, Preparing, Task
from publisher.traps import Traps

# Told how many URLs are done and how many are known.
Progress = Callable[[int, int], None]

# Where a URL of the inventory was "seen"; '' is for what need not be there.
_LISTS = "the CMS's own lists"
_INCLUDED = "cms.include"
# To look at all batches under way costs more than an answer: it is done after so many of them,
# and whenever the CMS lets us wait.
_ANSWERS_PER_LOOK = 4
# With so many URLs to ask for, what pages link to can wait until some pages are prepared together.
_PLENTY = 64
# WordPress needs two redirects at most (old slug, then slash); a browser gives up after 20.
_HOPS_MAX = 5


class Ledger(Protocol):
    """Where outcomes are kept (`spool.Spool`)."""

    def add(self, outcome: Outcome) -> None:
        """Keep one."""
        ...


@dataclass(slots=True)
class Crawled:
    """What was learnt on the way, besides the outcomes.

    `collisions`: paths that two URLs want, and the second of them: the first has it. `cased`: paths
    that differ from an earlier one in case only.
    """

    doubts: Doubts
    traps: Traps
    collisions: dict[SitePath, str] = field(default_factory=dict)
    cased: set[SitePath] = field(default_factory=set)
    removals: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    noindex: bool = False

    def note(self, outcome: Outcome) -> None:
        """Take an outcome into account."""
        self.asked += 1
        self.doubts.note(outcome)
        if outcome.removals:
            self.removals.update(outcome.removals)
        if outcome.path in ("/", ROBOTS_PATH):
            self.noindex = self.noindex or outcome.noindex


def crawl(
    cms: Cms,
    addresses: Addresses,
    preparing: Preparing,
    ledger: Ledger,
    progress: Progress,
    *,
    doubts: Doubts,
    live: Mapping[int, str],
    earlier: Iterable[Outcome] = (),
) -> Crawled:
    """Ask for all that the inventory lists or a page links to. Raises CmsError.

    `live`: the keys of the live release's blobs by the hash of their path. `earlier`: what a run
    that was cut has learnt already; it is read several times.
    """
    crawled = Crawled(doubts, Traps(addresses.views.inventory))
    one = _Crawl(cms, addresses, preparing, ledger, progress, crawled, live)
    one.resume(earlier)
    return one.run()


class _Asked(msgspec.Struct, frozen=True):
    path: SitePath
    seen_on: str
    hops: int = 0


class _Crawl:
    def __init__(
        self,
        cms: Cms,
        addresses: Addresses,
        preparing: Preparing,
        ledger: Ledger,
        progress: Progress,
        crawled: Crawled,
        live: Mapping[int, str],
    ) -> None:
        self._cms = cms
        self._addresses = addresses
        self._inventory = addresses.views.inventory
        self._preparing = preparing
        self._ledger = ledger
        self._progress = progress
        self._crawled = crawled
        self._live = live
        self._wanted: deque[str] = deque()
        self._asked: dict[str, _Asked] = {}
        # By hash, so that memory grows little with the site. Paths, by themselves in lower case;
        # those of which another has that place; the variants that have a path, where one has.
        self._seen: dict[int, int] = {}
        self._cased: set[int] = set()
        self._variants: dict[int, int] = {}

    def resume(self, earlier: Iterable[Outcome]) -> None:
        """Go on from what is known already, but for what stands in the way of a release: the CMS
        may have been mended. That is asked for again, since whoever found it names it still."""
        doubts = self._crawled.doubts.anew()
        for outcome in earlier:
            doubts.note(outcome)
        for outcome in earlier:
            if outcome.is_answer and not outcome.findings and not doubts.of(outcome):
                address = self._addresses.locate(outcome.url)
                self._is_new(SitePath(outcome.path), outcome.url, _variant(address))
                self._crawled.note(outcome)
        for outcome in earlier:
            for url in outcome.found:
                self._find(url, outcome.path)

    def run(self) -> Crawled:
        """Until nothing is left."""
        extra = included(self._inventory, self._addresses.scope.include)
        sources = (
            (listed(self._inventory), _LISTS),
            (extra, _INCLUDED),
            (usual(self._inventory), ""),
        )
        for urls, seen_on in sources:
            for url in urls:
                self._find(url, seen_on)
        unknown = not_found_url(self._inventory)
        self._want(Address(unknown, NOT_FOUND_PATH, NOT_FOUND_PATH, NOT_FOUND), "")
        taken = 0
        while self._wanted or self._preparing.is_busy:
            try:
                for capture in self._cms.captures(self._wanted):
                    if capture is not None:
                        self._take(capture)
                        taken += 1
                    if capture is None or taken % _ANSWERS_PER_LOOK == 0:
                        self._collect(wait=False)
            except CmsError:  # what it did answer is not lost
                while self._preparing.is_busy:
                    self._collect(wait=True)
                raise
            if self._preparing.is_busy:
                self._collect(wait=True)
        return self._crawled

    # ------------------------------------------------------------------ what to ask

    def _find(self, url: str, seen_on: str) -> bool:
        address = self._addresses.locate(url)
        return address is not None and self._want(address, seen_on)

    def _want(self, address: Address, seen_on: str, hops: int = 0) -> bool:
        """Have an address asked for, unless it was. Tells whether it is a new one."""
        path = address.path
        if path is None or address.url in self._asked:
            return False
        # Remembered in any case: each address counts once.
        if not hops and not (
            self._is_new(path, address.url, _variant(address))
            and self._crawled.traps.admits(address, seen_on)
        ):
            return False
        self._asked[address.url] = _Asked(path, seen_on, hops)
        self._wanted.append(address.url)
        return True

    def _is_new(self, path: SitePath, url: str, variant: int) -> bool:
        """Whether a path is seen for the first time; it is then seen. Notes what else wants it, or
        one that differs in case only."""
        key, folded = hash(path), hash(path.casefold())
        first = self._seen.get(folded)
        if first == key or key in self._cased:
            if self._variants.get(key, 0) != variant:
                self._crawled.collisions.setdefault(path, url)
            return False
        if first is None:
            self._seen[folded] = key
        else:
            self._cased.add(key)
            self._crawled.cased.add(path)
        if variant:
            self._variants[key] = variant
        return True

    # ------------------------------------------------------------------ what came back

    def _take(self, capture: Capture) -> None:
        asked = self._asked[capture.url]
        address = asked_at(capture.url, asked.path, self._addresses)
        match judge(address, capture, self._addresses):
            case Keep():
                self._preparing.give(
                    Task(capture.url, str(asked.path), capture.content_type, capture.body,
                         self._live.get(hash(asked.path), "")),
                    at_once=len(self._wanted) < _PLENTY,
                )  # fmt: skip
                return  # the outcome comes from the worker
            case Again(url) if asked.hops < _HOPS_MAX:
                del self._asked[capture.url]
                same = Address(url, address.href, asked.path, address.view)
                if not self._want(same, asked.seen_on, asked.hops + 1):
                    self._note(capture, asked, address, "failed", error="redirects to itself")
                return
            case Again():
                self._note(capture, asked, address, "failed", error="redirects to itself")
            case Move(_, "/", None) if not asked.seen_on:
                self._note(capture, asked, address, "gone")  # nothing leads to what was only tried
            case Move(status, target, to):
                is_new = to is not None and self._want(to, asked.seen_on)
                found = (to.url,) if to and is_new else ()
                self._note(capture, asked, address, "moved", status, target=target, found=found)
            case Gone():
                self._note(capture, asked, address, "gone")
            case Refused():
                error = f"refused (status {capture.status})"
                self._note(capture, asked, address, "refused", error=error)
            case Failed(error):
                self._note(capture, asked, address, "failed", error=error)
        del self._asked[capture.url]

    def _collect(self, *, wait: bool) -> None:
        for prepared in self._preparing.take(wait=wait):
            self._keep(prepared, self._asked.pop(prepared.url))

    def _keep(self, prepared: Prepared, asked: _Asked) -> None:
        found = tuple(url for url in prepared.found if self._find(url, str(asked.path)))
        self._add(
            Outcome(
                path=str(asked.path),
                url=prepared.url,
                kind="failed" if prepared.error else "content",
                status=200,
                entry=prepared.entry,
                error=prepared.error,
                seen_on=asked.seen_on,
                found=found,
                depends=prepared.depends,
                is_object=prepared.is_object,
                ends=prepared.ends,
                names_itself=prepared.names_itself,
                noindex=prepared.noindex,
                removals=prepared.removals,
                findings=prepared.findings,
            )
        )

    def _note(
        self,
        capture: Capture,
        asked: _Asked,
        address: Address,
        kind: Kind,
        status: int | None = None,
        *,
        target: str = "",
        error: str = "",
        found: tuple[str, ...] = (),
    ) -> None:
        self._add(
            Outcome(
                path=str(asked.path),
                url=capture.url,
                kind=kind,
                status=capture.status if status is None else status,
                target=target,
                error=error,
                seen_on=asked.seen_on,
                found=found,
                is_object=is_object(address.view),
            )
        )

    def _add(self, outcome: Outcome) -> None:
        self._crawled.note(outcome)
        self._ledger.add(outcome)
        self._tell()

    def _tell(self) -> None:
        self._progress(self._crawled.asked, self._crawled.asked + len(self._asked))


def _variant(address: Address | None) -> int:
    """Tells apart what one path may be wanted for: the same page with different parameters."""
    return hash(address.view.variant) if address and address.view and address.view.variant else 0
