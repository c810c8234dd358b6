"""Which site path a view gets."""

from __future__ import annotations

import pytest

from publisher.inventory import Inventory, Item, Term
from publisher.paths import BadPath
from publisher.routes import Router, Routes
from publisher.views import View, Views
from tests.samples import HOME, inventory, with_items

DEFAULT = Router(Routes(), Views(inventory()))


@pytest.mark.parametrize(
    ("view", "path"),
    [
        (View("home"), "/"),
        (View("home", paged=2), "/page/2/"),
        (View("home", feed="rss2"), "/feed.xml"),
        (View("home", feed="atom"), "/feed-atom.xml"),
        (View("home", feed="comments-rss2"), "/comments/feed.xml"),
        (View("home", variant="query-1-page=2"), "/query-1-page-2/"),
        (View("post", "12"), "/blog/12.html"),
        (View("post", "12", page=2), "/blog/12/2.html"),
        (View("post", "12", cpage=3), "/blog/12/comment-page-3.html"),
        (View("post", "12", page=2, cpage=3), "/blog/12/2/comment-page-3.html"),
        (View("post", "12", feed="rss2"), "/blog/12/feed.xml"),
        (View("post", "12", embed=True), "/blog/12/embed.html"),
        (View("post", "12", variant="../x"), "/blog/12/x.html"),
        (View("post", "999"), "/blog/999.html"),
        (View("page", "2"), "/company/"),
        (View("page", "3"), "/company/access/"),
        (View("page", "3", page=2), "/company/access/2/"),
        (View("page", "4"), "/会社概要/"),
        (View("item", "book:90"), "/book/red/"),
        (View("archive", "book"), "/book/"),
        (View("term", "category:5"), "/category/news/tokyo/"),
        (View("term", "category:5", paged=2), "/category/news/tokyo/page/2/"),
        (View("term", "category:5", feed="rss2"), "/category/news/tokyo/feed.xml"),
        (View("term", "category:99"), "/category/99/"),
        (View("term", "post_tag:7"), "/tag/wine/"),
        (View("term", "post_tag:nope"), "/tag/nope/"),
        (View("term", "genre:8"), "/genre/crime/"),
        (View("term", "post_format:post-format-aside"), "/type/aside/"),
        (View("term", "post_format:aside"), "/type/aside/"),
        (View("author", "1", paged=2), "/author/1/page/2/"),
        (View("date", "2009"), "/2009/"),
        (View("date", "200904"), "/2009/04/"),
        (View("date", "20090401"), "/2009/04/01/"),
        (View("sitemap", "/wp-sitemap.xml"), "/wp-sitemap.xml"),
        (View("robots"), "/robots.txt"),
        (View("attachment", "50"), "/wp-content/uploads/2020/01/logo.png"),
        (View("file", "/a/b.css"), "/a/b.css"),
        (View("path", "/a/b"), "/a/b/"),
    ],
)
def test_the_default_routes(view: View, path: str) -> None:
    assert DEFAULT.path(view) == path


