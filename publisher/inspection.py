"""What a text of a release must not hold, found right after it was rewritten. Pure.

It runs for every page, so a clean page must cost next to nothing: each rule first looks for
words without which it can't apply, and only around those for the rest.
"""

from __future__ import annotations

import operator
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from publisher.content_types import bare, is_text
from publisher.errors import Finding
from publisher.mail import WRITTEN_AT_SIGNS, Allowed, address_at
from publisher.places import HTML, Page, printable

# A page shows so many findings of one gate, and a word is looked at so many times.
_FINDINGS_MAX = 20
_LOOKS_MAX = 1000
# What comes before a word is looked at so far back.
_BEFORE = 300
_AFTER = 700
# A page with fewer visible characters, and nothing to look at, is empty. A word in Japanese, or
# a link to a PDF, is a page that somebody may have meant.
_VISIBLE_MIN = 2


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What the inspection has to know of a site.

    `public`: its address; `cms_hosts`: hosts of the CMS, with their ports; `logins`: log-in
    names, as far as the CMS tells them; `emails`: what `gates.emails` lists; `public_ids`: the
    ids of all public objects, None if they are not known.
    """

    public: str
    cms_hosts: tuple[str, ...] = ()
    logins: frozenset[str] = frozenset()
    emails: tuple[str, ...] = ()
    public_ids: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class _Hit:
    """Where something was found, what it is, and what is wrong with it. Equal subjects on many
    pages are one matter. `gate`: if it is not the rule's own."""

    start: int
    end: int
    subject: str
    what: str
    gate: str = ""


@dataclass(frozen=True, slots=True)
class _Rule:
    """`words`: each is looked for, and `check` told where it begins."""

    gate: str
    words: tuple[str, ...]
    check: Callable[[Page, int], _Hit | None]


def leaked(path: str, surroundings: str, body: bytes = b"") -> Finding:
    """The finding for a text that still names the CMS's host: what stands around it there, and
    the whole text, in which its line is looked for."""
    page = Page(body.decode("utf-8", "surrogateescape"), "", path)
    position = page.text.find(surroundings) if surroundings else -1
    line, column = page.line_and_column(position) if position >= 0 else (0, 0)
    excerpt = printable(surroundings)[:200]
    return Finding(
        "staging-host", printable(path), "names the host of the CMS", line, column, excerpt
    )


