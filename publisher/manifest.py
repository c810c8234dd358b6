"""What a site consists of: entries by site path, immutable, named by a digest. Pure.

A manifest is written as an index and parts. Parts are cut where the hash of a path says
so, not after a fixed number of entries: one more page changes one part and the index, and
two manifests are compared by the digests of their parts before any part is read.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from publisher.paths import SitePath

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


# How the rows of a part are had: from memory in tests, from the store in production.
LoadPart = Callable[[str], list[Row]]


def build(entries: Mapping[SitePath, Entry]) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest of these entries, and its parts by digest."""
    refs: list[PartRef] = []
    parts: dict[str, bytes] = {}
    rows: list[Row] = []

    def close() -> None:
        data = encode_part(rows)
        digest = hashlib.sha256(data).hexdigest()
        parts[digest] = data
        refs.append(PartRef(digest, rows[-1].path, len(rows)))
        rows.clear()

    for path in sorted(entries):
        rows.append(Row(str(path), entries[path]))
        if zlib.crc32(path.encode()) % ENTRIES_PER_PART == 0:
            close()
    if rows:
        close()
    return Manifest(tuple(refs)), parts


def encode_part(rows: Iterable[Row]) -> bytes:
    """One JSON array a line, so that parts can be read and compared with line tools."""
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


def decode_part(data: bytes) -> list[Row]:
    """The reverse of `encode_part`. Raises msgspec.ValidationError or DecodeError."""
    decoder = msgspec.json.Decoder(Row)
    return [decoder.decode(line) for line in data.splitlines()]


def entries_of(manifest: Manifest, load: LoadPart) -> Iterator[tuple[SitePath, Entry]]:
    """All entries in path order, part after part."""
    for part in manifest.parts:
        for row in load(part.digest):
            yield SitePath(row.path), row.entry


def find(manifest: Manifest, path: SitePath, load: LoadPart) -> Entry | None:
    """The entry of one path, reading one part."""
    for part in manifest.parts:
        if path <= part.last:
            return next((row.entry for row in load(part.digest) if row.path == path), None)
    return None


@dataclass(frozen=True, slots=True)
class Difference:
    """A path at which two manifests differ; None where one of them has no entry."""

    path: SitePath
    old: Entry | None
    new: Entry | None


def differences(old: Manifest, new: Manifest, load: LoadPart) -> Iterator[Difference]:
    """Where two manifests differ, in path order, reading only parts they do not share."""
    shared = {part.digest for part in old.parts} & {part.digest for part in new.parts}
    before = _rows(old, shared, load)
    after = _rows(new, shared, load)
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            yield Difference(SitePath(path), before.get(path), after.get(path))


def _rows(manifest: Manifest, shared: set[str], load: LoadPart) -> dict[str, Entry]:
    return {
        row.path: row.entry
        for part in manifest.parts
        if part.digest not in shared
        for row in load(part.digest)
    }
