"""python -m benchmarks.live FOLDER s3://BUCKET/PREFIX ENDPOINT: files of a folder go live on S3.

What publisher does once pages are captured and rewritten, and nothing else: blobs, manifest,
release, slot, redirect data, intent, the edge's entry. The modules are the ones that an export
and a publish use.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from publisher.content_types import by_name, cache_control
from publisher.edge.local import LocalEdge
from publisher.keeping import Keeper
from publisher.manifest import Entry, Manifest, entries_of
from publisher.paths import SitePath
from publisher.publish import Actor, Publisher
from publisher.records import Records, entry_key
from publisher.release import Release, new_id, utc_now
from publisher.store.port import Headers
from publisher.store.s3 import S3Store
from redirects.rules import RuleSet


def main(folder: Path, url: str, endpoint_url: str) -> None:
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    records = Records(S3Store(bucket, prefix, endpoint_url))
    intent, _ = records.intent()
    live = records.release(intent.release) if intent.release else None
    known = records.manifest(live.manifest if live else "")
    made = records.put_manifest(entries(folder, records, known), known)
    release = live
    if live is None or live.manifest != made.digest:
        release = released(records, made, live.id if live else "")
    assert release
    publisher = Publisher(records, LocalEdge(records.store), lambda *_: None)
    done = publisher.publish(release, Actor("bench", ""))
    print(json.dumps({"files": made.rows, "written": len(done.plan)}))


def entries(folder: Path, records: Records, known: Manifest) -> Iterator[tuple[SitePath, Entry]]:
    """The files in path order, each kept as a blob unless it is live."""
    keep = Keeper(records)
    live = {hash(path): entry_key(entry) for path, entry in entries_of(known, records.load_part)}
    for path, file in sorted(paths(folder)):
        data = file.read_bytes()
        content_type = by_name(path)
        if content_type.startswith("text/"):
            content_type += "; charset=utf-8"
        headers = Headers(content_type, cache_control(content_type))
        blob = keep(data, headers, live.get(hash(path), ""))
        yield path, Entry(blob, len(data), headers.content_type, headers.cache_control)
    keep.settle()


def paths(folder: Path) -> Iterator[tuple[SitePath, Path]]:
    """All files with their site paths."""
    root = len(str(folder))
    for parent, _, files in os.walk(folder):
        for name in files:
            yield SitePath(f"{parent[root:]}/{name}"), Path(parent, name)


def released(records: Records, manifest: Manifest, parent: str) -> Release:
    now = utc_now()
    rules = records.put_blob(RuleSet.of(()).to_json())
    release = Release(
        id=new_id(now), manifest=manifest.digest, redirects=rules,
        parent=parent, created=now, actor="bench", reason="", pages=manifest.rows,
        files=manifest.rows, rules=0,
    )  # fmt: skip
    records.put_release(release)
    return release


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
