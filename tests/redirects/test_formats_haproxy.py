"""A real HAProxy answers by the files as the rules say."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from redirects.formats.haproxy import haproxy as written_for
from redirects.formats.written import Settings, Written
from redirects.rules import RuleSet
from tests.packages import program
from tests.processes import Service, reserved_ports
from tests.redirects.engine_requests import requests
from tests.redirects.engines import (
    PUBLIC,
    Client,
    a_rule_set,
    assert_decides_alike,
    limit_of_haproxy,
    show_counts,
)


def install(rules: RuleSet, folder: Path) -> Written:
    """The files in their folder, and a haproxy.cfg around them, as docs/redirects.md says."""
    (folder / "redirects").mkdir(parents=True)
    made = written_for(rules, Settings(PUBLIC, 3600, str(folder / "redirects")))
    for name, text in made.files.items():
        (folder / "redirects" / name).write_text(text, encoding="utf-8")
    (folder / "haproxy.cfg").write_text(
        f"""global
  maxconn 64
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
frontend site
  bind 127.0.0.1:{{port}}
{made.files["frontend.cfg"]}
  # Where a file server would be: what it would be asked for.
  http-request set-var(txn.shown) path,url_dec,url_enc
  http-request return status 200 hdr X-Path-Encoded %[var(txn.shown)]
""",
        encoding="utf-8",
    )
    return made


def checked(folder: Path) -> None:
    """`haproxy -c` must be content, without a warning."""
    done = subprocess.run(
        [program("haproxy"), "-c", "-f", str(folder / "haproxy.cfg")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr, done.stderr


@contextmanager
def running(folder: Path) -> Iterator[Client]:
    """A HAProxy with these files."""
    config = folder / "haproxy.cfg"
    with reserved_ports(1) as (port,):
        config.write_text(config.read_text().replace("{port}", str(port)))
    checked(folder)
    service = Service(
        "haproxy", [program("haproxy"), "-db", "-f", str(config)], records=folder, logs=folder
    )
    service.start()
    try:
        service.wait_until_listening(port)
        with Client(port) as client:
            yield client
    finally:
        service.stop()


@pytest.mark.real
def test_haproxy_decides_as_the_rules_say(
    haproxy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = a_rule_set()
    made = install(rules, tmp_path)
    assert not made.unsupported
    with running(tmp_path) as client:
        asked = requests(2, 12_000)
        counts = assert_decides_alike(client, rules, asked, limit_of_haproxy)
    with capsys.disabled():
        show_counts("haproxy", counts)
