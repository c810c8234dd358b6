"""Which page of a WordPress a URL asks for. Pure.

A `View` is what a URL means: this post, the second page of that category, a feed. All
URLs of one view become one site path, whatever form the CMS uses for its links. The rules
follow WordPress: `WP_Rewrite` for paths, `WP::parse_request` for queries. A CMS of another
kind has no rules that are known here: its paths and parameters are taken as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from publisher.content_types import by_name
from publisher.inventory import Inventory, Item, Term
from publisher.paths import decoded, is_page_file
from publisher.queries import (
    PARAMETERS_MAX,
    has_meaning,
    only,
    parameters,
    selection,
    variant,
    variant_names,
    without_session,
)
from publisher.variables import (
    GROUPS,
    NOT_IN_CAT,
    ORDERING,
    QUERY_VARIABLES,
    SELECTING,
    SEVERAL,
    date_of,
    listed,
    sitemap_of,
)

Kind = Literal[
    "home", "post", "page", "attachment", "item", "term", "author", "date", "sitemap", "robots",
    "archive", "query", "file", "path",
]  # fmt: skip


class View(msgspec.Struct, frozen=True):
    """What a URL means.

    `id`: the object's id (`item`: `type:id`, `term`: `taxonomy:id`), a date's digits, a
    sitemap's name, the decoded path, or for `query` the variables that name no object by
    themselves (`cat=1,5`). `variant`: parameters that change the view and are no part of
    what WordPress calls its page, as `queries.variant` writes them.
    """

    kind: Kind
    id: str = ""
    feed: str = ""
    paged: int = 0
    page: int = 0
    cpage: int = 0
    embed: bool = False
    variant: str = ""

    @property
    def is_first(self) -> bool:
        """Whether this is the object itself, not a further page, feed or embed of it."""
        return not (
            self.feed or self.paged or self.page or self.cpage or self.embed or self.variant
        )


# Not for visitors, or not the same for two of them: never asked for, never linked to.
_CMS_ONLY_PATH = re.compile(
    r"^/(?:wp-admin(?:/|$)|wp-json(?:/|$)|(?:wp-login|wp-signup|wp-activate|wp-cron|wp-mail|"
    r"wp-trackback|wp-comments-post|xmlrpc)\.php)|./trackback/?$|^/search/."
)
_CMS_ONLY_QUERY = frozenset(
    "rest_route s preview preview_id _wpnonce customize_changeset_uuid replytocom "
    "doing_wp_cron wc-ajax add-to-cart unapproved moderation-hash".split()
)
# What `paged` is to the posts is a parameter to anything else that has pages.
_EMPTY_PAGES = frozenset(("", "0", "1"))

# What is a file of its own and not a page with a dot in its name: `/図面.jww`, but not `/v1.2`. A
# path that ends in a short word keeps it, whatever it is; programs that make pages are others.
_FILE = re.compile(
    r"\.(?:[xs]?html?|php|(?!(?:aspx?|jspx?|cgi|pl|do|cfm|php\d)$)[a-z][a-z0-9]{1,4})$",
    re.IGNORECASE,
)

_SUFFIXES = (
    (re.compile(r"^(.*)/page/(\d+)$"), "paged"),
    (re.compile(r"^(.*)/comment-page-(\d+)$"), "cpage"),
    (re.compile(r"^(.*?)/feed(?:/(feed|rdf|rss|rss2|atom))?$"), "feed"),
    (re.compile(r"^(.*)/embed$"), "embed"),
)
_DATE = re.compile(r"^/(\d{4})(?:/(\d{1,2}))?(?:/(\d{1,2}))?$")
# A plain link as WordPress writes it: most queries there are.
_PLAIN_LINK = re.compile(r"(?:p|page_id|attachment_id)=([1-9]\d{0,8})")
# Longer paths are nobody's permalink: they are not taken apart.
_PATH_CHARACTERS_MAX = 4096
_SITEMAP = re.compile(r"^/wp-sitemap[\w-]*\.(?:xml|xsl)$")


class Views:
    """Tells the views of one CMS. `inventory` says which objects its URLs name."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.items = {item.id: item for item in inventory.items}
        self.terms = {(term.taxonomy, term.id): term for term in inventory.terms}
        self._term_slugs = {(term.taxonomy, term.slug): term for term in inventory.terms}
        # Those built in have a variable of another name, or none.
        self._taxonomies = {"post_format": "post_format"} | _own_variables(
            (term.taxonomy, term.link) for term in inventory.terms
        )
        self._types = _own_variables((item.kind, item.link) for item in inventory.items)
        self._selecting = SELECTING | self._taxonomies.keys() | self._types.keys()
        self._known = QUERY_VARIABLES | self._selecting
        self._slugs = {(item.kind, item.slug): item for item in inventory.items}
        self._base = urlsplit(inventory.home).path.rstrip("/")
        self._date_base = self._date_prefix(inventory.date_base)
        self._objects: dict[str, View] = {}
        self._author_names: dict[str, View] = {}
        self._item_views = {item.id: item_view(item) for item in inventory.items}
        for item in inventory.items:
            self._learn(item.link, self._item_views[item.id])
        for term in inventory.terms:
            self._learn(term.link, term_view(term))
        for author in inventory.authors:
            view = View("author", str(author.id))
            self._learn(author.link, view)
            name = (self._path_of(author.link) or "").rpartition("/")[2]
            name = parameters(urlsplit(author.link).query).get("author_name", name)
            if name:
                self._author_names[name] = view

    @cached_property
    def dates(self) -> frozenset[str]:
        """Each year, month and day of which the CMS lists anything: 2026, 202611, 20261122."""
        days = {item.date[:10].replace("-", "") for item in self.inventory.items if item.date}
        return frozenset(day[:length] for day in days for length in (4, 6, 8))

    @cached_property
    def authors(self) -> frozenset[str]:
        """The ids of all authors."""
        return frozenset(str(author.id) for author in self.inventory.authors)

    def variables_of(self, kind: str) -> tuple[str, ...]:
        """The names by which queries know a type of the site's own: its name and its variable."""
        known = [variable for variable, name in self._types.items() if name == kind]
        return tuple(dict.fromkeys((kind, *known)))

    def of(self, path: str, query: str) -> View | None:
        """The view of a raw path (percent-encoded, below the CMS's base) and raw query.

        None: nothing that a visitor may have (log-in, REST, previews, searches).
        """
        if self.inventory.kind == "generic":
            return _generic(path, query)
        if path == "/":
            plain = _PLAIN_LINK.fullmatch(query)
            known = self._item_views.get(int(plain[1])) if plain else None
            if known:
                return known
        path = decoded(without_session(path)) or "/"
        if path.startswith("/index.php"):
            path = path.removeprefix("/index.php") or "/"
        given = parameters(query) if query else {}
        is_object = path.rstrip("/") in self._objects  # a page may be called "search"
        if not is_object and _CMS_ONLY_PATH.search(path):
            return None
        if given and _CMS_ONLY_QUERY & given.keys():
            return None
        if path != "/":
            view = self._by_path(path)
            if view.kind == "file" or not given:
                return view
            return self._with_parameters(view, given, self._selecting)
        if not given:
            return View("home")
        named = self._by_query(given)
        return self._with_parameters(named, given, frozenset()) if named else None

    # ------------------------------------------------------------------ paths

    def _by_path(self, path: str) -> View:
        if _SITEMAP.match(path):
            return View("sitemap", path)
        if path == "/robots.txt":
            return View("robots")
        trimmed = path.rstrip("/")
        known = self._objects.get(trimmed)
        if known:
            return known
        if len(path) > _PATH_CHARACTERS_MAX:
            return View("path", trimmed)
        for pattern, field in _SUFFIXES:
            match = pattern.match(trimmed)
            if match:
                return self._part(match, field)
        head, _, tail = trimmed.rpartition("/")
        parent = self._objects.get(head)
        is_number = _number(tail) or (tail and tail in _EMPTY_PAGES)
        if is_number and parent and parent.kind in ("post", "page", "item"):
            return msgspec.structs.replace(
                parent, page=0 if tail in _EMPTY_PAGES else _number(tail)
            )
        return self._by_other_path(path, trimmed)

    def _by_other_path(self, path: str, trimmed: str) -> View:
        date = self._date(trimmed)
        if date:
            return View("date", date)
        if not path.endswith("/") and (
            _is_file(path) or path.startswith(("/wp-content/", "/wp-includes/", "/.well-known/"))
        ):
            return View("file", path)
        return View("path", trimmed)

    def _part(self, match: re.Match[str], field: str) -> View:
        base = match[1]
        if field == "feed":
            if base == "/comments":
                return View("home", feed=f"comments-{_feed(match[2] or '')}")
            return msgspec.structs.replace(self._base_view(base), feed=_feed(match[2] or ""))
        view = self._base_view(base)
        if field == "embed":
            return msgspec.structs.replace(view, embed=True)
        number = _number(match[2])
        if field == "paged":
            return msgspec.structs.replace(view, paged=number if number > 1 else 0)
        return msgspec.structs.replace(view, cpage=number)

    def _base_view(self, base: str) -> View:
        return self._by_path(base) if base else View("home")

    def _date(self, path: str) -> str:
        if self._date_base is None or not path.startswith(self._date_base):
            return ""
        match = _DATE.match(path[len(self._date_base) :])
        if not match:
            return ""
        year, month, day = match.groups()
        return year + (month or "").zfill(2) * bool(month) + (day or "").zfill(2) * bool(day)

    def _date_prefix(self, link: str) -> str | None:
        path = self._path_of(link)
        return re.sub(r"/\d{4}$", "", path) if path else None

    def _learn(self, link: str, view: View) -> None:
        path = self._path_of(link)
        if path is not None:
            self._objects.setdefault(path, view)

    def _path_of(self, link: str) -> str | None:
        """The decoded path of a pretty link, without slash; None for plain links."""
        parts = urlsplit(link)
        if parts.query or not link:
            return None
        path = parts.path
        if self._base and path.startswith(self._base):
            path = path[len(self._base) :]
        return decoded(path).rstrip("/")

    # ---------------------------------------------------------------- queries

    def _by_query(self, given: dict[str, str]) -> View | None:
        number = given.get("attachment_id") or given.get("p") or given.get("page_id")
        if number:
            digits = re.match(r"\s*0*(\d+)", number)
            identity = _number(digits[1]) if digits else 0
            known = self._item_views.get(identity)
            if known:
                return known
            if identity:  # not listed: a draft, gone, or of a type that REST does not show
                return View("post", str(identity))
        if "sitemap" in given or "sitemap-stylesheet" in given:
            return View("sitemap", sitemap_of(given))
        if given.get("robots"):
            return View("robots")
        single = self._item_by_query(given)
        if single:  # WordPress asks for nothing else then (`WP_Query`, `is_singular`)
            return single
        chosen = {name: value for name, value in given.items() if value and name in self._selecting}
        if "author_name" in given:
            # It is a log-in name: known by number, or not at all.
            author = self._author_names.get(given["author_name"].strip("/").rpartition("/")[2])
            return author if author and not chosen else None
        groups = {GROUPS.get(name, name) for name in chosen}
        found = self._archive(chosen) if len(groups) == 1 else None
        if found or not chosen:
            return found or View("home")
        return View("query", variant((name, listed(name, chosen[name])) for name in chosen))

    def _archive(self, chosen: dict[str, str]) -> View | None:
        """The list that one variable (or one date) names."""
        if _number(chosen.get("author", "")):
            return View("author", str(_number(chosen["author"])))
        if "post_type" in chosen:
            return View("archive", chosen["post_type"])
        date = date_of(chosen)
        return View("date", date) if date else self._term_by_query(chosen)

    def _term_by_query(self, chosen: dict[str, str]) -> View | None:
        category = _number(NOT_IN_CAT.sub("", chosen.get("cat", "")))
        if category:
            return View("term", f"category:{category}")
        tag = self.terms.get(("post_tag", _number(chosen.get("tag_id", ""))))
        if tag:
            return term_view(tag)
        slugs = [("post_tag", chosen.get("tag")), ("category", chosen.get("category_name"))]
        slugs += [(name, chosen.get(variable)) for variable, name in self._taxonomies.items()]
        slugs.append((chosen.get("taxonomy", ""), chosen.get("term")))
        for taxonomy, slug in slugs:
            if taxonomy and slug and not SEVERAL.search(slug):
                term = self._term_slugs.get((taxonomy, slug.split("/")[-1]))
                return term_view(term) if term else View("term", f"{taxonomy}:{slug}")
        return None

    def _item_by_query(self, given: dict[str, str]) -> View | None:
        asked = [(kind, given.get(variable)) for variable, kind in self._types.items()]
        asked.append((given.get("post_type", ""), given.get("name")))
        for kind, slug in asked:
            item = self._slugs.get((kind, slug)) if slug else None
            if item:
                return item_view(item)
        for kind, name in (("post", "name"), ("page", "pagename")):
            item = self._slugs.get((kind, given.get(name, "").rpartition("/")[2]))
            if item and "post_type" not in given:
                return item_view(item)
        return None

    def _with_parameters(
        self, view: View, given: dict[str, str], selecting: frozenset[str] | set[str]
    ) -> View:
        """`selecting`: the variables that choose among what the view shows."""
        if not any(has_meaning(name, value) for name, value in given.items()):
            return view
        view = msgspec.structs.replace(
            view,
            feed=_feed(given["feed"]) if given.get("feed") else view.feed,
            embed=view.embed or given.get("embed") in ("true", "1"),
        )
        if view.kind != "sitemap" and given.get("paged") not in (None, *_EMPTY_PAGES):
            view = msgspec.structs.replace(view, paged=_number(given["paged"]) or view.paged)
        if given.get("page") not in (None, *_EMPTY_PAGES):
            view = msgspec.structs.replace(view, page=_number(given["page"]) or view.page)
        if given.get("cpage"):
            view = msgspec.structs.replace(view, cpage=_number(given["cpage"]) or view.cpage)
        if view.feed and view.kind in ("post", "page", "item") and "comments" in view.feed:
            # A post's feed holds its comments whatever it is called.
            view = msgspec.structs.replace(view, feed=view.feed.replace("comments-", ""))
        own = [name for name in given if given[name] and name in ORDERING | selecting]
        unknown = "" if view.feed else self._last_unknown(given)
        if unknown and view.kind in ("post", "page", "item"):
            # One pager more: that of the comments, below what this parameter pages.
            view = msgspec.structs.replace(view, cpage=0)
        names = own[:PARAMETERS_MAX] + [unknown] * bool(unknown)
        return msgspec.structs.replace(view, variant=variant((name, given[name]) for name in names))

    def _last_unknown(self, given: dict[str, str]) -> str:
        """The last parameter that WordPress does not know. Only one is kept: combinations of
        independent pagers have no end, and each pager alone reaches all that it shows."""
        return next(
            (
                name
                for name, value in reversed(given.items())
                if name not in self._known and has_meaning(name, value)
            ),
            "",
        )

    def asked_query(self, query: str, view: View) -> str:
        """The part of a raw query that selects this view: the rest need not be asked for."""
        names = variant_names(view.variant)
        if self.inventory.kind == "wordpress":
            names |= self._known - {"cst"} - (frozenset() if view.cpage else {"cpage"})
        return only(query, names)


