"""An nginx of our own: its configuration, its life, and what it was asked for."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.guard import Guard
from tests.packages import program
from tests.processes import Service, reserved_ports

# nginx's log as it is by default (ngx_http_log_module, "combined").
_COMBINED = re.compile(
    r'\S+ - \S+ \[(?P<time>[^]]+)\] "\S+ (?P<path>\S+) [^"]*" (?P<status>\d+) (?P<sent>\d+) '
)
# The log is written this often; a little later it is complete.
_FLUSH_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Request:
    """A line of the access log. `time` is in seconds, when the answer was sent."""

    time: float
    status: int
    sent_bytes: int
    path: str


@dataclass(frozen=True, slots=True)
class Web:
    """A running server."""

    url: str
    log: Path

    def requests(self) -> list[Request]:
        """What was asked since the last call."""
        time.sleep(3 * _FLUSH_SECONDS)  # nginx writes its log so often, and not when it is asked
        return logged(self.log)


def logged(log: Path) -> list[Request]:
    """The lines of an access log, which is empty afterwards: nginx appends to it."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    os.truncate(log, 0)
    return list(map(_request, lines))


def _request(line: str) -> Request:
    if match := _COMBINED.match(line):
        when = datetime.strptime(match["time"], "%d/%b/%Y:%H:%M:%S %z").timestamp()
        return Request(when, int(match["status"]), int(match["sent"]), match["path"])
    when_s, status, sent, path = line.split(" ", 3)
    return Request(float(when_s), int(status), int(sent), path)


@contextlib.contextmanager
def served(folder: Path, locations: str, port: int) -> Iterator[Web]:
    """nginx with these `location` blocks on 127.0.0.1, for the length of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "access.log"
    log.write_bytes(b"")
    configuration = folder / "nginx.conf"
    configuration.write_text(_configuration(folder, locations, port, log), encoding="utf-8")
    service = Service(
        "nginx",
        [program("nginx"), "-e", f"{folder}/error.log", "-c", str(configuration)],
        records=folder,
        logs=folder,
    )
    guard = Guard(folder, None)  # stops it should we be killed
    service.start()
    try:
        service.wait_until_listening(port)
        yield Web(f"http://127.0.0.1:{port}", log)
    finally:
        service.stop()
        guard.release()


@contextlib.contextmanager
def free_port() -> Iterator[int]:
    """A port of 127.0.0.1 that nobody else is given within the block."""
    with reserved_ports(1) as [port]:
        yield port


def _configuration(folder: Path, locations: str, port: int, log: Path) -> str:
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "".join(
        f"    {kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
    )
    return f"""\
{user}
daemon off;
worker_processes auto;
pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    log_format figures '$msec $status $bytes_sent $request_uri';
    access_log {log} figures buffer=256k flush={int(_FLUSH_SECONDS * 1000)}ms;
{temporary}    sendfile on;
    keepalive_requests 1000000;
    open_file_cache max=20000;
    charset utf-8;
    server {{
        listen 127.0.0.1:{port};
        absolute_redirect off;
{locations}
    }}
}}
"""
