"""The outcomes of a running export: written to the store as they come, read in path order.

So memory does not grow with the site, and an export that was cut goes on where it stopped.

    exports/<id>/run                how far it is; moved only by compare-and-swap
    exports/<id>/<owner>-00001      outcomes in path order, compressed
"""

from __future__ import annotations

import gzip
import heapq
import io
import itertools
import operator
import time
import zlib
from collections import deque
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

import msgspec

from publisher.cms.interrupt import noticed
from publisher.errors import Conflict, NotFound, NotNow, StoreError
from publisher.outcome import Outcome
from publisher.release import new_id, utc_now
from publisher.store.port import ABSENT, Store

# Outcomes of this many URLs are held in memory, and lost if the program is killed.
_OUTCOMES_MAX = 2000
_SECONDS_MAX = 15.0
# What a run has learnt goes out of date: nobody may have been at work on it for longer in all.
_PAUSES_MAX = timedelta(hours=1)
# Nobody comes back to a run that is older than this.
_KEPT_MAX = timedelta(hours=24)

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Outcome)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """How far an export is. `key`: what it was made of (configuration, the CMS's lists).
    `owner`: which process runs it: it alone writes segments of that name. `paused`: how long
    nobody was at work on it. `refused`: the gates that must be let through to judge it again."""

    key: str
    written: datetime
    owner: str
    segments: tuple[str, ...] = ()
    paused: timedelta = timedelta()
    refused: tuple[str, ...] = ()


class Spool:
    """The outcomes of one export. `quiet` is the time after which a run that wrote nothing
    counts as dead; None starts from the beginning. `overrides`: the gates that are let through.

    Raises StoreError, and NotNow if another process has taken this export over.
    """

    def __init__(
        self,
        store: Store,
        key: str,
        quiet: timedelta | None = timedelta(),
        overrides: Collection[str] = (),
    ) -> None:
        self._store = store
        self._held: list[Outcome] = []
        now = utc_now()
        owner = new_id(now)
        self._id, self._etag = owner, ABSENT
        self._run = Run(key=key, written=now, owner=owner)
        known = self._known(now)
        # An older one is not looked at: whoever began anew had a reason.
        if alike := [one for one in known if one[1].key == key]:
            name, run, etag = alike[-1]
            paused = run.paused + (now - run.written)
            is_dead = quiet is not None and run.written + quiet <= now
            if is_dead and paused < _PAUSES_MAX and set(run.refused) <= set(overrides):
                self._id, self._etag = name, etag
                self._run = msgspec.structs.replace(run, owner=owner, paused=paused, refused=())
        self.is_resumed = bool(self._run.segments)
        # At once: who wakes up and had it before learns that it is ours now.
        self._move(self._run)
        self._flushed = time.monotonic()

    def add(self, outcome: Outcome) -> None:
        """Take one more."""
        self._held.append(outcome)
        # Not by the clock, which may be put back.
        if len(self._held) >= _OUTCOMES_MAX or time.monotonic() > self._flushed + _SECONDS_MAX:
            self.flush()

    def flush(self) -> None:
        """Write what is held. Ctrl-C interrupts it only afterwards: who presses it twice must
        not lose what the first one had saved."""
        if self._held:
            with noticed() as check:
                self._flush()
                check()

    def refuse(self, gates: Collection[str]) -> None:
        """This run has ended in a refusal that asking single pages again can't change: it is
        gone on with only by one that lets these gates through."""
        self.flush()
        self._move(msgspec.structs.replace(self._run, refused=tuple(sorted(gates))))

    def __iter__(self) -> Iterator[Outcome]:
        """All of them, in path order; of a path that was asked for again, the last one. Can be
        read again and again."""
        self.flush()
        merged = heapq.merge(*map(self._outcomes, self._run.segments), key=_path)
        return (deque(same, maxlen=1).pop() for _, same in itertools.groupby(merged, _path))

    def discard(self) -> None:
        """Remove it all: the export has ended."""
        self._held.clear()
        try:
            self._move(msgspec.structs.replace(self._run, segments=()))
        except NotNow:  # whoever has taken it over still reads it
            return
        self._remove(self._id)

    # ----------------------------------------------------------------- pieces

    def _flush(self) -> None:
        segment = f"{self._run.owner}-{len(self._run.segments) + 1:05d}"
        self._held.sort(key=_path)
        data = b"".join(_ENCODER.encode(outcome) + b"\n" for outcome in self._held)
        self._store.put(self._key(segment), gzip.compress(data, 1, mtime=0))
        segments = (*self._run.segments, segment)
        self._move(msgspec.structs.replace(self._run, segments=segments))
        self._held.clear()
        self._flushed = time.monotonic()

    def _move(self, run: Run) -> None:
        run = msgspec.structs.replace(run, written=utc_now())
        key, data = self._key("run"), msgspec.json.encode(run)
        try:
            self._etag = self._store.put(key, data, expect=self._etag)
        except Conflict:
            # A write of our own may have taken effect, and only its answer was lost.
            held, etag = self._read(self._id)
            if held is None or held.owner != run.owner:
                raise _taken_over() from None
            self._etag = self._store.put(key, data, expect=etag)
        self._run = run

    def _key(self, name: str) -> str:
        return f"exports/{self._id}/{name}"

    def _outcomes(self, segment: str) -> Iterator[Outcome]:
        return _outcomes(self._store, self._key(segment))

    def _known(self, now: datetime) -> list[tuple[str, Run, str]]:
        """The runs in the store, oldest first. What is too old is removed."""
        for name in outdated(self._store, now):
            remove(self._store, name)
        found = ((name, *self._read(name)) for name in names(self._store))
        return [(name, run, etag) for name, run, etag in found if run]

    def _read(self, name: str) -> tuple[Run | None, str]:
        return _read(self._store, name)

    def _remove(self, name: str) -> None:
        remove(self._store, name)


