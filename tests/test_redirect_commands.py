"""`publisher redirects build` and `explain`, and what access logs show."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from publisher import log_search
from publisher.addresses import Addresses, SiteUrls
from publisher.cms.port import Capture
from publisher.cms.wordpress import WordPress as WordPressCms
from publisher.inventory import Inventory
from publisher.log_search import GUESS, KNOWN, Found, Known, Unexplained, search
from publisher.routes import Routes
from redirects.rules import Rule, RuleSet
from tests.program import Cli, configure
from tests.samples import HOME, addresses
from tests.wordpress import WordPress

OWN = """redirects:
  rules:
    - {from: "/archives/{id:int}", to: "/?p={id}"}
    - {from: /, to: /about/, language: en, status: 302}
  files: [redirects.csv]
"""


def document(run: Cli, *arguments: str) -> Any:
    code, out, err = run(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_from_a_configuration_to_an_explanation(publisher: Cli, cms: str) -> None:
    configure(cms, OWN)
    Path("redirects.csv").write_text("from,to\r\n/古い/,/?p=1632\r\n/x y,/blog/1632.html\r\n")
    release = document(publisher, "export", "--publish")["release"]["id"]

    built = document(publisher, "redirects", "build", "--output", "all.csv")
    assert built["release"] == release
    assert built["origins"]["redirects.csv"] == 2
    assert built["patterns"] == 1
    assert built["conditions"]["language"] == 1
    assert 0 < built["edge"]["bytes"] < built["edge"]["bytes_max"]
    with Path("all.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["from"]: row for row in csv.DictReader(file)}
    assert rows["/古い/"]["to"] == "/blog/1632.html"
    assert rows["/x%20y"]["origin"] == "redirects.csv:3"
    assert rows["/?p=1632"]["origin"] == "post 1632"
    assert "/archives/{id:int}" in rows
    code, out, _ = publisher("redirects", "build", release[-6:], "--output", "all.json")
    assert code == 0
    assert f"for release {release}" in out
    assert "site-config.yaml" in out
    assert RuleSet.from_json(Path("all.json").read_bytes().strip()).patterns

    found = document(publisher, "redirects", "explain", "/古い/?utm_source=x")
    assert (found["status"], found["location"]) == (301, "/blog/1632.html?utm_source=x")
    assert found["rule"]["origin"] == "redirects.csv:2"
    assert found["steps"][-1] == {"what": "there", "result": "200 /blog/1632.html"}
    agent = ("--user-agent", "facebookexternalhit/1.1")
    found = document(publisher, "redirects", "explain", "/?p=1632", *agent)
    assert (found["status"], found["served"]) == (200, "/blog/1632.html")
    url = "https://www.example.co.jp/"
    assert document(publisher, "redirects", "explain", url)["served"] == "/"
    assert document(publisher, "redirects", "explain", url, "--language", "en")["status"] == 302
    assert document(publisher, "redirects", "explain", url, "--method", "post")["status"] == 405
    _, out, _ = publisher("redirects", "explain", "/archives/1632")
    assert "rule for the path" in out
    assert "(site-config.yaml:7)" in out
    assert publisher("redirects", "explain", "mailto:a")[0] == 1
    assert publisher("redirects", "build", "--output", "all.xlsx")[0] == 1


def test_all_commands_name_a_release_in_the_same_ways(publisher: Cli, cms: str) -> None:
    configure(cms)
    first = document(publisher, "export", "--publish")["release"]["id"]
    for command in COMMANDS_OF_A_RELEASE:
        assert "nothing was live before" in publisher(*command, "previous")[2]
    configure(cms, "redirects: {rules: [{from: /古い/, to: /}]}\n")
    second = document(publisher, "export", "--publish")["release"]["id"]
    assert first != second
    for command in COMMANDS_OF_A_RELEASE:
        for name, meant in {"previous": first, "live": second, first[-6:]: first}.items():
            told = document(publisher, *command, name)
            if "release" in told:
                release = told["release"]
                assert (release if isinstance(release, str) else release["id"]) == meant
            else:  # the rule is in the second one alone
                assert told["status"] == (301 if meant == second else 404)


COMMANDS_OF_A_RELEASE = [
    ("releases", "show"),
    ("redirects", "build"),
    ("redirects", "export", "--format", "netlify", "--output", "out"),
    ("redirects", "explain", "/古い/", "--release"),
]


def test_what_is_wrong_with_ones_own_is_said_before_anything_is_asked(publisher: Cli) -> None:
    configure("http://127.0.0.1:9", OWN)  # nothing listens there
    Path("redirects.csv").write_text("from,to\n/a,/b\nx,/c\n/a,/d\n/d,e\n")
    for command in (("export",), ("redirects", "build")):
        code, _, err = publisher(*command)
        assert (code, err.splitlines()) == (2, [
            "error: redirects.csv:3: from: must be a path that begins with a single slash, or "
            "http(s)://...",
            "redirects.csv:5: to: target 'e' is neither a clean path from '/' nor an http(s) URL",
        ])  # fmt: skip
    Path("redirects.csv").write_text("from,to\n/a,/b\n/a,/d\n")
    code, _, err = publisher("export")
    assert code == 2
    assert err.startswith(
        "error: redirects.csv:3: /a leads to /d (301) here, and leads to /b (301)"
    )


def test_logs_of_several_kinds(publisher: Cli, cms: str) -> None:
    configure(cms)
    document(publisher, "export", "--publish")
    line = '192.0.2.1 - - [01/Dec/2026:10:00:00 +0900] "GET {} HTTP/1.1" 200 5 "-" "-"\n'
    Path("one.log").write_text(line.format("/?p=1632") + line.format("/?p=99999&utm_source=x"))
    Path("two.log.gz").write_bytes(gzip.compress(line.format("/?p=99999").encode() + b"\x00\xff\n"))
    found = document(publisher, "redirects", "build", "--logs", "one.log", "--logs", "two.log.gz")
    logs = found["logs"]
    assert (logs["requests"], logs["explained"], logs["lines_not_understood"]) == (3, 1, 1)
    assert logs["unexplained"] == [{"source": "/?p=99999", "hits": 2, "reason": "status 404"}]
    code, out, _ = publisher("redirects", "build", "--logs", "two.log.gz")
    assert code == 0
    assert "Unexplained: 1" in out
    assert "  1 line says nothing of a request" in out
    code, _, err = publisher("redirects", "build", "--logs", "none.log")
    assert (code, err) == (1, "error: none.log can't be read: No such file or directory\n")
    damaged = bytearray(gzip.compress(line.format("/?p=1632").encode() * 5000))
    damaged[20:40] = bytes(20)
    Path("bad.log.gz").write_bytes(damaged)
    code, _, err = publisher("redirects", "build", "--logs", "bad.log.gz")
    assert code == 1
    assert err.startswith("error: bad.log.gz can't be read: ")


def test_of_logs_of_several_hosts_those_count_that_are_of_the_site(
    publisher: Cli, cms: str
) -> None:
    configure(cms, "redirects:\n  files: [redirects.csv]\n")
    Path("redirects.csv").write_text("from,to\nhttps://old.example.co.jp/x,/about/\n")
    document(publisher, "export", "--publish")
    line = '{} 192.0.2.1 - - [01/Dec/2026:10:00:00 +0900] "GET {} HTTP/1.1" 200 5 "-" "-"\n'
    asked = (("www.example.co.jp:443", "/?p=1632"), ("example.co.jp", "/?p=1632"),
             ("old.example.co.jp", "/x"), ("old.example.co.jp", "/y"),
             ("stolen.example.com", "/?p=1632"))  # fmt: skip
    Path("a.log").write_text("".join(line.format(*one) for one in asked))
    logs = document(publisher, "redirects", "build", "--logs", "a.log")["logs"]
    assert (logs["requests"], logs["addresses"], logs["requests_at_other_hosts"]) == (5, 3, 1)
    assert (logs["explained"], logs["explained_requests"]) == (2, 3)
    assert logs["unexplained"] == [
        {"source": "https://old.example.co.jp/y", "hits": 1,
         "reason": "at another host, without a rule"}
    ]  # fmt: skip
    _, out, _ = publisher("redirects", "build", "--logs", "a.log")
    assert "  1 request was for other hosts, which no rule of yours names" in out


def test_what_the_edge_can_not_hold_is_a_release_for_other_servers(
    publisher: Cli, cms: str
) -> None:
    rules = "".join(
        f"    - {{from: /section-{n}-of-the-old-site/*, to: /section-{n}/*}}\n" for n in range(20)
    )
    configure(cms, f"redirects:\n  rules:\n{rules}")
    made = document(publisher, "export")
    assert [one for one in made["warnings"] if "can't go live on our edges: the patterns" in one]
    assert document(publisher, "redirects", "export", made["release"]["id"], "--format", "haproxy",
                    "--output", "rules")["counts"]["patterns"] == 20  # fmt: skip
    built = document(publisher, "redirects", "build", made["release"]["id"])
    assert built["edge"]["bytes"] > built["edge"]["bytes_max"] == 860
    code, _, err = publisher("publish", made["release"]["id"])
    assert code == 1
    assert "have fewer or shorter ones" in err
    assert not list(Path(".publisher").glob("refs/*"))
    assert not list(Path(".publisher").glob("site/*/*"))


# ------------------------------------------------------------- what the CMS makes of addresses


class Answering:
    """A CMS that redirects by a table, and knows nothing else."""

    def __init__(self, answers: dict[str, Capture]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def inventory(self) -> Inventory:
        raise AssertionError

    def public_ids(self) -> frozenset[int] | None:
        raise AssertionError

    def captures(self, wanted: deque[str]) -> Iterator[Capture | None]:
        while wanted:
            url = wanted.popleft()
            self.asked.append(url.removeprefix(HOME))
            yield None
            yield self.answers.get(url, Capture(url, 404, error="status 404"))


def to(url: str, location: str) -> tuple[str, Capture]:
    place = location if "://" in location else HOME + location
    return HOME + url, Capture(HOME + url, 301, location=place)


CMS = dict(
    (
        to("/2008/01/first/", "/2009/04/first/"),  # its date was changed: _wp_old_date
        to("/2009/04/old-name/", "/2009/04/first/"),  # its name was: _wp_old_slug
        to("/fir/", "/2009/04/first/"),  # redirect_guess_404_permalink
        to("/?name=fir", "/2009/04/first/"),
        to("/moved/", "/old-moved/"),
        to("/old-moved/", "/company/"),
        to("/away/", "https://other.example.jp/x"),
        to("/private/", "/wp-login.php?redirect_to=x"),
        to("/round/", "/around/"),
        to("/around/", "/round/"),
        (f"{HOME}/shown/", Capture(f"{HOME}/shown/", 200, object="12")),
        (f"{HOME}/soft/", Capture(f"{HOME}/soft/", 200)),
        (f"{HOME}/busy/", Capture(f"{HOME}/busy/", 0, error="no answer")),
    )
)
FILES = {"/", "/blog/12.html", "/company/"}


def searched(*urls: str, cms: Answering | None = None) -> log_search.Searched:
    rules = RuleSet.of([Rule("/known", 301, "/"), Rule("?p=12", 301, "/blog/12.html")])
    known = Known(rules, FILES.__contains__, addresses("/%year%/%monthnum%/%postname%/"))
    return search(Counter(urls), known, cms or Answering(CMS), lambda *_: None)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("/2008/01/first/", Found("/2008/01/first/", "/blog/12.html", 1, KNOWN)),
        ("/2009/04/old-name/", Found("/2009/04/old-name/", "/blog/12.html", 1, KNOWN)),
        ("/fir/", Found("/fir/", "/blog/12.html", 1, GUESS)),
        ("/?name=fir", Found("/?name=fir", "/blog/12.html", 1, GUESS)),
        ("/moved/", Found("/moved/", "/company/", 1, KNOWN)),
        ("/away/", Found("/away/", "https://other.example.jp/x", 1, KNOWN)),
        ("/shown/", Found("/shown/", "/blog/12.html", 1, KNOWN)),
        ("/private/", Unexplained("/private/", 1, "redirects to what is not for visitors")),
        ("/round/", Unexplained("/round/", 1, "redirects without an end")),
        ("/soft/", Unexplained("/soft/", 1, "the CMS answers 200 with nothing that it lists")),
        ("/busy/", Unexplained("/busy/", 1, "no answer")),
        ("/none/", Unexplained("/none/", 1, "status 404")),
    ],
)
def test_what_the_cms_makes_of_it(url: str, found: Found | Unexplained) -> None:
    done = searched(url)
    assert [*done.found, *done.unexplained] == [found]


def test_what_is_known_or_not_for_visitors_is_not_asked() -> None:
    cms = Answering(CMS)
    urls = ("/known", "/?p=12&x=1", "/company/", "/wp-login.php", "/search/x", "/wp-json/x")
    done = searched(*urls, cms=cms)
    assert (done.explained, done.not_for_visitors, cms.asked) == (3, 3, [])


def test_what_only_measures_makes_no_second_question() -> None:
    cms = Answering(CMS)
    urls = [
        "/fir/?utm_source=a",
        "/fir/?fbclid=b",
        "/fir/",
        "/fir/?page_no=2",
        "/?name=fir&utm_x=1",
    ]
    done = searched(*urls, cms=cms)
    assert sorted(cms.asked) == ["/?name=fir", "/fir/", "/fir/?page_no=2"]
    assert {one.source: one.hits for one in done.found} == {"/fir/": 3, "/?name=fir": 1}


def test_no_more_are_asked_than_is_polite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_search, "ASKED_MAX", 1)
    cms = Answering(CMS)
    done = searched("/fir/", "/fir/", "/none/", cms=cms)
    assert cms.asked == ["/fir/"]
    assert done.unexplained == [Unexplained("/none/", 1, "not asked: too many others")]


def test_what_a_wordpress_remembers_and_what_it_guesses(wordpress_plain: WordPress) -> None:
    try:
        post = {"title": "a", "content": "b", "status": "publish", "slug": "old-name"}
        number = wordpress_plain.wp("post", "create", stdin=post)["id"]
        wordpress_plain.wp("post", "update", stdin={"id": number, "slug": "new-name"})
        cms = WordPressCms(wordpress_plain.url)
        listed = cms.inventory()
        urls = SiteUrls("https://www.example.co.jp", (listed.home,))
        known = Known(RuleSet(), f"/blog/{number}.html".__eq__, Addresses(listed, Routes(), urls))
        asked = Counter(["/?name=old-name", "/?name=new-na", "/?name=nothing-like-it"])
        done = search(asked, known, cms, lambda *_: None)
    finally:
        wordpress_plain.reset()
    target = f"/blog/{number}.html"
    assert sorted(done.found, key=lambda one: one.source) == [
        Found("/?name=new-na", target, 1, GUESS),
        Found("/?name=old-name", target, 1, KNOWN),
    ]
    assert [one.source for one in done.unexplained] == ["/?name=nothing-like-it"]
