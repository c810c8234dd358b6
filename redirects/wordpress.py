"""The rules for the old URLs of a WordPress: every form in which it ever linked an object."""

from collections.abc import Iterable, Iterator
from typing import Literal
from urllib.parse import quote

import msgspec

from redirects.query import canonical_query, decode
from redirects.rule import Rule
from redirects.targets import encode_path

Kind = Literal[
    "home",
    "post",
    "page",
    "attachment",
    "category",
    "post_tag",
    "author",
    "date",
    "post_format",
    "taxonomy",
    "post_type",
    "sitemap",
]


class Thing(msgspec.Struct, frozen=True):
    """One public thing of the CMS and where it is now.

    `kind`: an entry of a custom post type is a `post`; `post_type` is that type's archive.
    `id`: a number; a slug where the CMS gives no number; for `date` its digits ('2009', '200904',
    '20090401'); for `post_type` its name; for `sitemap` the raw query ('sitemap=index').
    `taxonomy`: the name of a custom taxonomy, for `taxonomy`. `types`: for an entry of a custom
    post type that type's name, and its query variable if that is another.
    `feed` ('rss2', 'atom', 'comments-rss2'), `paged` (page of a list), `page` (page of a post),
    `cpage` (page of its comments), `embed`: which part or form of the thing this is.
    `url`: a percent-encoded path from the site's root, or the absolute URL where it lies now.
    `social`: its shares are counted at the old URL, so preview crawlers get the page there.
    `slug`: decoded. For a page or category with the slugs of its parents ('company/access').
    `old_paths`: the decoded paths that the CMS itself used for it.
    """

    kind: Kind
    id: str
    url: str
    taxonomy: str = ""
    types: tuple[str, ...] = ()
    feed: str = ""
    paged: int = 0
    page: int = 0
    cpage: int = 0
    embed: bool = False
    social: bool = False
    slug: str = ""
    old_paths: tuple[str, ...] = ()


def rules_for(things: Iterable[Thing]) -> Iterator[Rule]:
    """The redirects of all old forms of these things, in the order of the things.

    Raises ValueError for a kind that WordPress does not have, or a url that can be no target.
    """
    for thing in things:
        origin = f"{thing.kind} {thing.id}".rstrip()
        in_place = thing.url if _is_page_itself(thing) else ""
        for source in _sources(thing):
            if source != _decoded_path(thing.url):
                yield Rule(source, 301, thing.url, in_place, origin)


def slash_rules(paths: Iterable[str]) -> Iterator[Rule]:
    """`/about` -> `/about/` for each decoded path with a slash whose twin without is not there.

    A file store knows no directories, so it does not add the slash as a web server does. Given a
    CMS's old paths, these rules and those of `rules_for` become one hop in a `RuleSet`.
    """
    known = dict.fromkeys(paths)
    for path in known:
        twin = path.removesuffix("/")
        if twin and twin != path and twin not in known:
            yield Rule(twin, 301, encode_path(path), origin="missing trailing slash")


def _is_page_itself(thing: Thing) -> bool:
    """Only a page has an `og:url` to be counted by: no feed, no embed, no part of another host."""
    is_path = thing.url.startswith("/") and "?" not in thing.url and "#" not in thing.url
    return thing.social and is_path and not (thing.feed or thing.embed or thing.cpage)


def _sources(thing: Thing) -> Iterator[str]:
    part = _part(thing)
    seen: set[str] = set()
    for query in _queries(thing):
        key = canonical_query("&".join(filter(None, (query, part)))).key
        if key is not None and key not in seen:
            seen.add(key)
            yield f"?{key}"
    if thing.kind == "home" and not part:
        yield from ("/index.php", "/index.php/")
    yield from thing.old_paths


def _part(thing: Thing) -> str:
    """The variables that say which part or form of the thing is meant."""
    given = (
        ("feed", thing.feed),
        ("paged", thing.paged),
        ("page", thing.page),
        ("cpage", thing.cpage),
        ("embed", thing.embed),
    )
    return "&".join(_variable(name, str(value)) for name, value in given if value)


def _queries(thing: Thing) -> list[str]:
    """The queries that name the thing, as raw queries."""
    number = thing.id if thing.id.isascii() and thing.id.isdigit() else ""
    slug = thing.slug or ("" if number else thing.id)
    match thing.kind:
        case "home":
            return [""]
        case "sitemap":
            return [thing.id]
        case "date":
            return [_variable("m", thing.id), _calendar(thing.id)]
        case "taxonomy":
            return [f"{_variable('taxonomy', thing.taxonomy)}&{_variable('term', slug)}"]
        case "post" if thing.types:
            names = [_variable("name", slug)] if slug else []
            typed = [
                f"{name}&{_variable('post_type', kind)}" for kind in thing.types for name in names
            ]
            return _named(("p", number)) + typed
    # For a child category, WordPress reads the last slug only (WP_Query::parse_tax_query).
    last_slug = slug.rpartition("/")[2]
    forms: dict[str, tuple[tuple[str, str], ...]] = {
        "post": (("p", number), ("name", slug)),
        "page": (("p", number), ("pagename", slug)),
        "attachment": (("p", number),),
        "category": (("cat", number), ("category_name", slug), ("category_name", last_slug)),
        "post_tag": (("tag", slug), ("tag_id", number)),
        "author": (("author", number),),
        "post_format": (("post_format", slug), ("post_format", f"post-format-{slug}")),
        "post_type": (("post_type", slug),),
    }
    if thing.kind not in forms:
        raise ValueError(f"unknown kind of thing: {thing.kind!r}")
    return _named(*forms[thing.kind])


def _named(*variables: tuple[str, str]) -> list[str]:
    return [_variable(name, value) for name, value in variables if value]


def _calendar(digits: str) -> str:
    """`year=2009&monthnum=04&day=01` for '20090401', and less for fewer digits."""
    parts = (("year", digits[:4]), ("monthnum", digits[4:6]), ("day", digits[6:8]))
    return "&".join(_named(*parts))


def _variable(name: str, value: str) -> str:
    return f"{name}={quote(value, safe='')}"


def _decoded_path(url: str) -> str:
    """The decoded path of a site-root url, '' for another host's."""
    from_root = url.partition("#")[0].partition("?")[0]
    return (decode(from_root) or "") if url.startswith("/") else ""
