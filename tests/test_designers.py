"""Designers in the configuration: their names, what they own, and where two own the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.config import parse
from publisher.designers.names import folder, is_designer_name
from publisher.designers.ownership import area, areas, is_owned, overlaps, owner_of
from publisher.errors import ConfigError
from publisher.paths import SitePath

BASE = "site: {url: 'https://www.example.co.jp'}\ncms: {url: 'http://127.0.0.1:8081'}\n"


def problems(designers: str) -> list[str]:
    """What the configuration says about these lines, which begin at line 3."""
    with pytest.raises(ConfigError) as caught:
        parse(BASE + designers, "site-config.yaml", Path())
    return str(caught.value).splitlines()


@pytest.mark.parametrize("name", ["hana", "hanako", "a", "tokyo-2", "a" * 32])
def test_a_name_of_plain_letters_is_one(name: str) -> None:
    assert folder(name) == f"uploads/{name}/"


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "../taro", "hana/ko", "hana ko", "Hanako", "2hana", "-hana", "hana-",
        "hana--ko", "hana*", "hana?", "${aws:username}", "hana\n", "a" * 33, "hana_ko", "hana.ko",
        "花子", "hаna", "ｈａｎａ", "hana\u200b", "hana\x00", "%2e%2e",
    ],
)  # fmt: skip
def test_a_name_that_could_mean_something_else_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="must be a name such as hanako"):
        is_designer_name(name)


def test_a_letter_that_only_looks_like_one_is_named() -> None:
    assert problems("designers:\n  hаna: {paths: [/a/]}\n") == [
        "site-config.yaml:4: designers.hаna: must be a name such as hanako: up to 32 letters a-z, "
        "digits and hyphens, a letter first; it has 'а' (CYRILLIC SMALL LETTER A), which may only "
        "look like one"
    ]


@pytest.mark.parametrize(
    ("owned", "inside", "outside"),
    [
        ("/campaign/", ["/campaign/", "/campaign/a/b.png"], ["/", "/campaign", "/campaign2/"]),
        ("/index.html", ["/"], ["/a.html", "/campaign/"]),
        ("/campaign/index.html", ["/campaign/"], ["/campaign/a.html", "/"]),
        ("/", ["/", "/a.html", "/campaign/"], []),
        ("/flyer.pdf", ["/flyer.pdf"], ["/flyer.pdf2", "/flyer.pdf/a"]),
        ("/キャンペーン/", ["/キャンペーン/夏.html"], ["/キャンペーン2/"]),
    ],
)
def test_a_path_owns_a_folder_or_a_single_file(
    owned: str, inside: list[str], outside: list[str]
) -> None:
    own = {"hanako": areas([owned])}
    assert [owner_of(SitePath(path), own) for path in inside] == ["hanako"] * len(inside)
    assert [owner_of(SitePath(path), own) for path in outside] == [""] * len(outside)
    assert is_owned(is_owned(owned)) == owned


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("campaign/", "does not begin with a slash"),
        ("/a/../b/", "holds '..'"),
        ("/a//b/", "'//'"),
        ("/campaign/*", "must be no pattern"),
        ("/%E5%A4%8F/", "must not be percent-encoded"),
        ("/a\u202eb/", "must not hold control characters"),
    ],
)
def test_what_is_no_path_of_the_site_can_not_be_owned(path: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        is_owned(path)


def test_all_that_is_wrong_is_told_with_its_line() -> None:
    assert problems(
        "designers:\n  hanako:\n    paths: [/a/]\n    path: /b/\n  taro:\n    paths: []\n"
        "  jiro: {}\n"
    ) == [
        "site-config.yaml:6: designers.hanako.path: is no key; did you mean 'paths'?",
        "site-config.yaml:8: designers.taro.paths: list should have at least 1 item after "
        "validation, not 0",
        "site-config.yaml:9: designers.jiro.paths: is missing",
    ]


def test_two_designers_can_not_own_the_same_path() -> None:
    assert problems(
        "designers:\n"
        "  taro:\n    paths:\n      - /shop/\n      - /index.html\n"
        "  hanako:\n    paths:\n      - /shop/sale/\n      - /\n"
    ) == [
        "site-config.yaml:10: designers.hanako.paths.0: /shop/sale/ meets /shop/ of designers.taro "
        "(line 6): a path has one owner",
        "site-config.yaml:11: designers.hanako.paths.1: / meets /index.html of designers.taro "
        "(line 7): a path has one owner",
        "site-config.yaml:11: designers.hanako.paths.1: / meets /shop/ of designers.taro (line 6): "
        "a path has one owner",
    ]


_SEGMENTS = st.lists(st.sampled_from(["a", "b", "ab", "夏", "index.html"]), max_size=3)
_PATHS = st.builds(
    lambda parts, slash: "/" + "/".join(parts) + ("/" if slash and parts else ""),
    _SEGMENTS,
    st.booleans(),
)
_OWNED = st.dictionaries(
    st.sampled_from(["hana", "hanako", "taro"]), st.lists(_PATHS, max_size=4), max_size=3
)


@settings(deadline=None)
@given(_OWNED)
def test_overlaps_are_found_where_two_areas_have_a_path_in_common(
    paths: dict[str, list[str]],
) -> None:
    owned = {name: areas(own) for name, own in paths.items()}
    rows = [(name, number, one) for name, own in owned.items() for number, one in enumerate(own)]
    meeting = {
        frozenset(((name, number), (other, number2)))
        for name, number, one in rows
        for other, number2, two in rows
        if name != other and one.meets(two)
    }
    found = {frozenset((o[:2], o[2:])) for o in overlaps(owned)}
    assert found <= meeting
    assert bool(found) == bool(meeting)


@settings(deadline=None)
@given(_OWNED, _PATHS)
def test_without_overlaps_each_path_has_one_owner(paths: dict[str, list[str]], path: str) -> None:
    owned = {name: areas(own) for name, own in paths.items()}
    if any(overlaps(owned)):
        return
    site_path = area(path).path
    owners = [name for name, own in owned.items() if any(a.covers(site_path) for a in own)]
    assert owner_of(site_path, owned) == (owners[0] if owners else "")
    assert len(owners) <= 1
