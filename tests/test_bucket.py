"""The whole way with a bucket as the store: a real S3 server, the real command."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from publisher.config import load
from publisher.demo.cms import SampleCms
from publisher.edge.server import EdgeServer, live_site
from publisher.sections import StoreSection
from publisher.store.s3 import S3Store
from tests.seaweedfs import SeaweedFS
from tests.visitor import Browser

pytestmark = pytest.mark.real

PUBLIC = "https://www.example.co.jp"


@pytest.fixture
def site(seaweedfs: SeaweedFS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose configuration names a fresh bucket and a sample CMS."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", seaweedfs.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", seaweedfs.secret_key)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    bucket = f"site-{secrets.token_hex(4)}"
    seaweedfs.create_bucket(bucket)
    with SampleCms() as cms:
        (tmp_path / "site-config.yaml").write_text(
            f"site: {{url: {PUBLIC}}}\ncms: {{url: '{cms.url}'}}\n"
            f"store: {{url: s3://{bucket}/production, endpoint_url: '{seaweedfs.endpoint_url}'}}\n"
        )
        yield tmp_path


def bucket_of(folder: Path) -> str:
    store = load(folder / "site-config.yaml").store
    assert isinstance(store, StoreSection)
    return store.url.split("/")[2]


def run(folder: Path, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "publisher", *words, "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_a_bucket_holds_a_site_that_visitors_can_read(site: Path, seaweedfs: SeaweedFS) -> None:
    first = run(site, "export", "--publish")
    again = run(site, "export", "--publish")
    assert first["new"]
    assert not again["new"]
    assert again["published"]["slot"] == ""
    store = S3Store(bucket_of(site), "production", seaweedfs.endpoint_url)
    with EdgeServer(*live_site(store), 0) as edge, Browser(edge.url, PUBLIC) as browser:
        visit = browser.visit()
        assert len(visit.answers) > 70
        assert visit.broken == {}
        assert browser.get(f"{PUBLIC}/?p=1632").url.endswith("/blog/1632.html")
    journal = run(site, "releases", "list")["journal"]
    assert [change["to_release"] for change in journal] == [first["release"]["id"]]


def test_what_a_browser_needs_is_stored_with_each_object(site: Path, seaweedfs: SeaweedFS) -> None:
    slot = run(site, "export", "--publish")["published"]["slot"]
    head = seaweedfs.client().head_object(
        Bucket=bucket_of(site), Key=f"production/site/{slot}/blog/1632.html"
    )
    assert head["ContentType"] == "text/html; charset=utf-8"
    assert "s-maxage=60" in head["CacheControl"]
