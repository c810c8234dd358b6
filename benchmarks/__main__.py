"""python -m benchmarks [--rows "P1 P6"] [--size 0.1] [--rounds N]: measure, print the table."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import p1, p2, p3, p4, p6, p7, p8, p9
from benchmarks.figures import Line, table
from benchmarks.measure import Failed
from tests.packages import Unavailable
from tests.processes import ServerError

# Row -> what measures it, and how often each command runs.
ROWS = {
    "P1": (p1.run, 5),
    "P2": (p2.run, 3),
    "P3": (p3.run, 5),
    "P4": (p4.run, 5),
    "P6": (p6.run, 2),
    "P7": (p7.run, 3),
    "P8": (p8.run, 5),
    "P9": (p9.run, 15),
}
RESULTS = Path(__file__).parent / "results"


def main(words: Sequence[str] | None = None) -> int:
    """Exit code 0, or 1 with a message if a row can't be measured."""
    arguments = _arguments(words)
    measured: list[Line] = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers and folders go, too
    try:
        for row in arguments.rows:
            measure, rounds = ROWS[row]
            with tempfile.TemporaryDirectory(prefix="publisher-bench-") as folder:
                measured += measure(Path(folder), arguments.size, arguments.rounds or rounds, _say)
            _write(row, [line for line in measured if line.row.startswith(row)], arguments.size)
    except (Failed, ServerError, Unavailable) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        if measured:
            print(table(measured))
    return 0


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", default=" ".join(ROWS), help="which rows (default: %(default)s)")
    parser.add_argument("--size", type=float, default=1.0, help="1 is all, 0.1 a quick look")
    parser.add_argument("--rounds", type=int, default=0, help="how often (default: by row)")
    arguments = parser.parse_args(words)
    arguments.rows = arguments.rows.replace(",", " ").split()
    if unknown := set(arguments.rows) - ROWS.keys():
        parser.error(f"there is no row {', '.join(sorted(unknown))}; there are: {', '.join(ROWS)}")
    if arguments.size <= 0:
        parser.error("--size must be above 0")
    return arguments


def _write(row: str, lines: list[Line], size: float) -> None:
    """The raw figures, and on what they were measured."""
    RESULTS.mkdir(exist_ok=True)
    document = {
        "size": size,
        "processors": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        # Above the number of processors, others used them, too.
        "load": [round(load, 2) for load in os.getloadavg()],
        "lines": [asdict(line) for line in lines],
    }
    text = json.dumps(document, ensure_ascii=False, indent=1)
    (RESULTS / f"{row}.json").write_text(text + "\n", encoding="utf-8")


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
