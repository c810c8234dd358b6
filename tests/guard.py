"""Clean up after a test run that was killed.

Fixtures stop their servers when a run ends, also after Ctrl-C; a killed run can
not. So each server is accompanied by a guard: a small process that waits for the
end of the one that started it, and then stops the services and removes their state.
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
from pathlib import Path

from tests.processes import stop_recorded

PROJECT = Path(__file__).resolve().parent.parent
LOOK_SECONDS = 1.0


class Guard:
    """A guard over the services recorded in a folder, from now until `release`."""

    def __init__(self, records: Path, remove: Path | None) -> None:
        """records: the folder of the services' records; remove: what is deleted with them."""
        arguments = [str(os.getpid()), str(records), *([str(remove)] if remove else [])]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.guard", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=PROJECT,
            start_new_session=True,
        )

    def stop(self) -> None:
        """Have the guard stop the services and remove their state now."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def release(self) -> None:
        """End the guard: its services have been stopped."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin
        self._process.stdin.close()


def wait_for_end_of(owner: int) -> None:
    """Wait until the owner, our parent, is gone.

    Its end closes our standard input. Processes forked by it may keep that open,
    so we also look who our parent is.
    """
    while os.getppid() == owner:
        readable, _, _ = select.select([sys.stdin], [], [], LOOK_SECONDS)
        if readable:
            return


def main(owner: int, records: Path, remove: Path | None) -> None:
    wait_for_end_of(owner)
    for record in sorted(records.glob("*.json")):
        stop_recorded(record)
    if remove:
        shutil.rmtree(remove, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if sys.argv[3:] else None)
