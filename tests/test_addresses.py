"""Where an address of the CMS leads on the public site, and what the public may not have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.addresses import Address, Addresses, SiteUrls
from tests.samples import HOME, PUBLIC, addresses

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
    "url",
    ["/?p=1700", "/?page_id=1700", "/?p=1700&page=2", "/?p=1700&feed=rss2", "/wp-login.php",
     "/wp-admin/", "/?rest_route=/", "/wp-json/wp/v2/users", "/?s=x", "/?p=12&preview=true",
     "/%2e%2e/x", "/a%00b", "/a%5Cb", "/?tag=..", "/" + "a" * 961],
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
        ("http://www.example.co.jp:81", {"www.example.co.jp:81", "example.co.jp"}),
    ],
)  # fmt: skip
def test_the_hosts_by_which_the_cms_is_recognised(cms: str, hosts: set[str]) -> None:
    assert set(SiteUrls(PUBLIC, (cms,)).hosts) == hosts
