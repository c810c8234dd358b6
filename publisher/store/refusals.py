"""What S3 refuses, in words: what happened, and what to do. Pure.

Its answers hold more than may be shown: that to an expired session names the session's token
(S3 API reference, "Error responses"). So only codes, and messages of our own, get out.
"""

from __future__ import annotations

import re

from publisher.errors import StoreError

_CODE = re.compile(r"<Code>(\w{1,60})</Code>|\(code: (\w{1,60})\)|status code: (\d{3})")
_REASON = re.compile(
    r"dns error|Connection refused|Connection reset|Network is unreachable|timed out|"
    r"invalid peer certificate",
    re.IGNORECASE,
)

_LOG_IN = (
    "Get new ones (`aws sso login`, or the keys in the environment) and run the same command "
    "again: it goes on where it stopped."
)
_KEYS = "Check AWS_PROFILE, or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN."
_LATER = "Run the same command again in some minutes: it goes on where it stopped."
_REGION = "Check the bucket's name, and its region: AWS_REGION, or that of the profile."
_ALLOWED = "The credentials need the permissions to get, put, delete and list its objects."

_EXPIRED = ("the credentials have expired", _LOG_IN)
_UNKNOWN_KEYS = ("the credentials are not accepted", _KEYS)
_DENIED = ("the credentials may not do this", _ALLOWED)
_BUSY = ("S3 asks to slow down, and still did so after several tries", _LATER)
_BROKEN = ("S3 had an error, and still had it after several tries", _LATER)
_ELSEWHERE = ("the bucket is in another region", _REGION)
_SKEWED = (
    "this machine's clock differs from that of S3 by more than 15 minutes",
    "Set the clock (`timedatectl set-ntp true`), then run the same command again.",
)
_UNREACHABLE = "Check the network, and `store.endpoint_url` if there is one."

# By code (S3 API reference, "List of error codes"), or by status where a code is not known.
_KNOWN = {
    "ExpiredToken": _EXPIRED,
    "TokenRefreshRequired": _EXPIRED,
    "RequestExpired": _EXPIRED,
    "InvalidAccessKeyId": _UNKNOWN_KEYS,
    "InvalidToken": _UNKNOWN_KEYS,
    "SignatureDoesNotMatch": _UNKNOWN_KEYS,
    "401": _UNKNOWN_KEYS,
    "RequestTimeTooSkewed": _SKEWED,
    "AccessDenied": _DENIED,
    "403": _DENIED,
    "NoSuchBucket": ("there is no such bucket", f"Make it. {_REGION}"),
    "PermanentRedirect": _ELSEWHERE,
    "AuthorizationHeaderMalformed": _ELSEWHERE,
    "IllegalLocationConstraintException": _ELSEWHERE,
    "SlowDown": _BUSY,
    "ServiceUnavailable": _BUSY,
    "503": _BUSY,
    "InternalError": _BROKEN,
    "500": _BROKEN,
}


def code_of(said: str) -> str:
    """The error code in what the client says of an answer, or else its status; '' for none."""
    found = [next(filter(None, match.groups())) for match in _CODE.finditer(said)]
    return next((code for code in found if not code.isdigit()), found[0] if found else "")


def refusal(store: str, key: str, said: str) -> StoreError:
    """The error for what the client says of an answer, or of none. `store` is its name."""
    code = code_of(said)
    known = _KNOWN.get(code)
    if known is None and "status code: " in said:
        known = _KNOWN.get(said.partition("status code: ")[2][:3])
    if known is None and "incorrectly configured region" in said:
        known = _ELSEWHERE
    if known:
        return StoreError(f"{store}: {known[0]} ({code or 'redirect'}, {key!r})", known[1])
    if "credential provider" in said:
        return unavailable(store, said.partition("credential provider: ")[2])
    if not code:
        reason = _REASON.search(said)
        why = reason[0] if reason else "no answer"
        return StoreError(f"{store} can't be reached: {why.lower()} ({key!r})", _UNREACHABLE)
    return StoreError(f"{store} refuses {key!r}: {code}", f"{_REGION} {_ALLOWED}")


def unavailable(store: str, why: str) -> StoreError:
    """The error for credentials that a profile or a role does not give."""
    first = why.partition("\n")[0]
    return StoreError(f"{store}: no credentials could be had: {first}", f"{_LOG_IN} {_KEYS}")
