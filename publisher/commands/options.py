"""What the commands share: options, who acts, and the document for machines."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # imported where they are used: `--help` must not wait for them
    from publisher.documents import Document
    from publisher.publish import Actor

# What would break a line, or steer a terminal.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def _one_line(text: str) -> str:
    """What somebody says for the journal, as one line of text: it is read in lists. Nothing but
    space is nothing."""
    try:
        text.encode()
    except UnicodeEncodeError:  # typed in a terminal with another encoding
        raise typer.BadParameter("is not UTF-8; it goes into the journal") from None
    return _CONTROL.sub(" ", text).strip()


ConfigOption = Annotated[
    Path, typer.Option("--config", metavar="FILE", help="The configuration of the site.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
ActorOption = Annotated[
    str,
    typer.Option(
        "--actor",
        envvar="PUBLISHER_ACTOR",
        callback=_one_line,
        help="Who acts, for the journal. Default: the log-in name.",
    ),
]
ReasonOption = Annotated[
    str, typer.Option("--reason", callback=_one_line, help="Why, for the journal.")
]
OverrideOption = Annotated[
    list[str] | None,
    typer.Option("--override", metavar="GATE", help="Let a gate through this once."),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done; write nothing.")
]
PortOption = Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")]
CONFIG = Path("site-config.yaml")


def overriding(gates: Sequence[str], reason: str) -> dict[str, str]:
    from publisher.gates import NAMES

    unknown = [gate for gate in gates if gate not in NAMES]
    if unknown:
        raise typer.BadParameter(f"there is no gate {unknown[0]!r}; there are: {', '.join(NAMES)}")
    if gates and not reason:
        raise typer.BadParameter("--override needs --reason: it goes into the journal")
    return dict.fromkeys(gates, reason)


def acting(name: str, reason: str) -> Actor:
    from publisher.publish import Actor

    return Actor(_login(name), reason)


def _login(name: str) -> str:
    if name:
        return name
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user database
        return f"uid-{os.getuid()}"


def print_document(document: Document, json: bool) -> None:
    """Print what a command has to say to machines, if that was asked for."""
    if json:
        from publisher.documents import written

        print(written(document), flush=True)
