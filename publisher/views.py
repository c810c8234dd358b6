"""Which page of a WordPress a URL asks for. Pure.

A `View` is what a URL means: this post, the second page of that category, a feed. All
URLs of one view become one site path, whatever form the CMS uses for its links. The rules
follow WordPress: `WP_Rewrite` for paths, `WP::parse_request` for queries.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import unquote, unquote_plus, urlsplit

from publisher.inventory import Inventory, Item, Term

Kind = Literal[
    "home", "post", "page", "attachment", "item", "term", "author", "date", "sitemap", "robots",
    "archive", "file", "path",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class View:
    """What a URL means.

    `id`: the object's id (`item`: `type:id`, `term`: `taxonomy:id`), a date's digits, a
    sitemap's name, or the decoded path. `variant`: a parameter that WordPress itself does
    not know but that plugins and query blocks page by.
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
        return self == View(self.kind, self.id)


# Not for visitors, or not the same for two of them: never asked for, never linked to.
_CMS_ONLY_PATH = re.compile(
    r"^/(?:wp-admin(?:/|$)|wp-json(?:/|$)|(?:wp-login|wp-signup|wp-activate|wp-cron|wp-mail|"
    r"wp-trackback|wp-comments-post|xmlrpc)\.php)|./trackback/?$|^/search/."
)
_CMS_ONLY_QUERY = frozenset(
    "rest_route s preview preview_id _wpnonce customize_changeset_uuid replytocom "
    "doing_wp_cron wc-ajax add-to-cart unapproved moderation-hash".split()
)
# Parameters that measure visitors or defeat caches; the page is the same without them.
_WITHOUT_MEANING = re.compile(
    r"^(?:utm_\w+|fbclid|gclid|yclid|msclkid|mc_[ce]id|_ga|ver|v|share|like_comment|amp|"
    r"theme|lang_switch)$"
)
# What `paged` is to the posts is a parameter to anything else that has pages.
_EMPTY_PAGES = frozenset(("", "0", "1"))

# The extensions by which a path is a file of its own and not a page with a dot in its name.
_FILE = re.compile(
    r"\.(?:html?|xhtml|php|css|m?js|json|map|xml|xsl|rss|atom|txt|md|csv|tsv|vtt|srt|webmanifest|"
    r"png|jpe?g|jfif|gif|webp|avif|svgz?|ico|bmp|tiff?|heic|psd|ai|eps|"
    r"woff2?|ttf|otf|eot|mp3|m4a|ogg|oga|opus|wav|flac|mp4|m4v|mov|webm|ogv|avi|wmv|mpe?g|3gp|"
    r"pdf|docx?|xlsx?|pptx?|odt|ods|odp|rtf|epub|ics|vcf|kmz?|kml|gpx|geojson|"
    r"zip|gz|tgz|bz2|xz|7z|rar|lzh|dmg|exe|msi|apk|swf|wasm|bin)$",
    re.IGNORECASE,
)

_SUFFIXES = (
    (re.compile(r"^(.*)/page/(\d+)$"), "paged"),
    (re.compile(r"^(.*)/comment-page-(\d+)$"), "cpage"),
    (re.compile(r"^(.*?)/feed(?:/(feed|rdf|rss|rss2|atom))?$"), "feed"),
    (re.compile(r"^(.*)/embed$"), "embed"),
)
_DATE = re.compile(r"^/(\d{4})(?:/(\d{1,2}))?(?:/(\d{1,2}))?$")
_SITEMAP = re.compile(r"^/wp-sitemap[\w-]*\.(?:xml|xsl)$")


