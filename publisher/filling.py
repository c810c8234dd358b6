"""A slot is filled: a plan's actions, group after group, many at once within a group."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from publisher.errors import NotFound, PublisherError
from publisher.plan import GROUPS, Action, Plan
from publisher.records import Records, blob_key, slot_key, slot_uri
from publisher.store.port import Headers

# Writes to S3 wait for the network: measured, more threads than this gain nothing.
_WRITERS = 16
# So many writes are given out before one is waited for: memory must not grow with the site.
_UNDER_WAY_MAX = 8 * _WRITERS
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
    done, total = 0, len(plan)
    stale: list[str] = []
    with ThreadPoolExecutor(_WRITERS) as pool:
        for group in GROUPS:  # one is done before the next begins
            for action in _each(pool, lambda one: _apply(records, slot, one), plan.group(group)):
                # Also where the bytes are others: an edge may still have a file of these bytes
                # from an earlier turn of the slot, with the headers of then.
                if action.new_headers and len(stale) <= _INVALIDATED_MAX:
                    stale.append(slot_uri(slot, action.path))
                done += 1
                progress("filling the slot", done, total)
    return stale if len(stale) <= _INVALIDATED_MAX else [f"/{slot}/*"]


def _apply(records: Records, slot: str, action: Action) -> Action:
    target = slot_key(slot, action.path)
    if action.entry is None:
        records.store.delete(target)
        return action
    headers = Headers(action.entry.content_type, action.entry.cache_control)
    try:
        records.store.copy(blob_key(action.entry.blob), target, headers)
    except NotFound:
        raise PublisherError(
            f"the bytes of {action.path} are not in the store", "Export again, with --full."
        ) from None
    return action


def _each(
    pool: ThreadPoolExecutor, act: Callable[[Action], Action], actions: Iterable[Action]
) -> Iterator[Action]:
    """Carry out all of them, some at once; yields each that is done. Raises what the first
    one that fails raises; those that have not begun by then are left."""
    under_way: deque[Future[Action]] = deque()
    try:
        for action in actions:
            under_way.append(pool.submit(act, action))
            if len(under_way) >= _UNDER_WAY_MAX:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        for future in under_way:
            future.cancel()
