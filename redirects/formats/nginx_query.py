"""The canonical form of a query (`redirects.query`), in nginx's maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from redirects.formats.grouping import OwnVariables
from redirects.formats.nginx_words import WORD_BYTES_MAX, map_of, word
from redirects.formats.spelling import (
    AMP,
    BRACKET,
    GLUE,
    VALUE,
    WHITE,
    one_of,
    parameter,
    spelled,
)
from redirects.query import INTEGERS, VARIABLES

RUNS_MAX = 8
"""In so many places of a query known parts are cut out; a map can cut once."""

LIST_RUNS_MAX = 6
"""So many runs of digits are read in `m`, `cat` and `author`, with other characters between."""

_WHICH_PAGE = VARIABLES[3 : VARIABLES.index("feed")]
_LISTS = ("cat", "author")

# Every expression begins with what it calls (?1), a glued character, and (?2), one of a value.
_DEFINED = f"(?(DEFINE)({GLUE})({VALUE}))"
# A value without what is glued to its end.
_BARE = "((?:(?1)*+(?!(?1))(?2))++)(?1)*+"
# `name[x]=y`, of which the value is a list, whatever it is.
_A_LIST = f"{BRACKET}(?:(?!=)(?2))*+(?:=[^&]*+)?"
# What can't be decoded: no rule is found for it.
_BROKEN = "(?!(?2)*+(?:&|$))"
# What comes to the same: nothing of it is a number.
_AS_A_LIST = f"({_A_LIST}|={spelled('[]')}(?1)*+)"
# No digit is spelled with a percent sign, but where a client means to be odd.
_DIGIT = "%3[0-9]"
_COMMA = "(?:,|%2[Cc])"
_MINUS = "(?:-|%2[Dd])"
# Stands for a value that can't be read: no request has a tab, so no rule is found for it.
_ODD = "\t"


def is_short(names: Sequence[str]) -> bool:
    """Whether nginx can read the expression for these names."""
    return len(word(_cut_out(names))) < WORD_BYTES_MAX


def readable(own: OwnVariables) -> OwnVariables:
    """Those of a site's own variables that nginx can read: the first that there are."""
    return OwnVariables(_fitting("post_type", own.types), _fitting("taxonomy", own.taxonomies))


def _fitting(name: str, own: tuple[str, ...]) -> tuple[str, ...]:
    while own and len(word(_expression(name, own)[0])) >= WORD_BYTES_MAX:
        own = own[:-1]
    return own


def wordpress(own: OwnVariables) -> str:
    """`$redirects_key` and `$redirects_base`, `&name=value` for each variable of a query at the
    root in canonical order ('' for none); and `$redirects_left`, all other parts."""
    text = "\n# The query as WordPress reads it: the last of a name wins, `name[]` is a list.\n"
    names = {"name": own.types, "post_type": own.types}
    names |= {"term": own.taxonomies, "taxonomy": own.taxonomies}
    for name in VARIABLES:
        text += map_of(
            "$args",
            f"{_variable(name)}_raw",
            [_expression(name, names.get(name, ())), ("default", "")],
        )
        text += map_of(f"${_variable(name)}_raw", _variable(name), _rows(name, names.get(name, ())))
    text += "# The three ids are one another, and an id leaves nothing else to choose.\n"
    text += _else("redirects_id_1", "redirects_v_p", "redirects_v_page_id")
    text += _else("redirects_id", "redirects_v_attachment_id", "redirects_id_1")
    which = "".join(f"${_variable(name)}" for name in _WHICH_PAGE)
    text += map_of("$redirects_id", "redirects_which", [("", which), ("~^&[a-z_]+=(.*)$", "&p=$1")])
    # Page 1 of something is that thing, except that a sitemap's own links write `paged=1`.
    text += map_of(
        "$redirects_v_sitemap $redirects_v_paged",
        "redirects_paged",
        [(" &paged=1", ""), ("default", "$redirects_v_paged")],
    )
    text += map_of(
        "$redirects_v_page", "redirects_page", [("&page=1", ""), ("default", "$redirects_v_page")]
    )
    text += map_of(
        "$redirects_v_sitemap", "redirects_base_paged", [("", ""), ("default", "$redirects_paged")]
    )
    after = "".join(f"${_variable(name)}" for name in VARIABLES[VARIABLES.index("embed") + 1 :])
    part = "$redirects_paged$redirects_page$redirects_v_cpage$redirects_v_embed"
    key = f"$redirects_which$redirects_v_feed{part}{after}"
    text += map_of("$args", "redirects_query", [("", ""), ("default", key)])
    text += map_of("$redirects_is_root", "redirects_key", [("1", "$redirects_query"), ("0", "")])
    text += map_of(
        "$redirects_key",
        "redirects_base",
        [
            ("", ""),
            (f"~{_ODD}", ""),
            ("default", f"$redirects_which$redirects_v_feed$redirects_base_paged{after}"),
        ],
    )
    # A preview of what is published is that itself.
    return text + _left("redirects_left", (*VARIABLES, "preview", *own.names))


