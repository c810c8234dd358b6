"""Tokens that WordPress makes anew each time get a value that stays."""

from __future__ import annotations

import pytest

from publisher.rewrite.tokens import settle


def embed(secret: str) -> str:
    return (
        f'<blockquote class="wp-embedded-content" data-secret="{secret}"></blockquote>'
        f'<iframe src="/blog/1/embed.html#?secret={secret}" data-secret="{secret}"></iframe>'
    )


def test_a_card_and_its_frame_keep_knowing_each_other() -> None:
    text, count = settle(embed("aB3dE6gH9j") + embed("zzzzzzzzzz"))
    assert count == 2
    assert text == embed("embed00000") + embed("embed00001")


def test_two_answers_of_an_unchanged_page_become_one() -> None:
    assert settle(embed("aB3dE6gH9j")) == settle(embed("q1w2e3r4t5"))


@pytest.mark.parametrize(
    "shown",
    [
        "<textarea>data-secret=&quot;{}&quot;</textarea>",
        '<div id="wp-embed-share-tab-html-7-{}">',
        '<p id="wp-embed-share-description-wordpress-7-{}">',
    ],
)
def test_shapes_of_the_sharing_dialog(shown: str) -> None:
    assert settle(shown.format("2014231410"))[0] == settle(shown.format("2939244768"))[0]


@pytest.mark.parametrize(
    "text",
    ["?secret=aB3dE6gH9j", 'data-secret="short"', 'data-secret="elevenchars"', "data-secrets"],
)
def test_other_things_are_left_alone(text: str) -> None:
    assert settle(text) == (text, 0)
