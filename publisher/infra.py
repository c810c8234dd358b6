"""What has to be set up before a site can be published, described from its configuration alone:
neither credentials nor what is to be set up are needed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from publisher.config import Config, StoreSection, load, refused
from publisher.edge import cloudformation
from redirects import edge

# What the steps call the file if it is written to standard output.
_STACK_FILE = "stack.yaml"

# What means the same in a key, in a URL's path and in a policy, where `*` and `?` are patterns.
_PREFIX = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*")


class Setup(NamedTuple):
    """What to set up for an edge of this kind: `text` is for a file, `steps` is what to do with
    it, in lines."""

    kind: str
    text: str
    steps: tuple[str, ...]


def describe(path: Path, output: Path | None = None) -> Setup:
    """What the site of this configuration needs; `output` is the file that the text will be in.

    Raises ConfigError, also for an edge that needs nothing.
    """
    config = load(path)
    if config.edge.kind == "cloudfront":
        return _cloudfront(config, path, output)
    raise refused(path, "edge", f"is {config.edge.kind}, for which nothing has to be set up")


def _cloudfront(config: Config, path: Path, output: Path | None) -> Setup:
    stack = _stack(config, path)
    try:
        code = edge.source(stack.host, stack.previews)
    except ValueError as error:
        raise refused(path, "site.url", str(error)) from None
    steps = cloudformation.next_steps(stack, str(output or _STACK_FILE))
    return Setup("cloudfront", cloudformation.template(stack, code), steps)


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
    )
