"""The canonical form of a WordPress query, row by row, then by property."""

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redirects.query import GLUED, INTEGERS, VARIABLES, canonical_query, decode, own_variables

TABLE = [
    # raw query, key, base key, rest
    ("", None, None, ""),
    ("p=1632", "p=1632", None, ""),
    # PHP reads a query: the last duplicate wins, names are case-sensitive, lists match nothing
    ("p=1&p=1632", "p=1632", None, ""),
    ("p[]=1&p=1632", "p=1632", None, ""),
    ("p=1632&p[]=1", "p=[]", None, ""),
    ("p%5B%5D=1", "p=[]", None, ""),
    ("tag[]=x", "tag=[]", None, ""),
    ("P=1632", None, None, "P=1632"),
    ("%70=1632", "p=1632", None, ""),
    ("p=16%332", "p=1632", None, ""),
    ("&&p=1632&", "p=1632", None, ""),
    ("p=5=6", "p=5", None, ""),
    # integers are cast
    ("p=01632", "p=1632", None, ""),
    ("p=1632/", "p=1632", None, ""),
    ("p=1632abc", "p=1632", None, ""),
    ("p=+1632", "p=1632", None, ""),
    ("p=%091632", "p=1632", None, ""),
    ("p=-1632", "p=-1632", None, ""),
    ("page_id=-1632", "p=1632", None, ""),
    ("attachment_id=-01632", "p=1632", None, ""),
    ("p=2&page=-3", "p=2&page=3", "p=2", ""),
    # and 0 is none: WordPress shows the home page
    ("p=abc", None, None, ""),
    ("p=000", None, None, ""),
    ("p=-0", None, None, ""),
    ("cat=abc", None, None, ""),
    ("cpage=0", None, None, ""),
    ("author=abc&cat=3", "cat=3", None, ""),
    ("p=123456789012345", "p=123456789012345", None, ""),
    ("p=0001234567890123456", "p=1234567890123456", None, ""),
    ("p=０１", None, None, ""),
    # these two are lists: with a sign or a second number they are another list
    ("cat=03abc", "cat=3", None, ""),
    ("cat=3,", "cat=3", None, ""),
    ("cat=3,5", "cat=3,5", None, ""),
    ("cat=-3", "cat=-3", None, ""),
    ("author=1,2", "author=1,2", None, ""),
    ("monthnum=04&year=2009&day=01", "year=2009&monthnum=4&day=1", None, ""),
    ("m=2009-04", "m=200904", None, ""),
    ("m=abc", None, None, ""),
    # one id space, and an id leaves nothing else to choose
    ("page_id=7", "p=7", None, ""),
    ("attachment_id=7", "p=7", None, ""),
    ("page_id=1&p=2&attachment_id=3", "p=3", None, ""),
    ("page_id=1&p=2", "p=2", None, ""),
    ("post_type=book&p=2", "p=2", None, ""),
    ("p=2&cat=3&name=x&m=2009", "p=2", None, ""),
    ("cat=3&post_type=book", "cat=3&post_type=book", None, ""),
    # a preview of what is published is that itself, and of what is not there is nothing else
    ("p=2&preview=true", "p=2", None, ""),
    ("preview&page_id=2&x", "p=2", None, "x"),
    ("preview=true", None, None, ""),
    ("preview=true&p=", None, None, ""),
    # a week of a year is not that year, and a name for logging in names nothing
    ("m=2009&w=14", "m=2009&w=14", None, ""),
    ("author_name=hanako", "author_name=hanako", None, ""),
    ("attachment=logo", "attachment=logo", None, ""),
    # all others are kept, in their order and their own writing
    ("utm_source=x&p=2&fbclid&s=%E3%81%82", "p=2", None, "utm_source=x&fbclid&s=%E3%81%82"),
    ("replytocom=9&p=2&amp=1", "p=2", None, "replytocom=9&amp=1"),
    # of what can't be decoded (Shift_JIS, or cut off) only what stands before it counts
    ("p=%zz&p=2", "p=2", None, ""),
    ("p=1632%81%42", "p=1632", None, ""),
    ("utm_source=x&p=1632%E3%80", "p=1632", None, "utm_source=x"),
    ("p=1632%", "p=1632", None, ""),
    ("p=-5%81", "p=-5", None, ""),
    ("page_id=9001%81&paged=2%zz", "p=9001&paged=2", "p=9001", ""),
    ("p=%81", None, None, ""),
    ("tag=%93%FA%96%7B", "tag=\ufffd", None, ""),
    ("tag=%E6%97%A5%E6", "tag=\ufffd", None, ""),
    ("embed=%81&p=2", "p=2&embed=true", "p=2", ""),
    ("p[]=%81", "p=[]", None, ""),
    ("p%81=2", None, None, "p%81=2"),
    # and nothing of a list or a date, of which what follows could be a part
    ("cat=5%81", None, None, ""),
    ("m=2009%8104", None, None, ""),
    ("author=1&author=5%81", "author=1", None, ""),
    ("p=2&x=%E9", "p=2", None, "x=%E9"),
    ("p=2%E9", "p=2", None, ""),
    ("p=%ED%A0%80", None, None, ""),
    ("__proto__=1&constructor=2&toString", None, None, "__proto__=1&constructor=2&toString"),
    # empty ones are not there
    ("p=", None, None, ""),
    ("p", None, None, ""),
    ("p=5&p=", "p=5", None, ""),
    ("p=5&p=.", "p=5", None, ""),
    ("cat=&tag=x", "tag=x", None, ""),
    # punctuation glued to a shared link
    ("p=1632.", "p=1632", None, ""),
    ("tag=news)%2C!", "tag=news", None, ""),
    ("tag=news%E3%80%82", "tag=news", None, ""),
    ("tag=news%E3%80%8D%E3%80%80", "tag=news", None, ""),
    ("tag=news%C2%A0", "tag=news", None, ""),
    ("tag=news%E2%80%9D;", "tag=news", None, ""),
    ("tag=a.b", "tag=a.b", None, ""),
    ("tag=...", None, None, ""),
    ("utm_source=x&amp;p=1632", "p=1632", None, "utm_source=x"),
    ("amp;utm=1&p=2", "p=2", None, "amp;utm=1"),
    # feeds, pages, comments, embeds
    ("feed=rss2", "feed=rss2", None, ""),
    ("feed=rss", "feed=rss2", None, ""),
    ("feed=feed", "feed=rss2", None, ""),
    ("feed=comments-feed", "feed=comments-rss2", None, ""),
    ("feed=atom&cat=3", "cat=3&feed=atom", None, ""),
    ("p=2&feed=rss2", "p=2&feed=rss2", None, ""),
    ("p=2&page=3", "p=2&page=3", "p=2", ""),
    ("p=2&page=1", "p=2", None, ""),
    ("p=2&page=0", "p=2", None, ""),
    ("page=0", None, None, ""),
    ("page=1", None, None, ""),
    ("paged=1", None, None, ""),
    ("paged=0", None, None, ""),
    ("paged=3", "paged=3", None, ""),
    ("cat=3&paged=2", "cat=3&paged=2", "cat=3", ""),
    ("p=2&cpage=1", "p=2&cpage=1", "p=2", ""),
    ("p=2&feed=rss2&cpage=4", "p=2&feed=rss2&cpage=4", "p=2&feed=rss2", ""),
    ("p=2&embed=1", "p=2&embed=true", "p=2", ""),
    ("p=2&embed", "p=2", None, ""),
    # a sitemap's own links write the first page
    ("sitemap=index", "sitemap=index", None, ""),
    (
        "sitemap=posts&sitemap-subtype=post&paged=1",
        "paged=1&sitemap=posts&sitemap-subtype=post",
        None,
        "",
    ),
    ("sitemap=posts&paged=0", "sitemap=posts", None, ""),
    ("sitemap-stylesheet=sitemap", "sitemap-stylesheet=sitemap", None, ""),
    # values are decoded; what would end one is escaped
    ("category_name=%E3%83%8B%E3%83%A5%E3%83%BC%E3%82%B9", "category_name=ニュース", None, ""),
    ("category_name=%e3%83%8b%E3%83%a5%e3%83%BC%e3%82%b9", "category_name=ニュース", None, ""),
    ("tag=a%26b", "tag=a%26b", None, ""),
    ("tag=a%2526b", "tag=a%2526b", None, ""),
    ("tag=a%3Db", "tag=a=b", None, ""),
    ("tag=a+b", "tag=a b", None, ""),
    # slugs end without a slash, and kana are one character each, as in paths
    ("pagename=company/access/", "pagename=company/access", None, ""),
    ("tag=%E3%82%BF%E3%82%AF%E3%82%99", "tag=タグ", None, ""),
]


