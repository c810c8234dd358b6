"""What a query string asks for, read as PHP and WordPress read it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from publisher.demo.content import (
    AUTHOR_BY_ID,
    POSTS_PER_PAGE,
    TERM_BY_ID,
    TERMS,
    Post,
    family,
    published,
    stored_slug,
)

_NUMBER = re.compile(r"\s*[+-]?\d{1,18}")


class Query:
    """The variables of a query string: case matters, and the last of several wins."""

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self.pairs = parse_qsl(raw, keep_blank_values=True)
        self._last = dict(self.pairs)

    def text(self, name: str) -> str:
        """Return a value, or an empty string."""
        return self._last.get(name, "")

    def number(self, name: str) -> int:
        """Return a value cast as PHP casts it: leading digits count, anything else is 0."""
        match = _NUMBER.match(self.text(name))
        return int(match[0]) if match else 0

    def several(self, name: str) -> list[str]:
        """Return a list given as `name=1,2` or as `name[]=1&name[]=2`."""
        many = [value for key, value in self.pairs if re.fullmatch(rf"{name}\[\d*\]", key)]
        return [part for part in many or self.text(name).split(",") if part]

    def __contains__(self, name: str) -> bool:
        return bool(self._last.get(name))


@dataclass(frozen=True)
class Archive:
    """A list of posts, and what it is a list of."""

    posts: list[Post]
    label: str = ""
    heading: str = ""
    description: str = ""
    pairs: tuple[tuple[str, str | int], ...] = ()
    rest: str = ""
    classes: str = "home blog"
    found: bool = True  # an unknown term or an empty month is a 404, an empty term is not

    @property
    def pages(self) -> int:
        """Return how many pages the list fills."""
        return max(1, -(-len(self.posts) // POSTS_PER_PAGE))

    def page(self, number: int) -> list[Post]:
        """Return the posts of one page, counted from 1."""
        start = (number - 1) * POSTS_PER_PAGE
        return self.posts[start : start + POSTS_PER_PAGE]


_UNKNOWN = Archive([], found=False)


def archive(query: Query) -> Archive:
    """Return the list that a query asks for; without a condition it is the front page's."""
    if "s" in query:
        words = query.text("s")
        hits = [post for post in published("post") if words.lower() in _searchable(post)]
        label = f"「{words}」の検索結果"
        return Archive(hits, label, label, classes="search search-results")
    if query.number("cat"):
        return _term("category", str(query.number("cat")))
    if "tag" in query:
        return _term("post_tag", query.text("tag"))
    if query.number("author"):
        return _author(query.number("author"))
    if "m" in query:
        return _date("".join(re.findall(r"\d", query.text("m"))))
    return Archive(published("post"))


def _searchable(post: Post) -> str:
    return post.title.lower() if post.protected else f"{post.title} {post.excerpt}".lower()


def _term(taxonomy: str, key: str) -> Archive:
    for term in TERMS:
        if term.taxonomy != taxonomy or key.lower() not in (str(term.id), term.slug.lower()):
            continue
        if taxonomy == "post_tag" and key.lower() != term.slug.lower():
            continue
        ids = family(term)
        posts = [post for post in published("post") if ids & {*post.categories, *post.tags}]
        if taxonomy == "category":
            pairs: tuple[tuple[str, str | int], ...] = (("cat", term.id),)
            heading, rest, kind = "カテゴリー", f"/wp/v2/categories/{term.id}", "category"
        else:
            pairs = (("tag", stored_slug(term.slug)),)
            heading, rest, kind = "タグ", f"/wp/v2/tags/{term.id}", "tag"
        return Archive(
            posts, term.name, f"{heading}: {term.name}", term.description, pairs, rest,
            f"archive {kind} {kind}-{term.id}",
        )  # fmt: skip
    return _UNKNOWN


def _author(number: int) -> Archive:
    author = AUTHOR_BY_ID.get(number)
    if author is None:
        return _UNKNOWN
    posts = [post for post in published("post") if post.author == number]
    # WordPress writes the log-in name into the class of the body; so does its imitation.
    return Archive(
        posts, author.name, f"投稿者: {author.name}", author.bio, (("author", number),),
        f"/wp/v2/users/{number}", f"archive author author-{author.login} author-{number}",
    )  # fmt: skip


def _date(digits: str) -> Archive:
    if len(digits) not in (4, 6, 8):
        return _UNKNOWN
    posts = [post for post in published("post") if f"{post.date:%Y%m%d}".startswith(digits)]
    units = ((digits[:4], "年"), (digits[4:6], "月"), (digits[6:8], "日"))
    label = "".join(f"{int(part)}{unit}" for part, unit in units if part)
    return Archive(
        posts, label, label, pairs=(("m", digits),), classes="archive date", found=bool(posts)
    )


def category_names(post: Post) -> list[str]:
    """Return the names of a post's categories."""
    return [TERM_BY_ID[number].name for number in post.categories]
