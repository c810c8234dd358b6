"""How IAM decides about one principal's own policies, for tests: a small evaluator of our own.

As AWS documents it (IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements"): a
Deny wins, an Allow is needed, `*` is any text and `?` any character, also across slashes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any


def is_allowed(
    policy: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str]
) -> bool:
    """Whether a policy allows an action on a resource. `context`: the values of condition keys;
    what is not there is absent from the request."""
    effects = {
        statement["Effect"]
        for statement in policy["Statement"]
        if _applies(statement, action, resource, context)
    }
    return effects == {"Allow"}


def matches(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern of IAM."""
    assert "${" not in pattern, "policy variables are another language"
    parts = {"*": ".*", "?": "."}
    expression = "".join(parts.get(char) or re.escape(char) for char in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _applies(
    statement: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str]
) -> bool:
    assert {"Sid", "Effect", "Action", "Resource"} <= statement.keys() <= {
        "Sid", "Effect", "Action", "Resource", "Condition",
    }  # fmt: skip
    return (
        any(matches(one.lower(), action.lower()) for one in _listed(statement["Action"]))
        and any(matches(one, resource) for one in _listed(statement["Resource"]))
        and all(
            _holds(operator, context.get(key), _listed(wanted))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _holds(operator: str, value: str | None, wanted: list[str]) -> bool:
    if operator.endswith("IfExists"):
        return value is None or _holds(operator.removesuffix("IfExists"), value, wanted)
    if operator == "Null":
        return wanted == [str(value is None).lower()]
    if operator == "NotIpAddress":
        return value is None or not _holds("IpAddress", value, wanted)
    if value is None:
        return False
    match operator:
        case "StringLike":
            return any(matches(one, value) for one in wanted)
        case "StringEquals" | "Bool":
            return value in wanted
        case "IpAddress":
            return any(ip_address(value) in ip_network(one) for one in wanted)
    raise AssertionError(operator)


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
