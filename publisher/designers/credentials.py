"""A designer's credentials in the forms that their programs read. Pure: whoever calls decides where
the text goes."""

from __future__ import annotations

import plistlib
import uuid
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from publisher.designers.accounts import Key

Format = Literal["env", "aws-cli", "cyberduck", "rclone"]
FORMATS: tuple[Format, ...] = ("env", "aws-cli", "cyberduck", "rclone")

# Of its connection profile "S3 (Credentials from AWS Command Line Interface)", which is the one
# that takes a token: its user name is a profile's name.
_CYBERDUCK_OF_CLI = "s3-cli"


class Folder(NamedTuple):
    """A designer's folder: whose, where (`prefix` with a slash at its end), and on which server
    ('' is AWS)."""

    designer: str
    bucket: str
    prefix: str
    region: str
    endpoint: str = ""

    @property
    def url(self) -> str:
        """As the AWS tools name it."""
        return f"s3://{self.bucket}/{self.prefix}"

    @property
    def profile(self) -> str:
        """The name of a profile, a remote or a bookmark for it."""
        return f"{self.bucket}-{self.designer}"


def rendered(form: Format, key: Key, folder: Folder) -> str:
    """The text in one of these forms."""
    return _RENDERED[form](key, folder)


def _environment(key: Key, folder: Folder) -> str:
    lines = {
        "AWS_ACCESS_KEY_ID": key.id,
        "AWS_SECRET_ACCESS_KEY": key.secret,
        "AWS_SESSION_TOKEN": key.token,
        "AWS_REGION": folder.region,
        "AWS_ENDPOINT_URL_S3": folder.endpoint,
    }
    # Base64, names of regions and addresses hold nothing that a shell would read otherwise.
    return "".join(f"export {name}={value}\n" for name, value in lines.items() if value)


def _profile(key: Key, folder: Folder) -> str:
    lines = {
        "aws_access_key_id": key.id,
        "aws_secret_access_key": key.secret,
        "aws_session_token": key.token,
        "region": folder.region,
        "endpoint_url": folder.endpoint,
    }
    return f"[{folder.profile}]\n" + _settings(lines)


def _remote(key: Key, folder: Folder) -> str:
    lines = {
        "type": "s3",
        "provider": "Other" if folder.endpoint else "AWS",
        "access_key_id": key.id,
        "secret_access_key": key.secret,
        "session_token": key.token,
        "region": folder.region,
        "endpoint": folder.endpoint,
        # Buckets are neither looked for nor made: that is not allowed.
        "no_check_bucket": "true",
    }
    return f"[{folder.profile}]\n" + _settings(lines)


def _bookmark(key: Key, folder: Folder) -> str:
    """A bookmark asks for the secret key, which no such file holds: it is shown beside it. With a
    token it takes both from the profile that the form aws-cli writes."""
    server = urlsplit(folder.endpoint or f"https://s3.{folder.region}.amazonaws.com")
    values = {
        "Protocol": "s3",
        "Provider": _CYBERDUCK_OF_CLI,
        "Nickname": folder.profile,
        "UUID": str(uuid.uuid5(uuid.NAMESPACE_URL, folder.url)),
        "Hostname": server.hostname or "",
        "Port": str(server.port or (80 if server.scheme == "http" else 443)),
        "Username": folder.profile if key.token else key.id,
        "Path": f"/{folder.bucket}/{folder.prefix.rstrip('/')}",
    }
    if not key.token:
        del values["Provider"]
    return plistlib.dumps(values, sort_keys=False).decode()


def _settings(lines: dict[str, str]) -> str:
    return "".join(f"{name} = {value}\n" for name, value in lines.items() if value)


_RENDERED = {
    "env": _environment,
    "aws-cli": _profile,
    "cyberduck": _bookmark,
    "rclone": _remote,
}
