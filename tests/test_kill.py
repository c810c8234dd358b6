"""The program killed at any moment: visitors never see a part, and the next run finishes.

The sample CMS can't be changed, so each run changes where its posts go: every publish
replaces, adds and removes files.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import secrets
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
from publisher.store.port import Store
from publisher.store.s3 import S3Store
from tests.seaweedfs import SeaweedFS

# With the mark `long`, and to find the seed of a failure again: see CONTRIBUTING.md.
KILLS = {"directory": 25, "bucket": 12}
KILLS_LONG = int(os.environ.get("PUBLISHER_LONG_KILLS", "300"))
SEED = int(os.environ.get("PUBLISHER_SEED", "20261122"))
TIMEOUT_S = 60
PAGES = ("1632", "1650", "1203")
ASSET = re.compile(r'(?:href|src)="(/wp-[^"]+\.(?:css|js|png|jpg|svg))[?"]')


def configure(folder: Path, cms: str, site: str, store: str = ".publisher") -> None:
    (folder / "site-config.yaml").write_text(
        f"site:\n  url: https://www.example.co.jp\ncms:\n  url: {cms}\n"
        f"routes:\n  post: /{site}/{{id}}.html\nstore: {store}\n"
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
    assets: int = 0
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
        # Whatever has gone live meanwhile, what is open finds what it consists of.
        for path in sorted({one for _, _, body in found for one in ASSET.findall(body)}):
            self.assets += 1
            if self.answer(path)[0] != 200:
                self.wrong.append(f"{path} of a page of {before} is not there")
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


@dataclass(frozen=True)
class Place:
    """Where the store of a killed program is: as the configuration names it, and as a store."""

    name: str
    configured: str
    store: Store


@pytest.fixture(params=["directory", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    if request.param == "directory":
        return Place("directory", ".publisher", DirectoryStore(tmp_path / ".publisher"))
    server: SeaweedFS = request.getfixturevalue("seaweedfs")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret_key)
    monkeypatch.setenv("AWS_REGION", server.region)
    bucket = f"killed-{secrets.token_hex(4)}"
    server.create_bucket(bucket)
    return Place(
        "bucket",
        f"{{url: s3://{bucket}/p, endpoint_url: '{server.endpoint_url}'}}",
        S3Store(bucket, "p", server.endpoint_url),
    )


@pytest.mark.real
def test_killed_anywhere_visitors_see_one_whole_release_and_the_next_run_finishes(
    tmp_path: Path, cms: str, place: Place
) -> None:
    killed_at_random(tmp_path, cms, place, KILLS[place.name])


@pytest.mark.real
@pytest.mark.long
def test_killed_hundreds_of_times(tmp_path: Path, cms: str, place: Place) -> None:
    killed_at_random(tmp_path, cms, place, KILLS_LONG)


def killed_at_random(folder: Path, cms: str, place: Place, kills: int) -> None:
    rng = random.Random(SEED)
    sites = (f"s{number}" for number in itertools.count(1))
    configure(folder, cms, next(sites), place.configured)
    started = time.monotonic()
    assert finish(start(folder, "export", "--publish")) == 0
    whole_run_s = time.monotonic() - started

    killed = {"export": 0, "publish": 0}
    with EdgeServer(*live_site(place.store), 0) as edge:
        visitor = Visitor(edge.url)
        visitor.start()
        try:
            while sum(killed.values()) < kills and not visitor.wrong:
                configure(folder, cms, site := next(sites), place.configured)
                # Some of them die while publishing what an export made before.
                command = ["export", "--publish"]
                if rng.random() < 0.3:
                    assert finish(start(folder, "export")) == 0
                    command = ["publish"]
                running = start(folder, *command)
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
                    assert finish(start(folder, "export", "--publish")) == 0
                    assert visitor_sees(edge.url) == site
        finally:
            visitor.stop()
        assert visitor.wrong == []
        configure(folder, cms, site := next(sites), place.configured)
        assert finish(start(folder, "export", "--publish")) == 0
        assert visitor_sees(edge.url) == site
    print(
        f"seed {SEED}, {place.name}: kills {killed}, whole views {visitor.views}, assets of open "
        f"pages {visitor.assets}, mixtures {len(visitor.wrong)}, a run takes {whole_run_s:.1f} s"
    )
    assert sum(killed.values()) == kills
    assert visitor.views > kills
    assert visitor.assets > kills


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
