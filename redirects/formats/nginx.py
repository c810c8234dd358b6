"""A rule set for a plain nginx: maps and map files, without JavaScript.

Written for nginx 1.22 with PCRE2. A lookup is a hash, so 100,000s of rules cost no time; patterns
are tried one after the other. Variables of nginx are worked out when they are read: a request
that asks for a page without a query costs two lookups.
"""

from __future__ import annotations

from collections.abc import Iterator

from redirects.crawlers import PREVIEW_CRAWLERS
from redirects.formats import nginx_query
from redirects.formats.grouping import GROUPS_MAX, cut, own_of, unread
from redirects.formats.nginx_text import DECISION, HEAD, REQUEST, SERVER
from redirects.formats.nginx_words import WORD_BYTES_MAX, Table, literal, map_of, word
from redirects.formats.spelling import decomposed, forms, pairs_of, spelled
from redirects.formats.written import OTHER_HOSTS, Settings, Unsupported, Written
from redirects.match import ERRORS_PATH
from redirects.patterns import Group, Pattern, expression
from redirects.query import decode
from redirects.rule import names_of, sets_of_names
from redirects.rules import Rule, RuleSet
from redirects.targets import REST_CHARACTERS_MAX

FOLDER = "/etc/nginx/redirects"
SETS_MAX = 40
"""So many different sets of parameters nginx looks for; more would be a rule set by mistake."""

# Between the parts of a key: no clean path has it, nor a host or a language.
_AND = "//"
_FILES = ("wordpress", "paths", "queries", "conditions", "names")


def nginx(rules: RuleSet, settings: Settings) -> Written:
    """The files of a folder that an nginx includes: `http.conf` into its `http` block,
    `server.conf` into the `server` block of the public host."""
    return _Nginx(rules, settings).written()


