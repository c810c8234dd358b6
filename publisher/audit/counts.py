"""What a list claims that an address is worth: which texts are counts, and how much one of them may
weigh. Pure.

A list is exported, opened in a spreadsheet, cut and saved again. One spoiled cell must not decide
whether a site may be switched over.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from publisher.audit.report import Measures, Source
from publisher.audit.shown import visible

COUNT_MAX = 1_000_000_000
"""A larger number is none that somebody counted: of clicks, Search Console has 16 months."""

LINES_MIN = 10
"""In a list with fewer counts, one may be most of it all."""

NAMES = ("hits", "clicks", "domains", "shares")
"""The measures that are counted, as `Measures` calls them."""

_CHARACTERS_MAX = 40
_URL_SHOWN = 80
# So much that is no count is shown of each list.
_SHOWN = 5
# Groups of three, all set apart alike. A full stop alone may stand for the decimal point: `1.234`
# is one and a bit to some and a thousand to others, so it is no count.
_COUNT = re.compile(
    r"(?:[0-9]{1,3}(?:(?:,[0-9]{3})+|(?: [0-9]{3})+|(?:['’][0-9]{3})+|(?:\.[0-9]{3}){2,})|[0-9]+)"
    r"(?:\.(?:0|00|0{4,}))?"
)
_NOTHING = re.compile(r"[-\u2010-\u2015\u2212\u30fc]*|n/a|null", re.IGNORECASE)
# Less or more than three digits behind a full stop are no group.
_DECIMALS = re.compile(r"\.(?:0|00|0{4,})\Z")
_NO_DIGIT = re.compile(r"[^0-9]")


def count_of(text: str) -> int | None:
    """The count in a cell, as exports and spreadsheets write it: `1234`, `1,234`, `1 234`,
    `1.234.567`, `12.0`, full-width digits; 0 for an empty cell, a dash, `N/A`. None for what is no
    count, or more than `COUNT_MAX`."""
    if len(text) > _CHARACTERS_MAX or any(map(_is_raised_or_circled, text)):
        return None
    plain = unicodedata.normalize("NFKC", text).strip()
    if _NOTHING.fullmatch(plain):
        return 0
    if not _COUNT.fullmatch(plain):
        return None
    found = int(_NO_DIGIT.sub("", _DECIMALS.sub("", plain)))
    return found if found <= COUNT_MAX else None


def _is_raised_or_circled(char: str) -> bool:
    """Whether this is a number and no digit: a note's mark behind a count (`12²`) is no part of it,
    but NFKC would make it one."""
    return unicodedata.category(char) == "No"


class Doubts:
    """What is no count in a list; `name` is the list's own. Of however many, few are kept."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._first: list[str] = []
        self._more = 0

    def add(self, line: int, text: str) -> None:
        """Take what stands on a line in place of a count."""
        if len(self._first) < _SHOWN:
            shown = visible(text[:_CHARACTERS_MAX])
            self._first.append(f"{self._name}:{line}: {shown!r} is no count")
        else:
            self._more += 1

    def told(self) -> list[str]:
        """In words, which `told_ja` knows."""
        is_one = self._more == 1
        more = f"{self._more:,} more {'is no count' if is_one else 'are no counts'}"
        return [*self._first, more] if self._more else self._first


class Excess(NamedTuple):
    """A line that is more than all others of its list: how much of a measure it `claims`, and the
    `weight` that it gets."""

    measure: str
    url: str
    source: Source
    claims: int
    weight: int

    def told(self) -> str:
        """In words, which `told_ja` knows."""
        url = self.url if len(self.url) <= _URL_SHOWN else f"{self.url[:_URL_SHOWN]}..."
        what = f"{self.weight:,} {self.measure}, not {self.claims:,}"
        return f"{url} weighs {what}: no line outweighs all others"


class Heaviest:
    """The heaviest line of a list for each measure, beside all others."""

    def __init__(self) -> None:
        self._most: dict[str, tuple[int, str, Source]] = {}
        self._total = dict.fromkeys(NAMES, 0)
        self._lines = dict.fromkeys(NAMES, 0)

    def add(self, url: str, source: Source, measures: Measures) -> None:
        """Take a line, by its address."""
        for name in NAMES:
            if count := getattr(measures, name):
                self._total[name] += count
                self._lines[name] += 1
                self._most[name] = max(self._most.get(name, (0, "", source)), (count, url, source))

    def excess(self) -> Iterator[Excess]:
        """Where one line is more than all others together. It may weigh as much as these: so half
        of the measure is theirs, whatever it says."""
        for name, (count, url, source) in self._most.items():
            others = self._total[name] - count
            if self._lines[name] >= LINES_MIN and count > others:
                yield Excess(name, url, source, count, others)
