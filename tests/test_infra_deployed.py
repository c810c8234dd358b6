"""The stack that `publisher infra` describes, made on an AWS of our own that keeps to policies.

What that one can't tell is in docs/verified.md.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError
from cfnlint.decode import cfn_yaml

from publisher.designers import policy
from publisher.designers.accounts import Grant, Question
from publisher.designers.aws import AwsAccounts
from publisher.designers.aws_client import Services
from publisher.infra import describe
from tests.ministack import ACCOUNT, REGION, Credentials, MiniStack

pytestmark = pytest.mark.real

CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/00000000-0000-4000-8000-000000000000"
PREFIX = "production"
PAGE = "<p>ようこそ"


class Deployed(NamedTuple):
    """A stack with a file below each prefix, and who deploys with it."""

    aws: MiniStack
    bucket: str
    outputs: dict[str, str]
    publisher: Credentials
    stranger: Credentials
    designers: Credentials

    def client(self, service: str) -> Any:
        return self.aws.client(service, self.publisher)


@pytest.fixture(scope="module")
def stack(ministack: MiniStack, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    return deployed(ministack, tmp_path_factory.mktemp("infra"), lambda template: None)


@pytest.fixture(scope="module")
def by_names(ministack: MiniStack, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """The same with what the emulator can decide: it does not know iam:PermissionsBoundary, sees
    users and roles without their paths, and two actions without a resource."""

    def change(template: dict[str, Any]) -> None:
        policy = template["Resources"]["DesignersPolicy"]["Properties"]["PolicyDocument"]
        named = {one["Sid"]: one for one in policy["Statement"]}
        condition = named["DesignersWithinTheBoundary"].pop("Condition")
        assert list(condition["StringEquals"]) == ["iam:PermissionsBoundary"]
        for sid in ("DesignersWithinTheBoundary", "Designers", "Sessions"):
            named[sid]["Resource"] = named["LookForDesigners"]["Resource"]
        for sid, action in (("Policies", "CreatePolicy"), ("Designers", "SimulatePrincipalPolicy")):
            named[sid]["Action"].remove(f"iam:{action}")
            named["Look"]["Action"].append(f"iam:{action}")

    return deployed(ministack, tmp_path_factory.mktemp("infra"), change)


@pytest.fixture(scope="module")
def without_function(ministack: MiniStack, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """The same without the function, which the emulator can't run; and the previews' distribution
    begins above the slots, so that it can ask for what it must not get."""

    def change(template: dict[str, Any]) -> None:
        for name in ("Distribution", "PreviewDistribution"):
            config = template["Resources"][name]["Properties"]["DistributionConfig"]
            del config["DefaultCacheBehavior"]["FunctionAssociations"]
        config["Origins"][0]["OriginPath"] = f"/{PREFIX}"

    return deployed(ministack, tmp_path_factory.mktemp("infra"), change)


def deployed(aws: MiniStack, folder: Path, change: Callable[[dict[str, Any]], None]) -> Deployed:
    name = f"site-{secrets.token_hex(4)}"
    config = folder / "site-config.yaml"
    config.write_text(
        f"site: {{url: https://{name}.example.co.jp}}\ncms: {{url: http://127.0.0.1:8081}}\n"
        f"store: {{url: s3://{name}/{PREFIX}}}\n"
        f"edge: {{kind: cloudfront, previews: preview.{name}.example.co.jp}}\n"
    )
    (text,) = describe(config).files.values()
    template = json.loads(json.dumps(cfn_yaml.loads(text), default=str))
    change(template)
    deployer, stranger = (user(aws, f"{name}-{who}") for who in ("deployer", "stranger"))
    outputs = aws.deploy(
        name,
        json.dumps(template),
        {
            "CertificateArn": CERTIFICATE,
            "PreviewCertificateArn": CERTIFICATE,
            "PublisherPrincipalArns": f"arn:aws:iam::{ACCOUNT}:user/{name}-deployer",
            "DesignersPrincipalArns": f"arn:aws:iam::{ACCOUNT}:user/{name}-deployer",
        },
    )
    s3 = aws.client("s3")
    for key in ("elsewhere/file", f"{PREFIX}2/file"):
        s3.put_object(Bucket=name, Key=key, Body=b"not ours")
    publisher = assumed(aws, deployer, outputs["PublisherRoleArn"])
    designers = assumed(aws, deployer, outputs["DesignersRoleArn"])
    return Deployed(aws, name, outputs, publisher, stranger, designers)


def user(aws: MiniStack, name: str) -> Credentials:
    """A user who may assume whatever role lets them."""
    iam = aws.client("iam")
    iam.create_user(UserName=name)
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName="assume", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"], ""


def assumed(aws: MiniStack, credentials: Credentials, role: str) -> Credentials:
    sts = aws.client("sts", credentials)
    found = sts.assume_role(RoleArn=role, RoleSessionName="publish")["Credentials"]
    return found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]


def status(call: Callable[..., Any], **arguments: Any) -> int:
    """The HTTP status that a call of AWS got."""
    try:
        code: int = call(**arguments)["ResponseMetadata"]["HTTPStatusCode"]
    except ClientError as error:
        code = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return code


def test_all_parts_are_made_and_named_in_the_outputs(stack: Deployed) -> None:
    cloudfront = stack.aws.client("cloudfront")
    outputs = stack.outputs
    found = cloudfront.get_distribution(Id=outputs["DistributionId"])["Distribution"]
    assert found["DomainName"] == outputs["DistributionDomainName"]
    assert found["DistributionConfig"]["Aliases"]["Items"] == [f"{stack.bucket}.example.co.jp"]
    name = outputs["FunctionName"]
    function = cloudfront.describe_function(Name=name, Stage="LIVE")["FunctionSummary"]
    assert function["FunctionConfig"]["KeyValueStoreAssociations"]["Items"] == [
        {"KeyValueStoreARN": outputs["KeyValueStoreArn"]}
    ]
    code = cloudfront.get_function(Name=name, Stage="LIVE")["FunctionCode"].read().decode()
    assert f'host:"{stack.bucket}.example.co.jp"' in code
    assert outputs["BucketName"] == stack.bucket
    s3 = stack.aws.client("s3")
    assert s3.get_bucket_versioning(Bucket=stack.bucket)["Status"] == "Enabled"
    block = s3.get_public_access_block(Bucket=stack.bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}


def test_only_who_is_named_may_publish(stack: Deployed) -> None:
    sts = stack.aws.client("sts", stack.stranger)
    asked = {"RoleArn": stack.outputs["PublisherRoleArn"], "RoleSessionName": "publish"}
    assert status(sts.assume_role, **asked) == 403
    assert status(stack.client("sts").assume_role, **asked) == 403
    s3 = stack.aws.client("s3", stack.stranger)
    key = {"Bucket": stack.bucket, "Key": f"{PREFIX}/refs/live"}
    assert status(s3.put_object, **key, Body=b"") == 403


def test_the_publisher_writes_below_its_prefix(stack: Deployed) -> None:
    s3 = stack.client("s3")
    key = {"Bucket": stack.bucket, "Key": f"{PREFIX}/site/s1/ブログ/1.html"}
    assert status(s3.put_object, **key, Body=PAGE.encode(), IfNoneMatch="*") == 200
    assert s3.get_object(**key)["Body"].read().decode() == PAGE
    copy = {"Bucket": stack.bucket, "Key": f"{PREFIX}/site/s2/1.html"}
    assert status(s3.copy_object, **copy, CopySource=key) == 200
    listed = s3.list_objects_v2(Bucket=stack.bucket, Prefix=f"{PREFIX}/site/s1/")["Contents"]
    assert [one["Key"] for one in listed] == [key["Key"]]
    upload = s3.create_multipart_upload(**copy)["UploadId"]
    assert status(s3.abort_multipart_upload, **copy, UploadId=upload) == 204
    assert status(s3.delete_object, **key) == 204
    assert status(s3.get_object, **key) == 404


@pytest.mark.parametrize("key", ["elsewhere/file", f"{PREFIX}2/file", PREFIX, "file"])
def test_the_publisher_has_nothing_above_its_prefix(key: str, stack: Deployed) -> None:
    s3 = stack.client("s3")
    there = {"Bucket": stack.bucket, "Key": key}
    ours = {"Bucket": stack.bucket, "Key": f"{PREFIX}/x"}
    assert status(s3.put_object, **there, Body=b"") == 403
    assert status(s3.get_object, **there) == 403
    assert status(s3.delete_object, **there) == 403
    assert status(s3.copy_object, **ours, CopySource=there) == 403
    assert status(s3.list_objects_v2, Bucket=stack.bucket, Prefix=key) == 403


def test_the_publisher_has_no_other_bucket_and_no_settings(stack: Deployed) -> None:
    other = f"other-{secrets.token_hex(4)}"
    configuration = {"LocationConstraint": REGION}
    stack.aws.client("s3").create_bucket(Bucket=other, CreateBucketConfiguration=configuration)
    s3 = stack.client("s3")
    ours = {"Bucket": stack.bucket}
    versioning = {"Status": "Suspended"}
    refused = [
        status(s3.put_object, Bucket=other, Key=f"{PREFIX}/x", Body=b""),
        status(s3.list_objects_v2, Bucket=other, Prefix=f"{PREFIX}/"),
        status(s3.put_bucket_policy, **ours, Policy='{"Version":"2012-10-17","Statement":[]}'),
        status(s3.get_bucket_policy, **ours),
        status(s3.delete_bucket_policy, **ours),
        status(s3.put_bucket_versioning, **ours, VersioningConfiguration=versioning),
        status(s3.delete_public_access_block, **ours),
        status(s3.delete_bucket_lifecycle, **ours),
        status(s3.delete_bucket, **ours),
        status(s3.list_object_versions, **ours),
        status(s3.delete_object, **ours, Key=f"{PREFIX}/x", VersionId="null"),
    ]
    assert set(refused) == {403}


def test_the_publisher_changes_neither_users_nor_the_stack(stack: Deployed) -> None:
    iam, formation = stack.client("iam"), stack.client("cloudformation")
    cloudfront = stack.client("cloudfront")
    preview = stack.outputs["PreviewDistributionId"]
    role = stack.outputs["PublisherRoleArn"].rpartition("/")[2]
    refused = [
        status(iam.create_user, UserName="somebody"),
        status(iam.attach_role_policy, RoleName=role,
               PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"),
        status(iam.put_role_policy, RoleName=role, PolicyName="x", PolicyDocument="{}"),
        status(formation.delete_stack, StackName=stack.bucket),
        status(cloudfront.delete_distribution, Id=stack.outputs["DistributionId"], IfMatch="x"),
        status(cloudfront.get_distribution, Id=preview),
        status(cloudfront.create_key_value_store, Name="other"),
    ]  # fmt: skip
    assert set(refused) == {403}


def test_the_publisher_invalidates_and_looks_at_its_distribution(stack: Deployed) -> None:
    cloudfront = stack.client("cloudfront")
    ours = stack.outputs["DistributionId"]
    batch = {
        "Paths": {"Quantity": 1, "Items": ["/s1/%E3%83%96/1.html"]},
        "CallerReference": secrets.token_hex(4),
    }
    made = cloudfront.create_invalidation(DistributionId=ours, InvalidationBatch=batch)
    identity = made["Invalidation"]["Id"]
    assert status(cloudfront.get_invalidation, DistributionId=ours, Id=identity) == 200
    assert status(cloudfront.get_distribution, Id=ours) == 200


def test_files_go_over_tls_only(stack: Deployed) -> None:
    key = {"Bucket": stack.bucket, "Key": f"{PREFIX}/over-http"}
    plain = stack.aws.client("s3", stack.publisher, tls=False)
    assert status(plain.put_object, **key, Body=b"") == 403
    assert status(stack.client("s3").put_object, **key, Body=b"") == 200
    assert status(plain.get_object, **key) == 403


def test_nobody_reads_the_bucket_without_credentials(stack: Deployed) -> None:
    page = {"Bucket": stack.bucket, "Key": f"{PREFIX}/site/s1/index.html"}
    stack.client("s3").put_object(**page, Body=b"")
    for path in ("", page["Key"], f"{PREFIX}/refs/live", "elsewhere/file"):
        assert stack.aws.visit("127.0.0.1", f"/{stack.bucket}/{path}").status_code == 403


def test_the_edge_gets_slots_and_the_404_page_and_nothing_else(without_function: Deployed) -> None:
    s3, outputs = without_function.client("s3"), without_function.outputs
    for name in ("site/s1/ブログ/1.html", "site/_errors/404.html", "blobs/ab/abcd", "refs/live",
                 "manifests/abcd", "releases/abcd", "journal/abcd", "sites/x"):  # fmt: skip
        s3.put_object(
            Bucket=without_function.bucket,
            Key=f"{PREFIX}/{name}",
            Body=f"{PAGE} {name}".encode(),
            ContentType="text/html; charset=utf-8",
        )
    visit = without_function.aws.visit
    live, above = outputs["DistributionDomainName"], outputs["PreviewDomainName"]
    page = visit(live, "/s1/%E3%83%96%E3%83%AD%E3%82%B0/1.html")
    assert (page.status_code, page.content.decode()) == (200, f"{PAGE} site/s1/ブログ/1.html")
    assert page.headers["strict-transport-security"] == "max-age=31536000"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert "x-robots-tag" not in page.headers
    for path in ("/s1/nothing.html", "/s1/", "/_missing"):
        missing = visit(live, path)
        assert missing.status_code == 404
        assert missing.content.decode() == f"{PAGE} site/_errors/404.html"
    # The bucket's policy, and not only the origin's path, keeps the rest from the edge.
    preview = visit(above, "/site/_errors/404.html")
    assert (preview.status_code, preview.headers["x-robots-tag"]) == (200, "noindex")
    for path in ("/blobs/ab/abcd", "/refs/live", "/manifests/abcd", "/releases/abcd",
                 "/journal/abcd", "/sites/x"):  # fmt: skip
        refused = visit(above, path)
        assert refused.status_code in (403, 404)
        assert PAGE not in refused.content.decode()


# ------------------------------------------------------------------------------ designers


def accounts(stack: Deployed, monkeypatch: pytest.MonkeyPatch) -> AwsAccounts:
    """Designers' access, as who has the role for it and nothing else."""
    for name, value in zip(
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        stack.designers,
        strict=True,
    ):
        monkeypatch.setenv(name, value)
    where = policy.place(stack.bucket, PREFIX, "aws", tls=False)
    return AwsAccounts(Services(stack.aws.endpoint_url, REGION), where)


