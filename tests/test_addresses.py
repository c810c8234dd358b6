"""Where an address of the CMS leads on the public site, and what the public may not have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.addresses import Address, Addresses, SiteUrls
from publisher.discovery import listed, usual
from publisher.inventory import Inventory
from publisher.paths import is_shortened
from publisher.routes import Routes
from publisher.scope import Scope
from tests.samples import HOME, PUBLIC, addresses, inventory

PLAIN, BLOG = addresses(), addresses("/blog/%post_id%.html")


def located(of: Addresses, url: str) -> Address:
    address = of.locate(url)
    assert address is not None
    return address


@pytest.mark.parametrize(
    ("url", "href", "asked"),
    [
        ("", "/", "/"),
        ("/", "/", "/"),
        ("/?p=12", "/blog/12.html", "/?p=12"),
        ("/?p=12&utm_source=x", "/blog/12.html", "/?p=12"),
        ("/?page_id=12", "/blog/12.html", "/?p=12"),
        ("/?p=12&page=2", "/blog/12/2.html", "/?p=12&page=2"),
        ("/?page_id=4", "/%E4%BC%9A%E7%A4%BE%E6%A6%82%E8%A6%81/", "/?page_id=4"),
        ("/?cat=5&amp;paged=2", "/category/news/tokyo/page/2/", "/?cat=5&paged=2"),
        ("/?p=50", "/wp-content/uploads/2020/01/logo.png", "/wp-content/uploads/2020/01/logo.png"),
        ("/a.css?ver=6.1", "/a.css?ver=6.1", "/a.css"),
        ("/a.php?x=1", "/a.php?x=1", "/a.php?x=1"),
        ("/写真 1.jpg", "/%E5%86%99%E7%9C%9F%201.jpg", "/%E5%86%99%E7%9C%9F%201.jpg"),
        ("/a%2Fb.png", "/a/b.png", "/a%2Fb.png"),
        ("/x/../a.png", "/a.png", "/a.png"),
        ("/../../a.png", "/a.png", "/a.png"),
        ("//x///a.png", "/x/a.png", "/x/a.png"),
    ],
)
def test_a_public_address(url: str, href: str, asked: str) -> None:
    address = located(PLAIN, HOME + url)
    assert (address.href, address.url) == (href, HOME + asked)
    assert address.path is not None
    assert address.path.url == href.partition("?")[0]


@pytest.mark.parametrize("url", ["/?p=12", "/blog/12.html", "/blog/12.html/", "/index.php?p=12"])
def test_an_object_is_asked_for_by_its_own_link(url: str) -> None:
    assert located(BLOG, HOME + url).url == f"{HOME}/blog/12.html"


@pytest.mark.parametrize(
    ("of", "url", "path", "asked"),
    [
        (PLAIN, "/?p=12&cpage=2&q=3", "/blog/12/q-3.html", "/?p=12&q=3"),
        (PLAIN, "/?q=3&page_id=12", "/blog/12/q-3.html", "/?p=12&q=3"),
        (BLOG, "/blog/12.html/comment-page-2?q=3", "/blog/12/q-3.html", "/blog/12.html?q=3"),
        (BLOG, "/?p=12&q=3", "/blog/12/q-3.html", "/blog/12.html?q=3"),
        (PLAIN, "/?feed=rss2&cat=5&q=3", "/category/news/tokyo/feed.xml", "/?feed=rss2&cat=5"),
        (BLOG, "/feed/?q=3", "/feed.xml", "/feed/"),
    ],
)
def test_what_selects_nothing_is_not_asked_for(
    of: Addresses, url: str, path: str, asked: str
) -> None:
    address = located(of, HOME + url)
    assert (address.path, address.url) == (path, HOME + asked)


@pytest.mark.parametrize(
    "url",
    ["/?p=1700", "/?page_id=1700", "/?p=1700&page=2", "/?p=1700&feed=rss2", "/wp-login.php",
     "/wp-admin/", "/?rest_route=/", "/wp-json/wp/v2/users", "/?s=x", "/?p=12&preview=true",
     "/%2e%2e/x", "/a%00b", "/a%5Cb", "/..%2fx", "/x/..%2F..%2Fy", "/?tag=..",
     "/?author_name=alice"],
)  # fmt: skip
def test_what_the_public_may_not_have_is_withheld(url: str) -> None:
    address = located(PLAIN, HOME + url)
    assert (address.path, address.view, address.href) == (None, None, url)


def test_a_protected_post_is_withheld_at_its_path() -> None:
    assert located(BLOG, f"{HOME}/blog/1700.html").path is None
    assert located(BLOG, f"{HOME}/blog/1700.html/embed/").path is None


@pytest.mark.parametrize(
    "url",
    ["https://other.example/?p=12", "http://127.0.0.1:8182/", "mailto:a@b.jp",
     "ftp://127.0.0.1:8181/", "/?p=12", "", "http://[", "http://127.0.0.1:x/", "http://x127.0.0.1:8181"],
)  # fmt: skip
def test_what_is_elsewhere_is_no_address_of_the_cms(url: str) -> None:
    assert PLAIN.locate(url) is None


def test_an_address_without_the_port_is_the_cms_too() -> None:
    """WordPress leaves it out of the feeds' own address (`self_link`)."""
    assert located(PLAIN, "http://127.0.0.1/?p=12") == located(PLAIN, f"{HOME}/?p=12")


