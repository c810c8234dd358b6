"""A rule set for HAProxy: map files, and rules for the frontend that look into them.

Written for HAProxy 2.6 with PCRE2, as Debian 12 has it. Map files are trees: 100,000s of rules
cost no time; patterns are tried one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from redirects.crawlers import PREVIEW_CRAWLERS
from redirects.formats import haproxy_query
from redirects.formats.grouping import GROUPS_MAX, cut, own_of, unread
from redirects.formats.haproxy_words import argument, found, joined, matches, of, put, regsub, word
from redirects.formats.written import OTHER_HOSTS, Settings, Unsupported, Written
from redirects.match import ERRORS_PATH
from redirects.patterns import Group, Pattern, expression
from redirects.rule import by_size, names_of, sets_of_names
from redirects.rules import Rule, RuleSet
from redirects.targets import GONE, REST_CHARACTERS_MAX, encode_path

FOLDER = "/etc/haproxy/redirects"

LINE_BYTES_MAX = 12_000
"""HAProxy cuts a line of a map file at its buffer's size, 16,384 bytes unless told otherwise."""

_FILES = ("wordpress", "paths", "queries", "conditions", "names")
_NONE = found("found", absent=True)


def haproxy(rules: RuleSet, settings: Settings) -> Written:
    """The map files, and `frontend.cfg`: lines for the frontend of the public host."""
    return _HAProxy(rules, settings).written()


