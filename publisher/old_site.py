"""Asks the old, public site what each of its posts says in `og:url`.

It is somebody's live site, and perhaps not ours: few requests at once, each with an end in time
and size, none to another host, and nothing asked twice.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from publisher.addresses import Addresses
from publisher.cms.http import CmsHttp, Limits
from publisher.cms.port import Capture
from publisher.content_types import bare
from publisher.errors import CmsError, PublisherError
from publisher.identities import is_here
from publisher.identity_file import Row
from publisher.old_page import old_page
from redirects.targets import SENT_AS_IT_IS

CONNECTIONS = 4
LIMITS = Limits(
    silence_s=30, total_s=60, body_bytes=8 * 1024 * 1024, held_bytes=64 * 1024 * 1024
)  # fmt: skip
_HOPS_MAX = 5
# So many answers may be lost when the program is killed.
_UNSAVED_MAX = 50
_HTML = ("text/html", "application/xhtml+xml")

Progress = Callable[[int, int], None]
Save = Callable[[dict[int, Row]], None]


class Wanted(NamedTuple):
    """An address of the old site to ask for. `post`: the number of the post that is there, 0 if
    the page has to tell."""

    url: str
    post: int


@dataclass(slots=True)
class Report:
    """What the old site said, as lines to read; each begins with the address that was asked for.

    `known`: posts that were captured before. `differ`: `og:url` is not what the rule says.
    `silent`: a page without one. `redirected`: the old address leads on. `missing`: 404 or 410.
    `other`: the page is not that of the post, or says what another one says. `failed`: no answer
    to be relied on.
    """

    asked: int = 0
    known: int = 0
    found: int = 0
    differ: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    redirected: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def posts_of(addresses: Addresses) -> dict[int, str]:
    """The old posts that the public may see, by number, each with what `og:url` is by rule."""
    found: dict[int, str] = {}
    for item in addresses.views.inventory.items:
        address = addresses.locate(item.link) if item.kind == "post" else None
        is_public = address is not None and address.path is not None and address.view is not None
        if address and address.view and is_public and addresses.is_old(address.view):
            found[item.id] = addresses.by_rule(item)
    return found


def addresses_of(
    posts: Mapping[int, str], site: str, addresses: Addresses, listed: Iterable[str] | None = None
) -> Iterator[Wanted]:
    """What to ask the old site for: the listed addresses, or each post's by rule."""
    if listed is None:
        for number, rule in posts.items():
            yield Wanted(_at(rule, site), number)
        return
    for url in listed:
        yield Wanted(url, _post_at(url, addresses))


def _post_at(url: str, addresses: Addresses) -> int:
    """The number of the post that the CMS has at this path and query; 0 if that names none."""
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    address = addresses.locate(f"{addresses.views.inventory.home}{parts.path}{query}")
    view = address.view if address else None
    return int(view.id) if view and view.kind == "post" and view.is_first else 0


def _at(rule: str, site: str) -> str:
    """The same path and query at the address where the old site is asked."""
    parts, there = urlsplit(rule), urlsplit(site)
    return parts._replace(scheme=there.scheme, netloc=there.netloc, fragment="").geturl()


