"""Machines that publish one site, as processes of their own, and a visitor who looks meanwhile.

The sample CMS can't be changed, so each run changes where its posts go: every publish replaces,
adds and removes files.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import requests

from publisher.store.port import Store

TIMEOUT_S = 60
PAGES = ("1632", "1650", "1203")
ASSET = re.compile(r'(?:href|src)="(/wp-[^"]+\.(?:css|js|png|jpg|svg))[?"]')


@dataclass(frozen=True)
class Place:
    """Where the store of a killed program is: as the configuration names it, and as a store."""

    name: str
    configured: str
    store: Store


def configure(folder: Path, cms: str, site: str, store: str = ".publisher") -> None:
    (folder / "site-config.yaml").write_text(
        f"site:\n  url: https://www.example.co.jp\ncms:\n  url: {cms}\n"
        f"routes:\n  post: /{site}/{{id}}.html\nstore: {store}\n"
    )


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """The program, as another machine would run it."""
    return subprocess.Popen(
        [sys.executable, "-m", "publisher", *arguments], cwd=folder,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def finish(running: subprocess.Popen[bytes]) -> int:
    """Wait for the end: 0, or minus the signal that killed it."""
    code = finished(running)
    assert code <= 0, f"exit code {code}"
    return code


def finished(running: subprocess.Popen[bytes]) -> int:
    """Wait for the end: how it ended. What it says is shown if the test fails."""
    try:
        _, err = running.communicate(timeout=TIMEOUT_S)
    finally:
        running.kill()
    if running.returncode > 0:
        print(err.decode())
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


def visitor_sees(url: str) -> str:
    """The site that visitors get, once the local edge has looked again."""
    time.sleep(0.3)
    visitor = Visitor(url)
    site = visitor.site()
    visitor.look()
    assert visitor.wrong == []
    return site
