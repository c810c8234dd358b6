"""The crawl: what an answer of the CMS means, and what is never asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlsplit

import msgspec
import pytest

from publisher.addresses import Addresses, SiteUrls
from publisher.cms.port import Capture
from publisher.content_types import by_name
from publisher.discovery import listed
from publisher.edge.store import StoreEdge
from publisher.errors import GateRefused
from publisher.gates import Limits
from publisher.inventory import Inventory, Item
from publisher.pipeline import Exported, Request, export
from publisher.publish import Actor, Publisher
from publisher.records import Records
from publisher.routes import Routes
from publisher.social import Social
from publisher.store.memory import MemoryStore
from tests import crawls
from tests.crawls import Seen, inline
from tests.samples import HOME, PUBLIC, addresses, inventory, with_items

BLOG = "/blog/%post_id%.html"
URLS = SiteUrls(PUBLIC, (HOME,))
LISTED = set(
    "/ /blog/12.html /blog/1632.html /company/ /company/access/ /会社概要/ /book/red/ /tag/wine/ "
    "/category/news/ /category/news/tokyo/ /genre/crime/ /author/1/ /2009/ /2009/04/ /2009/04/01/ "
    "/feed.xml /robots.txt /wp-sitemap.xml /wp-content/uploads/2020/01/logo.png".split()
)


class ScriptedCms:
    """A CMS that answers from a script; what the script lacks is the page of that URL.

    `asked` is what it was asked for, in order.
    """

    def __init__(self, held: Inventory) -> None:
        self.held = held
        self.ending = ""
        self.withdrawn: frozenset[int] = frozenset()
        self.answers: dict[str, Capture] = {}
        self.asked: list[str] = []

    def answer(
        self,
        url: str,
        status: int = 200,
        body: str = "",
        *,
        to: str = "",
        content_type: str = "text/html; charset=UTF-8",
        generated: bool = True,
    ) -> None:
        location = HOME + to if to.startswith("/") else to
        self.answers[HOME + url] = Capture(
            HOME + url, status, content_type, location, body.encode(), generated=generated
        )

    def fail(self, url: str) -> None:
        self.answers[HOME + url] = Capture(HOME + url, 0, error="no answer in 30 s")

    def inventory(self) -> Inventory:
        return self.held

    def public_ids(self) -> frozenset[int]:
        return frozenset(item.id for item in self.held.items) - self.withdrawn

    def captures(self, wanted: deque[str]) -> Iterator[Capture]:
        while wanted:
            url = wanted.popleft()
            self.asked.append(url.removeprefix(HOME))
            kind = by_name(urlsplit(url).path) or "text/html; charset=UTF-8"
            body = f"it is {url}{self.ending}".encode()
            yield self.answers.get(url, Capture(url, 200, kind, body=body))


def crawled(cms: ScriptedCms, of: Addresses | None = None) -> Seen:
    return crawls.crawled(cms, of or addresses(BLOG if cms.held.pretty else ""))


@pytest.fixture
def cms() -> ScriptedCms:
    """One with paths like /blog/12.html."""
    return ScriptedCms(inventory(BLOG))


@pytest.fixture
def plain() -> ScriptedCms:
    """One with plain permalinks."""
    return ScriptedCms(inventory())


def test_everything_that_the_cms_lists_is_on_the_site(cms: ScriptedCms) -> None:
    layer = crawled(cms)
    assert layer.entries.keys() >= LISTED
    said = layer.said
    assert [said.missing, said.moved, said.failed, said.findings] == [[], [], {}, []]


def test_both_permalink_forms_give_the_same_site(cms: ScriptedCms, plain: ScriptedCms) -> None:
    assert crawled(cms).entries.keys() == crawled(plain).entries.keys()


def test_nothing_is_asked_twice_and_links_are_followed(cms: ScriptedCms) -> None:
    cms.answer("/", body='<a href="/unlisted/"><a href="/?p=12"><a href="/blog/12.html/2/#x">')
    cms.answer("/unlisted/", body='<img src="deep.png"><a href="/">')
    layer = crawled(cms)
    assert {"/unlisted/", "/unlisted/deep.png", "/blog/12/2.html"} <= layer.entries.keys()
    assert len(cms.asked) == len(set(cms.asked))


def test_what_is_not_public_is_never_asked_for(cms: ScriptedCms, plain: ScriptedCms) -> None:
    links = "".join(
        f'<a href="{url}">'
        for url in ("/?p=1700", "/?page_id=1700&page=2", "/wp-login.php", "/wp-admin/", "/wp-json/",
                    "/?s=x", "/?p=12&preview=true", "https://other.example/", "//other.example/x")
    )  # fmt: skip
    for one in (cms, plain):
        one.answer("/", body=links)
        crawled(one)
        for url in one.asked:
            assert url.startswith("/")
            assert not any(word in url for word in ("1700", "wp-login", "wp-admin", "wp-json"))
            assert "s=x" not in url
            assert "preview" not in url


def test_a_redirect_inside_the_cms_is_kept_and_its_target_asked(cms: ScriptedCms) -> None:
    cms.answer("/", body='<a href="/old/">')
    cms.answer("/old/", 301, to="/new/?utm_source=x#part")
    layer = crawled(cms)
    assert [(m.source.path, m.status, m.target) for m in layer.moved] == [
        ("/old/", 301, "/new/#part")
    ]
    assert "/new/" in layer.entries
    assert "/old/" not in layer.entries


@pytest.mark.parametrize("target", ["https://other.example/x", "http://127.0.0.1:9999/"])
def test_a_redirect_to_another_host_is_for_the_visitor_and_never_asked(
    cms: ScriptedCms, target: str
) -> None:
    cms.answer("/company/", 302, to=target)
    layer = crawled(cms)
    assert [(m.source.path, m.target) for m in layer.moved] == [("/company/", target)]
    assert not any("other" in url or "9999" in url for url in cms.asked)


@pytest.mark.parametrize("target", ["/wp-login.php?redirect_to=x", "/blog/1700.html"])
def test_a_redirect_to_what_is_not_public_leaves_nothing(cms: ScriptedCms, target: str) -> None:
    cms.answer("/company/", 302, to=target)
    layer = crawled(cms)
    assert [missing.path for missing in layer.said.missing] == ["/company/"]
    assert layer.moved == []
    assert target not in cms.asked


def test_another_form_of_an_address_is_followed_to_the_page(cms: ScriptedCms) -> None:
    cms.answer("/", body='<a href="/unlisted">')
    cms.answer("/unlisted", 301, to="/unlisted/")
    layer = crawled(cms)
    assert "/unlisted/" in layer.entries
    assert layer.moved == []


@pytest.mark.parametrize("targets", [["/company/"], ["/company", "/company/"], ["/company?a"]])
def test_a_page_that_redirects_to_itself_has_failed(cms: ScriptedCms, targets: list[str]) -> None:
    for source, target in zip(["/company/", *targets], targets, strict=False):
        cms.answer(source, 301, to=target)
    if targets[-1] != "/company/":
        cms.answer(targets[-1], 301, to="/company/")
    layer = crawled(cms)
    assert list(layer.said.failed) == ["/company/"]
    assert len(cms.asked) < 60


def test_two_pages_that_redirect_to_each_other_come_to_an_end(cms: ScriptedCms) -> None:
    cms.answer("/company/", 301, to="/company/access/")
    cms.answer("/company/access/", 301, to="/company/")
    layer = crawled(cms)
    assert {m.source.path for m in layer.moved} == {"/company/", "/company/access/"}
    assert not {"/company/", "/company/access/"} & layer.entries.keys()


@pytest.mark.parametrize("status", [500, 502, 503, 429, 0])
def test_no_answer_to_rely_on_is_neither_content_nor_a_clear_no(
    cms: ScriptedCms, status: int
) -> None:
    cms.answer("/company/", status, body="<p>Error establishing a database connection")
    layer = crawled(cms)
    assert list(layer.said.failed) == ["/company/"]
    assert "/company/" not in layer.entries
    assert layer.said.missing == []


@pytest.mark.parametrize("status", [404, 410, 403, 401, 204])
def test_a_clear_no_is_missing_with_the_page_that_links_to_it(
    cms: ScriptedCms, status: int
) -> None:
    cms.answer("/", body='<a href="/gone/">')
    cms.answer("/gone/", status)
    (missing,) = crawled(cms).said.missing
    assert (missing.path, missing.status, missing.seen_on) == ("/gone/", status, "/")


@pytest.mark.parametrize(
    ("url", "kept"), [("/a.css", False), ("/a.png", False), ("/a.html", True), ("/a/", True)]
)
def test_a_page_where_a_file_should_be_is_no_content(
    cms: ScriptedCms, url: str, kept: bool
) -> None:
    cms.answer("/", body=f'<a href="{url}">')
    cms.answer(url, body="<p>Not found")
    layer = crawled(cms)
    assert (url in layer.entries) is kept
    assert [missing.path for missing in layer.said.missing] == [] if kept else [url]


def test_the_home_page_that_plain_permalinks_give_for_every_path_is_no_page(
    plain: ScriptedCms,
) -> None:
    plain.answer("/", body='<a href="/no/such/"><a href="/real.html">')
    plain.answer("/no/such/", body="<p>home page")
    plain.answer("/real.html", body="<p>a file", generated=False)
    layer = crawled(plain)
    assert [(m.source.path, m.status, m.target) for m in layer.moved] == [("/no/such/", 302, "/")]
    assert "/real.html" in layer.entries
    assert "/no/such/" not in layer.entries


def test_files_are_asked_for_by_the_name_that_the_cms_lists(cms: ScriptedCms) -> None:
    assert list(listed(cms.held))[:2] == [
        f"{HOME}/wp-content/uploads/2020/01/logo.png",
        f"{HOME}/wp-content/uploads/2020/01/logo-300x200.png",
    ]


# ------------------------------------------------------------------ a whole export


class Site:
    """A store, and exports of a CMS into it."""

    def __init__(self) -> None:
        self.records = Records(MemoryStore())

    def export(self, cms: ScriptedCms, **overrides: str) -> Exported:
        request = Request(
            public=PUBLIC, cms=HOME, routes=Routes(), social=Social(), limits=Limits(),
            actor="test", reason="", overrides=overrides,
        )  # fmt: skip
        exported = export(self.records, cms, request, inline, lambda *_: None)
        if exported.is_new:
            Publisher(self.records, StoreEdge(MemoryStore()), lambda *_: None).publish(
                exported.release, Actor("test", "")
            )
        return exported


def test_a_page_that_fails_keeps_what_is_live(cms: ScriptedCms) -> None:
    site = Site()
    first = site.export(cms)
    cms.answer("/company/", 500, body="<p>Fatal error")
    with pytest.raises(GateRefused, match="errors"):
        site.export(cms)
    second = site.export(cms, errors="known")
    assert list(second.kept) == ["/company/"]
    assert not second.is_new
    assert second.release == first.release


def test_a_page_that_is_gone_is_taken_off_the_site(cms: ScriptedCms) -> None:
    site = Site()
    site.export(cms)
    cms.answer("/company/", 404)
    second = site.export(cms)
    assert (gone(second), second.changes.new, second.changes.changed) == (["/company/"], 0, 0)


def test_the_same_cms_twice_is_the_same_release(cms: ScriptedCms) -> None:
    site = Site()
    first, second = site.export(cms), site.export(cms)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.release == second.release


def test_a_cms_that_answers_nothing_changes_nothing(cms: ScriptedCms) -> None:
    site = Site()
    first = site.export(cms)
    for url in list(cms.asked):
        cms.fail(url)
    with pytest.raises(GateRefused, match="errors"):
        site.export(cms)
    assert site.records.intent()[0].release == first.release.id


def posts(number: int, structure: str) -> tuple[Item, ...]:
    made: list[Item] = []
    for n in range(100, 100 + number):
        path = structure.replace("%post_id%", str(n)).replace("%slug%", quote(f"記事-{n}"))
        made.append(
            Item(kind="post", id=n, link=HOME + path, slug=f"記事-{n}", date="2020-05-06T00:00:00")
        )
    return tuple(made)


def test_a_list_that_shows_what_was_withdrawn_meanwhile_is_refused(cms: ScriptedCms) -> None:
    """The post is private by the time that its own page is asked for, and says 404."""
    cms.answer("/", body='<article class="post-12 type-post">社外秘の本文</article>')
    cms.answer("/blog/12.html", 404)
    cms.answer("/feed/", body=f"<rss><item><link>{HOME}/blog/12.html</link></item></rss>",
               content_type="application/rss+xml")  # fmt: skip
    cms.withdrawn = frozenset((12,))
    with pytest.raises(GateRefused) as refused:
        Site().export(cms)
    assert {(one.gate, one.page) for one in refused.value.findings} == {
        ("unpublished", "/"), ("unpublished", "/feed.xml"),
    }  # fmt: skip


class Unsteady(ScriptedCms):
    """One whose page about the company has another number in it at each look."""

    def captures(self, wanted: deque[str]) -> Iterator[Capture]:
        for capture in super().captures(wanted):
            if capture.url.endswith(quote("/会社概要/")):
                body = f"<p>訪問者: {len(self.asked)}</p>".encode()
                yield msgspec.structs.replace(capture, body=body)
            else:
                yield capture


def test_a_page_that_made_this_release_by_itself_is_named() -> None:
    """Few of all pages can be asked for twice; those that are not what is live tell most."""
    site, cms = Site(), Unsteady(inventory(BLOG))
    site.export(cms)
    again = site.export(cms)
    assert again.changes.named["changed"] == ["/会社概要/"]
    assert any(
        warning.startswith("/会社概要/ is another page at each look") for warning in again.warnings
    )


STRUCTURES = (BLOG, "/2020/05/%slug%/", "/%slug%/")


@pytest.mark.parametrize("structure", STRUCTURES)
def test_what_the_cms_lists_no_more_is_a_take_down_however_much_it_is(
    cms: ScriptedCms, structure: str
) -> None:
    site = Site()
    cms.held = with_items(cms.held, *posts(60, structure))
    site.export(cms)
    cms.held = with_items(inventory(BLOG), *posts(30, structure))
    assert len(gone(site.export(cms))) == 30


@pytest.mark.parametrize("structure", STRUCTURES)
def test_what_the_cms_lists_and_has_no_page_for_is_lost_and_not_taken_down(
    cms: ScriptedCms, structure: str
) -> None:
    """A web server that lost its rules for addresses answers 404 to all but the home page."""
    cms.held = with_items(cms.held, *posts(21, structure))
    site = Site()
    first = site.export(cms)
    for post in posts(21, structure):
        cms.answer(post.link.removeprefix(HOME), 404)
    with pytest.raises(GateRefused, match="lost-pages"):
        site.export(cms)
    assert site.records.intent()[0].release == first.release.id


def test_pages_that_the_cms_redirects_are_not_lost(cms: ScriptedCms) -> None:
    site = Site()
    cms.held = with_items(cms.held, *posts(30, BLOG))
    site.export(cms)
    for post in posts(30, BLOG):
        cms.answer(post.link.removeprefix(HOME), 301, to=f"/moved/{post.id}/")
    again = site.export(cms)
    assert (len(gone(again)), again.changes.new) == (30, 30)


def test_a_cms_that_lists_nothing_any_more_is_not_believed(plain: ScriptedCms) -> None:
    """So it looks when its table of posts can't be read: the lists are empty, with status 200."""
    site = Site()
    site.export(plain)
    plain.held = msgspec.structs.replace(plain.held, items=(), authors=())
    with pytest.raises(GateRefused, match="empty"):
        site.export(plain)


