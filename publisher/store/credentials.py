"""Who asks AWS, and in which region: as the SDKs find it out."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from publisher.errors import StoreError
from publisher.store.refusals import unavailable

if TYPE_CHECKING:
    from obstore.store import S3Credential

# What the SDKs assume when nothing names a region; servers other than AWS ignore it.
REGION_DEFAULT = "us-east-1"
# boto3 renews what expires ten minutes before it does at the latest: what it gave is good for
# longer than this.
_ASKED_AGAIN = timedelta(minutes=5)


class Account(NamedTuple):
    """`credentials` gives them anew when they have to be renewed."""

    region: str
    credentials: Callable[[], S3Credential]


def account(bucket: str) -> Account:
    """What the environment, a profile, SSO or a role says. Raises StoreError if no credentials
    can be found.

    Keys in the environment come first in all SDKs. They are read here, since to import boto3
    takes longer than everything else that a publish without changes does.
    """
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    key, secret = (os.environ.get(f"AWS_{n}") for n in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))
    if region and key and secret:
        held: S3Credential = {
            "access_key_id": key,
            "secret_access_key": secret,
            "token": os.environ.get("AWS_SESSION_TOKEN"),
            "expires_at": None,
        }
        return Account(region, lambda: held)
    return _from_boto3(bucket, region)


def _from_boto3(bucket: str, region: str) -> Account:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        session = boto3.Session()
        found = session.get_credentials()
    except (BotoCoreError, ClientError) as error:
        # A profile that is not there, a session that nobody is logged in to.
        raise unavailable(f"s3://{bucket}", str(error)) from None
    if found is None:
        raise StoreError(
            f"no AWS credentials for s3://{bucket}",
            "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        )

    def credentials() -> S3Credential:
        now = found.get_frozen_credentials()
        return {
            "access_key_id": now.access_key or "",
            "secret_access_key": now.secret_key or "",
            "token": now.token,
            "expires_at": datetime.now(UTC) + _ASKED_AGAIN,
        }

    return Account(region or session.region_name or REGION_DEFAULT, credentials)
