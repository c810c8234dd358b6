"""Pages of whole sites, rewritten by a rewriter that changes no address and keeps everything."""

from __future__ import annotations

from collections import deque

import pytest

from publisher.addresses import Address, Addresses, SiteUrls
from publisher.cms.port import Capture
from publisher.cms.wordpress import WordPress as Cms
from publisher.demo.cms import SampleCms
from publisher.discovery import usual
from publisher.rewrite.document import Rewriter
from publisher.rewrite.removals import ALL
from publisher.routes import Routes
from tests.samples import PUBLIC
from tests.wordpress import WordPress

# A host that no page names: what a page names is somebody else's.
ELSEWHERE = "http://elsewhere.example:1"
PAGES_MAX = 300


class _Elsewhere(Addresses):
    """Addresses of which no page's are."""

    def locate(self, url: str) -> Address | None:
        return None


def check(url: str, password: str = "") -> None:
    """Every listed page of a CMS comes out as it came in."""
    cms = Cms(url, password)
    inventory = cms.inventory()
    things = (*inventory.terms, *inventory.authors, *inventory.items)
    links = [thing.link for thing in things if getattr(thing, "kind", "") != "attachment"]
    wanted = deque([*usual(inventory), *links[:PAGES_MAX]])
    captures = [capture for capture in cms.captures(wanted) if capture and _is_page(capture)]
    rewriter = Rewriter(
        _Elsewhere(inventory, Routes(), SiteUrls(PUBLIC, (ELSEWHERE,))),
        ALL,
    )
    assert len(captures) > 20
    for capture in captures:
        address = Address(capture.url, "/", None, None)
        document = rewriter.rewrite(capture.body, capture.content_type, address)
        assert document.body == capture.body, capture.url


def _is_page(capture: Capture) -> bool:
    return capture.status == 200 and "html" in capture.content_type


def test_every_page_of_the_sample_site() -> None:
    with SampleCms() as cms:
        check(cms.url)


@pytest.mark.real
def test_every_page_of_a_real_wordpress(wordpress_plain: WordPress) -> None:
    check(wordpress_plain.url, wordpress_plain.basic_auth or "")