class _HAProxy:
    def __init__(self, rules: RuleSet, settings: Settings) -> None:
        self._rules, self._settings = rules, settings
        self._folder = (settings.folder or FOLDER).rstrip("/")
        self._lines: dict[str, list[str]] = {name: [] for name in _FILES}
        self._unsupported: list[Unsupported] = []
        self._names = sets_of_names(rules.rules)
        self._own = own_of(rules)
        self._read = haproxy_query.readable(self._own)
        # They are looked up in this order, whatever the path is.
        sets = sorted({names for found in self._names.values() for names in found}, key=by_size)
        self._sets = [names for names in sets if len(names) <= GROUPS_MAX]

    def written(self) -> Written:
        for rule in self._rules.rules:
            self._add(rule)
        for path, sets in sorted(self._names.items()):
            numbers = [f"{self._sets.index(names)}," for names in sets if names in self._sets]
            if numbers:
                self._lines["names"].append(f"{encode_path(path)} ,{''.join(numbers)}\n")
        frontend = "".join(f"{line}\n" for line in self._frontend())
        files = {f"{name}.map": "".join(lines) for name, lines in self._lines.items() if lines}
        return Written(
            {**files, "frontend.cfg": frontend},
            self._unsupported,
            list(self._notes()),
            [
                f"copy the map files to {self._folder}/ on the server",
                "put the lines of frontend.cfg into the public host's frontend, in haproxy.cfg",
                "haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl reload haproxy",
            ],
        )

    def _add(self, rule: Rule) -> None:
        names = tuple(names_of(rule.query))
        if rule.query and names not in self._sets:
            reason = f"HAProxy looks for {GROUPS_MAX} parameters of a rule"
            self._unsupported.append(Unsupported(rule, reason))
            return
        self._unsupported += unread(rule, "HAProxy", self._own, self._read)
        if rule.source.startswith("?"):
            name, key = "wordpress", haproxy_query.key_of(rule.source[1:])
        elif rule.query:
            name = "queries"
            # The number tells a set of which something is missing from a smaller one.
            asked = f"{self._sets.index(names)}{haproxy_query.key_of(rule.query)}"
            key = f"{encode_path(rule.source)}?{asked}"
        else:
            name, key = "paths", encode_path(rule.source)
        if rule.host or rule.language:
            name, key = "conditions", f"{rule.host}|{rule.language}|{key}"
        line = f"{key} {_record(rule)}\n"
        if len(line.encode()) > LINE_BYTES_MAX:
            reason = f"it takes more than {LINE_BYTES_MAX:,} bytes of a map file's line"
            self._unsupported.append(Unsupported(rule, reason))
        else:
            self._lines[name].append(line)

    # --------------------------------------------------------------- frontend

    def _frontend(self) -> Iterator[str]:
        yield from _HEAD.replace("FOLDER", self._folder).splitlines()
        yield from _request()
        is_root = "redirects_is_root"
        has_query = found("args")
        yield f"acl redirects_is_error {of('path')} -m beg {ERRORS_PATH}"
        yield f"acl {is_root} {of('path')} -m str / /index.php"
        if self._lines["names"]:
            yield put("set", f"{of('path')},{self._map('names')}", has_query)
        yield from haproxy_query.spelled_anew(f"{has_query} {is_root}")
        if self._lines["names"]:
            yield from haproxy_query.spelled_anew(f"{found('set')} !{is_root}")
        yield ""
        yield "# The query as WordPress reads it."
        yield from haproxy_query.wordpress(f"{is_root} {has_query}", self._read)
        no_key = f"{found('key', absent=True)} !redirects_is_error"
        yield ""
        yield "# The rules. A query of WordPress is answered by its own rules or not at all."
        yield from self._looked_up("wordpress", of("key"), found("key"))
        yield from self._looked_up("wordpress", of("base"), found("key"))
        yield put("rest", of("left"), found("key"))
        yield f"http-request deny deny_status 404 if {found('key')} {_NONE}"
        for number, names in enumerate(self._sets):
            holds = f"{no_key} {{ {of('set')} -m sub ,{number}, }}"
            yield from haproxy_query.own(names, f"{holds} {_NONE}")
            asked = f'{of("path")},concat("?{number}",txn.redirects_own)'
            yield from self._looked_up("queries", asked, holds)
        if self._sets:
            yield put("rest", of("own_left"), f"{no_key} {found('found')}")
            yield put("is_own", 'str("1")', f"{no_key} {found('found')}")
        yield from self._looked_up("paths", of("path"), no_key)
        yield from self._patterns(no_key)
        shorter = f'str("301 "),{joined("path")},concat(" ?")'
        yield put("found", shorter, f"{found('is_long')} {found('key', absent=True)} {_NONE}")
        not_own = f" {found('is_own', absent=True)}" if self._sets else ""
        yield put("rest", of("args"), f"{found('key', absent=True)}{not_own}")
        yield from _decision(self._settings.max_age_s)

    def _map(self, name: str) -> str:
        return f"map_str({argument(f'{self._folder}/{name}.map')})"

    def _looked_up(self, table: str, key: str, condition: str) -> Iterator[str]:
        """What rules say of a key, those for a host or a language first."""
        holds = f"{condition} {_NONE}"
        if self._lines["conditions"]:
            yield put("asked", key, holds)
            for host, language in (
                (of("host"), 'concat("|",txn.redirects_language,"|")'),
                (of("host"), 'concat("||")'),
                ('str("|")', 'concat("",txn.redirects_language,"|")'),
            ):
                sample = f"{host},{language},{joined('asked')},{self._map('conditions')}"
                yield put("found", sample, holds)
        if self._lines[table]:
            yield put("found", f"{key},{self._map(table)}", holds)

    def _patterns(self, no_key: str) -> Iterator[str]:
        if self._rules.patterns:
            yield ""
            yield "# Patterns, in their order."
        for pattern in self._rules.patterns:
            if len(pattern.names) > GROUPS_MAX:
                reason = f"HAProxy reads {GROUPS_MAX} places of a pattern"
                self._unsupported.append(Unsupported(pattern, reason))
            elif len(line := _pattern(pattern, no_key)) > LINE_BYTES_MAX:
                reason = f"it takes more than {LINE_BYTES_MAX:,} bytes of the configuration"
                self._unsupported.append(Unsupported(pattern, reason))
            else:
                yield line

    def _notes(self) -> Iterator[str]:
        yield (
            "A request line that is longer than HAProxy's buffer, or holds what is not ASCII and "
            "not percent-encoded, answers 400, from HAProxy itself. No browser sends the latter; "
            "`option accept-invalid-http-request` has it decided like all others. A query that is "
            "longer than the buffer once all of it is percent-encoded answers 404."
        )
        yield OTHER_HOSTS


def _record(rule: Rule) -> str:
    if rule.status == GONE:
        return str(GONE)
    page, mark, fragment = cut(rule.target)
    return f"{rule.status} {page} {mark} {fragment} {rule.in_place}".rstrip()


def _pattern(pattern: Pattern, no_key: str) -> str:
    expressed = expression(pattern, _literal, _group)
    page, mark, fragment = cut(pattern.replacement)
    to = f"{pattern.status} {page} {mark} {fragment}".rstrip()
    if pattern.status == GONE:
        to = str(GONE)
    for number in range(1, len(pattern.names) + 1):
        to = to.replace(f"{{{number}}}", f"\\{number}")
    holds = f"{no_key} {_NONE} {matches('path', expressed)}"
    if pattern.host:
        holds += f" {{ {of('host')} -m str {word(pattern.host)} }}"
    if pattern.language:
        holds += f" {{ {of('language')} -m str {pattern.language} }}"
    return put("found", f"{of('path')},{regsub(expressed, to, everywhere=False)}", holds)


