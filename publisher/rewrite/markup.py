"""Where the tags of a page begin and end, as browsers see it, and how one is edited in place. Pure.

Follows the tokenizer of the HTML Living Standard (13.2.5) on bytes: what is no tag there is none
here, whatever it looks like. Nothing is normalised and nothing can fail: all that is read can be
written back byte by byte. The content of `noscript` is markup here: the half of the browsers
that run no scripts see it so, and their links must work, too.

Every part of a pattern is possessive and ends at the end of the page at the latest, so no byte is
read twice on account of what is missing behind it.
"""

from __future__ import annotations

import re

import msgspec

from publisher.rewrite.foreign import Spaces

_SPACE = rb"[\t\n\f\r ]"
_END = rb"[\t\n\f\r />]"
_VALUE = rb"\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^\t\n\f\r \"'>][^\t\n\f\r >]*+"
# A name may begin with `=`, and hold quotes and `<`.
_ATTRIBUTE = (
    rb"[^\t\n\f\r />][^\t\n\f\r />=]*+"
    rb"(?:" + _SPACE + rb"*+=" + _SPACE + rb"*+(?:" + _VALUE + rb")?+)?+"
)  # fmt: skip
# What follows the first letter of a tag: it stops before `>` or at the end of the page.
# The usual form of an attribute is tried first.
_USUAL = rb"[ \n][a-z-]++=(?:\"[^\"]*+\"|'[^']*+')"
_REST = rb"[^\t\n\f\r />]*+(?:" + _USUAL + rb"|[\t\n\f\r /]++|" + _ATTRIBUTE + rb")*+"
# What may stand behind `<`. Together the patterns begin with that character, which is searched
# for fast.
_COMMENT = rb"!--(?:>|->|(?:[^-]++|-(?!-!?>))*+(?:--!?>|\Z))"
_BOGUS = rb"[!?][^>]*+>?+|/[^a-zA-Z>][^>]*+>?+"
_CDATA = rb"!\[CDATA\[(?:[^\]]++|\](?!\]>))*+(?:\]\]>|\Z)"
_END_TAG = rb"/[a-zA-Z]" + _REST + rb">?+"
# Tags with nothing but a name in them, as nearly all end tags are, and half of the start tags: no
# tokens of their own, which saves a third of the time. Those of raw elements are others.
_PLAIN_TAG = rb"/?[a-zA-Z][a-zA-Z0-9]*+>"
# Most of these, passed over first: a fifth of the time.
_PLAINEST = rb"(?!/[a-z]++>)(?!p>)"


def _name(name: str) -> bytes:
    """A pattern for a name in any case. Letters in brackets are passed over faster."""
    return "".join(f"[{char}{char.upper()}]" if char.isalpha() else char for char in name).encode()


def _until_end_tag(name: str) -> bytes:
    return rb"(?:[^<]++|<(?!/" + _name(name) + _END + rb"))*+"


# A script may hold `<!--`, within which `<script` must be closed before the script is.
_OPENS, _CLOSES = (rb"<" + mark + _name("script") + _END for mark in (b"", b"/"))
_DOUBLY_ESCAPED = rb"(?:[^<-]++|-(?!->)|<(?!/" + _name("script") + _END + rb"))*+"
_ESCAPED = (
    rb"<!(?=--)(?:[^<-]++|-(?!->)|<(?!/?" + _name("script") + _END + rb")"
    rb"|" + _OPENS + _DOUBLY_ESCAPED + rb"(?:" + _CLOSES + rb")?+)*+(?:-->)?+"
)  # fmt: skip
_SCRIPT = rb"(?:[^<]++|<(?!!--|/" + _name("script") + _END + rb")|" + _ESCAPED + rb")*+"
_RAW = {
    "script": _SCRIPT,
    "plaintext": rb"[\s\S]*+",
    **{
        name: _until_end_tag(name)
        for name in ("style", "title", "textarea", "iframe", "xmp", "noembed", "noframes")
    },
}


def _raw(name: str, content: bytes) -> bytes:
    return _name(name) + rb"(?=" + _END + rb")" + _REST + rb"(?:>" + content + rb")?+"


_RAW_TAG = rb"(?:" + rb"|".join(_raw(*item) for item in _RAW.items()) + rb")"
_ANY_TAG = rb"[a-zA-Z]" + _REST + rb">?+"
# In SVG and MathML nothing is raw. Text without markup is the same, raw or not; style sheets
# there are often CDATA.
_FOREIGN_TEXT = rb"(?:[^<]++|<" + _CDATA + rb")*+"
_FOREIGN_RAW_TAG = rb"|".join(
    _name(name) + rb"(?=" + _END + rb")" + _REST + rb"(?<!/)>" + _FOREIGN_TEXT
    + rb"(?=</" + _name(name) + _END + rb")"
    for name in ("style", "script")
)  # fmt: skip

