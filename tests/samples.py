"""A small CMS in two permalink forms, and rewriters of its pages, for the pure modules' tests."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from publisher.addresses import Addresses, SiteUrls
from publisher.inventory import Author, Inventory, Item, Term
from publisher.rewrite.document import Rewriter
from publisher.rewrite.text import Hosts
from publisher.routes import Routes
from publisher.social import Social

PUBLIC = "https://www.example.co.jp"
HOME = "http://127.0.0.1:8181"


def inventory(permalinks: str = "", home: str = HOME) -> Inventory:
    """What the sample CMS lists. `permalinks`: '' for plain ones, else a structure such as
    `/%year%/%monthnum%/%postname%/`."""

    def post(number: int, slug: str, date: str, **more: Any) -> Item:
        values = {"%post_id%": number, "%postname%": quote(slug), "%year%": date[:4],
                  "%monthnum%": date[5:7]}  # fmt: skip
        path = permalinks
        for name, value in values.items():
            path = path.replace(name, str(value))
        link = home + (path or f"/?p={number}")
        return Item(kind="post", id=number, link=link, slug=slug, date=date, author=1, **more)

    def page(number: int, slug: str, path: str, parent: int = 0) -> Item:
        link = home + (f"/{quote(path)}/" if permalinks else f"/?page_id={number}")
        return Item(kind="page", id=number, link=link, slug=slug, parent=parent)

    def term(taxonomy: str, number: int, slug: str, path: str, plain: str, parent: int = 0) -> Term:
        link = home + (f"/{quote(path)}/" if permalinks else f"/?{plain}")
        return Term(taxonomy=taxonomy, id=number, link=link, slug=slug, parent=parent)

    uploads = f"{home}/wp-content/uploads/2020/01"
    return Inventory(
        home=home,
        pretty=bool(permalinks),
        date_base=f"{home}/2009/" if permalinks else "",
        items=(
            post(12, "first", "2009-04-01T10:00:00"),
            post(1632, "お知らせ", "2020-01-02T10:00:00"),
            post(1700, "locked", "2021-05-06T10:00:00", protected=True),
            page(2, "company", "company"),
            page(3, "access", "company/access", parent=2),
            page(4, "会社概要", "会社概要"),
            Item(kind="attachment", id=50, link=f"{home}/?attachment_id=50", slug="logo",
                 file=f"{uploads}/logo.png", files=(f"{uploads}/logo-300x200.png",)),
            Item(kind="book", id=90, link=f"{home}/?book=red", slug="red"),
        ),
        terms=(
            term("category", 1, "news", "category/news", "cat=1"),
            term("category", 5, "tokyo", "category/news/tokyo", "cat=5", parent=1),
            term("post_tag", 7, "wine", "tag/wine", "tag=wine"),
            term("genre", 8, "crime", "genre/crime", "genre=crime"),
        ),
        authors=(Author(id=1, link=home + ("/author/alice/" if permalinks else "/?author=1")),),
    )  # fmt: skip


def addresses(
    permalinks: str = "",
    *,
    home: str = HOME,
    reached_at: str = "",
    public: str = PUBLIC,
    cutover: str = "",
    routes: Routes | None = None,
    social: Social | None = None,
) -> Addresses:
    """The addresses of the sample CMS. `reached_at`: where it is connected to, if elsewhere."""
    urls = SiteUrls(public, (home, reached_at or home))
    return Addresses(
        inventory(permalinks, home), routes or Routes(), urls, social or Social(cutover)
    )


def hosts(of: Addresses) -> Hosts:
    """The hosts of that CMS."""
    return Hosts(of.urls.hosts, of.urls.public)


def html(text: str, of: Addresses | None = None, base: str = f"{HOME}/?p=12") -> str:
    """A page as the public gets it."""
    of = of or addresses()
    address = of.locate(base)
    assert address is not None
    body = text.encode("utf-8", "surrogateescape")
    document = Rewriter(of).rewrite(body, "text/html; charset=UTF-8", address)
    return document.body.decode("utf-8", "surrogateescape")


def with_items(of: Inventory, *items: Item) -> Inventory:
    """The inventory with more items."""
    return msgspec.structs.replace(of, items=(*of.items, *items))
