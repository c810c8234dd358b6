"""What to ask a CMS for before any page has been read: its own lists, and usual places. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from publisher.inventory import Inventory


def listed(inventory: Inventory) -> Iterator[str]:
    """The URLs of everything that the inventory names, files first: their names are as the
    file system has them, while links may be in another Unicode form."""
    for item in inventory.items:
        yield from filter(None, (item.file, *item.files))
    yield f"{inventory.home}/"
    for item in inventory.items:
        if item.kind != "attachment":
            yield item.link
    for term in inventory.terms:
        yield term.link
    for author in inventory.authors:
        yield author.link
    yield from _archives(inventory)


def usual(inventory: Inventory) -> Iterator[str]:
    """What a site usually has, whether or not anything links to it."""
    home = inventory.home
    if inventory.pretty:
        yield from (f"{home}/feed/", f"{home}/wp-sitemap.xml", f"{home}/robots.txt")
    else:
        yield from (f"{home}/?feed=rss2", f"{home}/?sitemap=index", f"{home}/?robots=1")
    yield f"{home}/favicon.ico"


def included(inventory: Inventory, paths: Iterable[str]) -> Iterator[str]:
    """The URLs that the configuration adds: paths below the CMS's base."""
    for path in paths:
        yield inventory.home + path


def not_found_url(inventory: Inventory) -> str:
    """A URL at which the CMS surely has nothing: its answer is the theme's page for that. An id
    answers 404 in every permalink form, while with plain ones unknown paths are the home page."""
    unknown = "?p=2147483647" if inventory.kind == "wordpress" else "this-page-does-not-exist"
    return f"{inventory.home}/{unknown}"


def _archives(inventory: Inventory) -> Iterator[str]:
    posts = [item for item in inventory.items if item.kind == "post"]
    for name in sorted({item.format for item in posts} - {"", "standard"}):
        yield f"{inventory.home}/?post_format={name}"
    days = {item.date[:10] for item in posts if item.date}
    dates = sorted({day[:length] for day in days for length in (4, 7, 10)})
    for date in dates:
        if inventory.date_base:
            # The link of a year tells where archives are and whether they end in a slash.
            base = inventory.date_base.rstrip("/")[:-4]
            slash = "/" if inventory.date_base.endswith("/") else ""
            yield f"{base}{date.replace('-', '/')}{slash}"
        else:
            yield f"{inventory.home}/?m={date.replace('-', '')}"
