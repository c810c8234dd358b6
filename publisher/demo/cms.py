"""A small WordPress lookalike, so that the whole pipeline can be seen without installing one.

It answers as a WordPress with plain permalinks does, and holds nothing the pipeline could
know of: from outside only the wire forms count. It can be read, not written to.
"""

from __future__ import annotations

import errno
import hashlib
import socket
import threading
import time
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote, unquote_plus

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from publisher.demo import feeds
from publisher.demo.content import MEDIA_BY_ID, PUBLIC, Media, Post
from publisher.demo.front import Front, wordpress_json
from publisher.demo.links import THEME, Links
from publisher.demo.media import uploads
from publisher.demo.query import Query, archive
from publisher.demo.rest import Rest

_HOST: Final = "127.0.0.1"
_HTML: Final = "text/html; charset=UTF-8"
_XML: Final = "application/xml; charset=UTF-8"
_JSON: Final = "application/json; charset=UTF-8"
_RSS: Final = "application/rss+xml; charset=UTF-8"
_NO_CACHE: Final = {
    "Expires": "Wed, 11 Jan 1984 05:00:00 GMT",
    "Cache-Control": "no-cache, must-revalidate, max-age=0",
}
_THEME_TYPES: Final = {
    ".css": "text/css", ".js": "application/javascript", ".svg": "image/svg+xml",
}  # fmt: skip
_START_SECONDS: Final = 10.0


class PortInUseError(OSError):
    """Somebody else listens on the port that was asked for."""

    def __init__(self, port: int) -> None:
        super().__init__(
            errno.EADDRINUSE,
            f"port {port} on {_HOST} is in use: stop what listens there, or choose another port",
        )
        self.port = port


