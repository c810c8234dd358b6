"""Site paths: the public addresses of a site's files, and their forms.

A `SitePath` is decoded Unicode in NFC and begins with `/`. The three places where it
is used agree on one encoding because each form is made here: the key in the store
(UTF-8), the URL (percent-encoded), the file that a path ending in `/` stands for.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

# An S3 key holds 1,024 bytes (Amazon S3 user guide, "Object key naming"); the site's keys
# begin with `site/<slot>/`, for which 64 bytes are kept.
PATH_BYTES_MAX = 1024 - 64

INDEX = "index.html"

# RFC 3986 pchar without the percent sign: what may stand in a path as itself.
_URL_SAFE = "/-._~!$&'()*+,;=:@"
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]|//|(?:^|/)\.{1,2}(?:/|$)")


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
        text = unicodedata.normalize("NFC", text)
        if text.endswith(f"/{INDEX}"):  # one file, one path
            text = text.removesuffix(INDEX)
        if not text.startswith("/"):
            raise BadPath(f"{text!r} does not begin with a slash")
        if _FORBIDDEN.search(text):
            raise BadPath(f"{text!r} holds '..', '//', a backslash or a control character")
        try:
            size = len(text.encode())
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
        return quote(str(self), safe=_URL_SAFE)


def below(path: SitePath, name: str) -> SitePath:
    """The path of a part of a page: `/a/` + `page/2` is `/a/page/2/`, and
    `/blog/7.html` + `2` is `/blog/7/2.html`.

    A name with an extension of its own is a file: `/a/` + `feed.xml` is `/a/feed.xml`.
    """
    folder, dot, extension = path.rpartition(".")
    if path.endswith("/") or not dot or "/" in extension:
        folder, ending = path.rstrip("/"), "/"
    else:
        ending = f".{extension}"
    if "." in name:
        ending = ""
    return SitePath(f"{folder}/{name}{ending}")
