"""The canonical form of a query (`redirects.query`), in HAProxy's converters.

A query is brought into one spelling first: every part decoded and encoded anew, `&name=value` with
`%2526` for an ampersand and `%2525` for a percent sign within a value, as canonical keys have them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from redirects.formats.grouping import GROUPS_MAX
from redirects.formats.haproxy_words import found, joined, matches, of, put, regsub
from redirects.formats.spelling import KNOWN, VALUE, parameter
from redirects.query import GLUED, INTEGERS, VARIABLES

DATE_RUNS_MAX = 9
"""So many runs of what is no digit are left out of `m`, before, between and behind eight digits."""

_END = "(?=&|$)"
_IDS = ("attachment_id", "p", "page_id")
_PARTS = VARIABLES[VARIABLES.index("feed") :]
_WHICH_PAGE = tuple(name for name in VARIABLES if name not in (*_IDS, *_PARTS))
# An escaped percent sign or ampersand is one character, though it has digits.
_NO_DIGITS = "(?:%25(?:25|26)|%[0-9A-F]{2}|[^0-9&%])+"
_GLUE = "|".join(quote(one, safe="").replace(".", "[.]") for one in GLUED)


def key_of(query: str) -> str:
    """A canonical key as HAProxy will make it: `&name=value`, each value encoded."""
    parts = (part.partition("=") for part in query.split("&"))
    return "".join(f"&{name}={quote(value, safe='')}" for name, _, value in parts)


def spelled_anew(condition: str) -> Iterator[str]:
    """`redirects_query`: the whole query in one spelling, without what can't be decoded."""
    yield put("query", f'str("&"),{joined("args")},{_PIPELINE}', condition)


_PIPELINE = ",".join(
    (
        regsub(f"&(?!{VALUE}*+(?:&|$))[^&]*", ""),
        regsub("%25", "%2525"),
        regsub("%26", "%2526"),
        # The first `=` of a part, told apart from those in its value.
        regsub("&([^&=]*)=", "&\\1%25E"),
        "url_dec(1),url_enc",
        regsub("%26", "&"),
        regsub("%25E", "="),
        # A link copied out of HTML source keeps the `amp;` of its `&amp;`.
        regsub("&amp%3B", "&"),
    )
)


