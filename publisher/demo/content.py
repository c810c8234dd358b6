"""The sample company's content as data: what an editor would have typed into the CMS.

Bodies of posts and pages live in `templates/body/<id>.html`, because they are HTML and
carry links that need the origin of the running instance.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final, Literal
from urllib.parse import quote

SITE_NAME: Final = "みなと製作所 Minato Works"
TAGLINE: Final = "海のそばのものづくり / Made by the sea"
VERSION: Final = "6.1.9"
POSTS_PER_PAGE: Final = 5
TIMEZONE: Final = timezone(timedelta(hours=9))
# Whatever carries this text must never be seen by a visitor: it makes a leak easy to find.
CANARY: Final = "LEAK-CANARY"

Kind = Literal["post", "page"]
Status = Literal["publish", "draft", "private"]
Taxonomy = Literal["category", "post_tag"]


def stored_slug(readable: str) -> str:
    """Return a slug as WordPress stores it: percent-encoded octets in lower case."""
    return quote(readable, safe="-_").lower()


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TIMEZONE)


@dataclass(frozen=True)
class Author:
    """Somebody who writes. The log-in name is never meant to be public."""

    id: int
    login: str
    name: str
    bio: str


@dataclass(frozen=True)
class Term:
    """A category or a tag."""

    id: int
    taxonomy: Taxonomy
    name: str
    slug: str
    parent: int = 0
    description: str = ""


@dataclass(frozen=True)
class Post:
    """A post or a page, in whatever state an editor left it."""

    id: int
    kind: Kind
    title: str
    slug: str
    date: datetime
    modified: datetime
    author: int
    excerpt: str = ""
    categories: tuple[int, ...] = ()
    tags: tuple[int, ...] = ()
    parent: int = 0
    menu_order: int = 0
    featured: int = 0
    status: Status = "publish"
    protected: bool = False


@dataclass(frozen=True)
class Comment:
    """A reader's words under a post."""

    id: int
    post: int
    parent: int
    name: str
    date: datetime
    text: str


@dataclass(frozen=True)
class Size:
    """A smaller copy of an image."""

    label: str
    width: int
    height: int


@dataclass(frozen=True)
class Media:
    """A file in the media library; `name` is what the file system holds, byte for byte."""

    id: int
    name: str
    title: str
    mime: str
    date: datetime
    author: int
    post: int
    alt: str = ""
    width: int = 0
    height: int = 0
    sizes: tuple[Size, ...] = field(default=())

    @property
    def folder(self) -> str:
        """Return the folder of the month of the upload."""
        return f"{self.date:%Y/%m}"

    def file_name(self, size: Size | None = None) -> str:
        """Return the file name, of a smaller copy if one is given."""
        if size is None:
            return self.name
        stem, _, suffix = self.name.rpartition(".")
        return f"{stem}-{size.width}x{size.height}.{suffix}"

    def path(self, size: Size | None = None) -> str:
        """Return the public path, not percent-encoded."""
        return f"/wp-content/uploads/{self.folder}/{self.file_name(size)}"


AUTHORS: Final = (
    Author(1, "minato-kanri", "湊 一郎", "みなと製作所代表。図面と珈琲が好き。"),
    Author(4, "umino-staff", "海野 さくら", "広報と写真。Writes in English, too."),
)

TERMS: Final = (
    Term(2, "category", "お知らせ", "news", description="工房からのお知らせです。"),
    Term(3, "category", "製品", "products", description="つくったもの、つくり方。"),
    Term(7, "category", "照明", "lighting", parent=3, description="灯台から学んだあかり。"),
    Term(11, "category", "スタッフ日記", "スタッフ日記"),
    Term(21, "post_tag", "木工", "木工"),
    Term(22, "post_tag", "港町", "港町"),
    Term(23, "post_tag", "あかり", "あかり"),
    Term(24, "post_tag", "ワークショップ", "ワークショップ"),
    Term(25, "post_tag", "写真", "写真"),
    Term(27, "post_tag", "試作", "試作"),  # only a draft has it: a term without public posts
    Term(29, "post_tag", "C++", "c"),
)


def _post(number: int, title: str, slug: str, date: str, author: int, **more: object) -> Post:
    return _document("post", number, title, slug, date, author, more)


