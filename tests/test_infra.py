"""`publisher infra`: the template that CloudFormation gets, and what it never has in it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint
from cfnlint.decode import cfn_yaml

from publisher.content_types import cache_control
from publisher.designers import policy
from publisher.edge import nginx
from publisher.edge.cloudformation import name_for
from publisher.errors import ConfigError
from publisher.infra import Setup, describe
from publisher.site import Site
from redirects import edge

HOST = "www.example.co.jp"
LEAST = """\
site: {url: "https://www.example.co.jp"}
cms: {url: "http://127.0.0.1:8081"}
store: {url: "s3://example-site/production"}
edge: cloudfront
"""
FULL = LEAST.replace(
    "edge: cloudfront",
    "edge: {kind: cloudfront, function: news_edge, previews: preview.example.co.jp,\n"
    "  content_security_policy: \"default-src 'self'; img-src \\\"*\\\" {{ 'x' }} ${a}\"}",
)
CONFIGURATIONS = {
    "least": LEAST,
    "full": FULL,
    "whole-bucket": LEAST.replace("/production", ""),
    "deep-prefix": LEAST.replace("/production", "/sites/news.2026/"),
    "japanese-host": LEAST.replace("www.example.co.jp", "ニュース.例え.jp"),
    "long-host": LEAST.replace("www", f"{'a' * 60}.{'b' * 60}.{'c' * 60}"),
}
STORE_ARN = "arn:aws:cloudfront::111122223333:key-value-store/00000000-0000-4000-8000-000000000000"
# CloudFormation takes a longer template from a bucket only.
TEMPLATE_BYTES_MAX = 51_200


def setup(folder: Path, text: str, output: Path | None = None) -> Setup:
    (folder / "site-config.yaml").write_text(text, encoding="utf-8")
    return describe(folder / "site-config.yaml", output)


def text_of(folder: Path, text: str) -> str:
    """The one file that CloudFront needs."""
    (made,) = setup(folder, text).files.values()
    return made


def template(folder: Path, text: str) -> dict[str, Any]:
    """The template, its short forms (`!Ref`) written in full."""
    loaded: dict[str, Any] = json.loads(
        json.dumps(cfn_yaml.loads(text_of(folder, text)), default=str)
    )
    return loaded


def resources(folder: Path, text: str, kind: str) -> dict[str, Any]:
    """The properties of all resources of a type, by their names."""
    found = template(folder, text)["Resources"].items()
    return {name: one["Properties"] for name, one in found if one["Type"] == f"AWS::{kind}"}


def only(folder: Path, text: str, kind: str) -> Any:
    (one,) = resources(folder, text, kind).values()
    return one


def statements(folder: Path, text: str) -> list[dict[str, Any]]:
    """All statements of all policies that each stack has."""
    found = [one for one in template(folder, text)["Resources"].values() if "Condition" not in one]
    documents = [
        one["Properties"][key]
        for one in found
        for key in ("PolicyDocument", "AssumeRolePolicyDocument")
        if key in one["Properties"]
    ]
    return [statement for document in documents for statement in document["Statement"]]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# ------------------------------------------------------------------------------ the template


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_cfn_lint_finds_nothing(name: str, tmp_path: Path) -> None:
    text = text_of(tmp_path, CONFIGURATIONS[name])
    assert [str(found) for found in lint(text)] == []


def test_cfn_lint_would_find_something(tmp_path: Path) -> None:
    text = text_of(tmp_path, LEAST)
    assert len(lint(text.replace("cloudfront-js-2.0", "cloudfront-js-9.0"))) == 1


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_template_is_always_the_same_and_small_enough(name: str, tmp_path: Path) -> None:
    text = text_of(tmp_path, CONFIGURATIONS[name])
    assert text == text_of(tmp_path, CONFIGURATIONS[name])
    assert len(text.encode()) < TEMPLATE_BYTES_MAX
    assert "\n\n\n" not in text
    assert not re.search(r"[ \t]$", text, re.MULTILINE)


def test_the_bucket_is_private_and_outlives_the_stack(tmp_path: Path) -> None:
    bucket = template(tmp_path, LEAST)["Resources"]["Bucket"]
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Retain", "Retain")
    properties = bucket["Properties"]
    assert properties["BucketName"] == "example-site"
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "BucketEncryption" in properties


def test_no_lifecycle_rule_ends_what_is_current(tmp_path: Path) -> None:
    rules = only(tmp_path, LEAST, "S3::Bucket")["LifecycleConfiguration"]["Rules"]
    allowed = {
        "Id", "Status", "NoncurrentVersionExpiration", "ExpiredObjectDeleteMarker",
        "AbortIncompleteMultipartUpload",
    }  # fmt: skip
    assert set().union(*rules) == allowed


def test_the_edge_reads_the_slots_and_nothing_else(tmp_path: Path) -> None:
    policy = only(tmp_path, FULL, "S3::BucketPolicy")["PolicyDocument"]["Statement"]
    tls, read = policy
    assert (tls["Effect"], tls["Principal"], tls["Action"]) == ("Deny", "*", "s3:*")
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert read["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert read["Action"] == "s3:GetObject"
    assert read["Resource"] == {"Fn::Sub": "${Bucket.Arn}/production/site/*"}
    (sources,) = read["Condition"]["StringEquals"].values()
    assert [one["Fn::Sub"].partition(":distribution/")[2] for one in sources] == [
        "${Distribution}",
        "${PreviewDistribution}",
    ]
    whole = CONFIGURATIONS["whole-bucket"]
    read = only(tmp_path, whole, "S3::BucketPolicy")["PolicyDocument"]["Statement"][1]
    assert read["Resource"] == {"Fn::Sub": "${Bucket.Arn}/site/*"}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("least", "/production/site"),
        ("whole-bucket", "/site"),
        ("deep-prefix", "/sites/news.2026/site"),
    ],
)
def test_the_origin_begins_where_the_slots_are(name: str, path: str, tmp_path: Path) -> None:
    distribution = only(tmp_path, CONFIGURATIONS[name], "CloudFront::Distribution")
    (origin,) = distribution["DistributionConfig"]["Origins"]
    assert origin["OriginPath"] == path
    assert origin["OriginAccessControlId"] == {"Fn::GetAtt": ["OriginAccess", "Id"]}
    assert origin["S3OriginConfig"] == {"OriginAccessIdentity": ""}


@pytest.mark.parametrize("name", ["Distribution", "PreviewDistribution"])
def test_a_distribution_answers_reading_only_by_tls_and_through_the_function(
    name: str, tmp_path: Path
) -> None:
    found = resources(tmp_path, FULL, "CloudFront::Distribution")[name]["DistributionConfig"]
    assert found["HttpVersion"] == "http2and3"
    assert found["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert "DefaultRootObject" not in found
    assert "CacheBehaviors" not in found
    behaviour = found["DefaultCacheBehavior"]
    assert behaviour["AllowedMethods"] == behaviour["CachedMethods"] == ["GET", "HEAD"]
    if name == "PreviewDistribution":
        assert behaviour["ViewerProtocolPolicy"] == "redirect-to-https"
    else:
        # The function sends on who comes without TLS, to where they want to go, in one step.
        assert behaviour["ViewerProtocolPolicy"] == "allow-all"
        assert behaviour["OriginRequestPolicyId"] == {"Ref": "SchemePolicy"}
        policy = only(tmp_path, FULL, "CloudFront::OriginRequestPolicy")
        headers = policy["OriginRequestPolicyConfig"]["HeadersConfig"]
        assert headers == {
            "HeaderBehavior": "whitelist", "Headers": ["CloudFront-Forwarded-Proto"]
        }  # fmt: skip
    assert behaviour["Compress"] is True
    assert behaviour["FunctionAssociations"] == [
        {
            "EventType": "viewer-request",
            "FunctionARN": {"Fn::GetAtt": ["EdgeFunction", "FunctionARN"]},
        }
    ]


@pytest.mark.parametrize("name", ["Distribution", "PreviewDistribution"])
def test_what_is_not_there_is_a_404_with_the_sites_own_page(name: str, tmp_path: Path) -> None:
    found = resources(tmp_path, FULL, "CloudFront::Distribution")[name]["DistributionConfig"]
    errors = found["CustomErrorResponses"]
    assert [one["ErrorCode"] for one in errors] == [403, 404]
    for one in errors:
        assert (one["ResponseCode"], one["ResponsePagePath"]) == (404, "/_errors/404.html")
        assert one["ErrorCachingMinTTL"] <= 10


def test_nothing_is_cached_for_longer_than_its_slot_cools(tmp_path: Path) -> None:
    policy = only(tmp_path, FULL, "CloudFront::CachePolicy")["CachePolicyConfig"]
    asked = re.search(r"s-maxage=(\d+)", cache_control("text/html"))
    assert asked
    assert policy["MinTTL"] == 0
    assert policy["DefaultTTL"] == policy["MaxTTL"] == int(asked[1])
    key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    behaviours = [v for one in key.values() if isinstance(one, dict) for v in one.values()]
    assert behaviours == ["none", "none", "none"]
    assert key["EnableAcceptEncodingGzip"]
    assert key["EnableAcceptEncodingBrotli"]


def test_headers_for_visitors(tmp_path: Path) -> None:
    found = resources(tmp_path, FULL, "CloudFront::ResponseHeadersPolicy")
    live, previews = (found[n]["ResponseHeadersPolicyConfig"] for n in sorted(found))
    assert live["Name"] != previews["Name"]
    for one in (live, previews):
        security = one["SecurityHeadersConfig"]
        assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000
        assert security["ReferrerPolicy"]["ReferrerPolicy"] == "strict-origin-when-cross-origin"
        assert "ContentTypeOptions" in security
        csp = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]
        assert csp == "default-src 'self'; img-src \"*\" {{ 'x' }} ${a}"
    assert previews["CustomHeadersConfig"]["Items"] == [
        {"Header": "X-Robots-Tag", "Value": "noindex", "Override": True}
    ]
    assert "CustomHeadersConfig" not in live
    (least,) = resources(tmp_path, LEAST, "CloudFront::ResponseHeadersPolicy").values()
    security = least["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    assert "ContentSecurityPolicy" not in security


def test_previews_have_a_distribution_of_their_own_that_keeps_nothing(tmp_path: Path) -> None:
    assert list(resources(tmp_path, LEAST, "CloudFront::Distribution")) == ["Distribution"]
    assert "PreviewCertificateArn" not in template(tmp_path, LEAST)["Parameters"]
    found = resources(tmp_path, FULL, "CloudFront::Distribution")
    live = found["Distribution"]["DistributionConfig"]
    previews = found["PreviewDistribution"]["DistributionConfig"]
    assert (live["Aliases"], previews["Aliases"]) == ([HOST], ["*.preview.example.co.jp"])
    assert live["ViewerCertificate"]["AcmCertificateArn"] == {"Ref": "CertificateArn"}
    assert previews["ViewerCertificate"]["AcmCertificateArn"] == {"Ref": "PreviewCertificateArn"}
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
    disabled = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert previews["DefaultCacheBehavior"]["CachePolicyId"] == disabled
    assert {one["ErrorCachingMinTTL"] for one in previews["CustomErrorResponses"]} == {0}
    assert live["Origins"] == previews["Origins"]


def test_the_function_is_ours_with_the_sites_hosts(tmp_path: Path) -> None:
    function = only(tmp_path, FULL, "CloudFront::Function")
    assert function["FunctionCode"] == edge.source(HOST, "preview.example.co.jp")
    assert len(function["FunctionCode"].encode()) <= edge.CODE_BYTES_MAX
    assert function["AutoPublish"] is True
    assert function["Name"] == "news_edge"
    assert function["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"
    assert function["FunctionConfig"]["KeyValueStoreAssociations"] == [
        {"KeyValueStoreARN": {"Fn::GetAtt": ["KeyValueStore", "Arn"]}}
    ]


def test_a_host_is_named_as_browsers_send_it(tmp_path: Path) -> None:
    text = CONFIGURATIONS["japanese-host"]
    distribution = only(tmp_path, text, "CloudFront::Distribution")["DistributionConfig"]
    assert distribution["Aliases"] == ["xn--zck9awe6d.xn--r8jz45g.jp"]
    code = only(tmp_path, text, "CloudFront::Function")["FunctionCode"]
    assert 'host:"xn--zck9awe6d.xn--r8jz45g.jp"' in code


def test_names_tell_hosts_apart_and_are_short_enough() -> None:
    assert name_for(HOST) == "www-example-co-jp"
    one, other = (name_for(f"{'a' * 60}.{'b' * 60}.{last}.jp") for last in "cd")
    assert one != other
    assert re.fullmatch(r"[A-Za-z0-9_-]{64}", one)


# ------------------------------------------------------------------------------ permissions


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_nothing_is_allowed_for_all_resources_or_by_a_pattern_of_actions(
    name: str, tmp_path: Path
) -> None:
    allowed = [
        one for one in statements(tmp_path, CONFIGURATIONS[name]) if one["Effect"] == "Allow"
    ]
    assert len(allowed) == 7
    for one in allowed:
        assert not {"NotAction", "NotResource", "NotPrincipal"} & one.keys()
        assert one.get("Principal") not in ("*", {"AWS": "*"})
        for action in as_list(one["Action"]):
            assert "*" not in action
        for resource in as_list(one.get("Resource", [])):
            assert resource != "*"
            # A pattern stands for files only, and at the end.
            text = json.dumps(resource)
            assert "*" not in text or re.search(r'\$\{Bucket\.Arn\}/[\w./-]*\*"', text)


def test_the_publisher_may_do_what_it_does_and_no_more(tmp_path: Path) -> None:
    found = resources(tmp_path, FULL, "IAM::ManagedPolicy")["PublisherPolicy"]
    allowed = found["PolicyDocument"]["Statement"]
    granted = {
        json.dumps(one["Resource"]): sorted(a.partition(":")[2] for a in as_list(one["Action"]))
        for one in allowed
    }
    distribution = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/"
    assert granted == {
        '{"Fn::Sub": "${Bucket.Arn}/production/*"}': [
            "AbortMultipartUpload", "DeleteObject", "GetObject", "PutObject",
        ],
        '{"Fn::GetAtt": ["Bucket", "Arn"]}': ["ListBucket"],
        '{"Fn::GetAtt": ["KeyValueStore", "Arn"]}': [
            "DescribeKeyValueStore", "GetKey", "ListKeys", "UpdateKeys",
        ],
        '{"Fn::GetAtt": ["EdgeFunction", "FunctionARN"]}': [
            "DescribeFunction", "PublishFunction", "UpdateFunction",
        ],
        json.dumps({"Fn::Sub": f"{distribution}${{Distribution}}"}): [
            "CreateInvalidation", "GetDistribution", "GetInvalidation",
        ],
    }  # fmt: skip
    listing = next(one for one in allowed if one["Action"] == "s3:ListBucket")
    assert listing["Condition"] == {"StringLikeIfExists": {"s3:prefix": "production/*"}}


def test_who_manages_designers_gives_no_rights_beyond_the_boundary(tmp_path: Path) -> None:
    found = resources(tmp_path, FULL, "IAM::ManagedPolicy")
    statements = found["DesignersPolicy"]["PolicyDocument"]["Statement"]
    giving = r"iam:(?:Create(?:User|Role)$|Attach|Detach|Put|Delete\w+(?:Policy|Boundary)$)"
    for one in statements:
        text = json.dumps(one["Resource"])
        for action in as_list(one["Action"]):
            assert "*" not in action
            if re.match(giving, action) and "policy/publisher-designers/" not in text:
                condition = {"iam:PermissionsBoundary": {"Ref": "DesignerBoundary"}}
                assert one["Condition"] == {"StringEquals": condition}, action
            if not re.match(r"iam:(?:Get|List)", action):
                assert text.count("/publisher-designers/example-site/production/*") == len(
                    as_list(one["Resource"])
                ), action
    assert "publisher-boundaries" not in json.dumps(statements)


def test_the_boundary_is_that_which_designers_get_without_a_stack(tmp_path: Path) -> None:
    found = resources(tmp_path, FULL, "IAM::ManagedPolicy")["DesignerBoundary"]
    assert found["Path"] == "/publisher-boundaries/example-site/production/"
    written = json.dumps(found["PolicyDocument"])
    written = re.sub(r'\{"Fn::Sub": ("[^"]*")\}', r"\1", written)
    plain = written.replace("${AWS::Partition}", "aws")
    assert json.loads(plain) == policy.boundary(policy.Place("example-site", "production/"))


def test_without_who_manages_designers_there_is_nothing_for_them(tmp_path: Path) -> None:
    found = template(tmp_path, FULL)
    assert found["Parameters"]["DesignersPrincipalArns"]["Default"] == ""
    conditional = {name for name, one in found["Resources"].items() if "Condition" in one}
    assert conditional == {"DesignerBoundary", "DesignersPolicy", "DesignersRole"}


def test_who_may_publish_is_asked_and_checked(tmp_path: Path) -> None:
    found = template(tmp_path, FULL)
    role = found["Resources"]["PublisherRole"]["Properties"]["AssumeRolePolicyDocument"]
    assert role["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"AWS": {"Ref": "PublisherPrincipalArns"}},
            "Action": "sts:AssumeRole",
        }
    ]
    pattern = found["Parameters"]["PublisherPrincipalArns"]["AllowedPattern"]
    for fine in ("role/ci", "user/hanako", "role/aws-reserved/sso.amazonaws.com/AWSReserved_x"):
        assert re.search(pattern, f"arn:aws:iam::111122223333:{fine}")
    for wrong in ("*", "arn:aws:iam::111122223333:root", "111122223333", "arn:aws:iam::*:role/a"):
        assert not re.search(pattern, wrong)
    certificate = found["Parameters"]["CertificateArn"]["AllowedPattern"]
    end = "111122223333:certificate/00000000-0000-4000-8000-000000000000"
    assert re.search(certificate, f"arn:aws:acm:us-east-1:{end}")
    assert not re.search(certificate, f"arn:aws:acm:ap-northeast-1:{end}")


# ------------------------------------------------------------------------------ the command


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "publisher", "infra", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_template_is_all_that_standard_output_gets(tmp_path: Path) -> None:
    text = text_of(tmp_path, LEAST)
    done = run(tmp_path)
    assert (done.returncode, done.stdout) == (0, text)
    assert "aws cloudformation deploy" in done.stderr


def test_a_file_is_written_and_what_to_do_with_it_is_said(tmp_path: Path) -> None:
    text = text_of(tmp_path, FULL)
    done = run(tmp_path, "--output", "my stack.yaml")
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "my stack.yaml").read_text(encoding="utf-8") == text
    assert "--template-file 'my stack.yaml'" in done.stderr
    parameters = template(tmp_path, FULL)["Parameters"]
    outputs = template(tmp_path, FULL)["Outputs"]
    for parameter in parameters:
        assert f" {parameter}=" in done.stderr
    for output in ("DistributionId", "FunctionName", "KeyValueStoreArn", "PublisherRoleArn"):
        assert output in outputs
        assert output in done.stderr
    (tmp_path / "file").write_text("")
    assert run(tmp_path, "--output", "file/stack.yaml").returncode == 1


def test_a_program_gets_one_document(tmp_path: Path) -> None:
    text = text_of(tmp_path, LEAST)
    done = run(tmp_path, "--json")
    document = json.loads(done.stdout)
    assert (document["kind"], document["files"]) == ("cloudfront", {"stack.yaml": text})
    assert document["next"]
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "message"),
    [
        ("https://www", "http://www", 1, "site.url", "must begin with https://"),
        ("jp", "jp:8443", 1, "site.url", "have no port"),
        ("www.example.co.jp", "[2001:db8::1]", 1, "site.url", "is no host name"),
        ('{url: "s3://example-site/production"}', "here", 3, "store", "must be a bucket"),
        ("/production", "/news*", 3, "store.url", "must have a prefix of letters"),
        ("/production", "/a/../b", 3, "store.url", "must have a prefix of letters"),
        ("/production", "/ニュース", 3, "store.url", "must have a prefix of letters"),
        ("/production", "/${AWS::Region}", 3, "store.url", "must have a prefix of letters"),
        ("cloudfront", "local", 4, "edge", "is local, for which nothing has to be set up"),
        ("cloudfront", "{kind: cloudfront, previews: example.co.jp}", 4, "edge.previews",
         "must not have www.example.co.jp, the public site, below it"),
    ],
)  # fmt: skip
def test_what_cloudfront_can_not_have_is_said_with_its_line(
    old: str, new: str, line: int, key: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        setup(tmp_path, LEAST.replace(old, new, 1))
    (problem,) = caught.value.problems
    assert (problem.line, problem.key) == (line, key)
    assert message in problem.message


def test_to_publish_the_outputs_must_be_there(tmp_path: Path) -> None:
    file = tmp_path / "site-config.yaml"
    local = LEAST.replace('{url: "s3://example-site/production"}', "here")
    file.write_text(local.replace("edge: cloudfront", "edge:\n  kind: cloudfront"))
    with pytest.raises(ConfigError) as caught:
        Site(file).publisher(lambda what, done, total: None)
    (problem,) = caught.value.problems
    assert (problem.line, problem.key) == (4, "edge")
    assert problem.message.startswith("needs distribution, function, key_value_store: outputs of")
    file.write_text(f"{file.read_text()}  distribution: E2EXAMPLE1\n  key_value_store: {STORE_ARN}")
    with pytest.raises(ConfigError, match="needs function: outputs"):
        Site(file).publisher(lambda what, done, total: None)


NGINX = """site: {url: https://www.example.co.jp}
cms: {url: http://127.0.0.1:8081}
store: STORE
edge: {kind: nginx, previews: preview.example.co.jp, content_security_policy: "default-src 'self'"}
"""


def test_for_nginx_a_folder_is_written(tmp_path: Path) -> None:
    (tmp_path / "site-config.yaml").write_text(NGINX.replace("STORE", ".publisher"))
    done = run(tmp_path, "--output", "nginx", "--certificate", "/c.pem", "--certificate-key", "/k")
    assert (done.returncode, done.stdout) == (0, "")
    assert "nginx -t" in done.stderr
    folder = tmp_path / "nginx"
    wanted = nginx.config(
        nginx.Nginx(
            "www.example.co.jp", str(tmp_path / ".publisher"), "preview.example.co.jp",
            "default-src 'self'", str(folder), certificate="/c.pem", certificate_key="/k",
        )
    )  # fmt: skip
    assert {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()} == wanted


@pytest.mark.parametrize(
    ("store", "region", "origin"),
    [
        ("{url: s3://example-site/p}", "ap-northeast-1",
         "https://example-site.s3.ap-northeast-1.amazonaws.com/p"),
        ("{url: s3://example-site, endpoint_url: 'http://127.0.0.1:8333'}", "",
         "http://127.0.0.1:8333/example-site"),
    ],
)  # fmt: skip
def test_nginx_is_told_where_the_bucket_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str, region: str, origin: str
) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    found = setup(tmp_path, NGINX.replace("STORE", store), tmp_path / "nginx")
    assert origin in found.files[str(tmp_path / "nginx/site.conf")]
    assert "without a signature" in " ".join(found.steps)


def test_nginx_needs_a_folder_and_a_bucket_on_aws_its_region(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    text = NGINX.replace("STORE", "{url: s3://example-site}")
    with pytest.raises(ConfigError, match="--output"):
        setup(tmp_path, text)
    with pytest.raises(ConfigError, match="AWS_REGION"):
        setup(tmp_path, text, tmp_path / "nginx")


def test_the_hosts_that_own_redirects_name_are_answered(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("from,to\nhttps://旧.example.co.jp/a,/b\n", encoding="utf-8")
    text = (
        FULL
        + """
redirects:
  rules: [{from: "https://old.example.co.jp/*", to: "/*"}]
  files: [old.csv]
"""
    )
    found = resources(tmp_path, text, "CloudFront::Distribution")
    assert found["Distribution"]["DistributionConfig"]["Aliases"][1:] == [
        "old.example.co.jp", "xn--ygv.example.co.jp"
    ]  # fmt: skip
    assert len(found["PreviewDistribution"]["DistributionConfig"]["Aliases"]) == 1
