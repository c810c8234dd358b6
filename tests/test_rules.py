"""The redirects of an export: every old form leads to where the page is now."""

from __future__ import annotations

import msgspec
import pytest

from publisher.addresses import Addresses
from publisher.inventory import Item
from publisher.paths import SitePath
from publisher.routes import Routes
from publisher.rules import Moved, Redirects
from redirects.rules import Rule
from tests.samples import HOME, addresses, with_items


def rules(of: Addresses, *urls: str, moved: tuple[Moved, ...] = ()) -> dict[str, Rule]:
    """The rules by source, when the CMS had these URLs and redirects."""
    site: list[tuple[SitePath, str]] = []
    for url in urls:
        address = of.locate(HOME + url)
        assert address is not None
        assert address.path is not None
        site.append((address.path, address.url))
    redirects = Redirects(of)
    for path, asked in site:
        redirects.add(path, asked)
    return {rule.source: rule for rule in redirects.rules(moved).rules}


def redirect(of: Addresses, url: str, target: str, status: int = 301) -> Moved:
    address = of.locate(HOME + url)
    assert address is not None
    return Moved(address, status, target)


@pytest.mark.parametrize(
    ("url", "source", "target"),
    [
        ("/?p=12", "?p=12", "/blog/12.html"),
        ("/?p=12", "?name=first", "/blog/12.html"),
        ("/?p=12&page=2", "?p=12&page=2", "/blog/12/2.html"),
        ("/?page_id=3", "?p=3", "/company/access/"),
        ("/?page_id=3", "/company/access", "/company/access/"),
        ("/?cat=5", "?cat=5", "/category/news/tokyo/"),
        ("/?cat=5&paged=2", "?cat=5&paged=2", "/category/news/tokyo/page/2/"),
        ("/?tag=wine", "?tag=wine", "/tag/wine/"),
        ("/?author=1", "?author=1", "/author/1/"),
        ("/?m=200904", "?m=200904", "/2009/04/"),
        ("/?feed=rss2", "?feed=rss2", "/feed.xml"),
        ("/?sitemap=index", "?sitemap=index", "/wp-sitemap.xml"),
        ("/?p=90", "?p=90", "/book/red/"),
        ("/?p=90", "?name=red&post_type=book", "/book/red/"),
        ("/?page_id=3", "?pagename=company/access", "/company/access/"),
        ("/?cat=5", "?category_name=news/tokyo", "/category/news/tokyo/"),
        ("/?cat=5", "?category_name=tokyo", "/category/news/tokyo/"),
        ("/?m=2009&w=14", "?m=2009&w=14", "/m-2009/w-14/"),
        ("/?feed=rss2", "/feed/rss", "/feed.xml"),
        ("/?feed=rss2", "/wp-rss2.php", "/feed.xml"),
        (
            "/wp-content/uploads/2020/01/logo.png",
            "?p=50",
            "/wp-content/uploads/2020/01/logo.png",
        ),
    ],
)
def test_old_forms_lead_to_the_page(url: str, source: str, target: str) -> None:
    assert rules(addresses(), url)[source].target == target


@pytest.mark.parametrize("source", ["?p=12", "/first/", "/first"])
def test_a_pretty_cms_has_old_paths_as_well(source: str) -> None:
    assert rules(addresses("/%postname%/"), "/first/")[source].target == "/blog/12.html"


def test_a_post_before_the_cut_over_is_shown_to_crawlers_at_its_old_url() -> None:
    for cutover, first, second in (("", True, True), ("2010-01-01", True, False)):
        found = rules(addresses(cutover=cutover), "/?p=12", "/?p=1632")
        assert bool(found["?p=12"].in_place) is first
        assert bool(found["?p=1632"].in_place) is second


def test_attachments_with_pages_have_them_as_their_old_forms() -> None:
    of = addresses("/%postname%/", routes=Routes(attachment="/media/{id}/"))
    found = rules(of, "/?attachment_id=50", "/wp-content/uploads/2020/01/logo.png")
    assert found["?p=50"].target == "/media/50/"


@pytest.mark.parametrize(
    ("url", "source", "target"),
    [
        ("/category/news/page/2/", "/category/news/page/1/", "/category/news/"),
        ("/category/news/page/2/", "/category/news/page/1", "/category/news/"),
        ("/page/2/", "/page/1/", "/"),
        ("/first/2/", "/first/1/", "/blog/12.html"),
    ],
)
def test_the_number_of_the_first_page_leads_to_it(url: str, source: str, target: str) -> None:
    assert rules(addresses("/%postname%/"), url)[source].target == target


def test_a_type_is_known_by_its_variable_too() -> None:
    """A plain link tells it; `redirects.query.own_variables` reads it out of the rules."""
    of = addresses()
    film = Item(kind="movie", id=91, link=f"{HOME}/?film=sea", slug="sea")
    of = Addresses(with_items(of.views.inventory, film), Routes(), of.urls)
    found = rules(of, "/?film=sea")
    for source in ("?p=91", "?name=sea&post_type=film", "?name=sea&post_type=movie"):
        assert found[source].target == "/movie/sea/"


def test_a_slash_that_the_cms_adds_to_any_name_leads_nowhere() -> None:
    of = addresses()
    moved = redirect(of, "/sitemap.xml", "/sitemap.xml/")
    found = rules(of, "/?sitemap=index", moved=(moved,))
    assert found["/sitemap.xml"].target == "/wp-sitemap.xml"


