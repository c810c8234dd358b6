"""The networks' port, by the shapes that they document, and `publisher redirects counts`."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from publisher.errors import NotNow, StoreError
from publisher.share_counts import asking, facebook, hatena, taking
from publisher.share_counts.book import KEY, Target, before_and_after, decoded, table
from publisher.share_counts.facebook import Facebook
from publisher.share_counts.hatena import Hatena
from publisher.share_counts.networks import ENTRIES
from publisher.share_counts.port import Answer, ShareCounts
from publisher.share_counts.taking import Kept, Report, Taking
from publisher.store.directory import DirectoryStore
from publisher.store.memory import MemoryStore
from tests.cms_servers import Reply
from tests.program import Cli, Run, configure
from tests.social_networks import TOKEN, Networks, error_of, graph_error, part, serving_networks

SITE = "https://www.example.co.jp"
OLD = f"{SITE}/?p=1632"
NEW = f"{SITE}/blog/1632.html"
JAPANESE = f"{SITE}/2020/お知らせ/"
ENCODED = f"{SITE}/2020/%E3%81%8A%E7%9F%A5%E3%82%89%E3%81%9B/"
HTML = {"Content-Type": "text/html; charset=UTF-8"}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "BACKOFF_S", 0.0)
    monkeypatch.setattr(taking, "PAUSE_S", 0.0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[Networks]:
    with serving_networks() as networks:
        yield networks


@pytest.fixture(params=["facebook", "hatena"])
def network(request: pytest.FixtureRequest, server: Networks) -> Iterator[ShareCounts]:
    """Each implementation of the port, asking the local server."""
    made: ShareCounts = (
        Hatena(SITE, server.hatena)
        if request.param == "hatena"
        else Facebook(TOKEN, SITE, server.facebook)
    )
    yield made
    made.close()


def refused(answer: Answer) -> str:
    assert answer.refusal
    assert answer.refusal.hint
    assert "geheim" not in repr(answer)
    return answer.refusal.message


# ------------------------------------------------------------------ the port's contract


def test_counts_are_told_by_address(network: ShareCounts, server: Networks) -> None:
    server.shares = server.bookmarks = {OLD: 12, ENCODED: 3}
    urls = [*network.entries(OLD)[:1], *network.entries(JAPANESE)[:1], NEW]
    answer = network.counts(urls)
    assert {url: sum(parts.values()) for url, parts in answer.counts.items()} == {
        OLD: 12, ENCODED: 3, NEW: 0,
    }  # fmt: skip
    assert (answer.unknown, answer.refusal) == ({}, None)
    assert server.agents == {f"publisher/0.1 (share counts of {SITE})"}


def test_no_address_that_is_encoded_is_encoded_once_more(network: ShareCounts) -> None:
    assert network.entries(ENCODED)[0] == ENCODED == network.entries(JAPANESE)[0]
    assert network.entries(f"{OLD}#comments")[0] == OLD


def test_fifty_addresses_are_one_question(network: ShareCounts, server: Networks) -> None:
    urls = [f"{SITE}/?p={number}" for number in range(120)]
    assert network.question(urls) == 50
    assert network.question(urls[:7]) == 7
    assert len(network.counts(urls[:50]).counts) == 50
    assert len(server.lines) == 1


def test_long_addresses_make_no_request_line_that_is_refused(
    network: ShareCounts, server: Networks
) -> None:
    urls = [f"{SITE}/{number}/{quote('お知らせ' * 40)}/" for number in range(50)]
    assert network.question([f"{SITE}/{'a' * 9000}"]) == 1
    some = urls[: network.question(urls)]
    assert len(network.counts(some).counts) == len(some) >= 1
    assert max(map(len, server.lines)) < 8000


def test_what_passes_is_asked_again(network: ShareCounts, server: Networks) -> None:
    failures = {0: Reply(503, b"", {"Retry-After": "0"}), 1: Reply(429), 2: Reply(502)}
    server.instead = failures.get
    assert network.counts([OLD]).refusal is None
    assert len(server.lines) == 4


@pytest.mark.parametrize(
    ("reply", "message", "questions"),
    [
        (Reply(429, b"", {"Retry-After": "3600"}), "wants a pause of 3,600 seconds", 1),
        (Reply(429), "asked too often (429)", 4),
        (Reply(500), "answers with status 500", 4),
        (Reply(302, b"", {"Location": "http://127.0.0.1:9/"}), "answers with status 302", 1),
        (Reply(200, b"<h1>Sorry</h1>", HTML), "answers with text/html, status 200", 1),
        (Reply(200, b"", {}), "nothing that has a name, status 200", 1),
        (Reply(200, b"[" * 100_000, {}), "where counts should be", 1),
        (Reply(200, b'{"a": -1}', {}), "where counts should be", 1),
        (Reply(200, b"[{}, {}, {}]", {}), "where counts should be", 1),
        (Reply(200, b"[" + b" " * 2_000_000, {}), "an answer larger than 1 MiB", 1),
        (Reply(0), "can't be asked", 4),
    ],
)
def test_an_answer_that_is_none_ends_it(
    network: ShareCounts, server: Networks, reply: Reply, message: str, questions: int
) -> None:
    server.instead = lambda _: reply
    answer = network.counts([OLD])
    assert message in refused(answer)
    assert (answer.counts, len(server.lines)) == ({}, questions)


def test_a_network_that_is_not_there(server: Networks) -> None:
    for one in (Hatena(SITE, "http://127.0.0.1:9/x"), Facebook(TOKEN, SITE, "http://127.0.0.1:9/")):
        assert "connection refused" in refused(one.counts([OLD]))


def test_passwords_of_this_machine_are_not_for_networks(
    network: ShareCounts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login taro password himitsu\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert network.counts([OLD]).refusal is None  # the server takes no such header


# ------------------------------------------------------------------ Hatena Bookmark


def test_http_and_https_are_two_entries_at_hatena() -> None:
    assert Hatena(SITE).entries(JAPANESE) == (ENCODED, ENCODED.replace("https:", "http:"))
    assert Hatena(SITE).entries("http://a.jp/") == ("http://a.jp/", "https://a.jp/")


def test_an_address_that_the_answer_leaves_out_or_spells_in_another_way(server: Networks) -> None:
    body = json.dumps({JAPANESE: 5}).encode()
    server.instead = lambda _: Reply(200, body, {})
    answer = Hatena(SITE, server.hatena).counts([ENCODED, OLD])
    assert answer.counts == {ENCODED: {"bookmarks": 5}}
    assert answer.unknown == {OLD: "the answer leaves it out"}


# ------------------------------------------------------------------ Facebook


def test_parts_of_a_batch_fail_by_themselves(server: Networks) -> None:
    urls = [f"{SITE}/?p={number}" for number in range(6)]
    server.parts = {
        urls[0]: part({"id": urls[0]}),
        urls[1]: None,
        urls[2]: part(error_of(100, f"Unsupported get request {TOKEN} {quote(TOKEN)}"), 400),
        urls[3]: part({"engagement": {"share_count": "many"}, "id": urls[3]}),
        urls[4]: {"code": 200, "body": "<html>"},
    }
    server.shares = {urls[5]: 7}
    answer = Facebook(TOKEN, SITE, server.facebook).counts(urls)
    assert list(answer.counts) == [urls[5]]
    assert answer.counts[urls[5]]["shares"] == 7
    assert answer.unknown == {
        urls[0]: "an answer without counts",
        urls[1]: "no answer in time",
        urls[2]: "error 100: Unsupported get request ... ...",
        urls[3]: "an answer that can't be read",
        urls[4]: "an answer that can't be read",
    }
    assert answer.refusal is None


@pytest.mark.parametrize("code", [4, 17, 32, 613])
@pytest.mark.parametrize("whole", [True, False])
def test_a_limit_that_is_used_up(server: Networks, code: int, whole: bool) -> None:
    message = "(#4) Application request limit reached"
    server.shares = {OLD: 7}
    if whole:
        server.instead = lambda _: graph_error(code, message, 403)
    else:
        server.parts = {NEW: part(error_of(code, message), 403)}
    answer = Facebook(TOKEN, SITE, server.facebook).counts([OLD, NEW])
    assert f"the app has asked too often (error {code})" in refused(answer)
    assert answer.counts.keys() == (set() if whole else {OLD})
    assert len(server.lines) == 1


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (190, "does not take the access token (error 190)"),
        (102, "does not take the access token (error 102)"),
        (10, "does not let this app or token ask (error 10)"),
        (200, "does not let this app or token ask (error 200)"),
        (2, "has a problem of its own (error 2)"),
        (100, "refuses: error 100: see ... and ..."),
    ],
)
def test_errors_of_the_graph_api(server: Networks, code: int, message: str) -> None:
    server.instead = lambda _: graph_error(code, f"see {TOKEN} and {quote(TOKEN, safe='')}")
    assert message in refused(Facebook(TOKEN, SITE, server.facebook).counts([OLD]))


def test_the_app_keeps_some_of_its_hour_for_others(server: Networks) -> None:
    server.headers = {"X-App-Usage": '{"call_count":96,"total_time":25,"total_cputime":25}'}
    answer = Facebook(TOKEN, SITE, server.facebook).counts([OLD])
    assert "has used 96 % of what it may ask" in refused(answer)
    assert list(answer.counts) == [OLD]
    for usage in ('{"call_count":28}', "nonsense", "[" * 9999):
        server.headers = {"X-App-Usage": usage}
        assert Facebook(TOKEN, SITE, server.facebook).counts([OLD]).refusal is None


# ------------------------------------------------------------------ a run


class Time:
    """The present, for the code under test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = datetime(2026, 11, 22, 3, 15, tzinfo=UTC)
        monkeypatch.setattr(taking, "utc_now", lambda: self.now)

    def passes(self, **how_much: float) -> None:
        self.now += timedelta(**how_much)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


