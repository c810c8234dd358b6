"""The report for programs: JSON, CSV for spreadsheets, JUnit XML."""

from __future__ import annotations

import csv
import io

import msgspec
import pytest
from lxml import etree

from publisher.audit.formats import Document, csv_pieces, document, junit_pieces
from publisher.audit.html import render
from publisher.audit.report import BAD, Finding, Report, Row
from publisher.audit.shown import tenths
from tests.reports import HOSTILE, happy_report, large_report

# What Jenkins, GitLab and others have in common in what they read.
JUNIT = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:element name="failure"><xs:complexType mixed="true">
  <xs:attribute name="type" type="xs:string" use="required"/>
  <xs:attribute name="message" type="xs:string" use="required"/>
</xs:complexType></xs:element>
<xs:element name="testcase"><xs:complexType>
  <xs:sequence>
    <xs:element ref="failure" minOccurs="0"/>
    <xs:element name="system-out" type="xs:string" minOccurs="0"/>
  </xs:sequence>
  <xs:attribute name="name" type="xs:string" use="required"/>
  <xs:attribute name="classname" type="xs:string" use="required"/>
  <xs:attribute name="time" type="xs:decimal" use="required"/>
</xs:complexType></xs:element>
<xs:element name="testsuite"><xs:complexType>
  <xs:sequence><xs:element ref="testcase" maxOccurs="unbounded"/></xs:sequence>
  <xs:attribute name="name" type="xs:string" use="required"/>
  <xs:attribute name="tests" type="xs:nonNegativeInteger" use="required"/>
  <xs:attribute name="failures" type="xs:nonNegativeInteger" use="required"/>
  <xs:attribute name="errors" type="xs:nonNegativeInteger" use="required"/>
  <xs:attribute name="skipped" type="xs:nonNegativeInteger"/>
  <xs:attribute name="timestamp" type="xs:dateTime"/>
</xs:complexType></xs:element>
<xs:element name="testsuites"><xs:complexType>
  <xs:sequence><xs:element ref="testsuite" maxOccurs="unbounded"/></xs:sequence>
  <xs:attribute name="name" type="xs:string"/>
  <xs:attribute name="tests" type="xs:nonNegativeInteger"/>
  <xs:attribute name="failures" type="xs:nonNegativeInteger"/>
  <xs:attribute name="errors" type="xs:nonNegativeInteger"/>
</xs:complexType></xs:element>
</xs:schema>"""


@pytest.fixture(scope="module")
def report() -> Report:
    return large_report(1_000)


def cells(report: Report) -> list[dict[str, str]]:
    text = b"".join(csv_pieces(report, "ja")).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def junit(report: Report) -> etree._Element:
    return etree.fromstring(b"".join(junit_pieces(report, "ja")), etree.XMLParser(huge_tree=False))


def test_json_is_the_report_and_what_it_says_first(report: Report) -> None:
    read = msgspec.json.decode(document(report), type=Document)
    assert read.report == report
    assert (read.form, read.passed, read.score) == (1, False, tenths(report.score.value))
    assert read.outcomes["lost"] == sum(row.outcome == "lost" for row in report.rows)
    assert read.findings["wrong-page"] >= len(HOSTILE)
    assert msgspec.json.decode(document(happy_report()), type=Document).passed


def test_csv_has_a_line_for_each_address_and_excel_reads_its_japanese(report: Report) -> None:
    pieces = list(csv_pieces(report, "ja"))
    assert pieces[0].startswith(b"\xef\xbb\xbf")
    assert len(pieces) == len(report.rows) + 1
    found = cells(report)
    assert len(found) == len(report.rows)
    assert [row["outcome"] for row in found] == [row.outcome for row in report.rows]
    lost = next(row for row in found if row["outcome"] == "lost" and "404ページ" in row["findings"])
    assert lost["severity"] == "critical"


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "＝1",
        "\u3000=1",
        "=",
        "\u200b=1",
    ],
)
def test_no_cell_is_a_formula(text: str) -> None:
    row = Row(url=text, outcome="lost", status=404, target=text, title=text, rule=text, origin=text)
    found = cells(msgspec.structs.replace(happy_report(), rows=(row,)))[0]
    for name in ("url", "target", "title", "rule", "origin"):
        assert found[name][0] in "'[", name


def test_csv_has_no_line_break_or_control_in_a_cell(report: Report) -> None:
    for row in cells(report):
        assert all(cell.isprintable() or "\u3000" in cell for cell in row.values()), row


def test_junit_is_valid_and_fails_where_visitors_are_lost(report: Report) -> None:
    root = junit(report)
    etree.XMLSchema(etree.fromstring(JUNIT)).assertValid(root)
    others = {f"redirects.{name}" for name in ("pages", "social", "score")}
    rows = [case for case in root.iter("testcase") if case.get("classname") not in others]
    assert len(rows) == len(report.rows)
    failed = [case for case in rows if case.find("failure") is not None]
    is_bad = [row for row in report.rows if row.outcome in BAD
              or any(one.severity == "critical" for one in row.findings)]  # fmt: skip
    assert len(failed) == len(is_bad)
    for suite in root:
        assert int(suite.get("tests")) == len(suite)
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
    assert root[0][0].find("failure").get("type") == "score"


def test_junit_of_a_good_report_has_no_failure() -> None:
    assert not junit(happy_report()).xpath("//failure")


def test_a_warning_is_no_failure() -> None:
    row = Row(url="/a", outcome="moved", status=301,
              findings=(Finding("chain", "warning", {"hops": "3"}),))  # fmt: skip
    case = junit(msgspec.structs.replace(happy_report(), rows=(row,))).find(
        ".//testcase[@name='/a']"
    )
    assert case.find("failure") is None
    assert "3回" in case.findtext("system-out")


def test_half_a_character_stops_nothing() -> None:
    row = Row(url="/a", outcome="kept", status=200, title="\ud800桜")
    report = msgspec.structs.replace(happy_report(), rows=(row,))
    read = msgspec.json.decode(document(report), type=Document)
    assert read.report.rows[0].title == "\ufffd桜"
    assert cells(report)[0]["title"] == "[U+D800]桜"
    assert junit(report) is not None
    assert "\ufffd桜" in render(report, "ja")


def test_what_xml_cannot_hold_is_left_out() -> None:
    text = "/\0\x01\x1b\ud800\ufffe\uffff]]><a>&"
    row = Row(url=text, outcome="lost", status=404, target=text,
              findings=(Finding("wrong-page", "critical", {"found": text}),))  # fmt: skip
    case = junit(msgspec.structs.replace(happy_report(), rows=(row,))).find(".//failure")
    assert "]]><a>&" in case.text
