"""Visitors at every location of the CDN get one complete release, whatever publishers do.

The real publisher and the real CloudFront adapter work on a store in memory and the small
CloudFront of tests/cloudfront.py; visitors ask at locations (tests/edge_cache.py) between any two
of their requests. Time is virtual and everything is drawn from a seed, so a run that fails can be
had again. Publishers die between any two writes, meet others, go back, and wait.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import pytest

from publisher import filling
from publisher.edge.cloudfront import CloudFrontEdge
from publisher.errors import LostRace, NotNow, PublisherError
from publisher.manifest import Entry, Manifest
from publisher.paths import SitePath
from publisher.publish import Publisher
from publisher.records import Records
from publisher.release import LIVE, Intent, Release, new_id, utc_now
from publisher.store.memory import MemoryStore
from publisher.store.port import Headers
from redirects.compile import parse_live_entry
from redirects.rules import Rule, RuleSet
from redirects.targets import encode_path
from tests.cloudfront import ARN, DISTRIBUTION, FUNCTION, CloudFront, attach
from tests.edge_cache import Location, Seen
from tests.faults import Script, ScriptedStore
from tests.sites import ACTOR
from tests.test_publish import Clock, clock  # noqa: F401 - a fixture

LOCATIONS = 4
# A visitor's browser asks for what a page needs within this time.
PAGE_VIEW_S = 8.0
EDGE_AGE = "public, s-maxage=60, stale-if-error=0"
WRITES = {"put", "copy", "delete", "UpdateKeys", "UpdateFunction", "PublishFunction"}


class Died(BaseException):
    """The publisher's process has ended. Nothing that catches errors catches this."""


class Inline:
    """A pool that does its work at once: what depends on a seed must not depend on threads."""

    def __init__(self, workers: int) -> None:
        pass

    def __enter__(self) -> Inline:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, act: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(act(*arguments))
        return future


class Wanted(NamedTuple):
    """An asset of a page that a visitor has in hand."""

    due: datetime
    location: Location
    path: str
    entry: str


