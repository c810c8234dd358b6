"""Whether an upload can be on the site: file by file, then as a whole. Pure.

What is refused, is refused as a whole: half of an upload is a broken page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from publisher.content_types import bare, cache_control, is_text, served_as
from publisher.errors import Finding
from publisher.inspection import Inspector
from publisher.intake import pictures
from publisher.intake.names import place, shown
from publisher.intake.policy import Policy
from publisher.intake.reading import Read, read
from publisher.intake.references import Reader, Reference
from publisher.intake.remark import Remark
from publisher.intake.words import size
from publisher.paths import SitePath
from publisher.places import printable
from publisher.rewrite.text import Hosts

FILES_MAX = 20_000
FILE_BYTES_MAX = 512 * 1024 * 1024
"""As for a file of the CMS: it is held in memory."""

TEXT_BYTES_MAX = 10 * 1024 * 1024
PICTURE_BYTES_MAX = 5 * 1000 * 1000
PICTURE_SIDE_MAX = 10_000
# So many remarks with one code are told; a mistake in a template is in all its pages.
_TOLD_MAX = 50
# So many references are looked at: those of a thousand pages with a menu of a hundred links, twice.
_REFERENCES_MAX = 200_000
# What `Hosts.leak` shows before what it found, in characters.
_LEAK_BEFORE = 40


@dataclass(frozen=True, slots=True)
class Passed:
    """A file as it will be served."""

    path: SitePath
    body: bytes
    content_type: str
    cache_control: str


@dataclass(slots=True)
class Screening:
    """Looks at one upload. `host`: the public one; `cms`: the CMS's hosts."""

    policy: Policy
    inspector: Inspector
    host: str
    cms: Hosts
    remarks: list[Remark] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    paths: dict[SitePath, str] = field(default_factory=dict)
    _counts: Counter[str] = field(default_factory=Counter)

    def begin(self, names: Iterable[tuple[str, int]]) -> dict[str, SitePath]:
        """Take the names and sizes of all files; the places of those that can be looked at."""
        places: dict[str, SitePath] = {}
        count = 0
        for name, length in names:
            count += 1
            if count > FILES_MAX:
                continue
            found = place(name, self.policy.areas, self.policy.types)
            if isinstance(found, Remark):
                self.remark(found)
            elif other := self.paths.get(found):
                self.remark(Remark("name-twice", shown(name), hint=shown(other)))
            elif length > _limit(found):
                limit = size(_limit(found))
                self.remark(Remark("file-large", shown(name), what=size(length), hint=limit))
            else:
                self.paths[found] = name
                places[name] = found
        if count > FILES_MAX:
            self.remark(Remark("files-many", what=f"{count:,}", hint=f"{FILES_MAX:,}"))
        return places

    def look(self, name: str, path: SitePath, body: bytes) -> Passed:
        """Look at a file."""
        content_type = served_as(path.file, "", by_extension=True)
        if not body:
            self.remark(Remark("empty-file", shown(name)))
        if is_text(content_type):
            body, content_type = self._text(name, path, read(body, content_type))
        else:
            self._picture(name, content_type, body)
        return Passed(path, body, content_type, cache_control(content_type))

    def _text(self, name: str, path: SitePath, found: Read) -> tuple[bytes, str]:
        told = shown(name)
        if found.is_unreadable:
            self.remark(Remark("charset-unknown", told))
        elif found.converted and self.policy.charset == "refuse":
            self.remark(Remark("charset", told, what=found.converted))
        elif found.converted:
            self.remark(Remark("converted", told, what=found.converted))
        reader = Reader(self.host, self.policy.scripts == "allow")
        looked = reader.look(found.body, found.content_type, told, path)
        for remark in looked.remarks:
            self.remark(remark)
        room = _REFERENCES_MAX - len(self.references)
        self.references += looked.references[:room]
        text = found.body.decode("utf-8", "replace")
        if leak := self.cms.leak(text):
            start = text.find(leak)  # and what stands before the host
            before = start + _LEAK_BEFORE if start > 0 else 0
            line = text.count("\n", 0, before) + 1 if start >= 0 else 0
            self.remark(Remark("private-link", told, line, what=printable(leak)))
        known = {one.line for one in looked.remarks if one.code == "private-link"}
        for finding in self.inspector.findings(found.body, found.content_type, str(path)):
            if finding.gate != "staging-host":
                self.findings.append(finding)
            elif finding.line not in known:  # nobody lets through a link to one's own machine
                what = printable(finding.excerpt or finding.detail)
                self.remark(Remark("private-link", told, finding.line, what=what))
        return found.body, found.content_type

    def _picture(self, name: str, content_type: str, body: bytes) -> None:
        if not bare(content_type).startswith("image/"):
            return
        sides = pictures.size_of(body)
        is_long = sides is not None and max(sides) > PICTURE_SIDE_MAX
        if len(body) <= PICTURE_BYTES_MAX and not is_long:
            return
        what, hint = size(len(body)), f"{size(PICTURE_BYTES_MAX)}"
        if sides:
            fit = pictures.fitting(*sides, len(body), PICTURE_BYTES_MAX)
            what = f"{sides[0]} × {sides[1]} px, {what}"
            hint = f"{fit[0]} × {fit[1]} px, {hint}"
        self.remark(Remark("picture-large", shown(name), what=what, hint=hint))

    def end(
        self, has: Callable[[SitePath], bool], alike: Callable[[set[str]], dict[str, str]]
    ) -> None:
        """Look at what the files refer to, once all were looked at. `has`: whether the rest of the
        site answers at a path; `alike`: of paths in lower case, those that the rest of the site
        has in another case."""
        lower = {path.file.lower(): path for path in self.paths}
        paths = {one.path for one in self.references}
        gone = {path for path in paths if not self._answers(path) and not has(path)}
        lost = sorted({one for one in self.references if one.path in gone})
        wanted = {one.path.file.lower() for one in lost} - lower.keys()
        elsewhere = alike(wanted) if wanted else {}
        for one in lost:
            other = lower.get(one.path.file.lower()) or elsewhere.get(one.path.file.lower())
            if other:
                code, hint = "missing-case", _as_written(one, other)
            else:
                code, hint = ("missing" if one.is_needed else "link-missing"), ""
            self.remark(Remark(code, one.file, one.line, what=one.written, hint=hint))

    def _answers(self, path: SitePath) -> bool:
        return path in self.paths or f"{path}/" in self.paths

    def remark(self, remark: Remark) -> None:
        """Take note of something."""
        self._counts[remark.code] += 1
        if self._counts[remark.code] <= _TOLD_MAX:
            self.remarks.append(remark)

    def untold(self) -> Iterator[tuple[str, int]]:
        """The codes of which not every remark is told, and how many are not."""
        for code, count in self._counts.items():
            if count > _TOLD_MAX:
                yield code, count - _TOLD_MAX


def _limit(path: SitePath) -> int:
    return (
        TEXT_BYTES_MAX if is_text(served_as(path.file, "", by_extension=True)) else FILE_BYTES_MAX
    )


def _as_written(one: Reference, other: str) -> str:
    """The name that is meant: as in the reference, if only its last part is another one."""
    folder, _, name = SitePath(other).file.rpartition("/")
    before, slash, _ = one.written.rpartition("/")
    is_near = folder == one.path.file.rpartition("/")[0]
    return f"{before}{slash}{name}" if is_near else str(other)
