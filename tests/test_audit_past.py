"""What an audit remembers for the next one: all that led to a page, within bounds that it tells."""

from __future__ import annotations

import msgspec
import pytest

from publisher.audit import past
from publisher.audit.past import Memory, Seen, remembered, with_forgotten
from publisher.audit.report import Checked, Measures, Outcome, Report, Row, Source
from tests.reports import large_report

CMS = Checked("cms", 1, 1)
NO_CMS = Checked("cms", 0, 0, "left out")


def report(*rows: Row, cms: Checked = CMS) -> Report:
    return msgspec.structs.replace(large_report(3), rows=rows, checked=(cms,))


def row(url: str, hits: int = 0) -> Row:
    return Row(url=url, outcome="kept", status=200, measures=Measures(hits=hits), sources=("log",))


def seen(outcome: Outcome, hits: int, *sources: Source) -> Seen:
    return Seen(outcome, sources or ("log",), Measures(hits=hits))


def test_what_led_to_a_page_is_remembered_with_what_it_was_worth() -> None:
    memory = Memory(rows={"/秋": seen("moved", 70), "/b": seen("kept", 3)})
    for number in range(1, 4):
        memory, forgotten = remembered(report(row("/b", 5)), memory)
        assert memory.rows["/秋"] == Seen("moved", ("log",), Measures(hits=70), number)
        assert memory.rows["/b"] == Seen("kept", ("log",), Measures(hits=5))
        assert not forgotten
    assert set(memory.good()) == {"/秋", "/b"}
    memory, _ = remembered(report(row("/秋", 1)), memory)
    assert memory.rows["/秋"] == Seen("kept", ("log",), Measures(hits=1))


@pytest.mark.parametrize(
    ("what", "with_cms", "without"),
    [
        (seen("kept", 9), True, True),
        (seen("elsewhere", 0, "backlinks"), True, True),
        (seen("kept", 0), False, False),  # a file of pages, as logs have them
        (seen("unproven", 9), False, False),
        (seen("gone", 9), False, False),
        (seen("closed", 0, "cms"), False, True),
        (seen("kept", 0, "cms"), False, True),
        (seen("kept", 9, "cms", "log"), True, True),
    ],
)
def test_what_is_remembered(what: Seen, with_cms: bool, without: bool) -> None:
    memory = Memory(rows={"/a": what})
    for cms, is_kept in ((CMS, with_cms), (NO_CMS, without)):
        kept, forgotten = remembered(report(row("/b"), cms=cms), memory)
        assert ("/a" in kept.rows, forgotten) == (is_kept, 0)


def test_what_is_not_looked_at_any_more_is_said_once() -> None:
    memory = Memory(rows={"/a": seen("kept", 9, "search"), "/b": seen("kept", 9)})
    assert [one.url for one in memory.vanished(["/c"])] == ["/a"]
    memory, _ = remembered(report(row("/c")), memory)
    assert list(memory.vanished(["/c"])) == []


def test_memory_is_bounded_and_what_is_let_go_of_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are worth most stay; of equal worth, those that were seen last."""
    monkeypatch.setattr(past, "_UNSEEN_MAX", 3)
    rows = {f"/{hits}": seen("kept", hits) for hits in (1, 5, 2, 9)}
    rows["/old"] = msgspec.structs.replace(seen("kept", 2), missed=4)
    memory = Memory(rows=rows | {"/form": seen("kept", 0, "cms")})
    kept, forgotten = remembered(report(row("/b"), cms=NO_CMS), memory)
    assert set(kept.rows) == {"/9", "/5", "/2", "/b", "/form"}
    assert forgotten == 2
    for given in (report(), msgspec.structs.replace(report(), checked=(Checked("past", 7, 7),))):
        (told,) = (one for one in with_forgotten(given, 2).checked if one.what == "past")
        assert told.problem == "no room to go on remembering 2 addresses, those worth least"
    assert with_forgotten(report(), 0) == report()
    monkeypatch.setattr(past, "_UNSEEN_CHARACTERS_MAX", 5)
    kept, forgotten = remembered(report(row("/b")), memory)
    assert (set(kept.rows), forgotten) == ({"/9", "/5", "/b"}, 3)


def test_a_memory_of_before_is_read() -> None:
    """It had neither what an address was worth nor since when it was missed."""
    old = b'{"rows":{"/a":["kept",["log"]],"/b":["lost",["cms"],{"hits":3}]},"past":[]}'
    memory = msgspec.json.decode(old, type=Memory)
    assert memory.rows["/b"] == seen("lost", 3, "cms")
    assert memory.rows["/a"] == Seen("kept", ("log",))
