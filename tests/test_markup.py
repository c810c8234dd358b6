# ruff: noqa: E501 - markup stands in one line, as it is written
"""What is a tag and what is not, as the HTML Living Standard's tokenizer has it (13.2.5), against
cases by hand and against lol_html, whose tokenizer Cloudflare keeps to the standard."""

from __future__ import annotations

import random
import re
from time import process_time

import lolhtml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.rewrite.markup import Tag, is_tree, one_by_one, tokens

Seen = list[tuple[object, ...]]
PLAIN = re.compile(rb"<([a-zA-Z][^\t\n\f\r />]*)")


def seen(pieces: list[bytes]) -> Seen:
    """Start tags with their attributes, and comments."""
    events: Seen = []
    for position, token in enumerate(pieces):
        if position % 2 == 0:  # text, in which tags of nothing but a name are left
            events += [(name.decode().lower(),) for name in PLAIN.findall(token)]
        elif is_tree(token):
            events += seen(one_by_one(token))
        elif token.startswith((b"<!", b"<?")) or token[1:2] == b"/":
            if token.startswith(b"<!--"):
                events.append(("comment",))
        elif tag := Tag.read(token):
            events.append((tag.name, *((one.name, one.value.decode()) for one in tag.attributes)))
    return events


class _Elements:
    def __init__(self, events: Seen) -> None:
        self.events = events

    def element(self, element: lolhtml.Element) -> None:
        self.events.append((element.tag_name, *element.attributes))


class _Comments:
    def __init__(self, events: Seen) -> None:
        self.events = events

    def comments(self, comment: lolhtml.Comment) -> None:
        # It calls bogus comments comments, too, and does not say which is which.
        self.events.append(("comment", comment.text))


def by_lol_html(source: bytes) -> Seen | None:
    """The same by lol_html; None if it can't tell."""
    events: Seen = []
    rewriter = lolhtml.HTMLRewriter(lambda _: None)
    rewriter.on("*", _Elements(events))
    rewriter.on_document(_Comments(events))
    try:
        rewriter.write(source)
        rewriter.end()
    except RuntimeError as error:
        if "ambiguous" not in str(error):
            raise
        return None
    return events


def elements(events: Seen) -> Seen:
    return [event for event in events if event[0] != "comment"]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("<a><B></b></A>", "a b"), ("<a", ""), ("<a b", ""), ("<a b=c", ""), ('<a b="c>', ""), ("<a b='c>", ""), ("<a/", ""),
        ("< a><3><a>", "a"), ("<a<b>", "a<b"), ("<a/b>", "a"), ("<é><a>", "a"), ("<a\x00b>", "a\x00b"), ("<a\x0bb>", "a\x0bb"),
        ('<p title="<a>"><b>', "p b"), ("<p title='<a>'><b>", "p b"), ("<p title=<a>b", "p"), ('<p a="x"b=\'>\'c>', "p"),
        ('<p ="<a>">', "p"), ('<p a=b="<a>">', "p"), ('<p "<a>">', "p"), ('<p a = "<a>">', "p"), ("<p a=\n\t'<a>'>", "p"), ("<p/a='<a>'/>", "p"),
        ("</a <b>><c>", "c"), ('</a b=">"><c>', "c"), ("</><a>", "a"), ("</ <a>><b>", "b"), ("</3 <a>><b>", "b"), ("</", ""),
        ("<!-- <a> --><b>", "comment b"), ("<!--><a>", "comment a"), ("<!---><a>", "comment a"), ("<!----><a>", "comment a"),
        ("<!-- --!><a>", "comment a"), ("<!----!><a>", "comment a"), ("<!-- --!--><a>", "comment a"), ("<!-- --- --><a>", "comment a"),
        ("<!-- -- > --><a>", "comment a"), ("<!-- <!-- --><a>", "comment a"), ("<!-- <a>", "comment"), ("<!--!><a>--><b>", "comment b"),
        ("<! <a>><b>", "b"), ("<? <a>><b>", "b"), ('<!doctype html public "<a>"><b>', "b"), ("<![CDATA[ <a> ]]><b>", "b"), ("<!", ""),
        ("<script><a></script><b>", "script b"), ("<SCRIPT><a></scRipt\t><b>", "script b"), ("<script></scripty></script/><b>", "script b"),
        ("<script><!-- <a></script><b>", "script b"), ("<script><!-- <script> </script> <a></script><b>", "script b"),
        ("<script><!-- <script> --></script><b>", "script b"), ("<script><!--><script></script><b>", "script b"),
        ("<script><!-- <script> </script> --><a></script><b>", "script b"), ("<script><!-- <scripty> </script><b>", "script b"),
        ("<script><!-- <script <a></script><!-- </script><b>", "script b"), ("<script><a>", "script"), ("<script a='</script>'><b></script><c>", "script c"),
        ("<style><a></style><b>", "style b"), ("<style><!-- </style><b>", "style b"), ("<title><a></title><b>", "title b"),
        ("<textarea><a></textarea ><b>", "textarea b"), ("<xmp><a></xmp><b>", "xmp b"), ("<iframe><a></iframe><b>", "iframe b"),
        ("<noembed><a></noembed><b>", "noembed b"), ("<noframes><a></noframes><b>", "noframes b"), ("<plaintext></plaintext><a>", "plaintext"),
        ("<title/><a></title><b>", "title b"), ("<titles><a>", "titles a"), ("<style></style <a>><b>", "style b"),
        # On purpose not as browsers with scripts: both kinds of readers get links that work.
        ("<noscript><a></noscript>", "noscript a"),
        ("<svg><title><a></title><b>", "svg title a b"), ("<svg><style><a></style>", "svg style a"), ("<svg/><title><a></title>", "svg title"),
        ("<svg><![CDATA[<a>]]><b>", "svg b"), ("<math><![CDATA[<a>]]></math><![CDATA[<a>]]><b>", "math b"), ("<svg></svg><title><a></title>", "svg title"),
        ("<svg><p><title><a></title>", "svg p title"), ("<svg><font><title/><a>", "svg font title a"), ("<svg><font color=x><title><a></title>", "svg font title"),
        ("<svg><foreignObject><title><a></title></foreignObject><title/><b>", "svg foreignobject title title b"),
        ("<math><mi><title><a></title></mi><title/><b>", "math mi title title b"), ("<svg><path d='a'/><title>x</title></svg><title><a>", "svg path title title"),
        ("<math><annotation-xml encoding=TEXT/HTML><title><a>", "math annotation-xml title"), ("<svg></p><title><a>", "svg title"),
    ],
)  # fmt: skip
def test_what_browsers_take_for_tags(source: str, names: str) -> None:
    assert [event[0] for event in seen(tokens(source.encode()))] == names.split(
        " " if names else None
    )


