"""What nginx and HAProxy are known to answer differently, as docs/redirects.md says: a difference
that one of these explains is none that anybody has to look at. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from publisher.audit.compare import Answer
from redirects.formats.nginx_query import LIST_RUNS_MAX, RUNS_MAX
from redirects.kana import composed
from redirects.match import Request, without_port
from redirects.query import canonical_query, decode
from redirects.targets import encode_path, unglued_path, with_query, without_index

LINE_CHARACTERS_MAX = 4_000
"""A longer address may not fit into a server's buffer, 8 or 16 KB, once it is encoded anew."""

_NEEDLESS = re.compile("%(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])")
_ESCAPE = re.compile("%(..)")
_LETTER = re.compile("[A-Fa-f]")
_TAKEN_FOR_QUERY = re.compile("[&+]|%26|%2[Bb]")


def known_limit(engine: str, request: Request, mine: Answer, theirs: Answer, host: str) -> str:
    """The documented limit of `nginx` or `haproxy` that explains why its answer to a request
    (`theirs`) is not the edge's (`mine`); '' if none does. `host` is the public one."""
    if request.scheme != "https" or without_port(request.host or host) != host:
        return "other hosts, and http: left to the server's own configuration"
    if len(request.path) + len(request.query) > LINE_CHARACTERS_MAX:
        return "an address that is longer than a buffer"
    if _is_glued(request, mine, theirs):
        return "punctuation glued to a path: left"
    if engine == "haproxy":
        is_raw = not f"{request.path}{request.query}".isascii() and theirs.status == 400
        return "not ASCII and not encoded: 400" if is_raw else ""
    return next(_of_nginx(request, mine, theirs), "")


def _is_glued(request: Request, mine: Answer, theirs: Answer) -> bool:
    """The edge takes off what a text around a link has glued to its path; a plain server looks for
    the file, and leads from `/index.php/about/.` to `/about/.` first."""
    sent = composed(decode(request.path) or "")
    path = without_index(sent)
    bare = unglued_path(path)
    if bare == path or mine.location != with_query(encode_path(bare), request.query):
        return False
    left = with_query(encode_path(path), request.query)
    return theirs.status in (200, 404) or (path != sent and _is_same(theirs.location, left))


def _of_nginx(request: Request, mine: Answer, theirs: Answer) -> Iterator[str]:
    path = decode(request.path)
    if path is None or "\0" in path:
        if theirs.status == 400:
            yield "a broken escape in the path: 400"
        return
    if theirs.status == 400 and _climbs_out(path):
        yield "a path that climbs above the root: 400"
    if mine.status == 200 and theirs.status == 404 and composed(path) != path:
        yield "a file's path as a Mac spells it: 404"
    if mine.status == theirs.status and _is_same(mine.location, theirs.location):
        yield "the visitor's spelling of what a pattern finds, or of what is behind /index.php"
    if "?" in mine.location and not theirs.location and _TAKEN_FOR_QUERY.search(request.path):
        yield "a path with & or + where a pattern's target has a query: not redirected"
    values = [part.partition("=")[2] for part in request.query.split("&")]
    is_for_wordpress = canonical_query(request.query).key is not None
    if any(map(_is_spelled_oddly, values)) and (theirs.status == 404 or not is_for_wordpress):
        yield "a value spelled as no browser does: another value"
    if request.query.count("&") > RUNS_MAX and mine.location.startswith(theirs.location or "\n"):
        yield f"more than {RUNS_MAX} places to cut: redirected without the others"


def _climbs_out(path: str) -> bool:
    """Whether a path asks for what is above the root (`/a/../../b`), as scanners do."""
    depth = 0
    for name in filter(None, path.split("/")):
        depth += {"..": -1, ".": 0}.get(name, 1)
        if depth < 0:
            return True
    return False


def _is_same(one: str, other: str) -> bool:
    """Whether two Locations are one address in two spellings, `%2F` and `/` included."""
    return bool(one) and unquote(one) == unquote(other)


def _is_spelled_oddly(value: str) -> bool:
    """Whether nginx, which can't decode, takes a value for another: escapes without need or in
    both cases, kana with some sound marks apart, a list in too many pieces."""
    hexadecimal = "".join(_ESCAPE.findall(value))
    is_mixed = not hexadecimal.isupper() and not hexadecimal.islower()
    text = decode(value.replace("+", " ")) or ""
    return bool(
        _NEEDLESS.search(value)
        or (is_mixed and _LETTER.search(hexadecimal))
        or composed(text) != text
        or len(re.findall("[0-9]+", text)) > LIST_RUNS_MAX
    )
