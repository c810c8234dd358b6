"""CloudFront forgets what it has cached, everywhere, before we go on."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Sequence

from botocore.exceptions import ClientError

from publisher.edge.cloudfront_client import Clients, code_of, reported
from publisher.errors import EdgeError

# Developer Guide, "Concurrent invalidation request maximum": 3,000 files and 15 wildcards in
# progress for a distribution. Some are left for others who invalidate at the same time.
_FILES_MAX = 1_000
_WILDCARDS_MAX = 10

# An invalidation names what the cache has: the address as the edge function has written it. The
# function encodes as encodeURIComponent does; the Developer Guide wants what is not ASCII and
# what RFC 1738 calls unsafe encoded, and nothing else, "or CloudFront will not invalidate the old
# version". These are the characters about which the two differ, and `~`, which CloudFront
# refuses as it is and does not find as %7E (github.com/aws/aws-sdk/issues/525), and `*`, which it
# takes for a wildcard. From the first of them on, a wildcard stands for the rest.
_DOUBTFUL = re.compile(r"[~*]|%(?:24|26|2B|2C|3A|3B|3D|3F|40)", re.IGNORECASE)

# Usually done within 25 seconds.
_WAIT_SECONDS_MAX = 600
_LOOK_SECONDS = 2
_BUSY_SECONDS = 10


def paths_to_invalidate(uris: Sequence[str]) -> tuple[list[str], list[str]]:
    """The paths that CloudFront takes, for rewritten addresses: those of single files, and those
    that end in `*`. They may cover more than was asked for, never less."""
    files, wildcards = set[str](), set[str]()
    for uri in uris:
        whole = uri.removesuffix("*")
        doubtful = _DOUBTFUL.search(whole)
        if doubtful:
            wildcards.add(whole[: doubtful.start()] + "*")
        else:
            (files if whole == uri else wildcards).add(uri)
    if len(wildcards) > _WILDCARDS_MAX:  # of whole slots, then
        wildcards = {f"/{one[1:].partition('/')[0].removesuffix('*')}*" for one in wildcards}
    if len(wildcards) > _WILDCARDS_MAX:
        wildcards = {"/*"}
    starts = tuple(one[:-1] for one in wildcards)
    return sorted(f for f in files if not f.startswith(starts)), sorted(wildcards)


def invalidate(clients: Clients, distribution: str, uris: Sequence[str]) -> None:
    """Have CloudFront forget these addresses; returns when it has. Raises EdgeError."""
    files, wildcards = paths_to_invalidate(uris)
    for start in range(0, max(len(files), bool(wildcards)), _FILES_MAX):
        batch = files[start : start + _FILES_MAX] + (wildcards if start == 0 else [])
        _wait(clients, distribution, _begin(clients, distribution, batch))


def _begin(clients: Clients, distribution: str, paths: Sequence[str]) -> str:
    """Returns the invalidation's id."""
    # The same for every attempt: if only an answer was lost, there is still one invalidation.
    reference = uuid.uuid4().hex
    for _ in range(_WAIT_SECONDS_MAX // _BUSY_SECONDS):
        with reported("an invalidation"):
            try:
                made = clients.control.create_invalidation(
                    DistributionId=distribution,
                    InvalidationBatch={
                        "Paths": {"Quantity": len(paths), "Items": paths},
                        "CallerReference": reference,
                    },
                )
            except ClientError as error:
                if code_of(error) != "TooManyInvalidationsInProgress":
                    raise
                time.sleep(_BUSY_SECONDS)
                continue
            return made["Invalidation"]["Id"]
    raise EdgeError(
        f"CloudFront has had too many invalidations in progress for {_WAIT_SECONDS_MAX // 60} "
        "minutes",
        "Others invalidate the same distribution. Try again; what visitors get has not changed.",
    )


def _wait(clients: Clients, distribution: str, identity: str) -> None:
    for _ in range(_WAIT_SECONDS_MAX // _LOOK_SECONDS):
        with reported("looking at an invalidation"):
            found = clients.control.get_invalidation(DistributionId=distribution, Id=identity)
        if found["Invalidation"]["Status"] == "Completed":
            return
        time.sleep(_LOOK_SECONDS)
    raise EdgeError(
        f"invalidation {identity} is not complete after {_WAIT_SECONDS_MAX // 60} minutes",
        "Run this again; what visitors get has not changed.",
    )
