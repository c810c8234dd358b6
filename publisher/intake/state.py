"""What the store knows of each designer's upload.

    layers/designers/<name>     which layer was accepted last, which awaits approval, what the last
                                look found; moved only by compare-and-swap

Layers themselves are manifests: immutable, named by their digest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from publisher.errors import NotFound, StoreError
from publisher.intake.remark import Remark
from publisher.manifest import Entry, decode_part
from publisher.records import Records
from publisher.release import Approval, Contribution
from publisher.store.port import ABSENT, Store

LAYERS = "layers/designers/"


class Taken(msgspec.Struct, frozen=True, array_like=True):
    """A file of an upload: its name there, what the store said of it, what it became."""

    name: str
    etag: str
    size: int
    modified: str
    path: str
    entry: Entry


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An upload that can be on the site. `folder`: the digest of the list of its files; `upload`:
    of that and of what this designer may do; `layer`: of its manifest; `taken`: of the manifest
    of its `Taken`; `notes`: what there is to say of it; `uploaded`: when its newest file was."""

    folder: str
    upload: str
    layer: str
    taken: str
    files: int
    pages: int
    bytes: int
    uploaded: datetime | None = None
    notes: tuple[Remark, ...] = ()


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Of one designer. `accepted`: what each release has from now on; `approved`: the release in
    which it was approved of, '' if nobody had to, and by whom: `approval`; `pending`: what awaits
    approval, in the release `held`; `refused`: the upload that was refused last, for which
    `reasons`, beside which rest of the site; `live`, `since`, `release`: the layer that visitors
    get, since when, and with which release it went live; `told`: what the last notification was
    about; `preview_password`: the one that was made for their preview, '' for none."""

    accepted: Kept | None = None
    over_cms: bool = True
    approved: str = ""
    approval: Approval | None = None
    pending: Kept | None = None
    held: str = ""
    refused: str = ""
    refused_folder: str = ""
    refused_beside: str = ""
    reasons: tuple[Remark, ...] = ()
    live: str = ""
    since: datetime | None = None
    release: str = ""
    told: str = ""
    preview_password: str = ""


def load(store: Store, name: str) -> tuple[State, str]:
    """What is known of a designer, and the etag to change it with. Raises StoreError."""
    try:
        found = store.get(f"{LAYERS}{name}")
    except NotFound:
        return State(), ABSENT
    try:
        return msgspec.json.decode(found.data, type=State), found.etag
    except msgspec.MsgspecError as error:
        raise StoreError(f"{LAYERS}{name} is damaged: {error}") from None


def save(store: Store, name: str, state: State, etag: str) -> str:
    """Change it; returns the new etag. Raises Conflict if somebody else did so first."""
    data = msgspec.json.format(msgspec.json.encode(state), indent=1) + b"\n"
    return store.put(f"{LAYERS}{name}", data, expect=etag)


def states(store: Store) -> dict[str, State]:
    """Of all designers who ever uploaded anything, in the order of their names."""
    names = sorted(one.key.removeprefix(LAYERS) for one in store.list(LAYERS))
    return {name: load(store, name)[0] for name in names}


def accepted(known: dict[str, State]) -> tuple[Contribution, ...]:
    """What the accepted uploads contribute to a release."""
    return tuple(
        Contribution(name, state.accepted.layer, state.over_cms)
        for name, state in known.items()
        if state.accepted and state.accepted.files
    )


def needed(known: Iterable[State]) -> Iterator[Kept]:
    """All uploads that a release has or may get: what `gc` leaves alone."""
    for state in known:
        yield from filter(None, (state.accepted, state.pending))


def taken(records: Records, digest: str) -> Iterator[Taken]:
    """The files of an upload; '' is none."""
    for part in records.manifest(digest).parts:
        yield from decode_part(records.part(part.digest), Taken)
