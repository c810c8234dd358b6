"""What was worked out for one text and is the same on the next page. Pure.

Menus, assets and inline scripts recur on every page of a site. The texts come from the CMS, so
the memory that they take is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from publisher.addresses import Address
from publisher.rewrite.linker import Linker, Withheld

# Longer texts are worked out each time; so many characters are kept at most.
_LONGEST = 20_000
_CHARACTERS_MAX = 8_000_000


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a text: the new one, None if it stays as it is; whether it leads to what
    the public may not have; the addresses that it names, by their path."""

    text: str | None
    withheld: bool = False
    found: tuple[tuple[str, Address], ...] = ()


UNCHANGED = Result(None)


class Memo:
    """Remembers results over the pages of one export. What was resolved against the address
    of a page is remembered for that address only."""

    def __init__(self, characters_max: int = _CHARACTERS_MAX) -> None:
        self._known: dict[Hashable, Result] = {}
        self._characters = 0
        self._characters_max = characters_max

    def get(self, kind: Hashable, text: str, linker: Linker, make: Callable[[], str]) -> Result:
        """The result for a text: what `make` gives for it, which may raise Withheld. The
        addresses are added to `linker.found`."""
        result = self._known.get((kind, text)) or self._known.get((kind, text, linker.folder))
        if result is None:
            result = self._made(kind, text, linker, make)
        found = linker.found
        for path, address in result.found:
            if path not in found:
                found[path] = address
        return result

    def _made(self, kind: Hashable, text: str, linker: Linker, make: Callable[[], str]) -> Result:
        before, linker.found = linker.found, {}
        was_relative, linker.is_relative = linker.is_relative, False
        try:
            new = make()
            result = Result(None if new == text else new, False, tuple(linker.found.items()))
        except Withheld:
            result = Result(None, True, tuple(linker.found.items()))
        finally:
            is_relative, linker.is_relative = linker.is_relative, was_relative
            linker.found = before
        linker.is_relative = was_relative or is_relative
        if len(text) <= _LONGEST:
            self._characters += 2 * len(text) + 200
            if self._characters > self._characters_max:
                self._known.clear()
                self._characters = 0
            self._known[(kind, text, linker.folder) if is_relative else (kind, text)] = result
        return result
