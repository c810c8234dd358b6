"""`publisher redirects`: what old addresses lead to, and what they are known for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from publisher.commands.options import CONFIG, ConfigOption, JsonOption, print_document
from publisher.commands.redirect_formats import export

redirects_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Old addresses: what they lead to, and what they are known for.",
)

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
    from publisher.site import Site

    site = Site(config)
    file = output or site.identities
    with console.progress() as bar:
        report = site.capture(
            old_site_url,
            file,
            urls,
            lambda done, total: bar.update("asking the old site", done, total),
        )
    if not json:
        console.show_captured(report, file)
        if site.config.social.identities is None:
            console.say("To use it, set social.identities in site-config.yaml to this file.")
    print_document(documents.of_captured(report, file), json)
