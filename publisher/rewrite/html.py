"""HTML rewritten in place: addresses change, what only the CMS needs goes, and every other
byte stays as it was.

The one module that knows lol_html (Cloudflare's streaming rewriter, `python-lolhtml`). It
gives attributes as they are written, so entities are read and written here. A tag that needs
no change is not touched. One that changes is written anew: its new values in double quotes, one
space between attributes, no space at its end; the other attributes keep their quotes and case.

A `<base>` is an address like any other: it keeps its place and leads to the public form of
what it names, so what is left relative (`#top`) still leads there. All other relative links
are resolved against it and written from the root.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import lolhtml

from publisher.addresses import Addresses
from publisher.rewrite import depends, volatile
from publisher.rewrite.attributes import KINDS, Kind, kind_of, rewrite_value
from publisher.rewrite.css import rewrite_css
from publisher.rewrite.linker import Linker, Style
from publisher.rewrite.memo import UNCHANGED, Memo, Result
from publisher.rewrite.removals import (
    Removals,
    is_bump,
    is_removed_id,
    removal_of,
    without_names,
)
from publisher.rewrite.scripts import rewrite_import_map, rewrite_imports
from publisher.rewrite.sieve import Sieve
from publisher.rewrite.text import Hosts
from publisher.rewrite.tokens import Shape, may_settle, settle

_REMOVABLE = frozenset(("link", "meta", "form"))
# Names of their own are looked up faster.
_CLASS, _ID, _CONTENT, _VALUE = Kind.CLASS, Kind.ID, Kind.CONTENT, Kind.ABSOLUTE_URL
_PAGE = Kind.PAGE
# Classes that have to do with removals.
_TOLD_BY_CLASS = ("author-", "admin-bar", "comment-reply-link")
# Pages within pages (`srcdoc`), and markup within `noscript`, so deep at most.
_DEPTH_MAX = 3
_KIND_OF_NAME = KINDS.get
_CLASSES_MAX = 20_000


@dataclass(slots=True)
class Page:
    """A page as it is rewritten: what was taken out, what its classes say it depends on, and
    whether it may still name the CMS's host."""

    linker: Linker
    removals: Removals = field(default_factory=Removals)
    depends: set[str] = field(default_factory=set)
    may_leak: bool = True


