"""The whole way from the CMS to a release, top to bottom:

CMS -> captures -> layer -> manifest -> redirect rules -> gates -> release
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from publisher import __version__, discovery, manifest
from publisher.addresses import Addresses, SiteUrls
from publisher.approval import Approvals
from publisher.asking_twice import asked_twice
from publisher.cms.port import Cms
from publisher.collisions import found_on_the_way
from publisher.composing import Composed, Owns, composed
from publisher.crawl import Progress, crawl
from publisher.errors import Damaged, Finding, NotFound
from publisher.facts import (
    TakenDown,
    broken,
    edited,
    failed,
    lists_objects,
    object_pages,
    site_facts,
)
from publisher.gates import OF_SINGLE_PAGES, Limits, ReleaseFacts, check, refusal, refused
from publisher.identities import problems
from publisher.intake.state import accepted, states
from publisher.inventory import Inventory
from publisher.judge import Doubts, ends
from publisher.layer import Answers, Layer, Missing, answers
from publisher.manifest import Difference, Entry, Manifest, differences, entries_of, find
from publisher.outcome import Captured
from publisher.own import NOTHING, Own
from publisher.paths import SitePath, is_shortened
from publisher.prepare import Preparing
from publisher.records import Records, entry_key
from publisher.release import Override, Release, new_id, utc_now
from publisher.remarks import at_both, remarks
from publisher.rewrite.depends import of_address
from publisher.rewrite.tokens import Shape
from publisher.routes import Routes
from publisher.rules import Moved, Redirects
from publisher.scope import Scope
from publisher.social import Social
from publisher.spool import Spool
from publisher.workers import Plant
from redirects.rules import RuleSet

# So many paths of each kind of change are named; all are counted.
_NAMED_MAX = 1000


@dataclass(frozen=True, slots=True)
class Request:
    """What to export, and on whose behalf.

    `overrides`: gates let through once, and why. `keep`: what pages keep that only the CMS needs
    (`rewrite/removals.py`). `tokens`: the declared shapes of what is random in pages. `quiet`: an
    export that was cut is gone on with if it has written nothing for this time; None starts from
    the beginning, and writes anew what the store should have already. `own`: the site's own
    redirects, which fit together. `owns`: which paths are (still) a designer's; `approvals`: what
    has to be approved of before it goes live.
    """

    public: str
    cms: str
    routes: Routes
    social: Social
    limits: Limits
    actor: str
    reason: str
    emails: tuple[str, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)
    scope: Scope = field(default_factory=Scope)
    keep: frozenset[str] = frozenset()
    tokens: tuple[Shape, ...] = ()
    quiet: timedelta | None = timedelta()
    own: Own = NOTHING
    owns: Owns = lambda _name, _path: True
    approvals: Approvals = Approvals()


@dataclass(slots=True)
class Changes:
    """How a release differs from what is live: how much, and the first paths of each kind."""

    new: int = 0
    changed: int = 0
    gone: int = 0
    named: dict[str, list[str]] = field(
        default_factory=lambda: {"new": [], "changed": [], "gone": []}
    )

    def note(self, change: Difference) -> None:
        """Take a difference into account."""
        kind = "new" if change.old is None else "gone" if change.new is None else "changed"
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.named[kind]) < _NAMED_MAX:
            self.named[kind].append(str(change.path))


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export made. `is_new` is False if the CMS has nothing that is not live.
    `resumed`: it went on with an export that had been cut."""

    release: Release
    is_new: bool
    changes: Changes
    missing: tuple[Missing, ...]
    kept: tuple[str, ...]
    removals: Counter[str]
    warnings: tuple[str, ...]
    resumed: bool = False


class Crew(Protocol):
    """Whoever prepares captures, once they are told how."""

    def begin(self, plant: Plant) -> Preparing:
        """Tell them."""
        ...


# Has a crew for the length of a block.
Staff = Callable[[], AbstractContextManager[Crew]]


