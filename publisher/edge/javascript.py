"""Runs the CDN's edge function locally: the same JavaScript, in an embedded engine (V8).

The engine accepts more syntax than CloudFront does, so this serves previews and the local edge;
it is no proof that a function runs on CloudFront.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.resources import files
from threading import Lock
from typing import Any, NamedTuple, Self, cast

from py_mini_racer import (
    DEFAULT_V8_FLAGS,
    JSEvalException,
    JSFunction,
    JSTimeoutException,
    MiniRacer,
    init_mini_racer,
)

RUN_SECONDS_MAX = 2.0
"""A function that takes longer is stuck; CloudFront would have stopped it after a millisecond."""

LOAD_SECONDS_MAX = 30.0
"""For compiling the function, for replacing all its data and for a batch, on a busy machine."""

BATCH = 500
"""So many requests are one call into the engine: a call costs more than a decision."""

MEMORY_BYTES_MAX = 256 * 1024 * 1024
"""The engine's own heap; a full key-value store (5 MB) takes about a tenth of it."""

# Of what is new in the engine's heap, in megabytes; its own choice grows to 16, thrice. A batch
# leaves little behind, and 100,000 requests take as long with it, and 50 MB less.
_YOUNG_MEGABYTES = 2

# How a CloudFront function gets at its key-value store and at hashes; an embedded script has no
# modules: `engine.js` stands in for them.
_IMPORTS = re.compile(r"""import (?:cf|crypto) from ?['"](?:cloudfront|crypto)['"];""")


class EdgeFunctionError(Exception):
    """The function could not be compiled, threw, ran out of time or memory, or gave no result."""


