"""A rule set as a tree of small values: every rule is found, and sets share what they can."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from redirects.leaf import Found, Visitor, find
from redirects.places import base_of, place, text_of
from redirects.rules import Rule, RuleSet
from redirects.tree import NODE_BYTES_MAX, Tree, child, children, grow, missing, reached

ROOT = 700


def looked_up(tree: Tree, base: str, text: str, visitor: Visitor = Visitor()) -> Found | None:  # noqa: B008
    node = tree.root
    for _ in range(tree.depth):
        node = tree.nodes[child(node, place(base, text))]
    return find(node, text, visitor) if tree.depth else None


def found(tree: Tree, rule: Rule) -> Found | None:
    return looked_up(tree, base_of(rule), text_of(rule), Visitor(rule.language, rule.host))


def site(posts: range, seed: int = 0) -> list[Rule]:
    """The rules of a WordPress: ids that map by rule, and as many that don't."""
    made = random.Random(seed)
    rules = []
    for n in posts:
        if n % 3 == 1:
            rules.append(Rule(f"?p={n}", 301, f"/wp-content/uploads/{made.randrange(9**9)}.jpg"))
            continue
        page = f"/blog/{n}.html"
        rules.append(Rule(f"?p={n}", 301, page, page))
        rules.append(Rule(f"?p={n}&feed=rss2", 301, f"/blog/{n}/feed.xml"))
        rules += (Rule(f"?p={n}&page={k}", 301, f"/blog/{n}/{k}.html") for k in range(2, n % 5))
        slug = (
            f"/{made.randrange(2009, 2026)}/{made.randrange(1, 13):02}/記事-{made.randrange(9**6)}"
        )
        rules += [Rule(slug, 301, page), Rule(f"{slug}/", 301, page)]
    return rules


