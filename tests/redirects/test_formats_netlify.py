"""`_redirects`, by a model of Netlify's documented semantics: no engine of Netlify runs here."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote_plus

import pytest

from redirects.formats.netlify import LINES_MANY, netlify
from redirects.formats.written import Settings
from redirects.patterns import Pattern
from redirects.rules import Rule, RuleSet
from tests.redirects.engine_requests import requests
from tests.redirects.engines import PUBLIC, SHOP, Answer, Asked, Decided, a_rule_set
from tests.redirects.test_formats_hostile import as_sent, hostile_rules


class Line(NamedTuple):
    """One line of `_redirects`, read as Netlify's parser does."""

    host: str
    path: str
    query: dict[str, str]
    target: str
    status: int
    language: str


def parse(text: str) -> list[Line]:
    """The lines, as `@netlify/redirect-parser` reads them: words between white space; what follows
    a word that begins with `#` is a comment; the target is the first word that begins with a
    slash or a scheme."""
    found = []
    for line in text.split("\n"):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        assert not any(word.startswith("#") for word in words), line
        at = next(n for n, word in enumerate(words[1:], 1) if re.match("/|https?:", word))
        query = dict(word.split("=")[:2] for word in words[1:at])
        host, path = "", words[0]
        if origin := re.match("https?://([^/]+)", path):
            host, path = origin[1], path[origin.end() :]
        language = next((word[9:] for word in words[at + 2 :] if word.startswith("Language=")), "")
        assert all(word.startswith("Language=") for word in words[at + 2 :]), line
        status = int(words[at + 1].rstrip("!"))
        found.append(Line(host, path, query, words[at], status, language))
    return found


def model(lines: list[Line], asked: Asked) -> Answer:
    """What Netlify answers: the first line that matches decides."""
    sent = {}
    for part in asked.query.split("&"):
        name, equals, value = part.partition("=")
        if equals:  # a bare name is overlooked
            sent[unquote_plus(name)] = unquote_plus(value)
    for line in lines:
        if line.host and line.host != asked.host.lower().partition(":")[0]:
            continue
        if line.language and not asked.accept_language.lower().startswith(line.language):
            continue
        found = matched(line, asked.path, sent)
        if found is None:
            continue
        if line.status in (404, 410):
            return (str(line.status),)
        return (str(line.status), filled(line.target, found))
    return ("200", asked.path)


def filled(target: str, found: dict[str, str]) -> str:
    return re.sub(r":([a-z][a-z0-9_]*)", lambda one: found.get(one[1], one[0]), target)


def matched(line: Line, path: str, sent: dict[str, str]) -> dict[str, str] | None:
    found = {}
    for name, value in line.query.items():
        if value.startswith(":") and name in sent:
            found[value[1:]] = sent[name]
        elif sent.get(name) != value:
            return None
    # What a splat finds keeps its slash at the end.
    end = "/" if path.endswith("/") and path != "/" else ""
    wanted, given = line.path.rstrip("/").split("/"), path.rstrip("/").split("/")
    if wanted[-1:] == ["*"]:
        found["splat"] = "/".join(given[len(wanted) - 1 :])
        found["splat"] += end if found["splat"] else ""
        wanted, given = wanted[:-1], given[: len(wanted) - 1]
    if len(wanted) != len(given):
        return None
    for want, got in zip(wanted, given, strict=True):
        if want.startswith(":"):
            found[want[1:]] = got
        elif want != got:
            return None
    return found


def without_query_of(answer: Answer) -> Answer:
    """What of the query is carried over is Netlify's choice."""
    status = {"307": "302", "308": "301"}.get(answer[0], answer[0])
    return (status, *(re.sub(r"([?&])x=1|[?&]utm_source=x", "", one) for one in answer[1:]))


