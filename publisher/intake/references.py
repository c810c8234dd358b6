"""What an uploaded page or style sheet refers to, and what in it no static site can do. Pure.

Pages are cut into tags as browsers do (`rewrite.markup`); each is read, none is changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from publisher.content_types import bare
from publisher.intake.remark import Remark
from publisher.paths import BadPath, SitePath, decoded
from publisher.places import HTML, printable
from publisher.rewrite import attributes
from publisher.rewrite.css import addresses_in
from publisher.rewrite.markup import Tag, one_by_one
from publisher.rewrite.srcset import candidates

# So many references of one file are looked at: a page of links has hundreds.
REFERENCES_MAX = 5000
# So many remarks about one file: what is wrong in one line is often so in all.
_REMARKS_MAX = 20
_URL_CHARACTERS_MAX = 2000

_PAGE_LINKS = frozenset(("a", "area"))
_RESOURCES = frozenset("src poster background data lowsrc dynsrc".split())
_SRCSETS = frozenset(("srcset", "imagesrcset"))
# Scripts read them; what they make of them is theirs.
_LAZY = frozenset("data-src data-original data-bg data-lazy data-lazy-src".split())
_NEEDED_RELS = frozenset(
    "stylesheet icon apple-touch-icon mask-icon preload modulepreload manifest".split()
)
_ON_A_MACHINE = re.compile(r"file:|[A-Za-z]:[\\/]|[A-Za-z]\|[\\/]|\\\\[\w.-]", re.IGNORECASE)
_ON_NO_NET = re.compile(
    r"localhost|[^.:\[\]]+|.*\.(?:local|localhost|localdomain|internal|lan|intranet|test|home\.arpa)",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(r"[{}<>]|\$\{")
_SSI = re.compile(
    rb"<!--#\s{0,9}(?:include|exec|echo|config|flastmod|fsize|printenv|set|if|elif|else|endif)\b",
    re.IGNORECASE,
)
_PHP = re.compile(rb"<\?(?:php\b|=)", re.IGNORECASE)
_RUNS = re.compile(r"(?:java|vb|live)script:|data:(?:text/html|image/svg|[^,]{0,99}xml)")
_NOT_READ = re.compile(r"[\x00-\x20\x7f-\xa0]")


class Reference(NamedTuple):
    """A site path that a file refers to: from where, in which line, as it is written.
    `is_needed`: the page is broken without it; a link only leads nowhere."""

    path: SitePath
    file: str
    line: int
    written: str
    is_needed: bool


@dataclass(slots=True)
class Looked:
    """What was found in one file."""

    references: list[Reference] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the files of one upload. `host`: the public one, of which absolute addresses are the
    site's own, too; `may_run_scripts`: whether they may be in pages and drawings."""

    host: str
    may_run_scripts: bool = True

    def look(self, body: bytes, content_type: str, file: str, path: SitePath) -> Looked:
        """What a file (text in UTF-8) refers to. `file`: its name, as it is told of."""
        found = Looked()
        kind = bare(content_type)
        if kind == "text/css":
            self._style(body.decode("utf-8", "replace"), 0, _At(found, file, str(path), self.host))
        elif kind in HTML or kind == "image/svg+xml":
            self._page(body, _At(found, file, str(path), self.host), is_drawing=kind not in HTML)
        elif not self.may_run_scripts and kind == "text/javascript":
            found.remarks.append(Remark("script", file, what=".js"))
        elif not self.may_run_scripts and _XML.fullmatch(kind):
            # Browsers show a feed or a sitemap as they do a drawing, with the scripts in it.
            self._scripts_of_xml(body, _At(found, file, str(path), self.host))
        return found

    def _page(self, body: bytes, at: _At, *, is_drawing: bool) -> None:
        line = 1
        is_token = True
        for piece in one_by_one(body):
            is_token = not is_token
            if is_token:
                at.line = line
                self._token(piece, at)
            line += piece.count(b"\n")
        # XML reads tags otherwise: what could be a script to it is one.
        if is_drawing and not self.may_run_scripts:
            self._drawing(body.decode("utf-8", "replace"), at)

    def _token(self, token: bytes, at: _At) -> None:
        if _SSI.match(token) or _PHP.match(token):
            at.remark("server-code", token.decode("utf-8", "replace"))
            return
        tag = Tag.read(token)
        if tag is None:
            return
        named: dict[str, str] = {}
        for one in tag.attributes:
            value = one.value.decode("utf-8", "replace")
            named.setdefault(one.name, attributes.decoded(value))
        if tag.name == "base" and "href" in named:
            at.base = urljoin(at.base, named["href"].strip())
        self._attributes(tag.name, named, at)
        if tag.name == "style":
            text = token[tag.end :].decode("utf-8", "replace")
            self._style(text, at.line + token.count(b"\n", 0, tag.end) - 1, at)
        if not self.may_run_scripts:
            _scripts(tag.name, named, at)

    def _attributes(self, tag: str, named: dict[str, str], at: _At) -> None:
        rels = set(named.get("rel", "").lower().split())
        for name, value in named.items():
            if name in _RESOURCES and not (name == "data" and tag != "object"):
                at.refer(value, is_needed=True)
            elif name in _SRCSETS:
                for start, end, _ in candidates(value):
                    at.refer(value[start:end], is_needed=True)
            elif name == "style":
                self._style(value, at.line - 1, at)
            elif name in _LAZY or (name == "href" and tag in _PAGE_LINKS):
                at.refer(value, is_needed=False)
            elif (name in ("href", "xlink:href") and tag in ("image", "use", "feimage")) or (
                name == "href" and tag == "link" and rels & _NEEDED_RELS
            ):
                at.refer(value, is_needed=True)

    def _style(self, text: str, lines_before: int, at: _At) -> None:
        position, line = 0, lines_before + 1
        for start, url in addresses_in(text):
            line += text.count("\n", position, start)
            position, at.line = start, line
            at.refer(url, is_needed=True)

    def _scripts_of_xml(self, body: bytes, at: _At) -> None:
        for number, piece in enumerate(one_by_one(body)):
            tag = Tag.read(piece) if number % 2 else None
            if tag is not None:
                values = (
                    (one.name, one.value.decode("utf-8", "replace")) for one in tag.attributes
                )
                _scripts(tag.name, {name: attributes.decoded(value) for name, value in values}, at)
            at.line += piece.count(b"\n")
        at.line = 1
        self._drawing(body.decode("utf-8", "replace"), at)

    def _drawing(self, text: str, at: _At) -> None:
        # An entity, or what a transformation makes of it, may be anything.
        for pattern in (_XML_SCRIPT, _XML_HANDLER, _XML_ENTITY, _XML_TRANSFORMED):
            if found := pattern.search(text):
                at.line = text.count("\n", 0, found.start()) + 1
                at.remark("script", found[0])


