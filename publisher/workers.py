"""Processes that prepare captures side by side: small records come back, bodies do not.

Each has a socket to the process that gives out work. What is to be done goes into it and waits
there, so that a worker that has done one task finds the next; its end means that there is no
more, or nobody who wants it.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import selectors
import socket
import struct
import subprocess
import time
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import msgspec

from publisher.addresses import Addresses, SiteUrls
from publisher.cms.interrupt import noticed
from publisher.errors import PublisherError
from publisher.garbage import rarely_sought
from publisher.inspection import Inspector, SiteFacts
from publisher.inventory import Inventory
from publisher.keeping import Keeper
from publisher.prepare import Prepared, Preparer, Preparing, Sink, Task
from publisher.processes import Processes
from publisher.records import Records
from publisher.rewrite.tokens import Shape
from publisher.routes import Routes
from publisher.scope import Scope
from publisher.social import Social
from publisher.store.port import Store

if TYPE_CHECKING:  # it takes a while, and the process that gives out work needs none
    from publisher.rewrite.document import Rewriter

# So many tasks for each worker, and so many bytes in all, are under way before the crawl waits.
# A body under way is there up to twice: here, and in the socket or the worker.
_TASKS_MAX = 64
_UNDER_WAY_MAX = 32 * 1024 * 1024
# The room that is asked for in each socket. The system may give less.
_ROOM_BYTES = 512 * 1024
# So many tasks may wait in a socket.
_AHEAD_MAX = 16
# Tasks are sent so many together, if there is time: a worker that wakes up for a single page finds
# the processor's caches full of what the CMS does, if that is on this machine. Measured beside a
# WordPress: 12 % less CPU time, and 3 % less time in all.
TOGETHER = 8
# A worker sends so many results together, while it has more to do: each wakes who waits for them.
# Where the store waits for a network, all that came together are kept together.
_RESULTS_MAX = 4
# So long a task may take to end when nobody wants its result any more.
_PATIENCE_S = 3.0
# What comes before a task: the sizes of its record and of its body. And before a result: whether
# it is an exception, and its size.
_TASK = struct.Struct("!QQ")
_RESULT = struct.Struct("!?Q")
_READ_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Plant:
    """What a worker needs to make a `Preparer` of its own. Can be sent to another process."""

    store: Store
    inventory: Inventory
    routes: Routes
    urls: SiteUrls
    social: Social
    scope: Scope
    keep: frozenset[str]
    tokens: tuple[Shape, ...]
    facts: SiteFacts

    def addresses(self) -> Addresses:
        """Where the addresses of the CMS lead."""
        return Addresses(self.inventory, self.routes, self.urls, self.social, scope=self.scope)

    def rewriter(self, addresses: Addresses) -> Rewriter:
        """What makes pages fit for the public."""
        from publisher.rewrite.document import Rewriter

        return Rewriter(addresses, self.keep, self.tokens)

    def preparer(self, sink: Sink) -> Preparer:
        """A preparer of this process's own, which keeps bodies by `sink`."""
        return Preparer(self.rewriter(self.addresses()), Inspector(self.facts), sink)


