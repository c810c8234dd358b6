"""HTML in place: links change, and every other byte is the CMS's own."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher.rewrite.charset import declare_utf8
from publisher.rewrite.document import Document, Rewriter
from tests.samples import HOME, PUBLIC, addresses, html

HOST = HOME.removeprefix("http://")
ADDRESSES = addresses()
PAGE = ADDRESSES.locate(f"{HOME}/?p=12")
assert PAGE


def rewritten(text: str) -> Document:
    assert PAGE
    return Rewriter(ADDRESSES).rewrite(text.encode(), "text/html; charset=UTF-8", PAGE)


LINKED_DATA = '<script type="application/ld+json">'

# Pieces of bad and odd markup, none of which names an address of the CMS.
PIECES = st.sampled_from(
    [
        "<p>", "</p>",
        "<P CLASS=a>", "<p class='x\"y'>", '<p class="x\'y" >', "<br/>", "<br / >",
        "<a href=https://other.example/x?a=1&b=2>", "<a href = '#top' >",
        '<a href="mailto:a@b.jp">',
        '<a href="https://other.example/?a=1&amp;b=2&copy=3" title=\'&lt;"&gt;\'>', "</a>",
        "<a href='javascript:void(0)' onclick=\"f('x')\">", "<img alt=' src='>", "<img src=''>",

        '<img src="data:image/png;base64,AA==" srcset="https://x.example/a 1x,\n https://x.test">',
        "<!-- c <a href='#x'> -->", "<!--", "<!-->", "-->", "<!doctype html>", "<![CDATA[ a<b ]]>",
        "<?php echo 1 ?>", "&nbsp;", "&nbsp", "&#38;", "&amp;amp;", "&bogus;", "&", "<", ">", "</",
        "<3",
        "<script>if (a<b && c>d) x='</p>';</script>", "<script><!-- <script>", "</script>",
        "<style>a{background:url(https://cdn.example/a.png)}</style>", "<style>", "</style>",
        "<noscript><img alt=x></noscript>", "<noscript>", "</noscript>",
        "<textarea><p>", "</textarea>",
        "<title>a<b</title>", "<select><option value=1>", "</select>", "<xmp>", "</xmp>",
        "<svg viewBox='0 0 1 1'><path d=M0/></svg>", "<math><mi>x", "<table><p><tr>", "<template>",
        "<iframe>", "<plaintext>", "日本語", "é", "\U0001f600", "\r\n", "\t", "\x00",
        "\x0b", "\x7f",
        "\ufeff", "\u2028", "\udcff", "\udc80", "=", '"', "'", "`", "/", " ",
    ]
)  # fmt: skip
MESSY = st.lists(PIECES | st.text(max_size=6), max_size=12).map("".join)


@settings(max_examples=250, deadline=None)
@given(MESSY)
@example("<p title='\"'>&copy;<noscript>\udcff<p></noscript>")
@example("<select><xmp>x</select><noscript><select><xmp></noscript>tail")
def test_a_page_without_addresses_of_the_cms_is_left_as_it_is(page: str) -> None:
    assert html(page) == page.removeprefix("\ufeff")


@settings(max_examples=120, deadline=None)
@given(MESSY, MESSY)
def test_what_stands_around_a_rewritten_tag_is_left_as_it_is(before: str, after: str) -> None:
    link, new = f'<a href="{HOME}/?p=12">', '<a href="/blog/12.html">'
    before = before.removeprefix("\ufeff")
    text = html(f"{before}{link}{after}")
    # Inside a script, comment or broken tag the link is text, not a tag: rewritten, too.
    forms = (new, f'<a href="{PUBLIC}/blog/12.html">')
    assert text in [f"{before}{form}{after}" for form in forms]


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_rubbish_never_stops_an_export(text: str) -> None:
    html(text)
    html(f'<a href="{HOME}{text}">{text}</a><p style="{text}" data-x="{text}">tail')
    html(f"<script>{text}</script><style>{text}</style><base href={text}><noscript>{text}")


@pytest.mark.parametrize(
    ("written", "public"),
    [
        (f'<a href="{HOME}/?p=12">', '<a href="/blog/12.html">'),
        (f"<a href='{HOME}/?p=12'>", "<a href='/blog/12.html'>"),
        (f"<a href={HOME}/?p=12>", "<a href=/blog/12.html>"),
        (f"<a href=http:&#47;&#47;{HOST}&#47;?p=12>", "<a href=/blog/12.html>"),
        ('<a href="/?p=12#top">', '<a href="/blog/12.html#top">'),
        ('<a href="?p=12">', '<a href="/blog/12.html">'),
        (f'<a href="HTTP://{HOST}/?p=12">', '<a href="/blog/12.html">'),
        (f'<a href="//{HOST}/?p=12">', '<a href="/blog/12.html">'),
        (f'<a href="\n{HOME}/?p=12 ">', '<a href="/blog/12.html">'),
        (f'<a href="{HOME}">', '<a href="/">'),
        (f'<a href="http://staging:secret@{HOST}/?p=12">', '<a href="/blog/12.html">'),
        ('<img src="/wp-content/x/../a b.png">', '<img src="/wp-content/a%20b.png">'),
        (f'<img src="{HOME}//wp-content//a.png">', '<img src="/wp-content/a.png">'),
        (
            f'<a href="{HOME}/?p=12" href="{HOME}/?p=2">',
            '<a href="/blog/12.html" href="/company/">',
        ),
        (
            '<a title="a &lt; b" href="/?p=12" download>',
            '<a title="a &lt; b" href="/blog/12.html" download>',
        ),
        (f'<img srcset="/a.png 1x, {HOME}/b.png 2x">', '<img srcset="/a.png 1x, /b.png 2x">'),
        (
            '<p style="background:url(&quot;/a b.png&quot;)">',
            '<p style="background:url(&quot;/a%20b.png&quot;)">',
        ),
        (
            f'<link rel="canonical" href="{HOME}/?p=12">',
            f'<link rel="canonical" href="{PUBLIC}/blog/12.html">',
        ),
        (f'<link rel="icon" href="{HOME}/i.ico">', '<link rel="icon" href="/i.ico">'),
        (
            f'<meta property="og:url" content="{HOME}/?p=12">',
            f'<meta property="og:url" content="{PUBLIC}/?p=12">',
        ),
        (
            f'<meta property="og:image" content="{HOME}/a.png">',
            f'<meta property="og:image" content="{PUBLIC}/a.png">',
        ),
        (
            f'<meta http-equiv="refresh" content="0; url={HOME}/?p=12">',
            '<meta http-equiv="refresh" content="0; url=/blog/12.html">',
        ),
        (f'<option value="{HOME}/?p=12">', '<option value="/blog/12.html">'),
        (
            f'<noscript><img src="{HOME}/a.png"></noscript>',
            '<noscript><img src="/a.png"></noscript>',
        ),
        (
            f"<style>a{{background:url({HOME}/a.png)}}</style>",
            "<style>a{background:url(/a.png)}</style>",
        ),
        (f"<script>u='{HOME}/?p=12'</script>", "<script>u='/blog/12.html'</script>"),
        (f"{LINKED_DATA}'{HOME}/?p=12'</script>", f"{LINKED_DATA}'{PUBLIC}/blog/12.html'</script>"),
        (f"<p>see ({HOME}/?p=12).", f"<p>see ({PUBLIC}/blog/12.html)."),
        (
            f'<base href="{HOME}/company/"><a href="access/">',
            '<base href="/company/"><a href="/company/access/">',
        ),
        (
            '<base href="http://["><a href="?p=12">',
            '<base href="http://["><a href="/blog/12.html">',
        ),
        (
            f'<select><xmp><a href="{HOME}/?p=12"></xmp></select>',
            '<select><xmp><a href="/blog/12.html"></xmp></select>',
        ),
        (f'<a href="{HOME}/wp-login.php">Log in</a>', "<a>Log in</a>"),
        (f'<a href="{HOME}/?p=1700">', "<a>"),
    ],
)
def test_links_of_every_kind_lead_to_the_public_site(written: str, public: str) -> None:
    assert html(written) == public


@pytest.mark.parametrize(
    "markup",
    [
        '<link rel="EditURI" href="/xmlrpc.php?rsd">',
        '<link rel="https://api.w.org/" href="/wp-json/">',
        '<link rel="shortlink" href="/?p=12">',
        '<link rel="alternate" type="application/json+oembed" href="/wp-json/x">',
        '<meta name="generator" content="WordPress 6.9">',
        '<div id="respond"><p>Reply<form><input></form></div>',
        '<form action="/wp-comments-post.php"><textarea></textarea></form>',
        '<form role="search"><input name="s"></form>',
        '<a class="comment-reply-link" href="?replytocom=3">Reply</a>',
        '<div id="wpadminbar"><div>Howdy, alice</div></div>',
    ],
)
def test_what_only_the_cms_needs_is_taken_out_and_counted(markup: str) -> None:
    document = rewritten(f"<p>before</p>{markup}<p>after</p>")
    assert document.body == b"<p>before</p><p>after</p>"
    assert document.removals.total() == 1


def test_the_addresses_on_a_page_are_collected_once_in_order() -> None:
    page = (
        '<a href="/?p=1632#a"><img src="a.png"><a href="/?p=1632"><a href="https://other.example/">'
    )
    found = rewritten(page + '<noscript><img src="b.png"></noscript>').found
    assert [address.path for address in found] == ["/blog/1632.html", "/a.png", "/b.png"]


@pytest.mark.parametrize(
    ("written", "declared"),
    [
        ('<meta charset="Shift_JIS">', '<meta charset="utf-8">'),
        ("<META CHARSET=euc-jp>", "<META CHARSET=utf-8>"),
        (
            '<meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS">',
            '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">',
        ),
        ("<p>no charset=Shift_JIS here", "<p>no charset=Shift_JIS here"),
    ],
)
def test_a_page_says_that_it_is_written_in_utf_8(written: str, declared: str) -> None:
    assert declare_utf8(written) == declared


@pytest.mark.parametrize(
    ("written", "public"),
    [
        ("?p=1632&copy=1", "/blog/1632/copy-1.html"),
        ("?p=1632&amp;copy=1", "/blog/1632/copy-1.html"),
        ("&quest;p=1632", "/blog/1632.html"),
        ("a&notit;.png", "/a&amp;notit;.png"),
        ("a&copy.png", "/a%C2%A9.png"),
    ],
)
def test_entities_are_read_as_they_are_in_attributes(written: str, public: str) -> None:
    assert html(f'<a href="{written}">') == f'<a href="{public}">'
