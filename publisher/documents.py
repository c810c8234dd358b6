"""What `--json` prints: one document a command."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from publisher.errors import ConfigError, GateRefused, PublisherError

if TYPE_CHECKING:  # `publisher.init` reads pages: an export needs none of that
    from publisher.collect import Collected
    from publisher.difference import Compared
    from publisher.init import Row
    from publisher.old_site import Report
    from publisher.pipeline import Exported
    from publisher.plan import Plan
    from publisher.publish import Outcome
    from publisher.redirecting import Built
    from redirects.explain import Explained

Document = dict[str, Any]

# So many of a kind are named; `counts` has all. A site may have any number of pages.
NAMED_MAX = 1000


def of_look(rows: Sequence[Row], path: Path) -> Document:
    """What a look at a CMS found, and where the configuration was written."""
    return {"config": str(path), "seen": [asdict(row) for row in rows]}


def of_export(exported: Exported, seconds: float) -> Document:
    """What an export made."""
    changes = exported.changes
    return {
        "release": exported.release,
        "new": exported.is_new,
        "changes": changes.named,
        "counts": {
            "new": changes.new,
            "changed": changes.changed,
            "gone": changes.gone,
            "missing": len(exported.missing),
            "kept": len(exported.kept),
            "warnings": len(exported.warnings),
        },
        "missing": [asdict(missing) for missing in exported.missing[:NAMED_MAX]],
        "kept": exported.kept[:NAMED_MAX],
        "removals": exported.removals,
        "warnings": exported.warnings[:NAMED_MAX],
        "resumed": exported.resumed,
        "seconds": round(seconds, 3),
    }


def of_plan(plan: Plan) -> Document:
    """What publishing would do."""
    named = islice(plan, NAMED_MAX)
    return {
        "files": len(plan),
        "counts": plan.reasons,
        "dry_run": [{"path": action.path, "reason": action.reason} for action in named],
    }


def of_outcome(outcome: Outcome) -> Document:
    """What publishing did."""
    return {
        "release": outcome.release.id,
        "previous": outcome.previous,
        "slot": outcome.slot,
        "files": len(outcome.plan),
        "seconds": round(outcome.seconds, 3),
    }


def of_collected(done: Collected, seconds: float, *, dry_run: bool) -> Document:
    """What a collection removed, or would remove, and what is kept."""
    return {
        "dry_run": dry_run,
        "removed": +done.removed,
        "kept": +done.kept,
        "kept_bytes": done.kept_bytes,
        "fallback": done.fallback,
        "notes": done.notes,
        "seconds": round(seconds, 3),
    }


def of_difference(found: Compared) -> Document:
    """What is different between two releases."""
    return {
        "old": found.old.id,
        "new": found.new.id,
        "counts": found.counts,
        "looked_at": found.looked_at,
        "common": [{**asdict(change), "pages": pages} for change, pages in found.common],
        "pages": [asdict(page) for page in found.pages],
        "files": [asdict(file) for file in found.files],
        "redirects": [asdict(redirect) for redirect in found.redirects],
        "withdrawn": found.withdrawn,
    }


def of_built(built: Built) -> Document:
    """The redirects of a release in figures, and what logs show."""
    made, full, tally, done = built.summary, built.fullness, built.tally, built.searched
    document: Document = {
        "release": built.release.id,
        "rules": made.rules,
        "patterns": made.patterns,
        "origins": made.origins,
        "statuses": made.statuses,
        "conditions": made.conditions,
        "edge": {
            "bytes": full.size_bytes,
            "bytes_max": full.limit_bytes,
            "entry_bytes": full.entry_bytes,
            "entry_bytes_max": full.entry_limit_bytes,
            "left_out": full.left_out[:NAMED_MAX],
        },
        "warnings": built.remarks[:NAMED_MAX],
    }
    if tally and done:
        document["logs"] = {
            "requests": tally.requests,
            "addresses": len(tally.counts),
            "requests_for_rare_addresses": tally.dropped,
            "requests_at_other_hosts": tally.elsewhere,
            "lines_not_understood": tally.unread,
            "explained": done.explained,
            "explained_requests": done.explained_hits,
            "not_for_visitors": done.not_for_visitors,
            "counts": {"found": len(done.found), "unexplained": len(done.unexplained)},
            "found": [asdict(one) for one in done.found[:NAMED_MAX]],
            "unexplained": [asdict(one) for one in done.unexplained[:NAMED_MAX]],
        }
    return document


def of_explained(url: str, found: Explained) -> Document:
    """What a request gets, and the way to it."""
    rule = found.rule
    return {
        "url": url,
        "status": found.status,
        "location": found.location,
        "served": found.served,
        "rule": {"source": rule.source, "origin": rule.origin} if rule else None,
        "steps": [step._asdict() for step in found.steps],
    }


def of_captured(report: Report, output: Path) -> Document:
    """What the old site said, and where it was written."""
    lists = {name: value for name, value in asdict(report).items() if isinstance(value, list)}
    return {
        "output": str(output),
        "asked": report.asked,
        "found": report.found,
        "known": report.known,
        "counts": {name: len(lines) for name, lines in lists.items()},
        **{name: lines[:NAMED_MAX] for name, lines in lists.items()},
    }


def of_error(error: PublisherError, code: int) -> Document:
    """What went wrong, and the exit code."""
    findings = error.findings if isinstance(error, GateRefused) else ()
    problems = error.problems if isinstance(error, ConfigError) else ()
    return {
        # It may name what was typed, and that may be no text.
        "error": str(error).encode(errors="replace").decode(),
        "hint": error.hint,
        "exit": code,
        "findings": [asdict(finding) for finding in findings],
        "problems": [asdict(problem) for problem in problems],
    }


def written(document: Document) -> str:
    """The document as JSON, safe to print."""
    data = msgspec.json.encode(document, enc_hook=str)
    text = msgspec.json.format(data, indent=2).decode()
    # Those control characters that JSON itself does not escape.
    return re.sub("[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text)
