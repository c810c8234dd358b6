"""One site's parts, put together from its configuration when they are needed.

Imports are made where they are used: `publisher --help` must not wait for them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.config import Config, load
from publisher.records import Records

if TYPE_CHECKING:
    from publisher.cms.port import Cms
    from publisher.pipeline import Request
    from publisher.publish import Actor, Progress, Publisher
    from publisher.store.port import Store


class Site:
    """The parts of the site that a configuration file describes. Raises ConfigError."""

    def __init__(self, path: Path, *, dry_run: bool = False) -> None:
        from publisher.store.dryrun import DryRun

        self.config: Config = load(path)
        store = _store(self.config)
        self.store: Store = DryRun(store) if dry_run else store
        self.records: Records = Records(self.store)
        self._dry_run = dry_run

    def cms(self) -> Cms:
        """The CMS. Raises ConfigError if its password is not in the environment."""
        from publisher.cms.wordpress import WordPress

        cms = self.config.cms
        return WordPress(cms.url, self.config.secret(cms.basic_auth))

    def request(self, actor: Actor, overrides: dict[str, str]) -> Request:
        """What to export, and on whose behalf."""
        from publisher.gates import Limit, Limits
        from publisher.pipeline import Request
        from publisher.routes import Routes

        config = self.config
        return Request(
            public=config.site.url,
            cms=config.cms.url,
            routes=Routes(**config.routes.model_dump()),
            cutover=config.social.cutover or "",
            limits=Limits(Limit.parse(config.gates.errors), config.gates.lost_pages),
            emails=config.gates.emails,
            actor=actor.name,
            reason=actor.reason,
            overrides=overrides,
        )

    def publisher(self, progress: Progress) -> Publisher:
        """What changes what is live."""
        from publisher.edge.local import LocalEdge
        from publisher.publish import Publisher

        return Publisher(self.records, LocalEdge(self.store), progress)

    @contextlib.contextmanager
    def exporting(self) -> Iterator[None]:
        """One export at a time on a directory; in a bucket, the first to go live wins."""
        from publisher.lock import exclusive

        if self._dry_run or not isinstance(self.config.store, str):
            yield
        else:
            with exclusive(self.config.folder / self.config.store):
                yield


def _store(config: Config) -> Store:
    if isinstance(config.store, str):
        from publisher.store.directory import DirectoryStore

        return DirectoryStore(config.folder / config.store)
    from publisher.store.s3 import S3Store

    bucket, _, prefix = config.store.url.removeprefix("s3://").partition("/")
    return S3Store(bucket, prefix.strip("/"), config.store.endpoint_url or "")
