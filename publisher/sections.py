"""What a configuration may say: its sections, each with what its values may be.

`publisher.config` reads the file and says what is wrong with it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from publisher.designers.names import is_designer_name, is_person
from publisher.designers.ownership import is_owned
from publisher.errors import ConfigError, Problem
from publisher.hosts import idna
from publisher.intake.names import is_grantable
from publisher.values import (
    PLACEHOLDER,
    TAXONOMIES_WITH_KEYS,
    TYPES_WITH_KEYS,
    as_approval,
    as_edge,
    as_patterns,
    as_store,
    is_date_template,
    is_day,
    is_file_name,
    is_glob,
    is_header,
    is_host,
    is_mail_pattern,
    is_name_of,
    is_network,
    is_old_form,
    is_origin,
    is_path_below_cms,
    is_pattern,
    is_principal,
    is_reference,
    is_share,
    is_site_glob,
    is_template,
    is_url,
)
from redirects.own import Places
from redirects.patterns import Pattern
from redirects.rules import Rule

Url = Annotated[str, AfterValidator(is_url)]
Origin = Annotated[str, AfterValidator(is_origin)]
Secret = Annotated[str, AfterValidator(is_reference)]
_STORE_ARN = r"^arn:aws[a-z-]*:cloudfront::\d{12}:key-value-store/[0-9a-f-]{36}$"
MailPattern = Annotated[str, AfterValidator(is_mail_pattern)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class SiteSection(_Section):
    """The public site."""

    url: Origin
    language: Literal["en", "ja"] = "en"

    @property
    def host(self) -> str:
        """The public host name as browsers send it, without its port."""
        return idna(urlsplit(self.url).hostname or "")


class TokenSection(_Section):
    """A place in pages where something random stands: one of the two."""

    attribute: Annotated[str, Field(pattern=r"^[A-Za-z][\w:.-]{0,60}$")] | None = None
    pattern: Annotated[str, AfterValidator(is_pattern)] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.attribute is None) == (self.pattern is None):
            raise ValueError("must have either 'attribute' or 'pattern'")
        return self


class CmsSection(_Section):
    """The staging CMS."""

    url: Url
    kind: Literal["wordpress", "generic"] = "wordpress"
    basic_auth: Secret | None = None
    include: list[Annotated[str, AfterValidator(is_path_below_cms)]] = []
    exclude: list[Annotated[str, AfterValidator(is_glob)]] = []
    connections: Annotated[int, Field(ge=1, le=64)] = 8
    keep: list[Literal["shortlink", "comment-forms", "search-forms"]] = Field(default_factory=list)
    tokens: Annotated[tuple[TokenSection, ...], Field(strict=False, max_length=50)] = ()


class RoutesSection(_Section):
    """Which object of the CMS goes to which path."""

    post: Annotated[str, is_template("id", "slug", "yyyy", "mm", "dd")] = "/blog/{id}.html"
    page: Annotated[str, is_template("id", "slug", "path")] = "/{path}/"
    category: Annotated[str, is_template("id", "slug", "path")] = "/category/{path}/"
    tag: Annotated[str, is_template("id", "slug")] = "/tag/{slug}/"
    author: Annotated[str, is_template("id")] = "/author/{id}/"
    attachment: Annotated[str, is_template("id", "slug", "yyyy", "mm", "dd")] | None = None
    date: Annotated[str, AfterValidator(is_date_template)] = "/{yyyy}/{mm}/{dd}/"
    types: dict[
        Annotated[str, is_name_of(TYPES_WITH_KEYS)],
        Annotated[str, is_template("id", "slug", "path", "yyyy", "mm", "dd", "type")],
    ] = {}
    taxonomies: dict[
        Annotated[str, is_name_of(TAXONOMIES_WITH_KEYS)],
        Annotated[str, is_template("id", "slug", "path", "taxonomy")],
    ] = {}
    feed: Annotated[str, Field(pattern=r"^[\w-][\w.-]*\.(xml|rss|atom)$")] = "feed.xml"

    def templates(self) -> dict[str, str]:
        """All templates of objects by their key, the names of types and taxonomies filled in."""
        found = {
            name: template
            for name in ("post", "page", "category", "tag", "author", "attachment")
            if (template := getattr(self, name))
        }
        for name, template in self.types.items():
            found[f"types.{name}"] = template.replace("{type}", name)
        for name, template in self.taxonomies.items():
            found[f"taxonomies.{name}"] = template.replace("{taxonomy}", name)
        return found

    @model_validator(mode="after")
    def _are_apart(self) -> RoutesSection:
        """Two templates that differ in the names of their placeholders only want one path for
        two things. A page and a post may share a form: that is how WordPress itself links
        them (`/%postname%/`), and it keeps most of their names apart."""
        seen: dict[str, str] = {}
        for key, template in self.templates().items():
            shape = PLACEHOLDER.sub("{}", template)
            other = seen.setdefault(shape, key)
            if other != key and {key, other} != {"post", "page"}:
                raise ValueError(f"{other} and {key} would have the same paths: {template}")
        return self


class SocialSection(_Section):
    """Which URL keeps the share counts."""

    cutover: (
        Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(is_day)] | None
    ) = None
    identities: Annotated[str, AfterValidator(is_file_name)] | None = None
    old_form: Annotated[str, AfterValidator(is_old_form)] | None = None
    share_buttons: Literal["old", "new"] = "old"


class StoreSection(_Section):
    """A bucket as the store."""

    url: Annotated[str, Field(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?$")]
    endpoint_url: Url | None = None


OF_CLOUDFRONT = ("distribution", "function", "key_value_store")
"""The keys of `edge` that are outputs of the stack that `publisher infra` describes."""


class EdgeSection(_Section):
    """What answers visitors."""

    kind: Literal["local", "nginx", "cloudfront"] = "local"
    distribution: Annotated[str, Field(pattern=r"^[A-Z0-9]{8,20}$")] | None = None
    function: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    key_value_store: Annotated[str, Field(pattern=_STORE_ARN)] | None = None
    previews: Annotated[str, AfterValidator(is_host)] | None = None
    content_security_policy: Annotated[str, AfterValidator(is_header)] | None = None

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        given = [key for key in OF_CLOUDFRONT if getattr(self, key)]
        if self.kind != "cloudfront" and given:
            raise ValueError(f"has {', '.join(given)}, which only kind: cloudfront has")
        return self

    def missing(self) -> list[str]:
        """The keys without which nothing can be published to this edge. The site's own
        infrastructure is described before they are known."""
        return [
            key for key in OF_CLOUDFRONT if self.kind == "cloudfront" and not getattr(self, key)
        ]


class GatesSection(_Section):
    """What the checks before publishing let through."""

    errors: Annotated[int | str, BeforeValidator(is_share)] = 0
    lost_pages: Annotated[int, Field(ge=0)] = 20
    emails: Annotated[tuple[MailPattern, ...], BeforeValidator(as_patterns)] = ()
    preservation: Annotated[float, Field(strict=False, ge=0, le=100)] = 99.0
    approval: Annotated[
        tuple[Annotated[str, AfterValidator(is_site_glob)], ...], BeforeValidator(as_approval)
    ] = ()
    approvers: Annotated[
        tuple[Annotated[str, AfterValidator(is_person)], ...], Field(strict=False)
    ] = ()


class RuleSection(_Section):
    """A redirect of the site's own, as it is written."""

    source: Annotated[str, Field(alias="from")]
    target: Annotated[str, Field(alias="to")] = ""
    status: Literal[301, 302, 307, 308, 410] = 301
    language: str = ""


