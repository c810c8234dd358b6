"""What was worked out for one tag and is the same on the next page. Pure.

Menus, assets and inline scripts recur on every page of a site, byte by byte. The tags come from
the CMS, so the memory that they take is bounded.
"""

from __future__ import annotations

import msgspec

from publisher.addresses import Address

# Longer tokens are worked out each time.
_LONGEST = 20_000
# So many bytes are kept at most, twice: what has not been asked for since as many came goes.
_BYTES_MAX = 16_000_000
# What an entry takes besides its bytes.
_OVERHEAD = 500

# A token; or one with the folder of the pages for which it has this outcome, or with what else it
# depends on.
Key = bytes | tuple[bytes, str]


# No garbage to look for: it holds nothing that could hold it.
class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What becomes of a token: the new one, None if it stays; the addresses that it names, by
    their keys; what it says that the page depends on; the transformations that were made in it,
    by their names. `goes`: the name under which its whole element is taken out, '' if it stays;
    `base`: the URL of a `<base>`. `link`: the new one, if there is nothing else but addresses."""

    text: bytes | None = None
    found: tuple[tuple[str, Address], ...] = ()
    depends: tuple[str, ...] = ()
    removals: tuple[str, ...] = ()
    goes: str = ""
    base: str | None = None
    link: bytes | None = None


NOTHING = Outcome()
# It depends on where the page is: its outcome is kept with the page's folder.
RELATIVE = Outcome(goes="relative")


class Memo:
    """Outcomes over the pages of one export. `known` is for quick looks; what is not there may
    still come from `recall`."""

    def __init__(self, bytes_max: int = _BYTES_MAX) -> None:
        self.known: dict[Key, Outcome] = {}
        self._before: dict[Key, Outcome] = {}
        self._bytes = 0
        self._bytes_max = bytes_max

    def recall(self, key: Key) -> Outcome | None:
        """The outcome of a token, or of a token in a folder, if it is still known."""
        outcome = self.known.get(key) or self._before.get(key)
        if outcome is None or outcome is RELATIVE:
            return None
        self.keep(key, outcome)
        return outcome

    def learn(self, token: bytes, folder: str | None, outcome: Outcome) -> None:
        """Keep the outcome of a token; for pages in this folder only, if one is given."""
        if len(token) > _LONGEST:
            return
        if folder is None:
            self.keep(token, outcome)
        else:
            self.keep((token, folder), outcome)
            self.keep(token, RELATIVE)

    def keep(self, key: Key, outcome: Outcome) -> None:
        """Keep an outcome under its key."""
        if key in self.known:
            return
        token = key if isinstance(key, bytes) else key[0]
        self._bytes += len(token) + len(outcome.text or b"") + _OVERHEAD
        if self._bytes > self._bytes_max:
            self._before = self.known.copy()
            self.known.clear()
            self._bytes = 0
        self.known[key] = outcome
