"""Every old address that anybody knows of: the CMS, logs, lists, sitemaps, the site's own rules,
and the last audit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from publisher.addresses import Addresses
from publisher.audit.counts import NAMES, Doubts, Heaviest
from publisher.audit.forms import Form, forms
from publisher.audit.imports import read_urls_file
from publisher.audit.locating import Hosts, locate
from publisher.audit.old_urls import OldUrls
from publisher.audit.past import Memory
from publisher.audit.report import BAD, GOOD, Checked, Day, Measures, Source
from publisher.audit.sitemaps import read_sitemap
from publisher.content_types import is_part_of_pages
from publisher.errors import PublisherError
from publisher.log_files import read_logs
from publisher.own import Own
from publisher.share_counts.book import Book, before_and_after, targets_of
from publisher.share_counts.networks import ENTRIES
from redirects.own import written

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Gathered:
    """What was gathered: the addresses; those that the CMS's own content names, with where they
    should lead; and what logs show beside: which addresses were `answered` with something, and the
    days."""

    hosts: Hosts
    urls: OldUrls = field(default_factory=OldUrls)
    forms: dict[str, Form] = field(default_factory=dict)
    answered: frozenset[str] = frozenset()
    days: tuple[Day, ...] = ()
    checked: list[Checked] = field(default_factory=list)

    def of_cms(self, addresses: Addresses, has_file: Callable[[str], bool]) -> None:
        """Take every form of what the CMS holds."""
        for form in forms(addresses, has_file):
            self.forms.setdefault(form.url, form)
            self.urls.add(form.url, "cms")
        self.checked.append(Checked("cms", len(self.forms), len(self.forms)))

    def of_shares(self, book: Book, addresses: Addresses) -> None:
        """Take how often old posts were shared, at the addresses by which networks know them: the
        highest counts that there were."""
        for target, counts in before_and_after(book, targets_of(addresses), ENTRIES):
            shares = sum(max(one.before or 0, one.after or 0) for one in counts.values())
            if shares:
                self._add(target.old, "cms", Measures(shares=shares))

    def of_logs(self, paths: list[Path], progress: Progress) -> None:
        """Take what access logs show. Raises PublisherError."""
        if not paths:
            return
        tally = read_logs(paths, self.hosts, progress)
        parts = 0
        for url, hits in tally.counts.items():
            if is_part_of_pages(url.partition("?")[0]):
                # A page brings dozens of them: what is kept of those would hide what is lost.
                parts += hits
                hits = 0
            self.urls.add(url, "log", Measures(hits=hits))
        self.answered = frozenset(tally.answered)
        self.days = tally.days
        counted = tally.requests - tally.dropped - tally.elsewhere - parts
        problems = [
            f"{parts:,} for images, styles, scripts and fonts: no visits" if parts else "",
            f"{tally.unread:,} {_plural('line', tally.unread)} without a request"
            if tally.unread
            else "",
            f"{tally.elsewhere:,} at other hosts" if tally.elsewhere else "",
            f"{tally.dropped:,} for addresses too rare to count" if tally.dropped else "",
        ]
        self.checked.append(
            Checked("logs", counted, tally.requests, "; ".join(filter(None, problems)))
        )

    def of_lists(self, paths: Iterable[Path]) -> None:
        """Take the addresses in tables and lists. Raises PublisherError, also for a file in which
        no address is one of this site."""
        for path in paths:
            before = len(self.urls)
            total = 0
            doubts, heaviest = Doubts(path.name), Heaviest()
            for text, source, measures in read_urls_file(path, doubts.add):
                total += 1
                url = self._add(text, source, measures)
                if url is not None:
                    heaviest.add(url, source, measures)
            self._say_if_none(str(path), total, before)
            problem = "; ".join((*self._capped(heaviest), *doubts.told()))
            self.checked.append(Checked("lists", total, total, problem))

    def _capped(self, heaviest: Heaviest) -> Iterator[str]:
        """Let no line of a list outweigh all others of it, and say where one would."""
        for one in heaviest.excess():
            less = Measures(**{one.measure: one.weight - one.claims})
            self.urls.add(one.url, one.source, less)
            yield one.told()

    def of_sitemaps(self, places: Iterable[str], progress: Progress) -> None:
        """Take the addresses in old sitemaps. Raises PublisherError."""
        for place in places:
            before = len(self.urls)
            listed = read_sitemap(place, progress)
            for text in listed.urls:
                self._add(text, "sitemap")
            self._say_if_none(place, len(listed.urls), before)
            total = len(listed.urls)
            self.checked.append(Checked("sitemaps", total, total, "; ".join(listed.problems[:3])))

    def of_own(self, own: Own) -> None:
        """Take the addresses for which the site has rules of its own. A pattern has no address."""
        for rule in own.rules:
            self._add(written(rule)[0], "rule")

    def of_past(self, memory: Memory) -> None:
        """Take what the last audit lost: it is looked at until it is mended. And take what
        addresses were worth then: of a measure that nothing says anything of by now (no log was
        given, say), of all of them; of others, of what was lost and is not counted now."""
        measured = {name for one in self.urls for name in NAMES if getattr(one.measures, name)}
        missing = [name for name in NAMES if name not in measured]
        taken = 0
        for url, seen in memory.rows.items():
            is_bad = seen.outcome in BAD
            if not is_bad and seen.outcome not in GOOD:
                continue
            now = self.urls.worth(url)
            worth = {
                name: then
                for name in (NAMES if is_bad else missing)
                if (then := getattr(seen.measures, name)) and not getattr(now, name)
            }
            is_taken = bool(worth) or (is_bad and url not in self.urls)
            if is_taken or is_bad:
                for source in seen.sources:
                    self.urls.add(url, source)
            if is_taken:
                taken += 1
                self.urls.add(url, "past", Measures(**worth))
        if taken:
            self.checked.append(Checked("past", taken, taken))

    def worked(self) -> Iterator[str]:
        """The addresses at which somebody got something, as logs and search engines say."""
        yield from self.answered
        yield from (one.url for one in self.urls if one.measures.clicks)

    def _add(self, text: str, source: Source, measures: Measures | None = None) -> str | None:
        url = locate(text, self.hosts.public, self.hosts.others)
        if url is not None:
            self.urls.add(url, source, measures)
        return url

    def _say_if_none(self, place: str, total: int, before: int) -> None:
        if total and len(self.urls) == before and not before:
            message = f"no address in {place} is at {self.hosts.public}; it has {total:,}"
            raise PublisherError(message, "Is it of this site? Addresses are absolute, or from /.")


def _plural(word: str, number: int) -> str:
    return word if number == 1 else f"{word}s"
