"""The report for programs: JSON, CSV for spreadsheets, JUnit XML for what runs builds. Pure.

CSV and JUnit come in pieces, so that nobody holds a large one as a whole.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import NamedTuple

import msgspec

from publisher.audit import figures
from publisher.audit.columns import compact_json
from publisher.audit.report import BAD, Finding, Outcome, Report, Row, Source
from publisher.audit.shown import encodable, number, tenths, visible, xml_text
from publisher.audit.words import Language, Words, words

FORM = 1
"""Of the JSON. It rises when a reader of the form before would misread it."""

# What a spreadsheet takes for the beginning of a formula. OWASP, "CSV Injection".
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

# So many rows are a piece.
_ROWS = 1_000

_COLUMNS = (
    "url", "outcome", "status", "hops", "target", "title", "rule", "origin", "hits", "clicks",
    "domains", "shares", "lost_points", "sources", "severity", "findings", "change", "live_status",
    "live_last_status", "live_target", "live_problem", "fix_from", "fix_to", "fix_status",
    "fix_is_guess", "fix_reason",
)  # fmt: skip


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON. `report` is the whole of it, as `publisher.audit.report.Report`; the others say
    what the page says first. `score`: rounded down to a tenth, as it is shown."""

    form: int
    passed: bool
    score: str
    outcomes: dict[Outcome, int]
    findings: dict[str, int]
    report: Report


def document(report: Report) -> bytes:
    """The report as JSON in UTF-8. `msgspec.json.decode(..., type=Document)` reads it."""
    return b"".join(document_pieces(report))


def document_pieces(report: Report) -> Iterator[bytes]:
    """The same, piece after piece: the rows are most of it."""
    made = Document(
        form=FORM,
        passed=report.is_passed,
        score=tenths(report.score.value),
        outcomes=dict(figures.outcomes(report.rows)),
        findings={one.kind: one.rows or one.others for one in figures.found(report)},
        report=msgspec.structs.replace(report, rows=()),
    )
    # In a text the quotation marks would be escaped.
    before, key, after = _json(made).partition(b'"rows":[')
    yield before + key
    for begin in range(0, len(report.rows), _ROWS):
        yield (b"," if begin else b"") + _json(report.rows[begin : begin + _ROWS])[1:-1]
    yield after


def _json(value: object) -> bytes:
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:  # half a character in a title
        return compact_json(msgspec.to_builtins(value)).encode()


def csv_pieces(report: Report, language: Language) -> Iterator[bytes]:
    """One line for each old address, in UTF-8; findings are in words. The mark at the beginning
    tells Excel that it is UTF-8. A cell that a spreadsheet would take for a formula begins with
    an apostrophe."""
    say = words(language)
    writer = csv.writer(_Piece(), lineterminator="\r\n")

    def line(cells: Iterable[object]) -> bytes:
        text: str = writer.writerow([_cell(cell) for cell in cells])
        return encodable(text).encode()

    yield b"\xef\xbb\xbf" + line(_COLUMNS)
    for row in report.rows:
        yield line(_cells(row, say))


class _Piece:
    """What `csv` writes to: `writerow` returns what this returns."""

    def write(self, text: str) -> str:
        return text


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    # Line breaks and other controls are shown, as on the page.
    text = visible(value, is_title=True)
    # Spreadsheets look for a formula behind spaces, too.
    return f"'{text}" if value.lstrip().startswith(_FORMULA) or value[:1] in _FORMULA else text


def _cells(row: Row, say: Words) -> tuple[object, ...]:
    live, fix, measures = row.live, row.fix, row.measures
    return (
        row.url, row.outcome, row.status, row.hops, row.target, row.title, row.rule, row.origin,
        measures.hits, measures.clicks, measures.domains, measures.shares,
        f"{row.lost_points:.6f}", " ".join(row.sources), _gravest(row.findings),
        " / ".join(_told(finding, say) for finding in row.findings), row.change,
        live.status if live else "", live.last_status if live else "",
        live.target if live else "", live.problem if live else "",
        fix.source if fix else "", fix.target if fix else "", fix.status if fix else "",
        ("yes" if fix.guess else "no") if fix else "", fix.reason if fix else "",
    )  # fmt: skip


def _gravest(findings: Iterable[Finding]) -> str:
    levels = {finding.severity for finding in findings}
    return next((one for one in ("critical", "warning", "note") if one in levels), "")


def _told(finding: Finding, say: Words) -> str:
    said = say.finding(finding)
    return f"{said.title}: {said.text}"


class _Case(NamedTuple):
    """A test: its name; what has failed, in one line and in full; and what else there is to say."""

    name: str
    kind: str = ""
    message: str = ""
    text: str = ""
    remarks: str = ""


