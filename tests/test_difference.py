"""What a visitor would notice between two releases, in the words of somebody who reads the site."""

from __future__ import annotations

import json
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher import difference
from publisher.difference import Compared
from publisher.manifest import Manifest
from publisher.noticing import CHANGES_MAX, Change, PageChange, common, compare, own, read
from publisher.outcome import Captured
from publisher.records import Records
from publisher.release import Release
from publisher.store.directory import DirectoryStore
from tests.program import Cli, configure
from tests.sites import ACTOR, World


def page(text: str, title: str = "題名", head: str = "") -> str:
    return (
        f"<!doctype html><html><head><title>{title}</title>{head}</head>"
        f"<body class=x><nav><a href=/>ホーム</a></nav><p>{text}</p><script>var a=1</script></body>"
    )


def changed(old: str, new: str) -> PageChange:
    return compare(old.encode(), new.encode())


# --------------------------------------------------------------------------- single pages


def test_a_page_is_read_as_a_visitor_does() -> None:
    body = (
        "<title>A &amp; B</title><style>p{}</style><body><h1>見出し<br>二行目</h1>"
        "<p>The <b>bold</b>&nbsp;word\n and <a href='/x?a=1&amp;b=2'>link</a></p ><p>End</p>"
        "<!-- no --><script>no()</script><noscript><p>no</p><img src=no></noscript>"
        "<template>no</template><img src='/絵.png'><svg><title>icon</title><path d=''/></svg>"
    )
    assert read(body.encode()) == read(body.encode())
    found = read(body.encode())
    assert found.title == "A & B"
    assert found.blocks == ("見出し", "二行目", "The bold word and link", "End")
    assert (found.links, found.pictures) == (("/x?a=1&b=2",), ("/絵.png",))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (page("本文"), page("本文", title="新しい題名"), Change("title", "題名", "新しい題名")),
        (page("価格は1,980円です"), page("価格は2,980円です"),
         Change("text", "価格は1,980円です", "価格は2,980円です")),
        (page("本文"), page("本文</p><p>追記"), Change("text", "", "追記")),
        (page("本文</p><p>古い"), page("本文"), Change("text", "古い", "")),
        (page("<a href=/a>本文</a>"), page("<a href=/b>本文</a>"), Change("link", "/a", "/b")),
        (page("<img src=/a.png>"), page("<img src=/b.png>"), Change("picture", "/a.png", "/b.png")),
    ],
    ids=["title", "text", "added", "removed", "link", "picture"],
)  # fmt: skip
def test_what_is_different_is_told(old: str, new: str, expected: Change) -> None:
    assert changed(old, new).changes == (expected,)


def test_a_long_text_is_shown_from_where_it_differs() -> None:
    (change,) = changed(
        page("あ" * 500 + "旧" + "い" * 500), page("あ" * 500 + "新" + "い" * 500)
    ).changes
    assert change.old == "…" + "あ" * 8 + "旧" + "い" * 8
    assert change.new == "…" + "あ" * 8 + "新" + "い" * 8


@pytest.mark.parametrize(
    ("old", "new", "rest"),
    [
        (page("a"), page("a", head="<meta name=description content=b>"), "head"),
        (page("a"), page("<b class=y>a</b>"), "markup"),
        (page("a").replace("a=1", "a=2"), page("a"), "markup"),
    ],
    ids=["head", "class", "script"],
)
def test_what_nobody_reads_is_said_to_be_that(old: str, new: str, rest: str) -> None:
    found = changed(old, new)
    assert (found.changes, found.rest) == ((), rest)


def test_a_paragraph_that_moved_is_no_news() -> None:
    assert changed(page("一</p><p>二"), page("二</p><p>一")).changes == ()


def test_many_changes_are_counted() -> None:
    old, new = ("".join(f"<p>{n}{word}</p>" for n in range(100)) for word in ("旧", "新"))
    found = changed(old, new)
    assert (len(found.changes), found.more) == (CHANGES_MAX, 100 - CHANGES_MAX)


@given(st.text(), st.text())
def test_any_text_is_compared(old: str, new: str) -> None:
    body = [one.encode("utf-8", "replace") for one in (old, new)]
    assert compare(body[0], body[0]).changes == ()
    compare(body[0], body[1])


