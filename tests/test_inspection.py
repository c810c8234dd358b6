"""Canaries that must be found in a text, and what looks like one and is none."""

from __future__ import annotations

import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import Finding
from publisher.inspection import Inspector, SiteFacts, leaked

HTML = "text/html; charset=utf-8"
JS = "text/javascript; charset=utf-8"
CSS = "text/css; charset=utf-8"
JSON = "application/json; charset=utf-8"
XML = "application/rss+xml; charset=utf-8"
FACTS = SiteFacts(
    "https://www.example.co.jp",
    ("staging.example.co.jp", "127.0.0.1:8081"),
    frozenset(("mika", "山田", "tanaka.k")),
    ("known@partner.jp", "*@group.jp"),
    frozenset((1, 2, 1632)),
)
INSPECTOR = Inspector(FACTS)
TEXT = "<p>会社案内のページです。ようこそいらっしゃいました。</p>"


def inspected(text: str, content_type: str = HTML, path: str = "/a/") -> list[Finding]:
    return INSPECTOR.findings(text.encode("utf-8", "surrogateescape"), content_type, path)


def body(markup: str) -> str:
    return f"<!DOCTYPE html>\n<html lang=ja><body>\n{TEXT}\n{markup}\n</body></html>"


@pytest.mark.parametrize(
    ("gate", "markup"),
    [
        ("staging-host", '<img src="http://192.168.0.3/a.png">'),
        ("staging-host", '<a href="//10.1.2.3:8080/x">x</a>'),
        ("staging-host", '<a href="https://172.31.0.1">x</a>'),
        ("staging-host", "<style>a{background:url(http://169.254.1.1/a)}</style>"),
        ("staging-host", '<script>var a="http:\\/\\/192.168.10.20\\/api"</script>'),
        ("staging-host", '<a href="https://x.example/?u=http%3A%2F%2F10.0.0.7%2Fa">x</a>'),
        ("staging-host", '<script>var a="http://localhost:3000/"</script>'),
        ("staging-host", '<img src="http://[::1]/a.png">'),
        ("staging-host", '<img src="http://[fd12:3456::1]:80/a.png">'),
        ("staging-host", "<p>社内: http://192.168.0.3/wiki</p>"),
        ("unpublished", '<article class="post-9 post type-post status-draft hentry">'),
        ("unpublished", '<li class="wp-block-post post-9 status-private">'),
        ("unpublished", '<article class="post-9 status-future">'),
        ("unpublished", '<h1 class="entry-title">非公開: 役員会</h1>'),
        ("unpublished", "<h1>保護中: 社員向け</h1>"),
        ("unpublished", "<h1>\n  Private: Minutes</h1>"),
        ("unpublished", "<h1>Protected: Minutes</h1>"),
        ("unpublished", '<a href="https://www.example.co.jp/?p=9&amp;preview=true">x</a>'),
        ("unpublished", '<a href="/news/?preview_id=9&preview_nonce=x">x</a>'),
        ("unpublished", '<a data-to="/?p=77">x</a>'),
        ("unpublished", '<a href="/?page_id=77">x</a>'),
        ("unpublished", '<script>var u="\\/?p=77"</script>'),
        ("user-names", '<a href="/author/jane/">x</a>'),
        ("user-names", '<a href="https://www.example.co.jp/author/mika/">x</a>'),
        ("user-names", '<a href="/author/%E5%B1%B1%E7%94%B0/">x</a>'),
        ("user-names", '<a href="/blog/author/jane/feed">x</a>'),
        ("user-names", "<p>https://www.example.co.jp/author/mika/ です</p>"),
        ("user-names", '<script>{"u":"https:\\/\\/www.example.co.jp\\/author\\/mika\\/"}</script>'),
        ("user-names", '<script type="application/ld+json">{"@type":"Person",'
                       '"@id":"https://www.example.co.jp/author/mika/#person"}</script>'),
        ("user-names", '<section class="card author-mika">'),
        ("user-names", '<div class="comment comment-author-mika">'),
        ("user-names", '<main class="archive author author-jane author-3">'),
        ("user-names", '<script>var u={"user_login":"jane"}</script>'),
        ("user-names", '<div data-u="{&quot;user_nicename&quot;:&quot;jane&quot;}">'),
        ("user-names", '<script>{"author":{"id":3,"name":"山田","slug":"jane"}}</script>'),
        ("user-names", '<a href="/?author_name=jane">x</a>'),
        ("user-names", '<a href="https://jane:secret@intra.yamada.jp/x">x</a>'),
        ("nonces", '<input type="hidden" id="_wpnonce" name="_wpnonce" value="0a1b2c3d4e">'),
        ("nonces", '<a href="/x/?_wpnonce=0a1b2c3d4e">x</a>'),
        ("nonces", '<script>var x={"ajax_nonce":"0a1b2c3d4e"}</script>'),
        ("nonces", '<script>var x={nonce: \'0a1b2c3d4e\'}</script>'),
        ("nonces", '<script>var x={"_ajax_nonce":"0a1b2c3d4e"}</script>'),
        ("nonces", '<script>wp.apiFetch.createNonceMiddleware( "0a1b2c3d4e" )</script>'),
        ("nonces", '<script>var wpApiSettings={"root":"/","nonce":"0a1b2c3d4e"}</script>'),
        ("nonces", '<div data-form="{&quot;nonce&quot;:&quot;0a1b2c3d4e&quot;}">'),
        ("cms-links", '<a data-href="/wp-admin/post.php?post=1">x</a>'),
        ("cms-links", '<script>var a={"ajaxurl":"https:\\/\\/staging.example.co.jp\\/wp-admin'
                      '\\/admin-ajax.php"}</script>'),
        ("cms-links", '<script>var a="https:\\/\\/www.example.co.jp\\/wp-json\\/wp\\/v2"</script>'),
        ("cms-links", '<a data-x="https://staging.example.co.jp/wp-login.php">x</a>'),
        ("cms-links", '<form action="/blog/xmlrpc.php">'),
        ("cms-links", '<a data-x="/?rest_route=/wp/v2/posts">x</a>'),
        ("cms-links", "<style>a{background:url(/wp-admin/images/x.png)}</style>"),
        ("emails", "<p>連絡先はtaro@yamada.co.jpまで</p>"),
        ("emails", '<a href="mailto:taro@yamada.co.jp?subject=x">x</a>'),
        ("emails", '<a href="mailto:%74aro%40yamada.co.jp">x</a>'),
        ("emails", "<p>&#116;ar&#111;&#64;yam&#97;da.&#99;o.jp</p>"),
        ("emails", "<p>taro&#x40;yamada.co.jp taro&commat;yamada.jp</p>"),
        ("emails", '<script>var m="taro@yamada.co.jp"</script>'),
        ("emails", '<script>var m="taro\\u0040yamada.co.jp"</script>'),
        ("emails", '<script type="application/ld+json">{"email":"mailto:t@yamada.jp"}</script>'),
        ("emails", "<p>たろう: 太郎@yamada.co.jp</p>"),
        ("emails", "<p>taro@例え.jp</p>"),
    ],
)  # fmt: skip
def test_a_canary_is_found_where_it_is(gate: str, markup: str) -> None:
    text = body(markup)
    found = inspected(text)
    assert {finding.gate for finding in found} == {gate}
    assert found[0].page == "/a/"
    assert found[0].line in range(4, 6)
    assert found[0].column > 0
    assert found[0].excerpt
    assert found[0].subject


