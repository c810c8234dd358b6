"""The configuration: `site-config.yaml`, read and checked as a whole.

All that is wrong is reported at once, each with its line and, for a misspelt key, the key
that was meant.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from publisher.addresses import idna
from publisher.errors import ConfigError, Problem
from publisher.values import (
    PLACEHOLDER,
    TAXONOMIES_WITH_KEYS,
    TYPES_WITH_KEYS,
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
    is_old_form,
    is_origin,
    is_path_below_cms,
    is_pattern,
    is_reference,
    is_share,
    is_template,
    is_url,
)
from redirects.own import Places, parse_rule
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


def load(path: Path) -> Config:
    """Read and check a configuration file. Raises ConfigError with every problem in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            str(path), [Problem(0, "", "no such file; name another one with --config")]
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), [Problem(0, "", f"can't be read: {error}")]) from None
    return parse(text, str(path), path.parent)


def parse(text: str, source: str, folder: Path) -> Config:
    """The configuration in a text; `source` names it in messages. Raises ConfigError."""
    try:
        data = _yaml().load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        what, _, _ = str(error.problem).partition(" with value ")  # it might be a secret
        raise ConfigError(source, [Problem(line, "", f"is no YAML: {what}")]) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(source, [Problem(line, "", f"is no YAML: {error.reason}")]) from None
    except RecursionError:
        raise ConfigError(source, [Problem(0, "", "is nested too deeply")]) from None
    except ValueError as error:  # a number that is too long
        raise ConfigError(source, [Problem(0, "", f"is no YAML: {error}")]) from None
    if not isinstance(data, CommentedMap):
        raise ConfigError(source, [Problem(1, "", "must be keys and values, such as 'site:'")])
    if given := [name for name in _NOT_GIVEN if name in data]:
        raise ConfigError(source, [Problem(_line(data, (n,)), n, "is no key") for n in given])
    try:
        config = Config(**_plain(data), folder=folder)
    except ValidationError as error:
        raise ConfigError(source, sorted(_problems(error, data), key=lambda p: p.line)) from None
    if urlsplit(config.site.url).netloc.lower() == urlsplit(config.cms.url).netloc.lower():
        message = "is the host of cms.url: visitors must get the files, and not the CMS"
        raise ConfigError(source, [Problem(_line(data, ("site", "url")), "site.url", message)])
    host = config.site.host
    if config.edge.previews and host.endswith(f".{config.edge.previews}"):
        message = f"must not have {host}, the public site, below it: that is no preview"
        line = _line(data, ("edge", "previews"))
        raise ConfigError(source, [Problem(line, "edge.previews", message)])
    return _with_own(config, data, source)


def _with_own(config: Config, data: CommentedMap, source: str) -> Config:
    """The configuration with its redirects understood."""
    own: list[Rule | Pattern] = []
    problems: list[Problem] = []
    for number, rule in enumerate(config.redirects.rules):
        where = ("redirects", "rules", number)
        line = _line(data, where)
        try:
            own.append(
                parse_rule(
                    rule.source,
                    rule.target,
                    rule.status,
                    rule.language,
                    origin=f"{Path(source).name}:{line}",
                    places=config.places,
                )
            )
        except ValueError as error:
            key, _, message = str(error).partition(": ")
            line = _line(data, (*where, key))
            problems.append(Problem(line, f"redirects.rules.{number}.{key}", message))
    if problems:
        raise ConfigError(source, problems)
    return config.model_copy(update={"own": tuple(own)})


def refused(path: Path, key: str, message: str) -> ConfigError:
    """The error about a value of this file that is a valid one, but not for what is asked now.
    `key` is written with dots."""
    try:
        data = _yaml().load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, MarkedYAMLError):  # it was changed meanwhile
        data = None
    line = _line(data, tuple(key.split("."))) if isinstance(data, CommentedMap) else 0
    return ConfigError(str(path), [Problem(line, key, message)])


class _Constructor(RoundTripConstructor):
    """Leaves days as they are written: they are checked, with their line, like all values."""


_Constructor.add_constructor(
    "tag:yaml.org,2002:timestamp", lambda self, node: self.construct_scalar(node)
)


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.Constructor = _Constructor
    return yaml


def _plain(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [_plain(value) for value in node]
    return str(node) if isinstance(node, str) else node


# Fields of `Config` that no file gives.
_NOT_GIVEN = tuple(name for name, field in Config.model_fields.items() if field.exclude)

# What pydantic says beside keys: which form of a value it tried, and that the key is meant.
_NOT_KEYS = ("StoreSection", "str", "[key]")


def _problems(error: ValidationError, data: CommentedMap) -> Iterator[Problem]:
    seen: set[tuple[object, ...]] = set()
    for detail in error.errors():
        # A value of several possible forms is reported once per form: keep the first that fits.
        where = tuple(part for part in detail["loc"] if part not in _NOT_KEYS)
        if detail["loc"][-1] == "str" and isinstance(detail["input"], Mapping):
            continue
        if detail["loc"][-1] == "StoreSection" or where in seen:
            continue
        seen.add(where)
        key = ".".join(str(part) for part in where)
        yield Problem(_line(data, where), key, _message(dict(detail), where))


def _message(detail: Mapping[str, Any], where: tuple[object, ...]) -> str:
    match detail["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            names = _names(where[:-1])
            close = difflib.get_close_matches(str(where[-1]), names, n=1)
            known = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(names)}"
            return f"is no key; {known}"
        case "value_error":
            return str(detail["ctx"]["error"])
        case "model_type":
            return "must be keys and values below it"
        case _:
            message = str(detail["msg"]).lower()
            return message.replace("input should be", "must be").replace("string should", "must")


def _names(where: tuple[object, ...]) -> list[str]:
    """The keys that a section knows."""
    model: type[BaseModel] = Config
    for part in where:
        if isinstance(part, int):  # one of a list: its section is that of all
            continue
        annotation = model.model_fields[str(part)].annotation
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        model = next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
    fields = model.model_fields.items()
    return [field.alias or name for name, field in fields if not field.exclude]


def _line(data: Any, where: tuple[object, ...]) -> int:
    """The 1-based line of a key, or of the innermost section that is there."""
    line = 1
    for part in where:
        if isinstance(data, CommentedMap) and part in data:
            line = data.lc.key(part)[0] + 1
        elif isinstance(data, CommentedSeq) and isinstance(part, int) and part < len(data):
            line = data.lc.item(part)[0] + 1
        else:
            break
        data = data[part]
    return line
