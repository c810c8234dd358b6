"""A site on S3 and CloudFront, the whole way, by the commands: a real S3 server, a small CloudFront
with the limits of the real one, and visitors by the function that was published there."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

from publisher.demo.cms import SampleCms
from publisher.edge.javascript import EdgeFunction
from publisher.errors import NotFound
from publisher.store.port import Object
from publisher.store.s3 import S3Store
from redirects.edge import source
from tests import cloudfront
from tests.seaweedfs import SeaweedFS

pytestmark = pytest.mark.real

HOST = "www.example.co.jp"
PREVIEWS = "preview.example.co.jp"


@dataclass
class OnAws:
    """A folder with a configuration, the bucket, and CloudFront."""

    folder: Path
    store: S3Store
    aws: cloudfront.CloudFront

    def run(self, *words: str, code: int = 0) -> dict[str, Any]:
        """A command, as a process of its own; its document."""
        done = subprocess.run(
            [sys.executable, "-m", "publisher", *words, "--json"],
            cwd=self.folder, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def get(self, path: str, host: str = HOST, **headers: str) -> tuple[int, str, Object | None]:
        """What a visitor gets: status, Location, file. The code is the one that is live."""
        code = self.aws.functions[cloudfront.FUNCTION, "LIVE"].code.decode()
        uri, _, query = path.partition("?")
        with EdgeFunction(code) as function:
            function.load(self.aws.data)
            answer = function.run("GET", uri, query, {"host": host, **headers})
        if "statusCode" in answer:
            return (
                answer["statusCode"],
                answer["headers"].get("location", {}).get("value", ""),
                None,
            )
        try:
            return 200, "", self.store.get("site" + unquote(answer["uri"]))
        except NotFound:
            return 404, "", None


@pytest.fixture
def site(seaweedfs: SeaweedFS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OnAws]:
    """Nothing is published yet, and the distribution has no function."""
    aws = cloudfront.CloudFront()
    bucket = f"site-{secrets.token_hex(4)}"
    seaweedfs.create_bucket(bucket)
    with SampleCms() as cms, cloudfront.served(aws, monkeypatch):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", seaweedfs.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", seaweedfs.secret_key)
        monkeypatch.setenv("AWS_REGION", seaweedfs.region)
        monkeypatch.setenv("PREVIEW_PASSWORD", "合言葉")
        (tmp_path / "site-config.yaml").write_text(
            f"site: {{url: https://{HOST}}}\ncms: {{url: '{cms.url}'}}\n"
            f"store: {{url: s3://{bucket}/p, endpoint_url: '{seaweedfs.endpoint_url}'}}\n"
            f"edge: {{kind: cloudfront, distribution: {cloudfront.DISTRIBUTION}, "
            f"function: {cloudfront.FUNCTION}, key_value_store: '{cloudfront.ARN}', "
            f"previews: {PREVIEWS}}}\n",
            encoding="utf-8",
        )
        yield OnAws(tmp_path, S3Store(bucket, "p", seaweedfs.endpoint_url), aws)


def test_a_site_goes_live_back_and_out(site: OnAws) -> None:
    site.run("infra", "--install")
    assert site.aws.functions[cloudfront.FUNCTION, "LIVE"].code.decode() == source(HOST, PREVIEWS)
    assert site.get("/")[0] == 503  # nothing is live yet

    first = site.run("export", "--publish")["published"]
    status, _, page = site.get("/blog/1632.html")
    assert (status, page and page.headers.content_type) == (200, "text/html; charset=utf-8")
    assert site.get("/?p=1632")[:2] == (301, "/blog/1632.html")
    assert site.get("/?p=1632", **{"user-agent": "facebookexternalhit/1.1"})[0] == 200
    assert site.get("/?p=99999999")[0] == 404
    assert site.get("/", host="d111.cloudfront.net")[:2] == (301, f"https://{HOST}/")
    japanese = next(
        one.key for one in site.store.list(f"site/{first['slot']}/") if not one.key.isascii()
    )
    url = "/" + quote(japanese.split("/", 2)[2].removesuffix("index.html"))
    assert site.get(url)[0] == 200

    # Nothing changed: nothing is written, there or in the bucket.
    asked = len(site.aws.requests)
    assert site.run("publish")["published"]["slot"] == ""
    assert {operation for operation, _ in site.aws.requests[asked:]} == {"GetKey"}

    site.run("publish", "--to", "preview-spring", "--password", "env:PREVIEW_PASSWORD")
    spring = f"spring.{PREVIEWS}"
    assert site.get("/", host=spring)[0] == 401
    assert site.get("/robots.txt", host=spring)[0] == 200
    assert site.get("/", host=f"autumn.{PREVIEWS}")[0] == 404

    site.run("withdraw", "/blog/1632.html", "--reason", "誤植")
    assert site.get("/blog/1632.html")[0] == 410
    forgotten = [path for one in site.aws.invalidations.values() for path in one.paths]
    assert f"/{first['slot']}/blog/1632.html" in forgotten
    assert site.get("/blog/1650.html")[0] == 200

    config = site.folder / "site-config.yaml"
    config.write_text(config.read_text() + "routes: {post: '/news/{id}.html'}\n")
    second = site.run("export", "--publish")["published"]
    assert second["slot"] != first["slot"]
    assert site.get("/news/1650.html")[0] == 200
    assert site.get("/?p=1650")[:2] == (301, "/news/1650.html")

    site.run("rollback", "--reason", "wrong address")
    assert site.get("/?p=1650")[:2] == (301, "/blog/1650.html")
    assert site.get("/blog/1632.html")[0] == 410
    assert "hold" in site.run("export", "--publish", code=5)["error"]
    site.run("resume")

    # Without its data, visitors get the fallback, whole and without what is withdrawn.
    site.run("gc")
    code = site.aws.functions[cloudfront.FUNCTION, "LIVE"].code.decode()
    fallback = re.search(r"fallback: '([^']+)'", code) or re.search(r'fallback: ?"([^"]+)"', code)
    assert fallback
    site.aws.data.clear()
    assert site.get("/blog/1650.html")[0] == 200
    assert site.get("/blog/1632.html")[0] == 404


def test_what_stands_in_the_way_is_said(site: OnAws) -> None:
    done = site.run("export", "--publish", code=1)
    assert "publisher infra" in done["error"] + done["hint"]
    assert site.aws.data == {}
