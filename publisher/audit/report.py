"""What an audit found. Plain data: whoever makes it, and whoever shows it, meet here.

Addresses in it are hostile input, since logs are written by visitors: whoever shows them escapes
them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

Source = Literal["cms", "log", "search", "backlinks", "sitemap", "list", "rule", "past"]
"""Where an old address is known from: the CMS's own forms, an access log, a search console, a
list of backlinks, an old sitemap, a plain list, the site's own rules. `past`: beside where it was
known from then, from the last audit, which alone knows that it was lost, or what it is worth."""

Outcome = Literal["kept", "moved", "elsewhere", "gone", "closed", "unproven", "lost", "broken"]
"""What a visitor's browser gets at an old address.

`kept`: the page is there, 200. `moved`: a redirect leads to a page. `elsewhere`: a redirect leads
to another site, which was not asked. `gone`: 410, on purpose. `closed`: 404, on purpose: it is not
for the public, or is dead on the old site, too. `unproven`: 404, and logs, which alone know it,
have nothing but errors for it: whether there ever was a page can't be told. `lost`: 404, and nobody
meant it. `broken`: a redirect that leads in a circle, to nothing, to another page than it should,
or to the home page instead of an error.
"""

GOOD: tuple[Outcome, ...] = ("kept", "moved", "elsewhere")
BAD: tuple[Outcome, ...] = ("lost", "broken")
"""The others don't count in the score: `gone` and `closed` are on purpose, `unproven` may
never have been there."""

Severity = Literal["critical", "warning", "note"]
"""`critical`: visitors or counts are lost. `warning`: it works, at a cost. `note`: worth a look."""

Kind = Literal[
    "not-found",
    "found-live",
    "found-at-cms",
    "unexplained-id",
    "unlisted-id",
    "protected",
    "not-for-visitors",
    "dead-before",
    "only-missing",
    "wrong-page",
    "leads-to-nothing",
    "circle",
    "soft-404",
    "gone-but-public",
    "chain",
    "temporary",
    "query-dropped",
    "depends-on-visitor",
    "engines-differ",
    "live-differs",
    "live-failed",
    "elsewhere",
    "social-circle",
    "social-not-served",
    "social-address",
    "counts-dropped",
    "wrong-title",
    "not-in-sitemap",
    "noindex",
    "canonical-elsewhere",
    "old-link",
    "old-in-sitemap",
]
"""Every kind of finding; `words` has what people read of each, in each language."""


Measure = Literal["hits", "clicks", "domains", "shares", "urls"]
"""What counts in the score: the four of `Measures`, and the number of addresses."""


class Finding(msgspec.Struct, frozen=True, gc=False):
    """Something to look at. `values` fill the words of its kind."""

    kind: Kind
    severity: Severity
    values: dict[str, str] = {}


class Fix(msgspec.Struct, frozen=True, gc=False, rename={"source": "from", "target": "to"}):
    """A rule that would mend a row, as `redirects.files` have it. `guess`: it was found by
    likeness, and somebody has to look; `reason` says from what."""

    source: str
    target: str
    status: int = 301
    guess: bool = False
    reason: str = ""


Count = Annotated[int, msgspec.Meta(ge=0)]
"""What was counted; of a report or a memory that is read, no less than nothing is believed."""


class Measures(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What an old address is worth: requests in logs, clicks from a search engine, domains that
    link to it, and shares and bookmarks."""

    hits: Count = 0
    clicks: Count = 0
    domains: Count = 0
    shares: Count = 0


