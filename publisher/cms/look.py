"""A first look at a CMS of which only the address is known."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from publisher.cms.http import host_headers
from publisher.cms.questions import Answer, Questions, is_same_host, refusal
from publisher.content_types import bare
from publisher.discovery import SITEMAPS, sitemaps_of
from publisher.errors import CmsError
from publisher.front import Front, front, host_of, one_line
from publisher.init import Look
from publisher.inventory import Item
from publisher.judge import flaw

_REDIRECTS_MAX = 5
_PAGE_BYTES = 512 * 1024
_BEGINNING_BYTES = 16 * 1024
_ROBOTS_BYTES = 512 * 1024
_TYPES_MAX = 20
_TRIED_MAX = 20
_LINK_CHARACTERS_MAX = 2000
_HTML = ("text/html", "application/xhtml+xml")
_ROOT = {"rest_route": "/", "_fields": "home,name,namespaces"}


def look(url: str, credentials: str = "") -> Look:
    """What the CMS at an address is and has: some twenty requests, all to its own host.

    Raises CmsError: not reachable, behind a password, elsewhere, in maintenance, no page.
    """
    return _Looking(url.rstrip("/"), credentials).look()


class _Looking:
    def __init__(self, url: str, credentials: str) -> None:
        self._credentials = credentials
        self._reach(url)
        self._home = ""
        self._sample: Item | None = None
        self._listed = ""

    def look(self) -> Look:
        root, status = self._root()
        answer = self._home_page()
        page = front(answer.body, answer.content_type, answer.url)
        wordpress = "REST API" if root else _signs(page, answer)
        is_plain = self._sample is not None and "?" in self._sample.link
        robots = self._text("?robots=1" if is_plain else "robots.txt")
        sitemaps = tuple(self._sitemaps(robots, bool(root)))
        return Look(
            url=self._url,
            front=page,
            rest="answers" if root else status,
            home=self._home,
            title=one_line(html.unescape(_text(root, "name"))),
            wordpress=wordpress,
            sample=self._sample,
            counts=dict(self._counts()) if root else {},
            robots=robots,
            sitemaps=sitemaps,
            feeds=page.feeds,
            listed=self._listed,
            password=bool(self._credentials),
        )

    def _reach(self, url: str) -> None:
        self._url = url
        self._questions = Questions(url, self._credentials)

    # ----------------------------------------------------------------- WordPress

    def _root(self) -> tuple[dict[str, Any], int]:
        """What REST says of the site, and its status. It answers under every host's name and in
        every permalink form, unlike the pages: so it is asked first."""
        answer = self._questions.ask(f"{self._url}/", _ROOT)
        target = urlsplit(answer.location)
        if target.scheme == "https" != urlsplit(self._url).scheme and is_same_host(
            self._url, answer.location
        ):
            self._reach(urlsplit(self._url)._replace(scheme="https", netloc=target.netloc).geturl())
            answer = self._questions.ask(f"{self._url}/", _ROOT)
        root = _json(answer)
        home = _text(root, "home").rstrip("/")
        is_address = host_of(home) and home.isprintable() and " " not in home
        if not is_address or not home.startswith(("http://", "https://")) or len(home) > 500:
            return {}, answer.status if answer.status >= 400 else 0
        self._home = home
        self._go_up(urlsplit(home).path)
        self._questions.headers.update(host_headers(self._url, home))
        posts = self._rest("/wp/v2/posts", per_page="1", _fields="id,link,slug,date")
        if posts.status >= 400:  # only some routes are switched off
            return {}, posts.status
        self._sample = _sample(_json(posts))
        return root, 200

    def _go_up(self, path: str) -> None:
        """REST also answers at a page's address: the CMS is where it says, if that is above."""
        here = urlsplit(self._url)
        above = here._replace(path=path).geturl()
        if self._url.startswith(f"{above}/") and _text(
            _json(Questions(above, self._credentials).ask(f"{above}/", _ROOT)), "home"
        ):
            self._reach(above)

    def _counts(self) -> Iterator[tuple[str, int]]:
        types = _json(self._rest("/wp/v2/types"))
        bases = [
            base
            for name, described in (types.items() if isinstance(types, dict) else ())
            if not name.startswith(("wp_", "nav_menu")) and (base := _text(described, "rest_base"))
        ]
        for base in bases[:_TYPES_MAX]:
            answer = self._rest(f"/wp/v2/{base}", per_page="1", _fields="id")
            total = answer.headers.get("x-wp-total", "")
            if answer.status == 200 and total.isdecimal() and len(total) < 12:
                yield one_line(base), int(total)

    def _rest(self, route: str, **parameters: str) -> Answer:
        return self._questions.ask(f"{self._url}/", {"rest_route": route, **parameters})

    # --------------------------------------------------------------------- pages

    def _home_page(self) -> Answer:
        url = f"{self._url}/"
        for _ in range(_REDIRECTS_MAX):
            answer = self._questions.ask(url, bytes_max=_PAGE_BYTES)
            if answer.status == 401:
                raise self._wants_password(answer)
            target = self._reached(answer.location)
            if not target:
                break
            url = target
        if error := refusal(self._url, answer):
            raise error
        if answer.location:
            raise CmsError(
                f"{self._url} redirects in a circle: {answer.url} to {answer.location}",
                "Does it open in a browser? A WordPress behind a proxy must know its own address.",
            )
        if bare(answer.content_type) not in _HTML:
            raise CmsError(
                f"{self._url} answers {one_line(answer.content_type) or 'something'} where its "
                "home page should be",
                "Is this the address of the CMS's home page?",
            )
        if wrong := flaw(answer.body):
            raise CmsError(
                f"{self._url}: the page there {wrong}",
                "Is this the address of the site's home page, and not of its administration? "
                "Does it open in a private window of a browser?",
            )
        return answer

    def _wants_password(self, answer: Answer) -> CmsError:
        if self._credentials:
            return CmsError(
                f"{self._url} refuses the user name or password (status 401)",
                "Does the environment variable hold user:password, as a browser takes them?",
            )
        scheme = answer.headers.get("www-authenticate", "").partition(" ")[0]
        if scheme.lower() not in ("basic", ""):
            return CmsError(
                f"{self._url} asks for another sign-in than HTTP basic: {one_line(scheme)}",
                "Let this machine in without it, or with basic authentication.",
            )
        return CmsError(
            f"{self._url} is behind a password (status 401)",
            "Put user:password into a variable, such as CMS_BASIC_AUTH, and run this again with "
            "--basic-auth env:CMS_BASIC_AUTH. It becomes cms.basic_auth.",
        )

    def _reached(self, target: str) -> str:
        """An address of the CMS as this machine reaches it; '' if it is somebody else's."""
        if not target or not any(is_same_host(url, target) for url in (self._url, self._home)):
            return ""
        here = urlsplit(self._url)
        return urlsplit(target)._replace(scheme=here.scheme, netloc=here.netloc).geturl()

    def _text(self, path: str) -> str:
        answer = self._questions.ask(f"{self._url}/{path}", bytes_max=_ROBOTS_BYTES)
        is_text = answer.status == 200 and bare(answer.content_type) == "text/plain"
        return answer.body.decode("utf-8", "replace") if is_text else ""

    def _sitemaps(self, robots: str, is_wordpress: bool) -> Iterator[str]:
        usual = ["wp-sitemap.xml", "?sitemap=index"] if is_wordpress else []
        candidates = sitemaps_of(robots, self._home or self._url)
        candidates += [f"{self._url}/{name}" for name in (*usual, *SITEMAPS)]
        seen: set[str] = set()
        for candidate in candidates[:_TRIED_MAX]:
            url = self._reached(candidate)
            if url and url not in seen:
                seen.add(url)
                answer = self._questions.ask(url, bytes_max=_BEGINNING_BYTES)
                if answer.status == 200 and (
                    b"<urlset" in answer.body or b"<sitemapindex" in answer.body
                ):
                    self._listed = self._listed or _location(answer.body)
                    yield one_line(url)


