"""The program killed at any moment: visitors never see a part, and the next run finishes.

The sample CMS can't be changed, so each run changes where its posts go: every publish
replaces, adds and removes files.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from publisher.edge.server import EdgeServer, live_site
from publisher.store.directory import DirectoryStore
from tests.machines import Place, Visitor, configure, finish, start, visitor_sees

# With the mark `long`, and to find the seed of a failure again: see CONTRIBUTING.md.
KILLS = {"directory": 25, "bucket": 12}
KILLS_LONG = int(os.environ.get("PUBLISHER_LONG_KILLS", "300"))
SEED = int(os.environ.get("PUBLISHER_SEED", "20261122"))


@pytest.mark.real
def test_killed_anywhere_visitors_see_one_whole_release_and_the_next_run_finishes(
    tmp_path: Path, cms: str, place: Place
) -> None:
    killed_at_random(tmp_path, cms, place, KILLS[place.name])


@pytest.mark.real
@pytest.mark.long
def test_killed_hundreds_of_times(tmp_path: Path, cms: str, place: Place) -> None:
    killed_at_random(tmp_path, cms, place, KILLS_LONG)


def killed_at_random(folder: Path, cms: str, place: Place, kills: int) -> None:
    rng = random.Random(SEED)
    sites = (f"s{number}" for number in itertools.count(1))
    configure(folder, cms, next(sites), place.configured)
    started = time.monotonic()
    assert finish(start(folder, "export", "--publish")) == 0
    whole_run_s = time.monotonic() - started

    killed = {"export": 0, "publish": 0}
    with EdgeServer(*live_site(place.store), 0) as edge:
        visitor = Visitor(edge.url)
        visitor.start()
        try:
            while sum(killed.values()) < kills and not visitor.wrong:
                configure(folder, cms, site := next(sites), place.configured)
                # Some of them die while publishing what an export made before.
                command = ["export", "--publish"]
                if rng.random() < 0.3:
                    assert finish(start(folder, "export")) == 0
                    command = ["publish"]
                running = start(folder, *command)
                # Starting Python takes a third of a run; nothing can go wrong before.
                share = rng.uniform(0.25, 0.6 if command == ["publish"] else 1.0)
                wait_s = whole_run_s * share
                try:
                    running.wait(wait_s)
                except subprocess.TimeoutExpired:
                    running.send_signal(signal.SIGKILL)
                if finish(running) == -signal.SIGKILL:
                    killed[command[0]] += 1
                if rng.random() < 0.15:
                    assert finish(start(folder, "export", "--publish")) == 0
                    assert visitor_sees(edge.url) == site
        finally:
            visitor.stop()
        assert visitor.wrong == []
        configure(folder, cms, site := next(sites), place.configured)
        assert finish(start(folder, "export", "--publish")) == 0
        assert visitor_sees(edge.url) == site
    print(
        f"seed {SEED}, {place.name}: kills {killed}, whole views {visitor.views}, assets of open "
        f"pages {visitor.assets}, mixtures {len(visitor.wrong)}, a run takes {whole_run_s:.1f} s"
    )
    assert sum(killed.values()) == kills
    assert visitor.views > kills
    assert visitor.assets > kills


def test_a_killed_export_leaves_what_is_live_untouched(tmp_path: Path, cms: str) -> None:
    configure(tmp_path, cms, "s1")
    assert finish(start(tmp_path, "export", "--publish")) == 0
    store = DirectoryStore(tmp_path / ".publisher")

    def live() -> dict[str, bytes]:
        areas = ("site/", "refs/", "edge/")
        keys = [one.key for area in areas for one in store.list(area)]
        return {key: store.get(key).data for key in keys}

    before = live()
    configure(tmp_path, cms, "s2")
    for after_s in (0.4, 0.7, 1.0):
        running = start(tmp_path, "export")
        try:
            running.wait(after_s)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGKILL)
        finish(running)
        assert live() == before
