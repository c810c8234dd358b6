"""Reports to show: a large one with Japanese and hostile content, and a small happy one."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from publisher.audit.report import (
    BAD,
    Checked,
    Day,
    Finding,
    Fix,
    Live,
    Measures,
    Outcome,
    Page,
    Part,
    Past,
    Post,
    Report,
    Row,
    Score,
    Seen,
    Source,
    Vanished,
)

MADE = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
WORDS = (
    "春の新作 桜餅 抹茶 会社案内 採用情報 お知らせ 京都 季節の器 製品 展示会 ギフト 茶道".split()
)

# What must not run, reorder, hide or break the page. `__ran` is what a test looks for.
HOSTILE = (
    "/<script>window.__ran=1</script>",
    '/"><img src=x onerror=window.__ran=1>',
    "/</script><script>window.__ran=1</script>",
    "/<!--<script>window.__ran=1//",
    "/?q=javascript:window.__ran=1",
    "javascript:window.__ran=1",
    "//evil.example/%2e%2e",
    "https://evil.example/\\@www.example.co.jp/",
    "/\u202egpj.exe",
    "/a\u200bb\u2066c\ufeff\u00ad\x07\x1b[31m",
    "/{{7*7}}${7*7}{% raw %}",
    "/'onmouseover='window.__ran=1",
    "/\u2028window.__ran=1\u2029",
    "/&lt;b&gt;&amp;amp;",
    "=cmd|'/C calc'!A0",
    "@SUM(1+1)",
    "+1+1",
    "-1-1",
    "/%E2%80%AEgpj.exe",
    "/%ff%fe%83%8b",
    "/%",
    "/" + "a" * 3000,
    "/" + "%E6%A1%9C" * 300,
    "/__proto__",
    "constructor",
    "",
)

_SOURCES: tuple[Source, ...] = ("cms", "log", "search", "backlinks", "sitemap", "list", "rule")


def large_report(rows: int = 50_000, seed: int = 7) -> Report:
    """A site with everything: logs, earlier audits, posts, all kinds of findings."""
    chance = random.Random(seed)
    made = [_row(chance, number) for number in range(rows - len(HOSTILE))]
    made += [_hostile(chance, url) for url in HOSTILE]
    made.sort(key=lambda row: (-row.lost_points, -row.measures.hits, row.url))
    parts = (
        Part("hits", 1_204_551, 1_251_870, 0.4),
        Part("clicks", 88_214, 89_377, 0.25),
        Part("domains", 412, 431, 0.2),
        Part("shares", 15_380, 15_412, 0.1),
        Part("urls", sum(r.outcome not in BAD for r in made), len(made), 0.05),
    )
    score = sum(p.kept / p.total * p.weight for p in parts) * 100
    return Report(
        site="https://www.example.co.jp",
        release="2026-11-22T06-12-40Z-7f3a",
        made=MADE,
        threshold=98.0,
        score=Score(score, parts),
        rows=tuple(made),
        against="https://staging.example.co.jp",
        pages=tuple(_page(chance, number) for number in range(40)),
        social=tuple(_post(chance, number) for number in range(60)),
        checked=_CHECKED,
        visitors=_visitors(),
        days=tuple(_day(chance, number) for number in range(90)),
        past=_past(score),
        vanished=tuple(Vanished(f"/old/{n}.html", "kept") for n in range(14)),
    )


def happy_report() -> Report:
    """Nothing is lost, nothing was given but the CMS: a short page."""
    rows = tuple(
        Row(
            url=f"/?p={n}",
            outcome="moved",
            status=301,
            hops=1,
            target=f"/blog/{n}.html",
            title=f"{WORDS[n % len(WORDS)]}のお知らせ",
            rule=f"/?p={n}",
            origin="permalink",
            sources=("cms",),
        )
        for n in range(1, 25)
    )
    return Report(
        site="https://www.example.co.jp",
        release="2026-11-22T06-12-40Z-7f3a",
        made=MADE,
        threshold=100.0,
        score=Score(100.0, (Part("urls", 24, 24, 1.0),)),
        rows=rows,
        checked=(Checked("edge", 24, 24), Checked("cms", 24, 24)),
    )


def _row(chance: random.Random, number: int) -> Row:
    slug = quote(chance.choice(WORDS))
    forms = (f"/?p={number}", f"/archives/{number}", f"/{2008 + number % 16}/{slug}-{number}/",
             f"/category/{slug}/page/{number}/", f"/wp-content/uploads/{slug}{number}.jpg",
             f"/?page_id={number}&utm_source=mail", f"http://old.example.co.jp/{slug}/{number}",
    )  # fmt: skip
    outcome: Outcome = chance.choices(
        ("kept", "moved", "elsewhere", "gone", "closed", "unproven", "lost", "broken"),
        (14, 75, 1, 4, 3, 1, 1.4, 0.6),
    )[0]
    hits = int(chance.paretovariate(0.8)) if chance.random() < 0.6 else 0
    measures = Measures(
        min(hits, 90_000),
        min(hits // 9, 9_000),
        chance.choices((0, 1, 3, 12), (94, 4, 1.5, 0.5))[0],
        chance.choices((0, 2, 31, 240), (92, 6, 1.7, 0.3))[0],
    )
    sources = tuple(s for s in _SOURCES if chance.random() < 0.3) or ("cms",)
    findings = _findings(chance, outcome, number)
    is_bad = outcome in BAD
    fix = None
    if is_bad and chance.random() < 0.8:
        is_guess = chance.random() < 0.5
        fix = Fix(forms[number % 7], f"/blog/{number}.html", 301, is_guess,
                  "この slug に最もよく似たページ" if is_guess else "")  # fmt: skip
    status = {"kept": 200, "gone": 410, "closed": 404, "unproven": 404, "lost": 404}.get(
        outcome, 301
    )
    leads = outcome in ("moved", "elsewhere", "broken")
    target = f"/blog/{number}.html" if leads or outcome == "kept" else ""
    return Row(
        url=forms[number % 7],
        outcome=outcome,
        status=status,
        hops=chance.choices((1, 2, 3, 5), (95, 3, 1.5, 0.5))[0] if leads else 0,
        target="https://shop.example.co.jp/" if outcome == "elsewhere" else target,
        title=f"{chance.choice(WORDS)}の{chance.choice(WORDS)}のお知らせ" if target else "",
        rule=f"/?p={number}" if leads else "",
        origin=chance.choice(("permalink", "old slug", "redirects.csv:12")) if leads else "",
        measures=measures,
        sources=sources,
        findings=findings,
        fix=fix,
        live=_live(chance, status, target),
        lost_points=round((measures.hits * 3 + measures.domains * 900 + 1) / 4e6, 6) * is_bad,
        change=chance.choices(("", "new", "better", "worse"), (96, 2, 1, 1 if is_bad else 0.02))[0],
    )


def _findings(chance: random.Random, outcome: Outcome, number: int) -> tuple[Finding, ...]:
    found = []
    if outcome == "lost":
        found.append(
            Finding("not-found", "critical")
            if chance.random() < 0.8
            else Finding("unexplained-id", "critical", {"id": str(number), "status": "publish"})
        )
    if outcome == "broken":
        found.append(
            chance.choice(
                (
                    Finding("wrong-page", "critical", {"expected": f"/blog/{number}.html",
                                                       "found": "/blog/1.html"}),
                    Finding("leads-to-nothing", "critical", {"target": "/blog/9.html",
                                                             "status": "404"}),
                    Finding("circle", "critical"),
                    Finding("soft-404", "critical", {"target": "/"}),
                )
            )
        )  # fmt: skip
    if outcome == "moved" and chance.random() < 0.05:
        found.append(Finding("chain", "warning", {"hops": str(chance.choice((2, 3, 5)))}))
    if outcome == "moved" and chance.random() < 0.01:
        found.append(Finding("temporary", "warning", {"status": "302"}))
    if chance.random() < 0.004:
        found.append(Finding("engines-differ", "warning", {"engine": "nginx", "status": "404"}))
    if chance.random() < 0.004:
        values = {"agent": "HatenaBookmark", "status": "200", "target": "/blog/3.html"}
        found.append(Finding("depends-on-visitor", "warning", values))
    return tuple(found)


def _live(chance: random.Random, status: int, target: str) -> Live | None:
    if chance.random() > 0.2:
        return None
    if chance.random() < 0.02:
        return Live(0, problem="timed out after 30 s")
    return Live(status, 1, 200, target) if target else Live(status, 0, status)


def _hostile(chance: random.Random, url: str) -> Row:
    """The same hostile text in every place that somebody else fills."""
    return Row(
        url=url,
        outcome=chance.choice(("lost", "broken")),
        status=404,
        target=url,
        title=url,
        rule=url,
        origin=url,
        # Two of them are among the worst losses, the others in the long list.
        measures=Measures(hits=90_000 if url in HOSTILE[:2] else chance.randrange(9)),
        sources=("log",),
        findings=(Finding("wrong-page", "critical", {"expected": url, "found": url}),),
        fix=Fix(url, url, 301, True, url),
        live=Live(0, problem=url),
        lost_points=0.9 if url in HOSTILE[:2] else 0.000001,
        change="worse",
    )


def _page(chance: random.Random, number: int) -> Page:
    finding = chance.choice(
        (
            Finding("wrong-title", "warning", {"title": "404 Not Found", "expected": "桜餅"}),
            Finding("noindex", "critical"),
            Finding("not-in-sitemap", "note"),
            Finding("canonical-elsewhere", "warning", {"canonical": "https://evil.example/"}),
            Finding("old-link", "warning", {"page": "/", "url": "/?p=9", "more": "12"}),
        )
    )
    path = f"/{quote(chance.choice(WORDS))}/{number}.html"
    title = HOSTILE[number % 12] if number % 5 == 0 else f"{chance.choice(WORDS)}のご案内"
    return Page(
        path=path,
        title=title,
        old_urls=chance.randrange(1, 30),
        measures=Measures(hits=chance.randrange(4000), clicks=chance.randrange(90)),
        findings=(finding,),
    )


def _post(chance: random.Random, number: int) -> Post:
    known_by = f"https://www.example.co.jp/?p={number}"
    before = chance.randrange(900)
    has_dropped = number % 9 == 0
    findings = [
        Finding("counts-dropped", "warning", {"network": "facebook", "before": str(before),
                                              "after": "0"})
    ] * has_dropped  # fmt: skip
    if number == 4:
        findings.append(Finding("social-not-served", "critical", {"status": "404"}))
    return Post(
        id=str(number),
        path=f"/blog/{number}.html",
        known_by=known_by,
        og_url=known_by if number % 11 else HOSTILE[2],
        canonical=f"https://www.example.co.jp/blog/{number}.html",
        crawler_status=404 if number == 4 else 200,
        before=before,
        after=None if number % 7 == 0 else (0 if has_dropped else before + number),
        findings=tuple(findings),
    )


_CHECKED = (
    Checked("edge", 50_000, 50_000),
    Checked("python", 50_000, 50_000),
    Checked("nginx", 50_000, 50_000),
    Checked("haproxy", 0, 50_000, "haproxy is not installed"),
    Checked("visitors", 2_000, 50_000),
    Checked("live", 5_000, 50_000, "12 of them timed out"),
    Checked("cms", 16_420, 16_420),
    Checked("ids", 20_000, 20_000),
    Checked("pages", 9_120, 9_120),
    Checked("sitemaps", 118_300, 118_300),
    Checked("social", 60, 60),
    Checked("counts", 52, 60, "the network answered 429"),
    Checked("logs", 1_251_870, 1_251_870),
)


def _visitors() -> tuple[Seen, ...]:
    """Two hosts, with and without TLS, GET and HEAD; '' is the public host."""
    agents = "Browser Googlebot Bingbot Meta LINE HatenaBookmark Twitterbot Slackbot".split()
    found = []
    for host in ("", "example.co.jp"):
        for scheme, method in (("https", "GET"), ("http", "GET"), ("https", "HEAD")):
            for agent in agents:
                is_odd = agent == "HatenaBookmark" and scheme == "http"
                outcomes: dict[Outcome, int] = {"kept": 260, "moved": 1_701, "lost": 39}
                if is_odd:
                    outcomes = {"kept": 260, "moved": 1_640, "lost": 100}
                odd = 61 if is_odd else 0
                found.append(Seen(agent, scheme, host, method, outcomes, odd))  # type: ignore[arg-type]
    return tuple(found)


def _day(chance: random.Random, number: int) -> Day:
    requests = 14_000 - 3_000 * (number % 7 > 4) + chance.randrange(900)
    lost = requests // (24 if number < 60 else 90) + chance.randrange(60)
    return Day((MADE - timedelta(days=90 - number)).date().isoformat(), requests, lost)


def _past(score: float) -> tuple[Past, ...]:
    values = (71.4, 80.2, 88.0, 91.9, 93.3, 93.1, score - 0.7)
    weeks = timedelta(weeks=1)
    return tuple(
        Past(MADE - weeks * (len(values) - n), f"r{n}", value, 49_000 + n * 100, 900 - n * 40, 320)
        for n, value in enumerate(values)
    )
