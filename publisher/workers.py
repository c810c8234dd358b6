"""Processes that prepare captures side by side: small records come back, bodies do not."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import msgspec

from publisher.addresses import Addresses, SiteUrls
from publisher.errors import PublisherError
from publisher.inspection import Inspector, SiteFacts
from publisher.inventory import Inventory
from publisher.prepare import Prepared, Preparer, Sink, Task
from publisher.records import Records
from publisher.rewrite.document import Rewriter
from publisher.rewrite.tokens import Shape
from publisher.routes import Routes
from publisher.scope import Scope
from publisher.store.port import Store

# A batch is sent when a worker is idle, or when it is this large: sending costs as much for
# one task as for many.
_TASKS_MAX = 16
_BYTES_MAX = 1024 * 1024
# So many batches for each worker are under way before the crawl waits.
_BATCHES_MAX = 3


@dataclass(frozen=True, slots=True)
class Plant:
    """What a worker needs to make a `Preparer` of its own. Can be sent to another process."""

    store: Store
    inventory: Inventory
    routes: Routes
    urls: SiteUrls
    cutover: str
    scope: Scope
    keep: frozenset[str]
    tokens: tuple[Shape, ...]
    facts: SiteFacts

    def addresses(self) -> Addresses:
        """Where the addresses of the CMS lead."""
        return Addresses(self.inventory, self.routes, self.urls, self.cutover, scope=self.scope)

    def rewriter(self, addresses: Addresses) -> Rewriter:
        """What makes pages fit for the public."""
        return Rewriter(addresses, self.keep, self.tokens)

    def preparer(self) -> Preparer:
        """A preparer of this process's own."""
        rewriter = self.rewriter(self.addresses())
        return Preparer(rewriter, Inspector(self.facts), sink(Records(self.store)))


def sink(records: Records) -> Sink:
    """Keeps bytes, but does not write again what the live release has."""

    def keep(data: bytes, live: str) -> str:
        digest = hashlib.sha256(data).hexdigest()
        return digest if digest == live else records.put_blob(data, digest)

    return keep


class Workers:
    """Implements `Preparing` with a pool of processes. Use it as a context manager."""

    def __init__(self, plant: Plant, number: int | None = None) -> None:
        self._number = number or len(os.sched_getaffinity(0))
        # Not forked: the store's client has threads, which do not survive it.
        self._pool = ProcessPoolExecutor(
            self._number, multiprocessing.get_context("spawn"), _begin, (plant,)
        )
        self._batch: list[Task] = []
        self._bytes = 0
        self._futures: deque[Future[bytes]] = deque()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def give(self, task: Task) -> None:
        """Implements `Preparing.give`."""
        self._batch.append(task)
        self._bytes += len(task.body)
        is_full = len(self._batch) >= _TASKS_MAX or self._bytes >= _BYTES_MAX
        if is_full or len(self._futures) < self._number:
            self._send()

    def take(self, *, wait: bool) -> Iterator[Prepared]:
        """Implements `Preparing.take`."""
        if wait or len(self._futures) < self._number:
            self._send()
        if wait or len(self._futures) > self._number * _BATCHES_MAX:
            self._wait()
        for _ in range(len(self._futures)):
            future = self._futures.popleft()
            if future.done():
                yield from _result(future)
            else:
                self._futures.append(future)

    @property
    def is_busy(self) -> bool:
        """Implements `Preparing.is_busy`."""
        return bool(self._batch or self._futures)

    def _send(self) -> None:
        if self._batch:
            try:
                self._futures.append(self._pool.submit(_work, msgspec.msgpack.encode(self._batch)))
            except BrokenProcessPool as error:
                raise _died() from error
            self._batch, self._bytes = [], 0

    def _wait(self) -> None:
        wait(self._futures, return_when=FIRST_COMPLETED)


def _result(future: Future[bytes]) -> list[Prepared]:
    try:
        return msgspec.msgpack.decode(future.result(), type=list[Prepared])
    except BrokenProcessPool as error:
        raise _died() from error


def _died() -> PublisherError:
    return PublisherError(
        "a worker process died; nothing was published",
        "Is there enough memory? The system's log (`dmesg`) says if it ended the process.",
    )


# ------------------------------------------------------------------ in the worker's process

_preparer: Preparer


def _begin(plant: Plant) -> None:
    global _preparer
    # Ctrl-C goes to all processes of a terminal: the one that gives out work ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _preparer = plant.preparer()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _work(batch: bytes) -> bytes:
    tasks = msgspec.msgpack.decode(batch, type=list[Task])
    return msgspec.msgpack.encode([_preparer.prepare(task) for task in tasks])
