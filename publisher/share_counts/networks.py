"""Which networks there are, and what each needs to be asked."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from publisher.errors import ConfigError, Problem
from publisher.share_counts import facebook, hatena
from publisher.share_counts.book import Entries
from publisher.share_counts.port import ShareCounts

ENTRIES: Mapping[str, Entries] = {
    "facebook": facebook.Facebook.entries,
    "hatena": hatena.Hatena.entries,
}
"""By name, the addresses that a network counts apart: nothing has to be asked for that."""

NAMES = tuple(ENTRIES)


def networks(names: Sequence[str], site: str) -> tuple[list[ShareCounts], dict[str, str]]:
    """The networks with these names (none: all that can be asked), and by name, why another one is
    left out. `site` is the public address, which they are told. Raises ConfigError for a name that
    is none, and for a network that was named without its token in the environment."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        message = f"there is no network {unknown[0]!r}; there are: {', '.join(NAMES)}"
        raise ConfigError("publisher", [Problem(0, "--network", message)])
    found: list[ShareCounts] = []
    skipped: dict[str, str] = {}
    for name in NAMES:
        if names and name not in names:
            continue
        if name == "hatena":
            found.append(hatena.Hatena(site, hatena.URL))
        elif token := os.environ.get(facebook.TOKEN, "").strip():
            found.append(facebook.Facebook(token, site, facebook.URL))
        elif names:
            message = "is not set: the access token that Facebook wants"
            raise ConfigError("environment", [Problem(0, facebook.TOKEN, message)])
        else:
            skipped[name] = f"{facebook.TOKEN} is not set"
    return found, skipped
