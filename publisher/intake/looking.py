"""Reads an upload, looks at it, and keeps it as a layer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from publisher.addresses import SiteUrls
from publisher.designers.names import folder
from publisher.errors import Finding
from publisher.inspection import Inspector, SiteFacts
from publisher.intake import state as states
from publisher.intake.remark import Remark
from publisher.intake.rest import Rest
from publisher.intake.screening import Screening
from publisher.intake.state import Kept, State, Taken
from publisher.intake.taking import Upload, take
from publisher.intake.terms import SiteTerms
from publisher.intake.words import is_refusal
from publisher.manifest import Manifest
from publisher.paths import recorded
from publisher.records import Records
from publisher.rewrite.text import Hosts


@dataclass(frozen=True, slots=True)
class Looked:
    """An upload that was looked at: what is kept of it, or the `reasons` for which nothing is;
    what gates have to decide about."""

    kept: Kept | None
    reasons: tuple[Remark, ...] = ()
    findings: tuple[Finding, ...] = ()


def key_of(upload: Upload, terms: SiteTerms, name: str) -> str:
    """What tells an upload, on the terms of its designer, from any other."""
    text = f"{upload.digest}\n{terms.designers[name].key}\n{terms.public}\n{terms.cms_hosts}"
    return hashlib.sha256(text.encode()).hexdigest()


def looked(
    records: Records, terms: SiteTerms, name: str, upload: Upload, state: State, rest: Rest
) -> Looked:
    """Look at an upload that is whole. One that was accepted is not read again. Raises Changed,
    StoreError."""
    key = key_of(upload, terms, name)
    for one in (state.accepted, state.pending):
        if one and one.upload == key:
            return Looked(one)
    own = terms.designers[name]
    urls = SiteUrls(terms.public, terms.cms_hosts)
    facts = SiteFacts(terms.public, urls.hosts, emails=terms.emails)
    host = urlsplit(terms.public).hostname or ""
    screening = Screening(own.policy, Inspector(facts), host, Hosts(urls.hosts, terms.public))
    before = states.taken(records, state.accepted.taken if state.accepted else "")
    taken = take(
        records.store, folder(name), own.marker, upload, screening, before, records.put_blob
    )
    screening.end(rest.has, rest.alike)
    remarks = (*screening.remarks, *_untold(screening))
    if any(map(is_refusal, remarks)):
        return Looked(None, remarks, tuple(screening.findings))
    return Looked(_keep(records, key, upload, taken, remarks, state), (), tuple(screening.findings))


def _untold(screening: Screening) -> Iterator[Remark]:
    for code, count in screening.untold():
        if is_refusal(Remark(code)):
            yield Remark("more-refusals", what=f"{count:,}")


def _keep(
    records: Records,
    key: str,
    upload: Upload,
    taken: list[Taken],
    remarks: tuple[Remark, ...],
    state: State,
) -> Kept:
    """Write the layer, beside the list of what it was made of."""
    before = state.accepted
    rows = sorted(taken, key=lambda one: one.path)
    known = records.manifest(before.layer if before else "")
    layer = records.put_manifest(((recorded(one.path), one.entry) for one in rows), known)
    known = records.manifest(before.taken if before else "")
    parts = records.parts(known)
    for one in rows:
        parts.add(one.path, one)
    index: Manifest = records.put_index(parts, known)
    return Kept(
        folder=upload.digest,
        upload=key,
        layer=layer.digest,
        taken=index.digest,
        files=len(rows),
        pages=sum(one.entry.is_page for one in rows),
        bytes=sum(one.entry.size for one in rows),
        uploaded=upload.uploaded,
        notes=remarks,
    )
