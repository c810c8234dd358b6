"""The embedded engine: isolated, bounded in time and memory, and gone when closed."""

import asyncio
import threading
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest

from publisher.edge import javascript
from publisher.edge.javascript import (
    BATCH,
    EdgeFunction,
    EdgeFunctionError,
    ViewerRequest,
    viewer_request,
)
from redirects.compile import compile_rules, live_entry
from redirects.edge import source
from redirects.rules import Rule, RuleSet

ECHO = """import cf from 'cloudfront';
const kvs = cf.kvs();
async function handler(event) {
  let value = null;
  try { value = await kvs.get(event.request.uri); } catch (error) { value = null; }
  const exists = await kvs.exists(event.request.uri);
  return { value: value, exists: exists, raw: event.request.rawQueryString(), event: event };
}
"""


def test_the_event_is_shaped_like_cloudfronts() -> None:
    event = viewer_request("GET", "/%41", "a=%20&b&a=2&c=d=e", {"User-Agent": "x"})
    assert event["request"] == {
        "method": "GET",
        "uri": "/%41",
        "querystring": {
            "a": {"value": "%20", "multiValue": [{"value": "%20"}, {"value": "2"}]},
            "b": {"value": ""},
            "c": {"value": "d=e"},
        },
        "headers": {"user-agent": {"value": "x"}},
        "cookies": {},
    }


def test_the_function_sees_the_store_and_the_request() -> None:
    with EdgeFunction(ECHO) as function:
        function.load({"/あ": "い\u2028'\"\\", "__proto__": "x"})
        result = function.run("GET", "/あ", "a=%E9&b")
        assert (result["value"], result["exists"], result["raw"]) == (
            "い\u2028'\"\\",
            True,
            "a=%E9&b",
        )
        assert function.run("GET", "__proto__")["value"] == "x"
        assert function.run("GET", "toString")["exists"] is False
        function.load({})
        assert function.run("GET", "/あ")["value"] is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("throw new Error('broken');", "broken"),
        ("return 5;", "neither a request nor a response"),
        ("await new Promise(function () {});", "did not finish"),
        ("while (true) {}", "still running"),
        ("const all = []; while (true) all.push(new Array(1e5).fill(all.length));", "used more"),
    ],
)
def test_a_bad_function_is_an_error(
    monkeypatch: pytest.MonkeyPatch, body: str, message: str
) -> None:
    if message == "still running":
        monkeypatch.setattr(javascript, "RUN_SECONDS_MAX", 0.05)
    monkeypatch.setattr(javascript, "MEMORY_BYTES_MAX", 32 * 1024 * 1024)
    source = f"async function handler(event) {{ {body} }}"
    with EdgeFunction(source) as function, pytest.raises(EdgeFunctionError, match=message):
        function.run("GET", "/")


@pytest.mark.parametrize("length", [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000])
def test_its_hashes_are_right(length: int) -> None:
    """The lengths are those at which a block more is needed."""
    text = ("a:パスワード" * length)[:length]
    code = f"""async function handler(event) {{
      const hash = crypto.createHash('sha256').update({text!r});
      return {{ hex: hash.update('\\u3042').digest('hex'), base: hash.digest('base64url') }};
    }}"""
    want = sha256(f"{text}あ".encode())
    with EdgeFunction(code) as function:
        result = function.run("GET", "/")
    assert result["hex"] == want.hexdigest()
    assert result["base"] == urlsafe_b64encode(want.digest()).decode().rstrip("=")


