"""Site paths: what can be one, and its forms as key, URL and file."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote, quote_from_bytes, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.paths import (
    PATH_BYTES_MAX,
    BadPath,
    SitePath,
    below,
    decoded,
    fitted,
    is_shortened,
    without_host,
)

SEGMENTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="/\\"), min_size=1
).filter(lambda text: unicodedata.normalize("NFC", text) not in (".", ".."))


@st.composite
def site_paths(draw: st.DrawFn) -> SitePath:
    slash = draw(st.sampled_from(["", "/"]))
    text = "/" + "/".join(draw(st.lists(SEGMENTS, min_size=1, max_size=4))) + slash
    try:
        return SitePath(text)
    except BadPath:  # normalised into something forbidden, or too long
        return SitePath("/x" + slash)


@given(site_paths())
def test_a_url_names_the_same_path(path: SitePath) -> None:
    assert path.url.isascii()
    assert SitePath(unquote(path.url)) == path
    assert SitePath(path) == path


@given(site_paths(), site_paths())
def test_two_files_have_two_keys(one: SitePath, other: SitePath) -> None:
    assert (one.key == other.key) == (one.file == other.file)
    assert not one.key.startswith("/")
    assert not one.key.endswith("/")
    assert "//" not in one.key


@given(st.text())
def test_any_text_is_a_path_or_refused(text: str) -> None:
    try:
        path = SitePath(text)
    except BadPath:
        return
    assert unicodedata.is_normalized("NFC", path)
    assert not {"", ".", ".."} & set(path.key.split("/")) or path.key == ""


@pytest.mark.parametrize(
    ("path", "file", "key", "url"),
    [
        ("/", "/index.html", "index.html", "/"),
        ("/a/", "/a/index.html", "a/index.html", "/a/"),
        ("/blog/1632.html", "/blog/1632.html", "blog/1632.html", "/blog/1632.html"),
        ("/a b+c%.png", "/a b+c%.png", "a b+c%.png", "/a%20b+c%25.png"),
        ("/日本/", "/日本/index.html", "日本/index.html", "/%E6%97%A5%E6%9C%AC/"),
        ("/e\u0301", "/\u00e9", "\u00e9", "/%C3%A9"),
        ("/か\u3099", "/が", "が", "/%E3%81%8C"),
        ("/..a/.b/c..", "/..a/.b/c..", "..a/.b/c..", "/..a/.b/c.."),
        ("/a?b#c", "/a?b#c", "a?b#c", "/a%3Fb%23c"),
    ],
)
def test_the_forms_of_a_path(path: str, file: str, key: str, url: str) -> None:
    site_path = SitePath(path)
    assert (site_path.file, site_path.key, site_path.url) == (file, key, url)


@pytest.mark.parametrize(
    "text",
    ["", "a", "//", "/a//b", "/..", "/.", "/../a", "/a/../b", "/a/.", "/a/./b", "/a\\b", "/a\nb",
     "/\x00", "/\x7f", "/\ud800"],
)  # fmt: skip
def test_what_would_be_a_trick_for_a_store_is_refused(text: str) -> None:
    with pytest.raises(BadPath):
        SitePath(text)


@pytest.mark.parametrize("character", ["a", "あ", "\U0001f600"])
def test_the_longest_path_fills_the_key_to_the_last_byte(character: str) -> None:
    width = len(character.encode())
    room = PATH_BYTES_MAX - 1
    longest = "/" + character * (room // width) + "x" * (room % width)
    assert len(longest.encode()) == PATH_BYTES_MAX
    assert SitePath(longest[:-1])
    assert SitePath(longest)
    with pytest.raises(BadPath, match="961 bytes"):
        SitePath(longest + "x")


def test_the_key_of_the_longest_folder_fits_as_well() -> None:
    """S3 counts the key, `index.html` included."""
    folder = SitePath("/" + "a" * (PATH_BYTES_MAX - 2) + "/")
    assert len(f"site/{'s' * 40}/{folder.key}".encode()) <= 1024


@pytest.mark.parametrize(
    ("path", "name", "part"),
    [
        ("/", "page/2", "/page/2/"),
        ("/a/", "page/2", "/a/page/2/"),
        ("/a", "page/2", "/a/page/2/"),
        ("/blog/7.html", "2", "/blog/7/2.html"),
        ("/blog/7.html", "feed.xml", "/blog/7/feed.xml"),
        ("/a.b/c/", "2", "/a.b/c/2/"),
        ("/a.b/c", "2", "/a.b/c/2/"),
        ("/", "feed.xml", "/feed.xml"),
        ("/v1.5/", "2", "/v1.5/2/"),
        ("/v1.5", "2", "/v1.5/2/"),
        ("/list.PHP", "id-3", "/list/id-3.PHP"),
    ],
)
def test_the_path_of_a_part_of_a_page(path: str, name: str, part: str) -> None:
    assert below(SitePath(path), name) == part


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_two_names_of_any_bytes_have_two_paths(one: bytes, other: bytes) -> None:
    """Unless they are written with our own mark, or in two forms of one character."""
    first, second = (decoded(quote_from_bytes(name)) for name in (one, other))
    assert first.encode().decode() == first  # no lone surrogates
    if one != other and b"~" not in one + other:
        assert first != second


@given(st.text(st.sampled_from("aあ/.\u0301"), max_size=600), st.integers(1, 6))
def test_any_path_can_be_made_to_fit(text: str, times: int) -> None:
    text = "/" + text * times
    try:
        path = fitted(text)
    except BadPath:
        return
    assert len(path.encode()) <= PATH_BYTES_MAX
    assert all(len(name.encode()) <= 255 for name in path.split("/"))
    assert fitted(path) == path
    assert path.endswith("/") == SitePath(path).endswith("/")
    if not is_shortened(path):
        assert path == SitePath(text)
    assert decoded(quote(path)) == path


@pytest.mark.parametrize("site", ["https://日本.example", "https://xn--wgv71a.example"])
@pytest.mark.parametrize("host", ["日本.example", "xn--wgv71a.example:443", "XN--WGV71A.example."])
def test_a_host_in_any_spelling_is_the_site(site: str, host: str) -> None:
    assert without_host(f"https://{host}/foo?utm_source=x", site) == "/foo"
    elsewhere = f"https://{host.removesuffix(':443').rstrip('.')}:8443/foo"
    assert without_host(elsewhere, site) == elsewhere
