"""Rules as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redirects.own import Places, parse_rule, written
from redirects.patterns import Pattern
from redirects.rules import Rule

PLACES = Places("www.example.co.jp", "staging.example.co.jp", "/news")


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (("/old/about.html", "/company/"), Rule("/old/about.html", 301, "/company/")),
        (("/古い/", "/会社 概要/?a=b#上"),
         Rule("/古い/", 301, "/%E4%BC%9A%E7%A4%BE%20%E6%A6%82%E8%A6%81/?a=b#%E4%B8%8A")),
        (("/%E5%8F%A4%e3%81%84/", "/%E4%BC%9A/", "302"), Rule("/古い/", 302, "/%E4%BC%9A/")),
        (("/closed/", "", 410), Rule("/closed/", 410)),
        (("/item.php?id=33", "/shop/33/"), Rule("/item.php", 301, "/shop/33/", query="id=33")),
        (("/item.php?b=%E3%81%82&amp;a=1+2", "/x"),
         Rule("/item.php", 301, "/x", query="a=1 2&b=あ")),
        (("/?page_id=0033", "/x"), Rule("?p=33", 301, "/x")),
        (("?p=33", "/x"), Rule("?p=33", 301, "/x")),
        (("/index.php?cat=5&paged=2", "/x"), Rule("?cat=5&paged=2", 301, "/x")),
        (("/?shop=5", "/x"), Rule("/", 301, "/x", query="shop=5")),
        (("/", "/en/", 302, "EN"), Rule("/", 302, "/en/", language="en")),
        (("https://www.example.co.jp/a", "https://www.example.co.jp/b"), Rule("/a", 301, "/b")),
        (("HTTP://WWW.example.co.jp:80/a", "/b"), Rule("/a", 301, "/b")),
        (("https://www.example.co.jp", "/b", 302), Rule("/", 302, "/b")),
        (("https://staging.example.co.jp/news/a", "https://staging.example.co.jp/news/?p=5"),
         Rule("/a", 301, "/?p=5")),
        (("https://古い.example.jp/a", "https://ショップ.example.jp:8443/い"),
         Rule("/a", 301, "https://xn--xckya1d0c.example.jp:8443/%E3%81%84",
              host="xn--n8j658h.example.jp")),
        (("/a", "https://www.example.co.jp:8443/b"),
         Rule("/a", 301, "https://www.example.co.jp:8443/b")),
        (("/a%2Ab%7B", "/b*"), Rule("/a*b{", 301, "/b*")),
        (("/a%20b", "/b"), Rule("/a b", 301, "/b")),
        (("/shop/*", "https://shop.example.co.jp/*", 302),
         Pattern("/shop/*", 302, "https://shop.example.co.jp/*")),
        (("/archives/{id:int}", "/blog/{id}.html"),
         Pattern("/archives/{id:int}", 301, "/blog/{id}.html")),
        (("https://old.example.co.jp/%E5%8F%A4/*", "https://www.example.co.jp/新/*"),
         Pattern("/古/*", 301, "/%E6%96%B0/*", host="old.example.co.jp")),
        (("/gone/*", "", "410"), Pattern("/gone/*", 410)),
        # As WordPress wrote permalinks where the server could not rewrite.
        (("/index.php/archives/{id:int}", "/blog/{id}.html"),
         Pattern("/archives/{id:int}", 301, "/blog/{id}.html")),
        (("/index.php/古い/", "/b"), Rule("/古い/", 301, "/b")),
        (("/index.php/?p=33", "/x"), Rule("?p=33", 301, "/x")),
        (("/index.php/?shop=5", "/x"), Rule("/", 301, "/x", query="shop=5")),
    ],
)  # fmt: skip
def test_what_is_understood(given: tuple[str, ...], rule: Rule | Pattern) -> None:
    assert parse_rule(*given, places=PLACES) == rule


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (("", "/b"), "from: is empty"),
        (("a", "/b"), "from: must be a path that begins"),
        (("//a", "/b"), "from: must be a path that begins"),
        (("/a#b", "/b"), "from: what follows #"),
        (("/a%zz", "/b"), "from: '/a%zz' has a %"),
        (("/\ud800", "/b"), "from: is not valid Unicode"),
        (("/a/../b", "/b"), "from: a source is"),
        (("/a\nb", "/b"), "from: a source is"),
        (("/a*", "/b"), "from: a `.` stands at the end"),
        (("/{a}%2A", "/b"), "from: a pattern can't have %2A"),
        (("/{a}?x=1", "/b"), "from: a pattern has no query"),
        (("/a?x", "/b"), "from: 'x' is no name=value"),
        (("/a?x=%zz", "/b"), "from: 'x=%zz' has a % that is no percent-encoded UTF-8"),
        (("/a?x=%89%EF", "/b"), "from: 'x=%89%EF' has a % that is no percent-encoded UTF-8"),
        (("/?tag=%89%EF", "/b"), "from: 'tag=%89%EF' has a % that is no percent-encoded UTF-8"),
        (("/?p=33%89", "/b"), "from: 'p=33%89' has a % that is no percent-encoded UTF-8"),
        # Without the parameter, each of these would be a rule for all of the path.
        (("/a?x[]=1", "/b"), "from: 'x..=1' is a list"),
        (("/?lang%5B0%5D=en", "/b"), "from: 'lang%5B0%5D=en' is a list"),
        (("/a?y=1&x[]=1", "/b"), "from: 'x..=1' is a list"),
        (("/a?dir=/", "/b"), "from: 'dir=/' is no name=value"),
        (("/a?x=%20。", "/b"), "from: 'x=%20。' is no name=value"),
        (("/?p=5&utm_source=x", "/b"), "from: 'utm_source=x' is nothing that WordPress reads"),
        (("https://old.example.co.jp/?p=5", "/b"), "from: a query of WordPress can't"),
        (("https://u:p@a.example/x", "/b"), "from: 'u:p@a.example' is no host"),
        (("https://a b/x", "/b"), "from: 'a b' is no host"),
        (("https:///x", "/b"), "from: '' is no host"),
        (("https://staging.example.co.jp/blog/", "/b"), "from: is not below /news"),
        (("/" + "x" * 2000, "/b"), "from: has more than 2,000"),
        (("/a", ""), "to: is missing"),
        (("/a", "b"), "to: target 'b' is neither"),
        (("/a", "//evil.example/"), "to: target"),
        (("/a", "https://www.example.co.jp//evil.example/"), "to: target"),
        (("/a", "https://www.example.co.jp@evil.example/"), "to: 'www.example.co.jp@evil"),
        (("/a", "/b\r\nSet-Cookie: x"), "to: target"),
        (("/a", "javascript:alert(1)"), "to: target"),
        (("/a", "/\ud800"), "to: is not valid Unicode"),
        (("/a", "/{b}", 301, "english"), "language: 'english' is no language"),
        (("/{a}", "/{b}"), "to: the target's {b} is not in the source"),
        (("/a", "/b", 303), "status: '303' is none of"),
        (("/a", "/b", "x"), "status: 'x' is none of"),
        (("/a", "/b", 410), "to: 410 has no target"),
    ],
)
def test_what_is_refused_and_why(given: tuple[str, ...], problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{problem}"):
        parse_rule(*given, places=PLACES)


def understood(*given: str) -> Rule | Pattern | None:
    """The rule, None for one that is refused by naming what is wrong."""
    try:
        return parse_rule(*given, places=PLACES)
    except ValueError as error:
        problem = str(error)
    assert problem.partition(":")[0] in ("from", "to", "status", "language")
    return None


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["", "301", "410", "x"]))
def test_any_text_is_a_rule_or_an_error(source: str, target: str, status: str) -> None:
    for one in (source, f"/{source}", f"https://{source}"):
        for other in (target, f"/{target}", f"https://{target}"):
            rule = understood(one, other, status)
            assert rule is None or understood(*written(rule)) == rule
