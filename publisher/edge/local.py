"""An edge on this machine, for development: its key-value data lies in the store, below `edge/`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from publisher.errors import Conflict, NotFound
from publisher.store.port import ABSENT, Store
from redirects.compile import LIVE_KEY, parse_live_entry, shown_by


class LocalEdge:
    """Implements `Edge`. Its server looks four times a second for what is live."""

    cooling_s = 2.0
    has_fallback = False

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self, set_id: str, entries: Mapping[str, str]) -> None:
        self._store.put(f"edge/sets/{set_id}", msgspec.json.encode(dict(entries)))

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
        """Nothing is cached."""

    def tidy(
        self,
        names: Collection[str],
        set_ids: Collection[str],
        fallback: str,  # noqa: ARG002 - the port's: its data lies where the files are
    ) -> int:
        kept = {f"edge/{name}" for name in names} | {f"edge/sets/{one}" for one in set_ids}
        gone = [one.key for one in self._store.list("edge/") if one.key not in kept]
        for key in gone:
            self._store.delete(key)
        return len(gone)

    def entries(self) -> dict[str, str]:
        """All data of the live set, with the live entry: what the edge function reads.

        Empty before the first release is live.
        """
        live = self.entry(LIVE_KEY)
        if not live:
            return {}
        data = self._store.get(f"edge/sets/{parse_live_entry(live).set_id}").data
        entries = msgspec.json.decode(data, type=dict[str, str])
        entries[LIVE_KEY] = live
        return entries

    def _read(self, name: str) -> tuple[str, str]:
        try:
            found = self._store.get(f"edge/{name}")
        except NotFound:
            return "", ABSENT
        return found.data.decode(), found.etag
