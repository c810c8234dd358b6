"""An export that was cut, by whatever, goes on where it stopped: in real processes.

A process and its workers share standard error, so `communicate` returns when the last one of
them has ended: an orphan would be a time-out.
"""

from __future__ import annotations

import functools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from publisher.cms.http import CONNECTIONS, FAILURES_IN_A_ROW_MAX
from publisher.demo.cms import SampleCms
from publisher.store.directory import DirectoryStore
from tests.cms_servers import Reply, passing_on, serving
from tests.seaweedfs import SeaweedFS

TIMEOUT_S = 60
SOON_S = 6.0  # two on a quiet machine
SEED = 20261122
# Outcomes are written after so many.
EACH = 10
# What every export asks for: how archives are called, a few pages looked at twice, what the
# sample CMS answers with its home page.
ALWAYS = 40
# What a CMS that dies leaves unanswered: failures in a row, and what is under way besides.
UNANSWERED = FAILURES_IN_A_ROW_MAX + CONNECTIONS
# The program, but for how often it saves.
PROGRAM = f"""
from publisher import spool
spool._OUTCOMES_MAX = {EACH}
from publisher.cms import http
http.RETRIES = 0
from publisher.cli import main
main()
"""


@dataclass
class Site:
    """A folder with a configuration, and a CMS that counts, waits and dies as a test wants."""

    folder: Path
    url: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    pause_s: float = 0.0
    dies_at: int = 0
    change: Callable[[str, Reply], Reply] = lambda _, reply: reply
    _reached: threading.Condition = field(default_factory=threading.Condition)

    def answers(self, whole: Callable[[str], Reply]) -> Callable[[str], Reply]:
        def answer(path: str) -> Reply:
            if "rest_route" not in path:
                with self._reached:
                    self.asked[path] += 1
                    self._reached.notify_all()
            if self.dies_at and self.asked.total() >= self.dies_at:
                return Reply(0)
            time.sleep(self.pause_s)
            return self.change(path, whole(path))

        return answer

    def wait_for(self, requests: int) -> None:
        """Until the CMS has been asked for so many pages."""
        with self._reached:
            assert self._reached.wait_for(lambda: self.asked.total() >= requests, TIMEOUT_S)

    def wait_until_saved(self, segments: int) -> None:
        """Until so many times EACH outcomes are in the store."""
        deadline = time.monotonic() + TIMEOUT_S
        while self.saved() < segments:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def saved(self) -> int:
        """How often outcomes were written, and are known to have been."""
        store = DirectoryStore(self.folder / ".publisher")
        records = [store.get(key).data for key in self.spools() if key.endswith("/run")]
        return max((len(json.loads(record)["segments"]) for record in records), default=0)

    def asked_by(self, act: Callable[[], Any]) -> int:
        """How many pages were asked for meanwhile."""
        before = self.asked.total()
        act()
        return self.asked.total() - before

    def configure(self, more: str = "") -> None:
        text = f"site:\n  url: https://www.example.co.jp\ncms:\n  url: {self.url}\n{more}"
        (self.folder / "site-config.yaml").write_text(text, encoding="utf-8")

    def start(self, *options: str, **more: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "export", "--json", *options], cwd=self.folder,
            text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            **more,
        )  # fmt: skip

    def export(self, *options: str) -> Any:
        """A whole export; its document."""
        code, document, err = end(self.start(*options))
        assert code in (0, 3), err
        return document

    def spools(self) -> list[str]:
        store = DirectoryStore(self.folder / ".publisher")
        return [one.key for one in store.list("exports/")]


def end(running: subprocess.Popen[str], timeout_s: float = TIMEOUT_S) -> tuple[int, Any, str]:
    """Exit code, document and standard error, when the process and all its workers have ended."""
    try:
        out, err = running.communicate(timeout=timeout_s)
    finally:
        running.kill()
    assert "Traceback" not in err, err
    return running.returncode, json.loads(out) if out else None, err


def workers_of(running: subprocess.Popen[str]) -> list[int]:
    """The pids of its worker processes: the first one has started the others."""
    [first] = _children(running.pid)
    return [first, *_children(first)]


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


@pytest.fixture(scope="module")
def sample() -> Iterator[Callable[[str], Reply]]:
    """What the sample CMS answers. It never changes, so it is asked once."""
    with SampleCms() as server:
        yield functools.cache(passing_on(server.url))


@pytest.fixture
def site(tmp_path: Path, sample: Callable[[str], Reply]) -> Iterator[Site]:
    site = Site(tmp_path)
    with serving(site.answers(sample)) as site.url:
        site.configure()
        yield site


