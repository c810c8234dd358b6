"""A site that answers most of what the log of P8 asks for, live in a directory store.

As after a move: pages and images are there, redirects lead from other old addresses to the pages,
and a part of what is asked for is nowhere. The pages are those of `benchmarks.corpus`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

from benchmarks.corpus import page, page_path
from benchmarks.ours import PUBLIC
from publisher.content_types import by_name, cache_control
from publisher.manifest import Entry, Manifest
from publisher.paths import SitePath
from publisher.records import Records, headers_of
from publisher.release import Intent, Release, new_id, utc_now
from publisher.store.directory import DirectoryStore
from publisher.store.port import ABSENT
from redirects.rules import Rule, RuleSet

# Of so many addresses one is nowhere.
_NOWHERE = 7
_IMAGES = 100
# Also a worse score is a figure.
_CONFIG = f"""\
site:
  url: {PUBLIC}
cms:
  url: http://127.0.0.1:9
gates:
  preservation: 0
"""


def publish(folder: Path, pages: int, addresses: Iterable[str]) -> int:
    """Make a new site in this folder, with a release of so many pages that is live; returns how
    many of the addresses have a file or a redirect. No slot has the files: an audit reads none."""
    folder.mkdir(parents=True)
    (folder / "site-config.yaml").write_text(_CONFIG, encoding="utf-8")
    records = Records(DirectoryStore(folder / ".publisher"))
    entries: dict[SitePath, Entry] = {}
    for number in range(pages):
        path = SitePath(page_path(number))
        body = page(number, PUBLIC, pages, _IMAGES)
        # Links are from the root, as an export writes them.
        body = body.replace(f'<a href="{PUBLIC}'.encode(), b'<a href="')
        entries[path] = _kept(records, path, body)
    rules: list[Rule] = []
    answered = 0
    for number, url in enumerate(addresses):
        path = SitePath(unquote(url.partition("?")[0]))
        if path.startswith("/articles/"):
            answered += path in entries
        elif number % _NOWHERE:
            answered += 1
            if path.endswith(".jpg"):
                entries[path] = _kept(records, path, b"an image")
            else:
                source = url[1:] if path == "/" else str(path)
                rules.append(Rule(source, 301, page_path(1 + number % (pages - 1))))
    _make_live(records, entries, RuleSet.of(rules))
    return answered


def _kept(records: Records, path: SitePath, body: bytes) -> Entry:
    content_type = by_name(path.file)
    if content_type == "text/html":
        content_type += "; charset=utf-8"
    entry = Entry("", len(body), content_type, cache_control(content_type))
    digest = records.put_blob(body, headers_of(entry))
    return Entry(digest, entry.size, entry.content_type, entry.cache_control)


def _make_live(records: Records, entries: dict[SitePath, Entry], rules: RuleSet) -> None:
    now = utc_now()
    release = Release(
        id=new_id(now),
        manifest=records.put_manifest(sorted(entries.items()), Manifest()).digest,
        redirects=records.put_blob(rules.to_json()),
        parent="",
        created=now,
        actor="bench",
        reason="",
        pages=len(entries),
        files=len(entries),
        rules=len(rules.rules),
    )
    records.put_release(release)
    records.move_intent(Intent(release=release.id), ABSENT)
