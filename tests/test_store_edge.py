"""The edge whose data lies in the store: how it lies there, and the local server before it."""

from __future__ import annotations

import pytest
import requests
from requests.auth import HTTPBasicAuth

from publisher.edge.server import EdgeServer, live_site
from publisher.edge.store import StoreEdge
from publisher.errors import EdgeError, StoreError
from publisher.publish import Audience, Publisher
from publisher.release import utc_now
from publisher.store.memory import MemoryStore
from publisher.store.port import PLAIN, Headers, Object
from redirects.compile import LIVE_KEY, compile_rules, live_entry, password_digest
from redirects.rules import Rule, RuleSet
from tests.sites import ACTOR, World

SET = "0123456789ab"
RULES = [Rule(f"/古い/記事{n}", 301, f"/blog/{n * 7919}.html") for n in range(2000)]
DATA = compile_rules(RuleSet.of(RULES))
MORE = compile_rules(RuleSet.of([*RULES, Rule("/new", 410)]))


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


def test_a_key_is_an_object_of_a_small_value() -> None:
    store = MemoryStore()
    StoreEdge(store).load(SET, DATA)
    for key, value in DATA.entries.items():
        assert store.get(f"edge/{key}").data == value.encode()
    assert store.get(f"edge/sets/{SET}").data == DATA.head.encode()


def test_a_set_that_is_there_is_not_written_again() -> None:
    store = Counting()
    edge = StoreEdge(store)
    edge.load(SET, DATA)
    store.asked.clear()
    edge.load(SET, DATA)
    assert store.asked == [f"get edge/sets/{SET}"]


def test_a_set_is_loaded_by_what_differs_from_the_one_that_is_live() -> None:
    store = Counting()
    edge = StoreEdge(store)
    edge.load(SET, DATA)
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET, DATA.head))
    store.asked.clear()
    edge.load("ba9876543210", MORE)
    written = {key for key in store.asked if key.startswith("put ")}
    assert written == {
        "put edge/sets/ba9876543210",
        *(f"put edge/{key}" for key in MORE.entries.keys() - DATA.entries.keys()),
    }
    assert len(store.asked) < 20 < len(MORE.nodes)
    edge.flip(LIVE_KEY, live_entry(2, "s1", "ba9876543210", MORE.head))
    assert edge.entries().keys() == {LIVE_KEY, *MORE.entries}


def test_what_a_dead_writer_left_is_no_set() -> None:
    store = Counting()
    edge = StoreEdge(store)
    edge.load(SET, DATA)
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET, DATA.head))
    store.delete(f"edge/sets/{SET}")
    store.delete(*(f"edge/{key}" for key in list(DATA.entries)[:5]))
    edge.load("ba9876543210", MORE)
    edge.flip(LIVE_KEY, live_entry(2, "s1", "ba9876543210", MORE.head))
    assert edge.entries().keys() == {LIVE_KEY, *MORE.entries}


def test_what_sets_share_stays_as_long_as_one_is_kept() -> None:
    edge = StoreEdge(MemoryStore())
    for generation, (set_id, data) in enumerate(((SET, DATA), ("ba9876543210", MORE)), 1):
        edge.load(set_id, data)
        edge.flip(LIVE_KEY, live_entry(generation, "s1", set_id, data.head))
    only_old = DATA.entries.keys() - MORE.entries.keys()
    assert edge.tidy(["live"], ["ba9876543210"], "") == len(only_old) + 1
    assert edge.entries().keys() == {LIVE_KEY, *MORE.entries}
    assert edge.tidy(["live"], [], "") == 1, "the entry keeps the nodes, too"
    assert edge.entries().keys() == {LIVE_KEY, *MORE.entries}


def test_what_is_not_read_back_is_an_error_and_loaded_again() -> None:
    store = Counting()
    store.loses = next(iter(DATA.nodes))
    with pytest.raises(EdgeError, match="does not hold what was written"):
        StoreEdge(store).load(SET, DATA)
    store.loses = ""
    StoreEdge(store).load(SET, DATA)
    edge = StoreEdge(store)
    entry = live_entry(1, "s1", SET, DATA.head)
    edge.flip(LIVE_KEY, entry)
    assert edge.entries() == {**DATA.entries, LIVE_KEY: entry}


def test_looking_again_reads_no_set_again() -> None:
    store = Counting()
    edge = StoreEdge(store)
    edge.load(SET, DATA)
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET, DATA.head))
    edge.entries()
    store.asked.clear()
    edge.entries()
    assert store.asked == ["get edge/live"]


def test_a_set_that_is_lost_is_an_error_that_says_so() -> None:
    store = MemoryStore()
    edge = StoreEdge(store)
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET, DATA.head))
    with pytest.raises(EdgeError, match="the redirects lack n/"):
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
