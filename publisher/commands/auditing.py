"""`publisher redirects audit`: what becomes of every old address that is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from publisher.commands.options import CONFIG, ConfigOption, JsonOption


def redirects_audit(
    release: Annotated[
        str,
        typer.Argument(help="A release, the end of its id. Default: live, or the newest."),
    ] = "",
    logs: Annotated[
        list[Path] | None,
        typer.Option("--logs", metavar="FILE", help="Access logs, plain or .gz. Several times."),
    ] = None,
    urls: Annotated[
        list[Path] | None,
        typer.Option(
            "--urls",
            metavar="FILE",
            help="Old addresses: Search Console, backlinks, any CSV or list. Several times.",
        ),
    ] = None,
    sitemap: Annotated[
        list[str] | None,
        typer.Option("--sitemap", metavar="FILE_OR_URL", help="A sitemap of the old site."),
    ] = None,
    against: Annotated[
        str, typer.Option("--against", metavar="URL", help="The live site, to be asked, too.")
    ] = "",
    engine: Annotated[
        list[str] | None,
        typer.Option("--engine", metavar="NAME", help="Ask nginx or haproxy, too."),
    ] = None,
    thorough: Annotated[
        bool,
        typer.Option("--thorough", help="Look at all of what is else looked at in part: slower."),
    ] = False,
    no_cms: Annotated[
        bool, typer.Option("--no-cms", help="Leave the CMS alone: only files and the last audit.")
    ] = False,
    fix: Annotated[
        Path | None,
        typer.Option("--fix", metavar="FILE", help="Write the rules that would mend it (CSV)."),
    ] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="Write the report: .html, .json, .csv or .xml (JUnit). "
            "Default: redirect-audit.html.",
        ),
    ] = None,
    language: Annotated[
        str, typer.Option("--language", help="Of the report: ja or en. Default: site.language.")
    ] = "",
    config: ConfigOption = CONFIG,
    json: JsonOption = False,
) -> None:
    """Replay every old address that is known, and report what is kept and what is lost.

    Exits with 3 if the score is below gates.preservation. What was lost is looked at again by the
    next audit, until it is mended.

    \b
    Examples:
      publisher redirects audit
      publisher redirects audit --logs access.log.gz --urls Pages.csv --fix audit-fixes.csv
      publisher redirects audit --against https://www.example.co.jp --output audit.xml
    """
    from publisher import console
    from publisher.audit import console as shown
    from publisher.audit.formats import document_pieces
    from publisher.audit.live import place_of
    from publisher.audit.run import audited
    from publisher.audit.servers import named
    from publisher.audit.sitemaps import is_at_a_site
    from publisher.audit.steps import Given
    from publisher.audit.words import chosen_language
    from publisher.audit.writing import REPORT, check, check_own, write
    from publisher.log_files import check_readable
    from publisher.site import Site

    sitemaps = [Path(place) for place in sitemap or () if not is_at_a_site(place)]
    files, read = output or [REPORT], [*(logs or ()), *(urls or ()), *sitemaps]
    check(files, fix, read)
    check_readable(read)
    if against:
        place_of(against)
    site = Site(config)
    own = (site.config.folder / name for name in site.config.redirects.files)
    check_own(files, (site.identities, *own))
    spoken = chosen_language(language, site.config.site.language)
    given = Given(
        logs or (),
        urls or (),
        sitemap or (),
        against,
        named(engine or ()),
        with_cms=not no_cms,
        thorough=thorough,
    )
    with console.progress() as bar:
        report = audited(site, given, release, bar.update)
    write(report, files, fix, spoken)
    if json:
        for piece in document_pieces(report):  # as a whole it would be there thrice
            print(piece.decode(), end="")
        print(flush=True)
    else:
        shown.show(report, files, fix)
    if not report.is_passed:
        console.say(f"error: {shown.refusal(report)}")
        raise typer.Exit(3)
