"""A WordPress full of what static exporters are known to stumble over; exports of a WordPress."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from publisher.edge.server import EdgeServer, live_site
from publisher.paths import SitePath
from publisher.store.directory import DirectoryStore
from tests.visitor import Answer, Browser, Visit
from tests.wordpress import WordPress

PUBLIC = "https://www.example.co.jp"
PLUGIN = Path(__file__).parent / "wordpress/odd/odd-site.php"
EXPORT_S_MAX = 600

ODD, KOREAN, NEWS = 20001, 20002, 20010
# WordPress keeps 200 bytes of an encoded slug: 22 kanji of nine each.
LONG = "".join(chr(0x6F22 + i) for i in range(22))
DEEP = (20020, 20021, 20022, 20023)  # pages below each other, with slugs that long
TITLE = "絵文字🎉と家族👨‍👩‍👧‍👦と𠮷野家"
PICTURE = "2024/05/東京 タワー（夜）.jpg"
PRE = "<pre>if (a &lt; b &amp;&amp; c) { x = &quot;&lt;b&gt;&quot;; }</pre>"
TEMPLATE = '<script type="text/html" id="tmpl-odd"><li>{{ data.name }}</li></script>'

_CONTENT = f"""<!-- wp:html -->
<p>naïve café，①②③ ～ — 𠮷 🎉 한국어</p>
{PRE}
{TEMPLATE}
<input type="hidden" name="back" value="HOME/?p=1632">
<script type="application/ld+json">{{"@type":"Article","url":"HOMEJSON\\/?p=1632"}}</script>
<a href="HOME/?p=1632">absolute</a> <a href="//HOST/?p=1632">without scheme</a>
<a href="HOME/?p={KOREAN}">Korean</a>
<a href="HOME/?paged=1">first page</a> <a href="/page/1">first</a> <a href="/page/1/">first</a>
<img src="UPLOADS/PICTURE" alt="encoded"> <img src="UPLOADS/RAW" alt="raw">
<!-- /wp:html -->"""


@dataclass
class ExportedSite:
    """An exported WordPress: what the command said, and the result as visitors find it."""

    wordpress: WordPress
    folder: Path
    report: dict[str, Any]
    browser: Browser
    visit: Visit
    asked: list[str]
    """What the export asked the CMS for: paths with their queries, in order."""

    def get(self, path: str) -> Answer:
        """What visitors get; `path` begins with a slash, or is a URL of staging."""
        return self.browser.get(PUBLIC + path.removeprefix(self.wordpress.url))

    def path(self, url: str) -> str:
        """Where an old URL ends."""
        return urlsplit(self.get(url).url).path

    @property
    def host(self) -> str:
        """The host and port of staging."""
        return urlsplit(self.wordpress.url).netloc

    def staging(self, url: str) -> requests.Response:
        """What staging answers."""
        auth = self.wordpress.basic_auth
        credentials = tuple(auth.split(":", 1)) if auth else None
        return requests.get(url, auth=credentials, timeout=60)

    def link(self, number: int) -> str:
        """The URL of a post or page on staging."""
        return str(self.wordpress.wp("post", "get", number)["url"])

    def pages(self) -> dict[str, str]:
        """Every HTML page that is linked, by its URL."""
        return {
            url: answer.body.decode()
            for url, answer in self.visit.answers.items()
            if answer.status == 200 and answer.content_type.startswith("text/html")
        }

    def stored(self) -> list[str]:
        """The keys of the live slot."""
        store, slot = self._live()
        return [one.key.removeprefix(slot) for one in store.list(slot)]

    def file(self, path: str) -> bytes:
        """The bytes that the store has for a site path."""
        store, slot = self._live()
        return store.get(slot + SitePath(path).key).data

    def _live(self) -> tuple[DirectoryStore, str]:
        store = DirectoryStore(self.folder / ".publisher")
        return store, f"site/{json.loads(store.get('refs/live').data)['slot']}/"

    def export(self) -> dict[str, Any]:
        """Export and publish again; the command's report."""
        return run_export(self.folder, self.wordpress.basic_auth or "")


