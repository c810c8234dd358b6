"""Every old form of a WordPress URL gets its rule."""

from typing import Any

import pytest

from redirects.compile import compile_rules, live_entry, set_id
from redirects.match import Redirect, Request, decide
from redirects.rules import Rule, RuleSet
from redirects.wordpress import Thing, rules_for, slash_rules


@pytest.mark.parametrize(
    ("target", "sources"),
    [
        (Thing("post", "1632", "/n", slug="hello"), ["?p=1632", "?name=hello"]),
        (Thing("post", "1632", "/n", page=2), ["?p=1632&page=2"]),
        (Thing("post", "1632", "/n", feed="rss2"), ["?p=1632&feed=rss2"]),
        (Thing("post", "1632", "/n", feed="feed"), ["?p=1632&feed=rss2"]),
        (Thing("post", "1632", "/n", cpage=3), ["?p=1632&cpage=3"]),
        (Thing("post", "1632", "/n", embed=True), ["?p=1632&embed=true"]),
        (Thing("page", "7", "/n", slug="a/会社"), ["?p=7", "?pagename=a/会社"]),
        (Thing("attachment", "9", "/n", slug="x"), ["?p=9"]),
        (Thing("category", "3", "/n", slug="news"), ["?cat=3", "?category_name=news"]),
        (
            Thing("category", "3", "/n", slug="a/b"),
            ["?cat=3", "?category_name=a/b", "?category_name=b"],
        ),
        (Thing("category", "ニュース", "/n"), ["?category_name=ニュース"]),
        (
            Thing("category", "3", "/n", slug="b", paged=2),
            ["?cat=3&paged=2", "?category_name=b&paged=2"],
        ),
        (Thing("post_tag", "4", "/n", slug="a&b"), ["?tag=a%26b", "?tag_id=4"]),
        (Thing("post_tag", "a+b", "/n"), ["?tag=a+b"]),
        (Thing("author", "2", "/n"), ["?author=2"]),
        (Thing("date", "2009", "/n"), ["?m=2009", "?year=2009"]),
        (Thing("date", "200904", "/n"), ["?m=200904", "?year=2009&monthnum=4"]),
        (Thing("date", "20090401", "/n"), ["?m=20090401", "?year=2009&monthnum=4&day=1"]),
        (
            Thing("post_format", "image", "/n"),
            ["?post_format=image", "?post_format=post-format-image"],
        ),
        (
            Thing("taxonomy", "5", "/n", taxonomy="genre", slug="jazz"),
            ["?taxonomy=genre&term=jazz"],
        ),
        (Thing("post_type", "book", "/n", feed="atom"), ["?post_type=book&feed=atom"]),
        (Thing("home", "", "/"), ["/index.php", "/index.php/"]),
        (Thing("home", "", "/n", paged=3), ["?paged=3"]),
        (Thing("home", "", "/n", feed="rss2"), ["?feed=rss2"]),
        (Thing("home", "", "/n", feed="comments-rss2"), ["?feed=comments-rss2"]),
        (Thing("sitemap", "sitemap=index", "/n"), ["?sitemap=index"]),
        (
            Thing("sitemap", "sitemap=posts&sitemap-subtype=post&paged=1", "/n"),
            ["?paged=1&sitemap=posts&sitemap-subtype=post"],
        ),
        (Thing("post", "1", "/%E3%81%82/", old_paths=("/あ/", "/old/")), ["?p=1", "/old/"]),
    ],
)
def test_sources(target: Thing, sources: list[str]) -> None:
    rules = list(rules_for([target]))
    assert [rule.source for rule in rules] == sources
    assert {(rule.status, rule.target) for rule in rules} == {(301, target.url)}
    assert {rule.origin for rule in rules} == {f"{target.kind} {target.id}".rstrip()}


@pytest.mark.parametrize(
    ("part", "in_place"),
    [
        ({"social": True}, "/blog/1.html"),
        ({"social": False}, ""),
        ({"social": True, "page": 2}, "/blog/1.html"),
        ({"social": True, "feed": "rss2"}, ""),
        ({"social": True, "embed": True}, ""),
        ({"social": True, "cpage": 2}, ""),
        ({"social": True, "url": "https://files.example.jp/a"}, ""),
    ],
)
def test_only_the_page_itself_is_shown_in_place(part: dict[str, Any], in_place: str) -> None:
    given: dict[str, Any] = {"url": "/blog/1.html", "old_paths": ("/old/",), **part}
    assert {rule.in_place for rule in rules_for([Thing("post", "1", **given)])} == {in_place}


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        list(rules_for([Thing("link", "1", "/n")]))  # type: ignore[arg-type]


def test_slash_rules() -> None:
    paths = ["/", "/about/", "/会社/概要/", "/a", "/a/", "/b.html"]
    assert list(slash_rules(paths)) == [
        Rule("/about", 301, "/about/", "", "missing trailing slash"),
        Rule(
            "/会社/概要",
            301,
            "/%E4%BC%9A%E7%A4%BE/%E6%A6%82%E8%A6%81/",
            "",
            "missing trailing slash",
        ),
    ]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/", "p=1632"),
        ("/", "page_id=01632"),
        ("/", "attachment_id=1632%E3%80%82"),
        ("/", "post_type=post&p=1632"),
        ("/", "name=hello"),
        ("/2009/04/hello/", ""),
        ("/2009/04/hello", ""),
    ],
)
def test_every_old_form_is_one_hop(path: str, query: str) -> None:
    old = ("/2009/04/hello/",)
    target = Thing("post", "1632", "/blog/1632.html", slug="hello", old_paths=old)
    rules = RuleSet.of([*rules_for([target]), *slash_rules(old)])
    data = compile_rules(rules)
    store = {**data.entries, "live": live_entry(1, "a", set_id(rules), data.head)}
    decision = decide(store.get, Request("GET", path, query))
    assert decision == Redirect(301, "/blog/1632.html")
