"""A real nginx and a real HAProxy answer for old addresses as the edge does; where they don't, it
is found, and nothing else is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from publisher.audit import servers
from publisher.audit.compare import Answer, differ
from publisher.audit.replay import EdgeEngine, edge_data, follow
from publisher.audit.servers import EngineUnavailable, HaproxyEngine, NginxEngine
from publisher.audit.visitors import AGENTS, BROWSER, Visitor
from redirects.edge import Site
from redirects.kana import composed
from redirects.match import Request
from redirects.patterns import Pattern
from redirects.rules import Rule, RuleSet
from tests.redirects.engine_requests import requests
from tests.redirects.engines import PUBLIC, a_rule_set

SITE = Site(PUBLIC)
KINDS = (NginxEngine, HaproxyEngine)
Kind = type[NginxEngine] | type[HaproxyEngine]

pytestmark = pytest.mark.real


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest, nginx: str, haproxy: str) -> Kind:
    found: Kind = request.param
    return found


def is_there(path: str) -> bool:
    return len(path) % 3 > 0


@pytest.mark.parametrize("seed", [1, 2])
def test_no_difference_is_invented(
    kind: Kind, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """All forms of old addresses, for visitors of all kinds."""
    rules = a_rule_set(seed)
    with mock.patch("redirects.compile.HEAD_BYTES_MAX", 1_000_000):
        data = edge_data(rules)
    asked = [one.request for one in requests(seed, 4_000)]
    counts, different = Counter[str](), []
    began = time.perf_counter()
    with EdgeEngine(data, is_there, SITE) as edge, kind(rules, PUBLIC, is_there) as engine:
        assert engine.unsupported == 0
        theirs = engine.answers(asked)
        for request, mine, other in zip(asked, edge.answers(asked), theirs, strict=True):
            if not differ(mine, other):
                counts["alike"] += 1
            elif limit := engine.limit(request, mine, other):
                counts[limit] += 1
            else:
                different.append((request, mine, other))
    with capsys.disabled():
        print(f"\n{kind.name}: {time.perf_counter() - began:.1f} s")
        for words, number in counts.items():
            print(f"  {number:5} {words}")
    assert different == []


RULES = RuleSet.of(
    [
        Rule("?p=1", 301, "/blog/1.html", "/blog/1.html"),
        Rule("?p=2", 410),
        Rule("/会社", 301, "/company/"),
        Rule("/old", 301, "/blog/1.html"),
        Rule("/apex", 302, "https://shop.example.co.jp/"),
    ],
    [Pattern("/way/{n:int}", 301, "/blog/{n}.html")],
)
URLS = ("/", "/?p=1", "/?p=2", "/?p=3", "/%E4%BC%9A%E7%A4%BE", "/old", "/apex", "/way/1", "/no.")
PAGES = {"/", "/blog/1.html", "/company/"}


def has_file(path: str) -> bool:
    return path in PAGES


def _found(kind: Kind, of_edge: RuleSet, of_server: RuleSet) -> list[str]:
    """The addresses that differ, for browsers and preview crawlers, and no limit says so."""
    visitors = (BROWSER, Visitor("Meta"), Visitor("Meta", method="HEAD"))
    asked = [visitor.request(url, PUBLIC) for url in URLS for visitor in visitors]
    with (
        EdgeEngine(edge_data(of_edge), has_file, SITE) as edge,
        kind(of_server, PUBLIC, has_file) as server,
    ):
        answers = zip(asked, edge.answers(asked), server.answers(asked), strict=True)
        found = [
            f"{request.path}?{request.query}".removesuffix("?")
            for request, mine, theirs in answers
            if differ(mine, theirs) and not server.limit(request, mine, theirs)
        ]
    return list(dict.fromkeys(found))


@pytest.mark.parametrize(
    ("rule", "url"),
    [
        (Rule("?p=1", 302, "/blog/1.html", "/blog/1.html"), "/?p=1"),
        (Rule("?p=1", 301, "/blog/1.html"), "/?p=1"),
        (Rule("?p=2", 301, "/blog/1.html"), "/?p=2"),
        (Rule("?p=3", 301, "/"), "/?p=3"),
        (Rule("/会社", 301, "/company"), "/%E4%BC%9A%E7%A4%BE"),
        (Rule("/old", 301, "/blog/2.html"), "/old"),
        (Rule("/", 302, "/company/"), "/"),
    ],
)
def test_a_planted_difference_is_found(kind: Kind, rule: Rule, url: str) -> None:
    others = [one for one in RULES.rules if one.source != rule.source]
    planted = RuleSet.of([rule, *others], RULES.patterns)
    assert _found(kind, RULES, planted) == [url]
    assert _found(kind, RULES, RULES) == []


def test_redirects_are_followed_there_too(kind: Kind) -> None:
    with kind(RULES, PUBLIC, has_file) as engine:
        asked = [BROWSER.request(url, PUBLIC) for url in ("/?p=1", "/apex", "/way/3", "/company/")]
        asked.append(Visitor("LINE").request("/?p=1", PUBLIC))
        journeys = follow(engine, asked, SITE)
    assert [(one.statuses, one.end.path or one.elsewhere) for one in journeys] == [
        ((301, 200), "/blog/1.html"),
        ((302,), "https://shop.example.co.jp/"),
        ((301, 404), ""),
        ((200,), "/company/"),
        ((200,), "/blog/1.html"),
    ]


def test_a_rule_that_can_not_be_written_is_a_limit(kind: Kind) -> None:
    """Patterns of more places than these servers read."""
    parts = [f"{{p{n}}}" for n in range(10)]
    pattern = Pattern(f"/x/{'/'.join(parts)}", 301, f"/blog/{parts[0]}.html")
    rules = RuleSet.of(RULES.rules, [*RULES.patterns, pattern])
    request = BROWSER.request("/x/1/2/3/4/5/6/7/8/9/0", PUBLIC)
    with (
        EdgeEngine(edge_data(rules), has_file, SITE) as edge,
        kind(rules, PUBLIC, has_file) as server,
    ):
        (mine,), (theirs,) = edge.answers([request]), server.answers([request])
        assert (mine.location, theirs.status, server.unsupported) == ("/blog/1.html", 404, 1)
        assert "can't hold" in server.limit(request, mine, theirs)
        old = BROWSER.request("/old", PUBLIC)
        assert not server.limit(old, Answer(301, "/blog/1.html"), Answer(404))


LIMITED = RuleSet.of(
    [
        Rule("?p=7", 301, "/blog/7.html"),
        Rule("?tag=ガイド", 301, "/tag/guide/"),
        Rule("?m=20090401", 301, "/2009/04/01/"),
        Rule("/item.php", 301, "/shop/33/", query="id=33"),
    ],
    [Pattern("/find/{word}", 307, "/?s={word}"), Pattern("/old/*", 301, "/new/*")],
)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("/find/a+b", "where a pattern's target has a query"),
        ("/?p=7" + "".join(f"&x={n}&p=7" for n in range(12)), "places to cut"),
        ("/カ\u3099/", "as a Mac spells it"),
        ("/?tag=カ\u3099イド", "spelled as no browser does"),
        ("/?tag=%E3%82%ac%E3%82%A4%E3%83%89", "spelled as no browser does"),
        ("/?p=%37", "spelled as no browser does"),
        ("/?m=2-0-0-9-0-4-0-1", "spelled as no browser does"),
        ("/item.php?id=3%33", "spelled as no browser does"),
        ("/old/a%2Fb", "the visitor's spelling"),
        ("/old/%zz", "a broken escape"),
        ("/a/../../etc/passwd", "above the root"),
        ("/%2e%2e/a", "above the root"),
        ("/a.html。", "glued to a path"),
        ("http://example.co.jp/?p=7", "other hosts"),
        ("/?p=7&x=" + "%E4%BC%9A" * 1_000, "longer than a buffer"),
    ],
)
def test_what_plain_nginx_does_otherwise_has_a_name(nginx: str, url: str, words: str) -> None:
    request = BROWSER.request(url, PUBLIC)
    with (
        EdgeEngine(edge_data(LIMITED), lambda _: True, SITE) as edge,
        NginxEngine(LIMITED, PUBLIC, lambda path: path == composed(path)) as server,
    ):
        (mine,), (theirs,) = edge.answers([request]), server.answers([request])
    assert differ(mine, theirs)
    assert words in server.limit(request, mine, theirs)


def test_what_no_client_can_send_is_a_400(kind: Kind) -> None:
    agent = AGENTS["Browser"]
    with kind(RULES, PUBLIC, has_file) as engine:
        asked = [
            Request("GET", "/a b", "", PUBLIC, agent),
            Request("GET", "/a\r\nX: 1", "", PUBLIC, agent),
            Request("GET", "/old", "", f"{PUBLIC}\r\nX: 1", agent),
            Request("GET", "/\ud800", "", PUBLIC, agent),
            Request("GET", "/old", "", "", agent),
        ]
        assert [answer.status for answer in engine.answers(asked)] == [400, 400, 400, 400, 301]
        assert engine.answers([]) == []


# ------------------------------------------------------------------ processes


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short path: sockets need one, and pytest's own are long."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def started(short: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes that are started, and a folder for temporary files that must be left empty."""
    found: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def noted(*args: object, **options: object) -> subprocess.Popen[bytes]:
        found.append(popen(*args, **options))  # type: ignore[call-overload]
        return found[-1]

    with (
        mock.patch("subprocess.Popen", noted),
        mock.patch.object(tempfile, "tempdir", str(short)),
    ):
        yield found
    assert all(process.poll() is not None for process in found)
    assert list(short.iterdir()) == []


