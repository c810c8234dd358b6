"""The form in which paths are looked up: Japanese sound marks as a part of their character.

A Mac writes `が` as `か` and a mark (NFD), also into links; a site's paths have it as one
character (NFC). The edge's engine can't normalise, so `edge.js` holds the same rule for kana, and
only for them.
"""

import re
import unicodedata

_KANA_AND_MARK = re.compile("[\u3046-\u30fd][\u3099\u309a]")


def composed(text: str) -> str:
    """The text with each kana and the sound mark behind it as one character, if there is one."""
    if text.isascii() or not ("\u3099" in text or "\u309a" in text):  # nearly always
        return text
    return _KANA_AND_MARK.sub(lambda pair: unicodedata.normalize("NFC", pair[0]), text)
