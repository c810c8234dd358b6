"""P4: a publish when nothing has changed, and after a full re-export that changed nothing.

Others compare every file with what the bucket lists. publisher compares what is live with what
should be: two names.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks import ours, p3, s3
from benchmarks.figures import Line, Run, median, ratio
from benchmarks.measure import Command, Failed, alternating, measured
from tests.seaweedfs import SeaweedFS

SIZES = (10_000, 100_000)
_BYTES = 300
# The files are older than the uploads: s5cmd compares times.
_OLD_S = 1_700_000_000


def run(folder: Path, size: float, rounds: int, say: Callable[[str], None]) -> list[Line]:
    """The lines of the table. `size` 1 is 10,000 and 100,000 files, 0.1 a tenth of each."""
    s3.install(say)
    lines: list[Line] = []
    for number in SIZES:
        files = max(200, int(number * size))
        with SeaweedFS() as server:
            lines += _lines(folder / str(number), files, server, rounds, say)
    return lines


def _lines(
    folder: Path, number: int, server: SeaweedFS, rounds: int, say: Callable[[str], None]
) -> list[Line]:
    say(f"P4: {number} files go live, and are uploaded by rclone")
    source, where = folder / "captured", s3.bucket(server)
    p3.write(source, number, _BYTES)
    for path in source.rglob("*.html"):
        os.utime(path, (_OLD_S, _OLD_S))
    measured(ours.live(folder / "live", source, where))
    measured(s3.rclone(folder / "rclone", source, where, "peer"))
    again = _counted(lambda to: ours.live(folder / "live", source, to), where)
    say(f"  the same made anew: {again} requests, none of which writes")

    def once(make: Callable[[s3.Bucket], Command]) -> Callable[[], Run]:
        asked = _counted(make, where)

        def timed() -> Run:
            return replace(measured(make(where)), requests=asked)

        return timed

    commands: list[Callable[[s3.Bucket], Command]] = [
        lambda to: ours.publish(folder / "publish", to),
        lambda to: s3.rclone(folder / "rclone", source, to, "peer"),
        lambda to: s3.s5cmd(folder / "s5cmd", source, to, "peer"),
    ]
    runs = alternating([once(make) for make in commands], rounds, say)
    mine, *theirs = runs.values()
    if ours.report(folder / "publish")["published"]["files"]:
        raise Failed("P4: publisher wrote files, though nothing has changed")
    note = f"{number:,} files; {median(one.cpu_s for one in mine):.2f} s of CPU"
    return [
        Line("P4", mine[0].name, mine, number, None, note),
        *(
            Line("P4", found[0].name, found, number, ratio(mine, found), f"{number:,} files")
            for found in theirs
        ),
    ]


def _counted(make: Callable[[s3.Bucket], Command], where: s3.Bucket) -> int:
    """Run it once; returns how many requests it made. Raises Failed if one wrote something."""
    with s3.counting(where) as (through, counts):
        command = make(through)
        measured(command)
        return s3.no_puts(command.name, counts)
