"""The audit of a real WordPress: of what is whole nothing is said, and what is broken is found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from publisher.audit.report import Finding, Report, Row
from publisher.audit.tables import Document
from publisher.edge.server import EdgeServer, live_site
from publisher.manifest import Entry, entries_of
from publisher.records import Records, headers_of
from publisher.release import Release, new_id, utc_now
from publisher.share_counts.book import Book, Reading, Seen, encoded
from publisher.store.directory import DirectoryStore
from redirects.rules import Rule, RuleSet
from tests.odd_site import PUBLIC, ExportedSite
from tests.program import Run, ended, process

pytestmark = pytest.mark.real

POST = 1632
"""A post of the sample content, and the rules for it."""
CONFIG = """
redirects:
  rules:
    - {from: /shop/, to: "https://shop.example.co.jp/"}
    - {from: /campaign/, to: /, status: 302}
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

    def rule(self, source: str, status: int = 301, target: str = "", in_place: str = "") -> None:
        """Have another rule for a source, or none ('' and 301)."""
        for requests in [one for one in self.rules if one[0] == source]:
            del self.rules[requests]
        if target or status == 410:
            made = Rule(source, status, target, in_place, "planted")
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
        """Audit as a user does; what was said, and the report."""
        running = process("redirects", "audit", *arguments, "--json", folder=self.folder)
        done = ended(running, 300)
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
    done, report = whole.audit("--engine", "nginx", "--engine", "haproxy")
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
