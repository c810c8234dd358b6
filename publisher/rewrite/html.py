"""HTML rewritten in place: addresses change, what only the CMS needs goes, and every other
byte stays as it was.

The one module that knows lol_html (Cloudflare's streaming rewriter, `python-lolhtml`). It
gives attributes as they are written, so entities are read and written here.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable

import lolhtml

from publisher.rewrite.css import rewrite_css
from publisher.rewrite.linker import Linker, Style, Withheld
from publisher.rewrite.text import Hosts

# Attributes that hold one address (HTML Living Standard, "Attributes"; and the common names
# that lazy-loading scripts use).
_URL_ATTRIBUTES = frozenset(
    "href src poster action formaction data cite background longdesc manifest xlink:href "
    "data-src data-href data-url data-bg data-full data-full-url data-large-file "
    "data-medium-file data-orig-file data-permalink data-link data-lazy-src data-original "
    "data-thumb data-poster".split()
)
_SRCSET_ATTRIBUTES = frozenset(
    "srcset imagesrcset data-srcset data-lazy-srcset data-sizes-srcset".split()
)
# One selector, because each further one costs a call for every element.
_ADDRESSED = ",".join(
    f"[{name}]".replace(":", "\\:") for name in sorted(_URL_ATTRIBUTES | _SRCSET_ATTRIBUTES)
)
_SELECTOR = f"{_ADDRESSED},[style],meta[content],option[value],input[value]"

# What only the CMS needs, as WordPress prints it: (name in the report, selector).
_REMOVED = (
    ("discovery links", 'link[rel="EditURI"]'),
    ("discovery links", 'link[rel="wlwmanifest"]'),
    ("discovery links", 'link[rel="pingback"]'),
    ("discovery links", 'link[rel="shortlink"]'),
    ("discovery links", 'link[rel="https://api.w.org/"]'),
    ("discovery links", 'link[rel="alternate"][type="application/json"]'),
    ("discovery links", 'link[rel="alternate"][type$="+oembed"]'),
    ("generator", 'meta[name="generator"]'),
    ("comment forms", "#respond"),
    ("comment forms", 'form[action*="wp-comments-post.php"]'),
    ("comment forms", "a.comment-reply-link"),
    ("search forms", 'form[role="search"]'),
    ("admin bar", "#wpadminbar"),
)

# WordPress puts log-in names into classes (`get_body_class`, `get_comment_class`).
_LOGIN_CLASSED = 'body[class*="author-"],[class*="comment-author-"]'
_LOGIN_CLASS = re.compile(r"\s*(?<![\w-])(?:comment-author-|author-(?!\d+(?:\s|$)))[\w%-]+")

# Links of these relations are addresses for machines elsewhere: they must be absolute.
_ABSOLUTE_RELS = frozenset("canonical alternate prev next amphtml shorturl".split())
_META_URL = re.compile(r"^(?:og:|twitter:|article:|fb:)|image|url|logo", re.IGNORECASE)
_REFRESH = re.compile(r"^(\s*[\d.]+\s*[;,]\s*url\s*=\s*[\"']?)([^\"']+)([\"']?\s*)$", re.IGNORECASE)
_CANDIDATE = re.compile(r"([^\s,]\S*[^\s,]|[^\s,])((?:\s+[\d.]+[wxh])*)(?=\s*(?:,|$))")
_HTML_CHARSET = re.compile(
    r"(<meta\s+charset\s*=\s*[\"']?|<meta[^>]+text/html;\s*charset=)([\w-]+)", re.IGNORECASE
)
# Bytes that are not UTF-8 come as surrogates, which the parser would replace: it gets private
# characters instead that no page has.
_HIDDEN_BYTES = {0xD800 + number: 0x10F800 + number for number in range(0x800)}
_SHOWN_BYTES = {hidden: shown for shown, hidden in _HIDDEN_BYTES.items()}


class Removals(Counter[str]):
    """How often each declared transformation was made in a document."""


def rewrite_html(text: str, linker: Linker, hosts: Hosts) -> tuple[str, Removals]:
    """The page with public links, and what was taken out of it.

    The addresses found are left in `linker.found`. Markup that a streaming parser can't
    tell apart (`<select><xmp>`) is rewritten as text: absolute addresses only.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        shown, removals = rewrite_html(text.translate(_HIDDEN_BYTES), linker, hosts)
        return shown.translate(_SHOWN_BYTES), removals
    removals = Removals()
    try:
        rewritten = _pass(text, linker, hosts, removals)
    except RuntimeError as error:
        if "ambiguous" not in str(error):
            raise
        rewritten, removals = text, Removals({"read as text": 1})
    return hosts.rewrite(rewritten, linker, markup=True), removals


def declare_utf8(text: str) -> str:
    """The page with its `<meta charset>` saying what it will be written in."""
    return _HTML_CHARSET.sub(lambda match: match[1] + "utf-8", text, count=1)


