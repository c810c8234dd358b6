"""Releases, manifests, intent and journal in the store: where each lies and how it is read.

The order of writes (docs/design.md): blobs, manifest parts, manifest, release; the slot,
redirect data; then the intent, which alone is ever changed, by compare-and-swap.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TypeVar

import msgspec

from publisher.errors import Conflict, Damaged, NotFound, PublisherError, StoreError
from publisher.manifest import Entry, Manifest, Parts, Row, decode_part
from publisher.outcome import Captured
from publisher.paths import SitePath
from publisher.release import LIVE, PREVIEW, Approval, Change, Intent, Release
from publisher.store.port import ABSENT, PLAIN, Headers, Store
from redirects.rules import RuleSet
from redirects.targets import encode_path

_T = TypeVar("_T")


class Records:
    """Typed access to what a store holds. Raises StoreError, also for damaged records."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.load_part = lru_cache(maxsize=64)(self._load_part)

    # ------------------------------------------------------------------ blobs

    def put_blob(self, data: bytes, headers: Headers = PLAIN, digest: str = "") -> str:
        """Keep bytes for what is served with these headers; returns their SHA-256 (`digest`, if
        it is known already)."""
        digest = digest or hashlib.sha256(data).hexdigest()
        self.store.put(blob_key(digest, headers), data, headers)
        return digest

    def blob(self, digest: str) -> bytes:
        """Bytes that are served nowhere, checked against their name."""
        return self._blob(blob_key(digest), digest)

    def content(self, entry: Entry) -> bytes:
        """The bytes of a file, checked against their name."""
        return self._blob(entry_key(entry), entry.blob)

    def _blob(self, key: str, digest: str) -> bytes:
        data = self.store.get(key).data
        if hashlib.sha256(data).hexdigest() != digest:
            raise Damaged(f"{key} is damaged", "Export again, with --full: it will be replaced.")
        return data

    # -------------------------------------------------------------- manifests

    def parts(self, known: Manifest) -> Parts:
        """Takes the rows of a manifest, writing only the parts that `known` (one in the store)
        lacks. Then call `put_index`."""
        held = {part.digest for part in known.parts}

        def put(digest: str, data: bytes) -> None:
            if digest not in held:
                self.store.put(f"manifests/{digest}", data)

        return Parts(put)

    def put_index(self, parts: Parts, known: Manifest) -> Manifest:
        """Keep the index of what these parts were given."""
        manifest = parts.manifest()
        if manifest != known:
            self.store.put(f"manifests/{manifest.digest}", manifest.encode())
        return manifest

    def put_manifest(self, entries: Iterable[tuple[str, Entry]], known: Manifest) -> Manifest:
        """Keep a manifest of entries in path order."""
        parts = self.parts(known)
        for path, entry in entries:
            parts.add(path, Row(str(path), entry))
        return self.put_index(parts, known)

    def manifest(self, digest: str) -> Manifest:
        """The index of a manifest; '' is the empty one."""
        if not digest:
            return Manifest()
        return _decoded(f"manifests/{digest}", self.store, Manifest)

    def captured(self, digest: str) -> Iterator[tuple[str, Captured]]:
        """Where each file of a release came from, in path order; '' is nothing."""
        for part in self.manifest(digest).parts:
            for row in decode_part(self.part(part.digest), Captured):
                yield row.path, row

    def _load_part(self, digest: str) -> list[Row]:
        return decode_part(self.part(digest), Row)

    def part(self, digest: str) -> bytes:
        """The bytes of a manifest's part, checked against their name."""
        key = f"manifests/{digest}"
        data = self.store.get(key).data
        if hashlib.sha256(data).hexdigest() != digest:
            raise StoreError(f"{key} is damaged")
        return data

    # --------------------------------------------------------------- releases

    def put_release(self, release: Release) -> None:
        """Keep a release. Raises Conflict if the id is taken."""
        self.store.put(f"releases/{release.id}", _encoded(release), expect=ABSENT)

    def release(self, name: str) -> Release:
        """The release with this id, or with an id that ends in it. Raises PublisherError."""
        try:
            return _decoded(f"releases/{name}", self.store, Release)
        except (NotFound, StoreError):
            matches = [r for r in self.release_ids() if name and r.endswith(name)]
        if len(matches) != 1:
            raise PublisherError(
                f"there is no release {name!r}"
                if not matches
                else f"{name!r} is the end of {len(matches)} releases",
                "See `publisher releases list`.",
            )
        return _decoded(f"releases/{matches[0]}", self.store, Release)

    def lineage(self, name: str) -> Iterator[Release]:
        """A release, the one it was made from, and so on, as far as they are still there."""
        while name and (found := self.stored_release(name)):
            yield found[0]
            name = found[0].parent

    def stored_release(self, name: str) -> tuple[Release, str] | None:
        """The release with exactly this id, and the etag to `retire` it with."""
        key = f"releases/{name}"
        try:
            found = self.store.get(key)
        except NotFound:
            return None
        return _parsed(key, found.data, Release), found.etag

    def retire(self, release: Release, etag: str, *, retired: bool = True) -> None:
        """Say that a release is about to be removed, or is not. Raises Conflict."""
        changed = msgspec.structs.replace(release, retired=retired)
        self.store.put(f"releases/{release.id}", _encoded(changed), expect=etag)

    def release_ids(self) -> list[str]:
        """All releases, newest first."""
        return sorted((one.key[9:] for one in self.store.list("releases/")), reverse=True)

    def rules(self, release: Release) -> RuleSet:
        """A release's redirect rules."""
        return RuleSet.from_json(self.blob(release.redirects))

    def approve(self, approval: Approval) -> None:
        """Keep an approval; the first one of a release stands."""
        with contextlib.suppress(Conflict):
            key = f"approvals/{approval.release}"
            self.store.put(key, _encoded(approval), expect=ABSENT)

    def approval(self, release: str) -> Approval | None:
        """Who let a held release through, if anybody did."""
        try:
            return _decoded(f"approvals/{release}", self.store, Approval)
        except NotFound:
            return None

    # ----------------------------------------------------------------- intent

    def intent(self, target: str = LIVE) -> tuple[Intent, str]:
        """What should be live, or on a preview, and the etag to change it with."""
        key = f"refs/{target}"
        try:
            found = self.store.get(key)
        except NotFound:
            return Intent(), ABSENT
        try:
            return msgspec.json.decode(found.data, type=Intent), found.etag
        except msgspec.MsgspecError as error:
            raise StoreError(f"{key} is damaged: {error}") from None

    def move_intent(self, intent: Intent, etag: str, target: str = LIVE) -> str:
        """Change what should be there. Raises Conflict if somebody else did so first."""
        return self.store.put(f"refs/{target}", _encoded(intent), expect=etag)

    def previews(self) -> list[str]:
        """The targets of all previews, in the order of their names."""
        found = self.store.list(f"refs/{PREVIEW}")
        return sorted(one.key.removeprefix("refs/") for one in found)

    # ---------------------------------------------------------------- journal

    def note(self, change: Change) -> None:
        """Write a change into the journal, once."""
        key = journal_key(change)
        try:
            self.store.get(key)  # each run looks: one that finds nothing to do writes nothing
        except NotFound:
            with contextlib.suppress(Conflict):  # noted meanwhile
                self.store.put(key, _encoded(change), expect=ABSENT)

    def journal(self) -> Iterator[Change]:
        """All changes, newest first."""
        for one in sorted(self.store.list("journal/"), reverse=True):
            yield _decoded(one.key, self.store, Change)


