"""The text in an uploaded file, as UTF-8. Pure.

What says nothing of its charset, and is no UTF-8, is Shift_JIS or EUC-JP if it can only be one of
them: style sheets and scripts seldom say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from publisher.content_types import bare, is_text
from publisher.rewrite.charset import declare_utf8, decode

# What is downloaded and opened elsewhere stays as it is: Excel takes a CSV for Shift_JIS.
_FOR_OTHERS = frozenset(("text/csv", "text/tab-separated-values", "text/plain"))
_CANDIDATES = ("cp932", "euc_jp")
_ISO_2022 = b"\x1b$"
_HALF_WIDTH = re.compile("[\uff61-\uff9f]")
_FOREIGN = re.compile(r"[^\x00-\x7f]")
# EUC-JP read as Shift_JIS is half-width katakana for the most part.
_HALF_WIDTH_SHARE = 0.2
_CP932 = "Shift_JIS"
_NAMES = {"cp932": _CP932, "euc_jp": "EUC-JP", "iso2022_jp": "ISO-2022-JP"}


@dataclass(frozen=True, slots=True)
class Read:
    """A text file: its bytes as they are served and the type to serve them with. `converted`: from
    which charset, '' if it was UTF-8; `is_unreadable`: nothing tells which charset it is in."""

    body: bytes
    content_type: str
    text: str
    converted: str = ""
    is_unreadable: bool = False


def read(body: bytes, content_type: str) -> Read:
    """A text file of this type. One in UTF-8 keeps its bytes, byte order mark and all."""
    if not is_text(content_type):
        raise ValueError(f"{content_type} is no text")
    is_escaped = _ISO_2022 in body  # it is ASCII with escapes, and passes for UTF-8
    if not is_escaped:
        try:
            return Read(body, content_type, body.decode("utf-8-sig"))
        except UnicodeDecodeError:
            pass
    decoded = decode(body, "")
    text, name = decoded.text, "" if decoded.was_utf8 else "?"
    if decoded.was_utf8 or "\ufffd" in text:
        text, name = _guessed(body)
    if bare(content_type) in _FOR_OTHERS:
        # Without a charset: who opens it knows.
        return Read(body, bare(content_type), text)
    if not name:
        return Read(body, content_type, decoded.text, is_unreadable=True)
    said = _named(body) if name == "?" else name
    return Read(declare_utf8(text).encode(), content_type, text, converted=said)


def _guessed(body: bytes) -> tuple[str, str]:
    """The text, and the charset that alone it can be in; '' if there is none."""
    for codec in ("iso2022_jp",) if _ISO_2022 in body else _CANDIDATES:
        try:
            text = body.decode(codec)
        except UnicodeError:
            continue
        foreign = len(_FOREIGN.findall(text))
        if foreign and len(_HALF_WIDTH.findall(text)) <= foreign * _HALF_WIDTH_SHARE:
            return text, _NAMES[codec]
    return body.decode("utf-8", "replace"), ""


def _named(body: bytes) -> str:
    found = re.search(rb"(?:charset|encoding)\s*=?\s*[\"']?([\w-]{1,30})", body[:1024])
    name = found[1].decode("ascii", "replace") if found else "UTF-16"
    return _CP932 if name.lower().replace("-", "_") in ("shift_jis", "x_sjis", "sjis") else name
