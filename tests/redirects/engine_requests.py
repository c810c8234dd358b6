"""Requests of all kinds for comparing engines, as an old WordPress got them, and as it did not."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from redirects.formats.spelling import decomposed
from redirects.query import GLUED, VARIABLES
from tests.redirects.engines import (
    BROWSER,
    CATEGORIES,
    CRAWLER,
    KANA,
    PUBLIC,
    SHOP,
    TAGS,
    Asked,
)

_OTHERS = """utm_source=x fbclid=Ab-1_c fbclid amp replytocom=5 q=%E6%9D%B1 x=a+b s= _wpnonce=12
    x%zz=1 p%E9=1 ref=https://t.co/a?b =v preview_id=3""".split()
_ENDS = ["", "", "", *"/ . ! %E3%80%82 %20 + ). %e3%80%81 %C2%A0 %7D %EF%BC%89".split()]
_NUMBERS = "{} {} {} 0{} {}abc -{} +{} %20{} {}/ x{} {}%81%42 {}%E3%80 {}%".split()
_PARTS = """feed=rss2 feed=rss feed=feed feed=atom feed=rss2%E3%80%82 page=2 page=3 page=1 page=0
    cpage=3 cpage=9 paged=1 embed embed=true embed=1 p=7 p[]=1 p%5B0%5D=1 post_type=item name=x
    year=2009 tag= cat= preview=true preview preview[]=1 page=/2
    p=0 p=-7 page_id=-7 attachment_id=%2D14 p=abc page=%32 paged=2 w=14
    attachment=logo author_name=x tag[]=x item=%E8%B5%A4 genre=crime embed[]=1 m=2009 cat=1,5
    p=%zz p=%E9 page_id=14%81%42 tag=%93%FA cat=5%81 m=2009%8104 author=%zz p[]=%81
    P=3 m= p=99999999999999999 page_id=14
    p""".split()
_SLUGS = [
    *(("tag", tag) for tag in (*TAGS, "none", "WINE")),
    *(("category_name", one) for one in CATEGORIES),
    *(("cat", str(number)) for number in range(1, 14)),
    *(("m", one) for one in "200904 2009-04 x 2-0-0-9-0-4 二2009・04月".split()),
    *(("feed", one) for one in "rss2 feed rss comments-feed comments-rss2".split()),
    *(("paged", one) for one in "012"),
    *(("author", one) for one in "13"),
    *(("cat", one) for one in "1,5 -1 03abc a1b2 1, 0 ,5 0,0 -05 1,x5,, abc 1a2a3 - 5-".split()),
    *(("author", one) for one in "1,2 01 -2".split()),
    *(("item", one) for one in ("赤", "かばん", "none", "")),
    *(("book", one) for one in ("かばん", "red", "赤")),
    *(("genre", one) for one in ("crime", "ミステリー", "none")),
    *(("tag", one) for one in (*KANA, *map(decomposed, KANA))),
    *(("embed", one) for one in ("", "1", "true")),
    ("m", "2009"),
    ("w", "14"),
    ("attachment", "logo"),
    ("author_name", "hanako"),
    ("Item", "赤"),
    ("sitemap", "index"),
    ("robots", "1"),
    ("term", "x"),
]
# What can't be decoded: Shift_JIS, or cut off.
_BROKEN = "%93%FA%96%7B wine%81%42 %E8%B5%A4%E3 1%E3%80 %zz".split()
_WITH_SLUGS = """paged=2 paged=2 paged=1 paged=7 tag=wine feed=rss2 cat=2 tag[]=x
    w=14 w=014 book=red genre=crime genre= item[]=1 post_type=book post_type=item taxonomy=genre
    term=crime embed embed=1 cpage=2 page=2 cat=0 tag= name=red preview=true preview p=0 m=2009
    year=2009&monthnum=4 monthnum=4&year=2009 post_type=item&name=%E8%B5%A4
    name=%e8%b5%a4&post_type=item sitemap=posts&sitemap-subtype=post&paged=1""".split()
_OWN = """id=33 id=33. id=34 kind=%E6%9C%AC kind=%e6%9c%ac id= id mode=all %69d=33 amp;id=33 id[]=33
    id[=33 kind[]=x id=33/ id=%E3%80%82
    id=33abc campaign=%E6%98%A5 campaign=x ID=33 id=%33%33 id=%zz id=33%81%42
    kind=%E6%9C%AC%E6 kind=%96%7B""".split()
