"""The audit of a real WordPress: of what is whole nothing is said, and what is broken is found."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from publisher.audit.formats import Document
from publisher.audit.report import Finding, Report, Row
from publisher.edge.server import EdgeServer, live_site
from publisher.manifest import Entry, entries_of
from publisher.records import Records, headers_of
from publisher.release import Release, new_id, utc_now
from publisher.share_counts.book import Book, Reading, Seen, encoded
from publisher.store.directory import DirectoryStore
from redirects.rules import Rule, RuleSet
from tests.odd_site import PUBLIC, ExportedSite
from tests.program import Run, checked

pytestmark = pytest.mark.real

POST = 1632
"""A post of the sample content, and the rules for it."""
CONFIG = """
redirects:
  rules:
    - {from: /shop/, to: "https://shop.example.co.jp/"}
    - {from: /campaign/, to: /, status: 302}
"""


_PROGRAM = """
from publisher import cli
from publisher.audit import asking
asking.IDS_MAX = 40
cli.main()
"""


@dataclass
class Ground:
    """A copy of an exported site, of which releases are made that are not as they should be."""

    folder: Path
    records: Records
    wordpress: str
    rules: dict[tuple[str, str, str, str], Rule] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)

    @classmethod
    def of(cls, site: ExportedSite, folder: Path) -> Ground:
        shutil.copytree(site.folder, folder)
        config = folder / "site-config.yaml"
        config.write_text(config.read_text() + CONFIG)
        ground = cls(folder, Records(DirectoryStore(folder / ".publisher")), site.wordpress.url)
        ground.reset()
        return ground

    @property
    def live(self) -> Release:
        return self.records.release(self.records.intent()[0].release)

    def reset(self) -> None:
        """Begin again with the release that is live."""
        self.rules = {rule.requests: rule for rule in self.records.rules(self.live).rules}
        manifest = self.records.manifest(self.live.manifest)
        found = entries_of(manifest, self.records.load_part)
        self.entries = {str(path): entry for path, entry in found}
        # As if they had been in the configuration when it was exported.
        self.rule("/shop/", "https://shop.example.co.jp/", origin="site-config.yaml:1")
        self.rule("/campaign/", "/", 302, origin="site-config.yaml:2")

    def rule(
        self,
        source: str,
        target: str = "",
        status: int = 301,
        in_place: str = "",
        origin: str = "planted",
    ) -> None:
        """Have another rule for a source; without a target and 410 none."""
        for requests in [one for one in self.rules if one[0] == source]:
            del self.rules[requests]
        if target or status == 410:
            made = Rule(source, status, target, in_place, origin)
            self.rules[made.requests] = made

    def page(self, path: str, change: Callable[[str], str]) -> None:
        """Change the text of a page."""
        entry = self.entries[path]
        text = self.records.content(entry).decode()
        changed = change(text)
        assert changed != text, f"nothing was planted in {path}"
        data = changed.encode()
        blob = self.records.put_blob(data, headers_of(entry))
        self.entries[path] = msgspec.structs.replace(entry, blob=blob, size=len(data))

    def release(self) -> str:
        """A release of all that; its id."""
        rules = RuleSet(tuple(rule for _, rule in sorted(self.rules.items())))
        empty = self.records.manifest("")
        made = msgspec.structs.replace(
            self.live,
            id=new_id(utc_now()),
            manifest=self.records.put_manifest(sorted(self.entries.items()), empty).digest,
            redirects=self.records.put_blob(rules.to_json()),
        )
        self.records.put_release(made)
        return made.id

    def audit(self, *arguments: str) -> tuple[Run, Report]:
        """Audit as a user does, with a smaller sample of the ids that WordPress does not list: for
        each it looks for a page of that name. What was said, and the report."""
        command = [sys.executable, "-c", _PROGRAM, "redirects", "audit", *arguments, "--json"]
        running = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=300
        )
        done = checked(Run(running.returncode, running.stdout, running.stderr))
        assert done.code in (0, 3), done.err
        return done, msgspec.json.decode(done.out.encode(), type=Document).report


@pytest.fixture(scope="module")
def whole(odd_plain: ExportedSite, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return Ground.of(odd_plain, tmp_path_factory.mktemp("audit") / "site")


def of(report: Report, url: str) -> Row:
    return next(row for row in report.rows if row.url == url)


def kinds(findings: tuple[Finding, ...]) -> set[str]:
    return {one.kind for one in findings}


def grave(report: Report) -> dict[str, set[str]]:
    """What is more than a note, by address or path."""
    found: dict[str, set[str]] = {}
    everything: list[tuple[str, tuple[Finding, ...]]] = [
        *((row.url, row.findings) for row in report.rows),
        *((page.path, page.findings) for page in report.pages),
        *((post.known_by, post.findings) for post in report.social),
    ]
    for name, findings in everything:
        those = {one.kind for one in findings if one.severity != "note"}
        if those:
            found.setdefault(name, set()).update(those)
    return found


def test_of_a_whole_site_nothing_is_said(whole: Ground) -> None:
    name = whole.release()
    done, report = whole.audit(name, "--engine", "nginx", "--engine", "haproxy")
    assert grave(report) == {}
    assert done.code == 0
    assert report.score.value == 100
    forms = {row.url for row in report.rows}
    assert {f"/?p={POST}", f"/?page_id={POST}", f"/index.php?p={POST}", "/?cat=1"} <= forms
    assert len(forms) > 300
    checked = {one.what: one for one in report.checked}
    for what in ("edge", "python", "nginx", "haproxy", "visitors", "pages", "social", "ids"):
        assert checked[what].done > 10, what
        assert not checked[what].problem, what
    assert {seen.agent for seen in report.visitors} >= {"Browser", "Meta", "LINE", "Googlebot"}
    assert not any(seen.differing for seen in report.visitors)


def test_every_kind_of_break_is_found_and_named(whole: Ground, tmp_path: Path) -> None:
    """One address or page for each kind; what else is found is a consequence of it."""
    old = sorted(
        int(rule.source.removeprefix("?p="))
        for rule in whole.rules.values()
        if rule.in_place and rule.source.removeprefix("?p=").isdecimal()
    )
    at = {number: f"/?p={number}" for number in old}
    page = {number: f"/blog/{number}.html" for number in old}
    n = iter(old)
    planted: dict[str, set[str]] = {}

    missing = next(n)
    whole.rule(f"?p={missing}")
    planted[at[missing]] = {"unexplained-id"}
    wrong, other = next(n), next(n)
    whole.rule(f"?p={wrong}", page[other], in_place=page[other])
    planted[at[wrong]] = {"wrong-page"}
    nothing = next(n)
    whole.rule(f"?p={nothing}", "/blog/nobody.html")
    planted[at[nothing]] = {"leads-to-nothing"}
    circle = next(n)
    whole.rule(f"?p={circle}", "/round/")
    whole.rule("/round/", "/and-round/")
    whole.rule("/and-round/", "/round/")
    planted[at[circle]] = {"circle"}
    home = next(n)
    whole.rule(f"?p={home}", "/")
    planted[at[home]] = {"soft-404"}
    gone = next(n)
    whole.rule(f"?p={gone}", status=410)
    planted[at[gone]] = {"gone-but-public"}
    chain = next(n)
    whole.rule(f"?p={chain}", "/step/")
    whole.rule("/step/", page[chain])
    planted[at[chain]] = {"chain", "social-circle"}
    temporary = next(n)
    whole.rule(f"?p={temporary}", page[temporary], 302, in_place=page[temporary])
    planted[at[temporary]] = {"temporary"}
    visitor = next(n)
    whole.rule(f"?p={visitor}", page[visitor], in_place=page[other])
    planted[at[visitor]] = {"depends-on-visitor", "social-not-served"}
    circling = next(n)
    whole.rule(f"?p={circling}", page[circling])
    planted[at[circling]] = {"social-circle"}
    address = next(n)
    whole.page(page[address], lambda text: text.replace(f'?p={address}"', '?p=1"', 1))
    counted = next(n)
    numbered = next(n)
    whole.page(page[numbered], lambda text: text.replace(f"postid-{numbered}", "postid-7"))
    planted[at[numbered]] = {"wrong-page"}
    hidden = next(n)
    whole.page(
        page[hidden],
        lambda text: text.replace("</head>", '<meta name="robots" content="noindex"></head>'),
    )
    planted[page[hidden]] = {"noindex"}
    named = next(n)
    whole.page(
        page[named],
        lambda text: text.replace(f'rel="canonical" href="{PUBLIC}{page[named]}"',
                                  f'rel="canonical" href="{PUBLIC}/other/"'),
    )  # fmt: skip
    planted[page[named]] = {"canonical-elsewhere"}
    linking = next(n)
    whole.page(
        page[linking], lambda text: text.replace("</body>", f'<a href="/?p={other}">a</a></body>')
    )
    planted[page[linking]] = {"old-link"}
    sitemap = next(path for path in whole.entries if path.startswith("/wp-sitemap-posts-post"))
    unlisted = next(n)
    whole.page(
        sitemap,
        lambda text: text.replace(
            f"{PUBLIC}{page[unlisted]}</loc>", f"{PUBLIC}/?p={unlisted}</loc>"
        ),
    )
    planted[sitemap] = {"old-in-sitemap"}
    name = whole.release()

    log = tmp_path / "access.log"
    lines = [("/old-campaign/", 200, 40), ("/.env", 404, 30), (at[missing], 200, 9)]
    log.write_text(
        "".join(
            f'203.0.113.9 - - [21/Nov/2026:10:00:00 +0900] "GET {url} HTTP/1.1" {status} 5\n'
            for url, status, count in lines
            for _ in range(count)
        )
    )
    urls = tmp_path / "links.csv"
    urls.write_text(f"Target URL,Referring domains\n{PUBLIC}/from-links/,7\n{PUBLIC}/shop/,3\n")
    counts = Book()
    then = datetime(2026, 10, 1, tzinfo=UTC)
    known_by = f"{PUBLIC}{at[counted]}"
    counts.of("facebook")[known_by] = Seen(
        Reading(then, {"share": 50}), Reading(then + timedelta(days=30), {"share": 5})
    )
    whole.records.store.put("counts/shares", encoded(counts))

    fixes = tmp_path / "fixes.csv"
    done, report = whole.audit(name, "--logs", str(log), "--urls", str(urls), "--fix", str(fixes))
    assert done.code == 3
    found = grave(report)
    for place, expected in planted.items():
        kinds_there = found.get(place, set()) | found.get(PUBLIC + place, set())
        assert expected <= kinds_there, place
    posts = {post.id: kinds(post.findings) for post in report.social}
    assert "social-address" in posts[str(address)]
    assert "social-circle" in posts[str(circling)]
    assert posts[str(counted)] == {"counts-dropped"}
    assert of(report, at[counted]).measures.shares == 50
    assert kinds(of(report, "/old-campaign/").findings) == {"not-found"}
    assert kinds(of(report, "/from-links/").findings) == {"not-found"}
    assert of(report, "/from-links/").measures.domains == 7
    assert of(report, "/.env").outcome == "unproven"
    assert kinds(of(report, "/.env").findings) == {"only-missing"}
    assert kinds(of(report, "/shop/").findings) == {"elsewhere"}
    assert kinds(of(report, "/campaign/").findings) == {"soft-404"}
    assert of(report, "/campaign/").outcome == "moved"
    # Nothing else is lost, but for the other forms of what was broken.
    broken = {f"post {number}" for number in old[: old.index(unlisted) + 1]}
    elsewhere = {"/old-campaign/", "/from-links/", "/round/", "/and-round/"}
    for row in report.rows:
        if row.outcome in ("lost", "broken") and row.url not in planted.keys() | elsewhere:
            assert row.fix, row
            assert row.fix.reason in broken, row
    # The largest loss first, each with the rule that mends it.
    assert [row.url for row in report.rows][:2] == ["/old-campaign/", "/from-links/"]
    mending = of(report, at[missing]).fix
    assert mending
    assert (mending.source, mending.target, mending.guess) == (at[missing], page[missing], False)
    assert f"{at[missing]},{page[missing]},301,9" in fixes.read_text()

    # With these rules it is better, and what is not mended is looked at again without the logs,
    # and weighed by them.
    whole.reset()
    better, again = whole.audit(whole.release())
    assert of(again, at[missing]).change == "better"
    assert of(again, "/old-campaign/").outcome == "lost"
    assert of(again, "/old-campaign/").measures == of(report, "/old-campaign/").measures
    assert again.past[-1].score == report.score.value
    assert again.score.value > report.score.value
    assert better.code == 3


def test_before_the_switch_the_old_site_is_asked(whole: Ground) -> None:
    """The live site is the WordPress itself: what it has and the release has not, is a loss."""
    whole.reset()
    whole.rule(f"?p={POST}")
    list_of_urls = whole.folder / "urls.txt"
    list_of_urls.write_text(f"/?p={POST}\n/?p=987654\n/?p=10001\n")
    _, report = whole.audit(
        whole.release(), "--no-cms", "--urls", str(list_of_urls), "--against", whole.wordpress
    )
    assert not report.is_live
    assert kinds(of(report, f"/?p={POST}").findings) == {"found-live"}
    assert of(report, "/?p=987654").outcome == "closed"
    assert kinds(of(report, "/?p=987654").findings) == {"dead-before"}
    assert of(report, "/?p=10001").outcome == "moved"
    live = of(report, "/?p=10001").live
    assert live
    assert live.last_status == 200


@pytest.fixture
def served(whole: Ground) -> Iterator[str]:
    """What is live, behind the local edge."""
    with EdgeServer(*live_site(whole.records.store), 0) as server:
        yield server.url


def test_after_the_switch_the_live_site_must_say_the_same(whole: Ground, served: str) -> None:
    whole.reset()
    urls = whole.folder / "urls.txt"
    urls.write_text(f"/?p={POST}\n/?p=10001\n/nothing/\n")
    arguments = ("--no-cms", "--urls", str(urls), "--against", served)
    _, same = whole.audit(*arguments)
    assert same.is_live
    assert not [row for row in same.rows if "live-differs" in kinds(row.findings)]
    # Rules have changed, and nothing was published.
    whole.rule(f"?p={POST}", "/blog/10001.html")
    _, other = whole.audit(whole.release(), *arguments)
    assert other.is_live
    differing = {row.url for row in other.rows if "live-differs" in kinds(row.findings)}
    assert differing == {f"/?p={POST}", "/shop/", "/campaign/"}
