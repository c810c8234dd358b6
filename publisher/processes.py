"""Processes that will do a part of the work, started before there is any.

To import what pages are prepared with takes a fifth of a second, and nothing has to be known for
it: meanwhile this process reads the configuration. So this module imports next to nothing.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence

# Not for the workers: the process that gives out work ends them, in order.
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Processes:
    """As many workers (`workers.work`) as there are processors. `sockets`: one to each; `first`:
    the one that has started the others. Use it as a context manager: those that were told nothing
    by its end are ended."""

    def __init__(self) -> None:
        pairs = [socket.socketpair() for _ in range(processors())]
        self.sockets = [ours for ours, _ in pairs]
        self.first = _started([theirs for _, theirs in pairs])

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self.sockets:
            one.close()
        if self.first.poll() is None:  # `Workers` waits for those that had something to do
            self.first.kill()
            self.first.wait()


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS binds no process to some of them


def _started(sockets: Sequence[socket.socket]) -> subprocess.Popen[bytes]:
    """One process, which starts a worker for each of these sockets.

    It never gets the signals for the whole group: Ctrl-C goes to all processes of a terminal, and
    a service manager's end to all of a service. To ignore them later would leave the time in
    which Python starts.
    """
    numbers = [one.fileno() for one in sockets]
    program = f"import sys; sys.path[:] = {sys.path!r}; from publisher import workers; "
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        return subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-c", f"{program}workers.work({numbers})"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=numbers,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for one in sockets:
            one.close()