# Most SVGs are drawings: shapes, titles, nothing that browsers read in another way than HTML. One
# as a whole is a token. All other foreign content is read tag by tag: it is the last token.
_DRAWN = "|".join(
    "path g a use defs rect circle ellipse line polyline polygon text tspan textPath symbol marker "
    "linearGradient radialGradient stop clipPath mask pattern filter image view switch "
    "fe[a-zA-Z]{1,20} animate[a-zA-Z]{0,20} set".split()
).encode()
_TITLE = rb"[tT]itle(?=" + _END + rb")" + _REST + rb"(?<!/)>[^<]*+</[tT]itle>"
_DRAWING = (
    _name("svg") + rb"(?=" + _END + rb")" + _REST + rb"(?<!/)>(?:[^<]++|<(?:/?(?:" + _DRAWN
    + rb")(?=" + _END + rb")" + _REST + rb">|" + _TITLE + rb"|" + _COMMENT + rb"))*+</[sS][vV][gG]>"
)  # fmt: skip
_FOREIGN = (
    _DRAWING + rb"|(?:" + _name("svg") + rb"|" + _name("math") + rb")(?=" + _END + rb")[\s\S]*+"
)

# What is not cut at the next tag begins with two of these letters, as few other tags do.
_WHOLE = (
    rb"(?=[sStTiIxXnNpPmM][cCtTvViIeEfFmMoOlLaA])(?:" + _FOREIGN + rb"|" + _RAW_TAG + rb")"
)  # fmt: skip

# The whole page in one call; and a token where `<` stands, in HTML and in SVG or MathML.
_TOKENS = re.compile(
    rb"(<" + _PLAINEST + rb"(?:" + _WHOLE + rb"|(?!" + _PLAIN_TAG + rb")(?:" + _ANY_TAG + rb"|"
    + _END_TAG + rb")|" + _COMMENT + rb"|" + _BOGUS + rb"))"
)  # fmt: skip
_OTHER = _ANY_TAG + rb"|" + _END_TAG + rb"|" + _COMMENT + rb"|" + _BOGUS
_IN_HTML = re.compile(rb"<(?:" + _RAW_TAG + rb"|" + _OTHER + rb")")
_IN_FOREIGN = re.compile(rb"<(?:" + _FOREIGN_RAW_TAG + rb"|" + _CDATA + rb"|" + _OTHER + rb")")
_BEGINS_FOREIGN = re.compile(rb"<(?:svg|math)" + _END, re.IGNORECASE)
_PLAIN = re.compile(rb"<" + _PLAIN_TAG)


def tokens(source: bytes) -> list[bytes]:
    """The page cut into text and tokens by turns, beginning and ending with text; joined it is
    the page. A token is a comment or a tag (in the text, if nothing but its name is in it); with a
    raw element's start tag its text; an SVG that is only drawn as a whole."""
    pieces = _TOKENS.split(source)
    last = pieces[-2] if len(pieces) > 1 else b""
    if _BEGINS_FOREIGN.match(last) and not _is_drawing(last):
        text, *others = one_by_one(last)
        pieces[-3:] = [pieces[-3] + text, *others]
    return pieces


_WHOLE_DRAWING = re.compile(rb"<" + _DRAWING)


def _is_drawing(token: bytes) -> bool:
    match = _WHOLE_DRAWING.match(token)
    return match is not None and match.end() == len(token)


def is_tree(token: bytes) -> bool:
    """Whether a token is an SVG as a whole: to be cut by `one_by_one`."""
    return bool(_BEGINS_FOREIGN.match(token)) and _is_drawing(token)


def one_by_one(source: bytes) -> list[bytes]:
    """The same as `tokens`, with every tag a token of its own."""
    pieces: list[bytes] = []
    spaces = Spaces()
    done = position = 0
    while (start := source.find(b"<", position)) >= 0:
        match = (_IN_FOREIGN if spaces.is_foreign else _IN_HTML).match(source, start)
        if match is None:
            position = start + 1
            continue
        token = match[0]
        position = match.end()
        if spaces.is_open or _BEGINS_FOREIGN.match(token):
            tag = _ENDS.match(token)
            if tag:
                spaces.close(tag[1].lower())
            elif read := Tag.read(token):
                values = {one.name: one.value for one in reversed(read.attributes)}
                spaces.open(read.name.encode(*_BYTES), values, is_closed=read.is_closed)
        if not _PLAIN.fullmatch(token):
            pieces += (source[done:start], token)
            done = position
    pieces.append(source[done:])
    return pieces