class Inspector:
    """Looks at the texts of one site."""

    def __init__(self, facts: SiteFacts) -> None:
        self._logins = {name.lower() for name in facts.logins}
        self._ids = facts.public_ids
        self._public_host = urlsplit(facts.public).netloc.lower()
        self._allowed = Allowed(urlsplit(facts.public).hostname or "", facts.emails)
        hosts = "|".join(re.escape(host) for host in (self._public_host, *facts.cms_hosts) if host)
        # The address before a word is the site's own: from the root, or with its host.
        self._own = re.compile(
            rf"(?:[\"'(=>`]|&quot;|(?:https?:|https?%3A)?{_SLASHES}(?:{hosts})(?::\d+)?"
            rf"(?=[/?\\%]|$))(?!{_SLASHES})(?:(?:\\?/|%2F|\?)[^\s\"'<>()`]*)?$",
            re.IGNORECASE,
        )
        self._with_host = re.compile(
            rf"{_SLASHES}(?:{hosts})(?::\d+)?[^\s\"'<>()`]*$", re.IGNORECASE
        )
        rules = (
            _Rule("staging-host", _PRIVATE_WORDS, self._private_address),
            _Rule("unpublished", ("status-",), _status),
            _Rule("unpublished", ("<h1",), _title),
            _Rule("unpublished", ("preview=", "preview_id="), self._preview),
            _Rule("unpublished", ("?p=", "page_id="), self._object),
            _Rule("user-names", ("author",), self._author),
            _Rule("user-names", ("user_login", "user_nicename"), _user_key),
            _Rule("emails", WRITTEN_AT_SIGNS, self._at_sign),
            _Rule("nonces", ("once",), _nonce),
            _Rule("cms-links", _CMS_WORDS, self._cms_link),
        )
        words = [(word.encode(), rule) for rule in rules for word in rule.words]
        # Matches of this kind, of words of two bytes at least, are looked for in many bytes at
        # a time: 5 us for a page of 30 KB, and 57 us else. So `@` is found in another way.
        self._words = BytesAhoCorasick(
            [word for word, _ in words], matchkind=MatchKind.LeftmostFirst
        )
        self._rule_of = [*(rule for _, rule in words), _Rule("emails", ("@",), self._at_sign)]

    def findings(self, body: bytes, content_type: str, path: str) -> list[Finding]:
        """What is wrong with a text (UTF-8) that will be at a path; at most 20 findings of each
        gate."""
        if not is_text(content_type):
            return []
        kind = bare(content_type)
        empty = [_nothing_shown(path)] if kind in HTML and _is_empty(body) else []
        words = self._words.find_matches_as_indexes(body)
        words += ((len(self._rule_of) - 1, at, at + 1) for at in _at_signs(body))
        if not words:  # to make text of the bytes takes longer than all of the above
            return empty
        words.sort(key=operator.itemgetter(1))
        text = body.decode("utf-8", "replace")
        page = Page(text, content_type, path)
        positions = _positions(body, words, len(body) == len(text))
        hits: dict[tuple[str, str, str], Finding] = {}
        counts: Counter[str] = Counter()
        looks: Counter[int] = Counter()
        for (word, _, _), position in zip(words, positions, strict=True):
            looks[word] += 1
            rule = self._rule_of[word]
            if looks[word] > _LOOKS_MAX or counts[rule.gate] == _FINDINGS_MAX:
                continue
            if hit := rule.check(page, position):
                found = _finding(page, rule.gate, hit)
                key = (found.gate, found.subject, found.excerpt)
                counts[rule.gate] += key not in hits
                hits.setdefault(key, found)
        return [*hits.values(), *empty]

    # -------------------------------------------------------------- one rule each

    def _at_sign(self, page: Page, position: int) -> _Hit | None:
        if page.text[position] == "@" and (hit := self._userinfo(page, position)):
            return hit
        found = address_at(page, position)
        if not found or found[2] in self._allowed:
            return None
        return _Hit(*found, f"shows {found[2]}")

    def _private_address(self, page: Page, position: int) -> _Hit | None:
        found = _PRIVATE.match(page.text, position)
        if not found or found["netloc"].lower() == self._public_host:
            return None
        place = page.place(position)
        is_this_machine = found["loopback"] is not None
        # Instructions may name one, and libraries a local host; neither is anybody's staging.
        if place == "code" or (is_this_machine and (place == "text" or page.is_script)):
            return None
        return _Hit(position, found.end(), found["netloc"].lower(), "has a private address")

    def _is_own(self, page: Page, position: int) -> bool:
        """Whether the address in which a word stands is one of this site, and no prose."""
        before = page.text[max(0, position - _BEFORE) : position]
        return page.place(position) not in ("text", "code") and bool(self._own.search(before))

    def _has_host(self, page: Page, position: int) -> bool:
        """Whether the address in which a word stands names a host of the site."""
        return bool(self._with_host.search(page.text[max(0, position - _BEFORE) : position]))

    def _preview(self, page: Page, position: int) -> _Hit | None:
        found = _PREVIEW.match(page.text, position)
        if not found or page.text[position - 1 : position] not in ("?", "&", ";"):
            return None
        if not self._is_own(page, position):
            return None
        return _Hit(position, found.end(), found[0], "links to a preview")

    def _object(self, page: Page, position: int) -> _Hit | None:
        found = _OBJECT.match(page.text, position)
        if self._ids is None or not found or int(found[1]) in self._ids:
            return None
        # With the public host it is somebody's own link to the site, dead at worst.
        if self._has_host(page, position) or not self._is_own(page, position):
            return None
        return _Hit(position, found.end(), found[1], f"links to object {found[1]}, not public")

    def _author(self, page: Page, position: int) -> _Hit | None:
        text = page.text
        if found := _AUTHOR_PATH.match(text, position):
            return self._author_path(page, position, found)
        if found := _AUTHOR_CLASS.match(text, position):
            known = found[1].lower() in self._logins
            archive = text[max(0, position - 7) : position] == "author " and _NUMBER_NEXT.match(
                text, found.end()
            )
            if (known or archive) and page.place(position) in ("tag", "data"):
                return _name(position, found.end(), found[1], "a class")
        elif (found := _AUTHOR_QUERY.match(text, position)) and self._is_own(page, position):
            return _name(position, found.end(), found[1], "an address")
        elif found := _AUTHOR_OBJECT.match(text, position, position + _AFTER):
            return _name(found.start(1), found.end(), found[1], "JSON")
        return None

    def _author_path(self, page: Page, position: int, found: re.Match[str]) -> _Hit | None:
        name = unquote(found[1])
        before = page.text[max(0, position - _BEFORE) : position]
        is_own = self._is_own(page, position)
        if not is_own and not (name.lower() in self._logins and self._with_host.search(before)):
            return None
        return _name(position, found.end(), name, "an address")

    def _userinfo(self, page: Page, position: int) -> _Hit | None:
        before = page.text[max(0, position - _BEFORE) : position]
        user, host = _USERINFO.search(before), _HOST.match(page.text, position + 1)
        if not user or not host or page.place(position) in ("code", "style", "script"):
            return None
        start = position - len(user[1])
        # The public half of a key (Sentry's DSN) is written in this place, too.
        if "@" + host[0].lower() in self._allowed or ".ingest." in host[0]:
            return None
        name = user[1].partition(":")[0]
        return replace(_name(start, host.end(), name, "an address"), gate="user-names")

    def _cms_link(self, page: Page, position: int) -> _Hit | None:
        found = _CMS_LINK.match(page.text, position)
        if not found or not self._is_own(page, position):
            return None
        # A library may name what it is made for; only what is called matters.
        if page.is_script and not found["called"]:
            return None
        # From the root it names nobody's CMS, and only that script finds nobody there: plugins
        # print `ajaxurl`, and core `_wpUtilSettings`, on every page.
        is_data = found["called"] and _DATA.search(page.text[max(0, position - _BEFORE) : position])
        is_for_scripts = is_data or page.place(position) in ("script", "data")
        if is_for_scripts and not self._has_host(page, position):
            return None
        what = found[0].replace("\\/", "/").rstrip("/\"'?")
        return _Hit(position, found.end(), what, f"leads to {what} of the CMS")


