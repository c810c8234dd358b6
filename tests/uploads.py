"""A site to which designers upload, for tests of the intake."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from publisher.approval import Approvals
from publisher.designers.names import folder
from publisher.designers.ownership import areas
from publisher.edge.port import Edge
from publisher.edge.store import StoreEdge
from publisher.errors import NotFound
from publisher.intake import state as states
from publisher.intake.policy import Policy
from publisher.intake.state import State
from publisher.intake.sync import Answer, Sync
from publisher.intake.taking import Upload, Waiting, settled
from publisher.intake.terms import SiteTerms, Terms
from publisher.intaking import Intake, Taken
from publisher.manifest import Manifest
from publisher.paths import SitePath
from publisher.publish import Actor, Outcome, Publisher
from publisher.records import Records, headers_of
from publisher.release import LIVE, Release, new_id, utc_now
from publisher.store.memory import MemoryStore
from publisher.store.port import Store
from redirects.rules import Rule, RuleSet
from tests.sites import entry_of

PUBLIC = "https://www.example.co.jp"
WHO = Actor("service", "")


def html(text: str, markup: str = "") -> str:
    """A page with enough in it to be one."""
    words = "おいしいワインをたくさんご用意しました。" * 3
    return (
        '<!doctype html>\n<html lang="ja"><head><meta charset="utf-8"><title>x</title></head>\n'
        f"<body><h1>{text}</h1><p>{words}</p>{markup}</body></html>\n"
    )


CMS_FILES = {"/": html("home"), "/about/": html("about"), "/style.css": "a{}"}


@dataclass
class Site:
    """A store, an edge, and designers: hanako owns /campaign/ and the home page, taro /lp/."""

    store: Store = field(default_factory=MemoryStore)
    edge: Edge = field(default_factory=lambda: StoreEdge(MemoryStore()))
    terms: SiteTerms = field(
        default_factory=lambda: SiteTerms(
            PUBLIC,
            ("http://127.0.0.1:8081",),
            {
                "hanako": Terms(Policy(areas(["/campaign/", "/index.html"]))),
                "taro": Terms(Policy(areas(["/lp/"]))),
            },
        )
    )
    sent: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.records = Records(self.store)

    # ---------------------------------------------------------------- designers

    def set(self, name: str, **changes: object) -> None:
        """Change the terms of a designer."""
        own = replace(self.terms.designers[name], **changes)  # type: ignore[arg-type]
        self.terms = replace(self.terms, designers={**self.terms.designers, name: own})

    def approved_by(self, *names: str, patterns: tuple[str, ...] = ()) -> None:
        self.terms = replace(self.terms, approvals=Approvals(patterns, names))

    def upload(self, name: str, files: Mapping[str, str | bytes]) -> None:
        """Make these files all that is in a designer's folder."""
        wanted = {folder(name) + key for key in files}
        for one in list(self.store.list(folder(name))):
            if one.key not in wanted and "/_status." not in one.key:
                self.store.delete(one.key)
        for key, body in files.items():
            data = body.encode() if isinstance(body, str) else body
            try:
                if self.store.get(folder(name) + key).data == data:
                    continue
            except NotFound:
                pass
            self.store.put(folder(name) + key, data)

    def status(self, name: str, ending: str = "json") -> str:
        return self.store.get(f"{folder(name)}_status.{ending}").data.decode()

    # --------------------------------------------------------------------- runs

    def intake(
        self,
        *,
        publish: bool = True,
        overrides: Mapping[str, str] | None = None,
        store: Store | None = None,
        edge: Edge | None = None,
        sleep: Callable[[float], None] = lambda _: None,
    ) -> Intake:
        """A run, as it were of another process."""

        def wait(store: Store, folders: Mapping[str, Waiting]) -> dict[str, Upload | None]:
            return settled(store, folders, sleep)

        records = Records(store or self.store)
        return Intake(
            Sync(records, self.terms, WHO.name, "", overrides or {}),
            lambda target: Publisher(records, edge or self.edge, lambda *_: None, target),
            lambda name: f"https://{name}.preview.example.co.jp",
            lambda _: "",
            lambda *_: None,
            publish=publish,
            wait=wait,
        )

    def sync(self, *names: str, **more: object) -> Taken:
        """Take what these designers have uploaded (all, if none is named)."""
        return self.intake(**more).run(names or tuple(self.terms.designers))  # type: ignore[arg-type]

    def one(self, name: str, **more: object) -> Answer:
        """Take what a designer has uploaded."""
        return self.sync(name, **more).answers[0]

    # ------------------------------------------------------------------ the CMS

    def export(self, files: Mapping[str, str] | None = None, rules: Iterable[Rule] = ()) -> Release:
        """What an export makes: the CMS's layer, with what designers contribute."""
        entries = {}
        for path, text in (CMS_FILES if files is None else files).items():
            entry = entries[SitePath(path)] = entry_of(path, text)
            self.records.put_blob(text.encode(), headers_of(entry))
        layers = states.accepted(states.states(self.store))
        cms = self.records.put_manifest(sorted(entries.items()), Manifest())
        blob = self.records.put_blob(RuleSet.of(rules).to_json())
        now = utc_now()
        base = Release(
            id=new_id(now), manifest=cms.digest, redirects=blob, parent=self.live().id,
            created=now, actor="editor", reason="", pages=1, files=1, rules=0,
        )  # fmt: skip
        made = self.intake().sync.composed(base, layers)
        release = made.into(base)
        self.records.put_release(release)
        return release

    def publish(self, files: Mapping[str, str] | None = None, **more: object) -> Outcome:
        """An export that goes live."""
        return self.publisher().publish(self.export(files, **more), WHO)  # type: ignore[arg-type]

    def publisher(self, target: str = LIVE) -> Publisher:
        return Publisher(Records(self.store), self.edge, lambda *_: None, target)

    # ----------------------------------------------------------------- visitors

    def live(self) -> Release:
        """What visitors get; an empty one before anything was published."""
        name = self.records.intent()[0].release
        empty = Release(id="", manifest="", redirects="", parent="", created=utc_now(), actor="",
                        reason="", pages=0, files=0, rules=0)  # fmt: skip
        return self.records.release(name) if name else empty

    def shown(self, target: str = LIVE) -> dict[str, bytes]:
        """The files that visitors get, by site path."""
        slot = self.records.intent(target)[0].slot
        prefix = f"site/{slot}/"
        found = [one.key for one in self.store.list(prefix)]
        return {
            str(SitePath(f"/{key.removeprefix(prefix)}")): self.store.get(key).data for key in found
        }

    def state(self, name: str) -> State:
        return states.load(self.store, name)[0]
