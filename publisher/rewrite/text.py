"""The CMS's addresses in any text: scripts, JSON, XML, prose. Pure.

Found by the CMS's host in each way it can be written: plain, `\\/`-escaped (JSON, and JSON in
JSON), percent-encoded once or twice (share links), with letters as entities or numbers
(`antispambot`). A longer host that merely contains it is left alone. Whatever form is left
names the public host instead, so nothing gets out.

In prose an address is something to read. It becomes the new one where it means one page or
file of the site; of any other (`/?p=0`, `/?lang=ja`, `/wp-json/`) only the host is replaced,
and the rest stays to be read.

A CMS may take the public host for its own. Then that host is no leak. Its addresses are
rewritten where a text is gone over once: scripts, data, feeds. In a whole page, of which the
attributes are done already, they can't be told from new ones and stay: they are public, and
the old ones redirect. Only what a server alone answers is taken out of attributes there.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from publisher.hosts import is_name
from publisher.rewrite.linker import NOWHERE, Linker, Style, Withheld, is_server_only
from publisher.rewrite.prose import (
    BRACKETS_IN_NAME,
    PUNCTUATION,
    PUNCTUATION_ESCAPED,
    PUNCTUATION_IN_PERCENT,
    prose_end,
)
from publisher.rewrite.sharing import ends_in_share_link
from publisher.rewrite.spelling import BACKSLASHES, Signs, Spellings, plain


@dataclass(frozen=True, slots=True, eq=False)
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


# The longest of the heads below, and of those that end in a slash: they have no user in them, and
# are nearly all.
_HEAD_MAX = 100
_BARE_HEAD_MAX = 48
# No address that is longer is one of the CMS's: then only its host is replaced.
_REST_MAX = 4096
# A list of addresses has no other sign that the next one begins.
_NEXT = r"[,;|](?!https?:)"
# Escaped white space, quotes and angle brackets end an escaped address; so do they in percents.
_ENDS_ESCAPED = r"00(?:0[0-9a-fA-F]|2[027]|3[cCeE]|60)"
_ESCAPED = rf"{BACKSLASHES}(?:/|u(?!{_ENDS_ESCAPED})[0-9a-fA-F]{{4}})"
_PROSE_ESCAPED = rf"{BACKSLASHES}(?:/|u(?i:(?!{_ENDS_ESCAPED}|{PUNCTUATION_ESCAPED})[0-9a-f]{{4}}))"
_ENDS = "20|22|27|3C|3E|0[9AD]"
_ASCII = re.ASCII | re.IGNORECASE
_IN_TEXT = rf"[^\s\"'<>\\`{{}}|^&,;{PUNCTUATION}]|{_NEXT}|{BRACKETS_IN_NAME}"
# What follows the host of an address at once; anything else belongs to the text around it.
_PATH = r"(?=[/?#])"
_FORMS = (
    _Form(
        _head(":", "/"),
        re.compile(rf"{_PATH}(?:{_IN_TEXT}|&(?=[\w\[\]-]+=))*"),
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
_AMPERSAND = r"&(?:amp|#0*38|#x0*26);|&(?=[\w\[\]-]+=)"
_MARKUP_REST = re.compile(rf"{_PATH}(?:{_IN_TEXT}|{_AMPERSAND})*")
# Amid the text of a message; a parameter that begins with an address is all address.
_MESSAGE_REST = re.compile(
    rf"(?:%(?!25|{_ENDS}|{PUNCTUATION_IN_PERCENT})[0-9A-F]{{2}}|%25[0-9A-F]{{2}}|[\w.~*-])*", _ASCII
)
# In JSON an address may stand amid prose, too: only a string that begins with one is all address.
_IN_STRING = rf"{_ESCAPED}|[^\s\"'<>\\`&]"
_IN_PROSE = rf"{_PROSE_ESCAPED}|[^\s\"'<>\\`&,;{PUNCTUATION}]|{_NEXT}"
_JSON_RESTS = {
    (markup, quoted): re.compile(
        rf"(?=[\\?#])(?:{_IN_STRING if quoted else _IN_PROSE}|{_AMPERSAND if markup else '&'})*"
    )
    for markup in (False, True)
    for quoted in (False, True)
}
_STRING_BEGINS = re.compile(r"(?:[\"']|&(?:quot|apos|#0*3[49]|#x0*2[27]);|\\u002[27])$")
_STRING_BEGINS_MAX = 8
# In an attribute's value only white space and the quotes end it.
_QUOTED_REST = re.compile(
    rf"{_PATH}(?:[^\s\"'<>\\`&,;|]|{_NEXT}|&(?!(?:quot|apos|lt|gt|#0*3[49]|#x0*2[27]);))*",
    re.IGNORECASE,
)


class Hosts:
    """Recognises the CMS's hosts in text. Those that are the public one, or the domain that it
    is in, are visitors' own: addresses on them are rewritten, and they never leak."""

    def __init__(self, hosts: tuple[str, ...], public: str) -> None:
        self._public_host = urlsplit(public).netloc
        own = frozenset(host for host in hosts if _holds(host, self._public_host.lower()))
        # A name is found with every port already.
        names = set(hosts) - own
        hosts = tuple(one for one in hosts if one.partition(":")[0] not in names - {one})
        foreign = tuple(host for host in hosts if host not in own)
        self._signs = Signs(hosts, self._public_host)
        self._foreign_signs = Signs(foreign, self._public_host)
        self._host = Spellings(hosts)
        self._foreign = Spellings(foreign)
        self._own = Spellings(tuple(own))
        self._masked = Spellings(hosts, masked=True)

    def leak(self, text: str) -> str:
        """The first place where the CMS's host is named, with its surroundings; '' if none.

        Looks at the text as it is and with every escape undone, so that it also finds what
        `rewrite` has no form for.
        """
        if not self._foreign_signs.in_text(text):
            return ""
        for shown in (text, plain(text)):
            for match in _standing_alone(self._foreign, shown):
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
        for host, limit in _with_limits(text, _standing_alone(self._host, text)):
            if host.start() < position:
                continue
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
        `limit`: where the next host begins that is no part of this address; an address that
        holds it is not understood."""
        is_public = host[0].lower() == self._public_host.lower()
        is_own = is_public or bool(self._own.fullmatch(host[0]))
        host_only = (host.start(), host.end(), host[0] if is_own else self._public_host)
        is_bare = text[max(0, host.start() - 1) : host.start()] == "/"
        most = _BARE_HEAD_MAX if is_bare else _HEAD_MAX
        before = text[max(0, host.start() - most) : host.start()]
        for form in _FORMS:
            head = form.head.search(before)
            if head:
                break
        else:
            return host_only
        start = host.start() - len(head[0])
        is_plain = form is _FORMS[0]
        is_string = _begins_string(text, start, form)
        # What is part of another address is handed to another site, which needs all of it.
        is_handed_on = form in _FORMS[2:] or bool(_PARAMETER.search(text, start - 40, start))
        limit = min(limit, host.end() + _REST_MAX)
        rest = _rest(form, markup=markup, quoted=is_string).match(text, host.end(), limit)
        end = rest.end() if rest else host.end()
        if form in _FORMS[:2] and not is_string:
            end = prose_end(text, start, host.end(), end)
        if is_plain and is_handed_on and (next_ := _NEXT_PART.search(text, start, end)):
            end = next_.start()
        if end == limit < len(text) and end > host.end():
            return host_only
        folder = _folder_end(text, start, host.end(), end, form)
        end = end if folder is None else folder
        is_in_attribute = _in_attribute(text, start)
        is_value = (is_plain and is_string) or is_in_attribute
        if is_public and style is None:
            is_refused = is_value or form is _FORMS[1]
            is_refused = is_refused and is_server_only(form.decode(text[start:end]))
            return (start, end, NOWHERE) if is_refused else host_only
        # The old site may have been at this domain, and `og:url` says so.
        may_stay = is_own and style is None
        if may_stay and linker.is_identity(_read(text[start:end], form, markup=markup)):
            return host_only
        place = Style.ROOT if is_in_attribute else Style.PUBLIC
        chosen = _style_of(text, start, style or place, is_handed_on=is_handed_on)
        is_prose = is_plain and style is None and not (is_value or is_handed_on)
        is_prose = is_prose and not (markup and _in_tag(text, start))
        public = self._public(
            text[start:end], form, head[1], linker, chosen, markup=markup, is_prose=is_prose
        )
        if not public:
            origin = linker.addresses.urls.public
            return start, host.end(), origin if head[0][:1] != "/" else f"//{self._public_host}"
        if is_plain and is_handed_on:
            public = _as_parameter(public, markup=markup)
        is_joined = folder in (None, host.end()) or public.endswith("/")
        return (start, end, public) if is_joined and not self.leak(public) else host_only

    def _public(
        self,
        written: str,
        form: _Form,
        slash: str,
        linker: Linker,
        style: Style,
        *,
        markup: bool,
        is_prose: bool,
    ) -> str:
        """The public form of an address as it is written; '' if only its host is to change."""
        decoded = _read(written, form, markup=markup)
        scheme = "http:" if decoded.startswith("//") else ""
        url = scheme + decoded
        try:
            parts = urlsplit(url)
        except ValueError:  # not a URL at all
            return written
        if not (parts.path or parts.query or parts.fragment):
            # A bare origin is there to be joined to something: nothing is not a good origin.
            public = linker.addresses.urls.public
        elif is_prose and _is_to_be_read(linker, url):
            return ""
        else:
            try:
                public = linker.link(url, style)
            except Withheld:
                public = linker.public_anyway(url)
        if scheme and public.startswith(("http:", "https:")):
            public = public.partition(":")[2]
        encoded = form.encode(public, slash)
        return encoded.replace("&", "&amp;") if markup else encoded


def _style_of(text: str, start: int, style: Style, *, is_handed_on: bool) -> Style:
    """The form of a link that begins here; `style` is the one that its place, or whoever asks,
    wants."""
    if is_handed_on and style is not Style.SHARED:
        return Style.SHARED if ends_in_share_link(text, start) else Style.PUBLIC
    return style


def _as_parameter(url: str, *, markup: bool) -> str:
    """A URL as it can stand in the query of another one, encoded only if it must be."""
    if not _ENDS_PARAMETER.search(url):
        return url
    return quote(html.unescape(url) if markup else url, safe="")


def _read(written: str, form: _Form, *, markup: bool) -> str:
    return form.decode(html.unescape(written) if markup else written)


# A script fills it in: `{name}`, `${name}`, `%s`, `%%name%%`; or it stands for anything: `*`.
_BLANK = re.compile(r"[{*]|%(?![0-9a-fA-F]{2})")


def _folder_end(text: str, start: int, least: int, end: int, form: _Form) -> int | None:
    """The end of the last folder before a blank in an address, or of its host: what comes behind
    is not known yet. None if it has no blank, or if only a server answers it. `least`: where its
    host ends."""
    blank = _BLANK.search(text, least, end + len("%00")) if form in _FORMS[:2] else None
    if blank is None or blank.start() > end or is_server_only(form.decode(text[start:end])):
        return None
    if blank.start() == end and blank[0] != "{":  # of the text around it
        return None
    path = re.split(r"[?#]", text[least : blank.start()], maxsplit=1)[0]
    return least + path.rfind("/") + 1


# An address that stands in a parameter of another one: `?u=http://...`.
_PARAMETER = re.compile(r"[?&;][\w\[\].-]+=$")


# The next parameter, or the next line of a message.
_NEXT_PART = re.compile(r"&|%0[AD]", re.IGNORECASE)


# What would end a parameter, or the address that it is part of.
_ENDS_PARAMETER = re.compile("[&# ]")


# Views that are one page or file of the site, whatever else the address says.
_OBJECTS = frozenset(("post", "page", "attachment", "item", "term", "author", "file"))


# A tag or comment that is longer is taken for prose.
_TAG_MAX = 20_000


def _in_tag(text: str, position: int) -> bool:
    least = max(0, position - _TAG_MAX)
    return text.rfind("<", least, position) > text.rfind(">", least, position)


def _is_to_be_read(linker: Linker, url: str) -> bool:
    """Whether an address in prose says something that the link to it would not: which question
    it asks of the CMS."""
    if is_server_only(url):
        return True
    address = linker.addresses.locate(url.partition("#")[0]) if "?" in url else None
    view = address.view if address else None
    return view is not None and view.kind not in _OBJECTS


def _holds(host: str, public: str) -> bool:
    """Whether a host is the public one or a domain that it is in."""
    return public == host or (is_name(host) and public.endswith(f".{host}"))


# A host in an address that is itself the parameter of another: `?redirect_to=http%3A%2F%2F`.
_NESTED = re.compile(r"=https?%(?:25)*3A(?:%(?:25)*2F){2}$", re.IGNORECASE)
_NESTED_MAX = 40


def _with_limits(text: str, hosts: Iterator[re.Match[str]]) -> Iterator[tuple[re.Match[str], int]]:
    """Each host, and where the next one begins that is in no parameter."""
    found: list[tuple[re.Match[str], int]] = []
    limit = len(text)
    for host in reversed(list(hosts)):
        found.append((host, limit))
        if not _NESTED.search(text[max(0, host.start() - _NESTED_MAX) : host.start()]):
            limit = host.start()
    return reversed(found)


def _rest(form: _Form, *, markup: bool, quoted: bool) -> re.Pattern[str]:
    if form is _FORMS[0]:
        return _QUOTED_REST if quoted else _MARKUP_REST if markup else form.rest
    if form is _FORMS[1]:
        return _JSON_RESTS[markup, quoted]
    return _MESSAGE_REST if form is _FORMS[2] and not quoted else form.rest


def _begins_string(text: str, position: int, form: _Form) -> bool:
    """Whether an address that stands here is the beginning of a string or of a parameter, and
    so, nearly always, all of it."""
    if form is _FORMS[0]:
        return text[max(0, position - 1) : position] in ('"', "'")
    before = text[max(0, position - _STRING_BEGINS_MAX) : position]
    if form is _FORMS[2]:
        return before.endswith(("=", "%3D", "%3d"))
    return form is _FORMS[1] and bool(_STRING_BEGINS.search(before))


# What may stand before a host and is no part of it: encoded characters, escapes in scripts.
_SEPARATOR = re.compile(
    r"(?:%(?:25){0,3}([0-9A-F]{2})|\\(?:u([0-9A-F]{4})|x([0-9A-F]{2})|[nrt]))$", re.IGNORECASE
)
_OF_A_HOST = re.compile(r"[a-z0-9_.-]$", re.IGNORECASE)
# Japanese prose goes on without a space; only where an address has begun it is a label.
_LABEL_BEFORE = re.compile(r"(?://|/\\{1,8}/|2F%(?:25)*2F)[^\s/\\\"'<>?#]*$", re.IGNORECASE)
_LABEL_MAX = 64


def _standing_alone(hosts: Spellings, text: str) -> Iterator[re.Match[str]]:
    return (match for match in hosts.finditer(text) if _begins(text, match.start()))


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


_ATTRIBUTE = re.compile(r"[\s\"'/][\w:.-]+\s*=\s*[\"']?$")


def _in_attribute(text: str, position: int) -> bool:
    return bool(_ATTRIBUTE.search(text[max(0, position - 40) : position]))
