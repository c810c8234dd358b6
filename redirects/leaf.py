"""A leaf of the redirect tree: rules that lie next to each other, in one value of the store.

A leaf is `"  " record "  " record "  "`, and a record `key when numbers target [page in place]`:

- `key`: stands for the text of the requests (`places.key`), or for its shape, without a number;
- `when`: `status`, `status;language` or `status;language;host`;
- `numbers`: `-`, or those for which the record of a shape holds: the first in base 36, a dot,
  and six more in each character. The number of the request stands for `\\` in what follows;
- `target`: `-` for a 410.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from redirects.places import base36, key, shapes, text_of
from redirects.rule import Rule

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_BITS = 6
# Numbers further apart than this take less room in records of their own.
_GAP_MAX = 360
_DIGITS = re.compile("[0-9]+")
_BORDER = "  "
_ANY = "-"
_NUMBER = "\\"


class Visitor(NamedTuple):
    """What rules may ask of who comes: the first language ('en'), and the host."""

    language: str = ""
    host: str = ""


class Found(NamedTuple):
    """What a rule says; the target is '' for a 410."""

    status: int
    target: str
    in_place: str


class _Numbered(NamedTuple):
    """A rule without one of its numbers: those of one shape are one record."""

    shape: str
    when: str
    what: str


class Prepared(NamedTuple):
    """A rule as it may be written: alone, or with others that differ in one number."""

    alone: str
    numbered: tuple[tuple[_Numbered, int], ...]


def prepared(rule: Rule) -> Prepared:
    """A rule for `encode`."""
    text, when = text_of(rule), conditions(rule.status, rule.language, rule.host)
    alone = f"{key(text)} {when} {_ANY} {what(rule.target, rule.in_place)}"
    if rule.language or rule.host:  # these are tried in their order
        return Prepared(alone, ())
    numbered = (
        (_Numbered(shape, when, _without(number, what(rule.target, rule.in_place))), number)
        for shape, number in shapes(text)
    )
    return Prepared(alone, tuple(numbered))


def conditions(status: int, language: str, host: str) -> str:
    """The second word of a record."""
    return f"{status};{language};{host}".rstrip(";")


def what(target: str, in_place: str) -> str:
    """The last words of a record."""
    return f"{target or _ANY} {in_place}".rstrip()


def encode(rules: Sequence[Prepared]) -> str:
    """The leaf of these rules, in this order."""
    members: dict[_Numbered, int] = defaultdict(int)
    for rule in rules:
        for numbered, _ in rule.numbered:
            members[numbered] += 1
    runs: dict[_Numbered, list[tuple[int, str]]] = defaultdict(list)
    records: list[str | _Numbered] = []
    for rule in rules:
        common = max(rule.numbered, key=lambda one: members[one[0]], default=None)
        if common is None or members[common[0]] == 1:
            records.append(rule.alone)
            continue
        shape, number = common
        if shape not in runs:
            records.append(shape)
        runs[shape].append((number, rule.alone))
    written = (
        [one] if isinstance(one, str) else _written(one, sorted(runs[one])) for one in records
    )
    return _BORDER + "".join(record + _BORDER for some in written for record in some)


def find(leaf: str, text: str, visitor: Visitor) -> Found | None:
    """What a leaf says to a visitor who asks for this; None if it has nothing."""
    asked: list[tuple[str, int | None]] = [(text, None), *shapes(text)]
    for shape, number in asked:
        beginning = f"{_BORDER}{key(shape)} "
        at = leaf.find(beginning)
        while at >= 0:
            start = at + len(_BORDER)
            record = leaf[start : leaf.index(_BORDER, start)]
            found = decided(record, visitor, number)
            if found:
                return found
            at = leaf.find(beginning, start)
    return None


def decided(record: str, visitor: Visitor, number: int | None = None) -> Found | None:
    """What a record says to a visitor, with the number of the request; None if it is for others."""
    _, when, numbers, target, in_place = (*record.split(" "), "")[:5]
    status, language, host = (*when.split(";"), "", "")[:3]
    if language not in ("", visitor.language) or host not in ("", visitor.host):
        return None
    if number is not None and _has(numbers, number):
        target, in_place = (one.replace(_NUMBER, str(number)) for one in (target, in_place))
    elif number is not None or numbers != _ANY:
        return None
    return Found(int(status), "" if target == _ANY else target, in_place)


def _written(shape: _Numbered, members: list[tuple[int, str]]) -> Iterable[str]:
    run: list[tuple[int, str]] = []
    for member in members:
        if run and member[0] - run[-1][0] > _GAP_MAX:
            yield _record(shape, run)
            run = []
        run.append(member)
    yield _record(shape, run)


def _record(shape: _Numbered, run: list[tuple[int, str]]) -> str:
    first, alone = run[0]
    if len(run) == 1:
        return alone
    bits = [0] * ((run[-1][0] - first) // _BITS + 1)
    for number, _ in run:
        bits[(number - first) // _BITS] |= 1 << (number - first) % _BITS
    numbers = f"{base36(first)}.{''.join(_ALPHABET[one] for one in bits)}"
    return f"{key(shape.shape)} {shape.when} {numbers} {shape.what}"


def _has(numbers: str, number: int) -> bool:
    first, dot, bits = numbers.partition(".")
    if not dot:
        return False
    at, bit = divmod(number - int(first, 36), _BITS)
    return 0 <= at < len(bits) and bool(_ALPHABET.index(bits[at]) >> bit & 1)


def _without(number: int, text: str) -> str:
    digits = str(number)
    if digits not in text:
        return text
    return _DIGITS.sub(lambda found: _NUMBER if found[0] == digits else found[0], text)
