"""nginx's configuration: words in quotes, maps, and tables that tell upper from lower case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# nginx's parser holds 4,096 bytes of a word; this leaves some for the quotes and escapes.
WORD_BYTES_MAX = 4_000

_UPPER = re.compile("[A-Z]+")
_ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_TO_ESCAPE = re.compile(r'[\\"\n\r\t]')
# nginx has no escape for a dollar in a value.
DOLLAR = "${redirects_dollar}"


def word(text: str) -> str:
    """A word of the configuration, in which `$name` is a variable where nginx looks for some."""
    return f'"{_TO_ESCAPE.sub(lambda found: _ESCAPED[found[0]], text)}"'


def literal(text: str) -> str:
    """A text for a value, in which a dollar is a dollar. It is to become a part of a `word`."""
    return text.replace("$", DOLLAR)


def map_of(
    source: str, variable: str, rows: Iterable[tuple[str, str]], *, include: str = ""
) -> str:
    """A `map` from a text with variables to a variable; `default` is the first row's key, or a
    later one's. `include`: a file with more rows."""
    lines = [f"map {word(source)} ${variable} {{"]
    for key, value in rows:
        lines.append(f"  {'default' if key == 'default' else word(key)} {word(value)};")
    if include:
        lines.append(f"  include {word(include)};")
    return "\n".join([*lines, "}", ""])


class Table:
    """The rows of a map file. nginx finds a key in upper or lower case alike, so that a row says
    which spellings it means, and has what each of them leads to.

    A value is made of records: `\\n` and each exact spelling, then `\\t` and the record, then
    `\\r`. The maps of `nginx` read them.
    """

    def __init__(self) -> None:
        self._rows: dict[str, str] = {}
        self.longest_bytes = 0

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, spellings: Sequence[str], record: str) -> bool:
        """Have these spellings lead to a record; whether there is room for all of them. They and
        the record hold no control characters but the record's tabs."""
        by_key: dict[str, list[str]] = {}
        for spelling in spellings:
            by_key.setdefault(_lower(spelling), []).append(spelling)
        added = {
            key: f"{self._rows.get(key, '')}\n{literal(chr(10).join(exact))}\t{record}\r"
            for key, exact in by_key.items()
        }
        if any(_size(part) > WORD_BYTES_MAX for row in added.items() for part in row):
            return False
        self._rows.update(added)
        self.longest_bytes = max(self.longest_bytes, *(_size(key) for key in added))
        return True

    def text(self) -> str:
        """The file, sorted."""
        return "".join(f"{word(key)} {word(self._rows[key])};\n" for key in sorted(self._rows))


def _lower(text: str) -> str:
    # As nginx does it: ASCII alone.
    return _UPPER.sub(lambda found: found[0].lower(), text)


def _size(text: str) -> int:
    return len(word(text).encode())
