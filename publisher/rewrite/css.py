"""Addresses in style sheets and style attributes. Pure."""

from __future__ import annotations

import re

from publisher.rewrite.linker import Linker, Withheld

_URL = re.compile(
    r"(?P<open>url\(\s*)(?P<quote>[\"']?)(?P<url>(?!data:)[^\"'()\\\s][^\"'()\n]*?)(?P=quote)(?=\s*\))"
    r"|(?P<import>@import\s+)(?P<iquote>[\"'])(?P<iurl>[^\"'\n]+)(?P=iquote)",
    re.IGNORECASE,
)
# Parentheses in a quoted URL, as in Japanese file names (`写真 (1).jpg`).
_QUOTED = re.compile(
    r"(?P<open>url\(\s*)(?P<quote>[\"'])(?P<url>(?!data:)[^\"'\n]*[()][^\"'\n]*)(?P=quote)(?=\s*\))",
    re.IGNORECASE,
)


def rewrite_css(text: str, linker: Linker, *, moves: bool) -> str:
    """The text with public addresses; an address the public may not have becomes `about:blank`.

    `moves`: the text is part of a page, whose path may differ from the one at the CMS, so
    relative addresses are made absolute. A style sheet keeps its place, and they stay.
    """

    def replaced(match: re.Match[str]) -> str:
        groups = match.groupdict()
        opening = groups["open"] or groups.get("import") or ""
        quote = groups["quote"] if groups["open"] else groups["iquote"]
        url = groups["url"] if groups["open"] else groups["iurl"]
        if "\\" in url:  # CSS escapes: what is hidden behind them is left to `Hosts`
            return match[0]
        public = _public(url, linker, moves=moves)
        return match[0] if public == url else f"{opening}{quote}{public}{quote}"

    if "url(" not in text.lower() and "@import" not in text.lower():
        return text
    return _URL.sub(replaced, _QUOTED.sub(replaced, text))


def _public(url: str, linker: Linker, *, moves: bool) -> str:
    try:
        public = linker.link(url)
    except Withheld:
        return "about:blank"
    is_relative = ":" not in url.partition("/")[0] and not url.startswith("/")
    return url if is_relative and not moves else public