def run_export(folder: Path, credentials: str) -> dict[str, Any]:
    done = start_export(folder, credentials)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def start_export(folder: Path, credentials: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "publisher", "export", "--publish", "--json"],
        cwd=folder,
        env={**os.environ, "CMS_BASIC_AUTH": credentials},
        capture_output=True,
        text=True,
        timeout=EXPORT_S_MAX,
    )


def seed(wordpress: WordPress) -> None:
    """Put the odd content into a WordPress; `reset` and removing the plugin take it out."""
    shutil.copy(PLUGIN, wordpress.docroot / "wp-content/mu-plugins")
    picture = wordpress.wp("media", "add", stdin={"file": PICTURE, "width": 300, "height": 200})
    uploads = f"{wordpress.url}/wp-content/uploads"
    assert picture["file"].startswith(uploads)
    content = (
        _CONTENT.replace("HOMEJSON", wordpress.url.replace("/", "\\/"))
        .replace("UPLOADS", uploads)
        .replace("PICTURE", quote(PICTURE))
        .replace("RAW", PICTURE)
        .replace("HOME", wordpress.url)
        .replace("HOST", urlsplit(wordpress.url).netloc)
    )
    deep = [
        {"id": number, "type": "page", "title": f"深い{number}", "slug": LONG, "content": "深い",
         "parent": DEEP[i - 1] if i else 0}
        for i, number in enumerate(DEEP)
    ]  # fmt: skip
    # The newest, and of two moments: WordPress has no order for posts of one moment.
    posts = [
        {"id": ODD, "title": TITLE, "slug": "絵文字の-記事", "content": content,
         "date": "2024-05-01 10:00:00"},
        {"id": KOREAN, "title": "한국어 글", "slug": "한국어-글", "content": "안녕하세요",
         "date": "2024-05-02 10:00:00"},
        {"id": NEWS, "type": "page", "title": "お知らせ一覧", "slug": "お知らせ一覧"},
        *deep,
    ]  # fmt: skip
    wordpress.wp("post", "create", stdin=posts)


@contextlib.contextmanager
def exported_site(wordpress: WordPress, folder: Path, routes: str = "") -> Iterator[ExportedSite]:
    """Export, serve and look at a WordPress. routes: a part of the configuration."""
    auth = "  basic_auth: env:CMS_BASIC_AUTH\n" if wordpress.basic_auth else ""
    (folder / "site-config.yaml").write_text(
        f"site:\n  url: {PUBLIC}\ncms:\n  url: {wordpress.url}\n{auth}{routes}"
    )
    before = wordpress.access_log.stat().st_size
    report = run_export(folder, wordpress.basic_auth or "")
    asked = asked_of(wordpress.access_log, before)
    store = DirectoryStore(folder / ".publisher")
    with EdgeServer(*live_site(store), 0) as edge, Browser(edge.url, PUBLIC) as browser:
        yield ExportedSite(wordpress, folder, report, browser, browser.visit(), asked)


@contextlib.contextmanager
def odd_site(
    wordpress: WordPress, folder: Path, permalinks: str = "", routes: str = "", front: bool = False
) -> Iterator[ExportedSite]:
    """Seed and export a WordPress; it is afterwards as it was.

    permalinks: a structure to change to; routes: a part of the configuration; front: whether
    a page is the front page, and the posts have one of their own.
    """
    try:
        seed(wordpress)
        if permalinks:
            wordpress.wp("option", "set", "permalink_structure", permalinks)
        if front:
            wordpress.wp("option", "set", "page_on_front", 9001)
            wordpress.wp("option", "set", "page_for_posts", NEWS)
            wordpress.wp("option", "set", "show_on_front", "page")
        with exported_site(wordpress, folder, routes) as site:
            yield site
    finally:
        (wordpress.docroot / "wp-content/mu-plugins" / PLUGIN.name).unlink(missing_ok=True)
        wordpress.reset()


def asked_of(access_log: Path, start: int) -> list[str]:
    """What the export asked for, in an access log after its first `start` bytes. WordPress asks
    itself, too, for what it is to embed."""
    with access_log.open("rb") as log:
        log.seek(start)
        lines = log.read().decode(errors="replace").splitlines()
    return [line.split('"')[1].split(" ")[1] for line in lines if '"publisher/' in line]
