"""A store in an S3 bucket, by `obstore` (measured against boto3 in docs/design.md)."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    InvalidPathError,
    NotFoundError,
    PreconditionError,
)
from obstore.store import S3Store as Client

from publisher.errors import BadKey, Conflict, NotFound, Unreadable
from publisher.store.credentials import account
from publisher.store.port import (
    ABSENT,
    OTHERS,
    OTHERS_BYTES_MAX,
    PLAIN,
    Headers,
    Listed,
    Object,
)
from publisher.store.refusals import code_of, refusal

if TYPE_CHECKING:
    from obstore import Attributes, PutMode
    from obstore.store import RetryConfig, S3Config

# User metadata of every object: what its bytes and headers are. S3's ETag says nothing of headers,
# and is no digest of large or encrypted objects (S3 API reference, "Object").
DIGEST = "publisher-digest"

# For what S3 asks to try again: errors of its own, 503 SlowDown, lost connections. About half a
# minute, then somebody should know.
_RETRIES: RetryConfig = {
    "max_retries": 9,
    "retry_timeout": timedelta(seconds=60),
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=8),
        "base": 2,
    },
}
_BAD_KEY = re.compile(r'Path "([^"]{1,1100})"')
# What GET answers for an object that nobody can read as it is (API reference, "GetObject"): it lies
# in an archive's storage class, or was encrypted with a key of its writer's own.
_OF_THE_OBJECT = frozenset(("InvalidObjectState", "InvalidRequest"))
_READABLE = "Write it again, in the storage class Standard and without a key of your own."
_SMALLER = "Write it again, with less in it."
# For one try: 5 MB of a large file, beside 31 others, over a slow line.
_TIMEOUT = timedelta(minutes=2)


class S3Store:
    """Implements `Store` below a prefix of a bucket.

    `endpoint_url` names another server than AWS (http or https). Raises StoreError if no
    credentials can be found.
    """

    # Measured against a server on the same machine: 16 are slower, 64 no faster. Threads take
    # three quarters of the CPU time that an event loop takes for the same.
    writers = 32
    waits = True

    def __init__(self, bucket: str, prefix: str = "", endpoint_url: str = "") -> None:
        self._made_with = (bucket, prefix, endpoint_url)
        region, credentials = account(bucket)
        self._name = f"s3://{bucket}"
        # The client takes no None for an address that is not given.
        where: S3Config = {"endpoint": endpoint_url} if endpoint_url else {}
        self._client = Client(
            bucket,
            config=where,
            prefix=prefix or None,
            region=region,
            client_options={
                "allow_http": endpoint_url.startswith("http://"),
                "timeout": _TIMEOUT,
            },
            credential_provider=credentials,
            retry_config=_RETRIES,
        )

    def __reduce__(self) -> tuple[type[S3Store], tuple[str, str, str]]:
        # Another process makes a client of its own.
        return S3Store, self._made_with

    def get(self, key: str) -> Object:
        with self._reported(key, is_read=True):
            result = obstore.get(self._client, key)
            if key.startswith(f"{OTHERS}/") and result.meta["size"] > OTHERS_BYTES_MAX:
                raise Unreadable(f"{self._name}: {key!r} is too large", _SMALLER)
            attributes = result.attributes
            headers = Headers(
                attributes.get("Content-Type", Headers().content_type),
                attributes.get("Cache-Control", ""),
            )
            return Object(bytes(result.bytes()), headers, result.meta["e_tag"] or "")

    def put(
        self, key: str, data: bytes, headers: Headers = PLAIN, expect: str | None = None
    ) -> str:
        mode: PutMode = "overwrite"
        if expect is not None:
            mode = "create" if expect == ABSENT else {"e_tag": expect}
        try:
            with self._reported(key, is_conditional=expect is not None):
                attributes = _attributes(data, headers)
                result = obstore.put(self._client, key, data, attributes=attributes, mode=mode)
        except NotFound:  # what S3 answers if there is nothing that could have the etag
            raise Conflict(key) from None
        return result["e_tag"] or ""

    def copy(self, source: str, target: str) -> None:
        # Within S3, which keeps headers and metadata (API reference, "CopyObject").
        with self._reported(source):
            obstore.copy(self._client, source, target)

    def delete(self, *keys: str) -> None:
        if keys:
            with contextlib.suppress(NotFound), self._reported(keys[0]):
                obstore.delete(self._client, keys)

    def list(self, prefix: str) -> Iterator[Listed]:
        with self._reported(prefix):
            # The client lists whole path segments only: list the folder, then filter.
            folder, _, _ = prefix.rpartition("/")
            for batch in obstore.list(self._client, folder or None):
                for item in batch:
                    if item["path"].startswith(prefix):
                        etag = item["e_tag"] or ""
                        yield Listed(item["path"], item["last_modified"], item["size"], etag)

    @contextlib.contextmanager
    def _reported(
        self, key: str, *, is_conditional: bool = False, is_read: bool = False
    ) -> Iterator[None]:
        """Turn the client's errors into ours, without what may be secret in them."""
        try:
            yield
        except (BaseError, OSError) as error:
            said = str(error)
            if isinstance(error, InvalidPathError):  # written by who knows no rules for keys
                found = _BAD_KEY.search(said)
                raise BadKey(self._name, found[1] if found else key) from None
            if code_of(said) == "NoSuchBucket":
                raise refusal(self._name, key, said) from None
            if isinstance(error, (NotFoundError, FileNotFoundError)):
                raise NotFound(key) from None
            # 412, or 409 for one that another write came in between of.
            if is_conditional and isinstance(error, (AlreadyExistsError, PreconditionError)):
                raise Conflict(key) from None
            if is_read and code_of(said) in _OF_THE_OBJECT:
                raise Unreadable(f"{self._name}: {key!r} can't be read", _READABLE) from None
            raise refusal(self._name, key, said) from None


def content_digest(data: bytes, headers: Headers) -> str:
    """SHA-256 (hex) of the SHA-256 of the bytes and of what they are served with."""
    blob = hashlib.sha256(data).hexdigest()
    text = f"{blob}\n{headers.content_type}\n{headers.cache_control}"
    return hashlib.sha256(text.encode()).hexdigest()


def _attributes(data: bytes, headers: Headers) -> Attributes:
    attributes: Attributes = {
        "Content-Type": headers.content_type,
        DIGEST: content_digest(data, headers),
    }
    if headers.cache_control:
        attributes["Cache-Control"] = headers.cache_control
    return attributes
