"""Can designers do what they should, and nothing else? What is tried, and what it tells. Pure.

Nothing that is tried does harm, even where it is allowed by mistake: what is written or deleted
has a name of its own, and what would change a bucket's settings is written so that S3 can't take
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from publisher.designers.accounts import Question
from publisher.designers.names import UPLOADS, folder
from publisher.designers.policy import Place

Answer = Literal["allowed", "refused", "unknown"]

OWN = "own folder"
_BUCKET = "bucket settings"


class Probe(NamedTuple):
    """One thing to try. `request`: which, of `aws_attempts`; `key`: the object's, or the prefix of
    a listing, `copy_to` where a copy goes; `allowed`: what is right."""

    request: str
    action: str
    target: str
    key: str = ""
    allowed: bool = False
    copy_to: str = ""


class Row(NamedTuple):
    """What came of it. `attempt` and `simulator`: '' for not tried; `note`: what the server
    said."""

    designer: str
    request: str
    target: str
    expected: Answer
    attempt: Answer | Literal[""]
    simulator: Answer | Literal[""]
    note: str = ""

    @property
    def is_surprise(self) -> bool:
        """Whether any answer is another one than is right. What a server does not know, nobody
        can do."""
        wrong = "refused" if self.expected == "allowed" else "allowed"
        return wrong in (self.attempt, self.simulator) or (
            self.expected == "allowed" and self.attempt == "unknown"
        )


class Target(NamedTuple):
    """A part of the store where a designer has no business: what it is, its prefix, and an object
    that is there, '' for none."""

    name: str
    prefix: str
    there: str = ""


def targets(where: Place, name: str, others: Iterable[str]) -> list[Target]:
    """Where this designer has no business; what is there, the store knows. A name that begins
    with theirs is one of the others, whether it is used or not."""
    prefix = where.prefix
    named = [other for other in others if other != name] or [f"{name}2"]
    return [
        *(Target(f"{other}'s folder", f"{prefix}{folder(other)}") for other in named),
        Target("site slots", f"{prefix}site/"),
        Target("blobs", f"{prefix}blobs/"),
        Target("refs", f"{prefix}refs/"),
        Target("journal", f"{prefix}journal/"),
    ]


def probes(
    where: Place, name: str, elsewhere: Sequence[Target], mark: str, *, console: bool = False
) -> Iterator[Probe]:
    """What to try, in this order: what is written in the own folder is read and deleted after it.
    `mark`: part of names that nobody uses."""
    own = f"{where.prefix}{folder(name)}"
    mine = f"{own}{mark}"
    yield Probe("list", "s3:ListBucket", OWN, own, allowed=True)
    yield Probe("put", "s3:PutObject", OWN, mine, allowed=True)
    yield Probe("get", "s3:GetObject", OWN, mine, allowed=True)
    yield Probe("copy", "s3:PutObject", OWN, mine, allowed=True, copy_to=f"{mine}-copy")
    yield Probe("multipart", "s3:PutObject", OWN, mine, allowed=True)
    yield Probe("put into an archive", "s3:PutObject", OWN, mine)
    if where.tls:  # S3 takes no such key without TLS
        yield Probe("put with a key", "s3:PutObject", OWN, mine)
    yield Probe("put with an ACL", "s3:PutObjectAcl", OWN, mine)
    yield Probe("put ACL", "s3:PutObjectAcl", OWN, mine)
    yield Probe("get ACL", "s3:GetObjectAcl", OWN, mine)
    yield Probe("put tags", "s3:PutObjectTagging", OWN, mine)
    yield Probe("get without credentials", "", OWN, mine)
    yield Probe("delete", "s3:DeleteObject", OWN, f"{mine}-copy", allowed=True)
    yield Probe("delete", "s3:DeleteObject", OWN, mine, allowed=True)
    for target in elsewhere:
        yield Probe("list", "s3:ListBucket", target.name, target.prefix)
        if target.there:
            yield Probe("get", "s3:GetObject", target.name, target.there)
            yield Probe("copy", "s3:GetObject", target.name, target.there, copy_to=f"{mine}-copy")
        yield Probe("put", "s3:PutObject", target.name, f"{target.prefix}{mark}")
        yield Probe("multipart", "s3:PutObject", target.name, f"{target.prefix}{mark}")
        yield Probe("delete", "s3:DeleteObject", target.name, f"{target.prefix}{mark}")
    yield from _around(where, own, console=console)


def _around(where: Place, own: str, *, console: bool) -> Iterator[Probe]:
    """The bucket as a whole: what else is in it, and how it is set up."""
    yield Probe("list", "s3:ListBucket", "the folder without its slash", own.rstrip("/"))
    yield Probe("list", "s3:ListBucket", "all folders", f"{where.prefix}{UPLOADS}")
    yield Probe("list", "s3:ListBucket", "everything", "")
    way = Probe("list names", "s3:ListBucket", "all folders", f"{where.prefix}{UPLOADS}")
    yield way._replace(allowed=console)
    yield Probe("list uploads", "s3:ListBucketMultipartUploads", "everything")
    yield Probe("list versions", "s3:ListBucketVersions", "everything")
    for request, action in (
        ("get policy", "s3:GetBucketPolicy"),
        ("put policy", "s3:PutBucketPolicy"),
        ("get lifecycle", "s3:GetLifecycleConfiguration"),
        ("put lifecycle", "s3:PutLifecycleConfiguration"),
        ("get versioning", "s3:GetBucketVersioning"),
        ("put versioning", "s3:PutBucketVersioning"),
        ("get ACL of the bucket", "s3:GetBucketAcl"),
        ("delete the bucket", "s3:DeleteBucket"),
    ):
        yield Probe(request, action, _BUCKET)


# What such a request holds, as a policy knows it.
_SAYING = {
    "put into an archive": ("s3:x-amz-storage-class", "GLACIER"),
    "put with a key": ("s3:x-amz-server-side-encryption-customer-algorithm", "AES256"),
}


def question(where: Place, probe: Probe, address: str = "") -> Question | None:
    """What to ask the simulator about a probe: None where it is not about who asks. `address`:
    where the designer comes from, if that matters."""
    if not probe.action:
        return None
    context = [("aws:SecureTransport", "true"), ("aws:MultiFactorAuthPresent", "true")]
    if address:
        context.append(("aws:SourceIp", address))
    if probe.request in _SAYING:
        context.append(_SAYING[probe.request])
    if probe.action.startswith("s3:ListBucket"):
        context.append(("s3:prefix", probe.key))
        if probe.request == "list names":
            context.append(("s3:delimiter", "/"))
        return Question(probe.action, where.arn, tuple(context))
    if probe.target == _BUCKET:
        return Question(probe.action, where.arn, tuple(context))
    return Question(probe.action, f"{where.arn}/{probe.key}", tuple(context))


def row(
    designer: str, probe: Probe, attempt: tuple[Answer, str] | None, simulated: bool | None
) -> Row:
    """What a probe told, by trying it and by asking: None for not done."""
    return Row(
        designer,
        probe.request,
        probe.target,
        "allowed" if probe.allowed else "refused",
        attempt[0] if attempt else "",
        "" if simulated is None else "allowed" if simulated else "refused",
        attempt[1] if attempt else "",
    )


HEADINGS = ("designer", "request", "target", "expected", "attempt", "simulator", "note", "surprise")


def table(rows: Iterable[Row]) -> Iterator[tuple[str, ...]]:
    """The rows below their headings, for a file."""
    yield HEADINGS
    for one in rows:
        yield (*one, "yes" if one.is_surprise else "")
