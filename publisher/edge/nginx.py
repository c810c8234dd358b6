"""The edge as an nginx: its configuration, with the same edge function, over the same slots.

Needs nginx 1.22 with njs 0.7.9, as Debian 12 has them. Behind it is what a store holds: a bucket
that answers nginx without a signature (`site/*` and `edge/*`, read only), in front of which it
keeps files, or the directory of a `DirectoryStore` on the same machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from urllib.parse import urlsplit

from jinja2 import Environment, StrictUndefined

from publisher.content_types import EDGE_TTL_S
from redirects.edge import MAX_AGE_S, source

# A file that was asked for in the last moment of a slot's service stays for its lifetime. Before:
# the second for which nginx keeps what is live, ten that it waits for another request for the same
# file, three and ten for the store; and some for clocks and busy machines.
COOLING_S = EDGE_TTL_S + 30.0

# What text is worth compressing; text/html always is.
_COMPRESSED = (
    "text/css text/plain text/xml text/javascript application/javascript application/json "
    "application/ld+json application/manifest+json application/xml application/rss+xml "
    "application/atom+xml application/rdf+xml image/svg+xml font/ttf font/otf "
    "application/vnd.ms-fontobject"
).split()
# What S3 says beside a file, and is no visitor's business. nginx itself says what varies.
_HIDDEN = (
    "Set-Cookie Vary x-amz-id-2 x-amz-request-id x-amz-version-id x-amz-server-side-encryption "
    "x-amz-storage-class x-amz-replication-status x-amz-expiration"
).split()
_QUOTED = re.compile(r'[^\x00-\x1f\x7f"\\$]*')
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_LISTEN = re.compile(r"[\w.:\[\]*/ -]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Nginx:
    """What an nginx has to know of its site.

    `host`: the public host name; `previews`: previews answer at `NAME.<previews>` ('' for none).
    `origin`: where the store's keys are below, as `https://example.s3.amazonaws.com/prefix`, or
    the path of the store's directory. `folder`: where the files of `config` will lie; `cache`: a
    folder for copies, of at most `cache_size`. `resolver`: the name server for an origin that has
    a name. `content_security_policy`: '' for none. `certificate`, `certificate_key`: files; ''
    for an nginx that speaks HTTP only, behind what ends TLS. `name` begins the names in nginx's
    configuration: two sites in one nginx need two. `max_age`: seconds for which browsers keep a
    permanent redirect. `hosts`: other hosts that it answers, since redirects name them.
    """

    host: str
    origin: str
    previews: str = ""
    content_security_policy: str = ""
    folder: str = "/etc/nginx/publisher"
    cache: str = "/var/cache/nginx/publisher"
    cache_size: str = "1g"
    resolver: str = ""
    listen: str = "80"
    listen_tls: str = "443"
    certificate: str = ""
    certificate_key: str = ""
    name: str = "site"
    max_age: int = MAX_AGE_S
    hosts: tuple[str, ...] = ()


def config(site: Nginx) -> dict[str, str]:
    """The files, by name, that belong into `site.folder`; `site.conf` is to be included from
    nginx's http block. Raises ValueError for a setting that can't stand in them."""
    _check(site)
    origin = urlsplit(site.origin)
    is_directory = site.origin.startswith("/")
    values = {
        "name": site.name,
        "host": site.host,
        "hosts": site.hosts,
        "previews": site.previews,
        "csp": site.content_security_policy,
        "folder": site.folder.rstrip("/"),
        "cache": site.cache,
        "cache_size": site.cache_size,
        "resolver": site.resolver,
        "listen": site.listen,
        "listen_tls": site.listen_tls,
        "certificate": site.certificate,
        "certificate_key": site.certificate_key,
        "directory": site.origin.rstrip("/") if is_directory else "",
        "origin": site.origin.rstrip("/"),
        "origin_host": origin.netloc,
        "origin_name": origin.hostname or "",
        "compressed": _COMPRESSED,
        "hidden": _HIDDEN,
    }
    # What it makes is no HTML.
    jinja = Environment(  # noqa: S701
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )

    def filled(name: str) -> str:
        text = files("publisher.edge").joinpath("nginx_files", name).read_text(encoding="utf-8")
        return jinja.from_string(text).render(values)

    function = source(site.host, site.previews, max_age=site.max_age)
    made = {
        "site.conf": filled("site.conf"),
        "edge.js": function + filled("answer.js"),
        # CloudFront's name for its module, without an extension.
        "cloudfront": filled("cloudfront.js"),
    }
    if is_directory:
        made["directory.js"] = filled("directory.js")
    return made


def next_steps(site: Nginx) -> tuple[str, ...]:
    """What to do once the files are in their folder."""
    bucket = (
        ()
        if site.origin.startswith("/")
        else (
            "let nginx read site/* and edge/* of the bucket without a signature, and nobody else",
        )
    )
    return (
        "apt-get install nginx libnginx-mod-http-js",
        *bucket,
        f"mkdir -p {site.cache} && chown www-data {site.cache}",
        f"ln -s {site.folder.rstrip('/')}/site.conf /etc/nginx/conf.d/publisher.conf",
        "nginx -t && systemctl reload nginx",
        "publisher export --publish",
    )


def _check(site: Nginx) -> None:
    """Nothing may end a quoted word of nginx's configuration, or begin a variable."""
    if not site.host:
        raise ValueError("nginx needs the public host name")
    if not _NAME.fullmatch(site.name):
        raise ValueError(f"{site.name!r} can't begin names in nginx's configuration")
    is_directory = site.origin.startswith("/")
    if not is_directory and urlsplit(site.origin).scheme not in ("http", "https"):
        raise ValueError(f"{site.origin!r} is neither http(s)://... nor the path of a directory")
    if bool(site.certificate) != bool(site.certificate_key):
        raise ValueError("a certificate needs its key, and a key its certificate")
    for value in (
        site.origin,
        site.content_security_policy,
        site.folder,
        site.cache,
        site.certificate,
        site.certificate_key,
    ):
        if not _QUOTED.fullmatch(value):
            raise ValueError(f"{value!r} can't stand in nginx's configuration")
    if re.search(r"[\s'{}]", site.origin):
        raise ValueError(f"{site.origin!r} can't stand in nginx's configuration")
    for value in (site.listen, site.listen_tls, site.cache_size, site.resolver or "-"):
        if not _LISTEN.fullmatch(value):
            raise ValueError(f"{value!r} can't stand in nginx's configuration")
