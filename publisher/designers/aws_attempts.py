"""Real attempts with a designer's credentials, for `publisher designers check`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from publisher.designers.accounts import Key
from publisher.designers.aws_client import Services, code_of, reported, status_of
from publisher.designers.check import OWN, Answer, Probe, Target

# The smallest part that may not be the last is 5 MiB; a single part has no least.
_PART = b"part"
_UNKNOWN_CODES = frozenset(("NotImplemented", "MethodNotAllowed"))
# The bucket knows no ACLs: nobody can set one, and S3 may say so before it looks at who asks.
_REFUSED_CODES = frozenset(("AccessControlListNotSupported",))
_MALFORMED = "{}"
# Of nobody: what is encrypted with it holds nothing.
_OWN_KEY = "0" * 32


def there(services: Services, bucket: str, targets: Iterable[Target]) -> list[Target]:
    """The targets, each with an object that is there. Raises AccessError."""
    s3 = services.s3()
    found = []
    for target in targets:
        with reported(f"listing {target.prefix}"):
            page = s3.list_objects_v2(Bucket=bucket, Prefix=target.prefix, MaxKeys=1)
        keys = [one["Key"] for one in page.get("Contents", [])]
        found.append(target._replace(there=keys[0] if keys else ""))
    return found


class Attempts:
    """What happens when somebody who holds a key tries. What should not have been written, and
    was, is deleted by who runs publisher."""

    def __init__(self, services: Services, bucket: str, key: Key) -> None:
        self._bucket = bucket
        self._s3: Any = services.s3(key)  # one of its methods, with what it needs
        self._own = services.s3()
        self._anonymous = services.anonymous()

    def make(self, probe: Probe) -> tuple[Answer, str]:
        """Try it: whether it was allowed, and what the server said."""
        try:
            _REQUESTS[probe.request](self, probe)
        except ClientError as error:
            said = code_of(error) or str(status_of(error))
            if status_of(error) in (401, 403) or said in _REFUSED_CODES:
                return "refused", said
            if code_of(error) in _UNKNOWN_CODES or status_of(error) >= 500:
                return "unknown", said
            # It was looked at further than who asks: there is no such object, or it is no policy.
            return "allowed", said
        except BotoCoreError as error:
            return "unknown", type(error).__name__
        if not probe.allowed:
            self._clean(probe)
        return "allowed", ""

    def _clean(self, probe: Probe) -> None:
        written = {"put": probe.key, "multipart": probe.key, "copy": probe.copy_to}
        key = "" if probe.target == OWN else written.get(probe.request, "")
        if key:
            with contextlib.suppress(ClientError, BotoCoreError):
                self._own.delete_object(Bucket=self._bucket, Key=key)

    def _copy(self, probe: Probe) -> None:
        source = {"Bucket": self._bucket, "Key": probe.key}
        self._s3.copy_object(Bucket=self._bucket, Key=probe.copy_to, CopySource=source)

    def _multipart(self, probe: Probe) -> None:
        what: Any = {"Bucket": self._bucket, "Key": probe.key}
        upload: Any = {**what, "UploadId": self._s3.create_multipart_upload(**what)["UploadId"]}
        try:
            part = self._s3.upload_part(**upload, PartNumber=1, Body=_PART)
            self._s3.list_parts(**upload)
            parts: Any = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
            self._s3.complete_multipart_upload(**upload, MultipartUpload=parts)
        except ClientError:
            with contextlib.suppress(ClientError):
                self._own.abort_multipart_upload(**upload)
            raise


def _listing(**more: Any) -> Callable[[Attempts, Probe], object]:
    return lambda at, probe: at._s3.list_objects_v2(
        Bucket=at._bucket, MaxKeys=1, **({"Prefix": probe.key} if probe.key else {}), **more
    )


def _about_object(method: str, **more: Any) -> Callable[[Attempts, Probe], object]:
    return lambda at, probe: getattr(at._s3, method)(Bucket=at._bucket, Key=probe.key, **more)


def _about_bucket(method: str, **more: Any) -> Callable[[Attempts, Probe], object]:
    return lambda at, _: getattr(at._s3, method)(Bucket=at._bucket, **more)


_REQUESTS: dict[str, Callable[[Attempts, Probe], object]] = {
    "list": _listing(),
    "list names": _listing(Delimiter="/"),
    "list uploads": _about_bucket("list_multipart_uploads"),
    "list versions": _about_bucket("list_object_versions", MaxKeys=1),
    "put": _about_object("put_object", Body=b"check"),
    "get": _about_object("get_object"),
    "delete": _about_object("delete_object"),
    "copy": Attempts._copy,
    "multipart": Attempts._multipart,
    "put into an archive": _about_object("put_object", Body=b"check", StorageClass="GLACIER"),
    "put with a key": _about_object(
        "put_object", Body=b"check", SSECustomerAlgorithm="AES256", SSECustomerKey=_OWN_KEY
    ),
    "put with an ACL": _about_object("put_object", Body=b"check", ACL="public-read"),
    "put ACL": _about_object("put_object_acl", ACL="public-read"),
    "get ACL": _about_object("get_object_acl"),
    "put tags": _about_object("put_object_tagging", Tagging={"TagSet": []}),
    "get without credentials": lambda at, probe: at._anonymous.get_object(
        Bucket=at._bucket, Key=probe.key
    ),
    "get policy": _about_bucket("get_bucket_policy"),
    # None of these can be carried out, whoever asks for them.
    "put policy": _about_bucket("put_bucket_policy", Policy=_MALFORMED),
    "get lifecycle": _about_bucket("get_bucket_lifecycle_configuration"),
    "put lifecycle": _about_bucket(
        "put_bucket_lifecycle_configuration", LifecycleConfiguration={"Rules": []}
    ),
    "get versioning": _about_bucket("get_bucket_versioning"),
    "put versioning": _about_bucket(
        "put_bucket_versioning", VersioningConfiguration={"Status": "None"}
    ),
    "get ACL of the bucket": _about_bucket("get_bucket_acl"),
    "delete the bucket": _about_bucket("delete_bucket"),
}
