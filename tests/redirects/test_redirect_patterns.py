"""Redirects of many paths at once."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redirects.chains import EXPANDED_MAX, example, examples
from redirects.patterns import Pattern
from redirects.rules import Rule, RuleSet


@pytest.mark.parametrize(
    ("source", "target", "path", "found"),
    [
        ("/old/*", "/new/*", "/old/a b/c", "/new/a%20b/c"),
        ("/old/*", "/new/*", "/old/", "/new/"),
        ("/old/*", "/new/", "/old/anything", "/new/"),
        ("/old/*", "/new/*", "/old", None),
        ("/old/*", "/new/*", "/older/x", None),
        ("/archives/{id:int}", "/blog/{id}.html", "/archives/1632", "/blog/1632.html"),
        ("/archives/{id:int}", "/blog/{id}.html", "/archives/x", None),
        ("/archives/{id:int}", "/blog/{id}.html", "/archives/1632/", None),
        ("/{y:int}/{m:int}/{slug}/", "/{slug}/", "/2009/04/会社/", "/%E4%BC%9A%E7%A4%BE/"),
        ("/{a}-{b}.html", "/{b}/{a}", "/x-y-z.html", "/z/x-y"),
        ("/古い/{page}.htm", "https://old.example.co.jp/{page}", "/古い/案内.htm",
         "https://old.example.co.jp/%E6%A1%88%E5%86%85"),
        ("/a.b/*", "/*", "/axb/c", None),
        ("/s/{id}", "/?p={id}", "/s/1&x=%2", "/?p=1%26x%3D%252"),
    ],
)  # fmt: skip
def test_what_a_pattern_leads_to(source: str, target: str, path: str, found: str | None) -> None:
    assert Pattern(source, 301, target).find(path) == found


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("/plain", "/x"),
        ("/a*", "/b*"),
        ("/{a}-{b}-{c}/", "/"),
        ("/*/b", "/"),
        ("/{a}{b}", "/"),
        ("/{a}/{a}", "/"),
        ("/{A}", "/"),
        ("/{a", "/"),
        ("no/{a}", "/"),
        ("/../{a}", "/"),
        ("/{a}", "//{a}"),
        ("/{a}", "https://{a}/"),
        ("/{a}", "/{b}"),
        ("/{a}", "/*"),
        ("/{a}", "/x y"),
        ("/{a}", "/%zz"),
        ("/" + "x" * 300 + "/*", "/"),
    ],
)
def test_what_is_no_pattern(source: str, target: str) -> None:
    with pytest.raises(ValueError, match="redirect from"):
        Pattern(source, 301, target, "redirects.csv:3")


def test_no_path_takes_long() -> None:
    for source in ("/{a}-{b}/*", "/{a}-{b}.{c:int}-{d:int}/{e}-{f}/x", "/x{a}-/{b}--{c}"):
        for path in (
            "/" + "-" * 2000,
            "/" + "-." * 1000 + "/",
            "/x" + "-1" * 1000 + "/" + "-" * 999,
        ):
            started = time.process_time()
            Pattern(source, 301, "/").find(path)
            assert time.process_time() - started < 1


@given(
    st.text(st.characters(exclude_characters="/\\", exclude_categories=("Cs", "Cc")), min_size=1)
)
def test_no_visitor_leads_a_redirect_elsewhere(text: str) -> None:
    for source, target in (("/{a}", "/{a}"), ("/old/*", "/*"), ("/old/{a}", "/{a}")):
        found = Pattern(source, 301, target).find(source.replace("{a}", text).replace("*", text))
        assert found is not None
        assert found.startswith("/")
        assert not found.startswith("//")
        assert found.isascii()
        assert found.isprintable()


def test_an_example_is_matched() -> None:
    pattern = Pattern("/{y:int}/{slug}/*", 301, "/{slug}/*")
    assert pattern.find(example(pattern)) == pattern.filled(examples(pattern))
    assert pattern.find(example(pattern, is_empty=True)) is not None


def test_a_pattern_that_leads_to_rules_has_rules_of_its_own() -> None:
    posts = [Rule(f"?p={n}", 301, f"/blog/{n}.html", f"/blog/{n}.html") for n in (7, 1632)]
    rules = RuleSet.of(posts, [Pattern("/archives/{id:int}", 301, "/?page_id={id}")])
    assert {rule.source: rule.target for rule in rules.rules} == {
        "?p=7": "/blog/7.html",
        "?p=1632": "/blog/1632.html",
        "/archives/7": "/blog/7.html",
        "/archives/1632": "/blog/1632.html",
    }
    assert all(rule.in_place == rule.target for rule in rules.rules)
    assert len(rules.patterns) == 1  # what is no post is a 404 there


def test_chains_of_patterns_become_one_step() -> None:
    rules = RuleSet.of(
        [Rule("/a", 301, "/old/x")],
        [Pattern("/old/{n}", 302, "/mid/{n}"), Pattern("/mid/{m}", 301, "/new/{m}.html")],
    )
    assert [rule.target for rule in rules.rules] == ["/new/x.html"]
    assert [pattern.target for pattern in rules.patterns] == ["/new/{n}.html", "/new/{m}.html"]
    assert not rules.loops


def test_no_pattern_skips_the_rules_with_parameters_at_its_target() -> None:
    items = [
        Rule("/item.php", 301, "/shop/"),
        Rule("/item.php", 301, "/shop/33/", query="id=33"),
        Rule("/a", 301, "/item.php"),
        Rule("/b", 301, "/item.php?id=33"),
    ]
    patterns = [Pattern("/item/{id:int}", 301, "/item.php?id={id}"), Pattern("/x/*", 301, "/a?*")]
    rules = RuleSet.of(items, [*patterns, Pattern("/z/*", 301, "/item.php")])
    assert [pattern.target for pattern in rules.patterns] == [
        "/item.php?id={id}",  # what /item/33 leads to is not what /item/34 does
        "/item.php?*",
        "/item.php",
    ]
    targets = {rule.source + rule.query: rule.target for rule in rules.rules}
    # `/a?id=33` keeps its parameter, and so comes to the shop's page 33.
    assert (targets["/a"], targets["/b"]) == ("/item.php", "/shop/33/")


def test_a_circle_is_one_for_those_without_parameters_too() -> None:
    rules = [
        Rule("/item.php", 301, "/a"),
        Rule("/a", 301, "/item.php"),
        Rule("/item.php", 301, "/shop/33/", query="id=33"),
    ]
    found = RuleSet.of(rules)
    assert [rule.query for rule in found.rules] == ["id=33"]
    assert [loop.sources for loop in found.loops] == [("/a", "/item.php")]


def test_what_a_whole_folder_leads_to_is_one_step() -> None:
    rules = RuleSet.of(
        [
            Rule("/new/", 301, "/home/"),
            Rule("/new/会社/x", 301, "/company/", "/company/"),
            Rule("/new/gone", 410),
            Rule("/newest/y", 308, "/z"),
            Rule("/new/kept/a", 301, "/b"),
            Rule("/new/en", 302, "/english/", language="en"),
        ],
        [
            Pattern("/old/kept/*", 301, "/kept/*"),
            Pattern("/old/*", 302, "/new/*", "own.csv:2"),
            Pattern("/oldest/*", 301, "/newer/*", host="old.example.co.jp"),
            Pattern("/newer/*", 301, "/newest/*"),
        ],
    )
    made = {(r.source, r.host): (r.status, r.target) for r in rules.rules if "old" in r.source}
    assert made == {
        ("/old/", ""): (302, "/home/"),
        ("/old/会社/x", ""): (302, "/company/"),
        ("/old/gone", ""): (410, ""),
        # By the pattern between, too.
        ("/oldest/y", "old.example.co.jp"): (301, "/z"),
    }
    assert not rules.twice
    in_place = {rule.source: rule.in_place for rule in rules.rules}
    assert in_place["/old/会社/x"] == "/company/"


def test_of_more_than_fit_a_folder_has_none() -> None:
    rules = [Rule(f"/new/{n}", 301, f"/{n * 7}") for n in range(EXPANDED_MAX + 1)]
    pattern = Pattern("/old/*", 301, "/new/*")
    found = RuleSet.of(rules, [pattern])
    assert len(found.rules) == len(rules)
    [(first, then)] = found.twice
    assert first == pattern
    assert then in rules
    assert len(RuleSet.of(rules[1:], [pattern]).rules) == 2 * EXPANDED_MAX


def test_who_is_sent_twice_is_known() -> None:
    dated = Pattern("/{y:int}/{slug}/", 301, "/{slug}/")
    section = Pattern("/news/a/*", 301, "/press/*")
    found = RuleSet.of(
        [Rule("/about/", 301, "/company/")], [dated, section, Pattern("/n/*", 301, "/news/*")]
    )
    assert [(first.source, then.source) for first, then in found.twice] == [
        ("/{y:int}/{slug}/", "/about/"),
        ("/{y:int}/{slug}/", "/n/*"),  # /2009/n/
        ("/n/*", "/news/a/*"),
    ]
    # Here nobody comes to the second by the first: the second has it already.
    first = Pattern("/n/a/*", 301, "/press/*")
    assert not RuleSet.of([], [first, Pattern("/n/*", 301, "/n/a/*", host="x.example")]).twice


def test_patterns_in_a_circle_are_reported_and_left_out() -> None:
    rules = RuleSet.of(
        [],
        [
            Pattern("/a/{x}", 301, "/b/{x}", "redirects.csv:1"),
            Pattern("/b/{x}", 301, "/a/{x}", "redirects.csv:2"),
            Pattern("/old/*", 301, "/old/new/*", "redirects.csv:3"),
            Pattern("/fine/*", 301, "/elsewhere/*"),
        ],
    )
    assert [pattern.source for pattern in rules.patterns] == ["/fine/*"]
    assert [(loop.sources, loop.origins) for loop in rules.loops] == [
        (("/a/{x}", "/b/{x}"), ("redirects.csv:1", "redirects.csv:2")),
        (("/old/*",), ("redirects.csv:3",)),
    ]


def test_a_pattern_that_is_never_the_first_is_reported() -> None:
    first = Pattern("/old/*", 301, "/new/*", "redirects.csv:1")
    never = Pattern("/old/{a}.html", 301, "/a/{a}", "redirects.csv:2")
    english = Pattern("/en/*", 302, "/english/*", language="en")
    all_of_it = Pattern("/en/*", 302, "/international/*")
    rules = RuleSet.of([], [first, never, english, all_of_it])
    assert rules.patterns == (first, english, all_of_it)
    assert [(one.kept, one.dropped) for one in rules.conflicts] == [(first, never)]


def test_conditions_tell_rules_apart() -> None:
    rules = RuleSet.of(
        [
            Rule("/", 302, "/en/", language="en"),
            Rule("/en/", 301, "/english/"),
            Rule("/", 302, "/shop/", host="shop.example.co.jp"),
            Rule("/hall", 301, "/"),
        ]
    )
    assert [(rule.source, rule.host, rule.language, rule.target) for rule in rules.rules] == [
        ("/", "shop.example.co.jp", "", "/shop/"),
        ("/", "", "en", "/english/"),
        ("/en/", "", "", "/english/"),
        # Where it leads depends on who comes: two steps for some.
        ("/hall", "", "", "/"),
    ]
    assert RuleSet.from_json(rules.to_json()) == rules


def test_parameters_of_ones_own() -> None:
    rules = RuleSet.of(
        [
            Rule("/item.php", 301, "/shop/", query="id=33"),
            Rule("/item.php", 301, "/shop/x/", query="id=34&kind=本"),
            Rule("/old", 301, "/item.php?id=33&utm_source=x"),
        ]
    )
    assert [rule.target for rule in rules.rules] == ["/shop/", "/shop/x/", "/shop/?utm_source=x"]


@pytest.mark.parametrize("query", ["id", "b=1&a=2", "id=", "i d=1", "id=1&id=2", "id=a+b&"])
def test_parameters_that_no_request_has(query: str) -> None:
    if query == "id=a+b&":
        query = "id=a%zz&"
    with pytest.raises(ValueError, match="redirect from"):
        Rule("/item.php", 301, "/", query=query)
