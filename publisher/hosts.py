"""Names of hosts, and the one form in which they are compared. Pure."""

from __future__ import annotations

import re

from redirects.targets import punycode


def is_name(host: str) -> bool:
    """Whether this is a name of one site's own: no number, and no bare word (`localhost`)."""
    return "." in host and not re.fullmatch(r"[\d.]+|.*:.*", host)


def idna(name: str) -> str:
    """A host name in the one form in which it is compared: lower-case, Punycode, without the
    root's dot."""
    try:
        return punycode(name)
    except ValueError:  # no host name
        return name.lower().removesuffix(".")
