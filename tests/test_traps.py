"""What is asked for though the CMS does not list it, and where that ends."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urljoin

import msgspec
import pytest

from publisher.addresses import Addresses, SiteUrls
from publisher.inventory import Inventory, Item
from publisher.routes import Routes
from publisher.traps import CALENDAR_MAX, DEPTH_MAX, FOLDER_MAX, PATTERNS_MAX, VARIANTS_MAX, Traps
from tests.samples import HOME, PUBLIC, inventory


class Site:
    """A CMS and the traps in it."""

    def __init__(self, of: Inventory) -> None:
        self.addresses = Addresses(of, Routes(), SiteUrls(PUBLIC, (HOME,)))
        self.traps = Traps(of)

    def admits(self, url: str, seen_on: str = "") -> bool:
        address = self.addresses.locate(HOME + url)
        assert address is not None
        return self.traps.admits(address, seen_on)

    def admitted(self, urls: Iterable[str]) -> int:
        return sum(self.admits(url) for url in urls)


GENERIC = Inventory(home=HOME, kind="generic")


@pytest.fixture(params=["wordpress", "generic"])
def site(request: pytest.FixtureRequest) -> Site:
    return Site(GENERIC if request.param == "generic" else inventory("/%postname%/"))


@pytest.mark.parametrize(
    "url",
    ["/calendar/{y}-{m:02}/", "/events/{y}/{m}/", "/events/month/{y}-{m:02}/",
     "/events/?tribe-bar-date={y}-{m:02}-01", "/x/?month={y}{m:02}", "/予約/{y}/{m:02}",
     "/events/{y}-{m:02}-01/?ical=1{y}{m}"],
)  # fmt: skip
def test_an_endless_calendar_ends(site: Site, url: str) -> None:
    urls = [url.format(y=2020 + number // 12, m=number % 12 + 1) for number in range(2000)]
    assert site.admitted(urls) in (CALENDAR_MAX, VARIANTS_MAX)
    (report,) = site.traps.report()
    assert report.admitted + report.refused == len(urls)
    assert report.example.startswith(HOME)
    assert report.seen_on == ""


def test_a_path_that_extends_itself_ends(site: Site) -> None:
    """A relative link without its slash at the beginning, on a page that answers everywhere."""
    url, depth = "/about/", 0
    while site.admits(url, seen_on=url) and depth < 100:
        url, depth = urljoin(url, "a/b/"), depth + 1
    assert depth <= 4
    report = site.traps.report()[0]
    assert report.pattern == "/about/*: a path that repeats itself"
    assert (report.example, report.seen_on) == (HOME + url, url)


def test_folders_have_a_depth(site: Site) -> None:
    assert site.admits("/" + "/".join(f"n{number}x" for number in range(DEPTH_MAX)) + "/")
    assert not site.admits("/" + "/".join(f"n{number}x" for number in range(DEPTH_MAX + 1)) + "/")


def test_filters_that_combine_end(site: Site) -> None:
    urls = [
        f"/shop/?colour={a}&size={b}&brand={c}"
        for a in range(9)
        for b in range(9)
        for c in range(9)
    ]
    assert site.admitted(urls) == VARIANTS_MAX
    assert site.admits("/other/?colour=1")
    assert [report.refused for report in site.traps.report()] == [9**3 - VARIANTS_MAX]


def test_random_names_end(site: Site) -> None:
    limit = FOLDER_MAX[site.addresses.views.inventory.kind]
    urls = (f"/session/{hash(str(n))}x/" for n in range(limit + 100))
    assert site.admitted(urls) == limit


def test_an_archive_of_5000_pages_that_nothing_lists_is_whole(site: Site) -> None:
    assert site.admitted(f"/archive/entry-{number}/" for number in range(5_000)) == 5_000
    assert site.admitted(f"/list/?page={number}" for number in range(2, 502)) == 500
    assert site.traps.report() == []


def test_what_the_cms_lists_and_its_pages_are_never_a_trap() -> None:
    posts = tuple(
        Item(kind="post", id=n, link=f"{HOME}/2020/01/p{n}/", slug=f"p{n}", date="2020-01-02")
        for n in range(1, 6001)
    )
    of = Site(msgspec.structs.replace(inventory("/%postname%/"), items=posts))
    assert of.admitted(f"/2020/01/p{n}/" for n in range(1, 6001)) == 6000
    for base in ("", "/category/news", "/tag/wine", "/author/alice", "/2020", "/2020/01/02"):
        assert of.admitted(f"{base}/page/{n}/" for n in range(2, 601)) == 599
    assert of.admitted(f"/?query-1-page={n}" for n in range(2, 601)) == 599
    assert of.admitted(f"/2020/01/p{n}/feed/" for n in range(1, 6001)) == 6000
    assert of.traps.report() == []


@pytest.mark.parametrize(
    "url",
    ["/?cat=5&feed=x{n}", "/?p=12&page={n}&cpage=2", "/?m={y}12", "/category/news/page/9{n:06}/",
     "/?cat=1,{n}", "/?p=12&foo{n}=1"],
)  # fmt: skip
def test_parts_of_what_is_listed_end_as_well(url: str) -> None:
    of = Site(inventory("/%postname%/"))
    assert of.admitted(url.format(n=n, y=2100 + n % 7900) for n in range(2, 2000)) <= VARIANTS_MAX


def test_images_and_style_sheets_are_no_pages(site: Site) -> None:
    assert site.admitted(f"/photos/{number}.jpg" for number in range(21_000)) == 21_000


def test_what_is_remembered_is_bounded() -> None:
    of = Site(GENERIC)
    of.admitted(f"/f{chr(0x4E00 + n % 20000)}{'x' * (n // 20000)}/?a=1" for n in range(20_500))
    assert len(of.traps._admitted) <= PATTERNS_MAX + 1


def test_a_withheld_address_is_not_asked_for(site: Site) -> None:
    assert not Site(inventory()).admits("/?p=12&replytocom=3")
    assert not Site(inventory()).admits("/shop/?add-to-cart=3")
    assert site.traps.report() == []