@pytest.mark.parametrize(
    ("routes", "view", "path"),
    [
        (Routes(post="/{yyyy}/{mm}/{dd}/{slug}/"), View("post", "12"), "/2009/04/01/first/"),
        (Routes(post="/news/{slug}.html"), View("post", "1632"), "/news/お知らせ.html"),
        (Routes(post="/news/{slug}/"), View("post", "12", page=2), "/news/first/2/"),
        (Routes(post="/news/{slug}/"), View("post", "999"), "/blog/999.html"),
        (Routes(page="/{path}.html"), View("page", "3"), "/company/access.html"),
        (Routes(page="/p/{id}/"), View("page", "3"), "/p/3/"),
        (Routes(category="/c/{slug}/"), View("term", "category:5"), "/c/tokyo/"),
        (Routes(tag="/t/{id}/"), View("term", "post_tag:7"), "/t/7/"),
        (Routes(author="/by/{id}/"), View("author", "1"), "/by/1/"),
        (Routes(attachment="/media/{slug}/"), View("attachment", "50"), "/media/logo/"),
        (
            Routes(attachment="/media/{id}/"),
            View("attachment", "50", cpage=2),
            "/media/50/comment-page-2/",
        ),
        (Routes(date="/archive/{yyyy}/{mm}/{dd}/"), View("date", "2009"), "/archive/2009/"),
        (Routes(date="/archive/{yyyy}/{mm}/{dd}/"), View("date", "200904"), "/archive/2009/04/"),
        (
            Routes(date="/a/{yyyy}/{mm}/{dd}/"),
            View("date", "20090401", paged=2),
            "/a/2009/04/01/page/2/",
        ),
        (
            Routes(types={"book": "/library/{slug}.html"}),
            View("item", "book:90"),
            "/library/red.html",
        ),
        (Routes(types={"book": "/{type}/{id}/"}), View("item", "book:90"), "/book/90/"),
        (Routes(types={"film": "/{type}/{id}/"}), View("item", "book:90"), "/book/red/"),
        (Routes(taxonomies={"genre": "/g/{slug}/"}), View("term", "genre:8"), "/g/crime/"),
        (Routes(taxonomies={"genre": "/{taxonomy}-{id}/"}), View("term", "genre:8"), "/genre-8/"),
        (
            Routes(taxonomies={"post_format": "/f/{slug}/"}),
            View("term", "post_format:post-format-aside"),
            "/f/aside/",
        ),
        (Routes(feed="index.rss"), View("home", feed="rss2"), "/index.rss"),
        (Routes(feed="index.rss"), View("home", feed="atom"), "/index-atom.rss"),
        (Routes(feed="index.rss"), View("home", feed="comments-rss2"), "/comments/index.rss"),
        (Routes(post="/{yyyy}/{id}/"), View("post", "999"), "/blog/999.html"),
        (Routes(post="/news/{slug}"), View("post", "12", page=2), "/news/first/2/"),
        (Routes(), View("query", "cat=1,5", paged=2), "/cat-1-5-e10f709e/page/2/"),
        (Routes(), View("query", "cat=5&tag=wine"), "/cat-5/tag-wine/"),
    ],
)
def test_routes_of_ones_own(routes: Routes, view: View, path: str) -> None:
    assert Router(routes, Views(inventory())).path(view) == path


@pytest.mark.parametrize("view", [View("attachment", "51"), View("term", "post_tag:.."),
                                  View("archive", "../x"), View("path", "/..")])  # fmt: skip
def test_what_can_have_no_path_is_refused(view: View) -> None:
    with pytest.raises(BadPath):
        DEFAULT.path(view)


def test_the_page_that_is_the_front_page_is_the_home_page() -> None:
    front = Item(kind="page", id=6, link=f"{HOME}/", slug="welcome")
    router = Router(Routes(), Views(with_items(inventory(), front)))
    assert router.path(View("page", "6")) == "/"


def test_parents_in_a_circle_come_to_an_end() -> None:
    pages = [
        Item(kind="page", id=1, link="", slug="a", parent=2),
        Item(kind="page", id=2, link="", slug="b", parent=1),
    ]
    terms = (Term(taxonomy="category", id=1, link="", slug="c", parent=1),)
    router = Router(Routes(), Views(Inventory(home=HOME, items=tuple(pages), terms=terms)))
    assert router.path(View("page", "1")).endswith("/b/a/")
    assert router.path(View("term", "category:1")).startswith("/category/c/c/")


def test_files_of_a_cms_in_a_subdirectory_lie_at_the_sites_root() -> None:
    home = f"{HOME}/cms"
    router = Router(Routes(), Views(inventory(home=home)))
    assert router.path(View("attachment", "50")) == "/wp-content/uploads/2020/01/logo.png"
