"""`publisher redirects audit` as it is used: what it reads, writes and says."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.program import Cli, configure

LINE = '203.0.113.9 - - [21/Nov/2026:10:00:00 +0900] "GET {} HTTP/1.1" 200 5 "-" "{}"\n'
HOSTILE = (
    "/<script>window.__ran=1</script>",
    "/</script><script>alert(2)</script>",
    "/\x1b[31mred\x1b[0m",
    "/%E2%80%AEevil",
    "/=cmd|calc",
    "//evil.example/x",
    "/[red]markup[/]",
    "/%FF%FE",
    "/{{7*7}}{%25 raw %25}",
)


def test_a_whole_site_passes_and_the_report_is_written(sample_site: Cli) -> None:
    done = sample_site("redirects", "audit")
    assert done.code == 0, done.err
    assert "Score 100.00 of 100, 99 needed: passed" in done.out
    assert "forms of what the CMS holds" in done.out
    text = Path("redirect-audit.html").read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert '<html lang="en"' in text


def test_the_language_is_the_site_s_or_the_one_that_is_asked_for(
    sample_site: Cli, cms: str, tmp_path: Path
) -> None:
    config = Path("site-config.yaml")
    config.write_text(config.read_text().replace("cms:", "  language: ja\ncms:", 1))
    sample_site("redirects", "audit", "--no-cms", "--urls", "urls.txt")
    page = Path("redirect-audit.html").read_text(encoding="utf-8")
    assert '<html lang="ja"' in page
    assert "対象外" in page  # the CMS was left out
    assert "left out" not in page
    sample_site("redirects", "audit", "--no-cms", "--urls", "urls.txt", "--language", "en")
    assert '<html lang="en"' in Path("redirect-audit.html").read_text(encoding="utf-8")


def test_a_hostile_log_harms_neither_terminal_nor_files(sample_site: Cli) -> None:
    log = "".join(LINE.format(url, "\x1b]0;title\x07") for url in HOSTILE).encode()
    log += b"\xff\xfe\x00 no line\n" + b"A" * 1_000_000 + b"\n"
    Path("access.log").write_bytes(log + LINE.format("/?p=1632", "M").encode())
    names = [f"out.{end}" for end in ("html", "json", "csv", "xml")]
    outputs = [word for name in names for word in ("--output", name)]
    done = sample_site(
        "redirects", "audit", "--logs", "access.log", *outputs
    )  # no control characters
    assert done.code == 3
    assert "gates.preservation wants 99" in done.err
    urls = {row["url"] for row in json.loads(Path("out.json").read_text())["report"]["rows"]}
    assert {"/<script>window.__ran=1</script>", "/%1B[31mred%1B[0m", "//evil.example/x"} <= urls
    html = Path("out.html").read_text(encoding="utf-8")
    assert "<script>window.__ran" not in html
    assert "\x1b" not in html
    with Path("out.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "@", "\t"))]
    cases = {case.get("name") for case in ElementTree.parse("out.xml").iter("testcase")}
    assert "/?p=1632" in cases


def test_rules_that_it_proposes_mend_what_was_lost(sample_site: Cli) -> None:
    urls = ("/about/contact.php", "/?name=nothing-like-it")
    Path("urls.txt").write_text("".join(f"{url}\n" for url in urls), encoding="utf-8")
    first = sample_site("redirects", "audit", "--urls", "urls.txt", "--fix", "fixes.csv", "--json")
    rows = {row["url"]: row for row in first.document["report"]["rows"]}
    lost = [url for url, row in rows.items() if row["outcome"] == "lost"]
    assert len(lost) == 2
    mending = [rows[url]["fix"] for url in lost if rows[url].get("fix")]
    assert len(mending) == 1
    assert mending[0]["guess"]
    config = Path("site-config.yaml")
    config.write_text(config.read_text() + "redirects:\n  files: [fixes.csv]\n")
    assert sample_site("export", "--publish").code == 0
    second = sample_site("redirects", "audit", "--json").document["report"]
    changed = [row["url"] for row in second["rows"] if row.get("change") == "better"]
    assert len(changed) == 1
    assert [row["url"] for row in second["rows"] if row["outcome"] == "lost"] == [
        "/?name=nothing-like-it"
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--output", "report.pdf"), 2, "report.pdf ends in none of .html, .json, .csv, .xml"),
        (("--engine", "varnish"), 2, "there is no engine 'varnish'; there are: nginx, haproxy"),
        (("--logs", "missing.log"), 1, "missing.log can't be read"),
        (("--urls", "missing.csv"), 1, "missing.csv can't be read"),
        (("--sitemap", "missing.xml"), 1, "missing.xml can't be read"),
        (
            ("--against", "https://user:secret@www.example.co.jp"),
            1,
            "may hold no name and password",
        ),
        (("--against", "www.example.co.jp"), 1, "is no address of a site"),
        (("--against", "http://127.0.0.1:9"), 1, "127.0.0.1:9 gives no answer to any"),
        (("--output", "no/such/folder.html"), 2, "there is no folder no/such"),
    ],
)
def test_what_can_t_be_done_is_said(
    sample_site: Cli, arguments: tuple[str, ...], code: int, message: str
) -> None:
    done = sample_site("redirects", "audit", "--no-cms", "--urls", "urls.txt", *arguments)
    assert done.code == code
    assert message in done.err
    assert "secret" not in done.out + done.err


@pytest.mark.parametrize(
    "damaged",
    [
        "",
        "{broken",
        "null",
        '{"rows":{"/a":["lost",["log"],{"hits":7',
        '{"rows":{"/a":["lost",["log"],{"hits":-7}]},"past":[]}',
        '{"rows":{"https://[::1":["lost",["log"]]},"past":[]}',
        '{"rows":{"http://[":["lost",["log"]]},"past":[]}',
        '{"rows":{"":["lost",["log"]]},"past":[]}',
        '{"rows":{"javascript:alert(1)":["lost",["log"]]},"past":[]}',
        '{"rows":{},"past":[{"made":"2026-01-01T00:00:00Z","release":"x","score":5e307,"urls":1,'
        '"lost":0,"broken":0}]}',
    ],
)
def test_a_damaged_memory_is_said_and_can_be_removed(damaged: str, sample_site: Cli) -> None:
    """It was cut, or written by something else."""
    memory = Path(".publisher/audits/last%")
    memory.parent.mkdir()
    memory.write_text(damaged)
    done = sample_site("redirects", "audit", "--no-cms", "--urls", "urls.txt")
    assert done.code == 1
    assert "audits/last is damaged" in done.err
    assert "Remove it" in done.err
    memory.unlink()
    assert sample_site("redirects", "audit", "--no-cms", "--urls", "urls.txt").code == 0
    assert memory.exists()


def test_before_the_first_release_it_says_so(publisher: Cli, cms: str) -> None:
    configure(cms)
    done = publisher("redirects", "audit")
    assert done.code == 1
    assert "there is no release" in done.err
