"""An edge on this machine, for development: its key-value data lies in the store, below `edge/`."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from publisher.errors import Conflict, NotFound
from publisher.store.port import ABSENT, Store
from redirects.compile import LIVE_KEY, parse_live_entry

_LIVE = f"edge/{LIVE_KEY}"


class LocalEdge:
    """Implements `Edge`. Its server looks four times a second for what is live."""

    cooling_s = 2.0

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self, set_id: str, entries: Mapping[str, str]) -> None:
        self._store.put(f"edge/sets/{set_id}", msgspec.json.encode(dict(entries)))

    def live(self) -> str:
        return self._read()[0]

    def flip(self, entry: str) -> None:
        while True:
            held, etag = self._read()
            if held and parse_live_entry(held).generation >= parse_live_entry(entry).generation:
                return
            try:
                self._store.put(_LIVE, entry.encode(), expect=etag)
            except Conflict:
                continue  # another publisher wrote between the two lines: look again
            return

    def entries(self) -> dict[str, str]:
        """All data of the live set, with the live entry: what the edge function reads.

        Empty before the first release is live.
        """
        live = self.live()
        if not live:
            return {}
        data = self._store.get(f"edge/sets/{parse_live_entry(live).set_id}").data
        entries = msgspec.json.decode(data, type=dict[str, str])
        entries[LIVE_KEY] = live
        return entries

    def _read(self) -> tuple[str, str]:
        try:
            found = self._store.get(_LIVE)
        except NotFound:
            return "", ABSENT
        return found.data.decode(), found.etag
