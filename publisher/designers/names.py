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

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_FORM = (
    f"must be a name such as hanako: up to {NAME_CHARACTERS_MAX} letters a-z, digits and hyphens, "
    "a letter first"
)


def is_designer_name(value: str) -> str:
    """The name of a designer, as it was given. Raises ValueError."""
    foreign = next((char for char in value if not char.isascii()), "")
    if foreign:
        name = unicodedata.name(foreign, f"U+{ord(foreign):04X}")
        raise ValueError(f"{_FORM}; it has {foreign!r} ({name}), which may only look like one")
    if len(value) > NAME_CHARACTERS_MAX or not _NAME.fullmatch(value):
        raise ValueError(_FORM)
    return value


def folder(name: str) -> str:
    """The prefix, below that of the store, that this designer may touch. Its slash keeps `hana`
    out of what is `hanako`'s."""
    return f"{UPLOADS}{is_designer_name(name)}/"
