"""How hostile texts and exact figures are shown: what can't be seen is made visible. Pure.

`page/page.js` does the same with addresses: the tests compare the two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

NOTHING = "∅"
"""Stands for an address of no characters."""

_ENCODED = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+")
# They are letters or signs by their category, and show nothing.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# In a title they are a part of Japanese, and of an emoji that is made of several.
_USUAL_IN_TITLES = frozenset("\u3000\u200d")


def decoded(url: str) -> str:
    """An address as people read it: what is not ASCII is decoded where it is UTF-8. `%2F` and the
    like stay, since without the percent sign they would mean something else."""
    return _ENCODED.sub(_decoded, url)


def _decoded(found: re.Match[str]) -> str:
    try:
        return unquote_to_bytes(found[0]).decode("utf-8")
    except UnicodeDecodeError:
        return found[0]


def pieces(text: str, *, is_title: bool = False) -> Iterator[tuple[str, bool]]:
    """A text in pieces: what can be shown as it is, and the names of characters that can't be
    seen, such as `U+202E` (True)."""
    if _is_seen(text):
        yield text, False
        return
    seen: list[str] = []
    for character in text:
        if _is_seen(character) or (is_title and character in _USUAL_IN_TITLES):
            seen.append(character)
            continue
        yield "".join(seen), False
        seen.clear()
        yield f"U+{ord(character):04X}", True
    yield "".join(seen), False


def _is_seen(text: str) -> bool:
    """Whether all of it shows: no controls, formats (directions, zero width), halves of
    characters, private ones, or spaces but the usual one (which is what `isprintable` says)."""
    return text.isprintable() and not _BLANK.search(text)


def visible(text: str, *, is_title: bool = False) -> str:
    """The same as plain text: `[U+202E]` stands for what can't be seen."""
    found = pieces(text, is_title=is_title)
    return "".join(f"[{piece}]" if is_name else piece for piece, is_name in found)


def clipped(text: str, width: int) -> str:
    """A text cut to a width in letters, of which a Japanese one takes two."""
    used = 0
    for place, character in enumerate(text):
        used += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used > width:
            return f"{text[:place]}…"
    return text


def encodable(text: str) -> str:
    """Without halves of characters, which no encoding can write."""
    return _SURROGATES.sub("\ufffd", text)


def xml_text(text: str) -> str:
    """Without what XML 1.0 can't hold, not even escaped (section 2.2)."""
    return _NOT_XML.sub("\ufffd", text)


def tenths(value: float) -> str:
    """A score or a share of a hundred with one decimal, rounded down: 100.0 is all of it."""
    whole = int(value * 10 + 1e-6)
    # What adding up weights loses is not a loss; one visit of ten million is.
    if value < 100 - 1e-9:
        whole = min(whole, 999)
    return f"{whole // 10}.{whole % 10}"


def number(value: float) -> str:
    """A count with commas; a part of one keeps a decimal."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
