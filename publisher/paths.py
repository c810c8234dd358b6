"""Site paths: the public addresses of a site's files, and their forms.

A `SitePath` is decoded Unicode in NFC and begins with `/`. The three places where it
is used agree on one encoding because each form is made here: the key in the store
(UTF-8), the URL (percent-encoded), the file that a path ending in `/` stands for.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from urllib.parse import SplitResult, quote, unquote, urlsplit

from publisher.hosts import idna

# An S3 key holds 1,024 bytes (Amazon S3 user guide, "Object key naming"); the site's keys
# begin with `site/<slot>/`, for which 64 bytes are kept.
PATH_BYTES_MAX = 1024 - 64

# What a file system holds in one name (`NAME_MAX` of Linux).
NAME_BYTES_MAX = 255
# A shortened path leaves room for what lies below it (`page/2/`), so that one cut is enough.
_SHORTENED_BYTES = PATH_BYTES_MAX - 160
_HASH_DIGITS = 16

INDEX = "index.html"

# RFC 3986 pchar without the percent sign: what may stand in a path as itself.
_URL_SAFE = "/-._~!$&'()*+,;=:@"
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]|//|(?:^|/)\.{1,2}(?:/|$)")
# Bytes that are no UTF-8, as `surrogateescape` keeps them; a backslash beside one is the second
# byte of a character in Shift_JIS.
_RAW_BYTE = re.compile(r"[\udc80-\udcff]")
_RAW_BYTE_OR_BACKSLASH = re.compile(r"[\udc80-\udcff\\]")
# What stands in a URL as it does in the path.
_PLAIN = re.compile(r"[A-Za-z0-9/._~!$&'()*+,;=:@-]*")
_SHORTENED = re.compile(r"~[0-9a-f]{16}(?=[/.]|$)")
# What a page may end in. `/v1.2` and `/2.0-release` are names with a dot.
_PAGE_EXTENSION = re.compile(
    r"\.(?:[xs]?html?|php[3-8]?|aspx?|jspx?|cgi|pl|do|cfm)$", re.IGNORECASE
)


class BadPath(ValueError):
    """The text can't be a site path. The message says why."""


class SitePath(str):
    """A normalised public path, such as `/blog/1632.html` or `/会社概要/`."""

    __slots__ = ()

    def __new__(cls, text: str) -> SitePath:
        """Normalise and check: NFC, and `/a/` for `/a/index.html`.

        Raises BadPath: not beginning with `/`, `..`, `//`, a backslash, control characters,
        not encodable as UTF-8, or longer than PATH_BYTES_MAX bytes.
        """
        is_ascii = text.isascii()
        if not is_ascii:
            text = unicodedata.normalize("NFC", text)
        if text.endswith("/" + INDEX):  # one file, one path
            text = text.removesuffix(INDEX)
        if not text.startswith("/"):
            raise BadPath(f"{text!r} does not begin with a slash")
        if _FORBIDDEN.search(text):
            raise BadPath(f"{text!r} holds '..', '//', a backslash or a control character")
        try:
            size = len(text) if is_ascii else len(text.encode())
        except UnicodeEncodeError:
            raise BadPath(f"{text!r} is not valid Unicode") from None
        if size > PATH_BYTES_MAX:
            raise BadPath(f"{text[:60]!r}... is {size} bytes long, {PATH_BYTES_MAX} are allowed")
        return super().__new__(cls, text)

    @property
    def file(self) -> str:
        """The path of the file that answers: a trailing slash is `index.html`."""
        return self + INDEX if self.endswith("/") else str(self)

    @property
    def key(self) -> str:
        """The key below a slot: the file's path without its leading slash."""
        return self.file[1:]

    @property
    def url(self) -> str:
        """Percent-encoded, as it stands in links, sitemaps and redirects."""
        if _PLAIN.fullmatch(self):  # most paths, in a fifth of the time
            return str(self)
        return quote(str(self), safe=_URL_SAFE)


