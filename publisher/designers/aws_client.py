"""Clients of IAM, STS and S3 for designers' access, and what their errors mean.

A server of one's own has all three at one address, that of `store.endpoint_url`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from publisher.designers.accounts import Key
from publisher.errors import AccessError
from publisher.store.credentials import REGION_DEFAULT

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

# botocore tries again what was throttled, answered 5xx or did not connect. All that is asked
# here is asked again safely, but for a new key: one that nobody saw is taken back by the next.
_RETRIES = {"mode": "standard", "total_max_attempts": 5}
_MESSAGE_MAX = 300

_LOG_IN = "Log in again (`aws sso login`), or renew the credentials."
_ALLOW = (
    "The role for designers (`publisher infra`, output DesignersRoleArn) may do this; see "
    "docs/designers.md."
)
_HINTS = {
    "AccessDenied": _ALLOW,
    "AccessDeniedException": _ALLOW,
    "UnauthorizedOperation": _ALLOW,
    "ExpiredToken": _LOG_IN,
    "InvalidClientTokenId": _LOG_IN,
    "InvalidAccessKeyId": _LOG_IN,
    "SignatureDoesNotMatch": "Check the secret access key, and the clock of this machine.",
    "NoSuchBucket": "Check `store.url`.",
    "NotImplemented": "This server's IAM does not know it: docs/designers.md says what is needed.",
    "MalformedPolicyDocument": "Check `assumed_by`: IAM takes only users and roles that are there.",
}


@dataclass(frozen=True)
class Services:
    """Where to ask: an address of one's own, or '' for AWS; the region; a profile of the AWS
    tools, or '' for the one in use."""

    endpoint: str = ""
    region: str = ""
    profile: str = ""

    def iam(self) -> IAMClient:
        """IAM, as who runs publisher."""
        return self._session.client(
            "iam", self._region, endpoint_url=self._endpoint, config=self._config()
        )

    def sts(self) -> STSClient:
        """STS, as who runs publisher."""
        return self._session.client(
            "sts", self._region, endpoint_url=self._endpoint, config=self._config()
        )

    def s3(self, key: Key | None = None) -> S3Client:
        """S3, as who runs publisher, or with a key."""
        held = key or Key("", "")
        return self._session.client(
            "s3",
            self._region,
            endpoint_url=self._endpoint,
            aws_access_key_id=held.id or None,
            aws_secret_access_key=held.secret or None,
            aws_session_token=held.token or None,
            config=self._config(),
        )

    def anonymous(self) -> S3Client:
        """S3 without credentials."""
        config = self._config().merge(Config(signature_version=UNSIGNED))
        return self._session.client("s3", self._region, endpoint_url=self._endpoint, config=config)

    def key(self) -> Key:
        """The credentials themselves. Raises AccessError."""
        with reported("looking for credentials"):
            found = self._session.get_credentials()
            if found is None:
                raise NoCredentialsError
            held = found.get_frozen_credentials()
            return Key(held.access_key or "", held.secret_key or "", held.token or "")

    def region_name(self) -> str:
        """The region that is asked. Raises AccessError."""
        return self._region

    @cached_property
    def _session(self) -> boto3.Session:
        """What the AWS tools find. One for all clients: each reads what AWS has anew."""
        with reported("looking for credentials"):
            return boto3.Session(profile_name=self.profile or None)

    @property
    def _endpoint(self) -> str | None:
        return self.endpoint or None  # boto3 looks for its own variables then

    def _config(self) -> Config:
        return Config(
            connect_timeout=10,
            read_timeout=30,
            retries=_RETRIES,  # type: ignore[arg-type] # a dict, as botocore takes it
            # A server of one's own has no host for each bucket.
            s3={"addressing_style": "path" if self.endpoint else "auto"},
        )

    @property
    def _region(self) -> str:
        return self.region or self._session.region_name or REGION_DEFAULT


def code_of(error: ClientError) -> str:
    """The name of an error of AWS."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status_of(error: ClientError) -> int:
    """The status of the answer that an error came in."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


@contextmanager
def reported(doing: str) -> Iterator[None]:
    """Turns what boto3 raises into an AccessError that says what was done, and what to do now."""
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        said = str(error.response.get("Error", {}).get("Message", ""))
        text = " ".join((said or code).split())[:_MESSAGE_MAX]
        raise AccessError(
            f"{doing}: refused ({error.operation_name}, {code}): {text}",
            _HINTS.get(code, "Run it again: what is done already is left as it is."),
        ) from None
    except NoCredentialsError:
        raise AccessError(
            "no AWS credentials", "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        ) from None
    except BotoCoreError as error:
        said = (str(error).splitlines() or [type(error).__name__])[0][:_MESSAGE_MAX]
        raise AccessError(
            f"{doing}: {said}", "Check the network, the AWS profile and the region."
        ) from None