class _Nginx:
    def __init__(self, rules: RuleSet, settings: Settings) -> None:
        self._rules, self._settings = rules, settings
        self._folder = (settings.folder or FOLDER).rstrip("/")
        self._tables = {name: Table() for name in _FILES}
        self._unsupported: list[Unsupported] = []
        self._names = sets_of_names(rules.rules)
        sets = dict.fromkeys(one for path in sorted(self._names) for one in self._names[path])
        self._sets = list(filter(nginx_query.is_short, sets))[:SETS_MAX]
        self._levels = 0  # so many sets are looked up for one path, one after the other
        self._own = own_of(rules)
        self._read = nginx_query.readable(self._own)

    def written(self) -> Written:
        for rule in self._rules.rules:
            self._add(rule)
        for path, sets in self._names.items():
            numbers = [str(self._sets.index(names)) for names in sets if names in self._sets]
            self._levels = max(self._levels, len(numbers))
            if numbers:
                self._tables["names"].add(_paths(path), ",".join(numbers))
        patterns = list(self._patterns())
        files = {f"{name}.map": table.text() for name, table in self._tables.items() if len(table)}
        files["http.conf"] = self._http(patterns)
        files["server.conf"] = SERVER.replace("FOLDER", self._folder)
        return Written(files, self._unsupported, list(self._notes()), self._install())

    # ------------------------------------------------------------------ rules

    def _add(self, rule: Rule) -> None:
        names = tuple(names_of(rule.query))
        if rule.query and names not in self._sets:
            reason = f"nginx looks for {SETS_MAX} sets of parameters, and for short names"
            self._unsupported.append(Unsupported(rule, reason))
            return
        self._unsupported += unread(rule, "nginx", self._own, self._read)
        if rule.source.startswith("?"):
            name, keys = "wordpress", list(forms(pairs_of(rule.source[1:]), kana=True))
        elif rule.query:
            name = "queries"
            number, queries = self._sets.index(names), forms(pairs_of(rule.query), kana=False)
            asked = [f"{_AND}{number}{query}" for query in queries]
            keys = [path + query for path in _paths(rule.source) for query in asked]
        else:
            name, keys = "paths", _paths(rule.source)
        if rule.host or rule.language:
            name = "conditions"
            keys = [_AND.join((rule.host, rule.language, key)) for key in keys]
        if not self._tables[name].add(keys, _record(rule)):
            reason = f"it takes more than the {WORD_BYTES_MAX} bytes that nginx reads as a word"
            self._unsupported.append(Unsupported(rule, reason))

    def _patterns(self) -> Iterator[tuple[str, str]]:
        for pattern in self._rules.patterns:
            row = _pattern_row(pattern)
            if len(pattern.names) > GROUPS_MAX:
                reason = f"nginx reads {GROUPS_MAX} places of a pattern"
                self._unsupported.append(Unsupported(pattern, reason))
            elif max(len(word(part).encode()) for part in row) > WORD_BYTES_MAX:
                reason = f"it takes more than the {WORD_BYTES_MAX} bytes that nginx reads as a word"
                self._unsupported.append(Unsupported(pattern, reason))
            else:
                yield row

    # ------------------------------------------------------------------- text

    def _http(self, patterns: list[tuple[str, str]]) -> str:
        size = max(len(table) for table in self._tables.values())
        longest = max(table.longest_bytes for table in self._tables.values())
        bucket = 128
        while bucket < longest + 64:
            bucket *= 2
        return "".join(
            (
                HEAD.replace("FOLDER", self._folder),
                f"map_hash_max_size {max(2048, 2 * size)};\nmap_hash_bucket_size {bucket};\n"
                "variables_hash_max_size 4096;\nvariables_hash_bucket_size 128;\n\n",
                REQUEST.replace("CRAWLERS", "|".join(PREVIEW_CRAWLERS)),
                self._languages(),
                nginx_query.wordpress(self._read),
                "".join(nginx_query.own(self._sets, self._levels)),
                *self._lookups(),
                "\n# Patterns, in their order.\n" if patterns else "",
                map_of(
                    "$host\t$redirects_language\t$redirects_raw",
                    "redirects_pattern",
                    [("default", ""), *patterns],
                ),
                DECISION.replace("MAX_AGE", str(self._settings.max_age_s)).replace(
                    "REST_MAX", str(REST_CHARACTERS_MAX)
                ),
            )
        )

    def _languages(self) -> str:
        """The visitor's first language, if a rule asks for it."""
        languages = {rule.language for rule in self._rules.rules}
        languages |= {pattern.language for pattern in self._rules.patterns}
        return map_of(
            "$http_accept_language",
            "redirects_language",
            [
                ("default", ""),
                *(
                    (f"~*^ *{language}(?:[-;, ]|$)", language)
                    for language in sorted(languages - {""})
                ),
            ],
        )

    def _lookups(self) -> Iterator[str]:
        """Each lookup, and those that have been found as one record, the first that there is."""
        yield "\n# The rules.\n"
        yield from self._looked_up("key", "wordpress", "$redirects_key", "w")
        yield from self._looked_up("base", "wordpress", "$redirects_base", "w")
        for level in range(self._levels):
            key = f"$redirects_path{_AND}$redirects_own_key_{level}"
            yield from self._looked_up(f"query_{level}", "queries", key, f"q{level}")
        yield from self._looked_up("path", "paths", "$redirects_path", "a")
        yield from self._named()
        # A query of WordPress is answered by its own rules or not at all.
        yield _first("redirects_for_query", ["redirects_by_key", "redirects_by_base"])
        yield _first(
            "redirects_for_page",
            [
                *(f"redirects_by_query_{level}" for level in range(self._levels)),
                *("redirects_by_path", "redirects_pattern", "redirects_shorter"),
            ],
        )
        # Error pages belong to no release, so that no rule is for them.
        yield map_of(
            "$redirects_path",
            "redirects_for_path",
            [(f"~^{ERRORS_PATH}", "$redirects_shorter"), ("default", "$redirects_for_page")],
        )
        # Without a parameter that a rule asks for there is nothing to look up.
        yield map_of(
            "$redirects_key",
            "redirects_record",
            [("", "$redirects_for_path"), ("default", "$redirects_for_query")],
        )

    def _named(self) -> Iterator[str]:
        """Which parameters matter to the path."""
        if not len(self._tables["names"]):
            yield map_of("", "redirects_set", [("default", "")])
            return
        yield self._table("redirects_names_found", "names", "$redirects_path")
        yield _checked("redirects_set", "$redirects_path", "redirects_names_found", "")

    def _looked_up(self, name: str, table: str, key: str, by: str) -> Iterator[str]:
        found = []
        if len(self._tables["conditions"]):
            for number, (host, language) in enumerate(
                (
                    ("$host", "$redirects_language"),
                    ("$host", ""),
                    ("", "$redirects_language"),
                )
            ):
                asked = _AND.join((host, language, key))
                variable = f"redirects_{name}_{number}"
                yield self._table(f"{variable}_found", "conditions", asked)
                yield _checked(variable, asked, f"{variable}_found", f"{by}\t")
                found.append(variable)
        if len(self._tables[table]):
            yield self._table(f"redirects_{name}_found", table, key)
            yield _checked(f"redirects_{name}_any", key, f"redirects_{name}_found", f"{by}\t")
            found.append(f"redirects_{name}_any")
        yield _first(f"redirects_by_{name}", found)

    def _table(self, variable: str, table: str, key: str) -> str:
        file = f"{self._folder}/{table}.map"
        return map_of(key, variable, [("default", "")], include=file)

    # ------------------------------------------------------------------ words

    def _notes(self) -> Iterator[str]:
        sources = {rule.source for rule in self._rules.rules}
        if any(source.startswith("?") for source in sources):
            yield (
                "nginx can't decode a query. Numbers in digits, and names and the marks behind a "
                "value in any spelling, are understood; a value percent-encoded in part or "
                "without need, or in both upper and lower case, answers 404, and so do kana of "
                "which some have their sound marks apart, and dates and lists of ids with digits "
                f"in more than {nginx_query.LIST_RUNS_MAX} places. A query whose known variables "
                f"stand in more than {nginx_query.RUNS_MAX} places, with others between them, is "
                "redirected without the others."
            )
        if self._names:
            yield (
                "The same holds for parameters of own rules: another spelling of a value is "
                "another value."
            )
        yield (
            "A path with sound marks finds its rule if all of them are composed or, as a Mac "
            "writes them, none is; in the latter form it finds no file."
        )
        yield (
            "What a pattern finds, and what is behind `/index.php/`, is written into the target as "
            "the visitor spelled it."
        )
        if any("?" in pattern.target for pattern in self._rules.patterns):
            yield (
                "Behind the `?` of a pattern's target no `&` and no `+` is taken: such a path is "
                "not redirected."
            )
        yield "A path with a broken escape answers 400, from nginx itself, and not 404."
        yield OTHER_HOSTS

    def _install(self) -> list[str]:
        return [
            f"copy the files to {self._folder}/ on the server",
            f"add to nginx's http block: include {self._folder}/http.conf;",
            f"add to the public host's server block: include {self._folder}/server.conf;",
            "nginx -t && systemctl reload nginx",
        ]


