"""A store in memory: for tests, and the model the other stores are held to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

from publisher.errors import Conflict, NotFound
from publisher.store.port import ABSENT, PLAIN, Headers, Listed, Object


class MemoryStore:
    """Implements `Store` in a dict; safe to share between threads."""

    writers = 4  # so that tests see more than one thread
    waits = False

    def __init__(self) -> None:
        self._objects: dict[str, Object] = {}
        self._modified: dict[str, datetime] = {}
        self._lock = threading.Lock()
        self._writes = 0

    def get(self, key: str) -> Object:
        try:
            return self._objects[key]
        except KeyError:
            raise NotFound(key) from None

    def put(
        self, key: str, data: bytes, headers: Headers = PLAIN, expect: str | None = None
    ) -> str:
        with self._lock:
            if expect is not None:
                held = self._objects.get(key)
                if (held.etag if held else ABSENT) != expect:
                    raise Conflict(key)
            self._writes += 1
            etag = str(self._writes)
            self._objects[key] = Object(data, headers, etag)
            self._modified[key] = datetime.now(UTC)
            return etag

    def copy(self, source: str, target: str) -> None:
        found = self.get(source)
        self.put(target, found.data, found.headers)

    def delete(self, *keys: str) -> None:
        with self._lock:
            for key in keys:
                self._objects.pop(key, None)
                self._modified.pop(key, None)

    def list(self, prefix: str) -> Iterator[Listed]:
        with self._lock:
            held = [
                Listed(key, modified, len(self._objects[key].data), self._objects[key].etag)
                for key, modified in self._modified.items()
                if key.startswith(prefix)
            ]
        yield from held
