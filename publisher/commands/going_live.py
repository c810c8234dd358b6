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

if TYPE_CHECKING:
    from publisher.composing import Owns
    from publisher.documents import Document
    from publisher.publish import Actor, Audience
    from publisher.release import Release
    from publisher.site import Site


def publish(
    release: Annotated[
        str, typer.Argument(help="A release, or the end of its id. Default: the newest export.")
    ] = "",
    config: ConfigOption = CONFIG,
    to: Annotated[
        str, typer.Option("--to", metavar="TARGET", help="live, or preview-NAME.")
    ] = "live",
    days: Annotated[
        int, typer.Option("--days", min=1, max=365, help="How long a preview can be seen.")
    ] = 7,
    password: Annotated[
        str, typer.Option("--password", metavar="env:NAME", help="What a preview asks for.")
    ] = "",
    dry_run: DryRunOption = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait while all slots are cooling.")
    ] = True,
    reason: ReasonOption = "",
    actor: ActorOption = "",
    json: JsonOption = False,
) -> None:
    """Make a release live, or show it on a preview.

    A preview is a whole release at a host name of its own, through the same edge. Search engines
    are told to leave it alone, and it ends after --days. Publish to it again to change it.

    \b
    Examples:
      publisher publish
      publisher publish 20261122T024159Z-d8051c --dry-run
      publisher publish d8051c --to preview-spring --days 14 --password env:PREVIEW_PASSWORD
    """
    from publisher.site import Site

    site = Site(config, dry_run=dry_run)
    audience = site.audience(to, days, password)
    chosen = site.records.release(release) if release else site.to_publish()
    who = acting(actor, reason)
    owns = None if release or audience else site.owns()
    published = go_live(
        site, chosen, who, dry_run, json, wait=wait, owns=owns, to=to, audience=audience
    )
    print_document({"published": published}, json)


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
        # Without a name, the next one goes further back.
        undo = f"publisher rollback {outcome.previous}"
        console.show_outcome(outcome, site.config.site.url, undo=undo)
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


def withdraw(
    path: Annotated[
        str, typer.Argument(help="A path such as /blog/1632.html, or its public address.")
    ] = "",
    restore: Annotated[bool, typer.Option("--restore", help="Let it be shown again.")] = False,
    show: Annotated[bool, typer.Option("--list", help="What is withdrawn.")] = False,
    config: ConfigOption = CONFIG,
    reason: ReasonOption = "",
    actor: ActorOption = "",
    json: JsonOption = False,
) -> None:
    """Take one page out of everything visitors can reach, at once.

    It answers 410, on the public site and on previews, and no release and no rollback brings it
    back until it is restored. Unpublish it in the CMS, too: lists and feeds name it until then. A
    designer's page is taken out of their folder instead.

    \b
    Examples:
      publisher withdraw /blog/1632.html --reason "wrong price list"
      publisher withdraw https://www.example.co.jp/blog/1632.html --reason "a request by law"
      publisher withdraw --list
      publisher withdraw /blog/1632.html --restore --reason "mended"
    """
    from publisher import console, documents
    from publisher.site import Site

    site = Site(config)
    if show:
        withdrawn = site.records.intent()[0].withdrawn
        if not json:
            console.show_withdrawn(withdrawn)
        print_document({"withdrawn": withdrawn}, json)
        return
    if not path or not reason:
        raise typer.BadParameter("a PATH and a --reason are needed; it goes into the journal")
    chosen, who = site.path(path), acting(actor, reason)
    with console.progress() as bar:
        if restore:
            outcome = site.publisher(bar.update).restore(chosen, who)
            document = documents.of_outcome(outcome)
        else:
            below = site.withdraw(chosen, who, bar.update)
            sources = site.sources(chosen)
            document = {"below": below, "designers": sources.designers}
    if not json and restore:
        console.show_restored(chosen)
    elif not json:
        console.show_taken_out(chosen, below, sources)
    print_document({"restored" if restore else "withdrawn": chosen, **document}, json)


def go_live(
    site: Site,
    release: Release,
    who: Actor,
    dry_run: bool,
    json: bool,
    *,
    wait: bool = True,
    owns: Owns | None = None,
    to: str = "live",
    audience: Audience | None = None,
) -> Document:
    """Make a release live, or say what that would do, in words or as a document. `owns`: of one
    that nobody named, it goes on top of what designers did since, and of no newer export."""
    from publisher import ahead, console, documents

    with console.progress() as bar:
        publisher = site.publisher(bar.update, to)
        if dry_run:
            steps = publisher.plan(release)
            if not json:
                console.show_plan(steps)
            return documents.of_plan(steps)
        if owns:
            outcome = ahead.publish(site.records, publisher, release, who, owns, wait=wait)
        else:
            outcome = publisher.publish(release, who, wait=wait, audience=audience)
    if not json:
        console.show_outcome(outcome, site.address(to), is_live=audience is None)
        if audience:
            console.show_audience(audience)
    return documents.of_outcome(outcome) | ({"expires": audience.expires} if audience else {})