class HtmlRewriter:
    """Rewrites the pages of one CMS. `keep`: the removals that are not made (`removals.ALL`);
    `shapes`: the declared ones of what is random in pages."""

    def __init__(
        self,
        addresses: Addresses,
        hosts: Hosts,
        sieve: Sieve,
        keep: frozenset[str] = frozenset(),
        shapes: tuple[Shape, ...] = (),
    ) -> None:
        self.addresses = addresses
        self.hosts = hosts
        self.sieve = sieve
        self.keep = keep
        self.shapes = shapes
        self.memo = Memo()
        self.classes: dict[str, tuple[tuple[str, ...], bool]] = {}

    def rewrite(self, source: bytes, page: Page) -> bytes:
        """The page, which must be UTF-8, with public links. What is learnt is left in `page`.

        Markup that a streaming parser can't tell apart (`<select><xmp>`) is rewritten as text:
        absolute addresses only.
        """
        try:
            text = self.markup(source, page, 0)
        except RuntimeError as error:
            if "ambiguous" not in str(error):
                raise
            text = source
            page.removals = Removals({"read as text": 1})
        lower = text.lower()
        if self.sieve.may_name_in(text, lower):
            text = self._without_host(text, lower, page.linker)
            lower = text.lower()
            page.may_leak = self.sieve.may_name_in(text, lower)
        else:
            page.may_leak = False
        if "nonces" not in self.keep and (b"nonce" in lower or b"security" in lower):
            text, emptied = volatile.without_nonces(text, lower)
            page.removals.update({"nonces": emptied} if emptied else {})
        if "random-tokens" not in self.keep and may_settle(text, self.shapes):
            shown, settled = settle(text.decode(), self.shapes)
            text = shown.encode()
            page.removals.update({"random tokens": settled} if settled else {})
        return text

    def _without_host(self, text: bytes, lower: bytes, linker: Linker) -> bytes:
        pieces: list[bytes] = []
        done = 0
        for start, end in self.sieve.places(text, lower):
            part = self.hosts.rewrite(text[start:end].decode(), linker, markup=True)
            pieces += (text[done:start], part.encode())
            done = end
        return b"".join((*pieces, text[done:]))

    def markup(self, source: bytes, page: Page, depth: int) -> bytes:
        """One pass of the parser over a page or a part of one. Raises RuntimeError if it can't
        be told apart."""
        output = bytearray()
        rewriter = lolhtml.HTMLRewriter(output.extend)
        elements = _Elements(self, page, depth)
        rewriter.on("*", elements)
        if b"<s" in source or b"<n" in source or b"<S" in source or b"<N" in source:
            rewriter.on("script,style,noscript", _Raw(elements))
        if b"<!--" in source and "plugin-timestamps" not in self.keep:
            lower = source.lower()
            if any(sign in lower for sign in volatile.STAMP_SIGNS):
                rewriter.on_document(_Comments(page.removals))
        rewriter.write(source)
        rewriter.end()
        return bytes(output)

    def learn(self, written: str) -> tuple[tuple[str, ...], bool]:
        """What a `class` attribute says that the page depends on, and whether it may have to do
        with removals; kept in `classes`."""
        if len(self.classes) >= _CLASSES_MAX:
            self.classes.clear()
        may_go = any(sign in written for sign in _TOLD_BY_CLASS)
        known = (depends.of_classes(written, self.addresses), may_go)
        self.classes[written] = known
        return known

    def raw(self, tag: str, kind: str, text: str, page: Page, depth: int) -> str:
        """The text within a script, style sheet or `noscript`. `kind`: the script's type."""
        if tag == "style":
            if is_bump(text) and "admin-bar" not in self.keep:
                page.removals["admin bar"] += 1
                return ""
            return self._remembered("css", text, page.linker, self._css)
        if tag == "script":
            return self._remembered(
                ("script", kind), text, page.linker, partial(self._script, kind)
            )
        if depth >= _DEPTH_MAX or "<" not in text:
            return text
        try:
            return self.markup(text.encode(), page, depth + 1).decode()
        except RuntimeError as error:
            if "ambiguous" not in str(error):
                raise
            return text

    def _remembered(
        self, kind: object, text: str, linker: Linker, rewrite: Callable[[str, Linker], str]
    ) -> str:
        new = self.memo.get(kind, text, linker, lambda: rewrite(text, linker)).text
        return text if new is None else new

    @staticmethod
    def _css(text: str, linker: Linker) -> str:
        return rewrite_css(text, linker, moves=True)

    def _script(self, kind: str, text: str, linker: Linker) -> str:
        """Scripts name addresses from the root; JSON-LD is read elsewhere and needs them whole."""
        if kind == "module":
            text = rewrite_imports(text, linker, moves=True)
        elif kind == "importmap":
            text = rewrite_import_map(text, linker)
        if not self.sieve.may_name(text.encode()):
            return text
        return self.hosts.rewrite(
            text, linker, Style.PUBLIC if kind.endswith("ld+json") else Style.ROOT
        )


