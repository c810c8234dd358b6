"""The report as one HTML file that works by itself: no network, no other files.

Every address and title in it is hostile input. The page forbids itself everything but its own
script and style, by their digests; texts are escaped by the template, or set by the script as
texts.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from importlib.resources import files
from itertools import islice

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from publisher.audit import charts, columns, figures, shown
from publisher.audit.report import BAD, GOOD, Finding, Measures, Report, Row
from publisher.audit.words import Language, Words, words

LOSSES_SHOWN = 10
PRINTED_ROWS = 60
PRINTED_OTHERS = 12
"""Pages and posts on paper, as `page.css` counts them."""

PAGES_SHOWN = 40
POSTS_SHOWN = 40
VANISHED_SHOWN = 60
_UNRESOLVED_SHOWN = 6
_HOPS_SHOWN = 5
_LABELS_SHOWN = 4

_TEXT_MAX = 300
"""Characters of an address in a list; the rest is for the details of its row."""

_LABEL_WIDTH = 46
_ENGINES = ("edge", "python", "nginx", "haproxy")
_WIDE, _NARROW = 920.0, 390.0


def render(report: Report, language: Language) -> str:
    """The whole page. Pure but for reading its own template, script and style."""
    return b"".join(pieces(report, language)).decode()


def pieces(report: Report, language: Language) -> Iterator[bytes]:
    """The same in UTF-8, piece after piece, so that nobody holds several copies of a large one."""
    say = words(language)
    style, script = _part("page.css"), _part("page.js")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                              lstrip_blocks=True)  # fmt: skip
    environment.filters.update(
        url=url_markup,
        title=title_markup,
        number=shown.number,
        tenths=shown.tenths,
        when=lambda when: moment(when, language),
    )
    page = environment.from_string(_part("page.html.j2")).generate(
        t=say.say,
        w=say,
        report=report,
        policy=_policy(style, script),
        style=Markup(style),  # noqa: S704 - a file of ours; a test sees that it has no </style>
        script=Markup(script),  # noqa: S704 - a file of ours; a test sees that it has no </script>
        data=_data(report, say),
        charts=_charts(report, say),
        worth=lambda measures: worth(measures, say),
        said=lambda findings: [(finding.severity, say.finding(finding)) for finding in findings],
        gap="" if language == "ja" else " ",
        compact=lambda row, seen: _summary(row.findings, say, seen),
        **_figures(report),
    )
    for piece in page:
        yield shown.encodable(piece).encode()


def url_markup(url: str, limit: int = _TEXT_MAX) -> Markup:
    """An address as people read it, with what can't be seen made visible."""
    # Nothing at all could not be seen, nor its button be named.
    text = shown.decoded(url) or shown.NOTHING
    return _markup("url", text[:limit], is_cut=len(text) > limit, is_title=False)


def title_markup(title: str, limit: int = _TEXT_MAX) -> Markup:
    """A title, or another text that somebody else wrote."""
    return _markup("text", title[:limit], is_cut=len(title) > limit, is_title=True)


def _markup(kind: str, text: str, *, is_cut: bool, is_title: bool) -> Markup:
    inside = Markup().join(
        Markup('<span class="unseen">{}</span>').format(piece) if is_name else escape(piece)
        for piece, is_name in shown.pieces(text, is_title=is_title)
    )
    return Markup('<bdi class="{}">{}{}</bdi>').format(kind, inside, "…" if is_cut else "")


def moment(when: datetime, language: Language) -> str:
    """A time as people write it, with its distance from UTC."""
    zone = when.strftime("%z")
    name = "" if not zone else "UTC" if zone == "+0000" else f"UTC{zone[:3]}:{zone[3:]}"
    if language == "ja":
        return f"{when.year}年{when.month}月{when.day}日 {when:%H:%M} {name}".strip()
    return f"{when.day} {when:%B} {when.year}, {when:%H:%M} {name}".strip()


def worth(measures: Measures, say: Words) -> list[str]:
    """What an address is worth, in words; only what there is."""
    counts = (("hits", measures.hits), ("clicks", measures.clicks),
              ("domains", measures.domains), ("shares", measures.shares))  # fmt: skip
    return [say.say(f"loss.{name}", n=count) for name, count in counts if count]


def _summary(findings: Sequence[Finding], say: Words, shown_max: int) -> str:
    titles = [say.finding(finding).title for finding in islice(findings, shown_max)]
    more = len(findings) - len(titles)
    return " / ".join(titles) + (f" +{more}" if more else "")


