"""The whole way from the CMS to a release, top to bottom:

CMS -> captures -> layer -> manifest -> redirect rules -> gates -> release
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from publisher.addresses import Addresses, SiteUrls
from publisher.cms.port import Cms
from publisher.compose import compose
from publisher.crawl import Layer, Missing, Progress, Sink, crawl
from publisher.errors import Finding
from publisher.gates import Failed, Limits, ReleaseFacts, check, refusal, refused
from publisher.inspection import Inspector, SiteFacts
from publisher.manifest import Difference, Entry, Manifest, differences, entries_of, find
from publisher.paths import SitePath
from publisher.records import Records
from publisher.release import Override, Release, new_id, utc_now
from publisher.routes import Routes
from publisher.rules import compiled, rules_of
from redirects.compile import LeftOut
from redirects.rules import Conflict, Loop, RuleSet


@dataclass(frozen=True, slots=True)
class Request:
    """What to export, and on whose behalf. `overrides`: gates let through once, and why;
    `emails`: addresses that may be shown."""

    public: str
    cms: str
    routes: Routes
    cutover: str
    limits: Limits
    actor: str
    reason: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export made. `is_new` is False if the CMS has nothing that is not live."""

    release: Release
    is_new: bool
    changes: tuple[Difference, ...]
    missing: tuple[Missing, ...]
    kept: tuple[SitePath, ...]
    removals: Counter[str]
    warnings: tuple[str, ...]


def export(records: Records, cms: Cms, request: Request, progress: Progress) -> Exported:
    """Make a release of what the CMS has now.

    Raises CmsError, StoreError, and GateRefused when the release must not go live: nothing
    but blobs and manifests, which no release names, was written then.
    """
    live = _live(records)
    live_manifest = records.manifest(live.manifest if live else "")

    inventory = cms.inventory()
    addresses = Addresses(
        inventory,
        request.routes,
        SiteUrls(request.public, (inventory.home, request.cms)),
        request.cutover,
    )
    layer = crawl(
        cms,
        addresses,
        inventory,
        _sink(records, live_manifest),
        progress,
        pages_end=_ends(live_manifest, records),
        inspector=Inspector(_site_facts(request, addresses)),
    )
    kept = _keep_good_pages(layer, addresses, live_manifest, records)

    site = compose([layer.entries])
    rules = rules_of(layer, addresses)
    manifest = records.put_manifest(site, live_manifest)

    changes = tuple(differences(live_manifest, manifest, records.load_part))
    findings = check(_release_facts(layer, site, changes, live, request.limits))
    if standing := refused(findings, request.overrides):
        raise refusal(standing)

    warnings = tuple(_warnings(layer, rules))
    redirects = records.put_blob(rules.to_json())
    if live and (live.manifest, live.redirects) == (manifest.digest, redirects):
        return Exported(live, False, (), tuple(layer.missing), kept, layer.removals, warnings)
    release = _release(request, site, manifest, redirects, rules, live, findings)
    records.put_release(release)
    return Exported(release, True, changes, tuple(layer.missing), kept, layer.removals, warnings)


def _live(records: Records) -> Release | None:
    intent, _ = records.intent()
    return records.release(intent.release) if intent.release else None