def _page(number: int, title: str, slug: str, date: str, **more: object) -> Post:
    return _document("page", number, title, slug, date, 1, more)


def _document(
    kind: Kind, number: int, title: str, slug: str, date: str, author: int, more: dict[str, Any]
) -> Post:
    modified = _at(str(more.pop("modified", date)))
    return Post(number, kind, title, slug, _at(date), modified, author, **more)


POSTS: Final = (
    _post(
        1815, "新しい工房、十一月に開きます", "new-workshop", "2026-11-02T10:00:00", 4,
        categories=(2,), tags=(22, 25), featured=1803,
        excerpt="倉庫を改修した新しい工房を公開します。海の見える作業台で、お待ちしています。",
    ),
    _post(
        1788, "「波のあかり」ができるまで", "波のあかり", "2026-06-15T09:30:00", 1,
        categories=(7,), tags=(23, 21), featured=1513, modified="2026-07-01T18:05:00",
        excerpt="レンズの溝をひと筋ずつ。灯台の光を、食卓の大きさにしました。",
    ),
    _post(
        1699, "お取引先さま向け価格表", "price-list", "2025-01-10T08:00:00", 1,
        categories=(2,), protected=True,
    ),
    _post(
        1650, "工房の一日", "工房の一日", "2024-05-28T07:45:00", 4,
        categories=(11,), tags=(21, 22, 25), featured=1502,
        excerpt="朝の掃除から、夕方の汽笛まで。写真でたどる、二ページの長い記事です。",
    ),
    _post(
        1632, "港の灯台をかたちにする", "港の灯台をかたちにする", "2024-05-20T12:00:00", 1,
        categories=(7,), tags=(23, 22), featured=1501, modified="2024-05-21T09:12:00",
        excerpt="いちばん多く共有された記事。むかしの灯台の図面から、小さな照明をつくりました。",
    ),
    _post(
        1203, "C++ で書く潮位計", "tide-gauge-in-cpp", "2021-03-11T14:20:00", 1,
        categories=(3,), tags=(29,), featured=1503,
        excerpt="A tide gauge in forty lines of C++: 港の満ち引きを、作業場の壁に映します。",
    ),
    _post(
        980, "朝の海と、木の文具", "朝の海と木の文具", "2018-09-01T06:30:00", 4,
        categories=(3,), tags=(21, 25), featured=1510,
        excerpt="流木を乾かして削る。ペン立てが一本できるまでに、ひと夏かかりました。",
    ),
    _post(
        731, "親子ワークショップのふりかえり", "workshop-2016", "2016-08-22T17:00:00", 4,
        categories=(3, 11), tags=(24, 21), featured=1803,
        excerpt="二十二人の小さな職人と、三十一個のいす。来年もやります。",
    ),
    _post(
        402, "はじめての量産品", "first-product", "2013-02-14T11:11:00", 1,
        categories=(3,), tags=(21,), featured=1501,
        excerpt="百個つくって、百個目でようやく形になりました。",
    ),
    _post(
        233, "Hello from Minato Works", "hello-from-minato-works", "2011-10-03T15:00:00", 4,
        categories=(2,), tags=(22,), featured=1513,
        excerpt="We are a small workshop by the harbour, and from today we also write in English.",
    ),
    _post(
        118, "道具の手入れ", "道具の手入れ", "2010-01-20T20:15:00", 1,
        categories=(11,), tags=(21,),
        excerpt="砥石は三種類。よく切れる刃は、よく休んだ朝に似ています。",
    ),
    _post(
        37, "はじめまして、みなと製作所です", "hajimemashite", "2009-04-01T09:00:00", 1,
        categories=(2,), tags=(22,),
        excerpt="港の倉庫を借りて、ものづくりの会社を始めました。",
    ),
    _post(
        1700, "未発表の試作品", "prototype", "2024-06-01T10:00:00", 1,
        categories=(3,), tags=(27,), status="draft",
    ),
    _post(
        1702, "社内の覚え書き", "internal-notes", "2024-06-03T10:00:00", 4,
        categories=(11,), status="private",
    ),
    _page(
        12, "会社案内", "about", "2009-04-01T09:00:00",
        menu_order=1, featured=1501, modified="2026-04-01T09:00:00",
    ),
    _page(14, "アクセス", "アクセス", "2009-04-02T09:00:00", parent=12, menu_order=2),
    _page(19, "駐車場のご案内", "parking", "2012-07-16T09:00:00", parent=14, menu_order=3),
    _page(25, "お問い合わせ", "contact", "2009-04-03T09:00:00", menu_order=4),
)  # fmt: skip

