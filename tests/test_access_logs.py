"""Access logs: of four kinds, and with what attackers put into them."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.access_logs import LINE_BYTES_MAX, Hit, Tally, hits, lines

FIELDS = "date time x-edge-location cs-method cs(Host) cs-uri-stem sc-status cs(User-Agent) "
CLOUDFRONT = f"""#Version: 1.0
#Fields: {FIELDS}cs-uri-query x-host-header
2026-12-01\t10:00:00\tNRT57\tGET\td1.cloudfront.net\t/%25E5%258F%25A4%25E3%2581%2584/\t301\t\
Mozilla/5.0%2520(X11)\t-\twww.example.co.jp
2026-12-01\t10:00:01\tNRT57\tGET\td1.cloudfront.net\t/\t404\t-\tp=1632&x=%252F\tWWW.example.co.jp
2026-12-01\t10:00:02\tNRT57\tHEAD\td1.cloudfront.net\t/a%7Bb\t200\tcurl\t-\t-
"""
BALANCER = """\
http 2026-12-01T10:00:00.1Z app/x/1 192.0.2.1:2817 10.0.0.1:80 0.0 0.001 0.0 200 200 34 366 \
"GET http://www.example.co.jp:80/?p=7 HTTP/1.1" "curl/7.46.0" - - arn:aws:x "Root=1-2" "-" "-" 0
h2 2026-12-01T10:00:00.1Z app/x/1 192.0.2.1:2817 - -1 -1 -1 460 - 0 0 "- http://x:80- -" "-" - -
"""
COMBINED = r"""192.0.2.1 - - [01/Dec/2026:10:00:00 +0900] "GET /古い/?a=b HTTP/1.1" 200 5 "-" "Mo"
192.0.2.1 - a b [01/Dec/2026:10:00:00 +0900] "GET /\xE5\x8F\xA4?q=\"x\" HTTP/1.1" 404 5
www.example.co.jp:443 192.0.2.1 - - [01/Dec/2026:10:00:00 +0900] "GET / HTTP/2.0" 200 5 "-" "a\"b"
192.0.2.1 - - [01/Dec/2026:10:00:00 +0900] "\x16\x03\x01" 400 0 "-" "-"
192.0.2.1 - - [01/Dec/2026:10:00:00 +0900] "OPTIONS * HTTP/1.1" 200 0 "-" "-"
192.0.2.1 - - [01/Dec/2026:10:00:00 +0900] "POST /xmlrpc.php HTTP/1.1" 200 0 "-" "-"
"""


def read(text: str) -> list[Hit | None]:
    return list(hits(text.encode().splitlines(keepends=True)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (CLOUDFRONT, [
            Hit("GET", "/%E5%8F%A4%E3%81%84/", 301, "Mozilla/5.0 (X11)", "www.example.co.jp"),
            Hit("GET", "/?p=1632&x=%2F", 404, "", "www.example.co.jp"),
            Hit("HEAD", "/a%7Bb", 200, "curl", "d1.cloudfront.net"),
        ]),
        (BALANCER, [Hit("GET", "/?p=7", 200, "curl/7.46.0", "www.example.co.jp"), None]),
        (COMBINED, [
            Hit("GET", "/%E5%8F%A4%E3%81%84/?a=b", 200, "Mo"),
            Hit("GET", "/%E5%8F%A4?q=%22x%22", 404),
            Hit("GET", "/", 200, r"a\"b"),
            None,
            None,
            Hit("POST", "/xmlrpc.php", 200),
        ]),
        ("\n\t\t\nnonsense\n", [None, None, None]),
    ],
    ids=["CloudFront", "load balancer", "combined", "nothing"],
)  # fmt: skip
def test_what_lines_say(text: str, found: list[Hit | None]) -> None:
    assert read(text) == found


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=200),
            st.sampled_from(
                [line.encode() for line in (CLOUDFRONT + BALANCER + COMBINED).splitlines()]
            ).flatmap(
                lambda line: st.binary(max_size=3).map(lambda junk: line[:60] + junk + line[60:])
            ),
        )
    )
)
def test_nothing_in_a_log_can_do_harm(given: list[bytes]) -> None:
    for hit in hits(given):
        if hit:
            assert hit.url.startswith("/")
            assert hit.url.isascii()
            assert (hit.url + hit.user_agent + hit.host).isprintable()


def test_long_lines_are_passed_over_and_take_no_time() -> None:
    long = b"".join(
        start + piece * (1_000_000 // len(piece)) + b"\n"
        for start in (b"", b'- - [x] "GET /', b'http 1 2 3 4 5 6 7 200 1 1 1 "GET ')
        for piece in (b"a", b"\\", b'"', b" ", b"[", b"\x00")
    )
    short = b"".join(
        start + piece * (LINE_BYTES_MAX // 2 // len(piece)) + b"\n"
        for start in (b"", b'- - [x] "GET /', b'http 1 2 3 4 5 6 7 200 1 1 1 "GET ')
        for piece in (b"a", b"\\", b'"', b" ", b"[", b"\x00")
    )
    text = long + short + b'- - [x] "GET /last HTTP/1.1" 200 1'
    found = list(hits(lines(io.BytesIO(text).readline)))
    assert found[-1] == Hit("GET", "/last", 200)
    assert len(found) == 19


def test_the_commonest_are_kept() -> None:
    tally = Tally(10)
    for number in range(100):
        tally.add(Hit("GET", f"/{number}", 200))
        tally.add(Hit("HEAD", "/often", 200))
        tally.add(Hit("POST", "/form", 200))
        tally.add(None)
    tally.keep_commonest()
    assert tally.counts["/often"] == 100
    assert len(tally.counts) == 10
    assert (tally.requests, tally.unread) == (200, 100)
    assert tally.dropped + tally.counts.total() == 200