class SampleCms:
    """Runs the sample site in a thread of its own: `with SampleCms() as cms: cms.url`.

    Port 0 takes any free port.
    """

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Return the URL of the home page, while the site runs."""
        if self._socket is None:
            raise RuntimeError("the sample site does not run: use it in a with statement")
        return f"http://{_HOST}:{self._socket.getsockname()[1]}/"

    def __enter__(self) -> Self:
        self._socket = _listen(self._port)
        config = uvicorn.Config(
            application(self.url.rstrip("/")), log_config=None, log_level="critical",
            access_log=False, lifespan="off", ws="none", server_header=False,
            headers=[("Server", "nginx")], timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="sample-cms", daemon=True
        )
        self._thread.start()
        patience = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > patience:
                self._stop()
                raise RuntimeError("the sample site did not start")
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
        if self._socket is not None:
            self._socket.close()
        self._socket = self._server = self._thread = None


def _listen(port: int) -> socket.socket:
    # asyncio sends without delay only on sockets that say that they are TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(port) from error
        raise
    return listener


def application(origin: str) -> Starlette:
    """Return the site as an ASGI application; `origin` is what its URLs start with."""
    site = _Site(origin)

    async def answer(request: Request) -> Response:
        return site.answer(request)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])


class _Site:
    """Decides what a request gets, in the order in which WordPress decides."""

    def __init__(self, origin: str) -> None:
        self._links = Links(origin)
        self._front = Front(self._links)
        self._rest = Rest(self._front)
        self._files = {**uploads(), **_theme()}

    def answer(self, request: Request) -> Response:
        """Return the answer to any request."""
        path, query = request.scope["path"], Query(request.url.query)
        if request.method == "POST":
            return _response("This sample site can't be written to.\n", "text/plain", 405)
        if path.startswith("/wp-content/"):
            return self._file(path, request)
        if path.startswith(("/wp-admin", "/wp-login.php", "/wp-includes/")) or path in (
            "/xmlrpc.php", "/wp-comments-post.php", "/wp-cron.php",
        ):  # fmt: skip
            return self._machinery(path, query)
        if "rest_route" in query:
            return self._api(query)
        if path == "/index.php":
            return self._redirect("?" * bool(query.raw) + query.raw)
        # Without pretty permalinks no other path means anything: the front page answers.
        return self._page(Query("") if path != "/" else query, request)

    def _file(self, path: str, request: Request) -> Response:
        if path not in self._files:
            return _response("<h1>404 Not Found</h1>\n", "text/html", 404)
        kind, data = self._files[path]
        etag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers={"ETag": etag})
        return _response(data, kind, headers={"ETag": etag, "Accept-Ranges": "none"})

    def _machinery(self, path: str, query: Query) -> Response:
        """Answer for the parts of WordPress that are no pages."""
        if path == "/wp-login.php":
            cookie = {"Set-Cookie": "wordpress_test_cookie=WP%20Cookie%20check; path=/"}
            headers = _NO_CACHE | cookie | {"X-Frame-Options": "SAMEORIGIN"}
            return _response(self._front.render("login.html"), _HTML, headers=headers)
        if path == "/wp-admin/admin-ajax.php":
            return _response("0", _HTML, 400, _NO_CACHE)
        if path.startswith("/wp-admin"):
            target = quote(f"{self._links.origin}/wp-admin/", safe="")
            login = f"{self._links.origin}/wp-login.php?redirect_to={target}&reauth=1"
            return _response("", _HTML, 302, _NO_CACHE | {"Location": login})
        if path == "/xmlrpc.php" and any(key == "rsd" for key, _ in query.pairs):
            return _response(self._front.render("feed/rsd.xml"), "text/xml; charset=UTF-8")
        if path == "/wp-includes/wlwmanifest.xml":
            manifest = self._front.render("feed/wlwmanifest.xml")
            return _response(manifest, "text/xml; charset=utf-8")
        if path.startswith("/wp-includes/"):
            return _response("<h1>404 Not Found</h1>\n", "text/html", 404)
        return _response("", _HTML, 405, {"Allow": "POST"})

    def _api(self, query: Query) -> Response:
        if query.text("format") == "xml" and query.text("rest_route").startswith("/oembed/"):
            card = self._rest.answer(query)
            text = self._front.render("feed/oembed.xml", card=card.payload)
            return _response(text, "text/xml; charset=UTF-8", card.status)
        answer = self._rest.answer(query)
        headers = {
            "X-Robots-Tag": "noindex",
            "X-Content-Type-Options": "nosniff",
            "Access-Control-Expose-Headers": "X-WP-Total, X-WP-TotalPages, Link",
            "Link": answer.link or self._discovery(),
            "Vary": "Origin",
        }
        if answer.status != 404:
            headers["Allow"] = "GET"
        text = wordpress_json(answer.payload)
        return _response(text, _JSON, answer.status, headers | answer.headers)

    def _page(self, query: Query, request: Request) -> Response:
        """Answer for everything that goes through the template loader."""
        if "sitemap" in query or "sitemap-stylesheet" in query:
            return self._sitemap(query)
        if "robots" in query:
            text = "User-agent: *\nDisallow: /wp-admin/\nAllow: /wp-admin/admin-ajax.php\n\n"
            text += f"Sitemap: {self._links.query(('sitemap', 'index'))}\n"
            return self._linked(text, "text/plain; charset=utf-8")
        if "feed" in query:
            return self._feed(query, request)
        if any(name in query for name in ("attachment_id", "p", "page_id")):
            return self._single(query)
        if any(key in ("p", "page_id", "cat", "tag") for key, value in query.pairs if not value):
            return self._redirect(_without(query, "p", "page_id", "cat", "tag"))
        found = archive(query)
        number = max(1, query.number("paged"))
        if not found.found or number > found.pages:
            return self._not_found()
        html = self._front.listing(found, number, query.text("s"))
        return self._linked(html, _HTML, rest=found.rest)

    def _single(self, query: Query) -> Response:
        asked = next(name for name in ("attachment_id", "p", "page_id") if name in query)
        number = query.number(asked)
        number = number if asked == "p" else abs(number)
        found: Post | Media | None = PUBLIC.get(number) or MEDIA_BY_ID.get(number)
        if found is None:
            return self._not_found()
        if isinstance(found, Media):
            proper, shortlink = "attachment_id", self._links.query(("p", number))
        else:
            proper = "p" if found.kind == "post" else "page_id"
            shortlink = self._links.query(("p", number))
        if proper != asked:
            rest = _without(query, "attachment_id", "p", "page_id")
            return self._redirect(f"?{proper}={number}" + rest.replace("?", "&", 1))
        if isinstance(found, Media):
            html = self._front.attachment(found)
            return self._linked(html, _HTML, f"/wp/v2/media/{number}", shortlink)
        parts, page = self._front.body_pages(found), max(1, query.number("page"))
        if page > len(parts):
            return self._redirect(_without(query, "page"))
        html = self._front.single(found, page, parts[page - 1], len(parts))
        return self._linked(html, _HTML, f"/wp/v2/{found.kind}s/{number}", shortlink)

    def _feed(self, query: Query, request: Request) -> Response:
        name = query.text("feed")
        number = query.number("p") or query.number("page_id")
        if name not in ("feed", "rss2", "comments-rss2"):
            text = self._front.render("feed/error.xml", message=name)
            return self._linked(text, "text/xml; charset=UTF-8", status=404)
        if name == "comments-rss2" or number:
            text = feeds.comments_feed(self._front, number)
        else:
            text = feeds.posts_feed(self._front, archive(query))
        etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
        response = self._linked(text, _RSS)
        if request.headers.get("if-none-match") == etag:
            response = self._linked("", _RSS, status=304)
        response.headers["ETag"] = etag
        response.headers["Last-Modified"] = feeds.http_date(feeds.last_changed())
        return response

    def _sitemap(self, query: Query) -> Response:
        if "sitemap-stylesheet" in query:
            text = feeds.stylesheet(self._front, query.text("sitemap-stylesheet"))
        else:
            subtype, number = query.text("sitemap-subtype"), query.number("paged")
            text = feeds.sitemap(self._front, query.text("sitemap"), subtype, number)
        return self._not_found() if text is None else _response(text, _XML)

    def _discovery(self) -> str:
        return f'<{self._links.rest("/")}>; rel="https://api.w.org/"'

    def _linked(
        self, text: str, kind: str, rest: str = "", shortlink: str = "", status: int = 200
    ) -> Response:
        """Return a response with the Link headers that WordPress adds to pages."""
        response = _response(text, kind, status)
        response.headers.append("Link", self._discovery())
        if rest:
            link = f'<{self._links.rest(rest)}>; rel="alternate"; type="application/json"'
            response.headers.append("Link", link)
        if shortlink:
            response.headers.append("Link", f"<{shortlink}>; rel=shortlink")
        return response

    def _not_found(self) -> Response:
        response = self._linked(self._front.not_found(), _HTML, status=404)
        response.headers.update(_NO_CACHE)
        return response

    def _redirect(self, query: str) -> Response:
        location = self._links.home + quote(query, safe="?&=%+-_.~[],:;!*'()/@")
        return _response("", _HTML, 301, {"X-Redirect-By": "WordPress", "Location": location})


def _response(
    content: str | bytes, kind: str, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    return Response(content, status, {"Content-Type": kind, **(headers or {})})


def _without(query: Query, *names: str) -> str:
    """Return a query string without some variables, the others as they were written."""
    parts = [part for part in query.raw.split("&") if unquote_plus(part.split("=")[0]) not in names]
    return "?" * bool(parts) + "&".join(parts)


def _theme() -> dict[str, tuple[str, bytes]]:
    folder = Path(__file__).parent / "static"
    return {
        f"{THEME}/{file.relative_to(folder).as_posix()}": (
            _THEME_TYPES[file.suffix],
            file.read_bytes(),
        )
        for file in sorted(folder.rglob("*"))
        if file.suffix in _THEME_TYPES
    }
