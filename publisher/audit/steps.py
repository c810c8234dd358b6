"""What an audit does, one after the other: replays, compares, asks, reads. Each step adds to what
was found."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.addresses import Addresses
from publisher.audit import asking, identity
from publisher.audit.assembling import Decider, Material, judgement
from publisher.audit.compare import Answer, Journey, differ, difference
from publisher.audit.gathering import Progress
from publisher.audit.ground import Ground, read
from publisher.audit.judging import Way
from publisher.audit.live import LiveSite, telling_pages
from publisher.audit.old_urls import OldUrl
from publisher.audit.replay import EdgeEngine, Engine, ForAllAgents, PythonEngine, follow
from publisher.audit.report import Checked, Finding, Measures, Outcome, Seen
from publisher.audit.servers import SERVERS, EngineUnavailable, ServerName
from publisher.audit.visitors import BROWSER, Visitor, matrix
from publisher.cms.port import Cms
from publisher.errors import PublisherError
from publisher.log_search import Known, essence
from publisher.own import Own
from publisher.paths import recorded
from publisher.share_counts.networks import ENTRIES
from redirects.edge import Site as EdgeSite
from redirects.explain import outcome
from redirects.match import Request

if TYPE_CHECKING:
    from publisher.share_counts.book import Book

VISITORS_MAX = 2_000
"""So many addresses are replayed for every kind of visitor, those first that are worth most."""

SERVER_MAX = 20_000
"""So many addresses are asked of a server of another kind."""

LIVE_MAX = 2_000
"""So many addresses are asked of the live site."""

LIVE_VISITORS_MAX = 50
"""So many of these for every kind of visitor."""

_MARK = "utm_source=audit"
# So many ways are held at once, with all that was asked on them.
_BATCH = 5_000
# What a browser gets where no rule decides.
_WITHOUT_RULE = (200, 404)


@dataclass(frozen=True, slots=True)
class Given:
    """What an audit is given beside the site: files, places of sitemaps, the address of the live
    site ('' for none), the names of further engines, whether the CMS is asked, and whether nothing
    may be a sample."""

    logs: Sequence[Path] = ()
    urls: Sequence[Path] = ()
    sitemaps: Sequence[str] = ()
    against: str = ""
    engines: Sequence[ServerName] = ()
    with_cms: bool = True
    thorough: bool = False

    def at_most(self, number: int) -> int:
        """How many are looked at of what is looked at in part."""
        return sys.maxsize if self.thorough else number


@dataclass(slots=True)
class Steps:
    """What an audit does one after the other; each adds to what was found."""

    found: Material
    on: Ground
    edge: EdgeEngine
    python: PythonEngine
    place: EdgeSite
    own: Own
    given: Given
    progress: Progress
    # Most lead to the same pages, or nowhere: each way is held once.
    _ways: dict[Way, Way] = field(default_factory=dict)

    def replay(self, old: list[OldUrl]) -> None:
        """Send a browser to every address, and have the same decided in Python."""
        self.progress("replaying old addresses", 0, len(old))
        self._walk([one.url for one in old])
        self.found.old += old
        self.found.checked.append(Checked("edge", len(old), len(old)))
        self.found.checked.append(Checked("python", len(old), len(old)))

    def _walk(self, urls: Sequence[str]) -> None:
        files = self.own.files
        for begin in range(0, len(urls), _BATCH):
            self.progress("replaying old addresses", begin, len(urls))
            some = urls[begin : begin + _BATCH]
            requests = [BROWSER.request(url, self.on.host) for url in some]
            journeys = follow(self.edge, requests, self.place)
            asked = dict(zip(some, requests, strict=True))
            self._compare(self.python, asked, [one.first for one in journeys], lambda *_: "")
            for (url, request), journey in zip(asked.items(), journeys, strict=True):
                way = way_of(journey)
                self.found.ways[url] = self._ways.setdefault(way, way)
                if way.statuses[0] in _WITHOUT_RULE:
                    continue
                rule = outcome(self.on.rules, request, self.on.has_file, self.place).rule
                if rule:
                    is_own = rule.origin.rpartition(":")[0] in files
                    self.found.deciders[url] = Decider(rule.source, rule.origin, is_own)

    def servers(self) -> None:
        """Ask servers of other kinds, which have the rules in their own form."""
        for name in self.given.engines:
            old = self.found.old
            urls = [one.url for one in old[: self.given.at_most(SERVER_MAX)]]
            kind = SERVERS[name]
            try:
                with kind(self.on.rules, self.on.host, self.on.has_file) as server:
                    for begin in range(0, len(urls), _BATCH):
                        self.progress(f"asking {name}", begin, len(urls))
                        some = urls[begin : begin + _BATCH]
                        asked = {url: BROWSER.request(url, self.on.host) for url in some}
                        mine = self.edge.answers(list(asked.values()))
                        self._compare(server, asked, mine, server.limit)
            except EngineUnavailable as error:
                self.found.checked.append(Checked(name, 0, len(old), str(error)))
            else:
                self.found.checked.append(Checked(name, len(urls), len(old)))

    def _compare(
        self,
        engine: Engine,
        asked: Mapping[str, Request],
        of_edge: Sequence[Answer],
        limit: Callable[[Request, Answer, Answer], str],
    ) -> None:
        """Note where another engine answers otherwise than the edge, but for its known limits."""
        answers = zip(of_edge, engine.answers(list(asked.values())), strict=True)
        for (url, request), (mine, theirs) in zip(asked.items(), answers, strict=True):
            if not differ(mine, theirs, self.on.public, self.on.public):
                continue
            if limit(request, mine, theirs):
                continue
            target = theirs.location or theirs.path
            values = {"engine": engine.name, "status": str(theirs.status), "target": target}
            self._note(url, Finding("engines-differ", "critical", values))

    def live(self) -> None:
        """Ask the live site, which may be the old one, or serve this release already."""
        if not self.given.against:
            return
        with LiveSite(
            self.given.against,
            self.on.host,
            lambda done, known: self.progress("asking the live site", done, known),
        ) as live:
            entries = ((recorded(path), entry) for path, entry in self.on.entries.items())
            self.found.against = live.origin
            self.found.is_live = live.serves(telling_pages(entries))
            old = [one.url for one in self.found.old if one.url.startswith("/")]
            urls = old[: self.given.at_most(LIVE_MAX)]
            self._ask_live(live, BROWSER, urls)
            if home := live.at(BROWSER.request("/", self.on.host)):
                self.found.home_title = follow(live, [home], live.site)[0].end.title
            answered = sum(not self.found.live[url].problem for url in urls)
            if urls and not answered:
                raise PublisherError(
                    f"{live.origin} gives no answer to any request; asked: {len(urls):,}",
                    "Look at the address, or leave --against out.",
                )
            problems = {self.found.live[url].problem for url in urls} - {""}
            self.found.checked.append(
                Checked("live", answered, len(self.found.old), "; ".join(sorted(problems)[:3]))
            )
            if self.found.is_live:
                first = urls[:LIVE_VISITORS_MAX]
                for visitor in matrix(self.on.host)[1:]:
                    self._ask_live(live, visitor, first)
                self.found.checked.append(Checked("live-visitors", len(first), len(self.found.old)))

    def _ask_live(self, live: LiveSite, visitor: Visitor, urls: Sequence[str]) -> None:
        """Send a kind of visitor to the live site; where that serves this release, the edge must
        say the same."""
        host = self.on.host
        asked = {
            url: there for url in urls if (there := live.at(visitor.request(url, host))) is not None
        }
        journeys = follow(live, list(asked.values()), live.site)
        here = [visitor.request(url, host) for url in asked]
        mine = follow(self.edge, here, self.place)
        for url, one, theirs in zip(asked, mine, journeys, strict=True):
            seen = theirs.live(live.origin)
            if visitor == BROWSER:
                self.found.live[url] = seen
                self.found.titles[url] = theirs.end.title
                if seen.problem:
                    self._note(url, Finding("live-failed", "warning", {"problem": seen.problem}))
            if not self.found.is_live:
                continue
            if difference(one, theirs, self.on.public, live.origin):
                values = {"status": str(seen.last_status), "target": seen.target}
                self._note_once(url, Finding("live-differs", "critical", values))

    def close(self, addresses: Addresses) -> None:
        """Tell what of that which is not there nobody should get."""
        home = addresses.views.inventory.home
        for url in self._lost():
            address = addresses.locate(home + url)
            if address is None or address.path is None:
                self.found.closed[url] = "not-for-visitors"

    def ask(self, addresses: Addresses, cms: Cms) -> None:
        """Ask the CMS what it makes of what is lost, and of the ids that it does not list."""
        worth = {one.url: one.measures for one in self.found.old}
        lost = [url for url in self._lost() if url not in self.found.forms]
        wanted: Counter[str] = Counter()
        for url in lost:
            wanted[url] += 1 + worth[url].hits + worth[url].clicks
        ids, missing = asking.unlisted(addresses, self.given.at_most(asking.IDS_MAX))
        new = [url for url in ids if url not in self.found.ways]
        self._walk(new)
        unanswered = [url for url in new if self.found.ways[url].statuses == (404,)]
        asked = [
            *wanted.most_common(self.given.at_most(asking.ASKED_MAX)),
            *((url, 0) for url in unanswered),
        ]
        known = Known(self.on.rules, self.on.has_file, addresses)
        self.found.answers = asking.ask(
            asked, known, cms, lambda done, all_: self.progress("asking the CMS", done, all_)
        )
        for url in unanswered:
            self._judge_id(url)
        self._doubt(lost)
        self.found.checked.append(Checked("ids", len(ids), missing))

    def _judge_id(self, url: str) -> None:
        """Take an id up if the CMS has something there after all."""
        key = essence(url)
        if key in self.found.answers.found:
            # A revision, as a rule: it leads to its post, and nobody ever linked to it.
            self.found.closed[url] = "unlisted-id"
            self._note(url, Finding("unlisted-id", "note"))
        elif key not in self.found.answers.answered:
            return
        self.found.old.append(OldUrl(url, Measures(), ("cms",)))

    def _doubt(self, lost: Sequence[str]) -> None:
        """Set apart what only logs know, in which it never was anything but an error, and which the
        CMS leads nowhere: scanners, and what was mistyped. Or a page, if all of the logs are from
        after it was lost; so it is not called missing before."""
        sources = {one.url: one.sources for one in self.found.old}
        known = self.found.worked.union(self.found.memory.bad())
        for url in lost:
            is_unknown = essence(url) in self.found.answers.reasons
            if sources[url] == ("log",) and url not in known and is_unknown:
                self.found.closed[url] = "only-missing"

    def read(self) -> None:
        """Read the pages that all of them lead to."""
        contents = read(self.on, lambda done, all_: self.progress("reading pages", done, all_))
        self.found.contents = contents
        self.found.checked.append(Checked("pages", len(contents.pages), len(self.found.paths)))

    def visitors(self) -> None:
        """Send every kind of visitor to the addresses that are worth most."""
        old = self.found.old[: self.given.at_most(VISITORS_MAX)]
        urls = [one.url for one in old if one.url.startswith("/")]
        kinds = matrix(self.on.host)
        of_browser = {url: judgement(url, self.found).outcome for url in urls}
        # Those that differ by who they are alone follow each other.
        for _, alike in groupby(enumerate(kinds), lambda kind: kind[1]._replace(agent="")):
            edge = ForAllAgents(self.edge)
            for number, visitor in alike:
                self.progress("replaying for all visitors", number, len(kinds))
                self.found.visitors.append(self._sent(edge, visitor, of_browser))
        self._marked(urls)
        self.found.checked.append(Checked("visitors", len(urls), len(self.found.old)))

    def _sent(self, edge: Engine, visitor: Visitor, of_browser: Mapping[str, Outcome]) -> Seen:
        """What a kind of visitor gets; `of_browser`: what becomes of each address for a browser."""
        requests = [visitor.request(url, self.on.host) for url in of_browser]
        outcomes: Counter[Outcome] = Counter()
        differing = 0
        journeys = follow(edge, requests, self.place)
        for (url, outcome_of_browser), journey in zip(of_browser.items(), journeys, strict=True):
            way, mine = way_of(journey), self.found.ways[url]
            if way == mine:
                outcomes[outcome_of_browser] += 1
                continue
            outcomes[judgement(url, self.found, way).outcome] += 1
            if way.end == mine.end:
                continue
            rule = outcome(self.on.rules, journey.requests[0], self.on.has_file, self.place).rule
            if rule and (rule.host or rule.language):
                continue  # somebody wanted that
            differing += 1
            where = f"{visitor.scheme}://{visitor.host or self.on.host}"
            who = f"{visitor.agent}, {visitor.method} at {where}"
            target = way.elsewhere or way.path
            values = {"agent": who, "status": str(way.statuses[-1]), "target": target}
            self._note_once(url, Finding("depends-on-visitor", "warning", values))
        return Seen(
            visitor.agent,
            visitor.scheme,
            visitor.host or self.on.host,
            visitor.method,
            dict(outcomes),
            differing,
        )

    def _marked(self, urls: Sequence[str]) -> None:
        """See whether what only measures visits stays behind an address."""
        moved = [url for url in urls if self.found.ways[url].hops and self.found.ways[url].path]
        marked = [f"{url}{'&' if '?' in url else '?'}{_MARK}" for url in moved]
        requests = [BROWSER.request(url, self.on.host) for url in marked]
        for url, journey in zip(moved, follow(self.edge, requests, self.place), strict=True):
            if journey.end.path and _MARK not in journey.requests[-1].query.split("&"):
                self._note(url, Finding("query-dropped", "warning"))

    def identities(self, addresses: Addresses, book: Book) -> None:
        """See whether networks go on counting the shares of old posts."""
        posts = list(identity.old_posts(addresses, self.on.has_file))
        crawler = Visitor("Meta")
        host = self.on.host
        requests = [crawler.request(_at(post.known_by, self.on.public), host) for post in posts]
        journeys = follow(self.edge, requests, self.place)
        counts = dict(identity.counts_of(book, addresses, ENTRIES))
        for post, journey in zip(posts, journeys, strict=True):
            page = self.found.contents.pages.get(post.path)
            if page:
                known = counts.get(post.number, {})
                self.found.social.append(
                    identity.post(post, way_of(journey), page, known, self.on.public)
                )
        counted = sum(post.before is not None for post in self.found.social)
        if counted:
            self.found.checked.append(Checked("counts", counted, len(posts)))
        self.found.checked.append(Checked("social", len(posts), len(posts)))

    def _lost(self) -> list[str]:
        """The addresses of this site that are lost, as far as is known by now."""
        return [
            one.url
            for one in self.found.old
            if one.url.startswith("/") and judgement(one.url, self.found).outcome == "lost"
        ]

    def _note(self, url: str, finding: Finding) -> None:
        self.found.noted.setdefault(url, []).append(finding)

    def _note_once(self, url: str, finding: Finding) -> None:
        """Note the first finding of its kind: the others say the same of more visitors."""
        if all(one.kind != finding.kind for one in self.found.noted.get(url, ())):
            self._note(url, finding)


def way_of(journey: Journey) -> Way:
    """What is judged of a journey."""
    return Way(journey.statuses, journey.end.path, journey.elsewhere, journey.is_circle)


def _at(url: str, public: str) -> str:
    """An address as `Visitor.request` takes it: from the root, if it is at the public host."""
    return url.removeprefix(public) if url.startswith(f"{public}/") else url
