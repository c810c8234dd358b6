"""CloudFront as the edge: redirect sets and entries in its key-value store.

A set is written under its own prefix, 50 keys a request, in the order of its keys; the marker
`<set>` comes last, after it was read back. So one question says that a set is whole, and a set
whose writer died has the first of its keys and no marker. Whatever is removed goes the other way
round: marker first, then keys from the last to the first.
"""

from __future__ import annotations

import hashlib
import re
import time
from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping, Sequence
from secrets import SystemRandom

from publisher.content_types import EDGE_TTL_S
from publisher.edge.cloudfront_client import clients
from publisher.edge.cloudfront_function import EdgeFunction
from publisher.edge.cloudfront_invalidation import invalidate
from publisher.edge.cloudfront_keys import (
    BATCH_KEYS,
    KeyValues,
    StaleError,
    batches,
    full,
    size_bytes,
)
from publisher.errors import EdgeError
from publisher.filling import Progress
from publisher.release import LIVE, PREVIEW
from redirects.compile import STORE_BYTES_MAX, parse_live_entry

# Until an entry is everywhere: seconds, says AWS, and has no interface that tells when. Twice
# what users report at worst.
SPREAD_S = 30

# So often somebody else may write to the store between our reading and writing.
_ATTEMPTS = 30
# A loaded set is read back at so many keys, whatever its size.
_SAMPLES = 20
# What was written may take a moment until it is read.
_READ_ATTEMPTS = 6

# Keys of ours; what else somebody put into the store stays.
_OURS = re.compile(rf"{LIVE}|{PREVIEW}[a-z0-9-]+|([0-9a-f]{{12}})(?:[/?].*)?", re.DOTALL)

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

    def load(self, set_id: str, entries: Mapping[str, str]) -> None:
        self._function.ensure()
        items = sorted(entries.items())
        marker = (set_id, _marker(items))
        if self._keys.get(set_id) == marker[1]:
            return
        for _ in range(_ATTEMPTS):
            try:
                self._write(items, marker)
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

    def _write(self, items: Sequence[_Item], marker: _Item) -> None:
        """Write what the store lacks of a set. Raises StaleError if somebody else writes."""
        state = self._keys.state()
        groups = batches(items)
        # The keys that are there are the first ones of the set: look for the end of them.
        done = bisect_left(groups, True, key=lambda group: not self._has(group[-1]))
        rest = [item for group in groups[done:] for item in group]
        self._check_room(state.size_bytes, [*rest, marker])
        before, written = state.keys, 0
        for number, group in enumerate(groups[done:], done):
            state = self._keys.change(state.etag, puts=group)
            written += len(group)
            self._progress("loading redirects", (number + 1) * BATCH_KEYS, len(groups) * BATCH_KEYS)
        # Nobody else wrote in between, or an ETag would have been stale.
        if not max(before, written) <= state.keys <= before + written:
            raise EdgeError(
                f"the key-value store says that it has {state.keys} keys after {written} were "
                f"added to {before}",
                "Run this again; what visitors get has not changed.",
            )
        step = max(1, len(items) // _SAMPLES)
        self._read_back([*items[::step], *items[-1:]])
        self._keys.change(state.etag, puts=[marker])
        self._read_back([marker])

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

    def _has(self, item: _Item) -> bool:
        return self._keys.get(item[0]) == item[1]

    def _read_back(self, items: Sequence[_Item], at_least: int | None = None) -> None:
        """Check that what was written is there; an entry may be of a later generation."""
        for key, value in items:
            for attempt in range(_READ_ATTEMPTS):
                if attempt:
                    time.sleep(1)
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
        kept_names = {LIVE, *names} & held.keys()
        # What visitors get is never removed, whoever says so.
        kept_sets = {parse_live_entry(self.entry(name)).set_id for name in kept_names}
        kept_sets |= set(set_ids)
        entries, markers, keys = list[str](), list[str](), list[str]()
        for key in held:
            match = _OURS.fullmatch(key)
            if not match or key in kept_names or match[1] in kept_sets:
                continue
            (entries if not match[1] else markers if key == match[1] else keys).append(key)
        gone = [*entries, *markers, *sorted(keys, reverse=True)]
        for start in range(0, len(gone), BATCH_KEYS):
            batch = gone[start : start + BATCH_KEYS]
            state = self._keys.change(state.etag, deletes=batch)
            self._progress("removing old redirects", start + len(batch), len(gone))
        return len(gone)


def _marker(items: Sequence[_Item]) -> str:
    """Tells sets apart that another version of this program made of the same rules."""
    digest = hashlib.sha256(repr(items).encode()).hexdigest()[:32]
    return f"{len(items)} {digest}"


def _pause() -> None:
    # Not all at the same moment again.
    time.sleep(SystemRandom().uniform(0.02, 0.3))


def _too_busy() -> EdgeError:
    return EdgeError("others kept writing to the edge's key-value store", "Try again.")
