"""The rule that nothing is skipped in CI, except what a file lists with its reason.

A skip says that something could not be tried on a developer's machine. In CI it
would hide that a whole part of the suite no longer runs.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SEPARATOR = "  # "


def register(config: pytest.Config, allowed_file: Path) -> None:
    """Put the rule in force for this run if the environment says CI=true."""
    if os.environ.get("CI") == "true":
        config.pluginmanager.register(SkipRule(read_allowed(allowed_file)), "skip-rule")


def read_allowed(file: Path) -> tuple[str, ...]:
    """The starts of node ids in a file of allowed skips. Raises UsageError at a wrong line."""
    prefixes = []
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        prefix, _, reason = line.partition(SEPARATOR)
        if not (prefix.strip() and reason.strip()):
            raise pytest.UsageError(f"{file}:{number}: expected 'NODE-ID{SEPARATOR}reason'")
        prefixes.append(prefix.strip())
    return tuple(prefixes)


class SkipRule:
    """A pytest plugin: the run fails if a test was skipped that is not allowed to be."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self._allowed = allowed
        self._skipped: dict[str, str] = {}  # reasons by node id

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not hasattr(report, "wasxfail"):  # an expected failure is reported as a skip too
            self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and not report.nodeid.startswith(self._allowed):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else "skipped"
            self._skipped[report.nodeid] = reason

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        passing = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        if self._skipped and session.exitstatus in passing:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._skipped:
            return
        terminalreporter.section("skipped in CI", red=True, bold=True)
        for node, reason in self._skipped.items():
            terminalreporter.write_line(f"{node}: {reason}")
        terminalreporter.write_line(
            "A skip fails the run in CI, unless tests/allowed-skips.txt lists it with a reason."
        )
