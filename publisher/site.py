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

import msgspec

from publisher.config import load, parse, refused
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
    from publisher.init import Row
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

_LISTED = "See `publisher releases list`."

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
        """The release that a name means: its id, the end of it, `live`, `previous` (what was live
        before that), or '', which is what is live, or else the newest. Raises PublisherError."""
        records = self.records
        live = records.intent()[0].release
        match name:
            case "":
                name = live or next(iter(records.release_ids()), "")
                if not name:
                    raise PublisherError("there is no release yet", "Make one: publisher export")
            case "live" | "previous":
                if not live:
                    raise PublisherError("nothing is live yet", _LISTED)
                name = live if name == "live" else self._before(live)
        return records.release(name)

    def to_publish(self) -> Release:
        """What goes live if nobody says what: the newest export, or what is live, if that is the
        same with what designers have uploaded since. Raises PublisherError."""
        from publisher.composing import of_cms

        records = self.records
        made = map(records.release, records.release_ids())
        newest = next((one for one in made if not one.designer), None)
        if newest is None:
            raise PublisherError("there is no release yet", "Make one: publisher export")
        live = records.intent()[0].release
        if live and of_cms(now := records.release(live)) == of_cms(newest):
            return now
        return newest

    def _before(self, live: str) -> str:
        """The id of what was live before."""
        intent, _ = self.records.intent()
        changes = [intent.change] if intent.change else []  # whoever made it may not have noted it
        for change in (*changes, *self.records.journal()):
            if change.target == LIVE and change.from_release not in ("", live):
                return change.from_release
        raise PublisherError("nothing was live before", _LISTED)

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
        """Who may look at a target: None is everybody, always. Raises ConfigError for a target
        that can't be, and for a password (`env:NAME`) that is not in the environment."""
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
        digest = password_digest(name, secret) if secret else ""
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
        from publisher.paths import BadPath, SitePath, decoded

        named = text.removeprefix(self.config.site.url) or "/"
        try:
            path = SitePath(decoded(named))
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


def begin(path: Path, cms: str, site: str, basic_auth: str | None, *, force: bool) -> list[Row]:
    """Look at the CMS at an address, write a first configuration for it, and return what it was
    made from. `site`: the public address, or '' to guess one; `basic_auth`: `env:NAME`.

    Raises ConfigError (an option that is wrong, a file that is there already and no `force`)
    and CmsError.
    """
    from publisher.addresses import EXAMPLE
    from publisher.cms.look import look
    from publisher.init import Guess, configuration, guess_site_url, rows

    if path.exists() and not force:
        message = "is there already: --force writes over it, --output FILE writes another one"
        raise ConfigError(str(path), [Problem(0, "", message)])
    asked = _options(cms, site or EXAMPLE, basic_auth)
    seen = look(asked.cms.url, asked.secret(asked.cms.basic_auth))
    found = Guess(asked.site.url) if site else guess_site_url(seen)
    text = configuration(seen, found, basic_auth)
    parse(text, str(path), path.parent)  # nothing is written that an export would refuse
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        message = f"can't be written: {error.strerror}"
        raise ConfigError(str(path), [Problem(0, "", message)]) from None
    return rows(seen, found)


def _wrong_option(option: str, message: str) -> ConfigError:
    return ConfigError("publisher", [Problem(0, option, message)])


def _options(cms: str, site: str, basic_auth: str | None) -> Config:
    """The command's options, checked as the configuration that they are to become."""
    values = {"site": {"url": site}, "cms": {"url": cms, "basic_auth": basic_auth}}
    try:
        return parse(msgspec.json.encode(values).decode(), "", Path())
    except ConfigError as error:
        problems = [Problem(0, problem.key, problem.message) for problem in error.problems]
        raise ConfigError("publisher init", problems) from None


def _store(config: Config) -> Store:
    if isinstance(config.store, str):
        from publisher.store.directory import DirectoryStore

        return DirectoryStore(config.folder / config.store)
    from publisher.store.s3 import S3Store

    bucket, _, prefix = config.store.url.removeprefix("s3://").partition("/")
    return S3Store(bucket, prefix.strip("/"), config.store.endpoint_url or "")
