"""HTML rewritten in place: addresses change, what only the CMS needs goes, and every other
byte stays as it was.

A page is cut into its tags (`markup.py`), and what becomes of a tag is worked out once: nearly
all of them stand on other pages, too, byte by byte. In a tag that changes, the values change
and nothing else.

A `<base>` is an address like any other: it keeps its place and leads to the public form of
what it names, so what is left relative (`#top`) still leads there. All other relative links
are resolved against it and written from the root.
"""

from __future__ import annotations

import msgspec

from publisher.addresses import Address, Addresses
from publisher.rewrite import depends, volatile
from publisher.rewrite.actions import SIGN, rewrite_actions
from publisher.rewrite.attributes import KINDS, Kind, decoded, encoded, kind_of, rewrite_value
from publisher.rewrite.closing import Closings
from publisher.rewrite.css import rewrite_css
from publisher.rewrite.linker import Linker, Style, Withheld
from publisher.rewrite.markup import Tag, is_tree, one_by_one, tokens
from publisher.rewrite.memo import NOTHING, RELATIVE, Memo, Outcome
from publisher.rewrite.removals import (
    is_bump,
    is_removed_id,
    removal_of,
    without_names,
)
from publisher.rewrite.scripts import (
    URL_STRING,
    plain_string,
    rewrite_files,
    rewrite_import_map,
    rewrite_imports,
)
from publisher.rewrite.sharing import is_share_link
from publisher.rewrite.sieve import Sieve
from publisher.rewrite.text import Hosts
from publisher.rewrite.tokens import SIGNS, Shape, settle
from publisher.rewrite.words import Words

_REMOVABLE = frozenset(("link", "meta", "form"))
# Elements whose text is read.
_READ = frozenset(("style", "script"))
# Pages within pages (`srcdoc`), so deep at most.
_DEPTH_MAX = 3
# Bytes that are no UTF-8 pass through.
_CODEC = ("utf-8", "surrogateescape")


# One is made for each tag: a dataclass takes three times as long.
class Page(msgspec.Struct):
    """A page as it is rewritten: what was taken out, what its classes say it depends on, and
    whether it may name the CMS's host, or ask search engines to stay away."""

    linker: Linker
    removals: list[str] = msgspec.field(default_factory=list)
    depends: set[str] = msgspec.field(default_factory=set)
    may_leak: bool = True
    may_hide: bool = True


