"""Lets a held release through: who may, which one it still is, and onto what it goes.

What is approved of is what somebody made: an upload, or what an export captured. If the rest of the
site has changed since, that is composed anew with the rest as it is now.
"""

from __future__ import annotations

import msgspec

from publisher.approval import Approvals
from publisher.composing import Owns, composed
from publisher.errors import Conflict, LostRace, NotNow, PublisherError
from publisher.intake import state as states
from publisher.publish import Actor, Outcome, Publisher
from publisher.records import Records
from publisher.release import Approval, Release, new_id, utc_now
from redirects.rules import RuleSet

# So often somebody else may go live between composing and publishing.
_ATTEMPTS_MAX = 5


def approve(
    records: Records,
    publisher: Publisher,
    release: Release,
    who: Actor,
    approvals: Approvals,
    owns: Owns,
) -> Outcome:
    """Let a release through and make it live. Run again, it finishes what was cut.

    Raises PublisherError if this person may not, NotNow if the release was not held, has been
    replaced by a newer one, or can't go live because of a hold; LostRace if another export went
    live since it was made.
    """
    if not release.held:
        raise NotNow(f"release {release.id} needs no approval", "See `publisher releases list`.")
    if why := approvals.refusal(release, who.name):
        raise PublisherError(why, "Who acts is --actor, or PUBLISHER_ACTOR.")
    if newer := _replaced(records, release):
        raise NotNow(f"release {release.id} was replaced by {newer}", "Look at that one.")
    records.approve(Approval(release=release.id, actor=who.name, reason=who.reason, time=utc_now()))
    _accept(records, release)
    for _ in range(_ATTEMPTS_MAX):
        chosen = _onto_live(records, release, owns)
        try:
            live = records.intent()[0].release
            onto = live if chosen.id == live else chosen.parent
            return publisher.publish(chosen, who, onto=onto)
        except LostRace:
            if live == records.intent()[0].release:
                raise
    raise LostRace("other publishers kept changing what is live", "Try again.")


def _replaced(records: Records, release: Release) -> str:
    """The release that took this one's place, '' if none did."""
    if release.designer:
        state, _ = states.load(records.store, release.designer)
        if state.held:
            return "" if state.held == release.id else state.held
        return "" if state.approved == release.id else "a newer upload"
    for name in records.release_ids():
        if name <= release.id:
            return ""
        found = records.stored_release(name)
        # An export that found the same is no other one.
        if found and not found[0].designer and _of_cms(found[0]) != _of_cms(release):
            return name
    return ""


def _accept(records: Records, release: Release) -> None:
    """From now on every release has this upload."""
    for _ in range(_ATTEMPTS_MAX):
        if not release.designer:
            return
        state, etag = states.load(records.store, release.designer)
        if state.held != release.id or state.pending is None:
            return
        moved = msgspec.structs.replace(
            state, accepted=state.pending, approved=release.id, pending=None, held=""
        )
        try:
            states.save(records.store, release.designer, moved, etag)
        except Conflict:
            continue
        return
    raise LostRace("another run kept taking the same upload", "Try again.")


def _of_cms(release: Release) -> tuple[str, str]:
    return release.cms_layer, release.cms_rules


def _onto_live(records: Records, release: Release, owns: Owns) -> Release:
    """The release itself, if what it was made on is still live; or one of the same, made on what is
    live now."""
    live = records.intent()[0].release
    if live in (release.parent, release.id):
        return release
    now, before = records.release(live), records.stored_release(release.parent)
    base = now
    if not release.designer:
        if before is None or _of_cms(now) != _of_cms(before[0]):
            raise LostRace("another export went live since this release was made", "Export again.")
        base = release
    layers = states.accepted(states.states(records.store))
    made = composed(
        records,
        records.manifest(base.cms_layer),
        RuleSet.from_json(records.blob(base.cms_rules)),
        layers,
        owns,
        records.manifest(now.manifest),
    )
    given = records.approval(release.id)
    again = msgspec.structs.replace(
        made.into(base),
        id=new_id(utc_now()),
        parent=live,
        created=utc_now(),
        actor=release.actor,
        reason=release.reason,
        designer=release.designer,
        held=release.held,
        overrides=release.overrides,
        retired=False,
    )
    if not made.differs_from(now):
        return now
    if given:
        records.approve(msgspec.structs.replace(given, release=again.id))
    records.put_release(again)
    return again
