"""Whether it is worth looking for the CMS's host in a text. Pure.

`Hosts` finds a host in every form and takes its time. Whatever it finds has the letters of one
part of the host as they are, in either case, or letters written by their numbers: that is
looked for first, among bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from publisher.rewrite.spelling import MASKED_LETTERS, Signs
from publisher.rewrite.words import SOMEWHERE, Words

# Letters beyond ASCII that a pattern which ignores case takes for these. The first byte alone is
# looked for first: in Japanese text the others are on every line.
_FOLDED = {
    "i": ("\u0130".encode(), "\u0131".encode()),
    "s": ("\u017f".encode(),),
    "k": ("\u212a".encode(),),
}


# What every letter has that is written by its number (`spelling.py`).
_NUMBERED = (b"&#", b"&amp;#", b"\\u00", b"\\x", *(b"%%%d" % digit for digit in range(2, 8)))
# With more of them, one search for each of the patterns is faster.
_LOOKS_MAX = 100
# A host may be this long before its telling part, and what belongs to its address before it.
_BEFORE = 512
_END = re.compile(rb"[ \t\n\r\f<]")


class Sieve:
    """Tells texts that can't name any of these hosts. `words`: one of them is in every text, in
    lower case, that names one; as groups for `Words`."""

    def __init__(self, hosts: tuple[str, ...]) -> None:
        parts = sorted({_telling(host.removeprefix("//").lower()) for host in hosts})
        self._signs = Signs(hosts, "")
        self._patterns = [re.compile(pattern) for _, pattern, _ in parts]
        letters = set("".join(part for part, _, _ in parts))
        self._folded = [
            letter for plain, folded in _FOLDED.items() if plain in letters for letter in folded
        ]
        plain = tuple(word for _, _, words in parts for word in words)
        self.words = {
            "host": (*dict.fromkeys((*plain, *self._folded, *self._signs.masks)),),
            "numbered": _NUMBERED,
        }
        self._words = Words(self.words)

    def may_name(self, text: bytes) -> bool:
        """False if no form of a host is in this UTF-8 text."""
        lower = text.lower()
        return self.may_name_with(text, lower, self._words.groups_in(lower))

    def may_name_with(self, text: bytes, lower: bytes, found: Mapping[str, list[int]]) -> bool:
        """The same for who has the text in lower case already, and has found in it what there
        is of `words`."""
        plain, numbered = found.get("host", []), found.get("numbered", [])
        if plain and plain[-1] != SOMEWHERE:
            return True
        if plain or SOMEWHERE in numbered or len(numbered) > _LOOKS_MAX:
            return self.may_name_in(text, lower)
        return any(letter.match(lower, at) for at in numbered for letter in MASKED_LETTERS)

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


def _telling(host: str) -> tuple[str, bytes, tuple[bytes, ...]]:
    """A part of a host, a pattern for what every form of the host has, and that as words: its
    longest part, and what may begin the punctuation after it (`.`, `%2E`, `&#46;`, a backslash's
    escape)."""
    parts = re.split(r"[.:\[\]]+", host)
    longest = max(parts, key=len)
    word = longest.encode()
    pattern = re.escape(word)
    if parts[0] == longest and len(parts) > 1:
        words = tuple(word + bytes((after,)) for after in b".:%&\\]")
        return longest, pattern + rb"[.:%&\\\]]", words
    return longest, pattern, (word,)
