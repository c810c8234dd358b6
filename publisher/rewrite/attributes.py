"""What the attributes of HTML elements hold: which are addresses, and how each is written. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from enum import IntEnum
from html import entities

from publisher.rewrite.css import holds_addresses, rewrite_css
from publisher.rewrite.linker import Linker, Style
from publisher.rewrite.removals import removal_of
from publisher.rewrite.sharing import SHARED_NAMES, is_absolute, is_to_share, without_scheme
from publisher.rewrite.srcset import rewrite_srcset


class Kind(IntEnum):
    """How the value of an attribute is to be read."""

    URL = 1
    PUBLIC_URL = 2
    IDENTITY_URL = 3
    KEPT_URL = 4
    ABSOLUTE_URL = 5
    URLS = 6
    SRCSET = 7
    CSS = 8
    LAZY = 9
    REFRESH = 10
    TASK = 11
    CONTENT = 12
    CLASS = 13
    PAGE = 14
    ID = 15
    SHARED_URL = 16


def _kinds() -> dict[str, Kind]:
    """By the name of the attribute (HTML Living Standard, "Attributes"; SVG 2; and the names
    that lazy-loading scripts use)."""
    named = {
        Kind.URL: "href src poster action formaction data cite background longdesc manifest "
        "xlink:href lowsrc dynsrc codebase profile data-href data-url data-full data-full-url "
        "data-large-file data-medium-file data-orig-file data-permalink data-link",
        # A lazy background is a URL, or a list of `url()`.
        Kind.LAZY: "data-src data-original data-thumb data-poster data-bg data-background "
        "data-background-image data-bg-image data-image data-image-src data-hires data-zoom-image "
        "data-large_image data-original-src data-retina data-bgset-src data-lazy data-back "
        "data-bg-hidpi data-background-hidpi data-lazy-src data-lazy-bg data-lazy-background "
        "data-lazy-original data-lazy-poster data-lazy-image data-lazy-img data-lazy-url "
        "data-lazy-thumb data-lazy-bg-image data-lazy-fallback data-flickity-lazyload data-ll-src "
        "data-cfsrc data-ezsrc data-pin-media",
        Kind.SRCSET: "srcset imagesrcset data-srcset data-lazy-srcset data-sizes-srcset "
        "data-original-set data-bgset data-ll-srcset data-ezsrcset data-bg-set",
        Kind.CSS: "style fill stroke mask filter clip-path cursor marker-start marker-mid "
        "marker-end data-style data-lazy-style",
        Kind.URLS: "ping archive",
        Kind.ABSOLUTE_URL: "value",
        Kind.CONTENT: "content",
        Kind.CLASS: "class",
        Kind.PAGE: "srcdoc",
        Kind.ID: "id",
        Kind.SHARED_URL: SHARED_NAMES,
    }
    return {name: kind for kind, names in named.items() for name in names.split()}


KINDS = _kinds()

# Links of these relations are addresses for machines elsewhere: they must be absolute.
_ABSOLUTE_RELS = frozenset("canonical alternate prev next amphtml shorturl shortlink".split())
_META_URL = re.compile(r"^(?:og:|twitter:|article:|fb:)|image|thumbnail|url|logo", re.IGNORECASE)
# Tiles and `browserconfig.xml`, which Windows asks for.
_TILE = re.compile(r"^msapplication-(?:tileimage|config|\w+logo)$")
# `url=` may be left out ("shared declarative refresh steps").
_REFRESH = re.compile(
    r"^(\s*[\d.]+\s*[;,]\s*(?:url\s*=\s*)?+[\"']?)([^\"'\s][^\"']*)([\"']?\s*)$", re.IGNORECASE
)
_TASK = re.compile(r"((?:action|icon)-uri\s*=\s*)([^;\s]+)", re.IGNORECASE)
_WORD = re.compile(r"[^ \t\n\r\f]+")


def kind_of(kind: Kind, tag: str, name: str, named: Mapping[str, str]) -> Kind | None:
    """The kind of an attribute whose name alone may not tell; None if it is no address.
    `named`: all attributes of the tag."""
    if kind is Kind.URL and is_to_share(tag, name, named) and is_absolute(named[name]):
        return Kind.SHARED_URL
    if kind is Kind.URL and tag == "link" and name == "href":
        rels = set(named.get("rel", "").lower().split())
        return Kind.PUBLIC_URL if _ABSOLUTE_RELS & rels and "stylesheet" not in rels else kind
    if kind is Kind.CONTENT:
        return _meta_kind(named) if tag == "meta" else None
    if kind is Kind.ABSOLUTE_URL:
        return kind if tag in ("option", "input", "param") else None
    if name == "action" and tag == "form" and removal_of(tag, named):
        return Kind.KEPT_URL  # a form that the configuration keeps has a server of its own
    return kind


def _meta_kind(attributes: Mapping[str, str]) -> Kind | None:
    named = {key: text.lower() for key, text in attributes.items()}
    if named.get("http-equiv") == "refresh":
        return Kind.REFRESH
    what = named.get("property") or named.get("name") or named.get("itemprop") or ""
    if _TILE.match(what):
        return Kind.URL
    if what == "msapplication-task":
        return Kind.TASK
    if not _META_URL.search(what) or not named.get("content", "").startswith(("http", "/")):
        return None
    return Kind.IDENTITY_URL if what == "og:url" else Kind.PUBLIC_URL


# HTML Living Standard, "Named character reference state": in an attribute a name without its
# semicolon is none if a letter, a digit or `=` follows (`?a=1&copy=3`).
_ENTITY = re.compile(
    r"&(?:#(?:[0-9]+|[xX][0-9a-fA-F]+);?|([a-zA-Z][a-zA-Z0-9]*(?:;|(?![=a-zA-Z0-9]))))"
)


def decoded(written: str) -> str:
    """The value that an attribute has, written like this."""
    return _ENTITY.sub(_entity, written) if "&" in written else written


def _entity(match: re.Match[str]) -> str:
    name = match[1]
    return entities.html5.get(name, match[0]) if name else html.unescape(match[0])


def encoded(value: str) -> str:
    """A value as it is written, but for the quotes around it."""
    return value.replace("&", "&amp;").replace("<", "&lt;")


def rewrite_value(kind: Kind, value: str, linker: Linker) -> str:
    """The value (entities decoded) with public links. Raises Withheld."""
    rewrite = _REWRITES.get(kind)
    return rewrite(value, linker) if rewrite else value


def _css(value: str, linker: Linker) -> str:
    return rewrite_css(value, linker, moves=True)


# A flag, a number or JSON: Jetpack writes `data-lazy-fallback="1"` at every image.
_NO_ADDRESS = re.compile(r"\s*(?:[\w-]*\Z|[\[{])")


def _lazy(value: str, linker: Linker) -> str:
    if _NO_ADDRESS.match(value):
        return value
    return _css(value, linker) if holds_addresses(value) else linker.link(value)


def _url(value: str, linker: Linker) -> str:
    public = linker.link(value)
    return without_scheme(value, linker) if public == value else public


def _shared_url(value: str, linker: Linker) -> str:
    return linker.link(value, Style.SHARED) if is_absolute(value) else value


def _absolute_url(value: str, linker: Linker) -> str:
    return linker.link(value) if value.startswith(("http", "//")) else value


def _urls(value: str, linker: Linker) -> str:
    return _WORD.sub(lambda match: linker.link(match[0]), value)


def _refresh(value: str, linker: Linker) -> str:
    match = _REFRESH.match(value)
    return match[1] + linker.link(match[2]) + match[3] if match else value


def _task(value: str, linker: Linker) -> str:
    return _TASK.sub(lambda match: match[1] + linker.link(match[2]), value)


_REWRITES: dict[Kind, Callable[[str, Linker], str]] = {
    Kind.URL: _url,
    Kind.SHARED_URL: _shared_url,
    Kind.PUBLIC_URL: lambda value, linker: linker.link(value, Style.PUBLIC),
    Kind.IDENTITY_URL: lambda value, linker: linker.link(value, Style.IDENTITY),
    Kind.KEPT_URL: lambda value, linker: linker.path_anyway(value),
    Kind.ABSOLUTE_URL: _absolute_url,
    Kind.URLS: _urls,
    Kind.SRCSET: rewrite_srcset,
    Kind.CSS: _css,
    Kind.LAZY: _lazy,
    Kind.REFRESH: _refresh,
    Kind.TASK: _task,
}