def posts(count: int) -> list[Target]:
    return [Target(n, f"{SITE}/?p={n}", f"{SITE}/blog/{n}.html") for n in range(1, count + 1)]


def run(store: MemoryStore, network: ShareCounts, targets: list[Target], **how: bool) -> Report:
    return Taking(Kept(store), lambda *_: None, **how).take([network], targets)


def test_the_first_count_is_the_baseline_and_later_ones_are_compared(
    network: ShareCounts, server: Networks, time: Time
) -> None:
    store = MemoryStore()
    server.shares = server.bookmarks = {f"{SITE}/?p=1": 10, f"{SITE}/?p=2": 4}
    first = run(store, network, posts(3))
    assert [(row.before, row.is_compared) for row in first.rows] == [
        (10, False), (4, False), (0, False),
    ]  # fmt: skip
    asked = len(server.asked)
    assert run(store, network, posts(3)).asked == {network.name: 0}
    assert len(server.asked) == asked
    time.passes(days=30)
    # The network takes both addresses of post 1 for one page, and has lost post 2.
    server.shares = server.bookmarks = {f"{SITE}/?p=1": 11, f"{SITE}/blog/1.html": 11}
    later = run(store, network, posts(3), compare=True)
    assert [(row.before, row.after, row.difference) for row in later.rows] == [
        (10, 11, 1), (4, 0, -4), (0, 0, 0),
    ]  # fmt: skip
    assert all(row.is_compared for row in later.rows)
    time.passes(days=30)
    assert run(store, network, posts(3)).rows[0].before == 10


