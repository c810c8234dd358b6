"""What is S3's own: its headers and metadata, how many requests a copy takes, and what it says
when it refuses. A server of a few lines answers as AWS documents it; SeaweedFS does not refuse
so much."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from publisher.errors import Conflict, NotFound, PublisherError, StoreError, Unreadable
from publisher.filling import fill
from publisher.keeping import Keeper
from publisher.manifest import Difference, Entry
from publisher.paths import SitePath
from publisher.plan import Plan
from publisher.records import Records, blob_key
from publisher.store import credentials, s3
from publisher.store.memory import MemoryStore
from publisher.store.port import ABSENT, PLAIN, Headers
from publisher.store.s3 import DIGEST, S3Store, content_digest
from tests.seaweedfs import SeaweedFS

PAGE = Headers("text/html; charset=utf-8", "public, max-age=0, s-maxage=60")
STYLE = Headers("text/css; charset=utf-8", "public, max-age=300")
SECRET = "wJalrXUtnFEMI-secret"
TOKEN = "FwoGZXIvYXdzEJr-token"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    monkeypatch.setenv("AWS_REGION", "ap-northeast-1")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tries, soon."""
    backoff = {"init_backoff": timedelta(milliseconds=1), "max_backoff": timedelta(milliseconds=5)}
    retries = {"max_retries": 2, "retry_timeout": timedelta(seconds=5), "backoff": backoff}
    monkeypatch.setattr(s3, "_RETRIES", retries)


def test_without_an_address_of_its_own_a_store_is_on_aws(
    quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is asked of AWS: a proxy that nobody listens at stands before it."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    for prefix in ("", "production"):
        with pytest.raises(StoreError, match="s3://example-site can't be"):
            S3Store("example-site", prefix).get("refs/live")


class Server(ThreadingHTTPServer):
    """Answers everything the same, and writes down what it was asked."""

    daemon_threads = True

    def __init__(self, status: int, body: str) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked.append(f"{self.command} {self.path}")
                self.send_response(status)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body.encode())

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def answering(status: int, code: str) -> Iterator[Server]:
    # As AWS answers, with the session's token and what was signed in it.
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>No.</Message>'
        f"<Token-0>{TOKEN}</Token-0><StringToSign>{SECRET}</StringToSign></Error>"
    )
    with Server(status, body) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def each_call(store: S3Store) -> Iterator[StoreError]:
    """What each method raises."""
    for call in (
        lambda: store.get("refs/live"),
        lambda: store.put("site/s1/会社.html", b"x", PAGE),
        lambda: store.put("refs/live", b"x", expect=ABSENT),
        lambda: store.put("refs/live", b"x", expect='"1"'),
        lambda: store.copy("blobs/ab/abc", "site/s1/a"),
        lambda: store.delete("a"),
        lambda: store.delete("a", "b"),
        lambda: list(store.list("releases/")),
    ):
        with pytest.raises(StoreError) as caught:
            call()
        yield caught.value


@pytest.mark.parametrize(
    ("status", "code", "what", "hint"),
    [
        (400, "ExpiredToken", "have expired", "run the same command again"),
        (403, "RequestTimeTooSkewed", "clock", "Set the clock"),
        (403, "AccessDenied", "may not do this", "permissions"),
        (403, "InvalidAccessKeyId", "not accepted", "AWS_PROFILE"),
        (403, "SignatureDoesNotMatch", "not accepted", "AWS_SECRET_ACCESS_KEY"),
        (404, "NoSuchBucket", "no such bucket", "AWS_REGION"),
        (301, "PermanentRedirect", "another region", "AWS_REGION"),
        (400, "AuthorizationHeaderMalformed", "another region", "AWS_REGION"),
        (503, "SlowDown", "slow down", "some minutes"),
        (500, "InternalError", "an error", "some minutes"),
        (400, "SomethingNew", "SomethingNew", "permissions"),
    ],
)
@pytest.mark.usefixtures("quick")
def test_a_refusal_says_what_happened_and_what_to_do_and_no_secret(
    status: int, code: str, what: str, hint: str
) -> None:
    with answering(status, code) as server:
        for error in each_call(S3Store("a-bucket", "production", server.url)):
            assert what in str(error)
            assert "s3://a-bucket" in str(error)
            assert hint in error.hint
            assert not isinstance(error, (NotFound, Conflict))
            for text in (str(error), error.hint, repr(error.__cause__)):
                assert SECRET not in text
                assert TOKEN not in text
                assert "\n" not in text


