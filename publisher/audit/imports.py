"""Reads lists of old addresses from files, whatever program wrote them."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path

from publisher.audit.listing import Doubt, listed
from publisher.audit.report import Measures, Source
from publisher.errors import PublisherError
from publisher.log_files import opened

LINE_CHARACTERS_MAX = 100_000
_PIECE_BYTES = 1024**2
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Without a mark: what all write today, and what Excel in Japan writes.
_TRIED = ("utf-8", "cp932")


def read_urls_file(
    path: Path, doubt: Doubt = lambda _line, _text: None
) -> Iterator[tuple[str, Source, Measures]]:
    """The addresses in a file, as they are written there, each with the kind of list that it is
    in and what it is worth. The same address may come more than once. `doubt` is told what is no
    count, and on which line.

    CSV, TSV or a plain list, also packed (.gz); UTF-8, UTF-16 or Shift_JIS. Raises PublisherError
    for what can't be read, is no text, or has no column of addresses.
    """
    encoding = _encoding(path)
    with opened(path) as file, io.TextIOWrapper(file.file, encoding, newline="") as text:
        yield from listed(_lines(text, path), str(path), doubt)


def _lines(text: io.TextIOWrapper, path: Path) -> Iterator[str]:
    number = 0
    while line := text.readline(LINE_CHARACTERS_MAX):
        number += 1
        if len(line) == LINE_CHARACTERS_MAX:
            message = f"{path}:{number}: has more than {LINE_CHARACTERS_MAX:,} characters"
            raise PublisherError(message, "Is this a list of addresses?")
        yield line


def _encoding(path: Path) -> str:
    """What a file is written in. All of it is looked at: where a page's title is the first that is
    not ASCII can be anywhere."""
    with opened(path) as file:
        mark = file.file.read(4)
    for sign, encoding in _MARKS:
        if mark.startswith(sign):
            return encoding
    for encoding in _TRIED:
        if _is_written_in(encoding, path):
            return encoding
    raise PublisherError(
        f"{path} is no text in UTF-8, UTF-16 or Shift_JIS", "Save it as 'CSV UTF-8'."
    )


def _is_written_in(encoding: str, path: Path) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with opened(path) as file:
        try:
            while piece := file.file.read(_PIECE_BYTES):
                if "\x00" in decoder.decode(piece):
                    return False
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