_PATHS = [
    *"""/about /About /ABOUT /会社 /がぎぐ/ば /quo"te'$x;{} /100% /gone/ /gone /index.php /item.php
    / /blog/7.html /none/ /a\\b /a/../about /./about //about /about/.. /x/.hidden
    /_errors/404.html /_errors/ /_errors/x /errors/404.html /INDEX.PHP /index.phpx /index.php/
    /index.php/_errors/x /index.php/index.php /index.php//about /index.php/../about""".split(),
    unicodedata.normalize("NFD", "/がぎぐ/ば"),
    "/a b",
    "/x\n/about",
    "/about\t301",
]
_OF_PATTERNS = [
    *"""/archives/1632 /archives/x /archives/1632/ /archives/1234567890123456 /old/ /old
    /old/2009/東京/ /old/2009/a/b/ /en/old/x/y /removed/ /OLD/x /removed/x.html /が/案内.htm
    /が/x.htm /find/東京 /find/a=b /x-y-z.html /old/a%b /old/a?b /old/~(x)!*' /old/a;b:c@d,e
    /archives/0007 /old/x//y""".split(),
    unicodedata.normalize("NFD", "/が/x.htm"),
    "/old/a b/c",
]
_LANGUAGES = (
    "",
    "",
    "ja,en;q=0.8",
    "en-US,en;q=0.5",
    "EN",
    "fr",
    "e",
    "en x",
    "eng",
    "en_US",
    "*",
    ";en",
    "fr;q=1",
    "en,",
    "enen",
)
_ANY = "abpPp=&%?+[]{}\"'$;\\^`|<>~.!-_*()@:,/0123456789"


def requests(seed: int, count: int, posts: int = 60) -> Iterator[Asked]:
    """Requests of all kinds, each with its kind."""
    rng = random.Random(seed)
    kinds = (_wordpress, _wordpress, _wordpress, _slug, _slug, _own, _path, _path, _pattern, _junk)
    for _ in range(count):
        asked = rng.choice(kinds)(rng, posts)
        if rng.random() < 0.1 and asked.path.startswith("/") and not asked.path.startswith("//"):
            before = rng.choice(("/index.php", "/index.php", "/%69ndex.php", "/index%2Ephp"))
            asked = asked._replace(path=before + asked.path)
        yield asked._replace(
            user_agent=CRAWLER if rng.random() < 0.2 else BROWSER,
            accept_language=rng.choice(_LANGUAGES),
            host=rng.choice((PUBLIC,) * 5 + (SHOP, f"{SHOP.upper()}:8080", "192.0.2.1")),
            method="POST" if rng.random() < 0.02 else "HEAD" if rng.random() < 0.05 else "GET",
        )


def _wordpress(rng: random.Random, posts: int) -> Asked:
    number = rng.choice((rng.randrange(1, posts) * 7, rng.randrange(1, posts) * 7, 5, 0))
    value = rng.choice(_NUMBERS).format(number)
    name = rng.choice(("p", "p", "p", "page_id", "attachment_id"))
    parts = [_named(rng, name) + "=" + value + rng.choice(_ENDS)]
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        parts.insert(rng.randrange(len(parts) + 1), rng.choice(_PARTS))
    for _ in range(
        rng.choice((0, 0, 1, 1, 2, 3, 12) if rng.random() < 0.1 else (0, 0, 1, 1, 2, 3))
    ):
        parts.insert(rng.randrange(len(parts) + 1), rng.choice(_OTHERS))
        if len(parts) > 8:
            parts.insert(rng.randrange(len(parts) + 1), rng.choice(_PARTS))
    return Asked("ids", rng.choice(("/", "/", "/index.php")), _joined(rng, parts))


def _named(rng: random.Random, name: str) -> str:
    spelling = rng.random()
    if spelling < 0.1:
        return "".join(f"%{ord(one):02x}" if rng.random() < 0.5 else one for one in name)
    return f"amp;{name}" if spelling < 0.15 else name


