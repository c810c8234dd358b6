"""From a capture to an entry: rewritten, looked at, kept as a blob.

This is the work that takes time for each page. It knows nothing of other pages, so any number
of processes can do it (`workers.py`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec

from publisher.content_types import bare, cache_control
from publisher.discovery import ROBOTS_PATH, disallows_all, sitemaps_of
from publisher.errors import Finding
from publisher.inspection import leaked
from publisher.judge import asked_at, ends, flaw, is_object, is_of_object, names_itself
from publisher.manifest import Entry
from publisher.outcome import Content
from publisher.paths import SitePath
from publisher.store.port import Headers

if TYPE_CHECKING:  # only those who prepare need it
    from publisher.inspection import Inspector
    from publisher.rewrite.document import Document, Rewriter

_KEY = operator.attrgetter("key")

# Keeps bytes that are served with these headers, and returns their SHA-256. The last argument is
# the key of a blob that is kept already, '' if none is.
Sink = Callable[[bytes, Headers, str], str]


class Task(msgspec.Struct, frozen=True, array_like=True):
    """A body to prepare: what the CMS sent for `url`. `live`: the key of the blob that the live
    release has at its path, '' if none."""

    url: str
    path: str
    content_type: str
    body: bytes
    live: str = ""


class Prepared(Content, frozen=True, array_like=True, kw_only=True):
    """What became of a task: an entry, or the `error` for which the body is no content. `found`
    has no URL that an earlier task of the same preparer found."""


class Preparing(Protocol):
    """Where tasks are done, by this process or by others."""

    def give(self, task: Task, *, at_once: bool = True) -> None:
        """Have a task done. Waits while too much is to be done already. `at_once` False: there is
        enough else to do until more are given, with which it may be begun together."""
        ...

    def take(self, *, wait: bool) -> Iterator[Prepared]:
        """What has been done. `wait`: begin all that was given, and wait for some of it."""
        ...

    @property
    def is_busy(self) -> bool:
        """Whether anything was given that has not been taken."""
        ...


class Preparer:
    """Does tasks, one after the other."""

    def __init__(self, rewriter: Rewriter, inspector: Inspector, sink: Sink) -> None:
        self._rewriter = rewriter
        self._addresses = rewriter.addresses
        self._inspector = inspector
        self._sink = sink
        self._found: set[int] = set()

    def prepare(self, task: Task) -> Prepared:
        """Do a task. Raises StoreError if its bytes can't be kept."""
        view = asked_at(task.url, SitePath(task.path), self._addresses).view
        is_page = bare(task.content_type) == "text/html"
        # A plugin's fragment may be empty, and may have no end.
        is_framed = is_page and is_of_object(view)
        if is_page and (error := flaw(task.body)) and (is_framed or task.body.strip()):
            return Prepared(url=task.url, error=f"{error} (status 200)")
        document = self.document(task)
        headers = Headers(document.content_type, cache_control(document.content_type))
        return Prepared(
            url=task.url,
            entry=Entry(
                self._sink(document.body, headers, task.live),
                len(document.body),
                headers.content_type,
                headers.cache_control,
            ),
            found=(*self._new(document), *self._sitemaps(task)),
            depends=tuple(sorted(document.depends)),
            is_object=is_object(view),
            ends=ends(task.body) if is_framed else None,
            names_itself=names_itself(task.body, view) if view and is_object(view) else None,
            noindex=document.noindex or self._keeps_away(task),
            removals=dict(document.removals),
            findings=tuple(self._findings(document, task.path)),
        )

    def document(self, task: Task) -> Document:
        """The public form of a task's body."""
        address = asked_at(task.url, SitePath(task.path), self._addresses)
        return self._rewriter.rewrite(task.body, task.content_type, address)

    def _findings(self, document: Document, path: str) -> Iterator[Finding]:
        if document.leak:
            yield leaked(path, document.leak, document.body)
        yield from self._inspector.findings(document.body, document.content_type, path)

    def _sitemaps(self, task: Task) -> list[str]:
        if task.path != ROBOTS_PATH:
            return []
        return sitemaps_of(_robots(task), self._addresses.views.inventory.home)

    def _keeps_away(self, task: Task) -> bool:
        return task.path == ROBOTS_PATH and disallows_all(_robots(task))

    def _new(self, document: Document) -> Iterator[str]:
        found = self._found
        # Nearly all were found before: what each page costs is this look.
        if found.issuperset(map(hash, map(_KEY, document.found))):
            return
        for address in [one for one in document.found if hash(one.key) not in found]:
            if address.path is not None:
                found.add(hash(address.key))
                yield address.url


def _robots(task: Task) -> str:
    return task.body.decode(errors="replace")


@dataclass(slots=True)
class Inline:
    """Implements `Preparing` in this process: for a small site, and for tests."""

    preparer: Preparer
    _done: list[Prepared]

    def __init__(self, preparer: Preparer) -> None:
        self.preparer = preparer
        self._done = []

    def give(self, task: Task, *, at_once: bool = True) -> None:  # noqa: ARG002 - it is, always
        """Implements `Preparing.give`."""
        self._done.append(self.preparer.prepare(task))

    def take(self, *, wait: bool) -> Iterator[Prepared]:  # noqa: ARG002 - it is done already
        """Implements `Preparing.take`."""
        while self._done:
            yield self._done.pop(0)

    @property
    def is_busy(self) -> bool:
        """Implements `Preparing.is_busy`."""
        return bool(self._done)
