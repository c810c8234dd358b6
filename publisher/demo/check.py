"""Checks a served site from outside, as a visitor would: over HTTP, link by link."""

from __future__ import annotations

from collections import deque
from urllib.parse import urljoin, urlsplit

import requests
from bs4 import BeautifulSoup

from publisher.console import say

_ATTRIBUTES = ("href", "src", "poster", "action", "data")
_PAGES_MAX = 2_000
_TIMEOUT_S = 10


def check_site(url: str, cms: str, *, quiet: bool) -> list[str]:
    """What is wrong with the demo's site: each item a sentence; none if all is well."""
    with requests.Session() as session:
        session.trust_env = False
        failures = [*_old_url(session, url), *_crawl(session, url, urlsplit(cms).netloc, quiet)]
    if not quiet:
        for failure in failures:
            say(f"FAILED  {failure}")
        say("All checks passed." if not failures else f"{len(failures)} checks failed.")
    return failures


def _old_url(session: requests.Session, url: str) -> list[str]:
    """An old URL redirects visitors once and gives preview crawlers the page itself."""
    failures = []
    old = f"{url}/?p=1632"
    answer = session.get(old, allow_redirects=False, timeout=_TIMEOUT_S)
    if (answer.status_code, answer.headers.get("Location")) != (301, "/blog/1632.html"):
        failures.append(f"{old} answers {answer.status_code}, not 301 to /blog/1632.html")
    page = session.get(f"{url}/blog/1632.html", timeout=_TIMEOUT_S)
    crawler = {"User-Agent": "facebookexternalhit/1.1"}
    seen = session.get(old, headers=crawler, allow_redirects=False, timeout=_TIMEOUT_S)
    if seen.status_code != 200 or seen.content != page.content:
        failures.append(f"{old} answers {seen.status_code} to a preview crawler, not the page")
    unknown = session.get(f"{url}/?p=999999", allow_redirects=False, timeout=_TIMEOUT_S)
    if unknown.status_code != 404:
        failures.append(f"an unmapped ?p= answers {unknown.status_code}, not 404")
    return failures


def _crawl(session: requests.Session, url: str, cms_host: str, quiet: bool) -> list[str]:
    """Follow every internal link; nothing may be broken or name the CMS."""
    failures: list[str] = []
    wanted = deque([(f"{url}/", "the start")])
    seen = {f"{url}/"}
    while wanted and len(seen) < _PAGES_MAX:
        address, linked_from = wanted.popleft()
        answer = session.get(address, timeout=_TIMEOUT_S)
        if answer.status_code != 200:
            failures.append(f"{address} answers {answer.status_code} (linked from {linked_from})")
        if cms_host.encode() in answer.content:
            failures.append(f"{address} names the CMS {cms_host}")
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            continue
        for link in _links(answer.text):
            target = urljoin(answer.url, link).partition("#")[0]
            if target.startswith(f"{url}/") and target not in seen:
                seen.add(target)
                wanted.append((target, address))
    if not quiet:
        say(f"Checked {len(seen)} URLs.")
    return failures


def _links(page: str) -> list[str]:
    soup = BeautifulSoup(page, "lxml")
    found = [
        str(element[name]) for name in _ATTRIBUTES for element in soup.find_all(attrs={name: True})
    ]
    for element in soup.find_all(attrs={"srcset": True}):
        found += [part.split()[0] for part in str(element["srcset"]).split(",") if part.split()]
    return found
