"""Old addresses that logs show and no rule explains: what the CMS makes of them. Pure, but for
the questions, which go through the port to the CMS."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, urldefrag

from publisher.addresses import Address, Addresses
from publisher.cms.port import Capture, Cms
from publisher.paths import decoded
from publisher.queries import has_meaning, parameter_name
from redirects.edge import Site
from redirects.explain import outcome
from redirects.match import Request
from redirects.own import key_written, parse_rule, written
from redirects.query import ROOT_PATHS, canonical_query
from redirects.rules import RuleSet
from redirects.targets import SENT_AS_IT_IS

ASKED_MAX = 20_000
"""So many addresses are asked of the CMS, those first that are asked for most."""
# A redirect that leads on to more of them is followed so far.
_HOPS_MAX = 5

GUESS = "access log; CHECK: WordPress guesses by the beginning of the name"
KNOWN = "access log"

_YEAR = re.compile(r"/\d{4}/")


@dataclass(frozen=True, slots=True)
class Found:
    """An old address that should be a rule: `source` and `target` as in a CSV of rules. `url`: its
    `essence`, as it was asked for."""

    source: str
    target: str
    hits: int
    origin: str
    url: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Unexplained:
    """An old address that leads nowhere, and why."""

    source: str
    hits: int
    reason: str


@dataclass(slots=True)
class Searched:
    """What came of the addresses in logs: how many are answered already (`explained`), and the
    others, those first that are asked for most. Figures in addresses, and in requests."""

    explained: int = 0
    explained_hits: int = 0
    not_for_visitors: int = 0
    found: list[Found] = field(default_factory=list)
    unexplained: list[Unexplained] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Known:
    """What is there already: the rules, the files of the release, where addresses lead."""

    rules: RuleSet
    has_file: Callable[[str], bool]
    addresses: Addresses

    def explains(self, url: str) -> bool:
        """Whether a request for this address is answered with more than a 404, or than a redirect
        to one that only tidies the address up."""
        found = outcome(self.rules, _asked(url), self.has_file, Site())
        if found.location and found.rule is None:
            found = outcome(self.rules, _asked(found.location), self.has_file, Site())
        return found.status != 404


def search(
    counts: Counter[str], known: Known, cms: Cms, progress: Callable[[int, int], None]
) -> Searched:
    """Ask the CMS for all that nothing explains. `counts`: of addresses in the form of
    `OldUrl.url`; of another host, rules alone can answer. Raises CmsError."""
    done = Searched()
    wanted: Counter[str] = Counter()
    for url, hits in counts.items():
        if known.explains(url):
            done.explained += 1
            done.explained_hits += hits
        elif not url.startswith("/"):
            done.unexplained.append(Unexplained(url, hits, "at another host, without a rule"))
        else:
            wanted[essence(url)] += hits
    asked: dict[str, str] = {}
    for url, hits in wanted.most_common():
        address = known.addresses.locate(known.addresses.views.inventory.home + url)
        if address is None or address.path is None:
            done.not_for_visitors += 1
        elif len(asked) == ASKED_MAX:
            done.unexplained.append(Unexplained(url, hits, "not asked: too many others"))
        else:
            asked[url] = known.addresses.views.inventory.home + url
    ends = _followed(asked, known, cms, progress)
    for url in asked:
        one = _judged(url, wanted[url], ends[url], known)
        if isinstance(one, Found):
            done.found.append(one)
        else:
            done.unexplained.append(one)
    done.unexplained.sort(key=lambda one: -one.hits)
    return done


def _asked(url: str) -> Request:
    """A browser's request for an address in the form of `OldUrl.url`."""
    host, slash, rest = url.removeprefix("https://").partition("/")
    path, _, query = f"{slash}{rest}".partition("?")
    return Request("GET", path, query, host)


def essence(url: str) -> str:
    """An address (path and query) without what only measures: several in a log are one question,
    and one rule."""
    path, _, query = url.partition("?")
    if path in ROOT_PATHS and (key := canonical_query(query).key):
        return quote(key_written(key), safe=SENT_AS_IT_IS)
    kept = [part for part in query.split("&") if part and has_meaning(*_pair(part))]
    return f"{path}?{'&'.join(kept)}" if kept else path


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return parameter_name(name), value


