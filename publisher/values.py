"""What single values of the configuration may be. Each check gives the value back as it is used,
and raises ValueError, whose words follow the key's name in the message. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from ipaddress import ip_network
from string import Formatter
from urllib.parse import urlsplit

from pydantic import AfterValidator

from publisher.rewrite import tokens
from publisher.social import is_shared_url

_ENVIRONMENT = re.compile(r"^env:[A-Za-z_][A-Za-z0-9_]*$")

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_HOST_CHARACTERS_MAX = 253
_HEADER = re.compile(r"[!-~](?:[ -~]*[!-~])?")


def is_url(value: str) -> str:
    """An http(s) address, without its last slash."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address that begins with http:// or https://")
    if parts.username or parts.password:
        raise ValueError("must not hold a password: use cms.basic_auth")
    if not value.isprintable() or " " in value:
        raise ValueError("must not hold spaces or control characters")
    if parts.query or parts.fragment:
        raise ValueError("must not have a query or fragment")
    _ = parts.port  # raises ValueError for a port that is none
    return value.rstrip("/")


def is_origin(value: str) -> str:
    """An address without a path."""
    value = is_url(value)
    if urlsplit(value).path:
        raise ValueError("must be a host without a path: a site has a host of its own")
    return value


def is_old_form(value: str) -> str:
    """A template of whole addresses."""
    named = _placeholders(value)
    known = ("id", "slug", "yyyy", "mm", "dd")
    if unknown := sorted(named - set(known)):
        listed = ", ".join(f"{{{name}}}" for name in known)
        raise ValueError(f"has {{{unknown[0]}}}; known here: {listed}")
    if not named & {"id", "slug"}:
        raise ValueError("needs a placeholder that tells posts apart: {id} or {slug}")
    example = is_shared_url(value.format_map(dict.fromkeys(known, "1")))
    parts = urlsplit(example)
    if parts.fragment or " " in value:
        raise ValueError("must not have a fragment or spaces")
    if "{" in value.partition("//")[2].partition("/")[0].partition("?")[0]:
        raise ValueError("must name a host: placeholders stand in the path and the query")
    return value


def is_reference(value: str) -> str:
    """The name of an environment variable."""
    if not _ENVIRONMENT.match(value):
        raise ValueError(
            "must be env:NAME, the name of an environment variable: secrets are never written here"
        )
    return value


def as_edge(value: object) -> object:
    """`edge: local`, in full."""
    return {"kind": value} if isinstance(value, str) else value


def as_store(value: object) -> object:
    """`store: s3://example-site`, in full."""
    return {"url": value} if isinstance(value, str) and value.startswith("s3://") else value


def is_host(value: str) -> str:
    """A host name such as preview.example.co.jp, in lower case."""
    if not _HOST.fullmatch(value) or len(value) > _HOST_CHARACTERS_MAX:
        raise ValueError("must be a host name such as preview.example.co.jp")
    return value


def is_header(value: str) -> str:
    """The value of a response header."""
    if not _HEADER.fullmatch(value):
        raise ValueError("must be one line of printable ASCII")
    return value


def is_file_name(value: str) -> str:
    """The name of a file."""
    if not value or not value.isprintable() or "://" in value:
        raise ValueError("must be the name of a file")
    return value


def is_day(value: str) -> str:
    """A day such as 2026-12-01."""
    try:
        date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"must be a day such as 2026-12-01: {error}") from None
    return value


def _placeholders(template: str) -> set[str]:
    try:
        fields = [part for part in Formatter().parse(template) if part[1] is not None]
    except ValueError as error:
        raise ValueError(f"is no template: {error}") from None
    for _, name, form, conversion in fields:
        if form or conversion:
            raise ValueError(f"is no template: {{{name}}} takes no form of its own")
    return {str(name) for _, name, _, _ in fields}


def is_template(*placeholders: str) -> AfterValidator:
    """A template of site paths with these placeholders."""

    def check(value: str) -> str:
        named = _placeholders(value)
        unknown = sorted(named - set(placeholders))
        known = ", ".join(f"{{{name}}}" for name in placeholders)
        if unknown:
            raise ValueError(f"has {{{unknown[0]}}}; known here: {known}")
        if not named & {"id", "slug", "path"}:
            raise ValueError(f"needs a placeholder that tells pages apart: {known}")
        if not value.startswith("/") or "//" in value or ".." in value:
            raise ValueError("must begin with a single slash")
        return value

    return AfterValidator(check)


