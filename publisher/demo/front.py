"""The HTML that visitors see, and the templates that feeds share with it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from publisher.demo import content
from publisher.demo.content import MEDIA_BY_ID, PUBLIC, SITE_NAME, TAGLINE, Media, Post, published
from publisher.demo.links import Links
from publisher.demo.query import Archive, category_names

_BREAK = "<!--nextpage-->"


def wordpress_json(value: object) -> str:
    r"""Return JSON as PHP writes it: ASCII only, and every slash as `\/`."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def _script_json(value: object) -> Markup:
    return Markup(wordpress_json(value).replace("<", "\\u003c"))  # noqa: S704 - without `<` nothing ends the script


def _url(value: object) -> Markup:
    return escape(value).replace("&amp;", Markup("&#038;"))


def _title(value: object) -> Markup:
    return escape(value).replace("–", Markup("&#8211;"))


def _cdata(value: object) -> Markup:
    return Markup(str(value).replace("]]>", "]]]]><![CDATA[>"))  # noqa: S704 - its end is cut in two


def _rfc822(value: datetime) -> str:
    return format_datetime(value.astimezone(UTC))


@dataclass
class Page:
    """What a template needs to know about the page it makes."""

    title: str
    url: str
    body_class: str
    image: Media
    schema: dict[str, Any] = field(default_factory=dict)
    heading: str = ""
    description: str = ""
    canonical: str = ""
    permalink: str = ""
    shortlink: str = ""
    rest: str = ""
    feed: str = ""
    feed_title: str = ""
    noindex: bool = False
    is_home: bool = False
    year: str = ""
    posts: list[Post] = field(default_factory=list)
    number: int = 1
    pages: int = 1
    page_url: Callable[[int], str] = str


