"""Who may upload, as commands change it: the configuration, IAM and the journal together.

The configuration comes first: what fails after it is done by the same command, run again.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from publisher.config import load, parse, refused
from publisher.config_edit import with_designer, without_designer, write
from publisher.designers import check, policy
from publisher.designers.accounts import Account, Accounts, Grant, Granted, Key
from publisher.designers.aws import AwsAccounts
from publisher.designers.aws_attempts import Attempts, there
from publisher.designers.aws_client import Services
from publisher.designers.credentials import Folder
from publisher.designers.names import CHECK_MARK, folder, is_designer_name
from publisher.errors import AccessError, ConfigError, Problem, StoreError
from publisher.publish import Actor
from publisher.records import Records
from publisher.release import Action, Change, new_id, utc_now
from publisher.sections import Config, DesignerSection, StoreSection
from publisher.site import Site

# What STS gives at least (AssumeRole, DurationSeconds).
_CHECK_SECONDS = 900
# Each is a request.
_JOURNAL_MAX = 300
# How partitions other than AWS's own begin the names of their regions.
_PARTITIONS = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("eusc-", "aws-eusc"))


@dataclass(frozen=True, slots=True)
class Added:
    """What `add` did, or would do: the configuration's new text, '' for no change; the policy;
    what was given, None in a dry run."""

    text: str
    policy: policy.Policy
    granted: Granted | None


class Listed(NamedTuple):
    """A designer: what the configuration says of them (None: nothing), and what IAM has."""

    name: str
    section: DesignerSection | None
    account: Account | None


class Designers:
    """The designers of a site whose store is a bucket. Raises ConfigError if it is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.config: Config = load(path)
        config = self.config
        if not isinstance(config.store, StoreSection):
            message = "is a directory: designers upload into a bucket (docs/designers.md)"
            raise refused(path, "store", message)
        bucket, _, prefix = config.store.url.removeprefix("s3://").partition("/")
        endpoint = config.store.endpoint_url or ""
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
        partition = next((p for start, p in _PARTITIONS if region.startswith(start)), "aws")
        try:
            self._where = policy.place(
                bucket, prefix, partition, tls=not endpoint.startswith("http://")
            )
        except ValueError as error:
            raise refused(path, "store.url", str(error)) from None
        self._services = Services(endpoint, region)
        self._accounts: Accounts = AwsAccounts(self._services, self._where)

    # --------------------------------------------------------------- changing

    def add(
        self,
        name: str,
        paths: Sequence[str],
        more: Mapping[str, str | Sequence[str]],
        who: Actor,
        *,
        new_key: bool = False,
        dry_run: bool = False,
    ) -> Added:
        """Give a designer access, and write them into the configuration, with these paths beside
        those they have. `more`: other keys of one who is new."""
        _checked(name)
        text = self._text()
        known = name in self.config.designers
        if not paths and not known:
            problem = Problem(0, name, "is not in the configuration: say --paths")
            raise ConfigError(str(self._path), [problem])
        if known and more:
            problem = Problem(0, name, f"is there already: change {', '.join(more)} in the file")
            raise ConfigError(str(self._path), [problem])
        changed = with_designer(text, name, paths, more) if paths else text
        section = parse(changed, str(self._path), self._path.parent).designers[name]
        said = self._policy(name, section)
        new = changed if changed != text else ""
        if dry_run:
            return Added(new, said, None)
        if new:
            write(self._path, changed)
        grant = Grant(
            name, section.access, policy.compact(said), tuple(section.assumed_by), section.mfa
        )
        granted = self._accounts.ensure(grant, new_key=new_key)
        if granted.done:
            try:
                self._note("grant", name, who, "; ".join(granted.done))
            except StoreError as error:
                raise AccessError(
                    f"{name} has access, but the journal can't be written: {error}",
                    "If a key was made, nobody has seen it: publisher designers add "
                    f"{name} --new-key",
                ) from None
        return Added(new, said, granted)

    def remove(self, name: str, who: Actor) -> tuple[str, ...]:
        """Take a designer's access away, then take them out of the configuration. What they
        uploaded stays. Returns what was done."""
        _checked(name)
        done = self._accounts.revoke(name)
        if done:
            self._note("revoke", name, who, "; ".join(done))
        text = self._text()
        changed = without_designer(text, name)
        if changed != text:
            write(self._path, changed)
            done += (f"{self._path.name} changed",)
        return done

    def credentials(self, name: str, seconds: int, who: Actor) -> Key:
        """Credentials for a limited time. Nobody gets them who is not on record."""
        section = self._section(name)
        if section.mfa:
            raise AccessError(
                f"{name} needs a second factor, which nobody can give for them",
                f"They take their role themselves: `publisher designers policy {name}` says what "
                "it allows.",
            )
        # Networks and the like are in the role's own policy, which limits the session, too.
        narrowed = policy.compact(policy.designer(self._where, name))
        detail = f"for {seconds // 3600} hours" if seconds >= 3600 else f"for {seconds} seconds"
        key = self._accounts.session(name, seconds, narrowed)
        self._note("credentials", name, who, detail)
        return key

    # ---------------------------------------------------------------- looking

    def policy_of(self, name: str) -> policy.Policy:
        """What a designer of the configuration may do. Needs no credentials."""
        return self._policy(name, self._section(name))

    def folder(self, name: str) -> Folder:
        """Where a designer uploads."""
        prefix = f"{self._where.prefix}{folder(name)}"
        region = self._services.region_name()
        return Folder(name, self._where.bucket, prefix, region, self._services.endpoint)

    def listed(self) -> list[Listed]:
        """Everybody whom the configuration or IAM knows, by name."""
        accounts = {account.name: account for account in self._accounts.describe()}
        names = sorted({*accounts, *self.config.designers})
        return [Listed(name, self.config.designers.get(name), accounts.get(name)) for name in names]

    def journal(self) -> Iterator[Change]:
        """The changes of access, newest first, as far as they are among the newest changes."""
        newest = islice(self._records.journal(), _JOURNAL_MAX)
        return (change for change in newest if change.designer)

    def examined(self, name: str, profile: str) -> list[check.Row]:
        """What each designer (or this one) can do, and can't. `profile`: of the AWS tools, with
        the designer's own key; '' takes their role for a quarter of an hour."""
        names = [name] if name else sorted(self.config.designers)
        accounts = {account.name: account for account in self._accounts.describe()}
        rows: list[check.Row] = []
        for one in names:
            section = self._section(one)
            if one not in accounts:
                hint = f"Give it: publisher designers add {one}"
                raise AccessError(f"{one} has no access", hint)
            rows += self._examined(one, section, accounts[one], profile)
        return rows

    def _examined(
        self, name: str, section: DesignerSection, account: Account, profile: str
    ) -> Iterator[check.Row]:
        others = check.targets(self._where, name, self.config.designers)
        elsewhere = there(self._services, self._where.bucket, others)
        mark = f"{CHECK_MARK}-{secrets.token_hex(4)}"
        probes = list(check.probes(self._where, name, elsewhere, mark, console=section.console))
        address = section.source_ips[0].partition("/")[0] if section.source_ips else ""
        asked = [check.question(self._where, probe, address) for probe in probes]
        said = self._accounts.simulate(account, [one for one in asked if one])
        answers = iter(said or ())
        attempts = self._attempts(name, section, profile)
        for probe, question in zip(probes, asked, strict=True):
            yield check.row(
                name,
                probe,
                attempts.make(probe) if attempts else None,
                next(answers) if question and said is not None else None,
            )

    def _attempts(self, name: str, section: DesignerSection, profile: str) -> Attempts | None:
        """Who tries; None if nobody can without the designer's second factor."""
        services = self._services
        if profile:
            key = Services(services.endpoint, services.region, profile).key()
        elif section.mfa:
            return None
        else:
            key = self._accounts.session(name, _CHECK_SECONDS)
        return Attempts(services, self._where.bucket, key)

    # ------------------------------------------------------------------ parts

    @cached_property
    def _records(self) -> Records:
        return Site(self._path).records  # needs credentials, which a policy does not

    def _text(self) -> str:
        """The file to the byte: a line may end as on Windows."""
        return self._path.read_bytes().decode("utf-8")

    def _section(self, name: str) -> DesignerSection:
        section = self.config.designers.get(name)
        if section is None:
            known = ", ".join(sorted(self.config.designers)) or "nobody yet"
            problem = Problem(0, "designers", f"has no {name!r}; there: {known}")
            raise ConfigError(str(self._path), [problem])
        return section

    def _policy(self, name: str, section: DesignerSection) -> policy.Policy:
        terms = policy.Terms(tuple(section.source_ips), section.mfa, section.console)
        return policy.designer(self._where, name, terms)

    def _note(self, action: Action, name: str, who: Actor, detail: str) -> None:
        now = utc_now()
        self._records.note(
            Change(
                id=new_id(now),
                time=now,
                action=action,
                actor=who.name,
                reason=who.reason,
                from_release="",
                to_release="",
                designer=name,
                detail=detail,
            )
        )


def _checked(name: str) -> None:
    try:
        is_designer_name(name)
    except ValueError as error:
        raise ConfigError("publisher", [Problem(0, "NAME", str(error))]) from None
