"""What there is to say about an upload. Plain data; `words` says it in Japanese and English."""

from __future__ import annotations

import msgspec


class Remark(msgspec.Struct, frozen=True, omit_defaults=True):
    """One matter. `code`: which, a key of `words.WORDS`; `file`: its name in the upload, '' for the
    upload as a whole; `line`: from 1, 0 if it is about no line; `what`: what stands there; `hint`:
    what would do. All are safe to print."""

    code: str
    file: str = ""
    line: int = 0
    what: str = ""
    hint: str = ""