@pytest.mark.parametrize(("raw", "key", "base_key", "rest"), TABLE)
def test_wordpress_semantics(raw: str, key: str | None, base_key: str | None, rest: str) -> None:
    assert canonical_query(raw) == (key, base_key, rest)


OWN = " book film | genre "
"""A site whose types are asked for by `book` and `film`, and a taxonomy by `genre`."""

OWN_TABLE = [
    ("book=red", "name=red&post_type=book", None, ""),
    ("book=red/", "name=red&post_type=book", None, ""),
    ("book=red&utm_source=x", "name=red&post_type=book", None, "utm_source=x"),
    ("post_type=book&book=red", "name=red&post_type=book", None, ""),
    ("film=%E6%B5%B7", "name=海&post_type=film", None, ""),
    ("book=red&page=2", "name=red&post_type=book&page=2", "name=red&post_type=book", ""),
    ("book=red&p=5", "p=5", None, ""),
    ("book=", None, None, ""),
    ("book[]=red", "name=[]&post_type=book", None, ""),
    ("genre=crime", "taxonomy=genre&term=crime", None, ""),
    ("genre=crime&feed=rss", "taxonomy=genre&term=crime&feed=rss2", None, ""),
    ("genre=crime&paged=2", "taxonomy=genre&term=crime&paged=2", "taxonomy=genre&term=crime", ""),
    ("genre=crime&cat=1", "cat=1&taxonomy=genre&term=crime", None, ""),
    ("mood=dark", None, None, "mood=dark"),
    ("books=red&boo=k", None, None, "books=red&boo=k"),
    ("=1&%zz=2", None, None, "=1&%zz=2"),
]


