"""The processes that prepare pages: how many, what they hold, how they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from publisher import processes
from publisher.demo.cms import SampleCms
from tests.cms_servers import Reply, passing_on, serving

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
