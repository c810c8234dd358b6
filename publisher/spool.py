"""The outcomes of a running export: written to the store as they come, read in path order.

So memory does not grow with the site, and an export that was cut goes on where it stopped.

    exports/<id>/run                how far it is; moved only by compare-and-swap
    exports/<id>/<owner>-00001      outcomes in path order, compressed
"""

from __future__ import annotations

import gzip
import heapq
import io
import operator
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from publisher.errors import Conflict, NotFound, NotNow, StoreError
from publisher.outcome import Outcome
from publisher.release import new_id, utc_now
from publisher.store.port import ABSENT, Store

# Outcomes of this many URLs are held in memory, and lost if the program dies.
_OUTCOMES_MAX = 2000
_SECONDS_MAX = timedelta(seconds=15)
# What a run has learnt goes out of date: its pages would be of different ages.
_RESUME_MAX = timedelta(hours=1)
# Nobody comes back to a run that is older than this.
_KEPT_MAX = timedelta(hours=24)

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Outcome)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """How far an export is. `key`: what it was made of (configuration, the CMS's lists).
    `owner`: which process runs it: it alone writes segments of that name."""

    key: str
    started: datetime
    written: datetime
    owner: str
    segments: tuple[str, ...] = ()


class Spool:
    """The outcomes of one export. `quiet` is the time after which a run that wrote nothing
    counts as dead; None starts from the beginning. Raises StoreError."""

    def __init__(self, store: Store, key: str, quiet: timedelta | None = timedelta()) -> None:
        self._store = store
        self._held: list[Outcome] = []
        now = utc_now()
        self._id = new_id(now)
        self._run = Run(key=key, started=now, written=now, owner=self._id)
        self._etag = ABSENT
        for name, run, etag in self._others():
            is_open = quiet is not None and run.written + quiet <= now
            if run.key == key and is_open and run.started + _RESUME_MAX > now and run.segments:
                self._id, self._etag = name, etag
                self._run = msgspec.structs.replace(run, owner=self._run.owner)
            elif run.started + _KEPT_MAX < now:
                self._remove(name, run)
        self.is_resumed = bool(self._run.segments)

    def add(self, outcome: Outcome) -> None:
        """Take one more. Raises NotNow if another process has taken this export over."""
        self._held.append(outcome)
        if len(self._held) >= _OUTCOMES_MAX or utc_now() > self._run.written + _SECONDS_MAX:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if not self._held:
            return
        segment = f"{self._run.owner}-{len(self._run.segments) + 1:05d}"
        self._held.sort(key=_path)
        data = b"".join(_ENCODER.encode(outcome) + b"\n" for outcome in self._held)
        self._store.put(self._key(segment), gzip.compress(data, 1, mtime=0))
        run = msgspec.structs.replace(
            self._run, segments=(*self._run.segments, segment), written=utc_now()
        )
        try:
            self._etag = self._store.put(
                f"exports/{self._id}/run", msgspec.json.encode(run), expect=self._etag
            )
        except Conflict:
            raise NotNow("another process has taken this export over", "Wait for it.") from None
        self._run = run
        self._held.clear()

    def __iter__(self) -> Iterator[Outcome]:
        """All of them, in path order. Can be read again and again."""
        self.flush()
        return heapq.merge(*map(self._outcomes, self._run.segments), key=_path)

    def discard(self) -> None:
        """Remove it all: the export has ended."""
        self._remove(self._id, self._run)

    # ----------------------------------------------------------------- pieces

    def _key(self, segment: str) -> str:
        return f"exports/{self._id}/{segment}"

    def _outcomes(self, segment: str) -> Iterator[Outcome]:
        packed = self._store.get(self._key(segment)).data
        try:
            with gzip.open(io.BytesIO(packed)) as lines:
                yield from map(_DECODER.decode, lines)
        except (msgspec.MsgspecError, OSError, EOFError) as error:
            hint = "Export again with --full: it starts from the beginning."
            raise StoreError(f"{self._key(segment)} is damaged: {error}", hint) from None

    def _others(self) -> Iterator[tuple[str, Run, str]]:
        names = [key for key in self._store.list("exports/") if key.endswith("/run")]
        for key in sorted(names):
            try:
                found = self._store.get(key)
                yield key.split("/")[1], msgspec.json.decode(found.data, type=Run), found.etag
            except (NotFound, msgspec.MsgspecError):  # removed meanwhile, or of another version
                continue

    def _remove(self, name: str, run: Run) -> None:
        self._store.delete(f"exports/{name}/run")
        for segment in run.segments:
            self._store.delete(f"exports/{name}/{segment}")


_path = operator.attrgetter("path")