class Workers:
    """Gives work to processes. `begin` tells them what to do; then this implements `Preparing`.
    Use it as a context manager."""

    def __init__(self, processes: Processes) -> None:
        self._workers = [_Worker(one) for one in processes.sockets]
        self._process = processes.first
        self._selector = selectors.DefaultSelector()
        for worker in self._workers:
            self._selector.register(worker.socket, selectors.EVENT_READ, worker)
        self._tasks: deque[Task] = deque()
        self._done: list[Prepared] = []
        self._count = 0  # of tasks that are not done, and
        self._bytes = 0  # those of their bodies

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        with noticed() as check:
            self._end()
            check()

    def begin(self, plant: Plant) -> Preparing:
        """Have each worker make its preparer."""
        packed = pickle.dumps(plant)
        with _reported():
            for worker in self._workers:
                worker.socket.sendall(_TASK.pack(len(packed), 0) + packed)
        return self

    def give(self, task: Task, *, at_once: bool = True) -> None:
        """Implements `Preparing.give`."""
        self._tasks.append(task)
        self._count += 1
        self._bytes += len(task.body)
        if at_once or self._has_many() or self._has_too_much():
            self._pass_on()
        while self._has_too_much():
            self._receive(None)

    def take(self, *, wait: bool) -> Iterator[Prepared]:
        """Implements `Preparing.take`."""
        if self._count:
            if wait:
                self._pass_on()
            self._receive(None if wait and not self._done else 0)
        done, self._done = self._done, []
        yield from done

    @property
    def is_busy(self) -> bool:
        """Implements `Preparing.is_busy`."""
        return bool(self._count or self._done)

    def _has_many(self) -> bool:
        return len(self._tasks) >= TOGETHER

    def _has_too_much(self) -> bool:
        return self._bytes > _UNDER_WAY_MAX or self._count > _TASKS_MAX * len(self._workers)

    def _pass_on(self) -> None:
        """Send tasks to whom has the least to do, as long as they have room."""
        while self._tasks:
            worker = min(self._workers, key=_Worker.load)
            if not worker.has_room(self._tasks[0]):
                return
            with _reported():
                worker.send(self._tasks)

    def _receive(self, timeout: float | None) -> None:
        """Take what has come back, and send tasks in its place."""
        for key, _ in self._selector.select(timeout):
            worker: _Worker = key.data
            with _reported():
                for prepared, size in worker.receive():
                    self._done.append(prepared)
                    self._count -= 1
                    self._bytes -= size
        if timeout is None or self._has_many():
            self._pass_on()

    def _end(self) -> None:
        """Let the workers end. What was begun is ended, so that no half of a file is left; but
        not for ever."""
        for worker in self._workers:
            with contextlib.suppress(OSError):  # it is dead
                worker.socket.shutdown(socket.SHUT_WR)
        until = time.monotonic() + _PATIENCE_S
        while self._selector.get_map() and (left := until - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                if key.data.is_at_end():
                    self._selector.unregister(key.fileobj)
        for worker in self._workers:
            worker.socket.close()
        self._selector.close()
        try:
            self._process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class _Worker:
    """One worker, as seen by the process that gives out work."""

    def __init__(self, ours: socket.socket) -> None:
        self.socket = ours
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM_BYTES)
        # Half of it, since the system counts its own needs, too.
        self._room = ours.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) // 2
        self._sizes: deque[int] = deque()  # of the bodies that it has been given
        self._bytes = 0
        self._read = bytearray()

    def load(self) -> int:
        """How much it has to do."""
        return self._bytes + len(self._sizes)

    def has_room(self, task: Task) -> bool:
        """Whether a task can be sent without waiting: who is idle is reading; what waits for one
        that is at work must fit into the socket, for it may itself be waiting for us to read."""
        ahead = len(self._sizes)
        return not ahead or (ahead < _AHEAD_MAX and self._bytes + len(task.body) <= self._room)

    def send(self, tasks: deque[Task]) -> None:
        """Send the first of these, for which it has room, and more of them as long as it has. By
        one call: each wakes a worker that waits, and takes the processor from this process."""
        pieces: list[bytes] = []
        for _ in range(TOGETHER):
            task = tasks.popleft()
            record = _ENCODER.encode((task.url, task.path, task.content_type, task.live))
            pieces += (_TASK.pack(len(record), len(task.body)), record, task.body)
            self._sizes.append(len(task.body))
            self._bytes += len(task.body)
            if not (tasks and self.has_room(tasks[0])):
                break
        self.socket.sendall(b"".join(pieces))

    def receive(self) -> Iterator[tuple[Prepared, int]]:
        """What has come back, each with the size of the body that it was made of. Raises what the
        worker did, and EOFError if it has died."""
        read = self._read
        read += _more(self.socket)
        position = 0
        while len(read) >= position + _RESULT.size:
            is_error, size = _RESULT.unpack_from(read, position)
            start = position + _RESULT.size
            if len(read) < start + size:
                break
            position = start + size
            record = bytes(read[start:position])
            if is_error:
                raise pickle.loads(record)  # noqa: S301 - from a process of ours
            body_bytes = self._sizes.popleft()
            self._bytes -= body_bytes
            yield _DECODER.decode(record), body_bytes
        del read[:position]

    def is_at_end(self) -> bool:
        """Reads what nobody wants any more. Whether the worker has ended."""
        try:
            return not self.socket.recv(_READ_BYTES)
        except OSError:
            return True


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Prepared)


