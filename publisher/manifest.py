"""What a site consists of: entries by site path, immutable, named by a digest. Pure.

A manifest is written as an index and parts. Parts are cut where the hash of a path says
so, not after a fixed number of entries: one more page changes one part and the index, and
two manifests are compared by the digests of their parts before any part is read.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from publisher.paths import SitePath, recorded

# A part ends after a path whose hash is a multiple of this: 256 entries on average.
ENTRIES_PER_PART = 256


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What a site path serves: the SHA-256 of the bytes (hex), their number, the headers."""

    blob: str
    size: int
    content_type: str
    cache_control: str

    @property
    def is_page(self) -> bool:
        """Whether a visitor opens it as a page; everything else is an asset of pages."""
        return self.content_type.startswith("text/html")


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One line of a part."""

    path: str
    entry: Entry


class PartRef(msgspec.Struct, frozen=True, array_like=True):
    """A part as the index names it: SHA-256 of its bytes, its last path, its number of rows."""

    digest: str
    last: str
    rows: int


class Manifest(msgspec.Struct, frozen=True):
    """The index: which parts, in path order. Small even for a large site."""

    parts: tuple[PartRef, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the encoded index: equal digests, equal sites."""
        return hashlib.sha256(self.encode()).hexdigest()

    @property
    def rows(self) -> int:
        """The number of entries."""
        return sum(part.rows for part in self.parts)

    def encode(self) -> bytes:
        """Deterministic JSON."""
        return msgspec.json.encode(self)

    @staticmethod
    def decode(data: bytes) -> Manifest:
        """The reverse of `encode`. Raises msgspec.ValidationError or DecodeError."""
        return msgspec.json.decode(data, type=Manifest)


_ENCODER = msgspec.json.Encoder()
_L = TypeVar("_L")
_R = TypeVar("_R")

# How the rows of a part are had: from memory in tests, from the store in production.
LoadPart = Callable[[str], list[Row]]


class Parts:
    """Takes rows in path order and gives out parts, as they are full, to `put`."""

    def __init__(self, put: Callable[[str, bytes], None]) -> None:
        self._put = put
        self._refs: list[PartRef] = []
        self._lines: list[bytes] = []
        self._last = ""

    def add(self, path: str, row: msgspec.Struct) -> None:
        """Take a row. Its path must come after that of the row before it."""
        self._lines.append(_ENCODER.encode(row))
        self._last = str(path)
        if zlib.crc32(path.encode()) % ENTRIES_PER_PART == 0:
            self._close()

    def manifest(self) -> Manifest:
        """The index of all parts, once every row was given."""
        if self._lines:
            self._close()
        return Manifest(tuple(self._refs))

    def _close(self) -> None:
        # One JSON array a line, so that parts can be read and compared with line tools.
        data = b"\n".join(self._lines) + b"\n"
        digest = hashlib.sha256(data).hexdigest()
        self._put(digest, data)
        self._refs.append(PartRef(digest, self._last, len(self._lines)))
        self._lines.clear()


def decode_part(data: bytes, row: type[_R]) -> list[_R]:
    """The rows of a part. Raises msgspec.ValidationError or DecodeError."""
    decoder = msgspec.json.Decoder(row)
    return [decoder.decode(line) for line in data.splitlines()]


def entries_of(manifest: Manifest, load: LoadPart) -> Iterator[tuple[SitePath, Entry]]:
    """All entries in path order, part after part."""
    for part in manifest.parts:
        for row in load(part.digest):
            yield recorded(row.path), row.entry


def find(manifest: Manifest, path: SitePath, load: LoadPart) -> Entry | None:
    """The entry of one path, reading one part."""
    for part in manifest.parts:
        if path <= part.last:
            return next((row.entry for row in load(part.digest) if row.path == path), None)
    return None


def below(manifest: Manifest, path: SitePath, load: LoadPart) -> Iterator[SitePath]:
    """The paths of what is below another one (`/blog/1632/2.html` below `/blog/1632.html`),
    reading the parts that can have one."""
    stem, dot, _ = path.rpartition(".")
    folder = path if path.endswith("/") else f"{stem if dot else path}/"
    first = ""
    for part in manifest.parts:
        if part.last >= folder and (first < folder or first.startswith(folder)):
            for row in load(part.digest):
                if row.path.startswith(folder) and row.path != path:
                    yield recorded(row.path)
        first = part.last


@dataclass(frozen=True, slots=True)
class Difference:
    """A path at which two manifests differ; None where one of them has no entry."""

    path: SitePath
    old: Entry | None
    new: Entry | None


def differences(old: Manifest, new: Manifest, load: LoadPart) -> Iterator[Difference]:
    """Where two manifests differ, in path order, reading only parts they do not share."""
    shared = {part.digest for part in old.parts} & {part.digest for part in new.parts}
    for path, before, after in joined(_rows(old, shared, load), _rows(new, shared, load)):
        if before != after:
            yield Difference(recorded(path), before, after)


def _rows(manifest: Manifest, shared: set[str], load: LoadPart) -> Iterator[tuple[str, Entry]]:
    for part in manifest.parts:
        if part.digest not in shared:
            yield from ((row.path, row.entry) for row in load(part.digest))


def joined(
    left: Iterable[tuple[str, _L]], right: Iterable[tuple[str, _R]]
) -> Iterator[tuple[str, _L | None, _R | None]]:
    """Two streams in path order as one: each path with what either has there."""
    lefts, rights = iter(left), iter(right)
    one, other = next(lefts, None), next(rights, None)
    while one or other:
        if other is None or (one and one[0] < other[0]):
            assert one  # noqa: S101 - one of the two is left
            yield one[0], one[1], None
            one = next(lefts, None)
        elif one is None or other[0] < one[0]:
            yield other[0], None, other[1]
            other = next(rights, None)
        else:
            yield one[0], one[1], other[1]
            one, other = next(lefts, None), next(rights, None)
