"""The edge function as text: what CloudFront would refuse, some of it only at run time."""

import re

import pytest
from edge_runners import EDGE_JS

CODE_BYTES_MAX = 10_240
"""https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html"""


def source_without_comments() -> str:
    return re.sub(r"^\s*//.*$", "", EDGE_JS.read_text(), flags=re.MULTILINE)


def test_the_function_is_small_enough_and_ascii() -> None:
    code = EDGE_JS.read_bytes()
    assert len(code) <= CODE_BYTES_MAX
    assert code.isascii()


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
    found = re.search(BANNED[what], source_without_comments())
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
