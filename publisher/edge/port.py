"""The port to the edge: the key-value data that the edge function decides by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Edge(Protocol):
    """What answers visitors. Every method raises EdgeError when the edge can't be used.

    `cooling_s`: seconds for which a slot that went out of service may still be shown from a
    cache, and so must not be written to.
    """

    cooling_s: float

    def load(self, set_id: str, entries: Mapping[str, str]) -> None:
        """Add a redirect set beside those there, and read it back. Idempotent."""
        ...

    def live(self) -> str:
        """The entry that names what is live, '' if there is none."""
        ...

    def flip(self, entry: str) -> None:
        """Make this the live entry, unless one of a higher generation is there. Idempotent."""
        ...
