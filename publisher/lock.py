"""One export at a time on one store."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from publisher.errors import NotNow, StoreError


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the export lock of a directory store. Raises NotNow if another export has it.

    The system lets go of it when a process dies, however it dies.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".export.lock").open("w")
    except OSError as error:
        raise StoreError(
            f"the store can't be written: {error.strerror} ({error.filename})",
            "Check who owns the store's directory, and `store` in the configuration.",
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotNow(
                "another export is running on this store", "Wait for it, and try again."
            ) from None
        yield
