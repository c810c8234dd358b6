"""What a designer may do, as policies of IAM. Pure.

Everything is refused that is not allowed here, so each policy allows little and names it in full:
no `NotAction`, no `NotResource`, no policy variable. Which actions, resources and conditions go
together: AWS, Service Authorization Reference, "Actions, resources, and condition keys for Amazon
S3". No policy can limit the size or the type of an object: no condition knows them. What a PUT
holds is looked at after it, when uploads are taken in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from publisher.designers.names import UPLOADS, folder

# What means the same in a key and in a policy, where `*`, `?` and `${...}` are patterns.
_PREFIX = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*")

# Policies name it several times, and have limits.
_PREFIX_CHARACTERS_MAX = 128
# AWS, "IAM and AWS STS quotas": a managed policy, without its white space.
POLICY_CHARACTERS_MAX = 6144
# The same: the plain text of a session policy, white space included.
SESSION_POLICY_CHARACTERS_MAX = 2048

Statement = dict[str, Any]
Policy = dict[str, Any]

_NAMES = ("s3:ListBucket", "s3:ListBucketMultipartUploads")
_OBJECTS = (
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)
# Objects in these classes can't be read before somebody has them brought back (S3 user guide,
# "Working with archived objects"). GLACIER_IR can be read at once.
_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")
_CONSOLE = ("s3:GetBucketLocation", "s3:ListAllMyBuckets")


class Place(NamedTuple):
    """Where the store is. `prefix`: '' or with a slash at its end; `partition`: `aws`, `aws-cn`,
    ...; `tls`: whether its server speaks TLS, so that nothing else needs to be let in."""

    bucket: str
    prefix: str = ""
    partition: str = "aws"
    tls: bool = True

    @property
    def arn(self) -> str:
        """The ARN of the bucket."""
        return f"arn:{self.partition}:s3:::{self.bucket}"


class Terms(NamedTuple):
    """What a designer's access depends on. `source_ips`: the networks they come from, () for any;
    `mfa`: only with a second factor; `console`: may find the way to their folder in the S3
    console, and so see the names of the folders beside it."""

    source_ips: tuple[str, ...] = ()
    mfa: bool = False
    console: bool = False


ANYWHERE = Terms()
"""No condition at all."""


def place(bucket: str, prefix: str, partition: str, *, tls: bool) -> Place:
    """Where a store is, whose prefix may have a slash at its ends. Raises ValueError for one that
    means something else in a policy."""
    prefix = f"{prefix.strip('/')}/".lstrip("/")
    if not _PREFIX.fullmatch(prefix):
        raise ValueError("must have a prefix of letters, digits, '-', '_' and '.' for policies")
    if len(prefix) > _PREFIX_CHARACTERS_MAX:
        raise ValueError(f"must have a prefix of {_PREFIX_CHARACTERS_MAX} characters at most")
    return Place(bucket, prefix, partition, tls)


def designer(where: Place, name: str, terms: Terms = ANYWHERE) -> Policy:
    """What this designer may do: list, read, write and delete in their own folder."""
    own = f"{where.prefix}{folder(name)}"
    statements = [
        _listing(where, _NAMES, [f"{own}*"]),
        {
            "Sid": "OwnFiles",
            "Effect": "Allow",
            "Action": list(_OBJECTS),
            "Resource": f"{where.arn}/{own}*",
        },
    ]
    if terms.console:
        statements += _console(where)
    return _policy([*statements, *_unreadable(where, own), *_refusals(where, terms)])


def boundary(where: Place) -> Policy:
    """What no designer's access may go beyond, whatever policies it is given: the folders of all
    designers."""
    uploads = f"{where.prefix}{UPLOADS}"
    return _policy(
        [
            _listing(where, _NAMES, [f"{uploads}*"]),
            {
                "Sid": "OwnFiles",
                "Effect": "Allow",
                "Action": list(_OBJECTS),
                "Resource": f"{where.arn}/{uploads}*",
            },
            *_console(where),
        ]
    )


def trust(principals: Sequence[str], *, mfa: bool) -> Policy:
    """Who may take the role of a designer."""
    statement: Statement = {
        "Effect": "Allow",
        "Principal": {"AWS": list(principals)},
        "Action": "sts:AssumeRole",
    }
    if mfa:
        statement["Condition"] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    return _policy([statement])


def nothing() -> Policy:
    """Refuses everything: what access has while it is being taken away."""
    return _policy([{"Sid": "Revoked", "Effect": "Deny", "Action": "*", "Resource": "*"}])


def older_sessions(before: str) -> Policy:
    """Refuses everything to sessions that began before this time (ISO 8601): as AWS's own
    AWSRevokeOlderSessions."""
    return _policy(
        [
            {
                "Sid": "RevokedSessions",
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"DateLessThan": {"aws:TokenIssueTime": before}},
            }
        ]
    )


def compact(policy: Policy) -> str:
    """A policy as it is sent: white space counts for some limits."""
    return json.dumps(policy, separators=(",", ":"))


def readable(policy: Policy) -> str:
    """A policy as people read it."""
    return json.dumps(policy, indent=2)


def _listing(where: Place, actions: Sequence[str], prefixes: Sequence[str]) -> Statement:
    return {
        "Sid": "OwnNames",
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": where.arn,
        # A request without a prefix lists all there is: no IfExists here.
        "Condition": {"StringLike": {"s3:prefix": list(prefixes)}},
    }


def _above(where: Place) -> list[str]:
    """The prefixes that one clicks through to get to the designers' folders, from the top."""
    parts = f"{where.prefix}{UPLOADS}".split("/")[:-1]
    return ["", *("/".join(parts[: n + 1]) + "/" for n in range(len(parts)))]


def _console(where: Place) -> list[Statement]:
    return [
        {"Sid": "Console", "Effect": "Allow", "Action": list(_CONSOLE), "Resource": "*"},
        {
            "Sid": "WayThere",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": where.arn,
            # With a delimiter only: one level of folders, and not all files.
            "Condition": {"StringEquals": {"s3:prefix": _above(where), "s3:delimiter": ["/"]}},
        },
    ]


def _unreadable(where: Place, own: str) -> list[Statement]:
    """Refuses to write what nobody could take in: with a key of the writer's own (SSE-C), or into
    an archive. A request that says nothing of either has no such value, and is let through."""
    conditions = {
        "NoOwnKeys": {"Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}},
        "NoArchives": {"StringEquals": {"s3:x-amz-storage-class": list(_ARCHIVES)}},
    }
    return [
        {
            "Sid": sid,
            "Effect": "Deny",
            "Action": "s3:PutObject",
            "Resource": f"{where.arn}/{own}*",
            "Condition": condition,
        }
        for sid, condition in conditions.items()
    ]


def _refusals(where: Place, terms: Terms) -> list[Statement]:
    conditions = {
        "TlsOnly": {"Bool": {"aws:SecureTransport": "false"}} if where.tls else None,
        "NetworksOnly": {"NotIpAddress": {"aws:SourceIp": list(terms.source_ips)}}
        if terms.source_ips
        else None,
        # A request with a plain access key has no such value at all: hence IfExists.
        "MfaOnly": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}} if terms.mfa else None,
    }
    return [
        {"Sid": sid, "Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": condition}
        for sid, condition in conditions.items()
        if condition
    ]


def _policy(statements: Sequence[Statement]) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}
