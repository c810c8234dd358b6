"""One location of a CDN: what has arrived there, and what it has cached.

It decides as the edge function does, by the key-value data that has arrived, caches under the
rewritten address, and asks the bucket. As CloudFront is documented to do, or worse:

- each version of the data arrives after a delay of its own, in order, at no two places at once;
- an object lives as long as its `s-maxage`, an error ten seconds;
- a stale object is asked for again with its ETag, which is of the bytes alone; where the bytes are
  the same, the old headers stay;
- an invalidation takes some seconds, at each place another time.
"""

from __future__ import annotations

import hashlib
import random
import re
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from publisher.errors import NotFound
from publisher.store.port import Headers, Store
from redirects.compile import LIVE_KEY
from redirects.match import Missing, Request, Serve, decide
from redirects.targets import encode_path
from tests.cloudfront import CloudFront

ERROR_TTL_S = 10.0
_SHARED_AGE = re.compile(r"s-maxage=([0-9]+)")


class Seen(NamedTuple):
    """What a visitor got: `entry` is the live entry by which it was decided."""

    entry: str
    status: int
    body: str = ""
    headers: Headers | None = None


@dataclass
class _Cached:
    etag: str
    body: bytes
    headers: Headers | None
    since: float
    ttl_s: float


@dataclass
class Location:
    """`spread_s` and `forget_s`: the longest times in which data and invalidations arrive."""

    cloudfront: CloudFront
    bucket: Store
    random: random.Random
    spread_s: float = 20.0
    forget_s: float = 5.0
    _arrivals: list[float] = field(default_factory=list)
    _arrived: int = 0
    _cache: dict[str, _Cached] = field(default_factory=dict)
    _forgetting: dict[str, float] = field(default_factory=dict)
    _forgotten: set[str] = field(default_factory=set)

    @property
    def data(self) -> dict[str, str]:
        """The key-value data that has arrived."""
        versions = self.cloudfront.versions
        for written, _ in versions[len(self._arrivals) :]:
            arrives = written + self.random.uniform(0, self.spread_s)
            self._arrivals.append(max(arrives, self._arrivals[-1] if self._arrivals else 0.0))
        while (
            self._arrived + 1 < len(versions)
            and self._arrivals[self._arrived + 1] <= self.cloudfront.now()
        ):
            self._arrived += 1
        return versions[self._arrived][1]

    def get(self, path: str, query: str = "") -> Seen:
        """A visitor's request. `path` is percent-encoded."""
        data = self.data
        entry = data.get(LIVE_KEY, "")
        decision = decide(data.get, Request("GET", path, query))
        if isinstance(decision, Serve):
            where = encode_path(decision.path)
            return self._file(entry, f"/{decision.slot}{where}" if decision.slot else where)
        if isinstance(decision, Missing):
            return Seen(entry, 404)
        status = {"Gone": 410, "Unavailable": 503}.get(type(decision).__name__)
        return Seen(entry, status or getattr(decision, "status", 405))

    def _file(self, entry: str, uri: str) -> Seen:
        self._forget()
        now = self.cloudfront.now()
        held = self._cache.get(uri)
        if held is None or held.since + held.ttl_s <= now:
            fetched = self._fetch(uri)
            if held and held.etag == fetched.etag:
                fetched.headers = held.headers  # 304
            self._cache[uri] = held = fetched
        if held.headers is None:
            return Seen(entry, 404)
        return Seen(entry, 200, held.body.decode(), held.headers)

    def _fetch(self, uri: str) -> _Cached:
        now = self.cloudfront.now()
        try:
            found = self.bucket.get(f"site{unquote(uri)}")
        except NotFound:
            return _Cached("", b"", None, now, ERROR_TTL_S)
        age = _SHARED_AGE.search(found.headers.cache_control)
        assert age, f"{uri} could be kept for a day"
        etag = hashlib.sha256(found.data).hexdigest()
        return _Cached(etag, found.data, found.headers, now, float(age[1]))

    def _forget(self) -> None:
        for identity, one in self.cloudfront.invalidations.items():
            if identity in self._forgotten:
                continue
            delay = self.random.uniform(0, self.forget_s)
            if self._forgetting.setdefault(identity, one.made + delay) > self.cloudfront.now():
                continue
            self._forgotten.add(identity)
            starts = tuple(path[:-1] for path in one.paths if path.endswith("*"))
            for uri in list(self._cache):
                if uri in one.paths or uri.startswith(starts):
                    del self._cache[uri]