def test_a_feed_of_another_name_is_found_by_its_usual_forms() -> None:
    found = rules(addresses(routes=Routes(feed="index.rss")), "/?feed=rss2")
    for source in ("?feed=rss2", "?feed=atom", "/feed/atom/"):
        assert found[source].target == "/index.rss"


def test_a_query_of_several_is_no_rule_for_one_of_them() -> None:
    found = rules(addresses(), "/?cat=98,99")
    assert [source for source in found if source[0] == "?"] == ["?cat=98,99"]
    target = "/cat-5/tag-wine/"
    assert rules(addresses(), "/?tag=wine&cat=5")["?cat=5&tag=wine"].target == target


def test_a_page_that_exists_answers_for_itself() -> None:
    of = addresses("/blog/%post_id%.html")
    found = rules(of, "/blog/12.html", moved=(redirect(of, "/blog/12.html", "/elsewhere/"),))
    assert "/blog/12.html" not in found
    assert found["?p=12"].target == "/blog/12.html"


@pytest.mark.parametrize(
    ("url", "status", "target", "rule"),
    [
        ("/old/", 301, "/company/", ("/old/", 301, "/company/")),
        ("/old/", 302, "https://other.example/x", ("/old/", 302, "https://other.example/x")),
        ("/old/", 303, "/company/", ("/old/", 302, "/company/")),
        ("/old/", 300, "/company/", ("/old/", 302, "/company/")),
        ("/古い/", 308, "/会社概要/", ("/古い/", 308, "/%E4%BC%9A%E7%A4%BE%E6%A6%82%E8%A6%81/")),
        ("/?p=77", 301, "/company/", ("?p=77", 301, "/company/")),
        ("/old/", 301, "/company/#top", ("/old/", 301, "/company/#top")),
    ],
)
def test_redirects_of_the_cms_are_kept(
    url: str, status: int, target: str, rule: tuple[str, int, str]
) -> None:
    of = addresses("/%postname%/")
    found = rules(of, "/company/", moved=(redirect(of, url, target, status),))
    kept = found[rule[0]]
    assert (kept.source, kept.status, kept.target) == rule


@pytest.mark.parametrize("target", ["javascript:alert(1)", "/a\nSet-Cookie: x", "", "//evil"])
def test_a_redirect_that_can_not_be_given_to_visitors_is_left_out(target: str) -> None:
    of = addresses("/%postname%/")
    assert "/old/" not in rules(of, "/company/", moved=(redirect(of, "/old/", target),))


def test_no_rule_names_an_author_by_log_in() -> None:
    of = addresses("/%postname%/")
    assert not [source for source in rules(of, "/?author_name=alice") if "alice" in source]
    targets = [rule.target for rule in rules(of, "/author/alice/").values()]
    assert targets
    assert not any("alice" in target for target in targets)


def test_a_path_as_a_mac_writes_it_leads_nowhere_else_than_its_page() -> None:
    """The edge looks for composed kana: such a rule would lead the page to itself for ever."""
    of = addresses("/%postname%/")
    redirects = Redirects(of)
    page = SitePath("/がいよう/")
    redirects.add(page, f"{HOME}/first/")
    redirects.add(SitePath("/blog/12.html"), f"{HOME}/first/")
    moved = redirect(of, "/か\u3099いよう/", "/blog/12.html")
    found = {rule.source for rule in redirects.rules((moved,)).rules}
    assert page not in found
    assert not any("\u3099" in source for source in found)
    elsewhere = Redirects(of)
    elsewhere.add(SitePath("/blog/12.html"), f"{HOME}/first/")
    found = {rule.source for rule in elsewhere.rules((moved,)).rules}
    assert page in found


def test_another_cms_has_no_feeds_in_the_places_of_wordpress() -> None:
    of = addresses()
    inventory = msgspec.structs.replace(of.views.inventory, kind="generic", items=(), terms=())
    found = rules(Addresses(inventory, Routes(), of.urls), "/feed.xml")
    assert not {"/rss", "/feed/rss2/", "/wp-rss2.php", "?feed=atom"} & found.keys()


FRONT_PAGE = [
    # `page_on_front`: that page is the home page, whatever names it
    ("?p=6", "/"),
    ("?pagename=welcome", "/"),
    ("/welcome/", "/"),
    ("/welcome", "/"),
    ("/index.php", "/"),
    # `page_for_posts`: a page that is the list of posts
    ("?p=2", "/company/"),
    ("?pagename=company", "/company/"),
]


@pytest.mark.parametrize(("source", "target"), FRONT_PAGE)
@pytest.mark.parametrize("permalinks", ["", "/%postname%/"])
def test_a_front_page_has_its_old_forms(permalinks: str, source: str, target: str) -> None:
    of = addresses(permalinks)
    front = Item(kind="page", id=6, link=f"{HOME}/", slug="welcome")
    of = Addresses(with_items(of.views.inventory, front), Routes(), of.urls)
    found = rules(of, "/", "/company/" if permalinks else "/?page_id=2")
    assert found[source].target == target


def test_a_path_that_the_edge_can_not_tell_from_a_mistyped_one_is_named() -> None:
    redirects = Redirects(addresses())
    for path in ("/会社/", "/資料（最終）", "/a.html"):
        redirects.add(SitePath(path), "")
    assert redirects.unreachable == [SitePath("/資料（最終）").url]
