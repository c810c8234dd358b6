"""What differs between two copies of a page is shown with the line that would declare it."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.rewrite.tokens import Shape, settle
from publisher.rewrite.varying import SPOTS_MAX, varying

PAGE = '<h1>お知らせ</h1><p data-key="{}">本文</p><i id="sess_{}">時刻: {}</i>'


def test_each_place_is_found_with_what_would_declare_it() -> None:
    one, two = PAGE.format("a1b2", "0a1b2c3d", "10時"), PAGE.format("c3d4", "0a9b2c3e", "11時")
    spots = varying(one, two)
    assert [(spot.first, spot.second) for spot in spots] == [
        ("a1b2", "c3d4"), ("sess_0a1b2c3d", "sess_0a9b2c3e"), ("10", "11"),
    ]  # fmt: skip
    assert spots[0].before.endswith('<p data-key="')
    assert spots[0].shape == Shape(attribute="data-key")
    assert spots[1].shape is not None
    assert spots[2].shape is None


def test_what_is_suggested_settles_the_page() -> None:
    one = '<p class="x sess_0a1b2c3d">' + '<a href="/?ts=1234567890">'
    two = '<p class="x sess_ffffffff">' + '<a href="/?ts=1234567999">'
    shapes = tuple(spot.shape for spot in varying(one, two) if spot.shape)
    assert len(shapes) == 2
    assert settle(one, shapes) == settle(two, shapes) != (one, 0)


@pytest.mark.parametrize(
    "page",
    [
        '<a aria-label="{} (2 items)">タグ</a>',
        '<b aria-label="{}">タグ</b>',
        '<img alt="{}">',
        '<a title="{} 2">',
        '<a href="{}/a">',
        "<p>order: id={}</p>",
    ],
)
def test_what_is_to_be_read_is_never_declared_a_token(page: str) -> None:
    """A cloud of tags, whose order for ties WordPress leaves to the database."""
    (spot,) = varying(page.format("captions"), page.format("categories"))
    assert (spot.first, spot.second, spot.shape) == ("captions", "categories", None)


def test_the_beginning_of_a_value_is_no_token() -> None:
    (spot,) = varying('<img alt="photo1 xx">', '<img alt="photo2 xx">')
    assert spot.shape is None


@pytest.mark.parametrize(
    ("one", "two", "places"),
    [("", "", 0), ("a", "a", 0), ("", "a", 1), ("aa", "a", 1), ("x a", "x b", 1), ("日", "本", 1)],
)
def test_the_ends_of_a_page(one: str, two: str, places: int) -> None:
    assert len(varying(one, two)) == places


@given(st.text("ab 1\n"), st.text("ab 1\n"))
def test_pages_differ_where_something_is_shown(one: str, two: str) -> None:
    spots = varying(one, two)
    assert bool(spots) == (one != two)
    assert all(spot.first != spot.second for spot in spots)
    assert all(spot.before in one for spot in spots)


def test_large_pages_that_differ_all_over_are_looked_at_in_bounded_time() -> None:
    one = "".join(f"<p>{number * 7919 % 10007} x</p>\n" for number in range(60_000))
    two = "".join(f"<b>{number * 104729 % 10007}</b> y z\n" for number in range(60_000))
    begin = process_time()
    assert 0 < len(varying(one, two)) <= SPOTS_MAX
    assert process_time() - begin < 10
