"""What may be called how in an upload, and where on the site it belongs. Pure.

A name says where a file belongs: `uploads/hanako/campaign/index.html` is `/campaign/`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

from publisher.content_types import by_name
from publisher.designers.names import CHECK_MARK
from publisher.designers.ownership import Area
from publisher.intake.remark import Remark
from publisher.paths import NAME_BYTES_MAX, PATH_BYTES_MAX, BadPath, SitePath
from publisher.places import printable
from redirects.targets import unglued_path

STATUS_HTML = "_status.html"
STATUS_JSON = "_status.json"
STATUS = (STATUS_HTML, STATUS_JSON)
"""What the publisher itself writes into a designer's folder."""

# What Windows, macOS and their programs leave behind.
_LEFT_BEHIND = frozenset(
    ".ds_store thumbs.db ehthumbs.db desktop.ini __macosx .spotlight-v100 .trashes .fseventsd "
    ".temporaryitems .appledouble .apdisk .directory .gitkeep .keep icon\r".split(" ")
)
_SERVER = frozenset(
    "php php3 php4 php5 php7 php8 phtml phps phar inc asp aspx ashx asmx cer jsp jspx jspf do "
    "action cgi fcgi pl pm py pyc rb erb sh bash zsh ksh shtml shtm stm ssi cfm cfc lua sql ini "
    "conf config env htaccess htpasswd htgroup user.ini pem key bak old orig swp log".split()
)
_PROGRAMS = frozenset(
    "exe dll com bat cmd msi msp scr pif ps1 psm1 vbs vbe jse wsf wsh hta cpl lnk reg jar app "
    "dmg pkg deb rpm apk ipa bin run so dylib swf xap scf gadget application appx msix".split()
)
_ARCHIVES = frozenset(
    "zip gz tgz tar bz2 tbz xz txz zst 7z rar lzh lha cab iso sit sitx z arj".split()
)
# No browser shows them.
_NOT_SHOWN = frozenset("psd ai eps tif tiff heic heif bmp cur xhtml avi wmv 3gp yml yaml".split())
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_HIDDEN = re.compile(r"(?:^|/)\.(?!well-known/)[^/]*")
# RFC 3986: these end a path or begin something else in links; Windows can't hold the others.
_RESERVED = re.compile(r"[?#*:|\"<>]")
# Unicode categories: control, format (direction, zero width), surrogates, private, not assigned;
# and white space other than the plain space.
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def is_ignored(name: str) -> bool:
    """Whether this is no part of an upload: a folder's marker, what operating systems leave
    behind, and what the publisher writes itself, to answer or to check access."""
    if not name or name.endswith("/") or name.lower() in STATUS:
        return True
    parts = name.lower().split("/")
    last = parts[-1]
    return not _LEFT_BEHIND.isdisjoint(parts) or last.startswith(("._", "~$", CHECK_MARK))


def place(name: str, paths: Iterable[Area], types: Collection[str] = ()) -> SitePath | Remark:
    """Where a file belongs, or why it does not. `paths`: the designer's own; `types`: endings that
    they may use beside those of the web."""
    if wrong := _name(name) or _kind(name, types):
        return wrong
    try:
        path = SitePath(f"/{name}")
    except BadPath:
        return Remark("name-path", shown(name))
    if unglued_path(path) != path:
        return Remark("name-end", shown(name), what=path[-1])
    if not any(area.covers(path) for area in paths):
        own = ", ".join(one.path.file if not one.is_folder else str(one.path) for one in paths)
        return Remark("outside", shown(name), what=str(path), hint=own)
    return path


def shown(name: str) -> str:
    """A name that is safe to print, and not too long to read."""
    text = "".join(char if _is_seen(char) else f"\\u{{{ord(char):x}}}" for char in name[:300])
    return printable(text) + ("…" if len(name) > 300 else "")


def _is_seen(char: str) -> bool:
    # A zero-width joiner is a part of emoji; it is none of a file's name.
    category = unicodedata.category(char)
    return category not in _UNSEEN and not (category == "Zs" and char not in " \u3000")


def _name(name: str) -> Remark | None:
    if unseen := sorted({char for char in name if not _is_seen(char)}):
        told = ", ".join(f"U+{ord(char):04X}" for char in unseen[:5])
        return Remark("name-unseen", shown(name), what=told)
    if found := _ENCODED.search(name):
        return Remark("name-encoded", shown(name), what=found[0])
    if found := _RESERVED.search(name):
        return Remark("name-reserved", shown(name), what=found[0])
    composed = unicodedata.normalize("NFC", name)
    parts = composed.split("/")
    sizes = [len(part.encode()) for part in parts]
    # What is no NFC and gets longer is measured as it will be.
    if len(composed.encode()) + 1 > PATH_BYTES_MAX or max(sizes) > NAME_BYTES_MAX:
        return Remark("name-long", shown(name), hint=f"{PATH_BYTES_MAX}/{NAME_BYTES_MAX}")
    if not all(parts) or any(
        part != part.strip(" \u3000") or part in (".", "..") for part in parts
    ):
        return Remark("name-path", shown(name))
    return Remark("name-path", shown(name)) if "\\" in name else None


def _kind(name: str, types: Collection[str]) -> Remark | None:
    last = name.rpartition("/")[2].lower()
    # `logo.php.png` would be run by some servers, none of ours; `.php` as the last counts.
    ending = last.rpartition(".")[2] if "." in last else ""
    if ending in _SERVER or last in ("web.config", "php.ini", ".user.ini"):
        return Remark("server-file", shown(name), what=f".{ending}")
    if ending in _PROGRAMS:
        return Remark("program", shown(name), what=f".{ending}")
    if found := _HIDDEN.search(name):
        return Remark("hidden", shown(name), what=shown(found[0].lstrip("/")))
    if ending in types:
        return None
    if ending in _ARCHIVES:
        return Remark("archive", shown(name), what=f".{ending}")
    if ending in _NOT_SHOWN or not by_name(name):
        wrong = Remark("type", shown(name), what=f".{ending}")
        return wrong if ending else Remark("no-ending", shown(name))
    return None


def is_grantable(ending: str) -> str:
    """An ending that a designer may be granted. Raises ValueError."""
    if not re.fullmatch(r"[a-z0-9]{1,10}", ending):
        raise ValueError("must be an ending such as zip, in lower case and without its dot")
    if ending in _SERVER or ending in _PROGRAMS:
        raise ValueError("can't be allowed: no server file or program gets on the site")
    return ending
