"""A rule set as a tree of small values, so that two sets share what they have in common.

The leaves (`leaf.py`) hold the rules in the order of their places; a branch, and the root, say
which leaf or branch begins at which place: `common name name+place name+place ...`, where the
places lack what they all begin with. A node's name is made of its content. So a set that differs in
one rule has one other leaf, one other branch and another root, and shares all other nodes with the
set before it.

Where a leaf ends is decided by the places around (the last of some that are marked by their own
digest), not by counting: a rule more moves the ends of the leaves nearby, and no others.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from redirects.leaf import Prepared, encode, prepared
from redirects.places import PREFIX_CHARACTERS, base_of, digest, place, text_of
from redirects.rule import Rule

NODE_BYTES_MAX = 1_024
"""CloudFront Developer Guide, "Quotas on key value stores": a value is at most 1 KB."""

NAME_CHARACTERS = 9
NODE_PREFIX = "n/"
"""Before a node's name in the store."""

# One place of so many may end a node.
_MARKED = 4
# So many rules are held ready beside those of a leaf.
_FORGOTTEN_FROM = 20_000


class Node(NamedTuple):
    """A node, and the place at which it begins: the shortest that tells it from the one before."""

    begins: str
    name: str


class Tree(NamedTuple):
    """`root`: the names of the first nodes, with `depth` nodes on the way to a rule; '' and 0
    without rules. `nodes`: all, by name. `left_out`: rules too long for a leaf."""

    depth: int
    root: str
    nodes: dict[str, str]
    left_out: list[Rule]


def grow(rules: Sequence[Rule], root_bytes_max: int) -> Tree:
    """The tree of sorted rules. The root is longer than `root_bytes_max` if two levels of nodes
    are not enough."""
    nodes: dict[str, str] = {}
    left_out: list[Rule] = []
    level = list(_named(_leaves(rules, left_out), nodes))
    depth = 1 if level else 0
    root = _branch(level)
    if len(root) > root_bytes_max:
        level = list(_named(_branches(level), nodes))
        depth, root = 2, _branch(level)
    return Tree(depth, root, nodes, left_out)


def child(branch: str, sought: str) -> str:
    """The name of the node in which a place would be; '' in a branch that is not there."""
    entries = branch.split(" ")
    if len(entries) < 2:
        return ""
    low, high = 1, len(entries)
    while high - low > 1:
        middle = (low + high) // 2
        is_behind = entries[0] + entries[middle][NAME_CHARACTERS:] > sought
        low, high = (low, middle) if is_behind else (middle, high)
    return entries[low][:NAME_CHARACTERS]


def children(branch: str) -> list[str]:
    """The names in a branch or root; none in one that is not there."""
    return [entry[:NAME_CHARACTERS] for entry in branch.split(" ")[1:]]


def reached(depth: int, root: str, get: Callable[[str], str | None]) -> Iterator[str]:
    """The names of all nodes of a tree; `get` gives the content of a branch."""
    for name in children(root):
        yield name
        if depth == 2:
            yield from children(get(name) or "")


def missing(tree: Tree, depth: int, root: str, get: Callable[[str], str | None]) -> dict[str, str]:
    """The nodes that another tree, of which all nodes are there, has not. `get` gives the content
    of a branch of that one; it is asked for those that the trees do not share."""
    there: set[str] = set()
    for name in children(root):
        there.add(name)
        if depth == 2:
            there.update(children(tree.nodes.get(name) or get(name) or ""))
    return {name: node for name, node in tree.nodes.items() if name not in there}


class _Stretch(NamedTuple):
    """What becomes a node: its content, and the shortest place that none before it reaches."""

    text: str
    begins: str


