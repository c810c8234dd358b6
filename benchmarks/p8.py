"""P8: an audit of the redirects with an access log of 1 GB that asks for 100,000 addresses, beside
`goaccess` on the same file, both on one core.

The log is in the combined format, as nginx writes it for a site in Japanese: most requests are for
a few addresses, a fifth for files, a twentieth a 404, by the agents that a site sees. Ours is
`publisher redirects audit`, with a site that answers most of it (`benchmarks.answering`); and once
more, what of that is the reading of the log. `goaccess` makes its whole report.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from urllib.parse import quote

from benchmarks.answering import publish
from benchmarks.corpus import page_path
from benchmarks.figures import Line, Run, ratio
from benchmarks.measure import Command, Failed, alternating, measured
from benchmarks.ours import audit
from publisher.audit.ground import MEMORY
from tests.packages import GOACCESS, ensure, program

LOG_BYTES = 1_000_000_000
ADDRESSES = 100_000
PAGES = 5_000
HOST = "www.example.co.jp"
_ONE_CORE = ("-c", "0")
_AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
    "Mobile Safari/537.36",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Hatena::Russia::Crawler/0.01",
)
_READS = """
import json, sys
from pathlib import Path
from publisher.audit.locating import Hosts
from publisher.log_files import read_logs
tally = read_logs([Path(sys.argv[1])], Hosts(sys.argv[2]), lambda *_: None)
print(json.dumps([tally.requests, len(tally.counts), tally.unread, tally.dropped]))
"""


def run(folder: Path, size: float, rounds: int, say: Callable[[str], None]) -> list[Line]:
    """The lines of the table. `size` 1 is 1 GB with 100,000 addresses, and 5,000 pages."""
    ensure(GOACCESS, say)
    log = folder / "access.log"
    addresses, pages = max(100, int(ADDRESSES * size)), max(10, int(PAGES * size))
    answered = publish(folder / "site", pages, map(address, range(addresses)))
    requests = write_log(log, int(LOG_BYTES * size), addresses)
    megabytes = log.stat().st_size / 1e6
    say(f"  {megabytes:,.0f} MB, {requests:,} requests, {addresses:,} addresses")

    def ours() -> Run:
        memory = folder / "site" / ".publisher" / MEMORY
        memory.unlink(missing_ok=True)  # each is the first
        command = audit(folder / "site", log)
        one = measured(_on_one_core(command))
        made = json.loads((folder / "site" / "audit.json").read_text(encoding="utf-8"))
        counts = made["outcomes"]
        hits = sum(row["measures"].get("hits", 0) for row in made["report"]["rows"])
        found = [hits, counts.get("kept", 0) + counts.get("moved", 0), counts.get("lost", 0)]
        if found != [requests, answered, addresses - answered]:
            raise Failed(f"P8: {found} of {requests} requests, {answered} of {addresses} answered")
        return replace(one, requests=requests)

    def reading() -> Run:
        words = [sys.executable, "-c", _READS, str(log), HOST]
        one = measured(_on_one_core(Command("publisher reads a log", words, folder)))
        found = json.loads((folder / "output.log").read_text(encoding="utf-8"))
        if found != [requests, addresses, 0, 0]:
            raise Failed(f"P8: {found}, and there are {requests} requests, {addresses} addresses")
        return replace(one, requests=requests)

    def theirs() -> Run:
        report = folder / "report.json"
        words = [program("goaccess"), str(log), "--no-global-config", "--log-format=COMBINED",
                 "--no-progress", "-o", str(report)]  # fmt: skip
        one = measured(_on_one_core(Command("goaccess", words, folder)))
        found = json.loads(report.read_text(encoding="utf-8", errors="replace"))["general"]
        if found["valid_requests"] != requests:
            raise Failed(f"P8: goaccess found {found['valid_requests']} of {requests} requests")
        return replace(one, requests=requests)

    runs = alternating([ours, theirs, reading], rounds, say)
    audits, reads, peer = (
        runs[name] for name in ("publisher redirects audit", "publisher reads a log", "goaccess")
    )
    note = (
        f"{addresses:,} addresses in {megabytes:,.0f} MB, {answered:,} of them answered by "
        f"{pages:,} pages, images and redirects; HTML and JSON; on one core"
    )
    return [
        Line("P8", "publisher redirects audit", audits, addresses, ratio(audits, peer), note),
        Line("P8", "reading the log alone", reads, addresses, ratio(reads, peer), "a part of it"),
        Line("P8", "goaccess", peer, addresses, None, "makes its whole report; on one core"),
    ]


def _on_one_core(command: Command) -> Command:
    return replace(command, words=[program("taskset"), *_ONE_CORE, *command.words])


def write_log(path: Path, size: int, addresses: int) -> int:
    """Write a log of about so many bytes that asks for each of so many addresses; returns how many
    requests are in it. The same each time."""
    chosen = random.Random(8)
    urls = [address(number) for number in range(addresses)]
    # Zipf's law: the second is asked for half as often as the first.
    weights = list(accumulate(1 / (number + 1) for number in range(addresses)))
    written = requests = 0
    with path.open("w", encoding="ascii") as file:
        for line in _lines(urls, chosen):
            written += file.write(line)
            requests += 1
        while written < size:
            picked = chosen.choices(urls, cum_weights=weights, k=10_000)
            for line in _lines(picked, chosen):
                written += file.write(line)
                requests += 1
    return requests


def _lines(urls: list[str], chosen: random.Random) -> Iterator[str]:
    for url in urls:
        number = chosen.randrange(2**32)
        client = f"{1 + number % 223}.{number >> 8 & 255}.{number >> 16 & 255}.{number >> 24}"
        second = number % 86_400
        time = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        status = 404 if number % 20 == 0 else 301 if number % 20 < 3 else 200
        agent = _AGENTS[number % len(_AGENTS)]
        yield (
            f"{client} - - [{1 + number % 30:02}/Nov/2026:{time} +0900] "
            f'"GET {url} HTTP/1.1" {status} {number % 60_000} "https://www.google.com/" "{agent}"\n'
        )


def address(number: int) -> str:
    """The path and query of one of the addresses that the log asks for."""
    match number % 10:
        case 0 | 1 | 2:
            return f"/?p={number + 1}"
        case 3 | 4:
            name = quote(f"新しいお店のお知らせ-{number}")
            return f"/{2005 + number % 20}/{1 + number % 12:02}/{name}/"
        case 5 | 6:
            return f"/wp-content/uploads/{2005 + number % 20}/{number}.jpg"
        case 7:
            return f"/blog/{number}.html?utm_source=mail&utm_campaign={quote('冬')}"
        case 8:
            return f"/blog/{number}.html"
        case _:
            return page_path(1 + number // 10)
