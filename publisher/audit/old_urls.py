"""Every old address that is known, from wherever, each once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from publisher.audit.report import Measures, Source


class OldUrl(NamedTuple):
    """An old address: path and query, percent-encoded as they are asked for (with scheme and host
    if it is at another host than the public one); what it is worth, and who knows it."""

    url: str
    measures: Measures
    sources: tuple[Source, ...]


class OldUrls:
    """Collects old addresses. The measures of one that is given more than once add up."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[Measures, tuple[Source, ...]]] = {}

    def add(self, url: str, source: Source, measures: Measures | None = None) -> None:
        """Take an address, in the form of `OldUrl.url`."""
        held, sources = self._found.get(url, (Measures(), ()))
        if measures is not None:
            held = Measures(
                held.hits + measures.hits,
                held.clicks + measures.clicks,
                held.domains + measures.domains,
                held.shares + measures.shares,
            )
        if source not in sources:
            sources = _together(sources, source)
        self._found[url] = (held, sources)

    def worth(self, url: str) -> Measures:
        """What is known of an address so far; nothing of one that is not there."""
        return self._found[url][0] if url in self._found else Measures()

    def __iter__(self) -> Iterator[OldUrl]:
        """Each address once, in the order in which they were first given."""
        return (OldUrl(url, *told) for url, told in self._found.items())

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, url: str) -> bool:
        return url in self._found


@cache
def _together(sources: tuple[Source, ...], source: Source) -> tuple[Source, ...]:
    """Of many addresses the same: they share it."""
    return (*sources, source)


def weightiest(found: Iterable[OldUrl]) -> list[OldUrl]:
    """Those first that are worth most: by requests and clicks, then by domains and shares."""
    return sorted(
        found,
        key=lambda one: (
            -(one.measures.hits + one.measures.clicks),
            -one.measures.domains,
            -one.measures.shares,
            one.url,
        ),
    )
