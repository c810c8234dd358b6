"""Writes a report into files, each in the form that its name asks for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from publisher.audit import fixes
from publisher.audit.formats import csv_pieces, document_pieces, junit_pieces
from publisher.audit.html import pieces
from publisher.audit.report import Report
from publisher.audit.told_ja import in_japanese
from publisher.audit.words import Language
from publisher.errors import ConfigError, Problem, PublisherError
from publisher.redirect_files import NEEDED
from publisher.whole_files import add_rows, check_place, check_table, write_pieces

REPORT = Path("redirect-audit.html")
"""What is written unless something else is asked for."""

FORMS: dict[str, Callable[[Report, Language], Iterable[bytes]]] = {
    ".html": pieces,
    ".json": lambda report, _: document_pieces(report),
    ".csv": csv_pieces,
    ".xml": junit_pieces,
}
"""By the end of a file's name, the pieces of what is written into it."""

RULES = ".csv"
"""How the name of a file of rules ends."""


def check(files: Sequence[Path], fix: Path | None, given: Sequence[Path] = ()) -> None:
    """Say at once what can't be written: an audit may take an hour. `given`: files that it reads.
    Raises ConfigError."""
    wrong = [
        Problem(0, "--output", f"{path} ends in none of {', '.join(FORMS)}")
        for path in files
        if path.suffix not in FORMS
    ]
    taken = set(map(os.path.realpath, given))
    for option, path in (*(("--output", path) for path in files), ("--fix", fix)):
        if path is None:
            continue
        try:
            check_place(path)
            if option == "--fix":
                _check_rules(path)
        except PublisherError as error:
            wrong.append(Problem(0, option, str(error)))
        there = os.path.realpath(path)
        if there in taken:
            wrong.append(Problem(0, option, f"{path} is named twice: it would be overwritten"))
        taken.add(there)
    if wrong:
        raise ConfigError("publisher", wrong)


def check_own(files: Sequence[Path], own: Iterable[Path]) -> None:
    """Say at once if a report would be written over one of the site's `own` files: the rules in a
    CSV are somebody's work. Raises ConfigError."""
    taken = set(map(os.path.realpath, own))
    wrong = [
        Problem(0, "--output", f"{path} is a file of the site's own: it would be overwritten")
        for path in files
        if os.path.realpath(path) in taken
    ]
    if wrong:
        raise ConfigError("publisher", wrong)


def _check_rules(path: Path) -> None:
    if path.suffix != RULES:
        raise PublisherError(f"{path} does not end in {RULES}: rules are a table")
    check_table(path, NEEDED)


def write(report: Report, files: Sequence[Path], fix: Path | None, language: Language) -> None:
    """Write the report, and the rules that would mend what it found, behind those that `fix` has
    already. Raises PublisherError."""
    for path in files:
        # JSON is for programs: in it, all words are what they were made from.
        is_read = language == "ja" and path.suffix != ".json"
        spoken = in_japanese(report) if is_read else report
        write_pieces(path, FORMS[path.suffix](spoken, language))
    mending = [(row.measures.hits, row.fix) for row in report.rows if row.fix]
    if fix and mending:
        add_rows(fix, fixes.rows(mending), NEEDED)