def test_who_has_the_role_for_designers_can_do_all_that_it_takes(
    by_names: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Services, "s3", lambda self, key=None: s3)
    s3 = by_names.aws.client("s3", by_names.designers)
    access = accounts(by_names, monkeypatch)
    where = policy.place(by_names.bucket, PREFIX, "aws", tls=False)
    for terms in (policy.Terms(), policy.Terms(console=True)):
        said = policy.compact(policy.designer(where, "hanako", terms))
        granted = access.ensure(Grant("hanako", "user", said))
        assert granted.done
    assert access.ensure(Grant("hanako", "user", said), new_key=True).key
    (account,) = access.describe()
    assert access.simulate(account, [Question("s3:GetObject", "*")]) is not None
    assert access.session("hanako", 900).token
    # The boundary is that of the stack.
    user = by_names.aws.client("iam").get_user(UserName=account.arn.rpartition("/")[2])
    boundary = user["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"]
    assert ":policy/publisher-boundaries/" in boundary
    assert len(access.revoke("hanako")) >= 4
    assert access.describe() == []


def test_who_has_the_role_for_designers_can_give_nothing_else(
    by_names: Deployed,
) -> None:
    document = {"PolicyDocument": json.dumps(policy.nothing())}
    iam = by_names.aws.client("iam", by_names.designers)
    other = f"{by_names.bucket}-deployer"
    boundary = next(
        one["Arn"]
        for one in by_names.aws.client("iam").list_policies(Scope="Local")["Policies"]
        if one["Path"] == f"/publisher-boundaries/{by_names.bucket}/{PREFIX}/"
    )
    for refused, what in (
        (iam.create_user, {"UserName": "x"}),
        (iam.create_access_key, {"UserName": other}),
        (iam.put_user_policy, {"UserName": other, "PolicyName": "x", **document}),
        (iam.delete_user, {"UserName": other}),
        (iam.create_policy_version, {"PolicyArn": boundary, **document}),
        (iam.delete_policy, {"PolicyArn": boundary}),
        (iam.create_login_profile, {"UserName": other, "Password": "himitsu"}),
    ):
        assert status(refused, **what) == 403, refused


def test_uploads_are_not_what_the_distribution_reads(without_function: Deployed) -> None:
    without_function.aws.client("s3").put_object(
        Bucket=without_function.bucket, Key=f"{PREFIX}/uploads/hanako/a.html", Body=PAGE.encode()
    )
    host = without_function.outputs["PreviewDomainName"]
    answer = without_function.aws.visit(host, "/uploads/hanako/a.html")
    assert answer.status_code in (403, 404)
    assert PAGE not in answer.text
