"""Run a command to its end and measure it with everything that it starts. Linux."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.figures import Run, Sample

# Reading a process's memory map costs it a pause, so not more often than needed.
SAMPLE_SECONDS = 0.1
_TICKS = os.sysconf("SC_CLK_TCK")
_PSS = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)


class Failed(Exception):
    """A command or the check of its result failed; the message says how."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run: `name` stands in the table; `ends` are the exit codes that mean success."""

    name: str
    words: Sequence[str]
    folder: Path
    environment: Mapping[str, str] | None = None
    ends: tuple[int, ...] = (0,)


def fresh(folder: Path) -> Path:
    """A new folder beside the ones that were made under this name before.

    Nothing is removed just before something is measured: ext4 passes by the places of deleted
    files for some minutes, and a file that is made meanwhile costs 200 us in place of 25.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))


def measured(command: Command) -> Run:
    """Run it. Raises Failed, with the end of what it printed, for any other exit code."""
    log = command.folder / "output.log"
    with log.open("wb") as output:
        begun, started = time.time(), time.monotonic()
        process = subprocess.Popen(
            command.words,
            cwd=command.folder,
            env=command.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        with _Sampler(process.pid, started) as sampler, _ended(process.pid):
            _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in command.ends:
        end = log.read_bytes()[-1000:].decode(errors="replace")
        raise Failed(f"{command.name}: exit code {process.returncode}\n{end}")
    return Run(
        name=command.name,
        wall_s=wall_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_bytes=max((sample.memory_bytes for sample in sampler.samples), default=0),
        begun=begun,
        samples=tuple(sampler.samples),
    )


@contextlib.contextmanager
def _ended(pid: int) -> Iterator[None]:
    """Ctrl-C does not reach a session of its own: end it when the block is left by an error."""
    try:
        yield
    except BaseException:
        os.killpg(pid, signal.SIGKILL)
        raise


def alternating(
    commands: Sequence[Callable[[], Run]], rounds: int, say: Callable[[str], None]
) -> dict[str, list[Run]]:
    """A B, A B ...: what slows the machine for a while slows all of them. Runs by name."""
    runs: dict[str, list[Run]] = {}
    for number in range(rounds):
        for command in commands:
            run = command()
            runs.setdefault(run.name, []).append(run)
            say(f"  {number + 1}/{rounds} {run.name}: {run.wall_s:.2f} s, {run.cpu_s:.2f} s CPU")
    return runs


def with_facts(run: Run, **facts: float | str) -> Run:
    """The run with what a check found added."""
    return replace(run, facts={**run.facts, **facts})


class _Sampler:
    """Looks at a process and its descendants again and again, in a thread."""

    def __init__(self, pid: int, started: float) -> None:
        self.samples: list[Sample] = []
        self._pid = pid
        self._started = started
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> _Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(SAMPLE_SECONDS):
            after_s = round(time.monotonic() - self._started, 3)
            processes = tree(self._pid)
            cpu_s = round(sum(map(cpu_seconds, processes)), 2)
            size = sum(map(_pss, processes))
            if size:
                self.samples.append(Sample(after_s, cpu_s, size))


def tree(pid: int) -> list[int]:
    """A process and its descendants, as far as they still run."""
    found = [pid]
    for process in found:
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{process}/task").iterdir():
                found += map(int, (thread / "children").read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process, with those of its children that have ended (proc(5), stat)."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICKS
    return 0.0


def _pss(pid: int) -> int:
    """Memory in bytes, pages shared by several processes counted in parts."""
    with contextlib.suppress(OSError):
        if match := _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_bytes()):
            return int(match[1]) * 1024
    return 0
