"""A store in an S3 bucket.

The data plane is `obstore` (measured against boto3 in docs/design.md); credentials come
from boto3's own chain: environment, profile, SSO, role.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import obstore
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError, PreconditionError
from obstore.store import S3Store as Client

from publisher.errors import Conflict, NotFound, StoreError
from publisher.store.port import ABSENT, PLAIN, Headers, Listed, Object

if TYPE_CHECKING:
    from obstore import Attributes, PutMode

# What the SDKs assume when nothing names a region; servers other than AWS ignore it.
REGION_DEFAULT = "us-east-1"


class S3Store:
    """Implements `Store` below a prefix of a bucket.

    `endpoint_url` names another server than AWS (http or https). Raises StoreError if no
    credentials can be found.
    """

    def __init__(self, bucket: str, prefix: str = "", endpoint_url: str = "") -> None:
        self._made_with = (bucket, prefix, endpoint_url)
        session = boto3.Session()
        if session.get_credentials() is None:
            raise StoreError(
                f"no AWS credentials for s3://{bucket}",
                "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
            )
        region = session.region_name or REGION_DEFAULT
        self._name = f"s3://{bucket}"
        self._client = Client(
            bucket,
            prefix=prefix or None,
            endpoint=endpoint_url or None,
            region=region,
            client_options={"allow_http": endpoint_url.startswith("http://")},
            credential_provider=Boto3CredentialProvider(session),
        )

    def __reduce__(self) -> tuple[type[S3Store], tuple[str, str, str]]:
        # Another process makes a client of its own.
        return S3Store, self._made_with

    def get(self, key: str) -> Object:
        with self._reported(key):
            result = obstore.get(self._client, key)
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
            with self._reported(key):
                attributes = _attributes(headers)
                result = obstore.put(self._client, key, data, attributes=attributes, mode=mode)
        except NotFound:  # what S3 answers if there is nothing that could have the etag
            raise Conflict(key) from None
        return result["e_tag"] or ""

    def copy(self, source: str, target: str, headers: Headers) -> None:
        self.put(target, self.get(source).data, headers)

    def delete(self, key: str) -> None:
        with contextlib.suppress(NotFound), self._reported(key):
            obstore.delete(self._client, key)

    def list(self, prefix: str) -> Iterator[Listed]:
        with self._reported(prefix):
            # The client lists whole path segments only: list the folder, then filter.
            folder, _, _ = prefix.rpartition("/")
            for batch in obstore.list(self._client, folder or None):
                for item in batch:
                    if item["path"].startswith(prefix):
                        yield Listed(item["path"], item["last_modified"])

    @contextlib.contextmanager
    def _reported(self, key: str) -> Iterator[None]:
        try:
            yield
        except (NotFoundError, FileNotFoundError) as error:
            if "<Code>NoSuchBucket</Code>" in str(error):
                raise StoreError(
                    f"there is no bucket {self._name}", "Make it, or check `store` and its region."
                ) from None
            raise NotFound(key) from None
        except (AlreadyExistsError, PreconditionError):
            raise Conflict(key) from None
        except (BaseError, OSError) as error:
            raise StoreError(
                f"{self._name} can't be used ({key!r}): {str(error).splitlines()[0]}",
                "Check the bucket's name, its region and the credentials' permissions.",
            ) from error


def _attributes(headers: Headers) -> Attributes:
    attributes: Attributes = {"Content-Type": headers.content_type}
    if headers.cache_control:
        attributes["Cache-Control"] = headers.cache_control
    return attributes
