"""Addresses in style sheets, feeds and sitemaps."""

from __future__ import annotations

import html
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from publisher.rewrite.css import rewrite_css
from publisher.rewrite.linker import Linker
from publisher.rewrite.xml import rewrite_xml
from tests.samples import HOME, PUBLIC, addresses, hosts

ADDRESSES = addresses()
HOSTS = hosts(ADDRESSES)
SHEET = f"{HOME}/wp-content/themes/t/style.css"


def css(text: str, *, moves: bool = False) -> str:
    return rewrite_css(text, Linker(ADDRESSES, SHEET), moves=moves)


def xml(text: str) -> str:
    return rewrite_xml(text, Linker(ADDRESSES, f"{HOME}/?feed=rss2"), HOSTS)


@pytest.mark.parametrize(
    ("text", "public"),
    [
        (f"a{{b:url({HOME}/a.png)}}", "a{b:url(/a.png)}"),
        (f"a{{b:URL( '{HOME}/a.png' )}}", "a{b:URL( '/a.png' )}"),
        ("a{b:url(//127.0.0.1:8181/a.png)}", "a{b:url(/a.png)}"),
        (f'a{{b:url("{HOME}/写真 (1).png")}}', 'a{b:url("/%E5%86%99%E7%9C%9F%20(1).png")}'),
        (f"@import '{HOME}/x.css';", "@import '/x.css';"),
        (f"@import url({HOME}/x.css) screen;", "@import url(/x.css) screen;"),
        (f"a{{b:url({HOME}/wp-login.php)}}", "a{b:url(about:blank)}"),
        ("a{b:url(/x/../a.png)}", "a{b:url(/a.png)}"),
    ],
)
def test_absolute_addresses_of_the_cms_become_public(text: str, public: str) -> None:
    assert css(text) == css(text, moves=True) == public


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("a{b:url(../img/a.png)}", "a{b:url(/wp-content/themes/img/a.png)}"),
        ('@import "parts.css";', '@import "/wp-content/themes/t/parts.css";'),
    ],
)
def test_relative_addresses_change_only_where_the_text_moves(text: str, moved: str) -> None:
    assert css(text) == text
    assert css(text, moves=True) == moved


@pytest.mark.parametrize(
    "text",
    [
        "a{b:url(data:image/png;base64,AA==)}", "a{b:url(#x)}", "a{b:url()}", "a{b:url('')}",
        "a{b:url(https://cdn.example/a.png)}", "a{b:url(/a\\ b.png)}", "a{b:url(", "@import", "{}",
        "a{b:url('unclosed)}", "a{content:'url'}", "/* url(*/",
    ],
)  # fmt: skip
def test_everything_else_in_a_style_sheet_stays(text: str) -> None:
    assert css(text) == css(text, moves=True) == text


@given(st.text(st.sampled_from("url('\")@import \\a.:/{}#é\n"), max_size=40))
def test_rubbish_keeps_its_beginning_and_its_end(text: str) -> None:
    assert css(f"a{{}} {text} }}tail").endswith("tail")
    assert css(f"first{{}} {text}").startswith("first{} ")


FEED = """<?xml version="1.0" encoding="UTF-8"?><?xml-stylesheet type="text/xsl" href="{home}/s.xsl" ?>
<rss version="2.0"><channel><link>{home}</link>
<item><title>日本 &amp; &#8217;</title><link>{home}/?p=12</link>
<description><![CDATA[<a href="{home}/?p=1632&amp;page=2">x</a>]]></description></item>
{more}</channel></rss>
"""  # noqa: E501 - as WordPress prints it


def test_a_feed_has_absolute_public_addresses_and_its_own_style_sheet() -> None:
    public = xml(FEED.format(home=HOME, more=""))
    assert public == FEED.format(home=PUBLIC, more="").replace(f"{PUBLIC}/s.xsl", "/s.xsl").replace(
        "/?p=12<", "/blog/12.html<"
    ).replace("/?p=1632&amp;page=2", "/blog/1632/2.html")


@pytest.mark.parametrize("quoted", [str, lambda text: html.escape(text)])
@pytest.mark.parametrize(
    ("written", "public"),
    [
        ("/?p=12", f"{PUBLIC}/blog/12.html"),
        ("/wp-login.php", "about:blank"),
        ("/wp-login.php?redirect_to=http%3A%2F%2Fx.example%2F", "about:blank"),
        (f"{HOME}/wp-login.php?redirect_to={quote(HOME, safe='')}%2F%3Fp%3D12", "about:blank"),
        ("/?s=x&paged=2", "about:blank"),
        ("/?p=1700", "about:blank"),
        (f"{HOME}/?p=12", f"{PUBLIC}/blog/12.html"),
        (f"{HOME}/?p=1700", "about:blank"),
        (f"{HOME}/?p=9999&preview=true", "about:blank"),
        (f"{HOME}/?s=x&paged=2", "about:blank"),
        ("https://other.example/?p=1700", "https://other.example/?p=1700"),
    ],
)
def test_links_of_html_in_a_feed_are_public_or_lead_nowhere(
    written: str, public: str, quoted: Callable[[str], str]
) -> None:
    def item(url: str) -> str:
        markup = quoted(f'<a href="{url}">言葉</a>')
        return f"<item><description>{markup}</description></item>"

    assert xml(item(written.replace("&", "&amp;"))) == item(public)


def test_a_relative_link_of_html_in_a_feed_is_nobodys_broken_link() -> None:
    linker = Linker(ADDRESSES, f"{HOME}/category/news/feed/")
    text = (
        "<rss><a><![CDATA[<a href='../x/'>x</a>]]></a><b>&lt;a href=&quot;y/&quot;&gt;</b>"
        '<atom:link href="z.xml"/></rss>'
    )
    assert rewrite_xml(text, linker, HOSTS) == text
    assert list(linker.found) == ["/category/news/feed/z.xml"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (FEED.format(home=HOME, more=f"<item><link>{HOME}/?p=1700</link></item>"), "日本 &amp; "),
        (
            '<feed xmlns="http://www.w3.org/2005/Atom"><title>k</title>'
            f'<entry><link rel="alternate" href="{HOME}/?p=1700"/></entry></feed>',
            "<title>k</title>",
        ),
        (
            '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
            f"<url><loc>{HOME}/?p=1700</loc></url><url><loc>{HOME}/?p=12</loc></url></urlset>",
            f"<url><loc>{PUBLIC}/blog/12.html</loc></url>",
        ),
        (
            '<?xml version="1.0" encoding="EUC-JP"?><rss><title>日本</title>'
            f"<item><link>{HOME}/?p=1700</link></item></rss>",
            "<title>日本</title>",
        ),
    ],
    ids=["rss", "atom", "sitemap", "another charset"],
)
def test_entries_that_the_public_may_not_have_are_left_out(text: str, kept: str) -> None:
    public = xml(text)
    assert "1700" not in public
    assert kept in public
    etree.fromstring(public.encode())


@pytest.mark.parametrize(
    "text",
    ["", "<", "<rss><item>", f"<rss><item><link>{HOME}/?p=1700</link>", "<a>\udcff</a>",
     f"<rss>\udcff<item><link>{HOME}/?p=1700</link></item></rss>", "<?xml-stylesheet",
     '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;'
     f"<item><link>{HOME}/?p=1700</link></item></r>"],
)  # fmt: skip
def test_bad_xml_never_stops_an_export(text: str) -> None:
    public = xml(text)
    assert HOSTS.leak(public) == ""
    assert "root:" not in public
