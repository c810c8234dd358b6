"""Which site path a view of the CMS gets. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from publisher.inventory import Item
from publisher.paths import BadPath, SitePath, below
from publisher.views import View, Views

# A hierarchy deeper than this is a loop in the CMS's data.
_DEPTH_MAX = 20
_UNSAFE_IN_NAME = re.compile(r"[\s/\\.?#%&=+:;,\"'<>|*]+")


@dataclass(frozen=True, slots=True)
class Routes:
    """Templates of site paths. Placeholders: `{id}` and `{slug}` everywhere, `{path}` (the
    slugs of all parents and its own) for pages and categories, `{yyyy}`, `{mm}`, `{dd}` for
    posts.
    """

    post: str = "/blog/{id}.html"
    page: str = "/{path}/"
    category: str = "/category/{path}/"
    tag: str = "/tag/{slug}/"
    author: str = "/author/{id}/"


class Router:
    """Site paths for the views of one CMS."""

    def __init__(self, routes: Routes, views: Views) -> None:
        self._routes = routes
        self._views = views
        self._home = views.inventory.home
        self._base = urlsplit(self._home).path.rstrip("/")
        self._top = {
            item.slug for item in views.inventory.items if item.kind == "page" and not item.parent
        }

    def path(self, view: View) -> SitePath:
        """The site path of a view. Raises BadPath for one that can't have any."""
        if view.kind == "attachment":
            return self._attachment(int(view.id))
        path = self._object(view)
        if view.paged:
            path = below(path, f"page/{view.paged}")
        if view.page:
            path = below(path, str(view.page))
        if view.cpage:
            path = below(path, f"comment-page-{view.cpage}")
        if view.embed:
            path = below(path, "embed")
        if view.variant:
            path = below(path, _name(view.variant))
        if view.feed:
            return _feed(path, view.feed)
        return path

    def _object(self, view: View) -> SitePath:
        match view.kind:
            case "home":
                return SitePath("/")
            case "post" | "page":
                return self._item(view)
            case "item":
                kind, _, number = view.id.partition(":")
                return SitePath(f"/{kind}/{self._views.items[int(number)].slug}/")
            case "term":
                return self._term(view.id)
            case "author":
                return SitePath(self._routes.author.format(id=view.id, slug=view.id))
            case "date":
                digits = view.id
                parts = [digits[:4], digits[4:6], digits[6:]]
                return SitePath("/" + "".join(f"{part}/" for part in parts if part))
            case "robots":
                return SitePath("/robots.txt")
            case "archive":
                return SitePath(f"/{view.id}/")
            case "sitemap" | "file":
                return SitePath(view.id)
            case _:
                return SitePath(f"{view.id}/" if view.id != "/" else "/")

    def _item(self, view: View) -> SitePath:
        item = self._views.items.get(int(view.id))
        template = self._routes.post if view.kind == "post" else self._routes.page
        if item is None:  # the CMS did not list it: only its id is known
            template = template if "{slug}" not in template else Routes().post
            return SitePath(_fill(template, id=view.id, slug=view.id, path=view.id))
        if item.link.rstrip("/") == self._home:
            return SitePath("/")  # a page that is the front page
        yyyy, mm, dd = [*item.date[:10].split("-"), "", "", ""][:3]
        path = self._page_path(item)
        return SitePath(
            _fill(template, id=view.id, slug=item.slug, path=path, yyyy=yyyy, mm=mm, dd=dd)
        )

    def _page_path(self, item: Item) -> str:
        link = urlsplit(item.link)
        if self._views.inventory.pretty and not link.query:
            # The CMS's own: a parent may be private, and so not be listed.
            return unquote(link.path).removeprefix(self._base).strip("/")
        parent = self._views.items.get(item.parent)
        if item.parent and parent is None and item.slug in self._top:
            return f"{item.slug}-{item.id}"  # its private parent told it from this other page
        slugs = [item.slug]
        while parent is not None and len(slugs) < _DEPTH_MAX:
            slugs.append(parent.slug)
            parent = self._views.items.get(parent.parent)
        return "/".join(reversed(slugs))

    def _term(self, identity: str) -> SitePath:
        taxonomy, _, key = identity.partition(":")
        term = self._views.terms.get((taxonomy, int(key))) if key.isdecimal() else None
        slug, path = (term.slug, self._term_path(taxonomy, term.id)) if term else (key, key)
        number = str(term.id) if term else key
        if taxonomy == "category":
            return SitePath(_fill(self._routes.category, id=number, slug=slug, path=path))
        if taxonomy == "post_tag":
            return SitePath(_fill(self._routes.tag, id=number, slug=slug, path=path))
        name = "type" if taxonomy == "post_format" else taxonomy
        return SitePath(f"/{name}/{path.removeprefix('post-format-')}/")

    def _term_path(self, taxonomy: str, number: int) -> str:
        slugs: list[str] = []
        while (term := self._views.terms.get((taxonomy, number))) and len(slugs) < _DEPTH_MAX:
            slugs.append(term.slug)
            number = term.parent
        return "/".join(reversed(slugs))

    def _attachment(self, number: int) -> SitePath:
        item = self._views.items.get(number)
        if item is None or not item.file:
            raise BadPath(f"attachment {number} has no file")
        path = unquote(urlsplit(item.file).path)
        return SitePath(path.removeprefix(self._base) if self._base else path)


def _fill(template: str, **values: str) -> str:
    return template.format_map(values)


def _feed(path: SitePath, name: str) -> SitePath:
    if name == "comments-rss2":
        return below(path, "comments/feed.xml")
    return below(path, "feed.xml" if name == "rss2" else f"feed-{_name(name)}.xml")


def _name(text: str) -> str:
    return _UNSAFE_IN_NAME.sub("-", text).strip("-") or "-"
