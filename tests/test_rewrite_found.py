# ruff: noqa: E501 - markup stands in one line, as it is written
"""Every address that a document names is found, however it is written."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from publisher.rewrite.document import Document, Rewriter
from tests.samples import HOME, PUBLIC, addresses, html

ADDRESSES = addresses()
HTML = "text/html; charset=UTF-8"
ESCAPED = HOME.replace("/", "\\/")


def document(text: str, content_type: str = HTML, url: str = "/?p=12") -> Document:
    address = ADDRESSES.locate(HOME + url)
    assert address is not None
    return Rewriter(ADDRESSES).rewrite(text.encode(), content_type, address)


def found(of: Document) -> list[str]:
    return [str(address.path) for address in of.found]


@pytest.mark.parametrize(
    ("markup", "public", "paths"),
    [
        ('<img srcset="a.png 1x,/b.png 2x">', '<img srcset="/a.png 1x,/b.png 2x">', "/a.png /b.png"),
        (
            '<img srcset="data:image/png;base64,AA== 1x, /b.png 2x">',
            '<img srcset="data:image/png;base64,AA== 1x, /b.png 2x">',
            "/b.png",
        ),
        ('<img srcset="/a,b.png, /c.png 2x">', '<img srcset="/a,b.png, /c.png 2x">', "/a,b.png /c.png"),
        ('<img srcset="/a.png 1x (x, y), /b.png">', '<img srcset="/a.png 1x (x, y), /b.png">', "/a.png /b.png"),
        (
            '<img srcset="/wp-admin/a.png 1x, /b.png 2x, /wp-login.php 3x, /c.png">',
            '<img srcset="/b.png 2x, /c.png">',
            "/b.png /c.png",
        ),
        ('<img srcset="/wp-admin/a.png 1x">', "<img>", ""),
        ('<picture><source srcset="a.webp"></picture>', '<picture><source srcset="/a.webp"></picture>', "/a.webp"),
        ('<video src="a.mp4" poster="p.jpg"><track src="t.vtt"></video>',
         '<video src="/a.mp4" poster="/p.jpg"><track src="/t.vtt"></video>', "/a.mp4 /p.jpg /t.vtt"),
        ('<link rel="preload" as="image" imagesrcset="a.png 1x">',
         '<link rel="preload" as="image" imagesrcset="/a.png 1x">', "/a.png"),
        ('<link rel="manifest" href="site.webmanifest">',
         '<link rel="manifest" href="/site.webmanifest">', "/site.webmanifest"),
        ('<link rel="modulepreload" href="m.js">', '<link rel="modulepreload" href="/m.js">', "/m.js"),
        ('<link rel="alternate" hreflang="en" href="/?p=1632">',
         f'<link rel="alternate" hreflang="en" href="{PUBLIC}/blog/1632.html">', "/blog/1632.html"),
        ('<img data-src="a.png" data-lazy-srcset="b.png 2x">',
         '<img data-src="/a.png" data-lazy-srcset="/b.png 2x">', "/a.png /b.png"),
        ('<p data-bg="url(a.png), url(\'b.png\')">', '<p data-bg="url(/a.png), url(\'/b.png\')">', "/a.png /b.png"),
        ('<p data-background="a.png">', '<p data-background="/a.png">', "/a.png"),
        ('<p style="background:image-set(\'a.png\' 1x, url(b.png) 2x)">',
         '<p style="background:image-set(\'/a.png\' 1x, url(/b.png) 2x)">', "/a.png /b.png"),
        ("<style>@media x{@supports(a:b){a{b:url(a.png)}}}</style>",
         "<style>@media x{@supports(a:b){a{b:url(/a.png)}}}</style>", "/a.png"),
        ('<meta name="twitter:image" content="/a.png">',
         f'<meta name="twitter:image" content="{PUBLIC}/a.png">', "/a.png"),
        ('<meta name="msapplication-TileImage" content="tile.png">',
         '<meta name="msapplication-TileImage" content="/tile.png">', "/tile.png"),
        ('<meta name="msapplication-task" content="name=x;action-uri=/?p=12;icon-uri=i.ico">',
         '<meta name="msapplication-task" content="name=x;action-uri=/blog/12.html;icon-uri=/i.ico">',
         "/blog/12.html /i.ico"),
        ('<link rel="alternate stylesheet" href="a.css">', '<link rel="alternate stylesheet" href="/a.css">', "/a.css"),
        ('<meta name="thumbnail" content="/t.jpg">', f'<meta name="thumbnail" content="{PUBLIC}/t.jpg">', "/t.jpg"),
        ('<meta http-equiv="refresh" content="5; ?p=1632"><meta http-equiv="refresh" content="3; url=">',
         '<meta http-equiv="refresh" content="5; /blog/1632.html"><meta http-equiv="refresh" content="3; url=">',
         "/blog/1632.html"),
        ('<div data-lazy-image="a.png" data-lazy-bg-image="url(b.png)">',
         '<div data-lazy-image="/a.png" data-lazy-bg-image="url(/b.png)">', "/a.png /b.png"),
        ('<meta http-equiv="refresh" content="0;url=?p=1632">',
         '<meta http-equiv="refresh" content="0;url=/blog/1632.html">', "/blog/1632.html"),
        (f'<script type="application/json">{{"u":"{ESCAPED}\\/a.png"}}</script>',
         '<script type="application/json">{"u":"\\/a.png"}</script>', "/a.png"),
        ('<script type="application/json">{"a":"\\/img\\/a.png","b":"/b.svg?x=1","c":"/c","d":"//x.example/d.png"}</script>',
         '<script type="application/json">{"a":"\\/img\\/a.png","b":"/b.svg?x=1","c":"/c","d":"//x.example/d.png"}</script>',
         "/img/a.png /b.svg"),
        ('<script type="importmap">{"imports":{"x":"./x.js","./k.js":"\\/y.js","d/":"/d/"}}</script>',
         '<script type="importmap">{"imports":{"x":"/x.js","/k.js":"\\/y.js","d/":"/d/"}}</script>',
         "/x.js /k.js /y.js"),
        ("<script type=module>import a from './a.js';import'./b.mjs';import('./c.js');import d from 'd'</script>",
         "<script type=module>import a from '/a.js';import'/b.mjs';import('/c.js');import d from 'd'</script>",
         "/b.mjs /c.js /a.js"),
        ("<script>import('./a.js')</script>", "<script>import('./a.js')</script>", ""),
        ('<svg><use xlink:href="s.svg#i"/><image href="a.png"/><g fill="url(#x)"></svg>',
         '<svg><use xlink:href="/s.svg#i"/><image href="/a.png"/><g fill="url(#x)"></svg>', "/s.svg /a.png"),
        ('<template><img src="a.png"></template>', '<template><img src="/a.png"></template>', "/a.png"),
        ('<iframe srcdoc="&lt;img src=&quot;a.png&quot;&gt;&amp;lt;"></iframe>',
         '<iframe srcdoc="&lt;img src=&quot;/a.png&quot;>&amp;lt;"></iframe>', "/a.png"),
        ('<object data="a.pdf"></object><embed src="b.svg">',
         '<object data="/a.pdf"></object><embed src="/b.svg">', "/a.pdf /b.svg"),
        ('<a ping="/p1.html /p2.html" href="a.pdf">', '<a ping="/p1.html /p2.html" href="/a.pdf">',
         "/p1.html /p2.html /a.pdf"),
        ('<form action="?p=2"><input type=image src="a.png"></form><area href="b.pdf">',
         '<form action="/company/"><input type=image src="/a.png"></form><area href="/b.pdf">',
         "/company/ /a.png /b.pdf"),
        ('<base href="sub/x.html"><img src="a.png"><a href="#x">',
         '<base href="/sub/x.html"><img src="/sub/a.png"><a href="#x">', "/sub/x.html /sub/a.png"),
        ("<noscript><noscript></noscript><img src=a.png></noscript>", None, "/a.png"),
    ],
)  # fmt: skip
def test_markup(markup: str, public: str | None, paths: str) -> None:
    page = document(markup)
    assert found(page) == paths.split()
    assert public is None or page.body.decode() == public


@pytest.mark.parametrize(
    ("url", "content_type", "text", "public", "paths"),
    [
        ("/t/a.css", "text/css", '@import/**/"x.css";a{b:url(\\69 .png)}/* url(c.png) */', None, "/t/x.css /t/i.png"),
        ("/t/a.css", "text/css", 'a{b:-webkit-image-set("a.png" 1x);content:"url(x.png)"}', None, "/t/a.png"),
        ("/t/a.css", "text/css", "a{b:url(/写\\28 真.png)}", None, "/写(真.png"),
        ("/t/a.mjs", "text/javascript", 'import{a}from"./b.mjs";import("../c.js");import x from"react"', None,
         "/c.js /t/b.mjs"),
        ("/t/m.webmanifest", "application/manifest+json",
         '{"start_url":"/?p=12","icons":[{"src":"i.png"}],"shortcuts":[{"url":".\\/a.html"}]}',
         '{"start_url":"/blog/12.html","icons":[{"src":"i.png"}],"shortcuts":[{"url":".\\/a.html"}]}',
         "/blog/12.html /t/i.png /t/a.html"),
        # Browsers read it by its link, whatever its type is.
        ("/t/manifest.json", "application/json", '{"name":"会社","icons":[{"src":"\\/i.png"},{"src":"j.png"}]}',
         None, "/i.png /t/j.png"),
        ("/t/data.json", "application/json", '{"icons":[{"src":"\\/i.png"}]}', None, ""),
        ("/t/a.svg", "image/svg+xml",
         '<svg><image xlink:href="a.png"/><use href="#x"/><style>a{b:url(b.png)}</style></svg>', None,
         "/t/a.png /t/b.png"),
        ("/wp-sitemap.xml", "application/xml", '<?xml-stylesheet href="/s.xsl"?><a/>', None, "/s.xsl"),
        ("/?feed=rss2", "application/rss+xml",
         '<rss><enclosure url="/a.mp3"/><x>&lt;img src=&quot;/b.png&quot;&gt;</x><![CDATA[<a href="/?p=12">]]></rss>',
         f'<rss><enclosure url="{PUBLIC}/a.mp3"/><x>&lt;img src=&quot;{PUBLIC}/b.png&quot;&gt;</x>'
         f'<![CDATA[<a href="{PUBLIC}/blog/12.html">]]></rss>',
         "/a.mp3 /b.png /blog/12.html"),
        ("/wp-sitemap.xml", "application/xml", f"<image:loc>{HOME}/a.png</image:loc>",
         f"<image:loc>{PUBLIC}/a.png</image:loc>", "/a.png"),
    ],
)  # fmt: skip
def test_files(url: str, content_type: str, text: str, public: str | None, paths: str) -> None:
    file = document(text, content_type, url)
    assert sorted(found(file)) == sorted(paths.split())
    assert file.body.decode() == (text if public is None else public)


def test_what_was_learnt_on_one_page_holds_on_the_next_and_relative_links_on_theirs_alone() -> None:
    rewriter = Rewriter(ADDRESSES)
    page = b'<a href="/?p=12"><img src="a.png"><script>u="%s/x.js"</script>' % HOME.encode()
    for url, folder in (("/dir/page.html", "/dir"), ("/other/page.html", "/other"), ("/?p=12", "")):
        address = ADDRESSES.locate(HOME + url)
        assert address
        for _ in range(2):
            document = rewriter.rewrite(page, HTML, address)
            assert f'<img src="{folder}/a.png">'.encode() in document.body
            assert found(document) == ["/blog/12.html", f"{folder}/a.png", "/x.js"]


def test_what_a_page_can_be_seen_to_depend_on() -> None:
    page = document(
        '<body class="postid-12 category-5"><li class="menu-item-77 menu-item"><a href="/?cat=1">'
        f'<img class="wp-image-50" src="{HOME}/wp-content/a.png"><a href="/?author=1"><p class="x-5">'
    )
    assert page.depends == {
        "post:12", "term:category:5", "menu-item:77", "media:50", "term:category:1",
        "author:1",
    }  # fmt: skip


def test_what_elementor_s_lightboxes_show() -> None:
    """Their settings are JSON in Base64 in a percent-encoded fragment."""

    def link(url: str) -> str:
        settings = json.dumps({"id": 7, "url": url, "title": "写真"}).replace("/", "\\/")
        packed = quote(base64.b64encode(settings.encode()), safe="")
        return f'<a href="#elementor-action%3Aaction%3Dlightbox%26settings%3D{packed}">'

    page = document(link(f"{HOME}/wp-content/uploads/a.jpg") * 2)
    assert page.body.decode() == link(f"{PUBLIC}/wp-content/uploads/a.jpg") * 2
    assert found(page) == ["/wp-content/uploads/a.jpg"]
    kept = (
        link("https://other.example/a.jpg")
        + '<a href="#elementor-action%3Aaction%3Dx%26settings%3De%3D">'
    )
    assert document(kept).body.decode() == kept


def test_a_lightbox_with_many_settings_is_read_to_its_end() -> None:
    def settings(home: str) -> str:
        raw = json.dumps([f"{home}/wp-content/uploads/{number}.jpg" for number in range(1000)])
        return quote(base64.b64encode(raw.encode()), safe="")

    link = '<a href="#elementor-action%3Aaction%3Dlightbox%26settings%3D{}">'
    assert document(link.format(settings(HOME))).body.decode() == link.format(settings(PUBLIC))


def test_a_file_in_json_that_is_not_the_cms_s_stays() -> None:
    of = addresses(home=f"{HOME}/news")
    page = '<script type="application/json">{"a":"\\/news\\/a.png","b":"\\/img\\/b.png"}</script>'
    assert html(page, of, f"{HOME}/news/?p=12") == page.replace("\\/news\\/a", "\\/a")
