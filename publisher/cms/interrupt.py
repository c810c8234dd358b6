"""Ctrl-C while C libraries call back into Python.

libcurl takes an exception in a callback for a failure of its own: a
KeyboardInterrupt raised there would be swallowed or come out as something else. So within
such work an interruption is only noted, and raised between two steps.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def noticed() -> Iterator[Callable[[], None]]:
    """For the length of the block, Ctrl-C raises KeyboardInterrupt only where the function that
    is given is called. A second Ctrl-C is not waited for: it interrupts at once, as usual."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None  # signals reach the main thread only
        return
    interrupted = False
    before = signal.getsignal(signal.SIGINT)

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        signal.signal(signal.SIGINT, before)

    def check() -> None:
        if interrupted:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, note)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)
