"""Which designer owns which site paths. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote

from publisher.paths import BadPath, SitePath


class Area(NamedTuple):
    """What one line of `paths` names: a folder with all that lies in it, or a single file.

    `/index.html` is the file at `/`; `/` is the folder, and so the whole site.
    """

    path: SitePath
    is_folder: bool

    def covers(self, path: str) -> bool:
        """Whether a site path lies in this area."""
        return path == self.path or (self.is_folder and path.startswith(self.path))

    def meets(self, other: Area) -> bool:
        """Whether any site path lies in both areas."""
        return self.covers(other.path) or other.covers(self.path)


class Overlap(NamedTuple):
    """Two designers who own the same: by which of their paths (their numbers, from 0). The second
    comes later in the configuration."""

    first: str
    first_path: int
    second: str
    second_path: int


def area(text: str) -> Area:
    """The area that a path names. Raises ValueError, whose words follow the key's name."""
    if "*" in text:
        raise ValueError("must be no pattern: /campaign/ is all that lies below it")
    if unquote(text) != text:
        raise ValueError("must not be percent-encoded: write it as people read it")
    if not text.isprintable():
        raise ValueError("must not hold control characters")
    try:
        path = SitePath(text)
    except BadPath as error:
        raise ValueError(f"must be a path of the site such as /campaign/: {error}") from None
    return Area(path, text.endswith("/"))


def is_owned(value: str) -> str:
    """A path that a designer owns, in the form in which paths are compared."""
    found = area(value)
    return str(found.path) if found.is_folder else found.path.file


def areas(paths: Iterable[str]) -> tuple[Area, ...]:
    """What these paths name."""
    return tuple(area(path) for path in paths)


def owner_of(path: str, owned: Mapping[str, Iterable[Area]]) -> str:
    """Whose this site path is, of the designers and their areas; '' is nobody's."""
    return next((name for name, own in owned.items() if any(a.covers(path) for a in own)), "")


def overlaps(owned: Mapping[str, Iterable[Area]]) -> Iterator[Overlap]:
    """Where the areas of two designers meet. An area that lies in several folders of others is told
    of with the innermost of them.

    Sorted, a folder stands right before what lies in it, so that not each is compared with each.
    """
    rows = sorted(
        (one.path, not one.is_folder, order, number, name, one)
        for order, (name, own) in enumerate(owned.items())
        for number, one in enumerate(own)
    )
    open_folders: list[tuple[int, int, str, Area]] = []
    for path, _, order, number, name, one in rows:
        while open_folders and not open_folders[-1][3].covers(path):
            open_folders.pop()
        other = next((row for row in reversed(open_folders) if row[2] != name), None)
        if other is not None:
            pair = sorted([(order, number, name), other[:3]])
            yield Overlap(pair[0][2], pair[0][1], pair[1][2], pair[1][1])
        open_folders.append((order, number, name, one))
