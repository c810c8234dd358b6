"""Releases, what should be live, and the record of every change. Plain data, no I/O."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

import msgspec


class Override(msgspec.Struct, frozen=True):
    """A gate that was let through once, and why."""

    gate: str
    reason: str


class Contribution(msgspec.Struct, frozen=True):
    """What a designer contributes to a release: the digest of their layer's manifest.
    `over_cms`: at a path that the CMS has, too, theirs is shown."""

    designer: str
    layer: str
    over_cms: bool = True


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest, its redirect set, and where both come from. Immutable.

    `manifest` is a manifest's digest, `captured` that of the rows that say where each file came
    from ('' for none), `redirects` the SHA-256 of the blob that holds the rule set, `parent`
    the release that was live when this one was made ('' for none). `retired`: `gc` is about to
    remove it, so no slot is filled with it any more; all else never changes.

    `layers`: what designers contribute. Where there are any, `cms` is the digest of the manifest of
    the CMS's own layer, and `cms_redirects` the blob of its rules; else they are '', and `manifest`
    and `redirects` are these. `designer`: whose upload it was made for, '' for an export. `held`:
    why somebody has to approve of it before it goes live; none if nobody has to.
    """

    id: str
    manifest: str
    redirects: str
    parent: str
    created: datetime
    actor: str
    reason: str
    pages: int
    files: int
    rules: int
    captured: str = ""
    overrides: tuple[Override, ...] = ()
    retired: bool = False
    layers: tuple[Contribution, ...] = ()
    cms: str = ""
    cms_redirects: str = ""
    designer: str = ""
    held: tuple[str, ...] = ()

    @property
    def cms_layer(self) -> str:
        """The digest of the manifest of what the CMS contributes."""
        return self.cms or self.manifest

    @property
    def cms_rules(self) -> str:
        """The blob of the redirect rules without regard to what designers contribute."""
        return self.cms_redirects or self.redirects


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody let a held release through."""

    release: str
    actor: str
    reason: str
    time: datetime


Action = Literal[
    "publish", "rollback", "resume", "withdraw", "restore", "grant", "revoke", "credentials"
]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A journal record: one change to what visitors get, or to what a designer may do. `target` is
    `live` or a preview's name, `path` the site path that was withdrawn or restored. Of a release
    that was held: `made_by`, whose it is, and `approved_by`, who let it through. `designer`:
    who was given access (`grant`), lost it (`revoke`) or got credentials for a limited time;
    `detail` says in words what was done for it, and never holds a secret."""

    id: str
    time: datetime
    action: Action
    actor: str
    reason: str
    from_release: str
    to_release: str
    overrides: tuple[Override, ...] = ()
    target: str = "live"
    path: str = ""
    made_by: str = ""
    approved_by: str = ""
    designer: str = ""
    detail: str = ""


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Set by a rollback: releases are made but not published until it is released."""

    actor: str
    reason: str
    since: datetime


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """A site path that no release may show any more, until it is restored."""

    actor: str
    reason: str
    since: datetime


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """What a slot holds and whether it can be used.

    filling: claimed by one publish and nobody else's, ever; live: what visitors get;
    cooling: out of service, the edge may still hold its files until `until` (None: as long as
    it has not been seen to show something else); fallback: what the
    edge shows while its data can't be read, outside the ring; abandoned: whoever filled it died,
    or it is not needed any more: nothing in it can be relied on, and `gc` removes it.
    """

    state: Literal["filling", "live", "cooling", "fallback", "abandoned"]
    since: datetime
    until: datetime | None = None
    release: str = ""
    # Digests of the release's manifest and of that of the older assets beside it.
    manifest: str = ""
    older: str = ""
    # Site paths of these that the slot has not, because they were withdrawn.
    without: tuple[str, ...] = ()


class RedirectSet(NamedTuple):
    """A redirect set that was loaded: its id, and its head."""

    id: str
    head: str


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """What should be live, or on a preview: the one object that is moved, by compare-and-swap.

    `change` is the last change; the journal is written from it, so that no change that
    took effect can be missing there. `withdrawn` (of what is live, and respected by previews)
    has the site paths that nobody may get. A preview ends at `expires` and may ask for a
    password, kept as `redirects.compile.password_digest` alone. `fallback` is the slot that the
    edge shows while its data can't be read. `redirect_head`: what the edge's entry has of the
    redirect set (`redirects.compile.KeyValueData.head`).
    """

    generation: int = 0
    release: str = ""
    slot: str = ""
    redirect_set: str = ""
    redirect_head: str = ""
    hold: Hold | None = None
    slots: dict[str, Slot] = {}
    slots_made: int = 0
    change: Change | None = None
    withdrawn: dict[str, Withdrawal] = {}
    expires: datetime | None = None
    password: str = ""
    fallback: str = ""


# What can be published to: the public site, or a preview, whose name is a part of a host name.
LIVE = "live"
PREVIEW = "preview-"
_PREVIEW_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


def is_target(name: str) -> bool:
    """Whether something can be published to this: `live`, or `preview-` and up to 40 lower-case
    letters, digits and hyphens."""
    return name == LIVE or (
        name.startswith(PREVIEW) and bool(_PREVIEW_NAME.fullmatch(name.removeprefix(PREVIEW)))
    )


def new_id(now: datetime) -> str:
    """An id that sorts by time, to the millisecond: `20261122T031500042Z-3f9a1c`."""
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}Z-{secrets.token_hex(3)}"


def utc_now() -> datetime:
    """The present, in UTC, to the millisecond."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


