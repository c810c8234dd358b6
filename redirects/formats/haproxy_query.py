"""The canonical form of a query (`redirects.query`), in HAProxy's converters.

A query is brought into one spelling first: every part decoded and encoded anew, `&name=value` with
`%2526` for an ampersand and `%2525` for a percent sign within a value, as canonical keys have them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from redirects.formats.grouping import GROUPS_MAX, OwnVariables
from redirects.formats.haproxy_words import found, joined, matches, of, put, regsub
from redirects.formats.spelling import AMP, VALUE, one_of, parameter
from redirects.kana import composed
from redirects.query import GLUED, INTEGERS, VARIABLES

OWN_CHARACTERS_MAX = 4_000
"""So long may the names of own types be, and as long those of own taxonomies: HAProxy reads no
argument that is longer than its buffer, 16,384 bytes."""

_CHUNK_CHARACTERS = 600  # a name takes ten times as much in all its spellings
_END = "(?=&|$)"
_IDS = ("attachment_id", "p", "page_id")
_PARTS = VARIABLES[VARIABLES.index("feed") :]
_WHICH_PAGE = tuple(name for name in VARIABLES if name not in (*_IDS, *_PARTS))
_LISTS = "(?:cat|author)"
# What PHP makes of `name[]`, or a client of `name=[]`.
_ARRAY = "%5B%5D"
# What is no part of a date, and of a list of ids. An escaped percent sign or ampersand is one
# character, though it has digits.
_NO_DATE = "%25(?:25|26)|%[0-9A-F]{2}|[^0-9&%]"
_NO_LIST = "%25(?:25|26)|%[0-9A-F]{2}|[^0-9&%-]"
_WHITE = "(?:%20|%0[9A-D])*+"
_GLUE = "|".join(quote(one, safe="").replace(".", "[.]") for one in GLUED)


def key_of(query: str) -> str:
    """A canonical key as HAProxy will make it: `&name=value`, each value encoded."""
    parts = (part.partition("=") for part in query.split("&"))
    return "".join(f"&{name}={quote(value, safe='')}" for name, _, value in parts)


def spelled_anew(condition: str) -> Iterator[str]:
    """`redirects_query`: the whole query in one spelling, without names that can't be decoded, and
    of such values with what counts."""
    yield put("query", f'str("&"),{joined("args")},{_PIPELINE}', condition)


# A value that can't be decoded.
_BROKEN = f"(?!{VALUE}*+(?:&|$))"

_PIPELINE = ",".join(
    (
        regsub(f"&({AMP}{one_of(('m', 'cat', 'author'))}=){_BROKEN}[^&]*", "&\\1"),
        regsub(f"&((?:(?!=){VALUE})++=){_BROKEN}([^&%]*)[^&]*", "&\\1\\2%EF%BF%BD"),
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


def wordpress(condition: str, own: OwnVariables) -> Iterator[str]:
    """`redirects_key` and `redirects_base`, not set if there is none, and `redirects_left`: the
    parts that WordPress does not read. `own`: the site's own variables."""
    names = _either((*VARIABLES, *own.names))
    integers = _either(name for name in INTEGERS if name != "p")
    without_glue = regsub(f"(?:{_GLUE})+{_END}", "")
    read = (
        regsub(f"&(?!(?:{names})(?:%5B|=|&|$))[^&]*", ""),
        *_as_lists(),
        without_glue,
        # PHP's cast. A negative post is none; WordPress takes the sign off all others.
        regsub(f"&p=(?!{_ARRAY}{_END}){_WHITE}(?:%2B|(-))?0*+([0-9]*)[^&]*", "&p=\\1\\2"),
        regsub(f"&p=-{_END}", ""),
        regsub(f"&({integers})=(?!{_ARRAY}{_END}){_WHITE}(?:%2B|-)?0*+([0-9]*)[^&]*", "&\\1=\\2"),
        _only("m", _NO_DATE),
        _only(_LISTS, _NO_LIST, "|%2C"),
        regsub(f"&({_LISTS})=0+", "&\\1="),
        without_glue,  # the commas at the end of a list
        regsub(f"&feed=(?:feed|rss){_END}", "&feed=rss2"),
        regsub(f"&feed=comments-feed{_END}", "&feed=comments-rss2"),
        regsub(f"&embed=(?!{_ARRAY}{_END})[^&]+", "&embed=true"),
        # An empty one is as if it were not there.
        regsub(f"&[^&=]+={_END}", ""),
        *(regsub(f"&({_either(own.types)})=", "&post_type=\\1&name=") for _ in own.types[:1]),
        *(
            regsub(f"&({_either(own.taxonomies)})=", "&taxonomy=\\1&term=")
            for _ in own.taxonomies[:1]
        ),
        _last(),
        regsub(f"&page=1{_END}", ""),
    )
    yield put("known", f"{of('query')},{','.join(read)}", condition)
    marks = matches("known", "%E3%82%(?:99|9A)")
    yield put("known", f"{of('known')},{','.join(compositions())}", f"{condition} {marks}")
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
    yield put("key", of("all"), f"{condition} {matches('all', '.')}")
    is_key = found("key")
    yield put("base", f"{of('key')},{regsub('&(?:page|cpage|embed)=[^&]*', '')}", is_key)
    yield put(
        "base",
        f"{of('base')},{regsub('&paged=[^&]*', '')}",
        f"{is_key} !{matches('known', '&sitemap=')}",
    )
    # A preview of what is published is that itself.
    known = (*VARIABLES, "preview", *own.names)
    yield put("left", _left(known), is_key)