# -------------------------------------------------------------- what `gc` asks of runs


def names(store: Store) -> list[str]:
    """The runs in a store, oldest first."""
    return sorted({one.key.split("/")[1] for one in store.list("exports/")})


def outdated(store: Store, now: datetime) -> list[str]:
    """The runs that nobody comes back to."""
    oldest = new_id(now - _KEPT_MAX)
    found = []
    for name in names(store):
        run, _ = _read(store, name)
        # By its name if it is of another version, or has lost its record.
        if name < oldest and not (run and run.written + _KEPT_MAX > now):
            found.append(name)
    return found


def remove(store: Store, name: str) -> None:
    """Remove a run, its record first: whoever still has it notices."""
    store.delete(f"exports/{name}/run")
    for one in list(store.list(f"exports/{name}/")):
        store.delete(one.key)


def is_any_at_work(store: Store, now: datetime) -> bool:
    """Whether an export may be running: one that wrote so lately that it can be gone on with."""
    found = (_read(store, name)[0] for name in names(store))
    return any(run and run.written + _PAUSES_MAX > now for run in found)


def blobs(store: Store) -> Iterator[str]:
    """The blobs that outcomes of runs name: no release does so yet."""
    for name in names(store):
        run, _ = _read(store, name)
        for segment in run.segments if run else ():
            try:
                for outcome in _outcomes(store, f"exports/{name}/{segment}"):
                    if outcome.entry:
                        yield outcome.entry.blob
            except NotNow:  # it has ended: a release names them, if anything does
                break


def _read(store: Store, name: str) -> tuple[Run | None, str]:
    try:
        found = store.get(f"exports/{name}/run")
        return msgspec.json.decode(found.data, type=Run), found.etag
    except (NotFound, msgspec.MsgspecError):
        return None, ABSENT


def _outcomes(store: Store, key: str) -> Iterator[Outcome]:
    try:
        packed = store.get(key).data
        with gzip.open(io.BytesIO(packed)) as lines:
            if not packed:  # gzip takes this for an empty text
                raise EOFError("it is empty")
            yield from map(_DECODER.decode, lines)
    except NotFound:
        raise _taken_over() from None
    except (msgspec.MsgspecError, OSError, EOFError, zlib.error) as error:
        hint = "Export again with --full: it starts from the beginning."
        raise StoreError(f"{key} is damaged: {error}", hint) from None


def _taken_over() -> NotNow:
    return NotNow("another process has taken this export over, or ended it", "Wait for it.")


_path = operator.attrgetter("path")