class Views:
    """Tells the views of one CMS. `inventory` says which objects its URLs name."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.items = {item.id: item for item in inventory.items}
        self.terms = {(term.taxonomy, term.id): term for term in inventory.terms}
        self._term_slugs = {(term.taxonomy, term.slug): term for term in inventory.terms}
        self._taxonomies = {term.taxonomy for term in inventory.terms} | {"post_format"}
        self._kinds = {item.kind for item in inventory.items}
        self._known = _QUERY_VARIABLES | self._taxonomies | self._kinds
        self._slugs = {(item.kind, item.slug): item for item in inventory.items}
        self._base = urlsplit(inventory.home).path.rstrip("/")
        self._date_base = self._date_prefix(inventory.date_base)
        self._objects: dict[str, View] = {}
        for item in inventory.items:
            self._learn(item.link, item_view(item))
        for term in inventory.terms:
            self._learn(term.link, term_view(term))
        for author in inventory.authors:
            self._learn(author.link, View("author", str(author.id)))

    def of(self, path: str, query: str) -> View | None:
        """The view of a raw path (percent-encoded, below the CMS's base) and raw query.

        None: nothing that a visitor may have (log-in, REST, previews, searches).
        """
        path = unquote(path) or "/"
        if path.startswith("/index.php"):
            path = path.removeprefix("/index.php") or "/"
        parameters = _parameters(query)
        is_object = path.rstrip("/") in self._objects  # a page may be called "search"
        if (_CMS_ONLY_PATH.search(path) and not is_object) or _CMS_ONLY_QUERY & parameters.keys():
            return None
        if path != "/":
            view = self._by_path(path)
            if view.kind == "file":
                return view
        elif parameters:
            view = self._by_query(parameters)
        else:
            view = View("home")
        return self._with_parameters(view, parameters)

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
        for pattern, field in _SUFFIXES:
            match = pattern.match(trimmed)
            if match:
                return self._part(match, field)
        head, _, tail = trimmed.rpartition("/")
        parent = self._objects.get(head)
        if tail.isdecimal() and parent and parent.kind in ("post", "page", "item"):
            return parent if tail in _EMPTY_PAGES else replace(parent, page=int(tail))
        date = self._date(trimmed)
        if date:
            return View("date", date)
        if not path.endswith("/") and (
            _FILE.search(path)
            or path.startswith(("/wp-content/", "/wp-includes/", "/.well-known/"))
        ):
            return View("file", path)
        return View("path", trimmed)

    def _part(self, match: re.Match[str], field: str) -> View:
        base = match[1]
        if field == "feed":
            if base == "/comments":
                return View("home", feed=f"comments-{_feed(match[2] or '')}")
            return replace(self._base_view(base), feed=_feed(match[2] or ""))
        view = self._base_view(base)
        if field == "embed":
            return replace(view, embed=True)
        number = int(match[2])
        if field == "paged":
            return replace(view, paged=number if number > 1 else 0)
        return replace(view, cpage=number)

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
        return unquote(path).rstrip("/")

    # ---------------------------------------------------------------- queries

    def _by_query(self, parameters: dict[str, str]) -> View:
        number = parameters.get("attachment_id") or parameters.get("p") or parameters.get("page_id")
        if number:
            digits = re.match(r"\s*0*(\d+)", number)
            identity = int(digits[1]) if digits else 0
            item = self.items.get(identity)
            if item:
                return item_view(item)
            if identity:  # not listed: a draft, gone, or of a type that REST does not show
                return View("post", str(identity))
        if "sitemap" in parameters or "sitemap-stylesheet" in parameters:
            return View("sitemap", _sitemap(parameters))
        if parameters.get("robots"):
            return View("robots")
        if parameters.get("author", "").isdecimal():
            return View("author", str(int(parameters["author"])))
        date = _query_date(parameters)
        if date:
            return View("date", date)
        return self._term_by_query(parameters) or self._item_by_query(parameters) or View("home")

    def _term_by_query(self, parameters: dict[str, str]) -> View | None:
        if parameters.get("cat", "").isdecimal():
            return View("term", f"category:{int(parameters['cat'])}")
        tag = self.terms.get(("post_tag", _number(parameters.get("tag_id", ""))))
        if tag:
            return term_view(tag)
        slugs = [("post_tag", parameters.get("tag")), ("category", parameters.get("category_name"))]
        slugs += [(taxonomy, parameters.get(taxonomy)) for taxonomy in sorted(self._taxonomies)]
        slugs.append((parameters.get("taxonomy", ""), parameters.get("term")))
        for taxonomy, slug in slugs:
            if taxonomy and slug:
                term = self._term_slugs.get((taxonomy, slug.split("/")[-1]))
                return term_view(term) if term else View("term", f"{taxonomy}:{slug}")
        return None

    def _item_by_query(self, parameters: dict[str, str]) -> View | None:
        for kind in sorted(self._kinds):
            slug = parameters.get(kind) or (
                parameters.get("name") if parameters.get("post_type") == kind else None
            )
            item = self._slugs.get((kind, slug)) if slug else None
            if item:
                return item_view(item)
        for kind, name in (("post", "name"), ("page", "pagename")):
            item = self._slugs.get((kind, parameters.get(name, "").rpartition("/")[2]))
            if item and "post_type" not in parameters:
                return item_view(item)
        if parameters.get("post_type"):
            return View("archive", parameters["post_type"])
        return None

    def _with_parameters(self, view: View, parameters: dict[str, str]) -> View:
        view = replace(
            view,
            feed=_feed(parameters["feed"]) if parameters.get("feed") else view.feed,
            embed=view.embed or parameters.get("embed") in ("true", "1"),
        )
        if view.kind != "sitemap" and parameters.get("paged") not in (None, *_EMPTY_PAGES):
            view = replace(view, paged=_number(parameters["paged"]) or view.paged)
        if parameters.get("page") not in (None, *_EMPTY_PAGES):
            view = replace(view, page=_number(parameters["page"]) or view.page)
        if parameters.get("cpage"):
            view = replace(view, cpage=_number(parameters["cpage"]) or view.cpage)
        if view.feed and view.kind in ("post", "page", "item") and "comments" in view.feed:
            # A post's feed holds its comments whatever it is called.
            view = replace(view, feed=view.feed.replace("comments-", ""))
        return replace(view, variant=self._variant(parameters))

    def _variant(self, parameters: dict[str, str]) -> str:
        """The last parameter that may select something. Only one is kept: combinations of
        independent pagers have no end, and each pager alone reaches all that it shows."""
        unknown = [
            f"{name}={value}"
            for name, value in parameters.items()
            if value and name not in self._known and not _WITHOUT_MEANING.match(name)
        ]
        return unknown[-1] if unknown else ""

    def asked_query(self, query: str, view: View) -> str:
        """The part of a raw query that selects this view: the rest need not be asked for."""
        kept = []
        for written in query.split("&"):
            part = written.removeprefix("amp;")  # see _parameters
            name = unquote_plus(part.partition("=")[0])
            if name in self._known - {"cst"} or name == view.variant.partition("=")[0] != "":
                kept.append(part)
        return "&".join(kept)


_QUERY_VARIABLES = frozenset(
    "p page_id attachment_id name pagename category_name cat tag tag_id author author_name m year "
    "monthnum day post_type taxonomy term feed paged page cpage embed sitemap sitemap-subtype "
    "sitemap-stylesheet robots withcomments withoutcomments order orderby cst".split()
)


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


def _parameters(query: str) -> dict[str, str]:
    """Last one wins, as in PHP. A doubly escaped `&amp;cat=2` (WordPress prints it in some
    feed links) is taken as it was meant."""
    parameters: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name:
            parameters[unquote_plus(name).removeprefix("amp;")] = unquote_plus(value)
    return parameters


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _feed(name: str) -> str:
    return {"": "rss2", "feed": "rss2", "rss": "rss2", "comments-feed": "comments-rss2"}.get(
        name, name
    )


def _query_date(parameters: dict[str, str]) -> str:
    digits = re.sub(r"\D", "", parameters.get("m", ""))
    if len(digits) in (4, 6, 8):
        return digits
    year = parameters.get("year", "")
    if not re.fullmatch(r"\d{4}", year):
        return ""
    month, day = parameters.get("monthnum", ""), parameters.get("day", "")
    if not month.isdecimal():
        return year
    return year + month.zfill(2) + (day.zfill(2) if day.isdecimal() else "")


def _sitemap(parameters: dict[str, str]) -> str:
    """The path of a core sitemap, as `WP_Sitemaps_Provider::get_sitemap_url` builds it."""
    stylesheet = parameters.get("sitemap-stylesheet")
    if stylesheet:
        return "/wp-sitemap-index.xsl" if stylesheet == "index" else "/wp-sitemap.xsl"
    name = parameters["sitemap"]
    if name == "index":
        return "/wp-sitemap.xml"
    parts = [name, parameters.get("sitemap-subtype", ""), parameters.get("paged") or "1"]
    return f"/wp-sitemap-{'-'.join(part for part in parts if part)}.xml"
