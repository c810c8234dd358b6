"""`publisher designers`: who may upload, and into which folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

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

designers_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Who may upload into a folder of their own, and nowhere else.",
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Of the designer.")]


@designers_app.command("add")
def designers_add(
    name: NameArgument,
    paths: Annotated[
        list[str] | None,
        typer.Option("--paths", metavar="PATH", help="/campaign/ or /index.html: theirs on site."),
    ] = None,
    access: Annotated[
        Literal["user", "role"] | None,
        typer.Option("--access", help="Of a new one: a user with a key (default), or a role."),
    ] = None,
    assumed_by: Annotated[
        list[str] | None,
        typer.Option("--assumed-by", metavar="ARN", help="Of a new one: who may take the role."),
    ] = None,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="A new key; the old ones end.")
    ] = False,
    actor: ActorOption = "",
    reason: ReasonOption = "",
    config: ConfigOption = CONFIG,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Give a designer access to their folder, and write them into the configuration.

    Run again, it changes what differs: after a change of the configuration, or when it was cut.
    A key is shown once, here, and kept nowhere. With --dry-run, only the policy is printed.

    \b
    Examples:
      publisher designers add hanako --paths /campaign/ --paths /index.html
      publisher designers add hanako --paths /campaign/ --dry-run
      publisher designers add hanako --new-key --reason "lost laptop"
    """
    from publisher.designers.policy import readable
    from publisher.designing import Designers

    designers = Designers(config)
    more: dict[str, str | list[str]] = {"access": access} if access else {}
    more |= {"assumed_by": assumed_by} if assumed_by else {}
    who = acting(actor, reason)
    added = designers.add(name, paths or [], more, who, new_key=new_key, dry_run=dry_run)
    folder = designers.folder(name)
    granted = added.granted
    if not json and granted is None:
        print(f"Would be able to upload into {folder.url}, with this policy:", file=sys.stderr)
        print(readable(added.policy))
    elif not json and granted is not None:
        print(f"{name} may upload into {folder.url}")
        for line in granted.done or ("nothing to do: all is there",):
            print(f"  {line}")
        if granted.key:
            print("The key is shown this once; nobody can ask for it again:")
            print(f"  Access key ID      {granted.key.id}")
            print(f"  Secret access key  {granted.key.secret}")
        print(f"Look what it allows: publisher designers check {name}", file=sys.stderr)
    print_document(
        {
            "designer": name,
            "folder": folder.url,
            "policy": added.policy,
            "configuration_changed": bool(added.text),
            "arn": granted.arn if granted else None,
            "done": granted.done if granted else [],
            "key": {"id": granted.key.id, "secret": granted.key.secret}
            if granted and granted.key
            else None,
        },
        json,
    )


@designers_app.command("list")
def designers_list(config: ConfigOption = CONFIG, json: JsonOption = False) -> None:
    """Who may upload, which paths are theirs, when they were last seen, how old their key is.

    \b
    Examples:
      publisher designers list
      publisher designers list --json
    """
    from publisher.designer_console import show_designers
    from publisher.designing import Designers
    from publisher.release import utc_now

    designers = Designers(config)
    listed, journal = designers.listed(), list(designers.journal())
    if not json:
        show_designers(listed, journal, utc_now())
    print_document(
        {
            "designers": [
                {
                    "name": one.name,
                    "folder": designers.folder(one.name).url,
                    "configuration": one.section.model_dump() if one.section else None,
                    "account": one.account._asdict()
                    | {"keys": [key._asdict() for key in one.account.keys]}
                    if one.account
                    else None,
                }
                for one in listed
            ],
            "journal": journal,
        },
        json,
    )


