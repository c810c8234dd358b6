"""The contract of the `Store` port, held against every implementation.

Where SeaweedFS differs from AWS, S3 is not tried: it refuses a part of a key over 255 bytes,
takes a backslash for a slash, and sends `k.txt` stored as application/octet-stream as text.
"""

from __future__ import annotations

import multiprocessing
import uuid
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from publisher.errors import Conflict, NotFound, StoreError
from publisher.records import Records, blob_key
from publisher.store.directory import DirectoryStore, names_of
from publisher.store.dryrun import DryRun
from publisher.store.memory import MemoryStore
from publisher.store.port import ABSENT, KEY_BYTES_MAX, PLAIN, Headers, Store
from publisher.store.s3 import S3Store
from tests.seaweedfs import SeaweedFS

PAGE = Headers("text/html; charset=utf-8", "public, max-age=60")
STYLE = Headers("text/css", "public, max-age=31536000, immutable")

WORKERS = 6
INCREMENTS_EACH = 3
PREFIX = "a site/本番"  # of the store in its bucket

# Each is a key of its own: none may be taken for another, written another way or cut.
AWKWARD_KEYS = (
    "a",
    "a/b",
    "a/b/c",
    "a.html",
    "a.html/2",
    "ab",
    "site/s1/会社概要/index.html",
    "site/s1/ブログ/２０２４年/記事 その１.html",
    "が",  # one character in NFC
    "か\u3099",  # the same in NFD
    "with space/ a b ",
    "percent%20as/text",
    "percent as/text",
    "100%",
    "%2E",
    "plus+sign/a+b",
    "hash#1/#",
    "question?x=1&y=2",
    "~user/~",
    "a=b;c,d@e!$'()*",
    '[square]{curly}|pipe^caret`grave"quote<less>',
    "dots...",
    "...",
    ".hidden/.htaccess",
    "..a/b..",
    "-",
    "a%-/b",
    "UPPER/lower",
    "upper/LOWER",
    "emoji/🗾.png",
)
KEY_OF_1024_BYTES = "/".join(["あ" * 66] * 5)[:341] + "a"
LONG_PART = "長" * 200 + ".html"  # 605 bytes


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", SeaweedFS.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SeaweedFS.secret_key)
    monkeypatch.setenv("AWS_REGION", SeaweedFS.region)


@pytest.fixture(
    params=[
        "memory",
        "directory",
        "dry run",
        pytest.param("s3", marks=pytest.mark.real),
    ]
)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    match request.param:
        case "memory":
            return MemoryStore()
        case "directory":
            return DirectoryStore(tmp_path / "store")
        case "dry run":
            return DryRun(MemoryStore())
    server: SeaweedFS = request.getfixturevalue("seaweedfs")
    bucket = f"store-{uuid.uuid4().hex[:12]}"
    server.create_bucket(bucket)
    return S3Store(bucket, PREFIX, server.endpoint_url)


