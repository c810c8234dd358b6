"""`publisher infra`: what has to be set up once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from publisher.commands.options import CONFIG, ConfigOption, JsonOption, print_document
from publisher.errors import PublisherError


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
    json: JsonOption = False,
) -> None:
    """Describe what the site's edge needs: a CloudFormation template, or nginx's configuration.

    It needs no credentials and changes nothing but the files that it writes. What to do next is
    said on standard error.

    \b
    Examples:
      publisher infra --output stack.yaml
      publisher infra --output /etc/nginx/publisher
    """
    from publisher.infra import Certificate, describe

    setup = describe(config, output, Certificate(certificate, certificate_key))
    if output:
        for name, text in setup.files.items():
            _write(Path(name), text)
    elif not json:
        print(*setup.files.values(), sep="", end="", flush=True)
    if not json:
        print(f"Written: {', '.join(setup.files)}. Next:" if output else "Next:", file=sys.stderr)
        for step in setup.steps:
            print(f"  {step}", file=sys.stderr)
    print_document({"kind": setup.kind, "files": setup.files, "next": list(setup.steps)}, json)


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PublisherError(f"{file} can't be written: {error.strerror}") from None
