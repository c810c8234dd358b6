"""The canonical form of a query (`redirects.query`), in nginx's maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from redirects.formats.nginx_words import WORD_BYTES_MAX, map_of
from redirects.formats.spelling import (
    AMP,
    BRACKET,
    GLUE,
    KNOWN,
    NAME_REST,
    VALUE,
    WHITE,
    one_of,
    parameter,
    spelled,
)
from redirects.query import INTEGER_DIGITS_MAX, INTEGERS, VARIABLES

RUNS_MAX = 8
"""In so many places of a query known parts are cut out; a map can cut once."""

_WHICH_PAGE = VARIABLES[3 : VARIABLES.index("feed")]
_DIGITS = f"[1-9][0-9]{{0,{INTEGER_DIGITS_MAX - 1}}}(?![0-9]|%3[0-9])"
# Anything but digits, for `m=2009-04`.
_NO_DIGIT = "(?:[^0-9%]|%(?!3[0-9])[0-9A-Fa-f]{2})*+"
# A value without what is glued to its end.
_BARE = f"((?:{GLUE}*+(?!{GLUE}){VALUE})++)"


def is_short(names: Sequence[str]) -> bool:
    """Whether nginx can read the expression for these names."""
    return len(_cut_out(parameter(names, lists=False))) < WORD_BYTES_MAX


def wordpress() -> str:
    """`$redirects_key` and `$redirects_base`, `&name=value` for each variable of a query at the
    root in canonical order ('' for none); and `$redirects_left`, all other parts."""
    text = "\n# The query as WordPress reads it: the last of a name wins, `name[]` is a list.\n"
    text += "".join(_raw(name) + _cleaned(name) for name in VARIABLES)
    text += "# The three ids are one another, and an id leaves nothing else to choose.\n"
    text += _else("redirects_id_1", "redirects_v_p", "redirects_v_page_id")
    text += _else("redirects_id", "redirects_v_attachment_id", "redirects_id_1")
    which = "".join(f"${_variable(name)}" for name in _WHICH_PAGE)
    text += map_of("$redirects_id", "redirects_which", [("", which), ("~^&[a-z_]+=(.*)$", "&p=$1")])
    text += map_of(
        "$redirects_v_sitemap $redirects_v_paged",
        "redirects_paged",
        [("~^&.* &paged=0$", ""), ("~^ &paged=[01]$", ""), ("default", "$redirects_v_paged")],
    )
    text += map_of(
        "$redirects_v_page",
        "redirects_page",
        [("&page=0", ""), ("&page=1", ""), ("default", "$redirects_v_page")],
    )
    text += map_of(
        "$redirects_v_sitemap", "redirects_base_paged", [("", ""), ("default", "$redirects_paged")]
    )
    after = "".join(f"${_variable(name)}" for name in VARIABLES[VARIABLES.index("embed") :])
    number = "$redirects_paged$redirects_page$redirects_v_cpage"
    text += map_of(
        "$args",
        "redirects_is_preview",
        [
            (f"~(?:^|&){AMP}{spelled('preview')}(?:{BRACKET}{NAME_REST}*+)?(?:[=&]|$)", "1"),
            ("default", ""),
        ],
    )
    # A preview shows what is not published; it must never be answered by a redirect.
    text += map_of("$redirects_is_preview$redirects_id", "redirects_is_kept", [
        ("~^1&", ""), ("default", f"$redirects_which$redirects_v_feed{number}{after}"),
    ])  # fmt: skip
    text += map_of("$args", "redirects_query", [("", ""), ("default", "$redirects_is_kept")])
    text += map_of("$redirects_is_root", "redirects_key", [("1", "$redirects_query"), ("0", "")])
    text += map_of(
        "$redirects_key",
        "redirects_base",
        [("", ""), ("default", f"$redirects_which$redirects_v_feed$redirects_base_paged{after}")],
    )
    return text + _left("redirects_left", KNOWN)


def own(sets: Sequence[Sequence[str]]) -> Iterator[str]:
    """`$redirects_own_key` and `$redirects_own_left` of the parameters that rules of the site ask
    for: the set whose number is `$redirects_set`."""
    numbers = {
        name: n for n, name in enumerate(dict.fromkeys(one for set_ in sets for one in set_))
    }
    if sets:
        yield "\n# The site's own parameters.\n"
    for name, number in numbers.items():
        raw = f"redirects_own_raw_{number}"
        expression = f"~^(?:.*&)?{AMP}{one_of([name], plus=True)}(?:=({VALUE}*+))?(?:&|$)"
        yield map_of("$args", raw, [(expression, ":$1"), ("default", "")])
        yield map_of(
            f"${raw}", f"redirects_own_{number}", [(f"~^:{_BARE}", f"&{name}=$1"), ("default", "")]
        )
    for number, names in enumerate(sets):
        yield _left(f"redirects_own_left_{number}", parameter(names, lists=False))
    keys = ["".join(f"$redirects_own_{numbers[name]}" for name in names) for names in sets]
    yield map_of(
        "$redirects_set",
        "redirects_own_key",
        [("default", ""), *((str(number), key) for number, key in enumerate(keys))],
    )
    yield map_of(
        "$redirects_set",
        "redirects_own_left",
        [
            ("default", ""),
            *((str(number), f"$redirects_own_left_{number}") for number in range(len(sets))),
        ],
    )


def _variable(name: str) -> str:
    return f"redirects_v_{name.replace('-', '_')}"


def _raw(name: str) -> str:
    """`:value` of the last part with this name, with a bracket before it if it is a list."""
    expression = (
        f"~^(?:.*&)?{AMP}{spelled(name)}(?:({BRACKET}){NAME_REST}*+)?(?:=({VALUE}*+))?(?:&|$)"
    )
    return map_of("$args", f"{_variable(name)}_raw", [(expression, "$1:$2"), ("default", "")])


def _cleaned(name: str) -> str:
    rows: list[tuple[str, str]]
    if name in INTEGERS:
        rows = [
            (f"~^:{GLUE}*+$", ""),
            (f"~^:{WHITE}*+(?:0|%30)*+({_DIGITS})", f"&{name}=$1"),
            ("~.", f"&{name}=0"),
        ]
    elif name == "m":
        digits = f"([0-9]*){_NO_DIGIT}"
        rows = [
            (f"~^:{_NO_DIGIT}([0-9]+){_NO_DIGIT}{digits * 7}$", f"&{name}=$1$2$3$4$5$6$7$8"),
            (f"~^:{_NO_DIGIT}$", ""),
            ("~^:", f"&{name}=0"),
        ]
    elif name == "embed":
        rows = [(f"~^:{GLUE}*+$", ""), ("~.", "&embed=true")]
    else:
        rows = [(f"~^:{_BARE}", f"&{name}=$1"), ("~^[^:]", f"&{name}=[]")]
        if name == "feed":
            glued = f"{GLUE}*+$"
            rows[:0] = [
                (f"~^:(?:feed|rss){glued}", "&feed=rss2"),
                (f"~^:comments-feed{glued}", "&feed=comments-rss2"),
            ]
    return map_of(f"${_variable(name)}_raw", _variable(name), [*rows, ("default", "")])


def _else(variable: str, one: str, other: str) -> str:
    rows = [("", f"${other}"), ("default", f"${one}")]
    return map_of(f"${one}", variable, rows)


def _cut_out(part: str) -> str:
    return f"~^(?(DEFINE)({part}))((?:(?!(?1)&)[^&]*+&)*+)(?:(?1)&)++(.*)$"


def _left(variable: str, part: str) -> str:
    """A query without some of its parts: cut out run by run."""
    text, source = "", "$args&"
    for number in range(RUNS_MAX):
        cut = f"{variable}_{number}"
        text += map_of(source, cut, [(_cut_out(part), "$2$3"), ("default", source)])
        source = f"${cut}"
    kept = f"~^(?(DEFINE)({part}))((?:(?!(?1)&)[^&]*+&)*+)$"
    text += map_of(source, f"{variable}_kept", [(kept, "$2"), ("default", "")])
    return text + map_of(f"${variable}_kept", variable, [("~^(.*)&$", "$1"), ("default", "")])
