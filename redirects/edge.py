"""The edge function as it is uploaded: `edge.js`, made small, with a site's settings.

`edge.min.js` is made of `edge.js` by `make edge`; a test compares the two.
"""

import re
from importlib.resources import files
from typing import NamedTuple

from redirects.crawlers import PREVIEW_CRAWLERS

CODE_BYTES_MAX = 10_240
"""https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html"""

_SETTINGS = 'SITE={host:"",previews:"",fallback:"",maxAge:3600,crawlers:/^$/}'
MAX_AGE_S = 3_600
"""Browsers keep a permanent redirect without a limit for ever, a mistaken one too."""

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
    `max_age`: seconds for which browsers keep a permanent redirect.
    """

    host: str = ""
    previews: str = ""
    fallback: str = ""
    max_age: int = MAX_AGE_S


ANYWHERE = Site()
"""A site that answers whatever host is asked, and has no previews."""


def source(host: str = "", previews: str = "", fallback: str = "", max_age: int = MAX_AGE_S) -> str:
    """The code for CloudFront, for nginx and for the local edge: `edge.min.js` with the settings
    of a `Site` and the preview crawlers, at most CODE_BYTES_MAX bytes of ASCII.

    Raises ValueError for a host or slot that is none (a host is lower-case, in Punycode, and has
    no port), and for names so long that the code is too large.
    """
    for name in (host, previews):
        if not _HOST.fullmatch(name) or len(name) > _HOST_CHARACTERS_MAX:
            raise ValueError(f"{name!r} is no host name in lower case")
    if not _SLOT.fullmatch(fallback):
        raise ValueError(f"{fallback!r} is no slot")
    crawlers = "|".join(PREVIEW_CRAWLERS)
    settings = (
        f'SITE={{host:"{host}",previews:"{previews}",fallback:"{fallback}",maxAge:{max_age:d},'
        f"crawlers:/{crawlers}/i}}"
    )
    code = files("redirects").joinpath("edge.min.js").read_text(encoding="ascii")
    code = code.replace(_SETTINGS, settings)
    if len(code) > CODE_BYTES_MAX:
        raise ValueError(
            f"the edge function is {len(code)} bytes long: {host!r} is too long a name"
        )
    return code
