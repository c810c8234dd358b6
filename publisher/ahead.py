"""A release goes live although others did since it was made, if they changed what it does not.

What the CMS and each designer contribute is kept apart in a release. So a release of an export can
be put beside uploads that went live meanwhile, and an upload beside a new export: it is composed
again, and nothing is captured anew. Two exports can't be put together: whoever was slower says so.
"""

from __future__ import annotations

import msgspec

from publisher.composing import Owns, composed, of_cms
from publisher.errors import LostRace
from publisher.intake import state as states
from publisher.publish import Actor, Outcome, Publisher
from publisher.records import Records
from publisher.release import Release, new_id, utc_now
from redirects.rules import RuleSet

# So often somebody else may go live between composing and publishing.
_ATTEMPTS_MAX = 5


def publish(
    records: Records,
    publisher: Publisher,
    release: Release,
    who: Actor,
    owns: Owns,
    *,
    wait: bool = True,
) -> Outcome:
    """Make a release live, or what it contributes on top of what is live now. Raises LostRace if
    another export went live since it was made, and what `Publisher.publish` raises."""
    for _ in range(_ATTEMPTS_MAX):
        intent, _ = records.intent()
        live = intent.release
        if intent.hold:  # nothing goes live, and that is what is said
            return publisher.publish(release, who, wait=wait, onto=release.parent)
        chosen = _onto(records, release, live, owns)
        try:
            return publisher.publish(chosen, who, wait=wait, onto=live)
        except LostRace:
            if live == records.intent()[0].release:
                raise
    raise LostRace("other publishers kept changing what is live", "Try again.")


def _onto(records: Records, release: Release, live: str, owns: Owns) -> Release:
    """The release itself, if what it was made on is still live; or the same, on what is live."""
    if live in (release.parent, release.id):
        return release
    now, before = records.release(live), records.stored_release(release.parent)
    if not release.designer and (before is None or of_cms(now) != of_cms(before[0])):
        raise LostRace("another export went live since this release was made", "Export again.")
    base = now if release.designer else release
    made = composed(
        records,
        records.manifest(base.cms_layer),
        RuleSet.from_json(records.blob(base.cms_rules)),
        states.accepted(states.states(records.store)),
        owns,
        records.manifest(now.manifest),
    )
    if not made.differs_from(now):
        return now
    again = msgspec.structs.replace(
        release,
        id=new_id(utc_now()),
        parent=live,
        created=utc_now(),
        captured=base.captured,
        retired=False,
    )
    if given := records.approval(release.id):
        records.approve(msgspec.structs.replace(given, release=again.id))
    again = made.into(again)
    records.put_release(again)
    return again
