"""What an upload may hold: names, kinds, texts, pictures, references; hostile ones, too."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.addresses import SiteUrls
from publisher.designers.ownership import areas
from publisher.inspection import Inspector, SiteFacts
from publisher.intake import pictures
from publisher.intake.names import is_grantable, is_ignored, place, shown
from publisher.intake.policy import Policy
from publisher.intake.reading import read
from publisher.intake.remark import Remark
from publisher.intake.screening import FILES_MAX, Passed, Screening
from publisher.intake.words import WORDS, is_refusal, words_of
from publisher.paths import SitePath
from publisher.rewrite.text import Hosts

PUBLIC = "https://www.example.co.jp"
CMS = "https://staging.example.co.jp:8443"
OWN = areas(["/campaign/", "/index.html"])
PAGE = (
    '<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>夏</title></head>'
    "<body><h1>夏のキャンペーン</h1><p>おいしいワインをたくさんご用意しました。</p>{}</body></html>\n"
)
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes((0, 0, 0, 9, 0, 0, 0, 7)) + b"\x08\x06\0\0\0"


def screened(
    files: Mapping[str, bytes | str],
    policy: Policy | None = None,
    rest: tuple[str, ...] = ("/", "/wp-content/Theme.css"),
) -> tuple[Screening, list[Passed]]:
    """An upload, looked at beside the rest of a site."""
    urls = SiteUrls(PUBLIC, (CMS,))
    screening = Screening(
        policy or Policy(OWN),
        Inspector(SiteFacts(PUBLIC, urls.hosts)),
        "www.example.co.jp",
        Hosts(urls.hosts, PUBLIC),
    )
    bodies = {name: b.encode() if isinstance(b, str) else b for name, b in files.items()}
    places = screening.begin((name, len(body)) for name, body in bodies.items())
    passed = [screening.look(name, path, bodies[name]) for name, path in places.items()]
    lower = {SitePath(path).file.lower(): path for path in rest}
    screening.end(
        lambda path: path in rest,
        lambda wanted: {key: path for key, path in lower.items() if key in wanted},
    )
    return screening, passed


def refusals(files: Mapping[str, bytes | str], policy: Policy | None = None) -> list[Remark]:
    return [one for one in screened(files, policy)[0].remarks if is_refusal(one)]


def codes(files: Mapping[str, bytes | str], policy: Policy | None = None) -> list[str]:
    return [one.code for one in refusals(files, policy)]


# ------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    "name",
    [
        "campaign/", ".DS_Store", "campaign/.DS_Store", "campaign/Thumbs.db", "__MACOSX/a/b.html",
        "campaign/._index.html", "desktop.ini", "campaign/~$prices.xlsx", "_status.html",
        "_status.json", "_STATUS.HTML", "campaign/.gitkeep", "", ".publisher-check-1a2b3c4d-copy",
    ],
)  # fmt: skip
def test_what_systems_leave_behind_is_no_part_of_an_upload(name: str) -> None:
    assert is_ignored(name)


@pytest.mark.parametrize(
    "name", ["campaign/_status.html", "campaign/index.html", "thumbs.db.html", "a/macosx.html"]
)
def test_what_only_looks_so_is_one(name: str) -> None:
    assert not is_ignored(name)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("campaign/index.html", "/campaign/"),
        ("index.html", "/"),
        ("campaign/夏 2026/会社概要.pdf", "/campaign/夏 2026/会社概要.pdf"),
        ("campaign/" + unicodedata.normalize("NFD", "がぎぐ.html"), "/campaign/がぎぐ.html"),
        ("campaign/LOGO.PNG", "/campaign/LOGO.PNG"),
        ("campaign/v1.2/a.css", "/campaign/v1.2/a.css"),
    ],
)
def test_a_name_says_where_a_file_belongs(name: str, path: str) -> None:
    assert place(name, OWN) == path


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("other.html", "outside"),
        ("campaign.html", "outside"),
        ("campaigns/index.html", "outside"),
        ("Campaign/index.html", "outside"),
        ("campaign/a\u202egnp.html", "name-unseen"),
        ("campaign/a\u200bb.html", "name-unseen"),
        ("campaign/\ufeffa.html", "name-unseen"),
        ("campaign/a\u00a0b.html", "name-unseen"),
        ("campaign/a\nb.html", "name-unseen"),
        ("campaign/a\x00.html", "name-unseen"),
        ("campaign/a\x7f.html", "name-unseen"),
        ("campaign/%2e%2e/a.html", "name-encoded"),
        ("campaign/100%25.html", "name-encoded"),
        ("campaign/a?b.html", "name-reserved"),
        ("campaign/a#b.html", "name-reserved"),
        ("campaign/<script>.html", "name-reserved"),
        ("campaign/../index.html", "name-path"),
        ("campaign//a.html", "name-path"),
        ("campaign/./a.html", "name-path"),
        ("campaign/a.html ", "name-path"),
        ("campaign\\a.html", "name-path"),
        ("campaign/" + "あ" * 90 + ".html", "name-long"),
        ("campaign/" + "/".join(["a" * 200] * 5) + ".html", "name-long"),
        ("campaign/" + "x" * 1024, "name-long"),
        ("campaign/a.php", "server-file"),
        ("campaign/a.PHP5", "server-file"),
        ("campaign/.htaccess", "server-file"),
        ("campaign/web.config", "server-file"),
        ("campaign/.env", "server-file"),
        ("campaign/list.shtml", "server-file"),
        ("campaign/.git/config", "hidden"),
        ("campaign/.secret.html", "hidden"),
        ("campaign/setup.exe", "program"),
        ("campaign/run.bat", "program"),
        ("campaign/site.zip", "archive"),
        ("campaign/site.tar.gz", "archive"),
        ("campaign/design.psd", "type"),
        ("campaign/README", "no-ending"),
        ("campaign/a.unknown", "type"),
        ("campaign/a.html.", "no-ending"),
    ],
)
def test_a_name_that_can_not_be_on_the_site_is_refused(name: str, code: str) -> None:
    found = place(name, OWN)
    assert isinstance(found, Remark)
    assert found.code == code
    assert is_refusal(found)


def test_endings_can_be_granted_but_no_program_or_server_file() -> None:
    assert place("campaign/press.zip", OWN, {"zip"}) == "/campaign/press.zip"
    assert is_grantable("zip") == "zip"
    for ending in ("php", "exe", "htaccess", "sh"):
        with pytest.raises(ValueError, match="no server file or program"):
            is_grantable(ending)
    with pytest.raises(ValueError, match="without its dot"):
        is_grantable(".zip")


@given(st.text(max_size=60))
def test_any_name_has_a_place_of_its_designer_or_an_answer_that_is_safe_to_show(name: str) -> None:
    found = place(f"campaign/{name}", OWN)
    if isinstance(found, Remark):
        words = words_of(found)
        assert all(text.isprintable() for text in (found.file, words.ja, words.en))
    else:
        assert found.startswith("/campaign/")
        assert SitePath(found) == found
    assert shown(name).isprintable()


def test_two_forms_of_one_name_are_told() -> None:
    nfd = unicodedata.normalize("NFD", "campaign/が.css")
    (found,) = refusals({"campaign/が.css": "a{}", nfd: "a{}"})
    assert found.code == "name-twice"


# -------------------------------------------------------------------------------- texts


def test_a_page_in_utf8_keeps_its_bytes() -> None:
    page = "\ufeff" + PAGE.format("\r\n<p>\t</p>")
    _, (passed,) = screened({"campaign/index.html": page})
    assert passed.body == page.encode()
    assert passed.content_type == "text/html; charset=utf-8"
    assert passed.path == "/campaign/"


@pytest.mark.parametrize("charset", ["Shift_JIS", "EUC-JP", "ISO-2022-JP", "UTF-16"])
def test_a_page_in_another_charset_becomes_utf8_or_is_refused(charset: str) -> None:
    page = PAGE.format("").replace("utf-8", charset)
    files = {"campaign/index.html": page.encode(charset)}
    screening, (passed,) = screened(files)
    assert passed.body.decode() == PAGE.format("")
    assert [one.code for one in screening.remarks] == ["converted"]
    assert codes(files, Policy(OWN, charset="refuse")) == ["charset"]


def test_a_style_sheet_that_says_nothing_is_known_by_its_text() -> None:
    css = "/* 見出しの色、文字の大きさ */\nh1 { color: red }\n"
    for charset in ("cp932", "euc_jp"):
        _, (passed,) = screened({"campaign/a.css": css.encode(charset)})
        assert passed.body.decode() == css


def test_bytes_of_no_charset_are_refused() -> None:
    assert codes({"campaign/index.html": b"<p>\xff\xfe\xfd\x81"}) == ["charset-unknown"]


def test_what_is_opened_elsewhere_stays_in_its_charset() -> None:
    table = "商品,価格\nワイン,1200\n".encode("cp932")
    screening, (passed,) = screened({"campaign/prices.csv": table})
    assert passed.body == table
    assert passed.content_type == "text/csv"
    assert not screening.remarks


@pytest.mark.parametrize(
    ("markup", "code"),
    [
        (r'<img src="C:\Users\hanako\a.png">', "local-link"),
        ('<img src="file:///Users/hanako/a.png">', "local-link"),
        (r'<a href="\\server\share\a.html">x</a>', "local-link"),
        ('<a href="http://localhost:3000/">x</a>', "private-link"),
        ('<img src="http://192.168.0.5/a.png">', "private-link"),
        ('<script src="http://10.0.0.7:8080/a.js"></script>', "private-link"),
        ('<img src="http://[fd00::5]/a.png">', "private-link"),
        ('<a href="http://staging/">x</a>', "private-link"),
        ('<a href="https://staging.example.co.jp:8443/about/">x</a>', "private-link"),
        ("<script>var u = 'https:\\/\\/staging.example.co.jp:8443\\/a'</script>", "private-link"),
        ('<a href="http://hanako-mac.local/">x</a>', "private-link"),
        ('<!--#include virtual="/header.html" -->', "server-code"),
        ("<?php echo 1; ?>", "server-code"),
        ('<img src="none.png">', "missing"),
        ('<img srcset="none.png 2x">', "missing"),
        ('<div style="background: url(none.png)"></div>', "missing"),
        ("<style>\n@import 'none.css';\n</style>", "missing"),
        ('<script src="/campaign/none.js"></script>', "missing"),
        ('<link rel="stylesheet" href="https://www.example.co.jp/none.css">', "missing"),
        ('<img src="Logo.PNG">', "missing-case"),
        ('<a href="/Campaign/">x</a>', "missing-case"),
        ('<link rel="stylesheet" href="/wp-content/theme.css">', "missing-case"),
    ],
)
def test_what_would_be_broken_for_visitors_is_refused(markup: str, code: str) -> None:
    files: dict[str, bytes | str] = {
        "campaign/index.html": PAGE.format(f"\n{markup}"),
        "campaign/logo.png": PNG,
    }
    found = refusals(files)
    assert [one.code for one in found] == [code]
    assert found[0].line == 2 + ("@import" in markup)


def test_of_a_private_address_it_is_told_which_and_nothing_around_it() -> None:
    markup = '<img src="logo.png"><script src="http://192.168.0.3/a.js"></script>'
    page = PAGE.format(f"\n{markup}")
    (found,) = refusals({"campaign/index.html": page, "campaign/logo.png": PNG})
    assert (found.what, found.line) == ("http://192.168.0.3/a.js", 2)


@pytest.mark.parametrize(
    "markup",
    [
        '<img src="logo.png?v=2"><img src="./logo.png#x"><img src="/campaign/logo.png">',
        '<a href="https://www.example.org/none.png">x</a><img src="//cdn.example.org/a.png">',
        '<a href="mailto:a@example.co.jp">x</a><a href="#top">x</a><a href="tel:03">x</a>',
        '<img src="data:image/gif;base64,R0lGOD"><a href="/wp-content/Theme.css">x</a>',
        '<img src="{{ item.src }}"><script>var a = "none.png"</script><a href="/">x</a>',
        "<pre>http://localhost:3000/</pre>",
        '<base href="/campaign/x/"><img src="../logo.png">',
        '<img src="夏.png"><img src="%E5%A4%8F.png">',
    ],
)
def test_what_is_there_is_found(markup: str) -> None:
    files: dict[str, bytes | str] = {
        "campaign/index.html": PAGE.format(markup),
        "campaign/logo.png": PNG,
        "campaign/夏.png": PNG,
    }
    assert codes(files) == []


def test_the_name_that_is_meant_is_told() -> None:
    page = PAGE.format('<img src="img/Logo.PNG">')
    (found,) = refusals({"campaign/index.html": page, "campaign/img/logo.png": PNG})
    assert "img/logo.png" in words_of(found).en
    assert "img/logo.png" in words_of(found).ja


def test_a_link_to_nothing_is_told_and_lets_the_upload_through() -> None:
    screening, _ = screened({"campaign/index.html": PAGE.format('<a href="/none/">x</a>')})
    assert [(one.code, is_refusal(one)) for one in screening.remarks] == [("link-missing", False)]


@pytest.mark.parametrize(
    "markup",
    [
        "<script>alert(1)</script>",
        '<body onload="x()">',
        '<a href="java&#9;script:alert(1)">x</a>',
        "<a href=' javascript&colon;alert(1)'>x</a>",
        '<iframe srcdoc="<b>"></iframe>',
        '<object data="/campaign/"></object>',
        '<svg><animate attributeName="href" to="javascript:alert(1)"/></svg>',
        '<iframe src="data:text/html,x"></iframe>',
        "<svg/onload=alert(1)>",
    ],
)
def test_scripts_are_refused_where_they_may_not_be(markup: str) -> None:
    files = {"campaign/index.html": PAGE.format(markup)}
    assert "script" in codes(files, Policy(OWN, scripts="refuse"))
    assert "script" not in codes(files)


@pytest.mark.parametrize(
    "drawing",
    [
        "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "<svg xmlns:x='http://www.w3.org/2000/svg'><x:script>alert(1)</x:script></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "<!DOCTYPE svg [<!ENTITY x '<script>'>]><svg>&x;</svg>",
        "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    ],
)
def test_so_they_are_in_drawings(drawing: str) -> None:
    files = {"campaign/a.svg": drawing}
    assert set(codes(files, Policy(OWN, scripts="refuse"))) == {"script"}
    assert codes(files) == []
    plain = {"campaign/a.svg": "<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0'/></svg>"}
    assert codes(plain, Policy(OWN, scripts="refuse")) == []


XHTML = "http://www.w3.org/1999/xhtml"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.xml", f"<r><x:script xmlns:x='{XHTML}'>alert(1)</x:script></r>"),
        ("feed.rss", f"<rss><script xmlns='{XHTML}'>alert(1)</script></rss>"),
        ("feed.atom", f"<feed><img xmlns='{XHTML}' src='/x' onerror='alert(1)'/></feed>"),
        ("a.kml", f"<kml><a xmlns='{XHTML}' href='javascript&#58;alert(1)'>x</a></kml>"),
        ("a.xml", "<?xml-stylesheet type='text/xsl' href='a.xsl'?><r/>"),
        ("a.xsl", "<x:stylesheet xmlns:x='http://www.w3.org/1999/XSL/Transform'/>"),
        ("a.svg", "<?xml-stylesheet type='text/xsl' href='a.xsl'?><svg/>"),
    ],
)
def test_so_they_are_in_other_xml(name: str, text: str) -> None:
    """A browser that opens it runs them, on the site's own origin."""
    files = {f"campaign/{name}": text}
    assert set(codes(files, Policy(OWN, scripts="refuse"))) == {"script"}
    assert codes(files) == []
    plain = {"campaign/a.xml": "<?xml-stylesheet type='text/css' href='/a.css'?><r>夏</r>"}
    assert codes(plain, Policy(OWN, scripts="refuse")) == []


