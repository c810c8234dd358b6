"""What a visitor would notice between two versions of a page. Pure.

A page is taken apart into its title, its blocks of text as they are read, where its links lead and
which pictures it shows. Blocks are compared as a heap, not as a sequence: that takes time in
proportion to the page, and a paragraph that has moved is no news. A block that became another one
is shown from where the two begin to differ.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from publisher.rewrite.markup import Tag, tokens

# So much of a text is shown, in characters, and so much of what stands before the difference.
_SHOWN = 60
_CONTEXT = 8
# So many changes of one page are told; `more` counts the others.
CHANGES_MAX = 20
# The same change on so many pages, and on this share of those looked at, is told once.
COMMON_MIN = 5
COMMON_SHARE = 0.2

_PLAIN_TAG = re.compile(rb"<(/?[a-zA-Z][a-zA-Z0-9]*)>")
# They stand within a line of text; any other tag ends a block.
_INLINE = frozenset(
    "a abbr b bdi bdo big cite code data del dfn em font i ins kbd label mark q rp rt ruby s samp "
    "small span strike strong sub sup time tt u var wbr".split()
)
# What browsers show nobody, or only those without scripts.
_UNSEEN = frozenset(("noscript", "template"))
_BODY = re.compile(rb"<body[\s>]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it is noticed: title, blocks of text, addresses of links and of pictures."""

    title: str = ""
    blocks: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """A text, link or picture that became another one; '' where there was or is none."""

    kind: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class PageChange:
    """What is different on a page. `more`: how many changes are not told. `rest`: where else it
    differs ('head', 'markup') if nothing that a visitor reads or follows does."""

    title: str
    changes: tuple[Change, ...] = ()
    more: int = 0
    rest: str = ""
    shares_common: bool = False


def read(body: bytes) -> Page:
    """Take a page apart."""
    reading = _Reading()
    for number, piece in enumerate(tokens(body)):
        if number % 2:
            reading.tag(piece)
        else:
            reading.text(piece)
    reading.end_block()
    return Page(reading.title, tuple(reading.blocks), tuple(reading.links), tuple(reading.pictures))


class _Reading:
    """A page that is read from its beginning to its end."""

    def __init__(self) -> None:
        self.title = ""
        self.blocks: list[str] = []
        self.links: list[str] = []
        self.pictures: list[str] = []
        self._line: list[str] = []
        self._unseen = ""

    def text(self, piece: bytes) -> None:
        """Text, and tags with nothing in them but their names."""
        for index, part in enumerate(_PLAIN_TAG.split(piece)):
            if not index % 2:
                if not self._unseen:
                    self._line.append(html.unescape(part.decode(errors="replace")))
            elif part.startswith(b"/"):
                self._end(part[1:].decode().lower())
            else:
                self._begin(part.decode().lower())

    def tag(self, piece: bytes) -> None:
        """A start tag; an end tag with something in it, or a comment, says nothing."""
        tag = Tag.read(piece)
        if tag is None:
            return
        self._begin(tag.name)
        if self._unseen:
            return
        if tag.name == "title" and not self.title:
            self.title = _plain(piece[tag.end :])
        elif tag.name == "a":
            self.links += _values(tag, "href")
        elif tag.name == "img":
            self.pictures += _values(tag, "src")

    def _begin(self, name: str) -> None:
        if name not in _INLINE:
            self.end_block()
        if name in _UNSEEN:
            self._unseen = self._unseen or name

    def _end(self, name: str) -> None:
        if name == self._unseen:
            self._unseen = ""
        if name not in _INLINE:
            self.end_block()

    def end_block(self) -> None:
        """What follows is not read in one breath with what came before."""
        text = " ".join("".join(self._line).split())
        if text:
            self.blocks.append(text)
        self._line.clear()


def _values(tag: Tag, name: str) -> list[str]:
    value = next((one.value for one in tag.attributes if one.name == name), b"")
    return [_plain(value)] if value else []


def _plain(text: bytes) -> str:
    return " ".join(html.unescape(text.decode(errors="replace")).split())


def compare(old: bytes, new: bytes) -> PageChange:
    """What is different between two versions of a page."""
    before, after = read(old), read(new)
    changes: list[Change] = []
    if before.title != after.title:
        changes.append(Change("title", before.title[:_SHOWN], after.title[:_SHOWN]))
    changes += _changes("text", before.blocks, after.blocks)
    changes += _changes("link", before.links, after.links)
    changes += _changes("picture", before.pictures, after.pictures)
    told = tuple(dict.fromkeys(changes))
    rest = "" if told else _rest(old, new)
    return PageChange(after.title, told[:CHANGES_MAX], max(0, len(told) - CHANGES_MAX), rest)


def _rest(old: bytes, new: bytes) -> str:
    bodies = [_BODY.search(page) for page in (old, new)]
    if all(bodies):
        one, other = (
            page[found.start() :] for page, found in zip((old, new), bodies, strict=True) if found
        )
        return "head" if one == other else "markup"
    return "markup"


def _changes(kind: str, before: Iterable[str], after: Iterable[str]) -> Iterator[Change]:
    held, has = Counter(before), Counter(after)
    gone, come = list((held - has).elements()), list((has - held).elements())
    for number in range(max(len(gone), len(come))):
        old = gone[number] if number < len(gone) else ""
        new = come[number] if number < len(come) else ""
        if kind == "text" and old and new:
            yield _from_difference(old, new)
        else:
            yield Change(kind, _cut(old), _cut(new))


def _from_difference(old: str, new: str) -> Change:
    """Both texts from a little before where they begin to differ to where they end to."""
    start = _alike(old, new)
    longest = min(len(old), len(new)) - start
    end = _alike(old[::-1][:longest], new[::-1][:longest])
    first = max(0, start - _CONTEXT)
    lead = "…" if first else ""
    tail = max(0, end - _CONTEXT)
    cut = tuple(f"{lead}{_cut(text[first : len(text) - tail])}" for text in (old, new))
    return Change("text", cut[0], cut[1])


def _alike(old: str, new: str) -> int:
    """How many characters at the beginning are the same."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((number for number, (one, other) in pairs if one != other), min(len(old), len(new)))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def common(changes: Iterable[PageChange]) -> dict[Change, int]:
    """The changes that so many pages share that they are told once, with the number of pages;
    most first. Those of menus, headers and footers are."""
    held = list(changes)
    found = Counter(change for page in held for change in page.changes)
    least = max(COMMON_MIN, COMMON_SHARE * len(held))
    return {change: number for change, number in found.most_common() if number >= least}


def own(page: PageChange, shared: Iterable[Change]) -> PageChange:
    """What is different on this page beside what many share."""
    known = frozenset(shared)
    left = tuple(change for change in page.changes if change not in known)
    return replace(page, changes=left, shares_common=len(left) < len(page.changes))
