"""What only the CMS needs, and is taken out of pages: the declared transformations. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

# The removals that a configuration may keep (`cms.keep`).
KEEPABLE = ("shortlink", "comment-forms", "search-forms")
# All of them by the name that keeps each: a rewriter that keeps everything changes links alone.
ALL = frozenset(
    (*KEEPABLE, "discovery-links", "generator", "admin-bar", "log-in-names", "nonces",
     "plugin-timestamps", "random-tokens")
)  # fmt: skip

_LINKS = frozenset(("edituri", "wlwmanifest", "pingback", "https://api.w.org/"))
_BAR_IDS = frozenset(
    ("wpadminbar", "admin-bar-css", "admin-bar-js", "admin-bar-inline-css", "admin-bar-js-before",
     "admin-bar-js-after", "admin-bar-js-extra")
)  # fmt: skip
# What makes room for the bar (`_admin_bar_bump_cb`).
_BUMP = re.compile(
    r"\s*(?:@media screen\s*\{\s*)?html\s*\{\s*margin-top:\s*32px\s*!important;?\s*\}\s*\}?"
    r"(?:\s*\*\s*html body\s*\{\s*margin-top:\s*32px\s*!important;?\s*\})?"
    r"(?:\s*@media screen and \(\s*max-width:\s*782px\s*\)\s*\{\s*"
    r"(?:\*?\s*html(?:\s+body)?\s*\{\s*margin-top:\s*46px\s*!important;?\s*\}\s*){1,2}\})?\s*"
)
# WordPress puts log-in names into classes (`get_body_class`, `get_comment_class`).
_LOGIN_CLASS = re.compile(r"\s*(?<![\w-])(?:comment-author-|author-(?!\d+(?:\s|$)))[\w%-]+")
_LOGIN_TAGS = frozenset(("body", "li", "div", "article"))
_BAR_CLASS = re.compile(r"\s*(?<![\w-])admin-bar(?![\w-])")


class Removals(Counter[str]):
    """How often each declared transformation was made in a document."""


def is_removed_id(written: str) -> tuple[str, str] | None:
    """The report's name and the keeping name of an element that its id condemns."""
    if written == "respond":
        return "comment forms", "comment-forms"
    return ("admin bar", "admin-bar") if written in _BAR_IDS else None


def removal_of(tag: str, named: Mapping[str, str]) -> tuple[str, str] | None:
    """The report's name and the keeping name of a `link`, `meta` or `form` that goes."""
    if tag == "link":
        return _of_link(named)
    if tag == "meta":
        is_one = named.get("name", "").lower() == "generator"
        return ("generator", "generator") if is_one else None
    if "wp-comments-post.php" in named.get("action", ""):
        return "comment forms", "comment-forms"
    is_search = named.get("role", "").lower() == "search"
    return ("search forms", "search-forms") if is_search else None


def _of_link(named: Mapping[str, str]) -> tuple[str, str] | None:
    rels = named.get("rel", "").lower().split()
    if "shortlink" in rels:
        return "discovery links", "shortlink"
    if not _LINKS.isdisjoint(rels):
        return "discovery links", "discovery-links"
    kind = named.get("type", "").lower()
    if "alternate" in rels and (kind == "application/json" or kind.endswith("+oembed")):
        return "discovery links", "discovery-links"
    return None


def without_names(tag: str, written: str) -> tuple[str, str, str] | None:
    """The classes without log-in names or the sign of the admin bar, the report's name and the
    keeping name; None if there is neither."""
    if tag in _LOGIN_TAGS and "author-" in written:
        without = _LOGIN_CLASS.sub("", written)
        if without != written:
            return without.strip(), "log-in names", "log-in-names"
    if tag == "body" and "admin-bar" in written:
        without = _BAR_CLASS.sub("", written)
        if without != written:
            return without.strip(), "admin bar", "admin-bar"
    return None


def is_bump(css: str) -> bool:
    """Whether a style sheet does nothing but make room for the admin bar."""
    return "margin-top:" in css and bool(_BUMP.fullmatch(css))
