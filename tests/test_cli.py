"""The command line: exit codes, messages, streams; what is wrong is said without a traceback."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.cms_servers import Answer, Reply, passing_on, rest, serving
from tests.program import (
    TIMEOUT_S,
    Cli,
    Run,
    configure,
    ended,
    previewing,
    process,
    shown,
    tree,
)

NOTHING = "http://127.0.0.1:9"  # the discard port: nothing listens there


# --------------------------------------------------------------------- the usual way


def test_export_publish_look_back_and_forth(publisher: Cli, cms: str) -> None:
    configure(cms)
    assert "No release yet" in publisher("releases", "list").out
    first = publisher("export", "--publish", "--json").document
    assert first["new"]
    again = publisher("export", "--publish")
    assert (again.code, "nothing changed since" in again.out) == (0, True)
    assert "is live already; nothing to do" in again.out

    configure(cms, "routes:\n  post: /b/{id}.html\n")
    second = publisher("export", "--json", "--reason", "new addresses").document
    one, two = first["release"]["id"], second["release"]["id"]
    assert one != two
    listed = publisher("releases", "list", "--json").document
    assert (listed["live"], [made["id"] for made in listed["releases"]]) == (one, [two, one])
    dry = publisher("publish", "--dry-run", "--json").document["published"]["dry_run"]
    assert {"path": "/b/1632.html", "reason": "new"} in dry
    assert "Live: release" in publisher("publish", two[-6:]).out
    assert f"live {two}" in publisher("releases", "list").out

    back = publisher("rollback", "--reason", "wrong addresses", "--json")
    assert (back.code, back.document["published"]["release"]) == (0, one)
    held = publisher("publish", two)
    assert (held.code, "wrong addresses" in held.err, "publisher resume" in held.err) == (
        5, True, True,
    )  # fmt: skip
    held_json = publisher("publish", two, "--json")
    assert (held_json.code, held_json.document["exit"]) == (5, 5)
    assert "On hold" in publisher("releases", "list").out
    assert publisher("resume").code == 0
    assert publisher("resume").code == 5
    assert publisher("publish", two).code == 0
    shown_one = publisher("releases", "show", two)
    assert "(live)" in shown_one.out
    assert "new addresses" in shown_one.out
    actions = [c["action"] for c in publisher("releases", "list", "--json").document["journal"]]
    assert sorted(actions) == ["publish", "publish", "publish", "resume", "rollback"]


def test_a_release_is_looked_at_on_a_preview(
    publisher: Cli, cms: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(cms, "edge: {previews: preview.www.example.co.jp}\n")
    publisher("export")
    monkeypatch.setenv("PREVIEW_PASSWORD", "合言葉-2026")
    run = publisher(
        "publish", "--to", "preview-spring", "--days", "3", "--password", "env:PREVIEW_PASSWORD"
    )
    assert "Shown:" in run.out
    assert "https://spring.preview.www.example.co.jp" in run.out
    assert not Path(".publisher/refs/live%").exists()  # visitors get nothing of it
    files = tree()
    assert not [path for path, data in files.items() if "合言葉".encode() in data]
    entry = next(data for path, data in files.items() if "edge/preview-spring" in path).decode()
    assert re.fullmatch(r"2 preview-spring-s1 [0-9a-f]{12} [0-9]{10} [0-9a-f]{64}  R.*", entry)

    journal = publisher("releases", "list", "--json").document["journal"]
    assert [(one["action"], one["target"]) for one in journal] == [("publish", "preview-spring")]
    again = publisher("publish", "--to", "preview-spring", "--json").document["published"]
    assert (again["files"], again["slot"]) == (0, "preview-spring-s1")


def test_a_preview_keeps_its_password(
    publisher: Cli, cms: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def entry(name: str) -> str:
        found = next(data for path, data in tree().items() if f"edge/preview-{name}" in path)
        return found.decode().split()[4]

    configure(cms, "edge: {previews: preview.www.example.co.jp}\n")
    publisher("export")
    monkeypatch.setenv("PREVIEW_PASSWORD", "合言葉-2026")
    closed = ("publish", "--to", "preview-spring", "--password", "env:PREVIEW_PASSWORD")
    publisher(*closed)
    first = entry("spring")
    assert "It asks for a name and a password" in publisher("publish", "--to", "preview-spring").out
    assert entry("spring") == first
    monkeypatch.setenv("PREVIEW_PASSWORD", "another")
    publisher(*closed)
    assert entry("spring") != first
    assert "password" not in publisher("publish", "--to", "preview-autumn").out
    assert not re.fullmatch("[0-9a-f]{64}", entry("autumn"))


def test_a_rollback_says_how_it_is_undone(publisher: Cli, cms: str) -> None:
    configure(cms)
    first = publisher("export", "--publish", "--json").document["release"]["id"]
    configure(cms, "redirects: {rules: [{from: /古い/, to: /}]}\n")
    second = publisher("export", "--publish", "--json").document["release"]["id"]
    undo = publisher("rollback").out.partition("To go back: publisher ")[2].partition("\n")[0]
    assert publisher("releases", "list", "--json").document["live"] == first
    publisher(*undo.split())
    assert publisher("releases", "list", "--json").document["live"] == second


@pytest.mark.parametrize(
    "address",
    [
        "https://www.example.co.jp/blog/1632.html?utm_source=mail#comments",
        "http://WWW.example.co.jp/blog/%31632.html",
        "https://www.example.co.jp.:443/blog/1632.html",
        "/blog/1632.html",
    ],
)
def test_a_page_is_withdrawn_by_the_address_that_a_browser_shows(
    publisher: Cli, cms: str, address: str
) -> None:
    configure(cms)
    publisher("export", "--publish")
    run = publisher("withdraw", address, "--reason", "誤植", "--json")
    assert run.document["withdrawn"] == "/blog/1632.html"


@pytest.mark.parametrize(
    "address",
    ["https://www.example.co.jp/?p=1632", "https://www.example.co.jp.example.com/", "https://[/"],
)
def test_an_address_of_another_page_withdraws_nothing(
    publisher: Cli, cms: str, address: str
) -> None:
    configure(cms)
    publisher("export", "--publish")
    assert publisher("withdraw", address, "--reason", "誤植").code == 1
    assert publisher("withdraw", "--list").out == "Nothing is withdrawn.\n"


def test_what_is_said_for_the_journal_is_one_line_of_text(publisher: Cli, cms: str) -> None:
    configure(cms)
    publisher("export", "--publish")
    word = ("withdraw", "/blog/1632.html")
    said = "価格　変更\n  2026-01-01 00:00:00  publish"
    publisher(*word, "--reason", said, "--actor", " 美香\x1b[31m\n")
    lines = publisher("releases", "list").out.splitlines()
    assert [line for line in lines if "価格　変更   2026-01-01" in line and "美香 [31m  " in line]
    assert publisher(*word, "--restore", "--reason", " \n").code == 2  # that is none
    before = tree()
    run = publisher("publish", "--to", "preview-a", "--reason", "\udc89\udcbf", "--json")
    assert (run.code, run.document["exit"]) == (2, 2)
    assert "--reason" in run.err
    assert tree() == before


def test_an_error_about_what_is_no_text_is_one_document(publisher: Cli) -> None:
    run = publisher("releases", "list", "--config", "\udcff.yaml", "--json")
    assert (run.code, run.document["exit"]) == (2, 2)


def test_what_a_terminal_can_not_show_ends_nothing(
    publisher: Cli, cms: str, tmp_path: Path
) -> None:
    configure(cms)
    publisher("export", "--publish")
    path = "/category/スタッフ日記/"
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for more in ([], ["--restore"], ["--json"]):
        words = ("withdraw", path, "--reason", "誤植", *more)
        run = ended(process(*words, folder=tmp_path, env=env))
        assert (run.code, run.err) == (0, "")
    assert run.document["withdrawn"] == path


def test_an_export_from_the_beginning_brings_lost_bytes_back(publisher: Cli, cms: str) -> None:
    configure(cms)
    publisher("export", "--publish")
    whole = {path: data for path, data in tree().items() if "/blobs/" in path}
    for number, path in enumerate(sorted(whole)):
        Path(path).unlink()
        if number % 2:  # files with headers among them
            Path(path).write_bytes(b"damaged")
    assert publisher("export", "--full").code == 0
    now = tree()
    assert {path: now.get(path) for path in whole} == whole
    assert publisher("publish", "--to", "preview-a").code == 0


def test_an_entry_of_the_edge_that_is_no_text_is_written_anew(publisher: Cli, cms: str) -> None:
    configure(cms)
    publisher("export", "--publish")
    (entry,) = Path(".publisher/edge").glob("live*")
    before = entry.read_bytes()
    entry.write_bytes(b"\xff\xfe\x00")
    assert publisher("publish").code == 0
    assert entry.read_bytes() == before


def test_a_page_is_withdrawn_and_restored(publisher: Cli, cms: str) -> None:
    configure(cms)
    publisher("export", "--publish")
    publisher("publish", "--to", "preview-spring")
    assert publisher("withdraw", "--list").out == "Nothing is withdrawn.\n"
    run = publisher("withdraw", "https://www.example.co.jp/blog/1632.html", "--reason", "誤植")
    assert "/blog/1632.html answers 410" in run.out
    assert "/blog/1632/feed.xml" in run.out  # what is left
    assert not [path for path in tree() if "/site/" in path and path.endswith("/1632.html")]
    assert "誤植" in publisher("withdraw", "--list").out

    unchanged = publisher("export", "--publish", "--json").document
    assert unchanged["published"]["slot"] == ""
    publisher("withdraw", "/blog/1632.html", "--restore", "--reason", "corrected")
    # The preview is left alone until something is published to it.
    held = [path for path in tree(".publisher/site") if path.endswith("/1632.html")]
    assert held == [".publisher/site/s2/blog/1632.html"]
    assert publisher("withdraw", "/blog/1632.html", "--restore", "--reason", "again").code == 5


def test_a_dry_run_writes_nothing(publisher: Cli, cms: str) -> None:
    configure(cms)
    run = publisher("export", "--dry-run", "--publish")
    assert (run.code, "Would write or remove" in run.out) == (0, True)
    assert not Path(".publisher").exists()
    publisher("export", "--publish")
    configure(cms, "routes:\n  post: /b/{id}.html\n")
    before = tree()
    assert publisher("export", "--dry-run", "--publish", "--json").document["published"]["dry_run"]
    assert publisher("publish", "--dry-run").code == 0
    assert tree() == before


# ----------------------------------------------------------------- a CMS that is wrong


def failed(publisher: Cli, url: str, code: int = 1, more: str = "") -> Run:
    """Export and publish from a bad CMS: what went wrong before is live still."""
    configure(url, more)
    run = publisher("export", "--publish")
    assert run.code == code, run
    assert run.out == ""
    as_json = publisher("export", "--publish", "--json")
    assert (as_json.code, as_json.document["exit"]) == (code, code)
    assert as_json.document["error"]
    assert not Path(".publisher/site").exists()
    assert not list(Path(".publisher").glob("releases/*"))
    return run


def test_a_cms_that_does_not_listen(publisher: Cli) -> None:
    run = failed(publisher, NOTHING)
    assert "nothing listens there" in run.err
    assert "Check cms.url" in run.err


def test_a_cms_whose_host_is_not_known(publisher: Cli) -> None:
    assert "can't be reached" in failed(publisher, "http://cms.invalid").err


def test_a_wrong_password(publisher: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMS_AUTH", "staging:wrong-one")
    with serving(lambda _: Reply(401, b"no", {"Content-Type": "text/html"})) as url:
        run = failed(publisher, url, more="  basic_auth: env:CMS_AUTH\n")
    assert "refuses the user name or password" in run.err
    assert "cms.basic_auth" in run.err
    assert "wrong-one" not in run.err


def test_a_certificate_that_can_not_be_verified(publisher: Cli, tmp_path: Path) -> None:
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=127.0.0.1 "
        "-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem"
    )
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with serving(lambda _: Reply(200, b"{}"), tls) as url:
        assert "certificate can't be verified" in failed(publisher, url).err


def test_http_where_https_was_expected(publisher: Cli) -> None:
    with serving(lambda _: Reply(200, b"{}")) as url:
        run = failed(publisher, url.replace("http:", "https:"))
    assert "does not speak https" in run.err


@pytest.mark.parametrize("status", [200, 302, 403, 404, 500, 503])
def test_html_where_json_was_expected(publisher: Cli, status: int) -> None:
    reply = Reply(status, b"<!doctype html>", {"Content-Type": "text/html", "Location": "/login"})
    with serving(lambda _: reply) as url:
        run = failed(publisher, url)
    assert ("JSON" if status < 400 else str(status)) in run.err


ROOT = b'{"home": "http://cms.test", "name": "x"}'
TYPES = b'{"post": {"rest_base": "posts"}}'


@pytest.mark.parametrize(
    "answer",
    [
        rest(root=b"[]"),
        rest(root=b"null"),
        rest(root=b'{"home": 5}'),
        rest(root=ROOT, types=b"[]"),
        rest(root=ROOT, types=b"null"),
        rest(root=ROOT, types=TYPES, posts=b"{}"),
        rest(root=ROOT, types=TYPES, posts=b"[5]"),
        rest(root=ROOT, types=TYPES, posts=b'[{"type": "post"}]'),
        rest(root=ROOT, types=TYPES, posts=b'[{"type": "post", "id": 1, "link": null}]'),
        rest(root=ROOT, types=b"{}", taxonomies=b"[]"),
        rest(root=ROOT, types=b"{}", taxonomies=b'{"c": {"rest_base": "c"}}', c=b"[{}]"),
    ],
    ids=range(11),
)
def test_json_that_is_not_a_wordpress_s(publisher: Cli, answer: Answer) -> None:
    with serving(answer) as url:
        configure(url)
        assert publisher("export", "--publish").code in (1, 3)


def test_an_empty_site_is_refused_by_a_gate(publisher: Cli) -> None:
    with serving(rest(root=ROOT, types=b"{}", taxonomies=b"{}", users=b"[]")) as url:
        run = failed(publisher, url, 3)
    assert "/: the CMS gave no home page" in run.err
    assert "--override empty" in run.err


def test_a_gate_is_let_through_once_with_a_reason(publisher: Cli) -> None:
    with serving(rest(root=ROOT, types=b"{}", taxonomies=b"{}", users=b"[]")) as url:
        configure(url)
        run = publisher("export", "--override", "empty", "--reason", "a new site", "--json")
        assert run.code == 0
        assert run.document["release"]["overrides"] == [{"gate": "empty", "reason": "a new site"}]
        assert publisher("export").code == 3


def test_a_cms_that_dies_in_the_middle_leaves_what_is_live(publisher: Cli, cms: str) -> None:
    configure(cms)
    publisher("export", "--publish")
    before = shown()
    asked: list[str] = []
    whole = passing_on(cms)

    def dying(path: str) -> Reply:
        asked.append(path)
        return whole(path) if len(asked) < 60 else Reply(0)

    with serving(dying) as url:
        configure(url, "routes:\n  post: /b/{id}.html\n")
        run = publisher("export", "--publish")
    assert run.code == 1
    assert "stopped answering" in run.err or "can't be reached" in run.err
    assert shown() == before


def test_a_few_urls_without_an_answer_are_refused_by_a_gate(publisher: Cli, cms: str) -> None:
    configure(cms)
    publisher("export", "--publish")
    before = shown()
    whole = passing_on(cms)
    with serving(lambda path: Reply(500) if path == "/?p=1632" else whole(path)) as url:
        configure(url)
        run = publisher("export", "--publish")
    assert (run.code, "/blog/1632.html: status 500" in run.err) == (3, True)
    assert shown() == before


def test_control_characters_of_the_cms_never_reach_the_terminal(publisher: Cli, cms: str) -> None:
    whole = passing_on(cms)

    def hostile(path: str) -> Reply:
        reply = whole(path)
        if path == "/":
            link = b'<a href="/wp-content/uploads/%C2%9B31m.png">x</a></body>'
            return Reply(200, reply.body.replace(b"</body>", link), reply.headers)
        return reply

    with serving(hostile) as url:
        configure(url)
        run = publisher("export", "--publish", "--reason", "\x1b[31mred\x9b")
        assert (run.code, "31m" in run.out) == (0, True)
    publisher("releases", "list")
    publisher("releases", "show", publisher("releases", "list", "--json").document["live"])
    evil = {"Content-Type": "text/\x1b[31mhtml\x07"}
    with serving(lambda _: Reply(200, b"<html>", evil)) as url:
        configure(url)
        publisher("export")


# ------------------------------------------------------------------- a store that is wrong


def test_a_file_where_the_store_should_be(publisher: Cli, cms: str) -> None:
    configure(cms)
    Path(".publisher").write_text("")
    for command in (("export",), ("releases", "list"), ("publish",), ("resume",)):
        assert publisher(*command).code in (1, 5)


def test_a_full_disk_leaves_what_is_live(tmp_path: Path, cms: str, publisher: Cli) -> None:
    configure(cms)
    publisher("export", "--publish")
    before = shown()
    configure(cms, "routes:\n  post: /b/{id}.html\n")
    full = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))  # noqa: E731
    run = ended(process("export", "--publish", folder=tmp_path, preexec_fn=full))
    assert run.code == 1
    assert "store can't be used" in run.err
    assert shown() == before
    assert list(Path(".publisher/.tmp").iterdir()) == []


def test_a_damaged_record_is_named(publisher: Cli, cms: str) -> None:
    configure(cms)
    publisher("export", "--publish")
    (path,) = Path(".publisher/refs").iterdir()
    path.write_bytes(b"{")
    run = publisher("export")
    assert (run.code, "refs/live is damaged" in run.err) == (1, True)


# --------------------------------------------------------------- two runs, and Ctrl-C


@contextlib.contextmanager
def stuck(cms: str, count: int) -> Iterator[tuple[str, threading.Event]]:
    """A CMS that stops answering after so many requests, and the sign that it has."""
    asked: list[str] = []
    reached, release = threading.Event(), threading.Event()
    whole = passing_on(cms)

    def answer(path: str) -> Reply:
        asked.append(path)
        if len(asked) >= count:
            reached.set()
            release.wait(TIMEOUT_S)
            return Reply(0)
        return whole(path)

    try:
        with serving(answer) as url:
            yield url, reached
            release.set()
    finally:
        release.set()


@pytest.mark.parametrize("requests_before", [1, 40], ids=["reading", "crawling"])
def test_ctrl_c_ends_an_export_and_leaves_what_is_live(
    tmp_path: Path, cms: str, publisher: Cli, requests_before: int
) -> None:
    configure(cms)
    publisher("export", "--publish")
    before = shown()
    with stuck(cms, requests_before) as (url, reached):
        configure(url, "routes:\n  post: /b/{id}.html\n")
        running = process("export", "--publish", "--json", folder=tmp_path)
        try:
            assert reached.wait(TIMEOUT_S)
            if requests_before > 1:
                second = publisher("export")
                assert (second.code, "another export is running" in second.err) == (5, True)
            running.send_signal(signal.SIGINT)
        finally:
            run = ended(running, 10)
    assert run.code == 130
    assert run.document["exit"] == 130
    assert "interrupted" in run.err
    assert shown() == before


# -------------------------------------------------------------------------- wrong usage


def test_a_wrong_configuration_is_told_all_at_once(publisher: Cli) -> None:
    Path("site-config.yaml").write_text("site:\n  ulr: x\ncms:\n  url: 5\nzzz: 1\n")
    run = publisher("export")
    assert run.code == 2
    for text in (":2: site.ulr: is no key; did you mean 'url'?", ":1: site.url: is missing",
                 ":4: cms.url: must be", ":5: zzz: is no key"):  # fmt: skip
        assert f"site-config.yaml{text}" in run.err
    problems = publisher("export", "--json").document["problems"]
    assert [problem["line"] for problem in problems] == [1, 2, 4, 5]


def test_no_configuration(publisher: Cli) -> None:
    run = publisher("export")
    assert (run.code, "site-config.yaml: no such file" in run.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["exprot"], "No such command"),
        (["export", "--pubilsh"], "No such option"),
        (["export", "--override", "emtpy", "--reason", "x"], "there is no gate 'emtpy'"),
        (["export", "--override", "empty"], "--override needs --reason"),
        (["export", "surplus"], "unexpected extra argument"),
        (["preview", "--port", "70000"], "less than or equal to 65535"),
        (["preview", "--port", "x"], "valid integer"),
        (["releases", "show"], "Missing argument"),
        (["releases", "sohw"], "No such command"),
    ],
)
def test_wrong_usage(publisher: Cli, arguments: list[str], message: str) -> None:
    configure(NOTHING)
    run = publisher(*arguments)
    assert (run.code, run.out) == (2, "")
    assert message in run.err
    assert publisher(*arguments, "--json").document["exit"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["publish"], "there is no release yet"),
        (["publish", "abc"], "there is no release 'abc'"),
        (["rollback"], "there is no earlier release"),
        (["withdraw", "/nothing.html", "--reason", "r"], "no release has /nothing.html"),
        (["withdraw", "/../x", "--reason", "r"], "is no path of the site"),
        (["rollback", "../../etc/passwd"], "there is no release"),
        (["releases", "show", "a//b"], "there is no release"),
        (["preview"], "nothing is live yet"),
        (["preview", "abc"], "there is no release 'abc'"),
    ],
)
def test_commands_on_an_empty_store(publisher: Cli, arguments: list[str], message: str) -> None:
    configure(NOTHING)
    run = publisher(*arguments)
    assert (run.code, run.out) == (1, "")
    assert message in run.err
    assert not Path(".publisher").exists()


# ------------------------------------------------------------------------ preview, demo


TITLE = re.compile("<title>.*?</title>")


def test_preview_of_what_is_live_and_of_one_release(
    publisher: Cli, cms: str, tmp_path: Path
) -> None:
    configure(cms)
    publisher("export", "--publish")
    configure(cms, "routes:\n  post: /b/{id}.html\n")
    made = publisher("export", "--json").document["release"]["id"]
    with previewing(tmp_path) as live, previewing(tmp_path, made) as one:
        assert requests.get(f"{live}/blog/1632.html", timeout=9).status_code == 200
        assert requests.get(f"{live}/b/1632.html", timeout=9).status_code == 404
        assert requests.get(f"{one}/b/1632.html", timeout=9).status_code == 200
        assert requests.get(f"{one}/blog/1632.html", timeout=9).status_code == 404
        old = requests.get(f"{one}/?p=1632", timeout=9, allow_redirects=False)
        assert (old.status_code, old.headers["Location"]) == (301, "/b/1632.html")
        assert requests.post(one, timeout=9).status_code == 405
        theirs = requests.get(f"{cms}/?p=99999", timeout=9)
        for site in (live, one):  # the page of the CMS's own theme
            unknown = requests.get(f"{site}/never/was/", timeout=9)
            assert (unknown.status_code, theirs.status_code) == (404, 404)
            assert TITLE.findall(unknown.text) == TITLE.findall(theirs.text) != []
        publisher("publish", made)
        deadline = time.monotonic() + 10
        while requests.get(f"{live}/b/1632.html", timeout=9).status_code != 200:
            assert time.monotonic() < deadline, "the preview does not follow"
            time.sleep(0.05)


def test_a_port_that_is_in_use(publisher: Cli, cms: str) -> None:
    configure(cms)
    publisher("export", "--publish")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        run = publisher("preview", "--port", port)
    assert (run.code, f"port {port} can't be used" in run.err) == (1, True)


def test_the_demo_checks_itself_and_leaves_nothing(tmp_path: Path) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    run = ended(process("demo", "--once", folder=tmp_path, env=environment))
    assert (run.code, run.out) == (0, "")
    assert "All checks passed." in run.err
    assert list(tmp_path.iterdir()) == []


def test_the_demo_says_what_it_can_not_start_from(publisher: Cli) -> None:
    configure("http://127.0.0.1:8081/wp", "store: elsewhere\n")
    run = publisher("demo")
    assert (run.code, "can't start from" in run.err) == (1, True)


# ------------------------------------------------------------------------------ streams


def test_in_a_pipe_there_is_no_progress_and_no_line_is_cut(
    tmp_path: Path, cms: str, publisher: Cli
) -> None:
    configure(cms)
    run = ended(process("export", "--publish", "--json", folder=tmp_path))
    assert (run.code, run.err) == (0, "")
    assert run.document["published"]["slot"] == "s1"
    reason = "a long reason " * 20
    configure(cms, "routes:\n  post: /b/{id}.html\n")
    publisher("export", "--reason", f"{reason}[bold]:warning:[/bold]")
    assert any(
        line.endswith(f"{reason}[bold]:warning:[/bold]")
        for line in publisher("releases", "list").out.splitlines()
    )


def test_a_reader_that_stops_early_is_no_error(tmp_path: Path, cms: str, publisher: Cli) -> None:
    configure(cms)
    publisher("export")
    running = process("releases", "list", folder=tmp_path)
    assert running.stdout
    running.stdout.close()
    assert running.stderr
    err = running.stderr.read()
    running.stderr.close()
    assert (running.wait(TIMEOUT_S), err) == (0, "")


def test_help_says_what_to_begin_with(publisher: Cli) -> None:
    run = publisher("--help")
    assert (run.code, "publisher demo" in run.out) == (0, True)
    for command in ("export", "publish", "rollback", "resume", "preview", "demo"):
        assert publisher(command, "--help").code == 0
