"""Under which address social networks know a post: what is configured, and what was captured.
Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

import msgspec

from publisher.inventory import Item

# WordPress writes the octets of a slug in lower case (`sanitize_title_with_dashes`), and so did
# the `og:url` of its plugins: networks compare letter by letter.
_OCTET = re.compile("%[0-9A-F]{2}")
_SHARED_URL_MAX = 2000
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Social(msgspec.Struct, frozen=True):
    """What keeps the counts of shares. Can be sent to another process.

    `cutover`: the day (YYYY-MM-DD) from which posts are known by their new address; '' means
    that all posts are old. `captured`: by a post's id, what the old site said in `og:url`, to
    the letter. `old_form`: a template of a whole address for the other old posts ({id}, {slug},
    {yyyy}, {mm}, {dd}); '' is the CMS's own link on the public host. `buttons_old`: whether the
    share buttons of an old post carry its old address, too.
    """

    cutover: str = ""
    captured: Mapping[int, str] = {}
    old_form: str = ""
    buttons_old: bool = True

    def is_old(self, item: Item | None) -> bool:
        """Whether a post (None: one that the CMS does not list) is from before the cut-over."""
        return not self.cutover or item is None or item.date < self.cutover

    def told(self, number: int, item: Item | None) -> str:
        """What is known of an old post's address without asking for the CMS's link: captured, or
        by the template; '' if neither says anything."""
        return self.captured.get(number) or self.by_rule(number, item)

    def by_rule(self, number: int, item: Item | None) -> str:
        """The address of a post by the template, '' if there is none or it needs what only the
        CMS's list tells."""
        day = item.date[:10].split("-") if item else []
        yyyy, mm, dd = day if len(day) == 3 else ("", "", "")
        slug = _OCTET.sub(lambda octet: octet[0].lower(), quote(item.slug, safe="")) if item else ""
        values = {"id": str(number), "slug": slug, "yyyy": yyyy, "mm": mm, "dd": dd}
        if not all(values[name] for name in _PLACEHOLDER.findall(self.old_form)):
            return ""
        return self.old_form.format_map(values)


def is_shared_url(value: str) -> str:
    """A whole address as a page names it in `og:url`: Japanese and spaces may stand in it as they
    are. Raises ValueError, whose words follow the name of what is wrong."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address that begins with http:// or https://")
    if not value.isprintable() or set(value) & set('<>"\\^`{|}'):
        raise ValueError("must not hold control characters, quotes, brackets or backslashes")
    if parts.username is not None or len(value) > _SHARED_URL_MAX:
        raise ValueError("must not hold a user's name, nor more than 2,000 characters")
    _ = parts.port  # raises ValueError for a port that is none
    return value
