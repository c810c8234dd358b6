"""Rules of a site's own, as people write them: URLs as they stand in a browser or a spreadsheet."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from redirects.patterns import Pattern
from redirects.query import ROOT_PATHS, canonical_query, chosen_query, decode, unglued
from redirects.rules import Rule
from redirects.targets import GONE, REDIRECTS, punycode, without_index

CHARACTERS_MAX = 2_000
"""Longer URLs are cut by some clients, so nobody has followed one."""

_ABSOLUTE = re.compile(r"(https?)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_MARKS = re.compile(r"[*{}]")
_TO_ENCODE = re.compile(r"[^\x00-\x7f]+| ")
_DEFAULT_PORT = {"http": ":80", "https": ":443"}
_STATUS = re.compile(r"[0-9]{3}")


class Places(NamedTuple):
    """The hosts of a site, as they stand in addresses (`www.example.co.jp:8443`), and the path
    below which its CMS lies ('' or '/news')."""

    public: str = ""
    cms: str = ""
    base: str = ""


ANYWHERE = Places()
"""Of a site that has told nothing: each host in a rule is another one."""


def parse_rule(
    source: str,
    target: str = "",
    status: int | str = "",
    language: str = "",
    *,
    origin: str = "",
    places: Places = ANYWHERE,
) -> Rule | Pattern:
    """The rule, or the pattern if the path of `source` has `*` or `{name}` in it.

    Paths may be percent-encoded or not; only what is encoded (`%2A`, `%7B`) is a star or a brace
    and no pattern. `source` on the site's own hosts is its path, on another one a rule for that
    host alone. `status` is a number or its digits, '' for 301. Raises ValueError, with a sentence
    that begins with `from`, `to`, `status` or `language`.
    """
    host, path, query = _source(source.strip(), places)
    code = _status(status)
    language = language.strip().lower()
    onward = _target(target.strip(), code, places)
    if _MARKS.search(path):
        if query:
            raise ValueError("from: a pattern has no query")
        return _made(Pattern, _pattern_path(path), code, onward, origin, "", language, host)
    decoded = _decoded(path, "from")
    for part in query.split("&"):
        _decoded(part, "from")
    if query and decoded in ROOT_PATHS:
        known = canonical_query(query)
        if known.key is not None:
            if known.rest:
                raise ValueError(
                    f"from: {known.rest!r} is nothing that WordPress reads, and is kept whatever "
                    "it is: leave it out"
                )
            if host:
                raise ValueError("from: a query of WordPress can't be of another host")
            return _made(Rule, f"?{known.key}", code, onward, origin, "", language, host)
    return _made(Rule, decoded, code, onward, origin, _own_query(query), language, host)


def written(rule: Rule | Pattern) -> tuple[str, str, str, str]:
    """From, to, status and language as `parse_rule` reads them."""
    if isinstance(rule, Pattern):
        source = _readable(rule.source, "%?#")
    elif rule.source.startswith("?"):
        source = key_written(rule.source[1:])
    else:
        source = _readable(rule.source, "%?#*{}")
        source += _query_written(f"?{rule.query}") if rule.query else ""
    host = f"https://{rule.host}" if rule.host else ""
    return host + source, rule.target, str(rule.status), rule.language


def key_written(key: str) -> str:
    """The address that a canonical key of WordPress's variables (`name=会社`) stands for."""
    return f"/{_query_written(f'?{key}')}"


def _source(text: str, places: Places) -> tuple[str, str, str]:
    """Host ('' for the site's own), raw path and raw query."""
    if not text:
        raise ValueError("from: is empty")
    if len(text) > CHARACTERS_MAX:
        raise ValueError(f"from: has more than {CHARACTERS_MAX:,} characters")
    if "#" in text:
        raise ValueError("from: what follows # never reaches a server")
    if text.startswith("?"):
        text = f"/{text}"
    host, rest = "", text
    if absolute := _ABSOLUTE.fullmatch(text):
        host, is_cms = _host(absolute, places, "from")
        rest = absolute[3] or "/"
        if rest.startswith("?"):
            rest = f"/{rest}"
        if is_cms:
            rest = _below(rest, places.base)
    path, _, query = rest.partition("?")
    path = without_index(path)  # as the edge looks it up
    if not path.startswith("/") or path.startswith("//"):
        raise ValueError("from: must be a path that begins with a single slash, or http(s)://...")
    return host, path, query


def _host(absolute: re.Match[str], places: Places, what: str) -> tuple[str, bool]:
    """The host without its port, '' for one of the site's own; whether it is the CMS's."""
    scheme, netloc = absolute[1].lower(), absolute[2]
    try:
        if "@" in netloc or not (parts := urlsplit(f"//{netloc}")).hostname:
            raise ValueError(f"{netloc!r} is no host name")
        host = punycode(parts.hostname)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None
    address = _address(scheme, netloc)
    public, cms = _address(scheme, places.public), _address(scheme, places.cms)
    if address == cms and cms:
        return "", True
    # The edge is never told a port: whoever writes one means the site on it.
    is_public = bool(public) and (address == public or host == public.partition(":")[0])
    return ("" if is_public else host), False


