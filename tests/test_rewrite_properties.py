"""Oracles that are not ours, and random damage: addresses are resolved as browsers do, and
nothing in a page stops an export or brings the CMS's host out."""

from __future__ import annotations

import json
import random
import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from publisher.addresses import Addresses, SiteUrls
from publisher.rewrite.document import Rewriter
from publisher.rewrite.linker import Linker, Style, Withheld
from publisher.rewrite.srcset import candidates
from publisher.routes import Routes
from tests.samples import HOME, PUBLIC, addresses, inventory

URLS = json.loads((Path(__file__).parent / "data/urls.json").read_text(encoding="utf-8"))["cases"]

# Where a link is not taken as browsers take it, and why that is good enough.
DIFFERENT = {
    "tab or line break inside": re.compile(r"\S[\t\n\r]+\S"),
    "backslash for a slash": re.compile(r"\\"),
    "scheme without or with too many slashes": re.compile(r"^\s*https?:(?!//[^/])|^///", re.I),
    "control characters around it": re.compile(r"^[\x00-\x1f ]+|[\x00-\x1f ]+$"),
    "dots that are encoded": re.compile(r"%2e", re.IGNORECASE),
    "a colon with no scheme before it": re.compile(r"^[:\[]"),
    "nothing, which stays nothing": re.compile(r"^$"),
}


def linked(url: str, base: str, origin: str) -> str:
    of = Addresses(inventory(home=origin), Routes(), SiteUrls(PUBLIC, (origin,)))
    linker = Linker(of, base)
    try:
        return linker.link(url, Style.PUBLIC)
    except Withheld:
        return "withheld"


def is_taken_alike(url: str, base: str, href: str) -> bool:
    """Whether a link is taken for the CMS's exactly if a browser would go there, and leads to
    the same place as the address that the browser makes of it."""
    parts = urlsplit(base)
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    if urlsplit(href).netloc.rpartition("@")[2] != urlsplit(origin).netloc:
        return linked(url, base, origin) == url
    if urlsplit(href).path == parts.path and url.startswith("#"):
        return linked(url, base, origin) == url
    public, expected = linked(url, base, origin), linked(href, base, origin)
    return public == expected or public.partition("#")[0] == expected.partition("#")[0] != ""


@pytest.mark.parametrize(("url", "base", "href"), URLS)
def test_links_are_resolved_as_browsers_do(url: str, base: str, href: str) -> None:
    if not is_taken_alike(url, base, href):
        assert any(pattern.search(url) for pattern in DIFFERENT.values()), linked(
            url, base, "://".join(urlsplit(base)[:2])
        )


@pytest.mark.parametrize(
    ("value", "urls"),
    [
        ("", []), (" , ,", []), ("a.png", ["a.png"]), ("a.png,", ["a.png"]),
        ("a.png,,, b.png", ["a.png", "b.png"]), (",a.png 2x", ["a.png"]),
        ("a.png 1x, b.png 2x", ["a.png", "b.png"]), ("a.png 1x,b.png 2x", ["a.png", "b.png"]),
        ("a.png\n300w ,\tb.png\f1.5x", ["a.png", "b.png"]),
        ("a,b.png 1x", ["a,b.png"]), ("data:image/png;base64,AA== 1x, b 2x",
         ["data:image/png;base64,AA==", "b"]),
        ("a.png,b.png", ["a.png,b.png"]),  # no space: one address, for browsers, too
        ("a f(1, 2) 1x, b", ["a", "b"]), ("a (((, b ), c", ["a", "c"]), ("a (, b", ["a"]),
        ("a [, b ], c", ["a", "b", "c"]), ("\u00a0a\u00a0 1x", ["\u00a0a\u00a0"]),
        ("写真 (1).jpg 1x", ["写真"]),
        ("/写真,大.jpg 300w, /小.jpg 150w", ["/写真,大.jpg", "/小.jpg"]),
    ],
)  # fmt: skip
def test_a_srcset_is_read_as_the_standard_says(value: str, urls: list[str]) -> None:
    assert [value[start:end] for start, end, _ in candidates(value)] == urls


STAGING = "https://staging.example.test"
SPELLINGS = [
    f"{STAGING}/?p=12", "//staging.example.test/?p=1632", r"https:\/\/staging.example.test\/x",
    "https%3A%2F%2Fstaging.example.test%2F%3Fp%3D12", "HTTP://STAGING.EXAMPLE.TEST/?cat=1",
    "https:&#47;&#47;staging&#46;example&#46;test/", "staging.example.test:8443",
    r"http:\\\/\\\/staging.example.test\\\/?p=2", "&#115;taging.example.test",
    "%73taging.example.test", "me@staging.example.test", "www.staging.example.test",
]  # fmt: skip
PARTS = [
    "<p>", "</p>", '<a href="{}">', "<img srcset='{} 1x, {} 2x'>", "<script>var a='{}';</script>",
    "<style>a{{background:url({})}}</style>", "<!-- {} -->", "<textarea>{}</textarea>", "お知らせ",
    "<title>{}</title>", "<svg><a xlink:href='{}'/></svg>", "<![CDATA[{}]]>", "<select><xmp>{}",
    "<item><link>{}</link></item>", "url('{}')", '@import "{}";', "<base href='{}'>", "&amp;", "{}",
    '<script type="application/ld+json">{{"@id":"{}"}}</script>', "<", ">", "'", '"', "\\", "%",
    "<meta http-equiv=refresh content='0;url={}'>", "\x00", "\udcff", "。", " ", "\n", "=", "/",
    "(", "&#", "&quot;", ")",
]  # fmt: skip
KINDS = [
    "text/html", "text/css", "text/javascript", "application/xml", "application/json",
    "application/rss+xml", "image/svg+xml", "text/plain",
]  # fmt: skip
OF = addresses(home=STAGING)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_damaged_documents_stop_nothing_and_hide_no_staging_host(kind: str, seed: int) -> None:
    chance = random.Random(f"{kind} {seed}")
    address = OF.locate(f"{STAGING}/?p=12")
    assert address is not None
    rewriter = Rewriter(OF)
    for _ in range(40):
        text = "".join(
            part.format(*(chance.choice(SPELLINGS) for _ in range(2)))
            for part in chance.choices(PARTS, k=12)
        )
        for _ in range(chance.randrange(4)):
            at = chance.randrange(len(text))
            damage = chance.choice(["", "<", '"', "'", "\\", "日"])
            text = text[:at] + damage + text[at + 1 :]
        body = text.encode("utf-8", "surrogateescape")
        document = rewriter.rewrite(body, kind, address)
        public = document.body.decode("utf-8", "surrogateescape")
        if not document.leak:  # what can't be mended must at least be seen
            assert not names_staging(public), text


def names_staging(text: str) -> bool:
    """Looked at in another way than the exporter does."""
    shown = text
    for _ in range(3):
        shown = unquote(unescape(shown), errors="replace").replace("\\", " ")
    return bool(re.search(r"(?<![\w.-])staging\.example\.test(?![\w-]|\.\w)", shown, re.I | re.A))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(2))
def test_documents_that_name_nobody_keep_every_byte(kind: str, seed: int) -> None:
    chance = random.Random(f"{kind} {seed}")
    address = addresses().locate(f"{HOME}/?p=12")
    assert address is not None
    rewriter = Rewriter(addresses())
    parts = [part for part in PARTS if "select" not in part and part not in ("\x00",)]
    for _ in range(20):
        text = "".join(part.format("#a", "#b") for part in chance.choices(parts, k=12))
        body = text.encode("utf-8", "surrogateescape")
        assert rewriter.rewrite(body, kind, address).body == body