@dataclass
class Simulation:
    """One site, its publishers and its visitors, from one seed."""

    seed: int
    clock: Clock
    monkeypatch: pytest.MonkeyPatch
    cooling_s: float | None = None
    invalidates: bool = True
    visits: float = 0.5
    # How likely a publisher's machine stands still for a while, between any two requests.
    stalls: float = 0.02

    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    contents: dict[str, Mapping[str, tuple[str, Headers]]] = field(default_factory=dict)
    gone: dict[str, set[str]] = field(default_factory=dict)
    # Of each generation of the intent: its release, and whether going there was going back.
    generations: dict[int, tuple[str, bool]] = field(default_factory=dict)
    wanted: list[Wanted] = field(default_factory=list)
    fuse: int = 0
    nested: bool = False
    noted: str = ""

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.clock.now = datetime(2026, 11, 22, 3, 15, tzinfo=UTC)
        self.monkeypatch.setattr("secrets.token_hex", lambda n: self.random.randbytes(n).hex())
        self.monkeypatch.setattr("publisher.edge.cloudfront.SystemRandom", lambda: self.random)
        self.store = MemoryStore()
        self.cloudfront = CloudFront(
            now=lambda: self.clock.now.timestamp(), deploy_s=60.0, invalidation_s=25.0
        )
        self.monkeypatch.setattr(filling, "ThreadPoolExecutor", Inline)
        self.monkeypatch.setattr("time.sleep", self.pass_time)
        attach(self.cloudfront, self.monkeypatch)
        self.locations = [
            Location(self.cloudfront, self.store, random.Random(f"{self.seed} {number}"))
            for number in range(LOCATIONS)
        ]
        self.edge = CloudFrontEdge(
            DISTRIBUTION, FUNCTION, ARN, "// falls back to {}".format, lambda *_: None
        )
        if self.cooling_s is not None:
            self.monkeypatch.setattr(CloudFrontEdge, "cooling_s", self.cooling_s)
        if not self.invalidates:
            self.monkeypatch.setattr(CloudFrontEdge, "invalidate", lambda *_: None)
        self.files: dict[str, tuple[str, Headers]] = {}
        for number in range(6):
            self._edit_page(f"/記事/{number}.html")
        self.files["/style.css"] = _asset("style")
        self.first = [path for path in self.files if path.endswith(".html")]
        self.withdrawn: list[str] = []
        self.edge.install()
        self.cloudfront.watch = self._at_edge

    # -------------------------------------------------------------- what publishers do

    def run(self, steps: int) -> None:
        with suppress(LostRace):
            self._publish()
        for _ in range(steps):
            act = self.random.choices(
                [self._publish, self._go_back, self._tidy, self._wait],
                [10, 2, 1, 4],
            )[0]
            self.counts[act.__name__.strip("_")] += 1
            self.fuse = self.random.randint(1, 40) if self.random.random() < 0.3 else 0
            try:
                act()
            except Died:
                self.counts["died"] += 1
            except LostRace:
                self.counts["lost"] += 1
            except NotNow:
                self.counts["not now"] += 1
            self.fuse = 0
        self.pass_time(120)

    def _publisher(self) -> Publisher:
        store = ScriptedStore(self.store, Script(watch=self._at_store))
        return Publisher(Records(store), self.edge, lambda *_: None)

    def _publish(self) -> None:
        self._edit()
        self._publisher().publish(self._release(), ACTOR)

    def _go_back(self) -> None:
        try:
            self._publisher().rollback(None, ACTOR)
        except LostRace:
            raise
        except PublisherError as error:
            assert "no earlier release" in str(error)  # noqa: PT017 - no other one is expected
        self.pass_time(self.random.uniform(0, 30))
        self._publisher().resume(ACTOR)

    def _tidy(self) -> None:
        intent = self._publisher().repair()
        self.edge.tidy([LIVE], [intent.redirect_set], intent.slot)

    def _wait(self) -> None:
        self.pass_time(self.random.choice([1, 10, 40, 200]))

    def _edit(self) -> None:
        """Somebody works in the CMS."""
        kind = self.random.choice(["pages", "pages", "style", "headers", "remove", "nothing much"])
        pages = [path for path in self.files if path.endswith(".html")]
        if kind == "style":
            self.files["/style.css"] = _asset(f"style {self.random.random()}")
        elif kind == "headers":
            # Of pages that never leave: what comes back with the same bytes and other headers
            # may keep the old ones (docs/design.md, "CloudFront").
            path = self.random.choice([path for path in pages if path in self.first])
            text, _ = self.files[path]
            language = self.random.choice(["utf-8", "UTF-8"])
            self.files[path] = text, Headers(f"text/html; charset={language}", EDGE_AGE)
        elif kind == "remove" and len(pages) > len(self.first):
            self.withdrawn.append(self.random.choice([p for p in pages if p not in self.first]))
            for path in self.withdrawn:
                self.files.pop(path, None)
        elif kind == "pages":
            for path in self.random.sample(pages, k=min(2, len(pages))):
                self._edit_page(path)
        else:
            self._edit_page(f"/記事/{self.random.randint(0, 30)}.html")

    def _edit_page(self, path: str) -> None:
        """A page names the assets that it needs; one of them is named by what is in it."""
        name = f"/assets/{self.random.getrandbits(32):08x}.css"
        text = f"{path} {self.random.random()}\n{name}\n/style.css"
        self.files[path] = text, Headers("text/html; charset=utf-8", EDGE_AGE)
        self.files[name] = _asset(f"of {name}")
        in_use = " ".join(text for text, _ in self.files.values())
        for other in [one for one in self.files if one.startswith("/assets/")]:
            if f"\n{other}" not in in_use:
                del self.files[other]

    def _release(self) -> Release:
        records = Records(self.store)
        name = new_id(utc_now())
        home = "\n".join([f"home of {name}", "/style.css"])
        files = {"/": (home, Headers("text/html; charset=utf-8", EDGE_AGE)), **self.files}
        entries = {
            SitePath(path): Entry(
                records.put_blob(text.encode(), headers), len(text), headers.content_type,
                headers.cache_control,
            )
            for path, (text, headers) in files.items()
        }  # fmt: skip
        gone = {path for path in self.withdrawn if path not in self.files}
        rules = RuleSet.of(
            [
                *(Rule(source=path, status=410, target="") for path in gone),
                Rule(source="/?p=1", status=301, target="/"),
            ]
        )
        release = Release(
            id=name, manifest=records.put_manifest(sorted(entries.items()), Manifest()).digest,
            redirects=records.put_blob(rules.to_json()), parent=records.intent()[0].release,
            created=utc_now(), actor="tester", reason="", pages=1, files=len(files),
            rules=len(rules.rules),
        )  # fmt: skip
        records.put_release(release)
        self.contents[name] = files
        self.gone[name] = gone
        return release

    # ------------------------------------------------------------------- time passes

    def pass_time(self, seconds: float) -> None:
        while seconds > 0:
            step = min(seconds, self.random.uniform(0.5, 3.0))
            self.clock.now += timedelta(seconds=step)
            seconds -= step
            self._visitors()

    def _at_store(self, method: str, key: str) -> None:
        self._between(method)

    def _at_edge(self, operation: str, what: str, before: bool) -> None:
        if before:
            self._between(operation)

    def _between(self, method: str) -> None:
        """Before any request of a publisher."""
        if self.random.random() < self.stalls:
            self.counts["stalls"] += 1
            self.pass_time(self.random.uniform(20, 90))
        self.clock.now += timedelta(seconds=self.random.uniform(0.01, 0.2))
        self._visitors()
        if method in WRITES and self.fuse:
            self.fuse -= 1
            if not self.fuse:
                raise Died
        if not self.nested and self.random.random() < 0.001:
            self.nested = True
            fuse, self.fuse = self.fuse, 0
            self.counts["two at once"] += 1
            with suppress(NotNow, LostRace):
                self._publisher().publish(self._release(), ACTOR)
            self.nested, self.fuse = False, fuse

    def _note(self) -> None:
        """Which release each generation of the intent stands for."""
        try:
            held = self.store.get(f"refs/{LIVE}")
        except PublisherError:
            return
        if held.etag != self.noted:
            self.noted = held.etag
            intent = msgspec.json.decode(held.data, type=Intent)
            went_back = bool(intent.change and intent.change.action == "rollback")
            self.generations[intent.generation] = intent.release, went_back

    # ---------------------------------------------------------------------- visitors

    def _visitors(self) -> None:
        self._note()
        for one in [one for one in self.wanted if one.due <= self.clock.now]:
            self.wanted.remove(one)
            self._look_at_asset(one)
        while self.random.random() < self.visits:
            location = self.random.choice(self.locations)
            # Assets are asked for by who has a page of theirs. Who asks before they are there gets
            # a 404 that a location keeps for ten seconds: see docs/design.md, "Known limits".
            pages = [path for path in self.files if not path.startswith("/assets/")]
            self._look(location, self.random.choice([*pages, *self.withdrawn, "/"]))

    def _look(self, location: Location, path: str) -> None:
        seen = location.get(encode_path(path))
        if not seen.entry:
            assert seen.status == 503
            return
        self.counts["looks"] += 1
        release = self._release_of(seen)
        expected = self.contents[release].get(path)
        if path in self.gone[release]:
            self._check(seen.status == 410, path, seen, "should be gone")
        elif expected:
            what = "differs from the release that is live here"
            self._check((seen.body, seen.headers) == expected, path, seen, what)
        elif not path.endswith(".css"):
            self._check(seen.status == 404, path, seen, "is not in the release that is live here")
        if seen.status == 200 and path.endswith((".html", "/")):
            for asset in seen.body.split("\n")[1:]:
                due = self.clock.now + timedelta(seconds=self.random.uniform(0, PAGE_VIEW_S))
                self.wanted.append(Wanted(due, location, asset, seen.entry))

    def _look_at_asset(self, one: Wanted) -> None:
        seen = one.location.get(encode_path(one.path))
        self.counts["assets"] += 1
        self._check(seen.status == 200, one.path, seen, "an asset of a page in hand is missing")
        if one.path != "/style.css" and seen.status == 200:
            self._check(seen.body == f"of {one.path}", one.path, seen, "is another asset")

    def _release_of(self, seen: Seen) -> str:
        return self.generations[parse_live_entry(seen.entry).generation][0]

    def _check(self, holds: bool, path: str, seen: Seen, what: str) -> None:
        if not holds:
            self.broken.append(f"{self.clock.now:%H:%M:%S} {path} {what}: {seen}")


