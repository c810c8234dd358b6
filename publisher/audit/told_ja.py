"""What those who made a report say in words of their own, in Japanese: reasons, problems, names of
things. Pure. What has no Japanese stays as it is: an address, a system's own message."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from publisher.audit.report import Finding, Report, Row

_BETWEEN = "; "
_KINDS: Mapping[str, str] = {
    "post": "記事",
    "page": "固定ページ",
    "attachment": "ファイル",
    "category": "カテゴリー",
    "post_tag": "タグ",
    "author": "投稿者",
}
_PHRASES = tuple(
    (re.compile(form), text)
    for form, text in (
        (r"archive of (\S+)", r"\1のアーカイブ"),
        (r"comment feed of post (\d+)", r"記事 \1 のコメントフィード"),
        (r"object (\d+)", r"ID \1 のページ"),
        (r"the CMS leads there", "CMSの転送先"),
        (r"WordPress guesses by the beginning of the name", "WordPressが名前の前方一致で推測"),
        (r"the same name", "同じ名前のページ"),
        (r"a name that is (\d+) % alike", r"名前の一致率 \1 %"),
        (r"instead of (\S+)", r"\1 のルールの代わり"),
        (r"left out", "対象外"),
        (r"([\d,]+) for images, styles, scripts and fonts: no visits",
         r"画像・スタイル・スクリプト・フォントの \1 件は訪問に数えません"),
        (r"([\d,]+) lines? without a request", r"アクセスの記録でない行 \1 件"),
        (r"([\d,]+) at other hosts", r"ほかのホストへの \1 件"),
        (r"([\d,]+) for addresses too rare to count", r"まれなURLへの \1 件は数えていません"),
        (r"(.+:\d+): ('.*'|\".*\") is no count", r"\1：\2 は数ではないため、0とします"),
        (r"([\d,]+) more (?:is no count|are no counts)", r"ほか \1 件も数ではないため、0とします"),
        (r"(\S+) weighs ([\d,]+) (\w+), not ([\d,]+): no line outweighs all others",
         r"\1 は \4 ではなく \2 で評価（一行がほかの合計を超えないため）"),
        (r"no room to go on remembering ([\d,]+) address(?:es)?, (?:those|which is) worth least",
         r"記録の上限を超えたため、価値の低い \1 件を記録から外しました"),
        (r"(\w+) is not installed", r"\1 がインストールされていません"),
        (r"not asked: (.+)", r"未確認：\1"),
        (r"its host name is not known", "ホスト名が見つかりません"),
        (r"nothing listens there", "接続できません"),
        (r"no answer in time", "時間内に応答がありません"),
        (r"its certificate can't be verified", "証明書を確認できません"),
        (r"it does not speak https", "httpsに対応していません"),
        (r"it closed the connection without an answer", "応答せずに接続を閉じました"),
        (r"leads in a circle", "転送が循環しています"),
        (r"another host", "別のホスト"),
        (r"(\S+), (GET|HEAD) at (\S+)", r"\1（\2、\3）"),
    )
)  # fmt: skip


def told(text: str) -> str:
    """A reason or a problem, of which each part is said in Japanese if it is known."""
    return _BETWEEN.join(map(_part, text.split(_BETWEEN))) if text else ""


def in_japanese(report: Report) -> Report:
    """The report with what is said in it in Japanese; addresses and figures are the same."""
    return msgspec.structs.replace(
        report,
        rows=tuple(map(_row, report.rows)),
        pages=tuple(
            msgspec.structs.replace(page, findings=_findings(page.findings))
            for page in report.pages
        ),
        social=tuple(
            msgspec.structs.replace(post, findings=_findings(post.findings))
            for post in report.social
        ),
        checked=tuple(
            msgspec.structs.replace(one, problem=told(one.problem)) for one in report.checked
        ),
    )


def _row(row: Row) -> Row:
    if not (row.findings or row.fix or row.live):
        return row
    return msgspec.structs.replace(
        row,
        findings=_findings(row.findings),
        fix=msgspec.structs.replace(row.fix, reason=told(row.fix.reason)) if row.fix else None,
        live=msgspec.structs.replace(row.live, problem=told(row.live.problem))
        if row.live
        else None,
    )


def _findings(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(
        msgspec.structs.replace(
            one, values={name: _part(value) for name, value in one.values.items()}
        )
        if one.values
        else one
        for one in found
    )


def _part(text: str) -> str:
    kind, _, number = text.partition(" ")
    if number.isdecimal() and kind in _KINDS:
        return f"{_KINDS[kind]} {number}"
    for form, said in _PHRASES:
        if form.fullmatch(text):
            return form.sub(said, text)
    return text