# What stands before most `@`, which are part of no address: `@media`, `"@type"`.
_NO_ADDRESS = frozenset(b" \n\t\"',{}>/(*")
_SLASHES = r"(?:\\?/\\?/|%2F%2F)"
_PRIVATE_WORDS = ("//1", "\\/\\/1", "%2F%2F1", "//[", "\\/\\/[", "//localhost", "\\/\\/localhost")
_PRIVATE = re.compile(
    rf"{_SLASHES}(?P<netloc>(?:(?P<loopback>127(?:\.\d{{1,3}}){{3}}|localhost|\[::1\])|"
    r"10(?:\.\d{1,3}){3}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}|192\.168(?:\.\d{1,3}){2}|"
    r"169\.254(?:\.\d{1,3}){2}|\[f[cd][0-9a-f]{2}:[0-9a-f:]{1,40}\])(?![\w-]|\.\w)"
    r"(?::\d{1,5})?)",
    re.IGNORECASE,
)
_CMS_WORDS = ("wp-admin", "wp-login.php", "xmlrpc.php", "wp-json", "rest_route=")
_CMS_LINK = re.compile(
    # The rules for prefetching exclude `/wp-admin/*` (`wp_get_speculation_rules`).
    r"(?:wp-admin(?:\\?/|%2F)(?!\*)(?P<called>admin-ajax\.php)?|wp-login\.php|xmlrpc\.php|"
    r"wp-json(?:(?:\\?/|%2F)[\w-]*|(?=[\"'?]))|rest_route=(?:\\?/|%2F)[\w-]*)"
)
# Within an attribute that scripts alone read.
_DATA = re.compile(r"\sdata-[\w-]{1,60}=(?:\"[^\"<>]*|'[^'<>]*)$")
_PREVIEW = re.compile(r"preview=(?:true|1)\b|preview_id=\d+")
_OBJECT = re.compile(r"\??(?:p|page_id)=(\d{1,12})(?!\d)")
# A name, as written in an address; numbers (`/author/3/`) are no names.
_NAME = r"(?!\d+(?:%2F|(?![\w%.@-])))((?:%(?!2F|3F|26|22)[0-9A-Fa-f]{2}|[\w.@-]){1,80})"
_AUTHOR_PATH = re.compile(rf"author(?:\\?/|%2F){_NAME}", re.IGNORECASE)
_AUTHOR_CLASS = re.compile(rf"author-{_NAME}")
_AUTHOR_QUERY = re.compile(rf"author_name(?:=|%3D){_NAME}")
_AUTHOR_OBJECT = re.compile(
    rf"author\"\s{{0,9}}:\s{{0,9}}\{{[^{{}}]{{0,500}}\"slug\"\s{{0,9}}:\s{{0,9}}\"{_NAME}\""
)
_NUMBER_NEXT = re.compile(r" author-\d")
_USER_KEY = re.compile(
    rf"user_(?:login|nicename)(?:\\?\"|'|&quot;)?\s{{0,9}}[:=]\s{{0,9}}(?:\\?\"|'|&quot;){_NAME}"
)
_USERINFO = re.compile(rf"{_SLASHES}([^\s/?#\"'<>@\\()]{{1,100}})$")
_HOST = re.compile(r"(?:[\w-]{1,63}\.){0,8}[\w-]{1,63}(?=[:/?#\"'\s<\\]|$)")
_NONCE = re.compile(
    r"once(?:\\?[\"']|&quot;)?(?:\s{0,9}[:=]\s{0,9}|%3D|Middleware\(\s{0,9}|\s{1,9}value=)"
    # `wp_create_nonce` gives ten hexadecimal digits.
    r"(?:\\?[\"']|&quot;|%22)?([0-9a-f]{10})(?![0-9A-Za-z])"
)
# `get_post_class` names the status of what it is about.
_STATUS = re.compile(r"status-(private|draft|pending|future|auto-draft|trash)(?=[\s\"'])")
# `private_title_format` and `protected_title_format`, in English and Japanese. In a list such a
# title is a link; on the page of the object itself it is not.
_TITLE = re.compile(r"<h1\b[^>]{0,300}>\s{0,99}(Private|Protected|非公開|保護中): ")


