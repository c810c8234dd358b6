"""The port to the edge: the key-value data that the edge function decides by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from redirects.compile import KeyValueData


class Edge(Protocol):
    """What answers visitors. Every method raises EdgeError when the edge can't be used.

    An entry (`redirects.compile.live_entry`) names a slot and a redirect set. The one called
    `live` is for visitors; `preview-NAME` is for who looks at a preview.

    `cooling_s`: seconds for which a slot that went out of service may still be shown from a
    cache, and so must not be written to. `has_fallback`: whether it can show a slot while its
    own data can't be read.
    """

    cooling_s: float
    has_fallback: bool

    def load(self, set_id: str, data: KeyValueData) -> None:
        """Add a redirect set beside those there, and read back what of it was not there. What it
        shares with the set that is live is not written again. Idempotent."""
        ...

    def entry(self, name: str) -> str:
        """The entry of this name, '' if there is none."""
        ...

    def flip(self, name: str, entry: str) -> None:
        """Make this the entry of that name, unless one of a higher generation is there.
        Idempotent."""
        ...

    def invalidate(self, uris: Sequence[str]) -> None:
        """Forget what was cached under these rewritten addresses (`/s1/blog/1.html`, percent-
        encoded; a `*` at the end stands for anything), and return when that is done everywhere."""
        ...

    def tidy(self, names: Collection[str], set_ids: Collection[str], fallback: str) -> int:
        """Keep the entries of these names and these redirect sets, and remove all others; show
        the slot `fallback` ('' for none) while data can't be read. Returns how many entries it
        removed."""
        ...
