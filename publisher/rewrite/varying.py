"""What differs between two copies of one page, and how to declare it. Pure.

For a report: a page that is different at each look makes a release each time.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from publisher.rewrite.tokens import Shape, check

SPOTS_MAX = 20
_CONTEXT = 60
_SHOWN_MAX = 120
# Difference is sought in so many pieces at most: its cost grows with their square.
_PIECES_MAX = 4000
_PIECE = re.compile(r"[A-Za-z0-9_-]+|\s+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Spot:
    """One place: some text before it, what the two copies have there ('' for nothing, cut when
    long), and the entry of `cms.tokens` that would declare it, None if none is likely."""

    before: str
    first: str
    second: str
    shape: Shape | None


def varying(first: str, second: str) -> tuple[Spot, ...]:
    """The places where two copies of a page differ, in order, the first twenty."""
    head = _common(first, second)
    while head and _in_word(first[head - 1 : head]):  # a token is shown whole
        head -= 1
    tail = _common(first[: head - 1 : -1] if head else first[::-1],
                   second[: head - 1 : -1] if head else second[::-1])  # fmt: skip
    while tail and _in_word(first[len(first) - tail]):
        tail -= 1
    spots = _spots(first, second, head, tail)
    return tuple(spot for spot, _ in zip(spots, range(SPOTS_MAX), strict=False))


def _common(first: str, second: str) -> int:
    """How many characters at the beginning are alike."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _in_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char in "_-")


def _spots(first: str, second: str, head: int, tail: int) -> Iterator[Spot]:
    a = _pieces(first, head, len(first) - tail)
    b = _pieces(second, head, len(second) - tail)
    if not a and not b:
        return
    if len(a) == len(b) and sum(x != y for x, y in zip(a, b, strict=True)) <= len(a) // 2:
        changes = [(i, i + 1, i, i + 1) for i in range(len(a)) if a[i] != b[i]]
    else:
        matcher = difflib.SequenceMatcher(None, a[:_PIECES_MAX], b[:_PIECES_MAX], autojunk=True)
        changes = [
            (a_start, a_end, b_start, b_end)
            for tag, a_start, a_end, b_start, b_end in matcher.get_opcodes()
            if tag != "equal"
        ]
    starts = [head]
    for piece in a:
        starts.append(starts[-1] + len(piece))
    for a_start, a_end, b_start, b_end in changes:
        position = starts[a_start]
        one, other = "".join(a[a_start:a_end]), "".join(b[b_start:b_end])
        before = first[max(0, position - _CONTEXT) : position]
        after = first[starts[a_end] :][:1]
        yield Spot(
            before, one[:_SHOWN_MAX], other[:_SHOWN_MAX], _declared(before, one, other, after)
        )


def _pieces(text: str, start: int, end: int) -> list[str]:
    return _PIECE.findall(text, start, end)


_ATTRIBUTE = re.compile(r"\s([A-Za-z][\w:.-]{0,60})=[\"']$")
_LABEL = re.compile(r"[A-Za-z][\w-]{1,30}[\"']?[=:_-][\"']?$")
_TOKEN = re.compile(r"[A-Za-z0-9]{4,64}")
# Attributes whose value means something: a token stands in them, but is not all of them.
_MEANINGFUL = frozenset("class style href src content value name type rel alt title".split())


def _says_something(label: str, tokens: tuple[str, ...]) -> bool:
    """Whether what differs is to be read: words, as of a cloud of tags whose order varies, or the
    beginning of a value such as `alt="photo1`."""
    name = label.rstrip("\"'").rstrip("=").lower()
    is_value = label[-1:] in ("'", '"')
    is_meaningful = name in _MEANINGFUL or name.startswith("aria-")
    return (is_value and is_meaningful) or not re.search("[0-9]", "".join(tokens))


def _declared(before: str, one: str, other: str, after: str) -> Shape | None:
    attribute = _ATTRIBUTE.search(before)
    name = attribute[1].lower() if attribute else ""
    is_opaque = name not in _MEANINGFUL and not name.startswith("aria-")
    if attribute and after in ("'", '"') and is_opaque:
        return Shape(attribute=attribute[1])
    # What both words begin with belongs to the name of the token: `sess_` of `sess_1a2b3c4d`.
    alike = _common(one, other)
    cut = max(one.rfind("_", 0, alike), one.rfind("-", 0, alike)) + 1
    label, tokens = before + one[:cut], (one[cut:], other[cut:])
    named = _LABEL.search(label)
    if not named or not all(map(_TOKEN.fullmatch, tokens)) or _says_something(named[0], tokens):
        return None
    letters = "0-9" if all(map(str.isdecimal, tokens)) else "A-Za-z0-9"
    if all(re.fullmatch("[0-9a-f]+", token) for token in tokens) and letters != "0-9":
        letters = "0-9a-f"
    lengths = sorted(map(len, tokens))
    count = f"{lengths[0]}" if lengths[0] == lengths[1] else f"{lengths[0]},{lengths[1]}"
    pattern = f"{re.escape(named[0])}([{letters}]{{{count}}})"
    return None if check(pattern) else Shape(pattern=pattern)
