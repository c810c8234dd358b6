"""Every link of an exported WordPress, followed by a crawler that is kept by others.

What it finds broken must be broken on staging too, in the same place. The site is exported
under the address at which it is served here, so that canonical links, Open Graph, feeds and
sitemaps are followed as well; only links to other hosts are not.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import requests
from bs4 import BeautifulSoup

from tests.cms_servers import Answer, Reply, passing_on, serving
from tests.linkchecker import Broken, Report, allowing_speed, check
from tests.packages import THEMES
from tests.program import ended, previewing, process
from tests.wordpress import Options, Unavailable, WordPress, theme_test_data

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("linkchecker")]

LONG_POSTS = int(os.environ.get("PUBLISHER_LONG_POSTS", "2000"))
EXPORT_S_MAX = 7200
# Attributes whose address LinkChecker follows.
_LINKS = ("href", "src", "poster", "cite", "data", "longdesc", "background")


@dataclass
class Exported:
    """A WordPress and its export, served at `url`."""

    wordpress: WordPress
    url: str
    report: dict[str, Any]
    session: requests.Session
    _statuses: dict[str, int] = field(default_factory=dict)

    def staging_status(self, url: str) -> int:
        if url not in self._statuses:
            self._statuses[url] = self.session.get(url, timeout=60).status_code
        return self._statuses[url]

    def pages_of_staging(self) -> dict[str, str]:
        """The path of each page here -> its URL on staging: WordPress lists its own URLs, and
        each leads here when it is asked for in its old form."""
        pages = {}
        for row in self.wordpress.wp("list-public-urls"):
            if row["type"] != "upload":
                url = row["url"].replace("&amp;", "&")
                here = self.session.get(url.replace(self.wordpress.url, self.url), timeout=60)
                pages.setdefault(unquote(urlsplit(here.url).path), url)
        return pages

    def unexplained(self, found: Report) -> list[Broken]:
        """What is broken here and not, in the same place, on staging."""
        pages = self.pages_of_staging() if found.broken else {}
        missing = {row["path"]: row["url"] for row in self.report["missing"]}
        return [
            broken
            for broken in found.broken
            if not self._is_broken_on_staging(broken, pages, missing)
        ]

    def _is_broken_on_staging(
        self, broken: Broken, pages: dict[str, str], missing: dict[str, str]
    ) -> bool:
        page = pages.get(unquote(urlsplit(broken.parent).path))
        if page is None:  # a page that WordPress does not list: an embed, a plugin's pager
            url = missing.get(unquote(urlsplit(broken.url).path))
            return url is not None and self.staging_status(url) >= 400
        answer = self.session.get(page, timeout=60)
        if not broken.url.startswith(self.url):  # no address at all, as somebody wrote it
            return broken.written in answer.text
        return any(
            self.staging_status(url) >= 400
            for url, words in self._links(page, answer.content)
            if _name(url) == _name(broken.url) or (words and words == broken.name)
        )

    def _links(self, page: str, body: bytes) -> Iterator[tuple[str, str]]:
        """The links of a page of staging to itself, and their words."""
        for tag in BeautifulSoup(body, "lxml").find_all(True):
            for name in _LINKS:
                url = urljoin(page, str(tag.get(name) or "")).partition("#")[0]
                if tag.get(name) and url.startswith(f"{self.wordpress.url}/"):
                    yield url, tag.get_text(" ", strip=True)


def _name(url: str) -> str:
    """The last part of a path, by which a link is recognised after rewriting."""
    return unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2] or url


@contextlib.contextmanager
def exported(wordpress: WordPress, folder: Path) -> Iterator[Exported]:
    """A WordPress exported by the command, and served by `publisher preview`."""
    edge: list[Answer] = []

    def answer(path: str) -> Reply:
        return edge[0](path) if edge else Reply(503)

    with serving(allowing_speed(answer)) as address, requests.Session() as session:
        session.trust_env = False
        # Another name than the CMS's: both are on this machine.
        url = address.replace("127.0.0.1", "localhost")
        (folder / "site-config.yaml").write_text(
            f"site:\n  url: {url}\ncms:\n  url: {wordpress.url}\nstore: .publisher\n"
        )
        done = ended(process("export", "--publish", "--json", folder=folder), EXPORT_S_MAX)
        assert done.code == 0, done.err
        with previewing(folder) as preview:
            edge.append(passing_on(preview))
            yield Exported(wordpress, url, json.loads(done.out), session)


@contextlib.contextmanager
def staging(options: Options) -> Iterator[WordPress]:
    try:
        with WordPress() as wordpress:
            yield wordpress.start(options)
    except Unavailable as reason:
        pytest.skip(f"no staging WordPress: {reason}")


def test_an_independent_crawler_finds_no_broken_link_that_staging_has_not(tmp_path: Path) -> None:
    options = Options(permalinks="plain", locale="ja", posts=100)
    with staging(options) as wordpress, exported(wordpress, tmp_path) as site:
        found = check(f"{site.url}/")
        assert found.urls > 400
        assert site.unexplained(found) == []


@pytest.mark.long
@pytest.mark.parametrize("permalinks", ["plain", "pretty"])
@pytest.mark.parametrize("theme", THEMES)
def test_no_theme_and_no_permalink_form_breaks_a_link(
    theme: str, permalinks: str, tmp_path: Path
) -> None:
    options = Options(
        permalinks=permalinks,
        theme=theme,
        locale="ja",
        posts=LONG_POSTS,
        test_data=theme_test_data(),
    )
    with staging(options) as wordpress, exported(wordpress, tmp_path) as site:
        found = check(f"{site.url}/", seconds=EXPORT_S_MAX)
        unexplained = site.unexplained(found)
        print(f"{theme}, {permalinks}: {found.links} links, {found.urls} URLs, "
              f"{len(found.broken)} broken, warnings: {dict(found.warnings)}")  # fmt: skip
        assert found.urls > LONG_POSTS
        assert unexplained == []
