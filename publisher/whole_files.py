"""Files that people read, written whole or not at all: beside their place first, then into it."""

from __future__ import annotations

import contextlib
import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TextIO

from publisher.errors import PublisherError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A text to write, which replaces what is at this path when the block ends, and leaves it as
    it was if the block does not. Raises PublisherError."""
    with _replacing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        yield text
        text.detach()  # writes what it holds, and leaves the file open


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    partial = _partial(path)
    try:
        try:
            with partial.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise PublisherError(f"{path} can't be written: {error.strerror}") from None


def _partial(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def write_table(path: Path, rows: Iterable[Iterable[object]]) -> None:
    """Put a table into a file, as CSV. Raises PublisherError."""
    with replacing(path) as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def write_text(path: Path, text: str) -> None:
    """Put a text into a file; its folder is made. Raises PublisherError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PublisherError(f"{path} can't be written: {error.strerror}") from None
    with replacing(path) as file:
        file.write(text)


def write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """Put bytes into a file, piece after piece. Raises PublisherError."""
    with _replacing(path) as file:
        file.writelines(pieces)


def check_place(path: Path) -> None:
    """Say at once if no file can be written here: what is to be in it may take an hour to make.
    Raises PublisherError."""
    partial = _partial(path)
    try:
        if path.is_dir():
            raise PublisherError(f"{path} is a folder")
        if not path.parent.is_dir():
            raise PublisherError(f"there is no folder {path.parent}")
        is_there = partial.exists()
        with partial.open("ab"):
            pass
        if not is_there:  # somebody's own, who may be at it
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise PublisherError(f"{path} can't be written: {error.strerror}") from None


def check_table(path: Path, needed: Sequence[str]) -> None:
    """Say at once if `add_rows` will refuse the table that is here. Raises PublisherError."""
    _table(path, _held(path), needed)


def add_rows(path: Path, rows: Iterable[tuple[str, ...]], needed: Sequence[str]) -> int:
    """Put the rows of a table, of which the first has the names of the columns, behind those of a
    CSV file, as far as it has none with the same value in the first of the `needed` columns: what
    is there was read by somebody. A file that is not there is made. Returns how many rows were
    added. Raises PublisherError."""
    names, *new = rows
    held = _held(path)
    columns, known = _table(path, held, needed)
    if not columns:
        write_table(path, [names, *new])
        return len(new)
    dicts = [dict(zip(names, one, strict=True)) for one in new]
    added = [row for row in dicts if row[needed[0]] not in known]
    with replacing(path) as file:
        file.write(held if held.endswith("\n") else held + "\n")
        table = csv.writer(file, lineterminator="\n")
        table.writerows([row.get(column, "") for column in columns] for row in added)
    return len(added)


def _held(path: Path) -> str:
    try:
        if not path.exists():
            return ""
        if not path.is_file():  # a pipe would be waited for
            raise PublisherError(f"{path} is no file")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PublisherError(f"{path} can't be read: {error}") from None


def _table(path: Path, held: str, needed: Sequence[str]) -> tuple[list[str], set[str]]:
    """The names of a table's columns, none if it is empty, and what stands in the first that is
    needed."""
    if not held.strip():
        return [], set()
    rows = csv.reader(held.splitlines())
    try:
        columns = [name.strip().lower() for name in next(rows, [])]
        for name in needed:
            if name not in columns:
                raise PublisherError(f"{path} has no column {name!r}", "Name another file.")
        at = columns.index(needed[0])
        return columns, {row[at].strip() for row in rows if len(row) > at}
    except csv.Error as error:
        raise PublisherError(f"{path} is no table: {error}") from None