class Live(msgspec.Struct, frozen=True, gc=False):
    """What the live site answered: the first status (0: no answer, and `problem` says why), the
    redirects followed, the last status and where that was."""

    status: int
    hops: int = 0
    last_status: int = 0
    target: str = ""
    problem: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One old address, and what becomes of it.

    `url`: path and query, percent-encoded as they are asked for; with host and scheme if it is at
    another host than the public one. `status`: the first answer's. `hops`: redirects until the end.
    `target`: where it ends, a percent-encoded path or an address elsewhere; '' for none. `title`:
    of the page there. `rule`: the source of the rule that decides ('' for none), `origin`: where
    that comes from. `lost_points`: by how much the score would rise if this row were right.
    `change` since the last audit: `new` if it was not in that.
    """

    url: str
    outcome: Outcome
    status: int
    hops: int = 0
    target: str = ""
    title: str = ""
    rule: str = ""
    origin: str = ""
    measures: Measures = Measures()
    sources: tuple[Source, ...] = ()
    findings: tuple[Finding, ...] = ()
    fix: Fix | None = None
    live: Live | None = None
    lost_points: float = 0.0
    change: Literal["", "new", "better", "worse"] = ""


class Page(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A page to which old addresses lead, and what is wrong with it. `path`: percent-encoded;
    `old_urls`: how many lead to it; `measures`: theirs together."""

    path: str
    title: str
    old_urls: int
    measures: Measures
    findings: tuple[Finding, ...]


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """The social identity of a post from before the cut-over. `known_by`: the address by which
    networks know it; `og_url`, `canonical`: what its page says; `path`: where it is now;
    `crawler_status`: what a preview crawler gets at `known_by`; `before`, `after`: its share counts
    (None: not counted)."""

    id: str
    path: str
    known_by: str
    og_url: str
    canonical: str
    crawler_status: int
    before: int | None = None
    after: int | None = None
    findings: tuple[Finding, ...] = ()


class Part(msgspec.Struct, frozen=True):
    """One measure's part in the score: `kept` of `total` (of the addresses: how many of them),
    `weight` of this part among all that there is something to measure for."""

    measure: Measure
    kept: float
    total: float
    weight: float


class Score(msgspec.Struct, frozen=True):
    """How much of what old addresses are worth is preserved, 0 to 100: the weighted mean of its
    parts. Rounded down where it is shown: 100 is all of it."""

    value: float
    parts: tuple[Part, ...]


class Checked(msgspec.Struct, frozen=True):
    """One thing that was looked at: `done` of `total` addresses. Fewer than all of them is a
    sample. `problem`: why it was not done, or not for all."""

    what: Literal[
        "edge", "python", "nginx", "haproxy", "visitors", "live", "live-visitors", "cms", "ids",
        "pages", "social", "counts", "logs", "lists", "sitemaps", "past",
    ]  # fmt: skip
    done: int
    total: int
    problem: str = ""


class Seen(msgspec.Struct, frozen=True):
    """One kind of visitor: what they got, counted over the addresses that were replayed for all
    visitors. `agent` is a name of `visitors`; `differing`: how many ended elsewhere than a browser
    does, with no rule that says so."""

    agent: str
    scheme: Literal["https", "http"]
    host: str
    method: Literal["GET", "HEAD"]
    outcomes: dict[Outcome, int]
    differing: int = 0


class Day(msgspec.Struct, frozen=True, gc=False):
    """A day of the logs: all requests for pages, and those that the server of then answered with
    404 or 410."""

    day: str
    requests: int
    not_found: int


class Past(msgspec.Struct, frozen=True):
    """An earlier audit, in figures. `measures`: what its score was made of."""

    made: datetime
    release: str
    score: Annotated[float, msgspec.Meta(ge=0, le=100)]
    urls: Count
    lost: Count
    broken: Count
    measures: tuple[Measure, ...] = ()


class Vanished(msgspec.Struct, frozen=True, gc=False):
    """An address of the last audit that this one did not look at."""

    url: str
    outcome: Outcome


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """An audit. `rows`: the largest losses first. `against`: the live site that was asked, or ''.
    `is_live`: whether that site serves this release. `threshold`: the least score with which the
    audit passes."""

    site: str
    release: str
    made: datetime
    threshold: float
    score: Score
    rows: tuple[Row, ...]
    against: str = ""
    is_live: bool = False
    pages: tuple[Page, ...] = ()
    social: tuple[Post, ...] = ()
    checked: tuple[Checked, ...] = ()
    visitors: tuple[Seen, ...] = ()
    days: tuple[Day, ...] = ()
    past: tuple[Past, ...] = ()
    vanished: tuple[Vanished, ...] = ()

    @property
    def is_passed(self) -> bool:
        """Whether the score reaches the threshold."""
        return self.score.value >= self.threshold
