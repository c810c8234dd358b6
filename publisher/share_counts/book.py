"""What networks said about addresses, first and last, and what became of each post's count. Pure.

The first count of an address is its baseline. It is kept until somebody asks for a new one: nothing
can tell later what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from publisher.addresses import Addresses

KEY = "counts/shares"
"""Where the store has it."""

# What was asked for so lately is not asked again: a run that was cut goes on, and limits of
# networks that count by the hour can be waited for.
FRESH = timedelta(hours=24)


class Reading(msgspec.Struct, frozen=True, array_like=True):
    """What a network counted at an address, by name, zeros left out, and when (UTC)."""

    at: datetime
    parts: dict[str, int]

    @property
    def total(self) -> int:
        """All of it together: what a network's own button would show."""
        return sum(self.parts.values())


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """An address at a network: its baseline, and the newest count. Equal after one look."""

    first: Reading
    last: Reading


class Book(msgspec.Struct):
    """By network and by address (one of its `entries`), what it said."""

    networks: dict[str, dict[str, Seen]] = {}

    def of(self, network: str) -> dict[str, Seen]:
        """The addresses at a network; may be added to."""
        return self.networks.setdefault(network, {})

    def note(self, network: str, url: str, reading: Reading) -> None:
        """Take in what a network said now: the baseline, if there is none yet."""
        seen = self.of(network)
        known = seen.get(url)
        seen[url] = Seen(known.first if known else reading, reading)

    def renew(self, network: str, url: str) -> None:
        """Make the newest count of an address its baseline."""
        seen = self.of(network)
        if url in seen:
            seen[url] = Seen(seen[url].last, seen[url].last)

    def is_fresh(self, network: str, url: str, now: datetime) -> bool:
        """Whether the network was asked for this address lately."""
        seen = self.of(network).get(url)
        return seen is not None and now - seen.last.at < FRESH


class Target(NamedTuple):
    """What is counted as one: an old post's address before and now, by its number; or a listed
    address (`post` 0, `new` '')."""

    post: int
    old: str
    new: str = ""


Entries = Callable[[str], tuple[str, ...]]
"""The addresses that a network counts apart for one, as `ShareCounts.entries` tells."""


class Entry(NamedTuple):
    """One address of a target at a network, and what it said; None is nothing yet. `is_late`:
    first counted a day or more after its target, so nobody knows what it had before."""

    url: str
    seen: Seen | None
    is_late: bool = False


class Row(NamedTuple):
    """A target at a network. `before` and `after` are the highest counts of its entries, since a
    network that takes two addresses for one page gives the same number for both; those that are
    late have no part in `before`. `is_compared`: whether it was asked again after the baseline."""

    network: str
    target: Target
    entries: tuple[Entry, ...]
    before: int
    after: int
    is_compared: bool

    @property
    def difference(self) -> int:
        """What came; below 0, what was lost."""
        return self.after - self.before


class Total(NamedTuple):
    """A network: how many targets were counted and compared; the sums of those compared (of all,
    if none was), how many of them fell; when the oldest baseline and the newest count were taken.
    """

    counted: int
    compared: int
    before: int
    after: int
    dropped: int
    oldest: datetime
    newest: datetime


def targets_of(addresses: Addresses, listed: Iterable[str] = ()) -> Iterator[Target]:
    """The old posts that the public may see, by their numbers, then the listed addresses that are
    none of theirs."""
    known: set[str] = set()
    for item in addresses.views.inventory.items:
        address = addresses.locate(item.link) if item.kind == "post" else None
        if address is None or address.path is None or address.view is None:
            continue
        if addresses.is_old(address.view) and address.view.is_first:
            old, new = addresses.identity(address), addresses.urls.public + address.href
            known |= {old, new}
            yield Target(item.id, old, "" if new == old else new)
    for url in dict.fromkeys(listed):
        if url not in known:
            yield Target(0, url)