def _sink(records: Records, live: Manifest) -> Sink:
    """Keeps bytes, but does not write again what the live release has."""
    known = {row.entry.blob for part in live.parts for row in records.load_part(part.digest)}

    def keep(data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        if digest not in known:
            records.put_blob(data)
            known.add(digest)
        return digest

    return keep


def _keep_good_pages(
    layer: Layer, addresses: Addresses, live: Manifest, records: Records
) -> tuple[SitePath, ...]:
    """What the CMS gave no answer about stays as it is on the live site, with the redirects
    that lead there; and so do its parts and all assets, which only it may have led to."""
    unanswered = layer.failed | layer.refused
    before = dict(entries_of(live, records.load_part)) if unanswered else {}
    pages = {path for path in unanswered if path in before}
    if not pages:
        return ()
    answered = {missing.path for missing in layer.missing} - pages | layer.entries.keys()
    kept = []
    for path, entry in before.items():
        if path in pages or (path not in answered and _belongs(path, entry, pages)):
            layer.entries[path] = entry
            address = addresses.locate(unanswered[path].url) if path in pages else None
            if address:
                layer.origins[path] = address
            kept.append(path)
    return tuple(kept)


# Parts of a page: nothing that could be an object of its own, and so have been withdrawn.
_PART = re.compile(r"(?:page/\d+|comment-page-\d+|embed)(?:/|\.html)|(?:comments/)?feed[\w-]*\.xml")


def _belongs(path: SitePath, entry: Entry, pages: Collection[SitePath]) -> bool:
    """Whether a path is an asset, or a further page or feed of one of these pages."""
    if not entry.is_page and not path.endswith(".xml"):
        return True
    return any(_PART.fullmatch(path.removeprefix(_stem(page))) for page in pages)


def _stem(page: SitePath) -> str:
    return str(page) if page.endswith("/") else page.rpartition(".")[0] + "/"


def _ends(live: Manifest, records: Records) -> bool | None:
    """Whether the live site's pages end with `</html>`; None if nothing is live."""
    home = find(live, SitePath("/"), records.load_part)
    return b"</html" in records.blob(home.blob)[-1024:].lower() if home else None


def _site_facts(request: Request, addresses: Addresses) -> SiteFacts:
    # Where paths name pages, an author's link ends in the log-in name.
    links = (unquote(urlsplit(author.link).path) for author in addresses.views.inventory.authors)
    names = {link.rstrip("/").rpartition("/")[2] for link in links}
    return SiteFacts(
        public=request.public,
        cms_hosts=addresses.urls.hosts,
        logins=frozenset(name for name in names if name and not name.isdecimal()),
        emails=request.emails,
        public_ids=frozenset(addresses.views.items),
    )


def _release_facts(
    layer: Layer,
    site: Mapping[SitePath, Entry],
    changes: Collection[Difference],
    live: Release | None,
    limits: Limits,
) -> ReleaseFacts:
    failed = (Failed(path, f"{c.error} ({c.url})") for path, c in layer.failed.items())
    return ReleaseFacts(
        has_home="/" in site,
        pages=sum(entry.is_page for entry in site.values()),
        live_pages=live.pages if live else 0,
        asked=len(layer.entries) + len(layer.failed) + len(layer.missing) + len(layer.moved),
        failed=failed,
        found=layer.findings,
        changes=changes,
        taken_down={missing.path for missing in layer.missing if missing.status in (404, 410)},
        limits=limits,
    )


def _release(
    request: Request,
    site: Mapping[SitePath, Entry],
    manifest: Manifest,
    redirects: str,
    rules: RuleSet,
    live: Release | None,
    findings: list[Finding],
) -> Release:
    now = utc_now()
    gates = {finding.gate for finding in findings}
    return Release(
        id=new_id(now),
        manifest=manifest.digest,
        redirects=redirects,
        parent=live.id if live else "",
        created=now,
        actor=request.actor,
        reason=request.reason,
        pages=sum(entry.is_page for entry in site.values()),
        files=len(site),
        rules=len(rules.rules),
        overrides=tuple(
            Override(gate, reason) for gate, reason in request.overrides.items() if gate in gates
        ),
    )


def _warnings(layer: Layer, rules: RuleSet) -> list[str]:
    warnings = [_conflict(conflict) for conflict in rules.conflicts]
    warnings += [_loop(loop) for loop in rules.loops]
    warnings += [_left_out(left) for left in compiled(rules)[1].left_out]
    warnings += [
        f"{one} and {other} both belong at {path}: only the first is there"
        for path, (one, other) in layer.collisions.items()
    ]
    if layer.noindex:
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
