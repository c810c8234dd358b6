"""Where an address of the CMS leads on the public site. Pure.

Joins what the other modules know: whose URL it is (origins), what it means (views), which
path that has (routes), and whether the public may have it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import msgspec

from publisher.hosts import idna, is_name
from publisher.inventory import Inventory, Item
from publisher.paths import BadPath, SitePath, decoded
from publisher.queries import only, variant_names, without_session
from publisher.routes import Router, Routes
from publisher.scope import Scope
from publisher.social import Social
from publisher.views import View, Views
from redirects.targets import SENT_AS_IT_IS

# What `publisher init` writes where nothing shows the public address.
EXAMPLE = "https://www.example.com"

_DEFAULT_PORTS = {"http": 80, "https": 443}
# Paths that are written as `_resolved` would write them.
_PLAIN_PATH = re.compile(r"(?:/(?!/|\.)[A-Za-z0-9_.~!$&'()*+,=:@%-]*)*")
# So many addresses are kept understood: most links of a site stand on all of its pages.
_KNOWN_MAX = 20_000
_LOOPBACK = {"localhost": "127.0.0.1", "127.0.0.1": "localhost"}


class Address(msgspec.Struct, frozen=True):
    """A URL of the CMS, understood.

    `path` is where the public site has it, None if the public may not have it, or the
    configuration takes it out (`href` is
    then the URL's own path and query). `url` is what to ask the CMS. `href` is the link from
    the site's root, without fragment. `key` is the same for all addresses that want one path for
    one thing: the path, and whether parameters select what is there.
    """

    url: str
    href: str
    path: SitePath | None
    view: View | None
    key: str = ""


@dataclass(frozen=True, slots=True)
class SiteUrls:
    """The public address (`https://www.example.co.jp`, no trailing slash) and the
    addresses under which the CMS is or believes to be (`http://127.0.0.1:8081/news`)."""

    public: str
    cms: tuple[str, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """The CMS's hosts with their ports, lower-case; without port, too, where the host is
        a name of its own and not this machine. `//127.0.0.1`: only where an address begins
        (WordPress leaves the port out of its feeds' own address, `self_link`).

        The public host is among them if the CMS takes it for its own: what it names is to be
        rewritten then, and nothing leaks by it."""
        public_name = idna(urlsplit(self.public).hostname or "")
        hosts: set[str] = set()
        for url in self.cms:
            parts = urlsplit(url.lower())
            hosts.add(parts.netloc.rpartition("@")[2])
            name = parts.hostname or ""
            if is_name(name) and idna(name) == public_name:
                # Its other spellings, `example.co.jp`, are visitors' addresses: of mail, for one.
                continue
            if not is_name(name) and parts.port:
                hosts.add(f"//[{name}]" if ":" in name else f"//{name}")
            for other in self.spellings(name):
                if is_name(other):
                    hosts.add(other)
                elif other != name:  # this machine by its other name
                    hosts.add(f"{other}:{parts.port}" if parts.port else f"//{other}")
        return tuple(sorted(hosts, key=lambda host: (-len(host), host)))

    def spellings(self, name: str) -> set[str]:
        """A host name and the others that people write for it: with and without `www.`, in
        Unicode and in Punycode, this machine by name and by number. Never the public host."""
        names = {name, _LOOPBACK.get(name, name)}
        if is_name(name):
            bare = name.removeprefix("www.")
            names |= {bare, f"www.{bare}"} if "." in bare else set()
        names |= {idna(one) for one in names} | {_unicode(one) for one in names}
        public = urlsplit(self.public).hostname or ""
        return {one for one in names if one == name or idna(one) != idna(public)}


class Addresses:
    """Tells where addresses of one CMS lead. `social` says which posts keep their old URL as
    the one that social networks know them by."""

    def __init__(
        self,
        inventory: Inventory,
        routes: Routes,
        urls: SiteUrls,
        social: Social = Social(),
        *,
        scope: Scope = Scope(),
    ) -> None:
        self.urls = urls
        self.scope = scope
        self.views = Views(inventory)
        self.router = Router(routes, self.views)
        self._social = social
        self._origin = _origin(urlsplit(inventory.home))
        parts = [urlsplit(url) for url in (*urls.cms, inventory.home)]
        self._hosts = {
            host
            for part in parts
            for name in map(idna, urls.spellings(part.hostname or ""))
            for host in (name, _with_port(name, part.port))
        }
        self._base = urlsplit(inventory.home).path.rstrip("/")
        self._is_wordpress = inventory.kind == "wordpress"
        self._root = self._origin + self._base
        self._known: dict[str, Address | None] = {}

    def locate(self, url: str) -> Address | None:
        """The address of an absolute URL without fragment; None if it is not the CMS's."""
        try:
            return self._known[url]
        except KeyError:
            address = self._locate(url)
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            self._known[url] = address
            return address

    def is_old(self, view: View) -> bool:
        """Whether this is a post whose social identity is its old URL."""
        if view.kind != "post":
            return False
        return self._social.is_old(self.views.items.get(int(view.id)))

    def _locate(self, url: str) -> Address | None:
        split = self._split(url)
        if split is None:
            return None
        path, query, is_below = split
        view = self.views.of(path, query) if is_below else None
        if view is None or self._is_protected(view):
            return _withheld(url, path, query)
        try:
            site_path = self.router.path(view)
        except BadPath:
            return _withheld(url, path, query)
        href = site_path.url
        given = query
        if view.kind == "file" and not view.variant:
            # `?ver=6.1` tells browsers that a file has changed; the edge ignores it.
            href += f"?{query}" if query else ""
            query = query if path.endswith(".php") and self._is_wordpress else ""
        asked = self._asked_at_link(view, query)
        if not asked:
            if query and (view.kind != "file" or view.variant):
                query = self.views.asked_query(query, view)
            asked = f"{self._root}{path}{'?' if query else ''}{query}"
        if self.scope.exclude and self._is_excluded(view, path, given):
            return _withheld(url, path, given)
        return Address(asked, href, site_path, view, f"{site_path}?" if view.variant else site_path)

    def _split(self, url: str) -> tuple[str, str, bool] | None:
        """The path below the CMS's base, percent-encoded, the raw query, and whether the URL is
        below the base at all; None for another site's URL."""
        if url.startswith(self._root):  # as the CMS writes it, and so nearly always
            path, _, query = url[len(self._root) :].partition("?")
            if path and _PLAIN_PATH.fullmatch(path) and "#" not in query and query.isprintable():
                return path, query, True
        try:
            parts = urlsplit(url)
            if parts.scheme not in _DEFAULT_PORTS or _host(parts) not in self._hosts:
                return None
        except ValueError:  # not a URL at all
            return None
        path = without_session(quote(parts.path, safe=SENT_AS_IT_IS, errors="surrogateescape"))
        path = _resolved(path) or "/"
        if self._base:
            if path != self._base and not path.startswith(f"{self._base}/"):
                return path, parts.query, False
            path = path[len(self._base) :] or "/"
        return path, parts.query, True

    def _is_excluded(self, view: View, path: str, query: str) -> bool:
        """Whether the URL as it is written is, or the object of which it is a part."""
        if self.scope.excludes(decoded(path), query):
            return True
        parts = urlsplit(self._link(view))
        own = decoded(parts.path).removeprefix(self._base)
        return bool(own) and self.scope.excludes(own, parts.query)

    def _asked_at_link(self, view: View, query: str) -> str:
        """The CMS's own link to an object, with the parameters that select a variant of it: the
        URL it was read in may also name a part that the view leaves out. '' if there is none."""
        if view.is_first or view.kind == "attachment":
            return self._link(view)
        if not (view.variant and msgspec.structs.replace(view, variant="").is_first):
            return ""
        link = self._link(view)
        chosen = only(query, variant_names(view.variant))
        return link and f"{link}{'&' if '?' in link else '?'}{chosen}"

    def _link(self, view: View) -> str:
        """The CMS's own link to an object: the one form that it does not redirect."""
        if view.kind in ("post", "page", "item"):
            item = self.views.items.get(int(view.id.rpartition(":")[2]))
            return item.link if item else ""
        if view.kind == "attachment":
            item = self.views.items[int(view.id)]
            if not self.router.has_attachment_pages:
                return item.file
            return item.link if view.is_first else ""
        if view.kind == "term":
            taxonomy, _, number = view.id.partition(":")
            term = self.views.terms.get((taxonomy, int(number))) if number.isdecimal() else None
            return term.link if term else ""
        return ""

    def _is_protected(self, view: View) -> bool:
        if view.kind in ("post", "page", "item"):
            item = self.views.items.get(int(view.id.rpartition(":")[2]))
            return item is not None and item.protected
        return False

    def identity(self, address: Address) -> str:
        """What `og:url` says: `known_by`, unless that names the CMS's host, which no page may; then
        the CMS's own link on the public host."""
        known_by = self.known_by(address)
        return known_by if self._may_be_named(known_by) else self._at_cms(address.url)

    def known_by(self, address: Address) -> str:
        """Where shares are counted: an old post's URL as it was when it was shared; the new URL
        for everything else."""
        if address.view is None or not self.is_old(address.view) or not address.view.is_first:
            return self.urls.public + address.href
        number = int(address.view.id)
        told = self._social.told(number, self.views.items.get(number))
        return told or self._at_cms(address.url)

    def _may_be_named(self, url: str) -> bool:
        """Whether a URL's host is none of the CMS's, or one that the public host is in."""
        host = _host(urlsplit(url))
        public = _host(urlsplit(self.urls.public))
        return host not in self._hosts or public == host or public.endswith(f".{host}")

    def by_rule(self, item: Item) -> str:
        """What `og:url` would say of an old post, had nothing been captured."""
        return self._social.by_rule(item.id, item) or self._at_cms(item.link)

    def shared(self, address: Address) -> str:
        """The whole URL that share buttons carry."""
        if self._social.buttons_old:
            return self.identity(address)
        return self.urls.public + address.href

    def _at_cms(self, url: str) -> str:
        """The CMS's own link, on the public host."""
        parts = urlsplit(url)
        path = parts.path.removeprefix(self._base) if self._base else parts.path
        return f"{self.urls.public}{path or '/'}{'?' if parts.query else ''}{parts.query}"


def _unicode(name: str) -> str:
    try:
        return name.encode().decode("idna") if "xn--" in name else name
    except UnicodeError:
        return name


def _resolved(path: str) -> str:
    """Without `.`, `..` and double slashes, as browsers and web servers take them."""
    if "//" in path:
        path = re.sub("//+", "/", path)
    return urlsplit(urljoin("http://host/", path)).path if "/." in path else path


def _withheld(url: str, path: str, query: str) -> Address:
    return Address(url, path + (f"?{query}" if query else ""), None, None)


def _origin(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}"


def _host(parts: SplitResult) -> str:
    """Host and port, with the default port of either scheme left out: http and https on
    their default ports are one site."""
    return _with_port(idna(parts.hostname or ""), parts.port)


def _with_port(host: str, port: int | None) -> str:
    return host if port in (None, 80, 443) else f"{host}:{port}"
