"""What a visitor's way through the redirects means for an old address. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from publisher.audit.forms import Form
from publisher.audit.report import BAD, Finding, Kind, Outcome
from publisher.paths import SitePath
from publisher.rules import OF_THE_CMS
from redirects.query import ROOT_PATHS, canonical_query
from redirects.targets import GONE

_TEMPORARY = (302, 307)
_REDIRECTS = range(300, 400)
WITHDRAWN = "withdrawn"
"""The origin of rules for pages that were withdrawn (`publisher.rules.with_withdrawn`)."""


class Way(NamedTuple):
    """A visitor's way from an old address to where it ends.

    `statuses`: of every answer, the last one's last. `path`: the decoded path of the file at the
    end, '' if there is none. `elsewhere`: the address at another site to which it leads, which was
    not asked, or ''. `is_circle`: it came back to where it had been.
    """

    statuses: tuple[int, ...]
    path: str = ""
    elsewhere: str = ""
    is_circle: bool = False

    @property
    def end(self) -> tuple[int, str, str]:
        """What is there at the end, however one came there."""
        return self.statuses[-1], self.path, self.elsewhere

    @property
    def hops(self) -> int:
        """The redirects on the way."""
        return sum(status in _REDIRECTS for status in self.statuses)


Closed = Literal["protected", "not-for-visitors", "dead-before", "only-missing", "unlisted-id"]
"""Why a 404 is no loss: the CMS asks for a password; it is the log-in or a search; the old site has
nothing there, too; only logs know it, and have nothing but errors; an id that nobody links to."""


class Evidence(NamedTuple):
    """What is known of an old address beside its way.

    `form`: what of the CMS it names, None if nothing that is known. `closed`: why nobody should
    get it, '' if that is not known. `has_it`: who has something there, the
    live site or the CMS, as they said when they were asked. `has_rule`: whether a rule decides;
    without one, a redirect only tidies the address up. `origin`: where the rule comes from, and
    whether that is the site's own (`is_own`). `shown`: the number of the object that the page at
    the end says to show, 0 if it does not tell.
    """

    form: Form | None = None
    closed: Closed | Literal[""] = ""
    has_it: Literal["", "found-live", "found-at-cms"] = ""
    origin: str = ""
    is_own: bool = False
    shown: int = 0
    has_rule: bool = True


class Judgement(NamedTuple):
    """What becomes of an old address, and what there is to look at."""

    outcome: Outcome
    findings: tuple[Finding, ...] = ()


def judged(url: str, way: Way, evidence: Evidence) -> Judgement:
    """What a browser's way means. `url`: path and query, percent-encoded."""
    first, last = way.statuses[0], way.statuses[-1]
    if first == GONE:
        return _gone(evidence)
    if first in _REDIRECTS:
        return _redirected(url, way, evidence)
    if first == 200:
        problem = _wrong_page(way, evidence)
        return Judgement("broken", (problem,)) if problem else Judgement("kept")
    if first == 404:
        return _missing(evidence)
    return Judgement("broken", (_nothing(url, last),))


def value(outcome: Outcome, findings: tuple[Finding, ...]) -> float:
    """What an outcome keeps of an address's worth, from 0 to 1: all of it, none of it, or nine
    tenths where the way is longer or less lasting than it need be."""
    if outcome in BAD:
        return 0.0
    return 0.9 if any(one.kind in ("chain", "temporary") for one in findings) else 1.0


def _gone(evidence: Evidence) -> Judgement:
    form = evidence.form
    if form and form.expected and evidence.origin != WITHDRAWN:
        return Judgement("broken", (Finding("gone-but-public", "critical"),))
    return Judgement("gone")


def _missing(evidence: Evidence) -> Judgement:
    form = evidence.form
    if form and form.expected:
        values = {"id": form.object, "status": "404"}
        return Judgement("lost", (Finding("unexplained-id", "critical", values),))
    if evidence.closed == "unlisted-id":
        return Judgement("closed")  # that it leads somewhere at the CMS is noted
    if evidence.closed == "only-missing":
        return Judgement("unproven", (Finding("only-missing", "note"),))
    if form or evidence.closed:
        return Judgement("closed", (Finding(evidence.closed or "protected", "note"),))
    kind: Kind = evidence.has_it or "not-found"
    return Judgement("lost", (Finding(kind, "critical"),))


def _redirected(url: str, way: Way, evidence: Evidence) -> Judgement:
    if way.is_circle:
        return Judgement("broken", (Finding("circle", "critical"),))
    if way.elsewhere:
        there = Finding("elsewhere", "note", {"target": way.elsewhere})
        return Judgement("elsewhere", (there, *_costs(way, evidence)))
    last = way.statuses[-1]
    if last == 404 and way.hops == 1 and not evidence.has_rule:
        return _missing(evidence)  # punctuation or `/index.php` was taken off, of whatever it is
    if last != 200:
        return Judgement("broken", (_nothing(way.path or url, last),))
    problem = _wrong_page(way, evidence) or _soft_404(url, way, evidence)
    if problem and problem.severity == "critical":
        return Judgement("broken", (problem,))
    notes = (problem,) if problem else ()
    return Judgement("moved", (*notes, *_costs(way, evidence)))


def _costs(way: Way, evidence: Evidence) -> Iterator[Finding]:
    if way.hops > 1:
        yield Finding("chain", "warning", {"hops": str(way.hops)})
    # Who writes a temporary redirect into the configuration means it.
    if way.statuses[0] in _TEMPORARY and not evidence.is_own and way.path != "/":
        yield Finding("temporary", "warning", {"status": str(way.statuses[0])})


def _nothing(target: str, status: int) -> Finding:
    return Finding("leads-to-nothing", "critical", {"target": target, "status": str(status)})


def _wrong_page(way: Way, evidence: Evidence) -> Finding | None:
    form = evidence.form
    if form is None or form.expected is None:
        return None
    if form.expected == way.path:
        if not form.number or evidence.shown in (0, form.number):
            return None
        values = {"expected": form.object, "found": f"object {evidence.shown}"}
        return Finding("wrong-page", "critical", values)
    if way.path == "/":
        return Finding("soft-404", "critical", {"target": "/"})
    values = {"expected": form.expected.url, "found": SitePath(way.path).url}
    return Finding("wrong-page", "critical", values)


def _soft_404(url: str, way: Way, evidence: Evidence) -> Finding | None:
    """The home page as an answer for something else: search engines count it as an error."""
    if way.path != "/" or (evidence.form and evidence.form.expected == "/"):
        return None
    parts = urlsplit(url)
    if parts.path in ROOT_PATHS and canonical_query(parts.query).key is None:
        return None  # the home page was asked for
    # A person wrote it, or the CMS does the same at its own address.
    is_meant = evidence.is_own or evidence.origin == OF_THE_CMS
    return Finding("soft-404", "note" if is_meant else "critical", {"target": "/"})
