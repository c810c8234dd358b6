"""Designers on two servers that enforce IAM: what the commands give, and what it is good for.

Where a server does other than AWS documents, it is named here, and not blamed on a policy.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from publisher.designers.aws_client import Services
from publisher.errors import StoreError
from publisher.records import Records
from tests.designers import HELD, PREFIX, Ground, Run, added, answer, ground, key_of, runner
from tests.ministack import MiniStack
from tests.seaweedfs import SeaweedFS

pytestmark = pytest.mark.real

# What a server allows and AWS does not, by request and target.
KNOWN = {
    # It does not ask for s3:PutObjectAcl when a PUT has an ACL.
    "seaweedfs": {("put with an ACL", "own folder")},
    # It knows neither s3:x-amz-storage-class nor the key for a writer's own encryption.
    "ministack": {("put into an archive", "own folder")},
}
SECONDS_MAX = 10


@pytest.fixture(params=["ministack", "seaweedfs"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    server: MiniStack | SeaweedFS = request.getfixturevalue(request.param)
    with ground(server, tmp_path) as made:
        yield made


@pytest.fixture
def aws(ministack: MiniStack, tmp_path: Path) -> Iterator[Ground]:
    """The one of the two that has roles, boundaries and sessions."""
    with ground(ministack, tmp_path) as made:
        yield made


@pytest.fixture
def run(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Run:
    name = next(one for one in ("site", "aws") if one in request.fixturenames)
    return runner(request.getfixturevalue(name).config, capsys)


def with_profile(site: Ground, name: str, key: tuple[str, str, str]) -> None:
    file = site.config.with_name("aws-credentials")
    lines = f"[{name}]\naws_access_key_id = {key[0]}\naws_secret_access_key = {key[1]}\n"
    file.write_text(lines, encoding="utf-8")


def soon(call: Any, wanted: str, **what: Any) -> None:
    """Wait for an answer: a server may learn of a change a moment later."""
    deadline = time.monotonic() + SECONDS_MAX
    while (said := answer(call, **what)) != wanted:
        assert time.monotonic() < deadline, said
        time.sleep(0.05)


# ------------------------------------------------------------------------------ the matrix


def test_a_designer_can_do_all_in_their_folder_and_nothing_elsewhere(
    site: Ground, run: Run, tmp_path: Path
) -> None:
    """With the designer's own key, in the folder of one and of another whose name is its begin."""
    for name in ("hana", "taro"):
        added(run, name, "--paths", f"/{name}/")
    document = added(run, "hanako", "--paths", "/campaign/", "--paths", "/夏/")
    with_profile(site, "hanako", key_of(document))
    client = site.client("s3", key_of(document))
    soon(client.list_objects_v2, "", Bucket=site.bucket, Prefix=f"{PREFIX}uploads/hanako/")

    output = tmp_path / "matrix.json"
    code, out, _ = run("check", "hanako", "--profile", "hanako", "--output", str(output), "--json")
    document = json.loads(out)
    assert json.loads(output.read_text(encoding="utf-8")) == document
    wrong = {
        (row["request"], row["target"])
        for row in document["rows"]
        if row["attempt"] != row["expected"]
    }
    assert wrong == KNOWN[site.kind]
    if site.kind == "seaweedfs":
        assert code == 1
        assert {row["simulator"] for row in document["rows"]} == {""}
    tried = {row["target"] for row in document["rows"]}
    assert tried >= {"own folder", "hana's folder", "taro's folder", "site slots", "blobs", "refs"}
    assert len(document["rows"]) > 50
    # What was tried left nothing, and harmed nothing.
    assert [key for key in site.held() if "check" in key] == []
    assert set(HELD) <= set(site.held())


