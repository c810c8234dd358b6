"""The canonical form of a WordPress query, so that every way to write it finds the same rule.

`?p=1632`, `?page_id=01632/` and `?utm_source=x&p=1632%E3%80%82` all mean post 1632. The rules'
names follow what WordPress reads from a query (`WP::parse_request`, `WP_Query::parse_query`)
and what `redirect_canonical` repairs. `edge.js` holds the same algorithm; a test compares them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

VARIABLES: tuple[str, ...] = (
    "p",
    "page_id",
    "attachment_id",
    "name",
    "pagename",
    "category_name",
    "cat",
    "tag",
    "tag_id",
    "author",
    "m",
    "year",
    "monthnum",
    "day",
    "post_type",
    "post_format",
    "taxonomy",
    "term",
    "feed",
    "paged",
    "page",
    "cpage",
    "embed",
    "sitemap",
    "sitemap-subtype",
    "sitemap-stylesheet",
    "robots",
)
"""WordPress's public query variables that choose what is shown, in canonical order.

Those before `feed` say which page is meant, `feed` and the later ones which part or form of it.
"""

INTEGERS = frozenset(
    {
        "p",
        "page_id",
        "attachment_id",
        "cat",
        "tag_id",
        "author",
        "year",
        "monthnum",
        "day",
        "paged",
        "page",
        "cpage",
    }
)
"""The variables that WordPress casts to an integer."""

GLUED = " !\"'(),.;{}\u00a0\u2018\u2019\u201c\u201d\u3000、。〈〉《》「」『』【】！（），．［］｛｝"
"""What gets glued to the end of a shared link, and is no part of any value.

The first half is what `redirect_canonical` strips; the full-width half is what Japanese text
leaves behind a link.
"""

INTEGER_DIGITS_MAX = 15
"""Longer numbers are no ids, and JavaScript would not keep them exact."""

_FEEDS = {"feed": "rss2", "rss": "rss2", "comments-feed": "comments-rss2"}
_IDS = ("attachment_id", "p", "page_id")
_WHICH_PAGE = VARIABLES[1 : VARIABLES.index("feed")]
_ARRAY = "[]"
_VARIABLES = frozenset(VARIABLES)
_BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_INTEGER = re.compile("[ \t\n\r\v\f]*0*([0-9]*)")
_NOT_A_DIGIT = re.compile("[^0-9]+")


class CanonicalQuery(NamedTuple):
    """What a raw query means.

    `key`: the known variables in canonical form, None if there are none (or for a preview).
    `base_key`: the key without the number of the page, which WordPress falls back to when that
    page does not exist; None if there is no number, or nothing else.
    `rest`: every other part of the query, untouched and in order (`utm_source=x&fbclid`).
    """

    key: str | None
    base_key: str | None
    rest: str


def decode(text: str) -> str | None:
    """Percent-decoded UTF-8, or None where an escape or the UTF-8 is broken.

    As strict as JavaScript's `decodeURIComponent`; `+` stays.
    """
    if "%" not in text:
        return text
    if _BROKEN_ESCAPE.search(text):
        return None
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return None


def canonical_query(raw: str) -> CanonicalQuery:
    """The canonical form of a raw query (what follows the `?`, still percent-encoded).

    Never raises: what can't be decoded counts as unknown and stays in the rest.
    """
    values, unknown, is_preview = _read(raw)
    values = {name: _cleaned(name, value) for name, value in values.items()}
    ids = [values[name] for name in _IDS if values.get(name)]
    if ids and is_preview:
        # A preview shows what is not published; it must never be answered by a redirect.
        return CanonicalQuery(None, None, raw)
    if ids:
        # WordPress takes the three for one another, and an id leaves nothing else to choose.
        for name in _WHICH_PAGE:
            values.pop(name, None)
        values["p"] = ids[0]
    _drop_first_pages(values)
    key = _joined(values)
    for name in ("page", "cpage") if values.get("sitemap") else ("paged", "page", "cpage"):
        values.pop(name, None)
    base = _joined(values)
    return CanonicalQuery(key, base if base != key else None, "&".join(unknown))


def chosen_query(raw: str, names: Sequence[str]) -> tuple[str, str]:
    """The parameters of these names in a raw query, in this order, and all others, untouched.

    For a site's own rules: the last of each wins, what is glued to a value goes, and a value in
    which `%` and `&` are escaped stands behind its name. '' if none is there.
    """
    values: dict[str, str] = {}
    others: list[str] = []
    for part in raw.split("&"):
        if not part:
            continue
        raw_name, _, raw_value = part.replace("+", " ").partition("=")
        name, value = decode(raw_name), decode(raw_value)
        name, bracket, _ = (name or "").removeprefix("amp;").partition("[")
        if value is None or name not in names:
            others.append(part)
        else:
            values[name] = _ARRAY if bracket else value.rstrip(GLUED)
    return _listed(values, names), "&".join(others)


def _read(raw: str) -> tuple[dict[str, str], list[str], bool]:
    """The known variables (the last of each wins, as in PHP), the other parts, a preview or not."""
    values: dict[str, str] = {}
    unknown: list[str] = []
    is_preview = False
    for part in raw.split("&"):
        if not part:
            continue
        raw_name, _, raw_value = part.replace("+", " ").partition("=")
        name, value = decode(raw_name), decode(raw_value)
        if name is None or value is None:
            unknown.append(part)
            continue
        # A link copied out of HTML source keeps the `amp;` of its `&amp;`.
        name, bracket, _ = name.removeprefix("amp;").partition("[")
        if name in _VARIABLES:
            values[name] = _ARRAY if bracket else value
        else:
            unknown.append(part)
            is_preview = is_preview or name == "preview"
    return values, unknown, is_preview


def _cleaned(name: str, value: str) -> str:
    """A variable's value as WordPress reads it; '' means that it is not there."""
    value = value.rstrip(GLUED)
    if not value:
        return ""
    if name in INTEGERS:
        return _integer(value)
    if name == "m":
        return _NOT_A_DIGIT.sub("", value)
    if name == "feed":
        return _FEEDS.get(value, value)
    if name == "embed":
        return "true"
    return value


def _integer(value: str) -> str:
    """PHP's `(int)`: leading digits count. What is no id becomes 0, which no rule has."""
    match = _INTEGER.match(value)
    digits = match.group(1) if match else ""
    return digits if 0 < len(digits) <= INTEGER_DIGITS_MAX else "0"


def _drop_first_pages(values: dict[str, str]) -> None:
    """Page 1 of something is that thing, except that a sitemap's own links write `paged=1`."""
    for name in ("paged", "page"):
        value = values.get(name)
        numbered = name == "paged" and values.get("sitemap")
        if value == "0" or (value == "1" and not numbered):
            del values[name]


def _joined(values: dict[str, str]) -> str | None:
    return _listed(values, VARIABLES) or None


def _listed(values: Mapping[str, str], names: Sequence[str]) -> str:
    given = [(name, values[name]) for name in names if values.get(name)]
    return "&".join(f"{name}={v.replace('%', '%25').replace('&', '%26')}" for name, v in given)
