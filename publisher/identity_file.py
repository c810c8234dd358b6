"""The file of captured identities: a table of what each old page said in `og:url`.

    id,old_url,og_url
    1632,https://www.example.co.jp/?p=1632,http://www.example.co.jp/?p=1632

Only `id` and `og_url` are read. It may come from a spreadsheet: columns in any order, others
between them, a byte order mark, lines that end in CR LF.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from publisher.errors import ConfigError, Problem
from publisher.identities import is_here
from publisher.social import is_shared_url
from publisher.whole_files import write_table

COLUMNS = ("id", "old_url", "og_url")
# A site of 100,000 posts with long Japanese addresses takes half of it.
BYTES_MAX = 64 * 1024 * 1024
# So many problems are named: beyond that something else is wrong.
_PROBLEMS_MAX = 100
# WordPress numbers its posts with 64 bits.
_DIGITS_MAX = 19


class Row(NamedTuple):
    """What the old site said about a post: the address that was asked for, and its `og:url`."""

    old_url: str
    og_url: str


def read(path: Path) -> dict[int, Row]:
    """The rows of a file by the posts' ids. Raises ConfigError with every problem in it."""
    source = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
    except FileNotFoundError:
        message = "no such file; `publisher redirects capture` writes it"
        raise ConfigError(source, [Problem(0, "", message)]) from None
    except OSError as error:
        raise ConfigError(source, [Problem(0, "", f"can't be read: {error.strerror}")]) from None
    if len(data) > BYTES_MAX:
        message = f"is larger than {BYTES_MAX // 1024**2} MiB"
        raise ConfigError(source, [Problem(0, "", message)])
    return parse(data, source)


def parse(data: bytes, source: str) -> dict[int, Row]:
    """The rows in a text; `source` names it in messages. Raises ConfigError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = "is not UTF-8; a spreadsheet saves it as 'CSV UTF-8'"
        raise ConfigError(source, [Problem(line, "", message)]) from None
    found: dict[int, Row] = {}
    wrong: list[Problem] = []
    reader = csv.reader(text.replace("\r\n", "\n").split("\n"), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in ("id", "og_url") if name not in header]
        if missing:
            message = f"must begin with a line that names the columns {','.join(COLUMNS)}"
            raise ConfigError(source, [Problem(1, missing[0], message)])
        for cells in reader:
            if any(cell.strip() for cell in cells):
                wrong += _taken(dict(zip(header, cells, strict=False)), reader.line_num, found)
    except csv.Error as error:
        wrong.append(Problem(reader.line_num, "", f"is no CSV: {error}"))
    if wrong:
        more = len(wrong) - _PROBLEMS_MAX
        if more > 0:
            wrong[_PROBLEMS_MAX:] = [Problem(0, "", f"and {more:,} more")]
        raise ConfigError(source, wrong)
    return found


def _taken(row: Mapping[str, str], line: int, found: dict[int, Row]) -> Iterator[Problem]:
    """Takes a row in, or says what is wrong with it."""
    number, og_url = row.get("id", "").strip(), row.get("og_url", "").strip()
    is_number = number.isascii() and number.isdigit() and len(number) <= _DIGITS_MAX
    if not is_number or int(number) == 0:
        yield Problem(line, "id", f"must be the number of a post, not {number[:40]!r}")
    try:
        is_shared_url(og_url)
    except ValueError as error:
        yield Problem(line, "og_url", str(error))
        return
    if is_number:
        known = found.setdefault(int(number), Row(row.get("old_url", "").strip(), og_url))
        if known.og_url != og_url:
            yield Problem(line, "id", f"{number} is there twice, with another og_url")


def read_urls(path: Path, site: str = "") -> list[str]:
    """The addresses in a text, one a line, each of the site if one is given; empty lines and those
    that begin with `#` are no addresses. Raises ConfigError with every line that is wrong."""
    source = str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(source, [Problem(0, "", f"can't be read: {error}")]) from None
    found: dict[str, None] = {}
    wrong: list[Problem] = []
    for number, line in enumerate(text.split("\n"), 1):
        url = line.strip()
        if not url or url.startswith("#"):
            continue
        try:
            is_shared_url(url)
        except ValueError as error:
            wrong.append(Problem(number, "", str(error)))
            continue
        if site and not is_here(url, site):
            wrong.append(Problem(number, "", f"must be an address of {site}"))
        found[url] = None
    if wrong:
        raise ConfigError(source, wrong[:_PROBLEMS_MAX])
    return list(found)


def write(path: Path, rows: Mapping[int, Row]) -> None:
    """Put all rows into a file, in the order of the ids. Raises PublisherError."""
    write_table(path, _table(rows))


def _table(rows: Mapping[int, Row]) -> Iterable[tuple[object, ...]]:
    yield COLUMNS
    for number, row in sorted(rows.items()):
        yield (number, *row)