def _sample(rows: Any) -> Item | None:
    """A post of a REST collection, as far as it is to be believed."""
    row = rows[0] if isinstance(rows, list) and rows else None
    number = row.get("id") if isinstance(row, dict) else None
    link = _text(row, "link")
    if not isinstance(number, int) or not host_of(link) or len(link) > _LINK_CHARACTERS_MAX:
        return None
    slug = unquote(_text(row, "slug"))
    return Item(kind="post", id=number, link=link, slug=slug, date=_text(row, "date"))


def _location(sitemap: bytes) -> str:
    """The first address in the beginning of a sitemap; '' if there is none."""
    found = re.search(rb"<loc>\s{0,100}(https?://[^<\s]{1,2000})", sitemap)
    url = found[1].decode("utf-8", "replace") if found else ""
    return url if host_of(url) else ""


def _signs(page: Front, answer: Answer) -> str:
    """Where a home page shows that WordPress made it, '' if nowhere."""
    if any(generator.startswith("WordPress") for generator in page.generators):
        return "generator of the home page"
    if page.api or "api.w.org" in answer.headers.get("link", ""):
        return "link to the REST API"
    if b"/wp-content/" in answer.body or b"/wp-includes/" in answer.body:
        return "files of the home page"
    return ""


def _json(answer: Answer) -> Any:
    try:
        return msgspec.json.decode(answer.body) if answer.status == 200 else None
    except (msgspec.DecodeError, RecursionError):
        return None


def _text(row: Any, name: str) -> str:
    value = row.get(name) if isinstance(row, dict) else None
    return value if isinstance(value, str) else ""
