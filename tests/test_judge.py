"""What answers mean that are not what they seem: error pages with 200, log-in pages, stubs."""

from __future__ import annotations

import pytest

from publisher.addresses import Address
from publisher.cms.port import Capture
from publisher.judge import NOT_FOUND, NOT_FOUND_PATH, Doubts, Gone, Keep, flaw, judge, names_itself
from publisher.manifest import Entry
from publisher.outcome import Outcome
from publisher.views import View
from tests.samples import HOME, addresses

PAGE = "<!DOCTYPE html><html><head><title>{title}</title></head><body>{body}</body></html>\n"
DIE = (
    "<!DOCTYPE html>\n<html dir='ltr' lang=\"ja\">\n<head>\n<title>{title}</title>\n</head>\n"
    '<body id="error-page">\n\t<div class="wp-die-message">{text}</div></body>\n</html>\n'
)


def page(body: str, title: str = "会社案内") -> bytes:
    return PAGE.format(title=title, body=body).encode()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"\n \t", "empty"),
        (DIE.format(title="Database Error", text="Error establishing...").encode(), "for errors"),
        (
            DIE.format(title="メンテナンス", text="ただいまメンテナンス中です。").encode(),
            "for errors",
        ),
        (b"<html><head><title>Database Error</title></head><body><h1>Error</h1>", "database"),
        (page('<form name="loginform" id="loginform" action="x">', "ログイン"), "log-in"),
        (page('<form><input name=pw type="password"></form>', "Sign in - SSO"), "log-in"),
        (page("<input class='a' type='password' id=p>", "ログイン ‹ 社内ポータル"), "log-in"),
        (b"<html><body><p>Hello<br />\n<b>Fatal error</b>:  Uncaught Error: Call to", "PHP"),
        (b"<html><body>text\nPHP Fatal error:  Allowed memory size", ""),
        (b"PHP Fatal error:  Allowed memory size of 1 bytes exhausted in /var/www", "PHP"),
    ],
)
def test_a_page_that_is_none_of_the_site(body: bytes, words: str) -> None:
    assert words in flaw(body)
    assert bool(flaw(body)) == bool(words)


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        (page('<link rel="stylesheet" href="/s.css"><h1>見つかりません</h1>'), Keep()),
        (page("<style>h1{color:red}</style><h1>見つかりません</h1>"), Keep()),
        (b"<html><head><title>404 Not Found</title></head><body><center><h1>404 Not Found</h1>"
         b"</center><hr><center>nginx/1.22.1</center></body></html>", Gone()),
    ],
)  # fmt: skip
def test_a_web_servers_own_error_page_is_not_the_sites(body: bytes, verdict: object) -> None:
    url = f"{HOME}/never-was"
    address = Address(url, NOT_FOUND_PATH, NOT_FOUND_PATH, NOT_FOUND)
    capture = Capture(url, 404, "text/html; charset=UTF-8", body=body)
    assert judge(address, capture, addresses()) == verdict


@pytest.mark.parametrize(
    "body",
    [
        page("<p>データベース接続確立エラー、と出たときは</p>"),
        page("<p>Log in with your password</p>", "ログイン方法のご案内"),
        page('<form><input type="password"></form>', "会員登録"),
        page("<pre>&lt;b&gt;Fatal error&lt;/b&gt;: Uncaught</pre>", "PHP の Fatal error"),
        page("<p><b>Fatal error</b>: a story about a mistake</p>"),
        b"<p>a fragment",
    ],
)
def test_a_page_that_speaks_of_errors_is_content(body: bytes) -> None:
    assert flaw(body) == ""


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('<body class="single postid-12">', True),
        ('<article id="post-12">', True),
        ("<link rel='shortlink' href='http://cms/?p=12' />", True),
        ('href="http://cms/wp-json/wp/v2/posts/12"', True),
        ('<article id="post-123">', False),
        ("no id at all 12", False),
    ],
)
def test_a_page_names_its_own_id(text: str, named: bool) -> None:
    assert names_itself(text.encode(), View("post", "12")) is named
    assert names_itself(text.encode(), View("term", "category:12")) is None


def outcome(number: int, *, blob: str = "", **more: object) -> Outcome:
    values: dict[str, object] = {
        "kind": "content", "entry": Entry(blob or f"{number:0<64d}", 1, "text/html", ""),
        "is_object": True, "ends": True, "names_itself": True,
    }  # fmt: skip
    return Outcome(path=f"/{number}/", url=f"http://cms/{number}/", **(values | more))  # type: ignore[arg-type]


def doubted(*outcomes: Outcome, ends: bool | None = None) -> dict[str, str]:
    doubts = Doubts(ends)
    for one in outcomes:
        doubts.note(one)
    return {one.path: error for one in outcomes if (error := doubts.of(one))}


MANY = tuple(outcome(number) for number in range(100, 140))


def test_pages_like_all_others_are_believed() -> None:
    assert doubted(*MANY) == {}


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ({"ends": False}, "breaks off"),
        ({"names_itself": False}, "own id"),
    ],
)
def test_a_page_that_lacks_what_all_others_have_is_not_believed(
    odd: dict[str, object], words: str
) -> None:
    errors = doubted(*MANY, outcome(1, **odd))
    assert list(errors) == ["/1/"]
    assert words in errors["/1/"]


def test_the_page_of_posts_names_no_id() -> None:
    listing = b'<body class="blog wp-embed-responsive hfeed"><h1>x</h1>'
    assert names_itself(listing, View("page", "9")) is None
    assert names_itself(listing, View("post", "9")) is False
    assert names_itself(b'<body class="page weblog"><p>blog', View("page", "9")) is False


def test_nothing_is_doubted_on_a_site_whose_pages_all_lack_it() -> None:
    plain = [outcome(n, ends=False, names_itself=False) for n in range(50)]
    assert doubted(*plain) == {}


def test_the_live_site_says_whether_pages_end() -> None:
    cut = [outcome(n, ends=False) for n in range(50)]
    assert len(doubted(*cut, ends=True)) == 50
    assert doubted(*cut, ends=False) == {}


@pytest.mark.parametrize(("number", "believed"), [(3, True), (4, False)])
def test_one_body_for_many_pages_is_an_error_page(number: int, believed: bool) -> None:
    same = [outcome(n, blob="e" * 64) for n in range(number)]
    errors = doubted(*MANY, *same)
    assert (errors == {}) is believed
    assert len(errors) in (0, number)


@pytest.mark.parametrize(("number", "believed"), [(3, True), (4, False)])
def test_one_target_for_many_pages_is_no_word_on_any(number: int, believed: bool) -> None:
    moved = [outcome(n, kind="moved", entry=None, target="/maintenance/") for n in range(number)]
    assert (doubted(*MANY, *moved) == {}) is believed


def test_files_and_fragments_are_not_compared() -> None:
    files = [outcome(n, blob="f" * 64, is_object=False, ends=None, names_itself=None)
             for n in range(50)]  # fmt: skip
    assert doubted(*MANY, *files) == {}
