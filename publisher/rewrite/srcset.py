"""Where the addresses in a `srcset` stand. Pure.

As the HTML Living Standard parses the attribute: an address may hold commas and ends at white
space; a comma at its very end ends the candidate.
"""

from __future__ import annotations

import re

_SPACE = " \t\n\f\r"
_SEPARATORS = re.compile(r"[ \t\n\f\r,]*")
_ADDRESS = re.compile(r"[^ \t\n\f\r]+")


def candidates(value: str) -> list[tuple[int, int]]:
    """The spans of the addresses in the value, in order; of invalid candidates, too, since a
    browser that is more generous would fetch them."""
    spans: list[tuple[int, int]] = []
    position = 0
    while True:
        separators = _SEPARATORS.match(value, position)
        position = separators.end() if separators else position
        address = _ADDRESS.match(value, position)
        if address is None:
            return spans
        end = address.end()
        if value[end - 1] == ",":
            position = end
            while value[end - 1] == ",":
                end -= 1
        else:
            position = _after_descriptors(value, end)
        spans.append((address.start(), end))


def _after_descriptors(value: str, position: int) -> int:
    """Past the comma that ends a candidate; one in parentheses does not."""
    depth = 0
    while position < len(value):
        char = value[position]
        position += 1
        if char == "(":
            depth = 1
        elif char == ")":
            depth = 0
        elif char == "," and not depth:
            return position
    return position