def _asset(text: str) -> tuple[str, Headers]:
    return text, Headers("text/css", EDGE_AGE)


@pytest.fixture
def simulated(
    clock: Clock,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., Simulation]]:
    def simulate(seed: int, steps: int, **settings: Any) -> Simulation:
        simulation = Simulation(seed, clock, monkeypatch, **settings)
        simulation.run(steps)
        print(f"seed {seed}: {dict(simulation.counts)}, broken {len(simulation.broken)}")
        return simulation

    return simulate


@pytest.mark.parametrize(("seed", "stalls"), [(1, 0.02), (4, 0.02)])
def test_every_location_shows_one_complete_release(
    simulated: Callable[..., Simulation], seed: int, stalls: float
) -> None:
    found = simulated(seed, 60, stalls=stalls)
    assert found.broken == []
    assert found.counts["looks"] > 3000
    assert found.counts["assets"] > 2000
    assert found.counts["died"] > 0
    assert found.counts["stalls"] > 0


def test_without_cooling_it_would_not(simulated: Callable[..., Simulation]) -> None:
    """The simulation sees what it is there to see."""
    assert simulated(1, 30, cooling_s=0.0).broken


def test_without_invalidations_headers_would_be_old(simulated: Callable[..., Simulation]) -> None:
    assert simulated(3, 60, invalidates=False).broken


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 200))
def test_every_location_shows_one_complete_release_for_many_seeds(
    simulated: Callable[..., Simulation], seed: int
) -> None:
    assert simulated(seed, 120).broken == []


def test_the_same_seed_is_the_same_run(simulated: Callable[..., Simulation]) -> None:
    first, second = (simulated(3, 8).counts for _ in range(2))
    assert first == second
