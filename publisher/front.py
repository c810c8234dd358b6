"""What the home page of a site says about the site. Pure."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.builder import ParserRejectedMarkup

# So much of a page is read, so much of one text kept, so many of one thing.
_BYTES_MAX = 512 * 1024
_TEXT_MAX = 200
_COUNT_MAX = 50
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?(?::\d{1,5})?")
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json")


@dataclass(frozen=True, slots=True)
class Front:
    """A home page, understood. Texts are one line and short, whatever the page holds.

    `generators`: its `<meta name="generator">`; `api`: the address of WordPress's REST API;
    `feeds`: addresses; `canonical`: the address that it gives itself; `hosts`: of images,
    styles and scripts, each with how many; `noindex`: robots are asked to stay away.
    """

    title: str = ""
    language: str = ""
    charset: str = ""
    generators: tuple[str, ...] = ()
    api: str = ""
    feeds: tuple[str, ...] = ()
    canonical: str = ""
    hosts: dict[str, int] = field(default_factory=dict)
    noindex: bool = False


def front(body: bytes, content_type: str, url: str) -> Front:
    """What a page at `url` says. Never fails: what can't be understood is not there."""
    told = re.search(r"charset=[\"']?([\w-]{1,40})", content_type, re.IGNORECASE)
    soup = parsed(body[:_BYTES_MAX], told[1] if told else None)
    if soup is None:
        return Front()
    metas = [tag for tag in soup.find_all("meta", limit=1000) if isinstance(tag, Tag)]
    links = [tag for tag in soup.find_all("link", limit=1000) if isinstance(tag, Tag)]
    html, title = soup.find("html"), soup.find("title")
    named = [(_value(tag, "name").lower(), _value(tag, "content")) for tag in metas]
    feeds = [
        _url(tag, "href", url)
        for tag in links
        if "alternate" in _words(tag, "rel") and _value(tag, "type").lower() in _FEED_TYPES
    ]
    return Front(
        title=one_line(title.get_text()) if isinstance(title, Tag) else "",
        language=_value(html, "lang") if isinstance(html, Tag) else "",
        charset=(told[1] if told else str(soup.original_encoding or "")).lower(),
        generators=tuple(content for name, content in named if name == "generator" and content)[:5],
        api=_first(links, "https://api.w.org/", url),
        feeds=tuple(filter(None, dict.fromkeys(feeds)))[:_COUNT_MAX],
        canonical=_first(links, "canonical", url),
        hosts=_hosts(soup, url),
        noindex=any(name == "robots" and "noindex" in content.lower() for name, content in named),
    )


def one_line(text: str) -> str:
    """A text from outside as one short line of printable characters."""
    printable = "".join(c if c.isprintable() else " " for c in text[: _TEXT_MAX * 10])
    line = " ".join(printable.split())
    return line if len(line) <= _TEXT_MAX else line[: _TEXT_MAX - 1] + "…"


def host_of(url: str) -> str:
    """The host of a URL with its port, in lower case; '' if it has none that could be one."""
    try:
        netloc = urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""
    return netloc if len(netloc) <= 253 and _HOST.fullmatch(netloc) else ""


def parsed(data: bytes, encoding: str | None) -> BeautifulSoup | None:
    """A page as a tree; None if it is nothing that a parser takes. `encoding`: what its header
    says."""
    try:
        with warnings.catch_warnings():
            # It warns of XML and of what looks like a file name: the CMS's affair, not ours.
            warnings.simplefilter("ignore")
            return BeautifulSoup(data, "lxml", from_encoding=encoding)
    except (ParserRejectedMarkup, LookupError, RecursionError, ValueError):
        return None


def _value(tag: Tag, name: str) -> str:
    value = tag.get(name)
    return one_line(value) if isinstance(value, str) else ""


def _words(tag: Tag, name: str) -> list[str]:
    value = tag.get(name)
    return [str(word).lower() for word in value] if isinstance(value, list) else []


def _url(tag: Tag, name: str, base: str) -> str:
    """An attribute as a whole web address; '' if it is none."""
    value = tag.get(name)
    if not isinstance(value, str) or len(value) > 2048:
        return ""
    try:
        url = urljoin(base, value.strip())
    except ValueError:
        return ""
    is_web = url.isprintable() and " " not in url and url.startswith(("http://", "https://"))
    return url if is_web else ""


def _first(links: list[Tag], relation: str, base: str) -> str:
    found = (_url(tag, "href", base) for tag in links if relation in _words(tag, "rel"))
    return next(filter(None, found), "")


def _hosts(soup: BeautifulSoup, base: str) -> dict[str, int]:
    """The hosts of what the page loads, with how often; those of most files first."""
    counts: dict[str, int] = {}
    for tag in soup.find_all(("img", "script", "link", "source", "video", "audio"), limit=5000):
        if tag.name == "link" and not {"stylesheet", "icon", "preload"} & set(_words(tag, "rel")):
            continue
        host = host_of(_url(tag, "href" if tag.name == "link" else "src", base))
        if host and (host in counts or len(counts) < _COUNT_MAX):
            counts[host] = counts.get(host, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))
