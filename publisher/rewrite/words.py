"""Which of many words a text holds, in one pass. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ahocorasick_rs import BytesAhoCorasick, MatchKind

# Instead of a place: somewhere.
SOMEWHERE = -1


class Words:
    """Looks for groups of words, each known by its name. Matches that overlap are not looked
    for, which is ten times as fast; so a word may hide another that begins within it."""

    def __init__(self, groups: Mapping[str, tuple[bytes, ...]]) -> None:
        self._groups = groups
        self._words = tuple(dict.fromkeys(word for group in groups.values() for word in group))
        self._search = BytesAhoCorasick(self._words, matchkind=MatchKind.LeftmostFirst)
        # For each word that was found, its groups and those that it may hide.
        self._of_word: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = {}

    def groups_in(self, text: bytes) -> dict[str, list[int]]:
        """The groups of which a word may be in the text, none missing, each with the places
        where one begins; `SOMEWHERE` for one that may be hidden."""
        found: dict[str, list[int]] = {}
        for number, start, _ in self._search.find_matches_as_indexes(text):
            of_word = self._of_word.get(number)
            if of_word is None:
                of_word = self._of_word[number] = self._learn(self._words[number])
            for name in of_word[0]:
                found.setdefault(name, []).append(start)
            for name in of_word[1]:
                found.setdefault(name, [SOMEWHERE])
        return found

    def _learn(self, word: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
        own = [name for name, group in self._groups.items() if word in group]
        hidden = [
            name
            for name, group in self._groups.items()
            if any(_may_hide(word, other) for other in group)
        ]
        return tuple(own), tuple(hidden)


def _may_hide(word: bytes, other: bytes) -> bool:
    """Whether the other word can begin within the first one."""
    return word != other and (
        other in word or any(other.startswith(word[start:]) for start in range(1, len(word)))
    )
