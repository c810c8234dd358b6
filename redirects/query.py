"""The canonical form of a WordPress query, so that every way to write it finds the same rule.

`?p=1632`, `?page_id=01632/` and `?utm_source=x&p=1632%E3%80%82` all mean post 1632. The rules'
names follow what WordPress reads from a query (`WP::parse_request`, `WP_Query::parse_query`)
and what `redirect_canonical` repairs. `edge.js` holds the same algorithm; a test compares them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from redirects.kana import composed

VARIABLES: tuple[str, ...] = (
    "p",
    "page_id",
    "attachment_id",
    "attachment",
    "name",
    "pagename",
    "category_name",
    "cat",
    "tag",
    "tag_id",
    "author",
    "author_name",
    "m",
    "year",
    "monthnum",
    "w",
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
        "tag_id",
        "year",
        "monthnum",
        "w",
        "day",
        "paged",
        "page",
        "cpage",
    }
)
"""The variables that WordPress casts to an integer."""

ROOT_PATHS = ("/", "/index.php")
"""Where WordPress reads a query."""

GLUED = (
    " !\"'(),./;{}\u00a0\u2018\u2019\u201c\u201d\u3000、。〈〉《》「」『』【】！（），．［］｛｝"
)
"""What gets glued to the end of a shared link, and is no part of any value.

The first half is what `redirect_canonical` strips, and the slash, which `WP_Query` takes off
slugs; the full-width half is what Japanese text leaves behind a link.
"""


def unglued(text: str) -> str:
    """A text without what was glued to its end."""
    return text.rstrip(GLUED)


_FEEDS = {"feed": "rss2", "rss": "rss2", "comments-feed": "comments-rss2"}
_IDS = ("attachment_id", "p", "page_id")
_WHICH_PAGE = VARIABLES[1 : VARIABLES.index("feed")]
_PARTS = frozenset(("paged", "page", "cpage", "embed"))
_SITEMAP_PARTS = _PARTS - {"paged"}
_LISTS = frozenset(("cat", "author"))
_VARIABLES = frozenset(VARIABLES)
_ARRAY = "[]"
# Ends a value that can't be decoded: no rule has it.
_BROKEN = "\ufffd"
_BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_INTEGER = re.compile("[ \t\n\r\v\f]*([+-]?)0*([0-9]*)")
_NOT_A_DIGIT = re.compile("[^0-9]+")
_NOT_IN_A_LIST = re.compile("[^0-9,-]+")
# Most queries there are, and what they come to.
_PLAIN = re.compile("(?:p|page_id|attachment_id)=([1-9][0-9]{0,14})")
# WordPress makes such names of these characters alone. Others would end the word or the section
# of the head in which they stand.
_OWN = re.compile(r"\?(?:name=.*&post_type|taxonomy)=([A-Za-z0-9_-]+)(?:&|\Z)", re.DOTALL)


class CanonicalQuery(NamedTuple):
    """What a raw query means.

    `key`: the known variables in canonical form, None if there are none.
    `base_key`: the key without the part of the page that is asked for (its number, a page of its
    comments, its embed), for a part that does not exist; None if no part is named, or nothing else.
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


def canonical_query(raw: str, own: str = "") -> CanonicalQuery:
    """The canonical form of a raw query (what follows the `?`, still percent-encoded).

    `own`: the site's own variables, as `own_variables` writes them.
    Never raises: what has a name that can't be decoded is unknown and stays in the rest. Of a value
    that can't be, what stands before its first `%` counts: a link in Shift_JIS
    (`?p=1632%81%42`), or one that was cut off.
    """
    if not raw:
        return _NOTHING
    plain = _PLAIN.fullmatch(raw)
    if plain is not None:
        return CanonicalQuery(f"p={plain[1]}", None, "")
    return _canonical(raw, own)


_NOTHING = CanonicalQuery(None, None, "")


def own_variables(sources: Iterable[str]) -> str:
    """The variables of a site's own types and taxonomies, out of its rules' sources.

    WordPress knows `?book=red` for `?post_type=book&name=red` and `?genre=crime` for
    `?taxonomy=genre&term=crime`. What stands in rules of the longer form is a variable:
    `" book | genre "`, with the types before the bar. '' if there are none.
    """
    types: set[str] = set()
    taxonomies: set[str] = set()
    for source in sources:
        match = _OWN.match(source) if source.startswith(("?name=", "?taxonomy=")) else None
        if match:
            (types if source.startswith("?name=") else taxonomies).add(match[1])
    names = [*sorted(types), "|", *sorted(taxonomies)]
    return f" {' '.join(names)} " if len(names) > 1 else ""


