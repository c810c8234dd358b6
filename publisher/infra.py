"""What has to be set up before a site can be published, described from its configuration alone:
neither credentials nor what is to be set up are needed."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from publisher.config import load, refused
from publisher.edge import cloudformation, nginx
from publisher.errors import ConfigError
from publisher.own import Own
from publisher.redirect_files import read_all
from publisher.sections import Config, StoreSection
from redirects import edge

# What the steps call the file if it is written to standard output.
_STACK_FILE = "stack.yaml"

# What means the same in a key, in a URL's path and in a policy, where `*` and `?` are patterns.
_PREFIX = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*")


class Setup(NamedTuple):
    """What to set up for an edge of this kind: the texts of files by their names (one, for
    CloudFront), and what to do with them, in lines."""

    kind: str
    files: dict[str, str]
    steps: tuple[str, ...]


class Certificate(NamedTuple):
    """The files of an nginx that speaks TLS itself; '' for one behind something that does."""

    chain: str = ""
    key: str = ""


def describe(
    path: Path, output: Path | None = None, certificate: Certificate | None = None
) -> Setup:
    """What the site of this configuration needs; `output` is where it will be: a file for
    CloudFront, a folder for nginx.

    Raises ConfigError, also for an edge that needs nothing.
    """
    config = load(path)
    if config.edge.kind == "cloudfront":
        return _cloudfront(config, path, output)
    if config.edge.kind == "nginx":
        return _nginx(config, path, output, certificate or Certificate())
    raise refused(path, "edge", "is local, for which nothing has to be set up")


def _cloudfront(config: Config, path: Path, output: Path | None) -> Setup:
    stack = _stack(config, path)
    try:
        code = edge.source(stack.host, stack.previews, max_age=config.redirects.max_age)
    except ValueError as error:
        raise refused(path, "site.url", str(error)) from None
    file = str(output or _STACK_FILE)
    steps = cloudformation.next_steps(stack, file)
    return Setup("cloudfront", {file: cloudformation.template(stack, code)}, steps)


def _nginx(config: Config, path: Path, output: Path | None, certificate: Certificate) -> Setup:
    if output is None:
        raise refused(path, "edge", "is nginx: name the folder for its files with --output")
    folder = output.resolve()
    site = nginx.Nginx(
        host=config.site.host,
        origin=_origin(config, path),
        previews=config.edge.previews or "",
        content_security_policy=config.edge.content_security_policy or "",
        folder=str(folder),
        resolver=_resolver(),
        certificate=certificate.chain,
        certificate_key=certificate.key,
        max_age=config.redirects.max_age,
        hosts=_hosts(config, path),
    )
    try:
        texts = nginx.config(site)
    except ValueError as error:
        raise refused(path, "edge", str(error)) from None
    return Setup(
        "nginx",
        {str(folder / name): text for name, text in texts.items()},
        nginx.next_steps(site),
    )


def _origin(config: Config, path: Path) -> str:
    """Where nginx finds the store's keys: a directory, or the address of a bucket."""
    if not isinstance(config.store, StoreSection):
        return str((config.folder / config.store).resolve())
    bucket, _, prefix = config.store.url.removeprefix("s3://").partition("/")
    if config.store.endpoint_url:
        return f"{config.store.endpoint_url}/{bucket}/{prefix}".rstrip("/")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        message = "is a bucket on AWS: say in which region, by the variable AWS_REGION"
        raise refused(path, "store", message)
    return f"https://{bucket}.s3.{region}.amazonaws.com/{prefix}".rstrip("/")


def _resolver() -> str:
    """The first name server of this machine, '' if it has none: nginx asks it for the bucket."""
    try:
        lines = Path("/etc/resolv.conf").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    named = [line.split()[1] for line in lines if re.match(r"nameserver\s+[\w.:]+\s*$", line)]
    first = named[0] if named else ""
    return f"[{first}]" if ":" in first else first


def _hosts(config: Config, path: Path) -> tuple[str, ...]:
    """The other hosts whose addresses the site's own redirects name."""
    found, wrong = read_all(config.folder, config.redirects.files, config.places)
    if wrong:
        raise ConfigError(str(path), wrong)
    return Own.of((*config.own, *found)).hosts


def _stack(config: Config, path: Path) -> cloudformation.Stack:
    site = urlsplit(config.site.url)
    if site.scheme != "https" or site.port:
        message = "must begin with https:// and have no port: that is how CloudFront answers"
        raise refused(path, "site.url", message)
    if not isinstance(config.store, StoreSection):
        message = "must be a bucket, with its key 'url': CloudFront reads nothing else"
        raise refused(path, "store", message)
    bucket, _, prefix = config.store.url.removeprefix("s3://").partition("/")
    prefix = f"{prefix.strip('/')}/".lstrip("/")
    if not _PREFIX.fullmatch(prefix):
        message = "must have a prefix of letters, digits, '-', '_' and '.' for CloudFront"
        raise refused(path, "store.url", message)
    host = config.site.host
    return cloudformation.Stack(
        host,
        bucket,
        prefix,
        config.edge.function or cloudformation.name_for(host),
        config.edge.previews or "",
        config.edge.content_security_policy or "",
        _hosts(config, path),
    )
