"""What an answer of the CMS means. Pure.

First by itself (`judge`, `flaw`), then by comparison with all the others (`Doubts`): a CMS
that is down, in maintenance or behind a log-in page often answers 200 all the same.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from publisher.addresses import Address, Addresses
from publisher.cms.port import Capture
from publisher.content_types import bare, by_name
from publisher.outcome import Outcome
from publisher.paths import SitePath
from publisher.rewrite.words import Words
from publisher.views import View

# Where the theme's own page for what is not there lies in a release.
NOT_FOUND_PATH = SitePath("/404.html")

NOT_FOUND = View("file", NOT_FOUND_PATH)

# The end of a page is looked for in so many of its last bytes.
_END_BYTES = 1024
# More objects than this, and than this share of all, that are given one and the same answer:
# it says nothing about any of them.
_COMMON_MAX = 3
_COMMON_SHARE = 0.05
# What nearly all pages of a site do is missing in a page that is none of it.
_USUAL_SHARE = 0.9

# Views of things that are there in their own right, unlike a file or a mere path.
_OBJECTS = frozenset(
    ("home", "post", "page", "attachment", "item", "term", "author", "date", "archive")
)


@dataclass(frozen=True, slots=True)
class Keep:
    """The body is what belongs at the address."""


@dataclass(frozen=True, slots=True)
class Move:
    """The CMS redirects: to `target` for the visitor, to `address` (None: elsewhere) for us."""

    status: int
    target: str
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """Another form of the same address (a slash, an encoding): ask for that form."""

    url: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The CMS says that it has nothing there."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The CMS would not give it out (401, 403, the log-in page, an error page for an image)."""


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer to rely on."""

    error: str


Verdict = Keep | Move | Again | Gone | Refused | Failed


def judge(address: Address, capture: Capture, addresses: Addresses) -> Verdict:
    """What the answer to this address means, as far as status and headers tell."""
    if capture.is_failure:
        return Failed(capture.error)
    if address.path == NOT_FOUND_PATH and address.view == NOT_FOUND:
        is_page = capture.status == 404 and bare(capture.content_type) == "text/html"
        # A page of the site has a style; what a web server says by itself has none.
        has_style = b"stylesheet" in capture.body or b"<style" in capture.body
        return Keep() if is_page and has_style else Gone()
    if capture.location and 300 <= capture.status < 400:
        return _redirect(address, capture, addresses)
    if capture.status in (404, 410):
        return Gone()
    if capture.status != 200 or (
        _is_page_for_file(address, capture) and not _has_that_name(address, capture, addresses)
    ):
        return Refused()
    if _is_stand_in(address, capture, addresses):
        return Move(302, "/")
    return Gone() if _shows_another(address, capture) else Keep()


def asked_at(url: str, path: SitePath, addresses: Addresses) -> Address:
    """The address that was asked for by this URL, at the path that it was asked for: another
    form of the URL may have led here."""
    if path == NOT_FOUND_PATH:
        return Address(url, path, path, NOT_FOUND)
    known = addresses.locate(url)
    if known and known.url == url and known.path == path:  # nearly always
        return known
    return Address(url, known.href if known else path.url, path, known.view if known else None)


def _redirect(address: Address, capture: Capture, addresses: Addresses) -> Verdict:
    target_url, hash_, fragment = capture.location.partition("#")
    target = addresses.locate(target_url)
    if target is None:  # to another host: for the visitor, never for us
        if urlsplit(target_url).scheme in ("http", "https"):
            return Move(capture.status, capture.location)
        return Gone()
    if target.path is None:  # to the log-in page, or to what is not public
        return Refused()
    if target.path != address.path:
        return Move(capture.status, target.href + hash_ + fragment, target)
    if target_url == capture.url:
        return Failed("redirects to itself")
    return Again(target_url)


def _is_page_for_file(address: Address, capture: Capture) -> bool:
    """A style sheet or image that comes as HTML is an error page with status 200."""
    return (
        bare(capture.content_type) == "text/html"
        and address.view is not None
        and address.view.kind == "file"
        and by_name(address.path or "") not in ("", "text/html")
    )


# As far as the head of a page goes.
_HEAD_BYTES = 50_000
_CANONICAL = re.compile(
    rb"<link\b(?=[^>]{0,500}\brel=[\"']?canonical\b)[^>]{0,500}\bhref=[\"']?([^\"'\s>]{1,2000})",
    re.IGNORECASE,
)


def _has_that_name(address: Address, capture: Capture, addresses: Addresses) -> bool:
    """Whether a page says that its own address is the one that looks like a file's: `/vue.js` is an
    article then. An error page does not."""
    named = _CANONICAL.search(capture.body[:_HEAD_BYTES])
    if named is None:
        return False
    try:
        own = urljoin(capture.url, html.unescape(named[1].decode(errors="replace")))
    except ValueError:  # not a URL at all
        return False
    known = addresses.locate(own.partition("#")[0])
    return known is not None and known.path == address.path


def _is_stand_in(address: Address, capture: Capture, addresses: Addresses) -> bool:
    """With plain permalinks WordPress answers every unknown path with its home page."""
    inventory = addresses.views.inventory
    return (
        inventory.kind == "wordpress"
        and not inventory.pretty
        and capture.generated
        and address.view is not None
        and address.view.kind in ("path", "file")
    )


# `get_body_class` for the front page and for the page of posts.
_OF_HOME = re.compile(rb"<body\b[^>]{0,300}\bclass=[\"'](?:[\w-]+ ){0,9}(?:home|blog)[ \"']")


def _shows_another(address: Address, capture: Capture) -> bool:
    """Whether an entry of a type that is not for visitors was asked for: REST may list it, and
    `WP::parse_request` answers its link with the home page."""
    view = address.view
    if view is None or view.kind != "item" or not _OF_HOME.search(capture.body):
        return False
    return not _names(capture.body, view.id.rpartition(":")[2].encode())


# ------------------------------------------------------------------- the body of a page

# Pages that are no content, whatever their status says; looked for in lower-case bytes.
_ERROR_PAGES = {
    # wp_die: database errors, maintenance, critical errors (`_default_wp_die_handler`).
    "is WordPress's page for errors": (b'<body id="error-page">',),
    "is WordPress's page for database errors": (b"<title>database error</title>",),
    # wp-login.php (`login_header`).
    "is the log-in page": (b'<form name="loginform" id="loginform"',),
}
_ERROR_SIGNS = Words(_ERROR_PAGES)
_PHP_ERROR = re.compile(
    rb"<b>(?:fatal error|parse error)</b>:\s|^\s*(?:php )?(?:fatal|parse) error:\s", re.IGNORECASE
)
_PASSWORD = re.compile(rb"<input\b[^>]{0,300}\btype\s*=\s*[\"']?password\b", re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]{0,200}>([^<]{0,300})", re.IGNORECASE)
_LOG_IN = re.compile(r"\b(?:log|sign)[ -]?(?:in|on)\b|ログイン|サインイン|認証", re.IGNORECASE)


def flaw(body: bytes) -> str:
    """Why an HTML page that came with status 200 is none of the site's, '' if it may be one."""
    if not body.strip():
        return "is empty"
    start = body[:20_000].lower()
    if signs := _ERROR_SIGNS.groups_in(start):
        return next(error for error in _ERROR_PAGES if error in signs)
    if not ends(body) and _PHP_ERROR.search(body[-20_000:]):
        return "ends in an error of PHP"
    title = _TITLE.search(start)
    if title and _LOG_IN.search(title[1].decode(errors="replace")) and _PASSWORD.search(body):
        return "is a log-in page"
    return ""


