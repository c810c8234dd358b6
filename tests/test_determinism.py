"""Two exports of a WordPress that nobody touched are alike, whatever its plugins put into pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.odd_site import PUBLIC, run_export
from tests.wordpress import WordPress

pytestmark = pytest.mark.real

PLUGIN = Path(__file__).parent / "wordpress/odd/volatile-site.php"
# Posts and pages will do: lists by date, term and author would take twice the time.
LESS = "  exclude: ['/?m=*', '/?cat=*', '/?tag=*', '/?author=*', '/?*feed=*', '/?*cpage=*']\n"
TOKENS = "  tokens:\n    - attribute: data-visit\n    - pattern: 'sess_([0-9a-f]{32})'\n"


@pytest.fixture
def volatile(wordpress_plain: WordPress) -> Iterator[WordPress]:
    """A WordPress whose pages are never twice the same."""
    shutil.copy(PLUGIN, wordpress_plain.docroot / "wp-content/mu-plugins")
    try:
        yield wordpress_plain
    finally:
        (wordpress_plain.docroot / "wp-content/mu-plugins" / PLUGIN.name).unlink()
        wordpress_plain.reset()


def configure(folder: Path, wordpress: WordPress) -> None:
    (folder / "site-config.yaml").write_text(
        f"site:\n  url: {PUBLIC}\ncms:\n  url: {wordpress.url}\n{LESS}{TOKENS}"
        "gates:\n  emails: '*'\n"
    )


def test_what_plugins_make_anew_at_each_look_makes_no_release(
    volatile: WordPress, tmp_path: Path
) -> None:
    configure(tmp_path, volatile)
    first = run_export(tmp_path, "")
    again = run_export(tmp_path, "")
    assert again["changes"] == {"new": [], "changed": [], "gone": []}
    assert again["release"]["id"] == first["release"]["id"]


def test_what_is_not_declared_is_named_with_the_line_that_declares_it(
    volatile: WordPress, tmp_path: Path
) -> None:
    configure(tmp_path, volatile)
    volatile.wp("option", "set", "volatile_undeclared", "1")
    report = run_export(tmp_path, "")
    remarks = [remark for remark in report["warnings"] if "another page at each look" in remark]
    assert remarks
    assert any("cms.tokens: - attribute: data-undeclared" in remark for remark in remarks)
    assert not any("_wpnonce" in remark or "data-visit" in remark for remark in remarks)