# --------------------------------------------------------------------- the slot ring

# Slots in good order that a site has: each release filled within the cooling time needs one.
RING_SIZE = 5
# Longer than any run: a claim older than this belongs to a dead process.
CLAIM_MAX = timedelta(hours=24)
_LOOK_AGAIN = timedelta(seconds=1)


def choose_slot(intent: Intent, now: datetime, target: str = LIVE) -> str | datetime:
    """The slot that the next release goes to, or the time when one will have cooled.

    The slot that went out of service last is the most like what is live, so it takes the
    fewest writes. Slots being filled or abandoned are passed over: their place in the ring
    is taken by a new name.
    """
    cooled = [
        (slot.until, name)
        for name, slot in intent.slots.items()
        if slot.state == "cooling" and slot.until is not None and slot.until <= now
    ]
    if cooled:
        return max(cooled)[1]
    in_order = [slot for slot in intent.slots.values() if slot.state in ("live", "cooling")]
    if len(in_order) < RING_SIZE:
        return new_slot(intent, target)
    known = [slot.until for slot in in_order if slot.until is not None]
    return min(known, default=now + _LOOK_AGAIN)  # others are about to tell the edge


def new_slot(intent: Intent, target: str = LIVE) -> str:
    """The name of a slot that has never been. Each preview has slots of its own."""
    prefix = "s" if target == LIVE else f"{target}-s"
    return f"{prefix}{intent.slots_made + 1}"


def claim(intent: Intent, name: str, now: datetime) -> Intent:
    """The intent with this slot marked as being filled by us, and old claims as abandoned."""
    slots = {
        other: msgspec.structs.replace(slot, state="abandoned")
        if slot.state == "filling" and slot.since + CLAIM_MAX < now
        else slot
        for other, slot in intent.slots.items()
    }
    slots[name] = Slot(state="filling", since=now)
    made = intent.slots_made + (name not in intent.slots)
    return msgspec.structs.replace(
        intent, generation=intent.generation + 1, slots=slots, slots_made=made
    )


def go_live(
    intent: Intent, name: str, filled: Slot, redirects: RedirectSet, change: Change
) -> Intent:
    """The intent with this slot live. The one that was live cools: from when, the edge will
    tell."""
    slots = dict(intent.slots)
    if intent.slot and intent.slot != name:
        slots[intent.slot] = msgspec.structs.replace(
            slots[intent.slot], state="cooling", since=change.time, until=None
        )
    slots[name] = msgspec.structs.replace(filled, state="live", since=change.time, until=None)
    return msgspec.structs.replace(
        intent,
        generation=intent.generation + 1,
        release=change.to_release,
        slot=name,
        redirect_set=redirects.id,
        redirect_head=redirects.head,
        slots=slots,
        change=change,
    )


def out_of_service(intent: Intent) -> dict[str, Slot]:
    """The slots that cool, and of which nobody has written down yet that the edge shows them no
    more."""
    return {
        name: slot
        for name, slot in intent.slots.items()
        if slot.state == "cooling" and slot.until is None
    }


def slot_with(intent: Intent, release: str, withdrawn: Iterable[str]) -> str | None:
    """A slot in good order that already holds this release, and nothing that is withdrawn."""
    missing = tuple(sorted(withdrawn))
    return next(
        (
            name
            for name, slot in intent.slots.items()
            if slot.release == release
            and slot.without == missing
            and slot.state in ("live", "cooling")
        ),
        None,
    )


def withdrawn_from(intent: Intent, path: str, why: Withdrawal) -> Intent:
    """The intent with a path withdrawn, and none of its slots that can be seen holding it. A
    path that was withdrawn before keeps its reason."""
    slots = {
        name: msgspec.structs.replace(slot, without=tuple(sorted({*slot.without, str(path)})))
        if is_seen(slot)
        else slot
        for name, slot in intent.slots.items()
    }
    withdrawn = {str(path): why} | intent.withdrawn
    return msgspec.structs.replace(intent, slots=slots, withdrawn=withdrawn)


def is_seen(slot: Slot) -> bool:
    """Whether the edge may show this slot, or what it cached of it."""
    return slot.state in ("live", "cooling", "fallback")
