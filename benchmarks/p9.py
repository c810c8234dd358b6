"""P9: how long a command takes that has next to nothing to do.

Beside the interpreter alone, which is in all of it, and another tool in Python for the same bucket.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks import ours
from benchmarks.figures import Line, Run, ratio
from benchmarks.measure import Command, alternating, measured
from publisher.demo.cms import SampleCms
from tests.packages import ensure, program

_PACKAGES = ("s3cmd",)
_INTERPRETER = "python -c pass"
_OTHER = "s3cmd --version"
_NOTES = {
    "publisher --help": "",
    "publisher releases list": "of a site in a directory: configuration, history, journal",
    _INTERPRETER: "the least that a program in Python can take",
    _OTHER: "another tool in Python",
}


def run(folder: Path, size: float, rounds: int, say: Callable[[str], None]) -> list[Line]:  # noqa: ARG001 - there is only one size
    """The lines of the table."""
    ensure(_PACKAGES, say)
    with SampleCms() as cms:
        site = ours.export(folder / "site", cms.url.rstrip("/"), "--publish", kind="wordpress")
        measured(site)
    commands = [
        ours.small(site.folder, "--help"),
        ours.small(site.folder, "releases", "list"),
        Command(_INTERPRETER, [sys.executable, "-c", "pass"], site.folder),
        Command(_OTHER, [program("s3cmd"), "--version"], site.folder),
    ]
    for command in commands:
        measured(command)  # from now on its files are in the system's cache
    runs = alternating([partial(measured, command) for command in commands], rounds, say)
    return [_line(name, of, runs["publisher --help"]) for name, of in runs.items()]


def _line(name: str, runs: Sequence[Run], help_: Sequence[Run]) -> Line:
    """A line of the table; peers are compared with `publisher --help`."""
    is_ours = name.startswith("publisher")
    return Line("P9", name, runs, 1, None if is_ours else ratio(help_, runs), _NOTES[name])
