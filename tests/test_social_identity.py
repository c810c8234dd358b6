"""The address by which social networks know an old post: where it comes from, what pages say, and
what the edge answers there."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from publisher.addresses import Addresses
from publisher.errors import ConfigError
from publisher.identities import Identity, is_here, problems
from publisher.identity_file import Row, parse, read, read_urls, write
from publisher.inventory import Item
from publisher.paths import SitePath
from publisher.rules import Moved, Redirects
from publisher.social import Social
from redirects.match import Decision, Redirect, Request, Serve, decide
from redirects.rules import RuleSet
from tests.samples import HOME, PUBLIC, addresses, html
from tests.sites import edge_data

FACEBOOK = "facebookexternalhit/1.1"
BROWSER = "Mozilla/5.0"
NEW = f"{PUBLIC}/blog/12.html"
PLAIN = f"{PUBLIC}/?p=12"
CAPTURED = "http://example.co.jp/お知らせ/a b?x=1&y"


def item(**more: str) -> Item:
    return Item(
        kind="post", id=7, link="", **{"slug": "お知らせ", "date": "2009-04-01T10:00", **more}
    )


# ------------------------------------------------------------------ where it comes from


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("http://example.co.jp/?p={id}", "http://example.co.jp/?p=7"),
        ("https://x.jp/{yyyy}/{mm}/{dd}/{id}/", "https://x.jp/2009/04/01/7/"),
        # As WordPress writes it: the octets in lower case.
        ("https://x.jp/{slug}/", "https://x.jp/%e3%81%8a%e7%9f%a5%e3%82%89%e3%81%9b/"),
        ("", ""),
    ],
)
def test_an_address_by_rule(form: str, expected: str) -> None:
    assert Social(old_form=form).by_rule(7, item()) == expected


def test_a_rule_that_needs_what_is_not_known_says_nothing() -> None:
    assert Social(old_form="https://x.jp/{yyyy}/{id}").by_rule(7, None) == ""
    assert Social(old_form="https://x.jp/{yyyy}/{id}").by_rule(7, item(date="")) == ""
    assert Social(old_form="https://x.jp/{id}").by_rule(7, None) == "https://x.jp/7"


@pytest.mark.parametrize(
    ("social", "expected"),
    [
        (Social(), PLAIN),
        (Social(old_form="http://x.jp/{id}"), "http://x.jp/12"),
        (Social(captured={12: CAPTURED}, old_form="http://x.jp/{id}"), CAPTURED),
        (Social("2009-04-01", {12: CAPTURED}, "http://x.jp/{id}"), NEW),
    ],
)
def test_what_was_captured_comes_before_the_rule_and_the_cut_over_before_both(
    social: Social, expected: str
) -> None:
    of = addresses(social=social)
    first = of.locate(f"{HOME}/?p=12")
    second = of.locate(f"{HOME}/?p=12&page=2")
    assert first
    assert second
    assert of.identity(first) == expected
    assert of.identity(second) == f"{PUBLIC}/blog/12/2.html"


# ------------------------------------------------------------------ the file

TABLE = "id,old_url,og_url\n"


@pytest.mark.parametrize(
    "data",
    [
        b"id,old_url,og_url\n12,x,https://www.example.co.jp/\xe3\x81\x8a a/\n",
        b"\xef\xbb\xbfid,old_url,og_url\r\n12,x,https://www.example.co.jp/\xe3\x81\x8a a/\r\n\r\n",
        b'OG_URL ,m, ID,old_url\n"https://www.example.co.jp/\xe3\x81\x8a a/","a,""b""",12,x\n,,\n',
    ],
)
def test_a_table_comes_in_many_forms(data: bytes) -> None:
    assert parse(data, "f.csv") == {12: Row("x", "https://www.example.co.jp/お a/")}