def _joined(rng: random.Random, parts: Sequence[str]) -> str:
    joint = "&amp;" if rng.random() < 0.05 else "&&" if rng.random() < 0.05 else "&"
    return joint.join(parts) + rng.choice(("", "", "", "", "&"))


def _spelled(rng: random.Random, value: str) -> str:
    """A value as a browser sends it, in one of the ways there are."""
    text = quote(value, safe=rng.choice(("", "!~*'()", "!$'()*,/:;=?@~")))
    if rng.random() < 0.3:
        text = quote(value, safe="").replace("%2F", rng.choice(("%2F", "/")))
        text = re.sub("%..", lambda found: found[0].lower(), text)
        if rng.random() < 0.2:
            text = re.sub("%..", lambda one: one[0] if rng.random() < 0.5 else one[0].upper(), text)
    elif rng.random() < 0.1:
        text = value if not re.search("[ %&+#]", value) else text
    return text.replace("%20", rng.choice(("%20", "+")))


def _slug(rng: random.Random, _posts: int) -> Asked:
    name, value = rng.choice(_SLUGS)
    sent = rng.choice(_BROKEN) if rng.random() < 0.05 else _spelled(rng, value)
    parts = [f"{_named(rng, name)}={sent}{rng.choice(_ENDS)}"]
    for _ in range(rng.choice((0, 0, 1, 2))):
        parts.insert(rng.randrange(len(parts) + 1), rng.choice(_WITH_SLUGS))
    for _ in range(rng.choice((0, 0, 1, 3))):
        parts.insert(rng.randrange(len(parts) + 1), rng.choice(_OTHERS))
    return Asked("slugs", rng.choice(("/", "/", "/index.php")), _joined(rng, parts))


def _own(rng: random.Random, _posts: int) -> Asked:
    path = rng.choice(("/item.php", "/item.php", "/list.cgi", "/", "/index.php", "/ITEM.php"))
    parts = [rng.choice(_OWN) for _ in range(rng.choice((0, 1, 1, 2, 3)))]
    for _ in range(rng.choice((0, 0, 1, 3))):
        parts.insert(rng.randrange(len(parts) + 1), rng.choice(_OTHERS))
    return Asked("own parameters", path, _joined(rng, parts) if parts else "")


def _path(rng: random.Random, _posts: int) -> Asked:
    path = rng.choice(_PATHS)
    sent = quote(path, safe=rng.choice(("/", "/!$&'()*,:;=@", "")) or "/")
    if rng.random() < 0.2:
        sent = re.sub("%..", lambda found: found[0].lower(), sent)
    if rng.random() < 0.05:
        sent += rng.choice(("%zz", "%", "%E9", "%ED%A0%80", "%00", "%7f"))
    if rng.random() < 0.2:
        at = rng.randrange(1, len(path) + 1)
        sent = "/" + "".join(
            f"%{byte:02X}" if n == at or rng.random() < 0.2 else quote(bytes([byte]), safe="/")
            for n, byte in enumerate(path.encode()[1:], 1)
        )
    rest = rng.choice(("", "", *_OTHERS, "a=1&b=2", "x" * 1600, "x" * 1500))
    return Asked("paths", sent, rest)


def _pattern(rng: random.Random, _posts: int) -> Asked:
    path = rng.choice(_OF_PATTERNS)
    sent = quote(path, safe=rng.choice(("/", "/!~*'()", "/!$'()*,:;=@")))
    if rng.random() < 0.2:
        sent = quote(path[:-1]) + f"%{path.encode()[-1]:02x}" if path[-1].isascii() else sent
    return Asked("patterns", sent, rng.choice(("", "", "a=1&b", "q=%E6%9D%B1")))


def _junk(rng: random.Random, _posts: int) -> Asked:
    letters = "abpPp=&&%?+[]{}\"'$;\\^`|<>~.!-_*()@:,/0123456789" + GLUED.replace("\u00a0", "")
    text = "".join(rng.choice(letters) for _ in range(rng.randrange(1, 12)))
    name = rng.choice(VARIABLES)
    query = "&".join((f"{name}={quote(text, safe=_ANY)}", rng.choice(_OTHERS)))
    if rng.random() < 0.5:
        return Asked("junk", "/", query)
    return Asked("junk", "/" + quote(text, safe=_ANY.replace("?", "").replace("%", "")), "x=1")
