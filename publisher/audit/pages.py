"""What the pages of a release say of themselves, and which old addresses they link to. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from publisher.front import one_line

BYTES_MAX = 4 * 1024 * 1024
"""Of a larger page only the beginning is understood."""
_ELEMENTS_MAX = 50_000
_URL_CHARACTERS_MAX = 2_000
# WordPress: get_body_class.
_BODY_CLASS = re.compile(r"(?:^|\s)(?:postid|page-id|attachmentid)-([0-9]{1,18})(?:\s|$)")


class PageFacts(NamedTuple):
    """A page, understood: its title, the whole addresses in `canonical` and `og:url` as they are
    written ('' for none), whether it keeps crawlers away, the number of the object that it says
    to show (0: none), and its links to old addresses."""

    title: str = ""
    canonical: str = ""
    og_url: str = ""
    noindex: bool = False
    number: int = 0
    old_links: tuple[str, ...] = ()


class Contents(NamedTuple):
    """What the release says of itself: the facts of each page by its decoded path, and the decoded
    paths that its sitemaps name (None if it has none); the old addresses that they name, and which
    sitemap does."""

    pages: dict[str, PageFacts]
    in_sitemap: frozenset[str] | None
    old_in_sitemap: dict[str, str]


def facts(body: bytes, url: str, is_old: Callable[[str], bool]) -> PageFacts:
    """What a page at `url` says. `is_old`: whether a path and query of the public site is only
    answered by a redirect. Never fails: what can't be understood is not there."""
    root = _parsed(body[:BYTES_MAX])
    if root is None:
        return PageFacts()
    title = next((element.text_content() for element in root.iter("title")), "")
    canonical = og_url = ""
    noindex = False
    for element in _some(root, "link"):
        if "canonical" in (element.get("rel") or "").lower().split():
            canonical = canonical or _said(element, "href")
    for element in _some(root, "meta"):
        if element.get("property") == "og:url" or element.get("name") == "og:url":
            og_url = og_url or _said(element, "content")
        elif (element.get("name") or "").lower() in ("robots", "googlebot"):
            noindex = noindex or "noindex" in (element.get("content") or "").lower()
    body_class = next((element.get("class") or "" for element in root.iter("body")), "")
    number = _BODY_CLASS.search(body_class)
    return PageFacts(
        one_line(title),
        canonical,
        og_url,
        noindex,
        int(number[1]) if number else 0,
        tuple(dict.fromkeys(_old_links(root, url, is_old))),
    )


def locations(body: bytes) -> Iterator[str]:
    """The addresses in a sitemap; none of what is no XML."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return
    if root is None:
        return
    for element in root.iter("{*}loc"):
        if element.text:
            yield element.text.strip()[:_URL_CHARACTERS_MAX]


def _parsed(body: bytes) -> HtmlElement | None:
    """A page as a tree; a release's pages are UTF-8."""
    try:
        return document_fromstring(body, parser=HTMLParser(encoding="utf-8", huge_tree=False))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def _some(root: HtmlElement, name: str) -> Iterator[HtmlElement]:
    for count, element in enumerate(root.iter(name)):
        if count == _ELEMENTS_MAX:
            return
        yield element


def _said(element: HtmlElement, name: str) -> str:
    value = (element.get(name) or "").strip()
    return value if len(value) <= _URL_CHARACTERS_MAX and value.isprintable() else ""


def _old_links(root: HtmlElement, url: str, is_old: Callable[[str], bool]) -> Iterator[str]:
    for href in dict.fromkeys(_said(element, "href") for element in _some(root, "a")):
        own = _own(href, url)
        if own and is_old(own):
            yield href


def _own(href: str, url: str) -> str:
    """The path and query of a link to the site itself; '' for any other."""
    if href.startswith("/") and not href.startswith("//"):  # nearly all: `urljoin` takes its time
        return href.partition("#")[0]
    if not href or href.startswith(("#", "mailto:", "tel:", "javascript:", "data:")):
        return ""
    try:
        parts, here = urlsplit(urljoin(url, href)), urlsplit(url)
    except ValueError:
        return ""
    if parts.netloc != here.netloc or parts.scheme not in ("http", "https"):
        return ""
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
