"""What differs each time the CMS makes a page and means nothing to visitors. Pure.

Without this no two exports of an unchanged CMS are alike. Only declared shapes are touched.
"""

from __future__ import annotations

import re

# A nonce is ten hexadecimal digits (`wp_create_nonce`) that a name with "nonce" in it announces,
# or the names that core's own checks take (`check_ajax_referer`: `security`): in JSON and in
# JSON within an attribute, in scripts, in URLs, in attributes, and as core hands it to its
# REST client (`createNonceMiddleware`).
_QUOTE = rb"(?:\\{0,2}[\"']|&quot;|&#0{0,3}3[49];)"
_NONCE = re.compile(
    rb"(?:[Mm]iddleware\(\s{0,9}|[\w-]{0,40}%s?\s{0,9}[:=]\s{0,9})%s?([0-9a-f]{10})(?![\w-])"
    % (_QUOTE, _QUOTE)
)
NAMES = (b"nonce", b"security")
HEX_NONCE = re.compile(r"[0-9a-f]{10}")

# Comments of cache plugins. Each shape is what the plugin prints and ends in a time.
_TIME = r"(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}:\d\d|@\s?\d{9,}|\d[\d.,]* ?(?:s\b|ms\b|sec)|\d{1,2} [A-Z][a-z]{2} \d{4})"  # noqa: E501
_PLUGIN = (
    r"(?:Cached|Dynamic|Compressed) page generated|Page generated (?:by|in)|Generated in"
    r"|Performance optimized by|Page (?:optimized|cached|supported|uncached) by|Served from:"
    r"|(?:This |WP Fastest Cache |Hummingbird |)?(?:page|cache|file|cache file)"
    r" was (?:created|generated|cached)"
    r"|Cache Enabler|Cached? (?:served )?by|Cached (?:page|on|at)|This website is like a Rocket"
    r"|\d+ (?:database )?queries|Super Cache|Comet Cache|Dynamic Page Served"
)
_STAMP = re.compile(rf"^[\s*]*[^\n<>]{{0,80}}?(?:{_PLUGIN})[\s\S]{{0,2000}}?{_TIME}", re.IGNORECASE)
_COMMENT_MAX = 3000
STAMP_SIGNS = (
    b"generated", b"optimized", b"served", b"created", b"cache", b"rocket", b"queries",
)  # fmt: skip


def without_nonces(page: bytes, lower: bytes) -> tuple[bytes, int]:
    """The page with each nonce emptied, and how many there were. `lower` is the page in lower
    case."""
    spans: set[tuple[int, int]] = set()
    for name in NAMES:
        position = lower.find(name)
        while position >= 0:
            position += len(name)
            match = _NONCE.match(page, position)
            if match:
                spans.add(match.span(1))
            position = lower.find(name, position)
    pieces: list[bytes] = []
    done = 0
    for start, end in sorted(spans):
        pieces.append(page[done:start])
        done = end
    return b"".join((*pieces, page[done:])) if spans else page, len(spans)


def is_stamp(comment: str) -> bool:
    """Whether a comment is one in which a cache plugin says when or how fast it made the page."""
    return len(comment) <= _COMMENT_MAX and bool(_STAMP.search(comment))
