"""Crawls and exports within one process, for tests: what became of each path, in plain form."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from publisher.addresses import Addresses
from publisher.cms.port import Cms
from publisher.crawl import Crawled, crawl
from publisher.inspection import Inspector, SiteFacts
from publisher.judge import Doubts
from publisher.layer import Answers, Layer, answers
from publisher.manifest import Entry
from publisher.outcome import Outcome
from publisher.paths import SitePath
from publisher.prepare import Inline, Preparer, Sink
from publisher.records import Records
from publisher.rewrite.document import Rewriter
from publisher.rules import Moved, Redirects
from publisher.store.memory import MemoryStore
from publisher.store.port import Headers
from publisher.workers import Plant
from redirects.rules import RuleSet


@dataclass
class Ledger:
    """Outcomes in a list."""

    outcomes: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


@dataclass
class Seen:
    """What a crawl brought."""

    addresses: Addresses
    records: Records
    outcomes: list[Outcome]
    crawled: Crawled
    said: Answers

    @property
    def entries(self) -> dict[str, Entry]:
        """The entries by path, except the theme's page for what is not there."""
        layer = Layer(self.outcomes, self.crawled.doubts, lambda: (), lambda: (), frozenset())
        return {str(row.path): row.entry for row in layer if row.path != "/404.html"}

    @property
    def moved(self) -> list[Moved]:
        """The redirects of the CMS."""
        located = ((self.addresses.locate(o.url), o) for o in self.said.moved)
        return [Moved(address, o.status, o.target) for address, o in located if address]

    @property
    def rules(self) -> RuleSet:
        """The redirect rules."""
        urls = {outcome.path: outcome.url for outcome in self.outcomes}
        redirects = Redirects(self.addresses)
        for path in self.entries:
            redirects.add(SitePath(path), urls[path])
        return redirects.rules(self.moved)

    def text(self, path: str) -> str:
        """The bytes kept for a path."""
        return self.records.content(self.entries[path]).decode()


def crawled(cms: Cms, addresses: Addresses, *, ends: bool | None = None) -> Seen:
    """Ask a CMS for everything."""
    records, ledger = Records(MemoryStore()), Ledger()
    preparing = Inline(
        Preparer(Rewriter(addresses), Inspector(SiteFacts(addresses.urls.public)), sink(records))
    )
    found = crawl(cms, addresses, preparing, ledger, lambda *_: None, doubts=Doubts(ends), live={})
    outcomes = sorted(ledger.outcomes, key=lambda outcome: outcome.path)
    return Seen(addresses, records, outcomes, found, answers(outcomes, found.doubts))


def sink(records: Records) -> Sink:
    """Keeps bytes at once."""

    def keep(data: bytes, headers: Headers, live: str) -> str:
        return records.put_blob(data, headers)

    return keep


class _Alone:
    """Implements `Crew` in this process, where a store in memory is."""

    def begin(self, plant: Plant) -> Inline:
        return Inline(plant.preparer(sink(Records(plant.store))))


@contextlib.contextmanager
def inline() -> Iterator[_Alone]:
    """A crew that needs no other process."""
    yield _Alone()