def test_it_is_stopped_in_the_end(kind: Kind, started: list[subprocess.Popen[bytes]]) -> None:
    with kind(RULES, PUBLIC, has_file):
        assert started[0].poll() is None


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_it_is_stopped_whatever_happens(
    kind: Kind, started: list[subprocess.Popen[bytes]], error: type[BaseException]
) -> None:
    with pytest.raises(error), kind(RULES, PUBLIC, has_file):
        raise error


def test_one_that_ignores_to_be_ended_is_killed(
    kind: Kind, started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "STOP_S_MAX", 0.2)
    with kind(RULES, PUBLIC, has_file):
        started[0].send_signal(signal.SIGSTOP)


def test_one_that_is_not_installed_is_a_problem_with_words(
    kind: Kind, started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "_SEARCH_PATH", "/nowhere")
    with pytest.raises(EngineUnavailable, match=f"{kind.name} is not installed"):
        kind(RULES, PUBLIC, has_file).__enter__()
    assert started == []


def test_one_that_does_not_start_says_why(
    kind: Kind, started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "_NGINX", "no such word;")
    monkeypatch.setattr(servers, "_HAPROXY", "no such word\n")
    with pytest.raises(EngineUnavailable, match=r"does not start: .*no"):
        kind(RULES, PUBLIC, has_file).__enter__()