def is_plain(asked: Asked) -> bool:
    """Whether a browser that follows an old link sends it like this."""
    return (
        asked.method == "GET"
        and not re.search("%[0-9A-F]?[a-f]|amp;|[+]|%(?:3[0-9]|[46][1-9A-F]|[57][0-9A])", asked.url)
        and asked.user_agent.startswith("Mozilla")
        and asked.path != "/index.php"
        and not asked.query.endswith("&")  # Netlify's engine overlooks what is before it
        and "//" not in asked.path
        and asked.accept_language in ("", "ja,en;q=0.8", "en-US,en;q=0.5", "EN", "fr")
    )


def test_old_links_lead_where_the_rules_say(capsys: pytest.CaptureFixture[str]) -> None:
    rules = a_rule_set()
    made = netlify(rules, Settings(PUBLIC))
    lines = parse(made.files["_redirects"])
    decided, counts = Decided(rules), Counter[str]()
    different: list[tuple[Asked, Answer, Answer]] = []
    cases: list[tuple[Rule, Asked]] = []
    for rule in rules.rules:
        if rule.source.startswith("?"):
            query = as_sent(rule.source[1:])
            asked = Asked("ids", "/", query, accept_language="ja")
            cases += [(rule, asked), (rule, asked._replace(query=f"{query}&utm_source=x"))]
        else:
            path = quote(rule.source, safe="/!$&'()*+,;=:@~")
            host = rule.host or PUBLIC
            cases.append((rule, Asked("paths", path, rule.query, host=host)))
    left_out = {
        one.rule.source for one in made.unsupported
        if not re.search("crawlers|documents no", one.reason)
    }  # fmt: skip
    for rule, asked in cases:
        language = asked.accept_language or rule.language
        asked = asked._replace(accept_language=language)
        want, got = decided(asked), model(lines, asked)
        if without_query_of(want) == without_query_of(got):
            counts["alike"] += 1
        elif rule.source in left_out:
            counts["reported at build time"] += 1
        else:
            different.append((asked, want, got))
    for unknown in ("p=5", "page_id=99999", "tag=none", "p=5&feed=rss2", "cat=999&utm_source=x"):
        assert model(lines, Asked("ids", "/", unknown)) == ("404",), unknown
    for own, answer in (
        ("book=red", ("301", "/book/red/")),
        ("book=red&page=9", ("301", "/book/red/")),
        ("book=none", ("404",)),
        ("name=%E8%B5%A4&post_type=item&embed=true", ("302", "/item/%E8%B5%A4/?from=old")),
        ("genre=crime&paged=2", ("301", "/genre/crime/page/2/")),
        ("book=red&embed=true&utm_source=x", ("301", "/book/red/embed/")),
    ):
        asked = Asked("ids", "/", own)
        assert model(lines, asked) == without_query_of(decided(asked)) == answer, own
    assert model(lines, Asked("paths", "/index.php/about/x")) == (
        "301",
        f"https://{PUBLIC}/about/x",
    )
    assert model(lines, Asked("ids", "/", "utm_source=x")) == ("200", "/")
    assert model(lines, Asked("ids", "/", "attachment_id=7")) == ("301", "/blog/7.html")
    assert model(lines, Asked("paths", "/about", host=SHOP)) == ("301", "/shop-about/")
    with capsys.disabled():
        print()
        for name, number in sorted(counts.items()):
            print(f"netlify (model): {number:5} {name}")
    assert not different, different[:10]
    assert counts["reported at build time"] < 10


