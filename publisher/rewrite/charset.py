"""The text in the bytes that the CMS sent. Pure.

Who is believed, in the order of browsers (WHATWG, "determining the character encoding"): a
byte order mark, the header, the document itself. They are believed only as far as the bytes
bear them out: what is UTF-8 is UTF-8, whatever it is labelled, since text in another charset
hardly ever looks like it; and a header in whose charset the bytes make no sense is wrong if
the document's own makes sense of them. Where nobody says anything, as of scripts that are in the
charset of their page, Japanese is recognised by its bytes, as browsers do.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text, without byte order mark, and whether it was UTF-8 already. Bytes of such a
    text that are no UTF-8 are in it as surrogates (`surrogateescape`)."""

    text: str
    was_utf8: bool


_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
# In the document itself: HTML, CSS, XML.
_INSIDE = re.compile(
    rb"(?:<meta[^>]{1,500}charset\s*=\s*[\"']?|^@charset\s+[\"']"
    rb"|<\?xml[^>]{1,200}encoding\s*=\s*[\"'])([\w-]+)",
    re.IGNORECASE,
)
# As far as browsers look for it.
_INSIDE_MAX = 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Browsers read these names as their supersets (WHATWG Encoding Standard, "Names and labels").
_AS_BROWSERS_DO = {
    "shift_jis": "cp932", "iso8859-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030",
    "euc_kr": "cp949", "euc_jp": "euc_jis_2004", "iso2022_jp": "iso2022_jp_ext",
}  # fmt: skip
# Names that browsers know and Python does not; and a declaration that can be read as ASCII is
# not written in UTF-16 (WHATWG).
_LABELS = {
    "x-sjis": "cp932", "windows-31j": "cp932", "x-euc-jp": "euc_jp", "x-gbk": "gbk",
    "utf-16": "utf-8", "utf-16le": "utf-8", "utf-16be": "utf-8",
}  # fmt: skip
_UTF8 = ("utf-8", "ascii")
# Two characters of usual Japanese one after the other (JIS X 0208, rows 1 to 47). Texts of Europe
# have no such bytes. EUC-JP comes first: hardly any text has bytes that mean nothing in Shift_JIS.
# In Shift_JIS the first byte of some kanji is a quotation mark of Windows-1252, and the second may
# be a letter behind it: of two characters one has to be clear of that.
_KANJI = rb"[\x81-\x97][\x40-\x7e\x80-\xfc]"
_CLEAR = rb"(?:[\x81-\x90][\x40-\x7e\x80-\xfc]|[\x91-\x97][\x80-\xfc])"
_JAPANESE = (
    ("iso2022_jp_ext", re.compile(rb"\x1b\$[@B]")),
    ("euc_jis_2004", re.compile(rb"(?:[\xa1-\xcf][\xa1-\xfe]){2}")),
    ("cp932", re.compile(_KANJI + _CLEAR + rb"|" + _CLEAR + _KANJI)),
)
# What most of such a text is; and what nobody writes: Python's decoder knows it all the same.
_USUAL = re.compile(r"[\u3000-\u30ff\u4e00-\u9fff\uff01-\uff5e]")
_PRIVATE = re.compile(r"[\ue000-\uf8ff]")
# Chinese and Korean in GB2312 and EUC-KR have the bytes of kanji in EUC-JP, but no kana: one
# character in so many is one in Japanese.
_KANA = re.compile(r"[\u3041-\u30ff\uff66-\uff9f]")
_KANA_EACH = 10
# A text of which so many times more is UTF-8 than is not is UTF-8 with a fault.
_MOSTLY = 4


