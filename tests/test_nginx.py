"""The edge as an nginx, over real HTTP: over a directory, and over S3 with a cache between."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from requests.auth import HTTPBasicAuth

from publisher.content_types import by_name
from publisher.edge.nginx import COOLING_S, Nginx, config
from publisher.edge.store import StoreEdge
from publisher.publish import Audience, Publisher
from publisher.release import utc_now
from publisher.store.directory import DirectoryStore, names_of
from publisher.store.port import KEY_BYTES_MAX
from publisher.store.s3 import S3Store
from redirects.compile import password_digest
from tests.nginx import NginxEdge
from tests.processes import run
from tests.seaweedfs import SeaweedFS
from tests.sites import ACTOR, World

HOST = "www.example.co.jp"
PREVIEWS = "preview.example.co.jp"
CSP = "default-src 'self'; img-src 'self' data:"
FACEBOOK = "facebookexternalhit/1.1"
BUCKET = "site-behind-nginx"
SITE = Nginx(host=HOST, origin="/srv/site", previews=PREVIEWS, content_security_policy=CSP)

PAGE = """<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>会社概要</title>
<link rel="stylesheet" href="/css/本文.css"><script defer src="/see.js"></script></head>
<body><h1>会社概要</h1></body></html>"""
FILES = {
    "/会社/": PAGE + "<p>本文</p>" * 200,
    "/css/本文.css": "h1 { color: rgb(1, 2, 3) }",
    "/see.js": "document.title = getComputedStyle(document.querySelector('h1')).color"
    " + ' ' + location.pathname;",
    "/blog/1632.html": "<!doctype html><title>1632</title>",
    "/blog/1632.html/2": "part two",
    "/a b+c/%41.css": "p{}",
    "/v1.2/": "a dot",
    "/" + "長" * 83 + ".css": "long",
    "/は゛ハ゛": "not composed, since these are no combining marks",
    "/がいよう.css": "composed",
}
OLD = ("/古い", "/old page")


@dataclass
class Served:
    """An nginx before a store with a release and a preview in it."""

    world: World
    nginx: NginxEdge
    has_cache: bool

    def get(
        self,
        path: str,
        host: str = HOST,
        method: str = "GET",
        auth: HTTPBasicAuth | None = None,
        **headers: str,
    ) -> requests.Response:
        asked = {"Host": host} | {name.replace("_", "-"): v for name, v in headers.items()}
        return requests.request(
            method, self.nginx.url + path, headers=asked, auth=auth,
            allow_redirects=False, timeout=30,
        )  # fmt: skip


@pytest.fixture(scope="module", params=["directory", "s3"])
def served(request: pytest.FixtureRequest, nginx: str) -> Iterator[Served]:
    if request.param == "directory":
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            yield from _served(World(DirectoryStore(Path(folder))), folder)
    else:
        server: SeaweedFS = request.getfixturevalue("seaweedfs")
        server.create_bucket(BUCKET)
        allowed = {
            "Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"],
            "Resource": [f"arn:aws:s3:::{BUCKET}/a/{area}/*" for area in ("site", "edge")],
        }  # fmt: skip
        policy = {"Version": "2012-10-17", "Statement": [allowed]}
        server.client().put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ACCESS_KEY_ID", server.access_key)
            patch.setenv("AWS_SECRET_ACCESS_KEY", server.secret_key)
            patch.setenv("AWS_REGION", server.region)
            store = S3Store(BUCKET, "a", server.endpoint_url)
        # Of `1632.html` and `1632.html/2`, written at the same moment, SeaweedFS loses the first
        # in one of 25 cases: both of them make the folder in between.
        store.writers = 1
        yield from _served(World(store), f"{server.endpoint_url}/{BUCKET}/a")


def _served(world: World, origin: str) -> Iterator[Served]:
    world.edge = StoreEdge(world.store, COOLING_S)
    world.publish(FILES, OLD)
    digest = password_digest("spring", "ひみつ")
    for name, password, days in (("spring", digest, 1), ("open", "", 1), ("old", "", -1)):
        publisher = Publisher(world.records, world.edge, lambda *_: None, f"preview-{name}")
        audience = Audience(utc_now() + timedelta(days=days), password)
        release = world.release({**FILES, "/new/": f"only in {name}"}, ("/newer",))
        publisher.publish(release, ACTOR, audience=audience)
    with NginxEdge(replace(SITE, origin=origin)) as edge:
        yield Served(world, edge, not origin.startswith("/"))


# ------------------------------------------------------------------------- a visitor


@pytest.mark.real
def test_every_file_with_its_headers(served: Served) -> None:
    for path, text in FILES.items():
        seen = served.get(quote(path, safe="/!~*'()"))
        assert (seen.status_code, seen.content.decode()) == (200, text), path
        assert seen.headers["content-type"] == (by_name(path) or "text/html; charset=utf-8")
        assert "s-maxage=60" in seen.headers["cache-control"]
        assert seen.headers["content-security-policy"] == CSP
        assert seen.headers["strict-transport-security"] == "max-age=31536000"
        assert seen.headers["x-content-type-options"] == "nosniff"
        assert seen.headers["referrer-policy"] == "strict-origin-when-cross-origin"
        assert seen.headers["server"] == "nginx"
        assert "x-robots-tag" not in seen.headers


@pytest.mark.real
@pytest.mark.parametrize(
    "path",
    [
        "/%e4%bc%9a%E7%A4%BE/",
        "/%E4%BC%9A%E7%A4%BE/?utm_source=x",
        quote("/会社/") + "?fbclid",
        "/%76%31%2E2/",
        quote("/か\u3099いよう.css"),
    ],
)
def test_one_file_however_its_path_is_written(served: Served, path: str) -> None:
    assert served.get(path).status_code == 200


@pytest.mark.real
def test_the_second_visitor_is_answered_by_the_cache(served: Served) -> None:
    if not served.has_cache:
        assert "x-cache" not in served.get("/").headers
        return
    path = quote("/blog/1632.html")
    served.get(path)
    for again in (path, path + "?utm_source=x", "/blog/%31632.html"):
        for method in ("GET", "HEAD"):
            assert served.get(again, method=method).headers["x-cache"] == "HIT", again
    assert served.get("/never/1").status_code == 404
    assert served.get("/never/2").headers["x-cache"] == "HIT"  # the 404 page


@pytest.mark.real
def test_head_conditions_ranges_and_compression(served: Served) -> None:
    path = quote("/会社/")
    plain = served.get(path, Accept_Encoding="identity")
    head = served.get(path, method="HEAD", Accept_Encoding="identity")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == plain.headers["content-length"]
    again = served.get(path, Accept_Encoding="identity", If_None_Match=plain.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == plain.headers["cache-control"]
    part = served.get(path, Accept_Encoding="identity", Range="bytes=0-14")
    assert (part.status_code, part.content) == (206, b"<!doctype html>")
    packed = served.get(path, Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["vary"]
    assert packed.content == plain.content


@pytest.mark.real
def test_redirects(served: Served) -> None:
    for path in (quote("/古い"), "/old%20page"):
        seen = served.get(path + "?a=1")
        assert (seen.status_code, seen.headers["location"]) == (301, "/?a=1")
        assert seen.headers["cache-control"] == "max-age=3600"
    seen = served.get("/?p=404")
    assert seen.status_code == 404
    for host in ("example.co.jp", "evil.example", f"{HOST}.evil.example"):
        seen = served.get(quote("/会社/") + "?a=1", host)
        assert seen.status_code == 301
        assert seen.headers["location"] == f"https://{HOST}/%E4%BC%9A%E7%A4%BE/?a=1"


@pytest.mark.real
def test_what_is_not_there_and_what_is_not_allowed(served: Served) -> None:
    odd = ("/nope", "/_missing", "/_errors/nope", "//nope", "/%E9", "/a%2f..%2fb", "/%5c")
    for path in odd:
        seen = served.get(path)
        assert seen.status_code == 404, path
        assert "ページが見つかりません" in seen.content.decode(), path
        assert seen.headers["content-type"] == "text/html; charset=utf-8"
        assert seen.headers["content-security-policy"] == CSP
    for path in ("/.publisher-data/live", "/refs/live", "/edge/live", "/../refs/live", "/%00"):
        assert served.get(path).status_code in (400, 404), path
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        seen = served.get("/", method=method)
        assert (seen.status_code, seen.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.real
def test_previews(served: Served) -> None:
    auth = HTTPBasicAuth(b"preview", "ひみつ".encode())
    spring, opened = f"spring.{PREVIEWS}", f"Open.{PREVIEWS}"
    for host, sent in ((spring, auth), (opened, None)):
        seen = served.get("/new/", host, auth=sent)
        assert (seen.status_code, "only in" in seen.text) == (200, True)
        assert seen.headers["x-robots-tag"] == "noindex"
        assert served.get("/newer", host, auth=sent).headers["location"] == "/"
        assert served.get(quote("/古い"), host, auth=sent).status_code == 404
    seen = served.get("/new/", spring)
    assert (seen.status_code, seen.headers["cache-control"]) == (401, "no-store")
    assert seen.headers["www-authenticate"] == 'Basic realm="preview", charset="UTF-8"'
    assert "only in" not in seen.text
    assert served.get("/new/", spring, auth=HTTPBasicAuth("preview", "x")).status_code == 401
    seen = served.get("/robots.txt", spring)
    assert (seen.status_code, seen.text) == (200, "User-agent: *\nDisallow: /\n")
    assert served.get("/", f"old.{PREVIEWS}").status_code == 410
    seen = served.get("/", f"autumn.{PREVIEWS}")
    assert (seen.status_code, seen.headers["x-robots-tag"]) == (404, "noindex")
    assert served.get("/new/").status_code == 404


# ------------------------------------------------------------------------- publishing


def _seen(served: Served, newest: int, problems: list[str]) -> int:
    """The version that a page and the style that it names are of, -1 for none yet; what is wrong
    with it is put among the problems."""
    page = served.get(quote("/会社/"))
    words = page.text.split()
    if page.status_code != 200 or words[0] != "version":
        if newest >= 0:
            problems.append(f"{page.status_code} {page.text[:80]}")
        return -1
    number = int(words[1])
    if number < newest:
        problems.append(f"{newest}, then {number} again")
    style = served.get(words[2])
    if (style.status_code, style.text) != (200, f"version {number}"):
        problems.append(f"{words[2]}: {style.status_code} {style.text[:80]}")
    return number


@pytest.mark.real
def test_whoever_looks_while_releases_go_live_sees_whole_ones(served: Served) -> None:
    world = served.world

    def files(number: int) -> dict[str, str]:
        style = f"/css/style-{number}.css"
        page = f"version {number} {style}"
        return {**FILES, "/": page, "/会社/": page, style: f"version {number}"}

    world.publish(files(0), OLD)
    problems: list[str] = []
    versions: set[int] = set()
    ended = threading.Event()

    def look() -> None:
        newest = -1
        while not ended.is_set():
            number = _seen(served, newest, problems)
            newest = max(newest, number)
            versions.add(number)

    watchers = [threading.Thread(target=look) for _ in range(3)]
    for watcher in watchers:
        watcher.start()
    try:
        time.sleep(1.5)
        for number in (1, 2, 3):
            started = time.monotonic()
            world.publish(files(number), OLD)
            while number not in versions:
                assert time.monotonic() < started + 30, f"version {number} does not show"
                time.sleep(0.02)
            time.sleep(1.2)
    finally:
        ended.set()
        for watcher in watchers:
            watcher.join()
    assert problems == []
    assert {1, 2, 3} <= versions


@pytest.mark.real
def test_a_store_that_is_gone_is_a_503_that_nobody_keeps(nginx: str) -> None:
    with NginxEdge(replace(SITE, origin="http://127.0.0.1:1/bucket")) as edge:
        seen = requests.get(edge.url, headers={"Host": HOST}, timeout=30)
    assert (seen.status_code, seen.headers["cache-control"]) == (503, "no-store")
    assert seen.headers["retry-after"] == "5"
    assert seen.headers["content-security-policy"] == CSP


# ------------------------------------------------------------------------- a browser


@pytest.mark.real
def test_a_browser_shows_a_page_with_its_style_and_follows_a_redirect(
    nginx: str, chromium: str, tmp_path: Path
) -> None:
    store = DirectoryStore(tmp_path / "store")
    world = World(store, StoreEdge(store))
    world.publish({**FILES, "/": PAGE}, OLD)
    with NginxEdge(replace(SITE, origin=str(tmp_path / "store"))) as edge:

        def title(path: str) -> str:
            """What the page's script found out, after it had run."""
            dom = run([
                chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
                "--disable-features=HttpsUpgrades", f"--user-data-dir={tmp_path / 'profile'}",
                f"--host-resolver-rules=MAP {HOST} 127.0.0.1:{edge.port}",
                "--virtual-time-budget=10000", f"http://{HOST}{path}",
            ])  # fmt: skip
            assert "<h1>会社概要</h1>" in dom
            return dom.partition("<title>")[2].partition("</title>")[0]

        assert title(quote("/会社/")) == "rgb(1, 2, 3) " + quote("/会社/")
        assert title(quote("/古い")) == "rgb(1, 2, 3) /"