def _is_file(path: str) -> bool:
    return bool(_FILE.search(path) or by_name(path))


def _generic(path: str, query: str) -> View:
    """The view of an address whose CMS is not known: the path, and every parameter."""
    path = decoded(without_session(path)) or "/"
    is_file = not path.endswith("/") and (_is_file(path) or is_page_file(path))
    chosen = "" if is_file and by_name(path) and not is_page_file(path) else selection(query)
    if path == "/":
        return View("home", variant=chosen)
    if path == "/robots.txt":
        return View("robots")
    return View(
        "file" if is_file else "path", path if is_file else path.rstrip("/"), variant=chosen
    )


def _own_variables(links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The query variables of a site's own types or taxonomies, by name, out of their links: a
    plain one tells (`?film=sea`); else it is the name of the type, as WordPress has it unless told
    otherwise. Those built in have variables of other names, or none."""
    variables: dict[str, str] = {}
    for name, link in links:
        if name in variables or name in ("post", "page", "category", "post_tag"):
            continue
        told = [one for one in parameters(urlsplit(link).query) if one not in QUERY_VARIABLES]
        variables[name] = told[0] if len(told) == 1 else name
    return {variable: name for name, variable in sorted(variables.items())}


def item_view(item: Item) -> View:
    """The view of an object itself."""
    if item.kind == "post":
        return View("post", str(item.id))
    if item.kind == "page":
        return View("page", str(item.id))
    if item.kind == "attachment":
        return View("attachment", str(item.id))
    return View("item", f"{item.kind}:{item.id}")


def term_view(term: Term) -> View:
    """The view of a term's archive."""
    return View("term", f"{term.taxonomy}:{term.id}")


def _number(text: str) -> int:
    # Ids are 64-bit integers (`wp_posts`); a longer number names nothing.
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _feed(name: str) -> str:
    return {"": "rss2", "feed": "rss2", "rss": "rss2", "comments-feed": "comments-rss2"}.get(
        name, name
    )
