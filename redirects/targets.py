"""What a redirect may start from and lead to: clean paths, and addresses that can be a header."""

import re
from urllib.parse import quote

from redirects.query import GLUED, decode

REDIRECTS = frozenset({301, 302, 307, 308})
"""The statuses that send a visitor to a target."""

GONE = 410
"""The status of what is known to have been deleted."""

REST_CHARACTERS_MAX = 1_500
"""A longer leftover query is not carried over to the target: some clients cut URLs at 2,000."""

SENT_AS_IT_IS = "/?&=%-._~!$'()*+,;:@[]"
"""What clients leave as it is in a path and its query, beside letters and digits, and what an
address that is encoded already has: `safe` for `quote`."""

_NOT_IN_A_SITE_PATH = re.compile(r"[\x00-\x1f\x7f\\]|//|/\.\.?(?:/|\Z)")
_NOT_IN_A_HEADER = re.compile(r"[^!-~]|\\")
_NOT_PRINTABLE_ASCII = re.compile("[^!-~]")
_ABSOLUTE = re.compile(r"https?://[^/?#]+")
_GLUED_TO_PATHS = GLUED.replace("/", "")
_LANGUAGE = re.compile(r"[a-z]{2,3}|")
_HOST = re.compile(r"(?:[a-z0-9_-]+\.)*[a-z0-9_-]+|")


def without_index(path: str) -> str:
    """A path without what WordPress writes before it where the server can't rewrite:
    `/index.php/about/` is `/about/`."""
    return path.removeprefix("/index.php") if path.startswith("/index.php/") else path


def unglued_path(path: str) -> str:
    """A path without the punctuation that a text around the link has glued to its end; itself
    without any."""
    return path.rstrip(_GLUED_TO_PATHS) or "/"


def is_site_path(path: str) -> bool:
    """Whether a decoded path can be that of a file of the site.

    It can't with control characters, a backslash, `//`, or a `.` or `..` segment: those are
    tricks for the store behind the site.
    """
    return path.startswith("/") and _NOT_IN_A_SITE_PATH.search(path) is None


def encode_path(path: str) -> str:
    """A decoded path, percent-encoded; the same characters stay as in `encodeURIComponent`."""
    return quote(path, safe="/!~*'()")


def with_query(target: str, rest: str) -> str:
    """A target with the rest of the request's query, or without if that is long or no clean ASCII.

    Nothing else of a request gets into a Location.
    """
    if not rest or len(rest) > REST_CHARACTERS_MAX or _NOT_PRINTABLE_ASCII.search(rest):
        return target
    page, hash_mark, fragment = target.partition("#")
    return f"{page}{'&' if '?' in page else '?'}{rest}{hash_mark}{fragment}"


def target_problem(status: int, target: str) -> str:
    """Why a redirect of this status can't lead there, '' if it can."""
    if status == GONE:
        return "410 has no target" if target else ""
    if status not in REDIRECTS:
        return f"status {status} is none of 301, 302, 307, 308, 410"
    if _NOT_IN_A_HEADER.search(target):
        return f"target {target!r} has a space, control character, backslash or is not encoded"
    if _ABSOLUTE.match(target):
        return ""
    return _path_problem("target", target)


def in_place_problem(status: int, in_place: str) -> str:
    """Why preview crawlers can't get that page instead of the redirect, '' if they can."""
    if not in_place:
        return ""
    if status == GONE:
        return "410 has no page in place"
    if "?" in in_place or "#" in in_place or _NOT_IN_A_HEADER.search(in_place):
        return f"page in place {in_place!r} is not a percent-encoded path"
    return _path_problem("page in place", in_place)


def _path_problem(what: str, target: str) -> str:
    """Browsers read `//host` and what decodes to it as another host's URL."""
    path = decode(without_query(target))
    if path is None:
        return f"{what} {target!r} is not percent-encoded UTF-8"
    if not is_site_path(path):
        return f"{what} {target!r} is neither a clean path from '/' nor an http(s) URL"
    return ""


def without_query(target: str) -> str:
    """A target's path, or its origin and path."""
    return target.partition("#")[0].partition("?")[0]


def punycode(name: str) -> str:
    """A host name in lower case and Punycode, without the root's dot. Raises ValueError for what
    is none."""
    name = name.lower().removesuffix(".")
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        raise ValueError(f"{name!r} is no host name") from None


def condition_problem(language: str, host: str) -> str:
    """Why no visitor can be told by these, '' if one can."""
    if not _LANGUAGE.fullmatch(language):
        return f"{language!r} is no language: two or three lower-case letters, as 'en'"
    if not _HOST.fullmatch(host):
        return f"{host!r} is no host name in lower case, in Punycode, without a port"
    return ""
