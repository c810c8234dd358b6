"""The local edge: the edge function in front of the slots, over HTTP, as the CDN would."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Mapping
from urllib.parse import unquote

import uvicorn
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from publisher.edge.javascript import EdgeFunction, EdgeFunctionError
from publisher.edge.store import StoreEdge
from publisher.errors import EdgeError, NotFound, PublisherError, StoreError
from publisher.judge import NOT_FOUND_PATH
from publisher.manifest import find
from publisher.notfound import not_found_page
from publisher.paths import BadPath, SitePath
from publisher.publish import entry_of
from publisher.records import Records, headers_of
from publisher.release import Release
from publisher.rules import compiled, with_withdrawn
from publisher.store.port import Object, Store
from redirects.compile import LIVE_KEY, live_entry
from redirects.edge import source

# How long the local edge may show what was live before: the real one takes seconds, too.
_REFRESH_S = 0.25
_START_S_MAX = 10.0

# Previews answer at NAME.localhost, which browsers take for this machine.
PREVIEWS = "localhost"

# Who is being answered when the server ends may take so long.
_STOP_S_MAX = 3
# Where the page for what is not there is published, below `site`: outside all slots.
ERROR_PAGE = "/_errors/404.html"

# The data of the edge function's key-value store, and the file for a URI (raises NotFound).
Data = Callable[[], Mapping[str, str]]
Origin = Callable[[str], Object]


def live_site(store: Store) -> tuple[Data, Origin]:
    """What is live, following every change: for an edge whose data lies in the store."""
    return StoreEdge(store).entries, _slots(store)


def intended_site(records: Records) -> tuple[Data, Origin]:
    """What should be live, following every change: for an edge whose data lies elsewhere."""
    made: dict[str, dict[str, str]] = {}

    def data() -> Mapping[str, str]:
        intent, _ = records.intent()
        if not intent.slot:
            return {}
        entry = entry_of(intent)
        if entry not in made:
            rules = with_withdrawn(records.rules(records.release(intent.release)), intent.withdrawn)
            made.clear()
            made[entry] = {**compiled(rules)[1].entries, LIVE_KEY: entry}
        return made[entry]

    return data, _slots(records.store)


def _slots(store: Store) -> Origin:
    def origin(uri: str) -> Object:
        return store.get("site" + unquote(uri))

    return origin


def one_release(records: Records, release: Release) -> tuple[Data, Origin]:
    """One release, straight from its manifest, whatever is live."""
    identity, compiled_data = compiled(records.rules(release))
    entries = dict(compiled_data.entries)
    entries[LIVE_KEY] = live_entry(1, "release", identity, compiled_data.head)
    manifest = records.manifest(release.manifest)

    def origin(uri: str) -> Object:
        if uri == ERROR_PAGE:
            uri = NOT_FOUND_PATH.url
        try:
            path = SitePath(unquote(uri).removeprefix("/release"))
        except BadPath:
            raise NotFound(uri) from None
        entry = find(manifest, path, records.load_part)
        if entry is None:
            raise NotFound(uri)
        return Object(records.content(entry), headers_of(entry), entry.blob)

    return lambda: entries, origin


class EdgeServer:
    """Serves a site on 127.0.0.1 as the CDN would: method filter, redirects, files, 404 page, and
    previews at NAME.localhost.

    Use as a context manager: it serves from a thread of its own until the block ends.
    """

    def __init__(self, data: Data, origin: Origin, port: int) -> None:
        self._data = data
        self._origin = origin
        self._loaded: Mapping[str, str] | None = None
        self._checked = 0.0
        self._lock = threading.Lock()
        self._socket = _listen(port)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._app, interface="asgi3", log_level="critical", lifespan="off", ws="none",
                timeout_graceful_shutdown=_STOP_S_MAX,
            )
        )  # fmt: skip
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._ended = threading.Event()

    def __enter__(self) -> EdgeServer:
        # Made here and not before: an engine that nobody closes keeps the process from ending.
        self._function = EdgeFunction(source(previews=PREVIEWS))
        self._thread.start()
        deadline = time.monotonic() + _START_S_MAX
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                self.__exit__()
                raise EdgeError("the local edge does not start")
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        self._function.close()

    def wait(self) -> None:
        """Serve until interrupted."""
        # Not `join`: a thread whose `join` is interrupted counts as ended (Python before 3.13), and
        # the program would end while it is at work.
        with contextlib.suppress(KeyboardInterrupt):
            self._ended.wait()

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._ended.set()

    # -------------------------------------------------------------- answering

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The whole ASGI application: refusing methods and paths is the function's affair."""
        request = Request(scope, receive)
        response = await run_in_threadpool(self._respond, request)
        if _is_preview(request):
            response.headers["x-robots-tag"] = "noindex"
        await response(scope, receive, send)

    def _respond(self, request: Request) -> Response:
        try:
            self._refresh()
            result = self._function.run(
                request.method,
                request.scope["raw_path"].decode("latin-1"),
                request.scope["query_string"].decode("latin-1"),
                dict(request.headers),
            )
        except (EdgeFunctionError, EdgeError, StoreError) as error:
            return _unavailable(error)
        if "statusCode" in result:
            headers = {name: field["value"] for name, field in result.get("headers", {}).items()}
            body = result.get("body", "")
            text = body["data"] if isinstance(body, dict) else body
            return Response(text, result["statusCode"], headers)
        try:
            found = self._origin(result["uri"])
        except NotFound:
            return self._not_found()
        except StoreError as error:
            return _unavailable(error)
        return _file(found, request)

    def _not_found(self) -> Response:
        """What the distribution answers with: the page that was published for it."""
        page = not_found_page()
        with contextlib.suppress(NotFound, StoreError):
            page = self._origin(ERROR_PAGE).data
        return Response(page, 404, {"content-type": "text/html; charset=utf-8"})

    def _refresh(self) -> None:
        with self._lock:
            now = time.monotonic()
            if now - self._checked < _REFRESH_S:
                return
            data = self._data()
            if data != self._loaded:
                self._function.load(data)
                self._loaded = data
            self._checked = now


def _is_preview(request: Request) -> bool:
    host = request.headers.get("host", "").partition(":")[0]
    return host.lower().endswith(f".{PREVIEWS}")


def _file(found: Object, request: Request) -> Response:
    headers = {"content-type": found.headers.content_type, "etag": f'"{found.etag.strip(chr(34))}"'}
    if found.headers.cache_control:
        headers["cache-control"] = found.headers.cache_control
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(None, 304, headers)
    return Response(found.data, 200, headers)


def _unavailable(error: Exception) -> Response:
    return Response(f"503: {error}\n", 503, {"cache-control": "no-store"}, "text/plain")


def _listen(port: int) -> socket.socket:
    # With the protocol named, asyncio turns Nagle's delay off: 40 ms an answer otherwise.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise PublisherError(
            f"port {port} can't be used: {error.strerror}", "Choose another one with --port."
        ) from None
    listener.listen(128)
    return listener
