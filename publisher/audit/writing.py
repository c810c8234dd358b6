"""Writes a report into files, each in the form that its name asks for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from publisher.audit import fixes
from publisher.audit.html import render
from publisher.audit.report import Report
from publisher.audit.words import Language
from publisher.errors import ConfigError, Problem
from publisher.whole_files import add_rows, write_text

FORMS = (".html", ".json", ".csv", ".xml")


def check(files: Sequence[Path]) -> None:
    """Say at once what can't be written. Raises ConfigError."""
    wrong = [
        Problem(0, "--output", f"{path}: is none of {', '.join(FORMS)}")
        for path in files
        if path.suffix not in FORMS
    ]
    if wrong:
        raise ConfigError("publisher", wrong)


def write(report: Report, files: Sequence[Path], fix: Path | None, language: Language) -> None:
    """Write the report, and the rules that would mend what it found. Raises PublisherError."""
    for path in files:
        if path.suffix == ".html":
            write_text(path, render(report, language))
    if fix:
        mending = [(row.measures.hits, row.fix) for row in report.rows if row.fix]
        if mending:
            add_rows(fix, fixes.rows(mending), "from")


def document(report: Report) -> dict[str, Any]:
    """What `--json` prints."""
    return {"score": report.score.value}
