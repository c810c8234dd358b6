"""Real servers that answer by the exported rules: a plain nginx and a HAProxy, started for as long
as they are asked, on a socket that nobody else can reach."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, Self
from urllib.parse import unquote

from publisher.audit.compare import Answer
from publisher.audit.limits import known_limit
from publisher.audit.replay import HasFile, served
from publisher.errors import ConfigError, Problem, PublisherError
from redirects.explain import outcome
from redirects.formats.haproxy import haproxy
from redirects.formats.nginx import nginx
from redirects.formats.written import Settings, Written
from redirects.match import Request
from redirects.rules import RuleSet

# A million rules take nginx half a minute to read.
START_S_MAX = 120.0
STOP_S_MAX = 5.0
ANSWER_S_MAX = 20.0
CONNECTIONS = 4
_POLL_S = 0.02
# The path of a socket has 107 bytes at most (unix(7)). HAProxy binds one with a longer name, which
# it then renames: it takes 97.
_PLACE_BYTES_MAX = 97 - len("/publisher-abcdefgh/socket")
_LOG_LINES = 3
_LOG_CHARACTERS = 300
# Debian keeps servers where the PATH of ordinary users does not look.
_SEARCH_PATH = os.pathsep.join(
    (os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin")
)

# Where a file would be, its path is told in a header: nothing of the release has to lie there.
_NGINX = """\
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr;
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
    listen unix:{folder}/socket;
    include {folder}/redirects/server.conf;
    location / {{ add_header X-Path $uri; return 200; }}
  }}
}}
"""
_HAPROXY = """\
global
  maxconn 64
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
frontend site
  bind unix@{folder}/socket
{frontend}
  http-request set-var(txn.shown) path,url_dec,url_enc
  http-request return status 200 hdr X-Path-Encoded %[var(txn.shown)]
