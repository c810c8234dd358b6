"""A site's first configuration, made from a look at its CMS."""

from __future__ import annotations

from pathlib import Path

import msgspec

from publisher.addresses import EXAMPLE
from publisher.cms.look import look
from publisher.config import parse
from publisher.errors import ConfigError, Problem
from publisher.init import Guess, Row, configuration, guess_site_url, rows
from publisher.sections import Config


def begin(path: Path, cms: str, site: str, basic_auth: str | None, *, force: bool) -> list[Row]:
    """Look at the CMS at an address, write a first configuration for it, and return what it was
    made from. `site`: the public address, or '' to guess one; `basic_auth`: `env:NAME`.

    Raises ConfigError (an option that is wrong, a file that is there already and no `force`)
    and CmsError.
    """
    if path.exists() and not force:
        message = "is there already: --force writes over it, --output FILE writes another one"
        raise ConfigError(str(path), [Problem(0, "", message)])
    asked = _options(cms, site or EXAMPLE, basic_auth)
    seen = look(asked.cms.url, asked.secret(asked.cms.basic_auth))
    found = Guess(asked.site.url) if site else guess_site_url(seen)
    text = configuration(seen, found, basic_auth)
    parse(text, str(path), path.parent)  # nothing is written that an export would refuse
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        message = f"can't be written: {error.strerror}"
        raise ConfigError(str(path), [Problem(0, "", message)]) from None
    return rows(seen, found)


def _options(cms: str, site: str, basic_auth: str | None) -> Config:
    """The command's options, checked as the configuration that they are to become."""
    values = {"site": {"url": site}, "cms": {"url": cms, "basic_auth": basic_auth}}
    try:
        return parse(msgspec.json.encode(values).decode(), "", Path())
    except ConfigError as error:
        problems = [Problem(0, problem.key, problem.message) for problem in error.problems]
        raise ConfigError("publisher init", problems) from None