class OldSite:
    """The old site at an address (`https://www.example.co.jp`, no slash at its end). `posts`: what
    `posts_of` gave."""

    def __init__(self, url: str, posts: Mapping[int, str]) -> None:
        self._url = url
        self._posts = posts

    def capture(
        self, wanted: Iterable[Wanted], rows: dict[int, Row], save: Save, progress: Progress
    ) -> Report:
        """Ask for what `rows` has not, add it there, and `save` them now and then, and at the end
        whatever happens. Raises PublisherError when the site stops answering."""
        report = Report()
        known_urls = {row.old_url for row in rows.values()}
        todo: list[Wanted] = []
        for one in wanted:
            if one.post in rows or (not one.post and one.url in known_urls):
                report.known += 1
            else:
                todo.append(one)
        taking = _Taking(self._posts, rows, report)
        unsaved = 0
        save(rows)  # what can't be written is not asked for
        try:
            for one, capture in self._answers(todo, report, progress):
                unsaved += taking.take(one, capture)
                if unsaved >= _UNSAVED_MAX:
                    save(rows)
                    unsaved = 0
        except CmsError as error:
            raise PublisherError(
                f"{self._url} has stopped answering{str(error).partition(':')[1]}"
                f"{str(error).partition(':')[2]}",
                "Run it again later: what was captured is kept, and only the rest is asked for.",
            ) from error
        finally:
            save(rows)
        taking.compare()
        return report

    def _answers(
        self, todo: list[Wanted], report: Report, progress: Progress
    ) -> Iterator[tuple[Wanted, Capture]]:
        """The last answer for each address: redirects within the site are followed, and asked for
        once however many lead there."""
        asked: dict[str, list[Wanted]] = defaultdict(list)
        for one in todo:
            asked[quote(one.url, safe=SENT_AS_IT_IS)].append(one)
        for hop in range(_HOPS_MAX + 1):
            onward: dict[str, list[Wanted]] = defaultdict(list)
            for capture in _captures(tuple(asked)):
                report.asked += 1
                those = asked.pop(capture.url)
                progress(report.asked, report.asked + len(asked))
                target = capture.location if 300 <= capture.status < 400 else ""
                for one in those:
                    if target:
                        report.redirected.append(f"{one.url} leads to {target}")
                    if not target:
                        yield one, capture
                    elif hop < _HOPS_MAX and is_here(target, self._url):
                        onward[quote(target.partition("#")[0], safe=SENT_AS_IT_IS)].append(one)
            asked = onward


def _captures(urls: Collection[str]) -> Iterator[Capture]:
    """Each address once, host by host."""
    by_origin: dict[str, list[str]] = defaultdict(list)
    for url in urls:
        parts = urlsplit(url)
        by_origin[f"{parts.scheme}://{parts.netloc}"].append(url)
    for origin, those in by_origin.items():
        http = CmsHttp(origin, origin, connections=CONNECTIONS, limits=LIMITS)
        try:
            yield from filter(None, http.captures(deque(those)))
        finally:
            http.close()


class _Taking:
    """Takes answers into the rows, if they are to be believed."""

    def __init__(self, posts: Mapping[int, str], rows: dict[int, Row], report: Report) -> None:
        self._posts = posts
        self._rows = rows
        self._report = report
        self._by_og_url = {row.og_url: number for number, row in rows.items()}
        self._new: set[int] = set()

    def take(self, one: Wanted, capture: Capture) -> bool:
        """Whether the rows are others now."""
        report = self._report
        if capture.status in (404, 410):
            report.missing.append(f"{one.url} answers {capture.status}")
        elif capture.status != 200:
            report.failed.append(f"{one.url}: {capture.error or f'status {capture.status}'}")
        elif bare(capture.content_type) not in _HTML:
            report.other.append(f"{one.url} is no page")
        else:
            return self._take_page(one, capture)
        return False

    def _take_page(self, one: Wanted, capture: Capture) -> bool:
        report = self._report
        page = old_page(capture.body, capture.content_type)
        number = one.post or page.post
        if number not in self._posts or (page.post and page.post != number):
            shown = f"shows post {page.post}" if page.post else "shows none of the posts"
            report.other.append(f"{one.url} {shown}")
            return False
        if not page.og_url:
            report.silent.append(f"{one.url} has no og:url")
            return False
        other = self._by_og_url.setdefault(page.og_url, number)
        if other != number:
            # A page that answers for any address: what it says is true of none of them.
            report.other.append(f"{one.url} says the same as post {other}: {page.og_url}")
            if other in self._new:
                self._new.discard(other)
                report.found -= 1
                return self._rows.pop(other, None) is not None
            return False
        self._rows[number] = Row(one.url, page.og_url)
        self._new.add(number)
        report.found += 1
        return True

    def compare(self) -> None:
        """Name those of the new rows that are not what the rule says."""
        for number in sorted(self._new):
            row = self._rows[number]
            if row.og_url != self._posts[number]:
                self._report.differ.append(f"{row.old_url} says {row.og_url}")
