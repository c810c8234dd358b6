"""The whole way from the CMS to a release, top to bottom:

CMS -> captures -> layer -> manifest -> redirect rules -> gates -> release
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from publisher.addresses import Addresses, SiteUrls
from publisher.cms.port import Cms
from publisher.crawl import Crawled, Progress, crawl
from publisher.errors import Finding, GateRefused
from publisher.gates import Facts, Limits, check, refused
from publisher.inventory import Inventory
from publisher.judge import Doubts, ends
from publisher.layer import Answers, Layer, Missing, answers
from publisher.manifest import Difference, Manifest, Row, differences, entries_of, find
from publisher.outcome import Captured
from publisher.paths import SitePath
from publisher.prepare import Preparing
from publisher.records import Records
from publisher.release import Override, Release, new_id, utc_now
from publisher.rewrite.tokens import Shape
from publisher.routes import Routes
from publisher.rules import Moved, compiled, rules_of
from publisher.scope import Scope
from publisher.spool import Spool
from publisher.workers import Plant
from redirects.compile import LeftOut
from redirects.rules import Conflict, Loop, RuleSet

# So many paths of each kind of change are named; all are counted.
_NAMED_MAX = 1000


@dataclass(frozen=True, slots=True)
class Request:
    """What to export, and on whose behalf.

    `overrides`: gates let through once, and why. `keep`: what pages keep that only the CMS needs
    (`rewrite/removals.py`). `tokens`: the declared shapes of what is random in pages. `quiet`: an
    export that was cut is gone on with if it has written nothing for this time; None starts
    from the beginning.
    """

    public: str
    cms: str
    routes: Routes
    cutover: str
    limits: Limits
    actor: str
    reason: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    scope: Scope = field(default_factory=Scope)
    keep: frozenset[str] = frozenset()
    tokens: tuple[Shape, ...] = ()
    quiet: timedelta | None = timedelta()


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


# Makes what prepares captures, for the length of a block.
Staff = Callable[[Plant], AbstractContextManager[Preparing]]


def export(
    records: Records, cms: Cms, request: Request, staff: Staff, progress: Progress
) -> Exported:
    """Make a release of what the CMS has now.

    Raises CmsError, StoreError, NotNow, and GateRefused when the release must not go live:
    nothing but blobs and manifests, which no release names, was written then.
    """
    live = _live(records)
    live_manifest = records.manifest(live.manifest if live else "")
    inventory = cms.inventory()
    plant = Plant(
        records.store,
        inventory,
        request.routes,
        SiteUrls(request.public, (inventory.home, request.cms)),
        request.cutover,
        request.scope,
        request.keep,
        request.tokens,
    )
    addresses = plant.addresses()
    spool = Spool(records.store, _key(request, inventory), request.quiet)

    resumed = spool.is_resumed
    try:
        with staff(plant) as preparing:
            crawled = crawl(
                cms,
                addresses,
                preparing,
                spool,
                progress,
                doubts=Doubts(_ends(live_manifest, records)),
                live=_blobs(live_manifest, records),
                earlier=spool if spool.is_resumed else (),
            )
    finally:
        spool.flush()
    said = answers(spool, crawled.doubts)
    layer = Layer(
        spool,
        crawled.doubts,
        live=lambda: entries_of(live_manifest, records.load_part),
        captured=lambda: records.captured(live.captured if live else ""),
        pages=_live_pages(said, live_manifest, records),
    )
    made = _keep(records, layer, live, live_manifest)
    rules = rules_of(
        lambda: ((row.path, row.url) for row in layer), _moved(said, addresses), addresses
    )

    changes = Changes()
    facts = Facts(
        pages=made.pages,
        has_home=made.has_home,
        failed=said.failed,
        findings=said.findings,
        changes=_noted(live_manifest, made.manifest, records, changes),
        live_pages=live.pages if live else 0,
    )
    findings = check(facts, request.limits)
    if standing := refused(findings, request.overrides):
        raise GateRefused(standing)

    redirects = records.put_blob(rules.to_json())
    release = _release(request, made, redirects, rules, live, findings)
    is_new = not live or _content(live) != _content(release)
    if is_new:
        records.put_release(release)
    exported = Exported(
        release if is_new or not live else live,
        is_new,
        changes,
        tuple(said.missing),
        made.kept,
        crawled.removals,
        tuple(_warnings(crawled, rules)),
        resumed=resumed,
    )
    spool.discard()
    return exported


def _live(records: Records) -> Release | None:
    intent, _ = records.intent()
    return records.release(intent.release) if intent.release else None


def _content(release: Release) -> tuple[str, str]:
    return release.manifest, release.redirects


def _key(request: Request, inventory: Inventory) -> str:
    """What an export is made of: one that was cut is gone on with if it is the same."""
    made_of = (
        request.public, request.cms, request.routes, request.cutover, request.scope.include,
        request.scope.exclude, sorted(request.keep), request.tokens,
        inventory,
    )  # fmt: skip
    return hashlib.sha256(msgspec.json.encode(made_of)).hexdigest()


def _blobs(live: Manifest, records: Records) -> dict[int, str]:
    return {hash(path): entry.blob for path, entry in entries_of(live, records.load_part)}


def _ends(live: Manifest, records: Records) -> bool | None:
    """Whether the live site's pages end with `</html>`; None if nothing is live."""
    home = find(live, SitePath("/"), records.load_part)
    return ends(records.blob(home.blob)) if home else None