@designers_app.command("remove")
def designers_remove(
    name: NameArgument,
    actor: ActorOption = "",
    reason: ReasonOption = "",
    config: ConfigOption = CONFIG,
    json: JsonOption = False,
) -> None:
    """Take a designer's access away, at once, and take them out of the configuration.

    Keys are deleted and running sessions end. The files in their folder stay.

    \b
    Examples:
      publisher designers remove hanako --reason "the campaign is over"
    """
    from publisher.designing import Designers

    designers = Designers(config)
    done = designers.remove(name, acting(actor, reason))
    folder = designers.folder(name)
    if not json:
        for line in done or (f"{name} has no access, and is not in the configuration",):
            print(line)
        print(f"What is in {folder.url} stays.")
    print_document({"designer": name, "done": done, "folder": folder.url}, json)


@designers_app.command("policy")
def designers_policy(
    name: NameArgument, config: ConfigOption = CONFIG, json: JsonOption = False
) -> None:
    """What a designer may do, as the JSON of IAM: for Terraform, the console, Identity Center.

    It needs no credentials and changes nothing.

    \b
    Examples:
      publisher designers policy hanako > hanako-policy.json
    """
    from publisher.designers.policy import readable
    from publisher.designing import Designers

    said = Designers(config).policy_of(name)
    if not json:
        print(readable(said))
    print_document(said, json)


@designers_app.command("credentials")
def designers_credentials(
    name: NameArgument,
    reason: ReasonOption,
    hours: Annotated[int, typer.Option("--hours", min=1, max=12, help="How long.")] = 1,
    form: Annotated[
        Literal["env", "aws-cli", "cyberduck", "rclone"],
        typer.Option("--format", help="For which program."),
    ] = "env",
    actor: ActorOption = "",
    config: ConfigOption = CONFIG,
    json: JsonOption = False,
) -> None:
    """Print credentials of a designer that end by themselves. Who got them is in the journal.

    Whoever runs it as a role gets an hour at most: that is a rule of AWS.

    \b
    Examples:
      publisher designers credentials hanako --hours 8 --reason "photos of the fair"
      publisher designers credentials hanako --reason trial --format rclone >> rclone.conf
    """
    from publisher.designers.credentials import rendered
    from publisher.designing import Designers

    if not reason.strip():
        raise typer.BadParameter("--reason must say why: it goes into the journal")
    designers = Designers(config)
    folder = designers.folder(name)
    key = designers.credentials(name, hours * 3600, acting(actor, reason))
    if not json:
        print(rendered(form, key, folder), end="")
        print(f"For {folder.url}, until {key.expires}", file=sys.stderr)
    print_document({"designer": name, "folder": folder.url, **key._asdict()}, json)


@designers_app.command("check")
def designers_check(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Of one designer. Default: all.")
    ] = "",
    profile: Annotated[
        str, typer.Option("--profile", help="Try with the designer's own key, from this profile.")
    ] = "",
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="A file.json or file.csv.")
    ] = None,
    config: ConfigOption = CONFIG,
    json: JsonOption = False,
) -> None:
    """Try everything that designers can do and must not be able to do; exit code 1 on a surprise.

    Each thing is really tried, with credentials of the designer for a quarter of an hour (or with
    those of --profile), and asked of IAM's simulator. Nothing that is tried does harm.

    \b
    Examples:
      publisher designers check
      publisher designers check hanako --output hanako.csv
      publisher designers check hanako --profile hanako
    """
    from publisher import documents
    from publisher.designer_console import show_check
    from publisher.designers.check import table
    from publisher.designing import Designers
    from publisher.whole_files import write_table, write_text

    if profile and not name:
        raise typer.BadParameter("--profile needs NAME: a key is one designer's")
    if output and output.suffix not in (".json", ".csv"):
        raise typer.BadParameter("--output must end in .json or .csv")
    rows = Designers(config).examined(name, profile)
    surprises = sum(row.is_surprise for row in rows)
    document = {
        "rows": [row._asdict() | {"surprise": row.is_surprise} for row in rows],
        "surprises": surprises,
    }
    if output and output.suffix == ".csv":
        write_table(output, table(rows))
    elif output:
        write_text(output, documents.written(document) + "\n")
    if not json:
        show_check(rows)
    print_document(document, json)
    if surprises:
        raise typer.Exit(1)
