"""Content types and cache lifetimes. Our own table: the registries of the machines that
exports run on differ, and a wrong type breaks a page (fonts, modules, sitemaps)."""

from __future__ import annotations

import re

BINARY = "application/octet-stream"

# Extension -> type, for files whose name says what they are.
_TYPES = {
    "css": "text/css", "js": "text/javascript", "mjs": "text/javascript",
    "json": "application/json", "map": "application/json", "geojson": "application/geo+json",
    "webmanifest": "application/manifest+json", "xml": "application/xml", "xsl": "text/xsl",
    "rss": "application/rss+xml", "atom": "application/atom+xml", "txt": "text/plain",
    "md": "text/markdown", "csv": "text/csv", "tsv": "text/tab-separated-values",
    "vtt": "text/vtt", "srt": "application/x-subrip", "html": "text/html", "htm": "text/html",
    "xhtml": "application/xhtml+xml", "png": "image/png", "jpg": "image/jpeg",
    "jpeg": "image/jpeg", "jfif": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
    "avif": "image/avif", "svg": "image/svg+xml", "ico": "image/x-icon", "bmp": "image/bmp",
    "tif": "image/tiff", "tiff": "image/tiff", "heic": "image/heic", "woff": "font/woff",
    "woff2": "font/woff2", "ttf": "font/ttf", "otf": "font/otf",
    "eot": "application/vnd.ms-fontobject", "mp3": "audio/mpeg", "m4a": "audio/mp4",
    "ogg": "audio/ogg", "oga": "audio/ogg", "opus": "audio/ogg", "wav": "audio/wav",
    "flac": "audio/flac", "mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime",
    "webm": "video/webm", "ogv": "video/ogg", "avi": "video/x-msvideo", "wmv": "video/x-ms-wmv",
    "mpg": "video/mpeg", "mpeg": "video/mpeg", "3gp": "video/3gpp", "pdf": "application/pdf",
    "doc": "application/msword", "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text", "rtf": "application/rtf",
    "epub": "application/epub+zip", "ics": "text/calendar", "vcf": "text/vcard",
    "kml": "application/vnd.google-earth.kml+xml", "zip": "application/zip",
    "gz": "application/gzip", "tgz": "application/gzip", "7z": "application/x-7z-compressed",
    "wasm": "application/wasm", "jsonld": "application/ld+json", "gpx": "application/gpx+xml",
    "kmz": "application/vnd.google-earth.kmz", "xslt": "application/xslt+xml",
    "apng": "image/apng", "jxl": "image/jxl", "heif": "image/heif", "cur": "image/x-icon",
    "psd": "image/vnd.adobe.photoshop", "ai": "application/postscript",
    "eps": "application/postscript", "aac": "audio/aac", "weba": "audio/webm",
    "m3u8": "application/vnd.apple.mpegurl",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation", "bz2": "application/x-bzip2",
    "xz": "application/x-xz", "rar": "application/vnd.rar", "lzh": "application/x-lzh-compressed",
    "apk": "application/vnd.android.package-archive", "swf": "application/x-shockwave-flash",
    "exe": BINARY, "dmg": BINARY, "msi": BINARY, "bin": BINARY, "yml": "application/yaml",
    "yaml": "application/yaml",
}  # fmt: skip

_TEXT = re.compile(
    r"^(?:text/|application/(?:(?:\w+[.\w-]*\+)?(?:xml|json)|javascript|x-javascript|ecmascript|"
    r"manifest\+json|x-subrip|yaml|vnd\.apple\.mpegurl)|image/svg\+xml)"
)

# What servers say of files that they know nothing of.
_SAYS_NOTHING = frozenset(
    ("", BINARY, "application/x-unknown", "binary/octet-stream", "text/plain")
)

# Seconds. The edge keeps everything this long at most, so that a slot that has been out of
# service for longer holds nothing the edge still serves (docs/design.md, the slot ring).
EDGE_TTL_S = 60
_BROWSER_TTL_S = 300


def is_text(content_type: str) -> bool:
    """Whether bytes of this type are text, and so can hold addresses and need a charset."""
    return bool(_TEXT.match(content_type.partition(";")[0].strip().lower()))


def bare(content_type: str) -> str:
    """The type without parameters, lower-case."""
    return content_type.partition(";")[0].strip().lower()


_PARTS = (
    "image/", "font/", "text/css", "text/javascript", "application/vnd.ms-fontobject",
    "application/manifest+json",
)  # fmt: skip


def by_name(path: str) -> str:
    """The type that a file's extension stands for, '' if none is known, or if there is none:
    `/tag/css` is a page."""
    _, dot, extension = path.rpartition("/")[2].rpartition(".")
    return _TYPES.get(extension.lower(), "") if dot else ""


# What a page that is open may still ask for; scripts ask for data of their own (JSON, models).
_LOADED = (
    "image/", "font/", "audio/", "video/", "model/", "text/css", "text/javascript", "text/vtt",
    "application/javascript", "application/x-javascript", "application/ecmascript",
    "application/json", "application/geo+json", "application/ld+json", "application/manifest+json",
    "application/wasm", "application/x-subrip", "application/vnd.apple.mpegurl",
    "application/vnd.ms-fontobject",
)  # fmt: skip


def is_loaded_by_pages(content_type: str) -> bool:
    """Whether a page loads files of this type, as opposed to what is opened by itself and may
    hold a whole post: pages, feeds, sitemaps, documents, archives."""
    return bare(content_type).startswith(_LOADED)


def is_part_of_pages(path: str) -> bool:
    """Whether a file is there for pages, by its extension: a style sheet, a script, an image or a
    font. A browser gets dozens of them with one page."""
    return by_name(path).startswith(_PARTS)


def served_as(path: str, declared: str, *, by_extension: bool) -> str:
    """The Content-Type to serve with: our table for files, and for anything that the CMS
    declared to be nothing in particular (a sitemap as `application/octet-stream`); otherwise
    what it declared. Text always with `charset=utf-8`, which is what it is written in."""
    declared = bare(declared)
    is_ours = by_extension or declared in _SAYS_NOTHING
    content_type = (by_name(path) if is_ours else "") or declared or BINARY
    return f"{content_type}; charset=utf-8" if is_text(content_type) else content_type


def cache_control(content_type: str) -> str:
    """Browsers ask again for pages every time; everything has a short life at the edge.
    An edge that can't reach the store must not serve what it has kept too long."""
    edge = f"s-maxage={EDGE_TTL_S}, stale-if-error=0"
    if bare(content_type) == "text/html":
        return f"public, max-age=0, must-revalidate, {edge}"
    return f"public, max-age={_BROWSER_TTL_S}, {edge}"
