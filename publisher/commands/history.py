"""`publisher releases`: every release, and what visitors got when."""

from __future__ import annotations

from typing import Annotated

import typer

from publisher.commands.options import CONFIG, ConfigOption, JsonOption, print_document

releases = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Every release made, and what was live."
)


@releases.command("list")
def releases_list(config: ConfigOption = CONFIG, json: JsonOption = False) -> None:
    """Every release, newest first, and every change to what visitors got."""
    from publisher import console
    from publisher.site import Site

    records = Site(config).records
    intent, _ = records.intent()
    made = [records.release(name) for name in records.release_ids()]
    journal = list(records.journal())
    if intent.change and intent.change not in journal:
        journal.insert(0, intent.change)  # whoever made it died before noting it
    if not json:
        console.show_releases(made, intent, journal)
    print_document(
        {"live": intent.release, "hold": intent.hold, "releases": made, "journal": journal}, json
    )


@releases.command("show")
def releases_show(
    release: Annotated[str, typer.Argument(help="A release, or the end of its id.")],
    config: ConfigOption = CONFIG,
    json: JsonOption = False,
) -> None:
    """One release: who made it, why, and what is in it."""
    from publisher import console
    from publisher.site import Site

    records = Site(config).records
    found = records.release(release)
    intent, _ = records.intent()
    if not json:
        console.show_release(found, found.id == intent.release)
    print_document({"release": found, "live": found.id == intent.release}, json)