@given(st.text(max_size=30))
def test_anything_after_the_host_has_an_answer(text: str) -> None:
    PLAIN.locate(f"{HOME}/{text}")
    PLAIN.locate(HOME + text)
    PLAIN.locate(text)


@pytest.mark.parametrize("scheme", ["http", "https", "HTTPS"])
@pytest.mark.parametrize("host", ["staging.example.test", "STAGING.example.test:443"])
def test_scheme_case_and_default_ports_do_not_matter(scheme: str, host: str) -> None:
    of = addresses(home="http://staging.example.test")
    assert located(of, f"{scheme}://{host}/?p=12").href == "/blog/12.html"


def test_a_cms_that_is_reached_elsewhere_than_it_believes_is_known_at_both() -> None:
    of = addresses(home="http://cms.example.test", reached_at="http://127.0.0.1:8181")
    for host in ("http://cms.example.test", "http://127.0.0.1:8181"):
        address = located(of, f"{host}/?p=12")
        assert (address.href, address.url) == ("/blog/12.html", "http://cms.example.test/?p=12")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/cms/?p=12", "/blog/12.html"),
        ("/cms", "/"),
        ("/cms/", "/"),
        ("/cms/wp-content/a.png", "/wp-content/a.png"),
        ("/cms/../x.png", None),
        ("/", None),
        ("/other/", None),
        ("/cmsx/", None),
        ("/?p=12", None),
    ],
)
def test_a_cms_in_a_subdirectory_has_nothing_outside_it(url: str, path: str | None) -> None:
    of = addresses(home=f"{HOME}/cms")
    assert located(of, HOME + url).path == path


@pytest.mark.parametrize(
    ("permalinks", "cutover", "url", "identity"),
    [
        ("", "", "/?p=12", "/?p=12"),
        ("", "", "/?p=1632", "/?p=1632"),
        ("", "2010-01-01", "/?p=12", "/?p=12"),
        ("", "2010-01-01", "/?p=1632", "/blog/1632.html"),
        ("", "2020-01-02", "/?p=1632", "/blog/1632.html"),
        ("", "2020-01-03", "/?p=1632", "/?p=1632"),
        ("", "", "/?p=12&page=2", "/blog/12/2.html"),
        ("", "", "/?page_id=3", "/company/access/"),
        ("", "", "/?cat=5", "/category/news/tokyo/"),
        ("/%postname%/", "", "/?p=12", "/first/"),
        ("/%postname%/", "2010-01-01", "/?p=1632", "/blog/1632.html"),
        ("", "", "/wp-login.php", "/wp-login.php"),
    ],
)
def test_an_old_post_keeps_the_url_by_which_it_was_shared(
    permalinks: str, cutover: str, url: str, identity: str
) -> None:
    of = addresses(permalinks, cutover=cutover)
    assert of.identity(located(of, HOME + url)) == PUBLIC + identity


def test_the_social_identity_of_a_cms_in_a_subdirectory_is_below_the_sites_root() -> None:
    of = addresses("/%postname%/", home=f"{HOME}/cms")
    assert of.identity(located(of, f"{HOME}/cms/?p=12")) == f"{PUBLIC}/first/"


