"""P1: a full export that the exporter itself limits, beside wget and wget2.

A static nginx answers faster than any of them can ask.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks import mirrors, ours
from benchmarks.corpus import files
from benchmarks.figures import Line, Run, ratio
from benchmarks.measure import Command, Failed, alternating, measured, with_facts
from benchmarks.web import Web, free_port, served
from tests.packages import ensure

PAGES = 5_000
FILES = 2_000
_THREADS = (8, 4, 16)
_NOTES = {
    "publisher export": "everything rewritten, gates asked, an immutable release written",
    "wget -m": "one connection; og:, JSON-LD, scripts keep the CMS's host, `?ver=` stays in file "
    "names; no release",
    "wget2 -m": "at its best of 4, 8, 16 threads; leaves what wget leaves; no release",
}


def run(folder: Path, size: float, rounds: int, say: Callable[[str], None]) -> list[Line]:
    """The lines of the table. `size` 1 is the real measurement, 0.1 a quick look."""
    ensure(mirrors.PACKAGES, say)
    pages, others = max(100, int(PAGES * size)), max(100, int(FILES * size))
    with free_port() as port:
        say(f"P1: writing {pages} pages and {others} files")
        root = folder / "site"
        _write(root, f"http://127.0.0.1:{port}", pages, others)
        locations = f"        location / {{ root {root}; index index.html; }}"
        with served(folder / "nginx", locations, port) as web:
            return _lines(folder, web, pages, others, rounds, say)


def _write(root: Path, base: str, pages: int, others: int) -> None:
    for path, content in files(base, pages, others):
        file = root / path[1:]
        with contextlib.suppress(FileNotFoundError):
            file.write_bytes(content)
            continue
        file.parent.mkdir(parents=True)
        file.write_bytes(content)


def _lines(
    folder: Path, web: Web, pages: int, others: int, rounds: int, say: Callable[[str], None]
) -> list[Line]:
    host = web.url.removeprefix("http://")

    def once(make: Callable[[], Command]) -> Run:
        command = make()
        web.requests()
        run = measured(command)
        asked = web.requests()
        is_ours = command.name == "publisher export"
        check = ours.checked if is_ours else mirrors.checked
        facts = check(command.folder, host)
        if float(facts["pages"]) < pages or float(facts["files"]) < others:
            raise Failed(f"{command.name} made {facts}, and there are {pages} and {others}")
        sent = sum(request.sent_bytes for request in asked)
        return with_facts(replace(run, requests=len(asked), sent_bytes=sent), **facts)

    say(f"  wget2 with {', '.join(map(str, _THREADS))} threads, once each")
    best = min(
        _THREADS,
        key=lambda threads: once(lambda: mirrors.wget2(folder / "wget2", web.url, threads)).wall_s,
    )
    runs = alternating(
        [
            lambda: once(lambda: ours.export(folder / "ours", web.url)),
            lambda: once(lambda: mirrors.wget2(folder / "wget2", web.url, best)),
            lambda: once(lambda: mirrors.wget(folder / "wget", web.url)),
        ],
        rounds,
        say,
    )
    [mine] = [found for name, found in runs.items() if name.startswith("publisher")]
    return [
        Line(
            "P1",
            name,
            found,
            pages,
            None if found is mine else ratio(mine, found),
            next(note for start, note in _NOTES.items() if name.startswith(start)),
        )
        for name, found in runs.items()
    ]