def _part(name: str) -> str:
    return (files("publisher.audit") / "page" / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Nothing may be loaded, sent or run but what is in the page itself."""

    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    return (
        f"default-src 'none'; script-src 'sha256-{digest(script)}'; "
        f"style-src 'sha256-{digest(style)}'; base-uri 'none'; form-action 'none'"
    )


def _data(report: Report, say: Words) -> Iterator[Markup]:
    """The rows, and the words that the script needs to show them."""
    value = {
        **columns.columns(report.rows),
        "site": report.site if "//" in report.site else f"https://{report.site}",
        "language": say.language,
        "outcomes": [[name, *say.outcomes[name]] for name in columns.OUTCOMES],
        "sources": [[name, say.sources[name]] for name in columns.SOURCES],
        "kinds": [[name, *say.findings[name]] for name in columns.KINDS],
        "severities": [[name, say.severities[name]] for name in columns.SEVERITIES],
        "changes": [[name, say.changes[name]] for name in columns.CHANGES],
        "agents": dict(say.agents),
        "text": {
            key: text
            for key, text in say.text.items()
            if key.startswith(("js.", "column.", "loss.")) or key in ("copy", "filter.all")
        },
    }
    yield from map(Markup, columns.script_pieces(value))  # escaped there


def _figures(report: Report) -> dict[str, object]:
    """What the template shows besides the report itself."""
    counts = figures.outcomes(report.rows)
    bad = figures.losses(report.rows)
    last = max(report.past, key=lambda past: past.made, default=None)
    changes = dict.fromkeys(columns.CHANGES, 0)
    for row in report.rows:
        changes[row.change] += 1
    agents, asked, cells = figures.matrix(report)
    posts, pages = figures.posts_to_show(report.social), figures.pages_to_show(report.pages)
    known = [post for post in report.social if post.before is not None and post.after is not None]
    return {
        "good": sum(counts[name] for name in GOOD),
        "bad": sum(counts[name] for name in BAD),
        "purpose": counts["gone"] + counts["closed"],
        "unproven": counts["unproven"],
        "remembered": sum("past" in row.sources for row in report.rows),
        "has_doubts": any(one.what == "lists" and one.problem for one in report.checked),
        "unproven_hits": figures.visits(report.rows, "unproven"),
        "lost_hits": figures.visits(report.rows, *BAD),
        "has_hits": any(row.measures.hits for row in report.rows),
        "losses": bad[:LOSSES_SHOWN],
        "last": last,
        "delta": (
            _delta(report.score.value, last.score)
            if last and figures.change(report) is not None
            else ""
        ),
        "changes": changes,
        "vanished": report.vanished[:VANISHED_SHOWN],
        "points": figures.points(report.score),
        "found": figures.found(report),
        "agents": agents,
        "asked": asked,
        "cells": cells,
        "public_host": report.site.partition("//")[2] or report.site,
        "is_alike": not any(seen.differing for seen in report.visitors),
        "posts": posts[:POSTS_SHOWN],
        "posts_more": max(0, len(posts) - POSTS_SHOWN),
        "posts_served": sum(200 <= post.crawler_status < 300 for post in report.social),
        "posts_found": sum(bool(post.findings) for post in report.social),
        "counts_before": sum(post.before or 0 for post in known),
        "counts_after": sum(post.after or 0 for post in known),
        "is_counted": bool(known),
        "pages": pages[:PAGES_SHOWN],
        "pages_more": max(0, len(pages) - PAGES_SHOWN),
        "engines": [one for one in report.checked if one.what in _ENGINES],
        "engines_differ": figures.engine_differences(report.rows),
        "on_paper": PRINTED_OTHERS,
        "printed": report.rows[:PRINTED_ROWS],
        "measured": [
            name
            for name in ("hits", "clicks", "domains", "shares")
            if any(getattr(row.measures, name) for row in report.rows)
        ],
        "has_change": any(row.change for row in report.rows),
    }  # fmt: skip


def _delta(score: float, before: float) -> str:
    """By how much the score has changed, by what is shown of both."""
    change = round(float(shown.tenths(score)) - float(shown.tenths(before)), 1)
    return f"{change:+.1f}".replace("-", "\N{MINUS SIGN}") if change else "±0.0"


def _charts(report: Report, say: Words) -> dict[str, object]:
    """Each chart as markup, and its figures as rows of a table."""
    return {
        "gauge": charts.gauge(
            report.score.value,
            report.threshold,
            say.say("score.threshold", threshold=f"{report.threshold:g}"),
            say.say("gauge.title"),
            say.say("gauge.desc", score=shown.tenths(report.score.value),
                    threshold=f"{report.threshold:g}"),
        ),
        "flow": _flow(report, say),
        "hops": _hops(report, say),
        "unresolved": _unresolved(report, say),
        "days": _days(report, say),
        "past": _past(report, say),
    }  # fmt: skip


def _flow(report: Report, say: Words) -> dict[str, object]:
    counts, parts = figures.flows(report.rows)
    outcomes = figures.outcomes(report.rows)
    known = {name: sum(counts[name, end] for end in columns.OUTCOMES) for name in columns.SOURCES}
    sources = [
        charts.Node(name, say.sources[name], "node", count)
        for name, count in known.items()
        if count
    ]
    ends = [
        charts.Node(name, say.outcomes[name][0], f"o-{name}", outcomes[name])
        for name in columns.OUTCOMES
        if outcomes[name]
    ]
    title, desc = say.say("flow.title"), say.say("flow.desc", n=len(report.rows))
    wide = charts.flow("flow", _WIDE, sources, ends, parts, title, desc)
    narrow = charts.flow("flow-narrow", _NARROW, sources, ends, parts, title, desc)
    return {
        "wide": wide,
        "narrow": narrow,
        "desc": desc,
        "ends": [say.outcomes[name][0] for name in columns.OUTCOMES if outcomes[name]],
        "rows": [
            (say.sources[name], [counts[name, end] for end in columns.OUTCOMES if outcomes[end]])
            for name in columns.SOURCES
            if known[name]
        ],
    }


def _hops(report: Report, say: Words) -> dict[str, object]:
    counts = [0] * (_HOPS_SHOWN + 1)
    for row in report.rows:
        if row.outcome in ("kept", "moved", "elsewhere"):
            counts[min(row.hops, _HOPS_SHOWN)] += 1
    while len(counts) > 2 and not counts[-1]:
        counts.pop()
    labels = [
        say.say("hops.more", n=number) if number == _HOPS_SHOWN else str(number)
        for number in range(len(counts))
    ]
    colours = ("o-kept", "o-moved")
    values = [
        (label, count, colours[i] if i < 2 else "o-broken")
        for i, (label, count) in enumerate(zip(labels, counts, strict=True))
    ]
    title, desc = say.say("hops.title"), say.say("hops.desc")
    svg = charts.pillars("hops", values, title, desc)
    return {"svg": svg, "desc": desc, "rows": values}


def _unresolved(report: Report, say: Words) -> dict[str, object] | None:
    bad = [row for row in figures.losses(report.rows) if row.measures.hits]
    if not bad:
        return None
    bad.sort(key=lambda row: -row.measures.hits)
    first = bad[:_UNRESOLVED_SHOWN]
    part = sum(row.measures.hits for row in first)
    share = 100 * part / sum(row.measures.hits for row in bad)
    title = say.say("unresolved.title")
    desc = say.say("unresolved.desc", n=len(first), share=shown.tenths(share))
    values = [(_label(row), row.measures.hits, f"o-{row.outcome}") for row in first]
    svg = charts.bars("unresolved", values, title, desc)
    return {"svg": svg, "desc": desc, "rows": first}


def _label(row: Row) -> str:
    text = shown.visible(shown.decoded(row.url)) or shown.NOTHING
    return shown.clipped(text, _LABEL_WIDTH)


def _days(report: Report, say: Words) -> dict[str, object] | None:
    days, are_weeks = figures.periods(report.days)
    if not days:
        return None
    title = say.say("days.title")
    desc = say.say(
        "days.desc.weeks" if are_weeks else "days.desc",
        first=_day(days[0].day, say.language),
        last=_day(days[-1].day, say.language),
        mean=round(sum(day.not_found for day in days) / len(days)),
    )
    values = [(_day(day.day, say.language), day.not_found, "o-lost") for day in days]
    every = max(2, len(days) // _LABELS_SHOWN)
    svg = charts.pillars("days", values, title, desc, every=every)
    return {"svg": svg, "desc": desc, "rows": days, "are_weeks": are_weeks}


def _day(text: str, language: Language) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return shown.visible(text)
    return f"{day.month}月{day.day}日" if language == "ja" else f"{day.day} {day:%b}"


def _past(report: Report, say: Words) -> dict[str, object] | None:
    if not report.past:
        return None
    runs = [*sorted(report.past, key=lambda past: past.made), figures.in_short(report)]
    title, desc = say.say("past.title"), say.say("past.desc")
    values = [
        (_day(run.made.date().isoformat(), say.language), run.score, shown.tenths(run.score))
        for run in runs
    ]
    svg = charts.line("past", values, report.threshold, title, desc)
    return {"svg": svg, "desc": desc, "rows": runs}