def test_a_script_file_is_one_too() -> None:
    assert codes({"campaign/a.js": "x()"}, Policy(OWN, scripts="refuse")) == ["script"]


def test_the_gates_of_the_cms_look_at_uploads_too() -> None:
    page = PAGE.format("<p>mail: someone@partner-design.jp</p>")
    screening, _ = screened({"campaign/index.html": page})
    assert [one.gate for one in screening.findings] == ["emails"]


# ------------------------------------------------------------------------------- sizes


def _jpeg(width: int, height: int) -> bytes:
    start = b"\xff\xd8\xff\xe1\x00\x10" + b"Exif" + bytes(10)
    frame = b"\xff\xc0\x00\x11\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return start + frame + bytes(20)


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (PNG, (9, 7)),
        (b"GIF89a\x09\x00\x07\x00", (9, 7)),
        (_jpeg(6000, 4000), (6000, 4000)),
        (b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\x08\0\0\x06\0\0", (9, 7)),
        (b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + b"\x09\0\x07\0", (9, 7)),
        (b"\xff\xd8" + b"\xff" * 9, None),
        (b"\xff\xd8\xff\xe1\x00\x00" * 3000, None),
        (b"\xff\xd8\xff", None),
        (b"\x89PNG\r\n\x1a\n", None),
        (b"", None),
    ],
)
def test_the_size_of_a_picture_is_read(data: bytes, size: tuple[int, int] | None) -> None:
    assert pictures.size_of(data) == size


