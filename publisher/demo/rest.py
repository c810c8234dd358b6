"""The REST API: the routes, parameters, errors and shapes that an exporter may rely on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from publisher.demo import content
from publisher.demo.content import Post, Term
from publisher.demo.front import Front
from publisher.demo.query import Query
from publisher.demo.shapes import Json, Shapes


@dataclass(frozen=True)
class Answer:
    """What a route says: `link` replaces the usual Link header if it is given."""

    payload: object
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    link: str = ""


class Refused(Exception):
    """A request that the API answers with an error document."""

    def __init__(self, status: int, code: str, message: str, **data: object) -> None:
        super().__init__(message)
        self.answer = Answer(
            {"code": code, "message": message, "data": {"status": status} | data}, status
        )


@dataclass(frozen=True)
class _Collection:
    """One kind of object: its items in default order, and how to show one."""

    items: Callable[[], Sequence[Any]]
    show: Callable[[Any], Json]
    missing: tuple[str, str]
    strict_pages: bool  # posts refuse a page beyond the last; terms and users answer []


def _bad_parameter(name: str, message: str, code: str) -> Refused:
    details = {name: {"code": code, "message": message, "data": None}}
    return Refused(
        400, "rest_invalid_param", f"Invalid parameter(s): {name}",
        params={name: message}, details=details,
    )  # fmt: skip


def _whole_number(query: Query, name: str, default: int) -> int:
    if name not in query:
        return default
    if not query.text(name).lstrip("-").isdigit():
        raise _bad_parameter(name, f"{name} is not of type integer.", "rest_invalid_type")
    return query.number(name)


class Rest:
    """Answers `rest_route` for one origin."""

    def __init__(self, front: Front) -> None:
        self._links = front.links
        self._shapes = shapes = Shapes(front)
        terms: tuple[str, str] = ("rest_term_invalid", "Term does not exist.")
        posts: tuple[str, str] = ("rest_post_invalid_id", "Invalid post ID.")
        self._collections = {
            "posts": _Collection(lambda: content.published("post"), shapes.post, posts, True),
            "pages": _Collection(lambda: content.published("page"), shapes.post, posts, True),
            "media": _Collection(
                lambda: sorted(content.MEDIA, key=lambda m: m.date, reverse=True),
                shapes.media, posts, True,
            ),
            "categories": _Collection(lambda: _terms("category"), shapes.term, terms, False),
            "tags": _Collection(lambda: _terms("post_tag"), shapes.term, terms, False),
            "users": _Collection(
                lambda: sorted(content.AUTHORS, key=lambda author: author.name),
                shapes.user, ("rest_user_invalid_id", "Invalid user ID."), False,
            ),
        }  # fmt: skip

    def answer(self, query: Query) -> Answer:
        """Return the answer to a query that has a `rest_route`."""
        try:
            return self._route(query.text("rest_route").rstrip("/") or "/", query)
        except Refused as refused:
            return refused.answer

    def _route(self, route: str, query: Query) -> Answer:
        parts = route.removeprefix("/wp/v2/").split("/")
        if route == "/":
            fixed = ["/", "/oembed/1.0/embed", "/wp/v2/types", "/wp/v2/taxonomies"]
            routes = fixed + [f"/wp/v2/{name}" for name in self._collections]
            return Answer(_only(self._shapes.index(routes), query))
        if route == "/oembed/1.0/embed":
            if "url" not in query:
                message = "Missing parameter(s): url"
                raise Refused(400, "rest_missing_callback_param", message, params=["url"])
            card = self._shapes.card(query.text("url"))
            if card is None:
                raise Refused(404, "oembed_invalid_url", "Not Found")
            return Answer(card)
        if not route.startswith("/wp/v2/") or len(parts) > 2:
            raise _no_route()
        if query.text("context") == "edit":
            raise Refused(
                401, "rest_forbidden_context",
                "Sorry, you are not allowed to edit posts in this post type.",
            )  # fmt: skip
        if parts[0] in ("types", "taxonomies"):
            return self._kinds(parts, query)
        if parts[0] not in self._collections:
            raise _no_route()
        collection = self._collections[parts[0]]
        return self._one(collection, parts[1], query) if parts[1:] else self._list(
            route, collection, query
        )  # fmt: skip

    def _kinds(self, parts: list[str], query: Query) -> Answer:
        kinds = self._shapes.types() if parts[0] == "types" else self._shapes.taxonomies()
        if not parts[1:]:
            # Filtering happens to each kind and to the whole: `_fields=slug` leaves nothing.
            each = {name: _only(kind, query) or [] for name, kind in kinds.items()}
            return Answer(_only(each, query) or [])
        if parts[1] not in kinds:
            noun = "type" if parts[0] == "types" else "taxonomy"
            raise Refused(404, f"rest_{noun}_invalid", f"Invalid {noun}.")
        return Answer(_only(kinds[parts[1]], query))

    def _one(self, collection: _Collection, number: str, query: Query) -> Answer:
        if not number.isdigit():
            raise _no_route()
        for item in collection.items():
            if item.id == int(number):
                shown = collection.show(item)
                link = ""
                if "content" in shown:
                    link = f'<{shown["link"]}>; rel="alternate"; type=text/html'
                return Answer(_only(shown, query), link=link)
        raise Refused(404, *collection.missing)

    def _list(self, route: str, collection: _Collection, query: Query) -> Answer:
        size, page = _whole_number(query, "per_page", 10), _whole_number(query, "page", 1)
        if not 1 <= size <= 100:
            message = "per_page must be between 1 (inclusive) and 100 (inclusive)"
            raise _bad_parameter("per_page", message, "rest_out_of_bounds")
        if page < 1:
            message = "page must be greater than or equal to 1"
            raise _bad_parameter("page", message, "rest_out_of_bounds")
        if query.text("status") not in ("", "publish", "inherit"):
            raise _bad_parameter("status", "Status is forbidden.", "rest_forbidden_status")
        items = _select(collection.items(), query)
        pages = -(-len(items) // size)
        if collection.strict_pages and page > max(1, pages):
            raise Refused(
                400, "rest_post_invalid_page_number",
                "The page number requested is larger than the number of pages available.",
            )  # fmt: skip
        shown = items[(page - 1) * size : page * size]
        counts = {"X-WP-Total": str(len(items)), "X-WP-TotalPages": str(pages)}
        return Answer(
            [_only(collection.show(item), query) for item in shown],
            headers=counts, link=self._neighbours(route, query, page, pages),
        )  # fmt: skip

    def _neighbours(self, route: str, query: Query, page: int, pages: int) -> str:
        kept = [(key, value) for key, value in query.pairs if key not in ("rest_route", "page")]
        base = self._links.rest(quote(route, safe=""))

        def link(number: int, relation: str) -> str:
            return f'<{base}&{urlencode([*kept, ("page", number)])}>; rel="{relation}"'

        found = [link(min(page - 1, max(1, pages)), "prev")] if page > 1 else []
        return ", ".join(found + ([link(page + 1, "next")] if page < pages else []))


def _no_route() -> Refused:
    message = "No route was found matching the URL and request method."
    return Refused(404, "rest_no_route", message)


def _terms(taxonomy: str) -> list[Term]:
    found = (term for term in content.TERMS if term.taxonomy == taxonomy)
    return sorted(found, key=lambda term: term.name)


def _only(data: Json, query: Query) -> Json | list[object]:
    """Return the asked-for fields, in the order of the data; an empty PHP array is a list."""
    paths = [name.strip().split(".") for name in query.several("_fields")]
    return _keep(data, paths) or [] if paths else data


def _keep(data: Json, paths: list[list[str]]) -> Json:
    kept: Json = {}
    for key, value in data.items():
        rests = [path[1:] for path in paths if path[0] == key]
        if not rests:
            continue
        nested = isinstance(value, dict) and value and all(rests)
        kept[key] = (_keep(value, rests) or []) if nested else value
    return kept


def _select(items: Sequence[Any], query: Query) -> list[Any]:
    """Return the items that the parameters ask for, in the order they ask for."""
    chosen = [item for item in items if _matches(item, query)]
    order = query.text("orderby")
    field = {"id": "id", "date": "date", "modified": "modified", "slug": "slug"}.get(order)
    if field and chosen and hasattr(chosen[0], field):
        chosen.sort(key=lambda item: (getattr(item, field), item.id))
        if query.text("order") != "asc":
            chosen.reverse()
    elif query.text("order") in ("asc", "desc") and chosen:
        ascending = not hasattr(chosen[0], "date")  # posts come newest first, terms by name
        if (query.text("order") == "asc") != ascending:
            chosen.reverse()
    return chosen


def _matches(item: Any, query: Query) -> bool:
    """Say whether an item passes every filter that applies to its kind."""
    conditions: list[tuple[str, Callable[[set[str]], bool]]] = [
        ("include", lambda wanted: str(item.id) in wanted),
        ("exclude", lambda unwanted: str(item.id) not in unwanted),
        ("slug", lambda wanted: _slug(item) in {quote(s, safe="%-_").lower() for s in wanted}),
        ("parent", lambda wanted: str(getattr(item, "parent", "")) in wanted),
        ("author", lambda wanted: str(getattr(item, "author", "")) in wanted),
        ("categories", lambda wanted: _shares(item, "categories", wanted)),
        ("tags", lambda wanted: _shares(item, "tags", wanted)),
    ]
    return (
        all(test(set(query.several(name))) for name, test in conditions if query.several(name))
        and _dated(item, query)
        and _used(item, query)
    )


def _shares(item: Any, field: str, wanted: set[str]) -> bool:
    """Say whether a post has one of these terms; nothing else can be filtered by them."""
    return not isinstance(item, Post) or bool(wanted & {str(n) for n in getattr(item, field)})


def _slug(item: Any) -> str:
    return content.stored_slug(getattr(item, "slug", ""))


def _dated(item: Any, query: Query) -> bool:
    """Apply `after`, `before` and their `modified_` forms: local time, bounds left out."""
    for name in ("after", "before", "modified_after", "modified_before"):
        stamp = getattr(item, "modified" if name.startswith("modified") else "date", None)
        if name not in query or stamp is None:
            continue
        bound = _moment(query.text(name), name)
        if stamp <= bound if name.endswith("after") else stamp >= bound:
            return False
    return True


def _moment(text: str, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _bad_parameter(name, "Invalid date.", "rest_invalid_date") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=content.TIMEZONE)


def _used(item: Any, query: Query) -> bool:
    """Apply what only terms know: `hide_empty` and `post`."""
    if not isinstance(item, Term):
        return True
    if query.text("hide_empty") in ("1", "true") and not content.direct_count(item):
        return False
    post = content.PUBLIC.get(query.number("post"))
    return "post" not in query or (post is not None and item.id in (*post.categories, *post.tags))
