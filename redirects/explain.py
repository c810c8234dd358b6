"""Which rule answers a request, and why, step by step, for people.

Says the same as `match.decide`, from the rules themselves and not from what is stored at the
edge: a test compares the two.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from redirects.crawlers import is_preview_crawler
from redirects.edge import ANYWHERE, Site
from redirects.kana import composed
from redirects.leaf import Visitor
from redirects.match import ERRORS_PATH, Request, first_language, without_port
from redirects.patterns import Pattern
from redirects.query import ROOT_PATHS, canonical_query, chosen_queries, decode
from redirects.rule import Rule, sets_of_names
from redirects.rules import RuleSet
from redirects.targets import (
    GONE,
    SENT_AS_IT_IS,
    encode_path,
    is_site_path,
    punycode,
    unglued_path,
    with_query,
    without_index,
    without_query,
)


class Step(NamedTuple):
    """What was looked at, and what came of it."""

    what: str
    result: str


class Explained(NamedTuple):
    """What a request gets: `status`, `location` of a redirect or '', the decoded path of the file
    that is `served` or ''; the rule that decides, if one does; and how it came to that."""

    status: int
    location: str = ""
    served: str = ""
    rule: Rule | Pattern | None = None
    steps: tuple[Step, ...] = ()


class _Chosen(NamedTuple):
    """A rule that holds, its target for this request ('' for 410), and the rest of the query."""

    rule: Rule | Pattern
    target: str
    rest: str


def asked(address: str, method: str, user_agent: str, language: str) -> Request:
    """The request of a browser for an address as people write it: absolute, or from its path or
    query on. Raises ValueError for what is none."""
    text = address.strip()
    parts = urlsplit(f"/{text}" if text.startswith("?") else text)
    is_absolute = parts.scheme in ("http", "https") and bool(parts.hostname)
    if not is_absolute and (parts.scheme or parts.netloc or not parts.path.startswith("/")):
        raise ValueError(address)
    return Request(
        method,
        quote(parts.path or "/", safe=SENT_AS_IT_IS, errors="surrogateescape"),
        quote(parts.query, safe=SENT_AS_IT_IS, errors="surrogateescape"),
        punycode(parts.hostname or ""),
        user_agent,
        accept_language=language,
        scheme=parts.scheme or "https",
    )


def explain(
    rules: RuleSet, request: Request, has_file: Callable[[str], bool], site: Site = ANYWHERE
) -> Explained:
    """What this request gets. `has_file` tells whether the release has something at a decoded
    path (`/about/` for its index.html)."""
    steps: list[Step] = []
    found = _explained(rules, request, has_file, site, steps.append)
    if found.location:
        steps += _landing(rules, request, found.location, has_file, site)
    return found._replace(steps=tuple(steps))


def outcome(
    rules: RuleSet, request: Request, has_file: Callable[[str], bool], site: Site = ANYWHERE
) -> Explained:
    """The same without the steps, for many requests."""
    return _explained(rules, request, has_file, site, lambda _: None)


Note = Callable[[Step], None]


def _explained(
    rules: RuleSet, request: Request, has_file: Callable[[str], bool], site: Site, note: Note
) -> Explained:
    if request.method not in ("GET", "HEAD"):
        note(Step("method", f"{request.method}: a static site is only read, 405"))
        return Explained(405)
    note(Step("method", f"{request.method}: is answered"))
    sent = _path(request.path, note)
    path = without_index(sent)
    if path != sent:
        note(Step("path", f"{path}: so WordPress wrote it where a server could not rewrite"))
    host = without_port(request.host) or site.host
    visitor = Visitor(first_language(request.accept_language), host)
    home = _home(host, request.scheme, site, note)
    if not path:
        note(Step("answer", "404: no file of a site has such a path"))
        return Explained(404)
    chosen, is_missing = None, False
    if not path.startswith(ERRORS_PATH):
        chosen, is_missing = _chosen(rules, path, request, visitor, note)
    if chosen:
        return _applied(chosen, request, has_file, home, note)
    if is_missing:
        note(Step("answer", "404: the home page must not answer for what it does not know"))
        return Explained(404)
    note(Step("rule", "none: the file answers"))
    file = unglued_path(path)
    if file != path:
        note(Step("path", f"{file}: without what a text has glued to the link"))
    if home or file != sent:
        location = with_query(home + encode_path(file), request.query)
        note(Step("answer", f"301 to the page's own address: {location}"))
        return Explained(301, location)
    return _served(path, has_file, note)


def _path(raw: str, note: Note) -> str:
    """The path that is looked up, '' for one that no file can have."""
    decoded = decode(raw)
    if decoded is None:
        note(Step("path", f"{raw}: is not percent-encoded UTF-8"))
        return ""
    if not is_site_path(decoded):
        note(Step("path", f"{raw}: has '..', '//', a backslash or a control character"))
        return ""
    path = composed(decoded)
    how = "" if path == raw else ", decoded" if path == decoded else ", its sound marks composed"
    note(Step("path", f"{path}{how}"))
    return path


def _home(host: str, scheme: str, site: Site, note: Note) -> str:
    """The origin of the public site if the visitor is at another one, else ''."""
    if site.previews and host.endswith(f".{site.previews}"):
        note(Step("host", f"{host}: a preview, answered by its own release's rules"))
        return ""
    if not site.host or (host == site.host and scheme == "https"):
        note(Step("host", f"{host or 'any'}: the public one"))
        return ""
    here = f"{scheme}://{host}"
    note(Step("host", f"{here}: not https://{site.host}, where every answer leads to"))
    return f"https://{site.host}"


def _chosen(
    rules: RuleSet, path: str, request: Request, visitor: Visitor, note: Note
) -> tuple[_Chosen | None, bool]:
    """The rule that decides; whether without one the answer is 404, whatever file is there."""
    if path in ROOT_PATHS:
        chosen, is_known = _by_key(rules, request, visitor, note)
        if chosen or is_known:
            return chosen, True
    chosen = _by_path(rules, path, request, visitor, note) or _by_pattern(
        rules, path, request, visitor, note
    )
    return chosen, False


def _by_key(
    rules: RuleSet, request: Request, visitor: Visitor, note: Note
) -> tuple[_Chosen | None, bool]:
    """The rule for what WordPress reads from the query; whether it reads anything."""
    query = canonical_query(request.query, rules.own_variables)
    for step in _parts(request.query, query.key, query.rest):
        note(step)
    for key in filter(None, (query.key, query.base_key)):
        rule = _holding(rules_at(rules, f"?{key}", ""), visitor)
        note(Step("rule for the query", f"?{key}: {_named(rule)}"))
        if rule:
            return _Chosen(rule, rule.target, query.rest), True
    return None, query.key is not None


def _by_path(
    rules: RuleSet, path: str, request: Request, visitor: Visitor, note: Note
) -> _Chosen | None:
    at_path = rules_at(rules, path)
    for names in sets_of_names(at_path).get(path, []):
        key, rest = next(chosen_queries(request.query, [names]), ("", ""))
        rule = _holding([rule for rule in at_path if key and rule.query == key], visitor)
        shown = key or "&".join(f"{name}=..." for name in names)
        note(Step("rule for path and query", f"{path}?{shown}: {_named(rule)}"))
        if rule:
            return _Chosen(rule, rule.target, rest)
    rule = _holding([rule for rule in at_path if not rule.query], visitor)
    note(Step("rule for the path", f"{path}: {_named(rule)}"))
    return _Chosen(rule, rule.target, request.query) if rule else None


def _by_pattern(
    rules: RuleSet, path: str, request: Request, visitor: Visitor, note: Note
) -> _Chosen | None:
    for pattern in rules.patterns:
        target = pattern.find(path) if _holds(pattern, visitor) else None
        if target is not None:
            note(Step("pattern", f"{pattern.source}: {_named(pattern)}"))
            return _Chosen(pattern, target, request.query)
    if rules.patterns:
        note(Step("pattern", f"none of {len(rules.patterns):,} matches"))
    return None


def rules_at(rules: RuleSet, source: str, query: str | None = None) -> Sequence[Rule]:
    """The rules of a set for a source, those with conditions first; of one query only, or all."""
    begin = bisect_left(rules.rules, source, key=_source)
    found = rules.rules[begin : bisect_right(rules.rules, source, begin, key=_source)]
    return found if query is None else [rule for rule in found if rule.query == query]


def _source(rule: Rule) -> str:
    return rule.source


def _holding(rules: Sequence[Rule], visitor: Visitor) -> Rule | None:
    return next((rule for rule in rules if _holds(rule, visitor)), None)


def _holds(rule: Rule | Pattern, visitor: Visitor) -> bool:
    return rule.host in ("", visitor.host) and rule.language in ("", visitor.language)


def _named(rule: Rule | Pattern | None) -> str:
    if rule is None:
        return "no rule"
    conditions = "".join(f", for {one}" for one in (rule.host, rule.language) if one)
    does = "410" if rule.status == GONE else f"{rule.status} to {rule.target}"
    return f"{does}{conditions} ({rule.origin or 'no origin known'})"


def _parts(raw: str, key: str | None, rest: str) -> Iterator[Step]:
    """What becomes of each parameter of a query that WordPress reads."""
    read = dict(part.split("=", 1) for part in (key or "").split("&") if part)
    kept = rest.split("&")
    for part in filter(None, raw.split("&")):
        raw_name, _, raw_value = part.replace("+", " ").partition("=")
        name, value = decode(raw_name) or "", decode(raw_value) or raw_value
        name = name.removeprefix("amp;")
        if part in kept:
            kept.remove(part)
            result = "kept: WordPress does not read it"
        elif read.get(name) == value:
            result = "read as it is"
        elif name in read and value:
            result = f"read as {name}={read[name]}"
        elif "p" in read and name in ("page_id", "attachment_id"):
            result = f"read as p={read['p']}: ids are taken for one another"
        else:
            result = "dropped: it says nothing here, or another one decides"
        yield Step("parameter", f"{part}: {result}")


def _applied(
    chosen: _Chosen, request: Request, has_file: Callable[[str], bool], home: str, note: Note
) -> Explained:
    rule = chosen.rule
    if rule.status == GONE:
        note(Step("answer", "410: it was here, and was removed"))
        return Explained(GONE, rule=rule)
    in_place = rule.in_place if isinstance(rule, Rule) else ""
    if in_place and is_preview_crawler(request.user_agent):
        note(Step("visitor", "an agent that shows shared links: gets the page at its old address"))
        return _served(decode(in_place) or "", has_file, note)._replace(rule=rule)
    if in_place and request.user_agent:
        note(Step("visitor", "not one that shows shared links: is redirected"))
    at = home if chosen.target.startswith("/") else ""
    location = at + with_query(chosen.target, chosen.rest)
    note(Step("answer", f"{rule.status} to {location}"))
    return Explained(rule.status, location, rule=rule)


def _served(path: str, has_file: Callable[[str], bool], note: Note) -> Explained:
    if has_file(path):
        note(Step("answer", f"200: {path}"))
        return Explained(200, served=path)
    note(Step("answer", f"404: nothing is at {path}"))
    return Explained(404)


def _landing(
    rules: RuleSet, request: Request, location: str, has_file: Callable[[str], bool], site: Site
) -> Iterator[Step]:
    """What a visitor finds who follows the redirect."""
    own = f"https://{site.host}/"
    onward = (
        "/" + location.removeprefix(own) if site.host and location.startswith(own) else location
    )
    if not onward.startswith("/"):
        yield Step("there", "another site")
        return
    path = without_query(onward)
    query = onward.partition("#")[0].partition("?")[2]
    there = request._replace(path=path, query=query, host=site.host, scheme="https")
    found = _explained(rules, there, has_file, site, lambda _: None)
    yield Step("there", f"{found.status} {found.location or found.served or path}")
