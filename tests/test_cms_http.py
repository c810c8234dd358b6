"""Asking a CMS: what comes over the wire, on real sockets."""

from __future__ import annotations

import gzip
import itertools
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator

import pytest

from publisher.cms.http import CmsHttp, Limits
from publisher.cms.port import Capture
from publisher.errors import CmsError
from tests.cms_servers import Answer, Reply, serving, speaking

PAGE = "<html><body>日誌、最初の記事</body></html>".encode()
# Without a time in it: the same in each process that collects these tests.
PACKED = gzip.compress(PAGE, mtime=0)
HTML = {"Content-Type": "text/html; charset=UTF-8"}
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
QUICK = Limits(silence_s=1, total_s=3, backoff_s=0.02)
HASTY = Limits(backoff_s=0.02)


def asked(
    base: str, *paths: str, limits: Limits | None = None, connections: int = 8
) -> dict[str, Capture]:
    """The captures by path."""
    http = CmsHttp(base, base, limits=limits or HASTY, connections=connections)
    try:
        captures = http.captures(deque(base + path for path in paths))
        return {c.url.removeprefix(base): c for c in captures if c}
    finally:
        http.close()


def answer_to(raw: bytes, *, limits: Limits | None = None) -> Capture:
    """The capture of a page for which a server sends these bytes, each time."""
    with speaking(lambda connection, _: connection.sendall(raw)) as base:
        return asked(base, "/", limits=limits)["/"]


