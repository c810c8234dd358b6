"""The social networks' agents that fetch a page to show a preview of a shared link.

A network counts shares by the address in `og:url`. A page that redirects its old address loses
the count, so these agents, and only these, get the page at its old address.
"""

import re

PREVIEW_CRAWLERS: tuple[str, ...] = (
    "facebookexternalhit",
    "facebot",
    "facebookcatalog",
    "meta-externalhit",
)
"""Parts of the User-Agent of Meta's preview agents, in lower case. This is the one place where
they stand: the edge function is made with them.

`SOURCE` lists `facebookexternalhit` and `facebookcatalog`. `facebot` is their older name, which
Apple's Messages still sends beside the first; `meta-externalhit` is the first in the form of
Meta's newer names. LINE and KakaoTalk call themselves `facebookexternalhit`, too. Meta's other
agents (`meta-externalagent`, `meta-externalfetcher`, `meta-webindexer`, `meta-externalads`) index,
train or fetch for somebody, they don't preview: they follow redirects like everyone.
"""

SOURCE = "https://developers.facebook.com/docs/sharing/webmasters/web-crawlers"
"""Where Meta says how its agents call themselves."""

CHECKED = "2026-11-22"
"""When the names were last compared with `SOURCE`."""

_PREVIEW_CRAWLER = re.compile("|".join(map(re.escape, PREVIEW_CRAWLERS)), re.IGNORECASE | re.ASCII)


def is_preview_crawler(user_agent: str) -> bool:
    """Whether this User-Agent header is that of a preview agent; upper or lower case is alike."""
    return _PREVIEW_CRAWLER.search(user_agent) is not None
