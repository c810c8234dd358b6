"""The rules about which module may do what, read from the code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("publisher", "redirects")

LINES_MAX = 450
PORT_METHODS_MAX = 5
PORTS = (
    "publisher.store.port",
    "publisher.cms.port",
    "publisher.edge.port",
    "publisher.share_counts.port",
    "publisher.designers.accounts",
)

# They decide and do no I/O: what they import is pure, too. The ports are types only.
PURE = {
    *(f"publisher.{name}" for name in (
        "access_logs addresses approval beside cms.answers cms.pace collisions compose "
        "content_types crawl discovery errors facts front gates hosts identities init inspection "
        "inventory judge layer log_search log_tally mail manifest noticing notfound old_page "
        "outcome own paths places plan prepare queries redirect_summary release remarks retention "
        "routes rules scope social traps variables views "
    ).split()),
    *(f"publisher.rewrite.{name}" for name in (
        "actions attributes charset closing css depends document foreign html linker markup memo "
        "packed prose removals scripts sharing sieve spelling srcset text tokens varying volatile "
        "words xml"
    ).split()),
    "publisher.rewrite",
    *(f"publisher.designers.{name}" for name in (
        "accounts check credentials names ownership policy"
    ).split()),
    "publisher.designers",
    *(f"publisher.intake.{name}" for name in (
        "names pictures policy reading references remark screening words"
    ).split()),
    "publisher.intake",
    "publisher.store.refusals",
    "publisher.audit",
    *(f"publisher.audit.{name}" for name in (
        "asking assembling charts columns compare counts figures findings_en findings_ja fixes "
        "forms formats identity judging limits listing locating old_urls pages past report score "
        "shown sitemap_xml told_ja visitors words words_en words_ja"
    ).split()),
    "publisher.share_counts.book",
    *PORTS,
    "redirects",
    *(f"redirects.{name}" for name in (
        "chains compile crawlers edge explain kana leaf match own patterns places query rule rules "
        "targets tree wordpress"
    ).split()),
    "redirects.formats",
    *(f"redirects.formats.{name}" for name in (
        "cloudfront grouping haproxy haproxy_query haproxy_words known netlify nginx nginx_query "
        "nginx_text nginx_words spelling written"
    ).split()),
}  # fmt: skip
PURE_LIBRARIES = frozenset(
    "__future__ base64 binascii codecs collections collections.abc contextlib dataclasses difflib "
    "enum functools hashlib heapq html itertools lxml lxml.etree msgspec operator re string typing "
    "unicodedata urllib.parse zlib".split()
)
# A release has a random id and a time; a page is read without its parser's warnings; the edge
# function is a part of the package, like a constant.
PURE_LIBRARIES_OF = {
    "redirects.edge": frozenset(("importlib.resources",)),
    "publisher.access_logs": frozenset(("datetime",)),
    "publisher.audit.sitemap_xml": frozenset(("io",)),
    "publisher.rewrite.packed": frozenset(("gzip", "io")),
    "publisher.audit.listing": frozenset(("csv",)),
    "publisher.release": frozenset(("secrets", "datetime")),
    "publisher.store.port": frozenset(("datetime",)),
    "publisher.retention": frozenset(("datetime",)),
    "publisher.share_counts.book": frozenset(("datetime",)),
    "publisher.facts": frozenset(("datetime",)),
    "publisher.designers.accounts": frozenset(("datetime",)),
    "publisher.designers.policy": frozenset(("json",)),
    "publisher.designers.credentials": frozenset(("configparser", "plistlib", "uuid", "io")),
    "publisher.inspection": frozenset(("ahocorasick_rs",)),
    "publisher.rewrite.words": frozenset(("ahocorasick_rs",)),
    "publisher.places": frozenset(("bisect",)),
    "publisher.intake.pictures": frozenset(("math",)),
    "publisher.intake.references": frozenset(("ipaddress",)),
    "redirects.explain": frozenset(("bisect",)),
    "redirects.tree": frozenset(("bisect",)),
    "publisher.front": frozenset(("bs4", "bs4.builder", "warnings")),
    "publisher.old_page": frozenset(("bs4",)),
    "publisher.audit.assembling": frozenset(("datetime",)),
    "publisher.audit.charts": frozenset(("markupsafe",)),
    "publisher.audit.fixes": frozenset(("rapidfuzz",)),
    "publisher.audit.pages": frozenset(("lxml.html",)),
    "publisher.audit.report": frozenset(("datetime",)),
    "publisher.audit.score": frozenset(("math",)),
    "publisher.audit.figures": frozenset(("datetime",)),
    "publisher.audit.formats": frozenset(("csv",)),
    "publisher.audit.columns": frozenset(("json",)),
}
IMPURE_CALLS = frozenset(("open", "input", "print", "exec", "eval", "__import__"))

COMMANDS = {
    f"publisher.commands.{name}"
    for name in (
        "auditing counting designing going_live history intaking keeping looking making options "
        "redirect_formats redirecting setting_up"
    ).split()
}

# Library -> the only modules that may import it.
ONLY_IN = {
    "boto3": {
        "publisher.store.credentials",
        "publisher.edge.cloudfront_client",
        "publisher.designers.aws_client",
    },
    "botocore": {
        "publisher.store.credentials",
        *(f"publisher.designers.{name}" for name in "aws aws_attempts aws_client".split()),
        *(
            f"publisher.edge.cloudfront_{name}"
            for name in "client function invalidation keys".split()
        ),
    },
    "obstore": {"publisher.store.s3", "publisher.store.credentials"},
    "pycurl": {"publisher.cms.http", "publisher.audit.live"},
    "ahocorasick_rs": {"publisher.inspection", "publisher.rewrite.words"},
    "lxml": {"publisher.audit.pages", "publisher.audit.sitemap_xml", "publisher.rewrite.xml"},
    "py_mini_racer": {"publisher.edge.javascript"},
    "ruamel": {"publisher.config", "publisher.config_edit"},
    "rich": {
        "publisher.console",
        "publisher.designer_console",
        "publisher.redirect_console",
        "publisher.release_console",
    },
    "bs4": {"publisher.front", "publisher.old_page", "publisher.demo.check"},
    "typer": {"publisher.cli", *COMMANDS},
    "click": {"publisher.cli"},
    "fcntl": {"publisher.lock", "publisher.store.directory"},
}
# The command line; and a worker whose parent has died.
EXITS_IN = {"publisher.cli", "publisher.workers"}
# They wait for a slot to cool, until nobody uploads, for a server of their own to listen, as long
# as a CMS asks, or for CloudFront.
SLEEPS_IN = {
    "publisher.audit.servers",
    "publisher.intake.taking",
    "publisher.edge.cloudfront",
    "publisher.edge.cloudfront_function",
    "publisher.edge.cloudfront_invalidation",
    "publisher.slots",
    "publisher.edge.server",
    "publisher.demo.cms",
    "publisher.cms.http",
    "publisher.share_counts.taking",
}


@cache
def modules() -> dict[str, Path]:
    """All modules by name."""
    found = {}
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


@cache
def tree(module: str) -> ast.Module:
    """A module's syntax."""
    return ast.parse(modules()[module].read_text(encoding="utf-8"))


