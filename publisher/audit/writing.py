"""Writes a report into files, each in the form that its name asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from publisher.audit import fixes
from publisher.audit.formats import csv_pieces, document_pieces, junit_pieces
from publisher.audit.html import pieces
from publisher.audit.report import Report
from publisher.audit.told_ja import in_japanese
from publisher.audit.words import Language
from publisher.errors import ConfigError, Problem
from publisher.whole_files import add_rows, write_pieces

REPORT = Path("redirect-audit.html")
"""What is written unless something else is asked for."""

FORMS: dict[str, Callable[[Report, Language], Iterable[bytes]]] = {
    ".html": pieces,
    ".json": lambda report, _: document_pieces(report),
    ".csv": csv_pieces,
    ".xml": junit_pieces,
}
"""By the end of a file's name, the pieces of what is written into it."""


def check(files: Sequence[Path], fix: Path | None) -> None:
    """Say at once what can't be written: an audit may take an hour. Raises ConfigError."""
    wrong = [
        Problem(0, "--output", f"{path} ends in none of {', '.join(FORMS)}")
        for path in files
        if path.suffix not in FORMS
    ]
    for option, path in (*(("--output", path) for path in files), ("--fix", fix)):
        if path and not path.parent.is_dir():
            wrong.append(Problem(0, option, f"there is no folder {path.parent}"))
        elif path and path.is_dir():
            wrong.append(Problem(0, option, f"{path} is a folder"))
    if wrong:
        raise ConfigError("publisher", wrong)


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
        add_rows(fix, fixes.rows(mending), "from")
