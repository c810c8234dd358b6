"""`publisher redirects export`: files, what they can't say, and what to do with them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from publisher.commands.redirect_formats import export
from publisher.errors import PublisherError
from publisher.records import Records
from publisher.release import Intent, Release, Withdrawal
from publisher.store.directory import DirectoryStore
from publisher.store.port import ABSENT
from redirects.formats.known import FORMATS
from redirects.patterns import Pattern
from redirects.rules import Rule, RuleSet

CONFIG = """\
site: {url: "https://www.example.co.jp"}
cms: {url: "http://127.0.0.1:8081"}
store: .publisher
"""
NOW = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    """The command, in a folder with a release that is live and has a withdrawn page."""
    monkeypatch.chdir(tmp_path)
    Path("site-config.yaml").write_text(CONFIG, encoding="utf-8")
    records = Records(DirectoryStore(tmp_path / ".publisher"))
    rules = RuleSet.of(
        [
            Rule("?p=7", 301, "/blog/7.html", "/blog/7.html", "post 7"),
            Rule("/" + "長い" * 1000, 301, "/long/", origin="redirects.csv:3"),
        ],
        [Pattern("/old/*", 301, "/new/*")],
    )
    release = Release(
        id="20260401-000000-aaaaaa",
        manifest="",
        redirects=records.put_blob(rules.to_json()),
        parent="",
        created=NOW,
        actor="tester",
        reason="",
        pages=1,
        files=1,
        rules=1,
    )
    records.put_release(release)
    withdrawn = {"/blog/8.html": Withdrawal(actor="tester", reason="", since=NOW)}
    records.move_intent(Intent(generation=1, release=release.id, withdrawn=withdrawn), ABSENT)
    app = typer.Typer()
    app.command()(export)
    return app


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_files_of_each_format(app: typer.Typer, form: str) -> None:
    done = CliRunner().invoke(app, ["--format", form, "--output", "out/it"])
    assert done.exit_code == 0, done.output
    written = "".join(file.read_text() for file in Path("out/it").iterdir())
    assert "/blog/7.html" in written
    if form != "cloudfront":  # which has digests of sources
        assert "/blog/8.html" in written
    assert "410" in written
    assert "Next:" in done.stderr
    assert ("redirects.csv" in done.stderr) is False
    assert (f"/{'長い' * 3}" in done.stderr) is (form in ("nginx", "haproxy"))
    assert not done.stdout


def test_more_than_the_edge_holds_is_an_error(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redirects.compile.STORE_BYTES_MAX", 10)
    done = CliRunner().invoke(app, ["--format", "cloudfront", "--output", "out"])
    assert isinstance(done.exception, PublisherError)
    assert "key-value store holds 10" in str(done.exception)
    assert not Path("out").exists()


def test_what_machines_read(app: typer.Typer) -> None:
    arguments = ["aaaaaa", "--format", "nginx", "--output", "out", "--folder", "/srv/it", "--json"]
    done = CliRunner().invoke(app, arguments)
    document = json.loads(done.stdout)
    assert document["release"] == "20260401-000000-aaaaaa"
    assert document["counts"] == {"rules": 3, "patterns": 1, "unsupported": 1}
    assert document["unsupported"][0]["origin"] == "redirects.csv:3"
    assert "out/http.conf" in document["files"]
    assert any("/srv/it/http.conf" in step for step in document["next"])
    assert "/srv/it/paths.map" in Path("out/http.conf").read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--format", "apache", "--output", "out"],
        ["--format", "nginx", "--output", "out", "--folder", "/etc/\nnginx"],
        ["--format", "nginx"],
        ["--output", "out"],
    ],
)
def test_wrong_usage(app: typer.Typer, arguments: list[str]) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2, done.output
    assert not Path("out").exists()
