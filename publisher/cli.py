"""The command line: its commands, and which exit code an error has.

Exit codes: 0 done; 1 failed; 2 wrong usage or configuration; 3 a gate refused; 4 somebody
else published first; 5 not now; 130 interrupted; 143 ended by SIGTERM.
"""

from __future__ import annotations

import io
import sys
from typing import NoReturn

import typer

from publisher.cms.interrupt import terminable
from publisher.commands import going_live, intaking, keeping, looking, making, setting_up
from publisher.commands.designing import designers_app
from publisher.commands.history import releases
from publisher.commands.options import print_document
from publisher.commands.redirecting import redirects_app
from publisher.errors import ConfigError, GateRefused, LostRace, NotNow, PublisherError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Publish a WordPress site as static files, and keep every old URL working.",
    epilog="Begin with `publisher demo`, or with `publisher init http://...` and "
    "`publisher export --publish`.",
)
for command in (
    making.init,
    making.export,
    going_live.publish,
    going_live.rollback,
    going_live.resume,
    going_live.withdraw,
    intaking.approve,
    keeping.gc,
    looking.preview,
    looking.demo,
    setting_up.infra,
):
    app.command()(command)
app.add_typer(releases, name="releases")
app.add_typer(redirects_app, name="redirects")
app.add_typer(designers_app, name="designers")


def main() -> NoReturn:
    """The program's entry point: runs a command and exits with its code."""
    json = "--json" in sys.argv[1:]
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A title that the terminal's encoding lacks must not end what is done already.
        sys.stdout.reconfigure(errors="backslashreplace")
    interruption = terminable()
    interrupted = PublisherError("interrupted; what visitors get is whole", "Run it again.")
    try:
        code = app(standalone_mode=False) or 0
        if code == 130:  # how typer returns after Ctrl-C
            code = _report(interrupted, interruption(), json)
    except typer.TyperException as error:
        hint = "See `publisher --help`."
        code = _report(PublisherError(error.format_message(), hint), 2, json)
    except PublisherError as error:
        code = _report(error, _code(error), json)
    except KeyboardInterrupt:
        code = _report(interrupted, interruption(), json)
    except SystemExit as end:
        # `publisher releases list | head`: typer has made the streams safe, and says 1.
        code = 0 if isinstance(end.__context__, BrokenPipeError) else end.code
    sys.exit(code)


def _code(error: PublisherError) -> int:
    match error:
        case ConfigError():
            return 2
        case GateRefused():
            return 3
        case LostRace():
            return 4
        case NotNow():
            return 5
        case _:
            return 1


def _report(error: PublisherError, code: int, json: bool) -> int:
    from publisher import documents
    from publisher.console import clean
    from publisher.gates import summary

    print_document(documents.of_error(error, code), json)
    findings = error.findings if isinstance(error, GateRefused) else ()
    print(f"error: {clean(str(error))}", file=sys.stderr)
    for line in summary(findings):
        print(f"  {clean(line)}", file=sys.stderr)
    if error.hint:
        print(error.hint, file=sys.stderr)
    return code
