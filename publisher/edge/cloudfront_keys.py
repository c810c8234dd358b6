"""The data plane of a CloudFront key-value store: conditional writes of 50 keys at most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from botocore.exceptions import ClientError

from publisher.edge.cloudfront_client import Clients, code_of, is_stale, reported
from publisher.errors import EdgeError
from redirects.compile import STORE_BYTES_MAX

# Developer Guide, "Quotas on key value stores": 50 keys or 3 MB in one UpdateKeys. Keys of 512
# and values of 1,024 bytes can't reach the second.
BATCH_KEYS = 50
# API reference, ListKeys: "maximum allowed page is 50".
_PAGE_KEYS = 50


class StaleError(Exception):
    """Somebody else wrote to the store: look again."""


class State(NamedTuple):
    """The store at one moment: what a conditional write expects, and how full it is."""

    etag: str
    keys: int
    size_bytes: int


class KeyValues:
    """One key-value store. Every method raises EdgeError when it can't be used."""

    def __init__(self, clients: Clients, arn: str) -> None:
        self._client = clients.data
        self._arn = arn

    def state(self) -> State:
        """The state of the whole store: every change makes a new ETag."""
        with reported("reading the key-value store"):
            found = self._client.describe_key_value_store(KvsARN=self._arn)
            return State(found["ETag"], found["ItemCount"], found["TotalSizeInBytes"])

    def get(self, key: str) -> str:
        """A value, '' if there is none."""
        with reported("reading a key"):
            try:
                return self._client.get_key(KvsARN=self._arn, Key=key)["Value"]
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundException":
                    return ""
                raise

    def items(self) -> Iterator[tuple[str, str]]:
        """All keys and values, 50 a request: a store of 5 MB may take some 1,500 requests."""
        token = ""
        while True:
            with reported("listing the key-value store"):
                if token:
                    page = self._client.list_keys(
                        KvsARN=self._arn, MaxResults=_PAGE_KEYS, NextToken=token
                    )
                else:
                    page = self._client.list_keys(KvsARN=self._arn, MaxResults=_PAGE_KEYS)
            for item in page.get("Items", []):
                yield item["Key"], item["Value"]
            token = page.get("NextToken", "")
            if not token:
                return

    def change(
        self, etag: str, puts: Sequence[tuple[str, str]] = (), deletes: Sequence[str] = ()
    ) -> State:
        """Write and delete up to 50 keys, all or nothing, if the store still has this ETag.
        Raises StaleError if not."""
        with reported("writing to the key-value store"):
            try:
                done = self._client.update_keys(
                    KvsARN=self._arn,
                    IfMatch=etag,
                    Puts=[{"Key": key, "Value": value} for key, value in puts],
                    Deletes=[{"Key": key} for key in deletes],
                )
            except ClientError as error:
                if is_stale(error):
                    raise StaleError from None
                if code_of(error) == "ServiceQuotaExceededException":
                    raise full(0, size_bytes(puts)) from None
                raise
            return State(done["ETag"], done["ItemCount"], done["TotalSizeInBytes"])


def size_bytes(entries: Sequence[tuple[str, str]]) -> int:
    """What entries count for in the store."""
    return sum(len(key.encode()) + len(value.encode()) for key, value in entries)


def batches(
    entries: Sequence[tuple[str, str]], size: int = BATCH_KEYS
) -> list[Sequence[tuple[str, str]]]:
    """Entries in the numbers that one request takes."""
    rest = iter(entries)
    return list(iter(lambda: tuple(islice(rest, size)), ()))


def full(held_bytes: int, new_bytes: int) -> EdgeError:
    """The store can't take this. `held_bytes`: what is in it, 0 if only it knows."""
    beside = f" beside the {held_bytes:,} that are there" if held_bytes else ""
    return EdgeError(
        f"the redirects need {new_bytes:,} bytes{beside}, and the edge's key-value store holds "
        f"{STORE_BYTES_MAX:,}: the new ones and those in use must fit into it together",
        "`publisher gc` removes what no release needs any more. If that is not enough, remove "
        "redirects nobody asks for (see the access logs).",
    )