@pytest.mark.parametrize("piece", [b"<", b"<p>x", b"<a href=", b"</", b"&amp;", b"<svg>", b"<!--"])
def test_hostile_pages_take_no_time(piece: bytes) -> None:
    body = piece * (300_000 // len(piece))
    started = time.process_time()
    compare(body, body + b"<p>x")
    assert time.process_time() - started < 15


def test_what_many_pages_share_is_told_once() -> None:
    menu, text = Change("text", "メニュー", "新メニュー"), Change("text", "a", "b")
    pages = [PageChange("", (menu,)) for _ in range(9)] + [PageChange("", (menu, text))]
    assert common(pages) == {menu: 10}
    assert [one.changes for one in (own(page, [menu]) for page in pages[8:])] == [(), (text,)]
    assert common(pages[:4]) == {}


# ------------------------------------------------------------------------------- releases


@pytest.fixture
def world() -> World:
    return World()


def found(world: World, old: Release, new: Release, withdrawn: tuple[str, ...] = ()) -> Compared:
    return difference.difference(world.records, old, new, withdrawn, lambda *_: None)


def test_every_kind_of_difference(world: World) -> None:
    old = world.release(
        {"/gone/": page("x", title="消えた頁"), "/日本/": page("旧"), "/a.css": "1", "/b.css": "b"},
        ("?p=1", "?p=2"),
    )
    new = world.release(
        {"/new/": page("x", title="新しい頁"), "/日本/": page("新"), "/a.css": "22", "/c.css": "c"},
        ("?p=2", "?p=3"),
    )
    got = found(world, old, new)
    told = {(one.path, one.reason, one.title) for one in got.pages}
    assert {("/new/", "new", "新しい頁"), ("/gone/", "gone", "消えた頁"),
            ("/日本/", "content", "題名")} <= told  # fmt: skip
    assert [(one.path, one.reason, one.old_size, one.new_size) for one in got.files] == [
        ("/a.css", "content", 1, 2), ("/b.css", "gone", 1, None), ("/c.css", "new", None, 1),
    ]  # fmt: skip
    assert [(one.source, one.old, one.new) for one in got.redirects] == [
        ("/?p=1", "301 /", ""),
        ("/?p=3", "", "301 /"),
    ]
    assert got.counts["files new"] == got.counts["redirects new"] == 1


def test_equal_releases_have_no_difference(world: World) -> None:
    made = world.release({"/a/": page("x")})
    got = found(world, made, made)
    assert not +got.counts
    assert not got.pages


def test_a_withdrawn_path_is_named_apart(world: World) -> None:
    old, new = (world.release({"/秘密/": page(text)}) for text in "ab")
    got = found(world, old, new, ("/秘密/",))
    assert got.withdrawn == ["/秘密/"]
    assert "/秘密/" not in {one.path for one in got.pages}


def test_a_page_names_the_address_that_it_was_made_from(world: World) -> None:
    parts = world.records.parts(Manifest())
    for number in range(2000):
        path = f"/{number:04}/"
        parts.add(path, Captured(path, f"http://127.0.0.1:8081/?p={number}"))
    captured = world.records.put_index(parts, Manifest()).digest
    files = {f"/{number:04}/": page("a") for number in range(2000)}
    old = world.release(files)
    new = world.release(files | {"/0007/": page("b"), "/1999/": page("b"), "/9999/": page("c")})
    new = msgspec.structs.replace(new, captured=captured)
    sources = {one.path: one.source for one in found(world, old, new).pages}
    assert sources == {"/": "", "/0007/": "/?p=7", "/1999/": "/?p=1999", "/9999/": ""}


def test_of_a_large_change_some_pages_are_looked_at(world: World) -> None:
    """A new menu on all pages; one page has news of its own."""
    menu = "<li>{}</li>"
    files = [
        {f"/{n:04}/": page(f"本文 {n}") + menu.format(word) for n in range(1500)}
        for word in ("旧", "新")
    ]
    files[1]["/0100/"] = page("値下げ") + menu.format("新")
    got = found(world, world.release(files[0]), world.release(files[1]))
    assert got.counts["pages content"] == 1501
    assert (got.looked_at, len(got.pages)) == (difference.PAGES_MAX, 1000)
    assert got.common == [(Change("text", "旧", "新"), difference.PAGES_MAX - 1)]
    own_news = [one.path for one in got.pages if one.change and one.change.changes]
    assert own_news == ["/", "/0100/"]


# ---------------------------------------------------------------------------- the command


def test_the_command_compares_what_is_live_with_what_was(publisher: Cli, tmp_path: Path) -> None:
    configure("http://127.0.0.1:9")
    world = World(DirectoryStore(tmp_path / ".publisher"))
    code, _, err = publisher("releases", "diff")
    assert (code, "nothing is live" in err) == (1, True)
    first = world.publish({"/日本/": page("旧")}).release
    code, _, err = publisher("releases", "diff")
    assert (code, "nothing was live before" in err) == (1, True)
    second = world.publish({"/日本/": page("新", title="題\x1b[31m名"), "/絵/": page("a")}).release

    code, out, _ = publisher("releases", "diff")
    assert code == 0
    assert f"From {first.id} to {second.id}" in out
    assert "/日本/" in out
    assert "旧 → 新" in out
    assert "\x1b" not in out
    code, out, _ = publisher("releases", "diff", second.id[-6:], first.id, "--json")
    document = json.loads(out)
    assert (code, document["old"], document["new"]) == (0, second.id, first.id)
    assert document["counts"]["pages gone"] == 1

    world.publisher().rollback(first, ACTOR)
    _, out, _ = publisher("releases", "diff", "--json")
    assert json.loads(out)["old"] == second.id


def test_gc_as_a_command(publisher: Cli, tmp_path: Path) -> None:
    configure("http://127.0.0.1:9")
    world = World(DirectoryStore(tmp_path / ".publisher"))
    for number in range(3):
        world.release({"/a/": str(number)})
    world.publish({})
    options = ("gc", "--keep-releases", "1", "--keep-days", "0")
    code, out, _ = publisher(*options, "--dry-run")
    assert (code, "would remove" in out) == (0, True)
    assert len(world.records.release_ids()) == 4
    world.publisher().rollback(world.records.release(world.records.intent()[0].release), ACTOR)
    code, out, _ = publisher(*options, "--json")
    assert (code, json.loads(out)["removed"].get("releases")) == (0, 3), out
    assert Records(world.store).release_ids() == [world.records.intent()[0].release]
    world.shown()