# ------------------------------------------------------------------------- the files


LONG = st.builds(str.__mul__, st.text("é😀%\x00.x", min_size=1, max_size=9), st.integers(20, 60))
PARTS = st.one_of(
    st.sampled_from([".", "..", ".headers", ".lock", "a", "a.b", "1632.html", "会社", "長" * 100]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1),
    LONG,
)
FILES_OF_NJS = ("main.js", "keys.json", "out.json")
KEYS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)
KEYS_THAT_FIT = KEYS.filter(lambda key: len(key.encode()) <= KEY_BYTES_MAX)


@settings(max_examples=8, deadline=None, database=None, phases=[Phase.explicit, Phase.generate])
@given(keys=st.lists(KEYS_THAT_FIT, min_size=20, max_size=40))
def test_nginx_finds_every_key_where_the_directory_holds_it(njs: str, keys: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "directory.js").write_text(config(SITE)["directory.js"])
        (folder / "keys.json").write_text(json.dumps(keys))
        (folder / "main.js").write_text(
            "import directory from 'directory.js'; import fs from 'fs';\n"
            "const keys = JSON.parse(fs.readFileSync(process.argv[2]));\n"
            "const paths = keys.map(function (key) { return directory.pathOf(key); });\n"
            "fs.writeFileSync(process.argv[3], JSON.stringify(paths));\n"
        )
        done = subprocess.run(
            [njs, "-q", "-p", name, *(f"{name}/{file}" for file in FILES_OF_NJS)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found = json.loads((folder / "out.json").read_text())
    assert found == ["/" + "/".join(names_of(key)) for key in keys]


def test_the_files_and_what_is_in_them() -> None:
    made = config(replace(SITE, origin="https://bucket.s3.ap-northeast-1.amazonaws.com/a/"))
    assert sorted(made) == ["cloudfront", "edge.js", "site.conf"]
    assert "directory.js" in config(SITE)
    conf = made["site.conf"]
    assert 'set $site_origin "https://bucket.s3.ap-northeast-1.amazonaws.com/a";' in conf
    assert "proxy_set_header Host bucket.s3.ap-northeast-1.amazonaws.com;" in conf
    assert f"server_name {HOST} *.{PREVIEWS};" in conf
    assert f'previews:"{PREVIEWS}"' in made["edge.js"]
    assert not any("{{ " in text or "{%" in text for text in made.values())


@pytest.mark.real
def test_with_a_certificate_who_comes_without_tls_is_sent_on_in_one_step(nginx: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        key, certificate = f"{folder}/key.pem", f"{folder}/certificate.pem"
        run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={HOST}",
             "-keyout", key, "-out", certificate, "-days", "2",
             "-addext", "subjectAltName=IP:127.0.0.1"]
        )  # fmt: skip
        (Path(folder) / "store").mkdir(mode=0o755)
        world = World(DirectoryStore(Path(folder) / "store"))
        world.edge = StoreEdge(world.store, COOLING_S)
        world.publish(FILES, ("?p=7",))
        site = replace(SITE, certificate=certificate, certificate_key=key, origin=f"{folder}/store")
        with NginxEdge(site) as edge:

            def get(url: str, host: str = HOST) -> requests.Response:
                return requests.get(
                    url, headers={"Host": host}, allow_redirects=False, timeout=30,
                    verify=certificate,
                )  # fmt: skip

            company = quote("/会社/")
            for host in (HOST, "example.co.jp"):
                seen = get(f"{edge.url}{company}?b", host)
                assert (seen.status_code, seen.headers["location"]) == (
                    301, f"https://{HOST}{company}?b"
                )  # fmt: skip
                assert get(f"{edge.url}/?p=7", host).headers["location"] == f"https://{HOST}/"
            spring = f"spring.{PREVIEWS}"
            assert get(f"{edge.url}/a?b", spring).headers["location"] == f"https://{spring}/a?b"
            secure = f"https://127.0.0.1:{edge.tls_port}"
            seen = get(secure + company)
            assert (seen.status_code, seen.content.decode()) == (200, FILES["/会社/"])
            assert get(f"{secure}/?p=7").headers["location"] == "/"


@pytest.mark.parametrize(
    "settings_",
    [
        {"host": ""},
        {"host": "WWW.example.co.jp"},
        {"previews": "a b"},
        {"origin": "s3://bucket"},
        {"origin": "/srv/a\nb"},
        {"origin": "/srv/it's"},
        {"origin": "/srv/$host"},
        {"origin": "https://a/b c"},
        {"content_security_policy": 'default-src "self"'},
        {"content_security_policy": "a\nadd_header X y"},
        {"folder": "/etc/{nginx}\\"},
        {"cache": 'x" y'},
        {"cache_size": "1g; x"},
        {"listen": "80;"},
        {"resolver": "1.1.1.1; x"},
        {"name": "a-b"},
        {"certificate": "/x.pem"},
        {"certificate_key": "/x.pem"},
    ],
)
def test_settings_that_could_mean_something_else_are_refused(settings_: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        config(replace(SITE, **settings_))