def recorded(text: str) -> SitePath:
    """The site path that a record of ours holds: it was checked when it was made, and a release
    has its paths read several times."""
    return str.__new__(SitePath, text)


def file_path(path: str) -> str:
    """The site path of the file that answers at a decoded path: `/a/` for `/a/index.html`."""
    return path.removesuffix(INDEX) if path.endswith(f"/{INDEX}") else path


def decoded(path: str) -> str:
    """A percent-encoded path as text. Bytes that are no UTF-8 (names in Shift_JIS or EUC-JP)
    become `~93~FA`: which encoding they are in can't be known, and a store's keys are UTF-8."""
    if "%" in path:
        path = unquote(path, errors="surrogateescape")
    if path.isascii() or not _RAW_BYTE.search(path):
        return path
    return _RAW_BYTE_OR_BACKSLASH.sub(lambda byte: f"~{ord(byte[0]) & 0xFF:02X}", path)


def fitted(text: str) -> SitePath:
    """The site path of a text. One that is too long for a key, or has a name too long for a
    file, is cut, and a hash of the whole keeps it apart. Raises BadPath as SitePath does."""
    if len(text) * 4 <= NAME_BYTES_MAX:  # the usual case: no character has more bytes than 4
        return SitePath(text)
    text = unicodedata.normalize("NFC", text)
    try:
        names = text.split("/")
        if any(len(name.encode()) > NAME_BYTES_MAX for name in names):
            text = "/".join(_cut(name, NAME_BYTES_MAX) for name in names)
        if len(text.encode()) > PATH_BYTES_MAX:
            text = _cut(text, _SHORTENED_BYTES)
    except UnicodeEncodeError:
        raise BadPath(f"{text[:60]!r} is not valid Unicode") from None
    return SitePath(text)


def without_host(address: str, site: str) -> str:
    """The percent-encoded path of an address of the site as somebody copied it, with or without
    TLS, and with what browsers and newsletters add to it (`#comments`, `?utm_source=`). What is
    no such address stays as it is.

    Raises BadPath for a query at the home page: `/?p=1` is an old address, of another page.
    """
    try:
        parts = urlsplit(address)
        is_here = parts.scheme in ("http", "https") and _place(parts) == _place(urlsplit(site))
    except ValueError:
        raise BadPath(f"{address!r} is no address") from None
    if not is_here:
        return address
    path = parts.path or "/"
    if path == "/" and parts.query:
        raise BadPath("an old address; copy the one at which a browser ends")
    return path


def _place(parts: SplitResult) -> tuple[str, int | None]:
    """Host and port, in one form. Raises ValueError."""
    return idna(parts.hostname or ""), None if parts.port in (80, 443) else parts.port


def is_shortened(path: SitePath) -> bool:
    """Whether `fitted` had to cut this path."""
    return "~" in path and bool(_SHORTENED.search(path))


def _cut(text: str, size: int) -> str:
    """The beginning of a text, a hash of all of it, and its ending (a slash, an extension)."""
    if len(text.encode()) <= size:
        return text
    ending = "/" if text.endswith("/") else ""
    dot = re.search(r"\.[A-Za-z0-9]{1,11}$", text)
    ending = dot[0] if dot else ending
    mark = f"~{hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]}{ending}"
    head = text.encode()[: size - len(mark)].decode(errors="ignore")
    return head.rstrip("/.") + mark


def is_page_file(path: str) -> bool:
    """Whether a file's name is one that pages have: `1632.html`, `list.php`."""
    return bool(_PAGE_EXTENSION.search(path))


def below(path: SitePath, name: str) -> SitePath:
    """The path of a part of a page: `/a/` + `page/2` is `/a/page/2/`, and
    `/blog/7.html` + `2` is `/blog/7/2.html`.

    A name with an extension of its own is a file: `/a/` + `feed.xml` is `/a/feed.xml`.
    """
    match = _PAGE_EXTENSION.search(path)
    folder, ending = (path[: match.start()], match[0]) if match else (path.rstrip("/"), "/")
    if "." in name:
        ending = ""
    return fitted(f"{folder}/{name}{ending}")
