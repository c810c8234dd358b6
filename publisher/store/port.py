"""The port to where all state lives: five methods, one contract suite (tests/test_stores.py)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

# `expect` of a put that must create the key.
ABSENT = ""

# An S3 key holds 1,024 bytes (Amazon S3 user guide, "Object key naming").
KEY_BYTES_MAX = 1024

# Below this each folder is written by somebody else (`designers.names.UPLOADS`). What is larger
# there is not read: no upload may be, and objects are held in memory.
OTHERS = "uploads"
OTHERS_BYTES_MAX = 600 * 1024 * 1024

# Below this blobs are named `blobs/ab/<SHA-256 of the bytes>`; those that are served with headers
# have a name of these at the end, after a hyphen (`records.blob_key`).
BLOBS = "blobs/"


# Made and compared several times for each blob.
class Headers(msgspec.Struct, frozen=True):
    """What is served along with an object's bytes."""

    content_type: str = "application/octet-stream"
    cache_control: str = ""


PLAIN = Headers()


@dataclass(frozen=True, slots=True)
class Object:
    """What a key holds. `etag` is opaque: good only as `expect` of a later put."""

    data: bytes
    headers: Headers
    etag: str


class Listed(NamedTuple):
    """A key that a listing found, and when it was written (UTC), by the store's clock. What was
    copied may have the time of its source. `size` in bytes; `etag`: as `Object` has it, '' where to
    find it would take reading the object."""

    key: str
    modified: datetime
    size: int = 0
    etag: str = ""


class Store(Protocol):
    """Keys are `/`-separated UTF-8 without empty, `.` or `..` parts, 1,024 bytes at most.

    Every method raises StoreError when the store can't be used. A reader sees the whole
    old or the whole new object, never a part. What was written is seen by the next read.

    `writers`: so many calls at once, from as many threads, are worth it. `waits`: whether a call
    waits for a network most of its time, so that something else can be done meanwhile.
    """

    writers: int
    waits: bool

    def get(self, key: str) -> Object:
        """The object. Raises NotFound."""
        ...

    def put(
        self, key: str, data: bytes, headers: Headers = PLAIN, expect: str | None = None
    ) -> str:
        """Write and return the new etag.

        With `expect`, only if the key still has that etag, or does not exist (ABSENT);
        otherwise raises Conflict and writes nothing. Without `expect`: idempotent.
        """
        ...

    def copy(self, source: str, target: str) -> None:
        """Give the target the source's bytes and headers. Idempotent. Raises NotFound."""
        ...

    def delete(self, *keys: str) -> None:
        """Remove the keys; one that does not exist is no error. Not all at once: when this
        fails, some may be gone."""
        ...

    def list(self, prefix: str) -> Iterator[Listed]:
        """All keys that begin with the prefix, in no promised order."""
        ...
