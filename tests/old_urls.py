"""Old URLs of a WordPress in every form that links, feeds, mails and typing errors give them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from tests.library_site import (
    ACCESS,
    BOOK,
    COMMENTED,
    COMPANY,
    DRAFT_BOOK,
    KANA,
    MEMO,
    MOVIE,
    NUMERIC,
    OLD_SLUG,
    PAGES_POST,
    POST,
    PROTECTED,
    RED_BOOK,
    REDATED,
    RENAMED,
    REUSING,
    UNPUBLISHED,
    Library,
)

NOBODY = 987654
IDS = ("p", "page_id", "attachment_id")
NUMBERS = (
    "{}", "0{}", "{}/", "{}abc", "+{}", "%20{}", "-{}", "{}.", "{},", "{})", "{}%22", "{}'", "{};",
    "{}%7D", "{}!", "{}%20", "{}%C2%A0", "{}%E2%80%9D", "{}%E3%80%82", "{}。", "{}」", "{}、",
    "{}%EF%BC%89", "{}　", "{}%2F", "{}.5", "{}%00", "0x{}", "{}e0", "", "abc",
    "{}%81%42", "{}%E3%80", "{}%",
)  # fmt: skip
KEPT = ("utm_source=x", "fbclid", "fbclid=", "replytocom=9", "amp", "amp=1", "a=1&b=2&a=3", "s%5B",
        "lang=ja", "__proto__=1", "%70%61=1")  # fmt: skip


def old_urls(site: Library) -> list[str]:
    """All of them, each once, from the root of the site."""
    forms = (_ids, _numbers, _several, _names, _terms, _lists, _dates, _feeds, _parts, _types,
             _entry, _unpublished, _paths)  # fmt: skip
    return list(dict.fromkeys(url for form in forms for url in form(site)))


def _ids(site: Library) -> Iterator[str]:
    picture, hidden = site.pictures
    known = (POST, RENAMED, COMPANY, ACCESS, picture, hidden, BOOK, MOVIE, MEMO, NOBODY,
             site.revision)  # fmt: skip
    for number in known:
        for name in IDS:
            yield f"/?{name}={number}"


def _numbers(site: Library) -> Iterator[str]:
    for form in NUMBERS:
        yield f"/?p={form.format(POST)}"
    for form in NUMBERS[:10]:
        yield f"/?page_id={form.format(COMPANY)}"
        yield f"/?attachment_id={form.format(site.pictures[0])}"
        yield f"/?cat={form.format(1)}"
        yield f"/?author={form.format(1)}"


def _several(site: Library) -> Iterator[str]:
    yield f"/?p=1&p={POST}"
    yield f"/?p={POST}&p="
    yield f"/?p[]={POST}"
    yield f"/?p%5B%5D={POST}"
    yield f"/?p[x]={POST}"
    yield f"/?P={POST}"
    yield f"/?%70={POST}"
    yield f"/?&&p={POST}&"
    yield f"/?p={POST}&page_id={COMPANY}"
    yield f"/?page_id={COMPANY}&p={POST}"
    yield f"/?attachment_id={site.pictures[0]}&p={POST}"
    yield f"/?page_id={COMPANY}&attachment_id={site.pictures[0]}"
    yield f"/?p={POST}&cat=1"
    yield f"/?cat=1&p={POST}"
    yield f"/?p={POST}&m=2009"
    yield f"/?p={POST}&name=new-name"
    yield f"/?p={POST}&author=1"
    yield f"/?p={POST}&paged=2"
    yield f"/?page_id={COMPANY}&name=new-name"
    yield f"/?pagename=contact&p={POST}"
    yield f"/?p={POST}&post_type=post"
    yield f"/?p={POST}&post_type=page"
    yield f"/?p={BOOK}&post_type=book"
    yield f"/?post_type=any&p={BOOK}"
    yield f"/?post_type=book&p={POST}"
    yield f"/?page_id={COMPANY}&post_type=page"
    for kept in KEPT:
        yield f"/?{kept}"
        yield f"/?{kept}&p={POST}"
        yield f"/?p={POST}&{kept}"
    yield f"/?utm_source=x&amp;p={POST}"
    yield f"/?p={POST}&amp;utm_source=x"
    yield f"/?p={POST}&amp;page=2"


def _names(site: Library) -> Iterator[str]:
    japanese = "ニュース"
    for slug in ("new-name", "reused", "2015", "three-pages", "new-nam", "NEW-NAME", "nobody"):
        yield f"/?name={slug}"
    yield "/?name=new-name/"
    yield "/?name=new-name&year=2011&monthnum=3"
    yield "/?name=new-name&year=2012"
    yield "/?name=new-name&post_type=post"
    yield "/?name=company&post_type=page"
    yield "/?pagename=company"
    yield "/?pagename=company/"
    child = quote(site.addresses.views.items[ACCESS].slug)
    yield f"/?pagename=company/{child}"
    yield f"/?pagename=company%2F{child}/"
    yield f"/?pagename={child}"
    yield "/?pagename=nobody"
    yield "/?attachment=open"
    for word in (japanese, unicodedata.normalize("NFD", japanese)):
        yield f"/?s={quote(word)}"
    yield f"/?name={quote(OLD_SLUG)}"


def _terms(site: Library) -> Iterator[str]:
    terms = site.addresses.views.inventory.terms
    categories = [term for term in terms if term.taxonomy == "category"]
    children = [term for term in categories if term.parent]
    tags = [term for term in terms if term.taxonomy == "post_tag"]
    foreign = [term for term in (*categories, *tags) if not term.slug.isascii()]
    for term in (*categories[:3], *children[:2]):
        yield f"/?cat={term.id}"
        yield f"/?category_name={quote(term.slug)}"
    for term in children[:2]:
        parent = site.addresses.views.terms["category", term.parent]
        yield f"/?category_name={quote(parent.slug)}/{quote(term.slug)}"
        yield f"/?category_name={quote(parent.slug)}%2F{quote(term.slug)}"
    for term in tags[:3]:
        yield f"/?tag={quote(term.slug)}"
        yield f"/?tag_id={term.id}"
        yield f"/?tag={quote(term.slug)}."
        yield f"/?tag={quote(term.slug)}&feed=rss2"
    for term in foreign[:4]:
        name = "tag" if term.taxonomy == "post_tag" else "category_name"
        yield f"/?{name}={term.slug}"
        yield f"/?{name}={quote(term.slug)}"
        yield f"/?{name}={quote(term.slug).lower()}"
        yield f"/?{name}={quote(unicodedata.normalize('NFD', term.slug))}"
    one, other = categories[0], categories[1]
    yield f"/?cat={one.id},{other.id}"
    yield f"/?cat={one.id},"
    yield f"/?cat=-{one.id}"
    yield f"/?cat={one.id}&tag={quote(tags[0].slug)}"
    yield f"/?cat={one.id}&author=1"
    yield f"/?cat={one.id}&m=2009"
    yield f"/?cat={one.id}&paged=2"
    yield f"/?cat={one.id}&paged=99"
    yield f"/?cat={one.id}&paged=1"
    yield f"/?cat={one.id}&utm_source=x"
    yield f"/?cat={one.id}&category_name={quote(other.slug)}"
    yield f"/?cat={NOBODY}"
    yield "/?cat="
    yield "/?tag="
    yield "/?tag=nobody"
    yield "/?category_name=nobody"
    yield f"/?tag={quote(tags[0].slug)},{quote(tags[1].slug)}"
    yield f"/?tag={quote(tags[0].slug)}+{quote(tags[1].slug)}"
    yield f"/?taxonomy=category&term={quote(one.slug)}"
    yield f"/?taxonomy=post_tag&term={quote(tags[0].slug)}"
    yield "/?taxonomy=nobody&term=x"
    yield "/?taxonomy=genre"
    yield "/?post_format=gallery"
    yield "/?post_format=post-format-gallery"


def _lists(site: Library) -> Iterator[str]:
    for value in ("1", "2", "99", "abc", "1/", "1,2", "-1"):
        yield f"/?author={value}"
    for author in site.addresses.views.inventory.authors[:2]:
        yield f"/?author={author.id}&paged=2"
        yield f"/?author={author.id}&feed=rss2"
        yield f"/?author={author.id}&m=2009"
        yield f"/?author_name={author.slug}"
    yield "/?author_name=nobody"
    for value in ("0", "1", "2", "99", "abc", "-1", "02"):
        yield f"/?paged={value}"
    for value in ("0", "1", "2", "99"):
        yield f"/?page={value}"
        yield f"/?cpage={value}"
    yield "/?paged=2&utm_source=x"
    yield "/?p="
    yield "/?page_id="
    yield "/?"
    yield "/?=1"
    yield "/?&"
    yield "/?unknown=1"
    yield "/?order=asc"


def _dates(site: Library) -> Iterator[str]:
    for m in ("2009", "200904", "20090401", "2009-04", "2009-04-01", "20090", "200913", "20090431",
              "1999", "abc", "", "200904010101"):  # fmt: skip
        yield f"/?m={m}"
    for query in (
        "year=2009", "year=2009&monthnum=4", "year=2009&monthnum=04", "year=2009&monthnum=4&day=1",
        "day=01&monthnum=04&year=2009", "monthnum=4", "day=1", "year=2009&day=1", "year=09",
        "year=2009&monthnum=13", "year=2009&monthnum=2&day=31", "m=2009&monthnum=4", "year=",
        "year=2009&monthnum=", "m=2009&paged=2", "m=200904&feed=rss2", "year=2009&utm_source=x",
        "m=2009&year=2010", "w=14", "year=2009&w=14", "hour=1",
    ):  # fmt: skip
        yield f"/?{query}"


def _feeds(site: Library) -> Iterator[str]:
    for name in ("rss2", "rss", "feed", "atom", "rdf", "comments-rss2", "comments-atom",
                 "comments-feed", "nonsense", "", "RSS2", "rss2/"):  # fmt: skip
        yield f"/?feed={name}"
    for name in ("rss2", "rss", "atom", "comments-rss2"):
        yield f"/?p={COMMENTED}&feed={name}"
        yield f"/?feed={name}&p={COMMENTED}"
        yield f"/?cat=1&feed={name}"
    yield f"/?page_id={COMPANY}&feed=rss2"
    yield f"/?attachment_id={site.pictures[0]}&feed=rss2"
    yield "/?feed=rss2&withcomments=1"
    yield "/?feed=rss2&paged=2"
    yield f"/?feed=rss2&p={NOBODY}"


def _parts(site: Library) -> Iterator[str]:
    for number in ("0", "1", "2", "3", "4", "99", "2/", "02", "-2", "abc", ""):
        yield f"/?p={PAGES_POST}&page={number}"
    for number in ("2", "3"):
        yield f"/?page={number}&p={PAGES_POST}"
        yield f"/?name=three-pages&page={number}"
        yield f"/?page_id={PAGES_POST}&page={number}"
    for number in ("0", "1", "2", "3", "99"):
        yield f"/?p={COMMENTED}&cpage={number}"
    yield f"/?p={POST}&page=2"
    yield f"/?page_id={COMPANY}&page=2"
    yield f"/?p={POST}&cpage=2"
    for value in ("true", "1", "", "0"):
        yield f"/?p={POST}&embed={value}"
    for value in ("true", "1", ""):
        yield f"/?p={POST}&preview={value}"
    yield f"/?preview=true&page_id={COMPANY}&preview_id={COMPANY}"
    yield f"/?p={POST}&tb=1"


def _types(site: Library) -> Iterator[str]:
    for value in (KANA, unicodedata.normalize("NFD", KANA)):
        yield f"/?book={quote(value)}"
        yield f"/?book={quote(value).lower()}"
        yield f"/?post_type=book&name={quote(value)}"
    yield "/?book=red"
    yield "/?book=red/"
    yield "/?book=red."
    yield "/?book=RED"
    yield "/?book=nobody"
    yield "/?book="
    yield "/?book=unwritten"
    yield "/?book=red&utm_source=x"
    yield "/?utm_source=x&fbclid&book=red"
    yield f"/?book=red&p={POST}"
    yield "/?book=red&feed=rss2"
    yield "/?book=red&page=2"
    yield "/?post_type=book&book=red"
    yield "/?post_type=book"
    yield "/?post_type=book&feed=rss2"
    yield "/?post_type=book&paged=2"
    yield "/?post_type=book&paged=1"
    yield "/?post_type=nobody"
    yield "/?post_type=post"
    yield "/?post_type=page"
    yield "/?post_type=book&name=nobody"
    yield "/?film=sea"
    yield "/?movie=sea"
    yield "/?post_type=movie&name=sea"
    yield "/?post_type=movie"
    yield "/?memo=memo"
    yield "/?post_type=memo&name=memo"
    for query in ("genre=crime", f"genre={quote('推理')}", "genre=nobody", "genre=", "genre=crime/",
                  "genre=crime&paged=1", "genre=crime&feed=rss2", "genre=crime&post_type=book",
                  "genre=crime&cat=1", "genre=crime&utm_source=x", "genre=crime,x",
                  "taxonomy=genre&term=crime", "term=crime&taxonomy=genre", "feeling=dark",
                  "mood=dark", "taxonomy=mood&term=dark"):  # fmt: skip
        yield f"/?{query}"


def _entry(site: Library) -> Iterator[str]:
    yield "/index.php"
    yield "/index.php/"
    yield f"/index.php?p={POST}"
    yield f"/index.php/?p={POST}"
    yield f"/index.php?page_id={COMPANY}"
    yield "/index.php?cat=1"
    yield "/index.php?feed=rss2"
    yield "/index.php?m=200904"
    yield "/index.php?utm_source=x"
    for link in (POST, RENAMED, COMPANY):
        path = urlsplit(site.addresses.views.items[link].link).path
        yield f"/index.php{path}"
        yield f"/index.php{path.rstrip('/')}"
    yield "/index.php/2009/04/"
    yield "/index.php/nobody/"
    yield f"//?p={POST}"
    for name in ("wp-rss2.php", "wp-rss.php", "wp-atom.php", "wp-rdf.php", "wp-feed.php",
                 "wp-commentsrss2.php", "wp-register.php"):  # fmt: skip
        yield f"/{name}"


def _unpublished(site: Library) -> Iterator[str]:
    for number in (*UNPUBLISHED, PROTECTED):
        for name in IDS[:2]:
            yield f"/?{name}={number}"
    yield f"/?p={DRAFT_BOOK}&post_type=book"
    yield "/?p=9101&preview=true"
    yield "/?p=9101&feed=rss2"
    yield "/?p=9103&utm_source=x"


def _paths(site: Library) -> Iterator[str]:
    """Pretty permalinks: today's in other writings, old slugs and dates, other structures."""
    items = site.addresses.views.items
    shown = (POST, RENAMED, REDATED, REUSING, NUMERIC, PAGES_POST, COMPANY, ACCESS, BOOK, RED_BOOK,
             MOVIE)  # fmt: skip
    for number in shown:
        path = urlsplit(items[number].link).path
        if path == "/":
            continue
        yield path
        yield path.rstrip("/")
        yield f"{path}?utm_source=x&fbclid"
    for path in (
        "/2011/03/new-name/", "/2011/03/new-name.", "/2011/03/new-name%20", "/2011/03/new-name,",
        "/2011/03/new-name%E3%80%82", "/2011/03/new-name%22/", "/2011//03/new-name/",
        "/2011/03/NEW-NAME/", "/2011/03/new-nam/", "/2011/03/new-name/%C2%A0",
        "/2011/3/new-name/", "/2010/03/new-name/", "/2011/03/new-name/feed/",
        "/2011/03/new-name/feed", "/2011/03/new-name/feed/atom/", "/2011/03/new-name/trackback/",
        "/2011/03/new-name/embed/", "/2011/03/new-name/2/", "/2011/03/new-name/index.php",
        "/2011/03/new-name/?p=1632", "/2011/03/new-name/?page=2", "/2011/03/new-name/?cpage=1",
        "/2012/01/three-pages/2/", "/2012/01/three-pages/2", "/2012/01/three-pages/1/",
        "/2012/01/three-pages/9/", "/2012/01/three-pages/?page=2", "/2012/02/2015/",
        # old slugs and dates
        f"/2011/03/{quote(OLD_SLUG)}/", f"/2011/03/{quote(OLD_SLUG).lower()}/",
        f"/2011/03/{quote(OLD_SLUG)}", f"/2011/03/{quote(OLD_SLUG)}/feed/",
        "/2011/03/reused/", "/2013/01/reused/", "/2010/05/moved-date/", "/2011/06/moved-date/",
        # of other structures
        "/new-name/", "/new-name", "/three-pages/2/", "/archives/1632", "/archives/1632/",
        "/blog/1632.html", "/2011/03/03/new-name/", f"/{quote(OLD_SLUG)}/", "/2011/new-name/",
        # lists
        "/2009/", "/2009", "/2009/04/", "/2009/04", "/2009/04/01/", "/2009/4/1", "/2009/04/31/",
        "/2009/13/", "/1999/", "/2009/page/1/", "/2009/04/page/2/", "/page/1/", "/page/2/",
        "/page/2", "/page/99/", "/page/1", "/feed/", "/feed", "/feed/rss2/", "/feed/rss/",
        "/feed/atom/", "/feed/rdf/", "/comments/feed/", "/comments/feed", "/rss", "/rss2/",
        "/atom/",         "/rdf/", "/wp-sitemap.xml", "/wp-sitemap.xml/", "/sitemap.xml",
        "/robots.txt", "/robots.txt/",
        "/book/", "/book", "/book/red/", "/book/red", "/book/RED/", "/book/nobody/", "/book/feed/",
        f"/book/{quote(KANA)}/", f"/book/{quote(KANA).lower()}/",
        f"/book/{quote(unicodedata.normalize('NFD', KANA))}/", "/book/page/1/",
        "/film/sea/", "/movie/sea/", "/memo/memo/", "/genre/crime/", "/genre/crime",
        "/genre/crime/feed/", "/genre/crime/page/1/", "/genre/nobody/", "/mood/dark/",
        "/feeling/dark/", "/category/uncategorized/", "/category/uncategorized",
        "/category/nobody/", "/author/nobody/", "/company", "/company/access", "/access/",
        "/company/?page_id=9002", "/company/?p=1632", "/company/index.php", "/Company/",
        "/nobody/", "/nobody/at/all", "/login", "/wp-login.php", "/wp-admin/", "/admin",
        "/2015/", "/open/", "/wp-content/uploads/2024/06/open.jpg",
        "/wp-content/uploads/2024/06/open.jpg?ver=1",
    ):  # fmt: skip
        yield path
    # Paths of terms and files in other writings.
    for term in site.addresses.views.inventory.terms:
        path = urlsplit(term.link).path
        if not term.slug.isascii() and path != "/":
            yield path
            yield path.lower()
            yield quote(unicodedata.normalize("NFD", term.slug)).join(
                path.rsplit(path.rstrip("/").rpartition("/")[2], 1)
            )
