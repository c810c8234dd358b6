"""The sample CMS: what it shows agrees with itself, and nothing unpublished can be seen."""

from __future__ import annotations

import io
import json
import threading
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit

import pytest
import requests
from bs4 import BeautifulSoup
from lxml import etree

from publisher.demo.cms import PortInUseError, SampleCms
from publisher.demo.content import AUTHORS, CANARY, MEDIA, POSTS

# What pages mention but nobody follows with a bare GET: a form's target, the addresses of
# background requests, and a route that needs a parameter.
REFUSING = ("/wp-comments-post.php", "/xmlrpc.php", "/wp-admin/admin-ajax.php")
NEEDS_A_PARAMETER = "rest_route=/oembed/1.0/embed"


@dataclass(frozen=True)
class Got:
    status: int
    kind: str
    body: bytes


@pytest.fixture(scope="module")
def cms() -> Iterator[SampleCms]:
    with SampleCms() as running:
        yield running


@pytest.fixture(scope="module")
def web() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture(scope="module")
def crawled(cms: SampleCms, web: requests.Session) -> dict[str, Got]:
    return crawl(cms.url, web)


def crawl(home: str, web: requests.Session) -> dict[str, Got]:
    """Follow every link from the home page, the sitemap and the REST index."""
    waiting = [home, f"{home}?sitemap=index", f"{home}?rest_route=/", f"{home}?robots=1"]
    rest = ("posts", "pages", "media", "categories", "tags", "users", "types", "taxonomies")
    waiting += [f"{home}?rest_route=/wp/v2/{name}&per_page=100" for name in rest]
    seen: dict[str, Got] = {}
    while waiting:
        url = urldefrag(waiting.pop()).url
        if url in seen or not url.startswith(home) or "{" in url:
            continue
        answer = web.get(url, allow_redirects=False, timeout=10)
        kind = answer.headers.get("Content-Type", "")
        links = [answer.headers["Location"]] if answer.is_redirect else found_links(answer)
        seen[url] = Got(answer.status_code, kind, answer.content)
        waiting += [urljoin(url, link) for link in links]
    return seen


def found_links(answer: requests.Response) -> list[str]:
    kind = answer.headers.get("Content-Type", "")
    if kind.startswith("text/html"):
        return html_links(answer.text)
    if "xml" in kind:
        root = etree.fromstring(answer.content)
        texts = [str(node.text) for node in root.iter() if node.text and node.text[:4] == "http"]
        targets = [str(node.get("href")) for node in root.iter() if node.get("href")]
        return texts + [target for target in targets if "{" not in target]
    if kind.startswith("application/json"):
        return json_links(answer.json())
    if kind == "text/css":
        assert "url(" in answer.text or "@import" in answer.text
        return [part.split(")")[0] for part in answer.text.split("url(")[1:]] + [
            line.split('"')[1] for line in answer.text.splitlines() if line.startswith("@import")
        ]
    return []


def html_links(text: str) -> list[str]:
    soup = BeautifulSoup(text, "lxml")
    links: list[str] = []
    for name in ("href", "src", "action"):
        links += [str(tag[name]) for tag in soup.find_all(attrs={name: True})]
    for tag in soup.find_all(attrs={"srcset": True}):
        links += [part.split()[0] for part in str(tag["srcset"]).split(", ")]
    links += [str(option["value"]) for option in soup.select("option[value]") if option["value"]]
    links += [
        str(tag["style"]).split("url(")[1].removesuffix(")")
        for tag in soup.find_all(attrs={"style": True})
        if "url(" in str(tag["style"])
    ]
    return links


