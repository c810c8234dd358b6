"""Whatever charset a text is in, and wherever that is said, the public gets the same UTF-8."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.rewrite.charset import Decoded, decode

CODECS = {
    "Shift_JIS": "cp932",
    "EUC-JP": "euc_jis_2004",
    "ISO-2022-JP": "iso2022_jp",
    "UTF-8": "utf-8",
}
# Japanese text that all of these charsets have.
CHARS = [
    char
    for char in map(chr, (*range(0x20, 0x7F), *range(0x3041, 0x3094), *range(0x30A1, 0x30F7),
                          *range(0x4E00, 0x9FA0), *map(ord, "、。「」ー！？")))
    if char not in "<\\~"
]  # fmt: skip


def _is_in_all(char: str) -> bool:
    try:
        return all(char.encode(codec).decode(codec) == char for codec in CODECS.values())
    except UnicodeError:
        return False


JAPANESE = st.text(st.sampled_from([char for char in CHARS if _is_in_all(char)]), min_size=4)
DECLARATIONS = {
    "header": ("text/html; charset={}", ""),
    "quoted header": ('text/html;Charset="{}"', ""),
    "meta": ("text/html", "<meta charset={}>"),
    "http-equiv": (
        "text/html", "<meta http-equiv='Content-Type' content='text/html; charset={}'>"
    ),
    "xml": ("application/xml", "<?xml version='1.0' encoding='{}'?>"),
    "css": ("text/css", '@charset "{}";'),
    "wrong header": ("text/html; charset=ISO-2022-KR", "<meta charset={}>"),
}  # fmt: skip


@pytest.mark.parametrize("label", CODECS)
@pytest.mark.parametrize("place", DECLARATIONS)
@given(JAPANESE)
def test_japanese_text_is_the_same_in_every_charset(label: str, place: str, text: str) -> None:
    header, inside = DECLARATIONS[place]
    # Text long enough that it is no UTF-8 by chance.
    page = inside.format(label) + text + "日本語のページ"
    decoded = decode(page.encode(CODECS[label]), header.format(label))
    assert decoded.text == page
    assert decoded.was_utf8 is (label == "UTF-8")


@pytest.mark.parametrize(
    ("mark", "codec"),
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"),
     (codecs.BOM_UTF16_BE, "utf-16-be")],
)  # fmt: skip
@pytest.mark.parametrize("header", ["text/html", "text/html; charset=Shift_JIS"])
def test_a_byte_order_mark_counts_more_than_all_else_and_goes(
    mark: bytes, codec: str, header: str
) -> None:
    body = mark + "<meta charset=EUC-JP>日本語".encode(codec)
    assert decode(body, header).text == "<meta charset=EUC-JP>日本語"


@pytest.mark.parametrize("label", ["ISO-8859-1", "windows-1252", "Shift_JIS", "EUC-JP", "us-ascii"])
def test_utf_8_under_another_label_is_utf_8(label: str) -> None:
    body = f"<meta charset={label}>お知らせ".encode()
    for header in ("text/html", f"text/html; charset={label}"):
        assert decode(body, header) == Decoded(body.decode(), True)


def test_the_header_counts_more_than_the_document() -> None:
    body = "<meta charset=windows-1251>日本語".encode("cp932")
    assert decode(body, "text/html; charset=Shift_JIS").text.endswith("日本語")


def test_a_header_that_makes_no_sense_of_the_bytes_is_wrong() -> None:
    body = "<meta charset=Shift_JIS>日本語".encode("cp932")
    assert decode(body, "text/html; charset=UTF-8").text.endswith("日本語")
    assert decode(body, "text/html; charset=EUC-JP").text.endswith("日本語")


@given(st.binary(), st.sampled_from(["", "; charset=utf-8", "; charset=none", "; charset=utf-16"]))
def test_no_byte_is_lost_in_no_charset(body: bytes, label: str) -> None:
    if body.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return
    text = decode(body, f"text/html{label}", guess=False).text
    assert text.encode("utf-8", "surrogateescape") == body


@pytest.mark.parametrize("label", ["Shift_JIS", "EUC-JP", "ISO-2022-JP"])
@pytest.mark.parametrize(
    "text",
    [
        'var m="メニュー";',
        "会社概要を表示",
        "<title>ソース能力</title>",
        "/* 背景を消す */a{}",
        "、。「」ｱｲ表示",
    ],
)
def test_japanese_that_nobody_labels_is_recognised(label: str, text: str) -> None:
    """A script of an old site is in the charset of its pages, and says nothing of it."""
    if label == "ISO-2022-JP":
        text = text.replace("ｱｲ", "")
    for content_type in ("text/javascript", "text/html", "text/css", ""):
        assert decode(text.encode(CODECS[label]), content_type).text == text


@pytest.mark.parametrize(
    "body",
    [
        "/* élève, créée à Genève */".encode("cp1252"),
        "“quoted” – ‘it’s’ … ©".encode("cp1252"),
        "a='‘a’s'; t('“I”A');".encode("cp1252"),
        "Größe: 5 µm, £3".encode("latin-1"),
        "日本語の長い文章です。".encode() + b"\x82\xa0\x82\xa2",
        "表示".encode() + b"\xff",
        b"\x1b[31mred",
        "欢迎来到我们的网站。公司简介、产品中心。".encode("gb2312"),
        "首页 关于我们 产品".encode("gb2312"),
        "歡迎來到我們的網站。公司簡介、產品中心。".encode("big5"),
        "우리 웹사이트에 오신 것을 환영합니다. 회사 소개, ㅋㅋ".encode("euc-kr"),
    ],
)  # fmt: skip
def test_what_is_no_japanese_by_its_bytes_passes_as_it_is(body: bytes) -> None:
    assert decode(body, "text/css").text.encode("utf-8", "surrogateescape") == body


@given(st.binary(), st.sampled_from([*CODECS, "latin1", "gb2312", "big5", "koi8-r", "utf-7"]))
def test_no_bytes_stop_an_export(body: bytes, label: str) -> None:
    decode(body, f"text/html; charset={label}").text.encode("utf-8", "surrogateescape")
