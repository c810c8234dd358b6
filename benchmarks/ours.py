"""publisher itself, as a command to measure, and the check of what it made."""

from __future__ import annotations

import compileall
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.measure import Command, Failed, fresh
from benchmarks.s3 import Bucket, environment
from publisher.judge import NOT_FOUND_PATH
from publisher.manifest import Entry, entries_of
from publisher.paths import SitePath
from publisher.records import Records
from publisher.store.directory import DirectoryStore

PUBLIC = "https://www.example.co.jp"
# In a bucket.
PREFIX = "production"
_WRITES_NONE = "PYTHONDONTWRITEBYTECODE"
_PROJECT = Path(__file__).resolve().parent.parent


def export(
    folder: Path, cms: str, *options: str, kind: str = "generic", onto: Bucket | None = None
) -> Command:
    """An export into an empty folder, which it makes, or into a bucket. Exports that follow would
    have less to do."""
    folder = fresh(folder)
    (folder / "site-config.yaml").write_text(
        f"site:\n  url: {PUBLIC}\ncms:\n  url: {cms}\n"
        + (f"  kind: {kind}\n" if kind != "wordpress" else "")
        + (_store(onto) if onto else ""),
        encoding="utf-8",
    )
    words = [sys.executable, "-m", "publisher", "export", "--json", "--full", *options]
    return Command("publisher export", words, folder, _environment())


def publish(folder: Path, where: Bucket) -> Command:
    """A publish of the newest release in a bucket."""
    folder.mkdir(parents=True, exist_ok=True)
    text = f"site:\n  url: {PUBLIC}\ncms:\n  url: http://127.0.0.1:9\n{_store(where)}"
    (folder / "site-config.yaml").write_text(text, encoding="utf-8")
    words = [sys.executable, "-m", "publisher", "publish", "--json"]
    return Command("publisher publish", words, folder, _environment())


def redirects_build(folder: Path) -> Command:
    """The redirects of what was exported in this folder, derived anew."""
    words = [sys.executable, "-m", "publisher", "redirects", "build", "--json"]
    return Command("publisher redirects build", words, folder, _environment())


def audit(folder: Path, log: Path) -> Command:
    """An audit of what is live in this folder, of the addresses that a log asks for."""
    words = [sys.executable, "-m", "publisher", "redirects", "audit", "--no-cms", "--json",
             "--logs", str(log), "--output", "audit.html", "--output", "audit.json"]  # fmt: skip
    return Command("publisher redirects audit", words, folder, _environment())


def small(folder: Path, *words: str) -> Command:
    """A command that has next to nothing to do, for the site in this folder."""
    name = " ".join(("publisher", *words))
    return Command(name, [sys.executable, "-m", "publisher", *words], folder, _environment())


def live(folder: Path, source: Path, where: Bucket) -> Command:
    """The files of a folder, from captured pages to live (`benchmarks/live.py`)."""
    folder.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", "benchmarks.live", str(source), where.url(PREFIX)]
    name = "publisher, from captures to live"
    return Command(name, [*words, where.endpoint_url], folder, _environment())


def _store(where: Bucket) -> str:
    return f"store:\n  url: {where.url(PREFIX)}\n  endpoint_url: {where.endpoint_url}\n"


def _environment() -> dict[str, str]:
    """That of a program whose modules are compiled, as those of an installed one are, whatever
    this shell says: to compile them each time takes 0.6 s."""
    for name in ("publisher", "redirects"):
        compileall.compile_dir(_PROJECT / name, quiet=1)
    kept = {name: value for name, value in environment().items() if name != _WRITES_NONE}
    return {**kept, "PYTHONPATH": str(_PROJECT)}


def report(folder: Path) -> dict[str, Any]:
    """What the command said. Raises Failed if that is no JSON."""
    text = (folder / "output.log").read_text(encoding="utf-8")
    try:
        said: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise Failed(f"publisher export did not print JSON: {text[-1000:]}") from error
    return said


def checked(folder: Path, host: str, *, everything: bool = True) -> dict[str, float | str]:
    """Read the newest release as the edge would. Raises Failed where the CMS's host is still
    named, a blob is damaged, or a page has no public link.

    `everything` False looks at every hundredth entry only. Returns how many pages (without the
    server's page for what is not there) and other files.
    """
    records = Records(DirectoryStore(folder / ".publisher"))
    release = records.release(records.release_ids()[0])
    entries = list(entries_of(records.manifest(release.manifest), records.load_part))
    for path, entry in entries if everything else entries[::100]:
        _check(records, path, entry, host.encode())
    pages = sum(entry.is_page for path, entry in entries if path != NOT_FOUND_PATH)
    files = sum(not entry.is_page for _, entry in entries)
    return {"pages": pages, "files": files}


def _check(records: Records, path: SitePath, entry: Entry, host: bytes) -> None:
    body = records.content(entry)
    if host in body:
        raise Failed(f"{path} still names {host.decode()}")
    if entry.is_page and path != NOT_FOUND_PATH and b'href="/' not in body:
        raise Failed(f"{path} has no link from the root")
