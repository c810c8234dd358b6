"""The CMS's addresses in any text: scripts, JSON, XML, prose. Pure.

Found by the CMS's host in each way it can be written: plain, `\\/`-escaped (JSON, and JSON in
JSON), percent-encoded once or twice (share links), with letters as entities or numbers
(`antispambot`). A longer host that merely contains it is left alone. Whatever form is left
names the public host instead, so nothing gets out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from urllib.parse import quote, unquote, urlsplit

from publisher.rewrite.linker import Linker, Style, Withheld
from publisher.rewrite.spelling import BACKSLASHES, Signs, pattern, plain


@dataclass(frozen=True, slots=True)
class _Form:
    """One way to write a URL: what stands before the host, what may follow it, and how to
    read and write the whole. `encode` gets the slash as the text has it."""

    head: re.Pattern[str]
    rest: re.Pattern[str]
    decode: Callable[[str], str]
    encode: Callable[[str, str], str]


def _json_decode(text: str) -> str:
    text = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    # Two such escapes make one character beyond the basic plane.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return re.sub(r"\\+/", "/", text)


def _head(colon: str, slash: str) -> re.Pattern[str]:
    user = r"(?:[^\s/\"'<>\\@?#&;,()]{1,60}(?:@|%40))?"
    escaped = r"(?<=%[0-9A-F]{2})|(?<=%25[0-9A-F]{2})|(?<=\\u[0-9A-F]{4})|(?<=\\[nrt])"
    begin = rf"(?:(?<![\w.+-])|{escaped}|(?<=[^\x00-\x7f]))"
    return re.compile(rf"(?:{begin}https?{colon})?({slash}){slash}{user}$", re.IGNORECASE)


# The longest of the heads below.
_HEAD_MAX = 100
# No address that is longer is one of the CMS's: then only its host is replaced.
_REST_MAX = 4096
# Punctuation of Japanese text, and typographic quotes, end a URL that stands in prose.
_PROSE_END = (
    r"\u3000-\u3003\u3008-\u3011\u3014-\u301f\uff01\uff0c\uff0e\uff1a\uff1b\uff1f\u2018-\u201f"
)
# A list of addresses has no other sign that the next one begins.
_NEXT = r"[,;|](?!https?:)"
_ESCAPED = rf"{BACKSLASHES}(?:/|u[0-9a-fA-F]{{4}})"

# Encoded white space, quotes and angle brackets end an encoded address.
_ENDS = "20|22|27|3C|3E|0[9AD]"
_ASCII = re.ASCII | re.IGNORECASE
# What follows the host of an address at once; anything else belongs to the text around it.
_PATH = r"(?=[/?#])"
_FORMS = (
    _Form(
        _head(":", "/"),
        re.compile(rf"{_PATH}(?:[^\s\"'<>\\`{{}}|^&,;{_PROSE_END}]|{_NEXT}|&(?=[\w\[\]-]+=))*"),
        lambda text: text,
        lambda text, _slash: text,
    ),
    _Form(
        _head(rf"(?::|{BACKSLASHES}u003a)", rf"{BACKSLASHES}(?:/|u002f)"),
        re.compile(rf"(?=[\\?#])(?:{_ESCAPED}|[^\s\"'<>\\`])*"),
        _json_decode,
        lambda text, slash: text.replace("/", slash),
    ),
    _Form(
        _head("%3A", "%2F"),
        re.compile(rf"(?:%(?!25|{_ENDS})[0-9A-F]{{2}}|%25[0-9A-F]{{2}}|[\w.~*-])*", _ASCII),
        unquote,
        lambda text, _slash: quote(text, safe=""),
    ),
    _Form(
        _head("%253A", "%252F"),
        re.compile(rf"(?:%25(?!25|{_ENDS})[0-9A-F]{{2}}|%2525[0-9A-F]{{2}}|[\w.~*-])*", _ASCII),
        lambda text: unquote(unquote(text)),
        lambda text, _slash: quote(quote(text, safe=""), safe=""),
    ),
)
# In markup an ampersand of a URL is written as an entity; other entities end it.
_MARKUP_REST = re.compile(
    rf"{_PATH}(?:[^\s\"'<>\\`{{}}|^&,;{_PROSE_END}]|{_NEXT}|&(?:amp|#0*38|#x0*26);"
    r"|&(?=[\w\[\]-]+=))*"
)
_MARKUP_JSON_REST = re.compile(
    rf"(?=[\\?#])(?:{_ESCAPED}|[^\s\"'<>\\`&]|&(?:amp|#0*38|#x0*26);|&(?=[\w\[\]-]+=))*"
)
# In an attribute's value only white space and the quotes end it.
_QUOTED_REST = re.compile(
    rf"{_PATH}(?:[^\s\"'<>\\`&,;|]|{_NEXT}|&(?!(?:quot|apos|lt|gt|#0*3[49]|#x0*2[27]);))*",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?"


class Hosts:
    """Recognises the CMS's hosts in text."""

    def __init__(self, hosts: tuple[str, ...], public: str) -> None:
        self._public_host = urlsplit(public).netloc
        # A name is found with every port already.
        hosts = tuple(one for one in hosts if one.partition(":")[0] not in set(hosts) - {one})
        self._signs = Signs(hosts, self._public_host)
        any_host = "|".join(map(pattern, hosts)) or "(?!)"
        masked = "|".join(pattern(host, masked=True) for host in hosts) or "(?!)"
        self._host = re.compile(any_host, re.IGNORECASE)
        self._masked = re.compile(masked, re.IGNORECASE)

    def leak(self, text: str) -> str:
        """The first place where the CMS's host is named, with its surroundings; '' if none.

        Looks at the text as it is and with every escape undone, so that it also finds what
        `rewrite` has no form for.
        """
        if not self._signs.in_text(text):
            return ""
        for shown in (text, plain(text)):
            for match in _standing_alone(self._host, shown):
                return shown[max(0, match.start() - 40) : match.end() + 40]
        return ""

    def rewrite(
        self, text: str, linker: Linker, style: Style | None = None, *, markup: bool = False
    ) -> str:
        """The text with public addresses.

        `style` None decides by place: an attribute's value gets a link from the root, prose
        an absolute one. `markup`: the text is HTML or XML, with entities.
        """
        if not self._signs.in_text(text):
            return text
        if self._signs.is_masked(text):
            text = self._unmasked(text)
        pieces: list[str] = []
        position = 0
        hosts = _standing_alone(self._host, text)
        for host, following in pairwise(chain(hosts, (None,))):
            if host is None or host.start() < position:
                continue
            limit = following.start() if following else len(text)
            start, end, public = self._replaced(text, host, limit, linker, style, markup=markup)
            pieces += (text[position:start], public)
            position = end
        return "".join((*pieces, text[position:])) if pieces else text

    def _unmasked(self, text: str) -> str:
        """The text with the CMS's host in plain letters, wherever they are spelt by number."""
        pieces: list[str] = []
        position = 0
        for host in _standing_alone(self._masked, text):
            pieces += (text[position : host.start()], plain(host[0]))
            position = host.end()
        return "".join((*pieces, text[position:])) if pieces else text

    def _replaced(
        self,
        text: str,
        host: re.Match[str],
        limit: int,
        linker: Linker,
        style: Style | None,
        *,
        markup: bool,
    ) -> tuple[int, int, str]:
        """Where the address around a host begins and ends, and what stands there instead.
        `limit`: where the next host begins; an address that holds it is not understood."""
        host_only = (host.start(), host.end(), self._public_host)
        before = text[max(0, host.start() - _HEAD_MAX) : host.start()]
        for form in _FORMS:
            head = form.head.search(before)
            if head:
                break
        else:
            return host_only
        start = host.start() - len(head[0])
        is_plain = form is _FORMS[0]
        is_quoted = is_plain and text[max(0, start - 1) : start] in ('"', "'")
        # What is part of another address is handed to another site, which needs all of it.
        is_handed_on = form in _FORMS[2:] or bool(_PARAMETER.search(text, start - 40, start))
        limit = min(limit, host.end() + _REST_MAX)
        rest = _rest(form, markup=markup, quoted=is_quoted).match(text, host.end(), limit)
        end = rest.end() if rest else host.end()
        if is_plain and not is_quoted:
            end = _prose_end(text, host.end(), end)
        if is_plain and is_handed_on and "&" in text[start:end]:
            end = text.index("&", start)
        if end == limit < len(text) and end > host.end():
            return host_only
        place = Style.ROOT if _in_attribute(text, start) else Style.PUBLIC
        chosen = Style.PUBLIC if is_handed_on else style or place
        public = self._public(text[start:end], form, head[1], linker, chosen, markup=markup)
        if self.leak(public):
            return host_only
        return start, end, public

    def _public(
        self, written: str, form: _Form, slash: str, linker: Linker, style: Style, *, markup: bool
    ) -> str:
        decoded = form.decode(html.unescape(written) if markup else written)
        scheme = "http:" if decoded.startswith("//") else ""
        url = scheme + decoded
        try:
            parts = urlsplit(url)
        except ValueError:  # not a URL at all
            return written
        if not (parts.path or parts.query or parts.fragment):
            # A bare origin is there to be joined to something: nothing is not a good origin.
            public = linker.addresses.urls.public
        else:
            try:
                public = linker.link(url, style)
            except Withheld:
                public = linker.public_anyway(url)
        if scheme and public.startswith(("http:", "https:")):
            public = public.partition(":")[2]
        encoded = form.encode(public, slash)
        return encoded.replace("&", "&amp;") if markup else encoded


