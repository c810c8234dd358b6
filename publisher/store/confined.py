"""Reads files that somebody else put into a folder of the store's directory, and nothing beyond it.

Whoever may write into that folder on this machine may also put a link there, to what they may not
read themselves, or a pipe, which would keep a reader waiting for ever.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from publisher.errors import Linked, Unreadable

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# A pipe that nobody writes to is opened at once.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
# What the folder's owner can bring about: a link, a pipe or socket, a file that nobody may read.
_OF_THE_FILE = frozenset((errno.ELOOP, errno.ENXIO, errno.EACCES))


def read(root: Path, names: Sequence[str]) -> bytes:
    """The bytes of a file below `root`, which may be a link itself. Raises Linked, Unreadable for
    what is no file, and OSError, FileNotFoundError for one that is not there."""
    shown = "/".join(names)
    with contextlib.ExitStack() as opened:
        folder = opened.enter_context(_opened(os.open(root, os.O_RDONLY | os.O_DIRECTORY)))
        try:
            for name in names[:-1]:
                folder = opened.enter_context(_opened(os.open(name, _FOLDER, dir_fd=folder)))
            file = opened.enter_context(_opened(os.open(names[-1], _FILE, dir_fd=folder)))
        except OSError as error:
            if error.errno == errno.ELOOP or is_link(root, names):
                raise Linked(shown) from None
            if error.errno in _OF_THE_FILE:
                raise Unreadable(f"{shown} can't be read", "Write it again, as a file.") from None
            raise
        kind = os.fstat(file).st_mode
        if stat.S_ISDIR(kind):
            raise IsADirectoryError(shown)
        if not stat.S_ISREG(kind):
            raise Unreadable(f"{shown} is no file", "Write it again, as a file.")
        with open(file, "rb", closefd=False) as stream:
            return stream.read()


def is_link(root: Path, names: Sequence[str]) -> bool:
    """Whether one of these names, each below the one before it, is a link."""
    return any(root.joinpath(*names[: end + 1]).is_symlink() for end in range(len(names)))


@contextlib.contextmanager
def _opened(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)