def raw(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    head = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {size}", "Connection: close"]
    return "\r\n".join((*head, "", "")).encode("latin-1") + body


# ------------------------------------------------------------------- bodies


@pytest.mark.parametrize(
    "broken",
    [
        raw(PAGE, "Content-Type: text/html", length=len(PAGE) + 1),
        CHUNKED + b"5\r\n<html\r\n",
        CHUNKED + b"zz\r\n<html\r\n",
        raw(PAGE, "Content-Encoding: gzip"),
        raw(PAGE, "Content-Encoding: br"),
        raw(PACKED[:-9], "Content-Type: text/html", "Content-Encoding: gzip"),
        raw(b"\x1f\x8b\x08" + PAGE, "Content-Type: text/html", "Content-Encoding: gzip"),
        raw(PACKED[:-9], "Content-Type: text/html"),
        raw(b"\x1f\x8b\x08" + PAGE, "Content-Type: application/rss+xml"),
        raw(PAGE, "Content-Type: text/html", status="206 Partial Content"),
        raw(b"", "Content-Type: text/html", status="304 Not Modified"),
        raw(PAGE, "X-Large: " + "x" * 400_000),
        raw(PAGE, *(f"X-{n}: {'x' * 1000}" for n in range(400))),
        raw(PAGE, "Content-Type: text/html", "Location: /a\0b"),
        raw(b"", "Location: http://[::1", status="301 Moved Permanently"),
        PAGE,  # HTTP/0.9
        b"\0" * 100,
        b"",
    ],
    ids=lambda value: repr(value[:60]),
)  # fmt: skip
def test_an_answer_that_is_not_whole_is_no_answer(broken: bytes) -> None:
    capture = answer_to(broken)
    assert (capture.status, capture.body) == (0, b"")
    assert capture.is_failure
    assert capture.error


@pytest.mark.parametrize(
    ("whole", "status", "body"),
    [
        (raw(PACKED, "Content-Type: text/html", "Content-Encoding: gzip"), 200, PAGE),
        (raw(PACKED, "Content-Type: text/html"), 200, PAGE),
        (raw(PACKED, "Content-Type: application/rss+xml"), 200, PAGE),
        (raw(PACKED, "Content-Type: application/gzip"), 200, PACKED),
        (raw(PACKED, "Content-Type: text/plain"), 200, PACKED),
        (raw(PACKED * 2, "Content-Encoding: gzip"), 200, PAGE * 2),
        (raw(PACKED + bytes(9), "Content-Encoding: x-gzip"), 200, PAGE),
        (raw(PAGE, "Content-Encoding: identity"), 200, PAGE),
        (raw(b"", status="204 No Content"), 204, b""),
        (CHUNKED + b"3\r\nabc\r\n0\r\n\r\n", 200, b"abc"),
        (b"HTTP/1.0 200 OK\r\n\r\n" + PAGE, 200, PAGE),  # nothing tells where it ends
    ],
)  # fmt: skip
def test_an_answer_that_is_whole_is_taken(whole: bytes, status: int, body: bytes) -> None:
    capture = answer_to(whole)
    assert (capture.status, capture.body, capture.error) == (status, body, "")


def test_a_sitemap_offered_as_gz_stays_so() -> None:
    packed = gzip.compress(b"<urlset/>")
    answer = raw(packed, "Content-Type: text/xml")
    with speaking(lambda connection, _: connection.sendall(answer)) as base:
        assert asked(base, "/s.xml.gz")["/s.xml.gz"].body == packed


def test_a_plain_body_that_is_called_compressed_is_asked_for_without_compression() -> None:
    def speak(connection: socket.socket, head: str) -> None:
        wants = "gzip" in head.lower()
        encoding = ("Content-Encoding: gzip",) if wants else ()
        connection.sendall(raw(PAGE, "Content-Type: text/html", *encoding))

    with speaking(speak) as base:
        assert asked(base, "/")["/"].body == PAGE


def test_an_interim_answer_is_not_the_answer() -> None:
    early = (
        b"HTTP/1.1 103 Early Hints\r\nLink: </wp-json/>; rel=preload\r\n"
        b"Location: /wrong\r\nX-Robots-Tag: noindex\r\n\r\n"
    )
    capture = answer_to(early + raw(PAGE, "Content-Type: text/html"))
    assert (capture.status, capture.body) == (200, PAGE)
    assert (capture.location, capture.generated, capture.noindex) == ("", False, False)


def test_an_empty_page_is_asked_for_again() -> None:
    count = itertools.count()
    with serving(lambda _: Reply(200, b"" if next(count) == 0 else PAGE, HTML)) as base:
        assert asked(base, "/")["/"].body == PAGE
    with serving(lambda _: Reply(200, b"\n", HTML)) as base:
        assert asked(base, "/")["/"] == Capture(f"{base}/", 200, HTML["Content-Type"], "", b"\n")


def test_an_error_of_a_moment_is_asked_again() -> None:
    count = itertools.count()
    with serving(lambda _: Reply(500 if next(count) < 2 else 200, PAGE, HTML)) as base:
        assert asked(base, "/")["/"].status == 200


# ------------------------------------------------------------- time and room


@pytest.mark.parametrize("pause_s", [0.1, 30])
def test_a_body_without_end_is_given_up(pause_s: float) -> None:
    stop = threading.Event()

    def drip(connection: socket.socket, _: str) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
        while not stop.wait(pause_s):
            connection.sendall(b"x")

    began = time.monotonic()
    with speaking(drip) as base:
        capture = asked(base, "/", limits=QUICK)["/"]
        stop.set()
    assert (capture.status, capture.is_failure) == (0, True)
    assert "time" in capture.error
    assert time.monotonic() - began < 10


def test_a_body_that_comes_fast_and_without_end_is_given_up() -> None:
    def flood(connection: socket.socket, _: str) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with speaking(flood) as base:
        capture = asked(base, "/", limits=Limits(body_bytes=1024**2, backoff_s=0))["/"]
    assert (capture.status, capture.error) == (0, "larger than 1 MiB")


def test_a_bomb_is_measured_unpacked() -> None:
    bomb = gzip.compress(bytes(8 * 1024**2))
    assert len(bomb) < 10_000
    capture = answer_to(
        raw(bomb, "Content-Encoding: gzip", "Content-Type: text/html"),
        limits=Limits(body_bytes=1024**2, backoff_s=0),
    )
    assert capture.status == 0


def test_many_large_files_at_once_are_all_taken() -> None:
    """Not all of them fit at once; those that do not are asked for again, one by one."""
    large = bytes(1024**2)
    seen: Counter[str] = Counter()

    def answer(path: str) -> Reply:
        seen[path] += 1
        return Reply(200, large + path.encode(), {"Content-Type": "image/jpeg"})

    paths = [f"/{n}" for n in range(30)]
    with serving(answer) as base:
        captures = asked(base, *paths, limits=Limits(held_bytes=1_500_000, body_bytes=1_200_000))
    assert {path: c.body for path, c in captures.items()} == {
        path: large + path.encode() for path in paths
    }
    assert max(seen.values()) == 2, "two did not fit, and one was asked for again"


# ------------------------------------------------------------------ headers


@pytest.mark.parametrize(
    ("links", "object_"),
    [
        (["<http://x/wp-json/>; rel=x", "<http://x/?p=12>; rel=shortlink"], "12"),
        (['<http://x/wp-json/wp/v2/posts/13>; rel="alternate"; type="application/json"'], "13"),
        (['<http://x/wp-json/wp/v2/pages/7>; rel="alternate"; type="application/json"'], "7"),
        (['<http://x/?rest_route=/wp/v2/media/5>; rel="alternate"'], "5"),
        (['<http://x/index.php?rest_route=%2Fwp%2Fv2%2Fposts%2F5>; rel="alternate"'], "5"),
        (['<http://x/wp-json/wp/v2/categories/3>; rel="alternate"'], ""),
        (["<http://x/?p=abc>; rel=shortlink", "<http://x/?p=12>; rel=canonical"], ""),
        (["<http://x/?p=" + "1" * 50 + ">; rel=shortlink"], ""),
    ],
)  # fmt: skip
def test_wordpress_tells_which_object_a_page_shows(links: list[str], object_: str) -> None:
    lines = [f"Link: {link}" for link in links]
    assert answer_to(raw(PAGE, "Content-Type: text/html", *lines)).object == object_


@pytest.mark.parametrize(
    ("lines", "noindex"),
    [
        (["noindex"], True),
        (["NOINDEX, nofollow"], True),
        (["max-snippet: -1, none"], True),
        (["unavailable_after: 25 Jun 2030 15:00:00 JST", "noindex"], True),
        (["googlebot: noindex"], False),
        (["googlebot: nofollow, noindex"], False),
        (["noindexed"], False),
        ([], False),
    ],
)
def test_a_header_can_keep_crawlers_away(lines: list[str], noindex: bool) -> None:
    headers = [f"X-Robots-Tag: {line}" for line in lines]
    assert answer_to(raw(PAGE, "Content-Type: text/html", *headers)).noindex is noindex


def test_a_redirect_is_told_and_not_followed() -> None:
    paths: list[str] = []

    def answer(path: str) -> Reply:
        paths.append(path)
        return Reply(301, b"", {"Location": "../記事/".encode().decode("latin-1")})

    with serving(answer) as base:
        assert asked(base, "/a/b")["/a/b"].location == f"{base}/記事/"
    assert paths == ["/a/b"]


# ----------------------------------------------------------- the port's rules


class Counting:
    """A CMS that counts what it is asked, and how much at once."""

    def __init__(self, seconds: float = 0.0, bears: int = 1000) -> None:
        self.seconds = seconds
        self.bears = bears
        self.most = 0
        self.statuses: Counter[int] = Counter()
        self._now = 0
        self._lock = threading.Lock()

    def __call__(self, _path: str) -> Reply:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            refused = self._now > self.bears
        if not refused:
            time.sleep(self.seconds)
        with self._lock:
            self._now -= 1
            self.statuses[503 if refused else 200] += 1
        return Reply(503, b"", HTML) if refused else Reply(200, PAGE, HTML)


def test_links_that_come_late_are_still_asked_for() -> None:
    """A caller that finds links elsewhere appends them while answers are under way."""
    with serving(Counting(0.1)) as base:
        http = CmsHttp(base, base)
        wanted = deque([f"{base}/1"])
        order: list[str] = []
        for capture in http.captures(wanted):
            if capture:
                order.append(capture.url.removeprefix(base))
            elif "none" not in order:
                order.append("none")
                wanted.append(f"{base}/2")
        wanted.append(f"{base}/3")
        order += [c.url.removeprefix(base) for c in http.captures(wanted) if c]
        http.close()
    assert sorted(order[:3]) == ["/1", "/2", "none"]
    assert order[0] == "none"
    assert order[3:] == ["/3"]


def test_the_caller_is_not_kept_waiting() -> None:
    with serving(Counting(0.5)) as base:
        http = CmsHttp(base, base)
        captures = http.captures(deque([f"{base}/1", f"{base}/2"]))
        moments = [time.monotonic(), *(time.monotonic() for _ in captures)]
        http.close()
    assert max(after - before for before, after in itertools.pairwise(moments)) < 0.2
    assert len(moments) < 200, "it does not spin either"


@pytest.mark.parametrize("connections", [1, 3])
def test_no_more_than_configured_is_asked_at_once(connections: int) -> None:
    cms = Counting(0.003)
    with serving(cms) as base:
        assert len(asked(base, *(f"/{n}" for n in range(150)), connections=connections)) == 150
    assert cms.most == connections


def test_connections_are_kept_from_call_to_call() -> None:
    ports: set[int] = set()

    def speak(connection: socket.socket, _: str) -> None:
        ports.add(connection.getpeername()[1])
        for _ in range(3):
            connection.sendall(raw(PAGE).replace(b"Connection: close\r\n", b""))
            connection.recv(65536)

    with speaking(speak) as base:
        http = CmsHttp(base, base)
        for n in range(3):
            assert [c.body for c in http.captures(deque([f"{base}/{n}"])) if c] == [PAGE]
        http.close()
    assert len(ports) == 1


def test_a_caller_may_stop_midway_and_ask_again() -> None:
    with serving(Counting(0.01)) as base:
        http = CmsHttp(base, base)
        captures = http.captures(deque(f"{base}/{n}" for n in range(20)))
        assert next(c for c in captures if c).status == 200
        assert isinstance(captures, Iterator)
        captures.close()  # type: ignore[attr-defined]
        again = [c for c in http.captures(deque(f"{base}/{n}" for n in range(20))) if c]
        http.close()
    assert [c.status for c in again] == [200] * 20


def test_a_cms_that_refuses_more_than_two_at_once_still_gives_all() -> None:
    cms = Counting(0.005, bears=2)
    with serving(cms) as base:
        captures = asked(base, *(f"/{n}" for n in range(200)))
    assert [c.status for c in captures.values()] == [200] * 200
    assert cms.statuses[503] < 20


def test_a_pause_that_the_cms_asks_for_is_kept() -> None:
    moments: list[float] = []

    def answer(_: str) -> Reply:
        moments.append(time.monotonic())
        if len(moments) == 1:
            return Reply(429, b"", {"Retry-After": "1"})
        return Reply(200, PAGE, HTML)

    with serving(answer) as base:
        captures = asked(base, "/1", "/2", "/3", connections=1)
    assert [c.status for c in captures.values()] == [200] * 3
    assert 0.9 < moments[1] - moments[0] < 3


def everything_is(status: int) -> Answer:
    return lambda _: Reply(status, b"", HTML)


@pytest.mark.parametrize("answer", [everything_is(0), everything_is(503)])
def test_a_cms_that_is_gone_is_noticed_early(answer: Answer) -> None:
    count = itertools.count()

    def counted(path: str) -> Reply:
        next(count)
        return answer(path)

    with serving(counted) as base, pytest.raises(CmsError, match="has stopped answering"):
        asked(base, *(f"/{n}" for n in range(2000)))
    assert next(count) < 60


@pytest.mark.parametrize(
    "reply",
    [
        Reply(0),
        Reply(503, b"", HTML),
        Reply(200, bytes(3 * 1024**2), HTML),
        Reply(200, b"\x1f\x8b\x08", HTML),
    ],
    ids=["no answer", "refused", "too large", "not to be unpacked"],
)
def test_a_few_broken_urls_are_not_the_end_of_the_cms(reply: Reply) -> None:
    """Each tried again and none of any use, between others that are well."""

    def answer(path: str) -> Reply:
        return reply if path.endswith("7") else Reply(200, PAGE, HTML)

    limits = Limits(body_bytes=2 * 1024**2, backoff_s=0)
    with serving(answer) as base:
        captures = asked(base, *(f"/{n}" for n in range(60)), limits=limits)
    assert {path for path, c in captures.items() if c.is_failure} == {
        "/7", "/17", "/27", "/37", "/47", "/57",
    }  # fmt: skip
    assert len(captures) == 60


def test_many_files_that_are_too_large_are_not_the_end_of_the_cms() -> None:
    with serving(lambda _: Reply(200, bytes(2048), HTML)) as base:
        captures = asked(base, *(f"/{n}" for n in range(30)), limits=Limits(body_bytes=1024))
    assert {c.error for c in captures.values()} == {"larger than 0 MiB"}


def test_a_cms_that_dies_midway_is_noticed() -> None:
    count = itertools.count()

    def answer(_: str) -> Reply:
        return Reply(200, PAGE, HTML) if next(count) < 50 else Reply(0)

    with serving(answer) as base, pytest.raises(CmsError, match="has stopped answering"):
        asked(base, *(f"/{n}" for n in range(1000)))
    assert next(count) < 150


def test_a_cms_that_only_stumbles_goes_on() -> None:
    """More failures in a row than count as its end, all of them over when asked again."""
    seen: Counter[str] = Counter()
    lock = threading.Lock()

    def answer(path: str) -> Reply:
        with lock:
            seen[path] += 1
            return Reply(502 if seen[path] == 1 and int(path[1:]) < 30 else 200, PAGE, HTML)

    with serving(answer) as base:
        captures = asked(base, *(f"/{n}" for n in range(60)))
    assert [c.status for c in captures.values()] == [200] * 60
