"""Every form in which a CMS ever named what it holds, and where each should lead. Pure.

Written from what WordPress accepts (`WP::parse_request`, `redirect_canonical`), and not from the
rules that are to be proved: a form that the rules lack must be found missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from publisher.addresses import Addresses
from publisher.inventory import Author, Item, Term
from publisher.paths import SitePath
from publisher.views import View

# A hierarchy deeper than this is a loop in the CMS's data.
_DEPTH_MAX = 20


class Form(NamedTuple):
    """An address of something that the CMS holds: path and query from the root, percent-encoded.

    `expected`: the decoded path where it should end. None: nobody should get it, since the CMS
    asks for a password. `object`: what it names, for people (`post 12`). `number`: the object's id
    where its page is to name it, else 0.
    """

    url: str
    expected: SitePath | None
    object: str
    number: int = 0


def forms(addresses: Addresses, has_file: Callable[[str], bool]) -> Iterator[Form]:
    """All of them. `has_file`: whether the release has something at a decoded path; what is
    expected of a further part of an object (a feed, an archive of a date) is only expected if it
    is there, since an export has those that a page links to."""
    inventory = addresses.views.inventory
    if inventory.kind != "wordpress":
        return  # its paths are what they were, and its queries have no meaning that is known
    for item in inventory.items:
        yield from _of_item(item, addresses, has_file)
    for term in inventory.terms:
        yield from _of_term(term, addresses, has_file)
    for author in inventory.authors:
        yield from _of_author(author, addresses, has_file)
    yield from _of_dates(addresses, has_file)


def ids_of(addresses: Addresses) -> set[int]:
    """The ids that the CMS lists: WordPress numbers posts, pages, files and its own types
    together."""
    return {item.id for item in addresses.views.inventory.items}


def _of_item(item: Item, addresses: Addresses, has_file: Callable[[str], bool]) -> Iterator[Form]:
    name = f"{item.kind} {item.id}"
    path = _path_of(item, addresses)
    number = item.id if item.kind in ("post", "page") else 0
    for variable in ("p", "page_id", "attachment_id"):
        yield Form(f"/?{variable}={item.id}", path, name, number)
    yield Form(f"/index.php?p={item.id}", path, name, number)
    yield Form(f"/?p=0{item.id}/", path, name, number)  # `(int)` of PHP
    yield Form(f"/?p={item.id}%E3%80%82", path, name, number)  # a full stop of Japanese text
    slug = quote(item.slug, safe="")
    if item.kind == "post" and slug:
        yield Form(f"/?name={slug}", path, name, number)
    elif item.kind == "page" and slug and (slugs := _page_slugs(item, addresses)):
        yield Form(f"/?pagename={slugs}", path, name, number)
    elif item.kind not in ("post", "page", "attachment") and slug:
        for variable in addresses.views.variables_of(item.kind):
            yield Form(f"/?{variable}={slug}", path, name)
        yield Form(f"/?post_type={quote(item.kind)}&p={item.id}", path, name)
    yield from _links(item.link, addresses, name, number, path)
    feed = _part(addresses, item.link, "feed=rss2") if path and number else None
    if feed and has_file(feed):
        yield Form(f"/?feed=rss2&p={item.id}", feed, f"comment feed of {name}")


def _path_of(item: Item, addresses: Addresses) -> SitePath | None:
    address = addresses.locate(item.link)
    if item.kind == "attachment" and not addresses.router.has_attachment_pages:
        address = addresses.locate(item.file)
    return address.path if address and not item.protected else None


def _of_term(term: Term, addresses: Addresses, has_file: Callable[[str], bool]) -> Iterator[Form]:
    address = addresses.locate(term.link)
    if address is None or address.path is None or not has_file(address.path):
        # One without posts is a page of WordPress, but no page links to it.
        return
    path, name = address.path, f"{term.taxonomy} {term.id}"
    slug = quote(term.slug, safe="")
    if term.taxonomy == "category":
        yield Form(f"/?cat={term.id}", path, name)
        yield Form(f"/?category_name={slug}", path, name)
    elif term.taxonomy == "post_tag":
        yield Form(f"/?tag={slug}", path, name)
        yield Form(f"/?tag_id={term.id}", path, name)
    elif term.taxonomy != "post_format":
        yield Form(f"/?taxonomy={quote(term.taxonomy)}&term={slug}", path, name)
    yield from _links(term.link, addresses, name, 0, path)


def _of_author(
    author: Author, addresses: Addresses, has_file: Callable[[str], bool]
) -> Iterator[Form]:
    # By number only: the name in the link of an author is a log-in name.
    address = addresses.locate(author.link)
    if address and address.path and has_file(address.path):
        yield Form(f"/?author={author.id}", address.path, f"author {author.id}")


def _of_dates(addresses: Addresses, has_file: Callable[[str], bool]) -> Iterator[Form]:
    days = {item.date[:10] for item in addresses.views.inventory.items if item.kind == "post"}
    dates = {part for day in days for part in (day[:4], day[:7], day)}
    for date in sorted(dates):
        digits = date.replace("-", "")
        if not digits.isdecimal() or len(digits) not in (4, 6, 8):
            continue
        path = addresses.router.path(View("date", digits))
        if not has_file(path):
            continue
        yield Form(f"/?m={digits}", path, f"archive of {date}")
        names = zip(("year", "monthnum", "day"), date.split("-"), strict=False)
        query = "&".join(f"{name}={int(value)}" for name, value in names)
        yield Form(f"/?{query}", path, f"archive of {date}")


def _links(
    link: str, addresses: Addresses, name: str, number: int, path: SitePath | None
) -> Iterator[Form]:
    """The CMS's own link, with and without a slash at its end."""
    parts = urlsplit(link)
    base = urlsplit(addresses.views.inventory.home).path.rstrip("/")
    if parts.query or not parts.path.startswith(base):
        return
    own = parts.path.removeprefix(base) or "/"
    if own == "/" or own.endswith((".html", ".htm")):
        yield Form(own, path, name, number)
        return
    stem = own.rstrip("/")
    for form in (stem, f"{stem}/"):
        is_file = "." in stem.rpartition("/")[2] and form.endswith("/")
        if not is_file:
            yield Form(form, path, name, number)


def _part(addresses: Addresses, link: str, query: str) -> SitePath | None:
    address = addresses.locate(f"{link}{'&' if '?' in link else '?'}{query}")
    return address.path if address else None


def _page_slugs(item: Item, addresses: Addresses) -> str:
    """The slugs of a page's parents and its own; '' if a parent is not listed."""
    slugs: list[str] = []
    here: Item | None = item
    while here is not None and len(slugs) < _DEPTH_MAX:
        slugs.append(quote(here.slug, safe=""))
        if not here.parent:
            return "/".join(reversed(slugs))
        here = addresses.views.items.get(here.parent)
    return ""
