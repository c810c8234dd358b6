"""A rule set as entries of the edge's key-value store, within that store's limits.

Every set has a prefix of its own, so a new one is loaded beside the old one, and takes effect,
whole, when the entry `live` names it.
"""

import re
from typing import NamedTuple

from redirects.rules import GONE, Rule, RuleSet

# The limits of a CloudFront key value store, from
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
KEY_BYTES_MAX = 512
VALUE_BYTES_MAX = 1_024
STORE_BYTES_MAX = 5 * 1024 * 1024

SET_ID_CHARACTERS = 12
"""How much of a rule set's digest is its prefix in the store."""

LIVE_KEY = "live"
"""The entry that says which release visitors get."""

_LIVE = re.compile(r"([0-9]{1,15}) ([A-Za-z0-9][A-Za-z0-9._-]{0,63}) ([0-9a-f]{12})")


class LeftOut(NamedTuple):
    """A rule that the store can't hold, and why."""

    rule: Rule
    reason: str


class KeyValueData(NamedTuple):
    """The entries of one rule set, and what could not become one."""

    entries: dict[str, str]
    left_out: list[LeftOut]


class LiveEntry(NamedTuple):
    """What is live: a number that only grows, the slot of the release, its rule set."""

    generation: int
    slot: str
    set_id: str


class StoreTooLargeError(Exception):
    """The rules are more than the key-value store holds."""

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(size_bytes, limit_bytes)
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes

    def __str__(self) -> str:
        return (
            f"the redirects take {self.size_bytes:,} bytes, the edge's key-value store holds "
            f"{self.limit_bytes:,}: remove redirects nobody asks for (see the access logs), or "
            "shorten the targets"
        )


def set_id(rules: RuleSet) -> str:
    """The prefix of a rule set's keys: the beginning of its digest."""
    return rules.digest[:SET_ID_CHARACTERS]


def compile_rules(rules: RuleSet, set_id: str) -> KeyValueData:
    """The entries `<set_id><source>` -> `<status> [<target> [<page in place>]]`.

    A rule whose key or value is too long is left out and reported. Raises `StoreTooLargeError`
    when this set alone, keys and values together, is more than the store holds.
    """
    entries: dict[str, str] = {}
    left_out: list[LeftOut] = []
    size_bytes = 0
    for rule in rules.rules:
        key, value = set_id + rule.source, _value(rule)
        key_bytes, value_bytes = len(key.encode()), len(value.encode())
        if key_bytes > KEY_BYTES_MAX:
            reason = f"its key is {key_bytes} bytes long, the limit is {KEY_BYTES_MAX}"
        elif value_bytes > VALUE_BYTES_MAX:
            reason = f"its value is {value_bytes} bytes long, the limit is {VALUE_BYTES_MAX}"
        else:
            entries[key] = value
            size_bytes += key_bytes + value_bytes
            continue
        left_out.append(LeftOut(rule, reason))
    if size_bytes > STORE_BYTES_MAX:
        raise StoreTooLargeError(size_bytes, STORE_BYTES_MAX)
    return KeyValueData(entries, left_out)


def live_entry(generation: int, slot: str, set_id: str) -> str:
    """The value of the entry `live`. Raises ValueError for what could not be read back."""
    value = f"{generation} {slot} {set_id}"
    parse_live_entry(value)
    return value


def parse_live_entry(value: str) -> LiveEntry:
    """What the entry `live` says. Raises ValueError when it is unreadable."""
    match = _LIVE.fullmatch(value)
    if match is None:
        raise ValueError(f"not '<generation> <slot> <rule set>': {value!r}")
    return LiveEntry(int(match[1]), match[2], match[3])


def _value(rule: Rule) -> str:
    if rule.status == GONE:
        return str(GONE)
    return f"{rule.status} {rule.target} {rule.in_place}".rstrip()
