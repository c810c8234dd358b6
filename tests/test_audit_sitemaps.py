"""Sitemaps of old sites: from files and over HTTP, and what is wrong with them."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.audit import sitemaps
from publisher.audit.sitemap_xml import Sitemap, parse_sitemap
from publisher.audit.sitemaps import Listed, read_sitemap
from publisher.errors import PublisherError

NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
A, B = "https://www.example.co.jp/?p=1&amp;lang=ja", "https://www.example.co.jp/古い/"
URLS = [A.replace("&amp;", "&"), B]


def urlset(*urls: str) -> bytes:
    entries = "".join(f"<url><loc>\n {url} </loc></url>" for url in urls)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<?xml-stylesheet href="/x.xsl"?>'
    return f'{head}<urlset xmlns="{NAMESPACE}">{entries}</urlset>'.encode()


def index(*urls: str) -> bytes:
    entries = "".join(f"<sitemap><loc>{url}</loc><lastmod/></sitemap>" for url in urls)
    return f'<sitemapindex xmlns="{NAMESPACE}">{entries}</sitemapindex>'.encode()


WITH_IMAGES = f"""<s:urlset xmlns:s="{NAMESPACE}" xmlns:image="http://x/image"><s:url>
<image:image><image:loc>https://www.example.co.jp/a.jpg</image:loc></image:image>
<!-- <s:loc>no</s:loc> --><s:x><s:loc>no</s:loc></s:x>
<s:loc><![CDATA[{URLS[0]}]]></s:loc></s:url><s:url/></s:urlset>"""
BOMB = """<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><urlset><url><loc>&c;</loc></url></urlset>"""
FROM_ELSEWHERE = """<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<urlset><url><loc>&a;</loc></url></urlset>"""


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (urlset(A, B), Sitemap(URLS)),
        (b"\xef\xbb\xbf\n" + urlset(A), Sitemap(URLS[:1])),
        (index(A), Sitemap(URLS[:1], is_index=True)),
        (f"<urlset><url><loc>{B}</loc></url></urlset>".encode("utf-16"), Sitemap([B])),
        (WITH_IMAGES.encode(), Sitemap(URLS[:1])),
        (("\ufeff" + "\r\n\r\n".join(URLS)).encode(), Sitemap(URLS)),
        (BOMB.encode(), Sitemap([])),
        (FROM_ELSEWHERE.encode(), Sitemap([])),
    ],
)
def test_what_a_sitemap_says(content: bytes, found: Sitemap) -> None:
    assert parse_sitemap(content) == found


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"<!DOCTYPE html><html><p>404</p></html>", "is no sitemap: its root is <html>"),
        (b"<html><p>404<br></html>", "is no sitemap: its root is <html>"),
        (urlset(A)[:-4], "is no XML: "),
        (b"<" + b"a><" * 3000, "is no sitemap: its root is <a>"),
        (b"<urlset>" + b"<a>" * 3000, "is no XML: "),
        (b"<\x1b[31m/>", "is no XML: "),
        (b"\n", "is empty"),
        (b"User-agent: *\n", "is neither XML nor a list of addresses"),
        (b"\xff\xd8\xff\xe0", "is neither XML nor a text in UTF-8"),
        (b"a" * (50 * 1024 * 1024 + 1), "is larger than 50 MB"),
    ],
)
def test_what_is_no_sitemap_is_said_so(content: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=r"^is ") as raised:
        parse_sitemap(content)
    assert problem in str(raised.value)
    assert str(raised.value).isprintable()


@given(st.one_of(st.binary(), st.tuples(st.integers(0, 200), st.binary(max_size=4))))
def test_whatever_is_given_there_is_a_list_or_a_sentence(junk: bytes | tuple[int, bytes]) -> None:
    whole = urlset(A, B)
    content = junk if isinstance(junk, bytes) else whole[: junk[0]] + junk[1] + whole[junk[0] :]
    try:
        assert isinstance(parse_sitemap(content), Sitemap)
    except ValueError as error:
        assert str(error).startswith("is ")  # noqa: PT017 - both are right


# ----------------------------------------------------------------------------- from files


def read(place: Path | str) -> Listed:
    return read_sitemap(str(place), lambda *_: None)


def test_an_index_in_a_file_names_files_beside_it(tmp_path: Path) -> None:
    there = "https://www.example.co.jp/sitemaps"
    named = (f"{there}/a.xml", f"{there}/b.xml.gz?x", f"{there}/c.xml", f"{there}/..", "%00")
    (tmp_path / "index.xml").write_bytes(index(*named))
    (tmp_path / "a.xml").write_bytes(urlset(A))
    (tmp_path / "b.xml.gz").write_bytes(gzip.compress(urlset(B), mtime=0))
    (tmp_path / "c.xml").write_bytes(b"<html/>")
    found = read(tmp_path / "index.xml")
    assert found.urls == URLS
    assert found.problems == [
        f"{there}/..: is not there: save it beside index.xml, under the same name",
        "%00: is not there: save it beside index.xml, under the same name",
        f"{tmp_path / 'c.xml'}: is no sitemap: its root is <html>",
    ]


def test_a_file_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PublisherError, match=r"none\.xml can't be read: No such file"):
        read(tmp_path / "none.xml")
    (tmp_path / "a.xml").write_bytes(b"<html/>")
    with pytest.raises(PublisherError, match=r"a\.xml: is no sitemap"):
        read(tmp_path / "a.xml")


# ------------------------------------------------------------------------------- over HTTP


class OldSite:
    """A site that answers by a table: content, or an address to redirect to."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes | str] = {}
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                answer = site.answers.get(self.path)
                if isinstance(answer, bytes):
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                    return
                self.send_response(301 if answer else 404)
                self.send_header("Location", answer or "")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def old_site() -> Iterator[OldSite]:
    site = OldSite()
    thread = threading.Thread(target=site.server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield site
    finally:
        site.server.shutdown()
        site.server.server_close()
        thread.join()


def test_an_index_is_followed_on_its_own_host_alone(old_site: OldSite) -> None:
    url = old_site.url
    old_site.answers = {
        "/sitemap.xml": "/wp-sitemap.xml",
        "/wp-sitemap.xml": index(f"{url}/a.xml", "/b.xml.gz", f"{url}/a.xml", f"{url}/none.xml",
                                 "http://localhost:1/c.xml", "file:///etc/passwd", f"{url}/away"),
        "/a.xml": urlset(A),
        "/b.xml.gz": gzip.compress(urlset(B), mtime=0),
        "/away": "http://localhost:1/c.xml",
    }  # fmt: skip
    found = read(f"{url}/sitemap.xml")
    assert found.urls == URLS
    assert found.problems == [
        "http://localhost:1/c.xml: is at another host than 127.0.0.1, and was not asked for",
        "file:///etc/passwd: is no address of the web",
        f"{url}/none.xml: status 404",
        f"{url}/away: redirects to another host, which was not asked: localhost",
    ]
    assert old_site.asked.count("/a.xml") == 1


def test_indexes_of_indexes_have_an_end(old_site: OldSite, monkeypatch: pytest.MonkeyPatch) -> None:
    url = old_site.url
    old_site.answers = {f"/{n}": index(f"{url}/{n + 1}", f"{url}/0") for n in range(9)}
    found = read(f"{url}/0")
    assert old_site.asked == ["/0", "/1", "/2", "/3"]
    assert found.problems == [f"{url}/4: is more than 3 indexes deep"]
    monkeypatch.setattr(sitemaps, "SITEMAPS_MAX", 2)
    assert read(f"{url}/0").problems == ["2 sitemaps are read; further ones are left"] * 2
    monkeypatch.setattr(sitemaps, "URLS_MAX", 1)
    old_site.answers = {"/0": urlset(A, B)}
    found = read(f"{url}/0")
    assert (found.urls, len(found.problems)) == (URLS[:1], 1)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("", "status 404"),
        ("/sitemap.xml", "redirects more than 5 times"),
        ("http://localhost:1/", "redirects to another host, which was not asked: localhost"),
        ("http://[", "Invalid IPv6 URL"),
        (b"<html/>", "is no sitemap: its root is <html>"),
        (gzip.compress(urlset(A), mtime=0)[:-9], "is packed, and its end is missing"),
        (b"\x1f\x8b\x08\x00" + b"\xff" * 20, "is damaged"),
        (gzip.compress(b" " * 60_000_000, mtime=0), "is larger than 50 MB"),
    ],
)
def test_an_answer_that_is_none_is_an_error(
    answer: bytes | str, message: str, old_site: OldSite
) -> None:
    old_site.answers = {"/sitemap.xml": answer}
    with pytest.raises(PublisherError) as raised:
        read(f"{old_site.url}/sitemap.xml")
    assert message in str(raised.value)


def test_a_site_that_is_not_there_is_an_error(old_site: OldSite) -> None:
    with pytest.raises(PublisherError, match="nothing listens there"):
        read("http://127.0.0.1:9/sitemap.xml")


def test_an_answer_without_an_end_is_left(
    old_site: OldSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitemaps, "SITEMAP_BYTES_MAX", 1000)
    old_site.answers = {"/sitemap.xml": urlset(*[A] * 1000)}
    with pytest.raises(PublisherError, match="is larger than"):
        read(f"{old_site.url}/sitemap.xml")