@pytest.mark.parametrize("answer", [(403, "InvalidObjectState"), (400, "InvalidRequest")])
@pytest.mark.usefixtures("quick")
def test_an_object_that_nobody_can_read_is_told_from_a_store_that_can_not_be_read(
    answer: tuple[int, str],
) -> None:
    """One in Glacier, or that was written with a key of its writer's own (SSE-C)."""
    with answering(*answer) as server:
        store = S3Store("a-bucket", "", server.url)
        with pytest.raises(Unreadable, match="can't be read"):
            store.get("uploads/hanako/a.png")
        with pytest.raises(StoreError) as caught:
            store.put("a", b"x")
        assert not isinstance(caught.value, Unreadable)


@pytest.mark.usefixtures("quick")
def test_what_s3_asks_to_try_again_is_tried_again_and_not_for_ever() -> None:
    with answering(503, "SlowDown") as server:
        with pytest.raises(StoreError):
            S3Store("a-bucket", "", server.url).put("a", b"x")
        assert len(server.asked) == 3
    with answering(403, "AccessDenied") as server:
        with pytest.raises(StoreError):
            S3Store("a-bucket", "", server.url).put("a", b"x")
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    "answer", [(412, "PreconditionFailed"), (409, "ConditionalRequestConflict")]
)
@pytest.mark.parametrize("expect", [ABSENT, '"1"'])
@pytest.mark.usefixtures("quick")
def test_a_lost_race_is_a_conflict(answer: tuple[int, str], expect: str) -> None:
    with answering(*answer) as server:
        store = S3Store("a-bucket", "", server.url)
        with pytest.raises(Conflict):
            store.put("refs/live", b"x", expect=expect)
        # Without a condition nobody can lose by it.
        with pytest.raises(StoreError) as caught:
            store.put("refs/live", b"x")
        assert not isinstance(caught.value, Conflict)


def test_a_delete_that_is_refused_for_one_key_is_an_error() -> None:
    body = (
        '<?xml version="1.0"?><DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        "<Error><Key>a</Key><Code>AccessDenied</Code><Message>No</Message></Error></DeleteResult>"
    )
    with Server(200, body) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with pytest.raises(StoreError, match="may not do this"):
                S3Store("a-bucket", "", server.url).delete("a", "b")
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.usefixtures("quick")
def test_a_server_that_is_not_there_is_named() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        for error in each_call(S3Store("a-bucket", "", f"http://127.0.0.1:{port}")):
            assert "can't be reached: connection refused" in str(error)
            assert "endpoint_url" in error.hint


@pytest.fixture
def profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A profile whose credentials come from this program, which a test writes."""
    program = tmp_path / "log-in"
    config = tmp_path / "config"
    config.write_text(f"[profile work]\nregion = eu-west-1\ncredential_process = {program}\n")
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "REGION"):
        monkeypatch.delenv(f"AWS_{name}")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "work")
    return program


FAILS = "echo 'the session has ended' >&2; exit 1\n"


def test_a_profile_that_gives_no_credentials_says_so(profile: Path) -> None:
    profile.write_text(f"#!/bin/sh\n{FAILS}")
    profile.chmod(0o755)
    with pytest.raises(StoreError, match="the session has ended") as caught:
        S3Store("a-bucket")
    assert "AWS_PROFILE" in caught.value.hint


def test_a_profile_that_is_not_there_says_so(
    profile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "wrok")
    with pytest.raises(StoreError, match="wrok"):
        S3Store("a-bucket")


@pytest.mark.usefixtures("quick")
def test_credentials_are_renewed_and_an_error_when_that_fails(
    profile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "Version": 1,
        "AccessKeyId": "AKIAEXAMPLE",
        "SecretAccessKey": SECRET,
        "SessionToken": TOKEN,
        # So soon that they have to be renewed at once.
        "Expiration": (datetime.now(UTC) + timedelta(minutes=2)).isoformat(),
    }
    (tmp_path / "given").write_text(json.dumps(given))
    profile.write_text(f"#!/bin/sh\ncat {tmp_path}/given 2>&- || {{ {FAILS.strip()}; }}\n")
    profile.chmod(0o755)
    monkeypatch.setattr(credentials, "_ASKED_AGAIN", timedelta())
    with answering(404, "NoSuchKey") as server:
        store = S3Store("a-bucket", "", server.url)
        with pytest.raises(NotFound):
            store.get("a")
        (tmp_path / "given").unlink()
        with pytest.raises(StoreError, match="the session has ended") as caught:
            store.get("a")
    assert SECRET not in str(caught.value)
    assert "run the same command again" in caught.value.hint


# ------------------------------------------------------------------------ a real server


@pytest.fixture
def bucket(seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", seaweedfs.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", seaweedfs.secret_key)
    monkeypatch.delenv("AWS_SESSION_TOKEN")
    name = f"store-{uuid.uuid4().hex[:12]}"
    seaweedfs.create_bucket(name)
    return name


@pytest.mark.real
def test_what_somebody_else_wrote_is_not_read_if_no_memory_could_hold_it(
    seaweedfs: SeaweedFS, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody limits what a designer puts in the place of the answer."""
    monkeypatch.setattr(s3, "OTHERS_BYTES_MAX", 5)
    store = S3Store(bucket, "本番", seaweedfs.endpoint_url)
    for key in ("uploads/hanako/_status.html", "uploads/hanako/a.html", "refs/live"):
        store.put(key, b"123456" if key != "uploads/hanako/a.html" else b"12345")
    with pytest.raises(Unreadable, match=r"_status\.html' is too large"):
        store.get("uploads/hanako/_status.html")
    assert store.get("uploads/hanako/a.html").data == b"12345"
    assert store.get("refs/live").data == b"123456"


