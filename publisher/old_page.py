"""What a page of the old site says about itself. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from bs4 import Tag

from publisher.front import parsed
from publisher.social import is_shared_url

# Networks read `og:url` from the first megabyte (Meta, "Meta Web Crawlers").
_BYTES_MAX = 1024 * 1024
_TAGS_MAX = 1000
_CHARSET = re.compile(r"charset=[\"']?([\w-]{1,40})", re.IGNORECASE)
# WordPress: wp_shortlink_wp_head, and get_body_class.
_SHORT_LINK = re.compile(r"(?:^|&)p=([0-9]{1,18})(?:&|$)")
_BODY_CLASS = re.compile(r"(?:^|\s)postid-([0-9]{1,18})(?:\s|$)")


class OldPage(NamedTuple):
    """`og_url`: as it is written, '' if there is none that is a whole address; `post`: the number
    of the post that the page shows, 0 if it does not tell."""

    og_url: str = ""
    post: int = 0


def old_page(body: bytes, content_type: str) -> OldPage:
    """What a page says. Never fails: what can't be understood is not there."""
    told = _CHARSET.search(content_type)
    soup = parsed(body[:_BYTES_MAX], told[1] if told else None)
    if soup is None:
        return OldPage()
    og_url = ""
    for meta in soup.find_all("meta", limit=_TAGS_MAX):
        if isinstance(meta, Tag) and "og:url" in (_text(meta, "property"), _text(meta, "name")):
            og_url = og_url or _address(_text(meta, "content"))
    found = None
    for link in soup.find_all("link", limit=_TAGS_MAX):
        if isinstance(link, Tag) and "shortlink" in _text(link, "rel").lower().split():
            found = found or _SHORT_LINK.search(_query(_text(link, "href")))
    html_body = soup.find("body")
    if isinstance(html_body, Tag):
        found = found or _BODY_CLASS.search(_text(html_body, "class"))
    return OldPage(og_url, int(found[1]) if found else 0)


def _text(tag: Tag, name: str) -> str:
    value = tag.get(name)
    return " ".join(value) if isinstance(value, list) else (value or "").strip()


def _address(text: str) -> str:
    try:
        return is_shared_url(text)
    except ValueError:
        return ""


def _query(url: str) -> str:
    try:
        return urlsplit(url).query
    except ValueError:
        return ""
