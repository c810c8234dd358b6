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
    from publisher import release_console
    from publisher.site import Site

    records = Site(config).records
    intent, _ = records.intent()
    made = [records.release(name) for name in records.release_ids()]
    journal = list(records.journal())
    if intent.change and intent.change not in journal:
        journal.insert(0, intent.change)  # whoever made it died before noting it
    if not json:
        held = [one.id for one in made if one.held and not records.approval(one.id)]
        release_console.show_releases(made, intent, journal, held)
    print_document(
        {"live": intent.release, "hold": intent.hold, "releases": made, "journal": journal}, json
    )


@releases.command("show")
def releases_show(
    release: Annotated[str, typer.Argument(help="A release, the end of its id, live or previous.")],
    config: ConfigOption = CONFIG,
    json: JsonOption = False,
) -> None:
    """One release: who made it, why, and what is in it."""
    from publisher import release_console
    from publisher.site import Site

    site = Site(config)
    found = site.release(release)
    intent, _ = site.records.intent()
    if not json:
        release_console.show_release(found, found.id == intent.release)
    print_document({"release": found, "live": found.id == intent.release}, json)


@releases.command("diff")
def releases_diff(
    old: Annotated[
        str, typer.Argument(help="A release, the end of its id, live or previous.")
    ] = "previous",
    new: Annotated[
        str, typer.Argument(help="A release, the end of its id, live or previous.")
    ] = "live",
    config: ConfigOption = CONFIG,
    json: JsonOption = False,
) -> None:
    """What a visitor would notice between two releases.

    Without names: between what is live and what was live before it.

    \b
    Examples:
      publisher releases diff
      publisher releases diff live d8051c
    """
    from publisher import console, documents, release_console
    from publisher.difference import difference
    from publisher.site import Site

    site = Site(config)
    records = site.records
    before, after = site.release(old), site.release(new)
    withdrawn = records.intent()[0].withdrawn
    with console.progress() as bar:
        found = difference(records, before, after, withdrawn, bar.update)
    if not json:
        release_console.show_difference(found)
    print_document(documents.of_difference(found), json)