def own(names: Sequence[str], condition: str) -> Iterator[str]:
    """`redirects_own`, the key of these parameters, and `redirects_own_left`, all others."""
    read = (
        regsub(f"&(?!(?:{_either(names)})(?:%5B|=|&|$))[^&]*", ""),
        *_as_lists(),
        _last(),
        regsub(f"(?:{_GLUE})+{_END}", ""),
        regsub(f"&[^&=]+={_END}", ""),
        _ordered(names),
    )
    yield put("own", f"{of('query')},{','.join(read)}", condition)
    yield put("own_left", _left(names), condition)


def readable(own: OwnVariables) -> OwnVariables:
    """Those of a site's own variables that HAProxy can read: the first that there are."""
    return OwnVariables(_fitting(own.types), _fitting(own.taxonomies))


def _fitting(names: tuple[str, ...]) -> tuple[str, ...]:
    while sum(len(name) + 1 for name in names) > OWN_CHARACTERS_MAX:
        names = names[:-1]
    return names


def _chunks(names: Iterable[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    for name in names:
        chunk.append(name)
        if sum(map(len, chunk)) > _CHUNK_CHARACTERS:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def compositions() -> Iterator[str]:
    """The converters that make each kana and its sound mark one (`kana.composed`), of what is
    percent-encoded."""
    for code in range(0x3046, 0x30FE):
        for mark in "\u3099\u309a":
            pair = chr(code) + mark
            if len(whole := composed(pair)) == 1 and unicodedata.normalize("NFD", whole) == pair:
                yield regsub(quote(pair), quote(whole))


def _either(names: Iterable[str]) -> str:
    ordered = sorted(names, key=lambda name: (-len(name), name))
    return "|".join(quote(name, safe="").replace(".", "[.]") for name in ordered)


def _as_lists() -> tuple[str, str]:
    """Each part with `=`, and `name[x]=y` as the list that matches nothing."""
    return (regsub("&([^&=%]++)%5B[^&]*", f"&\\1={_ARRAY}"), regsub(f"&([^&=]++){_END}", "&\\1="))


def _last() -> str:
    """The last of a name wins."""
    return regsub("&([^&=]++)=[^&]*+(?=.*&\\1=)", "")


def _only(name: str, no: str, but: str = "") -> str:
    """The values of this name without some characters: all else is found as it is, and kept."""
    return regsub(f"(&(?!{name}=)[^&]*|&{name}=(?:{_ARRAY}{_END})?{but})|{no}", "\\1")


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


def _left(names: Iterable[str]) -> str:
    """The query as it was sent, without the parts of these names."""
    cut = (*(regsub(f"&{parameter(chunk)}", "") for chunk in _chunks(names)), regsub("^&|&$", ""))
    return f'str("&"),concat("",txn.redirects_args,"&"),{",".join(cut)}'
