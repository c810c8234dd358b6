"""Access logs: of each kind, and with what attackers put into them."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.access_logs import LINE_BYTES_MAX, Hit, hits, lines
from publisher.audit.locating import Hosts
from publisher.audit.report import Day
from publisher.log_tally import DAYS_MAX, Tally

SAMPLES = Path(__file__).parent / "data" / "access_logs"
PUBLIC = "www.example.co.jp"
OLD = "old.example.co.jp"
SAMPLE_LINES = [
    line for path in sorted(SAMPLES.iterdir()) for line in path.read_bytes().splitlines(True)
]


def read(text: str) -> list[Hit | None]:
    return list(hits(text.encode().splitlines(keepends=True)))


def of_sample(name: str) -> list[Hit | None]:
    with (SAMPLES / name).open("rb") as file:
        return list(hits(lines(file.readline)))


@pytest.mark.parametrize("path", sorted(SAMPLES.iterdir()), ids=lambda path: path.name)
def test_every_kind_of_log_says_the_same_of_the_same_requests(path: Path) -> None:
    found = of_sample(path.name)
    if path.name == "alb.log":  # a load balancer logs what is no request, too
        assert found.pop() is None
    tells_hosts = path.name not in ("nginx-combined.log", "apache-common.log")
    public, old = (PUBLIC, OLD) if tells_hosts else ("", "")
    day = "2026-11-22"
    assert found == [
        Hit("GET", "/?p=1632&utm_source=%E5%86%AC", 301, public, day),
        Hit("GET", "/%E5%8F%A4%E3%81%84/", 404, public, day),
        Hit("HEAD", "/wp-content/style.css?ver=6.8", 200, public, day, is_page=False),
        Hit("GET", "/old.html", 200, old, day),
        Hit("POST", "/wp-comments-post.php", 302, public, day),
    ]


START = '192.0.2.1 - - [01/Dec/2026:10:00:00 +0900] "'


@pytest.mark.parametrize(
    ("line", "url", "host"),
    [
        (f'{START}GET /a?q=\\"x\\" HTTP/1.1" 200 5', "/a?q=%22x%22", ""),
        (f'{START}GET /a#b HTTP/1.1" 200 5', "/a", ""),
        (f'{START}GET https://u:p@Old.example.co.jp:8443/a?b HTTP/1.1" 200 5', "/a?b", OLD),
        (f'{START}GET http://[::1 HTTP/1.1" 200 5', None, None),
        (f'{START}\\x16\\x03\\x01" 400 0 "-" "-"', None, None),
        (f'{START}OPTIONS * HTTP/1.1" 200 0 "-" "-"', None, None),
        (f'{START}GET /{"a" * 2000} HTTP/1.1" 200 5', None, None),
        (f'{START}GET / HTTP/1.1" 200 5'.replace("- -", "- 山田 太郎"), "/", ""),
        (f'2001:db8::1{START[9:]}GET / HTTP/1.1" 200 5', "/", ""),
        (f'{PUBLIC}:80 2001:db8::1{START[9:]}GET / HTTP/1.1" 200 5', "/", PUBLIC),
        # A proxy's list of clients is no host.
        (f'203.0.113.5, 10.0.0.1{START[9:]}GET / HTTP/1.1" 200 5', "/", ""),
        (f'203.0.113.5 {START}GET / HTTP/1.1" 200 5', "/", ""),
        (f'2001:db8::5 {START}GET / HTTP/1.1" 200 5', "/", ""),
        ('{"cs-method":"GET","cs-uri-stem":"/古い/","sc-status":200}', "/%E5%8F%A4%E3%81%84/", ""),
        # What CloudFront calls the host is its own name of the distribution.
        ('{"cs-method":"GET","cs-uri-stem":"/","cs(Host)":"d1.cloudfront.net"}', "/", ""),
        ('{"cs-method":"GET","cs-uri-stem":{"a":[]}}', None, None),
        ('{"a":' * 5000, None, None),
        ('{"level":"info","msg":"started"}', None, None),
        ("nonsense", None, None),
        ("\t\t", None, None),
    ],
)
def test_what_a_line_says(line: str, url: str | None, host: str | None) -> None:
    (hit,) = read(line)
    assert (hit and hit.url, hit and hit.host) == (url, host)


@pytest.mark.parametrize(
    ("line", "day"),
    [
        (f'{START}GET / HTTP/1.1" 200 5', "2026-12-01"),
        (f'{START}GET / HTTP/1.1" 200 5'.replace("01/Dec/2026:", "2026-12-02T"), "2026-12-02"),
        (f'{START}GET / HTTP/1.1" 200 5'.replace("Dec", "Dez"), ""),
        ('{"cs-method":"GET","cs-uri-stem":"/","timestamp":"1764547200.5"}', "2025-12-01"),
        ('{"cs-method":"GET","cs-uri-stem":"/","timestamp(ms)":1e300}', ""),
        ('{"cs-method":"GET","cs-uri-stem":"/","timestamp":"nan"}', ""),
    ],
)
def test_which_day_a_line_is_of(line: str, day: str) -> None:
    (hit,) = read(line)
    assert hit
    assert hit.day == day


def changed(line: bytes, place: int, junk: bytes) -> bytes:
    return line[:place] + junk + line[place:]


CHANGED = st.builds(
    changed, st.sampled_from(SAMPLE_LINES), st.integers(0, 400), st.binary(max_size=3)
)


@given(st.lists(st.one_of(st.binary(max_size=200), CHANGED)))
def test_nothing_in_a_log_can_do_harm(given: list[bytes]) -> None:
    for hit in hits(given):
        if hit:
            assert hit.url.startswith("/")
            assert hit.url.isascii()
            assert (hit.method + hit.url + hit.host + hit.day).isprintable()
            assert len(hit.url + hit.host) < 3000


BEGINNINGS = (b"", b"#Fields: ", b"{", b'{"a":"', b'- - [x] "GET /', b'- - [x] "GET /\\', b"a 1.2",
              b'2026-12-01T1 1 2 3 4 5 6 200 1 1 1 "GET ', b"cs-method cs-uri-stem")  # fmt: skip
PIECES = (b"a", b"\\", b'"', b" ", b"[", b"\x00", b"%25", b"\t", b",", b"{", b":", b"cs-uri-stem ")


def test_of_lines_that_are_too_long_nothing_is_read() -> None:
    text = b"a" * 1_000_000 + b"\nshort\n" + b"b" * LINE_BYTES_MAX + b"\n" + b"c" * LINE_BYTES_MAX
    assert list(lines(io.BytesIO(text).readline)) == [b"", b"short\n", b"", b""]


def test_no_line_takes_more_than_its_length() -> None:
    last = f'{START}GET /last HTTP/1.1" 200 1'.encode()

    def seconds(length: int) -> float:
        pieces = (
            start + piece * (length // len(piece)) for start in BEGINNINGS for piece in PIECES
        )
        text = b"\n".join([*pieces, last])
        started = time.process_time()
        found = list(hits(lines(io.BytesIO(text).readline)))
        assert found[-1] == Hit("GET", "/last", 200, "", "2026-12-01")
        return time.process_time() - started

    short = min(seconds(LINE_BYTES_MAX // 8) for _ in range(3))
    long = min(seconds(LINE_BYTES_MAX - 100) for _ in range(3))
    assert long < short * 8 * 4  # it would be 64 times if a line took its length squared


# ------------------------------------------------------------------------------- added up


def tally_of(*found: Hit | None, hosts: Hosts = Hosts(PUBLIC, frozenset((OLD,)))) -> Tally:
    tally = Tally(hosts)
    for hit in found:
        tally.add(hit)
    return tally


def test_addresses_are_counted_at_the_host_that_they_are_of() -> None:
    told = ("", PUBLIC, "example.co.jp", OLD, "192.0.2.1", "d111111abcdef8.cloudfront.net")
    tally = tally_of(*(Hit("GET", "/?p=1", 200, host) for host in told))
    assert tally.counts == {"/?p=1": 3, f"https://{OLD}/?p=1": 1}
    assert (tally.requests, tally.elsewhere, tally.unread, tally.dropped) == (6, 2, 0, 0)


def test_a_host_that_rules_name_is_another_one_even_if_only_www_is_different() -> None:
    hosts = Hosts(PUBLIC, frozenset(("example.co.jp",)))
    tally = tally_of(Hit("GET", "/a", 200, "example.co.jp"), hosts=hosts)
    assert tally.counts == {"https://example.co.jp/a": 1}


def test_days_count_pages_and_what_was_not_found_of_them() -> None:
    first, second = "2026-11-21", "2026-11-22"
    tally = tally_of(
        Hit("GET", "/", 200, PUBLIC, second),
        Hit("GET", "/gone", 410, PUBLIC, second),
        Hit("GET", "/lost", 404, PUBLIC, first),
        Hit("GET", "/lost.jpg", 404, PUBLIC, first, is_page=False),
        Hit("GET", "/lost", 404, "other.example.com", first),
        Hit("POST", "/lost", 404, PUBLIC, first),
        Hit("GET", "/lost", 404, PUBLIC),
    )
    assert tally.days == (Day(first, 1, 1), Day(second, 2, 1))


def test_a_page_that_is_called_like_a_kind_of_file_is_a_page() -> None:
    line = '203.0.113.5 - - [21/Nov/2026:10:00:00 +0900] "GET {} HTTP/1.1" 404 99 "-" "Mozilla"\n'
    read_lines = read("".join(map(line.format, ("/tag/css", "/category/pdf?paged=2", "/a.css"))))
    assert [hit.is_page for hit in read_lines if hit] == [True, True, False]


def test_the_commonest_are_kept() -> None:
    tally = Tally(distinct_max=10)
    for number in range(100):
        tally.add(Hit("GET", f"/{number}", 200))
        tally.add(Hit("HEAD", "/often", 200))
        tally.add(Hit("POST", "/form", 200))
        tally.add(None)
        assert len(tally.counts) <= 15
    tally.keep_commonest()
    assert tally.counts["/often"] == 100
    assert len(tally.counts) == 10
    assert (tally.requests, tally.unread) == (200, 100)
    assert tally.dropped + tally.counts.total() == 200


ASKED = st.tuples(st.text("ab/", min_size=1, max_size=30), st.integers(0, 9999))


@given(st.lists(ASKED, max_size=80), st.sampled_from((2, 8, 100)))
def test_no_request_is_lost_and_memory_has_an_end(
    asked: list[tuple[str, int]], distinct_max: int
) -> None:
    tally = Tally(distinct_max=distinct_max, characters_max=60)
    for url, day in asked:
        tally.add(Hit("GET", url, 200, "", f"{day}-01-01"))
        assert sum(map(len, tally.counts)) <= 60 * 3 // 2 + 30
        assert len(tally.counts) <= distinct_max * 3 // 2
        assert tally.counts.total() + tally.dropped == tally.requests
    tally.keep_commonest()
    assert sum(map(len, tally.counts)) <= 60
    assert tally.counts.total() + tally.dropped == len(asked)


def test_long_addresses_fill_no_memory() -> None:
    tally = Tally(distinct_max=1_000, characters_max=60)
    for number in range(100):
        tally.add(Hit("GET", f"/{number:019}", 200))
        tally.add(Hit("GET", "/often", 200))
        assert sum(map(len, tally.counts)) <= 90 + 20
    assert tally.counts["/often"] == 100
    assert tally.counts.total() + tally.dropped == 200


def test_days_have_an_end_too() -> None:
    tally = tally_of(*(Hit("GET", "/", 200, "", f"{day:010}") for day in range(DAYS_MAX + 9)))
    assert len(tally.days) == DAYS_MAX
