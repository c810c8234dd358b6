"""Which site path a view of the CMS gets. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from publisher.inventory import Item
from publisher.paths import BadPath, SitePath, below, decoded, fitted
from publisher.queries import file_name, folders
from publisher.views import View, Views

# A hierarchy deeper than this is a loop in the CMS's data.
_DEPTH_MAX = 20
# What only the list tells.
_UNKNOWN_OF_UNLISTED = ("{slug}", "{yyyy}", "{mm}", "{dd}")
_OTHER_TYPE = "/{type}/{slug}/"
_OTHER_TAXONOMY = "/{taxonomy}/{path}/"
_POST_FORMAT = "/type/{slug}/"


@dataclass(frozen=True, slots=True)
class Routes:
    """Templates of site paths. Placeholders: `{id}` and `{slug}` everywhere, `{path}` (the
    slugs of all parents and its own) for what has parents, `{yyyy}`, `{mm}`, `{dd}` for what
    has a date, `{type}` and `{taxonomy}`.

    `attachment` None leads to the file. `date` is cut after what an archive knows. `types` and
    `taxonomies` are those that are not built in, by name. `feed` is a file's name.
    """

    post: str = "/blog/{id}.html"
    page: str = "/{path}/"
    category: str = "/category/{path}/"
    tag: str = "/tag/{slug}/"
    author: str = "/author/{id}/"
    attachment: str | None = None
    date: str = "/{yyyy}/{mm}/{dd}/"
    types: Mapping[str, str] = field(default_factory=dict)
    taxonomies: Mapping[str, str] = field(default_factory=dict)
    feed: str = "feed.xml"


class Router:
    """Site paths for the views of one CMS."""

    def __init__(self, routes: Routes, views: Views) -> None:
        self._routes = routes
        self._views = views
        self._home = views.inventory.home
        self._base = urlsplit(self._home).path.rstrip("/")
        self._home_slash = f"{self._home}/"
        self._top = {
            item.slug for item in views.inventory.items if item.kind == "page" and not item.parent
        }

    def path(self, view: View) -> SitePath:
        """The site path of a view. Raises BadPath for one that can't have any."""
        path = self._object(view)
        if view.is_first or (view.kind == "attachment" and not self._routes.attachment):
            return path
        if view.paged:
            path = below(path, f"page/{view.paged}")
        if view.page:
            path = below(path, str(view.page))
        if view.cpage:
            path = below(path, f"comment-page-{view.cpage}")
        if view.embed:
            path = below(path, "embed")
        if view.variant:
            path = below(path, folders(view.variant))
        if view.feed:
            return self._feed(path, view.feed)
        return path

    def _object(self, view: View) -> SitePath:
        match view.kind:
            case "post" | "page":
                return self._item(view)
            case "term":
                return self._term(view.id)
            case "attachment":
                return self._attachment(view)
            case "item":
                return self._of_type(view)
            case "author":
                return fitted(_fill(self._routes.author, id=view.id))
            case "date":
                return self._date(view.id)
            case _:
                return _as_it_is(view)

    def _item(self, view: View) -> SitePath:
        item = self._views.items.get(int(view.id))
        template = self._routes.post if view.kind == "post" else self._routes.page
        if item is None:  # the CMS did not list it: only its id is known
            is_told = not any(name in template for name in _UNKNOWN_OF_UNLISTED)
            return fitted(_fill(template if is_told else Routes().post, id=view.id, path=view.id))
        if item.link in (self._home, self._home_slash):
            return SitePath("/")  # a page that is the front page
        path = self._page_path(item) if "{path}" in template else ""
        return fitted(_filled(template, item, path))

    def _of_type(self, view: View) -> SitePath:
        """An object of a type that is not built in."""
        kind, _, number = view.id.partition(":")
        template = self._routes.types.get(kind, _OTHER_TYPE)
        item = self._views.items[int(number)]
        return fitted(_filled(template, item, "/".join(self._slugs(item))))

    @property
    def has_attachment_pages(self) -> bool:
        """Whether attachments have pages of their own, and are not just their files."""
        return bool(self._routes.attachment)

    @property
    def feed_name(self) -> str:
        """The name of the file that a feed is."""
        return self._routes.feed

    def _date(self, digits: str) -> SitePath:
        """The archive of a year, month or day: the template up to what it knows."""
        template = self._routes.date
        for placeholder, length in (("{mm}", 4), ("{dd}", 6)):
            if len(digits) == length:
                template = template[: template.index(placeholder)]
        return fitted(_fill(template, yyyy=digits[:4], mm=digits[4:6], dd=digits[6:]))

    def _page_path(self, item: Item) -> str:
        link = urlsplit(item.link)
        if self._views.inventory.pretty and not link.query:
            # The CMS's own: a parent may be private, and so not be listed.
            return decoded(link.path).removeprefix(self._base).strip("/")
        parent = self._views.items.get(item.parent)
        if item.parent and parent is None and item.slug in self._top:
            return f"{item.slug}-{item.id}"  # its private parent told it from this other page
        return "/".join(self._slugs(item))

    def _slugs(self, item: Item) -> list[str]:
        """The slugs of all listed parents and its own."""
        slugs = [item.slug]
        parent = self._views.items.get(item.parent)
        while parent is not None and len(slugs) < _DEPTH_MAX:
            slugs.append(parent.slug)
            parent = self._views.items.get(parent.parent)
        return slugs[::-1]

    def _term(self, identity: str) -> SitePath:
        taxonomy, _, key = identity.partition(":")
        term = self._views.terms.get((taxonomy, int(key))) if key.isdecimal() else None
        slug, path = (term.slug, self._term_path(taxonomy, term.id)) if term else (key, key)
        number = str(term.id) if term else key
        if taxonomy == "category":
            template = self._routes.category
        elif taxonomy == "post_tag":
            template = self._routes.tag
        elif taxonomy == "post_format":
            slug, path = (text.removeprefix("post-format-") for text in (slug, path))
            template = self._routes.taxonomies.get(taxonomy, _POST_FORMAT)
        else:
            template = self._routes.taxonomies.get(taxonomy, _OTHER_TAXONOMY)
        return fitted(_fill(template, id=number, slug=slug, path=path, taxonomy=taxonomy))

    def _term_path(self, taxonomy: str, number: int) -> str:
        slugs: list[str] = []
        while (term := self._views.terms.get((taxonomy, number))) and len(slugs) < _DEPTH_MAX:
            slugs.append(term.slug)
            number = term.parent
        return "/".join(reversed(slugs))

    def _attachment(self, view: View) -> SitePath:
        item = self._views.items.get(int(view.id))
        if item is None:
            raise BadPath(f"attachment {view.id} is not listed")
        if self._routes.attachment:
            return fitted(_filled(self._routes.attachment, item, item.slug))
        if not item.file:
            raise BadPath(f"attachment {view.id} has no file")
        path = decoded(urlsplit(item.file).path)
        return fitted(path.removeprefix(self._base) if self._base else path)

    def _feed(self, path: SitePath, name: str) -> SitePath:
        """RSS 2 has the configured name, other formats have theirs in it: `feed-atom.xml`."""
        if name in ("rss2", "comments-rss2"):
            folder = "comments/" if name != "rss2" else ""
            return below(path, folder + self._routes.feed)
        stem, _, extension = self._routes.feed.rpartition(".")
        return below(path, f"{stem}-{file_name(name)}.{extension}")


def _as_it_is(view: View) -> SitePath:
    """The path of what no template is for."""
    match view.kind:
        case "file" | "sitemap":
            return fitted(view.id)
        case "path" | "archive":
            return fitted(f"/{view.id.lstrip('/')}/" if view.id != "/" else "/")
        case "query":
            return below(SitePath("/"), folders(view.id))
        case "robots":
            return SitePath("/robots.txt")
        case _:
            return SitePath("/")


def _filled(template: str, item: Item, path: str) -> str:
    yyyy, mm, dd = [*item.date[:10].split("-"), "", "", ""][:3]
    values = {"yyyy": yyyy, "mm": mm, "dd": dd, "type": item.kind}
    return _fill(template, id=str(item.id), slug=item.slug, path=path, **values)


def _fill(template: str, **values: str) -> str:
    return template.format_map(values)
