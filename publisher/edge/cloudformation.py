"""What a site needs on AWS, as a CloudFormation template: `cloudformation.yaml.j2`, filled in."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from importlib.resources import files
from typing import NamedTuple

from jinja2 import Environment, StrictUndefined

from publisher.content_types import EDGE_TTL_S
from publisher.designers import accounts, policy

# CloudFront's own default. A file that was missing is seen this late at most, and its absence is
# forgotten before the slot is filled again, since this is less than what files may live.
_ERROR_TTL_S = 10

_CERTIFICATE_ARN = "^arn:aws[a-z-]*:acm:us-east-1:[0-9]{12}:certificate/[0-9a-f-]{36}$"

_PARTITION = "${AWS::Partition}"

_NAME_CHARACTERS_MAX = 64
_DIGEST_CHARACTERS = 12


class Stack(NamedTuple):
    """What differs from site to site.

    `host`: the public host name as browsers send it. `bucket` and `prefix` ('' or with a slash
    at its end): where the store is. `name`: of the function, the key-value store and the
    policies. `previews`: previews answer at names below this host, '' for none.
    `content_security_policy`: the header's value, '' for none. `hosts`: other hosts that the
    distribution answers, since redirects of the site's own name them.
    """

    host: str
    bucket: str
    prefix: str
    name: str
    previews: str = ""
    content_security_policy: str = ""
    hosts: tuple[str, ...] = ()


def name_for(host: str) -> str:
    """A name for what belongs to a site, unique for its host, within what CloudFront's functions
    and key-value stores may be called."""
    name = re.sub(r"[^A-Za-z0-9_-]", "-", host)
    if len(name) <= _NAME_CHARACTERS_MAX:
        return name
    digest = hashlib.sha256(host.encode()).hexdigest()[:_DIGEST_CHARACTERS]
    return f"{name[: _NAME_CHARACTERS_MAX - 1 - _DIGEST_CHARACTERS]}-{digest}"


def template(stack: Stack, code: str) -> str:
    """The template as YAML. The same for the same values. `code`: of the edge function."""
    # It makes YAML: what HTML needs to be escaped would come out wrong.
    environment = Environment(
        autoescape=False,  # noqa: S701 - see above
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # Each string of JSON is one of YAML.
    environment.filters["quoted"] = json.dumps
    environment.filters["for_partition"] = _for_partition
    where = policy.Place(stack.bucket, stack.prefix, _PARTITION)
    text = files("publisher.edge").joinpath("cloudformation.yaml.j2").read_text(encoding="utf-8")
    return environment.from_string(text).render(
        stack._asdict(),
        code=code,
        certificate_arn=_CERTIFICATE_ARN,
        ttl_s=EDGE_TTL_S,
        error_ttl_s=_ERROR_TTL_S,
        designers_path=(path := accounts.site_path(stack.bucket, stack.prefix)),
        boundaries_path=path.replace(accounts.ROOT, accounts.BOUNDARIES, 1),
        designers_names=accounts.iam_name("*", stack.bucket, stack.prefix),
        boundary=policy.boundary(where),
    )


def _for_partition(document: policy.Policy) -> str:
    """A policy as JSON, which YAML is, too; CloudFormation knows in which partition it is."""

    def changed(node: object) -> object:
        if isinstance(node, dict):
            return {key: changed(value) for key, value in node.items()}
        if isinstance(node, list):
            return [changed(value) for value in node]
        return {"Fn::Sub": node} if isinstance(node, str) and _PARTITION in node else node

    return json.dumps(changed(document), indent=2)


def next_steps(stack: Stack, file: str) -> tuple[str, ...]:
    """What to do with the template once it is in this file, in lines."""
    certificates = ["CertificateArn=arn:aws:acm:us-east-1:..."]
    whole = " and ".join((stack.host, *stack.hosts))
    names = [f"{whole} {'are' if stack.hosts else 'is'} a CNAME or alias of DistributionDomainName"]
    if stack.previews:
        certificates.append("PreviewCertificateArn=arn:aws:acm:us-east-1:...")
        names.append(f"*.{stack.previews} one of PreviewDomainName")
    stack_name = re.sub(r"[^A-Za-z0-9-]", "-", f"site-{stack.name}")
    return (
        f"aws cloudformation deploy --stack-name {stack_name} \\",
        f"  --template-file {shlex.quote(file)} \\",
        "  --capabilities CAPABILITY_IAM --parameter-overrides \\",
        *(f"  {certificate} \\" for certificate in certificates),
        "  PublisherPrincipalArns=arn:aws:iam::...",
        f"aws cloudformation describe-stacks --stack-name {stack_name} \\",
        "  --query 'Stacks[0].Outputs' --output table",
        "Then, below `edge` in site-config.yaml: `distribution` is the output DistributionId,",
        "`function` FunctionName, `key_value_store` KeyValueStoreArn. The role to publish with is",
        "PublisherRoleArn. Who may run `publisher designers` is one more parameter:",
        "  DesignersPrincipalArns=arn:aws:iam::...",
        f"DNS: {', '.join(names)}.",
        *([f"The certificate must be for {whole}."] if stack.hosts else ()),
    )