def is_date_template(value: str) -> str:
    """A template of date archives."""
    _placeholders(value)
    if not _DATE_TEMPLATE.fullmatch(value):
        raise ValueError("must end in /{yyyy}/{mm}/{dd}/, with any folders before")
    return value


def is_path_below_cms(value: str) -> str:
    """A path at the CMS."""
    if not value.startswith("/") or value.startswith("//") or not value.isprintable():
        raise ValueError("must be a path below cms.url that begins with a single slash")
    if "#" in value or "/../" in f"{value}/":
        raise ValueError("must not hold '#' or '..'")
    return value


def is_glob(value: str) -> str:
    """A glob over paths at the CMS."""
    if not value.startswith(("/", "*")) or not value.isprintable():
        raise ValueError("must begin with / or *: it is compared with the whole path")
    if value.count("*") > _STARS_MAX:
        raise ValueError(f"must not have more than {_STARS_MAX} stars")
    if not value.strip("/*"):
        raise ValueError("would take out everything")
    return value


def is_name_of(built_in: Mapping[str, str]) -> AfterValidator:
    """The name of a type or taxonomy that has no key of its own."""

    def check(value: str) -> str:
        if value in built_in:
            raise ValueError(f"is no name for this place: use routes.{built_in[value]}")
        # `sanitize_key`, and the longest name that register_taxonomy() takes.
        if not re.fullmatch(r"[a-z0-9_-]{1,32}", value):
            raise ValueError("must be a name of up to 32 lower-case letters, digits, - and _")
        return value

    return AfterValidator(check)


_PRINCIPAL = re.compile(
    r"arn:aws[a-z-]{0,20}:iam::\d{12}:(?:root|(?:role|user)/[\w+=,.@/-]{1,512})"
)
_DATE_TEMPLATE = re.compile(r"(?:/[^/{}.\x00-\x1f\\][^/{}\x00-\x1f\\]*)*/\{yyyy\}/\{mm\}/\{dd\}/")
PLACEHOLDER = re.compile(r"\{\w+\}")
_STARS_MAX = 8
TYPES_WITH_KEYS = {"post": "post", "page": "page", "attachment": "attachment"}
TAXONOMIES_WITH_KEYS = {"category": "category", "post_tag": "tag"}


def is_share(value: object) -> object:
    """A number, or a percentage."""
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise ValueError("must be greater than or equal to 0")
    elif not isinstance(value, str) or not re.fullmatch(r"(?:\d{1,2}(?:\.\d{1,4})?|100)%", value):
        raise ValueError('must be a number, or a percentage such as "0.5%"')
    return value


def as_approval(value: object) -> object:
    """`approval: required`, in full: a list of paths."""
    if value == "required":
        return ("*",)
    if not isinstance(value, list):
        raise ValueError("must be required, or a list of paths such as /prices/*")
    return tuple(value)


def is_site_glob(value: str) -> str:
    """A glob over site paths."""
    if value != "*" and (not value.startswith("/") or not value.isprintable()):
        raise ValueError("must be a path of the site that begins with a slash; * is any text")
    if value.count("*") > _STARS_MAX:
        raise ValueError(f"must not have more than {_STARS_MAX} stars")
    return value


def as_patterns(value: object) -> object:
    """A list of e-mail patterns."""
    if value == "*":
        return ("*",)
    if not isinstance(value, list):
        raise ValueError('must be a list of e-mail addresses, or "*"')
    return tuple(value)


def is_mail_pattern(value: str) -> str:
    """An e-mail address, or a pattern of them."""
    if not re.fullmatch(r"\*|[^\s@*]{1,64}@[\w.-]{1,255}|\*@[\w.-]{1,255}", value):
        raise ValueError('must be an e-mail address, "*@" and a domain, or "*" for all')
    return value.lower()


def is_network(value: str) -> str:
    """A network such as 203.0.113.0/24, or one address."""
    try:
        network = ip_network(value)
    except ValueError as error:
        raise ValueError(f"must be a network such as 203.0.113.0/24: {error}") from None
    return str(network)


def is_principal(value: str) -> str:
    """The ARN of who may take a role: an IAM user or role, or a whole account. One of AWS never
    holds a star there."""
    if not _PRINCIPAL.fullmatch(value):
        raise ValueError(
            "must be the ARN of an IAM user, role or account, as arn:aws:iam::123456789012:role/x"
        )
    return value


def is_pattern(value: str) -> str:
    """A pattern of tokens."""
    if problem := tokens.check(value):
        raise ValueError(problem)
    return value