@pytest.mark.parametrize(
    ("gate", "text", "content_type"),
    [
        ("cms-links", 'fetch("https://www.example.co.jp/wp-admin/admin-ajax.php")', JS),
        ("cms-links", '{"api":"https://www.example.co.jp/wp-json/x/v1"}', JSON),
        ("emails", '{"text":"連絡はtaro@yamada.jpへ"}', JSON),
        ("emails", '{"text":"\\u003ca\\u003e\\ntaro@yamada.jp"}', JSON),
        ("emails", "<item><author>taro@yamada.jp</author></item>", XML),
        ("emails", "User: taro@yamada.jp", "text/plain; charset=utf-8"),
        ("user-names", '<item><![CDATA[<a href="/author/jane/">x</a>]]></item>', XML),
        ("nonces", '{"nonce":"0a1b2c3d4e"}', JSON),
        ("staging-host", "a{background:url(//10.0.0.1/a.png)}", CSS),
    ],
)
def test_a_canary_in_another_kind_of_text(gate: str, text: str, content_type: str) -> None:
    assert {finding.gate for finding in inspected(text, content_type)} == {gate}


CLEAN = """<!DOCTYPE html>
<html lang="ja"><head><meta charset="utf-8"><title>会社案内 – 株式会社やまだ</title>
<link rel="canonical" href="https://www.example.co.jp/company/">
<meta property="og:url" content="https://www.example.co.jp/?p=1632">
<link rel="stylesheet" href="/wp-content/themes/y/style.css?ver=6.10.1">
<style>@media (max-width:600px){a{background:url("/i/icon@2x.png")}} @import "x.css";</style>
<script type="application/ld+json">{"@context":"https://schema.org","@graph":[{"@type":"Person",
"@id":"https://www.example.co.jp/#/schema/person/abc","name":"山田 花子","url":
"https://www.example.co.jp/author/3/"},{"@type":"WebSite","name":"mika"}]}</script>
<script type="speculationrules">{"prefetch":[{"source":"document","where":{"and":[
{"href_matches":"/*"},{"not":{"href_matches":["/wp-*.php","/wp-admin/*","/*\\\\?(.+)"]}}]}}]}</script>
<script src="https://cdn.jsdelivr.net/npm/swiper@11.0.5/sw.js" nonce="r4nd0mBase64=="></script>
<script src="https://unpkg.com/vue@3/dist/vue.global.js"></script>
<script>/*! lib v1.10.127.3 by John <john@library.org> */var a=b@c.d;Sentry.init({dsn:
"https://0123456789abcdef0123456789abcdef@o123.ingest.sentry.io/4"});</script></head>
<body class="page page-id-2 wp-embed-responsive">
<svg width="0" height="0"><path d="M10.127.0.1 172.16.0.1"/></svg>
<h1 class="entry-title">会社案内</h1>
<h1 class="entry-title"><a href="/blog/7.html">保護中: 社員向け</a></h1>
<article class="post-2 page type-page status-publish hentry author-box comment-author-info">
<img srcset="/i/logo@2x.png 2x, /i/logo@3x.webp 3x" src="/i/logo.png" alt="ロゴ">
<p>電話 03-1234-5678、FAX 03-1234-5679、〒100-0001。バージョン 10.0.0.1 と 192.168.0.1 の違い。</p>
<p>管理画面 /wp-admin/ と wp-json は公開されません。「/wp-login.php」や ?p=99 も同じです。</p>
<p>詳細は https://www.example.co.jp/wp-admin/ を参照。once=0a1b2c3d4e</p>
<p>お問い合わせ: info@example.co.jp, sales@jp.example.co.jp, <a href="mailto:a@example.com">x</a>,
known@partner.jp, anyone@group.jp, you@example.jp, someone@shop.test</p>
<pre>curl -u user:pass http://192.168.1.1/wp-admin/ "nonce":"0a1b2c3d4e"
git clone git@github.com:yamada/site.git &amp;&amp; ssh://deploy@host/x
{"user_login":"admin"} class="author-mika" http://localhost:8080/ npm i pkg@1.2.3</pre>
<p><code>http://10.0.0.1/</code> を開きます。 開発中は http://127.0.0.1:8080/ です。</p>
<p>筆者は <a rel="author" href="/author/3/">mika</a>。<a href="/author/3/page/2/">次へ</a>
<a href="https://other.example.jp/author/jane/">寄稿</a>
<a href="https://mastodon.social/@mika@mstdn.jp">@mika@mstdn.jp</a>
<a href="https://www.google.com/maps/@35.6812,139.7671,17z">地図</a>
<script>var _wpUtilSettings={"ajax":{"url":"\\/wp-admin\\/admin-ajax.php"}};</script>
<script id="x-js-extra">var a="/wp-admin/admin-ajax.php"; fetch('/wp-json/x/v1');</script>
<div data-settings='{"ajaxurl":"\\/wp-admin\\/admin-ajax.php"}' data-url="about:blank"></div>
<a href="https://www.example.co.jp/?p=99">古い記事</a>
<a href="https://wordpress.org/wp-admin/">ほかのサイト</a>
<a href="//other.example.jp/wp-login.php">ほかのサイト</a>
<a href="https://www.facebook.com/sharer?u=https%3A%2F%2Fwww.example.co.jp%2Fauthor%2F3%2F">共有</a></p>
</article></body></html>"""


