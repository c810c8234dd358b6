"""What users of other static exporters have run into, on a real WordPress.

Each test names one failure. One WordPress full of odd content is exported in two forms: with
plain permalinks, and behind basic authentication with `/%postname%.html`, a static front page
and a page for the posts. What needs no WordPress is in test_exporter_failures_decided.py.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

from tests.odd_site import (
    DEEP,
    KOREAN,
    LONG,
    NEWS,
    ODD,
    PICTURE,
    PRE,
    PUBLIC,
    TEMPLATE,
    TITLE,
    ExportedSite,
    odd_site,
    start_export,
)
from tests.wordpress import WordPress

pytestmark = pytest.mark.real

NAMED = "routes:\n  post: /{slug}.html\n"


@pytest.fixture(scope="module")
def named(
    wordpress_blog: WordPress, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ExportedSite]:
    """Permalinks that end in .html, kept as they are, behind basic authentication."""
    folder = tmp_path_factory.mktemp("named")
    with odd_site(wordpress_blog, folder, "/%postname%.html", NAMED, front=True) as site:
        yield site


@pytest.fixture(scope="module", params=["odd_plain", "named"])
def site(request: pytest.FixtureRequest) -> ExportedSite:
    """Both, one after the other."""
    found: ExportedSite = request.getfixturevalue(request.param)
    return found


def entry(page: bytes | str) -> str:
    """The words of an article, with the addresses in them left out."""
    soup = BeautifulSoup(page, "lxml").select_one(".entry-content")
    assert soup
    for tag in soup(["script", "style", "form"]):
        tag.decompose()
    text = re.sub(r"https?://\S+", "ADDRESS", soup.get_text(" "))
    return re.sub(r"\s+", " ", text).strip()


def titles(page: bytes | str) -> list[str]:
    """The titles of the articles that a page lists."""
    return [tag.get_text() for tag in BeautifulSoup(page, "lxml").select(".entry-title")]


# ------------------------------------------------------------- getting in, getting all


def test_basic_auth_exports_pages_and_not_just_assets(named: ExportedSite) -> None:
    """A staging site behind basic authentication: the export hangs, or has assets alone."""
    posts = named.wordpress.wp("list-public-urls", "post")
    assert len(posts) > 50
    for row in posts:
        if not row.get("protected"):
            assert named.get(row["url"]).status == 200, row["url"]


def test_a_wrong_password_ends_the_export_and_says_so(named: ExportedSite) -> None:
    """The same, with the wrong password: 401 pages must not become the site."""
    before = named.file("/")
    done = start_export(named.folder, "staging:wrong")
    assert done.returncode == 1
    assert "401" in json.loads(done.stdout)["error"]
    assert named.file("/") == before


def test_every_further_page_of_every_list_is_there(site: ExportedSite) -> None:
    """Pagination of categories, nested categories, dates, authors and the posts page is missing."""
    kinds = ["category-page", "post_tag-page", "year-page", "month-page", "author-page"]
    rows = site.wordpress.wp("list-public-urls", *kinds)
    urls = [row["url"].replace("&amp;", "&") for row in rows]
    structure = site.wordpress.wp("option", "get", "permalink_structure")
    urls += [f"{site.wordpress.url}/?paged=2"] if not structure else []
    urls += [f"{site.link(NEWS).rstrip('/')}/page/2"] if structure else []
    assert {row["type"] for row in rows} >= {"category-page", "year-page"}
    for url in urls:
        assert titles(site.get(url).body) == titles(site.staging(url).content), url
        assert titles(site.get(url).body), url


def test_each_url_is_asked_for_once(site: ExportedSite) -> None:
    """Endless fetching of the same pages, and whole-site exports that take hours for it."""
    pages = Counter(url for url in site.asked if "rest_route" not in url)
    # A few are looked at twice on purpose, to see whether they stay the same.
    again = [times for times in pages.values() if times > 1]
    assert again == [2] * len(again)
    assert len(again) <= 8


def test_one_run_gets_every_page(site: ExportedSite) -> None:
    """Pages are missing at random, and four or five runs are needed to get them all."""
    again = site.export()
    assert again["changes"] == {"new": [], "changed": [], "gone": []}
    assert again["release"]["id"] == site.report["release"]["id"]


# ------------------------------------------------------------------ paths and names


def test_a_permalink_that_ends_in_html_is_a_file_and_no_folder(named: ExportedSite) -> None:
    """`/%postname%.html` becomes a folder of the name `x.html`."""
    assert named.path(named.link(10002)) == "/field-notes-2.html"
    assert "field-notes-2.html" in named.stored()
    # Parts of a post (its second page, its feed) are below the name without its ending.
    assert not [key for key in named.stored() if ".html/" in key]


def test_japanese_paths_stay_readable(named: ExportedSite) -> None:
    """Hashes or hyphens instead of Japanese paths; Korean ones are encoded twice."""
    for number, path in ((ODD, "/絵文字の-記事.html"), (KOREAN, "/한국어-글.html")):
        assert unquote(named.path(named.link(number))) == path
        assert unicodedata.normalize("NFC", path[1:]) in named.stored()
    assert [key for key in named.stored() if "%" in key] == []


def test_a_link_to_a_japanese_path_is_encoded_once(site: ExportedSite) -> None:
    """`%25E3%2581...` in links."""
    assert [
        url for url, page in site.pages().items() if re.search(r'="[^"]*%25[89A-E]', page)
    ] == []
    assert [url for url in site.visit.answers if re.search("%25[89A-E]", url)] == []


def test_file_names_with_kanji_spaces_and_brackets_answer(site: ExportedSite) -> None:
    """File names in Japanese are garbled, and spaces become something else."""
    url = f"/wp-content/uploads/{quote(PICTURE)}"
    original = site.wordpress.docroot / "wp-content/uploads" / PICTURE
    page = BeautifulSoup(site.get(site.link(ODD)).body, "lxml")
    for alt in ("encoded", "raw"):
        image = page.find("img", alt=alt)
        assert image
        answer = site.get(str(image["src"]))
        assert (answer.status, answer.body) == (200, original.read_bytes()), image["src"]
    assert site.get(url).content_type == "image/jpeg"


def test_long_japanese_paths_are_not_cut(site: ExportedSite) -> None:
    """Nine characters for each kanji: 255 are too few for one path of four folders."""
    path = "/" + "".join(f"{LONG}/" for _ in DEEP)
    assert len(quote(path)) > 780
    answer = site.get(site.link(DEEP[-1]))
    assert (answer.status, unquote(urlsplit(answer.url).path)) == (200, path)
    assert f"深い{DEEP[-1]}" in answer.body.decode()


def test_the_first_page_of_a_list_is_no_file_in_the_way_of_its_folder(site: ExportedSite) -> None:
    """`/page/1` written as a file `1` keeps `/page/1/index.html` from being written."""
    home = site.get("/")
    assert home.status == 200
    keys = set(site.stored())
    folders = {key[:cut] for key in keys for cut, c in enumerate(key) if c == "/"}
    assert keys & folders == set()
    assert "page/1" not in keys


def test_pages_that_differ_in_their_query_alone_stay_apart(odd_plain: ExportedSite) -> None:
    """Pages with a query are dropped, or overwrite each other in one file."""
    urls = [
        row["url"].replace("&amp;", "&")
        for row in odd_plain.wordpress.wp("list-public-urls")
        if "?" in row["url"]
        and not row.get("protected")
        and row["type"] in ("post", "category-page")
    ]
    paths = Counter(odd_plain.path(url) for url in urls)
    assert len(paths) > 60
    assert [path for path, times in paths.items() if times > 1] == []


# ------------------------------------------------------------------------ characters


def test_emoji_and_rare_kanji_arrive_whole(site: ExportedSite) -> None:
    """Emoji are corrupted; UTF-8 is read as Latin-1."""
    answer = site.get(site.link(ODD))
    text = answer.body.decode()
    assert answer.content_type == "text/html; charset=utf-8"
    for words in (TITLE, "naïve café，①②③ ～ — 𠮷 🎉 한국어"):
        assert words in text
    assert "ã" not in text


def test_articles_have_the_words_that_staging_shows(site: ExportedSite) -> None:
    """Placeholders of the exporter itself are left in pages; entities turn into tags."""
    for number in (ODD, KOREAN, 1632, 10004, 10005, 10006, 10008, 10011):
        url = site.link(number)
        assert entry(site.get(url).body) == entry(site.staging(url).content), url


def test_no_compressed_bytes_are_stored_as_pages(site: ExportedSite) -> None:
    """The body is stored as it was sent, compressed."""
    kinds = ("", "html", "css", "js", "xml", "txt", "json", "svg")
    texts = [key for key in site.stored() if key.rpartition("/")[2].rpartition(".")[2] in kinds]
    assert len(texts) > 200
    assert [key for key in texts if site.file(f"/{key}").startswith(b"\x1f\x8b")] == []


# ------------------------------------------------------------------------- addresses


def test_the_staging_host_is_in_no_script_json_or_input(site: ExportedSite) -> None:
    """The staging host stays in inline scripts, JSON-LD, `value` and `data-` attributes."""
    page = site.get(site.link(ODD)).body.decode()
    host = urlsplit(site.wordpress.url).netloc
    assert site.visit.naming(host) == []
    assert site.visit.naming(quote(host, safe="")) == []
    odd = re.search(r"var odd = (\{.*?\});", page)
    assert odd
    values = json.loads(odd[1])
    assert values["home"] in (f"{PUBLIC}/", "/")
    assert unquote(values["share"]) in (f"{PUBLIC}/", "/")
    soup = BeautifulSoup(page, "lxml")
    hidden = soup.find("input", attrs={"name": "redirect_to"})
    settings = soup.find(attrs={"data-settings": True})
    assert hidden
    assert settings
    assert hidden["value"] in (f"{PUBLIC}/", "/")
    assert json.loads(str(settings["data-settings"]))["url"] in (f"{PUBLIC}/", "/")


def test_templates_in_scripts_and_escaped_code_keep_their_bytes(site: ExportedSite) -> None:
    """`<script type="text/html">` loses its end; `&lt;` inside `<pre>` becomes a tag."""
    page = site.get(site.link(ODD)).body.decode()
    assert TEMPLATE in page
    assert re.search(r"<pre[^>]*>" + re.escape(PRE.removeprefix("<pre>")), page)


def test_canonical_and_language_links_stay_and_are_absolute(site: ExportedSite) -> None:
    """Canonical and hreflang links are stripped, or become relative."""
    for number in (ODD, KOREAN, 1632, 9001):
        url = site.link(number)
        page = BeautifulSoup(site.get(url).body, "lxml")
        wanted = PUBLIC + site.path(url)
        canonical = page.find("link", rel="canonical")
        languages = page.find_all("link", rel="alternate", hreflang=True)
        assert canonical
        assert unquote(str(canonical["href"])) == unquote(wanted)
        assert [str(tag["hreflang"]) for tag in languages] == ["ja", "x-default"]
        assert {unquote(str(tag["href"])) for tag in languages} == {unquote(wanted)}


def test_no_link_carries_a_parameter_of_the_exporter(site: ExportedSite) -> None:
    """The crawler's own query parameter gets into the links of a list's pages."""
    staging = {name for url in site.asked for name in re.findall(r"[?&]([^=&]+)=", url)}
    assert not {name for name in staging if re.search("publish|export|static|crawl|nocache", name)}
    # The few that are left stand on the same page of staging: `?w=604` of an image, `?_=1` of
    # WordPress's player.
    links = [url for url in site.visit.answers if set(parse_qs(urlsplit(url).query)) - {"ver"}]
    rows = site.wordpress.wp("list-public-urls") if links else []
    sources = {site.path(row["url"]): row["url"] for row in rows if not row.get("protected")}
    for link in links:
        page = site.visit.answers[site.visit.linked_from[link]]
        staging = BeautifulSoup(site.staging(sources[urlsplit(page.url).path]).content, "lxml")
        file = "{0.path}?{0.query}".format(urlsplit(link))
        assert staging.select(f'[href$="{file}"], [src$="{file}"]'), link


def test_no_dead_link_to_the_rest_api_is_left(site: ExportedSite) -> None:
    """Discovery links for oEmbed lead nowhere on a static site."""
    for url, page in site.pages().items():
        assert "/oembed/" not in page, url
        assert 'rel="https://api.w.org/"' not in page, url


# ---------------------------------------------------------------------- feeds, files


def test_sitemaps_their_style_sheets_and_css_have_the_right_types(site: ExportedSite) -> None:
    """Sitemaps and their XSL are missing; types are octet-stream or wrong."""
    index = site.get("/wp-sitemap.xml")
    assert (index.status, index.content_type) == (200, "application/xml; charset=utf-8")
    style = re.search(r'<\?xml-stylesheet[^>]*href="([^"]+)"', index.body.decode())
    assert style
    xsl = site.get(style[1].removeprefix(PUBLIC))
    assert xsl.status == 200
    assert "xsl" in xsl.content_type or "xml" in xsl.content_type
    sitemaps = re.findall(r"<loc>([^<]+)", index.body.decode())
    assert {site.browser.get(url).content_type for url in sitemaps} == {
        "application/xml; charset=utf-8"
    }
    css = site.get("/wp-includes/css/dist/block-library/style.min.css")
    assert (css.status, css.content_type) == (200, "text/css; charset=utf-8")


def test_a_script_that_only_escaped_json_names_is_there(site: ExportedSite) -> None:
    """The emoji script is named in JSON with `\\/` only, and is not fetched."""
    page = site.get("/").body.decode()
    named = re.search(r'"concatemoji":"([^"]+)"', page)
    assert named
    script = site.get(str(json.loads(f'"{named[1]}"')).removeprefix(PUBLIC))
    assert (script.status, script.content_type) == (200, "text/javascript; charset=utf-8")


def test_a_style_sheet_that_is_made_when_its_page_is_seen_is_there(site: ExportedSite) -> None:
    """CSS that a plugin makes at the first visit is missing until somebody has been there."""
    for number in (ODD, 1632, 9001):
        page = site.get(site.link(number)).body.decode()
        sheet = re.search(r'href="([^"]*lazy/post-\d+\.css)"', page)
        assert sheet
        answer = site.get(sheet[1].removeprefix(PUBLIC))
        assert (answer.status, answer.content_type) == (200, "text/css; charset=utf-8")


def test_no_redirect_needs_more_than_the_edge(site: ExportedSite) -> None:
    """Redirects kept as metadata of empty objects are ignored by a REST origin."""
    assert [key for key in site.stored() if not site.file(f"/{key}")] == []
    stubs = [url for url, page in site.pages().items() if 'http-equiv="refresh"' in page.lower()]
    assert stubs == []


# ------------------------------------------------------------ what changes afterwards


def test_what_was_deleted_goes_and_what_was_saved_comes_everywhere(named: ExportedSite) -> None:
    """Deleted posts and images stay for ever; the feed stops; an update breaks Japanese links."""
    wordpress = named.wordpress
    gone, picture = named.link(10003), named.wordpress.wp("post", "get", 9202)["id"]
    gone_path = unquote(named.path(gone))
    wordpress.wp("post", "trash", 10003)
    wordpress.wp("post", "delete", picture)
    wordpress.wp("post", "update", stdin={"id": KOREAN, "title": "새 제목"})
    made = wordpress.wp("post", "create", stdin={"title": "最新のお知らせ", "content": "本文"})
    report = named.export()
    assert gone_path in report["changes"]["gone"]
    assert "/feed.xml" in report["changes"]["changed"]
    named.get("/")  # the local edge looks for changes with each request
    assert named.get(gone).status == named.get("/?p=10003").status == 404
    assert gone_path.lstrip("/") not in named.stored()
    assert [path for path in report["changes"]["gone"] if "IMG_0001" in path]
    feed = named.get("/feed.xml").body.decode()
    assert "最新のお知らせ" in feed
    assert named.get("/feed/").body.decode() == feed
    assert named.get(made["url"]).status == 200
    korean = named.get(named.link(KOREAN))
    assert unquote(urlsplit(korean.url).path) == "/한국어-글.html"
    assert "새 제목" in korean.body.decode()
    assert named.get(f"/?p={KOREAN}").body == korean.body
    assert "/한국어-글.html" in report["changes"]["changed"]
