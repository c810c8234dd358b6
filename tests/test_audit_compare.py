"""When two answers are the same to a visitor, and who the visitors are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.audit.compare import (
    Answer,
    Difference,
    Journey,
    address_of,
    differ,
    difference,
    normal,
    onward,
)
from publisher.audit.report import Live
from publisher.audit.visitors import AGENTS, BROWSER, Visitor, matrix, twin
from redirects.crawlers import is_preview_crawler
from redirects.match import Request

PUBLIC = "www.example.co.jp"
HERE = f"https://{PUBLIC}"
THERE = "http://127.0.0.1:21000"


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("/blog/1.html", "/blog/1.html"),
        ("/blog/1.html", f"{THERE}/blog/1.html"),
        (f"{HERE}/", f"{THERE}"),
        (f"{HERE}/?a=1", f"{THERE}?a=1"),
        ("/%E4%BC%9A%E7%A4%BE/", "/%e4%bc%9a%e7%a4%be/"),
        ("/%E4%BC%9A%E7%A4%BE/", "/会社/"),
        ("/it's!", "/it%27s%21"),
        ("/%41", "/A"),
        ("/x?s=a+b", "/x?s=a%20b"),
        ("/x\\y", " /x/y\n"),
    ],
)
def test_one_address_in_two_spellings(mine: str, theirs: str) -> None:
    assert not differ(Answer(301, mine), Answer(308, theirs), HERE, THERE)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (Answer(301, "/a"), Answer(302, "/a")),
        (Answer(301, "/a"), Answer(301, "/b")),
        (Answer(301, "/a"), Answer(301, "/a/")),
        (Answer(301, "/a"), Answer(301, "/A")),
        (Answer(301, "/a?x=1"), Answer(301, "/a")),
        (Answer(301, "/a?b=%26"), Answer(301, "/a?b=&")),
        (Answer(301, "/a%2Fb"), Answer(301, "/a/b")),
        (Answer(301, "/a+b"), Answer(301, "/a%20b")),
        (Answer(301, "/a"), Answer(301, "https://127.0.0.1:21000/a")),
        (Answer(301, "/a"), Answer(301, "http://127.0.0.1:210000/a")),
        (Answer(301, "/a#x"), Answer(301, "/a")),
        (Answer(404), Answer(410)),
        (Answer(200), Answer(404)),
        (Answer(200, path="/a"), Answer(200, path="/b")),
        (Answer(404), Answer(503)),
    ],
)
def test_two_answers(mine: Answer, theirs: Answer) -> None:
    assert differ(mine, theirs, HERE, THERE)
    assert differ(theirs, mine, THERE, HERE)
    assert not differ(mine, mine, HERE, HERE)


def test_who_does_not_tell_the_page_does_not_differ_by_it() -> None:
    assert not differ(Answer(200, path="/a"), Answer(200))
    assert not differ(Answer(500), Answer(503))


def _journey(
    host: str, *steps: tuple[str, int, str], elsewhere: str = "", scheme: str = "https"
) -> Journey:
    return Journey(
        tuple(Request("GET", path, host=host, scheme=scheme) for path, _, _ in steps),
        tuple(Answer(status, location) for _, status, location in steps),
        elsewhere=elsewhere,
    )


LIVE = "127.0.0.1:21000"
MINE = _journey(PUBLIC, ("/old", 301, "/new"), ("/new", 200, ""))


@pytest.mark.parametrize(
    ("steps", "what"),
    [
        ([("/old", 301, "new"), ("/new", 200, "")], None),
        ([("/old", 308, f"{THERE}/%6eew"), ("/%6eew", 200, "")], None),
        ([("/old", 302, "/new"), ("/new", 200, "")], "way"),
        ([("/old", 301, "/old/"), ("/old/", 301, "/new"), ("/new", 200, "")], "way"),
        ([("/old", 301, "/other"), ("/other", 200, "")], "end"),
        ([("/old", 301, "/new"), ("/new", 404, "")], "end"),
        ([("/old", 200, "")], "end"),
        ([("/old", 404, "")], "end"),
    ],
)
def test_journeys_are_compared_by_their_end_then_by_their_way(
    steps: list[tuple[str, int, str]], what: str | None
) -> None:
    theirs = _journey(LIVE, *steps, scheme="http")
    found = difference(MINE, theirs, HERE, THERE)
    assert (found and found.what) == what


def test_a_difference_says_both_sides() -> None:
    theirs = _journey(LIVE, ("/old", 302, "/x"), ("/x", 404, ""), scheme="http")
    assert difference(MINE, theirs, HERE, THERE) == Difference(
        "end", "301 /new, 200", "302 /x, 404"
    )


def test_journeys_that_lead_elsewhere_or_nowhere() -> None:
    shop, other = "https://shop.example.co.jp/1", "https://shop.example.co.jp/2"
    mine = _journey(PUBLIC, ("/s", 301, shop), elsewhere=shop)
    same = _journey(LIVE, ("/s", 301, shop), elsewhere=shop, scheme="http")
    temporary = _journey(LIVE, ("/s", 302, shop), elsewhere=shop, scheme="http")
    away = _journey(LIVE, ("/s", 301, other), elsewhere=other, scheme="http")
    circle = same._replace(elsewhere="", is_circle=True)
    assert difference(mine, same, HERE, THERE) is None
    assert [
        found and found.what
        for found in (difference(mine, one, HERE, THERE) for one in (temporary, away, circle))
    ] == ["way", "end", "end"]
    lost = _journey(LIVE, ("/s", 0, ""))
    failed = lost._replace(answers=(Answer(0, problem="no answer in time"),))
    assert difference(mine, failed, HERE, THERE) is None
    assert failed.live(f"https://{LIVE}") == Live(0, 0, 0, "/s", "no answer in time")
    assert circle.live(THERE).problem == "leads in a circle"
    assert mine.live(HERE) == Live(301, 1, 301, shop)


@pytest.mark.parametrize(
    ("location", "there"),
    [
        ("/b", f"{HERE}/b"),
        ("b?c#d", f"{HERE}/x/b?c"),
        ("?c", f"{HERE}/x/a?c"),
        ("../c", f"{HERE}/c"),
        ("//example.co.jp/b", "https://example.co.jp/b"),
        ("HTTP://WWW.Example.co.jp:80/会", f"http://{PUBLIC}/%E4%BC%9A"),
        (f"{HERE}:443", f"{HERE}/"),
        ("\thttps:\n//www.example.co.jp\\b ", f"{HERE}/b"),
    ],
)
def test_a_location_is_read_as_a_browser_reads_it(location: str, there: str) -> None:
    asked = onward(BROWSER.request("/x/a?q=1", PUBLIC), location, PUBLIC)
    assert isinstance(asked, Request)
    at = address_of(asked, HERE)
    assert (at if "://" in at else HERE + at) == there
    assert asked.user_agent == AGENTS["Browser"]


@given(st.text(max_size=60), st.sampled_from(["", "/", "//", "https://", f"{HERE}", "\\"]))
def test_any_location_can_be_read(text: str, begin: str) -> None:
    there = onward(BROWSER.request("/a", PUBLIC), begin + text, PUBLIC)
    if isinstance(there, Request):
        assert there.host in (PUBLIC, twin(PUBLIC))
        assert f"{there.path}{there.query}".isascii()
    assert normal(normal(text)) == normal(text)


def test_the_password_goes_to_no_other_host() -> None:
    request = BROWSER.request("/a", PUBLIC)._replace(authorization="Basic eDp5")
    same, other = onward(request, "/b", PUBLIC), onward(request, "https://example.co.jp/b", PUBLIC)
    assert isinstance(same, Request)
    assert isinstance(other, Request)
    assert (same.authorization, other.authorization) == ("Basic eDp5", "")


def test_the_visitors() -> None:
    found = matrix(PUBLIC)
    assert found[0] == BROWSER
    assert len(found) == len(set(found)) == len(AGENTS) * 2 * 2 * 2
    assert {visitor.request("/a", PUBLIC).host for visitor in found} == {PUBLIC, "example.co.jp"}
    crawlers = {name for name, agent in AGENTS.items() if is_preview_crawler(agent)}
    assert crawlers == {"Meta", "LINE"}
    assert len(matrix("127.0.0.1")) == len(AGENTS) * 2 * 2


@pytest.mark.parametrize(
    ("host", "other"),
    [
        ("www.example.co.jp", "example.co.jp"),
        ("example.co.jp", "www.example.co.jp"),
        ("localhost", ""),
        ("127.0.0.1", ""),
        ("example.co.jp:8443", ""),
    ],
)
def test_the_twin_of_a_host(host: str, other: str) -> None:
    assert twin(host) == other


def test_an_old_address_at_another_host_is_asked_for_there() -> None:
    visitor = Visitor("Meta", "https", "example.co.jp", "HEAD")
    agent = AGENTS["Meta"]
    assert visitor.request("/?p=1#x", PUBLIC) == Request("HEAD", "/", "p=1", "example.co.jp", agent)
    assert visitor.request("http://Old.example.co.jp/会", PUBLIC) == Request(
        "HEAD", "/%E4%BC%9A", "", "old.example.co.jp", agent, scheme="http"
    )
    assert visitor.request("http://old.example.co.jp?a", PUBLIC).path == "/"
