"""The configuration: `site-config.yaml`, read and checked as a whole.

All that is wrong is reported at once, each with its line and, for a misspelt key, the key
that was meant. What may stand in it: `publisher.sections`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from publisher.designers.ownership import areas, overlaps
from publisher.errors import ConfigError, Problem
from publisher.sections import Config
from redirects.own import parse_rule
from redirects.patterns import Pattern
from redirects.rules import Rule


def load(path: Path) -> Config:
    """Read and check a configuration file. Raises ConfigError with every problem in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            str(path), [Problem(0, "", "no such file; name another one with --config")]
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), [Problem(0, "", f"can't be read: {error}")]) from None
    return parse(text, str(path), path.parent)


def parse(text: str, source: str, folder: Path) -> Config:
    """The configuration in a text; `source` names it in messages. Raises ConfigError."""
    try:
        data = _yaml().load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        what, _, _ = str(error.problem).partition(" with value ")  # it might be a secret
        raise ConfigError(source, [Problem(line, "", f"is no YAML: {what}")]) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(source, [Problem(line, "", f"is no YAML: {error.reason}")]) from None
    except RecursionError:
        raise ConfigError(source, [Problem(0, "", "is nested too deeply")]) from None
    except ValueError as error:  # a number that is too long
        raise ConfigError(source, [Problem(0, "", f"is no YAML: {error}")]) from None
    if not isinstance(data, CommentedMap):
        raise ConfigError(source, [Problem(1, "", "must be keys and values, such as 'site:'")])
    if given := [name for name in _NOT_GIVEN if name in data]:
        raise ConfigError(source, [Problem(_line(data, (n,)), n, "is no key") for n in given])
    try:
        config = Config(**_plain(data), folder=folder)
    except ValidationError as error:
        raise ConfigError(source, sorted(_problems(error, data), key=lambda p: p.line)) from None
    if problems := sorted(_at_odds(config, data), key=lambda problem: problem.line):
        raise ConfigError(source, problems)
    return _with_own(config, data, source)


def _at_odds(config: Config, data: CommentedMap) -> Iterator[Problem]:
    """What single values may be, but not beside each other."""
    if urlsplit(config.site.url).netloc.lower() == urlsplit(config.cms.url).netloc.lower():
        message = "is the host of cms.url: visitors must get the files, and not the CMS"
        yield Problem(_line(data, ("site", "url")), "site.url", message)
    host = config.site.host
    if config.edge.previews and host.endswith(f".{config.edge.previews}"):
        message = f"must not have {host}, the public site, below it: that is no preview"
        yield Problem(_line(data, ("edge", "previews")), "edge.previews", message)
    needing = [name for name, one in config.designers.items() if one.approval]
    if (needing or config.gates.approval) and not config.gates.approvers:
        asking = ("designers", needing[0], "approval") if needing else ("gates", "approval")
        message = "needs gates.approvers: nobody could let anything through"
        yield Problem(_line(data, asking), ".".join(asking), message)
    for one in overlaps({name: areas(own.paths) for name, own in config.designers.items()}):
        path = config.designers[one.second].paths[one.second_path]
        where = ("designers", one.second, "paths", one.second_path)
        other = ("designers", one.first, "paths", one.first_path)
        message = (
            f"{path} meets {config.designers[one.first].paths[one.first_path]} of "
            f"designers.{one.first} (line {_line(data, other)}): a path has one owner"
        )
        yield Problem(_line(data, where), ".".join(map(str, where)), message)


def _with_own(config: Config, data: CommentedMap, source: str) -> Config:
    """The configuration with its redirects understood."""
    own: list[Rule | Pattern] = []
    problems: list[Problem] = []
    for number, rule in enumerate(config.redirects.rules):
        where = ("redirects", "rules", number)
        line = _line(data, where)
        try:
            own.append(
                parse_rule(
                    rule.source,
                    rule.target,
                    rule.status,
                    rule.language,
                    origin=f"{Path(source).name}:{line}",
                    places=config.places,
                )
            )
        except ValueError as error:
            key, _, message = str(error).partition(": ")
            line = _line(data, (*where, key))
            problems.append(Problem(line, f"redirects.rules.{number}.{key}", message))
    if problems:
        raise ConfigError(source, problems)
    return config.model_copy(update={"own": tuple(own)})


def refused(path: Path, key: str, message: str) -> ConfigError:
    """The error about a value of this file that is a valid one, but not for what is asked now.
    `key` is written with dots."""
    try:
        data = _yaml().load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, MarkedYAMLError):  # it was changed meanwhile
        data = None
    line = _line(data, tuple(key.split("."))) if isinstance(data, CommentedMap) else 0
    return ConfigError(str(path), [Problem(line, key, message)])


class _Constructor(RoundTripConstructor):
    """Leaves days as they are written: they are checked, with their line, like all values."""


_Constructor.add_constructor(
    "tag:yaml.org,2002:timestamp", lambda self, node: self.construct_scalar(node)
)


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.Constructor = _Constructor
    return yaml


def _plain(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [_plain(value) for value in node]
    return str(node) if isinstance(node, str) else node


# Fields of `Config` that no file gives.
_NOT_GIVEN = tuple(name for name, field in Config.model_fields.items() if field.exclude)

# What pydantic says beside keys: which form of a value it tried, and that the key is meant.
_NOT_KEYS = ("StoreSection", "str", "[key]")


def _problems(error: ValidationError, data: CommentedMap) -> Iterator[Problem]:
    seen: set[tuple[object, ...]] = set()
    for detail in error.errors():
        # A value of several possible forms is reported once per form: keep the first that fits.
        where = tuple(part for part in detail["loc"] if part not in _NOT_KEYS)
        if detail["loc"][-1] == "str" and isinstance(detail["input"], Mapping):
            continue
        if detail["loc"][-1] == "StoreSection" or where in seen:
            continue
        seen.add(where)
        key = ".".join(str(part) for part in where)
        yield Problem(_line(data, where), key, _message(dict(detail), where))


def _message(detail: Mapping[str, Any], where: tuple[object, ...]) -> str:
    match detail["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            names = _names(where[:-1])
            close = difflib.get_close_matches(str(where[-1]), names, n=1)
            known = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(names)}"
            return f"is no key; {known}"
        case "value_error":
            return str(detail["ctx"]["error"])
        case "model_type":
            return "must be keys and values below it"
        case _:
            message = str(detail["msg"]).lower()
            return message.replace("input should be", "must be").replace("string should", "must")


def _names(where: tuple[object, ...]) -> list[str]:
    """The keys that a section knows."""
    model: type[BaseModel] = Config
    for part in where:
        if isinstance(part, int) or part not in model.model_fields:
            continue  # one of a list, or by a name of the site's own: its section is that of all
        annotation = model.model_fields[str(part)].annotation
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        model = next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
    fields = model.model_fields.items()
    return [field.alias or name for name, field in fields if not field.exclude]


def _line(data: Any, where: tuple[object, ...]) -> int:
    """The 1-based line of a key, or of the innermost section that is there."""
    line = 1
    for part in where:
        if isinstance(data, CommentedMap) and part in data:
            line = data.lc.key(part)[0] + 1
        elif isinstance(data, CommentedSeq) and isinstance(part, int) and part < len(data):
            line = data.lc.item(part)[0] + 1
        else:
            break
        data = data[part]
    return line
