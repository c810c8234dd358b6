"""Which release somebody means."""

from __future__ import annotations

from publisher.composing import of_cms
from publisher.errors import PublisherError
from publisher.records import Records
from publisher.release import LIVE, Release

_LISTED = "See `publisher releases list`."


def named(records: Records, name: str) -> Release:
    """The release that a name means: its id, the end of it, `live`, `previous` (what was live
    before that), or '', which is what is live, or else the newest. Raises PublisherError."""
    live = records.intent()[0].release
    match name:
        case "":
            name = live or next(iter(records.release_ids()), "")
            if not name:
                raise _nothing_yet()
        case "live" | "previous":
            if not live:
                raise PublisherError("nothing is live yet", _LISTED)
            name = live if name == "live" else _before(records, live)
    return records.release(name)


def newest(records: Records) -> Release:
    """What goes live if nobody says what: the newest export, or what is live, if that is the
    same with what designers have uploaded since. Raises PublisherError."""
    made = map(records.release, records.release_ids())
    export = next((one for one in made if not one.designer), None)
    if export is None:
        raise _nothing_yet()
    live = records.intent()[0].release
    if live and of_cms(now := records.release(live)) == of_cms(export):
        return now
    return export


def _before(records: Records, live: str) -> str:
    """The id of what was live before."""
    intent, _ = records.intent()
    changes = [intent.change] if intent.change else []  # whoever made it may not have noted it
    for change in (*changes, *records.journal()):
        if change.target == LIVE and change.from_release not in ("", live):
            return change.from_release
    raise PublisherError("nothing was live before", _LISTED)


def _nothing_yet() -> PublisherError:
    return PublisherError("there is no release yet", "Make one: publisher export")
