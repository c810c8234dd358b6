"""Reads an upload as one consistent set: all of it as it was at one moment, or nothing.

An S3 client writes file after file. So nothing is taken before the folder has been the same for a
while, or a marker says that it is whole; and what changed while it was read is not taken either.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import msgspec

from publisher.content_types import is_text
from publisher.errors import BadKey, Linked, NotFound, NotNow, StoreError, Unreadable
from publisher.intake.names import is_ignored, shown
from publisher.intake.remark import Remark
from publisher.intake.screening import FILES_MAX, Screening
from publisher.intake.state import Taken
from publisher.manifest import Entry
from publisher.paths import SitePath
from publisher.store.port import Headers, Store

# More names than this are not held in memory. It is refused for fewer.
_LISTED_MAX = 10 * FILES_MAX
# An upload may take so long after it was first seen; then somebody should look at it again later.
WAIT_MAX_S = 600.0


class Changed(NotNow):
    """The folder changed while it was read."""

    def __init__(self) -> None:
        super().__init__("files changed while they were read", "Run it again later.")


class Unlisted(StoreError):
    """A folder can't be listed, for one name in it. Whose folder is said here: a name may hold that
    of another folder."""

    def __init__(self, folder: str, error: BadKey) -> None:
        super().__init__(str(error), error.hint)
        self.folder = folder
        self.key = error.key


class File(msgspec.Struct, frozen=True, array_like=True):
    """A file of an upload, as a listing tells of it: its name below the folder."""

    name: str
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class Upload:
    """What a folder holds, in the order of names, without what is no part of an upload."""

    files: tuple[File, ...]
    marker: File | None = None

    @property
    def digest(self) -> str:
        """What tells it from any other state of the folder."""
        return hashlib.sha256(msgspec.json.encode(self.files)).hexdigest()

    @property
    def uploaded(self) -> datetime | None:
        """When the newest file was written."""
        return max((file.modified for file in self.files), default=None)

    @property
    def is_marked(self) -> bool:
        """Whether its marker says that it is whole: no file is newer."""
        newest = self.uploaded
        return self.marker is not None and (newest is None or newest <= self.marker.modified)


def look(store: Store, folder: str, marker: str) -> Upload:
    """What is in a folder now. Raises Unlisted, StoreError."""
    files: list[File] = []
    found: File | None = None
    try:
        listed = list(islice(store.list(folder), _LISTED_MAX))
    except BadKey as error:
        raise Unlisted(folder, error) from None
    for one in listed:
        name = one.key.removeprefix(folder)
        file = File(name, one.size, one.etag, one.modified)
        if marker and name == marker:
            found = file
        elif not is_ignored(name) and not (one.size == 0 and _is_folder(store, one.key)):
            files.append(file)
    return Upload(tuple(sorted(files, key=lambda file: file.name)), found)


def _is_folder(store: Store, key: str) -> bool:
    """Whether this is what the S3 console makes for a folder: `campaign/`, which is listed without
    its slash."""
    try:
        store.get(key)
    except NotFound:
        return True
    except (BadKey, Unreadable):
        pass
    return False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A folder to wait for. `known`: digests of uploads that were whole when they were seen."""

    folder: str
    marker: str
    quiet_s: float
    known: frozenset[str]


def settled(
    store: Store,
    folders: Mapping[str, Waiting],
    sleep: Callable[[float], None] = time.sleep,
    wait_max_s: float = WAIT_MAX_S,
) -> dict[str, Upload | None]:
    """The uploads that are whole, by designer; None is one to which something is still added.
    All are waited for together. Raises StoreError."""
    done: dict[str, Upload | None] = {}
    seen: dict[str, Upload] = {}
    waited = 0.0
    for name, one in folders.items():
        found = look(store, one.folder, one.marker)
        is_known = found.digest in one.known
        if is_known or (one.marker and found.is_marked):
            done[name] = found
        elif one.marker:
            done[name] = None
        else:
            seen[name] = found
    while seen:
        if waited >= wait_max_s:
            return done | dict.fromkeys(seen)
        quiet_s = max(folders[name].quiet_s for name in seen)
        sleep(quiet_s)
        waited += quiet_s
        for name, before in list(seen.items()):
            now = look(store, folders[name].folder, "")
            if now == before:
                done[name] = seen.pop(name)
            else:
                seen[name] = now
    return done


def take(
    store: Store,
    folder: str,
    marker: str,
    upload: Upload,
    screening: Screening,
    before: Iterable[Taken],
    keep: Callable[[bytes, Headers], str],
) -> list[Taken]:
    """Read, look at and keep the files of an upload. `before`: of the upload before it; what is no
    text, and the same, is not read again. Raises Changed, StoreError."""
    known = {one.name: one for one in before}
    files = {file.name: file for file in upload.files}
    places = screening.begin((file.name, file.size) for file in upload.files)
    taken: list[Taken] = []
    for name, path in places.items():
        file = files[name]
        entry = _unchanged(known.get(name), file, path)
        if entry is None:
            entry = _read(store, folder, file, path, screening, keep)
        if entry is not None:
            modified = file.modified.isoformat()
            taken.append(Taken(name, file.etag, file.size, modified, str(path), entry))
    if look(store, folder, marker).files != upload.files:
        raise Changed
    return taken


def _unchanged(known: Taken | None, file: File, path: SitePath) -> Entry | None:
    if known is None or is_text(known.entry.content_type):  # what it refers to may have changed
        return None
    now = (file.etag, file.size, file.modified.isoformat(), str(path))
    is_same = (known.etag, known.size, known.modified, known.path) == now
    return known.entry if is_same else None


def _read(
    store: Store,
    folder: str,
    file: File,
    path: SitePath,
    screening: Screening,
    keep: Callable[[bytes, Headers], str],
) -> Entry | None:
    try:
        found = store.get(folder + file.name)
    except Linked:
        screening.remark(Remark("link", shown(file.name)))
        return None
    # Of a name that this store does not write, removed since, or archived: nobody else's waits.
    except (NotFound, BadKey, Unreadable):
        screening.remark(Remark("unreadable", shown(file.name)))
        return None
    if len(found.data) != file.size or (file.etag and found.etag != file.etag):
        raise Changed
    passed = screening.look(file.name, path, found.data)
    headers = Headers(passed.content_type, passed.cache_control)
    digest = keep(passed.body, headers)
    return Entry(digest, len(passed.body), passed.content_type, passed.cache_control)