@pytest.fixture(params=["memory", "directory", "dry run"])
def local_store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Every store that takes parts of keys over 255 bytes."""
    stores: dict[str, Store] = {
        "memory": MemoryStore(),
        "directory": DirectoryStore(tmp_path / "store"),
        "dry run": DryRun(MemoryStore()),
    }
    return stores[request.param]


def _keys(store: Store, prefix: str = "") -> list[str]:
    return [one.key for one in store.list(prefix)]


# ------------------------------------------------------------------- get, put, delete


def test_get_returns_what_was_put(store: Store) -> None:
    etag = store.put("a/b.html", b"text", PAGE)
    found = store.get("a/b.html")
    assert (found.data, found.headers, found.etag) == (b"text", PAGE, etag)


def test_put_replaces_bytes_and_headers(store: Store) -> None:
    store.put("k.txt", b"old", PAGE)
    store.put("k.txt", b"new", STYLE)
    found = store.get("k.txt")
    assert (found.data, found.headers) == (b"new", STYLE)


def test_put_without_headers_after_a_put_with_headers_has_plain_ones(store: Store) -> None:
    store.put("k", b"old", PAGE)
    store.put("k", b"old")
    assert store.get("k").headers == PLAIN


def test_headers_of_a_deleted_object_do_not_come_back(store: Store) -> None:
    store.put("k", b"old", PAGE)
    store.delete("k")
    store.put("k", b"new")
    assert store.get("k").headers == PLAIN


def test_get_of_nothing_raises_not_found(store: Store) -> None:
    store.put("a/b", b"")
    for key in ("x", "a", "a/b/c", "a/bc", "a/", "x/y/z"):
        with pytest.raises((NotFound, StoreError)):
            store.get(key)
    with pytest.raises(NotFound) as caught:
        store.get("a/bc")
    assert caught.value.key == "a/bc"


def test_delete_removes_and_deleting_nothing_is_no_error(store: Store) -> None:
    store.put("a/b/c", b"1")
    store.put("a/b", b"2")
    store.delete("a/b/c")
    store.delete("a/b/c")
    store.delete("never/was/there")
    with pytest.raises(NotFound):
        store.get("a/b/c")
    assert store.get("a/b").data == b"2"
    assert _keys(store) == ["a/b"]


def test_many_are_deleted_by_one_call_and_others_stay(store: Store) -> None:
    keys = [f'site/s1/記事 {number}&+<>".html' for number in range(1_005)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: store.put(key, b"", PAGE), [*keys, "site/s1", "site/s1/記事"]))
    store.delete(*keys, "never/was/there")
    store.delete()
    assert sorted(_keys(store)) == ["site/s1", "site/s1/記事"]


def test_delete_of_a_folder_like_key_leaves_what_is_below(store: Store) -> None:
    store.put("a/b", b"1")
    store.delete("a")
    assert store.get("a/b").data == b"1"


@pytest.mark.parametrize("size", [0, 1, 10 * 1024 * 1024])
def test_bodies_of_any_size(store: Store, size: int) -> None:
    body = bytes(range(256)) * (size // 256) or b"\x00" * size
    store.put("body", body, STYLE)
    found = store.get("body")
    assert (found.data == body, found.headers) == (True, STYLE)
    store.put("body", body[:-1], expect=found.etag)
    assert len(store.get("body").data) == max(0, size - 1)


# ------------------------------------------------------------------------------- copy


def test_copy_takes_bytes_and_headers(store: Store) -> None:
    store.put("src/元の.css", b"text", STYLE)
    for target in ("dir/target.html", "dir", "dir/日本語 写し.css"):
        store.copy("src/元の.css", target)
    for key in ("src/元の.css", "dir/target.html", "dir", "dir/日本語 写し.css"):
        found = store.get(key)
        assert (found.data, found.headers) == (b"text", STYLE)


def test_copy_replaces_the_target_and_can_be_repeated(store: Store) -> None:
    store.put("target", b"old", STYLE)
    for headers in (PAGE, PAGE, PLAIN, STYLE):
        store.put("src", b"new", headers)
        for _ in range(2):
            store.copy("src", "target")
            found = store.get("target")
            assert (found.data, found.headers) == (b"new", headers)


def test_blobs_of_the_same_bytes_keep_their_headers_apart(store: Store) -> None:
    if isinstance(store, DryRun):
        return  # it keeps no blobs
    records = Records(store)
    for headers in (PLAIN, PAGE, STYLE):
        digest = records.put_blob(b"same", headers)
    for headers in (PLAIN, PAGE, STYLE):
        store.copy(blob_key(digest, headers), "site/s1/会社/概要")
        found = store.get("site/s1/会社/概要")
        assert (found.data, found.headers) == (b"same", headers)
        assert store.get(blob_key(digest, headers)).headers == headers
    store.delete(blob_key(digest, PAGE))
    assert store.get(blob_key(digest, STYLE)).headers == STYLE
    records.put_blob(b"other", PAGE)
    assert store.get(blob_key(records.put_blob(b"other", PAGE), PAGE)).headers == PAGE


def test_source_and_copy_change_independently(store: Store) -> None:
    store.put("src", b"one")
    store.copy("src", "target")
    store.put("src", b"two")
    assert store.get("target").data == b"one"
    store.put("target", b"three")
    assert store.get("src").data == b"two"
    store.delete("src")
    assert store.get("target").data == b"three"


def test_copy_of_nothing_raises_not_found_and_leaves_the_target(store: Store) -> None:
    store.put("target", b"old", PAGE)
    for source in ("nothing", "target/x"):
        with pytest.raises(NotFound):
            store.copy(source, "target")
    found = store.get("target")
    assert (found.data, found.headers) == (b"old", PAGE)


# ------------------------------------------------------------------------------- list


def test_list_by_prefix_may_cut_within_a_name(store: Store) -> None:
    keys = {"a", "a/b", "a/bc", "a/b/c", "ab/c", "b", "a b", "a.html"}
    for key in keys:
        store.put(key, b"")
    for prefix in ("", "a", "a/", "a/b", "a/b/", "ab", "a/bc", "a/bcd", "c", "a.", "a "):
        found = _keys(store, prefix)
        assert sorted(found) == sorted(key for key in keys if key.startswith(prefix)), prefix


def test_list_of_an_empty_store_is_empty(store: Store) -> None:
    assert _keys(store) == []
    assert _keys(store, "releases/") == []


def test_list_finds_more_than_one_page_of_keys(store: Store) -> None:
    keys = {f"n/{number}" for number in range(1_050)}
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: store.put(key, b""), keys))
    found = _keys(store, "n/")
    assert len(found) == len(keys)
    assert set(found) == keys


def test_list_tells_when_each_was_written_last(store: Store) -> None:
    store.put("会社/概要.html", b"1", PAGE)
    store.put("会社/概要.html", b"2", PAGE)
    store.put("会社/a", b"")
    for one in store.list("会社/"):
        assert one.key in ("会社/概要.html", "会社/a")
        # S3 tells whole seconds.
        assert abs(datetime.now(UTC) - one.modified) < timedelta(seconds=30)


def test_list_tells_sizes_and_etags_as_reading_does(store: Store) -> None:
    store.put("会社/概要.html", "概要".encode(), PAGE)
    store.put("会社/empty.css", b"")
    for one in store.list("会社/"):
        found = store.get(one.key)
        assert one.size == len(found.data)
        assert one.etag in (found.etag, "")


# ------------------------------------------------------------------------------- keys


def test_awkward_keys_are_held_apart_and_listed_as_they_were_given(store: Store) -> None:
    for key in AWKWARD_KEYS:
        store.put(key, key.encode(), Headers(f"text/x-{AWKWARD_KEYS.index(key)}"))
    for key in AWKWARD_KEYS:
        found = store.get(key)
        assert found.data.decode() == key
        assert found.headers.content_type == f"text/x-{AWKWARD_KEYS.index(key)}"
    assert sorted(_keys(store)) == sorted(AWKWARD_KEYS)
    for number, key in enumerate(AWKWARD_KEYS):
        store.delete(key)
        assert len(_keys(store)) == len(AWKWARD_KEYS) - number - 1


def test_awkward_keys_can_be_copied_and_put_conditionally(store: Store) -> None:
    store.put("src", b"x")
    for key in AWKWARD_KEYS:
        store.copy("src", f"copies/{key}")
        store.copy(f"copies/{key}", f"copies of copies/{key}")
        assert store.get(f"copies of copies/{key}").data == b"x"
        store.put(f"new/{key}", b"y", expect=ABSENT)
        with pytest.raises(Conflict):
            store.put(f"new/{key}", b"z", expect=ABSENT)


def test_a_key_of_1024_bytes(store: Store) -> None:
    room = KEY_BYTES_MAX - (len(f"{PREFIX}/".encode()) if isinstance(store, S3Store) else 0)
    key = KEY_OF_1024_BYTES.encode()[:room].decode(errors="ignore")
    key += "x" * (room - len(key.encode()))
    assert len(key.encode()) == room
    store.put(key, b"long")
    assert store.get(key).data == b"long"
    assert _keys(store, "あ") == [key]


def test_parts_of_a_key_may_be_over_255_bytes(local_store: Store) -> None:
    keys = {
        "back\\slash",
        LONG_PART,
        f"{LONG_PART}/{LONG_PART[:100]}",
        f"a/{LONG_PART}",
        LONG_PART[:240],
    }
    for key in keys:
        local_store.put(key, key.encode())
    assert set(_keys(local_store)) == keys
    for key in keys:
        assert local_store.get(key).data.decode() == key


# -------------------------------------------------------------------- conditional puts


def test_create_succeeds_once(store: Store) -> None:
    etag = store.put("refs/live", b"1", expect=ABSENT)
    with pytest.raises(Conflict) as caught:
        store.put("refs/live", b"2", PAGE, expect=ABSENT)
    assert caught.value.key == "refs/live"
    found = store.get("refs/live")
    assert (found.data, found.headers, found.etag) == (b"1", PLAIN, etag)


def test_swap_succeeds_with_the_present_etag_only(store: Store) -> None:
    first = store.put("refs/live", b"1", expect=ABSENT)
    second = store.put("refs/live", b"2", expect=first)
    assert store.get("refs/live").etag == second
    with pytest.raises(Conflict):
        store.put("refs/live", b"3", expect=first)
    assert store.get("refs/live").data == b"2"
    store.put("refs/live", b"3", expect=second)


def test_swap_of_what_is_not_there_loses(store: Store) -> None:
    etag = store.put("refs/live", b"1")
    store.delete("refs/live")
    with pytest.raises(Conflict):
        store.put("refs/live", b"2", expect=etag)
    with pytest.raises(NotFound):
        store.get("refs/live")
    store.put("refs/live", b"3", expect=ABSENT)


def test_an_etag_from_get_is_as_good_as_one_from_put(store: Store) -> None:
    store.put("k", b"1")
    store.put("k", b"2", expect=store.get("k").etag)
    assert store.get("k").data == b"2"


def _create(store: Store, key: str, name: int) -> bool:
    try:
        store.put(key, str(name).encode(), expect=ABSENT)
    except Conflict:
        return False
    return True


def _increment(store: Store, key: str, times: int) -> int:
    """Count up by compare-and-swap; returns how often it lost."""
    lost = 0
    for _ in range(times):
        while True:
            found = store.get(key)
            try:
                store.put(key, str(int(found.data) + 1).encode(), expect=found.etag)
                break
            except Conflict:
                lost += 1
    return lost


def _race(pool: Executor, store: Store) -> None:
    for number in range(5):
        futures = [pool.submit(_create, store, f"new/{number}", n) for n in range(WORKERS)]
        won = [n for n, future in enumerate(futures) if future.result()]
        assert len(won) == 1
        assert store.get(f"new/{number}").data == str(won[0]).encode()
    store.put("count", b"0")
    futures = [pool.submit(_increment, store, "count", INCREMENTS_EACH) for _ in range(WORKERS)]
    lost = sum(future.result() for future in futures)
    assert int(store.get("count").data) == WORKERS * INCREMENTS_EACH, f"{lost} conflicts"


def test_of_many_threads_exactly_one_creates_and_no_swap_is_lost(store: Store) -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        _race(pool, store)


def test_of_many_processes_exactly_one_creates_and_no_swap_is_lost(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(3, mp_context=context) as pool:
        _race(pool, DirectoryStore(tmp_path / "store"))


def test_readers_see_whole_objects_while_they_are_replaced(store: Store) -> None:
    size = 200_000
    store.put("page", b"0" * size)

    def write(number: int) -> None:
        store.put("page", str(number % 10).encode() * size)

    def read(_: int) -> bool:
        data = store.get("page").data
        return len(data) == size and data == data[:1] * size

    with ThreadPoolExecutor(4) as pool:
        writes = [pool.submit(write, number) for number in range(30)]
        assert all(pool.map(read, range(60)))
        for done in writes:
            done.result()


def test_writers_and_removers_of_one_folder_do_not_disturb_each_other(store: Store) -> None:
    """Removing the last file of a folder removes the folder: under another's hands."""

    def work(number: int) -> None:
        for turn in range(10):
            store.put(f"folder/deep/{number}", str(turn).encode(), PAGE)
            assert store.get(f"folder/deep/{number}").data == str(turn).encode()
            store.delete(f"folder/deep/{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert _keys(store, "folder/") == []


# ----------------------------------------------------------------------------- dry run


def test_a_dry_run_reads_through_and_writes_nothing() -> None:
    behind = MemoryStore()
    behind.put("kept", b"1", PAGE)
    behind.put("removed", b"2")
    before = {key: behind.get(key) for key in _keys(behind)}
    dry = DryRun(behind)
    dry.put("kept", b"3", expect=dry.get("kept").etag)
    dry.put("added", b"4", expect=ABSENT)
    dry.copy("kept", "copied")
    dry.delete("removed")
    with pytest.raises(Conflict):
        dry.put("kept", b"5", expect=ABSENT)
    dry.put("removed", b"6", expect=ABSENT)
    dry.delete("removed")
    assert sorted(_keys(dry)) == ["added", "copied", "kept"]
    assert dry.get("copied").data == b"3"
    with pytest.raises(NotFound):
        dry.get("removed")
    assert {key: behind.get(key) for key in _keys(behind)} == before


def test_a_dry_run_remembers_no_blobs() -> None:
    dry = DryRun(MemoryStore())
    dry.put("blobs/ab/abcd", b"x" * 1000)
    assert _keys(dry) == []


# -------------------------------------------------------------- the directory's own rule

_PART = st.text(
    st.one_of(
        st.sampled_from("ab.%-+ #?~\\2E"),
        st.characters(exclude_categories=("Cs",), exclude_characters="/"),
    ),
    min_size=1,
    max_size=12,
)
_LONG_PART = st.builds(lambda part, times: part * times, _PART, st.integers(1, 60))
_KEY = st.builds("/".join, st.lists(st.one_of(_PART, _LONG_PART), min_size=1, max_size=4)).filter(
    lambda key: len(key.encode()) <= KEY_BYTES_MAX
)


@given(_KEY)
@example("..")
@example("../..")
@example(".")
@example("\x00")
@example("%" * 1024)
@example("\x01" * 1024)
@example("あ" * 341)
def test_names_stay_below_the_root_and_fit_a_file_system(key: str) -> None:
    names = names_of(key)
    for name in names:
        assert name not in ("", ".", "..")
        assert "/" not in name
        assert "\x00" not in name
        assert len(name.encode()) <= 255
    assert len("/".join(names).encode()) < 4096 - 255


@given(st.sets(_KEY, min_size=2, max_size=6))
@example({"a", "a%", "a%25", "a%-", "a%-/b", "ab"})
@example({"a" * 240 + "b", "a" * 240 + "/b", "a" * 240, "a" * 241})
@example({"%", "%25", "%2525"})
@example({".", "%2E", "./x", "%2E/x"})
def test_no_two_keys_have_the_same_names_nor_a_file_where_another_has_a_folder(
    keys: set[str],
) -> None:
    paths = {key: tuple(names_of(key)) for key in keys}
    assert len(set(paths.values())) == len(keys)
    folders = {names[:length] for names in paths.values() for length in range(1, len(names))}
    assert not folders & set(paths.values())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=st.sets(_KEY, min_size=1, max_size=5))
