"""What the host of a request decides, in all three engines: previews, the public host, and what
visitors get while the key-value data can't be read."""

from __future__ import annotations

import itertools
import time
import unicodedata
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from edge_runners import Case, Store
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from test_redirect_edge import AGENTS, DATA, ENTRIES, FACEBOOK, PATHS, SET_ID, assert_all_agree

from publisher.edge.javascript import EdgeFunction
from redirects.compile import live_entry, password_digest
from redirects.edge import Site, source
from redirects.kana import composed
from redirects.match import (
    Decision,
    Ended,
    Gone,
    KeepOut,
    Missing,
    NotAllowed,
    Redirect,
    Request,
    Serve,
    Unauthorized,
    Unavailable,
    decide,
)
from redirects.targets import REST_CHARACTERS_MAX

PUBLIC = "www.example.co.jp"
PREVIEWS = "preview.example.co.jp"
SITE = Site(PUBLIC, PREVIEWS, "f1")
ABOUT = "/about/index.html"
LONG_AGO = 1
FAR_AWAY = 99_999_999_999

STORE: Store = {
    **ENTRIES,
    "live": live_entry(12, "b3", SET_ID, DATA.head),
    "preview-spring": live_entry(1, "preview-spring-s1", SET_ID, DATA.head),
    "preview-2024-natsu": live_entry(1, "n1", SET_ID, DATA.head, FAR_AWAY),
    "preview-old": live_entry(1, "o1", SET_ID, DATA.head, LONG_AGO, password_digest("old", "x")),
    "preview-secret": live_entry(
        1, "p1", SET_ID, DATA.head, FAR_AWAY, password_digest("secret", "ひみつ")
    ),
    "preview-broken": "1 x",
}
# The second one is a store that can't be read, or has no readable entry.
STORES: list[Store] = [STORE, {**ENTRIES}, {**STORE, "live": "12 b3"}]


def basic(password: str, name: str = "preview", scheme: str = "Basic") -> str:
    return f"{scheme} {b64encode(f'{name}:{password}'.encode()).decode()}"


def at(
    host: str, path: str = "/", query: str = "", agent: str = "", authorization: str = ""
) -> Request:
    return Request("GET", path, query, host, agent, authorization)


def plain(host: str, path: str = "/", query: str = "", agent: str = "") -> Request:
    return at(host, path, query, agent)._replace(scheme="http")


def preview(name: str, path: str = "/", **given: str) -> Request:
    return at(f"{name}.{PREVIEWS}", path, **given)


