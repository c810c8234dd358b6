"""Lets a held release through: who may, and which one it still is.

What is approved of is what somebody made: an upload, or what an export captured. If the rest of the
site has changed since, it goes live beside the rest as it is now (`ahead`).

Of an upload the approval and the acceptance are one write, to the designer's state. Only then the
release gets its own record of it, by which it may be published: killed in between, or overtaken by
a newer upload, an approval lets nothing through that the next release would not have.
"""

from __future__ import annotations

import msgspec

from publisher import ahead
from publisher.approval import Approvals
from publisher.composing import Owns, of_cms
from publisher.errors import Conflict, LostRace, NotNow, PublisherError
from publisher.intake import state as states
from publisher.publish import Actor, Outcome, Publisher
from publisher.records import Records
from publisher.release import Approval, Release, utc_now

# So often another run may have changed what is known of a designer.
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
        raise _too_late(release, newer)
    given = Approval(release=release.id, actor=who.name, reason=who.reason, time=utc_now())
    records.approve(_accept(records, release, given))
    return ahead.publish(records, publisher, release, who, owns)


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
        if found and not found[0].designer and of_cms(found[0]) != of_cms(release):
            return name
    return ""


def _accept(records: Records, release: Release, given: Approval) -> Approval:
    """From now on every release has this upload. Returns its approval: the first one stands. Raises
    NotNow if a newer upload has taken its place meanwhile."""
    for _ in range(_ATTEMPTS_MAX):
        if not release.designer:
            return given
        state, etag = states.load(records.store, release.designer)
        if state.approved == release.id:
            return state.approval or given
        if state.held != release.id or state.pending is None:
            raise _too_late(release, _replaced(records, release))
        moved = msgspec.structs.replace(
            state,
            accepted=state.pending,
            approved=release.id,
            approval=given,
            pending=None,
            held="",
        )
        try:
            states.save(records.store, release.designer, moved, etag)
        except Conflict:
            continue
        return given
    raise LostRace("another run kept taking the same upload", "Try again.")


def _too_late(release: Release, newer: str) -> NotNow:
    return NotNow(
        f"release {release.id} was replaced by {newer}",
        "Look at that one; if it is held, approve of it: publisher releases list",
    )
