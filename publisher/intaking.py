"""Designers' uploads as commands take them: releases, what is live, previews, answers, messages."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from publisher.designers.names import folder
from publisher.errors import Conflict, LostRace, NotNow
from publisher.filling import Progress
from publisher.intake import state as states
from publisher.intake.names import shown
from publisher.intake.notice import send, text_of
from publisher.intake.remark import Remark
from publisher.intake.status import write
from publisher.intake.sync import Answer, Sync, accepted_answer
from publisher.intake.taking import Changed, Unlisted, Upload, Waiting, settled
from publisher.manifest import find
from publisher.paths import SitePath
from publisher.publish import Actor, Audience, Outcome, Publisher
from publisher.release import LIVE, PREVIEW, Release, utc_now
from publisher.store.port import Store
from redirects.compile import password_digest

# So often somebody else may have changed what an upload is added to.
_ATTEMPTS_MAX = 5
_PREVIEW_LASTS = timedelta(days=30)
# A preview that ends sooner is shown again.
_PREVIEW_LEFT = timedelta(days=7)
# A preview's password, 79 bits of it: characters that nobody mistakes for others, in groups.
_CHARACTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS = (4, 4, 4, 4)
_OVERTAKEN = "another run has taken a newer upload"

# The uploads that are whole, of folders to wait for.
Wait = Callable[[Store, Mapping[str, Waiting]], dict[str, Upload | None]]


@dataclass(slots=True)
class Taken:
    """What a run did: an answer for each designer, what went live, and what did not work beside
    that and is no reason to fail."""

    answers: list[Answer] = field(default_factory=list)
    published: list[Outcome] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Intake:
    """One run. `publisher` makes one for a target; `preview`: where a designer's can be seen, ''
    if there is none; `notify`: the web address for a designer's messages, '' for none.
    `publish`: make uploads live that nobody has to approve of."""

    sync: Sync
    publisher: Callable[[str], Publisher]
    preview: Callable[[str], str]
    notify: Callable[[str], str]
    progress: Progress
    publish: bool = False
    dry_run: bool = False
    wait: Wait = settled

    def run(self, names: Sequence[str]) -> Taken:
        """Take the uploads of these designers. Raises StoreError, EdgeError, PublisherError."""
        done = Taken()
        self.sync.base()  # without a release there is nothing to add to, and nothing to wait for
        self.progress("waiting until nobody uploads", 0, 0)
        answers, uploads = self._uploads(names)
        for number, name in enumerate(names):
            self.progress("taking uploads", number, len(names))
            answer = answers.get(name) or self._one(name, uploads[name], done)
            self._settle(answer, done)
            done.answers.append(answer)
        return done

    def _uploads(self, names: Sequence[str]) -> tuple[dict[str, Answer], dict[str, Upload | None]]:
        """The uploads that are whole, waited for together. A folder that can't be listed keeps
        nobody else's from being taken."""
        store = self.sync.records.store
        answers: dict[str, Answer] = {}
        folders = {name: self._waiting(name) for name in names}
        while True:
            try:
                return answers, self.wait(store, folders)
            except Unlisted as error:
                name = next(one for one, at in folders.items() if at.folder == error.folder)
                answers[name] = _unreadable(name, error)
                del folders[name]

    def _waiting(self, name: str) -> Waiting:
        terms = self.sync.terms.designers[name]
        state, _ = states.load(self.sync.records.store, name)
        known = {one.folder for one in (state.accepted, state.pending) if one}
        known.add(state.refused_folder)
        return Waiting(folder(name), terms.marker, terms.quiet_s, frozenset(known))

    def _one(self, name: str, upload: Upload | None, done: Taken) -> Answer:
        """Take one upload, and make it live if that is asked for; again, if others were faster."""
        if upload is None:
            return Answer(name, "uploading")
        for _ in range(_ATTEMPTS_MAX):
            try:
                answer = self.sync.one(name, upload)
                if answer.standing == "waiting" and self.publish and not self.dry_run:
                    self._go_live(answer, done)
            except Changed:
                return Answer(name, "uploading")
            except Unlisted as error:
                return _unreadable(name, error)
            except (Conflict, LostRace):
                continue
            return answer
        raise LostRace("other publishers kept changing what is live", "Try again.")

    def _go_live(self, answer: Answer, done: Taken) -> None:
        release = self.sync.records.release(answer.release)
        who = Actor(self.sync.actor, f"upload of {answer.designer}")
        intent, _ = self.sync.records.intent()
        onto = release.id if intent.release == release.id else release.parent
        try:
            done.published.append(self.publisher(LIVE).publish(release, who, onto=onto))
        except NotNow as error:  # a hold
            done.notes.append(f"{answer.designer}: {error}. {error.hint}".strip())

    def answer(self, name: str) -> Taken:
        """Answer anew for what was accepted of a designer, without looking at their folder."""
        done = Taken()
        state, _ = states.load(self.sync.records.store, name)
        if state.accepted and not state.refused and not state.pending:
            found = accepted_answer(name, state.accepted)
            self._settle(found, done)
            done.answers.append(found)
        return done

    def paths(self, name: str) -> tuple[str, ...]:
        """What is a designer's, as the configuration has it."""
        areas = self.sync.terms.designers[name].policy.areas
        return tuple(str(one.path) if one.is_folder else one.path.file for one in areas)

    # -------------------------------------------------------------- answering

    def _settle(self, answer: Answer, done: Taken) -> None:
        """See what visitors get by now, show what they do not get yet, and answer."""
        records, name = self.sync.records, answer.designer
        state, etag = states.load(records.store, name)
        intent, _ = records.intent()
        before = state
        is_shown = _shows(records.release(intent.release) if intent.release else None, name, state)
        layer = state.accepted.layer if state.accepted else ""
        if is_shown and answer.standing == "waiting":
            if state.live != layer:
                since = intent.change.time if intent.change else utc_now()
                state = msgspec.structs.replace(
                    state, live=layer, since=since, release=intent.release
                )
            answer.standing, answer.since, answer.release = "live", state.since, state.release
        elif answer.standing in ("waiting", "held") and not self.dry_run:
            try:
                before, etag = self._with_password(name, state, etag)
            except Conflict:
                done.notes.append(f"{name}: {_OVERTAKEN}")
                return
            state = before
            answer.preview = self._show(answer, state.preview_password, done)
        answer.remarks += tuple(
            Remark("withdrawn", what=shown(path))
            for path in intent.withdrawn
            if self._has(state, SitePath(path))
        )
        if not is_shown:
            state = msgspec.structs.replace(state, live="", since=None, release="")
        elif answer.standing == "refused":
            answer.since = state.since  # of what was accepted before
        if self.dry_run:
            return
        write(records.store, answer, self.sync.terms.public, self.paths(name))
        state = msgspec.structs.replace(state, told=self._tell(answer, layer, state.told, done))
        if state != before:
            try:
                states.save(records.store, name, state, etag)
            except Conflict:  # another run, which answers itself
                done.notes.append(f"{name}: {_OVERTAKEN}")

    def _has(self, state: states.State, path: SitePath) -> bool:
        """Whether what was accepted of a designer has a file at a path."""
        records = self.sync.records
        layer = records.manifest(state.accepted.layer if state.accepted else "")
        return find(layer, path, records.load_part) is not None

    def _tell(self, answer: Answer, layer: str, told: str, done: Taken) -> str:
        """Send a message, if it says anything new. Returns what the last one was about."""
        match answer.standing:
            case "live" | "waiting":
                about = f"{answer.standing} {layer}"
            case "held":
                about = f"held {answer.release}"
            case "refused":
                about = f"refused {answer.key}"
            case _:
                return told
        if about == told:
            return told
        if address := self.notify(answer.designer):
            why = send(address, text_of(answer, self.sync.terms.public))
            if why:  # it is tried again by the next run
                done.notes.append(f"{answer.designer}: the message did not arrive ({why})")
                return told
        return about

    def _with_password(self, name: str, state: states.State, etag: str) -> tuple[states.State, str]:
        """The state with a password for the designer's preview, if strangers can get there. It is
        kept before anything is shown. Raises Conflict."""
        if state.preview_password or not self._is_public(name):
            return state, etag
        made = "-".join("".join(map(secrets.choice, [_CHARACTERS] * size)) for size in _GROUPS)
        state = msgspec.structs.replace(state, preview_password=made)
        return state, states.save(self.sync.records.store, name, state, etag)

    def _is_public(self, name: str) -> bool:
        """Whether a designer's preview is elsewhere than on this machine."""
        return self.preview(name).startswith("https://")

    def _show(self, answer: Answer, password: str, done: Taken) -> str:
        """Show the release on the designer's preview. It can't keep an upload from being taken."""
        name = answer.designer
        target, address = f"{PREVIEW}{name}", self.preview(name)
        if not address:
            return ""
        records, now = self.sync.records, utc_now()
        intent, _ = records.intent(target)
        lasts = intent.expires is not None and intent.expires > now + _PREVIEW_LEFT
        own = password_digest(name, password) if password and self._is_public(name) else ""
        # A password that somebody gave it stays.
        asked = intent.password or own
        answer.preview_password = password if own and asked == own else ""
        if intent.release != answer.release or not lasts or intent.password != asked:
            release = records.release(answer.release)
            who = Actor(self.sync.actor, f"upload of {name}")
            audience = Audience(now + _PREVIEW_LASTS, asked)
            try:
                self.publisher(target).publish(release, who, wait=False, audience=audience)
            except (NotNow, LostRace) as error:
                done.notes.append(f"{name}: no preview now: {error}")
                return ""
        return address


def _unreadable(name: str, error: Unlisted) -> Answer:
    remark = Remark("unreadable", shown(error.key.partition(folder(name))[2]))
    return Answer(name, "refused", (remark,), key=error.key)


def _shows(release: Release | None, name: str, state: states.State) -> bool:
    """Whether a release has exactly what was accepted of a designer."""
    if release is None or state.accepted is None:
        return False
    held = {one.layer for one in release.layers if one.designer == name}
    return held == ({state.accepted.layer} if state.accepted.files else set())
