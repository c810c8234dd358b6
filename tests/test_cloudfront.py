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
from redirects.compile import LIVE_KEY, STORE_BYTES_MAX, live_entry, parse_live_entry
from tests.cloudfront import ARN, DISTRIBUTION, FUNCTION, CloudFront, Refused, attach, use
from tests.sites import ACTOR, World

SET = "0123456789ab"
OTHER = "ba9876543210"


def entries(number: int, set_id: str = SET) -> dict[str, str]:
    return {f"{set_id}/古い/{n:05}": f"301 /新しい/{n}" for n in range(number)}


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


@pytest.mark.parametrize("number", [0, 1, 50, 51, 500])
def test_a_set_is_written_in_batches_and_its_marker_last(
    fake: CloudFront, edge: CloudFrontEdge, number: int
) -> None:
    edge.load(SET, entries(number))
    assert {key: fake.data[key] for key in entries(number)} == entries(number)
    writes = [keys.split() for what, keys in fake.requests if what == "UpdateKeys"]
    assert len(writes) == math.ceil(number / 50) + 1
    assert writes[-1] == [SET]
    # Reading back is bounded, whatever the size.
    assert asked(fake)["GetKey"] < 50


def test_a_set_that_is_there_costs_two_small_questions(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    edge.load(SET, entries(500))
    asked(fake)
    edge.load(SET, entries(500))
    assert asked(fake) == {"DescribeFunction": 1, "GetKey": 1}


class Died(BaseException):
    pass


@pytest.mark.parametrize("writes", range(1, 7))
def test_a_load_that_died_goes_on_where_it_stopped(
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
        edge.load(SET, entries(230))
    assert SET not in fake.data
    with pytest.raises(EdgeError, match="not in the key-value store"):
        edge.flip(LIVE_KEY, live_entry(1, "s1", SET))
    asked(fake)
    edge.load(SET, entries(230))
    assert asked(fake)["UpdateKeys"] == 6 - (writes - 1)
    assert fake.data.keys() == entries(230).keys() | {SET}


def test_the_same_rules_in_another_form_are_loaded_anew(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    edge.load(SET, dict.fromkeys(entries(60), "410"))
    edge.load(SET, entries(60))
    assert {key: fake.data[key] for key in entries(60)} == entries(60)


def test_two_sets_that_do_not_fit_beside_each_other_are_refused_before_a_write(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    large = {f"{OTHER}/{n}": "x" * 1000 for n in range(5000)}
    fake.put(large)
    asked(fake)
    with pytest.raises(EdgeError, match=r"need 1,0.* beside the 5,.* holds 5,242,880") as caught:
        edge.load(SET, {f"{SET}/{n}": "x" * 1000 for n in range(1000)})
    assert "publisher gc" in caught.value.hint
    assert "UpdateKeys" not in asked(fake)
    assert fake.data == large


def test_a_large_set_in_another_form_takes_no_room_twice(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    large = {f"{SET}/{n}": "x" * 1000 for n in range(3000)}
    fake.put(dict(large))
    assert STORE_BYTES_MAX < 2 * 3000 * 1000
    edge.load(SET, dict.fromkeys(large, "y" * 1000))
    assert fake.data[f"{SET}/7"] == "y" * 1000


def test_a_store_that_is_full_meanwhile_says_what_to_do(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    fail(fake, "UpdateKeys", Refused(402, "ServiceQuotaExceededException", "full"))
    with pytest.raises(EdgeError, match="holds 5,242,880"):
        edge.load(SET, entries(3))


def test_a_store_that_loses_what_it_took_is_found_out(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    def watch(what: str, _: str, before: bool) -> None:
        if what == "UpdateKeys" and not before:
            fake.data = {}

    fake.watch = watch
    with pytest.raises(EdgeError, match="says that it has 0 keys"):
        edge.load(SET, entries(3))


def test_a_store_that_counts_but_does_not_keep_is_found_out(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    def watch(what: str, _: str, before: bool) -> None:
        if what == "UpdateKeys" and not before:
            fake.data = {key: held if key == SET else "x" for key, held in fake.data.items()}

    fake.watch = watch
    with pytest.raises(EdgeError, match="does not have it"):
        edge.load(SET, entries(3))


# ------------------------------------------------------------------------------- races


@pytest.mark.parametrize("as_modelled", [False, True], ids=["AWS", "409"])
def test_who_lost_a_race_looks_again(
    fake: CloudFront, edge: CloudFrontEdge, as_modelled: bool
) -> None:
    fake.stale_as_modelled = as_modelled
    race(fake, "UpdateKeys", 2)
    edge.load(SET, entries(120))
    race(fake, "UpdateKeys", 2)
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET))
    assert edge.entry(LIVE_KEY) == live_entry(1, "s1", SET)
    race(fake, "UpdateKeys", 2)
    assert edge.tidy([], [], "") == 0
    edge.load(OTHER, {})
    race(fake, "UpdateKeys", 2)
    assert edge.tidy([], [], "") == 1


def test_others_that_never_stop_are_an_error(
    fake: CloudFront, edge: CloudFrontEdge, slept: list[float]
) -> None:
    edge.load(OTHER, {})
    race(fake, "UpdateKeys", math.inf)
    for act in (
        lambda: edge.load(SET, entries(3)),
        lambda: edge.flip(LIVE_KEY, live_entry(1, "s1", OTHER)),
        lambda: edge.tidy([], [], ""),
    ):
        with pytest.raises(EdgeError, match="others kept writing"):
            act()
    assert sum(slept) < 60


def test_somebody_elses_higher_generation_between_reading_and_writing_stays(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    edge.load(SET, entries(3))
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
    edge.load(SET, entries(3))
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
    edge.load(SET, entries(120))
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET))
    assert len(lost) == 5
    assert fake.data == {
        **entries(120), SET: fake.data[SET], LIVE_KEY: live_entry(1, "s1", SET)
    }  # fmt: skip


# -------------------------------------------------------------------------------- tidy


def test_the_set_that_visitors_get_stays_whoever_says_so(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    edge.load(SET, entries(60))
    edge.load(OTHER, entries(3, OTHER))
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET))
    edge.flip("preview-spring", live_entry(1, "preview-spring-s1", OTHER))
    before = dict(fake.data)
    assert edge.tidy(["preview-spring"], [], "") == 0
    assert fake.data == before
    assert edge.tidy([], [], "") == 5
    assert edge.entry(LIVE_KEY) == live_entry(1, "s1", SET)
    assert {key: fake.data[key] for key in entries(60)} == entries(60)


def test_a_flip_that_comes_between_keeps_its_set(fake: CloudFront, edge: CloudFrontEdge) -> None:
    edge.load(SET, entries(3))
    edge.load(OTHER, entries(60, OTHER))
    edge.flip(LIVE_KEY, live_entry(1, "s1", SET))
    left = [1]

    def watch(what: str, _: str, before: bool) -> None:
        if what == "UpdateKeys" and before and left:
            left.pop()
            fake.put({**fake.data, LIVE_KEY: live_entry(2, "s2", OTHER)})

    fake.watch = watch
    edge.tidy([LIVE_KEY], [SET], "")
    assert parse_live_entry(edge.entry(LIVE_KEY)).set_id == OTHER
    assert {key: fake.data[key] for key in entries(60, OTHER)} == entries(60, OTHER)


def test_what_is_not_ours_stays(fake: CloudFront, edge: CloudFrontEdge) -> None:
    theirs = {"settings": "x", "livery": "y", "preview": "z", "/0123456789ab/x": "1"}
    fake.put({**theirs, "preview-old": live_entry(1, "p", SET), **entries(3)})
    assert edge.tidy([], [], "") == 4
    assert fake.data == theirs


@pytest.mark.parametrize("writes", range(1, 5))
def test_removing_that_died_leaves_no_set_that_seems_whole(
    fake: CloudFront, edge: CloudFrontEdge, writes: int
) -> None:
    edge.load(SET, entries(180))
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
    edge.load(SET, entries(180))
    assert fake.data.keys() == entries(180).keys() | {SET}


# ------------------------------------------------------------------------ the function


def test_the_fallback_is_in_the_code_and_stays_there(
    fake: CloudFront, edge: CloudFrontEdge
) -> None:
    edge.tidy([], [], "s7")
    assert fake.functions[FUNCTION, "LIVE"].code == b"// falls back to s7"
    asked(fake)
    edge.load(SET, {})
    edge.tidy([], [], "s7")
    assert not asked(fake).keys() & {"UpdateFunction", "PublishFunction"}
    edge_with(lambda fallback: source(fallback) + " anew").load(SET, {})
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
        edge_with(source).load(SET, {})
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
    edge.load(SET, {})
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
        other.load(SET, {})
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
