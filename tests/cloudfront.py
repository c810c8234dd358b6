"""CloudFront in miniature: the part of its two interfaces that publisher uses, with its limits.

`answer` takes requests as boto3 sends them and gives the answers that it expects; `Server` puts
that on a port, `attach` into boto3 itself. Limits and shapes are those of the API's models and of
the Developer Guide's "Quotas"; time is `now`, so a test may have a clock of its own.

What becomes of it at the edge is in tests/edge_cache.py.
"""

from __future__ import annotations

import base64
import io
import json
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from publisher.edge.cloudfront_client import Clients, clients

NAMESPACE = "http://cloudfront.amazonaws.com/doc/2020-05-31/"
ARN = "arn:aws:cloudfront::123456789012:key-value-store/11111111-2222-3333-4444-555555555555"
DISTRIBUTION = "E2EXAMPLE1"
FUNCTION = "example-site-edge"
FUNCTION_ARN = f"arn:aws:cloudfront::123456789012:function/{FUNCTION}"

KEY_BYTES_MAX = 512
VALUE_BYTES_MAX = 1_024
STORE_BYTES_MAX = 5 * 1024 * 1024
BATCH_KEYS_MAX = 50
BATCH_BYTES_MAX = 3 * 1024 * 1024
PAGE_KEYS_MAX = 50
CODE_BYTES_MAX = 10_240
FILES_MAX = 3_000
WILDCARDS_MAX = 15
PATH_CHARACTERS_MAX = 4_000
# RFC 1738: they must be encoded. CloudFront refuses `~`, too.
UNSAFE = re.compile(r"[^!-~]|[<>\"#{}|\\^~\[\]`]|%(?![0-9A-Fa-f]{2})")


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Refused(Exception):
    """An error of the API."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status, self.code, self.message = status, code, message


@dataclass
class Stage:
    """A function at one of its stages."""

    code: bytes
    config: str
    etag: str

    @property
    def comment(self) -> str:
        return ElementTree.fromstring(self.config).findtext(f"{{{NAMESPACE}}}Comment") or ""


@dataclass
class Invalidation:
    paths: tuple[str, ...]
    reference: str
    made: float
    done: float


@dataclass
class CloudFront:
    """One distribution, its functions and one key-value store. Times are in seconds."""

    now: Callable[[], float] = time.time
    deploy_s: float = 0.0
    invalidation_s: float = 0.0
    # How a stale ETag is reported: as AWS does, or as its model says and emulators do.
    stale_as_modelled: bool = False

    data: dict[str, str] = field(default_factory=dict)
    functions: dict[tuple[str, str], Stage] = field(default_factory=dict)
    # Every version of the data, with the time when it was written.
    versions: list[tuple[float, dict[str, str]]] = field(default_factory=list)
    invalidations: dict[str, Invalidation] = field(default_factory=dict)
    # (operation, key or path) of every request.
    requests: list[tuple[str, str]] = field(default_factory=list)
    # Called before (True) and after (False) each request; may raise `Refused`, or anything.
    watch: Callable[[str, str, bool], None] = lambda operation, what, before: None
    _etag: int = 1
    # The data that was measured last, and its size.
    _sized: tuple[object, int] = (None, 0)
    _distribution: str = ""
    _deployed_at: float = 0.0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.versions.append((self.now(), {}))
        self._distribution = _CONFIG

    # ---------------------------------------------------------------- requests

    def answer(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in headers.items()}
        segments = [unquote(one) for one in parts.path.split("/")[1:]]
        is_data = segments[0] == "key-value-stores"
        with self._lock:
            try:
                act = self._data if is_data else self._control
                return act(method, segments, query, headers, body)
            except Refused as error:
                return _error(error, is_data)

    def _seen(self, operation: str, what: str, before: bool = True) -> None:
        if before:
            self.requests.append((operation, what))
        self.watch(operation, what, before)

    # -------------------------------------------------------------- data plane

    def _data(
        self, method: str, path: list[str], query: dict[str, str], headers: dict[str, str],
        body: bytes,
    ) -> Answer:  # fmt: skip
        if path[1] != ARN:
            raise Refused(404, "ResourceNotFoundException", "Key value store was not found")
        match (method, len(path)):
            case ("GET", 2):
                self._seen("DescribeKeyValueStore", "")
                more = {"KvsARN": ARN, "Created": 1_700_000_000.0, "Status": "READY"}
                return self._state(more)
            case ("GET", 3):
                return self._list(query)
            case ("GET", 4):
                self._seen("GetKey", path[3])
                if path[3] not in self.data:
                    raise Refused(404, "ResourceNotFoundException", "Key was not found")
                return self._state({"Key": path[3], "Value": self.data[path[3]]})
            case ("POST", 3):
                return self._update(headers, body)
        raise Refused(400, "ValidationException", f"not served here: {method} {path}")

    def _list(self, query: dict[str, str]) -> Answer:
        self._seen("ListKeys", query.get("NextToken", ""))
        size = int(query.get("MaxResults", "10"))
        if not 1 <= size <= PAGE_KEYS_MAX:
            raise Refused(400, "ValidationException", "MaxResults is out of range")
        start = int(query.get("NextToken", "0"))
        items = list(self.data.items())[start : start + size]
        page: dict[str, Any] = {"Items": [{"Key": key, "Value": value} for key, value in items]}
        if start + size < len(self.data):
            page["NextToken"] = str(start + size)
        return _json(page)

    def _update(self, headers: dict[str, str], body: bytes) -> Answer:
        given = json.loads(body)
        puts = {one["Key"]: one["Value"] for one in given.get("Puts", [])}
        deletes = [one["Key"] for one in given.get("Deletes", [])]
        self._seen("UpdateKeys", " ".join([*puts, *deletes]))
        if headers.get("if-match") != self.etag:
            if self.stale_as_modelled:
                raise Refused(409, "ConflictException", "ETag mismatch")
            raise Refused(400, "ValidationException", "Pre-Condition failed")
        if len(puts) + len(deletes) > BATCH_KEYS_MAX or len(body) > BATCH_BYTES_MAX:
            raise Refused(400, "ValidationException", "too many keys or bytes in a request")
        for key, value in puts.items():
            if not 1 <= len(key.encode()) <= KEY_BYTES_MAX:
                raise Refused(400, "ValidationException", "a key is too long")
            if len(value.encode()) > VALUE_BYTES_MAX:
                raise Refused(400, "ValidationException", "a value is too long")
        if any(key not in self.data for key in deletes):
            raise Refused(404, "ResourceNotFoundException", "Key was not found")
        changed = {k: v for k, v in self.data.items() if k not in deletes} | puts
        touched = {k: self.data[k] for k in {*puts, *deletes} & self.data.keys()}
        size = self._size() - _size(touched) + _size(puts)
        if size > STORE_BYTES_MAX:
            raise Refused(402, "ServiceQuotaExceededException", "the key value store is full")
        self.put(changed)
        self._sized = changed, size
        self._seen("UpdateKeys", " ".join([*puts, *deletes]), before=False)
        return self._state({})

    def put(self, data: dict[str, str]) -> None:
        """Have the store hold this."""
        self.data = data
        self._etag += 1
        self.versions.append((self.now(), data))

    def _size(self) -> int:
        if self._sized[0] is not self.data:
            self._sized = self.data, _size(self.data)
        return self._sized[1]

    @property
    def etag(self) -> str:
        return f"KV{self._etag}"

    def _state(self, more: dict[str, Any]) -> Answer:
        counts = {"ItemCount": len(self.data), "TotalSizeInBytes": self._size()}
        return _json(counts | more, {"ETag": self.etag})

    # ----------------------------------------------------------- control plane

    def _control(
        self, method: str, path: list[str], query: dict[str, str], headers: dict[str, str],
        body: bytes,
    ) -> Answer:  # fmt: skip
        etag = headers.get("if-match", "")
        stage = query.get("Stage", "DEVELOPMENT")
        match (method, *path[1:]):
            case ("GET", "function", name, "describe"):
                self._seen("DescribeFunction", f"{name} {stage}")
                return self._summary(name, stage)
            case ("GET", "function", name):
                self._seen("GetFunction", f"{name} {stage}")
                found = self._function(name, stage)
                return Answer(200, {"ETag": found.etag}, found.code)
            case ("POST", "function"):
                return self._create(ElementTree.fromstring(body))
            case ("PUT", "function", name):
                return self._change(name, etag, ElementTree.fromstring(body))
            case ("POST", "function", name, "publish"):
                return self._publish(name, etag)
        if path[1] != "distribution" or path[2] != DISTRIBUTION:
            raise Refused(404, "NoSuchDistribution", "The specified distribution does not exist.")
        return self._of_distribution(method, path[3:], etag, body)

    def _of_distribution(self, method: str, path: list[str], etag: str, body: bytes) -> Answer:
        match (method, *path):
            case ("GET",):
                self._seen("GetDistribution", "")
                return _xml(self._described(), etag=_digest(self._distribution))
            case ("GET", "config"):
                self._seen("GetDistributionConfig", "")
                return _xml(self._distribution, etag=_digest(self._distribution))
            case ("PUT", "config"):
                self._seen("UpdateDistribution", "")
                _expect(etag, _digest(self._distribution))
                self._distribution = body.decode()
                self._deployed_at = self.now() + self.deploy_s
                self._seen("UpdateDistribution", "", before=False)
                return _xml(self._described(), etag=_digest(self._distribution))
            case ("POST", "invalidation"):
                return self._invalidate(ElementTree.fromstring(body))
            case ("GET", "invalidation", identity):
                self._seen("GetInvalidation", identity)
                if identity not in self.invalidations:
                    raise Refused(404, "NoSuchInvalidation", "no such invalidation")
                return _xml(self._invalidation(identity))
        raise Refused(400, "InvalidArgument", f"not served here: {method} {path}")

    def _publish(self, name: str, etag: str) -> Answer:
        self._seen("PublishFunction", name)
        draft = self._function(name, "DEVELOPMENT")
        _expect(etag, draft.etag)
        self.functions[name, "LIVE"] = Stage(draft.code, draft.config, f"{draft.etag}L")
        self._deployed_at = self.now() + self.deploy_s
        self._seen("PublishFunction", name, before=False)
        return self._summary(name, "LIVE")

    def _function(self, name: str, stage: str) -> Stage:
        try:
            return self.functions[name, stage]
        except KeyError:
            raise Refused(
                404, "NoSuchFunctionExists", "The specified function does not exist."
            ) from None

    def _summary(self, name: str, stage: str) -> Answer:
        found = self._function(name, stage)
        return _xml(
            f"<FunctionSummary xmlns='{NAMESPACE}'><Name>{name}</Name><Status>UNASSOCIATED"
            f"</Status>{found.config}<FunctionMetadata><FunctionARN>{FUNCTION_ARN}"
            f"</FunctionARN><Stage>{stage}</Stage><LastModifiedTime>2026-11-22T00:00:00Z"
            "</LastModifiedTime></FunctionMetadata></FunctionSummary>",
            etag=found.etag,
        )

    def _create(self, given: ElementTree.Element) -> Answer:
        name = _text(given, "Name")
        self._seen("CreateFunction", name)
        if (name, "DEVELOPMENT") in self.functions:
            raise Refused(409, "FunctionAlreadyExists", "A function with this name exists.")
        self._keep(name, given)
        return self._summary(name, "DEVELOPMENT")._replace(status=201)

    def _change(self, name: str, etag: str, given: ElementTree.Element) -> Answer:
        self._seen("UpdateFunction", name)
        _expect(etag, self._function(name, "DEVELOPMENT").etag)
        self._keep(name, given)
        self._seen("UpdateFunction", name, before=False)
        answer = self._summary(name, "DEVELOPMENT")
        # As AWS spells it, says the model.
        return answer._replace(headers={"ETtag": answer.headers["ETag"]})

    def _keep(self, name: str, given: ElementTree.Element) -> None:
        code = base64.b64decode(_text(given, "FunctionCode"))
        if len(code) > CODE_BYTES_MAX:
            raise Refused(413, "FunctionSizeLimitExceeded", "The function exceeds the maximum.")
        config = given.find(f"{{{NAMESPACE}}}FunctionConfig")
        assert config is not None
        if len(_text(config, "Comment")) > 128:
            raise Refused(400, "InvalidArgument", "The comment is too long.")
        ElementTree.register_namespace("", NAMESPACE)
        text = ElementTree.tostring(config, encoding="unicode")
        number = sum(one[0] == "UpdateFunction" for one in self.requests)
        self.functions[name, "DEVELOPMENT"] = Stage(code, text, f"F{number}{_digest(text)}")

    @property
    def associations(self) -> list[str]:
        """The functions that the default behaviour has for viewers' requests."""
        found = ElementTree.fromstring(self._distribution).iter(f"{{{NAMESPACE}}}FunctionARN")
        return [one.text or "" for one in found]

    def _described(self) -> str:
        status = "Deployed" if self.now() >= self._deployed_at else "InProgress"
        return (
            f"<Distribution xmlns='{NAMESPACE}'><Id>{DISTRIBUTION}</Id><ARN>x</ARN><Status>{status}"
            "</Status><LastModifiedTime>2026-11-22T00:00:00Z</LastModifiedTime>"
            "<InProgressInvalidationBatches>0</InProgressInvalidationBatches>"
            f"<DomainName>d1.cloudfront.net</DomainName>{self._distribution}</Distribution>"
        )

    def _invalidate(self, given: ElementTree.Element) -> Answer:
        paths = tuple(one.text or "" for one in given.iter(f"{{{NAMESPACE}}}Path"))
        reference = _text(given, "CallerReference")
        self._seen("CreateInvalidation", " ".join(paths))
        for identity, old in self.invalidations.items():
            if old.reference == reference:
                if old.paths != paths:
                    raise Refused(400, "InvalidArgument", "CallerReference was used before.")
                return _xml(self._invalidation(identity))._replace(status=201)
        for path in paths:
            if (
                not path.startswith("/")
                or UNSAFE.search(path)
                or len(path) > PATH_CHARACTERS_MAX
                or "*" in path[:-1]
            ):
                raise Refused(
                    400, "InvalidArgument",
                    "Your request contains one or more invalid invalidation paths.",
                )  # fmt: skip
        running = [one for one in self.invalidations.values() if one.done > self.now()]
        all_paths = [*paths, *(path for one in running for path in one.paths)]
        wildcards = [path for path in all_paths if path.endswith("*")]
        if sum(not path.endswith("*") for path in paths) > FILES_MAX:
            raise Refused(413, "BatchTooLarge", "Invalidation batch specified is too large.")
        if len(wildcards) > WILDCARDS_MAX or len(all_paths) - len(wildcards) > FILES_MAX:
            raise Refused(400, "TooManyInvalidationsInProgress", "Too many are in progress.")
        made = self.now()
        identity = f"I{len(self.invalidations) + 1}"
        self.invalidations[identity] = Invalidation(
            paths, reference, made, made + self.invalidation_s
        )
        return _xml(self._invalidation(identity))._replace(status=201)

    def _invalidation(self, identity: str) -> str:
        one = self.invalidations[identity]
        status = "Completed" if self.now() >= one.done else "InProgress"
        paths = "".join(f"<Path>{escape(path)}</Path>" for path in one.paths)
        return (
            f"<Invalidation xmlns='{NAMESPACE}'><Id>{identity}</Id><Status>{status}</Status>"
            "<CreateTime>2026-11-22T00:00:00Z</CreateTime><InvalidationBatch><Paths><Quantity>"
            f"{len(one.paths)}</Quantity><Items>{paths}</Items></Paths><CallerReference>"
            f"{one.reference}</CallerReference></InvalidationBatch></Invalidation>"
        )


