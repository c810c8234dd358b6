"""What tests share: the program, and real servers, which start when the first test asks."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from publisher.cms import http
from publisher.demo.cms import SampleCms
from publisher.store.directory import DirectoryStore
from publisher.store.s3 import S3Store
from tests import packages, skips
from tests.machines import Place
from tests.ministack import MiniStack
from tests.odd_site import ExportedSite, odd_site
from tests.program import Cli, configure, ended, process, runner
from tests.seaweedfs import SeaweedFS
from tests.wordpress import Options, Unavailable, WordPress, theme_test_data

ALLOWED_SKIPS = Path(__file__).with_name("allowed-skips.txt")

# For a site behind basic authentication, as a staging site should be.
BASIC_AUTH = "staging:himitsu-2024"

PACKAGES_OF_FIXTURES = {
    "wordpress_plain": packages.WORDPRESS,
    "wordpress_blog": packages.WORDPRESS,
    "odd_plain": packages.WORDPRESS,
    "njs": packages.NJS,
    "nginx": packages.NGINX,
    "haproxy": packages.HAPROXY,
    "chromium": packages.CHROMIUM,
    "linkchecker": packages.LINKCHECKER,
    "awscli": packages.AWSCLI,
}


def pytest_configure(config: pytest.Config) -> None:
    skips.register(config, ALLOWED_SKIPS)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes an hour, unless it was asked for by its mark."""
    if "long" in config.option.markexpr:
        return
    long = [item for item in items if item.get_closest_marker("long")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Install what the collected tests need, all at once; each fixture says what it lacks."""
    if session.config.option.collectonly:
        return
    asked = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    needed = [package for name in sorted(asked) for package in PACKAGES_OF_FIXTURES.get(name, ())]
    if needed:
        try:
            packages.ensure(needed, say_in(session.config))
        except Unavailable:
            return


def say_in(config: pytest.Config) -> Callable[[str], None]:
    """What shows a message of a fixture, in the midst of the tests' dots."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")

    def say(message: str) -> None:
        if reporter and capture:
            with capture.global_and_fixture_disabled():
                reporter.ensure_newline()
                reporter.write_line(f"{message} ...")

    return say


@pytest.fixture(scope="module")
def cms() -> Iterator[str]:
    """The address of the sample CMS."""
    with SampleCms() as server:
        yield server.url.rstrip("/")


@pytest.fixture
def publisher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Cli:
    """Runs the program in this process and in an empty folder. A CMS is asked again at once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(http, "BACKOFF_S", 0.0)
    monkeypatch.setenv("PUBLISHER_ACTOR", "tester")
    return runner(monkeypatch, capsys)


@pytest.fixture(scope="module")
def exported_sample(cms: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site that was made of the sample CMS, and is live."""
    folder = tmp_path_factory.mktemp("exported")
    configure(cms, folder=folder)
    done = ended(process("export", "--publish", folder=folder))
    assert done.code == 0, done.err
    return folder


@pytest.fixture
def sample_site(publisher: Cli, exported_sample: Path, tmp_path: Path) -> Cli:
    """Runs the program on a copy of that; `urls.txt` has an old address."""
    shutil.copytree(exported_sample, tmp_path, dirs_exist_ok=True)
    (tmp_path / "urls.txt").write_text("/?p=1632\n")
    return publisher


@pytest.fixture(scope="session")
def wordpress_plain(request: pytest.FixtureRequest) -> Iterator[WordPress]:
    """A WordPress with plain permalinks (/?p=N) that everybody may read.

    A test that changes it calls `reset()` afterwards.
    """
    yield from started(Options(permalinks="plain"), request.config)


@pytest.fixture(scope="session")
def wordpress_blog(request: pytest.FixtureRequest) -> Iterator[WordPress]:
    """A WordPress with /blog/N.html as permalinks, behind basic authentication.

    A test that changes it calls `reset()` afterwards.
    """
    yield from started(Options(permalinks="blog", basic_auth=BASIC_AUTH), request.config)


@pytest.fixture(scope="session")
def odd_plain(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ExportedSite]:
    """A WordPress with plain permalinks and much odd content, exported and served.

    Exporting it takes most of a minute, so all tests share it, and no test may change it: it
    is a WordPress of its own.
    """
    folder = tmp_path_factory.mktemp("odd")
    for wordpress in started(Options(permalinks="plain"), request.config):
        with odd_site(wordpress, folder) as site:
            yield site


def started(options: Options, config: pytest.Config) -> Iterator[WordPress]:
    """A WordPress with the theme test data, if there is some; or a skip that says why not."""
    try:
        options = replace(options, test_data=theme_test_data())
        with WordPress(say=say_in(config)) as wordpress:
            yield wordpress.start(options)
    except Unavailable as reason:
        pytest.skip(f"no staging WordPress: {reason}")


@pytest.fixture(scope="session")
def seaweedfs() -> Iterator[SeaweedFS]:
    """An S3 server. A test makes buckets of its own in it."""
    try:
        with SeaweedFS() as server:
            yield server
    except Unavailable as reason:
        pytest.skip(f"no S3 server: {reason}")


@pytest.fixture(scope="session")
def ministack() -> Iterator[MiniStack]:
    """An AWS that keeps to IAM policies. A test makes stacks and buckets of its own in it."""
    try:
        with MiniStack() as server:
            yield server
    except Unavailable as reason:
        pytest.skip(f"no AWS: {reason}")


@pytest.fixture(scope="session")
def njs(request: pytest.FixtureRequest) -> str:
    """The path of njs, the JavaScript engine that is closest to CloudFront's."""
    try:
        return packages.program("njs")
    except Unavailable:
        pass
    try:
        packages.ensure(packages.NJS, say_in(request.config))
        return packages.program("njs")
    except Unavailable as reason:
        pytest.skip(f"no njs: {reason}")


@pytest.fixture(scope="session")
def nginx(request: pytest.FixtureRequest) -> str:
    """The path of nginx, with its module for JavaScript installed."""
    try:
        packages.ensure(packages.NGINX, say_in(request.config))
        return packages.program("nginx")
    except Unavailable as reason:
        pytest.skip(f"no nginx: {reason}")


@pytest.fixture(scope="session")
def haproxy(request: pytest.FixtureRequest) -> str:
    """The path of HAProxy."""
    try:
        packages.ensure(packages.HAPROXY, say_in(request.config))
        return packages.program("haproxy")
    except Unavailable as reason:
        pytest.skip(f"no haproxy: {reason}")


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> str:
    """The path of a browser."""
    try:
        packages.ensure(packages.CHROMIUM, say_in(request.config))
        return packages.program("chromium")
    except Unavailable as reason:
        pytest.skip(f"no browser: {reason}")


@pytest.fixture(scope="session")
def linkchecker(request: pytest.FixtureRequest) -> str:
    """The path of LinkChecker, a crawler that shares nothing with us."""
    try:
        packages.ensure(packages.LINKCHECKER, say_in(request.config))
        return packages.program("linkchecker")
    except Unavailable as reason:
        pytest.skip(f"no linkchecker: {reason}")


@pytest.fixture(scope="session")
def awscli(request: pytest.FixtureRequest) -> str:
    """The path of the AWS CLI."""
    try:
        return packages.program("aws")
    except Unavailable:
        pass
    try:
        packages.ensure(packages.AWSCLI, say_in(request.config))
        return packages.program("aws")
    except Unavailable as reason:
        pytest.skip(f"no AWS CLI: {reason}")


@pytest.fixture(params=["directory", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    if request.param == "directory":
        return Place("directory", ".publisher", DirectoryStore(tmp_path / ".publisher"))
    server: SeaweedFS = request.getfixturevalue("seaweedfs")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret_key)
    monkeypatch.setenv("AWS_REGION", server.region)
    bucket = f"killed-{secrets.token_hex(4)}"
    server.create_bucket(bucket)
    return Place(
        "bucket",
        f"{{url: s3://{bucket}/p, endpoint_url: '{server.endpoint_url}'}}",
        S3Store(bucket, "p", server.endpoint_url),
    )
