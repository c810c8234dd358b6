"""The public variables of WordPress's queries: what they choose, what their values say. Pure."""

from __future__ import annotations

import re

# The public variables of `WP` that choose what is shown; several of one group are one choice.
SELECTING = frozenset(
    "attachment name pagename category_name cat tag tag_id author m year monthnum day w hour "
    "minute second post_type taxonomy term".split()
)
GROUPS = {
    **dict.fromkeys(("m", "year", "monthnum", "day"), "date"),
    **dict.fromkeys(("taxonomy", "term"), "term"),
}
# They change the order or kind of what is shown, and not what it is.
ORDERING = frozenset(("order", "orderby", "withcomments", "withoutcomments"))
QUERY_VARIABLES = (
    SELECTING
    | ORDERING
    | frozenset(
        "p page_id attachment_id author_name feed paged page cpage embed sitemap sitemap-subtype "
        "sitemap-stylesheet robots cst".split()
    )
)
# What `WP_Query::parse_query` drops from `cat`, and what parts several tags from each other
# (`WP_Query::parse_tax_query`): any of them, or all of them.
NOT_IN_CAT = re.compile(r"[^0-9,-]")
SEVERAL = re.compile(r"[,+\s]")


def listed(name: str, value: str) -> str:
    """Several categories or tags in one order, whichever they were written in."""
    if name not in ("cat", "tag", "category_name"):
        return value
    values = sorted(filter(None, SEVERAL.split(value)))
    return ("," if "," in value else "+").join(values)


def date_of(chosen: dict[str, str]) -> str:
    """The digits of the year, month or day that a query chooses, '' if it chooses none."""
    digits = re.sub(r"\D", "", chosen.get("m", ""))
    if len(digits) in (4, 6, 8):
        return digits
    year = chosen.get("year", "")
    if not re.fullmatch(r"\d{4}", year):
        return ""
    month, day = chosen.get("monthnum", ""), chosen.get("day", "")
    if not month.isdecimal():
        return year
    return year + month.zfill(2) + (day.zfill(2) if day.isdecimal() else "")


def sitemap_of(given: dict[str, str]) -> str:
    """The path of a core sitemap, as `WP_Sitemaps_Provider::get_sitemap_url` builds it."""
    stylesheet = given.get("sitemap-stylesheet")
    if stylesheet:
        return "/wp-sitemap-index.xsl" if stylesheet == "index" else "/wp-sitemap.xsl"
    name = given["sitemap"]
    if name == "index":
        return "/wp-sitemap.xml"
    parts = [name, given.get("sitemap-subtype", ""), given.get("paged") or "1"]
    return f"/wp-sitemap-{'-'.join(part for part in parts if part)}.xml"
