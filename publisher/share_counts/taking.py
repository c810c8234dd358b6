"""Asks networks for counts, slowly, and keeps each answer soon after it came."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from publisher.errors import Conflict, NotFound, NotNow, StoreError
from publisher.release import utc_now
from publisher.share_counts import book as books
from publisher.share_counts.book import Book, Reading, Row, Target
from publisher.share_counts.port import Refusal, ShareCounts
from publisher.store.port import ABSENT, Store

# Between two questions to a network: nobody waits for the answers.
PAUSE_S = 1.0
# So many answers may be lost when the program is killed.
_UNSAVED_MAX = 1000
# A network that knows none of so many addresses in a row is not asked on.
_UNKNOWN_IN_A_ROW_MAX = 100

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Report:
    """What a run did. `asked`: addresses with an answer, by network; `fresh`: those that were not
    asked for, since they had been lately; `unknown`: lines about addresses without a count;
    `refusals`: by network, why it is asked no more; `skipped`: networks that were left out, and
    why; `rows`: all targets, at all networks asked; `compare`: whether it was to compare only."""

    asked: dict[str, int] = field(default_factory=dict)
    fresh: int = 0
    unknown: list[str] = field(default_factory=list)
    refusals: dict[str, Refusal] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    compare: bool = False


class Kept:
    """The book in a store. Raises StoreError; NotNow if somebody else writes it, too."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._etag = ABSENT
        self._written = b""
        self.book = Book()
        with suppress(NotFound):
            found = store.get(books.KEY)
            try:
                self.book = books.decoded(found.data)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                raise StoreError(f"{books.KEY} is damaged: {error}") from None
            self._etag, self._written = found.etag, found.data

    def save(self) -> None:
        """Write what is new."""
        data = books.encoded(self.book)
        if data == self._written:
            return
        try:
            self._etag = self._store.put(books.KEY, data, expect=self._etag)
        except Conflict:
            raise NotNow(
                "another `publisher redirects counts` is at work on this store",
                "Wait for it, then run it again: what it has counted is not asked for again.",
            ) from None
        self._written = data


class Taking:
    """A run. `compare`: nothing gets a baseline, only what has one is asked for. `renew`: what is
    known now becomes the baseline."""

    def __init__(
        self, kept: Kept, progress: Progress, *, compare: bool = False, renew: bool = False
    ) -> None:
        self._kept = kept
        self._progress = progress
        self._compare = compare
        self._renew = renew
        self._unsaved = 0

    def take(self, networks: Sequence[ShareCounts], targets: Iterable[Target]) -> Report:
        """Ask each network for what it was not asked for lately; what was learnt is saved now and
        then, and at the end whatever happens."""
        report = Report(compare=self._compare)
        all_targets = tuple(targets)
        self._kept.save()  # what can't be written is not asked for
        for network in networks:
            urls = dict.fromkeys(
                url for target in all_targets for url in books.urls_of(target, network.entries)
            )
            try:
                self._ask(network, list(urls), report)
            finally:
                if self._renew:
                    self._make_baselines(network.name, urls)
                self._kept.save()
                self._unsaved = 0
            report.rows += books.rows(self._kept.book, network.name, all_targets, network.entries)
        return report

    def _ask(self, network: ShareCounts, urls: Sequence[str], report: Report) -> None:
        book, name = self._kept.book, network.name
        if self._compare:
            urls = [url for url in urls if url in book.of(name)]
        now = utc_now()
        todo = [url for url in urls if not book.is_fresh(name, url, now)]
        report.fresh += len(urls) - len(todo)
        report.asked[name] = 0
        done = unknown_in_a_row = 0
        while done < len(todo):
            if done:
                time.sleep(PAUSE_S)
            some = todo[done : done + network.question(todo[done:])]
            answer = network.counts(some)
            now = utc_now()
            for url, parts in answer.counts.items():
                book.note(name, url, Reading(now, {part: n for part, n in parts.items() if n}))
            report.asked[name] += len(answer.counts)
            report.unknown += [f"{name}: {url}: {why}" for url, why in answer.unknown.items()]
            self._saved_now_and_then(len(answer.counts))
            done += len(some)
            self._progress(f"asking {name}", done, len(todo))
            unknown_in_a_row = 0 if answer.counts else unknown_in_a_row + len(answer.unknown)
            refusal = answer.refusal or _silence(network, unknown_in_a_row)
            if refusal:
                report.refusals[name] = refusal
                return

    def _saved_now_and_then(self, count: int) -> None:
        self._unsaved += count
        if self._unsaved >= _UNSAVED_MAX:
            self._kept.save()
            self._unsaved = 0

    def _make_baselines(self, network: str, urls: Iterable[str]) -> None:
        now = utc_now()
        for url in urls:
            if self._kept.book.is_fresh(network, url, now):
                self._kept.book.renew(network, url)


def _silence(network: ShareCounts, unknown_in_a_row: int) -> Refusal | None:
    if unknown_in_a_row < _UNKNOWN_IN_A_ROW_MAX:
        return None
    message = f"{network.name} says nothing about {unknown_in_a_row} addresses in a row"
    return Refusal(message, "Look at the reasons; one address in --urls shows whether it is over.")
