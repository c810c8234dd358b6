"""The edge function as it is uploaded: `edge.js` with a site's settings, small enough."""

import re
from importlib.resources import files
from typing import NamedTuple

CODE_BYTES_MAX = 10_240
"""https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html"""

_SETTINGS = "const SITE = { host: '', previews: '', fallback: '' };"
# What may stand between the quotes: a host name as clients send it, and a slot.
_HOST = re.compile(r"(?:[a-z0-9_-]+\.)*[a-z0-9_-]+|")
_HOST_CHARACTERS_MAX = 253
_SLOT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}|")


class Site(NamedTuple):
    """What the function knows of its site, beside the key-value data.

    `host`: the public host name in lower case, without a port; requests for another one are
    redirected to it. '' for a site that answers whatever host is asked.
    `previews`: previews answer at `NAME.<previews>`; '' for none.
    `fallback`: the slot that visitors get while the key-value data can't be read; '' for a 503.
    """

    host: str = ""
    previews: str = ""
    fallback: str = ""


ANYWHERE = Site()
"""A site that answers whatever host is asked, and has no previews."""


def source(host: str = "", previews: str = "", fallback: str = "") -> str:
    """The code for CloudFront, for nginx and for the local edge: `edge.js` with the settings of a
    `Site`, without comments and indentation, at most CODE_BYTES_MAX bytes of ASCII.

    Raises ValueError for a host or slot that is none (a host is lower-case, in Punycode, and has
    no port).
    """
    for name in (host, previews):
        if not _HOST.fullmatch(name) or len(name) > _HOST_CHARACTERS_MAX:
            raise ValueError(f"{name!r} is no host name in lower case")
    if not _SLOT.fullmatch(fallback):
        raise ValueError(f"{fallback!r} is no slot")
    settings = f"const SITE = {{ host: '{host}', previews: '{previews}', fallback: '{fallback}' }};"
    lines = files("redirects").joinpath("edge.js").read_text(encoding="utf-8").splitlines()
    # No text of the file goes on over a line's end, so a line is all comment or none.
    code = "\n".join(line for line in map(str.strip, lines) if line and not line.startswith("//"))
    return code.replace(_SETTINGS, settings) + "\n"
