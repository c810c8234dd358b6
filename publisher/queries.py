"""Queries of URLs: what they say, which parameters mean something, and the names of the folders
that pages told apart by them get. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import unquote_plus

# Each can be one more folder. More than this is a filter form, whose combinations have no end.
PARAMETERS_MAX = 4
# Longer values are cut, and told apart by a hash.
_VALUE_BYTES_MAX = 60
_HASH_DIGITS = 8

# They measure visitors or defeat caches; the page is the same without them.
_MEASURING = re.compile(
    r"^(?:utm_\w+|fbclid|gclid|gbraid|wbraid|dclid|yclid|msclkid|twclid|ttclid|li_fat_id|igshid|"
    r"mc_[ce]id|mkt_tok|_ga|_gl|_hs\w+|ver|v|share|like_comment|nb|amp|theme|lang_switch)$"
)
# They say who is looking. `sid` and the like are also the names of honest numbers, so only a
# value that is long enough for a session's counts.
_SESSION = re.compile(
    r"^(?:phpsessid|jsessionid|aspsessionid\w*|oscsid|zenid|cftoken|cfid)$", re.IGNORECASE
)
_MAYBE_SESSION = re.compile(r"^(?:sid|s_id|sess|session|session_?id|sessid)$", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9,-]{16,}")
_PATH_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/;?]*", re.IGNORECASE)

_UNSAFE_IN_NAME = re.compile(r"[\s/\\.?#%&=+:;,\"'<>|*\x00-\x1f\x7f\ud800-\udfff]+")


def parameters(query: str) -> dict[str, str]:
    """A raw query's parameters. The last one wins, as in PHP. A doubly escaped `&amp;cat=2`
    (WordPress prints it in some feed links) is taken as it was meant; `a[]=1&a[]=2` is both."""
    found: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name:
            name, value = parameter_name(name), unquote_plus(value)
            is_list = name.endswith("[]") and name in found
            found[name] = f"{found[name]},{value}" if is_list else value
    return found


def parameter_name(raw: str) -> str:
    """The name of a parameter as it stands in a raw query."""
    return unquote_plus(raw).removeprefix("amp;")


def only(query: str, names: frozenset[str]) -> str:
    """The part of a raw query that gives these parameters."""
    parts = [part.removeprefix("amp;") for part in query.split("&")]  # see `parameters`
    return "&".join(part for part in parts if parameter_name(part.partition("=")[0]) in names)


def without_session(path: str) -> str:
    """A raw path without the session that Java and PHP write into it (`;jsessionid=...`)."""
    return _PATH_SESSION.sub("", path) if ";" in path else path


def has_meaning(name: str, value: str) -> bool:
    """Whether a parameter may select something: it has a value, and does not only measure,
    defeat caches, or name a session."""
    if not value or _MEASURING.match(name) or _SESSION.match(name):
        return False
    return not (_MAYBE_SESSION.match(name) and _TOKEN.fullmatch(value))


def variant(chosen: Iterable[tuple[str, str]]) -> str:
    """Some parameters as one text, in the order of their names: `area=東京&page=2`."""
    return "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in sorted(chosen))


def selection(query: str) -> str:
    """The parameters of a raw query that may select something, as a variant: the first
    PARAMETERS_MAX by name."""
    given = parameters(query) if query else {}
    return variant(
        sorted((name, value) for name, value in given.items() if has_meaning(name, value))[
            :PARAMETERS_MAX
        ]
    )


def variant_names(text: str) -> frozenset[str]:
    """The names of the parameters in a variant."""
    return frozenset(_plain(part.partition("=")[0]) for part in text.split("&") if part)


def folders(text: str) -> str:
    """The readable folders of a variant: `area=東京&page=2` is `area-東京/page-2`."""
    return "/".join(_folder(part) for part in text.split("&"))


def file_name(text: str) -> str:
    """A text as a part of a path, without anything that has a meaning there."""
    return _UNSAFE_IN_NAME.sub("-", text).strip("-") or "-"


def _folder(part: str) -> str:
    name, equals, value = (_plain(piece) for piece in part.partition("="))
    shown = file_name(value)
    if shown != value or len(value.encode(errors="replace")) > _VALUE_BYTES_MAX:
        # Another value may look the same by now.
        mark = hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()[:_HASH_DIGITS]
        head = shown.encode()[:_VALUE_BYTES_MAX].decode(errors="ignore").strip("-")
        shown = f"{head}-{mark}" if head else mark
    short = file_name(name).encode()[:_VALUE_BYTES_MAX].decode(errors="ignore")
    return f"{short}-{shown}" if equals else short


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("&", "%26").replace("=", "%3D")


def _plain(text: str) -> str:
    return text.replace("%3D", "=").replace("%26", "&").replace("%25", "%")
