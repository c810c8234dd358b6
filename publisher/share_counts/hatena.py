"""Hatena Bookmark: how many have bookmarked an address.

`GET https://bookmark.hatenaapis.com/count/entries?url=...&url=...` takes up to fifty addresses and
no token, and answers `{"https://www.example.co.jp/": 12}`. Documented at
http://developer.hatena.ne.jp/ja/documents/bookmark/apis/getcount, "はてなブックマーク件数取得API".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import quote_plus, unquote, urlsplit

import msgspec

from publisher.share_counts.asking import LATER, Asking, Reply, limited, nonsense, spelt
from publisher.share_counts.port import Answer, Refusal

URL = "https://bookmark.hatenaapis.com/count/entries"
URLS_MAX = 50
# Servers refuse longer request lines (414): Japanese addresses are encoded twice in one.
QUERY_BYTES_MAX = 6000
_Count = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
_Counts = msgspec.json.Decoder(dict[str, _Count])


class Hatena:
    """Implements `ShareCounts`."""

    name = "hatena"

    def __init__(self, site: str, url: str = URL) -> None:
        self._asking = Asking(url, site)

    @staticmethod
    def entries(url: str) -> tuple[str, ...]:
        """http and https are two entries at Hatena Bookmark."""
        spelling = spelt(url)
        scheme = urlsplit(spelling).scheme
        other = "http" if scheme == "https" else "https"
        return spelling, other + spelling[len(scheme) :]

    def question(self, urls: Sequence[str]) -> int:
        size = 0
        for number, url in enumerate(urls[:URLS_MAX]):
            size += len("&url=") + len(quote_plus(url))
            if size > QUERY_BYTES_MAX and number:
                return number
        return min(len(urls), URLS_MAX)

    def counts(self, urls: Sequence[str]) -> Answer:
        reply = self._asking.get([("url", url) for url in urls])
        refusal = limited("Hatena Bookmark", reply) or _refused(reply)
        if refusal:
            return Answer({}, {}, refusal)
        try:
            told = _Counts.decode(reply.body)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return Answer({}, {}, nonsense("Hatena Bookmark", reply))
        # It may spell an address in another way than it was asked.
        by_text = {unquote(url): count for url, count in told.items()}
        counts: dict[str, dict[str, int]] = {}
        unknown: dict[str, str] = {}
        for url in urls:
            count = told.get(url, by_text.get(unquote(url)))
            if count is None:
                unknown[url] = "the answer leaves it out"
            else:
                counts[url] = {"bookmarks": count}
        return Answer(counts, unknown)

    def close(self) -> None:
        self._asking.close()


def _refused(reply: Reply) -> Refusal | None:
    if reply.status == 200:
        return None
    return Refusal(f"Hatena Bookmark refuses the question (status {reply.status})", LATER)