@example(keys={".lock", ".export.lock", ".tmp", ".headers"})
@example(keys={".headers/a", ".tmp/a", "a"})
@example(keys={"a" * 240 + ".b", "a" * 241 + "/x.", "\x7f%", "."})
def test_listing_gives_back_the_keys_that_were_put(keys: set[str], tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / uuid.uuid4().hex)
    for key in keys:
        store.put(key, key.encode(), PAGE)
        store.put(key, key.encode(), PAGE, expect=store.get(key).etag)
    assert sorted(_keys(store)) == sorted(keys)
    for key in keys:
        assert store.get(key).data == key.encode()
        assert set(_keys(store, key)) == {other for other in keys if other.startswith(key)}
    for key in keys:
        store.delete(key)
    assert _keys(store) == []


def test_the_directory_can_be_read_with_ls(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.put("site/s1/会社概要/index.html", b"", PAGE)
    assert (tmp_path / "site/s1/会社概要/index.html").is_file()


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "a" * 1025, "あ" * 342])
def test_keys_that_no_store_takes_are_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(StoreError):
        DirectoryStore(tmp_path).put(key, b"")
    assert _keys(DirectoryStore(tmp_path)) == []


def test_a_blob_that_goes_takes_no_headers_from_others(tmp_path: Path) -> None:
    one, other = (Records(DirectoryStore(tmp_path)).put_blob(text, PAGE) for text in (b"1", b"2"))
    DirectoryStore(tmp_path).delete(blob_key(one, PAGE))
    assert DirectoryStore(tmp_path).get(blob_key(other, PAGE)).headers == PAGE