@pytest.mark.real
def test_files_of_a_slot_have_their_headers_and_their_digest(
    seaweedfs: SeaweedFS, bucket: str
) -> None:
    store = S3Store(bucket, "本番", seaweedfs.endpoint_url)
    records = Records(store)
    texts = {"/会社/概要.html": PAGE, "/会社/概要": PAGE, "/style.css": STYLE, "/大きな.css": STYLE}
    bodies = {path: path.encode() * (600_000 if "大" in path else 1) for path in texts}
    keep = Keeper(records)
    entries = {
        SitePath(path): Entry(
            keep(bodies[path], headers, ""), 1, headers.content_type, headers.cache_control
        )
        for path, headers in texts.items()
    }
    keep.settle()

    def plan(*, back: bool) -> Plan:
        steps = [
            Difference(p, e, None) if back else Difference(p, None, e)
            for p, e in sorted(entries.items())
        ]
        return Plan(lambda: steps)

    assert fill(records, "s1", plan(back=False), lambda *_: None) == []
    for path, headers in texts.items():
        key = f"本番/site/s1/{SitePath(path).key}"
        found = seaweedfs.client().get_object(Bucket=bucket, Key=key)
        assert found["Body"].read() == bodies[path]
        assert (found["ContentType"], found["CacheControl"]) == (
            headers.content_type,
            headers.cache_control,
        )
        assert found["Metadata"] == {DIGEST: content_digest(bodies[path], headers)}
    fill(records, "s1", plan(back=True), lambda *_: None)
    assert list(store.list("site/")) == []


@pytest.mark.real
def test_bytes_that_are_not_there_end_the_filling_soon(seaweedfs: SeaweedFS, bucket: str) -> None:
    store = S3Store(bucket, "", seaweedfs.endpoint_url)
    steps = [
        Difference(SitePath(f"/記事/{n}.html"), None, Entry("0" * 64, 1, *("text/html", "")))
        for n in range(500)
    ]
    told: list[int] = []
    with pytest.raises(PublisherError, match="are not in the store"):
        fill(Records(store), "s1", Plan(lambda: steps), lambda _, done, __: told.append(done))
    assert list(store.list("site/")) == []


# ------------------------------------------------------------------------------ keeping


def test_what_is_live_is_not_written_again_and_what_has_other_headers_is() -> None:
    store = MemoryStore()
    keep = Keeper(Records(store))
    digest = keep(b"x", PAGE, "")
    keep.settle()
    assert [one.key for one in store.list("")] == [blob_key(digest, PAGE)]
    store.delete(blob_key(digest, PAGE))
    assert keep(b"x", PAGE, blob_key(digest, PAGE)) == digest
    keep.settle()
    assert list(store.list("")) == []
    keep(b"x", STYLE, blob_key(digest, PAGE))
    keep.settle()
    assert [one.key for one in store.list("")] == [blob_key(digest, STYLE)]


@pytest.mark.usefixtures("quick")
def test_bytes_that_can_not_be_kept_are_an_error_at_the_latest_when_settling() -> None:
    with answering(403, "AccessDenied") as server:
        keep = Keeper(Records(S3Store("a-bucket", "", server.url)))
        for number in range(5):
            keep(b"%d" % number, PLAIN, "")
        with pytest.raises(StoreError, match="may not do this"):
            keep.settle()
