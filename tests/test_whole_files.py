"""Files that people read are replaced as a whole, and what they have read is not thrown away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.errors import PublisherError
from publisher.whole_files import add_rows, check_place, check_table, write_table, write_text

FOUND = [("from", "to", "status", "hits", "origin"), ("/古い", "/新しい/", "301", "3", "log")]


def test_a_file_is_there_as_a_whole_or_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "規則.csv"
    write_table(file, [("from", "to"), ("/a,b", "/c")])
    assert file.read_text() == 'from,to\n"/a,b",/c\n'

    class Died(BaseException):
        pass

    def dies() -> Iterator[tuple[str, str]]:
        yield "from", "to"
        raise Died

    with pytest.raises(Died):
        write_table(file, dies())
    assert file.read_text() == 'from,to\n"/a,b",/c\n'
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_what_can_not_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PublisherError, match="can't be written"):
        write_text(tmp_path / "file" / "x.csv", "x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(PublisherError, match="can't be written"):
        write_text(tmp_path / "folder", "x")


def test_rows_are_added_to_what_somebody_has_read(tmp_path: Path) -> None:
    file = tmp_path / "redirects-found.csv"
    assert add_rows(file, FOUND, ("from", "to")) == 1
    reviewed = "\ufeffto,from,note\r\n/elsewhere/,/古い,read by me"
    file.write_text(reviewed, encoding="utf-8", newline="")
    more = [*FOUND, ("/other", "/x", "301", "9", "log")]
    assert add_rows(file, more, ("from", "to")) == 1
    assert file.read_text(encoding="utf-8") == (
        "to,from,note\n/elsewhere/,/古い,read by me\n/x,/other,\n"
    )
    assert add_rows(file, more, ("from", "to")) == 0


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "names.csv"
    file.write_text("name,age\n")
    with pytest.raises(PublisherError, match="no column 'from'"):
        add_rows(file, FOUND, ("from", "to"))
    assert file.read_text() == "name,age\n"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("from,status\n/a,301\n", "no column 'to'"),
        (f"from,to\n/a,/b\n/c,{'x' * 200_000}\n", "is no table: field larger than"),
    ],
)
def test_a_table_that_can_not_take_rows_is_refused_at_once_and_left_alone(
    content: str, told: str, tmp_path: Path
) -> None:
    """A rule without its target would be none."""
    file = tmp_path / "redirects.csv"
    file.write_text(content)
    with pytest.raises(PublisherError, match=told):
        check_table(file, ("from", "to"))
    with pytest.raises(PublisherError, match=told):
        add_rows(file, FOUND, ("from", "to"))
    assert file.read_text() == content


def test_a_pipe_is_no_table(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "redirects.csv")
    with pytest.raises(PublisherError, match="is no file"):
        check_table(tmp_path / "redirects.csv", ("from", "to"))


def test_looking_whether_a_file_can_be_written_leaves_others_alone(tmp_path: Path) -> None:
    file, partial = tmp_path / "audit.html", tmp_path / "audit.html.part"
    check_place(file)
    assert not partial.exists()
    partial.write_text("of another run")
    check_place(file)
    assert partial.read_text() == "of another run"
    with pytest.raises(PublisherError, match="can't be written: File name too long"):
        check_place(tmp_path / f"{'x' * 300}.html")
