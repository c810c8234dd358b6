"""An edge whose key-value data lies in the store, below `edge/`: the local one, and nginx.

`edge/<name>` is an entry. A redirect set is cut into shards, so that who needs one key reads one
small object: `edge/sets/<set>/<shard>` is a JSON object, `shard` the first two digits of the key's
SHA-256, and `edge/sets/<set>/index` is written last.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from publisher.errors import Conflict, EdgeError, NotFound
from publisher.release import PREVIEW
from publisher.store.port import ABSENT, Store
from redirects.compile import LIVE_KEY, parse_live_entry, shown_by

# How many requests to the store at once.
_AT_ONCE = 16

# What the local edge needs: its server looks four times a second for what is live.
LOCAL_COOLING_S = 2.0


class _Index(msgspec.Struct, frozen=True):
    """What a set consists of. It is there when all of it is."""

    digest: str
    entries: int
    shards: tuple[str, ...]


class StoreEdge:
    """Implements `Edge`. `cooling_s`: what its server needs.

    It may be used by one thread at a time.
    """

    has_fallback = False

    def __init__(self, store: Store, cooling_s: float = LOCAL_COOLING_S) -> None:
        self.cooling_s = cooling_s
        self._store = store
        self._sets: dict[str, dict[str, str]] = {}

    def load(self, set_id: str, entries: Mapping[str, str]) -> None:
        shards = _shards(entries)
        digest = hashlib.sha256(b"\n".join(shards[name] for name in sorted(shards))).hexdigest()
        index = _Index(digest, len(entries), tuple(sorted(shards)))
        if self._index(set_id) == index:
            return

        def write(name: str) -> None:
            key = f"edge/sets/{set_id}/{name}"
            self._store.put(key, shards[name])
            if self._store.get(key).data != shards[name]:
                raise EdgeError(f"{key} does not hold what was written to it")

        _at_once(write, shards)
        self._store.put(f"edge/sets/{set_id}/index", msgspec.json.encode(index))

    def entry(self, name: str) -> str:
        return self._read(name)[0]

    def flip(self, name: str, entry: str) -> None:
        generation = parse_live_entry(entry).generation
        while True:
            held, etag = self._read(name)
            shown = shown_by(held)
            if shown and shown.generation >= generation:
                return
            try:
                self._store.put(f"edge/{name}", entry.encode(), expect=etag)
            except Conflict:
                continue  # another publisher wrote between the two lines: look again
            return

    def invalidate(self, uris: Sequence[str]) -> None:
        """Nothing has to be forgotten: the local edge caches nothing, and nginx, which asks for
        an expired file anew and not whether it has changed, forgets within `cooling_s`."""

    def tidy(
        self,
        names: Collection[str],
        set_ids: Collection[str],
        fallback: str,  # noqa: ARG002 - the port's: its data lies where the files are
    ) -> int:
        removed = 0
        gone = []
        for key, _ in self._store.list("edge/"):
            name = key.removeprefix("edge/")
            set_id, _, part = name.removeprefix("sets/").partition("/")
            if not name.startswith("sets/"):
                if name not in names:
                    gone.append(key)
                    removed += 1
            elif set_id not in set_ids:
                if part == "index":
                    index = self._index(set_id)
                    removed += index.entries if index else 0
                    self._store.delete(key)  # first: what is left is no set any more
                else:
                    gone.append(key)
        _at_once(self._store.delete, gone)
        return removed

    def entries(self) -> dict[str, str]:
        """All that the edge function may read: the entries, live and of previews, and the sets
        that they name. Empty before anything was published."""
        names = (key.removeprefix("edge/") for key, _ in self._store.list(f"edge/{PREVIEW}"))
        named = {name: self.entry(name) for name in (LIVE_KEY, *names)}
        named = {name: entry for name, entry in named.items() if entry}
        ids = {parse_live_entry(entry).set_id for entry in named.values()}
        # What a set holds never changes.
        self._sets = {one: self._sets.get(one) or self._set(one) for one in ids}
        for data in self._sets.values():
            named |= data
        return named

    def _set(self, set_id: str) -> dict[str, str]:
        index = self._index(set_id)
        if index is None:
            raise EdgeError(f"the redirect set {set_id} is not there", "Publish again.")
        found: dict[str, str] = {}

        def read(name: str) -> None:
            data = self._store.get(f"edge/sets/{set_id}/{name}").data
            found.update(msgspec.json.decode(data, type=dict[str, str]))

        _at_once(read, index.shards)
        return found

    def _index(self, set_id: str) -> _Index | None:
        try:
            data = self._store.get(f"edge/sets/{set_id}/index").data
            return msgspec.json.decode(data, type=_Index)
        except (NotFound, msgspec.MsgspecError):
            return None  # a set is what its index says: without one it is written anew

    def _read(self, name: str) -> tuple[str, str]:
        try:
            found = self._store.get(f"edge/{name}")
        except NotFound:
            return "", ABSENT
        return found.data.decode(), found.etag


def shard_of(key: str) -> str:
    """The shard that holds a key; `nginx_files/cloudfront.js` does the same."""
    return hashlib.sha256(key.encode()).hexdigest()[:2]


def _shards(entries: Mapping[str, str]) -> dict[str, bytes]:
    shards: dict[str, dict[str, str]] = defaultdict(dict)
    for key in sorted(entries):
        shards[shard_of(key)][key] = entries[key]
    return {name: msgspec.json.encode(shard) for name, shard in shards.items()}


def _at_once(act: Callable[[str], object], names: Iterable[str]) -> None:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(act, names):
            pass
