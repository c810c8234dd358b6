"""The edge function in CloudFront: its code is kept current, and it is put in place.

The comment of the function says which code it has and which fallback slot is in that, so one
small question is enough to know whether anything has to be done.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from publisher.edge.cloudfront_client import Clients, code_of, is_stale, reported
from publisher.errors import EdgeError
from publisher.filling import Progress

if TYPE_CHECKING:
    from mypy_boto3_cloudfront.literals import FunctionStageType
    from mypy_boto3_cloudfront.type_defs import FunctionConfigTypeDef

# Developer Guide, "Quotas on CloudFront Functions".
CODE_BYTES_MAX = 10_240
_COMMENT = re.compile(r"publisher [0-9a-f]{32} (\S+)")

_ATTEMPTS = 10
# A distribution is deployed within some minutes; it is looked at every few seconds.
_DEPLOY_SECONDS_MAX = 900
_LOOK_SECONDS = 5


class _Found(NamedTuple):
    etag: str
    comment: str
    arn: str


class EdgeFunction:
    """A CloudFront function, by its name. `source` gives its code for a fallback slot.

    Every method raises EdgeError.
    """

    def __init__(
        self,
        clients: Clients,
        name: str,
        distribution: str,
        key_value_store: str,
        source: Callable[[str], str],
        progress: Progress,
    ) -> None:
        self._client = clients.control
        self._name = name
        self._distribution = distribution
        self._key_value_store = key_value_store
        self._source = source
        self._progress = progress

    def ensure(self, fallback: str | None = None) -> bool:
        """Have visitors answered by our code, with this slot as fallback (None: the one that is
        in it already). Returns whether it had to be changed; then it is deployed, too."""
        live = self._describe("LIVE")
        code, comment = self._code(_fallback_in(live) if fallback is None else fallback)
        if live and live.comment == comment:
            return False
        for _ in range(_ATTEMPTS):
            draft = self._describe("DEVELOPMENT")
            if draft is None:
                raise EdgeError(
                    f"CloudFront has no function {self._name!r}",
                    "`publisher infra` writes the stack that makes it; or check `edge.function`.",
                )
            if self._publish(draft, code, comment):
                self._wait_until_deployed()
                return True
            time.sleep(1)
        raise EdgeError("others kept changing the edge function", "Try again.")

    def install(self) -> None:
        """For a distribution that our template did not make: create the function if it is
        missing, publish it, and have it answer the viewers' requests of the default behaviour.

        A function of somebody else at that place is an error.
        """
        if self._describe("DEVELOPMENT") is None:
            code, comment = self._code("")
            with reported("creating the edge function"):
                self._client.create_function(
                    Name=self._name, FunctionConfig=self._config(comment), FunctionCode=code
                )
        self.ensure()
        live = self._describe("LIVE")
        if live is None:
            raise EdgeError(f"the function {self._name!r} was removed meanwhile", "Try again.")
        for _ in range(_ATTEMPTS):
            if self._associate(live.arn):
                self._wait_until_deployed()
                return
        raise EdgeError("others kept changing the distribution", "Try again.")

    # ------------------------------------------------------------------ steps

    def _publish(self, draft: _Found, code: bytes, comment: str) -> bool:
        """One attempt. False if somebody else changed the function meanwhile."""
        with reported("changing the edge function"):
            try:
                self._client.update_function(
                    Name=self._name,
                    IfMatch=draft.etag,
                    FunctionConfig=self._config(comment),
                    FunctionCode=code,
                )
                # The ETag of that answer is in a header whose name AWS misspells: ask again.
                ours = self._describe("DEVELOPMENT")
                if ours is None or ours.comment != comment:
                    return False
                self._client.publish_function(Name=self._name, IfMatch=ours.etag)
            except ClientError as error:
                if is_stale(error):
                    return False
                raise
        return True

    def _associate(self, arn: str) -> bool:
        """One attempt. False if somebody else changed the distribution meanwhile."""
        with reported("changing the distribution"):
            found = self._client.get_distribution_config(Id=self._distribution)
            config = found["DistributionConfig"]
            behaviour = config["DefaultCacheBehavior"]
            held = behaviour.get("FunctionAssociations", {}).get("Items", [])
            at_place = [one["FunctionARN"] for one in held if one["EventType"] == "viewer-request"]
            if at_place == [arn]:
                return True
            if at_place:
                raise EdgeError(
                    f"another function answers viewers' requests: {at_place[0]}",
                    "Take it out of the distribution's default behaviour first.",
                )
            behaviour["FunctionAssociations"] = {
                "Quantity": len(held) + 1,
                "Items": [*held, {"FunctionARN": arn, "EventType": "viewer-request"}],
            }
            try:
                self._client.update_distribution(
                    Id=self._distribution,
                    IfMatch=found["ETag"],
                    DistributionConfig=config,
                )
            except ClientError as error:
                if is_stale(error):
                    return False
                raise
        return True

    def _wait_until_deployed(self) -> None:
        for waited in range(0, _DEPLOY_SECONDS_MAX, _LOOK_SECONDS):
            with reported("looking at the distribution"):
                found = self._client.get_distribution(Id=self._distribution)["Distribution"]
            if found["Status"] == "Deployed":
                return
            self._progress(
                "waiting until the edge function is deployed", waited, _DEPLOY_SECONDS_MAX
            )
            time.sleep(_LOOK_SECONDS)
        raise EdgeError(
            f"the distribution is not deployed after {_DEPLOY_SECONDS_MAX // 60} minutes",
            "Look at it in the CloudFront console, and run this again.",
        )

    # ----------------------------------------------------------------- pieces

    def _code(self, fallback: str) -> tuple[bytes, str]:
        code = self._source(fallback).encode()
        if len(code) > CODE_BYTES_MAX:
            raise EdgeError(
                f"the edge function takes {len(code):,} bytes, CloudFront allows "
                f"{CODE_BYTES_MAX:,}",
                "Shorten `edge.previews`.",
            )
        return code, f"publisher {hashlib.sha256(code).hexdigest()[:32]} {fallback or '-'}"

    def _config(self, comment: str) -> FunctionConfigTypeDef:
        return {
            "Comment": comment,
            "Runtime": "cloudfront-js-2.0",
            "KeyValueStoreAssociations": {
                "Quantity": 1,
                "Items": [{"KeyValueStoreARN": self._key_value_store}],
            },
        }

    def _describe(self, stage: FunctionStageType) -> _Found | None:
        with reported("looking at the edge function"):
            try:
                found = self._client.describe_function(Name=self._name, Stage=stage)
            except ClientError as error:
                if code_of(error) == "NoSuchFunctionExists":
                    return None
                raise
            summary = found["FunctionSummary"]
            comment = summary["FunctionConfig"]["Comment"]
            return _Found(found["ETag"], comment, summary["FunctionMetadata"]["FunctionARN"])


def _fallback_in(live: _Found | None) -> str:
    match = _COMMENT.fullmatch(live.comment) if live else None
    return match[1] if match and match[1] != "-" else ""
