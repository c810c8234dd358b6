"""`redirects audit` as people use it, against the sample CMS: what it must not hide, what it must
not invent, and what it refuses at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import msgspec
import pytest

from publisher.audit.formats import Document
from publisher.audit.report import Report, Row
from publisher.share_counts.book import KEY, Book, Reading, encoded
from publisher.store.directory import DirectoryStore
from tests.program import Cli, Run, configure


def audit(sample_site: Cli, *arguments: str) -> tuple[Run, Report]:
    done = sample_site("redirects", "audit", *arguments, "--json")
    return done, msgspec.json.decode(done.out.encode(), type=Document).report


def of(report: Report, url: str) -> Row:
    return next(row for row in report.rows if row.url == url)


def log(*requests: tuple[str, int, int]) -> str:
    """The name of a log with requests for these paths, each with its status, so often."""
    line = '203.0.113.5 - - [20/Nov/2026:10:00:00 +0900] "GET {} HTTP/1.1" {} 99 "-" "Mozilla"\n'
    lines = (line.format(path, status) * times for path, status, times in requests)
    Path("access.log").write_text("".join(lines), encoding="utf-8")
    return "access.log"


def test_what_only_loses_its_punctuation_is_missing_and_no_broken_rule(sample_site: Cli) -> None:
    """The edge takes a full stop off an address; where nothing is then, nobody wrote a rule."""
    given = log(("/nothing-here.", 404, 9), ("/index.php/no", 404, 9), ("/was-here.", 200, 9))
    _, report = audit(sample_site, "--logs", given)
    for url in ("/nothing-here.", "/index.php/no"):
        row = of(report, url)
        assert (row.outcome, [one.kind for one in row.findings]) == ("unproven", ["only-missing"])
    row = of(report, "/was-here.")
    assert (row.outcome, [one.kind for one in row.findings]) == ("lost", ["not-found"])


def test_a_log_of_404s_does_not_prove_that_there_was_nothing(sample_site: Cli) -> None:
    """Logs from after the switch have 404 for what the switch has lost, too."""
    Path("links.csv").write_text("target url,referring domains\n/linked/,7\n")
    Path("sitemap.xml").write_text(
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        "<url><loc>https://www.example.co.jp/in-sitemap/</loc></url></urlset>"
    )
    known = ("/linked/", "/in-sitemap/", "/in-a-list/", "/seen/")
    Path("list.txt").write_text("/in-a-list/\n")
    given = log(*((url, 404, 9) for url in (*known, "/who-knows/", "/.env")), ("/seen/", 302, 1))
    files = "--urls", "links.csv", "--urls", "list.txt", "--sitemap", "sitemap.xml"
    done, report = audit(sample_site, "--logs", given, *files)
    assert {url: of(report, url).outcome for url in known} == dict.fromkeys(known, "lost")
    for url in ("/who-knows/", "/.env"):
        row = of(report, url)
        assert row.outcome == "unproven"
        assert [(one.kind, one.severity) for one in row.findings] == [("only-missing", "note")]
    hits = next(part for part in report.score.parts if part.measure == "hits")
    assert hits.total == 4 * 9 + 1
    done = sample_site("redirects", "audit", "--logs", given)
    assert "2 addresses are not in the score: logs, which alone know them, have nothing" in done.out
    page = Path("redirect-audit.html").read_text(encoding="utf-8")
    assert 'href="#outcome=unproven"' in page
    assert "with 18 visits. If a log is from after the switch" in page


def test_what_was_there_at_the_last_audit_is_a_loss_whatever_logs_say_since(
    sample_site: Cli, cms: str
) -> None:
    configure(cms, "redirects:\n  files: [own.csv]\n")
    Path("own.csv").write_text("from,to\n/campaign/,/blog/118.html\n")
    sample_site("export", "--publish")
    _, first = audit(sample_site, "--logs", log(("/campaign/", 200, 9), ("/lost/", 200, 9)))
    assert of(first, "/campaign/").outcome == "moved"
    Path("own.csv").write_text("from,to\n")
    sample_site("export", "--publish")
    given = log(("/campaign/", 404, 9), ("/lost/", 404, 9), ("/new/", 404, 9))
    for _ in range(2):
        _, report = audit(sample_site, "--logs", given)
        ends = {url: of(report, url).outcome for url in ("/campaign/", "/lost/", "/new/")}
        assert ends == {"/campaign/": "lost", "/lost/": "lost", "/new/": "unproven"}


def test_files_of_pages_are_no_visits(sample_site: Cli) -> None:
    """A lost page must not be hidden by the styles and images that are kept; a PDF is no part."""
    style = "/wp-content/themes/minato/style.css?ver=1.2"
    given = log((style, 200, 950), ("/popular/", 200, 50), ("/catalog.pdf", 200, 7))
    _, report = audit(sample_site, "--logs", given)
    hits = next(part for part in report.score.parts if part.measure == "hits")
    assert (hits.kept, hits.total) == (0, 57)
    assert of(report, style).outcome == "kept"
    logs = next(one for one in report.checked if one.what == "logs")
    assert (logs.done, logs.total) == (57, 1007)
    assert "no visits" in logs.problem


class _Same(BaseHTTPRequestHandler):
    """A live site that says the same, whatever is asked: that there is nothing."""

    status, body = 404, b""

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        """Nothing to say."""


class _Home(_Same):
    """One that shows its home page, as a WordPress does for what it does not understand."""

    status, body = 200, b"<title>Home</title>"


@contextmanager
def live(answers: type[_Same]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), answers) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_what_worked_was_not_dead_before_whatever_the_live_site_says(sample_site: Cli) -> None:
    """A release that something in front of it alters is not known for one; that it lacks the same
    must not make losses of a release good."""
    Path("Pages.csv").write_text("page,clicks\n/searched/,30\n/never-clicked/,0\n")
    given = "--logs", log(("/popular/", 200, 50), ("/typo/", 404, 3)), "--urls", "Pages.csv"
    with live(_Same) as url:
        _, report = audit(sample_site, *given, "--against", url)
        _, again = audit(sample_site, "--no-cms", "--against", url)
    assert of(report, "/popular/").outcome == "lost"
    assert of(report, "/searched/").outcome == "lost"
    assert of(report, "/never-clicked/").outcome == "closed"
    assert of(report, "/typo/").outcome == "closed"  # the old site says so, and not only logs
    # Without the logs nothing shows that it worked. That is not better.
    assert of(again, "/popular/").change == ""


def test_a_home_page_for_everything_is_no_page_and_no_title(sample_site: Cli) -> None:
    Path("urls.txt").write_text("/nowhere/\n/?p=1632\n")
    with live(_Home) as url:
        _, report = audit(sample_site, "--no-cms", "--urls", "urls.txt", "--against", url)
    assert [one.kind for one in of(report, "/nowhere/").findings] == ["not-found"]
    assert not any(one.kind == "wrong-title" for page in report.pages for one in page.findings)


def test_what_stands_behind_an_address_hides_no_wrong_page(sample_site: Cli, cms: str) -> None:
    configure(cms, "redirects:\n  files: [own.csv]\n")
    Path("own.csv").write_text("from,to\n/?p=1632,/blog/118.html\n")
    sample_site("export", "--publish")
    given = log(("/?p=1632&utm_source=tw", 200, 90))
    _, report = audit(sample_site, "--logs", given, "--fix", "fix.csv")
    row = of(report, "/?p=1632&utm_source=tw")
    assert (row.outcome, [one.kind for one in row.findings]) == ("broken", ["wrong-page"])
    assert row.fix == of(report, "/?p=1632").fix
    done = sample_site("redirects", "audit", "--fix", "other.csv")
    assert "take that rule of yours out" in done.out


def test_what_the_cms_alone_knows_is_not_new_after_an_audit_without_it(sample_site: Cli) -> None:
    audit(sample_site)
    audit(sample_site, "--no-cms", "--logs", log(("/popular/", 200, 50)))
    _, report = audit(sample_site)
    assert {row.url for row in report.rows if row.change == "new"} == set()


def test_a_page_that_was_withdrawn_is_gone_at_all_its_addresses(sample_site: Cli) -> None:
    sample_site("withdraw", "/blog/118.html", "--reason", "a mistake")
    done, report = audit(sample_site)
    assert done.code == 0
    for url in ("/?p=118", "/?page_id=118", "/?p=0118/"):
        assert (of(report, url).outcome, of(report, url).findings) == ("gone", ())


def test_what_was_shared_counts_for_its_post(sample_site: Cli, cms: str) -> None:
    configure(cms, "redirects:\n  files: [own.csv]\n")
    Path("own.csv").write_text("from,to\n/?p=1632,/blog/118.html\n")
    sample_site("export", "--publish")
    book = Book()
    for number, shares in ((1632, 30), (118, 10)):
        url = f"https://www.example.co.jp/?p={number}"
        book.note("hatena", url, Reading(datetime(2026, 1, 1, tzinfo=UTC), {"bookmarks": shares}))
    DirectoryStore(Path(".publisher")).put(KEY, encoded(book))
    _, report = audit(sample_site)
    assert of(report, "/?p=1632").measures.shares == 30
    part = next(one for one in report.score.parts if one.measure == "shares")
    assert (part.kept, part.total) == (10, 40)


def test_scores_of_other_measures_are_not_compared(sample_site: Cli) -> None:
    audit(sample_site)
    told = sample_site("redirects", "audit", "--logs", log(("/popular/", 200, 50)))
    assert "its score measured other things" in told.out
    page = Path("redirect-audit.html").read_text(encoding="utf-8")
    assert "the two can&#39;t be compared" in page or "the two can't be compared" in page
    assert ": +0.00" in sample_site("redirects", "audit").out


def test_what_is_not_given_again_is_worth_what_it_was(sample_site: Cli) -> None:
    """Or a loss of thousands of requests would be one of an address as soon as no log is given."""
    logs = log(("/popular/", 200, 50), ("/?p=1632", 200, 150))
    Path("Pages.csv").write_text("page,clicks\n/searched/,30\n/?p=1632,10\n")
    Path("links.csv").write_text("target url,referring domains\n/linked/,7\n")
    lists = "--urls", "Pages.csv", "--urls", "links.csv"
    _, first = audit(sample_site, "--logs", logs, *lists)
    for arguments in ((), ("--no-cms",), lists):
        done, report = audit(sample_site, *arguments)
        assert done.code == 3
        for url in ("/popular/", "/searched/", "/linked/", "/?p=1632"):
            assert of(report, url).measures == of(first, url).measures, url
            assert set(of(report, url).sources) >= set(of(first, url).sources)
        assert of(report, "/popular/").sources == ("log", "past")
        parts = [{one.measure: (one.kept, one.total) for one in made.score.parts}
                 for made in (report, first)]  # fmt: skip
        for name in ("hits", "clicks", "domains"):
            assert parts[0][name] == parts[1][name]
        assert any(one.what == "past" for one in report.checked)
    sample_site("redirects", "audit")
    page = Path("redirect-audit.html").read_text(encoding="utf-8")
    assert "4 addresses are known, or weighed, as the last audit left them" in page
    assert "past" not in of(first, "/popular/").sources


def test_newer_logs_replace_older_ones_but_for_what_was_lost(sample_site: Cli) -> None:
    audit(sample_site, "--logs", log(("/popular/", 200, 50), ("/?p=1632", 200, 150)))
    _, report = audit(sample_site, "--logs", log(("/blog/118.html", 200, 20)))
    assert of(report, "/popular/").measures.hits == 50
    assert of(report, "/?p=1632").measures.hits == 0
    _, report = audit(sample_site, "--logs", log(("/popular/", 404, 3)))
    row = of(report, "/popular/")
    assert (row.outcome, row.measures.hits, row.sources) == ("lost", 3, ("log",))


def test_what_newer_logs_lack_is_remembered_until_it_is_asked_for_again(
    sample_site: Cli, cms: str
) -> None:
    """A page that few visit is in no log of some weeks. If it is lost then, its 404s are a loss;
    and without a log it is worth what it was."""
    configure(cms, "redirects:\n  files: [own.csv]\n")
    Path("own.csv").write_text("from,to\n/shop/*,/blog/118.html\n")
    sample_site("export", "--publish")
    seldom, image = "/shop/秋", "/wp-content/uploads/2011/03/photo.jpg"
    _, first = audit(sample_site, "--logs", log((seldom, 200, 70), (image, 200, 9)))
    url = next(row.url for row in first.rows if row.measures.hits == 70)
    assert of(first, url).outcome == "moved"
    for _ in range(3):
        _, report = audit(sample_site, "--logs", log(("/?p=1632", 200, 20)))
        assert url not in {row.url for row in report.rows}
    _, report = audit(sample_site)
    row = of(report, url)
    assert (row.outcome, row.measures.hits, row.sources) == ("moved", 70, ("log", "past"))
    audit(sample_site, "--logs", log(("/?p=1632", 200, 20)))
    Path("own.csv").write_text("from,to\n")
    sample_site("export", "--publish")
    _, report = audit(sample_site, "--logs", log((seldom, 404, 3), ("/new/", 404, 3)))
    row = of(report, url)
    assert (row.outcome, row.measures.hits, row.change) == ("lost", 3, "worse")
    assert of(report, "/new/").outcome == "unproven"


def test_one_spoiled_cell_does_not_decide(sample_site: Cli) -> None:
    lines = [f"/lost-{number}/,100" for number in range(9)]
    cells = ("999999999", "99999999999999", "-5", "1.234", "=1+1", "12%", "a\x1b[31m", "x")
    spoiled = [f"/?p={1632 if not at else 118},{cell}" for at, cell in enumerate(cells)]
    Path("Pages.csv").write_text("\n".join(["page,clicks", *lines, *spoiled]) + "\n")
    _, report = audit(sample_site, "--no-cms", "--urls", "Pages.csv")
    clicks = next(part for part in report.score.parts if part.measure == "clicks")
    assert (clicks.kept, clicks.total) == (900, 1800)
    told = next(one for one in report.checked if one.what == "lists")
    assert told.problem.split("; ") == [
        "/?p=1632 weighs 900 clicks, not 999,999,999: no line outweighs all others",
        "Pages.csv:12: '99999999999999' is no count",
        "Pages.csv:13: '-5' is no count",
        "Pages.csv:14: '1.234' is no count",
        "Pages.csv:15: '=1+1' is no count",
        "Pages.csv:16: '12%' is no count",
        "2 more are no counts",
    ]
    done = sample_site("redirects", "audit", "--no-cms", "--urls", "Pages.csv", "--language", "ja")
    assert "17 lines of lists read: /?p=1632 weighs" in done.out
    page = Path("redirect-audit.html").read_text(encoding="utf-8")
    assert "Pages.csv:13：" in page
    assert "ほか 2 件も数ではないため" in page
    assert "no count" not in page
    assert "値を抑えて評価した行があります" in page


def test_one_is_one(sample_site: Cli) -> None:
    """In a terminal and on the page: `1 rules would mend it` reads like a machine."""
    Path("urls.txt").write_text("/about/contact.php\n")
    given = log(("/about/contact.php", 200, 1))
    Path(given).write_text(Path(given).read_text() + "nothing of a request\n")
    files = "--no-cms", "--urls", "urls.txt", "--logs", given
    first = sample_site("redirects", "audit", *files).out
    assert "of 1 request in logs (weight" in first
    assert "of 1 address (weight" in first
    assert "1 old address: 1 lost" in first
    assert "1 rule would mend it: --fix FILE writes it." in first
    assert "1 request in logs counted: 1 line without a request" in first
    assert "1 line of lists read" in first
    second = sample_site("redirects", "audit", *files, "--fix", "fix.csv", "--language", "en").out
    assert "1 rule that would mend it: fix.csv. Read it, then list the file" in second
    page = Path("redirect-audit.html").read_text(encoding="utf-8")
    for words in ("<strong>1</strong> is lost or broken", "<strong>1</strong> visit in the logs",
                  "One address is lost or broken.", "One old address."):  # fmt: skip
        assert words in page, words
    plurals = re.compile(r"(?<![\d,.-])1(?:</strong>)? (?:old )?[a-z]+[^s]s\b")
    assert plurals.findall(first + second) == []


def test_an_audit_of_nothing_does_not_pass(sample_site: Cli) -> None:
    done = sample_site("redirects", "audit", "--no-cms")
    assert done.code == 1
    assert "there is nothing to audit" in done.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--language", "fr"), "--language: 'fr' is neither ja nor en"),
        (("--output", "none/audit.html"), "--output: there is no folder none"),
        (("--fix", "none/fix.csv"), "--fix: there is no folder none"),
        (("--fix", "folder"), "--fix: folder is a folder"),
        (("--fix", "fix.json"), "--fix: fix.json does not end in .csv: rules are a table"),
        (("--fix", "list.csv"), "--fix: list.csv has no column 'from'"),
        (("--fix", "sjis.csv"), "--fix: sjis.csv can't be read: "),
        (("--fix", f"{'あ' * 83}.csv"), ".csv can't be written: File name too long"),
        (("--fix", "/proc/fix.csv"), "/proc/fix.csv can't be written"),
        (("--output", "/proc/a.html"), "/proc/a.html can't be written"),
        (("--output", "a.csv", "--fix", "./a.csv"), "--fix: a.csv is named twice"),
        (("--output", "list.csv", "--urls", "list.csv"), "--output: list.csv is named twice"),
        (("--output", "own.csv"), "--output: own.csv is a file of the site's own"),
        (("--output", "./folder/../social-identities.csv"), "is a file of the site's own"),
        (("--output", "loop.html", "--fix", "list.csv"), "--fix: list.csv has no column 'from'"),
        (("--logs", "x" * 300), "can't be read: File name too long"),
        (("--logs", "none.log", "--urls", "list.csv"), "none.log can't be read: No such file"),
        (("--logs", "list.csv", "--urls", "folder"), "folder can't be read: Is a directory"),
        (("--sitemap", "none.xml"), "none.xml can't be read: No such file"),
        (("--sitemap", "https://[x/none.xml"), "can't be read: No such file"),
        (("--against", "www.example.co.jp"), "'www.example.co.jp' is no address of a site"),
    ],
)
def test_what_cannot_end_well_is_refused_at_once(
    publisher: Cli, arguments: tuple[str, ...], told: str
) -> None:
    configure("http://127.0.0.1:1", "redirects:\n  files: [own.csv]\n")
    Path("own.csv").write_text("from,to\n/古い,/\n")
    Path("loop.html").symlink_to("loop.html")
    Path("folder").mkdir()
    Path("list.csv").write_text("url,clicks\n/a/,1\n")
    Path("sjis.csv").write_text("from,to\n/古い,/\n", encoding="cp932")
    done = publisher("redirects", "audit", *arguments)
    assert done.code == (1 if arguments[0] in ("--logs", "--sitemap", "--against") else 2)
    assert told in done.err
    assert not list(Path().glob("**/*.part"))
    assert Path("own.csv").read_text() == "from,to\n/古い,/\n"


def test_rules_are_asked_for_and_none_is_known(sample_site: Cli) -> None:
    done = sample_site("redirects", "audit", "--fix", "fix.csv")
    assert "No rule is known that would mend anything" in done.out
    assert not Path("fix.csv").exists()
