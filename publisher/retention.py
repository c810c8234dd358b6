"""What `publisher gc` keeps and what it lets go. Pure: the store is read and written by `collect`.

Kept is what somebody may still need: what an intent or a slot names, the newest releases and the
young ones, what was live a short while ago (an export that began then builds on it), and for each
of these the releases whose assets a slot shows beside it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from publisher.compose import ASSET_RELEASES
from publisher.release import CLAIM_MAX, Change, Intent, Release, Slot

# Longer than any run: nothing younger is removed from among what an export writes before a
# release names it, and what was live so recently may be what an export builds on.
GRACE = timedelta(hours=48)
# Longer than a request to the store or to the edge lives, however slow its client is.
LATE = timedelta(hours=1)
# How old what visitors get while the edge can't read its data may become.
FALLBACK_MAX = timedelta(days=7)

_SLOT = re.compile(r"(?:preview-[a-z0-9-]+-)?s[1-9][0-9]*")


@dataclass(frozen=True, slots=True)
class Keep:
    """How many of the newest releases are kept, and for how many days every one is."""

    releases: int = 20
    days: int = 30


# ------------------------------------------------------------------------- releases


def retained(
    releases: Mapping[str, Release],
    intents: Iterable[Intent],
    recent: Collection[str],
    keep: Keep,
    now: datetime,
) -> set[str]:
    """The ids of the releases that stay. `releases`: all there are, by id; `recent`: those that
    were live within GRACE."""
    oldest = now - timedelta(days=keep.days)
    kept = set(sorted(releases, reverse=True)[: keep.releases])
    kept |= {name for name, release in releases.items() if release.created > oldest}
    kept.update(recent)
    for intent in intents:
        kept |= named(intent)
    for name in list(kept):
        for _ in range(ASSET_RELEASES - 1):
            name = releases[name].parent if name in releases else ""
            kept.add(name)
    return kept & releases.keys()


def named(intent: Intent) -> set[str]:
    """The releases that an intent or one of its slots names, and the one to go back to."""
    names = {intent.release, *(slot.release for slot in intent.slots.values())}
    if intent.change:
        names |= {intent.change.from_release, intent.change.to_release}
    return names - {""}


def lately_live(journal: Iterable[Change], now: datetime) -> set[str]:
    """The releases that were live within GRACE, from a journal that begins with the newest."""
    found: set[str] = set()
    for change in journal:
        if change.time + GRACE < now:
            break
        found |= {change.from_release, change.to_release}
    return found - {""}


# ---------------------------------------------------------------------------- slots


def is_filling(intent: Intent, now: datetime) -> bool:
    """Whether somebody may be at work on one of the slots."""
    return any(_is_claimed(slot, now) for slot in intent.slots.values())


def settled(intent: Intent, now: datetime, cooling_s: float) -> Intent:
    """The intent with claims of the dead given up, and ended if it is a preview that has
    expired and that no cache shows any more. Its name stays: those of its slots must never be
    used again."""
    slots = {
        name: msgspec.structs.replace(slot, state="abandoned")
        if slot.state == "filling" and not _is_claimed(slot, now)
        else slot
        for name, slot in intent.slots.items()
    }
    moved = msgspec.structs.replace(intent, slots=slots)
    expires = intent.expires
    is_over = intent.slot and expires and expires + timedelta(seconds=cooling_s) <= now
    if expires and is_over and not is_filling(intent, now):  # nobody gives it more time
        moved = _ended(moved, expires)
    return moved if moved == intent else _stepped(moved)


def _ended(intent: Intent, since: datetime) -> Intent:
    slots = {
        name: slot
        if slot.state == "abandoned"
        else msgspec.structs.replace(slot, state="abandoned", since=since)
        for name, slot in intent.slots.items()
    }
    return msgspec.structs.replace(
        intent, release="", slot="", redirect_set="", redirect_head="", password="", slots=slots
    )


def abandoned(intent: Intent, now: datetime, cooling_s: float) -> list[str]:
    """The slots whose files can be removed: nobody is shown them, and nobody's request to write
    one is still under way."""
    wait = LATE + timedelta(seconds=cooling_s)
    return [
        name
        for name, slot in intent.slots.items()
        if slot.state == "abandoned" and slot.since + wait <= now
    ]


def dropped(intent: Intent, names: Collection[str]) -> Intent:
    """The intent without these slots, if they are still abandoned."""
    slots = {
        name: slot
        for name, slot in intent.slots.items()
        if name not in names or slot.state != "abandoned"
    }
    moved = msgspec.structs.replace(intent, slots=slots)
    return moved if moved == intent else _stepped(moved)


def is_slot(folder: str) -> bool:
    """Whether a folder below `site/` can only be that of a slot."""
    return bool(_SLOT.fullmatch(folder))


def still_withdrawn(intent: Intent, withdrawn: Collection[str]) -> Iterator[tuple[str, str]]:
    """Slots and paths that they must not have. Only of slots that nobody can be about to fill: in
    another one the path may be restored this very moment."""
    for name, slot in intent.slots.items():
        if slot.state in ("live", "fallback"):
            yield from ((name, path) for path in slot.without if path in withdrawn)


# ------------------------------------------------------------------------- fallback


def needs_fallback(intent: Intent, now: datetime) -> bool:
    """Whether what is shown while the edge can't read its data has to be made anew."""
    if not intent.slot:
        return False
    held = intent.slots.get(intent.fallback)
    return (
        held is None
        or held.state != "fallback"
        or held.since + FALLBACK_MAX <= now
        or held.without != tuple(sorted(intent.withdrawn))
    )


def with_fallback(intent: Intent, name: str, claimed: Slot, filled: Slot) -> Intent:
    """The intent with a slot as its fallback, and the one before it abandoned. If what was filled
    is not what it should be any more, that slot is abandoned itself."""
    slots = dict(intent.slots)
    if slots.get(name) != claimed:  # took so long that it was given up
        return intent
    if filled.without != tuple(sorted(intent.withdrawn)):
        slots[name] = msgspec.structs.replace(filled, state="abandoned")
        return _stepped(msgspec.structs.replace(intent, slots=slots))
    before = slots.get(intent.fallback)
    if before:
        slots[intent.fallback] = msgspec.structs.replace(
            before, state="abandoned", since=filled.since
        )
    slots[name] = filled
    return _stepped(msgspec.structs.replace(intent, slots=slots, fallback=name))


def _is_claimed(slot: Slot, now: datetime) -> bool:
    return slot.state == "filling" and slot.since + CLAIM_MAX >= now


def _stepped(intent: Intent) -> Intent:
    return msgspec.structs.replace(intent, generation=intent.generation + 1)
