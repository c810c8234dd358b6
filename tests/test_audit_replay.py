"""Old addresses through the edge's own code and its double: alike, and followed to their end."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.audit.compare import Answer
from publisher.audit.replay import EdgeEngine, ForAllAgents, PythonEngine, edge_data, follow
from publisher.audit.visitors import AGENTS, BROWSER, Visitor
from publisher.edge.javascript import EdgeFunctionError
from publisher.errors import PublisherError
from redirects.edge import Site
from redirects.match import Request
from redirects.patterns import Pattern
from redirects.rules import Rule, RuleSet
from tests.redirects.engine_requests import requests
from tests.redirects.engines import PUBLIC, a_rule_set

HERE = f"https://{PUBLIC}"
SITE = Site(PUBLIC, previews="preview.example.co.jp")
PAGES = {"/", "/会社/", "/blog/1.html", "/company/", "/way/100000000000000/"}
# Not by `RuleSet.of`, which shortens chains and leaves circles out.
RULES = RuleSet(
    tuple(
        sorted(
            [
                Rule("?p=1", 301, "/blog/1.html", "/blog/1.html"),
                Rule("?p=2", 410),
                Rule("?p=3", 302, "https://shop.example.co.jp/3?x=1#y"),
                Rule("/会社", 301, "/%E4%BC%9A%E7%A4%BE/"),
                Rule("/old", 301, "/older#part"),
                Rule("/older", 308, "/blog/1.html"),
                Rule("/nothing", 301, "/none.html"),
                Rule("/a", 301, "/b"),
                Rule("/b", 301, "/a"),
                Rule("/grows", 301, "/grows?x=1"),
                Rule("/apex", 301, "https://example.co.jp/company/"),
                Rule("/news", 301, "/company/", host="old.example.co.jp"),
            ],
            key=lambda rule: rule.source,
        )
    ),
    (Pattern("/way/{n:int}", 301, "/way/{n}0"), Pattern("/way/*", 301, "/way/100000000000000/")),
)
DATA = edge_data(RULES)


def has_file(path: str) -> bool:
    return path in PAGES


@pytest.fixture(scope="module")
def edge() -> Iterator[EdgeEngine]:
    with EdgeEngine(DATA, has_file, SITE) as engine:
        yield engine


@pytest.mark.parametrize(
    ("url", "statuses", "target", "page"),
    [
        ("/", (200,), "/", "/"),
        ("/?p=1", (301, 200), "/blog/1.html", "/blog/1.html"),
        ("/?p=2", (410,), "/?p=2", ""),
        ("/?p=9", (404,), "/?p=9", ""),
        ("/?p=3", (302,), "https://shop.example.co.jp/3?x=1#y", ""),
        ("/会社", (301, 200), "/%E4%BC%9A%E7%A4%BE/", "/会社/"),
        ("/%E4%BC%9A%E7%A4%BE/index.html", (200,), "/%E4%BC%9A%E7%A4%BE/index.html", "/会社/"),
        ("/old", (301, 308, 200), "/blog/1.html", "/blog/1.html"),
        ("/nothing", (301, 404), "/none.html", ""),
        ("/apex", (301, 301, 200), "/company/", "/company/"),
        ("http://example.co.jp/?p=1", (301, 200), "/blog/1.html", "/blog/1.html"),
        ("http://old.example.co.jp/news", (301, 200), "/company/", "/company/"),
        ("https://old.example.co.jp/none", (301, 404), "/none", ""),
        ("/_missing", (404,), "/_missing", ""),
        ("/_errors/404.html", (404,), "/_errors/404.html", ""),
        ("/release/", (404,), "/release/", ""),
        ("/a\r\nX: 1", (404,), "/a%0D%0AX:%201", ""),
        ("/%E9", (404,), "/%E9", ""),
        ("https://x.preview.example.co.jp/", (404,), "https://x.preview.example.co.jp/", ""),
    ],
)
def test_an_old_address_is_followed_to_its_end(
    edge: EdgeEngine, url: str, statuses: tuple[int, ...], target: str, page: str
) -> None:
    request = BROWSER.request(url, PUBLIC)
    for engine in (edge, PythonEngine(DATA, has_file, SITE)):
        (journey,) = follow(engine, [request], SITE)
        assert (journey.statuses, journey.target(HERE), journey.end.path) == (
            statuses,
            target,
            page,
        )
        assert journey.requests[0] == request
        assert journey.hops == sum(1 for status in statuses if status in (301, 302, 308))
        assert not journey.is_circle


def test_circles_end(edge: EdgeEngine) -> None:
    urls = ("/a", "/grows", "/way/1", "/")
    circle, growing, endless, home = follow(edge, _browsers(*urls), SITE)
    assert (circle.is_circle, circle.locations) == (True, ("/b", "/a"))
    assert (growing.is_circle, growing.hops) == (True, 11)
    assert (endless.is_circle, endless.hops) == (True, 11)
    assert not home.is_circle


class Counting:
    """An engine by a table, which counts what it is asked."""

    name = "table"

    def __init__(self, answers: dict[str, Answer]) -> None:
        self._answers = answers
        self.asked: list[list[Request]] = []

    def answers(self, requests: Sequence[Request]) -> list[Answer]:
        self.asked.append(list(requests))
        return [self._answers.get(request.path, Answer(404)) for request in requests]


def _browsers(*urls: str) -> list[Request]:
    return [BROWSER.request(url, PUBLIC) for url in urls]


def test_each_request_is_asked_once_and_all_of_a_step_together() -> None:
    table = Counting({"/a": Answer(301, "/c"), "/b": Answer(301, "/c"), "/c": Answer(200)})
    journeys = follow(table, _browsers("/a", "/b", "/a", "/c"), SITE)
    assert [journey.statuses for journey in journeys] == [(301, 200)] * 3 + [(200,)]
    assert [[request.path for request in batch] for batch in table.asked] == [["/a", "/b", "/c"]]


def test_the_same_visitor_goes_on() -> None:
    table = Counting({"/a": Answer(301, "https://www.example.co.jp/b?c=d#e")})
    visitor = Visitor("Meta", "http", "example.co.jp", "HEAD")
    follow(table, [visitor.request("/a", PUBLIC)], SITE)
    assert table.asked[1] == [Request("HEAD", "/b", "c=d", PUBLIC, AGENTS["Meta"], scheme="https")]


def test_nothing_else_is_asked() -> None:
    """Whatever a Location says, only the site's own hosts are asked."""
    others = (
        "https://www.example.co.jp.evil.example/", "//evil.example/x", "/\\evil.example/x",
        "https://www.example.co.jp@evil.example/", "https://a:b@www.example.co.jp/",
        "https://www.example.co.jp:8443/",
        "http://169.254.169.254/latest/", "file:///etc/passwd", "javascript:alert(1)",
        "https://[::1", "https://www.example.co.jp:99999/", "\t//evil.example",
    )  # fmt: skip
    for location in others:
        table = Counting({"/a": Answer(302, location)})
        (journey,) = follow(table, _browsers("/a"), SITE)
        assert len(table.asked) == 1, location
        assert journey.elsewhere, location
        assert journey.target(HERE) == journey.elsewhere


