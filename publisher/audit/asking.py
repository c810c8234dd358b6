"""What the CMS itself makes of addresses that nothing answers. Pure, but for the questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from publisher.addresses import Addresses
from publisher.audit.forms import ids_of
from publisher.cms.port import Cms
from publisher.log_search import Found, Known, essence, search

ASKED_MAX = 2_000
"""So many lost addresses are asked of the CMS, those first that are worth most."""

IDS_MAX = 500
"""So many ids that the CMS does not list are asked, evenly spread over all of them."""

# What `log_search` says of an answer that has a page in it.
_ANSWERS = "the CMS answers 200"


class Answers(NamedTuple):
    """By the essence of an address (`log_search.essence`): where the CMS leads it, or why it leads
    nowhere. `answered` are those of the latter for which it nevertheless has a page."""

    found: dict[str, Found]
    reasons: dict[str, str]
    answered: frozenset[str]


NOT_ASKED = Answers({}, {}, frozenset())


def ask(
    urls: Iterable[tuple[str, int]],
    known: Known,
    cms: Cms,
    progress: Callable[[int, int], None],
) -> Answers:
    """Ask the CMS for addresses (path and query) that nothing answers, each with what it is worth.
    Raises CmsError."""
    done = search(Counter(dict(urls)), known, cms, progress)
    reasons = {one.source: one.reason for one in done.unexplained}
    answered = frozenset(url for url, reason in reasons.items() if reason.startswith(_ANSWERS))
    return Answers({one.url: one for one in done.found}, reasons, answered)


def unlisted(addresses: Addresses, most: int = IDS_MAX) -> tuple[list[str], int]:
    """The addresses of ids up to the largest that the CMS does not list: drafts, revisions, menus,
    what was deleted, and what it should list. At most so many of them; and how many there are."""
    ids = ids_of(addresses)
    missing = [number for number in range(1, max(ids, default=0) + 1) if number not in ids]
    step = max(1, -(-len(missing) // most))
    return [essence(f"/?p={number}") for number in missing[::step]], len(missing)