class RedirectsSection(_Section):
    """Redirects of the site's own, beside those that its CMS gives."""

    max_age: Annotated[int, Field(ge=0, le=31_536_000)] = 3600
    rules: list[RuleSection] = []
    files: list[Annotated[str, AfterValidator(is_file_name)]] = []


class DesignerSection(_Section):
    """A designer: the site paths that are theirs, and how they get at their folder."""

    paths: Annotated[
        list[Annotated[str, AfterValidator(is_owned)]], Field(min_length=1, max_length=200)
    ]
    access: Literal["user", "role"] = "user"
    assumed_by: Annotated[
        list[Annotated[str, AfterValidator(is_principal)]], Field(max_length=20)
    ] = []
    # So that they fit into a policy.
    source_ips: Annotated[
        list[Annotated[str, AfterValidator(is_network)]], Field(max_length=50)
    ] = []
    mfa: bool = False
    console: bool = False
    precedence: Literal["designer", "cms"] = "designer"
    charset: Literal["convert", "refuse"] = "convert"
    scripts: Literal["allow", "refuse"] = "allow"
    types: list[Annotated[str, AfterValidator(is_grantable)]] = []
    quiet_seconds: Annotated[int, Field(ge=1, le=300)] = 10
    marker: Annotated[str, Field(pattern=r"^[\w-][\w.-]{0,60}$")] | None = None
    approval: Literal["required"] | None = None
    notify: Secret | None = None


class Config(_Section):
    """The whole configuration, valid. `folder` is where its file lies: relative paths in it
    start there. `own`: what `redirects.rules` say."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    site: SiteSection
    cms: CmsSection
    routes: RoutesSection = RoutesSection()
    social: SocialSection = SocialSection()
    store: Annotated[StoreSection | str, BeforeValidator(as_store)] = ".publisher"
    edge: Annotated[EdgeSection, BeforeValidator(as_edge)] = EdgeSection()
    gates: GatesSection = GatesSection()
    redirects: RedirectsSection = RedirectsSection()
    designers: Annotated[
        dict[Annotated[str, AfterValidator(is_designer_name)], DesignerSection],
        Field(max_length=500),
    ] = {}
    folder: Path = Field(default=Path(), exclude=True)
    own: tuple[Rule | Pattern, ...] = Field(default=(), exclude=True)

    @field_validator("store")
    @classmethod
    def _is_store(cls, value: StoreSection | str) -> StoreSection | str:
        if isinstance(value, str):
            if not value or not value.isprintable():
                raise ValueError("must be the name of a directory")
            if "://" in value:
                raise ValueError("must be a directory, or a bucket such as s3://example-site")
        return value

    @property
    def places(self) -> Places:
        """The site's hosts, for rules that name them."""
        cms = urlsplit(self.cms.url)
        return Places(urlsplit(self.site.url).netloc, cms.netloc, cms.path.rstrip("/"))

    def secret(self, reference: str | None) -> str:
        """The value of `env:NAME`; '' for None. Raises ConfigError if the variable is not set."""
        if reference is None:
            return ""
        name = reference.removeprefix("env:")
        value = os.environ.get(name, "")
        if not value:
            raise ConfigError(
                "environment", [Problem(0, name, "is not set, but the configuration names it")]
            )
        return value
