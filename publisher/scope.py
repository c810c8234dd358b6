"""Which addresses of the CMS the configuration adds or takes out. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote_plus


@dataclass(frozen=True, slots=True)
class Scope:
    """What belongs to the site beside what the CMS lists, and what does not belong to it.

    `include`: paths below the CMS's base, with a query if need be, to ask for though nothing
    leads there. `exclude`: globs over the decoded path; `*` stands for any text, slashes
    included, and `?` begins the query: a glob without one takes all queries.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    _paths: re.Pattern[str] | None = field(init=False, repr=False, compare=False)
    _queries: re.Pattern[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        paths = [glob for glob in self.exclude if "?" not in glob]
        queries = [glob for glob in self.exclude if "?" in glob]
        object.__setattr__(self, "_paths", _pattern(paths))
        object.__setattr__(self, "_queries", _pattern(queries))

    def excludes(self, path: str, query: str) -> bool:
        """Whether a decoded path and a raw query are taken out."""
        if self._paths is not None and self._paths.match(path):
            return True
        if self._queries is None or not query:
            return False
        return bool(self._queries.match(f"{path}?{unquote_plus(query)}"))


def _pattern(globs: list[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(map(_expression, globs)), re.DOTALL) if globs else None


def _expression(glob: str) -> str:
    """A glob as an expression that never tries again: the first place where what stands
    between two stars is found is as good as any other."""
    first, *others = re.sub(r"\*+", "*", glob).split("*")
    if not others:
        return f"(?:{re.escape(first)})\\Z"
    *between, last = others
    middle = "".join(f"(?>.*?{re.escape(piece)})" for piece in between)
    return f"(?:{re.escape(first)}{middle}.*{re.escape(last)})\\Z"
