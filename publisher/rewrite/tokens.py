"""Tokens that differ each time the CMS makes a page, given a value that does not. Pure.

Without this no two exports of an unchanged CMS are alike, and each makes a release. Only
declared shapes are touched, never whatever happens to differ.
"""

from __future__ import annotations

import re

_SHAPES = re.compile(
    # A card of another post and its frame know each other by ten random characters
    # (`get_post_embed_html`, `wp_filter_oembed_result`); shown as markup, they are escaped.
    r"(data-secret=(?:[\"']|&quot;)|#\?secret=)([A-Za-z0-9]{10})(?![A-Za-z0-9])"
    # The ids of an embedded post's sharing dialog end in a random number
    # (`print_embed_sharing_dialog`).
    r"|(wp-embed-share-(?:tab|description)-(?:wordpress|html)-\d+-)(\d+)"
)


def settle(text: str) -> tuple[str, int]:
    """The text with each token replaced by its number in the page, and how many there were.
    Equal tokens stay equal: what belongs together is told by them."""
    tokens: dict[str, str] = {}

    def numbered(match: re.Match[str]) -> str:
        head, token = match[1] or match[3], match[2] or match[4]
        return head + tokens.setdefault(token, f"embed{len(tokens):05d}")

    return _SHAPES.sub(numbered, text), len(tokens)
