"""The rule that nothing is skipped in CI."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONFTEST = """
from pathlib import Path
from tests import skips

def pytest_configure(config):
    skips.register(config, Path("allowed.txt"))
"""

TESTS = """
import pytest

def test_done():
    pass

@pytest.mark.parametrize("kind", ["a", "b"])
def test_left_out(kind):
    pytest.skip("no server")

@pytest.mark.xfail
def test_fails_as_expected():
    assert False
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with a test that is skipped twice, in CI, with no skips allowed."""
    monkeypatch.setenv("CI", "true")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_it=TESTS)
    allow(pytester, "# none\n")
    return pytester


def allow(project: pytest.Pytester, text: str) -> None:
    Path(project.path, "allowed.txt").write_text(text)


def test_a_skip_in_ci_fails_the_run_and_is_named(project: pytest.Pytester) -> None:
    result = project.runpytest()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=1, skipped=2, xfailed=1)
    result.stdout.fnmatch_lines(["test_it.py::test_left_out?a?: Skipped: no server"])


def test_a_skip_elsewhere_is_none_of_our_business(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI")
    assert project.runpytest().ret == pytest.ExitCode.OK


def test_listed_skips_are_allowed_by_prefix(project: pytest.Pytester) -> None:
    allow(project, "test_it.py::test_left_out  # needs a server that is never there\n")
    assert project.runpytest().ret == pytest.ExitCode.OK
    allow(project, "test_it.py::test_left_out[a]  # only this one\n")
    result = project.runpytest()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.no_fnmatch_line("test_it.py::test_left_out?a?: *")


def test_a_module_that_skips_itself_counts_too(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="import pytest\npytest.skip('not here', allow_module_level=True)\n",
    )
    result = project.runpytest()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["test_it.py: Skipped: not here"])


def test_a_listed_skip_needs_a_reason(project: pytest.Pytester) -> None:
    allow(project, "test_it.py::test_left_out\n")
    result = project.runpytest()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*allowed.txt:1: expected*reason*"])
