"""What `publisher redirects` does: puts the parts together, writes what was found.

What one command alone needs is imported where it is used: a question must not wait for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.audit.locating import Hosts
from publisher.errors import ConfigError, Problem, PublisherError
from publisher.log_files import Progress, read_logs
from publisher.log_search import Known, Searched, rows, search
from publisher.log_tally import Tally
from publisher.redirect_build import has_file, rebuilt
from publisher.redirect_files import NEEDED
from publisher.redirect_summary import Fullness, Summary, fullness, summary
from publisher.rules import with_withdrawn
from publisher.whole_files import add_rows, check_table, write_table, write_text
from redirects.edge import Site as EdgeSite
from redirects.explain import Explained, asked, explain
from redirects.own import written
from redirects.rules import RuleSet

if TYPE_CHECKING:
    from publisher.old_site import Report as Captured
    from publisher.publish import Actor
    from publisher.release import Release
    from publisher.share_counts.taking import Report as Counted
    from publisher.site import Site
    from redirects.formats.written import Written


@dataclass(frozen=True, slots=True)
class Built:
    """A rule set in figures, what is worth a look, and what logs show, if some were given."""

    release: Release
    summary: Summary
    fullness: Fullness
    remarks: tuple[str, ...]
    tally: Tally | None = None
    searched: Searched | None = None


def build(
    site: Site,
    who: Actor,
    release: str,
    logs: Sequence[Path],
    found: Path,
    output: Path | None,
    progress: Progress,
) -> Built:
    """Derive the redirects of a release anew. Raises ConfigError for the site's own, CmsError,
    and PublisherError for files that can't be read or written."""
    write = _writer(output) if output else None
    request = site.request(who, {})  # what is wrong with the site's own rules is said at once
    chosen = site.release(release)
    hosts = Hosts(site.config.site.host, frozenset(request.own.hosts))
    if logs:
        check_table(found, NEEDED)
    tally = read_logs(logs, hosts, progress) if logs else None
    cms = site.cms()
    progress("asking the CMS for its lists", 0, 0)
    made = rebuilt(site.records, chosen, cms.inventory(), request)
    if output and write:
        write(output, made.rules)
    searched = None
    if tally:
        known = Known(made.rules, made.has_file, made.addresses)
        searched = search(
            tally.counts, known, cms, lambda done, all_: progress("asking the CMS", done, all_)
        )
        if searched.found:
            add_rows(found, rows(searched.found), NEEDED)
    return Built(
        chosen,
        summary(made.rules, request.own.files),
        fullness(made.rules),
        made.remarks,
        tally,
        searched,
    )


def explained(
    site: Site, url: str, user_agent: str, method: str, language: str, release: str
) -> Explained:
    """What a request gets of a release, and why. Raises PublisherError for what is no address."""
    try:
        request = asked(url, method.upper(), user_agent, language)
    except ValueError:
        raise PublisherError(
            f"{url!r} is no address", "Give a path from / on, or all of it from http on."
        ) from None
    chosen = site.release(release)
    records = site.records
    withdrawn = records.intent()[0].withdrawn
    is_there = has_file(records, chosen)
    return explain(
        with_withdrawn(records.rules(chosen), withdrawn),
        request,
        lambda path: path not in withdrawn and is_there(path),
        EdgeSite(site.config.site.host, site.config.edge.previews or ""),
    )


def captured(
    site: Site, old_site: str, output: Path, urls: Path | None, progress: Progress
) -> Captured:
    """Ask the old site what its pages say in `og:url`, and write it into a file; `urls` names the
    addresses to ask for, one a line. Raises ConfigError, CmsError, PublisherError."""
    from publisher.identity_file import read, read_urls, write
    from publisher.old_site import OldSite, addresses_of, posts_of
    from publisher.values import is_url

    try:
        base = is_url(old_site)
    except ValueError as error:
        raise ConfigError("publisher", [Problem(0, "OLD_SITE_URL", str(error))]) from None
    known = read(output) if output.exists() else {}
    listed = read_urls(urls, base) if urls else None
    addresses = site.addresses(site.social(captured=False))
    posts = posts_of(addresses)
    if not posts:
        raise PublisherError(
            "the CMS lists no post whose old address is to be kept",
            "Look at social.cutover; only cms.kind: wordpress lists posts.",
        )
    wanted = addresses_of(posts, base, addresses, listed)
    return OldSite(base, posts).capture(
        wanted,
        known,
        lambda made: write(output, made),
        lambda done, total: progress("asking the old site", done, total),
    )


def counted(
    site: Site,
    names: Sequence[str],
    urls: Path | None,
    output: Path | None,
    progress: Progress,
    *,
    compare: bool,
    renew: bool,
) -> Counted:
    """Ask the networks with these names how often old posts were shared, and the addresses in the
    file `urls`; write a table. `compare` and `renew` are those of `Taking`. Raises ConfigError,
    CmsError, StoreError, and PublisherError for a comparison with nothing."""
    from publisher.identity_file import read_urls
    from publisher.share_counts.book import table, targets_of
    from publisher.share_counts.networks import networks
    from publisher.share_counts.taking import Kept, Taking

    listed = read_urls(urls) if urls else []
    asked_networks, skipped = networks(names, site.config.site.url)
    kept = Kept(site.store)
    if compare and not any(kept.book.networks.values()):
        hint = "Run it without --compare first, while the old site is up."
        raise PublisherError("there is no baseline to compare with", hint)
    with contextlib.ExitStack() as stack:
        for network in asked_networks:
            stack.callback(network.close)
        targets = targets_of(site.addresses(site.social()), listed)
        taking = Taking(kept, progress, compare=compare, renew=renew)
        report = taking.take(asked_networks, targets)
    report.skipped = skipped
    if output:
        write_table(output, table(report.rows))
    return report


def exported(
    site: Site, release: str, form: str, folder: str, output: Path
) -> tuple[Release, RuleSet, Written]:
    """Write a release's redirects, with what was withdrawn, in one of the `FORMATS`; `folder`:
    where the files will lie on the server, or ''. Raises PublisherError for what can't be written,
    and for more rules than the format holds."""
    from redirects.compile import StoreTooLargeError
    from redirects.formats.known import FORMATS
    from redirects.formats.written import Settings

    chosen = site.release(release)
    rules = with_withdrawn(site.records.rules(chosen), site.records.intent()[0].withdrawn)
    config = site.config
    try:
        made = FORMATS[form](
            rules, Settings(config.site.host, config.redirects.max_age, folder=folder)
        )
    except StoreTooLargeError as error:
        raise PublisherError(str(error)) from None
    for name, text in made.files.items():
        write_text(output / name, text)
    return chosen, rules, made


def _writer(path: Path) -> Callable[[Path, RuleSet], None]:
    """What writes a rule set into a file of this kind."""
    if path.suffix == ".json":
        return lambda path, rules: write_text(path, rules.to_json().decode() + "\n")
    if path.suffix == ".csv":
        return lambda path, rules: write_table(path, _rule_rows(rules))
    raise PublisherError(f"{path}: --output writes .csv or .json")


def _rule_rows(rules: RuleSet) -> Iterable[tuple[str, ...]]:
    yield "from", "to", "status", "language", "origin"
    for rule in rules.rules:
        yield (*written(rule), rule.origin)
    for pattern in rules.patterns:
        yield (*written(pattern), pattern.origin)