@pytest.mark.parametrize(
    ("cms", "hosts"),
    [
        ("http://127.0.0.1:8181/news", {"127.0.0.1:8181", "//127.0.0.1", "localhost:8181"}),
        ("http://localhost:81", {"localhost:81", "//localhost", "127.0.0.1:81"}),
        ("http://localhost", {"localhost", "//127.0.0.1"}),
        ("http://[::1]:81", {"[::1]:81", "//[::1]"}),
        ("http://10.0.0.7", {"10.0.0.7"}),
        ("http://Staging.Example.test", {"staging.example.test", "www.staging.example.test"}),
        ("http://a:b@staging.example.test:81/x",
         {"staging.example.test:81", "staging.example.test", "www.staging.example.test"}),
        ("http://www.staging.example.test",
         {"staging.example.test", "www.staging.example.test"}),
        ("http://テスト.example.test",
         {"テスト.example.test", "xn--zckzah.example.test", "www.テスト.example.test",
          "www.xn--zckzah.example.test"}),
        ("http://example.co.jp", {"example.co.jp"}),
        ("http://www.example.co.jp:81", {"www.example.co.jp:81"}),
        ("https://www.example.co.jp", {"www.example.co.jp"}),
    ],
)  # fmt: skip
def test_the_hosts_by_which_the_cms_is_recognised(cms: str, hosts: set[str]) -> None:
    assert set(SiteUrls(PUBLIC, (cms,)).hosts) == hosts


FORMS = (
    "",
    "/blog/%post_id%.html",
    "/%postname%/",
    "/%year%/%monthnum%/%postname%/",
    "/a/%postname%",
)
PARTS = ("", "/", "2/", "?page=2", "?paged=3", "/feed/", "?feed=atom", "?cpage=2", "?a=1&b=2",
         "?utm_source=x", "?orderby=date&order=asc", "?embed=true", "?query-1-page=2&s_id=3",
         "?PHPSESSID=abc", ";jsessionid=0F1A", "?cpage=2&query-1-page=2", "?x=1&feed=rss2",
         "/comment-page-2/?query-1-page=2", "/feed/?query-1-page=2")  # fmt: skip
MORE = ("/?cat=1,5", "/?tag=wine+x", "/?foo=bar", "/?monthnum=4", "/x%93%FA%5C.png", "/e%CC%81/",
        "/v1.2", "/2.0-release/", "/a.php?x=1", "/a%2Fb", "/" + "%E3%81%82" * 400,
        "/" + "a/" * 600, "/wp-content/" + "x" * 300 + ".png",
        "/?cat=5&tag=wine&paged=2")  # fmt: skip


def generic() -> Addresses:
    """The addresses of a CMS about which nothing is known."""
    return Addresses(Inventory(home=HOME, kind="generic"), Routes(), SiteUrls(PUBLIC, (HOME,)))


@pytest.mark.parametrize("form", FORMS)
def test_what_is_asked_for_is_an_address_of_the_same_path(form: str) -> None:
    of = addresses(form)
    urls = [*listed(inventory(form)), *usual(inventory(form))]
    urls = [url + part for url in urls for part in PARTS] + [HOME + url for url in MORE]
    for url in urls:
        address = of.locate(url)
        if address and address.path is not None:
            again = located(of, address.url)
            assert (again.path, again.href.partition("?")[0]) == (address.path, address.path.url)


@given(
    st.lists(st.sampled_from(["a", "東京", "2.0", "%93%FA", "x.html", "page", "2", "feed"])),
    st.lists(
        st.tuples(
            st.sampled_from(["area", "page", "cat", "p", "q[]", "tag", "order"]),
            st.sampled_from(["", "1", "1,5", "東京", "a b", "a%26b", "x" * 99]),
        ),
        max_size=4,
    ),
    st.booleans(),
)
def test_what_is_asked_for_is_the_same_path_whatever_it_is(
    names: list[str], parameters: list[tuple[str, str]], is_folder: bool
) -> None:
    path = "/".join(["", *names]) + ("/" if is_folder or not names else "")
    query = "&".join(f"{name}={value}" for name, value in parameters)
    for of in (PLAIN, BLOG, GENERIC):
        address = located(of, f"{HOME}{path}?{query}")
        if address.path is not None:
            assert located(of, address.url).path == address.path


GENERIC = generic()


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/list?area=東京&page=2", "/list/area-東京/page-2/"),
        ("/list?page=2&area=%E6%9D%B1%E4%BA%AC&utm_source=x", "/list/area-東京/page-2/"),
        ("/list/?page=2&PHPSESSID=1", "/list/page-2/"),
        ("/list;jsessionid=0A1B?page=2", "/list/page-2/"),
        ("/list?sid=5", "/list/sid-5/"),
        ("/list?sid=0123456789abcdef0123", "/list/"),
        ("/list?c=3&b=2&a=1&e=5&d=4", "/list/a-1/b-2/c-3/d-4/"),
        ("/list.php?id=3", "/list/id-3.php"),
        ("/?p=12", "/p-12/"),
        ("/?s=x", "/s-x/"),
        ("/page/2/", "/page/2/"),
        ("/feed/", "/feed/"),
        ("/wp-login.php", "/wp-login.php"),
        ("/a.css?v=3", "/a.css"),
        ("/", "/"),
    ],
)
def test_a_cms_of_another_kind_has_its_paths_and_all_its_parameters(url: str, path: str) -> None:
    assert located(GENERIC, HOME + url).path == path


