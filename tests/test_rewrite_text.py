"""The CMS's host in any text: found in every form, and never part of a longer name."""

from __future__ import annotations

import random
import re
from time import process_time
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.rewrite.css import rewrite_css
from publisher.rewrite.linker import Linker, Style
from publisher.rewrite.scripts import plain_string
from publisher.rewrite.spelling import Spellings, pattern
from publisher.rewrite.text import Hosts
from publisher.rewrite.xml import rewrite_xml
from tests.samples import HOME, PUBLIC, addresses, hosts, html

# Where a staging CMS may be: this machine, a name, a name with a port, upper-case, Unicode.
HOMES = [
    HOME,
    "http://staging.example.test",
    "http://staging.example.test:8081",
    "https://Staging.Example.Test",
    "http://ステージング.example.test:81",
    "http://wordpress:8080",
]


def rewritten(text: str, home: str = HOME, style: Style | None = None) -> str:
    of = addresses(home=home)
    return hosts(of).rewrite(text, Linker(of, f"{home}/?p=12"), style)


PATHS = st.sampled_from(
    ["", "/", "/?p=1632", "/?p=12&page=2",
     "/a b.png", "/wp-login.php", "/会社/", "/x/?a=b%26c", "//x",
     "/?s=x", "?p=12#f", "/wp-json/", "/../a", "[", "/\U0001f600", "/%E4%BC"]
)  # fmt: skip


def entities(text: str) -> str:
    return text.replace("/", "&#47;").replace(".", "&#46;").replace(":", "&#x3A;")


def in_json(text: str) -> str:
    return text.replace("/", "\\/")