@pytest.mark.parametrize(
    ("body", "is_there"),
    [('<body class="home blog wp-embed"><a href="/?p=12">', False),
     ('<body class="home page page-id-2">', False),
     ('<body class="single single-book postid-90 blog">', True),
     ('<body class="single-book">home', True)],
)  # fmt: skip
def test_the_home_page_in_place_of_what_is_not_for_visitors_is_no_page(
    cms: ScriptedCms, body: str, is_there: bool
) -> None:
    """Types that blocks alone show are in REST, too; WordPress answers their links so."""
    cms.answer("/?book=red", body=body)
    assert ("/book/red/" in crawled(cms).entries) is is_there


def test_a_path_of_a_protected_post_is_not_asked_for(cms: ScriptedCms) -> None:
    cms.answer("/", body='<a href="/blog/1700.html"><a href="/blog/1700.html/feed/">')
    crawled(cms)
    assert not any("1700" in url for url in cms.asked)


# -------------------------------------------------------- what may go, and what must stay


def gone(exported: Exported) -> list[str]:
    return exported.changes.named["gone"]


def without(held: Inventory, number: int) -> Inventory:
    items = tuple(item for item in held.items if item.id != number)
    return msgspec.structs.replace(held, items=items)


def with_protected(held: Inventory, number: int) -> Inventory:
    items = tuple(
        msgspec.structs.replace(item, protected=True) if item.id == number else item
        for item in held.items
    )
    return msgspec.structs.replace(held, items=items)


