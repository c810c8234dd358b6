"""The CMS's addresses in any text: scripts, JSON, XML, prose. Pure.

Found by the CMS's host in each way it can be written: plain, `\\/`-escaped (JSON),
percent-encoded once or twice (share links). A longer host that merely contains it is left
alone. Whatever form is left names the public host instead, so nothing gets out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from publisher.addresses import is_name
from publisher.rewrite.linker import Linker, Style, Withheld


@dataclass(frozen=True, slots=True)
class _Form:
    """One way to write a URL: what stands before the host, what may follow it, and how to
    read and write the whole."""

    head: re.Pattern[str]
    rest: re.Pattern[str]
    decode: Callable[[str], str]
    encode: Callable[[str], str]


def _json_decode(text: str) -> str:
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    # Two such escapes make one character beyond the basic plane.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\\/", "/")


def _head(scheme: str, slashes: str) -> re.Pattern[str]:
    user = r"(?:[^\s/\"'<>\\@?#&;,()]{1,60}(?:@|%40))?"
    escaped = r"(?<=%[0-9A-F]{2})|(?<=%25[0-9A-F]{2})|(?<=\\u[0-9A-F]{4})|(?<=\\[nrt])"
    begin = rf"(?:(?<![\w.+-])|{escaped})"
    return re.compile(rf"(?:{begin}{scheme})?{slashes}{user}$", re.IGNORECASE)


# The longest of the heads below.
_HEAD_MAX = 88
# Punctuation of Japanese text, and typographic quotes, end a URL that stands in prose.
_PROSE_END = (
    r"\u3000-\u3003\u3008-\u3011\u3014-\u301f\uff01\uff0c\uff0e\uff1a\uff1b\uff1f\u2018-\u201f"
)
# A list of addresses has no other sign that the next one begins.
_NEXT = r"[,;|](?!https?:)"

# Encoded white space, quotes and angle brackets end an encoded address.
_ENDS = "20|22|27|3C|3E|0[9AD]"
_ASCII = re.ASCII | re.IGNORECASE
_FORMS = (
    _Form(
        _head("https?:", "//"),
        re.compile(rf"(?:[^\s\"'<>\\`{{}}|^&,;{_PROSE_END}]|{_NEXT}|&(?=[\w\[\]-]+=))*"),
        lambda text: text,
        lambda text: text,
    ),
    _Form(
        _head("https?:", r"\\/\\/"),
        re.compile(r"(?:\\/|\\u[0-9a-fA-F]{4}|[^\s\"'<>\\`])*"),
        _json_decode,
        lambda text: text.replace("/", "\\/"),
    ),
    _Form(
        _head("https?%3A", "%2F%2F"),
        re.compile(rf"(?:%(?!25|{_ENDS})[0-9A-F]{{2}}|%25[0-9A-F]{{2}}|[\w.~*-])*", _ASCII),
        unquote,
        lambda text: quote(text, safe=""),
    ),
    _Form(
        _head("https?%253A", "%252F%252F"),
        re.compile(rf"(?:%25(?!25|{_ENDS})[0-9A-F]{{2}}|%2525[0-9A-F]{{2}}|[\w.~*-])*", _ASCII),
        lambda text: unquote(unquote(text)),
        lambda text: quote(quote(text, safe=""), safe=""),
    ),
)
# In markup an ampersand of a URL is written as an entity; other entities end it.
_MARKUP_REST = re.compile(
    rf"(?:[^\s\"'<>\\`{{}}|^&,;{_PROSE_END}]|{_NEXT}|&(?:amp|#0*38|#x0*26);|&(?=[\w\[\]-]+=))*"
)
_MARKUP_JSON_REST = re.compile(
    r"(?:\\/|\\u[0-9a-fA-F]{4}|[^\s\"'<>\\`&]|&(?:amp|#0*38|#x0*26);|&(?=[\w\[\]-]+=))*"
)
# In an attribute's value only white space and the quotes end it.
_QUOTED_REST = re.compile(
    rf"(?:[^\s\"'<>\\`&,;|]|{_NEXT}|&(?!(?:quot|apos|lt|gt|#0*3[49]|#x0*2[27]);))*", re.IGNORECASE
)
_TRAILING = ".,;:!?"


class Hosts:
    """Recognises the CMS's hosts in text."""

    def __init__(self, hosts: tuple[str, ...], public: str) -> None:
        self._public_host = urlsplit(public).netloc
        self._hosts = hosts
        any_host = "|".join(_escaped(host) for host in hosts)
        pattern = rf"(?:{any_host})(?![\w-]|\.\w|{_COLON}\d)"
        # The literal beginning of a case-sensitive pattern is searched for many times faster.
        self._exact = re.compile(pattern)
        self._any_case = re.compile(pattern, re.IGNORECASE)

    def leak(self, text: str) -> str:
        """The first place where the CMS's host is named, with its surroundings; '' if none."""
        for pattern in (self._exact, self._any_case):
            for match in pattern.finditer(text):
                if _begins(text, match.start()):
                    return text[max(0, match.start() - 40) : match.end() + 40]
        return ""

    def rewrite(
        self, text: str, linker: Linker, style: Style | None = None, *, markup: bool = False
    ) -> str:
        """The text with public addresses.

        `style` None decides by place: an attribute's value gets a link from the root, prose
        an absolute one. `markup`: the text is HTML or XML, with entities.
        """
        for pattern in (self._exact, self._any_case):
            pieces: list[str] = []
            position = 0
            for host in pattern.finditer(text):
                if host.start() >= position and _begins(text, host.start()):
                    start, end, public = self._replaced(text, host, linker, style, markup=markup)
                    pieces += (text[position:start], public)
                    position = end
            if pieces:
                text = "".join((*pieces, text[position:]))
        return text

    def _replaced(
        self, text: str, host: re.Match[str], linker: Linker, style: Style | None, *, markup: bool
    ) -> tuple[int, int, str]:
        """Where the address around a host begins and ends, and what stands there instead."""
        before = text[max(0, host.start() - _HEAD_MAX) : host.start()]
        for form in _FORMS:
            head = form.head.search(before)
            if head:
                break
        else:
            return host.start(), host.end(), self._public_host
        start = host.start() - len(head[0])
        is_plain = form is _FORMS[0]
        is_quoted = is_plain and text[max(0, start - 1) : start] in ('"', "'")
        # What is part of another address is handed to another site, which needs all of it.
        is_handed_on = form in _FORMS[2:] or bool(_PARAMETER.search(text, start - 40, start))
        rest = _rest(form, markup=markup, quoted=is_quoted).match(text, host.end())
        end = rest.end() if rest else host.end()
        if is_plain and not is_quoted:
            end = _prose_end(text, host.end(), end)
        if is_plain and is_handed_on and "&" in text[start:end]:
            end = text.index("&", start)
        place = Style.ROOT if _in_attribute(text, start) else Style.PUBLIC
        chosen = Style.PUBLIC if is_handed_on else style or place
        public = self._public(text[start:end], form, linker, chosen, markup=markup)
        if self.leak(public):  # not understood, or with another address inside, which comes next
            return host.start(), host.end(), self._public_host
        return start, end, public

    def _public(
        self, written: str, form: _Form, linker: Linker, style: Style, *, markup: bool
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
        encoded = form.encode(public)
        return encoded.replace("&", "&amp;") if markup else encoded


# Punctuation of a host: as itself, percent-encoded once or twice, as an entity, in JSON.
_DOT = r"(?:\.|%2E|%252E|&#0*46;|&#x0*2e;|&period;|\\u002e)"
_COLON = r"(?::|%3A|%253A|&#0*58;|&#x0*3a;|&colon;|\\u003a)"
# An address that stands in a parameter of another one: `?u=http://...`.
_PARAMETER = re.compile(r"[?&;][\w\[\].-]+=$")


def _rest(form: _Form, *, markup: bool, quoted: bool) -> re.Pattern[str]:
    if quoted:
        return _QUOTED_REST
    if markup and form is _FORMS[0]:
        return _MARKUP_REST
    return _MARKUP_JSON_REST if markup and form is _FORMS[1] else form.rest


def _escaped(host: str) -> str:
    """A host as a pattern. A name is the CMS's on every port."""
    in_address_only = host.startswith("//") or re.fullmatch(r"[\w-]+", host)
    host = host.removeprefix("//")
    pattern = re.escape(host).replace(":", _COLON).replace(r"\.", _DOT)
    if in_address_only:  # `http://wordpress`: a word like any other in prose
        return rf"(?:(?<=//)|(?<=\\/\\/)|(?<=%2F%2F)|(?<=%252F%252F)|(?<=@)){pattern}"
    return rf"{pattern}(?:{_COLON}\d+)?" if is_name(host) else pattern


# Word characters before a host that are no part of it: percent-encoded ones, escapes in scripts.
_SEPARATOR = re.compile(
    r"(?:%(?:25)?[0-9A-F]{2}|\\u[0-9A-F]{4}|\\x[0-9A-F]{2}|\\[nrt])$", re.IGNORECASE
)
_PART_OF_HOST = re.compile(r"[\w.-]$")


def _begins(text: str, position: int) -> bool:
    """Whether a host that stands here is not the end of a longer one."""
    before = text[max(0, position - 6) : position]
    return bool(_SEPARATOR.search(before)) or not _PART_OF_HOST.search(before)


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
