"""`publisher gc`: what no retained release, slot or intent needs is removed from the store.

What is needed is decided in `retention`. Here is the order, in which each step can be the last
one: whoever names something goes before what it names, so nothing is ever named that is gone; and
what is left lying is found by the next run, which looks at what there is, not at what was to be
done. docs/design.md, "What gc removes", says why others at work lose nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from publisher import spool
from publisher.edge.port import Edge
from publisher.errors import Conflict, LostRace
from publisher.filling import Progress
from publisher.intake.state import needed, states
from publisher.manifest import Manifest
from publisher.paths import recorded
from publisher.publish import Publisher
from publisher.records import Records, slot_key
from publisher.release import LIVE, Intent, Release, utc_now
from publisher.retention import (
    GRACE,
    Keep,
    abandoned,
    dropped,
    is_filling,
    is_slot,
    lately_live,
    needs_fallback,
    retained,
    settled,
    still_withdrawn,
    with_fallback,
)
from publisher.rules import compiled, with_withdrawn
from publisher.slots import CONFLICTS_MAX, Slots
from publisher.store.port import Listed, Store
from redirects.compile import KeyValueData, shown_by

# Deletes wait for the network.
_AT_ONCE = 16
# So many are removed between two looks at whether they are still old: that is less than a second.
_LOOKED_AT = 100
# A temporary file lives as long as the write of one object.
_TEMPORARY_MAX = timedelta(days=1)
_HEX = "0123456789abcdef"


@dataclass(slots=True)
class Collected:
    """What a run removed and what is kept, by kind; how many bytes the kept blobs have; what was
    left for another time, and why."""

    removed: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    kept_bytes: int = 0
    fallback: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Marks:
    """What is needed: digests of blobs, shortened, and of manifests and their parts. That two of
    fifteen digits are alike keeps one blob too many, once in a thousand years."""

    blobs: set[int] = field(default_factory=set)
    manifests: set[str] = field(default_factory=set)
    bytes: int = 0

    def add_blob(self, digest: str, size: int = 0) -> None:
        short = int(digest[:15], 16)
        if short not in self.blobs:
            self.blobs.add(short)
            self.bytes += size


class Collector:
    """Removes what is not needed. `edge` is None in a dry run: nothing is done there.
    `is_alone`: nobody can be exporting meanwhile. `leftovers`: removes the temporary files of
    the store that are older than a time, and returns how many there were.

    Raises StoreError and EdgeError; running it again goes on.
    """

    def __init__(
        self,
        records: Records,
        edge: Edge | None,
        progress: Progress,
        keep: Keep,
        *,
        is_alone: bool,
        leftovers: Callable[[datetime], int] = lambda _: 0,
    ) -> None:
        self._records = records
        self._store: Store = records.store
        self._edge = edge
        self._progress = progress
        self._keep = keep
        self._is_alone = is_alone
        self._leftovers = leftovers
        self._cooling_s = edge.cooling_s if edge else 0.0
        self._done = Collected()

    def collect(self) -> Collected:
        """Remove it all, and say what was removed and kept."""
        self._settle()
        if self._edge:
            self._fill_fallback(self._edge)
            self._tidy(self._edge)
        self._remove_withdrawn()
        for name in spool.outdated(self._store, utc_now()):
            spool.remove(self._store, name)
            self._done.removed["cut exports"] += 1
        self._remove_releases()
        self._remove_unnamed()
        self._remove_slots()
        self._done.removed["temporary files"] += self._leftovers(utc_now() - _TEMPORARY_MAX)
        return self._done

    # ---------------------------------------------------------------- intents

    def _intents(self) -> dict[str, Intent]:
        targets = (LIVE, *self._records.previews())
        return {target: self._records.intent(target)[0] for target in targets}

    def _change(self, target: str, change: Callable[[Intent], Intent]) -> Intent:
        """Move an intent, if there is anything to change in it."""
        for _ in range(CONFLICTS_MAX):
            intent, etag = self._records.intent(target)
            moved = change(intent)
            if moved == intent:
                return intent
            try:
                self._records.move_intent(moved, etag, target)
            except Conflict:
                continue
            return moved
        raise LostRace("publishers kept changing what is live", "Try again.")

    def _settle(self) -> None:
        for target, before in self._intents().items():
            now = self._change(target, lambda one: settled(one, utc_now(), self._cooling_s))
            self._done.removed["expired previews"] += bool(before.slot and not now.slot)

    def _fill_fallback(self, edge: Edge) -> None:
        intent, _ = self._records.intent()
        self._done.fallback = intent.fallback
        if not edge.has_fallback or not needs_fallback(intent, utc_now()):
            return
        release = self._records.release(intent.release)
        ready = Slots(self._records, edge, self._progress, LIVE).spare(release, intent.withdrawn)
        moved = self._change(
            LIVE, lambda one: with_fallback(one, ready.slot, ready.claimed, ready.filled)
        )
        self._done.fallback = moved.fallback

    # ------------------------------------------------------------------- edge

    def _tidy(self, edge: Edge) -> None:
        """Keep at the edge what visitors may get. Who moved an intent meanwhile may have lost
        what they loaded: it is loaded again. Who moves one later loads it later, too."""
        intents = self._intents()
        if self._is_busy(intents):
            self._done.notes.append("a publish is under way: redirect data stay")
            return
        now = utc_now()
        names = [target for target, intent in intents.items() if intent.slot]
        sets = {set_id for target in intents for set_id in _shown(edge, target)}
        for target in names:
            intent = intents[target]
            sets.add(self._load(edge, intent, intents[LIVE]))
            for slot in intent.slots.values():  # a cache may still ask by these
                if slot.state == "cooling" and (not slot.until or slot.until > now):
                    release = self._records.stored_release(slot.release)
                    if release:
                        sets.add(self._compiled(release[0], slot.without)[0])
        removed = edge.tidy(names, sets, intents[LIVE].fallback)
        self._done.removed["entries at the edge"] += removed
        for target, intent in self._intents().items():
            is_new = target not in names or intent.redirect_set not in sets
            if intent.slot and is_new:
                self._load(edge, intent, self._records.intent()[0])
                Publisher(self._records, edge, self._progress, target).repair()

    def _load(self, edge: Edge, intent: Intent, live: Intent) -> str:
        """Have the redirect set of an intent at the edge, also if a run that died took it away."""
        release = self._records.release(intent.release)
        for withdrawn in (live.withdrawn, intent.withdrawn):
            identity, data = self._compiled(release, withdrawn)
            if identity == intent.redirect_set:
                edge.load(identity, data)
                break
        return intent.redirect_set

    def _compiled(self, release: Release, withdrawn: Iterable[str]) -> tuple[str, KeyValueData]:
        return compiled(with_withdrawn(self._records.rules(release), withdrawn))

    def _remove_withdrawn(self) -> None:
        withdrawn = self._records.intent()[0].withdrawn
        for target in self._intents() if withdrawn else ():
            # Read just before: no slot is live now and filled anew before it has cooled.
            intent, _ = self._records.intent(target)
            for slot, path in still_withdrawn(intent, withdrawn):
                key = slot_key(slot, recorded(path))
                if any(one.key == key for one in self._store.list(key)):
                    self._store.delete(key)
                    self._done.removed["withdrawn files"] += 1

    # --------------------------------------------------------------- releases

    def _remove_releases(self) -> None:
        """Records first: what they name is removed as what nobody names."""
        now = utc_now()
        intents = self._intents()
        recent = lately_live(self._records.journal(), now)
        recent |= {one.held for one in states(self._store).values()}  # it may be approved of yet
        found = self._releases()
        releases = {name: one[0] for name, one in found.items()}
        kept = retained(releases, intents.values(), recent, self._keep, now)
        going = []
        for name, (release, etag) in found.items():
            if release.retired == (name in kept):
                try:
                    self._records.retire(release, etag, retired=name not in kept)
                except Conflict:  # another gc
                    continue
            if name not in kept:
                going.append(name)
        intents = self._intents()  # who has claimed a slot before that is seen; who does so
        if going and self._is_busy(intents):  # after it sees that the release is going
            self._done.notes.append("a publish is under way: releases stay")
            going = []
        kept = retained(releases, intents.values(), recent, self._keep, now)
        for name in going:
            if name not in kept:
                self._store.delete(f"releases/{name}")
                self._done.removed["releases"] += 1
        self._done.kept["releases"] = len(found) - self._done.removed["releases"]

    def _releases(self) -> dict[str, tuple[Release, str]]:
        names = self._records.release_ids()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = zip(names, pool.map(self._records.stored_release, names), strict=True)
            return {name: one for name, one in found if one}

    def _is_busy(self, intents: dict[str, Intent]) -> bool:
        return any(is_filling(intent, utc_now()) for intent in intents.values())

    # ------------------------------------------------------ manifests and blobs

    def _remove_unnamed(self) -> None:
        if self._is_exporting():
            self._done.notes.append("an export is at work: files that no release names stay")
            return
        marks = self._marks()
        self._done.kept["blobs"] = len(marks.blobs)
        self._done.kept["manifests and parts"] = len(marks.manifests)
        self._done.kept_bytes = marks.bytes
        shards = [f"manifests/{a}" for a in _HEX]
        shards += [f"blobs/{a}{b}/" for a in _HEX for b in _HEX]
        for number, shard in enumerate(shards):
            self._progress("looking for what is not needed", number, len(shards))
            if not self._remove_of(shard, marks):
                self._done.notes.append("an export has begun: files that no release names stay")
                return

    def _remove_of(self, shard: str, marks: _Marks) -> bool:
        """Remove the unnamed and old ones with keys that begin so; False: somebody exports."""

        def garbage() -> dict[str, Listed]:
            oldest = utc_now() - GRACE
            return {
                one.key: one
                for one in self._store.list(shard)
                if one.modified < oldest and not _is_marked(one.key, marks)
            }

        left = list(garbage())
        while left:
            chunk, left = left[:_LOOKED_AT], left[_LOOKED_AT:]
            if self._is_exporting():
                return False
            # Whoever needs it again has written it again, so it is not old any more.
            still = garbage()
            kind = "blobs" if shard.startswith("blobs/") else "manifests and parts"
            self._delete((key for key in chunk if key in still), kind)
        return True

    def _marks(self) -> _Marks:
        """What releases, slots and cut exports name. Those first that may become others."""
        marks = _Marks()
        for digest in spool.blobs(self._store):
            marks.add_blob(digest)
        indexes, origins = self._named(marks)
        parts: dict[str, None] = {}
        for index in filter(None, indexes):
            parts |= dict.fromkeys(self._note(index, marks))
        for index in filter(None, origins):
            self._note(index, marks)
        done = 0
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for some in _chunks(parts, _LOOKED_AT):
                for rows in pool.map(self._records.load_part, some):
                    for row in rows:
                        marks.add_blob(row.entry.blob, row.entry.size)
                done += len(some)
                self._progress("reading what is needed", done, len(parts))
        return marks

    def _named(self, marks: _Marks) -> tuple[dict[str, None], dict[str, None]]:
        """The manifests of entries, and those of where entries came from; in order, since
        neighbours share parts."""
        indexes: dict[str, None] = {}
        origins: dict[str, None] = {}
        for one in needed(states(self._store).values()):  # what releases are made of
            indexes[one.layer] = origins[one.taken] = None
        for intent in self._intents().values():
            for slot in intent.slots.values():
                indexes |= dict.fromkeys((slot.manifest, slot.older))
        for release, _ in self._releases().values():
            for digest in {release.redirects, release.cms_rules}:
                marks.add_blob(digest)
            layers = (one.layer for one in release.layers)
            indexes |= dict.fromkeys((release.manifest, release.cms_layer, *layers))
            origins[release.captured] = None
        return indexes, origins

    def _note(self, index: str, marks: _Marks) -> list[str]:
        manifest: Manifest = self._records.manifest(index)
        parts = [part.digest for part in manifest.parts]
        marks.manifests.add(index)
        marks.manifests.update(parts)
        return parts

    def _is_exporting(self) -> bool:
        return not self._is_alone and spool.is_any_at_work(self._store, utc_now())

    # ------------------------------------------------------------------ slots

    def _remove_slots(self) -> None:
        # Listed before the intents are read: a slot is named before it is written to.
        folders = set()
        for number, one in enumerate(self._store.list("site/")):
            folders.add(one.key.split("/", 2)[1])
            if number % 1000 == 0:
                self._progress("looking at slots", number, 0)
        intents = self._intents()
        known = {name for intent in intents.values() for name in intent.slots}
        self._done.kept["slots"] = len(known)
        for folder in sorted(folders - known):
            if is_slot(folder):  # what who was thought dead wrote late
                self._remove_files(folder)
                self._done.removed["slots"] += 1
        for target, intent in intents.items():
            gone = abandoned(intent, utc_now(), self._cooling_s)
            for name in gone:
                self._remove_files(name)
            if gone:
                self._change(target, partial(dropped, names=gone))
                self._done.removed["slots"] += len(gone)
                self._done.kept["slots"] -= len(gone)

    def _remove_files(self, slot: str) -> None:
        keys = (one.key for one in self._store.list(f"site/{slot}/"))
        self._delete(keys, "files of slots")

    # ----------------------------------------------------------------- pieces

    def _delete(self, keys: Iterable[str], kind: str) -> None:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for some in _chunks(keys, 10 * _LOOKED_AT):
                for _ in pool.map(self._store.delete, some):
                    self._done.removed[kind] += 1
                self._progress(f"removing {kind}", self._done.removed[kind], 0)


def _shown(edge: Edge, target: str) -> Iterator[str]:
    """The redirect set that the edge uses now: it may be behind the intent."""
    shown = shown_by(edge.entry(target))
    if shown:
        yield shown.set_id


def _is_marked(key: str, marks: _Marks) -> bool:
    digest = key.rpartition("/")[2]
    if key.startswith("manifests/"):
        return digest in marks.manifests
    try:
        return int(digest[:15], 16) in marks.blobs
    except ValueError:  # none of ours
        return True


def _chunks(keys: Iterable[str], size: int) -> Iterator[list[str]]:
    iterator = iter(keys)
    while chunk := list(islice(iterator, size)):
        yield chunk
