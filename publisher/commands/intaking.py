"""`publisher designers sync` and `publisher approve`: what others made becomes part of the site."""

from __future__ import annotations

from typing import Annotated

import typer

from publisher.commands.designing import designers_app
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


@designers_app.command("sync")
def designers_sync(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Whose. Default: all.")
    ] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Make it live.")] = False,
    dry_run: DryRunOption = False,
    override: OverrideOption = None,
    reason: ReasonOption = "",
    actor: ActorOption = "",
    config: ConfigOption = CONFIG,
    json: JsonOption = False,
) -> None:
    """Take what designers have uploaded, once nobody uploads any more.

    Each upload is looked at and added to what is live, whole or not at all. The answer is written
    into the designer's folder: _status.html and _status.json.

    \b
    Examples:
      publisher designers sync --publish
      publisher designers sync hanako --dry-run
      publisher designers sync hanako --publish --override lost-pages --reason "campaign over"
    """
    from publisher import console, documents, intake_console
    from publisher.site import Site

    site = Site(config, dry_run=dry_run)
    known = site.config.designers
    chosen = names or list(known)
    if unknown := [name for name in chosen if name not in known]:
        listed = ", ".join(known) or "none"
        raise typer.BadParameter(f"there is no designer {unknown[0]!r}; there are: {listed}")
    if override and not names:
        listed = ", ".join(known) or "none"
        raise typer.BadParameter(f"--override needs NAME, whose upload is let through: {listed}")
    who = acting(actor, reason)
    with console.progress() as bar:
        intake = site.intake(who, overriding(override or (), reason), bar.update, publish=publish)
        done = intake.run(tuple(dict.fromkeys(chosen)))
    if not json:
        console.show_lines(intake_console.lines(done))
    print_document(
        {
            "designers": intake_console.documents(done, site.config.site.url, intake.paths),
            "published": [documents.of_outcome(one) for one in done.published],
            "notes": done.notes,
        },
        json,
    )
    standings = {answer.standing for answer in done.answers}
    if "refused" in standings:
        raise typer.Exit(3)
    if "uploading" in standings:
        raise typer.Exit(5)


def approve(
    release: Annotated[str, typer.Argument(metavar="ID", help="A release, or the end of its id.")],
    config: ConfigOption = CONFIG,
    reason: ReasonOption = "",
    actor: ActorOption = "",
    json: JsonOption = False,
) -> None:
    """Let a release through that was held for approval, and make it live.

    Only those in gates.approvers can, and nobody their own. Both names are in the journal.

    \b
    Example:
      publisher approve d8051c --actor tanaka --reason "checked with sales"
    """
    from publisher import console, documents
    from publisher.approving import approve as let_through
    from publisher.intake.terms import site_terms
    from publisher.site import Site

    site = Site(config)
    chosen = site.records.release(release)
    who, terms = acting(actor, reason), site_terms(site.config)
    with console.progress() as bar:
        publisher = site.publisher(bar.update)
        outcome = let_through(site.records, publisher, chosen, who, terms.approvals, terms.owns)
        if chosen.designer in site.config.designers:
            site.intake(who, {}, bar.update, publish=False).answer(chosen.designer)
    if not json:
        console.show_outcome(outcome, site.config.site.url)
    document = {"approved": chosen.id, "published": documents.of_outcome(outcome)}
    print_document(document, json)