@pytest.mark.parametrize(
    ("tag", "attributes"),
    [
        ("<a B=c>", [("b", "c", "")]), ('<a b="c d">', [("b", "c d", '"')]), ("<a b='c\"'>", [("b", 'c"', "'")]), ("<a b>", [("b", "", "")]),
        ("<a b=>", [("b", "", "")]), ('<a b="">', [("b", "", '"')]), ("<a b = c>", [("b", "c", "")]), ("<a b=c/>", [("b", "c/", "")]),
        ("<a/b/c>", [("b", "", ""), ("c", "", "")]), ("<a =b=c>", [("=b", "c", "")]), ("<a b==c>", [("b", "=c", "")]), ("<a b=c d=e b=f>", [("b", "c", ""), ("d", "e", ""), ("b", "f", "")]),
        ('<a b="c"d=\'e\'f>', [("b", "c", '"'), ("d", "e", "'"), ("f", "", "")]), ("<a b=c\"d'e>", [("b", "c\"d'e", "")]), ('<a "b">', [('"b"', "", "")]),
        ("<a b='&amp;&lt'>", [("b", "&amp;&lt", "'")]), ("<a data-日本=語>", [("data-日本", "語", "")]),
    ],
)  # fmt: skip
def test_attributes_as_they_are_written(tag: str, attributes: list[tuple[str, str, str]]) -> None:
    read = Tag.read(tag.encode())
    assert read
    found = [(one.name, one.value.decode(), one.quote.decode()) for one in read.attributes]
    assert found == attributes
    for one in read.attributes:
        assert tag.encode()[one.at : one.at + len(one.value)] == one.value