@cache
def imports(module: str) -> tuple[str, ...]:
    """What a module imports, anywhere in it: `from a import b` is `a.b` if that is a module."""
    return tuple(_imports(module))


def _imports(module: str) -> Iterator[str]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: relative import"
            assert node.module
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in modules() else node.module


def is_ours(name: str) -> bool:
    return name.partition(".")[0] in PACKAGES


@cache
def calls(module: str) -> tuple[tuple[int, str], ...]:
    """The calls in a module: line, and the name as it is written (`time.sleep`)."""
    return tuple(
        (node.lineno, ast.unparse(node.func))
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call)
    )


def test_every_rule_is_about_a_module_that_exists() -> None:
    named = {*PURE, *PORTS, *PURE_LIBRARIES_OF, *EXITS_IN, *SLEEPS_IN}
    named |= set[str]().union(*ONLY_IN.values())
    assert named <= modules().keys()


def test_all_of_redirects_and_rewrite_is_pure() -> None:
    for name in modules():
        if name.startswith(("redirects", "publisher.rewrite")):
            assert name in PURE


def test_redirects_knows_nothing_of_publisher() -> None:
    for module in modules():
        if module.startswith("redirects"):
            assert not [name for name in imports(module) if name.startswith("publisher")], module


@pytest.mark.parametrize("module", sorted(PURE))
def test_pure_modules_do_no_io(module: str) -> None:
    allowed = PURE_LIBRARIES | PURE_LIBRARIES_OF.get(module, frozenset())
    for name in imports(module):
        assert name in (PURE if is_ours(name) else allowed), f"{module} imports {name}"
    for line, call in calls(module):
        assert call not in IMPURE_CALLS, f"{module}:{line}: {call}()"


@pytest.mark.parametrize("library", sorted(ONLY_IN))
def test_a_library_is_known_in_one_place(library: str) -> None:
    users = {m for m in modules() if library in {name.partition(".")[0] for name in imports(m)}}
    assert users <= ONLY_IN[library]


def test_only_the_command_line_ends_the_program() -> None:
    for module in modules().keys() - EXITS_IN:
        for line, call in calls(module):
            assert call not in ("sys.exit", "os._exit", "exit", "quit"), f"{module}:{line}"
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Name):
                assert node.id != "SystemExit", f"{module}:{node.lineno}"
        assert module == "publisher.__main__" or "publisher.cli" not in imports(module), module


def test_imports_make_no_circle() -> None:
    graph = {m: {name for name in imports(m) if name in modules()} - {m} for m in modules()}
    done: set[str] = set()
    path: list[str] = []

    def visit(module: str) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module not in done:
            path.append(module)
            for imported in sorted(graph[module]):
                visit(imported)
            done.add(path.pop())

    for module in sorted(graph):
        visit(module)


@pytest.mark.parametrize("module", PORTS)
def test_ports_are_small(module: str) -> None:
    protocols = [
        node
        for node in tree(module).body
        if isinstance(node, ast.ClassDef) and "Protocol" in map(ast.unparse, node.bases)
    ]
    assert len(protocols) == 1
    methods = [node for node in protocols[0].body if isinstance(node, ast.FunctionDef)]
    assert 1 <= len(methods) <= PORT_METHODS_MAX


def test_no_module_is_too_long() -> None:
    for module, file in modules().items():
        lines = len(file.read_text(encoding="utf-8").splitlines())
        assert lines <= LINES_MAX, f"{module} has {lines} lines"


def test_nothing_catches_everything() -> None:
    for module in modules():
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None, f"{module}:{node.lineno}: bare except"


def test_only_what_must_wait_sleeps() -> None:
    for module in modules().keys() - SLEEPS_IN:
        assert "sleep" not in {name.rpartition(".")[2] for _, name in calls(module)}, module
