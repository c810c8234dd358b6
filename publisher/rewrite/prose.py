"""Where an address ends that stands in prose, Japanese prose above all. Pure."""

from __future__ import annotations

import re

from publisher.content_types import by_name

# Punctuation of Japanese text, and typographic quotes, end a URL that stands in prose.
PUNCTUATION = (
    r"\u3000-\u3003\u3008-\u3011\u3014-\u301f\uff01\uff08\uff09\uff0c\uff0e\uff1a\uff1b\uff1f"
    r"\u2018-\u201f"
)
# The same punctuation, escaped.
PUNCTUATION_ESCAPED = r"300[0-389a-f]|301[014-9a-f]|201[89a-f]|ff0[189ce]|ff1[abf]"
# And percent-encoded, as in the text of a message.
PUNCTUATION_IN_PERCENT = (
    r"E3%80%(?:8[0-389A-F]|9[014-9A-F])|E2%80%9[89A-F]|EF%BC%(?:8[189CE]|9[ABF])"
)
# Full-width brackets before an ending are part of a file's name: `見積書（最終）.pdf`.
BRACKETS_IN_NAME = r"\uff08[^\s\"'<>\uff08\uff09]{1,60}\uff09(?=\.[a-zA-Z][a-zA-Z0-9]{1,4}(?!\w))"
_TRAILING = ".,;:!?"
# Japanese goes on behind an address without a space: `http://a/?p=12を参照`, `http://a/b.htmlへ`.
_GLUED = re.compile(
    r"(?:\.[a-zA-Z][a-zA-Z0-9]{1,4}|=[0-9]{1,10}|/(?=を|\\+u3092))"
    r"(?=[^\x00-\x7f]|\\{1,8}u[3-9a-fA-F][0-9a-fA-F]{3})"
)


def prose_end(text: str, start: int, least: int, end: int) -> int:
    """The end of an address that may end here, without what belongs to the text around it:
    `(see http://a/b).`, `url(http://a/b)`, `**http://a/b**`. `start`: where it begins; `least`:
    where its host ends."""
    if text[max(0, start - 1) : start] == "*":
        emphasis = text.find("*", least, end)
        end = emphasis if emphasis >= 0 else end
    glued = _GLUED.search(text, least, end)
    if glued and (by_name(text[least : glued.end()]) or not by_name(text[least:end])):
        end = glued.end()  # but `資料.ver2最終.pdf` is one name
    depth = 0
    for position in range(least, end):
        depth += (text[position] == "(") - (text[position] == ")")
        if depth < 0:
            return position
    while end > least and text[end - 1] in _TRAILING:
        end -= 1
    return end