_ENDS = re.compile(rb"</([a-zA-Z][^\t\n\f\r />]*+)")
_BEGINS = re.compile(rb"<([a-zA-Z][^\t\n\f\r />]*+)")
_PART = re.compile(
    rb"[\t\n\f\r /]*+(?:(?P<name>[^\t\n\f\r />][^\t\n\f\r />=]*+)(?:" + _SPACE + rb"*+="
    + _SPACE + rb"*+(?:\"(?P<double>[^\"]*+)(?:\"|(?P<cut>\Z))"
    rb"|'(?P<single>[^']*+)(?:'|(?P<cut2>\Z))"
    rb"|(?P<bare>[^\t\n\f\r \"'>][^\t\n\f\r >]*+))?+)?+|(?P<end>>)|\Z)"
)  # fmt: skip
_QUOTES = {"double": b'"', "single": b"'"}
_CUT = ("cut", "cut2")
_BYTES = ("utf-8", "surrogateescape")
_MUST_BE_QUOTED = re.compile(rb"[\t\n\f\r \"'=<>`]")
_STANDS_ALONE = b"\t\n\f\r >"
_WHITE = b"\t\n\f\r "


class Attribute(msgspec.Struct, frozen=True, gc=False):
    """An attribute in a tag. `name`: lower-case; `start`, `end`: where it stands; `at`: where its
    value begins; `value`: as written, entities and all; `quote`: what is around it, if anything."""

    name: str
    start: int
    end: int
    at: int
    value: bytes
    quote: bytes


class Tag(msgspec.Struct, frozen=True, gc=False):
    """A start tag: its name, lower-case; its attributes, those given twice included, of which the
    first counts; where it ends in its token; whether it closes itself (which counts in SVG and
    MathML only)."""

    name: str
    attributes: tuple[Attribute, ...]
    end: int
    is_closed: bool

    @classmethod
    def read(cls, token: bytes) -> Tag | None:
        """The start tag that a token begins with; None if there is none, or the page ends in
        it: then browsers drop it."""
        begin = _BEGINS.match(token)
        if begin is None:
            return None
        attributes: list[Attribute] = []
        for part in _PART.finditer(token, begin.end()):
            group = part.lastgroup
            if group == "end":
                is_closed = part[0].endswith(b"/>")
                return cls(_text(begin[1].lower()), tuple(attributes), part.end(), is_closed)
            if group is None or group in _CUT:
                return None
            end = part.end()
            at, value = (end, b"") if group == "name" else (part.start(group), part[group])
            name, quote = _text(part["name"].lower()), _QUOTES.get(group, b"")
            attributes.append(Attribute(name, part.start("name"), end, at, value, quote))
        return None

    def edited(self, token: bytes, changes: dict[str, bytes | None]) -> bytes:
        """The token with other values for some attributes (`&` as an entity already), in the
        quotes that are there; None takes the attribute out, however often it is given."""
        pieces: list[bytes] = []
        done = 0
        seen: set[str] = set()
        for attribute in self.attributes:
            name = attribute.name
            if name not in changes or (name in seen and changes[name] is not None):
                continue
            seen.add(name)
            value = changes[name]
            if value is None:
                pieces.append(token[done : _start_of(attribute, token, done)])
                done = attribute.end
            elif attribute.quote or (value and not _MUST_BE_QUOTED.search(value)):
                after = attribute.at + len(attribute.value)
                pieces += (token[done : attribute.at], quoted(value, attribute.quote))
                done = after
            elif attribute.value:
                pieces += (token[done : attribute.at], b'"', quoted(value, b'"'), b'"')
                done = attribute.end
        return b"".join((*pieces, token[done:]))


def quoted(value: bytes, quote: bytes) -> bytes:
    """A value without the quote that ends it."""
    if quote and quote in value:
        return value.replace(quote, b"&quot;" if quote == b'"' else b"&#39;")
    return value


def _start_of(attribute: Attribute, token: bytes, done: int) -> int:
    """Where an attribute begins with the white space before it; that stays if otherwise its
    neighbours would become one."""
    start = attribute.start
    if token[attribute.end] in _STANDS_ALONE:
        while start > done and token[start - 1] in _WHITE:
            start -= 1
    return start


def _text(name: bytes) -> str:
    return name.decode(*_BYTES)
