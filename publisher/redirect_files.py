"""Redirects in CSV files: a site's own, read line by line, however many there are."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from publisher.errors import Problem
from redirects.own import Places, parse_rule
from redirects.patterns import Pattern
from redirects.rules import Rule

LINE_BYTES_MAX = 16_384
PROBLEMS_MAX = 50
"""So many problems of all files are shown."""

NEEDED = ("from", "to")
# Those that `redirects build` writes beside the rule are for people.
KNOWN = (*NEEDED, "status", "language", "hits", "origin")
_ENDS = b"\r\n"


def read(path: Path, name: str, places: Places) -> Iterator[Rule | Pattern | Problem]:
    """The rules of a file, each with `name` and its line as its origin; what is wrong with others.

    UTF-8, with a byte order mark or without, a header, one rule a line; empty lines and those that
    begin with `#` are passed over.
    """
    try:
        with path.open("rb") as file:
            columns: dict[str, int] = {}
            for number, line in enumerate(iter(lambda: file.readline(LINE_BYTES_MAX), b""), 1):
                if len(line) == LINE_BYTES_MAX:
                    message = f"is longer than {LINE_BYTES_MAX:,} bytes: the rest was not read"
                    yield Problem(number, "", message, name)
                    return
                try:
                    cells = _cells(line, is_first=number == 1)
                except UnicodeDecodeError:
                    message = "is not UTF-8: save it as 'CSV UTF-8'; the rest was not read"
                    yield Problem(number, "", message, name)
                    return
                except csv.Error as error:
                    yield Problem(number, "", f"is no CSV: {error}", name)
                    continue
                if not cells:
                    continue
                if not columns:
                    columns = {cell.strip().lower(): place for place, cell in enumerate(cells)}
                    if problem := _header_problem(columns):
                        yield Problem(number, "", problem, name)
                        return
                    continue
                yield _rule(cells, columns, name, number, places)
            if not columns:
                yield Problem(0, "", f"is empty: {_header_problem({})}", name)
    except OSError as error:
        yield Problem(0, "", f"can't be read: {error.strerror}", name)


def read_all(
    folder: Path, names: Iterable[str], places: Places
) -> tuple[list[Rule | Pattern], list[Problem]]:
    """The rules of files (relative to a folder) in their order, and the first PROBLEMS_MAX
    problems; a last one says how many there are besides."""
    problems: list[Problem] = []

    def kept() -> Iterator[Rule | Pattern]:
        for name in names:
            for one in read(folder / name, name, places):
                if isinstance(one, Problem):
                    problems.append(one)
                else:
                    yield one

    found = list(kept())
    return found, first_of(problems)


def first_of(problems: Iterable[Problem]) -> list[Problem]:
    """The first PROBLEMS_MAX of them, and one that says how many more there are."""
    remaining = iter(problems)
    shown = list(islice(remaining, PROBLEMS_MAX))
    if more := sum(1 for _ in remaining):
        shown.append(Problem(0, "", f"and {more:,} more problems", shown[-1].file))
    return shown


def _cells(line: bytes, *, is_first: bool) -> list[str]:
    """The cells of a line; none of one that says nothing."""
    text = line.rstrip(_ENDS).decode("utf-8-sig" if is_first else "utf-8")
    if text.startswith(("#", '"#')):  # a spreadsheet quotes a comment that has a comma
        return []
    # A cell has no line break, so a quote that is not closed spoils its own line only.
    cells = next(csv.reader([text], strict=True), []) if '"' in text else text.split(",")
    return cells if any(map(str.strip, cells)) else []


def _header_problem(columns: dict[str, int]) -> str:
    form = "from,to and, as you like, status,language"
    if not set(NEEDED) <= columns.keys():
        return f"the first line must name the columns: {form}"
    unknown = [name for name in columns if name and name not in KNOWN]
    return f"there is no column {unknown[0]!r}: the first line is {form}" if unknown else ""


def _rule(
    cells: list[str], columns: dict[str, int], name: str, number: int, places: Places
) -> Rule | Pattern | Problem:
    if len(cells) > len(columns) and any(map(str.strip, cells[len(columns) :])):
        message = f'has {len(cells)} values, the first line {len(columns)}: "quote" a comma'
        return Problem(number, "", message, name)

    def cell(column: str) -> str:
        place = columns.get(column, len(cells))
        return cells[place] if place < len(cells) else ""

    try:
        return parse_rule(
            cell("from"),
            cell("to"),
            cell("status"),
            cell("language"),
            origin=f"{name}:{number}",
            places=places,
        )
    except ValueError as error:
        return Problem(number, "", str(error), name)
