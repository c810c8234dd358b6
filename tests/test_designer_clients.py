"""What designers work with, really run: rclone and the AWS CLI, with the credentials and settings
that publisher prints for them."""

from __future__ import annotations

import os
import plistlib
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from publisher.designers.accounts import Key
from publisher.designers.credentials import FORMATS, Folder, Format, rendered
from tests.designers import PREFIX, Ground, added, ground, key_of, runner
from tests.ministack import MiniStack
from tests.seaweedfs import SeaweedFS

pytestmark = pytest.mark.real

# More than one part for both: rclone's is 5 MiB above 200, the AWS CLI's 8 MiB above 8.
LARGE = 17 * 1024 * 1024
PAGE = "<p>夏の企画"


class Client(NamedTuple):
    """A program, and the environment in which it knows its credentials only."""

    program: list[str]
    environment: dict[str, str]

    def __call__(self, *words: str) -> tuple[int, str]:
        """Run it: exit code, and what it said."""
        done = subprocess.run(
            [*self.program, *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def checked(self, *words: str) -> str:
        code, said = self(*words)
        assert code == 0, said
        return said


@pytest.fixture(scope="module", params=["ministack", "seaweedfs"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    server: MiniStack | SeaweedFS = request.getfixturevalue(request.param)
    with ground(server, tmp_path_factory.mktemp("clients")) as made:
        yield made


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a designer has: pages, a picture, something large."""
    made = tmp_path_factory.mktemp("files")
    (made / "campaign").mkdir()
    (made / "campaign/夏 祭り.html").write_text(PAGE, encoding="utf-8")
    (made / "campaign/logo.png").write_bytes(bytes(range(256)))
    (made / "large.bin").write_bytes(os.urandom(1024) * (LARGE // 1024))
    return made


def printed(site: Ground, form: Format, capsys: pytest.CaptureFixture[str]) -> tuple[Folder, str]:
    """The settings of a designer in this form. SeaweedFS gives no sessions: there it is the key
    itself that is printed in the form."""
    run = runner(site.config, capsys)
    folder = Folder("hanako", site.bucket, f"{PREFIX}uploads/hanako/", site.region, site.endpoint)
    added(run, "taro", "--paths", "/taro/")
    key = key_of(added(run, "hanako", "--paths", "/campaign/", "--new-key"))
    if site.kind == "seaweedfs":
        return folder, rendered(form, Key(key[0], key[1]), folder)
    code, out, err = run("credentials", "hanako", "--reason", "trial", "--format", form)
    assert code == 0, err
    return folder, out


def bare(**more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**inherited, **more}


def test_rclone(
    site: Ground, folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, settings = printed(site, "rclone", capsys)
    config = tmp_path / "rclone.conf"
    config.write_text(settings, encoding="utf-8")
    program = str(Path(sysconfig.get_path("scripts"), "rclone"))
    small_parts = ["--s3-upload-cutoff", "5Mi", "--s3-chunk-size", "5Mi", "--retries", "1"]
    rclone = Client([program, "--config", str(config), *small_parts], bare())
    remote = f"{folder.profile}:{site.bucket}/"
    own = f"{remote}{folder.prefix}"

    rclone.checked("copy", str(folders), own)
    rclone.checked("check", str(folders), own)
    listed = rclone.checked("lsf", "-R", own)
    assert "campaign/夏 祭り.html" in listed
    assert "large.bin" in listed
    back = tmp_path / "back"
    rclone.checked("copy", own, str(back))
    assert (back / "large.bin").read_bytes() == (folders / "large.bin").read_bytes()
    (folders / "campaign/logo.png").rename(folders / "campaign/logo2.png")
    rclone.checked("sync", str(folders), own)  # deletes what has gone
    assert "uploads/hanako/campaign/logo.png" not in site.held("uploads/hanako/")
    (folders / "campaign/logo2.png").rename(folders / "campaign/logo.png")

    for there in ("uploads/taro/", "uploads/hanako2/", "site/s1/", "blobs/", ""):
        code, said = rclone("copy", str(folders / "campaign"), f"{remote}{PREFIX}{there}")
        assert code, there
        assert "AccessDenied" in said or "403" in said
    for there in (PREFIX, f"{PREFIX}uploads/", f"{PREFIX}uploads/taro/", f"{PREFIX}site/", ""):
        assert rclone("lsf", f"{remote}{there}")[0], there
    assert rclone("purge", f"{remote}{PREFIX}site/")[0]
    assert "site/s1/index.html" in site.held("site/")


def test_the_aws_cli(
    site: Ground,
    folders: Path,
    tmp_path: Path,
    awscli: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, settings = printed(site, "aws-cli", capsys)
    credentials = tmp_path / "credentials"
    credentials.write_text(settings, encoding="utf-8")
    # An older CLI reads no endpoint from its files.
    words = [awscli, "--profile", folder.profile, "--endpoint-url", site.endpoint]
    files = {"AWS_SHARED_CREDENTIALS_FILE": str(credentials), "AWS_CONFIG_FILE": os.devnull}
    aws = Client(words, bare(**files, AWS_MAX_ATTEMPTS="1"))

    aws.checked("s3", "sync", str(folders), folder.url)
    assert "large.bin" in aws.checked("s3", "ls", folder.url)
    aws.checked("s3", "cp", f"{folder.url}campaign/夏 祭り.html", str(tmp_path / "back.html"))
    assert (tmp_path / "back.html").read_text(encoding="utf-8") == PAGE
    aws.checked("s3", "rm", f"{folder.url}campaign/logo.png")
    assert "uploads/hanako/campaign/logo.png" not in site.held("uploads/hanako/")

    root = f"s3://{site.bucket}/{PREFIX}"
    page = str(folders / "campaign/夏 祭り.html")
    for there in ("uploads/taro/", "uploads/hanako2/", "site/s1/", "refs/"):
        code, said = aws("s3", "cp", page, f"{root}{there}")
        assert code, there
        assert "AccessDenied" in said
    for there in (root, f"{root}uploads/", f"{root}uploads/hanako", f"s3://{site.bucket}"):
        assert "AccessDenied" in aws("s3", "ls", there)[1], there
    assert aws("s3", "cp", f"{root}site/s1/index.html", f"{folder.url}stolen.html")[0]
    assert aws("s3", "rm", f"{root}site/s1/index.html")[0]
    assert "AccessDenied" in aws("s3api", "get-bucket-policy", "--bucket", site.bucket)[1]
    assert "site/s1/index.html" in site.held("site/")


def test_the_environment_is_what_a_shell_reads(
    site: Ground, awscli: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, lines = printed(site, "env", capsys)
    script = f"{lines}{awscli} --endpoint-url {site.endpoint} s3 ls {folder.url}"
    environment = bare(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
    Client(["bash", "-euc", script], environment).checked()


@pytest.mark.parametrize("token", ["", "t0ken/+="])
@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:8333", "https://s3.example.co.jp"])
def test_a_bookmark_of_cyberduck_leads_to_the_folder_and_holds_no_secret(
    endpoint: str, token: str
) -> None:
    folder = Folder("hanako", "example-site", "p/uploads/hanako/", "ap-northeast-1", endpoint)
    text = rendered("cyberduck", Key("AKIA1", "secret/+", token), folder)
    values = plistlib.loads(text.encode())
    assert values["Path"] == "/example-site/p/uploads/hanako"
    assert "secret" not in text
    assert "t0ken" not in text
    if endpoint:
        assert endpoint == f"http{'s' * (values['Port'] == '443')}://{values['Hostname']}" + (
            "" if values["Port"] == "443" else f":{values['Port']}"
        )
    else:
        assert values["Hostname"] == "s3.ap-northeast-1.amazonaws.com"
    assert values["Username"] == ("example-site-hanako" if token else "AKIA1")
    assert values.get("Provider") == ("s3-cli" if token else None)


def test_each_form_but_a_bookmark_has_all_of_a_key() -> None:
    key = Key("AKIA1", "s3cret/+", "t0ken")
    folder = Folder("hanako", "example-site", "uploads/hanako/", "ap-northeast-1")
    assert "s3cret" not in repr(key)
    for form in FORMATS:
        text = rendered(form, key, folder)
        assert (form == "cyberduck") != all(part in text for part in key[:3])
