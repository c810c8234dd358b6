"""Access logs: who asked for what. Pure; a log is written by visitors, so nothing in it is trusted.

Understood, also mixed: CloudFront's standard logs, an Application Load Balancer's, and the
"combined" and "common" formats of nginx and Apache.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

LINE_BYTES_MAX = 65_536
URL_CHARACTERS_MAX = 2_000
AGENT_CHARACTERS_MAX = 500
DISTINCT_MAX = 200_000
"""So many addresses are told apart; of more, those asked for most often."""

# Without a header line, the order that CloudFront has had since 2012 (Developer Guide, "Standard
# log file fields").
_CLOUDFRONT = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) "
    "cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header"
).split()
# Elastic Load Balancing user guide, "Access log entries": type, time, name, client, target, three
# times, status, target's status, bytes received and sent, request, user agent.
# Nothing is given back once it is matched (`++`): no line takes longer than its length.
_BALANCER = re.compile(
    r"(?:https?|h2|grpcs|wss?) (?:\S++ ){7}(\d{3}|-) \S++ \S++ \S++ "
    r'"(\S{1,40}) (\S++)[^"]*+" "([^"]*+)"'
)
_COMBINED = re.compile(
    r'[^\["]*+\[[^\]]*+\] "([A-Z]{1,20}) ((?:[^"\\ ]|\\.)++)[^"]*+" (\d{3}) \S++'
    r'(?: "(?:[^"\\]|\\.)*+" "((?:[^"\\]|\\.)*+)")?'
)
_ESCAPED = re.compile(r"\\x([0-9A-Fa-f]{2})|\\(.)")
# CloudFront encodes what it logs, percent signs of the request's own encoding, too.
_TWICE = re.compile(r"%25(?=[0-9A-Fa-f]{2})")
_NOT_IN_A_URL = re.compile(r"[^!-~]")


class Hit(NamedTuple):
    """One request. `url`: path and query, percent-encoded as the client sent it; `host` in lower
    case, '' where the log does not say; `status` 0 for none."""

    method: str
    url: str
    status: int
    user_agent: str = ""
    host: str = ""


def lines(readline: Callable[[int], bytes]) -> Iterator[bytes]:
    """The lines of a file, without those longer than LINE_BYTES_MAX."""
    is_cut = False
    while piece := readline(LINE_BYTES_MAX):
        is_whole = piece.endswith(b"\n") or len(piece) < LINE_BYTES_MAX
        if is_whole and not is_cut:
            yield piece
        is_cut = not is_whole


def hits(given: Iterable[bytes]) -> Iterator[Hit | None]:
    """What each line says, None for one that says nothing of a request."""
    fields = _CLOUDFRONT
    for line in given:
        text = line.decode("latin-1").rstrip("\r\n")  # as bytes: which text it is is told later
        if text.startswith("#"):
            name, _, named = text.partition(":")
            fields = named.split() if name == "#Fields" else fields
            continue
        yield _cloudfront(text, fields) if "\t" in text else _spaced(text)


def _cloudfront(text: str, fields: list[str]) -> Hit | None:
    row = dict(zip(fields, text.split("\t"), strict=False))
    path, query = row.get("cs-uri-stem", ""), row.get("cs-uri-query", "-")
    url = path if query in ("-", "") else f"{path}?{query}"
    agent = unquote(unquote(_said(row.get("cs(User-Agent)", ""))), errors="replace")
    host = _said(row.get("x-host-header", "")) or _said(row.get("cs(Host)", ""))
    return _hit(row.get("cs-method", ""), _TWICE.sub("%", url), row.get("sc-status"), agent, host)


def _spaced(text: str) -> Hit | None:
    if found := _BALANCER.match(text):
        status, method, url, agent = found.groups()
        return _hit(method, url, status, _said(agent))
    if found := _COMBINED.match(text):
        method, url, status, agent = found.groups()
        return _hit(method, _ESCAPED.sub(_encoded, url), status, _said(agent or ""))
    return None


def _encoded(found: re.Match[str]) -> str:
    """What a web server escaped, as a URL has it."""
    return f"%{found[1]}" if found[1] else f"%{ord(found[2]) & 0xFF:02X}"


def _said(text: str) -> str:
    return "" if text == "-" else text


def _hit(method: str, url: str, status: str | None, agent: str, host: str = "") -> Hit | None:
    if not method.isalpha() or len(method) > 20:
        return None
    if not url.startswith("/"):
        try:
            parts = urlsplit(url)
            if parts.scheme.lower() not in ("http", "https"):
                return None
            host = parts.netloc
        except ValueError:
            return None
        url = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    url = _NOT_IN_A_URL.sub(lambda one: f"%{ord(one[0]) & 0xFF:02X}", url.partition("#")[0])
    if len(url) > URL_CHARACTERS_MAX:
        return None
    number = int(status) if status and status.isdecimal() and len(status) == 3 else 0
    name = re.sub(r":[0-9]*\Z", "", host.lower()) if host.isascii() and host.isprintable() else ""
    clean = "".join(one for one in agent[:AGENT_CHARACTERS_MAX] if one.isprintable())
    return Hit(method.upper(), url, number, clean, name)


class Tally:
    """How often each address was asked for, for the DISTINCT_MAX that are asked for most."""

    def __init__(self, distinct_max: int = DISTINCT_MAX) -> None:
        self.counts: Counter[str] = Counter()
        self.requests = 0
        self.unread = 0
        self.dropped = 0
        self._max = distinct_max

    def add(self, hit: Hit | None) -> None:
        """Take what a line says. Only reading counts: GET and HEAD."""
        if hit is None:
            self.unread += 1
        elif hit.method in ("GET", "HEAD"):
            self.requests += 1
            self.counts[hit.url] += 1
            if len(self.counts) > self._max * 3 // 2:
                self.keep_commonest()

    def keep_commonest(self) -> None:
        """Forget what was asked for least, if there is more than can be told apart."""
        if len(self.counts) > self._max:
            kept = Counter(dict(self.counts.most_common(self._max)))
            self.dropped += self.counts.total() - kept.total()
            self.counts = kept
