"""GNU wget and wget2, the peers of an export: their commands, and the check of what they made."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.measure import Command, Failed, fresh
from tests.packages import program

PACKAGES = ("wget", "wget2", "nginx")
# 8: "a server error", a 404 for /robots.txt among them (wget(1), "EXIT STATUS").
_ENDS = (0, 8)
_SOME = 200


def wget(folder: Path, url: str) -> Command:
    """All pages with what they need, links made relative, in one connection."""
    return _mirror("wget", folder, url, "wget -m -k -p", [])


def wget2(folder: Path, url: str, threads: int) -> Command:
    """The same with several connections."""
    name = f"wget2 -m -k -p --max-threads={threads}"
    return _mirror("wget2", folder, url, name, [f"--max-threads={threads}"])


def _mirror(tool: str, folder: Path, url: str, name: str, options: list[str]) -> Command:
    words = [program(tool), "-q", "-m", "-k", "-p", *options, f"{url}/"]
    return Command(name, words, fresh(folder), ends=_ENDS)


def checked(folder: Path, host: str) -> dict[str, float | str]:
    """Count what came. Raises Failed where a link in an `href` still leads to the CMS.

    `left` is how often, a page, the CMS's host still stands in it: in meta tags, scripts.
    """
    root = next((path for path in folder.iterdir() if path.is_dir()), None)
    if root is None:
        raise Failed(f"nothing came to {folder}")
    found = [path for path in root.rglob("*") if path.is_file()]
    pages = [path for path in found if path.suffix == ".html"]
    left = 0
    for path in pages[:_SOME]:
        body = path.read_bytes()
        if re.search(rb'<a href="http://' + re.escape(host.encode()), body):
            raise Failed(f"{path} still links to {host}")
        left += body.count(host.encode())
    return {
        "pages": len(pages),
        "files": len(found) - len(pages),
        "left": round(left / max(1, len(pages[:_SOME])), 1),
    }