def test_a_rule_set_that_does_not_fit_is_an_error() -> None:
    patterns = [Pattern(f"/{'長' * 20}{n}/*", 301, "/") for n in range(20)]
    with pytest.raises(PublisherError, match="holds"):
        edge_data(RuleSet.of([], patterns))


def test_what_no_file_can_have_as_its_path_is_missing_whatever_there_is() -> None:
    asked = _browsers("/%E9", "/a/../b", "//x", "/_missing", "/_errors/404.html")
    with EdgeEngine(DATA, lambda _: True, SITE) as engine:
        answers = engine.answers(asked)
    assert [answer.status for answer in answers] == [404, 404, 404, 200, 200]
    assert answers == PythonEngine(DATA, lambda _: True, SITE).answers(asked)


def test_a_function_that_fails_is_a_503(edge: EdgeEngine) -> None:
    with mock.patch.object(
        edge._function, "run_all", return_value=[EdgeFunctionError("broken"), {"uri": "/release/"}]
    ):
        failed, home = edge.answers(_browsers("/", "/"))
    assert (failed.status, failed.problem) == (503, "broken")
    assert home == Answer(200, path="/")


def test_the_edge_and_python_answer_alike() -> None:
    """Over all forms of old addresses, with hosts, languages, patterns and junk."""
    with mock.patch("redirects.compile.HEAD_BYTES_MAX", 1_000_000):
        data = edge_data(a_rule_set())
    rng = random.Random(5)
    asked = [
        one.request._replace(scheme=rng.choice(("https", "https", "http")))
        for one in requests(5, 6_000)
    ]

    def is_there(path: str) -> bool:
        return len(path) % 3 > 0

    with EdgeEngine(data, is_there, SITE) as engine:
        by_edge = engine.answers(asked)
    by_python = PythonEngine(data, is_there, SITE).answers(asked)
    assert [
        both for both in zip(asked, by_edge, by_python, strict=True) if both[1] != both[2]
    ] == []
    assert {answer.status for answer in by_edge} >= {200, 301, 302, 307, 308, 404, 405, 410}


