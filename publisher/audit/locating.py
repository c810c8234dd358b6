"""Where an old address is, whoever wrote it down: its form in `OldUrl.url`. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import quote, urljoin, urlsplit

from redirects.targets import punycode

URL_CHARACTERS_MAX = 2_000
"""Longer ones are none: no page of a CMS has one, and some browsers take none."""

# What browsers send as it is (WHATWG URL Standard, the path and the special-query percent-encode
# sets). The percent sign is kept, so nothing is encoded twice.
_KEPT_IN_PATH = "/%!$&'()*+,-.:;=@[]_~|\\"
_KEPT_IN_QUERY = "/%!$&()*+,-.:;=?@[]_~|\\^`{}"
_ABSOLUTE = re.compile(r"(?:https?:)?[/\\]{2}([^/\\?#]*)(.*)", re.IGNORECASE)
_WITHOUT_SCHEME = re.compile(r"([^/\\?#@]+)(.*)")
# A name has 253 at most (RFC 1035); before it there may be a user, behind it a port.
_HOST_CHARACTERS_MAX = 400
_PORT = re.compile(r":[0-9]*\Z")
_OCTET = re.compile(r"%[0-9A-Fa-f]{2}")
# Browsers take them out of addresses wherever they stand.
_BREAKS = re.compile(r"[\t\r\n]")


class Hosts(NamedTuple):
    """The hosts that an old address can be at. `public`: the site's, '' if that is not known;
    `others`: those that the site's own rules name. Lower case and Punycode, without a port."""

    public: str = ""
    others: frozenset[str] = frozenset()

    def origin(self, host: str) -> str | None:
        """What stands before the path of an address at this host (lower case, without a port):
        nothing at the public one, with `www.` or without, and if it is not told; `https://HOST` at
        another one that is known; None at any other."""
        if host in ("", self.public):
            return ""
        if host in self.others:
            return f"https://{host}"
        if not self.public or host.removeprefix("www.") == self.public.removeprefix("www."):
            return ""
        return None


def locate(text: str, public: str, other_hosts: Collection[str]) -> str | None:
    """The address that a text means, as `OldUrl.url` has it: percent-encoded as a browser sends
    it, without a fragment; path and query at the public host, `https://HOST` before them at one of
    `other_hosts`. None for what is no address, or is at another host.

    The text is an absolute address of any scheme of the web, one from the root, or one that begins
    with the name of a known host (some exports leave the scheme out).
    """
    text = _BREAKS.sub("", text.strip())
    hosts = Hosts(public, frozenset(other_hosts))
    if found := _ABSOLUTE.fullmatch(text):
        origin = _origin(found[1], hosts)
    elif text.startswith("/"):
        return _bounded("", text)
    elif found := _WITHOUT_SCHEME.fullmatch(text):
        origin = _origin(found[1], hosts)
    else:
        return None
    return None if origin is None else _bounded(origin, found[2])


def same_octets(url: str) -> str:
    """An address in which percent-encoded octets have capital letters: `%e3` and `%E3` are one
    (RFC 3986, 6.2.2.1), and WordPress writes small ones, browsers capital ones."""
    return _OCTET.sub(lambda found: found[0].upper(), url) if "%" in url else url


def host_name(netloc: str) -> str:
    """The host of an authority (`user@WWW.example.co.jp:443`), lower case and Punycode; '' for
    what is none."""
    if len(netloc) > _HOST_CHARACTERS_MAX:
        return ""
    try:
        return punycode(_PORT.sub("", netloc.rpartition("@")[2]))
    except ValueError:
        return ""


def _origin(netloc: str, hosts: Hosts) -> str | None:
    host = host_name(netloc)
    return hosts.origin(host) if host else None


def _bounded(origin: str, rest: str) -> str | None:
    if len(rest) > URL_CHARACTERS_MAX:
        return None
    rest, _, _ = rest.partition("#")
    path, mark, query = rest.partition("?")
    path = path.replace("\\", "/")
    if "/." in path:
        path = urlsplit(urljoin("http://host/", path.lstrip("/"))).path
    encoded = quote(path if path.startswith("/") else f"/{path}", _KEPT_IN_PATH, errors="replace")
    if mark:
        encoded += "?" + quote(query, _KEPT_IN_QUERY, errors="replace")
    return origin + same_octets(encoded) if len(encoded) <= URL_CHARACTERS_MAX else None