def _canonical(raw: str, own: str) -> CanonicalQuery:
    values, unknown = _read(raw, own)
    ids = [values[name] for name in _IDS if name in values]
    if ids:
        # WordPress takes the three for one another, and an id leaves nothing else to choose.
        for name in _WHICH_PAGE:
            values.pop(name, None)
        values["p"] = ids[0]
    # Page 1 of something is that thing, except that a sitemap's own links write `paged=1`.
    if values.get("paged") == "1" and "sitemap" not in values:
        del values["paged"]
    if values.get("page") == "1":
        del values["page"]
    key = _joined(values)
    parts = _SITEMAP_PARTS if "sitemap" in values else _PARTS
    if parts.isdisjoint(values):
        return CanonicalQuery(key, None, "&".join(unknown))
    base = _joined({name: value for name, value in values.items() if name not in parts})
    return CanonicalQuery(key, base, "&".join(unknown))


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
        name, bracket, _ = (decode(raw_name) or "").removeprefix("amp;").partition("[")
        if name not in names:
            others.append(part)
        else:
            values[name] = _ARRAY if bracket else unglued(_value(name, raw_value))
    return _listed(values, names), "&".join(others)


def chosen_queries(raw: str, sets: Iterable[Sequence[str]]) -> Iterator[tuple[str, str]]:
    """`chosen_query` for each of these sets of names of which a query has all, in this order."""
    for names in sets:
        key, rest = chosen_query(raw, names)
        if key and key.count("&") + 1 == len(names):
            yield key, rest


def _read(raw: str, own: str) -> tuple[dict[str, str], list[str]]:
    """The known variables (the last of each wins, as in PHP) as WordPress reads them, and the
    other parts. An empty one is as if it were not there; WordPress takes it out."""
    values: dict[str, str] = {}
    unknown: list[str] = []
    for part in raw.split("&"):
        if not part:
            continue
        raw_name, _, raw_value = part.replace("+", " ").partition("=")
        decoded = decode(raw_name)
        if decoded is None:
            unknown.append(part)
            continue
        # A link copied out of HTML source keeps the `amp;` of its `&amp;`.
        name, bracket, _ = decoded.removeprefix("amp;").partition("[")
        value = _value(name, raw_value)
        if name in _VARIABLES:
            value = _cleaned(name, _ARRAY if bracket else value)
            if value:
                values[name] = value
        elif name != "|" and f" {name} " in own:
            is_type = own.index(f" {name} ") < own.index("|")
            value = _cleaned("name", _ARRAY if bracket else value)
            if value:
                values["post_type" if is_type else "taxonomy"] = name
                values["name" if is_type else "term"] = value
        elif name != "preview":  # a preview of what is published is that itself
            unknown.append(part)
    return values, unknown


def _value(name: str, raw: str) -> str:
    """A value, decoded; or what counts of it. Of a list or a date that is nothing: what comes
    behind could be a part of it."""
    value = decode(raw)
    if value is not None:
        return value
    return "" if name in _LISTS or name == "m" else raw.partition("%")[0] + _BROKEN


def _cleaned(name: str, value: str) -> str:
    """A variable's value as WordPress reads it; '' means that it is not there."""
    value = unglued(value)
    if not value or value == _ARRAY:
        return value
    if name in INTEGERS:
        return _integer(name, value)
    if name in _LISTS:
        # `cat=1,5` and `author=-1` are lists of their own, and no way to write another.
        return _NOT_IN_A_LIST.sub("", value).lstrip("0").rstrip(",")
    if name == "m":
        return _NOT_A_DIGIT.sub("", value)
    if name == "feed":
        return _FEEDS.get(value, value)
    if name == "embed":
        return "true"
    return composed(value)


def _integer(name: str, value: str) -> str:
    """PHP's `(int)`: leading digits count, and 0 is none. A negative `p` names nothing; WordPress
    takes the sign off all others."""
    match = _INTEGER.match(value)
    sign, digits = match.groups() if match else ("", "")
    return f"-{digits}" if digits and sign == "-" and name == "p" else digits


def _joined(values: Mapping[str, str]) -> str | None:
    return _listed(values, VARIABLES) or None


def _listed(values: Mapping[str, str], names: Sequence[str]) -> str:
    given = [(name, values[name]) for name in names if values.get(name)]
    return "&".join(f"{name}={v.replace('%', '%25').replace('&', '%26')}" for name, v in given)