WRITTEN = st.sampled_from(
    [
        str,
        str.upper,
        in_json,
        entities,
        lambda text: text.replace("/", "\\u002f"),
        lambda text: text.replace("//", "//user:secret@"),
        lambda text: text.partition(":")[2],
        lambda text: text.partition("//")[2],
        lambda text: quote(text, safe=""),
        lambda text: quote(quote(text, safe=""), safe=""),
        lambda text: quote(text, safe="/"),
        lambda text: quote(in_json(text), safe=""),
    ]
)
CONTEXTS = st.sampled_from(
    [
        '<a href="{}">', "<a href='{}'>", "<a href={}>", "<img srcset='{} 1x, {} 2x'>", "<p>{}</p>",
        "<img srcset='{},{}'>", '<p data-x="{}">', "<p data-x='{{\"u\":\"{}\"}}'>", "<!-- {} -->",
        '<p data-x="{{&quot;u&quot;:&quot;{}&quot;}}">', '<p style="background:url({})">', "{}",
        "<p style='background:url(&quot;{}&quot;)'>", "<script>x=\"{}\"</script>",
        "<a ping='{} {}'>",
        '<script type="application/ld+json">{{"@id":"{}"}}</script>',
        "<style>@import '{}';</style>",
        "<noscript><img src='{}'></noscript>", "<textarea>{}</textarea>", "<title>{}</title>",
        '<meta http-equiv="refresh" content="0;url={}">', '<meta property="og:url" content="{}">',
        '<a href="https://share.example/?u={}&amp;t=x">', '<p onclick="go(\'{}\')">', "<x>{}",
        "<select><xmp>{}</select>", "<svg><a xlink:href='{}'/></svg>", "<base href='{}'>", "<a {}>",
        "日本語「{}」です。", "<iframe srcdoc='&lt;a href=&quot;{}&quot;&gt;'>", "<![CDATA[{}]]>",
        "<form action='{}'>", "<a href='mailto:a@{}'>", "url({})", "a,{},b;{};c|{}|", "({}).",
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(HOMES), PATHS, WRITTEN, CONTEXTS)
def test_no_form_of_the_staging_host_gets_out_of_any_text(
    home: str, path: str, written: object, context: str
) -> None:
    assert callable(written)
    text = context.replace("{{", "{").replace("}}", "}").replace("{}", written(home + path))
    of = addresses(home=home)
    known = hosts(of)
    linker = Linker(of, f"{home}/?p=12")
    public = html(text, of, f"{home}/?p=12")
    host = home.partition("//")[2].casefold()
    sheet = known.rewrite(rewrite_css(text, linker, moves=False), linker, Style.ROOT)
    for form in (public, sheet, known.rewrite(text, linker), rewrite_xml(text, linker, known)):
        assert known.leak(form) == ""
        assert host not in form.casefold()
        assert host not in re.sub(r"\\", "", form).casefold()


@settings(max_examples=200, deadline=None)
@given(WRITTEN, st.sampled_from(['"', "'", " ", "&quot;", "<", "&lt;", "\n", ">", "\\n"]))
def test_what_follows_an_address_is_kept(written: object, end: str) -> None:
    assert callable(written)
    text = f'<p data-x="{written(f"{HOME}/?p=12")}{end}tail of the text'
    assert html(text).endswith(f"{end}tail of the text")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_rubbish_around_a_host_never_stops_an_export(before: str, after: str) -> None:
    for text in (f"{before}{HOME}{after}", f"{before}//{HOME[7:]}/{after}"):
        assert rewritten(text).startswith(before.rstrip("/")[:-90])


@pytest.mark.parametrize(
    "text",
    [
        "x127.0.0.1:8181", "9127.0.0.1:8181", "1.127.0.0.1:8181", "127.0.0.1:81811",
        "127.0.0.1:818",
        "127.0.0.1:8181.com", "127.0.0.1:8181-x", "127.0.0.1:8181:80",
        "127.0.0.1%3A81811",
        "https://other.example/127x0.0.1:8181",
    ],
)  # fmt: skip
def test_a_longer_host_with_a_number_is_left_alone(text: str) -> None:
    assert rewritten(f"see http://{text}/ and {text}") == f"see http://{text}/ and {text}"


def test_a_number_without_the_port_is_the_cms_where_an_address_begins() -> None:
    """Elsewhere it may be anything: 127.0.0.1 is in many a tutorial."""
    assert rewritten('<a x="http://127.0.0.1/feed/">') == '<a x="/feed.xml">'
    assert rewritten("see 127.0.0.1 and ping 127.0.0.1:80") == "see 127.0.0.1 and ping 127.0.0.1:80"


@pytest.mark.parametrize("home", ["http://staging.example.test", "http://staging.example.test:81"])
@pytest.mark.parametrize(
    "text",
    [
        "notstaging.example.test", "a.staging.example.test", "a-staging.example.test",
        "staging.example.test.evil.com", "staging.example.testing", "staging.example.test-2.com",
        "stagingxexample.test", "example.test", "my_staging.example.test",
    ],
)  # fmt: skip
def test_a_longer_name_is_left_alone(text: str, home: str) -> None:
    assert rewritten(f"see http://{text}/ and {text}", home) == f"see http://{text}/ and {text}"


@pytest.mark.parametrize("port", ["", ":80", ":443", ":9000"])
def test_a_name_is_the_cms_on_every_port(port: str) -> None:
    text = rewritten(f"see http://staging.example.test{port}/x", "http://staging.example.test:81")
    assert "staging" not in text
    assert "www.example.co.jp/x" in text


@pytest.mark.parametrize(
    ("text", "public"),
    [
        (f"{HOME}/?p=12", f"{PUBLIC}/blog/12.html"),
        (f"{HOME}", PUBLIC),
        (f"{HOME}/", f"{PUBLIC}/"),
        ("//127.0.0.1:8181/?p=12", "//www.example.co.jp/blog/12.html"),
        (f'"{HOME}/?p=12"', f'"{PUBLIC}/blog/12.html"'),
        (f'<a href="{HOME}/?p=12"', '<a href="/blog/12.html"'),
        (f"({HOME}/?p=12).", f"({PUBLIC}/blog/12.html)."),
        (f"{HOME}/?p=12、次", f"{PUBLIC}/blog/12.html、次"),
        (f"{HOME}？", f"{PUBLIC}？"),
        (f"{HOME}/a_(1).png)", f"{PUBLIC}/a_(1).png)"),
        (f"{HOME}/?p=12,{HOME}/?p=2", f"{PUBLIC}/blog/12.html,{PUBLIC}/company/"),
        ("http:\\/\\/127.0.0.1:8181\\/?p=12", "https:\\/\\/www.example.co.jp\\/blog\\/12.html"),
        ("http:\\/\\/127.0.0.1:8181\\/\\ud83d\\ude00.png",
         "https:\\/\\/www.example.co.jp\\/%F0%9F%98%80.png"),
        ("%22http%3A%2F%2F127.0.0.1%3A8181%2F%3Fp%3D12%22%7D",
         "%22https%3A%2F%2Fwww.example.co.jp%2Fblog%2F12.html%22%7D"),
        (f"https://x.example/?u={HOME}/?p=12&t=x",
         f"https://x.example/?u={PUBLIC}/blog/12.html&t=x"),
        (f"{HOME}/wp-login.php", f"{PUBLIC}/wp-login.php"),
        (f'"{HOME}/wp-login.php"', '"about:blank"'),
        ("127.0.0.1:8181", "www.example.co.jp"),
        ("mail a@127.0.0.1:8181", "mail a@www.example.co.jp"),
        ("http://staging:secret@127.0.0.1:8181/?p=12", f"{PUBLIC}/blog/12.html"),
        ("http://127.0.0.1:8181／x", f"{PUBLIC}／x"),
    ],
)  # fmt: skip
def test_an_address_in_text_becomes_the_public_one(text: str, public: str) -> None:
    assert rewritten(text) == public


def antispambot(text: str) -> str:
    """As WordPress hides mail addresses: each character as it is, or by its number."""
    kept = (lambda char: char, lambda char: f"&#{ord(char)};", lambda char: f"&#x{ord(char):x};")
    return "".join(kept[number % 3](char) for number, char in enumerate(text))


STAGING = "http://staging.example.test"


@pytest.mark.parametrize(
    ("text", "public"),
    [
        # JSON in JSON, as json_encode and JSON.stringify nest it.
        (r'"{\"u\":\"http:\\\/\\\/staging.example.test\\\/?p=12\"}"',
         r'"{\"u\":\"https:\\\/\\\/www.example.co.jp\\\/blog\\\/12.html\"}"'),
        (r"http:\\/\\/staging.example.test\\/?p=12",
         r"https:\\/\\/www.example.co.jp\\/blog\\/12.html"),
        (r"http:\u002F\u002Fstaging.example.test\u002F?p=12",
         r"https:\u002F\u002Fwww.example.co.jp\u002Fblog\u002F12.html"),
        (r"http\u003A\/\/staging.example.test\/?p=12",
         r"https:\/\/www.example.co.jp\/blog\/12.html"),
        # In a value of another address.
        ("https://x.example/?u=http%3A%2F%2Fstaging.example.test%2F%3Fp%3D12&t=1",
         "https://x.example/?u=https%3A%2F%2Fwww.example.co.jp%2Fblog%2F12.html&t=1"),
        ("u=http%253A%252F%252Fstaging.example.test%252F%253Fp%253D12",
         "u=https%253A%252F%252Fwww.example.co.jp%252Fblog%252F12.html"),
        ("u=%25252F%25252Fstaging.example.test%25253A81%25252Fx",
         "u=%25252F%25252Fwww.example.co.jp%25252Fx"),
        # Letters by their numbers.
        (antispambot("me@staging.example.test"),
         f"{antispambot('me')}@www.example.co.jp".replace("&#101;@", "&#101;&#x40;")),
        ("http://%73taging.example.test/?p=12", f"{PUBLIC}/blog/12.html"),
        (r"'http://\x73taging.e\u0078ample.test/?p=12'", "'https://www.example.co.jp/blog/12.html'"),
        ("http://&#115;taging.example.test/?p=12", f"{PUBLIC}/blog/12.html"),
        # Other spellings of a name.
        (f"{STAGING}:8443/x", "http://www.example.co.jp/x"),
        ("https://www.staging.example.test/?p=12", f"{PUBLIC}/blog/12.html"),
        ("http://staging.example.test./?p=12", f"{PUBLIC}/blog/12.html"),
        ("http://staging.example.test.:80/?p=12", f"{PUBLIC}/blog/12.html"),
        ("staging.example.test:8443http://a.example/", "www.example.co.jphttp://a.example/"),
        ("see staging.example.test.", "see www.example.co.jp."),
        ("HTTPS://STAGING.Example.TEST/?p=12", f"{PUBLIC}/blog/12.html"),
        ("//staging.example.test/?p=12", "//www.example.co.jp/blog/12.html"),
        # Japanese prose has no spaces.
        ("詳しくはstaging.example.testをご覧ください", "詳しくはwww.example.co.jpをご覧ください"),
        ("詳しくはhttp://staging.example.testをご覧", f"詳しくは{PUBLIC}をご覧"),
        ("http://日本staging.example.test/", "http://日本staging.example.test/"),
        # Longer hosts, spelt by numbers.
        ("not&#45;staging.example.test", "not&#45;staging.example.test"),
        ("&#97;staging.example.test", "&#97;staging.example.test"),
        ("%61staging.example.test", "%61staging.example.test"),
        (r"\x61staging.example.test", r"\x61staging.example.test"),
        ("staging.example.test&#97;", "staging.example.test&#97;"),
        ("staging.example.test%2Ecom", "staging.example.test%2Ecom"),
        ("https://a.example/staging-example-test/", "https://a.example/staging-example-test/"),
    ],
)  # fmt: skip
def test_every_spelling_of_a_staging_name_is_found(text: str, public: str) -> None:
    assert rewritten(text, STAGING) == public


@pytest.mark.parametrize(
    ("home", "text", "public"),
    [
        ("http://www.staging.example.test", f"{STAGING}/?p=12", f"{PUBLIC}/blog/12.html"),
        ("http://localhost:81", "http://127.0.0.1:81/?p=12", f"{PUBLIC}/blog/12.html"),
        ("http://127.0.0.1:81", "HTTP://LOCALHOST:81/?p=12", f"{PUBLIC}/blog/12.html"),
        ("http://127.0.0.1", "http://localhost/?p=12", f"{PUBLIC}/blog/12.html"),
        ("http://127.0.0.1:81", "localhost and localhost:82", "localhost and localhost:82"),
        ("http://テスト.example.test", "http://xn--zckzah.example.test/?p=12",
         f"{PUBLIC}/blog/12.html"),
        ("http://テスト.example.test", "//XN--ZCKZAH.example.test/", "//www.example.co.jp/"),
        ("http://xn--zckzah.example.test", "http://テスト.example.test/?p=12",
         f"{PUBLIC}/blog/12.html"),
        ("http://テスト.example.test", r'"http:\/\/\u30c6\u30b9\u30c8.example.test\/?p=12"',
         r'"https:\/\/www.example.co.jp\/blog\/12.html"'),
        ("http://テスト.example.test", quote("http://テスト.example.test/?p=12", safe=""),
         quote(f"{PUBLIC}/blog/12.html", safe="")),
        # The public site's own name is nobody's other name.
        ("http://example.co.jp", f"{PUBLIC}/?p=12", f"{PUBLIC}/?p=12"),
        ("http://example.co.jp", "http://example.co.jp/?p=12", f"{PUBLIC}/blog/12.html"),
        ("http://www.example.co.jp:81", f"{PUBLIC}/x", f"{PUBLIC}/x"),
        ("http://www.example.co.jp:81", "http://www.example.co.jp:81/?p=12",
         f"{PUBLIC}/blog/12.html"),
    ],
)  # fmt: skip
def test_other_names_of_the_same_host(home: str, text: str, public: str) -> None:
    assert rewritten(text, home) == public


@pytest.mark.parametrize("home", [PUBLIC, "https://example.co.jp"])
def test_the_public_host_is_no_leak_where_the_cms_takes_it_for_its_own(home: str) -> None:
    of = addresses("/%postname%/", home=home, reached_at=HOME)
    page = html(
        f'<link rel="canonical" href="{home}/first/">'
        f'<meta property="og:url" content="{home}/first/">'
        f'<a href="{home}/?p=1632">a</a><a href="{HOME}/?p=12">b</a>'
        f'<a href="{home}/wp-login.php">c</a>'
        f"<script>var ajaxurl = '{home}/wp-admin/admin-ajax.php', u = '{home}/?p=12';</script>"
        f'<div data-settings=\'{{"a":"{in_json(home)}\\/wp-admin\\/admin-ajax.php"}}\'>'
        f"info@example.co.jp {HOME}/?p=12</div>",
        of,
        f"{home}/?p=12",
    )
    assert hosts(of).leak(page) == ""
    assert HOME not in page
    assert page == (
        f'<link rel="canonical" href="{PUBLIC}/blog/12.html">'
        f'<meta property="og:url" content="{PUBLIC}/first/">'
        '<a href="/blog/1632.html">a</a><a href="/blog/12.html">b</a><a>c</a>'
        "<script>var ajaxurl = 'about:blank', u = '/blog/12.html';</script>"
        '<div data-settings=\'{"a":"about:blank"}\'>'
        f"info@example.co.jp {PUBLIC}/blog/12.html</div>"
    )


def test_an_address_that_holds_another_one_is_replaced_as_a_whole() -> None:
    inner = quote(f"{HOME}/?p=12", safe="")
    assert rewritten(f'"{HOME}/wp-login.php?redirect_to={inner}" x') == '"about:blank" x'
    assert rewritten(f"{HOME}/a.pdf?b={inner}, {HOME}/?p=12") == (
        f"http{PUBLIC[5:]}/a.pdf?b={quote(f'{PUBLIC}/blog/12.html', safe='')}, "
        f"{PUBLIC}/blog/12.html"
    )


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("/?p=12", "/blog/12.html"),
        ("/?p=0", "/?p=0"),
        ("/?lang=ja&x=1", "/?lang=ja&x=1"),
        ("/?s=x", "/?s=x"),
        ("/wp-json/wp/v2/posts?page=2", "/wp-json/wp/v2/posts?page=2"),
        ("/wp-login.php", "/wp-login.php"),
        ("/wp-content/a.css?ver=1", "/wp-content/a.css?ver=1"),
    ],
)
def test_what_an_address_in_prose_says_is_kept(written: str, shown: str) -> None:
    assert html(f"<!-- {HOME}/wp-login.php -->") == "<!-- about:blank -->"
    text = html(f"<pre>{HOME}{written.replace('&', '&amp;')}</pre>")
    assert text == f"<pre>{PUBLIC}{shown.replace('&', '&amp;')}</pre>"


