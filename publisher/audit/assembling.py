"""The report of an audit, from all that was found out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import msgspec

from publisher.audit.asking import NOT_ASKED, Answers
from publisher.audit.fixes import ALIKE_MAX, Pages, Told, fix
from publisher.audit.forms import Form
from publisher.audit.judging import WITHDRAWN, Closed, Evidence, Judgement, Way, judged
from publisher.audit.old_urls import OldUrl
from publisher.audit.pages import Contents
from publisher.audit.past import Memory
from publisher.audit.report import (
    BAD,
    Checked,
    Day,
    Finding,
    Live,
    Measures,
    Page,
    Post,
    Report,
    Row,
    Seen,
    Severity,
)
from publisher.audit.score import Weighed, lost_points, score
from publisher.log_search import essence
from publisher.paths import SitePath, decoded, recorded

_SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "note")
_DEAD = (404, 410)


@dataclass(frozen=True, slots=True)
class Decider:
    """The rule that decides for an address: its source, where it comes from, and whether it is the
    site's own."""

    rule: str = ""
    origin: str = ""
    is_own: bool = False


@dataclass(slots=True, kw_only=True)
class Material:
    """All that an audit found out, by address. `paths`: of the pages there. `alike_max`: see
    `fixes.Pages`; `old` has those first that are worth most. `closed`: why nobody should get it.
    `noted`: what engines, visitors and the live site showed beside. `titles`: of pages of the live
    site; `home_title`: of its first. `worked`: addresses that somebody got something at: the logs,
    a search engine, or the last audit say so. `withdrawn`: the decoded paths of pages that were
    taken away, to which old addresses led."""

    public: str
    release: str
    has_file: Callable[[str], bool]
    paths: list[SitePath]
    made: datetime
    threshold: float
    memory: Memory
    alike_max: int = ALIKE_MAX
    old: list[OldUrl] = field(default_factory=list)
    forms: dict[str, Form] = field(default_factory=dict)
    ways: dict[str, Way] = field(default_factory=dict)
    deciders: dict[str, Decider] = field(default_factory=dict)
    closed: dict[str, Closed] = field(default_factory=dict)
    worked: frozenset[str] = frozenset()
    withdrawn: frozenset[str] = frozenset()
    answers: Answers = NOT_ASKED
    noted: dict[str, list[Finding]] = field(default_factory=dict)
    against: str = ""
    is_live: bool = False
    live: dict[str, Live] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    home_title: str = ""
    contents: Contents = field(default_factory=lambda: Contents({}, None, {}))
    social: list[Post] = field(default_factory=list)
    checked: list[Checked] = field(default_factory=list)
    visitors: list[Seen] = field(default_factory=list)
    days: list[Day] = field(default_factory=list)


def report(found: Material) -> Report:
    """The report, its rows in the order in which they should be looked at."""
    pages = Pages(found.paths, found.alike_max)
    rows = [_row(one, found, pages) for one in found.old]
    made = score(Weighed(row.outcome, row.findings, row.measures) for row in rows)
    for place, row in enumerate(rows):  # in its place: not all of them are there twice
        rows[place] = msgspec.structs.replace(
            row,
            lost_points=lost_points(Weighed(row.outcome, row.findings, row.measures), made.parts),
            change=found.memory.change(row.url, row.outcome),
        )
    rows.sort(key=_first)
    return Report(
        site=found.public,
        release=found.release,
        made=found.made,
        threshold=found.threshold,
        score=made,
        rows=tuple(rows),
        against=found.against,
        is_live=found.is_live,
        pages=tuple(_pages(found, rows)),
        social=tuple(sorted(found.social, key=lambda post: (_worst(post.findings), post.path))),
        checked=tuple(found.checked),
        visitors=tuple(found.visitors),
        days=tuple(found.days),
        past=found.memory.past,
        vanished=tuple(found.memory.vanished(row.url for row in rows)),
    )


def judgement(url: str, found: Material, way: Way | None = None) -> Judgement:
    """What becomes of an address, as far as it is known by now: of a browser, or of another
    visitor that took this way."""
    way, form = way or found.ways[url], form_of(url, found.forms)
    decider = found.deciders.get(url, Decider())
    page = found.contents.pages.get(way.path)
    evidence = Evidence(
        form,
        found.closed.get(url) or _dead_before(url, found),
        _has_it(url, found) if way.statuses[-1] in _DEAD else "",
        WITHDRAWN if form and form.expected in found.withdrawn else decider.origin,
        decider.is_own,
        page.number if page else 0,
        has_rule=url in found.deciders,
    )
    return judged(url, way, evidence)


def form_of(url: str, forms: Mapping[str, Form]) -> Form | None:
    """What of the CMS an address names, also if more is behind it: `&utm_source=x` leads to the
    same page, or to the same loss."""
    return forms.get(url) or forms.get(essence(url))


def _row(one: OldUrl, found: Material, pages: Pages) -> Row:
    url = one.url
    way, decider = found.ways[url], found.deciders.get(url, Decider())
    made = judgement(url, found)
    told = Told(
        form=_there(form_of(url, found.forms), found.has_file),
        found=found.answers.found.get(essence(url)),
        own=decider.origin if decider.is_own else "",
    )
    page = found.contents.pages.get(way.path)
    return Row(
        url=url,
        outcome=made.outcome,
        status=way.statuses[0],
        hops=way.hops,
        target=way.elsewhere or (recorded(way.path).url if way.path and way.hops else ""),
        title=page.title if page else "",
        rule=decider.rule,
        origin=decider.origin,
        measures=one.measures,
        sources=one.sources,
        findings=(*made.findings, *found.noted.get(url, ())),
        fix=fix(url, way, made, told, pages),
        live=found.live.get(url),
    )


