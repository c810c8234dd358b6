"""One export at a time on one store."""

from __future__ import annotations

import contextlib
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
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context((folder / ".export.lock").open("w"))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotNow(
                "another export is running on this store, or `publisher gc` is",
                "Wait for it, and try again.",
            ) from None
        except OSError as error:
            raise StoreError(
                f"the store can't be written: {error.strerror} ({error.filename or folder})",
                "Check who owns the store's directory, and `store` in the configuration.",
            ) from error
        yield