def test_comparing_gives_no_baseline(network: ShareCounts, server: Networks, time: Time) -> None:
    store = MemoryStore()
    run(store, network, posts(1))
    time.passes(days=2)
    server.asked.clear()
    report = run(store, network, posts(2), compare=True)
    assert [row.target.post for row in report.rows] == [1]
    assert not [url for url in server.asked if url.endswith(("p=2", "/2.html"))]


def test_a_baseline_is_made_anew_only_on_purpose(
    network: ShareCounts, server: Networks, time: Time
) -> None:
    store = MemoryStore()
    run(store, network, posts(2))
    time.passes(days=2)
    server.shares = server.bookmarks = {f"{SITE}/?p=1": 9, f"{SITE}/?p=2": 9}
    run(store, network, posts(1), renew=True)
    time.passes(days=2)
    assert [row.before for row in run(store, network, posts(2)).rows] == [9, 0]


def test_what_an_address_had_when_it_was_first_counted_after_the_move_is_not_before(
    network: ShareCounts, server: Networks, time: Time
) -> None:
    store = MemoryStore()
    old, new = f"{SITE}/?p=1", f"{SITE}/blog/1.html"
    server.shares = server.bookmarks = {old: 10}
    run(store, network, [Target(1, old)])  # where it will be is not decided yet
    time.passes(days=30)
    server.shares = server.bookmarks = {old: 10, new: 13}
    for _ in range(2):
        (row,) = run(store, network, posts(1)).rows
        assert (row.before, row.after, row.is_compared) == (10, 13, True)
        late = next(cells for cells in table([row]) if cells[4] == new)
        assert late[5:] == ("", "", "13", f"{time.now:%Y-%m-%dT%H:%M:%S+00:00}", "")
        time.passes(days=30)
    run(store, network, posts(1), renew=True)
    time.passes(days=2)
    assert [row.before for row in run(store, network, posts(1)).rows] == [13]


