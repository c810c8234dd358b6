"""A live site is asked for old addresses: as visitors do, within bounds, and nobody else."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest

from publisher.audit.compare import Answer, Journey, difference
from publisher.audit.live import Limits, LiveSite, telling_pages
from publisher.audit.replay import PythonEngine, edge_data, follow
from publisher.audit.report import Live
from publisher.audit.visitors import AGENTS, BROWSER, Visitor
from publisher.edge.server import EdgeServer, one_release
from publisher.errors import PublisherError
from publisher.manifest import Entry, entries_of
from publisher.paths import SitePath
from redirects.edge import Site
from redirects.rules import Rule, RuleSet
from tests.cms_servers import Reply, Sent, answering, speaking
from tests.sites import World

PUBLIC = "www.example.co.jp"
HERE = f"https://{PUBLIC}"
QUICK = Limits(answer_s=2, pause_s=0.01, wait_s_max=0.05, retries=1)
PAGE = {"Content-Type": "text/html; charset=utf-8"}


def page(title: str, size: int = 0) -> Reply:
    body = f"<!doctype html><title>{title}</title><p>{'x' * size}".encode()
    return Reply(200, body, PAGE)


def to(location: str, status: int = 301) -> Reply:
    return Reply(status, b"moved", {"Location": location})


@contextmanager
def live(
    answer: Callable[[Sent], Reply], limits: Limits = QUICK
) -> Iterator[tuple[LiveSite, list[Sent]]]:
    """A live site by a function, and what it is asked."""
    asked: list[Sent] = []

    def noted(sent: Sent) -> Reply:
        asked.append(sent)
        return answer(sent)

    with answering(noted) as url, LiveSite(url, PUBLIC, limits=limits) as site:
        yield site, asked


def journeys(site: LiveSite, *urls: str, visitor: Visitor = BROWSER) -> list[Journey]:
    asked = [site.at(visitor.request(url, PUBLIC)) for url in urls]
    assert None not in asked
    return follow(site, [one for one in asked if one], site.site)


def table(replies: dict[str, Reply]) -> Callable[[Sent], Reply]:
    return lambda sent: replies.get(sent.target, Reply(404, b"", PAGE))


def test_redirects_are_followed_and_the_page_is_named() -> None:
    replies = {
        "/?p=1": to("/blog/1.html"),
        "/blog/1.html": page("最初の\n投稿"),
        "/%E4%BC%9A": to("blog/1.html", 302),
        "/gone": Reply(410),
        "/none": Reply(302),
    }
    with live(table(replies)) as (site, asked):
        found = journeys(site, "/?p=1", "/会", "/gone", "/lost", "/none")
        assert [one.live(site.origin) for one in found] == [
            Live(301, 1, 200, "/blog/1.html"),
            Live(302, 1, 200, "/blog/1.html"),
            Live(410, 0, 410, "/gone"),
            Live(404, 0, 404, "/lost"),
            Live(302, 0, 302, "/none"),
        ]
        assert found[0].end.title == "最初の 投稿"
        assert len(asked) == 6  # the page once, whoever leads there


def test_each_visitor_asks_as_themselves() -> None:
    with live(table({"/": page("home")})) as (site, asked):
        for visitor in (Visitor("Meta"), Visitor("Googlebot", method="HEAD"), BROWSER):
            (found,) = journeys(site, "/", visitor=visitor)
            assert found.end == Answer(200, title="" if visitor.method == "HEAD" else "home")
        secret = BROWSER.request("/", PUBLIC)._replace(authorization="Basic eDp5", user_agent="")
        request = site.at(secret)
        assert request
        site.answers([request])
        (post,) = site.answers([request._replace(method="POST")])
    assert [(sent.method, sent.headers["User-Agent"]) for sent in asked] == [
        ("GET", AGENTS["Meta"]),
        ("HEAD", AGENTS["Googlebot"]),
        ("GET", AGENTS["Browser"]),
        ("GET", "publisher/0.1 (redirect audit)"),
    ]
    assert not any("Authorization" in sent.headers for sent in asked)
    assert post.problem == "not asked: a method that may change something"


def test_no_cookie_is_kept() -> None:
    def answer(sent: Sent) -> Reply:
        assert "Cookie" not in sent.headers
        return Reply(302, b"", {"Location": "/b", "Set-Cookie": "a=b"}) if sent.target == "/" else (
            page("b")
        )  # fmt: skip

    with live(answer) as (site, _):
        assert journeys(site, "/")[0].statuses == (302, 200)


# ------------------------------------------------------------------ hosts


def test_the_hosts_of_requests() -> None:
    with LiveSite(HERE, PUBLIC) as site:
        plain = Visitor("Browser", "http", "example.co.jp").request("/a?b", PUBLIC)
        assert site.at(plain) == plain
        assert site.at(BROWSER.request("https://old.example.co.jp/", PUBLIC)) is None
    with LiveSite("https://staging.example.co.jp/", PUBLIC) as site:
        moved = site.at(BROWSER.request("/a", PUBLIC))
        assert moved
        assert (moved.scheme, moved.host) == ("https", "staging.example.co.jp")
        assert site.at(Visitor("Browser", host="example.co.jp").request("/a", PUBLIC)) is None
    with LiveSite("http://127.0.0.1:21000", PUBLIC) as site:
        assert site.at(Visitor("Browser", "http").request("/a", PUBLIC)) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://user:himitsu@www.example.co.jp", "https://:himitsu@www.example.co.jp/",
        "https://himitsu@www.example.co.jp", "www.example.co.jp", "ftp://www.example.co.jp",
        "https://www.example.co.jp/blog/", "https://www.example.co.jp/?himitsu", "https://",
        "https://[::1", "https://www.example.co.jp:99999", "",
    ],
)  # fmt: skip
def test_an_address_that_can_not_be_audited_is_refused(url: str) -> None:
    with pytest.raises(PublisherError) as raised:
        LiveSite(url, PUBLIC)
    assert "himitsu@" not in str(raised.value)
    assert raised.value.hint


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/", "http://localhost:{port}/x", "//[::1]:{port}/",
        "http://127.0.0.1:{port}@127.0.0.1:1/", "http://127.0.0.1:1/", "/\\127.0.0.1:1/",
        "https://www.example.co.jp/x", "file:///etc/passwd", "gopher://127.0.0.1:{port}/",
        "http://127.0.0.1:{port}.evil.example/", "http://[", "http://127.0.0.1:99999999/",
    ],
)  # fmt: skip
def test_no_other_host_is_asked(location: str) -> None:
    def answer(sent: Sent) -> Reply:
        return to(location.replace("{port}", sent.headers["Host"].partition(":")[2]))

    with live(answer) as (site, asked):
        (found,) = journeys(site, "/")
        assert len(asked) == 1
        assert found.elsewhere
        assert found.live(site.origin).problem == ""
        # Nor by whoever hands it such a request.
        request = found.requests[0]._replace(host="localhost")
        assert site.answers([request])[0].problem == "not asked: another host"
        assert len(asked) == 1


@pytest.mark.parametrize(("own", "there", "is_asked"), [
    ("203.0.113.5", "10.0.0.1", True), ("8.8.8.8", "10.0.0.1", False), ("8.8.8.8", "::1", False),
    ("8.8.8.8", "8.8.4.4", True), ("10.0.0.1", "10.0.0.2", True), ("8.8.8.8", "", True),
])  # fmt: skip
def test_the_twin_of_a_public_host_is_not_asked_in_a_private_network(
    own: str, there: str, is_asked: bool
) -> None:
    def looked_up(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        found = own if host == PUBLIC else there
        if not found:
            raise socket.gaierror
        return [(2, 1, 6, "", (found, 0))]

    with (
        mock.patch("socket.getaddrinfo", looked_up),
        LiveSite(HERE, PUBLIC) as site,
        mock.patch.object(site, "_patiently", return_value=mock.Mock(error="x")) as asked,
    ):
        request = Visitor("Browser", host="example.co.jp").request("/", PUBLIC)
        (answer,) = site.answers([request])
    assert asked.called == is_asked
    assert ("private network" in answer.problem) == (not is_asked)


# ------------------------------------------------------------------ hostile servers


def test_redirects_without_end_end() -> None:
    def answer(sent: Sent) -> Reply:
        return to("/a") if sent.target == "/a" else to(f"{sent.target}x")

    with live(answer) as (site, asked):
        circle, endless = journeys(site, "/a", "/b")
        assert (circle.is_circle, circle.hops) == (True, 1)
        assert (endless.is_circle, endless.hops) == (True, 11)
        assert endless.live(site.origin).problem == "leads in a circle"
        assert len(asked) == 12


def test_of_a_huge_page_only_the_beginning_is_read() -> None:
    sent_bytes = 0

    def speak(connection: socket.socket, _: str) -> None:
        nonlocal sent_bytes
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>\xe5\xa4\xa7</title>"
        )
        while True:
            sent_bytes += connection.send(b"x" * 65536)

    with speaking(speak) as url, LiveSite(url, PUBLIC, limits=QUICK) as site:
        began = time.monotonic()
        (found,) = journeys(site, "/")
        assert found.end.status == 200
        assert found.end.problem == ""
        assert time.monotonic() - began < 2
    assert sent_bytes < 64 * 1024 * 1024


@pytest.mark.parametrize("part", ["head", "body", "nothing"])
def test_who_is_slow_is_given_up(part: str) -> None:
    """Also one who sends a byte now and then: in the whole, an answer has its time."""
    is_over = threading.Event()

    def speak(connection: socket.socket, _: str) -> None:
        if part != "nothing":
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: " + (b"\r\n\r\n" if part == "body" else b""))
        while part != "nothing" and not is_over.wait(0.05):
            connection.sendall(b"x")
        is_over.wait(5)

    limits = Limits(answer_s=0.4, pause_s=0.01, retries=1, failures=100)
    with speaking(speak) as url, LiveSite(url, PUBLIC, limits=limits) as site:
        began = time.monotonic()
        (found,) = journeys(site, "/")
        took = time.monotonic() - began
        is_over.set()
    assert (found.end.status, found.end.problem) == (0, "no answer in time")
    assert 0.7 < took < 3


@pytest.mark.parametrize(
    ("head", "want"),
    [
        (b"HTTP/1.1 301 X\r\nLocation: /x\r\nLocation: /b\r\n", None),
        (b"HTTP/1.1 301 X\r\nLocation: /b\x1b[31m\x00y\r\n", None),
        (b"HTTP/1.1 301 X\r\nLocation: /b\x1b[31m\r\n", Answer(301, "/b%1B[31m")),
        (b"HTTP/1.1 301 X\r\nLocation: \t/b c\td \r\n", Answer(301, "/b%20cd")),
        (b"HTTP/1.1 301 X\r\nLocation: /\xe4\xbc\x9a\r\n", Answer(301, "/%E4%BC%9A")),
        (b"HTTP/1.1 301 X\r\nLocation: /\xe4\xbc\r\n", Answer(301, "/%EF%BF%BD")),
        (b"HTTP/1.1 301 X\r\nLocation: /b%0d%0aX:1\r\n", Answer(301, "/b%0d%0aX:1")),
        (b"HTTP/1.1 301 X\r\n Location: /b\r\n", None),
        (b"HTTP/1.1 100 X\r\nLocation: /a\r\n\r\nHTTP/1.1 404 X\r\n", Answer(404)),
        (b"HTTP/1.1 200 X\r\nLocation: /b\r\n", Answer(200)),
        (b"HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\nContent-Type: text/html\r\n", Answer(200)),
        (b"HTTP/1.1 204 X\r\n", Answer(204)),
        (b"HTTP/1.1 999 X\r\n", Answer(999)),
        (b"HTTP/1.1 abc X\r\n", None),
        (b"hello", None),
        (b"HTTP/1.1 200 X\r\n" + b"X: y\r\n" * 100_000, None),
    ],
)  # fmt: skip
def test_any_head_is_an_answer_or_a_problem(head: bytes, want: Answer | None) -> None:
    def speak(connection: socket.socket, _: str) -> None:
        connection.sendall(head + b"Connection: close\r\n\r\n")

    with speaking(speak) as url, LiveSite(url, PUBLIC, limits=QUICK) as site:
        request = site.at(BROWSER.request("/", PUBLIC))
        assert request
        (answer,) = site.answers([request])
        if want is None:
            assert answer.problem or answer.status == 301, answer
            assert answer.location.isprintable()
        else:
            assert answer == want


def test_what_can_not_be_sent_is_a_problem() -> None:
    with live(table({})) as (site, asked):
        request = site.at(BROWSER.request("/", PUBLIC))
        assert request
        found = site.answers(
            [
                request._replace(user_agent="a\r\nX: 1"),
                request._replace(path="/a\r\nX: 1"),
                request._replace(path="/a\x00b"),
                request._replace(path="/\ud800"),
            ]
        )
        assert all("no client can send this" in answer.problem for answer in found)
        assert asked == []


# ------------------------------------------------------------------ trouble


def test_what_passes_is_asked_again_as_the_site_wants_it() -> None:
    seen: dict[str, int] = {}

    def answer(sent: Sent) -> Reply:
        seen[sent.target] = seen.get(sent.target, 0) + 1
        if seen[sent.target] == 1:
            return Reply(int(sent.target[1:]), b"", {"Retry-After": "30"})
        return page("back")

    limits = Limits(answer_s=2, pause_s=0.01, wait_s_max=0.3, retries=1)
    with live(answer, limits) as (site, asked):
        began = time.monotonic()
        found = journeys(site, "/429", "/503", "/502", "/504")
        assert [one.end.status for one in found] == [200] * 4
        assert len(asked) == 8
        assert 0.3 <= time.monotonic() - began < 4  # a pause, but not as long as it wants


def test_what_stays_is_the_answer() -> None:
    with live(lambda sent: Reply(int(sent.target[1:]))) as (site, asked):
        found = journeys(site, "/500", "/503", "/404")
        assert [one.end.status for one in found] == [500, 503, 404]
        assert len(asked) == 4


def test_a_site_that_is_down_is_left_alone() -> None:
    limits = Limits(answer_s=2, pause_s=0.001, wait_s_max=0.05, retries=0, failures=5)
    with live(lambda _: Reply(0), limits) as (site, asked):
        found = journeys(site, *(f"/{n}" for n in range(40)))
        assert len(asked) < 12
        assert found[0].end.problem == "it closed the connection without an answer"
        assert found[-1].end.problem == "not asked: the site has stopped answering"


def test_the_time_for_all_of_it_is_bounded() -> None:
    def answer(_: Sent) -> Reply:
        time.sleep(0.05)
        return page("x")

    limits = Limits(answer_s=2, total_s=0.3)
    with live(answer, limits) as (site, asked):
        found = journeys(site, *(f"/{n}" for n in range(100)))
        assert 4 <= len(asked) < 60
        assert found[0].end.status == 200
        assert found[-1].end.problem == "not asked: the time for the live site is over"


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with LiveSite(url, PUBLIC, limits=QUICK) as site:
            assert journeys(site, "/")[0].live(site.origin).problem == "nothing listens there"


def test_a_certificate_of_nobody_is_a_problem(tmp_path: Path) -> None:
    subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost "
        f"-keyout {tmp_path}/key -out {tmp_path}/cert".split(),
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    with (
        answering(lambda _: page("secret"), context) as url,
        LiveSite(url, PUBLIC, limits=QUICK) as site,
    ):
        (found,) = journeys(site, "/")
        assert found.end.problem == "its certificate can't be verified"
    with live(table({})) as (site, _), LiveSite(
        site.origin.replace("http:", "https:"), PUBLIC, limits=QUICK
    ) as wrong:  # fmt: skip
        assert journeys(wrong, "/")[0].end.problem == "it does not speak https"


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    replies = {"/a": to("/b"), "/b": page("b"), "/c": page("c")}
    with (
        answering(table(replies)) as url,
        LiveSite(url, PUBLIC, lambda *both: told.append(both), QUICK) as site,
    ):
        journeys(site, "/a", "/c")
    assert told == [(1, 2), (2, 2), (3, 3)]


PROGRAM = """
import sys
from publisher.audit.live import LiveSite
from publisher.audit.visitors import BROWSER

