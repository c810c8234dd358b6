"""The same decision three times: Python, the embedded engine, and njs, CloudFront's own kind."""

import re
import string
import time
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import pytest
from edge_runners import (
    EDGE_JS,
    GETS_MAX,
    Case,
    Store,
    from_the_wire,
    on_the_wire,
    run_njs,
    sent_headers,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from test_redirect_query import OWN, OWN_TABLE, QUERIES, TABLE

from publisher.edge.javascript import EdgeFunction
from redirects.compile import compile_rules, live_entry, set_id
from redirects.crawlers import PREVIEW_CRAWLERS
from redirects.edge import ANYWHERE, Site, source
from redirects.match import (
    Gone,
    Missing,
    NotAllowed,
    Redirect,
    Request,
    Serve,
    Unavailable,
    decide,
)
from redirects.patterns import Pattern
from redirects.query import GLUED, INTEGERS, VARIABLES, canonical_query
from redirects.rules import Rule, RuleSet
from redirects.targets import REDIRECTS, REST_CHARACTERS_MAX, with_query

FACEBOOK = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

RULES = RuleSet.of(
    [
        Rule("?p=1632", 301, "/blog/1632.html", "/blog/1632.html", "post 1632"),
        Rule("?p=1632&page=2", 301, "/blog/1632/2.html"),
        Rule("?p=7", 308, "/about/", "/about/"),
        Rule("?p=8", 410),
        Rule("?p=9", 302, "https://files.example.jp/a.pdf?v=1"),
        Rule("?p=10", 307, "/about/?from=cms#team"),
        Rule("?cat=3", 301, "/category/%E3%83%8B%E3%83%A5%E3%83%BC%E3%82%B9/"),
        Rule("?category_name=ニュース", 301, "/category/%E3%83%8B%E3%83%A5%E3%83%BC%E3%82%B9/"),
        Rule("?tag=a%26b", 301, "/tag/a%26b/"),
        Rule("?feed=rss2", 301, "/feed.xml"),
        Rule("?paged=3", 301, "/page/3/"),
        Rule("?paged=1&sitemap=posts&sitemap-subtype=post", 301, "/sitemap-posts.xml"),
        Rule("/about", 301, "/about/"),
        Rule("/old page", 301, "/new-page/#top", "/new-page/"),
        Rule("/会社", 301, "/about/", "/%E4%BC%9A%E7%A4%BE/%E6%A6%82%E8%A6%81%2B/"),
        Rule("/gone/", 410),
        Rule("/カ\u3099イト\u3099", 301, "/about/"),
        Rule("/index.php", 301, "/"),
        Rule("/", 302, "/en/", language="en"),
        Rule("/about", 302, "/en/about/", language="en"),
        Rule("/", 301, "/shop/", host="shop.example.co.jp"),
        Rule("/about", 301, "/shop/about/", "/shop/about/", host="shop.example.co.jp"),
        Rule("/item.php", 301, "/shop/33/", query="id=33"),
        Rule("/item.php", 302, "/en/shop/33/", query="id=33", language="en"),
        Rule("/item.php", 301, "/shop/33/本/".replace("本", "%E6%9C%AC"), query="id=33&kind=本"),
        Rule("/item.php", 301, "/shop/"),
        Rule("/item.php", 302, "/en/shop/34/", query="id=34&lang=en"),
        Rule("/item.php", 307, "/en/shop/35/", query="id=35&lang=en", language="en"),
        Rule("/page.cgi", 410, query="n=1"),
        Rule("/", 301, "/found/", query="q=会社"),
        *(Rule(f"?p={n}", 301, f"/blog/{n}.html", f"/blog/{n}.html") for n in range(20, 60, 3)),
        *(Rule(f"?p={n}&feed=rss2", 301, f"/blog/{n}/feed.xml") for n in range(20, 60, 3)),
        *(Rule(f"?cat=3&paged={n}", 301, f"/category/3/page/{n}/") for n in range(2, 15)),
        *(Rule(f"/archives/{n}", 308, f"/blog/{n}.html") for n in range(20, 60, 3)),
    ],
    [
        Pattern("/old/*", 301, "/new/*"),
        Pattern("/{y:int}/{m:int}/{slug}.html", 302, "/{slug}/?from={y}-{m}#top"),
        Pattern("/en/*", 302, "/english/*", language="en"),
        Pattern("/旧 版/{a}-{b}/", 301, "https://old.example.co.jp/{b}/{a}"),
        Pattern("/closed/*", 410),
        Pattern("/*", 301, "/shop/*", host="shop.example.co.jp"),
    ],
)
assert not RULES.conflicts
assert not RULES.loops
SET_ID = set_id(RULES)
DATA = compile_rules(RULES)
ENTRIES = DATA.entries
STORE: Store = {**ENTRIES, "live": live_entry(12, "b3", SET_ID, DATA.head)}


def store_of(*rules: Rule) -> Store:
    """What the edge has of these rules."""
    data = compile_rules(RuleSet.of(rules))
    return {**data.entries, "live": live_entry(1, "b3", SET_ID, data.head)}


STORES: list[Store] = [
    STORE,
    {**ENTRIES},
    *(
        {**ENTRIES, "live": live}
        for live in (
            f"12  b3 {SET_ID}",
            f"12 b3 {SET_ID}\n",
            f"12 ../x {SET_ID}",
            f"12 {'s' * 64} {SET_ID}",
            f"12 {'s' * 65} {SET_ID}",
            f"1234567890123456 b3 {SET_ID}",
            f"12 b3 {SET_ID[:-1]}",
            "12 preview-x 0123456789ab",
        )
    ),
]

TABLE_OF_DECISIONS = [
    (Request("POST", "/"), NotAllowed()),
    (Request("get", "/"), NotAllowed()),
    (Request("HEAD", "/"), Serve("b3", "/index.html")),
    (Request("GET", "/", "utm_source=x"), Serve("b3", "/index.html")),
    (Request("GET", "/", "paged=1"), Serve("b3", "/index.html")),
    (Request("GET", "/about/"), Serve("b3", "/about/index.html")),
    (Request("GET", "/about/", "p=1632"), Serve("b3", "/about/index.html")),
    (Request("GET", "/style.css", "ver=6.8"), Serve("b3", "/style.css")),
    (Request("GET", "/%E3%81%82/%3F%23%2B+"), Serve("b3", "/あ/?#++")),
    (Request("GET", "/"), Serve("b3", "/index.html")),
    (Request("GET", "/index.php"), Redirect(301, "/")),
    (Request("GET", "/index.php", "p=1632"), Redirect(301, "/blog/1632.html")),
    # What a text around a link has glued to it.
    (Request("GET", "/blog/1632.html%E3%80%82", "a"), Redirect(301, "/blog/1632.html?a")),
    (Request("GET", quote("/会社/」。")), Redirect(301, quote("/会社/"))),
    (Request("GET", "/x/%20"), Redirect(301, "/x/")),
    (Request("GET", "/x.)"), Redirect(301, "/x")),
    (Request("GET", "/x/."), Missing("b3")),
    (Request("GET", "/%E3%80%82"), Redirect(301, "/")),
    (Request("GET", "/old/x%E3%80%82"), Redirect(301, "/new/x%E3%80%82")),
    # Permalinks of a server that rewrites nothing.
    (Request("GET", "/index.php/", "p=1632"), Redirect(301, "/blog/1632.html")),
    (Request("GET", "/index.php/about", "a"), Redirect(301, "/about/?a")),
    (Request("GET", "/index.php/about/", "a"), Redirect(301, "/about/?a")),
    (Request("GET", "/index.php/%E4%BC%9A%E7%A4%BE/"), Redirect(301, "/%E4%BC%9A%E7%A4%BE/")),
    (Request("GET", "/index.php/old/x"), Redirect(301, "/new/x")),
    (Request("GET", "/index.php/"), Redirect(301, "/")),
    (Request("GET", "/index.php//evil.example"), Missing("b3")),
    (Request("GET", "/index.phpx/about"), Serve("b3", "/index.phpx/about")),
    (Request("GET", "/", "p=1632", "evil.example"), Redirect(301, "/blog/1632.html")),
    (Request("GET", "/", "p=1632", "", BROWSER), Redirect(301, "/blog/1632.html")),
    (Request("GET", "/", "p=1632", "", FACEBOOK), Serve("b3", "/blog/1632.html")),
    (Request("GET", "/", "p=1632", "", "FaceBot"), Serve("b3", "/blog/1632.html")),
    (Request("GET", "/", "p=1632", "", "meta-externalagent/1.1"), Redirect(301, "/blog/1632.html")),
    (Request("GET", "/", "p=7", "", FACEBOOK), Serve("b3", "/about/index.html")),
    (
        Request("GET", "/%E4%BC%9A%E7%A4%BE", "", "", FACEBOOK),
        Serve("b3", "/会社/概要+/index.html"),
    ),
    (Request("GET", "/", "p=1632&page=2"), Redirect(301, "/blog/1632/2.html")),
    (Request("GET", "/", "p=1632&page=9"), Redirect(301, "/blog/1632.html")),
    (Request("GET", "/", "p=8"), Gone()),
    (Request("GET", "/gone/", "", "", FACEBOOK), Gone()),
    (Request("GET", "/", "p=404"), Missing("b3")),
    (Request("GET", "/", "p=404&page=2"), Missing("b3")),
    (Request("GET", "/", "paged=99"), Missing("b3")),
    (Request("GET", "/", "p[]=1632"), Missing("b3")),
    (Request("GET", "/", "fbclid&p=1632&a=1"), Redirect(301, "/blog/1632.html?fbclid&a=1")),
    (Request("GET", "/", "p=9&a=1"), Redirect(302, "https://files.example.jp/a.pdf?v=1&a=1")),
    (Request("GET", "/", "p=10&a=1"), Redirect(307, "/about/?from=cms&a=1#team")),
    (Request("GET", "/old%20page", "p=5&a"), Redirect(301, "/new-page/?p=5&a#top")),
    (Request("GET", "/about", "a=1\r\nSet-Cookie:x"), Redirect(301, "/about/")),
    (Request("GET", "/about", "a=あ"), Redirect(301, "/about/")),
    (Request("GET", "/about", "\\evil"), Redirect(301, "/about/?\\evil")),
    (Request("GET", "/about", "a" * REST_CHARACTERS_MAX), Redirect(301, f"/about/?{'a' * 1500}")),
    (Request("GET", "/about", "a" * (REST_CHARACTERS_MAX + 1)), Redirect(301, "/about/")),
    (Request("GET", "/_errors/404.html"), Serve("", "/_errors/404.html")),
    (Request("GET", "/_errors/"), Serve("", "/_errors/")),
    (Request("GET", "/_errors/../b2/index.html"), Missing("b3")),
    (Request("GET", "/_errors/%2e%2e/b2/"), Missing("b3")),
    (Request("GET", "//evil.example/"), Missing("b3")),
    (Request("GET", "/%2Fevil.example"), Missing("b3")),
    (Request("GET", "/a\\b"), Missing("b3")),
    (Request("GET", "/%5Cevil"), Missing("b3")),
    (Request("GET", "/a%0d%0aSet-Cookie:x"), Missing("b3")),
    (Request("GET", "/a%00"), Missing("b3")),
    (Request("GET", "/%7F"), Missing("b3")),
    (Request("GET", "/a/."), Missing("b3")),
    (Request("GET", "/a/./b"), Missing("b3")),
    (Request("GET", "/a/.../b"), Serve("b3", "/a/.../b")),
    (Request("GET", "/.well-known/x"), Serve("b3", "/.well-known/x")),
    (Request("GET", "/a/..%0a"), Missing("b3")),
    (Request("GET", "/%E9"), Missing("b3")),
    (Request("GET", "/%"), Missing("b3")),
    (Request("GET", ""), Missing("b3")),
    (Request("OPTIONS", "*"), NotAllowed()),
    (Request("GET", "*"), Missing("b3")),
    # One form for every way to write a path.
    (Request("GET", "/%e4%bc%9a%e7%a4%be/%7Ea%2Db"), Serve("b3", "/会社/~a-b")),
    (Request("GET", "/会社/"), Serve("b3", "/会社/index.html")),
    (Request("GET", quote("/か\u3099いよう/ハ\u309aン.pdf")), Serve("b3", "/がいよう/パン.pdf")),
    (Request("GET", quote("/カ\u3099イト\u3099")), Redirect(301, "/about/")),
    (Request("GET", quote("/_errors/か\u3099.css")), Serve("", "/_errors/が.css")),
    # Numbers that are told by a set, and those beside it.
    (Request("GET", "/", "p=23"), Redirect(301, "/blog/23.html")),
    (Request("GET", "/", "p=23", "", FACEBOOK), Serve("b3", "/blog/23.html")),
    (Request("GET", "/", "p=24"), Missing("b3")),
    (Request("GET", "/", "p=2300"), Missing("b3")),
    (Request("GET", "/", "p=23&feed=rss2&a=b"), Redirect(301, "/blog/23/feed.xml?a=b")),
    (Request("GET", "/", "p=23&page=7"), Redirect(301, "/blog/23.html")),
    (Request("GET", "/", "cat=3&paged=14"), Redirect(301, "/category/3/page/14/")),
    (
        Request("GET", "/", "cat=3&paged=15"),
        Redirect(301, "/category/%E3%83%8B%E3%83%A5%E3%83%BC%E3%82%B9/"),
    ),
    (Request("GET", "/archives/23"), Redirect(308, "/blog/23.html")),
    (Request("GET", "/archives/24"), Serve("b3", "/archives/24")),
    (Request("GET", "/archives/023"), Serve("b3", "/archives/023")),
    # Parameters of one's own.
    (Request("GET", "/item.php", "id=33"), Redirect(301, "/shop/33/")),
    (Request("GET", "/item.php", "a=1&id=7&id=33%E3%80%82&b"), Redirect(301, "/shop/33/?a=1&b")),
    (Request("GET", "/item.php", "kind=%E6%9C%AC&id=33"), Redirect(301, "/shop/33/%E6%9C%AC/")),
    (Request("GET", "/item.php", "id=34"), Redirect(301, "/shop/?id=34")),
    (Request("GET", "/item.php", "id[]=33"), Redirect(301, "/shop/?id[]=33")),
    (Request("GET", "/item.php", "x=1"), Redirect(301, "/shop/?x=1")),
    # Others beside them, also such as another rule of the path asks for.
    (Request("GET", "/item.php", "id=33&lang=ja"), Redirect(301, "/shop/33/?lang=ja")),
    (Request("GET", "/item.php", "lang=en&id=33"), Redirect(301, "/shop/33/?lang=en")),
    (Request("GET", "/item.php", "lang=en&a&id=34"), Redirect(302, "/en/shop/34/?a")),
    (Request("GET", "/item.php", "id=34&lang=ja"), Redirect(301, "/shop/?id=34&lang=ja")),
    (Request("GET", "/item.php", "id=33&kind=x&lang"), Redirect(301, "/shop/33/?kind=x&lang")),
    (
        Request("GET", "/item.php", "id=33&lang=en&kind=%E6%9C%AC"),
        Redirect(301, "/shop/33/%E6%9C%AC/?lang=en"),
    ),
    (Request("GET", "/item.php", "id=35&lang=en"), Redirect(301, "/shop/?id=35&lang=en")),
    (
        Request("GET", "/item.php", "id=35&lang=en", accept_language="en"),
        Redirect(307, "/english/shop/35/"),
    ),
    (Request("GET", "/page.cgi", "n=1"), Gone()),
    (Request("GET", "/page.cgi", "n=2"), Serve("b3", "/page.cgi")),
    (Request("GET", "/", "q=%E4%BC%9A%E7%A4%BE&r"), Redirect(301, "/found/?r")),
    (Request("GET", "/", "q=x"), Serve("b3", "/index.html")),
    (Request("GET", "/", "q=%E4%BC%9A%E7%A4%BE&p=8"), Gone()),
    # Patterns, behind all rules.
    (Request("GET", "/old/a%20b/", "x=1"), Redirect(301, "/new/a%20b/?x=1")),
    (Request("GET", "/old/"), Redirect(301, "/new/")),
    (Request("GET", "/old"), Serve("b3", "/old")),
    (Request("GET", "/old/%7B1%7D"), Redirect(301, "/new/%7B1%7D")),
    (
        Request("GET", "/2009/04/%E4%BC%9A.html", "a"),
        Redirect(302, "/%E4%BC%9A/?from=2009-04&a#top"),
    ),
    (Request("GET", "/%E6%97%A7%20%E7%89%88/a-b/"), Redirect(301, "https://old.example.co.jp/b/a")),
    (Request("GET", "/closed/x"), Gone()),
    # Who comes.
    (Request("GET", "/", accept_language="en-GB,ja"), Redirect(302, "/english/")),
    (Request("GET", "/", accept_language="ja,en"), Serve("b3", "/index.html")),
    (Request("GET", "/about", accept_language="EN"), Redirect(302, "/english/about/")),
    (
        Request("GET", "/item.php", "id=33", accept_language="en"),
        Redirect(302, "/english/shop/33/"),
    ),
    (Request("GET", "/en/x", accept_language="en"), Redirect(302, "/english/x")),
    (Request("GET", "/en/x"), Serve("b3", "/en/x")),
    (Request("GET", "/about", host="Shop.example.co.jp:443"), Redirect(301, "/shop/about/")),
    (Request("GET", "/x", host="shop.example.co.jp"), Redirect(301, "/shop/x")),
    (
        Request("GET", "/about", "", "shop.example.co.jp", FACEBOOK),
        Serve("b3", "/shop/about/index.html"),
    ),
]


@pytest.fixture(scope="module")
def edge() -> Iterator[EdgeFunction]:
    with EdgeFunction(source()) as function:
        yield function


def assert_all_agree(
    njs: str,
    edge: EdgeFunction,
    cases: Sequence[Case],
    site: Site = ANYWHERE,
    stores: Sequence[Store] = STORES,
) -> None:
    """`edge`: with the site's settings."""
    now = time.time()
    expected = [on_the_wire(decide(stores[n].get, request, site, now)) for n, request in cases]
    by_njs = run_njs(njs, stores, cases, site=site)
    for (store, request), wanted, (got, gets) in zip(cases, expected, by_njs, strict=True):
        assert got == wanted, ("njs", request, stores[store].get("live"))
        assert gets <= GETS_MAX, request
    for store in {store for store, _ in cases}:
        edge.load(stores[store])
        for (used, request), wanted in zip(cases, expected, strict=True):
            if used == store:
                headers = sent_headers(request)
                result = edge.run(request.method, request.path, request.query, headers)
                assert from_the_wire(result) == wanted, ("embedded engine", request)


@pytest.mark.parametrize(("request_", "decision"), TABLE_OF_DECISIONS)
def test_decisions(request_: Request, decision: object) -> None:
    asked: list[str] = []

    def get(key: str) -> str | None:
        asked.append(key)
        return STORE.get(key)

    assert decide(get, request_) == decision
    assert len(asked) <= GETS_MAX


@pytest.mark.parametrize(
    ("query", "location", "reads"),
    [
        ("id=7", "/7", 3),
        ("id=7&lang=ja", "/7?lang=ja", 5),
        ("id=7&lang=en", "/en/7", 3),
        ("kind=x", "/all?kind=x", 3),
    ],
)
def test_two_reads_for_each_set_of_parameters(query: str, location: str, reads: int) -> None:
    rules = [Rule("/item.php", 301, f"/{n * n}", query=f"id={n * n}") for n in range(2000)]
    rules += [
        Rule("/item.php", 301, "/all"),
        Rule("/item.php", 301, "/7", query="id=7"),
        Rule("/item.php", 301, "/en/7", query="id=7&lang=en"),
        *(Rule(f"/{n * 7919 % 999_983}", 301, f"/x/{n * 104_729 % 9973}") for n in range(2000)),
    ]
    store, asked = store_of(*rules), list[str]()

    def get(key: str) -> str | None:
        asked.append(key)
        return store.get(key)

    assert decide(get, Request("GET", "/item.php", query)) == Redirect(301, location)
    assert len(asked) == reads


@pytest.mark.parametrize("store", range(1, len(STORES)))
def test_without_a_readable_live_entry_nothing_is_served(store: int) -> None:
    readable = STORES[store].get("live") in (f"12 {'s' * 64} {SET_ID}", "12 preview-x 0123456789ab")
    decision = decide(STORES[store].get, Request("GET", "/"))
    assert (decision == Unavailable()) != readable


def test_the_tables_in_all_three_engines(njs: str, edge: EdgeFunction) -> None:
    requests = [request for request, _ in TABLE_OF_DECISIONS]
    requests += [Request("GET", "/", raw) for raw, *_ in TABLE]
    requests += [Request("GET", "/about", raw) for raw, *_ in TABLE]
    everywhere = [Request("GET", "/", "p=1632"), Request("GET", "/_errors/404.html")]
    cases = [(0, request) for request in requests]
    cases += [(store, request) for store in range(len(STORES)) for request in everywhere]
    assert_all_agree(njs, edge, cases)


def test_every_known_query_has_the_same_key_at_the_edge(njs: str) -> None:
    """Each row's key gets a rule of its own, so that a wrong key can't hide behind a 404."""
    stores: list[Store] = []
    cases: list[Case] = []
    for raw, key, base_key, _ in TABLE:
        for one in filter(None, (key, base_key)):
            cases.append((len(stores), Request("GET", "/", raw)))
            stores.append(store_of(Rule(f"?{one}", 301, "/found")))
    for (store, request), (got, _) in zip(cases, run_njs(njs, stores, cases), strict=True):
        assert got == on_the_wire(decide(stores[store].get, request))
        assert got[0] == 301, request
        assert str(got[1]).startswith("/found"), request


SEGMENTS = st.one_of(
    st.sampled_from(
        ["about", "blog", "_errors", "..", ".", "", "%2F", "%2e%2e", "%5C", "index.php"]
    ),
    st.sampled_from(
        ["%E4%BC%9A%E7%A4%BE", "%E4%BC", "a+b", "old%20page", "gone", "%00", "~", "'()*!"]
    ),
    st.text(alphabet=string.printable, max_size=4),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=2),
)
PATHS = st.one_of(
    st.sampled_from(["/", "/", "/", "/index.php", "/about", "/old%20page", "/gone/"]),
    st.sampled_from(
        ["/item.php", "/page.cgi", "/old/", "/old/a%20b/c", "/old", "/en/x", "/closed/"]
    ),
    st.sampled_from(["/2009/04/%E4%BC%9A.html", "/2009/4x/a.html", "/0/1/{1}.html", "/en/"]),
    st.sampled_from(["/%E6%97%A7%20%E7%89%88/a-b-c/", "/%E6%97%A7%20%E7%89%88/ab/"]),
    st.integers(18, 62).map(lambda n: f"/archives/{n}"),
    st.sampled_from(["/index.php/", "/index.php/about", "/index.php/x/", "/index.php/item.php"]),
    st.sampled_from(["/a%E3%80%82", "/a/%EF%BC%89", "/%22", "/about.", "/index.php/x!", "/a.b."]),
    st.sampled_from(["/archives/020", "/archives/20/", "/archives/9999999999", "/old/%7B1%7D"]),
    st.lists(SEGMENTS, max_size=4).map(lambda segments: "/" + "/".join(segments)),
)
KNOWN_QUERIES = st.sampled_from(
    [rule.source[1:] for rule in RULES.rules if rule.source[0] == "?"]
    + ["id=33", "id=33&kind=%E6%9C%AC", "kind=%E6%9C%AC&id=33", "id[]=33", "id=34", "n=1", "id="]
    + ["q=%E4%BC%9A%E7%A4%BE", "p=21", "p=23&feed=rss2", "p=24&feed=rss2", "cat=3&paged=14", "p=20"]
    + ["cat=3&paged=99", "p=999999999", "p=9999999999", "p=0", "amp;id=33", "id=33%E3%80%82"]
)
AGENTS = st.sampled_from(
    ["", BROWSER, FACEBOOK, "Facebot", "meta-externalagent", "x META-ExternalHit"]
)
REQUESTS = st.builds(
    Request,
    method=st.sampled_from(["GET"] * 8 + ["HEAD", "POST"]),
    path=PATHS,
    query=st.one_of(
        QUERIES,
        KNOWN_QUERIES,
        st.tuples(QUERIES, KNOWN_QUERIES).map("&".join),
        st.tuples(KNOWN_QUERIES, QUERIES).map("&".join),
    ).map(lambda query: re.sub("[\ud800-\udfff]", "", query)),
    user_agent=AGENTS,
    host=st.sampled_from(
        ["", "", "www.example.co.jp", "shop.example.co.jp", "SHOP.example.co.jp:80"]
    ),
    accept_language=st.sampled_from(
        ["", "", "ja,en;q=0.5", "en", "EN-us,ja", " en;q=1", "eng", "*"]
    ),
    scheme=st.sampled_from(["https", "https", "http"]),
)
CASES = st.tuples(st.sampled_from([0] * 20 + list(range(1, len(STORES)))), REQUESTS)