def test_an_old_address_that_is_first_counted_late_gains_nothing(
    network: ShareCounts, server: Networks, time: Time
) -> None:
    store = MemoryStore()
    old, new = f"{SITE}/?p=1", f"{SITE}/blog/1.html"
    run(store, network, [Target(1, new)])
    time.passes(days=30)
    server.shares = server.bookmarks = {old: 120}
    (row,) = run(store, network, [Target(1, old, new)]).rows
    assert (row.before, row.after, row.is_compared) == (120, 120, False)


def test_counts_of_each_target_before_and_after(
    network: ShareCounts, server: Networks, time: Time
) -> None:
    store = MemoryStore()
    server.shares = server.bookmarks = {f"{SITE}/?p=1": 10}
    run(store, network, posts(2))
    time.passes(days=30)
    server.shares = server.bookmarks = {f"{SITE}/blog/1.html": 12}
    run(store, network, posts(1))
    book = Kept(store).book
    told = before_and_after(book, posts(3), {**ENTRIES, "未知": lambda url: (url,)})
    assert [(target.post, counts[network.name]) for target, counts in told] == [
        (1, (10, 12)), (2, (0, None)), (3, (None, None)),
    ]  # fmt: skip
    (other,) = {*ENTRIES} - {network.name}
    for _, counts in before_and_after(book, posts(3), ENTRIES):
        assert counts[other] == (None, None)


def test_what_was_counted_is_kept_when_a_network_refuses_and_the_rest_is_asked_for_later(
    network: ShareCounts, server: Networks, time: Time
) -> None:
    store = MemoryStore()
    server.instead = lambda number: Reply(429, b"", {"Retry-After": "9999"}) if number else None
    report = run(store, network, posts(100))
    assert report.refusals.keys() == {network.name}
    assert report.asked == {network.name: 50}
    server.instead = lambda _: None
    time.passes(hours=1)
    report = run(store, network, posts(100))
    assert report.fresh == 50
    assert not report.refusals
    assert len(server.asked) == len(set(server.asked))
    assert len(report.rows) == 100


