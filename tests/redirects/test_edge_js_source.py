"""The edge function as text: what CloudFront would refuse, some of it only at run time."""

import re

import pytest
from edge_runners import EDGE_JS

from redirects.edge import CODE_BYTES_MAX, source
from tests.minified import MINIFIED, minified

# Longer than those of companies; a name may have 253 characters.
LONG_HOST = ".".join(["a" * 62] * 2)
LONGEST_HOST = ".".join(["a" * 62] * 4)


def test_the_function_is_small_enough_and_ascii_whatever_the_site_is_called() -> None:
    code = source(LONG_HOST, LONG_HOST, "s" * 64)
    assert len(code) <= CODE_BYTES_MAX - 50
    assert code.isascii()
    with pytest.raises(ValueError, match="too long a name"):
        source(LONGEST_HOST, LONGEST_HOST, "s" * 64)


def test_the_settings_are_in_the_function() -> None:
    code = source("www.example.co.jp", "p.example.co.jp", "s3", 60)
    assert (
        'SITE={host:"www.example.co.jp",previews:"p.example.co.jp",fallback:"s3",maxAge:60,'
        "crawlers:/facebookexternalhit|facebot|facebookcatalog|meta-externalhit/i}"
    ) in code
    assert 'SITE={host:"",previews:"",fallback:"",maxAge:3600,' in source()


def test_the_small_form_is_that_of_the_source() -> None:
    assert MINIFIED.read_text() == minified(), "make edge"


@pytest.mark.parametrize(
    ("host", "fallback"),
    [
        ("WWW.example.co.jp", ""),
        ("www.example.co.jp:8080", ""),
        ("日本.example.co.jp", ""),
        ("a'b", ""),
        ("a..b", ""),
        ("a\n", ""),
        (LONGEST_HOST + "aaa", ""),
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
    # It never ends on some texts: see the head of edge.js.
    "replacing all": r"\breplace\(/.*?/[a-z]*g",
    "code from text": r"\beval\b|\bFunction\s*\(",
}


@pytest.mark.parametrize("what", BANNED)
def test_no_syntax_that_cloudfront_refuses(what: str) -> None:
    for code in (EDGE_JS.read_text(), source()):
        found = re.search(BANNED[what], re.sub(r"(?m)//.*$", "", code))
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
        ("replacing all", "a.replace(/b/g, 'c')"),
        ("replacing all", "a.replace(/b/ig, c)"),
        ("code from text", "eval('1')"),
    ],
)
def test_the_bans_see_what_they_ban(what: str, code: str) -> None:
    assert re.search(BANNED[what], code)
