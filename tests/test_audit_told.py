"""What an audit says in words of its own is said in Japanese in a Japanese report."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.audit.report import Checked, Finding, Fix, Live
from publisher.audit.told_ja import in_japanese, told
from tests.reports import large_report


@pytest.mark.parametrize(
    ("english", "japanese"),
    [
        ("post 12", "記事 12"),
        ("book 12", "book 12"),  # a type of the site's own has the name that it has
        ("a name that is 92 % alike", "名前の一致率 92 %"),
        ("instead of redirects.csv:7", "redirects.csv:7 のルールの代わり"),
        ("nginx is not installed", "nginx がインストールされていません"),
        ("12 lines without a request; 3 at other hosts",
         "アクセスの記録でない行 12 件; ほかのホストへの 3 件"),
        ("Pages (1).csv:17: '12%' is no count",
         "Pages (1).csv:17：'12%' は数ではないため、0とします"),
        ("表.csv:3: \"12'\" is no count", "表.csv:3：\"12'\" は数ではないため、0とします"),
        ("no room to go on remembering 1,234 addresses, those worth least",
         "記録の上限を超えたため、価値の低い 1,234 件を記録から外しました"),
        ("not asked: another host", "未確認：another host"),
        ("/post 12", "/post 12"),
        ("", ""),
    ],
)  # fmt: skip
def test_what_is_known_is_said_in_japanese(english: str, japanese: str) -> None:
    assert told(english) == japanese


@given(st.from_regex(r"/[^;]{0,40}", fullmatch=True))
def test_an_address_stays_as_it_is(url: str) -> None:
    assert told(url) == url


def test_of_a_report_all_is_as_it_was_but_for_its_words() -> None:
    made = large_report(50)
    row = msgspec.structs.replace(
        made.rows[0],
        findings=(Finding("unexplained-id", "critical", {"id": "post 12", "status": "404"}),),
        fix=Fix("/?p=12", "/blog/12.html", reason="post 12"),
        live=Live(0, problem="no answer in time"),
    )
    made = msgspec.structs.replace(
        made, rows=(row, *made.rows[1:]), checked=(Checked("cms", 0, 0, "left out"),)
    )
    said = in_japanese(made)
    first = said.rows[0]
    assert first.findings[0].values == {"id": "記事 12", "status": "404"}
    assert first.fix == Fix("/?p=12", "/blog/12.html", reason="記事 12")
    assert first.live == Live(0, problem="時間内に応答がありません")
    assert said.checked == (Checked("cms", 0, 0, "対象外"),)
    assert [one.url for one in said.rows] == [one.url for one in made.rows]
    assert (said.score, said.past, said.visitors) == (made.score, made.past, made.visitors)
