"""A rule set as data of the edge's key-value store, within that store's limits.

The rules are a tree of nodes (`tree.py`), which sets share; a set's head has the root of its tree
and what is looked at without it. The entry `live` holds the head of the set that is live, so a
new set is loaded beside the old one and takes effect, whole, when that one entry is written.

A head is `section "  " section ...`:

- `V<types> | <taxonomies>`: the query variables of the site's own types (`query.own_variables`);
- `R<depth><root>`: the root (a branch), and how many nodes there are on the way to a rule;
- `Q<path> <name>&<name>`: a set of parameters that rules for a path ask for, percent-encoded path;
  one for each set, in the order in which they are looked up, and behind the last of them the
  records (`leaf.py`) for the path itself, `q- when - target [page]`;
- `P<expression> when - target`: a pattern; `{1}` in the target is its first group.
"""

import base64
import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from redirects.leaf import conditions, what
from redirects.patterns import Pattern
from redirects.rule import Rule, names_of, sets_of_names
from redirects.rules import RuleSet
from redirects.targets import encode_path
from redirects.tree import NODE_PREFIX, Tree, grow, missing, reached

# The limits of a CloudFront key value store, from
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
KEY_BYTES_MAX = 512
VALUE_BYTES_MAX = 1_024
STORE_BYTES_MAX = 5 * 1024 * 1024

HEAD_BYTES_MAX = 860
"""An entry has a slot, a set, a password's digest before the head: 164 bytes at most."""

NAME_SETS_MAX = 3
"""So many sets of parameters are looked up for one path: each may take two reads of the store."""

SET_ID_CHARACTERS = 12
"""How much of a rule set's digest is its key in the store."""

LIVE_KEY = "live"
"""The entry that says which release visitors get. Previews have entries of their own, under
their names: `preview-spring`."""

_LIVE = re.compile(
    r"([0-9]{1,15}) ([A-Za-z0-9][A-Za-z0-9._-]{0,63}) ([0-9a-f]{12})"
    r"(?: ([0-9]{1,12}) ([0-9a-f]{64}|-))?"
)
_BORDER = "  "
_Sets = dict[str, list[tuple[str, ...]]]


class LeftOut(NamedTuple):
    """A rule that the store can't hold, and why."""

    rule: Rule
    reason: str


class KeyValueData(NamedTuple):
    """A rule set for the edge: its head, the nodes of its tree by name, and what could not become
    a part of it."""

    head: str
    nodes: dict[str, str]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def size_bytes(self) -> int:
        """What the nodes take of the store; the head is in two entries."""
        keys = len(self.nodes) * len(NODE_PREFIX + next(iter(self.nodes), ""))
        return keys + sum(map(len, self.nodes.values())) + 2 * len(self.head.encode())

    @property
    def head_bytes(self) -> int:
        """What the entry can't do without. A root of leaves becomes one of branches where room is
        scarce, so it does not count."""
        depth, root = root_of(self.head)
        return len(self.head.encode()) - (len(root) if depth == 1 else 0)

    def lacking(self, head: str, get: Callable[[str], str | None]) -> dict[str, str]:
        """The entries that the store has not, in which all nodes of another set are, that of
        this head. `get` gives an entry; it is asked for what the sets don't share."""
        depth, root = root_of(head)
        tree = Tree(*root_of(self.head), self.nodes, [])
        found = missing(tree, depth, root, lambda name: get(NODE_PREFIX + name))
        return {NODE_PREFIX + name: node for name, node in found.items()}

    @property
    def entries(self) -> dict[str, str]:
        """The nodes as entries of the store."""
        return {NODE_PREFIX + name: node for name, node in self.nodes.items()}


class LiveEntry(NamedTuple):
    """What is live, or on a preview: a number that only grows, the slot of the release, its rule
    set and that set's head. A preview ends at `expires`, in seconds since 1970 (0: never), and
    may ask for a password: `password` is its `password_digest`, or ''."""

    generation: int
    slot: str
    set_id: str
    head: str = ""
    expires: int = 0
    password: str = ""


