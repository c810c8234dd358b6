"""Bodies become blobs: several at once where the store waits for a network."""

from __future__ import annotations

import hashlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

from publisher.records import Records, blob_key
from publisher.store.port import Headers

# What is given together is 16 bodies at most (`workers.py`): more threads have nothing to do.
_WRITERS = 16
# Bodies are held until they are written: no more than this.
_UNDER_WAY_MAX = 2 * _WRITERS


class Keeper:
    """Implements `prepare.Sink`. What it was given is in the store once `settle` returns."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._pool = ThreadPoolExecutor(_WRITERS) if records.store.waits else None
        self._under_way: deque[Future[str]] = deque()

    def __call__(self, data: bytes, headers: Headers, live: str) -> str:
        """Keep bytes that are served with these headers, and return their SHA-256. Nothing is
        written if `live`, the key of a blob that is there, is theirs."""
        digest = hashlib.sha256(data).hexdigest()
        if blob_key(digest, headers) == live:
            return digest
        if self._pool is None:
            return self._records.put_blob(data, headers, digest)
        if len(self._under_way) >= _UNDER_WAY_MAX:
            self._under_way.popleft().result()
        self._under_way.append(self._pool.submit(self._records.put_blob, data, headers, digest))
        return digest

    def settle(self) -> None:
        """Wait until all bytes are kept. Raises StoreError if some can't be."""
        while self._under_way:
            self._under_way.popleft().result()
