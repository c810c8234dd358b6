"""Whether it is worth looking for the CMS's host in a text. Pure.

`Hosts` finds a host in every form and takes its time. Whatever it finds has the letters of one
part of the host as they are, in either case: that is looked for first, among bytes.
"""

from __future__ import annotations

import re

# Letters beyond ASCII that a pattern which ignores case takes for `i`, `k` and `s`.
_FOLDED = ("\u0130".encode(), "\u0131".encode(), "\u017f".encode(), "\u212a".encode())


class Sieve:
    """Tells texts that can't name any of these hosts."""

    def __init__(self, hosts: tuple[str, ...]) -> None:
        names = sorted({_telling(host.removeprefix("//").lower()) for host in hosts})
        self._patterns = [re.compile(name) for name in names]

    def may_name(self, text: bytes) -> bool:
        """False if no form of a host is in this UTF-8 text."""
        lower = text.lower()
        for pattern in self._patterns:
            if pattern.search(lower):
                return True
        return any(letter in text for letter in _FOLDED)


def _telling(host: str) -> bytes:
    """A pattern for what every form of a host has: its longest part, and what may begin the
    encoded punctuation beside it (`.`, `%2E`, `&#46;`, a backslash's escape)."""
    parts = re.split(r"[.:\[\]]+", host)
    longest = max(parts, key=len)
    pattern = re.escape(longest.encode())
    if parts[0] == longest and len(parts) > 1:
        return pattern + rb"[.:%&\\\]]"
    return pattern
