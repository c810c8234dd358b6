"""What people read of a report is there in each language, and says the same."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest

from publisher.audit import words_en, words_ja
from publisher.audit.report import Checked, Finding, Kind, Outcome, Part, Severity, Source
from publisher.audit.words import Language, language_of, placeholders, words

# The values that findings of a kind carry.
VALUES = {
    "not-found": set(),
    "found-live": set(),
    "found-at-cms": set(),
    "protected": set(),
    "not-for-visitors": set(),
    "dead-before": set(),
    "only-missing": set(),
    "unlisted-id": set(),
    "unexplained-id": {"id", "status"},
    "wrong-page": {"expected", "found"},
    "leads-to-nothing": {"target", "status"},
    "circle": set(),
    "soft-404": {"target"},
    "gone-but-public": set(),
    "chain": {"hops"},
    "temporary": {"status"},
    "query-dropped": set(),
    "depends-on-visitor": {"agent", "status", "target"},
    "engines-differ": {"engine", "status", "target"},
    "live-differs": {"status", "target"},
    "live-failed": {"problem"},
    "elsewhere": {"target"},
    "social-circle": {"og_url"},
    "social-not-served": {"status"},
    "social-address": {"found", "expected"},
    "counts-dropped": {"network", "before", "after"},
    "wrong-title": {"title", "expected"},
    "not-in-sitemap": set(),
    "noindex": set(),
    "canonical-elsewhere": {"canonical"},
    "old-link": {"page", "url", "more"},
    "old-in-sitemap": {"url"},
}
LANGUAGES: tuple[Language, ...] = get_args(Language)
TABLES = ("OUTCOMES", "SOURCES", "SEVERITIES", "CHANGES", "MEASURES", "CHECKED",
          "AGENTS", "TEXT")  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_of_a_report_has_words(language: Language) -> None:
    say = words(language)
    assert set(say.findings) == set(get_args(Kind)) == set(VALUES)
    assert set(say.outcomes) == set(get_args(Outcome))
    assert set(say.sources) == set(get_args(Source))
    assert set(say.severities) == set(get_args(Severity))
    assert set(say.checked) == set(get_args(get_type_hints(Checked)["what"]))
    assert set(say.measures) == set(get_args(get_type_hints(Part)["measure"]))
    assert set(say.changes) == {"", "new", "better", "worse"}


def test_languages_have_the_same_texts_with_the_same_places() -> None:
    for table in TABLES:
        english, japanese = getattr(words_en, table), getattr(words_ja, table)
        # "one" and "many" are alike in Japanese.
        assert {key for key in english if not key.endswith(".one")} == set(japanese), table
        for key in japanese:
            places = [placeholders(" ".join(value) if isinstance(value, tuple) else value)
                      for value in (english[key], japanese[key])]  # fmt: skip
            assert places[0] == places[1], (table, key)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_finding_says_all_that_it_knows(language: Language) -> None:
    for kind, names in VALUES.items():
        said = words(language).finding(Finding(kind, "note", {name: f"<{name}>" for name in names}))  # type: ignore[arg-type]
        assert all(said), kind
        for name in names:
            assert f"<{name}>" in said.text, (kind, name)
        assert "{" not in "".join(said), kind
        assert "…" not in "".join(said), kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_value_that_is_missing_or_has_braces_does_no_harm(language: Language) -> None:
    assert "…" in words(language).finding(Finding("soft-404", "note")).text
    odd = Finding("wrong-page", "note", {"expected": "{found}", "found": "{0.__class__}", "x": "y"})
    assert "{found}" in words(language).finding(odd).text
    assert "{0.__class__}" in words(language).finding(odd).text


def test_addresses_and_visitors_in_a_finding_are_readable() -> None:
    values = {"agent": "HatenaBookmark", "status": "301", "target": "/%E6%A1%9C%2F"}
    said = words("ja").finding(Finding("depends-on-visitor", "warning", values))
    assert "はてなブックマーク には 301 /桜%2F" in said.text


def test_counts_have_commas_and_one_is_one() -> None:
    assert words("en").say("loss.hits", n=1234567) == "1,234,567 visits"
    assert words("en").say("loss.hits", n=1) == "1 visit"
    assert words("ja").say("loss.hits", n=1) == "アクセス 1回"


@pytest.mark.parametrize(
    ("tag", "language"), [("ja", "ja"), ("ja-JP", "ja"), ("en-GB", "en"), ("", "en"), ("fr", "en")]
)
def test_the_language_follows_the_site(tag: str, language: Language) -> None:
    assert language_of(tag) == language
