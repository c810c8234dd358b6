"""A release goes live: slot, redirect data, intent, edge, journal, in this order.

Killed anywhere, what visitors get is one complete release, and running again finishes the
job: nothing before the intent's move is visible, and everything after it is repaired by the
next run from the intent alone.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from publisher.compose import ASSET_RELEASES, older_assets, slot_differences
from publisher.content_types import cache_control
from publisher.edge.port import Edge
from publisher.errors import Conflict, LostRace, NotFound, NotNow, PublisherError
from publisher.judge import NOT_FOUND_PATH
from publisher.manifest import Entry, Manifest, differences, entries_of, find
from publisher.notfound import not_found_page
from publisher.paths import SitePath
from publisher.plan import GROUPS, Action, Plan
from publisher.records import Records, blob_key, slot_key
from publisher.release import (
    Change,
    Hold,
    Intent,
    Release,
    Slot,
    choose_slot,
    claim,
    go_live,
    new_id,
    slot_with,
    utc_now,
)
from publisher.rules import compiled
from publisher.store.port import Headers
from redirects.compile import live_entry, parse_live_entry

# Writes to S3 wait for the network: measured, more threads than this gain nothing.
_WRITERS = 16
# So many writes are given out before one is waited for: memory must not grow with the site.
_UNDER_WAY_MAX = 8 * _WRITERS
_CONFLICTS_MAX = 20
# The edge follows the intent within this time unless a run died between the two; an edge's
# cooling time is long enough to allow for it.
_COOLING_SLACK = timedelta(seconds=1)

# Told what is being done, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]
# Files in path order, read anew at each call.
Files = Callable[[], Iterator[tuple[SitePath, Entry]]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What publishing did. `slot` is '' if nothing had to be done."""

    release: Release
    previous: str
    slot: str
    plan: Plan
    seconds: float


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and why."""

    name: str
    reason: str


class Publisher:
    """Changes what is live on one site."""

    def __init__(self, records: Records, edge: Edge, progress: Progress) -> None:
        self._records = records
        self._edge = edge
        self._progress = progress

    # --------------------------------------------------------------- commands

    def publish(
        self, release: Release, actor: Actor, *, wait: bool = True, onto: str | None = None
    ) -> Outcome:
        """Make a release live. Raises NotNow under a hold or, unless `wait`, while all slots
        cool; LostRace if another publisher went live meanwhile, or since `onto`, the release
        that was live when this one was made, was."""
        intent = self.repair()
        if intent.hold:
            raise NotNow(
                f"publishing is on hold since {intent.hold.since:%Y-%m-%d %H:%M} UTC "
                f"({intent.hold.actor}: {intent.hold.reason or 'no reason given'})",
                "Release it with `publisher resume`.",
            )
        if onto is not None and intent.release != onto:
            raise _lost_to(intent)
        return self._move(intent, release, "publish", actor, hold=None, wait=wait)

    def rollback(self, release: Release | None, actor: Actor) -> Outcome:
        """Make an earlier release live again (None: the one before this), and hold."""
        intent = self.repair()
        release = release or self._previous(intent)
        hold = Hold(actor=actor.name, reason=actor.reason, since=utc_now())
        return self._move(intent, release, "rollback", actor, hold=hold, wait=True)

    def resume(self, actor: Actor) -> Intent:
        """Release the hold. Raises NotNow if there is none."""
        intent = self.repair()
        if not intent.hold:
            raise NotNow("there is no hold")
        current, etag = self._records.intent()
        _still(intent, current)
        change = _change("resume", current, current.release, actor)
        moved = msgspec.structs.replace(
            current, generation=current.generation + 1, hold=None, change=change
        )
        with _lost_race():
            self._records.move_intent(moved, etag)
        return self.repair()

    def plan(self, release: Release) -> Plan:
        """What publishing would write and remove, compared with what is live."""
        intent, _ = self._records.intent()
        return self._plan(intent.slots.get(intent.slot), release, self._older(intent, release))

    def repair(self) -> Intent:
        """Finish what a run that died left behind the intent: journal and edge."""
        intent, _ = self._records.intent()
        if intent.change:
            self._records.note(intent.change)
        if intent.slot:
            live = self._edge.live()
            shown = parse_live_entry(live)[1:] if live else ()
            if shown != (intent.slot, intent.redirect_set):
                if shown:
                    self._cool_from_now(str(shown[0]))
                self._load_redirects(self._records.release(intent.release))
                self._edge.flip(live_entry(intent.generation, intent.slot, intent.redirect_set))
                intent, _ = self._records.intent()
        return intent

    # ------------------------------------------------------------------ steps

    def _cool_from_now(self, slot: str) -> None:
        """The edge still shows this slot, perhaps long after the intent has moved on: it cools
        from the time that the edge follows."""
        for _ in range(_CONFLICTS_MAX):
            intent, etag = self._records.intent()
            until = utc_now() + timedelta(seconds=self._edge.cooling_s)
            held = intent.slots.get(slot)
            if not held or held.state != "cooling":
                return
            if held.until and held.until + _COOLING_SLACK >= until:
                return  # the usual case: the edge follows at once
            slots = intent.slots | {slot: msgspec.structs.replace(held, until=until)}
            moved = msgspec.structs.replace(intent, generation=intent.generation + 1, slots=slots)
            with suppress(Conflict):
                self._records.move_intent(moved, etag)
                return
        raise LostRace("other publishers kept changing what is live", "Try again.")

    def _move(
        self,
        intent: Intent,
        release: Release,
        action: Literal["publish", "rollback"],
        actor: Actor,
        *,
        hold: Hold | None,
        wait: bool,
    ) -> Outcome:
        started = time.monotonic()
        previous = intent.release
        if previous == release.id and intent.hold == hold:
            return Outcome(release, previous, "", Plan(), 0.0)
        slot = slot_with(intent, release.id)
        if slot:
            done, claimed = Plan(), intent.slots[slot]
            filled = claimed
        else:
            slot, held, claimed = self._claim(intent, wait=wait)
            older = self._older(intent, release)
            done = self._plan(held, release, older)
            self._fill(slot, done)
            filled = Slot(
                state="filling",
                since=utc_now(),
                release=release.id,
                manifest=release.manifest,
                older=self._keep(older),
            )
        self._error_page(release)
        redirect_set = self._load_redirects(release)
        change = _change(action, intent, release.id, actor, release)
        self._go_live(intent, slot, claimed, filled, redirect_set, change, hold)
        self.repair()
        return Outcome(release, previous, slot, done, time.monotonic() - started)

    def _claim(self, before: Intent, *, wait: bool) -> tuple[str, Slot | None, Slot]:
        """Mark a slot as ours, before the first write to it. Returns its name, what it still
        holds, and our claim."""
        for _ in range(_CONFLICTS_MAX):
            intent, etag = self._records.intent()
            _still(before, intent)
            now = utc_now()
            chosen = choose_slot(intent, now)
            if isinstance(chosen, datetime):
                self._cool(chosen, now, wait=wait)
                continue
            claimed = claim(intent, chosen, now)
            try:
                self._records.move_intent(claimed, etag)
            except Conflict:
                continue
            return chosen, intent.slots.get(chosen), claimed.slots[chosen]
        raise LostRace("other publishers kept claiming slots", "Try again.")

    def _cool(self, until: datetime, now: datetime, *, wait: bool) -> None:
        seconds = max(1, int((until - now).total_seconds()))
        if not wait:
            raise NotNow(f"all slots are cooling, the next one for {seconds} s")
        self._progress("waiting for a slot to cool", 0, seconds)
        time.sleep(seconds)

    def _fill(self, slot: str, steps: Plan) -> None:
        done, total = 0, len(steps)
        with ThreadPoolExecutor(_WRITERS) as pool:
            for group in GROUPS:  # one is done before the next begins
                for _ in _each(pool, lambda action: self._apply(slot, action), steps.group(group)):
                    done += 1
                    self._progress("filling the slot", done, total)

    def _apply(self, slot: str, action: Action) -> None:
        target = slot_key(slot, action.path)
        if action.entry is None:
            self._records.store.delete(target)
            return
        headers = Headers(action.entry.content_type, action.entry.cache_control)
        try:
            self._records.store.copy(blob_key(action.entry.blob), target, headers)
        except NotFound:
            raise PublisherError(
                f"the bytes of {action.path} are not in the store", "Export again, with --full."
            ) from None

    def _error_page(self, release: Release) -> None:
        """The page for what is not there: outside the slots, since the CDN knows one path. The
        theme's own, if the release has one."""
        own = find(
            self._records.manifest(release.manifest), NOT_FOUND_PATH, self._records.load_part
        )
        page = self._records.blob(own.blob) if own else not_found_page()
        content_type = "text/html; charset=utf-8"
        headers = Headers(content_type, cache_control(content_type))
        key = "site/_errors/404.html"
        try:
            held = self._records.store.get(key)
            if (held.data, held.headers) == (page, headers):
                return
        except NotFound:
            pass
        self._records.store.put(key, page, headers)

    def _load_redirects(self, release: Release) -> str:
        identity, data = compiled(self._records.rules(release))
        self._edge.load(identity, data.entries)
        return identity

    def _go_live(
        self,
        before: Intent,
        slot: str,
        claimed: Slot,
        filled: Slot,
        redirect_set: str,
        change: Change,
        hold: Hold | None,
    ) -> None:
        for _ in range(_CONFLICTS_MAX):
            intent, etag = self._records.intent()
            if intent.change == change:
                return  # our write took effect, and only its answer was lost
            _still(before, intent)
            if intent.slots.get(slot) != claimed and slot_with(intent, change.to_release) != slot:
                raise LostRace(f"slot {slot} was given to another publisher", "Try again.")
            moved = go_live(intent, slot, filled, redirect_set, change, hold, self._edge.cooling_s)
            try:
                self._records.move_intent(moved, etag)
            except Conflict:
                continue  # only another's claim: what is live is checked again above
            return
        raise LostRace("other publishers kept changing what is live", "Try again.")

    # ----------------------------------------------------------------- pieces

    def _plan(self, held: Slot | None, release: Release, older: Files) -> Plan:
        """From what a slot holds to a release and its older assets."""
        records = self._records
        before = records.manifest(held.manifest if held else "")
        after = records.manifest(release.manifest)
        older_before = records.manifest(held.older if held else "")
        return Plan(
            lambda: slot_differences(
                differences(before, after, records.load_part),
                entries_of(older_before, records.load_part),
                older(),
            )
        )

    def _older(self, intent: Intent, release: Release) -> Files:
        records = self._records
        new = records.manifest(release.manifest)
        earlier = [records.manifest(one.manifest) for one in self._history(intent.release)]
        return lambda: older_assets(differences(old, new, records.load_part) for old in earlier)

    def _keep(self, older: Files) -> str:
        kept = self._records.put_manifest(older(), Manifest())
        return kept.digest if kept.parts else ""

    def _history(self, name: str) -> Iterator[Release]:
        for _ in range(ASSET_RELEASES):
            if not name:
                return
            release = self._records.release(name)
            yield release
            name = release.parent

    def _previous(self, intent: Intent) -> Release:
        """What was live before this; after a rollback, what that release was made from."""
        name = ""
        if intent.change and intent.change.action == "publish":
            name = intent.change.from_release
        elif intent.release:
            name = self._records.release(intent.release).parent
        if not name:
            raise PublisherError("there is no earlier release to go back to")
        return self._records.release(name)


