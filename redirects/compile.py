"""A rule set as entries of the edge's key-value store, within that store's limits.

Every set has a prefix of its own, so a new one is loaded beside the old one, and takes effect,
whole, when the entry `live` names it.
"""

import base64
import hashlib
import re
from typing import NamedTuple

from redirects.rules import Rule, RuleSet
from redirects.targets import GONE

# The limits of a CloudFront key value store, from
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
KEY_BYTES_MAX = 512
VALUE_BYTES_MAX = 1_024
STORE_BYTES_MAX = 5 * 1024 * 1024

SET_ID_CHARACTERS = 12
"""How much of a rule set's digest is its prefix in the store."""

LIVE_KEY = "live"
"""The entry that says which release visitors get. Previews have entries of their own, under
their names: `preview-spring`."""

_LIVE = re.compile(
    r"([0-9]{1,15}) ([A-Za-z0-9][A-Za-z0-9._-]{0,63}) ([0-9a-f]{12})"
    r"(?: ([0-9]{1,12}) ([0-9a-f]{64}|-))?"
)


class LeftOut(NamedTuple):
    """A rule that the store can't hold, and why."""

    rule: Rule
    reason: str


class KeyValueData(NamedTuple):
    """The entries of one rule set, and what could not become one."""

    entries: dict[str, str]
    left_out: list[LeftOut]


class LiveEntry(NamedTuple):
    """What is live, or on a preview: a number that only grows, the slot of the release, its rule
    set. A preview ends at `expires`, in seconds since 1970 (0: never), and may ask for a
    password: `password` is its `password_digest`, or ''."""

    generation: int
    slot: str
    set_id: str
    expires: int = 0
    password: str = ""


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


def live_entry(
    generation: int, slot: str, set_id: str, expires: int = 0, password: str = ""
) -> str:
    """The value of the entry `live`, or of a preview's. Raises ValueError for what could not be
    read back."""
    value = f"{generation} {slot} {set_id}"
    if expires or password:
        value += f" {expires} {password or '-'}"
    parse_live_entry(value)
    return value


def parse_live_entry(value: str) -> LiveEntry:
    """What such an entry says. Raises ValueError when it is unreadable."""
    match = _LIVE.fullmatch(value)
    if match is None:
        raise ValueError(f"not '<generation> <slot> <rule set> [<end> <password or ->]': {value!r}")
    password = match[5] or ""
    return LiveEntry(
        int(match[1]), match[2], match[3], int(match[4] or 0), password.replace("-", "")
    )


def shown_by(value: str) -> LiveEntry | None:
    """What an entry says that was read from an edge; None for one that is not there or that
    nobody could read, the edge function neither: it will be written anew."""
    try:
        return parse_live_entry(value)
    except ValueError:
        return None


def password_digest(preview: str, password: str) -> str:
    """What the edge compares a preview's password with: SHA-256, in hexadecimal digits, over the
    preview's name, a colon, and what a browser sends for this password in `Authorization: Basic`
    with the name `preview`. The password itself is kept nowhere."""
    return token_digest(preview, base64.b64encode(f"preview:{password}".encode()).decode())


def token_digest(preview: str, token: str) -> str:
    """`password_digest` of what a browser sent behind `Basic`."""
    return hashlib.sha256(f"{preview}:{token}".encode()).hexdigest()


def _value(rule: Rule) -> str:
    if rule.status == GONE:
        return str(GONE)
    return f"{rule.status} {rule.target} {rule.in_place}".rstrip()