def test_what_nobody_could_take_in_is_not_taken(
    seaweedfs: SeaweedFS, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ground(seaweedfs, tmp_path) as site:
        key = key_of(added(runner(site.config, capsys), "hanako", "--paths", "/夏/"))
        s3 = site.client("s3", key)
        what = {"Bucket": site.bucket, "Key": f"{PREFIX}uploads/hanako/夏/index.html"}
        soon(s3.put_object, "", **what, Body=b"")
        for kind in ("STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR"):
            assert answer(s3.put_object, **what, Body=b"", StorageClass=kind) == "", kind
        for kind in ("GLACIER", "DEEP_ARCHIVE"):
            assert answer(s3.put_object, **what, Body=b"", StorageClass=kind) == "AccessDenied"
            assert answer(s3.create_multipart_upload, **what, StorageClass=kind) == "AccessDenied"
        assert answer(s3.create_multipart_upload, **what) == ""
        own_key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "0" * 32}
        assert answer(site.client("s3").put_object, **what, Body=b"", **own_key) == ""
        assert answer(s3.put_object, **what, Body=b"", **own_key) == "AccessDenied"


def test_what_a_session_can_do_is_tried_and_asked_of_the_simulator(
    aws: Ground, run: Run, tmp_path: Path
) -> None:
    added(run, "taro", "--paths", "/taro/")
    added(run, "hanako", "--paths", "/campaign/", "--access", "role")
    output = tmp_path / "matrix.csv"
    code, out, _ = run("check", "--output", str(output))
    assert code == 1
    rows = list(csv.DictReader(output.read_text(encoding="utf-8").splitlines()))
    assert {row["designer"] for row in rows} == {"hanako", "taro"}
    wrong = [row["request"] for row in rows if row["attempt"] != row["expected"]]
    assert set(wrong) == {request for request, _ in KNOWN["ministack"]}
    # ministack's simulator looks for a user by path and name together, and finds none: so it
    # refuses all. AWS's is right about both.
    assert {row["simulator"] for row in rows} == {"refused", ""}
    surprises = {row["request"] for row in rows if row["surprise"]}
    assert surprises == {"list", "put", "get", "copy", "multipart", "delete", *wrong}
    assert "are not as they should be" in out


def test_a_policy_that_allows_too_much_is_a_surprise(aws: Ground, run: Run) -> None:
    """Even with all rights on the bucket: the boundary keeps slots, blobs and settings from a
    designer, but not what other designers have."""
    added(run, "taro", "--paths", "/taro/")
    document = added(run, "hanako", "--paths", "/campaign/")
    user = document["arn"].rpartition("/")[2]
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    wide = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = aws.client("iam")
    iam.put_user_policy(UserName=user, PolicyName="too-much", PolicyDocument=wide)
    with_profile(aws, "hanako", key_of(document))
    code, out, _ = run("check", "hanako", "--profile", "hanako", "--json")
    assert code == 1
    wrong = {
        row["target"]: row["request"]
        for row in json.loads(out)["rows"]
        if row["expected"] == "refused" and row["attempt"] == "allowed"
        if (row["request"], row["target"]) not in KNOWN["ministack"]
    }
    assert set(wrong) == {"taro's folder", "the folder without its slash", "all folders"}
    iam.delete_user_permissions_boundary(UserName=user)
    code, out, _ = run("check", "hanako", "--profile", "hanako", "--json")
    wrong = {row["target"]: row for row in json.loads(out)["rows"] if row["surprise"]}
    assert {"site slots", "blobs", "bucket settings"} <= set(wrong)
    # Even now nothing is left of what should not have been written.
    assert [key for key in aws.held() if "check" in key] == []


def test_nothing_goes_without_tls_where_the_server_has_it(
    ministack: MiniStack, aws: Ground, run: Run
) -> None:
    document = added(run, "hanako", "--paths", "/campaign/")
    from publisher.designers import policy

    said = policy.designer(policy.place(aws.bucket, PREFIX, "aws", tls=True), "hanako")
    iam = aws.client("iam")
    (attached,) = iam.list_attached_user_policies(UserName=document["arn"].rpartition("/")[2])[
        "AttachedPolicies"
    ]
    iam.create_policy_version(
        PolicyArn=attached["PolicyArn"], PolicyDocument=policy.compact(said), SetAsDefault=True
    )
    what = {"Bucket": aws.bucket, "Key": f"{PREFIX}uploads/hanako/a"}
    for tls, wanted in ((True, ""), (False, "AccessDenied")):
        s3 = ministack.client("s3", key_of(document), tls=tls)
        assert answer(s3.put_object, **what, Body=b"") == wanted


