"""LinkChecker, a crawler that is kept by others: an opinion on a site that is not ours."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from tests.cms_servers import Answer, Reply
from tests.packages import program

# `robots.txt` is for others than us. More than ten requests a second are made only to a server
# that allows it by a header: see `allowing_speed`.
CONFIGURATION = """\
[checking]
threads=4
timeout=60
maxrequestspersecond=10000
robotstxt=0
maxrunseconds={seconds}

[output]
status=0
warnings=1
"""

_SUMMARY = re.compile(r"(\d+) links? in (\d+) URLs? checked")


@dataclass(frozen=True, slots=True)
class Broken:
    """A link that does not work. `written` is the link as the page `parent` has it, `url` where
    it leads, `name` its words."""

    url: str
    parent: str
    written: str
    name: str
    result: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. `warnings` counts the others by their names, such as a redirect."""

    links: int
    urls: int
    broken: tuple[Broken, ...]
    warnings: Counter[str]


def allowing_speed(answer: Answer) -> Answer:
    """The same server, as one that wants to be checked as fast as can be."""

    def allowing(path: str) -> Reply:
        reply = answer(path)
        return Reply(reply.status, reply.body, {**reply.headers, "LinkChecker": "yes"})

    return allowing


def check(url: str, *, seconds: int = 600) -> Report:
    """Crawl a site from this page; links to other hosts are not followed.

    seconds: how long it may take. Raises AssertionError if it does not end by itself.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Started by root, the program goes on as a user who owns nothing.
        folder.chmod(0o777)
        rc, found = folder / "linkcheckerrc", folder / "found.xml"
        rc.write_text(CONFIGURATION.format(seconds=seconds), encoding="utf-8")
        command = [program("linkchecker"), "-f", str(rc), "-F", f"xml/utf_8/{found}", url]
        done = subprocess.run(
            command,
            env={"PATH": os.environ["PATH"], "HOME": name, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=seconds + 60,
            cwd=name,
        )
        summary = _SUMMARY.search(done.stdout)
        # 0: nothing is broken; 1: something is; 2: the program itself failed.
        assert done.returncode in (0, 1), done.stderr[-2000:]
        assert summary, done.stdout[-2000:]
        rows = etree.parse(str(found), etree.XMLParser(huge_tree=True)).iter("urldata")
        return _report(rows, int(summary[1]), int(summary[2]))


def _report(rows: etree.ElementDepthFirstIterator, links: int, urls: int) -> Report:
    broken: list[Broken] = []
    warnings: Counter[str] = Counter()
    for row in rows:
        valid = row.find("valid")
        warnings.update(tag.get("tag", "") for tag in row.iter("warning"))
        if _text(row, "valid") == "0":
            broken.append(
                Broken(
                    _text(row, "realurl"),
                    _text(row, "parent"),
                    _text(row, "url"),
                    _text(row, "name"),
                    valid.get("result", "") if valid is not None else "",
                )
            )
    return Report(links, urls, tuple(broken), warnings)


def _text(row: etree._Element, name: str) -> str:
    return (row.findtext(name) or "").strip()
