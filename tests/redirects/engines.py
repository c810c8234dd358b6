"""Rule sets and requests for comparing engines, and what each request should get."""

from __future__ import annotations

import http.client
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple
from unittest import mock
from urllib.parse import quote, unquote

from redirects.formats.nginx_query import RUNS_MAX
from redirects.kana import composed
from redirects.match import (
    Decision,
    Gone,
    Missing,
    NotAllowed,
    Redirect,
    Request,
    Serve,
    decide,
)
from redirects.patterns import Pattern
from redirects.query import decode
from redirects.rules import Rule, RuleSet
from redirects.targets import GONE, encode_path, unglued_path, with_query, without_index
from tests.sites import edge_data

PUBLIC = "www.example.co.jp"
SHOP = "shop.example.co.jp"
CRAWLER = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
BROWSER = "Mozilla/5.0"

# Cache-Control of each kind of redirect.
KEPT = {"301": "max-age=3600", "308": "max-age=3600", "302": "no-cache", "307": "no-cache"}

Answer = tuple[str, ...]
LimitOf = Callable[["Asked", Answer, Answer], str]
"""The documented limit that explains a difference: what was asked, wanted and got; '' if none."""


class Asked(NamedTuple):
    """A request as it is sent. `kind`: which of the forms below it is, for the counts."""

    kind: str
    path: str
    query: str = ""
    method: str = "GET"
    host: str = PUBLIC
    user_agent: str = BROWSER
    accept_language: str = ""

    @property
    def url(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def request(self) -> Request:
        """The same for `decide`."""
        return Request(
            self.method, self.path, self.query, self.host, self.user_agent,
            accept_language=self.accept_language,
        )  # fmt: skip


class Decided:
    """What requests get by a rule set: `redirects.match.decide`, as it is seen from outside.

    The host of a plain server is whichever its block is for, so the site has no host of its own.
    """

    def __init__(self, rules: RuleSet) -> None:
        # These servers hold more patterns than a value of CloudFront's store.
        with mock.patch("redirects.compile.HEAD_BYTES_MAX", 1_000_000):
            self.store = edge_data(rules)

    def decision(self, asked: Asked) -> Decision:
        return decide(self.store.get, asked.request)

    def __call__(self, asked: Asked) -> Answer:
        decision = self.decision(asked)
        match decision:
            case Redirect(status, location):
                return _left_glued(asked) if location == _taken_off(asked) else (
                    str(status), location
                )  # fmt: skip
            case Serve(_, path):
                return ("200", without_index_page(path))
            case Gone():
                return ("410",)
            case Missing():
                return ("404",)
            case NotAllowed():
                return ("405",)
        raise AssertionError(decision)


def _taken_off(asked: Asked) -> str:
    """Where the edge sends whom something was glued to the path of a file; '' for others."""
    path = without_index(composed(decode(asked.path) or ""))
    bare = unglued_path(path)
    return "" if bare == path else with_query(encode_path(bare), asked.query)


def _left_glued(asked: Asked) -> Answer:
    """What a plain server does there, as redirects.md says: it looks for the file."""
    sent = composed(decode(asked.path) or "")
    path = without_index(sent)
    if path != sent:
        return ("301", with_query(encode_path(path), asked.query))
    return ("200", without_index_page(path))


def without_index_page(path: str) -> str:
    """A file's path: for a folder the edge asks for its page, a server looks for it itself."""
    return path.removesuffix("index.html")


class _Connection(http.client.HTTPConnection):
    def _encode_request(self, request: str) -> bytes:
        return request.encode()  # some clients send what is not ASCII as it is


class Client:
    """Asks one server over a connection that is kept."""

    def __init__(self, port: int) -> None:
        self._connection = _Connection("127.0.0.1", port, timeout=20)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, asked: Asked) -> tuple[Answer, str]:
        """The answer, and its Cache-Control. A file is answered with its path in a header."""
        response = self._asked(asked)
        response.read()
        status, cache = str(response.status), response.headers.get("Cache-Control", "")
        if response.status in (301, 302, 307, 308):
            location = (response.headers["Location"] or "").encode("latin-1").decode("utf-8")
            return (status, location), cache
        if response.status == 200:
            encoded = response.headers.get("X-Path-Encoded")
            plain = response.headers.get("X-Path", "").encode("latin-1").decode("utf-8")
            path = plain if encoded is None else unquote(encoded)
            return (status, without_index_page(path)), cache
        return (status,), cache

    def read(self, asked: Asked) -> tuple[int, str]:
        """The status and the text of an answer."""
        response = self._asked(asked)
        return response.status, response.read().decode()

    def _asked(self, asked: Asked) -> http.client.HTTPResponse:
        self._connection.putrequest(
            asked.method, asked.url, skip_host=True, skip_accept_encoding=True
        )
        self._connection.putheader("Host", asked.host)
        self._connection.putheader("User-Agent", asked.user_agent)
        if asked.accept_language:
            self._connection.putheader("Accept-Language", asked.accept_language)
        self._connection.endheaders()
        return self._connection.getresponse()


