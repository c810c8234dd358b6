"""From a look at a CMS to a first configuration: what was seen, what follows. Pure.

All that the CMS says is foreign: it comes into the configuration only in comments of one short
line each, or as an address that has been checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote, unquote, urlsplit

import msgspec

from publisher.addresses import EXAMPLE
from publisher.discovery import disallows_all
from publisher.front import Front, host_of, one_line
from publisher.hosts import is_name
from publisher.inventory import Item

_NOTHING = "nothing shows it"
# What hosts of staging sites begin with: `staging.example.co.jp`, `stg2-www.example.co.jp`.
_STAGING = re.compile(
    r"(?:staging|stage|stg|develop|dev|testing|test|uat|qa|cms|wp|wordpress|admin|edit|editor|"
    r"preview|internal|origin|backend|private|demo)\d*[.-](?=.)"
)
_PLAIN_YAML = re.compile(r"[A-Za-z0-9][A-Za-z0-9:/._-]*[A-Za-z0-9/]")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Look:
    """What a CMS showed of itself.

    `url`: where it was reached. `rest`: its REST API answers, or the status of a refusal, or 0.
    `home`, `title`: what REST says of the site. `wordpress`: where it was seen that this is
    one, '' if nowhere. `sample`: one of its posts. `counts`: how many of what REST lists.
    `sitemaps`, `feeds`: addresses that answered. `listed`: the first address in a sitemap.
    `password`: it was asked with one.
    """

    url: str
    front: Front
    rest: Literal["answers"] | int = 0
    home: str = ""
    title: str = ""
    wordpress: str = ""
    sample: Item | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    robots: str = ""
    sitemaps: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    listed: str = ""
    password: bool = False

    @property
    def kind(self) -> Literal["wordpress", "generic"]:
        """What `cms.kind` must be: without REST a WordPress is a site like any other."""
        return "wordpress" if self.rest == "answers" else "generic"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing found out: what, its value, and where it was seen."""

    what: str
    value: str
    where: str


@dataclass(frozen=True, slots=True)
class Guess:
    """The address of the public site, and what it was guessed from; '' if it was given."""

    url: str
    source: str = ""


def guess_site_url(look: Look) -> Guess:
    """Where the public site might be. Staging and public site never share a host."""
    reached, home = host_of(look.url), host_of(look.home)
    canonical = host_of(look.front.canonical)
    for host, source in (
        (canonical, "the canonical link of the home page"),
        (home, "the address that the CMS believes it has"),
    ):
        name = host.partition(":")[0]
        if host not in (reached, "") and is_name(name) and not _STAGING.match(name):
            return Guess(f"https://{host}", source)
    for host in (home, reached):
        name = host.partition(":")[0]
        rest = _STAGING.sub("", name, count=1) if _STAGING.match(name) else ""
        if is_name(name) and "." in rest:
            return Guess(f"https://{rest if rest.startswith('www.') else f'www.{rest}'}", host)
    return Guess(EXAMPLE, _NOTHING)


def permalinks(look: Look) -> str:
    """The form of the CMS's links to posts as WordPress writes it: `/%year%/%postname%/`;
    `/?p=%post_id%` for plain ones; '' if no post tells."""
    post = look.sample
    if post is None:
        return ""
    parts = urlsplit(post.link)
    if parts.query:
        return "/?p=%post_id%"
    base = urlsplit(look.home).path.rstrip("/")
    names = {
        "%postname%": post.slug,
        "%post_id%": str(post.id),
        "%year%": post.date[:4],
        "%monthnum%": post.date[5:7],
        "%day%": post.date[8:10],
    }
    form = []
    for part in unquote(parts.path).removeprefix(base).split("/"):
        name, dot, extension = part.rpartition(".")
        stem = name if dot else part
        # Each placeholder stands once: on the tenth of October the month comes first.
        found = next((key for key, value in names.items() if stem == value != ""), "")
        names.pop(found, None)
        form.append((found or stem) + (f".{extension}" if dot else ""))
    return one_line("/".join(form))


def rows(look: Look, site: Guess) -> list[Row]:
    """What was found out, in the order in which it is shown."""
    return list(_rows(look, site))


def _rows(look: Look, site: Guess) -> Iterator[Row]:
    page = "home page"
    front = look.front
    yield from _machine(look)
    yield Row("Password", "as given" if look.password else "not asked for", page)
    if title := look.title or front.title:
        yield Row("Title", title, "REST API" if look.title else page)
    if front.language:
        yield Row("Language", front.language, page)
    yield Row("Encoding", front.charset or "not told", page)
    if form := permalinks(look):
        plain = " (plain)" if "?" in form else ""
        yield Row("Permalinks", form + plain, "link of a post")
    if look.counts:
        holds = ", ".join(f"{count:,} {name}" for name, count in look.counts.items())
        yield Row("Holds", holds, "REST API")
    yield Row("Sitemaps", _some(look.sitemaps) or "none found", "robots.txt, usual places")
    yield Row("Feeds", _some(look.feeds) or "none found", page)
    if front.noindex or disallows_all(look.robots):
        where = page if front.noindex else "robots.txt"
        yield Row("Search engines", "are asked to stay away: check before you go live", where)
    own = {host_of(look.url), host_of(look.home), urlsplit(site.url).netloc}
    others = tuple(host for host in front.hosts if host not in own)
    if others:
        yield Row("Files elsewhere", f"{_some(others)}: stay where they are", page)
    yield Row("cms.kind", look.kind, "see above")
    checked = " - CHECK THIS" if site.source else ""
    yield Row("site.url", site.url + checked, site.source or "--site-url")


