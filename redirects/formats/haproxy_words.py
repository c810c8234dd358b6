"""HAProxy's configuration language: expressions of converters, in two levels of quotes."""

from __future__ import annotations


def argument(text: str) -> str:
    """An argument of a converter, in which nothing is special."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def word(text: str) -> str:
    """A word of the configuration, in which nothing is special."""
    closed = text.replace("'", "'\\''")
    return f"'{closed}'"


def regsub(expression: str, replacement: str, *, everywhere: bool = True) -> str:
    """The converter that replaces what matches: all of it, or the first."""
    flags = ",g" if everywhere else ""
    return f"regsub({argument(expression)},{argument(replacement)}{flags})"


def joined(*variables: str) -> str:
    """The converter that appends variables; one that is not set is nothing."""
    return ",".join(f'concat("",txn.redirects_{name})' for name in variables)


def put(variable: str, sample: str, condition: str = "") -> str:
    """A rule that sets a variable, if the sample can be had."""
    line = f"http-request set-var(txn.redirects_{variable}) {word(sample)}"
    return f"{line} if {condition}" if condition else line


def of(variable: str) -> str:
    """A variable as a sample."""
    return f"var(txn.redirects_{variable})"


def found(variable: str, *, absent: bool = False) -> str:
    """The condition that a variable is set, or is not."""
    return f"{'!' if absent else ''}{{ {of(variable)} -m found }}"


def matches(variable: str, expression: str) -> str:
    """The condition that a variable matches."""
    return f"{{ {of(variable)} -m reg {word(expression)} }}"
