"""Designers' access in IAM: users with keys, roles, one policy each, and a boundary for all.

A designer has a role, for credentials that end by themselves, and, if `access` is `user`, a user
with a key. Both have the same policy, and neither can go beyond the boundary. A server of one's
own may know no roles, no boundaries and no use of keys: then there is none of that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from publisher.designers import policy
from publisher.designers.accounts import (
    BOUNDARIES,
    ROOT,
    AccessKey,
    Account,
    Grant,
    Granted,
    Key,
    Question,
    designer_of,
    iam_name,
    site_path,
)
from publisher.designers.aws_client import Services, code_of, reported, status_of
from publisher.designers.names import folder
from publisher.errors import AccessError

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import ContextEntryTypeDef

# AWS, "IAM and AWS STS quotas": the most for a role that is taken by a user.
SESSION_SECONDS_MAX = 12 * 3600
_VERSIONS_MAX = 5
_SINCE = "publisher-since"
_REVOKED = "publisher-revoked"
# No designer is called so: theirs begin with a letter.
_BOUNDARY = "_boundary"
_CONTEXT_TYPES = {
    "aws:SecureTransport": "boolean",
    "aws:MultiFactorAuthPresent": "boolean",
    "aws:SourceIp": "ip",
}


class AwsAccounts:
    """Accounts of the designers of one store."""

    def __init__(self, services: Services, where: policy.Place) -> None:
        self._services = services
        self._where = where
        self._path = site_path(where.bucket, where.prefix)

    # ---------------------------------------------------------------- giving

    def ensure(self, grant: Grant, *, new_key: bool = False) -> Granted:
        """See `Accounts`."""
        done: list[str] = []
        with reported(f"giving {grant.name} access"):
            name = self._name(grant.name)
            boundary = self._boundary(done)
            allowed = self._policy(name, self._path, json.loads(grant.policy), done)
            role = self._role(name, grant, boundary, allowed, done)
            key, user = None, ""
            if grant.kind == "user":
                user = self._user(name, boundary, allowed, done)
            elif self._exists(self._iam.get_user, UserName=name):
                self._end_user(name, done)
            self._mark(grant.name, done)
            if user:  # last: a key that is made and not shown is lost
                key = self._key(name, done, new=new_key, has_role=bool(role))
        if not (user or role):
            raise AccessError(
                f"this server has no roles, so {grant.name} can't have one",
                f"Set designers.{grant.name}.access: user.",
            )
        return Granted(user or role, tuple(done), key)

    def _boundary(self, done: list[str]) -> str:
        """The ARN of what no designer's access may go beyond: made by the stack (it has a name that
        CloudFormation gave it), or by us if we may."""
        path, wanted = self._path.replace(ROOT, BOUNDARIES, 1), policy.boundary(self._where)
        for one in self._local():
            if one.get("Path") == path and not self._designer(one["PolicyName"]):
                if not _same(self._document(one["Arn"]), wanted):
                    raise AccessError(
                        f"the policy {one['Arn']} is not what designers may not go beyond",
                        "Make the template again and deploy it: publisher infra",
                    )
                return str(one["Arn"])
        return self._policy(self._name(_BOUNDARY), path, wanted, done)

    def _policy(self, name: str, path: str, wanted: policy.Policy, done: list[str]) -> str:
        """The ARN of a policy of this name, which says this."""
        arn = self._policies().get(name)
        text = policy.compact(wanted)
        if arn is None:
            made = self._iam.create_policy(PolicyName=name, Path=path, PolicyDocument=text)
            done.append(f"policy {name} made")
            return str(made["Policy"]["Arn"])
        if _same(self._document(arn), wanted):
            return str(arn)
        versions = self._iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) >= _VERSIONS_MAX:
            oldest = min(
                (one for one in versions if not one.get("IsDefaultVersion")),
                key=lambda one: (one.get("CreateDate") or datetime.min, one["VersionId"]),
            )
            self._iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        try:
            self._iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
        except ClientError as error:
            # SeaweedFS takes policies that it does not take as a new version of one.
            if code_of(error) != "MalformedPolicyDocument" or not self._services.endpoint:
                raise
            self._exists(self._iam.detach_user_policy, UserName=name, PolicyArn=arn)
            self._iam.delete_policy(PolicyArn=arn)
            made = self._iam.create_policy(PolicyName=name, Path=path, PolicyDocument=text)
            arn = made["Policy"]["Arn"]
        done.append(f"policy {name} changed")
        return str(arn)

    def _user(self, name: str, boundary: str, allowed: str, done: list[str]) -> str:
        found = self._exists(self._iam.get_user, UserName=name)
        if found is None:
            found = self._iam.create_user(
                UserName=name, Path=self._path, PermissionsBoundary=boundary
            )
            done.append(f"user {name} made")
        elif _boundary_of(found["User"]) != boundary and self._knows(
            self._iam.put_user_permissions_boundary, UserName=name, PermissionsBoundary=boundary
        ):
            done.append(f"user {name} kept within the boundary")
        attached = self._iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
        if allowed not in [one.get("PolicyArn") for one in attached]:
            self._iam.attach_user_policy(UserName=name, PolicyArn=allowed)
            done.append(f"user {name} allowed")
        self._exists(self._iam.delete_user_policy, UserName=name, PolicyName=_REVOKED)
        return str(found["User"]["Arn"])

    def _key(self, name: str, done: list[str], *, new: bool, has_role: bool) -> Key | None:
        held = self._iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
        if held and not new:
            return None
        for one in held:
            self._iam.delete_access_key(UserName=name, AccessKeyId=one["AccessKeyId"])
            done.append(f"key {one['AccessKeyId']} deleted")
        if new:
            self._end_sessions(name, done, has_role=has_role)
        made = self._iam.create_access_key(UserName=name)["AccessKey"]
        done.append(f"key {made['AccessKeyId']} made")
        return Key(made["AccessKeyId"], made["SecretAccessKey"])

    def _end_sessions(self, name: str, done: list[str], *, has_role: bool) -> None:
        """Sessions outlive the key they began with (AWS, IAM User Guide, "Disabling permissions
        for temporary security credentials")."""
        since = policy.older_sessions(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
        what = {"PolicyName": _SINCE, "PolicyDocument": policy.compact(since)}
        of_user = self._knows(self._iam.put_user_policy, UserName=name, **what)
        if has_role:
            self._iam.put_role_policy(RoleName=name, **what)
        if of_user or has_role:
            done.append(f"older sessions of {name} ended")

    def _role(self, name: str, grant: Grant, boundary: str, allowed: str, done: list[str]) -> str:
        """The ARN of a designer's role; '' where there are no roles."""
        try:
            found = self._exists(self._iam.get_role, RoleName=name)
        except ClientError as error:
            if _is_unknown(error):
                return ""
            raise
        root = f"arn:{self._where.partition}:iam::{self._account}:root"
        trust = policy.trust(grant.trusted or (root,), mfa=grant.mfa)
        if found is None:
            found = self._iam.create_role(
                RoleName=name,
                Path=self._path,
                AssumeRolePolicyDocument=policy.compact(trust),
                MaxSessionDuration=SESSION_SECONDS_MAX,
                PermissionsBoundary=boundary,
            )
            done.append(f"role {name} made")
            # Sessions of a role of this name that was taken away stay ended.
            since = policy.older_sessions(f"{found['Role']['CreateDate']:%Y-%m-%dT%H:%M:%SZ}")
            self._iam.put_role_policy(
                RoleName=name, PolicyName=_SINCE, PolicyDocument=policy.compact(since)
            )
        elif _boundary_of(found["Role"]) != boundary:
            self._iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
            done.append(f"role {name} kept within the boundary")
        if not _same(found["Role"].get("AssumeRolePolicyDocument", trust), trust):
            self._iam.update_assume_role_policy(RoleName=name, PolicyDocument=policy.compact(trust))
            done.append(f"role {name} trusts others")
        attached = self._iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        if allowed not in [one.get("PolicyArn") for one in attached]:
            self._iam.attach_role_policy(RoleName=name, PolicyArn=allowed)
            done.append(f"role {name} allowed")
        self._exists(self._iam.delete_role_policy, RoleName=name, PolicyName=_REVOKED)
        return str(found["Role"]["Arn"])

    def _mark(self, name: str, done: list[str]) -> None:
        """An empty object with the folder's name: without it clients see no folder."""
        s3, key = self._services.s3(), f"{self._where.prefix}{folder(name)}"
        listed = s3.list_objects_v2(Bucket=self._where.bucket, Prefix=key, MaxKeys=1)
        if not listed.get("KeyCount"):
            s3.put_object(Bucket=self._where.bucket, Key=key, Body=b"")
            done.append(f"folder {key} made")

    # ---------------------------------------------------------------- taking

    def revoke(self, name: str) -> tuple[str, ...]:
        """See `Accounts`."""
        done: list[str] = []
        with reported(f"taking {name}'s access away"):
            called = self._name(name)
            if self._exists(self._iam.get_user, UserName=called):
                self._end_user(called, done)
            if self._knows(self._iam.get_role, RoleName=called):
                self._end_role(called, done)
            arn = self._policies().get(called)
            if arn:
                for one in self._iam.list_policy_versions(PolicyArn=arn)["Versions"]:
                    if not one.get("IsDefaultVersion"):
                        self._iam.delete_policy_version(PolicyArn=arn, VersionId=one["VersionId"])
                self._iam.delete_policy(PolicyArn=arn)
                done.append(f"policy {called} deleted")
        return tuple(done)

    def _end_user(self, name: str, done: list[str]) -> None:
        """First what ends all access, its sessions' too; then what is left."""
        iam = self._iam
        denied = policy.compact(policy.nothing())
        self._knows(iam.put_user_policy, UserName=name, PolicyName=_REVOKED, PolicyDocument=denied)
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
            done.append(f"key {key['AccessKeyId']} deleted")
        self._knows(iam.delete_login_profile, UserName=name)
        if devices := self._knows(iam.list_mfa_devices, UserName=name):
            for one in devices["MFADevices"]:
                iam.deactivate_mfa_device(UserName=name, SerialNumber=one["SerialNumber"])
        for attached in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
            iam.detach_user_policy(UserName=name, PolicyArn=attached["PolicyArn"])
        for inline in iam.list_user_policies(UserName=name)["PolicyNames"]:
            iam.delete_user_policy(UserName=name, PolicyName=inline)
        iam.delete_user(UserName=name)
        done.append(f"user {name} deleted")

    def _end_role(self, name: str, done: list[str]) -> None:
        iam = self._iam
        denied = policy.compact(policy.nothing())
        iam.put_role_policy(RoleName=name, PolicyName=_REVOKED, PolicyDocument=denied)
        for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
        for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=inline)
        iam.delete_role(RoleName=name)
        done.append(f"role {name} deleted, and its sessions ended")

    # --------------------------------------------------------------- looking

    def describe(self) -> Sequence[Account]:
        """See `Accounts`."""
        with reported("listing designers"):
            found = {account.name: account for account in self._roles()}
            for user in self._users():
                role = found.get(user.name)
                used = [at for at in (user.used, role.used if role else None) if at]
                found[user.name] = user._replace(used=max(used, default=None))
        return [found[name] for name in sorted(found)]

    def _users(self) -> Iterator[Account]:
        pages = self._iam.get_paginator("list_users").paginate(PathPrefix=self._path)
        for user in (user for page in pages for user in page["Users"]):
            if name := self._designer(user["UserName"]):
                listed = self._iam.list_access_keys(UserName=user["UserName"])
                keys = tuple(
                    AccessKey(
                        one["AccessKeyId"],
                        one.get("Status") == "Active",
                        one.get("CreateDate"),
                        self._used(one["AccessKeyId"]),
                    )
                    for one in listed["AccessKeyMetadata"]
                )
                used = max((key.used for key in keys if key.used), default=None)
                yield Account(name, "user", user["Arn"], user.get("CreateDate"), keys, used)

    def _roles(self) -> Iterator[Account]:
        try:
            pages = list(self._iam.get_paginator("list_roles").paginate(PathPrefix=self._path))
        except ClientError as error:
            if _is_unknown(error):
                return
            raise
        for role in (role for page in pages for role in page["Roles"]):
            if name := self._designer(role["RoleName"]):
                # A listing does not say when a role was used.
                whole = self._iam.get_role(RoleName=role["RoleName"])["Role"]
                used = whole.get("RoleLastUsed", {}).get("LastUsedDate")
                yield Account(name, "role", role["Arn"], role.get("CreateDate"), (), used)

    def _used(self, key: str) -> datetime | None:
        said = self._knows(self._iam.get_access_key_last_used, AccessKeyId=key)
        return said["AccessKeyLastUsed"].get("LastUsedDate") if said else None

    # ----------------------------------------------------- for a limited time

    def session(self, name: str, seconds: int, policy: str = "") -> Key:
        """See `Accounts`."""
        with reported(f"getting credentials for {name}"):
            role = self._knows(self._iam.get_role, RoleName=self._name(name))
            if not role:
                raise AccessError(
                    f"there is no role for {name}",
                    f"Make it: publisher designers add {name}. A server of your own may know no "
                    "roles: then there are no credentials for a limited time.",
                )
            narrowed: dict[str, Any] = {"Policy": policy} if policy else {}
            try:
                given = self._services.sts().assume_role(
                    RoleArn=role["Role"]["Arn"],
                    RoleSessionName=f"publisher-{name}",
                    DurationSeconds=seconds,
                    **narrowed,
                )["Credentials"]
            except ClientError as error:
                if "role chaining" in str(error):
                    raise AccessError(
                        "AWS gives a role that takes another role one hour at most",
                        "Ask for --hours 1, or run this as an IAM user.",
                    ) from None
                raise
        return Key(
            given["AccessKeyId"],
            given["SecretAccessKey"],
            given["SessionToken"],
            given["Expiration"],
        )

    def simulate(self, account: Account, questions: Sequence[Question]) -> list[bool] | None:
        """See `Accounts`."""
        answers = []
        for one in questions:
            context: list[ContextEntryTypeDef] = [
                {
                    "ContextKeyName": key,
                    "ContextKeyValues": [value],
                    "ContextKeyType": _CONTEXT_TYPES.get(key, "string"),  # type: ignore[typeddict-item] # of its literals
                }
                for key, value in one.context
            ]
            said = self._knows(
                self._iam.simulate_principal_policy,
                PolicySourceArn=account.arn,
                ActionNames=[one.action],
                ResourceArns=[one.resource],
                ContextEntries=context,
            )
            if not said:
                return None
            answers.append(said["EvaluationResults"][0]["EvalDecision"] == "allowed")
        return answers

    # ---------------------------------------------------------------- asking

    @cached_property
    def _iam(
        self,
    ) -> Any:  # what is asked is passed around, which the stubs' overloads can't follow
        return self._services.iam()

    @cached_property
    def _account(self) -> str:
        return self._services.sts().get_caller_identity()["Account"]

    def _name(self, designer: str) -> str:
        return iam_name(designer, self._where.bucket, self._where.prefix)

    def _designer(self, name: str) -> str:
        return designer_of(name, self._where.bucket, self._where.prefix)

    def _policies(self) -> dict[str, str]:
        """The ARNs of the policies of this site, by their names. A name is there once in an
        account, whatever its path; SeaweedFS knows no paths."""
        named = {one["PolicyName"]: one["Arn"] for one in self._local()}
        return {name: arn for name, arn in named.items() if self._designer(name)}

    def _local(self) -> list[Any]:
        pages = self._iam.get_paginator("list_policies").paginate(Scope="Local")
        return [one for page in pages for one in page["Policies"]]

    def _document(self, arn: str) -> object:
        version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        said = self._iam.get_policy_version(PolicyArn=arn, VersionId=version)
        return said["PolicyVersion"]["Document"]

    def _exists(self, ask: Callable[..., Any], **what: Any) -> Any:
        """The answer; None for what is not there."""
        try:
            return ask(**what)
        except ClientError as error:
            if code_of(error) == "NoSuchEntity":
                return None
            raise

    def _knows(self, ask: Callable[..., Any], **what: Any) -> Any:
        """The answer; None for what is not there, or what the server does not know at all."""
        try:
            return self._exists(ask, **what)
        except ClientError as error:
            if _is_unknown(error):
                return None
            raise


def _is_unknown(error: ClientError) -> bool:
    """Whether a server has no such thing. SeaweedFS has no policies of users that refuse."""
    text = str(error)
    return (
        status_of(error) == 501
        or code_of(error) in ("NotImplemented", "InvalidAction")
        or (code_of(error) == "MalformedPolicyDocument" and "Only 'Allow' is possible" in text)
    )


def _boundary_of(entity: Any) -> str:
    return str(entity.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""))


def _same(document: object, wanted: object) -> bool:
    """Whether two policies say the same: the order of a list means nothing, and a list of one is
    that one."""
    return _plain(document) == _plain(wanted)


def _plain(node: object) -> object:
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in sorted(node.items())}
    if isinstance(node, list):
        plain = sorted((_plain(value) for value in node), key=repr)
        return plain[0] if len(plain) == 1 else plain
    return node
