"""What users of other static exporters have run into, where one function or a small server shows
it: servers that drop connections, sites below a path, behind a proxy, and what a CDN is told.

The failures that take a real WordPress to show are in test_exporter_failures.py.
"""

from __future__ import annotations

import gzip
import re
import threading
from collections import Counter
from urllib.parse import unquote

import pytest

from publisher.addresses import Addresses, SiteUrls
from publisher.content_types import served_as
from publisher.manifest import Entry, differences
from publisher.paths import SitePath
from publisher.plan import Plan
from publisher.records import Records
from publisher.routes import Routes
from publisher.store.memory import MemoryStore
from publisher.views import Views
from redirects.match import Redirect, Request, decide
from tests.cms_servers import Answer, Reply, passing_on, serving
from tests.program import Cli, configure, shown, tree
from tests.samples import PUBLIC, addresses, html, inventory
from tests.sites import World

PRETTY = "/%year%/%monthnum%/%postname%/"


def is_page(path: str) -> bool:
    """Whether a request is for a page or file, and not for the CMS's lists."""
    return "rest_route" not in path


# ------------------------------------------------------------------ unreliable servers


def failing_once(whole: Answer, reply: Reply) -> Answer:
    """Each page fails at the first time it is asked for."""
    asked: set[str] = set()
    lock = threading.Lock()

    def answer(path: str) -> Reply:
        with lock:
            first = is_page(path) and path not in asked
            asked.add(path)
        return reply if first else whole(path)

    return answer


@pytest.mark.parametrize("reply", [Reply(503), Reply(0)], ids=["status 503", "dropped"])
def test_one_run_is_enough_when_every_page_fails_once(
    publisher: Cli, cms: str, reply: Reply
) -> None:
    """Time-outs and pages missing at random: four or five runs until all are there."""
    configure(cms)
    wanted = publisher("export", "--json").document["release"]
    with serving(failing_once(passing_on(cms), reply)) as url:
        configure(url, "store: other\n")
        run = publisher("export", "--publish", "--json")
    assert run.code == 0, run.err
    assert run.document["release"]["manifest"] == wanted["manifest"]


def test_a_dropped_connection_takes_no_page_and_nothing_below_it_off_the_site(
    publisher: Cli, cms: str
) -> None:
    """One dropped connection purges a page, or everything that only it leads to."""
    configure(cms)
    publisher("export", "--publish")
    before = shown()
    whole = passing_on(cms)

    def dropping(path: str) -> Reply:
        return Reply(0) if path == "/?p=1632" else whole(path)

    with serving(dropping) as url:
        configure(url)
        run = publisher(
            "export", "--publish", "--override", "errors", "--reason", "known to be slow"
        )
    assert run.code == 0, run.err
    kept = {path.partition("/site/")[2].partition("/")[2]: data for path, data in before.items()}
    now = {path.partition("/site/")[2].partition("/")[2]: data for path, data in shown().items()}
    assert {key for key in kept if key not in now} == set()
    assert now["blog/1632.html"] == kept["blog/1632.html"]


def test_compressed_answers_are_stored_as_what_they_are(publisher: Cli, cms: str) -> None:
    """Compressed bytes are saved as HTML: by a server that compresses whether asked or not."""
    whole = passing_on(cms)

    def compressing(path: str) -> Reply:
        got = whole(path)
        if not got.body:
            return got
        return Reply(
            got.status, gzip.compress(got.body), {**got.headers, "Content-Encoding": "gzip"}
        )

    with serving(compressing) as url:
        configure(url)
        run = publisher("export", "--publish")
    assert run.code == 0, run.err
    site = {path: data for path, data in tree().items() if "/site/s1/" in path}
    assert len(site) > 40
    assert [path for path, data in site.items() if data.startswith(b"\x1f\x8b")] == []


def test_a_page_that_declares_another_charset_is_read_in_it(publisher: Cli, cms: str) -> None:
    """Pages in Shift_JIS are read as something else, and become rubbish."""
    whole = passing_on(cms)

    def japanese(path: str) -> Reply:
        if path != "/?p=1632":
            return whole(path)
        page = (
            "<html><head><title>日本語</title></head>"
            '<body class="postid-1632">表示と予定～</body></html>'
        )
        return Reply(200, page.encode("cp932"), {"Content-Type": "text/html; charset=Shift_JIS"})

    with serving(japanese) as url:
        configure(url)
        assert publisher("export", "--publish").code == 0
    post = next(data for path, data in shown().items() if path.endswith("/blog/1632.html"))
    assert "表示と予定～" in post.decode()


