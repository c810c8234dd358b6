"""P2: a full export of a real WordPress, which limits it, beside a load generator.

The load generator (curl --parallel) asks for the URLs that the exporter asked for, and does
nothing with the answers: what it gets is all that this WordPress can give on this machine. All of
an export counts: its lists (REST), the pages that it looks at twice, and what it asks at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks import ours
from benchmarks.figures import Line, Run, median, ratio
from benchmarks.measure import Command, Failed, alternating, measured, with_facts
from benchmarks.web import Request, logged
from tests.packages import ensure, program
from tests.wordpress import Options, WordPress

POSTS = 2_000
_CONCURRENCY = (4, 6, 8)
# The best concurrency is looked for with so many of the URLs, each so often.
_SOME = 300
_LOOKS = 2
# An export may find this share of its URLs anew or not at all, from one run to the next.
_OTHER_URLS_MAX = 0.01
_PACKAGES = ("curl",)


def run(folder: Path, size: float, rounds: int, say: Callable[[str], None]) -> list[Line]:
    """The lines of the table. `size` 1 is 2,000 posts, 0.1 a quick look."""
    ensure(_PACKAGES, say)
    posts = max(20, int(POSTS * size))
    say(f"P2: building a WordPress with {posts} Japanese posts")
    with WordPress() as wordpress:
        wordpress.start(Options(permalinks="blog", locale="ja", posts=posts))
        logged(wordpress.access_log)  # what building asked for
        return _lines(folder, wordpress, rounds, say)


def _lines(
    folder: Path, wordpress: WordPress, rounds: int, say: Callable[[str], None]
) -> list[Line]:
    say("  a first export, to know the URLs and to warm PHP's caches")
    measured(ours.export(folder / "ours", wordpress.url, kind="wordpress"))
    urls = [wordpress.url + request.path for request in logged(wordpress.access_log)]

    def exported() -> Run:
        command = ours.export(folder / "ours", wordpress.url, kind="wordpress")
        run = measured(command)
        asked = logged(wordpress.access_log)
        _same(urls, [wordpress.url + request.path for request in asked])
        facts = ours.checked(command.folder, wordpress.url.removeprefix("http://"))
        return with_facts(_counted(run, asked), **facts)

    def loaded(parallel: int, some: list[str]) -> Run:
        run = measured(_curl(folder / "curl", some, parallel))
        answered = logged(wordpress.access_log)
        wrong = sum(request.status >= 500 for request in answered)
        if wrong or len(answered) != len(some):
            raise Failed(f"curl: {len(answered)} of {len(some)} answers, {wrong} errors")
        return _counted(run, answered)

    some = urls[:: _step(urls)]
    best = min(
        _CONCURRENCY, key=lambda number: min(loaded(number, some).wall_s for _ in range(_LOOKS))
    )
    runs = alternating([exported, lambda: loaded(best, urls)], rounds, say)
    mine, theirs = runs.values()
    pages = int(float(mine[0].facts["pages"]))
    rate = 1 / ratio(mine, theirs)
    cpu_ms = median(run.cpu_s / run.requests for run in mine) * 1000
    return [
        Line(
            "P2",
            mine[0].name,
            mine,
            pages,
            None,
            f"{rate:.0%} of what WordPress can give; {cpu_ms:.1f} ms of CPU a request, start and "
            "end included",
        ),
        Line(
            "P2",
            theirs[0].name,
            theirs,
            pages,
            ratio(mine, theirs),
            f"the same {len(urls):,} requests, answers thrown away: no release; best of 4, 6, 8 "
            "connections",
        ),
    ]


def _same(before: list[str], now: list[str]) -> None:
    """Raises Failed unless two exports asked for nearly the same: else they can't be compared
    with a load generator that asks for the first one's URLs."""
    one, other = Counter(before), Counter(now)
    differ = ((one - other) + (other - one)).total()
    if differ > _OTHER_URLS_MAX * len(before):
        raise Failed(f"P2: {differ} of {len(before)} requests differ from export to export")


def _step(urls: list[str]) -> int:
    return max(1, len(urls) // _SOME)


def _curl(folder: Path, urls: list[str], parallel: int) -> Command:
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(f'url = "{url}"\noutput = "/dev/null"\n' for url in urls)
    (folder / "urls").write_text(lines, encoding="utf-8")
    name = f"curl --parallel --parallel-max {parallel}"
    options = ["--silent", "--globoff", "--path-as-is", "--compressed", "--config", "urls"]
    words = [program("curl"), "--parallel", "--parallel-max", str(parallel), *options]
    return Command(name, words, folder)


def _counted(run: Run, asked: list[Request]) -> Run:
    sent = sum(request.sent_bytes for request in asked)
    return replace(run, requests=len(asked), sent_bytes=sent)
