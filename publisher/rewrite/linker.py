"""One document's addresses: resolved, collected, and turned into public links. Pure."""

from __future__ import annotations

import contextlib
import re
from enum import Enum
from urllib.parse import urljoin, urlsplit

from publisher.addresses import Address, Addresses

NOWHERE = "about:blank"
# What only a server answers: there is nothing on the public site to name instead.
_SERVER_ONLY = re.compile(
    r"/(?:wp-admin(?:[/?#]|$)|wp-json(?:[/?#]|$)|(?:wp-login|xmlrpc)\.php)|[?&]rest_route="
)
# `{{name}}`, `${name}`, `{% name %}`: no address yet.
_BLANK = re.compile(r"\{[{%]|\$\{")


class Style(Enum):
    """The form that a link takes: from the site's root, absolute, the absolute URL that social
    networks know the page by, or the one that share buttons carry."""

    ROOT = "root"
    PUBLIC = "public"
    IDENTITY = "identity"
    SHARED = "shared"


class Withheld(Exception):
    """The link leads to something that the public may not have (log-in, REST, drafts)."""


class Linker:
    """Makes the links of one document. `base` is its URL at the CMS; `found` collects every
    address of the CMS that it names, in order of first appearance. `is_relative` is set when a
    URL had to be resolved against `base`; what it means is then the same for all documents of
    one `folder`."""

    def __init__(self, addresses: Addresses, base: str) -> None:
        self.addresses = addresses
        self.found: dict[str, Address] = {}
        self.is_relative = False
        parts = urlsplit(base)
        self._scheme = parts.scheme
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._set_base(base)

    def link(self, url: str, style: Style = Style.ROOT) -> str:
        """The public form of a URL as it stands in the document (entities decoded).

        What is not an address of the CMS comes back as it is. Raises Withheld.
        """
        target = self._absolute(url.strip(" \t\n\r\f"))
        if target is None:
            return url
        target, hash_, fragment = target.partition("#")
        address = self.addresses.locate(target)
        if address is None:
            return url
        if address.path is None:
            raise Withheld
        self.add(address)
        if style is Style.ROOT:
            return f"{address.href}{hash_}{fragment}"
        if style is Style.IDENTITY:
            return self.addresses.identity(address) + hash_ + fragment
        if style is Style.SHARED:
            return self.addresses.shared(address) + hash_ + fragment
        return f"{self.addresses.urls.public}{address.href}{hash_}{fragment}"

    def add(self, address: Address) -> None:
        """Note an address that the document names; the first one of a key counts."""
        if address.path is not None:
            self.found.setdefault(address.key, address)

    def see(self, url: str) -> None:
        """Note an address that stays as it is written."""
        with contextlib.suppress(Withheld):
            self.link(url)

    def link_in_place(self, url: str, style: Style = Style.ROOT) -> str:
        """The same for a document that has the same place on the public site as at the CMS: a
        relative URL still leads there and stays. Raises Withheld."""
        public = self.link(url, style)
        return url if is_relative(url) else public

    def path_anyway(self, url: str) -> str:
        """The link from the root to a URL of the CMS, whatever it leads to."""
        address = self.addresses.locate((self._absolute(url.strip()) or "").partition("#")[0])
        return address.href if address else url

    def public_anyway(self, url: str) -> str:
        """An absolute URL of the CMS with the public host, whatever it leads to: for text in
        which nothing can be taken away. What only a server answers becomes `about:blank`."""
        address = self.addresses.locate(url.partition("#")[0])
        if address is None:
            return self.addresses.urls.public + "/"
        if address.path is None and is_server_only(address.href):
            return NOWHERE
        return self.addresses.urls.public + address.href

    def is_identity(self, url: str) -> bool:
        """Whether a URL is the very one by which social networks know a page."""
        address = self.addresses.locate(url.partition("#")[0])
        return address is not None and self.addresses.identity(address) == url

    def rebase(self, url: str) -> None:
        """A `<base href>`: what follows is resolved against it."""
        with contextlib.suppress(ValueError):  # not a URL at all
            self._set_base(urljoin(self.base, url))

    def _set_base(self, base: str) -> None:
        self.base = base
        self.folder = base.partition("?")[0]

    def _absolute(self, url: str) -> str | None:
        """The absolute http(s) URL, None if it is not one, leads into the document itself, or is
        a template that a script fills in."""
        if "\\" in url:
            url = _forward(url)
        if "{" in url and _BLANK.search(url):
            return None
        if url.startswith(("http://", "https://")):
            return url
        if not url or url[0] == "#":
            return None
        if url.startswith("//"):
            return f"{self._scheme}:{url}"
        if url[0] == "/":
            return self._origin + url
        head = url.partition("/")[0].partition("?")[0]
        if ":" in head:  # mailto:, javascript:, data:, HTTP://
            return url if head.lower() in ("http:", "https:") else None
        self.is_relative = True
        try:
            return urljoin(self.base, url)
        except ValueError:
            return None


def _forward(url: str) -> str:
    """With slashes where backslashes stand, as browsers take them (WHATWG URL, "relative slash
    state", "path state")."""
    end = re.search(r"[?#]", url)
    path = url[: end.start()] if end else url
    return path.replace("\\", "/") + url[len(path) :]


def is_server_only(url: str) -> bool:
    """Whether an address is one that only a WordPress itself answers: its administration, REST,
    the log-in."""
    return bool(_SERVER_ONLY.search(url))


def is_relative(url: str) -> bool:
    """Whether a URL is resolved against the folder of the document that names it."""
    return ":" not in url.partition("/")[0] and not url.startswith("/")