def test_long_texts_that_end_in_something_special_end_in_all_three_engines(
    njs: str, edge: EdgeFunction
) -> None:
    """njs 0.7.9 counts characters in steps of 32, and can lose itself at such a place."""
    queries = [
        "name={}%25",
        "name={}%26",
        "name={}%2B",
        "name={}+",
        "m={}%E3%81%82",
        "m={}1",
        "cat={}%E3%81%82",
        "cat=1{}1",
        "{}+",
    ]
    texts = [quote("会" * n) for n in range(29, 34)] + [quote("会" * n) for n in range(61, 66)]
    requests = [Request("GET", "/", query.format(text)) for query in queries for text in texts]
    requests += [Request("GET", "/", query.format("会" * n)) for query in queries for n in (31, 32)]
    ends = ["", quote("か\u3099"), "%25", "%20"]
    requests += [Request("GET", f"/{text}{end}") for text in texts for end in ends]
    requests += [Request("GET", "/" + quote("か\u3099" * n)) for n in range(14, 18)]
    assert_all_agree(njs, edge, [(0, request) for request in requests])


@settings(
    max_examples=30,
    deadline=None,
    # The assertion names the one request; shrinking a list of a hundred would take minutes.
    phases=[Phase.explicit, Phase.generate],
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(cases=st.lists(CASES, min_size=60, max_size=120))
def test_generated_requests_in_all_three_engines(
    njs: str, edge: EdgeFunction, cases: list[Case]
) -> None:
    assert_all_agree(njs, edge, cases)


def test_without_the_raw_query_it_is_rebuilt(njs: str) -> None:
    queries = ["p=1632", "fbclid&p=1632", "a=1&p=2&b=%E3%81%82&p=1632", "", "x&y=1", "p=404"]
    cases = [(0, Request("GET", "/", query)) for query in queries]
    got = [wire for wire, _ in run_njs(njs, STORES, cases, raw_query=False)]
    assert got == [
        on_the_wire(decide(STORE.get, request))
        for request in (
            Request("GET", "/", query)
            for query in (*queries[:2], "a=1&p=2&p=1632&b=%E3%81%82", *queries[3:])
        )
    ]


def test_headers_of_what_the_function_answers_itself(edge: EdgeFunction) -> None:
    edge.load(STORE)
    permanent = edge.run("GET", "/", "p=1632")
    assert permanent["headers"]["cache-control"]["value"] == "max-age=3600"
    assert edge.run("GET", "/", "p=9")["headers"]["cache-control"]["value"] == "no-cache"
    gone = edge.run("GET", "/gone/")
    assert gone["headers"]["cache-control"]["value"] == "max-age=300"
    assert "410 Gone" in gone["body"]["data"]
    assert edge.run("PUT", "/")["headers"]["allow"]["value"] == "GET, HEAD"
    edge.load({})
    unavailable = edge.run("GET", "/")
    assert unavailable["headers"]["cache-control"]["value"] == "no-store"
    assert unavailable["headers"]["retry-after"]["value"]


def test_the_lists_are_the_same_in_both_languages(edge: EdgeFunction) -> None:
    """Read out of the source, so that no list is kept in a third place."""
    text = EDGE_JS.read_text()

    def names(constant: str) -> list[str]:
        found = re.search(rf"const {constant} = \((.*?)\)\.split", text, re.DOTALL)
        assert found
        return "".join(re.findall(r"'([^']+)'", found[1])).split()

    assert tuple(names("VARIABLES")) == VARIABLES
    assert frozenset(names("INTEGERS")) == INTEGERS
    assert f"crawlers:/{'|'.join(PREVIEW_CRAWLERS)}/i" in source()
    statuses = re.search(r"const STATUS_TEXT = \{(.*?)\};", text, re.DOTALL)
    assert statuses
    assert {int(status) for status in re.findall(r"'(\d+)'", statuses[1])} == REDIRECTS
    assert f"REST_CHARACTERS_MAX = {REST_CHARACTERS_MAX};" in text
    # Each mark is stripped at the edge too, and so finds the rule.
    edge.load(store_of(Rule("?tag=x", 301, "/found")))
    for character in GLUED:
        assert canonical_query(f"tag=x{character}").key == "tag=x"
        assert from_the_wire(edge.run("GET", "/", f"tag=x{character}")) == (301, "/found")


def test_variables_of_the_site_itself_have_the_same_key_at_the_edge(edge: EdgeFunction) -> None:
    known = [Rule("?name=x&post_type=" + name, 410) for name in OWN.split("|")[0].split()]
    known += [Rule(f"?taxonomy={name}&term=x", 410) for name in OWN.split("|")[1].split()]
    for raw, key, base_key, rest in OWN_TABLE:
        for one in filter(None, (key, base_key)):
            store = store_of(Rule(f"?{one}", 301, "/found"), *known)
            edge.load(store)
            location = with_query("/found", rest)
            assert from_the_wire(edge.run("GET", "/", raw)) == (301, location), raw
            assert decide(store.get, Request("GET", "/", raw)) == Redirect(301, location), raw
        if key is None:
            edge.load(store_of(*known))
            assert from_the_wire(edge.run("GET", "/", raw)) == ("/b3/index.html",), raw
