"""`publisher gc`: what is kept, and what nobody needs any more."""

from __future__ import annotations

from typing import Annotated

import typer

from publisher.commands.options import (
    CONFIG,
    ConfigOption,
    DryRunOption,
    JsonOption,
    print_document,
)


def gc(
    config: ConfigOption = CONFIG,
    keep_releases: Annotated[
        int, typer.Option("--keep-releases", min=1, help="Keep so many of the newest releases.")
    ] = 20,
    keep_days: Annotated[
        int, typer.Option("--keep-days", min=0, max=36500, help="Keep all releases this young.")
    ] = 30,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Remove what no kept release, slot or preview needs. Visitors notice nothing.

    What is live, what a preview shows and what can be gone back to stays; so does the journal.

    \b
    Examples:
      publisher gc --dry-run
      publisher gc --keep-releases 50 --keep-days 90
    """
    from publisher import console, documents
    from publisher.retention import Keep
    from publisher.site import Site

    site = Site(config, dry_run=dry_run)
    clock = console.Clock()
    with site.exporting(), console.progress() as bar:
        done = site.collector(bar.update, Keep(keep_releases, keep_days)).collect()
    if not json:
        console.show_collected(done, clock.seconds, dry_run=dry_run)
    print_document(documents.of_collected(done, clock.seconds, dry_run=dry_run), json)
