"""What `publisher redirects` does: puts the parts together, writes what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.audit.locating import Hosts
from publisher.errors import PublisherError
from publisher.log_files import Progress, read_logs
from publisher.log_search import Known, Searched, rows, search
from publisher.log_tally import Tally
from publisher.redirect_build import has_file, rebuilt
from publisher.redirect_summary import Fullness, Summary, fullness, summary
from publisher.rules import with_withdrawn
from publisher.whole_files import add_rows, write_table, write_text
from redirects.edge import Site as EdgeSite
from redirects.explain import Explained, asked, explain
from redirects.own import written
from redirects.rules import RuleSet

if TYPE_CHECKING:
    from publisher.publish import Actor
    from publisher.release import Release
    from publisher.site import Site


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
            add_rows(found, rows(searched.found), "from")
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
