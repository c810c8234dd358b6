"""The small CloudFront of the tests has the limits of the real one, as boto3 sees them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from publisher.content_types import cache_control
from publisher.edge.cloudfront_client import Clients, clients
from publisher.store.memory import MemoryStore
from publisher.store.port import Headers
from redirects.compile import live_entry
from tests.cloudfront import ARN, DISTRIBUTION, FUNCTION, CloudFront, served
from tests.edge_cache import ERROR_TTL_S, Location

SET = "0123456789ab"


class Time:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[CloudFront, Clients]]:
    with pytest.MonkeyPatch.context() as patch:
        fake = CloudFront()
        with served(fake, patch):
            yield fake, clients()


@pytest.fixture
def fake(shared: tuple[CloudFront, Clients]) -> CloudFront:
    fake = shared[0]
    fake.__init__(now=Time())  # type: ignore[misc] # a new one at the same address
    return fake


@pytest.fixture
def api(shared: tuple[CloudFront, Clients], fake: CloudFront) -> Clients:
    return shared[1]


def refused(call: Callable[[], object]) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    response: Any = caught.value.response
    message = response["Error"].get("Message") or response.get("Message")
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], message


def update(
    api: Clients, puts: dict[str, str], deletes: tuple[str, ...] = (), etag: str = ""
) -> Any:
    return api.data.update_keys(
        KvsARN=ARN,
        IfMatch=etag or api.data.describe_key_value_store(KvsARN=ARN)["ETag"],
        Puts=[{"Key": key, "Value": value} for key, value in puts.items()],
        Deletes=[{"Key": key} for key in deletes],
    )


# ---------------------------------------------------------------------- key-value store


def test_keys_of_any_text_come_back(api: Clients) -> None:
    done = update(api, {f"{SET}/古い?p=1&q=ü %2F~": "301 /新しい/"})
    found = api.data.get_key(KvsARN=ARN, Key=f"{SET}/古い?p=1&q=ü %2F~")
    assert (found["Value"], found["ItemCount"]) == ("301 /新しい/", 1)
    assert done["ETag"] == api.data.describe_key_value_store(KvsARN=ARN)["ETag"]
    update(api, {}, (f"{SET}/古い?p=1&q=ü %2F~",))
    missing = refused(lambda: api.data.get_key(KvsARN=ARN, Key="x"))
    assert missing[:2] == (404, "ResourceNotFoundException")


@pytest.mark.parametrize(
    ("puts", "is_taken"),
    [
        ({"k" * 512: "v" * 1024}, True),
        ({"k" * 513: "v"}, False),
        ({"日" * 170: "v"}, True),
        ({"日" * 171: "v"}, False),
        ({"k": "v" * 1025}, False),
        ({"k": "日" * 342}, False),
        ({str(n): "v" for n in range(50)}, True),
        ({str(n): "v" for n in range(51)}, False),
    ],
)
def test_limits_of_keys_values_and_batches(
    fake: CloudFront, api: Clients, puts: dict[str, str], is_taken: bool
) -> None:
    if is_taken:
        update(api, puts)
        assert fake.data == puts
    else:
        assert refused(lambda: update(api, puts))[:2] == (400, "ValidationException")
        assert fake.data == {}


def test_a_full_store_answers_402_and_writes_nothing_of_the_batch(
    fake: CloudFront, api: Clients
) -> None:
    held = {f"{n:05}": "x" * 1019 for n in range(5 * 1024)}
    fake.put(held)
    update(api, {"a": "x" * 10}, ("00001",))
    assert refused(lambda: update(api, {"b": "1", "c": "x" * 1020})) == (
        402, "ServiceQuotaExceededException", "the key value store is full"
    )  # fmt: skip
    assert "b" not in fake.data


def test_a_stale_etag_is_reported_as_aws_does(fake: CloudFront, api: Clients) -> None:
    stale = api.data.describe_key_value_store(KvsARN=ARN)["ETag"]
    update(api, {"a": "1"})
    assert refused(lambda: update(api, {"a": "2"}, etag=stale)) == (
        400, "ValidationException", "Pre-Condition failed"
    )  # fmt: skip
    fake.stale_as_modelled = True
    assert refused(lambda: update(api, {"a": "2"}, etag=stale))[:2] == (409, "ConflictException")
    assert fake.data == {"a": "1"}


def test_lists_come_in_pages_of_fifty(fake: CloudFront, api: Clients) -> None:
    fake.put({str(n): "v" for n in range(120)})
    sizes, token = [], ""
    while True:
        more: Any = {"NextToken": token} if token else {}
        page = api.data.list_keys(KvsARN=ARN, MaxResults=50, **more)
        sizes.append(len(page["Items"]))
        token = page.get("NextToken", "")
        if not token:
            break
    assert sizes == [50, 50, 20]
    assert len(api.data.list_keys(KvsARN=ARN)["Items"]) == 10


# ---------------------------------------------------------------------------- functions


def create(api: Clients, code: bytes = b"1", comment: str = "c") -> Any:
    return api.control.create_function(
        Name=FUNCTION,
        FunctionConfig={"Comment": comment, "Runtime": "cloudfront-js-2.0"},
        FunctionCode=code,
    )


def test_a_function_has_two_stages(fake: CloudFront, api: Clients) -> None:
    made = create(api)
    assert refused(lambda: api.control.describe_function(Name=FUNCTION, Stage="LIVE"))[:2] == (
        404, "NoSuchFunctionExists"
    )  # fmt: skip
    api.control.publish_function(Name=FUNCTION, IfMatch=made["ETag"])
    config: Any = {"Comment": "new", "Runtime": "cloudfront-js-2.0"}
    api.control.update_function(
        Name=FUNCTION, IfMatch=made["ETag"], FunctionConfig=config, FunctionCode="日本".encode()
    )
    live = api.control.describe_function(Name=FUNCTION, Stage="LIVE")["FunctionSummary"]
    assert live["FunctionConfig"]["Comment"] == "c"
    assert api.control.get_function(Name=FUNCTION)["FunctionCode"].read() == "日本".encode()
    stale = refused(lambda: api.control.publish_function(Name=FUNCTION, IfMatch=made["ETag"]))
    assert stale[:2] == (412, "PreconditionFailed")


def test_a_function_has_ten_kilobytes_at_most(fake: CloudFront, api: Clients) -> None:
    assert refused(lambda: create(api, b"x" * 10_241))[:2] == (413, "FunctionSizeLimitExceeded")
    create(api, b"x" * 10_240)
    assert refused(lambda: create(api))[:2] == (409, "FunctionAlreadyExists")


def test_a_comment_has_128_characters_at_most(api: Clients) -> None:
    assert refused(lambda: create(api, comment="x" * 129))[:2] == (400, "InvalidArgument")


def test_a_distribution_is_changed_under_its_etag(fake: CloudFront, api: Clients) -> None:
    found = api.control.get_distribution_config(Id=DISTRIBUTION)
    config: Any = {**found["DistributionConfig"], "Comment": "changed"}
    fake.deploy_s = 60
    api.control.update_distribution(
        Id=DISTRIBUTION, IfMatch=found["ETag"], DistributionConfig=config
    )
    again = refused(
        lambda: api.control.update_distribution(
            Id=DISTRIBUTION, IfMatch=found["ETag"], DistributionConfig=config
        )
    )
    assert again[:2] == (412, "PreconditionFailed")
    assert api.control.get_distribution(Id=DISTRIBUTION)["Distribution"]["Status"] == "InProgress"
    fake.now.seconds = 60.0
    assert api.control.get_distribution(Id=DISTRIBUTION)["Distribution"]["Status"] == "Deployed"


# ------------------------------------------------------------------------ invalidations


def invalidate(api: Clients, paths: list[str], reference: str = "") -> Any:
    batch: Any = {
        "Paths": {"Quantity": len(paths), "Items": paths},
        "CallerReference": reference or str(random.random()),
    }
    return api.control.create_invalidation(DistributionId=DISTRIBUTION, InvalidationBatch=batch)


@pytest.mark.parametrize(
    "path", ["/日本", "/a~b", "/a b", "a", "/a*b", "/%zz", "/" + "x" * 4000, "/[1]"]
)
def test_paths_that_cloudfront_refuses(api: Clients, path: str) -> None:
    assert refused(lambda: invalidate(api, ["/fine", path]))[:2] == (400, "InvalidArgument")


def test_so_many_at_once_and_no_more(fake: CloudFront, api: Clients) -> None:
    fake.invalidation_s = 25
    files = [f"/{n}" for n in range(3000)]
    assert refused(lambda: invalidate(api, [*files, "/x"]))[:2] == (413, "BatchTooLarge")
    made = invalidate(api, [*files, *(f"/{n}*" for n in range(15))])["Invalidation"]
    for path in ("/x", "/x*"):
        busy = refused(lambda path=path: invalidate(api, [path]))
        assert busy[:2] == (400, "TooManyInvalidationsInProgress")
    fake.now.seconds = 25.0
    found = api.control.get_invalidation(DistributionId=DISTRIBUTION, Id=made["Id"])
    assert found["Invalidation"]["Status"] == "Completed"
    invalidate(api, ["/x", "/x*"])


def test_the_same_reference_is_the_same_invalidation(fake: CloudFront, api: Clients) -> None:
    first = invalidate(api, ["/a"], "once")["Invalidation"]["Id"]
    assert invalidate(api, ["/a"], "once")["Invalidation"]["Id"] == first
    assert refused(lambda: invalidate(api, ["/b"], "once"))[:2] == (400, "InvalidArgument")


# ----------------------------------------------------------------------- edge locations


@pytest.fixture
def location(fake: CloudFront) -> Location:
    return Location(fake, MemoryStore(), random.Random(1), spread_s=20, forget_s=5)


def put(location: Location, slot: str, text: str, content_type: str = "text/html") -> None:
    headers = Headers(content_type, cache_control(content_type))
    location.bucket.put(f"site/{slot}/日.html", text.encode(), headers)


def show(fake: CloudFront, generation: int, slot: str) -> None:
    fake.put({"live": live_entry(generation, slot, SET)})


def at(fake: CloudFront, seconds: float) -> None:
    fake.now.seconds = seconds


PATH = "/%E6%97%A5.html"


def test_data_arrives_at_each_location_at_a_time_of_its_own(fake: CloudFront) -> None:
    places = [Location(fake, MemoryStore(), random.Random(n), spread_s=20) for n in range(20)]
    at(fake, 100)
    assert {place.get(PATH).status for place in places} == {503}
    show(fake, 1, "s1")
    seen = []
    for seconds in range(100, 121):
        at(fake, seconds)
        seen.append(sum(bool(place.data) for place in places))
    assert seen == sorted(seen)
    assert seen[0] < 3
    assert len(set(seen)) > 5
    assert seen[-1] == 20


def test_versions_arrive_in_order(fake: CloudFront, location: Location) -> None:
    for number in range(1, 200):
        show(fake, number, "s1")
        at(fake, number * 0.5)
        location.get(PATH)
    generations = []
    for seconds in range(100, 130):
        at(fake, seconds)
        generations.append(int(location.get(PATH).entry.split()[0]))
    assert generations == sorted(generations)
    assert generations[-1] == 199


def test_a_file_is_kept_as_long_as_it_says_and_an_error_ten_seconds(
    fake: CloudFront, location: Location
) -> None:
    show(fake, 1, "s1")
    at(fake, 100)
    assert location.get(PATH).status == 404
    put(location, "s1", "old")
    at(fake, 100 + ERROR_TTL_S - 1)
    assert location.get(PATH).status == 404
    at(fake, 100 + ERROR_TTL_S)
    assert location.get(PATH).body == "old"
    put(location, "s1", "new")
    at(fake, 169)
    assert location.get(PATH).body == "old"
    at(fake, 170)
    assert location.get(PATH).body == "new"


def test_the_same_bytes_keep_their_old_headers_until_they_are_invalidated(
    fake: CloudFront, location: Location, api: Clients
) -> None:
    show(fake, 1, "s1")
    put(location, "s1", "same", "text/plain")
    at(fake, 100)
    location.get(PATH)
    put(location, "s1", "same", "text/html")
    at(fake, 1000)
    assert getattr(location.get(PATH).headers, "content_type", "") == "text/plain"
    invalidate(api, ["/s1/%E6%97%A5.html"])
    at(fake, 1005)
    assert getattr(location.get(PATH).headers, "content_type", "") == "text/html"


def test_an_invalidation_names_the_rewritten_address(
    fake: CloudFront, location: Location, api: Clients
) -> None:
    show(fake, 1, "s1")
    put(location, "s1", "old")
    at(fake, 100)
    location.get(PATH)
    put(location, "s1", "new")
    invalidate(api, [PATH])
    at(fake, 106)
    assert location.get(PATH).body == "old"
    invalidate(api, ["/s1/*"])
    at(fake, 112)
    assert location.get(PATH).body == "new"
