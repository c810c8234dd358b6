"""A slot is filled: a plan's actions, group after group, many at once within a group."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

from publisher.errors import NotFound, PublisherError
from publisher.plan import GROUPS, Action, Plan
from publisher.records import Records, entry_key, slot_key, slot_uri

_T = TypeVar("_T")

# So many files are removed by one call: S3 takes 1,000 keys (API reference, "DeleteObjects").
_REMOVED_MAX = 500
# How often progress is told.
_TELL_S = 0.1
# More addresses than this are invalidated as one, with a `*`: CloudFront counts that as one
# path, and takes 3,000 at once (Developer Guide, "Quotas on invalidations").
_INVALIDATED_MAX = 1_000

# Told what is being done, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]


def fill(records: Records, slot: str, plan: Plan, progress: Progress) -> list[str]:
    """Carry out a plan in a slot. Returns the addresses of which an edge may hold the same bytes
    with other headers: they have to be invalidated.

    Raises PublisherError if bytes are missing, StoreError.
    """
    filling = _Filling(records, slot)

    def tell() -> None:
        progress("filling the slot", filling.done, len(plan))

    for group in GROUPS:  # one is done before the next begins
        actions = plan.group(group)
        if group == "removals":
            _each(filling.remove, _batches(actions, _REMOVED_MAX), records.store.writers, tell)
        else:
            _each(filling.write, actions, records.store.writers, tell)
    stale = filling.stale
    return stale if len(stale) <= _INVALIDATED_MAX else [f"/{slot}/*"]


class _Filling:
    """The actions on a slot, for any thread, and what came of them: how many are done, and the
    addresses at which the headers alone have changed (no more than are of use)."""

    def __init__(self, records: Records, slot: str) -> None:
        self.done = 0
        self.stale: list[str] = []
        self._records = records
        self._slot = slot
        self._lock = threading.Lock()

    def write(self, action: Action) -> None:
        assert action.entry  # noqa: S101 - all groups but the removals
        target = slot_key(self._slot, action.path)
        try:
            self._records.store.copy(entry_key(action.entry), target)
        except NotFound:
            raise PublisherError(
                f"the bytes of {action.path} are not in the store", "Export again, with --full."
            ) from None
        with self._lock:
            self.done += 1
            # Also where the bytes are others: an edge may still have a file of these bytes
            # from an earlier turn of the slot, with the headers of then.
            if action.new_headers and len(self.stale) <= _INVALIDATED_MAX:
                self.stale.append(slot_uri(self._slot, action.path))

    def remove(self, actions: list[Action]) -> None:
        self._records.store.delete(*(slot_key(self._slot, action.path) for action in actions))
        with self._lock:
            self.done += len(actions)


def _batches(actions: Iterator[Action], size: int) -> Iterator[list[Action]]:
    while batch := list(islice(actions, size)):
        yield batch


def _each(
    act: Callable[[_T], None], what: Iterable[_T], writers: int, tell: Callable[[], None]
) -> None:
    """Act on each, so many at once: memory does not grow with how many there are. Raises what
    the first one that fails raises; those that have not begun by then are left."""
    rest, turn, ended = iter(what), threading.Lock(), threading.Event()

    def work() -> None:
        # Threads that help themselves take a fifth less time than a queue that is filled.
        try:
            while not ended.is_set():
                with turn:
                    one = next(rest, None)
                if one is None:
                    return
                act(one)
        except BaseException:
            ended.set()
            raise

    with ThreadPoolExecutor(writers) as pool:
        try:
            running = {pool.submit(work) for _ in range(writers)}
            while running:
                done, running = wait(running, _TELL_S, FIRST_EXCEPTION)
                for one in done:
                    one.result()
                tell()
        finally:  # also when we are interrupted
            ended.set()
