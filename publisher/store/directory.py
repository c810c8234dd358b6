"""A store in a local directory, with the same layout as in a bucket.

Names. A key's parts become folders and a file, changed only where a file system can't
hold them, by one reversible rule, so that the layout can be read with `ls` and served by
any web server that knows it:

- `%` and control characters are written `%XX`; the parts `.` and `..` as `%2E`, `%2E%2E`,
  and so is the dot of a name that the store itself uses, such as `.lock`;
- a file without a dot in its name ends in `%`, and a folder with a dot in its name ends in
  `%`: so `a` beside `a/b`, and `1632.html` beside `1632.html/2`, never meet;
- a part longer than NAME_BYTES_MAX bytes is cut into folders that end in `%-`.

Headers stand in a file of the same name below `.headers/`; content goes in after them.

Writes go to a temporary file and are renamed, so a reader never sees a part. Conditional
writes hold a lock file. On a file system that ignores case (macOS), paths that differ only
in case are one file: serve such a site from S3 or Linux.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import msgspec

from publisher.errors import Conflict, NotFound, StoreError
from publisher.store.port import ABSENT, KEY_BYTES_MAX, PLAIN, Headers, Object

# Common file systems hold 255 bytes in a name; the rest is for the markers above.
NAME_BYTES_MAX = 240

# How often a folder is made again that a delete removed under a write's hands.
_MOVES_MAX = 1000

_HEADERS = ".headers"
_TEMPORARY = ".tmp"
_ESCAPED = re.compile(r"[%\x00-\x1f\x7f]")
_PRIVATE = (_HEADERS, _TEMPORARY, ".lock", ".export.lock")


class DirectoryStore:
    """Implements `Store` below a folder, which is made when first written to."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def get(self, key: str) -> Object:
        with _reported(key):
            try:
                data = self._file(key).read_bytes()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                raise NotFound(key) from None
            return Object(data, self._headers(key), hashlib.sha256(data).hexdigest())

    def put(
        self, key: str, data: bytes, headers: Headers = PLAIN, expect: str | None = None
    ) -> str:
        with _reported(key):
            if expect is None:
                self._write(key, data, headers)
            else:
                with self._locked():
                    if self._etag(key) != expect:
                        raise Conflict(key)
                    self._write(key, data, headers, durable=True)
        return hashlib.sha256(data).hexdigest()

    def copy(self, source: str, target: str, headers: Headers) -> None:
        with _reported(target), self._temporary() as temporary:
            try:
                # A link, not a copy: files are replaced and never changed, so the two
                # names can share their bytes.
                os.link(self._file(source), temporary)
            except FileNotFoundError:
                raise NotFound(source) from None
            except OSError:  # the file system has no links
                temporary.write_bytes(self.get(source).data)
            self._write_headers(target, headers)
            self._move(temporary, self._file(target))

    def delete(self, key: str) -> None:
        with _reported(key):
            for file in (self._file(key), self._headers_file(key)):
                file.unlink(missing_ok=True)
                self._remove_empty(file.parent)

    def list(self, prefix: str) -> Iterator[str]:
        with _reported(prefix):
            for folder, folders, files in os.walk(self._folder(prefix), onerror=_unreadable):
                relative = Path(folder).relative_to(self.root)
                if not relative.parts:
                    folders[:] = [name for name in folders if name not in _PRIVATE]
                for name in files:
                    if relative.parts or name not in _PRIVATE:
                        key = _key_of((*relative.parts, name))
                        if key.startswith(prefix):
                            yield key

    # ------------------------------------------------------------------ files

    def _file(self, key: str) -> Path:
        return self.root.joinpath(*names_of(key))

    def _folder(self, prefix: str) -> Path:
        """The innermost folder that holds all keys with a prefix."""
        folder, _, _ = prefix.rpartition("/")
        return self._file(f"{folder}/_").parent if folder else self.root

    def _headers_file(self, key: str) -> Path:
        return self.root.joinpath(_HEADERS, *names_of(key))

    def _headers(self, key: str) -> Headers:
        try:
            return msgspec.json.decode(self._headers_file(key).read_bytes(), type=Headers)
        except FileNotFoundError:
            return Headers()

    def _etag(self, key: str) -> str:
        try:
            return hashlib.sha256(self._file(key).read_bytes()).hexdigest()
        except (FileNotFoundError, NotADirectoryError):
            return ABSENT

    def _write(self, key: str, data: bytes, headers: Headers, *, durable: bool = False) -> None:
        self._write_headers(key, headers)
        with self._temporary() as temporary:
            with temporary.open("wb") as file:
                file.write(data)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            self._move(temporary, self._file(key))

    def _write_headers(self, key: str, headers: Headers) -> None:
        if headers == self._headers(key):
            return
        with self._temporary() as temporary:
            temporary.write_bytes(msgspec.json.encode(headers))
            self._move(temporary, self._headers_file(key))

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[Path]:
        """A name for a file that is moved to its place within the block, or is removed."""
        folder = self.root / _TEMPORARY
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / secrets.token_hex(12)
        try:
            yield temporary
        finally:
            # `rename` does nothing at all when both names are links to one file.
            temporary.unlink(missing_ok=True)

    def _move(self, temporary: Path, file: Path) -> None:
        for attempt in range(_MOVES_MAX):
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                temporary.replace(file)
            except (FileNotFoundError, FileExistsError):
                # A delete removed the emptied folder meanwhile.
                if not temporary.exists() or attempt == _MOVES_MAX - 1:
                    raise
                continue
            return

    def _remove_empty(self, folder: Path) -> None:
        with contextlib.suppress(OSError):  # not empty, or gone
            while folder != self.root:
                folder.rmdir()
                folder = folder.parent

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
    if not all(parts) or len(key.encode()) > KEY_BYTES_MAX:
        raise StoreError(f"{key!r} can't be a key: an empty part, or over {KEY_BYTES_MAX} bytes")
    names: list[str] = []
    for number, part in enumerate(parts):
        escaped = _ESCAPED.sub(lambda match: f"%{ord(match[0]):02X}", part)
        if part in (".", "..") or (number == 0 and part in _PRIVATE):
            escaped = escaped.replace(".", "%2E")
        *cut, last = _cut(escaped)
        names += [f"{piece}%-" for piece in cut]
        is_file = number == len(parts) - 1
        names.append(last if ("." in last) == is_file else f"{last}%")
    return names


def _key_of(names: tuple[str, ...]) -> str:
    text = ""
    for name in names[:-1]:
        text += name[:-2] if name.endswith("%-") else name.removesuffix("%") + "/"
    return unquote(text + names[-1].removesuffix("%"))


def _cut(name: str) -> list[str]:
    """Pieces of at most NAME_BYTES_MAX bytes, never cut within a character or an escape."""
    pieces = [""]
    for character in re.findall(r"%..|.", name, re.DOTALL):
        if len((pieces[-1] + character).encode()) > NAME_BYTES_MAX:
            pieces.append("")
        pieces[-1] += character
    return pieces


def _unreadable(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):  # that is: empty, or removed meanwhile
        raise error


@contextlib.contextmanager
def _reported(key: str) -> Iterator[None]:
    """Turn the file system's errors into a StoreError that says what to do."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(
            f"the store can't be used: {reason} ({error.filename or key})",
            "Check the disk's free space and who owns the store's directory.",
        ) from error
