"""The processes that prepare pages: how many, what they hold, how they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher import processes
from publisher.addresses import SiteUrls
from publisher.demo.cms import SampleCms
from publisher.inspection import SiteFacts
from publisher.inventory import Inventory
from publisher.prepare import Preparing, Task
from publisher.routes import Routes
from publisher.scope import Scope
from publisher.social import Social
from publisher.store.directory import DirectoryStore
from publisher.workers import TOGETHER, Plant, Workers
from tests.cms_servers import Reply, passing_on, serving

PUBLIC = "https://www.example.co.jp"
STAGING = "http://127.0.0.1:8080"
MIB = 1024 * 1024
FILE_BYTES = 48 * MIB
TIMEOUT_S = 120
# Prints the most memory that it, and that any worker of it, had at once, in KiB or bytes.
PROGRAM = """
import json, resource, sys
from publisher.cli import main
try:
    main()
finally:
    most = [resource.getrusage(who).ru_maxrss for who in
            (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps(most), file=sys.stderr)
"""


def test_as_many_as_there_are_processors_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 7}, raising=False)
    assert processes.processors() == 3
    monkeypatch.delattr(os, "sched_getaffinity")  # as on macOS
    monkeypatch.setattr(os, "cpu_count", lambda: 10)
    assert processes.processors() == 10


@pytest.fixture
def preparing(tmp_path: Path) -> Iterator[Preparing]:
    """Workers that are ready."""
    inventory = Inventory(kind="generic", home=STAGING, pretty=True)
    urls = SiteUrls(PUBLIC, (STAGING,))
    plant = Plant(
        DirectoryStore(tmp_path), inventory, Routes(), urls, Social(), Scope(), frozenset(), (),
        SiteFacts(PUBLIC),
    )  # fmt: skip
    with processes.Processes() as started, Workers(started) as crew:
        yield crew.begin(plant)


def task(number: int, body: bytes = b"<p>\xe8\xa8\x98\xe4\xba\x8b</p>") -> Task:
    return Task(f"{STAGING}/{number}/", f"/{number}/", "text/html", body)


def all_of(preparing: Preparing) -> set[str]:
    """The paths of all that was given, once it is done."""
    done: set[str] = set()
    while preparing.is_busy:
        done |= {one.url.removeprefix(STAGING) for one in preparing.take(wait=True)}
    return done


def test_what_has_time_is_begun_with_more_or_when_somebody_waits(preparing: Preparing) -> None:
    preparing.give(task(0))
    assert all_of(preparing) == {"/0/"}  # they have started
    for number in range(TOGETHER - 1):
        preparing.give(task(number), at_once=False)
    time.sleep(0.3)
    assert list(preparing.take(wait=False)) == []
    preparing.give(task(TOGETHER), at_once=False)
    until = time.monotonic() + 30
    while not (done := list(preparing.take(wait=False))) and time.monotonic() < until:
        time.sleep(0.01)
    assert done
    preparing.give(task(TOGETHER + 1), at_once=False)
    assert f"/{TOGETHER + 1}/" in all_of(preparing)


def test_large_bodies_are_begun_however_few(preparing: Preparing) -> None:
    """Or whoever gives them would wait for ever: no more are taken until some are done."""
    for number in range(4):
        preparing.give(task(number, bytes(10 * MIB)), at_once=False)
    assert all_of(preparing) == {"/0/", "/1/", "/2/", "/3/"}


@pytest.mark.long
def test_many_large_files_are_never_in_memory_together(tmp_path: Path) -> None:
    """Ten of them at once would be 480 MiB, and several times that with their copies."""
    links = "".join(f'<a href="/wp-content/uploads/film-{n}.bin">映画 {n}</a>' for n in range(10))
    with SampleCms() as sample:
        whole = passing_on(sample.url)

        def answer(path: str) -> Reply:
            if path.startswith("/wp-content/uploads/film-"):
                body = path.encode().ljust(FILE_BYTES, b"\0")
                return Reply(200, body, {"Content-Type": "application/octet-stream"})
            reply = whole(path)
            if path != "/":
                return reply
            return Reply(200, reply.body.replace(b"</body>", links.encode() + b"</body>"),
                         reply.headers)  # fmt: skip

        with serving(answer) as url:
            text = f"site:\n  url: https://www.example.co.jp\ncms:\n  url: {url}\n"
            (tmp_path / "site-config.yaml").write_text(text, encoding="utf-8")
            done = subprocess.run(
                [sys.executable, "-c", PROGRAM, "export", "--json"], cwd=tmp_path, check=False,
                capture_output=True, text=True, timeout=TIMEOUT_S,
            )  # fmt: skip
    assert done.returncode == 0, done.stderr
    most = [kib * (1 if sys.platform == "darwin" else 1024) // MIB
            for kib in json.loads(done.stderr.splitlines()[-1])]  # fmt: skip
    print(f"most memory: {most[0]} MiB, a worker {most[1]} MiB")
    films = [p for p in (tmp_path / ".publisher/blobs").rglob("*") if p.is_file()
             and p.stat().st_size == FILE_BYTES]  # fmt: skip
    assert len(films) == 10
    # libcurl's bodies under way (256 MiB), one in the pipe with its copies; one in a worker.
    assert most[0] < 650
    assert most[1] < 400


def test_processes_that_were_told_nothing_are_ended() -> None:
    """A configuration that is wrong is found while they are starting."""
    with processes.Processes() as started:
        assert len(started.sockets) == processes.processors()
    assert started.first.returncode is not None
    assert all(one.fileno() == -1 for one in started.sockets)
