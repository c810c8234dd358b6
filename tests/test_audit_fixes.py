"""The rule that an audit proposes for a lost address: one that would work, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.audit.fixes import Pages, Told, fix, rows
from publisher.audit.forms import Form
from publisher.audit.judging import Judgement, Way
from publisher.audit.report import Finding, Fix
from publisher.log_search import GUESS, KNOWN, Found
from publisher.paths import SitePath
from redirects.own import parse_rule

LOST = Judgement("lost", (Finding("not-found", "critical"),))
MISSING = Way((404,))
PAGES = Pages(
    SitePath(path)
    for path in ("/blog/12.html", "/会社概要/", "/recruit-2024/", "/news/a/index.html",
                 "/one/access/", "/two/access/", "/blog/1632.html")
)  # fmt: skip


def test_what_the_cms_names_leads_to_its_page() -> None:
    form = Form("/?page_id=012%E3%80%82", SitePath("/会社概要/"), "page 12")
    found = fix(form.url, MISSING, LOST, Told(form), PAGES)
    assert found == Fix("/?p=12", "/%E4%BC%9A%E7%A4%BE%E6%A6%82%E8%A6%81/", 301, False, "page 12")


def test_what_the_cms_redirects_leads_there_and_a_guess_of_its_is_called_one() -> None:
    guess = "WordPress guesses by the beginning of the name"
    # An address from a sitemap is in no access log: the rule must not say that it is.
    for origin, is_guess, why in ((KNOWN, False, "the CMS leads there"), (GUESS, True, guess)):
        told = Told(found=Found("/old/", "/blog/12.html", 3, origin))
        assert fix("/old/?utm_source=x", MISSING, LOST, told, PAGES) == Fix(
            "/old/", "/blog/12.html", 301, is_guess, why
        )

    told = Told(found=Found("/old/", "/blog/12.html", 3, KNOWN), own="own.csv:2")
    found = fix("/old/", MISSING, LOST, told, PAGES)
    assert found
    assert found.reason == "instead of own.csv:2"


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("/about/%E4%BC%9A%E7%A4%BE%E6%A6%82%E8%A6%81", "/%E4%BC%9A%E7%A4%BE%E6%A6%82%E8%A6%81/"),
        ("/job/recruit-2023/", "/recruit-2024/"),
        ("/Recruit-2024.html", "/recruit-2024/"),
        ("/blog/16322.html", ""),  # a number is another object
        ("/blog/1632", "/blog/1632.html"),
        ("/old/access/", ""),  # there are two of that name
        ("/a", ""),  # too short to be like anything
        ("/nothing-like-it", ""),
        ("/?p=99999", ""),
    ],
)
def test_likeness_is_a_guess(url: str, target: str) -> None:
    found = fix(url, MISSING, LOST, Told(), PAGES)
    assert (found.target if found else "") == target
    assert found is None or found.guess


def test_likeness_is_looked_for_so_often_and_the_same_name_always() -> None:
    pages = Pages([SitePath("/recruit-2024/"), SitePath("/会社概要/")], alike_max=1)
    urls = ["/recruit-2023/", "/recruit-2023/", "/old/recruit-2024.html"]
    found = [fix(url, MISSING, LOST, Told(), pages) for url in urls]
    assert [one.target if one else "" for one in found] == ["/recruit-2024/", "", "/recruit-2024/"]


def test_a_longer_way_is_made_short_and_a_good_one_left_alone() -> None:
    way = Way((301, 302, 200), "/blog/12.html")
    dear = Judgement("moved", (Finding("chain", "warning"),))
    assert fix("/old", way, dear, Told(), PAGES) == Fix("/old", "/blog/12.html")
    assert fix("/old", way, Judgement("moved"), Told(), PAGES) is None


def test_a_rule_in_the_way_is_named() -> None:
    form = Form("/?p=12", SitePath("/blog/12.html"), "post 12")
    broken = Judgement("broken", (Finding("wrong-page", "critical"),))
    found = fix("/?p=12", Way((301, 200), "/"), broken, Told(form, own="redirects.csv:7"), PAGES)
    assert found
    assert found.reason == "instead of redirects.csv:7"


@given(st.text(max_size=60), st.booleans())
def test_whatever_is_proposed_is_a_rule_that_can_be_read(text: str, is_query: bool) -> None:
    url = f"/?{text}" if is_query else f"/{text}"
    form = Form(url, SitePath("/会社概要/"), "page 4")
    found = fix(url, MISSING, LOST, Told(form), PAGES)
    if found:
        parse_rule(found.source, found.target, found.status)


def test_the_file_has_each_rule_once_the_most_wanted_first() -> None:
    one, other = Fix("/a", "/x", 301, False, "post 1"), Fix("/b", "/y", 301, True, "alike")
    assert list(rows([(1, one), (9, other), (5, one)])) == [
        ("from", "to", "status", "hits", "origin"),
        ("/b", "/y", "301", "9", "audit; CHECK: alike"),
        ("/a", "/x", "301", "6", "audit; post 1"),
    ]