def _address(scheme: str, netloc: str) -> str:
    """Host and port in one form, the usual port left out."""
    name, colon, port = netloc.partition(":")
    return (punycode(name) + colon + port).removesuffix(_DEFAULT_PORT[scheme])


def _below(rest: str, base: str) -> str:
    if base and not (rest == base or rest.startswith((f"{base}/", f"{base}?"))):
        raise ValueError(f"from: is not below {base}, where the CMS is")
    below = rest[len(base) :]
    return below if below.startswith("/") else f"/{below}"


def _decoded(path: str, what: str) -> str:
    text = decode(path)
    if text is None:
        raise ValueError(f"{what}: {path!r} has a % that is no percent-encoded UTF-8")
    if not _is_unicode(text):
        raise ValueError(f"{what}: is not valid Unicode")
    return text


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _pattern_path(path: str) -> str:
    text = _decoded(path, "from")
    if len(_MARKS.findall(text)) != len(_MARKS.findall(path)):
        raise ValueError("from: a pattern can't have %2A, %7B or %7D beside its own marks")
    return text


def _own_query(raw: str) -> str:
    """Parameters of one's own, in the form of `Rule.query`."""
    names: set[str] = set()
    for part in filter(None, raw.split("&")):
        name, _, value = part.replace("+", " ").partition("=")
        decoded, text = decode(name), decode(value)
        # What nothing is left of would be no condition at all.
        if not decoded or not text or not unglued(text):
            raise ValueError(f"from: {part!r} is no name=value")
        if "[" in decoded:
            raise ValueError(f"from: {part!r} is a list, which no rule can ask for")
        names.add(decoded.removeprefix("amp;"))
    return chosen_query(raw, sorted(names))[0]


def _status(status: int | str) -> int:
    text = str(status).strip()
    if not text:
        return 301
    if not _STATUS.fullmatch(text) or int(text) not in {*REDIRECTS, GONE}:
        raise ValueError(f"status: {text[:20]!r} is none of 301, 302, 307, 308, 410")
    return int(text)


def _target(text: str, status: int, places: Places) -> str:
    if status == GONE:
        if text:
            raise ValueError("to: 410 has no target")
        return ""
    if not text:
        raise ValueError("to: is missing; only status 410 has no target")
    if len(text) > CHARACTERS_MAX:
        raise ValueError(f"to: has more than {CHARACTERS_MAX:,} characters")
    if not _is_unicode(text):
        raise ValueError("to: is not valid Unicode")
    origin, rest = "", text
    if absolute := _ABSOLUTE.fullmatch(text):
        origin, rest = _onward(absolute, places)
    # As a browser would send it: what is encoded already stays as it is.
    return origin + _TO_ENCODE.sub(lambda found: quote(found[0]), rest)


def _onward(absolute: re.Match[str], places: Places) -> tuple[str, str]:
    """Origin ('' for the site's own) and the rest of an absolute target."""
    scheme, netloc, rest = absolute[1].lower(), absolute[2], absolute[3]
    _, is_cms = _host(absolute, places, "to")
    if not rest.startswith("/"):
        rest = f"/{rest}"
    if is_cms:
        return "", _below(rest, places.base)  # visitors never get there; its rules lead on
    address = _address(scheme, netloc)
    if places.public and address == _address(scheme, places.public):
        return "", rest
    return f"{scheme}://{address}", rest


def _made(
    kind: type[Rule] | type[Pattern],
    source: str,
    status: int,
    target: str,
    origin: str,
    query: str,
    language: str,
    host: str,
) -> Rule | Pattern:
    try:
        if kind is Pattern:
            return Pattern(source, status, target, origin, language, host)
        return Rule(source, status, target, "", origin, query, language, host)
    except ValueError as error:
        problem = str(error).removeprefix(f"redirect from {source!r} ({origin}): ")
        of_target = "target" in problem or problem.startswith("410")
        what = "language" if "language" in problem else "to" if of_target else "from"
        raise ValueError(f"{what}: {problem}") from None


def _readable(path: str, reserved: str) -> str:
    """A decoded path with only that encoded which would be read as something else."""
    return re.sub(rf"[{re.escape(reserved)}\s]", lambda found: quote(found[0], safe=""), path)


def _query_written(query: str) -> str:
    """A key (`?name=value`), in which values have `%` and `&` escaped, as a URL has it."""
    return re.sub(r"[+#\s\"]", lambda found: quote(found[0], safe=""), query)
