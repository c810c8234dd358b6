"""The answer where the designer is: `_status.html` and `_status.json` in their own folder.

The page refers to nothing else and runs nothing: it is opened from a bucket, with whatever a
designer called their files in it.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta, timezone
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import msgspec
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from publisher.designers.names import folder
from publisher.errors import NotFound, Unreadable, Unwritable
from publisher.intake.names import STATUS, STATUS_HTML, STATUS_JSON
from publisher.intake.remark import Remark
from publisher.intake.sync import Answer, Standing
from publisher.intake.words import Words, is_refusal, size, words_of
from publisher.store.port import Headers, Store

_JST = timezone(timedelta(hours=9))
_HTML = Headers("text/html; charset=utf-8", "no-store")
_JSON = Headers("application/json; charset=utf-8", "no-store")


class Two(NamedTuple):
    """A text in both languages."""

    ja: str
    en: str


@dataclass(frozen=True, slots=True)
class _Says:
    title: Two
    next: Two
    tone: str


_STANDINGS: dict[Standing, _Says] = {
    "live": _Says(
        Two("公開中です", "It is live"),
        Two("アップロードした内容が公開されています。", "Visitors get what you uploaded."),
        "good",
    ),
    "waiting": _Says(
        Two("受け付けました", "It was accepted"),
        Two("次の公開のときに公開されます。", "It goes live with the next publish."),
        "good",
    ),
    "held": _Says(
        Two("承認を待っています", "It awaits approval"),
        Two("担当者が承認すると公開されます。", "It goes live once somebody approves of it."),
        "wait",
    ),
    "uploading": _Says(
        Two("アップロードの途中です", "The upload is not complete yet"),
        Two(
            "ファイルの追加や変更が落ち着いてから確認します。公開中の内容はそのままです。",
            "It is looked at once nothing changes any more. What is live stays as it is.",
        ),
        "wait",
    ),
    "refused": _Says(
        Two("公開できません", "It can't go live like this"),
        Two(
            "下の点を直して、もう一度アップロードしてください。公開中の内容はそのままです。",
            "Mend what is below and upload it again. What is live stays as it is.",
        ),
        "bad",
    ),
    "empty": _Says(
        Two("まだファイルがありません", "There are no files yet"),
        Two(
            "このフォルダの中に、サイトと同じ名前のフォルダを作って入れてください。",
            "Put files here, in folders that are called as on the site.",
        ),
        "wait",
    ),
}


def title(standing: Standing) -> Two:
    """What became of an upload, in a few words."""
    return _STANDINGS[standing].title


def next_step(standing: Standing) -> Two:
    """What happens next, or what to do."""
    return _STANDINGS[standing].next


def document(answer: Answer, site: str, paths: Iterable[str]) -> dict[str, Any]:
    """What `_status.json` says."""
    says = _STANDINGS[answer.standing]
    return {
        "designer": answer.designer,
        "site": site,
        "status": answer.standing,
        "title": says.title._asdict(),
        "next": says.next._asdict(),
        "live_since": answer.since,
        "release": answer.release,
        "preview": answer.preview,
        "preview_password": answer.preview_password,
        "paths": list(paths),
        "files": answer.files,
        "pages": answer.pages,
        "bytes": answer.bytes,
        "refusals": [_row(one) for one in answer.remarks if is_refusal(one)],
        "notes": [_row(one) for one in answer.remarks if not is_refusal(one)],
    }


def page(answer: Answer, site: str, paths: Iterable[str]) -> bytes:
    """What `_status.html` is."""
    says = _STANDINGS[answer.standing]
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    since = answer.since
    refusals = [_Row(one) for one in answer.remarks if is_refusal(one)]
    notes = [_Row(one) for one in answer.remarks if not is_refusal(one)]
    text = _template().render(
        designer=answer.designer,
        site=site,
        title=says.title,
        next=says.next,
        tone=says.tone,
        style=style,
        style_hash=f"sha256-{digest}",
        preview=answer.preview if answer.preview.startswith("https://") else "",
        password=answer.preview_password,
        since={
            "iso": since.isoformat(),
            "tokyo": f"{since.astimezone(_JST):%Y-%m-%d %H:%M}",
            "utc": f"{since:%Y-%m-%d %H:%M}",
        }
        if since
        else None,
        files=f"{answer.files:,}" if answer.files else "",
        pages=f"{answer.pages:,} HTML, {size(answer.bytes)}",
        paths=list(paths),
        release=answer.release,
        parts=[
            {"tone": "bad", "ja": "直すところ", "en": "To mend", "rows": refusals},
            {"tone": "wait", "ja": "お知らせ", "en": "Worth knowing", "rows": notes},
        ],
    )
    return text.encode()


def write(store: Store, answer: Answer, site: str, paths: tuple[str, ...]) -> None:
    """Answer in the designer's folder, unless it says so already. Where something of theirs keeps
    one of the two from being written, the other says so, and the answer."""
    blocked = [name for name in STATUS if not _is_written(store, name, answer, site, paths)]
    if STATUS_JSON in blocked and STATUS_HTML not in blocked:
        _is_written(store, STATUS_HTML, answer, site, paths)


def _is_written(store: Store, name: str, answer: Answer, site: str, paths: tuple[str, ...]) -> bool:
    """Write one of the two; if it can't be, the answer has a remark of it."""
    if name == STATUS_HTML:
        data, headers = page(answer, site, paths), _HTML
    else:
        told = msgspec.json.encode(document(answer, site, paths))
        data, headers = msgspec.json.format(told, indent=1), _JSON
    key = folder(answer.designer) + name
    try:
        with contextlib.suppress(NotFound, Unreadable):  # theirs of that name makes way
            if store.get(key).data == data:
                return True
        store.put(key, data, headers)
    except Unwritable:
        answer.remarks += (Remark("answer-blocked", name),)
        return False
    return True


class _Row(NamedTuple):
    remark: Remark

    @property
    def file(self) -> str:
        return self.remark.file

    @property
    def line(self) -> int:
        return self.remark.line

    @property
    def words(self) -> Words:
        return words_of(self.remark)


def _row(remark: Remark) -> dict[str, Any]:
    words = words_of(remark)
    return {
        "code": remark.code,
        "file": remark.file,
        "line": remark.line,
        "ja": f"{words.ja} {words.ja_do}".strip(),
        "en": f"{words.en} {words.en_do}".strip(),
    }


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    source = files("publisher.intake").joinpath("status.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source)


@cache
def _style() -> str:
    return Markup(files("publisher.intake").joinpath("status.css").read_text(encoding="utf-8"))  # noqa: S704 - a file of our own