def junit_pieces(report: Report, language: Language) -> Iterator[bytes]:
    """JUnit XML: a test for each old address, in a suite for its (first) source; then one for each
    page and post that has findings, and one for the score.

    By source and not by finding, since an address stays in its suite when it is mended: so
    Jenkins and GitLab tell since when it fails. What is critical or leads nowhere has failed;
    warnings and notes are the test's output.
    """
    say = words(language)
    failed, total = Counter[str](), Counter[str]()
    for row in report.rows:
        total[_suite(row)] += 1
        failed[_suite(row)] += _has_failed(row)
    others = {
        "pages": [_case(page.path, page.findings, say) for page in report.pages if page.findings],
        "social": [_case(post.known_by, post.findings, say) for post in report.social],
        "score": [_score_case(report, say)],
    }
    for name, cases in others.items():
        total[name], failed[name] = len(cases), sum(bool(case.kind) for case in cases)
    stamp = report.made.strftime("%Y-%m-%dT%H:%M:%S")
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="redirects" '
        f'tests="{total.total()}" failures="{failed.total()}" errors="0">\n'
    ).encode()
    for name in ("score", *_suites(report.rows), "pages", "social"):
        if not total[name]:
            continue
        yield (
            f'<testsuite name="redirects.{name}" tests="{total[name]}" '
            f'failures="{failed[name]}" errors="0" skipped="0" timestamp="{stamp}">\n'
        ).encode()
        in_suite = (_row_case(row, say) for row in report.rows if _suite(row) == name)
        yield from (_case_xml(name, case) for case in others.get(name, in_suite))
        yield b"</testsuite>\n"
    yield b"</testsuites>\n"


def _suites(rows: Iterable[Row]) -> list[Source]:
    return list(dict.fromkeys(map(_suite, rows)))


def _suite(row: Row) -> Source:
    return row.sources[0] if row.sources else "list"


def _has_failed(row: Row) -> bool:
    return row.outcome in BAD or any(one.severity == "critical" for one in row.findings)


def _case(name: str, findings: Sequence[Finding], say: Words) -> _Case:
    critical = [finding for finding in findings if finding.severity == "critical"]
    remarks = "\n".join(_told(one, say) for one in findings if one.severity != "critical")
    if not critical:
        return _Case(name, remarks=remarks)
    first = say.finding(critical[0])
    text = "\n".join(f"{_told(one, say)} {say.finding(one).advice}" for one in critical)
    return _Case(name, critical[0].kind, first.title, text, remarks)


def _row_case(row: Row, say: Words) -> _Case:
    case = _case(row.url, row.findings, say)
    if not _has_failed(row):
        return case
    if not case.kind:
        name, meaning = say.outcomes[row.outcome]
        case = case._replace(kind=row.outcome, message=name, text=meaning)
    counts = row.measures
    worth = [
        say.say(f"loss.{name}", n=count)
        for name, count in zip(
            ("hits", "clicks", "domains", "shares"),
            (counts.hits, counts.clicks, counts.domains, counts.shares),
            strict=True,
        )
        if count
    ]
    lines = [case.text, f"{row.status} {row.target}".strip(), ", ".join(worth)]
    if fix := row.fix:
        guess = f" ({say.say('loss.guess')})" if fix.guess else ""
        lines.append(f"{say.say('loss.rule')}{guess}: {fix.source} -> {fix.target} {fix.status}")
    return case._replace(text="\n".join(filter(None, lines)))


def _score_case(report: Report, say: Words) -> _Case:
    parts = ", ".join(
        f"{say.measures[one.measure]} {number(one.kept)}/{number(one.total)}"
        f" × {tenths(one.weight)} %"
        for one in figures.points(report.score)
    )
    if report.is_passed:
        return _Case("score", remarks=parts)
    told = say.say(
        "failed.text", score=tenths(report.score.value), threshold=f"{report.threshold:g}"
    )
    return _Case("score", "score", told, parts)


def _case_xml(suite: str, case: _Case) -> bytes:
    lines = [f'<testcase classname="redirects.{suite}" name={_quoted(case.name)} time="0">']
    if case.kind:
        lines.append(
            f"<failure type={_quoted(case.kind)} message={_quoted(case.message)}>"
            f"{_escaped(case.text)}</failure>"
        )
    if case.remarks:
        lines.append(f"<system-out>{_escaped(case.remarks)}</system-out>")
    return ("".join(lines) + "</testcase>\n").encode()


def _quoted(text: str) -> str:
    return f'"{_escaped(visible(text))}"'


def _escaped(text: str) -> str:
    return escape(xml_text(text))