@pytest.mark.parametrize(
    ("tag", "new", "edited"),
    [
        ("<a href='x' id=y >", "z", "<a href='z' id=y >"), ("<a  HREF = x>", "z", "<a  HREF = z>"), ("<a href=x>", "a b", '<a href="a b">'),
        ("<a href=x>", "", '<a href="">'), ("<a href='x'>", "a'b", "<a href='a&#39;b'>"), ('<a href="x">', 'a"b', '<a href="a&quot;b">'),
        ("<a href=x/>", "/y/", "<a href=/y/>"), ("<a href=x href=y>", "z", "<a href=z href=y>"),
        ("<a href=x>", None, "<a>"), ('<a b=1 href="x"c=2>', None, "<a b=1 c=2>"), ('<a b=1 href="x"/>', None, "<a b=1 />"),
        ("<a\n href='x' id=y>", None, "<a id=y>"), ("<a href=x HREF=y id=z>", None, "<a id=z>"),
    ],
)  # fmt: skip
def test_only_the_value_of_an_attribute_changes(tag: str, new: str | None, edited: str) -> None:
    read = Tag.read(tag.encode())
    assert read
    value = None if new is None else new.encode()
    assert read.edited(tag.encode(), {"href": value}) == edited.encode()


PIECES = (
    "<a href=x>", "<A HREF = 'y'  >", '<p title="a>b">', "</p>", "</A >", '</a b=">">', "<", ">", "</", "<!", "<!-- ", " -->", "--!>", "<!-->", "<?x>", "=", '"', "'", "/", " ", "-", "a",
    "<script>", "</script>", "<script", "</script", "<style>", "</style>", "<title>", "</title>", "<textarea>", "</textarea>", "<xmp>", "</xmp>", "<iframe>", "</iframe>", "<plaintext>",
    "<svg>", "</svg>", "<svg/>", "<math>", "</math>", "<mi>", "</mi>", "<foreignObject>", "</foreignObject>", "<path d='M0'/>", "<desc>", "</desc>", "<font color=a>", "<font>", "<title/>",
    "<![CDATA[", "]]>", "<g>", "</g>", "<b>", "</br>", "<br/>", "日本", "\x00", "\t", "<svg", "<svg a=b/>", "<annotation-xml encoding=text/html>", "</annotation-xml>",
)  # fmt: skip


def damaged(chance: random.Random, most: int) -> bytes:
    source = bytearray("".join(chance.choices(PIECES, k=chance.randrange(most))).encode())
    for _ in range(chance.randrange(3)):
        if source:
            source[chance.randrange(len(source))] = chance.choice(b"<>\"'=/! -a\n")
    return bytes(source)


# By the standard `<svg/>` opens nothing ("pop the current node"), and `<math>` in SVG is an SVG's
# element. lol_html sees both otherwise.
DIFFERENT = re.compile(rb"<(?:svg|math)[^>]*/>|<svg[\s\S]*<math|<math[\s\S]*<svg", re.IGNORECASE)


def test_tags_are_those_that_lol_html_sees() -> None:
    chance = random.Random(20261122)
    told = 0
    for _ in range(4000):
        source = damaged(chance, 14).decode(errors="ignore").encode()
        expected = by_lol_html(source)
        if expected is not None and not DIFFERENT.search(source):
            told += 1
            assert elements(seen(tokens(source))) == elements(expected), source
    assert told > 2000


def test_a_page_is_read_in_one_go_as_it_is_tag_by_tag() -> None:
    chance = random.Random(7)
    for _ in range(4000):
        source = damaged(chance, 20)
        pieces = tokens(source)
        assert b"".join(pieces) == source
        assert len(pieces) % 2 == 1
        assert seen(pieces) == seen(one_by_one(source)), source


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=80)
    | st.text(alphabet="<>/!-=\"' aA?[]\x00scriptvg", max_size=80).map(str.encode)
)
def test_no_byte_is_lost(source: bytes) -> None:
    assert b"".join(tokens(source)) == source
    assert b"".join(one_by_one(source)) == source
    for token in tokens(source)[1::2]:
        tag = Tag.read(token)
        assert tag is None or tag.edited(token, {}) == token


@pytest.mark.parametrize(
    "part",
    ["<", "</", "<!--", "<!", "<a ", '<a b="', "<a b='", "<a b=c ", "<script>", "<script><!--", "<script><!--<script>", "<style>", "<title>", "<svg>", "<svg><title>", "<svg a='",
     "<svg><![CDATA[", "<math>", "--", "<!---", "= ", "<a =", "/", "</a b=", "<svg><style>", "<svg><path ", "<svg><desc>", "<plaintext>", "<a\n\n\n", "<svg><g>", "<svg><!--"],
)  # fmt: skip
def test_no_page_takes_more_than_its_length(part: str) -> None:
    def cost(times: int) -> float:
        source = (part * times).encode()
        begin = process_time()
        tokens(source)
        return process_time() - begin

    small, large = min(cost(2_000) for _ in range(3)), min(cost(32_000) for _ in range(2))
    assert large < 16 * 6 * max(small, 0.0005)
