"""The program killed at any moment: visitors never see a part, and the next run finishes.

The sample CMS can't be changed, so each run changes where its posts go: every publish
replaces, adds and removes files.
"""

from __future__ import annotations

import itertools
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from publisher.demo.cms import SampleCms
from publisher.edge.server import EdgeServer, live_site
from publisher.store.directory import DirectoryStore

KILLS = 25
SEED = 20261122
TIMEOUT_S = 60
PAGES = ("1632", "1650", "1203")


def configure(folder: Path, cms: str, site: str) -> None:
    (folder / "site-config.yaml").write_text(
        f"site:\n  url: https://www.example.co.jp\ncms:\n  url: {cms}\n"
        f"routes:\n  post: /{site}/{{id}}.html\n"
    )


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "publisher", *arguments], cwd=folder,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def finish(running: subprocess.Popen[bytes]) -> int:
    try:
        _, err = running.communicate(timeout=TIMEOUT_S)
    finally:
        running.kill()
    if running.returncode > 0:
        raise AssertionError(err.decode())
    return running.returncode


@dataclass
class Visitor(threading.Thread):
    """Reads pages again and again: a home page, and then what it links to."""

    url: str
    views: int = 0
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._end = threading.Event()
        self._session = requests.Session()
        self._session.trust_env = False

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        while not self._end.is_set() and not self.wrong:
            self.look()
        self._session.close()

    def stop(self) -> None:
        self._end.set()
        self.join(TIMEOUT_S)

    def look(self) -> None:
        """One page and one old URL must be of one release; a flip may come between them, so
        they are looked at until two looks in a row agree on what is live."""
        before = self.site()
        found = [self.answer(f"/{before}/{page}.html") for page in PAGES]
        old = [self.answer(f"/?p={page}") for page in PAGES]
        if self.site() != before:
            return
        self.views += 1
        for page, (status, _, body) in zip(PAGES, found, strict=True):
            sites = set(re.findall(r'href="/(s\d+)/\d+\.html', body))
            if status != 200 or sites - {before}:
                self.wrong.append(f"{before}/{page}: {status}, links to {sites}")
        for page, (status, location, _) in zip(PAGES, old, strict=True):
            if (status, location) != (301, f"/{before}/{page}.html"):
                self.wrong.append(f"{before}: ?p={page} is {status} to {location}")

    def site(self) -> str:
        """The name in the links of the home page; each home page has one only."""
        status, _, body = self.answer("/")
        sites = set(re.findall(r'href="/(s\d+)/\d+\.html', body))
        if status != 200 or len(sites) != 1:
            self.wrong.append(f"the home page is {status} and links to {sites}")
        return next(iter(sites), "")

    def answer(self, path: str) -> tuple[int, str, str]:
        got = self._session.get(self.url + path, allow_redirects=False, timeout=TIMEOUT_S)
        return got.status_code, got.headers.get("Location", ""), got.text


@pytest.fixture
def cms() -> Iterator[str]:
    with SampleCms() as server:
        yield server.url.rstrip("/")


@pytest.mark.real
def test_killed_anywhere_visitors_see_one_whole_release_and_the_next_run_finishes(
    tmp_path: Path, cms: str
) -> None:
    rng = random.Random(SEED)
    sites = (f"s{number}" for number in itertools.count(1))
    configure(tmp_path, cms, next(sites))
    started = time.monotonic()
    assert finish(start(tmp_path, "export", "--publish")) == 0
    whole_run_s = time.monotonic() - started

    store = DirectoryStore(tmp_path / ".publisher")
    killed = {"export": 0, "publish": 0}
    with EdgeServer(*live_site(store), 0) as edge:
        visitor = Visitor(edge.url)
        visitor.start()
        try:
            while sum(killed.values()) < KILLS and not visitor.wrong:
                configure(tmp_path, cms, site := next(sites))
                # Some of them die while publishing what an export made before.
                command = ["export", "--publish"]
                if rng.random() < 0.3:
                    assert finish(start(tmp_path, "export")) == 0
                    command = ["publish"]
                running = start(tmp_path, *command)
                # Starting Python takes a third of a run; nothing can go wrong before.
                share = rng.uniform(0.25, 0.6 if command == ["publish"] else 1.0)
                wait_s = whole_run_s * share
                try:
                    running.wait(wait_s)
                except subprocess.TimeoutExpired:
                    running.send_signal(signal.SIGKILL)
                if finish(running) == -signal.SIGKILL:
                    killed[command[0]] += 1
                if rng.random() < 0.15:
                    assert finish(start(tmp_path, "export", "--publish")) == 0
                    assert visitor_sees(edge.url) == site
        finally:
            visitor.stop()
        assert visitor.wrong == []
        configure(tmp_path, cms, site := next(sites))
        assert finish(start(tmp_path, "export", "--publish")) == 0
        assert visitor_sees(edge.url) == site
    print(f"kills: {killed}, whole views: {visitor.views}, a run takes {whole_run_s:.1f} s")
    assert visitor.views > KILLS


def visitor_sees(url: str) -> str:
    """The site that visitors get, once the local edge has looked again."""
    time.sleep(0.3)
    visitor = Visitor(url)
    site = visitor.site()
    visitor.look()
    assert visitor.wrong == []
    return site


def test_a_killed_export_leaves_what_is_live_untouched(tmp_path: Path, cms: str) -> None:
    configure(tmp_path, cms, "s1")
    assert finish(start(tmp_path, "export", "--publish")) == 0
    store = DirectoryStore(tmp_path / ".publisher")

    def live() -> dict[str, bytes]:
        areas = ("site/", "refs/", "edge/")
        keys = [one.key for area in areas for one in store.list(area)]
        return {key: store.get(key).data for key in keys}

    before = live()
    configure(tmp_path, cms, "s2")
    for after_s in (0.4, 0.7, 1.0):
        running = start(tmp_path, "export")
        try:
            running.wait(after_s)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGKILL)
        finish(running)
        assert live() == before
