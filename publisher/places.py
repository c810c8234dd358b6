"""Where in a text something stands: line, surroundings, and whether it is markup, script or
prose. Pure.

No parser: a place is asked for only where something suspicious was found, and must cost little
even in a hostile text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import Literal

from publisher.content_types import bare

# `tag`: in a tag or an attribute's value; `data`: JSON, also in a page's script; `code`: a sample
# (`<pre>`, `<code>`); `text`: prose.
Place = Literal["tag", "script", "style", "data", "code", "text"]

HTML = frozenset(("text/html", "application/xhtml+xml"))

# An attribute's value that is longer than this is taken for text.
_TAG_MAX = 20_000
# What an excerpt shows on each side, in characters.
_AROUND = 40
_EXCERPT_MAX = 160

# One of the letters is looked for first: to compare names in any case takes five times as long.
_EDGE = re.compile(r"<(/?)(?=[sScCpPtT])(script|style|pre|code|textarea)(?=[\s>/])", re.IGNORECASE)
_SCRIPTS = frozenset(("text/javascript", "application/javascript", "application/x-javascript"))


def printable(text: str) -> str:
    """One line without control characters, surrogates and marks that turn the direction."""
    joined = " ".join(text.split())
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in joined)


class Page:
    """A text of a release: `path` is where it will be, `text` what is there."""

    def __init__(self, text: str, content_type: str, path: str) -> None:
        self.text = text
        self.path = path
        kind = bare(content_type)
        self.is_html = kind in HTML
        self.is_script = kind in _SCRIPTS
        self.is_style = kind == "text/css"
        self.is_json = kind.endswith("json")
        self.is_xml = kind.endswith("xml") and not self.is_html

    def place(self, position: int) -> Place:
        """What stands at a position."""
        if self.is_script:
            return "script"
        if self.is_style:
            return "style"
        if self.is_json:
            return "data"
        if not (self.is_html or self.is_xml):
            return "text"
        index = bisect_right(self._starts, position) - 1
        region = self._regions[index][1] if index >= 0 else None
        if region in ("script", "style", "data"):
            return region
        least = max(0, position - _TAG_MAX)
        if self.text.rfind("<", least, position) > self.text.rfind(">", least, position):
            return "tag"
        return "code" if region == "code" else "text"

    def line_and_column(self, position: int) -> tuple[int, int]:
        """Both from 1, in characters."""
        line = self.text.count("\n", 0, position) + 1
        return line, position - self.text.rfind("\n", 0, position)

    def excerpt(self, start: int, end: int) -> str:
        """What stands there with its surroundings, on one line and safe to print."""
        end = min(end, start + _EXCERPT_MAX)
        return printable(self.text[max(0, start - _AROUND) : end + _AROUND])

    @cached_property
    def _regions(self) -> list[tuple[int, Place]]:
        """Where something else begins, in order."""
        regions: list[tuple[int, Place]] = []
        inside = ""
        depth = 0
        for edge in _EDGE.finditer(self.text):
            closes, name = bool(edge[1]), edge[2].lower()
            if inside in ("script", "style"):  # only their own end counts in there
                if closes and name == inside:
                    regions.append((edge.start(), "code" if depth else "text"))
                    inside = ""
            elif name in ("script", "style") and not closes:
                inside = name
                regions.append((self._end_of_tag(edge.end()), self._raw(name, edge.end())))
            elif name in ("pre", "code", "textarea"):
                depth = max(0, depth + (-1 if closes else 1))
                regions.append((edge.start(), "code" if depth else "text"))
        return regions

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _ in self._regions]

    def _end_of_tag(self, position: int) -> int:
        end = self.text.find(">", position, position + _TAG_MAX)
        return end + 1 if end >= 0 else position

    def _raw(self, name: str, position: int) -> Place:
        if name == "style":
            return "style"
        attributes = self.text[position : self._end_of_tag(position)]
        return "data" if "json" in attributes or "speculationrules" in attributes else "script"