def ends(body: bytes) -> bool:
    """Whether a page ends as a whole page does."""
    return b"</html" in body[-_END_BYTES:].lower()


# `get_body_class` for `is_home()`.
_LISTS_POSTS = re.compile(rb"<body\b[^>]{0,300}\bclass=[\"'](?:[\w-]+ ){0,9}blog[ \"']")


def names_itself(body: bytes, view: View) -> bool | None:
    """Whether the page of a post or page of WordPress names its own id, as classes, the short
    link and the link to REST do (`get_body_class`, `wp_shortlink_wp_head`,
    `rest_output_link_wp_head`). None for what has no id, and for the page of posts
    (`page_for_posts`), which is a list to WordPress and names none."""
    if view.kind not in ("post", "page"):
        return None
    names = _names(body, view.id.encode())
    return None if not names and view.kind == "page" and _LISTS_POSTS.search(body) else names


# What stands before the id, and how far back to look for it.
_BEFORE_ID = re.compile(
    rb"(?:\b(?:post|page|postid|page-id)-|[?&;](?:p|page_id)=|/(?:posts|pages)/)\Z"
)
_BEFORE_ID_BYTES = 16


def _names(body: bytes, number: bytes) -> bool:
    # The number is looked for first: what may stand before it, at each place, takes 1 ms a page.
    at = body.find(number)
    while at >= 0:
        end = at + len(number)
        if not body[end : end + 1].isdigit() and _BEFORE_ID.search(
            body, max(0, at - _BEFORE_ID_BYTES), at
        ):
            return True
        at = body.find(number, at + 1)
    return False