def own(sets: Sequence[Sequence[str]], levels: int) -> Iterator[str]:
    """The parameters that rules of the site ask for. `$redirects_own_key_0` and so on, one for each
    level: of the sets whose numbers are in `$redirects_set` (`3,1`), that in this place; its number
    and its parameters. `$redirects_own_left`: all others, for what was found at a level."""
    numbers = {
        name: n for n, name in enumerate(dict.fromkeys(one for set_ in sets for one in set_))
    }
    if sets:
        yield "\n# The site's own parameters.\n"
    for name, number in numbers.items():
        raw = f"redirects_own_raw_{number}"
        named = f"{AMP}{one_of([name], plus=True)}"
        expression = f"~^{_DEFINED}(?:.*&)?{named}(?:({_A_LIST})|(?:=([^&]*+))?)(?:&|$)"
        yield map_of("$args", raw, [(expression, "$3:$4"), ("default", "")])
        yield map_of(
            f"${raw}",
            f"redirects_own_{number}",
            [
                (f"~^{_DEFINED}:{_BARE}$", f"&{name}=$3"),
                ("~^[^:]", f"&{name}=[]"),
                ("default", ""),
            ],
        )
    for number, names in enumerate(sets):
        yield _left(f"redirects_own_left_{number}", names)
    keys = ["".join(f"$redirects_own_{numbers[name]}" for name in names) for names in sets]
    for level in range(levels):
        chosen = f"redirects_set_{level}"
        at = f"~^(?:[0-9]+,){{{level}}}([0-9]+)"
        yield map_of("$redirects_set", chosen, [(at, "$1"), ("default", "")])
        # The number tells a set of which something is missing from a smaller one.
        for_keys = [(str(number), f"{number}{key}") for number, key in enumerate(keys)]
        for_left = [(str(number), f"$redirects_own_left_{number}") for number in range(len(sets))]
        for variable, rows in (("own_key", for_keys), ("own_left_of", for_left)):
            yield map_of(f"${chosen}", f"redirects_{variable}_{level}", [("default", ""), *rows])
    found_at = [(f"q{level}", f"$redirects_own_left_of_{level}") for level in range(levels)]
    yield map_of("$redirects_by", "redirects_own_left", [("default", ""), *found_at])


def _variable(name: str) -> str:
    return f"redirects_v_{name.replace('-', '_')}"


def _expression(name: str, own: Sequence[str]) -> tuple[str, str]:
    """An expression for the last part with this name, or one of the site's own that stand for it,
    in which there is a value; and what is kept of it: `:value`, or something before the colon if
    it is a list. Of `post_type` and `taxonomy` the own name is kept instead, before a tab."""
    kept = "$3:$4"
    if name in INTEGERS:
        value = f"(?:{_AS_A_LIST}|{_NUMBER})"
        kept = "$3:$4$5" if name == "p" else "$3:$5"
    elif name in _LISTS or name == "m":
        value = f"(?:{_AS_A_LIST}|=(?=(?2)*+(?:&|$)){_runs(with_commas=name != 'm')})"
        kept = "$3:" + "".join(f"${number}" for number in range(4, 4 + LIST_RUNS_MAX))
    else:
        value = f"(?:({_A_LIST})|(?|={_BARE}|={_BROKEN}([^&]*+)))"
    named = one_of([name, *own], plus=True)
    if own and name in ("post_type", "taxonomy"):
        named = f"(?:{spelled(name)}|({one_of(own, plus=True)}))"
        kept = "$3\t$4:$5"
    return f"~^{_DEFINED}(?:.*&)?{AMP}{named}{value}(?:&|$)", kept


# PHP's cast: white space, a sign, zeros, and what counts, if there is a digit but 0. Of what can't
# be decoded only what stands before its first percent sign.
_NUMBER = (
    f"=(?!{_BROKEN}(?![+ ]*+-?+0*+[1-9])){WHITE}*+(?:({_MINUS})|%2[Bb])?(?:0|%30)*+"
    f"(?:([1-9][0-9]*+)(?!{_DIGIT})|(?=[1-9]|{_DIGIT}))[^&]*+"
)


