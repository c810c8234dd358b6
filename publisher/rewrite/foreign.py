"""Where a page is SVG or MathML: there is no raw text in it, but CDATA. Pure.

HTML Living Standard, 13.2.6.5 ("The rules for parsing tokens in foreign content"), as far as it
can be told without building a tree: by the names of tags.
"""

from __future__ import annotations

from collections.abc import Mapping

_SVG, _MATH, _HTML = b"svg", b"math", b""
# Within these, tags are HTML again.
_HTML_WITHIN = {
    _SVG: frozenset((b"foreignobject", b"desc", b"title")),
    _MATH: frozenset((b"mi", b"mo", b"mn", b"ms", b"mtext", b"annotation-xml")),
}
_ENCODINGS = frozenset((b"text/html", b"application/xhtml+xml"))
# Tags that can only be HTML: they end what is foreign.
_LEAVES = frozenset(
    b"b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img "
    b"li listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul "
    b"var".split()
)
_FONT = frozenset(("color", "face", "size"))


class Spaces:
    """Follows the tags of a page, in order, through HTML, SVG and MathML within each other."""

    def __init__(self) -> None:
        self._open: list[bytes] = []

    @property
    def is_foreign(self) -> bool:
        """Whether what comes next stands in SVG or MathML."""
        return bool(self._open) and self._open[-1] != _HTML

    @property
    def is_open(self) -> bool:
        """Whether any SVG or MathML is open around it."""
        return bool(self._open)

    def open(self, name: bytes, attributes: Mapping[str, bytes], *, is_closed: bool) -> None:
        """A start tag: its name, lower-case; its attributes; whether it closes itself."""
        space = self._open[-1] if self._open else _HTML
        if space == _HTML:
            if name in (_SVG, _MATH) and not is_closed:
                self._open.append(name)
        elif name in _LEAVES or (name == b"font" and not _FONT.isdisjoint(attributes)):
            self._open.pop()
        elif name in _HTML_WITHIN[space] and not is_closed:
            encoding = attributes.get("encoding", b"").lower()
            if name != b"annotation-xml" or encoding in _ENCODINGS:
                self._open.append(_HTML)

    def close(self, name: bytes) -> None:
        """An end tag."""
        if not self._open:
            return
        space = self._open[-1]
        if space != _HTML:
            if name == space or name in (b"p", b"br"):
                self._open.pop()
        elif name in _HTML_WITHIN[self._open[-2]]:
            self._open.pop()
