"""Addresses in style sheets and style attributes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from publisher.rewrite.linker import NOWHERE, Linker, Withheld, is_relative

# CSS Syntax Level 3: comments and strings hide what looks like a URL; a string without its end
# ends with its line. The alternatives of each part begin with different characters, so no text
# is read twice.
_STRING = r"\"(?:[^\"\\\n]|\\[\s\S])*\"|'(?:[^'\\\n]|\\[\s\S])*'"
_WORD = r"(?:[^\"'()\\\s]|\\[^\n])+"
_TOKEN = re.compile(
    r"/\*(?:[^*]|\*(?!/))*(?:\*/)?"
    rf"|(?P<open>[uU][rR][lL]\([ \t\n\r\f]*)(?:(?P<quoted>{_STRING})"
    rf"|(?P<bare>{_WORD}(?:[ \t]+{_WORD})*))(?=[ \t\n\r\f]*\))"
    rf"|@[iI][mM][pP][oO][rR][tT](?:\s|/\*(?:[^*]|\*(?!/))*\*/)*(?P<sheet>{_STRING})"
    r"|(?P<set>[iI][mM][aA][gG][eE]-[sS][eE][tT]\()"
    r"|(?P<string>\"(?:[^\"\\\n]|\\[\s\S])*\"?|'(?:[^'\\\n]|\\[\s\S])*'?)"
    r"|(?P<bracket>[()])"
    r"|\\[\s\S]"
)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\n\r\f]?|(\n)|([\s\S]))")
_HOLDS = re.compile(r"[uU][rR][lL]\(|@[iI][mM][pP]|[iI][mM][aA][gG][eE]-[sS][eE][tT]\(")
# What is encoded in a URL so that it can't end the token that it stands in.
_AS_IT_IS = "/-._~!$&*+,;=:@%?[]#"


def rewrite_css(text: str, linker: Linker, *, moves: bool) -> str:
    """The text with public addresses; an address the public may not have becomes `about:blank`.

    `moves`: the text is part of a page, whose path may differ from the one at the CMS, so
    relative addresses are made absolute. A style sheet keeps its place, and they stay.
    """
    pieces: list[str] = []
    position = 0
    for start, written in _written(text):
        new = _rewritten(written, linker, moves=moves)
        if new != written:
            pieces += (text[position:start], new)
            position = start + len(written)
    return "".join((*pieces, text[position:])) if pieces else text


def addresses_in(text: str) -> Iterator[tuple[int, str]]:
    """The addresses in a style sheet: where each is written, and what it says."""
    for start, written in _written(text):
        inner = written[1:-1] if written[0] in "\"'" else written
        yield start, _ESCAPE.sub(_unescaped, inner) if "\\" in inner else inner


def _written(text: str) -> Iterator[tuple[int, str]]:
    """Where addresses begin, and each as it is written, with its quotes."""
    if not holds_addresses(text):
        return
    depth = set_depth = 0  # of parentheses, and of the `image-set()` that is open
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "set":
            depth += 1
            set_depth = set_depth or depth
        elif kind == "bracket":
            if match[0] == ")" and set_depth == depth:
                set_depth = 0
            depth = max(0, depth + (1 if match[0] == "(" else -1))
        written = match["quoted"] or match["bare"] or match["sheet"]
        if kind == "string" and set_depth and set_depth == depth and match[0][-1] == match[0][0]:
            written = match[0] if len(match[0]) > 2 else None
        if match["open"]:
            depth += 1  # its closing parenthesis comes as a token of its own
        if written:
            yield match.end() - len(written), written


def holds_addresses(text: str) -> bool:
    """Whether anything in the text can be an address."""
    return bool(_HOLDS.search(text))


def _rewritten(written: str, linker: Linker, *, moves: bool) -> str:
    mark = written[0] if written[0] in "\"'" else ""
    inner = written[1:-1] if mark else written
    url = _ESCAPE.sub(_unescaped, inner) if "\\" in inner else inner
    if url[:5].lower() == "data:":
        return written
    try:
        public = linker.link(url)
    except Withheld:
        return f"{mark}{NOWHERE}{mark}"
    if public == url or (is_relative(url) and not moves):
        return written
    if url != inner and public == quote(url, safe=_AS_IT_IS + "'()", errors="surrogateescape"):
        return written  # the same address, written with escapes
    if mark != '"':
        public = quote(public, _AS_IT_IS + ("()" if mark else ""), errors="surrogateescape")
    return f"{mark}{public.replace(mark, '%22')}{mark}" if mark == '"' else f"{mark}{public}{mark}"


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        number = int(match[1], 16)
        is_none = number == 0 or number > 0x10FFFF or 0xD800 <= number < 0xE000
        return "\ufffd" if is_none else chr(number)
    return "" if match[2] else str(match[3])