def _literal(text: str) -> str:
    return re.sub(r"[.*()]", r"[\g<0>]", encode_path(text))


def _group(group: Group) -> str:
    if group.kind == "int":
        return "([0-9]{1,15})"
    return "((?:[^%]|%..)*)" if group.kind == "rest" else "((?:[^/%]|%..)+)"


_HEAD = """\
# Redirects for HAProxy 2.6 or later; made by `publisher redirects export --format haproxy`.
# These lines belong into the frontend of the public host, before its use_backend lines; the map
# files into FOLDER. Then: haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl reload haproxy
# An `errorfile` says what a 404, 405 and 410 look like.
"""


def _request() -> Iterator[str]:
    yield "http-request deny deny_status 405 unless METH_GET"
    # What is left as it is by `targets.encode_path`.
    kept = ",".join(
        regsub(code, mark)
        for code, mark in (
            ("%2F", "/"), ("%21", "!"), ("%2A", "*"), ("%27", "'"), ("%28", "("), ("%29", ")"),
        )
    )  # fmt: skip
    yield put("path", f"path,url_dec,url_enc,{kept}")
    yield "# A path that no file can have."
    tricks = "//|%[01][0-9A-F]|%7F|%5C|/[.][.]?(?:/|$)"
    yield (
        f"http-request deny deny_status 404 if {found('path', absent=True)} "
        f"or {matches('path', tricks)} or !{matches('path', f'^{_ENCODED_UTF8}*+$')}"
    )
    marks = "{ path -m sub -i %E3%82%99 %E3%82%9A }"
    yield "# A Mac writes some kana as two characters."
    yield put("path", f"{of('path')},{','.join(haproxy_query.compositions())}", marks)
    yield f"http-request set-path %[{of('path')}] if {marks}"
    yield "# What WordPress writes where the server can't rewrite: /index.php/about/."
    yield put("is_long", 'str("1")', matches("path", "^/index[.]php/"))
    shortened = regsub("^/index[.]php/", "/", everywhere=False)
    yield put("path", f"{of('path')},{shortened}", found("is_long"))
    yield put("args", "query")
    yield put("host", "req.hdr(host),field(1,:),lower")
    yield put("language", 'str("")')
    yield put(
        "language", f"req.hdr(accept-language,1),{regsub('[-; ].*', '', everywhere=False)},lower"
    )


# In a path that HAProxy has encoded anew, all that is not ASCII is `%XX`.
_ENCODED_UTF8 = (
    "(?:[^%]|%[0-7].|%(?:C[2-9A-F]|D.)T|%E0%[AB].T|%(?:E[1-9ABCEF])TT|%ED%[89].T"
    "|%F0%[9AB].TT|%F[1-3]TTT|%F4%8.TT)"
).replace("T", "%[89AB].")


def _decision(max_age_s: int) -> Iterator[str]:
    for number, name in enumerate(("status", "target", "mark", "fragment", "in_place"), 1):
        yield put(name, f'{of("found")},field({number}," ")', found("found"))
    status = "{{ var(txn.redirects_status) -m str {} }}"
    yield ""
    yield "# What is done."
    yield f"http-request deny deny_status 410 if {status.format(GONE)}"
    crawlers = " ".join(PREVIEW_CRAWLERS)
    yield f"acl redirects_is_crawler req.fhdr(user-agent) -m sub -i {crawlers}"
    yield f"acl redirects_is_in_place {of('in_place')} -m beg /"
    shown = "if redirects_is_crawler redirects_is_in_place"
    yield f"http-request set-pathq %[{of('in_place')}] {shown}"
    carried = matches("rest", f"^[!-~]{{1,{REST_CHARACTERS_MAX}}}$")
    yield put("carried", f"{of('mark')},{joined('rest')}", f"{found('found')} {carried}")
    yield put("location", f"{of('target')},{joined('carried', 'fragment')}", found("found"))
    for code in (301, 302, 307, 308):
        cache = f"max-age={max_age_s}" if code in (301, 308) else "no-cache"
        yield (
            f"http-request return status {code} hdr Location %[{of('location')}] "
            f"hdr Cache-Control {cache} if {status.format(code)} "
            "!redirects_is_crawler or "
            f"{status.format(code)} !redirects_is_in_place"
        )