def _pass(text: str, linker: Linker, hosts: Hosts, removals: Removals) -> str:
    output = bytearray()
    rewriter = lolhtml.HTMLRewriter(output.extend)
    for name, selector in _REMOVED:
        rewriter.on(selector, _Remove(name, removals))
    rewriter.on(_LOGIN_CLASSED, _LoginNames(removals))
    rewriter.on("base[href]", _Base(linker))
    rewriter.on(_SELECTOR, _Attributes(linker, removals))
    rewriter.on("script", _Script(linker, hosts))
    rewriter.on("style", _Raw(lambda css: rewrite_css(css, linker, moves=True)))
    rewriter.on("noscript", _Raw(lambda markup: _pass(markup, linker, hosts, removals)))
    rewriter.write(text.encode())
    rewriter.end()
    return output.decode()


class _Remove:
    def __init__(self, name: str, removals: Removals) -> None:
        self._name = name
        self._removals = removals

    def element(self, element: lolhtml.Element) -> None:
        if not element.removed:
            element.remove()
            self._removals[self._name] += 1


class _LoginNames:
    def __init__(self, removals: Removals) -> None:
        self._removals = removals

    def element(self, element: lolhtml.Element) -> None:
        written = element.get_attribute("class") or ""
        without = _LOGIN_CLASS.sub("", written)
        if element.tag_name not in ("body", "li", "div", "article") or without == written:
            return
        element.set_attribute("class", without.strip())
        self._removals["log-in names"] += 1


class _Base:
    def __init__(self, linker: Linker) -> None:
        self._linker = linker

    def element(self, element: lolhtml.Element) -> None:
        self._linker.rebase(html.unescape(element.get_attribute("href") or ""))


class _Attributes:
    """Rewrites the attributes of one element that hold addresses."""

    def __init__(self, linker: Linker, removals: Removals) -> None:
        self._linker = linker
        self._removals = removals

    def element(self, element: lolhtml.Element) -> None:
        if element.removed:
            return
        tag = element.tag_name
        attributes = element.attributes
        seen: set[str] = set()
        for name, written in attributes:
            if not written or name in seen:  # of attributes given twice, the first counts
                continue
            seen.add(name)
            value = html.unescape(written) if "&" in written else written
            try:
                new = self._rewritten(tag, name, value, attributes)
            except Withheld:
                element.remove_attribute(name)
                self._removals["links to what is not public"] += 1
                continue
            if new != value:
                element.set_attribute(name, new.replace("&", "&amp;").replace("<", "&lt;"))

    def _rewritten(self, tag: str, name: str, value: str, attributes: list[tuple[str, str]]) -> str:
        if name in _URL_ATTRIBUTES:
            return self._linker.link(value, _link_style(tag, name, attributes))
        if name in _SRCSET_ATTRIBUTES:
            return self._srcset(value)
        if name == "style":
            return rewrite_css(value, self._linker, moves=True)
        if name == "content" and tag == "meta":
            return self._meta(value, attributes)
        if name == "value" and tag in ("option", "input") and value.startswith(("http", "//")):
            return self._linker.link(value)
        return value

    def _srcset(self, value: str) -> str:
        def candidate(match: re.Match[str]) -> str:
            try:
                return self._linker.link(match[1]) + match[2]
            except Withheld:
                return match[0]

        return _CANDIDATE.sub(candidate, value)

    def _meta(self, value: str, attributes: list[tuple[str, str]]) -> str:
        named = {name: text.lower() for name, text in attributes}
        if named.get("http-equiv") == "refresh":
            match = _REFRESH.match(value)
            return match[1] + self._linker.link(match[2]) + match[3] if match else value
        kind = named.get("property") or named.get("name") or named.get("itemprop") or ""
        if not _META_URL.search(kind) or not value.startswith(("http", "/")):
            return value
        return self._linker.link(value, Style.IDENTITY if kind == "og:url" else Style.PUBLIC)


class _Raw:
    """Rewrites the text inside an element as a whole: the parser hands it out in pieces."""

    def __init__(self, rewrite: Callable[[str], str]) -> None:
        self._rewrite = rewrite
        self._pieces: list[str] = []

    def text(self, chunk: lolhtml.TextChunk) -> None:
        self._pieces.append(chunk.text)
        if not chunk.last_in_text_node:
            chunk.remove()
            return
        text = "".join(self._pieces)
        self._pieces.clear()
        chunk.replace(self._rewrite(text), lolhtml.ContentType.HTML)


class _Script(_Raw):
    """Scripts name addresses from the root; JSON-LD is read elsewhere and needs them whole."""

    def __init__(self, linker: Linker, hosts: Hosts) -> None:
        super().__init__(
            lambda text: hosts.rewrite(
                text, linker, Style.PUBLIC if self._is_linked_data else Style.ROOT
            )
        )
        self._is_linked_data = False

    def element(self, element: lolhtml.Element) -> None:
        self._is_linked_data = (element.get_attribute("type") or "").endswith("ld+json")


def _link_style(tag: str, name: str, attributes: list[tuple[str, str]]) -> Style:
    if tag == "link" and name == "href":
        rels = next((value for key, value in attributes if key == "rel"), "").lower().split()
        if _ABSOLUTE_RELS & set(rels):
            return Style.PUBLIC
    return Style.ROOT