# ---------------------------------------------------------------------- reachable by boto3


@contextmanager
def served(cloudfront: CloudFront, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """On a port of this machine, where boto3 finds it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, data = cloudfront.answer(
                self.command, self.path, dict(self.headers.items()), body
            )
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    use(monkeypatch, url)
    try:
        yield url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


_attached: list[CloudFront] = []


def attach(cloudfront: CloudFront, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a port: boto3 makes its requests and reads the answers, all in this process."""
    monkeypatch.setattr("publisher.edge.cloudfront.clients", _clients_in_process)
    monkeypatch.setattr(f"{__name__}._attached", [cloudfront])


@cache
def _clients_in_process() -> Clients:
    """Made once: reading the API's models takes boto3 longer than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        use(patch, "http://127.0.0.1:9")
        made = clients()
    for client in (made.control, made.data):
        client.meta.events.register(
            f"before-send.{client.meta.service_model.service_name}", _answer
        )
    return made


def _answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
    headers = {
        name: value.decode() if isinstance(value, bytes) else str(value)
        for name, value in request.headers.items()
    }
    body = request.body or b""
    data = body.encode() if isinstance(body, str) else bytes(body)
    found = _attached[0].answer(str(request.method), str(request.url), headers, data)
    return AWSResponse(str(request.url), found.status, found.headers, _Raw(found.body))


def use(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Have boto3 ask this server, with credentials that are none."""
    for name in ("CLOUDFRONT", "CLOUDFRONT_KEYVALUESTORE"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{name}", url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI-EXAMPLE")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


class _Raw(io.BytesIO):
    """What urllib3 gives botocore."""

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.read()


# ---------------------------------------------------------------------------------- pieces


def _expect(given: str, held: str) -> None:
    if not given:
        raise Refused(400, "InvalidIfMatchVersion", "The If-Match version is missing.")
    if given != held:
        raise Refused(412, "PreconditionFailed", "The request didn't meet the preconditions.")


def _size(data: dict[str, str]) -> int:
    return sum(len(key.encode()) + len(value.encode()) for key, value in data.items())


def _digest(text: str) -> str:
    return f"E{random.Random(text).getrandbits(48):X}"


def _text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(f"{{{NAMESPACE}}}{name}") or ""


def _json(content: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
    body = json.dumps(content).encode()
    return Answer(200, {"Content-Type": "application/json", **(headers or {})}, body)


def _xml(text: str, etag: str = "") -> Answer:
    headers = {"Content-Type": "text/xml"} | ({"ETag": etag} if etag else {})
    return Answer(200, headers, f"<?xml version='1.0'?>\n{text}".encode())


def _error(error: Refused, is_data: bool) -> Answer:
    if is_data:
        body = json.dumps({"Message": error.message}).encode()
        headers = {"x-amzn-ErrorType": error.code, "Content-Type": "application/json"}
        return Answer(error.status, headers, body)
    text = (
        f"<ErrorResponse xmlns='{NAMESPACE}'><Error><Type>Sender</Type><Code>{error.code}</Code>"
        f"<Message>{escape(error.message)}</Message></Error><RequestId>r</RequestId>"
        "</ErrorResponse>"
    )
    return _xml(text)._replace(status=error.status)


_CONFIG = f"""<DistributionConfig xmlns='{NAMESPACE}'><CallerReference>1</CallerReference>
<Origins><Quantity>1</Quantity><Items><Origin><Id>bucket</Id><DomainName>b.s3.amazonaws.com</DomainName>
<OriginPath>/site</OriginPath></Origin></Items></Origins>
<DefaultCacheBehavior><TargetOriginId>bucket</TargetOriginId>
<ViewerProtocolPolicy>redirect-to-https</ViewerProtocolPolicy></DefaultCacheBehavior>
<Comment>a site</Comment><Enabled>true</Enabled></DistributionConfig>"""