def _runs(*, with_commas: bool) -> str:
    """The digits of a date; or of a list of ids, with commas and signs, but without the zeros at
    its beginning and the commas at its end. Nothing is kept of what has too many runs of them."""
    if with_commas:
        no = "(?:[^0-9,&%-]|%(?!3[0-9]|2[CcDd])[0-9A-Fa-f]{2})"
        one = f"(?:[0-9]|{_MINUS})"
        before, after = f"(?:{no}|0)*+", f"(?:{no}|{_COMMA})*+"
        zeros = f"(?:{no}|0|%30)*+"
        run = f"(?:{one}|{_COMMA}++(?={after}{one}))"
    else:
        no = "(?:[^0-9&%]|%(?!3[0-9])[0-9A-Fa-f]{2})"
        one, run, before, after, zeros = "[0-9]", "[0-9]", f"{no}*+", f"{no}*+", ""
    runs = f"({run}++)" + f"{no}*+({run}*+)" * (LIST_RUNS_MAX - 1)
    odd = f"{zeros}{after}(?={one}|{_DIGIT})(?2)*+"
    return f"(?:{before}{runs}{after}(?=&|$)|{odd})"


def _rows(name: str, own: Sequence[str]) -> list[tuple[str, str]]:
    """What the kept text comes to: `&name=value`, '' for none."""
    a_list = ("~^[^:]", f"&{name}=[]")
    if name == "p":
        rows = [(f"~^:{_MINUS}([0-9]+)$", "&p=-$1"), ("~^:([0-9]+)$", "&p=$1")]
        return [("default", ""), *rows, ("~^:", f"&p={_ODD}"), a_list]
    if name in INTEGERS or name in _LISTS or name == "m":
        return [("default", ""), (":", f"&{name}={_ODD}"), ("~^:(.+)$", f"&{name}=$1"), a_list]
    if name == "embed":
        return [("default", ""), ("~^:", "&embed=true"), a_list]
    if name == "feed":
        known = [("~^:(?:feed|rss)$", "&feed=rss2"), ("~^:comments-feed$", "&feed=comments-rss2")]
        return [("default", ""), *known, ("~^:(.*)$", "&feed=$1"), a_list]
    if own and name in ("post_type", "taxonomy"):
        known = [(f"~^{spelled(one)}\t", f"&{name}={one}") for one in own]
        plain = [("~^\t:(.*)$", f"&{name}=$1"), ("~^\t[^:]", f"&{name}=[]")]
        return [("default", ""), *known, *plain]
    return [("default", ""), ("~^:(.*)$", f"&{name}=$1"), a_list]


def _else(variable: str, one: str, other: str) -> str:
    rows = [("", f"${other}"), ("default", f"${one}")]
    return map_of(f"${one}", variable, rows)


def _part_of(names: Sequence[str]) -> str:
    """(?2), a part with one of these names."""
    return f"(?(DEFINE)({VALUE})({parameter(names, '(?1)')}))"


def _cut_out(names: Sequence[str]) -> str:
    return f"~^{_part_of(names)}((?:(?!(?2)&)[^&]*+&)*+)(?:(?2)&)++(.*)$"


def _chunks(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The names, so many at a time as nginx can read."""
    chunk: tuple[str, ...] = ()
    for name in names:
        if chunk and not is_short((*chunk, name)):
            yield chunk
            chunk = ()
        chunk = (*chunk, name)
    yield chunk


def _left(variable: str, names: Sequence[str]) -> str:
    """A query without the parts of these names: cut out run by run."""
    text, source = "", "$args&"
    for chunk_number, chunk in enumerate(_chunks(names)):
        for number in range(RUNS_MAX):
            cut = f"{variable}_{chunk_number}_{number}"
            text += map_of(source, cut, [(_cut_out(chunk), "$3$4"), ("default", source)])
            source = f"${cut}"
        # What still has one of them has too many: nothing of it is carried over.
        kept = f"{variable}_{chunk_number}_kept"
        whole = f"~^{_part_of(chunk)}((?:(?!(?2)&)[^&]*+&)*+)$"
        text += map_of(source, kept, [(whole, "$3"), ("default", "")])
        source = f"${kept}"
    return text + map_of(source, variable, [("~^(.*)&$", "$1"), ("default", "")])
