"""What became of each URL that an export asked for. Plain data."""

from __future__ import annotations

from typing import Literal

import msgspec

from publisher.errors import Finding
from publisher.manifest import Entry

Kind = Literal["content", "moved", "gone", "refused", "failed"]


class Content(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """What a body was made into, and what was learnt from it.

    `found` are the URLs that were first named here, `depends` what the page was seen to be made
    of. `is_object`: a post, term, author or the home page, and not a further page or a file of
    one. `ends`, `names_itself`: whether the page ends as a page does, and names its own id (None
    where neither is to be expected).
    """

    url: str
    entry: Entry | None = None
    error: str = ""
    found: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    is_object: bool = False
    ends: bool | None = None
    names_itself: bool | None = None
    noindex: bool = False
    removals: dict[str, int] = {}
    findings: tuple[Finding, ...] = ()


class Outcome(Content, frozen=True, array_like=True, kw_only=True):
    """One URL asked of the CMS, and what the answer means for its site path.

    content: `entry` belongs at the path. moved: the CMS redirects to `target`. gone: it says
    so (404, 410). refused: it would not give it out, which is no word that it is gone.
    failed: no answer to rely on, for the reason `error`. `seen_on` is the page that named the
    URL first, '' for what need not be there.
    """

    path: str
    kind: Kind
    status: int = 0
    target: str = ""
    seen_on: str = ""

    @property
    def is_answer(self) -> bool:
        """Whether the CMS has said what is there."""
        return self.kind in ("content", "moved", "gone")


class Captured(msgspec.Struct, frozen=True, array_like=True):
    """Where a release's file came from: its site path, the URL asked for, what it was seen
    to be made of (`post:12`, `term:category:5`, `menu-item:77`, ...), and which of these it shows
    or is a part of ('' if none): a URL alone does not tell once the CMS lists its object no more.
    """

    path: str
    url: str
    depends: tuple[str, ...] = ()
    shows: str = ""
