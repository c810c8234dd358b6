"""A release goes live: slot, redirect data, intent, edge, journal, in this order.

Killed anywhere, what visitors get is one complete release, and running again finishes the
job: nothing before the intent's move is visible, and everything after it is repaired by the
next run from the intent alone. A preview goes the same way, with an intent of its own.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Literal

import msgspec

from publisher.content_types import cache_control
from publisher.edge.port import Edge
from publisher.errors import Conflict, LostRace, NotFound, NotNow, PublisherError
from publisher.filling import Progress
from publisher.judge import NOT_FOUND_PATH
from publisher.manifest import find
from publisher.notfound import not_found_page
from publisher.paths import SitePath
from publisher.plan import Plan
from publisher.records import Records, slot_key, slot_uri
from publisher.release import (
    LIVE,
    Change,
    Hold,
    Intent,
    RedirectSet,
    Release,
    Withdrawal,
    go_live,
    is_seen,
    new_id,
    out_of_service,
    slot_with,
    utc_now,
    withdrawn_from,
)
from publisher.rules import compiled, with_withdrawn
from publisher.slots import CONFLICTS_MAX, Ready, Slots, lost_to, still
from publisher.store.port import Headers
from redirects.compile import KeyValueData, live_entry, parse_live_entry, shown_by

# Where the edge's origin has the page for what is not there.
_ERROR_PAGE = "/_errors/404.html"


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


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may look at a preview: until when, and with which password, as its
    `redirects.compile.password_digest` ('' for none)."""

    expires: datetime
    password: str = ""


