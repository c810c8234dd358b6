"""The explanation of a decision: the same decision, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redirects.compile import LIVE_KEY, compile_rules, live_entry, set_id
from redirects.edge import Site
from redirects.explain import Explained, asked, explain
from redirects.match import (
    Decision,
    Gone,
    Missing,
    NotAllowed,
    Redirect,
    Request,
    Serve,
    decide,
)
from redirects.patterns import Pattern
from redirects.rules import Rule, RuleSet

SITE = Site("www.example.co.jp", "preview.example.co.jp")
FILES = {"/", "/blog/1632.html", "/company/", "/がいよう/", "/en/", "/_errors/404.html"}
RULES = RuleSet.of(
    [
        Rule("?p=1632", 301, "/blog/1632.html", "/blog/1632.html", "post 1632"),
        Rule("?cat=5&paged=2", 302, "/company/", origin="category 5"),
        Rule("?cat=5", 301, "/company/", origin="category 5"),
        Rule("?p=7", 410, origin="withdrawn"),
        Rule("/old/", 301, "https://shop.example.co.jp/#top", origin="redirects.csv:2"),
        Rule("/index.php", 301, "/", origin="home"),
        Rule("?name=red&post_type=book", 301, "/book/red/"),
        Rule("?taxonomy=genre&term=crime", 301, "/genre/crime/"),
        Rule("/古い", 308, "/nowhere", origin="redirects.csv:3"),
        Rule("/blog/1632", 301, "/blog/1632.html", "/blog/1632.html", "post 1632"),
    ]
)
MORE = RuleSet.of(
    [
        Rule("/", 302, "/en/", origin="redirects.csv:4", language="en"),
        Rule("/item.php", 301, "/company/", origin="redirects.csv:5", query="id=33"),
        Rule("/item.php", 301, "/", origin="redirects.csv:6"),
        Rule("/item.php", 302, "/en/", origin="redirects.csv:11", query="id=34&lang=en"),
        Rule("/a", 301, "/company/", origin="redirects.csv:7", host="old.example.co.jp"),
    ],
    [
        Pattern("/shop/*", 302, "https://shop.example.co.jp/*", "redirects.csv:8"),
        Pattern("/s/{n:int}", 410, "", "redirects.csv:9"),
        Pattern("/news/*", 301, "/*", "redirects.csv:10", host="old.example.co.jp"),
    ],
)
FACEBOOK = "facebookexternalhit/1.1"


def visit(
    path: str,
    query: str = "",
    method: str = "GET",
    host: str = "",
    user_agent: str = "",
    language: str = "",
    scheme: str = "https",
) -> Request:
    return Request(
        method, path, query, host, user_agent,
        accept_language=language and f"{language};q=0.9", scheme=scheme,
    )  # fmt: skip


def explained(visit: Request, rules: RuleSet = RULES) -> Explained:
    return explain(rules, visit, FILES.__contains__, SITE)


def decided(visit: Request, rules: RuleSet) -> tuple[int, str, str]:
    """What `match.decide` says: status, location, file."""
    data = compile_rules(rules)
    entries = data.entries | {LIVE_KEY: live_entry(1, "s1", set_id(rules), head=data.head)}
    decision: Decision = decide(entries.get, visit, SITE)
    match decision:
        case Redirect(status, location):
            return status, location, ""
        case Serve(_, file):
            path = file.removesuffix("index.html") if file.endswith("/index.html") else file
            return (200, "", path) if path in FILES else (404, "", "")
        case Missing():
            return 404, "", ""
        case Gone():
            return 410, "", ""
        case NotAllowed():
            return 405, "", ""
    raise AssertionError(decision)


PATHS = st.sampled_from(
    ["/", "/index.php", "/old/", "/%E5%8F%A4%E3%81%84", "/blog/1632", "/blog/1632.html",
     "/company/",
     "/%E3%81%8B%E3%82%99%E3%81%84%E3%82%88%E3%81%86/", "/none", "/%zz", "/a/../b", "//x",
     "/_errors/404.html", "/_errors/x", "/item.php", "/a", "/shop/%E3%81%82", "/s/12", "/s/x",
     "/news/company/", "/index.php/", "/index.php/old/", "/index.php/company/", "/index.php/s/12",
     "/company/%E3%80%82", "/blog/1632.html)", "/index.php/old/.", "/%E3%80%82", "/%20"]
)  # fmt: skip
QUERIES = st.lists(
    st.sampled_from(
        ["p=1632", "page_id=01632/", "p=7", "cat=5", "paged=2", "paged=9", "utm_source=x", "fbclid",
         "p=", "amp;p=1632", "p[]=1", "preview=true", "x=%zz", "page=3", "id=33", "id=34",
         "lang=en", "lang=ja",
         "book=red", "book=blue", "genre=crime", "book=red&page=2"]
    ),
    max_size=4,
).map("&".join)  # fmt: skip
VISITS = st.builds(
    visit,
    PATHS,
    QUERIES,
    st.sampled_from(["GET", "GET", "HEAD", "POST"]),
    st.sampled_from(["www.example.co.jp", "WWW.example.co.jp:443", "old.example.co.jp"]),
    st.sampled_from(["", "Mozilla/5.0", FACEBOOK]),
    st.sampled_from(["", "en", "ja"]),
    st.sampled_from(["https", "https", "http"]),
)


@given(VISITS, st.sampled_from([RULES, MORE, RuleSet.of(RULES.rules + MORE.rules, MORE.patterns)]))
def test_it_says_what_is_decided(visit: Request, rules: RuleSet) -> None:
    found = explained(visit, rules)
    assert (found.status, found.location, found.served) == decided(visit, rules)
    assert found.steps


def said(visit: Request, rules: RuleSet = RULES) -> list[str]:
    return [f"{step.what}: {step.result}" for step in explained(visit, rules).steps]


def test_each_step_of_an_old_address() -> None:
    assert said(visit("/", "utm_source=x&page_id=01632/&p=")) == [
        "method: GET: is answered",
        "path: /",
        "host: www.example.co.jp: the public one",
        "parameter: utm_source=x: kept: WordPress does not read it",
        "parameter: page_id=01632/: read as p=1632: ids are taken for one another",
        "parameter: p=: dropped: it says nothing here, or another one decides",
        "rule for the query: ?p=1632: 301 to /blog/1632.html (post 1632)",
        "answer: 301 to /blog/1632.html?utm_source=x",
        "there: 200 /blog/1632.html",
    ]


@pytest.mark.parametrize(
    ("visit", "lines"),
    [
        (visit("/", "cat=5&paged=9"), ["rule for the query: ?cat=5&paged=9: no rule",
                                       "rule for the query: ?cat=5: 301 to /company/"]),
        (visit("/", "p=1632%81%42"), ["parameter: p=1632%81%42: read as p=1632"]),
        (visit("/", "p=8"), ["answer: 404: the home page must not answer"]),
        (visit("/", "p=7"), ["answer: 410: it was here"]),
        (visit("/", "p=1632", "POST"), ["method: POST: a static site is only read, 405"]),
        (visit("/", "p=1632", user_agent=FACEBOOK),
         ["visitor: an agent that shows shared links", "answer: 200: /blog/1632.html"]),
        (visit("/", "p=1632", user_agent="Mozilla"), ["visitor: not one that shows"]),
        (visit("/%E5%8F%A4%E3%81%84"), ["path: /古い, decoded", "answer: 308 to /nowhere",
                                        "there: 404 /nowhere"]),
        (visit("/%E3%81%8B%E3%82%99%E3%81%84%E3%82%88%E3%81%86/"),
         ["path: /がいよう/, its sound marks composed", "answer: 200: /がいよう/"]),
        (visit("/old/"), ["there: another site"]),
        (visit("/x", host="example.co.jp"),
         ["host: https://example.co.jp: not https://www", "answer: 301 to the page's own address: "
          "https://www.example.co.jp/x", "there: 404 /x"]),
        (visit("/x", host="spring.preview.example.co.jp"), ["host: spring.preview.example.co.jp: a "
                                                            "preview"]),
        (visit("/%zz"), ["path: /%zz: is not percent-encoded UTF-8", "answer: 404: no file"]),
    ],
)  # fmt: skip
def test_what_is_said(visit: Request, lines: list[str]) -> None:
    assert_said(said(visit), lines)


@pytest.mark.parametrize(
    ("visit", "lines"),
    [
        (visit("/", language="en"),
         ["rule for the path: /: 302 to /en/, for en (redirects.csv:4)"]),
        (visit("/", language="ja"), ["rule for the path: /: no rule", "answer: 200: /"]),
        (visit("/item.php", "x=1&id=33"),
         ["rule for path and query: /item.php?id=33: 301 to /company/ (redirects.csv:5)",
          "answer: 301 to /company/?x=1"]),
        (visit("/item.php", "x=1&id=34"), ["rule for path and query: /item.php?id=34: no rule",
                                           "answer: 301 to /?x=1&id=34"]),
        (visit("/item.php", "id=33&lang=ja"),
         ["rule for path and query: /item.php?id=33&lang=ja: no rule",
          "rule for path and query: /item.php?id=33: 301 to /company/ (redirects.csv:5)",
          "answer: 301 to /company/?lang=ja"]),
        (visit("/item.php", "id=33"),
         ["rule for path and query: /item.php?id=...&lang=...: no rule",
          "rule for path and query: /item.php?id=33: 301"]),
        (visit("/shop/a%20b"), ["pattern: /shop/*: 302 to https://shop.example.co.jp/*",
                                "answer: 302 to https://shop.example.co.jp/a%20b"]),
        (visit("/s/5"), ["answer: 410"]),
        (visit("/s/x"), ["pattern: none of 3 matches", "rule: none: the file answers"]),
        (visit("/a", host="old.example.co.jp"),
         ["rule for the path: /a: 301 to /company/, for old.example.co.jp (redirects.csv:7)",
          "answer: 301 to https://www.example.co.jp/company/", "there: 200 /company/"]),
        (visit("/news/company/", host="old.example.co.jp"),
         ["answer: 301 to https://www.example.co.jp/company/"]),
        (visit("/a"), ["rule for the path: /a: no rule", "answer: 404"]),
    ],
)  # fmt: skip
def test_conditions_and_patterns(visit: Request, lines: list[str]) -> None:
    assert_said(said(visit, MORE), lines)


def assert_said(steps: list[str], lines: list[str]) -> None:
    """The lines are there, in this order."""
    remaining = iter(steps)
    for line in lines:
        assert any(step.startswith(line) for step in remaining), (line, steps)


@pytest.mark.parametrize(
    ("address", "scheme", "host", "path", "query"),
    [
        ("?p=1632", "https", "", "/", "p=1632"),
        (" /会社/?a=本 ", "https", "", "/%E4%BC%9A%E7%A4%BE/", "a=%E6%9C%AC"),
        ("/%e4%bc%9a/?p=%zz#x", "https", "", "/%e4%bc%9a/", "p=%zz"),
        ("/a b\udce3", "https", "", "/a%20b%E3", ""),
        ("http://日本.example.co.jp:8080", "http", "xn--wgv71a.example.co.jp", "/", ""),
        ("https://user:pw@WWW.Example.co.jp/x", "https", "www.example.co.jp", "/x", ""),
    ],
)
def test_an_address_as_people_write_it(
    address: str, scheme: str, host: str, path: str, query: str
) -> None:
    request = asked(address, "GET", "", "en-US,ja")
    assert request == Request("GET", path, query, host, accept_language="en-US,ja", scheme=scheme)


@pytest.mark.parametrize("address", ["", "x", "ftp://a/b", "//host/a", "https:///a", "http://[/"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever of the standard library's
        asked(address, "GET", "", "")


def test_the_language_is_what_a_browser_says() -> None:
    british, english, other = (
        explain(MORE, asked("/", "GET", "", one), FILES.__contains__, SITE).location
        for one in ("en-GB", "en", "eng-x")
    )
    assert british == english != other
