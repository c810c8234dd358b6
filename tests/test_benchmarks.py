"""What the benchmarks count and compute: a wrong figure would be believed."""

from __future__ import annotations

import platform
import re
import sys
from pathlib import Path
from urllib.parse import urljoin

import pytest

from benchmarks.corpus import LINKS, PAGE_BYTES, files, page_path
from benchmarks.figures import (
    Line,
    Run,
    Sample,
    first_and_last_tenth,
    in_cpu_seconds,
    ratio,
    spread,
    table,
)
from benchmarks.measure import Command, Failed, measured
from benchmarks.ours import PUBLIC
from benchmarks.p6 import alike, locations
from benchmarks.p8 import address, write_log
from benchmarks.web import Request, logged
from publisher.audit.locating import Hosts
from publisher.inspection import Inspector, SiteFacts
from publisher.log_files import read_logs

BASE = "http://127.0.0.1:20000"
_ADDRESS = re.compile(r"(?:href=\"|src=\"|url\(\"?|, |srcset=\")([^\s\"')]+)")


def runs(*walls: float) -> list[Run]:
    return [Run("a tool", wall, 1.0, 1024**2) for wall in walls]


def test_a_ratio_compares_runs_of_one_round_and_is_below_one_where_we_are_faster() -> None:
    slow_machine_in_the_second_round = runs(1.0, 10.0, 3.0), runs(2.0, 20.0, 4.0)
    assert ratio(*slow_machine_in_the_second_round) == 0.5


def test_spread_is_the_range_as_a_share_of_the_median() -> None:
    assert spread([9.0, 10.0, 12.0]) == pytest.approx(0.3)


def test_tenths_compare_the_beginning_with_the_end() -> None:
    slowing = [number / 100 for number in range(900)] + [9 + number / 50 for number in range(100)]
    first, last = first_and_last_tenth(slowing[::-1])
    assert first == pytest.approx(100)
    assert last == pytest.approx(50, rel=0.02)


def test_few_events_have_no_tenths() -> None:
    with pytest.raises(ValueError, match="too few"):
        first_and_last_tenth([0.0, 1.0])


def test_times_are_read_off_in_cpu_seconds_between_samples() -> None:
    samples = (Sample(10.0, 2.0, 1), Sample(20.0, 12.0, 1))
    run = Run("a tool", 30.0, 12.0, 1, begun=1000.0, samples=samples)
    times = [999.0, 1005.0, 1010.0, 1015.0, 1025.0, 1040.0]
    assert in_cpu_seconds(times, run) == [0.0, 1.0, 2.0, 7.0, 12.0, 12.0]


def test_the_table_shows_medians_and_what_a_peer_leaves_out() -> None:
    line = Line("P1", "a tool", runs(1.0, 2.0, 4.0), 1000, 0.5, "rewrites nothing")
    last = table([line]).splitlines()[-1]
    assert (
        last == "| P1 | a tool | 2.00 (150%) | 500 | 1.00 | 1 | 0 | 0 | 0.50 | rewrites nothing |"
    )


def test_the_corpus_is_the_same_each_time() -> None:
    assert list(files(BASE, 5, 60)) == list(files(BASE, 5, 60))


def test_every_page_and_file_of_the_corpus_can_be_reached_from_the_home_page() -> None:
    site = dict(files(BASE, 300, 100))
    assert len(site) == 400
    wanted, reached = ["/index.html"], {"/index.html"}
    for path in wanted:
        text = site[path].decode(errors="replace") if not path.endswith(".jpg") else ""
        for link in _ADDRESS.findall(text):
            found = urljoin(BASE + path, link).removeprefix(BASE).partition("?")[0]
            found = "/index.html" if found == "/" else found
            if found in site and found not in reached:
                reached.add(found)
                wanted.append(found)
    assert reached == site.keys(), set(site) - reached


def test_a_page_of_the_corpus_is_what_the_figures_say_of_it() -> None:
    body = dict(files(BASE, 300, 100))[page_path(7)].decode()
    assert abs(len(body.encode()) - PAGE_BYTES) < 400
    assert len(re.findall(f'<a href="{BASE}/articles/', body)) >= LINKS - 2
    assert body.count("srcset=") == 10
    for part in ("og:url", "og:image", "canonical", "ld+json", "<style>", ".css?ver=", "\\/\\/"):
        assert part in body


