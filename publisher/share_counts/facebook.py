"""Facebook's Graph API: how often an address was shared, commented on and reacted to.

A URL is a node with the field `engagement`; any access token will do, numbers are not precise, and
one URL may be asked for ten times an hour
(https://developers.facebook.com/docs/graph-api/reference/url/). `?ids=` for many URLs has ended
with version 26.0 (https://github.com/restfb/restfb/issues/1692), so fifty of them are one batch
(https://developers.facebook.com/docs/graph-api/batch-requests), each of which counts as a call. A
batch is a POST: the token stands in no URL.

Limits: https://developers.facebook.com/docs/graph-api/overview/rate-limiting/; errors:
https://developers.facebook.com/docs/graph-api/guides/error-handling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import quote

import msgspec

from publisher.share_counts.asking import LATER, Asking, Reply, limited, nonsense, spelt
from publisher.share_counts.port import Answer, Refusal

URL = "https://graph.facebook.com/v26.0/"
URLS_MAX = 50
# Of what the app may ask in an hour, in percent: the rest is for what else it does.
USAGE_MAX = 95
TOKEN = "PUBLISHER_FACEBOOK_TOKEN"  # noqa: S105 - the name of a variable
"""The environment variable that holds the access token."""

_TOKEN_CODES = frozenset((102, 190, 2500))
_LIMIT_CODES = frozenset((4, 17, 32, 341, 368, 613))
_PASSING_CODES = frozenset((1, 2))
# 3 and 10, and all from 200 to 299: the app or the token may not do this.
_PERMISSION_CODES = frozenset((3, 10, *range(200, 300)))

_Count = Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class _Engagement(msgspec.Struct):
    share_count: _Count
    reaction_count: _Count
    comment_count: _Count
    comment_plugin_count: _Count = 0


class _Error(msgspec.Struct):
    code: int = 0
    error_subcode: int = 0
    message: str = ""


class _Node(msgspec.Struct):
    engagement: _Engagement | None = None
    error: _Error | None = None


class _Part(msgspec.Struct):
    code: int = 0
    body: str | None = None


class _Usage(msgspec.Struct):
    call_count: float = 0
    total_time: float = 0
    total_cputime: float = 0


_BAD_JSON = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
_Parts = msgspec.json.Decoder(list[_Part | None])
_Nodes = msgspec.json.Decoder(_Node)
_Usages = msgspec.json.Decoder(_Usage)


class Facebook:
    """Implements `ShareCounts`."""

    name = "facebook"

    def __init__(self, token: str, site: str, url: str = URL) -> None:
        self._token = token
        self._asking = Asking(url, site)

    @staticmethod
    def entries(url: str) -> tuple[str, ...]:
        """Facebook counts by the letter of `og:url`: there is one entry."""
        return (spelt(url),)

    def question(self, urls: Sequence[str]) -> int:
        return min(len(urls), URLS_MAX)

    def counts(self, urls: Sequence[str]) -> Answer:
        batch = [
            {"method": "GET", "relative_url": f"?id={quote(url, safe='')}&fields=engagement"}
            for url in urls
        ]
        form = {
            "access_token": self._token,
            "include_headers": "false",
            "batch": msgspec.json.encode(batch).decode(),
        }
        reply = self._asking.post(form)
        refusal = limited("Facebook", reply) or self._refused_as_a_whole(reply)
        if refusal:
            return Answer({}, {}, refusal)
        try:
            parts = _Parts.decode(reply.body)
        except _BAD_JSON:
            return Answer({}, {}, nonsense("Facebook", reply))
        if len(parts) != len(urls):  # which is whose can't be told
            return Answer({}, {}, nonsense("Facebook", reply))
        return self._taken(urls, parts, _used_up(reply))

    def close(self) -> None:
        self._asking.close()

    def _refused_as_a_whole(self, reply: Reply) -> Refusal | None:
        try:
            error = _Nodes.decode(reply.body).error
        except _BAD_JSON:  # a list, as it should be, or nothing that can be read
            return None
        if error is None:
            return nonsense("Facebook", reply)
        return _refusal(error) or Refusal(f"Facebook refuses: {self._told(error)}", LATER)

    def _taken(
        self, urls: Sequence[str], parts: Sequence[_Part | None], refusal: Refusal | None
    ) -> Answer:
        counts: dict[str, dict[str, int]] = {}
        unknown: dict[str, str] = {}
        for url, part in zip(urls, parts, strict=True):
            if part is None or part.body is None:  # the batch took too long for this one
                unknown[url] = "no answer in time"
                continue
            try:
                node = _Nodes.decode(part.body)
            except _BAD_JSON:
                unknown[url] = "an answer that can't be read"
                continue
            if node.error:
                refusal = _refusal(node.error) or refusal
                unknown[url] = self._told(node.error)
            elif node.engagement is None:
                unknown[url] = "an answer without counts"
            else:
                told = node.engagement
                counts[url] = {
                    "shares": told.share_count,
                    "reactions": told.reaction_count,
                    "comments": told.comment_count,
                    "comments in plugins": told.comment_plugin_count,
                }
        return Answer(counts, unknown, refusal)

    def _told(self, error: _Error) -> str:
        """An error in Facebook's words, unless they may hold the token: `Malformed access token`
        is followed by it."""
        if error.code in _TOKEN_CODES:
            return f"error {error.code}"
        words = error.message
        # The token of an app is `ID|SECRET`.
        for secret in filter(None, (self._token, self._token.partition("|")[2])):
            for form in (secret, quote(secret, safe="")):
                words = words.replace(form, "...")
        return f"error {error.code}: {words[:200]}"


def _refusal(error: _Error) -> Refusal | None:
    """What an error means for all that is still to be asked; None if it is about one address."""
    code = f"error {error.code}" + (f", {error.error_subcode}" if error.error_subcode else "")
    if error.code in _TOKEN_CODES:
        hint = f"Put a new one into {TOKEN}, then run it again: what was counted is kept."
        return Refusal(f"Facebook does not take the access token ({code})", hint)
    if error.code in _LIMIT_CODES:
        return Refusal(f"Facebook says that the app has asked too often ({code})", _AN_HOUR)
    if error.code in _PERMISSION_CODES:
        hint = f"Take a token of an app that may read, put it into {TOKEN}, and run it again."
        return Refusal(f"Facebook does not let this app or token ask ({code})", hint)
    if error.code in _PASSING_CODES:
        return Refusal(f"Facebook has a problem of its own ({code})", LATER)
    return None


def _used_up(reply: Reply) -> Refusal | None:
    """Whether the app has nearly used up its hour. The header comes with most answers only."""
    try:
        usage = _Usages.decode(reply.headers.get("x-app-usage", "{}"))
    except _BAD_JSON:
        return None
    highest = max(usage.call_count, usage.total_time, usage.total_cputime)
    if highest < USAGE_MAX:
        return None
    return Refusal(f"the Facebook app has used {highest:.0f} % of what it may ask", _AN_HOUR)


_AN_HOUR = "Run it again in an hour: what was counted is kept, and only the rest is asked for."