def _machine(look: Look) -> Iterator[Row]:
    """What it is, how it answers, and under which name."""
    yield Row("CMS", *_cms(look))
    if look.rest == "answers":
        yield Row("REST API", "answers", "REST API")
        if look.home.rstrip("/") != look.url.rstrip("/"):
            yield Row("Its own address", look.home, "REST API")
    elif look.wordpress:
        status = f"status {look.rest}" if look.rest else "no JSON"
        yield Row("REST API", f"switched off ({status}): {_WITHOUT_REST}", "REST API")
    if look.kind == "generic" and host_of(look.listed) not in ("", host_of(look.url)):
        yield Row("Its own address", f"{_origin(look.listed)}: {_OTHER_ADDRESS}", "a sitemap")


_WITHOUT_REST = (
    "only what links and sitemaps lead to is exported, and old addresses (/?p=1) get no "
    "redirects. Better: let REST answer to reading, then run this again"
)
_OTHER_ADDRESS = (
    "its links to there are left as they are and not followed. Better: let the CMS take the "
    "address where it was reached for its own"
)


def _origin(url: str) -> str:
    return f"{urlsplit(url).scheme}://{host_of(url)}"


def _cms(look: Look) -> tuple[str, str]:
    generator = next(iter(look.front.generators), "")
    if look.wordpress:
        told = next((g for g in look.front.generators if g.startswith("WordPress ")), "")
        version = told.removeprefix("WordPress ")
        if re.fullmatch(r"[\w.-]{1,40}", version):
            return f"WordPress {version}", "generator of the home page"
        return "WordPress (version not shown)", look.wordpress
    return generator or "not known", "generator of the home page" if generator else "home page"


def _some(values: tuple[str, ...]) -> str:
    shown = ", ".join(one_line(value) for value in values[:_SHOWN])
    more = len(values) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


# --------------------------------------------------------------------- configuration


def configuration(look: Look, site: Guess, basic_auth: str | None) -> str:
    """A commented site-config.yaml, which `publisher export` takes as it is."""
    kind, where = _cms(look)
    title = look.title or look.front.title
    guessed = f"  # GUESSED ({site.source}). Check it before you publish.\n" if site.source else ""
    auth = (
        f"  basic_auth: {_value(basic_auth)}"
        if basic_auth
        else "  # If it is behind a password: the variable that holds user:password.\n"
        "  # basic_auth: env:CMS_BASIC_AUTH"
    )
    return f"""\
# Written by `publisher init` from what the CMS showed. docs/configuration.md has every key.
# {one_line(f"Seen: {kind} ({where}){f', {title!r}' if title else ''}")}

site:
  # The address that visitors see. Canonical links, feeds and sitemaps carry it.
{guessed}  url: {_value(site.url)}
  # Of reports that people read: en or ja.
  language: {"ja" if look.front.language.lower().startswith("ja") else "en"}

cms:
  # Where the CMS is reached on the staging network.
  url: {_value(look.url)}
  # wordpress: its REST API lists what there is. generic: links and sitemaps lead to it.
  kind: {look.kind}
{auth}

# Where everything is kept: releases, files, history. Relative to this file.
store: .publisher
{_routes(look) if look.kind == "wordpress" else ""}"""


def _routes(look: Look) -> str:
    form = permalinks(look)
    own = _as_route(form)
    told = f"# The CMS has posts at {own or form}\n" if form else ""
    return f"""
# Which page goes to which path; every other address becomes a redirect. These are the defaults.
{told}# routes:
#   post: /blog/{{id}}.html
#   page: /{{path}}/
"""


def _as_route(form: str) -> str:
    """A permalink form as a template of `routes.post`; '' if it can't be one."""
    for theirs, ours in (
        ("%postname%", "{slug}"), ("%post_id%", "{id}"), ("%year%", "{yyyy}"),
        ("%monthnum%", "{mm}"), ("%day%", "{dd}"),
    ):  # fmt: skip
        form = form.replace(theirs, ours)
    is_ours = re.fullmatch(r"/(?:[A-Za-z0-9/._-]|\{\w+\})+", form) and ".." not in form
    return form if is_ours and ("{slug}" in form or "{id}" in form) else ""


def _value(text: str) -> str:
    """A text as a YAML value: as it is where that is plain, else as JSON, which YAML reads."""
    if _PLAIN_YAML.fullmatch(text):
        return text
    return msgspec.json.encode(text if text.isprintable() else quote(text, safe=":/")).decode()
