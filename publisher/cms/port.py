"""The port to the CMS, and what comes through it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Protocol

import msgspec

from publisher.inventory import Inventory


class Capture(msgspec.Struct, frozen=True):
    """One URL asked of the CMS and what came back.

    `status` 0 means that no answer came or that it broke off; `error` then says why.
    `location` is the absolute target of a redirect. `generated`: the CMS's program made it,
    and not the web server from a file (WordPress says so in a Link header). `object`: the number
    of the post that it shows, if a header tells. `noindex`: a header keeps crawlers away.
    """

    url: str
    status: int
    content_type: str = ""
    location: str = ""
    body: bytes = b""
    error: str = ""
    generated: bool = False
    noindex: bool = False
    object: str = ""

    @property
    def is_failure(self) -> bool:
        """No answer to be relied on: as opposed to content, a redirect, or a clear no."""
        return self.status == 0 or self.status == 429 or self.status >= 500


class Cms(Protocol):
    """Where pages come from."""

    def inventory(self) -> Inventory:
        """All that is public. Raises CmsError."""
        ...

    def public_ids(self) -> frozenset[int] | None:
        """The ids of all objects with a page of their own that visitors may read now, without
        attachments; None if the CMS can't tell. Two answers tell what stopped being public in
        between. Raises CmsError."""
        ...

    def captures(self, wanted: deque[str]) -> Iterator[Capture | None]:
        """Ask for URLs, taken from the left of `wanted`, until none is left.

        The caller may append to `wanted` between two captures, and call again when all have
        come and it has more. They come in the order in which the CMS answers; None comes while
        there is nothing to take and the CMS is at work. What fails is asked again, with pauses,
        before it is given up and comes as a failed capture. Raises CmsError if the CMS stops
        answering.
        """
        ...
