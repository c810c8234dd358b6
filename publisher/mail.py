"""E-mail addresses in a text, and which of them a site may show. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from urllib.parse import unquote

from publisher.places import Page

# How `@` is written if not as itself: percent-encoded, as an entity (`antispambot`), in a script.
WRITTEN_AT_SIGNS = ("%40", "64;", "x40;", "X40;", "&commat;", "\\u0040")
_AT = re.compile(r"@|%40|&#0{0,5}64;|&#[xX]0{0,4}40;|&commat;|\\u0040")
_AT_MAX = 10

# Longest local part and domain (RFC 5321, 4.5.3.1), each character as an entity at most.
_LOCAL_MAX = 64
_DOMAIN_MAX = 255
_ENTITY_MAX = 6

_LOCAL = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,63}$")
# A local part of other letters needs a beginning that is none: Japanese has no spaces.
_OTHER_LOCAL = re.compile(r"(?:^|[\s\"'<:])([^\W\d_]\w{0,63})$")
_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[A-Za-z][A-Za-z0-9-]{1,62}")
_ASCII_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}(?:xn--[a-z0-9-]{2,59}|[A-Za-z]{2,24})"
    r"(?![A-Za-z0-9-])"
)
# What an escape leaves before an address: `\n`, `\u003c`, `%3A`.
_ESCAPE = re.compile(r"(?:\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[nrt])|%(?:25)?[0-9A-Fa-f]{2})$")
# `icon@2x.png`, `jquery@3.7.min.js` are names of files.
_FILE = re.compile(
    r"\.(?:png|jpe?g|gif|webp|avif|svg|ico|bmp|css|m?js|cjs|ts|jsx|tsx|json|map|html?|php|xml|"
    r"woff2?|ttf|otf|eot|mp[34]|webm|pdf|txt|md|zip|gz|min|vue|scss|less)$",
    re.IGNORECASE,
)
# Reserved for examples: RFC 2606, and JPRS for .jp.
_EXAMPLE = re.compile(
    r"(?:^|\.)(?:example\.(?:com|net|org)|example\d?\.(?:(?:ac|ad|co|ed|go|gr|lg|ne|or)\.)?jp|"
    r"test|example|invalid|localhost)$"
)


def address_at(page: Page, position: int) -> tuple[int, int, str] | None:
    """The e-mail address around an `@`, or one of `WRITTEN_AT_SIGNS`, at a position: where
    it begins and ends, and the address, lower-case; None if it is none."""
    at = _AT.match(page.text, position)
    if not at:  # the word is the end of an entity
        start = page.text.rfind("&#", max(0, position - _AT_MAX), position)
        at = _AT.match(page.text, start) if start >= 0 else None
    return _address(page, at.start(), at.end()) if at and not page.is_style else None


def _address(page: Page, start: int, end: int) -> tuple[int, int, str] | None:
    text = page.text
    before, after = text[max(0, start - _LOCAL_MAX) : start], text[end : end + _DOMAIN_MAX]
    if _is_encoded(before) or _is_encoded(after[:8]):
        before = _decoded(text[max(0, start - _LOCAL_MAX * _ENTITY_MAX) : start])
        after = _decoded(text[end : end + _DOMAIN_MAX * _ENTITY_MAX])
    domain = _ASCII_DOMAIN.match(after) or _DOMAIN.match(after)
    if not domain or _FILE.search(domain[0]):
        return None
    local, head = _local(before)
    # `@name@host` names somebody on a social network, `/x@y` and `x@y:z` are no mail either.
    if not local or head[-1:] in ("@", "/", "\\") or re.match(r":[\w~/]", after[domain.end() :]):
        return None
    if not _is_meant(page, start, head, after[domain.end() : domain.end() + 1]):
        return None
    return max(0, start - len(local)), end + len(domain[0]), f"{local}@{domain[0]}".lower()


def _local(before: str) -> tuple[str, str]:
    """The local part at the end of a text, and what stands before it."""
    found = _LOCAL.search(before)
    if not found:
        other = _OTHER_LOCAL.search(before)
        return (other[1], before[: other.start(1)]) if other else ("", before)
    local, head = found[0], before[: found.start()]
    for taken in (1, 2, 3, 4, 5):  # an escape may have been taken for letters of the name
        escape = _ESCAPE.search(head[-3:] + local[:taken])
        if escape and escape.start() < len(head[-3:]):
            return local[taken:].lstrip("."), head + local[:taken] if local[taken:] else ""
    return local.lstrip("."), head


def _is_meant(page: Page, position: int, head: str, tail: str) -> bool:
    """In a script only a whole string is an address: all else is code, or its author's name."""
    place = page.place(position)
    if place == "style":
        return False
    return place != "script" or (
        head.endswith(("'", '"', "`", "mailto:", ">")) and tail in ("'", '"', "`", "?", "<", "\\")
    )


def _is_encoded(text: str) -> bool:
    return "&#" in text or "%" in text


def _decoded(text: str) -> str:
    return unquote(html.unescape(text), errors="replace")


class Allowed:
    """The addresses that a site may show: those of its own domain and of examples, and those
    that are listed, each as an address, `*@domain`, or `*` for all."""

    def __init__(self, host: str, listed: Iterable[str]) -> None:
        self._own = host.lower().removeprefix("www.")
        self._listed = frozenset(entry.lower() for entry in listed)

    def __contains__(self, address: object) -> bool:
        domain = str(address).rpartition("@")[2]
        return (
            "*" in self._listed
            or address in self._listed
            or f"*@{domain}" in self._listed
            or bool(_EXAMPLE.search(domain))
            or self._is_own(domain)
        )

    def _is_own(self, domain: str) -> bool:
        """The site's domain, what is below it, and each one above it (of `shop.example.jp` that
        is `example.jp`, but not its neighbour `mail.example.jp`). No list of suffixes is needed
        for that: nobody has mail at `co.jp`."""
        below = domain == self._own or domain.endswith(f".{self._own}")
        return below or (self._own.endswith(f".{domain}") and "." in domain)
