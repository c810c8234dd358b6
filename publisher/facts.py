"""What the gates have to know of a site and of a release, from what was learnt. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from urllib.parse import unquote, urlsplit

from publisher.addresses import Addresses, SiteUrls
from publisher.gates import BrokenLink, Failed, ObjectPage
from publisher.inspection import SiteFacts
from publisher.inventory import Inventory
from publisher.layer import Answers, Row
from publisher.outcome import Captured
from publisher.rewrite.depends import is_listed


def site_facts(
    public: str, emails: tuple[str, ...], inventory: Inventory, urls: SiteUrls
) -> SiteFacts:
    """What the inspection of pages has to know."""
    ids = frozenset(item.id for item in inventory.items)
    return SiteFacts(
        public=public,
        cms_hosts=urls.hosts,
        logins=frozenset(_logins(inventory)),
        emails=emails,
        public_ids=ids if inventory.kind == "wordpress" else None,
    )


def _logins(inventory: Inventory) -> Iterator[str]:
    for author in inventory.authors:
        # Where paths name pages, an author's link ends in the log-in name.
        end = unquote(urlsplit(author.link).path).rstrip("/").rpartition("/")[2]
        yield from (name for name in (author.slug, end) if name and not name.isdecimal())


def lists_objects(inventory: Inventory) -> bool:
    """Whether the CMS lists anything with a page of its own, or is none that lists."""
    is_lister = inventory.kind == "wordpress"
    return not is_lister or any(item.kind != "attachment" for item in inventory.items)


def failed(said: Answers) -> Iterator[Failed]:
    """The paths about which there was no answer, and why."""
    return (Failed(str(path), f"{one.error} ({one.url})") for path, one in said.failed.items())


def broken(said: Answers, kept: Iterable[str]) -> Iterator[BrokenLink]:
    """Links to what has failed and is not on the live site either: staging may have it."""
    there = frozenset(kept)
    for path, outcome in said.failed.items():
        if path not in there and outcome.seen_on.startswith("/"):
            yield BrokenLink(str(path), outcome.seen_on, outcome.error)


def object_pages(
    rows: Iterable[Row], addresses: Addresses, ids: frozenset[int]
) -> Iterator[ObjectPage]:
    """Which page, list or feed shows which of these objects of the CMS: lists that were asked for
    before one of them was withdrawn have it still, while its own page is gone."""
    tokens = {f"post:{number}": number for number in ids}
    for row in rows:
        own = _object(row.url, addresses) if row.entry.is_page and row.url else None
        shown = {tokens[token] for token in row.depends if token in tokens}
        for number in sorted(shown | ({own} & ids if own is not None else set())):
            yield ObjectPage(str(row.path), number)


def _object(url: str, addresses: Addresses) -> int | None:
    address = addresses.locate(url)
    view = address.view if address else None
    if view is None or view.kind not in ("post", "page", "item"):
        return None
    return int(view.id.rpartition(":")[2])


def edited(inventory: Inventory, since: datetime | None, addresses: Addresses) -> frozenset[str]:
    """The paths of pages that were worked on since then."""
    if since is None:
        return frozenset()
    earliest = since.strftime("%Y-%m-%dT%H:%M:%S")
    found = (addresses.locate(item.link) for item in inventory.items if item.modified >= earliest)
    return frozenset(str(address.path) for address in found if address and address.path)


class TakenDown:
    """Paths that the CMS itself reports as gone: it answers 404 or 410, redirects to another
    place of the site, or lists their object no more. 404 for an object that it still lists is no
    such report: its rules for addresses are broken, or the web server's are. Looks at where the
    live site came from only if it is asked."""

    def __init__(
        self,
        said: Answers,
        captured: Callable[[], Iterable[tuple[str, Captured]]],
        addresses: Addresses,
    ) -> None:
        self._gone = said.gone
        self._moved = {one.path for one in said.moved if one.target.startswith("/")}
        self._captured = captured
        self._addresses = addresses
        self._paths: set[str] | None = None

    def __contains__(self, path: object) -> bool:
        if self._paths is None:
            listed = {path: self._is_listed(row) for path, row in self._captured()}
            unlisted = {path for path, is_listed in listed.items() if is_listed is False}
            gone = {path for path in self._gone if not listed.get(path)}
            self._paths = unlisted | gone | self._moved
        return path in self._paths

    def _is_listed(self, row: Captured) -> bool | None:
        """Whether the CMS lists what a path showed; None if no list has such a thing, as with
        further pages of what is listed."""
        found = is_listed(row.shows, self._addresses.views)
        if not found:
            return found
        address = self._addresses.locate(row.url)
        if address and address.path is None:  # the configuration takes it out
            return False
        return True if address and address.view and address.view.is_first else None