def test_an_interruption_keeps_what_was_counted(
    network: ShareCounts, server: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    store = MemoryStore()
    monkeypatch.setattr("time.sleep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(store, network, posts(100))
    assert len(decoded(store.get(KEY).data).of(network.name)) == 50


def test_a_kill_loses_a_thousand_answers_at_most(network: ShareCounts, server: Networks) -> None:
    store = MemoryStore()
    seen: list[int] = []

    def progress(_: str, done: int, __: int) -> None:
        try:
            seen.append(len(decoded(store.get(KEY).data).of(network.name)))
        except StoreError:
            seen.append(0)
        assert done - seen[-1] <= 1000

    Taking(Kept(store), progress).take([network], posts(700))
    assert max(seen) >= 1000


def test_a_network_that_knows_nothing_is_not_asked_for_ever(server: Networks, time: Time) -> None:
    urls = [url for target in posts(200) for url in (target.old, target.new)]
    server.parts = {url: part(error_of(100, "Invalid parameter"), 400) for url in urls}
    with_nothing = Facebook(TOKEN, SITE, server.facebook)
    report = run(MemoryStore(), with_nothing, posts(200))
    assert "nothing about 100 addresses in a row" in report.refusals["facebook"].message
    assert len(server.asked) == 100


def test_two_runs_at_once_lose_nothing(server: Networks) -> None:
    store = MemoryStore()
    network = Hatena(SITE, server.hatena)
    late = Kept(store)
    run(store, network, posts(3))
    before = store.get(KEY).data
    with pytest.raises(NotNow, match="is at work on this store"):
        Taking(late, lambda *_: None).take([network], posts(1))
    assert store.get(KEY).data == before


def test_a_book_that_is_damaged_is_not_written_over() -> None:
    store = MemoryStore()
    store.put(KEY, b'{"networks": [')
    with pytest.raises(StoreError, match="counts/shares is damaged"):
        Kept(store)


# ------------------------------------------------------------------ the command


@pytest.fixture
def publisher(publisher: Cli, cms: str, server: Networks, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The program with a configuration for the sample CMS, which asks the local networks."""
    monkeypatch.setattr(facebook, "URL", server.facebook)
    monkeypatch.setattr(hatena, "URL", server.hatena)
    monkeypatch.setenv(facebook.TOKEN, TOKEN)
    configure(cms, "social:\n  identities: known.csv\n")
    Path("known.csv").write_text(f"id,og_url\n1632,{JAPANESE}\n", encoding="utf-8")

    def run_it(*arguments: str) -> Run:
        done = publisher(*arguments)
        assert "geheim" not in done.out + done.err
        return done

    return run_it


def test_the_command_keeps_a_baseline_and_compares(
    publisher: Cli, server: Networks, time: Time, tmp_path: Path
) -> None:
    server.shares = {ENCODED: 120, f"{SITE}/?p=1650": 7}
    server.bookmarks = {ENCODED.replace("https:", "http:"): 31}
    code, out, err = publisher("redirects", "counts")
    assert code == 0, err
    assert "This is the baseline." in out
    # By the captured identity, by rule, and the new addresses; never the CMS's own.
    assert {ENCODED, NEW, f"{SITE}/?p=1650", f"{SITE}/blog/1650.html"} <= set(server.asked)
    assert all(url.partition("://")[2].startswith("www.example.co.jp/") for url in server.asked)
    # Each at Facebook once, and at Hatena once with each scheme.
    assert len(server.asked) * 2 == len(set(server.asked)) * 3
    code, _, err = publisher("export", "--publish")
    assert code == 0, err
    assert publisher("gc", "--keep-days", "0", "--keep-releases", "1")[0] == 0

    time.passes(days=30)
    server.shares = {ENCODED: 100, NEW: 100}
    server.bookmarks = {NEW: 33}
    code, out, err = publisher("redirects", "counts", "--compare", "--json", "--output", "結果.csv")
    assert code == 0, err
    told = json.loads(out)
    assert [(row["network"], row["old"], row["difference"]) for row in told["dropped"]] == [
        ("facebook", JAPANESE, -20),
        ("facebook", f"{SITE}/?p=1650", -7),
    ]
    assert told["totals"]["hatena"]["after"] - told["totals"]["hatena"]["before"] == 2
    with Path("結果.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["post"] == "1632"]
    assert [(row["address"], row["before"], row["after"], row["difference"]) for row in rows] == [
        (ENCODED, "120", "100", "-20"),
        (NEW, "0", "100", "100"),
        (ENCODED, "0", "0", "0"),
        (ENCODED.replace("https:", "http:"), "31", "0", "-31"),
        (NEW, "0", "33", "33"),
        (NEW.replace("https:", "http:"), "0", "0", "0"),
    ]
    assert rows[0]["after_at"] == "2026-12-22T03:15:00+00:00"
    code, out, _ = publisher("redirects", "counts")
    assert code == 0
    assert "Dropped" in out
    assert f"120        100        -20  facebook  {JAPANESE}  now {NEW}" in out
    secret = TOKEN.partition("|")[2].encode()
    for file in filter(Path.is_file, tmp_path.rglob("*")):
        assert secret not in file.read_bytes(), file


def test_listed_addresses_are_counted_too(publisher: Cli, server: Networks) -> None:
    Path("urls.txt").write_text(f"http://old.example.co.jp/お知らせ/\n{NEW}\n", encoding="utf-8")
    code, out, err = publisher(
        "redirects", "counts", "--urls", "urls.txt", "--network", "hatena", "--json"
    )
    assert code == 0, err
    assert f"http://old.example.co.jp/{quote('お知らせ')}/" in server.asked
    assert f"https://old.example.co.jp/{quote('お知らせ')}/" in server.asked
    assert server.asked.count(NEW) == 1
    assert json.loads(out)["asked"].keys() == {"hatena"}
    assert not [line for line in server.lines if line.startswith("POST")]


def test_a_refusal_keeps_what_others_said_and_says_what_to_do(
    publisher: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(facebook.TOKEN, "geheim-wrong")
    code, out, err = publisher("redirects", "counts", "--json")
    told = json.loads(out)
    assert code == 1
    assert "Facebook does not take the access token (error 190)" in err
    assert "Put a new one into PUBLISHER_FACEBOOK_TOKEN" in err
    assert told["refused"].keys() == {"facebook"}
    kept = Kept(DirectoryStore(Path(".publisher"))).book
    assert len(kept.of("hatena")) == told["asked"]["hatena"] > 0
    assert not kept.of("facebook")


def test_without_a_token_facebook_is_left_out_unless_it_is_asked_for(
    publisher: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(facebook.TOKEN)
    code, out, _ = publisher("redirects", "counts")
    assert code == 0
    assert "facebook is left out: PUBLISHER_FACEBOOK_TOKEN is not set" in out
    code, _, err = publisher("redirects", "counts", "--network", "facebook")
    assert code == 2
    assert "environment: PUBLISHER_FACEBOOK_TOKEN: is not set" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--network", "x"), "there is no network 'x'; there are: facebook, hatena"),
        (("--compare", "--new-baseline"), "exclude each other"),
        (("--urls", "nope.txt"), "nope.txt: can't be read"),
    ],
)
def test_what_can_be_wrong_is_said(
    publisher: Cli, server: Networks, arguments: tuple[str, ...], message: str
) -> None:
    code, _, err = publisher("redirects", "counts", *arguments)
    assert (code, message in err) == (2, True), err
    assert not server.asked


def test_comparing_within_a_day_says_when_to_come_back(publisher: Cli, time: Time) -> None:
    assert "This is the baseline." in publisher("redirects", "counts")[1]
    time.passes(hours=1)
    code, out, err = publisher("redirects", "counts", "--compare")
    assert code == 0, err
    assert "This is the baseline" not in out
    assert out.endswith(
        "Nothing is compared yet: the baseline is not a day old. Run it again after 24 hours.\n"
    )
    time.passes(days=2)
    assert "compared yet" not in publisher("redirects", "counts", "--compare")[1]


def test_a_comparison_that_is_refused_is_no_baseline(
    publisher: Cli, server: Networks, time: Time
) -> None:
    publisher("redirects", "counts")
    time.passes(days=2)
    server.instead = lambda _: Reply(429, b"", {"Retry-After": "9999"})
    code, out, _ = publisher("redirects", "counts", "--compare")
    assert code == 1
    assert "This is the baseline" not in out
    assert out.endswith("Nothing is compared yet.\n")


def test_comparing_needs_a_baseline(publisher: Cli, server: Networks) -> None:
    code, _, err = publisher("redirects", "counts", "--compare")
    assert code == 1
    assert "there is no baseline" in err
    assert not server.asked
