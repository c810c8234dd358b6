"""Two machines publish one site: one wins, the other is told; who was frozen harms nothing."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from pathlib import Path

import pytest

from publisher.demo.cms import SampleCms
from publisher.edge.server import EdgeServer, live_site
from publisher.records import Records
from tests.machines import Place, Visitor, configure, finished, start, visitor_sees

pytestmark = pytest.mark.real

ROUNDS = 3
SEED = int(os.environ.get("PUBLISHER_SEED", "20261122"))


def test_one_goes_live_and_the_other_says_so(tmp_path: Path, place: Place) -> None:
    """Both begin at once, with different sites; whoever is second has to export again."""
    one, other = machines(tmp_path)
    sites = (f"s{number}" for number in itertools.count(1))
    with SampleCms() as cms:
        first = next(sites)
        configure(one, cms.url, first, place.configured)
        assert finished(start(one, "export", "--publish")) == 0
        with EdgeServer(*live_site(place.store), 0) as edge:
            visitor = Visitor(edge.url)
            visitor.start()
            try:
                for _ in range(ROUNDS):
                    names = [next(sites), next(sites)]
                    running = []
                    for folder, site in zip((one, other), names, strict=True):
                        configure(folder, cms.url, site, place.configured)
                        running.append(start(folder, "export", "--publish"))
                    codes = [finished(process) for process in running]
                    # Both win if one had ended before the other looked at what is live. On one
                    # directory, only one export runs at a time.
                    assert set(codes) <= {0, 4, 5}, codes
                    assert 0 in codes
                    winners = [s for s, code in zip(names, codes, strict=True) if code == 0]
                    assert visitor_sees(edge.url) in winners
            finally:
                visitor.stop()
            assert visitor.wrong == []
    assert one_line_of_changes(place)


def test_a_publisher_that_was_frozen_and_wakes_up_harms_nothing(
    tmp_path: Path, place: Place
) -> None:
    """A machine sleeps in the midst of a publish; two releases go live; it wakes up."""
    rng = random.Random(SEED)
    one, other = machines(tmp_path)
    sites = (f"s{number}" for number in itertools.count(1))
    codes = []
    with SampleCms() as cms:
        configure(one, cms.url, next(sites), place.configured)
        assert finished(start(one, "export", "--publish")) == 0
        with EdgeServer(*live_site(place.store), 0) as edge:
            visitor = Visitor(edge.url)
            visitor.start()
            try:
                for _ in range(ROUNDS):
                    configure(one, cms.url, next(sites), place.configured)
                    assert finished(start(one, "export")) == 0
                    known = filling(place)
                    frozen = start(one, "publish")
                    while frozen.poll() is None and filling(place) == known:
                        time.sleep(0.005)
                    time.sleep(rng.uniform(0, 0.1))
                    frozen.send_signal(signal.SIGSTOP)
                    for _ in range(2):
                        configure(other, cms.url, last := next(sites), place.configured)
                        assert finished(start(other, "export", "--publish")) == 0
                    assert visitor_sees(edge.url) == last
                    frozen.send_signal(signal.SIGCONT)
                    codes.append(finished(frozen))
                    assert visitor_sees(edge.url) == last
            finally:
                visitor.stop()
            assert visitor.wrong == []
    print(f"seed {SEED}, {place.name}: frozen {ROUNDS} times, ended with {codes}")
    assert set(codes) <= {0, 4}, codes  # 0: there was nothing left to do when it fell asleep
    assert 4 in codes
    assert one_line_of_changes(place)


def machines(folder: Path) -> tuple[Path, Path]:
    """Two machines' folders. Of a store in a directory both see the same one."""
    (folder / ".publisher").mkdir()
    one, other = folder / "one", folder / "other"
    for machine in (one, other):
        machine.mkdir()
        (machine / ".publisher").symlink_to(folder / ".publisher")
    return one, other


def filling(place: Place) -> set[str]:
    """The slots that somebody has claimed."""
    slots = Records(place.store).intent()[0].slots
    return {name for name, slot in slots.items() if slot.state == "filling"}


def one_line_of_changes(place: Place) -> bool:
    """Whether each change in the journal goes on from the one before it."""
    changes = sorted(Records(place.store).journal(), key=lambda change: change.id)
    pairs = itertools.pairwise(changes)
    return all(before.to_release == after.from_release for before, after in pairs)
