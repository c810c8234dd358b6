"""How many requests at once: as many as the CMS answers sooner for, and no more.

Found by trying. By Little's law the pages per second are those under way divided by the seconds
that each takes, so each answer is a measurement of the limit it was asked under.
"""

from __future__ import annotations

_STEPS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
_START = 2
# Answers per decision, for each request at once: pages differ, and few of them say little.
_SAMPLES = 8
# The part of what one more request could bring at best that it has to bring.
_GAIN = 0.1
# Above so many pages a second files are sent, or cached pages, and no program is waited for.
_FAST_PER_S = 500
# Decisions until more is tried again; after each overload twice as many, up to the maximum.
_PATIENCE = 10
_PATIENCE_MAX = 160


class Pace:
    """Learns the limit for one CMS. `most` is the politeness that it never exceeds."""

    def __init__(self, most: int) -> None:
        self._steps = tuple(sorted({step for step in _STEPS if step < most} | {most}))
        self._at = max(i for i, step in enumerate(self._steps) if step <= _START)
        self._ceiling = len(self._steps) - 1
        self._rates: dict[int, float] = {}  # pages per second by step
        self._patience = _PATIENCE
        self._calm = 0  # decisions since the last overload or rise of the ceiling
        self._stayed = 0  # decisions since the last move
        self._stale = 0  # answers to come that were asked for under another limit
        self._count = 0
        self._seconds = 0.0

    @property
    def limit(self) -> int:
        """How many requests may be under way now."""
        return self._steps[self._at]

    def observe(self, seconds: float, under_way: int, *, overloaded: bool = False) -> None:
        """One answer: how long it took, how many were under way when it was asked for, itself
        included. `overloaded`: the CMS has said so (429, 503), or did not answer in time."""
        if self._stale:
            self._stale -= 1
        elif overloaded:
            self._halve()
        elif under_way >= self.limit:  # with fewer the limit was not tried
            self._count += 1
            self._seconds += seconds
            if self._count >= _SAMPLES * self.limit:
                self._decide(self.limit * self._count / max(self._seconds, 1e-9))

    def _halve(self) -> None:
        half = max(1, self.limit // 2)
        if self._calm:  # not one more of the same moment
            self._patience = min(self._patience * 2, _PATIENCE_MAX)
        self._ceiling = max(0, self._at - 1)
        self._calm = 0
        self._move(max(i for i, step in enumerate(self._steps) if step <= half))

    def _decide(self, rate: float) -> None:
        known = self._rates.get(self._at) if self._stayed else None
        self._rates[self._at] = rate if known is None else (known + rate) / 2
        self._count, self._seconds = 0, 0.0
        self._stayed += 1
        self._calm += 1
        if self._calm >= self._patience and self._ceiling < len(self._steps) - 1:
            self._ceiling += 1
            self._calm = 0
        above, below = self._at + 1, self._at - 1
        is_fast = rate > _FAST_PER_S
        if below in self._rates and not is_fast and not self._pays(below):
            self._move(below)
        elif above <= self._ceiling and (
            is_fast or above not in self._rates or self._pays(self._at) or self._stayed >= _PATIENCE
        ):
            self._move(above)
        elif below >= 0 and below not in self._rates:
            self._move(below)

    def _pays(self, lower: int) -> bool:
        """Whether the step above `lower` brings enough more; both have been tried."""
        possible = self._steps[lower + 1] / self._steps[lower] - 1
        return self._rates[lower + 1] > self._rates[lower] * (1 + _GAIN * possible)

    def _move(self, to: int) -> None:
        self._stale = self.limit if to != self._at else 0
        self._at = to
        self._stayed = 0
        self._count, self._seconds = 0, 0.0