COMMENTS: Final = (
    Comment(
        41, 1632, 0, "灯台守のまご", _at("2024-05-20T19:22:10"),
        "祖父の灯台です。光り方までそっくりで、おどろきました。",
    ),
    Comment(
        42, 1632, 41, "湊 一郎", _at("2024-05-21T09:05:00"),
        "ありがとうございます。図面は港の資料館で見せていただきました。",
    ),
    Comment(
        57, 1632, 0, "Ren & Co.", _at("2025-11-30T23:59:59"),
        "Do you ship abroad? The <b>small</b> one would look great here.",
    ),
)  # fmt: skip

_MEDIUM: Final = Size("medium", 300, 188)
_LARGE: Final = Size("medium_large", 768, 480)

MEDIA: Final = (
    Media(
        1501, "写真-港.png", "写真-港", "image/png", _at("2024-05-18T16:20:00"), 4, 1632,
        "夕日の港とクレーン", 960, 600, (_MEDIUM, _LARGE),
    ),
    # A Mac decomposes kana with voicing marks when it makes the file name; the site keeps that.
    Media(
        1502, unicodedata.normalize("NFD", "工房ガイド.png"), "工房ガイド", "image/png",
        _at("2024-05-27T08:00:00"), 4, 1650, "朝の工房", 960, 600, (_MEDIUM, _LARGE),
    ),
    # Put there by FTP and registered later, so nobody cleaned its name.
    Media(
        1503, "設計図（最終版）.png", "設計図（最終版）", "image/png",
        _at("2024-05-02T13:00:00"), 1, 1203, "潮位計の設計図", 800, 500,
    ),
    Media(
        1510, "朝の海.jpg", "朝の海", "image/jpeg", _at("2024-05-06T05:10:00"), 4, 980,
        "朝の海", 640, 400, (Size("medium", 320, 200),),
    ),
    Media(
        1511, "断面図.svg", "断面図", "image/svg+xml", _at("2024-05-09T11:00:00"), 1, 1788,
        "レンズの断面図", 640, 300,
    ),
    Media(
        1512, "会社案内-2024.pdf", "会社案内-2024", "application/pdf",
        _at("2024-05-10T10:00:00"), 1, 12,
    ),
    Media(
        1513, "lighthouse-night.png", "lighthouse-night", "image/png",
        _at("2024-05-15T21:00:00"), 4, 1788, "夜の灯台", 960, 600, (_MEDIUM, _LARGE),
    ),
    Media(
        1803, "新工房-外観.png", "新工房-外観", "image/png", _at("2026-10-20T15:00:00"), 4, 1815,
        "新しい工房の外観", 960, 600, (_MEDIUM, _LARGE),
    ),
)  # fmt: skip

AUTHOR_BY_ID: Final = {author.id: author for author in AUTHORS}
TERM_BY_ID: Final = {term.id: term for term in TERMS}
MEDIA_BY_ID: Final = {media.id: media for media in MEDIA}
# Only what is published can be found: everything that serves looks things up here.
PUBLIC: Final = {post.id: post for post in POSTS if post.status == "publish"}


def published(kind: Kind) -> list[Post]:
    """Return what visitors may know of, newest first."""
    found = [post for post in PUBLIC.values() if post.kind == kind]
    return sorted(found, key=lambda post: (post.date, post.id), reverse=True)


def family(term: Term) -> set[int]:
    """Return a term and its descendants: a category's archive holds those of its children."""
    ids = {term.id}
    for child in TERMS:
        if child.parent == term.id:
            ids |= family(child)
    return ids


def direct_count(term: Term) -> int:
    """Return the number WordPress keeps with a term: its own published posts only."""
    return sum(term.id in (*post.categories, *post.tags) for post in PUBLIC.values())


def comments_of(post: int) -> list[Comment]:
    """Return a post's comments, oldest first."""
    return [comment for comment in COMMENTS if comment.post == post]