@pytest.mark.parametrize("withdrawn", [without, with_protected])
@pytest.mark.parametrize("failing", ["/", "/company/"])
def test_what_was_withdrawn_goes_even_while_other_pages_fail(
    cms: ScriptedCms, withdrawn: Callable[[Inventory, int], Inventory], failing: str
) -> None:
    cms.answer(
        "/",
        body='<a href="/blog/12.html/feed/"><a href="/company/feed/">the feeds of two of its pages',
    )
    site = Site()
    site.export(cms)
    cms.held = withdrawn(cms.held, 12)
    cms.answer("/", body="nothing links to it any more")
    cms.answer(failing, 500)
    second = site.export(cms, errors="known")
    assert {"/blog/12.html", "/blog/12/feed.xml"} <= set(gone(second))


def test_a_page_that_is_refused_keeps_its_parts_and_assets(cms: ScriptedCms) -> None:
    cms.answer(
        "/company/", body='<a href="/x.pdf"><a href="/company/feed/">a file and a feed of this page'
    )
    site = Site()
    site.export(cms)
    cms.answer("/company/", 403)
    second = site.export(cms)
    assert gone(second) == []
    assert {"/company/", "/x.pdf", "/company/feed.xml"} <= set(second.kept)


def test_a_redirect_to_the_log_in_page_takes_nothing_off_the_site(cms: ScriptedCms) -> None:
    site = Site()
    site.export(cms)
    cms.answer("/company/", 302, to="/wp-login.php?redirect_to=x")
    assert gone(site.export(cms)) == []