def same_location(want: Answer, got: Answer) -> bool:
    """Whether two Locations are one address, of which the path is spelled in two ways: `%41` is
    `A`, `%e3` is `%E3`."""

    def spelled(answer: Answer) -> Answer:
        page, mark, rest = answer[1].partition("?")
        return (answer[0], encode_path(unquote(page)) + mark + quote(unquote(rest), safe="=&"))

    return want[0] == got[0] and want[0][0] == "3" and spelled(want) == spelled(got)


def limit_of_nginx(asked: Asked, want: Answer, got: Answer) -> str:
    """The documented limit of plain nginx that explains a difference, '' if none does."""
    path = decode(asked.path)
    if path is None or "\0" in path:
        return "a broken escape in the path: 400" if got == ("400",) else ""
    if want[0] == got[0] == "200" and composed(got[1]) == want[1]:
        return "a file's path as a Mac spells it"
    is_of_a_path = asked.kind in ("patterns", "paths") or path.startswith("/index.php/")
    if is_of_a_path and same_location(want, got):
        return "the visitor's spelling of what a pattern finds, or of what is behind /index.php"
    values = [part.partition("=")[2] for part in asked.query.split("&")]
    if any(map(_is_spelled_oddly, values)) and (got == ("404",) or asked.kind == "own parameters"):
        return "a value spelled as no browser does: 404"
    if asked.query.count("&") > RUNS_MAX and got[0] == want[0] and want[1].startswith(got[1]):
        return f"more than {RUNS_MAX} places to cut: redirected without the others"
    return ""


def assert_decides_alike(
    client: Client, rules: RuleSet, asked_for: Iterable[Asked], limit_of: LimitOf
) -> Counter[str]:
    """A server answers all of these as the rules say, but for its documented limits. Returns how
    many of each kind there were, alike and not."""
    decided, counts = Decided(rules), Counter[str]()
    different: list[tuple[Asked, Answer, Answer]] = []
    for asked in asked_for:
        want = decided(asked)
        got, cache = client.ask(asked)
        if want == got:
            counts[f"{asked.kind}: alike"] += 1
            assert got[0] not in KEPT or cache == KEPT[got[0]], (asked, got, cache)
        elif limit := limit_of(asked, want, got):
            counts[f"{asked.kind}: {limit}"] += 1
        else:
            different.append((asked, want, got))
    assert not different, show(different)
    return counts


def show_counts(server: str, counts: Counter[str]) -> None:
    """A line for each."""
    print()
    for name, number in sorted(counts.items()):
        print(f"{server}: {number:5} {name}")


def _is_spelled_oddly(value: str) -> bool:
    needless = re.search("%(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])", value)
    hexadecimal = "".join(re.findall("%(..)", value))
    is_mixed = not hexadecimal.isupper() and not hexadecimal.islower()
    return bool(needless or (is_mixed and re.search("[A-Fa-f]", hexadecimal)))


def limit_of_haproxy(asked: Asked, _want: Answer, got: Answer) -> str:
    """The same for HAProxy."""
    is_raw = not asked.url.isascii() and got == ("400",)
    return "not ASCII and not encoded: 400" if is_raw else ""


def show(different: Sequence[tuple[Asked, Answer, Answer]]) -> str:
    lines = [
        f"{asked.method} {asked.host} {asked.url} {asked.accept_language} {asked.user_agent[:5]}\n"
        f"  want {want}\n  got  {got}"
        for asked, want, got in different[:30]
    ]
    return "\n".join([f"{len(different)} differ", *lines])


TAGS = ("ワイン", "東京", "wine", "red-wine", "c++", "a b", "100%", "r&b", "Wine")
CATEGORIES = ("news", "お知らせ", "会社/採用")
KANA = ("がっこう", "パン", "ガイド book")


