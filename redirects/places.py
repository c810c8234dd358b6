"""Where the rule for a request is looked for: an order in which rules that are alike lie together.

All rules of a set lie in one order, by place. A place is made of what a request asks for, its
text: `/path`, or a path, a line break and a query's key. If there is a number in it, the number
is a part of the place, so that `/?p=1632` lies beside `/?p=1633`, and one value of the edge's
store can say of thousands of posts where they are. `edge.js` makes the same places.
"""

from __future__ import annotations

import base64
import hashlib
import re

from redirects.rule import Rule

DIGEST_CHARACTERS = 10
"""So much of a digest stands for a text: 60 bits."""

PREFIX_CHARACTERS = 3
"""So much of a digest stands for what is before or behind a number, or for a part of a page."""

_FIRST = re.compile(r"([^0-9]*)([0-9]+)(.*)", re.DOTALL)
_LAST = re.compile(r"(.*[^0-9])([0-9]+)([^0-9]*)", re.DOTALL)
_NUMBER_DIGITS_MAX = 9
# A part of a page: where it is not there, the page answers (`query.CanonicalQuery.base_key`).
_PARTS = ("paged=", "page=", "cpage=", "embed=")
_DIGITS_36 = "0123456789abcdefghijklmnopqrstuvwxyz"


def text_of(rule: Rule) -> str:
    """What the requests for a rule ask for."""
    if rule.source.startswith("?"):
        return f"/\n{rule.source[1:]}"
    return f"{rule.source}\n{rule.query}" if rule.query else rule.source


def base_of(rule: Rule) -> str:
    """The text of what answers where a page of something is not there: its own, if it is no page
    of anything."""
    text = text_of(rule)
    if not rule.source.startswith("?"):
        return text
    parts = text.removeprefix("/\n").split("&")
    left = [part for part in parts if not part.startswith(_PARTS)]
    if parts[0].startswith("sitemap=") or any(part.startswith("sitemap=") for part in parts):
        left = [part for part in parts if not part.startswith(_PARTS[1:])]
    return "/\n" + "&".join(left or parts)


def digest(text: str) -> str:
    """SHA-256 in base64url."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()


def key(text: str) -> str:
    """What stands for a text in a leaf."""
    return digest(text)[:DIGEST_CHARACTERS]


def shapes(text: str) -> list[tuple[str, int]]:
    """A text without its first and without its last number, and these numbers."""
    found = []
    for form in (_FIRST, _LAST):
        match = form.fullmatch(text)
        if match and match[2][0] != "0" and len(match[2]) <= _NUMBER_DIGITS_MAX:
            # No text has this character.
            one = f"{match[1]}\0{match[3]}", int(match[2])
            if one not in found:
                found.append(one)
    return found


def place(base: str, text: str) -> str:
    """Where the rule for a text is, or the one for its base."""
    match = _FIRST.fullmatch(base)
    if match and match[2][0] != "0" and len(match[2]) <= _NUMBER_DIGITS_MAX:
        number = base36(int(match[2]))
        found = f"{digest(match[1])[:PREFIX_CHARACTERS]}{len(number)}{number}"
        found += digest(match[3])[:PREFIX_CHARACTERS] if match[3] else ""
    else:
        found = key(base)
    return found if text == base else found + digest(text)[:PREFIX_CHARACTERS]


def base36(number: int) -> str:
    """As JavaScript's `toString(36)`."""
    digits = ""
    while True:
        number, rest = divmod(number, 36)
        digits = _DIGITS_36[rest] + digits
        if not number:
            return digits
