"""What `publisher designers sync` says, in lines and as a document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from publisher.intake.status import document, title
from publisher.intake.words import is_refusal, words_of
from publisher.intaking import Taken

# So many remarks of an upload are shown; its `_status.html` has all.
_SHOWN = 20


def lines(done: Taken) -> Iterator[str]:
    """For people."""
    if not done.answers:
        yield "There are no designers. Add one: publisher designers add NAME --paths /campaign/"
    for one in done.answers:
        new = "" if one.is_new or one.standing not in ("live", "waiting", "held") else "; no change"
        counted = f"{_count(one.files, 'file')}, {_count(one.pages, 'page')}"
        files = f" ({counted}{new})" if one.files else ""
        yield f"{one.designer}: {title(one.standing).en}{files}"
        if one.standing == "held":
            yield f"  Let it through: publisher approve {one.release}"
        if one.preview:
            password = " (its password is in their _status.html)" if one.preview_password else ""
            yield f"  Preview: {one.preview}{password}"
        for remark in one.remarks[:_SHOWN]:
            words = words_of(remark)
            place = f"{remark.file}:{remark.line}" if remark.line else remark.file
            mark = "" if is_refusal(remark) else "note: "
            yield f"  {place + ': ' if place else ''}{mark}{words.en} {words.en_do}".rstrip()
        if len(one.remarks) > _SHOWN:
            yield f"  and {len(one.remarks) - _SHOWN:,} more (--json has them all)"
    for outcome in done.published:
        if outcome.slot:
            yield f"Live: release {outcome.release.id}, in {outcome.seconds:.1f} s"
    yield from done.notes


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def documents(
    done: Taken, site: str, paths: Callable[[str], tuple[str, ...]]
) -> list[dict[str, Any]]:
    """For machines: what each designer's `_status.json` says, and whether a release was made. No
    password: what is printed gets into logs."""
    hidden = {"preview_password"}
    return [
        {key: value for key, value in said.items() if key not in hidden} | {"new": one.is_new}
        for one in done.answers
        for said in (document(one, site, paths(one.designer)),)
    ]
