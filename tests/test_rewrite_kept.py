# ruff: noqa: E501 - markup stands in one line, as it is written
"""What stands beside an address, or only looks like one, is kept as it is written."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from publisher.addresses import Addresses, SiteUrls
from publisher.inventory import Inventory
from publisher.routes import Routes
from tests.samples import HOME, PUBLIC, html

GENERIC = Addresses(Inventory(home=HOME, kind="generic"), Routes(), SiteUrls(PUBLIC, (HOME,)))
JSON = HOME.replace("/", "\\/")
NEW = "https:\\/\\/www.example.co.jp\\/blog\\/1632.html"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('"詳しくはPOST。お問い合わせ"', '"詳しくはNEW。お問い合わせ"'),
        ('"詳しくはPOST\\u3002\\u304a\\u554f"', '"詳しくはNEW\\u3002\\u304a\\u554f"'),
        ('"\\u8a73POST\\u300d\\u304a\\u554f"', '"\\u8a73NEW\\u300d\\u304a\\u554f"'),
        ('"（POST）の次「POST」、POST!"', '"（NEW）の次「NEW」、NEW!"'),
        ('"(see POST), a POST; b"', '"(see NEW), a NEW; b"'),
        ('"\\u003Cp\\u003EPOST\\u003C\\/p\\u003E"', '"\\u003Cp\\u003ENEW\\u003C\\/p\\u003E"'),
        ('"\\u003Ca href=\\u0022POST\\u0022\\u003E次"', '"\\u003Ca href=\\u0022NEW\\u0022\\u003E次"'),
        ('"\\u003Ca href=\\u0027POST\\u0027\\u003E次"', '"\\u003Ca href=\\u0027NEW\\u0027\\u003E次"'),
        ('"POST\\u0020次"', '"NEW\\u0020次"'),
        ('"POST\\n次"', '"NEW\\n次"'),
        ('"POST\\u0026utm_source=x"', '"NEW"'),
    ],
)  # fmt: skip
def test_what_follows_an_address_in_json_is_kept(written: str, shown: str) -> None:
    """Plugins print texts and markup as JSON, in JSON-LD, data attributes and scripts."""
    places = (
        '<script type="application/ld+json">{"a":%s}</script>',
        "<div data-wp-context='{\"a\":%s}'></div>",
        "<!-- wp:core/x {\"a\":%s} -->",
    )  # fmt: skip
    for place in places:
        old = place % written.replace("POST", JSON + "\\/?p=1632")
        assert html(old) == place % shown.replace("NEW", NEW)
    escaped = '<div data-settings="{&quot;a&quot;:%s}"></div>'
    old = escaped % written.replace("POST", JSON + "\\/?p=1632").replace('"', "&quot;")
    assert html(old) == escaped % shown.replace("NEW", NEW).replace('"', "&quot;")


@pytest.mark.parametrize(
    "rest",
    ["tag/%s/", "page/%#%/", "archives/%postname%/", "tiles/{z}/{x}/{y}.png", "?s={search_term_string}",
     "uploads/*", "${slug}/embed", "a/%1$s", "a/%%endpoint%%"],
)  # fmt: skip
def test_what_a_script_fills_in_is_kept(rest: str) -> None:
    """Paginators, map tiles, routers and search boxes print addresses with blanks in them."""
    as_json = rest.replace("/", "\\/")
    assert html(f'<script>a="{JSON}\\/{as_json}"</script>') == f'<script>a="\\/{as_json}"</script>'
    assert html(f"<script>a=`{HOME}/{rest}`</script>") == f"<script>a=`/{rest}`</script>"
    assert html(f'<p data-x="{HOME}/{rest}">') == f'<p data-x="/{rest}">'
    box = '<script type="application/ld+json">{"urlTemplate":"%s"}</script>'
    public = PUBLIC.replace("/", "\\/")
    assert html(box % f"{JSON}\\/{as_json}") == box % f"{public}\\/{as_json}"


def test_what_only_a_server_answers_is_none_of_that() -> None:
    page = f'<script>a="{JSON}\\/wp-json\\/wp\\/v2\\/posts\\/{{id}}";</script>'
    assert html(page) == '<script>a="about:blank";</script>'


@pytest.mark.parametrize(
    "blank", ["{{ post.url }}", "{{slug}}/a.png", "${url}", "{% url %}", "/x/{{a}}"]
)
def test_a_template_in_an_attribute_is_kept(blank: str) -> None:
    """Vue, Alpine, Angular and Handlebars fill them in in the page."""
    page = f'<template><a href="{blank}"><img src="{blank}"></a></template>'
    assert html(page) == page
    assert html(page, GENERIC, f"{HOME}/dir/page.html") == page
    whole = f'<a href="{HOME}/tag/{{{{slug}}}}/">'
    assert html(whole) == '<a href="/tag/{{slug}}/">'


@pytest.mark.parametrize(
    ("written", "public"),
    [
        ("images\\logo.gif", "/dir/images/logo.gif"),
        ("..\\写真\\a.jpg", "/%E5%86%99%E7%9C%9F/a.jpg"),
        ("\\top.html", "/top.html"),
        (f"{HOME.replace('/', chr(92))}\\top.html", "/top.html"),
        ("a.html#\\x", "/dir/a.html#\\x"),
        ("C:\\a.doc", "C:\\a.doc"),
        ("mailto:a\\b", "mailto:a\\b"),
    ],
)
def test_backslashes_are_slashes_as_in_browsers(written: str, public: str) -> None:
    """Editors on Windows wrote them, and the pictures are seen all the same."""
    page = html(f'<img src="{written}">', GENERIC, f"{HOME}/dir/page.html")
    assert page == f'<img src="{public}">'


@pytest.mark.parametrize(
    "text",
    ["<p>POST（外部サイト）</p>", "<p>（詳しくはPOST）。</p>", "<p>(POST)「POST」</p>",
     "<p>詳細はPOSTを参照、POSTへ。</p>", "<p>**POST**、*POST*</p>", "<script>/*POST*/</script>", "<p>HOMEを参照</p>", "<p>HOMEa.pdfをどうぞ</p>",
     '<script type="application/ld+json">{"d":"詳細はPOSTを参照"}</script>',
     '<script>a="詳細:POST（新着）"</script>', '<a href="mailto:?body=POST%0D%0A%E3%81%AF">',
     '<a href="https://share.example/?text=POST%0a%E3%81%AF&amp;x=1">',
     '<a href="https://share.example/?text=%EF%BC%88ENCODED%EF%BC%89%E3%81%A7&amp;x=1">',
     '<a href="https://share.example/?text=%E3%80%8CENCODED%E3%80%8D%E3%81%A7">'],
)  # fmt: skip
def test_what_follows_an_address_in_japanese_prose_is_kept(text: str) -> None:
    place = "" if "<script>" in text else PUBLIC
    shown = text.replace("POST", f"{place}/blog/1632.html").replace("HOME", f"{PUBLIC}/")
    shown = shown.replace("ENCODED", quote(f"{PUBLIC}/blog/1632.html", safe=""))
    text = text.replace("ENCODED", quote(f"{HOME}/?p=1632", safe=""))
    assert html(text.replace("POST", f"{HOME}/?p=1632").replace("HOME", f"{HOME}/")) == shown


def test_escaped_japanese_behind_an_address_is_kept() -> None:
    page = '<script type="application/ld+json">{"d":"\\u306fURL\\u3092\\u53c2\\u7167"}</script>'
    assert html(page.replace("URL", JSON + "\\/?p=1632")) == page.replace("URL", NEW)


def test_an_address_of_japanese_names_is_one() -> None:
    for path in ("/会社概要/", "/2024年/お知らせ/", "/はじめに/", "/v1.2の話/"):
        encoded = "".join(c if c.isascii() else quote(c) for c in path)
        assert (
            html(f"<p>{HOME}{path} x</p>", GENERIC, f"{HOME}/a.html")
            == f"<p>{PUBLIC}{encoded} x</p>"
        )


@pytest.mark.parametrize("name", ["資料.ver2最終.pdf", "見積書（最終）.pdf"])
def test_the_name_of_a_file_is_one_in_prose(name: str) -> None:
    for of in (None, GENERIC):
        page = html(f"<p>詳細：{HOME}/a/{name} です</p>", of, f"{HOME}/a.html")
        assert page == f"<p>詳細：{PUBLIC}/a/{quote(name)} です</p>"


def test_a_parameter_that_is_an_address_ends_at_no_punctuation() -> None:
    for path in ("/東京、大阪/", "/新着（東京）/", "/とは？/"):
        shared = html(
            f'<a href="https://x.example/?u={quote(HOME + path, safe="")}&amp;t=x">', GENERIC
        )
        public = quote(PUBLIC + quote(path), safe="")
        assert shared == f'<a href="https://x.example/?u={public}&amp;t=x">'


@pytest.mark.parametrize("pattern", ["/wp-content/.*\\\\.css", "/wp-content/*.css", "\\/a\\/*.png"])
def test_a_pattern_in_json_is_no_file(pattern: str) -> None:
    page = f'<script type="application/json">{{"ignore":"{pattern}"}}</script>'
    assert html(page) == page


@pytest.mark.parametrize("name", ["data-lazy-fallback", "data-lazy", "data-src", "data-bg"])
@pytest.mark.parametrize(
    "value", ["1", "true", "no-repeat", "", "[5]", "{&quot;a&quot;:&quot;x/b.png&quot;}"]
)
def test_a_flag_of_a_script_that_loads_images_later_is_no_address(name: str, value: str) -> None:
    """Jetpack writes `data-lazy-fallback="1"` at every image."""
    page = f'<img {name}="{value}">'
    for of in (None, GENERIC):
        assert html(page, of, f"{HOME}/dir/page.html") == page
    assert (
        html(f'<img {name}="a.png">', GENERIC, f"{HOME}/dir/page.html")
        == f'<img {name}="/dir/a.png">'
    )
