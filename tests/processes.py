"""Servers started for tests: processes remembered by pid, and free ports for them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 20.0
POLL_SECONDS = 0.02
LOG_LINES_SHOWN = 15


class ServerError(Exception):
    """A server, or a command that prepares one, failed; the message says why."""


class Service:
    """A server process in a session of its own.

    Its pid is kept in the file `records/NAME.json`, so that another process can
    find and stop it; its output goes to `logs/NAME.log`. A session of its own
    keeps the terminal's Ctrl-C from it: whoever started it stops it, in order.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        records: Path,
        logs: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self._command = list(command)
        self._record = records / f"{name}.json"
        self._output = logs / f"{name}.log"
        self._environment = environment
        self._folder = folder
        self._stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None

    def pid(self) -> int | None:
        """The pid of the running process, None if it does not run."""
        record = read_record(self._record)
        return record["pid"] if record else None

    def start(self) -> None:
        """Start the process, unless it runs."""
        if self.pid():
            return
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment,
                cwd=self._folder,
                start_new_session=True,
            )
        pid = self._process.pid
        record = {"pid": pid, "started": start_time(pid), "stop_signal": self._stop_signal}
        self._record.write_text(json.dumps(record))

    def stop(self) -> None:
        """Stop the process, if it runs, and wait for its end."""
        stop_recorded(self._record)
        if self._process:
            self._process.wait()
            self._process = None

    def wait_until_listening(self, address: Path | int) -> None:
        """Wait for connections to be accepted.

        address: a Unix socket, or a port on 127.0.0.1.
        Raises ServerError, with the end of the log, when that does not happen.
        """
        deadline = time.monotonic() + START_SECONDS_MAX
        while not accepts_connections(address):
            self.check_running(deadline)
            time.sleep(POLL_SECONDS)

    def check_running(self, deadline: float) -> None:
        """Raise ServerError if the process has ended, or the deadline has passed."""
        if not self.pid():
            raise self._error("stopped while starting")
        if time.monotonic() > deadline:
            raise self._error(f"not ready after {START_SECONDS_MAX:.0f} s")

    def _error(self, reason: str) -> ServerError:
        lines = self._output.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        return ServerError("\n".join([f"{self.name}: {reason}", *lines]))


def accepts_connections(address: Path | int) -> bool:
    """Whether somebody listens on a Unix socket, or on a port of 127.0.0.1."""
    family = socket.AF_INET if isinstance(address, int) else socket.AF_UNIX
    target = ("127.0.0.1", address) if isinstance(address, int) else str(address)
    with socket.socket(family, socket.SOCK_STREAM) as client:
        return client.connect_ex(target) == 0


def read_record(record: Path) -> dict[str, Any] | None:
    """What is recorded of a process, None if it is gone."""
    try:
        content: dict[str, Any] = json.loads(record.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    started = start_time(content["pid"])
    return content if started is not None and started == content["started"] else None


def stop_recorded(record: Path) -> None:
    """Stop the process of a record, if it runs, and remove the record.

    It is sent its signal first, then killed with all that belongs to it.
    """
    if content := read_record(record):
        pid = content["pid"]
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, content["stop_signal"])
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while read_record(record):
            if time.monotonic() > deadline:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
                break
            time.sleep(POLL_SECONDS)
    record.unlink(missing_ok=True)


def start_time(pid: int) -> str | None:
    """When a live process started, in the system's own form; None if it is gone.

    With the pid it tells a process from a later one that was given the same pid.
    """
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return None
        fields = stat.rpartition(")")[2].split()
        state, started = fields[0], fields[19]
    else:  # macOS
        ps = ["ps", "-o", "state=,lstart=", "-p", str(pid)]
        output = subprocess.run(ps, capture_output=True, text=True, check=False).stdout
        state, _, started = output.strip().partition(" ")
    return started if state and not state.startswith("Z") else None


def run(
    command: Sequence[str], *, text: str = "", environment: Mapping[str, str] | None = None
) -> str:
    """Run a command to its end with `text` as standard input; its standard output.

    Raises ServerError, with all that it printed, when it fails.
    """
    done = subprocess.run(
        list(command), input=text, capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        raise ServerError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


@contextlib.contextmanager
def reserved_ports(count: int) -> Iterator[list[int]]:
    """Free ports of 127.0.0.1 that nobody else is given inside the block.

    The sockets are bound and do not listen. On Linux a server that sets
    SO_REUSEADDR, as all of ours do, can bind such a port inside the block;
    elsewhere only after it.
    """
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(count):
            holder = stack.enter_context(socket.socket())
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holder.bind(("127.0.0.1", 0))
            ports.append(int(holder.getsockname()[1]))
        yield ports