class Publisher:
    """Changes what is live on one site, or on one of its previews (`target`)."""

    def __init__(
        self, records: Records, edge: Edge, progress: Progress, target: str = LIVE
    ) -> None:
        self._records = records
        self._edge = edge
        self._target = target
        self._slots = Slots(records, edge, progress, target)

    # --------------------------------------------------------------- commands

    def publish(
        self,
        release: Release,
        actor: Actor,
        *,
        wait: bool = True,
        onto: str | None = None,
        audience: Audience | None = None,
    ) -> Outcome:
        """Make a release live. Raises NotNow under a hold, if the release still has to be approved
        of or, unless `wait`, while all slots cool; LostRace if another publisher went live
        meanwhile, or since `onto`, the release that was live when this one was made, was.
        `audience`: of a preview."""
        intent = self.repair()
        self._check_approval(release)
        if intent.hold:
            raise NotNow(
                f"publishing is on hold since {intent.hold.since:%Y-%m-%d %H:%M} UTC "
                f"({intent.hold.actor}: {intent.hold.reason or 'no reason given'})",
                "Release it with `publisher resume`.",
            )
        if onto is not None and intent.release != onto:
            raise lost_to(intent)
        wanted = msgspec.structs.replace(
            intent,
            withdrawn=self._withdrawn(intent),
            expires=audience.expires if audience else None,
            password=audience.password if audience else "",
        )
        change = self._approved(
            _change("publish", intent, release.id, actor, release, self._target), release
        )
        done = self._move(intent, wanted, release, change, wait=wait)
        if self._target != LIVE and self._withdrawn(wanted) != wanted.withdrawn:
            return self.publish(release, actor, wait=wait, audience=audience)
        return done

    def rollback(self, release: Release | None, actor: Actor) -> Outcome:
        """Make an earlier release live again (None: the one before this), and hold."""
        intent = self.repair()
        release = release or self._previous(intent)
        self._check_approval(release)
        hold = Hold(actor=actor.name, reason=actor.reason, since=utc_now())
        wanted = msgspec.structs.replace(intent, hold=hold)
        change = _change("rollback", intent, release.id, actor)
        return self._move(intent, wanted, release, change, wait=True)

    def resume(self, actor: Actor) -> Intent:
        """Release the hold. Raises NotNow if there is none."""
        intent = self.repair()
        if not intent.hold:
            raise NotNow("there is no hold")
        current, etag = self._records.intent()
        still(intent, current)
        change = _change("resume", current, current.release, actor)
        moved = msgspec.structs.replace(
            current, generation=current.generation + 1, hold=None, change=change
        )
        with _lost_race():
            self._records.move_intent(moved, etag)
        return self.repair()

    def withdraw(self, path: SitePath, actor: Actor) -> tuple[str, ...]:
        """Take a path out of everything that can be seen, at once, until it is restored: first
        the edge is told (410, whatever it has cached), then the files go. Returns the slots that
        had it. Idempotent: run again, it finishes what a run that died began.

        Raises PublisherError if nothing is live.
        """
        if not self.repair().slot:
            raise PublisherError("nothing is live yet")
        why = Withdrawal(actor=actor.name, reason=actor.reason, since=utc_now())
        for _ in range(CONFLICTS_MAX):
            intent, etag = self._records.intent(self._target)
            told = withdrawn_from(intent, path, why)
            if told == intent:
                break
            release = self._records.release(intent.release)
            change = _change("withdraw", intent, release.id, actor, target=self._target)
            loaded = self._load_redirects(release, told.withdrawn)
            told = msgspec.structs.replace(
                told,
                generation=intent.generation + 1,
                redirect_set=loaded.id,
                redirect_head=loaded.head,
                change=msgspec.structs.replace(change, path=str(path)),
            )
            with suppress(Conflict):
                self._records.move_intent(told, etag, self._target)
                break
        else:
            raise LostRace("other publishers kept changing what is live", "Try again.")
        intent = self.repair()
        slots = tuple(name for name, slot in intent.slots.items() if is_seen(slot))
        for name in slots:
            self._records.store.delete(slot_key(name, path))
        if self._target == LIVE:  # what previews show is kept nowhere
            uris = [slot_uri(name, path) for name in slots]
            if path == NOT_FOUND_PATH:  # it is shown wherever nothing is, too
                self._error_page(self._records.release(intent.release), intent.withdrawn)
                uris.append(_ERROR_PAGE)
            self._edge.invalidate(uris)
        return slots

    def restore(self, path: SitePath, actor: Actor) -> Outcome:
        """Let a path that was withdrawn be shown again, at once. Raises NotNow if it is not
        withdrawn."""
        intent = self.repair()
        if path not in intent.withdrawn:
            raise NotNow(f"{path} is not withdrawn", "See `publisher withdraw --list`.")
        rest = {other: one for other, one in intent.withdrawn.items() if other != path}
        wanted = msgspec.structs.replace(intent, withdrawn=rest)
        release = self._records.release(intent.release)
        change = _change("restore", intent, release.id, actor)
        change = msgspec.structs.replace(change, path=str(path))
        return self._move(intent, wanted, release, change, wait=True)

    def plan(self, release: Release) -> Plan:
        """What publishing would write and remove, compared with what is live."""
        intent, _ = self._records.intent(self._target)
        return self._slots.plan(intent, release, self._withdrawn(intent))

    def repair(self) -> Intent:
        """Finish what a run that died left behind the intent: journal and edge."""
        intent, _ = self._records.intent(self._target)
        if intent.change:
            self._records.note(intent.change)
        if intent.slot:
            wanted, shown = entry_of(intent), shown_by(self._edge.entry(self._target))
            if shown is None or shown[1:] != parse_live_entry(wanted)[1:]:
                release = self._records.release(intent.release)
                self._load_redirects(release, self._withdrawn(intent))
                self._edge.flip(self._target, wanted)
            intent = self._cool(intent)
        return intent

    # ------------------------------------------------------------------ steps

    def _cool(self, seen: Intent) -> Intent:
        """The edge shows what this intent says: what went out of service by it cools from now.
        Not before, however long the edge took, and whoever died meanwhile."""
        gone = out_of_service(seen)
        if not gone:
            return seen
        until = utc_now() + timedelta(seconds=self._edge.cooling_s)
        for _ in range(CONFLICTS_MAX):
            intent, etag = self._records.intent(self._target)
            cooled = {
                name: msgspec.structs.replace(slot, until=until)
                for name, slot in gone.items()
                if intent.slots.get(name) == slot
            }
            moved = msgspec.structs.replace(
                intent, generation=intent.generation + 1, slots=intent.slots | cooled
            )
            if not cooled:
                return intent
            with suppress(Conflict):
                self._records.move_intent(moved, etag, self._target)
                return moved
        raise LostRace("other publishers kept changing what is live", "Try again.")

    def _move(
        self, intent: Intent, wanted: Intent, release: Release, change: Change, *, wait: bool
    ) -> Outcome:
        """Make a release live, with the hold, withdrawn paths and audience of `wanted`."""
        started = time.monotonic()
        previous = intent.release
        is_live = previous == release.id and wanted == intent
        if is_live and _is_whole(intent, release, wanted.withdrawn):
            return Outcome(release, previous, "", Plan(), 0.0)
        # First: what the edge can't hold is refused before anything is written.
        identity, data = self._redirects(release, wanted.withdrawn)
        ready = self._slots.ready(intent, release, wanted.withdrawn, wait=wait)
        self._error_page(release, wanted.withdrawn)
        self._edge.load(identity, data)
        self._go_live(intent, ready, RedirectSet(identity, data.head), change, wanted)
        self.repair()
        return Outcome(release, previous, ready.slot, ready.plan, time.monotonic() - started)

    def _error_page(self, release: Release, withdrawn: Collection[str]) -> None:
        """The page for what is not there: outside the slots, since the CDN knows one path. The
        theme's own, if the release has one and it is not withdrawn. All see
        it, so what is live decides, and no preview: that may show what nobody has approved of
        yet."""
        own = find(
            self._records.manifest(release.manifest), NOT_FOUND_PATH, self._records.load_part
        )
        is_own = own and NOT_FOUND_PATH not in withdrawn
        page = self._records.content(own) if own and is_own else not_found_page()
        content_type = "text/html; charset=utf-8"
        headers = Headers(content_type, cache_control(content_type))
        key = f"site{_ERROR_PAGE}"
        try:
            held = self._records.store.get(key)
            if self._target != LIVE or (held.data, held.headers) == (page, headers):
                return
        except NotFound:
            pass
        self._records.store.put(key, page, headers)

    def _redirects(self, release: Release, withdrawn: Iterable[str]) -> tuple[str, KeyValueData]:
        return compiled(with_withdrawn(self._records.rules(release), withdrawn))

    def _load_redirects(self, release: Release, withdrawn: Iterable[str]) -> RedirectSet:
        identity, data = self._redirects(release, withdrawn)
        self._edge.load(identity, data)
        return RedirectSet(identity, data.head)

    def _go_live(
        self,
        before: Intent,
        ready: Ready,
        redirects: RedirectSet,
        change: Change,
        wanted: Intent,
    ) -> None:
        for _ in range(CONFLICTS_MAX):
            intent, etag = self._records.intent(self._target)
            if intent.change == change:
                return  # our write took effect, and only its answer was lost
            still(before, intent)
            slot, filled = ready.slot, ready.filled
            is_ours = intent.slots.get(slot) == ready.claimed
            if not is_ours and slot_with(intent, filled.release, filled.without) != slot:
                raise LostRace(f"slot {slot} was given to another publisher", "Try again.")
            moved = go_live(intent, slot, filled, redirects, change)
            moved = msgspec.structs.replace(
                moved,
                hold=wanted.hold,
                withdrawn=wanted.withdrawn,
                expires=wanted.expires,
                password=wanted.password,
            )
            try:
                self._records.move_intent(moved, etag, self._target)
            except Conflict:
                continue  # only another's claim: what is live is checked again above
            return
        raise LostRace("other publishers kept changing what is live", "Try again.")

    # ----------------------------------------------------------------- pieces

    def _withdrawn(self, intent: Intent) -> dict[str, Withdrawal]:
        """What nobody may get. Of a preview, too, the intent of the public site says so."""
        return (intent if self._target == LIVE else self._records.intent()[0]).withdrawn

    def _check_approval(self, release: Release) -> None:
        """Raises NotNow if visitors may not get a release before somebody lets it through."""
        if self._target == LIVE and release.held and not self._records.approval(release.id):
            raise NotNow(
                f"release {release.id} has to be approved of: {', '.join(release.held[:3])}",
                f"Somebody of gates.approvers says: publisher approve {release.id}",
            )

    def _approved(self, change: Change, release: Release) -> Change:
        """The change, with both names if the release had to be approved of."""
        found = self._records.approval(release.id) if release.held else None
        if not found:
            return change
        return msgspec.structs.replace(change, made_by=release.actor, approved_by=found.actor)

    def _previous(self, intent: Intent) -> Release:
        """What was live before this; after a rollback, what that release was made from. A
        withdrawal or a released hold since then changes nothing of it."""
        changes = [intent.change] if intent.change else []
        moved = next(filter(_is_move, chain(changes, self._records.journal())), None)
        name = ""
        if moved and moved.action == "publish":
            name = moved.from_release
        elif intent.release:
            name = self._records.release(intent.release).parent
        if not name:
            raise PublisherError("there is no earlier release to go back to")
        return self._records.release(name)