@pytest.mark.parametrize("to", ["https://sso.example/", "/maintenance/"])
def test_many_pages_that_redirect_to_one_place_are_not_believed(cms: ScriptedCms, to: str) -> None:
    site = Site()
    site.export(cms)
    for item in cms.held.items:
        if item.kind in ("post", "page"):
            cms.answer(item.link.removeprefix(HOME), 302, to=to)
    with pytest.raises(GateRefused, match="errors"):
        site.export(cms)
    assert gone(site.export(cms, errors="known")) == []


@pytest.mark.parametrize("body", ["", "  \n", "<html><p>Fatal error: Allowed memory size"])
def test_a_page_that_breaks_off_is_no_page(cms: ScriptedCms, body: str) -> None:
    cms.ending = "</HTML>\n"
    site = Site()
    site.export(cms)
    cms.answer("/company/", body=body)
    with pytest.raises(GateRefused, match="errors"):
        site.export(cms)


def test_a_page_may_be_called_search(cms: ScriptedCms) -> None:
    page = Item(kind="page", id=7, link=f"{HOME}/search/", slug="search")
    cms.held = msgspec.structs.replace(cms.held, items=(*cms.held.items, page))
    cms.answer("/", body='<a href="/search/word/">')
    assert "/search/" in crawled(cms, Addresses(cms.held, Routes(), URLS)).entries
    assert "/search/word/" not in cms.asked