def a_rule_set(seed: int = 1, posts: int = 60) -> RuleSet:
    """Posts, pages, terms, feeds, own rules with parameters and conditions, patterns, 410s."""
    rng = random.Random(seed)
    rules: list[Rule] = []
    for number in range(1, posts):
        page = f"/blog/{number * 7}.html"
        in_place = page if number % 2 else ""
        key = f"?p={number * 7}"
        if number % 10 == 9:
            rules.append(Rule(key, GONE))
            continue
        rules.append(Rule(key, 301, page, in_place))
        rules.append(Rule(f"{key}&feed=rss2", 301, f"{page}/feed.xml"))
        if number % 3 == 0:
            rules.append(Rule(f"{key}&page=2", 301, f"{page}/2", f"{page}/2"))
            rules.append(Rule(f"{key}&cpage=3", 301, f"{page}/comment-page-3#comments"))
    for number, tag in enumerate(TAGS):
        escaped = tag.replace("%", "%25").replace("&", "%26")
        rules.append(Rule(f"?tag={escaped}", 301, f"/tag/{quote(tag)}/"))
        rules.append(Rule(f"?tag={escaped}&paged=2", 301, f"/tag/{quote(tag)}/page/2/"))
        rules.append(Rule(f"?cat={number + 1}", 301, f"/category/{number}/"))
        rules.append(Rule(f"?author={number + 1}", 301, f"/author/{number}/", f"/author/{number}/"))
    rules += [Rule(f"?category_name={name}", 301, f"/c/{quote(name)}/") for name in CATEGORIES]
    rules += [Rule(f"?tag={tag}", 301, f"/tag/{quote(tag)}/") for tag in KANA]
    rules += [
        Rule("?cat=1,5", 301, "/category/both/"),
        Rule("?cat=-1", 302, "/category/others/"),
        Rule("?author=1,2", 301, "/author/both/"),
        Rule("?m=2009", 301, "/2009/"),
        Rule("?m=2009&w=14", 301, "/2009/w/14/"),
        Rule("?attachment=logo", 301, "/logo/"),
        Rule("?name=かばん&post_type=item", 301, "/item/bag/", "/item/bag/"),
        Rule("?name=red&post_type=book", 301, "/book/red/"),
        Rule("?name=red&post_type=book&embed=true", 301, "/book/red/embed/"),
        Rule("?name=かばん&post_type=book", 301, "/book/bag/"),
        Rule("?taxonomy=genre&term=crime", 301, "/genre/crime/"),
        Rule("?taxonomy=genre&term=crime&paged=2", 301, "/genre/crime/page/2/"),
        Rule("?taxonomy=genre&term=ミステリー", 301, "/genre/mystery/"),
        Rule("/_errors/x", 301, "/"),
        Rule("?m=200904", 301, "/2009/04/"),
        Rule("?year=2009&monthnum=4", 301, "/2009/04/"),
        Rule("?name=赤&post_type=item", 302, "/item/%E8%B5%A4/?from=old"),
        Rule("?feed=rss2", 301, "/feed.xml"),
        Rule("?feed=comments-rss2", 308, "/comments/feed.xml"),
        Rule("?p=7&embed=true", 307, "/blog/7.html/embed"),
        Rule("?sitemap=index", 301, "/sitemap.xml"),
        Rule("?paged=1&sitemap=posts&sitemap-subtype=post", 301, "/sitemap-1.xml"),
        Rule("?paged=2", 301, "/page/2/"),
        Rule("/about", 301, "/company/"),
        Rule("/About", 302, "/company/?upper#top"),
        Rule("/会社", 301, "/company/"),
        Rule("/がぎぐ/ば", 301, "/kana/"),
        Rule("/a b", 301, "/spaced"),
        Rule("/quo\"te'$x;{}", 301, "/nasty$1;{}'"),
        Rule("/100%", 301, "https://www.example.co.jp/full?x=1&y=2#z"),
        Rule("/gone/", GONE),
        Rule("/index.php", 301, "/"),
        Rule("/item.php", 301, "/shop/"),
        Rule("/item.php", 301, "/shop/33/", query="id=33"),
        Rule("/item.php", 302, "/shop/34/book?x=1", "/shop/34/", query="id=34&kind=本"),
        Rule("/item.php", 308, "/shop/books/", query="kind=本"),
        Rule("/list.cgi", GONE, query="mode=all"),
        Rule("/list.cgi", 301, "/list/", query="id=33&mode=all"),
        Rule("/", 301, "/campaign/", query="campaign=春"),
        Rule("/", 302, "/en/", language="en"),
        Rule("/about", 302, "/en/company/", language="en"),
        Rule("/about", 301, "/shop-about/", host=SHOP),
        Rule("/about", 302, "/shop-about/fr", host=SHOP, language="fr"),
        Rule("?p=14", 302, "/en/blog/14.html", language="en"),
        Rule("/item.php", 302, "/en/shop/33/", query="id=33", language="en"),
    ]
    rng.shuffle(rules)
    patterns = [
        Pattern("/archives/{id:int}", 301, "/blog/{id}.html"),
        Pattern("/old/{y:int}/{slug}/", 301, "/{slug}/{y}/"),
        Pattern("/en/old/*", 302, "/en/*", language="en"),
        Pattern("/old/*", 308, "/new/*"),
        Pattern("/removed/*", GONE),
        Pattern("/が/{page}.htm", 301, "https://www.example.co.jp/ga/{page}?old=1"),
        Pattern("/{folder}/404.html", 302, "/{folder}/lost"),
        Pattern("/find/{word}", 307, "/?s={word}"),
        Pattern("/{a}-{b}.html", 301, "/x/{b}/{a}", host=SHOP),
    ]
    return RuleSet.of(rules, patterns)
