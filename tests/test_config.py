"""The configuration: every mistake is named, with its line and what was meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from publisher.config import load, parse
from publisher.errors import ConfigError
from publisher.sections import Config, GatesSection, StoreSection
from redirects.patterns import Pattern
from redirects.rules import Rule

EXAMPLES = [
    Path(__file__).parents[1] / "site-config.yaml",
    Path(__file__).parents[1] / "publisher/demo/site-config.yaml",
]
LEAST = "site:\n  url: https://www.example.co.jp\ncms:\n  url: http://127.0.0.1:8081\n"
SECRET = "staging:himitsu"
_SHARE = 'must be a number, or a percentage such as "0.5%"'


def parsed(text: str) -> Config:
    return parse(text, "f.yaml", Path())


def problems(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(ConfigError) as caught:
        parsed(text)
    return [(problem.line, problem.key, problem.message) for problem in caught.value.problems]


def test_the_least_configuration_has_defaults_for_the_rest() -> None:
    config = parsed(LEAST)
    assert config.site.url == "https://www.example.co.jp"
    assert (config.store, config.edge.kind, config.gates) == (".publisher", "local", GatesSection())
    assert (config.routes.post, config.social.cutover) == ("/blog/{id}.html", None)


def test_redirects_of_ones_own_are_understood_with_their_lines() -> None:
    text = (
        LEAST.replace("8081", "8081/news")
        + """redirects:
  rules:
    - {from: /old/, to: https://www.example.co.jp/会社/}
    - {from: "http://127.0.0.1:8081/news/x", to: /closed/}
    - {from: "/shop/*", to: "https://shop.example.co.jp/*", status: 302}
"""
    )
    assert parse(text, "sites/f.yaml", Path()).own == (
        Rule("/old/", 301, "/%E4%BC%9A%E7%A4%BE/", origin="f.yaml:7"),
        Rule("/x", 301, "/closed/", origin="f.yaml:8"),
        Pattern("/shop/*", 302, "https://shop.example.co.jp/*", "f.yaml:9"),
    )


def test_a_bucket_can_be_named_in_one_line() -> None:
    assert parse(LEAST + "store: s3://example-site/p\n", "", Path()).store == StoreSection(
        url="s3://example-site/p"
    )


@pytest.mark.parametrize(
    ("added", "line", "key", "message"),
    [
        ("rotues:\n  post: /x", 5, "rotues", "is no key; did you mean 'routes'?"),
        ("gates:\n  eror: 1", 6, "gates.eror", "is no key; did you mean 'errors'?"),
        ("gates:\n  zzz: 1", 6, "gates.zzz", "is no key; known here: errors, lost_pages, emails"),
        ("gates:\n  errors: 101%", 6, "gates.errors", _SHARE),
        ("gates:\n  lost_pages: '1'", 6, "gates.lost_pages", "must be a valid integer"),
        ("gates:\n  emails: a@b.jp", 6, "gates.emails", "must be a list of e-mail addresses"),
        ("gates:\n  emails:\n    - a@b.jp\n    - b", 8, "gates.emails.1", "must be an e-mail"),
        ("gates:\n  emails: [1]", 6, "gates.emails.0", "must be a valid string"),
        ("store:\n  url: s3://b-b\n  x: x", 7, "store.x", "is no key; known here: url, endpoint"),
        ("store:\n  endpoint_url: http://a", 5, "store.url", "is missing"),
        ("store:\n  url: bucket", 6, "store.url", "must match pattern"),
        ("store: gs://bucket/x", 5, "store", "must be a directory, or a bucket such as s3://"),
        ("store: s3://B", 5, "store.url", "must match pattern"),
        ("store: ''", 5, "store", "must be the name of a directory"),
        ('store: "a\\0b"', 5, "store", "must be the name of a directory"),
        ("store:", 5, "store", "must be a valid string"),
        ("store: 5", 5, "store", "must be a valid string"),
        ("store: [a]", 5, "store", "must be a valid string"),
        ("gates:\n  errors: -1", 6, "gates.errors", "must be greater than or equal to 0"),
        ("gates:\n  errors: '1'", 6, "gates.errors", _SHARE),
        ("gates:\n  errors: yes", 6, "gates.errors", _SHARE),
        ("gates:\n  errors: 1.5", 6, "gates.errors", _SHARE),
        ("gates: [1]", 5, "gates", "must be keys and values below it"),
        ("gates: 3", 5, "gates", "must be keys and values below it"),
        ("edge: fastly", 5, "edge.kind", "must be 'local', 'nginx' or 'cloudfront'"),
        ("edge: {previews: example.co.jp}", 5, "edge.previews", "must not have www.example.co.jp"),
        ("edge: {kind: nginx, function: f}", 5, "edge", "has function, which only kind"),
        ("edge: {previews: 'a b'}", 5, "edge.previews", "must be a host name"),
        ("edge: {previews: localhost}", 5, "edge.previews", "must be a host name"),
        (r'edge: {content_security_policy: "a\nb"}', 5, "edge.content_security_policy", "must"),
        ("folder: x", 5, "folder", "is no key"),
        ("own: []", 5, "own", "is no key"),
        ("redirects: {max_age: -1}", 5, "redirects.max_age", "must be greater than or equal to 0"),
        ("redirects: {max_age: 31536001}", 5, "redirects.max_age", "must be less than or equal"),
        ("redirects: {files: redirects.csv}", 5, "redirects.files", "must be a valid list"),
        ("redirects: {files: ['']}", 5, "redirects.files.0", "must be the name of a file"),
        ("redirects:\n  rules:\n    - to: /b", 7, "redirects.rules.0.from", "is missing"),
        ("redirects:\n  rules:\n    - {from: /a, form: /b}", 7, "redirects.rules.0.form",
         "is no key; did you mean 'from'?"),
        ("redirects:\n  rules:\n    -\n      from: /a\n      to: b", 9, "redirects.rules.0.to",
         "target 'b' is neither a clean path"),
        ("redirects:\n  rules:\n    - {from: /a}", 7, "redirects.rules.0.to", "is missing; only"),
        ("redirects:\n  rules:\n    - {from: '/a*', to: /}", 7, "redirects.rules.0.from",
         "a `*` stands at the end"),
        ("redirects:\n  rules:\n    - {from: /a, to: /b, status: 303}", 7,
         "redirects.rules.0.status", "must be 301, 302, 307, 308 or 410"),
        ("redirects:\n  rules:\n    - {from: /a, to: /b, language: English}", 7,
         "redirects.rules.0.language", "'english' is no language"),
        ("social:\n  cutover: 2026-02-30", 6, "social.cutover", "day is out of range for month"),
        ("social:\n  cutover: '2026-13-01'", 6, "social.cutover", "month must be in 1..12"),
        ("social:\n  cutover: 2026-12-01 10:00", 6, "social.cutover", "must match pattern"),
        ("social:\n  cutover: 20261201", 6, "social.cutover", "must be a valid string"),
        ("social:\n  identities: ''", 6, "social.identities", "must be the name of a file"),
        ("social:\n  identities: s3://b/x", 6, "social.identities", "must be the name of a file"),
        ("social:\n  share_buttons: both", 6, "social.share_buttons", "must be 'old' or 'new'"),
        ("social:\n  old_form: /?p={id}", 6, "social.old_form", "must be an address that begins"),
        ("social:\n  old_form: http://x.jp/", 6, "social.old_form", "needs a placeholder"),
        ("social:\n  old_form: http://x.jp/{path}/{id}", 6, "social.old_form", "has {path}; known"),
        ("social:\n  old_form: http://{slug}.jp/", 6, "social.old_form", "must name a host"),
        ("social:\n  old_form: 'http://x.jp/{id}#a'", 6, "social.old_form", "must not have a fr"),
        ("social:\n  old_form: http://x.jp/{id!r}", 6, "social.old_form", "takes no form"),
        ("social:\n  old_form: 'http://x.jp/{id'", 6, "social.old_form", "is no template"),
        ("routes:\n  post: blog", 6, "routes.post", "needs a placeholder that tells pages apart"),
        ("routes:\n  post: 'blog/{id}'", 6, "routes.post", "must begin with a single slash"),
        ("routes:\n  post: '/../{id}'", 6, "routes.post", "must begin with a single slash"),
        ("routes:\n  page: '/{x}/'", 6, "routes.page", "has {x}; known here: {id}, {slug}, {path}"),
        ("routes:\n  tag: '/{id'", 6, "routes.tag", "is no template: expected '}'"),
        ("routes:\n  author: '/{slug}/'", 6, "routes.author", "has {slug}; known here: {id}"),
        ("routes:\n  post: '/{id!r}/'", 6, "routes.post", "{id} takes no form of its own"),
        ("routes:\n  date: '/{yyyy}/{mm}/'", 6, "routes.date", "must end in /{yyyy}/{mm}/{dd}/"),
        ("routes:\n  feed: a/b.xml", 6, "routes.feed", "must match pattern"),
        ("routes:\n  attachment: /m/", 6, "routes.attachment", "needs a placeholder"),
        ("routes:\n  types: [a]", 6, "routes.types", "must be a valid dictionary"),
        ("routes:\n  types:\n    post: '/{id}/'", 7, "routes.types.post", "use routes.post"),
        ("routes:\n  types:\n    B!: '/{id}/'", 7, "routes.types.B!", "must be a name"),
        ("routes:\n  types:\n    book: '/x/'", 7, "routes.types.book", "needs a placeholder"),
        ("routes:\n  taxonomies:\n    category: '/{id}/'", 7, "routes.taxonomies.category",
         "use routes.category"),
        ("routes:\n  tag: '/x/{id}/'\n  category: '/x/{slug}/'", 5, "routes",
         "category and tag would have"),
        ("routes:\n  types:\n    tag: '/{type}/{slug}/'", 5, "routes", "tag and types.tag would"),
        ("1: x", 1, "1", "is no key"),
        ("? [a]\n: x", 1, "('a',)", "is no key"),
        ("x:\n\ty: 1", 6, "", "is no YAML: found character '\\t'"),
        ("site:\n  url: https://b.jp", 5, "", 'is no YAML: found duplicate key "site"'),
        ("gates:\n  errors: 1\n  errors: 1", 7, "", 'is no YAML: found duplicate key "errors"'),
        ("gates: {errors: 1", 6, "", "is no YAML"),
        ("store: *a", 5, "", "is no YAML: found undefined alias"),
        ("store: !!python/name:os.system x", 5, "store", "must be a valid string"),
        ("store: a\x07", 5, "", "is no YAML: special characters are not allowed"),
        ("---\nx: 1", 5, "", "is no YAML: but found another document"),
        ("gates:\n  errors: " + "1" * 5000, 0, "", "is no YAML: Exceeds the limit"),
        ("x: " + "[" * 3000 + "]" * 3000, 0, "", "is nested too deeply"),
        ("store: " + "{a: " * 1000 + "}" * 1000, 0, "", "is nested too deeply"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(added: str, line: int, key: str, message: str) -> None:
    (found,) = problems(f"{LEAST}{added}\n")
    assert found[:2] == (line, key)
    assert message in found[2]


@pytest.mark.parametrize(
    ("added", "key", "message"),
    [
        ("exclude: ['members']", "cms.exclude.0", "must begin with / or *"),
        ("exclude: ['*.psd', '/*']", "cms.exclude.1", "would take out everything"),
        ("exclude: ['/*a*b*c*d*e*f*g*h*i']", "cms.exclude.0", "more than 8 stars"),
        ("exclude: /x", "cms.exclude", "must be a valid list"),
        ("include: ['x']", "cms.include.0", "must be a path below cms.url"),
        ("include: ['/a#b']", "cms.include.0", "must not hold '#' or '..'"),
        ("include: ['/a/../b']", "cms.include.0", "must not hold '#' or '..'"),
    ],
)
def test_what_is_added_and_taken_out_is_checked(added: str, key: str, message: str) -> None:
    ((line, found, text),) = problems(f"{LEAST}  {added}\n")
    assert (line, found) == (5, key)
    assert message in text


def test_a_post_and_a_page_may_share_a_form_as_they_do_in_wordpress() -> None:
    assert parsed(f"{LEAST}routes:\n  post: '/{{slug}}/'\n").routes.post == "/{slug}/"


@pytest.mark.parametrize(
    ("written", "gates"),
    [
        ("errors: 3", GatesSection(errors=3)),
        ('errors: "0.5%"', GatesSection(errors="0.5%")),
        ("errors: 2%", GatesSection(errors="2%")),
        ("emails: '*'", GatesSection(emails=["*"])),  # type: ignore[arg-type]
        ("emails: [Press@Yamada.jp, '*@group.jp']",
         GatesSection(emails=["press@yamada.jp", "*@group.jp"])),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_the_gates_let_through(written: str, gates: GatesSection) -> None:
    assert parsed(f"{LEAST}gates:\n  {written}\n").gates == gates


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("www.example.co.jp", "must be an address that begins with http:// or https://"),
        ("ftp://www.example.co.jp", "must be an address that begins with http:// or https://"),
        ("https://", "must be an address that begins with http:// or https://"),
        ("https://u:p@www.example.co.jp", "must not hold a password"),
        ("https://www.example.co.jp?x=1", "must not have a query"),
        ("https://www.example.co.jp/blog", "must be a host without a path"),
        ("https://www.example.co.jp:99999", "Port out of range"),
        ("https://[::1", "Invalid IPv6 URL"),
        ("https://www.example .co.jp", "must not hold spaces"),
        ("5", "must be a valid string"),
    ],
)
def test_an_address_that_is_none_is_refused(url: str, message: str) -> None:
    ((line, key, text),) = problems(LEAST.replace("https://www.example.co.jp", url))
    assert (line, key) == (2, "site.url")
    assert message in text
    assert "u:p" not in text


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "- a\n", "just text\n", "5\n", "null\n"])
def test_a_file_without_keys_is_refused(text: str) -> None:
    assert problems(text) == [(1, "", "must be keys and values, such as 'site:'")]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("0", "must be greater than or equal to 1"),
        ("65", "must be less than or equal to 64"),
        ("many", "must be a valid integer"),
    ],
)
def test_connections_are_a_number_that_a_cms_can_bear(value: str, message: str) -> None:
    assert problems(f"{LEAST}  connections: {value}\n") == [(5, "cms.connections", message)]


def test_all_problems_are_told_at_once_in_order_of_their_lines() -> None:
    found = problems(
        "gates:\n  errors: x\nsite:\n  ulr: https://a.jp\nzzz: 1\n"
        "cms:\n  url: 1\n  basic_auth: a:b\n"
    )
    assert [(line, key) for line, key, _ in found] == [
        (2, "gates.errors"), (3, "site.url"), (4, "site.ulr"), (5, "zzz"), (7, "cms.url"),
        (8, "cms.basic_auth"),
    ]  # fmt: skip
    with pytest.raises(ConfigError, match=r"f\.yaml:4: site\.ulr: is no key; did you mean 'url'"):
        parsed("site:\n\n\n  ulr: https://a.jp\ncms:\n  url: http://x\n")


def test_missing_sections_are_told() -> None:
    assert problems("edge: local\n") == [(1, "site", "is missing"), (1, "cms", "is missing")]


@pytest.mark.parametrize("value", [SECRET, "env:", "env:1A", "env:A B", "ENV:A", "${A}"])
def test_a_secret_in_clear_is_refused_and_not_repeated(value: str) -> None:
    ((line, key, text),) = problems(f"{LEAST}  basic_auth: '{value}'\n")
    assert (line, key) == (5, "cms.basic_auth")
    assert "env:NAME" in text
    assert SECRET not in text


def test_a_secret_given_twice_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        parsed(f"{LEAST}  basic_auth: {SECRET}\n  basic_auth: {SECRET}2\n")
    assert SECRET not in str(caught.value)


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    config = parsed(f"{LEAST}  basic_auth: env:A_SECRET\n")
    monkeypatch.setenv("A_SECRET", SECRET)
    assert config.secret(config.cms.basic_auth) == SECRET
    assert config.secret(None) == ""


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_not_set_is_named(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("A_SECRET", raising=False)
    if value is not None:
        monkeypatch.setenv("A_SECRET", value)
    with pytest.raises(ConfigError, match=r"^environment: A_SECRET: is not set"):
        parsed(LEAST).secret("env:A_SECRET")


@pytest.mark.parametrize("day", ["2026-12-01", "'2026-12-01'"])
def test_a_day_is_a_day_with_and_without_quotes(day: str) -> None:
    assert parsed(f"{LEAST}social:\n  cutover: {day}\n").social.cutover == "2026-12-01"


def test_a_trailing_slash_of_an_address_means_nothing() -> None:
    assert parsed(LEAST.replace("co.jp", "co.jp/")).site.url == "https://www.example.co.jp"


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(LEAST, encoding="utf-8-sig")
    assert load(file).folder == tmp_path


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such file"), (LEAST.encode() + b"# \x93\xfa\n", "can't be read: 'utf-8'")],
)
def test_a_file_that_can_not_be_read(tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "f.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        load(file)
    with pytest.raises(ConfigError, match="can't be read"):
        load(tmp_path)


def test_a_huge_file_is_read_in_the_end() -> None:
    found = problems(LEAST + "".join(f"key{n}: {n}\n" for n in range(500)))
    assert len(found) == 500
    assert found[-1][0] == 504


@pytest.mark.parametrize("file", EXAMPLES, ids=["root", "demo"])
def test_the_example_is_valid_and_documents_every_key(file: Path) -> None:
    config = load(file)
    text = file.read_text(encoding="utf-8")
    assert config == parse(LEAST, "least", file.parent)  # it shows the defaults
    for model in (Config, *_sections(config), StoreSection):
        for name, field in model.model_fields.items():
            key = field.alias or name
            if not field.exclude:
                assert re.search(rf"^[# ]*{key}: ?", text, re.MULTILINE), key


def test_what_is_commented_out_in_the_example_is_valid_too() -> None:
    text = EXAMPLES[0].read_text(encoding="utf-8").replace("store: .publisher\n", "")
    keys = "basic_auth|include|exclude|attachment|types|taxonomies"
    text, _, redirects = text.partition("# redirects:\n")
    redirects = re.sub("^# ", "", f"# redirects:\n{redirects}", flags=re.MULTILINE)
    text, _, designers = text.partition("# designers:\n")
    designers, _, _ = designers.partition("\n\n")
    designers = re.sub("^# ", "", f"# designers:\n{designers}\n", flags=re.MULTILINE)
    text = re.sub(rf"^(\s*)# ((?:store|social):|  [a-z_]+: |(?:{keys}):)", r"\1\2", text,
                  flags=re.MULTILINE)  # fmt: skip
    config = parsed(text + designers + redirects)
    assert [rule.target for rule in config.own] == ["/company/"]
    assert config.redirects.files
    assert config.designers
    assert isinstance(config.store, StoreSection)
    assert config.social.cutover
    assert config.cms.basic_auth
    assert config.cms.include
    assert config.cms.exclude
    assert config.routes.attachment
    assert config.routes.types
    assert config.routes.taxonomies


def _sections(config: Config) -> list[type[BaseModel]]:
    values = [getattr(config, name) for name in Config.model_fields]
    return [type(value) for value in values if isinstance(value, BaseModel)]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{pattern: '(a+)'}", "must repeat single characters"),
        ("{pattern: '('}", "is no pattern"),
        ("{}", "must have either 'attribute' or 'pattern'"),
        ("{attribute: a, pattern: 'b(c)'}", "must have either 'attribute' or 'pattern'"),
        ("{attribute: 'a b'}", "must match pattern"),
        ("{atribute: a}", "did you mean 'attribute'?"),
    ],
)
def test_a_token_that_can_not_be_looked_for_is_refused(entry: str, message: str) -> None:
    text = (
        "site: {url: 'https://www.example.co.jp'}\n"
        f"cms:\n  url: http://127.0.0.1:8081\n  tokens:\n    - {entry}\n"
    )
    with pytest.raises(ConfigError) as caught:
        parse(text, "site-config.yaml", Path())
    assert message in str(caught.value)
    assert "site-config.yaml:5: cms.tokens.0" in str(caught.value)