TABLE: list[tuple[Request, Decision]] = [
    # The public host, however it is written.
    (at(PUBLIC), Serve("b3", "/index.html")),
    (at(PUBLIC.upper() + ":443"), Serve("b3", "/index.html")),
    (at(PUBLIC, query="p=1632"), Redirect(301, "/blog/1632.html")),
    # Any other one is sent there, with all that is clean.
    (at("example.co.jp"), Redirect(301, f"https://{PUBLIC}/")),
    (at(""), Redirect(301, f"https://{PUBLIC}/")),
    (at(f"{PUBLIC}."), Redirect(301, f"https://{PUBLIC}/")),
    (at(f"{PUBLIC}.evil.example"), Redirect(301, f"https://{PUBLIC}/")),
    (at(f"x{PUBLIC}"), Redirect(301, f"https://{PUBLIC}/")),
    (at(PREVIEWS), Redirect(301, f"https://{PUBLIC}/")),
    (at(f"evil{PREVIEWS}"), Redirect(301, f"https://{PUBLIC}/")),
    (at(f"spring.{PREVIEWS}.evil.example"), Redirect(301, f"https://{PUBLIC}/")),
    (at("d111.cloudfront.net", "/x", "a=1"), Redirect(301, f"https://{PUBLIC}/x?a=1")),
    # And to where a rule of the public host leads, in one step.
    (at("example.co.jp", "/about", "a=1"), Redirect(301, f"https://{PUBLIC}/about/?a=1")),
    (at("example.co.jp", query="p=1632&a"), Redirect(301, f"https://{PUBLIC}/blog/1632.html?a")),
    (at("example.co.jp", query="p=9"), Redirect(302, "https://files.example.jp/a.pdf?v=1")),
    (at("example.co.jp", "/old/x"), Redirect(301, f"https://{PUBLIC}/new/x")),
    (at("example.co.jp", query="p=404"), Missing("b3")),
    (at("example.co.jp", "/gone/"), Gone()),
    (at("example.co.jp", query="p=7", agent=FACEBOOK), Serve("b3", ABOUT)),
    (at("shop.example.co.jp", "/about"), Redirect(301, f"https://{PUBLIC}/shop/about/")),
    (at("shop.example.co.jp", "/a b".replace(" ", "%20")),
     Redirect(301, f"https://{PUBLIC}/shop/a%20b")),
    (at("example.co.jp", "/_errors/404.html"), Redirect(301, f"https://{PUBLIC}/_errors/404.html")),
    # Without TLS.
    (plain(PUBLIC, "/会社/", "a"), Redirect(301, f"https://{PUBLIC}/%E4%BC%9A%E7%A4%BE/?a")),
    (plain(PUBLIC, query="p=1632"), Redirect(301, f"https://{PUBLIC}/blog/1632.html")),
    (plain("example.co.jp", query="p=1632"), Redirect(301, f"https://{PUBLIC}/blog/1632.html")),
    (plain(PUBLIC, query="p=7", agent=FACEBOOK), Serve("b3", ABOUT)),
    (plain(PUBLIC, query="p=404"), Missing("b3")),
    (plain(f"spring.{PREVIEWS}"), Serve("preview-spring-s1", "/index.html")),
    (at("x", "/会社/"), Redirect(301, f"https://{PUBLIC}/%E4%BC%9A%E7%A4%BE/")),
    (at("x", "/%e4%bc%9a%e7%a4%be/", "p=1&p=2"),
     Redirect(301, f"https://{PUBLIC}/%E4%BC%9A%E7%A4%BE/?p=1&p=2")),
    (at("x", quote("/か\u3099")), Redirect(301, f"https://{PUBLIC}/%E3%81%8C")),
    (at("x", "/a", "b\r\nSet-Cookie:x"), Redirect(301, f"https://{PUBLIC}/a")),
    (at("x", "/a", "b" * (REST_CHARACTERS_MAX + 1)), Redirect(301, f"https://{PUBLIC}/a")),
    (at("x", "//evil.example/"), Missing("b3")),
    (at("x", "/%0d%0aSet-Cookie:x"), Missing("b3")),
    (at("x", "/a/../b"), Missing("b3")),
    (Request("POST", "/", host="x"), NotAllowed()),
    (Request("HEAD", "/a", host="x"), Redirect(301, f"https://{PUBLIC}/a")),
    # A preview.
    (preview("spring"), Serve("preview-spring-s1", "/index.html")),
    (preview("SPRING"), Serve("preview-spring-s1", "/index.html")),
    (at(f"Spring.{PREVIEWS.title()}:8080", "/会社"), Redirect(301, "/about/")),
    (preview("2024-natsu", "/about"), Redirect(301, "/about/")),
    (preview("spring", query="p=1632"), Redirect(301, "/blog/1632.html")),
    (preview("spring", query="p=7", agent=FACEBOOK), Serve("preview-spring-s1", ABOUT)),
    (preview("spring", "/gone/"), Gone()),
    (preview("spring", query="p=404"), Missing("preview-spring-s1")),
    (preview("spring", "/a//b"), Missing("preview-spring-s1")),
    (preview("spring", "/_errors/404.html"), Serve("", "/_errors/404.html")),
    (preview("autumn"), Missing("")),
    (preview("broken"), Missing("")),
    (preview("live"), Missing("")),
    (preview("old"), Ended()),
    (preview("old", authorization=basic("x")), Ended()),
    (Request("POST", "/", host=f"spring.{PREVIEWS}"), NotAllowed()),
    # Crawlers stay away from all of them, and learn nothing.
    *((preview(name, "/robots.txt"), KeepOut()) for name in ("spring", "old", "secret", "autumn")),
    (preview("spring", "/robots.txt/"), Serve("preview-spring-s1", "/robots.txt/index.html")),
    (at(PUBLIC, "/robots.txt"), Serve("b3", "/robots.txt")),
    # The password.
    (preview("secret", authorization=basic("ひみつ")), Serve("p1", "/index.html")),
    (preview("secret", authorization=basic("ひみつ", scheme="bAsIc ")), Serve("p1", "/index.html")),
    (preview("secret", "/about", authorization=basic("ひみつ")), Redirect(301, "/about/")),
    *((preview("secret", authorization=sent), Unauthorized()) for sent in (
        "", "Basic", "Basic ", "Basic !", "Basic " + "a" * 2000, basic("ひみつ") + " ",
        basic("himitsu"), basic(""), basic("ひみつ", "admin"), basic("ひみつ", scheme="Bearer"),
        password_digest("secret", "ひみつ"), f"Basic {password_digest('secret', 'ひみつ')}",
    )),
    (preview("secret", "/a//b"), Unauthorized()),
    (preview("secret", "/_errors/404.html"), Unauthorized()),
]  # fmt: skip

# Without readable data, by the number of the store.
TABLE_WITHOUT_DATA: list[tuple[Request, Decision]] = [
    (at(PUBLIC), Serve("f1", "/index.html")),
    (at(PUBLIC, "/会社/", "a=1"), Serve("f1", "/会社/index.html")),
    (at(PUBLIC, "/about"), Serve("f1", "/about")),
    (at(PUBLIC, "/index.php", "utm_source=x"), Serve("f1", "/index.php")),
    (at(PUBLIC, query="p=1632"), Unavailable()),
    (at(PUBLIC, "/index.php", "p=1632"), Unavailable()),
    (at(PUBLIC, "/a//b"), Missing("f1")),
    (at(PUBLIC, "/_errors/404.html"), Serve("", "/_errors/404.html")),
    (at("x", "/a"), Redirect(301, f"https://{PUBLIC}/a")),
]