@pytest.mark.parametrize("path", ["/", "/?p=1632"])
def test_a_redirect_to_https_is_not_written_over_a_page(
    publisher: Cli, cms: str, path: str
) -> None:
    """The body of a redirect from http to https replaces the home page."""
    configure(cms)
    publisher("export", "--publish")
    before = shown()
    whole = passing_on(cms)
    stub = b"<html><head><title>301 Moved Permanently</title></head></html>"

    def moving(asked: str) -> Reply:
        if asked != path:
            return whole(asked)
        return Reply(301, stub, {"Location": f"https://{cms.removeprefix('http://')}{path}"})

    with serving(moving) as url:
        configure(url)
        publisher("export", "--publish")
    assert [name for name, data in shown().items() if stub in data] == []
    for name, data in before.items():
        if name.endswith(("/s1/index.html", "/s1/blog/1632.html")):
            assert data in shown().values(), f"{name} is gone"


def test_no_url_is_asked_for_twice(publisher: Cli, cms: str) -> None:
    """The same pages are fetched again and again; exports take hours."""
    asked: Counter[str] = Counter()
    whole = passing_on(cms)

    def counting(path: str) -> Reply:
        asked[path] += is_page(path)
        return whole(path)

    with serving(counting) as url:
        configure(url)
        publisher("export", "--publish")
    assert len(asked) > 100
    # A few are looked at twice on purpose, to see whether they stay the same.
    again = [times for times in asked.values() if times > 1]
    assert again == [2] * len(again)
    assert len(again) <= 8


# ------------------------------------------------------------------------- addresses


def test_a_folder_of_the_cms_is_taken_off_once_and_whole() -> None:
    """A site below `/es`: replacing the text `/es` turned `/es/estudio` into `/tudio`."""
    home = "https://staging.example.co.jp/es"
    of = addresses(PRETTY, home=home)
    for path, wanted in (
        ("/es/estudio/", "/estudio/"),
        ("/es/es/es/", "/es/es/"),
        ("/es/wp-content/uploads/es/es.png", "/wp-content/uploads/es/es.png"),
    ):
        found = html(f'<a href="https://staging.example.co.jp{path}">', of, f"{home}/")
        assert found == f'<a href="{wanted}">'
    text = "<p>/es/estudio y estudios</p>"
    assert html(text, of, f"{home}/") == text


def test_behind_a_proxy_every_address_is_the_public_one() -> None:
    """Behind a reverse proxy the host became `example.comhttp`."""
    of = addresses(PRETTY, home="https://staging.example.co.jp", reached_at="http://127.0.0.1:8181")
    page = "".join(
        f'<a href="{start}/company/"></a><script>a="{start}/x?u={start}/";</script>'
        for start in (
            "https://staging.example.co.jp", "http://staging.example.co.jp",
            "//staging.example.co.jp", "http://127.0.0.1:8181",
        )
    )  # fmt: skip
    found = html(page, of, "https://staging.example.co.jp/")
    assert re.findall(r'href="([^"]*)"', found) == ["/company/"] * 4
    hosts = set(re.findall(r"//([^/\"?]+)", found))
    assert hosts <= {"www.example.co.jp"}
    assert "staging" not in found
    assert "127.0.0.1" not in found


def test_canonical_and_language_links_are_absolute() -> None:
    """A relative mode that makes canonical and hreflang links relative breaks both."""
    for head in (
        '<link rel="canonical" href="{}">',
        '<link rel="alternate" hreflang="ja" href="{}">',
    ):
        found = html(head.format("http://127.0.0.1:8181/?p=1632"))
        assert found == head.format(f"{PUBLIC}/blog/1632.html")


def test_markup_that_a_serialiser_would_change_keeps_its_bytes() -> None:
    """Parsing and writing again closes, decodes and reorders what a page needs as it is."""
    text = (
        '<script type="text/html"><li>{{ x }}</script><pre>&lt;b&gt; &amp;lt; &nbsp;</pre>'
        "<p>one<p>two<br/><INPUT disabled value=a&b><tr><td>no table</td></tr>"
        "<template><a href=#></template><!-- <a href='x'> --><svg viewBox='0 0 1 1'/>"
    )
    assert html(text) == text


