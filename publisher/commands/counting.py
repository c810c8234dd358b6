"""`publisher redirects counts`: how often old posts were shared, before and after a move."""

from __future__ import annotations

import contextlib
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
    from publisher.errors import PublisherError
    from publisher.identity_file import read_urls
    from publisher.share_counts import shown
    from publisher.share_counts.book import table, targets_of
    from publisher.share_counts.networks import networks
    from publisher.share_counts.taking import Kept, Taking
    from publisher.site import Site
    from publisher.whole_files import write_table

    if compare and new_baseline:
        raise typer.BadParameter("--compare and --new-baseline exclude each other")
    site = Site(config)
    listed = read_urls(urls) if urls else []
    asked, skipped = networks(network or (), site.config.site.url)
    kept = Kept(site.store)
    if compare and not any(kept.book.networks.values()):
        hint = "Run it without --compare first, while the old site is up."
        raise PublisherError("there is no baseline to compare with", hint)
    with contextlib.ExitStack() as stack:
        for one in asked:
            stack.callback(one.close)
        bar = stack.enter_context(console.progress())
        targets = tuple(targets_of(site.addresses(site.social()), listed))
        taking = Taking(kept, bar.update, compare=compare, renew=new_baseline)
        report = taking.take(asked, targets)
    report.skipped = skipped
    if output:
        write_table(output, table(report.rows))
    if not json:
        console.show_lines(shown.lines(report))
    print_document(shown.document(report), json)
    for refusal in report.refusals.values():
        console.say(f"error: {console.clean(refusal.message)}\n{refusal.hint}")
    if report.refusals:
        raise typer.Exit(1)
