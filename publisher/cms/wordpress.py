"""A WordPress: what it holds (REST API), and its pages (HTTP)."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import msgspec

from publisher.cms.http import CONNECTIONS, CmsHttp, host_headers
from publisher.cms.port import Capture
from publisher.cms.questions import Answer, Questions, refusal
from publisher.errors import CmsError
from publisher.inventory import Author, Inventory, Item, Term

# The largest page of a collection that REST gives (WP_REST_Controller::get_collection_params).
_PER_PAGE = 100
# A million objects of one type. What announces more lies, or is no site for one list.
_PAGES_MAX = 10_000
# How often a list that changes while it is read is read again.
_READINGS_MAX = 3
# Types that have no page of their own (`viewable` is shown to editors only).
_NOT_PAGES = frozenset(
    "nav_menu_item wp_block wp_template wp_template_part wp_navigation wp_global_styles "
    "wp_font_family wp_font_face".split()
)
# Without these it is no WordPress that could be exported. A plugin's own type may refuse.
_MUST_ANSWER = frozenset("post page attachment category post_tag".split())
_REFUSALS = (400, 401, 403, 404)
# `media_details` whole: WordPress leaves it out when only its sizes are asked for.
_ITEM_FIELDS = (
    "id,type,link,slug,parent,date,modified_gmt,author,format,content.protected,source_url,"
    "media_details"
)


class _Refused(CmsError):
    """A route of the REST API is not for us."""


class WordPress:
    """Implements `Cms`. `url` is where it is reached, `credentials` is `user:password` of HTTP
    basic authentication or ''. `connections` is the most pages asked for at once."""

    def __init__(self, url: str, credentials: str = "", connections: int = CONNECTIONS) -> None:
        self._url = url.rstrip("/")
        self._credentials = credentials
        self._questions = Questions(self._url, credentials)
        self._home = ""
        self._connections = connections
        self._pages: CmsHttp | None = None

    def inventory(self) -> Inventory:
        """Implements `Cms.inventory` with REST, which answers in every permalink form."""
        with self._understood():
            return self._inventory()

    def public_ids(self) -> frozenset[int]:
        """The ids of all that has a page which visitors may read now: posts, pages and entries
        of other types, without those that ask for a password.

        Cheap, compared with an inventory: 2,000 posts take WordPress 0.4 s on two cores. Two
        answers tell what stopped being public in between. Raises CmsError.
        """
        found: set[int] = set()
        with self._understood():
            for kind, route in self._routes("types", _NOT_PAGES | {"attachment"}):
                for row in self._rows(kind, route, _fields="id,content.protected"):
                    content = row.get("content")
                    if not (isinstance(content, dict) and content.get("protected")):
                        found.add(row["id"])
        return frozenset(found)

    @contextlib.contextmanager
    def _understood(self) -> Iterator[None]:
        try:
            yield
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CmsError(
                f"{self._url} answers in a form that is not WordPress's: {error!r}",
                "Does a plugin change the REST API?",
            ) from error

    def _inventory(self) -> Inventory:
        root = self._get("/", _fields="home,name")[0]
        home = _text(root, "home").rstrip("/")
        if urlsplit(home).scheme not in ("http", "https"):
            raise CmsError(f"{self._url} does not say its address (REST field 'home'): {home!r}")
        self._home = home
        self._questions.headers.update(host_headers(self._url, home))
        items = tuple(self._items())
        terms = tuple(self._terms())
        pretty = any(not urlsplit(item.link).query for item in items if item.link != f"{home}/")
        return Inventory(
            home=home,
            title=_text(root, "name"),
            pretty=pretty,
            date_base=self._date_base(items) if pretty else "",
            items=items,
            terms=terms,
            authors=tuple(self._authors(items)),
        )

    def captures(self, wanted: deque[str]) -> Iterator[Capture | None]:
        """Implements `Cms.captures`."""
        if self._pages is None:  # kept: it has connections, and has learnt the CMS's pace
            home = self._home or self._url
            self._pages = CmsHttp(self._url, home, self._credentials, self._connections)
        return self._pages.captures(wanted)

    # ----------------------------------------------------------- collections

    def _items(self) -> Iterator[Item]:
        for kind, route in self._routes("types", _NOT_PAGES):
            for row in self._rows(kind, route, _fields=_ITEM_FIELDS):
                yield _item(row)

    def _terms(self) -> Iterator[Term]:
        for taxonomy, route in self._routes("taxonomies", frozenset(("nav_menu",))):
            # A term whose posts are all in a child has a page, too, so empty ones are asked for.
            used: dict[int, dict[str, Any]] = {}
            terms = self._rows(taxonomy, route, _fields="id,link,slug,parent,count")
            by_id = {term["id"]: term for term in terms}
            for term in terms:
                current: dict[str, Any] | None = term if term.get("count") else None
                while current and current["id"] not in used:
                    used[current["id"]] = current
                    current = by_id.get(current.get("parent", 0))
            for term in used.values():
                yield Term(
                    taxonomy=taxonomy,
                    id=term["id"],
                    link=term["link"],
                    slug=unquote(term["slug"]),
                    parent=term.get("parent", 0),
                )

    def _authors(self, items: tuple[Item, ...]) -> Iterator[Author]:
        """Authors of public posts. A CMS that does not list its users (a common hardening) is
        asked for each author's page, whose redirect tells the link."""
        writers = sorted({item.author for item in items if item.kind == "post" and item.author})
        try:
            users = {
                user["id"]: user
                for user in self._rows("users", "/wp/v2/users", _fields="id,link,slug")
            }
        except CmsError:
            users = {}
        for number in writers:
            user = users.get(number, {})
            link = user.get("link") or self._redirect_of(f"?author={number}")
            slug = unquote(user.get("slug") or "")
            yield Author(id=number, link=link or f"{self._home}/?author={number}", slug=slug)

    def _routes(self, what: str, without: frozenset[str]) -> Iterator[tuple[str, str]]:
        """The types or taxonomies that REST shows, and where each is listed. One without a
        `rest_base` is listed under its own name, as WordPress does it."""
        for name, described in self._get(f"/wp/v2/{what}")[0].items():
            if name not in without and isinstance(described, dict):
                namespace = described.get("rest_namespace") or "wp/v2"
                yield name, f"/{namespace}/{described.get('rest_base') or name}"

    def _rows(self, name: str, route: str, **parameters: str) -> list[dict[str, Any]]:
        """A whole collection, each object once, by id. A list whose length changed while it was
        read is read again: what moved from one page of it to another would be missed."""
        asked = {"orderby": "id", "order": "asc", **parameters}
        try:
            rows, total, pages = self._first(route, asked)
        except _Refused:
            if name in _MUST_ANSWER:
                raise
            return []
        for _ in range(_READINGS_MAX):
            if pages < 2:
                break
            for row in self._further(route, asked, pages):
                rows[row["id"]] = row
            again, now, pages = self._first(route, asked)
            if now == total:
                break
            rows, total = again, now
        return [rows[number] for number in sorted(rows)]

    def _first(
        self, route: str, parameters: Mapping[str, str]
    ) -> tuple[dict[int, dict[str, Any]], int, int]:
        """The first page of a collection by id; how many objects and pages it has."""
        got, headers = self._get(route, per_page=str(_PER_PAGE), page="1", **parameters)
        pages = int(headers.get("x-wp-totalpages", "1"))
        if pages > _PAGES_MAX:
            raise CmsError(f"{self._url} says that {route} has {pages:,} pages: that can't be")
        rows = {row["id"]: row for row in self._list(route, got)}
        return rows, int(headers.get("x-wp-total", "0")), pages

    def _further(
        self, route: str, parameters: Mapping[str, str], pages: int
    ) -> Iterator[dict[str, Any]]:
        """The rows of the second page and all after it, asked for several at a time."""
        query = {"rest_route": route, "per_page": str(_PER_PAGE), **parameters}
        wanted = deque(
            f"{self._url}/?{urlencode({**query, 'page': str(page)})}"
            for page in range(2, pages + 1)
        )
        for capture in filter(None, self.captures(wanted)):
            if capture.status == 400:  # a page that is no more: something was deleted
                continue
            if capture.status != 200:
                raise CmsError(
                    f"{self._url} does not list all of {route}: "
                    f"{capture.error or f'status {capture.status}'}",
                    "Nothing was changed. Try again when the CMS is back.",
                )
            yield from self._list(route, self._decoded(route, capture.body, capture.content_type))

    def _list(self, route: str, rows: Any) -> list[dict[str, Any]]:
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise CmsError(f"{self._url}{route}: a list was expected")
        return rows

    # ----------------------------------------------------------------- pieces

    def _date_base(self, items: tuple[Item, ...]) -> str:
        """The link of one year's archive: WordPress puts them below different paths,
        depending on the permalinks (WP_Rewrite::get_date_permastruct)."""
        years = sorted(item.date[:4] for item in items if item.kind == "post" and item.date)
        return self._redirect_of(f"?m={years[-1]}") if years else ""

    def _redirect_of(self, query: str) -> str:
        answer = self._questions.ask(f"{self._url}/{query}")
        return answer.location if answer.status in (301, 302) else ""

    def _get(self, route: str, **parameters: str) -> tuple[Any, Mapping[str, str]]:
        answer = self._questions.ask(f"{self._url}/", {"rest_route": route, **parameters})
        if answer.status in _REFUSALS:
            raise self._refused(route, answer)
        if answer.status == 503 and (error := refusal(self._url, answer)):
            raise error
        if answer.status >= 400:
            raise CmsError(
                f"{self._url} answers {answer.status} to its REST API ({route})",
                "Nothing was changed. Look into the WordPress's error log.",
            )
        return self._decoded(route, answer.body, answer.content_type), answer.headers

    def _decoded(self, route: str, body: bytes, content_type: str) -> Any:
        try:
            return msgspec.json.decode(body)
        except msgspec.DecodeError:
            raise CmsError(
                f"{self._url} answers {content_type or 'something'} where its REST API should "
                f"answer JSON ({route})",
                "Is cms.url the address of the WordPress itself, and not of something before it? "
                "Is it no WordPress? Then set cms.kind to generic.",
            ) from None

    def _refused(self, route: str, answer: Answer) -> CmsError:
        """Why REST refuses: because everything does, or because somebody switched it off."""
        home = self._questions.ask(f"{self._url}/")
        error = refusal(self._url, home) if home.status >= 400 else None
        return error or _Refused(
            f"{self._url} answers {answer.status} to its REST API ({route}), while its pages "
            "are there: the REST API is switched off for visitors",
            "Let it answer to reading (a setting of a security plugin). Or set cms.kind to "
            "generic: then links and sitemaps alone lead to what is exported.",
        )


def _item(row: dict[str, Any]) -> Item:
    content = row.get("content")
    details = row.get("media_details")
    sizes = details.get("sizes") if isinstance(details, dict) else None
    files = [
        size["source_url"]
        for size in (sizes.values() if isinstance(sizes, dict) else ())
        if isinstance(size, dict) and size.get("source_url")
    ]
    try:
        return Item(
            kind=row["type"],
            id=row["id"],
            link=row["link"],
            slug=unquote(row.get("slug") or ""),
            parent=row.get("parent") or 0,
            date=row.get("date") or "",
            modified=row.get("modified_gmt") or "",
            author=row.get("author") or 0,
            format=row.get("format") or "",
            protected=bool(content.get("protected")) if isinstance(content, dict) else False,
            file=row.get("source_url") or "",
            files=tuple(files),
        )
    except (KeyError, TypeError) as error:
        raise CmsError(f"the CMS lists an object without {error}") from None


def _text(row: Any, name: str) -> str:
    value = row.get(name) if isinstance(row, dict) else None
    return value if isinstance(value, str) else ""