# An address that stands in a parameter of another one: `?u=http://...`.
_PARAMETER = re.compile(r"[?&;][\w\[\].-]+=$")


def _rest(form: _Form, *, markup: bool, quoted: bool) -> re.Pattern[str]:
    if quoted:
        return _QUOTED_REST
    if markup and form is _FORMS[0]:
        return _MARKUP_REST
    return _MARKUP_JSON_REST if markup and form is _FORMS[1] else form.rest


# What may stand before a host and is no part of it: encoded characters, escapes in scripts.
_SEPARATOR = re.compile(
    r"(?:%(?:25){0,3}([0-9A-F]{2})|\\(?:u([0-9A-F]{4})|x([0-9A-F]{2})|[nrt]))$", re.IGNORECASE
)
_OF_A_HOST = re.compile(r"[a-z0-9_.-]$", re.IGNORECASE)
# Japanese prose goes on without a space; only where an address has begun it is a label.
_LABEL_BEFORE = re.compile(r"(?://|/\\{1,8}/|2F%(?:25)*2F)[^\s/\\\"'<>?#]*$", re.IGNORECASE)
_LABEL_MAX = 64


def _standing_alone(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    return (match for match in pattern.finditer(text) if _begins(text, match.start()))


def _begins(text: str, position: int) -> bool:
    """Whether a host that stands here is not the end of a longer one."""
    before = text[max(0, position - _LABEL_MAX) : position]
    if before.endswith(";"):
        before = html.unescape(before)
    escape = _SEPARATOR.search(before)
    if escape:
        number = escape[1] or escape[2] or escape[3]
        return not number or not _OF_A_HOST.search(chr(int(number, 16)))
    if _OF_A_HOST.search(before):
        return False
    if not before[-1:].isalnum():
        return True
    return not _LABEL_BEFORE.search(before)


def _prose_end(text: str, least: int, end: int) -> int:
    """Without what belongs to the text around an address: `(see http://a/b).`, `url(http://a/b)`."""
    depth = 0
    for position in range(least, end):
        depth += (text[position] in "(（") - (text[position] in ")）")
        if depth < 0:
            return position
    while end > least and text[end - 1] in _TRAILING:
        end -= 1
    return end


def _in_attribute(text: str, position: int) -> bool:
    return bool(
        re.search(r"[\s\"'/][\w:.-]+\s*=\s*[\"']?$", text[max(0, position - 40) : position])
    )
