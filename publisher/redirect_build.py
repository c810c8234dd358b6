"""The redirects of a release, derived anew from what the CMS lists now; nothing is exported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from publisher.addresses import Addresses, SiteUrls
from publisher.identities import problems
from publisher.inventory import Inventory
from publisher.manifest import entries_of, find
from publisher.paths import file_path, recorded
from publisher.pipeline import Request
from publisher.records import Records
from publisher.release import Release
from publisher.remarks import of_redirects
from publisher.rules import OF_THE_CMS, Redirects
from redirects.rules import RuleSet


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The rule set, what is worth a look in it, and what it was made from."""

    rules: RuleSet
    remarks: tuple[str, ...]
    addresses: Addresses
    has_file: Callable[[str], bool]


def rebuilt(records: Records, release: Release, inventory: Inventory, request: Request) -> Rebuilt:
    """Derive a release's redirects from the CMS's lists and the site's own rules.

    What the CMS itself redirects only an export learns: it is taken over from the release.
    """
    urls = SiteUrls(request.public, (inventory.home, request.cms))
    addresses = Addresses(inventory, request.routes, urls, request.social, scope=request.scope)
    redirects = Redirects(addresses, request.own)
    paths: set[str] = set()
    for path, url in _files(records, release):
        paths.add(path)
        redirects.add(recorded(path), url)
    known = (rule for rule in records.rules(release).rules if rule.origin == OF_THE_CMS)
    rules = redirects.rules((), known)
    said = (
        *of_redirects(rules, request.own, redirects.hiding(), redirects.nowhere(rules)),
        *problems(redirects.identities, request.public, rules),
    )
    return Rebuilt(rules, said, addresses, lambda path: file_path(path) in paths)


def has_file(records: Records, release: Release) -> Callable[[str], bool]:
    """Tells whether a release has something at a decoded path, reading what it must."""
    manifest = records.manifest(release.manifest)
    return lambda path: find(manifest, recorded(file_path(path)), records.load_part) is not None


def _files(records: Records, release: Release) -> Iterator[tuple[str, str]]:
    """The paths of a release, and the URLs that they were made from."""
    if release.captured:
        for path, row in records.captured(release.captured):
            yield path, row.url
    else:
        manifest = records.manifest(release.manifest)
        yield from ((str(path), "") for path, _ in entries_of(manifest, records.load_part))
