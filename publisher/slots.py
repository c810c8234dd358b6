"""A slot for a release: one is claimed, and filled by the difference to what it holds.

Nothing of it is visible before the intent names the slot; if this process dies, the claim is
never taken over, and another slot takes its place.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import msgspec

from publisher.compose import ASSET_RELEASES, compose, older_assets, slot_differences, without
from publisher.edge.port import Edge
from publisher.errors import Conflict, LostRace, NotNow, PublisherError
from publisher.filling import Progress, fill
from publisher.manifest import Difference, Entry, Manifest, differences, entries_of, find
from publisher.paths import SitePath
from publisher.plan import Plan
from publisher.records import Records
from publisher.release import (
    LIVE,
    Intent,
    Release,
    Slot,
    choose_slot,
    claim,
    new_slot,
    slot_with,
    utc_now,
)

# So often another publisher may have been faster before we give up.
CONFLICTS_MAX = 20

# Files in path order, read anew at each call.
Files = Callable[[], Iterator[tuple[SitePath, Entry]]]


@dataclass(frozen=True, slots=True)
class Ready:
    """A slot that holds a release: its name, our claim as it stands in the intent, what is to
    stand there once it is live, and what was done in it."""

    slot: str
    claimed: Slot
    filled: Slot
    plan: Plan


class Slots:
    """The slots of one target: the public site, or a preview."""

    def __init__(self, records: Records, edge: Edge, progress: Progress, target: str) -> None:
        self._records = records
        self._edge = edge
        self._progress = progress
        self._target = target

    def ready(
        self, intent: Intent, release: Release, withdrawn: Collection[str], *, wait: bool
    ) -> Ready:
        """A slot with this release and nothing of what is withdrawn: one that has it, or one
        that is filled now. Raises NotNow while all slots cool and `wait` is False; LostRace."""
        name = slot_with(intent, release.id, withdrawn)
        if name:
            return self._completed(intent, name, release, withdrawn)
        _check(release)
        name, held, claimed = self._claim(intent, wait=wait)
        # After the claim: `gc` says what it is about to remove, then looks for claims, so that
        # one of the two sees the other.
        found = self._records.stored_release(release.id)
        _check(found[0] if found else msgspec.structs.replace(release, retired=True))
        older = self._older(intent, release)
        plan = Plan(self._changes(held, release, older, withdrawn))
        stale = fill(self._records, name, plan, self._progress)
        if stale and self._target == LIVE:  # what previews show is kept nowhere
            self._progress("waiting until the edge forgets old headers", 0, len(stale))
            self._edge.invalidate(stale)
        filled = Slot(
            state="filling",
            since=utc_now(),
            release=release.id,
            manifest=release.manifest,
            older=self._keep(older),
            without=tuple(sorted(withdrawn)),
        )
        return Ready(name, claimed, filled, plan)

    def spare(self, release: Release, withdrawn: Collection[str]) -> Ready:
        """A slot that has never been, with this release and nothing of what is withdrawn: it
        stands outside the ring, for when the edge can't read its data."""
        name, claimed = self._claim_new()
        plan = Plan(self._changes(None, release, lambda: iter(()), withdrawn))
        fill(self._records, name, plan, self._progress)
        filled = Slot(
            state="fallback",
            since=utc_now(),
            release=release.id,
            manifest=release.manifest,
            without=tuple(sorted(withdrawn)),
        )
        return Ready(name, claimed, filled, plan)

    def plan(self, intent: Intent, release: Release, withdrawn: Collection[str]) -> Plan:
        """What publishing would write and remove, compared with the slot that is live."""
        held = intent.slots.get(intent.slot)
        return Plan(self._changes(held, release, self._older(intent, release), withdrawn))

    # ------------------------------------------------------------------ steps

    def _claim(self, before: Intent, *, wait: bool) -> tuple[str, Slot | None, Slot]:
        """Mark a slot as ours, before the first write to it. Returns its name, what it still
        holds, and our claim."""
        for _ in range(CONFLICTS_MAX):
            intent, etag = self._records.intent(self._target)
            still(before, intent)
            now = utc_now()
            chosen = choose_slot(intent, now, self._target)
            if isinstance(chosen, datetime):
                self._cool(chosen, now, wait=wait)
                continue
            claimed = claim(intent, chosen, now)
            try:
                self._records.move_intent(claimed, etag, self._target)
            except Conflict:
                continue
            return chosen, intent.slots.get(chosen), claimed.slots[chosen]
        raise LostRace("other publishers kept claiming slots", "Try again.")

    def _claim_new(self) -> tuple[str, Slot]:
        for _ in range(CONFLICTS_MAX):
            intent, etag = self._records.intent(self._target)
            name = new_slot(intent, self._target)
            claimed = claim(intent, name, utc_now())
            with suppress(Conflict):
                self._records.move_intent(claimed, etag, self._target)
                return name, claimed.slots[name]
        raise LostRace("other publishers kept claiming slots", "Try again.")

    def _cool(self, until: datetime, now: datetime, *, wait: bool) -> None:
        seconds = max(1, math.ceil((until - now).total_seconds()))
        if not wait:
            raise NotNow(f"all slots are cooling, the next one for {seconds} s")
        for second in range(seconds):
            self._progress("waiting for a slot to cool", second, seconds)
            time.sleep(1)

    def _completed(
        self, intent: Intent, name: str, release: Release, withdrawn: Collection[str]
    ) -> Ready:
        """A slot that has the release already, with the assets of what is live beside it: pages
        that are open need them after the flip. Nearly always it has them, and nothing is written.

        Such files hurt nobody who is still shown this slot: nothing in it refers to them.
        """
        held = intent.slots[name]
        changes = self._changes(held, release, self._older(intent, release), withdrawn)
        plan = Plan(lambda: (change for change in changes() if change.old is None))
        if name == intent.slot or not len(plan):
            return Ready(name, held, held, Plan())
        claimed = self._claim_held(intent, name)
        fill(self._records, name, plan, self._progress)
        load = self._records.load_part
        beside = entries_of(self._records.manifest(held.older), load)
        added = ((action.path, action.entry) for action in plan.group("assets") if action.entry)
        older = self._keep(lambda: compose((beside, added)))
        return Ready(name, claimed, msgspec.structs.replace(held, older=older), plan)

    def _claim_held(self, before: Intent, name: str) -> Slot:
        """Claim a slot for what it holds already. If we die, the slot is lost, and what it holds
        is not."""
        for _ in range(CONFLICTS_MAX):
            intent, etag = self._records.intent(self._target)
            still(before, intent)
            if intent.slots.get(name) != before.slots[name]:
                raise LostRace(f"slot {name} was given to another publisher", "Try again.")
            claimed = claim(intent, name, utc_now())
            with suppress(Conflict):
                self._records.move_intent(claimed, etag, self._target)
                return claimed.slots[name]
        raise LostRace("other publishers kept claiming slots", "Try again.")

    def _changes(
        self, held: Slot | None, release: Release, older: Files, withdrawn: Collection[str]
    ) -> Callable[[], Iterator[Difference]]:
        """From what a slot holds to a release and its older assets, without what is withdrawn."""
        records = self._records
        before = records.manifest(held.manifest if held else "")
        after = records.manifest(release.manifest)
        older_before = records.manifest(held.older if held else "")
        missing = {*withdrawn, *(held.without if held else ())}

        def out_of_line() -> Iterator[Difference]:
            for path in sorted(map(SitePath, missing)):
                was, is_now = None, None
                if held and path not in held.without:
                    was = find(before, path, records.load_part)
                    was = was or find(older_before, path, records.load_part)
                if path not in withdrawn:
                    is_now = find(after, path, records.load_part)
                yield Difference(path, was, is_now)

        def steps() -> Iterator[Difference]:
            changes = slot_differences(
                differences(before, after, records.load_part),
                entries_of(older_before, records.load_part),
                older(),
            )
            return without(changes, missing, out_of_line()) if missing else changes

        return steps

    def _older(self, intent: Intent, release: Release) -> Files:
        """The assets beside a release: of what is live and what came before it, and of what else
        visitors have had since, as far as slots tell (a rollback goes back, not on)."""
        if self._target != LIVE:
            return lambda: iter(
                ()
            )  # only visitors of the public site are in the midst of something
        records = self._records
        new = records.manifest(release.manifest)
        lineage = islice(records.lineage(intent.release), ASSET_RELEASES)
        digests = [one.manifest for one in lineage]
        left = [slot for slot in intent.slots.values() if slot.state == "cooling"]
        left.sort(key=lambda slot: slot.since, reverse=True)
        digests += [slot.manifest for slot in left[: ASSET_RELEASES - 1]]
        earlier = [records.manifest(digest) for digest in dict.fromkeys(digests)]
        return lambda: older_assets(differences(old, new, records.load_part) for old in earlier)

    def _keep(self, older: Files) -> str:
        kept = self._records.put_manifest(older(), Manifest())
        return kept.digest if kept.parts else ""


def still(before: Intent, now: Intent) -> None:
    """Whoever changed what is live since we looked has won: ours was made from an older state."""
    if now.change != before.change:
        raise lost_to(now)


def lost_to(intent: Intent) -> LostRace:
    return LostRace(
        f"release {intent.release} went live meanwhile",
        "Export again: the CMS is asked once more for what changed.",
    )


def _check(release: Release) -> None:
    if release.retired:
        raise PublisherError(
            f"release {release.id} is being removed by `publisher gc`",
            "Publish a newer one: see `publisher releases list`.",
        )
