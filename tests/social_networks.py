"""Facebook's Graph API and Hatena Bookmark as their documentation shows them, on this machine."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tests.cms_servers import Reply, Sent, answering

# An app's token: its id, its secret.
TOKEN = "123456|geheim-秘密"
JSON = {"Content-Type": "application/json; charset=UTF-8"}


class Networks:
    """Both networks. `shares` and `bookmarks` are by address; `instead`, if it gives a reply, is
    what is answered to the number of a question (from 0), whatever it asks."""

    def __init__(self) -> None:
        self.shares: dict[str, int] = {}
        self.bookmarks: dict[str, int] = {}
        self.asked: list[str] = []
        self.agents: set[str] = set()
        self.lines: list[str] = []
        self.headers: dict[str, str] = {}
        self.parts: dict[str, Any] = {}
        self.instead: Callable[[int], Reply | None] = lambda _: None
        self.url = ""

    @property
    def facebook(self) -> str:
        return f"{self.url}/v26.0/"

    @property
    def hatena(self) -> str:
        return f"{self.url}/count/entries"

    def answer(self, method: str, target: str, form: str) -> Reply:
        number = len(self.lines)
        self.lines.append(f"{method} {target}")
        if reply := self.instead(number):
            return reply
        if urlsplit(target).path == "/count/entries" and method == "GET":
            return self._hatena([value for _, value in parse_qsl(urlsplit(target).query)])
        if target == "/v26.0/" and method == "POST":
            return self._facebook({name: values[0] for name, values in parse_qs(form).items()})
        return Reply(404, b"<h1>nothing</h1>", {"Content-Type": "text/html"})

    def _hatena(self, urls: list[str]) -> Reply:
        if len(urls) > 50:
            return Reply(414)
        self.asked += urls
        found = {url: self.bookmarks.get(url, 0) for url in urls}
        return Reply(200, json.dumps(found).encode(), JSON)

    def _facebook(self, form: dict[str, str]) -> Reply:
        if form.get("access_token") != TOKEN:
            return graph_error(190, f"Malformed access token {form.get('access_token')}")
        parts = [self._part(one) for one in json.loads(form["batch"])]
        if len(parts) > 50:
            return graph_error(100, "Too many requests in batch message.")
        return Reply(200, json.dumps(parts).encode(), {**JSON, **self.headers})

    def _part(self, one: dict[str, str]) -> Any:
        query = dict(parse_qsl(urlsplit(one["relative_url"]).query))
        assert (one["method"], query["fields"]) == ("GET", "engagement")
        url = query["id"]
        self.asked.append(url)
        if url in self.parts:
            return self.parts[url]
        engagement = {
            "reaction_count": 0,
            "comment_count": 0,
            "share_count": self.shares.get(url, 0),
            "comment_plugin_count": 0,
        }
        return part({"engagement": engagement, "id": url})


def part(body: object, code: int = 200) -> dict[str, Any]:
    """One answer in that of a batch."""
    return {"code": code, "body": json.dumps(body)}


def graph_error(code: int, message: str, status: int = 400) -> Reply:
    """An error of the Graph API."""
    return Reply(status, json.dumps(error_of(code, message)).encode(), JSON)


def error_of(code: int, message: str) -> dict[str, Any]:
    """Its body."""
    error = {
        "message": message,
        "type": "OAuthException",
        "code": code,
        "fbtrace_id": "EJplcsCHuLu",
    }
    return {"error": error}


@contextlib.contextmanager
def serving_networks() -> Iterator[Networks]:
    """Both of them on 127.0.0.1 as long as the block lasts."""
    networks = Networks()

    def answer(sent: Sent) -> Reply:
        networks.agents.add(sent.headers["User-Agent"])
        assert "Authorization" not in sent.headers
        return networks.answer(sent.method, sent.target, sent.body.decode())

    with answering(answer) as networks.url:
        yield networks
