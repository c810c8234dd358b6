"""The configuration as commands change it: what they add is there, and all else is as it was."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.config import parse
from publisher.config_edit import with_designer, without_designer, write
from publisher.errors import ConfigError

ROOT = Path(__file__).parent.parent
EXAMPLE = (ROOT / "site-config.yaml").read_text(encoding="utf-8")
BASE = "site: {url: 'https://www.example.co.jp'}   # 公開\ncms: {url: 'http://127.0.0.1:8081'}\n"

FORMS = {
    "none": BASE,
    "no line end": BASE.rstrip("\n"),
    "flow paths": BASE + "designers:\n  taro:\n    paths: [/t/, '/u/']   # 太郎さん\n# end\n",
    "block paths": BASE + (
        "designers:\n    # 太郎さん\n    taro:\n        paths:\n        - /t/   # たろう\n"
        "        # and\n        - /u/\n\n# redirects below\nredirects: {max_age: 60}\n"
    ),
    "the example": EXAMPLE,
    "windows": BASE.replace("\n", "\r\n"),
}  # fmt: skip


def paths(text: str) -> dict[str, list[str]]:
    config = parse(text, "site-config.yaml", Path())
    return {name: own.paths for name, own in config.designers.items()}


def removed(old: str, new: str) -> list[str]:
    """The lines of the old text that are not in the new one."""
    found = difflib.ndiff(old.splitlines(), new.splitlines())
    return [line[2:] for line in found if line.startswith("- ")]


@pytest.mark.parametrize("form", FORMS)
def test_a_designer_is_added_and_every_other_line_stays(form: str) -> None:
    text = FORMS[form]
    changed = with_designer(text, "hanako", ["/campaign/", "/夏 祭り/"])
    assert paths(changed) == paths(text) | {"hanako": ["/campaign/", "/夏 祭り/"]}
    assert removed(text, changed) == []


@pytest.mark.parametrize("form", FORMS)
def test_what_was_added_can_be_taken_out_again(form: str) -> None:
    text = FORMS[form]
    changed = without_designer(with_designer(text, "hanako", ["/campaign/"]), "hanako")
    assert paths(changed) == paths(text)
    assert changed.split() == text.split()


@pytest.mark.parametrize("form", ["flow paths", "block paths"])
def test_a_path_is_added_to_those_a_designer_has(form: str) -> None:
    text = FORMS[form]
    changed = with_designer(text, "taro", ["/t/", "/v/", "/v/a: b.html"])
    assert paths(changed) == {"taro": ["/t/", "/u/", "/v/", "/v/a: b.html"]}
    for comment in ("太郎さん", "公開"):
        assert comment in changed
    assert with_designer(changed, "taro", ["/v/"]) == changed


def test_of_two_designers_the_right_one_goes() -> None:
    text = with_designer(FORMS["block paths"], "hanako", ["/campaign/"])
    assert paths(without_designer(text, "taro")) == {"hanako": ["/campaign/"]}
    assert without_designer(text, "jiro") == text


@pytest.mark.parametrize("designers", ["designers: {taro: {paths: [/t/]}}\n", "designers: {}\n"])
def test_what_is_all_in_one_line_is_left_to_people(designers: str) -> None:
    with pytest.raises(ConfigError, match=r":3: designers: is written in a form"):
        with_designer(BASE + designers, "hanako", ["/a/"])


def test_a_change_that_is_no_configuration_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "site-config.yaml"
    file.write_text(FORMS["flow paths"], encoding="utf-8")
    with pytest.raises(ConfigError, match=r"meets /t/ of designers\.taro"):
        write(file, with_designer(FORMS["flow paths"], "hanako", ["/t/sale/"]))
    assert file.read_text(encoding="utf-8") == FORMS["flow paths"]


@settings(deadline=None)
@given(st.text("ab/ :#'\"[]{},&*!|>%@`夏-?.", min_size=1, max_size=12))
def test_a_path_is_read_as_it_was_meant(path: str) -> None:
    changed = with_designer(BASE, "hanako", [f"/{path}/"])
    try:
        assert paths(changed) == {"hanako": [f"/{path}/"]}
    except ConfigError as error:
        assert "designers.hanako.paths.0: must" in str(error)  # noqa: PT017 - either is right
