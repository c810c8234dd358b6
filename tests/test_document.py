"""From the bytes that the CMS sent to those that are served: charsets, types, leaks."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.rewrite.document import Document, Rewriter
from publisher.rewrite.tokens import Shape
from tests.samples import HOME, PUBLIC, addresses

ADDRESSES = addresses()
HTML = "text/html; charset=UTF-8"


def document(body: bytes, content_type: str = HTML, url: str = "/?p=12") -> Document:
    address = ADDRESSES.locate(HOME + url)
    assert address is not None
    return Rewriter(ADDRESSES).rewrite(body, content_type, address)


JAPANESE = "<p>日本語、①～髙 \\ ~ ﾊﾝｶｸ</p>"


@pytest.mark.parametrize(
    ("label", "codec"),
    [("Shift_JIS", "cp932"), ("shift-jis", "cp932"), ("x-sjis", "cp932"), ("Windows-31J", "cp932"),
     ("EUC-JP", "euc_jis_2004"), ("ISO-2022-JP", "iso2022_jp_ext"), ("UTF-8", "utf-8")],
)  # fmt: skip
@pytest.mark.parametrize("place", ["header", "meta", "http-equiv"])
def test_text_of_any_charset_is_served_as_utf_8(label: str, codec: str, place: str) -> None:
    page = {"EUC-JP": "<p>日本語①ﾊﾝｶｸ</p>", "ISO-2022-JP": "<p>日本語</p>"}.get(label, JAPANESE)
    meta = {
        "header": "",
        "meta": '<meta charset="{}">',
        "http-equiv": '<meta http-equiv="Content-Type" content="text/html; charset={}">',
    }[place]
    content_type = f"text/html; charset={label}" if place == "header" else "text/html"
    served = document((meta.format(label) + page).encode(codec), content_type)
    assert served.content_type == "text/html; charset=utf-8"
    declared = label if label == "UTF-8" else "utf-8"
    assert served.body.decode() == meta.format(declared) + page


def test_the_header_counts_and_not_what_the_page_says() -> None:
    body = '<meta charset="Shift_JIS"><p>日本語</p>'.encode()
    assert document(body).body == body


def test_utf_8_that_is_declared_as_something_else_stays_utf_8() -> None:
    body = "<p>日本語、①～髙</p>".encode()
    assert document(body, "text/html; charset=EUC-JP").body == body


def test_a_broken_character_spoils_nothing_but_itself() -> None:
    body = "<p>日本語</p>".encode("cp932") + b"\x81\xff<p>" + "終わり".encode("cp932")
    text = document(body, "text/html; charset=Shift_JIS").body.decode()
    assert text.startswith("<p>日本語</p>")
    assert text.endswith("<p>終わり")


@given(st.binary(max_size=60))
def test_bytes_that_are_no_text_pass_unchanged(rubbish: bytes) -> None:
    for body in (
        b"<p>" + rubbish.replace(b"<", b""),
        b"<script>//" + rubbish.replace(b"<", b"") + b"\n</script>",
        b"<style>/*" + rubbish.replace(b"<", b"").replace(b"url(", b"") + b"*/</style>",
        b"<!-- " + rubbish.replace(b">", b"") + b" -->",
    ):
        assert document(body).body == body


def test_bytes_that_are_no_text_pass_unchanged_beside_a_rewritten_link() -> None:
    page = b'<script>"\xff"</script><noscript>\xed\xa0\x80</noscript><a id="\xff" href="%s">\xff'
    public = document(page % f"{HOME}/?p=12".encode()).body
    assert public == page % b"/blog/12.html"


@pytest.mark.parametrize(
    "charset", ["none", "base64", "rot13", "hex", "undefined", "utf-16", "x" * 99, "-", "utf-7"]
)
def test_a_charset_that_is_none_never_stops_an_export(charset: str) -> None:
    document(b"<p>x</p>\xff\xd8", f"text/html; charset={charset}")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("text/css", '@charset "Shift_JIS";a{font-family:"ＭＳ 明朝"}'),
     ("application/xml", '<?xml version="1.0" encoding="Shift_JIS"?><a>日本語</a>'),
     ("text/javascript; charset=Shift_JIS", 'alert("日本語")')],
)  # fmt: skip
def test_other_text_is_read_in_the_charset_that_it_names(content_type: str, body: str) -> None:
    served = document(body.encode("cp932"), content_type)
    assert served.body.decode() == body.replace("Shift_JIS", "utf-8")
    assert served.content_type.endswith("; charset=utf-8")


SITEMAP = '<?xml version="1.0"?><urlset><url><loc>{}</loc></url></urlset>'


@pytest.mark.parametrize("content_type", ["application/gzip", "application/x-gzip", "text/xml"])
def test_a_compressed_sitemap_names_public_pages(content_type: str) -> None:
    sitemap = SITEMAP.format(f"{HOME}/?p=1632").encode()
    for body in (gzip.compress(sitemap), sitemap):  # the server may call it an encoding
        served = document(body, content_type, "/sitemap.xml.gz")
        assert served.content_type == "application/gzip"
        assert gzip.decompress(served.body).decode() == SITEMAP.format(f"{PUBLIC}/blog/1632.html")
        assert [address.path for address in served.found] == ["/blog/1632.html"]
        assert served.body == document(body, content_type, "/sitemap.xml.gz").body


def test_a_compressed_sitemap_of_several_parts_keeps_them_all() -> None:
    sitemap = SITEMAP.format(f"{HOME}/?p=1632").encode()
    parts = gzip.compress(sitemap[:60]) + gzip.compress(sitemap[60:])
    served = document(parts, "application/gzip", "/sitemap.xml.gz")
    assert gzip.decompress(served.body).decode() == SITEMAP.format(f"{PUBLIC}/blog/1632.html")


def test_other_compressed_files_stay_as_they_are() -> None:
    xml = SITEMAP.format("https://other.example/").encode()
    bomb = gzip.compress(bytes(60_000_000))
    for path, body in (
        ("/sitemap.xml.gz", gzip.compress(xml, 1)), ("/sitemap.xml.gz", gzip.compress(xml)[:-9]),
        ("/sitemap.xml.gz", b"rubbish"), ("/a.tar.gz", gzip.compress(HOME.encode())),
        ("/sitemap.xml.gz", bomb),
    ):  # fmt: skip
        assert document(body, "application/gzip", path) == Document(body, "application/gzip")


@pytest.mark.parametrize("url", ["/menu.js", "/a.css", "/readme.txt", "/page.html"])
def test_files_that_say_no_charset_are_served_as_utf_8_with_their_pages(url: str) -> None:
    served = document(
        'a="日本語メニュー"'.encode("cp932"), "text/html" if "page" in url else "", url
    )
    assert served.body.decode() == 'a="日本語メニュー"'
    assert served.content_type.endswith("; charset=utf-8")


def test_a_table_stays_as_spreadsheets_know_it() -> None:
    """Excel takes a table without a mark for Shift_JIS."""
    table = "名前,値\r\n山田,1\r\n"
    mark = b"\xef\xbb\xbf"
    for body in (mark + table.encode(), table.encode("cp932"), table.encode(), b"a,b"):
        assert document(body, "text/csv", "/a.csv").body == body
        assert document(body, "application/octet-stream", "/a.csv").body == body
    for body in (table.encode("utf-16"), table.encode("cp932")):
        served = document(body, "text/csv; charset=Shift_JIS", "/a.csv")
        assert served.body == mark + table.encode()


def test_a_cell_beside_an_address_is_kept() -> None:
    old, new = f"{HOME}/?p=1632", f"{PUBLIC}/blog/1632.html"
    for cells in ("{},日本\r\n{},5", "{};x;{}", "a\t{}\tb", '"{}",1,"{0}/a,b.png"', '"a""{}""b",c'):
        table = document(cells.replace("{}", old).replace("{0}", HOME).encode(), "", "/a.csv").body
        assert table.decode() == cells.replace("{}", new).replace("{0}", PUBLIC)


def test_tabs_alone_separate_the_cells_of_a_table_with_tabs() -> None:
    made = document(f"a\t{HOME}/wp-content/a,b;c.pdf\tx".encode(), "", "/a.tsv")
    assert made.body.decode() == f"a\t{PUBLIC}/wp-content/a,b;c.pdf\tx"
    assert [one.path for one in made.found] == ["/wp-content/a,b;c.pdf"]


@pytest.mark.parametrize(
    ("url", "declared", "served"),
    [
        ("/a.css", "text/plain", "text/css; charset=utf-8"),
        ("/a.js", "application/x-javascript", "text/javascript; charset=utf-8"),
        ("/a.png", "", "image/png"),
        ("/wp-content/a", "", "application/octet-stream"),
        ("/?p=12", "text/html", "text/html; charset=utf-8"),
        ("/?feed=rss2", "application/rss+xml", "application/rss+xml; charset=utf-8"),
        ("/?robots=1", "text/plain", "text/plain; charset=utf-8"),
    ],
)
def test_files_are_served_by_name_and_pages_as_the_cms_says(
    url: str, declared: str, served: str
) -> None:
    assert document(b"", declared, url).content_type == served


def test_binary_files_are_never_touched() -> None:
    body = f"\x89PNG {HOME}/?p=12 \xff".encode("latin-1")
    assert document(body, "image/png", "/a.png") == Document(body, "image/png")


@pytest.mark.parametrize(
    ("url", "content_type", "public"),
    [
        ("/?p=12", "text/html", f"{PUBLIC}/blog/1632.html"),
        ("/a.js", "text/javascript", "/blog/1632.html"),
        ("/a.css", "text/css", "/blog/1632.html"),
        ("/a.json", "application/json", f"{PUBLIC}/blog/1632.html"),
        ("/a.txt", "text/plain", f"{PUBLIC}/blog/1632.html"),
        ("/?feed=rss2", "application/rss+xml", f"{PUBLIC}/blog/1632.html"),
        ("/a.svg", "image/svg+xml", f"{PUBLIC}/blog/1632.html"),
        ("/site.webmanifest", "application/manifest+json", f"{PUBLIC}/blog/1632.html"),
    ],
)
def test_every_kind_of_text_gets_public_addresses(url: str, content_type: str, public: str) -> None:
    served = document(f" {HOME}/?p=1632 ".encode(), content_type, url)
    assert served.body.decode() == f" {public} "
    assert [address.path for address in served.found] == ["/blog/1632.html"]
    assert served.leak == ""


@pytest.mark.parametrize(
    ("meta", "noindex"),
    [
        ("<meta name='robots' content='noindex, nofollow' />", True),
        ('<meta name="robots" content="max-image-preview:large, noindex">', True),
        ("<meta name='robots' content='max-image-preview:large' />", False),
        ("<meta name='description' content='noindex' />", False),
    ],
)
def test_a_page_that_asks_search_engines_to_stay_away_is_noticed(meta: str, noindex: bool) -> None:
    assert document(meta.encode()).noindex is noindex


def test_declared_tokens_are_settled() -> None:
    address = ADDRESSES.locate(f"{HOME}/?p=12")
    assert address is not None
    rewriter = Rewriter(ADDRESSES, shapes=(Shape(attribute="data-key"),))
    served = rewriter.rewrite('<p data-key="x1">日本語</p>'.encode(), HTML, address)
    assert served.body.decode() == '<p data-key="embed00000">日本語</p>'
