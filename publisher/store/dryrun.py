"""A store that remembers what would be written, and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from publisher.errors import Conflict, NotFound
from publisher.store.memory import MemoryStore
from publisher.store.port import ABSENT, BLOBS, PLAIN, Headers, Listed, Object, Store


class DryRun:
    """Wraps a `Store`: reads see its own writes, the store behind sees none of them.

    Blobs are forgotten: a dry run needs their names only, and memory must not grow with them.
    """

    waits = False

    def __init__(self, store: Store) -> None:
        self._store = store
        self.writers = store.writers
        self._written = MemoryStore()
        self._deleted: set[str] = set()

    def __reduce__(self) -> tuple[type[DryRun], tuple[Store]]:
        # Another process writes blobs only, and those are forgotten.
        return DryRun, (self._store,)

    def get(self, key: str) -> Object:
        try:
            return self._written.get(key)
        except NotFound:
            if key in self._deleted:
                raise
            return self._store.get(key)

    def put(
        self, key: str, data: bytes, headers: Headers = PLAIN, expect: str | None = None
    ) -> str:
        if key.startswith(BLOBS):
            return ""
        if expect is not None and expect != self._etag(key):
            raise Conflict(key)
        return self._written.put(key, data, headers)

    def copy(self, source: str, target: str) -> None:
        found = self.get(source)
        self.put(target, found.data, found.headers)

    def delete(self, *keys: str) -> None:
        self._written.delete(*keys)
        self._deleted.update(keys)

    def list(self, prefix: str) -> Iterator[Listed]:
        written = list(self._written.list(prefix))
        yield from written
        hidden = {one.key for one in written} | self._deleted
        yield from (one for one in self._store.list(prefix) if one.key not in hidden)

    def _etag(self, key: str) -> str:
        try:
            return self.get(key).etag
        except NotFound:
            return ABSENT
