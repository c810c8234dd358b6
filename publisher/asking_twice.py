"""Some pages asked for once more, to see whether they stay the same."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from publisher.cms.port import Cms
from publisher.content_types import is_text
from publisher.errors import NotFound
from publisher.manifest import Entry
from publisher.outcome import Outcome
from publisher.prepare import Preparing, Task
from publisher.records import Records, entry_key
from publisher.remarks import varies
from publisher.rewrite.varying import varying

# So many are asked for twice.
_SAMPLES_MAX = 8
# Of those whose folders begin alike, only the first.
_FOLDER_CHARACTERS = 20


def asked_twice(
    records: Records,
    cms: Cms,
    outcomes: Iterable[Outcome],
    preparing: Preparing,
    live: Mapping[int, str],
) -> Iterator[str]:
    """A remark on each page that is not the same when it is asked for twice, of a few of each
    kind. `live`: the keys of the live release's blobs by the hash of their path. Raises CmsError.
    """
    first = {one.url: (one.path, one.entry) for one in _samples(outcomes, live) if one.entry}
    for capture in filter(None, cms.captures(deque(first))):
        if capture.status == 200:
            path, entry = first[capture.url]
            kind, body = capture.content_type, capture.body
            preparing.give(Task(capture.url, path, kind, body, entry_key(entry)))
    again: dict[str, Entry] = {}
    while preparing.is_busy:
        found = preparing.take(wait=True)
        again |= {one.url: one.entry for one in found if one.entry}
    for url, (path, before) in first.items():
        after = again.get(url, before)
        if after.blob != before.blob:
            with contextlib.suppress(NotFound):  # a dry run keeps no blobs
                texts = [records.content(one).decode(errors="replace") for one in (before, after)]
                yield varies(path, varying(*texts))


def _samples(outcomes: Iterable[Outcome], live: Mapping[int, str]) -> list[Outcome]:
    """First those that are not what is live: one that varies is among them at each export."""
    changed: dict[str, Outcome] = {}
    others: dict[str, Outcome] = {}
    for outcome in outcomes:
        entry = outcome.entry
        if outcome.kind != "content" or entry is None or not is_text(entry.content_type):
            continue
        known = live.get(hash(outcome.path))
        is_changed = known is not None and known != entry_key(entry)
        if is_changed or entry.is_page:
            kind = changed if is_changed else others
            if len(kind) < _SAMPLES_MAX:
                kind.setdefault(outcome.path.rpartition("/")[0][:_FOLDER_CHARACTERS], outcome)
        if len(changed) == _SAMPLES_MAX or (not live and len(others) == _SAMPLES_MAX):
            break
    return [*changed.values(), *others.values()][:_SAMPLES_MAX]
