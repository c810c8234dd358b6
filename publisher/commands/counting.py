"""`publisher redirects counts`: how often old posts were shared, before and after a move."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from publisher.commands.options import CONFIG, ConfigOption, JsonOption, print_document


def redirects_counts(
    urls: Annotated[
        Path | None,
        typer.Option("--urls", metavar="FILE", help="More addresses to count, one a line."),
    ] = None,
    network: Annotated[
        list[str] | None,
        typer.Option("--network", metavar="NAME", help="facebook or hatena. Default: both."),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Give no address a baseline; compare those with one.")
    ] = False,
    new_baseline: Annotated[
        bool, typer.Option("--new-baseline", help="Make what is counted now the baseline.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", help="A table (CSV) of all addresses to write.")
    ] = None,
    config: ConfigOption = CONFIG,
    json: JsonOption = False,
) -> None:
    """Ask Facebook and Hatena Bookmark how often old posts were shared.

    The first count of an address is kept as its baseline, and later ones are compared with it.
    What was asked for within a day is not asked for again. Facebook wants an access token in
    PUBLISHER_FACEBOOK_TOKEN.

    \b
    Examples:
      publisher redirects counts
      publisher redirects counts --compare --output counts.csv
    """
    from publisher import console
    from publisher.redirecting import counted
    from publisher.share_counts import shown
    from publisher.site import Site

    if compare and new_baseline:
        raise typer.BadParameter("--compare and --new-baseline exclude each other")
    site = Site(config)
    with console.progress() as bar:
        report = counted(
            site, network or (), urls, output, bar.update, compare=compare, renew=new_baseline
        )
    if not json:
        console.show_lines(shown.lines(report))
    print_document(shown.document(report), json)
    for refusal in report.refusals.values():
        console.say(f"error: {console.clean(refusal.message)}\n{refusal.hint}")
    if report.refusals:
        raise typer.Exit(1)
