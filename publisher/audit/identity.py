"""Whether networks go on counting the shares of old posts: what they get at the address by which
they know one, and what its page says. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from publisher.addresses import Addresses
from publisher.audit.judging import Way
from publisher.audit.pages import PageFacts
from publisher.audit.report import Finding, Post, Severity
from publisher.identities import is_here
from publisher.paths import SitePath
from publisher.share_counts.book import Book, Counts, Entries, before_and_after, targets_of

# Facebook says that its numbers are not precise: less is no loss.
_KEPT_AT_LEAST = 0.9


class Known(NamedTuple):
    """A post from before the cut-over: its number, where its page is, and the address by which
    networks know it."""

    number: int
    path: SitePath
    known_by: str


def old_posts(addresses: Addresses, has_file: Callable[[str], bool]) -> Iterator[Known]:
    """The posts that are known by an old address, and are in the release."""
    for item in addresses.views.inventory.items:
        address = addresses.locate(item.link) if item.kind == "post" else None
        if address is None or address.path is None or address.view is None:
            continue
        if addresses.is_old(address.view) and address.view.is_first and has_file(address.path):
            yield Known(item.id, address.path, addresses.known_by(address))


def counts_of(
    book: Book, addresses: Addresses, networks: Mapping[str, Entries]
) -> Iterator[tuple[int, dict[str, Counts]]]:
    """By the number of each old post, how often it was shared, by network."""
    for target, counted in before_and_after(book, targets_of(addresses), networks):
        yield target.post, counted


def post(
    known: Known, way: Way, page: PageFacts, counts: Mapping[str, Counts], public: str
) -> Post:
    """What becomes of a post's identity. `way`: that of a preview crawler from `known_by`;
    `counts`: by network."""
    before = _sum(one.before for one in counts.values())
    after = _sum(one.after for one in counts.values())
    return Post(
        id=str(known.number),
        path=known.path.url,
        known_by=known.known_by,
        og_url=page.og_url,
        canonical=page.canonical,
        crawler_status=way.statuses[0] if is_here(known.known_by, public) else 0,
        before=before,
        after=after,
        findings=(*_served(known, way, page, public), *_dropped(counts)),
    )


def _served(known: Known, way: Way, page: PageFacts, public: str) -> Iterator[Finding]:
    if page.og_url != known.known_by:
        # Without one, Facebook counts by the address that it asked for.
        severity: Severity = "critical" if page.og_url else "note"
        values = {"found": page.og_url, "expected": known.known_by}
        yield Finding("social-address", severity, values)
    if not is_here(known.known_by, public):
        yield Finding("social-not-served", "warning", {"status": "another host"})
        return
    first = way.statuses[0]
    if first == 200 and way.path == known.path:
        return
    if way.path == known.path and page.og_url == known.known_by:
        # Sent on to a page that sends it back.
        yield Finding("social-circle", "critical", {"og_url": page.og_url})
    else:
        yield Finding("social-not-served", "critical", {"status": str(first)})


def _dropped(counts: Mapping[str, Counts]) -> Iterator[Finding]:
    for network, (before, after) in counts.items():
        if before is not None and after is not None and after < before * _KEPT_AT_LEAST:
            values = {"network": network, "before": str(before), "after": str(after)}
            yield Finding("counts-dropped", "warning", values)


def _sum(found: Iterable[int | None]) -> int | None:
    known = [one for one in found if one is not None]
    return sum(known) if known else None
