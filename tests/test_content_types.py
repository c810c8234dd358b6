"""Content types: what the CMS says, corrected by what files are."""

from __future__ import annotations

import pytest

from publisher.content_types import by_name, is_text, served_as


@pytest.mark.parametrize(
    ("path", "declared", "served"),
    [
        ("/a.css", "text/plain", "text/css; charset=utf-8"),
        ("/a.mjs", "application/octet-stream", "text/javascript; charset=utf-8"),
        ("/a.xml", "application/octet-stream", "application/xml; charset=utf-8"),
        ("/a.xsl", "text/html", "text/xsl; charset=utf-8"),
        ("/a.rss", "text/plain", "application/rss+xml; charset=utf-8"),
        ("/a.webmanifest", "text/plain", "application/manifest+json; charset=utf-8"),
        ("/a.ics", "application/octet-stream", "text/calendar; charset=utf-8"),
        ("/a.wasm", "", "application/wasm"),
        ("/a.AVIF", "text/plain", "image/avif"),
        ("/a.woff2", "application/font-woff2", "font/woff2"),
        ("/a.svg", "text/plain", "image/svg+xml; charset=utf-8"),
        ("/a.unknown", "Text/X-Thing; charset=EUC-JP", "text/x-thing; charset=utf-8"),
        ("/LICENSE", "text/plain", "text/plain; charset=utf-8"),
        ("/v1.2", "", "application/octet-stream"),
        ("/js", "application/octet-stream", "application/octet-stream"),
    ],
)
def test_files_are_what_their_names_say(path: str, declared: str, served: str) -> None:
    assert served_as(path, declared, by_extension=True) == served


@pytest.mark.parametrize(
    ("path", "declared", "served"),
    [
        ("/feed.xml", "application/rss+xml; charset=UTF-8", "application/rss+xml; charset=utf-8"),
        ("/wp-sitemap.xml", "application/octet-stream", "application/xml; charset=utf-8"),
        ("/wp-sitemap.xml", "", "application/xml; charset=utf-8"),
        ("/robots.txt", "text/plain", "text/plain; charset=utf-8"),
        ("/a/", "", "application/octet-stream"),
        ("/blog/1.html", "text/html", "text/html; charset=utf-8"),
    ],
)
def test_pages_are_what_the_cms_says_if_it_says_anything(
    path: str, declared: str, served: str
) -> None:
    assert served_as(path, declared, by_extension=False) == served


def test_what_can_hold_addresses_is_text() -> None:
    for name in (
        "text/css",
        "application/ld+json",
        "image/svg+xml",
        "application/vnd.apple.mpegurl",
    ):
        assert is_text(name)
    for name in ("image/png", "application/wasm", "font/woff2", "application/gzip"):
        assert not is_text(name)


def test_a_path_without_a_dot_has_no_type_by_its_name() -> None:
    """A tag may be called CSS, and a category PDF."""
    assert [by_name(path) for path in ("/tag/css", "/category/PDF", "/v1.css/js", "css")] == [
        ""
    ] * 4
    assert [by_name(path) for path in ("/tag.js/a.css", "/.js")] == ["text/css", "text/javascript"]