@pytest.mark.parametrize(("raw", "key", "base_key", "rest"), OWN_TABLE)
def test_variables_of_the_site_itself(
    raw: str, key: str | None, base_key: str | None, rest: str
) -> None:
    assert canonical_query(raw, OWN) == (key, base_key, rest)


def test_rules_name_the_variables_of_a_site() -> None:
    sources = ["?name=red&post_type=book", "?name=海&post_type=film", "?taxonomy=genre&term=crime"]
    assert own_variables([*sources, "?name=a", "?p=5", "/x", "?post_type=memo"]) == OWN
    assert own_variables(["?p=5", "/about"]) == ""


@pytest.mark.parametrize(
    "name", ["a b", "a  P^/.*$ 301 - https://x/", "a|b", "|", "本", "a\n", "%25"]
)
def test_a_name_that_would_be_another_word_is_none(name: str) -> None:
    assert own_variables([f"?name=red&post_type={name}", f"?taxonomy={name}&term=x"]) == ""


PIECES = st.one_of(
    st.sampled_from(
        [*VARIABLES, "preview", "p[]", "amp;p", "utm_source", "=", "&", "+", "%", "%E9"]
    ),
    st.sampled_from(
        ["1", "0", "1632", "%E3%80%82", ".", "%26", "[]", "index", "rss", "%2B", "%25"]
    ),
    st.text(max_size=3),
)
QUERIES = st.lists(PIECES, max_size=12).map("".join)


def as_raw(key: str) -> str:
    """A key as it would be written in a link."""
    return quote(key, safe="=&%")


@given(QUERIES)
def test_a_key_is_its_own_canonical_form(raw: str) -> None:
    key, base_key, _ = canonical_query(raw)
    for one in filter(None, (key, base_key)):
        assert canonical_query(as_raw(one)).key == one


@given(QUERIES)
def test_the_rest_is_left_alone(raw: str) -> None:
    """What is carried over means nothing to WordPress, and stays the same the second time."""
    query = canonical_query(raw)
    if query.key is not None:
        assert canonical_query(query.rest) == (None, None, query.rest)


@given(QUERIES, st.sampled_from(["utm_source=x", "fbclid", "", "gclid=%zz"]))
def test_unknown_parts_choose_nothing(raw: str, unknown: str) -> None:
    assert canonical_query(f"{unknown}&{raw}").key == canonical_query(raw).key


@given(
    st.lists(
        st.tuples(
            st.sampled_from([n for n in VARIABLES if n not in INTEGERS]),
            st.text(alphabet="ab9あé&=%", min_size=1),
        ),
        min_size=2,
        unique_by=lambda given: given[0],
    ),
)
def test_order_does_not_matter(given: list[tuple[str, str]]) -> None:
    parts = [f"{name}={quote(value, safe='')}" for name, value in given]
    assert canonical_query("&".join(parts)) == canonical_query("&".join(reversed(parts)))


@given(st.text(alphabet="abあé1", min_size=1), st.text(alphabet=GLUED, max_size=4))
def test_glued_punctuation_is_no_part_of_a_value(slug: str, glued: str) -> None:
    assert canonical_query(f"tag={quote(slug + glued)}").key == f"tag={slug}"


@settings(max_examples=300)
@given(st.binary(max_size=6))
def test_decode_is_strict_utf8(data: bytes) -> None:
    escaped = "".join(f"%{byte:02x}" for byte in data)
    try:
        expected = data.decode()
    except UnicodeDecodeError:
        expected = None
    assert decode(escaped) == expected


@given(st.one_of(QUERIES, st.integers(-5, 10**17).map("p={}".format), st.just("")))
def test_the_short_way_is_no_other_way(raw: str) -> None:
    """The commonest queries are recognised before they are read: `&` in front hides them."""
    assert canonical_query(raw) == canonical_query(f"&{raw}")
