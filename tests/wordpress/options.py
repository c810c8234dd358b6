"""What a staging WordPress can be like."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.packages import THEMES, Unavailable

TEST_DATA_VARIABLE = "PUBLISHER_WORDPRESS_TEST_DATA"

PERMALINKS = {
    "plain": "",
    "pretty": "/%year%/%monthnum%/%postname%/",
    "blog": "/blog/%post_id%.html",
}


@dataclass(frozen=True)
class SiteOptions:
    """What the content is built from: a change means a rebuild."""

    url: str
    permalinks: str
    theme: str
    locale: str
    posts: int
    test_data: str | None


@dataclass(frozen=True)
class ServerOptions:
    """How it is served: a change means a restart."""

    port: int
    workers: int
    basic_auth: str | None


@dataclass(frozen=True)
class Options:
    """What is asked for. Raises ValueError, naming the option, for what can't be."""

    permalinks: str = "pretty"
    """A kind from PERMALINKS, or a structure such as /%postname%/"""
    theme: str = THEMES[0]
    locale: str = "en_US"
    posts: int = 60
    """Generated posts; 0 for none of the generated content"""
    test_data: Path | None = None
    """WordPress's theme test data, a WXR file, to be imported too"""
    basic_auth: str | None = None
    """user:password, for the whole site"""
    site_url: str | None = None
    """The URL that WordPress believes it has; default: the one it is served on"""
    port: int | None = None
    """On 127.0.0.1; default: the one it had, or a free one"""
    workers: int = 4
    """PHP processes"""

    def __post_init__(self) -> None:
        if self.permalinks not in PERMALINKS and not (
            self.permalinks.startswith("/") and "%" in self.permalinks
        ):
            kinds = ", ".join(PERMALINKS)
            raise ValueError(
                f"permalinks: {self.permalinks!r} is neither {kinds} nor like /%postname%/"
            )
        if self.theme not in THEMES:
            raise ValueError(f"theme: {self.theme!r} is none of {', '.join(THEMES)}")
        if self.posts < 0 or self.workers < 1:
            raise ValueError("posts can't be negative, and there must be a worker")
        if self.basic_auth is not None and not all(self.basic_auth.partition(":")):
            raise ValueError("basic auth: expected user:password")
        if self.site_url is not None:
            parts = urlsplit(self.site_url)
            if parts.scheme not in ("http", "https") or not parts.netloc or parts.query:
                raise ValueError(f"site url: {self.site_url!r} is not the URL of a site")

    def site(self, port: int) -> SiteOptions:
        return SiteOptions(
            url=(self.site_url or f"http://127.0.0.1:{port}").rstrip("/"),
            permalinks=PERMALINKS.get(self.permalinks, self.permalinks),
            theme=self.theme,
            locale=self.locale,
            posts=self.posts,
            test_data=str(self.test_data.resolve()) if self.test_data else None,
        )

    def server(self, port: int) -> ServerOptions:
        return ServerOptions(port=port, workers=self.workers, basic_auth=self.basic_auth)


def theme_test_data() -> Path | None:
    """The theme test data that the environment names, None if it names none.

    Raises Unavailable if that file does not exist.
    """
    name = os.environ.get(TEST_DATA_VARIABLE)
    if not name:
        return None
    if not Path(name).is_file():
        raise Unavailable(f"${TEST_DATA_VARIABLE} names a file that does not exist: {name}")
    return Path(name)