def test_a_page_as_companies_have_it_is_clean() -> None:
    assert inspected(CLEAN) == []


@pytest.mark.parametrize(
    ("text", "content_type"),
    [
        ("User-agent: *\nDisallow: /wp-admin/\nAllow: /wp-admin/admin-ajax.php\n", "text/plain"),
        ('if(u.indexOf("/wp-admin/")>0){x("http://localhost")}// by a@b.org', JS),
        ('fetch("/wp-admin/admin-ajax.php")', JS),
        ('e.exports="@wordpress/api-fetch";var nonce=t.nonce;r("pkg@1.2.3")', JS),
        ("/* Theme: y, by John <john@library.org> */ @font-face{src:url(a@2x.png)}", CSS),
        ("<guid>https://www.example.co.jp/?p=1632</guid><dc:creator>mika</dc:creator>", XML),
        ("<p>taro@yamada.jp", "image/png"),
        ("google-site-verification", HTML),
        ("abc", HTML),
    ],
)
def test_what_only_looks_like_it(text: str, content_type: str) -> None:
    assert inspected(text, content_type) == []


@pytest.mark.parametrize(
    ("markup", "is_empty"),
    [
        ("", True),
        ("<head><title>長い題名があってもページは空です。</title></head><body></body>", True),
        ("<body><script>" + "x" * 99 + "</script><style>" + "y" * 99 + "</style></body>", True),
        ("<body><!-- " + "z" * 99 + " --><p> \n </p>", True),
        ('<body><svg width="0" height="0"><title>' + "x" * 99 + "</title></svg></body>", True),
        ("<body><script>" + "x" * 99, True),
        ("<body><p>0", True),
        (f"<body>{TEXT}</body>", False),
        ("<body><p>工事中", False),
        ("<body><a href=a.pdf>pdf</a>", False),
        ("<body><img src=a.png></body>", False),
        ("<body><svg viewBox='0 0 9 9'><path/></svg></body>", False),
        ('<body><iframe src="//www.youtube.com/embed/x"></iframe></body>', False),
        ('<head><meta http-equiv="refresh" content="0;url=/a/"></head><body></body>', False),
    ],
)  # fmt: skip
def test_a_page_that_shows_nothing(markup: str, is_empty: bool) -> None:
    assert [finding.gate for finding in inspected(markup)] == ["tiny-pages"] * is_empty


