"""A rule set as Netlify's `_redirects`: one rule a line, the first that matches decides.

Documented at docs.netlify.com (Redirects and rewrites; Redirect options). What is not documented
was asked of `netlify-redirector` 0.5.0, the engine of Netlify's command line: parameters of a rule
are compared decoded, the last of a name counts, others may be there; paths are compared as they
are spelled, with or without a slash at the end alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from redirects.formats.grouping import own_of
from redirects.formats.spelling import pairs_of
from redirects.formats.written import OTHER_HOSTS, Settings, Unsupported, Written
from redirects.match import ERRORS_PATH
from redirects.patterns import PLACEHOLDER, Pattern
from redirects.query import VARIABLES
from redirects.rule import by_size, names_of
from redirects.rules import Rule, RuleSet
from redirects.targets import GONE, encode_path, without_query

LINES_MANY = 10_000
"""Above so many rules Netlify recommends something else, and a deploy may fail."""

NOT_FOUND = "/404.html"

_PARTS = frozenset(("paged", "page", "cpage", "embed"))
_IDS = ("p", "page_id", "attachment_id")
# What browsers leave as it is in a path.
_SAFE = "/!$&'()*+,;=:@~"
_STATUS = {307: 302, 308: 301}
_ORIGIN = re.compile("https?://[^/?#]*")


def netlify(rules: RuleSet, settings: Settings) -> Written:
    """The file `_redirects`, for the folder that is published. Of the settings, the host alone is
    in it."""
    return _Netlify(rules, settings).written()


class _Netlify:
    def __init__(self, rules: RuleSet, settings: Settings) -> None:
        self._rules = rules
        # What a splat finds may begin with a slash, and `//name` is another host's address.
        self._home = f"https://{settings.host}" if settings.host else ""
        self._own = own_of(rules)
        self._unsupported: list[Unsupported] = []
        self._without_slash: dict[tuple[str, str, str, str], Rule] = {}

    def written(self) -> Written:
        lines = [
            *self._wordpress(),
            *(line for rule in self._of_paths() for line in self._lines(rule)),
            f"/index.php/* {self._home}/:splat 301!" if self._home else "/index.php / 301!",
            *self._patterns(),
        ]
        text = "".join(f"{line}\n" for line in (*_HEAD.splitlines(), *lines))
        return Written(
            {"_redirects": text},
            self._unsupported,
            list(self._notes(len(lines))),
            [
                "copy _redirects into the folder that Netlify publishes, beside index.html",
                f"have a page {NOT_FOUND} there, for what is not found",
                "deploy, and look at the deploy's log: it counts the rules and names bad ones",
            ],
        )

    # ------------------------------------------------------------------ rules

    def _wordpress(self) -> Iterator[str]:
        """The queries of WordPress, those that ask for more first; and 404 for all others."""
        by_names: dict[tuple[str, ...], list[Rule]] = {}
        for rule in self._rules.rules:
            if rule.source.startswith("?"):
                names = tuple(name for name, _ in pairs_of(rule.source[1:]))
                by_names.setdefault(names, []).append(rule)
        for names in sorted(by_names, key=lambda one: (-len(one), one)):
            for rule in by_names[names]:
                yield from self._lines(rule)
            # A part of a page that is not there falls back to the page; all else is another.
            parts = _PARTS - {"paged"} if "sitemap" in names else _PARTS
            if len(names) > 1 and parts.isdisjoint(names):
                yield from _not_found(names)
        if by_names:
            for name in (*VARIABLES, *self._own.names):
                yield from _not_found((name,))

    def _of_paths(self) -> list[Rule]:
        """In the order of the set, those with most parameters first."""
        # Error pages belong to no release, so that no rule is for them.
        chosen = [
            rule for rule in self._rules.rules if not rule.source.startswith(("?", ERRORS_PATH))
        ]
        return sorted(chosen, key=_order)

    def _lines(self, rule: Rule) -> Iterator[str]:
        problem = self._problem(rule)
        if problem:
            self._unsupported.append(Unsupported(rule, problem))
            return
        path, pairs = rule.source, pairs_of(rule.query) if rule.query else []
        if path.startswith("?"):
            path, pairs = "/", pairs_of(path[1:])
        if rule.in_place:
            reason = "Netlify can't tell preview crawlers apart: they are redirected, too"
            self._unsupported.append(Unsupported(rule, reason))
        if rule.status in _STATUS:
            reason = f"Netlify documents no {rule.status}: it answers {_STATUS[rule.status]}"
            self._unsupported.append(Unsupported(rule, reason))
        for spelled in self._forms(rule.source, pairs):
            for origin in (f"http://{rule.host}", f"https://{rule.host}") if rule.host else ("",):
                words = (
                    origin + quote(path, safe=_SAFE),
                    *(f"{name}={value}" for name, value in spelled),
                    rule.target or NOT_FOUND,
                    f"{_STATUS.get(rule.status, rule.status)}!",
                    *([f"Language={rule.language}"] if rule.language else []),
                )
                yield " ".join(words)

    def _problem(self, rule: Rule) -> str:
        pairs = pairs_of(rule.source[1:] if rule.source.startswith("?") else rule.query)
        if any(re.search(r"[\s=\x00-\x20\x7f]", value) for _, value in pairs):
            return "a space, a control character or `=` in a parameter can't be written"
        if any(value.startswith((":", "*")) for _, value in pairs):
            return "a parameter that begins with `:` or `*` stands for all values"
        if not rule.source.startswith("?"):
            if "*" in rule.source or "/:" in rule.source:
                return "`*` and a colon behind a slash stand for other texts"
            bare = rule.source.rstrip("/")
            if without_query(rule.target).rstrip("/") == encode_path(bare):
                return "Netlify itself serves a page with and without the slash at its end"
            key = (bare, rule.query, rule.host, rule.language)
            other = self._without_slash.setdefault(key, rule)
            if other.decision != rule.decision:
                return f"Netlify takes it for {other.source!r}: a slash at the end is no difference"
        return ""

    def _forms(self, source: str, pairs: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
        """The parameters; an id of WordPress under each of its three names, and what is of the
        site's own types and taxonomies under theirs."""
        yield pairs
        if source.startswith("?p="):
            for name in _IDS[1:]:
                yield [(name, pairs[0][1]), *pairs[1:]]
        elif source.startswith("?"):
            values = dict(pairs)
            for own, kind, named in (
                (self._own.types, "post_type", "name"),
                (self._own.taxonomies, "taxonomy", "term"),
            ):
                if named in values and values.get(kind) in own:
                    others = [pair for pair in pairs if pair[0] not in (kind, named)]
                    yield [(values[kind], values[named]), *others]

    def _patterns(self) -> Iterator[str]:
        for pattern in self._rules.patterns:
            problem = _pattern_problem(pattern)
            home = self._home if pattern.target.startswith(("/{", "/*")) else ""
            if not problem and not home and pattern.target.startswith(("/{", "/*")):
                problem = "its target needs the site's host, or visitors could choose another one"
            if problem:
                self._unsupported.append(Unsupported(pattern, problem))
                continue
            # A page that is there is better than a redirect that was not meant for it.
            force = "!"
            if ":int}" in pattern.source:
                force = ""
                reason = "Netlify can't ask for digits: other texts match, where no page is"
                self._unsupported.append(Unsupported(pattern, reason))
            if pattern.status in _STATUS:
                reason = f"Netlify documents no {pattern.status}: it answers "
                self._unsupported.append(Unsupported(pattern, f"{reason}{_STATUS[pattern.status]}"))
            path = "/".join(
                f":{found[1]}"
                if (found := PLACEHOLDER.fullmatch(part))
                else quote(part, safe=_SAFE)
                for part in pattern.source.split("/")
            )
            status = f"{_STATUS.get(pattern.status, pattern.status)}{force}"
            language = [f"Language={pattern.language}"] if pattern.language else []
            for scheme in ("http", "https") if pattern.host else ("",):
                origin = f"{scheme}://{pattern.host}" if scheme else ""
                yield " ".join(
                    (origin + path, home + _of_pattern(pattern.target), status, *language)
                )

    def _notes(self, lines: int) -> Iterator[str]:
        sources = [rule.source for rule in self._rules.rules]
        if any(source.startswith("?") for source in sources):
            yield (
                "Netlify compares a number as a text: `?p=01632` and `?p=1632/` answer 404, and so "
                "do `?p=`, `?p=0`, `?p=abc` and `?paged=1`, where WordPress has the home page; "
                "`amp;p=` is the home page. A second variable that no rule asks for is overlooked."
            )
            yield (
                "Netlify compares values as texts, too: a list of categories with a comma at its "
                "end, a date with dashes, and kana as a Mac writes them answer 404."
            )
        yield "`/index.php` and what is behind it needs two redirects: first without it."
        yield "A path that is spelled otherwise than by browsers is not redirected."
        yield "How long browsers keep a redirect, and which methods get one, can't be said."
        yield "What is left of the query is carried over as Netlify does it."
        yield OTHER_HOSTS
        all_rules: list[Rule | Pattern] = [*self._rules.rules, *self._rules.patterns]
        if any(rule.status == GONE for rule in all_rules):
            yield "410 is not in Netlify's documentation; its engine knows it."
        if any(rule.language for rule in all_rules):
            yield "Which of a visitor's languages counts is Netlify's choice."
        if lines > LINES_MANY:
            yield (
                f"{lines:,} lines: above {LINES_MANY:,} Netlify recommends an Edge Function, and "
                "a deploy may fail."
            )