@pytest.mark.parametrize(
    ("rows", "line", "key", "message"),
    [
        ("12a,,https://x.jp/", 2, "id", "must be the number of a post, not '12a'"),
        ("0,,https://x.jp/", 2, "id", "must be the number of a post"),
        ("１２,,https://x.jp/", 2, "id", "must be the number of a post"),
        ("9" * 5000 + ",,https://x.jp/", 2, "id", "must be the number of a post"),
        ("12,,", 2, "og_url", "must be an address that begins with http:// or https://"),
        ("12", 2, "og_url", "must be an address"),
        ("12,,javascript:alert(1)", 2, "og_url", "must be an address"),
        ("12,,https://x.jp/<b>", 2, "og_url", "must not hold"),
        ("12,,https://u:p@x.jp/", 2, "og_url", "must not hold a user's name"),
        ("12,,https://x.jp:99999/", 2, "og_url", "Port out of range"),
        ("12,,https://x.jp/" + "a" * 2000, 2, "og_url", "more than 2,000 characters"),
        ("12,,https://x.jp/\n12,,https://y.jp/", 3, "id", "12 is there twice"),
        ('12,,https://x.jp/\n13,,"https://x', 3, "", "is no CSV"),
    ],
)
def test_what_is_wrong_in_a_table_is_named_with_its_line(
    rows: str, line: int, key: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse((TABLE + rows).encode(), "f.csv")
    found = [(problem.line, problem.key) for problem in caught.value.problems]
    assert found == [(line, key)]
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"f.csv:{line}: ")


def test_all_that_is_wrong_in_a_table_is_named_at_once_within_bounds() -> None:
    with pytest.raises(ConfigError) as caught:
        parse((TABLE + "x,,y\n" * 60).encode(), "f.csv")
    assert len(caught.value.problems) == 101
    assert str(caught.value).endswith("and 20 more")


@pytest.mark.parametrize("data", [b"", b"12,https://x.jp/\n", b"id;og_url\n12;https://x.jp/\n"])
def test_a_table_without_its_head_is_none(data: bytes) -> None:
    with pytest.raises(ConfigError, match=r"f.csv:1: id: must begin with a line that names"):
        parse(data, "f.csv")


def test_a_table_of_another_encoding_is_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"f.csv:2: is not UTF-8; a spreadsheet saves it as"):
        parse(TABLE.encode() + "12,お,https://x.jp/".encode("cp932"), "f.csv")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    rows = {1632: Row("https://x.jp/?p=1632", CAPTURED), 12: Row("a,b", "https://x.jp/お")}
    file = tmp_path / "一覧.csv"
    write(file, rows)
    assert read(file) == rows
    assert [line[:3] for line in file.read_text("utf-8").splitlines()] == ["id,", "12,", "163"]
    assert [one.name for one in tmp_path.iterdir()] == ["一覧.csv"]


def test_listed_addresses_are_those_of_the_site(tmp_path: Path) -> None:
    file = tmp_path / "urls.txt"
    file.write_bytes("\ufeff# 古い\r\nhttps://www.x.jp/お/\r\n\r\nhttp://x.jp/?p=1\r\n".encode())
    assert read_urls(file, "https://x.jp") == ["https://www.x.jp/お/", "http://x.jp/?p=1"]
    file.write_text("https://x.jp/\nhttps://y.jp/\n/a\n")
    with pytest.raises(ConfigError) as caught:
        read_urls(file, "https://x.jp")
    assert [problem.line for problem in caught.value.problems] == [2, 3]


# ------------------------------------------------------------------ what pages say


def test_og_url_is_the_old_address_and_canonical_the_new_one() -> None:
    page = (
        f'<link rel="canonical" href="{HOME}/?p=12"><meta property="og:url" content="{HOME}/?p=12">'
    )
    shown = html(page, addresses(social=Social(captured={12: CAPTURED})))
    assert f'<link rel="canonical" href="{NEW}">' in shown
    assert f'content="{CAPTURED.replace("&", "&amp;")}"' in shown