def test_one_that_dies_says_so(kind: Kind, started: list[subprocess.Popen[bytes]]) -> None:
    request = BROWSER.request("/old", PUBLIC)
    with kind(RULES, PUBLIC, has_file) as engine:
        assert engine.answers([request])[0].status == 301
        started[0].kill()
        started[0].wait()
        with pytest.raises(EngineUnavailable, match=f"{kind.name} has stopped answering"):
            engine.answers([request])


PROGRAM = """
import sys
from publisher.audit import servers
from publisher.audit.visitors import BROWSER
from redirects.rules import RuleSet

kind = getattr(servers, sys.argv[1])
with kind(RuleSet(), "www.example.co.jp", lambda path: True) as engine:
    request = BROWSER.request("/", "www.example.co.jp")
    engine.answers([request])
    print(engine._connections[0]._address, flush=True)
    engine.answers([request] * 1_000_000)
"""


def test_it_starts_where_temporary_files_have_long_paths(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("長" * 60)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with kind(RULES, PUBLIC, has_file) as engine:
        assert engine.answers([BROWSER.request("/old", PUBLIC)])[0].status == 301


def test_ctrl_c_leaves_nothing_behind(kind: Kind, short: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(short)}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, kind.__name__],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout
        address = Path(process.stdout.readline().decode().strip())
        assert address.exists()
        time.sleep(0.3)  # it is in the midst of its requests
        os.killpg(process.pid, signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert b"KeyboardInterrupt" in errors
    assert list(short.iterdir()) == []
    assert str(address) not in _command_lines()


def _command_lines() -> str:
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(file.read_text(errors="replace"))
        except OSError:
            continue
    return "\n".join(found)