@pytest.mark.parametrize(
    ("public", "address", "is_fine"),
    [
        ("https://www.example.co.jp", "a@yamada.jp", False),
        ("https://www.yamada.co.jp", "a@yamada.co.jp", True),
        ("https://www.yamada.co.jp", "a@mail.yamada.co.jp", True),
        ("https://shop.yamada.co.jp", "a@yamada.co.jp", True),
        ("https://shop.yamada.co.jp", "a@tanaka.co.jp", False),
        ("https://yamada.jp", "a@notyamada.jp", False),
    ],
)
def test_the_sites_own_domain(public: str, address: str, is_fine: bool) -> None:
    found = Inspector(SiteFacts(public)).findings(body(address).encode(), HTML, "/")
    assert (found == []) is is_fine


def test_every_address_may_be_allowed() -> None:
    facts = SiteFacts("https://www.example.co.jp", emails=("*",))
    assert Inspector(facts).findings(body("taro@yamada.jp").encode(), HTML, "/") == []


def test_line_and_column_are_those_of_an_editor() -> None:
    (found,) = inspected("<p>漢字𠮷漢字かな混じりの文章がここにあります\n<p>電話 taro@yamada.jp")
    assert (found.line, found.column) == (2, 7)
    assert found.subject == "taro@yamada.jp"


def test_a_page_gives_a_bounded_number_of_findings() -> None:
    assert len(inspected(body(" ".join(f"u{n}@yamada.jp" for n in range(1000))))) == 20


def test_the_same_place_is_found_once() -> None:
    assert len(inspected(body('<a href="mailto:taro@yamada.jp">'))) == 1


def test_the_host_of_the_cms_is_named_with_its_place() -> None:
    text = "<p>a\n<p>http://staging.example.co.jp/x"
    found = leaked("/a/", "<p>http://staging.example.co.jp", text.encode())
    assert (found.gate, found.page, found.line, found.column) == ("staging-host", "/a/", 2, 1)


def test_facts_go_to_other_processes() -> None:
    assert pickle.loads(pickle.dumps(FACTS)) == FACTS


_PIECES = st.sampled_from(
    'taro@yamada.jp <a|href="|/author/jane/|"nonce":"0a1b2c3d4e"|<script>|</script>|<pre>|'
    "//10.0.0.1|status-draft|<h1>|非公開: |&#64;|%40|\x00|\x1b[31m|\u202e|\u2028|\udc80|\x9b|\n"
    "".split("|")
)


@given(st.lists(_PIECES | st.text(max_size=9), max_size=30), st.sampled_from((HTML, JS, JSON, XML)))
def test_findings_can_be_printed(pieces: list[str], content_type: str) -> None:
    data = "".join(pieces).encode("utf-8", "surrogatepass")
    found = INSPECTOR.findings(data, content_type, "/a\x1b/")
    for finding in [*found, leaked("/a\x9b/", "x\x1b[0m\ud800\n")]:
        for text in (finding.page, finding.detail, finding.excerpt, finding.subject):
            assert text.isprintable()


@pytest.mark.parametrize(
    "hostile",
    [
        "<script", "<script>", "<pre>", "@", "a@", "a@a.", "&#64;", "//1", "//10.", "author-",
        "/author/", 'author":{', "once=", "once  ", "<h1 ", "<h1>" + " " * 90, "status-", "<",
        '"/', "%2F%2F", "?p=1", "wp-admin/", "a" * 60 + "@", "<svg>", "<!--", "\\u0040",
    ],
)  # fmt: skip
@pytest.mark.parametrize("start", ["", "<body><a x='", "<body><script>"])
def test_hostile_texts_take_no_time(hostile: str, start: str) -> None:
    data = (start + hostile * (300_000 // len(hostile))).encode()
    before = time.process_time()
    INSPECTOR.findings(data, HTML, "/")
    assert time.process_time() - before < 2