class _Elements:
    """Rewrites the start tags of one page."""

    def __init__(self, rewriter: HtmlRewriter, page: Page, depth: int) -> None:
        self.rewriter = rewriter
        self.page = page
        self.depth = depth
        self._keep = rewriter.keep
        self._memo = rewriter.memo
        self._linker = page.linker
        self._classes = rewriter.classes
        self._depends = page.depends
        self._has_base = False
        self._has_removed = False

    def element(self, element: lolhtml.Element) -> None:
        attributes = element.attributes
        if not attributes or (self._has_removed and element.removed):
            return
        tag = element.tag_name
        if tag in _REMOVABLE and self._is_removed(element, removal_of(tag, attributes)):
            return
        self._attributes(element, tag, attributes)
        if tag == "input" and "nonces" not in self._keep:
            self._nonce(element, attributes)

    def _attributes(
        self, element: lolhtml.Element, tag: str, attributes: list[tuple[str, str]]
    ) -> None:
        for name, written in attributes:
            kind = _KIND_OF_NAME(name)
            if kind is None or not written or written[0] == "#":
                continue
            if kind is _CLASS:
                tokens, may_go = self._classes.get(written) or self.rewriter.learn(written)
                if tokens:
                    self._depends.update(tokens)
                if may_go and self._class(element, tag, written):
                    return
            elif kind is _ID:
                if self._is_removed(element, is_removed_id(written)):
                    return
            else:
                self._attribute(element, tag, name, kind, written, attributes)

    def _is_removed(self, element: lolhtml.Element, removal: tuple[str, str] | None) -> bool:
        if removal is None or removal[1] in self._keep:
            return False
        element.remove()
        # What is below it comes, too; nothing is below these.
        self._has_removed = self._has_removed or element.tag_name not in ("link", "meta")
        self.page.removals[removal[0]] += 1
        return True

    def _class(self, element: lolhtml.Element, tag: str, written: str) -> bool:
        """Whether its classes condemn the element."""
        if tag == "a" and "comment-reply-link" in written.split():
            return self._is_removed(element, ("comment forms", "comment-forms"))
        new = written
        while (changed := without_names(tag, new)) and changed[2] not in self._keep:
            new = changed[0]
            self.page.removals[changed[1]] += 1
        if new != written:
            element.set_attribute("class", new)
        return False

    def _nonce(self, element: lolhtml.Element, attributes: list[tuple[str, str]]) -> None:
        value = _value(attributes, "value")
        if "nonce" in _value(attributes, "name").lower() and volatile.HEX_NONCE.fullmatch(value):
            element.set_attribute("value", "")
            self.page.removals["nonces"] += 1

    def _attribute(
        self,
        element: lolhtml.Element,
        tag: str,
        name: str,
        kind: Kind,
        written: str,
        attributes: list[tuple[str, str]],
    ) -> None:
        linker = self._linker
        if kind is _CONTENT or kind is _VALUE or kind is _PAGE or tag in ("link", "form"):
            if kind is _PAGE:
                self._change(element, name, written, attributes, self._inner_page(written))
                return
            special = kind_of(kind, tag, name, attributes)
            if special is None:
                return
            kind = special
        result = self._memo.get(kind, written, linker, lambda: _rewritten(kind, written, linker))
        if tag == "base" and name == "href" and not self._has_base:
            self._has_base = True
            linker.rebase(_decoded(written))
        if result.text is not None or result.withheld:
            self._change(element, name, written, attributes, result)

    def _change(
        self,
        element: lolhtml.Element,
        name: str,
        written: str,
        attributes: list[tuple[str, str]],
        result: Result,
    ) -> None:
        # Of attributes given twice, the first counts; the parser changes that one.
        for key, value in attributes:
            if key == name:
                if value is not written:
                    return
                break
        if result.withheld:
            while element.has_attribute(name):
                element.remove_attribute(name)
            self.page.removals["links to what is not public"] += 1
        elif result.text is not None:
            element.set_attribute(name, result.text)

    def _inner_page(self, written: str) -> Result:
        if self.depth >= _DEPTH_MAX:
            return UNCHANGED
        source = _decoded(written)
        inner = Linker(self.rewriter.addresses, self._linker.base)
        inner.found = self._linker.found
        page = Page(inner, self.page.removals, self.page.depends)
        try:
            text = self.rewriter.markup(source.encode(), page, self.depth + 1).decode()
        except RuntimeError as error:
            if "ambiguous" not in str(error):
                raise
            text = source
        if self.rewriter.sieve.may_name(text.encode()):
            text = self.rewriter.hosts.rewrite(text, inner, markup=True)
        return UNCHANGED if text == source else Result(_encoded(text))


class _Raw:
    """Rewrites the text inside an element as a whole: the parser hands it out in pieces."""

    def __init__(self, elements: _Elements) -> None:
        self._elements = elements
        self._pieces: list[str] = []
        self._of = ("", "")  # the element whose text comes next: its name, its type

    def element(self, element: lolhtml.Element) -> None:
        self._of = (element.tag_name, (element.get_attribute("type") or "").strip().lower())

    def text(self, chunk: lolhtml.TextChunk) -> None:
        self._pieces.append(chunk.text)
        if not chunk.last_in_text_node:
            chunk.remove()
            return
        text = "".join(self._pieces)
        self._pieces.clear()
        elements = self._elements
        if chunk.removed:
            return
        new = elements.rewriter.raw(*self._of, text, elements.page, elements.depth)
        chunk.replace(new, lolhtml.ContentType.HTML)


class _Comments:
    def __init__(self, removals: Removals) -> None:
        self._removals = removals

    def comments(self, comment: lolhtml.Comment) -> None:
        if not comment.removed and volatile.is_stamp(comment.text):
            comment.remove()
            self._removals["plugin timestamps"] += 1


def _value(attributes: list[tuple[str, str]], name: str) -> str:
    return next((value for key, value in attributes if key == name), "")


def _decoded(written: str) -> str:
    return html.unescape(written) if "&" in written else written


def _encoded(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;")


def _rewritten(kind: Kind, written: str, linker: Linker) -> str:
    value = _decoded(written)
    new = rewrite_value(kind, value, linker)
    return written if new == value else _encoded(new)
