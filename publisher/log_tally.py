"""What logs show, added up: how often each address was asked for, and what each day was like.
Pure, and bounded in memory, whatever visitors ask for."""

from __future__ import annotations

from collections import Counter
from operator import itemgetter

from publisher.access_logs import Hit
from publisher.audit.locating import Hosts
from publisher.audit.report import Day

DISTINCT_MAX = 200_000
"""So many addresses are told apart; of more, those asked for most often."""
CHARACTERS_MAX = 60_000_000
"""So long may they be together; of longer ones, those asked for most often."""
DAYS_MAX = 4_000
"""So many days are told apart; requests of further ones are in no day."""

_MISSING = (404, 410)


class Tally:
    """Counts requests that read (GET and HEAD).

    `counts`: how often each address, in the form of `OldUrl.url`, was asked for. `requests`: all
    of them; `answered`: the addresses that were answered with something at least once, a page or a
    redirect; those at hosts that are nobody's are `elsewhere` and nowhere else, and those `dropped`
    were for addresses that were asked for too rarely to be told apart. `unread`: lines that say
    nothing of a request.
    """

    def __init__(
        self,
        hosts: Hosts = Hosts(),
        distinct_max: int = DISTINCT_MAX,
        characters_max: int = CHARACTERS_MAX,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.answered: set[str] = set()
        self.requests = 0
        self.unread = 0
        self.dropped = 0
        self.elsewhere = 0
        self._hosts = hosts
        self._distinct_max = distinct_max
        self._characters_max = characters_max
        self._characters = 0
        self._days: dict[str, list[int]] = {}

    def add(self, hit: Hit | None) -> None:
        """Take what a line says."""
        if hit is None:
            self.unread += 1
            return
        if hit.method not in ("GET", "HEAD"):
            return
        self.requests += 1
        origin = self._hosts.origin(hit.host)
        if origin is None:
            self.elsewhere += 1
            return
        url = origin + hit.url if origin else hit.url
        self._count(url)
        if hit.status < 400:
            self.answered.add(url)
        if hit.is_page and hit.day:
            self._count_day(hit)

    @property
    def days(self) -> tuple[Day, ...]:
        """Each day's requests for pages, in order."""
        return tuple(Day(day, *counted) for day, counted in sorted(self._days.items()))

    def keep_commonest(self) -> None:
        """Forget what was asked for least, if there is more than can be told apart."""
        if len(self.counts) <= self._distinct_max and self._characters <= self._characters_max:
            return
        ordered = sorted(self.counts.items(), key=itemgetter(1), reverse=True)
        kept: Counter[str] = Counter()
        held = 0
        for url, count in ordered[: self._distinct_max]:
            if held + len(url) > self._characters_max:
                break
            held += len(url)
            kept[url] = count
        self.dropped += self.counts.total() - kept.total()
        self.counts, self._characters = kept, held
        self.answered &= kept.keys()

    def _count(self, url: str) -> None:
        if url not in self.counts:
            self._characters += len(url)
            # Half as much again is held, so that it is not put in order too often.
            if (
                len(self.counts) >= self._distinct_max * 3 // 2
                or self._characters > self._characters_max * 3 // 2
            ):
                self.keep_commonest()
                self._characters += len(url)
        self.counts[url] += 1

    def _count_day(self, hit: Hit) -> None:
        counted = self._days.get(hit.day)
        if counted is None:
            if len(self._days) == DAYS_MAX:
                return
            counted = self._days[hit.day] = [0, 0]
        counted[0] += 1
        counted[1] += hit.status in _MISSING