class ViewerRequest(NamedTuple):
    """A request as a viewer sends it: path and query percent-encoded."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = {}


class EdgeFunction:
    """A CloudFront function and the data of its key-value store. Safe to use from any thread.

    `source` is the function as CloudFront gets it. Raises `EdgeFunctionError` if it can't be
    compiled. Close it, or use it as a context manager: the engine has a thread of its own.
    """

    def __init__(self, source: str) -> None:
        self._lock = Lock()
        flags = (*DEFAULT_V8_FLAGS, f"--max-semi-space-size={_YOUNG_MEGABYTES}")
        init_mini_racer(flags=flags, ignore_duplicate_init=True)
        # In a thread that has an event loop the engine would settle on that loop, and a call from
        # the same thread would wait for itself for ever. A fresh thread has none.
        with ThreadPoolExecutor(max_workers=1) as fresh_thread:
            self._engine = fresh_thread.submit(MiniRacer).result()
        try:
            self._engine.set_hard_memory_limit(MEMORY_BYTES_MAX)
            self._eval(f"{_with_modules(source)}\n;0", LOAD_SECONDS_MAX)
            self._load = self._function("__load")
            self._run = self._function("__run")
            self._results = self._function("__said")
        except BaseException:
            self.close()
            raise

    def load(self, entries: Mapping[str, str]) -> None:
        """Replaces everything in the key-value store."""
        data = json.dumps(dict(entries))
        with self._lock:
            self._call(self._load, LOAD_SECONDS_MAX, data)

    def run(
        self, method: str, path: str, query: str = "", headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """What the function returns for a viewer's request: the request, or a response.

        Path and query are as sent, percent-encoded. A response has a `statusCode`, a request that
        goes on to the origin has a `uri`. Raises `EdgeFunctionError` if the function fails.
        """
        request = ViewerRequest(method, path, query, headers or {})
        ((result, _),) = self._answers([request], RUN_SECONDS_MAX)
        if isinstance(result, EdgeFunctionError):
            raise result
        return result

    def run_all(
        self, requests: Sequence[ViewerRequest]
    ) -> list[dict[str, Any] | EdgeFunctionError]:
        """The same for many requests, in their order. A request for which the function fails has
        the error as its result; raises `EdgeFunctionError` if one of them never ends."""
        return [result for result, _ in self.run_all_noting(requests)]

    def run_all_noting(
        self, requests: Sequence[ViewerRequest]
    ) -> list[tuple[dict[str, Any] | EdgeFunctionError, bool]]:
        """The same, each with whether the function looked at `User-Agent`. If it did not, whoever
        asks the same gets the same: it decides by nothing but what it looks at."""
        results: list[tuple[dict[str, Any] | EdgeFunctionError, bool]] = []
        for begin in range(0, len(requests), BATCH):
            results += self._answers(requests[begin : begin + BATCH], LOAD_SECONDS_MAX)
        return results

    def _answers(
        self, requests: Sequence[ViewerRequest], seconds_max: float
    ) -> list[tuple[dict[str, Any] | EdgeFunctionError, bool]]:
        events = [[viewer_request(*request), request.query] for request in requests]
        asked = json.dumps(events)
        with self._lock:
            self._call(self._run, seconds_max, asked)
            outcomes = json.loads(str(self._call(self._results, seconds_max)))
        return [
            # Of a function that failed nothing is noted: then it may have looked.
            (_result(request, outcome), bool(outcome.get("agent", True)))
            for request, outcome in zip(requests, outcomes, strict=True)
        ]

    def close(self) -> None:
        """Ends the engine and its thread; the function can't be run any more."""
        with self._lock:
            self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _function(self, name: str) -> JSFunction:
        """One of `engine.js`. Its arguments are texts and not code, of which the engine would keep
        what it has compiled."""
        return cast("JSFunction", self._eval(name, LOAD_SECONDS_MAX))

    def _eval(self, code: str, seconds_max: float) -> object:
        return self._done(lambda: self._engine.eval(code, timeout_sec=seconds_max), seconds_max)

    def _call(self, function: JSFunction, seconds_max: float, *texts: str) -> object:
        return self._done(lambda: function(*texts, timeout_sec=seconds_max), seconds_max)

    def _done(self, work: Callable[[], object], seconds_max: float) -> object:
        try:
            return work()
        except JSTimeoutException as error:
            self._settle(seconds_max)
            raise EdgeFunctionError(f"still running after {seconds_max} s") from error
        except JSEvalException as error:
            if self._engine.was_hard_memory_limit_reached():
                raise EdgeFunctionError(f"used more than {MEMORY_BYTES_MAX:,} bytes") from error
            raise EdgeFunctionError(str(error).strip()) from error
        except KeyboardInterrupt:
            self._settle(seconds_max)
            raise

    def _settle(self, seconds_max: float) -> None:
        """Wait until the engine is at rest. It reports the end of what was stopped a little later,
        and what was interrupted goes on: closed before that, it would report to a loop that is
        gone, or end the program with it."""
        with suppress(JSEvalException):
            self._engine.eval("0", timeout_sec=seconds_max)


def _result(request: ViewerRequest, outcome: dict[str, Any]) -> dict[str, Any] | EdgeFunctionError:
    asked = f"{request.method} {request.path}?{request.query}"
    if "error" in outcome:
        return EdgeFunctionError(f"{asked}: {outcome['error']}")
    value = outcome.get("value")
    if not isinstance(value, dict):
        return EdgeFunctionError(f"{asked}: neither a request nor a response")
    return value


def viewer_request(
    method: str, path: str, query: str, headers: Mapping[str, str]
) -> dict[str, Any]:
    """The event that CloudFront hands to a viewer-request function, without `rawQueryString`.

    Names and values of the query stay as sent. A name that is given twice has the first as its
    `value` and all of them in `multiValue`. Source:
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
    """
    return {
        "version": "1.0",
        "context": {"eventType": "viewer-request"},
        "viewer": {"ip": "127.0.0.1"},
        "request": {
            "method": method,
            "uri": path,
            "querystring": _querystring(query),
            "headers": {name.lower(): {"value": value} for name, value in headers.items()},
            "cookies": {},
        },
    }


def _with_modules(source: str) -> str:
    modules = files("publisher.edge").joinpath("engine.js").read_text(encoding="utf-8")
    return modules + _IMPORTS.sub("", source)


def _querystring(query: str) -> dict[str, dict[str, Any]]:
    given: dict[str, list[dict[str, str]]] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        given.setdefault(name, []).append({"value": value})
    return {
        name: values[0] | ({"multiValue": values} if len(values) > 1 else {})
        for name, values in given.items()
    }