@pytest.mark.parametrize("path", ["/2.0-release/", "/バージョン2.0/", "/v1.2.3/", "/node.js/"])
def test_a_dot_in_a_slug_is_no_extension(path: str) -> None:
    """Any dot is taken for an extension, and `/2.0-release/` becomes a file."""
    view = Views(inventory(PRETTY)).of(path, "")
    assert view
    assert view.kind == "path"
    assert SitePath(path).key == f"{path[1:]}index.html"
    assert served_as(path, "text/html", by_extension=False) == "text/html; charset=utf-8"


def test_the_first_page_of_a_list_is_the_list() -> None:
    """`/page/1` becomes a file `1` and blocks the folder `1/`."""
    of = addresses(PRETTY)
    for form in ("/page/1", "/page/1/", "/?paged=1"):
        found = of.locate(f"http://127.0.0.1:8181{form}")
        assert found
        assert found.path == "/"


def test_pages_with_different_queries_have_different_paths() -> None:
    """Query-string pages are dropped, or collapse onto one file."""
    of = addresses()
    queries = ("p=12", "p=1632", "p=12&page=2", "cat=1", "cat=1&paged=2", "cat=5", "tag=wine",
               "m=2009", "m=200904", "m=20090401", "author=1", "feed=rss2", "cat=1&feed=rss2",
               "query-1-page=2", "query-1-page=3", "query-2-page=2")  # fmt: skip
    found = [of.locate(f"http://127.0.0.1:8181/?{query}") for query in queries]
    paths = {address.path for address in found if address}
    assert None not in paths
    assert len(paths) == len(queries)


# --------------------------------------------------------------- what is told the CDN


@pytest.mark.parametrize(
    "path", ["/会社概要/", "/한국어-글.html", "/東京 タワー（夜）/", "/%e4/", "/🎉/"]
)
def test_a_path_is_sent_encoded_and_comes_back_as_it_was(path: str) -> None:
    """A CDN refuses invalidation paths that are not encoded, so Japanese pages stay old."""
    sent = SitePath(path).url
    assert re.fullmatch(r"[A-Za-z0-9/\-._~!$&'()*+,;=:@%]+", sent)
    assert unquote(sent) == path


def test_a_new_content_type_alone_is_written() -> None:
    """Comparing bytes or ETags alone misses a change of the Content-Type."""
    records = Records(MemoryStore())
    blob = records.put_blob(b"x")
    path = SitePath("/sitemap.xml")
    empty = records.manifest("")
    old, new = (
        records.put_manifest([(path, Entry(blob, 1, kind, ""))], empty)
        for kind in ("application/octet-stream", "application/xml; charset=utf-8")
    )
    actions = list(Plan(lambda: differences(old, new, records.load_part)))
    assert [(action.path, action.reason) for action in actions] == [(path, "headers changed")]


def test_a_new_redirect_alone_is_published() -> None:
    """A change of a redirect alone is missed: no file differs."""
    world = World()
    files = {"/": "the same home page", "/new/": "x"}
    world.publish(files)
    before = dict(world.edge.entries())
    outcome = world.publish(files, old_urls=("/old/",))
    assert outcome.release.rules == 1
    entries = world.edge.entries()
    assert len(entries) > len(before)
    assert decide(entries.get, Request("GET", "/old/")) == Redirect(301, "/")


def test_deleted_files_do_not_stay_in_the_store_for_ever() -> None:
    """Deleted pages and images stay on S3, and nobody is told."""
    world = World()
    world.publish({"/gone.html": "a page", "/gone.png.css": "an asset"})
    slots = [world.publish({"/n.html": str(n)}).slot for n in range(5)]
    assert world.slot_file(slots[0], "/gone.html") is None
    assert world.slot_file(slots[-1], "/gone.png.css") is None


def test_the_links_of_a_site_do_not_depend_on_how_its_cms_writes_japanese() -> None:
    """An update writes Japanese links in another form, and they break."""
    of = Addresses(inventory(PRETTY), Routes(), SiteUrls(PUBLIC, ("http://127.0.0.1:8181",)))
    encoded = SitePath("/会社概要/").url
    found = [
        of.locate(f"http://127.0.0.1:8181{form}")
        for form in ("/会社概要/", encoded, encoded.lower())
    ]
    assert {address.path for address in found if address} == {"/会社概要/"}
    assert {address.href for address in found if address} == {SitePath("/会社概要/").url}