def is_object(view: View | None) -> bool:
    """Whether this is a thing in its own right, and not a further page or feed of one."""
    return view is not None and view.is_first and view.kind in _OBJECTS


def is_of_object(view: View | None) -> bool:
    """Whether this is such a thing or a further page of one, which the theme frames: as opposed
    to a file or a plugin's fragment."""
    return view is not None and view.kind in _OBJECTS


# ------------------------------------------------------------------ compared with the others


class Doubts:
    """Notes what is usual among a site's pages, and then tells which are not to be believed.

    `ends`: whether the pages of the live site end as pages do; None if nothing is live.
    """

    def __init__(self, ends: bool | None = None) -> None:
        self._ends = ends
        self._pages = Counter[str]()
        self._bodies = Counter[str]()
        self._targets = Counter[str]()
        self._objects = 0

    def anew(self) -> Doubts:
        """One for the same site that has noted nothing yet."""
        return Doubts(self._ends)

    def note(self, outcome: Outcome) -> None:
        """Take an outcome into account."""
        if outcome.ends is not None:
            self._pages["all"] += 1
            self._pages["end"] += outcome.ends
        if not outcome.is_object:
            return
        self._objects += 1
        if outcome.kind == "moved":
            self._targets[outcome.target] += 1
        if outcome.kind == "content" and outcome.entry and outcome.entry.is_page:
            self._pages["with id"] += outcome.names_itself is not None
            self._pages["name themselves"] += outcome.names_itself is True
            self._bodies[outcome.entry.blob[:16]] += 1

    def of(self, outcome: Outcome) -> str:
        """Why this is no answer to rely on, '' if it is one. Ask when all are noted."""
        if outcome.ends is False and self._end():
            return "the page breaks off before its end (status 200)"
        if not outcome.is_object:
            return ""
        common = max(_COMMON_MAX, self._objects * _COMMON_SHARE)
        if outcome.kind == "moved" and self._targets[outcome.target] > common:
            return (
                f"redirects to {outcome.target}, as {self._targets[outcome.target] - 1} others do"
            )
        if outcome.kind != "content" or not outcome.entry or not outcome.entry.is_page:
            return ""
        same = self._bodies[outcome.entry.blob[:16]]
        if same > common:
            return f"is the same page as {same - 1} others"
        if outcome.names_itself is False and self._share("name themselves", "with id"):
            return "does not name its own id, as this site's pages do (status 200)"
        return ""

    def _end(self) -> bool:
        return self._share("end", "all") if self._ends is None else self._ends

    def _share(self, which: str, of: str) -> bool:
        return self._pages[which] > self._pages[of] * _USUAL_SHARE and self._pages[of] > 1
