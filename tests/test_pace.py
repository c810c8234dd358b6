"""How many requests at once: simulated servers."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable

import pytest

from publisher.cms.pace import Pace

GAP_S = 0.001  # between an answer and the next request


class Simulated:
    """A closed loop: as many requests under way as the pace allows, `pages` of them."""

    def __init__(self, pace: Pace, *, workers: int, service: Callable[[int], float]) -> None:
        self.pace = pace
        self.workers = workers
        self.service = service
        self.refuses_above = 10**9
        self.now = 0.0
        self.limits: list[int] = []
        self.refused = 0

    def run(self, pages: int) -> float:
        """Pages per second."""
        free = [0.0] * self.workers
        under_way: list[tuple[float, float, int, bool]] = []
        began, done = self.now, 0
        while done < pages:
            while len(under_way) < self.pace.limit:
                at_once = len(under_way) + 1
                if at_once > self.refuses_above:
                    heapq.heappush(under_way, (self.now + 0.002, self.now, at_once, True))
                    continue
                start = max(self.now + GAP_S, heapq.heappop(free))
                end = start + self.service(at_once)
                heapq.heappush(free, end)
                heapq.heappush(under_way, (end, self.now, at_once, False))
            self.now, asked, at_once, overloaded = heapq.heappop(under_way)
            at_once = max(at_once, self.pace.limit)
            self.pace.observe(self.now - asked, at_once, overloaded=overloaded)
            self.limits.append(self.pace.limit)
            done += not overloaded
            self.refused += overloaded
        return pages / (self.now - began)


class Fixed(Pace):
    """A pace that learns nothing."""

    def observe(self, seconds: float, under_way: int, *, overloaded: bool = False) -> None:
        pass

    @property
    def limit(self) -> int:
        return self._steps[-1]


def varied(mean: float, seed: int = 1) -> Callable[[int], float]:
    """Pages that take differently long, as those of a WordPress do."""
    dice = random.Random(seed)
    return lambda _: mean * dice.lognormvariate(-0.08, 0.4)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("most", [8, 64])
def test_four_workers_are_kept_busy_and_no_more(most: int, seed: int) -> None:
    best = max(
        Simulated(Fixed(n), workers=4, service=varied(0.04, seed)).run(3000)
        for n in (2, 3, 4, 5, 6, 8, 16)
    )
    learning = Simulated(Pace(most), workers=4, service=varied(0.04, seed))
    learning.run(500)
    learning.limits.clear()
    assert learning.run(3000) > 0.97 * best
    usual = Counter(learning.limits)
    assert sum(usual[n] for n in (4, 6, 8)) > 0.8 * len(learning.limits), usual


def test_a_server_that_gets_slower_with_load_is_asked_less() -> None:
    dice = varied(0.04)

    def service(at_once: int) -> float:
        return dice(0) * max(1, at_once / 2) ** 1.5

    learning = Simulated(Pace(16), workers=64, service=service)
    learning.run(300)
    learning.limits.clear()
    rate = learning.run(2000)
    assert rate > 0.9 * Simulated(Fixed(2), workers=64, service=service).run(2000)
    assert Counter(learning.limits).most_common(1)[0][0] in (2, 3)


def test_a_server_that_refuses_is_left_at_what_it_bears() -> None:
    learning = Simulated(Pace(16), workers=4, service=varied(0.04))
    learning.refuses_above = 2
    learning.run(2000)
    assert learning.refused < 40
    assert Counter(learning.limits[500:]).most_common(1)[0][0] == 2


def test_what_has_recovered_is_asked_more_again_but_slowly() -> None:
    learning = Simulated(Pace(8), workers=8, service=varied(0.04))
    learning.run(1000)
    assert learning.pace.limit == 8
    before = learning.pace.limit
    learning.refuses_above = 4
    learning.run(40)
    assert learning.pace.limit <= before // 2
    learning.refuses_above = 100
    learning.limits.clear()
    learning.run(4000)
    assert 8 not in learning.limits[:100]
    assert 8 in learning.limits


def test_a_server_of_files_gets_all_at_once_soon() -> None:
    learning = Simulated(Pace(32), workers=1, service=lambda _: 0.0001)
    learning.run(1000)
    assert learning.pace.limit == 32


@pytest.mark.parametrize("most", [1, 2, 5, 8, 64])
def test_the_configured_politeness_is_never_exceeded(most: int) -> None:
    learning = Simulated(Pace(most), workers=64, service=varied(0.02))
    assert learning.pace.limit <= 2
    learning.run(6000)
    assert max(learning.limits) == most


def test_answers_to_a_single_request_say_nothing_about_the_limit() -> None:
    pace = Pace(8)
    for _ in range(500):
        pace.observe(0.04, 1)
    assert pace.limit == 2


def test_refusals_of_one_moment_count_once() -> None:
    pace = Pace(16)
    while pace.limit < 8:
        pace.observe(0.0001, pace.limit)
    for _ in range(20):
        pace.observe(0.04, 8)
    for _ in range(8):
        pace.observe(0.01, 8, overloaded=True)
    assert pace.limit == 4
