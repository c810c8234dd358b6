"""Share buttons: which links and attributes hold an address to be shared, and the one form of
writing it that has no scheme. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from publisher.rewrite.linker import Linker, Style

SHARED_NAMES = (
    "data-hatena-bookmark-url data-save-url data-pin-url data-a2a-url data-share-url addthis:url "
    "st_url data-clipboard-text"
)
"""Attributes of share buttons alone: Hatena Bookmark, Pocket, Pinterest, AddToAny, AddThis,
ShareThis, and what buttons that copy an address copy (clipboard.js)."""

NETWORKS = (
    "facebook.com fb.com twitter.com x.com b.hatena.ne.jp line.me getpocket.com linkedin.com "
    "pinterest.com pinterest.jp tumblr.com reddit.com threads.net threads.com bsky.app mixi.jp "
    "t.me telegram.me whatsapp.com wa.me plus.google.com evernote.com note.com "
    "addtoany.com addthis.com sharethis.com shareaholic.com"
)
"""The hosts, and all below them, whose links hand on an address to be shared. Anybody else who
is handed one gets the new address: it is never wrong, only not the one that is counted."""

_SLASH = r"(?:\\{0,3}/|%(?:25)?2F)"
_OF_NETWORK = (
    rf"(?:{_SLASH}{_SLASH}(?:[\w-]+\.){{0,3}}(?:{'|'.join(map(re.escape, NETWORKS.split()))})"
    r"(?=[/?:\\%])|(?:line|whatsapp|tg|fb-messenger|twitter)://)"
)
_SHARE_LINK = re.compile(rf"(?:https?:)?{_OF_NETWORK}", re.IGNORECASE)
_WITHIN = re.compile(_OF_NETWORK, re.IGNORECASE)
_BREAK = re.compile(r"[\s\"'<>`]")
# The title of a post may stand before its address, nine bytes for each Japanese character.
_BEFORE_MAX = 2000

# Attributes that name a page to share in a share button, and one to go to anywhere else.
_OF_WIDGETS = frozenset(("data-href", "data-url", "data-link", "data-permalink"))
# The classes by which the scripts of Facebook, X, Hatena, LINE, Pocket, mixi, Tumblr and of the
# kits find their buttons; and what themes call theirs.
_WIDGET = re.compile(
    r"(?:^|\s)(?:fb-|twitter-share|hatena-bookmark|line-it-|pocket-btn|mixi-check|tumblr-share"
    r"|a2a_|addthis_|sharethis-|st_|sd-button)|share(?!holder)|sharing|(?:^|[\s_-])sns(?:$|[\s_-])",
    re.IGNORECASE,
)
# Hatena's page about another page names that one's host at once: `/entry/s/` is https.
_HATENA = re.compile(
    r"((?:https?:)?//b\.hatena\.ne\.jp/entry/)(s/)?(?!https?[:%])([^\s/?#][^\s]*)", re.IGNORECASE
)


def is_to_share(tag: str, name: str, named: Mapping[str, str]) -> bool:
    """Whether an attribute that may hold any link holds the address that a share button shares.
    `named`: all attributes of the tag."""
    if tag.startswith("fb:"):  # `<fb:like href>`, Facebook's own markup
        return name == "href"
    return name in _OF_WIDGETS and _WIDGET.search(named.get("class", "")) is not None


def is_share_link(value: str) -> bool:
    """Whether a URL leads to a network, which may be handed another URL in it."""
    return _SHARE_LINK.match(value) is not None


def ends_in_share_link(text: str, position: int) -> bool:
    """Whether what stands here in a text is part of a network's URL."""
    before = _BREAK.split(text[max(0, position - _BEFORE_MAX) : position])[-1]
    return _WITHIN.search(before) is not None


def is_absolute(value: str) -> bool:
    """Whether a value can be what other sites know a page by."""
    return value.startswith(("http://", "https://", "//"))


def without_scheme(value: str, linker: Linker) -> str:
    """Hatena's address of a page's bookmarks, with the public address of the page. Raises
    Withheld."""
    match = _HATENA.fullmatch(value)
    if match is None:
        return value
    head, secure, rest = match.groups()
    named = f"{'https' if secure else 'http'}://{rest}"
    shared = linker.link(named, Style.SHARED)
    if shared == named:
        return value
    scheme, _, rest = shared.partition("://")
    return f"{head}{'s/' if scheme == 'https' else ''}{rest}"
