"""A real, plain nginx answers by the files as the rules say."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from redirects.formats.nginx import nginx as written_for
from redirects.formats.written import Settings, Written
from redirects.rules import Rule, RuleSet
from redirects.targets import encode_path
from tests.packages import program
from tests.processes import Service, reserved_ports
from tests.redirects.engine_requests import requests
from tests.redirects.engines import (
    BROWSER,
    CRAWLER,
    PUBLIC,
    Asked,
    Client,
    a_rule_set,
    assert_decides_alike,
    limit_of_nginx,
    show_counts,
)


def install(rules: RuleSet, folder: Path) -> Written:
    """The files in their folder, and an nginx.conf around them, as docs/redirects.md says."""
    (folder / "redirects").mkdir(parents=True)
    made = written_for(rules, Settings(PUBLIC, 3600, str(folder / "redirects")))
    for name, text in made.files.items():
        (folder / "redirects" / name).write_text(text, encoding="utf-8")
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"""{user}
worker_processes 1;
pid {folder}/nginx.pid;
daemon off;
error_log {folder}/error.log info;
events {{ worker_connections 64; }}
http {{
  access_log off;
  keepalive_requests 1000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include {folder}/redirects/http.conf;
  server {{
    listen 127.0.0.1:{{port}};
    include {folder}/redirects/server.conf;
    error_page 404 /404.html;
    location = /404.html {{ internal; return 404 "not here"; }}
    location / {{ add_header X-Path $uri; return 200; }}
  }}
}}
""",
        encoding="utf-8",
    )
    return made


def checked(folder: Path) -> str:
    """What `nginx -t` says; it must be content."""
    done = subprocess.run(command(folder, "-t"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr, done.stderr
    return done.stderr


def command(folder: Path, *options: str) -> list[str]:
    return [program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf"), *options]


@contextmanager
def running(folder: Path) -> Iterator[Client]:
    """An nginx with these files."""
    config = folder / "nginx.conf"
    with reserved_ports(1) as (port,):
        config.write_text(config.read_text().replace("{port}", str(port)))
        checked(folder)
    service = Service("nginx", command(folder), records=folder, logs=folder)
    service.start()
    try:
        service.wait_until_listening(port)
        with Client(port) as client:
            yield client
    finally:
        service.stop()


@pytest.mark.real
def test_nginx_decides_as_the_rules_say(
    nginx: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = a_rule_set()
    made = install(rules, tmp_path)
    assert not made.unsupported
    with running(tmp_path) as client:
        asked = requests(1, 12_000)
        counts = assert_decides_alike(client, rules, asked, limit_of_nginx)
    with capsys.disabled():
        show_counts("nginx", counts)


@pytest.mark.real
def test_no_rule_is_met_at_the_second_look_at_a_request(nginx: str, tmp_path: Path) -> None:
    """An index and an error page are such looks."""
    page = "/blog/会社/"
    rules = RuleSet.of(
        [
            Rule("?p=7", 301, encode_path(page), encode_path(page)),
            Rule("/blog/会社/index.html", 301, encode_path(page)),
            Rule("/404.html", 301, "/"),
            Rule("/gone", 410),
        ]
    )
    install(rules, tmp_path)
    (tmp_path / "www/blog/会社").mkdir(parents=True)
    (tmp_path / "www/blog/会社/index.html").write_text("the page")
    (tmp_path / "www/404.html").write_text("our 404")
    (tmp_path / "www/index.html").write_text("home")
    config = tmp_path / "nginx.conf"
    lines = [
        line for line in config.read_text().splitlines()
        if "location" not in line and "error_page" not in line
    ]  # fmt: skip
    at = next(n for n, line in enumerate(lines) if "server.conf" in line) + 1
    lines[at:at] = [f"root {tmp_path}/www;", "error_page 404 410 /404.html;"]
    config.write_text("\n".join(lines))
    with running(tmp_path) as client:
        seen = {
            (path, agent): client.read(Asked("ids", path.partition("?")[0], path.partition("?")[2],
                                             user_agent=agent))
            for path in ("/", "/?p=7", "/?p=8", "/none", "/gone", encode_path(page), "/404.html")
            for agent in (BROWSER, CRAWLER)
        }  # fmt: skip
    assert seen["/?p=7", CRAWLER] == (200, "the page")
    assert seen["/?p=7", BROWSER][0] == 301
    assert seen[encode_path(page), BROWSER] == (200, "the page")
    assert seen["/", BROWSER] == (200, "home")
    assert seen["/?p=8", BROWSER] == seen["/none", CRAWLER] == (404, "our 404")
    assert seen["/gone", BROWSER] == (410, "our 404")
    assert seen["/404.html", BROWSER][0] == 301
