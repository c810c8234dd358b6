"""What a designer may be called. Pure.

The name becomes part of keys, of policies and of host names, so it is made of characters that
mean themselves in all of them: no `/`, `.`, `*`, `?`, `$` or `{`, and nothing beyond ASCII.
"""

from __future__ import annotations

import re
import unicodedata

NAME_CHARACTERS_MAX = 32

UPLOADS = "uploads/"
"""Where, in the store, the folders of all designers are."""

CHECK_MARK = ".publisher-check"
"""How the name of each file begins that `designers check` writes: intake leaves them alone."""

# Whose letters look like each other's (Unicode Technical Standard 39, "Confusable detection").
_ALPHABETS = frozenset(("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "COPTIC", "CHEROKEE", "LISU"))
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_FORM = (
    f"must be a name such as hanako: up to {NAME_CHARACTERS_MAX} letters a-z, digits and hyphens, "
    "a letter first"
)


def is_designer_name(value: str) -> str:
    """The name of a designer, as it was given. Raises ValueError."""
    foreign = next((char for char in value if not char.isascii()), "")
    if foreign:
        raise ValueError(f"{_FORM}; it has {_told(foreign)}, which may only look like one")
    if len(value) > NAME_CHARACTERS_MAX or not _NAME.fullmatch(value):
        raise ValueError(_FORM)
    return value


def is_person(value: str) -> str:
    """The name of somebody who approves, in any script, as it was given. Raises ValueError for one
    in which letters of one alphabet may only look like those of another."""
    if not value or not value.isprintable():
        raise ValueError("must be a name, without characters that nobody sees")
    if foreign := look_alike(value):
        raise ValueError(f"mixes two alphabets: it has {foreign}, which may only look like another")
    return value


def look_alike(name: str) -> str:
    """The first letter of a name, and what it is, that is of another alphabet than the letters
    before it; '' for none. Kanji and kana look like no letter of these."""
    first = ""
    for char in unicodedata.normalize("NFKC", name):
        alphabet = unicodedata.name(char, "").partition(" ")[0]
        if alphabet not in _ALPHABETS:
            continue
        first = first or alphabet
        if alphabet != first:
            return _told(char)
    return ""


def _told(char: str) -> str:
    return f"{char!r} ({unicodedata.name(char, f'U+{ord(char):04X}')})"


def folder(name: str) -> str:
    """The prefix, below that of the store, that this designer may touch. Its slash keeps `hana`
    out of what is `hanako`'s."""
    return f"{UPLOADS}{is_designer_name(name)}/"
