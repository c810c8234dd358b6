"""Small sites for tests of publishing: releases from a few lines, and whether one is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from publisher.content_types import by_name, cache_control
from publisher.edge.port import Edge
from publisher.edge.store import StoreEdge
from publisher.errors import NotFound
from publisher.manifest import Entry, Manifest
from publisher.paths import SitePath
from publisher.publish import Actor, Outcome, Publisher
from publisher.records import Records, headers_of
from publisher.release import LIVE, Release, new_id, utc_now
from publisher.rules import with_withdrawn
from publisher.store.memory import MemoryStore
from publisher.store.port import Store
from redirects.compile import compile_rules, live_entry, parse_live_entry, set_id
from redirects.rules import Rule, RuleSet

ACTOR = Actor("tester", "a test")


@dataclass
class World:
    """A store, an edge with data of its own, and every release made."""

    store: Store = field(default_factory=MemoryStore)
    edge: StoreEdge = field(default_factory=lambda: StoreEdge(MemoryStore()))
    releases: dict[str, tuple[Release, Mapping[str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.records = Records(self.store)

    def release(self, files: Mapping[str, str], old_urls: tuple[str, ...] = ()) -> Release:
        """Make a release; its home page carries its own name, so no two are alike."""
        now = utc_now()
        name = new_id(now)
        files = {"/": f"home of {name}", **files}
        entries = {SitePath(path): self.keep(path, text) for path, text in files.items()}
        rules = RuleSet.of(Rule(source=url, status=301, target="/") for url in old_urls)
        release = Release(
            id=name, manifest=self.records.put_manifest(sorted(entries.items()), Manifest()).digest,
            redirects=self.records.put_blob(rules.to_json()),
            parent=self.records.intent()[0].release, created=now, actor="tester", reason="",
            pages=1, files=len(files), rules=len(rules.rules),
        )  # fmt: skip
        self.records.put_release(release)
        self.releases[name] = (release, files)
        return release

    def keep(self, path: str, text: str) -> Entry:
        """Write the bytes of a file, as an export does."""
        entry = entry_of(path, text)
        self.records.put_blob(text.encode(), headers_of(entry))
        return entry

    def publisher(
        self, store: Store | None = None, edge: Edge | None = None, target: str = LIVE
    ) -> Publisher:
        """A new process, as it were: nothing in it is remembered from another."""
        return Publisher(Records(store or self.store), edge or self.edge, lambda *_: None, target)

    def publish(
        self, files: Mapping[str, str] | None = None, old_urls: tuple[str, ...] = ()
    ) -> Outcome:
        """Make a release, and make it live."""
        return self.publisher().publish(self.release(files or {}, old_urls), ACTOR)

    def slot_file(self, slot: str, path: str) -> str | None:
        """What a slot has at a path."""
        try:
            return self.store.get(f"site/{slot}/{SitePath(path).key}").data.decode()
        except NotFound:
            return None

    def shown(self, target: str = LIVE, gone: Collection[str] = ()) -> Release | None:
        """The release that visitors get, or see on a preview, once every part of it is checked;
        None before any. `gone`: the paths that were withdrawn.

        Raises AssertionError if what the edge names is not one whole release.
        """
        entry = self.edge.entry(target)
        if not entry:
            return None
        _, slot, rule_set, head, *_ = parse_live_entry(entry)
        home = self.slot_file(slot, "/") or ""
        assert home.startswith("home of "), f"{slot} has no home page"
        release, files = self.releases[home.removeprefix("home of ")]
        files = {path: text for path, text in files.items() if path not in gone}
        for path, text in files.items():
            assert self.slot_file(slot, path) == text, f"{path} in {slot} is not of {release.id}"
        pages = {SitePath(path).key for path in files if not path.endswith(".css")}
        prefix = f"site/{slot}/"
        held = {one.key.removeprefix(prefix) for one in self.store.list(prefix)}
        # What is withdrawn can't be reached any more, also while its file is still there.
        held -= {SitePath(path).key for path in gone}
        assert {key for key in held if not key.endswith(".css")} == pages, "a page of another one"
        rules = with_withdrawn(self.records.rules(release), gone)
        assert rule_set == set_id(rules)
        data = compile_rules(rules)
        assert head == data.head
        assert data.entries.items() <= self.edge.entries().items()
        return release


def entry_of(path: str, text: str) -> Entry:
    """What a release has for a file."""
    kind = by_name(path) or "text/html; charset=utf-8"
    return Entry(sha256(text), len(text.encode()), kind, cache_control(kind))


def sha256(text: str) -> str:
    """The name of a blob."""
    return hashlib.sha256(text.encode()).hexdigest()


def edge_data(rules: RuleSet, slot: str = "s1") -> dict[str, str]:
    """What the edge function reads when these rules and this slot are live."""
    identity, data = set_id(rules), compile_rules(rules)
    return {**data.entries, LIVE: live_entry(1, slot, identity, data.head)}