def _each(
    pool: ThreadPoolExecutor, act: Callable[[Action], None], actions: Iterable[Action]
) -> Iterator[None]:
    """Carry out all of them, some at once; yields for each that is done. Raises what the first
    one that fails raises; those that have not begun by then are left."""
    under_way: deque[Future[None]] = deque()
    try:
        for action in actions:
            under_way.append(pool.submit(act, action))
            if len(under_way) >= _UNDER_WAY_MAX:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        for future in under_way:
            future.cancel()


def _change(
    action: Literal["publish", "rollback", "resume"],
    intent: Intent,
    to_release: str,
    actor: Actor,
    release: Release | None = None,
) -> Change:
    now = utc_now()
    return Change(
        id=new_id(now),
        time=now,
        action=action,
        actor=actor.name,
        reason=actor.reason,
        from_release=intent.release,
        to_release=to_release,
        overrides=release.overrides if release and action == "publish" else (),
    )


def _still(before: Intent, now: Intent) -> None:
    """Whoever changed what is live since we looked has won: ours was made from an older state."""
    if now.change != before.change:
        raise _lost_to(now)


def _lost_to(intent: Intent) -> LostRace:
    return LostRace(
        f"release {intent.release} went live meanwhile",
        "Export again: the CMS is asked once more for what changed.",
    )


@contextmanager
def _lost_race() -> Iterator[None]:
    try:
        yield
    except Conflict:
        raise LostRace("somebody else changed what is live", "Look, and try again.") from None
