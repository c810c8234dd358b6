"""Addresses in scripts that are not the CMS's absolute ones: modules that are imported, import
maps, web manifests. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from publisher.content_types import by_name
from publisher.rewrite.linker import NOWHERE, Linker, Style, Withheld

# ECMAScript, "ModuleSpecifier", and `import()`; a bare name stands in an import map. Each pattern
# begins with letters as they are, which are searched for fast.
_IMPORTS = tuple(
    re.compile(rf"{word}\s{{0,20}}(?P<quote>[\"'])(?P<url>(?:\.{{1,2}}/|/(?!/))[^\"'\\\s]+)(?P=quote)")
    for word in (r"import", r"import\s{0,20}\(", r"from")
)  # fmt: skip
_MODULE = re.compile(r"\.(?:m?js|json|css|wasm)(?:[?#]|$)")
# A string in JSON that is a URL: relative, from the root, or whole.
_JSON_URL = re.compile(r"\"((?:\.{0,2}(?:/|\\/)|https?:)(?:[^\"\\\n]|\\[^\n])*)\"")
# A string in JSON that is the path of a file from the root.
_JSON_FILE = re.compile(r"\"(?:\\?/)(?!\\?/)[^\"\s<>?]{1,500}\.\w{2,5}(?:\?[^\"\s<>]{0,200})?\"")
_PATTERN = re.compile(r"[\\*]")
# A string that is an absolute URL and nothing else: what stands around it means nothing to it.
URL_STRING = re.compile(rb"\"(?:https?:)?(?:\\?/){2}[^\"'\s<>]{1,500}\"")
_ESCAPED_SLASH = "\\/"
# W3C Web Application Manifest: members that are URLs.
_MANIFEST_URL = re.compile(
    r"(\"(?:src|start_url|url|scope|id|action)\"\s*:\s*)(\"(?:[^\"\\\n]|\\[^\n])*\")"
)


# One that no form of writing can make ambiguous, and that is more than an origin.
_PLAIN_URL = re.compile(r"https?://[\w.:-]+/[\w./?=-]+", re.ASCII)


def plain_string(string: str, linker: Linker, style: Style) -> str:
    """A string that is an absolute URL, slashes escaped or not, with its public link; '' if it
    takes more than this to tell what it is."""
    escaped = string.count(_ESCAPED_SLASH)
    url = string[1:-1].replace(_ESCAPED_SLASH, "/")
    if escaped not in (0, url.count("/")) or not _PLAIN_URL.fullmatch(url):
        return ""
    if linker.addresses.locate(url) is None:
        return ""
    try:
        public = linker.link(url, style)
    except Withheld:
        public = linker.public_anyway(url)
    return f'"{public.replace("/", _ESCAPED_SLASH) if escaped else public}"'


def rewrite_imports(text: str, linker: Linker, *, moves: bool) -> str:
    """The script with public links to the modules that it imports by path. `moves`: it is part
    of a page, and relative ones are made absolute; otherwise they are only noted."""
    if "import" not in text and "from" not in text:
        return text

    def imported(match: re.Match[str]) -> str:
        url = match["url"]
        if not _MODULE.search(url):
            return match[0]
        public = _public(url, linker.link if moves else linker.link_in_place)
        return match[0].replace(url, public)

    for pattern in _IMPORTS:
        text = pattern.sub(imported, text)
    return text


def rewrite_import_map(text: str, linker: Linker) -> str:
    """The import map with public links, in its keys, too. One that ends in a slash stands for
    all that begins with it: no file, so nothing to ask for."""

    def mapped(match: re.Match[str]) -> str:
        url = _decoded(match[0])
        if url is None:
            return match[0]
        public = linker.path_anyway(url) if url.endswith("/") else _public(url, linker.link)
        return match[0] if public == url else _encoded(public, like=match[0])

    return _JSON_URL.sub(mapped, text)


def rewrite_files(text: str, linker: Linker) -> str:
    """The JSON with public paths to the files that it names from the root. What names no file may
    mean anything, as does a pattern (`/.*\\.css`), and what is not the CMS's stays."""

    def named(match: re.Match[str]) -> str:
        url = _decoded(match[0])
        if url is None or _PATTERN.search(url) or not by_name(url.partition("?")[0]):
            return match[0]
        try:
            public = linker.link(url)
        except Withheld:
            return match[0]
        return match[0] if public == url else _encoded(public, like=match[0])

    return _JSON_FILE.sub(named, text)


def is_manifest(path: str, text: str) -> bool:
    """Whether JSON is a web manifest, whatever type it came as: by its name, and by its icons."""
    return "manifest" in path.rpartition("/")[2] and '"icons"' in text


def rewrite_manifest(text: str, linker: Linker) -> str:
    """The web manifest with public links. It keeps its place, and relative ones stay."""

    def member(match: re.Match[str]) -> str:
        url = _decoded(match[2])
        if url is None or url.startswith(("http:", "https:")):  # `Hosts` makes these absolute
            return match[0]
        public = _public(url, linker.link_in_place)
        return match[0] if public == url else match[1] + _encoded(public, like=match[2])

    return _MANIFEST_URL.sub(member, text)


def _public(url: str, link: Callable[[str, Style], str]) -> str:
    try:
        return link(url, Style.ROOT)
    except Withheld:
        return NOWHERE


def _decoded(string: str) -> str | None:
    try:
        return msgspec.json.decode(string.encode(), type=str)
    except (msgspec.DecodeError, UnicodeError):
        return None


def _encoded(url: str, like: str) -> str:
    written = msgspec.json.encode(url).decode()
    return written.replace("/", "\\/") if "\\/" in like else written
