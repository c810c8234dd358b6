"""Reads files that somebody else put into a folder of the store's directory, and nothing beyond it.

Whoever may write into that folder on this machine may also put a link there, to what they may not
read themselves, or a pipe, which would keep a reader waiting for ever; a folder that nobody may
read, or so deep that it has no path; and a file of a terabyte that takes no room.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from publisher.errors import Linked, Unreadable
from publisher.store.port import OTHERS_BYTES_MAX

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# A pipe that nobody writes to is opened at once.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
# What the folder's owner can bring about: a link, a pipe or socket, a file that nobody may read.
_OF_THE_FILE = frozenset((errno.ELOOP, errno.ENXIO, errno.EACCES))
_OF_THE_FOLDER = frozenset(
    (errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR)
)


def read(root: Path, names: Sequence[str]) -> bytes:
    """The bytes of a file below `root`, which may be a link itself. Raises Linked, Unreadable for
    what is no file, and OSError, FileNotFoundError for one that is not there."""
    shown = "/".join(names)
    with contextlib.ExitStack() as opened:
        try:
            folder = opened.enter_context(_opened(os.open(root, os.O_RDONLY | os.O_DIRECTORY)))
            for name in names[:-1]:
                folder = opened.enter_context(_opened(os.open(name, _FOLDER, dir_fd=folder)))
            file = opened.enter_context(_opened(os.open(names[-1], _FILE, dir_fd=folder)))
        except OSError as error:
            if error.errno == errno.ELOOP or is_link(root, names):
                raise Linked(shown) from None
            if error.errno in _OF_THE_FILE:
                raise Unreadable(f"{shown} can't be read", "Write it again, as a file.") from None
            raise
        status = os.fstat(file)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(shown)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable(f"{shown} is no file", "Write it again, as a file.")
        if status.st_size > OTHERS_BYTES_MAX:
            raise Unreadable(f"{shown} is too large", "Write it again, with less in it.")
        with open(file, "rb", closefd=False) as stream:
            return stream.read(OTHERS_BYTES_MAX)


def is_link(root: Path, names: Sequence[str]) -> bool:
    """Whether one of these names, each below the one before it, is a link."""
    # No `Path.is_symlink`, which raises where nobody may look.
    paths = ("/".join((str(root), *names[: end + 1])) for end in range(len(names)))
    return any(map(os.path.islink, paths))


def is_of_the_folder(error: OSError) -> bool:
    """Whether this is what the owner of a folder can bring about for who lists it or writes there,
    and no trouble of the disk."""
    return error.errno in _OF_THE_FOLDER


@contextlib.contextmanager
def _opened(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)