def made_by_nginx(configuration: str) -> list[str]:
    """The pages of the synthetic CMS, all with the same numbers in them."""
    texts = dict(re.findall(r'set \$(text\d+) "([^"]*)";', configuration))
    pages = []
    for page in re.findall(r'return 200 "(<(?:[^"\\]|\\.)*)"', configuration):
        whole = re.sub(r"\$(text\d+)", lambda found: texts[found[1]], page)
        numbered = re.sub(r"\$\d", "12", whole)
        pages.append(numbered.replace('\\"', '"').replace("\\n", "\n"))
    return pages


def test_no_gate_refuses_what_is_measured() -> None:
    """With their links on the public host, as they are once rewritten."""
    inspector = Inspector(SiteFacts(PUBLIC))
    pages = [content.decode() for path, content in files(PUBLIC, 120, 100) if ".jpg" not in path]
    pages += made_by_nginx(locations(PUBLIC, 4))
    assert pages[-3].startswith("<!DOCTYPE html><title>日報")
    for page in pages:
        assert list(inspector.findings(page.encode(), "text/html; charset=utf-8", "/a.html")) == []


def test_the_synthetic_cms_numbers_its_pages_by_digits() -> None:
    inner, leaf = re.findall(r'location ~ "([^"]+html\$)"', locations(BASE, 3))
    pages = [f"/news/{number}.html" for number in range(2000)]
    assert [p for p in pages if re.match(inner, p)] == pages[1:100]
    assert [p for p in pages if re.match(leaf, p)] == pages[100:1000]


def test_of_the_synthetic_cms_pages_that_are_alike_count_once() -> None:
    seen = [(1.0, "/"), (2.0, "/law/12.html"), (3.0, "/law/121.html"), (4.0, "/law/122.html"),
            (5.0, "/assets/121.css?ver=1"), (9.0, "/law/121.html")]  # fmt: skip
    asked = [Request(time, 200, 13_000, path) for time, path in seen]
    assert sorted(alike(asked, 3)) == [3.0, 4.0]


def test_access_logs_are_read_once_in_both_forms(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(
        "1763790000.250 200 1234 /a?b=c\n"
        '127.0.0.1 - - [22/Nov/2025:05:40:00 +0000] "GET /写 HTTP/1.1" 404 56 "-" "curl"\n'
    )
    ours, combined = logged(log)
    assert (ours.time, ours.status, ours.sent_bytes, ours.path) == (
        1763790000.25, 200, 1234, "/a?b=c",
    )  # fmt: skip
    assert (combined.time, combined.status, combined.path) == (1763790000.0, 404, "/写")
    assert logged(log) == []


def test_the_log_that_is_measured_asks_for_each_address_and_for_the_first_most(
    tmp_path: Path,
) -> None:
    logs = [tmp_path / "one.log", tmp_path / "two.log"]
    requests = [write_log(log, 300_000, 500) for log in logs]
    assert logs[0].read_bytes() == logs[1].read_bytes()
    assert logs[0].stat().st_size >= 300_000
    tally = read_logs(logs[:1], Hosts("www.example.co.jp"), lambda *_: None)
    assert tally.requests == requests[0]
    assert tally.counts.keys() == {address(number) for number in range(500)}
    assert tally.counts.most_common(1)[0][0] == address(0)
    assert len(tally.days) == 30
    assert 0.02 < sum(day.not_found for day in tally.days) / tally.requests < 0.08


needs_proc = pytest.mark.skipif(
    platform.system() != "Linux", reason="benchmarks read /proc: run them on Linux"
)


@needs_proc
def test_time_and_memory_of_children_count(tmp_path: Path) -> None:
    child = "import time; held = b'x' * 80_000_000; sum(range(5_000_000)); time.sleep(0.5)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    run = measured(Command("a tool", [sys.executable, "-c", parent], tmp_path))
    assert run.wall_s > 0.5
    assert run.cpu_s > 0.05
    assert run.peak_bytes > 80_000_000
    assert run.samples[-1].cpu_s > 0.05


@needs_proc
def test_a_command_that_fails_is_no_figure(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "import sys; print('out of disk'); sys.exit(3)"]
    with pytest.raises(Failed, match=r"(?s)exit code 3.*out of disk"):
        measured(Command("a tool", words, tmp_path))
    assert measured(Command("a tool", words, tmp_path, ends=(0, 3))).wall_s > 0