@pytest.fixture(scope="module")
def whole(sample: Callable[[str], Reply], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The manifest of an export that nothing cut."""
    site = Site(tmp_path_factory.mktemp("whole"))
    with serving(site.answers(sample)) as site.url:
        site.configure()
        manifest: str = site.export()["release"]["manifest"]
    return manifest


# ------------------------------------------------------------------------------- kills


@pytest.mark.parametrize("kills", [4, pytest.param(25, marks=pytest.mark.long)])
def test_killed_again_and_again_it_ends_as_if_nothing_had_been(
    site: Site, whole: str, kills: int
) -> None:
    rng = random.Random(SEED)
    site.pause_s = 0.01
    for number in range(kills):
        running = site.start()
        if number % 5 == 4:  # while it starts, or lists what there is
            time.sleep(rng.uniform(0, 1))
        else:
            site.wait_until_saved(min(site.saved() + rng.randint(0, 2), 12))
            time.sleep(rng.uniform(0, 0.1))
        running.kill()
        assert end(running, 10)[0] == -signal.SIGKILL
    exported = site.export()
    assert exported["resumed"]
    assert exported["release"]["manifest"] == whole
    assert site.spools() == []


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes in Linux's /proc")
@pytest.mark.parametrize("which", [0, -1], ids=["first", "last"])
def test_a_worker_that_is_killed_ends_the_export_and_the_next_one_goes_on(
    site: Site, whole: str, which: int
) -> None:
    site.pause_s = 0.02
    running = site.start("--publish")
    site.wait_until_saved(3)
    os.kill(workers_of(running)[which], signal.SIGKILL)
    code, document, err = end(running, 10)
    assert (code, "a worker process died" in err) == (1, True)
    assert "release" not in document
    exported = site.export()
    assert (exported["resumed"], exported["release"]["manifest"]) == (True, whole)


@pytest.mark.parametrize(
    ("signals", "code"),
    [([signal.SIGINT], 130), ([signal.SIGINT] * 2, 130), ([signal.SIGTERM], 143),
     ([signal.SIGTERM, signal.SIGINT], 130), ([signal.SIGTERM] * 2, 143)],
    ids=lambda value: "-".join(s.name for s in value) if isinstance(value, list) else "",
)  # fmt: skip
def test_an_interruption_of_all_processes_saves_what_was_learnt(
    site: Site, signals: list[signal.Signals], code: int
) -> None:
    site.pause_s = 0.02
    running = site.start(start_new_session=True)
    site.wait_until_saved(8)
    began = time.monotonic()
    for number in signals:
        os.killpg(running.pid, number)
        time.sleep(0.02)
    ended, document, err = end(running, 10)
    assert time.monotonic() - began < SOON_S
    assert (ended, document["exit"]) in ((code, code), (143, 143))
    assert err.count("\n") == 2, err
    saved = site.saved()
    assert not list((site.folder / ".publisher/.tmp").iterdir())
    exported: list[Any] = []
    asked = site.asked_by(lambda: exported.append(site.export()))
    assert exported[0]["resumed"]
    assert asked <= len(site.asked) - (saved - 1) * EACH + ALWAYS


@pytest.mark.parametrize("after", [0, 1])
def test_an_interruption_while_workers_start_is_as_quiet(site: Site, after: int) -> None:
    running = site.start(start_new_session=True)
    site.wait_for(after + 1)
    os.killpg(running.pid, signal.SIGINT)
    code, _, err = end(running, 10)
    assert (code, err.count("\n")) == (130, 2), err


# ----------------------------------------------------------------------------- the CMS


def test_a_cms_that_dies_and_comes_back(site: Site, whole: str) -> None:
    site.dies_at = 100
    code, _, err = end(site.start())
    assert (code, "stopped answering" in err) == (1, True)
    before = Counter(site.asked)
    site.dies_at = 0
    exported = site.export()
    assert (exported["resumed"], exported["release"]["manifest"]) == (True, whole)
    again = sum(count - before[url] for url, count in site.asked.items() if url in before)
    assert again <= ALWAYS + UNANSWERED


def test_a_cms_that_has_changed_since_is_asked_for_everything(site: Site) -> None:
    site.dies_at = 100
    assert end(site.start())[0] == 1
    site.dies_at = 0

    def newer(path: str, reply: Reply) -> Reply:
        if "wp%2Fv2%2Fposts" not in path:
            return reply
        rows = json.loads(reply.body)
        rows[0]["modified_gmt"] = "2026-11-22T00:00:00"
        return Reply(reply.status, json.dumps(rows).encode(), reply.headers)

    site.change = newer
    assert not site.export()["resumed"]


# --------------------------------------------------------------------------- a refusal


def body_of(reply: Reply, old: bytes, new: bytes) -> Reply:
    return Reply(reply.status, reply.body.replace(old, new), reply.headers)


def test_a_page_that_was_mended_after_a_refusal_is_seen(site: Site, whole: str) -> None:
    def leaks(path: str, reply: Reply) -> Reply:
        is_page = path.startswith("/?p=1632")
        return body_of(reply, b"</body>", b"taro@mail.test-shop.jp</body>") if is_page else reply

    site.change = leaks
    refused = site.export()
    assert (refused["exit"], {f["gate"] for f in refused["findings"]}) == (3, {"emails"})
    site.change = lambda _, reply: reply  # a plugin was switched off: no list of the CMS tells
    exported: list[Any] = []
    assert site.asked_by(lambda: exported.append(site.export())) < ALWAYS
    assert (exported[0]["resumed"], exported[0]["release"]["manifest"]) == (True, whole)


def test_pages_without_an_answer_are_asked_again_and_nothing_else(site: Site, whole: str) -> None:
    def fails(path: str, reply: Reply) -> Reply:
        return Reply(500) if path in ("/?p=1632", "/?p=1650") else reply

    site.change = fails
    refused = site.export()
    assert {finding["gate"] for finding in refused["findings"]} == {"errors"}
    site.change = lambda _, reply: reply
    exported: list[Any] = []
    assert site.asked_by(lambda: exported.append(site.export())) < ALWAYS
    assert (exported[0]["resumed"], exported[0]["release"]["manifest"]) == (True, whole)


def test_a_refusal_of_the_whole_site_is_judged_again_with_an_override_only(site: Site) -> None:
    site.export("--publish")

    def broken(path: str, reply: Reply) -> Reply:
        page = '<html><body class="postid-1632"><p>エラー</p></body></html>'.encode()
        return Reply(200, page, reply.headers) if path == "/?p=1632" else reply

    site.change = broken
    refused = site.export()
    assert {finding["gate"] for finding in refused["findings"]} == {"tiny-pages"}
    allowed: list[Any] = []
    override = ("--override", "tiny-pages", "--reason", "a test")
    assert site.asked_by(lambda: allowed.append(site.export(*override))) < ALWAYS
    assert allowed[0]["resumed"]

    assert site.export()["exit"] == 3
    site.change = lambda _, reply: reply  # the theme was mended: any page may be another
    mended = site.export()
    assert (mended["resumed"], mended["new"]) == (False, False)


# ----------------------------------------------------------------- two at once, and frozen


def test_a_frozen_export_keeps_a_directory_and_goes_on(site: Site, whole: str) -> None:
    site.pause_s = 0.01
    frozen = site.start()
    site.wait_until_saved(2)
    os.kill(frozen.pid, signal.SIGSTOP)
    try:
        code, _, err = end(site.start(), 20)
        assert (code, "another export is running" in err) == (5, True)
    finally:
        os.kill(frozen.pid, signal.SIGCONT)
    code, exported, err = end(frozen)
    assert (code, exported["release"]["manifest"]) == (0, whole), err


def test_a_dry_run_does_not_touch_what_another_export_has(site: Site, whole: str) -> None:
    site.pause_s = 0.02
    running = site.start()
    site.wait_until_saved(2)
    dry = end(site.start("--dry-run"))[1]
    code, exported, err = end(running)
    assert code == 0, err
    assert exported["release"]["manifest"] == dry["release"]["manifest"] == whole
    assert not dry["resumed"]


@pytest.mark.real
def test_two_exports_on_one_bucket_and_one_that_was_thought_dead(
    site: Site, seaweedfs: SeaweedFS, whole: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", seaweedfs.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", seaweedfs.secret_key)
    monkeypatch.setenv("AWS_REGION", seaweedfs.region)
    seaweedfs.create_bucket("resumed")
    site.configure(f"store:\n  url: s3://resumed/here\n  endpoint_url: {seaweedfs.endpoint_url}\n")
    site.pause_s = 0.01
    frozen = site.start("--publish")
    site.wait_for(60)
    os.kill(frozen.pid, signal.SIGSTOP)
    try:
        both = [site.start("--publish") for _ in range(2)]
        codes = []
        for running in both:
            code, exported, err = end(running)
            codes.append(code)
            assert code in (0, 4), err
            if not code:  # the frozen one wrote a moment ago: it may live
                assert (exported["resumed"], exported["release"]["manifest"]) == (False, whole)
        assert 0 in codes
    finally:
        os.kill(frozen.pid, signal.SIGCONT)
    code, _, err = end(frozen)
    assert code in (0, 4), err
    assert end(site.start("--publish"))[1]["release"]["manifest"] == whole
