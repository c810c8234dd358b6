"""A web site as files: the same bytes for the same numbers, on any machine. Pure.

Pages of about 30 KB as a CMS with an SEO plugin makes them: Japanese text, absolute links with
the CMS's host, images in five sizes, Open Graph, JSON-LD, inline styles and scripts, and style
sheets with `?ver=`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

PAGE_BYTES = 30_000
LINKS = 60
IMAGES = 10
_SIZES = (150, 300, 768, 1024)
_PER_FOLDER = 100
# Of the files that are no pages: this many style sheets and as many scripts, the rest images.
_STYLES = 20
_WORDS = (
    "静的な 公開 記事 お知らせ 東京 製品 会社概要 技術 更新 検索 写真 編集 読者 速報 経済 文化 "
    "天気 交通 教育 医療 環境 開発 設計 試験 運用 障害 復旧 性能 計測 結果 比較 確認 手順 予定 "
    "です。 ました。 について、 によると、 として、 そして、"
).split()


def page_path(number: int) -> str:
    """Where page `number` is; page 0 is the home page."""
    return f"/articles/{number // _PER_FOLDER}/{number}.html" if number else "/index.html"


def image_path(number: int) -> str:
    """Where image `number` is."""
    return f"/uploads/2024/{number % 12 + 1:02d}/photo-{number}.jpg"


def files(base: str, pages: int, others: int) -> Iterator[tuple[str, bytes]]:
    """All files of the site: path and content. `base` is the CMS's origin, without a slash at
    the end; `others` is how many files besides pages there are, 3 * 20 at least."""
    images = others - 2 * _STYLES
    for number in range(pages):
        yield page_path(number), page(number, base, pages, images)
    for number in range(images):
        yield image_path(number), _image(number)
    for number in range(_STYLES):
        yield f"/assets/style-{number}.css", _style(number, base, images)
        yield f"/assets/script-{number}.js", _script(number, base)


def page(number: int, base: str, pages: int, images: int) -> bytes:
    """The HTML of a page, about PAGE_BYTES bytes of UTF-8."""
    rng = random.Random(number)
    url = base + (page_path(number) if number else "/")
    title = f"記事 {number}: {prose(rng, 4)}"
    head = _head(number, base, url, title, images)
    body = [f'<header><a class="home" href="{base}/">{title}</a></header>\n<main>\n']
    # Together the pages link to every page: each to the next ones, and to some far away.
    near = [(number * (LINKS // 2) + step) % pages for step in range(1, LINKS // 2 + 1)]
    far = [rng.randrange(pages) for _ in range(LINKS - len(near))]
    shown = [(number * IMAGES + step) % images for step in range(IMAGES)]
    for position, target in enumerate(near + far):
        link = base + (page_path(target) if target else "/")
        body.append(f'<p>{prose(rng, 9)}<a href="{link}">{prose(rng, 2)}</a></p>\n')
        if position < IMAGES:
            body.append(_figure(base, shown[position], images))
    foot = f'</main>\n<footer style="background: url({base}{image_path(number % images)})">'
    tail = f"{foot}<small>© 2024</small></footer>\n</body>\n</html>\n"
    text = head + "".join(body)
    missing = PAGE_BYTES - len(text.encode()) - len(tail.encode())
    while missing > 200:
        paragraph = f"<p>{prose(rng, 40)}</p>\n"
        text += paragraph
        missing -= len(paragraph.encode())
    return (text + tail).encode()


def _head(number: int, base: str, url: str, title: str, images: int) -> str:
    image = base + image_path(number % images)
    data = {
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": title,
        "mainEntityOfPage": url,
        "image": [image],
        "publisher": {"@type": "Organization", "name": "日報", "url": f"{base}/"},
    }
    ld = json.dumps(data, ensure_ascii=False).replace("/", "\\/")
    escaped = base.replace("/", "\\/")
    return f"""<!DOCTYPE html>
<html lang="ja">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="canonical" href="{url}">
<meta property="og:title" content="{title}">
<meta property="og:url" content="{url}">
<meta property="og:image" content="{image}">
<link rel="stylesheet" href="{base}/assets/style-{number % _STYLES}.css?ver=6.1">
<script src="{base}/assets/script-{number % _STYLES}.js?ver=6.1" defer></script>
<style>.hero {{ background-image: url("{image}"); }} p {{ line-height: 1.8; }}</style>
<script>window.settings = {{"home": "{escaped}\\/", "page": {number}}};</script>
<script type="application/ld+json">{ld}</script>
</head>
<body class="article">
"""


def _figure(base: str, number: int, images: int) -> str:
    # The sizes are images of the site, too: as many as there are, and none that is missing.
    sizes = [(number + step) % images for step in range(len(_SIZES))]
    srcset = ", ".join(
        f"{base}{image_path(size)} {width}w" for size, width in zip(sizes, _SIZES, strict=True)
    )
    source = base + image_path(number)
    return (
        f'<figure><a href="{source}"><img src="{source}" srcset="{srcset}" '
        f'sizes="100vw" alt="写真 {number}" loading="lazy"></a></figure>\n'
    )


def _style(number: int, base: str, images: int) -> bytes:
    rules = [f"/* {number} */\n@import url(style-{(number + 1) % _STYLES}.css);\n"]
    for step in range(60):
        image = image_path((number * 60 + step) % images)
        prefix = base if step % 2 else ".."
        rules.append(f".block-{step} {{ background: url({prefix}{image}) no-repeat; }}\n")
    return "".join(rules).encode()


def _script(number: int, base: str) -> bytes:
    lines = [f'export const base{step} = "{base}/articles/";\n' for step in range(5)]
    return ("".join(lines) + f"// {number}\n" + "function nothing() { return 0; }\n" * 200).encode()


def _image(number: int) -> bytes:
    """Bytes that no tool looks into, behind the signature of a JPEG: 8 to 24 KB."""
    rng = random.Random(-number - 1)
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + rng.randbytes(rng.randrange(8_000, 24_000))


def prose(rng: random.Random, words: int) -> str:
    """So many words of Japanese, not in sentences that make sense."""
    return "".join(rng.choices(_WORDS, k=words))
