"""A site's own redirects beside its pages and the rules that its CMS gives."""

from __future__ import annotations

from publisher.own import Own, problems
from publisher.remarks import of_redirects
from publisher.rules import Moved, Redirects, with_withdrawn
from redirects.chains import HOPS_MAX
from redirects.own import parse_rule
from redirects.rules import RuleSet
from tests.samples import HOME, addresses


def made(*lines: tuple[str, ...], pages: tuple[str, ...] = ("/?p=12",)) -> tuple[RuleSet, str]:
    """The rule set with these of one's own, and what is said of it."""
    of = addresses()
    own = Own.of(
        parse_rule(*line, origin=f"own.csv:{number}") for number, line in enumerate(lines, 2)
    )
    redirects = Redirects(of, own)
    for url in pages:
        address = of.locate(HOME + url)
        assert address is not None
        assert address.path is not None
        redirects.add(address.path, address.url)
    rules = redirects.rules(())
    said = of_redirects(rules, own, redirects.hiding(), redirects.nowhere(rules))
    return rules, "\n".join(said)


def target(rules: RuleSet, source: str, language: str = "") -> str:
    found = [r.target for r in rules.rules if (r.source, r.language) == (source, language)]
    return found[0] if found else ""


def test_ones_own_come_first_and_lead_on() -> None:
    rules, said = made(
        ("/?p=12", "https://shop.example.co.jp/"), ("/old", "/?name=first"), ("/x", "/old")
    )
    assert target(rules, "?p=12") == "https://shop.example.co.jp/"
    assert target(rules, "/old") == target(rules, "/x") == "/blog/12.html"
    assert said.splitlines() == [
        "redirects of your own replace 1 that the CMS gives; the first: /?p=12 leads to "
        "https://shop.example.co.jp/ (301), by own.csv:2; by post 12 it leads to /blog/12.html "
        "(301)"
    ]


def test_what_leads_nowhere_is_said() -> None:
    _, said = made(("/a", "/none/?x"), ("/b", "/blog/12.html#top"), ("/c", "", "410"))
    assert said == "/a (own.csv:2) leads to /none/?x (301), where nothing is"


def test_a_page_answers_for_itself() -> None:
    rules, said = made(("/blog/12.html", "/elsewhere/"), ("/blog/13.html", "", "410"))
    assert not [rule for rule in rules.rules if rule.source == "/blog/12.html"]
    assert [rule for rule in rules.rules if rule.source == "/blog/13.html"]
    assert said == (
        "/blog/12.html (own.csv:2) is left out: a page is there, and answers for itself"
    )


def test_a_page_may_answer_some_visitors_only() -> None:
    lines = (
        ("/blog/12.html", "/company/", "302", "en"),
        ("/blog/12.html?print=1", "/company/?print=1"),
        ("https://old.example.co.jp/blog/12.html", "/company/#history"),
    )
    rules, said = made(*lines, pages=("/?p=12", "/?page_id=2"))
    found = [rule for rule in rules.rules if rule.source == "/blog/12.html"]
    assert len(found) == len(lines)
    assert not said


def test_no_pattern_hides_a_page() -> None:
    pages = ("/?p=12", "/?p=1632", "/?page_id=2")
    rules, said = made(
        ("/blog/*", "https://blog.example.co.jp/*"),
        ("/blog/{name}.htm", "/blog/{name}.html"),
        ("/{a}/", "/en/{a}/", "302", "en"),
        ("https://old.example.co.jp/*", "/*"),
        pages=pages,
    )
    assert [pattern.source for pattern in rules.patterns] == ["/blog/{name}.htm", "/{a}/", "/*"]
    assert said.splitlines() == [
        "/blog/* (own.csv:2) is left out: it would hide 2 files of the site, such as "
        "/blog/12.html, /blog/1632.html",
        "/{a}/ (en) (own.csv:4) hides 1 file of the site, such as /company/, from these visitors",
    ]


def test_a_circle_through_a_derived_rule_names_both() -> None:
    of = addresses("/%postname%/")
    of_cms = of.locate(f"{HOME}/new/")
    assert of_cms
    own = Own.of([parse_rule("/old/", "/new/", origin="own.csv:2")])
    redirects = Redirects(of, own)
    rules = redirects.rules([Moved(of_cms, 301, "/old/")])
    assert not {"/old/", "/new/"} & {rule.source for rule in rules.rules}
    assert list(of_redirects(rules, own, (), ())) == [
        "redirects in a circle, left out: /new/ (redirect of the CMS) -> /old/ (own.csv:2) -> /new/"
    ]


def test_a_chain_is_no_circle() -> None:
    steps = HOPS_MAX + 2
    own = Own.of(parse_rule(f"/{n}", f"/{n + 1}", origin=f"own.csv:{n + 2}") for n in range(steps))
    [problem] = problems(own)
    assert problem.message == (
        "a chain of more than 100 redirects: /0 (own.csv:2) -> /1 (own.csv:3) -> /2 (own.csv:4) "
        "-> ..."
    )
    assert not list(problems(Own(own.rules[:HOPS_MAX])))


def test_who_is_sent_twice_is_said() -> None:
    lines = (("/n/*", "/news/*"), ("/news/a/*", "https://press.example.co.jp/*"))
    assert made(*lines)[1] == (
        "/n/* (own.csv:2) takes two steps for some: it leads them to /news/a/* (own.csv:3), which "
        "sends them on"
    )


def test_what_is_withdrawn_leaves_patterns_as_they_are() -> None:
    rules, _ = made(("/old/{n}", "/blog/{n}.html"), ("/a", "/blog/12.html"))
    without = with_withdrawn(rules, ["/blog/12.html"])
    assert without.patterns == rules.patterns
    gone = {rule.source for rule in without.rules if rule.status == 410}
    assert {"/blog/12.html", "/a", "?p=12", "/old/12"} <= gone