def _record(rule: Rule) -> str:
    page, mark, fragment = cut(rule.target)
    in_place = decode(rule.in_place) or ""
    fields = (str(rule.status), page, mark, fragment, in_place)
    return "\t".join(literal(field) for field in fields)


def _paths(path: str) -> list[str]:
    """The spellings of a decoded path: as it is, and as a Mac writes it."""
    return list(dict.fromkeys((path, decomposed(path))))


def _pattern_row(pattern: Pattern) -> tuple[str, str]:
    host = pattern.host.replace(".", "\\.") or "[^\\t]*"
    language = pattern.language or "[^\\t]*"
    path = expression(pattern, _literal, _group).removeprefix("^")
    page, mark, fragment = cut(pattern.replacement)
    fields = [f"a\t{pattern.status}", page, mark, fragment, ""]
    value = literal("\t".join(fields))
    for number in range(1, len(pattern.names) + 1):
        value = value.replace(f"{{{number}}}", f"${number}")
    return f"~^{host}\\t{language}\\t{path}", value


def _literal(text: str) -> str:
    apart = ((one, decomposed(one)) for one in text)
    return "".join(
        spelled(one) if one == other else f"(?:{spelled(one)}|{spelled(other)})"
        for one, other in apart
    )


def _group(group: Group) -> str:
    if group.kind == "int":
        return "((?:[0-9]|%3[0-9]){1,15})"
    no = "&+" if group.is_in_query else ""
    if group.kind == "rest":
        return f"([^{no}]*)" if no else "(.*)"
    return f"((?:[^/%{no}]|%(?!2[Ff])..)+)"


def _checked(variable: str, key: str, found: str, before: str) -> str:
    """Of what a table has, the record for exactly this key."""
    exact = "~^([^\\n]*)(?:\\n[^\\n]*)*?\\n\\1(?:\\n[^\\n\\t]*)*\\t([^\\r]*)\\r"
    return map_of(f"{key}${found}", variable, [(exact, f"{before}$2"), ("default", "")])


def _first(variable: str, found: list[str]) -> str:
    """A variable that is the first of these which is not empty."""
    text = ""
    for number, one in reversed(list(enumerate(found))):
        name = variable if number == 0 else f"{variable}_{number}"
        after = "" if number == len(found) - 1 else f"${variable}_{number + 1}"
        text += map_of(f"${one}", name, [("", after), ("default", f"${one}")])
    return text or map_of("", variable, [("default", "")])