def test_a_delete_leaves_no_empty_folders(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.put("a/b/c.html", b"1", PAGE)
    store.delete("a/b/c.html")
    assert [path for path in _files(tmp_path) if path.name != ".tmp"] == []


def test_a_failed_write_leaves_no_temporary_file(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.put("a", b"old")
    with file_size_limit(1000), pytest.raises(StoreError, match="too large"):
        store.put("a", b"new" * 1000)
    assert store.get("a").data == b"old"
    assert list((tmp_path / ".tmp").iterdir()) == []


def test_a_store_that_is_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    store = DirectoryStore(tmp_path / "store")
    with pytest.raises(StoreError, match="can't be used"):
        store.put("a", b"")
    with pytest.raises(StoreError, match="can't be used"):
        _keys(store)


@contextmanager
def file_size_limit(size_bytes: int) -> Iterator[None]:
    """Stands for a full disk: writes beyond so many bytes of a file fail, ours included."""
    import resource
    import signal

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() or not any(path.iterdir())]


# ---------------------------------------------------------------------------------- s3


@pytest.mark.real
def test_two_stores_in_one_bucket_do_not_see_each_other(seaweedfs: SeaweedFS) -> None:
    bucket = f"store-{uuid.uuid4().hex[:12]}"
    seaweedfs.create_bucket(bucket)
    whole, one, other = (S3Store(bucket, p, seaweedfs.endpoint_url) for p in ("", "a", "ab"))
    one.put("k", b"1", expect=ABSENT)
    other.put("k", b"2", expect=ABSENT)
    whole.put("k/k", b"3", expect=ABSENT)
    assert [_keys(store) for store in (one, other)] == [["k"], ["k"]]
    assert sorted(_keys(whole)) == ["a/k", "ab/k", "k/k"]
    assert sorted(_keys(whole, "a")) == ["a/k", "ab/k"]


@pytest.mark.real
def test_a_bucket_that_is_not_there_is_named_in_the_error(seaweedfs: SeaweedFS) -> None:
    store = S3Store("no-such-bucket", "", seaweedfs.endpoint_url)
    with pytest.raises(StoreError, match="s3://no-such-bucket") as caught:
        store.put("a", b"")
    assert caught.value.hint


@pytest.mark.real
def test_a_wrong_key_is_no_missing_object(
    seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = f"store-{uuid.uuid4().hex[:12]}"
    seaweedfs.create_bucket(bucket)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    store = S3Store(bucket, "", seaweedfs.endpoint_url)
    with pytest.raises(StoreError) as caught:
        store.get("a")
    assert not isinstance(caught.value, NotFound)


def test_s3_without_credentials_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(StoreError, match="no AWS credentials") as caught:
        S3Store("bucket")
    assert "AWS_PROFILE" in caught.value.hint
