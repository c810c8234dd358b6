"""The port to a social network that tells how often addresses were shared: one contract suite
(tests/test_share_counts.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol


class Refusal(NamedTuple):
    """Why a network is asked nothing more in this run, and what to do. Holds no secret."""

    message: str
    hint: str


class Answer(NamedTuple):
    """What a network said about some addresses.

    `counts`: by address, what was counted, by name (`shares`, `bookmarks`). `unknown`: by address,
    why it said nothing about this one; that is no zero. `refusal`: None if it may be asked on.
    """

    counts: Mapping[str, Mapping[str, int]]
    unknown: Mapping[str, str]
    refusal: Refusal | None = None


class ShareCounts(Protocol):
    """A network. `name`: one lower-case word, the key of its counts in the store."""

    name: str

    def entries(self, url: str) -> tuple[str, ...]:
        """The addresses that the network counts apart for an address that visitors take for one;
        the address itself is the first of them, as the network spells it."""
        ...

    def question(self, urls: Sequence[str]) -> int:
        """How many of these, from the first on, fit into one question: 1 at least."""
        ...

    def counts(self, urls: Sequence[str]) -> Answer:
        """What was counted at these addresses: one question, asked again when it fails in a way
        that passes. Raises nothing of its own: an answer that is none is a refusal."""
        ...

    def close(self) -> None:
        """Ends the connections."""
        ...