def test_many_requests_at_once_are_answered_each_for_itself() -> None:
    """Those that fail, throw or never settle spoil no other one."""
    code = """async function handler(event) {
      const query = event.request.rawQueryString();
      if (query === 'throw') { throw new Error('broken'); }
      if (query === 'wait') { await new Promise(function () {}); }
      await null;
      return query === 'five' ? 5 : { query: query, agent: event.request.headers['user-agent'] };
    }"""
    queries = [*(f"n={n}" for n in range(BATCH)), "throw", "wait", "five", "あ"]
    requests = [ViewerRequest("GET", "/", query, {"User-Agent": f"<{query}"}) for query in queries]
    with EdgeFunction(code) as function:
        assert function.run_all([]) == []
        results = function.run_all(requests)
        assert function.run("GET", "/", "n=1")["query"] == "n=1"
    for query, result in zip(queries, results, strict=True):
        if query in ("throw", "wait", "five"):
            assert isinstance(result, EdgeFunctionError)
        else:
            assert result == {"query": query, "agent": {"value": f"<{query}"}}
    words = ("broken", "did not finish", "neither a request nor a response")
    assert all(word in str(result) for word, result in zip(words, results[BATCH:], strict=False))


def test_it_is_noted_whether_the_function_looked_at_who_asks() -> None:
    code = """async function handler(event) {
      const request = event.request;
      await null;
      if (request.uri === '/throw') { throw new Error('broken'); }
      if (request.uri === '/copy') { return { all: Object.assign({}, request.headers) }; }
      if (request.uri === '/one') { return { agent: request.headers['user-agent'].value }; }
      return request;
    }"""
    asked = [ViewerRequest("GET", path, "", {"User-Agent": "me"})
             for path in ("/", "/one", "/copy", "/throw")]  # fmt: skip
    with EdgeFunction(code) as function:
        found = function.run_all_noting([*asked, ViewerRequest("GET", "/")])
    assert [looked for _, looked in found] == [False, True, True, True, False]
    served = found[0][0]
    assert isinstance(served, dict)
    assert served["headers"] == {"user-agent": {"value": "me"}}


def test_a_batch_that_never_ends_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(javascript, "LOAD_SECONDS_MAX", 5.0)
    code = "async function handler(event) { while (event.request.uri === '/x') {} return {}; }"
    with EdgeFunction(code) as function:
        monkeypatch.setattr(javascript, "LOAD_SECONDS_MAX", 0.2)
        with pytest.raises(EdgeFunctionError, match="still running"):
            function.run_all([ViewerRequest("GET", "/"), ViewerRequest("GET", "/x")])
        assert function.run_all([ViewerRequest("GET", "/")]) == [{}]


def test_what_can_not_be_compiled_is_an_error() -> None:
    with pytest.raises(EdgeFunctionError, match="SyntaxError"):
        EdgeFunction("async function handler(")


def test_nothing_is_left_behind() -> None:
    before = threading.active_count()
    with EdgeFunction(ECHO) as function:
        function.run("GET", "/")
    with pytest.raises(EdgeFunctionError):
        EdgeFunction("(")
    assert threading.active_count() == before


def test_inside_an_event_loop() -> None:
    async def serve() -> str:
        with EdgeFunction(ECHO) as function:
            return str(function.run("GET", "/", "a")["raw"])

    assert asyncio.run(asyncio.wait_for(serve(), 10)) == "a"


def test_from_many_threads() -> None:
    with EdgeFunction(ECHO) as function, ThreadPoolExecutor(8) as threads:
        queries = [f"n={n}" for n in range(200)]
        results = threads.map(lambda query: function.run("GET", "/", query)["raw"], queries)
        assert list(results) == queries


def test_it_takes_the_data_of_a_large_site() -> None:
    target = "/blog/{}.html"
    rules = RuleSet.of(Rule(f"?p={n}", 301, target.format(n * 7919)) for n in range(1, 20_000))
    data = compile_rules(rules)
    with EdgeFunction(source()) as function:
        function.load({**data.entries, "live": live_entry(1, "a", "4f1e2a9b0c3d", data.head)})
        for n in range(1, 20_000, 200):
            answer = function.run("GET", "/", f"p={n}")
            assert answer["headers"]["location"]["value"] == target.format(n * 7919)