def test_agents_are_asked_for_where_the_edge_looks_at_them_and_nowhere_else() -> None:
    """Each gets what it would get if it were asked for alone."""
    post = Rule("?p=1", 301, "/blog/1.html", in_place="/blog/1.html")
    data = edge_data(RuleSet.of([post, Rule("?p=2", 301, "/company/")]))
    urls = ("/?p=1", "/?p=2", "/", "/none", "/?p=1", "/company/")
    with EdgeEngine(data, has_file, SITE) as engine:
        for_all = ForAllAgents(engine)
        asked: list[int] = []
        noting = engine.answers_noting

        def counted(some: Sequence[Request]) -> list[tuple[Answer, bool]]:
            asked.append(len(some))
            return noting(some)

        with mock.patch.object(engine, "answers_noting", counted):
            for agent in AGENTS:
                requests = [Visitor(agent).request(url, PUBLIC) for url in urls]
                assert for_all.answers(requests) == engine.answers(requests), agent
        both = [Visitor(agent).request("/?p=1", PUBLIC) for agent in ("Meta", "Browser")]
        assert [one.status for one in for_all.answers(both)] == [200, 301]
    assert asked == [6, *[2] * (len(AGENTS) - 1)]


_TEXT = st.text(st.sampled_from("/?&=%#.;:@ abp1329あが\u3099\\\x00\x7f\ud800"), max_size=12)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["/", "/old", "/way/", "/会社", ""]),
    _TEXT,
    _TEXT,
    st.sampled_from([PUBLIC, "example.co.jp", "old.example.co.jp", "a.preview.example.co.jp", ""]),
    st.sampled_from(list(AGENTS.values())),
    st.sampled_from(["GET", "HEAD", "POST"]),
    st.sampled_from(["https", "http"]),
)
def test_the_edge_and_python_answer_anything_alike(
    edge: EdgeEngine, begin: str, path: str, query: str, host: str, agent: str, method: str,
    scheme: str,
) -> None:  # fmt: skip
    # As it is, but for what no client can send.
    at, what = (begin + path).replace("\ud800", ""), query.replace("\ud800", "")
    request = Request(method, at, what, host, agent, scheme=scheme)
    sent = BROWSER.request(f"/{path}?{query}", PUBLIC)
    engine = PythonEngine(DATA, has_file, SITE)
    assert engine.answers([request, sent]) == edge.answers([request, sent])
    assert sent.path.isascii()
