"""Folders of designers on this machine: whatever one of them makes there, others get published."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from publisher.errors import StoreError
from publisher.intake_console import lines
from publisher.store.directory import DirectoryStore
from tests.uploads import Site, html


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site below `store`, with an upload of each designer; hanako's is live."""
    made = Site(DirectoryStore(tmp_path / "store"))
    made.publish()
    made.upload("hanako", {"campaign/index.html": html("夏")})
    made.one("hanako")
    made.upload("taro", {"lp/index.html": html("lp")})
    yield made
    subprocess.run(["rm", "-rf", str(tmp_path / "store")], check=True)  # Python can't go as deep


@pytest.fixture
def own(site: Site, tmp_path: Path) -> Path:
    """The folder of hanako."""
    return tmp_path / "store/uploads/hanako"


def _too_deep(own: Path) -> None:
    """So deep that its path is longer than a system call takes."""
    _nested(own / "campaign/深い", "あ" * 80, 20)


def _many_levels(own: Path) -> None:
    _nested(own / "campaign/深い", "a", 1500)


def _nested(top: Path, name: str, levels: int) -> None:
    top.mkdir()
    inner = os.open(top, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=inner)
        outer, inner = inner, os.open(name, os.O_RDONLY, dir_fd=inner)
        os.close(outer)
    os.close(os.open("x.html", os.O_WRONLY | os.O_CREAT, dir_fd=inner))
    os.close(inner)


def _not_utf8(own: Path) -> None:
    Path(os.fsdecode(os.fsencode(own / "campaign") + b"/\x83\x65\x83\x58\x83\x67.html")).touch()


def _not_utf8_folder(own: Path) -> None:
    folder_of_sjis = Path(os.fsdecode(os.fsencode(own) + b"/\x83\x65"))
    folder_of_sjis.mkdir()
    (folder_of_sjis / "x.html").write_text(html("x"))


def _slash_in_a_name(own: Path) -> None:
    (own / "campaign/%2F.html").touch()


def _longer_than_a_key(own: Path) -> None:
    (own / "campaign" / f"{'a' * 200}%-" / f"{'b' * 200}%-").mkdir(parents=True)
    inner = own.joinpath("campaign", *[f"{'a' * 200}%-"] * 6)
    inner.mkdir(parents=True)
    (inner / "x.html").touch()


@pytest.mark.parametrize(
    "put",
    [
        _too_deep,
        _many_levels,
        _not_utf8,
        _not_utf8_folder,
        _slash_in_a_name,
        _longer_than_a_key,
    ],
)
def test_no_rubbish_in_one_folder_on_this_machine_keeps_others_out(
    put: Callable[[Path], None], site: Site, own: Path
) -> None:
    put(own)
    hanako, taro = site.sync().answers
    assert (hanako.standing, taro.standing) == ("refused", "live")
    assert hanako.remarks
    assert "公開できません" in site.status("hanako", "html")
    assert json.loads(site.status("hanako"))["refusals"]
    assert site.shown()["/campaign/"] == html("夏").encode()
    assert [one.standing for one in site.sync().answers] == ["refused", "live"]


def _denied(
    monkeypatch: pytest.MonkeyPatch, name: str, folder: Path, error: int = errno.EACCES
) -> None:
    """Have a call of the system fail for this folder and what is in it, as for who may not read it:
    the tests run as root, who may read everything."""
    real = getattr(os, name)

    def call(path: object, *more: object, **named: object) -> object:
        if str(path).startswith(str(folder)):
            raise OSError(error, os.strerror(error), str(path))
        return real(path, *more, **named)

    monkeypatch.setattr(os, name, call)


@pytest.mark.parametrize("call", ["scandir", "stat"])
@pytest.mark.parametrize("below", ["campaign/秘密%", ""])
def test_a_folder_that_nobody_may_read_keeps_nobody_else_out(
    call: str, below: str, site: Site, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own / "campaign/秘密%").mkdir()
    (own / "campaign/秘密%/x.html").write_text(html("x"))
    with monkeypatch.context() as patched:
        _denied(patched, call, own / below)
        hanako, taro = site.sync().answers
    assert (hanako.standing, taro.standing) == ("refused", "live")
    assert [one.code for one in hanako.remarks] == ["unreadable"]
    assert site.shown()["/campaign/"] == html("夏").encode()
    if below:
        assert hanako.remarks[0].file.startswith("campaign/秘密")


def test_a_disk_that_fails_is_nobody_s_upload(
    site: Site, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _denied(monkeypatch, "scandir", own / "campaign", errno.EIO)
    with pytest.raises(StoreError, match="can't be used"):
        site.sync()


@pytest.mark.parametrize("name", ["_status.html", "_status.json"])
@pytest.mark.parametrize("is_empty", [True, False])
def test_a_folder_with_the_name_of_the_answer_keeps_nobody_out(
    name: str, is_empty: bool, site: Site, own: Path
) -> None:
    """The other of the two says that it is in the way."""
    blocked = own / name
    blocked.unlink()
    blocked.mkdir()
    if not is_empty:
        (blocked / "x.html").write_text(html("x"))
    hanako, taro = site.sync().answers
    assert (hanako.standing, taro.standing) == ("live" if is_empty else "refused", "live")
    assert "answer-blocked" in [one.code for one in hanako.remarks]
    other = site.status("hanako", "json" if name == "_status.html" else "html")
    assert "結果を書き込めません" in other
    blocked.rename(blocked.with_name("z"))
    site.one("hanako")
    assert "結果を書き込めません" not in site.status("hanako", "html")


def test_where_no_answer_can_be_written_the_run_says_so(site: Site, own: Path) -> None:
    for name in ("_status.html", "_status.json"):
        (own / name).unlink()
        (own / name).mkdir()
    done = site.sync()
    assert [one.standing for one in done.answers] == ["live", "live"]
    said = list(lines(done))
    assert [line for line in said if "_status.json" in line and "can't be written" in line]


def test_a_file_with_the_name_of_the_answer_is_never_read_whole(site: Site, own: Path) -> None:
    huge = own / "_status.html"
    with huge.open("wb") as file:
        file.truncate(1 << 40)
    assert site.one("hanako").standing == "live"
    assert huge.stat().st_size < 100_000
