"""The URL of everything, in the form plain permalinks give it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from publisher.demo.content import Author, Comment, Media, Post, Size, Term, stored_slug

THEME = "/wp-content/themes/minato"


@dataclass(frozen=True)
class Links:
    """Makes absolute URLs; WordPress writes its own origin into every one of them."""

    origin: str

    @property
    def host(self) -> str:
        """Return host and port, for protocol-relative links."""
        return urlsplit(self.origin).netloc

    @property
    def home(self) -> str:
        """Return the URL of the front page."""
        return f"{self.origin}/"

    @property
    def theme(self) -> str:
        """Return the URL of the theme's folder."""
        return self.origin + THEME

    def query(self, *pairs: tuple[str, str | int]) -> str:
        """Return the home URL with a query; the values must be encoded already."""
        return self.home + "?" * bool(pairs) + "&".join(f"{key}={value}" for key, value in pairs)

    def post(self, post: Post) -> str:
        """Return the permalink of a post or a page."""
        return self.query(("p" if post.kind == "post" else "page_id", post.id))

    def post_page(self, post: Post, number: int) -> str:
        """Return the URL of one page of a post that `<!--nextpage-->` cuts up."""
        return self.post(post) + (f"&page={number}" if number > 1 else "")

    def term(self, term: Term) -> str:
        """Return the URL of a category's or a tag's archive."""
        if term.taxonomy == "category":
            return self.query(("cat", term.id))
        return self.query(("tag", stored_slug(term.slug)))

    def author(self, author: Author) -> str:
        """Return the URL of an author's archive."""
        return self.query(("author", author.id))

    def date(self, digits: str) -> str:
        """Return the URL of the archive of a year, a month or a day."""
        return self.query(("m", digits))

    def comment(self, comment: Comment) -> str:
        """Return the URL of a comment."""
        return f"{self.query(('p', comment.post))}#comment-{comment.id}"

    def attachment(self, media: Media) -> str:
        """Return the URL of the page around a file."""
        return self.query(("attachment_id", media.id))

    def file(self, media: Media, size: Size | None = None) -> str:
        """Return a file's URL as WordPress stores it: Japanese as it is, spaces too."""
        return self.origin + media.path(size)

    def encoded_file(self, media: Media, size: Size | None = None) -> str:
        """Return a file's URL percent-encoded, as links in content have it."""
        return self.origin + quote(media.path(size), safe="/()")

    def rest(self, route: str) -> str:
        """Return the URL of a REST route."""
        return f"{self.origin}/index.php?rest_route={route}"

    def oembed(self, url: str) -> str:
        """Return the URL that describes another one for embedding."""
        route = quote("/oembed/1.0/embed", safe="")
        return f"{self.rest(route)}&url={quote(url, safe='')}"
