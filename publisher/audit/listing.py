"""Lists of old addresses as search engines and counters of links export them. Pure.

The columns are known by their names, whatever their order, in English and in Japanese.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from publisher.audit.counts import count_of
from publisher.audit.locating import host_name
from publisher.audit.report import Measures, Source
from publisher.errors import PublisherError

LINES_MAX = 1_000_000
"""So many lines of one list are read; one with more is refused."""
LINKS_MAX = 1_000_000
"""So many links from different domains are told apart in one list."""

# Google Search Console: "Performance" (Pages.csv) and "Top target pages"; Bing Webmaster Tools;
# backlinks of Ahrefs, Majestic, Semrush; pages of Ahrefs ("Best by links"), Moz and Semrush;
# `redirects build`; Screaming Frog.
_TARGETS = (
    "targeturl targetpage urlto "
    "ターゲットurl ターゲットページ リンク先url リンク先ページ 対象ページ"
).split()
_PAGES = "from toppages page pages pageurl url urls address oldurl 上位のページ ページ".split()
_REFERRERS = (
    "sourceurl referringpageurl referringpage urlfrom linkingpage sourcepage referringdomain "
    "リンク元url リンク元ページ 参照ページurl"
).split()
_CLICKS = "clicks totalclicks クリック数 合計クリック数".split()
_DOMAINS = (
    "linkingsites referringdomains refdomains linkingdomains linkingdomainstopage domains "
    "リンク元サイト リンク元サイト数 リンク元ドメイン リンク元ドメイン数 "
    "参照ドメイン 参照ドメイン数"
).split()
_HITS = ("hits", "requests")

_FILLERS = re.compile(r"[\s_.\-\u200b\ufeff]+")
_LOOKS_LIKE_AN_ADDRESS = re.compile(r"(?:https?:)?/|[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:[/?#]|$)", re.I)
_BARE = re.compile(r"\A(?:https?:)?//(?:www\.)?|#.*", re.IGNORECASE | re.DOTALL)
_AFTER_HOST = re.compile(r"[/\\?#].*", re.DOTALL)


class Listed(NamedTuple):
    """An address as a list has it, what kind of list it is, and what the address is worth."""

    url: str
    source: Source
    measures: Measures


class Columns(NamedTuple):
    """Which columns have what, counted from 0; None for none."""

    url: int
    source: Source
    referrer: int | None = None
    clicks: int | None = None
    domains: int | None = None
    hits: int | None = None


Doubt = Callable[[int, str], None]
"""Is told the number of a line, and what stands there in place of a count."""


def listed(
    lines: Iterable[str], name: str, doubt: Doubt = lambda _line, _text: None
) -> Iterator[Listed]:
    """What a list says, line by line; `name` is its own, for errors. What is no count is told to
    `doubt`, and is 0. A table has a line with the
    names of its columns first; a list without one has an address on each line. Links, one on each
    line, are counted by the domain that they come from, `www.` left out, and come at the end.

    Raises PublisherError for a table without a column of addresses, and for lists without end.
    """
    rest = _Bounded(lines, name)
    first = next((line for line in rest if line.strip() and not line.startswith("#")), None)
    if first is None:
        return
    for separator in "\t,;":
        if columns := columns_of(_cells(first, separator)):
            yield from _of_table(_rows(rest, separator), columns, rest, doubt)
            return
    if not _LOOKS_LIKE_AN_ADDRESS.match(first.strip()):
        raise _no_addresses(first, name)
    for line in chain((first,), rest):
        url = line.partition("\t")[0].strip()
        if url and not url.startswith("#"):
            yield Listed(url, "list", Measures())


def columns_of(names: Sequence[str]) -> Columns | None:
    """What the columns of a table with these names have; None if none has addresses."""
    known = {_plain(name): place for place, name in reversed(list(enumerate(names)))}

    def first(wanted: Iterable[str]) -> int | None:
        return next((known[name] for name in wanted if name in known), None)

    clicks, domains, referrer = first(_CLICKS), first(_DOMAINS), first(_REFERRERS)
    url = first(_TARGETS)
    if url is None:
        url, referrer = first(_PAGES), None
    if url is None and domains is not None:
        url = first(_REFERRERS)  # Semrush's list of a site's pages calls them the source
    if url is None:
        return None
    if clicks is not None:
        return Columns(url, "search", clicks=clicks)
    if referrer is not None:  # the other numbers are then about the page that links
        return Columns(url, "backlinks", referrer=referrer)
    if domains is not None:
        return Columns(url, "backlinks", domains=domains)
    is_rule = {"from", "to"} <= known.keys()
    return Columns(url, "rule" if is_rule else "list", hits=first(_HITS))


def _rows(lines: _Bounded, separator: str) -> Iterator[list[str]]:
    """The rows of a table. Raises PublisherError where a quotation mark is not closed: what follows
    it would be one cell, and its addresses would be missing unsaid."""
    lines.is_held = True
    for row in csv.reader(lines, delimiter=separator):
        if len(lines.held) > 1:
            try:
                list(csv.reader(lines.held, delimiter=separator, strict=True))
            except csv.Error:
                place = f"{lines.name}:{lines.number - len(lines.held) + 1}"
                message = f"{place}: a quotation mark is not closed, or stands in the midst of text"
                raise PublisherError(message, "Mend that line.") from None
        lines.held.clear()
        yield row


def _of_table(
    rows: Iterator[list[str]], columns: Columns, lines: _Bounded, doubt: Doubt
) -> Iterator[Listed]:
    linking: dict[str, tuple[str, set[str]]] = {}
    links = 0
    try:
        for row in rows:
            url = _cell(row, columns.url)
            if not url or url.startswith("#"):
                continue
            if columns.referrer is None:
                measures = _measures(row, columns, lambda text: doubt(lines.number, text))
                yield Listed(url, columns.source, measures)
                continue
            # `http://` and `https://`, with `www.` and without, are one page.
            _, domains = linking.setdefault(_BARE.sub("", url), (url, set()))
            links -= len(domains)
            domains.add(_domain(_cell(row, columns.referrer)))
            links += len(domains)
            if links > LINKS_MAX:
                advice = "Export the pages that are linked to, with the number of domains of each."
                raise PublisherError(f"{lines.name} has more than {LINKS_MAX:,} links", advice)
    except csv.Error as error:
        raise PublisherError(f"{lines.name} is no table: {error}") from None
    for url, domains in linking.values():
        yield Listed(url, columns.source, Measures(domains=len(domains - {""})))


def _measures(row: Sequence[str], columns: Columns, doubt: Callable[[str], None]) -> Measures:
    def count(place: int | None) -> int:
        text = _cell(row, place)
        found = count_of(text)
        if found is None:
            doubt(text)
        return found or 0

    return Measures(count(columns.hits), count(columns.clicks), count(columns.domains))


def _cell(row: Sequence[str], place: int | None) -> str:
    return row[place].strip() if place is not None and place < len(row) else ""


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _plain(name: str) -> str:
    """A column's name without what exports write differently."""
    return _FILLERS.sub("", unicodedata.normalize("NFKC", name).lower())


def _domain(url: str) -> str:
    """The domain of a page that links, `www.` left out; '' for none."""
    return host_name(_AFTER_HOST.sub("", _BARE.sub("", url))).removeprefix("www.")


class _Bounded:
    """The lines of a list, as long as they have an end. `number`: of the last that was read;
    `held`: those that were read since somebody let go of them, if they are held."""

    def __init__(self, lines: Iterable[str], name: str) -> None:
        self.name = name
        self.number = 0
        self.is_held = False
        self.held: list[str] = []
        self._lines = iter(lines)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if self.number == LINES_MAX:
            raise PublisherError(f"{self.name} has more than {LINES_MAX:,} lines", "Divide it.")
        self.number += 1
        if self.is_held:
            self.held.append(line)
        return line


def _no_addresses(first: str, name: str) -> PublisherError:
    separator = max("\t,;", key=first.count)
    names = [_shown(cell) for cell in _cells(first, separator)[:20]]
    return PublisherError(
        f"{name} has no column of addresses that is known here; its columns: {', '.join(names)}",
        "Name the column of old addresses 'url', or give a plain list, one address a line.",
    )


def _shown(text: str) -> str:
    return repr("".join(one for one in text.strip()[:40] if one.isprintable()))
