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
"""Parts of the User-Agent of Meta's preview agents, in lower case.

Source: https://developers.facebook.com/docs/sharing/webmasters/web-crawlers. LINE and KakaoTalk
call themselves `facebookexternalhit` too. Meta's other agents (`meta-externalagent`,
`meta-externalfetcher`) index or train, they don't preview: they follow redirects like everyone.
"""

_PREVIEW_CRAWLER = re.compile("|".join(map(re.escape, PREVIEW_CRAWLERS)), re.IGNORECASE | re.ASCII)


def is_preview_crawler(user_agent: str) -> bool:
    """Whether this User-Agent header is that of a preview agent; upper or lower case is alike."""
    return _PREVIEW_CRAWLER.search(user_agent) is not None
