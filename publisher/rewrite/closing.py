"""Where an element of a page ends, for those that are taken out whole. Pure.

Ends are found as browsers find them where it matters: an end tag closes all that was opened
since, and the end of an element around it closes it, too. An element that nothing closes but the
end of the page has no end here: with it the rest of the page would go.
"""

from __future__ import annotations

import re
from collections import Counter

from publisher.rewrite.markup import is_tree

_VOID = frozenset(
    b"area base basefont bgsound br col embed frame hr img image input keygen link meta param "
    b"source track wbr".split()
)
# Their end tags can't be left out, so one more start tag than end tags means one is open. What
# they are around ends with them, whatever is open within.
_AROUND = frozenset(
    b"address article aside blockquote center details dialog dir div dl fieldset figcaption figure "
    b"footer form header hgroup main menu nav ol pre search section summary table template "
    b"ul".split()
)
_PAGE = frozenset((b"body", b"html"))
_TAG = re.compile(rb"<(/?)([a-zA-Z][^\t\n\f\r />]*+)")
# So many elements of a page may have no end before no more are looked for: each costs a look at
# all that follows.
_ENDLESS_MAX = 8


class Closings:
    """Finds the ends of elements in one page, which is given in pieces (`markup.tokens`); they
    are asked for in the order in which they begin."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces
        self._around: Counter[bytes] = Counter()
        self._counted = 0
        self._endless = 0

    def of(self, index: int) -> tuple[int, int] | None:
        """Where the element whose start tag is this piece ends: a piece, and so many of its
        bytes. None if nothing closes it."""
        match = _TAG.match(self._pieces[index])
        if match is None or self._endless >= _ENDLESS_MAX:
            return None
        name = match[2].lower()
        if name in _VOID or is_tree(self._pieces[index]):
            return index, len(self._pieces[index])
        end = self._end(index, name)
        self._endless += end is None
        return end

    def _end(self, index: int, name: bytes) -> tuple[int, int] | None:
        inside = [name]
        counts = Counter(inside)
        for position in range(index + 1, len(self._pieces)):
            piece = self._pieces[position]
            for match in _tags(piece, position):
                name = match[2].lower()
                if not match[1]:
                    if name not in _VOID:
                        inside.append(name)
                        counts[name] += 1
                elif counts[name]:
                    while (last := inside.pop()) != name:
                        counts[last] -= 1
                    counts[name] -= 1
                    if not inside:
                        end = len(piece) if position % 2 else piece.index(b">", match.end()) + 1
                        return position, end
                elif name in _PAGE:
                    return None
                elif name in _AROUND and self._is_open(name, index):
                    return position, 0 if position % 2 else match.start()
        return None

    def _is_open(self, name: bytes, index: int) -> bool:
        """Whether an element of this name is open before a piece."""
        for position in range(self._counted, index):
            for match in _tags(self._pieces[position], position):
                one = match[2].lower()
                if one in _AROUND:
                    self._around[one] = max(0, self._around[one] + (-1 if match[1] else 1))
        self._counted = max(self._counted, index)
        return self._around[name] > 0


def _tags(piece: bytes, position: int) -> list[re.Match[bytes]]:
    """The tags in a piece: a token has one at its beginning, text has plain ones."""
    if position % 2 == 0:
        return list(_TAG.finditer(piece))
    match = _TAG.match(piece)
    is_none = match is None or (match[2].lower() == b"svg" and is_tree(piece))
    return [] if match is None or is_none else [match]