def export(
    records: Records, cms: Cms, request: Request, staff: Staff, progress: Progress
) -> Exported:
    """Make a release of what the CMS has now.

    Raises CmsError, StoreError, NotNow, and GateRefused when the release must not go live:
    nothing but blobs and manifests, which no release names, was written then.
    """
    with staff() as crew:  # its processes start while the CMS is asked for its lists
        live = _Live.of(records)
        blobs = live.blobs()
        inventory = cms.inventory()
        plant = _plant(records, request, inventory)
        addresses = plant.addresses()
        spool = Spool(records.store, _key(request, inventory), request.quiet, request.overrides)
        resumed = spool.is_resumed
        preparing = crew.begin(plant)
        try:
            crawled = crawl(
                cms,
                addresses,
                preparing,
                spool,
                progress,
                doubts=Doubts(live.ends()),
                live=blobs if request.quiet is not None else {},
                earlier=spool if resumed else (),
            )
        finally:
            spool.flush()
        unstable = tuple(asked_twice(records, cms, spool, preparing, blobs))
    withdrawn = _withdrawn(cms, inventory)

    said = answers(spool, crawled.doubts)
    layer = Layer(spool, crawled.doubts, live.entries, live.captured, live.unanswered(said))
    redirects = Redirects(addresses, request.own)
    made = _keep(records, layer, live, redirects)
    rules = redirects.rules(_moved(said, addresses))
    site = _with_designers(records, made, rules, live, request.owns)

    changes, watch = Changes(), request.approvals.watch()
    for change in differences(live.site, site.manifest, records.load_part):
        changes.note(change)
        watch.note(change.path)
    if live.redirects != site.redirects:
        watch.note_redirects(live.rules(), site.rules)
    facts = ReleaseFacts(
        has_home=site.has_home,
        lists_objects=lists_objects(inventory),
        pages=site.pages,
        live_pages=live.pages,
        asked=crawled.asked,
        failed=failed(said),
        found=said.findings,
        objects=object_pages(layer, addresses, withdrawn) if withdrawn else (),
        withdrawn=withdrawn,
        broken=broken(said, (*made.kept, *site.paths)),
        # Of the CMS alone: what designers do was looked at when they did it.
        changes=differences(live.manifest, made.manifest, records.load_part),
        taken_down=TakenDown(said, live.captured, addresses),
        edited=edited(inventory, live.since, addresses),
        limits=request.limits,
    )
    findings = check(facts)
    if standing := refused(findings, request.overrides):
        spool.refuse({finding.gate for finding in standing} - OF_SINGLE_PAGES)
        raise refusal(standing)

    release = _release(request, made, site, tuple(watch.reasons), live, findings)
    is_new = site.differs_from(live.release)
    if is_new:
        records.put_release(release)
    met = found_on_the_way(spool, crawled.collisions, crawled.cased)
    spool.discard()
    listed = (addresses.locate(url) for url in discovery.listed(inventory))
    return Exported(
        release if is_new or not live.release else live.release,
        is_new,
        changes,
        tuple(one for one in said.missing if one.path not in site.paths),
        made.kept,
        crawled.removals,
        (
            *remarks(
                request.public,
                crawled,
                filter(None, listed),
                made.shortened,
                site.rules,
                request.own,
                redirects.hiding(),
                redirects.nowhere(rules, site.paths),
                redirects.unreachable,
                met,
            ),
            *at_both(site.both),
            *problems(redirects.identities, request.public, rules),
            *unstable,
        ),
        resumed,
    )


# ------------------------------------------------------------------ what is live


@dataclass(frozen=True, slots=True)
class _Live:
    """What visitors get now."""

    records: Records
    release: Release | None
    manifest: Manifest
    site: Manifest

    @staticmethod
    def of(records: Records) -> _Live:
        """`manifest` is the CMS's part of it, `site` all of it."""
        intent, _ = records.intent()
        release = records.release(intent.release) if intent.release else None
        site = records.manifest(release.manifest if release else "")
        cms = records.manifest(release.cms) if release and release.cms else site
        return _Live(records, release, cms, site)

    @property
    def redirects(self) -> str:
        return self.release.redirects if self.release else ""

    def rules(self) -> RuleSet:
        return self.records.rules(self.release) if self.release else RuleSet()

    @property
    def pages(self) -> int:
        return self.release.pages if self.release else 0

    @property
    def since(self) -> datetime | None:
        return self.release.created if self.release else None

    def entries(self) -> Iterator[tuple[str, Entry]]:
        return entries_of(self.manifest, self.records.load_part)

    def captured(self) -> Iterator[tuple[str, Captured]]:
        return self.records.captured(self.release.captured if self.release else "")

    def blobs(self) -> dict[int, str]:
        return {hash(path): entry_key(entry) for path, entry in self.entries()}

    def ends(self) -> bool | None:
        """Whether its pages end with `</html>`; None if nothing is live, or its bytes are lost:
        an export is what brings them back."""
        home = find(self.manifest, SitePath("/"), self.records.load_part)
        with suppress(NotFound, Damaged):
            return ends(self.records.content(home)) if home else None
        return None

    def unanswered(self, said: Answers) -> frozenset[str]:
        """The live paths about which the CMS gave no answer, or none to be believed."""
        paths = said.failed.keys() | said.refused
        return frozenset(p for p in paths if find(self.manifest, p, self.records.load_part))


