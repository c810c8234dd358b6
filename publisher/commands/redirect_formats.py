"""`publisher redirects export`: a release's redirects for another server than the edge."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.commands.options import CONFIG, ConfigOption, JsonOption, print_document

if TYPE_CHECKING:
    from redirects.formats.written import Unsupported, Written

# So many rules are named for each reason; `--json` has more.
_SHOWN_MAX = 5
_NAME_CHARACTERS_MAX = 80
# A list as long as this is read by a program.
_LISTED_MAX = 10_000


def export(
    form: Annotated[
        str,
        typer.Option("--format", metavar="FORMAT", help="cloudfront, nginx, haproxy or netlify."),
    ],
    output: Annotated[
        Path, typer.Option("--output", metavar="FOLDER", help="The folder for the files.")
    ],
    release: Annotated[
        str, typer.Argument(help="A release, the end of its id, live or previous.")
    ] = "live",
    folder: Annotated[
        str,
        typer.Option(
            "--folder", help="Where the files will lie on the server. Default: beside its own."
        ),
    ] = "",
    config: ConfigOption = CONFIG,
    json: JsonOption = False,
) -> None:
    """Write the redirects of a release for CloudFront, nginx, HAProxy or Netlify.

    What to do with the files is said on standard error, and what the format can't say: rules that
    are not in them, or not as they are meant, and limits that matter to these rules.

    \b
    Examples:
      publisher redirects export --format nginx --output redirects
      publisher redirects export d8051c --format netlify --output public
    """
    from publisher.redirecting import exported
    from publisher.site import Site
    from redirects.formats.known import FORMATS

    if form not in FORMATS:
        raise typer.BadParameter(f"there is no format {form!r}; there are: {', '.join(FORMATS)}")
    if not folder.isprintable():
        raise typer.BadParameter("--folder has a character that no path should have")
    found, rules, made = exported(Site(config), release, form, folder, output)
    if not json:
        _say(output, made)
    print_document(
        {
            "release": found.id,
            "format": form,
            "files": [str(output / name) for name in made.files],
            "counts": {
                "rules": len(rules.rules),
                "patterns": len(rules.patterns),
                "unsupported": len(made.unsupported),
            },
            "unsupported": [
                {"source": one.rule.source, "origin": one.rule.origin, "reason": one.reason}
                for one in made.unsupported[:_LISTED_MAX]
            ],
            "limits": made.notes,
            "next": made.install,
        },
        json,
    )


def _say(output: Path, made: Written) -> None:
    from publisher.console import clean

    def say(text: str) -> None:
        print(clean(text), file=sys.stderr)

    say(f"Written into {output}: {', '.join(made.files)}.")
    if made.unsupported:
        say(f"Not there, or not as they are meant: {len(made.unsupported):,}.")
    for reason, names in _by_reason(made.unsupported).items():
        more = f" and {len(names) - _SHOWN_MAX:,} more" if len(names) > _SHOWN_MAX else ""
        say(f"  {reason}: {', '.join(names[:_SHOWN_MAX])}{more}")
    if made.notes:
        say("Limits:")
        for note in made.notes:
            say(f"  {note}")
    say("Next:")
    for step in made.install:
        say(f"  {step}")


def _by_reason(unsupported: list[Unsupported]) -> dict[str, list[str]]:
    """The sources of the rules, for each reason."""
    found: dict[str, list[str]] = {}
    for one in unsupported:
        query = getattr(one.rule, "query", "")
        name = one.rule.source + (f"?{query}" if query else "")
        short = name if len(name) <= _NAME_CHARACTERS_MAX else f"{name[:_NAME_CHARACTERS_MAX]}..."
        found.setdefault(one.reason, []).append(short)
    return found