def json_links(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [link for inner in value.values() for link in json_links(inner)]
    if isinstance(value, list):
        return [link for inner in value for link in json_links(inner)]
    return [value] if isinstance(value, str) and value.startswith("http") else []


def rest(web: requests.Session, cms: SampleCms, route: str) -> Any:
    answer = web.get(f"{cms.url}?rest_route=/wp/v2/{route}", timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_every_link_that_the_site_shows_answers(crawled: dict[str, Got]) -> None:
    broken = {
        url: got.status
        for url, got in crawled.items()
        if got.status not in (200, 301, 302)
        and urlsplit(url).path not in REFUSING
        and urlsplit(url).query != NEEDS_A_PARAMETER
    }
    assert broken == {}
    assert len(crawled) > 150


def test_a_redirect_leads_to_an_answer_in_one_step(crawled: dict[str, Got], cms: SampleCms) -> None:
    moved = {url: got for url, got in crawled.items() if got.status == 301}
    assert f"{cms.url}?p=12" in moved
    assert f"{cms.url}index.php?p=980" in moved
    for url in moved:
        answer = requests.get(url, timeout=10)
        assert (answer.status_code, len(answer.history)) == (200, 1), url


def test_nothing_unpublished_is_in_any_public_output(
    crawled: dict[str, Got], web: requests.Session, cms: SampleCms
) -> None:
    hidden = [post for post in POSTS if post.status != "publish"]
    assert {post.id for post in hidden} == {1700, 1702}
    for post in hidden:
        for form in ("p={}", "page_id={}", "p={}&page=1", "p={}&preview=true"):
            url = f"{cms.url}?{form.format(post.id)}"
            assert web.get(url, timeout=10).status_code == 404, url
        feed = web.get(f"{cms.url}?feed=rss2&p={post.id}", timeout=10)
        assert "<item>" not in feed.text
        one = web.get(f"{cms.url}?rest_route=/wp/v2/posts/{post.id}", timeout=10)
        assert (one.status_code, one.json()["code"]) == (404, "rest_post_invalid_id")
        titles = [
            url for url, got in crawled.items() if post.title in got.body.decode("utf-8", "replace")
        ]
        assert titles == []
    leaks = [url for url, got in crawled.items() if CANARY.encode() in got.body]
    assert leaks == []
    search = web.get(f"{cms.url}?s={CANARY}", timeout=10)
    assert CANARY not in BeautifulSoup(search.text, "lxml").select(".cards")[0].get_text()


def test_a_protected_post_shows_only_the_form(web: requests.Session, cms: SampleCms) -> None:
    answer = web.get(f"{cms.url}?p=1699", timeout=10)
    soup = BeautifulSoup(answer.text, "lxml")
    assert answer.status_code == 200
    assert soup.select("form.post-password-form input[type=password]")
    assert "18,400" not in answer.text
    shown = rest(web, cms, "posts/1699")
    assert shown["content"] == {"rendered": "", "protected": True}


def test_lists_and_the_api_know_the_same_posts(web: requests.Session, cms: SampleCms) -> None:
    known = {post["id"]: post["link"] for post in rest(web, cms, "posts&per_page=100")}
    listed: list[str] = []
    for number in (1, 2, 3):
        page = BeautifulSoup(web.get(f"{cms.url}?paged={number}", timeout=10).text, "lxml")
        listed += [str(link["href"]) for link in page.select("h2.entry-title a")]
    assert len(listed) == len(known) == 12
    assert set(listed) == set(known.values())
    assert web.get(f"{cms.url}?paged=4", timeout=10).status_code == 404
    for category in rest(web, cms, "categories&per_page=100"):
        count = len(rest(web, cms, f"posts&categories={category['id']}&per_page=100"))
        assert count == category["count"]


def test_a_category_goes_on_over_a_second_page(web: requests.Session, cms: SampleCms) -> None:
    first = BeautifulSoup(web.get(f"{cms.url}?cat=3", timeout=10).text, "lxml")
    older = first.select_one("a.next.page-numbers")
    assert older is not None
    assert older["href"] == f"{cms.url}?cat=3&paged=2"
    second = BeautifulSoup(web.get(str(older["href"]), timeout=10).text, "lxml")
    newer = second.select_one("a.prev.page-numbers")
    assert newer is not None
    assert newer["href"] == f"{cms.url}?cat=3"
    assert len(first.select("article")) == 5
    assert second.select("article")


def test_a_cut_up_post_has_two_pages_and_no_third(web: requests.Session, cms: SampleCms) -> None:
    first, second = (web.get(f"{cms.url}?p=1650&page={n}", timeout=10).text for n in (1, 2))
    assert "午前" in first
    assert "午後" not in first
    assert "午後" in second
    canonical = BeautifulSoup(second, "lxml").select_one("link[rel=canonical]")
    assert canonical is not None
    assert canonical["href"] == f"{cms.url}?p=1650&page=2"
    third = web.get(f"{cms.url}?p=1650&page=3", allow_redirects=False, timeout=10)
    assert (third.status_code, third.headers["Location"]) == (301, f"{cms.url}?p=1650")


@pytest.mark.parametrize(
    ("asked", "status", "target"),
    [
        ("?p=12", 301, "?page_id=12"),
        ("?p=12&utm_source=x", 301, "?page_id=12&utm_source=x"),
        ("?page_id=1632", 301, "?p=1632"),
        ("?p=1501", 301, "?attachment_id=1501"),
        ("index.php?p=1632&a=%E3%81%82", 301, "?p=1632&a=%E3%81%82"),
        ("index.php", 301, ""),
        ("?p=", 301, ""),
        ("?p=1632abc", 200, ""),
        ("?p=1&p=1632", 200, ""),
        ("?p=1632&fbclid", 200, ""),
        ("?p=99999", 404, ""),
        ("?p=-1632", 404, ""),
        ("?cat=99", 404, ""),
        ("?tag=nope", 404, ""),
        ("?author=99", 404, ""),
        ("?m=199901", 404, ""),
        ("?m=2024", 200, ""),
        ("?m=20240520", 200, ""),
        ("?tag=" + quote("試作"), 200, ""),
        ("?sitemap=posts&sitemap-subtype=post&paged=2", 404, ""),
        ("?feed=nope", 404, ""),
        ("no/such/path/", 200, ""),
        ("wp-content/uploads/2024/05/none.png", 404, ""),
        ("wp-login.php", 200, ""),
        ("wp-admin/", 302, "wp-login.php?redirect_to="),
    ],
)
def test_url_forms(
    web: requests.Session, cms: SampleCms, asked: str, status: int, target: str
) -> None:
    answer = web.get(cms.url + asked, allow_redirects=False, timeout=10)
    assert answer.status_code == status
    if status == 301:
        assert answer.headers["Location"] == cms.url + target
    if status == 302:
        assert answer.headers["Location"].startswith(cms.url + target)


@pytest.mark.parametrize(
    ("route", "status", "code"),
    [
        ("/wp/v2/nope", 404, "rest_no_route"),
        ("/wp/v2/posts&per_page=101", 400, "rest_invalid_param"),
        ("/wp/v2/posts&page=0", 400, "rest_invalid_param"),
        ("/wp/v2/posts&per_page=5&page=4", 400, "rest_post_invalid_page_number"),
        ("/wp/v2/posts&status=draft", 400, "rest_invalid_param"),
        ("/wp/v2/posts&context=edit", 401, "rest_forbidden_context"),
        ("/wp/v2/posts/99999", 404, "rest_post_invalid_id"),
        ("/wp/v2/tags/99999", 404, "rest_term_invalid"),
    ],
)
def test_rest_errors(
    web: requests.Session, cms: SampleCms, route: str, status: int, code: str
) -> None:
    answer = web.get(f"{cms.url}?rest_route={route}", timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["data"]["status"] == status


def test_rest_pages_fields_and_filters(web: requests.Session, cms: SampleCms) -> None:
    url = f"{cms.url}?rest_route=/wp/v2/posts&per_page=5&page=2&_fields=title.rendered,id"
    answer = web.get(url, timeout=10)
    assert answer.headers["X-WP-Total"] == "12"
    assert answer.headers["X-WP-TotalPages"] == "3"
    assert 'rel="prev"' in answer.headers["Link"]
    assert 'rel="next"' in answer.headers["Link"]
    assert all(list(post) == ["id", "title"] for post in answer.json())
    assert b"\\/" in web.get(f"{cms.url}?rest_route=/", timeout=10).content
    tags = rest(web, cms, "tags&per_page=100")
    used = rest(web, cms, "tags&per_page=100&hide_empty=1")
    assert {tag["name"] for tag in tags} - {tag["name"] for tag in used} == {"試作"}
    assert rest(web, cms, "tags&page=9") == []
    changed = rest(web, cms, "posts&modified_after=2026-06-30T00:00:00&_fields=id")
    assert {post["id"] for post in changed} == {1815, 1788}
    protected = rest(web, cms, "posts&include=1699,37&_fields=id,content.protected")
    assert {post["id"]: post["content"]["protected"] for post in protected} == {
        1699: True,
        37: False,
    }
    sizes = rest(web, cms, "media/1501&_fields=media_details.sizes")
    assert set(sizes["media_details"]["sizes"]) == {"medium", "medium_large", "full"}


def test_japanese_names_are_stored_and_linked_as_wordpress_does(
    web: requests.Session, cms: SampleCms, crawled: dict[str, Got]
) -> None:
    slugs = {tag["name"]: tag["slug"] for tag in rest(web, cms, "tags&per_page=100")}
    assert slugs["あかり"] == "%e3%81%82%e3%81%8b%e3%82%8a"
    assert slugs["C++"] == "c"
    composed = f"{cms.url}wp-content/uploads/2024/05/{quote('写真-港.png')}"
    assert composed in crawled
    decomposed = next(media for media in MEDIA if media.id == 1502)
    assert unicodedata.is_normalized("NFD", decomposed.name)
    assert not unicodedata.is_normalized("NFC", decomposed.name)
    names = {unquote(url).rsplit("/", 1)[1] for url in crawled}
    assert "設計図（最終版）.png" in names
    for media in rest(web, cms, "media&per_page=100"):
        answer = web.get(media["source_url"], timeout=10)
        assert answer.status_code == 200, media["source_url"]
        assert answer.headers["Content-Type"] == media["mime_type"]


def test_pictures_are_whole(web: requests.Session, cms: SampleCms) -> None:
    for media in rest(web, cms, "media&per_page=100"):
        sizes = media["media_details"].get("sizes", {})
        for size in sizes.values():
            data = web.get(size["source_url"], timeout=10).content
            assert len(data) < 20_000
            if media["mime_type"] == "image/png":
                assert (size["width"], size["height"]) == png_size(data)
            if media["mime_type"] == "image/jpeg":
                assert data.startswith(b"\xff\xd8\xff\xe0")
                assert data.endswith(b"\xff\xd9")


def png_size(data: bytes) -> tuple[int, int]:
    """Check every checksum and the number of pixels, and return width and height."""
    stream, pixels = io.BytesIO(data[8:]), b""
    while length := stream.read(4):
        name = stream.read(4)
        chunk = stream.read(int.from_bytes(length, "big"))
        assert zlib.crc32(name + chunk) == int.from_bytes(stream.read(4), "big")
        pixels += chunk if name == b"IDAT" else b""
    width, height = (int.from_bytes(data[start : start + 4], "big") for start in (16, 20))
    assert len(zlib.decompress(pixels)) == (width + 1) * height
    return width, height


def test_a_post_has_the_head_of_a_wordpress(web: requests.Session, cms: SampleCms) -> None:
    answer = web.get(f"{cms.url}?p=1632", timeout=10)
    soup = BeautifulSoup(answer.text, "lxml")
    wanted = (
        "link[rel=canonical]", "link[rel=shortlink]", "link[rel=EditURI]", "link[rel=wlwmanifest]",
        'link[rel="https://api.w.org/"]', 'link[type="application/json+oembed"]',
        'link[type="application/rss+xml"]', 'meta[property="og:url"]', "meta[name=generator]",
        "form#commentform", "form.search-form", "#comment-42", "select option",
    )  # fmt: skip
    assert [selector for selector in wanted if not soup.select(selector)] == []
    schema = json.loads(soup.select('script[type="application/ld+json"]')[0].get_text())
    assert schema["url"] == f"{cms.url}?p=1632"
    assert f'<{cms.url}index.php?rest_route=/>; rel="https://api.w.org/"' in answer.headers["Link"]
    assert cms.url.replace("/", "\\/") in soup.select("#minato-script-js-extra")[0].get_text()
    assert len(soup.select("li.comment")) == 3
    assert "<b>small</b>" not in answer.text


def test_authors_are_shown_by_name(web: requests.Session, cms: SampleCms) -> None:
    for author in AUTHORS:
        soup = BeautifulSoup(web.get(f"{cms.url}?author={author.id}", timeout=10).text, "lxml")
        assert author.login not in soup.get_text()
        assert author.name in soup.get_text()


def test_two_runs_give_the_same_bytes_apart_from_the_origin(
    cms: SampleCms, crawled: dict[str, Got], web: requests.Session
) -> None:
    with SampleCms() as other:
        again = crawl(other.url, web)
        own, foreign = urlsplit(cms.url).netloc, urlsplit(other.url).netloc
        for url, got in crawled.items():
            twin = again[url.replace(own, foreign).replace(quote(own), quote(foreign))]
            here, there = (
                body.replace(name.encode(), b"HOST").replace(quote(name).encode(), b"HOST")
                for body, name in ((got.body, own), (twin.body, foreign))
            )
            assert (got.status, got.kind, here) == (twin.status, twin.kind, there), url


def test_a_taken_port_is_said_clearly(cms: SampleCms) -> None:
    port = urlsplit(cms.url).port
    assert port is not None
    with pytest.raises(PortInUseError, match=f"port {port} .* in use"), SampleCms(port):
        pass
    assert issubclass(PortInUseError, OSError)


def test_it_stops_cleanly_and_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    before = set(threading.enumerate())
    with SampleCms() as running, requests.Session() as session:
        url = running.url
        assert session.get(url, timeout=10).status_code == 200
        assert session.get(f"{url}?p=99999", timeout=10).status_code == 404
    assert set(threading.enumerate()) == before
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=2)
    with pytest.raises(RuntimeError, match="does not run"):
        assert running.url
    assert capfd.readouterr() == ("", "")
