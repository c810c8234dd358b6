"""Ctrl-C, and SIGTERM, which ends services: noted, and raised where nothing is lost by it.

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

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def terminable() -> Callable[[], int]:
    """From now on SIGTERM raises KeyboardInterrupt, as Ctrl-C does.

    The function that is given tells the exit code of an interruption, 130 or 143 (128 and the
    number of the signal, as shells have it). To be called when one has come: there will be no
    other, so that the end is in peace.
    """
    code = 128 + signal.SIGINT

    def terminate(number: int, _frame: FrameType | None) -> None:
        nonlocal code
        code = 128 + number
        raise KeyboardInterrupt

    def end() -> int:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        return code

    if signal.getsignal(signal.SIGTERM) != signal.SIG_IGN:
        signal.signal(signal.SIGTERM, terminate)
    return end


@contextmanager
def noticed() -> Iterator[Callable[[], None]]:
    """For the length of the block, Ctrl-C raises KeyboardInterrupt only where the function that
    is given is called; so does SIGTERM, if it raises it at all. A second one is not waited for:
    it interrupts at once, as usual."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None  # signals reach the main thread only
        return
    came = 0
    # One that is ignored, as in a background job of a script, stays so.
    before = {
        number: handler for number in _SIGNALS if callable(handler := signal.getsignal(number))
    }

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, _frame: FrameType | None) -> None:
        nonlocal came
        came = number
        restore()

    def check() -> None:
        if came:
            before[signal.Signals(came)](came, None)

    for number in before:
        signal.signal(number, note)
    try:
        yield check
    finally:
        restore()
