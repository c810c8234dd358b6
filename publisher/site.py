"""One site's parts, put together from its configuration when they are needed.

Imports are made where they are used: `publisher --help` must not wait for them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.config import load, refused
from publisher.errors import ConfigError, Problem, PublisherError
from publisher.records import Records
from publisher.release import LIVE
from publisher.sections import Config

if TYPE_CHECKING:
    from publisher.addresses import Addresses
    from publisher.cms.port import Cms
    from publisher.collect import Collector
    from publisher.composing import Owns, Sources
    from publisher.edge.cloudfront import CloudFrontEdge
    from publisher.edge.port import Edge
    from publisher.filling import Progress
    from publisher.intaking import Intake
    from publisher.own import Own
    from publisher.paths import SitePath
    from publisher.pipeline import Crew, Request
    from publisher.processes import Processes
    from publisher.publish import Actor, Audience, Publisher
    from publisher.release import Release
    from publisher.retention import Keep
    from publisher.social import Social
    from publisher.store.port import Store

# An export into a bucket that has written nothing for so long is dead: it writes four times a
# minute.
_QUIET = timedelta(minutes=2)

IDENTITIES = "social-identities.csv"
"""Where `publisher redirects capture` writes, beside the configuration that names no file."""


class Site:
    """The parts of the site that a configuration file describes. Raises ConfigError."""

    def __init__(self, path: Path, *, dry_run: bool = False) -> None:
        from publisher.store.dryrun import DryRun

        self._path = path
        self.config: Config = load(path)
        store = _store(self.config)
        self.store: Store = DryRun(store) if dry_run else store
        self.records: Records = Records(self.store)
        self._dry_run = dry_run

    def cms(self) -> Cms:
        """The CMS. Raises ConfigError if its password is not in the environment."""
        cms = self.config.cms
        credentials = self.config.secret(cms.basic_auth)
        if cms.kind == "generic":
            from publisher.cms.generic import GenericCms

            return GenericCms(cms.url, credentials, cms.connections)
        from publisher.cms.wordpress import WordPress

        return WordPress(cms.url, credentials, cms.connections)

    def own_redirects(self) -> Own:
        """The redirects that the configuration and its files say. Raises ConfigError with all
        that is wrong with them."""
        from publisher.own import Own, problems
        from publisher.redirect_files import first_of, read_all

        config = self.config
        found, wrong = read_all(config.folder, config.redirects.files, config.places)
        own = Own.of((*config.own, *found))
        wrong = wrong or first_of(problems(own))
        if wrong:
            raise ConfigError(str(self._path), wrong)
        return own

    def request(self, actor: Actor, overrides: dict[str, str], *, full: bool = False) -> Request:
        """What to export, and on whose behalf."""
        from publisher.gates import Limit, Limits
        from publisher.intake.terms import site_terms
        from publisher.pipeline import Request
        from publisher.rewrite.tokens import Shape
        from publisher.routes import Routes
        from publisher.scope import Scope

        config = self.config
        terms = site_terms(config)
        return Request(
            public=config.site.url,
            cms=config.cms.url,
            routes=Routes(**config.routes.model_dump()),
            social=self.social(),
            keep=frozenset(config.cms.keep),
            limits=Limits(Limit.parse(config.gates.errors), config.gates.lost_pages),
            emails=config.gates.emails,
            actor=actor.name,
            reason=actor.reason,
            overrides=overrides,
            scope=Scope(tuple(config.cms.include), tuple(config.cms.exclude)),
            quiet=self._quiet(full=full),
            own=self.own_redirects(),
            tokens=tuple(
                Shape(token.attribute or "", token.pattern or "") for token in config.cms.tokens
            ),
            owns=terms.owns,
            approvals=terms.approvals,
        )

    def owns(self) -> Owns | None:
        """Whose path is whose; None for a site without designers."""
        from publisher.intake.terms import site_terms

        return site_terms(self.config).owns if self.config.designers else None

    def intake(
        self, who: Actor, overrides: dict[str, str], progress: Progress, *, publish: bool
    ) -> Intake:
        """What takes designers' uploads."""
        from publisher.intake.sync import Sync
        from publisher.intake.terms import site_terms
        from publisher.intaking import Intake

        designers, edge = self.config.designers, self.config.edge
        # Elsewhere than here a preview needs a host of its own.
        has_previews = edge.previews is not None or edge.kind == "local"
        return Intake(
            Sync(self.records, site_terms(self.config), who.name, who.reason, overrides),
            lambda target: self.publisher(progress, target),
            lambda name: self.address(f"preview-{name}") if has_previews else "",
            lambda name: self.config.secret(designers[name].notify),
            progress,
            publish=publish,
            dry_run=self._dry_run,
        )

    @property
    def identities(self) -> Path:
        """The file with what the old site said in `og:url`, whether it is there or not."""
        return self.config.folder / (self.config.social.identities or IDENTITIES)

    def social(self, *, captured: bool = True) -> Social:
        """Under which address social networks know a post; without what was `captured` only by
        rule. Raises ConfigError, with every line of the file of identities that is wrong."""
        from publisher.social import Social

        social = self.config.social
        told = {}
        if social.identities and captured:
            from publisher.identity_file import read

            told = {number: row.og_url for number, row in read(self.identities).items()}
        return Social(
            social.cutover or "", told, social.old_form or "", social.share_buttons == "old"
        )

    def addresses(self, social: Social) -> Addresses:
        """Where what the CMS lists leads. Raises CmsError, ConfigError."""
        from publisher.addresses import Addresses, SiteUrls
        from publisher.routes import Routes
        from publisher.scope import Scope

        config = self.config
        inventory = self.cms().inventory()
        places = SiteUrls(config.site.url, (inventory.home, config.cms.url))
        scope = Scope(tuple(config.cms.include), tuple(config.cms.exclude))
        routes = Routes(**config.routes.model_dump())
        return Addresses(inventory, routes, places, social, scope=scope)

    def release(self, name: str) -> Release:
        """The release that a name means (`naming.named`). Raises PublisherError."""
        from publisher.naming import named

        return named(self.records, name)

    def to_publish(self) -> Release:
        """What goes live if nobody says what (`naming.newest`). Raises PublisherError."""
        from publisher.naming import newest

        return newest(self.records)

    def _quiet(self, *, full: bool) -> timedelta | None:
        if full:
            return None
        # A directory's lock says that nobody else is at work; a dry run does not take it.
        is_alone = isinstance(self.config.store, str) and not self._dry_run
        return timedelta() if is_alone else _QUIET

    def staff(self, processes: Processes) -> AbstractContextManager[Crew]:
        """Who prepares pages: these processes."""
        from publisher.workers import Workers

        return Workers(processes)

    def publisher(self, progress: Progress, target: str = LIVE) -> Publisher:
        """What changes what is live, or on a preview."""
        from publisher.publish import Publisher

        return Publisher(self.records, self.edge(progress), progress, target)

    def edge(self, progress: Progress) -> Edge:
        """What answers visitors. Raises ConfigError if keys that it needs are missing."""
        from publisher.edge.store import StoreEdge

        match self.config.edge.kind:
            case "local":
                return StoreEdge(self.store)
            case "nginx":
                from publisher.edge.nginx import COOLING_S

                return StoreEdge(self.store, COOLING_S)
            case "cloudfront":
                return self.cloudfront(progress)

    def cloudfront(self, progress: Progress) -> CloudFrontEdge:
        """CloudFront as the edge. Raises ConfigError if it is not, or keys are missing."""
        from publisher.edge.cloudfront import CloudFrontEdge

        edge = self.config.edge
        if edge.kind != "cloudfront":
            raise refused(self._path, "edge", f"is {edge.kind}, and not cloudfront")
        if missing := edge.missing():
            what = "outputs of the stack that `publisher infra` describes"
            raise refused(self._path, "edge", f"needs {', '.join(missing)}: {what}")
        return CloudFrontEdge(
            edge.distribution or "",
            edge.function or "",
            edge.key_value_store or "",
            self._function,
            progress,
        )

    def _function(self, fallback: str) -> str:
        """The edge function's code for this site."""
        from redirects.edge import source

        config = self.config
        previews = config.edge.previews or ""
        return source(config.site.host, previews, fallback, config.redirects.max_age)

    def audience(self, target: str, days: int, password: str) -> Audience | None:
        """Who may look at a target: None is everybody, always. A preview that has a password keeps
        it, unless there is another one: who leaves the option out does not mean to open it. Raises
        ConfigError for a target that can't be, and for a password (`env:NAME`) that is not in the
        environment."""
        from publisher.publish import Audience
        from publisher.release import PREVIEW, is_target, utc_now
        from publisher.values import is_reference
        from redirects.compile import password_digest

        if not is_target(target):
            message = (
                f"{target!r} is no target: live, or preview- and up to 40 letters a-z, digits and "
                "hyphens"
            )
            raise _wrong_option("--to", message)
        if target == LIVE:
            if password:
                raise _wrong_option("--password", "is for previews: see --to")
            return None
        secret = ""
        if password:
            try:
                secret = self.config.secret(is_reference(password))
            except ValueError as error:
                raise _wrong_option("--password", str(error)) from None
        name = target.removeprefix(PREVIEW)
        digest = (
            password_digest(name, secret) if secret else self.records.intent(target)[0].password
        )
        return Audience(utc_now() + timedelta(days=days), digest)

    def address(self, target: str) -> str:
        """Where a target can be seen."""
        from publisher.release import PREVIEW

        if target == LIVE:
            return self.config.site.url
        name = target.removeprefix(PREVIEW)
        if previews := self.config.edge.previews:
            return f"https://{name}.{previews}"
        return f"http://{name}.localhost:8080 (on this machine, while `publisher preview` runs)"

    def path(self, text: str) -> SitePath:
        """The site path that somebody names, also by its public address. Raises PublisherError
        if no release has it."""
        from publisher.manifest import find
        from publisher.paths import BadPath, SitePath, decoded, without_host

        try:
            path = SitePath(decoded(without_host(text, self.config.site.url)))
        except BadPath as error:
            raise PublisherError(f"{text!r} is no path of the site: {error}") from None
        for name in self.records.release_ids():
            manifest = self.records.manifest(self.records.release(name).manifest)
            if find(manifest, path, self.records.load_part):
                return path
        raise PublisherError(
            f"no release has {path}", "Copy the address of the page from a browser."
        )

    def withdraw(self, path: SitePath, who: Actor, progress: Progress) -> list[SitePath]:
        """Take a path out of the public site and all previews. Returns what lies below it: it
        stays."""
        from publisher.manifest import below

        for target in (LIVE, *self.records.previews()):
            if target == LIVE or self.records.intent(target)[0].slot:  # not of one that has ended
                self.publisher(progress, target).withdraw(path, who)
        live = self.records.release(self.records.intent()[0].release)
        return list(below(self.records.manifest(live.manifest), path, self.records.load_part))

    def sources(self, path: SitePath) -> Sources:
        """Where what is live has a path from."""
        from publisher.composing import sources

        return sources(self.records, self.records.release(self.records.intent()[0].release), path)

    def collector(self, progress: Progress, keep: Keep) -> Collector:
        """What removes what is not needed any more."""
        from publisher.collect import Collector
        from publisher.store.directory import DirectoryStore

        store = self.store
        return Collector(
            self.records,
            None if self._dry_run else self.edge(progress),
            progress,
            keep,
            is_alone=self._quiet(full=False) == timedelta(),
            leftovers=store.remove_temporary if isinstance(store, DirectoryStore) else lambda _: 0,
        )

    @contextlib.contextmanager
    def exporting(self) -> Iterator[None]:
        """One export at a time on a directory; in a bucket, the first to go live wins."""
        from publisher.lock import exclusive

        if self._dry_run or not isinstance(self.config.store, str):
            yield
        else:
            with exclusive(self.config.folder / self.config.store):
                yield


def _wrong_option(option: str, message: str) -> ConfigError:
    return ConfigError("publisher", [Problem(0, option, message)])


def _store(config: Config) -> Store:
    if isinstance(config.store, str):
        from publisher.store.directory import DirectoryStore

        return DirectoryStore(config.folder / config.store)
    from publisher.store.s3 import S3Store

    bucket, _, prefix = config.store.url.removeprefix("s3://").partition("/")
    return S3Store(bucket, prefix.strip("/"), config.store.endpoint_url or "")