# ------------------------------------------------------------------ pieces


def _plant(records: Records, request: Request, inventory: Inventory) -> Plant:
    urls = SiteUrls(request.public, (inventory.home, request.cms))
    return Plant(
        records.store, inventory, request.routes, urls, request.social, request.scope,
        request.keep, request.tokens, site_facts(request.public, request.emails, inventory, urls),
    )  # fmt: skip


def _key(request: Request, inventory: Inventory) -> str:
    """What an export is made of: one that was cut is gone on with if it is the same."""
    made_of = (
        __version__, request.public, request.cms, request.routes, request.social,
        request.scope.include, request.scope.exclude, sorted(request.keep), request.tokens,
        request.emails, inventory.digest,
    )  # fmt: skip
    return hashlib.sha256(msgspec.json.encode(made_of)).hexdigest()


def _withdrawn(cms: Cms, inventory: Inventory) -> frozenset[int]:
    """What stopped being public while the export ran."""
    now = cms.public_ids()
    if now is None:
        return frozenset()
    before = {
        item.id for item in inventory.items if item.kind != "attachment" and not item.protected
    }
    return frozenset(before - now)


@dataclass(frozen=True, slots=True)
class _Made:
    """The manifest, and what is in it."""

    manifest: Manifest
    captured: Manifest
    pages: int
    has_home: bool
    kept: tuple[str, ...]
    shortened: tuple[str, ...]


def _keep(records: Records, layer: Layer, live: _Live, redirects: Redirects) -> _Made:
    """Write the manifest and where its files came from, and take note of the redirects: in one
    reading, which is half of what follows a crawl."""
    known = records.manifest(live.release.captured if live.release else "")
    entries, origins = records.parts(live.manifest), records.parts(known)
    pages, has_home = 0, False
    kept: list[str] = []
    shortened: list[str] = []
    for row in layer:
        path = str(row.path)
        address = redirects.add(row.path, row.url)
        entries.add(path, manifest.Row(path, row.entry))
        origins.add(path, Captured(path, row.url, row.depends, of_address(address)))
        pages += row.entry.is_page
        has_home = has_home or path == "/"
        if row.is_kept:
            kept.append(path)
        if is_shortened(row.path):
            shortened.append(path)
    return _Made(
        records.put_index(entries, live.manifest),
        records.put_index(origins, known),
        pages,
        has_home,
        tuple(kept),
        tuple(shortened),
    )


def _moved(said: Answers, addresses: Addresses) -> Iterator[Moved]:
    for outcome in said.moved:
        address = addresses.locate(outcome.url)
        if address:
            yield Moved(address, outcome.status, outcome.target)


def _with_designers(
    records: Records, made: _Made, rules: RuleSet, live: _Live, owns: Owns
) -> Composed:
    """The site with what designers have uploaded. Without any, it is the CMS's layer, which need
    not be read again."""
    layers = accepted(states(records.store))
    if layers:
        return composed(records, made.manifest, rules, layers, owns, live.site)
    redirects = records.put_blob(rules.to_json())
    return Composed(made.manifest, redirects, rules, made.pages, has_home=made.has_home)


def _release(
    request: Request,
    made: _Made,
    site: Composed,
    held: tuple[str, ...],
    live: _Live,
    findings: list[Finding],
) -> Release:
    now = utc_now()
    gates = {finding.gate for finding in findings}
    release = Release(
        id=new_id(now),
        manifest="",
        captured=made.captured.digest,
        redirects="",
        parent=live.release.id if live.release else "",
        created=now,
        actor=request.actor,
        reason=request.reason,
        pages=0,
        files=0,
        rules=0,
        held=held,
        overrides=tuple(
            Override(gate, reason) for gate, reason in request.overrides.items() if gate in gates
        ),
    )
    return site.into(release)
