"""The edge function as text: what CloudFront would refuse, some of it only at run time."""

import re

import pytest
from edge_runners import EDGE_JS

from redirects.edge import CODE_BYTES_MAX, source

LONG_HOST = ".".join(["a" * 62] * 4)


def test_the_function_is_small_enough_and_ascii_whatever_the_site_is_called() -> None:
    code = source(LONG_HOST, LONG_HOST, "s" * 64)
    assert len(code) <= CODE_BYTES_MAX
    assert code.isascii()


def test_the_settings_are_in_the_function() -> None:
    line = (
        "const SITE = { host: 'www.example.co.jp', previews: 'p.example.co.jp', fallback: 's3' };"
    )
    assert line in source("www.example.co.jp", "p.example.co.jp", "s3").splitlines()
    assert "const SITE = { host: '', previews: '', fallback: '' };" in source().splitlines()


def test_nothing_but_comments_is_left_out() -> None:
    def words(text: str) -> list[str]:
        return re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE).split()

    assert "//" in EDGE_JS.read_text()
    assert words(source()) == words(EDGE_JS.read_text())
    lines = source().removesuffix("\n").split("\n")
    assert [line for line in lines if line != line.strip() or line[:2] in ("", "//")] == []
    assert "`" not in source(), "a text over several lines would lose its spaces"


@pytest.mark.parametrize(
    ("host", "fallback"),
    [
        ("WWW.example.co.jp", ""),
        ("www.example.co.jp:8080", ""),
        ("日本.example.co.jp", ""),
        ("a'b", ""),
        ("a..b", ""),
        ("a\n", ""),
        (LONG_HOST + "aaa", ""),
        ("", "../x"),
        ("", "s' }"),
        ("", "s" * 65),
    ],
)
def test_settings_that_are_none_are_refused(host: str, fallback: str) -> None:
    with pytest.raises(ValueError, match=r"is no (host|slot)"):
        source(host=host, fallback=fallback)
    if host:
        with pytest.raises(ValueError, match="is no host"):
            source(previews=host)


BANNED = {
    "optional chaining": r"\?\.",
    "nullish coalescing": r"\?\?",
    "destructuring": r"\b(?:const|let|var)\s*[\[{]|[(,]\s*[\[{][^()]*[\]}]\s*\)\s*=>",
    "spread or rest": r"\.\.\.",
    "default parameter": r"function\s*\w*\([^)]*=[^)]*\)",
    "class": r"\bclass\b",
    "for-of": r"\bfor\s*\([^)]*\bof\b",
    "newer built-in": r"\.(?:replaceAll|normalize|at|flat|flatMap|matchAll)\(|\b(?:Map|Set|URL)\b",
    "await inside an argument": r"[\w\])]\((?:[^()]|\([^()]*\))*\bawait\b",
    "async closure": r"async\s*(?:\(|\w+\s*=>|function\s*\()",
    "catch without a binding": r"\bcatch\s*\{",
    "code from text": r"\beval\b|\bFunction\s*\(",
}


@pytest.mark.parametrize("what", BANNED)
def test_no_syntax_that_cloudfront_refuses(what: str) -> None:
    found = re.search(BANNED[what], source())
    assert found is None, found


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("optional chaining", "a?.b"),
        ("nullish coalescing", "a ?? b"),
        ("destructuring", "const { a } = b;"),
        ("destructuring", "const [a] = b;"),
        ("spread or rest", "f(...a)"),
        ("default parameter", "function f(a = 1) {}"),
        ("class", "class A {}"),
        ("for-of", "for (const a of b) {}"),
        ("newer built-in", "a.replaceAll('x', 'y')"),
        ("newer built-in", "new Map()"),
        ("await inside an argument", "f(await g())"),
        ("await inside an argument", "f(a, h(b), await g())"),
        ("async closure", "a.map(async (b) => b)"),
        ("async closure", "a.map(async function (b) {})"),
        ("catch without a binding", "try { } catch { }"),
        ("code from text", "eval('1')"),
    ],
)
def test_the_bans_see_what_they_ban(what: str, code: str) -> None:
    assert re.search(BANNED[what], code)
