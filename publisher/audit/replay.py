"""Asks for old addresses, many at once: of the edge's own code, of its double in Python, and of
whatever else answers as they do.

An `Engine` answers one request each; `follow` goes on from there, as a browser would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, Self

from publisher.audit.compare import Answer, Journey, onward
from publisher.edge.javascript import BATCH, EdgeFunction, EdgeFunctionError, ViewerRequest
from publisher.paths import file_path
from publisher.rules import compiled
from redirects.compile import LIVE_KEY, live_entry
from redirects.edge import Site, source
from redirects.match import (
    ERRORS_PATH,
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
    decide,
)
from redirects.query import decode
from redirects.rules import RuleSet

HOPS_MAX = 10
"""Browsers give up after twenty redirects, crawlers after five to ten."""

# The slot of the release, in data that is nowhere but here.
_SLOT = "release"

HasFile = Callable[[str], bool]
"""Whether the release has something at a decoded path (`/about/` for its index.html)."""


class Engine(Protocol):
    """What answers requests."""

    @property
    def name(self) -> str:
        """`edge`, `python`, `nginx`, `haproxy` or `live`."""

    def answers(self, requests: Sequence[Request]) -> list[Answer]:
        """The answer to each request, in their order. Redirects are not followed."""


def follow(
    engine: Engine, requests: Sequence[Request], site: Site, hops_max: int = HOPS_MAX
) -> list[Journey]:
    """Where each request leads in the end. Redirects are followed by the same visitor while they
    stay on the public host, its twin, or the host that was asked; each request is asked once,
    however many lead there."""
    known: dict[Request, Answer] = {}
    walks: list[list[Request]] = [[request] for request in requests]
    elsewhere = [""] * len(walks)
    circles: set[int] = set()
    under_way: Iterable[int] = range(len(walks))
    while under_way:
        todo = list(dict.fromkeys(walks[n][-1] for n in under_way if walks[n][-1] not in known))
        if todo:
            known.update(zip(todo, engine.answers(todo), strict=True))
        going_on = []
        for n in under_way:
            walk = walks[n]
            answer = known[walk[-1]]
            if not answer.location:
                continue
            there = onward(walk[-1], answer.location, site.host)
            if isinstance(there, str):
                elsewhere[n] = there
            elif there in walk or len(walk) > hops_max:
                circles.add(n)
            else:
                walk.append(there)
                going_on.append(n)
        under_way = going_on
    return [
        Journey(tuple(walk), tuple(map(known.__getitem__, walk)), n in circles, elsewhere[n])
        for n, walk in enumerate(walks)
    ]


def edge_data(rules: RuleSet) -> dict[str, str]:
    """The edge's key-value data for a rule set that is live. Raises PublisherError for one that
    does not fit."""
    identity, data = compiled(rules)
    return {**data.entries, LIVE_KEY: live_entry(1, _SLOT, identity, data.head)}


class EdgeEngine:
    """The edge function itself, as CloudFront gets it, in V8. `data`: see `edge_data`. Close it, or
    use it as a context manager."""

    name = "edge"

    def __init__(self, data: Mapping[str, str], has_file: HasFile, site: Site) -> None:
        self._has_file = has_file
        self._function = EdgeFunction(source(*site))
        self._function.load(data)

    def answers(self, requests: Sequence[Request]) -> list[Answer]:
        """A request for which the function fails is a 503, as at CloudFront."""
        answers: list[Answer] = []
        for begin in range(0, len(requests), BATCH):
            some = [_seen_by_edge(request) for request in requests[begin : begin + BATCH]]
            answers += map(self._answer, self._function.run_all(some))
        return answers

    def answers_noting(self, requests: Sequence[Request]) -> list[tuple[Answer, bool]]:
        """The same, each with whether the function looked at who asks (`User-Agent`)."""
        found = self._function.run_all_noting(list(map(_seen_by_edge, requests)))
        return [(self._answer(result), looked) for result, looked in found]

    def _answer(self, result: dict[str, Any] | EdgeFunctionError) -> Answer:
        if isinstance(result, EdgeFunctionError):
            return Answer(503, problem=str(result))
        if "statusCode" in result:
            location = result.get("headers", {}).get("location", {}).get("value", "")
            return Answer(int(result["statusCode"]), location)
        uri = decode(result["uri"]) or ""
        slot = f"/{_SLOT}/"
        if not uri.startswith((slot, ERRORS_PATH)):
            return Answer(404)  # beside the slots are error pages, and nothing else
        return served(uri.removeprefix(slot[:-1]), self._has_file)

    def close(self) -> None:
        """Ends the engine."""
        self._function.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ForAllAgents:
    """The edge function, for visitors that may differ by who they are alone: where it did not look
    at that, it is not asked again for the next of them. It says so itself; nothing is guessed.
    Answers are kept as long as this is: keep it for some visitors only."""

    name = "edge"

    def __init__(self, edge: EdgeEngine) -> None:
        self._edge = edge
        self._for_all: dict[Request, Answer] = {}

    def answers(self, requests: Sequence[Request]) -> list[Answer]:
        nobodys = [request._replace(user_agent="") for request in requests]
        new = [at for at, request in enumerate(nobodys) if request not in self._for_all]
        own: dict[int, Answer] = {}
        found = self._edge.answers_noting([requests[at] for at in new])
        for at, (answer, looked) in zip(new, found, strict=True):
            if looked:
                own[at] = answer
            else:
                self._for_all[nobodys[at]] = answer
        return [
            own[at] if at in own else self._for_all[request] for at, request in enumerate(nobodys)
        ]


class PythonEngine:
    """`redirects.match.decide` on the same data: a second opinion of what the edge does."""

    name = "python"

    def __init__(self, data: Mapping[str, str], has_file: HasFile, site: Site) -> None:
        self._data = data
        self._has_file = has_file
        self._site = site

    def answers(self, requests: Sequence[Request]) -> list[Answer]:
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Answer:
        decision = decide(self._data.get, request, self._site)
        match decision:
            case Redirect(status, location):
                return Answer(status, location)
            case Serve(_, path):
                return served(path, self._has_file)
            case _:
                return Answer(_STATUS[type(decision)])


_STATUS = {
    Missing: 404,
    Gone: 410,
    Ended: 410,
    Unauthorized: 401,
    KeepOut: 200,
    NotAllowed: 405,
    Unavailable: 503,
}


def served(path: str, has_file: HasFile) -> Answer:
    """The answer where a file would be at a decoded path."""
    page = file_path(path)
    return Answer(200, path=page) if has_file(page) else Answer(404)


def _seen_by_edge(request: Request) -> ViewerRequest:
    headers = {
        "Host": request.host,
        "User-Agent": request.user_agent,
        "Authorization": request.authorization,
        "Accept-Language": request.accept_language,
        "CloudFront-Forwarded-Proto": request.scheme,
    }
    given = {name: value for name, value in headers.items() if value}
    return ViewerRequest(request.method, request.path, request.query, given)
