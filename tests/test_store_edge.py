"""The edge whose data lies in the store: how it lies there, and the local server before it."""

from __future__ import annotations

import hashlib
import json

import pytest
import requests
from requests.auth import HTTPBasicAuth

from publisher.edge.server import EdgeServer, live_site
from publisher.edge.store import StoreEdge, shard_of
from publisher.errors import EdgeError, StoreError
from publisher.publish import Audience, Publisher
from publisher.release import utc_now
from publisher.store.memory import MemoryStore
from publisher.store.port import PLAIN, Headers, Object
from redirects.compile import LIVE_KEY, live_entry, password_digest
from tests.sites import ACTOR, World

SET = "0123456789ab"
ENTRIES = {f"{SET}/古い/{n}": f"301 /blog/{n}.html" for n in range(2000)}


class Counting(MemoryStore):
    """A store that counts, and can lose what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.loses = ""

    def get(self, key: str) -> Object:
        self.asked.append(f"get {key}")
        return super().get(key)

    def put(
        self, key: str, data: bytes, headers: Headers = PLAIN, expect: str | None = None
    ) -> str:
        self.asked.append(f"put {key}")
        if self.loses and self.loses in key:
            data = b"{}"
        return super().put(key, data, headers, expect)


def test_one_key_is_found_by_one_small_read() -> None:
    store = MemoryStore()
    StoreEdge(store).load(SET, ENTRIES)
    for key, value in ENTRIES.items():
        shard = hashlib.sha256(key.encode()).hexdigest()[:2]
        assert shard_of(key) == shard
        data = store.get(f"edge/sets/{SET}/{shard}").data
        assert json.loads(data)[key] == value
        assert len(data) < 3000


def test_a_set_that_is_there_is_not_written_again() -> None:
    store = Counting()
    edge = StoreEdge(store)
    edge.load(SET, ENTRIES)
    store.asked.clear()
    edge.load(SET, ENTRIES)
    assert store.asked == [f"get edge/sets/{SET}/index"]
    edge.load(SET, {**ENTRIES, f"{SET}/new": "410"})
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET))
    assert edge.entries()[f"{SET}/new"] == "410"


def test_what_is_not_read_back_is_an_error_and_loaded_again() -> None:
    store = Counting()
    store.loses = f"{SET}/7"
    with pytest.raises(EdgeError, match="does not hold what was written"):
        StoreEdge(store).load(SET, ENTRIES)
    store.loses = ""
    StoreEdge(store).load(SET, ENTRIES)
    edge = StoreEdge(store)
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET))
    assert edge.entries() == {**ENTRIES, LIVE_KEY: live_entry(1, "s1", SET)}


def test_looking_again_reads_no_set_again() -> None:
    store = Counting()
    edge = StoreEdge(store)
    edge.load(SET, ENTRIES)
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET))
    edge.entries()
    store.asked.clear()
    edge.entries()
    assert store.asked == ["get edge/live"]


def test_a_set_that_is_lost_is_an_error_that_says_so() -> None:
    store = MemoryStore()
    edge = StoreEdge(store)
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET))
    with pytest.raises(EdgeError, match=f"redirect set {SET}"):
        edge.entries()


def test_the_local_server_shows_previews_to_those_who_may_see_them() -> None:
    world = World()
    world.edge = StoreEdge(world.store)
    world.publish({"/会社/": "<p>会社</p>"}, ("?p=1",))
    digest = password_digest("spring", "ひみつ")
    release = world.release({"/会社/": "<p>新しい会社</p>"}, ("?p=2",))
    audience = Audience(utc_now().replace(year=2999), digest)
    publisher = Publisher(world.records, world.edge, lambda *_: None, "preview-spring")
    publisher.publish(release, ACTOR, audience=audience)
    with EdgeServer(*live_site(world.store), 0) as server:
        port = server.url.rpartition(":")[2]

        def get(path: str, host: str, auth: HTTPBasicAuth | None = None) -> requests.Response:
            headers = {"Host": f"{host}:{port}"}
            return requests.get(
                server.url + path, headers=headers, allow_redirects=False, timeout=10, auth=auth
            )

        seen = get("/会社/", "spring.localhost")
        assert (seen.status_code, "新しい" in seen.text) == (401, False)
        assert seen.headers["www-authenticate"].startswith("Basic ")
        assert seen.headers["x-robots-tag"] == "noindex"
        auth = HTTPBasicAuth(b"preview", "ひみつ".encode())
        seen = get("/会社/", "Spring.localhost", auth=auth)
        assert (seen.status_code, seen.content.decode()) == (200, "<p>新しい会社</p>")
        assert seen.headers["x-robots-tag"] == "noindex"
        assert get("/?p=2", "spring.localhost", auth=auth).headers["location"] == "/"
        assert get("/?p=1", "spring.localhost", auth=auth).status_code == 404
        assert get("/robots.txt", "spring.localhost").text == "User-agent: *\nDisallow: /\n"
        assert get("/", "autumn.localhost").status_code == 404
        for host in ("localhost", "127.0.0.1"):
            seen = get("/会社/", host)
            assert (seen.status_code, seen.content.decode()) == (200, "<p>会社</p>")
            assert "x-robots-tag" not in seen.headers
        assert get("/?p=1", "localhost").headers["location"] == "/"


def test_a_store_that_is_broken_is_a_503() -> None:
    class Broken(MemoryStore):
        def get(self, key: str) -> Object:
            raise StoreError("the disk is gone")

    with EdgeServer(*live_site(Broken()), 0) as server:
        seen = requests.get(server.url, timeout=10)
        assert (seen.status_code, seen.headers["cache-control"]) == (503, "no-store")
