"""What a page can be seen to be made from. Pure.

An incremental export asks again for the pages that depend on what has changed. A token names one
thing: `post:12` (an object of any type but a file's: their ids are one sequence), `media:50`,
`term:category:5`, `author:3`, `menu-item:77`, `date:2009`. A file is none: a page names its
address, and is the same whatever the file holds.
"""

from __future__ import annotations

import re

from publisher.addresses import Address, Addresses
from publisher.views import Views

# Ids in classes as WordPress prints them (`get_post_class`, `get_body_class`, `wp_nav_menu`,
# `wp_list_categories`, `wp_list_pages`, images of the block editor).
_CLASS = re.compile(
    r"(?<![\w-])(post|postid|page-id|page-item|attachmentid|wp-image|menu-item|cat-item|category|"
    r"tag|term|author)-(\d{1,10})(?![\w-])"
)
_KINDS = {
    "post": "post", "postid": "post", "page-id": "post", "page-item": "post",
    "wp-image": "media", "attachmentid": "media", "menu-item": "menu-item", "author": "author",
}  # fmt: skip


def of_classes(written: str, addresses: Addresses) -> tuple[str, ...]:
    """The tokens that a `class` attribute stands for."""
    tokens: list[str] = []
    for name, number in _CLASS.findall(written):
        if name in _KINDS:
            tokens.append(f"{_KINDS[name]}:{int(number)}")
        else:
            tokens += _terms(int(number), addresses)
    return tuple(tokens)


def of_address(address: Address | None) -> str:
    """The token of an address that a page names; '' if that is no object of the CMS, or if the
    public may not have it."""
    view = address.view if address else None
    if address is None or view is None or address.path is None:
        return ""
    match view.kind:
        case "post" | "page":
            return f"post:{view.id}"
        case "item":
            return f"post:{view.id.rpartition(':')[2]}"
        case "attachment":
            return f"media:{view.id}"
        case "term" | "author" | "date" | "archive":
            return f"{view.kind}:{view.id}"
        case "home":
            return "home"
        case _:
            return ""


def is_listed(token: str, views: Views) -> bool | None:
    """Whether the CMS lists what a token names, for everybody; None if no list has such things."""
    kind, _, key = token.partition(":")
    match kind:
        case "post" | "media":
            item = views.items.get(int(key))
            return item is not None and not item.protected
        case "term":
            taxonomy, _, number = key.partition(":")
            return number.isdecimal() and (taxonomy, int(number)) in views.terms
        case "author":
            return key in views.authors
        case "date":
            return None if key in views.dates else False
        case _:
            return None


def _terms(number: int, addresses: Addresses) -> list[str]:
    """WordPress numbers the terms of all taxonomies in one sequence; the class names none."""
    terms = addresses.views.terms
    taxonomies = sorted({taxonomy for taxonomy, _ in terms}) or ["category"]
    known = [taxonomy for taxonomy in taxonomies if (taxonomy, number) in terms]
    return [f"term:{taxonomy}:{number}" for taxonomy in known]
