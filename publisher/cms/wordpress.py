"""A WordPress: what it holds (REST API), and its pages (HTTP)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
import requests

from publisher.cms.http import (
    ANSWER_TIMEOUT_S,
    CONNECT_TIMEOUT_S,
    CONNECTIONS,
    CmsHttp,
    host_headers,
    reason,
    session,
)
from publisher.cms.port import Capture
from publisher.errors import CmsError
from publisher.inventory import Author, Inventory, Item, Term

# The largest page of a collection that REST gives (WP_REST_Controller::get_collection_params).
_PER_PAGE = 100
# Types that have no page of their own (`viewable` is shown to editors only).
_NOT_PAGES = frozenset(
    "nav_menu_item wp_block wp_template wp_template_part wp_navigation wp_global_styles "
    "wp_font_family wp_font_face".split()
)
# `media_details` whole: WordPress leaves it out when only its sizes are asked for.
_ITEM_FIELDS = (
    "id,type,link,slug,parent,date,author,format,content.protected,source_url,media_details"
)


class WordPress:
    """Implements `Cms`. `url` is where it is reached, `credentials` is `user:password` of HTTP
    basic authentication or ''. `connections` is the most pages asked for at once."""

    def __init__(self, url: str, credentials: str = "", connections: int = CONNECTIONS) -> None:
        self._url = url.rstrip("/")
        self._credentials = credentials
        self._session = session(credentials)
        self._home = ""
        self._connections = connections
        self._pages: CmsHttp | None = None

    def inventory(self) -> Inventory:
        """Implements `Cms.inventory` with REST, which answers in every permalink form."""
        try:
            return self._inventory()
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CmsError(
                f"{self._url} answers in a form that is not WordPress's: {error!r}",
                "Does a plugin change the REST API?",
            ) from error

    def _inventory(self) -> Inventory:
        root = self._get("/")[0]
        home = _text(root, "home").rstrip("/")
        if urlsplit(home).scheme not in ("http", "https"):
            raise CmsError(f"{self._url} does not say its address (REST field 'home'): {home!r}")
        self._home = home
        self._session.headers.update(host_headers(self._url, home))
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
        types = self._get("/wp/v2/types")[0]
        for kind, described in types.items():
            base = described.get("rest_base") if isinstance(described, dict) else None
            if not base or kind in _NOT_PAGES:
                continue
            namespace = described.get("rest_namespace", "wp/v2")
            for item in self._collection(f"/{namespace}/{base}", _fields=_ITEM_FIELDS):
                yield _item(item)

    def _terms(self) -> Iterator[Term]:
        for taxonomy, described in self._get("/wp/v2/taxonomies")[0].items():
            base = described.get("rest_base") if isinstance(described, dict) else None
            if not base or taxonomy == "nav_menu":
                continue
            namespace = described.get("rest_namespace", "wp/v2")
            fields = "id,link,slug,parent,count"
            route = f"/{namespace}/{base}"
            # A term whose posts are all in a child has a page, too, so empty ones are asked for.
            used: dict[int, dict[str, Any]] = {}
            terms = list(self._collection(route, _fields=fields))
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
            links = {
                user["id"]: user["link"]
                for user in self._collection("/wp/v2/users", _fields="id,link")
            }
        except CmsError:
            links = {}
        for number in writers:
            link = links.get(number) or self._redirect_of(f"?author={number}")
            yield Author(id=number, link=link or f"{self._home}/?author={number}")

    def _collection(self, route: str, **parameters: str) -> Iterator[dict[str, Any]]:
        page, pages = 1, 1
        while page <= pages:
            rows, headers = self._get(
                route, per_page=str(_PER_PAGE), page=str(page), orderby="id", **parameters
            )
            pages = int(headers.get("X-WP-TotalPages", "1"))
            if not isinstance(rows, list):
                raise CmsError(f"{self._url}{route}: a list was expected")
            yield from rows
            page += 1

    # ----------------------------------------------------------------- pieces

    def _date_base(self, items: tuple[Item, ...]) -> str:
        """The link of one year's archive: WordPress puts them below different paths,
        depending on the permalinks (WP_Rewrite::get_date_permastruct)."""
        years = sorted(item.date[:4] for item in items if item.kind == "post" and item.date)
        return self._redirect_of(f"?m={years[-1]}") if years else ""

    def _redirect_of(self, query: str) -> str:
        answer = self._ask(f"{self._url}/{query}")
        location = answer.headers.get("Location", "")
        return location if answer.status_code in (301, 302) else ""

    def _get(
        self, route: str, **parameters: str
    ) -> tuple[Any, requests.structures.CaseInsensitiveDict[str]]:
        answer = self._ask(f"{self._url}/", {"rest_route": route, **parameters})
        if answer.status_code == 401:
            raise CmsError(
                f"{self._url} refuses the user name or password (status 401)",
                "Set cms.basic_auth to env:NAME, and that variable to user:password.",
            )
        if answer.status_code == 503:
            raise CmsError(
                f"{self._url} is in maintenance or overloaded (status 503)",
                "Nothing was published. Export again when the CMS is back.",
            )
        if answer.status_code >= 400:
            raise CmsError(
                f"{self._url} answers {answer.status_code} to its REST API ({route})",
                "Is the REST API switched off by a plugin? The export needs it for reading.",
            )
        try:
            return msgspec.json.decode(answer.content), answer.headers
        except msgspec.DecodeError:
            raise CmsError(
                f"{self._url} answers {answer.headers.get('Content-Type', 'something')} where "
                f"its REST API should answer JSON ({route})",
                "Is cms.url the address of the WordPress itself, and not of something before it?",
            ) from None

    def _ask(self, url: str, parameters: dict[str, str] | None = None) -> requests.Response:
        try:
            return self._session.get(
                url,
                params=parameters,
                timeout=(CONNECT_TIMEOUT_S, ANSWER_TIMEOUT_S),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise CmsError(
                f"the CMS can't be reached at {self._url}: {reason(error)}",
                "Check cms.url, and that this machine may reach the staging network.",
            ) from error


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
