"""`publisher preview` and `publisher demo`: a site on this machine."""

from __future__ import annotations

import contextlib
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

from publisher.commands.options import (
    CONFIG,
    ConfigOption,
    JsonOption,
    PortOption,
    print_document,
)
from publisher.errors import PublisherError


def preview(
    release: Annotated[
        str,
        typer.Argument(
            help="A release, the end of its id, live or previous. Default: follows what is live."
        ),
    ] = "",
    config: ConfigOption = CONFIG,
    port: PortOption = 8080,
    json: JsonOption = False,
) -> None:
    """Serve a release on this machine, through the same edge function as the real site.

    Without a release it follows what is live.

    \b
    Examples:
      publisher preview
      publisher preview d8051c --port 9000
    """
    from publisher.edge.server import EdgeServer, intended_site, live_site, one_release
    from publisher.site import Site

    site = Site(config)
    if release:
        data, origin = one_release(site.records, site.release(release))
    else:
        is_elsewhere = site.config.edge.kind == "cloudfront"
        data, origin = intended_site(site.records) if is_elsewhere else live_site(site.store)
        if not data():
            raise PublisherError("nothing is live yet", "Publish first: publisher export --publish")
    with EdgeServer(data, origin, port) as server:
        if json:
            print_document({"url": server.url}, json)
        else:
            print(f"{server.url}/   (Ctrl-C ends it)", flush=True)
        server.wait()


def demo(
    config: Annotated[
        Path, typer.Option("--config", metavar="FILE", help="The configuration to start from.")
    ] = CONFIG,
    port: PortOption = 8080,
    once: Annotated[
        bool, typer.Option("--once", help="Check the result over HTTP and exit 0 or 1.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """See it work: a sample CMS, exported, published, and served by the local edge.

    Everything it writes is in ./.publisher-demo.

    \b
    Examples:
      publisher demo
      publisher demo --once
    """
    from publisher.demo.run import run_demo

    with contextlib.ExitStack() as stack:
        if not config.exists() and config == CONFIG:
            packaged = files("publisher.demo").joinpath("site-config.yaml")
            config = stack.enter_context(as_file(packaged))
        failures = run_demo(config, 0 if once else port, once=once, quiet=json)
    print_document({"failures": failures}, json)
    if failures:
        raise typer.Exit(1)
