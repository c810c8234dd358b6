"""What designers may do, by their policies alone: nothing outside their own folder, whatever they
are called. The evaluator of `tests/iam.py` is the judge."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from publisher.designers import policy
from publisher.designers.accounts import designer_of, iam_name
from publisher.designers.names import folder, is_designer_name
from publisher.designers.policy import Place, Terms
from tests.iam import is_allowed

PLACE = Place("example-site", "production/")
TLS = {"aws:SecureTransport": "true"}
OBJECT_ACTIONS = (
    "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)  # fmt: skip
NEVER = (
    "s3:PutObjectAcl", "s3:GetObjectAcl", "s3:PutObjectTagging", "s3:GetObjectVersion",
    "s3:DeleteObjectVersion", "s3:PutBucketPolicy", "s3:PutLifecycleConfiguration",
    "s3:PutBucketVersioning", "s3:DeleteBucket", "s3:ListBucketVersions", "s3:RestoreObject",
    "iam:CreateAccessKey", "sts:AssumeRole", "s3:PutBucketAcl", "s3:BypassGovernanceRetention",
)  # fmt: skip

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,6}){0,2}", fullmatch=True)
PREFIXES = st.lists(st.sampled_from(["a", "uploads", "site", "p.1", "hana"]), max_size=2).map(
    lambda parts: "".join(f"{part}/" for part in parts)
)
TERMS = st.builds(
    Terms,
    st.sampled_from([(), ("203.0.113.0/24",), ("192.0.2.1/32", "2001:db8::/32")]),
    st.booleans(),
    st.booleans(),
)
# What a request can hold where a key or a prefix is expected; `..` and the like mean themselves.
TAILS = st.text(st.sampled_from("ab/.*?${}%2e:aws夏\\\n "), max_size=14)


def may(said: dict[str, Any], where: Place, action: str, key: str, **context: str) -> bool:
    resource = f"{where.arn}/{key}" if key else where.arn
    names = {"prefix": "s3:prefix", "delimiter": "s3:delimiter", "ip": "aws:SourceIp"}
    given_ = {names.get(name, name): value for name, value in context.items()}
    return is_allowed(said, action, resource, {**TLS, **given_})


@settings(deadline=None)
@given(NAMES, NAMES, PREFIXES, TERMS, TAILS)
@example("hana", "hanako", "", Terms(), "")
@example("hanako", "hana", "", Terms(console=True), "ko/a")
@example("a", "a-a", "uploads/", Terms(), "../a/")
def test_no_name_gives_rights_in_the_folder_of_another(
    name: str, other: str, prefix: str, terms: Terms, tail: str
) -> None:
    assume(name != other)
    where = Place("example-site", prefix)
    said = policy.designer(where, name, terms)
    theirs = f"{prefix}{folder(other)}{tail}"
    for action in OBJECT_ACTIONS:
        assert not may(said, where, action, theirs, ip="203.0.113.7")
    for action in ("s3:ListBucket", "s3:ListBucketMultipartUploads"):
        assert not may(said, where, action, "", prefix=theirs, ip="203.0.113.7")


@settings(deadline=None)
@given(NAMES, PREFIXES, TERMS, TAILS, st.sampled_from(["site/", "blobs/", "refs/", "journal/", ""]))
def test_nothing_outside_the_own_folder_is_allowed(
    name: str, prefix: str, terms: Terms, tail: str, part: str
) -> None:
    where = Place("example-site", prefix)
    said = policy.designer(where, name, terms)
    own = f"{prefix}{folder(name)}"
    key = f"{prefix}{part}{tail}"
    assume(not key.startswith(own))
    for action in OBJECT_ACTIONS:
        assert not may(said, where, action, key, ip="203.0.113.7")
        assert not may(said, Place("example-site2", prefix), action, f"{own}a", ip="203.0.113.7")
    if not terms.console:
        assert not may(said, where, "s3:ListBucket", "", prefix=key, ip="203.0.113.7")
    assert not may(said, where, "s3:ListBucket", "", ip="203.0.113.7")  # everything there is


@settings(deadline=None)
@given(NAMES, PREFIXES, TAILS)
def test_all_of_the_own_folder_is(name: str, prefix: str, tail: str) -> None:
    where = Place("example-site", prefix)
    said = policy.designer(where, name)
    own = f"{prefix}{folder(name)}"
    for action in OBJECT_ACTIONS:
        assert may(said, where, action, f"{own}{tail}")
    assert may(said, where, "s3:ListBucket", "", prefix=f"{own}{tail}", delimiter="/")
    for action in NEVER:
        assert not may(said, where, action, f"{own}{tail}")
        assert not may(said, where, action, "")


@settings(deadline=None)
@given(st.text(max_size=40))
def test_each_name_is_refused_or_means_itself(name: str) -> None:
    try:
        is_designer_name(name)
    except ValueError:
        with pytest.raises(ValueError, match="must be a name"):
            policy.designer(PLACE, name)
    else:
        assert not set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789-")


@settings(deadline=None)
@given(NAMES, PREFIXES, TERMS, TAILS)
def test_the_boundary_allows_what_designers_may_and_only_uploads(
    name: str, prefix: str, terms: Terms, tail: str
) -> None:
    where = Place("example-site", prefix)
    limit = policy.boundary(where)
    own = f"{prefix}{folder(name)}{tail}"
    assert all(may(limit, where, action, own) for action in OBJECT_ACTIONS)
    assert may(limit, where, "s3:ListBucket", "", prefix=own)
    for part in ("site/", "blobs/", "refs/", "uploads2/"):
        outside = f"{prefix}{part}{tail}"
        assume(not outside.startswith(f"{prefix}uploads/"))
        assert not any(may(limit, where, action, outside) for action in OBJECT_ACTIONS)
    assert not any(may(limit, where, action, own) for action in NEVER)
    assert not any(may(limit, where, "s3:ListBucket", "", prefix=one) for one in ("", prefix))
    for statement in policy.designer(where, name, terms)["Statement"]:
        if statement["Effect"] == "Allow" and "Condition" not in statement:
            for action in statement["Action"]:
                assert may(limit, where, action, own), action


@pytest.mark.parametrize(
    ("terms", "context", "allowed"),
    [
        (Terms(), TLS, True),
        (Terms(), {"aws:SecureTransport": "false"}, False),
        (Terms(("203.0.113.0/24",)), {**TLS, "aws:SourceIp": "203.0.113.9"}, True),
        (Terms(("203.0.113.0/24",)), {**TLS, "aws:SourceIp": "198.51.100.1"}, False),
        (Terms(("203.0.113.0/24",)), TLS, False),
        (Terms(mfa=True), {**TLS, "aws:MultiFactorAuthPresent": "true"}, True),
        (Terms(mfa=True), {**TLS, "aws:MultiFactorAuthPresent": "false"}, False),
        (Terms(mfa=True), TLS, False),
    ],
)
def test_what_access_depends_on(terms: Terms, context: dict[str, str], allowed: bool) -> None:
    said = policy.designer(PLACE, "hanako", terms)
    resource = f"{PLACE.arn}/production/uploads/hanako/a"
    assert is_allowed(said, "s3:PutObject", resource, context) == allowed


@pytest.mark.parametrize(
    ("context", "allowed"),
    [
        ({}, True),
        ({"s3:x-amz-server-side-encryption": "aws:kms"}, True),
        ({"s3:x-amz-storage-class": "STANDARD_IA"}, True),
        ({"s3:x-amz-storage-class": "GLACIER_IR"}, True),
        ({"s3:x-amz-storage-class": "GLACIER"}, False),
        ({"s3:x-amz-storage-class": "DEEP_ARCHIVE"}, False),
        ({"s3:x-amz-server-side-encryption-customer-algorithm": "AES256"}, False),
    ],
)
def test_what_could_not_be_read_is_not_written(context: dict[str, str], allowed: bool) -> None:
    said = policy.designer(PLACE, "hanako")
    resource = f"{PLACE.arn}/production/uploads/hanako/夏/a.html"
    assert is_allowed(said, "s3:PutObject", resource, {**TLS, **context}) == allowed
    # Headers of a PUT say nothing about reading and deleting what is there.
    for action in ("s3:GetObject", "s3:DeleteObject"):
        assert is_allowed(said, action, resource, {**TLS, **context})


def test_a_server_without_tls_locks_nobody_out() -> None:
    said = policy.designer(PLACE._replace(tls=False), "hanako")
    resource = f"{PLACE.arn}/production/uploads/hanako/a"
    assert is_allowed(said, "s3:PutObject", resource, {"aws:SecureTransport": "false"})


@pytest.mark.parametrize("prefix", ["", "production/", "production/uploads/"])
def test_the_console_shows_names_on_the_way_and_no_files(prefix: str) -> None:
    where = Place("example-site", prefix)
    for console in (True, False):
        said = policy.designer(where, "hanako", Terms(console=console))
        for way in ("", prefix, f"{prefix}uploads/"):
            asked = {"prefix": way, "delimiter": "/"}
            assert may(said, where, "s3:ListBucket", "", **asked) == console
            assert not may(said, where, "s3:ListBucket", "", prefix=way)
        assert is_allowed(said, "s3:ListAllMyBuckets", "*", TLS) == console


def test_policies_fit_what_iam_takes() -> None:
    """At their longest: a bucket of 63 characters, 50 networks, all that can be configured."""
    where = policy.place("b" * 63, "p" * 120, "aws-us-gov", tls=True)
    networks = tuple(f"2001:db8:{n:04x}:ffff:ffff:ffff::/96" for n in range(50))
    said = policy.designer(where, "a" * 32, Terms(networks, mfa=True, console=True))
    assert len(policy.compact(said)) <= policy.POLICY_CHARACTERS_MAX
    session = policy.compact(policy.designer(where, "a" * 32))
    assert len(session) <= policy.SESSION_POLICY_CHARACTERS_MAX
    assert len(policy.compact(policy.boundary(where))) <= policy.POLICY_CHARACTERS_MAX
    assert policy.compact(said).isascii()
    assert json.loads(policy.readable(said)) == said


@pytest.mark.parametrize("prefix", ["a*", "a?b", "${aws:username}", "日本", "a b", "../a", "a//b"])
def test_a_store_whose_prefix_is_a_pattern_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="must have a prefix of letters"):
        policy.place("example-site", prefix, "aws", tls=True)


@settings(deadline=None)
@given(NAMES, PREFIXES, PREFIXES)
def test_two_sites_of_an_account_do_not_share_a_user(name: str, one: str, other: str) -> None:
    assume(one != other)
    called = iam_name(name, "example-site", one)
    assert len(called) <= 64  # IAM's limit for users and roles
    assert designer_of(called, "example-site", one) == name
    assert designer_of(called, "example-site", other) == ""


def test_a_role_is_taken_by_who_is_named_and_with_a_second_factor_if_asked() -> None:
    arn = "arn:aws:iam::123456789012:role/studio"
    (statement,) = policy.trust([arn], mfa=True)["Statement"]
    assert statement["Principal"] == {"AWS": [arn]}
    assert statement["Condition"] == {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    assert "Condition" not in policy.trust([arn], mfa=False)["Statement"][0]
