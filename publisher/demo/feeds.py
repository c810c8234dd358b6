"""Feeds and sitemaps."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

from publisher.demo.content import (
    AUTHORS,
    COMMENTS,
    PUBLIC,
    SITE_NAME,
    TERMS,
    comments_of,
    direct_count,
    published,
)
from publisher.demo.front import Front
from publisher.demo.query import Archive


def http_date(moment: datetime) -> str:
    """Return a time as HTTP headers have it."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def last_changed() -> datetime:
    """Return when anything public last changed."""
    changes = [post.modified for post in PUBLIC.values()]
    return max(*changes, *(comment.date for comment in COMMENTS))


def posts_feed(front: Front, archive: Archive) -> str:
    """Return the newest posts of a list."""
    links = front.links
    return front.render(
        "feed/posts.xml", items=archive.page(1), changed=last_changed(),
        title=" – ".join(name for name in (archive.label, SITE_NAME) if name),
        own=links.query(("feed", "rss2"), *archive.pairs),
        link=links.query(*archive.pairs) if archive.pairs else links.origin,
    )  # fmt: skip


def comments_feed(front: Front, number: int = 0) -> str:
    """Return the newest comments: of one post, or of all posts if no number is given.

    What is unknown or not public has an empty feed that answers 200, as in WordPress.
    """
    links, post = front.links, PUBLIC.get(number)
    found = comments_of(number) if number else list(COMMENTS)
    heading = SITE_NAME if not number else post.title if post else "タイトルなし"
    own = [("feed", "rss2"), ("p", str(number))] if number else [("feed", "comments-rss2")]
    return front.render(
        "feed/comments.xml", changed=last_changed(), title=f"{heading} へのコメント",
        comments=sorted(found, key=lambda comment: comment.date, reverse=True),
        own=links.query(*own),
        link=links.post(post) if post else "" if number else links.origin,
    )  # fmt: skip


def sitemap(front: Front, name: str, subtype: str, number: int) -> str | None:
    """Return the index or one sitemap; None if there is no such one."""
    links = front.links
    if name == "index":
        parts = [
            [("sitemap", kind), *([("sitemap-subtype", sub)] if sub else []), ("paged", "1")]
            for kind, sub in (
                ("posts", "post"), ("posts", "page"), ("taxonomies", "category"),
                ("taxonomies", "post_tag"), ("users", ""),
            )
        ]  # fmt: skip
        return _sitemap(front, "index", [links.query(*part) for part in parts])
    if number > 1:
        return None
    if name == "posts" and subtype in ("post", "page"):
        found = sorted(published("page" if subtype == "page" else "post"), key=lambda p: p.id)
        urls = [links.post(post) for post in found]
        return _sitemap(front, "sitemap", [links.home, *urls] if subtype == "page" else urls)
    if name == "taxonomies":
        terms = [term for term in TERMS if term.taxonomy == subtype and direct_count(term)]
        return _sitemap(front, "sitemap", [links.term(term) for term in terms]) if terms else None
    if name == "users":
        return _sitemap(front, "sitemap", [links.author(author) for author in AUTHORS])
    return None


def _sitemap(front: Front, kind: str, urls: list[str]) -> str:
    outer, inner = ("sitemapindex", "sitemap") if kind == "index" else ("urlset", "url")
    return front.render(
        "feed/sitemap.xml", kind=kind, outer=outer, inner=inner, urls=urls
    ).rstrip("\n")  # fmt: skip


def stylesheet(front: Front, kind: str) -> str | None:
    """Return the XSL that makes a sitemap readable in a browser."""
    paths = {
        "index": "sitemap:sitemapindex/sitemap:sitemap",
        "sitemap": "sitemap:urlset/sitemap:url",
    }
    return front.render("feed/sitemap.xsl.xml", path=paths[kind]) if kind in paths else None
