"""Runs the edge function in both engines and puts its answers beside Python's decisions."""

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from publisher.edge.javascript import viewer_request
from redirects.match import (
    Decision,
    Gone,
    Missing,
    NotAllowed,
    Redirect,
    Request,
    Serve,
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
    return (result["statusCode"], location["value"]) if location else (result["statusCode"],)


def run_njs(
    njs: str, stores: Sequence[Store], cases: Sequence[Case], *, raw_query: bool = True
) -> list[tuple[Wire, int]]:
    """What njs, the engine of CloudFront's runtime, answers, and the reads of each case."""
    inputs = [
        {
            "store": store,
            "event": viewer_request(
                case.method, case.path, case.query, {"User-Agent": case.user_agent}
            ),
            "raw": case.query if raw_query else None,
        }
        for store, case in cases
    ]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        parts = [
            "import fs from 'fs';\n",
            EDGE_JS.read_text(),
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