@pytest.fixture(scope="module")
def edge() -> Iterator[EdgeFunction]:
    with EdgeFunction(source(*SITE)) as function:
        yield function


@pytest.mark.parametrize(("request_", "decision"), TABLE)
def test_decisions(request_: Request, decision: object) -> None:
    asked: list[str] = []

    def get(key: str) -> str | None:
        asked.append(key)
        return STORE.get(key)

    assert decide(get, request_, SITE, time.time()) == decision
    assert len(asked) <= 3
    if isinstance(decision, KeepOut | Ended | Unauthorized):
        assert len(asked) <= 1


@pytest.mark.parametrize("store", [1, 2])
@pytest.mark.parametrize(("request_", "decision"), TABLE_WITHOUT_DATA)
def test_without_data(store: int, request_: Request, decision: object) -> None:
    assert decide(STORES[store].get, request_, SITE) == decision
    if request_.host == PUBLIC:
        without_fallback = SITE._replace(fallback="")
        assert decide(STORES[store].get, request_, without_fallback) == Unavailable()


def test_a_preview_ends_in_the_second_that_it_names() -> None:
    store = {"preview-x": live_entry(1, "s1", SET_ID, DATA.head, 1_700_000_000)}
    request = preview("x")
    assert decide(store.get, request, SITE, 1_699_999_999.9) == Serve("s1", "/index.html")
    assert decide(store.get, request, SITE, 1_700_000_000) == Ended()


def test_the_tables_in_all_three_engines(njs: str, edge: EdgeFunction) -> None:
    requests = [request for request, _ in [*TABLE, *TABLE_WITHOUT_DATA]]
    cases = [(store, request) for store in range(len(STORES)) for request in requests]
    assert_all_agree(njs, edge, cases, SITE, STORES)


def test_other_settings_in_all_three_engines(njs: str) -> None:
    requests = [request for request, _ in [*TABLE, *TABLE_WITHOUT_DATA]]
    cases = [(store, request) for store in (0, 1) for request in requests]
    for site in (Site(host=PUBLIC), Site(previews=PREVIEWS), Site(fallback="f1"), Site()):
        with EdgeFunction(source(*site)) as function:
            assert_all_agree(njs, function, cases, site, STORES)


HOSTS = st.one_of(
    st.sampled_from([PUBLIC, *(f"{name}.{PREVIEWS}" for name in ("spring", "secret", "old"))]),
    st.text("sprinɡ.:-0/\\'%\u212a", max_size=8).map(lambda label: f"{label}.{PREVIEWS}"),
    st.text(st.characters(max_codepoint=0x17F, exclude_categories=["Cc"]), max_size=8),
)
REQUESTS = st.builds(
    Request,
    method=st.just("GET"),
    path=st.one_of(PATHS, st.just("/robots.txt")),
    query=st.sampled_from(["", "p=1632", "a=1", "p=404&page=2", "あ", "%"]),
    host=HOSTS,
    user_agent=AGENTS,
    authorization=st.sampled_from(["", basic("ひみつ"), basic("x"), "baſic eA==", "Basic =+/"]),
    scheme=st.sampled_from(["https", "http"]),
)


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(cases=st.lists(st.tuples(st.sampled_from([0, 0, 0, 1]), REQUESTS), min_size=60, max_size=99))
def test_generated_requests_in_all_three_engines(
    njs: str, edge: EdgeFunction, cases: list[Case]
) -> None:
    assert_all_agree(njs, edge, cases, SITE, STORES)


def test_every_kana_with_every_mark_in_all_three_engines(njs: str, edge: EdgeFunction) -> None:
    kana = map(chr, range(0x3041, 0x3100))
    pairs = ["".join(pair) for pair in itertools.product(kana, "\u3099\u309a")]
    for pair in pairs:
        assert composed(f"/{pair}") == unicodedata.normalize("NFC", f"/{pair}")
    pairs += ["e\u0301", "あ\u3099\u3099", "か\u3099\u3099"]
    cases = [(0, at(PUBLIC, quote(f"/{pair}x{pair}"))) for pair in pairs]
    assert_all_agree(njs, edge, cases, SITE, STORES)


def test_headers_of_what_a_preview_answers_itself(edge: EdgeFunction) -> None:
    edge.load(STORE)

    def answer(name: str, path: str = "/") -> tuple[int, dict[str, str], str]:
        result = edge.run("GET", path, "", {"Host": f"{name}.{PREVIEWS}"})
        headers = {key: one["value"] for key, one in result["headers"].items()}
        return result["statusCode"], headers, result["body"]["data"]

    status, headers, text = answer("secret")
    assert (status, headers["cache-control"]) == (401, "no-store")
    assert headers["www-authenticate"] == 'Basic realm="preview", charset="UTF-8"'
    assert "password" in text
    status, headers, text = answer("old")
    assert (status, headers["cache-control"]) == (410, "no-store")
    assert "preview has ended" in text
    assert headers["content-type"] == "text/html; charset=utf-8"
    status, headers, text = answer("spring", "/robots.txt")
    assert (status, headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert text == "User-agent: *\nDisallow: /\n"
