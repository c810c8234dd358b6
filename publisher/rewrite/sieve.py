"""Whether it is worth looking for the CMS's host in a text. Pure.

`Hosts` finds a host in every form and takes its time. Whatever it finds has the letters of one
part of the host as they are, in either case, or letters written by their numbers: that is
looked for first, among bytes.
"""

from __future__ import annotations

import re

from publisher.rewrite.spelling import Signs

# Letters beyond ASCII that a pattern which ignores case takes for these. The first byte alone is
# looked for first: in Japanese text the others are on every line.
_FOLDED = {
    "i": ("\u0130".encode(), "\u0131".encode()),
    "s": ("\u017f".encode(),),
    "k": ("\u212a".encode(),),
}


# A host may be this long before its telling part, and what belongs to its address before it.
_BEFORE = 512
_END = re.compile(rb"[ \t\n\r\f<]")


class Sieve:
    """Tells texts that can't name any of these hosts."""

    def __init__(self, hosts: tuple[str, ...]) -> None:
        parts = sorted({_telling(host.removeprefix("//").lower()) for host in hosts})
        self._signs = Signs(hosts, "")
        self._patterns = [re.compile(pattern) for _, pattern in parts]
        letters = set("".join(part for part, _ in parts))
        self._folded = [
            letter for plain, folded in _FOLDED.items() if plain in letters for letter in folded
        ]

    def may_name(self, text: bytes) -> bool:
        """False if no form of a host is in this UTF-8 text."""
        return self.may_name_in(text, text.lower())

    def may_name_in(self, text: bytes, lower: bytes) -> bool:
        """The same for who has the text in lower case already."""
        for pattern in self._patterns:
            if pattern.search(lower):
                return True
        return self._is_disguised(text, lower)

    def places(self, text: bytes, lower: bytes) -> list[tuple[int, int]]:
        """The parts of a text in which a host may stand, with all that belongs to its address:
        it ends at white space or a tag, and what comes before it is short."""
        if self._is_disguised(text, lower):
            return [(0, len(text))]
        places: list[tuple[int, int]] = []
        hits = sorted(hit.span() for pattern in self._patterns for hit in pattern.finditer(lower))
        for start, end in hits:
            if places and end <= places[-1][1]:
                continue
            start = max(0, start - _BEFORE)
            while start > 0 and text[start] & 0xC0 == 0x80:  # within a character
                start -= 1
            stop = _END.search(text, end)
            end = stop.end() if stop else len(text)
            if places and start <= places[-1][1]:
                start = places.pop()[0]
            places.append((start, end))
        return places

    def _is_disguised(self, text: bytes, lower: bytes) -> bool:
        """Whether letters are written by their numbers, or are others that only look alike."""
        return any(
            letter[:1] in text and letter in text for letter in self._folded
        ) or self._signs.is_masked_in(lower)


def _telling(host: str) -> tuple[str, bytes]:
    """A part of a host, and a pattern for what every form of the host has: its longest part, and
    what may begin the punctuation after it (`.`, `%2E`, `&#46;`, a backslash's escape)."""
    parts = re.split(r"[.:\[\]]+", host)
    longest = max(parts, key=len)
    pattern = re.escape(longest.encode())
    if parts[0] == longest and len(parts) > 1:
        return longest, pattern + rb"[.:%&\\\]]"
    return longest, pattern
