"""What a URL of WordPress means, in every form that WordPress gives its links."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.inventory import Inventory
from publisher.views import View, Views
from tests.samples import inventory

BLOG, NAME, DATED = "/blog/%post_id%.html", "/%postname%/", "/%year%/%monthnum%/%postname%/"
PLAIN = Views(inventory())
FORMS = {form: Views(inventory(form)) for form in (BLOG, NAME, DATED)}
POST, PAGE, HOME = View("post", "12"), View("page", "3"), View("home")


def view_of(views: Views, url: str) -> View | None:
    path, _, query = url.partition("?")
    return views.of(path, query)


@pytest.mark.parametrize(
    ("url", "view"),
    [
        ("/", HOME),
        ("/index.php", HOME),
        ("/?p=12", POST),
        ("/index.php?p=12", POST),
        ("/?p=012", POST),
        ("/?p=12abc", POST),
        ("/?p=%31%32", POST),
        ("/?p=1632&p=12", POST),
        ("/?page_id=12", POST),
        ("/?name=first", POST),
        ("/?p=3", PAGE),
        ("/?page_id=3", PAGE),
        ("/?pagename=company/access", PAGE),
        ("/?p=999", View("post", "999")),
        ("/?p=12&page=2", View("post", "12", page=2)),
        ("/?p=12&page=1", POST),
        ("/?p=12&page=0", POST),
        ("/?p=12&page=x", POST),
        ("/?p=12&cpage=2", View("post", "12", cpage=2)),
        ("/?p=12&feed=rss2", View("post", "12", feed="rss2")),
        ("/?feed=comments-rss2&p=12", View("post", "12", feed="rss2")),
        ("/?p=12&embed=true", View("post", "12", embed=True)),
        ("/?attachment_id=50", View("attachment", "50")),
        ("/?p=50", View("attachment", "50")),
        ("/?p=90", View("item", "book:90")),
        ("/?book=red", View("item", "book:90")),
        ("/?post_type=book&name=red", View("item", "book:90")),
        ("/?post_type=book", View("archive", "book")),
        ("/?cat=5", View("term", "category:5")),
        ("/?cat=5&paged=2", View("term", "category:5", paged=2)),
        ("/?category_name=news/tokyo", View("term", "category:5")),
        ("/?cat=99", View("term", "category:99")),
        ("/?tag=wine", View("term", "post_tag:7")),
        ("/?tag_id=7", View("term", "post_tag:7")),
        ("/?tag=nope", View("term", "post_tag:nope")),
        ("/?genre=crime", View("term", "genre:8")),
        ("/?taxonomy=genre&term=crime", View("term", "genre:8")),
        ("/?post_format=aside", View("term", "post_format:aside")),
        ("/?author=1&paged=3", View("author", "1", paged=3)),
        ("/?m=2009", View("date", "2009")),
        ("/?m=200904", View("date", "200904")),
        ("/?m=20090401", View("date", "20090401")),
        ("/?year=2009&monthnum=4&day=1", View("date", "20090401")),
        ("/?paged=2", View("home", paged=2)),
        ("/?paged=1", HOME),
        ("/?feed=rss2", View("home", feed="rss2")),
        ("/?feed=feed", View("home", feed="rss2")),
        ("/?feed=atom", View("home", feed="atom")),
        ("/?feed=comments-rss2", View("home", feed="comments-rss2")),
        ("/?feed=rss2&amp;cat=1", View("term", "category:1", feed="rss2")),
        ("/?robots=1", View("robots")),
        ("/?sitemap=index", View("sitemap", "/wp-sitemap.xml")),
        (
            "/?sitemap=posts&sitemap-subtype=post&paged=2",
            View("sitemap", "/wp-sitemap-posts-post-2.xml"),
        ),
        ("/?sitemap-stylesheet=index", View("sitemap", "/wp-sitemap-index.xsl")),
        ("/?sitemap-stylesheet=sitemap", View("sitemap", "/wp-sitemap.xsl")),
        ("/?p=12&utm_source=x&fbclid=y&ver=3", POST),
        ("/?p=12&query-1-page=2", View("post", "12", variant="query-1-page=2")),
        ("/?p=12&a=1&b=2", View("post", "12", variant="b=2")),
        ("/?p=12&cpage=2&query-1-page=2", View("post", "12", variant="query-1-page=2")),
        ("/?query-1-page=2&p=12&cpage=2", View("post", "12", variant="query-1-page=2")),
        ("/?p=12&page=3&a=1", View("post", "12", page=3, variant="a=1")),
        ("/?p=12&cpage=2&utm_source=x", View("post", "12", cpage=2)),
        ("/?feed=rss2&query-1-page=2", View("home", feed="rss2")),
        ("/?cat=5&feed=rss2&query-1-page=2", View("term", "category:5", feed="rss2")),
        ("/?query-1-page=2&feed=atom&p=12", View("post", "12", feed="atom")),
        ("/?feed=rss2&paged=2&x=1", View("home", feed="rss2", paged=2)),
        ("/?feed=rss2&orderby=title&x=1", View("home", feed="rss2", variant="orderby=title")),
        ("/?p=12&a=", POST),
        ("/?cat=1,5", View("query", "cat=1,5")),
        ("/?cat=5,1&paged=2", View("query", "cat=1,5", paged=2)),
        ("/?cat=-5", View("query", "cat=-5")),
        ("/?cat=5x", View("term", "category:5")),
        ("/?tag=b+a", View("query", "tag=a+b")),
        ("/?tag=a%2Bb", View("query", "tag=a+b")),
        ("/?tag=b,a", View("query", "tag=a,b")),
        ("/?cat=5&tag=wine", View("query", "cat=5&tag=wine")),
        ("/?author=1&cat=5", View("query", "author=1&cat=5")),
        ("/?author=1,2", View("query", "author=1,2")),
        ("/?post_type=book&genre=crime", View("query", "genre=crime&post_type=book")),
        ("/?monthnum=4", View("query", "monthnum=4")),
        ("/?m=2009&cat=5", View("query", "cat=5&m=2009")),
        ("/?w=12", View("query", "w=12")),
        ("/?name=nope", View("query", "name=nope")),
        ("/?name=first&cat=5", POST),
        ("/?order=asc", View("home", variant="order=asc")),
        ("/?order=asc&orderby=title&x=1", View("home", variant="order=asc&orderby=title&x=1")),
        ("/?cat=5&order=asc", View("term", "category:5", variant="order=asc")),
        ("/?foo=bar", View("home", variant="foo=bar")),
        ("/?foo=a%26b%3D", View("home", variant="foo=a%26b%3D")),
        ("/?query-1-page=2", View("home", variant="query-1-page=2")),
        ("/?p=12&PHPSESSID=x", POST),
        ("/?p=12&sid=7", View("post", "12", variant="sid=7")),
        ("/?p=12&sid=0123456789abcdef", POST),
        ("/?p=abc", HOME),
        ("/?p=" + "9" * 5000, HOME),
        ("/?paged=" + "9" * 5000, HOME),
    ],
)
def test_a_query_means_the_same_whatever_the_permalinks_are(url: str, view: View) -> None:
    for views in (PLAIN, *FORMS.values()):
        assert view_of(views, url) == view


@pytest.mark.parametrize(
    ("form", "post"),
    [(BLOG, "/blog/12.html"), (NAME, "/first"), (DATED, "/2009/04/first")],
)
@pytest.mark.parametrize(
    ("part", "view"),
    [
        ("", POST),
        ("/", POST),
        ("/?page=2", View("post", "12", page=2)),
        ("/2/", View("post", "12", page=2)),
        ("/2", View("post", "12", page=2)),
        ("/1/", POST),
        ("/0/", POST),
        ("/feed/", View("post", "12", feed="rss2")),
        ("/feed/atom/", View("post", "12", feed="atom")),
        ("/comment-page-2/", View("post", "12", cpage=2)),
        ("/comment-page-2/?query-1-page=3", View("post", "12", variant="query-1-page=3")),
        ("/feed/?query-1-page=3", View("post", "12", feed="rss2")),
        ("/2/comment-page-3", View("post", "12", page=2, cpage=3)),
        ("/embed/", View("post", "12", embed=True)),
        ("/trackback/", None),
        ("?preview=true", None),
    ],
)
def test_a_post_and_its_parts_by_path(form: str, post: str, part: str, view: View | None) -> None:
    assert view_of(FORMS[form], post + part) == view


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("url", "view"),
    [
        ("/company/", View("page", "2")),
        ("/company", View("page", "2")),
        ("/index.php/company/", View("page", "2")),
        ("/company/access/", PAGE),
        ("/company/access/2/", View("page", "3", page=2)),
        ("/access/", View("path", "/access")),
        ("/%E4%BC%9A%E7%A4%BE%E6%A6%82%E8%A6%81/", View("page", "4")),
        ("/%e4%bc%9a%e7%a4%be%e6%a6%82%e8%a6%81", View("page", "4")),
        ("/category/news/tokyo/page/2/", View("term", "category:5", paged=2)),
        ("/category/news/feed/", View("term", "category:1", feed="rss2")),
        ("/tag/wine/", View("term", "post_tag:7")),
        ("/author/alice/page/2", View("author", "1", paged=2)),
        ("/2009/", View("date", "2009")),
        ("/2009/4/1", View("date", "20090401")),
        ("/2009/04/page/2/", View("date", "200904", paged=2)),
        ("/page/2/", View("home", paged=2)),
        ("/page/1/", HOME),
        ("/page/2/?query-1-page=3", View("home", paged=2, variant="query-1-page=3")),
        ("/feed/", View("home", feed="rss2")),
        ("/feed/rdf/", View("home", feed="rdf")),
        ("/comments/feed/", View("home", feed="comments-rss2")),
        ("/comments/feed/atom/", View("home", feed="comments-atom")),
        ("/wp-sitemap.xml", View("sitemap", "/wp-sitemap.xml")),
        ("/wp-sitemap-posts-post-1.xml", View("sitemap", "/wp-sitemap-posts-post-1.xml")),
        ("/robots.txt", View("robots")),
        ("/wp-content/a.css?ver=6.1", View("file", "/wp-content/a.css")),
        ("/wp-content/plugins/x/style", View("file", "/wp-content/plugins/x/style")),
        ("/node.js/", View("path", "/node.js")),
        ("/v1.2", View("path", "/v1.2")),
        ("/%E5%9B%B3%E9%9D%A2.jww", View("file", "/図面.jww")),
        ("/bbs.cgi?page=2", View("path", "/bbs.cgi", page=2)),
        ("/2.0-release/", View("path", "/2.0-release")),
        ("/company/;jsessionid=0A", View("page", "2")),
        ("/category/news/?tag=wine", View("term", "category:1", variant="tag=wine")),
        ("/company/" + "9" * 5000 + "/", View("path", "/company/" + "9" * 5000)),
        ("/page/" + "9" * 4000 + "/", HOME),
        ("/feed/page/2" * 1000, View("path", "/feed/page/2" * 1000)),
        ("/old/page.html", View("file", "/old/page.html")),
    ],
)
def test_what_a_path_means(form: str, url: str, view: View) -> None:
    assert view_of(FORMS[form], url) == view


@pytest.mark.parametrize(
    "url",
    [
        "/wp-admin/", "/wp-admin", "/wp-admin/admin-ajax.php", "/wp%2Dadmin/", "/wp-login.php",
        "/wp-login.php?redirect_to=x", "/wp-json/", "/wp-json/wp/v2/posts", "/index.php/wp-json/",
        "/?rest_route=/", "/xmlrpc.php?rsd", "/wp-cron.php", "/wp-comments-post.php", "/search/x/",
        "/?s=x", "/?s=", "/?p=12&preview=true", "/?p=12&preview_id=12", "/?p=12&replytocom=3",
        "/?_wpnonce=1", "/?wc-ajax=x", "/company/?s=x",
    ],
)  # fmt: skip
def test_what_only_the_cms_and_its_users_need_has_no_view(url: str) -> None:
    for views in (PLAIN, *FORMS.values()):
        assert view_of(views, url) is None


def test_an_author_is_never_known_by_log_in_name() -> None:
    for name in ("alice", "alice/", "x/alice"):
        assert view_of(FORMS[NAME], f"/?author_name={name}") == View("author", "1")
    for views in (PLAIN, *FORMS.values()):
        assert view_of(views, "/?author_name=nobody") is None
        assert view_of(views, "/?author_name=alice&cat=5") is None


def test_another_kind_of_cms_gives_no_meaning_to_paths_and_queries() -> None:
    views = Views(Inventory(home="http://127.0.0.1:8181", kind="generic"))
    assert view_of(views, "/wp-admin/") == View("path", "/wp-admin")
    assert view_of(views, "/?p=12&s=x") == View("home", variant="p=12&s=x")
    assert view_of(views, "/a.php?b=1") == View("file", "/a.php", variant="b=1")
    assert view_of(views, "/a.css?b=1") == View("file", "/a.css")
    for name in ("/図面.jww", "/a.GLB", "/seg0.ts", "/top.shtml", "/a.aspx", "/asp.net"):
        assert view_of(views, name) == View("file", name)
    assert view_of(views, "/top.shtml?b=1") == View("file", "/top.shtml", variant="b=1")
    assert view_of(views, "/asp.net?page=2") == View("file", "/asp.net", variant="page=2")
    for name in ("/v1.2", "/ver.20240101", "/a.numbers9"):
        assert view_of(views, name) == View("path", name)
    assert view_of(views, "/2009/04/page/2/") == View("path", "/2009/04/page/2")
    assert (
        views.asked_query("b=1&utm_source=x&a=2", View("path", "/x", variant="a=2&b=1"))
        == "b=1&a=2"
    )


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("p=12&utm_source=x", "p=12"),
        ("utm_source=x&p=12&page=2", "p=12&page=2"),
        ("p=12&a=1&b=2", "p=12&b=2"),
        ("cat=5&amp;paged=2", "cat=5&paged=2"),
        ("feed=rss2&amp;cat=1", "feed=rss2&cat=1"),
        ("query-1-page=2&cst", "query-1-page=2"),
        ("p=12&cpage=2&query-1-page=2", "p=12&query-1-page=2"),
        ("p=12&cpage=2", "p=12&cpage=2"),
        ("cat=5&feed=rss2&query-1-page=2", "cat=5&feed=rss2"),
        ("", ""),
    ],
)
def test_only_what_selects_the_view_is_asked_of_the_cms(query: str, asked: str) -> None:
    view = PLAIN.of("/", query)
    assert view is not None
    assert PLAIN.asked_query(query, view) == asked
    assert PLAIN.of("/", asked) == view


@given(
    st.text(st.sampled_from("/ab2.-%0fé²"), max_size=12),
    st.text(st.sampled_from("p=&12cat;amp%3²+"), max_size=16),
)
def test_any_address_has_a_view_or_none(path: str, query: str) -> None:
    for views in (PLAIN, *FORMS.values()):
        view = views.of("/" + path, query)
        assert view is None or isinstance(view, View)


def test_an_attachments_page_is_not_the_object_itself() -> None:
    assert POST.is_first
    assert not View("post", "12", cpage=1).is_first
    assert not View("post", "12", variant="a=1").is_first
