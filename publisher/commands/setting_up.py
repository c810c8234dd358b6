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
        Path | None, typer.Option("--output", help="What to write, instead of standard output.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Describe what the site needs on AWS, as a CloudFormation template.

    It needs no credentials and changes nothing. What to do next is said on standard error.

    \b
    Example:
      publisher infra --output stack.yaml
    """
    from publisher.infra import describe

    setup = describe(config, output)
    if output:
        try:
            output.write_text(setup.text, encoding="utf-8")
        except OSError as error:
            raise PublisherError(f"{output} can't be written: {error.strerror}") from None
    elif not json:
        print(setup.text, end="", flush=True)
    if not json:
        print(f"Written: {output}. Next:" if output else "Next:", file=sys.stderr)
        for step in setup.steps:
            print(f"  {step}", file=sys.stderr)
    print_document(
        {
            "kind": setup.kind,
            "file": str(output or ""),
            "text": setup.text,
            "next": list(setup.steps),
        },
        json,
    )