def _live_pages(said: Answers, live: Manifest, records: Records) -> frozenset[str]:
    """The live paths about which the CMS gave no answer, or none to be believed."""
    unanswered = said.failed.keys() | said.refused
    return frozenset(path for path in unanswered if find(live, path, records.load_part))


@dataclass(frozen=True, slots=True)
class _Made:
    """The manifest, and what is in it."""

    manifest: Manifest
    captured: Manifest
    pages: int
    has_home: bool
    kept: tuple[str, ...]


def _keep(records: Records, layer: Layer, live: Release | None, live_manifest: Manifest) -> _Made:
    """Write the manifest, and where its files came from."""
    known = records.manifest(live.captured if live else "")
    entries, origins = records.parts(live_manifest), records.parts(known)
    pages, has_home, kept = 0, False, []
    for row in layer:
        entries.add(row.path, Row(str(row.path), row.entry))
        origins.add(row.path, Captured(str(row.path), row.url, row.depends))
        pages += row.entry.is_page
        has_home = has_home or row.path == "/"
        if row.is_kept:
            kept.append(str(row.path))
    return _Made(
        records.put_index(entries, live_manifest),
        records.put_index(origins, known),
        pages,
        has_home,
        tuple(kept),
    )


def _moved(said: Answers, addresses: Addresses) -> Iterator[Moved]:
    for outcome in said.moved:
        address = addresses.locate(outcome.url)
        if address:
            yield Moved(address, outcome.status, outcome.target)


def _noted(
    live: Manifest, manifest: Manifest, records: Records, changes: Changes
) -> Iterator[Difference]:
    for change in differences(live, manifest, records.load_part):
        changes.note(change)
        yield change


def _release(
    request: Request,
    made: _Made,
    redirects: str,
    rules: RuleSet,
    live: Release | None,
    findings: list[Finding],
) -> Release:
    now = utc_now()
    gates = {finding.gate for finding in findings}
    return Release(
        id=new_id(now),
        manifest=made.manifest.digest,
        captured=made.captured.digest,
        redirects=redirects,
        parent=live.id if live else "",
        created=now,
        actor=request.actor,
        reason=request.reason,
        pages=made.pages,
        files=made.manifest.rows,
        rules=len(rules.rules),
        overrides=tuple(
            Override(gate, reason) for gate, reason in request.overrides.items() if gate in gates
        ),
    )


def _warnings(crawled: Crawled, rules: RuleSet) -> list[str]:
    warnings = [_conflict(conflict) for conflict in rules.conflicts]
    warnings += [_loop(loop) for loop in rules.loops]
    warnings += [_left_out(left) for left in compiled(rules)[1].left_out]
    warnings += [
        f"{url} belongs at {path}, too, where another page is: only the first is there"
        for path, url in crawled.collisions.items()
    ]
    if crawled.noindex:
        warnings.append(
            "the CMS asks search engines to stay away (Settings > Reading): so will the site"
        )
    return warnings


def _conflict(conflict: Conflict) -> str:
    kept, dropped = conflict.kept, conflict.dropped
    return (
        f"{kept.source} leads to {kept.target} ({kept.origin}), not to {dropped.target} "
        f"({dropped.origin})"
    )


def _loop(loop: Loop) -> str:
    return f"redirects in a circle, left out: {' -> '.join(loop.sources)}"


def _left_out(left: LeftOut) -> str:
    return f"redirect left out: {left.rule.source}: {left.reason}"
