"""`publisher publish`, `rollback`, `resume` and `withdraw`: what visitors get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from publisher.commands.options import (
    CONFIG,
    ActorOption,
    ConfigOption,
    DryRunOption,
    JsonOption,
    ReasonOption,
    acting,
    print_document,
)
from publisher.errors import PublisherError

if TYPE_CHECKING:
    from publisher.documents import Document
    from publisher.release import Release
    from publisher.site import Site


def publish(
    release: Annotated[
        str, typer.Argument(help="A release, or the end of its id. Default: the newest.")
    ] = "",
    config: ConfigOption = CONFIG,
    dry_run: DryRunOption = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait while all slots are cooling.")
    ] = True,
    reason: ReasonOption = "",
    actor: ActorOption = "",
    json: JsonOption = False,
) -> None:
    """Make a release live.

    \b
    Examples:
      publisher publish
      publisher publish 20261122T024159Z-d8051c --dry-run
    """
    from publisher.site import Site

    site = Site(config, dry_run=dry_run)
    if not release:
        made = site.records.release_ids()
        if not made:
            raise PublisherError("there is no release yet", "Make one: publisher export")
        release = made[0]
    chosen = site.records.release(release)
    print_document(
        {"published": go_live(site, chosen, reason, actor, dry_run, json, wait=wait)}, json
    )


def rollback(
    release: Annotated[
        str, typer.Argument(help="A release, or the end of its id. Default: the previous one.")
    ] = "",
    config: ConfigOption = CONFIG,
    reason: ReasonOption = "",
    actor: ActorOption = "",
    json: JsonOption = False,
) -> None:
    """Make an earlier release live again, and hold what comes after it.

    Until `publisher resume`, exports make releases but none goes live.

    \b
    Example:
      publisher rollback --reason "wrong prices on the front page"
    """
    from publisher import console, documents
    from publisher.site import Site

    site = Site(config)
    chosen = site.records.release(release) if release else None
    with console.progress() as bar:
        outcome = site.publisher(bar.update).rollback(chosen, acting(actor, reason))
    if not json:
        console.show_outcome(outcome, site.config.site.url)
        print("On hold until `publisher resume`.")
    print_document({"published": documents.of_outcome(outcome), "hold": True}, json)


def resume(
    config: ConfigOption = CONFIG,
    reason: ReasonOption = "",
    actor: ActorOption = "",
    json: JsonOption = False,
) -> None:
    """Release the hold that a rollback set.

    \b
    Example:
      publisher resume && publisher export --publish
    """
    from publisher import console
    from publisher.site import Site

    site = Site(config)
    with console.progress() as bar:
        intent = site.publisher(bar.update).resume(acting(actor, reason))
    if not json:
        print("The hold is released. Publish with `publisher export --publish`.")
    print_document({"hold": False, "release": intent.release}, json)


def go_live(
    site: Site,
    release: Release,
    reason: str,
    actor: str,
    dry_run: bool,
    json: bool,
    *,
    wait: bool = True,
    onto: str | None = None,
) -> Document:
    from publisher import console, documents

    with console.progress() as bar:
        publisher = site.publisher(bar.update)
        if dry_run:
            steps = publisher.plan(release)
            if not json:
                console.show_plan(steps)
            return documents.of_plan(steps)
        outcome = publisher.publish(release, acting(actor, reason), wait=wait, onto=onto)
    if not json:
        console.show_outcome(outcome, site.config.site.url)
    return documents.of_outcome(outcome)