# ------------------------------------------------------------------------------ giving, taking


def test_giving_access_again_changes_nothing(site: Ground, run: Run) -> None:
    first = added(run, "hanako", "--paths", "/campaign/", "--paths", "/index.html")
    assert first["folder"] == f"s3://{site.bucket}/{PREFIX}uploads/hanako/"
    text = site.config.read_text(encoding="utf-8")
    assert "   # 公開\n" in text
    assert "  hanako:\n    paths: [/campaign/, /index.html]\n" in text
    again = added(run, "hanako", "--paths", "/campaign/")
    assert (again["done"], again["key"], again["configuration_changed"]) == ([], None, False)
    assert again["arn"] == first["arn"]
    assert site.config.read_text(encoding="utf-8") == text
    assert "uploads/hanako/" in site.held()


def test_a_change_of_the_configuration_changes_the_policy(site: Ground, run: Run) -> None:
    document = added(run, "hanako", "--paths", "/campaign/")
    client = site.client("s3", key_of(document))
    way = {"Bucket": site.bucket, "Prefix": f"{PREFIX}uploads/", "Delimiter": "/"}
    soon(client.list_objects_v2, "AccessDenied", **way)
    text = site.config.read_text(encoding="utf-8")
    text = text.replace("  hanako:\n", "  hanako:\n    console: true\n")
    site.config.write_text(text, encoding="utf-8")
    changed = added(run, "hanako")
    assert changed["done"][0].endswith(" changed")
    soon(client.list_objects_v2, "", **way)
    assert added(run, "hanako")["done"] == []


@pytest.mark.parametrize("name", ["designers", "boundary"])
def test_no_name_is_taken_for_something_of_ours(aws: Ground, run: Run, name: str) -> None:
    added(run, "taro", "--paths", "/taro/")
    document = added(run, name, "--paths", "/campaign/")
    user = aws.client("iam").get_user(UserName=document["arn"].rpartition("/")[2])["User"]
    boundary = user["PermissionsBoundary"]["PermissionsBoundaryArn"]
    iam = aws.client("iam")
    (own,) = iam.list_attached_user_policies(UserName=user["UserName"])["AttachedPolicies"]
    assert own["PolicyArn"] != boundary
    run("remove", name)
    assert iam.get_policy(PolicyArn=boundary)
    assert added(run, "taro")["done"] == []


def test_a_new_key_ends_the_old_one(site: Ground, run: Run) -> None:
    old = added(run, "hanako", "--paths", "/campaign/")
    new = added(run, "hanako", "--new-key")
    what = {"Bucket": site.bucket, "Prefix": f"{PREFIX}uploads/hanako/"}
    soon(site.client("s3", key_of(new)).list_objects_v2, "", **what)
    soon(site.client("s3", key_of(old)).list_objects_v2, "InvalidAccessKeyId", **what)


