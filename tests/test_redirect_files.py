"""Redirects in CSV files, and whether a site's own fit together."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.own import Own, problems
from publisher.redirect_files import LINE_BYTES_MAX, PROBLEMS_MAX, read_all
from redirects.own import Places, parse_rule
from redirects.patterns import Pattern
from redirects.rules import Rule


def rules(folder: Path, data: str | bytes) -> tuple[list[Rule | Pattern], list[tuple[int, str]]]:
    """What a file holds, and what is wrong with it."""
    written = data.encode() if isinstance(data, str) else data
    (folder / "redirects.csv").write_bytes(written)
    found, wrong = read_all(folder, ["redirects.csv"], Places("www.example.co.jp"))
    assert all(problem.file == "redirects.csv" for problem in wrong)
    return found, [(problem.line, problem.message) for problem in wrong]


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_file_as_editors_and_spreadsheets_write_it(tmp_path: Path, mark: str, ends: str) -> None:
    lines = (
        "from,to,status,language",
        '"# moved in 2019, and in 2020",,,',
        "/古い/,/会社/,,",
        "",
        ",,,",
        '"/a,b","/c ""d""",302,',
        "/shop/*,https://shop.example.co.jp/*,302,",
        "/,/en/,302,en",
        "/closed/,,410",
    )
    found, wrong = rules(tmp_path, mark + ends.join(lines))
    assert not wrong
    assert found == [
        Rule("/古い/", 301, "/%E4%BC%9A%E7%A4%BE/", origin="redirects.csv:3"),
        Rule("/a,b", 302, '/c%20"d"', origin="redirects.csv:6"),
        Pattern("/shop/*", 302, "https://shop.example.co.jp/*", "redirects.csv:7"),
        Rule("/", 302, "/en/", origin="redirects.csv:8", language="en"),
        Rule("/closed/", 410, origin="redirects.csv:9"),
    ]


def test_columns_for_people_and_another_order(tmp_path: Path) -> None:
    found, wrong = rules(tmp_path, "Origin, hits ,to,from\nlog,12,/b,/a\n")
    assert (found, wrong) == ([Rule("/a", 301, "/b", origin="redirects.csv:2")], [])


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        ("", [(0, "is empty: the first line must name the columns")]),
        ("/a,/b\n", [(1, "the first line must name the columns: from,to")]),
        ("from;to\n/a;/b\n", [(1, "the first line must name the columns: from,to")]),
        ("from,to,code\n", [(1, "there is no column 'code'")]),
        ("from,to\na,/b\n/c,d\n/e,/f\n/g\n",
         [(2, "from: must be a path"), (3, "to: target"), (5, "to: is missing")]),
        ("from,to\n/a,b,/c\n", [(2, 'has 3 values, the first line 2: "quote" a comma')]),
        ('from,to\n"/a,/b\n/c,/d\n', [(2, "is no CSV: unexpected end of data")]),
        ("from,to\n/古い/,/b\n".encode("cp932"), [(2, "is not UTF-8: save it as 'CSV UTF-8'")]),
        ("from,to\n/古い/,/b\n".encode("utf-16"), [(1, "is not UTF-8: save it as 'CSV UTF-8'")]),
        (b"from,to\n/a\x00,/b\n", [(2, "from: a source is")]),
        ("from,to\n/" + "a" * LINE_BYTES_MAX, [(2, "is longer than 16,384 bytes")]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, data: str | bytes, wrong: list[tuple[int, str]]
) -> None:
    _, found = rules(tmp_path, data)
    assert [line for line, _ in found] == [line for line, _ in wrong]
    for (_, message), (_, beginning) in zip(found, wrong, strict=True):
        assert message.startswith(beginning)


def test_many_problems_are_counted(tmp_path: Path) -> None:
    _, wrong = rules(tmp_path, "from,to\n" + "x,y\n" * (PROBLEMS_MAX + 1200))
    assert len(wrong) == PROBLEMS_MAX + 1
    assert wrong[-1] == (0, "and 1,200 more problems")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    _, wrong = read_all(tmp_path, ["none.csv"], Places())
    assert [(one.file, one.message) for one in wrong] == [
        ("none.csv", "can't be read: No such file or directory")
    ]


def own(*lines: tuple[str, ...]) -> Own:
    """Rules of these texts, from a file's second line on."""
    return Own.of(
        parse_rule(*line, origin=f"redirects.csv:{number}") for number, line in enumerate(lines, 2)
    )


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        ([("/a", "/b"), ("/a", "/c")], 3,
         "/a leads to /c (301) here, and leads to /b (301) in redirects.csv:2"),
        ([("/a?x=1", "/b"), ("/a?x=1", "", "410")], 3,
         "/a?x=1 is 410 here, and leads to /b (301) in redirects.csv:2"),
        ([("/?p=5", "/b"), ("/?page_id=5", "/c")], 3, "/?p=5 leads to /c"),
        ([("/a", "/b"), ("/b", "/a")], 2,
         "redirects in a circle: /a (redirects.csv:2) -> /b (redirects.csv:3) -> /a"),
        ([("/a", "/a")], 2, "/a leads to itself"),
        ([("/old/*", "/old/new/*")], 2, "redirects in a circle: /old/*"),
        ([("/old/*", "/new/*"), ("/old/{a}.html", "/{a}")], 3,
         "/old/{a}.html never decides: /old/* (redirects.csv:2) comes first"),
    ],
)  # fmt: skip
def test_rules_that_do_not_fit_together(
    lines: list[tuple[str, ...]], line: int, message: str
) -> None:
    found = list(problems(own(*lines)))
    assert [(one.file, one.line) for one in found] == [("redirects.csv", line)]
    assert found[0].message.startswith(message)


def test_rules_that_fit_together() -> None:
    fine = own(
        ("/a", "/b"),
        ("/a", "/b"),
        ("/a", "/en/b", "302", "en"),
        ("https://old.example.co.jp/a", "/a"),
        ("/a?x=1", "/x"),
        ("/b", "/c"),
        ("/old/{a}.html", "/{a}"),
        ("/old/*", "/new/*"),
    )
    assert not list(problems(fine))