@pytest.mark.parametrize(
    "text",
    [
        quote(quote(quote(antispambot(STAGING), safe=""), safe=""), safe=""),
        r"\u0026#115;taging.example.test",
    ],
)
def test_a_leak_is_found_in_forms_that_can_not_be_mended(text: str) -> None:
    known = hosts(addresses(home=STAGING))
    assert "staging.example.test" in known.leak(f"日本語 {text} x")


ADVERSARIAL = [
    f"{STAGING}/", "staging.", "&#115;", "&#0000", "%2525", "%73", r"\\\\", r"\u0073", "//",
    f"{STAGING}/?u=", "&a", "//staging.example.test/&a=,", "staging.example.", f"({STAGING}/(",
    "日本staging", "@staging.example.test", "..", "&#115;&#116;", f"{STAGING}/" + "a" * 3000,
]  # fmt: skip


@pytest.mark.parametrize("piece", ADVERSARIAL, ids=range(len(ADVERSARIAL)))
def test_time_grows_with_the_text_and_not_faster(piece: str) -> None:
    of = addresses(home=STAGING)
    known = hosts(of)

    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        best = 9.0
        for _ in range(2):
            begin = process_time()
            known.leak(known.rewrite(text, Linker(of, STAGING), markup=True))
            best = min(best, process_time() - begin)
        return best

    # Four times the text; a quadratic cost would be sixteen times the time.
    assert seconds(80_000) < 8 * seconds(20_000) + 0.05