def wordpress(condition: str) -> Iterator[str]:
    """`redirects_key` and `redirects_base`, not set if there is none, and `redirects_left`: the
    parts that WordPress does not read."""
    names = "|".join(sorted(VARIABLES, key=len, reverse=True))
    integers = "|".join(sorted(INTEGERS, key=len, reverse=True))
    read = (
        regsub(f"&(?!(?:{names})(?:%5B|=|&|$))[^&]*", ""),
        regsub("&([^&=%]++)%5B[^&]*", "&\\1=%5B%5D"),
        *_last_without_glue(),
        regsub(f"&({integers})=(?:%20|%0[9A-D])*0*([0-9]*)[^&]*", "&\\1=\\2"),
        regsub(f"&({integers})=(?:[0-9]{{{15 + 1},}})?{_END}", "&\\1=0"),
        *(regsub(f"&m=([0-9]*){_NO_DIGITS}", "&m=\\1") for _ in range(DATE_RUNS_MAX)),
        regsub("&m=[0-9]*[^0-9&][^&]*", "&m=0"),
        regsub(f"&m={_END}", ""),
        regsub(f"&feed=(?:feed|rss){_END}", "&feed=rss2"),
        regsub(f"&feed=comments-feed{_END}", "&feed=comments-rss2"),
        regsub("&embed=[^&]*", "&embed=true"),
        regsub(f"&paged=0{_END}|&page=[01]{_END}", ""),
    )
    yield put("known", f"{of('query')},{','.join(read)}", condition)
    # Page 1 of something is that thing, except that a sitemap's own links write `paged=1`.
    yield put(
        "known",
        f"{of('known')},{regsub(f'&paged=1{_END}', '')}",
        f"{condition} !{matches('known', '&sitemap=')}",
    )
    an_id = f"{condition} {matches('known', '&(?:attachment_id|p|page_id)=')}"
    # The three ids are one another, and an id leaves nothing else to choose.
    yield put("which", f"{of('known')},{_first_id()}", an_id)
    halves = (_WHICH_PAGE[:GROUPS_MAX], _WHICH_PAGE[GROUPS_MAX:])
    no_id = f"{condition} {found('which', absent=True)}"
    for number, half in enumerate(halves):
        yield put(f"which_{number}", f"{of('known')},{_ordered(half)}", no_id)
    yield put("which", f'str(""),{joined("which_0", "which_1")}', no_id)
    yield put("parts", f"{of('known')},{_ordered(_PARTS)}", condition)
    yield put("all", f'str(""),{joined("which", "parts")}', condition)
    # A preview shows what is not published; it must never be answered by a redirect.
    preview = matches("query", "&preview(?:%5B|=|&|$)")
    is_preview = f"{preview} {matches('known', '&(?:attachment_id|p|page_id)=')}"
    yield f"acl redirects_is_preview {of('is_preview')} -m found"
    yield put("is_preview", 'str("1")', f"{condition} {is_preview}")
    yield put("key", of("all"), f"{condition} !redirects_is_preview {matches('all', '.')}")
    is_key = found("key")
    yield put("base", f"{of('key')},{regsub('&(?:page|cpage)=[^&]*', '')}", is_key)
    yield put(
        "base",
        f"{of('base')},{regsub('&paged=[^&]*', '')}",
        f"{is_key} !{matches('known', '&sitemap=')}",
    )
    yield put("left", _left(KNOWN), is_key)


def own(number: int, names: Sequence[str], condition: str) -> Iterator[str]:
    """`redirects_own`, the key of these parameters, and `redirects_own_left`, all others."""
    either = "|".join(name.replace(".", "[.]") for name in sorted(names, key=len, reverse=True))
    read = (
        regsub(f"&(?!(?:{either})(?:=|&|$))[^&]*", ""),
        *_last_without_glue(),
        _ordered(names),
    )
    holds = f"{condition} {{ {of('set')} -m str {number} }}"
    yield put("own", f"{of('query')},{','.join(read)}", holds)
    yield put("own_left", _left(parameter(names, lists=False)), holds)


def _last_without_glue() -> tuple[str, ...]:
    """The last of a name wins; what is glued to a value goes, and then what is empty."""
    return (
        regsub(f"&([^&=]++){_END}", "&\\1="),
        regsub("&([^&=]++)=[^&]*+(?=.*&\\1=)", ""),
        regsub(f"(?:{_GLUE})+{_END}", ""),
        regsub(f"&[^&=]+={_END}", ""),
    )


def _first_id() -> str:
    looked = "".join(f"(?=(?:.*&{name}=([^&]*))?)" for name in _IDS)
    # Of three groups those that are not there are empty, and the first that is there counts.
    return ",".join(
        (
            regsub(f"^{looked}.*$", "&\\1&\\2&\\3", everywhere=False),
            regsub("^&+([^&]*).*$", "&p=\\1", everywhere=False),
        )
    )


def _ordered(names: Sequence[str]) -> str:
    """The parts with these names, in this order: at most `GROUPS_MAX`."""
    looked = "".join(f"(?=(?:.*(&{name.replace('.', '[.]')}=[^&]*))?)" for name in names)
    groups = "".join(f"\\{number}" for number in range(1, len(names) + 1))
    return regsub(f"^{looked}.*$", groups, everywhere=False)


def _left(part: str) -> str:
    """The query as it was sent, without some of its parts."""
    cut = (regsub(f"&{part}", ""), regsub("^&|&$", ""))
    return f'str("&"),concat("",txn.redirects_args,"&"),{",".join(cut)}'