def _order(rule: Rule) -> tuple[str, tuple[int, tuple[str, ...]], tuple[str, str, str, str]]:
    names = tuple(names_of(rule.query)) if rule.query else ()
    return rule.source, by_size(names), rule.requests


def _not_found(names: tuple[str, ...]) -> Iterator[str]:
    places = " ".join(f"{name}=:{re.sub('[^a-z]', '', name) or 'x'}" for name in names)
    yield f"/ {places} {NOT_FOUND} 404!"
    if names[0] == "p" and len(names) > 1:
        for other in _IDS[1:]:
            yield f"/ {places.replace('p=:p', f'{other}=:p', 1)} {NOT_FOUND} 404!"


def _of_pattern(target: str) -> str:
    """A pattern's target in Netlify's words, in which a colon that is none of them is encoded."""
    origin = _ORIGIN.match(target)
    beginning = origin[0] if origin else ""
    page = target.removeprefix(beginning).replace(":", "%3A")
    written = re.sub(r"\*\Z", ":splat", PLACEHOLDER.sub(r":\1", page))
    return beginning + written or NOT_FOUND


def _pattern_problem(pattern: Pattern) -> str:
    parts = pattern.source.removesuffix("*").split("/")
    if any("{" in part and not PLACEHOLDER.fullmatch(part) for part in parts):
        return "Netlify's placeholders are whole folders of a path"
    if any(part.startswith(":") or "*" in part for part in parts):
        return "`*` and a colon behind a slash stand for other texts"
    if re.search(r"\}[A-Za-z0-9_]", pattern.target):
        return "behind a placeholder of a target Netlify needs a mark"
    return ""


_HEAD = f"""\
# Redirects for Netlify; made by `publisher redirects export --format netlify`.
# Put this file beside index.html, and a page {NOT_FOUND} for what is not found. The first line
# that matches decides: keep the order.
"""
