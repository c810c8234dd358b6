"""Looks at a served site from outside, as a visitor's browser and as an old bookmark would.

Shares no code with the product: what it finds is an opinion of its own.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

TIMEOUT_S = 30
URL_ATTRIBUTES = {"href", "src", "poster", "data", "data-src", "data-full", "background"}
TEXT_TYPES = ("text/", "application/json", "application/xml", "application/rss", "image/svg")


@dataclass
class Answer:
    """The end of a request: status, final URL, type and body."""

    status: int
    url: str
    content_type: str
    body: bytes


@dataclass
class Visit:
    """Everything reached from the home page: answers by URL, and where each was first linked."""

    answers: dict[str, Answer] = field(default_factory=dict)
    linked_from: dict[str, str] = field(default_factory=dict)

    @property
    def broken(self) -> dict[str, str]:
        """URL -> the page that links to it, for every internal link that does not work."""
        return {
            url: self.linked_from[url]
            for url, answer in self.answers.items()
            if answer.status != 200
        }

    def naming(self, text: str) -> list[str]:
        """URLs of text files in which this occurs, whatever its case."""
        wanted = text.lower().encode()
        return [
            url
            for url, answer in self.answers.items()
            if answer.content_type.startswith(TEXT_TYPES) and wanted in answer.body.lower()
        ]


class Browser:
    """Asks one server; `public` is the absolute address by which its pages name themselves."""

    def __init__(self, server: str, public: str) -> None:
        self.server = server
        self.public = public
        self.session = requests.Session()
        self.session.trust_env = False

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def get(self, url: str, **headers: str) -> Answer:
        """Ask, and follow redirects."""
        reached = url.replace(self.public, self.server, 1)
        answer = self.session.get(reached, timeout=TIMEOUT_S, headers=headers)
        kind = answer.headers.get("Content-Type", "")
        return Answer(answer.status_code, answer.url, kind, answer.content)

    def visit(self, start: str = "/") -> Visit:
        """Follow every internal link, of pages, style sheets' pages and feeds alike."""
        visit = Visit()
        wanted = deque([(self.server + start, "the start")])
        while wanted:
            url, page = wanted.popleft()
            if url in visit.answers:
                continue
            answer = self.get(url)
            visit.answers[url] = answer
            visit.linked_from[url] = page
            if answer.status != 200 or not answer.content_type.startswith("text/html"):
                continue
            for link in links_of(answer.body.decode()):
                target = urljoin(answer.url, link).partition("#")[0]
                target = target.replace(self.public, self.server, 1)
                if target == self.server or target.startswith(f"{self.server}/"):
                    wanted.append((target, url))
        return visit


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if not value:
                continue
            if name in URL_ATTRIBUTES and tag != "base":
                self.found.append(value.strip())
            elif name in ("srcset", "imagesrcset", "data-srcset"):
                self.found += [part.split()[0] for part in value.split(", ") if part.split()]
            elif name == "value" and tag == "option" and "/" in value:
                self.found.append(value)


def links_of(page: str) -> list[str]:
    """Every address in a page that a browser or crawler would follow."""
    parser = _Links()
    parser.feed(page)
    parser.close()
    return [url for url in parser.found if not url.startswith(("data:", "javascript:", "mailto:"))]