def test_og_url_at_the_domain_of_the_cms_stays() -> None:
    """The staging copy may believe to be at the old address, beside the new public host."""
    of = addresses(
        home="http://example.co.jp", reached_at=HOME,
        social=Social(old_form="http://example.co.jp/?p={id}"),
    )  # fmt: skip
    page = (
        '<meta property="og:url" content="http://example.co.jp/?p=12">'
        '<link rel="canonical" href="http://example.co.jp/?p=12">'
        '<script type="application/ld+json">{"url":"http://example.co.jp/?p=12"}</script>'
    )
    shown = html(page, of, "http://example.co.jp/?p=12")
    assert '<meta property="og:url" content="http://example.co.jp/?p=12">' in shown
    assert shown.count(NEW) == 2


@pytest.mark.parametrize("buttons_old", [True, False])
def test_an_old_address_at_the_host_of_the_cms_is_not_named_but_told(buttons_old: bool) -> None:
    """The old domain is where the staging copy believes to be: a page that names it leaks."""
    home = "http://old.example.net"
    social = Social(old_form=f"{home}/?p={{id}}", buttons_old=buttons_old)
    of = addresses(home=home, reached_at=HOME, social=social)
    page = (
        f'<meta property="og:url" content="{home}/?p=12">'
        f'<a href="https://twitter.com/share?url={encoded(home + "/?p=12")}"></a>'
    )
    shared = PLAIN if buttons_old else NEW
    assert html(page, of, f"{home}/?p=12") == (
        f'<meta property="og:url" content="{PLAIN}">'
        f'<a href="https://twitter.com/share?url={encoded(shared)}"></a>'
    )
    redirects = Redirects(of)
    redirects.add(SitePath("/blog/12.html"), f"{home}/?p=12")
    found = list(problems(redirects.identities, PUBLIC, redirects.rules(())))
    assert len(found) == 1
    assert f"{home}/?p=12 (post 12)" in found[0]


def encoded(url: str) -> str:
    return quote(url, safe="")


# As themes and the networks' own generators write them; `{}` is the address as it is, `{e}` the
# encoded one, `{h}` the one without a scheme.
SHARED = [
    '<a href="https://www.facebook.com/sharer/sharer.php?u={e}&amp;t=x">',
    '<a href="//www.facebook.com/sharer.php?src=bm&u={e}&t=%E3%81%82">',
    '<a href="https://twitter.com/intent/tweet?text=%E3%81%82&#038;url={e}">',
    '<a href="https://x.com/intent/post?text=%E3%81%82%20{e}">',
    '<a href="https://b.hatena.ne.jp/entry/{e}">',
    '<a href="https://b.hatena.ne.jp/entry/{}" class="hatena-bookmark-button">',
    '<a href="//b.hatena.ne.jp/entry/s/{h}">',
    '<a href="https://b.hatena.ne.jp/add?mode=confirm&amp;url={}&amp;title=x">',
    '<a href="https://social-plugins.line.me/lineit/share?url={e}">',
    '<a href="https://line.me/R/msg/text/?%E3%81%82%0D%0A{e}">',
    '<a href="line://msg/text/%E3%81%82%0A{e}">',
    '<a href="https://getpocket.com/edit?url={e}&amp;title=x">',
    '<iframe src="https://www.facebook.com/plugins/like.php?href={e}&amp;layout=x"></iframe>',
    "<a onclick=\"window.open('https://twitter.com/share?url={e}')\">",
    '<script>var s="https:\\/\\/www.facebook.com\\/sharer.php?u={e}";</script>',
    '<div class="fb-like" data-href="{}" data-layout="box_count">',
    '<div class="fb-comments" data-href="{}">',
    '<fb:like href="{}">',
    '<a href="https://twitter.com/share" class="twitter-share-button" data-url="{}">',
    '<div class="line-it-button" data-type="share-a" data-url="{}">',
    '<a class="pocket-btn" data-save-url="{}">',
    '<a class="hatena-bookmark-button" data-hatena-bookmark-url="{}">',
    '<div class="addtoany_share_save_container a2a_kit" data-a2a-url="{}">',
    '<button class="c-shareBtns__btn" data-clipboard-text="{}">',
    '<button class="copy-button" data-clipboard-text="お知らせ {}">',
]


