"""Lists of images for different screens: `srcset`, `imagesrcset`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.rewrite.linker import Linker, Withheld

_SPACE = " \t\n\f\r"
# HTML Living Standard, "Parsing a srcset attribute": a URL ends at white space, so it may hold
# commas (`data:`), except at its end. What describes it ends at a comma outside parentheses.
_URL = re.compile(rf"[{_SPACE},]*([^{_SPACE}]+)")
_DESCRIPTORS = re.compile(r"(?:[^,(]|\([^)]*\)?)*")


def candidates(text: str) -> Iterator[tuple[int, int, int]]:
    """Where each URL begins and ends, and where what describes it ends."""
    position = 0
    while match := _URL.match(text, position):
        start, end = match.span(1)
        url_end = start + len(match[1].rstrip(","))
        if url_end == end:
            described = _DESCRIPTORS.match(text, end)
            position = described.end() if described else end
        else:
            position = end
        if url_end > start:
            yield start, url_end, position if url_end == end else url_end


def rewrite_srcset(text: str, linker: Linker) -> str:
    """The list with public links. What the public may not have leaves it. Raises Withheld if
    nothing is left."""
    pieces: list[str] = []
    position = kept = dropped = 0
    for start, url_end, end in candidates(text):
        try:
            public = linker.link(text[start:url_end])
        except Withheld:
            dropped += 1
        else:
            # A first candidate that is dropped takes the comma behind it along.
            pieces += (text[position:start] if kept or not dropped else "", public)
            pieces.append(text[url_end:end])
            kept += 1
        position = end
    if dropped and not kept:
        raise Withheld
    return "".join((*pieces, text[position:]))