_XML_SCRIPT = re.compile(r"<(?:[\w.-]{1,40}:)?(?:script|handler|listener)\b", re.IGNORECASE)
_XML_HANDLER = re.compile(r"[\s\"'/]on[a-z]{2,30}\s{0,99}=", re.IGNORECASE)
_XML_ENTITY = re.compile(r"<!ENTITY[^>]{0,40}", re.IGNORECASE)
_XML_TRANSFORMED = re.compile(
    r"<\?xml-stylesheet\b(?![^>]{0,300}text/css)[^>]{0,40}|http://www\.w3\.org/1999/XSL/Transform",
    re.IGNORECASE,
)
# The types that browsers read as XML (WHATWG, "MIME Sniffing": "XML MIME type").
_XML = re.compile(r"(?:text|application)/(?:xml|xsl)|[^/]+/[^/]+\+xml")


def _scripts(tag: str, named: dict[str, str], at: _At) -> None:
    local = tag.rpartition(":")[2]
    if local == "script" and "json" not in named.get("type", "").lower():
        at.remark("script", "<script>")
    elif local in ("object", "embed", "applet"):
        at.remark("script", f"<{local}>")
    for name, value in named.items():
        if name.startswith("on") and len(name) > 4:
            at.remark("script", f"{name}=")
        elif name == "srcdoc":
            at.remark("script", "srcdoc=")
        elif _RUNS.search(_NOT_READ.sub("", value).lower()) and not _is_prose(name):
            at.remark("script", f"{name}={value}")


def _is_prose(name: str) -> bool:
    return name in ("alt", "title", "aria-label", "placeholder", "class", "id", "name")


def _is_private(host: str) -> bool:
    if _ON_NO_NET.fullmatch(host):
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        return False


@dataclass(slots=True)
class _At:
    """Where the reading of a file is."""

    found: Looked
    file: str
    base: str
    host: str
    line: int = 1

    def remark(self, code: str, what: str) -> None:
        if len(self.found.remarks) < _REMARKS_MAX:
            self.found.remarks.append(Remark(code, self.file, self.line, printable(what[:200])))

    def refer(self, written: str, *, is_needed: bool) -> None:
        url = written.strip()
        if not url or url.startswith("#") or len(url) > _URL_CHARACTERS_MAX:
            return
        if _ON_A_MACHINE.match(url):
            self.remark("local-link", url)
            return
        if _TEMPLATE.search(url) or len(self.found.references) >= REFERENCES_MAX:
            return
        try:
            parts = urlsplit(urljoin(self.base, url))
            host = parts.hostname or ""
        except ValueError:
            return
        if parts.scheme not in ("", "http", "https"):
            return
        if host and host != self.host:
            if _is_private(host):
                self.remark("private-link", url)
            return
        try:
            path = SitePath(decoded(parts.path or "/"))
        except BadPath:
            return
        shown = printable(url[:200])
        self.found.references.append(Reference(path, self.file, self.line, shown, is_needed))
