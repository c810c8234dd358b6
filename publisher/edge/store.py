"""An edge whose key-value data lies in the store, below `edge/`: the local one, and nginx.

Each entry is an object, `edge/<key>`: what is live, and the nodes of the redirect sets. The head of
a set is `edge/sets/<set>`, written when all nodes are there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from publisher.errors import Conflict, EdgeError, NotFound
from publisher.release import PREVIEW
from publisher.store.port import ABSENT, Store
from redirects.compile import LIVE_KEY, KeyValueData, nodes_of, parse_live_entry, shown_by

# How many requests to the store at once.
_AT_ONCE = 16

# What the local edge needs: its server looks four times a second for what is live.
LOCAL_COOLING_S = 2.0


class StoreEdge:
    """Implements `Edge`. `cooling_s`: what its server needs.

    It may be used by one thread at a time.
    """

    has_fallback = False

    def __init__(self, store: Store, cooling_s: float = LOCAL_COOLING_S) -> None:
        self.cooling_s = cooling_s
        self._store = store
        self._nodes: dict[str, str] = {}

    def load(self, set_id: str, data: KeyValueData) -> None:
        if self._head(set_id) == data.head:
            return
        live = shown_by(self.entry(LIVE_KEY))
        is_whole = live is not None and self._head(live.set_id) == live.head
        lacking = data.lacking(live.head, self._read_value) if live and is_whole else data.entries

        def write(key: str) -> None:
            self._store.put(f"edge/{key}", lacking[key].encode())
            if self._read_value(key) != lacking[key]:
                raise EdgeError(f"edge/{key} does not hold what was written to it")

        _at_once(write, lacking)
        self._store.put(f"edge/sets/{set_id}", data.head.encode())

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
        kept = {f"sets/{set_id}" for set_id in set_ids} | set(names)
        entries = [entry for name in names if (entry := shown_by(self.entry(name)))]
        for head in [*(entry.head for entry in entries), *map(self._head, set_ids)]:
            kept.update(nodes_of(head or "", self._read_value))
        found = (one.key.removeprefix("edge/") for one in self._store.list("edge/"))
        # Heads first: what is left of a set is none any more.
        gone = sorted((key for key in found if key not in kept), key=lambda key: key[:2] == "n/")
        for is_node in (False, True):
            some = [key for key in gone if key.startswith("n/") == is_node]
            _at_once(lambda key: self._store.delete(f"edge/{key}"), some)
        return len(gone)

    def entries(self) -> dict[str, str]:
        """All that the edge function may read: the entries, live and of previews, and the nodes of
        the sets that they name. Empty before anything was published."""
        names = (one.key.removeprefix("edge/") for one in self._store.list(f"edge/{PREVIEW}"))
        named = {name: self.entry(name) for name in (LIVE_KEY, *names)}
        named = {name: entry for name, entry in named.items() if entry}
        used: dict[str, str] = {}

        def read(key: str) -> str:
            # What a node holds never changes.
            used[key] = self._nodes[key] if key in self._nodes else self._node(key)
            return used[key]

        for entry in named.values():
            _at_once(read, list(nodes_of(parse_live_entry(entry).head, read)))
        self._nodes = used
        return named | used

    def _node(self, key: str) -> str:
        found = self._read_value(key)
        if found is None:
            raise EdgeError(f"the redirects lack {key}", "Publish again.")
        return found

    def _head(self, set_id: str) -> str | None:
        """The head of a set all of whose nodes are there; None if there is no such set."""
        return self._read_value(f"sets/{set_id}")

    def _read_value(self, key: str) -> str | None:
        try:
            return self._store.get(f"edge/{key}").data.decode(errors="replace")
        except NotFound:
            return None

    def _read(self, name: str) -> tuple[str, str]:
        try:
            found = self._store.get(f"edge/{name}")
        except NotFound:
            return "", ABSENT
        return found.data.decode(errors="replace"), found.etag


def _at_once(act: Callable[[str], object], names: Iterable[str]) -> None:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(act, names):
            pass
