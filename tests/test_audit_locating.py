"""Where an address is that somebody wrote down."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.audit.locating import URL_CHARACTERS_MAX, locate

PUBLIC = "www.example.co.jp"
OTHERS = ("old.example.co.jp", "xn--wgv71a119e.example.jp")
JAPANESE = "/%E5%8F%A4%E3%81%84/"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("/?p=1632", "/?p=1632"),
        ("  /?p=1632\r\n", "/?p=1632"),
        ("https://www.example.co.jp/?p=1632#comments", "/?p=1632"),
        ("http://example.co.jp", "/"),
        ("HTTPS://WWW.Example.co.jp:8443?p=1", "/?p=1"),
        ("//www.example.co.jp/a", "/a"),
        ("www.example.co.jp/a?b", "/a?b"),
        ("example.co.jp", "/"),
        ("https://user:secret@www.example.co.jp./a", "/a"),
        ("/古い/", JAPANESE),
        ("/%e5%8f%a4%e3%81%84/", JAPANESE),
        ("/古い/?タグ=a b&c='d'", "/%E5%8F%A4%E3%81%84/?%E3%82%BF%E3%82%B0=a%20b&c=%27d%27"),
        ("/a b<c>^{d}`|'\"", "/a%20b%3Cc%3E%5E%7Bd%7D%60|'%22"),
        ("/100%", "/100%"),
        ("/a?b=[]{}|^`~", "/a?b=[]{}|^`~"),
        ("/a/./b/../c", "/a/c"),
        ("/a\\b", "/a/b"),
        ("/a\tb\nc", "/abc"),
        ("https://old.example.co.jp/x?y#z", "https://old.example.co.jp/x?y"),
        ("http://OLD.example.co.jp:80/", "https://old.example.co.jp/"),
        ("old.example.co.jp/x", "https://old.example.co.jp/x"),
        ("https://日本語.example.jp/", "https://xn--wgv71a119e.example.jp/"),
        ("https://other.example.com/x", None),
        ("https:///x", None),
        ("ftp://www.example.co.jp/x", None),
        ("javascript:alert(1)", None),
        ("mailto:a@www.example.co.jp", None),
        ("about us", None),
        ("", None),
        ("#top", None),
        ("https://" + "a" * 300 + ".example.jp/", None),
        ("/" + "a" * URL_CHARACTERS_MAX, None),
        ("/" + "あ" * 300, None),
    ],
)
def test_where_it_is(text: str, url: str | None) -> None:
    assert locate(text, PUBLIC, OTHERS) == url


@given(
    st.text(st.characters(codec=None), max_size=60),
    st.sampled_from(("", "/", "//", "https://www.example.co.jp/", "old.example.co.jp/")),
)
def test_whatever_is_written_it_is_one_address_or_none(text: str, start: str) -> None:
    url = locate(start + text, PUBLIC, OTHERS)
    if url is None:
        return
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url
    assert "#" not in url
    assert url.startswith(("/", "https://old.example.co.jp/", "https://xn--wgv71a119e.example.jp/"))
    if not url.startswith("//"):  # a path that only a request can have
        assert locate(url, PUBLIC, OTHERS) == url


@given(st.text(st.characters(exclude_characters="/?#%.\\", exclude_categories=["Cc", "Cs", "Z"])))
def test_a_name_in_any_writing_is_kept(name: str) -> None:
    url = locate(f"/{name}/?p=1", PUBLIC, OTHERS)
    if url is not None:
        assert unquote(urlsplit(url).path) == f"/{name}/"
