"""The command line: what each command does, and which exit code an error has.

Exit codes: 0 done; 1 failed; 2 wrong usage or configuration; 3 a gate refused; 4 somebody
else published first; 5 not now; 130 interrupted; 143 ended by SIGTERM.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from publisher.cms.interrupt import terminable
from publisher.errors import ConfigError, GateRefused, LostRace, NotNow, PublisherError

if TYPE_CHECKING:  # imported where they are used: `--help` must not wait for them
    from publisher.documents import Document
    from publisher.publish import Actor
    from publisher.release import Release
    from publisher.site import Site

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Publish a WordPress site as static files, and keep every old URL working.",
    epilog="Begin with `publisher demo`, or with `publisher init http://...` and "
    "`publisher export --publish`.",
)
releases = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Every release made, and what was live."
)
app.add_typer(releases, name="releases")

ConfigOption = Annotated[
    Path, typer.Option("--config", metavar="FILE", help="The configuration of the site.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
ActorOption = Annotated[
    str,
    typer.Option(
        "--actor",
        envvar="PUBLISHER_ACTOR",
        help="Who acts, for the journal. Default: the log-in name.",
    ),
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the journal.")]
OverrideOption = Annotated[
    list[str],
    typer.Option("--override", metavar="GATE", help="Let a gate through this once."),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done; write nothing.")
]
PortOption = Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")]
CONFIG = Path("site-config.yaml")


# ------------------------------------------------------------------------- commands


@app.command()
def init(
    cms_url: Annotated[str, typer.Argument(help="Where this machine reaches the CMS.")],
    output: Annotated[Path, typer.Option("--output", help="What to write.")] = CONFIG,
    site_url: Annotated[str, typer.Option("--site-url", help="The public address.")] = "",
    basic_auth: Annotated[str, typer.Option("--basic-auth", help="env:NAME of a password.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Write over a file.")] = False,
    json: JsonOption = False,
) -> None:
    """Look at a CMS and write a site-config.yaml for it.

    \b
    Examples:
      publisher init http://127.0.0.1:8081
      publisher init https://staging.example.co.jp --basic-auth env:CMS_BASIC_AUTH
    """
    from publisher import console, documents
    from publisher.site import begin

    rows = begin(output, cms_url, site_url, basic_auth or None, force=force)
    if not json:
        console.show_look(rows, output)
    _print(documents.of_look(rows, output), json)


@app.command()
def export(
    config: ConfigOption = CONFIG,
    full: Annotated[bool, typer.Option("--full", help="Ask the CMS for everything again.")] = False,
    publish: Annotated[bool, typer.Option("--publish", help="Make it live.")] = False,
    dry_run: DryRunOption = False,
    override: OverrideOption = [],  # noqa: B006 - typer takes a default by value
    reason: ReasonOption = "",
    actor: ActorOption = "",
    json: JsonOption = False,
) -> None:
    """Make a release of what the CMS has.

    An export that was cut goes on where it stopped, within an hour; --full starts again.

    \b
    Examples:
      publisher export --publish
      publisher export --dry-run
      publisher export --publish --override lost-pages --reason "2019 archive retired"
    """
    from publisher import console, documents
    from publisher.pipeline import export as run
    from publisher.site import Site

    site = Site(config, dry_run=dry_run)
    request = site.request(_actor(actor, reason), _overrides(override, reason), full=full)
    clock = console.Clock()
    with site.exporting(), console.progress() as bar:
        exported = run(
            site.records,
            site.cms(),
            request,
            site.staff,
            lambda done, total: bar.update("asking the CMS", done, total),
        )
    if not json:
        console.show_export(exported, clock.seconds)
    result: Document = documents.of_export(exported, clock.seconds)
    if publish:
        made = exported.release
        onto = made.parent if exported.is_new else made.id
        result["published"] = _publish(site, made, reason, actor, dry_run, json, onto=onto)
    _print(result, json)


@app.command()
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
    _print({"published": _publish(site, chosen, reason, actor, dry_run, json, wait=wait)}, json)


@app.command()
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
        outcome = site.publisher(bar.update).rollback(chosen, _actor(actor, reason))
    if not json:
        console.show_outcome(outcome, site.config.site.url)
        print("On hold until `publisher resume`.")
    _print({"published": documents.of_outcome(outcome), "hold": True}, json)


@app.command()
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
        intent = site.publisher(bar.update).resume(_actor(actor, reason))
    if not json:
        print("The hold is released. Publish with `publisher export --publish`.")
    _print({"hold": False, "release": intent.release}, json)


@releases.command("list")
def releases_list(config: ConfigOption = CONFIG, json: JsonOption = False) -> None:
    """Every release, newest first, and every change to what visitors got."""
    from publisher import console
    from publisher.site import Site

    records = Site(config).records
    intent, _ = records.intent()
    made = [records.release(name) for name in records.release_ids()]
    journal = list(records.journal())
    if intent.change and intent.change not in journal:
        journal.insert(0, intent.change)  # whoever made it died before noting it
    if not json:
        console.show_releases(made, intent, journal)
    _print(
        {"live": intent.release, "hold": intent.hold, "releases": made, "journal": journal}, json
    )


@releases.command("show")
def releases_show(
    release: Annotated[str, typer.Argument(help="A release, or the end of its id.")],
    config: ConfigOption = CONFIG,
    json: JsonOption = False,
) -> None:
    """One release: who made it, why, and what is in it."""
    from publisher import console
    from publisher.site import Site

    records = Site(config).records
    found = records.release(release)
    intent, _ = records.intent()
    if not json:
        console.show_release(found, found.id == intent.release)
    _print({"release": found, "live": found.id == intent.release}, json)


@app.command()
def preview(
    release: Annotated[
        str, typer.Argument(help="A release, or the end of its id. Default: what is live.")
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
    from publisher.edge.server import EdgeServer, live_site, one_release
    from publisher.site import Site

    site = Site(config)
    if release:
        data, origin = one_release(site.records, site.records.release(release))
    else:
        data, origin = live_site(site.store)
        if not data():
            raise PublisherError("nothing is live yet", "Publish first: publisher export --publish")
    with EdgeServer(data, origin, port) as server:
        if json:
            _print({"url": server.url}, json)
        else:
            print(f"{server.url}/   (Ctrl-C ends it)", flush=True)
        server.wait()


@app.command()
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
    _print({"failures": failures}, json)
    if failures:
        raise typer.Exit(1)


# --------------------------------------------------------------------------- helpers


def _publish(
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
        outcome = publisher.publish(release, _actor(actor, reason), wait=wait, onto=onto)
    if not json:
        console.show_outcome(outcome, site.config.site.url)
    return documents.of_outcome(outcome)


def _overrides(gates: list[str], reason: str) -> dict[str, str]:
    from publisher.gates import NAMES

    unknown = [gate for gate in gates if gate not in NAMES]
    if unknown:
        raise typer.BadParameter(f"there is no gate {unknown[0]!r}; there are: {', '.join(NAMES)}")
    if gates and not reason:
        raise typer.BadParameter("--override needs --reason: it goes into the journal")
    return dict.fromkeys(gates, reason)


def _actor(name: str, reason: str) -> Actor:
    from publisher.publish import Actor

    return Actor(_login(name), reason)


def _login(name: str) -> str:
    if name:
        return name
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user database
        return f"uid-{os.getuid()}"


# ------------------------------------------------------------------- output and errors


def _print(document: Document, json: bool) -> None:
    if json:
        from publisher.documents import written

        print(written(document), flush=True)


def main() -> NoReturn:
    """The program's entry point: runs a command and exits with its code."""
    json = "--json" in sys.argv[1:]
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

    _print(documents.of_error(error, code), json)
    findings = error.findings if isinstance(error, GateRefused) else ()
    print(f"error: {clean(str(error))}", file=sys.stderr)
    for line in summary(findings):
        print(f"  {clean(line)}", file=sys.stderr)
    if error.hint:
        print(error.hint, file=sys.stderr)
    return code