def _more(one: socket.socket, size: int = _READ_BYTES) -> bytes:
    data = one.recv(size)
    if not data:
        raise EOFError
    return data


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except (EOFError, ConnectionError) as error:
        raise PublisherError(
            "a worker process died; nothing was published",
            "Is there enough memory? The system's log (`dmesg`) says if it ended the process.",
        ) from error


# ------------------------------------------------------------------ in the worker's process


def work(numbers: Sequence[int]) -> None:
    """The life of all workers, each with one of these sockets. The first one starts the others:
    what it has imported is theirs, too. It has no threads yet, which would not survive that."""
    from publisher.rewrite import document  # noqa: F401 - once, for all of them

    rarely_sought()
    own, *others = numbers
    children: list[int] = []
    while others:
        number = others.pop()
        if pid := os.fork():
            os.close(number)
            children.append(pid)
        else:
            for other in (own, *others):
                os.close(other)
            own, others, children = number, [], []
    with contextlib.suppress(EOFError, ConnectionError):  # nobody wants it any more
        _serve(socket.socket(fileno=own))
    for pid in children:
        os.waitpid(pid, 0)
    os._exit(0)


def _serve(one: socket.socket) -> None:
    """Do what comes, until its end."""
    size, _ = _TASK.unpack(_read(one, _TASK.size))
    packed = _read(one, size)
    try:
        plant: Plant = pickle.loads(packed)  # noqa: S301 - our parent's
        keeper = Keeper(Records(plant.store))
        preparer = plant.preparer(keeper)
        together = _AHEAD_MAX if plant.store.waits else _RESULTS_MAX
    except Exception as error:  # noqa: BLE001 - it is raised again where it is reported
        _refuse(one, error)
    done: list[Prepared] = []
    while True:
        task = _next(one)
        try:
            done.append(preparer.prepare(task))
            if len(done) < together and select.select((one,), (), (), 0)[0]:
                continue
            keeper.settle()  # an outcome names bytes that are kept
        except Exception as error:  # noqa: BLE001 - it is raised again where it is reported
            _refuse(one, error)
        one.sendall(b"".join(_framed(_ENCODER.encode(prepared)) for prepared in done))
        done.clear()


def _refuse(one: socket.socket, error: Exception) -> NoReturn:
    """Tell of an error; what is still sent is read, so that who sends it lives to be told."""
    error.add_note(traceback.format_exc())
    one.sendall(_framed(pickle.dumps(error), is_error=True))
    while True:
        _next(one)


def _framed(record: bytes, *, is_error: bool = False) -> bytes:
    return _RESULT.pack(is_error, len(record)) + record


def _next(one: socket.socket) -> Task:
    size, body_size = _TASK.unpack(_read(one, _TASK.size))
    url, path, content_type, live = _FIELDS.decode(_read(one, size))
    return Task(url, path, content_type, _read(one, body_size), live)


def _read(one: socket.socket, size: int) -> bytes:
    data = one.recv(size, socket.MSG_WAITALL)
    while len(data) < size:  # it was interrupted
        data += _more(one, size - len(data))
    return data


_FIELDS = msgspec.msgpack.Decoder(tuple[str, str, str, str])