SEGMENT = st.text("ab1290会が", min_size=1, max_size=4)
PATHS = st.lists(SEGMENT, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
NUMBERS = st.integers(0, 10**10) | st.integers(1, 50)
RULES = st.lists(
    st.one_of(
        st.builds(lambda path, to: Rule(path, 301, f"/{to}"), PATHS, NUMBERS),
        st.builds(lambda n, to: Rule(f"?p={n}", 301, f"/blog/{n if to else 7}.html"),
                  st.integers(1, 2000), st.booleans()),
        st.builds(lambda n, k: Rule(f"?cat={n}&paged={k}", 301, f"/c/{n}/page/{k}/"),
                  st.integers(1, 20), st.integers(2, 90)),
        st.builds(lambda n: Rule("/item.php", 302, f"/{n}", query=f"id={n}"), NUMBERS),
        st.builds(lambda path: Rule(path, 410), PATHS),
        st.builds(lambda path, language, host: Rule(path, 302, "/x", language=language, host=host),
                  PATHS, st.sampled_from(["", "en", "ja"]),
                  st.sampled_from(["", "a.example", "b.example"])),
    ),
    max_size=60,
)  # fmt: skip


@given(RULES, RULES)
@settings(deadline=None)
def test_a_rule_is_found_and_what_is_none_is_not(
    given_rules: list[Rule], others: list[Rule]
) -> None:
    rules = RuleSet.of(given_rules).rules
    tree = grow(rules, ROOT)
    assert not tree.left_out
    by_requests = {rule.requests: rule for rule in rules}
    for rule in rules:
        assert found(tree, rule) == (rule.status, rule.target, rule.in_place)
    for other in others:
        candidates = (
            Rule(other.source, 301, "/", query=other.query, language=language, host=host)
            for host in dict.fromkeys((other.host, ""))
            for language in dict.fromkeys((other.language, ""))
        )
        held = (by_requests.get(one.requests) for one in candidates)
        expected = next((one.decision for one in held if one), None)
        assert found(tree, other) == expected


def test_every_value_fits() -> None:
    tree = grow(RuleSet.of(site(range(1, 3000))).rules, ROOT)
    assert tree.depth == 2
    assert len(tree.root) <= ROOT
    assert max(map(len, tree.nodes.values())) <= NODE_BYTES_MAX
    assert all(value.isascii() for value in tree.nodes.values())
    assert set(reached(tree.depth, tree.root, tree.nodes.get)) == set(tree.nodes)


def test_ids_that_map_by_rule_take_a_bit_each() -> None:
    rules = [Rule(f"?p={n}", 301, f"/blog/{n}.html", f"/blog/{n}.html") for n in range(1, 30_001)]
    gone = {7, 77, 7777}
    tree = grow([rule for n, rule in enumerate(rules, 1) if n not in gone], ROOT)
    assert sum(map(len, tree.nodes.values())) < 30_000 / 6 + 1_000
    for n, rule in enumerate(rules, 1):
        if n % 100 == 77 or n in gone:
            assert (found(tree, rule) is None) == (n in gone)
    assert looked_up(tree, "/\np=30001", "/\np=30001") is None


def test_one_new_post_changes_few_values() -> None:
    before, after = (grow(RuleSet.of(site(range(1, n))).rules, ROOT) for n in (3000, 3001))
    added = missing(after, before.depth, before.root, before.nodes.get)
    assert set(added) == set(after.nodes) - set(before.nodes)
    # Its number, its feed, its old path with and without a slash: a leaf and a branch for each.
    assert len(added) <= 12
    assert len(after.nodes) > 150


def test_one_change_in_the_middle_moves_few_ends() -> None:
    rules = RuleSet.of(site(range(1, 1000))).rules
    before = grow(rules, ROOT)
    counts = []
    for n in range(5, len(rules), len(rules) // 25):
        after = grow([*rules[:n], *rules[n + 1 :]], ROOT)
        counts.append(len(set(after.nodes) - set(before.nodes)))
    assert sorted(counts)[len(counts) // 2] <= 4
    assert max(counts) < 50, "one request of CloudFront's store takes 50"


def test_a_page_of_something_that_is_not_there_finds_what_it_is_of() -> None:
    long = [Rule(f"?cat=3&paged={n}", 301, f"/c/{n * n * 7919 % 10**9}/") for n in range(2, 300)]
    tree = grow(RuleSet.of([Rule("?cat=3", 301, "/c/"), *long]).rules, ROOT)
    assert len(tree.nodes) > 5
    for n in range(1000):
        # The rule of the base is in the leaf in which the page would be.
        node = tree.root
        for _ in range(tree.depth):
            node = tree.nodes[child(node, place("/\ncat=3", f"/\ncat=3&paged={n}"))]
        assert find(node, "/\ncat=3", Visitor()) == (301, "/c/", "")


def test_so_does_a_page_behind_feeds_and_their_pages() -> None:
    """A leaf may begin with what lies between a post and a page of it."""
    posts = range(1, 400)
    unlike = [f"/{n * 7919 % 10**6}.html" for n in posts]
    rules = [Rule(f"?p={n}", 301, to) for n, to in zip(posts, unlike, strict=True)]
    rules += [Rule(f"?p={n}&feed=rss2", 301, to) for n, to in zip(posts, unlike, strict=True)]
    tree = grow(RuleSet.of(rules).rules, ROOT)
    for n in posts:
        of = looked_up(tree, f"/\np={n}", f"/\np={n}")
        assert of
        for k in range(10, 30):
            page = place(f"/\np={n}", f"/\np={n}&cpage={k}")
            node = tree.root
            for _ in range(tree.depth):
                node = tree.nodes[child(node, page)]
            assert find(node, f"/\np={n}", Visitor()) == of, (n, k)


def test_a_rule_that_fits_nowhere_is_left_out() -> None:
    rules = RuleSet.of([Rule("/a", 301, "/" + "x" * 1100), Rule("/b", 301, "/c")]).rules
    tree = grow(rules, ROOT)
    assert [rule.source for rule in tree.left_out] == ["/a"]
    assert found(tree, rules[1])


def test_no_rules() -> None:
    tree = grow([], ROOT)
    assert tree == (0, "", {}, [])
    assert children(tree.root) == []