def _there(form: Form | None, has_file: Callable[[str], bool]) -> Form | None:
    """A form whose page is in the release: no rule can lead to another."""
    return form if form and form.expected and has_file(form.expected) else None


def _dead_before(url: str, found: Material) -> Literal["", "dead-before"]:
    """Whether the old site has nothing there, too: then nothing is lost by the move."""
    live = found.live.get(url)
    if live is None or found.is_live or live.last_status not in _DEAD:
        return ""
    # A release that is live, but altered on its way, looks like an old site that lacks the same.
    return "" if url in found.worked else "dead-before"


def _has_it(url: str, found: Material) -> Literal["", "found-live", "found-at-cms"]:
    """Who has something where the release has nothing."""
    live = found.live.get(url)
    # At a path, a WordPress without pretty links shows its home page.
    is_home = found.home_title and found.titles.get(url) == found.home_title
    if live and not found.is_live and live.last_status == 200 and not is_home:
        return "found-live"
    key = essence(url)
    return "found-at-cms" if key in found.answers.answered and "?" in key else ""


def _first(row: Row) -> tuple[bool, float, int, int, str]:
    """The largest losses first; then what has the gravest findings, and is asked for most."""
    return (
        row.outcome not in BAD,
        -row.lost_points,
        _worst(row.findings),
        -(row.measures.hits + row.measures.clicks),
        row.url,
    )


def _worst(findings: Iterable[Finding]) -> int:
    found = [_SEVERITIES.index(one.severity) for one in findings]
    return min(found, default=len(_SEVERITIES))


def _pages(found: Material, rows: Iterable[Row]) -> Iterator[Page]:
    """The pages with something to look at, the most visited first."""
    leading: dict[str, list[Row]] = {}
    for row in rows:
        path = found.ways[row.url].path
        if path in found.contents.pages:
            leading.setdefault(path, []).append(row)
    expected = {form.expected for form in found.forms.values() if form.number}
    titles = _old_titles(found)
    made: list[Page] = []
    for path, page in found.contents.pages.items():
        findings = [*_of_links(path, page.old_links)]
        if path in leading:
            findings += _of_target(path, found, is_object=path in expected)
            findings += _of_title(page.title, titles.get(path, []))
        if findings:
            those = leading.get(path, [])
            measures = _sum(row.measures for row in those)
            url = recorded(path).url
            made.append(
                Page(
                    path=url,
                    title=page.title,
                    old_urls=len(those),
                    measures=measures,
                    findings=tuple(findings),
                )
            )
    yield from sorted(made, key=lambda one: (_worst(one.findings), -one.measures.hits, one.path))
    by_sitemap: dict[str, list[str]] = {}
    for url, path in found.contents.old_in_sitemap.items():
        by_sitemap.setdefault(path, []).append(url)
    for path, urls in by_sitemap.items():
        listed = tuple(Finding("old-in-sitemap", "warning", {"url": url}) for url in urls[:100])
        yield Page(
            path=recorded(path).url, title="", old_urls=0, measures=Measures(), findings=listed
        )


def _of_links(path: str, links: tuple[str, ...]) -> Iterator[Finding]:
    if links:
        values = {"page": path, "url": links[0], "more": str(len(links) - 1)}
        yield Finding("old-link", "warning", values)


def _of_target(path: str, found: Material, *, is_object: bool) -> Iterator[Finding]:
    page = found.contents.pages[path]
    if page.noindex:
        yield Finding("noindex", "critical")
    here = found.public + recorded(path).url
    if page.canonical and decoded(page.canonical) != decoded(here):
        yield Finding("canonical-elsewhere", "warning", {"canonical": page.canonical})
    in_sitemap = found.contents.in_sitemap
    if is_object and in_sitemap is not None and path not in in_sitemap and not page.noindex:
        yield Finding("not-in-sitemap", "note")


def _old_titles(found: Material) -> dict[str, list[str]]:
    """By path, what its page was called on the live site, at any of the addresses that lead there.
    A WordPress shows its home page for what it does not understand: that is nobody's title."""
    titles: dict[str, list[str]] = {"/": [found.home_title]} if found.home_title else {}
    for url, title in found.titles.items():
        if title and title != found.home_title:
            titles.setdefault(found.ways[url].path, []).append(title)
    return titles


def _of_title(title: str, expected: list[str]) -> Iterator[Finding]:
    """What the page was called on the old site, without the site's own name, which may differ."""
    if not title or not expected or any(_is_alike(title, one) for one in expected):
        return
    yield Finding("wrong-title", "warning", {"title": title, "expected": expected[0]})


def _is_alike(title: str, other: str) -> bool:
    one, two = title.casefold(), other.casefold()
    return one.startswith(two[:20]) or two.startswith(one[:20])


def _sum(found: Iterable[Measures]) -> Measures:
    hits = clicks = domains = shares = 0
    for one in found:
        hits += one.hits
        clicks += one.clicks
        domains += one.domains
        shares += one.shares
    return Measures(hits, clicks, domains, shares)
