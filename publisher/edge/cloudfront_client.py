"""Clients of CloudFront's two interfaces, and what their errors mean to who runs publisher.

`cloudfront` (REST-XML) is for the function, the distribution and invalidations;
`cloudfront-keyvaluestore` (REST-JSON) reads and writes the data. Other endpoints come from
boto3's own variables, AWS_ENDPOINT_URL_CLOUDFRONT and AWS_ENDPOINT_URL_CLOUDFRONT_KEYVALUESTORE.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's name
    HTTPClientError,
    MissingDependencyException,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)

from publisher.errors import EdgeError

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_cloudfront_keyvaluestore import CloudFrontKeyValueStoreClient

# CloudFront has no regions; the SDK wants one.
_REGION = "us-east-1"

# botocore's standard mode tries again what was throttled, answered 5xx or did not connect, with
# growing pauses. All that is asked here is conditional or idempotent, so that is safe.
_CONFIG = Config(
    connect_timeout=10,
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 6},
)

_LOG_IN = "Log in again (`aws sso login`), or renew the credentials."
_CLOCK = "The clock of this machine is wrong by minutes: set it (NTP)."
_HINTS = {
    "ExpiredToken": _LOG_IN,
    "ExpiredTokenException": _LOG_IN,
    "InvalidClientTokenId": _LOG_IN,
    "UnrecognizedClientException": _LOG_IN,
    "AuthFailure": _LOG_IN,
    "SignatureDoesNotMatch": "Check the secret access key, and the clock of this machine.",
    "InvalidSignatureException": "Check the secret access key, and the clock of this machine.",
    "IncompleteSignature": _LOG_IN,
    "RequestExpired": _CLOCK,
    "RequestTimeTooSkewed": _CLOCK,
    "AccessDenied": "Allow it for these credentials: docs/design.md, CloudFront, has the list.",
    "AccessDeniedException": "Allow it for these credentials: docs/design.md, CloudFront, has the "
    "list.",
    "NoSuchDistribution": "Check `edge.distribution`.",
    "ResourceNotFoundException": "Check `edge.key_value_store`: it is an output of the stack.",
    "NoSuchFunctionExists": "Check `edge.function`; `publisher infra` makes the stack.",
    "EntityNotFound": "Check `edge.key_value_store`: it is an output of the stack.",
}
_MESSAGE_MAX = 300


@dataclass(frozen=True, slots=True)
class Clients:
    """The two clients. Safe to share between threads, as boto3's clients are."""

    control: CloudFrontClient
    data: CloudFrontKeyValueStoreClient


def clients() -> Clients:
    """Clients with boto3's own credentials and endpoints. Raises EdgeError without credentials."""
    with reported("using CloudFront"):
        session = boto3.Session()
        if session.get_credentials() is None:
            raise NoCredentialsError
        data = session.client("cloudfront-keyvaluestore", region_name=_REGION, config=_CONFIG)
        own = urlsplit(data.meta.endpoint_url).netloc

        def without_account(request: AWSPreparedRequest, **__: object) -> None:
            # The SDK puts the account before the host's name. That of an emulator has no such
            # name; AWS's is another one than `own`.
            parts = urlsplit(str(request.url))
            account, _, host = parts.netloc.partition(".")
            if account.isdigit() and host == own:
                request.url = urlunsplit(parts._replace(netloc=host))

        data.meta.events.register("before-send.cloudfront-keyvaluestore.*", without_account)
        control = session.client("cloudfront", region_name=_REGION, config=_CONFIG)
        return Clients(control, data)


def code_of(error: ClientError) -> str:
    """The name of an error of AWS."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_stale(error: ClientError) -> bool:
    """Whether somebody else wrote since the ETag was read.

    The data plane says so by a ValidationException, 'Pre-Condition failed', although its model
    has a ConflictException; the control plane by 412, or 400 for an ETag it has never heard of.
    """
    code = code_of(error)
    text = str(error.response.get("Error", {}).get("Message", "")) or str(error)
    return code in ("ConflictException", "PreconditionFailed", "InvalidIfMatchVersion") or (
        code == "ValidationException" and "pre-condition" in text.lower()
    )


@contextmanager
def reported(doing: str) -> Iterator[None]:
    """Turns what boto3 raises into an EdgeError that says what was done, and what to do now."""
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        said = str(error.response.get("Error", {}).get("Message", ""))
        text = " ".join((said or code).split())[:_MESSAGE_MAX]
        hint = _CLOCK if "signature" in said.lower() and "expired" in said.lower() else ""
        raise EdgeError(
            f"CloudFront refused {doing} ({error.operation_name}, {code}): {text}",
            hint or _HINTS.get(code, "Try again; nothing that visitors get has changed."),
        ) from None
    except (NoCredentialsError, PartialCredentialsError):
        raise EdgeError(
            "no AWS credentials for CloudFront",
            "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        ) from None
    except (SSOError, TokenRetrievalError) as error:
        raise EdgeError(f"the AWS credentials can't be used: {error}", _LOG_IN) from None
    except MissingDependencyException:
        raise EdgeError(
            "the key-value store needs signatures that awscrt makes",
            "Install it: pip install 'boto3[crt]'.",
        ) from None
    except (ConnectionError, HTTPClientError) as error:
        raise EdgeError(
            f"CloudFront can't be reached while {doing}: {_first_line(error)}",
            "Check the network, and try again: nothing that visitors get has changed.",
        ) from None
    except BotoCoreError as error:
        raise EdgeError(
            f"CloudFront can't be used while {doing}: {_first_line(error)}",
            "Check the AWS profile and region.",
        ) from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:_MESSAGE_MAX]
