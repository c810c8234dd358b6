"""Files of logs: packed, damaged, of other kinds, and made to do harm."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pytest

from publisher import log_files
from publisher.audit.locating import Hosts
from publisher.errors import PublisherError
from publisher.log_files import read_logs
from publisher.log_tally import Tally

SAMPLES = Path(__file__).parent / "data" / "access_logs"
HOSTS = Hosts("www.example.co.jp", frozenset(("old.example.co.jp",)))
LINE = b'192.0.2.1 - - [01/Dec/2026:10:00:00 +0900] "GET /%d HTTP/1.1" 200 5 "-" "-"\n'


def read(*paths: Path) -> Tally:
    return read_logs(paths, HOSTS, lambda *_: None)


def test_logs_of_every_kind_add_up() -> None:
    paths = sorted(SAMPLES.iterdir())
    tally = read(*paths)
    assert tally.requests == 4 * len(paths)
    assert tally.counts["/?p=1632&utm_source=%E5%86%AC"] == len(paths)
    assert tally.counts["https://old.example.co.jp/old.html"] == len(paths) - 2
    assert [(day.day, day.requests, day.not_found) for day in tally.days] == [
        ("2026-11-22", 3 * len(paths), len(paths))
    ]


def test_progress_of_a_packed_log_is_in_its_own_bytes(tmp_path: Path) -> None:
    lines = b"".join(LINE % (number * 7919 % 10**9) for number in range(100_000))
    (tmp_path / "a.log").write_bytes(gzip.compress(lines))  # whatever its name
    seen: list[tuple[str, int, int]] = []
    read_logs([tmp_path / "a.log"], HOSTS, lambda *told: seen.append(told))
    size = (tmp_path / "a.log").stat().st_size
    assert [told[0] for told in seen] == ["reading a.log"] * 5
    assert {told[2] for told in seen} == {size}
    places = [told[1] for told in seen]
    assert places == sorted(places)
    assert 0 < places[-1] <= size


def test_several_packed_logs_one_behind_the_other_are_one(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(LINE % 1) + gzip.compress(LINE % 2))
    assert read(tmp_path / "a.gz").counts == {"/1": 1, "/2": 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PAR1\x15\x04", "is Parquet, which is not read"),
        (b"PK\x03\x04\x14", "is a zip archive (or an Excel file), which is not read"),
        (b"BZh91AY", "is packed by bzip2, which is not read"),
        (b"\xfd7zXZ\x00", "is packed by xz, which is not read"),
        (b"\x28\xb5\x2f\xfd\x04", "is packed by zstd, which is not read"),
        (bytes(range(256)) * 9000, "is no access log: none of its 9,001 lines says"),
        (b"\x1b]0;title\x07\x1b[31m\xff\n", "is no access log: its one line does not say"),
        (b"a" * 5_000_000, "is no access log: its one line does not say"),
        (gzip.compress(LINE % 1, mtime=0)[:-9], "it is packed, and its end is missing"),
        (gzip.compress(LINE % 1, mtime=0)[:-4] + b"oops", "can't be read: "),
        (b"\x1f\x8b", "it is packed, and its end is missing"),
        (b"", "there is no GET or HEAD request in the logs"),
        (gzip.compress(b"", mtime=0), "there is no GET or HEAD request in the logs"),
        (b"#Version: 1.0\n#Fields: date\n", "there is no GET or HEAD request in the logs"),
    ],
)
def test_what_is_no_log_is_said_so_and_not_shown(
    content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / "a.log").write_bytes(content)
    with pytest.raises(PublisherError) as raised:
        read(tmp_path / "a.log")
    assert message in str(raised.value)
    assert str(raised.value).isprintable()
    assert raised.value.hint.isprintable()


def test_a_folder_and_a_file_that_is_not_there_are_said_so(tmp_path: Path) -> None:
    with pytest.raises(PublisherError, match="can't be read: Is a directory"):
        read(tmp_path)
    with pytest.raises(PublisherError, match="can't be read: No such file or directory"):
        read(tmp_path / "none")


def test_a_log_without_requests_beside_others_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "empty.log").write_bytes(b"")
    (tmp_path / "a.log").write_bytes(LINE % 1)
    assert read(tmp_path / "empty.log", tmp_path / "a.log").requests == 1


def test_a_file_that_unpacks_without_end_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_files, "INFLATED_FREE_BYTES", 1_000_000)
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"\x00" * 20_000_000, 9))
    tracemalloc.start()
    try:
        with pytest.raises(PublisherError, match="unpacks to more than 500 times its size"):
            read(tmp_path / "a.gz")
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_memory_has_an_end_whatever_visitors_ask_for(tmp_path: Path) -> None:
    line = LINE.replace(b"%d", b"%d/" + b"a" * 200)
    with gzip.open(tmp_path / "a.gz", "wb", compresslevel=1) as file:
        for number in range(60_000):
            file.write(line % number)
    monitor = Tally(HOSTS, 1_000, 200_000)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(log_files, "Tally", lambda hosts: monitor)
        tracemalloc.start()
        try:
            tally = read(tmp_path / "a.gz")
            # What is kept of recent lines is bounded by their number, too.
            assert tracemalloc.get_traced_memory()[1] < 60_000_000
        finally:
            tracemalloc.stop()
    assert len(tally.counts) <= 1_000
    assert tally.dropped + tally.counts.total() == tally.requests == 60_000
