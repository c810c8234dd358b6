"""One document's addresses: resolved, collected, and turned into public links. Pure."""

from __future__ import annotations

import contextlib
from enum import Enum
from urllib.parse import urljoin, urlsplit

from publisher.addresses import Address, Addresses


class Style(Enum):
    """The form that a link takes: from the site's root, absolute, or the absolute URL that
    social networks know the page by."""

    ROOT = "root"
    PUBLIC = "public"
    IDENTITY = "identity"


class Withheld(Exception):
    """The link leads to something that the public may not have (log-in, REST, drafts)."""


class Linker:
    """Makes the links of one document. `base` is its URL at the CMS; `found` collects every
    address of the CMS that it names, in order of first appearance."""

    def __init__(self, addresses: Addresses, base: str) -> None:
        self.addresses = addresses
        self.base = base
        self.found: dict[str, Address] = {}
        parts = urlsplit(base)
        self._scheme = parts.scheme
        self._origin = f"{parts.scheme}://{parts.netloc}"

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
        self.found.setdefault(address.path, address)
        if style is Style.ROOT:
            return f"{address.href}{hash_}{fragment}"
        if style is Style.IDENTITY:
            return self.addresses.identity(address) + hash_ + fragment
        return f"{self.addresses.urls.public}{address.href}{hash_}{fragment}"

    def public_anyway(self, url: str) -> str:
        """An absolute URL of the CMS with the public host, whatever it leads to: for text in
        which nothing can be taken away."""
        address = self.addresses.locate(url.partition("#")[0])
        return self.addresses.urls.public + (address.href if address else "/")

    def rebase(self, url: str) -> None:
        """A `<base href>`: what follows is resolved against it."""
        with contextlib.suppress(ValueError):  # not a URL at all
            self.base = urljoin(self.base, url)

    def _absolute(self, url: str) -> str | None:
        """The absolute http(s) URL, None if it is not one or leads into the document itself."""
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
        try:
            return urljoin(self.base, url)
        except ValueError:
            return None