def decode(body: bytes, content_type: str, *, guess: bool = True) -> Decoded:
    """The text of a body that came with this Content-Type. No byte is lost in silence: those
    that are no UTF-8 pass through as surrogates; in another charset, and only if none fits,
    they become what a browser makes of them. `guess`: whether Japanese is recognised without a
    word from anybody."""
    for mark, codec in _MARKS:
        if body.startswith(mark):
            is_utf8 = codec == "utf-8"
            errors = "surrogateescape" if is_utf8 else "replace"
            return Decoded(body[len(mark) :].decode(codec, errors), is_utf8)
    declared = list(_declared(body, content_type))
    if guess and not declared and (codec := _guessed(body)):
        return Decoded(body.decode(codec), False)
    # ISO-2022-JP is ASCII with escapes, and would pass for UTF-8.
    if b"\x1b" not in body or not any(codec.startswith("iso2022") for codec in declared):
        declared.insert(0, "utf-8")
    for codec in declared:
        try:
            return Decoded(body.decode(codec), codec in _UTF8)
        except UnicodeError:
            continue
    first = next((codec for codec in _declared(body, content_type)), "utf-8")
    if first in _UTF8:
        return Decoded(body.decode("utf-8", "surrogateescape"), True)
    return Decoded(body.decode(first, "replace"), False)


def as_utf8(body: bytes, content_type: str, *, guess: bool = True) -> bytes | None:
    """The body without its byte order mark if nothing says that it is anything but UTF-8: then
    `decode` would give the same bytes. None if it has to be decoded. `guess` as for `decode`."""
    if body.startswith(codecs.BOM_UTF8):
        return body[len(codecs.BOM_UTF8) :]
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None
    declared = tuple(_declared(body, content_type))
    if guess and not declared and _guessed(body):
        return None
    return body if all(codec in _UTF8 for codec in declared) else None


def has_mark(body: bytes) -> bool:
    """Whether a body begins with a byte order mark."""
    return any(body.startswith(mark) for mark, _ in _MARKS)


def _guessed(body: bytes) -> str:
    """The charset of Japanese that these bytes are in, '' if that is UTF-8 or can't be told."""
    if body.isascii():
        if b"\x1b$" not in body:
            return ""
    else:
        text = body.decode(errors="replace")
        faults = text.count("\ufffd")
        if not faults or sum(map("\x7f".__lt__, text)) >= faults * (_MOSTLY + 1):
            return ""
    for codec, sign in _JAPANESE:
        if sign.search(body):
            try:
                text = body.decode(codec)
            except UnicodeError:
                continue
            usual, foreign = len(_USUAL.findall(text)), sum(map("\x7f".__lt__, text))
            if 2 * usual < foreign or _PRIVATE.search(text):
                continue
            if codec.startswith("euc") and _KANA_EACH * len(_KANA.findall(text)) < foreign:
                continue
            return codec
    return ""


_DECLARATION = re.compile(
    r"(<meta\s+charset\s*=\s*[\"']?|<meta[^>]{1,500}text/html;\s*charset=|^@charset\s+[\"']"
    r"|^<\?xml[^>]{1,200}encoding\s*=\s*[\"'])([\w-]+)",
    re.IGNORECASE,
)


def declare_utf8(text: str) -> str:
    """The page, style sheet or XML document with its declaration saying what it will be written
    in."""
    return _DECLARATION.sub(lambda match: match[1] + "utf-8", text, count=1)


def _declared(body: bytes, content_type: str) -> Iterator[str]:
    """The codecs that the header and the document name, in this order."""
    header = _HEADER.search(content_type)
    inside = _INSIDE.search(body[:_INSIDE_MAX])
    for label in (header and header[1], inside and inside[1].decode("ascii", "replace")):
        codec = _codec(label) if label else ""
        if codec:
            yield codec


@lru_cache(maxsize=64)
def _codec(label: str) -> str:
    """Python's name of a charset of text; '' if it is none."""
    try:
        name = codecs.lookup(_LABELS.get(label.lower(), label)).name
        b"x".decode(name)  # not all codecs are of text
    except (LookupError, UnicodeError):
        return ""
    return _AS_BROWSERS_DO.get(name, name)
