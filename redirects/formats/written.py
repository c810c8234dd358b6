"""What a format gets and gives: settings in; files, limits and how to install them out."""

from __future__ import annotations

from typing import NamedTuple

from redirects.edge import MAX_AGE_S
from redirects.patterns import Pattern
from redirects.rules import Rule

OTHER_HOSTS = (
    "Who comes to another host, or without TLS, is not led to the public site by these files: that "
    "is for the server's own configuration."
)
"""What all formats but the edge function's leave open."""


class Settings(NamedTuple):
    """What a server has to know beside the rules.

    `host`: the public host name, in lower case, without a port. `max_age_s`: how long a permanent
    redirect may be kept.
    `folder`: where the files will lie on the server.
    """

    host: str = ""
    max_age_s: int = MAX_AGE_S
    folder: str = ""


class Unsupported(NamedTuple):
    """A rule that this format can't hold, or not as it is meant, and why."""

    rule: Rule | Pattern
    reason: str


class Written(NamedTuple):
    """A rule set in one format.

    `files`: name -> text. `unsupported`: the rules that are not as they should be in them.
    `notes`: the limits of the format that matter to this set, each in a sentence.
    `install`: what to do with the files, one step a line.
    """

    files: dict[str, str]
    unsupported: list[Unsupported]
    notes: list[str]
    install: list[str]