class _Shelf:
    """Rules in the order of their places. Those of one place are one: they are not parted."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        places = [place(base_of(rule), text_of(rule)) for rule in rules]
        self._order = sorted(range(len(rules)), key=places.__getitem__)
        self.places = list[str]()
        self._starts = list[int]()
        for at, index in enumerate(self._order):
            if not self.places or self.places[-1] != places[index]:
                self.places.append(places[index])
                self._starts.append(at)
        self._starts.append(len(rules))
        self._prepared: dict[int, list[Prepared]] = {}

    def at(self, number: int) -> list[Rule]:
        """The rules at one place."""
        found = self._order[self._starts[number] : self._starts[number + 1]]
        return [self._rules[index] for index in sorted(found)]

    def text(self, start: int, count: int) -> str:
        """The leaf of so many places. What answers where a page of something is not there stands
        in each leaf in which a page of it would be looked for."""
        if len(self._prepared) > 2 * count + _FORGOTTEN_FROM:
            self._prepared.clear()  # memory is for one leaf, not for all
        before: list[Prepared] = []
        # Behind `p=5` lie `p=5&page=2`, but also `p=5&feed=rss2` and its pages.
        for digits in (2 * PREFIX_CHARACTERS, PREFIX_CHARACTERS):
            base = self.places[start][:-digits]
            number = bisect_left(self.places, base)
            if number < start and self.places[number] == base:
                before += self._at(number)
        return encode([*before, *(one for n in range(start, start + count) for one in self._at(n))])

    def _at(self, number: int) -> list[Prepared]:
        if number not in self._prepared:
            self._prepared[number] = [prepared(rule) for rule in self.at(number)]
        return self._prepared[number]


def _leaves(rules: Sequence[Rule], left_out: list[Rule]) -> Iterator[_Stretch]:
    shelf = _Shelf(rules)
    start, count = 0, 16
    while start < len(shelf.places):

        def fits(count: int, start: int = start) -> bool:
            return len(shelf.text(start, count)) <= NODE_BYTES_MAX

        count = _most(fits, max(1, count), len(shelf.places) - start)
        if count == 0:
            left_out.extend(shelf.at(start))
            start += 1
            continue
        end = _end(shelf.places, start, start + count)
        yield _Stretch(shelf.text(start, end - start), _begins(shelf.places, start))
        start = end


def _branches(level: Sequence[Node]) -> Iterator[_Stretch]:
    begins = [node.begins for node in level]
    start = 0
    while start < len(level):

        def fits(count: int, start: int = start) -> bool:
            return len(_branch(level[start : start + count])) <= NODE_BYTES_MAX

        end = _end(begins, start, start + _most(fits, 64, len(level) - start))
        yield _Stretch(_branch(level[start:end]), begins[start])
        start = end


def _branch(nodes: Sequence[Node]) -> str:
    if not nodes:
        return ""
    # Who gets here is behind the beginning of the first.
    rest = nodes[1:]
    common = _common(rest[0].begins, rest[-1].begins) if rest else ""
    entries = (node.name + node.begins[len(common) :] for node in rest)
    return " ".join([common, nodes[0].name, *entries])


def _named(stretches: Iterable[_Stretch], nodes: dict[str, str]) -> Iterator[Node]:
    """The nodes, which are also put among the others."""
    for text, begins in stretches:
        name = digest(text)[:NAME_CHARACTERS]
        nodes[name] = text
        yield Node(begins, name)


def _begins(places: Sequence[str], start: int) -> str:
    """A beginning of a place that is behind the place before it."""
    if not start:
        return ""
    before, first = places[start - 1], places[start]
    return first[: len(_common(before, first)) + 1]


def _common(one: str, other: str) -> str:
    """With what both begin: of a sorted list, all between them, too."""
    pairs = enumerate(zip(one, other, strict=False))
    return one[: next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))]


def _most(fits: Callable[[int], bool], guess: int, limit: int) -> int:
    """The greatest number up to a limit that fits: less fits, too. It is looked for around a
    guess, in growing steps, then between the last two."""
    low, high = 0, limit + 1
    step, at = max(1, guess // 32), min(max(1, guess), limit)
    while high - low > 1:
        if fits(at):
            low = at
            at = min(at + step, high - 1) if high > limit else (low + high) // 2
        else:
            high = at
            at = max(at - step, low + 1) if low == 0 else (low + high) // 2
        step *= 2
    return low


def _end(places: Sequence[str], start: int, end: int) -> int:
    """Where a node ends that might go on to `end`: before a marked place, if there is one."""
    if end == len(places):
        return end
    for at in range(end, (start + end) // 2, -1):
        if zlib.crc32(places[at].encode()) % _MARKED == 0:
            return at
    return end