def test_the_child_of_a_private_page_keeps_the_path_that_the_cms_gives_it(cms: ScriptedCms) -> None:
    child = Item(kind="page", id=8, link=f"{HOME}/private/child/", slug="child", parent=99)
    cms.held = msgspec.structs.replace(cms.held, items=(*cms.held.items, child))
    assert "/private/child/" in crawled(cms, Addresses(cms.held, Routes(), URLS)).entries


def test_old_forms_of_the_page_on_the_front_lead_there(cms: ScriptedCms) -> None:
    front = Item(kind="page", id=9, link=f"{HOME}/", slug="welcome")
    cms.held = msgspec.structs.replace(cms.held, items=(*cms.held.items, front))
    of = Addresses(cms.held, Routes(), URLS)
    rules = {rule.source: rule.target for rule in crawled(cms, of).rules.rules}
    assert (rules["?p=9"], rules["/welcome"], rules["/welcome/"]) == ("/", "/", "/")


def test_two_pages_that_only_a_private_parent_told_apart_are_both_there(plain: ScriptedCms) -> None:
    child = Item(kind="page", id=8, link=f"{HOME}/?page_id=8", slug="company", parent=99)
    plain.held = msgspec.structs.replace(plain.held, items=(*plain.held.items, child))
    layer = crawled(plain, Addresses(plain.held, Routes(), URLS))
    assert {"/company/", "/company-8/"} <= layer.entries.keys()
    assert layer.crawled.collisions == {}
