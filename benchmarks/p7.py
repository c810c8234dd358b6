"""P7: a site with 1,000,000 redirects of its own: how long `redirects build` takes, and how much
memory.

The CSV has plain paths in Japanese, old parameters, chains of two. Its paths are regular: they
differ in their numbers alone, which is the easy case. 200,000 names that have nothing in common
took three times the CPU time of 200,000 of these, and a fifth more memory. The CMS is the demo's,
so that nearly all of the time is that of the rules.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks import ours
from benchmarks.figures import Line
from benchmarks.measure import Failed, measured, with_facts
from publisher.demo.cms import SampleCms

RULES = 1_000_000
OWN = "redirects:\n  files: [redirects.csv]\n"


def run(folder: Path, size: float, rounds: int, say: Callable[[str], None]) -> list[Line]:
    """The line of the table. `size` 1 is 1,000,000 rules."""
    count = max(100, int(RULES * size) // 10 * 10)
    with SampleCms() as cms:
        url = cms.url.rstrip("/")
        made = ours.export(folder / "site", url, kind="wordpress")
        measured(made)
        with (made.folder / "site-config.yaml").open("a", encoding="utf-8") as file:
            file.write(OWN)
        with (made.folder / "redirects.csv").open("w", encoding="utf-8") as file:
            file.writelines(rows(count))
        runs = []
        for number in range(rounds):
            one = measured(ours.redirects_build(made.folder))
            found = json.loads((made.folder / "output.log").read_text(encoding="utf-8"))
            if found["origins"].get("redirects.csv") != count:
                raise Failed(f"P7: {found['origins']}, and there are {count} rows")
            one = with_facts(one, edge_bytes=found["edge"]["bytes"])
            runs.append(replace(one, requests=0))
            say(
                f"  {number + 1}/{rounds} {one.name}: {one.wall_s:.1f} s, "
                f"{one.cpu_s:.1f} s CPU, {one.peak_bytes / 1024**2:.0f} MiB"
            )
    note = f"{count:,} rules of one's own from a CSV, with numbered paths; a tenth of them chains"
    return [Line("P7", "publisher redirects build", runs, count, None, note)]


def rows(count: int) -> Iterator[str]:
    """The lines of a CSV with so many rules."""
    yield "from,to,status\n"
    for number in range(count):
        match number % 10:
            case 0:
                yield f"/item.php?id={number},/shop/{number}/,\n"
            case 1:
                yield f"/古い/{number}/記事-{number}.html,/old/{number + 1},302\n"
            case 2:
                yield f"/old/{number},/blog/{number}.html,\n"
            case _:
                yield f"/古い/{number}/記事-{number}.html,/blog/{number}.html,\n"
