"""The documents of the REST API: field names and shapes as WordPress has them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from publisher.demo import content
from publisher.demo.content import PUBLIC, SITE_NAME, TAGLINE, Author, Media, Post, Term
from publisher.demo.front import Front

Json = dict[str, Any]
_CURIES: Final = [{"name": "wp", "href": "https://api.w.org/{rel}", "templated": True}]


class Shapes:
    """Shows what the site holds, for one origin."""

    def __init__(self, front: Front) -> None:
        self._front, self._links = front, front.links

    def card(self, url: str) -> Json | None:
        """Return what describes a post or a file to sites that embed it; None if unknown."""
        card = {
            "version": "1.0",
            "provider_name": SITE_NAME,
            "provider_url": self._links.origin,
            "type": "link",
        }
        for post in PUBLIC.values():
            if self._links.post(post) == url:
                author = content.AUTHOR_BY_ID[post.author]
                card |= {"author_name": author.name, "author_url": self._links.author(author)}
                return card | {"title": post.title}
        for media in content.MEDIA:
            if self._links.attachment(media) == url:
                return card | {"title": media.title}
        return None

    def index(self, routes: Sequence[str]) -> Json:
        """Return what the API says of the site and of itself."""
        return {
            "name": SITE_NAME,
            "description": TAGLINE,
            "url": self._links.origin,
            "home": self._links.origin,
            "gmt_offset": 9,
            "timezone_string": "Asia/Tokyo",
            "namespaces": ["oembed/1.0", "wp/v2"],
            "authentication": [],
            "routes": {
                route: {
                    "namespace": "" if route == "/" else route[1:].rsplit("/", 1)[0],
                    "methods": ["GET"],
                    "_links": {"self": [{"href": self._links.rest(route)}]},
                }
                for route in routes
            },
            "site_logo": 0,
            "site_icon": 0,
            "site_icon_url": "",
            "_links": {"help": [{"href": "https://developer.wordpress.org/rest-api/"}]},
        }

    def types(self) -> Json:
        """Return the kinds of content."""
        rows: tuple[tuple[str, str, str, bool, list[str], str], ...] = (
            ("post", "投稿", "posts", False, ["category", "post_tag"], "admin-post"),
            ("page", "固定ページ", "pages", True, [], "admin-page"),
            ("attachment", "メディア", "media", False, [], "admin-media"),
        )
        return {
            slug: {
                "description": "",
                "hierarchical": nested,
                "has_archive": False,
                "name": name,
                "slug": slug,
                "icon": f"dashicons-{icon}",
                "taxonomies": taxonomies,
                "rest_base": base,
                "rest_namespace": "wp/v2",
                "_links": self._kind_links("types", base),
            }
            for slug, name, base, nested, taxonomies, icon in rows
        }

    def taxonomies(self) -> Json:
        """Return the kinds of terms."""
        rows = (
            ("category", "カテゴリー", "categories", True),
            ("post_tag", "タグ", "tags", False),
        )
        return {
            slug: {
                "name": name,
                "slug": slug,
                "description": "",
                "types": ["post"],
                "hierarchical": nested,
                "rest_base": base,
                "rest_namespace": "wp/v2",
                "_links": self._kind_links("taxonomies", base),
            }
            for slug, name, base, nested in rows
        }

    def _kind_links(self, kind: str, base: str) -> Json:
        return {
            "collection": [{"href": self._links.rest(f"/wp/v2/{kind}")}],
            "wp:items": [{"href": self._links.rest(f"/wp/v2/{base}")}],
            "curies": _CURIES,
        }

    def _item_links(self, base: str, number: int) -> Json:
        return {
            "self": [{"href": self._links.rest(f"/wp/v2/{base}/{number}")}],
            "collection": [{"href": self._links.rest(f"/wp/v2/{base}")}],
        }

    def _dates(self, date: datetime, modified: datetime) -> Json:
        return {
            "date": f"{date:%Y-%m-%dT%H:%M:%S}",
            "date_gmt": f"{date.astimezone(UTC):%Y-%m-%dT%H:%M:%S}",
            "modified": f"{modified:%Y-%m-%dT%H:%M:%S}",
            "modified_gmt": f"{modified.astimezone(UTC):%Y-%m-%dT%H:%M:%S}",
        }

    def post(self, post: Post) -> Json:
        """Return a post or a page; the content of a protected one stays out."""
        hidden, link = post.protected, self._links.post(post)
        excerpt = f"<p>{post.excerpt}</p>\n" if post.excerpt else ""
        shown: Json = {"id": post.id, **self._dates(post.date, post.modified)}
        shown |= {
            "guid": {"rendered": link},
            "slug": content.stored_slug(post.slug),
            "status": post.status,
            "type": post.kind,
            "link": link,
            "title": {"rendered": post.title},
            "content": {
                "rendered": "" if hidden else f"\n{self._front.body(post)}\n",
                "protected": hidden,
            },
            "excerpt": {"rendered": excerpt, "protected": hidden},
            "author": post.author,
            "featured_media": post.featured,
            "comment_status": "open" if post.kind == "post" and not hidden else "closed",
            "ping_status": "closed",
            "template": "",
            "meta": [],
        }
        if post.kind == "post":
            shown |= {"sticky": False, "format": "standard"}
            shown |= {"categories": list(post.categories), "tags": list(post.tags)}
        else:
            shown |= {"parent": post.parent, "menu_order": post.menu_order}
        author = {"embeddable": True, "href": self._links.rest(f"/wp/v2/users/{post.author}")}
        shown["_links"] = self._item_links(f"{post.kind}s", post.id) | {
            "about": [{"href": self._links.rest(f"/wp/v2/types/{post.kind}")}],
            "author": [author],
            "curies": _CURIES,
        }
        return shown

    def media(self, media: Media) -> Json:
        """Return a file of the media library."""
        source = self._links.file(media)
        details: Json = {}
        if media.mime.startswith("image/"):
            sizes = {
                size.label: {
                    "file": media.file_name(size),
                    "width": size.width,
                    "height": size.height,
                    "mime_type": media.mime,
                    "source_url": self._links.file(media, size),
                }
                for size in media.sizes
            }
            full = {"file": media.name, "width": media.width, "height": media.height}
            sizes["full"] = full | {"mime_type": media.mime, "source_url": source}
            details = {
                "width": media.width,
                "height": media.height,
                "file": f"{media.folder}/{media.name}",
                "sizes": sizes,
                "image_meta": [],
            }
        return {
            "id": media.id,
            **self._dates(media.date, media.date),
            "guid": {"rendered": source},
            "slug": content.stored_slug(re.sub(r"[()]", "", media.title).replace(" ", "-")),
            "status": "inherit",
            "type": "attachment",
            "link": self._links.attachment(media),
            "title": {"rendered": media.title},
            "author": media.author,
            "comment_status": "closed",
            "ping_status": "closed",
            "template": "",
            "meta": [],
            "description": {"rendered": ""},
            "caption": {"rendered": ""},
            "alt_text": media.alt,
            "media_type": "image" if media.mime.startswith("image/") else "file",
            "mime_type": media.mime,
            "media_details": details,
            "post": media.post,
            "source_url": source,
            "_links": self._item_links("media", media.id),
        }

    def term(self, term: Term) -> Json:
        """Return a category or a tag."""
        base = "categories" if term.taxonomy == "category" else "tags"
        shown: Json = {
            "id": term.id,
            "count": content.direct_count(term),
            "description": term.description,
            "link": self._links.term(term),
            "name": term.name,
            "slug": content.stored_slug(term.slug),
            "taxonomy": term.taxonomy,
        }
        if term.taxonomy == "category":
            shown["parent"] = term.parent
        return shown | {"meta": [], "_links": self._item_links(base, term.id)}

    def user(self, author: Author) -> Json:
        """Return an author; `slug` is the log-in name, as it is in a real WordPress."""
        face = hashlib.sha256(author.name.encode()).hexdigest()
        return {
            "id": author.id,
            "name": author.name,
            "url": "",
            "description": author.bio,
            "link": self._links.author(author),
            "slug": author.login,
            "avatar_urls": {
                size: f"https://secure.gravatar.com/avatar/{face}?s={size}&d=mm&r=g"
                for size in ("24", "48", "96")
            },
            "meta": [],
            "_links": self._item_links("users", author.id),
        }
