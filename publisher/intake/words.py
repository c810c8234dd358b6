"""What is said of an upload, in Japanese and English. Pure.

Each matter says what is the case and what to do about it, to somebody who makes pages and never saw
a log. `{file}`, `{what}` and `{hint}` are the remark's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from publisher.gates import RULES
from publisher.intake.remark import Remark


class Words(NamedTuple):
    """A matter: what it is and what to do, in both languages. `is_refusal`: the upload does not get
    on the site with it."""

    ja: str
    ja_do: str
    en: str
    en_do: str
    is_refusal: bool = True


def _note(ja: str, ja_do: str, en: str, en_do: str) -> Words:
    return Words(ja, ja_do, en, en_do, is_refusal=False)


WORDS: Mapping[str, Words] = {
    "outside": Words(
        "あなたの担当範囲の外にあります（{what}）。",
        "担当範囲（{hint}）の中に移してください。",
        "This is outside of what is yours ({what}).",
        "Move it to where you may publish: {hint}",
    ),
    "name-unseen": Words(
        "ファイル名に見えない文字があります（{what}）。",
        "名前を付け直してください。",
        "The name has characters that nobody sees ({what}).",
        "Give it another name.",
    ),
    "name-encoded": Words(
        "ファイル名に「{what}」があります。アドレスの中で別の文字に変わってしまいます。",
        "「%」を使わない名前にしてください。",
        "The name has {what}, which turns into something else in an address.",
        "Give it a name without the percent sign.",
    ),
    "name-reserved": Words(
        "ファイル名に「{what}」は使えません。リンクがそこで切れてしまいます。",
        "その文字を使わない名前にしてください。",
        "A name can't have {what}: links to it would break there.",
        "Give it a name without it.",
    ),
    "name-long": Words(
        "名前が長すぎます。",
        "フォルダを含めて、また一つ一つの名前が {hint} バイト以内になるようにしてください"
        "（日本語は一文字3バイトです）。",
        "The name is too long.",
        "At most {hint} bytes: with its folders, and in each single name.",
    ),
    "name-path": Words(
        "この名前のファイルはサイトに置けません（空の名前、「..」、「\\」、前後の空白など）。",
        "名前を付け直してください。",
        "No file of the site can have this name (an empty part, '..', a backslash, a space at an "
        "end).",
        "Give it another name.",
    ),
    "name-end": Words(
        "名前が「{what}」で終わっています。このようなアドレスは開けません。",
        "最後の記号を取ってください。",
        "The name ends in {what}. Nobody can open such an address.",
        "Take the last character off.",
    ),
    "name-twice": Words(
        "「{hint}」と同じ名前です（文字の表し方だけが違います）。",
        "どちらかを消してください。",
        "It has the same name as {hint}, written in another form of the same characters.",
        "Delete one of the two.",
    ),
    "hidden": Words(
        "名前が「.」で始まるファイルやフォルダは公開できません（{what}）。",
        "消してください。",
        "What begins with a dot can't be published ({what}).",
        "Delete it.",
    ),
    "server-file": Words(
        "サーバー用のファイルです（{what}）。このサイトではプログラムは動きません。",
        "消してください。ページは .html で置いてください。",
        "This is a file for servers ({what}). Nothing runs on this site.",
        "Delete it. Upload pages as .html.",
    ),
    "program": Words(
        "プログラムは公開できません（{what}）。",
        "消してください。",
        "Programs can't be published ({what}).",
        "Delete it.",
    ),
    "archive": Words(
        "圧縮ファイルは展開も公開もしません（{what}）。",
        "中のファイルをそのままアップロードしてください。",
        "Archives are neither unpacked nor published ({what}).",
        "Upload the files that are in it.",
    ),
    "type": Words(
        "この種類のファイルはサイトに置けません（{what}）。",
        "ブラウザで開ける形式（画像なら JPEG、PNG、WebP、SVG）で書き出してください。",
        "Files of this kind can't be on the site ({what}).",
        "Export it to what browsers open (pictures: JPEG, PNG, WebP, SVG).",
    ),
    "no-ending": Words(
        "名前に拡張子（.html や .jpg など）がありません。",
        "拡張子を付けてください。要らないもの、別の場所へのリンク（ショートカット）なら消してください。",
        "Its name has no ending (such as .html or .jpg).",
        "Give it one. If nobody needs it, or it is a link to some other place, delete it.",
    ),
    "charset": Words(
        "文字コードが UTF-8 ではありません（{what}）。",
        "UTF-8 で保存し直してください。",
        "It is not written in UTF-8 ({what}).",
        "Save it as UTF-8.",
    ),
    "charset-unknown": Words(
        "文字コードが分かりません。",
        "UTF-8 で保存し直してください。",
        "Nothing tells which character encoding it is in.",
        "Save it as UTF-8.",
    ),
    "missing": Words(
        "「{what}」を使っていますが、そのファイルがありません。",
        "ファイルをアップロードするか、ページを直してください。",
        "It uses {what}, which is not there.",
        "Upload that file, or mend the page.",
    ),
    "missing-case": Words(
        "「{what}」を使っていますが、実際の名前は「{hint}」です（大文字と小文字は区別されます）。",
        "どちらかに合わせてください。",
        "It uses {what}, but the file is called {hint} (upper and lower case differ).",
        "Make them the same.",
    ),
    "private-link": Words(
        "社内や自分のパソコンにしかないアドレスがあります: {what}",
        "公開されているアドレス、または「/」で始まるアドレスに直してください。",
        "It has an address that visitors can't reach: {what}",
        "Write the public address, or one that begins with a slash.",
    ),
    "local-link": Words(
        "自分のパソコンの中のファイルを指しています: {what}",
        "ファイルをアップロードして、そのアドレスに直してください。",
        "It refers to a file on your own computer: {what}",
        "Upload that file, and refer to where it is on the site.",
    ),
    "server-code": Words(
        "サーバーで動く命令があります: {what}",
        "このサイトでは動きません。HTML だけにしてください（SSI は中身を書き込んでください）。",
        "It has code for a server: {what}",
        "Nothing runs it here. Write what it would have made (SSI: the included text).",
    ),
    "script": Words(
        "スクリプトは許可されていません: {what}",
        "スクリプトを取り除くか、管理者に相談してください。",
        "Scripts are not allowed here: {what}",
        "Take it out, or ask who runs the site.",
    ),
    "picture-large": Words(
        "画像が大きすぎます（{what}）。",
        "{hint} に縮めてください。",
        "The picture is too large ({what}).",
        "This would do: {hint}",
    ),
    "file-large": Words(
        "ファイルが大きすぎます（{what}）。",
        "{hint} 以下にしてください。",
        "The file is too large ({what}).",
        "At most {hint}.",
    ),
    "files-many": Words(
        "ファイルが多すぎます（{what}）。",
        "{hint} 以下にしてください。",
        "There are too many files ({what}).",
        "At most {hint}.",
    ),
    "unreadable": Words(
        "読み込めませんでした。",
        "消して、もう一度アップロードしてください。",
        "It could not be read.",
        "Delete it, and upload it again.",
    ),
    "link": Words(
        "ファイルではなくリンク（ショートカット）です。リンクの先は公開しません。",
        "リンクを消して、ファイルそのものを置いてください。",
        "This is a link and no file. What it leads to is not published.",
        "Delete the link, and put the file itself there.",
    ),
    "more-refusals": Words(
        "ほかに {what} 件あります。",
        "上のものを直すと表示されます。",
        "There are {what} more.",
        "They are told once those above are mended.",
    ),
    "link-missing": _note(
        "「{what}」へのリンクがありますが、その先に何もありません。",
        "リンクを確かめてください。",
        "It links to {what}, where nothing is.",
        "Look at the link.",
    ),
    "converted": _note(
        "{what} から UTF-8 に変換しました。",
        "",
        "It was converted from {what} to UTF-8.",
        "",
    ),
    "empty-file": _note(
        "中身がありません（0 バイト）。",
        "アップロードが途中で切れていないか確かめてください。",
        "It is empty (0 bytes).",
        "See whether the upload was cut off.",
    ),
    "answer-blocked": _note(
        "ここに結果を書き込めません。同じ名前のフォルダがあるか、書き込みが許可されていません。",
        "そのフォルダを消すか、このフォルダへの書き込みを許可してください。",
        "The answer can't be written here: a folder has that name, or writing is not allowed.",
        "Delete that folder, or let others write into this one.",
    ),
    "over-cms": _note(
        "CMS にも同じアドレス（{what}）のページがあります。あなたのファイルが表示されます。",
        "",
        "The CMS has {what}, too. Visitors get your file.",
        "",
    ),
    "withdrawn": _note(
        "「{what}」は管理者が公開を取り下げています。アップロードし直しても表示されません。",
        "管理者に相談してください。",
        "Who runs the site has taken {what} out. Uploading it again does not bring it back.",
        "Ask them.",
    ),
    "under-cms": _note(
        "CMS にも同じアドレス（{what}）のページがあり、そちらが表示されます。",
        "あなたのファイルを表示するには、別の名前にするか管理者に相談してください。",
        "The CMS has {what}, too, and visitors get that one.",
        "To have yours shown, give it another name, or ask who runs the site.",
    ),
}

_LOST = Words(
    "公開中のページやファイルですが、今のフォルダにありません（ほかにもたくさん無くなっています）。",
    "間違って消したり移したりした場合は元に戻してください。わざとなら管理者に伝えてください。",
    "It is live and not in your folder any more, as are many others.",
    "Put it back if that was a mistake; if you mean it, tell who runs the site.",
)

# What the gates find, said to designers.
_GATES_JA: Mapping[str, str] = {
    "tiny-pages": "ページの中身がほとんどありません",
    "emails": "許可されていないメールアドレスがあります",
    "staging-host": "社内のアドレスがあります",
    "cms-links": "CMS の管理画面へのリンクがあります",
    "nonces": "CMS の使い捨ての番号があります",
    "user-names": "CMS のログイン名があります",
    "empty": "サイトのトップページが無くなります",
    "unpublished": "未公開の内容があります",
}


def words_of(remark: Remark) -> Words:
    """What a remark says, filled in."""
    gate = remark.code.removeprefix("gate:")
    if gate == "lost-pages":
        return _LOST
    if gate != remark.code:
        return Words(
            f"{_GATES_JA.get(gate, gate)}: {remark.what}",
            "直すか、そのままでよければ管理者に相談してください。",
            f"{remark.what} ({gate})",
            f"{RULES[gate][:1].upper()}{RULES[gate][1:]}, or ask who runs the site.",
        )
    form = WORDS[remark.code]
    said = {"file": remark.file, "what": remark.what or "-", "hint": remark.hint}
    ja, ja_do, en, en_do = (text.format_map(said) for text in form[:4])
    return Words(ja, ja_do, en, en_do, form.is_refusal)


def is_refusal(remark: Remark) -> bool:
    """Whether an upload does not get on the site with this."""
    return remark.code.startswith("gate:") or WORDS[remark.code].is_refusal


def size(count: int) -> str:
    """A number of bytes to read."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} bytes"
