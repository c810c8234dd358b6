"""Two servers that enforce what designers may do, each with a bucket that holds a site."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from publisher import cli
from tests.ministack import REGION as MINISTACK_REGION
from tests.ministack import ROOT, MiniStack
from tests.seaweedfs import SeaweedFS

PREFIX = "production/"
HELD = ("site/s1/index.html", "site/s1/キャンペーン/index.html", "blobs/ab/abcd", "refs/live-not")

Run = Callable[..., tuple[int, str, str]]
Key = tuple[str, str, str]


class Ground(NamedTuple):
    """A server, a bucket with files of a site in it, and the configuration of that site."""

    kind: str
    endpoint: str
    region: str
    bucket: str
    config: Path
    root: Key

    def client(self, service: str, key: Key | None = None) -> Any:
        """A client of the server, as its administrator or with a key."""
        id_, secret, token = key or self.root
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=id_,
            aws_secret_access_key=secret,
            aws_session_token=token or None,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def held(self, below: str = "") -> list[str]:
        """What is in the bucket."""
        listed = self.client("s3").list_objects_v2(Bucket=self.bucket, Prefix=PREFIX + below)
        return sorted(one["Key"].removeprefix(PREFIX) for one in listed.get("Contents", []))


@contextmanager
def ground(
    server: MiniStack | SeaweedFS, folder: Path, designers: str = "", more: str = ""
) -> Iterator[Ground]:
    """A bucket on this server, and who runs publisher in the environment."""
    bucket = f"site-{secrets.token_hex(4)}"
    if isinstance(server, MiniStack):
        kind, region, root = "ministack", MINISTACK_REGION, ROOT
        constraint = {"LocationConstraint": region}
        server.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=constraint)
    else:
        kind, region = "seaweedfs", server.region
        root = (server.access_key, server.secret_key, "")
        server.create_bucket(bucket)
    config = folder / "site-config.yaml"
    config.write_text(
        "site: {url: 'https://www.example.co.jp'}   # 公開\n"
        "cms: {url: 'http://127.0.0.1:1'}\n"
        f"store: {{url: s3://{bucket}/{PREFIX}, endpoint_url: '{server.endpoint_url}'}}\n"
        f"{designers}{more}",
        encoding="utf-8",
    )
    made = Ground(kind, server.endpoint_url, region, bucket, config, root)
    for key in HELD:
        made.client("s3").put_object(Bucket=bucket, Key=PREFIX + key, Body="ようこそ".encode())
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ACCESS_KEY_ID", root[0])
        patch.setenv("AWS_SECRET_ACCESS_KEY", root[1])
        patch.setenv("AWS_REGION", region)
        patch.setenv("AWS_CONFIG_FILE", str(folder / "aws-config"))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "aws-credentials"))
        yield made


def runner(config: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `publisher designers` for this configuration, in this process: exit code, output,
    errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.MonkeyPatch.context() as patch:
            words = ["publisher", "designers", *arguments, "--config", str(config)]
            patch.setattr(sys, "argv", words)
            capsys.readouterr()
            with pytest.raises(SystemExit) as ended:
                cli.main()
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return int(ended.value.code or 0), out, err

    return run


def added(run: Run, name: str, *more: str) -> dict[str, Any]:
    """A designer who was given access: the document of it."""
    code, out, err = run("add", name, *more, "--json")
    assert code == 0, err
    document: dict[str, Any] = json.loads(out)
    return document


def key_of(document: dict[str, Any]) -> Key:
    """The key that was shown."""
    return document["key"]["id"], document["key"]["secret"], ""


def answer(call: Callable[..., Any], **what: Any) -> str:
    """'' for what was done, else the name of the error."""
    try:
        call(**what)
    except ClientError as error:
        return str(error.response.get("Error", {}).get("Code"))
    return ""
