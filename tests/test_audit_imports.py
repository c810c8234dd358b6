"""Lists of old addresses, as the programs write them that people export them from."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.audit import listing
from publisher.audit.imports import read_urls_file
from publisher.audit.listing import listed
from publisher.audit.report import Measures, Source
from publisher.errors import PublisherError

A, B = "https://www.example.co.jp/?p=1632", "https://www.example.co.jp/古い/"

SEARCH = [(A, "search", Measures(clicks=1234)), (B, "search", Measures())]
DOMAINS = [(A, "backlinks", Measures(domains=2)), (B, "backlinks", Measures(domains=1))]

LISTED = [(A, "list", Measures()), (B, "list", Measures())]

EXPORTS: dict[str, tuple[str, list[tuple[str, Source, Measures]]]] = {
    "Search Console": (
        f'Top pages,Clicks,Impressions,CTR,Position\n{A},"1,234",5000,24.68%,3.1\n{B},0,7,0%,40\n',
        SEARCH,
    ),
    "Search Console, Japanese": (
        "上位のページ,クリック数,表示回数,CTR,掲載順位\r\n"
        f"{A},1234,5000,24.68%,3.1\r\n{B},0,7,0%,40\r\n",
        SEARCH,
    ),
    "Search Console, links": (
        f"Target page,Incoming links,Linking sites\n{A},447667,2\n{B},1,1\n",
        DOMAINS,
    ),
    "Bing": (
        '"Page","Impressions","Clicks","CTR","Avg. Position"\n'
        f'"{A}","9","1,234","1%","3"\n"{B}","9","0","","3"\n',
        SEARCH,
    ),
    # One line a link: domains count, not links; http and https, www and none are one page.
    "Ahrefs, backlinks": (
        "Referring page title\tReferring page URL\tReferring domains\tTarget URL\tAnchor\n"
        f'"A ""title""\nof two lines"\thttps://blog.example.com/a\t900\t{A}\tx\n'
        f"b\thttps://www.blog.example.com/b?c\t900\t{A.replace('https://www.', 'http://')}\tx\n"
        f"c\thttp://日記.example.jp\t900\t{A}#x\tx\n"
        f"d\thttps://blog.example.com/d\t900\t{B}\tx\ne\t\t900\t{B}\tx\n",
        DOMAINS,
    ),
    "Ahrefs, best by links": (
        f"UR\tURL\tTitle\tReferring domains\tDofollow\n9\t{A}\tx\t2\t1\n9\t{B}\tx\t1\t1\n",
        DOMAINS,
    ),
    "Majestic": (
        "Target URL,Source URL,Anchor Text,Source Crawl Date\n"
        f"{A},http://a.example/,x,2026-01-01\n{A},http://b.example/,x,2026-01-01\n"
        f"{B},http://b.example/,x,2026-01-01\n",
        DOMAINS,
    ),
    "Semrush": (
        "Page ascore;Source title;Source url;Target url;Anchor;External links\n"
        f"1;x;https://a.example/;{A};x;3\n1;x;https://b.example/;{A};x;3\n"
        f"1;x;https://b.example/;{B};x;3\n",
        DOMAINS,
    ),
    "Semrush, pages": (
        f"Response code,Source title,Source url,Backlinks,Domains\n200,x,{A},9,2\n200,x,{B},9,1\n",
        DOMAINS,
    ),
    "Moz": (
        f"URL,Title,PA,Linking Domains to Page,Total Links\n{A},x,30,2,9\n{B},x,30,1,9\n",
        DOMAINS,
    ),
    "redirects build": (
        f"from,to,status,hits,origin\n{A},/blog/1632.html,301,812,access log\n# no,more\n{B},/\n",
        [(A, "rule", Measures(hits=812)), (B, "rule", Measures())],
    ),
    "a table of addresses": (f"id,Old URL\n1,{A}\n2,{B}\n3,\n", LISTED),
    "a plain list": (f"# old\n\n{A}\r\n  {B}  \r\n", LISTED),
    "a plain list of another kind": (
        "www.example.co.jp/a,b\n/c\n",
        [("www.example.co.jp/a,b", "list", Measures()), ("/c", "list", Measures())],
    ),
    "nothing": ("\n\n", []),
}


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932"])
def test_what_an_export_says(name: str, encoding: str, tmp_path: Path) -> None:
    text, found = EXPORTS[name]
    content = text.encode(encoding)
    (tmp_path / "plain").write_bytes(content)
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(content))
    assert list(read_urls_file(tmp_path / "plain")) == found
    assert list(read_urls_file(tmp_path / "packed.csv.gz")) == found


def test_a_table_without_addresses_names_its_columns(tmp_path: Path) -> None:
    (tmp_path / "Queries.csv").write_text("上位のクエリ,クリック数,\x1b[31m表示回数\nワイン,1,2\n")
    with pytest.raises(PublisherError) as raised:
        list(read_urls_file(tmp_path / "Queries.csv"))
    message = str(raised.value)
    assert message.endswith("its columns: '上位のクエリ', 'クリック数', '[31m表示回数'")
    assert message.isprintable()
    assert "one address a line" in raised.value.hint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "is no text in UTF-8, UTF-16 or Shift_JIS"),
        (b"url\n/a\x00b\n", "is no text in UTF-8, UTF-16 or Shift_JIS"),
        (b"PK\x03\x04", "is a zip archive (or an Excel file), which is not read"),
        (b"url\n" + b"a" * 200_000, ":2: has more than 100,000 characters"),
        (b'url\n"' + b"/a\n" * 100_000, "is no table: "),
        (gzip.compress(b"url\n/a\n", mtime=0)[:-3], "it is packed, and its end is missing"),
    ],
)
def test_what_is_no_list_is_said_so(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(PublisherError) as raised:
        list(read_urls_file(tmp_path / "list.csv"))
    assert message in str(raised.value)


def test_lists_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "LINES_MAX", 10)
    monkeypatch.setattr(listing, "LINKS_MAX", 3)
    with pytest.raises(PublisherError, match="has more than 10 lines"):
        list(listed(["/a\n"] * 11, "a list"))
    rows = [f"/a,https://{number // 2}.example\n" for number in range(8)]
    with pytest.raises(PublisherError, match="has more than 3 links"):
        list(listed(["target url,source url\n", *rows], "a list"))
    assert len(list(listed(["target url,source url\n", *rows[:6]], "a list"))) == 1


COUNTS = [
    ("1234", 1234), ("1,234", 1234), ("1 234", 1234), ("1\u00a0234\u202f567", 1234567),
    ("12.0", 12), ("1,234.00", 1234), ("1.234.567", 1234567), ("1’234", 1234), ("１２３", 123),
    ("１，２３４", 1234),
    ("", 0), ("-", 0), ("—", 0), ("N/A", 0), ("0", 0), ("1,000,000,000", 10**9),
]  # fmt: skip
NO_COUNTS = ("-3", "−3", "<10", "nan", "inf", "1e99", "1.5E+05", "9" * 400, "99999999999999",
             "1.234", "1,23", "12,34", "1234,567", "1.234,5", "12%", "1_000", "٣", "三", "#REF!",
             "0x10", "1000000001", "1 2", "+5", "12²", "①", "🄂234")  # fmt: skip


@pytest.mark.parametrize(("text", "number"), COUNTS)
def test_counts_as_they_are_written(text: str, number: int) -> None:
    doubts: list[tuple[int, str]] = []
    lines = ["url\tclicks\n", f"/a\t{text}\n"]
    found = list(listed(lines, "", lambda *told: doubts.append(told)))
    assert [one.measures.clicks for one in found] == [number]
    assert doubts == []


@pytest.mark.parametrize("text", NO_COUNTS)
def test_what_is_no_count_is_not_believed_and_its_line_is_told(text: str) -> None:
    doubts: list[tuple[int, str]] = []
    lines = ["# a list\n", "url\tclicks\ttitle\n", "\n", '/b\t7\t"two\n', 'lines"\n',
             f"/a\t{text}\tx\n"]  # fmt: skip
    found = list(listed(lines, "", lambda *told: doubts.append(told)))
    assert [one.measures.clicks for one in found] == [7, 0]
    assert doubts == [(6, text)]


QUOTED = [
    '/b,7,"two\n',
    'lines, and ""more""\n',
    '."\n',
    '/c,8,5" disk\n',
    '/d,9,"he said "hi", see"\n',
]


def test_quotation_marks_may_be_anywhere_in_a_line() -> None:
    """A title may have some, and line breaks."""
    found = list(listed(["page,clicks,title\n", *QUOTED], "a list"))
    assert [(one.url, one.measures.clicks) for one in found] == [("/b", 7), ("/c", 8), ("/d", 9)]


@pytest.mark.parametrize("rest", [[], ['/z,3,"one, two"\n'], ["/z,3,x\n", '/y,4,""\n']])
def test_a_quotation_mark_that_is_not_closed_swallows_nothing_unsaid(rest: list[str]) -> None:
    lines = ["page,clicks,title\n", *QUOTED, '/a,1,"spoiled\n', *["/lost/,5,x\n"] * 9, *rest]
    with pytest.raises(PublisherError, match=r"^Pages\.csv:7: a quotation mark is not closed"):
        list(listed(lines, "Pages.csv"))


NAMES = ("Target URL", "Referring page URL", "Anchor", "Title")
LINK = st.tuples(st.sampled_from(["/a", "/b"]), st.sampled_from("xyz"), st.text(max_size=9))


@given(st.permutations(NAMES), st.lists(LINK), st.sampled_from("\t,;"))
def test_links_count_by_domain_whatever_the_order_and_the_titles(
    names: list[str], links: list[tuple[str, str, str]], separator: str
) -> None:
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, names, delimiter=separator)
    table.writeheader()
    for target, domain, written in links:
        title = written.replace("\x00", "")
        row = (target, f"https://www.{domain}.example/{title}", title, title)
        table.writerow(dict(zip(NAMES, row, strict=True)))
    lines = io.StringIO(out.getvalue(), newline="")
    assert {one.url: one.measures.domains for one in listed(lines, "")} == {
        target: len({domain for one, domain, _ in links if one == target})
        for target in {target for target, _, _ in links}
    }
