"""`publisher init` and `publisher export`: from a CMS to a release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.commands.going_live import go_live
from publisher.commands.options import (
    CONFIG,
    ActorOption,
    ConfigOption,
    DryRunOption,
    JsonOption,
    OverrideOption,
    ReasonOption,
    acting,
    overriding,
    print_document,
)

if TYPE_CHECKING:
    from publisher.documents import Document


def init(
    cms_url: Annotated[str, typer.Argument(help="Where this machine reaches the CMS.")],
    output: Annotated[Path, typer.Option("--output", help="What to write.")] = CONFIG,
    site_url: Annotated[str, typer.Option("--site-url", help="The public address.")] = "",
    basic_auth: Annotated[str, typer.Option("--basic-auth", help="env:NAME of a password.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Write over a file.")] = False,
    json: JsonOption = False,
) -> None:
    """Look at a CMS and write a site-config.yaml for it.

    \b
    Examples:
      publisher init http://127.0.0.1:8081
      publisher init https://staging.example.co.jp --basic-auth env:CMS_BASIC_AUTH
    """
    from publisher import console, documents
    from publisher.beginning import begin

    rows = begin(output, cms_url, site_url, basic_auth or None, force=force)
    if not json:
        console.show_look(rows, output)
    print_document(documents.of_look(rows, output), json)


def export(
    config: ConfigOption = CONFIG,
    full: Annotated[bool, typer.Option("--full", help="Ask the CMS for everything again.")] = False,
    publish: Annotated[bool, typer.Option("--publish", help="Make it live.")] = False,
    dry_run: DryRunOption = False,
    override: OverrideOption = None,
    reason: ReasonOption = "",
    actor: ActorOption = "",
    json: JsonOption = False,
) -> None:
    """Make a release of what the CMS has.

    An export that was cut goes on where it stopped, within an hour; --full starts again.

    \b
    Examples:
      publisher export --publish
      publisher export --dry-run
      publisher export --publish --override lost-pages --reason "2019 archive retired"
    """
    from publisher.processes import Processes

    with Processes() as processes:  # they import what they need while this one does
        from publisher import console, documents
        from publisher.garbage import rarely_sought
        from publisher.pipeline import export as run
        from publisher.site import Site

        site = Site(config, dry_run=dry_run)
        who = acting(actor, reason)
        request = site.request(who, overriding(override or (), reason), full=full)
        rarely_sought()
        clock = console.Clock()
        with site.exporting(), console.progress() as bar:
            exported = run(
                site.records,
                site.cms(),
                request,
                lambda: site.staff(processes),
                lambda done, total: bar.update("asking the CMS", done, total),
            )
    if not json:
        console.show_export(exported, clock.seconds)
    result: Document = documents.of_export(exported, clock.seconds)
    if publish:
        made = exported.release
        result["published"] = go_live(site, made, who, dry_run, json, owns=request.owns)
    print_document(result, json)
