"""Tokens that differ each time the CMS makes a page, given a value that does not. Pure.

Without this no two exports of an unchanged CMS are alike, and each makes a release. Only
declared shapes are touched, never whatever happens to differ.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from functools import lru_cache

# A token longer than this is none: it bounds what a declared attribute can match.
TOKEN_MAX = 512

# What a page must hold for a shape to be looked for, and the shape: its one group is the token.
_SHIPPED = (
    # A card of another post and its frame know each other by ten random characters
    # (`get_post_embed_html`, `wp_filter_oembed_result`); shown as markup, they are escaped.
    ("secret=",
     r"secret=(?:(?<=data-secret=)(?:[\"']|&quot;)|(?<=#\?secret=))([A-Za-z0-9]{10})(?![A-Za-z0-9])"),
    # The ids of an embedded post's sharing dialog end in a random number
    # (`print_embed_sharing_dialog`).
    ("wp-embed-share-",
     r"wp-embed-share-(?:tab|description)-(?:wordpress|html)-\d{1,20}-(\d{1,20})"),
    # WPForms puts a token and its time into each form.
    ("data-token-time=",
     r"data-token=[\"']([0-9a-f]{32})(?=[\"'] data-token-time=)"),
    ("data-token-time=",
     r"data-token-time=[\"'](\d{9,12})(?=[\"'])"),
    # Akismet marks each form by a random number below 251.
    ("ak_js",
     r"name=[\"']ak_js[\"'] value=[\"'](\d{1,3})(?=[\"'])"),
    # Themes tell their search forms apart by the time: `uniqid( 'search-form-' )`.
    ("search-form-",
     r"search-form-([0-9a-f]{13})(?![0-9a-f])"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """A place where a token stands: the value of an attribute of this name, or a pattern of
    which one group is the token."""

    attribute: str = ""
    pattern: str = ""

    def regex(self) -> str:
        """The shape as a pattern with one group."""
        if not self.attribute:
            return self.pattern
        return rf"\s{re.escape(self.attribute)}=[\"']([^\"'<>]{{1,{TOKEN_MAX}}})(?=[\"'])"


_PATTERN_MAX = 200
# So many ways to read one place, at the most: `[a-z]{1,40}-[0-9]{1,20}` has 800.
_WAYS_MAX = 4096
# Declared shapes are not looked for in longer texts, in characters.
TEXT_MAX = 4_000_000
# What stands for itself in a pattern, whatever it holds: an escape, a set of characters.
_LITERAL = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_REPETITION = re.compile(r"\{(\d+)(?:,(\d+))?\}")


def check(pattern: str) -> str:
    """Why a pattern can't be used; '' if it can. It must have one group, never match nothing,
    and repeat single characters only, with a bound: no pattern of that kind takes forever."""
    if len(pattern) > _PATTERN_MAX:
        return f"must have {_PATTERN_MAX} characters at most"
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError) as error:
        return f"is no pattern: {error}"
    if compiled.groups != 1 or re.search(r"\(\?P|\\[1-9]", pattern):
        return "needs exactly one group, the token; other brackets are (?:...)"
    if compiled.match(""):
        return "must not match nothing"
    bare = _LITERAL.sub("x", pattern)
    ways = 1
    for least, most in _REPETITION.findall(bare):
        ways *= int(most or least) or 1
    rest = _REPETITION.sub("{}", bare)
    if re.search(r"[*+]|\{\d*,|\)\{\}", rest) or ways > _WAYS_MAX:
        return (
            "must repeat single characters, each with a bound such as {1,40}, "
            f"in {_WAYS_MAX} ways together"
        )
    return ""


def may_settle(text: bytes, shapes: tuple[Shape, ...] = ()) -> bool:
    """Whether it is worth looking for tokens in a text."""
    return bool(shapes) or any(sign in text for sign in SIGNS)


def settle(text: str, shapes: tuple[Shape, ...] = ()) -> tuple[str, int]:
    """The text with each token replaced by its number in the page, and how many there were.
    Equal tokens stay equal: what belongs together is told by them. `shapes`: the declared
    ones, besides those of WordPress and well-known plugins."""
    tokens: dict[str, str] = {}

    def numbered(match: re.Match[str]) -> str:
        token = match[1]
        if not token:  # an optional group
            return match[0]
        start, end = match.start(1) - match.start(), match.end(1) - match.start()
        number = tokens.setdefault(token, f"embed{len(tokens):05d}")
        return match[0][:start] + number + match[0][end:]

    for sign, pattern in _SHIPPED_PATTERNS:
        if sign in text:
            text = pattern.sub(numbered, text)
    if len(text) <= TEXT_MAX:
        for pattern in _patterns(shapes):
            text = pattern.sub(numbered, text)
    if _AT in text:
        text = _MAIL.sub(_plain_mail, text)
    return text, len(tokens)


_AT = "&#64;"
# Of these one is in every text that has a token of a shipped shape.
SIGNS = tuple(sign.encode() for sign in (*dict.fromkeys(sign for sign, _ in _SHIPPED), _AT))
_SHIPPED_PATTERNS = tuple((sign, re.compile(pattern)) for sign, pattern in _SHIPPED)


@lru_cache(maxsize=32)
def _patterns(shapes: tuple[Shape, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(shape.regex()) for shape in shapes)


# `antispambot` spells each character of a mail address as it is or by its number, at random,
# and the at sign always by its number: of `a@b.jp` one in 32 has no other number.
_MAIL = re.compile(
    r"(?<![\w.+&#;-])(?:[\w.+-]|&#\d{2,3};){1,80}&#64;(?:[\w.-]|&#\d{2,3};){3,200}", re.ASCII
)


def _plain_mail(match: re.Match[str]) -> str:
    return "".join(f"&#{ord(char)};" for char in html.unescape(match[0]))