def test_scripts_name_addresses_from_the_root_except_those_for_others() -> None:
    text = f'a="{HOME}/?p=12";b="https://x.example/?u={HOME}/?p=12";c="{HOME}"'
    assert rewritten(text, style=Style.ROOT) == (
        f'a="/blog/12.html";b="https://x.example/?u={PUBLIC}/blog/12.html";c="{PUBLIC}"'
    )


def test_a_leak_is_shown_with_its_surroundings() -> None:
    known = Hosts(("staging.example.test",), PUBLIC)
    assert known.leak("left " * 20 + "STAGING.example.test right").endswith("test right")
    assert known.leak("notstaging.example.test") == ""


@pytest.mark.parametrize("home", ["http://wordpress", "http://wordpress:8080"])
def test_a_host_that_is_a_word_is_left_alone_in_prose(home: str) -> None:
    text = "WordPress, wordpress, /wordpress/ https://wordpress.org/ https://a.example/wordpress"
    assert rewritten(text, home) == text
    assert rewritten(f"{home}/?p=12 {home}", home) == f"{PUBLIC}/blog/12.html {PUBLIC}"
    assert rewritten(quote(f"{home}/x", safe=""), home) == quote(f"{PUBLIC}/x/", safe="")


def test_a_string_that_is_an_address_is_rewritten_as_it_would_be_in_its_text() -> None:
    chance = random.Random(1)
    parts = (
        "a / ?p=12 ? = // wp-admin /wp-login.php .. ./ http:// 127.0.0.1:8181 : - page_id=2 日 %2F "
        "&amp; ?rest_route=/x"
    ).split()
    of = addresses()
    told = 0
    for _ in range(3000):
        host = chance.choice((HOME, "http://localhost:8181"))
        url = f"{host}/{''.join(chance.choices(parts, k=chance.randrange(5)))}"
        written = chance.choice((url, url.replace("/", "\\/"), url.replace("/", "\\/", 2)))
        style = chance.choice((Style.ROOT, Style.PUBLIC))
        one, other = Linker(of, HOME), Linker(of, HOME)
        public = plain_string(f'"{written}"', one, style)
        if public:
            told += 1
            assert public == hosts(of).rewrite(f'"{written}"', other, style)
            assert one.found == other.found
    assert told > 500


