"""A store and an edge that write down every call and fail where a test wants it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar, cast, get_args

from publisher.edge.port import Edge
from publisher.errors import Conflict, EdgeError, PublisherError, StoreError
from publisher.store.port import PLAIN, Headers, Listed, Object, Store
from redirects.compile import KeyValueData

_T = TypeVar("_T")


Fault = Literal["before", "after", "twice", "late", "short", "conflict"]
FAULTS: tuple[Fault, ...] = get_args(Fault)


@dataclass
class Script:
    """Which call fails, counted over the store and the edge together, and how.

    `fail_at`: 1 is the first call, 0 none. `fault`:

    - before: it fails, and nothing happens; after: it takes effect, and only its answer is lost
    - twice: a client sends it again, since the first answer was lost
    - late: it fails, and takes effect only when the test calls `land`
    - short: what is read is the first half only
    - conflict: a conditional write loses, though nobody else wrote

    `dead`: every later call fails as well, as when the process has died.
    """

    fail_at: int = 0
    fault: Fault = "before"
    dead: bool = False
    calls: list[tuple[str, str]] = field(default_factory=list)
    watch: Callable[[str, str], None] = lambda method, key: None
    _late: list[Callable[[], object]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, error: type[PublisherError], method: str, key: str, call: Callable[[], _T]) -> _T:
        with self._lock:
            self.calls.append((method, key))
            number = len(self.calls)
            self.watch(method, key)
        if self.fail_at and (number > self.fail_at) * self.dead:
            raise error(f"call {number} comes after the end")
        if number != self.fail_at:
            return call()
        match self.fault:
            case "after":
                call()
            case "twice":
                call()
                return call()
            case "late":
                self._late.append(call)
            case "short" if method in ("get", "entry"):
                return cast("_T", _half(call()))
            case "conflict" if method == "put":
                raise Conflict(key)
        raise error(f"call {number} fails ({self.fault}): {method} {key}")

    def land(self) -> None:
        """What was on its way when its sender died takes effect."""
        for call in self._late:
            with suppress(StoreError):  # a condition that does not hold any more
                call()


def _half(read: object) -> object:
    if isinstance(read, Object):
        return replace(read, data=read.data[: len(read.data) // 2])
    assert isinstance(read, str)
    return read[: len(read) // 2]


class ScriptedStore:
    """Implements `Store` on another one, by a script."""

    def __init__(self, store: Store, script: Script) -> None:
        self._store = store
        self._script = script
        self.writers = store.writers
        self.waits = store.waits

    def _run(self, method: str, key: str, call: Callable[[], _T]) -> _T:
        return self._script.run(StoreError, method, key, call)

    def get(self, key: str) -> Object:
        return self._run("get", key, lambda: self._store.get(key))

    def put(
        self, key: str, data: bytes, headers: Headers = PLAIN, expect: str | None = None
    ) -> str:
        return self._run("put", key, lambda: self._store.put(key, data, headers, expect))

    def copy(self, source: str, target: str) -> None:
        self._run("copy", target, lambda: self._store.copy(source, target))

    def delete(self, *keys: str) -> None:
        self._run("delete", " ".join(keys), lambda: self._store.delete(*keys))

    def list(self, prefix: str) -> Iterator[Listed]:
        return iter(self._run("list", prefix, lambda: list(self._store.list(prefix))))


class ScriptedEdge:
    """Implements `Edge` on another one, by a script."""

    def __init__(self, edge: Edge, script: Script) -> None:
        self._edge = edge
        self._script = script
        self.cooling_s = edge.cooling_s
        self.has_fallback = edge.has_fallback

    def _run(self, method: str, key: str, call: Callable[[], _T]) -> _T:
        return self._script.run(EdgeError, method, key, call)

    def load(self, set_id: str, data: KeyValueData) -> None:
        self._run("load", set_id, lambda: self._edge.load(set_id, data))

    def entry(self, name: str) -> str:
        return self._run("entry", name, lambda: self._edge.entry(name))

    def flip(self, name: str, entry: str) -> None:
        self._run("flip", name, lambda: self._edge.flip(name, entry))

    def invalidate(self, uris: Sequence[str]) -> None:
        self._run("invalidate", " ".join(uris), lambda: self._edge.invalidate(uris))

    def tidy(self, names: Collection[str], set_ids: Collection[str], fallback: str) -> int:
        return self._run("tidy", fallback, lambda: self._edge.tidy(names, set_ids, fallback))