@pytest.mark.parametrize("markup", SHARED)
@pytest.mark.parametrize(
    ("social", "shared"),
    [
        (Social(), PLAIN),
        (Social(buttons_old=False), NEW),
        (Social("2009-01-01"), NEW),
        (
            Social(old_form="https://example.co.jp/archives/{id}"),
            "https://example.co.jp/archives/12",
        ),
    ],
)
def test_share_buttons_carry_the_address_that_is_configured(
    markup: str, social: Social, shared: str
) -> None:
    def written(url: str) -> str:
        without = url.partition("//")[2]
        return markup.replace("{}", url).replace("{e}", encoded(url)).replace("{h}", without)

    def plain(page: str) -> str:
        return page.replace("&amp;", "&").replace("&#038;", "&")

    of = addresses(social=social)
    assert plain(html(written(f"{HOME}/?p=12"), of)) == plain(written(shared))
    # The same where the CMS takes the public host for its own.
    of = addresses(home=PUBLIC, reached_at=HOME, social=social)
    if not markup.startswith(("<script", "<a onclick")):  # they can't be told from new ones
        assert plain(html(written(PLAIN), of, PLAIN)) == plain(written(shared))


def test_a_share_button_can_hold_an_address_that_needs_to_be_encoded() -> None:
    of = addresses(social=Social(captured={12: CAPTURED}))
    page = f'<a href="https://b.hatena.ne.jp/add?url={HOME}/?p=12&amp;title=x">'
    assert f"url={encoded(CAPTURED)}&amp;title=x" in html(page, of)


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        # To go there, not to share it.
        ('<tr data-href="{}">', '<tr data-href="/blog/12.html">'),
        ('<i class="shareholder" data-url="{}">',
         '<i class="shareholder" data-url="/blog/12.html">'),
        ('<a href="https://translate.example/?u={}">', f'<a href="https://translate.example/?u={NEW}">'),
        ('<a href="https://b.hatena.ne.jp/entry/s/other.example/?p=12">',) * 2,
        ('<a href="https://x.com.example/?u={}">', f'<a href="https://x.com.example/?u={NEW}">'),
        ('<a href="https://notx.com/?u={}">', f'<a href="https://notx.com/?u={NEW}">'),
        ('<button data-clipboard-text="/etc/hosts">',) * 2,
    ],
)  # fmt: skip
def test_what_is_no_share_button_has_the_new_address(markup: str, expected: str) -> None:
    assert html(markup.replace("{}", f"{HOME}/?p=12")) == expected


def test_other_pages_are_shared_by_their_new_address() -> None:
    page = f'<a href="https://twitter.com/share?url={encoded(HOME + "/?page_id=3")}">'
    assert encoded(f"{PUBLIC}/company/access/") in html(page)


# ------------------------------------------------------------------ what the edge answers


def site(of: Addresses, *urls: str, moved: tuple[Moved, ...] = ()) -> tuple[Redirects, RuleSet]:
    redirects = Redirects(of)
    for url in urls:
        address = of.locate(HOME + url)
        assert address
        assert address.path is not None
        redirects.add(address.path, address.url)
    return redirects, redirects.rules(moved)


def answer(rules: RuleSet, path: str, query: str, agent: str) -> Decision:
    return decide(edge_data(rules).get, Request("GET", path, query, user_agent=agent))


@pytest.mark.parametrize(
    ("identity", "path", "query"),
    [
        ("https://www.example.co.jp/?p=12", "/", "p=12"),
        ("http://example.co.jp/?p=12", "/", "p=12"),
        ("https://www.example.co.jp/archives/12", "/archives/12", ""),
        ("https://www.example.co.jp/archives/12", "/archives/12/", ""),
        ("https://www.example.co.jp/12.html", "/12.html", ""),
        ("https://www.example.co.jp/index.php?p=12&x=1", "/index.php", "x=1&p=12"),
        ("https://www.example.co.jp/お知/a b/", "/%E3%81%8A%E7%9F%A5/a%20b/", ""),
        ("https://www.example.co.jp/%e3%81%8a%e7%9f%a5/?x=1", "/%E3%81%8A%E7%9F%A5/", "x=1"),
    ],
)  # fmt: skip
def test_at_the_old_address_crawlers_get_the_page_and_others_one_redirect(
    identity: str, path: str, query: str
) -> None:
    of = addresses(social=Social(captured={12: identity}))
    redirects, rules = site(of, "/?p=12", "/?p=1632")
    assert answer(rules, path, query, FACEBOOK) == Serve("s1", "/blog/12.html")
    found = answer(rules, path, query, BROWSER)
    assert isinstance(found, Redirect)
    assert (found.status, found.location.partition("?")[0]) == (301, "/blog/12.html")
    assert not list(problems(redirects.identities, PUBLIC, rules))