_HOSTS = (
    ("127.0.0.1:8081", "localhost:8081", "//127.0.0.1", "//localhost"),
    ("staging.example.co.jp", "www.staging.example.co.jp"),
    ("kiiski.example", "aab.example", "cms"),
    ("日本.example", "xn--wgv71a.example"),
    ("[::1]:8081", "//[::1]"),
)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("hosts", _HOSTS)
def test_first_letters_hide_no_host(hosts: tuple[str, ...], *, masked: bool) -> None:
    """Looked for where its first letters stand, a host is found wherever the pattern finds it."""
    whole = re.compile("|".join(pattern(one, masked=masked) for one in hosts), re.IGNORECASE)
    spellings = Spellings(hosts, masked=masked)
    chance = random.Random(7)
    pieces = ["//", "http://", "\\/\\/", "%2F%2F", "@", ".", " ", "日本", "%", "&", "\\", ":8081"]
    for host in (one.removeprefix("//") for one in hosts):
        folded = host.replace("s", "\u017f").replace("k", "\u212a").replace("i", "\u0130")
        pieces += [host, host.upper(), host[:3], host[1:], folded, host.replace(".", "%2E")]
        for written in ("&#{};", "\\u{:04x}", "&#x{:x};", "%{:02X}"):
            pieces.append("".join(
                written.format(ord(c)) if c.isascii() and chance.random() < 0.4 else c for c in host
            ))  # fmt: skip
    for _ in range(1000):
        text = "".join(chance.choices(pieces, k=chance.randrange(1, 9)))
        expected = [match.span() for match in whole.finditer(text)]
        assert [match.span() for match in spellings.finditer(text)] == expected, text
