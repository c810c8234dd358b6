"""`publisher redirects`: what old addresses lead to, and what they are known for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from publisher.commands.auditing import redirects_audit
from publisher.commands.counting import redirects_counts
from publisher.commands.options import (
    CONFIG,
    ConfigOption,
    JsonOption,
    acting,
    print_document,
)
from publisher.commands.redirect_formats import export

redirects_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Old addresses: what they lead to, and what they are known for.",
)
redirects_app.command("audit")(redirects_audit)
redirects_app.command("counts")(redirects_counts)

redirects_app.command("export")(export)


@redirects_app.command("capture")
def redirects_capture(
    old_site_url: Annotated[str, typer.Argument(help="The old site, as visitors reach it today.")],
    output: Annotated[
        Path | None, typer.Option("--output", help="What to write. Default: social.identities.")
    ] = None,
    urls: Annotated[
        Path | None,
        typer.Option("--urls", metavar="FILE", help="Old addresses, one a line. Default: by rule."),
    ] = None,
    config: ConfigOption = CONFIG,
    json: JsonOption = False,
) -> None:
    """Ask the old site which address each post is known by (og:url), before it is gone.

    Run again, it asks only for what is missing. Each address is asked for once, four at a time.

    \b
    Examples:
      publisher redirects capture https://www.example.co.jp
      publisher redirects capture https://www.example.co.jp --urls old-urls.txt
    """
    from publisher import console, documents
    from publisher.redirecting import captured
    from publisher.site import Site

    site = Site(config)
    file = output or site.identities
    with console.progress() as bar:
        report = captured(site, old_site_url, file, urls, bar.update)
    if not json:
        console.show_captured(report, file)
        if site.config.social.identities is None:
            console.say("To use it, set social.identities in site-config.yaml to this file.")
    print_document(documents.of_captured(report, file), json)


@redirects_app.command("build")
def redirects_build(
    release: Annotated[
        str,
        typer.Argument(
            help="A release, the end of its id, live or previous. Default: live, or the newest."
        ),
    ] = "",
    logs: Annotated[
        list[Path] | None, typer.Option("--logs", metavar="FILE", help="Access logs, plain or .gz.")
    ] = None,
    found: Annotated[
        Path, typer.Option("--found", metavar="FILE", help="Where what logs show is written.")
    ] = Path("redirects-found.csv"),
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write the set: .csv or .json.")
    ] = None,
    config: ConfigOption = CONFIG,
    json: JsonOption = False,
) -> None:
    """Derive the redirects of a release anew, without exporting, and say what is in them.

    With --logs, what visitors ask for and nothing answers is asked of the CMS: what it redirects
    is written to --found, to be read and then listed under redirects.files.

    \b
    Examples:
      publisher redirects build
      publisher redirects build --output redirects-all.csv
      publisher redirects build --logs access.log.gz --logs access.log.1
    """
    from publisher import console, documents, redirect_console
    from publisher.redirecting import build
    from publisher.site import Site

    site = Site(config)
    with console.progress() as bar:
        built = build(site, acting("", ""), release, logs or (), found, output, bar.update)
    if not json:
        redirect_console.show_summary(
            built.release.id, built.summary, built.fullness, built.remarks
        )
        if built.searched and built.tally:
            redirect_console.show_searched(built.tally, built.searched, found)
    print_document(documents.of_built(built), json)


@redirects_app.command("explain")
def redirects_explain(
    url: Annotated[str, typer.Argument(help="An address, or a path and query.")],
    user_agent: Annotated[
        str, typer.Option("--user-agent", metavar="UA", help="Who asks, as browsers say it.")
    ] = "",
    method: Annotated[str, typer.Option("--method", help="GET, HEAD, POST, ...")] = "GET",
    language: Annotated[
        str, typer.Option("--language", help="The visitor's first language, such as en.")
    ] = "",
    release: Annotated[
        str,
        typer.Option(
            "--release",
            help="A release, the end of its id, live or previous. Default: live, or the newest.",
        ),
    ] = "",
    config: ConfigOption = CONFIG,
    json: JsonOption = False,
) -> None:
    """Say which rule answers an address, and why, step by step.

    \b
    Examples:
      publisher redirects explain "/?p=1632&utm_source=mail"
      publisher redirects explain "/?p=1632" --user-agent facebookexternalhit/1.1
      publisher redirects explain https://www.example.co.jp/ --language en
    """
    from publisher import documents, redirect_console
    from publisher.redirecting import explained
    from publisher.site import Site

    found = explained(Site(config), url, user_agent, method, language, release)
    if not json:
        redirect_console.show_explained(url, found)
    print_document(documents.of_explained(url, found), json)