def entry_of(intent: Intent) -> str:
    """What the edge is to have for an intent."""
    expires = math.ceil(intent.expires.timestamp()) if intent.expires else 0
    return live_entry(
        intent.generation,
        intent.slot,
        intent.redirect_set,
        intent.redirect_head,
        expires,
        intent.password,
    )


def _is_move(change: Change) -> bool:
    """Whether visitors of the public site got another release by it."""
    is_other = change.from_release != change.to_release
    return change.target == LIVE and change.action in ("publish", "rollback") and is_other


def _is_whole(intent: Intent, release: Release, withdrawn: Collection[str]) -> bool:
    """Whether the live slot lacks what is withdrawn and nothing else, and the edge's entry has
    the release's redirects: an intent from before `redirect_head` has none."""
    if not intent.slot:
        return True
    has_redirects = bool(intent.redirect_head) or not release.rules
    return has_redirects and intent.slots[intent.slot].without == tuple(sorted(withdrawn))


def _change(
    action: Literal["publish", "rollback", "resume", "withdraw", "restore"],
    intent: Intent,
    to_release: str,
    actor: Actor,
    release: Release | None = None,
    target: str = LIVE,
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
        overrides=release.overrides if release else (),
        target=target,
    )


@contextmanager
def _lost_race() -> Iterator[None]:
    try:
        yield
    except Conflict:
        raise LostRace("somebody else changed what is live", "Look, and try again.") from None
