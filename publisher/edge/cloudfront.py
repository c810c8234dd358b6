"""CloudFront as the edge: redirect sets and entries in its key-value store.

The nodes of a set are written 50 keys a request; its head, under the key `<set>`, comes last, in
the last of these requests. So one question says that a set is whole. What the set shares with the
one that is live is there already. Whatever is removed goes the other way round: heads first.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Sequence
from secrets import SystemRandom

from publisher.content_types import EDGE_TTL_S
from publisher.edge.cloudfront_client import clients
from publisher.edge.cloudfront_function import EdgeFunction
from publisher.edge.cloudfront_invalidation import invalidate
from publisher.edge.cloudfront_keys import (
    KeyValues,
    StaleError,
    batches,
    full,
    size_bytes,
)
from publisher.errors import EdgeError
from publisher.filling import Progress
from publisher.release import LIVE, PREVIEW
from redirects.compile import (
    STORE_BYTES_MAX,
    KeyValueData,
    nodes_of,
    parse_live_entry,
    shown_by,
)
from redirects.tree import NODE_PREFIX

# Until an entry is everywhere: seconds, says AWS, and has no interface that tells when. Twice
# what users report at worst.
SPREAD_S = 30

# So often somebody else may write to the store between our reading and writing.
_ATTEMPTS = 30
# A loaded set is read back at so many keys, whatever its size.
_SAMPLES = 20
# What was written may take a moment until it is read: it is looked for so often, so many seconds
# apart.
_READ_ATTEMPTS = 6
_READ_PAUSE_S = 1

# A head is at least this, since a value can't be empty.
_NO_RULES = "-"
# Keys of ours; what else somebody put into the store stays.
_OURS = re.compile(rf"(?P<node>{NODE_PREFIX}.*)|(?P<set>[0-9a-f]{{12}})|{LIVE}|{PREVIEW}[a-z0-9-]+")

_Item = tuple[str, str]


class CloudFrontEdge:
    """Implements `Edge` for one distribution, its function and its key-value store (an ARN).

    `source` gives the code of the edge function for a fallback slot ('' for none).
    """

    cooling_s = float(EDGE_TTL_S + SPREAD_S)
    has_fallback = True

    def __init__(
        self,
        distribution: str,
        function: str,
        key_value_store: str,
        source: Callable[[str], str],
        progress: Progress,
    ) -> None:
        self._clients = clients()
        self._distribution = distribution
        self._keys = KeyValues(self._clients, key_value_store)
        self._function = EdgeFunction(
            self._clients, function, distribution, key_value_store, source, progress
        )
        self._progress = progress

    def install(self) -> None:
        """Put the function in place on a distribution that our template did not make."""
        self._function.install()

    # ------------------------------------------------------------------- port

    def load(self, set_id: str, data: KeyValueData) -> None:
        self._function.ensure()
        if self._keys.get(set_id) == (data.head or _NO_RULES):
            return
        for _ in range(_ATTEMPTS):
            try:
                self._write(set_id, data)
            except StaleError:
                _pause()
                continue
            return
        raise _too_busy()

    def entry(self, name: str) -> str:
        held = self._keys.get(name)
        if held:
            try:
                parse_live_entry(held)
            except ValueError as error:
                raise EdgeError(
                    f"the key {name!r} of the edge's key-value store is {error}",
                    "Somebody else wrote it. Remove it, and publish again: visitors get 503 now.",
                ) from None
        return held

    def flip(self, name: str, entry: str) -> None:
        wanted = parse_live_entry(entry)
        for _ in range(_ATTEMPTS):
            etag = self._keys.state().etag
            held = self.entry(name)
            if held and parse_live_entry(held).generation >= wanted.generation:
                return
            # Under the same ETag, so nobody can remove it between the two.
            if not self._keys.get(wanted.set_id):
                raise EdgeError(
                    f"redirect set {wanted.set_id} is not in the key-value store",
                    "It was removed while it was about to be used. Run this again.",
                )
            try:
                self._keys.change(etag, puts=[(name, entry)])
            except StaleError:
                _pause()
                continue
            self._read_back([(name, entry)], at_least=wanted.generation)
            return
        raise _too_busy()

    def invalidate(self, uris: Sequence[str]) -> None:
        if uris:
            invalidate(self._clients, self._distribution, uris)

    def tidy(self, names: Collection[str], set_ids: Collection[str], fallback: str) -> int:
        # First: a slot that is no fallback any more may be removed after this.
        self._function.ensure(fallback)
        for _ in range(_ATTEMPTS):
            try:
                return self._remove_others(names, set_ids)
            except StaleError:
                _pause()
        raise _too_busy()

    # ------------------------------------------------------------------ steps

    def _write(self, set_id: str, data: KeyValueData) -> None:
        """Write what the store lacks of a set. Raises StaleError if somebody else writes."""
        state = self._keys.state()
        # After that: nothing that is found there can be removed before we have written.
        items = [*sorted(self._lacking(data).items()), (set_id, data.head or _NO_RULES)]
        self._check_room(state.size_bytes, items)
        before, written = state.keys, 0
        for group in batches(items):
            state = self._keys.change(state.etag, puts=group)
            written += len(group)
            self._progress("loading redirects", written, len(items))
        # Nobody else wrote in between, or an ETag would have been stale.
        if not max(before, written) <= state.keys <= before + written:
            raise EdgeError(
                f"the key-value store says that it has {state.keys} keys after {written} were "
                f"added to {before}",
                "Run this again; what visitors get has not changed.",
            )
        step = max(1, len(items) // _SAMPLES)
        self._read_back([*items[::step], items[-1]])

    def _lacking(self, data: KeyValueData) -> dict[str, str]:
        """The nodes that the set that is live has not."""
        live = shown_by(self._keys.get(LIVE))
        if live is None or self._keys.get(live.set_id) != (live.head or _NO_RULES):
            return data.entries
        return data.lacking(live.head, self._keys.get)

    def _check_room(self, held_bytes: int, items: Sequence[_Item]) -> None:
        """Before the first write: do these fit beside what is there?"""
        new_bytes = size_bytes(items)
        if held_bytes + new_bytes <= STORE_BYTES_MAX:
            return
        # Some may be there already, from another version of the same set.
        there, wanted = dict(self._keys.items()), dict(items)
        replaced = size_bytes([(key, there[key]) for key in there.keys() & wanted.keys()])
        if held_bytes + new_bytes - replaced > STORE_BYTES_MAX:
            raise full(held_bytes, new_bytes)

    def _read_back(self, items: Sequence[_Item], at_least: int | None = None) -> None:
        """Check that what was written is there; an entry may be of a later generation."""
        for key, value in items:
            for attempt in range(_READ_ATTEMPTS):
                if attempt:
                    time.sleep(_READ_PAUSE_S)
                held = self._keys.get(key)
                if held == value:
                    break
                if held and at_least is not None and parse_live_entry(held)[0] > at_least:
                    break
            else:
                raise EdgeError(
                    f"the key-value store took {key!r} and does not have it",
                    "Run this again; if it stays so, make a new store.",
                )

    def _remove_others(self, names: Collection[str], set_ids: Collection[str]) -> int:
        state = self._keys.state()
        held = dict(self._keys.items())
        kept = {LIVE, *names} & held.keys()
        # What visitors get is never removed, whoever says so.
        entries = [parse_live_entry(self.entry(name)) for name in kept]
        sets = {*set_ids, *(entry.set_id for entry in entries)} & held.keys()
        kept |= sets
        for head in [*(entry.head for entry in entries), *(held[one] for one in sets)]:
            kept.update(nodes_of(head, held.get))
        gone = [(match, key) for key in held if (match := _OURS.fullmatch(key)) and key not in kept]
        # Nodes last: what has no head is no set.
        gone.sort(key=lambda one: bool(one[0]["node"]))
        for group in batches([(key, "") for _, key in gone]):
            state = self._keys.change(state.etag, deletes=[key for key, _ in group])
            self._progress("removing old redirects", len(group), len(gone))
        return len(gone)


def _pause() -> None:
    # Not all at the same moment again.
    time.sleep(SystemRandom().uniform(0.02, 0.3))


def _too_busy() -> EdgeError:
    return EdgeError("others kept writing to the edge's key-value store", "Try again.")
