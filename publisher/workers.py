"""Processes that prepare captures side by side: small records come back, bodies do not."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

import msgspec

from publisher.addresses import Addresses, SiteUrls
from publisher.cms.interrupt import noticed
from publisher.errors import PublisherError
from publisher.inspection import Inspector, SiteFacts
from publisher.inventory import Inventory
from publisher.keeping import Keeper
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
# So many batches for each worker, and so many bytes in all, are under way before the crawl
# waits. What is under way is there up to four times: here, in the pipe and in the worker.
_BATCHES_MAX = 3
_UNDER_WAY_MAX = 32 * 1024 * 1024
# So long a batch may take to end when nobody wants its result any more.
_PATIENCE_S = 3.0
# Not for the workers: the process that gives out work ends them, in order.
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


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

    def preparer(self, sink: Sink) -> Preparer:
        """A preparer of this process's own, which keeps bodies by `sink`."""
        return Preparer(self.rewriter(self.addresses()), Inspector(self.facts), sink)


class Workers:
    """Implements `Preparing` with a pool of processes. Use it as a context manager."""

    def __init__(self, plant: Plant, number: int | None = None) -> None:
        self._number = number or processors()
        context = multiprocessing.get_context("spawn")
        # Its other end is closed by us, or by the system when we die, however we die.
        ours, self._leash = context.Pipe(duplex=False)
        # Not forked: the store's client has threads, which do not survive it.
        self._pool = ProcessPoolExecutor(self._number, context, _begin, (plant, ours))
        self._ours = ours
        self._batch: list[Task] = []
        self._bytes = 0
        # With the bytes that each was given.
        self._futures: dict[Future[bytes], int] = {}

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        with noticed() as check:
            # What was begun is ended, so that no half of a file is left; but not for ever.
            begun = [future for future in self._futures if not future.cancel()]
            wait(begun, timeout=_PATIENCE_S)
            self._leash.close()
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._ours.close()
            check()

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
        if self._futures and (wait or len(self._futures) > self._number * _BATCHES_MAX):
            _first_of(self._futures)
        for future in [future for future in self._futures if future.done()]:
            del self._futures[future]
            yield from _result(future)

    @property
    def is_busy(self) -> bool:
        """Implements `Preparing.is_busy`."""
        return bool(self._batch or self._futures)

    def _send(self) -> None:
        if not self._batch:
            return
        while (unfinished := self._unfinished()) and (
            sum(unfinished.values()) + self._bytes > _UNDER_WAY_MAX
        ):
            _first_of(unfinished)
        batch, size = msgspec.msgpack.encode(self._batch), self._bytes
        self._batch, self._bytes = [], 0
        try:
            with _blocked():
                self._futures[self._pool.submit(_work, batch)] = size
        except BrokenProcessPool as error:
            raise _died() from error

    def _unfinished(self) -> dict[Future[bytes], int]:
        return {future: size for future, size in self._futures.items() if not future.done()}


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS binds no process to some of them


@contextmanager
def _blocked() -> Iterator[None]:
    """Processes that are started within the block never get the signals for the whole group.

    Ctrl-C goes to all processes of a terminal, and a service manager's end to all of a service.
    To ignore them later would leave the time in which Python starts.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _first_of(futures: Iterable[Future[bytes]]) -> None:
    """Wait until one of them is done."""
    wait(futures, return_when=FIRST_COMPLETED)


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
_keeper: Keeper


def _begin(plant: Plant, leash: Connection) -> None:
    global _preparer, _keeper
    threading.Thread(target=_end_with, args=(leash,), daemon=True).start()
    _keeper = Keeper(Records(plant.store))
    _preparer = plant.preparer(_keeper)


def _end_with(leash: Connection) -> None:
    leash.poll(None)  # nothing is ever sent: its other end was closed
    os._exit(1)


def _work(batch: bytes) -> bytes:
    tasks = msgspec.msgpack.decode(batch, type=list[Task])
    done = [_preparer.prepare(task) for task in tasks]
    _keeper.settle()  # an outcome names bytes that are kept
    return msgspec.msgpack.encode(done)
