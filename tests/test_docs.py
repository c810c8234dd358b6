"""The documentation says what there is: commands, options, keys, gates, dependencies, links."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args
from urllib.parse import unquote

import pytest
import typer.main
from pydantic import BaseModel

from publisher import gates
from publisher.cli import app
from publisher.config import parse
from publisher.sections import Config

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
CONFIGURATION = ROOT / "docs/configuration.md"
DESIGN = ROOT / "docs/design.md"
DOCS = (README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
EXAMPLE = ROOT / "site-config.yaml"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def commands() -> dict[str, dict[str, Any]]:
    """All commands by their words (`releases list`), each with its parameters by option."""
    found: dict[str, dict[str, Any]] = {}

    def visit(command: Any, words: tuple[str, ...]) -> None:
        if hasattr(command, "commands"):
            for name, below in command.commands.items():
                visit(below, (*words, name))
        else:
            found[" ".join(words)] = {
                option: parameter
                for parameter in command.params
                for option in (*parameter.opts, *parameter.secondary_opts)
            }

    visit(typer.main.get_command(app), ())
    return found


def keys(model: type[BaseModel] = Config, above: str = "") -> Iterator[tuple[str, bool]]:
    """All configuration keys with dots, and whether each is a section only."""
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        key = above + (field.alias or name)
        annotations = (field.annotation, *get_args(field.annotation))
        sections = [a for a in annotations if isinstance(a, type) and issubclass(a, BaseModel)]
        yield key, bool(sections) and len(sections) == len([a for a in annotations if a])
        for section in sections:
            yield from keys(section, f"{key}.")


def examples(document: Path, language: str) -> list[str]:
    """The fenced examples of a language."""
    text = document.read_text(encoding="utf-8")
    return [body for name, body in _FENCE.findall(text) if name == language]


def anchor(heading: str) -> str:
    """What a link to a heading ends in, as code hosts make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


COMMANDS = commands()
KEYS = dict(keys())


def test_what_is_introspected_is_there() -> None:
    assert {"export", "releases list", "demo"} <= COMMANDS.keys()
    assert "--override" in COMMANDS["export"]
    assert {"site.url", "store", "store.endpoint_url", "gates.lost_pages"} <= KEYS.keys()
    assert KEYS["site"]
    assert not KEYS["store"]


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_and_their_options_are_in_the_readme(command: str) -> None:
    text = README.read_text(encoding="utf-8")
    assert re.search(rf"^\| `publisher {command}\b", text, re.MULTILINE)
    for option in COMMANDS[command]:
        if option.startswith("-"):
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", text), option


def test_the_readme_lists_no_command_that_is_not_there() -> None:
    rows = re.findall(r"^\| `publisher ([^`]+)`", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert {" ".join(w for w in row.split() if w.islower()) for row in rows} == COMMANDS.keys()


@pytest.mark.parametrize("document", DOCS, ids=lambda file: file.name)
def test_shell_examples_are_valid(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for example in examples(document, "sh"):
        subprocess.run(["bash", "-n"], input=example, text=True, check=True)
        for words in _invocations(example):
            if words[0] == "make":
                targets = [word for word in words[1:] if "=" not in word]
                for target in targets:
                    assert re.search(rf"^{target}:", makefile, re.MULTILINE), words
            elif words[0] == "publisher":
                _assert_is_command(words[1:])


def _invocations(example: str) -> Iterator[list[str]]:
    for line in example.splitlines():
        words: list[str] = []
        for word in [*shlex.split(line, comments=True), "&&"]:
            if word == "&&":
                if words:
                    yield words
                words = []
            else:
                words.append(word)


def _assert_is_command(words: list[str]) -> None:
    name = next(
        (c for c in (" ".join(words[:2]), words[0]) if c in COMMANDS),
        None,
    )
    assert name, words
    for word in words:
        if word.startswith("-"):
            assert word.partition("=")[0] in {*COMMANDS[name], "--help"}, words


@pytest.mark.parametrize("document", DOCS, ids=lambda file: file.name)
def test_yaml_examples_are_configurations(document: Path) -> None:
    for example in examples(document, "yaml"):
        parse(example, document.name, ROOT)


def test_the_largest_example_has_every_key() -> None:
    largest = max(examples(CONFIGURATION, "yaml"), key=len)
    for key in KEYS:
        assert re.search(rf"^\s*{key.rpartition('.')[2]}:", largest, re.MULTILINE), key


@pytest.mark.parametrize("key", [key for key, is_section in KEYS.items() if not is_section])
def test_keys_are_documented_with_type_and_default(key: str) -> None:
    text = CONFIGURATION.read_text(encoding="utf-8")
    heading = re.search(rf"^### `{re.escape(key)}`\n\n(\S+)", text, re.MULTILINE)
    assert heading or re.search(rf"^\| `{re.escape(key)}` \| `", text, re.MULTILINE)


def test_keys_are_in_the_example_commented_or_not() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    for key in KEYS:
        assert re.search(rf"^[# ]*{key.rpartition('.')[2]}:", text, re.MULTILINE), key


def test_the_example_loads() -> None:
    config = parse(EXAMPLE.read_text(encoding="utf-8"), EXAMPLE.name, ROOT)
    defaults = Config(site=config.site, cms=config.cms, folder=ROOT)
    assert config == defaults, "the example shows the defaults"


@pytest.mark.parametrize("name", gates.NAMES)
def test_gates_are_documented(name: str) -> None:
    assert re.search(rf"^\| `{name}` \|", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert f"`{name}`" in CONFIGURATION.read_text(encoding="utf-8")


def test_dependencies_are_justified() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[\[<>=~!; ]", line)[0] for line in project["dependencies"]}
    table = DESIGN.read_text(encoding="utf-8").partition("## Dependencies")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:-1] for line in table.splitlines() if line.startswith("| `")]
    justified = {name: row for row in rows for name in re.findall(r"`([^`]+)`", row[0])}
    assert justified.keys() == names
    assert all(len(row) == 3 and row[2].strip() for row in justified.values())


@pytest.mark.parametrize("document", DOCS, ids=lambda file: file.name)
def test_links_lead_somewhere(document: Path) -> None:
    for link in _LINK.findall(document.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, fragment = link.partition("#")
        target = document.parent / unquote(name) if name else document
        assert target.is_file(), link
        if fragment:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert fragment in map(anchor, headings), link


@pytest.mark.parametrize("document", DOCS, ids=lambda file: file.name)
def test_no_paths_or_hosts_of_a_machine(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert not re.search(r"/(?:root|home|work)/", text)
    hosts = set(re.findall(r"https?://([^/\s`'\")]+)", text))
    assert {re.sub(r":\d+$", "", host) for host in hosts} <= {
        "127.0.0.1", "www.example.co.jp", "staging.example.co.jp",
        "spring.preview.example.co.jp", "spring.localhost",
        "old.example.co.jp", "shop.example.co.jp",
    }  # fmt: skip
