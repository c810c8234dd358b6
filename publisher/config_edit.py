"""Changes of the configuration that a command makes: lines go in or out, all others stay to the
byte, with their comments.

A YAML library would write the whole file anew, in a form of its own; here it only says where
things are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import cast

from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, SequenceNode

from publisher.config import parse
from publisher.errors import ConfigError, Problem
from publisher.whole_files import write_text

_KEY = "designers"
_PLAIN = re.compile(r"/[A-Za-z0-9/._-]*")
_NOTHING: Mapping[str, str] = MappingProxyType({})
_BY_HAND = "is written in a form that can't be added to: write it in lines of its own"


def write(path: Path, text: str) -> None:
    """Put a changed configuration into its file, whole or not at all. Raises ConfigError, with all
    that is wrong with it, and PublisherError."""
    parse(text, str(path), path.parent)
    write_text(path, text)


def with_designer(
    text: str, name: str, paths: Sequence[str], more: Mapping[str, str | Sequence[str]] = _NOTHING
) -> str:
    """The configuration with a designer who owns these paths, and any they own already; a new one
    has `more` keys. The text must be a valid one. Raises ConfigError for a form of it that can't
    be added to."""
    root, lines = _compose(text), text.splitlines(keepends=True)
    section = _section(root)
    new = {"paths": paths, **more}
    if section is None:
        gap = "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{gap if text else ''}{_KEY}:\n{_lines(2, name, new)}"
    own = _value(section, name)
    if own is None:
        if section.flow_style or not section.value:
            raise _by_hand(section)
        at = _last(section).end_mark.line
        return _inserted(lines, at, _lines(section.start_mark.column, name, new))
    return _with_paths(text, lines, own, paths)


def without_designer(text: str, name: str) -> str:
    """The configuration without this designer: their lines, and the comments among them. Raises
    ConfigError for a form of it that can't be taken from."""
    root, lines = _compose(text), text.splitlines(keepends=True)
    section = _section(root)
    if section is None or _value(section, name) is None:
        return text
    if section.flow_style:
        raise _by_hand(section)
    is_last = len(section.value) == 1  # an empty section would be none
    pairs = root.value if is_last else section.value
    key, value = next(pair for pair in pairs if pair[0].value == (_KEY if is_last else name))
    first, last = key.start_mark.line, _last(value).end_mark.line
    return "".join((*lines[:first], *lines[last + 1 :]))


def _with_paths(text: str, lines: list[str], own: Node, paths: Sequence[str]) -> str:
    listed = _value(own, "paths")
    if not isinstance(listed, SequenceNode) or not listed.value:
        raise _by_hand(own)
    held = {item.value for item in listed.value}
    new = [_written(path) for path in paths if path not in held]
    if not new:
        return text
    last = _last(listed.value[-1]).end_mark
    if listed.flow_style:
        return text[: last.index] + "".join(f", {path}" for path in new) + text[last.index :]
    indent = " " * listed.start_mark.column
    return _inserted(lines, last.line, "".join(f"{indent}- {path}\n" for path in new))


def _lines(indent: int, name: str, keys: Mapping[str, str | Sequence[str]]) -> str:
    space = " " * indent
    lines = [f"{space}{name}:\n"]
    for key, value in keys.items():
        written = value if isinstance(value, str) else f"[{', '.join(map(_written, value))}]"
        lines.append(f"{space}  {key}: {written}\n")
    return "".join(lines)


def _written(path: str) -> str:
    # Each string of JSON is one of YAML.
    return path if _PLAIN.fullmatch(path) else json.dumps(path, ensure_ascii=False)


def _inserted(lines: list[str], after: int, new: str) -> str:
    before = "".join(lines[: after + 1])
    gap = "" if before.endswith("\n") else "\n"
    return f"{before}{gap}{new}{''.join(lines[after + 1 :])}"


def _compose(text: str) -> MappingNode:
    return cast("MappingNode", YAML(typ="rt").compose(text))  # it was parsed before


def _section(root: MappingNode) -> CollectionNode | None:
    return cast("CollectionNode | None", _value(root, _KEY))


def _value(node: Node, key: str) -> Node | None:
    pairs = node.value if isinstance(node, MappingNode) else ()
    return next((value for name, value in pairs if name.value == key), None)


def _last(node: Node) -> Node:
    """The innermost node at the end of this one: a block ends only where the next one begins."""
    while isinstance(node, MappingNode | SequenceNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(node, MappingNode) else last
    return node


def _by_hand(node: Node) -> ConfigError:
    return ConfigError("site-config.yaml", [Problem(node.start_mark.line + 1, _KEY, _BY_HAND)])
