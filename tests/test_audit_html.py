"""The report's page, as text: what is in it, and how hostile texts are shown."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import msgspec
import pytest
from bs4 import BeautifulSoup

from publisher.audit import shown
from publisher.audit.columns import columns, script_json
from publisher.audit.html import render
from publisher.audit.report import Day, Part, Past, Report, Row, Score
from tests.reports import HOSTILE, happy_report, large_report


@pytest.fixture(scope="module")
def report() -> Report:
    return large_report(400)


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return render(report, "en")


def test_the_page_is_one_file_that_asks_for_nothing(page: str) -> None:
    soup = BeautifulSoup(page, "html.parser")
    assert not soup.select("link, img, iframe, object, embed, base, audio, video, form[action]")
    assert not soup.select("script[src], [style], [srcset]")
    assert not [name for tag in soup.find_all() for name in tag.attrs if name.startswith("on")]
    assert "@import" not in page
    assert "url(" not in str(soup.style)
    assert {a["href"][0] for a in soup.select("a")} == {"#"}


def test_nothing_but_its_own_script_and_style_may_run(page: str) -> None:
    soup = BeautifulSoup(page, "html.parser")
    policy = soup.select_one("meta[http-equiv=Content-Security-Policy]")["content"]
    assert re.fullmatch(
        r"default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; "
        r"base-uri 'none'; form-action 'none'",
        policy,
    )
    assert [script.get("type") for script in soup.select("script")] == ["application/json", None]
    assert "</" not in soup.select("script")[1].string
    assert "</" not in soup.style.string
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval", page[-60_000:])


def test_hostile_texts_are_texts(page: str) -> None:
    soup = BeautifulSoup(page, "html.parser")
    texts = soup.main.get_text()
    assert "\u202e" not in texts
    assert '"><img src=x onerror' in texts
    assert "<script>window.__ran=1</script>" in texts
    data = soup.select_one("#data").string
    assert not re.search("[<>&\u2028\u2029]", data)
    assert {url for url in HOSTILE if url} <= set(json.loads(data)["columns"]["url"])


def test_columns_hold_all_rows(report: Report) -> None:
    held = json.loads(script_json(columns(report.rows)))
    assert held["rows"] == len(report.rows)
    for name, values in held["columns"].items():
        assert not isinstance(values, list) or len(values) == len(report.rows), name
    for row, url, target in zip(report.rows, held["columns"]["url"], held["columns"]["target"],
                                strict=True):  # fmt: skip
        assert (url, held["texts"][target]) == (row.url, row.target)


def test_a_column_of_one_value_is_that_value() -> None:
    rows = happy_report().rows
    assert columns(rows)["columns"]["status"] == 301
    assert columns(rows[:1])["columns"]["status"] == [301]
    assert columns(())["columns"]["url"] == []


@pytest.mark.parametrize(
    ("value", "text"),
    [(100, "100.0"), (99.999_999, "99.9"), (99.96, "99.9"), (99.3, "99.3"), (0, "0.0"),
     (0.3 * 3 * 100 / 0.9, "100.0"), (57.1, "57.1"), (97.149_99, "97.1")],
)  # fmt: skip
def test_a_score_is_never_rounded_up(value: float, text: str) -> None:
    assert shown.tenths(value) == text


def test_a_score_just_below_all_of_it_is_not_shown_as_all_of_it(report: Report) -> None:
    almost = Score(99.997, (Part("urls", 99_997, 100_000, 1.0),))
    page = render(msgspec.structs.replace(report, score=almost, threshold=100), "en")
    text = BeautifulSoup(page, "html.parser").select_one("#result").get_text()
    assert "99.9 of 100 points. 100 were asked for." in text
    assert "100.0" not in text


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("/%E6%A1%9C", "/桜"),
        ("/%E6%A1", "/%E6%A1"),
        ("/%ff%E6%A1%9C", "/%ff%E6%A1%9C"),
        ("/%2F%3F%25E6", "/%2F%3F%25E6"),
        ("/%E2%80%AEgpj", "/[U+202E]gpj"),
        ("/a\u200bb", "/a[U+200B]b"),
        ("/\u3000", "/[U+3000]"),
        ("/\ufe0f\U000e0100", "/[U+FE0F][U+E0100]"),
        ("/ã é 桜 ①", "/ã é 桜 ①"),
    ],
)
def test_an_address_is_read_and_holds_nothing_unseen(url: str, text: str) -> None:
    assert shown.visible(shown.decoded(url)) == text


def test_titles_keep_what_is_usual_in_japanese() -> None:
    assert shown.visible("東京\u3000大阪\u202e", is_title=True) == "東京\u3000大阪[U+202E]"


def test_a_report_of_nothing_is_a_page(report: Report) -> None:
    empty = Report(site="www.example.co.jp", release="r", made=datetime(2026, 1, 2, tzinfo=UTC),
                   threshold=99, score=Score(100, ()), rows=())  # fmt: skip
    assert "合格" in render(empty, "ja")


def test_a_happy_page_is_short() -> None:
    soup = BeautifulSoup(render(happy_report(), "en"), "html.parser")
    text = soup.main.get_text()
    assert "Nothing is lost." in text
    assert "This is the first audit" in text
    for absent in ("losses ol", "#visitors", "#social", "#pages", "#days", "#past", "#unresolved"):
        assert not soup.select(absent), absent


def test_what_was_not_checked_is_said(page: str) -> None:
    text = BeautifulSoup(page, "html.parser").select_one("#checked").get_text(" ")
    assert "not checked haproxy is not installed" in text
    assert "a sample: 2,000 of 50,000" in text


def test_charts_are_well_formed_and_have_words(report: Report) -> None:
    many = tuple(Day((datetime(2025, 1, 1, tzinfo=UTC) + timedelta(n)).date().isoformat(), 9, n % 5)
                 for n in range(500))  # fmt: skip
    once = (Past(datetime(2026, 1, 1, tzinfo=UTC), "r", 0, 1, 1, 0),)
    odd = msgspec.structs.replace(report, days=many, past=once, threshold=0)
    for one in (report, odd):
        charts = BeautifulSoup(render(one, "ja"), "html.parser").select("svg[role=img]")
        assert len(charts) == 7
        for svg in charts:
            ElementTree.fromstring(str(svg))
            assert svg.title.string
            assert svg.desc.string
            assert set(svg["aria-labelledby"].split()) == {svg.title["id"], svg.desc["id"]}


def test_an_address_that_several_sources_know_counts_once_in_the_flow() -> None:
    row = Row(url="/a", outcome="lost", status=404, sources=("cms", "log"))
    page = render(msgspec.structs.replace(happy_report(), rows=(row,)), "en")
    labels = [text.string for text in BeautifulSoup(page, "html.parser").select("#flow text")]
    assert labels == ["CMS", "1", "Access logs", "1", "Lost", "1"]
