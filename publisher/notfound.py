"""The page for what is not there: self-contained, in Japanese and English."""

from __future__ import annotations


def not_found_page() -> bytes:
    """HTML in UTF-8. It refers to no other file: it stands outside all releases."""
    return _PAGE.encode()


_PAGE = """\
<!doctype html>
<html lang="ja">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>404 – ページが見つかりません / Page not found</title>
<style>
:root { color-scheme: light dark }
body { font-family: system-ui, "Hiragino Sans", "Noto Sans JP", sans-serif; margin: 0;
  min-height: 100vh; display: grid; place-items: center; text-align: center }
main { padding: 2rem; max-width: 34rem; line-height: 1.8 }
b { display: block; font-size: 4rem; font-weight: 300; opacity: .4 }
h1 { font-size: 1.25rem; margin: .5rem 0 }
a { color: inherit }
</style>
</head>
<body>
<main>
<b>404</b>
<h1>ページが見つかりません</h1>
<p>お探しのページは移動または削除された可能性があります。</p>
<p lang="en">This page does not exist. It may have been moved or removed.</p>
<p><a href="/">トップページへ / Home</a></p>
</main>
</body>
</html>
"""