"""


class EngineUnavailable(PublisherError):
    """The program is not installed, does not take the rules, or has ended. The message is what the
    report says of it."""


class _Server(ABC):
    """A program that is started with the exported rules, asked, and stopped whatever happens. Use
    it as a context manager; entering it raises `EngineUnavailable`.

    `host`: the public host name. `unsupported`: the rules that it can't hold as they are meant.
    """

    name = ""

    def __init__(self, rules: RuleSet, host: str, has_file: HasFile) -> None:
        self._rules = rules
        self._host = host
        self._has_file = has_file
        self._unsupported = RuleSet()
        self._running = contextlib.ExitStack()
        self._connections: list[_Connection] = []

    @property
    def unsupported(self) -> int:
        """How many rules the export could not write, or not as they are meant."""
        return len(self._unsupported.rules) + len(self._unsupported.patterns)

    def answers(self, requests: Sequence[Request]) -> list[Answer]:
        """See `Engine`. Raises `EngineUnavailable` if the server has ended."""
        answers = [Answer(0)] * len(requests)
        is_over = threading.Event()

        def ask(first: int) -> None:
            for n in range(first, len(requests), CONNECTIONS):
                if is_over.is_set():
                    return
                answers[n] = self._answer(self._connections[first], requests[n])

        with ThreadPoolExecutor(CONNECTIONS) as threads:
            try:
                for done in [threads.submit(ask, first) for first in range(CONNECTIONS)]:
                    done.result()
            except (OSError, http.client.HTTPException) as error:
                raise EngineUnavailable(f"{self.name} has stopped answering: {error}") from error
            finally:
                is_over.set()
        return answers

    def limit(self, request: Request, mine: Answer, theirs: Answer) -> str:
        """Why this server's answer (`theirs`) may differ from the edge's, '' if nothing says so: a
        documented limit, or a rule that the export could not write."""
        if limit := known_limit(self.name, request, mine, theirs, self._host):
            return limit
        if self.unsupported and outcome(self._unsupported, request, lambda _: False).rule:
            return f"a rule that {self.name} can't hold"
        return ""

    def _answer(self, connection: _Connection, request: Request) -> Answer:
        try:
            status, headers = connection.ask(request, self._host)
        except _NotSendable:
            return Answer(400)
        if status in (301, 302, 307, 308):
            return Answer(status, _text(headers["Location"] or ""))
        if status != 200:
            return Answer(status)
        encoded = headers.get("X-Path-Encoded")
        path = _text(headers.get("X-Path", "")) if encoded is None else unquote(encoded)
        return served(path, self._has_file)

    # ---------------------------------------------------------------- process

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as running:
            program = shutil.which(self.name, path=_SEARCH_PATH)
            if program is None:
                raise EngineUnavailable(f"{self.name} is not installed")
            temporary = tempfile.TemporaryDirectory(prefix="publisher-", dir=_place())
            folder = Path(running.enter_context(temporary))
            command = self._command(program, folder)
            running.enter_context(_running(self.name, command, folder))
            address = folder / "socket"
            self._connections = [
                running.enter_context(contextlib.closing(_Connection(address)))
                for _ in range(CONNECTIONS)
            ]
            self._running = running.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    @abstractmethod
    def _command(self, program: str, folder: Path) -> list[str]:
        """Write what the server reads into the folder; gives the command that starts it."""

    def _write(self, made: Written, folder: Path, config: str) -> Path:
        """The exported files, and a configuration that includes them."""
        (folder / "redirects").mkdir()
        for name, text in made.files.items():
            (folder / "redirects" / name).write_text(text, encoding="utf-8")
        file = folder / "config"
        file.write_text(config, encoding="utf-8")
        found = {one.rule for one in made.unsupported}
        self._unsupported = RuleSet(
            tuple(rule for rule in self._rules.rules if rule in found),
            tuple(pattern for pattern in self._rules.patterns if pattern in found),
        )
        return file

    def _settings(self, folder: Path) -> Settings:
        return Settings(self._host, folder=str(folder / "redirects"))


class NginxEngine(_Server):
    """A plain nginx, without JavaScript."""

    name = "nginx"

    def _command(self, program: str, folder: Path) -> list[str]:
        made = nginx(self._rules, self._settings(folder))
        config = self._write(made, folder, _NGINX.format(folder=folder))
        return [program, "-e", "stderr", "-p", str(folder), "-c", str(config)]


class HaproxyEngine(_Server):
    """A HAProxy."""

    name = "haproxy"

    def _command(self, program: str, folder: Path) -> list[str]:
        made = haproxy(self._rules, self._settings(folder))
        text = _HAPROXY.format(folder=folder, frontend=made.files["frontend.cfg"])
        return [program, "-db", "-f", str(self._write(made, folder, text))]


ServerName = Literal["nginx", "haproxy"]

SERVERS: dict[ServerName, type[_Server]] = {"nginx": NginxEngine, "haproxy": HaproxyEngine}
"""The servers that can be asked, by name."""


def named(names: Sequence[str]) -> tuple[ServerName, ...]:
    """Names of servers, each once. Raises ConfigError for one that is none."""
    if wrong := [name for name in names if name not in SERVERS]:
        message = f"there is no engine {wrong[0]!r}; there are: {', '.join(SERVERS)}"
        raise ConfigError("publisher", [Problem(0, "--engine", message)])
    return tuple(name for name in SERVERS if name in names)


def _place() -> str:
    """The folder for temporary files, if a socket in it has a path that can be bound."""
    usual = tempfile.gettempdir()
    return usual if len(os.fsencode(usual)) <= _PLACE_BYTES_MAX else "/tmp"  # noqa: S108 - a folder of our own is made in it


@contextlib.contextmanager
def _running(name: str, command: Sequence[str], folder: Path) -> Iterator[None]:
    """The server, listening. In a session of its own: a terminal's Ctrl-C is for us, who stop it
    then."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - a server that is installed, with our files
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + START_S_MAX
        while not _is_listening(folder / "socket"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise EngineUnavailable(f"{name} does not start: {_last_words(log)}")
            time.sleep(_POLL_S)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_listening(address: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            return client.connect_ex(str(address)) == 0
        except OSError:  # a path that is too long: the server says so itself
            return False


def _last_words(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
    return " ".join(lines)[-_LOG_CHARACTERS:] or "it says nothing"


class _NotSendable(Exception):
    """No client can send such a request."""


class _Connection(http.client.HTTPConnection):
    """A connection that is kept. Redirects are not followed."""

    def __init__(self, address: Path) -> None:
        super().__init__("localhost", timeout=ANSWER_S_MAX)
        self._address = str(address)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(ANSWER_S_MAX)
        self.sock.connect(self._address)

    def _encode_request(self, request: str) -> bytes:
        return request.encode()  # some clients send what is not ASCII as it is

    def ask(self, request: Request, host: str) -> tuple[int, http.client.HTTPMessage]:
        """The status and the headers of the answer. Asks again, once, if the server has closed the
        connection meanwhile."""
        is_kept = self.sock is not None
        try:
            return self._ask(request, host)
        except (http.client.RemoteDisconnected, ConnectionError):
            self.close()
            if not is_kept:
                raise
            return self._ask(request, host)

    def _ask(self, request: Request, host: str) -> tuple[int, http.client.HTTPMessage]:
        url = f"{request.path}?{request.query}" if request.query else request.path
        try:
            self.putrequest(request.method, url, skip_host=True, skip_accept_encoding=True)
            self.putheader("Host", request.host or host)
            self.putheader("User-Agent", request.user_agent)
            if request.accept_language:
                self.putheader("Accept-Language", request.accept_language)
        except (http.client.InvalidURL, ValueError) as error:
            self.close()
            raise _NotSendable from error
        self.endheaders()
        response = self.getresponse()
        response.read()
        return response.status, response.headers


def _text(header: str) -> str:
    """What a server sent as UTF-8, of which the library makes latin-1."""
    return header.encode("latin-1").decode(errors="surrogateescape")
