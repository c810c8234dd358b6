"""Paths that get into each other's way are found before anything is published."""

from __future__ import annotations

import time
from typing import Any

import pytest

from publisher.addresses import Address, Addresses, SiteUrls
from publisher.collisions import Collision, collisions
from publisher.discovery import listed
from publisher.inventory import Inventory, Item, Term
from publisher.routes import Routes
from publisher.views import View
from tests.samples import HOME, PUBLIC, inventory


def post(number: int, slug: str, kind: str = "post", **more: Any) -> Item:
    link = f"{HOME}/?p={number}"
    return Item(kind=kind, id=number, link=link, slug=slug, date="2020-01-01", **more)


def found(routes: Routes, *items: Item, terms: tuple[Term, ...] = ()) -> list[Collision]:
    of = Inventory(home=HOME, items=items, terms=terms)
    addresses = Addresses(of, routes, SiteUrls(PUBLIC, (HOME,)))
    located = (addresses.locate(url) for url in listed(of))
    return collisions(address for address in located if address)


SLUGS = Routes(post="/{slug}/")


@pytest.mark.parametrize(
    ("items", "path", "problem"),
    [
        ((post(1, "a"), post(2, "a")), "/a/", "same path"),
        ((post(1, "a"), post(2, "a", "page")), "/a/", "same path"),
        ((post(1, "News"), post(2, "news")), "/news/", "case"),
        ((post(1, "café"), post(2, "cafe\u0301")), "/café/", "same path"),
        ((post(1, "STRASSE"), post(2, "straße")), "/straße/", "case"),
    ],
)
def test_two_objects_in_one_place(items: tuple[Item, ...], path: str, problem: str) -> None:
    (collision,) = found(SLUGS, *items)
    assert (collision.path, collision.problem) == (path, problem)
    assert (collision.first, collision.second) == (items[0].link, items[1].link)


def test_a_page_without_a_slash_and_a_folder_of_the_same_name() -> None:
    (collision,) = found(Routes(post="/{slug}"), post(1, "a"), post(2, "a", "page"))
    assert (collision.path, collision.problem) == ("/a/", "file and folder")


def test_a_page_below_a_page_is_no_problem() -> None:
    routes = Routes(post="/{slug}", page="/{path}")
    assert not found(routes, post(1, "a", "page"), post(2, "b", "page", parent=1))


def test_two_files_that_only_their_characters_forms_tell_apart() -> None:
    addresses = Addresses(Inventory(home=HOME), Routes(), SiteUrls(PUBLIC, (HOME,)))
    urls = (f"{HOME}/%E3%81%8C.png", f"{HOME}/%E3%81%8B%E3%82%99.png")
    (collision,) = collisions(filter(None, map(addresses.locate, urls)))
    assert (collision.path, collision.problem) == ("/が.png", "unicode")


@pytest.mark.parametrize("form", ["", "/%postname%/", "/blog/%post_id%.html"])
def test_a_healthy_site_has_none(form: str) -> None:
    of = inventory(form)
    addresses = Addresses(of, Routes(), SiteUrls(PUBLIC, (HOME,)))
    urls = [*listed(of), f"{HOME}/?attachment_id=50", f"{HOME}/", f"{HOME}/?p=12&utm_source=x"]
    assert collisions(filter(None, map(addresses.locate, urls))) == []


def test_the_front_page_is_a_page_and_the_home_page() -> None:
    front = Item(kind="page", id=6, link=f"{HOME}/", slug="welcome")
    assert found(Routes(), front) == []


def test_a_large_site_takes_no_long_time() -> None:
    of = Addresses(Inventory(home=HOME), Routes(), SiteUrls(PUBLIC, (HOME,)))
    path = of.locate(f"{HOME}/x/")
    assert path
    many = [Address(f"{HOME}/?p={n}", "", path.path, View("post", str(n))) for n in range(50_000)]
    begun = time.process_time()
    assert len(collisions(many)) == 49_999
    assert time.process_time() - begun < 10