def urls_of(target: Target, entries: Entries) -> tuple[str, ...]:
    """The addresses of a target that a network counts apart, each once, the old ones first."""
    found = dict.fromkeys(entries(target.old))
    if target.new:
        found |= dict.fromkeys(entries(target.new))
    return tuple(found)


def rows(book: Book, network: str, targets: Iterable[Target], entries: Entries) -> Iterator[Row]:
    """What became of each target at a network. Those that it said nothing about are left out."""
    known = book.networks.get(network, {})
    for target in targets:
        urls = urls_of(target, entries)
        seen = {url: known[url] for url in urls if url in known}
        if not seen:
            continue
        # What a post had before a move, it had at its old address.
        old = [seen[url] for url in entries(target.old) if url in seen]
        began = min(one.first.at for one in old or seen.values())
        # One that is counted in the run that compares the others was not there before it.
        late = {url for url, one in seen.items() if one.first.at - began >= FRESH}
        first = [one for url, one in seen.items() if url not in late]
        yield Row(
            network,
            target,
            tuple(Entry(url, seen.get(url), url in late) for url in urls),
            max(one.first.total for one in first),
            max(one.last.total for one in seen.values()),
            any(one.last.at > one.first.at >= began for one in first),
        )


class Counts(NamedTuple):
    """How often a target was shared, by the baseline and by the newest count after it; None where
    there is none."""

    before: int | None = None
    after: int | None = None


def before_and_after(
    book: Book, targets: Iterable[Target], networks: Mapping[str, Entries]
) -> Iterator[tuple[Target, dict[str, Counts]]]:
    """Each target, and by network what became of it; `networks` has their names and entries."""
    for target in targets:
        found = {}
        for name, entries in networks.items():
            row = next(rows(book, name, (target,), entries), None)
            after = row.after if row and row.is_compared else None
            found[name] = Counts(row.before if row else None, after)
        yield target, found


def totals(found: Iterable[Row]) -> dict[str, Total]:
    """By network, the sums."""
    by_network: dict[str, list[Row]] = {}
    for row in found:
        by_network.setdefault(row.network, []).append(row)
    return {network: _total(those) for network, those in by_network.items()}


def _total(found: list[Row]) -> Total:
    compared = [row for row in found if row.is_compared]
    counted = compared or found
    seen = [entry.seen for row in counted for entry in row.entries if entry.seen]
    return Total(
        len(found),
        len(compared),
        sum(row.before for row in counted),
        sum(row.after for row in counted),
        sum(row.difference < 0 for row in compared),
        min(one.first.at for one in seen),
        max(one.last.at for one in seen),
    )


COLUMNS = (
    "network", "post", "old", "new", "address",
    "before", "before_at", "after", "after_at", "difference",
)  # fmt: skip


def table(found: Iterable[Row]) -> Iterator[tuple[str, ...]]:
    """The rows of a CSV file: one for each address at each network; what is not known is empty."""
    yield COLUMNS
    for row in found:
        for entry in row.entries:
            name = (row.network, str(row.target.post or ""), row.target.old, row.target.new)
            yield (*name, entry.url, *_cells(entry))


def _cells(entry: Entry) -> tuple[str, ...]:
    if entry.seen is None:
        return ("",) * 5
    first, last = entry.seen.first, entry.seen.last
    before, after = _counted(first), _counted(last)
    if entry.is_late:
        return ("", "", *after, "")
    if last.at <= first.at:
        return (*before, "", "", "")
    return (*before, *after, str(last.total - first.total))


def _counted(reading: Reading) -> tuple[str, str]:
    return str(reading.total), reading.at.isoformat(timespec="seconds")


def decoded(data: bytes) -> Book:
    """A book as the store has it. Raises msgspec.MsgspecError."""
    return msgspec.json.decode(data, type=Book)


def encoded(book: Book) -> bytes:
    """What the store keeps."""
    return msgspec.json.encode(book) + b"\n"
