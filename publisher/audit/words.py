"""What people read of a report, in their language. Pure.

Each language is a module of the same tables; a test compares their keys and placeholders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from publisher.audit import findings_en, findings_ja, words_en, words_ja
from publisher.audit.report import Finding, Kind, Outcome, Severity, Source
from publisher.audit.shown import decoded, number
from publisher.errors import ConfigError, Problem

Language = Literal["ja", "en"]

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
UNKNOWN = "…"
"""Stands for a value that a finding does not have."""


class Said(NamedTuple):
    """A finding in words: what it is, what that means here, and what to do."""

    title: str
    text: str
    advice: str


class Words(NamedTuple):
    """A language. `findings`: title, text and advice of each kind, with `{placeholders}` for the
    values of a finding. Of `outcomes` and `checked`: a name, and what it means or how it was done.
    `agents`: names of visitors; one that is not there is shown as it is.
    `text`: everything else, by key; a key that ends in `.one` is for exactly one."""

    language: Language
    findings: Mapping[Kind, tuple[str, str, str]]
    outcomes: Mapping[Outcome, tuple[str, str]]
    sources: Mapping[Source, str]
    severities: Mapping[Severity, str]
    changes: Mapping[str, str]
    measures: Mapping[str, str]
    checked: Mapping[str, tuple[str, str]]
    agents: Mapping[str, str]
    text: Mapping[str, str]

    def say(self, key: str, **values: object) -> str:
        """A text with its values filled in; counts get commas. `n` decides between one and more.
        Raises KeyError if there is no such text."""
        one = f"{key}.one"
        text = self.text[one if values.get("n") == 1 and one in self.text else key]
        return filled(text, {name: _value(value) for name, value in values.items()})

    def finding(self, finding: Finding) -> Said:
        """A finding in words. Addresses in it are decoded, visitors have their names."""
        title, text, advice = self.findings[finding.kind]
        values = {name: decoded(value) for name, value in finding.values.items()}
        if agent := self.agents.get(values.get("agent", "")):
            values["agent"] = agent
        return Said(title, filled(text, values), filled(advice, values))


def words(language: Language) -> Words:
    """The words of a language."""
    module = words_ja if language == "ja" else words_en
    kinds = findings_ja if language == "ja" else findings_en
    return Words(
        language=language,
        findings=kinds.FINDINGS,
        outcomes=module.OUTCOMES,
        sources=module.SOURCES,
        severities=module.SEVERITIES,
        changes=module.CHANGES,
        measures=module.MEASURES,
        checked=module.CHECKED,
        agents=module.AGENTS,
        text=module.TEXT,
    )


def language_of(tag: str) -> Language:
    """The report's language for a site's, such as `ja` or `en-GB`: English, if there are no words
    in its own."""
    return "ja" if tag.lower().split("-")[0] == "ja" else "en"


def chosen_language(asked: str, of_site: str) -> Language:
    """The language that was asked for, or the site's. Raises ConfigError for one without words."""
    if asked and language_of(asked) != asked:
        raise ConfigError(
            "publisher", [Problem(0, "--language", f"{asked!r} is neither ja nor en")]
        )
    return language_of(asked or of_site)


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with values in place of its `{placeholders}`. What is in a value is not looked at."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], UNKNOWN), text)


def placeholders(text: str) -> set[str]:
    """The names of the values that a text has places for."""
    return set(_PLACEHOLDER.findall(text))


def _value(value: object) -> str:
    return number(value) if isinstance(value, int | float) else str(value)
