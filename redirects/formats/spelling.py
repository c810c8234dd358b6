"""Regular expressions (PCRE, over bytes) for the ways in which clients spell one and the same text.

A server that can't decode a query compares what was sent. Each character may come as it is or
percent-encoded, in upper or lower case.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from redirects.query import GLUED

_HEX = "[0-9A-Fa-f]"
_TAIL = f"(?:[\\x80-\\xBF]|%[89ABab]{_HEX})"
# UTF-8 as RFC 3629 has it, each byte raw or encoded.
_CHARACTER = "|".join(
    (
        f"%[0-7]{_HEX}",
        f"(?:[\\xC2-\\xDF]|%(?:[Cc][2-9A-Fa-f]|[Dd]{_HEX})){_TAIL}",
        f"(?:\\xE0|%[Ee]0)(?:[\\xA0-\\xBF]|%[ABab]{_HEX}){_TAIL}",
        f"(?:\\xED|%[Ee][Dd])(?:[\\x80-\\x9F]|%[89]{_HEX}){_TAIL}",
        f"(?:[\\xE1-\\xEF]|%[Ee][1-9A-Fa-f]){_TAIL}{_TAIL}",
        f"(?:\\xF0|%[Ff]0)(?:[\\x90-\\xBF]|%[9ABab]{_HEX}){_TAIL}{_TAIL}",
        f"(?:[\\xF1-\\xF3]|%[Ff][1-3]){_TAIL}{_TAIL}{_TAIL}",
        f"(?:\\xF4|%[Ff]4)(?:[\\x80-\\x8F]|%8{_HEX}){_TAIL}{_TAIL}",
    )
).replace("(?:[\\xE1-\\xEF]|%[Ee][1-9A-Fa-f])", "(?:[\\xE1-\\xEC\\xEE\\xEF]|%[Ee][1-9A-CEFa-cef])")

VALUE = f"(?:[^%&\\x80-\\xFF]|{_CHARACTER})"
"""A character of a parameter's value that can be decoded."""

BRACKET = "(?:\\[|%5[Bb])"

PATH_UTF8 = (
    "(?:[\\x00-\\x7F]|[\\xC2-\\xDF]T|\\xE0[\\xA0-\\xBF]T|[\\xE1-\\xEC\\xEE\\xEF]TT|\\xED[\\x80-\\x9F]T"
    "|\\xF0[\\x90-\\xBF]TT|[\\xF1-\\xF3]TTT|\\xF4[\\x80-\\x8F]TT)"
).replace("T", "[\\x80-\\xBF]")
"""One character of well-formed UTF-8, not encoded."""

WHITE = "(?:[+ ]|%20|%0[9A-Da-d])"
"""The white space that PHP skips before a number, in a query."""


_Tree = dict[int, "_Tree"]
_END = -1


def spelled(text: str, *, plus: bool = False) -> str:
    """An expression for all spellings of a text. `plus`: in a query, a space may be a plus."""
    return "".join(_byte(byte, plus=plus) for byte in text.encode())


def one_of(texts: Iterable[str], *, plus: bool = False) -> str:
    """An expression for all spellings of any of these texts; the longest is tried first."""
    tree: _Tree = {}
    for text in texts:
        node = tree
        for byte in text.encode():
            node = node.setdefault(byte, {})
        node[_END] = {}
    return _of_tree(tree, plus=plus)


def _of_tree(tree: _Tree, *, plus: bool) -> str:
    # What texts begin with is written once: nginx reads no more than 4,096 bytes.
    branches = [
        _byte(byte, plus=plus) + _of_tree(node, plus=plus)
        for byte, node in sorted(tree.items())
        if byte != _END
    ]
    if not branches:
        return ""
    if len(branches) == 1 and _END not in tree:
        return branches[0]
    return f"(?:{'|'.join(branches)}){'?' if _END in tree else ''}"


def _byte(byte: int, *, plus: bool) -> str:
    digits = "".join(
        f"[{digit}{digit.lower()}]" if digit.isalpha() else digit for digit in f"{byte:02X}"
    )
    raw = chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else f"\\x{byte:02X}"
    if plus and byte == 0x20:
        raw += "|\\+"
    return f"(?:{raw}|%{digits})"


GLUE = one_of(GLUED, plus=True)
"""One character that gets glued to the end of a shared link."""

AMP = f"(?:{spelled('amp;')})?"
"""What is left of an `&amp;` before a name."""


def parameter(names: Iterable[str], value: str = VALUE) -> str:
    """An expression for one part of a query that has one of these names, or for an empty part;
    also for `name[]`, as PHP reads it. `value`: what a character that can be decoded is."""
    rest = f"(?:(?!=){value})*+"
    name = f"{AMP}{one_of(names, plus=True)}"
    return f"(?:{name}(?:{BRACKET}{rest})?(?:=[^&]*+)?)?(?=&)"


# What stays as it is in the address bar of one browser or another, and in encodeURIComponent.
_SAFE = ("", "!~*'()", "!$'()*,/:;=?@~", "!\"$'()*,/:;<=>?@[]^`{|}~")
_PLAIN = re.compile("[A-Za-z0-9._~-]*")
_ESCAPE = re.compile("%[0-9A-F]{2}")


def forms(pairs: Iterable[tuple[str, str]], *, kana: bool) -> Iterator[str]:
    """The spellings of a canonical query that clients send, `&name=value` for each decoded pair.

    Percent-encoded as browsers and `encodeURIComponent` do it, in upper and in lower case (which
    WordPress writes), with `%20` or `+` for a space, and not encoded at all. `kana`: also with
    sound marks as a Mac writes them.
    """
    known = list(pairs)
    if all(_PLAIN.fullmatch(value) for _, value in known):
        yield "".join(f"&{name}={value}" for name, value in known)
        return
    apart = [(name, decomposed(value)) for name, value in known] if kana else known
    yield from dict.fromkeys((*_forms(known), *_forms(apart)))


def decomposed(text: str) -> str:
    """Each kana and its sound mark as two characters, as a Mac writes them (`kana.composed`)."""
    return "".join(
        unicodedata.normalize("NFD", one) if "\u3040" < one < "\u30ff" else one for one in text
    )


def _forms(pairs: list[tuple[str, str]]) -> Iterator[str]:
    for safe in _SAFE:
        upper = "".join(f"&{name}={quote(value, safe=safe)}" for name, value in pairs)
        lower = _ESCAPE.sub(lambda found: found[0].lower(), upper)
        for text in (upper, lower):
            yield text
            yield text.replace("%20", "+")
    yield "".join(f"&{name}={_raw(value)}" for name, value in pairs)


def _raw(value: str) -> str:
    return "".join(one if not one.isascii() else quote(one, safe=_SAFE[-1]) for one in value)


def pairs_of(key: str) -> list[tuple[str, str]]:
    """The decoded names and values of a canonical key (`query.canonical_query`)."""
    found = (part.partition("=") for part in key.split("&"))
    return [(name, value.replace("%26", "&").replace("%25", "%")) for name, _, value in found]