class HtmlRewriter:
    """Rewrites the pages of one CMS. `keep`: the removals that are not made (`removals.ALL`);
    `shapes`: the declared ones of what is random in pages."""

    def __init__(
        self,
        addresses: Addresses,
        hosts: Hosts,
        sieve: Sieve,
        keep: frozenset[str] = frozenset(),
        shapes: tuple[Shape, ...] = (),
    ) -> None:
        self._addresses = addresses
        self._hosts = hosts
        self._sieve = sieve
        self._keep = keep
        self._shapes = shapes
        self._memo = Memo()
        self._words = Words(
            {
                **sieve.words,
                "nonce": volatile.NAMES,
                "token": SIGNS,
                "noindex": (b"noindex",),
                "action": (SIGN,),
            }
        )

    def rewrite(self, source: bytes, page: Page) -> bytes:
        """The page, which must be UTF-8, with public links. What is learnt is left in `page`.
        Bytes that are no UTF-8 stay as they are."""
        text = b"".join(self._spliced(tokens(source), page, 0))
        lower = text.lower()
        named = self._words.groups_in(lower)
        page.may_hide = "noindex" in named
        if "action" in named:
            text = rewrite_actions(
                text, lambda json: self._hosts.rewrite(json, page.linker, Style.PUBLIC)
            )
            lower = text.lower()
            named = self._words.groups_in(lower)
        page.may_leak = self._sieve.may_name_with(text, lower, named)
        if page.may_leak:
            text = self._without_host(text, lower, page.linker)
            lower = text.lower()
            page.may_leak = self._sieve.may_name(text)
        if "nonce" in named and "nonces" not in self._keep:
            text, emptied = volatile.without_nonces(text, lower)
            page.removals += ["nonces"] * emptied
        if ("token" in named or self._shapes) and "random-tokens" not in self._keep:
            shown, settled = settle(text.decode(*_CODEC), self._shapes)
            text = shown.encode(*_CODEC)
            page.removals += ["random tokens"] * settled
        return text

    def _without_host(self, text: bytes, lower: bytes, linker: Linker) -> bytes:
        pieces: list[bytes] = []
        done = 0
        for start, end in self._sieve.places(text, lower):
            part = self._hosts.rewrite(text[start:end].decode(*_CODEC), linker, markup=True)
            pieces += (text[done:start], part.encode(*_CODEC))
            done = end
        return b"".join((*pieces, text[done:]))

    def _spliced(self, pieces: list[bytes], page: Page, depth: int) -> list[bytes]:
        """The pieces of a page or a part of one, each with what becomes of it."""
        known = self._memo.known.get
        linker = page.linker
        closings = Closings(pieces)
        found: list[tuple[str, Address]] = []
        made_of: list[str] = []
        has_base = False
        resume = 0  # what stands before this piece is out
        for number, outcome in enumerate(map(known, pieces[1::2])):
            if outcome is NOTHING or (index := 2 * number + 1) < resume:
                continue
            if outcome is None or outcome is RELATIVE:
                outcome = self._outcome(pieces[index], linker, depth)
            if outcome.link is not None:  # most of them
                pieces[index] = outcome.link
                found += outcome.found
                continue
            if outcome.goes and (end := self._take_out(pieces, index, closings)):
                page.removals.append(outcome.goes)
                resume = end
                continue
            if outcome.goes:
                page.removals.append("never closed")
            if outcome.text is not None:
                pieces[index] = outcome.text
            found += outcome.found
            page.removals += outcome.removals
            made_of += outcome.depends
            if outcome.base is not None and not has_base:
                has_base = True
                linker.rebase(outcome.base)
        page.depends.update(made_of)
        for path, address in found:
            linker.found.setdefault(path, address)  # the first address of a key counts
        return pieces

    @staticmethod
    def _take_out(pieces: list[bytes], index: int, closings: Closings) -> int:
        """Empty the pieces of the element that begins here. Returns the one after which the
        page goes on, 0 if the element has no end."""
        end = closings.of(index)
        if end is None:
            return 0
        last, size = end
        pieces[index:last] = [b""] * (last - index)
        pieces[last] = pieces[last][size:]
        return last

    def _outcome(self, token: bytes, linker: Linker, depth: int) -> Outcome:
        """What becomes of a token, remembered or worked out."""
        memo = self._memo
        folder = linker.folder
        if (outcome := memo.recall(token)) is not None:
            return outcome
        if (outcome := memo.recall((token, folder))) is not None:
            linker.is_relative = True
            return outcome
        before, linker.found = linker.found, {}
        was_relative, linker.is_relative = linker.is_relative, False
        outcome = self._made(token, linker, depth)
        linker.found = before
        if not depth or b"srcdoc" not in token.lower():
            memo.learn(token, folder if linker.is_relative else None, outcome)
        linker.is_relative |= was_relative
        return outcome

    def _made(self, token: bytes, linker: Linker, depth: int) -> Outcome:
        if token.startswith(b"<!--"):
            return self._comment(token)
        tag = Tag.read(token)
        if tag is None:
            return NOTHING
        page = Page(linker)
        if tag.name == "svg" and is_tree(token):
            text = b"".join(self._spliced(one_by_one(token), page, depth))
            return _outcome(token, text, page)
        if not (tag.attributes or tag.name in _READ):
            return NOTHING
        named: dict[str, str] = {}
        for attribute in tag.attributes:
            named.setdefault(attribute.name, decoded(attribute.value.decode(*_CODEC)))
        goes = self._removal(tag.name, named)
        changes = self._changes(tag.name, named, page, depth)
        text = token
        if changes:
            written = {
                name: None if value is None else encoded(value).encode(*_CODEC)
                for name, value in changes.items()
            }
            text = tag.edited(token, written)
        content = token[tag.end :]
        if content and tag.name in _READ:
            new = self._raw(tag.name, named.get("type", ""), content, page)
            text = text.removesuffix(content) + new
        base = named.get("href") if tag.name == "base" else None
        return _outcome(token, text, page, goes, base)

    def _comment(self, token: bytes) -> Outcome:
        """Nothing is left of what a cache plugin says about its work."""
        lower = token.lower()
        if "plugin-timestamps" in self._keep or not any(
            sign in lower for sign in volatile.STAMP_SIGNS
        ):
            return NOTHING
        is_stamp = volatile.is_stamp(token[4:].decode(*_CODEC).removesuffix("-->"))
        return Outcome(b"", removals=("plugin timestamps",)) if is_stamp else NOTHING

    def _removal(self, tag: str, named: dict[str, str]) -> str:
        """The report's name for why an element goes, '' if it stays."""
        reasons = [removal_of(tag, named)] if tag in _REMOVABLE else []
        if "id" in named:
            reasons.append(is_removed_id(named["id"]))
        if tag == "a" and "comment-reply-link" in named.get("class", "").split():
            reasons.append(("comment forms", "comment-forms"))
        if not reasons:  # nearly always
            return ""
        return next((one[0] for one in reasons if one and one[1] not in self._keep), "")

    def _changes(
        self, tag: str, named: dict[str, str], page: Page, depth: int
    ) -> dict[str, str | None]:
        """The values of attributes that are others for the public; None: it may not have it."""
        changes: dict[str, str | None] = {}
        for name, value in named.items():
            kind = KINDS.get(name)
            if kind is None or not value or value[0] == "#":
                continue
            new: str | None
            if kind is Kind.CLASS:
                page.depends.update(depends.of_classes(value, self._addresses))
                new = self._classes(tag, value, page)
            elif kind is Kind.PAGE:
                new = self._inner_page(value, page, depth)
            else:
                new = self._address(tag, name, kind, named, page)
            if new != value:
                changes[name] = new
        if tag == "input" and "nonces" not in self._keep and _is_nonce(named):
            changes["value"] = ""
            page.removals.append("nonces")
        return changes

    def _classes(self, tag: str, value: str, page: Page) -> str:
        while (changed := without_names(tag, value)) and changed[2] not in self._keep:
            value = changed[0]
            page.removals.append(changed[1])
        return value

    def _address(
        self, tag: str, name: str, kind: Kind, named: dict[str, str], page: Page
    ) -> str | None:
        value = named[name]
        special = kind_of(kind, tag, name, named)
        if special is None:
            return value
        try:
            new = rewrite_value(special, value, page.linker)
        except Withheld:
            page.removals.append("links to what is not public")
            return None
        if new == value and (special is Kind.SHARED_URL or is_share_link(value)):
            return self._hosts.rewrite(value, page.linker, Style.SHARED)
        return new

    def _inner_page(self, source: str, page: Page, depth: int) -> str:
        if depth >= _DEPTH_MAX:
            return source
        linker = Linker(self._addresses, page.linker.base)
        inner = Page(linker, page.removals, page.depends)
        pieces = self._spliced(tokens(source.encode(*_CODEC)), inner, depth + 1)
        body = b"".join(pieces)
        text = body.decode(*_CODEC)
        if self._sieve.may_name(body):
            text = self._hosts.rewrite(text, linker, markup=True)
        for path, address in linker.found.items():
            page.linker.found.setdefault(path, address)
        page.linker.is_relative |= linker.is_relative
        return text

    def _raw(self, tag: str, kind: str, content: bytes, page: Page) -> bytes:
        """The text within a style sheet or a script. `kind`: the script's type."""
        if tag == "style":
            text = content.decode(*_CODEC)
            if is_bump(text) and "admin-bar" not in self._keep:
                page.removals.append("admin bar")
                return b""
            return rewrite_css(text, page.linker, moves=True).encode(*_CODEC)
        return self._script(kind.strip().lower(), content, page.linker)

    def _script(self, kind: str, content: bytes, linker: Linker) -> bytes:
        """Scripts name addresses from the root; JSON-LD is read elsewhere and needs them whole."""
        if kind == "module":
            content = rewrite_imports(content.decode(*_CODEC), linker, moves=True).encode(*_CODEC)
        elif kind == "importmap":
            content = rewrite_import_map(content.decode(*_CODEC), linker).encode(*_CODEC)
        elif kind.endswith("json"):
            content = rewrite_files(content.decode(*_CODEC), linker).encode(*_CODEC)
        if not self._sieve.may_name(content):
            return content
        style = Style.PUBLIC if kind.endswith("ld+json") else Style.ROOT
        content = URL_STRING.sub(lambda match: self._string(match[0], style, linker), content)
        if not self._sieve.may_name(content):
            return content
        return self._hosts.rewrite(content.decode(*_CODEC), linker, style).encode(*_CODEC)

    def _string(self, string: bytes, style: Style, linker: Linker) -> bytes:
        """A string in a script that is an address: the same ones stand on many pages."""
        key = (string, style.value)
        outcome = self._memo.recall(key)
        if outcome is None:
            before, linker.found = linker.found, {}
            text = string.decode(*_CODEC)
            new = plain_string(text, linker, style) or self._hosts.rewrite(text, linker, style)
            outcome = Outcome(new.encode(*_CODEC), tuple(linker.found.items()))
            linker.found = before
            self._memo.keep(key, outcome)
        for path, address in outcome.found:
            linker.found.setdefault(path, address)
        return outcome.text or string


def _outcome(
    token: bytes, text: bytes, page: Page, goes: str = "", base: str | None = None
) -> Outcome:
    new = None if text == token else text
    found = tuple(page.linker.found.items())
    if page.depends or page.removals or goes or base is not None:
        return Outcome(new, found, tuple(page.depends), tuple(page.removals), goes, base)
    return Outcome(new, found, link=new) if found or new is not None else NOTHING


def _is_nonce(named: dict[str, str]) -> bool:
    value = volatile.HEX_NONCE.fullmatch(named.get("value", ""))
    return "nonce" in named.get("name", "").lower() and value is not None