class StoreTooLargeError(Exception):
    """The rules are more than the edge holds. `size_bytes`, `limit_bytes`: of the store, or of the
    entry, whichever does not hold them."""

    def __init__(self, message: str, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(message, size_bytes, limit_bytes)
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes

    def __str__(self) -> str:
        return str(self.args[0])


def set_id(rules: RuleSet) -> str:
    """The key of a rule set: the beginning of its digest."""
    return rules.digest[:SET_ID_CHARACTERS]


def compile_rules(rules: RuleSet) -> KeyValueData:
    """The data of a rule set.

    A rule whose record is too long is left out and reported. Raises `StoreTooLargeError` when
    this set alone is more than the store holds.
    """
    own = rules.own_variables
    first = [f"V{own.strip()}"] if own else []
    sets = sets_of_names(rules.rules)
    beside = [*_parameters(rules.rules, sets), *map(_pattern, rules.patterns)]
    beside_bytes = sum(len(section.encode()) + len(_BORDER) for section in (*first, *beside))
    room = HEAD_BYTES_MAX - beside_bytes - len("R2")
    tree = grow(rules.rules, max(0, room))
    if len(tree.root) > room:
        raise _entry_too_small(beside_bytes, len(tree.root))
    root = [f"R{tree.depth}{tree.root}"] if tree.depth else []
    reason = f"it is longer than {VALUE_BYTES_MAX} bytes, the limit of a value"
    left_out = [LeftOut(rule, reason) for rule in tree.left_out]
    left_out += _not_looked_up(rules.rules, sets)
    data = KeyValueData(_BORDER.join([*first, *root, *beside]), tree.nodes, tuple(left_out))
    if data.size_bytes > STORE_BYTES_MAX:
        raise StoreTooLargeError(
            f"the redirects take {data.size_bytes:,} bytes, the edge's key-value store holds "
            f"{STORE_BYTES_MAX:,}: remove redirects nobody asks for (see the access logs), or "
            "shorten the targets",
            data.size_bytes,
            STORE_BYTES_MAX,
        )
    return data


def _entry_too_small(beside_bytes: int, root_bytes: int) -> StoreTooLargeError:
    """The patterns and parameters, and the root that grows with the redirects, share a value."""
    size = beside_bytes + len("R2") + root_bytes
    cure = (
        "have fewer or shorter ones; single paths take no room there"
        if beside_bytes > HEAD_BYTES_MAX // 10
        else "remove redirects nobody asks for (see the access logs)"
    )
    return StoreTooLargeError(
        f"the patterns and parameters take {beside_bytes:,} bytes of the edge's entry, and the "
        f"root of the redirects {root_bytes:,}; together it holds {HEAD_BYTES_MAX:,}: {cure}",
        size,
        HEAD_BYTES_MAX,
    )


def root_of(head: str) -> tuple[int, str]:
    """The depth and the root of a head's tree: 0 and '' without one."""
    for section in head.split(_BORDER):
        if section.startswith("R"):
            return int(section[1]), section[2:]
    return 0, ""


def nodes_of(head: str, get: Callable[[str], str | None]) -> Iterator[str]:
    """The keys of all nodes of a set; `get` gives an entry."""
    for name in reached(*root_of(head), lambda name: get(NODE_PREFIX + name)):
        yield NODE_PREFIX + name


def live_entry(
    generation: int, slot: str, set_id: str, head: str = "", expires: int = 0, password: str = ""
) -> str:
    """The value of the entry `live`, or of a preview's. Raises ValueError for what could not be
    read back."""
    value = f"{generation} {slot} {set_id}"
    if expires or password:
        value += f" {expires} {password or '-'}"
    if head:
        value += _BORDER + head
    parse_live_entry(value)
    return value


def parse_live_entry(value: str) -> LiveEntry:
    """What such an entry says. Raises ValueError when it is unreadable."""
    first, _, head = value.partition(_BORDER)
    match = _LIVE.fullmatch(first)
    if match is None:
        raise ValueError(
            f"not '<generation> <slot> <rule set> [<end> <password or ->]  ...': {value!r}"
        )
    password = (match[5] or "").replace("-", "")
    return LiveEntry(int(match[1]), match[2], match[3], head, int(match[4] or 0), password)


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


def _parameters(rules: tuple[Rule, ...], sets: _Sets) -> Iterator[str]:
    if not sets:
        return
    whole: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        if rule.source in sets and not rule.query:
            whole[rule.source].append(rule)
    for source in sorted(sets):
        for names in sets[source][:NAME_SETS_MAX]:
            yield f"Q{encode_path(source)} {'&'.join(names)}"
        for rule in whole[source]:
            when = conditions(rule.status, rule.language, rule.host)
            yield f"q- {when} - {what(rule.target, rule.in_place)}"


def _not_looked_up(rules: tuple[Rule, ...], sets: _Sets) -> Iterator[LeftOut]:
    """The rules of the sets of names that are too many for their path."""
    too_many = {(path, names) for path, found in sets.items() for names in found[NAME_SETS_MAX:]}
    reason = f"{NAME_SETS_MAX} sets of parameters are looked up for a path"
    for rule in rules if too_many else ():
        if rule.query and (rule.source, tuple(names_of(rule.query))) in too_many:
            yield LeftOut(rule, reason)


def _pattern(pattern: Pattern) -> str:
    when = conditions(pattern.status, pattern.language, pattern.host)
    return f"P{pattern.expression} {when} - {what(pattern.replacement, '')}"
