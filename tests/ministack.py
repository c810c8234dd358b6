"""An AWS for tests that keeps to IAM policies: ministack, from the package of that name."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Self

import boto3
import requests
from botocore.awsrequest import AWSRequest
from botocore.config import Config

from tests.guard import Guard
from tests.packages import Unavailable
from tests.processes import START_SECONDS_MAX, Service, reserved_ports

REGION = "ap-northeast-1"
# A key of twelve digits is the root user of that account, whatever the secret. Visitors, who have
# no key, see the distributions of this account only.
ACCOUNT = "000000000000"
POLL_SECONDS = 0.05

Credentials = tuple[str, str, str]
ROOT: Credentials = (ACCOUNT, "any", "")


class MiniStack:
    """AWS's services on one port of 127.0.0.1, inside a `with` block, empty at first.

    It differs from AWS where it matters to us in these ways: it speaks HTTP only, and believes
    `X-Forwarded-Proto`; a distribution answers at its own domain only, not at its aliases, and
    caches nothing; functions that use a key-value store do not run; permissions for functions and
    key-value stores are granted for all of them or none; an object that is not there is a 404
    whoever asks.
    """

    endpoint_url: str

    def __enter__(self) -> Self:
        """Start it. Raises Unavailable if it is not installed, ServerError if it does not start."""
        if not importlib.util.find_spec("ministack"):
            raise Unavailable("the package ministack is not installed: pip install -e '.[dev]'")
        self._root = Path(tempfile.mkdtemp(prefix="publisher-ministack-"))
        self._records = self._root / "run"
        self._records.mkdir()
        self._guard = Guard(self._records, self._root)
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def client(self, service: str, credentials: Credentials = ROOT, *, tls: bool = True) -> Any:
        """A boto3 client of this service. `tls`: whether it passes for one that uses TLS."""
        key, secret, token = credentials
        client = boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token or None,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )
        if tls:
            client.meta.events.register("before-sign.*.*", _as_if_over_tls)
        return client

    def visit(self, host: str, path: str) -> requests.Response:
        """What a visitor of this host gets who follows no redirect."""
        headers = {"Host": host, "X-Forwarded-Proto": "https"}
        return requests.get(
            self.endpoint_url + path, headers=headers, allow_redirects=False, timeout=30
        )

    def deploy(self, name: str, template: str, parameters: dict[str, str]) -> dict[str, str]:
        """Make a stack; its outputs. Raises AssertionError, with the reasons, if it can't."""
        formation = self.client("cloudformation")
        formation.create_stack(
            StackName=name,
            TemplateBody=template,
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
        )
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            (stack,) = formation.describe_stacks(StackName=name)["Stacks"]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                break
            assert time.monotonic() < deadline, stack
            time.sleep(POLL_SECONDS)
        events = formation.describe_stack_events(StackName=name)["StackEvents"]
        reasons = [e["ResourceStatusReason"] for e in events if "FAILED" in e["ResourceStatus"]]
        assert stack["StackStatus"] == "CREATE_COMPLETE", reasons
        return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}

    def _start(self) -> None:
        with reserved_ports(1) as (port,):
            self.endpoint_url = f"http://127.0.0.1:{port}"
            self._service = Service(
                "ministack",
                [sys.executable, "-m", "ministack"],
                records=self._records,
                logs=self._root,
                environment=environment(self._root, port),
                folder=self._root,
            )
            self._service.start()
            self._service.wait_until_listening(port)

    def _stop(self) -> None:
        if service := getattr(self, "_service", None):
            service.stop()
        shutil.rmtree(self._root, ignore_errors=True)
        self._guard.release()


def environment(home: Path, port: int) -> dict[str, str]:
    """Ours without a developer's AWS keys, and what keeps ministack to 127.0.0.1 and to itself."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **inherited,
        "HOME": str(home),
        "TMPDIR": str(home),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": "tcp://127.0.0.1:1",  # nobody listens there
        "SMTP_HOST": "127.0.0.1:1",
    }


def _as_if_over_tls(request: AWSRequest, **_: object) -> None:
    request.headers["X-Forwarded-Proto"] = "https"