def blob_key(digest: str, headers: Headers = PLAIN) -> str:
    """Where a blob lies: named by its bytes and, if it is served, by the headers, so that a plain
    copy of it is what a slot needs."""
    key = f"blobs/{digest[:2]}/{digest}"
    return key if headers == PLAIN else f"{key}-{_name_of(headers)}"


def entry_key(entry: Entry) -> str:
    """Where the blob of a file lies."""
    return blob_key(entry.blob, headers_of(entry))


def headers_of(entry: Entry) -> Headers:
    """What a file is served with."""
    return Headers(entry.content_type, entry.cache_control)


@lru_cache(maxsize=256)
def _name_of(headers: Headers) -> str:
    text = f"{headers.content_type}\n{headers.cache_control}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def journal_key(change: Change) -> str:
    """Where the record of a change lies: keys sort by time."""
    return f"journal/{change.id}"


def slot_key(slot: str, path: SitePath) -> str:
    """Where a slot has the file of a site path."""
    return f"site/{slot}/{path.key}"


def slot_uri(slot: str, path: SitePath) -> str:
    """Where the edge asks its origin for it: what it caches, and what an invalidation names."""
    return f"/{slot}{encode_path(path.file)}"


def _encoded(record: msgspec.Struct) -> bytes:
    return msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"


def _decoded(key: str, store: Store, kind: type[_T]) -> _T:
    return _parsed(key, store.get(key).data, kind)


def _parsed(key: str, data: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError as error:
        raise StoreError(f"{key} is damaged: {error}") from None
