"""Who comes to old addresses: browsers, search engines, and agents that show shared links, each
with and without TLS, with and without `www.`. Pure.

A site must lead all of them to the same pages, except where rules of its own say otherwise.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from redirects.match import Request

AGENTS: dict[str, str] = {
    "Browser": (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/142.0.0.0 Safari/537.36"
    ),
    # https://developers.google.com/crawling/docs/crawlers-fetchers/google-common-crawlers
    "Googlebot": (
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like "
        "Gecko) Chrome/142.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; "
        "+http://www.google.com/bot.html)"
    ),
    # https://www.bing.com/webmasters/help/which-crawlers-does-bing-use-8c184ec0
    "Bingbot": (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; "
        "+http://www.bing.com/bingbot.htm) Chrome/142.0.0.0 Safari/537.36"
    ),
    # https://developers.facebook.com/docs/sharing/webmasters/web-crawlers
    "Meta": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    # LINE and Hatena document none: these are what access logs show.
    "LINE": "facebookexternalhit/1.1;line-poker/1.0",
    "HatenaBookmark": "HatenaBookmark/4.0 (Hatena::Bookmark; Scissors)",
    # https://developer.x.com/en/docs/x-for-websites/cards/guides/troubleshooting-cards
    "Twitterbot": "Twitterbot/1.0",
    # https://api.slack.com/robots
    "Slackbot": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
}
"""The agents by the names under which the report has them, with their User-Agent. A browser comes
first: what others get is put beside that."""

_SENT = re.compile("[\x00-\x20\x7f-\U0010ffff]")

Scheme = Literal["https", "http"]
Method = Literal["GET", "HEAD"]


class Visitor(NamedTuple):
    """A kind of visitor. `agent`: a name in `AGENTS`. `host`: '' for the public one."""

    agent: str
    scheme: Scheme = "https"
    host: str = ""
    method: Method = "GET"

    def request(self, url: str, public_host: str) -> Request:
        """What this visitor sends for an old address, in the form of `OldUrl.url`. One at another
        host than the public one is asked for there, with the scheme that it has."""
        path_and_query, host, scheme = url, self.host or public_host, str(self.scheme)
        if not url.startswith("/"):
            parts = urlsplit(url)
            path_and_query = parts._replace(scheme="", netloc="").geturl() or "/"
            host, scheme = parts.netloc.lower(), parts.scheme
        path, _, query = path_and_query.partition("#")[0].partition("?")
        return Request(
            self.method,
            as_sent(path or "/"),
            as_sent(query),
            host,
            AGENTS[self.agent],
            scheme=scheme,
        )


BROWSER = Visitor("Browser")
"""Whom the others are compared with: a browser, at the public host, over TLS."""


def matrix(public_host: str) -> tuple[Visitor, ...]:
    """All kinds of visitors: every agent, scheme, host and method; `BROWSER` first.

    The hosts are the public one and its twin, without or with `www.`.
    """
    return tuple(
        Visitor(agent, scheme, host, method)
        for method in _METHODS
        for host in ("", *filter(None, (twin(public_host),)))
        for scheme in _SCHEMES
        for agent in AGENTS
    )


_SCHEMES: tuple[Scheme, ...] = ("https", "http")
_METHODS: tuple[Method, ...] = ("GET", "HEAD")


def twin(host: str) -> str:
    """The same host with `www.`, or without if it has it. '' for what has no twin: an address in
    numbers, a name without a dot, a host with a port."""
    if "." not in host or ":" in host or host.rpartition(".")[2].isdecimal():
        return ""
    return host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"


def as_sent(text: str) -> str:
    """As a client sends it: what can't stand in a request line is percent-encoded."""
    return _SENT.sub(_encoded, text)


def _encoded(found: re.Match[str]) -> str:
    # Half a surrogate pair is no text: a byte that was no UTF-8, or nothing that can be sent.
    is_byte = "\udc80" <= found[0] <= "\udcff"
    sent = found[0].encode(errors="surrogateescape" if is_byte else "surrogatepass")
    return "".join(f"%{byte:02X}" for byte in sent)