def test_values_that_look_the_same_in_a_path_are_told_apart() -> None:
    urls = ["/l?q=a b", "/l?q=a-b", "/l?q=a/b", "/l?q=" + "x" * 99, "/l?q=" + "x" * 98 + "y"]
    paths = {located(GENERIC, HOME + url).path for url in urls}
    assert len(paths) == len(urls)
    assert all(len(path.encode()) < 90 for path in paths if path)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/%E6%97%A5/", "/%e6%97%a5/"),
        ("/caf%C3%A9/", "/cafe%CC%81/"),
        ("/%E3%81%8C.png", "/%E3%81%8B%E3%82%99.png"),
        ("/日本/", "/%E6%97%A5%E6%9C%AC/"),
        ("/%41/", "/A/"),
    ],
)
def test_the_forms_of_one_path_meet(one: str, other: str) -> None:
    for of in (PLAIN, BLOG, GENERIC):
        assert located(of, HOME + one).path == located(of, HOME + other).path


def test_names_that_are_no_utf8_have_a_path_each() -> None:
    sjis = located(PLAIN, f"{HOME}/wp-content/%83%5C.png")
    assert (sjis.path, sjis.url) == ("/wp-content/~83~5C.png", f"{HOME}/wp-content/%83%5C.png")
    assert located(PLAIN, f"{HOME}/wp-content/%93%FA.png").path == "/wp-content/~93~FA.png"


@pytest.mark.parametrize(
    "url", ["/" + "a" * 961, "/" + "%E3%81%82" * 340 + "/", "/wp-content/" + "x" * 300 + ".png"]
)
def test_a_path_that_is_too_long_is_cut_and_told_apart(url: str) -> None:
    one, other = located(PLAIN, HOME + url), located(PLAIN, HOME + url[:-4] + "b" + url[-4:])
    for address in (one, other):
        assert address.path is not None
        assert is_shortened(address.path)
        assert len(address.path.key.encode()) < 1024 - 64
        assert all(len(name.encode()) <= 255 for name in address.path.key.split("/"))
    assert one.path != other.path
    assert one.url == HOME + url
    if url.endswith(".png"):
        assert (one.path or "").endswith(".png")


def test_parts_of_a_page_that_is_cut_lie_below_it() -> None:
    page = located(PLAIN, HOME + "/" + "x/" * 500)
    second = located(PLAIN, HOME + "/" + "x/" * 500 + "?q=2")
    assert page.path
    assert second.path == f"{page.path}q-2/"


@pytest.mark.parametrize(
    ("exclude", "url", "is_out"),
    [
        ("/company/*", "/company/access/", True),
        ("/company/*", "/company/", True),
        ("/company/*", "/company", True),
        ("/company/*", "/companyx/", False),
        ("/company/*", "/?page_id=3", True),
        ("/company/*", "/?page_id=3&paged=2", True),
        ("*.psd", "/wp-content/uploads/a.psd", True),
        ("*.psd", "/wp-content/uploads/a.psd?ver=1", True),
        ("*.psd", "/a.psd.png", False),
        ("*/logo*.png", "/?attachment_id=50", True),
        ("/会社*", "/%E4%BC%9A%E7%A4%BE%E6%A6%82%E8%A6%81/", True),
        ("/list?page=*", "/list?page=3", True),
        ("/list?page=*", "/list", False),
        ("/a*b*c", "/axbxc", True),
        ("/a*b*c", "/axcxb", False),
        ("/a*bab", "/abab", True),
        ("/a*ab", "/ab", False),
        ("/[ab]", "/a", False),
    ],
)
def test_what_is_excluded_is_withheld(exclude: str, url: str, is_out: bool) -> None:
    urls = SiteUrls(PUBLIC, (HOME,))
    of = Addresses(inventory("/%postname%/"), Routes(), urls, scope=Scope(exclude=(exclude,)))
    address = located(of, HOME + url)
    assert (address.path is None) == is_out


def test_remembered_addresses_are_bounded() -> None:
    of = addresses()
    for number in range(20_010):
        of.locate(f"{HOME}/?p={number}")
    assert len(of._known) <= 20_000
    assert located(of, f"{HOME}/?p=12").path == "/blog/12.html"


def test_attachments_can_have_pages() -> None:
    of = addresses(routes=Routes(attachment="/media/{id}/"))
    address = located(of, f"{HOME}/?attachment_id=50")
    assert (address.path, address.url) == ("/media/50/", f"{HOME}/?attachment_id=50")
