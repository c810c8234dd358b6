"""A site of which nothing is known but its home page: links and sitemaps tell the rest."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from urllib.parse import urlsplit

from publisher.cms.http import CONNECTIONS, CmsHttp
from publisher.cms.port import Capture
from publisher.cms.questions import Answer, refusal
from publisher.content_types import bare
from publisher.errors import CmsError
from publisher.inventory import Inventory

_PAGES = ("text/html", "application/xhtml+xml")


class GenericCms:
    """Implements `Cms`. `url` is where it is reached and what it takes for its own address,
    `credentials` is `user:password` of HTTP basic authentication or ''. `connections` is the most
    pages asked for at once."""

    def __init__(self, url: str, credentials: str = "", connections: int = CONNECTIONS) -> None:
        self._url = url.rstrip("/")
        self._pages = CmsHttp(self._url, self._url, credentials, connections)

    def inventory(self) -> Inventory:
        """Implements `Cms.inventory`: the address, if there is a home page. One request."""
        answer = self._home()
        if error := refusal(self._url, answer):
            raise error
        target = answer.location
        if target and urlsplit(target).scheme != urlsplit(self._url).scheme:
            raise CmsError(f"{self._url} redirects to {target}", "Use that address as cms.url.")
        if answer.status == 200 and bare(answer.content_type) not in _PAGES:
            raise CmsError(
                f"{self._url} answers {answer.content_type or 'something'} where its home page "
                "should be",
                "Is cms.url the address of the CMS's home page?",
            )
        return Inventory(home=self._url, kind="generic", pretty=True)

    def _home(self) -> Answer:
        """The home page. Raises CmsError if it can't be had."""
        url = f"{self._url}/"
        captured = [one for one in self._pages.captures(deque((url,))) if one]
        (one,) = captured
        if one.status == 0:
            raise CmsError(
                f"the CMS can't be reached at {self._url}: {one.error}",
                "Check cms.url, and that this machine may reach the staging network.",
            )
        headers = {"content-type": one.content_type, "location": one.location}
        return Answer(url, one.status, headers)

    def public_ids(self) -> None:
        """Implements `Cms.public_ids`: its pages have no ids."""

    def captures(self, wanted: deque[str]) -> Iterator[Capture | None]:
        """Implements `Cms.captures`."""
        return self._pages.captures(wanted)