def test_a_new_key_ends_the_sessions_that_were_begun_before_it(aws: Ground, run: Run) -> None:
    """Who found a key may have begun a session with it: it outlives the key by up to 36 hours."""
    old = added(run, "hanako", "--paths", "/campaign/")
    begun = aws.client("sts", key_of(old)).get_session_token()["Credentials"]
    said = json.loads(run("credentials", "hanako", "--reason", "見本市", "--json")[1])
    what = {"Bucket": aws.bucket, "Prefix": f"{PREFIX}uploads/hanako/"}
    keys = (
        (begun["AccessKeyId"], begun["SecretAccessKey"], begun["SessionToken"]),
        (said["id"], said["secret"], said["token"]),
    )
    sessions = [aws.client("s3", key) for key in keys]
    assert [answer(one.list_objects_v2, **what) for one in sessions] == ["", ""]
    time.sleep(1.1)  # IAM counts in seconds
    new = added(run, "hanako", "--new-key")
    for one in sessions:
        assert answer(one.list_objects_v2, **what) in ("AccessDenied", "InvalidAccessKeyId")
    assert answer(aws.client("s3", key_of(new)).list_objects_v2, **what) == ""
    said = json.loads(run("credentials", "hanako", "--reason", "again", "--json")[1])
    client = aws.client("s3", (said["id"], said["secret"], said["token"]))
    assert answer(client.list_objects_v2, **what) == ""


def test_who_is_removed_can_do_nothing_from_then_on_and_their_files_stay(
    site: Ground, run: Run
) -> None:
    keys = {name: key_of(added(run, name, "--paths", f"/{name}/")) for name in ("hanako", "taro")}
    what = {"Bucket": site.bucket, "Key": f"{PREFIX}uploads/hanako/夏.html"}
    hanako = site.client("s3", keys["hanako"])
    soon(hanako.put_object, "", **what, Body="夏".encode())
    code, out, _ = run("remove", "hanako", "--reason", "the campaign is over")
    assert code == 0
    assert "stays" in out
    soon(hanako.get_object, "InvalidAccessKeyId", **what)
    taro = site.client("s3", keys["taro"])
    assert answer(taro.put_object, Bucket=site.bucket, Key=f"{PREFIX}uploads/taro/a") == ""
    assert site.held("uploads/hanako/") == ["uploads/hanako/", "uploads/hanako/夏.html"]
    text = site.config.read_text(encoding="utf-8")
    assert "hanako" not in text
    assert "taro" in text
    assert run("remove", "hanako")[0] == 0  # again


def test_sessions_end_when_access_does_and_stay_ended(aws: Ground, run: Run) -> None:
    added(run, "hanako", "--paths", "/campaign/")
    code, out, _ = run("credentials", "hanako", "--hours", "8", "--reason", "見本市", "--json")
    assert code == 0
    said = json.loads(out)
    key = (said["id"], said["secret"], said["token"])
    session = aws.client("s3", key)
    what = {"Bucket": aws.bucket, "Key": f"{PREFIX}uploads/hanako/a"}
    assert answer(session.put_object, **what, Body=b"") == ""
    other = {**what, "Key": f"{PREFIX}uploads/taro/a"}
    assert answer(session.put_object, **other, Body=b"") == "AccessDenied"
    run("remove", "hanako")
    assert answer(session.get_object, **what) in ("AccessDenied", "InvalidAccessKeyId")
    time.sleep(1.1)  # IAM counts in seconds
    added(run, "hanako", "--paths", "/campaign/")
    assert answer(session.get_object, **what) in ("AccessDenied", "InvalidAccessKeyId")
    said = json.loads(run("credentials", "hanako", "--reason", "again", "--json")[1])
    session = aws.client("s3", (said["id"], said["secret"], said["token"]))
    assert answer(session.get_object, **what) == ""


def test_a_role_is_for_who_is_named(aws: Ground, run: Run) -> None:
    arn = "arn:aws:iam::000000000000:user/studio"
    aws.client("iam").create_user(UserName="studio")
    document = added(
        run, "studio", "--paths", "/s/", "--access", "role", "--assumed-by", arn
    )  # fmt: skip
    assert document["key"] is None
    assert ":role/publisher-designers/" in document["arn"]
    role = aws.client("iam").get_role(RoleName=document["arn"].rpartition("/")[2])["Role"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"AWS": [arn]}
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"]
    code, _, err = run("credentials", "studio", "--reason", "not named")
    assert code == 1
    assert "refused" in err