with LiveSite(sys.argv[1], "www.example.co.jp") as site:
    print("asking", flush=True)
    site.answers([site.at(BROWSER.request(f"/{n}", "www.example.co.jp")) for n in range(50)])
"""


def test_ctrl_c_is_heard_at_once() -> None:
    is_over = threading.Event()

    def answer(_: Sent) -> Reply:
        is_over.wait(15)
        return Reply(404)

    with (
        answering(answer) as url,
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process,
    ):
        assert process.stdout
        assert process.stdout.readline() == b"asking\n"
        time.sleep(0.5)
        began = time.monotonic()
        os.kill(process.pid, signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
            is_over.set()
    assert time.monotonic() - began < 5
    assert b"KeyboardInterrupt" in errors


# ------------------------------------------------------------------ comparing


def test_a_live_site_is_compared_with_the_rules() -> None:
    rules = RuleSet.of([Rule(f"/{name}", 301, f"/new/{name}") for name in "abcde"])
    pages = {f"/new/{name}" for name in "abcde"}
    mine = PythonEngine(edge_data(rules), pages.__contains__, Site(PUBLIC))
    replies = {
        **{f"/new/{name}": page(name) for name in "abcd"},
        "/a": to("/new/a"),
        "/b": to("/new/b", 302),
        "/c": to("/other"),
        "/d": page("still the old one"),
        "/e": to("/new/e"),
    }
    urls = ["/a", "/b", "/c", "/d", "/e", "/f"]
    ours = follow(mine, [BROWSER.request(url, PUBLIC) for url in urls], Site(PUBLIC))
    with live(table(replies)) as (site, _):
        found = [
            difference(*both, HERE, site.origin)
            for both in zip(ours, journeys(site, *urls), strict=True)
        ]
    assert [one and one.what for one in found] == [None, "way", "end", "end", "end", None]


def _entry(text: bytes, content_type: str = "text/html; charset=utf-8") -> Entry:
    return Entry(hashlib.sha256(text).hexdigest(), len(text), content_type, "")


def test_whether_the_site_serves_a_release() -> None:
    pages = {f"/会社/{n}.html": f"page {n}".encode() for n in range(30)} | {"/": b"home"}
    entries = [(SitePath(path), _entry(text)) for path, text in pages.items()]
    entries.append((SitePath("/a.css"), _entry(b"a", "text/css")))
    digests = telling_pages(iter(entries))
    assert len(digests) == 5
    assert next(iter(digests)) == "/"
    assert "/a.css" not in digests
    shown = {SitePath(path).url: Reply(200, text, PAGE) for path, text in pages.items()}
    with live(table(shown)) as (site, asked):
        assert site.serves(digests)
        assert [sent.target for sent in asked] == list(digests)
        for n, path in enumerate(list(digests)):
            shown[path] = page("another")
            assert site.serves(digests) == (n < 2)
        assert not site.serves({})


def test_a_page_that_is_larger_than_what_is_read_can_tell() -> None:
    text = b"x" * 1_000_000
    with live(lambda _: Reply(200, text, PAGE)) as (site, _):
        assert site.serves({"/": hashlib.sha256(text).hexdigest()})
        assert not site.serves({"/": hashlib.sha256(text[:-1]).hexdigest()})
    with live(lambda _: Reply(404, text, PAGE)) as (site, _):
        assert not site.serves({"/": hashlib.sha256(text).hexdigest()})


def test_the_edge_itself_as_a_live_site_differs_nowhere() -> None:
    """What is said of a release beforehand is what visitors get, and it is known to be live."""
    files = {f"/会社/{n}/": f"<title>会社 {n}</title>" for n in range(8)} | {"/a.html": "<title>a"}
    old_urls = ("?p=1", "/old", "/会社/古い", "/a b")
    world = World()
    release, other = world.release(files, old_urls), world.release(files, old_urls)
    entries = [
        dict(entries_of(world.records.manifest(one.manifest), world.records.load_part))
        for one in (release, other)
    ]
    asked = [
        *("/", "/?p=1", "/?p=2", "/?p=01&x=1", "/old", "/old?x=1", "/会社/古い", "/a%20b", "/none"),
        *(
            "/会社/1/",
            "/会社/1",
            "/a.html",
            "/a.html。",
            "/%E9",
            "/a/../b",
            "//x",
            "/_errors/404.html",
        ),
    ]
    mine = PythonEngine(
        edge_data(world.records.rules(release)), entries[0].__contains__, Site(PUBLIC)
    )
    with (
        EdgeServer(*one_release(world.records, release), 0) as edge,
        LiveSite(edge.url, PUBLIC, limits=QUICK) as site,
    ):
        for visitor in (BROWSER, Visitor("Meta"), Visitor("LINE", method="HEAD")):
            ours = follow(mine, [visitor.request(url, PUBLIC) for url in asked], Site(PUBLIC))
            theirs = journeys(site, *asked, visitor=visitor)
            for one, there in zip(ours, theirs, strict=True):
                assert difference(one, there, HERE, site.origin) is None, (one, there)
                assert there.live(site.origin).target == one.target(HERE)
        assert journeys(site, "/会社/1/")[0].end.title == "会社 1"
        assert site.serves(telling_pages(entries[0].items()))
        home = {"/": entries[1][SitePath("/")].blob}
        assert not site.serves(home)