@given(st.binary(max_size=300))
def test_no_bytes_are_too_odd_to_be_measured(data: bytes) -> None:
    for start in (b"", b"\xff\xd8", b"RIFF\0\0\0\0WEBP", b"\x89PNG\r\n\x1a\n\0\0\0\0IHDR"):
        pictures.size_of(start + data)


def test_a_picture_that_is_too_large_is_told_which_size_would_do() -> None:
    (found,) = refusals({"campaign/photo.jpg": _jpeg(6000, 4000) + bytes(9_400_000)})
    assert found.code == "picture-large"
    assert found.what == "6000 × 4000 px, 9.4 MB"
    assert found.hint == "2560 × 1707 px, 5.0 MB"


def test_too_many_files_are_refused_in_bounded_time() -> None:
    screening = screened({})[0]
    screening.begin((f"campaign/{number}.php", 1) for number in range(FILES_MAX + 500))
    assert len(screening.remarks) < 100
    assert "files-many" in {one.code for one in screening.remarks}
    assert dict(screening.untold())["server-file"] > FILES_MAX - 100


@pytest.mark.parametrize(
    "text",
    [
        "<" * 300_000, "<a href=" * 50_000, "<!--" * 80_000, "<img src='" + "a" * 300_000,
        "<style>" + "url(" * 60_000, "<svg " + "on" * 150_000, "&" * 300_000,
        "<img srcset='" + "a, " * 100_000 + "'>", "<svg>" * 60_000,
    ],
)  # fmt: skip
def test_hostile_texts_take_no_time(text: str) -> None:
    policy = Policy(OWN, scripts="refuse")
    started = time.perf_counter()
    screened({"campaign/index.html": text, "campaign/a.svg": text, "campaign/a.css": text}, policy)
    assert time.perf_counter() - started < 10


# ------------------------------------------------------------------------------- words


@pytest.mark.parametrize("code", WORDS)
def test_every_matter_is_told_in_both_languages(code: str) -> None:
    words = words_of(Remark(code, "a.html", 1, "{what}", "{0.__class__}"))
    assert not words.ja.isascii()
    assert words.en.isascii()
    assert words.is_refusal == WORDS[code].is_refusal
    assert bool(words.ja_do) == bool(words.en_do)


def test_what_files_are_called_is_filled_in_as_it_is() -> None:
    words = words_of(Remark("missing", "a.html", 1, "{hint}<b>"))
    assert "{hint}<b>" in words.en


def test_reading_wants_text() -> None:
    with pytest.raises(ValueError, match="is no text"):
        read(b"", "image/png")
