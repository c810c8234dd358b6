"""A store in a local directory, with the same layout as in a bucket.

Names. A key's parts become folders and a file, changed only where a file system can't
hold them, by one reversible rule, so that the layout can be read with `ls` and served by
any web server that knows it:

- `%` and control characters are written `%XX`; the parts `.` and `..` as `%2E`, `%2E%2E`,
  and so is the dot of a name that the store itself uses, such as `.lock`;
- a file without a dot in its name ends in `%`, and a folder with a dot in its name ends in
  `%`: so `a` beside `a/b`, and `1632.html` beside `1632.html/2`, never meet;
- a part longer than NAME_BYTES_MAX bytes is cut into folders that end in `%-`.

Headers stand in a file of the same name below `.headers/`; content goes in after them. All
blobs that are served with the same headers share a file of these, which stays.

Writes go to a temporary file and are renamed, so nobody ever sees a part, also when the
process is killed. Conditional writes hold a lock file and wait for the disk. On a file system
that ignores case (macOS), paths that differ only in case are one file: serve such a site from
S3 or Linux.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import itertools
import os
import re
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote

import msgspec

from publisher.errors import BadKey, Conflict, Damaged, Linked, NotFound, StoreError, Unwritable
from publisher.store import confined
from publisher.store.port import (
    ABSENT,
    BLOBS,
    KEY_BYTES_MAX,
    OTHERS,
    PLAIN,
    Headers,
    Listed,
    Object,
)

_T = TypeVar("_T")

# Common file systems hold 255 bytes in a name; the rest is for the markers above.
NAME_BYTES_MAX = 240

# How often a folder is made again that a delete removed under a write's hands.
_ATTEMPTS_MAX = 1000
# Names of temporary files: nobody else's, on this machine or another, and cheap to make.
_RUN = secrets.token_hex(8)
_COUNT = itertools.count()
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL

_HEADERS = ".headers"
_TEMPORARY = ".tmp"
_ESCAPED = re.compile(r"[%\x00-\x1f\x7f]")
# Parts that are names as they are, up to the sign of a file or folder: nearly all.
_AS_IT_IS = re.compile(rf"[\w-][\w.-]{{0,{NAME_BYTES_MAX - 1}}}", re.ASCII)
# Where `records.blob_key` has blobs: named by their SHA-256, and by their headers.
_BLOB = re.compile(r"blobs/[0-9a-f]{2}/([0-9a-f]{64})(?:-([0-9a-f]{16}))?")
# No key has more parts than bytes, half of them slashes.
_LEVELS_MAX = KEY_BYTES_MAX // 2
_PRIVATE = (_HEADERS, _TEMPORARY, ".lock", ".export.lock")


class DirectoryStore:
    """Implements `Store` below a folder, which is made when first written to."""

    writers = 16  # half the time of one, measured where others used the disk, too
    waits = False

    def __init__(self, root: Path) -> None:
        self.root = root
        # By the name that blobs' keys end in.
        self._shared: dict[str, Headers] = {}

    def get(self, key: str) -> Object:
        with _Reported(key):
            try:
                data = self._read(key)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                raise NotFound(key) from None
            return Object(data, self._headers(key), hashlib.sha256(data).hexdigest())

    def put(
        self, key: str, data: bytes, headers: Headers = PLAIN, expect: str | None = None
    ) -> str:
        with _Reported(key):
            blob = _BLOB.fullmatch(key)
            if blob and expect is None and (blob[2] or headers == PLAIN):
                # Most of what an export writes. It has no headers of its own that might have to
                # go, and its name is its etag: a third of the time.
                if blob[2] and self._shared.get(blob[2]) != headers:
                    self._write_headers(key, headers)
                    self._shared[blob[2]] = headers
                self._place(self._path(key), data)
                return blob[1]
            if expect is None:
                self._write(key, data, headers)
            else:
                with self._locked():
                    if self._etag(key) != expect:
                        raise Conflict(key)
                    self._write(key, data, headers, durable=True)
        return hashlib.sha256(data).hexdigest()

    def copy(self, source: str, target: str) -> None:
        with _Reported(target), _Temporary(self.root) as temporary:
            original = self._path(source)
            try:
                # A link, not a copy: files are replaced and never changed, so the two
                # names can share their bytes.
                _in_folder(temporary, lambda: os.link(original, temporary), original)
            except FileNotFoundError:
                raise NotFound(source) from None
            except OSError:  # the file system has no links
                _new_file(temporary, self.get(source).data)
            self._write_headers(target, self._headers(source))
            self._move(temporary, self._path(target))
            # `rename` does nothing at all when both names are links to one file.
            _remove(temporary)

    def delete(self, *keys: str) -> None:
        for key in keys:
            with _Reported(key):
                self._remove(self._file(key))
                blob = _BLOB.fullmatch(key)
                if not (blob and blob[2]):
                    self._remove(self._headers_file(key))

    def list(self, prefix: str) -> Iterator[Listed]:
        with _Reported(prefix):
            for folder, folders, files in os.walk(self._folder(prefix), onerror=self._unreadable):
                relative = Path(folder).relative_to(self.root)
                if not relative.parts:
                    folders[:] = [name for name in folders if name not in _PRIVATE]
                is_ours = not _is_others(relative)
                if len(relative.parts) > _LEVELS_MAX and not is_ours:
                    raise self._bad(relative)
                # A link to a folder is not gone into: as a name without content it is refused.
                links = [] if is_ours else [one for one in folders if _is_link(folder, one)]
                for name in (*files, *links):
                    if relative.parts or name not in _PRIVATE:
                        key = _key_of((*relative.parts, name))
                        if not is_ours and not _is_key(key):
                            raise self._bad(relative / name)
                        status = self._status(folder, name, follow=is_ours)
                        if key.startswith(prefix) and status:
                            yield Listed(key, _time(status), status.st_size)

    def remove_temporary(self, before: datetime) -> int:
        """Remove the temporary files of writers that died before a time; returns their number."""
        removed = 0
        with _Reported(_TEMPORARY):
            for file in (self.root / _TEMPORARY).glob("*"):
                status = self._status(str(file.parent), file.name)
                if status and _time(status) < before:
                    file.unlink(missing_ok=True)
                    removed += 1
        return removed

    # ------------------------------------------------------------------ files

    def _read(self, key: str) -> bytes:
        names = names_of(key)
        if names[0] != OTHERS or len(names) < 3:
            return self._file(key).read_bytes()
        # The folder itself was made by who runs the site, and may be a link.
        folder, below = self.root.joinpath(*names[:2]), names[2:]
        try:
            return confined.read(folder, below)
        except (FileNotFoundError, NotADirectoryError):
            # A link without the sign of a file or folder.
            if confined.is_link(folder, key.split("/")[2:]):
                raise Linked(key) from None
            raise

    def _path(self, key: str) -> str:
        # Text, where files are written: to make a `Path` takes as long as to open a file.
        return f"{self.root}/{'/'.join(names_of(key))}"

    def _file(self, key: str) -> Path:
        return Path(self._path(key))

    def _folder(self, prefix: str) -> Path:
        """The innermost folder that holds all keys with a prefix."""
        folder, _, _ = prefix.rpartition("/")
        return self._file(f"{folder}/_").parent if folder else self.root

    def _headers_file(self, key: str) -> Path:
        if (blob := _BLOB.fullmatch(key)) and blob[2]:
            return self.root / _HEADERS / BLOBS / blob[2]
        return self.root.joinpath(_HEADERS, *names_of(key))

    def _headers(self, key: str) -> Headers:
        blob = _BLOB.fullmatch(key)
        name = (blob and blob[2]) or ""
        if name in self._shared:
            return self._shared[name]
        try:
            found = msgspec.json.decode(self._headers_file(key).read_bytes(), type=Headers)
        except FileNotFoundError:
            return PLAIN
        except msgspec.MsgspecError as error:
            hint = "Export again, with --full: they will be replaced."
            raise Damaged(f"the headers of {key} are damaged: {error}", hint) from None
        if name:
            self._shared[name] = found
        return found

    def _etag(self, key: str) -> str:
        try:
            return hashlib.sha256(self._file(key).read_bytes()).hexdigest()
        except (FileNotFoundError, NotADirectoryError):
            return ABSENT

    def _write(self, key: str, data: bytes, headers: Headers, *, durable: bool = False) -> None:
        self._write_headers(key, headers)
        self._place(self._path(key), data, durable=durable)

    def _write_headers(self, key: str, headers: Headers) -> None:
        with contextlib.suppress(Damaged):  # then they are written anew
            if headers == self._headers(key):
                return
        self._place(str(self._headers_file(key)), msgspec.json.encode(headers))

    def _place(self, file: str, data: bytes, *, durable: bool = False) -> None:
        with _Temporary(self.root) as temporary:
            _new_file(temporary, data, durable=durable)
            self._move(temporary, file)

    def _move(self, temporary: str, file: str) -> None:
        _in_folder(file, lambda: os.replace(temporary, file), temporary)

    def _remove(self, file: Path) -> None:
        file.unlink(missing_ok=True)
        folder = file.parent
        with contextlib.suppress(OSError):  # not empty, or gone
            while folder != self.root:
                folder.rmdir()
                folder = folder.parent

    def _status(self, folder: str, name: str, *, follow: bool = True) -> os.stat_result | None:
        """What is known of a file; None if it was removed since it was listed. Of a link: `follow`,
        what is known of the file that it leads to."""
        try:
            return os.stat(f"{folder}/{name}", follow_symlinks=follow)
        except OSError as error:
            self._unreadable(error)
            return None

    def _unreadable(self, error: OSError) -> None:
        if isinstance(error, FileNotFoundError):  # it is empty, or was removed meanwhile
            return
        relative = Path(error.filename).relative_to(self.root)
        if _is_others(relative) and confined.is_of_the_folder(error):
            raise self._bad(relative) from None
        raise error

    def _bad(self, relative: Path) -> BadKey:
        """The error for what somebody else made, in place of its key one that can be printed."""
        key = _key_of(relative.parts).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return BadKey(str(self.root), key)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def names_of(key: str) -> list[str]:
    """The names of the folders and the file that hold a key (the rule above).

    Raises StoreError for a key that no store takes.
    """
    parts = key.split("/")
    if not _is_key(key):
        raise StoreError(f"{key!r} can't be a key: an empty part, or over {KEY_BYTES_MAX} bytes")
    names: list[str] = []
    for number, part in enumerate(parts):
        is_file = number == len(parts) - 1
        if _AS_IT_IS.fullmatch(part):
            names.append(part if ("." in part) == is_file else f"{part}%")
            continue
        escaped = _ESCAPED.sub(lambda match: f"%{ord(match[0]):02X}", part)
        if part in (".", "..") or (number == 0 and part in _PRIVATE):
            escaped = escaped.replace(".", "%2E")
        *cut, last = _cut(escaped)
        names += [f"{piece}%-" for piece in cut]
        names.append(last if ("." in last) == is_file else f"{last}%")
    return names


def _key_of(names: tuple[str, ...]) -> str:
    text = ""
    for name in names[:-1]:
        text += name[:-2] if name.endswith("%-") else name.removesuffix("%") + "/"
    return unquote(text + names[-1].removesuffix("%"))


def _is_others(relative: Path) -> bool:
    """Whether somebody else writes in a folder: they may have no right to read the rest of this
    machine, so no link in it is followed."""
    return len(relative.parts) > 1 and relative.parts[0] == OTHERS


def _is_key(key: str) -> bool:
    """Whether a store takes a key: a name on the disk may have any bytes."""
    try:
        return all(key.split("/")) and len(key.encode()) <= KEY_BYTES_MAX
    except UnicodeEncodeError:
        return False


def _cut(name: str) -> list[str]:
    """Pieces of at most NAME_BYTES_MAX bytes, never cut within a character or an escape."""
    pieces = [""]
    for character in re.findall(r"%..|.", name, re.DOTALL):
        if len((pieces[-1] + character).encode()) > NAME_BYTES_MAX:
            pieces.append("")
        pieces[-1] += character
    return pieces


def _remove(file: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(file)


def _new_file(file: str, data: bytes, *, durable: bool = False) -> None:
    """Write a file that is not there yet; `durable`: have it on the disk on return.

    Without buffers and checks of what it is, half the cost of `Path.write_bytes`.
    """
    descriptor = _in_folder(file, lambda: os.open(file, _NEW, 0o666))
    try:
        written = os.write(descriptor, data)
        while written < len(data):  # a signal, or more than a system call takes
            written += os.write(descriptor, data[written:])
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _in_folder(file: str, act: Callable[[], _T], source: str = "") -> _T:
    """Do what puts a file into its folder, out of `source`; make the folder if there is none.

    Asked before, each write would pay for a folder that only the first one lacks.
    """
    for attempt in range(_ATTEMPTS_MAX):
        try:
            if attempt:
                os.makedirs(os.path.dirname(file), exist_ok=True)
            return act()
        except (FileNotFoundError, FileExistsError):
            # A delete removes emptied folders meanwhile.
            if attempt == _ATTEMPTS_MAX - 1 or (source and not os.path.exists(source)):
                raise
    raise AssertionError


def _is_link(folder: str, name: str) -> bool:
    return os.path.islink(f"{folder}/{name}")


def _time(status: os.stat_result) -> datetime:
    return datetime.fromtimestamp(status.st_mtime, UTC)


# Both stand around every write: as generators they would take three times as long.
class _Reported:
    """Turn the file system's errors into a StoreError that says what to do."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            if self._key.startswith(f"{OTHERS}/") and confined.is_of_the_folder(error):
                raise Unwritable(
                    f"{self._key} can't be written: {reason}", "Look at what is in its folder."
                ) from None
            raise StoreError(
                f"the store can't be used: {reason} ({error.filename or self._key})",
                "Check the disk's free space and who owns the store's directory.",
            ) from error


class _Temporary:
    """A name for a file that is moved to its place within the block, or else is removed."""

    def __init__(self, root: Path) -> None:
        self._file = f"{root}/{_TEMPORARY}/{_RUN}-{os.getpid()}-{next(_COUNT)}"

    def __enter__(self) -> str:
        return self._file

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            _remove(self._file)
