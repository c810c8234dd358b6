"""`publisher infra`: what has to be set up once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from publisher.commands.options import CONFIG, ConfigOption, JsonOption, print_document


def infra(
    config: ConfigOption = CONFIG,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="The file for CloudFront's template, the folder for nginx."),
    ] = None,
    certificate: Annotated[
        str, typer.Option("--certificate", metavar="FILE", help="For an nginx that speaks TLS.")
    ] = "",
    certificate_key: Annotated[
        str, typer.Option("--certificate-key", metavar="FILE", help="Its key.")
    ] = "",
    install: Annotated[
        bool, typer.Option("--install", help="Put the function on a distribution you have.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Describe what the site's edge needs: a CloudFormation template, or nginx's configuration.

    It needs no credentials and changes nothing but the files that it writes. What to do next is
    said on standard error. With --install it changes a distribution that was not made by the
    template: the function of site-config.yaml is made, with its key-value store, and answers
    visitors from then on.

    \b
    Examples:
      publisher infra --output stack.yaml
      publisher infra --output /etc/nginx/publisher
      publisher infra --install
    """
    from publisher import console
    from publisher.infra import Certificate, describe
    from publisher.site import Site
    from publisher.whole_files import write_text

    if install:
        site = Site(config)
        with console.progress() as bar:
            site.cloudfront(bar.update).install()
        name = site.config.edge.function
        if not json:
            print(f"{name} answers visitors of {site.config.edge.distribution}.")
        print_document({"installed": name}, json)
        return

    setup = describe(config, output, Certificate(certificate, certificate_key))
    if output:
        for name, text in setup.files.items():
            write_text(Path(name), text)
    elif not json:
        print(*setup.files.values(), sep="", end="", flush=True)
    if not json:
        print(f"Written: {', '.join(setup.files)}. Next:" if output else "Next:", file=sys.stderr)
        for step in setup.steps:
            print(f"  {step}", file=sys.stderr)
    print_document({"kind": setup.kind, "files": setup.files, "next": list(setup.steps)}, json)