def test_what_is_not_as_it_is_meant_is_reported() -> None:
    rules = RuleSet.of(
        [
            Rule("?p=7", 301, "/blog/7.html", "/blog/7.html"),
            Rule("?tag=a b", 301, "/tag/ab/"),
            Rule("/moved", 308, "/there/"),
            Rule("/folder", 301, "/folder/"),
            Rule("/twice", 301, "/one"),
            Rule("/twice/", 301, "/two"),
            Rule("/star*", 301, "/x"),
            Rule("/gone", 410),
        ],
        [
            Pattern("/archives/{id:int}", 301, "/blog/{id}.html"),
            Pattern("/x-{id}.html", 301, "/blog/{id}"),
            Pattern("/fine/{a}/*", 302, "/to/{a}/*"),
        ],
    )
    made = netlify(rules, Settings())
    reasons = {one.rule.source: one.reason for one in made.unsupported}
    assert reasons.keys() == {
        "?p=7", "?tag=a b", "/moved", "/folder", "/twice/", "/star*", "/archives/{id:int}",
        "/x-{id}.html",
    }  # fmt: skip
    assert "crawlers" in reasons["?p=7"]
    lines = made.files["_redirects"].splitlines()
    assert "/ p=7 /blog/7.html 301!" in lines
    assert "/ attachment_id=7 /blog/7.html 301!" in lines
    assert "/gone /404.html 410!" in lines
    assert "/moved /there/ 301!" in lines
    assert "/archives/:id /blog/:id.html 301" in lines
    assert "/fine/:a/* /to/:a/:splat 302!" in lines
    assert lines[-1] == "/fine/:a/* /to/:a/:splat 302!"
    assert "/index.php / 301!" in lines


def test_no_visitor_chooses_a_host() -> None:
    """What Netlify's engine finds for `*` in `/old//evil.example` begins with a slash."""
    rules = RuleSet.of([], [Pattern("/old/*", 301, "/*"), Pattern("/a/{b}/{c}", 302, "/{b}/{c}")])
    made = netlify(rules, Settings(PUBLIC))
    home = f"https://{PUBLIC}"
    assert not made.unsupported or "digits" in str(made.unsupported)
    lines = made.files["_redirects"].splitlines()
    assert lines[-3:] == [
        f"/index.php/* {home}/:splat 301!",
        f"/old/* {home}/:splat 301!",
        f"/a/:b/:c {home}/:b/:c 302!",
    ]
    assert len(netlify(rules, Settings()).unsupported) == 2


def test_too_many_lines_are_said() -> None:
    rules = RuleSet.of(Rule(f"?p={n}", 301, f"/{n}") for n in range(1, LINES_MANY))
    assert any("may fail" in note for note in netlify(rules, Settings()).notes)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_hostile_rules_stay_in_their_line(seed: int) -> None:
    rules = hostile_rules(seed)
    made = netlify(rules, Settings())
    lines = parse(made.files["_redirects"])
    assert {line.status for line in lines} <= {301, 302, 404}
    targets = {rule.target for rule in rules.rules}
    for line in lines:
        is_ours = line.target in targets or line.target in ("/404.html", "/") or ":a" in line.path
        assert is_ours, line
    reported = {
        one.rule.source for one in made.unsupported if "documents no" not in one.reason
    }  # fmt: skip
    decided, compared = Decided(rules), 0
    for rule in rules.rules:
        if rule.source.startswith("?") and rule.source not in reported:
            asked = Asked("slugs", "/", as_sent(rule.source[1:]))
            want, got = decided(asked), model(lines, asked)
            assert without_query_of(want) == without_query_of(got), asked
            compared += 1
    assert compared > 20


def test_cases_for_netlifys_own_engine() -> None:
    """With PUBLISHER_NETLIFY_CASES=FOLDER: what `netlify/ask.js` asks of Netlify's own engine."""
    rules = a_rule_set()
    text = netlify(rules, Settings(PUBLIC)).files["_redirects"]
    cases = [one for one in requests(5, 10_000) if is_plain(one)]
    lines = parse(text)
    answers = [(one._asdict(), model(lines, one)) for one in cases]
    assert len(answers) > 1000
    if folder := os.environ.get("PUBLISHER_NETLIFY_CASES"):
        Path(folder, "_redirects").write_text(text, encoding="utf-8")
        Path(folder, "cases.json").write_text(json.dumps(answers), encoding="utf-8")