@dataclass(frozen=True, slots=True)
class _End:
    """Where an address leads: a path of the site, or another site's address; or why nowhere."""

    address: Address | None = None
    elsewhere: str = ""
    problem: str = ""


def _followed(
    asked: dict[str, str], known: Known, cms: Cms, progress: Callable[[int, int], None]
) -> dict[str, _End]:
    """Where the CMS leads each of these to, by redirects of its own."""
    ends: dict[str, _End] = {}
    waiting: dict[str, list[str]] = {}
    for url, at_cms in asked.items():
        waiting.setdefault(at_cms, []).append(url)
    for _ in range(_HOPS_MAX):
        onward: dict[str, list[str]] = {}
        for capture in filter(None, cms.captures(deque(waiting))):
            urls = waiting.get(capture.url, [])
            end = _end(capture, known)
            if isinstance(end, str):
                onward.setdefault(end, []).extend(urls)
            else:
                ends |= dict.fromkeys(urls, end)
            progress(len(ends), len(asked))
        waiting = onward
        if not waiting:
            break
    return {url: ends.get(url, _End(problem="redirects without an end")) for url in asked}


def _end(capture: Capture, known: Known) -> _End | str:
    """What an answer means: an end, or the next address to ask for."""
    addresses = known.addresses
    if capture.location:
        location = urldefrag(capture.location).url
        address = addresses.locate(location)
        if address is None:
            return _End(elsewhere=location)
        if address.path is None:
            return _End(problem="redirects to what is not for visitors")
        return _End(address) if known.has_file(address.path) else location
    if capture.status != 200:
        return _End(problem=capture.error or f"status {capture.status}")
    address = addresses.locate(capture.url)
    if address and address.path and known.has_file(address.path):
        return _End(address)
    item = addresses.views.items.get(int(capture.object)) if capture.object.isdecimal() else None
    address = addresses.locate(item.link) if item else None
    if address and address.path and address.path != "/" and known.has_file(address.path):
        return _End(address)
    return _End(problem="the CMS answers 200 with nothing that it lists")


def _judged(url: str, hits: int, end: _End, known: Known) -> Found | Unexplained:
    if end.problem:
        return Unexplained(url, hits, end.problem)
    target = end.elsewhere
    if end.address and end.address.path:
        target = end.address.path.url
        if end.address.path == decoded(url.partition("?")[0]):
            return Unexplained(url, hits, "the CMS leads to the same path")
    try:
        source, target, _, _ = written(parse_rule(url, target))
    except ValueError as error:
        return Unexplained(url, hits, f"can be no rule: {error}")
    is_guess = end.address is not None and _is_guess(url, end.address, known)
    return Found(source, target, hits, GUESS if is_guess else KNOWN, url)


def _is_guess(url: str, end: Address, known: Known) -> bool:
    """Whether `redirect_guess_404_permalink` may have found it: it takes the first post whose
    name begins like that, and which one is first can change. An old date is no guess."""
    view = end.view
    if view is None or view.kind not in ("post", "page", "item"):
        return False
    item = known.addresses.views.items.get(int(view.id.rpartition(":")[2]))
    path, _, query = url.partition("?")
    name = decoded(path).rstrip("/").rpartition("/")[2]
    if path in ROOT_PATHS:
        read = dict(_pair(part) for part in query.split("&"))
        name = decoded(read.get("name", read.get("pagename", "")))
    if not item or not name or not item.slug.startswith(name):
        return False
    return not (item.slug == name and _YEAR.search(path))


def rows(found: Iterable[Found]) -> Iterator[tuple[str, str, str, str, str]]:
    """The CSV of what was found: a header, then from, to, status, hits, origin."""
    yield "from", "to", "status", "hits", "origin"
    for one in found:
        yield one.source, one.target, "301", str(one.hits), one.origin
