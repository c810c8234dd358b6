"""Runs the edge function in both engines and puts its answers beside Python's decisions."""

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from publisher.edge.javascript import viewer_request
from redirects.edge import ANYWHERE, Site, source
from redirects.match import (
    Decision,
    Ended,
    Gone,
    KeepOut,
    Missing,
    NotAllowed,
    Redirect,
    Request,
    Serve,
    Unauthorized,
    Unavailable,
)

HERE = Path(__file__).parent
EDGE_JS = HERE.parents[1] / "redirects" / "edge.js"
GETS_MAX = 3

Store = dict[str, str]
Case = tuple[int, Request]
Wire = tuple[object, ...]


def on_the_wire(decision: Decision) -> Wire:
    """What a decision looks like from outside: a status and Location, or the origin's path."""
    match decision:
        case Redirect(status, location):
            return status, location
        case Gone():
            return (410,)
        case Ended():
            return (410, "ended")
        case Unauthorized():
            return (401,)
        case KeepOut():
            return (200,)
        case NotAllowed():
            return (405,)
        case Unavailable():
            return (503,)
        case Missing():
            return ("/_missing",)
        case Serve(slot, path):
            return (quote(f"/{slot}{path}" if slot else path, safe="/!~*'()"),)


def from_the_wire(result: Mapping[str, Any]) -> Wire:
    """The same of what the edge function returned."""
    if "statusCode" not in result:
        assert result["querystring"] == {}, "a query would split the cache"
        return (result["uri"],)
    assert result["statusDescription"]
    location = result["headers"].get("location")
    if location:
        return result["statusCode"], location["value"]
    is_ended = "preview has ended" in result.get("body", {}).get("data", "")
    return (result["statusCode"], "ended") if is_ended else (result["statusCode"],)


def sent_headers(request: Request) -> dict[str, str]:
    """The headers of a request that the function looks at."""
    given = {
        "Host": request.host,
        "User-Agent": request.user_agent,
        "Authorization": request.authorization,
        "Accept-Language": request.accept_language,
        "CloudFront-Forwarded-Proto": "" if request.scheme == "https" else request.scheme,
    }
    return {name: value for name, value in given.items() if value}


def run_njs(
    njs: str,
    stores: Sequence[Store],
    cases: Sequence[Case],
    *,
    raw_query: bool = True,
    site: Site = ANYWHERE,
) -> list[tuple[Wire, int]]:
    """What njs, the engine of CloudFront's runtime, answers, and the reads of each case."""
    inputs = [
        {
            "store": store,
            "event": viewer_request(case.method, case.path, case.query, sent_headers(case)),
            "raw": case.query if raw_query else None,
        }
        for store, case in cases
    ]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        parts = [
            "import fs from 'fs';\n",
            source(*site),
            (HERE / "njs/driver.js").read_text(),
        ]
        (directory / "main.js").write_text("".join(parts))
        (directory / "cases.json").write_text(json.dumps({"stores": stores, "cases": inputs}))
        arguments = [directory / "main.js", directory / "cases.json", directory / "results.json"]
        process = subprocess.run(
            [njs, "-q", "-p", HERE / "njs", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        # A negative exit code is a crash of the engine itself.
        assert process.returncode == 0, (process.returncode, process.stdout, process.stderr)
        results = json.loads((directory / "results.json").read_text())
    assert isinstance(results, list), results
    assert len(results) == len(cases)
    return [(from_the_wire(result["value"]), result["gets"]) for result in results]
