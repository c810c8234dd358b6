"""From designers' folders to releases: an upload that is whole is looked at, composed with the rest
of the site, and kept if nothing speaks against it.

    upload -> looked at -> layer -> composed -> gates -> release -> state

Killed anywhere, nothing of an upload is on the site but by a whole release; the next run does the
rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import msgspec

from publisher.composing import Composed, composed, of_cms
from publisher.errors import Finding, PublisherError
from publisher.gates import Limits, ReleaseFacts, check, refused
from publisher.intake import state as states
from publisher.intake.looking import Looked, key_of, looked
from publisher.intake.names import shown
from publisher.intake.remark import Remark
from publisher.intake.rest import Rest
from publisher.intake.state import Kept, State
from publisher.intake.taking import Upload
from publisher.intake.terms import SiteTerms
from publisher.manifest import Difference, differences, entries_of, find
from publisher.places import printable
from publisher.records import Records
from publisher.release import Contribution, Override, Release, new_id, utc_now
from redirects.rules import RuleSet

# empty: no file was ever there; uploading: it is not whole yet; refused: see the remarks; held: it
# awaits approval; waiting: it goes live with the next publish; live: visitors get it.
Standing = Literal["empty", "uploading", "refused", "held", "waiting", "live"]


@dataclass(slots=True)
class Answer:
    """What became of one designer's upload. `release`: the one that has it, '' if none does;
    `is_new`: this run made it. `key`: what tells the upload from any other. `preview_password`:
    what the preview asks for, '' if somebody gave it another one, or it asks for none."""

    designer: str
    standing: Standing
    remarks: tuple[Remark, ...] = ()
    release: str = ""
    is_new: bool = False
    key: str = ""
    files: int = 0
    pages: int = 0
    bytes: int = 0
    since: datetime | None = None
    preview: str = ""
    preview_password: str = ""


@dataclass(frozen=True, slots=True)
class Sync:
    """Makes releases of uploads. `actor` runs it, for the journal; `overrides`: gates that are let
    through once, and why."""

    records: Records
    terms: SiteTerms
    actor: str
    reason: str = ""
    overrides: Mapping[str, str] = field(default_factory=dict)

    def one(self, name: str, upload: Upload) -> Answer:
        """Take one upload that is whole. Raises Conflict if another run has just taken it, Changed
        if it has changed meanwhile, StoreError, and PublisherError if there is no release yet."""
        store = self.records.store
        state, etag = states.load(store, name)
        key = key_of(upload, self.terms, name)
        if not upload.files and not state.accepted and not state.pending:
            return Answer(name, "empty", key=key)
        base, onto = self.base()
        others = self.others(name)
        rest = Rest(self.records, base, others)
        is_known = (state.refused, state.refused_beside) == (key, rest.digest)
        if is_known and not self.overrides:
            return Answer(name, "refused", state.reasons, key=key)
        if there := self._there(name, key, base, onto, others, state):
            return accepted_answer(name, there[0], there[1].id)
        self._finish_approval(state)
        seen = looked(self.records, self.terms, name, upload, state, rest)
        kept, reasons = seen.kept, seen.reasons
        if kept:
            over_cms = self.terms.designers[name].over_cms
            own = (Contribution(name, kept.layer, over_cms),) if kept.files else ()
            made = self.composed(base, (*own, *others))
            passed = kept in (state.accepted, state.pending)
            kept = self._with_both(kept, made)
            findings = [] if passed else self._findings(seen, made, base, state)
            standing = refused(findings, self.overrides)
            reasons = tuple(map(_as_remark, standing))
        if not kept or reasons:
            moved = msgspec.structs.replace(
                state,
                refused=key,
                refused_folder=upload.digest,
                refused_beside=rest.digest,
                reasons=reasons,
            )
            states.save(store, name, moved, etag)
            return Answer(name, "refused", reasons, key=key)
        answer = accepted_answer(name, kept)
        held = self._held(name, base, made, kept, state)
        if held and state.held and state.pending and kept.upload == state.pending.upload:
            answer.standing, answer.release = "held", state.held
            return answer
        is_same = state.accepted is not None and state.accepted.layer == kept.layer
        if made.differs_from(base):
            release = self._release(name, base, onto, made, held, findings)
            answer.release, answer.is_new = self._put(release, state.approved if is_same else "")
        else:
            answer.release = base.id
        moved = msgspec.structs.replace(
            state,
            refused="",
            refused_folder="",
            refused_beside="",
            reasons=(),
            pending=None,
            held="",
        )
        if held:
            moved = msgspec.structs.replace(moved, pending=kept, held=answer.release)
            answer.standing = "held"
        else:
            moved = msgspec.structs.replace(
                moved,
                accepted=kept,
                over_cms=over_cms,
                approved=state.approved if is_same else "",
                approval=state.approval if is_same else None,
            )
        if moved != state:
            states.save(store, name, moved, etag)
        return answer

    # ----------------------------------------------------------------- pieces

    def base(self) -> tuple[Release, str]:
        """The release whose CMS's part an upload is added to: what is live, or the newest if
        nothing is; and the id of what is live. Raises PublisherError if there is none."""
        live = self.records.intent()[0].release
        name = live or next(iter(self.records.release_ids()), "")
        if not name:
            hint = "Make one: publisher export --publish"
            raise PublisherError("there is no release yet to which uploads could be added", hint)
        return self.records.release(name), live

    def others(self, name: str) -> tuple[Contribution, ...]:
        """What all other designers contribute."""
        known = states.states(self.records.store)
        return tuple(one for one in states.accepted(known) if one.designer != name)

    def _finish_approval(self, state: State) -> None:
        """Do what whoever approved of the accepted upload was killed before: its release may be
        published."""
        if state.approval and not self.records.approval(state.approved):
            self.records.approve(state.approval)

    def composed(self, base: Release, layers: tuple[Contribution, ...]) -> Composed:
        """The site of these layers beside the CMS's part of a release."""
        records = self.records
        return composed(
            records,
            records.manifest(base.cms_layer),
            RuleSet.from_json(records.blob(base.cms_rules)),
            tuple(sorted(layers, key=lambda one: one.designer)),
            self.terms.owns,
            records.manifest(base.manifest),
        )

    def _findings(self, seen: Looked, made: Composed, base: Release, state: State) -> list[Finding]:
        """What speaks against a new upload: the same gates as for the CMS. A designer loses no more
        than half of their pages unsaid; of files, if there are no pages."""
        before = state.accepted
        pages = before.pages if before else 0
        layer = self.records.manifest(before.layer if before else "")
        own = dict(entries_of(layer, self.records.load_part))
        # A page of the CMS that theirs takes the place of, or gives way to, is none of theirs.
        changes = [
            one
            for one in self._changes(base, made)
            if one.old is None or own.get(one.path) == one.old
        ]
        limit = min(self.terms.limits.lost_pages, pages // 2)
        facts = ReleaseFacts(
            has_home=made.has_home,
            pages=made.pages,
            found=seen.findings,
            changes=changes,
            limits=Limits(lost_pages=limit),
        )
        found = check(facts)
        gone = [one.path for one in changes if one.new is None]
        new = sum(one.old is None for one in changes)
        if before and not pages and len(gone) - new > before.files // 2:
            why = f"is live and not in this upload ({len(gone):,} such files)"
            found += [Finding("lost-pages", path, why) for path in gone]
        return found

    def _changes(self, base: Release, made: Composed) -> list[Difference]:
        before = self.records.manifest(base.manifest)
        return list(differences(before, made.manifest, self.records.load_part))

    def _held(
        self, name: str, base: Release, made: Composed, kept: Kept, state: State
    ) -> tuple[str, ...]:
        """Why somebody has to approve of an upload; nobody has to of one that was accepted."""
        if state.accepted and state.accepted.layer == kept.layer:
            return ()
        watch = self.terms.approvals.watch()
        for change in self._changes(base, made):
            watch.note(change.path)
        if base.redirects != made.redirects:
            watch.note_redirects(self.records.rules(base), made.rules)
        own = f"designers.{name}.approval"
        is_own = self.terms.designers[name].needs_approval
        return (own, *watch.reasons) if is_own else tuple(watch.reasons)

    def _there(
        self,
        name: str,
        key: str,
        base: Release,
        onto: str,
        others: tuple[Contribution, ...],
        state: State,
    ) -> tuple[Kept, Release] | None:
        """This upload, and the release that has it beside all others: what is live, or what was
        made to go live next. Nothing need be read then."""
        kept = state.accepted
        if not kept or kept.upload != key or state.pending or state.refused:
            return None
        own = (Contribution(name, kept.layer, state.over_cms),) if kept.files else ()
        wanted = {*own, *others}
        if set(base.layers) == wanted:
            return kept, base
        newest = self.records.release(self.records.release_ids()[0])
        is_next = (newest.parent, *of_cms(newest)) == (onto, *of_cms(base))
        is_next = is_next and set(newest.layers) == wanted
        is_free = not newest.held or self.records.approval(newest.id) is not None
        return (kept, newest) if is_next and is_free else None

    def _with_both(self, kept: Kept, made: Composed) -> Kept:
        """An upload with a note for each path that the CMS has, too."""
        layer = self.records.manifest(kept.layer)
        both = [
            Remark("over-cms" if one.is_designers else "under-cms", what=shown(str(one.path)))
            for one in made.both
            if find(layer, one.path, self.records.load_part)
        ]
        own = [one for one in kept.notes if not one.code.endswith("-cms")]
        return msgspec.structs.replace(kept, notes=(*own, *both))

    def _release(
        self,
        name: str,
        base: Release,
        onto: str,
        made: Composed,
        held: tuple[str, ...],
        findings: Sequence[Finding],
    ) -> Release:
        now = utc_now()
        gates = {finding.gate for finding in findings}
        by = f"uploaded; taken by {self.actor}"
        return made.into(
            msgspec.structs.replace(
                base,
                id=new_id(now),
                parent=onto,
                created=now,
                actor=name,
                reason=f"{by}: {self.reason}" if self.reason else by,
                retired=False,
                designer=name,
                held=held,
                overrides=tuple(
                    Override(gate, reason)
                    for gate, reason in self.overrides.items()
                    if gate in gates
                ),
            )
        )

    def _put(self, release: Release, approved: str) -> tuple[str, bool]:
        """Keep a release, unless the newest one is the same. Returns its id, and whether it is new.
        `approved`: the release in which this very upload was approved of, '' for none: its
        approval is taken along."""
        newest = self.records.release(self.records.release_ids()[0])
        if _what(newest) == _what(release):
            return newest.id, False
        given = self.records.approval(approved) if approved else None
        before = self.records.stored_release(approved) if given else None
        if given and before and not release.held:
            why = f"the same upload as in {given.release}"
            again = msgspec.structs.replace(given, release=release.id, reason=why)
            self.records.approve(again)
            release = msgspec.structs.replace(release, held=before[0].held)
        self.records.put_release(release)
        return release.id, True


def accepted_answer(name: str, kept: Kept, release: str = "") -> Answer:
    """The answer for an upload that was accepted, before anybody looked at what visitors get."""
    return Answer(
        name,
        "waiting",
        kept.notes,
        release,
        key=kept.upload,
        files=kept.files,
        pages=kept.pages,
        bytes=kept.bytes,
    )


def _what(release: Release) -> tuple[object, ...]:
    """What makes two releases of an upload the same."""
    return release.manifest, release.redirects, release.parent, release.designer, release.layers


def _as_remark(finding: Finding) -> Remark:
    what = f"{finding.detail}: {finding.excerpt}" if finding.excerpt else finding.detail
    if finding.gate == "lost-pages":  # it speaks of exports; the page says all there is
        what = ""
    return Remark(f"gate:{finding.gate}", shown(finding.page), finding.line, printable(what))
