"""A rule set for CloudFront: what a key-value store imports, and the edge function.

The same that the publisher loads (`redirects.compile`, `redirects.edge`), as files for those who
set CloudFront up in another way.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from redirects.compile import (
    HEAD_BYTES_MAX,
    LIVE_KEY,
    STORE_BYTES_MAX,
    KeyValueData,
    compile_rules,
    set_id,
)
from redirects.edge import source
from redirects.formats.written import Settings, Unsupported, Written
from redirects.rules import RuleSet

FILE_BYTES_MAX = 5_000_000
"""What an import takes, from
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/kvs-with-functions-create-s3-kvp.html
"""

_NO_RULES = "-"  # a value can't be empty


def cloudfront(rules: RuleSet, settings: Settings) -> Written:
    """`redirects.json`, in the form of an import, and `edge.js`, for the site's host.

    Raises StoreTooLargeError for more than a store holds.
    """
    identity, data = set_id(rules), compile_rules(rules)
    items = {**data.entries, identity: data.head or _NO_RULES}
    imported = {"data": [{"key": key, "value": items[key]} for key in sorted(items)]}
    text = msgspec.json.encode(imported).decode()
    return Written(
        {"redirects.json": text, "edge.js": source(settings.host, max_age=settings.max_age_s)},
        [Unsupported(one.rule, one.reason) for one in data.left_out],
        list(_notes(data, len(text.encode()))),
        list(_install(identity, data.head)),
    )


def _notes(data: KeyValueData, file_bytes: int) -> Iterator[str]:
    yield (
        f"The key-value store is {data.size_bytes / STORE_BYTES_MAX:.1%} full: "
        f"{data.size_bytes:,} of {STORE_BYTES_MAX:,} bytes. The head, in which patterns and "
        f"parameters are, has {len(data.head.encode()):,} of {HEAD_BYTES_MAX:,} bytes."
    )
    if file_bytes > FILE_BYTES_MAX:
        yield (
            f"redirects.json has {file_bytes:,} bytes, and an import takes {FILE_BYTES_MAX:,}: "
            "write the keys with aws cloudfront-keyvaluestore update-keys, 50 at once."
        )


def _install(identity: str, head: str) -> Iterator[str]:
    yield (
        "put redirects.json into an S3 bucket; aws cloudfront create-key-value-store --name NAME "
        "--import-source SourceType=S3,SourceARN=arn:aws:s3:::BUCKET/redirects.json (a store that "
        "is there already imports nothing: update-keys)"
    )
    yield (
        "aws cloudfront create-function --name NAME --function-code fileb://edge.js "
        "--function-config with the runtime cloudfront-js-2.0 and the ARN of the store; "
        "publish-function; have it answer the viewer requests of the distribution"
    )
    rest = f", two spaces, and the value of the key {identity}" if head else ""
    yield (
        f"last, and again for each change, write the key {LIVE_KEY}, with which all begins: "
        f"1 SLOT {identity}{rest}. SLOT is the folder in which the release's files are"
    )