def test_from_user_to_role_takes_the_key_away(aws: Ground, run: Run) -> None:
    document = added(run, "hanako", "--paths", "/campaign/")
    text = aws.config.read_text(encoding="utf-8")
    text = text.replace("  hanako:\n", "  hanako:\n    access: role\n")
    aws.config.write_text(text, encoding="utf-8")
    assert ":role/" in added(run, "hanako")["arn"]
    client = aws.client("s3", key_of(document))
    what = {"Bucket": aws.bucket, "Prefix": f"{PREFIX}uploads/hanako/"}
    assert answer(client.list_objects_v2, **what) == "InvalidAccessKeyId"


def test_a_server_without_roles_says_so(
    seaweedfs: SeaweedFS, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ground(seaweedfs, tmp_path) as site:
        run = runner(site.config, capsys)
        code, _, err = run("add", "hanako", "--paths", "/a/", "--access", "role")
        assert code == 1
        assert "this server has no roles" in err
        code, _, err = run("credentials", "hanako", "--reason", "trial")
        assert code == 1
        assert "there is no role for hanako" in err


# ------------------------------------------------------------------------------ what is told


def test_who_has_access_is_listed_with_what_changed(site: Ground, run: Run) -> None:
    document = added(run, "hanako", "--paths", "/campaign/", "--reason", "夏の企画")
    run("add", "taro", "--paths", "/taro/", "--dry-run")
    code, out, _ = run("list")
    assert code == 0
    assert document["key"]["id"] in out
    assert "夏の企画" in out
    assert "taro" not in out
    (one,) = json.loads(run("list", "--json")[1])["designers"]
    assert one["configuration"]["paths"] == ["/campaign/"]
    assert one["account"]["keys"][0]["id"] == document["key"]["id"]
    # Who is in IAM only is named, too, and can be removed.
    text = site.config.read_text(encoding="utf-8")
    site.config.write_text(text.partition("\ndesigners:")[0] + "\n", encoding="utf-8")
    assert "hanako  is not in the configuration" in run("list")[1]
    run("remove", "hanako")
    assert json.loads(run("list", "--json")[1])["designers"] == []


def test_no_secret_is_in_the_journal_or_in_any_file(aws: Ground, run: Run) -> None:
    document = added(run, "hanako", "--paths", "/campaign/", "--reason", "x")
    said = json.loads(run("credentials", "hanako", "--reason", "y", "--json")[1])
    run("remove", "hanako", "--actor", "mika")
    journal = json.loads(run("list", "--json")[1])["journal"]
    assert [(one["action"], one["designer"]) for one in journal] == [
        ("revoke", "hanako"), ("credentials", "hanako"), ("grant", "hanako"),
    ]  # fmt: skip
    assert [one["reason"] for one in journal] == ["", "y", "x"]
    assert journal[0]["actor"] == "mika"
    secrets = [document["key"]["secret"], said["secret"], said["token"]]
    s3 = aws.client("s3")
    for key in aws.held():
        held = s3.get_object(Bucket=aws.bucket, Key=PREFIX + key)["Body"].read().decode()
        assert not any(secret in held for secret in secrets), key
    for file in aws.config.parent.iterdir():
        assert not any(secret in file.read_text(encoding="utf-8") for secret in secrets), file


def test_a_dry_run_changes_nothing(site: Ground, run: Run) -> None:
    text = site.config.read_text(encoding="utf-8")
    keys = site.held()
    code, out, err = run("add", "hanako", "--paths", "/campaign/", "--dry-run")
    assert code == 0
    assert json.loads(out)["Statement"]
    assert f"s3://{site.bucket}/{PREFIX}uploads/hanako/" in err
    assert site.config.read_text(encoding="utf-8") == text
    assert site.held() == keys
    assert json.loads(run("list", "--json")[1])["designers"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", "hanako"), "hanako: is not in the configuration: say --paths"),
        (("add", "../taro", "--paths", "/a/"), "NAME: must be a name such as hanako"),
        (("remove", "hana*"), "NAME: must be a name such as hanako"),
        (("add", "hanako", "--paths", "/taro/sale/"), "meets /taro/ of designers.taro"),
        (("add", "hanako", "--paths", "/a/*"), "must be no pattern"),
        (("add", "taro", "--access", "role"), "is there already: change access in the file"),
        (("policy", "hanako"), "has no 'hanako'; there: taro"),
        (("credentials", "taro"), "--reason"),
        (("credentials", "taro", "--reason", " "), "must say why"),
        (("credentials", "taro", "--reason", "x", "--hours", "13"), "12"),
        (("check", "--profile", "taro"), "--profile needs NAME"),
        (("check", "--output", "a.txt"), "must end in .json or .csv"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_asked(
    aws: Ground, run: Run, arguments: tuple[str, ...], message: str
) -> None:
    text = aws.config.read_text(encoding="utf-8") + "designers: \n  taro: {paths: [/taro/]}\n"
    aws.config.write_text(text, encoding="utf-8")
    code, out, err = run(*arguments)
    assert code == 2
    assert message in err
    assert out == ""
    assert aws.config.read_text(encoding="utf-8") == text


def test_a_policy_needs_no_credentials_and_no_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "cn-north-1")
    config = tmp_path / "site-config.yaml"
    text = (
        "site: {url: 'https://www.example.co.jp'}\ncms: {url: 'http://127.0.0.1:1'}\n"
        "store: s3://example-site/production\ndesigners:\n  hanako: {paths: [/a/]}\n"
    )
    config.write_text(text, encoding="utf-8")
    run = runner(config, capsys)
    code, out, _ = run("policy", "hanako")
    assert code == 0
    assert "arn:aws-cn:s3:::example-site/production/uploads/hanako/*" in out
    assert "aws:SecureTransport" in out
    assert run("add", "taro", "--paths", "/b/", "--dry-run")[0] == 0
    config.write_text(text.replace("s3://example-site", ".publisher"), encoding="utf-8")
    for command in (("policy", "hanako"), ("list",), ("remove", "hanako"), ("check",)):
        code, _, err = run(*command)
        assert code == 2
        assert "site-config.yaml:3: store: is a directory: designers upload into a bucket" in err


def test_a_role_that_takes_a_role_is_told_of_its_hour(
    aws: Ground, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The emulator does not know that rule; the message is AWS's."""
    added(run, "hanako", "--paths", "/campaign/")

    class Refusing:
        def assume_role(self, **_: object) -> None:
            said = "The requested DurationSeconds exceeds the 1 hour session limit for roles "
            error: Any = {"Code": "ValidationError", "Message": f"{said}assumed by role chaining."}
            raise ClientError({"Error": error}, "AssumeRole")

    monkeypatch.setattr(Services, "sts", lambda self: Refusing())
    code, _, err = run("credentials", "hanako", "--hours", "8", "--reason", "trial")
    assert code == 1
    assert "one hour at most" in err
    assert "--hours 1" in err
    journal = json.loads(run("list", "--json")[1])["journal"]
    assert [one["action"] for one in journal] == ["grant"]  # nobody got any


def test_a_key_that_was_made_and_could_not_be_shown_is_told(
    aws: Ground, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Records, change: object) -> None:
        raise StoreError("the store is full")

    with monkeypatch.context() as patch:
        patch.setattr(Records, "note", refuse)
        code, out, err = run("add", "hanako", "--paths", "/campaign/")
    assert (code, out) == (1, "")
    assert "the journal can't be written: the store is full" in err
    assert "publisher designers add hanako --new-key" in err
    assert added(run, "hanako")["key"] is None
    assert added(run, "hanako", "--new-key")["key"]


def test_a_key_that_is_not_accepted_is_told(
    aws: Ground, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    code, _, err = run("list")
    assert code == 1
    assert "InvalidClientTokenId" in err
    assert "renew the credentials" in err
