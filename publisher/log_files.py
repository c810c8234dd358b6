"""Reads files that may be packed and may be hostile: access logs above all."""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import os
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from publisher.access_logs import hits, lines
from publisher.audit.locating import Hosts
from publisher.errors import PublisherError
from publisher.log_tally import Tally

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Progress = Callable[[str, int, int], None]

_GZIP = b"\x1f\x8b"
# What begins like this is no text, and what to do about it.
_KNOWN = (
    "Logs that are read: CloudFront's (w3c, plain, json), an AWS load balancer's, and nginx's and "
    "Apache's in the common and combined formats."
)
_UNPACK = "Unpack it first: plain text and .gz are read."
_OTHERS = (
    (b"PAR1", "Parquet", "Have CloudFront deliver 'w3c' or 'json' in its place, or write it as CSV "
     "or JSON lines, one request each, with the names of CloudFront's fields."),
    (b"PK\x03\x04", "a zip archive (or an Excel file)", _UNPACK),
    (b"BZh", "packed by bzip2", _UNPACK),
    (b"\xfd7zXZ", "packed by xz", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "packed by zstd", _UNPACK),
)  # fmt: skip
# gzip makes a text of zeros 1,030 times smaller, and a log 10 to 100 times. What exceeds this is
# made to keep somebody busy, which so much of it does for a minute at most.
INFLATED_TIMES_MAX = 500
INFLATED_FREE_BYTES = 64 * 1024**2
_BUFFER_BYTES = 1024**2
# So many lines of a log are read between two signs of life.
_LINES = 20_000


def read_logs(paths: Sequence[Path], hosts: Hosts, progress: Progress) -> Tally:
    """How often each address was asked for, over all logs, in bounded memory. `progress` gets what
    is done, and how many bytes of how many were read, packed ones as they lie on the disk.

    Raises PublisherError for files that can't be read, that are no logs (no line of theirs is
    understood), and if there is no request in any of them.
    """
    tally = Tally(hosts)
    for path in paths:
        _add(path, tally, progress)
    if paths and not tally.requests:
        raise PublisherError("there is no GET or HEAD request in the logs", "Are they empty?")
    tally.keep_commonest()
    return tally


def check_readable(paths: Iterable[Path]) -> None:
    """Say at once which file is not there, or not for us: those before it may take minutes. Nothing
    is opened, since a pipe can be read once. Raises PublisherError."""
    for path in paths:
        try:
            is_folder = stat.S_ISDIR(path.stat().st_mode)
        except OSError as error:
            raise PublisherError(f"{path} can't be read: {error.strerror}") from None
        problem = errno.EISDIR if is_folder else 0 if os.access(path, os.R_OK) else errno.EACCES
        if problem:
            raise PublisherError(f"{path} can't be read: {os.strerror(problem)}")


def _add(path: Path, tally: Tally, progress: Progress) -> None:
    understood = number = 0
    with opened(path) as log:
        for number, hit in enumerate(hits(lines(log.file.readline)), 1):
            tally.add(hit)
            understood += hit is not None
            if number % _LINES == 1:
                progress(f"reading {path.name}", log.place(), log.size)
    if number and not understood:
        what = "its one line does not say" if number == 1 else f"none of its {number:,} lines says"
        raise PublisherError(f"{path} is no access log: {what} what was asked for", _KNOWN)


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is being read. `file`: its bytes, unpacked; `size`: of how many bytes of the
    file itself `place()` are read."""

    file: BinaryIO
    size: int
    place: Callable[[], int]


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """A file's bytes, unpacked if it is a .gz, whatever its name. Raises PublisherError, also for
    what fails while the block reads: a file that is damaged, cut off, no text, or a trap."""
    try:
        with io.BufferedReader(io.FileIO(path), _BUFFER_BYTES) as file:
            size = path.stat().st_size
            start = file.peek(8)[:8]
            for sign, kind, advice in _OTHERS:
                if start.startswith(sign):
                    raise PublisherError(f"{path} is {kind}, which is not read", advice)
            if not start.startswith(_GZIP):
                yield Opened(file, size, file.tell)
                return
            with gzip.GzipFile(fileobj=file) as packed:
                bounded = io.BufferedReader(_Bounded(packed, file), _BUFFER_BYTES)
                yield Opened(bounded, size, file.tell)
    except EOFError:
        message = f"{path} can't be read: it is packed, and its end is missing"
        raise PublisherError(message, "Is it being written, or was it copied in part?") from None
    except (OSError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PublisherError(f"{path} can't be read: {reason}") from None


class _Bounded(io.RawIOBase):
    """What is unpacked, as long as it is not made to have no end."""

    def __init__(self, packed: gzip.GzipFile, file: BinaryIO) -> None:
        self._packed = packed
        self._file = file
        self._inflated = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        piece = self._packed.read1(len(memoryview(buffer)))
        memoryview(buffer)[: len(piece)] = piece
        self._inflated += len(piece)
        most = max(INFLATED_FREE_BYTES, INFLATED_TIMES_MAX * self._file.tell())
        if self._inflated > most:
            raise zlib.error(f"it unpacks to more than {INFLATED_TIMES_MAX} times its size")
        return len(piece)
