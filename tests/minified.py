"""Makes `redirects/edge.min.js` of `redirects/edge.js`: `make edge`."""

from __future__ import annotations

import re
from pathlib import Path

import minify

_FOLDER = Path(__file__).parent.parent / "redirects"
MINIFIED = _FOLDER / "edge.min.js"


def minified() -> str:
    """The edge function without comments and spaces, its inner names short, all of it ASCII."""
    minify.config({"js-version": 2015})  # CloudFront's engine knows little of what came later
    code: str = minify.string("text/javascript", (_FOLDER / "edge.js").read_text(encoding="utf-8"))
    return re.sub("[^\x00-\x7f]", lambda found: f"\\u{ord(found[0]):04x}", code) + "\n"


if __name__ == "__main__":
    MINIFIED.write_text(minified(), encoding="ascii")
    print(f"{MINIFIED.name}: {MINIFIED.stat().st_size:,} bytes")
