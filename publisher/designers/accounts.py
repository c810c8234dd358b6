"""The port through which designers get access, and what goes through it. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

Kind = Literal["user", "role"]

ROOT = "/publisher-designers/"
"""The path of designers' users, roles and policies in IAM: who manages designers may change
nothing outside it."""

BOUNDARIES = "/publisher-boundaries/"
"""The path of what none of them may go beyond: who manages designers may not change that."""

_DIGEST_CHARACTERS = 8


class Grant(NamedTuple):
    """What a designer is to have. `policy`: what they may do, as JSON; `trusted`: the ARNs of who
    may take their role, () for whom IAM lets in this account."""

    name: str
    kind: Kind
    policy: str
    trusted: tuple[str, ...] = ()
    mfa: bool = False


class Key(NamedTuple):
    """Credentials. `token` and `expires`: of those for a limited time. Never to be logged."""

    id: str
    secret: str
    token: str = ""
    expires: datetime | None = None

    def __repr__(self) -> str:
        return f"Key({self.id!r})"  # a traceback must not tell the secret


class Granted(NamedTuple):
    """What a designer has now. `done`: what was changed for it, in words; `key`: a new one, which
    can't be asked for again."""

    arn: str
    done: tuple[str, ...] = ()
    key: Key | None = None


class AccessKey(NamedTuple):
    """A key that somebody holds: never its secret. `used`: when it was last, None for never, or
    where nobody says."""

    id: str
    active: bool
    created: datetime | None
    used: datetime | None = None


class Account(NamedTuple):
    """What IAM has for a designer. `keys`: of a user; `used`: when any of it was used last, None
    for never, or where nobody says."""

    name: str
    kind: Kind
    arn: str
    created: datetime | None
    keys: tuple[AccessKey, ...] = ()
    used: datetime | None = None


class Question(NamedTuple):
    """Would this be allowed? `context`: the values of condition keys in such a request."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()


class Accounts(Protocol):
    """Designers' access. All raise AccessError if it can't be read or changed."""

    def ensure(self, grant: Grant, *, new_key: bool = False) -> Granted:
        """Give a designer what is granted, no more and no less. Again, it changes nothing, but
        for a `new_key`, which replaces those there were."""

    def revoke(self, name: str) -> tuple[str, ...]:
        """Take it all away, at once; what was done, in words. Again, it does nothing."""

    def describe(self) -> Sequence[Account]:
        """What there is for this site's designers, in the order of their names; also for those
        whom the configuration does not know."""

    def session(self, name: str, seconds: int, policy: str = "") -> Key:
        """Credentials of this designer for a limited time, narrowed to a policy."""

    def simulate(self, account: Account, questions: Sequence[Question]) -> list[bool] | None:
        """What IAM would decide, or None if nobody there says."""


def site_path(bucket: str, prefix: str) -> str:
    """The path in IAM of what belongs to a site."""
    return f"{ROOT}{bucket}/{prefix}"


def iam_name(name: str, bucket: str, prefix: str) -> str:
    """What a designer's user, role and policy are called: names are unique in an account, paths
    or not, so another site's `hanako` is another one."""
    return name + _ending(bucket, prefix)


def designer_of(iam_name: str, bucket: str, prefix: str) -> str:
    """The designer whose user or role is called so; '' for what is not of this site."""
    ending = _ending(bucket, prefix)
    return iam_name.removesuffix(ending) if iam_name.endswith(ending) else ""


def _ending(bucket: str, prefix: str) -> str:
    return f"-{hashlib.sha256(f'{bucket}/{prefix}'.encode()).hexdigest()[:_DIGEST_CHARACTERS]}"
