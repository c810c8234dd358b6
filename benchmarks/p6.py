"""P6: a CMS of 100,000 pages, exported and made live: does memory or speed depend on the size?

nginx makes the pages from its own configuration, so the CMS costs next to nothing: page `123`
links to `1230` ... `1239` and to its siblings `121` ... `129`, page `12345` to `1230` ... `1239`,
too. The numbers of up to five digits and the home page are 100,000 pages. They lie in ten folders,
by their last digit: more than 20,000 in one would count as a trap.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import ours
from benchmarks.corpus import prose
from benchmarks.figures import Line, first_and_last_tenth, in_cpu_seconds, median
from benchmarks.measure import Failed, measured, with_facts
from benchmarks.mirrors import PACKAGES
from benchmarks.web import Request, free_port, served
from tests.packages import ensure

DIGITS = 5
# nginx takes no longer word than this from its configuration.
_WORD_BYTES_MAX = 3_500
_PAGE_BYTES = 10_000
_ASSETS = 20
# Short names: a redirect for each page has to fit into CloudFront's key-value store.
_FOLDERS = ("money", "law", "arts", "sport", "tech", "trip", "body", "food", "local", "view")


def run(folder: Path, size: float, rounds: int, say: Callable[[str], None]) -> list[Line]:
    """The line of the table. `size` 1 is 100,000 pages; below it, 10,000; below 0.1, 1,000."""
    ensure(PACKAGES, say)
    digits = DIGITS if size >= 1 else DIGITS - 1 if size >= 0.1 else DIGITS - 2
    with free_port() as port:
        base = f"http://127.0.0.1:{port}"
        with served(folder / "nginx", locations(base, digits), port) as web:
            runs = []
            for number in range(rounds):
                command = ours.export(folder / "ours", web.url, "--publish")
                web.requests()
                one = measured(command)
                asked = web.requests()
                facts = ours.checked(command.folder, f"127.0.0.1:{port}", everything=False)
                written = ours.report(command.folder)["published"]["files"]
                if facts["pages"] != 10**digits or written < 10**digits:
                    raise Failed(f"P6: {facts}, {written} live, and there are {10**digits} pages")
                times = alike(asked, digits)
                one = with_facts(
                    one, **facts, wall=_share(times), cpu=_share(in_cpu_seconds(times, one))
                )
                sent = sum(request.sent_bytes for request in asked)
                runs.append(replace(one, requests=len(asked), sent_bytes=sent))
                say(
                    f"  {number + 1}/{rounds} {one.name}: {one.wall_s:.1f} s, "
                    f"{one.cpu_s:.1f} s CPU, {one.peak_bytes / 1024**2:.0f} MiB"
                )
    wall, cpu = (median(float(one.facts[name]) for one in runs) for name in ("wall", "cpu"))
    note = (
        f"of the {9 * 10 ** (digits - 1):,} pages that are alike, the last tenth at {wall:.0%} of "
        f"the first one's rate; by CPU time {cpu:.0%}"
    )
    return [Line("P6", "publisher export --publish", runs, 10**digits, None, note)]


def _share(times: Sequence[float]) -> float:
    first, last = first_and_last_tenth(times)
    return round(last / first, 3)


def alike(asked: list[Request], digits: int) -> list[float]:
    """When the pages of the longest numbers were first answered, in seconds; some are looked at
    again at the end.

    These are nine in ten. The others lead to new pages, cost more, and come first, while
    processes start. The exporter asks for a page once it has room for it, so the server's log
    tells its speed.
    """
    is_last = re.compile(rf"/[a-z]+/\d{{{digits}}}\.html").fullmatch
    latest_first = sorted(asked, key=lambda request: -request.time)
    return list({one.path: one.time for one in latest_first if is_last(one.path)}.values())


def locations(base: str, digits: int) -> str:
    """nginx's `location` blocks for all numbers of up to so many digits."""
    rng = random.Random(6)
    assets = "".join(
        f'<link rel="stylesheet" href="{base}/assets/{n}.css?ver=1">' for n in range(_ASSETS)
    )
    text, words = [], 0
    while words < _PAGE_BYTES:
        text.append(f"<p>{prose(rng, 30)}</p>")
        words += len(text[-1].encode())
    filler = "".join(
        f'        set $text{number} "{part}";\n' for number, part in enumerate(_cut(text))
    )
    body = "".join(f"$text{number}" for number in range(filler.count("set $")))
    siblings = "".join(_link(base, "$2", digit) for digit in range(10) if digit)
    children = "".join(_link(base, "$1", digit) for digit in range(10))
    above = "".join(_link(base, "$3", digit) for digit in range(10))
    first = "".join(_link(base, "", digit) for digit in range(1, 10))
    title = "<title>記事 $1</title>"
    canonical = f'<link rel=\\"canonical\\" href=\\"{base}$uri\\">'
    head = f"<!DOCTYPE html><html lang=ja><head><meta charset=utf-8>{title}{canonical}"
    page = f"{head}{_quoted(assets)}</head><body><h1>$1</h1>{siblings}"
    end = "</body></html>\\n"
    # Its words, too: a page that shows next to nothing is refused.
    home = f"<!DOCTYPE html><title>日報</title><body>{first}$text0{end}"
    # Pages of fewer digits than the longest lead to pages below them, the longest to pages above
    # them: all have as many links, so that the last pages cost what the first ones do.
    inner = rf"^/(?:[a-z]+)/(?!0)(([1-9]\d{{0,{digits - 3}}}|)\d)\.html$"
    leaf = rf"^/(?:[a-z]+)/((([1-9]\d{{{digits - 3}}})\d)\d)\.html$"
    return f"""\
{filler}
        default_type text/html;
        location = / {{ return 200 "{home}"; }}
        location ~ "{inner}" {{ return 200 "{page}{children}{body}{end}"; }}
        location ~ "{leaf}" {{ return 200 "{page}{above}{body}{end}"; }}
        location ~ "^/assets/(\\d+)\\.css$" {{
            default_type text/css;
            return 200 ".a$1 {{ color: red; }}\\n";
        }}
        location / {{ return 404; }}
"""


def _link(base: str, start: str, digit: int) -> str:
    # `$10` is what the first parenthesis matched, and a zero: nginx takes one digit.
    return f'<p><a href=\\"{base}/{_FOLDERS[digit]}/{start}{digit}.html\\">記事</a></p>'


def _quoted(text: str) -> str:
    return text.replace('"', '\\"')


def _cut(parts: list[str]) -> list[str]:
    """The parts joined to words that nginx takes."""
    words = [""]
    for part in parts:
        if len((words[-1] + part).encode()) > _WORD_BYTES_MAX:
            words.append("")
        words[-1] += part
    return words