class Front:
    """Renders everything that comes from a template, for one origin."""

    def __init__(self, links: Links) -> None:
        self.links = links
        self._env = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._env.filters |= {
            "url": _url, "wp": _title, "json": _script_json, "cdata": _cdata, "rfc822": _rfc822,
            "quoted": lambda value: quote(str(value), safe=""),
        }  # fmt: skip
        months = Counter(f"{post.date:%Y%m}" for post in published("post"))
        self._env.globals |= {
            "links": links, "site": SITE_NAME, "tagline": TAGLINE, "version": content.VERSION,
            "library": MEDIA_BY_ID, "terms": content.TERM_BY_ID, "public": PUBLIC,
            "authors": content.AUTHOR_BY_ID, "comments_of": content.comments_of,
            "bodies": self.body, "recent": published("post")[:5],
            "months": sorted(months.items(), reverse=True),
            "menu": sorted(
                (page for page in published("page") if page.id in (12, 14, 25)),
                key=lambda page: page.menu_order,
            ),
            "categories": [term for term in content.TERMS if term.taxonomy == "category"],
            "tags": [
                term for term in content.TERMS
                if term.taxonomy == "post_tag" and content.direct_count(term)
            ],
            "recent_comments": sorted(content.COMMENTS, key=lambda c: c.date, reverse=True),
        }  # fmt: skip

    def render(self, template: str, **values: object) -> str:
        """Return a template filled in."""
        defaults: dict[str, object] = {"post": None, "search": ""}
        return self._env.get_template(template).render(defaults | values)

    def body(self, post: Post) -> Markup:
        """Return a post's content; a protected one's is the form that asks for the password."""
        name = "password.html" if post.protected else f"body/{post.id}.html"
        return Markup(self.render(name, post=post).strip())  # noqa: S704 - templates escape it

    def body_pages(self, post: Post) -> list[Markup]:
        """Return the pages that an editor cut a post into."""
        return [part.strip() for part in self.body(post).split(_BREAK)]

    def listing(self, archive: Archive, number: int, search: str = "") -> str:
        """Return one page of a list of posts."""
        links, pairs = self.links, archive.pairs

        def page_url(wanted: int) -> str:
            return links.query(*pairs, *([("paged", wanted)] if wanted > 1 else []))

        is_home = not archive.label
        url = links.query(("s", quote(search))) if search else page_url(number)
        date = str(pairs[0][1]) if pairs and pairs[0][0] == "m" else ""
        names = [archive.label or SITE_NAME, f"ページ {number}" if number > 1 else ""]
        names.append(TAGLINE if is_home else SITE_NAME)
        title = " – ".join(name for name in names if name)
        page = Page(
            title=title, url=url, image=MEDIA_BY_ID[1501],
            body_class=archive.classes + (f" paged paged-{number}" if number > 1 else ""),
            heading=archive.heading, description=archive.description, rest=archive.rest,
            feed=links.query(("feed", "rss2"), *pairs) if pairs else "",
            feed_title=f"{archive.label} のフィード", noindex=bool(search),
            is_home=is_home and number == 1, year=date[:4] if len(date) > 4 else "",
            posts=archive.page(number), number=number, pages=archive.pages, page_url=page_url,
            schema=self._schema("WebPage" if is_home else "CollectionPage", title, url),
        )  # fmt: skip
        return self.render("list.html", page=page, search=search)

    def single(self, post: Post, number: int, content_page: Markup, pages: int) -> str:
        """Return a post or a page; `number` is the page of a post that was cut up."""
        links = self.links
        permalink, url = links.post(post), links.post_page(post, number)
        image = MEDIA_BY_ID[1501 if post.protected or not post.featured else post.featured]
        schema = self._schema("Article" if post.kind == "post" else "WebPage", post.title, url)
        schema["image"] = links.file(image)
        if post.kind == "post":
            schema |= {
                "datePublished": post.date.isoformat(),
                "dateModified": post.modified.isoformat(),
                "articleSection": category_names(post),
                "author": {
                    "@type": "Person",
                    "name": content.AUTHOR_BY_ID[post.author].name,
                    "url": links.author(content.AUTHOR_BY_ID[post.author]),
                },
            }
        kind = f"single single-post postid-{post.id}" if post.kind == "post" else (
            f"page page-id-{post.id}" + (f" page-child parent-pageid-{post.parent}"
                                         if post.parent else "")
        )  # fmt: skip
        page = Page(
            title=f"{post.title} – {SITE_NAME}" if number == 1
            else f"{post.title} – ページ {number} – {SITE_NAME}",
            url=url, body_class=kind, image=image, schema=schema, canonical=url,
            permalink=permalink, shortlink=links.query(("p", post.id)),
            description=post.excerpt, rest=f"/wp/v2/{post.kind}s/{post.id}",
            feed=links.query(("feed", "rss2"), ("p", post.id)) if post.kind == "post" else "",
            feed_title=f"{post.title} のコメントのフィード", number=number, pages=pages,
        )  # fmt: skip
        posts = published("post")
        place = posts.index(post) if post in posts else None
        return self.render(
            "single.html", page=page, post=post, content=content_page,
            author=content.AUTHOR_BY_ID[post.author], comments=content.comments_of(post.id),
            newer=posts[place - 1] if place else None,
            older=posts[place + 1] if place is not None and place + 1 < len(posts) else None,
        )  # fmt: skip

    def attachment(self, media: Media) -> str:
        """Return the page around a file."""
        url = self.links.attachment(media)
        page = Page(
            title=f"{media.title} – {SITE_NAME}", url=url, canonical=url, permalink=url,
            shortlink=self.links.query(("p", media.id)), rest=f"/wp/v2/media/{media.id}",
            body_class=f"attachment attachmentid-{media.id}",
            image=media if media.mime.startswith("image/") else MEDIA_BY_ID[1501],
            schema=self._schema("WebPage", media.title, url),
        )  # fmt: skip
        return self.render("attachment.html", page=page, media=media, parent=PUBLIC[media.post])

    def not_found(self) -> str:
        """Return the page that says there is none."""
        title = f"ページが見つかりませんでした – {SITE_NAME}"
        page = Page(
            title=title, url=self.links.home, body_class="error404", image=MEDIA_BY_ID[1501],
            schema=self._schema("WebPage", title, self.links.home), noindex=True,
        )  # fmt: skip
        return self.render("404.html", page=page)

    def _schema(self, kind: str, headline: str, url: str) -> dict[str, Any]:
        home = self.links.home
        return {
            "@context": "https://schema.org",
            "@type": kind,
            "headline": headline,
            "url": url,
            "isPartOf": {
                "@type": "WebSite",
                "@id": f"{home}#website",
                "name": SITE_NAME,
                "url": home,
                "potentialAction": {
                    "@type": "SearchAction",
                    "target": f"{home}?s={{search_term_string}}",
                    "query-input": "required name=search_term_string",
                },
            },
        }
