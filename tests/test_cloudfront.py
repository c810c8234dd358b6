"""CloudFront as the edge: what it costs, and what happens when something goes wrong."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.edge.cloudfront import CloudFrontEdge
from publisher.edge.cloudfront_invalidation import paths_to_invalidate
from publisher.errors import EdgeError
from redirects.compile import (
    LIVE_KEY,
    STORE_BYTES_MAX,
    KeyValueData,
    compile_rules,
    live_entry,
    parse_live_entry,
)
from redirects.rules import Rule, RuleSet
from tests.cloudfront import ARN, DISTRIBUTION, FUNCTION, CloudFront, Refused, attach, use
from tests.sites import ACTOR, World

SET = "0123456789ab"
OTHER = "ba9876543210"


def data(number: int, what: str = "new") -> KeyValueData:
    """A set with so many leaves, and branches if they are many."""
    target = "/" + "x" * 900
    return compile_rules(
        RuleSet.of(Rule(f"/古い/{what}/a{n}", 301, f"{target}{n * 7 + 1}") for n in range(number))
    )


SMALL = data(3)


def keys(number: int) -> int:
    """The keys of such a set: its nodes and its head."""
    return len(data(number).nodes) + 1


def live(generation: int, slot: str, set_id: str, number: int, what: str = "new") -> str:
    return live_entry(generation, slot, set_id, data(number, what).head)


def source(fallback: str) -> str:
    return f"// falls back to {fallback}"


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody waits; what would have been waited for."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, slept: list[float]) -> CloudFront:
    fake = CloudFront(now=lambda: sum(slept))
    attach(fake, monkeypatch)
    return fake


def edge_with(source: Callable[[str], str]) -> CloudFrontEdge:
    return CloudFrontEdge(DISTRIBUTION, FUNCTION, ARN, source, lambda *_: None)


@pytest.fixture
def edge(fake: CloudFront) -> CloudFrontEdge:
    edge = edge_with(source)
    edge.install()
    fake.requests.clear()
    return edge


def asked(fake: CloudFront) -> Counter[str]:
    found = Counter(operation for operation, _ in fake.requests)
    fake.requests.clear()
    return found


def fail(fake: CloudFront, operation: str, error: BaseException, times: float = 1) -> None:
    """The next requests of a kind fail, before they take effect."""
    left = [times]

    def watch(what: str, _: str, before: bool) -> None:
        if before and what == operation and left[0] > 0:
            left[0] -= 1
            raise error

    fake.watch = watch


def race(fake: CloudFront, operation: str, times: float) -> None:
    """Somebody else writes to the store just before requests of a kind."""
    left = [times]

    def watch(what: str, _: str, before: bool) -> None:
        if before and what == operation and left[0] > 0:
            left[0] -= 1
            fake.put({**fake.data, "someone": str(left[0])})

    fake.watch = watch


# ----------------------------------------------------------------------------- loading


@pytest.mark.parametrize("number", [0, 1, 49, 50, 500])
def test_a_set_is_written_in_batches_and_its_head_last(
    fake: CloudFront, edge: CloudFrontEdge, number: int
) -> None:
    edge.load(SET, data(number))
    assert fake.data == {**data(number).entries, SET: data(number).head or "-"}
    writes = [keys.split() for what, keys in fake.requests if what == "UpdateKeys"]
    assert len(writes) == math.ceil(keys(number) / 50)
    assert writes[-1][-1] == SET
    # Reading back is bounded, whatever the size.
    assert asked(fake)["GetKey"] < 50


def test_a_set_that_is_there_costs_two_small_questions(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    edge.load(SET, data(500))
    asked(fake)
    edge.load(SET, data(500))
    assert asked(fake) == {"DescribeFunction": 1, "GetKey": 1}


def test_one_redirect_more_is_one_write_however_many_there_are(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    costs = []
    for number in (100, 300):
        fake.put({})
        edge.load(SET, data(number))
        edge.flip(LIVE_KEY, live(1, "s1", SET, number))
        asked(fake)
        edge.load(OTHER, data(number + 1))
        costs.append(asked(fake))
        assert costs[-1]["UpdateKeys"] == 1
        edge.flip(LIVE_KEY, live(2, "s2", OTHER, number + 1))
        assert fake.data.items() > data(number + 1).entries.items()
    assert costs[0].total() - 2 <= costs[1].total() <= costs[0].total() + 2 < 30


class Died(BaseException):
    pass


@pytest.mark.parametrize("writes", range(1, 6))
def test_a_load_that_died_is_no_set_and_is_loaded_again(
    fake: CloudFront, edge: CloudFrontEdge, writes: int
) -> None:
    left = [writes]

    def watch(what: str, _: str, before: bool) -> None:
        if what == "UpdateKeys" and before:
            left[0] -= 1
            if not left[0]:
                raise Died

    fake.watch = watch
    with pytest.raises(Died):
        edge.load(SET, data(230))
    assert SET not in fake.data
    with pytest.raises(EdgeError, match="not in the key-value store"):
        edge.flip(LIVE_KEY, live(1, "s1", SET, 230))
    edge.load(SET, data(230))
    assert fake.data == {**data(230).entries, SET: data(230).head}


def test_a_set_that_is_live_and_lost_its_head_is_not_relied_on(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    edge.load(SET, data(60))
    edge.flip(LIVE_KEY, live(1, "s1", SET, 60))
    fake.put({LIVE_KEY: fake.data[LIVE_KEY]})
    edge.load(OTHER, data(61))
    assert fake.data.items() > data(61).entries.items()


def test_the_same_rules_in_another_form_are_loaded_anew(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    edge.load(SET, data(60, "old"))
    edge.load(SET, data(60))
    assert fake.data.items() > {**data(60).entries, SET: data(60).head}.items()


def test_two_sets_that_do_not_fit_beside_each_other_are_refused_before_a_write(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    large = {f"n/{n:09}": "x" * 1000 for n in range(5000)}
    fake.put(large)
    asked(fake)
    with pytest.raises(EdgeError, match=r"need 9.* beside the 5,.* holds 5,242,880") as caught:
        edge.load(SET, data(1000))
    assert "publisher gc" in caught.value.hint
    assert "UpdateKeys" not in asked(fake)
    assert fake.data == large


def test_what_a_set_shares_with_one_that_is_not_live_takes_no_room_twice(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    edge.load(SET, data(3000))
    assert 2 * data(3000).size_bytes > STORE_BYTES_MAX
    edge.load(OTHER, data(3001))
    assert fake.data.items() > data(3001).entries.items()


def test_a_store_that_is_full_meanwhile_says_what_to_do(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    fail(fake, "UpdateKeys", Refused(402, "ServiceQuotaExceededException", "full"))
    with pytest.raises(EdgeError, match="holds 5,242,880"):
        edge.load(SET, SMALL)


def test_a_store_that_loses_what_it_took_is_found_out(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    def watch(what: str, _: str, before: bool) -> None:
        if what == "UpdateKeys" and not before:
            fake.data = {}

    fake.watch = watch
    with pytest.raises(EdgeError, match="says that it has 0 keys"):
        edge.load(SET, SMALL)


def test_a_store_that_counts_but_does_not_keep_is_found_out(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    def watch(what: str, _: str, before: bool) -> None:
        if what == "UpdateKeys" and not before:
            fake.data = {key: held if key == SET else "x" for key, held in fake.data.items()}

    fake.watch = watch
    with pytest.raises(EdgeError, match="does not have it"):
        edge.load(SET, SMALL)


# ------------------------------------------------------------------------------- races


@pytest.mark.parametrize("as_modelled", [False, True], ids=["AWS", "409"])
def test_who_lost_a_race_looks_again(
    fake: CloudFront, edge: CloudFrontEdge, as_modelled: bool
) -> None:
    fake.stale_as_modelled = as_modelled
    race(fake, "UpdateKeys", 2)
    edge.load(SET, data(120))
    race(fake, "UpdateKeys", 2)
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET))
    assert edge.entry(LIVE_KEY) == live_entry(1, "s1", SET)
    race(fake, "UpdateKeys", 2)
    assert edge.tidy([], [], "") == 0
    edge.load(OTHER, data(0))
    race(fake, "UpdateKeys", 2)
    assert edge.tidy([], [], "") == 1


def test_others_that_never_stop_are_an_error(
    fake: CloudFront, edge: CloudFrontEdge, slept: list[float]
) -> None:
    edge.load(OTHER, data(0))
    race(fake, "UpdateKeys", math.inf)
    for act in (
        lambda: edge.load(SET, SMALL),
        lambda: edge.flip(LIVE_KEY, live_entry(1, "s1", OTHER)),
        lambda: edge.tidy([], [], ""),
    ):
        with pytest.raises(EdgeError, match="others kept writing"):
            act()
    assert sum(slept) < 60


def test_somebody_elses_higher_generation_between_reading_and_writing_stays(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    edge.load(SET, SMALL)
    left = [1]

    def watch(what: str, _: str, before: bool) -> None:
        if what == "UpdateKeys" and before and left:
            left.pop()
            fake.put({**fake.data, LIVE_KEY: live_entry(9, "s9", SET)})

    fake.watch = watch
    edge.flip(LIVE_KEY, live_entry(2, "s2", SET))
    assert edge.entry(LIVE_KEY) == live_entry(9, "s9", SET)


def test_a_set_that_goes_while_it_is_about_to_be_shown_is_not_shown(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    edge.load(SET, SMALL)
    left = [1]

    def watch(what: str, _: str, before: bool) -> None:
        if what == "UpdateKeys" and before and left:
            left.pop()
            fake.put({})

    fake.watch = watch
    with pytest.raises(EdgeError, match="not in the key-value store"):
        edge.flip(LIVE_KEY, live_entry(2, "s2", SET))
    assert fake.data == {}


def test_a_write_whose_answer_was_lost_counts(fake: CloudFront, edge: CloudFrontEdge) -> None:
    lost = Counter[str]()

    def watch(what: str, keys: str, before: bool) -> None:
        if what == "UpdateKeys" and not before and not lost[keys]:
            lost[keys] += 1
            raise Refused(500, "InternalServerException", "lost")

    fake.watch = watch
    edge.load(SET, data(120))
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET))
    assert len(lost) == 4
    assert fake.data == {
        **data(120).entries, SET: data(120).head, LIVE_KEY: live_entry(1, "s1", SET)
    }  # fmt: skip


# -------------------------------------------------------------------------------- tidy


def test_the_set_that_visitors_get_stays_whoever_says_so(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    edge.load(SET, data(60))
    edge.load(OTHER, data(3, "other"))
    edge.flip(LIVE_KEY, live(1, "s1", SET, 60))
    edge.flip("preview-spring", live(1, "preview-spring-s1", OTHER, 3, "other"))
    before = dict(fake.data)
    assert edge.tidy(["preview-spring"], [], "") == 0
    assert fake.data == before
    assert edge.tidy([], [], "") == 1 + 1 + len(data(3, "other").nodes)
    assert edge.entry(LIVE_KEY) == live(1, "s1", SET, 60)
    assert fake.data.items() > data(60).entries.items()


def test_a_flip_that_comes_between_keeps_its_set(fake: CloudFront, edge: CloudFrontEdge) -> None:
    edge.load(SET, SMALL)
    edge.load(OTHER, data(60, "other"))
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET))
    left = [1]

    def watch(what: str, _: str, before: bool) -> None:
        if what == "UpdateKeys" and before and left:
            left.pop()
            fake.put({**fake.data, LIVE_KEY: live(2, "s2", OTHER, 60, "other")})

    fake.watch = watch
    edge.tidy([LIVE_KEY], [SET], "")
    assert parse_live_entry(edge.entry(LIVE_KEY)).set_id == OTHER
    assert fake.data.items() > data(60, "other").entries.items()


def test_what_is_not_ours_stays(fake: CloudFront, edge: CloudFrontEdge) -> None:
    theirs = {"settings": "x", "livery": "y", "preview": "z", "/0123456789ab/x": "1"}
    fake.put({**theirs, "preview-old": live_entry(1, "p", SET), **SMALL.entries})
    assert edge.tidy([], [], "") == 1 + len(SMALL.nodes)
    assert fake.data == theirs


@pytest.mark.parametrize("writes", range(1, 5))
def test_removing_that_died_leaves_no_set_that_seems_whole(
    fake: CloudFront, edge: CloudFrontEdge, writes: int
) -> None:
    edge.load(SET, data(180))
    left = [writes]

    def watch(what: str, _: str, before: bool) -> None:
        if what == "UpdateKeys" and before:
            left[0] -= 1
            if not left[0]:
                raise Died

    fake.watch = watch
    with pytest.raises(Died):
        edge.tidy([], [], "")
    assert (SET in fake.data) == (writes == 1)
    edge.load(SET, data(180))
    assert fake.data.keys() == data(180).entries.keys() | {SET}


# ------------------------------------------------------------------------ the function


def test_the_fallback_is_in_the_code_and_stays_there(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    edge.tidy([], [], "s7")
    assert fake.functions[FUNCTION, "LIVE"].code == b"// falls back to s7"
    asked(fake)
    edge.load(SET, data(0))
    edge.tidy([], [], "s7")
    assert not asked(fake).keys() & {"UpdateFunction", "PublishFunction"}
    edge_with(lambda fallback: source(fallback) + " anew").load(SET, data(0))
    assert fake.functions[FUNCTION, "LIVE"].code == b"// falls back to s7 anew"
    edge.tidy([], [], "")
    assert fake.functions[FUNCTION, "LIVE"].code == b"// falls back to "


def test_a_function_that_was_changed_but_not_published_is_published(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    fail(fake, "PublishFunction", Died())
    with pytest.raises(Died):
        edge.tidy([], [], "s2")
    assert fake.functions[FUNCTION, "LIVE"].code == b"// falls back to "
    edge.tidy([], [], "s2")
    assert fake.functions[FUNCTION, "LIVE"].code == b"// falls back to s2"
    assert ARN in fake.functions[FUNCTION, "LIVE"].config


def test_a_new_function_is_waited_for(
    fake: CloudFront, edge: CloudFrontEdge, slept: list[float]
) -> None:
    fake.deploy_s = 100
    edge.tidy([], [], "s2")
    assert 100 <= sum(slept) < 120
    fake.deploy_s = math.inf
    with pytest.raises(EdgeError, match="not deployed after 15 minutes"):
        edge.tidy([], [], "s3")


def test_a_function_that_is_missing_says_how_to_get_it(fake: CloudFront) -> None:
    with pytest.raises(EdgeError, match="no function 'example-site-edge'") as caught:
        edge_with(source).load(SET, data(0))
    assert "publisher infra" in caught.value.hint


def test_a_function_that_is_too_large_is_refused_before_it_is_sent(fake: CloudFront) -> None:
    with pytest.raises(EdgeError, match=r"takes 10,241 bytes, CloudFront allows 10,240"):
        edge_with(lambda _: "x" * 10_241).install()
    assert not fake.functions


def test_installing_again_changes_nothing(fake: CloudFront, edge: CloudFrontEdge) -> None:
    assert len(fake.associations) == 1
    edge.install()
    assert not asked(fake).keys() & {
        "CreateFunction", "UpdateFunction", "PublishFunction", "UpdateDistribution"
    }  # fmt: skip


def test_another_function_at_the_same_place_is_left_there(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    fake._distribution = fake._distribution.replace(f"function/{FUNCTION}", "function/theirs")
    with pytest.raises(EdgeError, match=r"another function answers .*theirs"):
        edge.install()


# ----------------------------------------------------------------------- invalidations


@pytest.mark.parametrize(
    ("uris", "files", "wildcards"),
    [
        (["/s1/a.html"], ["/s1/a.html"], []),
        (["/s1/%E6%97%A5.html", "/s1/a%20b"], ["/s1/%E6%97%A5.html", "/s1/a%20b"], []),
        (["/s1/*", "/s1/a.html", "/s2/a"], ["/s2/a"], ["/s1/*"]),
        (["/s1/runtime~main.js"], [], ["/s1/runtime*"]),
        (["/s1/a/b%2Cc/d.html"], [], ["/s1/a/b*"]),
        (["/s1/a*b.html"], [], ["/s1/a*"]),
        (["/s1/(it's)!.html"], ["/s1/(it's)!.html"], []),
        ([f"/s1/{n}~x" for n in range(11)], [], ["/s1*"]),
        ([f"/s{n}/~x" for n in range(11)], [], ["/*"]),
        ([f"/s1/{n}~x" for n in range(10)], [], [f"/s1/{n}*" for n in range(10)]),
    ],
)
def test_paths_of_an_invalidation(uris: list[str], files: list[str], wildcards: list[str]) -> None:
    assert paths_to_invalidate(uris) == (files, wildcards)


def test_an_invalidation_is_waited_for(
    fake: CloudFront, edge: CloudFrontEdge, slept: list[float]
) -> None:
    fake.invalidation_s = 25
    edge.invalidate(["/s1/%E6%97%A5.html", "/s1/~"])
    assert 25 <= sum(slept) < 30
    (made,) = fake.invalidations.values()
    assert made.paths == ("/s1/*",)
    edge.invalidate([])
    assert len(fake.invalidations) == 1


def test_many_paths_are_several_invalidations(fake: CloudFront, edge: CloudFrontEdge) -> None:
    fake.invalidation_s = 25
    edge.invalidate([f"/s1/{n}.html" for n in range(2500)])
    assert [len(one.paths) for one in fake.invalidations.values()] == [1000, 1000, 500]


def test_others_invalidations_are_waited_for(
    fake: CloudFront, edge: CloudFrontEdge, slept: list[float]
) -> None:
    error = Refused(400, "TooManyInvalidationsInProgress", "too many")
    fail(fake, "CreateInvalidation", error, times=3)
    edge.invalidate(["/s1/a.html"])
    assert sum(slept) == 30
    fail(fake, "CreateInvalidation", error, times=math.inf)
    with pytest.raises(EdgeError, match="too many invalidations in progress for 10 minutes"):
        edge.invalidate(["/s1/a.html"])


def test_an_invalidation_that_never_ends_is_an_error(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    fake.invalidation_s = math.inf
    with pytest.raises(EdgeError, match="not complete after 10 minutes"):
        edge.invalidate(["/s1/a.html"])


def test_a_lost_answer_makes_no_second_invalidation(fake: CloudFront, edge: CloudFrontEdge) -> None:
    fail(fake, "CreateInvalidation", Refused(500, "InternalError", "lost"))
    edge.invalidate(["/s1/a.html"])
    assert len(fake.invalidations) == 1


# ------------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (Refused(403, "AccessDeniedException", "User x is not authorized"), "Allow it"),
        (Refused(403, "ExpiredTokenException", "The security token is expired"), "aws sso login"),
        (Refused(403, "UnrecognizedClientException", "token is invalid"), "aws sso login"),
        (Refused(403, "InvalidSignatureException", "Signature expired: 1 is earlier"), "clock"),
        (Refused(403, "RequestTimeTooSkewed", "the difference is too large"), "clock"),
        (Refused(400, "SomethingNew", "x" * 5000), "Try again"),
    ],
)
def test_what_is_refused_is_said_with_what_to_do(
    fake: CloudFront, edge: CloudFrontEdge, error: Refused, hint: str
) -> None:
    fail(fake, "GetKey", error, times=math.inf)
    with pytest.raises(EdgeError, match=rf"reading a key \(GetKey, {error.code}\)") as caught:
        edge.entry(LIVE_KEY)
    assert hint in caught.value.hint
    text = f"{caught.value} {caught.value.hint}"
    assert len(text) < 600
    assert "EXAMPLE" not in text


@pytest.mark.parametrize(
    ("status", "code"), [(500, "InternalServerException"), (429, "ThrottlingException")]
)
def test_a_passing_failure_is_tried_again(
    fake: CloudFront, edge: CloudFrontEdge, status: int, code: str
) -> None:
    fail(fake, "GetKey", Refused(status, code, "passing"), times=3)
    assert edge.entry(LIVE_KEY) == ""
    fail(fake, "GetKey", Refused(status, code, "lasting"), times=math.inf)
    with pytest.raises(EdgeError, match="lasting"):
        edge.entry(LIVE_KEY)


def test_an_entry_that_somebody_else_wrote_is_an_error(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    edge.load(SET, data(0))
    fake.put({**fake.data, LIVE_KEY: "hello"})
    for act in (
        lambda: edge.entry(LIVE_KEY),
        lambda: edge.flip(LIVE_KEY, live_entry(1, "s1", SET)),
        lambda: edge.tidy([], [], ""),
    ):
        with pytest.raises(EdgeError, match=r"'live' .* is not '<generation>"):
            act()


def test_a_store_that_does_not_exist_is_no_empty_one(fake: CloudFront) -> None:
    other = CloudFrontEdge(DISTRIBUTION, FUNCTION, ARN[:-1] + "0", source, lambda *_: None)
    other.install()
    with pytest.raises(EdgeError, match="Key value store was not found") as caught:
        other.load(SET, data(0))
    assert "edge.key_value_store" in caught.value.hint


def test_without_credentials_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use(monkeypatch, "http://127.0.0.1:9")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", f"{tmp_path}/none")
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{tmp_path}/none")
    with pytest.raises(EdgeError, match="no AWS credentials"):
        edge_with(source)


def test_nobody_at_the_other_end_is_an_error_with_a_hint(
    monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    use(monkeypatch, "http://127.0.0.1:9")
    with pytest.raises(EdgeError, match="can't be reached") as caught:
        edge_with(source).entry(LIVE_KEY)
    assert "network" in caught.value.hint


# ------------------------------------------------------------------------------- costs


@pytest.mark.parametrize("redirects", [10, 2000])
def test_a_publish_that_changes_no_redirect_asks_a_few_questions(
    fake: CloudFront, edge: CloudFrontEdge, redirects: int
) -> None:
    old_urls = tuple(f"/?p={n}" for n in range(1, redirects))
    world = World()

    def publish(text: str) -> None:
        made = world.release({"/a.html": text}, old_urls)
        world.publisher(edge=edge).publish(made, ACTOR)

    publish("1")
    asked(fake)
    publish("2")
    assert asked(fake) == {
        "DescribeFunction": 2, "GetKey": 7, "DescribeKeyValueStore": 1, "UpdateKeys": 1
    }  # fmt: skip
    live = list(world.releases.values())[-1][0]
    world.publisher(edge=edge).publish(live, ACTOR)
    assert asked(fake) == {"GetKey": 1}