def test_an_old_address_that_is_still_the_page_needs_no_rule() -> None:
    of = addresses(social=Social(captured={12: NEW}))
    redirects, rules = site(of, "/?p=12")
    assert not [rule for rule in rules.rules if rule.source == "/blog/12.html"]
    assert answer(rules, "/blog/12.html", "", FACEBOOK) == Serve("s1", "/blog/12.html")
    assert not list(problems(redirects.identities, PUBLIC, rules))


@pytest.mark.parametrize(
    ("identity", "problem"),
    [
        ("https://old.example/?p=12", "of another host"),
        ("https://www.example.co.jp:8443/?p=12", "of another host"),
        ("https://www.example.co.jp/?x=12", "another page or none"),
        ("https://www.example.co.jp/", "another page or none"),
        ("https://www.example.co.jp/?p=1632", "another page or none"),
        ("https://www.example.co.jp/blog/1632.html", "another page or none"),
        ("https://www.example.co.jp/a//b", "another page or none"),
    ],
)
def test_an_address_at_which_nobody_can_count_is_worth_a_look(identity: str, problem: str) -> None:
    of = addresses(social=Social(captured={12: identity}))
    redirects, rules = site(of, "/?p=12", "/?p=1632")
    found = list(problems(redirects.identities, PUBLIC, rules))
    assert len(found) == 1
    assert problem in found[0]
    assert f"{identity} (post 12)" in found[0]
    # Nothing else suffers from it.
    assert answer(rules, "/", "p=1632", FACEBOOK) == Serve("s1", "/blog/1632.html")


def test_many_such_addresses_are_one_line() -> None:
    those = [Identity(str(n), f"https://old.example/?p={n}", f"/blog/{n}.html") for n in range(500)]
    found = list(problems(those, PUBLIC, RuleSet()))
    assert len(found) == 1
    assert found[0].endswith("and 497 more")


def test_new_posts_and_further_pages_have_no_old_address() -> None:
    of = addresses(social=Social("2009-01-01", {12: f"{PUBLIC}/archives/12"}))
    redirects, rules = site(of, "/?p=12")
    assert redirects.identities == []
    assert "/archives/12" not in {rule.source for rule in rules.rules}
    of = addresses(social=Social(captured={12: f"{PUBLIC}/archives/12"}))
    redirects, _ = site(of, "/?p=12", "/?p=12&page=2", "/?p=12&feed=rss2")
    assert [one.page for one in redirects.identities] == ["/blog/12.html"]


def test_a_redirect_of_the_cms_to_a_network_names_the_public_address() -> None:
    """Jetpack's `?share=twitter` sends visitors on with the address of the page."""
    of = addresses()
    source = of.locate(f"{HOME}/old/")
    assert source
    target = f"https://twitter.com/intent/tweet?url={encoded(HOME + '/?p=12')}"
    _, rules = site(of, "/?p=12", moved=(Moved(source, 302, target),))
    targets = {rule.target for rule in rules.rules if "twitter" in rule.target}
    assert targets == {f"https://twitter.com/intent/tweet?url={encoded(PLAIN)}"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.example.co.jp/x", True),
        ("http://EXAMPLE.co.jp:80/x", True),
        ("https://example.co.jp.evil.example/", False),
        ("https://blog.example.co.jp/", False),
        ("https://www.example.co.jp:x/", False),
        ("/x", False),
        ("", False),
    ],
)
def test_the_site_itself_is_its_host_with_and_without_www(url: str, expected: bool) -> None:
    assert is_here(url, PUBLIC) is expected
