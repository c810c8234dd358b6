"""An audit from end to end: gathers old addresses, has the steps done, has the report put
together, and remembers what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from publisher.addresses import Addresses, SiteUrls
from publisher.audit.assembling import Material, report
from publisher.audit.compare import forget
from publisher.audit.fixes import ALIKE_MAX
from publisher.audit.gathering import Gathered, Progress
from publisher.audit.ground import Ground, keep, last
from publisher.audit.locating import Hosts
from publisher.audit.old_urls import OldUrls, weightiest
from publisher.audit.past import Memory, remembered, with_forgotten
from publisher.audit.replay import EdgeEngine, PythonEngine, edge_data
from publisher.audit.report import Checked, Report
from publisher.audit.steps import Given, Steps
from publisher.errors import PublisherError
from publisher.inventory import Inventory
from publisher.release import utc_now
from publisher.routes import Routes
from publisher.share_counts.taking import Kept
from redirects.edge import Site as EdgeSite

if TYPE_CHECKING:
    from publisher.site import Site


def audited(site: Site, given: Given, release: str, progress: Progress) -> Report:
    """Audit a release, and remember what was found. Raises PublisherError for files that can't be
    read, CmsError, ConfigError, StoreError."""
    memory = last(site.store)
    # What was found is not held while the rest is written.
    made = report(_found(site, given, release, memory, progress))
    kept = remembered(made, memory)
    keep(site.store, kept.memory)
    return with_forgotten(made, kept.forgotten)


def _found(site: Site, given: Given, release: str, memory: Memory, progress: Progress) -> Material:
    chosen = site.release(release)
    own = site.own_redirects()
    on = Ground.of(site.records, chosen, site.config.site.url)
    gathered = Gathered(Hosts(on.host, frozenset(own.hosts)))
    gathered.of_logs(list(given.logs), progress)
    gathered.of_lists(given.urls)
    gathered.of_sitemaps(given.sitemaps, progress)
    gathered.of_own(own)
    addresses = None
    if given.with_cms:
        progress("asking the CMS for its lists", 0, 0)
        addresses = site.addresses(site.social())
        gathered.of_cms(addresses, on.has_file)
        gathered.of_shares(Kept(site.store).book, addresses)
    else:
        gathered.checked.append(Checked("cms", 0, 0, "left out"))
    gathered.of_past(memory)
    if not gathered.urls:
        raise PublisherError(
            "no old address is known: there is nothing to audit",
            "Name access logs (--logs), lists (--urls) or the old sitemap (--sitemap).",
        )
    found = Material(
        public=on.public,
        release=chosen.id,
        has_file=on.has_file,
        paths=list(on.pages()),
        made=utc_now(),
        threshold=site.config.gates.preservation,
        memory=memory,
        alike_max=given.at_most(ALIKE_MAX),
        forms=gathered.forms,
        days=list(gathered.days),
        checked=gathered.checked,
        withdrawn=on.withdrawn,
        worked=frozenset((*gathered.worked(), *memory.good())),
    )
    place = EdgeSite(site.config.site.host, site.config.edge.previews or "")
    data = edge_data(on.rules)
    with EdgeEngine(data, on.has_file, place) as edge:
        python = PythonEngine(data, on.has_file, place)
        steps = Steps(found, on, edge, python, place, own, given, progress)
        steps.replay(weightiest(gathered.urls))
        gathered.urls = OldUrls()
        steps.close(addresses or _unlisted(site))
        steps.servers()
        steps.live()
        if addresses:
            steps.ask(addresses, site.cms())
        steps.read()
        steps.visitors()
        if addresses:
            steps.identities(addresses, Kept(site.store).book)
    forget()
    return found


def _unlisted(site: Site) -> Addresses:
    """What a CMS's addresses mean as far as that can be known without its lists."""
    home = site.config.cms.url
    inventory = Inventory(home=home, kind=site.config.cms.kind)
    return Addresses(inventory, Routes(), SiteUrls(site.config.site.url, (home,)))
