"""What an audit reads in a release's pages and sitemaps, whatever is in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.audit import ground
from publisher.audit.ground import Ground
from publisher.audit.pages import BYTES_MAX, PageFacts, facts, locations
from publisher.manifest import Entry
from publisher.records import Records
from publisher.release import Release, utc_now
from publisher.store.directory import DirectoryStore
from publisher.store.port import Headers
from redirects.rules import RuleSet

URL = "https://www.example.co.jp/blog/12.html"
PAGE = """<!doctype html><html><head><title> 会社&amp;概要
 | 例 </title><link rel="x canonical" href="https://www.example.co.jp/blog/12.html">
<meta property="og:url" content="http://www.example.co.jp/?p=12">
<meta name="Robots" content="max-image-preview:large, NOINDEX">
</head><body class="post postid-12 x"><a href="/?p=9">a</a><a href="/blog/9.html">b</a>
<a href="https://www.example.co.jp/old%20x?a=1#top">c</a><a href="https://else.example/?p=9">d</a>
<a href="javascript:alert(1)">e</a><a href="?p=9">f</a><a href="//[bad">g</a></body></html>"""


def is_old(url: str) -> bool:
    return "?p=" in url or url.startswith("/old")


def test_a_page_says_what_it_is_and_what_it_links_to() -> None:
    assert facts(PAGE.encode(), URL, is_old) == PageFacts(
        "会社&概要 | 例",
        URL,
        "http://www.example.co.jp/?p=12",
        True,
        12,
        ("/?p=9", "https://www.example.co.jp/old%20x?a=1#top", "?p=9"),
    )


@pytest.mark.parametrize("body", [b"", b"\x00", b"<", b"<!-- x", b"\xff\xfe<\x00", b"<a" * 9999])
def test_what_is_no_page_says_nothing(body: bytes) -> None:
    assert facts(body, URL, is_old)._replace(old_links=()) == PageFacts()


@given(st.binary(max_size=200), st.text(max_size=100))
def test_no_page_stops_an_audit(body: bytes, text: str) -> None:
    facts(body, URL, is_old)
    facts(f"<title>{text}</title><a href='{text}'>".encode("utf-8", "replace"), URL, is_old)
    list(locations(body))


def test_a_sitemap_names_addresses_and_fetches_nothing() -> None:
    body = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<url><loc> https://www.example.co.jp/a/ </loc></url><url><loc>&a;</loc></url><url><loc/></url>
</urlset>"""
    assert list(locations(body)) == ["https://www.example.co.jp/a/"]
    assert list(locations(b"not xml")) == []


def ground_of(store: Path, pages: dict[str, bytes]) -> Ground:
    records = Records(DirectoryStore(store))
    html = Headers("text/html; charset=utf-8", "max-age=0")
    entries = {
        path: Entry(records.put_blob(body, html), len(body), html.content_type, html.cache_control)
        for path, body in pages.items()
    }
    release = Release(
        id="1", manifest="", redirects="", parent="", created=utc_now(), actor="", reason="",
        pages=0, files=0, rules=0,
    )  # fmt: skip
    return Ground(records, release, "https://www.example.co.jp", RuleSet.of([]), entries)


def test_of_a_page_that_is_too_large_the_beginning_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ground, "FETCHED_BYTES_MAX", BYTES_MAX + 9000)
    beginning = "<title>大きい</title><meta name=robots content=noindex><body>".encode()
    large, larger = (beginning + b"x" * (BYTES_MAX + more) for more in (0, 9000))
    pages = {"/a/index.html": large, "/b/index.html": larger}
    contents = ground.read(ground_of(tmp_path, pages), lambda *_: None)
    assert contents.pages == {"/a/index.html": PageFacts("大きい", noindex=True)}
