"""A CMS as it should not be: in front of the sample CMS, or instead of it."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

_PASSED_ON = ("Content-Type", "Location", "Link", "X-WP-TotalPages", "X-WP-Total")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answers; status 0 breaks the connection off."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request: `target` is its path and query."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


# Called with the path and query of each request, from many threads.
Answer = Callable[[str], Reply]


def serving(
    answer: Answer, tls: ssl.SSLContext | None = None
) -> contextlib.AbstractContextManager[str]:
    """A server on 127.0.0.1 as long as the block lasts; gives its address."""
    return answering(lambda sent: answer(sent.target), tls)


@contextlib.contextmanager
def answering(answer: Callable[[Sent], Reply], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The same for who has to know more of a request than where it goes."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two writes

        def do_GET(self) -> None:
            self._answer(b"")

        def do_HEAD(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, body: bytes) -> None:
            reply = answer(Sent(self.command, self.path, dict(self.headers), body))
            if not reply.status:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            with contextlib.suppress(OSError):  # who asked has gone
                self.wfile.write(b"" if self.command == "HEAD" else reply.body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # who asked has gone

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def speaking(speak: Callable[[socket.socket, str], None]) -> Iterator[str]:
    """A server that writes what it likes: `speak` gets each connection with the head of a
    request on it, and the connection is closed after it. Gives its address."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                piece = self.request.recv(65536)
                if not piece:
                    return
                head += piece
            with contextlib.suppress(OSError):  # who asked has gone
                speak(self.request, head.decode("latin-1"))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def passing_on(cms: str) -> Answer:
    """What the CMS at this address answers."""
    session = requests.Session()
    session.trust_env = False

    def answer(path: str) -> Reply:
        got = session.get(cms.rstrip("/") + path, allow_redirects=False, timeout=30)
        headers = {name: got.headers[name] for name in _PASSED_ON if name in got.headers}
        return Reply(got.status_code, got.content, headers)

    return answer


def rest(**parts: bytes) -> Answer:
    """A CMS of which nothing but these REST routes is known: types=b'{}' and so on."""

    def answer(path: str) -> Reply:
        for name, body in parts.items():
            if path.split("?")[-1].startswith(f"rest_route=%2Fwp%2Fv2%2F{name}"):
                return Reply(200, body, {"Content-Type": "application/json"})
        if path.startswith("/?rest_route=%2F") and "wp%2Fv2" not in path and "root" in parts:
            return Reply(200, parts["root"], {"Content-Type": "application/json"})
        return Reply(404, b"<h1>nothing</h1>", {"Content-Type": "text/html"})

    return answer
