"""Which addresses an audit expects of a CMS, and where it expects them to lead."""

from __future__ import annotations

import msgspec
import pytest

from publisher.addresses import Addresses
from publisher.audit.asking import unlisted
from publisher.audit.forms import Form, forms
from publisher.routes import Routes
from publisher.rules import Redirects
from redirects.explain import outcome
from redirects.match import Request
from tests.samples import HOME, addresses

PRETTY = "/%year%/%monthnum%/%postname%/"


def by_url(of: Addresses) -> dict[str, Form]:
    return {form.url: form for form in forms(of, lambda _: True)}


@pytest.mark.parametrize(
    ("url", "expected", "number"),
    [
        ("/?p=12", "/blog/12.html", 12),
        ("/?page_id=12", "/blog/12.html", 12),
        ("/index.php?p=12", "/blog/12.html", 12),
        ("/?p=012/", "/blog/12.html", 12),
        ("/?p=12%E3%80%82", "/blog/12.html", 12),
        ("/?name=%E3%81%8A%E7%9F%A5%E3%82%89%E3%81%9B", "/blog/1632.html", 1632),
        ("/?pagename=company/access", "/company/access/", 3),
        ("/?attachment_id=50", "/wp-content/uploads/2020/01/logo.png", 0),
        ("/?book=red", "/book/red/", 0),
        ("/?cat=5", "/category/news/tokyo/", 0),
        ("/?tag_id=7", "/tag/wine/", 0),
        ("/?taxonomy=genre&term=crime", "/genre/crime/", 0),
        ("/?author=1", "/author/1/", 0),
        ("/?m=200904", "/2009/04/", 0),
        ("/?year=2009&monthnum=4&day=1", "/2009/04/01/", 0),
        ("/?p=1700", None, 1700),  # it has a password
    ],
)
def test_each_form_leads_to_where_the_thing_is_now(
    url: str, expected: str | None, number: int
) -> None:
    form = by_url(addresses())[url]
    assert (form.expected, form.number) == (expected, number)


@pytest.mark.parametrize("url", ["/2009/04/first", "/2009/04/first/", "/company/access"])
def test_links_of_a_cms_with_paths_are_forms(url: str) -> None:
    assert url in by_url(addresses(PRETTY))
    assert url not in by_url(addresses())


def test_no_form_names_a_log_in_name() -> None:
    assert not [url for url in by_url(addresses(PRETTY)) if "alice" in url]


def test_a_generic_cms_has_none() -> None:
    of = addresses()
    generic = msgspec.structs.replace(of.views.inventory, kind="generic")
    assert not list(forms(Addresses(generic, Routes(), of.urls), lambda _: True))


@pytest.mark.parametrize("permalinks", ["", PRETTY])
def test_the_rules_of_an_export_answer_every_form(permalinks: str) -> None:
    of = addresses(permalinks)
    redirects = Redirects(of)
    files: set[str] = set()
    inventory = of.views.inventory
    links = [one.link for one in (*inventory.items, *inventory.terms, *inventory.authors)]
    links += [HOME + "/?m=2009", HOME + "/?m=200904", inventory.items[6].file, HOME + "/"]
    for link in links:
        address = of.locate(link)
        assert address is not None
        if address.path is not None:
            redirects.add(address.path, address.url)
            files.add(address.path)
    rules = redirects.rules(())
    checked = 0
    for form in forms(of, files.__contains__):
        path, _, query = form.url.partition("?")
        found = outcome(rules, Request("GET", path, query), files.__contains__)
        if form.expected is None:
            assert found.status == 404, form
        else:
            assert (found.location or found.served) in (form.expected.url, form.expected), form
        checked += 1
    assert checked > 60


def test_ids_that_are_not_listed_are_asked_for_and_a_sample_of_many() -> None:
    of = addresses()
    urls, missing = unlisted(of, 5_000)
    assert missing == 1700 - 8
    assert len(urls) == missing
    assert "/?p=12" not in urls
    assert "/?p=13" in urls
    item = msgspec.structs.replace(of.views.inventory.items[0], id=1_000_000)
    many = msgspec.structs.replace(of.views.inventory, items=(item,))
    urls, missing = unlisted(Addresses(many, Routes(), of.urls))
    assert missing == 999_999
    assert 250 < len(urls) <= 500