def _name(start: int, end: int, name: str, where: str) -> _Hit:
    return _Hit(start, end, name, f"has the log-in name {name!r} in {where}")


def _status(page: Page, position: int) -> _Hit | None:
    found = _STATUS.match(page.text, position)
    if not found or page.text[position - 1 : position] not in (" ", '"', "'"):
        return None
    if page.place(position) != "tag":
        return None
    return _Hit(position, found.end(), found[0], f"shows an object that is {found[1]}")


def _title(page: Page, position: int) -> _Hit | None:
    found = _TITLE.match(page.text, position)
    if not found or not page.is_html or page.place(position) != "text":
        return None
    return _Hit(found.start(1), found.end(), page.path, f"is marked {found[1]!r} by the CMS")


def _user_key(page: Page, position: int) -> _Hit | None:
    found = _USER_KEY.match(page.text, position)
    if not found or page.place(position) in ("code", "text"):
        return None
    return _name(position, found.end(), found[1], "JSON")


def _nonce(page: Page, position: int) -> _Hit | None:
    found = _NONCE.match(page.text, position)
    if not found or page.place(position) in ("code", "text", "style"):
        return None
    # The value differs from page to page: its field is what is the matter.
    before = re.search(r"[\w-]{0,60}$", page.text[max(0, position - 60) : position])
    field = f"{before[0] if before else ''}once"
    return _Hit(position, found.end(), field, f"has a token of the CMS ({field})")


# ------------------------------------------------------------------------ pieces


def _at_signs(body: bytes) -> Iterator[int]:
    """Where `@` stands that may be part of an address: the first ones."""
    position, count = body.find(b"@", 1), 0
    while position > 0 and count < _LOOKS_MAX:
        if body[position - 1] not in _NO_ADDRESS:
            count += 1
            yield position
        position = body.find(b"@", position + 1)


def _positions(body: bytes, words: list[tuple[int, int, int]], ascii_only: bool) -> Iterator[int]:
    """Where words begin in the decoded text, of where they begin in its bytes."""
    position = before = 0
    for _, start, _ in words:
        position += (
            start - before if ascii_only else len(body[before:start].decode("utf-8", "replace"))
        )
        before = start
        yield position


def _nothing_shown(path: str) -> Finding:
    return Finding("tiny-pages", printable(path), "shows no text and no picture")


def _finding(page: Page, gate: str, hit: _Hit) -> Finding:
    line, column = page.line_and_column(hit.start)
    excerpt = page.excerpt(hit.start, hit.end)
    subject = printable(hit.subject)
    return Finding(
        hit.gate or gate,
        printable(page.path),
        printable(hit.what),
        line,
        column,
        excerpt,
        subject,
    )


_SEEN = tuple(b'<img <iframe <video <canvas <object <embed <audio ="refresh"'.split())
_UNSEEN = re.compile(rb"<(script|style|template|noscript|svg)(?=[\s>/])", re.IGNORECASE)
# Of one run of text so much is looked at: spaces may be many.
_RUN_MAX = 2000


def _is_empty(body: bytes) -> bool:
    """Whether a page shows next to nothing. It is read no further than needed to tell."""
    if b"<" not in body and body.strip():  # a token that proves whose the site is
        return False
    visible, position = 0, max(body.find(b"<body"), 0)
    while visible < _VISIBLE_MIN:
        tag = body.find(b"<", position)
        end = tag if tag >= 0 else len(body)
        run = body[position : min(end, position + _RUN_MAX)].decode(errors="replace")
        visible += len("".join(run.split()))
        if tag < 0:
            break
        if body.startswith(b"<!--", tag):
            end = body.find(b"-->", tag + 4)
            position = end + 3 if end >= 0 else -1
        elif unseen := _UNSEEN.match(body, tag):
            # WordPress puts filters into pictures without a size (`wp_get_duotone_filter_svg`).
            if unseen[1].lower() == b"svg" and b'width="0"' not in body[tag : tag + _BEFORE]:
                return False
            position = body.find(b"</" + unseen[1], tag)
        else:
            position = body.find(b">", tag) + 1 or -1
        if position < 0:
            break
    return visible < _VISIBLE_MIN and not any(word in body for word in _SEEN)
